// SPDX-License-Identifier: Apache-2.0
#include "view/maintainer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/logging.h"
#include "base/mutex.h"
#include "view/conflicts_internal.h"
#include "view/row_keeper_internal.h"
#include "view/runner_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kWindowsShownMax = 1000;
constexpr nanoseconds kSearchMax = hours(24 * 365 * 200);

/// Wakes the task as long as there is one; completions may outlive the maintainer.
class Waker {
 public:
  void Set(Executor* executor, TaskId task) {
    MutexLock lock(mutex_);
    executor_ = executor;
    task_ = task;
  }
  void Wake() {
    MutexLock lock(mutex_);
    if (executor_ != nullptr) executor_->Wake(task_);
  }

 private:
  Mutex mutex_;
  Executor* executor_ TM_GUARDED_BY(mutex_) = nullptr;
  TaskId task_ TM_GUARDED_BY(mutex_);
};

struct Slot {
  Slot(const RunnerEnv& env, ViewDefinition d) : definition(std::move(d)), runner(env, definition) {
    wishes.run = definition.running;
    wishes.paused = definition.paused;
    wishes.next = !definition.replaces.none();
    wishes.source_retention = definition.source_retention;
  }

  const ViewDefinition definition;
  Wishes wishes;                            // guarded by Impl::mutex
  std::vector<Completion<void>> drop_done;  // guarded by Impl::mutex; not empty: being dropped
  bool keep_rows = false;                   // guarded by Impl::mutex; of a drop
  std::optional<Verified> verified;         // guarded by Impl::mutex
  std::unique_ptr<RowKeeper> keeper;        // of a drop that keeps rows; Step() only
  ViewRunner runner;                        // stepped by Step() only
};

}  // namespace

struct Maintainer::Impl {
  Impl(store::Store& s, const Clock& clock, MetricRegistry& metrics, LatePointSink* sink,
       const MaintainerOptions& options)
      : store(s),
        waker(std::make_shared<Waker>()),
        env{.store = s,
            .clock = clock,
            .metrics = metrics,
            .sink = sink,
            .options = options,
            .wake = [w = waker] { w->Wake(); },
            .publish = [this](const Published& p) { Publish(p); }} {}

  Result<void> Add(ViewDefinition definition, bool is_new);
  enum class Asked : uint8_t { kToMakeIt, kToKnow };
  Result<void> CheckFree(const ViewDefinition& definition, Asked asked) TM_REQUIRES(mutex);
  Result<void> CheckUpstream(const ViewDefinition& definition) TM_REQUIRES(mutex);
  const ViewDefinition* ReaderOf(ViewId view) const TM_REQUIRES(mutex);
  Result<void> ClearNames(const ViewDefinition& definition);
  void Reserve() TM_REQUIRES(mutex);
  std::vector<ViewStatus> StatusesOf(bool next) const;
  std::shared_ptr<Slot> Find(std::string_view name) const;
  void Publish(const Published& published);
  /// None: nothing is left to do, so the owner may end.
  Result<std::optional<Progress>> KeepRows(const std::shared_ptr<Slot>& slot, bool wanted);
  void FinishDrop(const std::shared_ptr<Slot>& slot, Result<void> kept);
  Result<void> Wish(ViewId view, const std::function<void(Wishes&)>& change);

  store::Store& store;
  const std::shared_ptr<Waker> waker;
  const RunnerEnv env;

  mutable Mutex mutex;
  std::map<ViewId, std::shared_ptr<Slot>> slots TM_GUARDED_BY(mutex);
  std::shared_ptr<const std::vector<PipelineId>> pipelines TM_GUARDED_BY(mutex);

  Mutex subscribers_mutex;
  std::map<uint64_t, std::function<void(const Published&)>> subscribers
      TM_GUARDED_BY(subscribers_mutex);
  uint64_t next_subscription TM_GUARDED_BY(subscribers_mutex) = 1;

  Executor* executor = nullptr;  // set by Attach() and Detach() only
  TaskId task;
  uint64_t feed_subscription = 0;
};

