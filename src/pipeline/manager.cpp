// SPDX-License-Identifier: Apache-2.0
#include "pipeline/manager.h"

#include <algorithm>
#include <set>

#include "base/logging.h"
#include "base/numbers.h"
#include "pipeline/log_source.h"
#include "pipeline/positions_internal.h"

namespace tidemark::pipeline {
namespace {

Error NoPipeline(std::string_view name) {
  return {Code::kNotFound, "pipeline \"" + std::string(name) + "\" does not exist"};
}

}  // namespace

nanoseconds RetentionOf(const catalog::TableDef& table) {
  return hours(table.memory_retention_hours) + hours(24 * table.magnetic_retention_days);
}

std::string DeadLetterStreamOf(std::string_view pipeline) {
  return std::string(pipeline) + "-dead";
}

Result<StartFrom> ReadStartFrom(std::string_view text) {
  StartFrom out;
  constexpr std::string_view kSavepoint = "savepoint:";
  if (text == "positions") return out;
  if (text == "latest") {
    out.kind = StartFrom::Kind::kLatest;
  } else if (text == "trim_horizon") {
    out.kind = StartFrom::Kind::kTrimHorizon;
  } else if (text.starts_with(kSavepoint) && text.size() > kSavepoint.size()) {
    out.kind = StartFrom::Kind::kSavepoint;
    out.savepoint = text.substr(kSavepoint.size());
  } else {
    // An offset from UTC, which a date never ends with.
    nanoseconds offset{0};
    std::string_view local = text;
    if (text.size() > 16 && text[text.size() - 3] == ':' &&
        (text[text.size() - 6] == '+' || text[text.size() - 6] == '-')) {
      const auto h = ParseInt64(text.substr(text.size() - 5, 2));
      const auto m = ParseInt64(text.substr(text.size() - 2));
      if (h && m) offset = hours(*h) + minutes(*m);
      if (text[text.size() - 6] == '-') offset = -offset;
      local.remove_suffix(6);
    }
    const auto time = ParseTimestamp(local);
    if (!time.ok()) {
      return Error{Code::kInvalidArgument,
                   "\"" + std::string(text) +
                       "\" is no place to start from: positions, latest, trim_horizon, "
                       "savepoint:NAME or a time such as 2026-11-26T09:15:00Z"};
    }
    out.kind = StartFrom::Kind::kTime;
    out.time = ArrivalTime{(*time - offset).ns / 1'000'000};
  }
  return out;
}

Result<void> Manager::CheckRules(const catalog::PipelineDef& definition) {
  if (auto decoder = MakeDecoder(definition.mapping, definition.rules, {}); !decoder.ok()) {
    return std::move(decoder).error().With("pipeline \"" + definition.name + "\"");
  }
  return {};
}

Manager::Manager(const ManagerContext& context, PipelineOptions options)
    : context_(context), options_(options) {}

Manager::~Manager() {
  MutexLock lock(mutex_);
  for (const auto& [name, entry] : entries_) TM_CHECK(entry.pipeline == nullptr);
}

/// Of pipelines and tables that were deleted while direct writers, or nobody, looked.
void Manager::ForgetOldOrders() {
  std::set<uint32_t> pipelines;
  std::set<TableId> tables;
  for (const auto& definition : context_.catalog.ListPipelines())
    pipelines.insert(definition.id.value);
  for (const auto& table : context_.catalog.ListTables()) tables.insert(table.id);
  context_.orders.Forget([&](const OrderKey& key) {
    return !tables.contains(key.table) || (key.source.kind == store::SourceId::Kind::kPipeline &&
                                           !pipelines.contains(key.source.id));
  });
}

Result<void> Manager::Restore() {
  ForgetOldOrders();
  MutexLock lock(mutex_);
  for (catalog::PipelineDef& definition : context_.catalog.ListPipelines()) {
    Entry& entry = entries_[definition.name];
    entry.definition = std::move(definition);
    if (!entry.definition.running) continue;
    if (auto run = Run(entry, {}, PipelineOptions::Breaker::kKept); !run.ok()) {
      entry.error = run.error().message;
      Log(LogLevel::kError, "pipeline", "cannot start",
          {{"pipeline", entry.definition.name}, {"error", entry.error}});
    }
  }
  return {};
}

void Manager::Stop() {
  MutexLock lock(mutex_);
  for (auto& [name, entry] : entries_) Halt(entry);
}

Result<void> Manager::Check(const catalog::PipelineDef& definition) const {
  TM_RETURN_IF_ERROR(CheckRules(definition));
  if (context_.catalog.GetPipeline(definition.name).ok()) {
    return Error{Code::kAlreadyExists, "pipeline \"" + definition.name + "\" exists"};
  }
  const std::string dead = DeadLetterStreamOf(definition.name);
  if (context_.log.Find(dead) != nullptr) {
    return Error{Code::kAlreadyExists, "stream \"" + dead + "\" exists: pipeline \"" +
                                           definition.name +
                                           "\" needs that name for its dead letters"};
  }
  return {};
}

Result<catalog::PipelineDef> Manager::Create(catalog::PipelineDef definition) {
  TM_RETURN_IF_ERROR(Check(definition));
  if (context_.log.Find(definition.stream) == nullptr) {
    return Error{Code::kNotFound, "stream \"" + definition.stream + "\" does not exist"};
  }
  TM_RETURN_IF_ERROR(context_.catalog.GetTable(definition.database, definition.table));
  MutexLock lock(mutex_);
  TM_RETURN_IF_ERROR(context_.log.CreateStream({.name = DeadLetterStreamOf(definition.name)}));
  TM_ASSIGN_OR_RETURN(definition, context_.catalog.CreatePipeline(std::move(definition)));
  Entry& entry = entries_[definition.name];
  entry.definition = definition;
  if (definition.running) TM_RETURN_IF_ERROR(Run(entry, {}, PipelineOptions::Breaker::kReset));
  return definition;
}

Result<void> Manager::Run(Entry& entry, StartFrom from, PipelineOptions::Breaker breaker) {
  if (entry.pipeline != nullptr) {
    const PipelineStatus status = entry.pipeline->Status();
    if (status.state != PipelineState::kFailed && !status.breaker_open) return {};
    Halt(entry);
  }
  const catalog::PipelineDef& definition = entry.definition;
  TM_ASSIGN_OR_RETURN(const catalog::TableDef table,
                      context_.catalog.GetTable(definition.database, definition.table));
  const auto stream = context_.log.Find(definition.stream);
  if (stream == nullptr) {
    return Error{Code::kNotFound, "stream \"" + definition.stream + "\" does not exist"};
  }
  const std::string dead_name = DeadLetterStreamOf(definition.name);
  auto dead = context_.log.Find(dead_name);
  if (dead == nullptr) {
    // Somebody deleted it: dead letters must have a home before the first record is read.
    TM_ASSIGN_OR_RETURN(dead, context_.log.CreateStream({.name = dead_name}));
  }
  entry.table = table.id;
  PipelineOptions options = options_;
  options.outstanding = entry.outstanding;
  options.from = std::move(from);
  options.breaker = breaker;
  options.drift_max = entry.drift_max;
  options.orders = &context_.orders;
  TM_ASSIGN_OR_RETURN(
      entry.pipeline,
      Pipeline::Open(definition, table.id, RetentionOf(table), std::make_unique<LogSource>(stream),
                     std::make_unique<DeadLetterLog>(dead, definition.stream), context_.store,
                     context_.clock, context_.metrics, std::move(options)));
  entry.error.clear();
  entry.pipeline->Attach(context_.executor);
  return {};
}

void Manager::Halt(Entry& entry) {
  if (entry.pipeline == nullptr) return;
  entry.pipeline->Detach();
  entry.last = entry.pipeline->Status();
  entry.pipeline.reset();
}

Result<StartFrom> Manager::WithPositions(const Entry& entry, StartFrom from) const {
  if (from.kind != StartFrom::Kind::kSavepoint) return from;
  const auto& kept = entry.definition.savepoints;
  const auto found = std::ranges::find(kept, from.savepoint, &catalog::SavepointDef::name);
  if (found == kept.end()) {
    return Error{Code::kNotFound, "savepoint \"" + from.savepoint + "\" of pipeline \"" +
                                      entry.definition.name + "\" does not exist"};
  }
  from.positions = found->partitions;
  return from;
}

Result<void> Manager::Start(std::string_view name, StartFrom from) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  Entry& entry = found->second;
  TM_ASSIGN_OR_RETURN(from, WithPositions(entry, std::move(from)));
  const bool elsewhere =
      from.kind != StartFrom::Kind::kPositions || from.replay == StartFrom::Replay::kReplace;
  if (elsewhere && entry.pipeline != nullptr) {
    const PipelineStatus status = entry.pipeline->Status();
    if (status.state != PipelineState::kFailed && !status.breaker_open) {
      return Error{Code::kFailedPrecondition, "pipeline \"" + std::string(name) +
                                                  "\" runs: stop it to start it somewhere else"};
    }
  }
  catalog::PipelineDef wished = entry.definition;
  wished.running = true;
  if (!entry.definition.running) TM_RETURN_IF_ERROR(context_.catalog.UpdatePipeline(wished));
  entry.definition = wished;
  return Run(entry, std::move(from), PipelineOptions::Breaker::kReset);
}

