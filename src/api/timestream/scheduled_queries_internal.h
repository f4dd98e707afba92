// SPDX-License-Identifier: Apache-2.0
// Scheduled queries (timestream-api.md 5.5 to 5.12): their operations, and the task that starts
// runs when they are due. Thread-safe; operations that change something commit to the catalog, so
// they are not for network threads.
//
//  1. Runs of one query follow each other; what was asked for meanwhile waits, bounded.
//  2. Of the due times that passed while a run was at work, or while no server ran, only the newest
//     is run: a run for an older one would write what the newest overwrites or stands beside.
//  3. `considered` in the catalog moves when a run has ended: a run that a crash ended begins
//  again,
//     and its rows replace those of the first.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/timestream/answer_internal.h"
#include "api/timestream/control_internal.h"
#include "api/timestream/properties_internal.h"
#include "api/timestream/schedule_expression.h"
#include "api/timestream/scheduled_run_internal.h"
#include "base/metrics.h"

namespace tidemark::timestream {

/// What the creating call said beside name, query and schedule. `json` keeps it for Describe.
struct ScheduledProperties {
  std::optional<ScheduledTarget> target;
  ReportPlace report;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string topic_arn;

  /// Reads the members of a CreateScheduledQuery call, or what Format() gave.
  static std::optional<Failure> Read(Fields& fields, ScheduledProperties& out);
  static ScheduledProperties Parse(const std::string& json);
};
/// The members of the call that are kept, with `tags` in place of its own.
std::string FormatScheduledProperties(const JsonValue& input,
                                      const std::vector<std::pair<std::string, std::string>>& tags);

class ScheduledQueryApi final : public Steppable,
                                public std::enable_shared_from_this<ScheduledQueryApi> {
 public:
  static constexpr size_t kQueriesMax = 10'000;  // timestream-api.md 4.9

  struct Options {
    ArnBase arns;
    milliseconds statement_time_max{3'600'000};
    size_t runs_max = 2;            // of all queries at once
    size_t runs_waiting_max = 100;  // ExecuteScheduledQuery calls of one query
    size_t runs_kept_max = 50;      // in the history of one query
  };
  struct Deps {
    catalog::Catalog& catalog;
    TableAdmin& tables;
    store::Store& store;
    DirectClock& direct_clock;
    sql::Engine& engine;
    Executor& executor;
    const Clock& clock;
    std::shared_ptr<Answers> answers;
    ObjectSink& reports;
    MetricRegistry& metrics;
  };
  ScheduledQueryApi(Options options, Deps deps);

  /// Begins to run what is due, and stops: runs at work are cancelled and nothing of them is left.
  void Start();
  void Stop();
  Result<Progress> Step() override;

  using Operation = Reply (ScheduledQueryApi::*)(const JsonValue& input);
  struct Entry {
    std::string_view name;
    Operation run;
  };
  /// Null: none of ours.
  static const Entry* Find(std::string_view operation);
  /// The tag operation `operation` about a scheduled query's ARN.
  static const Entry* FindForTags(std::string_view operation, const JsonValue& input);

  std::string ArnOf(const catalog::ScheduledQueryDef& def) const;
  /// None: it is disabled, or its time never comes.
  std::optional<ArrivalTime> NextOf(const catalog::ScheduledQueryDef& def) const;

 private:
  struct Waiting {
    ArrivalTime invocation;
    bool manual = true;
  };
  /// One query's timer and its runs.
  struct Timer {
    std::optional<ArrivalTime> due;
    std::deque<Waiting> waiting;  // manual ones
    std::shared_ptr<ScheduledRun> run;
    bool deleted = false;  // forgotten once its run has ended
  };
  using Timers = std::map<ScheduledQueryId, Timer>;

  Reply Create(const JsonValue& input);
  Reply Describe(const JsonValue& input);
  Reply List(const JsonValue& input);
  Reply Update(const JsonValue& input);
  Reply Delete(const JsonValue& input);
  Reply Execute(const JsonValue& input);
  Reply Tag(const JsonValue& input);
  Reply Untag(const JsonValue& input);
  Reply ListTags(const JsonValue& input);

  std::optional<catalog::ScheduledQueryDef> FindByArn(std::string_view arn) const;
  Failure NoSuchQuery(const std::string& arn) const;
  /// The query of the member ScheduledQueryArn.
  std::variant<catalog::ScheduledQueryDef, Failure> QueryOf(Fields& fields) const;
  std::optional<Failure> CheckStatement(const std::string& sql,
                                        const ScheduledProperties& properties) const;
  std::string SummaryJson(const catalog::ScheduledQueryDef& def) const;
  void AppendRun(const catalog::ScheduledRunDef& run, JsonWriter& out) const;
  void Notify(std::string_view type, const catalog::ScheduledQueryDef& def,
              const catalog::ScheduledRunDef* run) const;

  void SetTimer(const catalog::ScheduledQueryDef& def) TM_EXCLUDES(mutex_);
  /// Starts what may start; returns when the next is due.
  std::optional<ArrivalTime> StartDue(ArrivalTime now) TM_REQUIRES(mutex_);
  bool StartRun(ScheduledQueryId id, Timer& timer, const Waiting& what) TM_REQUIRES(mutex_);
  void OnRunEnded(ScheduledQueryId id, ScheduledRun::Outcome outcome) TM_EXCLUDES(mutex_);
  void WakeTask() TM_EXCLUDES(mutex_);

  const Options options_;
  const Deps deps_;
  WorkGate gate_;
  Counter& runs_succeeded_;
  Counter& runs_failed_;

  Mutex change_mutex_;  // read-modify-write of one definition at a time; before mutex_
  Mutex mutex_;
  Timers timers_ TM_GUARDED_BY(mutex_);
  size_t running_ TM_GUARDED_BY(mutex_) = 0;
  std::optional<TaskId> task_ TM_GUARDED_BY(mutex_);
  bool stopping_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::timestream
