// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/timestream/control_internal.h"
#include "base/base64.h"

namespace tidemark::timestream {
namespace {

constexpr size_t kListMax = 20;    // timestream-api.md 3.5
constexpr size_t kTagsMax = 50;    // per resource: 2.2
constexpr Fields::Length kName{};  // "no pattern elsewhere": unknown names are not found (2.1)
constexpr Fields::Length kArn{.min = 1, .max = 1011};

Reply ControlFailure(const Error& error) { return Failure::Of(error, Phase::kControl); }

Failure NoSuchResource(const std::string& arn) {
  return {ApiError::kResourceNotFound, "The resource " + arn + " does not exist."};
}

// A page of a list whose items are ordered by a key: the token is the last key given out.
struct Page {
  size_t items_max = kListMax;
  std::string after;
};

std::optional<Failure> ReadPage(Fields& fields, std::string_view kind, Page& out) {
  const auto max = fields.Integer("MaxResults", {.min = 1, .max = kListMax});
  const auto token = fields.Text("NextToken", {.min = 1, .max = 2048});
  if (auto failure = fields.failure()) return failure;
  if (max) out.items_max = static_cast<size_t>(*max);
  if (!token) return std::nullopt;
  const Result<std::string> text = Base64Decode(*token);
  if (!text.ok() || !text->starts_with(kind)) {
    return Failure::Validation("Invalid pagination token.");
  }
  out.after = text->substr(kind.size());
  return std::nullopt;
}

// Appends the items after page.after, then NextToken if some are left.
template <typename T, typename K, typename A>
void AppendPage(const Page& page, std::string_view kind, const std::vector<T>& items, K&& key,
                A&& append, JsonWriter& out) {
  auto it = std::find_if(items.begin(), items.end(), [&](const T& item) {
    return page.after.empty() || key(item) > page.after;
  });
  std::string last;
  for (size_t n = 0; n < page.items_max && it != items.end(); ++n, ++it) {
    append(*it);
    last = key(*it);
  }
  out.EndArray();
  if (it != items.end()) out.Key("NextToken").String(Base64Encode(std::string(kind) + last));
}

}  // namespace

const ControlApi::Entry* ControlApi::Find(std::string_view operation) {
  static constexpr Entry kEntries[] = {
      {"CreateDatabase", &ControlApi::CreateDatabase, true},
      {"DescribeDatabase", &ControlApi::DescribeDatabase, false},
      {"UpdateDatabase", &ControlApi::UpdateDatabase, true},
      {"DeleteDatabase", &ControlApi::DeleteDatabase, true},
      {"ListDatabases", &ControlApi::ListDatabases, false},
      {"CreateTable", &ControlApi::CreateTable, true},
      {"DescribeTable", &ControlApi::DescribeTable, false},
      {"UpdateTable", &ControlApi::UpdateTable, true},
      {"DeleteTable", &ControlApi::DeleteTable, true},
      {"ListTables", &ControlApi::ListTables, false},
      {"TagResource", &ControlApi::TagResource, true},
      {"UntagResource", &ControlApi::UntagResource, true},
      {"ListTagsForResource", &ControlApi::ListTagsForResource, false},
  };
  for (const Entry& entry : kEntries) {
    if (entry.name == operation) return &entry;
  }
  return nullptr;
}

std::string ControlApi::DatabaseBody(const catalog::DatabaseDef& def) const {
  JsonWriter out;
  AppendDatabase(arns_, def, tables_.TableCount(def.name), out.BeginObject().Key("Database"));
  out.EndObject();
  return std::move(out).Take();
}

std::string ControlApi::TableBody(const catalog::TableDef& def) const {
  JsonWriter out;
  AppendTable(arns_, def, out.BeginObject().Key("Table"));
  out.EndObject();
  return std::move(out).Take();
}

Reply ControlApi::CreateDatabase(const JsonValue& input) {
  Fields fields(input);
  catalog::DatabaseDef def;
  Properties properties;
  def.name = fields.RequiredText("DatabaseName", kName);
  properties.kms_key_id = fields.Text("KmsKeyId", {.min = 1, .max = 2048}).value_or("");
  properties.tags = ReadTags(fields);
  if (const auto failure = fields.failure()) return *failure;
  def.extra_json = properties.Format();
  const auto made = tables_.CreateDatabase(std::move(def));
  if (!made.ok()) return ControlFailure(made.error());
  return DatabaseBody(*made);
}

Reply ControlApi::DescribeDatabase(const JsonValue& input) {
  Fields fields(input);
  const std::string name = fields.RequiredText("DatabaseName", kName);
  if (const auto failure = fields.failure()) return *failure;
  const auto def = catalog_.GetDatabase(name);
  if (!def.ok()) {
    return Failure{ApiError::kResourceNotFound, "The database " + name + " does not exist."};
  }
  return DatabaseBody(*def);
}

Reply ControlApi::UpdateDatabase(const JsonValue& input) {
  Fields fields(input);
  const std::string name = fields.RequiredText("DatabaseName", kName);
  const std::string key = fields.RequiredText("KmsKeyId", {.min = 1, .max = 2048});
  if (const auto failure = fields.failure()) return *failure;
  const MutexLock lock(change_mutex_);
  auto def = catalog_.GetDatabase(name);
  if (!def.ok()) {
    return Failure{ApiError::kResourceNotFound, "The database " + name + " does not exist."};
  }
  Properties properties = Properties::Parse(def->extra_json);
  properties.kms_key_id = key;
  def->extra_json = properties.Format();
  def->updated = clock_.Now();
  const auto changed = tables_.UpdateDatabase(*std::move(def));
  if (!changed.ok()) return ControlFailure(changed.error());
  return DatabaseBody(*changed);
}

Reply ControlApi::DeleteDatabase(const JsonValue& input) {
  Fields fields(input);
  const std::string name = fields.RequiredText("DatabaseName", kName);
  if (const auto failure = fields.failure()) return *failure;
  if (const auto done = tables_.DeleteDatabase(name); !done.ok()) {
    return ControlFailure(done.error());
  }
  return "{}";
}

Reply ControlApi::ListDatabases(const JsonValue& input) {
  Fields fields(input);
  Page page;
  if (const auto failure = ReadPage(fields, "D:", page)) return *failure;
  JsonWriter out;
  out.BeginObject().Key("Databases").BeginArray();
  AppendPage(
      page, "D:", catalog_.ListDatabases(),
      [](const catalog::DatabaseDef& def) { return def.name; },
      [&](const catalog::DatabaseDef& def) {
        AppendDatabase(arns_, def, tables_.TableCount(def.name), out);
      },
      out);
  out.EndObject();
  return std::move(out).Take();
}

Reply ControlApi::CreateTable(const JsonValue& input) {
  Fields fields(input);
  catalog::TableDef def;
  Properties properties;
  def.database_name = fields.RequiredText("DatabaseName", kName);
  def.name = fields.RequiredText("TableName", kName);
  ReadTableProperties(fields, def, properties);
  properties.tags = ReadTags(fields);
  if (const auto failure = fields.failure()) return *failure;
  def.extra_json = properties.Format();
  const auto made = tables_.CreateTable(std::move(def));
  if (!made.ok()) return ControlFailure(made.error());
  return TableBody(*made);
}

Reply ControlApi::DescribeTable(const JsonValue& input) {
  Fields fields(input);
  const std::string database = fields.RequiredText("DatabaseName", kName);
  const std::string name = fields.RequiredText("TableName", kName);
  if (const auto failure = fields.failure()) return *failure;
  const auto table = tables_.Find(database, name);
  if (table == nullptr) {
    return Failure{ApiError::kResourceNotFound, "The table " + name + " does not exist."};
  }
  return TableBody(table->def);
}

Reply ControlApi::UpdateTable(const JsonValue& input) {
  Fields fields(input);
  const std::string database = fields.RequiredText("DatabaseName", kName);
  const std::string name = fields.RequiredText("TableName", kName);
  const MutexLock lock(change_mutex_);
  const auto table = tables_.Find(database, name);
  catalog::TableDef def = table == nullptr ? catalog::TableDef{} : table->def;
  Properties properties = Properties::Parse(def.extra_json);
  std::vector<PartitionKey> old_keys = properties.partition_keys;
  if (old_keys.empty()) old_keys.push_back({"MEASURE", "", ""});
  ReadTableProperties(fields, def, properties);
  if (const auto failure = fields.failure()) return *failure;
  if (table == nullptr) {
    return Failure{ApiError::kResourceNotFound, "The table " + name + " does not exist."};
  }
  std::vector<PartitionKey> keys = properties.partition_keys;
  if (keys.empty()) keys.push_back({"MEASURE", "", ""});
  if (!std::equal(keys.begin(), keys.end(), old_keys.begin(), old_keys.end(),
                  [](const auto& a, const auto& b) { return a.SameKey(b); })) {
    return Failure::Validation(
        "The partition key of a table cannot be changed, only its EnforcementInRecord.");
  }
  def.extra_json = properties.Format();
  def.updated = clock_.Now();
  const auto changed = tables_.UpdateTable(std::move(def));
  if (!changed.ok()) return ControlFailure(changed.error());
  return TableBody(*changed);
}

Reply ControlApi::DeleteTable(const JsonValue& input) {
  Fields fields(input);
  const std::string database = fields.RequiredText("DatabaseName", kName);
  const std::string name = fields.RequiredText("TableName", kName);
  if (const auto failure = fields.failure()) return *failure;
  if (const auto done = tables_.DeleteTable(database, name); !done.ok()) {
    return ControlFailure(done.error());
  }
  return "{}";
}

Reply ControlApi::ListTables(const JsonValue& input) {
  Fields fields(input);
  const auto database = fields.Text("DatabaseName", kName);
  Page page;
  if (const auto failure = ReadPage(fields, "T:", page)) return *failure;
  Result<std::vector<catalog::TableDef>> tables =
      database ? catalog_.ListTables(*database) : Result(catalog_.ListTables());
  if (!tables.ok()) {
    return Failure{ApiError::kResourceNotFound, "The database " + *database + " does not exist."};
  }
  // '\n' sorts before every character of a name: the order of (database, name).
  JsonWriter out;
  out.BeginObject().Key("Tables").BeginArray();
  AppendPage(
      page, "T:", *tables,
      [](const catalog::TableDef& def) { return def.database_name + "\n" + def.name; },
      [&](const catalog::TableDef& def) { AppendTable(arns_, def, out); }, out);
  out.EndObject();
  return std::move(out).Take();
}

template <typename F>
Reply ControlApi::ChangeTags(const std::string& arn, F&& change) {
  const std::optional<ArnTarget> target = ParseArn(arn);
  if (!target) return NoSuchResource(arn);
  const MutexLock lock(change_mutex_);
  auto database = catalog_.GetDatabase(target->database);
  auto table = tables_.Find(target->database, target->table);
  if (!database.ok() || (table == nullptr && !target->table.empty())) return NoSuchResource(arn);
  Properties properties =
      Properties::Parse(table != nullptr ? table->def.extra_json : database->extra_json);
  if (std::optional<Failure> refusal = change(properties.tags)) return *refusal;
  if (table != nullptr) {
    catalog::TableDef def = table->def;
    def.extra_json = properties.Format();
    if (const auto done = tables_.UpdateTable(std::move(def)); !done.ok()) {
      return ControlFailure(done.error());
    }
  } else {
    database->extra_json = properties.Format();
    if (const auto done = tables_.UpdateDatabase(*std::move(database)); !done.ok()) {
      return ControlFailure(done.error());
    }
  }
  return "{}";
}

Reply ControlApi::TagResource(const JsonValue& input) {
  Fields fields(input);
  const std::string arn = fields.RequiredText("ResourceARN", kArn);
  fields.Require("Tags");
  const auto tags = ReadTags(fields);
  if (const auto failure = fields.failure()) return *failure;
  return ChangeTags(arn, [&](auto& stored) -> std::optional<Failure> {
    for (const auto& [key, value] : tags) {
      std::erase_if(stored, [&](const auto& tag) { return tag.first == key; });
      stored.emplace_back(key, value);
    }
    if (stored.size() <= kTagsMax) return std::nullopt;
    return Failure{ApiError::kServiceQuotaExceeded, "A resource has at most 50 tags."};
  });
}

Reply ControlApi::UntagResource(const JsonValue& input) {
  Fields fields(input);
  const std::string arn = fields.RequiredText("ResourceARN", kArn);
  fields.Require("TagKeys");
  const JsonValue* keys = fields.List("TagKeys");
  if (const auto failure = fields.failure()) return *failure;
  return ChangeTags(arn, [&](auto& stored) -> std::optional<Failure> {
    for (const JsonValue& key : keys->array()) {
      std::erase_if(stored, [&](const auto& tag) { return tag.first == key.string_value(); });
    }
    return std::nullopt;
  });
}

Reply ControlApi::ListTagsForResource(const JsonValue& input) {
  Fields fields(input);
  const std::string arn = fields.RequiredText("ResourceARN", kArn);
  if (const auto failure = fields.failure()) return *failure;
  const std::optional<ArnTarget> target = ParseArn(arn);
  if (!target) return NoSuchResource(arn);
  std::string extra_json;
  if (target->table.empty()) {
    const auto database = catalog_.GetDatabase(target->database);
    if (!database.ok()) return NoSuchResource(arn);
    extra_json = database->extra_json;
  } else {
    const auto table = tables_.Find(target->database, target->table);
    if (table == nullptr) return NoSuchResource(arn);
    extra_json = table->def.extra_json;
  }
  JsonWriter out;
  out.BeginObject().Key("Tags").BeginArray();
  for (const auto& [key, value] : Properties::Parse(extra_json).tags) {
    out.BeginObject().Key("Key").String(key).Key("Value").String(value).EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::timestream
