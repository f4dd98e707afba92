// SPDX-License-Identifier: Apache-2.0
// Aggregates over series, by groups and bins or by windows. Tasks of some series each are spread
// over the caller and free query threads; partial states of a group are merged in task order, which
// changes no bit of a result. Groups end one after the other, so only one is open between batches.
#include <algorithm>
#include <unordered_map>

#include "store/aggregate_worker_internal.h"
#include "store/embedded_state_internal.h"
#include "store/parallel_internal.h"

namespace tidemark::store {
namespace {

struct Group {
  std::vector<std::optional<std::string>> keys;
  std::vector<uint32_t> series;
};

// By the values of the dimensions asked for; one group when there are none.
std::vector<Group> GroupSeries(const AggregateRequest& request, const SeriesIndex& index,
                               std::vector<uint32_t> series) {
  std::vector<Group> groups;
  if (request.group_by.empty() && !request.group_by_measure) {
    if (!series.empty()) groups.push_back({{}, std::move(series)});
    return groups;
  }
  std::unordered_map<std::string, size_t> found;
  std::string code;
  for (const uint32_t id : series) {
    const auto info = index.Info(id);
    if (info == nullptr) continue;
    code.clear();
    std::vector<std::optional<std::string>> keys;
    for (const std::string& name : request.group_by) {
      const auto at =
          std::lower_bound(info->dimensions.begin(), info->dimensions.end(), name,
                           [](const Dimension& d, const std::string& n) { return d.name < n; });
      const bool has = at != info->dimensions.end() && at->name == name;
      keys.push_back(has ? std::optional(at->value) : std::nullopt);
      code += has ? std::to_string(at->value.size()) + ':' + at->value : "-";
    }
    if (request.group_by_measure) {
      keys.emplace_back(info->measure);
      code += info->measure;
    }
    const auto [it, made] = found.try_emplace(code, groups.size());
    if (made) groups.push_back({std::move(keys), {}});
    groups[it->second].series.push_back(id);
  }
  return groups;
}

// Some series of one group, or some windows.
struct Task {
  size_t group = 0;
  size_t first = 0;
  size_t count = 0;
};

class EmbeddedAggregateCursor final : public AggregateCursor {
 public:
  EmbeddedAggregateCursor(EmbeddedStore::State& state, AggregateRequest request,
                          Snapshots::Lease lease, EventTime floor, std::vector<Group> groups,
                          std::vector<FieldDef> fields)
      : s_(state),
        request_(std::move(request)),
        lease_(std::move(lease)),
        floor_(floor),
        snapshot_(state.PositionsAt(lease_.lsn())),
        fields_(std::move(fields)),
        groups_(std::move(groups)),
        open_(request_.aggregates) {
    for (uint32_t id = 0; id < fields_.size(); ++id) field_ids_[fields_[id].name] = id;
    needs_key_ = std::any_of(request_.aggregates.begin(), request_.aggregates.end(),
                             [](const AggregateColumn& a) {
                               return a.kind == agg::Kind::kFirst || a.kind == agg::Kind::kLast ||
                                      agg::FoldsSeries(a.kind);
                             });
    meters_ = request_.memory_bytes_max != UINT64_MAX &&
              std::ranges::any_of(request_.aggregates, [](const AggregateColumn& a) {
                return a.kind == agg::Kind::kPercentiles;
              });
  }

  Result<void> Next(size_t rows_max, std::vector<AggregateRow>& out) override {
    out.clear();
    while (out.size() < rows_max) {
      if (out.empty() && ready_at_ == 0 && !ready_.empty() && ready_.size() <= rows_max) {
        out.swap(ready_);
        continue;
      }
      if (ready_at_ < ready_.size()) {
        out.push_back(std::move(ready_[ready_at_++]));
        continue;
      }
      ready_.clear();
      ready_at_ = 0;
      TM_ASSIGN_OR_RETURN(const bool more, request_.windows.empty() ? WorkGroups() : WorkWindows());
      if (!more && ready_.empty()) return {};
    }
    return {};
  }
  const Positions& snapshot() const override { return snapshot_; }
  bool exact() const override { return true; }
  uint64_t series_count() const override {
    uint64_t count = 0;
    for (const Group& group : groups_) count += group.series.size();
    return count;
  }
  std::vector<DamagedRange> gaps() const override {
    return lease_.version().DamagedOf(request_.selection.table, request_.selection.time);
  }

