// SPDX-License-Identifier: Apache-2.0
// The calls of web/API.md sections 1 to 5, as literal requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

std::vector<std::string> Members(const JsonValue& object) {
  std::vector<std::string> out;
  for (const auto& [name, value] : object.object()) out.push_back(name);
  return out;
}

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  return value->is_null() ? "null" : value->string_value();
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

/// Values and revisions of all rows.
std::string As(const TestConsole::Answer& answer) {
  std::string out;
  for (const JsonValue& row : At(answer.body, "rows").array()) {
    out += Text(row, "time") + " " + Text(row, "revision") + " " + Text(row, "value") + "\n";
  }
  return out;
}

// ---- section 1 and 2

TEST(Console, ErrorsHaveOneShape) {
  TestConsole t;
  const auto answer = t.Get("/api/v1/nothing");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.headers.Find("Cache-Control"), "no-store");
  const JsonValue& error = At(answer.body, "error");
  EXPECT_THAT(Members(error), ElementsAre("code", "status", "message", "hint", "field", "line",
                                          "column", "request_id", "retryable"));
  EXPECT_EQ(Text(error, "code"), "not_found");
  EXPECT_EQ(At(error, "status").AsInt64(), 404);
  EXPECT_EQ(Text(error, "request_id").size(), 13U);
  EXPECT_TRUE(At(error, "line").is_null());
}

TEST(Console, AKnownPathWithAnotherMethodIsNotAllowed) {
  TestConsole t;
  const auto answer = t.Get("/api/v1/pipelines/p/start");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(ErrorCode(answer), "method_not_allowed");
  EXPECT_EQ(answer.headers.Find("Allow"), "POST");
}

TEST(Console, BrowsersAreSentToThePages) {
  TestConsole t;
  auto request = t.MakeRequest("GET", "/?db=x");
  request.headers.Add("Accept", "text/html,*/*;q=0.8");
  const auto answer = t.Send(request);
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.headers.Find("Location"), "/ui/?db=x");
  EXPECT_EQ(t.Get("/").status, 404);
  EXPECT_EQ(t.Get("/elsewhere").status, 404);
}

