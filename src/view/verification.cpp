// SPDX-License-Identifier: Apache-2.0
// Stretch by stretch of windows: scan the source for the pairs that have points, evaluate them in
// pieces, scan the target for rows that none of them stands for.
#include <algorithm>
#include <utility>

#include "view/verification_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kSlicesPerStep = 512;
constexpr size_t kLeavesPerStep = 1024;
constexpr size_t kRowsOfCell = 16;
constexpr uint64_t kFirstWindows = 64;
constexpr uint64_t kStepsMax = uint64_t{1} << 24U;

}  // namespace

Verification::Work::Work(VerifyEnv e, ViewDefinition d, VerifyOptions o)
    : env(std::move(e)),
      definition(std::move(d)),
      options(o),
      windows(WindowsOf(definition)),
      ranges(RangesOf(definition)),
      templates(NameTemplates(definition)),
      book(env.store, definition),
      evaluator(env.store, definition, book, env.group_state_bytes_max,
                Evaluator::Coarse::kFromRaw),
      damage(windows, definition) {
  report.view = definition.name;
  report.generation = definition.generation;
}

Verification::Verification(VerifyEnv env, ViewDefinition definition, VerifyOptions options)
    : work_(std::make_unique<Work>(std::move(env), std::move(definition), options)) {}

Verification::~Verification() = default;

const VerifyReport& Verification::report() const { return work_->report; }

Result<bool> Verification::Step() {
  Work& w = *work_;
  switch (w.phase) {
    case Work::Phase::kOpening:
      TM_RETURN_IF_ERROR(w.Open());
      return true;
    case Work::Phase::kGathering:
      TM_RETURN_IF_ERROR(w.Gather());
      return true;
    case Work::Phase::kEvaluating:
      TM_RETURN_IF_ERROR(w.EvaluateSome());
      return true;
    case Work::Phase::kRows:
      TM_RETURN_IF_ERROR(w.ranges ? w.GatherRowCells() : w.LookForExtra());
      return true;
    case Work::Phase::kSettling:
      TM_RETURN_IF_ERROR(w.Settle());
      return true;
    case Work::Phase::kReporting:
      TM_RETURN_IF_ERROR(w.Report());
      return true;
    case Work::Phase::kDone:
      return false;
  }
  TM_UNREACHABLE();
}

Result<void> Verification::Work::Open() {
  TM_RETURN_IF_ERROR(LookWhereItStands());
  report.watermark = watermark;
  if (!watermark) {
    phase = Phase::kDone;
    return {};
  }
  if (book.grouped() || ranges) {
    // A group is evaluated from all of its members; rows are known by their series.
    TM_ASSIGN_OR_RETURN(const auto all, env.store.Series(SourceSelection(definition, {})));
    for (const auto& series : all) book.Find(series->ref);
  }
  store::Selection rows;
  rows.table = definition.target;
  rows.owners = {store::OwnerFilter::Kind::kView, definition.owner()};
  TM_ASSIGN_OR_RETURN(const auto raw_span, FindSpan(env.store, SourceSelection(definition, {})));
  TM_ASSIGN_OR_RETURN(auto row_span, FindSpan(env.store, rows));
  if (row_span && definition.label == Label::kEnd) {
    row_span->start = row_span->start - windows.longest() - nanoseconds(1);
  }
  span = raw_span ? raw_span : row_span;
  if (!span) {
    phase = Phase::kDone;
    return {};
  }
  if (row_span) {
    span = TimeRange{std::min(span->start, row_span->start), std::max(span->end, row_span->end)};
  }
  span->start = std::max(windows.HullOf(*span).start, options.windows.start);
  span->end = std::min(span->end, options.windows.end);
  steps = kFirstWindows;
  level = 0;
  BeginStretch(span->start);
  return {};
}