Result<catalog::PipelineDef> Manager::Change(catalog::PipelineDef definition) {
  TM_RETURN_IF_ERROR(CheckRules(definition));
  MutexLock lock(mutex_);
  const auto found = entries_.find(definition.name);
  if (found == entries_.end()) return NoPipeline(definition.name);
  Entry& entry = found->second;
  catalog::PipelineDef changed = entry.definition;
  const bool remapped = changed.mapping != definition.mapping;
  changed.mapping = std::move(definition.mapping);
  changed.rules = std::move(definition.rules);
  changed.breaker = definition.breaker;
  changed.idle_timeout = definition.idle_timeout;
  changed.definition = std::move(definition.definition);
  TM_RETURN_IF_ERROR(context_.catalog.UpdatePipeline(changed));
  entry.definition = changed;
  const bool open = entry.pipeline != nullptr && entry.pipeline->Status().breaker_open;
  Halt(entry);
  if (remapped) ForgetOrders(changed.id);
  if (changed.running) {
    TM_RETURN_IF_ERROR(
        Run(entry, {}, open ? PipelineOptions::Breaker::kKept : PipelineOptions::Breaker::kReset));
  }
  return changed;
}

Result<void> Manager::ChangeSavepoints(
    std::string_view name, const std::function<Result<void>(catalog::PipelineDef&)>& change) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  catalog::PipelineDef wished = found->second.definition;
  TM_RETURN_IF_ERROR(change(wished));
  TM_RETURN_IF_ERROR(context_.catalog.UpdatePipeline(wished));
  found->second.definition = std::move(wished);
  return {};
}

