// SPDX-License-Identifier: Apache-2.0
#include "agg/aggregate.h"

#include <gtest/gtest.h>

namespace tidemark::agg {
namespace {

State StateOf(const Aggregate& aggregate, std::vector<double> values) {
  State state({aggregate.kind, Type::kDouble});
  const std::vector<EventTime> times(values.size());
  state.Add({times, "s"}, std::span<const double>(values));
  return state;
}

TEST(Aggregate, NamesSayWhatIsRead) {
  const auto value = [](std::string_view name) {
    const auto aggregate = AggregateFromName(name);
    EXPECT_TRUE(aggregate) << name;
    if (!aggregate) return Scalar{};
    EXPECT_EQ(aggregate->name, name);
    return *FinishAs(*aggregate, StateOf(*aggregate, {5, 1, 4, 2}));
  };
  EXPECT_EQ(value("sum"), Scalar{12.0});
  EXPECT_EQ(value("var_pop"), Scalar{2.5});
  EXPECT_EQ(value("stddev_samp"), Scalar{1.8257418583505538});
  // Element floor(p * n) + 1 (timestream-sql.md 5.8).
  EXPECT_EQ(value("median"), Scalar{4.0});
  EXPECT_EQ(value("p50"), Scalar{4.0});
  EXPECT_EQ(value("p0"), Scalar{1.0});
  EXPECT_EQ(value("p100"), Scalar{5.0});
  EXPECT_EQ(value("approx_distinct"), Scalar{int64_t{4}});
}

TEST(Aggregate, APercentileIsRoundedOnce) {
  EXPECT_EQ(AggregateFromName("p99.9")->reading.p, 0.999);
  EXPECT_EQ(AggregateFromName("p95")->reading.p, 0.95);
  EXPECT_EQ(AggregateFromName("p7")->reading.p, 0.07);
}

TEST(Aggregate, RefusesOtherNames) {
  for (const char* name : {"", "p", "p101", "p-1", "p5e1", "p.5", "p5.", "percentile", "AVG", "p 5",
                           "moments", "percentiles", "distinct", "pnan", "pinf"}) {
    EXPECT_FALSE(AggregateFromName(name)) << name;
  }
}

TEST(Aggregate, PercentilesOfBigintsAreDoubles) {
  const Aggregate p = *AggregateFromName("p50");
  EXPECT_EQ(ResultTypeOf(p, Type::kBigint), Type::kDouble);
  EXPECT_EQ(ResultTypeOf(*AggregateFromName("max"), Type::kBigint), Type::kBigint);
  EXPECT_EQ(ResultTypeOf(*AggregateFromName("approx_distinct"), Type::kVarchar), Type::kBigint);
  State state({p.kind, Type::kBigint});
  const EventTime time;
  const int64_t value = 3;
  state.Add({{&time, 1}, "s"}, std::span(&value, 1));
  EXPECT_EQ(*FinishAs(p, state), Scalar{3.0});
  EXPECT_NE(CheckAggregate(p, Type::kVarchar).error().message.find("p50"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::agg