 private:
  // Enough that a task outweighs handing it over, few enough that threads end together.
  static constexpr size_t kSeriesPerTask = 128;
  static constexpr size_t kTasksPerBatch = 64;
  static constexpr size_t kWindowsPerTask = 128;
  /// Of windows, whose rows are read soon after: they are to be in the cache still.
  static constexpr size_t kWindowTasksPerBatch = 8;
  /// Entries of series that windows name lie anywhere.
  static constexpr size_t kEntriesAhead = 16;
  /// Below it one thread is faster than telling another.
  static constexpr size_t kSeriesForHelp = 32;

  AggregateWorker& WorkerOf(size_t worker) {
    const MutexLock lock(workers_mutex_);
    if (workers_.size() <= worker) workers_.resize(worker + 1);
    if (workers_[worker] == nullptr) {
      workers_[worker] = std::make_unique<AggregateWorker>(
          s_, lease_, request_.aggregates, field_ids_, fields_, floor_, request_.values);
    }
    return *workers_[worker];
  }
  /// Runs the tasks; rows of each in `rows_`.
  Result<void> RunTasks(const std::vector<Task>& tasks, size_t series,
                        const std::function<Result<void>(AggregateWorker&, const Task&,
                                                         std::vector<AggregateRow>&)>& run);
  Result<bool> WorkGroups();
  Result<bool> WorkWindows();
  Result<void> RunGroupTask(AggregateWorker& worker, const Task& task,
                            std::vector<AggregateRow>& rows);
  Result<void> RunWindowTask(AggregateWorker& worker, const Task& task,
                             std::vector<AggregateRow>& rows);
  /// The key that orders equal times, where an aggregate asks for that; none: dropped meanwhile.
  std::optional<std::string> KeyOf(const SeriesEntry& entry) {
    const ReaderLock lock(s_.index_mutex);
    if (entry.dropped) return std::nullopt;
    return needs_key_ ? s_.index.KeyOf(entry.id) : std::string();
  }

  /// Counts what a task's bins hold more than `counted`; kNoSpace: all tasks' hold too much.
  Result<void> Meter(const BinTable& bins, uint64_t& counted) {
    if (!meters_) return {};
    const uint64_t now = bins.heap_bytes();
    const uint64_t held = held_.fetch_add(now - counted, std::memory_order_relaxed) + now - counted;
    counted = now;
    if (held <= request_.memory_bytes_max) return {};
    return Error{Code::kNoSpace,
                 "percentiles of so many values and groups need more memory than "
                 "allowed"};
  }

