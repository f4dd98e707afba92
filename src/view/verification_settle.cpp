// SPDX-License-Identifier: Apache-2.0
// What differs waits as a candidate until the feed says whether it was settled (verification.h, 2),
// and the log whether it is frozen.
#include <algorithm>
#include <utility>

#include "view/verification_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kFeedPointsPerStep = 65536;
constexpr size_t kLogsPerStep = 256;

}  // namespace

std::string_view DifferenceName(WrongRow::Kind kind) {
  switch (kind) {
    case WrongRow::Kind::kMissing:
      return "missing";
    case WrongRow::Kind::kExtra:
      return "extra";
    case WrongRow::Kind::kValue:
      return "value";
  }
  TM_UNREACHABLE();
}

void Verification::Work::AddCandidate(RowMismatch mismatch) {
  if (ranges && IsHeld(mismatch)) {
    ++report.waiting;
    return;
  }
  if (candidates.empty()) settle_from = stands_at;
  candidates.insert_or_assign({mismatch.series, mismatch.time}, std::move(mismatch));
}

void Verification::Work::BeginSettling() {
  phase = candidates.empty() ? Phase::kDone : Phase::kSettling;
  feed.reset();
}

// Points behind the place where the view stands explain a difference: it has not read them yet.
Result<void> Verification::Work::Settle() {
  if (feed == nullptr) {
    settle_to = env.store.End();
    TM_ASSIGN_OR_RETURN(feed, env.store.OpenFeed(settle_from));
    batch.with_revisions = false;
  }
  size_t points = 0;
  bool in_gap = false;
  while (in_gap || !feed->positions().Covers(settle_to)) {
    if (points >= kFeedPointsPerStep && !in_gap) return {};
    TM_ASSIGN_OR_RETURN(const bool more, feed->Next(kFeedPointsPerStep, batch));
    if (!more) break;
    in_gap = batch.gap && !batch.gap_ends;
    points += batch.points.size() + batch.changed.size() + 1;
    TM_RETURN_IF_ERROR(ExcuseTouched());
  }
  feed.reset();
  phase = Phase::kReporting;
  return {};
}

Result<void> Verification::Work::ExcuseTouched() {
  std::vector<std::pair<SeriesIndex, TimeRange>> touched;
  const auto touch = [&](store::SeriesRef ref, TimeRange time) {
    const SeriesIndex series = book.Find(ref);
    if (series == SeriesDirectory::kForeign) return;
    touched.emplace_back(series, TimeRange{time.start, time.end + definition.reach()});
  };
  for (const store::FeedPoint& point : batch.points) {
    touch(point.series, {point.time, point.time + nanoseconds(1)});
  }
  for (const store::ChangedRange& changed : batch.changed) touch(changed.series, changed.time);
  std::vector<SeriesIndex> series;
  for (const auto& [one, time] : touched) series.push_back(one);
  TM_RETURN_IF_ERROR(book.ResolveTargets(series));
  for (const auto& [one, time] : touched) {
    for (uint8_t l = 0; l < windows.levels(); ++l) {
      for (size_t a = 0; a < book.outputs(); ++a) {
        const store::SeriesRef* target = book.target(one, l, a);
        if (target == nullptr) continue;
        // Rows of sessions and samples change as far as their points reach.
        Excuse(*target, ranges ? TimeRange{time.start - ranges->back(),
                                           time.end + ranges->back() + ranges->every()}
                               : windows.HullOf(time));
      }
    }
  }
  return {};
}

void Verification::Work::Excuse(store::SeriesRef target, TimeRange changed) {
  auto it = candidates.lower_bound({target, EventTime{INT64_MIN}});
  while (it != candidates.end() && it->first.first == target) {
    const TimeRange& window = ranges ? it->second.around : it->second.window;
    if (window.start < changed.end && changed.start < window.end) {
      ++report.waiting;
      it = candidates.erase(it);
    } else {
      ++it;
    }
  }
}

// Under kFreeze a sealed window keeps its row whatever comes; its log says that something did.
Result<bool> Verification::Work::IsFrozen(const RowMismatch& row) const {
  if (definition.late != LatePolicy::kFreeze ||
      row.window.end > *watermark - definition.allowed_lateness) {
    return false;
  }
  store::Selection one;
  one.table = definition.target;
  one.time = {row.time, row.time + nanoseconds(1)};
  // A session that is not as its row is was logged by the name that it had then.
  const bool other = ranges && ranges->sessions() &&
                     (!row.stored || std::holds_alternative<std::monostate>(row.new_value));
  if (other) one.time = {row.around.start, row.around.end + nanoseconds(1)};
  one.owners = {store::OwnerFilter::Kind::kView, definition.owner()};
  one.series = {{row.series}};
  TM_ASSIGN_OR_RETURN(const auto found, env.store.Revisions(one, other ? kLogsPerStep : 1));
  // Without a log nobody knows any more: its entries are kept for a time.
  bool logged = false;
  for (const store::RevisionRow& r : found) {
    logged = logged || !r.revisions.empty();
    if (std::ranges::any_of(r.revisions, &store::RevisionEntry::frozen)) return true;
  }
  return row.stored && !logged;
}

Result<void> Verification::Work::Report() {
  for (size_t i = 0; i < kLogsPerStep && !candidates.empty(); ++i) {
    const auto it = candidates.begin();
    RowMismatch& row = it->second;
    TM_ASSIGN_OR_RETURN(const bool frozen, IsFrozen(row));
    if (frozen) {
      ++report.frozen;
    } else if (++report.differences <= options.rows_max) {
      const bool wanted = !std::holds_alternative<std::monostate>(row.new_value);
      report.rows.push_back({.kind = !row.stored ? WrongRow::Kind::kMissing
                                     : wanted    ? WrongRow::Kind::kValue
                                                 : WrongRow::Kind::kExtra,
                             .series = env.store.Describe(row.series),
                             .time = row.time,
                             .window = row.window,
                             .revision = row.row.revision,
                             .old_value = std::move(row.old_value),
                             .new_value = std::move(row.new_value)});
    }
    candidates.erase(it);
  }
  if (!candidates.empty()) return {};
  if (level < windows.levels()) {
    BeginStretch(stretch.end);
  } else {
    phase = Phase::kDone;
  }
  return {};
}

}  // namespace tidemark::view
