// SPDX-License-Identifier: Apache-2.0
#include "sql/metadata.h"

#include "sql/binder.h"
#include "sql/kernels.h"

namespace tidemark::sql {
namespace {

using Source = plan::ScanColumn::Source;

Value Text(std::string_view text) { return {std::string(text)}; }

bool Wanted(const ast::Statement& statement, std::string_view name) {
  if (!statement.like) return true;
  const Result<bool> like = kernels::LikeWithoutEscape(name, *statement.like);
  return like.ok() && *like;
}

Result<Table> ShowTables(const ast::Statement& statement, const Namespace& names) {
  Table out{{{"Table", TypeKind::kVarchar}}, {}};
  std::vector<std::string> databases = names.Databases();
  if (!statement.name.empty()) {
    TM_ASSIGN_OR_RETURN(std::string database, ResolveDatabase(names, statement.name[0]));
    databases = {std::move(database)};
  }
  for (const std::string& database : databases) {
    Result<std::vector<std::string>> tables = names.Tables(database);
    // Dropped in between: as if it had been dropped before.
    if (!tables.ok() && tables.error().code == Code::kNotFound) continue;
    if (!tables.ok()) return std::move(tables).error();
    for (const std::string& table : *tables) {
      if (Wanted(statement, table)) out.rows.push_back({Text(table)});
    }
  }
  return out;
}

Result<Table> ShowMeasures(const ast::Statement& statement, const store::TableSchema& schema) {
  const Type pair =
      Type::Row({{"dimension_name", TypeKind::kVarchar}, {"data_type", TypeKind::kVarchar}});
  Table out{{{"measure_name", TypeKind::kVarchar},
             {"data_type", TypeKind::kVarchar},
             {"dimensions", Type::Array(pair)}},
            {}};
  for (const store::TableSchema::Measure& measure : schema.measures) {
    if (!Wanted(statement, measure.name)) continue;
    Value::List dimensions;
    for (const std::string& dimension : measure.dimensions) {
      dimensions.push_back({Value::List{Text(dimension), Text("varchar")}});
    }
    out.rows.push_back(
        {Text(measure.name), Text(store::ValueTypeName(measure.type)), {std::move(dimensions)}});
  }
  return out;
}

std::string_view AttributeOf(Source source) {
  switch (source) {
    case Source::kDimension:
      return "DIMENSION";
    case Source::kMeasureName:
      return "MEASURE_NAME";
    case Source::kTime:
      return "TIMESTAMP";
    case Source::kSingle:
      return "MEASURE_VALUE";
    case Source::kField:
      return "MULTI";
    case Source::kSeriesKey:
    case Source::kWindowStart:
    case Source::kWindowEnd:
    case Source::kRevision:
    case Source::kRecordCount:
    case Source::kPreliminary:
    case Source::kFilled:
    case Source::kComplete:
    case Source::kSealed:
    case Source::kOld:
    case Source::kNew:
    case Source::kVersion:
    case Source::kAt:
    case Source::kCause:
    case Source::kLatePoints:
    case Source::kLatenessMax:
    case Source::kPartition:
    case Source::kRecordsAdded:
    case Source::kPoints:
      break;
  }
  return "";
}

Table DescribeTable(const store::TableSchema& schema) {
  Table out{{{"Column", TypeKind::kVarchar},
             {"Type", TypeKind::kVarchar},
             {"Timestream attribute type", TypeKind::kVarchar}},
            {}};
  for (const plan::ScanColumn& column : TableColumns(schema)) {
    out.rows.push_back(
        {Text(column.name), Text(column.type.ToString()), Text(AttributeOf(column.source))});
  }
  return out;
}

}  // namespace

Result<Table> AnswerMetadata(const ast::Statement& statement, const Namespace& names,
                             store::Store& store, std::string_view default_database) {
  if (statement.kind == ast::StatementKind::kShowDatabases) {
    Table out{{{"Database", TypeKind::kVarchar}}, {}};
    for (const std::string& database : names.Databases()) {
      if (Wanted(statement, database)) out.rows.push_back({Text(database)});
    }
    return out;
  }
  if (statement.kind == ast::StatementKind::kShowTables) return ShowTables(statement, names);
  TM_ASSIGN_OR_RETURN(const TableName table, ResolveTable(names, statement.name, default_database));
  TM_ASSIGN_OR_RETURN(const store::TableSchema schema, store.Schema(table.id));
  if (statement.kind == ast::StatementKind::kDescribe) return DescribeTable(schema);
  return ShowMeasures(statement, schema);
}

}  // namespace tidemark::sql
