// SPDX-License-Identifier: Apache-2.0
#include "agg/percentiles.h"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "agg/testing/sample_groups.h"

namespace tidemark::agg {
namespace {

constexpr std::array kPs{0.0, 0.001, 0.01, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0};

Percentiles Of(std::span<const uint64_t> values) {
  Percentiles out;
  for (const uint64_t value : values) out.Add(value);
  return out;
}

Percentiles Merged(std::span<const uint64_t> values, std::mt19937_64& random) {
  if (values.size() < 1000 || random() % 8 == 0) return Of(values);
  const size_t cut = random() % values.size();
  Percentiles out = Merged(values.first(cut), random);
  out.Merge(Merged(values.subspan(cut), random));
  return out;
}

/// The rule as it is written: leading bits, counters, smallest values.
std::vector<uint64_t> Naive(std::vector<uint64_t> values, std::span<const double> ps) {
  std::sort(values.begin(), values.end());
  unsigned shift = 0;
  const auto counters = [&] {
    size_t n = 1;
    for (size_t i = 1; i < values.size(); ++i)
      n += values[i] >> shift != values[i - 1] >> shift ? 1 : 0;
    return n;
  };
  while (counters() > Percentiles::kCountersMax) ++shift;
  std::vector<uint64_t> out;
  for (const double p : ps) {
    const auto rank = static_cast<size_t>(p * static_cast<double>(values.size()));
    const uint64_t value = values[std::min(rank, values.size() - 1)];
    const uint64_t first = value >> shift << shift;  // of those with the same leading bits
    out.push_back(rank >= values.size() ? value
                                        : *std::lower_bound(values.begin(), values.end(), first));
  }
  return out;
}

TEST(Percentiles, TakesElementFloorOfPTimesNPlusOne) {
  Percentiles ten;
  for (int64_t i = 10; i >= 1; --i) ten.Add(OrderedBits(i));
  const auto at = [&](double p) { return IntegerOfOrdered(ten.At(p).value()); };
  // timestream-sql.md 5.8.
  EXPECT_EQ(at(0), 1);
  EXPECT_EQ(at(0.1), 2);
  EXPECT_EQ(at(0.5), 6);
  EXPECT_EQ(at(0.9), 10);
  EXPECT_EQ(at(1), 10);
  EXPECT_EQ(Percentiles().At(0.5), std::nullopt);
}

TEST(Percentiles, CountsAValueAsOftenAsItsWeight) {
  Percentiles weighted;
  weighted.Add(OrderedBits(int64_t{3}), 6);
  weighted.Add(OrderedBits(int64_t{1}), 1);
  weighted.Add(OrderedBits(int64_t{2}), 3);
  EXPECT_EQ(IntegerOfOrdered(weighted.At(0.3).value()), 2);
  EXPECT_EQ(IntegerOfOrdered(weighted.At(0.5).value()), 3);
  EXPECT_EQ(weighted.count(), 10U);
}

TEST(Percentiles, SortsDoublesAsOrderByDoes) {
  const std::vector<double> sorted{-INFINITY, -2, -0.0, 0.0, 1e-300, 5, INFINITY, NAN};
  for (size_t i = 1; i < sorted.size(); ++i)
    EXPECT_LT(OrderedBits(sorted[i - 1]), OrderedBits(sorted[i])) << i;
  for (size_t i = 0; i + 1 < sorted.size(); ++i)
    EXPECT_EQ(DoubleOfOrdered(OrderedBits(sorted[i])), sorted[i]);
  EXPECT_EQ(OrderedBits(-std::numeric_limits<double>::quiet_NaN()), OrderedBits(NAN));
}

/// Sets on both sides of the bound, with repeats, clusters and far outliers.
std::vector<std::vector<uint64_t>> Sets(std::mt19937_64& random) {
  std::vector<std::vector<uint64_t>> sets(6);
  std::lognormal_distribution<double> lognormal(3, 1.5);
  for (int i = 0; i < 80'000; ++i) {
    const double unit = static_cast<double>(random() >> 11U) * 0x1p-53;
    if (i < 30'000) sets[0].push_back(OrderedBits(std::round(unit * 1e4) / 100));
    sets[1].push_back(OrderedBits(unit * 100));
    sets[2].push_back(OrderedBits(lognormal(random)));
    sets[3].push_back(OrderedBits(static_cast<int64_t>(1'700'000'000'000'000'000 + i * 977)));
    if (i < 80'000)
      sets[4].push_back(
          OrderedBits(i % 2 == 0 ? 1 + unit * 1e-9 : std::ldexp(unit, i % 600 - 300)));
    sets[5].push_back(random());
  }
  return sets;
}

TEST(Percentiles, AnyOrderAndMergeTreeGiveTheSameAnswers) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  for (std::vector<uint64_t>& values : Sets(random)) {
    const Percentiles whole = Of(values);
    const std::vector<uint64_t> wanted = whole.At(kPs);
    EXPECT_EQ(wanted, Naive(values, kPs)) << "TM_SEED=" << seed;
    std::shuffle(values.begin(), values.end(), random);
    const Percentiles merged = Merged(values, random);
    EXPECT_EQ(merged.At(kPs), wanted) << "TM_SEED=" << seed;
    EXPECT_EQ(merged.bits(), whole.bits()) << "TM_SEED=" << seed;
    EXPECT_EQ(merged.count(), values.size());
    EXPECT_LE(merged.heap_bytes(), size_t{2} << 20U);
  }
}

TEST(Percentiles, IsExactWithAsManyValuesAsCounters) {
  Percentiles at_bound;
  for (int64_t i = 0; i < 65'536; ++i) at_bound.Add(OrderedBits(i * 1'000'003), 3);
  EXPECT_EQ(at_bound.bits(), 64);
  EXPECT_EQ(IntegerOfOrdered(at_bound.At(0.5).value()), 32'768 * int64_t{1'000'003});
  at_bound.Add(OrderedBits(int64_t{-1}));
  EXPECT_LT(at_bound.bits(), 64);
  at_bound.Merge(at_bound);
  EXPECT_EQ(at_bound.count(), 2U * (3 * 65'536 + 1));
}

// Beyond the bound: how far the answer's rank is from the wanted one (docs/sql.md quotes it).
TEST(Percentiles, StaysNearTheWantedRankBeyondTheBound) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  std::vector<std::vector<uint64_t>> sets = Sets(random);
  const std::map<size_t, double> bounds{{1, 1e-4}, {2, 1e-4}, {3, 1e-4}, {4, 0.6}, {5, 1e-4}};
  for (const auto& [index, bound] : bounds) {
    std::vector<uint64_t>& values = sets[index];
    const Percentiles state = Of(values);
    std::sort(values.begin(), values.end());
    double worst = 0;
    std::vector<double> ps;
    for (int i = 0; i <= 1000; ++i) ps.push_back(i / 1000.0);
    const std::vector<uint64_t> answers = state.At(ps);
    for (size_t i = 0; i < ps.size(); ++i) {
      const auto place = std::lower_bound(values.begin(), values.end(), answers[i]);
      const auto n = static_cast<double>(values.size());
      const double rank = static_cast<double>(place - values.begin());
      worst = std::max(worst, std::abs(rank - std::min(std::floor(ps[i] * n), n - 1)) / n);
    }
    EXPECT_LE(worst, bound) << "set " << index << " TM_SEED=" << seed;
    RecordProperty("rank_error_" + std::to_string(index), std::to_string(worst));
  }
}

}  // namespace
}  // namespace tidemark::agg
