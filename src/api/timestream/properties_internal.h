// SPDX-License-Identifier: Apache-2.0
// Properties of databases and tables that only this API knows (catalog: extra_json), and the JSON
// of both (timestream-api.md 2.1, 2.2). Plain values, pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/timestream/fields_internal.h"
#include "base/json.h"
#include "catalog/definitions.h"

namespace tidemark::timestream {

struct PartitionKey {
  std::string type;         // DIMENSION, MEASURE
  std::string name;         // DIMENSION only
  std::string enforcement;  // REQUIRED, OPTIONAL or ""
  /// Everything that an update may not change.
  bool SameKey(const PartitionKey& other) const { return type == other.type && name == other.name; }
};

struct Properties {
  std::string kms_key_id;                    // databases
  std::vector<PartitionKey> partition_keys;  // tables; empty: the default, MEASURE
  std::string rejected_location_json;        // tables; an object or ""
  std::vector<std::pair<std::string, std::string>> tags;

  static Properties Parse(const std::string& extra_json);
  std::string Format() const;  // "" when there is nothing
};

/// Region and account of ARNs.
struct ArnBase {
  std::string region;
  std::string account;

  std::string Database(std::string_view name) const;
  std::string Table(std::string_view database, std::string_view table) const;
};

/// What a ResourceARN names: a database (no table), a table, or neither.
struct ArnTarget {
  std::string database;
  std::string table;
};
std::optional<ArnTarget> ParseArn(std::string_view arn);

void AppendDatabase(const ArnBase& arns, const catalog::DatabaseDef& def, size_t tables,
                    JsonWriter& out);
void AppendTable(const ArnBase& arns, const catalog::TableDef& def, JsonWriter& out);

/// The Tags member of a create or tag call.
std::vector<std::pair<std::string, std::string>> ReadTags(Fields& fields);
/// Retention, magnetic writes and schema of a create or update call into `def` and `properties`;
/// absent members change nothing.
void ReadTableProperties(Fields& fields, catalog::TableDef& def, Properties& properties);

}  // namespace tidemark::timestream