TEST(Console, DeepLinksGetTheIndexPageAndUnknownAssetsDoNot) {
  TestConsole t;
  for (const char* path : {"/ui", "/ui/", "/ui/query", "/ui/dash/ec2-host-metrics"}) {
    const auto page = t.Get(path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_THAT(page.text, HasSubstr("<!doctype html>")) << path;
    EXPECT_THAT(std::string(page.headers.Find("Content-Security-Policy").value_or("")),
                HasSubstr("default-src 'none'"));
    EXPECT_EQ(page.headers.Find("Cache-Control"), "no-cache");
  }
  EXPECT_EQ(t.Get("/ui/assets/index-00000000.js").status, 404);
}

TEST(Console, AnotherSiteCannotUseTheServer) {
  TestConsole t;
  const auto post = [&](std::vector<std::pair<std::string, std::string>> headers) {
    auto request = t.MakeRequest("POST", "/api/v1/query");
    for (auto& [name, value] : headers) request.headers.Add(name, value);
    request.body = R"({"sql":"rows 1"})";
    return t.Send(request).status;
  };
  EXPECT_EQ(post({{"X-Console", "1"}}), 200);
  EXPECT_EQ(post({{"Content-Type", "application/json"}}), 403);
  EXPECT_EQ(post({{"X-Console", "0"}, {"Content-Type", "application/json"}}), 403);
  EXPECT_EQ(post({{"X-Console", "1"}, {"Origin", "http://127.0.0.1:4580"}}), 200);
  EXPECT_EQ(post({{"Content-Type", "text/plain"}}), 403);
  EXPECT_EQ(post({{"X-Console", "1"}, {"Origin", "https://example.com"}}), 403);
  EXPECT_EQ(post({{"X-Console", "1"}, {"Origin", "null"}}), 403);
  EXPECT_EQ(post({{"X-Console", "1"}, {"Sec-Fetch-Site", "cross-site"}}), 403);
  auto rebound = t.MakeRequest("GET", "/api/v1/overview");
  rebound.headers.Set("Host", "evil.example.com:4580");
  EXPECT_EQ(t.Send(rebound).status, 403);
  rebound.headers.Set("Host", "[::1]:4580");
  EXPECT_EQ(t.Send(rebound).status, 200);
  auto page = t.MakeRequest("GET", "/ui/");
  page.headers.Set("Host", "evil.example.com:4580");
  EXPECT_EQ(t.Send(page).status, 403);
  TestConsole named({.allowed_hosts = {"evil.example.com"}});
  EXPECT_EQ(named.Send(page).status, 200);
}

TEST(Console, TellsWhatItIsAndHowItIsSet) {
  auto facts = std::make_shared<ServerFacts>();
  facts->compiler = "gcc 12";
  facts->region = "us-east-1";
  facts->settings_file = "/etc/tidemark.toml";
  facts->settings.push_back({"sql.timeout", "30s", "60s", "file", "duration", "Time limit."});
  TestConsole t({.allowed_hosts = {"console.example"}, .facts = facts});
  t.Advance(seconds(2));
  const auto info = t.Get("/api/v1/info");
  ASSERT_EQ(info.status, 200) << info.text;
  EXPECT_THAT(Members(info.body),
              ElementsAre("name", "version", "build", "api", "started", "now", "uptime_ms", "url",
                          "region", "account", "sign_in", "allowed_hosts", "features", "limits"));
  EXPECT_EQ(Text(info.body, "uptime_ms"), "2000");
  EXPECT_EQ(Text(info.body, "url"), "http://127.0.0.1:4580");
  EXPECT_EQ(Text(info.body, "sign_in"), "none");
  EXPECT_EQ(At(info.body, "allowed_hosts").array()[0].string_value(), "console.example");
  EXPECT_EQ(At(At(info.body, "limits"), "rows_max").AsInt64(), 10'000);

  const auto settings = t.Get("/api/v1/settings");
  EXPECT_EQ(settings.text,
            R"({"file":"/etc/tidemark.toml","settings":[{"name":"sql.timeout","value":"30s",)"
            R"("default":"60s","source":"file","unit":"duration","help":"Time limit."}]})");
}

TEST(Console, AnswersCarryAPolicyAndNoCookie) {
  TestConsole t;
  for (const char* path : {"/api/v1/overview", "/api/v1/nothing", "/ui/", "/ui/query", "/"}) {
    const auto answer = t.Get(path);
    EXPECT_FALSE(answer.headers.Find("Set-Cookie")) << path;
    EXPECT_THAT(std::string(answer.headers.Find("Content-Security-Policy").value_or("")),
                HasSubstr("default-src 'none'"))
        << path;
    EXPECT_EQ(answer.headers.Find("X-Content-Type-Options"), "nosniff") << path;
  }
}

// ---- section 3

TEST(ConsoleQuery, TheFirstPageIsFilledAndTheLastSaysSo) {
  TestConsole t;
  auto page = t.Post("/api/v1/query", R"({"sql":"rows 10","max_rows":5})");
  ASSERT_EQ(page.status, 200) << page.text;
  EXPECT_THAT(Members(page.body), ElementsAre("columns", "rows", "query_id", "expanded_sql", "next",
                                              "reduced", "progress"));
  EXPECT_EQ(At(page.body, "rows").array().size(), 5U);
  const auto& columns = At(page.body, "columns").array();
  EXPECT_EQ(Text(columns[0], "type"), "BIGINT");
  EXPECT_EQ(Text(columns[1], "name"), "name");
  const auto& row = At(page.body, "rows").array()[1].array();
  EXPECT_EQ(row[0].string_value(), "1");
  EXPECT_TRUE(row[1].is_null());
  const JsonValue& progress = At(page.body, "progress");
  EXPECT_EQ(Text(progress, "points_scanned"), "324");
  EXPECT_EQ(Text(progress, "rows_total"), "null");
  const std::string next = Text(page.body, "next");
  ASSERT_NE(next, "null");

  page = t.Post("/api/v1/query", R"({"next":")" + next + R"("})");
  ASSERT_EQ(page.status, 200) << page.text;
  EXPECT_EQ(At(page.body, "rows").array().size(), 5U);
  EXPECT_EQ(Text(page.body, "next"), "null");
  EXPECT_EQ(Text(At(page.body, "progress"), "rows_total"), "10");
  EXPECT_EQ(t.engine.open, 0);
  EXPECT_EQ(t.Post("/api/v1/query", R"({"next":")" + next + R"("})").status, 404);
}

TEST(ConsoleQuery, AnErrorHasItsPlaceAndHint) {
  TestConsole t;
  const auto answer = t.Post("/api/v1/query", R"({"sql":"fail"})");
  EXPECT_EQ(answer.status, 400);
  const JsonValue& error = At(answer.body, "error");
  EXPECT_EQ(Text(error, "code"), "invalid_sql");
  EXPECT_EQ(At(error, "line").AsInt64(), 2);
  EXPECT_EQ(At(error, "column").AsInt64(), 8);
  EXPECT_EQ(Text(error, "message"), "Column 'nope' does not exist");
  EXPECT_EQ(Text(error, "hint"), "did you mean 'time'?");
  EXPECT_EQ(t.Post("/api/v1/query", R"({"sql":"missing"})").status, 404);
}

TEST(ConsoleQuery, BodiesAreChecked) {
  TestConsole t;
  for (const char* body : {"", "[]", "{", R"({"sql":"rows 1","next":"x"})", R"({"sql":7})",
                           R"({"sql":"rows 1","max_rows":0})", R"({"sql":"rows 1","rows":1})"}) {
    const auto answer = t.Post("/api/v1/query", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(ErrorCode(answer), "invalid_request") << body;
  }
}

TEST(ConsoleQuery, KeptResultsAreBoundedAndExpire) {
  TestConsole t({.queries_kept_max = 2, .query_kept_max = seconds(60)});
  std::vector<std::string> next;
  for (int i = 0; i < 3; ++i) {
    next.push_back(Text(t.Post("/api/v1/query", R"({"sql":"rows 9","max_rows":2})").body, "next"));
    t.Advance(seconds(1));
  }
  EXPECT_EQ(t.engine.open, 2);
  EXPECT_EQ(t.Post("/api/v1/query", R"({"next":")" + next[0] + R"("})").status, 404);
  EXPECT_EQ(t.Post("/api/v1/query", R"({"next":")" + next[2] + R"("})").status, 200);
  t.Advance(seconds(62));
  EXPECT_EQ(t.engine.open, 0);
}

TEST(ConsoleQuery, DeleteDropsIt) {
  TestConsole t;
  const auto page = t.Post("/api/v1/query", R"({"sql":"rows 9","max_rows":2})");
  const auto deleted = t.Delete("/api/v1/query/" + Text(page.body, "query_id"));
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.text, "");
  EXPECT_EQ(t.engine.open, 0);
  EXPECT_EQ(t.Delete("/api/v1/query/unknown").status, 204);
}

TEST(ConsoleQuery, ListsAndCancelsTheServersStatements) {
  TestConsole t;
  sql::QueryInfo running;
  running.id = "AEQ";
  running.origin = "timestream";
  running.sql = "SELECT 1";
  running.state = sql::QueryState::kRunning;
  running.started = ArrivalTime{1'767'268'800'000};
  running.elapsed = milliseconds(1500);
  running.progress.percent = 41.5;
  t.engine.queries = {running};
  const auto answer = t.Get("/api/v1/queries");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.text,
            R"({"queries":[{"query_id":"AEQ","origin":"timestream","state":"running",)"
            R"("sql":"SELECT 1","started":"2026-01-01T12:00:00.000Z","elapsed_ms":"1500",)"
            R"("worked_ms":"0","percent":41.5,"points_scanned":"0","bytes_scanned":"0",)"
            R"("rows":"0","error":null}]})");
  EXPECT_EQ(t.Delete("/api/v1/queries/AEQ").status, 204);
  EXPECT_THAT(t.engine.cancelled_ids, ElementsAre("AEQ"));
}

TEST(ConsoleQuery, APageThatRunsTooLongIsCancelled) {
  TestConsole t({.statement_time_max = milliseconds(3000)});
  t.engine.on_next = [&] {
    if (t.engine.cancelled > 0) return;
    t.logs.clock.Advance(seconds(5));
    // The background task runs meanwhile, on another thread in production.
    while (t.logs.executor->RunOne() && t.engine.cancelled == 0) {
    }
  };
  const auto answer = t.Post("/api/v1/query", R"({"sql":"rows 9"})");
  EXPECT_EQ(answer.status, 504) << answer.text;
  EXPECT_EQ(ErrorCode(answer), "deadline_exceeded");
  EXPECT_EQ(t.engine.open, 0);
}

TEST(ConsoleQuery, AClientThatLeavesCancelsItsStatement) {
  TestConsole t;
  http::Recorder recorder;
  t.engine.on_next = [&] { recorder.Disconnect(); };
  auto request = t.MakeRequest("POST", "/api/v1/query");
  request.headers.Add("X-Console", "1");
  request.body = R"({"sql":"rows 9","max_rows":2})";
  t.service->Handle(std::move(request), recorder.MakeResponder());
  t.Run();
  EXPECT_EQ(t.engine.cancelled, 1);
  EXPECT_EQ(t.engine.open, 0);
}

// ---- section 4

TEST(ConsoleRevisions, ListsEveryRevisionOfARow) {
  TestConsole t;
  const EventTime start = t.Start();
  t.Put("a", 1, start + seconds(1));
  t.Put("a", 0, start + seconds(12));
  t.Advance(seconds(3));
  t.Put("a", 2, start + seconds(2));
  t.Advance(seconds(3));

  const auto answer = t.Get("/api/v1/databases/db/tables/t/revisions?measure=avg_cpu&host=a&to=" +
                            std::to_string((start + seconds(11)).ns));
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_THAT(Members(answer.body),
              ElementsAre("database", "table", "view", "measure", "truncated", "as_of", "watermark",
                          "watermark_exact", "history_from", "rows"));
  EXPECT_EQ(Text(answer.body, "view"), "v");
  const auto& rows = At(answer.body, "rows").array();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_THAT(
      Members(rows[0]),
      ElementsAre("time", "window_start", "window_end", "dimensions", "revision", "value", "frozen",
                  "state", "first_value", "first_published_at", "revision_count", "last_changed_at",
                  "version", "record_count", "first_record_count", "revisions"));
  EXPECT_EQ(Text(rows[0], "time"), std::to_string((start + seconds(10)).ns));
  EXPECT_EQ(Text(rows[0], "window_start"), std::to_string(start.ns));
  EXPECT_EQ(Text(At(rows[0], "dimensions"), "host"), "a");
  EXPECT_EQ(Text(rows[0], "value"), "1.5");
  EXPECT_EQ(Text(rows[0], "revision"), "2");
  const auto& revisions = At(rows[0], "revisions").array();
  ASSERT_EQ(revisions.size(), 2U);
  EXPECT_EQ(Text(revisions[0], "old"), "null");
  EXPECT_EQ(Text(revisions[0], "new"), "1.0");
  EXPECT_EQ(Text(revisions[1], "old"), "1.0");
  EXPECT_EQ(Text(revisions[1], "late_points"), "1");
  EXPECT_EQ(Text(revisions[0], "cause"), "watermark");
  EXPECT_EQ(Text(revisions[1], "cause"), "late");
  EXPECT_EQ(Text(revisions[1], "at").size(), 19U);
  EXPECT_EQ(Text(rows[0], "state"), "revised");
  EXPECT_EQ(Text(rows[0], "first_value"), "1.0");
  EXPECT_EQ(Text(rows[0], "first_published_at"), Text(revisions[0], "at"));
  EXPECT_EQ(Text(rows[0], "last_changed_at"), Text(revisions[1], "at"));
  EXPECT_EQ(Text(rows[0], "revision_count"), "1");
  EXPECT_EQ(Text(rows[0], "record_count"), "2");
  EXPECT_EQ(Text(rows[0], "first_record_count"), "1");
  EXPECT_EQ(Text(revisions[1], "record_count"), "2");
  EXPECT_EQ(Text(revisions[1], "records_added"), "1");
  EXPECT_NE(Text(rows[0], "version"), "null");
}

/// console-ux.md 6.5: the chart exactly as it was at a time of processing.
TEST(ConsoleRevisions, AsOfShowsWhatWasKnown) {
  TestConsole t;
  const EventTime start = t.Start();
  t.Put("a", 1, start + seconds(1));
  t.Put("a", 0, start + seconds(12));
  t.Advance(seconds(3));
  t.Put("a", 2, start + seconds(2));
  t.Advance(seconds(3));
  t.Put("a", 7, start + seconds(25));
  t.Advance(seconds(3));
  const std::string at = "/api/v1/databases/db/tables/t/revisions?measure=avg_cpu&host=a";
  const auto now = t.Get(at);
  ASSERT_EQ(At(now.body, "rows").array().size(), 2U);
  const JsonValue& row = At(now.body, "rows").array()[0];
  const auto published = [&](size_t i) {
    return std::stoll(Text(At(row, "revisions").array()[i], "at"));
  };
  const auto as_of = [&](int64_t ns) { return t.Get(at + "&as_of=" + std::to_string(ns)); };

  const auto first = as_of(published(1) - 1);
  ASSERT_EQ(At(first.body, "rows").array().size(), 1U) << first.text;
  const JsonValue& known = At(first.body, "rows").array()[0];
  EXPECT_EQ(Text(known, "value"), "1.0");
  EXPECT_EQ(Text(known, "revision"), "1");
  EXPECT_EQ(Text(known, "revision_count"), "0");
  EXPECT_EQ(Text(known, "state"), "final");
  EXPECT_EQ(Text(known, "version"), "null");
  EXPECT_EQ(At(known, "revisions").array().size(), 1U);
  EXPECT_EQ(Text(known, "record_count"), "1");
  // Not a window's end: where the watermark stood.
  EXPECT_EQ(Text(first.body, "watermark"), std::to_string((start + seconds(12)).ns));

  const auto second = as_of(published(1));
  EXPECT_EQ(Text(At(second.body, "rows").array()[0], "value"), "1.5");
  EXPECT_TRUE(At(as_of(published(0) - 1).body, "rows").array().empty());
  EXPECT_EQ(As(as_of(published(1) + 3'600'000'000'000)), As(now)) << "the present is the last step";
  EXPECT_EQ(t.Get(at + "&as_of=yesterday").status, 400);
}

TEST(ConsoleRevisions, UnknownThingsAreNotFoundAndLimitsKeepTheNewest) {
  TestConsole t;
  EXPECT_EQ(ErrorCode(t.Get("/api/v1/databases/db/tables/x/revisions?measure=avg_cpu")),
            "table_not_found");
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/revisions?measure=cpu").status, 404);
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/revisions").status, 400);
  for (const int i : {1, 11, 21, 31}) t.Put("a", i, t.Start() + seconds(i));
  t.Advance(seconds(3));
  const auto answer =
      t.Get("/api/v1/databases/db/tables/t/revisions?measure=avg_cpu&limit=1&dim.host=a");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_TRUE(At(answer.body, "truncated").bool_value());
  const auto& rows = At(answer.body, "rows").array();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_GE(Text(rows[0], "time"), std::to_string((t.Start() + seconds(30)).ns));
}

// ---- section 5

TEST(ConsoleStatus, ObjectsHaveTheMembersOfTheContract) {
  TestConsole t;
  t.Put("a", 1, t.Start() + seconds(1));
  t.Put("a", 2, t.Start() + seconds(15));
  t.Advance(seconds(3));
  EXPECT_THAT(
      Members(t.Get("/api/v1/overview").body),
      ElementsAre("version", "uptime_ms", "health", "problems", "streams", "pipelines", "databases",
                  "tables", "views", "records_per_second", "late_points_total", "revisions_total",
                  "dead_letters_total", "memory_used_bytes", "memory_max_bytes"));
  const auto streams = t.Get("/api/v1/streams");
  EXPECT_THAT(Members(At(streams.body, "streams").array().at(0)),
              ElementsAre("name", "status", "mode", "created", "shards", "records_per_second",
                          "bytes_per_second", "records_total", "retention_hours",
                          "throttled_per_minute", "throttled_total", "iterator_age_ms", "consumers",
                          "disk_bytes", "history_step_ms", "history"));
  const auto databases = t.Get("/api/v1/databases");
  const JsonValue& table =
      At(At(databases.body, "databases").array().at(0), "tables").array().at(0);
  EXPECT_THAT(Members(table), ElementsAre("name", "memory_retention_hours",
                                          "magnetic_retention_days", "series", "points"));
  const auto pipeline = t.Get("/api/v1/pipelines/p");
  EXPECT_THAT(Members(pipeline.body),
              ElementsAre("name", "stream", "database", "table", "dead_letter_stream", "state",
                          "records_per_second", "records_total", "points_total",
                          "late_points_total", "dead_letters_total", "lag_records", "lag_ms",
                          "partitions", "filtered_total", "punctuations_total", "replayed_total",
                          "gap_records_total", "breaker_open", "busy", "error"));
  EXPECT_THAT(Members(At(pipeline.body, "busy")), ElementsAre("source", "decode", "write"));
  EXPECT_EQ(Text(pipeline.body, "dead_letter_stream"), "p-dead");
  EXPECT_EQ(Text(pipeline.body, "records_total"), "2");
  EXPECT_THAT(Members(At(pipeline.body, "partitions").array().at(0)),
              ElementsAre("partition", "position", "max_event_time", "idle", "replaying",
                          "gap_records", "whole_from"));
  const auto view = t.Get("/api/v1/views/v");
  EXPECT_THAT(Members(view.body),
              ElementsAre("name", "database", "table", "target_table", "state", "generation",
                          "output", "aggregate", "label", "late", "watermark", "windows_published",
                          "revisions_total", "late_points_total", "frozen_total", "dirty", "lag_ms",
                          "windows", "window_ns", "out_of_orderness_ns", "allowed_lateness_ns",
                          "early_ns", "provisional_after_ns", "error"));
  EXPECT_EQ(Text(view.body, "aggregate"), "avg");
  EXPECT_EQ(Text(view.body, "windows_published"), "1");
  EXPECT_EQ(Text(view.body, "watermark"), std::to_string((t.Start() + seconds(15)).ns));
}

TEST(ConsoleStatus, TabsOfAView) {
  TestConsole t;
  t.Put("a", 1, t.Start() + seconds(1));
  t.Put("a", 2, t.Start() + seconds(15));
  t.Advance(seconds(3));
  const auto marks = t.Get("/api/v1/views/v/watermarks");
  const auto& partitions = At(marks.body, "partitions").array();
  ASSERT_EQ(partitions.size(), 2U);
  EXPECT_EQ(Text(partitions[0], "source"), "p");
  EXPECT_THAT(Text(partitions[0], "partition"), HasSubstr("shardId-00000000000"));
  EXPECT_THAT(Members(partitions[0]), ElementsAre("source", "partition", "max_event_time",
                                                  "watermark", "idle", "holds_back"));
  const auto lateness = t.Get("/api/v1/views/v/lateness");
  const JsonValue& buckets = At(lateness.body, "buckets");
  EXPECT_EQ(buckets.array().size(), 9U);
  EXPECT_EQ(Text(buckets.array().back(), "le_ms"), "null");
  const auto windows = t.Get("/api/v1/views/v/windows?limit=5");
  const auto& list = At(windows.body, "windows").array();
  ASSERT_EQ(list.size(), 2U) << windows.text;
  EXPECT_EQ(Text(list[0], "state"), "open");
  EXPECT_EQ(Text(list[1], "state"), "final");
  EXPECT_EQ(t.Get("/api/v1/views/v/windows?limit=0").status, 400);
  EXPECT_EQ(ErrorCode(t.Get("/api/v1/views/x/watermarks")), "view_not_found");
}

TEST(ConsoleStatus, RatesAreOfTheLastSeconds) {
  TestConsole t;
  t.Advance(seconds(2));
  for (int i = 0; i < 30; ++i) t.Put("a", i, t.Start() + seconds(i));
  t.Advance(seconds(3));
  const auto streams = t.Get("/api/v1/streams");
  const JsonValue& s = At(streams.body, "streams").array().at(1);
  EXPECT_EQ(Text(s, "name"), "s");
  EXPECT_GT(At(s, "records_per_second").double_value(), 4);
  EXPECT_EQ(Text(s, "records_total"), "30");
  t.Advance(seconds(15));
  const auto later = t.Get("/api/v1/pipelines/p");
  EXPECT_EQ(At(later.body, "records_per_second").double_value(), 0);
}

TEST(ConsoleStatus, PipelinesAndViewsStopAndStart) {
  TestConsole t;
  auto answer = t.Post("/api/v1/pipelines/p/stop", "{}");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Text(answer.body, "state"), "stopped");
  EXPECT_EQ(Text(answer.body, "lag_records"), "null");
  EXPECT_FALSE(t.logs.catalog->GetPipeline("p")->running);
  answer = t.Post("/api/v1/pipelines/p/start", "{}");
  EXPECT_NE(Text(answer.body, "state"), "stopped");
  EXPECT_EQ(ErrorCode(t.Post("/api/v1/pipelines/x/start", "{}")), "pipeline_not_found");
  EXPECT_EQ(t.Post("/api/v1/views/v/stop", "{}").status, 200);
  t.Advance(seconds(1));
  EXPECT_EQ(Text(t.Get("/api/v1/views/v").body, "state"), "stopped");
  EXPECT_EQ(ErrorCode(t.Post("/api/v1/views/x/stop", "{}")), "view_not_found");
}