Result<void> Verification::Work::LookWhereItStands() {
  const auto progress = env.store.ProgressOf(definition.id);
  if (!progress || progress->generation != definition.generation) {
    // Nothing journaled yet is a view that has only begun; something else then is another view.
    if (!progress && !watermark) return {};
    return Error{Code::kFailedPrecondition,
                 "view " + definition.name +
                     " was dropped or replaced while it was verified; verify it again"};
  }
  WatermarkTracker tracker(definition.root().out_of_orderness);
  TM_ASSIGN_OR_RETURN(const ProgressState state, DecodeProgressState(progress->state, tracker));
  if (!state.seeded) return {};
  tracker.SetPipelines(env.pipelines);
  for (const auto& p : env.store.ProgressInto(definition.root().source)) {
    tracker.Fold(p, env.clock.Monotonic());
  }
  // What the views before it never evaluated is missing here as well.
  const auto whole = tracker.whole_from();
  whole_from = whole ? *whole + definition.reach_before() : EventTime{INT64_MIN};
  watermark = progress->watermark;
  stands_at = state.replay_from;
  const store::Positions read = env.read_up_to();
  for (uint32_t p = 0; p < read.partitions(); ++p) {
    if (read.offset(p) > stands_at.offset(p)) stands_at.Set({p, read.offset(p)});
  }
  if (watermark) {
    fired = windows.PassedBy(*watermark);
    if (ranges) fired.Set(0, *watermark);  // cells that may have rows
  }
  damage = DamageMap(env.store, windows, definition);
  held.clear();
  for (const ProgressState::Held& h : state.held) {
    const SeriesIndex series = book.Find(h.series);
    if (series == SeriesDirectory::kForeign) continue;
    held.emplace(std::pair(h.window, book.group(series)), series);
  }
  for (const ProgressState::WaitingPair& late : state.waiting.pairs) {
    const SeriesIndex series = book.Find(late.series);
    if (series == SeriesDirectory::kForeign) continue;
    held.emplace(std::pair(late.window, book.group(series)), series);
  }
  std::vector<TimeRange> times = state.held_ranges;
  times.insert(times.end(), state.waiting.ranges.begin(), state.waiting.ranges.end());
  held_ranges = RangeSet(std::move(times));
  return {};
}

EventTime Verification::Work::FirstWhole() const {
  EventTime first = whole_from;
  if (env.source_retention > nanoseconds(0)) {
    const EventTime now = env.clock.Now().AsEventTime();
    if (now.ns >= kEventTimeMin.ns + env.source_retention.count()) {
      first = std::max(first, now - env.source_retention);
    }
  }
  return first.ns == INT64_MIN ? first : first + definition.reach();
}

void Verification::Work::BeginStretch(EventTime from) {
  due.clear();
  cells.clear();
  points_in_stretch = 0;
  compared.clear();
  due_next = 0;
  if (from >= span->end) {
    if (++level == windows.levels()) {
      BeginSettling();
      return;
    }
    from = span->start;
    steps = kFirstWindows;
  }
  // Unsigned: all of time is more than a signed count of nanoseconds holds.
  const auto step = static_cast<uint64_t>(windows.step_max().count());
  const uint64_t left = static_cast<uint64_t>(span->end.ns) - static_cast<uint64_t>(from.ns);
  const uint64_t wanted = std::max(std::min(steps, left / step + 1) * step,
                                   static_cast<uint64_t>(windows.longest().count()));
  stretch = {from, from + nanoseconds(std::min(wanted, left))};
  phase = Phase::kGathering;
  cursor.reset();
  scans.clear();
  begun = false;
  blind = false;
}

// The pairs, or cells, of the stretch that have points.
Result<void> Verification::Work::Gather() {
  if (!begun) {
    begun = true;
    TM_RETURN_IF_ERROR(LookWhereItStands());
    const TimeRange raw{stretch.start, std::min(stretch.end + windows.longest(), kEventTimeMax)};
    scans = damage.unreadable().Outside(ranges ? PointsAround(stretch) : raw);
  }
  store::Slice slice;
  for (size_t i = 0; i < kSlicesPerStep; ++i) {
    if (cursor == nullptr) {
      if (scans.empty()) return ranges ? BeginRowCells() : BeginEvaluation();
      store::ScanRequest scan;
      scan.selection = SourceSelection(definition, scans.back());
      scan.at_least = stands_at;
      scans.pop_back();
      TM_RETURN_IF_ERROR(OpenScan(scan));
    }
    TM_ASSIGN_OR_RETURN(const bool more, NextSlice(slice));
    if (!begun) return {};  // again, around damage
    if (!more) continue;
    report.points_read += slice.times.size();
    const SeriesIndex series = book.Find(slice.series->ref);
    if (series == SeriesDirectory::kForeign) continue;
    if (ranges) {
      MarkPoints(series, slice.times);
      ShortenCells();
    } else {
      MarkWindows(series, slice.times);
    }
  }
  return {};
}

// Of those that begin in the stretch.
void Verification::Work::MarkWindows(SeriesIndex series, std::span<const EventTime> times) {
  ForEachWindow(windows, times, [&](WindowId window) {
    if (window.level == level && stretch.Contains(window.start)) {
      due.push_back({.window = window, .series = series});
    }
  });
  if (due.size() >= 2 * env.pairs_max) Shorten();
}

