// SPDX-License-Identifier: Apache-2.0
// FROM: tables, CTEs, sub-queries (timestream-sql.md 2).
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::ScanColumn;

namespace {

/// Relations of one statement; a bound against statements that grow by repetition.
constexpr uint32_t kRelationsMax = 1000;

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

TypeKind SqlType(store::ValueType type) {
  switch (type) {
    case store::ValueType::kDouble:
      return TypeKind::kDouble;
    case store::ValueType::kBigint:
      return TypeKind::kBigint;
    case store::ValueType::kVarchar:
      return TypeKind::kVarchar;
    case store::ValueType::kBoolean:
      return TypeKind::kBoolean;
    case store::ValueType::kTimestamp:
      return TypeKind::kTimestamp;
    case store::ValueType::kNone:
    case store::ValueType::kMulti:
      break;
  }
  return TypeKind::kUnknown;
}

}  // namespace

std::optional<std::string> NearestByCase(const std::vector<std::string>& known,
                                         std::string_view name) {
  std::optional<std::string> found;
  for (const std::string& candidate : known) {
    if (candidate == name) return candidate;
  }
  for (const std::string& candidate : known) {
    if (LowerCase(candidate) != LowerCase(name)) continue;
    if (found) return std::nullopt;
    found = candidate;
  }
  return found;
}

Error NotFoundAt(Place place, std::string_view message, std::string_view suggestion) {
  Error error = ErrorAt(place, message, suggestion);
  error.code = Code::kNotFound;
  return error;
}

