// SPDX-License-Identifier: Apache-2.0
// Partial states of the groups of a view whose rows stand for many series: one late point costs the
// series of its leaf and a path to the root, never the group. A tree for each (window, group), with
// kFanOut members a leaf and kFanOut children a node; members are numbered as they are met, so that
// new ones extend the tree at its end. Bounded: the least recently used trees are dropped and made
// again from the store. Single-owner.
#pragma once

#include <list>
#include <map>
#include <span>
#include <vector>

#include "agg/state.h"
#include "view/marks_internal.h"
#include "view/series_book_internal.h"
#include "view/window.h"

namespace tidemark::view {

class GroupStates {
 public:
  static constexpr uint32_t kFanOut = 16;

  struct Node {
    uint64_t points = 0;
    std::vector<agg::State> states;  // one per spec; empty: nothing so far
  };

  explicit GroupStates(size_t bytes_max) : bytes_max_(bytes_max) {}

  struct Key {
    WindowId window;
    GroupIndex group = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Leaf {
    Key key;
    uint32_t leaf = 0;
  };

  /// A new tree begins with no stale leaf, all empty. True: it is new.
  bool Touch(const Key& key, size_t members);
  bool Has(const Key& key) const { return trees_.contains(key); }
  /// The leaf has to be evaluated again before Root().
  void MakeStale(const Key& key, uint32_t leaf);
  /// Up to `count_max` stale leaves of any tree, from its end: there they leave it cheaply.
  std::vector<Leaf> Stale(size_t count_max) const;
  void SetLeaf(const Leaf& leaf, Node node);
  /// Of a tree without stale leaves; merges the paths that changed.
  const Node& Root(const Key& key);
  /// Drops trees beyond the bound, those touched longest ago first, but none with stale leaves.
  void Trim();
  void Clear();

 private:
  struct Tree {
    std::vector<std::vector<Node>> levels;  // [0]: leaves; the last one has one node
    std::vector<uint32_t> stale;            // leaves, sorted, each once
    std::vector<uint32_t> changed;          // leaves since the last Root()
    size_t bytes = 0;
    std::list<Key>::iterator place;  // in used_
  };

  static void Grow(Tree& tree, size_t members);
  static size_t BytesOf(const Node& node);
  void Charge(Tree& tree, const Node& before, const Node& after);

  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::map<Key, Tree> trees_;
  std::list<Key> used_;  // the newest first
  std::vector<Key> with_stale_;
};

}  // namespace tidemark::view
