// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <random>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/level_states_internal.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Split = LevelStates::Split;

constexpr EventTime kNoCut{INT64_MAX};
const agg::Spec kSum{agg::Kind::kSum, agg::Type::kBigint};

TimeRange Range(int64_t start, int64_t end) { return {EventTime{start}, EventTime{end}}; }

LevelStates::Node NodeOf(int64_t value) {
  LevelStates::Node node{.points = 1, .states = {agg::State(kSum)}};
  const EventTime at{1};
  node.states[0].Add({.times = {&at, 1}, .series_key = {}}, std::span<const int64_t>(&value, 1));
  return node;
}

int64_t SumOf(const LevelStates::Node& node) {
  return node.states.empty() ? 0 : std::get<int64_t>(node.states[0].Finish().value());
}

Windows Of(std::vector<int64_t> sizes, int64_t offset = 0) {
  std::vector<nanoseconds> out;
  for (const int64_t size : sizes) out.emplace_back(size);
  return Windows::Levels(out, nanoseconds(offset));
}

TEST(LevelStates, AWindowIsMadeOfTheNearestFinerOnesThatDivideIt) {
  const LevelStates states(Of({10, 20, 30, 60}), 1 << 20);
  EXPECT_FALSE(states.Merges(0));
  EXPECT_TRUE(states.Merges(1));
  LevelStates made(Of({10, 20, 30, 60}), 1 << 20);
  made.Set({{EventTime{0}, 1}, 0}, NodeOf(1));   // of no coarser one
  made.Set({{EventTime{20}, 0}, 0}, NodeOf(2));  // of those of 20 and of 30
  made.Set({{EventTime{30}, 2}, 0}, NodeOf(4));
  const LevelStates::Key whole{{EventTime{0}, 3}, 0};
  EXPECT_THAT(made.Missing(whole, Split::kRuns, kNoCut), ElementsAre(Range(0, 30)));
  EXPECT_THAT(made.Missing({{EventTime{0}, 2}, 0}, Split::kRuns, kNoCut),
              ElementsAre(Range(0, 20)));
  EXPECT_THAT(made.Missing({{EventTime{20}, 1}, 0}, Split::kRuns, kNoCut),
              ElementsAre(Range(30, 40)));
  EXPECT_EQ(SumOf(*made.Find({{EventTime{30}, 2}, 0})), 4);
  EXPECT_EQ(made.Find({{EventTime{0}, 2}, 0}), nullptr);
  EXPECT_EQ(made.Find({{EventTime{30}, 2}, 1}), nullptr);
}

TEST(LevelStates, WhatIsMissingIsAskedInRunsOrPieces) {
  LevelStates states(Of({10, 60}, 5), 1 << 20);
  const LevelStates::Key key{{EventTime{5}, 1}, 9};
  EXPECT_THAT(states.Missing(key, Split::kRuns, kNoCut), ElementsAre(Range(5, 65)));
  EXPECT_THAT(states.Missing(key, Split::kRuns, EventTime{38}),
              ElementsAre(Range(5, 35), Range(35, 65)));
  states.Set({{EventTime{25}, 0}, 9}, NodeOf(1));
  EXPECT_THAT(states.Missing(key, Split::kRuns, kNoCut), ElementsAre(Range(5, 25), Range(35, 65)));
  EXPECT_THAT(
      states.Missing(key, Split::kBlocks, kNoCut),
      ElementsAre(Range(5, 15), Range(15, 25), Range(35, 45), Range(45, 55), Range(55, 65)));
  states.Fill(key, Range(35, 65), NodeOf(2));
  states.Fill(key, Range(5, 25), {});  // no point
  EXPECT_THAT(states.Missing(key, Split::kRuns, kNoCut), IsEmpty());
  EXPECT_EQ(SumOf(states.Merged(key)), 3);
  EXPECT_EQ(states.Merged(key).points, 2U);
}

TEST(LevelStates, APointDropsTheSpanThatHoldsIt) {
  LevelStates states(Of({10, 20, 60}), 1 << 20);
  for (int64_t t = 0; t < 60; t += 10) states.Set({{EventTime{t}, 0}, 1}, NodeOf(t));
  for (int64_t t = 0; t < 60; t += 20) states.Set({{EventTime{t}, 1}, 1}, NodeOf(t));
  states.Forget(2, EventTime{30});
  states.Forget(1, EventTime{39});
  EXPECT_EQ(states.Find({{EventTime{30}, 0}, 1}), nullptr);
  EXPECT_THAT(states.Missing({{EventTime{20}, 1}, 1}, Split::kRuns, kNoCut),
              ElementsAre(Range(30, 40)));
  EXPECT_THAT(states.Missing({{EventTime{0}, 2}, 1}, Split::kRuns, kNoCut),
              ElementsAre(Range(20, 40)));
  states.Forget(1, EventTime{40});
  EXPECT_THAT(states.Missing({{EventTime{0}, 2}, 1}, Split::kRuns, kNoCut),
              ElementsAre(Range(20, 60)));
}