void Maintainer::Impl::Reserve() {
  std::vector<store::Reservation> all;
  for (const auto& [id, slot] : slots) {
    if (!slot->drop_done.empty()) continue;
    const ViewDefinition& d = slot->definition;
    for (std::string& name_template : NameTemplates(d)) {
      all.push_back({.target = d.target,
                     .view = id,
                     .view_name = d.name,
                     .active_generation = slot->wishes.next ? 0 : d.generation,
                     .name_template = std::move(name_template)});
    }
  }
  store.SetReservations(std::move(all));
}

Result<void> Maintainer::Impl::CheckFree(const ViewDefinition& definition, Asked asked) {
  if (!definition.replaces.none() && !slots.contains(definition.replaces.view)) {
    return Error{Code::kNotFound, "view " + definition.name + ": what it is to replace is gone"};
  }
  for (const auto& [id, slot] : slots) {
    const ViewDefinition& other = slot->definition;
    if (id == definition.id) {
      return Error{Code::kAlreadyExists,
                   "view id of " + definition.name + " is taken by " + other.name};
    }
    if (!slot->drop_done.empty()) continue;
    if (id == definition.replaces.view) {
      TM_RETURN_IF_ERROR(CheckRowTypes(definition, other));
      continue;
    }
    if (other.name == definition.name && slot->wishes.next) {
      if (asked == Asked::kToKnow) continue;
      return Error{Code::kAlreadyExists, "generation " + std::to_string(other.generation) +
                                             " of view " + definition.name +
                                             " is being built: wait, or drop it"};
    }
    if (other.name == definition.name) {
      return Error{Code::kAlreadyExists, "view " + definition.name + " exists"};
    }
    TM_RETURN_IF_ERROR(CheckNamesApart(definition, other));
  }
  return {};
}

Result<void> Maintainer::Impl::CheckUpstream(const ViewDefinition& definition) {
  if (!definition.upstream) return {};
  const ViewDefinition& up = *definition.upstream.view;
  const auto found = slots.find(up.id);
  if (found != slots.end() && found->second->drop_done.empty() &&
      found->second->definition.owner() == up.owner()) {
    return {};
  }
  return Error{Code::kFailedPrecondition,
               "view " + definition.name + ": there is no view " + up.name + " to read"};
}

const ViewDefinition* Maintainer::Impl::ReaderOf(ViewId view) const {
  for (const auto& [id, slot] : slots) {
    const Upstream& upstream = slot->definition.upstream;
    if (upstream && upstream.view->id == view && slot->drop_done.empty()) return &slot->definition;
  }
  return nullptr;
}

Result<void> Maintainer::Impl::ClearNames(const ViewDefinition& definition) {
  for (const std::string& name_template : NameTemplates(definition)) {
    const auto unowned = CheckNamesUnowned(store, definition, name_template);
    if (unowned.ok()) continue;
    if (!definition.adopt) return unowned;
    TM_RETURN_IF_ERROR(store.Adopt(definition.target, name_template, definition.owner()));
  }
  return {};
}

Result<void> Maintainer::Impl::Add(ViewDefinition definition, bool is_new) {
  TM_RETURN_IF_ERROR(CheckDefinition(definition));
  {
    MutexLock lock(mutex);
    TM_RETURN_IF_ERROR(CheckFree(definition, Asked::kToMakeIt));
    if (is_new) TM_RETURN_IF_ERROR(CheckUpstream(definition));
    const auto slot = std::make_shared<Slot>(env, definition);
    slot->wishes.pipelines = pipelines;
    slots.emplace(definition.id, slot);
    // Reserve first: a write that comes between the look and the reservation would go unseen.
    Reserve();
    // A restored view whose creation did not get far enough to journal anything adopts again.
    const bool adopts = definition.adopt && !store.ProgressOf(definition.id);
    if (is_new || adopts) {
      if (auto r = ClearNames(definition); !r.ok()) {
        slots.erase(definition.id);
        Reserve();
        return r;
      }
    }
  }
  waker->Wake();
  return {};
}

