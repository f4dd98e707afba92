// SPDX-License-Identifier: Apache-2.0
#include "agg/histogram.h"

#include <limits>

#include <gmock/gmock.h>

#include "agg/aggregate.h"

namespace tidemark::agg {
namespace {

using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();

Bounds Of(std::vector<double> bounds) { return HistogramBounds::Make(std::move(bounds)).value(); }

template <typename T>
std::vector<int64_t> Cumulated(const Bounds& bounds, Type type, std::vector<T> values) {
  std::vector<int64_t> out;
  State state({Kind::kHistogram, type, bounds});
  state.Add({}, std::span<const T>(values));
  for (const Aggregate& column : Columns(*AggregateFromName("histogram"), bounds)) {
    out.push_back(std::get<int64_t>(FinishAs(column, state).value()));
  }
  return out;
}

TEST(HistogramBounds, RefusesWhatIsNoAscendingListOfNumbers) {
  for (const auto& bounds : std::vector<std::vector<double>>{
           {}, {1, 1}, {2, 1}, {kInf}, {std::numeric_limits<double>::quiet_NaN()}, {0.0, -0.0}}) {
    const auto made = HistogramBounds::Make(bounds);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, Code::kInvalidArgument);
  }
  EXPECT_FALSE(HistogramBounds::Make(std::vector<double>(257, 0)).ok());
}

TEST(HistogramBounds, NamesColumnsByTheShortestText) {
  std::vector<std::string> names;
  for (const Aggregate& c : Columns(*AggregateFromName("histogram"), Of({-1, -0.0, 0.5, 50, 90}))) {
    names.push_back(c.name);
    EXPECT_EQ(ResultTypeOf(c, Type::kDouble), Type::kBigint);
    EXPECT_TRUE(CheckAggregate(c, Type::kBigint).ok());
    EXPECT_FALSE(CheckAggregate(c, Type::kVarchar).ok());
  }
  EXPECT_THAT(names, ElementsAre("le_-1", "le_0", "le_0.5", "le_50", "le_90", "le_inf"));
}

TEST(HistogramBounds, AnAggregateWithoutBoundsIsRefused) {
  const Aggregate histogram = *AggregateFromName("histogram");
  EXPECT_EQ(Columns(histogram, nullptr).size(), 1U);
  EXPECT_EQ(CheckAggregate(histogram, Type::kDouble).error().message,
            "histogram: a histogram needs bounds");
}

TEST(Histogram, CountsAtOrBelowEachBound) {
  EXPECT_THAT(Cumulated<double>(Of({0, 50, 90}), Type::kDouble,
                                {-0.0, 0, 50, 50.000000000000007, 90, 91, kInf, -kInf}),
              ElementsAre(3, 4, 6, 8));
  EXPECT_THAT(Cumulated<double>(Of({0, 50}), Type::kDouble, {}), ElementsAre(0, 0, 0));
}

TEST(Histogram, ComparesIntegersWithoutRounding) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  EXPECT_THAT(Cumulated<int64_t>(Of({-0x1p63, 0x1p53, 0x1p63}), Type::kBigint,
                                 {kMin, kMin + 1, int64_t{1} << 53, (int64_t{1} << 53) + 1, kMax}),
              ElementsAre(1, 3, 5, 5));
  EXPECT_THAT(Cumulated<int64_t>(Of({-1e300, -1.5, 2.5}), Type::kBigint, {kMin, -2, -1, 2, 3}),
              ElementsAre(0, 2, 4, 5));
}

TEST(Histogram, KeepsItsBoundsThroughMergeResetAndBytes) {
  const Spec spec{Kind::kHistogram, Type::kDouble, Of({1, 2})};
  State a(spec);
  const std::vector<double> values{0.5, 1.5, 3, 4};
  a.Add({}, std::span<const double>(values));
  State b = a;
  b.Merge(b);
  b.Merge(a);
  EXPECT_EQ(b.spec(), spec);
  EXPECT_EQ(b.Finish({.of = Reading::Of::kBucket, .bucket = 1}).value(), Scalar(int64_t{6}));
  EXPECT_EQ(b.Finish({.of = Reading::Of::kBucket, .bucket = 2}).value(), Scalar(int64_t{12}));
  b.Reset();
  EXPECT_EQ(b.Finish({.of = Reading::Of::kBucket, .bucket = 2}).value(), Scalar(int64_t{0}));
  b.Merge(a);
  ByteWriter left;
  ByteWriter right;
  a.AppendTo(left);
  b.AppendTo(right);
  EXPECT_EQ(left.view(), right.view());
  EXPECT_NE(spec, (Spec{Kind::kHistogram, Type::kDouble, Of({1, 3})}));
}

}  // namespace
}  // namespace tidemark::agg