std::string Suggest(std::string_view wrong, const std::vector<std::string>& known) {
  const std::string lower = LowerCase(wrong.substr(0, 64));
  size_t best = lower.size() <= 3 ? 2 : lower.size() / 3 + 2;
  const std::string* nearest = nullptr;
  for (const std::string& candidate : known) {
    if (candidate.empty() || candidate.size() > 64) continue;
    const size_t distance = EditDistance(lower, LowerCase(candidate));
    if (distance < best) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? std::string() : fmt::format("did you mean '{}'?", *nearest);
}

Result<std::string> ResolveDatabase(const Namespace& names, const ast::Name& name) {
  const std::vector<std::string> databases = names.Databases();
  std::optional<std::string> database = NearestByCase(databases, name.text);
  if (!database) {
    return NotFoundAt(name.place, fmt::format("Database '{}' does not exist", name.text),
                      Suggest(name.text, databases));
  }
  return *std::move(database);
}

Result<TableName> ResolveTable(const Namespace& names, const std::vector<ast::Name>& name,
                               std::string_view default_database) {
  if (name.size() > 2) {
    return ErrorAt(name[0].place, "a table's name has two parts: \"database\".\"table\"");
  }
  ast::Name database{std::string(default_database), name[0].place};
  if (name.size() == 2) database = name[0];
  if (database.text.empty()) {
    return ErrorAt(name[0].place,
                   fmt::format("table '{}' needs its database in front", name[0].text),
                   "write \"database\".\"table\"");
  }
  TableName out;
  TM_ASSIGN_OR_RETURN(out.database, ResolveDatabase(names, database));
  const ast::Name& table = name.back();
  Result<std::vector<std::string>> tables = names.Tables(out.database);
  if (!tables.ok()) return std::move(tables).error();
  std::optional<std::string> found = NearestByCase(*tables, table.text);
  if (!found) {
    return NotFoundAt(table.place,
                      fmt::format("Table '{}.{}' does not exist", out.database, table.text),
                      Suggest(table.text, *tables));
  }
  out.table = *std::move(found);
  TM_ASSIGN_OR_RETURN(out.id, names.Find(out.database, out.table));
  return out;
}

std::vector<ScanColumn> TableColumns(const store::TableSchema& schema) {
  std::vector<ScanColumn> columns;
  for (const std::string& dimension : schema.dimensions) {
    columns.push_back(
        {ScanColumn::Source::kDimension, dimension, store::ValueType::kNone, TypeKind::kVarchar});
  }
  columns.push_back({ScanColumn::Source::kMeasureName, "measure_name", store::ValueType::kNone,
                     TypeKind::kVarchar});
  columns.push_back(
      {ScanColumn::Source::kTime, "time", store::ValueType::kNone, TypeKind::kTimestamp});
  for (const store::FieldDef& field : schema.columns) {
    const bool single = field.name.empty();
    std::string name =
        single ? fmt::format("measure_value::{}", store::ValueTypeName(field.type)) : field.name;
    columns.push_back({single ? ScanColumn::Source::kSingle : ScanColumn::Source::kField,
                       std::move(name), field.type, SqlType(field.type)});
  }
  return columns;
}

std::vector<Field> Binder::ColumnsOf(const plan::Relation& relation) {
  std::vector<Field> fields;
  fields.reserve(relation.columns.size());
  for (const plan::Column& column : relation.columns) {
    auto expr = std::make_shared<plan::Expr>();
    expr->kind = plan::ExprKind::kColumn;
    expr->type = column.type;
    expr->relation = relation.id;
    expr->column = column.number;
    expr->may_nan = column.may_nan;
    fields.push_back({relation.alias, relation.database, column.name, std::move(expr)});
  }
  return fields;
}

Result<From> Binder::BindFrom(const ast::Relation& relation, const Outside& outside) {
  if (relation.kind == ast::RelationKind::kJoin) return BindJoin(relation, outside);
  if (relation.kind == ast::RelationKind::kUnnest) return BindUnnest(relation, outside);
  From out;
  TM_ASSIGN_OR_RETURN(out.relation, BindRelation(relation, outside));
  out.fields = ColumnsOf(out.relation);
  return out;
}

Result<plan::Relation> Binder::BindRelation(const ast::Relation& relation, const Outside& outside) {
  if (next_relation_ > kRelationsMax)
    return ErrorAt(relation.place, "the statement has too many relations");
  switch (relation.kind) {
    case ast::RelationKind::kJoin:
    case ast::RelationKind::kUnnest:
      break;  // BindFrom
    case ast::RelationKind::kFunction:
      return BindTableFunction(relation);
    case ast::RelationKind::kTable:
      return BindTable(relation);
    case ast::RelationKind::kQuery: {
      const uint32_t id = next_relation_++;
      TM_ASSIGN_OR_RETURN(plan::Query query, BindQuery(*relation.query, outside));
      plan::Relation out = FromQuery(id, std::move(query));
      out.lateral = relation.lateral;
      TM_RETURN_IF_ERROR(Rename(relation, out));
      return out;
    }
  }
  TM_UNREACHABLE();
}

Result<void> Binder::Rename(const ast::Relation& relation, plan::Relation& out) const {
  if (relation.alias) {
    out.alias = relation.alias->text;
    out.database.clear();
  }
  if (relation.column_aliases.empty()) return {};
  if (relation.column_aliases.size() != out.columns.size()) {
    return ErrorAt(relation.alias->place,
                   fmt::format("'{}' has {} columns, {} names are given", out.alias,
                               out.columns.size(), relation.column_aliases.size()));
  }
  for (size_t i = 0; i < out.columns.size(); ++i)
    out.columns[i].name = relation.column_aliases[i].text;
  return {};
}

Result<plan::Relation> Binder::BindTable(const ast::Relation& relation) {
  if (relation.name.size() == 1) {
    for (auto cte = ctes_.rbegin(); cte != ctes_.rend(); ++cte) {
      if (LowerCase(cte->name) != LowerCase(relation.name[0].text)) continue;
      plan::Relation out;
      out.kind = plan::Relation::Kind::kCte;
      out.id = next_relation_++;
      out.cte = cte->id;
      out.alias = relation.name[0].text;
      out.columns = cte->columns;
      TM_RETURN_IF_ERROR(Rename(relation, out));
      return out;
    }
  }
  TM_ASSIGN_OR_RETURN(const TableName table,
                      ResolveTable(names_, relation.name, options_.database));
  TM_ASSIGN_OR_RETURN(const store::TableSchema schema, store_.Schema(table.id));
  plan::TableScan scan;
  scan.table_name = fmt::format("\"{}\".\"{}\"", table.database, table.table);
  scan.database = table.database;
  scan.table = table.table;
  scan.selection.table = table.id;
  plan::Relation out = AddScan(std::move(scan), TableColumns(schema));
  out.alias = relation.name.back().text;
  out.database = table.database;
  TM_RETURN_IF_ERROR(Rename(relation, out));
  return out;
}

plan::Relation Binder::AddScan(plan::TableScan scan, std::vector<ScanColumn> columns) {
  plan::Relation out;
  out.kind = plan::Relation::Kind::kScan;
  out.id = next_relation_++;
  out.scan = plan_.scans.size();
  const auto time = std::find_if(columns.begin(), columns.end(), [](const ScanColumn& c) {
    return c.source == ScanColumn::Source::kTime;
  });
  scan.columns.push_back(*time);
  uint32_t next = 1;
  for (const ScanColumn& column : columns) {
    const bool is_time = column.source == ScanColumn::Source::kTime;
    out.columns.push_back({column.name, column.type, is_time ? 0 : next++});
    if (!is_time) scan.columns.push_back(column);
  }
  scan.columns.push_back(
      {ScanColumn::Source::kSeriesKey, "", store::ValueType::kNone, TypeKind::kVarchar});
  scan.relation = out.id;
  scan_of_.emplace(out.id, plan_.scans.size());
  plan_.scans.push_back(std::move(scan));
  return out;
}

}  // namespace tidemark::sql
