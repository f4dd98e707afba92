// SPDX-License-Identifier: Apache-2.0
// Views with levels: a coarse window is made of the states of finer ones, as far as they are known
// (level_states_internal.h); what is not known is asked from the store, one request for a level.
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "view/evaluation_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kRowsPerFetch = 1024;
// Of windows met by late points a piece asks for so many parts one by one; the rest in runs.
constexpr size_t kBlocksPerPiece = size_t{1} << 16U;

}  // namespace

// What lies between two points is in no state of theirs but of one series without carry
// (agg/state.h); a view that has such an aggregate reads its points anyway.
bool Evaluator::Merges(const ViewDefinition& definition) {
  if (definition.levels.size() < 2) return false;
  return std::ranges::none_of(definition.aggregates, [&](const agg::Aggregate& aggregate) {
    return agg::FoldsSeries(aggregate.kind) &&
           (definition.grouped() || definition.CarryOf(aggregate.kind) > nanoseconds(0));
  });
}

void Evaluator::Forget(SeriesIndex series, EventTime time) {
  if (levels_) levels_->Forget(RowOf(series), time);
}

void Evaluator::ForgetLevels() {
  if (levels_) levels_->Clear();
}

Result<std::vector<Evaluator::Node>> Evaluator::ReadParts(std::span<const Part> parts,
                                                          const store::Positions& at_least) {
  store::AggregateRequest ask;
  ask.selection.table = definition_.source;
  ask.at_least = at_least;
  std::vector<store::ValueType> types;
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const SeriesIndex series : parts[i].series) {
      ask.windows.push_back({.group = static_cast<uint32_t>(i),
                             .series = book_.source(series),
                             .range = parts[i].range});
    }
    const store::ValueType type = book_.type(parts[i].series.front());
    if (std::ranges::find(types, type) == types.end()) types.push_back(type);
  }
  std::vector<Node> nodes(parts.size());
  const Columns columns = ColumnsFor(types);
  if (parts.empty() || columns.inputs.empty()) return nodes;  // none of the columns has come yet
  Ask(columns, ask);
  TM_ASSIGN_OR_RETURN(const auto cursor, store_.Aggregate(ask));
  std::vector<store::AggregateRow> answer;
  for (;;) {
    TM_RETURN_IF_ERROR(cursor->Next(kRowsPerFetch, answer));
    if (answer.empty()) return nodes;
    for (store::AggregateRow& row : answer) {
      const size_t first = columns.FirstOf(book_.type(parts[row.group].series.front()));
      Node& node = nodes[row.group];
      node.points = row.points;
      for (size_t k = 0; k < columns.kinds.size(); ++k) {
        for (size_t i = 0; i < shape_.per_aggregate(); ++i) {
          node.states.push_back(std::move(row.states[columns.At(k, first + i)]));
        }
      }
    }
  }
}

Evaluator::Columns Evaluator::NodeColumns() const {
  const std::array of{definition_.columns.empty() ? store::ValueType::kDouble
                                                  : store::ValueType::kMulti};
  return ColumnsFor(of);
}

void Evaluator::EmitNode(const PieceRequest& request, const Due& due, const Columns& columns,
                         const Node& node, const Rows& rows, Piece& piece) {
  if (node.states.empty()) return EmitNothing(request, due, rows, piece);
  Finish(columns, node.states, 0, WindowOf(due), piece);
  EmitAll(request, due, node.points, values_, rows, piece);
}

