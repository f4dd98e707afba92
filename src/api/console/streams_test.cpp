// SPDX-License-Identifier: Apache-2.0
// web/API.md section 5, Streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/stream_meter_internal.h"
#include "api/console/testing/test_console.h"
#include "base/base64.h"
#include "http/message.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kFirst = "shardId-000000000000";
constexpr std::string_view kSecond = "shardId-000000000001";

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  if (value->is_string()) return value->string_value();
  if (value->is_null()) return "null";
  if (const auto number = value->AsInt64()) return std::to_string(*number);
  if (value->is_number()) return std::to_string(value->double_value());
  return value->bool_value() ? "true" : "false";
}

const JsonValue& At(const JsonValue& value, std::string_view member) {
  static const JsonValue nothing;
  const JsonValue* found = value.Find(member);
  EXPECT_NE(found, nullptr) << member;
  return found != nullptr ? *found : nothing;
}

std::string ErrorCode(const TestConsole::Answer& answer) {
  return Text(At(answer.body, "error"), "code");
}

std::vector<std::string> Each(const JsonValue& list, std::string_view member) {
  std::vector<std::string> out;
  for (const JsonValue& item : list.array()) out.push_back(Text(item, member));
  return out;
}

/// A stream "plain" that no pipeline reads.
struct Plain : TestConsole {
  explicit Plain(uint32_t shards = 2) { logs.Create("plain", shards); }
  void Append(std::string_view key, std::string_view data) {
    ASSERT_TRUE(logs.Put(*logs.log->Find("plain"), key, data).ok());
  }
  Answer Records(const std::string& query) {
    return Get("/api/v1/streams/plain/records" + (query.empty() ? "" : "?" + query));
  }
};

// ---- one stream

TEST(ConsoleStreams, TellsOfEachStream) {
  TestConsole t;
  t.Put("a", 1, t.Start());
  t.Advance(seconds(25));
  const auto list = t.Get("/api/v1/streams");
  ASSERT_EQ(list.status, 200);
  const JsonValue& s = At(list.body, "streams").array().back();
  EXPECT_EQ(Text(s, "name"), "s");
  EXPECT_EQ(Text(s, "status"), "ACTIVE");
  EXPECT_EQ(Text(s, "mode"), "PROVISIONED");
  EXPECT_EQ(Text(s, "consumers"), "1");
  EXPECT_EQ(Text(s, "iterator_age_ms"), "0");
  EXPECT_EQ(Text(s, "throttled_total"), "0");
  EXPECT_EQ(Text(s, "history_step_ms"), "10000");
  EXPECT_GE(At(s, "history").array().size(), 2U);

  const auto one = t.Get("/api/v1/streams/s");
  EXPECT_EQ(Text(one.body, "encryption"), "NONE");
  ASSERT_EQ(At(one.body, "pipelines").array().size(), 1U);
  EXPECT_EQ(At(one.body, "pipelines").array()[0].string_value(), "p");
  EXPECT_TRUE(At(one.body, "error").is_null());
  const auto missing = t.Get("/api/v1/streams/nope");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(ErrorCode(missing), "stream_not_found");
}

TEST(ConsoleStreams, HistoryHasTheRateOfEachStep) {
  Plain t;
  t.Advance(seconds(21));  // the first step's end is past
  for (int i = 0; i < 20; ++i) t.Append("k", "x");
  t.Advance(seconds(12));
  const auto answer = t.Get("/api/v1/streams/plain");
  const auto& history = At(answer.body, "history").array();
  ASSERT_GE(history.size(), 2U);
  double records = 0;
  for (const JsonValue& rate : history) records += rate.double_value() * 10;
  EXPECT_NEAR(records, 20, 1e-6) << answer.text;
}

TEST(ConsoleStreams, HistorySpreadsWhatCameInALongStep) {
  Plain t;
  StreamMeter meter(*t.logs.log, t.logs.metrics);
  meter.Sample({nanoseconds(seconds(100)).count()});
  for (int i = 0; i < 30; ++i) t.Append("k", "x");
  meter.Sample({nanoseconds(seconds(135)).count()});
  for (int i = 0; i < 10; ++i) t.Append("k", "x");
  meter.Sample({nanoseconds(seconds(140)).count()});
  EXPECT_THAT(meter.History(t.logs.log->Find("plain")->id()), ElementsAre(1, 1, 1, 1));
}

