// SPDX-License-Identifier: Apache-2.0
// Operations; scheduled_runner.cpp starts and ends runs.
#include <algorithm>
#include <cmath>

#include "api/timestream/scheduled_queries_internal.h"
#include "base/base64.h"
#include "base/checksum.h"

namespace tidemark::timestream {
namespace {

constexpr Fields::Length kArn{.min = 1, .max = 2048};
constexpr size_t kQueryBytesMax = 262'144;
constexpr size_t kListMax = 1000;
constexpr size_t kTagsPageMax = 200;
constexpr size_t kTagsMax = 50;  // per resource: 2.2
constexpr int64_t kClientTokenMs = int64_t{8} * 3'600'000;
constexpr size_t kFailedRunsMax = 5;
constexpr std::string_view kArnPart = ":scheduled-query/";
constexpr std::string_view kTargetMember = "targetConfiguration";

// [a-zA-Z0-9|!\-_*'\(\)]([a-zA-Z0-9]|[!\-_*'\(\)\/.])+
bool IsQueryName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  constexpr std::string_view kAlways = "!-_*'()";
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (plain(c) || kAlways.find(c) != std::string_view::npos) continue;
    if (i == 0 ? c == '|' : c == '/' || c == '.') continue;
    return false;
  }
  return name.size() >= 2;
}

void AppendSeconds(ArrivalTime time, JsonWriter& out) {
  const std::string fraction = std::to_string(1000 + time.ms % 1000).substr(1);
  out.Raw(std::to_string(time.ms / 1000) + (fraction == "000" ? "" : "." + fraction));
}

std::string Hex(uint64_t value, size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < digits; ++i) out += kDigits[(value >> (4 * (digits - 1 - i))) & 15U];
  return out;
}

/// A number of seconds, whole or with a fraction.
std::optional<ArrivalTime> ReadTime(Fields& fields, const JsonValue& input, std::string_view name) {
  fields.Require(name);
  const JsonValue* value = input.Find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number() || std::abs(value->double_value()) > 1e12) {
    fields.Wrong(name, "a time in seconds since 1970");
    return std::nullopt;
  }
  return ArrivalTime{static_cast<int64_t>(std::llround(value->double_value() * 1000))};
}

std::string_view StateName(const catalog::ScheduledQueryDef& def) {
  return def.enabled ? "ENABLED" : "DISABLED";
}

void AppendMember(const JsonValue& properties, std::string_view name, JsonWriter& out) {
  if (const JsonValue* value = properties.Find(name)) out.Key(name).Value(*value);
}

JsonValue PropertiesOf(const catalog::ScheduledQueryDef& def) {
  return ParseJson(def.properties_json).value_or(JsonValue());
}

std::string_view RunStatus(const catalog::ScheduledRunDef& run) {
  if (run.manual) return run.succeeded ? "MANUAL_TRIGGER_SUCCESS" : "MANUAL_TRIGGER_FAILURE";
  return run.succeeded ? "AUTO_TRIGGER_SUCCESS" : "AUTO_TRIGGER_FAILURE";
}

/// A place in a list that is ordered by a key.
std::optional<Failure> ReadToken(Fields& fields, size_t items_max, size_t& items,
                                 std::string& after) {
  const auto max = fields.Integer("MaxResults", {.min = 1, .max = static_cast<int64_t>(items_max)});
  const auto token = fields.Text("NextToken", {.min = 1, .max = 2048});
  if (auto failure = fields.failure()) return failure;
  items = max ? static_cast<size_t>(*max) : items_max;
  if (!token) return std::nullopt;
  const Result<std::string> text = Base64Decode(*token);
  if (!text.ok() || !text->starts_with("Q:")) {
    return Failure::Validation("Invalid pagination token.");
  }
  after = text->substr(2);
  return std::nullopt;
}

std::string TokenOf(std::string_view key) { return Base64Encode("Q:" + std::string(key)); }

}  // namespace

