// SPDX-License-Identifier: Apache-2.0
// Sessions and samples (docs/decisions/0009): the rows that ought to be around each change against
// those that are there. All of a key's rows that change are in one piece, which is one frame, so
// that its sessions never overlap.
#include <algorithm>
#include <iterator>
#include <utility>

#include "view/evaluation_internal.h"
#include "view/evaluation_ranges_internal.h"
#include "view/sample_grid_internal.h"

namespace tidemark::view {
namespace {

constexpr nanoseconds kTick{1};

struct StartsBefore {
  bool operator()(const TimeRange& a, const TimeRange& b) const { return a.start < b.start; }
};

/// `due` with another range, without what is known of its points.
Due RowDue(const Due& due, TimeRange range) {
  return {.window = due.window, .series = due.series, .range = range};
}

}  // namespace

Result<Piece> Evaluator::EvaluateRanges(const PieceRequest& request) {
  changed_.clear();
  // Sessions stay inside of their cell; samples of two cells may follow from one change.
  std::map<std::pair<SeriesIndex, EventTime>, RangeWork> works;
  std::vector<RangeRun> runs;
  for (const Due& due : request.due) {
    const EventTime cell = ranges_->sessions() ? due.window.start : EventTime{};
    works[{due.series, cell}].due.push_back(&due);
    RangeRun& run = runs.emplace_back();
    run.series = due.series;
    run.changed = due.range;
  }
  RangeReader reader(store_, definition_, book_, *ranges_);
  TM_RETURN_IF_ERROR(reader.Load(request.at_least, runs));
  size_t i = 0;
  for (const Due& due : request.due) {
    const EventTime cell = ranges_->sessions() ? due.window.start : EventTime{};
    works[{due.series, cell}].runs.push_back(std::move(runs[i++]));
  }
  Piece piece;
  piece.snapshot = store_.End();
  piece.points_read = reader.points_read();
  if (!ranges_->sessions()) {
    TM_RETURN_IF_ERROR(EvaluateSamples(request, works, piece));
  } else if (request.kind == PieceRequest::Kind::kCompare) {
    TM_RETURN_IF_ERROR(CompareSessions(request, works, piece));
  } else {
    TM_RETURN_IF_ERROR(EvaluateSessions(request, works, piece));
  }
  return piece;
}

// ------------------------------------------------------------------------------------------
// sessions

// The sessions that touch what changed, and with them all rows that may be other than before.
void Evaluator::FindSessions(const PieceRequest& request, std::span<const TimeRange> sealed,
                             RangeWork& work) const {
  work.rows.clear();
  work.spans.clear();
  for (size_t i = 0; i < work.runs.size(); ++i) {
    const Due& due = *work.due[i];
    RangeRun& run = work.runs[i];
    // A sealed row takes no point, and what it would take is in no other session.
    std::erase_if(run.times, [&](EventTime t) {
      return std::ranges::any_of(sealed, [&](const TimeRange& row) {
        return row.start - ranges_->gap() < t && t < row.end;
      });
    });
    const TimeRange near = Near(run.changed);
    TimeRange span = near;
    for (const TimeRange& session : SplitSessions(run.times, *ranges_)) {
      if (!Overlap(session, near)) continue;
      span = {std::min(span.start, session.start), std::max(span.end, session.end)};
      const auto [it, is_new] = work.rows.try_emplace(session.start, RowDue(due, session));
      // A point that went has changed the sessions it leaves.
      if (!Overlap(session, definition_.rows_end() ? Near(due.range) : due.range)) continue;
      MergeDue(it->second, due);
      // What fires now is not coarse: revision 1 as ever.
      if (session.end > request.watermark_before) it->second.coarse = false;
    }
    work.spans.push_back(span);
  }
}

// Where sessions change with a change in `range`.
TimeRange Evaluator::Near(TimeRange range) const {
  return {range.start, ranges_->LateFrom(range.end - kTick)};
}

bool Evaluator::IsSealed(const PieceRequest& request, const OldRow& row) const {
  return definition_.late == LatePolicy::kFreeze && !row.early &&
         row.window.end <= request.sealed_until;
}

Result<void> Evaluator::EvaluateSessions(const PieceRequest& request, RangeWorks& works,
                                         Piece& piece) {
  RangeRows rows;
  for (bool whole = false; !whole;) {
    for (auto& [key, work] : works) FindSessions(request, {}, work);
    TM_ASSIGN_OR_RETURN(rows, ReadRangeRows(request, works));
    TM_ASSIGN_OR_RETURN(whole, CoverRows(request, rows, works));
  }
  std::vector<Due> written;
  std::vector<Due> sealed;
  std::vector<std::pair<Due, OldRow>> ended;
  for (auto& [key, work] : works) {
    std::vector<OldRow> old = OldRowsOf(key.first, work, rows);
    DropOthers(old, work);
    if (definition_.late == LatePolicy::kFreeze) {
      TM_RETURN_IF_ERROR(Seal(request, work, old, rows, sealed, piece));
    }
    PlanSessions(request, work, old, written, ended);
  }
  std::vector<RowKey> keys;
  for (const Due& due : written) {
    for (size_t output = 0; output < book_.outputs(); ++output) {
      const auto* target = book_.target(due.series, 0, output);
      if (target != nullptr) keys.push_back({*target, LabelOf(due)});
    }
  }
  TM_RETURN_IF_ERROR(ReadEnded(keys, rows.found));
  if (!written.empty()) TM_RETURN_IF_ERROR(AggregateInto(request, written, rows.found, piece));
  for (const auto& [due, row] : ended) End(request, due, row, rows.found, piece);
  return LookAtSealed(request, sealed, rows.found, piece);
}

// Sealed rows that the feed's gap may have changed: the log says where the points give another
// value.
Result<void> Evaluator::LookAtSealed(const PieceRequest& request, std::span<const Due> due,
                                     const Rows& rows, Piece& piece) {
  if (due.empty()) return {};
  PieceRequest look = request;
  look.sealed.Set(0, kEventTimeMax);
  const size_t before = piece.revisions.size();
  TM_RETURN_IF_ERROR(AggregateInto(look, due, rows, piece));
  KeepForLast(before, piece);
  return {};
}

// They go with the epoch's last frame.
void Evaluator::KeepForLast(size_t from, Piece& piece) {
  std::move(piece.revisions.begin() + static_cast<ptrdiff_t>(from), piece.revisions.end(),
            std::back_inserter(piece.refusal_entries));
  piece.revisions.resize(from);
}

bool Evaluator::IsWhole(const PieceRequest& request, TimeRange session) const {
  return session.start - ranges_->gap() >= request.first_whole ||
         ranges_->CellOf(session.start).start >= request.first_whole;
}

// Which sessions are written, and which rows end: those that a written session lies upon, and those
// that no session is left of. A session that is still open leaves the rows it lies upon.
void Evaluator::PlanSessions(const PieceRequest& request, const RangeWork& work,
                             std::span<const OldRow> old, std::vector<Due>& written,
                             std::vector<std::pair<Due, OldRow>>& ended) {
  const bool early = request.kind == PieceRequest::Kind::kEarly;
  std::vector<const Due*> upon(old.size(), nullptr);  // the written session that ends it
  std::vector<uint8_t> kept(old.size(), 0);
  std::set<EventTime> labels;
  for (const auto& [start, due] : work.rows) {
    const bool open = due.range.end > request.watermark;
    bool writes = IsWhole(request, due.range) && (open ? early : !early);
    for (size_t i = 0; early && i < old.size(); ++i) {
      // What is published stays until the watermark has passed the session.
      if (!old[i].early && Overlap(old[i].window, due.range)) writes = false;
    }
    if (writes) {
      written.push_back(due);
      labels.insert(LabelOf(due));
    }
    for (size_t i = 0; i < old.size(); ++i) {
      if (!Overlap(old[i].window, due.range)) continue;
      if (!writes) {
        kept[i] = 1;
      } else if (upon[i] == nullptr) {
        upon[i] = &due;
      }
    }
  }
  for (size_t i = 0; i < old.size(); ++i) {
    const bool alone = upon[i] == nullptr && kept[i] == 0;
    if (upon[i] == nullptr && !alone) continue;
    if (early && !old[i].early) continue;
    Due due = upon[i] != nullptr ? *upon[i] : *work.due.front();
    // It ends with what lies upon it.
    changed_[{due.series, old[i].window.start}] = due.range;
    due.range = old[i].window;
    if (alone && !IsWhole(request, due.range)) continue;
    // A row that goes on under its key is written, not ended.
    if (!labels.contains(LabelOf(due))) ended.emplace_back(due, old[i]);
  }
}

void Evaluator::End(const PieceRequest& request, const Due& due, const OldRow& row,
                    const Rows& rows, Piece& piece) {
  const store::SeriesRef target = *book_.target(due.series, 0, row.output);
  if (!row.early) {
    Emit(request, due, row.output, 0, {}, rows, piece);
    return;
  }
  // Nobody was told of it, so nobody is told of its end.
  const auto found = rows.find({target, LabelOf(due)});
  if (EmitEarly(request, {due, target, 0, 0}, {}, &found->second, piece)) {
    NoteChange(due, row.output, piece);
  }
}

// kFreeze: rows that are sealed leave the work, with the points that would change them.
Result<void> Evaluator::Seal(const PieceRequest& request, RangeWork& work, std::vector<OldRow>& old,
                             const RangeRows& rows, std::vector<Due>& as_they_are, Piece& piece) {
  std::vector<TimeRange> sealed;
  for (const OldRow& row : old) {
    if (IsSealed(request, row)) sealed.push_back(row.window);
  }
  std::erase_if(old, [&](const OldRow& row) { return IsSealed(request, row); });
  for (const Due* due : work.due) {
    if (due->coarse) {
      SealCoarse(request, work, {*due, sealed}, rows, as_they_are, piece);
    } else if (due->late_points > 0) {
      SealLate(request, work, {*due, sealed}, rows, as_they_are, piece);
    } else {
      TM_RETURN_IF_ERROR(SealOverdue(request, work, {*due, sealed}, rows, piece));
    }
  }
  FindSessions(request, sealed, work);
  // Without what is refused the change may reach less far than the points do.
  std::erase_if(old, [&](const OldRow& row) {
    return std::ranges::none_of(work.spans,
                                [&](const TimeRange& span) { return Overlap(span, row.window); });
  });
  DropOthers(old, work);
  // A session that would be sealed as soon as it is there does not begin to be.
  std::erase_if(work.rows, [&](const auto& one) {
    const Due& due = one.second;
    // One that waited for damaged files does.
    if (due.range.end > request.sealed_until || (due.late_points == 0 && !due.coarse)) return false;
    if (std::ranges::any_of(old, [&](const OldRow& row) { return Overlap(row.window, due.range); }))
      return false;
    Refuse(request, due, due.range, rows.found, piece);
    return true;
  });
  return {};
}

// Whether the log of a row says that something was refused.
Result<bool> Evaluator::IsTold(const Due& of_row) const {
  store::Selection row;
  row.table = definition_.target;
  row.time = {LabelOf(of_row), LabelOf(of_row) + kTick};
  row.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
  row.series.emplace();
  for (size_t output = 0; output < book_.outputs(); ++output) {
    if (const auto* target = book_.target(of_row.series, 0, output)) row.series->push_back(*target);
  }
  TM_ASSIGN_OR_RETURN(const auto found, store_.Revisions(row, row.series->size()));
  return std::ranges::any_of(found, [](const store::RevisionRow& one) {
    return std::ranges::any_of(one.revisions, &store::RevisionEntry::frozen);
  });
}

// A point may join a row that is not sealed to a session that is open for so long that the row is
// sealed when it is due: the row stays then as well, and its log says so, once.
Result<void> Evaluator::SealOverdue(const PieceRequest& request, const RangeWork& work,
                                    Sealed sealed, const RangeRows& rows, Piece& piece) {
  for (const TimeRange& window :
       std::set<TimeRange, StartsBefore>(sealed.rows.begin(), sealed.rows.end())) {
    const auto same = work.rows.find(window.start);
    const bool as_it_is = same != work.rows.end() && same->second.range.end == window.end;
    if (as_it_is || !Overlap(window, Near(sealed.due.range))) continue;
    TM_ASSIGN_OR_RETURN(const bool told, IsTold(RowDue(sealed.due, window)));
    if (told) continue;
    Due due = sealed.due;
    due.coarse = true;  // how many points is not known any more
    Refuse(request, due, window, rows.found, piece);
  }
  return {};
}

// Each row that would take one of the late points refuses it.
void Evaluator::SealLate(const PieceRequest& request, const RangeWork& work, Sealed sealed,
                         const RangeRows& rows, std::vector<Due>& as_they_are, Piece& piece) {
  const Due& due = sealed.due;
  std::vector<std::pair<TimeRange, TimeRange>> reached;  // a row, and where it takes points
  EventTime from = due.range.start;
  for (const TimeRange& window :
       std::set<TimeRange, StartsBefore>(sealed.rows.begin(), sealed.rows.end())) {
    const TimeRange takes{std::max(from, window.start - ranges_->gap() + kTick),
                          std::min(due.range.end, window.end)};
    if (takes.empty()) continue;
    reached.emplace_back(window, takes);
    from = takes.end;
  }
  if (reached.empty()) return;
  if (reached.size() == 1) return Refuse(request, due, reached.front().first, rows.found, piece);
  const auto known = [&](TimeRange range) -> uint64_t {
    return request.late_keys == nullptr ? 0 : request.late_keys->In(range, due.series).size();
  };
  if (known(due.range) < due.late_points) {
    Due some = due;
    some.coarse = true;
    some.late_points = 0;
    piece.refusals.push_back({due, reached.front().first});  // once, though several rows say so
    return SealCoarse(request, work, {some, sealed.rows}, rows, as_they_are, piece);
  }
  for (const auto& [window, takes] : reached) {
    Due part = due;
    part.range = takes;
    part.late_points = known(takes);
    Refuse(request, part, window, rows.found, piece);
  }
}

// Which points came is not known: rows with other bounds than the points give refuse some, of the
// others the value tells.
void Evaluator::SealCoarse(const PieceRequest& request, const RangeWork& work, Sealed sealed,
                           const RangeRows& rows, std::vector<Due>& as_they_are, Piece& piece) {
  std::set<EventTime> seen;  // a row of each output
  for (const TimeRange& window : sealed.rows) {
    if (!Overlap(window, sealed.due.range) || !seen.insert(window.start).second) continue;
    const auto same = work.rows.find(window.start);
    if (same != work.rows.end() && same->second.range.end == window.end) {
      as_they_are.push_back(RowDue(sealed.due, window));
      as_they_are.back().coarse = true;
    } else {
      Refuse(request, sealed.due, window, rows.found, piece);
    }
  }
}

void Evaluator::Refuse(const PieceRequest& request, const Due& due, TimeRange window,
                       const Rows& rows, Piece& piece) {
  if (due.late_points == 0 && !due.coarse) return;
  Due of_row = due;
  if (ranges_->sessions()) changed_[{due.series, window.start}] = due.range;
  of_row.range = window;
  const size_t before = piece.revisions.size();
  for (size_t output = 0; output < book_.outputs(); ++output)
    LogFrozen(request, of_row, output, rows, piece);
  KeepForLast(before, piece);
  if (due.late_points > 0) piece.refusals.push_back({due, window});
}

// ------------------------------------------------------------------------------------------
// samples

Result<void> Evaluator::EvaluateSamples(const PieceRequest& request, RangeWorks& works,
                                        Piece& piece) {
  const EventTime watermark = std::max(request.watermark, kEventTimeMin);
  const bool compares = request.kind == PieceRequest::Kind::kCompare;
  std::map<std::pair<SeriesIndex, EventTime>, std::pair<Due, GridValue>> values;
  for (auto& [key, work] : works) {
    for (size_t i = 0; i < work.runs.size(); ++i) {
      SampleGrid grid(*ranges_, definition_.fill_value, watermark, work.runs[i]);
      const TimeRange touched = grid.Touched();
      const auto& times = work.runs[i].times;
      if (!touched.empty()) work.spans.push_back(touched);
      for (EventTime at = touched.start; at < touched.end; at = at + ranges_->every()) {
        if (compares ? !request.compared.Contains(at) || !work.due[i]->range.Contains(at)
                     : at - ranges_->back() < request.first_whole) {
          continue;
        }
        // Nothing is carried on beyond what is known.
        if (at >= watermark && (times.empty() || at > times.back())) break;
        const auto [it, is_new] = values.try_emplace({key.first, at});
        auto& [due, value] = it->second;
        if (is_new) {
          due = RowDue(*work.due[i], {at, at + ranges_->every()});
          value = grid.At(at);
        }
        MergeDue(due, *work.due[i]);
        TimeRange& changed =
            changed_.try_emplace({key.first, at}, work.due[i]->range).first->second;
        changed.start = std::min(changed.start, work.due[i]->range.start);
        changed.end = std::max(changed.end, work.due[i]->range.end);
        if (due.range.end > request.watermark_before) due.coarse = false;
      }
    }
  }
  TM_ASSIGN_OR_RETURN(RangeRows rows, ReadRangeRows(request, works));
  std::vector<RowKey> fired;  // what fires now for the first time has not ended before
  for (const auto& [key, one] : values) {
    const auto* target = book_.target(key.first, 0, 0);
    const bool has_value = !std::holds_alternative<std::monostate>(one.second.value);
    if (target != nullptr && !compares && has_value &&
        (one.first.range.end <= request.watermark_before ||
         request.fresh_rows == PieceRequest::FreshRows::kMayExist)) {
      fired.push_back({*target, LabelOf(one.first)});
    }
  }
  TM_RETURN_IF_ERROR(ReadEnded(fired, rows.found));
  for (auto& [key, one] : values) {
    auto& [due, value] = one;
    if (compares) {
      CompareSample(request, due, std::move(value), rows, piece);
    } else {
      TM_RETURN_IF_ERROR(EmitSample(request, due, std::move(value), rows, piece));
    }
  }
  return {};
}

Result<void> Evaluator::EmitSample(const PieceRequest& request, const Due& due, GridValue value,
                                   const RangeRows& rows, Piece& piece) {
  const auto* target = book_.target(due.series, 0, 0);
  if (target == nullptr) {
    ++piece.refused;
    return {};
  }
  const bool early = request.kind == PieceRequest::Kind::kEarly;
  const auto found = rows.found.find({*target, LabelOf(due)});
  const Existing* existing = found == rows.found.end() ? nullptr : &found->second;
  const bool has_value = !std::holds_alternative<std::monostate>(value.value);
  // The sample that made a row may go before it is certain that no other comes: nobody waits for
  // that any more, so the row ends at once.
  const bool went = !early && !has_value && existing != nullptr && !IsEarly(existing->row) &&
                    !NoValue(existing->values);
  if (value.settled == early && !went) return {};
  if (existing != nullptr && IsEarly(existing->row) && !has_value) {
    if (EmitEarly(request, {due, *target, 0, 0}, {}, existing, piece)) NoteChange(due, 0, piece);
    return {};
  }
  // A value may wait for samples until its time is sealed: the row that is there stays, a new one
  // still comes.
  const bool stays = definition_.late == LatePolicy::kFreeze && existing != nullptr &&
                     existing->row.revision > 0 && due.range.end <= request.sealed_until;
  if (!stays) {
    Emit(request, due, 0, value.sampled ? 1 : 0, {&value.value, 1}, rows.found, piece);
    return {};
  }
  if (SameBits(existing->values, {&value.value, 1})) return {};
  Due refused = due;
  if (due.late_points == 0 && !due.coarse) {
    // What changed it came before it was sealed, and was certain too late; its log says so once.
    TM_ASSIGN_OR_RETURN(const bool told, IsTold(due));
    if (told) return {};
    refused.coarse = true;  // how many points is not known any more
  }
  Refuse(request, refused, due.range, rows.found, piece);
  return {};
}

}  // namespace tidemark::view
