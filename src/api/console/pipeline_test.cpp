// SPDX-License-Identifier: Apache-2.0
// Pipelines and CBOR: web/API.md section 5.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/cbor_notation_internal.h"
#include "api/console/dead_letters_internal.h"
#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  return value->is_null() ? "null" : value->string_value();
}

const std::vector<JsonValue>& List(const JsonValue& object, std::string_view member) {
  return object.Find(member)->array();
}

TEST(PipelineRoutes, PositionsAreThoseOfRunningAndStoppedOnes) {
  TestConsole t;
  const auto before = t.Get("/api/v1/pipelines/p/positions");
  ASSERT_EQ(before.status, 200) << before.text;
  ASSERT_EQ(List(before.body, "items").size(), 2U);
  EXPECT_EQ(Text(List(before.body, "items")[0], "sequence"), "null");
  EXPECT_EQ(Text(List(before.body, "items")[0], "newest_sequence"), "null");
  t.Put("a", 1, t.Start());
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/stop", "{}").status, 200);
  t.Put("a", 2, t.Start());
  t.Put("a", 3, t.Start());
  t.Advance(seconds(2));
  const auto stopped = t.Get("/api/v1/pipelines/p/positions");
  EXPECT_EQ(Text(stopped.body, "state"), "stopped");
  const auto& items = List(stopped.body, "items");
  const JsonValue& used = Text(items[0], "sequence") == "null" ? items[1] : items[0];
  EXPECT_EQ(Text(used, "sequence"), Text(used, "oldest_sequence"));
  EXPECT_EQ(Text(used, "unread"), "2");
  EXPECT_EQ(Text(used, "behind_ms"), "2000");
  EXPECT_EQ(Text(used, "max_event_time"), std::to_string(t.Start().ns));

  EXPECT_EQ(t.Post("/api/v1/pipelines/p/start", R"({"from":"yesterday"})").status, 400);
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/start", R"({"from":"latest"})").status, 200);
  t.Run();
  const auto after = t.Get("/api/v1/pipelines/p/positions");
  for (const JsonValue& item : List(after.body, "items")) {
    EXPECT_EQ(Text(item, "unread"), "0");
  }
  EXPECT_EQ(Text(t.Get("/api/v1/pipelines/p").body, "records_total"), "0");
  const auto running = t.Post("/api/v1/pipelines/p/start", R"({"from":"trim_horizon"})");
  EXPECT_EQ(running.status, 409) << running.text;
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/start", R"({"from":"positions"})").status, 200);
  EXPECT_EQ(t.Get("/api/v1/pipelines/none/positions").status, 404);
}

TEST(PipelineRoutes, DeadLettersAreGroupedAndPutAgainAsTheyWere) {
  TestConsole t;
  const auto stream = t.logs.log->Find("s");
  const auto put = [&](const std::string& key, const std::string& data) {
    ASSERT_TRUE(t.logs.Put(*stream, key, data).ok());
    t.Run();
  };
  put("k1", "no json");
  put("k2", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1767400000000","h":"a"})");
  put("k3", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1767500000000","h":"a"})");
  put("k1", "no json");
  const auto errors = t.Get("/api/v1/pipelines/p/errors?samples=1");
  ASSERT_EQ(errors.status, 200) << errors.text;
  EXPECT_EQ(Text(errors.body, "stream"), "p-dead");
  EXPECT_EQ(Text(errors.body, "total"), "4");
  ASSERT_EQ(List(errors.body, "groups").size(), 2U) << errors.text;
  const JsonValue& newest = List(errors.body, "groups")[0];
  EXPECT_EQ(Text(newest, "reason"), "decode");
  EXPECT_EQ(Text(newest, "count"), "2");
  const JsonValue& future = List(errors.body, "groups")[1];
  EXPECT_EQ(Text(future, "stage"), "time") << errors.text;
  EXPECT_EQ(Text(future, "count"), "2") << "times in messages make no groups";
  EXPECT_EQ(Text(future, "resubmittable"), "2");
  ASSERT_EQ(List(future, "samples").size(), 1U);
  const JsonValue& sample = List(future, "samples")[0];
  EXPECT_EQ(Text(sample, "key"), "k3");
  EXPECT_EQ(Text(sample, "encoding"), "json");
  EXPECT_EQ(Text(sample, "bytes"), std::to_string(Text(sample, "text").size()));

  const std::string path = "/api/v1/pipelines/p/errors:resubmit";
  EXPECT_EQ(t.Post(path, "{}").status, 400);
  EXPECT_EQ(t.Post(path, R"({"reason":"value"})").status, 404);
  const auto again = t.Post(path, R"({"reason":")" + Text(future, "reason") + R"(","message":")" +
                                      Text(future, "message") + "\"}");
  ASSERT_EQ(again.status, 200) << again.text;
  EXPECT_EQ(Text(again.body, "resubmitted"), "2");
  EXPECT_EQ(Text(t.Get("/api/v1/pipelines/p/errors").body, "total"), "6") << "they failed again";
  const auto one = t.Post(path, R"({"ids":[")" + Text(sample, "id") + "\"]}");
  EXPECT_EQ(Text(one.body, "resubmitted"), "1");
  std::vector<std::string> keys;
  const auto read = t.Get("/api/v1/streams/s/records");
  for (const JsonValue& record : List(read.body, "records")) {
    keys.push_back(Text(record, "key"));
  }
  std::ranges::sort(keys);
  EXPECT_THAT(keys, ElementsAre("k1", "k1", "k2", "k2", "k3", "k3", "k3"));
}

