// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/timestream/scheduled_run_internal.h"
#include "base/json.h"
#include "base/logging.h"

namespace tidemark::timestream {
namespace {

constexpr size_t kRowsPerWrite = 500;

std::string_view ReasonOf(store::RejectReason reason) {
  return reason == store::RejectReason::kDamaged ? "InternalServerException: " : "";
}

/// The statement or what it names is wrong, whenever it runs.
bool IsHopeless(const Error& error) {
  return error.code == Code::kInvalidArgument || error.code == Code::kNotFound ||
         error.code == Code::kUnimplemented;
}

}  // namespace

ScheduledRun::ScheduledRun(Task task, ScheduledRunOptions options, const ScheduledRunDeps& deps,
                           Done done)
    : task_(std::move(task)), options_(options), deps_(deps), done_(std::move(done)) {
  outcome_.run.invocation = task_.invocation;
  outcome_.run.trigger = deps_.clock.Now();
  outcome_.run.manual = task_.manual;
  began_ = deps_.clock.Monotonic();
}

Result<void> ScheduledRun::Post() {
  return deps_.executor.Post(Lane::kQuery, [self = shared_from_this()] { self->Advance(); });
}

Result<void> ScheduledRun::Start() { return Post(); }

void ScheduledRun::Cancel() {
  const MutexLock lock(mutex_);
  cancelled_ = true;
  if (result_ != nullptr) result_->Cancel();
}

void ScheduledRun::Release() {
  std::shared_ptr<sql::QueryResult> result;  // ends unlocked
  const MutexLock lock(mutex_);
  result.swap(result_);
}

void ScheduledRun::Advance() {
  if (!deps_.gate.Enter()) return;
  for (;;) {
    Result<bool> done = Piece();
    if (done.ok() && !*done) continue;
    if (!done.ok()) Finish(std::move(done).error());
    break;
  }
  deps_.gate.Leave();
}

Result<void> ScheduledRun::Open() {
  bound_ = true;
  {
    const MutexLock lock(mutex_);
    if (cancelled_) return Error{Code::kCancelled, "the run was cancelled"};
  }
  sql::QueryRequest request;
  request.sql = task_.sql;
  request.deadline = began_ + options_.statement_time_max;
  request.id = task_.id;
  request.origin = "scheduled";
  request.parameters.push_back({"scheduled_runtime", sql::TypeKind::kTimestamp,
                                sql::Value{task_.invocation.AsEventTime().ns}});
  auto result = deps_.engine.Execute(request);
  if (!result.ok()) {
    outcome_.hopeless = IsHopeless(result.error());
    return std::move(result).error();
  }
  if (task_.target) {
    destination_ = deps_.tables.Find(task_.target->database, task_.target->table);
    outcome_.hopeless = true;
    if (destination_ == nullptr) {
      return Error{Code::kNotFound, "The target table " + task_.target->table +
                                        " does not exist in database " + task_.target->database +
                                        "."};
    }
    if (auto wrong = task_.target->Check((*result)->columns(), *destination_)) {
      return Error{Code::kInvalidArgument, std::move(*wrong)};
    }
    outcome_.hopeless = false;
    batch_ = std::make_unique<TargetBatch>(*task_.target, (*result)->columns());
  }
  const MutexLock lock(mutex_);
  result_ = std::move(result).value();
  if (cancelled_) result_->Cancel();
  return {};
}

Result<bool> ScheduledRun::Piece() {
  if (!bound_) TM_RETURN_IF_ERROR(Open());
  if (write_pending_) {
    write_pending_ = false;
    CollectErrors();
    if (!written_.ok()) return written_.error();
  }
  if (chunk_row_ < chunk_.rows()) return WritePiece();
  std::shared_ptr<sql::QueryResult> result;
  {
    const MutexLock lock(mutex_);
    result = result_;
  }
  if (result == nullptr) return Error{Code::kCancelled, "the run was cancelled"};
  chunk_row_ = 0;
  Result<bool> more = result->Next(chunk_);
  const sql::QueryProgress progress = result->progress();
  outcome_.run.bytes_scanned = static_cast<int64_t>(progress.bytes_scanned);
  if (!more.ok()) return std::move(more).error();
  if (!*more) {
    Finish({});
    return true;
  }
  outcome_.run.rows += static_cast<int64_t>(chunk_.rows());
  if (!task_.target) chunk_row_ = chunk_.rows();
  return false;
}

Result<bool> ScheduledRun::WritePiece() {
  const size_t begin = chunk_row_;
  chunk_row_ = std::min(chunk_.rows(), begin + kRowsPerWrite);
  // The trigger's time as the version: what a later run says of the same time wins (5.10).
  TM_RETURN_IF_ERROR(batch_->Build(chunk_, begin, chunk_row_, *destination_, deps_.store,
                                   outcome_.run.trigger.ms));
  if (batch_->points().empty()) {
    CollectErrors();
    return false;
  }
  store::WriteBatch write;
  write.points = batch_->points();
  write.direct_clock = true;
  write_pending_ = true;
  deps_.store.Write(write, [self = shared_from_this()](Result<store::WriteReply> reply) {
    self->OnWritten(std::move(reply));
  });
  return true;
}

void ScheduledRun::OnWritten(Result<store::WriteReply> reply) {
  written_ = std::move(reply);
  // A full executor: try again from wherever the next call comes; the store's thread must not do
  // the work itself. Only a stopping one refuses for good, and then nobody waits for the run.
  if (const auto posted = Post(); !posted.ok()) {
    Log(LogLevel::kWarning, "scheduled_query", "a run cannot go on",
        {{"query", task_.name}, {"error", posted.error().message}});
    Finish(posted);
  }
}

void ScheduledRun::CollectErrors() {
  if (written_.ok() && !batch_->points().empty()) {
    const store::WriteReply& reply = *written_;
    outcome_.run.records += static_cast<int64_t>(reply.memory_points + reply.magnetic_points);
    deps_.direct_clock.OnWritten(destination_->def.id, TimesOf(batch_->points()), reply.outcomes);
    for (const store::Rejection& rejection : reply.rejections) {
      batch_->Refuse(rejection.index, std::string(ReasonOf(rejection.reason)) + rejection.text);
    }
    written_ = store::WriteReply{};
  }
  errors_total_ += batch_->errors().size();
  for (TargetError& error : batch_->errors()) {
    if (errors_.size() < options_.report_errors_max) errors_.push_back(std::move(error));
  }
  batch_->errors().clear();
}

void ScheduledRun::Finish(const Result<void>& outcome) {
  catalog::ScheduledRunDef& run = outcome_.run;
  if (batch_ != nullptr) run.bytes_written = static_cast<int64_t>(batch_->bytes());
  run.execution_ms = (deps_.clock.Monotonic() - began_).count() / 1'000'000;
  run.succeeded = outcome.ok() && errors_total_ == 0;
  if (!outcome.ok()) {
    run.failure = outcome.error().message;
    errors_.insert(errors_.begin(), TargetError{run.failure, ""});
  } else if (errors_total_ > 0) {
    run.failure = std::to_string(errors_total_) +
                  " records or rows were not written; the error report has the reasons.";
  }
  if (!errors_.empty()) WriteReport();
  Release();
  done_(std::move(outcome_));
}

void ScheduledRun::WriteReport() {
  JsonWriter out;
  out.BeginObject().Key("reportId").String(task_.id);
  out.Key("errors").BeginArray();
  for (const TargetError& error : errors_) {
    out.BeginObject().Key("reason").String(error.reason).Key("records").BeginArray();
    if (!error.record_json.empty()) out.Raw(error.record_json);
    out.EndArray().EndObject();
  }
  out.EndArray();
  if (errors_total_ > errors_.size()) {
    out.Key("errorsNotShown").Uint(errors_total_ - errors_.size());
  }
  out.EndObject();
  // Prefix, name and invocation time (5.5); the id tells two runs for the same time apart.
  const std::string key = (task_.report.prefix.empty() ? "" : task_.report.prefix + "/") +
                          task_.name + "/" + FormatIso8601Millis(task_.invocation.AsEventTime()) +
                          "/" + task_.id + ".json";
  if (const auto put = deps_.reports.Put(task_.report.bucket, key, out.text()); !put.ok()) {
    Log(LogLevel::kError, "scheduled_query", "the error report cannot be written",
        {{"query", task_.name}, {"key", key}, {"error", put.error().message}});
    return;
  }
  outcome_.run.report_bucket = task_.report.bucket;
  outcome_.run.report_key = key;
}

}  // namespace tidemark::timestream