ScheduledQueryApi::ScheduledQueryApi(Options options, Deps deps)
    : options_(std::move(options)),
      deps_(std::move(deps)),
      runs_succeeded_(deps_.metrics.GetCounter("tidemark_scheduled_query_runs_total",
                                               "Runs of scheduled queries.", {{"outcome", "ok"}})),
      runs_failed_(deps_.metrics.GetCounter("tidemark_scheduled_query_runs_total",
                                            "Runs of scheduled queries.",
                                            {{"outcome", "failed"}})) {}

const ScheduledQueryApi::Entry* ScheduledQueryApi::Find(std::string_view operation) {
  static constexpr Entry kEntries[] = {
      {"CreateScheduledQuery", &ScheduledQueryApi::Create},
      {"DescribeScheduledQuery", &ScheduledQueryApi::Describe},
      {"ListScheduledQueries", &ScheduledQueryApi::List},
      {"UpdateScheduledQuery", &ScheduledQueryApi::Update},
      {"DeleteScheduledQuery", &ScheduledQueryApi::Delete},
      {"ExecuteScheduledQuery", &ScheduledQueryApi::Execute},
  };
  for (const Entry& entry : kEntries) {
    if (entry.name == operation) return &entry;
  }
  return nullptr;
}

const ScheduledQueryApi::Entry* ScheduledQueryApi::FindForTags(std::string_view operation,
                                                               const JsonValue& input) {
  static constexpr Entry kEntries[] = {
      {"TagResource", &ScheduledQueryApi::Tag},
      {"UntagResource", &ScheduledQueryApi::Untag},
      {"ListTagsForResource", &ScheduledQueryApi::ListTags},
  };
  const JsonValue* arn = input.Find("ResourceARN");
  if (arn == nullptr || arn->string_value().find(kArnPart) == std::string::npos) return nullptr;
  for (const Entry& entry : kEntries) {
    if (entry.name == operation) return &entry;
  }
  return nullptr;
}

std::string ScheduledQueryApi::ArnOf(const catalog::ScheduledQueryDef& def) const {
  return "arn:aws:timestream:" + options_.arns.region + ":" + options_.arns.account +
         std::string(kArnPart) + def.name + "-" + def.suffix;
}

std::optional<catalog::ScheduledQueryDef> ScheduledQueryApi::FindByArn(std::string_view arn) const {
  const size_t part = arn.find(kArnPart);
  const size_t dash = arn.rfind('-');
  if (!arn.starts_with("arn:aws:timestream:") || part == std::string_view::npos ||
      dash == std::string_view::npos || dash < part + kArnPart.size()) {
    return std::nullopt;
  }
  const size_t start = part + kArnPart.size();
  auto def = deps_.catalog.GetScheduledQuery(arn.substr(start, dash - start));
  if (!def.ok() || def->suffix != arn.substr(dash + 1)) return std::nullopt;
  return std::move(def).value();
}

Failure ScheduledQueryApi::NoSuchQuery(const std::string& arn) const {
  Failure failure{ApiError::kResourceNotFound, "The scheduled query " + arn + " does not exist."};
  failure.scheduled_query_arn = arn;
  return failure;
}

std::variant<catalog::ScheduledQueryDef, Failure> ScheduledQueryApi::QueryOf(Fields& fields) const {
  const std::string arn = fields.RequiredText("ScheduledQueryArn", kArn);
  if (const auto failure = fields.failure()) return *failure;
  auto def = FindByArn(arn);
  if (!def) return NoSuchQuery(arn);
  return *std::move(def);
}

