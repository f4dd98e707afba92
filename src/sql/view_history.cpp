// SPDX-License-Identifier: Apache-2.0
#include "sql/view_history.h"

#include <algorithm>

namespace tidemark::sql {

using store::RevisionEntry;
using store::RevisionRow;
using store::Scalar;

namespace {

bool IsNull(const Scalar& value) { return std::holds_alternative<std::monostate>(value); }

/// No publication lies between the two: a frozen entry leaves the number, others raise it by one.
bool Follows(const RevisionEntry& before, const RevisionEntry& after) {
  return after.revision == before.revision + (after.frozen ? 0 : 1);
}

/// Nothing was there before the row's first entry.
bool Begins(const RevisionEntry& first) {
  return IsNull(first.old_value) && (first.frozen ? first.revision == 0 : first.revision == 1);
}

RowThen Unknown(const RevisionRow& row) {
  RowThen out;
  out.state.window_start = row.row.window_start;
  out.state.window_end = row.row.window_end;
  if (row.row.window_end <= row.row.window_start && !row.revisions.empty()) {
    out.state.window_start = row.revisions[0].window_start;
    out.state.window_end = row.revisions[0].window_end;
  }
  return out;
}

/// The row as it is, which it was already.
RowThen Unchanged(const RevisionRow& row, const ViewClock& clock) {
  return {StateOf(row.row, clock), &row.value};
}

bool WrittenBy(const RevisionRow& row, EventTime time) {
  return row.version > 0 && row.version <= time.ns / 1'000'000;
}

/// What held from `entry` on.
std::optional<RowThen> After(const RevisionRow& row, const RevisionEntry& entry, const AsOf& as_of,
                             const ViewClock& clock) {
  if (IsNull(entry.new_value)) return std::nullopt;  // ended, or never there
  store::RowInfo info{entry.window_start, entry.window_end, entry.revision, 0};
  const bool current = row.version > 0 && row.row.revision == entry.revision;
  if (current) info.record_count = row.row.record_count;
  RowThen out{StateOf(info, clock), &entry.new_value};
  out.state.preliminary = false;  // early values are not in the log
  out.state.filled =
      entry.record_count == 0U;  // an entry without a count is of before there were any
  if (entry.record_count) {
    out.state.record_count = static_cast<int64_t>(*entry.record_count);
  } else if (!current) {
    out.state.record_count.reset();
  }
  if (as_of.now) return out;
  // A publication follows the watermark; where that stood then is not kept, but it only rises.
  if (entry.revision > 0) {
    out.state.complete = true;
  } else if (out.state.complete == true) {
    out.state.complete.reset();
  }
  if (out.state.sealed == true && (clock.allowed_lateness > nanoseconds(0) || entry.revision == 0))
    out.state.sealed.reset();
  return out;
}

}  // namespace

ViewClock ReadViewClock(store::Store& store, store::Owner view, nanoseconds allowed_lateness) {
  ViewClock clock;
  clock.allowed_lateness = allowed_lateness;
  const std::optional<store::ViewProgress> progress = store.ProgressOf(view.view);
  if (progress && progress->generation == view.generation) clock.watermark = progress->watermark;
  return clock;
}

RowState StateOf(const store::RowInfo& row, const ViewClock& clock) {
  RowState out;
  out.revision = row.revision;
  out.preliminary = false;
  if (row.window_end <= row.window_start) return out;
  out.window_start = row.window_start;
  out.window_end = row.window_end;
  out.record_count = static_cast<int64_t>(row.record_count);
  out.preliminary = row.revision == 0;
  out.filled = row.record_count == 0;
  out.complete = clock.watermark && *clock.watermark >= row.window_end;
  out.sealed = clock.watermark && *clock.watermark >= row.window_end + clock.allowed_lateness;
  return out;
}

std::optional<RowThen> RowAt(const RevisionRow& row, const AsOf& as_of, const ViewClock& clock) {
  const std::vector<RevisionEntry>& log = row.revisions;
  const auto newest = std::find_if(log.rbegin(), log.rend(), [&](const RevisionEntry& entry) {
    return entry.at.AsEventTime() <= as_of.time;
  });
  if (newest != log.rend()) {
    const RevisionEntry& entry = *newest;
    if (newest != log.rbegin()) {
      if (!Follows(entry, *(newest - 1))) return Unknown(row);
    } else if (row.version > 0 && row.row.revision > entry.revision) {
      // Newer than its log: an early value of a window that ended before, or entries were lost.
      if (WrittenBy(row, as_of.time)) return Unchanged(row, clock);
      return Unknown(row);
    }
    return After(row, entry, as_of, clock);
  }
  if (!log.empty()) {
    if (Begins(log.front())) return std::nullopt;
    return Unknown(row);
  }
  if (WrittenBy(row, as_of.time)) return Unchanged(row, clock);
  // Early values are not in the log.
  if (row.row.revision == 0) return std::nullopt;
  return Unknown(row);
}

std::vector<std::optional<int64_t>> VersionsOf(const RevisionRow& row) {
  std::vector<std::optional<int64_t>> out;
  const RevisionEntry* before = nullptr;
  for (const RevisionEntry& entry : row.revisions) {
    std::optional<int64_t> version;
    const std::optional<int64_t> last = out.empty() ? std::nullopt : out.back();
    const bool follows = before != nullptr && Follows(*before, entry);
    if (entry.frozen) {
      if (follows && entry.revision > 0) version = last;
    } else if (before == nullptr || (follows && entry.revision == 1)) {
      if (entry.revision == 1 && IsNull(entry.old_value)) version = entry.at.ms;
    } else if (follows && last) {
      version = std::max(*last + 1, entry.at.ms);
    }
    const bool current = row.version > 0 && entry.revision > 0 && !IsNull(entry.new_value) &&
                         entry.revision == row.row.revision;
    out.push_back(current ? row.version : version);
    before = &entry;
  }
  return out;
}

std::optional<double> NumberOf(const Scalar& value) {
  if (const double* d = std::get_if<double>(&value)) return *d;
  if (const int64_t* i = std::get_if<int64_t>(&value)) return static_cast<double>(*i);
  if (const bool* b = std::get_if<bool>(&value)) return *b ? 1.0 : 0.0;
  return std::nullopt;
}

}  // namespace tidemark::sql
