// SPDX-License-Identifier: Apache-2.0
// Rows that stand for many series: partial states are made for the leaves that changed, and a row
// is what the root of its tree says.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "view/evaluation_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kRowsPerFetch = 1024;

}  // namespace

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
  store::AggregateRequest ask;
  ask.selection.table = definition_.source;
  ask.at_least = at_least;
  std::vector<store::ValueType> types;
  for (size_t i = 0; i < leaves.size(); ++i) {
    const auto members = book_.members(leaves[i].key.group);
    const size_t first = size_t{leaves[i].leaf} * GroupStates::kFanOut;
    const size_t end = std::min<size_t>(members.size(), first + GroupStates::kFanOut);
    const TimeRange range = windows_.WindowAt(leaves[i].key.window);
    for (size_t m = first; m < end; ++m) {
      ask.windows.push_back(
          {.group = static_cast<uint32_t>(i), .series = book_.source(members[m]), .range = range});
    }
    const store::ValueType type = book_.type(members[first]);
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  const Columns columns = ColumnsFor(types);
  Ask(columns, ask);
  std::vector<GroupStates::Node> nodes(leaves.size());
  const auto read = [&]() -> Result<void> {
    if (columns.inputs.empty()) return {};  // none of the columns has come yet
    TM_ASSIGN_OR_RETURN(const auto cursor, store_.Aggregate(ask));
    std::vector<store::AggregateRow> answer;
    for (;;) {
      TM_RETURN_IF_ERROR(cursor->Next(kRowsPerFetch, answer));
      if (answer.empty()) return {};
      for (store::AggregateRow& row : answer) {
        const auto members = book_.members(leaves[row.group].key.group);
        const size_t first = columns.FirstOf(book_.type(members.front()));
        GroupStates::Node& node = nodes[row.group];
        node.points = row.points;
        for (size_t k = 0; k < columns.kinds.size(); ++k) {
          for (size_t i = 0; i < shape_.per_aggregate(); ++i) {
            node.states.push_back(std::move(row.states[columns.At(k, first + i)]));
          }
        }
      }
    }
  };
  if (auto r = read(); !r.ok()) {
    groups_.Clear();
    return std::move(r).error();
  }
  for (size_t i = 0; i < leaves.size(); ++i) groups_.SetLeaf(leaves[i], std::move(nodes[i]));
  return leaves.size() < leaves_max;
}

void Evaluator::EmitGroups(const PieceRequest& request, const Rows& rows, Piece& piece) {
  // A node has one type, or the columns that are read.
  const std::array of{definition_.columns.empty() ? store::ValueType::kDouble
                                                  : store::ValueType::kMulti};
  const Columns columns = ColumnsFor(of);
  for (const Due& due : request.due) {
    const GroupStates::Node& root = groups_.Root(KeyOf(due));
    if (root.states.empty()) {
      EmitNothing(request, due, rows, piece);
      continue;
    }
    Finish(columns, root.states, 0, windows_.WindowAt(due.window), piece);
    EmitAll(request, due, root.points, values_, rows, piece);
  }
  groups_.Trim();
}

}  // namespace tidemark::view
