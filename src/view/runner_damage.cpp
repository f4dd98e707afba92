// SPDX-License-Identifier: Apache-2.0
// Going on beside damaged files: windows that need them wait, all others do not.
#include <algorithm>

#include "base/logging.h"
#include "view/runner_internal.h"

namespace tidemark::view {
namespace {

constexpr milliseconds kHeldBackoffMin{1000};
constexpr milliseconds kHeldBackoffMax{60'000};

}  // namespace

void ViewRunner::RefreshDamage() {
  Work& w = *work_;
  DamageMap damage(env_.store, windows_, definition_);
  if (damage == w.damage) return;
  w.damage = std::move(damage);
  w.held_backoff = {};
  w.held_look_at = env_.clock.Monotonic();
}

void ViewRunner::Hold(const Due& due) {
  Work& w = *work_;
  w.held.Add(due, windows_);
  w.held_changed = true;
}

void ViewRunner::DropLost(const Due& due) {
  // The points stay raw; how many they are is counted, each of them is not known any more.
  work_->epoch.frozen += due.late_points;
  work_->held_changed = true;
}

size_t ViewRunner::HoldDamaged(std::vector<Due>& due, size_t from) {
  Work& w = *work_;
  if (w.damage.none()) return 0;
  size_t kept = from;
  for (size_t i = from; i < due.size(); ++i) {
    if (w.damage.IsLost(due[i].window)) {
      DropLost(due[i]);
    } else if (w.damage.IsWaiting(due[i].window)) {
      Hold(due[i]);
    } else {
      due[kept++] = due[i];
    }
  }
  const size_t removed = due.size() - kept;
  due.resize(kept);
  return removed;
}

// At the end of a drain: what can be read again goes into this epoch.
void ViewRunner::ReleaseHeld() {
  Work& w = *work_;
  const MonotonicTime now = env_.clock.Monotonic();
  if (w.held.empty() || now < w.held_look_at) return;
  const HeldWindows all = w.held.Take();
  const EventTime first = FirstWhole();
  for (const Due& due : all.exact()) {
    if (TooOld(due.window, first) || w.damage.IsLost(due.window)) {
      DropLost(due);
    } else if (w.damage.IsWaiting(due.window)) {
      w.held.Add(due, windows_);
    } else {
      w.due.push_back(due);
      w.released.Add(due, windows_);
      w.held_changed = true;
    }
  }
  for (const TimeRange& range : all.ranges()) {
    for (const TimeRange& wait : w.damage.waiting().Inside(range)) w.held.AddRange(wait);
    for (const TimeRange& free : w.damage.waiting().Outside(range)) {
      w.catch_up.AddAll(free);
      w.released.AddRange(free);
    }
  }
  w.held_changed = w.held_changed || w.held.ranges() != all.ranges();
  w.held_backoff = std::clamp(2 * w.held_backoff, kHeldBackoffMin, kHeldBackoffMax);
  w.held_look_at = now + w.held_backoff;
}

// An evaluation of `count` windows, or the search for the next ones (0), could not read what it
// needs.
Progress ViewRunner::LeaveDamaged(size_t count, const Error& error) {
  Work& w = *work_;
  const size_t others = w.catch_up.size();
  RefreshDamage();
  size_t removed = HoldDamaged(w.due, w.due_next);
  for (std::vector<Due>& stage : w.due_later) HoldDamaged(stage, 0);
  w.catch_up.Exclude(w.damage, w.held);
  removed += w.catch_up.size() != others ? 1 : 0;
  // Refused points whose row cannot be read are logged later, if the row turns out to differ.
  const auto log_later = [this, &w](Due due) {
    due.coarse = true;
    if (!w.held.Contains(due)) Hold(due);  // else its row comes later, with these points
    return true;
  };
  removed += std::erase_if(w.frozen, [&](const Due& due) {
    return w.damage.IsLost(due.window) || (w.damage.IsWaiting(due.window) && log_later(due));
  });
  if (removed > 0) {
    Log(LogLevel::kWarning, "view", "windows wait for damaged files",
        {{"view", definition_.name}, {"windows", w.held.size()}, {"error", error.message}});
    return kMore;
  }
  const auto piece = std::span(w.due).subspan(w.due_next, count);
  if (count > 1 && !SameRow(piece.front(), piece.back())) {
    w.piece_max = count / 2;  // to find the one
    // A row is never cut, so half of the pairs may be all of them: then the first row alone.
    if (PieceOf(w.due, w.due_next, w.piece_max) == count) w.piece_max = 1;
    return kMore;
  }
  if (!w.frozen.empty()) {
    std::ranges::for_each(w.frozen, log_later);
    w.frozen.clear();
    return kMore;
  }
  if (count > 0) {
    for (const Due& due : piece) Hold(due);
    const auto first = w.due.begin() + static_cast<ptrdiff_t>(w.due_next);
    w.due.erase(first, first + static_cast<ptrdiff_t>(count));
    w.piece_max = SIZE_MAX;
    return kMore;
  }
  return BackOffDamaged(error);
}

// A scan for marks or for windows to back-fill met damage: it begins again around it.
Result<Progress> ViewRunner::SeedAgain(const Error& error) {
  Work& w = *work_;
  const DamageMap before = w.damage;
  RefreshDamage();
  const bool known = w.damage != before;
  w.fresh_rows = PieceRequest::FreshRows::kMayExist;
  if (w.seeded) {
    OpenRescan();
  } else {
    w.evaluator.ForgetLevels();  // the feed will begin at another snapshot
    TM_RETURN_IF_ERROR(OpenSeed());
  }
  return known ? kMore : BackOffDamaged(error);
}

Progress ViewRunner::BackOffDamaged(const Error& error) {
  damage_backoff_ = std::clamp(2 * damage_backoff_, kHeldBackoffMin, kHeldBackoffMax);
  retry_at_ = env_.clock.Monotonic() + damage_backoff_;
  Log(LogLevel::kWarning, "view", "cannot read around damage",
      {{"view", definition_.name}, {"error", error.message}});
  return {.more = false, .wake_at = retry_at_};
}

// Rows of this piece were refused because what is stored at their times cannot be read.
void ViewRunner::HoldRefused(const Inflight& done) {
  Work& w = *work_;
  RefreshDamage();
  const auto piece = std::span(w.due).subspan(w.due_next, done.entries);
  const bool known = std::any_of(piece.begin(), piece.end(), [&w](const Due& due) {
    return w.damage.IsWaiting(due.window) || w.damage.IsLost(due.window);
  });
  for (const Due& due : piece) {
    if (!known || w.damage.IsWaiting(due.window)) Hold(due);
  }
}

void ViewRunner::KeepHeld(ProgressState& state, const HeldWindows& held) const {
  for (const Due& due : held.exact()) {
    state.held.push_back({.series = work_->book.source(due.series),
                          .window = due.window,
                          .late_points = due.late_points,
                          .coarse = due.coarse,
                          .correction = due.correction});
  }
  for (const TimeRange& range : held.ranges()) state.held_ranges.push_back(range);
}

ProgressState::Waiting ViewRunner::KeepWaiting() const {
  const Work& w = *work_;
  ProgressState::Waiting out;
  if (w.waiting.size() <= ProgressState::kWaitingPairsMax) {
    w.waiting.ForEach([&](const Due& due) {
      out.pairs.push_back({.series = w.book.source(due.series),
                           .window = due.window,
                           .late_points = due.late_points,
                           .coarse = due.coarse,
                           .correction = due.correction,
                           .lateness = due.lateness,
                           .partition = due.partition});
    });
    return out;
  }
  HeldWindows ranges;
  w.waiting.ForEachWindowOf([&](WindowId window) { ranges.AddRange(windows_.WindowAt(window)); });
  out.ranges = ranges.ranges();
  return out;
}

void ViewRunner::TakeWaiting(const ProgressState& state) {
  Work& w = *work_;
  w.waiting_journaled = state.waiting;
  std::vector<Due> due;
  for (const ProgressState::WaitingPair& one : state.waiting.pairs) {
    const SeriesIndex series = Track(one.series);
    if (series == SeriesDirectory::kForeign) continue;
    due.push_back({.window = one.window,
                   .series = series,
                   .late_points = one.late_points,
                   .coarse = one.coarse,
                   .correction = one.correction,
                   .lateness = one.lateness,
                   .partition = one.partition,
                   .range = AllOf(one.window)});
  }
  w.waiting.Add(due);
  for (const TimeRange& range : state.waiting.ranges) w.catch_up.AddAll(range);
}

void ViewRunner::TakeHeld(const ProgressState& state) {
  Work& w = *work_;
  for (const ProgressState::Held& h : state.held) {
    const SeriesIndex series = Track(h.series);
    if (series == SeriesDirectory::kForeign) continue;
    w.held.Add({.window = h.window,
                .series = series,
                .late_points = h.late_points,
                .coarse = h.coarse,
                .correction = h.correction,
                .range = AllOf(h.window)},
               windows_);
  }
  for (const TimeRange& range : state.held_ranges) w.held.AddRange(range);
}

}  // namespace tidemark::view