TEST(ConsoleStreams, CreatesDescribesAndDeletes) {
  TestConsole t;
  const auto made = t.Post(
      "/api/v1/streams", R"({"name":"new.one","shards":3,"retention_hours":48,"tags":{"a":"b"}})");
  ASSERT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(Text(made.body, "shards"), "3");
  EXPECT_EQ(Text(made.body, "retention_hours"), "48");
  EXPECT_EQ(Text(At(made.body, "tags"), "a"), "b");
  EXPECT_EQ(t.Post("/api/v1/streams", R"({"name":"new.one"})").status, 409);
  EXPECT_EQ(Text(t.Post("/api/v1/streams", R"({"name":"od","mode":"ON_DEMAND"})").body, "shards"),
            "4");
  EXPECT_EQ(t.Delete("/api/v1/streams/new.one").status, 204);
  EXPECT_EQ(t.Get("/api/v1/streams/new.one").status, 404);
  EXPECT_EQ(t.Delete("/api/v1/streams/new.one").status, 404);
}

TEST(ConsoleStreams, RefusesWhatCannotBeCreatedAndNamesTheField) {
  TestConsole t;
  const auto field = [&](std::string body) {
    const auto answer = t.Post("/api/v1/streams", std::move(body));
    EXPECT_EQ(answer.status, 400) << answer.text;
    return Text(At(answer.body, "error"), "field");
  };
  EXPECT_EQ(field(R"({"name":"a b"})"), "name");
  EXPECT_EQ(field("{}"), "name");
  EXPECT_EQ(field(R"({"name":")" + std::string(129, 'a') + "\"}"), "name");
  EXPECT_EQ(field(R"({"name":"x","shards":0})"), "shards");
  EXPECT_EQ(field(R"({"name":"x","shards":1001})"), "shards");
  EXPECT_EQ(field(R"({"name":"x","retention_hours":23})"), "retention_hours");
  EXPECT_EQ(field(R"({"name":"x","mode":"FAST"})"), "mode");
  EXPECT_EQ(field(R"({"name":"x","tags":{"a":1}})"), "tags");
  EXPECT_EQ(t.Post("/api/v1/streams", R"({"name":"x","nope":1})").status, 400);
}

TEST(ConsoleStreams, KeepsAStreamThatAPipelineReads) {
  TestConsole t;
  const auto answer = t.Delete("/api/v1/streams/s");
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(Text(At(answer.body, "error"), "hint"), HasSubstr("pipeline p"));
  EXPECT_EQ(t.Get("/api/v1/streams/s").status, 200);
}

// ---- shards, keys, consumers

TEST(ConsoleStreams, ListsShardsInPages) {
  Plain t(4);
  t.Append("a", "x");
  const auto first = t.Get("/api/v1/streams/plain/shards?limit=3");
  EXPECT_EQ(Text(first.body, "total"), "4");
  EXPECT_EQ(Text(first.body, "next_cursor"), "3");
  ASSERT_EQ(At(first.body, "shards").array().size(), 3U);
  const auto rest = t.Get("/api/v1/streams/plain/shards?limit=3&cursor=3");
  EXPECT_THAT(Each(At(rest.body, "shards"), "shard"), ElementsAre("shardId-000000000003"));
  EXPECT_EQ(Text(rest.body, "next_cursor"), "null");
  const JsonValue& last = At(rest.body, "shards").array()[0];
  EXPECT_EQ(Text(last, "state"), "open");
  EXPECT_EQ(Text(last, "hash_end"), Text(rest.body, "hash_key_max"));
  EXPECT_NEAR(At(last, "hash_share").double_value(), 0.25, 1e-6);
}

TEST(ConsoleStreams, ShardsHaveRatesAndSequenceNumbers) {
  Plain t(1);
  t.Advance(seconds(2));
  for (int i = 0; i < 10; ++i) t.Append("a", "x");
  t.Advance(seconds(1));
  const auto answer = t.Get("/api/v1/streams/plain/shards");
  const JsonValue& shard = At(answer.body, "shards").array()[0];
  EXPECT_GT(At(shard, "records_per_second").double_value(), 2) << answer.text;
  EXPECT_EQ(Text(shard, "traffic_share"), "1");
  EXPECT_EQ(Text(shard, "records_kept"), "10");
  const auto stream = t.logs.log->Find("plain");
  EXPECT_EQ(Text(shard, "oldest_sequence"), stream->NumberOf(0, {1}).ToString());
  EXPECT_EQ(Text(shard, "newest_sequence"), stream->NumberOf(0, {10}).ToString());
}