Result<catalog::SavepointDef> Manager::Save(std::string_view name, std::string_view savepoint) {
  if (savepoint.empty() || savepoint.size() > 128 || !std::ranges::all_of(savepoint, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
      })) {
    return Error{Code::kInvalidArgument, "\"" + std::string(savepoint) +
                                             "\" is not a name: 1 to 128 letters, digits, '_', "
                                             "'.', '-'"};
  }
  catalog::SavepointDef made{.name = std::string(savepoint), .created = context_.clock.Now()};
  TM_RETURN_IF_ERROR(ChangeSavepoints(name, [&](catalog::PipelineDef& def) -> Result<void> {
    const auto at =
        std::ranges::lower_bound(def.savepoints, made.name, {}, &catalog::SavepointDef::name);
    if (at != def.savepoints.end() && at->name == made.name) {
      return Error{Code::kAlreadyExists, "savepoint \"" + made.name + "\" exists"};
    }
    if (def.savepoints.size() >= kSavepointsMax) {
      return Error{Code::kInvalidArgument, "a pipeline has at most 1000 savepoints: delete some"};
    }
    made.definition = def.definition;
    for (const auto& progress :
         context_.store.ProgressOf({store::SourceId::Kind::kPipeline, def.id.value})) {
      TM_ASSIGN_OR_RETURN(JournaledPosition position, DecodePosition(progress.position));
      made.partitions.push_back({progress.partition, std::move(position.source)});
    }
    def.savepoints.insert(at, made);
    return {};
  }));
  return made;
}

