// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/query_control_internal.h"
#include "api/timestream/value_json_internal.h"

namespace tidemark::timestream {
namespace {

constexpr std::string_view kSettingsKey = "timestream.account_settings";
constexpr size_t kQueryBytesMax = 262'144;
constexpr int64_t kTcuDefault = 200;  // timestream-api.md 4.9
constexpr Fields::Length kArn{.min = 1, .max = 2048};

struct AccountSettings {
  int64_t query_tcu_max = kTcuDefault;
  std::string compute_mode = "ON_DEMAND";
  int64_t provisioned_tcu = 0;    // 0: never provisioned
  std::string notification_json;  // NotificationConfiguration, or ""

  static AccountSettings Parse(const std::string& json) {
    AccountSettings out;
    const Result<JsonValue> value = ParseJson(json);
    if (!value.ok()) return out;
    if (const JsonValue* tcu = value->Find("MaxQueryTCU")) out.query_tcu_max = tcu->int_value();
    if (const JsonValue* mode = value->Find("ComputeMode")) out.compute_mode = mode->string_value();
    if (const JsonValue* tcu = value->Find("ProvisionedTCU")) {
      out.provisioned_tcu = tcu->int_value();
    }
    if (const JsonValue* place = value->Find("NotificationConfiguration")) {
      JsonWriter json_out;
      json_out.Value(*place);
      out.notification_json = std::move(json_out).Take();
    }
    return out;
  }

  std::string Format() const {
    JsonWriter out;
    out.BeginObject().Key("MaxQueryTCU").Int(query_tcu_max);
    out.Key("ComputeMode").String(compute_mode).Key("ProvisionedTCU").Int(provisioned_tcu);
    if (!notification_json.empty()) out.Key("NotificationConfiguration").Raw(notification_json);
    out.EndObject();
    return std::move(out).Take();
  }

