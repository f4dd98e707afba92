// SPDX-License-Identifier: Apache-2.0
// A next generation's first entry for a row says what the generation before has there.
#include <algorithm>
#include <map>

#include "base/bytes.h"
#include "view/evaluation_replaced_internal.h"

namespace tidemark::view {
namespace {

std::string NameOf(const store::SeriesInfo& info) {
  ByteWriter out;
  out.PutString(info.measure);
  for (const store::Dimension& d : info.dimensions) {
    out.PutString(d.name);
    out.PutString(d.value);
  }
  return std::move(out).Take();
}

}  // namespace

Result<void> Evaluator::KnowReplaced() {
  auto replaced = std::make_unique<Replaced>();
  store::Selection selection;
  selection.table = definition_.target;
  selection.owners = {store::OwnerFilter::Kind::kView, definition_.replaces};
  TM_ASSIGN_OR_RETURN(const auto all, store_.Series(selection));
  for (const auto& info : all) replaced->series[NameOf(*info)].push_back(info->ref);
  replaced_ = std::move(replaced);
  return {};
}

void Evaluator::ForgetReplaced() { replaced_.reset(); }

// One scan over the hull of the rows: a piece lies close together in time.
Result<void> Evaluator::TellReplaced(const PieceRequest& request, Piece& piece) {
  std::unordered_map<RowKey, store::RevisionEntry*, RowKeyHash> first;
  std::map<store::SeriesRef, const std::vector<store::SeriesRef>*> theirs;
  TimeRange hull{kEventTimeMax, kEventTimeMin};
  for (store::RevisionEntry& entry : piece.revisions) {
    if (entry.revision != 1 || entry.frozen) continue;
    const auto [it, is_new] = theirs.try_emplace(entry.series, nullptr);
    if (is_new) {
      const auto info = store_.Describe(entry.series);
      const auto found =
          info == nullptr ? replaced_->series.end() : replaced_->series.find(NameOf(*info));
      if (found != replaced_->series.end()) it->second = &found->second;
    }
    if (it->second == nullptr) continue;
    for (const store::SeriesRef series : *it->second) first[{series, entry.time}] = &entry;
    hull.start = std::min(hull.start, entry.time);
    hull.end = std::max(hull.end, entry.time + nanoseconds(1));
  }
  if (first.empty()) return {};
  store::ScanRequest scan;
  scan.selection.table = definition_.target;
  scan.selection.time = hull;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, definition_.replaces};
  auto& wanted = scan.selection.series.emplace();
  for (const auto& [ours, series] : theirs) {
    if (series != nullptr) wanted.insert(wanted.end(), series->begin(), series->end());
  }
  scan.rows_wanted = true;
  scan.at_least = request.at_least;
  TM_ASSIGN_OR_RETURN(const auto cursor, store_.Scan(scan));
  store::SliceBuffer buffer;
  store::Slice slice;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer, slice));
    if (!more) return {};
    for (size_t i = 0; i < slice.times.size(); ++i) {
      const auto found = first.find({slice.series->ref, slice.times[i]});
      if (found == first.end() || (i < slice.rows.size() && IsEarly(slice.rows[i]))) continue;
      found->second->definition = true;
      found->second->old_value = LoggedRow(slice, i);
    }
  }
}

}  // namespace tidemark::view