TEST(ConsoleStreams, AnEmptyShardHasNoNumbers) {
  Plain t(1);
  const auto answer = t.Get("/api/v1/streams/plain/shards");
  const JsonValue& shard = At(answer.body, "shards").array()[0];
  EXPECT_EQ(Text(shard, "oldest_sequence"), "null");
  EXPECT_EQ(Text(shard, "last_arrival"), "null");
  EXPECT_EQ(Text(shard, "traffic_share"), "null");
  EXPECT_EQ(Text(shard, "records_kept"), "0");
}

TEST(ConsoleStreams, SaysWhenKeysCannotFeedAllShards) {  // console-ux.md 5.2
  Plain t(16);
  for (int i = 0; i < 40; ++i) t.Append("host-" + std::to_string(i % 10), "x");
  const auto answer = t.Get("/api/v1/streams/plain/keys?limit=3");
  EXPECT_EQ(Text(answer.body, "distinct_keys"), "10");
  EXPECT_EQ(Text(answer.body, "exact"), "true");
  EXPECT_EQ(Text(answer.body, "records"), "40");
  EXPECT_EQ(Text(answer.body, "sentence"),
            "10 distinct keys feed 16 shards; at least 6 shards receive nothing.");
  const auto& keys = At(answer.body, "keys").array();
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(Text(keys[0], "key"), "host-0");
  EXPECT_EQ(Text(keys[0], "records"), "4");
  EXPECT_NEAR(At(keys[0], "share").double_value(), 0.1, 1e-9);
}

TEST(ConsoleStreams, NamesTheShardThatTakesMost) {
  Plain t(2);
  const auto put = [&](int records, const std::string& hash) {
    std::string body = R"({"records":[)";
    for (int i = 0; i < records; ++i) {
      body += std::string(i == 0 ? "" : ",") + R"({"key":"k","data":"x","explicit_hash":")" + hash +
              "\"}";
    }
    ASSERT_EQ(t.Post("/api/v1/streams/plain/records", body + "]}").status, 200);
  };
  put(40, "0");
  EXPECT_EQ(Text(t.Get("/api/v1/streams/plain/keys").body, "sentence"),
            "1 distinct key feeds 2 shards; at least 1 shard receives nothing.");
  put(1, "340282366920938463463374607431768211455");
  EXPECT_EQ(Text(t.Get("/api/v1/streams/plain/keys").body, "sentence"),
            "1 distinct key feeds 2 shards; shardId-000000000000 takes 98 % of the records.");
  EXPECT_EQ(Text(Plain(1).Get("/api/v1/streams/plain/keys").body, "sentence"),
            "No records came in this time.");
}

TEST(ConsoleStreams, KeysAreScaledUpFromASample) {
  Plain t(1);
  log::PutBatch batch = t.logs.log->Find("plain")->NewBatch();
  for (int i = 0; i < 40'000; ++i) {
    ASSERT_TRUE(
        batch.Add({.partition_key = i % 2 == 0 ? "even" : "odd", .data = "x", .explicit_hash = {}})
            .ok());
  }
  t.logs.log->Find("plain")->Append(std::move(batch), [](auto done) { ASSERT_TRUE(done.ok()); });
  t.Run();
  const auto answer = t.Get("/api/v1/streams/plain/keys");
  EXPECT_EQ(Text(answer.body, "exact"), "false");
  EXPECT_EQ(Text(answer.body, "sampled"), "20000");
  EXPECT_EQ(Text(answer.body, "records"), "40000");
  EXPECT_EQ(Text(At(answer.body, "keys").array()[0], "records"), "20000");
  EXPECT_THAT(Text(answer.body, "sentence"), HasSubstr("At least 2 distinct keys"));
}

TEST(ConsoleStreams, ListsPipelinesAndPollingReaders) {
  TestConsole t;
  const auto stream = t.logs.log->Find("s");
  t.logs.log->readers().Note(
      {stream->id(), "Boto3/1.2", "AKIA", "127.0.0.1"},
      {.shard = 1, .next = {5}, .records = 4, .at_tip = true, .now = t.logs.clock.Now()});
  const auto answer = t.Get("/api/v1/streams/s/consumers");
  const JsonValue& consumers = At(answer.body, "consumers");
  EXPECT_THAT(Each(consumers, "kind"), ElementsAre("pipeline", "polling"));
  EXPECT_THAT(Each(consumers, "name"), ElementsAre("p", "Boto3/1.2"));
  const JsonValue& shard = At(consumers.array()[1], "shards").array()[0];
  EXPECT_EQ(Text(shard, "shard"), kSecond);
  EXPECT_EQ(Text(shard, "sequence"), stream->NumberOf(1, {5}).ToString());
  EXPECT_EQ(Text(t.Get("/api/v1/streams/s").body, "consumers"), "2");
}

