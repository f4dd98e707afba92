// SPDX-License-Identifier: Apache-2.0
#include "app/simulation.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#include "app/backup_files.h"
#include "app/step_executor.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "pipeline/decoder.h"
#include "pipeline/log_source.h"
#include "store/embedded_store.h"
#include "view/maintainer.h"

namespace tidemark::app {
namespace {

constexpr size_t kPointsPerWrite = 4096;
constexpr milliseconds kTick{1000};  // of arrival, between looks at what views do
constexpr hours kForEver{24 * 365 * 200};

struct SeriesKey {
  std::string measure;
  store::ValueType type = store::ValueType::kDouble;
  std::vector<std::pair<std::string, std::string>> dimensions;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

/// Numbers the series it meets; makes none.
class SeriesNumbers final : public pipeline::SeriesResolver {
 public:
  Result<pipeline::ResolvedSeries> Resolve(
      std::string_view measure, store::ValueType type,
      std::span<const store::DimensionView> dimensions) override {
    SeriesKey key{.measure = std::string(measure), .type = type, .dimensions = {}};
    for (const store::DimensionView& d : dimensions) {
      key.dimensions.emplace_back(d.name, d.value);
    }
    std::ranges::sort(key.dimensions);
    const auto [it, is_new] = numbers_.try_emplace(std::move(key), keys_.size());
    if (is_new) keys_.push_back(&it->first);
    pipeline::ResolvedSeries out;
    out.series = {1, it->second + 1};
    return out;
  }
  const std::vector<const SeriesKey*>& keys() const { return keys_; }

 private:
  std::map<SeriesKey, uint64_t> numbers_;
  std::vector<const SeriesKey*> keys_;
};

struct Played {
  ArrivalTime arrival;
  uint32_t partition = 0;  // index into Tape::partitions
  uint64_t order = 0;      // in it
  uint64_t series = 0;
  EventTime time;
  store::Scalar value;
};

struct TapePartition {
  store::SourceId source;
  uint32_t number = 0;
  bool whole = true;
  nanoseconds idle_timeout{0};
};

/// All that is retained, in order of arrival.
struct Tape {
  SeriesNumbers series;
  std::vector<TapePartition> partitions;
  std::vector<Played> points;
  uint64_t records = 0;
  uint64_t skipped = 0;  // points of several columns
};

std::optional<store::Scalar> ScalarOf(const store::ValueView& value) {
  switch (value.type()) {
    case store::ValueType::kDouble:
      return value.as_double();
    case store::ValueType::kBigint:
      return value.as_bigint();
    case store::ValueType::kBoolean:
      return value.as_boolean();
    case store::ValueType::kVarchar:
      return std::string(value.as_varchar());
    case store::ValueType::kTimestamp:
    case store::ValueType::kMulti:
    case store::ValueType::kNone:
      break;
  }
  return std::nullopt;
}

store::ValueView ViewOf(const store::Scalar& value) {
  if (const auto* v = std::get_if<double>(&value)) return store::ValueView::Double(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return store::ValueView::Bigint(*v);
  if (const auto* v = std::get_if<bool>(&value)) return store::ValueView::Boolean(*v);
  if (const auto* v = std::get_if<std::string>(&value)) return store::ValueView::Varchar(*v);
  return {};
}

Result<void> Record(const SimulationContext& context, const catalog::PipelineDef& def, Tape& tape) {
  const auto stream = context.log.Find(def.stream);
  if (stream == nullptr) return {};
  TM_ASSIGN_OR_RETURN(const auto decoder, pipeline::MakeDecoder(def.mapping, def.rules, {}));
  pipeline::LogSource source(stream);
  std::map<uint32_t, uint32_t> index;
  std::vector<pipeline::PartitionStart> starts;
  for (const uint32_t number : source.Partitions()) {
    index[number] = static_cast<uint32_t>(tape.partitions.size());
    tape.partitions.push_back({.source = {store::SourceId::Kind::kPipeline, def.id.value},
                               .number = number,
                               .whole = source.Untrimmed(number),
                               .idle_timeout = def.idle_timeout});
    starts.push_back({number, ""});
  }
  TM_RETURN_IF_ERROR(source.Start(starts));
  pipeline::SourceBatch batch;
  pipeline::DecodedBatch decoded;
  uint64_t order = 0;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, source.Poll(pipeline::kBatchRecordsMax, batch));
    if (!more) return {};
    tape.records += batch.records.size();
    TM_RETURN_IF_ERROR(decoder->Decode(batch, tape.series, decoded));
    for (const store::PointView& point : decoded.points) {
      auto value = ScalarOf(point.value);
      if (!value) {
        ++tape.skipped;
        continue;
      }
      if (tape.points.size() >= context.points_max) {
        return Error{Code::kFailedPrecondition,
                     "more than " + std::to_string(context.points_max) +
                         " points are retained in the streams of the table: a simulation takes no "
                         "more; shorten the retention of the stream, or try it on a smaller one"};
      }
      tape.points.push_back({.arrival = point.arrival,
                             .partition = index.at(batch.partition),
                             .order = order++,
                             .series = point.series.lo - 1,
                             .time = point.time,
                             .value = *std::move(value)});
    }
  }
}

/// By measure, dimensions and time.
using RowKey = std::tuple<std::string, std::vector<std::pair<std::string, std::string>>, EventTime>;
struct Row {
  store::Scalar value;
  TimeRange window;
};
struct Outcome {
  std::map<RowKey, Row> rows;
  view::ViewStatus status;
};

/// One run over a store of its own.
class Replay {
 public:
  Replay(const SimulationContext& context, const Tape& tape)
      : context_(context),
        tape_(tape),
        clock_(tape.points.empty() ? ArrivalTime{0} : tape.points.front().arrival),
        executor_(clock_),
        newest_(tape.partitions.size()),
        seen_(tape.partitions.size()),
        idle_(tape.partitions.size(), false) {}

