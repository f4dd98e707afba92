// SPDX-License-Identifier: Apache-2.0
// Golden bytes of docs/format/agg.md: a change here breaks stored and exchanged states.
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "agg/state.h"

namespace tidemark::agg {
namespace {

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string Unhex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

/// The state's bytes in hex, after checking that they read back to the same and that no prefix
/// does.
std::string Golden(const State& state) {
  ByteWriter out;
  state.AppendTo(out);
  ByteReader in(out.view());
  const auto read = State::Read(state.spec(), in);
  EXPECT_TRUE(read.ok() && in.AtEnd());
  if (read.ok()) {
    ByteWriter again;
    read->AppendTo(again);
    EXPECT_EQ(Hex(again.view()), Hex(out.view()));
  }
  for (size_t size = 0; size < out.size(); ++size) {
    ByteReader cut(out.view().substr(0, size));
    const auto partial = State::Read(state.spec(), cut);
    EXPECT_FALSE(partial.ok()) << size << " bytes of " << Hex(out.view());
  }
  return Hex(out.view());
}

template <typename T>
State Of(Kind kind, Type type, std::vector<T> values) {
  State state({kind, type});
  const std::vector<EventTime> times(values.size(), EventTime{258});
  state.Add({.times = times, .series_key = "key"}, std::span<const T>(values));
  return state;
}

State Sum(std::vector<double> values) { return Of(Kind::kSum, Type::kDouble, std::move(values)); }

TEST(AggFormat, EmptyAndCount) {
  EXPECT_EQ(Golden(State({Kind::kAvg, Type::kDouble})), "00");
  State count({Kind::kCount, Type::kBigint});
  count.AddCount(300);
  EXPECT_EQ(Golden(count), "ac02");
}

TEST(AggFormat, SumOfDouble) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Golden(Sum({1, -1})), "0200");
  EXPECT_EQ(Golden(Sum({1.5})),
            "0101"
            "000000000000f83f"
            "0000000000000000");
  EXPECT_EQ(Golden(Sum({1, 0x1p-60})),
            "0201"
            "000000000000f03f"
            "000000000000303c");
  // 2^200 + 1 + 2^-200: bit 1274, 1074 and 874, so limbs 27 to 39.
  EXPECT_EQ(Golden(Sum({0x1p200, 1, 0x1p-200})),
            "0302"
            "1b0d"
            "00040000" +
                std::string(5 * 8, '0') + "00000400" + std::string(5 * 8, '0') + "00000004");
  EXPECT_EQ(Golden(Sum({-0x1p200, -1, -0x1p-200})),
            "0303"
            "1b0d"
            "00040000" +
                std::string(5 * 8, '0') + "00000400" + std::string(5 * 8, '0') + "00000004");
  EXPECT_EQ(Golden(Sum({1, std::numeric_limits<double>::quiet_NaN()})), "0204");
  EXPECT_EQ(Golden(Sum({kInf})), "0105");
  EXPECT_EQ(Golden(Sum({-kInf, 7})), "0206");
}

TEST(AggFormat, SumOfBigint) {
  EXPECT_EQ(Golden(Of<int64_t>(Kind::kAvg, Type::kBigint, {-2})),
            "01"
            "feffffffffffffff"
            "ffffffffffffffff");
  EXPECT_EQ(Golden(Of<int64_t>(Kind::kSum, Type::kBigint, {1, 2})),
            "02"
            "0300000000000000"
            "0000000000000000");
}

TEST(AggFormat, MinAndMax) {
  EXPECT_EQ(Golden(Of<double>(Kind::kMin, Type::kDouble, {-0.0})),
            "01"
            "0000000000000080");
  EXPECT_EQ(
      Golden(Of<double>(Kind::kMax, Type::kDouble, {-std::numeric_limits<double>::quiet_NaN()})),
      "01"
      "000000000000f87f");
  EXPECT_EQ(Golden(Of<int64_t>(Kind::kMax, Type::kBigint, {-1, -3})),
            "02"
            "ffffffffffffffff");
  EXPECT_EQ(Golden(Of<std::string_view>(Kind::kMin, Type::kVarchar, {"b", "ab"})),
            "02"
            "02"
            "6162");
  EXPECT_EQ(Golden(Of<EventTime>(Kind::kMin, Type::kTimestamp, {{513}})),
            "01"
            "0102000000000000");
  State truth({Kind::kMax, Type::kBoolean});
  const std::array<bool, 2> flags{true, false};
  truth.Add({}, std::span<const bool>(flags));
  EXPECT_EQ(Golden(truth),
            "02"
            "01");
}