TEST(PipelineRoutes, SavepointsAreMadeListedAndStartedFrom) {
  TestConsole t;
  t.Put("a", 1, t.Start());
  const std::string path = "/api/v1/pipelines/p/savepoints";
  const auto made = t.Post(path, R"({"name":"before"})");
  ASSERT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(t.Post(path, R"({"name":"before"})").status, 409);
  EXPECT_EQ(t.Post(path, R"({"name":"a b"})").status, 400);
  EXPECT_EQ(t.Post("/api/v1/pipelines/none/savepoints", R"({"name":"x"})").status, 404);
  const auto listed = t.Get(path);
  ASSERT_EQ(List(listed.body, "items").size(), 1U) << listed.text;
  EXPECT_EQ(Text(List(listed.body, "items")[0], "name"), "before");
  EXPECT_EQ(List(List(listed.body, "items")[0], "partitions").size(), 2U);

  t.Put("a", 2, t.Start());
  t.Put("b", 3, t.Start());
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/start", R"({"from":"savepoint:before"})").status, 409);
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/stop", "{}").status, 200);
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/start", R"({"from":"savepoint:none"})").status, 404);
  EXPECT_EQ(t.Post("/api/v1/pipelines/p/start", R"({"from":"2026-13-01T00:00:00Z"})").status, 400);
  const auto again =
      t.Post("/api/v1/pipelines/p/start", R"({"from":"savepoint:before","replace":true})");
  EXPECT_EQ(again.status, 200) << again.text;
  t.Run();
  const auto status = t.Get("/api/v1/pipelines/p");
  EXPECT_EQ(Text(status.body, "records_total"), "2") << status.text;
  EXPECT_EQ(Text(status.body, "replayed_total"), "2");
  EXPECT_EQ(t.Call("DELETE", path + "/before", "", {}).status, 204);
  EXPECT_EQ(t.Call("DELETE", path + "/before", "", {}).status, 404);
}

TEST(PipelineRoutes, RecordsAreMendedWhenTheyArePutAgain) {
  TestConsole t;
  const auto stream = t.logs.log->Find("s");
  ASSERT_TRUE(t.logs
                  .Put(*stream, "k",
                       R"({"MeasureName":"cpu","MeasureValue":"x","Time":")" +
                           std::to_string(t.Start().ns / 1'000'000) + R"(","h":"a"})")
                  .ok());
  t.Run();
  const auto put = t.Post("/api/v1/pipelines/p/errors:resubmit",
                          R"({"reason":"value","set":{"MeasureValue":"1.5"}})");
  ASSERT_EQ(put.status, 200) << put.text;
  EXPECT_EQ(Text(put.body, "resubmitted"), "1");
  t.Run();
  EXPECT_EQ(Text(t.Get("/api/v1/pipelines/p").body, "points_total"), "1");
  EXPECT_EQ(Edited("no json", {{"a", "b"}}), std::nullopt);
  EXPECT_EQ(Edited(R"({"a":1,"n":9007199254740993})", {{"a", "b"}}),
            R"({"n":9007199254740993,"a":"b"})");
}

TEST(StartFrom, IsReadAsPeopleWriteIt) {
  using pipeline::ReadStartFrom;
  EXPECT_EQ(ReadStartFrom("2026-11-26T09:15:00Z")->time,
            ReadStartFrom("2026-11-26T10:15:00+01:00")->time);
  EXPECT_EQ(ReadStartFrom("1970-01-01T00:00:01.5Z")->time, ArrivalTime{1500});
  EXPECT_EQ(ReadStartFrom("savepoint:a")->savepoint, "a");
  EXPECT_FALSE(ReadStartFrom("savepoint:").ok());
  EXPECT_FALSE(ReadStartFrom("yesterday").ok());
}

