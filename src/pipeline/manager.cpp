// SPDX-License-Identifier: Apache-2.0
#include "pipeline/manager.h"

#include "base/logging.h"
#include "pipeline/log_source.h"

namespace tidemark::pipeline {
namespace {

nanoseconds RetentionOf(const catalog::TableDef& table) {
  return hours(table.memory_retention_hours) + hours(24 * table.magnetic_retention_days);
}

Error NoPipeline(std::string_view name) {
  return {Code::kNotFound, "pipeline \"" + std::string(name) + "\" does not exist"};
}

}  // namespace

std::string DeadLetterStreamOf(std::string_view pipeline) {
  return std::string(pipeline) + "-dead";
}

Manager::Manager(const ManagerContext& context, PipelineOptions options)
    : context_(context), options_(options) {}

Manager::~Manager() {
  MutexLock lock(mutex_);
  for (const auto& [name, entry] : entries_) TM_CHECK(entry.pipeline == nullptr);
}

Result<void> Manager::Restore() {
  MutexLock lock(mutex_);
  for (catalog::PipelineDef& definition : context_.catalog.ListPipelines()) {
    Entry& entry = entries_[definition.name];
    entry.definition = std::move(definition);
    if (!entry.definition.running) continue;
    if (auto run = Run(entry, StartFrom::kPositions); !run.ok()) {
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
  if (auto decoder = MakeDecoder(definition.mapping, {}); !decoder.ok()) {
    return std::move(decoder).error().With("pipeline \"" + definition.name + "\"");
  }
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
  if (definition.running) TM_RETURN_IF_ERROR(Run(entry, StartFrom::kPositions));
  return definition;
}

Result<void> Manager::Run(Entry& entry, StartFrom from) {
  if (entry.pipeline != nullptr) {
    if (entry.pipeline->Status().state != PipelineState::kFailed) return {};
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
  options.from = from;
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

Result<void> Manager::Start(std::string_view name, StartFrom from) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  Entry& entry = found->second;
  if (from != StartFrom::kPositions && entry.pipeline != nullptr &&
      entry.pipeline->Status().state != PipelineState::kFailed) {
    return Error{Code::kFailedPrecondition,
                 "pipeline \"" + std::string(name) + "\" runs: stop it to start it somewhere else"};
  }
  catalog::PipelineDef wished = entry.definition;
  wished.running = true;
  if (!entry.definition.running) TM_RETURN_IF_ERROR(context_.catalog.UpdatePipeline(wished));
  entry.definition = wished;
  return Run(entry, from);
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

Result<void> Manager::Delete(std::string_view name) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return NoPipeline(name);
  Halt(found->second);
  TM_RETURN_IF_ERROR(context_.catalog.DeletePipeline(found->second.definition.id));
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
