// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "api/console/schedule_json_internal.h"

namespace tidemark::console {
namespace {

// The API wants a topic and a role; this server uses neither.
constexpr std::string_view kTopic = "arn:aws:sns:us-east-1:000000000000:none";
constexpr std::string_view kRole = "arn:aws:iam::000000000000:role/none";
constexpr std::string_view kBucket = "errors";  // where reports go that nobody gave a place

const JsonValue* Present(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const JsonValue* Present(const JsonValue& object, std::initializer_list<std::string_view> path) {
  const JsonValue* value = &object;
  for (const std::string_view name : path) {
    if (value != nullptr) value = Present(*value, name);
  }
  return value;
}

std::string TextOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = Present(object, name);
  return value == nullptr ? std::string() : value->string_value();
}

/// Members that are not there, or null, are left out.
void Copy(const JsonValue& from, std::string_view name, std::string_view to, JsonWriter& out) {
  if (const JsonValue* value = Present(from, name)) out.Key(to).Value(*value);
}

std::optional<Failure> CheckMembers(const JsonValue& object, std::string_view what,
                                    std::initializer_list<std::string_view> known,
                                    std::string field) {
  if (!object.is_object()) {
    return InvalidRequest(std::string(what) + " must be an object", std::move(field));
  }
  for (const auto& [name, value] : object.object()) {
    if (std::ranges::find(known, name) == known.end()) {
      return InvalidRequest(std::string(what) + " has an unknown member \"" + name + "\"",
                            std::move(field));
    }
  }
  return std::nullopt;
}

char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Types have small letters here and capitals there.
std::string Convert(std::string text, char (*letter)(char)) {
  std::ranges::transform(text, text.begin(), letter);
  return text;
}

// ---- to the API

std::optional<Failure> WriteMeasure(const JsonValue& measure, std::string_view name_member,
                                    JsonWriter& out) {
  if (auto failure = CheckMembers(measure, "a measure", {"column", "type", "name"}, "target")) {
    return failure;
  }
  out.BeginObject();
  Copy(measure, "column", "SourceColumn", out);
  if (const JsonValue* type = Present(measure, "type"); type != nullptr && type->is_string()) {
    out.Key("MeasureValueType").String(Convert(type->string_value(), Upper));
  } else {
    Copy(measure, "type", "MeasureValueType", out);
  }
  Copy(measure, "name", name_member, out);
  out.EndObject();
  return std::nullopt;
}

std::optional<Failure> WriteMeasures(const JsonValue& target, std::string_view name_member,
                                     JsonWriter& out) {
  out.BeginArray();
  if (const JsonValue* measures = Present(target, "measures")) {
    if (!measures->is_array()) return InvalidRequest("measures must be a list", "target");
    for (const JsonValue& measure : measures->array()) {
      if (auto failure = WriteMeasure(measure, name_member, out)) return failure;
    }
  }
  out.EndArray();
  return std::nullopt;
}

std::optional<Failure> WriteTargetCall(const JsonValue& target, JsonWriter& out) {
  if (auto failure = CheckMembers(target, "it",
                                  {"database", "table", "time_column", "dimensions",
                                   "measure_name_column", "measures", "multi_measure_name"},
                                  "target")) {
    return failure;
  }
  out.Key("TargetConfiguration").BeginObject().Key("TimestreamConfiguration").BeginObject();
  Copy(target, "database", "DatabaseName", out);
  Copy(target, "table", "TableName", out);
  Copy(target, "time_column", "TimeColumn", out);
  Copy(target, "measure_name_column", "MeasureNameColumn", out);
  if (const JsonValue* dimensions = Present(target, "dimensions")) {
    if (!dimensions->is_array()) return InvalidRequest("dimensions must be a list", "target");
    out.Key("DimensionMappings").BeginArray();
    for (const JsonValue& dimension : dimensions->array()) {
      out.BeginObject().Key("Name").Value(dimension);
      out.Key("DimensionValueType").String("VARCHAR").EndObject();
    }
    out.EndArray();
  }
  std::optional<Failure> failure;
  if (const JsonValue* name = Present(target, "multi_measure_name")) {
    out.Key("MultiMeasureMappings").BeginObject();
    // Without a name of its own the record has that of the row.
    if (!name->is_string() || !name->string_value().empty()) {
      out.Key("TargetMultiMeasureName").Value(*name);
    }
    out.Key("MultiMeasureAttributeMappings");
    failure = WriteMeasures(target, "TargetMultiMeasureAttributeName", out);
    out.EndObject();
  } else {
    out.Key("MixedMeasureMappings");
    failure = WriteMeasures(target, "TargetMeasureName", out);
  }
  out.EndObject().EndObject();
  return failure;
}

std::optional<Failure> WriteReportCall(const JsonValue* report, JsonWriter& out) {
  if (report != nullptr) {
    if (auto failure = CheckMembers(*report, "it", {"bucket", "prefix"}, "report")) return failure;
  }
  out.Key("ErrorReportConfiguration").BeginObject().Key("S3Configuration").BeginObject();
  if (report == nullptr) {
    out.Key("BucketName").String(kBucket);
  } else {
    Copy(*report, "bucket", "BucketName", out);
    const JsonValue* prefix = Present(*report, "prefix");
    if (prefix != nullptr && (!prefix->is_string() || !prefix->string_value().empty())) {
      out.Key("ObjectKeyPrefix").Value(*prefix);
    }
  }
  out.EndObject().EndObject();
  return std::nullopt;
}

// ---- from the API

void WriteMeasureOf(const JsonValue& measure, std::string_view name_member, JsonWriter& out) {
  const std::string column = TextOf(measure, "SourceColumn");
  const std::string name = TextOf(measure, name_member);
  out.BeginObject();
  WriteText(out, "column", column);
  WriteText(out, "type", Convert(TextOf(measure, "MeasureValueType"), Lower));
  WriteText(out, "name", name.empty() ? column : name);
  out.EndObject();
}

/// A column that is one measure, whatever the row's measure is called.
bool IsPlain(const JsonValue& mixed) {
  return TextOf(mixed, "MeasureValueType") != "MULTI" && Present(mixed, "MeasureName") == nullptr;
}

void WriteMeasuresOf(const JsonValue& timestream, JsonWriter& out) {
  const JsonValue* multi = Present(timestream, "MultiMeasureMappings");
  const JsonValue* list = multi != nullptr ? Present(*multi, "MultiMeasureAttributeMappings")
                                           : Present(timestream, "MixedMeasureMappings");
  out.Key("measures");
  if (list == nullptr || (multi == nullptr && !std::ranges::all_of(list->array(), IsPlain))) {
    out.Null();
    return;
  }
  out.BeginArray();
  for (const JsonValue& measure : list->array()) {
    WriteMeasureOf(measure,
                   multi != nullptr ? "TargetMultiMeasureAttributeName" : "TargetMeasureName", out);
  }
  out.EndArray();
}

}  // namespace

std::optional<Failure> WriteCreateCall(const JsonValue& body, JsonWriter& out) {
  out.BeginObject();
  Copy(body, "name", "Name", out);
  Copy(body, "sql", "QueryString", out);
  out.Key("ScheduleConfiguration").BeginObject();
  Copy(body, "schedule", "ScheduleExpression", out);
  out.EndObject();
  out.Key("NotificationConfiguration").BeginObject().Key("SnsConfiguration").BeginObject();
  out.Key("TopicArn").String(kTopic).EndObject().EndObject();
  out.Key("ScheduledQueryExecutionRoleArn").String(kRole);
  if (const JsonValue* target = Present(body, "target")) {
    if (auto failure = WriteTargetCall(*target, out)) return failure;
  }
  if (auto failure = WriteReportCall(Present(body, "report"), out)) return failure;
  out.EndObject();
  return std::nullopt;
}

void WriteScheduleTarget(const JsonValue& properties, JsonWriter& out) {
  const JsonValue* timestream =
      Present(properties, {"TargetConfiguration", "TimestreamConfiguration"});
  out.Key("target");
  if (timestream == nullptr) {
    out.Null();
    return;
  }
  out.BeginObject();
  WriteText(out, "database", TextOf(*timestream, "DatabaseName"));
  WriteText(out, "table", TextOf(*timestream, "TableName"));
  WriteText(out, "time_column", TextOf(*timestream, "TimeColumn"));
  out.Key("dimensions").BeginArray();
  if (const JsonValue* dimensions = Present(*timestream, "DimensionMappings")) {
    for (const JsonValue& dimension : dimensions->array()) out.String(TextOf(dimension, "Name"));
  }
  out.EndArray();
  WriteTextOrNull(out, "measure_name_column", TextOf(*timestream, "MeasureNameColumn"));
  WriteMeasuresOf(*timestream, out);
  out.Key("multi_measure_name");
  const JsonValue* multi = Present(*timestream, "MultiMeasureMappings");
  multi == nullptr ? out.Null() : out.String(TextOf(*multi, "TargetMultiMeasureName"));
  out.EndObject();
}

void WriteScheduleReport(const JsonValue& properties, JsonWriter& out) {
  const JsonValue* place = Present(properties, {"ErrorReportConfiguration", "S3Configuration"});
  out.Key("report");
  if (place == nullptr) {
    out.Null();
    return;
  }
  out.BeginObject();
  WriteText(out, "bucket", TextOf(*place, "BucketName"));
  WriteText(out, "prefix", TextOf(*place, "ObjectKeyPrefix"));
  out.EndObject();
}

}  // namespace tidemark::console
