// SPDX-License-Identifier: Apache-2.0
// AddSummary() of a run against Add() of its values: the same bytes.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>

#include "agg/extremes_internal.h"
#include "agg/state.h"
#include "agg/testing/sample_groups.h"

namespace tidemark::agg {
namespace {

__extension__ using Int128 = __int128;

constexpr std::array kKinds{Kind::kCount, Kind::kSum,   Kind::kAvg, Kind::kMin,
                            Kind::kMax,   Kind::kFirst, Kind::kLast};

uint64_t BitsOf(double v) { return std::bit_cast<uint64_t>(v); }
uint64_t BitsOf(int64_t v) { return static_cast<uint64_t>(v); }
uint64_t BitsOf(EventTime v) { return static_cast<uint64_t>(v.ns); }

void Sum(std::span<const double> values, Summary& out) {
  ExactSum sum;
  for (const double value : values) {
    out.special |= !std::isfinite(value);
    sum.Add(value);
  }
  const auto pair = sum.AsPair();
  out.sum_usable = pair.has_value() && !out.special;
  if (out.sum_usable) std::tie(out.sum_hi, out.sum_lo) = *pair;
}
void Sum(std::span<const int64_t> values, Summary& out) {
  Int128 sum = 0;
  for (const int64_t value : values) sum += value;
  out.sum_usable = true;
  out.sum_low = static_cast<uint64_t>(sum);
  out.sum_high = static_cast<int64_t>(sum >> 64);
}
void Sum(std::span<const EventTime>, Summary&) {}

template <typename T>
Summary Summarise(std::span<const EventTime> times, std::span<const T> values) {
  Summary out;
  out.count = values.size();
  if (values.empty()) return out;
  Sum(values, out);
  const auto less = [](const T& a, const T& b) { return Precedes(a, b); };
  const auto [low, high] = std::minmax_element(values.begin(), values.end(), less);
  out.min_bits = BitsOf(*low);
  out.max_bits = BitsOf(*high);
  out.first_bits = BitsOf(values.front());
  out.last_bits = BitsOf(values.back());
  out.first_time = times.front();
  out.last_time = times.back();
  return out;
}

std::string Bytes(const State& state) {
  ByteWriter out;
  state.AppendTo(out);
  return std::move(out).Take();
}

/// Values as three runs of two series; one of them added whole, the others by value.
template <typename T>
void CheckRuns(Type type, std::span<const T> values, std::mt19937_64& random) {
  std::vector<EventTime> times(values.size());
  for (size_t i = 0; i < times.size(); ++i) times[i].ns = static_cast<int64_t>(i / 2);
  const size_t a = random() % (values.size() + 1);
  const size_t b = a + random() % (values.size() + 1 - a);
  const size_t summarised = random() % 3;
  const std::array<size_t, 4> bounds{0, a, b, values.size()};
  for (const Kind kind : kKinds) {
    if (!CheckSpec({kind, type}).ok()) continue;
    State by_value({kind, type});
    State mixed({kind, type});
    for (size_t r = 0; r < 3; ++r) {
      const size_t n = bounds[r + 1] - bounds[r];
      const auto some = values.subspan(bounds[r], n);
      const auto run_times = std::span<const EventTime>(times).subspan(bounds[r], n);
      const std::string_view key = r == 1 ? "series-b" : "series-a";
      by_value.Add({run_times, key}, some);
      const Summary summary = Summarise<T>(run_times, some);
      if (r == summarised && State::CanSummarise({kind, type}, summary)) {
        mixed.AddSummary(summary, key);
      } else {
        mixed.Add({run_times, key}, some);
      }
    }
    ASSERT_EQ(Bytes(mixed), Bytes(by_value)) << KindName(kind) << " of " << values.size();
  }
}

TEST(Summary, OfDoublesGivesTheBytesOfTheValues) {
  SCOPED_TRACE("TM_SEED=" + std::to_string(TestSeed()));
  std::mt19937_64 random(TestSeed());
  SampleGroups groups(TestSeed());
  for (size_t i = 0; i < 3000 && !testing::Test::HasFatalFailure(); ++i) {
    const std::vector<double> values = groups.Next(i);
    CheckRuns<double>(Type::kDouble, values, random);
  }
}

TEST(Summary, OfIntegersGivesTheBytesOfTheValues) {
  SCOPED_TRACE("TM_SEED=" + std::to_string(TestSeed()));
  std::mt19937_64 random(TestSeed());
  for (size_t i = 0; i < 1000 && !testing::Test::HasFatalFailure(); ++i) {
    std::vector<int64_t> values(random() % 40);
    std::vector<EventTime> instants(values.size());
    for (size_t k = 0; k < values.size(); ++k) {
      values[k] = static_cast<int64_t>(random()) >> (random() % 64);
      if (random() % 10 == 0) values[k] = random() % 2 == 0 ? INT64_MIN : INT64_MAX;
      instants[k].ns = values[k];
    }
    CheckRuns<int64_t>(Type::kBigint, values, random);
    CheckRuns<EventTime>(Type::kTimestamp, instants, random);
  }
}

TEST(Summary, SaysWhatItCannotStandFor) {
  const Summary plain{.count = 2, .sum_usable = true};
  const Summary special{.count = 2, .special = true};
  const Summary no_sum{.count = 2};
  const auto can = [](Kind kind, Type type, const Summary& summary) {
    return State::CanSummarise({kind, type}, summary);
  };
  EXPECT_TRUE(can(Kind::kCount, Type::kVarchar, special));
  EXPECT_TRUE(can(Kind::kSum, Type::kDouble, plain));
  EXPECT_FALSE(can(Kind::kSum, Type::kDouble, no_sum));
  EXPECT_FALSE(can(Kind::kAvg, Type::kBigint, no_sum));
  EXPECT_TRUE(can(Kind::kMin, Type::kTimestamp, no_sum));
  EXPECT_FALSE(can(Kind::kMax, Type::kDouble, special));
  EXPECT_FALSE(can(Kind::kFirst, Type::kVarchar, plain));
  EXPECT_FALSE(can(Kind::kLast, Type::kBoolean, plain));
}

}  // namespace
}  // namespace tidemark::agg
