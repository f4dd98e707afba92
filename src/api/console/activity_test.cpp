// SPDX-License-Identifier: Apache-2.0
// Recent activity, `object` events and histories (web/API.md sections 5 and 6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/status_history_internal.h"
#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Lines(const JsonValue& items) {
  std::vector<std::string> out;
  for (const JsonValue& item : items.array()) {
    out.push_back(item.Find("kind")->string_value() + " " + item.Find("name")->string_value() +
                  " " + item.Find("action")->string_value());
  }
  return out;
}

TEST(ConsoleActivity, ListsTheNewestFirst) {
  TestConsole t;
  ASSERT_EQ(t.Post("/api/v1/streams", R"({"name":"a"})").status, 200);
  ASSERT_EQ(t.Post("/api/v1/dashboards", R"({"id":"x","definition":{"schema":1,"title":"Hosts"}})")
                .status,
            201);
  const auto answer = t.Get("/api/v1/activity?limit=2");
  const JsonValue& items = *answer.body.Find("items");
  EXPECT_THAT(Lines(items), ElementsAre("dashboard x created", "stream a created"));
  EXPECT_EQ(items.array()[0].Find("detail")->string_value(), "Hosts");
  EXPECT_TRUE(items.array()[1].Find("detail")->is_null());
  EXPECT_EQ(t.Get("/api/v1/activity?limit=0").status, 400);
}

TEST(ConsoleActivity, SendsObjectEventsToThoseWhoSeeTheGraph) {
  TestConsole t;
  http::Recorder recorder;
  auto request = t.MakeRequest("GET", "/api/v1/live?topics=graph");
  request.headers.Add("Accept", "text/event-stream");
  t.service->Handle(std::move(request), recorder.MakeResponder());
  t.Advance(seconds(2));
  const auto objects = [&recorder] {
    std::vector<std::string> out;
    for (const SseEvent& event : ParseEvents(recorder.streamed())) {
      if (event.name != "object") continue;
      for (std::string& line : Lines(*event.data.Find("items"))) out.push_back(std::move(line));
    }
    return out;
  };
  EXPECT_THAT(objects(), IsEmpty());  // what was there before is no news
  ASSERT_EQ(t.Post("/api/v1/streams", R"({"name":"a"})").status, 200);
  t.Advance(seconds(1));
  EXPECT_THAT(objects(), ElementsAre("stream a created"));
  ASSERT_EQ(t.Delete("/api/v1/streams/a").status, 204);
  t.Advance(seconds(1));
  EXPECT_THAT(objects(), ElementsAre("stream a created", "stream a deleted"));
}

// ---- histories

view::ViewStatus View(uint64_t late, EventTime watermark) {
  view::ViewStatus status;
  status.definition.name = "v";
  status.late_points_total = late;
  status.watermark = watermark;
  return status;
}

void Sample(StatusHistory& history, ArrivalTime now, const view::ViewStatus& view,
            const std::vector<sql::QueryInfo>& queries = {}) {
  history.Sample(now, {.views = {view}, .pipelines = {}, .queries = queries});
}

TEST(StatusHistory, CountsWhatEachStepBrought) {
  StatusHistory history;
  EXPECT_TRUE(history.Due({0}));
  Sample(history, {0}, View(100, {1}));  // from before: no step's
  EXPECT_FALSE(history.Due({9'999}));
  Sample(history, {9'999}, View(150, {1}));  // too early
  Sample(history, {10'100}, View(107, {5'000'000'000}));
  Sample(history, {20'000}, View(7, {6'000'000'000}));  // made again
  const auto steps = history.OfView("v");
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].late, 0U);
  EXPECT_EQ(steps[1].late, 7U);
  EXPECT_EQ(steps[1].at.ms, 10'100);
  EXPECT_EQ(steps[1].watermark->ns, 5'000'000'000);
  EXPECT_EQ(steps[2].late, 7U);
  EXPECT_THAT(history.OfView("w"), IsEmpty());
}

TEST(StatusHistory, KeepsAQuarterOfAnHour) {
  StatusHistory history;
  for (int64_t i = 0; i < 200; ++i) Sample(history, {i * 10'000}, View(0, {0}));
  EXPECT_EQ(history.OfView("v").size(), StatusHistory::kStepsMax);
  EXPECT_EQ(history.OfServer().size(), StatusHistory::kStepsMax);
  Sample(history, {9'000'000}, View(0, {0}));  // after a long sleep
  EXPECT_EQ(history.OfView("v").size(), 1U);
  Sample(history, {5'000}, View(0, {0}));  // the clock was set back
  EXPECT_EQ(history.OfView("v").size(), 1U);
  EXPECT_TRUE(history.Due({15'000}));
}

TEST(StatusHistory, QueryTimeIsThatOfNinetyFiveInAHundred) {
  StatusHistory history;
  std::vector<sql::QueryInfo> queries;
  for (int i = 1; i <= 20; ++i) {
    queries.push_back({.id = {},
                       .origin = {},
                       .sql = {},
                       .state = sql::QueryState::kSucceeded,
                       .started = {1'000'000},
                       .elapsed = milliseconds(i),
                       .error = {}});
  }
  queries.push_back({.id = {},
                     .origin = {},
                     .sql = {},
                     .state = sql::QueryState::kRunning,
                     .started = {1'000'000},
                     .elapsed = seconds(60),
                     .error = {}});
  queries.push_back({.id = {},
                     .origin = {},
                     .sql = {},
                     .state = sql::QueryState::kFailed,
                     .started = {0},
                     .elapsed = seconds(60),
                     .error = {}});  // long ago
  Sample(history, {1'001'000}, View(0, {0}), queries);
  EXPECT_EQ(history.OfServer().back().query_time, milliseconds(19));
}

TEST(ConsoleHistory, HasThePastOfViewsAndOfTheServer) {
  TestConsole t;
  t.Advance(seconds(25));
  const auto answer = t.Get("/api/v1/views/v/history");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.Find("step_ms")->AsInt64(), 10'000);
  ASSERT_EQ(answer.body.Find("steps")->array().size(), 3U);
  for (const char* member :
       {"at", "watermark", "lag_ms", "late", "frozen", "published", "revisions"}) {
    EXPECT_NE(answer.body.Find("steps")->array()[2].Find(member), nullptr) << member;
  }
  EXPECT_EQ(t.Get("/api/v1/views/none/history").status, 404);
  const auto server = t.Get("/api/v1/overview/history");
  ASSERT_EQ(server.body.Find("steps")->array().size(), 3U);
  for (const char* member : {"at", "freshness_ms", "late", "query_p95_ms"}) {
    EXPECT_NE(server.body.Find("steps")->array()[2].Find(member), nullptr) << member;
  }
}

}  // namespace
}  // namespace tidemark::console