std::optional<Failure> ScheduledQueryApi::CheckStatement(
    const std::string& sql, const ScheduledProperties& properties) const {
  sql::QueryRequest request;
  request.sql = sql;
  request.parameters.push_back({"scheduled_runtime", sql::TypeKind::kTimestamp,
                                sql::Value{deps_.clock.Now().AsEventTime().ns}});
  const auto described = deps_.engine.Describe(request);
  if (!described.ok()) {
    Failure failure = Failure::Of(described.error(), Phase::kAnalysis);
    failure.member = "queryString";
    return failure;
  }
  if (!described->parameters.empty()) {
    return Failure::Validation("The parameter @" + described->parameters.front().name +
                                   " has no value; a scheduled query has @scheduled_runtime only.",
                               "queryString");
  }
  if (!properties.target) return std::nullopt;
  const ScheduledTarget& target = *properties.target;
  const auto table = deps_.tables.Find(target.database, target.table);
  if (table == nullptr) {
    return Failure::Validation(
        "The target table " + target.table + " does not exist in database " + target.database + ".",
        std::string(kTargetMember));
  }
  if (auto wrong = target.Check(described->columns, *table))
    return Failure::Validation(std::move(*wrong), std::string(kTargetMember));
  return std::nullopt;
}

Reply ScheduledQueryApi::Create(const JsonValue& input) {
  Fields fields(input);
  catalog::ScheduledQueryDef def;
  def.name = fields.RequiredText("Name", {.min = 1, .max = 64});
  if (!def.name.empty() && !IsQueryName(def.name)) {
    fields.constraints().AddQuoted(def.name, "name",
                                   "Member must satisfy regular expression pattern: "
                                   "[a-zA-Z0-9|!\\-_*'\\(\\)]([a-zA-Z0-9]|[!\\-_*'\\(\\)\\/.])+");
  }
  def.sql = fields.RequiredText("QueryString", {.min = 1, .max = kQueryBytesMax});
  def.client_token = fields.Text("ClientToken", {.max = 128}).value_or("");
  fields.Require("ScheduleConfiguration");
  if (const JsonValue* schedule = fields.Object("ScheduleConfiguration")) {
    Fields members(*schedule, "scheduleConfiguration.", fields);
    def.schedule = members.RequiredText("ScheduleExpression", {.min = 1, .max = 256});
  }
  ScheduledProperties properties;
  if (const auto failure = ScheduledProperties::Read(fields, properties)) return *failure;
  if (const auto schedule = Schedule::Parse(def.schedule); !schedule.ok()) {
    return Failure::Validation(schedule.error().message + ".", "scheduleConfiguration");
  }
  if (properties.tags.size() > kTagsMax) {
    return Failure{ApiError::kServiceQuotaExceeded, "A resource has at most 50 tags."};
  }
  def.properties_json = FormatScheduledProperties(input, properties.tags);
  const Hash128 hash =
      HashKey128(def.name + "\n" + def.sql + "\n" + def.schedule + "\n" + def.properties_json);
  def.request_hash = Hex(hash.hi, 16) + Hex(hash.lo, 16);

  const MutexLock lock(change_mutex_);
  const ArrivalTime now = deps_.clock.Now();
  if (const auto existing = deps_.catalog.GetScheduledQuery(def.name); existing.ok()) {
    const bool repeated = !def.client_token.empty() && existing->client_token == def.client_token &&
                          existing->request_hash == def.request_hash &&
                          now.ms - existing->created.ms < kClientTokenMs;
    if (!repeated) {
      return Failure{ApiError::kConflict, "The scheduled query " + def.name + " already exists."};
    }
    return "{\"Arn\":\"" + ArnOf(*existing) + "\"}";
  }
  if (deps_.catalog.ListScheduledQueries().size() >= kQueriesMax) {
    return Failure{ApiError::kServiceQuotaExceeded,
                   "There are " + std::to_string(kQueriesMax) + " scheduled queries already."};
  }
  if (auto failure = CheckStatement(def.sql, properties)) return *failure;
  def.suffix = Hex(deps_.answers->NewNonce(), 12);
  def.created = def.considered = now;
  Notify("SCHEDULED_QUERY_CREATING", def, nullptr);
  const auto made = deps_.catalog.CreateScheduledQuery(std::move(def));
  if (!made.ok()) return Failure::Of(made.error(), Phase::kControl);
  SetTimer(*made);
  Notify("SCHEDULED_QUERY_CREATED", *made, nullptr);
  return "{\"Arn\":\"" + ArnOf(*made) + "\"}";
}