std::shared_ptr<Slot> Maintainer::Impl::Find(std::string_view name) const {
  MutexLock lock(mutex);
  for (const auto& [id, slot] : slots) {
    if (slot->definition.name == name && slot->drop_done.empty() && !slot->wishes.next) return slot;
  }
  return nullptr;
}

void Maintainer::Impl::Publish(const Published& published) {
  MutexLock lock(subscribers_mutex);
  for (const auto& [id, call] : subscribers) call(published);
}

Result<std::optional<Progress>> Maintainer::Impl::KeepRows(const std::shared_ptr<Slot>& slot,
                                                           bool wanted) {
  if (!wanted) return std::optional<Progress>();
  if (slot->keeper == nullptr) {
    slot->keeper = std::make_unique<RowKeeper>(store, env.clock, env.wake, slot->definition);
  }
  TM_ASSIGN_OR_RETURN(const Progress progress, slot->keeper->Step());
  if (slot->keeper->done()) return std::optional<Progress>();
  return std::optional(progress);
}

// Rows that could not be kept are not ended either: the view stays, stopped.
void Maintainer::Impl::FinishDrop(const std::shared_ptr<Slot>& slot, Result<void> kept) {
  const auto dropped = kept.ok() ? store.DropOwner(slot->definition.id) : std::move(kept);
  std::vector<Completion<void>> done;
  {
    MutexLock lock(mutex);
    done.swap(slot->drop_done);
    slot->keeper.reset();
    if (dropped.ok()) {
      slots.erase(slot->definition.id);
    } else {
      Reserve();
    }
  }
  for (auto& completion : done) completion(dropped);
}

Result<void> Maintainer::Impl::Wish(ViewId view, const std::function<void(Wishes&)>& change) {
  {
    MutexLock lock(mutex);
    const auto it = slots.find(view);
    if (it == slots.end() || !it->second->drop_done.empty()) {
      return Error{Code::kNotFound, "no such view"};
    }
    change(it->second->wishes);
  }
  waker->Wake();
  return {};
}

Maintainer::Maintainer(store::Store& store, const Clock& clock, MetricRegistry& metrics,
                       LatePointSink* sink, MaintainerOptions options)
    : impl_(std::make_unique<Impl>(store, clock, metrics, sink, options)) {}

Maintainer::~Maintainer() { TM_CHECK(impl_->executor == nullptr); }

void Maintainer::Attach(Executor& executor) {
  TM_CHECK(impl_->executor == nullptr);
  impl_->executor = &executor;
  impl_->task = executor.Add("views", Lane::kBackground, *this);
  impl_->waker->Set(&executor, impl_->task);
  impl_->feed_subscription = impl_->store.SubscribeFeed(impl_->env.wake);
  executor.Wake(impl_->task);  // a first step may have finished before there was a waker
}

void Maintainer::Detach() {
  if (impl_->executor == nullptr) return;
  impl_->store.UnsubscribeFeed(impl_->feed_subscription);
  impl_->waker->Set(nullptr, {});
  impl_->executor->Remove(impl_->task);
  impl_->executor = nullptr;
}

Result<void> Maintainer::Create(ViewDefinition definition) {
  return impl_->Add(std::move(definition), true);
}

Result<void> Maintainer::Check(const ViewDefinition& definition) const {
  TM_RETURN_IF_ERROR(CheckDefinition(definition));
  MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->CheckFree(definition, Impl::Asked::kToKnow));
  TM_RETURN_IF_ERROR(impl_->CheckUpstream(definition));
  if (definition.adopt) return {};
  for (const std::string& name_template : NameTemplates(definition)) {
    TM_RETURN_IF_ERROR(CheckNamesUnowned(impl_->store, definition, name_template));
  }
  return {};
}

Result<void> Maintainer::Restore(ViewDefinition definition) {
  return impl_->Add(std::move(definition), false);
}

Result<void> Maintainer::Start(ViewId view) {
  return impl_->Wish(view, [](Wishes& wishes) {
    wishes.run = true;
    ++wishes.starts;
  });
}