TEST(AggFormat, FirstAndLast) {
  EXPECT_EQ(Golden(Of<double>(Kind::kFirst, Type::kDouble, {2})),
            "01"
            "0201000000000000"
            "03"
            "6b6579"
            "0000000000000040");
  EXPECT_EQ(Golden(Of<std::string_view>(Kind::kLast, Type::kVarchar, {"v"})),
            "01"
            "0201000000000000"
            "03"
            "6b6579"
            "01"
            "76");
}

TEST(AggFormat, MomentsPercentilesAndDistinctCounts) {
  // Sums of 3 and -5, and of their squares: -2 and 34; both words weigh 2^0.
  EXPECT_EQ(Golden(Of<double>(Kind::kMoments, Type::kDouble, {3, -5})),
            "02"
            "00"
            "03"
            "00"
            "0200000000000000"
            "02"
            "00"
            "2200000000000000");
  EXPECT_EQ(Golden(Of<double>(Kind::kMoments, Type::kDouble,
                              {3, std::numeric_limits<double>::infinity()})),
            "02"
            "01");
  // Ordered bits of -1 and 1: 2^63 - 1 and 2^63 + 1.
  EXPECT_EQ(Golden(Of<int64_t>(Kind::kPercentiles, Type::kBigint, {1, -1, 1})),
            "03"
            "00"
            "02"
            "ffffffffffffffff7f"
            "01"
            "02"
            "02"
            "00");
  EXPECT_EQ(Golden(Of<std::string_view>(Kind::kDistinct, Type::kVarchar, {"", ""})),
            "02"
            "0b"
            "01"
            "c294d3380580062d");
}

/// Runs of several series, one after the other, in seconds of 2^8 ns.
template <typename T>
State Series(Kind kind, Type type, std::vector<std::pair<std::string, std::vector<T>>> series) {
  State state({kind, type});
  for (const auto& [key, values] : series) {
    std::vector<EventTime> times;
    for (size_t i = 0; i < values.size(); ++i)
      times.push_back({static_cast<int64_t>(256 * (i + 1))});
    state.Add({.times = times, .series_key = key}, std::span<const T>(values));
  }
  return state;
}

TEST(AggFormat, OneSeriesBetweenItsSamples) {
  State increase = Series<int64_t>(Kind::kIncrease, Type::kBigint, {{"k", {7, 2, 5}}});
  const std::string samples =
      "0001000000000000"
      "0700000000000000"
      "0003000000000000"
      "0500000000000000";
  EXPECT_EQ(Golden(increase),
            "03"
            "01"
            "01"
            "6b" +
                samples +
                "00"
                "02"
                "00"
                "0700000000000000"
                "01");
  increase.AddCarry({1}, "k", int64_t{-1});
  EXPECT_EQ(Golden(increase),
            "03"
            "01"
            "01"
            "6b" +
                samples +
                "01"
                "0100000000000000"
                "ffffffffffffffff"
                "02"
                "00"
                "0700000000000000"
                "01");
  EXPECT_EQ(Golden(Series<int64_t>(Kind::kDelta, Type::kBigint, {{"k", {7, 2, 5}}})),
            "03"
            "01"
            "01"
            "6b" +
                samples + "00");
  // (7 + 2) * 256.
  EXPECT_EQ(Golden(Series<int64_t>(Kind::kTimeWeighted, Type::kBigint, {{"k", {7, 2, 5}}})),
            "03"
            "01"
            "01"
            "6b" +
                samples +
                "00"
                "02"
                "00"
                "0009000000000000");
  EXPECT_EQ(Golden(Series<double>(Kind::kDelta, Type::kDouble, {{"", {1, 2}}})),
            "02"
            "01"
            "00"
            "0001000000000000"
            "000000000000f03f"
            "0002000000000000"
            "0000000000000040"
            "00");
}