TEST(ConsoleStreams, ListsProducersWithTheirErrors) {
  TestConsole t;
  const auto stream = t.logs.log->Find("s");
  log::ProducerTable& producers = t.logs.log->producers();
  const ArrivalTime now = t.logs.clock.Now();
  producers.Note({stream->id(), "Boto3/1.43.2", "AKIA", "127.0.0.1", "PutRecords"},
                 {.records = 500, .bytes = 2000, .now = now});
  producers.Note({stream->id(), "curl", "", "10.0.0.7", "PutRecord"},
                 {.error = "ValidationException", .now = now});
  const auto answer = t.Get("/api/v1/streams/s/producers");
  const JsonValue& list = At(answer.body, "producers");
  ASSERT_EQ(list.array().size(), 2U);
  const JsonValue& boto = list.array()[0];
  EXPECT_EQ(Text(boto, "library"), "Boto3");
  EXPECT_EQ(Text(boto, "version"), "1.43.2");
  EXPECT_EQ(Text(boto, "operation"), "PutRecords");
  EXPECT_EQ(Text(boto, "records"), "500");
  EXPECT_EQ(Text(boto, "bytes"), "2000");
  EXPECT_EQ(At(boto, "records_per_second").double_value(), 50);  // of ten seconds
  EXPECT_THAT(At(boto, "errors").array(), IsEmpty());
  const JsonValue& curl = list.array()[1];
  EXPECT_TRUE(At(curl, "library").is_null());
  EXPECT_TRUE(At(curl, "access_key").is_null());
  EXPECT_EQ(Text(At(curl, "errors").array()[0], "code"), "ValidationException");
  EXPECT_EQ(Text(At(curl, "errors").array()[0], "count"), "1");
  EXPECT_EQ(t.Get("/api/v1/streams/none/producers").status, 404);
}

// ---- records

TEST(ConsoleStreams, MergesShardsByArrivalAndPages) {
  Plain t(2);
  // The keys' shards: half of the hash space each.
  std::vector<std::string> want;
  for (int i = 0; i < 7; ++i) {
    t.Append("key-" + std::to_string(i), "data-" + std::to_string(i));
    want.push_back("data-" + std::to_string(i));
    t.Advance(milliseconds(250));
  }
  std::vector<std::string> got;
  std::string query = "limit=3";
  for (int page = 0; page < 4; ++page) {
    const auto answer = t.Records(query);
    ASSERT_EQ(answer.status, 200) << answer.text;
    for (const auto& preview : Each(At(answer.body, "records"), "preview")) got.push_back(preview);
    EXPECT_EQ(Text(answer.body, "at_tip"), page < 2 ? "false" : "true") << page;
    query = "limit=3&cursor=" + http::PercentEncode(Text(answer.body, "next_cursor"));
  }
  EXPECT_EQ(got, want);
  t.Append("key-0", "tail");
  EXPECT_THAT(Each(At(t.Records(query).body, "records"), "preview"), ElementsAre("tail"));
}

TEST(ConsoleStreams, BeginsAtEachOfTheFivePositions) {
  Plain t(1);
  for (int i = 0; i < 4; ++i) {
    t.Append("k", "d" + std::to_string(i));
    t.Advance(seconds(1));
  }
  const auto stream = t.logs.log->Find("plain");
  const std::string second = stream->NumberOf(0, {2}).ToString();
  const auto read = [&](const std::string& query) {
    const auto answer = t.Records(query);
    EXPECT_EQ(answer.status, 200) << answer.text;
    return Each(At(answer.body, "records"), "preview");
  };
  EXPECT_THAT(read(""), ElementsAre("d0", "d1", "d2", "d3"));
  EXPECT_THAT(read("position=latest"), IsEmpty());
  EXPECT_THAT(read("position=at_sequence&sequence=" + second), ElementsAre("d1", "d2", "d3"));
  EXPECT_THAT(read("position=after_sequence&sequence=" + second), ElementsAre("d2", "d3"));
  const auto all = t.Records("");
  const std::string third = Text(At(all.body, "records").array()[2], "arrival");
  EXPECT_THAT(read("position=at_timestamp&timestamp=" + third), ElementsAre("d2", "d3"));
  EXPECT_THAT(read("shard=0&limit=1"), ElementsAre("d0"));
  EXPECT_THAT(read("shard=" + std::string(kFirst) + "&limit=1"), ElementsAre("d0"));
}