// Damage leaves a gap: nothing is said about what it hides.
Result<void> Verification::Work::OpenScan(const store::ScanRequest& scan) {
  auto opened = env.store.Scan(scan);
  if (opened.ok()) {
    cursor = *std::move(opened);
  } else if (opened.error().code == Code::kCorruption) {
    MeetDamage();
  } else {
    return std::move(opened).error();
  }
  return {};
}

// Known by now, it leaves whole windows out; what stays unknown may hide the points of any.
void Verification::Work::MeetDamage() {
  DamageMap now(env.store, windows, definition);
  if (phase == Phase::kGathering && now != damage) {
    damage = std::move(now);
    BeginStretch(stretch.start);
    return;
  }
  ++report.gaps;
  blind = true;
}

/// False: the scan is over, or there is none.
Result<bool> Verification::Work::NextSlice(store::Slice& slice) {
  if (cursor == nullptr) return false;
  auto more = cursor->Next(buffer, slice);
  if (more.ok() && *more) return true;
  cursor.reset();
  if (!more.ok() && more.error().code != Code::kCorruption) return std::move(more).error();
  if (!more.ok()) MeetDamage();
  return false;
}

std::pair<WindowId, GroupIndex> Verification::Work::PairOf(const Due& one) const {
  return {one.window, book.group(one.series)};
}

void Verification::Work::SortPairs() {
  std::sort(due.begin(), due.end(), [this](const Due& a, const Due& b) {
    return std::pair(PairOf(a), a.series) < std::pair(PairOf(b), b.series);
  });
  const auto same = [this](const Due& a, const Due& b) { return PairOf(a) == PairOf(b); };
  due.erase(std::unique(due.begin(), due.end(), same), due.end());
}

// More pairs than memory should hold: the later half of the windows comes with the next stretch.
void Verification::Work::Shorten() {
  SortPairs();
  while (due.size() > env.pairs_max && due.front().window.start < due.back().window.start) {
    const EventTime first = due.front().window.start;
    const nanoseconds half = (due.back().window.start - first) / 2;
    stretch.end = first + half + nanoseconds(1);
    std::erase_if(due, [this](const Due& one) { return one.window.start >= stretch.end; });
  }
}

Result<void> Verification::Work::BeginEvaluation() {
  Shorten();
  const EventTime first = FirstWhole();
  std::erase_if(due, [&](const Due& one) {
    if (!fired.Has(one.window)) {
      ++report.open;
    } else if (one.window.start < first || damage.IsLost(one.window) ||
               damage.IsWaiting(one.window)) {
      ++report.gaps;
    } else if (IsHeld(one.window, book.group(one.series))) {
      ++report.waiting;
    } else {
      return false;
    }
    return true;
  });
  if (!book.grouped()) std::sort(due.begin(), due.end());
  phase = Phase::kEvaluating;
  return SkipHeld();
}

// Rows of windows that wait, journaled one by one, are looked at when they no longer do.
Result<void> Verification::Work::SkipHeld() {
  std::vector<SeriesIndex> series;
  for (const auto& [pair, one] : held) series.push_back(one);
  TM_RETURN_IF_ERROR(book.ResolveTargets(series));
  for (const auto& [pair, one] : held) {
    const TimeRange window = windows.WindowAt(pair.first);
    for (size_t a = 0; a < book.outputs(); ++a) {
      const store::SeriesRef* target = book.target(one, pair.first.level, a);
      if (target == nullptr) continue;
      compared.emplace_back(*target, definition.label == Label::kEnd ? window.end : window.start);
    }
  }
  return {};
}

bool Verification::Work::IsHeld(WindowId window, GroupIndex group) const {
  return held.contains({window, group}) || held_ranges.Touches(windows.WindowAt(window));
}

Result<void> Verification::Work::EvaluateSome() {
  const size_t rows = ranges ? kRowsOfCell : 1;  // about
  const size_t most = std::max<size_t>(1, env.windows_per_piece / rows);
  const size_t count = std::min({most, piece_max, due.size() - due_next});
  if (count == 0 && ranges) return EndStretch();
  if (count == 0) {
    std::sort(compared.begin(), compared.end());
    phase = Phase::kRows;
    cursor.reset();
    begun = false;
    return {};
  }
  const auto piece = std::span(due).subspan(due_next, count);
  auto done = EvaluatePiece(piece);
  if (!done.ok()) {
    if (done.error().code != Code::kCorruption) {
      return std::move(done).error().With("verify windows of view " + definition.name);
    }
    marked = false;
    if (count > 1) {
      piece_max = count / 2;  // to find the one
      return {};
    }
    ++report.gaps;  // nothing is said about its rows
    unread.insert(piece.front().window);
    ++due_next;
    return {};
  }
  if (!*done) return {};
  if (!ranges) report.windows += count;
  due_next += count;
  piece_max = SIZE_MAX;
  return {};
}

