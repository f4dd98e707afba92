// SPDX-License-Identifier: Apache-2.0
// Of sessions and samples: what is compared follows from the points and the rows of a stretch of
// time, cell by cell of their keys (range_kind.h). The evaluation looks around them as it does when
// it publishes, and compares the rows that begin in the stretch: each once.
#include <algorithm>
#include <utility>

#include "view/verification_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kSlicesPerStep = 512;
/// Of a stretch, as far as cells that are not cut are shorter.
constexpr size_t kPointsMax = 4'000'000;
constexpr nanoseconds kTick{1};

}  // namespace

/// Where points are whose rows may begin in the stretch.
TimeRange Verification::Work::PointsAround(TimeRange time) const {
  if (ranges->sessions()) return time;
  return {std::max(time.start - ranges->gap(), kEventTimeMin),
          std::min(time.end + ranges->gap(), kEventTimeMax)};
}

/// In the cells that hold some of `time`.
void Verification::Work::MarkCells(SeriesIndex series, TimeRange time) {
  time = {std::max(time.start, stretch.start), std::min(time.end, stretch.end)};
  for (EventTime at = time.start; at < time.end; at = ranges->CellOf(at).end) {
    const TimeRange cell = ranges->CellOf(at);
    TimeRange part{at, std::min(time.end, cell.end)};
    // The grid times of a cell follow from points anywhere around it.
    if (!ranges->sessions())
      part = {std::max(cell.start, stretch.start), std::min(cell.end, stretch.end)};
    Due one;
    one.window = {cell.start};
    one.series = book.first(book.group(series));
    one.range = part;
    const auto [it, is_new] = cells.try_emplace({one.window, one.series}, one);
    if (is_new) continue;
    TimeRange& range = it->second.range;
    range = {std::min(range.start, part.start), std::max(range.end, part.end)};
  }
}

void Verification::Work::MarkPoints(SeriesIndex series, std::span<const EventTime> times) {
  points_in_stretch += times.size();
  if (ranges->sessions()) {
    for (auto it = times.begin(); it != times.end();) {
      const auto end = std::lower_bound(it, times.end(), ranges->CellOf(*it).end);
      MarkCells(series, {*it, *std::prev(end) + kTick});
      it = end;
    }
    return;
  }
  EventTime from = stretch.start;  // cells before it are marked
  for (const EventTime t : times) {
    const TimeRange near{std::max(from, t - ranges->gap()), t + ranges->gap() + kTick};
    if (near.empty()) continue;
    MarkCells(series, near);
    from = ranges->CellOf(near.end - kTick).end;
  }
}

// More than memory should hold: the later half comes with the next stretch.
void Verification::Work::ShortenCells() {
  const nanoseconds least = ranges->sessions() ? ranges->gap() : ranges->every();
  while ((points_in_stretch > kPointsMax || cells.size() > env.pairs_max) &&
         stretch.end - stretch.start > least) {
    stretch.end = stretch.start + (stretch.end - stretch.start) / 2;
    points_in_stretch /= 2;  // about
    for (auto& [key, one] : cells) one.range.end = std::min(one.range.end, stretch.end);
    std::erase_if(cells, [](const auto& one) { return one.second.range.empty(); });
  }
}

// Rows that no points stand for any more have cells as well.
Result<void> Verification::Work::BeginRowCells() {
  std::vector<SeriesIndex> all;
  all.reserve(book.size());
  for (SeriesIndex i = keys_known; i < book.size(); ++i) all.push_back(i);
  TM_RETURN_IF_ERROR(book.ResolveTargets(all));
  for (const SeriesIndex i : all) {
    for (size_t output = 0; output < book.outputs(); ++output) {
      const auto* target = book.target(i, 0, output);
      if (target != nullptr) key_of_row.emplace(*target, book.first(book.group(i)));
    }
  }
  keys_known = static_cast<SeriesIndex>(book.size());
  store::ScanRequest scan;
  scan.selection.table = definition.target;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, definition.owner()};
  scan.selection.time = stretch;
  if (definition.label == Label::kEnd) {
    scan.selection.time.end = std::min(stretch.end + windows.longest() + kTick, kEventTimeMax);
  }
  scan.rows_wanted = true;
  scan.at_least = stands_at;
  phase = Phase::kRows;
  return OpenScan(scan);
}

Result<void> Verification::Work::GatherRowCells() {
  store::Slice slice;
  for (size_t i = 0; i < kSlicesPerStep; ++i) {
    TM_ASSIGN_OR_RETURN(const bool more, NextSlice(slice));
    if (!more) {
      for (const auto& [key, due_cell] : cells) due.push_back(due_cell);
      cells.clear();
      phase = Phase::kEvaluating;
      FilterCells();
      return {};
    }
    const auto key = key_of_row.find(slice.series->ref);
    for (size_t r = 0; r < slice.times.size(); ++r) {
      const TimeRange window{slice.rows[r].window_start, slice.rows[r].window_end};
      if (window.empty() || !stretch.Contains(window.start)) continue;  // empty: adopted
      if (key != key_of_row.end()) {
        MarkCells(key->second, window);
      } else if (slice.rows[r].revision > 0 && IsRead(window)) {
        NoteOrphan(slice, r);
      }
    }
  }
  return {};
}

/// Whether the points that it follows from are there, as far as they are.
bool Verification::Work::IsRead(TimeRange window) const {
  const WindowId cell{ranges->CellOf(window.start).start};
  return !blind && window.end <= *watermark && window.start - ranges->back() >= FirstWhole() &&
         !damage.IsLost(cell) && !damage.IsWaiting(cell);
}

/// A row of a series that the view does not read.
void Verification::Work::NoteOrphan(const store::Slice& slice, size_t i) {
  RowMismatch extra;
  extra.series = slice.series->ref;
  extra.time = slice.times[i];
  extra.window = {slice.rows[i].window_start, slice.rows[i].window_end};
  extra.around = extra.window;
  extra.stored = true;
  extra.row = slice.rows[i];
  extra.old_value = LoggedRow(slice, i);
  AddCandidate(std::move(extra));
}

void Verification::Work::FilterCells() {
  const EventTime first = FirstWhole();
  std::erase_if(due, [&](const Due& one) {
    if (!fired.Has(one.window)) {
      ++report.open;
    } else if (windows.WindowAt(one.window).end <= first || damage.IsLost(one.window) ||
               damage.IsWaiting(one.window)) {
      ++report.gaps;
    } else {
      return false;
    }
    return true;
  });
}

/// What an evaluation has to know besides.
void Verification::Work::AskForCells(PieceRequest& request) const {
  request.watermark = *watermark;
  request.compared = stretch;
  if (definition.late == LatePolicy::kFreeze) {
    request.sealed_until = *watermark - definition.allowed_lateness;
  }
}

// Late points of it wait, or it waits for damaged files, as the view journaled: by the cell of the
// points, which samples may follow from in another one.
bool Verification::Work::IsHeld(const RowMismatch& row) const {
  const auto key = key_of_row.find(row.series);
  if (key == key_of_row.end()) return false;
  const nanoseconds around = ranges->reach();
  const EventTime end = row.window.start + around + kTick;
  for (EventTime at = row.window.start - around; at < end; at = ranges->CellOf(at).end) {
    if (IsHeld({ranges->CellOf(at).start}, book.group(key->second))) return true;
  }
  return false;
}

}  // namespace tidemark::view