Result<void> Manager::DeleteSavepoint(std::string_view name, std::string_view savepoint) {
  return ChangeSavepoints(name, [&](catalog::PipelineDef& def) -> Result<void> {
    if (std::erase_if(def.savepoints, [&](const auto& one) { return one.name == savepoint; }) > 0) {
      return {};
    }
    return Error{Code::kNotFound, "savepoint \"" + std::string(savepoint) + "\" of pipeline \"" +
                                      def.name + "\" does not exist"};
  });
}

Result<std::vector<catalog::SavepointDef>> Manager::Savepoints(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  return found->second.definition.savepoints;
}

void Manager::SetDriftMax(TableId table, nanoseconds drift) {
  MutexLock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    const auto def = context_.catalog.GetTable(entry.definition.database, entry.definition.table);
    if (!def.ok() || def->id != table) continue;
    entry.drift_max = drift;
    if (entry.pipeline != nullptr) entry.pipeline->SetDriftMax(drift);
  }
}

Result<void> Manager::Stop(std::string_view name) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  Entry& entry = found->second;
  catalog::PipelineDef wished = entry.definition;
  wished.running = false;
  if (entry.definition.running) TM_RETURN_IF_ERROR(context_.catalog.UpdatePipeline(wished));
  entry.definition = wished;
  Halt(entry);
  return {};
}

void Manager::ForgetOrders(PipelineId id) {
  context_.orders.Forget([source = store::SourceId{store::SourceId::Kind::kPipeline, id.value}](
                             const OrderKey& key) { return key.source == source; });
}

Result<void> Manager::Delete(std::string_view name) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  Halt(found->second);
  const PipelineId id = found->second.definition.id;
  TM_RETURN_IF_ERROR(context_.catalog.DeletePipeline(id));
  ForgetOrders(id);
  entries_.erase(found);
  const std::string dead = DeadLetterStreamOf(name);
  if (context_.log.Find(dead) != nullptr) TM_RETURN_IF_ERROR(context_.log.DeleteStream(dead));
  return {};
}

PipelineStatus Manager::StatusOf(const Entry& entry) {
  PipelineStatus status;
  if (entry.pipeline != nullptr) {
    status = entry.pipeline->Status();
  } else {
    status = entry.last;
    status.state = entry.error.empty() ? PipelineState::kStopped : PipelineState::kFailed;
    status.error = entry.error;
    status.lag_records.reset();
  }
  status.definition = entry.definition;
  return status;
}

std::vector<PipelineStatus> Manager::Statuses() const {
  MutexLock lock(mutex_);
  std::vector<PipelineStatus> out;
  for (const auto& [name, entry] : entries_) out.push_back(StatusOf(entry));
  return out;
}

std::vector<OrderBook::Entry> Manager::OrdersInto(TableId table) const {
  return context_.orders.Into(table);
}

Result<PipelineStatus> Manager::Status(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  return StatusOf(found->second);
}

Result<std::vector<PartitionPosition>> Manager::Positions(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const PipelineStatus status, Status(name));
  const auto stream = context_.log.Find(status.definition.stream);
  if (stream == nullptr) {
    return Error{Code::kFailedPrecondition,
                 "stream \"" + status.definition.stream + "\" does not exist any more"};
  }
  return ReadPositions(context_.store, *stream, status.definition);
}

void Manager::ForgetSeries() {
  MutexLock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.pipeline != nullptr) entry.pipeline->ForgetSeries();
  }
}

void Manager::SetRetention(TableId table, nanoseconds retention) {
  MutexLock lock(mutex_);
  for (auto& [name, entry] : entries_) {
    if (entry.pipeline != nullptr && entry.table == table) entry.pipeline->SetRetention(retention);
  }
}

std::vector<std::string> Manager::UsersOfTable(std::string_view database,
                                               std::string_view table) const {
  MutexLock lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) {
    if (entry.definition.database == database && entry.definition.table == table)
      out.push_back(name);
  }
  return out;
}

std::vector<std::string> Manager::UsersOfStream(std::string_view stream) const {
  MutexLock lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) {
    if (entry.definition.stream == stream || DeadLetterStreamOf(name) == stream)
      out.push_back(name);
  }
  return out;
}

}  // namespace tidemark::pipeline