TEST(ConsoleStack, PassesTextAndEndpoint) {
  TestConsole t;
  auto answer = t.Post("/api/v1/stack:apply", R"({"file":"a.toml","text":"x"})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  const JsonValue& item = At(answer.body, "items").array().at(0);
  EXPECT_THAT(Members(item), ElementsAre("kind", "name", "action", "detail"));
  EXPECT_EQ(Text(item, "detail"), "a.toml");
  const JsonValue& output = At(answer.body, "outputs").array().at(0);
  EXPECT_EQ(Text(output, "value"), "http://127.0.0.1:4580");
  answer = t.Post("/api/v1/stack:apply", R"({"file":"a.toml","text":"differs"})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(ErrorCode(answer), "conflict");
  EXPECT_EQ(t.Post("/api/v1/stack:describe", R"({"text":"x","other":1})").status, 400);
  EXPECT_EQ(t.Post("/api/v1/stack:delete", R"({"file":"a","text":"x"})").status, 200);
}

TEST(ConsoleStack, AProblemIsPartOfTheAnswerOfACheck) {
  TestConsole t;
  auto answer = t.Post("/api/v1/stack:check", R"({"file":"a.toml","text":"x"})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_THAT(Members(answer.body), ElementsAre("content", "items", "problem"));
  EXPECT_EQ(Text(At(At(answer.body, "content"), "view").array().at(0), "name"), "v");
  EXPECT_EQ(Text(At(answer.body, "items").array().at(0), "action"), "create");
  EXPECT_TRUE(At(answer.body, "problem").is_null());
  answer = t.Post("/api/v1/stack:check", R"({"text":"differs"})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  const JsonValue& problem = At(answer.body, "problem");
  EXPECT_THAT(Members(problem), ElementsAre("message", "field", "line"));
  EXPECT_EQ(Text(problem, "field"), "window");
  EXPECT_EQ(At(problem, "line").AsInt64(), 3);
  EXPECT_EQ(t.Post("/api/v1/stack:check", "{}").status, 400);
}

}  // namespace
}  // namespace tidemark::console