TEST(ConsoleStreams, RefusesReadsThatMakeNoSense) {
  Plain t(1);
  const auto field = [&](const std::string& query, int status = 400) {
    const auto answer = t.Records(query);
    EXPECT_EQ(answer.status, status) << query << " " << answer.text;
    return Text(At(answer.body, "error"), "field");
  };
  EXPECT_EQ(field("position=middle"), "position");
  EXPECT_EQ(field("position=at_sequence"), "sequence");
  EXPECT_EQ(field("position=at_sequence&sequence=" +
                  log::SequenceNumber::Make(StreamId{999}, 0, {1}).ToString()),
            "sequence");
  EXPECT_EQ(field("position=at_timestamp&timestamp=soon"), "timestamp");
  EXPECT_EQ(field("shard=x"), "shard");
  EXPECT_EQ(field("shard=7", 404), "shard");
  EXPECT_EQ(field("limit=0"), "limit");
  EXPECT_EQ(field("filter=$.a"), "filter");
  EXPECT_EQ(field("time=a"), "time");
  EXPECT_EQ(field("payload=raw"), "payload");
  EXPECT_EQ(field("cursor=AAAA"), "cursor");
  EXPECT_EQ(field("cursor=%21"), "cursor");
}

TEST(ConsoleStreams, ShowsPayloadsAsWhatTheyAre) {
  Plain t(1);
  t.Append("k", R"({"a":1})");
  t.Append("k", "plain \xc3\xa4");
  t.Append("k", std::string_view("\x00\xff", 2));
  t.Append("k", std::string(600, 'x') + "\xc3\xa4");
  const auto answer = t.Records("payload=full");
  const JsonValue& records = At(answer.body, "records");
  EXPECT_THAT(Each(records, "encoding"), ElementsAre("json", "text", "binary", "text"));
  EXPECT_THAT(Each(records, "truncated"), ElementsAre("false", "false", "false", "true"));
  EXPECT_EQ(Text(records.array()[2], "preview"), "00ff");
  EXPECT_EQ(Text(records.array()[2], "text"), "null");
  EXPECT_EQ(Base64Decode(Text(records.array()[2], "base64")).value(), std::string("\x00\xff", 2));
  EXPECT_EQ(Text(records.array()[3], "preview"), std::string(512, 'x'));
  EXPECT_EQ(Text(records.array()[3], "text").size(), 602U);
  EXPECT_EQ(Text(At(t.Records("").body, "records").array()[0], "base64"), "(missing)");
}

TEST(ConsoleStreams, FiltersAndCountsWhatItLookedAt) {
  Plain t(1);
  for (int i = 0; i < 10; ++i) t.Append("k", R"({"n":)" + std::to_string(i) + "}");
  const auto answer = t.Records("filter=" + http::PercentEncode("$.n >= 8"));
  EXPECT_THAT(Each(At(answer.body, "records"), "preview"), ElementsAre(R"({"n":8})", R"({"n":9})"));
  EXPECT_EQ(Text(answer.body, "scanned"), "10");
  EXPECT_EQ(Text(answer.body, "at_tip"), "true");
}

TEST(ConsoleStreams, StopsAfterTheBytesOfOneAnswerAndGoesOnFromThere) {
  Plain t(1);
  const std::string big(1'000'000, 'x');
  for (int i = 0; i < 12; ++i) t.Append("k", big);
  const auto first = t.Records("filter=nothing");
  EXPECT_THAT(Each(At(first.body, "records"), "preview"), IsEmpty());
  EXPECT_EQ(Text(first.body, "at_tip"), "false");
  EXPECT_EQ(Text(first.body, "scanned"), "9");
  const auto rest =
      t.Records("filter=nothing&cursor=" + http::PercentEncode(Text(first.body, "next_cursor")));
  EXPECT_EQ(Text(rest.body, "scanned"), "3");
  EXPECT_EQ(Text(rest.body, "at_tip"), "true");
}

TEST(ConsoleStreams, TakesTheEventTimeFromAPathWhereNoPipelineReads) {
  Plain t(1);
  const int64_t now = t.logs.clock.Now().ms;
  t.Append("k", R"({"t":)" + std::to_string(now - 1500) + "}");
  const auto answer = t.Records("time=$.t");
  const JsonValue& record = At(answer.body, "records").array()[0];
  EXPECT_EQ(Text(record, "event_time"), std::to_string((now - 1500) * 1'000'000));
  EXPECT_EQ(Text(record, "delay_ms"), "1500");
  EXPECT_EQ(Text(record, "verdict"), "null");
  EXPECT_EQ(Text(answer.body, "pipeline"), "null");
  EXPECT_EQ(Text(At(t.Records("").body, "records").array()[0], "event_time"), "null");
}