TEST(AggFormat, SeveralSeriesBetweenTheirSamples) {
  EXPECT_EQ(Golden(Series<int64_t>(Kind::kIncrease, Type::kBigint, {{"a", {7, 2}}, {"b", {1, 4}}})),
            "04"
            "00"
            "02"
            "02"
            "00"
            "0500000000000000"
            "01");
  EXPECT_EQ(Golden(Series<int64_t>(Kind::kDelta, Type::kBigint, {{"a", {7, 2}}, {"b", {1, 6}}})),
            "04"
            "00"
            "02"
            "00");
  // a: 7 * 256 - 2 * 512; b, carried in: 1 * 256 - 6 * 512 + 3 * 256.
  State twa = Series<int64_t>(Kind::kTimeWeighted, Type::kBigint, {{"a", {7, 2}}, {"b", {1, 6}}});
  twa.AddCarry({0}, "b", int64_t{3});
  EXPECT_EQ(Golden(twa),
            "04"
            "00"
            "02"
            "03"
            "00"
            "0005000000000000"
            "02"
            "00"
            "0800000000000000"
            "01"
            "02"
            "00"
            "0300000000000000"
            "02"
            "00"
            "0001000000000000");
  EXPECT_EQ(Golden(Series<double>(Kind::kIncrease, Type::kDouble,
                                  {{"a", {std::numeric_limits<double>::infinity()}}})),
            "01"
            "02");
}

TEST(AggFormat, HistogramsAreCountersByBucket) {
  State state({Kind::kHistogram, Type::kDouble, HistogramBounds::Make({0, 10}).value()});
  const std::vector<double> values{-1, 0, 11};
  state.Add({}, std::span<const double>(values));
  EXPECT_EQ(Golden(state),
            "03"
            "02"
            "00"
            "01");
}

TEST(AggFormat, RefusesForeignBytes) {
  const auto refused = [](const Spec& spec, std::string_view hex) {
    const std::string bytes = Unhex(hex);
    ByteReader in(bytes);
    const auto read = State::Read(spec, in);
    return !read.ok() && read.error().code == Code::kCorruption;
  };
  EXPECT_TRUE(refused({Kind::kSum, Type::kDouble}, "0107"));  // unknown tag
  EXPECT_TRUE(refused({Kind::kMax, Type::kDouble},
                      "01"
                      "010000000000f87f"));  // another NaN
  EXPECT_TRUE(refused({Kind::kMax, Type::kBoolean},
                      "01"
                      "02"));  // no truth value
  EXPECT_TRUE(refused({Kind::kMin, Type::kVarchar},
                      "01"
                      "ffffffffffffffffff01"
                      "61"));
  EXPECT_TRUE(refused({Kind::kCount, Type::kDouble}, "ffffffffffffffffffff"));  // varint too long
  EXPECT_TRUE(refused({Kind::kMoments, Type::kDouble}, "0102"));                // neither 0 nor 1
  EXPECT_TRUE(refused({Kind::kMoments, Type::kDouble}, "010001"));              // minus zero
  EXPECT_TRUE(refused({Kind::kMoments, Type::kDouble}, "0100020000000000000000000000"));
  EXPECT_TRUE(refused({Kind::kPercentiles, Type::kBigint}, "013100"));          // 15 bits
  EXPECT_TRUE(refused({Kind::kPercentiles, Type::kBigint}, "010001050000"));    // weight 0
  EXPECT_TRUE(refused({Kind::kPercentiles, Type::kBigint}, "02000205010001"));  // not ascending
  EXPECT_TRUE(refused({Kind::kDistinct, Type::kBigint}, "010300"));             // 8 registers
  EXPECT_TRUE(refused({Kind::kIncrease, Type::kBigint}, "0103"));               // unknown tag
  EXPECT_TRUE(refused({Kind::kDelta, Type::kBigint},
                      "020001"
                      "00"));  // totals of one
  const std::string samples =
      "0002000000000000"
      "0700000000000000"
      "0001000000000000"
      "0500000000000000";
  EXPECT_TRUE(refused({Kind::kDelta, Type::kBigint}, "020100" + samples + "00"));  // back in time
  const Bounds bounds = HistogramBounds::Make({0}).value();
  EXPECT_TRUE(refused({Kind::kHistogram, Type::kDouble, bounds}, "030101"));  // two of three
  EXPECT_TRUE(refused({Kind::kHistogram, Type::kDouble, bounds}, "010002"));  // two of one
}

}  // namespace
}  // namespace tidemark::agg
