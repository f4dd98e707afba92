// SPDX-License-Identifier: Apache-2.0
#include "app/simulation_replay.h"

#include <algorithm>
#include <span>

#include "base/units.h"

namespace tidemark::app {
namespace {

constexpr size_t kPointsPerWrite = 4096;
constexpr hours kForEver{24 * 365 * 200};
/// Rows go to files from a quarter of it on, so it bounds what is held of a stream of any length.
constexpr uint64_t kStoreBytesMax = 256_MiB;

/// As it is while it runs, without what only its real tables make of it.
view::ViewDefinition Plain(view::ViewDefinition definition) {
  definition.running = true;
  definition.paused = false;
  definition.adopt = false;
  definition.source_retention = nanoseconds(0);
  definition.replaces = {};
  if (definition.upstream) {
    definition.upstream.view =
        std::make_shared<const view::ViewDefinition>(Plain(*definition.upstream.view));
  }
  return definition;
}

/// From the one that reads points to `definition`.
std::vector<view::ViewDefinition> ChainOf(const view::ViewDefinition& definition) {
  std::vector<view::ViewDefinition> out;
  if (definition.upstream) out = ChainOf(*definition.upstream.view);
  out.push_back(definition);
  return out;
}

/// Of a row of several columns as the log has it: JSON.
store::Scalar ValueOf(const store::RevisionRow& row) {
  if (row.series->type != store::ValueType::kMulti) return row.value;
  store::Scalar value;
  for (const store::RevisionEntry& entry : row.revisions) {
    if (!entry.frozen) value = entry.new_value;
  }
  return value;
}

}  // namespace

Replay::Replay(const Tape& tape, const view::ViewDefinition& definition)
    : tape_(tape),
      view_(Plain(definition)),
      source_(view_.root().source),
      clock_(*tape.begin()),
      executor_(clock_),
      newest_(tape.partitions().size()),
      floor_(tape.partitions().size()),
      seen_(tape.partitions().size()),
      idle_(tape.partitions().size(), false) {}

Replay::~Replay() {
  if (views_ != nullptr) views_->Detach();
}

Result<std::unique_ptr<Replay>> Replay::Open(std::string dir, FileSystem& fs, const Tape& tape,
                                             const view::ViewDefinition& definition) {
  std::unique_ptr<Replay> replay(new Replay(tape, definition));
  TM_RETURN_IF_ERROR(replay->Begin(std::move(dir), fs));
  return replay;
}

Result<void> Replay::Begin(std::string dir, FileSystem& fs) {
  store::EmbeddedStoreOptions options;
  options.dir = std::move(dir);
  options.memory_bytes_max = kStoreBytesMax;
  options.aggregate_helpers = 0;
  options.seal_after = minutes(60 * 24 * 3650);  // by memory alone
  TM_ASSIGN_OR_RETURN(store_, store::EmbeddedStore::Open(options, fs, clock_, executor_, metrics_));
  const std::vector<view::ViewDefinition> chain = ChainOf(view_);
  for (const view::ViewDefinition& one : chain) {
    for (const TableId table : {one.source, one.target}) {
      store_->SetTable({.table = table,
                        .name = table == one.source ? one.source_name : one.target_name,
                        .memory_retention = kForEver,
                        .magnetic_retention = kForEver,
                        .magnetic_writes = true});
    }
  }
  views_ = std::make_unique<view::Maintainer>(*store_, clock_, metrics_, nullptr);
  views_->Attach(executor_);
  BeginIdle();
  std::vector<uint32_t> all(tape_.partitions().size());
  for (uint32_t p = 0; p < all.size(); ++p) all[p] = p;
  TM_RETURN_IF_ERROR(JournalClocks(all));
  for (const view::ViewDefinition& one : chain) TM_RETURN_IF_ERROR(views_->Create(one));
  return executor_.RunUntilIdle();
}

/// Partitions whose first record comes so late were idle before it, as were those without one.
void Replay::BeginIdle() {
  for (size_t p = 0; p < idle_.size(); ++p) {
    const TapePartition& partition = tape_.partitions()[p];
    idle_[p] = !partition.first ||
               nanoseconds(*partition.first - *tape_.begin()) >= partition.idle_timeout;
  }
}

Result<void> Replay::ResolveNew() {
  for (; refs_.size() < tape_.series().size();) {
    const SeriesKey& key = *tape_.series()[refs_.size()];
    std::vector<store::DimensionView> dimensions;
    for (const auto& [dimension, value] : key.dimensions) dimensions.push_back({dimension, value});
    const store::SeriesKeyView wanted{.table = source_,
                                      .measure = key.measure,
                                      .dimensions = dimensions,
                                      .type = key.type,
                                      .owner = {}};
    TM_ASSIGN_OR_RETURN(const auto resolved, store_->Resolve(std::span(&wanted, 1)));
    // Rows of the view as the stream has them too, or what the table refuses: left out.
    refs_.push_back(resolved.front().rejection == store::RejectReason::kNone
                        ? std::optional(resolved.front().series)
                        : std::nullopt);
  }
  return {};
}

store::SourceProgress Replay::ProgressOf(uint32_t p) const {
  const TapePartition& partition = tape_.partitions()[p];
  store::SourceProgress out;
  out.source = partition.source;
  out.table = source_;
  out.partition = partition.number;
  out.max_event_time = newest_[p];
  out.floor = floor_[p];
  out.idle = idle_[p];
  out.complete_from_start = partition.whole;
  return out;
}

Result<void> Replay::Write(const store::WriteBatch& batch) {
  constexpr int kTriesMax = 1000;
  for (int left = kTriesMax;; --left) {
    std::optional<Result<store::WriteReply>> reply;
    store_->Write(batch, [&reply](Result<store::WriteReply> r) { reply = std::move(r); });
    while (!reply) {
      TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
      if (reply) break;
      const auto next = executor_.NextWake();
      if (!next) return Error{Code::kInternal, "a simulated write does not end"};
      clock_.MoveTo(*next);
    }
    if (reply->ok()) return {};
    if (reply->error().code != Code::kResourceExhausted || left == 0) {
      return std::move(*reply).error().With("write what is played");
    }
    // Full: rows go to files meanwhile.
    TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
    if (const auto next = executor_.NextWake()) clock_.MoveTo(*next);
  }
}

Result<void> Replay::JournalClocks(const std::vector<uint32_t>& partitions) {
  if (partitions.empty()) return {};
  store::WriteBatch batch;
  for (const uint32_t p : partitions) batch.source_progress.push_back(ProgressOf(p));
  return Write(batch);
}

/// Partitions without a record for so long are idle, as their reader would say.
Result<void> Replay::NoteIdle(ArrivalTime now) {
  std::vector<uint32_t> idle;
  for (uint32_t p = 0; p < idle_.size(); ++p) {
    const ArrivalTime since = seen_[p].value_or(*tape_.begin());
    if (idle_[p] || nanoseconds(now - since) < tape_.partitions()[p].idle_timeout) continue;
    idle_[p] = true;
    idle.push_back(p);
  }
  return JournalClocks(idle);
}

/// A write for each run of one partition.
Result<void> Replay::Play(const PlayedTick& tick) {
  if (tick.played.empty()) return {};
  TM_RETURN_IF_ERROR(ResolveNew());
  const ArrivalTime begin = tick.played.front().arrival;
  clock_.MoveTo(MonotonicTime{begin.AsEventTime().ns});
  TM_RETURN_IF_ERROR(NoteIdle(begin));
  std::vector<store::PointView> points;
  for (size_t at = 0; at < tick.played.size();) {
    const uint32_t p = tick.played[at].partition;
    points.clear();
    for (; at < tick.played.size() && points.size() < kPointsPerWrite; ++at) {
      const Played& one = tick.played[at];
      if (one.partition != p) break;
      seen_[p] = one.arrival;
      if (!one.series) {
        newest_[p] = std::max(newest_[p], one.max_event_time);
        floor_[p] = std::max(floor_[p], one.floor);
        continue;
      }
      constexpr pipeline::FutureGuard kGuard;
      if (one.time - one.arrival.AsEventTime() <= kGuard.soft) {
        newest_[p] = std::max(newest_[p].value_or(one.time), one.time);
      }
      if (!refs_[*one.series]) continue;
      store::PointView& point = points.emplace_back();
      point.series = *refs_[*one.series];
      point.time = one.time;
      point.arrival = one.arrival;
      point.value = one.value;
    }
    idle_[p] = false;
    store::WriteBatch batch;
    batch.points = points;
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    batch.source_progress.push_back(ProgressOf(p));
    TM_RETURN_IF_ERROR(Write(batch));
  }
  return executor_.RunUntilIdle();
}

/// What waits for a refresh or a budget comes to its turn.
Result<void> Replay::Settle() {
  constexpr int kTurnsMax = 1000;
  for (int i = 0; i < kTurnsMax; ++i) {
    TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
    clock_.MoveTo(clock_.Monotonic() + milliseconds(100));
  }
  return executor_.RunUntilIdle();
}

Result<Replay::Outcome> Replay::Finish(ArrivalTime now, uint64_t rows_max) {
  clock_.MoveTo(MonotonicTime{now.AsEventTime().ns});
  TM_RETURN_IF_ERROR(NoteIdle(now));
  TM_RETURN_IF_ERROR(Settle());
  for (const view::ViewStatus& status : views_->Statuses()) {
    if (status.state != view::ViewState::kFailed) continue;
    return Error{Code::kInternal,
                 "the simulated view " + status.definition.name + " failed: " + status.error};
  }
  Outcome out;
  TM_ASSIGN_OR_RETURN(out.status, views_->Status(view_.name));
  TM_RETURN_IF_ERROR(ReadRows(rows_max, out));
  return out;
}

Result<void> Replay::ReadRows(uint64_t rows_max, Outcome& out) {
  store::Selection rows;
  rows.table = view_.target;
  rows.owners = {store::OwnerFilter::Kind::kView, view_.owner()};
  TM_ASSIGN_OR_RETURN(const auto cursor, store_->OpenRevisions(rows));
  std::vector<store::RevisionRow> piece;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(piece));
    if (!more) return {};
    SeriesName name{piece.front().series->measure, {}};
    for (const store::Dimension& d : piece.front().series->dimensions) {
      name.second.emplace_back(d.name, d.value);
    }
    std::vector<Row>* of_series = nullptr;
    for (const store::RevisionRow& row : piece) {
      if (row.version == 0 || row.row.revision == 0) continue;
      if (++out.rows_count > rows_max) {
        return Error{Code::kFailedPrecondition,
                     "the view would have more than " + std::to_string(rows_max) +
                         " rows, and a simulation compares no more: simulate longer windows, or "
                         "a filter"};
      }
      if (of_series == nullptr) of_series = &out.rows[name];
      of_series->push_back({row.time, {row.row.window_start, row.row.window_end}, ValueOf(row)});
    }
  }
}

}  // namespace tidemark::app