  EmbeddedStore::State& s_;
  const AggregateRequest request_;
  const Snapshots::Lease lease_;
  const EventTime floor_;
  const Positions snapshot_;
  const std::vector<FieldDef> fields_;
  std::map<std::string, uint32_t> field_ids_;
  std::vector<Group> groups_;
  size_t group_at_ = 0;   // of the next task
  size_t series_at_ = 0;  // in it
  size_t window_at_ = 0;
  bool needs_key_ = false;
  bool meters_ = false;
  std::atomic<uint64_t> held_{0};  // by percentile states of this batch and of open_
  BinTable open_;                  // of the group that the next task goes on with
  std::vector<std::vector<AggregateRow>> rows_;
  std::vector<AggregateRow> ready_;
  size_t ready_at_ = 0;
  Mutex workers_mutex_;
  std::vector<std::unique_ptr<AggregateWorker>> workers_ TM_GUARDED_BY(workers_mutex_);
};

Result<void> EmbeddedAggregateCursor::RunTasks(
    const std::vector<Task>& tasks, size_t series,
    const std::function<Result<void>(AggregateWorker&, const Task&, std::vector<AggregateRow>&)>&
        run) {
  rows_.clear();
  rows_.resize(tasks.size());
  std::vector<std::optional<Error>> errors(tasks.size());
  std::atomic<bool> failed{false};
  RunParallel(s_.executor, series >= kSeriesForHelp ? s_.options.aggregate_helpers : 0,
              tasks.size(), [&](size_t worker, size_t i) {
                if (failed.load(std::memory_order_relaxed)) return;
                if (auto done = run(WorkerOf(worker), tasks[i], rows_[i]); !done.ok()) {
                  errors[i] = std::move(done).error();
                  failed = true;
                }
              });
  for (std::optional<Error>& error : errors) {
    if (error) return *std::move(error);
  }
  return {};
}

Result<void> EmbeddedAggregateCursor::RunGroupTask(AggregateWorker& worker, const Task& task,
                                                   std::vector<AggregateRow>& rows) {
  const Bins bins = request_.bins.value_or(Bins{});
  const EventTime one_bin = request_.selection.time.start;
  TimeRange range = request_.selection.time;
  range.start = std::max(range.start, floor_);
  uint64_t counted = 0;
  for (size_t i = 0; i < task.count; ++i) {
    SeriesEntry& entry = *s_.directory.Get({0, groups_[task.group].series[task.first + i]});
    const auto key = KeyOf(entry);
    if (!key) continue;
    auto added = worker.AddSeries(entry, *key, range, bins, one_bin);
    if (added.ok()) added = Meter(worker.bins(), counted);
    if (!added.ok()) {
      worker.bins().TakeAll([](const AggregateRow&) {});
      return added;
    }
  }
  if (request_.series_done != nullptr) request_.series_done->fetch_add(task.count);
  worker.bins().TakeAll([&](AggregateRow row) { rows.push_back(std::move(row)); });
  return {};
}

Result<bool> EmbeddedAggregateCursor::WorkGroups() {
  std::vector<Task> tasks;
  size_t series = 0;
  while (group_at_ < groups_.size() && tasks.size() < kTasksPerBatch) {
    const size_t left = groups_[group_at_].series.size() - series_at_;
    const size_t n = std::min(left, kSeriesPerTask);
    tasks.push_back({group_at_, series_at_, n});
    series += n;
    series_at_ += n;
    if (n == left) {
      ++group_at_;
      series_at_ = 0;
    }
  }
  if (tasks.empty()) return false;
  held_ = meters_ ? open_.heap_bytes() : 0;
  TM_RETURN_IF_ERROR(RunTasks(tasks, series, [this](auto& worker, const Task& task, auto& rows) {
    return RunGroupTask(worker, task, rows);
  }));
  const nanoseconds width = request_.bins.value_or(Bins{}).width;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const Group& group = groups_[tasks[i].group];
    const bool last = tasks[i].first + tasks[i].count == group.series.size();
    const auto emit = [&](AggregateRow row) {
      row.keys = group.keys;
      ready_.push_back(std::move(row));
    };
    if (last && open_.empty()) {
      for (AggregateRow& row : rows_[i]) emit(std::move(row));
      continue;
    }
    for (AggregateRow& row : rows_[i]) open_.Add(std::move(row), width);
    if (last) open_.TakeAll(emit);
  }
  return true;
}

// Groups that a task holds whole, so that its rows come out in order.
Result<void> EmbeddedAggregateCursor::RunWindowTask(AggregateWorker& worker, const Task& task,
                                                    std::vector<AggregateRow>& rows) {
  const size_t end = task.first + task.count;
  rows.reserve(task.count);
  for (size_t at = task.first; at < end;) {
    const uint32_t group = request_.windows[at].group;
    const EventTime bin = request_.windows[at].range.start;
    for (; at < end && request_.windows[at].group == group; ++at) {
      const Window& w = request_.windows[at];
      if (at + kEntriesAhead < end) {
        s_.directory.Prefetch(request_.windows[at + kEntriesAhead].series);
      }
      SeriesEntry* entry = s_.directory.Get(w.series);
      if (entry == nullptr) continue;
      const auto key = KeyOf(*entry);
      if (!key) continue;
      TimeRange range = w.range;
      range.start = std::max(range.start, floor_);
      if (auto added = worker.AddSeries(*entry, *key, range, {}, bin); !added.ok()) {
        worker.bins().TakeAll([](const AggregateRow&) {});
        return added;
      }
    }
    worker.bins().TakeAll([&](AggregateRow row) {
      row.group = group;
      rows.push_back(std::move(row));
    });
  }
  return {};
}

Result<bool> EmbeddedAggregateCursor::WorkWindows() {
  const std::vector<Window>& windows = request_.windows;
  std::vector<Task> tasks;
  const size_t from = window_at_;
  while (window_at_ < windows.size() && tasks.size() < kWindowTasksPerBatch) {
    const size_t first = window_at_;
    window_at_ = std::min(windows.size(), first + kWindowsPerTask);
    while (window_at_ < windows.size() &&
           windows[window_at_].group == windows[window_at_ - 1].group)
      ++window_at_;
    tasks.push_back({0, first, window_at_ - first});
  }
  if (tasks.empty()) return false;
  TM_RETURN_IF_ERROR(
      RunTasks(tasks, window_at_ - from, [this](auto& worker, const Task& task, auto& rows) {
        return RunWindowTask(worker, task, rows);
      }));
  ready_.reserve(window_at_ - from);
  for (auto& rows : rows_) {
    for (AggregateRow& row : rows) ready_.push_back(std::move(row));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<AggregateCursor>> EmbeddedStore::Aggregate(const AggregateRequest& request) {
  State& s = *state_;
  for (const AggregateColumn& a : request.aggregates) {
    TM_RETURN_IF_ERROR(agg::CheckSpec(a.spec()));
    if (a.carry.count() < 0) {
      return Error{Code::kInvalidArgument, "a carry must not be negative"};
    }
    const bool of_time =
        (a.kind == agg::Kind::kMin || a.kind == agg::Kind::kMax) && a.type == agg::Type::kTimestamp;
    if (a.any_type && a.kind != agg::Kind::kCount && !of_time) {
      return Error{Code::kInvalidArgument,
                   "only count, and min and max of the time, take rows of any type"};
    }
  }
  TM_RETURN_IF_ERROR(CheckValues(request));
  if (request.bins && request.bins->width.count() < 0) {
    return Error{Code::kInvalidArgument, "a bin's width must not be negative"};
  }
  TM_ASSIGN_OR_RETURN(const EventTime floor, s.RetentionFloor(request.selection.table));
  Snapshots::Lease lease = s.snapshots.Take(s.RetentionNow());
  TM_RETURN_IF_ERROR(s.CheckReached(request.at_least, lease.lsn()));
  std::vector<Group> groups;
  std::vector<FieldDef> fields;
  {
    const ReaderLock lock(s.index_mutex);
    if (request.windows.empty()) {
      TM_ASSIGN_OR_RETURN(auto series, s.index.SelectIds(request.selection, lease.lsn()));
      groups = GroupSeries(request, s.index, std::move(series));
    }
    if (const TableIndex* table = s.index.Find(request.selection.table))
      fields = table->fields_by_id;
  }
  return std::unique_ptr<AggregateCursor>(new EmbeddedAggregateCursor(
      s, request, std::move(lease), floor, std::move(groups), std::move(fields)));
}

}  // namespace tidemark::store
