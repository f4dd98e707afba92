// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "api/timestream/scheduled_target_internal.h"
#include "api/timestream/write_batch_internal.h"

namespace tidemark::timestream {
namespace {

using store::ValueType;
using store::ValueView;

constexpr Fields::Length kName{.min = 1, .max = 2048};

std::optional<ValueType> TypeOf(std::string_view name) {
  if (name == "DOUBLE") return ValueType::kDouble;
  if (name == "BIGINT") return ValueType::kBigint;
  if (name == "VARCHAR") return ValueType::kVarchar;
  if (name == "BOOLEAN") return ValueType::kBoolean;
  if (name == "TIMESTAMP") return ValueType::kTimestamp;
  if (name == "MULTI") return ValueType::kMulti;
  return std::nullopt;
}

std::string_view NameOf(ValueType type) {
  switch (type) {
    case ValueType::kDouble:
      return "DOUBLE";
    case ValueType::kBigint:
      return "BIGINT";
    case ValueType::kVarchar:
      return "VARCHAR";
    case ValueType::kBoolean:
      return "BOOLEAN";
    case ValueType::kTimestamp:
      return "TIMESTAMP";
    case ValueType::kMulti:
      return "MULTI";
    case ValueType::kNone:
      break;
  }
  return "";
}

ValueType ReadType(Fields& item, ValueType not_allowed, std::string_view allowed) {
  const std::string name = item.RequiredText("MeasureValueType", {});
  const auto type = TypeOf(name);
  if (!type || *type == not_allowed) {
    item.constraints().AddQuoted(name, item.Path("MeasureValueType"),
                                 "Member must satisfy enum value set: " + std::string(allowed));
  }
  return type.value_or(ValueType::kDouble);
}

/// The items of a list member, each with its path.
template <typename F>
void ForEachItem(const JsonValue& list, const std::string& path, Fields& fields, F&& visit) {
  for (size_t i = 0; i < list.array().size(); ++i) {
    const JsonValue& value = list.array()[i];
    if (!value.is_object()) {
      fields.Wrong(path, "a list of objects");
      return;
    }
    Fields item(value, MemberPath(path, i, "") + ".", fields);
    visit(item);
  }
}

std::vector<AttributeMapping> ReadAttributes(Fields& fields, std::string_view name) {
  std::vector<AttributeMapping> out;
  const JsonValue* list = fields.List(name);
  if (list == nullptr) return out;
  if (list->array().empty()) {
    fields.constraints().Add("'[]'", fields.Path(name),
                             "Member must have length greater than or equal to 1");
  }
  ForEachItem(*list, fields.Path(name), fields, [&](Fields& item) {
    AttributeMapping mapping;
    mapping.source = item.RequiredText("SourceColumn", kName);
    mapping.type =
        ReadType(item, ValueType::kMulti, "[BIGINT, BOOLEAN, DOUBLE, VARCHAR, TIMESTAMP]");
    mapping.target = item.Text("TargetMultiMeasureAttributeName", kName).value_or(mapping.source);
    out.push_back(std::move(mapping));
  });
  return out;
}

std::vector<std::string> ReadDimensions(Fields& members) {
  std::vector<std::string> out;
  members.Require("DimensionMappings");
  const JsonValue* list = members.List("DimensionMappings");
  if (list == nullptr) return out;
  ForEachItem(*list, members.Path("DimensionMappings"), members, [&](Fields& item) {
    out.push_back(item.RequiredText("Name", kName));
    const std::string type = item.RequiredText("DimensionValueType", {});
    if (type != "VARCHAR") {
      item.constraints().AddQuoted(type, item.Path("DimensionValueType"),
                                   "Member must satisfy enum value set: [VARCHAR]");
    }
  });
  return out;
}

MeasureMapping ReadMixed(Fields& item) {
  MeasureMapping out;
  out.type = ReadType(item, ValueType::kTimestamp, "[BIGINT, BOOLEAN, DOUBLE, VARCHAR, MULTI]");
  out.when = item.Text("MeasureName", kName).value_or("");
  out.source = item.Text("SourceColumn", kName).value_or("");
  out.target =
      item.Text("TargetMeasureName", kName).value_or(!out.when.empty() ? out.when : out.source);
  out.attributes = ReadAttributes(item, "MultiMeasureAttributeMappings");
  return out;
}

std::optional<Failure> CheckShape(const ScheduledTarget& target) {
  const bool named = !target.measure_name_column.empty();
  for (const MeasureMapping& measure : target.measures) {
    if (measure.type == ValueType::kMulti && measure.attributes.empty()) {
      return Failure::Validation("A mapping of type MULTI needs MultiMeasureAttributeMappings.");
    }
    if (measure.type != ValueType::kMulti && measure.source.empty()) {
      return Failure::Validation("A mapping of type " + std::string(NameOf(measure.type)) +
                                 " needs a SourceColumn.");
    }
    if (!named && measure.target.empty()) {
      return Failure::Validation(
          "Without a MeasureNameColumn each mapping needs a target measure name.");
    }
  }
  return std::nullopt;
}

bool Fits(const sql::Type& type, ValueType wanted) {
  switch (type.kind()) {
    case sql::TypeKind::kDouble:
      return wanted == ValueType::kDouble;
    case sql::TypeKind::kInteger:
    case sql::TypeKind::kBigint:
      return wanted == ValueType::kBigint;
    case sql::TypeKind::kVarchar:
      return wanted == ValueType::kVarchar;
    case sql::TypeKind::kBoolean:
      return wanted == ValueType::kBoolean;
    case sql::TypeKind::kTimestamp:
      return wanted == ValueType::kTimestamp;
    default:
      return false;
  }
}

std::optional<size_t> Find(const std::vector<sql::Column>& columns, std::string_view name) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == name) return i;
  }
  return std::nullopt;
}