  Result<Outcome> Run(view::ViewDefinition definition) {
    store::EmbeddedStoreOptions options;
    options.dir = context_.scratch_dir;
    options.memory_bytes_max = uint64_t{2} << 30U;
    options.aggregate_helpers = 0;
    options.seal_after = minutes(60 * 24 * 3650);  // it is gone before
    TM_ASSIGN_OR_RETURN(
        store_, store::EmbeddedStore::Open(options, context_.fs, clock_, executor_, metrics_));
    for (const TableId table : {definition.source, definition.target}) {
      store_->SetTable({.table = table,
                        .name = definition.source_name,
                        .memory_retention = kForEver,
                        .magnetic_retention = kForEver,
                        .magnetic_writes = true});
    }
    view::Maintainer views(*store_, clock_, metrics_, nullptr);
    views.Attach(executor_);
    auto done = Play(views, std::move(definition));
    views.Detach();
    store_.reset();
    return done;
  }

 private:
  Result<Outcome> Play(view::Maintainer& views, view::ViewDefinition definition) {
    definition.running = true;
    definition.paused = false;
    definition.adopt = false;
    definition.source_retention = nanoseconds(0);
    const TableId source = definition.source;
    const store::Owner owner = definition.owner();
    const TableId target = definition.target;
    const std::string name = definition.name;
    TM_RETURN_IF_ERROR(ResolveAll(source));
    BeginIdle();
    std::vector<uint32_t> all;
    for (uint32_t p = 0; p < tape_.partitions.size(); ++p) all.push_back(p);
    TM_RETURN_IF_ERROR(JournalClocks(source, all));
    TM_RETURN_IF_ERROR(views.Create(std::move(definition)));
    TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
    for (size_t at = 0; at < tape_.points.size();) {
      TM_ASSIGN_OR_RETURN(at, PlayTick(source, at));
    }
    clock_.MoveTo(MonotonicTime{context_.now.AsEventTime().ns});
    TM_RETURN_IF_ERROR(NoteIdle(source, context_.now));
    TM_RETURN_IF_ERROR(Settle());
    Outcome out;
    TM_ASSIGN_OR_RETURN(out.status, views.Status(name));
    if (out.status.state == view::ViewState::kFailed) {
      return Error{Code::kInternal, "the simulated view failed: " + out.status.error};
    }
    TM_RETURN_IF_ERROR(ReadRows(target, owner, out.rows));
    return out;
  }

  Result<void> ResolveAll(TableId table) {
    for (const SeriesKey* key : tape_.series.keys()) {
      std::vector<store::DimensionView> dimensions;
      for (const auto& [dimension, value] : key->dimensions)
        dimensions.push_back({dimension, value});
      const store::SeriesKeyView wanted{.table = table,
                                        .measure = key->measure,
                                        .dimensions = dimensions,
                                        .type = key->type,
                                        .owner = {}};
      TM_ASSIGN_OR_RETURN(const auto resolved, store_->Resolve(std::span(&wanted, 1)));
      // Rows of the view as the stream has them too, or what the table refuses: left out.
      refs_.push_back(resolved.front().rejection == store::RejectReason::kNone
                          ? std::optional(resolved.front().series)
                          : std::nullopt);
    }
    return {};
  }

  /// Partitions whose first record comes so late were idle before it, as were those without one.
  void BeginIdle() {
    std::vector<std::optional<ArrivalTime>> first(tape_.partitions.size());
    for (const Played& one : tape_.points) {
      if (!first[one.partition]) first[one.partition] = one.arrival;
    }
    const ArrivalTime begin = tape_.points.front().arrival;
    for (size_t p = 0; p < first.size(); ++p) {
      idle_[p] = !first[p] || nanoseconds(*first[p] - begin) >= tape_.partitions[p].idle_timeout;
    }
  }

