// SPDX-License-Identifier: Apache-2.0
// Partial states of the coarse windows of a view with levels, by parts: each window of a level is
// made of those of the nearest finer level that divides it, and what is known of it is kept as
// spans of such windows, one state for each span. One late point drops the span that holds it, on
// each level; all others stay.
//
// 1. A span says what the store said about its points when it was asked, and no point of it was
//    read from the feed since: Forget() comes before everything else that a point leads to. So it
//    is never set again, only dropped.
// 2. Spans of a window do not overlap, ascend, and begin and end with finer windows.
// 3. Bounded: beyond the bound the windows touched longest ago become coarser first (neighbours
//    merge), then they go. Whatever is missing is asked from the store.
// Single-owner.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "view/group_states_internal.h"
#include "view/window.h"

namespace tidemark::view {

class LevelStates {
 public:
  using Node = GroupStates::Node;
  /// A window of more finer ones keeps them in blocks, about so many.
  static constexpr int64_t kBlocksMax = 64;

  LevelStates(const Windows& windows, size_t bytes_max);

  struct Key {
    WindowId window;
    uint32_t row = 0;  // series or group
    friend bool operator==(const Key&, const Key&) = default;
  };

  /// Whether windows of `level` are made of finer ones.
  bool Merges(uint8_t level) const { return base_[level].has_value(); }
  /// The state of a whole window, known as a span of a coarser one. Until the next change.
  const Node* Find(const Key& key) const;
  /// The state of a whole window, for those that are made of such.
  void Set(const Key& key, const Node& node);

  enum class Split : uint8_t {
    kRuns,    // what is missing side by side is one range: cheap to ask for
    kBlocks,  // .. is cut into finer windows, or blocks of them: a late point costs one
  };
  /// What is not known of a window that is made of finer ones; cut before the finer window that
  /// holds `cut`, if that is inside.
  std::vector<TimeRange> Missing(const Key& key, Split split, EventTime cut) const;
  /// Finer windows, not known as a whole, of which something is known. None where the finer ones
  /// are of the finest level.
  std::vector<WindowId> PartlyKnown(const Key& key) const;
  /// One range of Missing(), before anything else of the window is changed.
  void Fill(const Key& key, TimeRange range, Node node);
  /// Of all that is known of a window.
  Node Merged(const Key& key);
  /// A point of the row changed.
  void Forget(uint32_t row, EventTime time);
  /// Keeps to the bound.
  void Trim();
  void Clear();

  size_t bytes() const { return bytes_; }
  static void MergeInto(Node& into, const Node& from);

 private:
  struct KeyHash {
    size_t operator()(const Key& key) const noexcept;
  };
  struct Span {
    EventTime begin;
    EventTime end;
    Node node;
  };
  struct Entry {
    std::vector<Span> spans;
    size_t bytes = 0;
    bool several = false;  // spans, so that it may become coarser: which list it is in
    std::list<Key>::iterator place;
  };
  using Entries = std::unordered_map<Key, Entry, KeyHash>;

  nanoseconds SizeOf(uint8_t level) const { return sizes_[level]; }
  nanoseconds BlockOf(uint8_t level) const;
  /// The window of `level` that holds `time`.
  WindowId Holding(EventTime time, uint8_t level) const;
  std::list<Key>& ListOf(const Entry& entry) { return entry.several ? several_ : single_; }
  Entry& Touch(const Key& key);
  void Place(Entry& entry);
  void Insert(const Key& key, Span span);
  void Charge(Entry& entry, size_t bytes);
  /// Merges neighbours that begin in the same `block` of their window.
  void Join(const Key& key, Entry& entry, nanoseconds block);
  static size_t BytesOf(const Entry& entry);
  static size_t BytesOf(const Span& span);

  const Windows windows_;
  const size_t bytes_max_;
  std::array<nanoseconds, kLevelsMax> sizes_{};
  std::array<std::optional<uint8_t>, kLevelsMax> base_{};
  size_t bytes_ = 0;
  Entries entries_;
  std::list<Key> several_;  // the newest first, as the next
  std::list<Key> single_;
};

}  // namespace tidemark::view