std::optional<std::string> CheckColumn(const std::vector<sql::Column>& columns,
                                       std::string_view name, ValueType wanted,
                                       std::string_view role) {
  const auto index = Find(columns, name);
  if (!index) {
    return "The query has no column '" + std::string(name) + "' for the " + std::string(role) + ".";
  }
  const sql::Type& type = columns[*index].type;
  if (Fits(type, wanted)) return std::nullopt;
  return "The column '" + std::string(name) + "' for the " + std::string(role) +
         " must be of type " + std::string(NameOf(wanted)) + ", not " + type.ToString() + ".";
}

/// None: SQL null. The text of a cell lives in the chunk.
std::optional<ValueView> ValueOf(const sql::Value& cell, ValueType type) {
  if (cell.is_null()) return std::nullopt;
  switch (type) {
    case ValueType::kDouble:
      return ValueView::Double(std::get<double>(cell.data));
    case ValueType::kBigint:
      return ValueView::Bigint(std::get<int64_t>(cell.data));
    case ValueType::kVarchar:
      return ValueView::Varchar(std::get<std::string>(cell.data));
    case ValueType::kBoolean:
      return ValueView::Boolean(std::get<bool>(cell.data));
    case ValueType::kTimestamp:
      return ValueView::Timestamp(EventTime{std::get<int64_t>(cell.data)});
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return std::nullopt;
}

size_t BytesOf(const ValueView& value) {
  return value.type() == ValueType::kVarchar ? value.as_varchar().size() : 8;
}

std::optional<std::string> Unstorable(std::string_view name, const ValueView& value) {
  if (value.type() == ValueType::kDouble && !std::isfinite(value.as_double())) {
    return "The value of '" + std::string(name) + "' is not a finite number.";
  }
  if (value.type() == ValueType::kVarchar && value.as_varchar().size() > 2048) {
    return "The value of '" + std::string(name) + "' has more than 2048 bytes.";
  }
  return std::nullopt;
}

std::string TextOf(const ValueView& value) {
  std::string out;
  switch (value.type()) {
    case ValueType::kDouble:
      sql::AppendScalarText(sql::TypeKind::kDouble, {value.as_double()}, out);
      break;
    case ValueType::kBigint:
      return std::to_string(value.as_bigint());
    case ValueType::kVarchar:
      return std::string(value.as_varchar());
    case ValueType::kBoolean:
      return value.as_boolean() ? "true" : "false";
    case ValueType::kTimestamp:
      return std::to_string(value.as_timestamp().ns);
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return out;
}

}  // namespace

std::optional<Failure> ScheduledTarget::Read(const JsonValue& object, Fields& fields,
                                             ScheduledTarget& out) {
  Fields members(object, "targetConfiguration.timestreamConfiguration.", fields);
  out.database = members.RequiredText("DatabaseName", kName);
  out.table = members.RequiredText("TableName", kName);
  out.time_column = members.RequiredText("TimeColumn", kName);
  out.measure_name_column = members.Text("MeasureNameColumn", kName).value_or("");
  out.dimensions = ReadDimensions(members);
  const JsonValue* multi = members.Object("MultiMeasureMappings");
  const JsonValue* mixed = members.List("MixedMeasureMappings");
  if (multi != nullptr) {
    Fields item(*multi, members.Path("MultiMeasureMappings") + ".", fields);
    item.Require("MultiMeasureAttributeMappings");
    MeasureMapping measure;
    measure.target = item.Text("TargetMultiMeasureName", kName).value_or("");
    measure.attributes = ReadAttributes(item, "MultiMeasureAttributeMappings");
    out.measures.push_back(std::move(measure));
  }
  if (mixed != nullptr) {
    if (mixed->array().empty()) {
      fields.constraints().Add("'[]'", members.Path("MixedMeasureMappings"),
                               "Member must have length greater than or equal to 1");
    }
    ForEachItem(*mixed, members.Path("MixedMeasureMappings"), fields,
                [&](Fields& item) { out.measures.push_back(ReadMixed(item)); });
  }
  if (auto failure = fields.failure()) return failure;
  if ((multi != nullptr) == (mixed != nullptr)) {
    return Failure::Validation(
        "The target needs either MultiMeasureMappings or MixedMeasureMappings.");
  }
  if (mixed != nullptr && !out.measure_name_column.empty()) {
    for (const MeasureMapping& measure : out.measures) {
      if (measure.when.empty()) {
        return Failure::Validation("With a MeasureNameColumn each mapping needs a MeasureName.");
      }
    }
  }
  return CheckShape(out);
}

std::optional<std::string> ScheduledTarget::Check(const std::vector<sql::Column>& columns,
                                                  const TableEntry& destination) const {
  if (auto wrong = CheckColumn(columns, time_column, ValueType::kTimestamp, "time")) return wrong;
  if (!measure_name_column.empty()) {
    if (auto wrong =
            CheckColumn(columns, measure_name_column, ValueType::kVarchar, "measure name")) {
      return wrong;
    }
  }
  std::set<std::string_view> names;
  for (const std::string& dimension : dimensions) {
    if (auto wrong = CheckColumn(columns, dimension, ValueType::kVarchar, "dimension")) {
      return wrong;
    }
    if (IsReservedDimension(dimension)) {
      return "The dimension name '" + dimension + "' is reserved.";
    }
    if (!names.insert(dimension).second) {
      return "The dimension '" + dimension + "' is mapped more than once.";
    }
  }
  for (const std::string& required : destination.required_dimensions) {
    if (!names.contains(required)) {
      return "The partition key of the table requires the dimension '" + required +
             "', which is not mapped.";
    }
  }
  for (const MeasureMapping& measure : measures) {
    if (measure.type != ValueType::kMulti) {
      if (auto wrong = CheckColumn(columns, measure.source, measure.type, "measure")) return wrong;
    }
    std::set<std::string_view> targets;
    for (const AttributeMapping& attribute : measure.attributes) {
      if (auto wrong = CheckColumn(columns, attribute.source, attribute.type, "measure")) {
        return wrong;
      }
      if (IsReservedAttribute(attribute.target)) {
        return "The attribute name '" + attribute.target + "' is reserved.";
      }
      if (!targets.insert(attribute.target).second) {
        return "The attribute '" + attribute.target + "' is mapped more than once.";
      }
    }
  }
  return std::nullopt;
}

TargetBatch::TargetBatch(const ScheduledTarget& target, const std::vector<sql::Column>& columns)
    : target_(target) {
  time_ = Find(columns, target.time_column).value_or(0);
  if (!target.measure_name_column.empty())
    measure_name_ = Find(columns, target.measure_name_column);
  for (const std::string& name : target.dimensions) {
    dimension_columns_.push_back(Find(columns, name).value_or(0));
  }
  for (const MeasureMapping& mapping : target.measures) {
    BoundMeasure measure;
    measure.mapping = &mapping;
    measure.source = Find(columns, mapping.source).value_or(0);
    for (const AttributeMapping& attribute : mapping.attributes) {
      measure.attributes.push_back(Find(columns, attribute.source).value_or(0));
    }
    measures_.push_back(std::move(measure));
  }
}

std::string TargetBatch::JsonOf(const Record& record) const {
  JsonWriter out;
  out.BeginObject().Key("dimensions").BeginArray();
  for (size_t i = 0; i < record.dimension_count; ++i) {
    const store::DimensionView& dimension = dimensions_[record.dimensions + i];
    out.BeginObject().Key("name").String(dimension.name).Key("value").String(dimension.value);
    out.Key("dimensionValueType").Null().EndObject();
  }
  out.EndArray().Key("measureName");
  record.measure.empty() ? out.Null() : out.String(record.measure);
  const bool multi = record.field_count > 0;
  const bool value = !multi && record.value.type() != ValueType::kNone;
  out.Key("measureValue");
  value ? out.String(TextOf(record.value)) : out.Null();
  out.Key("measureValues");
  if (multi) {
    out.BeginArray();
    for (size_t i = 0; i < record.field_count; ++i) {
      const store::FieldView& field = fields_[record.fields + i];
      out.BeginObject().Key("name").String(field.name).Key("value").String(TextOf(field.value));
      out.Key("type").String(NameOf(field.value.type())).EndObject();
    }
    out.EndArray();
  } else {
    out.Null();
  }
  out.Key("measureValueType");
  multi ? out.String("MULTI") : (value ? out.String(NameOf(record.value.type())) : out.Null());
  out.Key("time").String(std::to_string(record.time.ns));
  out.Key("timeUnit").String("NANOSECONDS").Key("version").Null().EndObject();
  return std::move(out).Take();
}

bool TargetBatch::AddRecord(const sql::RowChunk& chunk, size_t row, const BoundMeasure& measure,
                            Record record) {
  const MeasureMapping& mapping = *measure.mapping;
  if (!mapping.target.empty()) record.measure = mapping.target;
  size_t bytes = 0;
  std::optional<std::string> wrong;
  if (mapping.type == ValueType::kMulti) {
    record.fields = fields_.size();
    for (size_t i = 0; i < mapping.attributes.size(); ++i) {
      const AttributeMapping& attribute = mapping.attributes[i];
      const auto value = ValueOf(chunk.at(row, measure.attributes[i]), attribute.type);
      if (!value) continue;  // a null is skipped
      if (!wrong) wrong = Unstorable(attribute.target, *value);
      bytes += BytesOf(*value);
      fields_.push_back({attribute.target, *value});
    }
    record.field_count = fields_.size() - record.fields;
    if (record.field_count == 0) return false;
    if (!wrong && bytes > 2048) {
      wrong = "The measure values of the record have more than 2048 bytes together.";
    }
  } else {
    const auto value = ValueOf(chunk.at(row, measure.source), mapping.type);
    if (!value) return false;
    record.value = *value;
    bytes = BytesOf(*value);
    wrong = Unstorable(record.measure, *value);
  }
  if (wrong) {
    errors_.push_back({std::move(*wrong), JsonOf(record)});
    return true;
  }
  bytes_ += bytes + record.measure.size() + 8;
  for (size_t i = 0; i < record.dimension_count; ++i) {
    const store::DimensionView& dimension = dimensions_[record.dimensions + i];
    bytes_ += dimension.name.size() + dimension.value.size();
  }
  records_.push_back(record);
  return true;
}

void TargetBatch::AddRow(const sql::RowChunk& chunk, size_t row, const TableEntry& destination) {
  Record record;
  record.dimensions = dimensions_.size();
  std::optional<std::string> wrong;
  for (size_t i = 0; i < dimension_columns_.size(); ++i) {
    const sql::Value& cell = chunk.at(row, dimension_columns_[i]);
    if (cell.is_null()) continue;
    const std::string& value = std::get<std::string>(cell.data);
    if (value.empty() && !wrong) {
      wrong = "The value of dimension '" + target_.dimensions[i] + "' must not be empty.";
    }
    dimensions_.push_back({target_.dimensions[i], value});
  }
  record.dimension_count = dimensions_.size() - record.dimensions;
  const sql::Value& time = chunk.at(row, time_);
  if (!time.is_null()) record.time = EventTime{std::get<int64_t>(time.data)};
  if (measure_name_ && !chunk.at(row, *measure_name_).is_null()) {
    record.measure = std::get<std::string>(chunk.at(row, *measure_name_).data);
  }
  const auto dimensions =
      std::span<const store::DimensionView>(dimensions_).subspan(record.dimensions);
  if (!wrong && dimensions.empty()) wrong = "At least one dimension is required for a record.";
  if (!wrong && time.is_null()) wrong = "Invalid time for record.";
  if (!wrong && measure_name_ && record.measure.empty()) {
    wrong = "A measure name is required for a record.";
  }
  if (!wrong) wrong = RefusalOfDimensions(dimensions, destination);
  if (wrong) {
    errors_.push_back({std::move(*wrong), JsonOf(record)});
    return;
  }
  bool any = false;
  for (const BoundMeasure& measure : measures_) {
    if (!measure.mapping->when.empty() && measure_name_ &&
        measure.mapping->when != record.measure) {
      continue;
    }
    any = AddRecord(chunk, row, measure, record) || any;
  }
  if (!any) {
    errors_.push_back(
        {"The row has no measure value: all mapped columns are null.", JsonOf(record)});
  }
}

Result<void> TargetBatch::Build(const sql::RowChunk& chunk, size_t begin, size_t end,
                                const TableEntry& destination, store::Store& store,
                                int64_t version) {
  dimensions_.clear();
  fields_.clear();
  records_.clear();
  points_.clear();
  point_records_.clear();
  for (size_t row = begin; row < end; ++row) AddRow(chunk, row, destination);
  std::vector<store::SeriesKeyView> keys;
  keys.reserve(records_.size());
  for (const Record& record : records_) {
    const auto dimensions = std::span<const store::DimensionView>(dimensions_)
                                .subspan(record.dimensions, record.dimension_count);
    keys.push_back({destination.def.id,
                    record.measure,
                    dimensions,
                    record.field_count > 0 ? ValueType::kMulti : record.value.type(),
                    {}});
  }
  TM_ASSIGN_OR_RETURN(std::vector<store::Resolved> resolved, store.Resolve(keys));
  for (size_t i = 0; i < records_.size(); ++i) {
    const Record& record = records_[i];
    if (resolved[i].rejection != store::RejectReason::kNone) {
      errors_.push_back({std::move(resolved[i].text), JsonOf(record)});
      continue;
    }
    store::PointView point{.series = resolved[i].series, .time = record.time, .version = version};
    point.value = record.field_count == 0
                      ? record.value
                      : ValueView::Multi(std::span<const store::FieldView>(fields_).subspan(
                            record.fields, record.field_count));
    points_.push_back(point);
    point_records_.push_back(i);
  }
  return {};
}

void TargetBatch::Refuse(size_t index, std::string reason) {
  errors_.push_back({std::move(reason), JsonOf(records_[point_records_[index]])});
}

}  // namespace tidemark::timestream