TEST(LevelStates, WindowsBetweenArePartlyKnown) {
  LevelStates states(Of({10, 20, 60}), 1 << 20);
  states.Set({{EventTime{30}, 0}, 1}, NodeOf(1));
  states.Set({{EventTime{40}, 0}, 1}, NodeOf(1));
  states.Set({{EventTime{40}, 1}, 1}, NodeOf(1));
  EXPECT_THAT(states.PartlyKnown({{EventTime{0}, 2}, 1}), ElementsAre(WindowId{EventTime{20}, 1}));
  EXPECT_THAT(states.PartlyKnown({{EventTime{0}, 2}, 2}), IsEmpty());
  EXPECT_THAT(states.PartlyKnown({{EventTime{20}, 1}, 1}), IsEmpty());  // of the finest
}

TEST(LevelStates, BeyondTheBoundWindowsBecomeCoarserBeforeTheyGo) {
  const Windows windows = Of({10, 60});
  LevelStates states(windows, 0);
  const LevelStates::Key key{{EventTime{0}, 1}, 0};
  LevelStates::Key last = key;
  const auto fill = [&] {
    for (int64_t t = 0; t < 60; t += 10) states.Set({{EventTime{t}, 0}, 0}, NodeOf(1));
  };
  fill();
  const size_t one = states.bytes();
  LevelStates bounded(windows, one);
  for (uint32_t row = 0; row < 3; ++row) {
    last.row = row;
    for (int64_t t = 0; t < 60; t += 10) bounded.Set({{EventTime{t}, 0}, row}, NodeOf(1));
    bounded.Trim();
    EXPECT_LE(bounded.bytes(), one);
    EXPECT_EQ(SumOf(bounded.Merged(last)), 6);
  }
  EXPECT_EQ(bounded.Find({{EventTime{10}, 0}, 1}), nullptr);
  states.Trim();
  EXPECT_EQ(states.bytes(), 0U);
  EXPECT_THAT(states.Missing(key, Split::kRuns, kNoCut), ElementsAre(Range(0, 60)));
}

/// Points change at random, windows are asked at random, in any order of levels; each answer is the
/// sum of the points.
TEST(LevelStates, AnswersAreThoseOfThePoints) {
  for (const int64_t bound : {0, 20'000, 1 << 30}) {
    std::mt19937_64 random(11);
    // 400 of the finest in the coarsest: it keeps blocks.
    const Windows windows = Of({1, 8, 400}, 3);
    LevelStates states(windows, static_cast<size_t>(bound));
    std::map<std::pair<uint32_t, int64_t>, int64_t> points;
    uint64_t asked = 0;
    const auto read = [&](uint32_t row, TimeRange range) {
      LevelStates::Node out;
      const auto end = points.lower_bound({row, range.end.ns});
      for (auto it = points.lower_bound({row, range.start.ns}); it != end; ++it) {
        LevelStates::MergeInto(out, NodeOf(it->second));
      }
      ++asked;
      return out;
    };
    for (int step = 0; step < 20'000; ++step) {
      const auto row = static_cast<uint32_t>(random() % 3);
      const EventTime t{static_cast<int64_t>(random() % 1200)};
      if (random() % 3 == 0) {
        points[{row, t.ns}] = static_cast<int64_t>(random() % 1000);
        states.Forget(row, t);
        continue;
      }
      const auto level = static_cast<uint8_t>(random() % 3);
      const LevelStates::Key key{{windows.StartOf(t, level), level}, row};
      const TimeRange window = windows.WindowAt(key.window);
      LevelStates::Node node;
      if (const auto* known = states.Find(key)) {
        node = *known;
      } else if (!states.Merges(level)) {
        node = read(row, window);
        states.Set(key, node);
      } else {
        const auto split = random() % 2 == 0 ? Split::kRuns : Split::kBlocks;
        for (const TimeRange& range : states.Missing(key, split, kNoCut)) {
          states.Fill(key, range, read(row, range));
        }
        node = states.Merged(key);
        states.Set(key, node);
      }
      ASSERT_EQ(SumOf(node), SumOf(read(row, window))) << step << " of bound " << bound;
      if (random() % 4 == 0) states.Trim();
    }
    EXPECT_GT(asked, 1000U);
  }
}

}  // namespace
}  // namespace tidemark::view
