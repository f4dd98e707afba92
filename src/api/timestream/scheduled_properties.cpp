// SPDX-License-Identifier: Apache-2.0
// Decodes what a CreateScheduledQuery call says beside name, query and schedule.
#include "api/timestream/scheduled_queries_internal.h"

namespace tidemark::timestream {
namespace {

constexpr Fields::Length kArn{.min = 1, .max = 2048};
// What Describe echoes and runs read. Role, topic and key are stored and not used.
constexpr std::string_view kKept[] = {"ErrorReportConfiguration", "KmsKeyId",
                                      "NotificationConfiguration", "ScheduledQueryExecutionRoleArn",
                                      "TargetConfiguration"};

bool IsBucket(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.size() < 3 || name.size() > 63 || !plain(name.front()) || !plain(name.back())) {
    return false;
  }
  for (const char c : name) {
    if (!plain(c) && c != '.' && c != '-') return false;
  }
  return true;
}

void ReadReport(Fields& fields, ReportPlace& out) {
  fields.Require("ErrorReportConfiguration");
  const JsonValue* report = fields.Object("ErrorReportConfiguration");
  if (report == nullptr) return;
  Fields members(*report, "errorReportConfiguration.", fields);
  members.Require("S3Configuration");
  const JsonValue* place = members.Object("S3Configuration");
  if (place == nullptr) return;
  Fields s3(*place, "errorReportConfiguration.s3Configuration.", fields);
  out.bucket = s3.RequiredText("BucketName", {.min = 3, .max = 63});
  if (!out.bucket.empty() && !IsBucket(out.bucket)) {
    fields.constraints().AddQuoted(
        out.bucket, s3.Path("BucketName"),
        "Member must satisfy regular expression pattern: [a-z0-9][\\.\\-a-z0-9]{1,61}[a-z0-9]");
  }
  out.prefix = s3.Text("ObjectKeyPrefix", {.min = 1, .max = 896}).value_or("");
  while (out.prefix.ends_with('/')) out.prefix.pop_back();
  const std::string encryption = s3.Text("EncryptionOption", {}).value_or("SSE_S3");
  if (encryption != "SSE_S3" && encryption != "SSE_KMS") {
    fields.constraints().AddQuoted(encryption, s3.Path("EncryptionOption"),
                                   "Member must satisfy enum value set: [SSE_S3, SSE_KMS]");
  }
}

void ReadTopic(Fields& fields, std::string& out) {
  fields.Require("NotificationConfiguration");
  const JsonValue* notification = fields.Object("NotificationConfiguration");
  if (notification == nullptr) return;
  Fields members(*notification, "notificationConfiguration.", fields);
  members.Require("SnsConfiguration");
  const JsonValue* sns = members.Object("SnsConfiguration");
  if (sns == nullptr) return;
  Fields topic(*sns, "notificationConfiguration.snsConfiguration.", fields);
  out = topic.RequiredText("TopicArn", kArn);
}

}  // namespace

std::optional<Failure> ScheduledProperties::Read(Fields& fields, ScheduledProperties& out) {
  ReadTopic(fields, out.topic_arn);
  ReadReport(fields, out.report);
  fields.RequiredText("ScheduledQueryExecutionRoleArn", kArn);
  fields.Text("KmsKeyId", {.min = 1, .max = 2048});
  out.tags = ReadTags(fields);
  const JsonValue* target = fields.Object("TargetConfiguration");
  const JsonValue* timestream = nullptr;
  if (target != nullptr) {
    Fields members(*target, "targetConfiguration.", fields);
    members.Require("TimestreamConfiguration");
    timestream = members.Object("TimestreamConfiguration");
  }
  if (timestream != nullptr) {
    out.target.emplace();
    if (auto failure = ScheduledTarget::Read(*timestream, fields, *out.target)) {
      if (failure->member.empty()) failure->member = "targetConfiguration";
      return failure;
    }
  }
  return fields.failure();
}

ScheduledProperties ScheduledProperties::Parse(const std::string& json) {
  ScheduledProperties out;
  const Result<JsonValue> input = ParseJson(json);
  if (!input.ok()) return out;
  Fields fields(*input);
  // It was checked before it was stored.
  [[maybe_unused]] const auto failure = Read(fields, out);
  return out;
}

std::string FormatScheduledProperties(
    const JsonValue& input, const std::vector<std::pair<std::string, std::string>>& tags) {
  JsonWriter out;
  out.BeginObject();
  for (const std::string_view name : kKept) {
    const JsonValue* value = input.Find(name);
    if (value != nullptr && !value->is_null()) out.Key(name).Value(*value);
  }
  out.Key("Tags").BeginArray();
  for (const auto& [key, value] : tags) {
    out.BeginObject().Key("Key").String(key).Key("Value").String(value).EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::timestream