TEST(PipelineRoutes, RetentionOfAStreamIsChanged) {
  TestConsole t;
  const auto changed = t.Call("PATCH", "/api/v1/streams/s", R"({"retention_hours":48})", {});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(Text(changed.body, "retention_hours"), "48");
  EXPECT_EQ(t.logs.catalog->GetStream("s")->retention_hours, 48U) << "it survives a restart";
  EXPECT_EQ(t.Call("PATCH", "/api/v1/streams/s", R"({"retention_hours":23})", {}).status, 400);
  EXPECT_EQ(t.Call("PATCH", "/api/v1/streams/none", R"({"retention_hours":48})", {}).status, 404);
}

TEST(ViewRoutes, WindowsDefinitionAndWhoWasLate) {
  TestConsole t;
  for (int i = 0; i < 5; ++i) t.Put("a", 1, t.Start() + seconds(10 * i));
  t.Advance(seconds(3));
  t.Put("a", 2, t.Start() + seconds(11));
  t.Advance(seconds(3));
  const auto starts = [&](const std::string& query) {
    std::vector<int64_t> out;
    const auto answer = t.Get("/api/v1/views/v/windows" + query);
    for (const JsonValue& window : List(answer.body, "windows")) {
      out.push_back((std::stoll(Text(window, "window_start")) - t.Start().ns) / 1'000'000'000);
    }
    return out;
  };
  EXPECT_THAT(starts(""), ElementsAre(40, 30, 20, 10, 0));
  EXPECT_THAT(starts("?limit=2&before=" + std::to_string((t.Start() + seconds(30)).ns)),
              ElementsAre(20, 10));
  EXPECT_THAT(starts("?revised=true"), ElementsAre(10));
  EXPECT_EQ(t.Get("/api/v1/views/v/windows?before=x").status, 400);
  const auto definition = t.Get("/api/v1/views/v/definition");
  EXPECT_EQ(Text(definition.body, "kind"), "view");
  EXPECT_EQ(Text(definition.body, "toml"), "[[view]]\nname = \"v\"\n");
  EXPECT_EQ(t.Get("/api/v1/pipelines/none/definition").status, 404);
  const auto lateness = t.Get("/api/v1/views/v/lateness");
  const auto& late = List(lateness.body, "partitions");
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(Text(late[0], "source"), "p");
  EXPECT_EQ(Text(late[0], "late"), "1");
  EXPECT_EQ(Text(late[0], "lateness_max_ms"), "29000");
}

TEST(DeadLetters, MessagesOfOneGroupDifferInNumbersOnly) {
  EXPECT_EQ(PatternOf("the time 2022-01-01T00:00:00.000Z is older"), "the time # is older ");
  EXPECT_NE(PatternOf("a b"), PatternOf("a c"));
}

std::string Cbor(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return CborNotation(bytes).value_or("none");
}

// Examples of RFC 8949, appendix A.
TEST(CborNotation, IsThatOfTheStandard) {
  EXPECT_EQ(Cbor("1bffffffffffffffff"), "18446744073709551615");
  EXPECT_EQ(Cbor("3bffffffffffffffff"), "-18446744073709551616");
  EXPECT_EQ(Cbor("3903e7"), "-1000");
  EXPECT_EQ(Cbor("f93c00"), "1.0");
  EXPECT_EQ(Cbor("f90001"), "5.960464477539063E-8");
  EXPECT_EQ(Cbor("f9fc00"), "-Infinity");
  EXPECT_EQ(Cbor("fb3ff199999999999a"), "1.1");
  EXPECT_EQ(Cbor("f7"), "undefined");
  EXPECT_EQ(Cbor("f8ff"), "simple(255)");
  EXPECT_EQ(Cbor("c11a514b67b0"), "1(1363896240)");
  EXPECT_EQ(Cbor("4401020304"), "h'01020304'");
  EXPECT_EQ(Cbor("62225c"), R"("\"\\")");
  EXPECT_EQ(Cbor("a201020304"), "{1: 2, 3: 4}");
  EXPECT_EQ(Cbor("bf61610161629f0203ffff"), R"({_ "a": 1, "b": [_ 2, 3]})");
  EXPECT_EQ(Cbor("5f42010243030405ff"), "(_ h'0102', h'030405')");
  for (const std::string_view bad :
       {"", "18", "ff", "8201", "0001", "62c328", "1f", "f818", "5f6161ff"}) {
    EXPECT_EQ(Cbor(bad), "none") << bad;
  }
  EXPECT_EQ(Cbor(std::string(200, '8') + "1"), "none") << "nested too deep";
}

}  // namespace
}  // namespace tidemark::console