void ScheduledQueryApi::AppendRun(const catalog::ScheduledRunDef& run, JsonWriter& out) const {
  out.BeginObject();
  if (!run.report_key.empty()) {
    out.Key("ErrorReportLocation").BeginObject().Key("S3ReportLocation").BeginObject();
    out.Key("BucketName").String(run.report_bucket).Key("ObjectKey").String(run.report_key);
    out.EndObject().EndObject();
  }
  out.Key("ExecutionStats").BeginObject();
  out.Key("BytesMetered").Int(std::max<int64_t>(10'000'000, run.bytes_scanned));
  out.Key("CumulativeBytesScanned").Int(run.bytes_scanned);
  out.Key("DataWrites").Int(run.bytes_written);
  out.Key("ExecutionTimeInMillis").Int(run.execution_ms);
  out.Key("QueryResultRows").Int(run.rows);
  out.Key("RecordsIngested").Int(run.records).EndObject();
  if (!run.failure.empty()) out.Key("FailureReason").String(run.failure);
  AppendSeconds(run.invocation, out.Key("InvocationTime"));
  out.Key("RunStatus").String(RunStatus(run));
  AppendSeconds(run.trigger, out.Key("TriggerTime"));
  out.EndObject();
}

std::optional<ArrivalTime> ScheduledQueryApi::NextOf(const catalog::ScheduledQueryDef& def) const {
  const auto schedule = Schedule::Parse(def.schedule);
  if (!def.enabled || !schedule.ok()) return std::nullopt;
  return schedule->Next(deps_.clock.Now(), def.created);
}

Reply ScheduledQueryApi::Describe(const JsonValue& input) {
  Fields fields(input);
  auto found = QueryOf(fields);
  if (const Failure* failure = std::get_if<Failure>(&found)) return *failure;
  const auto& def = std::get<catalog::ScheduledQueryDef>(found);
  const JsonValue properties = PropertiesOf(def);
  JsonWriter out;
  out.BeginObject().Key("ScheduledQuery").BeginObject();
  out.Key("Arn").String(ArnOf(def));
  AppendSeconds(def.created, out.Key("CreationTime"));
  AppendMember(properties, "ErrorReportConfiguration", out);
  AppendMember(properties, "KmsKeyId", out);
  if (!def.runs.empty()) AppendRun(def.runs.front(), out.Key("LastRunSummary"));
  out.Key("Name").String(def.name);
  if (const auto next = NextOf(def)) AppendSeconds(*next, out.Key("NextInvocationTime"));
  AppendMember(properties, "NotificationConfiguration", out);
  if (!def.runs.empty()) {
    AppendSeconds(def.runs.front().invocation, out.Key("PreviousInvocationTime"));
  }
  out.Key("QueryString").String(def.sql);
  out.Key("RecentlyFailedRuns").BeginArray();
  size_t shown = 0;
  for (const catalog::ScheduledRunDef& run : def.runs) {
    if (!run.succeeded && shown++ < kFailedRunsMax) AppendRun(run, out);
  }
  out.EndArray();
  out.Key("ScheduleConfiguration").BeginObject();
  out.Key("ScheduleExpression").String(def.schedule).EndObject();
  AppendMember(properties, "ScheduledQueryExecutionRoleArn", out);
  out.Key("State").String(StateName(def));
  AppendMember(properties, "TargetConfiguration", out);
  out.EndObject().EndObject();
  return std::move(out).Take();
}