  store::SourceProgress ProgressOf(TableId table, uint32_t p) const {
    store::SourceProgress out;
    out.source = tape_.partitions[p].source;
    out.table = table;
    out.partition = tape_.partitions[p].number;
    out.max_event_time = newest_[p];
    out.idle = idle_[p];
    out.complete_from_start = tape_.partitions[p].whole;
    return out;
  }

  Result<void> Write(const store::WriteBatch& batch) {
    std::optional<Result<store::WriteReply>> reply;
    store_->Write(batch, [&reply](Result<store::WriteReply> r) { reply = std::move(r); });
    while (!reply) {
      TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
      if (reply) break;
      const auto next = executor_.NextWake();
      if (!next) return Error{Code::kInternal, "a simulated write does not end"};
      clock_.MoveTo(*next);
    }
    return reply->ok() ? Result<void>() : Result<void>(reply->error());
  }

  Result<void> JournalClocks(TableId table, const std::vector<uint32_t>& partitions) {
    if (partitions.empty()) return {};
    store::WriteBatch batch;
    for (const uint32_t p : partitions) batch.source_progress.push_back(ProgressOf(table, p));
    return Write(batch);
  }

  /// Partitions without a record for so long are idle, as their reader would say.
  Result<void> NoteIdle(TableId table, ArrivalTime now) {
    std::vector<uint32_t> idle;
    for (uint32_t p = 0; p < tape_.partitions.size(); ++p) {
      const ArrivalTime since = seen_[p].value_or(tape_.points.front().arrival);
      if (idle_[p] || nanoseconds(now - since) < tape_.partitions[p].idle_timeout) continue;
      idle_[p] = true;
      idle.push_back(p);
    }
    return JournalClocks(table, idle);
  }

  /// What arrived within a tick, a write for each run of one partition. Where to go on.
  Result<size_t> PlayTick(TableId table, size_t at) {
    const ArrivalTime begin = tape_.points[at].arrival;
    clock_.MoveTo(MonotonicTime{begin.AsEventTime().ns});
    TM_RETURN_IF_ERROR(NoteIdle(table, begin));
    while (at < tape_.points.size() && tape_.points[at].arrival < begin + kTick) {
      const uint32_t p = tape_.points[at].partition;
      std::vector<store::PointView> points;
      for (; at < tape_.points.size() && points.size() < kPointsPerWrite; ++at) {
        const Played& one = tape_.points[at];
        if (one.partition != p || one.arrival >= begin + kTick) break;
        seen_[p] = one.arrival;
        constexpr pipeline::FutureGuard kGuard;
        if (one.time - one.arrival.AsEventTime() <= kGuard.soft) {
          newest_[p] = std::max(newest_[p].value_or(one.time), one.time);
        }
        if (!refs_[one.series]) continue;
        store::PointView& point = points.emplace_back();
        point.series = *refs_[one.series];
        point.time = one.time;
        point.arrival = one.arrival;
        point.value = ViewOf(one.value);
      }
      idle_[p] = false;
      store::WriteBatch batch;
      batch.points = points;
      batch.rule = store::ConflictRule::kLastWins;
      batch.time_check = store::WriteBatch::TimeCheck::kNone;
      batch.source_progress.push_back(ProgressOf(table, p));
      TM_RETURN_IF_ERROR(Write(batch));
    }
    TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
    return at;
  }

  /// What waits for a refresh or a budget comes to its turn.
  Result<void> Settle() {
    constexpr int kTurnsMax = 1000;
    for (int i = 0; i < kTurnsMax; ++i) {
      TM_RETURN_IF_ERROR(executor_.RunUntilIdle());
      clock_.MoveTo(clock_.Monotonic() + milliseconds(100));
    }
    return executor_.RunUntilIdle();
  }

  Result<void> ReadRows(TableId table, store::Owner owner, std::map<RowKey, Row>& out) {
    store::Selection rows;
    rows.table = table;
    rows.owners = {store::OwnerFilter::Kind::kView, owner};
    TM_ASSIGN_OR_RETURN(const auto cursor, store_->OpenRevisions(rows));
    std::vector<store::RevisionRow> piece;
    for (;;) {
      TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(piece));
      if (!more) return {};
      for (store::RevisionRow& row : piece) {
        if (row.version == 0 || row.row.revision == 0) continue;
        std::vector<std::pair<std::string, std::string>> dimensions;
        for (const store::Dimension& d : row.series->dimensions) {
          dimensions.emplace_back(d.name, d.value);
        }
        out.emplace(RowKey{row.series->measure, std::move(dimensions), row.time},
                    Row{ValueOf(row), {row.row.window_start, row.row.window_end}});
      }
    }
  }

