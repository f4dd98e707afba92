// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Use = MemoryBudget::Use;

TEST(MemoryBudget, ANodeUsesWhatItsPartsUse) {
  MemoryBudget root(1000);
  MemoryBudget& store = root.Child("store", 600);
  store.Add(5);
  store.Child("queue", 100).Add(20);
  store.Child("queue", 7).Add(1);  // the same node; its limit stays
  root.Child("sql", 300).Poll([] { return uint64_t{7}; });
  EXPECT_EQ(root.bytes(), 33U);
  EXPECT_EQ(store.bytes(), 26U);
  EXPECT_THAT(root.Report(),
              ElementsAre(Pair("sql", Use{7, 300}), Pair("store", Use{26, 600}),
                          Pair("store.queue", Use{21, 100}), Pair("total", Use{33, 1000})));
}

TEST(MemoryBudget, PolledPartsAppearAsChildrenUntilNobodyIsAsked) {
  MemoryBudget root(1000);
  MemoryBudget& store = root.Child("store", 600);
  store.PollParts([] { return MemoryBudget::Parts{{"frozen", 3}, {"memory", 4}}; });
  EXPECT_THAT(root.Report(),
              ElementsAre(Pair("store", Use{7, 600}), Pair("store.frozen", Use{3, 0}),
                          Pair("store.memory", Use{4, 0}), Pair("total", Use{7, 1000})));
  store.PollParts(nullptr);
  EXPECT_EQ(root.bytes(), 0U);
}

TEST(MemoryBudget, AddsAndSubtractionsAreSeenAsNothingBelowZero) {
  MemoryBudget root(10);
  root.Add(-3);
  EXPECT_EQ(root.bytes(), 0U);
  root.Add(5);
  EXPECT_EQ(root.bytes(), 2U);
}

TEST(MemoryBudget, IsPublishedByName) {
  MemoryBudget root(1000);
  root.Child("sql", 300).Add(7);
  root.Child("results", 0).Add(1);
  MetricRegistry metrics;
  PublishMemory(root, metrics);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("tidemark_memory_bytes{budget=\"sql\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("tidemark_memory_bytes{budget=\"results\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tidemark_memory_bytes{budget=\"total\"} 8\n"));
  EXPECT_THAT(text, HasSubstr("tidemark_memory_bytes_max{budget=\"sql\"} 300\n"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("bytes_max{budget=\"results\"}")));
}

}  // namespace
}  // namespace tidemark
