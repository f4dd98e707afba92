// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/properties_internal.h"
#include "base/check.h"

namespace tidemark::timestream {
namespace {

std::string TextOf(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value == nullptr ? std::string() : value->string_value();
}

// Seconds since the epoch with a fraction: timestream-api.md 1.3.
void AppendTime(ArrivalTime time, JsonWriter& out) {
  const std::string fraction = std::to_string(1000 + time.ms % 1000).substr(1);
  out.Raw(std::to_string(time.ms / 1000) + "." + fraction);
}

void AppendSchema(const std::vector<PartitionKey>& keys, JsonWriter& out) {
  out.BeginObject().Key("CompositePartitionKey").BeginArray();
  if (keys.empty()) out.BeginObject().Key("Type").String("MEASURE").EndObject();
  for (const PartitionKey& key : keys) {
    out.BeginObject();
    if (!key.enforcement.empty()) out.Key("EnforcementInRecord").String(key.enforcement);
    if (!key.name.empty()) out.Key("Name").String(key.name);
    out.Key("Type").String(key.type).EndObject();
  }
  out.EndArray().EndObject();
}

std::vector<PartitionKey> ReadSchema(const JsonValue& schema, Fields& fields) {
  Fields members(schema, "schema.", fields);
  const JsonValue* list = members.List("CompositePartitionKey");
  std::vector<PartitionKey> out;
  if (list == nullptr) return out;
  const std::string path = members.Path("CompositePartitionKey");
  if (list->array().empty()) {
    fields.constraints().Add("'[]'", path, "Member must have length greater than or equal to 1");
  }
  for (size_t i = 0; i < list->array().size(); ++i) {
    Fields item(list->array()[i], MemberPath(path, i, "") + ".", fields);
    PartitionKey key;
    key.type = item.RequiredText("Type", {});
    key.name = item.Text("Name", {.min = 1}).value_or("");
    key.enforcement = item.Text("EnforcementInRecord", {}).value_or("");
    if (key.type != "DIMENSION" && key.type != "MEASURE") {
      fields.constraints().AddQuoted(key.type, item.Path("Type"),
                                     "Member must satisfy enum value set: [DIMENSION, MEASURE]");
    }
    if (!key.enforcement.empty() && key.enforcement != "REQUIRED" &&
        key.enforcement != "OPTIONAL") {
      fields.constraints().AddQuoted(key.enforcement, item.Path("EnforcementInRecord"),
                                     "Member must satisfy enum value set: [REQUIRED, OPTIONAL]");
    }
    if (key.type == "DIMENSION") item.Require("Name");
    out.push_back(std::move(key));
  }
  return out;
}

}  // namespace

Properties Properties::Parse(const std::string& extra_json) {
  Properties out;
  if (extra_json.empty()) return out;
  const Result<JsonValue> extra = ParseJson(extra_json);
  if (!extra.ok()) return out;
  out.kms_key_id = TextOf(*extra, "KmsKeyId");
  if (const JsonValue* schema = extra->Find("Schema")) {
    if (const JsonValue* keys = schema->Find("CompositePartitionKey")) {
      for (const JsonValue& key : keys->array()) {
        out.partition_keys.push_back(
            {TextOf(key, "Type"), TextOf(key, "Name"), TextOf(key, "EnforcementInRecord")});
      }
    }
  }
  if (const JsonValue* location = extra->Find("MagneticStoreRejectedDataLocation")) {
    JsonWriter json;
    json.Value(*location);
    out.rejected_location_json = std::move(json).Take();
  }
  if (const JsonValue* tags = extra->Find("Tags")) {
    for (const JsonValue& tag : tags->array()) {
      out.tags.emplace_back(TextOf(tag, "Key"), TextOf(tag, "Value"));
    }
  }
  return out;
}

std::string Properties::Format() const {
  if (kms_key_id.empty() && partition_keys.empty() && rejected_location_json.empty() &&
      tags.empty()) {
    return "";
  }
  JsonWriter out;
  out.BeginObject();
  if (!kms_key_id.empty()) out.Key("KmsKeyId").String(kms_key_id);
  if (!rejected_location_json.empty()) {
    out.Key("MagneticStoreRejectedDataLocation").Raw(rejected_location_json);
  }
  if (!partition_keys.empty()) AppendSchema(partition_keys, out.Key("Schema"));
  if (!tags.empty()) {
    out.Key("Tags").BeginArray();
    for (const auto& [key, value] : tags) {
      out.BeginObject().Key("Key").String(key).Key("Value").String(value).EndObject();
    }
    out.EndArray();
  }
  out.EndObject();
  return std::move(out).Take();
}

std::string ArnBase::Database(std::string_view name) const {
  return "arn:aws:timestream:" + region + ":" + account + ":database/" + std::string(name);
}
std::string ArnBase::Table(std::string_view database, std::string_view table) const {
  return Database(database) + "/table/" + std::string(table);
}

std::optional<ArnTarget> ParseArn(std::string_view arn) {
  constexpr std::string_view kStart = "arn:aws:timestream:";
  if (!arn.starts_with(kStart)) return std::nullopt;
  arn.remove_prefix(kStart.size());
  // Region and account are this server's, whatever is written.
  for (int i = 0; i < 2; ++i) {
    const size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    arn.remove_prefix(colon + 1);
  }
  if (!arn.starts_with("database/")) return std::nullopt;
  arn.remove_prefix(std::string_view("database/").size());
  const size_t slash = arn.find("/table/");
  if (slash == std::string_view::npos) return ArnTarget{std::string(arn), ""};
  return ArnTarget{std::string(arn.substr(0, slash)), std::string(arn.substr(slash + 7))};
}

void AppendDatabase(const ArnBase& arns, const catalog::DatabaseDef& def, size_t tables,
                    JsonWriter& out) {
  const Properties properties = Properties::Parse(def.extra_json);
  out.BeginObject().Key("Arn").String(arns.Database(def.name));
  AppendTime(def.created, out.Key("CreationTime"));
  out.Key("DatabaseName").String(def.name);
  out.Key("KmsKeyId")
      .String(!properties.kms_key_id.empty()
                  ? properties.kms_key_id
                  : "arn:aws:kms:" + arns.region + ":" + arns.account + ":alias/aws/timestream");
  AppendTime(def.updated, out.Key("LastUpdatedTime"));
  out.Key("TableCount").Uint(tables).EndObject();
}

void AppendTable(const ArnBase& arns, const catalog::TableDef& def, JsonWriter& out) {
  const Properties properties = Properties::Parse(def.extra_json);
  out.BeginObject().Key("Arn").String(arns.Table(def.database_name, def.name));
  AppendTime(def.created, out.Key("CreationTime"));
  out.Key("DatabaseName").String(def.database_name);
  AppendTime(def.updated, out.Key("LastUpdatedTime"));
  out.Key("MagneticStoreWriteProperties").BeginObject();
  out.Key("EnableMagneticStoreWrites").Bool(def.magnetic_writes_enabled);
  if (!properties.rejected_location_json.empty()) {
    out.Key("MagneticStoreRejectedDataLocation").Raw(properties.rejected_location_json);
  }
  out.EndObject().Key("RetentionProperties").BeginObject();
  out.Key("MagneticStoreRetentionPeriodInDays").Int(def.magnetic_retention_days);
  out.Key("MemoryStoreRetentionPeriodInHours").Int(def.memory_retention_hours).EndObject();
  AppendSchema(properties.partition_keys, out.Key("Schema"));
  out.Key("TableName").String(def.name).Key("TableStatus").String("ACTIVE").EndObject();
}

std::vector<std::pair<std::string, std::string>> ReadTags(Fields& fields) {
  std::vector<std::pair<std::string, std::string>> out;
  const JsonValue* list = fields.List("Tags");
  if (list == nullptr) return out;
  if (list->array().size() > 200) {
    fields.constraints().Add("'[...]'", "tags",
                             "Member must have length less than or equal to 200");
    return out;
  }
  for (size_t i = 0; i < list->array().size(); ++i) {
    Fields tag(list->array()[i], MemberPath("tags", i, "") + ".", fields);
    std::string key = tag.RequiredText("Key", {.min = 1, .max = 128});
    out.emplace_back(std::move(key), tag.RequiredText("Value", {.max = 256}));
  }
  return out;
}

void ReadTableProperties(Fields& fields, catalog::TableDef& def, Properties& properties) {
  if (const JsonValue* retention = fields.Object("RetentionProperties")) {
    Fields members(*retention, "retentionProperties.", fields);
    def.memory_retention_hours =
        members.RequiredInteger("MemoryStoreRetentionPeriodInHours", {.min = 1, .max = 8766});
    def.magnetic_retention_days =
        members.RequiredInteger("MagneticStoreRetentionPeriodInDays", {.min = 1, .max = 73'000});
  }
  if (const JsonValue* magnetic = fields.Object("MagneticStoreWriteProperties")) {
    Fields members(*magnetic, "magneticStoreWriteProperties.", fields);
    members.Require("EnableMagneticStoreWrites");
    def.magnetic_writes_enabled = members.Bool("EnableMagneticStoreWrites").value_or(false);
    properties.rejected_location_json.clear();
    if (const JsonValue* location = members.Object("MagneticStoreRejectedDataLocation")) {
      JsonWriter json;
      json.Value(*location);
      properties.rejected_location_json = std::move(json).Take();
    }
  }
  if (const JsonValue* schema = fields.Object("Schema")) {
    properties.partition_keys = ReadSchema(*schema, fields);
  }
}

}  // namespace tidemark::timestream
