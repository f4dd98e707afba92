// SPDX-License-Identifier: Apache-2.0
// The rows of sessions and samples that are there, around what changed.
//
//  1. Rows of a key lie apart (P4), and without changes that are not worked off each lies under one
//     session of its points. So a row that touches a session has its label inside of it.
//  2. Where points can go, a change that is in the store may not be worked off yet: it waits, or
//     was not read. The row it shortens may then reach into a session from outside, and so is
//     looked for beside it; only the nearest one can.
#include <algorithm>
#include <utility>

#include "view/evaluation_ranges_internal.h"

namespace tidemark::view {
namespace {

constexpr nanoseconds kTick{1};

}  // namespace

std::vector<Evaluator::RowKey> Evaluator::Ordered(const Rows& rows) {
  std::vector<RowKey> out;
  out.reserve(rows.size());
  for (const auto& [key, existing] : rows) out.push_back(key);
  std::ranges::sort(out, [](const RowKey& a, const RowKey& b) {
    return std::pair(a.series, a.time) < std::pair(b.series, b.time);
  });
  return out;
}

// Few scans, as in ReadRows().
Result<void> Evaluator::ScanSpans(const PieceRequest& request, const RowScans& scans, Rows& out) {
  const bool at_end = definition_.label == Label::kEnd;
  for (auto it = scans.begin(); it != scans.end();) {
    TimeRange time{it->first.first, it->first.second};
    std::vector<store::SeriesRef> series;
    // Spans that lie upon each other, as those of one firing do.
    const nanoseconds longest_max = 4 * (time.end - time.start);
    for (; it != scans.end() && it->first.first <= time.end &&
           it->first.second - time.start <= longest_max;
         ++it) {
      time.end = std::max(time.end, it->first.second);
      series.insert(series.end(), it->second.begin(), it->second.end());
    }
    std::ranges::sort(series);
    const auto repeated = std::ranges::unique(series);
    series.erase(repeated.begin(), repeated.end());
    if (at_end) time = {time.start + kTick, time.end + kTick};
    TM_RETURN_IF_ERROR(ScanRows(request, time, std::move(series), out));
  }
  return {};
}

/// Where labels are of rows that reach into `span` from outside.
TimeRange Evaluator::BesideOf(TimeRange span) const {
  const TimeRange cell = ranges_->CellOf(span.start);
  if (definition_.label == Label::kEnd) return {span.end, cell.end};
  return {cell.start, span.start};
}

// In steps that grow, until each has its nearest row.
Result<void> Evaluator::ReadRowsBeside(const PieceRequest& request, std::vector<Beside> beside,
                                       Rows& out) {
  const bool at_end = definition_.label == Label::kEnd;
  for (nanoseconds step = 4 * ranges_->gap();; step *= 2) {
    std::erase_if(beside, [](const Beside& one) { return one.rest.empty(); });
    if (beside.empty()) return {};
    const auto next = [&](TimeRange rest) {
      if (at_end) return TimeRange{rest.start, std::min(rest.end, rest.start + step)};
      return TimeRange{std::max(rest.start, rest.end - step), rest.end};
    };
    RowScans scans;
    for (const Beside& one : beside) {
      const TimeRange part = next(one.rest);
      scans[{part.start, part.end}].push_back(one.target);
    }
    Rows found;
    TM_RETURN_IF_ERROR(ScanSpans(request, scans, found));
    const std::vector<RowKey> order = Ordered(found);
    for (Beside& one : beside) {
      const TimeRange part = next(one.rest);
      const nanoseconds shift = at_end ? kTick : nanoseconds(0);
      const auto label = [](const RowKey& key) { return std::pair(key.series, key.time); };
      const auto from =
          std::ranges::lower_bound(order, std::pair(one.target, part.start + shift), {}, label);
      const auto until =
          std::ranges::lower_bound(order, std::pair(one.target, part.end + shift), {}, label);
      const bool has_row = std::any_of(from, until, [&found](const RowKey& key) {
        const store::RowInfo& row = found.at(key).row;
        return row.window_start < row.window_end;  // else adopted, not evaluated yet
      });
      (at_end ? one.rest.start : one.rest.end) = at_end ? part.end : part.start;
      if (has_row) one.rest.end = one.rest.start;
    }
    out.merge(found);
  }
}

// Rows that reach out of what is looked at belong to it, with all sessions of what is left of them.
Result<bool> Evaluator::CoverRows(const PieceRequest& request, const RangeRows& rows,
                                  RangeWorks& works) {
  if (!definition_.rows_end()) return true;
  std::vector<RangeRun*> wider;
  for (auto& [key, work] : works) {
    const std::vector<OldRow> old = OldRowsOf(key.first, work, rows);
    for (size_t i = 0; i < work.runs.size(); ++i) {
      TimeRange& changed = work.runs[i].changed;
      const TimeRange before = changed;
      const TimeRange cell = ranges_->CellOf(before.start);
      for (const OldRow& row : old) {
        if (IsSealed(request, row) || !Overlap(row.window, work.spans[i])) continue;
        if (row.window.start < work.spans[i].start || work.spans[i].end < row.window.end) {
          changed = {std::max(cell.start, std::min(changed.start, row.window.start)),
                     std::min(cell.end, std::max(changed.end, row.window.end))};
        }
      }
      if (changed.start != before.start || changed.end != before.end) {
        wider.push_back(&work.runs[i]);
      }
    }
  }
  if (wider.empty()) return true;
  std::vector<RangeRun> runs;
  runs.reserve(wider.size());
  for (const RangeRun* run : wider) {
    RangeRun& one = runs.emplace_back();
    one.series = run->series;
    one.changed = run->changed;
  }
  RangeReader reader(store_, definition_, book_, *ranges_);
  TM_RETURN_IF_ERROR(reader.Load(request.at_least, runs));
  for (size_t i = 0; i < wider.size(); ++i) *wider[i] = std::move(runs[i]);
  return false;
}

// A session that neither the changes nor the rows around them touch waits for its own change.
void Evaluator::DropOthers(std::span<const OldRow> old, RangeWork& work) const {
  std::erase_if(work.rows, [&](const auto& one) {
    const TimeRange& session = one.second.range;
    return std::ranges::none_of(
               work.due, [&](const Due* due) { return Overlap(session, Near(due->range)); }) &&
           std::ranges::none_of(old,
                                [&](const OldRow& row) { return Overlap(session, row.window); });
  });
}

// Of all keys of the piece.
Result<Evaluator::RangeRows> Evaluator::ReadRangeRows(const PieceRequest& request,
                                                      const RangeWorks& works) {
  const bool may_exist = request.fresh_rows == PieceRequest::FreshRows::kMayExist;
  const bool points_go =
      ranges_->sessions() && definition_.rows_end() && request.kind != PieceRequest::Kind::kCompare;
  RowScans scans;
  std::vector<Beside> beside;
  for (const auto& [key, work] : works) {
    // What fires now for the first time has no row; those that were due begin before the watermark
    // of then.
    const bool fresh = ranges_->sessions() && !may_exist &&
                       std::ranges::all_of(work.due, [](const Due* due) { return due->fresh; });
    for (const TimeRange& span : work.spans) {
      if (fresh && span.start >= request.watermark_before) continue;
      auto& wanted = scans[{span.start, span.end}];
      for (size_t output = 0; output < book_.outputs(); ++output) {
        const auto* target = book_.target(key.first, 0, output);
        if (target == nullptr) continue;
        wanted.push_back(*target);
        if (points_go) beside.push_back({*target, BesideOf(span)});
      }
    }
  }
  RangeRows rows;
  TM_RETURN_IF_ERROR(ScanSpans(request, scans, rows.found));
  if (!beside.empty()) TM_RETURN_IF_ERROR(ReadRowsBeside(request, std::move(beside), rows.found));
  rows.order = Ordered(rows.found);
  return rows;
}

std::vector<Evaluator::OldRow> Evaluator::OldRowsOf(SeriesIndex series, const RangeWork& work,
                                                    const RangeRows& rows) const {
  std::vector<OldRow> out;
  for (size_t output = 0; output < book_.outputs(); ++output) {
    const auto* target = book_.target(series, 0, output);
    if (target == nullptr) continue;
    auto it = std::ranges::lower_bound(rows.order, *target, {}, &RowKey::series);
    for (; it != rows.order.end() && it->series == *target; ++it) {
      const store::RowInfo& info = rows.found.at(*it).row;
      const TimeRange window{info.window_start, info.window_end};
      if (window.empty()) continue;  // adopted, not evaluated yet
      if (std::ranges::any_of(work.spans,
                              [&](const TimeRange& span) { return Overlap(span, window); })) {
        out.push_back({.output = output, .window = window, .early = IsEarly(info)});
      }
    }
  }
  return out;
}

}  // namespace tidemark::view