std::string ScheduledQueryApi::SummaryJson(const catalog::ScheduledQueryDef& def) const {
  const JsonValue properties = PropertiesOf(def);
  JsonWriter out;
  out.BeginObject().Key("Arn").String(ArnOf(def));
  AppendSeconds(def.created, out.Key("CreationTime"));
  AppendMember(properties, "ErrorReportConfiguration", out);
  if (!def.runs.empty()) out.Key("LastRunStatus").String(RunStatus(def.runs.front()));
  out.Key("Name").String(def.name);
  if (const auto next = NextOf(def)) AppendSeconds(*next, out.Key("NextInvocationTime"));
  if (!def.runs.empty()) {
    AppendSeconds(def.runs.front().invocation, out.Key("PreviousInvocationTime"));
  }
  out.Key("State").String(StateName(def));
  if (const auto target = ScheduledProperties::Parse(def.properties_json).target) {
    out.Key("TargetDestination").BeginObject().Key("TimestreamDestination").BeginObject();
    out.Key("DatabaseName").String(target->database).Key("TableName").String(target->table);
    out.EndObject().EndObject();
  }
  out.EndObject();
  return std::move(out).Take();
}

Reply ScheduledQueryApi::List(const JsonValue& input) {
  Fields fields(input);
  size_t items = 0;
  std::string after;
  if (const auto failure = ReadToken(fields, kListMax, items, after)) return *failure;
  JsonWriter out;
  out.BeginObject();
  std::string last;
  bool more = false;
  std::string list;
  for (const catalog::ScheduledQueryDef& def : deps_.catalog.ListScheduledQueries()) {
    if (!after.empty() && def.name <= after) continue;
    if (items-- == 0) {
      more = true;
      break;
    }
    list += (list.empty() ? "" : ",") + SummaryJson(def);
    last = def.name;
  }
  if (more) out.Key("NextToken").String(TokenOf(last));
  out.Key("ScheduledQueries").Raw("[" + list + "]").EndObject();
  return std::move(out).Take();
}

Reply ScheduledQueryApi::Update(const JsonValue& input) {
  Fields fields(input);
  const std::string state = fields.RequiredText("State", {});
  if (state != "ENABLED" && state != "DISABLED" && !state.empty()) {
    fields.constraints().AddQuoted(state, "state",
                                   "Member must satisfy enum value set: [ENABLED, DISABLED]");
  }
  const MutexLock lock(change_mutex_);
  auto found = QueryOf(fields);
  if (const Failure* failure = std::get_if<Failure>(&found)) return *failure;
  auto& def = std::get<catalog::ScheduledQueryDef>(found);
  const bool enabled = state == "ENABLED";
  if (enabled != def.enabled) {
    def.enabled = enabled;
    def.considered = deps_.clock.Now();  // what passed while it was off is not made up for
    if (const auto done = deps_.catalog.UpdateScheduledQuery(def); !done.ok()) {
      return Failure::Of(done.error(), Phase::kControl);
    }
    SetTimer(def);
    Notify("SCHEDULED_QUERY_UPDATE", def, nullptr);
  }
  return "{}";
}

Reply ScheduledQueryApi::Delete(const JsonValue& input) {
  Fields fields(input);
  const MutexLock lock(change_mutex_);
  auto found = QueryOf(fields);
  if (const Failure* failure = std::get_if<Failure>(&found)) return *failure;
  const auto& def = std::get<catalog::ScheduledQueryDef>(found);
  if (const auto done = deps_.catalog.DeleteScheduledQuery(def.id); !done.ok()) {
    return Failure::Of(done.error(), Phase::kControl);
  }
  Notify("SCHEDULED_QUERY_DELETED", def, nullptr);
  const MutexLock timers(mutex_);
  const auto timer = timers_.find(def.id);
  if (timer != timers_.end()) {
    if (timer->second.run != nullptr) {
      timer->second.run->Cancel();
      timer->second.waiting.clear();
      timer->second.due.reset();
      timer->second.deleted = true;
    } else {
      timers_.erase(timer);
    }
  }
  return "{}";
}

