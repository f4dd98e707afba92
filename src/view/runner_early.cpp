// SPDX-License-Identifier: Apache-2.0
// Preliminary rows of windows that have not fired (event-time.md 2.3 and 4; design section 7).
#include <algorithm>

#include "base/logging.h"
#include "view/runner_internal.h"

namespace tidemark::view {

// Only while the feed is drained: behind, values would be older than the rows suggest, and the
// time is better spent catching up.
std::optional<MonotonicTime> ViewRunner::EarlyAt() const {
  const Work& w = *work_;
  if (!w.unseen || OpenCount() == 0) return std::nullopt;
  std::optional<MonotonicTime> at;
  if (definition_.early > nanoseconds(0)) at = w.last_early_at + definition_.early;
  if (definition_.provisional_after > nanoseconds(0)) {
    const MonotonicTime silent_at = w.last_point_at + definition_.provisional_after;
    at = std::min(at.value_or(silent_at), silent_at);
  }
  return at;
}

void ViewRunner::BeginEarly() {
  Work& w = *work_;
  w.unseen = false;
  w.last_early_at = env_.clock.Monotonic();
  w.early_from = {FirstWhole(), 0};
  w.early_key = 0;
  w.due.clear();
  w.due_next = 0;
  phase_ = Phase::kEarly;
}

/// The next open window that can be evaluated; false: none.
bool ViewRunner::NextEarly() {
  Work& w = *work_;
  for (;;) {
    w.due.clear();
    w.due_next = 0;
    if (w.open) return NextEarlySpans();
    const auto window = w.marks.CopyFirst(w.early_from, w.fired, w.due);
    if (!window) return false;
    w.early_from = {window->start, static_cast<uint8_t>(window->level + 1)};
    if (w.damage.IsLost(*window) || w.damage.IsWaiting(*window)) continue;
    SortDue(w.due);
    return true;
  }
}

Result<Progress> ViewRunner::EvaluateEarly() {
  Work& w = *work_;
  if (w.due_next == w.due.size() && !NextEarly()) {
    phase_ = Phase::kDraining;
    return kMore;
  }
  const size_t count = PieceOf(w.due, w.due_next, env_.options.windows_per_piece);
  PieceRequest request;
  request.kind = PieceRequest::Kind::kEarly;
  request.due = std::span(w.due).subspan(w.due_next, count);
  request.at_least = w.epoch.target;
  request.now = env_.clock.Now();
  request.fresh_rows = PieceRequest::FreshRows::kMayExist;
  request.first_whole = FirstWhole();
  request.keep_before = w.frontier;
  Result<bool> ready = true;
  if (w.open) AskForSpans(request);
  if (w.book.grouped() && !w.open) ready = PrepareGroups(request.due, Evaluator::Marks::kComplete);
  if (ready.ok() && !*ready) return kMore;
  Result<Piece> piece = ready.ok() ? w.evaluator.Evaluate(request) : ready.error();
  if (!piece.ok()) {
    if (piece.error().code != Code::kCorruption)
      return std::move(piece).error().With("evaluate open windows of view " + definition_.name);
    // The epoch that fires the window finds out what is damaged, and says so.
    w.due_next += count;
    return kMore;
  }
  metrics_->evaluated.Add(count);
  if (piece->empty()) {
    w.due_next += count;
    return kMore;
  }
  WritePiece(*std::move(piece), count, PiecePlace::kInside);
  return kMore;
}

}  // namespace tidemark::view
