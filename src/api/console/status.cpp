// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "api/console/reply_internal.h"
#include "api/console/status_internal.h"
#include "api/console/store_calls_internal.h"

namespace tidemark::console {
namespace {

// One a second. Agents often send every ten seconds: a shorter mean would jump between nothing and
// all.
constexpr size_t kSamplesMax = 11;
constexpr nanoseconds kSampleAgeMin = milliseconds(500);

struct Problem {
  std::string_view severity;  // "warn", "failed"
  std::string object;
  std::string message;
};

std::string RecordsName(std::string_view stream) { return "records:" + std::string(stream); }
std::string BytesName(std::string_view stream) { return "bytes:" + std::string(stream); }
std::string PipelineName(std::string_view name) { return "pipeline:" + std::string(name); }

/// A pipeline's stages with the time that each worked.
std::array<std::pair<std::string_view, nanoseconds>, 3> StagesOf(
    const pipeline::PipelineStatus& status) {
  return {{{"source", status.busy.source},
           {"decode", status.busy.decode},
           {"write", status.busy.write}}};
}

std::string BusyName(std::string_view stage, std::string_view pipeline) {
  return "busy:" + std::string(stage) + ":" + std::string(pipeline);
}

template <typename Items, typename Write>
void WriteList(JsonWriter& out, std::string_view key, const Items& items, const Write& write) {
  out.Key(key).BeginArray();
  for (const auto& item : items) write(item);
  out.EndArray();
}

void WriteRate(JsonWriter& out, std::string_view key, double rate) {
  out.Key(key).Double(std::round(rate * 10) / 10);
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out.append(out.empty() ? "" : ",").append(text);
  return out;
}

}  // namespace

// ---- RateMeter

void RateMeter::Sample(MonotonicTime now, Totals totals) {
  const MutexLock lock(mutex_);
  if (!samples_.empty() && now - samples_.back().first < kSampleAgeMin) return;
  samples_.emplace_back(now, std::move(totals));
  if (samples_.size() > kSamplesMax) samples_.pop_front();
}

double RateMeter::Rate(std::string_view name, uint64_t total, MonotonicTime now) const {
  const MutexLock lock(mutex_);
  for (const auto& [at, totals] : samples_) {
    const auto found = totals.find(name);
    if (found == totals.end()) continue;
    const nanoseconds since = now - at;
    // A total that fell: its owner was made again.
    if (since < kSampleAgeMin || total < found->second) continue;
    return static_cast<double>(total - found->second) / (static_cast<double>(since.count()) * 1e-9);
  }
  return 0;
}

// ---- gathering

struct Status::Facts {
  MonotonicTime now;
  std::vector<StreamFacts> streams;
  std::vector<catalog::DatabaseDef> databases;
  std::vector<catalog::TableDef> tables;
  std::vector<pipeline::PipelineStatus> pipelines;
  std::vector<view::ViewStatus> views;
  store::StoreStats store;
  std::vector<Problem> problems;
};

Status::Status(const ServiceOptions& options, const ServiceDeps& deps)
    : options_(options), deps_(deps), started_(deps.FiguresNow()), meter_(deps.log, deps.metrics) {}

Status::StreamFacts Status::Describe(const log::Stream& stream, MonotonicTime now) const {
  StreamFacts facts;
  facts.definition = &stream.definition();
  const MetricLabels labels{{"stream", stream.name()}};
  facts.records =
      deps_.metrics.GetCounter("tidemark_log_records_total", "Records made durable.", labels)
          .value();
  facts.bytes =
      deps_.metrics
          .GetCounter("tidemark_log_bytes_total", "Bytes of data and keys made durable.", labels)
          .value();
  facts.records_per_second = rates_.Rate(RecordsName(stream.name()), facts.records, now);
  facts.bytes_per_second = rates_.Rate(BytesName(stream.name()), facts.bytes, now);
  return facts;
}

void Status::Sample() {
  const MonotonicTime now = deps_.FiguresNow();
  std::map<std::string, uint64_t, std::less<>> totals;
  for (const auto& stream : deps_.log.List()) {
    const StreamFacts facts = Describe(*stream, now);
    totals[RecordsName(stream->name())] = facts.records;
    totals[BytesName(stream->name())] = facts.bytes;
  }
  const auto pipelines = deps_.pipelines.Statuses();
  for (const auto& status : pipelines) {
    totals[PipelineName(status.definition.name)] = status.records_total;
    for (const auto& [stage, time] : StagesOf(status)) {
      totals[BusyName(stage, status.definition.name)] = static_cast<uint64_t>(time.count());
    }
  }
  rates_.Sample(now, std::move(totals));
  meter_.Sample(now);
  const ArrivalTime wall = deps_.clock.Now();
  if (!history_.Due(wall)) return;
  const auto views = deps_.views.Statuses();
  const auto queries = deps_.engine.Queries();
  history_.Sample(wall, {.views = views, .pipelines = pipelines, .queries = queries});
}

Status::Facts Status::Gather() const {
  Facts facts;
  facts.now = deps_.FiguresNow();
  for (const auto& stream : deps_.log.List()) {
    facts.streams.push_back(Describe(*stream, facts.now));
    facts.streams.back().stream = stream;
    if (const auto failure = stream->failure()) {
      facts.problems.push_back({"failed", "stream:" + stream->name(), failure->message});
    }
  }
  facts.databases = deps_.catalog.ListDatabases();
  facts.tables = deps_.catalog.ListTables();
  facts.pipelines = deps_.pipelines.Statuses();
  facts.views = deps_.views.Statuses();
  facts.store = deps_.store.Stats();
  for (const auto& p : facts.pipelines) {
    if (p.gap_records_total > 0) {
      facts.problems.push_back({"warn", "pipeline:" + p.definition.name,
                                "up to " + std::to_string(p.gap_records_total) +
                                    " records were trimmed or passed over unread: windows before "
                                    "that are not evaluated again"});
    }
    if (p.state == pipeline::PipelineState::kFailed) {
      facts.problems.push_back({"failed", "pipeline:" + p.definition.name, p.error});
    } else if (p.state == pipeline::PipelineState::kPaused) {
      // The breaker waits for somebody; a full store does not.
      facts.problems.push_back(
          {p.breaker_open ? "failed" : "warn", "pipeline:" + p.definition.name, p.error});
    }
  }
  for (const auto& v : facts.views) {
    if (v.state == view::ViewState::kFailed) {
      facts.problems.push_back({"failed", "view:" + v.definition.name, v.error});
    }
  }
  for (auto& [object, message] : StoreProblems(deps_)) {
    facts.problems.push_back({"warn", std::move(object), std::move(message)});
  }
  return facts;
}

// ---- objects

void Status::WriteOverview(JsonWriter& out, const Facts& facts) const {
  double rate = 0;
  uint64_t late = 0;
  uint64_t revisions = 0;
  uint64_t dead = 0;
  for (const auto& p : facts.pipelines) dead += p.dead_letters_total;
  for (const auto& v : facts.views) {
    late += v.late_points_total;
    revisions += v.revisions_total;
  }
  std::vector<std::string> dead_letter_streams;
  for (const auto& p : facts.pipelines) {
    dead_letter_streams.push_back(pipeline::DeadLetterStreamOf(p.definition.name));
  }
  for (const auto& stream : facts.streams) {
    // What a pipeline puts aside came in before.
    if (std::ranges::find(dead_letter_streams, stream.definition->name) ==
        dead_letter_streams.end()) {
      rate += stream.records_per_second;
    }
  }
  const bool failed = std::ranges::any_of(
      facts.problems, [](const Problem& problem) { return problem.severity == "failed"; });
  out.BeginObject();
  WriteText(out, "version", options_.version);
  WriteI64(out, "uptime_ms", (facts.now - started_).count() / 1'000'000);
  WriteText(out, "health", failed ? "failed" : facts.problems.empty() ? "ok" : "warn");
  WriteList(out, "problems", facts.problems, [&](const Problem& problem) {
    out.BeginObject();
    WriteText(out, "severity", problem.severity);
    WriteText(out, "object", problem.object);
    WriteText(out, "message", problem.message);
    out.EndObject();
  });
  out.Key("streams").Uint(facts.streams.size());
  out.Key("pipelines").Uint(facts.pipelines.size());
  out.Key("databases").Uint(facts.databases.size());
  out.Key("tables").Uint(facts.tables.size());
  out.Key("views").Uint(facts.views.size());
  WriteRate(out, "records_per_second", rate);
  WriteI64(out, "late_points_total", late);
  WriteI64(out, "revisions_total", revisions);
  WriteI64(out, "dead_letters_total", dead);
  WriteI64(out, "memory_used_bytes", facts.store.memory_bytes);
  // The store's share decides when writers are slowed.
  WriteI64(
      out, "memory_max_bytes",
      facts.store.memory_bytes_max != 0 ? facts.store.memory_bytes_max : options_.memory_bytes_max);
  out.EndObject();
}

void Status::WriteStreams(JsonWriter& out, const Facts& facts, StreamDetail detail) const {
  WriteList(out, "streams", facts.streams, [&](const StreamFacts& stream) {
    out.BeginObject();
    WriteStream(out, stream, facts.pipelines, detail);
    out.EndObject();
  });
}

void Status::WriteTable(JsonWriter& out, const catalog::TableDef& table, const Facts& facts) const {
  out.BeginObject();
  WriteText(out, "name", table.name);
  WriteI64(out, "memory_retention_hours", table.memory_retention_hours);
  WriteI64(out, "magnetic_retention_days", table.magnetic_retention_days);
  if (facts.tables.size() == 1) {
    WriteI64(out, "series", facts.store.series);
    WriteI64(out, "points", facts.store.points);
  } else {
    // The store counts points of all tables together.
    store::Selection all;
    all.table = table.id;
    const auto series = deps_.store.Series(all);
    out.Key("series");
    series.ok() ? out.String(std::to_string(series->size())) : out.Null();
    out.Key("points").Null();
  }
  out.EndObject();
}

void Status::WriteDatabases(JsonWriter& out, const Facts& facts) const {
  WriteList(out, "databases", facts.databases, [&](const catalog::DatabaseDef& database) {
    out.BeginObject();
    WriteText(out, "name", database.name);
    out.Key("tables").BeginArray();
    for (const catalog::TableDef& table : facts.tables) {
      if (table.database == database.id) WriteTable(out, table, facts);
    }
    out.EndArray().EndObject();
  });
}

void Status::WritePipeline(JsonWriter& out, const pipeline::PipelineStatus& status,
                           MonotonicTime now) const {
  const catalog::PipelineDef& def = status.definition;
  out.BeginObject();
  WriteText(out, "name", def.name);
  WriteText(out, "stream", def.stream);
  WriteText(out, "database", def.database);
  WriteText(out, "table", def.table);
  WriteText(out, "dead_letter_stream", pipeline::DeadLetterStreamOf(def.name));
  WriteText(out, "state", pipeline::PipelineStateName(status.state));
  WriteRate(out, "records_per_second",
            rates_.Rate(PipelineName(def.name), status.records_total, now));
  WriteI64(out, "records_total", status.records_total);
  WriteI64(out, "points_total", status.points_total);
  out.Key("late_points_total").Null();  // lateness is a view's business: see its own total
  WriteI64(out, "dead_letters_total", status.dead_letters_total);
  out.Key("lag_records");
  status.lag_records ? out.String(std::to_string(*status.lag_records)) : out.Null();
  out.Key("lag_ms");
  status.lag_records ? out.String(std::to_string(status.lag.count())) : out.Null();
  WriteList(out, "partitions", status.partitions, [&](const pipeline::PartitionState& partition) {
    out.BeginObject();
    WriteText(out, "partition", partition.name);
    WriteTextOrNull(out, "position", partition.sequence);
    WriteI64(out, "max_event_time", partition.max_event_time);
    out.Key("idle").Bool(partition.idle);
    out.Key("replaying").Bool(partition.replaying);
    WriteI64(out, "gap_records", partition.gap_records);
    WriteI64(out, "whole_from", partition.whole_from);
    out.EndObject();
  });
  WriteI64(out, "filtered_total", status.filtered_total);
  WriteI64(out, "punctuations_total", status.punctuations_total);
  WriteI64(out, "replayed_total", status.replayed_total);
  WriteI64(out, "gap_records_total", status.gap_records_total);
  out.Key("breaker_open").Bool(status.breaker_open);
  out.Key("busy").BeginObject();
  for (const auto& [stage, time] : StagesOf(status)) {
    const double share =
        rates_.Rate(BusyName(stage, def.name), static_cast<uint64_t>(time.count()), now) / 1e9;
    out.Key(stage).Double(std::round(std::clamp(share, 0.0, 1.0) * 1000) / 1000);
  }
  out.EndObject();
  WriteTextOrNull(out, "error", status.error);
  out.EndObject();
}

double Status::RateOf(const pipeline::PipelineStatus& status) const {
  return rates_.Rate(PipelineName(status.definition.name), status.records_total,
                     deps_.FiguresNow());
}

void Status::WritePipelines(JsonWriter& out, const Facts& facts) const {
  WriteList(out, "pipelines", facts.pipelines,
            [&](const pipeline::PipelineStatus& status) { WritePipeline(out, status, facts.now); });
}

void Status::WriteView(JsonWriter& out, const view::ViewStatus& status) const {
  const view::ViewDefinition& d = status.definition;
  // The catalog has the names as the user wrote them; a view that is being made or dropped may not
  // be in it.
  const catalog::ViewDef def = deps_.catalog.GetView(d.name).value_or(catalog::ViewDef{});
  out.BeginObject();
  WriteText(out, "name", d.name);
  WriteText(out, "database", def.database);
  WriteText(out, "table", def.table);
  WriteText(out, "target_table", def.target_table);
  WriteText(out, "state", view::ViewStateName(status.state));
  WriteI64(out, "generation", int64_t{d.generation});
  WriteText(out, "output", d.output);
  WriteText(
      out, "aggregate",
      d.every > nanoseconds(0) ? std::string(view::FillName(d.fill)) : Joined(def.aggregates));
  WriteText(out, "label", d.label == view::Label::kEnd ? "end" : "start");
  WriteText(out, "late", d.late == view::LatePolicy::kFreeze ? "freeze" : "recompute");
  WriteI64(out, "watermark", status.watermark);
  WriteI64(out, "windows_published", status.windows_published);
  WriteI64(out, "revisions_total", status.revisions_total);
  WriteI64(out, "late_points_total", status.late_points_total);
  WriteI64(out, "frozen_total", status.frozen_total);
  WriteI64(out, "dirty", status.dirty_count);
  out.Key("lag_ms");
  if (status.watermark) {
    const nanoseconds lag = deps_.clock.Now().AsEventTime() - *status.watermark;
    out.String(std::to_string(std::max<int64_t>(0, lag.count() / 1'000'000)));
  } else {
    out.Null();
  }
  WriteText(out, "windows", view::WindowWords(d));
  // Of a calendar's zone, newest last.
  if (!d.zone_rules.empty()) {
    WriteText(out, "zone_version", d.zone_rules.back().version);
    WriteList(out, "zone_changes", std::span(d.zone_rules).subspan(1),
              [&](const view::ZoneRules& rules) {
                out.BeginObject();
                WriteI64(out, "from", rules.from);
                WriteText(out, "version", rules.version);
                out.EndObject();
              });
  }
  // Of the finest level; a calendar's varies, this is the longest.
  nanoseconds window = d.levels.empty() ? view::WindowsOf(d).longest() : d.levels.front();
  if (d.ranged()) window = std::max(d.session_gap, d.every);
  WriteI64(out, "window_ns", int64_t{window.count()});
  WriteI64(out, "out_of_orderness_ns", int64_t{d.out_of_orderness.count()});
  WriteI64(out, "allowed_lateness_ns", int64_t{d.allowed_lateness.count()});
  WriteI64(out, "early_ns", int64_t{d.early.count()});
  WriteI64(out, "provisional_after_ns", int64_t{d.provisional_after.count()});
  WriteTextOrNull(out, "error", status.error);
  out.EndObject();
}

void Status::WriteViews(JsonWriter& out, const Facts& facts) const {
  WriteList(out, "views", facts.views,
            [&](const view::ViewStatus& status) { WriteView(out, status); });
}

// ---- answers

std::string Status::Overview() const {
  JsonWriter out;
  WriteOverview(out, Gather());
  return std::move(out).Take();
}

std::string Status::Streams() const {
  JsonWriter out;
  out.BeginObject();
  WriteStreams(out, Gather(), StreamDetail::kListing);
  out.EndObject();
  return std::move(out).Take();
}

std::string Status::Databases() const {
  JsonWriter out;
  out.BeginObject();
  WriteDatabases(out, Gather());
  out.EndObject();
  return std::move(out).Take();
}

std::string Status::Pipelines() const {
  JsonWriter out;
  out.BeginObject();
  WritePipelines(out, Gather());
  out.EndObject();
  return std::move(out).Take();
}

Result<std::string> Status::Pipeline(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const pipeline::PipelineStatus status, deps_.pipelines.Status(name));
  JsonWriter out;
  WritePipeline(out, status, deps_.FiguresNow());
  return std::move(out).Take();
}

std::string Status::Views() const {
  JsonWriter out;
  out.BeginObject();
  WriteViews(out, Gather());
  out.EndObject();
  return std::move(out).Take();
}

Result<std::string> Status::View(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const view::ViewStatus status, deps_.views.Status(name));
  JsonWriter out;
  WriteView(out, status);
  return std::move(out).Take();
}

std::string Status::Graph() const {
  const Facts facts = Gather();
  JsonWriter out;
  out.BeginObject().Key("overview");
  WriteOverview(out, facts);
  WriteStreams(out, facts, StreamDetail::kEvent);
  WritePipelines(out, facts);
  WriteViews(out, facts);
  WriteDatabases(out, facts);
  out.EndObject();
  const std::string text = std::move(out).Take();
  return text.substr(1, text.size() - 2);
}

}  // namespace tidemark::console
