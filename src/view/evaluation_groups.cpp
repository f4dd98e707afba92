// SPDX-License-Identifier: Apache-2.0
// Rows that stand for many series: partial states are made for the leaves that changed, and a row
// is what the root of its tree says.
#include <algorithm>
#include <map>
#include <utility>

#include "view/evaluation_internal.h"

namespace tidemark::view {
std::vector<Due> Evaluator::MergeGroups(std::span<const Due> due) const {
  std::vector<Due> sorted(due.begin(), due.end());
  std::sort(sorted.begin(), sorted.end(), [this](const Due& a, const Due& b) {
    return std::pair(KeyOf(a), a.series) < std::pair(KeyOf(b), b.series);
  });
  std::vector<Due> out;
  for (const Due& one : sorted) {
    if (out.empty() || KeyOf(out.back()) != KeyOf(one)) {
      out.push_back(one);
      continue;
    }
    MergeDue(out.back(), one);
  }
  return out;
}

// Of all series of a row, under the pair that stands for it.
LateKeys Evaluator::KeysOfGroups(const LateKeys& keys, std::span<const Due> asked,
                                 std::span<const Due> merged) const {
  std::map<GroupStates::Key, SeriesIndex> row_of;
  for (const Due& row : merged) row_of.emplace(KeyOf(row), row.series);
  LateKeys out;
  for (const Due& one : asked) {
    const auto* found = keys.Find(one.window, one.series);
    if (found == nullptr) continue;
    for (const store::PointKey& key : *found) out.Add(one.window, row_of.at(KeyOf(one)), key);
  }
  return out;
}

void Evaluator::MarkGroups(std::span<const Due> due, Marks marks) {
  // States of before lack the columns that came. An error comes again where the store is asked.
  if (auto fresh = shape_.Learn(store_, book_); fresh.ok() && *fresh) groups_.Clear();
  for (size_t i = 0; i < due.size();) {
    const GroupStates::Key key = KeyOf(due[i]);
    const size_t members = book_.members(key.group).size();
    size_t end = i;
    bool fresh = true;
    for (; end < due.size() && KeyOf(due[end]) == key; ++end) fresh = fresh && due[end].fresh;
    const bool is_new = groups_.Touch(key, members);
    if (is_new && (marks == Marks::kMayLack || !fresh)) {
      const auto leaves =
          static_cast<uint32_t>((members + GroupStates::kFanOut - 1) / GroupStates::kFanOut);
      for (uint32_t leaf = 0; leaf < leaves; ++leaf) groups_.MakeStale(key, leaf);
    } else {
      for (size_t d = i; d < end; ++d) {
        groups_.MakeStale(key, book_.member(due[d].series) / GroupStates::kFanOut);
      }
    }
    i = end;
  }
}

Result<bool> Evaluator::FillGroups(size_t leaves_max, const store::Positions& at_least) {
  const std::vector<GroupStates::Leaf> leaves = groups_.Stale(leaves_max);
  if (leaves.empty()) return true;
  std::vector<Part> parts;
  for (const GroupStates::Leaf& leaf : leaves) {
    const auto members = book_.members(leaf.key.group);
    const size_t first = size_t{leaf.leaf} * GroupStates::kFanOut;
    const size_t count = std::min<size_t>(GroupStates::kFanOut, members.size() - first);
    parts.push_back({members.subspan(first, count), windows_.WindowAt(leaf.key.window)});
  }
  auto read = ReadParts(parts, at_least);
  if (!read.ok()) {
    groups_.Clear();
    return std::move(read).error();
  }
  std::vector<Node> nodes = *std::move(read);
  for (size_t i = 0; i < leaves.size(); ++i) groups_.SetLeaf(leaves[i], std::move(nodes[i]));
  return leaves.size() < leaves_max;
}

void Evaluator::EmitGroups(const PieceRequest& request, const Rows& rows, Piece& piece) {
  const Columns columns = NodeColumns();
  for (const Due& due : request.due) {
    EmitNode(request, due, columns, groups_.Root(KeyOf(due)), rows, piece);
  }
  groups_.Trim();
}

}  // namespace tidemark::view
