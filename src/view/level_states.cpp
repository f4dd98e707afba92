// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "view/level_states_internal.h"

namespace tidemark::view {

LevelStates::LevelStates(const Windows& windows, size_t bytes_max)
    : windows_(windows), bytes_max_(bytes_max) {
  for (uint8_t level = 0; level < windows_.levels(); ++level) {
    const TimeRange window = windows_.WindowAt({EventTime{0}, level});
    sizes_[level] = window.end - window.start;
    for (uint8_t finer = 0; finer < level; ++finer) {
      if (sizes_[level] % sizes_[finer] == nanoseconds(0)) base_[level] = finer;
    }
  }
}

size_t LevelStates::KeyHash::operator()(const Key& key) const noexcept {
  uint64_t h = static_cast<uint64_t>(key.window.start.ns) * 0x9e3779b97f4a7c15U;
  h = (h ^ (uint64_t{key.row} << 8U) ^ key.window.level) * 0xbf58476d1ce4e5b9U;
  return h ^ (h >> 31U);
}

nanoseconds LevelStates::BlockOf(uint8_t level) const {
  const nanoseconds base = SizeOf(base_[level].value());
  const int64_t count = SizeOf(level) / base;
  return base * ((count + kBlocksMax - 1) / kBlocksMax);
}

WindowId LevelStates::Holding(EventTime time, uint8_t level) const {
  return {windows_.StartOf(time, level), level};
}

const LevelStates::Node* LevelStates::Find(const Key& key) const {
  const EventTime end = windows_.WindowAt(key.window).end;
  for (uint8_t level = key.window.level + 1; level < windows_.levels(); ++level) {
    if (base_[level] != key.window.level) continue;
    const auto entry = entries_.find({Holding(key.window.start, level), key.row});
    if (entry == entries_.end()) continue;
    const auto& spans = entry->second.spans;
    const auto at = std::ranges::lower_bound(spans, key.window.start, {}, &Span::begin);
    if (at != spans.end() && at->begin == key.window.start && at->end == end) return &at->node;
  }
  return nullptr;
}

void LevelStates::Set(const Key& key, const Node& node) {
  const TimeRange window = windows_.WindowAt(key.window);
  for (uint8_t level = key.window.level + 1; level < windows_.levels(); ++level) {
    if (base_[level] != key.window.level) continue;
    Insert({Holding(window.start, level), key.row}, {window.start, window.end, node});
  }
}

std::vector<TimeRange> LevelStates::Missing(const Key& key, Split split, EventTime cut) const {
  const TimeRange window = windows_.WindowAt(key.window);
  const nanoseconds base = SizeOf(base_[key.window.level].value());
  const nanoseconds block =
      split == Split::kBlocks ? BlockOf(key.window.level) : window.end - window.start;
  if (cut > window.start && cut < window.end) {
    cut = window.start + (cut - window.start) / base * base;
  }
  std::vector<TimeRange> out;
  const auto add = [&](EventTime from, EventTime to) {
    while (from < to) {
      EventTime end = window.start + ((from - window.start) / block + 1) * block;
      if (from < cut) end = std::min(end, cut);
      out.push_back({from, std::min(end, to)});
      from = end;
    }
  };
  EventTime next = window.start;
  if (const auto entry = entries_.find(key); entry != entries_.end()) {
    for (const Span& span : entry->second.spans) {
      add(next, span.begin);
      next = span.end;
    }
  }
  add(next, window.end);
  return out;
}

std::vector<WindowId> LevelStates::PartlyKnown(const Key& key) const {
  std::vector<WindowId> out;
  const uint8_t base = base_[key.window.level].value();
  if (!base_[base]) return out;
  for (const TimeRange& range : Missing(key, Split::kRuns, EventTime{INT64_MAX})) {
    for (EventTime start = range.start; start < range.end; start = start + SizeOf(base)) {
      const auto entry = entries_.find({{start, base}, key.row});
      if (entry != entries_.end() && !entry->second.spans.empty()) out.push_back({start, base});
    }
  }
  return out;
}

void LevelStates::Fill(const Key& key, TimeRange range, Node node) {
  Insert(key, {range.start, range.end, std::move(node)});
}

void LevelStates::MergeInto(Node& into, const Node& from) {
  if (from.states.empty()) return;
  into.points += from.points;
  if (into.states.empty()) {
    into.states = from.states;
    return;
  }
  for (size_t s = 0; s < from.states.size(); ++s) into.states[s].Merge(from.states[s]);
}

LevelStates::Node LevelStates::Merged(const Key& key) {
  Node out;
  for (const Span& span : Touch(key).spans) MergeInto(out, span.node);
  return out;
}

void LevelStates::Forget(uint32_t row, EventTime time) {
  for (uint8_t level = 1; level < windows_.levels(); ++level) {
    if (!base_[level]) continue;
    const auto entry = entries_.find({Holding(time, level), row});
    if (entry == entries_.end()) continue;
    auto& spans = entry->second.spans;
    const auto at = std::ranges::upper_bound(spans, time, {}, &Span::end);
    if (at == spans.end() || at->begin > time) continue;
    Charge(entry->second, entry->second.bytes - BytesOf(*at));
    spans.erase(at);
  }
}

// Neighbouring pieces only are merged, the earlier one first: agg/state.h.
void LevelStates::Join(const Key& key, Entry& entry, nanoseconds block) {
  std::vector<Span> joined;
  const auto block_of = [&](const Span& span) {
    return (span.begin - key.window.start).count() / block.count();
  };
  for (Span& span : entry.spans) {
    if (!joined.empty() && joined.back().end == span.begin &&
        block_of(joined.back()) == block_of(span)) {
      MergeInto(joined.back().node, span.node);
      joined.back().end = span.end;
    } else {
      joined.push_back(std::move(span));
    }
  }
  entry.spans = std::move(joined);
  Charge(entry, BytesOf(entry));
}

void LevelStates::Insert(const Key& key, Span span) {
  Entry& entry = Touch(key);
  const auto at = std::ranges::lower_bound(entry.spans, span.begin, {}, &Span::begin);
  const bool overlaps = (at != entry.spans.end() && at->begin < span.end) ||
                        (at != entry.spans.begin() && std::prev(at)->end > span.begin);
  if (overlaps) return;  // as it is: rule 1
  Charge(entry, entry.bytes + BytesOf(span));
  entry.spans.insert(at, std::move(span));
  if (entry.spans.size() > size_t{2 * kBlocksMax}) Join(key, entry, BlockOf(key.window.level));
  Place(entry);
}

LevelStates::Entry& LevelStates::Touch(const Key& key) {
  const auto [it, is_new] = entries_.try_emplace(key);
  Entry& entry = it->second;
  if (is_new) {
    single_.push_front(key);
    entry.place = single_.begin();
    Charge(entry, BytesOf(entry));
  } else {
    auto& list = ListOf(entry);
    list.splice(list.begin(), list, entry.place);
  }
  return entry;
}

void LevelStates::Place(Entry& entry) {
  if (entry.several == (entry.spans.size() > 1)) return;
  auto& from = ListOf(entry);
  entry.several = !entry.several;
  auto& to = ListOf(entry);
  to.splice(to.begin(), from, entry.place);
}

void LevelStates::Charge(Entry& entry, size_t bytes) {
  bytes_ = bytes_ - entry.bytes + bytes;
  entry.bytes = bytes;
}

size_t LevelStates::BytesOf(const Span& span) {
  size_t bytes = sizeof(Span) + span.node.states.size() * sizeof(agg::State);
  for (const agg::State& state : span.node.states) bytes += state.heap_bytes();
  return bytes;
}

size_t LevelStates::BytesOf(const Entry& entry) {
  size_t bytes = sizeof(Entries::value_type) + 6 * sizeof(void*);  // hash and list nodes
  for (const Span& span : entry.spans) bytes += BytesOf(span);
  return bytes;
}

void LevelStates::Trim() {
  while (bytes_ > bytes_max_ && !several_.empty()) {
    const Key key = several_.back();
    Entry& entry = entries_.at(key);
    Join(key, entry, SizeOf(key.window.level));
    entry.several = false;  // though some of its spans may not be neighbours
    single_.splice(single_.begin(), several_, entry.place);
  }
  while (bytes_ > bytes_max_ && !single_.empty()) {
    const auto entry = entries_.find(single_.back());
    bytes_ -= entry->second.bytes;
    entries_.erase(entry);
    single_.pop_back();
  }
}

void LevelStates::Clear() {
  entries_.clear();
  several_.clear();
  single_.clear();
  bytes_ = 0;
}

}  // namespace tidemark::view