Reply ScheduledQueryApi::Execute(const JsonValue& input) {
  Fields fields(input);
  const auto invocation = ReadTime(fields, input, "InvocationTime");
  if (const JsonValue* insights = fields.Object("QueryInsights")) {
    Fields members(*insights, "queryInsights.", fields);
    const std::string mode = members.RequiredText("Mode", {});
    if (mode != "ENABLED_WITH_RATE_CONTROL" && mode != "DISABLED") {
      fields.constraints().AddQuoted(
          mode, "queryInsights.mode",
          "Member must satisfy enum value set: [ENABLED_WITH_RATE_CONTROL, DISABLED]");
    }
  }
  auto found = QueryOf(fields);
  if (const Failure* failure = std::get_if<Failure>(&found)) return *failure;
  const auto& def = std::get<catalog::ScheduledQueryDef>(found);
  {
    const MutexLock lock(mutex_);
    Timer& timer = timers_[def.id];
    if (timer.waiting.size() >= options_.runs_waiting_max) {
      return Failure{ApiError::kThrottling, "Too many runs of this query wait already."};
    }
    timer.waiting.push_back({invocation.value_or(ArrivalTime{}), true});
  }
  WakeTask();
  return "{}";
}

Reply ScheduledQueryApi::Tag(const JsonValue& input) {
  Fields fields(input);
  const std::string arn = fields.RequiredText("ResourceARN", kArn);
  fields.Require("Tags");
  const auto tags = ReadTags(fields);
  if (const auto failure = fields.failure()) return *failure;
  const MutexLock lock(change_mutex_);
  auto def = FindByArn(arn);
  if (!def) return NoSuchQuery(arn);
  auto stored = ScheduledProperties::Parse(def->properties_json).tags;
  for (const auto& [key, value] : tags) {
    std::erase_if(stored, [&](const auto& tag) { return tag.first == key; });
    stored.emplace_back(key, value);
  }
  if (stored.size() > kTagsMax) {
    return Failure{ApiError::kServiceQuotaExceeded, "A resource has at most 50 tags."};
  }
  def->properties_json = FormatScheduledProperties(PropertiesOf(*def), stored);
  const auto done = deps_.catalog.UpdateScheduledQuery(*def);
  if (!done.ok()) return Failure::Of(done.error(), Phase::kControl);
  return "{}";
}

Reply ScheduledQueryApi::Untag(const JsonValue& input) {
  Fields fields(input);
  const std::string arn = fields.RequiredText("ResourceARN", kArn);
  fields.Require("TagKeys");
  const JsonValue* keys = fields.List("TagKeys");
  if (const auto failure = fields.failure()) return *failure;
  const MutexLock lock(change_mutex_);
  auto def = FindByArn(arn);
  if (!def) return NoSuchQuery(arn);
  auto stored = ScheduledProperties::Parse(def->properties_json).tags;
  for (const JsonValue& key : keys->array()) {
    std::erase_if(stored, [&](const auto& tag) { return tag.first == key.string_value(); });
  }
  def->properties_json = FormatScheduledProperties(PropertiesOf(*def), stored);
  const auto done = deps_.catalog.UpdateScheduledQuery(*def);
  if (!done.ok()) return Failure::Of(done.error(), Phase::kControl);
  return "{}";
}

Reply ScheduledQueryApi::ListTags(const JsonValue& input) {
  Fields fields(input);
  const std::string arn = fields.RequiredText("ResourceARN", kArn);
  size_t items = 0;
  std::string after;
  if (const auto failure = ReadToken(fields, kTagsPageMax, items, after)) return *failure;
  const auto def = FindByArn(arn);
  if (!def) return NoSuchQuery(arn);
  auto tags = ScheduledProperties::Parse(def->properties_json).tags;
  std::sort(tags.begin(), tags.end());
  std::erase_if(tags, [&](const auto& tag) { return !after.empty() && tag.first <= after; });
  JsonWriter out;
  out.BeginObject();
  if (tags.size() > items) {
    tags.resize(items);
    out.Key("NextToken").String(TokenOf(tags.back().first));
  }
  out.Key("Tags").BeginArray();
  for (const auto& [key, value] : tags) {
    out.BeginObject().Key("Key").String(key).Key("Value").String(value).EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::timestream