  std::string Body() const {
    JsonWriter out;
    out.BeginObject().Key("MaxQueryTCU").Int(query_tcu_max);
    out.Key("QueryCompute").BeginObject().Key("ComputeMode").String(compute_mode);
    if (provisioned_tcu > 0) {
      out.Key("ProvisionedCapacity").BeginObject();
      out.Key("ActiveQueryTCU").Int(compute_mode == "PROVISIONED" ? provisioned_tcu : 0);
      out.Key("LastUpdate").BeginObject().Key("Status").String("SUCCEEDED");
      out.Key("TargetQueryTCU").Int(provisioned_tcu).EndObject();
      if (!notification_json.empty()) out.Key("NotificationConfiguration").Raw(notification_json);
      out.EndObject();
    }
    out.EndObject().Key("QueryPricingModel").String("COMPUTE_UNITS").EndObject();
    return std::move(out).Take();
  }
};

/// Compute units come in fours (5.4).
std::optional<Failure> CheckTcu(std::string_view name, int64_t tcu) {
  if (tcu % 4 == 0) return std::nullopt;
  return Failure::Validation(std::string(name) + " must be a multiple of 4, not " +
                             std::to_string(tcu) + ".");
}

void AppendParameters(const std::vector<sql::Description::Parameter>& parameters,
                      std::string& out) {
  std::vector<sql::Column> columns;
  for (const sql::Description::Parameter& parameter : parameters) {
    columns.push_back({parameter.name, parameter.type});
  }
  AppendColumnInfo(columns, out);
}

}  // namespace

const QueryControlApi::Entry* QueryControlApi::Find(std::string_view operation) {
  static constexpr Entry kEntries[] = {
      {"PrepareQuery", &QueryControlApi::PrepareQuery},
      {"DescribeAccountSettings", &QueryControlApi::DescribeAccountSettings},
      {"UpdateAccountSettings", &QueryControlApi::UpdateAccountSettings},
  };
  for (const Entry& entry : kEntries) {
    if (entry.name == operation) return &entry;
  }
  return nullptr;
}

Reply QueryControlApi::PrepareQuery(const JsonValue& input) {
  Fields fields(input);
  sql::QueryRequest request;
  request.sql = fields.RequiredText("QueryString", {.min = 1, .max = kQueryBytesMax});
  const bool validate_only = fields.Bool("ValidateOnly").value_or(true);
  if (const auto failure = fields.failure()) return *failure;
  if (!validate_only) return Failure::Validation("ValidateOnly must be true.");
  const auto prepared = engine_.Describe(request);
  if (!prepared.ok()) return Failure::Of(prepared.error(), Phase::kAnalysis);
  std::string out = "{\"Columns\":[";
  for (size_t i = 0; i < prepared->columns.size(); ++i) {
    const sql::Column& column = prepared->columns[i];
    const sql::Description::Origin& origin = prepared->origins[i];
    if (i > 0) out += ',';
    out += std::string("{\"Aliased\":") + (origin.aliased ? "true" : "false");
    if (!origin.database.empty()) {
      out += ",\"DatabaseName\":";
      AppendJsonString(out, origin.database);
    }
    out += ",\"Name\":";
    AppendJsonString(out, column.name);
    if (!origin.table.empty()) {
      out += ",\"TableName\":";
      AppendJsonString(out, origin.table);
    }
    out += ",\"Type\":";
    AppendColumnType(column.type, out);
    out += '}';
  }
  out += "],\"Parameters\":";
  AppendParameters(prepared->parameters, out);
  out += ",\"QueryString\":";
  AppendJsonString(out, request.sql);
  out += '}';
  return out;
}

Reply QueryControlApi::DescribeAccountSettings(const JsonValue& /*input*/) {
  return AccountSettings::Parse(catalog_.GetSetting(kSettingsKey).value_or("{}")).Body();
}

Reply QueryControlApi::UpdateAccountSettings(const JsonValue& input) {
  Fields fields(input);
  const auto tcu = fields.Integer("MaxQueryTCU", {.min = 4, .max = 1000});
  const auto pricing = fields.Text("QueryPricingModel", {});
  if (pricing && *pricing != "BYTES_SCANNED" && *pricing != "COMPUTE_UNITS") {
    fields.constraints().AddQuoted(
        *pricing, "queryPricingModel",
        "Member must satisfy enum value set: [BYTES_SCANNED, COMPUTE_UNITS]");
  }
  std::optional<std::string> mode;
  std::optional<int64_t> target;
  std::string notification_json;
  if (const JsonValue* compute = fields.Object("QueryCompute")) {
    Fields members(*compute, "queryCompute.", fields);
    mode = members.Text("ComputeMode", {});
    if (mode && *mode != "ON_DEMAND" && *mode != "PROVISIONED") {
      fields.constraints().AddQuoted(
          *mode, members.Path("ComputeMode"),
          "Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]");
    }
    if (const JsonValue* capacity = members.Object("ProvisionedCapacity")) {
      Fields provisioned(*capacity, "queryCompute.provisionedCapacity.", fields);
      target = provisioned.RequiredInteger("TargetQueryTCU", {.min = 1});
      if (const JsonValue* place = provisioned.Object("NotificationConfiguration")) {
        Fields notification(*place, "queryCompute.provisionedCapacity.notificationConfiguration.",
                            fields);
        notification.RequiredText("RoleArn", kArn);
        JsonWriter json;
        json.Value(*place);
        notification_json = std::move(json).Take();
      }
    }
  }
  if (const auto failure = fields.failure()) return *failure;
  if (pricing && *pricing == "BYTES_SCANNED") {
    return Failure::Validation("QueryPricingModel can only be changed to COMPUTE_UNITS.");
  }
  if (tcu) {
    if (auto failure = CheckTcu("MaxQueryTCU", *tcu)) return *failure;
  }
  if (target) {
    if (auto failure = CheckTcu("TargetQueryTCU", *target)) return *failure;
  }
  const MutexLock lock(change_mutex_);
  AccountSettings settings =
      AccountSettings::Parse(catalog_.GetSetting(kSettingsKey).value_or("{}"));
  if (mode && *mode == "PROVISIONED" && !target && settings.provisioned_tcu == 0) {
    return Failure::Validation("The compute mode PROVISIONED needs a ProvisionedCapacity.");
  }
  if (tcu) settings.query_tcu_max = *tcu;
  if (mode) settings.compute_mode = *mode;
  if (target) settings.provisioned_tcu = *target;
  if (!notification_json.empty()) settings.notification_json = notification_json;
  if (const auto kept = catalog_.PutSetting(kSettingsKey, settings.Format()); !kept.ok()) {
    return Failure::Of(kept.error(), Phase::kControl);
  }
  return settings.Body();
}

}  // namespace tidemark::timestream