Result<void> Evaluator::EvaluateLevels(const PieceRequest& request, const Rows& rows,
                                       Piece& piece) {
  const Columns columns = NodeColumns();
  if (columns.inputs.empty()) return {};  // none of the columns has come yet
  const std::vector<Due> between = LevelsBetween(request);
  size_t blocks_left = kBlocksPerPiece;
  for (uint8_t level = 0; level < windows_.levels(); ++level) {
    // Finer windows come first: coarser ones are made of them.
    std::vector<LevelDue> due;
    std::vector<Part> parts;
    const auto plan = [&](std::span<const Due> of) {
      for (const Due& one : of) {
        if (one.window.level == level) due.push_back(PlanLevel(request, one, parts, blocks_left));
      }
    };
    plan(request.due);
    const size_t emitted = due.size();
    plan(between);
    TM_ASSIGN_OR_RETURN(std::vector<Node> nodes, ReadParts(parts, request.at_least));
    for (size_t i = 0; i < due.size(); ++i) {
      const LevelDue& one = due[i];
      const auto own = std::span(nodes).subspan(one.first, one.count);
      const auto ranges = std::span<const Part>(parts).subspan(one.first, one.count);
      const Node node = Assemble(request, *one.due, ranges, own);
      if (i < emitted) EmitNode(request, *one.due, columns, node, rows, piece);
    }
  }
  levels_->Trim();
  return {};
}

/// Windows between the coarse ones that are due and what is known below them: a piece may have a
/// day and a later one its last hour, of which the minutes are known.
std::vector<Due> Evaluator::LevelsBetween(const PieceRequest& request) const {
  const auto key = [](const Due& due) { return std::pair(due.window, due.series); };
  std::set<std::pair<WindowId, SeriesIndex>> seen;
  std::vector<Due> out;
  const auto look = [&](const Due& due) {
    if (!levels_->Merges(due.window.level)) return;
    const LevelStates::Key at{due.window, RowOf(due.series)};
    if (levels_->Find(at) != nullptr) return;
    for (const WindowId& window : levels_->PartlyKnown(at)) {
      const Due between{.window = window, .series = due.series, .fresh = due.fresh};
      if (std::ranges::binary_search(request.due, key(between), {}, key)) continue;
      if (seen.insert(key(between)).second) out.push_back(between);
    }
  };
  for (const Due& due : request.due) look(due);
  for (size_t i = 0; i < out.size(); ++i) look(Due(out[i]));
  return out;
}

Evaluator::LevelDue Evaluator::PlanLevel(const PieceRequest& request, const Due& due,
                                         std::vector<Part>& parts, size_t& blocks_left) const {
  LevelDue out{.due = &due, .first = parts.size()};
  const LevelStates::Key key{due.window, RowOf(due.series)};
  if (levels_->Find(key) != nullptr) return out;
  const auto series = book_.RowMembers(due.series);
  if (!levels_->Merges(due.window.level)) {
    parts.push_back({series, WindowOf(due)});
  } else {
    const bool blocks = !due.fresh && blocks_left > 0;
    const auto split = blocks ? LevelStates::Split::kBlocks : LevelStates::Split::kRuns;
    for (const TimeRange& range : levels_->Missing(key, split, request.keep_before)) {
      parts.push_back({series, range});
    }
    if (blocks) blocks_left -= std::min(blocks_left, parts.size() - out.first);
  }
  out.count = parts.size() - out.first;
  return out;
}

/// The state of a pair; what may be kept is.
Evaluator::Node Evaluator::Assemble(const PieceRequest& request, const Due& due,
                                    std::span<const Part> parts, std::span<Node> nodes) {
  const LevelStates::Key key{due.window, RowOf(due.series)};
  if (const Node* known = levels_->Find(key)) return *known;
  Node out;
  if (!levels_->Merges(due.window.level)) {
    out = std::move(nodes.front());
  } else {
    size_t kept = 0;
    for (; kept < parts.size() && parts[kept].range.end <= request.keep_before; ++kept) {
      levels_->Fill(key, parts[kept].range, std::move(nodes[kept]));
    }
    out = levels_->Merged(key);
    for (const Node& open : nodes.subspan(kept)) LevelStates::MergeInto(out, open);
  }
  if (WindowOf(due).end <= request.keep_before) levels_->Set(key, out);
  return out;
}

}  // namespace tidemark::view
