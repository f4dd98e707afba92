// SPDX-License-Identifier: Apache-2.0
// Sessions and samples as they ought to be beside the rows that are there: PieceRequest::kCompare.
//
//  1. Only rows of windows that begin in PieceRequest::compared count, so that a session that
//     several pieces meet is compared by one.
//  2. A row under a session that is still open stays until that is due, and is no difference.
//  3. kFreeze: a sealed row takes no point, and what comes near it is in no session. So a sealed
//     row with bounds that the points do not give stands for those points, and its log says so.
#include <algorithm>
#include <utility>

#include "view/evaluation_ranges_internal.h"

namespace tidemark::view {

Result<void> Evaluator::CompareSessions(const PieceRequest& request, RangeWorks& works,
                                        Piece& piece) {
  for (auto& [key, work] : works) FindSessions(request, {}, work);
  TM_ASSIGN_OR_RETURN(const RangeRows rows, ReadRangeRows(request, works));
  std::vector<Due> written;
  std::vector<std::pair<Due, OldRow>> ended;
  for (auto& [key, work] : works) {
    std::vector<OldRow> old = OldRowsOf(key.first, work, rows);
    std::erase_if(old, [](const OldRow& row) { return row.early; });
    if (definition_.late == LatePolicy::kFreeze) SetSealedAside(request, work, old, rows, piece);
    PlanSessions(request, work, old, written, ended);
    for (const auto& [start, due] : work.rows) {
      if (!request.compared.Contains(start)) continue;
      if (!IsWhole(request, due.range)) {
        ++piece.gaps;
      } else if (due.range.end > request.watermark) {
        ++piece.open;
      }
    }
  }
  std::erase_if(written,
                [&](const Due& due) { return !request.compared.Contains(due.range.start); });
  std::erase_if(
      ended, [&](const auto& one) { return !request.compared.Contains(one.second.window.start); });
  piece.pairs = written.size();
  if (!written.empty()) TM_RETURN_IF_ERROR(AggregateInto(request, written, rows.found, piece));
  for (const auto& [due, row] : ended) End(request, due, row, rows.found, piece);
  return {};
}

// Sealed rows that are not as the points give them leave the work, with the points near them.
void Evaluator::SetSealedAside(const PieceRequest& request, RangeWork& work,
                               std::vector<OldRow>& old, const RangeRows& rows,
                               Piece& piece) const {
  std::vector<TimeRange> sealed;
  const auto stands = [&](const OldRow& row) {
    const auto same = work.rows.find(row.window.start);
    const bool as_it_is = same != work.rows.end() && same->second.range.end == row.window.end;
    return IsSealed(request, row) && !as_it_is &&
           std::ranges::none_of(work.rows, [&](const auto& one) {
             const TimeRange& session = one.second.range;
             return session.end > request.watermark && Overlap(session, row.window);
           });
  };
  for (const OldRow& row : old) {
    if (!stands(row)) continue;
    sealed.push_back(row.window);
    if (!request.compared.Contains(row.window.start)) continue;
    Due due = *work.due.front();
    due.range = row.window;
    const store::SeriesRef target = *book_.target(due.series, 0, row.output);
    const size_t before = piece.mismatches.size();
    Compare(due, target, {}, &rows.found.at({target, LabelOf(due)}), piece);
    // Another row may be the one whose log names the points between both.
    for (size_t i = before; i < piece.mismatches.size(); ++i) {
      for (const auto& [start, session] : work.rows) {
        if (!Overlap(session.range, row.window)) continue;
        TimeRange& around = piece.mismatches[i].around;
        around = {std::min(around.start, start), std::max(around.end, session.range.end)};
      }
    }
  }
  if (sealed.empty()) return;
  std::erase_if(old, stands);
  FindSessions(request, sealed, work);
}

void Evaluator::CompareSample(const PieceRequest& request, const Due& due, GridValue value,
                              const RangeRows& rows, Piece& piece) {
  const auto* target = book_.target(due.series, 0, 0);
  if (target == nullptr) {
    ++piece.refused;
    return;
  }
  const auto found = rows.found.find({*target, LabelOf(due)});
  const bool has_row = found != rows.found.end() && !IsEarly(found->second.row);
  const bool has_value = !std::holds_alternative<std::monostate>(value.value);
  if (!has_row && !has_value) return;
  if (due.range.start - ranges_->back() < request.first_whole) {
    ++piece.gaps;
  } else if (!value.settled) {
    ++piece.open;
  } else {
    ++piece.pairs;
    Emit(request, due, 0, value.sampled ? 1 : 0, {&value.value, 1}, rows.found, piece);
  }
}

}  // namespace tidemark::view
