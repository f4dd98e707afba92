// SPDX-License-Identifier: Apache-2.0
// Evaluating what is due, piece by piece, and the account of what became durable.
#include <algorithm>
#include <iterator>
#include <tuple>

#include "base/logging.h"
#include "view/runner_internal.h"

namespace tidemark::view {

// Windows to evaluate next: those to catch up with, then those that are due.
Result<void> ViewRunner::NextDue() {
  Work& w = *work_;
  w.due.clear();
  w.due_next = 0;
  while (w.due.empty() && !w.catch_up.empty()) {
    const auto taken = w.catch_up.Take(env_.options.windows_per_piece, w.fired, w.due);
    SortDue(w.due);
    HoldDamaged(w.due, 0);
    TM_RETURN_IF_ERROR(taken);
  }
  while (w.due.empty() && !w.due_later.empty()) {
    w.due = std::move(w.due_later.front());
    w.due_later.pop_front();
  }
  return {};
}

Result<Progress> ViewRunner::Evaluate() {
  Work& w = *work_;
  const bool seeding = w.scanning;
  if (w.due_next == w.due.size() && !seeding) {
    if (auto next = NextDue(); !next.ok()) {
      if (next.error().code == Code::kCorruption) return LeaveDamaged(0, next.error());
      return std::move(next).error();
    }
  }
  const size_t count =
      PieceOf(w.due, w.due_next, std::min(env_.options.windows_per_piece, w.piece_max));
  const bool last =
      !seeding && w.due_next + count == w.due.size() && w.catch_up.empty() && w.due_later.empty();
  if (count == 0 && seeding) {
    w.due.clear();
    w.due_next = 0;
    phase_ = Phase::kSeeding;
    return kMore;
  }
  PieceRequest request;
  request.due = std::span(w.due).subspan(w.due_next, count);
  if (w.book.grouped() && !w.open) {
    // A back-fill names the series of a window as they are scanned, a gap those it knows of.
    const bool complete = w.seeded && !w.epoch.gap;
    const auto ready = PrepareGroups(
        request.due, complete ? Evaluator::Marks::kComplete : Evaluator::Marks::kMayLack);
    if (!ready.ok()) {
      if (ready.error().code == Code::kCorruption) return LeaveDamaged(count, ready.error());
      return ready.error();
    }
    if (!*ready) return kMore;
  }
  if (last) {
    TM_ASSIGN_OR_RETURN(const bool handed, HandOverRefused());
    if (!handed) return Progress{};  // its completion wakes the task
    request.frozen = w.frozen;
  }
  request.late_keys = &w.late_keys;
  request.at_least = w.epoch.target;
  request.now = env_.clock.Now();
  // Preliminary rows make no window known as published.
  // A back-fill meets a row that several series or slices share once for each of them.
  const bool again = ShowsEarly() || (!w.seeded && (w.book.grouped() || w.open));
  request.fresh_rows = again ? PieceRequest::FreshRows::kMayExist : w.fresh_rows;
  request.first_whole = FirstWhole();
  if (w.open) {
    AskForSpans(request);
  } else if (definition_.late == LatePolicy::kFreeze) {
    request.sealed = w.sealed;
  }
  auto evaluated = w.evaluator.Evaluate(request);
  if (!evaluated.ok()) {
    if (evaluated.error().code == Code::kCorruption) return LeaveDamaged(count, evaluated.error());
    return std::move(evaluated).error().With("evaluate windows of view " + definition_.name);
  }
  Piece& piece = *evaluated;
  NoteRefusals(piece);
  TM_ASSIGN_OR_RETURN(const bool handed, HandOverRefusals());
  if (!handed) return Progress{};  // as above
  metrics_->evaluated.Add(count);
  w.piece_max = SIZE_MAX;
  damage_backoff_ = milliseconds(0);
  if (piece.empty() && !last) {
    totals_.overflows += piece.overflows;
    ForgetKeys(request.due);
    w.due_next += count;
    KeepRefusals();
    return kMore;
  }
  WritePiece(std::move(piece), count, last ? PiecePlace::kLast : PiecePlace::kInside);
  return kMore;  // a store may have completed already
}

void ViewRunner::SortDue(std::vector<Due>& due) const {
  if (work_->open) return SortSpans(due);
  SortAndMerge(due);
  if (!work_->book.grouped()) return;
  const SeriesBook& book = work_->book;
  const auto key = [&book](const Due& one) {
    return std::tuple(one.window, book.group(one.series), one.series);
  };
  std::sort(due.begin(), due.end(), [&key](const Due& a, const Due& b) { return key(a) < key(b); });
}

bool ViewRunner::SameRow(const Due& a, const Due& b) const {
  return a.window == b.window && work_->book.group(a.series) == work_->book.group(b.series);
}

size_t ViewRunner::PieceOf(const std::vector<Due>& due, size_t next, size_t count_max) const {
  size_t count = std::min(count_max, due.size() - next);
  if (work_->open) {
    size_t rows = 0;
    for (size_t i = 0; i < count; ++i) {
      rows += RowsOf(due[next + i]);
      if (i > 0 && rows > count_max) count = i;
    }
  }
  if ((!work_->book.grouped() && !work_->open) || count == 0) return count;
  while (next + count < due.size() && SameRow(due[next + count - 1], due[next + count])) ++count;
  return count;
}

Result<bool> ViewRunner::PrepareGroups(std::span<const Due> due, Evaluator::Marks marks) {
  Work& w = *work_;
  if (!w.groups_marked) w.evaluator.MarkGroups(due, marks);
  w.groups_marked = true;
  auto done = w.evaluator.FillGroups(env_.options.group_leaves_per_step, w.epoch.target);
  w.groups_marked = done.ok() && !*done;
  return done;
}

Result<bool> ViewRunner::HandOverRefused() {
  Work& w = *work_;
  if (w.refused.empty()) return true;
  if (handover_ == nullptr) {
    handover_ = std::make_shared<Handover>();
    env_.sink->OnLatePoints(definition_, w.refused,
                            [handover = handover_, wake = env_.wake](Result<void> result) {
                              {
                                MutexLock lock(handover->mutex);
                                handover->result = std::move(result);
                              }
                              wake();
                            });
  }
  std::optional<Result<void>> result;
  {
    MutexLock lock(handover_->mutex);
    result = handover_->result;
  }
  if (!result) return false;
  handover_.reset();
  if (!result->ok()) {
    Log(LogLevel::kWarning, "view", "late points are not taken",
        {{"view", definition_.name},
         {"stream", definition_.late_stream},
         {"points", w.refused.size()},
         {"error", result->error().message}});
    return Error{Code::kResourceExhausted, "late points are not taken"};  // try again
  }
  w.refused.clear();
  backoff_ = milliseconds(0);
  return true;
}

void ViewRunner::WritePiece(Piece piece, size_t windows, PiecePlace place) {
  Work& w = *work_;
  TakeBackRefusals(piece);
  const bool last = place == PiecePlace::kLast;
  const bool refuses = last && !(w.refused_entries.empty() && w.refusing.entries.empty());
  if (refuses) {
    std::ranges::copy(w.refused_entries, std::back_inserter(piece.revisions));
    std::ranges::copy(w.refusing.entries, std::back_inserter(piece.revisions));
  }
  auto inflight = std::make_shared<Inflight>();
  inflight->windows = piece.published;
  inflight->revisions = piece.revised;
  inflight->early = piece.early;
  inflight->overflows = piece.overflows;
  inflight->refused = piece.refused;
  inflight->entries = windows;
  inflight->last = last;
  inflight->published = {.view = definition_.id,
                         .view_name = definition_.name,
                         .target = definition_.target,
                         .measures = {piece.measures.begin(), piece.measures.end()},
                         .rows = piece.hull.value_or(TimeRange{kEventTimeMin, kEventTimeMin}),
                         .revisions = piece.revised > 0 || (last && !w.frozen.empty()) || refuses};

  ProgressState state;
  state.totals = totals_;
  state.totals.windows_published += piece.published;
  state.totals.revisions += piece.revised;
  state.totals.overflows += piece.overflows;
  state.seeded = w.seeded || last;
  state.replay_from = w.replay_from;
  store::ViewProgress progress;
  progress.view = definition_.id;
  progress.generation = definition_.generation;
  progress.positions = piece.snapshot;
  KeepHeld(state, w.held);
  state.history = history_;
  state.waiting = last ? KeepWaiting() : w.waiting_journaled;
  if (last) {
    inflight->waiting = state.waiting;
    if (w.epoch.frontier) state.history.Note(w.epoch.at, *w.epoch.frontier);
    state.replay_from = w.epoch.target;
    state.totals.late_points += w.epoch.late_points + w.refusing.late;
    state.totals.frozen += w.epoch.frozen + w.refusing.frozen;
    progress.watermark = w.epoch.frontier;
  } else {
    state.sweep_to = w.epoch.frontier;
    KeepHeld(state, w.released);
    if (w.frontier != kNoTime) progress.watermark = w.frontier;
  }
  progress.state = EncodeProgressState(state, w.tracker);
  progress.replay_from = state.replay_from;

  store::WriteBatch batch;
  batch.points = piece.points;
  batch.rule = store::ConflictRule::kLastWins;
  batch.owner = definition_.owner();
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.view_progress = std::move(progress);
  batch.revisions = piece.revisions;
  inflight_ = inflight;
  env_.store.Write(batch, [inflight, wake = env_.wake](Result<store::WriteReply> reply) {
    {
      MutexLock lock(inflight->mutex);
      inflight->reply = std::move(reply);
    }
    wake();
  });
}

Result<Progress> ViewRunner::AfterWrite(Result<store::WriteReply> reply) {
  if (!reply.ok()) {
    inflight_.reset();
    if (reply.error().code == Code::kResourceExhausted) return BackOff();
    return std::move(reply).error().With("write rows of view " + definition_.name);
  }
  backoff_ = milliseconds(0);
  if (!reply->rejections.empty()) {
    metrics_->refused.Add(reply->rejections.size());
    Log(LogLevel::kWarning, "view", "the store refuses rows",
        {{"view", definition_.name},
         {"rows", reply->rejections.size()},
         {"reason", reply->rejections.front().text}});
  }
  inflight_->damaged = std::ranges::any_of(reply->rejections, [](const store::Rejection& r) {
    return r.reason == store::RejectReason::kDamaged;
  });
  Account();
  return kMore;
}

void ViewRunner::ForgetKeys(std::span<const Due> done) {
  Work& w = *work_;
  if (w.late_keys.empty()) return;
  for (const Due& due : done) {
    if (w.open) {
      w.late_keys.ForgetIn(due.range, due.series);
    } else {
      w.late_keys.Forget(due.window, due.series);
    }
  }
}

void ViewRunner::Account() {
  Work& w = *work_;
  const std::shared_ptr<Inflight> done = std::move(inflight_);
  inflight_.reset();
  KeepRefusals();
  totals_.windows_published += done->windows;
  totals_.revisions += done->revisions;
  totals_.overflows += done->overflows;
  metrics_->windows_published.Add(done->windows);
  metrics_->revisions.Add(done->revisions);
  metrics_->early.Add(done->early);
  metrics_->overflows.Add(done->overflows);
  metrics_->refused.Add(done->refused);
  const ArrivalTime now = env_.clock.Now();
  if (done->windows > 0) last_fired_at_ = now;
  if (done->revisions > 0) last_revised_at_ = now;
  if (done->last) {
    w.held_changed = false;
    w.released = {};
    w.waiting_journaled = std::move(done->waiting);
    if (w.held.empty()) w.held_backoff = {};
  }
  if (done->damaged && phase_ != Phase::kEarly) HoldRefused(*done);
  if (phase_ != Phase::kEarly && !done->damaged) {
    ForgetKeys(std::span(w.due).subspan(w.due_next, done->entries));
  }
  w.due_next += done->entries;
  if (done->last) {
    totals_.late_points += w.epoch.late_points;
    totals_.frozen += w.epoch.frozen;
    metrics_->late_points.Add(w.epoch.late_points);
    metrics_->frozen.Add(w.epoch.frozen);
    w.seeded = true;
    w.replay_from = w.epoch.target;
    w.points_since_progress = 0;
    w.fresh_rows = PieceRequest::FreshRows::kNone;
    CommitEpoch();
  }
  if (!done->published.measures.empty() && !wishes_.next) env_.publish(done->published);
}

}  // namespace tidemark::view
