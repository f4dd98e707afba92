// SPDX-License-Identifier: Apache-2.0
// Rows J16..J21, P13 and H14's values of event-time.md, and that neither cuts nor the order of
// series change a byte.
#include "agg/series_fold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <utility>

#include <gmock/gmock.h>

#include "agg/aggregate.h"
#include "agg/testing/sample_groups.h"

namespace tidemark::agg {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr int64_t kBigMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kBigMin = std::numeric_limits<int64_t>::min();

EventTime At(int64_t second) { return {second * 1'000'000'000}; }
TimeRange Window(int64_t from, int64_t to) { return {At(from), At(to)}; }

template <typename T>
struct Sample {
  int64_t second;
  T value;
};

template <typename T>
constexpr Type kTypeOf = std::is_same_v<T, double> ? Type::kDouble : Type::kBigint;

template <typename T>
void Add(State& state, std::string_view series, const std::vector<Sample<T>>& samples) {
  std::vector<EventTime> times;
  std::vector<T> values;
  for (const auto& [second, value] : samples) {
    times.push_back(At(second));
    values.push_back(value);
  }
  state.Add({.times = times, .series_key = series}, std::span<const T>(values));
}

template <typename T = double>
State Of(std::string_view name, const std::vector<Sample<T>>& samples,
         std::string_view series = "s") {
  State state(AggregateFromName(name)->spec(kTypeOf<T>));
  Add(state, series, samples);
  return state;
}

Scalar Read(std::string_view name, const State& state, TimeRange window = {{}, {}}) {
  return FinishAs(*AggregateFromName(name), state, window).value();
}
Scalar Resets(const State& state) { return state.Finish({.of = Reading::Of::kResets}).value(); }

std::string Bytes(const State& state) {
  ByteWriter out;
  state.AppendTo(out);
  return std::move(out).Take();
}

TEST(Increase, J16CountsResets) {
  const State state = Of<double>("increase", {{1, 5}, {2, 15}, {3, 3}, {4, 8}});
  EXPECT_EQ(Read("increase", state), Scalar(18.0));
  EXPECT_EQ(Resets(state), Scalar(int64_t{1}));
}

TEST(Increase, J17ALateSampleIsFoldedInTimeOrder) {
  // The pieces 10..10, 30..30 must not meet before the one between them: joined in time order.
  State state = Of<double>("increase", {{10, 5}});
  State late = Of<double>("increase", {{20, 10}});
  late.Merge(Of<double>("increase", {{30, 15}}));
  state.Merge(late);
  EXPECT_EQ(Read("increase", state), Scalar(10.0));
  EXPECT_EQ(Resets(state), Scalar(int64_t{0}));
}

TEST(Increase, J18CarriesInTheSampleBeforeTheWindow) {
  State state = Of<double>("increase", {{12, 30}, {18, 50}});
  EXPECT_EQ(Read("increase", state), Scalar(20.0));
  state.AddCarry(At(8), "s", 20.0);
  EXPECT_EQ(Read("increase", state), Scalar(30.0));
  EXPECT_EQ(Read("rate", state, Window(10, 20)), Scalar(3.0));
  // Another, one of another series, and one that is not before the first sample: not used.
  state.AddCarry(At(9), "s", 25.0);
  state.AddCarry(At(9), "t", 25.0);
  EXPECT_EQ(Read("increase", state), Scalar(30.0));
  State after = Of<double>("increase", {{12, 30}, {18, 50}});
  after.AddCarry(At(12), "s", 20.0);
  EXPECT_EQ(Read("increase", after), Scalar(20.0));
}

TEST(Increase, J19AdjacentWindowsAddUp) {
  const State first = Of<double>("increase", {{2, 0}, {8, 20}});
  State second = Of<double>("increase", {{12, 30}, {18, 50}});
  second.AddCarry(At(8), "s", 20.0);
  EXPECT_EQ(Read("increase", first), Scalar(20.0));
  EXPECT_EQ(Read("increase", second), Scalar(30.0));
  State both = first;
  both.Merge(second);
  EXPECT_EQ(Read("increase", both), Scalar(50.0));
  EXPECT_EQ(Bytes(both), Bytes(Of<double>("increase", {{2, 0}, {8, 20}, {12, 30}, {18, 50}})));
}

TEST(Increase, H14ALateSampleChangesTheCarryOfTheNextWindow) {
  State state = Of<double>("increase", {{12, 30}, {18, 50}});
  state.AddCarry(At(9), "s", 25.0);
  EXPECT_EQ(Read("increase", state), Scalar(25.0));
}

TEST(Increase, AFallAgainstTheCarryIsAReset) {
  State state = Of<double>("increase", {{12, 3}, {18, 5}});
  state.AddCarry(At(9), "s", 100.0);
  EXPECT_EQ(Read("increase", state), Scalar(5.0));
  EXPECT_EQ(Resets(state), Scalar(int64_t{1}));
}

TEST(Increase, OfOneSampleIsZero) {
  EXPECT_EQ(Read("increase", Of<double>("increase", {{1, 7}})), Scalar(0.0));
  EXPECT_EQ(Read("increase", Of<int64_t>("increase", {{1, 7}})), Scalar(int64_t{0}));
  EXPECT_EQ(Read("increase", State(AggregateFromName("increase")->spec(Type::kDouble))), Scalar());
}

TEST(Increase, OfBigintsIsExact) {
  EXPECT_EQ(Read("increase", Of<int64_t>("increase", {{1, (int64_t{1} << 53) + 1}, {2, kBigMax}})),
            Scalar(kBigMax - (int64_t{1} << 53) - 1));
  // Beyond BIGINT on the way, not at the end; and beyond it at the end.
  const State beyond = Of<int64_t>("increase", {{1, kBigMin}, {2, kBigMax}});
  EXPECT_EQ(FinishAs(*AggregateFromName("increase"), beyond).error().code, Code::kOutOfRange);
  EXPECT_EQ(Read("rate", beyond, Window(0, 2)), Scalar(0x1p63));
  EXPECT_EQ(Read("delta", Of<int64_t>("delta", {{1, 5}, {2, kBigMin + 5}})), Scalar(kBigMin));
  EXPECT_TRUE(MayOverflow(*AggregateFromName("increase"), Type::kBigint));
  EXPECT_FALSE(MayOverflow(*AggregateFromName("rate"), Type::kBigint));
  EXPECT_FALSE(MayOverflow(*AggregateFromName("increase"), Type::kDouble));
}

TEST(Increase, OfDoublesIsRoundedOnce) {
  // 0.1 - 0 + (0.3 - 0.1) in doubles is 0.30000000000000004 or worse with a naive loop.
  EXPECT_EQ(Read("increase", Of<double>("increase", {{1, 0}, {2, 0.1}, {3, 0.3}})), Scalar(0.3));
  EXPECT_EQ(Read("increase", Of<double>("increase", {{1, 1e16}, {2, 1}, {3, 2}})), Scalar(2.0));
  EXPECT_TRUE(std::isnan(
      std::get<double>(Read("increase", Of<double>("increase", {{1, 1}, {2, kInf}, {3, 2}})))));
}

TEST(Increase, OfAGroupIsTheSumOverItsSeries) {
  State group = Of<double>("increase", {{1, 5}, {3, 15}}, "a");
  group.Merge(Of<double>("increase", {{2, 100}, {4, 130}}, "b"));
  EXPECT_EQ(Read("increase", group), Scalar(40.0));
  EXPECT_EQ(Read("rate", group, Window(0, 5)), Scalar(8.0));
}

TEST(Delta, IsLastMinusFirstWithoutCarry) {
  State state = Of<double>("delta", {{12, 30}, {15, 70}, {18, 20}});
  state.AddCarry(At(9), "s", 1000.0);
  EXPECT_EQ(Read("delta", state), Scalar(-10.0));
  State group = state;
  group.Merge(Of<double>("delta", {{12, 1}, {13, 4}}, "t"));
  EXPECT_EQ(Read("delta", group), Scalar(-7.0));
}

TEST(TimeWeighted, J20CarriesInTheValueBeforeTheWindow) {
  State state = Of<double>("twa", {{2, 10}, {6, 20}});
  state.AddCarry(At(-2), "s", 4.0);
  EXPECT_EQ(Read("twa", state, Window(0, 10)), Scalar(12.8));
  EXPECT_EQ(Read("coverage", state, Window(0, 10)), Scalar(1.0));
}

TEST(TimeWeighted, J21TheHeadIsLeftOutWithoutACarry) {
  const State state = Of<double>("twa", {{2, 10}, {6, 20}});
  EXPECT_EQ(Read("twa", state, Window(0, 10)), Scalar(15.0));
  EXPECT_EQ(Read("coverage", state, Window(0, 10)), Scalar(0.8));
}

TEST(TimeWeighted, OfAGroupIsTheIntegralOverTheCoveredTime) {
  State group = Of<double>("twa", {{2, 10}, {6, 20}}, "a");  // 120 over 8 s
  group.Merge(Of<double>("twa", {{5, 3}}, "b"));             // 15 over 5 s
  State carried = Of<double>("twa", {{4, 1}}, "c");          // 4 * 2 + 6 over 10 s
  carried.AddCarry(At(-1), "c", 2.0);
  group.Merge(carried);
  EXPECT_EQ(Read("twa", group, Window(0, 10)), Scalar((120.0 + 15 + 14) / 23));
  EXPECT_EQ(Read("coverage", group, Window(0, 10)), Scalar(23.0 / 30));
}

TEST(TimeWeighted, IsRoundedOnceAtTimesOfToday) {
  // 1.7e18 ns since 1970, and steps that are no doubles' multiples.
  State state(AggregateFromName("twa")->spec(Type::kDouble));
  const std::vector<EventTime> times{{1'764'191'873'000'000'001}, {1'764'191'874'000'000'004}};
  const std::vector<double> values{0.1, 0.3};
  state.Add({times, "s"}, std::span<const double>(values));
  const TimeRange window{{1'764'191'870'000'000'000}, {1'764'191'875'000'000'000}};
  // (0.1 * 1000000003 + 0.3 * 999999996) / 1999999999 by exact fractions (Python).
  EXPECT_EQ(Read("twa", state, window), Scalar(0.19999999965));
}

TEST(TimeWeighted, OfALastSampleAtTheEndCoversNothing) {
  const State state = Of<double>("twa", {{10, 5}});
  EXPECT_EQ(Read("twa", state, Window(0, 10)), Scalar());
  EXPECT_EQ(FinishAs(*AggregateFromName("twa"), state).error().code, Code::kInvalidArgument);
  EXPECT_EQ(FinishAs(*AggregateFromName("rate"), Of<double>("rate", {{1, 1}})).error().code,
            Code::kInvalidArgument);
}

TEST(TimeWeighted, OfCoveredTimesBeyondSixtyFourBits) {
  State group = Of<double>("twa", {{0, 3}}, "a");
  for (int i = 0; i < 5; ++i) {
    group.Merge(Of<double>("twa", {{0, 6}}, std::string(1, static_cast<char>('b' + i))));
  }
  // Six series of 9e18 ns each.
  EXPECT_EQ(Read("twa", group, {{0}, {9'000'000'000'000'000'000}}), Scalar(5.5));
  EXPECT_EQ(Read("coverage", group, {{0}, {9'000'000'000'000'000'000}}), Scalar(1.0));
}

TEST(SeriesFold, NamesAndTypes) {
  EXPECT_EQ(ResultTypeOf(*AggregateFromName("increase"), Type::kBigint), Type::kBigint);
  EXPECT_EQ(ResultTypeOf(*AggregateFromName("delta"), Type::kBigint), Type::kBigint);
  EXPECT_EQ(ResultTypeOf(*AggregateFromName("delta"), Type::kDouble), Type::kDouble);
  for (const char* name : {"rate", "twa", "coverage"}) {
    EXPECT_EQ(ResultTypeOf(*AggregateFromName(name), Type::kBigint), Type::kDouble) << name;
  }
  for (const char* name : {"increase", "rate", "delta", "twa", "coverage"}) {
    EXPECT_FALSE(CheckAggregate(*AggregateFromName(name), Type::kVarchar).ok()) << name;
    EXPECT_FALSE(CheckAggregate(*AggregateFromName(name), Type::kBoolean).ok()) << name;
  }
}

/// The state of [from, to) of one series: cut anywhere, joined in any tree, through bytes at times.
template <typename T>
State Piece(const Spec& spec, std::string_view series, std::span<const Sample<T>> samples,
            std::mt19937_64& random) {
  State state(spec);
  if (samples.size() > 1 && random() % 3 != 0) {
    const size_t cut = 1 + random() % (samples.size() - 1);
    state = Piece(spec, series, samples.first(cut), random);
    State later = Piece(spec, series, samples.subspan(cut), random);
    // What the later piece held on its own is the earlier piece's last sample.
    if constexpr (std::is_same_v<T, double>) {
      if (random() % 2 == 0)
        later.AddCarry(At(samples[cut - 1].second), series, samples[cut - 1].value);
    }
    if (random() % 2 == 0) std::swap(state, later);
    state.Merge(later);
  } else {
    // Runs one after the other.
    const size_t cut = samples.empty() ? 0 : random() % samples.size();
    if (cut > 0)
      Add<T>(state, series, {samples.begin(), samples.begin() + static_cast<ptrdiff_t>(cut)});
    if (!samples.empty())
      Add<T>(state, series, {samples.begin() + static_cast<ptrdiff_t>(cut), samples.end()});
  }
  if (random() % 2 == 0) {
    const std::string bytes = Bytes(state);
    ByteReader in(bytes);
    state = State::Read(spec, in).value();
  }
  return state;
}

template <typename T>
void CheckOrderFree(const Spec& spec, SampleGroups& groups, std::mt19937_64& random) {
  for (size_t index = 0; index < 200; ++index) {
    std::map<std::string, std::vector<Sample<T>>> series;
    int64_t second = -20;
    for (const double value : groups.Next(index)) {
      auto& samples = series[std::string(1, static_cast<char>('a' + random() % 3))];
      if (samples.size() == 25) break;
      T v = 0;
      if constexpr (std::is_same_v<T, double>) {
        v = value;
      } else {
        v = static_cast<int64_t>(std::bit_cast<uint64_t>(value));
      }
      samples.push_back({second += static_cast<int64_t>(1 + random() % 4), v});
    }
    const bool carried = random() % 2 == 0;
    std::vector<std::string> bytes;
    for (int round = 0; round < 3; ++round) {
      std::vector<State> states;
      for (const auto& [name, samples] : series) {
        states.push_back(Piece<T>(spec, name, samples, random));
        if (carried) states.back().AddCarry(At(-30), name, T{7});
      }
      while (states.size() > 1) {  // any two
        std::shuffle(states.begin(), states.end(), random);
        State last = std::move(states.back());
        states.pop_back();
        states.back().Merge(last);
      }
      bytes.push_back(Bytes(states.empty() ? State(spec) : states[0]));
    }
    // And by runs of one series after the other.
    State state(spec);
    for (const auto& [name, samples] : series) {
      Add<T>(state, name, samples);
      if (carried) state.AddCarry(At(-30), name, T{7});
    }
    bytes.push_back(Bytes(state));
    for (const std::string& other : bytes) {
      ASSERT_EQ(other, bytes[0]) << KindName(spec.kind) << " group " << index;
    }
  }
}

TEST(SeriesFoldProperty, CutsAndTheOrderOfSeriesChangeNoByte) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  SampleGroups groups(seed);
  std::mt19937_64 random(seed);
  for (const char* name : {"increase", "delta", "twa"}) {
    const Aggregate aggregate = *AggregateFromName(name);
    CheckOrderFree<double>(aggregate.spec(Type::kDouble), groups, random);
    CheckOrderFree<int64_t>(aggregate.spec(Type::kBigint), groups, random);
  }
}

// P13, and all three against a naive loop over small integers, where that is exact.
TEST(SeriesFoldProperty, P13EqualsTheLoopAndAddsUpOverAdjacentWindows) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    std::vector<Sample<double>> samples;
    for (int64_t second = 0; second < 60; second += 1 + static_cast<int64_t>(random() % 5)) {
      samples.push_back({second, static_cast<double>(random() % 50) - 10});
    }
    double expected = 0;
    double sum = 0;
    double integral = 0;
    for (size_t i = 0; i < samples.size(); ++i) {
      const auto [second, v] = samples[i];
      const int64_t next = i + 1 < samples.size() ? samples[i + 1].second : 60;
      integral += v * static_cast<double>(next - second);
      if (i == 0) continue;
      const double before = samples[i - 1].value;
      expected += v >= before ? v - before : v;
    }
    for (int64_t start = 0; start < 60; start += 15) {
      std::vector<Sample<double>> inside;
      const Sample<double>* before = nullptr;
      for (const auto& s : samples) {
        if (s.second < start) before = &s;
        if (s.second >= start && s.second < start + 15) inside.push_back(s);
      }
      State window = Of<double>("increase", inside);
      if (before != nullptr) window.AddCarry(At(before->second), "s", before->value);
      sum += std::get<double>(Read("increase", window));
    }
    EXPECT_EQ(sum, expected);
    EXPECT_EQ(Read("increase", Of<double>("increase", samples)), Scalar(expected));
    EXPECT_EQ(Read("delta", Of<double>("delta", samples)),
              Scalar(samples.back().value - samples.front().value));
    EXPECT_EQ(Read("twa", Of<double>("twa", samples), Window(0, 60)), Scalar(integral / 60));
  }
}

}  // namespace
}  // namespace tidemark::agg