  /// Of a row of several columns as the log has it: JSON.
  static store::Scalar ValueOf(const store::RevisionRow& row) {
    if (row.series->type != store::ValueType::kMulti) return row.value;
    store::Scalar value;
    for (const store::RevisionEntry& entry : row.revisions) {
      if (!entry.frozen) value = entry.new_value;
    }
    return value;
  }

  const SimulationContext& context_;
  const Tape& tape_;
  ReplayClock clock_;
  StepExecutor executor_;
  MetricRegistry metrics_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::vector<std::optional<store::SeriesRef>> refs_;  // by number of the series
  std::vector<std::optional<EventTime>> newest_;       // by partition, as the next two
  std::vector<std::optional<ArrivalTime>> seen_;
  std::vector<bool> idle_;
};

bool SameBits(const store::Scalar& a, const store::Scalar& b) {
  const auto* x = std::get_if<double>(&a);
  const auto* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr) {
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y);
  }
  return a == b;
}

void Compare(const Outcome& present, const Outcome& other, size_t rows_max,
             console::ViewSimulation& out) {
  const auto note = [&](const RowKey& key, const Row* old_row, const Row* new_row) {
    if (++out.differences > rows_max) return;
    const Row& shown = new_row != nullptr ? *new_row : *old_row;
    console::ViewSimulation::Row& row = out.rows.emplace_back();
    row.measure = std::get<0>(key);
    row.dimensions = std::get<1>(key);
    row.time = std::get<2>(key);
    row.window = shown.window;
    if (old_row != nullptr) row.old_value = old_row->value;
    if (new_row != nullptr) row.new_value = new_row->value;
  };
  auto a = present.rows.begin();
  auto b = other.rows.begin();
  while (a != present.rows.end() || b != other.rows.end()) {
    if (b == other.rows.end() || (a != present.rows.end() && a->first < b->first)) {
      note(a->first, &a->second, nullptr);
      ++a;
    } else if (a == present.rows.end() || b->first < a->first) {
      note(b->first, nullptr, &b->second);
      ++b;
    } else {
      if (!SameBits(a->second.value, b->second.value)) note(a->first, &a->second, &b->second);
      ++a;
      ++b;
    }
  }
}

console::ViewSimulation::Totals TotalsOf(const Outcome& outcome) {
  return {.rows = outcome.rows.size(),
          .revisions = outcome.status.revisions_total,
          .late_points = outcome.status.late_points_total,
          .frozen = outcome.status.frozen_total,
          .watermark = outcome.status.watermark};
}

/// The folder goes, whatever came of it.
class Scratch {
 public:
  explicit Scratch(const SimulationContext& context) : context_(context) { Clear(); }
  ~Scratch() { Clear(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void Clear() {
    const auto there = context_.fs.Exists(context_.scratch_dir);
    if (!there.ok() || !*there) return;
    if (const auto gone = RemoveTree(context_.fs, context_.scratch_dir); !gone.ok()) {
      Log(LogLevel::kWarning, "app", "a simulation's folder stays until the next start",
          {{"folder", context_.scratch_dir}, {"error", gone.error().message}});
    }
  }

 private:
  const SimulationContext& context_;
};

}  // namespace

Result<console::ViewSimulation> Simulate(const SimulationContext& context,
                                         std::string_view database, std::string_view table,
                                         const view::ViewDefinition& present,
                                         const view::ViewDefinition& wished) {
  Tape tape;
  for (const catalog::PipelineDef& def : context.catalog.ListPipelines()) {
    if (def.database != database || def.table != table) continue;
    TM_RETURN_IF_ERROR(Record(context, def, tape));
  }
  std::ranges::sort(tape.points, {}, [](const Played& one) {
    return std::tuple(one.arrival.ms, one.partition, one.order);
  });
  console::ViewSimulation out;
  out.records = tape.records;
  out.points = tape.points.size();
  out.skipped = tape.skipped;
  if (tape.points.empty()) return out;
  Scratch scratch(context);
  TM_RETURN_IF_ERROR(context.fs.CreateDirs(context.scratch_dir));
  TM_ASSIGN_OR_RETURN(const Outcome now, Replay(context, tape).Run(present));
  scratch.Clear();
  TM_RETURN_IF_ERROR(context.fs.CreateDirs(context.scratch_dir));
  TM_ASSIGN_OR_RETURN(const Outcome then, Replay(context, tape).Run(wished));
  out.present = TotalsOf(now);
  out.simulated = TotalsOf(then);
  Compare(now, then, context.rows_max, out);
  return out;
}

}  // namespace tidemark::app