Result<void> Maintainer::Stop(ViewId view) {
  return impl_->Wish(view, [](Wishes& wishes) { wishes.run = false; });
}

Result<void> Maintainer::Pause(ViewId view) {
  return impl_->Wish(view, [](Wishes& wishes) { wishes.paused = true; });
}

Result<void> Maintainer::Resume(ViewId view) {
  return impl_->Wish(view, [](Wishes& wishes) { wishes.paused = false; });
}

bool Maintainer::paused(ViewId view) const {
  MutexLock lock(impl_->mutex);
  const auto it = impl_->slots.find(view);
  return it != impl_->slots.end() && it->second->wishes.paused;
}

void Maintainer::Drop(ViewId view, Completion<void> done, DropRows rows) {
  Completion<void> refused;
  Error why{Code::kNotFound, "no such view"};
  {
    MutexLock lock(impl_->mutex);
    const auto it = impl_->slots.find(view);
    const ViewDefinition* reader = impl_->ReaderOf(view);
    if (it != impl_->slots.end() && reader != nullptr) {
      why = {Code::kFailedPrecondition, "view " + it->second->definition.name +
                                            " is read by view " + reader->name +
                                            ": drop that one first"};
      refused = std::move(done);
    } else if (it != impl_->slots.end()) {
      it->second->wishes.run = false;
      it->second->drop_done.push_back(std::move(done));
      it->second->keep_rows = rows == DropRows::kKeep;
      impl_->Reserve();
    } else {
      refused = std::move(done);
    }
  }
  if (refused) return refused(std::move(why));
  impl_->waker->Wake();
}

void Maintainer::Replace(ViewId next, Completion<void> done) {
  Completion<void> unknown;
  {
    MutexLock lock(impl_->mutex);
    auto& slots = impl_->slots;
    const auto it = slots.find(next);
    const auto old =
        it == slots.end() ? slots.end() : slots.find(it->second->definition.replaces.view);
    if (old != slots.end() && it->second->wishes.next && it->second->drop_done.empty()) {
      it->second->wishes.next = false;
      old->second->wishes.run = false;
      old->second->drop_done.push_back(std::move(done));
      impl_->Reserve();
    } else {
      unknown = std::move(done);
    }
  }
  if (unknown) return unknown(Error{Code::kNotFound, "no such next generation of a view"});
  impl_->waker->Wake();
}

void Maintainer::SetSourceRetention(TableId table, nanoseconds retention) {
  MutexLock lock(impl_->mutex);
  for (const auto& [id, slot] : impl_->slots) {
    if (slot->definition.source == table) slot->wishes.source_retention = retention;
  }
}

void Maintainer::SetPipelines(std::vector<PipelineId> pipelines) {
  {
    MutexLock lock(impl_->mutex);
    impl_->pipelines = std::make_shared<const std::vector<PipelineId>>(std::move(pipelines));
    for (const auto& [id, slot] : impl_->slots) slot->wishes.pipelines = impl_->pipelines;
  }
  impl_->waker->Wake();
}

Result<Progress> Maintainer::Step() {
  struct Turn {
    std::shared_ptr<Slot> slot;
    Wishes wishes;
    bool dropping = false;
    bool keep_rows = false;
  };
  std::vector<Turn> turns;
  {
    MutexLock lock(impl_->mutex);
    turns.reserve(impl_->slots.size());
    for (const auto& [id, slot] : impl_->slots) {
      turns.push_back({slot, slot->wishes, !slot->drop_done.empty(), slot->keep_rows});
    }
  }
  Progress all;
  for (Turn& turn : turns) {
    const Progress one = turn.slot->runner.Step(turn.wishes);
    if (turn.dropping && turn.slot->runner.Quiet()) {
      const auto kept = impl_->KeepRows(turn.slot, turn.keep_rows);
      if (!kept.ok() || !*kept) {
        impl_->FinishDrop(turn.slot, kept.ok() ? Result<void>() : Result<void>(kept.error()));
        continue;
      }
      all.more = all.more || (*kept)->more;
      if ((*kept)->wake_at) {
        all.wake_at = std::min(all.wake_at.value_or(*(*kept)->wake_at), *(*kept)->wake_at);
      }
      continue;
    }
    all.more = all.more || one.more;
    if (one.wake_at) all.wake_at = std::min(all.wake_at.value_or(*one.wake_at), *one.wake_at);
  }
  return all;
}