Result<bool> Verification::Work::EvaluatePiece(std::span<const Due> piece) {
  if (book.grouped() && !ranges) {
    if (!marked) evaluator.MarkGroups(piece, Evaluator::Marks::kMayLack);
    marked = true;
    TM_ASSIGN_OR_RETURN(const bool ready, evaluator.FillGroups(kLeavesPerStep, stands_at));
    if (!ready) return false;
    marked = false;
  }
  PieceRequest request;
  request.due = piece;
  request.at_least = stands_at;
  request.now = env.clock.Now();
  request.kind = PieceRequest::Kind::kCompare;
  request.first_whole = FirstWhole();
  if (ranges) AskForCells(request);
  TM_ASSIGN_OR_RETURN(Piece answer, evaluator.Evaluate(request));
  report.gaps += answer.refused + answer.gaps;
  report.windows += answer.pairs;
  report.open += answer.open;
  report.points_read += answer.points_read;
  compared.insert(compared.end(), answer.compared.begin(), answer.compared.end());
  for (RowMismatch& mismatch : answer.mismatches) AddCandidate(std::move(mismatch));
  return true;
}

// Rows of the stretch that no pair with points stands for.
Result<void> Verification::Work::LookForExtra() {
  if (!begun) {
    begun = true;
    store::ScanRequest scan;
    scan.selection.table = definition.target;
    scan.selection.owners = {store::OwnerFilter::Kind::kView, definition.owner()};
    scan.selection.time = {
        stretch.start,
        std::min(stretch.end + (definition.label == Label::kEnd ? windows.longest() + nanoseconds(1)
                                                                : nanoseconds(0)),
                 kEventTimeMax)};
    scan.rows_wanted = true;
    scan.at_least = stands_at;
    TM_RETURN_IF_ERROR(OpenScan(scan));
  }
  store::Slice slice;
  for (size_t i = 0; i < kSlicesPerStep; ++i) {
    TM_ASSIGN_OR_RETURN(const bool more, NextSlice(slice));
    if (!more) return EndStretch();
    if (!blind && IsOfLevel(slice.series->measure)) NoteExtra(slice);
  }
  return {};
}

Result<void> Verification::Work::EndStretch() {
  steps = due.size() < env.pairs_max / 4 ? std::min(2 * steps, kStepsMax) : steps;
  unread.clear();
  if (candidates.size() >= kCandidatesMax) {
    BeginSettling();
  } else {
    BeginStretch(stretch.end);
  }
  return {};
}

bool Verification::Work::IsOfLevel(std::string_view measure) const {
  const size_t aggregates = templates.size() / windows.levels();
  const auto own = std::span(templates).subspan(level * aggregates, aggregates);
  return std::ranges::any_of(own, [measure](const std::string& name_template) {
    return store::MatchesTemplate(name_template, measure);
  });
}

void Verification::Work::NoteExtra(const store::Slice& slice) {
  const EventTime first = FirstWhole();
  for (size_t i = 0; i < slice.times.size(); ++i) {
    const store::RowInfo& row = slice.rows[i];
    const WindowId window{row.window_start, level};
    // An adopted row has no window of ours.
    if (row.revision == 0 && row.record_count == 0) continue;
    if (!stretch.Contains(window.start) || !fired.Has(window) || window.start < first ||
        damage.IsLost(window) || damage.IsWaiting(window) || unread.contains(window) ||
        held_ranges.Touches({row.window_start, row.window_end})) {
      continue;
    }
    const std::pair key(slice.series->ref, slice.times[i]);
    if (std::binary_search(compared.begin(), compared.end(), key)) continue;
    RowMismatch extra;
    extra.series = key.first;
    extra.time = key.second;
    extra.window = {row.window_start, row.window_end};
    extra.stored = true;
    extra.row = row;
    extra.old_value = LoggedRow(slice, i);
    AddCandidate(std::move(extra));
  }
}

}  // namespace tidemark::view
