// SPDX-License-Identifier: Apache-2.0
// The list of running and recent statements, over the engine.
#include "sql/query_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"

namespace tidemark::sql {
namespace {

struct Running {
  explicit Running(QueryLog& log, std::string id)
      : entry(log.Open(
            {.sql = "SELECT 1", .id = std::move(id), .origin = "console"},
            {.progress = [this] { return progress; }, .cancel = [this] { ++cancelled; }})) {}
  QueryProgress progress;
  int cancelled = 0;
  std::unique_ptr<QueryLog::Entry> entry;
};

std::vector<std::string> Lines(const QueryLog& log) {
  std::vector<std::string> out;
  for (const QueryInfo& info : log.List()) {
    out.push_back(info.id + " " + std::string(QueryStateName(info.state)) + " " +
                  std::to_string(info.elapsed.count() / 1'000'000'000) + " " +
                  std::to_string(info.worked.count() / 1'000'000'000));
  }
  return out;
}

TEST(QueryLog, ListsOpenOnesFirst) {
  sim::SimClock clock{ArrivalTime{1'767'268'800'000}};
  QueryLog log({.recent_max = 2}, clock);
  Running a(log, "a");
  Running b(log, "b");
  clock.Advance(seconds(1));
  a.entry->Set(QueryState::kRunning);
  clock.Advance(seconds(3));
  b.entry->Set(QueryState::kWaiting);
  EXPECT_THAT(Lines(log), testing::ElementsAre("b waiting 4 0", "a running 4 3"));
  a.entry->Set(QueryState::kOpen);
  clock.Advance(seconds(1));
  a.entry->End({});
  EXPECT_THAT(Lines(log), testing::ElementsAre("b waiting 5 0", "a succeeded 5 3"));
  b.entry->End(Error{Code::kCancelled, "cancelled"});
  log.Refused({.sql = "SELEC", .id = "c"}, {Code::kInvalidArgument, "line 1:1: no"});
  // Two are kept.
  EXPECT_THAT(Lines(log), testing::ElementsAre("c failed 0 0", "b cancelled 5 0"));
  EXPECT_EQ(log.List()[0].error, "line 1:1: no");
}

TEST(QueryLog, CancelsById) {
  sim::SimClock clock{ArrivalTime{0}};
  QueryLog log({}, clock);
  Running a(log, "a");
  Running b(log, "b");
  Running unnamed(log, "");
  EXPECT_TRUE(log.Cancel("b"));
  EXPECT_FALSE(log.Cancel("c"));
  EXPECT_FALSE(log.Cancel(""));
  EXPECT_EQ(a.cancelled + unnamed.cancelled, 0);
  EXPECT_EQ(b.cancelled, 1);
  b.entry.reset();  // its reader left
  EXPECT_EQ(log.List().back().state, QueryState::kClosed);
  EXPECT_FALSE(log.Cancel("b"));
}

TEST(QueryLog, CutsLongTextsBetweenCharacters) {
  sim::SimClock clock{ArrivalTime{0}};
  QueryLog log({.text_bytes_max = 4}, clock);
  log.Refused({.sql = "abc\xC3\xA9x"}, {Code::kInvalidArgument, "no"});
  EXPECT_EQ(log.List()[0].sql, "abc...");
}

}  // namespace
}  // namespace tidemark::sql