TEST(ConsoleStreams, JudgesWhatThePipelineReadsByTheViewsBounds) {
  TestConsole t;  // view v: no out-of-orderness
  t.Put("a", 1, t.Start() + seconds(5));
  t.Put("a", 2, t.Start() + seconds(2));
  ASSERT_TRUE(t.logs.Put(*t.logs.log->Find("s"), "a", "not json").ok());
  const auto answer = t.Get("/api/v1/streams/s/records");
  const JsonValue& records = At(answer.body, "records");
  EXPECT_EQ(Text(answer.body, "pipeline"), "p");
  EXPECT_EQ(Text(answer.body, "view"), "v");
  EXPECT_EQ(Text(answer.body, "time_field"), "Time");
  EXPECT_THAT(Each(records, "verdict"), ElementsAre("on_time", "late", "dead_letter"));
  EXPECT_THAT(Each(records, "behind_ms"), ElementsAre("0", "3000", "null"));
  EXPECT_NE(Text(records.array()[2], "problem"), "null");
}

TEST(ConsoleStreams, AVerdictDoesNotDependOnWhereThePageBegins) {
  TestConsole t;
  t.Put("a", 1, t.Start() + seconds(5));
  t.Put("a", 2, t.Start() + seconds(2));
  const auto all = t.Get("/api/v1/streams/s/records");
  const std::string second = Text(At(all.body, "records").array()[1], "sequence");
  const auto later = t.Get("/api/v1/streams/s/records?position=at_sequence&sequence=" + second);
  EXPECT_THAT(Each(At(later.body, "records"), "verdict"), ElementsAre("late"));
  const auto first = t.Get("/api/v1/streams/s/records?limit=1");
  const auto next = t.Get("/api/v1/streams/s/records?cursor=" +
                          http::PercentEncode(Text(first.body, "next_cursor")));
  EXPECT_THAT(Each(At(next.body, "records"), "verdict"), ElementsAre("late"));
}

TEST(ConsoleStreams, ReadingIsNotNotedAsAReader) {
  Plain t(1);
  t.Append("k", "x");
  t.Records("");
  EXPECT_THAT(At(t.Get("/api/v1/streams/plain/consumers").body, "consumers").array(), IsEmpty());
}

// ---- put

TEST(ConsoleStreams, PutsTestRecords) {
  Plain t(2);
  const auto answer = t.Post("/api/v1/streams/plain/records",
                             R"({"records":[{"key":"a","data":"text"},)"
                             R"({"key":"b","base64":"AAE=","explicit_hash":"0"}]})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  const JsonValue& places = At(answer.body, "records");
  EXPECT_EQ(Text(places.array()[1], "shard"), kFirst);
  EXPECT_THAT(Each(At(t.Records("").body, "records"), "key"),
              ::testing::UnorderedElementsAre("a", "b"));
}

TEST(ConsoleStreams, PutsAllOrNothing) {
  Plain t(1);
  const auto status = [&](std::string body) {
    return t.Post("/api/v1/streams/plain/records", std::move(body)).status;
  };
  EXPECT_EQ(status(R"({"records":[{"key":"a","data":"x"},{"key":"","data":"x"}]})"), 400);
  EXPECT_EQ(status(R"({"records":[{"key":"a"}]})"), 400);
  EXPECT_EQ(status(R"({"records":[{"key":"a","data":"x","base64":"AA=="}]})"), 400);
  EXPECT_EQ(status(R"({"records":[{"key":"a","base64":"!"}]})"), 400);
  EXPECT_EQ(status(R"({"records":[{"key":"a","data":"x","explicit_hash":"-1"}]})"), 400);
  EXPECT_EQ(status(R"({"records":[{"key":"a","data":"x","more":"y"}]})"), 400);
  EXPECT_EQ(status(R"({"records":[]})"), 400);
  EXPECT_EQ(status("{}"), 400);
  EXPECT_THAT(At(t.Records("").body, "records").array(), IsEmpty());
  EXPECT_EQ(
      t.Post("/api/v1/streams/nope/records", R"({"records":[{"key":"a","data":"x"}]})").status,
      404);
}

}  // namespace
}  // namespace tidemark::console
