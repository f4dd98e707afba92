// SPDX-License-Identifier: Apache-2.0
#include "pipeline/order_sketch.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/testing/seed.h"

namespace tidemark::pipeline {
namespace {

TEST(OrderSketch, SaysBoundsThatCoverAndAreNeverTooLow) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  SeededRandom random(seed);
  for (int run = 0; run < 50; ++run) {
    OrderSketch sketch;
    std::vector<int64_t> all;
    for (uint64_t n = 1 + random.Below(5000); n > 0; --n) {
      const auto value = static_cast<int64_t>(random.Below(uint64_t{1} << random.Below(50)));
      all.push_back(value);
      value == 0 ? sketch.AddInOrder(1) : sketch.Add(nanoseconds(value));
    }
    std::ranges::sort(all);
    for (const double share : {0.0, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(all.size())));
      const int64_t exact = rank == 0 ? 0 : all[rank - 1];
      const int64_t bound = sketch.Bound(share).count();
      EXPECT_GE(bound, exact);
      EXPECT_LE(static_cast<double>(bound), static_cast<double>(exact) * (1 + 1.0 / 32) + 1);
      EXPECT_GE(sketch.Covered(nanoseconds(bound)), share);
    }
    EXPECT_EQ(sketch.count(), all.size());
    ByteWriter bytes;
    sketch.Encode(bytes);
    ByteReader in(bytes.view());
    const auto again = OrderSketch::Decode(in);
    ASSERT_TRUE(again.ok() && in.AtEnd());
    EXPECT_EQ(again->count(), sketch.count());
    EXPECT_EQ(again->behind(), sketch.behind());
    EXPECT_EQ(again->max(), sketch.max());
    EXPECT_EQ(again->Bound(0.9), sketch.Bound(0.9));
    EXPECT_EQ(again->Covered(sketch.Bound(0.5)), sketch.Covered(sketch.Bound(0.5)));
    EXPECT_EQ(sketch.max().count(), all.back());
  }
}

TEST(OrderSketch, MergedIsTheSketchOfAll) {
  OrderSketch a;
  OrderSketch b;
  OrderSketch both;
  for (int64_t i = 1; i < 1000; ++i) {
    (i % 3 == 0 ? a : b).Add(nanoseconds(i * i * i));
    both.Add(nanoseconds(i * i * i));
  }
  a.AddInOrder(5);
  both.AddInOrder(5);
  a.Merge(b);
  for (const double share : {0.1, 0.5, 0.99, 1.0}) EXPECT_EQ(a.Bound(share), both.Bound(share));
  EXPECT_EQ(a.count(), both.count());
}

TEST(OrderSketch, OfNothingCoversAll) {
  EXPECT_EQ(OrderSketch().Bound(0.99), nanoseconds(0));
  EXPECT_EQ(OrderSketch().Covered(nanoseconds(0)), 1);
}

}  // namespace
}  // namespace tidemark::pipeline
