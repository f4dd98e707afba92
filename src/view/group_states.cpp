// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "view/group_states_internal.h"

namespace tidemark::view {

bool GroupStates::Touch(const Key& key, size_t members) {
  const auto [it, is_new] = trees_.try_emplace(key);
  Tree& tree = it->second;
  if (is_new) {
    used_.push_front(key);
    tree.place = used_.begin();
  } else {
    used_.splice(used_.begin(), used_, tree.place);
  }
  Grow(tree, members);
  return is_new;
}

// A tree that grows beyond its root is merged again above its leaves: rare, as sizes multiply.
void GroupStates::Grow(Tree& tree, size_t members) {
  const auto nodes_over = [](size_t n) { return (n + kFanOut - 1) / kFanOut; };
  const size_t leaves = std::max<size_t>(1, nodes_over(members));
  if (!tree.levels.empty() && leaves <= tree.levels.front().size()) return;
  const size_t depth_before = tree.levels.size();
  size_t level = 0;
  for (size_t n = leaves;; n = nodes_over(n), ++level) {
    if (level == tree.levels.size()) tree.levels.emplace_back();
    tree.levels[level].resize(std::max(n, tree.levels[level].size()));
    if (n == 1) break;
  }
  if (depth_before == 0 || depth_before == tree.levels.size()) return;
  for (uint32_t leaf = 0; leaf < tree.levels.front().size(); leaf += kFanOut) {
    tree.changed.push_back(leaf);
  }
}

void GroupStates::MakeStale(const Key& key, uint32_t leaf) {
  Tree& tree = trees_.at(key);
  TM_DCHECK(leaf < tree.levels.front().size());
  const auto at = std::lower_bound(tree.stale.begin(), tree.stale.end(), leaf);
  if (at != tree.stale.end() && *at == leaf) return;
  if (tree.stale.empty()) with_stale_.push_back(key);
  tree.stale.insert(at, leaf);
}

std::vector<GroupStates::Leaf> GroupStates::Stale(size_t count_max) const {
  std::vector<Leaf> out;
  for (const Key& key : with_stale_) {
    const std::vector<uint32_t>& stale = trees_.at(key).stale;
    for (auto leaf = stale.rbegin(); leaf != stale.rend(); ++leaf) {
      if (out.size() == count_max) return out;
      out.push_back({key, *leaf});
    }
  }
  return out;
}

size_t GroupStates::BytesOf(const Node& node) {
  size_t bytes = sizeof(Node) + node.states.size() * sizeof(agg::State);
  for (const agg::State& state : node.states) bytes += state.heap_bytes();
  return bytes;
}

void GroupStates::Charge(Tree& tree, const Node& before, const Node& after) {
  const size_t less = BytesOf(before);
  const size_t more = BytesOf(after);
  tree.bytes = tree.bytes + more - std::min(less, tree.bytes + more);
  bytes_ = bytes_ + more - std::min(less, bytes_ + more);
}

void GroupStates::SetLeaf(const Leaf& leaf, Node node) {
  Tree& tree = trees_.at(leaf.key);
  Node& at = tree.levels.front()[leaf.leaf];
  Charge(tree, at, node);
  at = std::move(node);
  tree.changed.push_back(leaf.leaf);
  const auto stale = std::lower_bound(tree.stale.begin(), tree.stale.end(), leaf.leaf);
  if (stale == tree.stale.end() || *stale != leaf.leaf) return;
  tree.stale.erase(stale);
  if (tree.stale.empty()) std::erase(with_stale_, leaf.key);
}

const GroupStates::Node& GroupStates::Root(const Key& key) {
  Tree& tree = trees_.at(key);
  TM_CHECK(tree.stale.empty());
  std::vector<uint32_t> changed = std::move(tree.changed);
  tree.changed.clear();
  for (size_t level = 0; level + 1 < tree.levels.size(); ++level) {
    for (uint32_t& node : changed) node /= kFanOut;
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const uint32_t parent : changed) {
      Node merged;
      const auto& children = tree.levels[level];
      const size_t end = std::min<size_t>(children.size(), (size_t{parent} + 1) * kFanOut);
      for (size_t child = size_t{parent} * kFanOut; child < end; ++child) {
        const Node& from = children[child];
        if (from.states.empty()) continue;
        merged.points += from.points;
        if (merged.states.empty()) {
          merged.states = from.states;
          continue;
        }
        for (size_t s = 0; s < from.states.size(); ++s) merged.states[s].Merge(from.states[s]);
      }
      Node& at = tree.levels[level + 1][parent];
      Charge(tree, at, merged);
      at = std::move(merged);
    }
  }
  return tree.levels.back().front();
}

void GroupStates::Trim() {
  while (bytes_ > bytes_max_ && !used_.empty()) {
    const auto tree = trees_.find(used_.back());
    if (!tree->second.stale.empty()) return;
    bytes_ -= std::min(bytes_, tree->second.bytes);
    trees_.erase(tree);
    used_.pop_back();
  }
}

void GroupStates::Clear() {
  trees_.clear();
  used_.clear();
  with_stale_.clear();
  bytes_ = 0;
}

}  // namespace tidemark::view