std::vector<ViewStatus> Maintainer::Impl::StatusesOf(bool next) const {
  std::vector<std::shared_ptr<Slot>> wanted;
  {
    MutexLock lock(mutex);
    for (const auto& [id, slot] : slots) {
      if (slot->drop_done.empty() && slot->wishes.next == next) wanted.push_back(slot);
    }
  }
  std::vector<ViewStatus> out;
  out.reserve(wanted.size());
  for (const auto& slot : wanted) out.push_back(slot->runner.Status());
  std::sort(out.begin(), out.end(), [](const ViewStatus& a, const ViewStatus& b) {
    return a.definition.name < b.definition.name;
  });
  return out;
}

std::vector<ViewStatus> Maintainer::Statuses() const { return impl_->StatusesOf(false); }

std::vector<ViewStatus> Maintainer::NextStatuses() const { return impl_->StatusesOf(true); }

std::vector<ViewId> Maintainer::Built() const {
  std::vector<ViewId> out;
  for (const ViewStatus& status : NextStatuses()) {
    const bool built = status.state == ViewState::kRunning && status.caught_up &&
                       !status.backfilling && status.dirty_count == 0;
    if (built) out.push_back(status.definition.id);
  }
  return out;
}

Result<ViewStatus> Maintainer::Status(std::string_view name) const {
  const auto slot = impl_->Find(name);
  if (slot == nullptr) return Error{Code::kNotFound, "no view named " + std::string(name)};
  return slot->runner.Status();
}

uint64_t Maintainer::Subscribe(std::function<void(const Published&)> published) {
  MutexLock lock(impl_->subscribers_mutex);
  const uint64_t id = impl_->next_subscription++;
  impl_->subscribers.emplace(id, std::move(published));
  return id;
}

void Maintainer::Unsubscribe(uint64_t subscription) {
  MutexLock lock(impl_->subscribers_mutex);
  impl_->subscribers.erase(subscription);
}

Result<std::unique_ptr<Verification>> Maintainer::Verify(std::string_view name,
                                                         VerifyOptions options) const {
  const auto slot = impl_->Find(name);
  if (slot == nullptr) return Error{Code::kNotFound, "no view named " + std::string(name)};
  VerifyEnv env{.store = impl_->store, .clock = impl_->env.clock, .pipelines = {}};
  env.read_up_to = [slot] { return slot->runner.Committed(); };
  env.windows_per_piece = impl_->env.options.windows_per_piece;
  env.group_state_bytes_max = impl_->env.options.group_state_bytes_max;
  {
    const MutexLock lock(impl_->mutex);
    env.source_retention = slot->wishes.source_retention;
    if (impl_->pipelines != nullptr) env.pipelines = *impl_->pipelines;
  }
  return std::make_unique<Verification>(std::move(env), slot->definition, options);
}

void Maintainer::NoteVerified(const VerifyReport& report) {
  const auto slot = impl_->Find(report.view);
  if (slot == nullptr || slot->definition.generation != report.generation) return;
  const MutexLock lock(impl_->mutex);
  slot->verified = Verified{
      .at = impl_->env.clock.Now(), .windows = report.windows, .differences = report.differences};
}

std::optional<Verified> Maintainer::LastVerified(std::string_view name) const {
  const auto slot = impl_->Find(name);
  if (slot == nullptr) return std::nullopt;
  const MutexLock lock(impl_->mutex);
  return slot->verified;
}

Result<std::optional<WatermarkThen>> Maintainer::WatermarkAt(std::string_view name,
                                                             ArrivalTime time) const {
  const auto slot = impl_->Find(name);
  if (slot == nullptr) return Error{Code::kNotFound, "no view named " + std::string(name)};
  return slot->runner.WatermarkAt(time);
}

