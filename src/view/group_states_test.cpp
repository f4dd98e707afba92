// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "view/group_states_internal.h"

namespace tidemark::view {
namespace {

const agg::Spec kSum{agg::Kind::kSum, agg::Type::kBigint};

GroupStates::Node NodeOf(int64_t value) {
  GroupStates::Node node{.points = 1, .states = {agg::State(kSum)}};
  const EventTime at{1};
  node.states[0].Add({.times = {&at, 1}, .series_key = {}}, std::span<const int64_t>(&value, 1));
  return node;
}

int64_t SumOf(const GroupStates::Node& node) {
  return node.states.empty() ? 0 : std::get<int64_t>(node.states[0].Finish().value());
}

/// Leaves set at random in trees that grow, against a map; dropped trees are filled again.
TEST(GroupStates, TheRootIsTheSumOfTheLeaves) {
  std::mt19937_64 random(11);
  GroupStates states(40'000);
  std::map<GroupStates::Key, std::map<uint32_t, int64_t>> model;
  size_t members = 1;
  size_t made_again = 0;
  for (int step = 0; step < 4000; ++step) {
    if (random() % 8 == 0) members = std::min<size_t>(members + random() % 400, 20'000);
    const GroupStates::Key key{{EventTime{static_cast<int64_t>(random() % 3)}, 0},
                               static_cast<GroupIndex>(random() % 2)};
    auto& leaves = model[key];
    if (states.Touch(key, members) && !leaves.empty()) {
      ++made_again;
      for (const auto& [leaf, value] : leaves) states.MakeStale(key, leaf);
    }
    for (uint64_t n = random() % 4; n > 0; --n) {
      const auto leaf =
          static_cast<uint32_t>(random() % ((members - 1) / GroupStates::kFanOut + 1));
      leaves[leaf] = static_cast<int64_t>(random() % 1000);
      states.MakeStale(key, leaf);
    }
    for (auto stale = states.Stale(7); !stale.empty(); stale = states.Stale(7)) {
      for (const auto& leaf : stale) states.SetLeaf(leaf, NodeOf(leaves.at(leaf.leaf)));
    }
    int64_t expected = 0;
    for (const auto& [leaf, value] : leaves) expected += value;
    ASSERT_EQ(SumOf(states.Root(key)), expected) << step;
    ASSERT_EQ(states.Root(key).points, leaves.size());
    states.Trim();
  }
  EXPECT_GT(made_again, 10U);  // the bound was met
}

}  // namespace
}  // namespace tidemark::view