namespace {

/// By (start, end), the newest first.
using ClosedWindows = std::map<std::pair<EventTime, EventTime>, WindowStatus, std::greater<>>;

/// Of rows in `time`: windows that the watermark has passed and that start before `until`.
Result<ClosedWindows> ReadClosed(store::Store& store, const ViewStatus& status, TimeRange time,
                                 EventTime until) {
  const ViewDefinition& d = status.definition;
  store::ScanRequest scan;
  scan.selection.table = d.target;
  scan.selection.time = time;
  scan.selection.owners = {store::OwnerFilter::Kind::kView, d.owner()};
  scan.rows_wanted = true;
  TM_ASSIGN_OR_RETURN(const auto cursor, store.Scan(scan));
  // One aggregate of each level stands for all: they are written together.
  const size_t levels = WindowsOf(d).levels();
  std::vector<std::string> templates = NameTemplates(d);
  for (size_t i = 0; i < levels; ++i) templates[i] = templates[i * d.outputs()];
  templates.resize(levels);
  ClosedWindows closed;
  store::SliceBuffer buffer;
  store::Slice slice;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer, slice));
    if (!more) return closed;
    if (std::ranges::none_of(templates, [&slice](const std::string& name_template) {
          return store::MatchesTemplate(name_template, slice.series->measure);
        })) {
      continue;
    }
    for (const store::RowInfo& row : slice.rows) {
      if (row.window_start >= until || row.window_end > *status.watermark) continue;
      WindowStatus& w = closed[{row.window_start, row.window_end}];
      w.window = {row.window_start, row.window_end};
      w.state = *status.watermark >= row.window_end + d.allowed_lateness
                    ? WindowStatus::State::kClosed
                    : WindowStatus::State::kFinal;
      ++w.rows;
      w.revisions += row.revision;
    }
  }
}

}  // namespace

Result<std::vector<WindowStatus>> Maintainer::Windows(std::string_view name, size_t limit,
                                                      std::optional<EventTime> before) const {
  const auto slot = impl_->Find(name);
  if (slot == nullptr) return Error{Code::kNotFound, "no view named " + std::string(name)};
  limit = std::min(limit, kWindowsShownMax);
  std::vector<WindowStatus> out = slot->runner.OpenWindows();
  std::reverse(out.begin(), out.end());
  if (before) {
    std::erase_if(out, [&](const WindowStatus& w) { return w.window.start >= *before; });
  }
  if (out.size() > limit) out.resize(limit);
  const ViewStatus status = slot->runner.Status();
  if (!status.watermark || out.size() == limit) return out;

  const ViewDefinition& d = slot->definition;
  const auto kind = WindowsOf(d);
  const auto ranges = RangesOf(d);
  EventTime until = *status.watermark;
  if (!ranges) {
    const Prefix fired = kind.PassedBy(*status.watermark);
    until = fired.until();
    for (uint8_t level = 1; level < kind.levels(); ++level) {
      until = std::max(until, fired.until(level));
    }
  }
  if (before) until = std::min(until, *before);
  const auto count = static_cast<int64_t>(limit - out.size());
  // A superset: labels may be the windows' ends, and calendars vary. Sessions lie anywhere: they
  // are looked for farther and farther back.
  const nanoseconds most = std::min(count, kSearchMax / kind.step_max()) * kind.step_max();
  nanoseconds back = most;
  if (ranges) back = std::min(most, count * (ranges->sessions() ? ranges->gap() : ranges->every()));
  ClosedWindows closed;
  for (;; back = back > most / 8 ? most : 8 * back) {
    const TimeRange time{until - back, until + kind.longest() + nanoseconds(1)};
    TM_ASSIGN_OR_RETURN(closed, ReadClosed(impl_->store, status, time, until));
    if (!ranges || !ranges->sessions() || back == most || closed.size() >= limit) break;
  }
  for (const auto& [start, w] : closed) {
    if (out.size() == limit) break;
    out.push_back(w);
  }
  return out;
}

}  // namespace tidemark::view
