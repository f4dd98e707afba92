// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "api/timestream/write_batch_internal.h"
#include "base/numbers.h"

namespace tidemark::timestream {
namespace {

using store::DimensionView;
using store::FieldView;
using store::ValueType;
using store::ValueView;

constexpr size_t kAttributesMax = 256;       // per record: timestream-api.md 4.9
constexpr size_t kAttributeBytesMax = 2048;  // values of one MULTI record: 4.9
constexpr size_t kDimensionBytesMax = 2048;  // names and values of one series: 4.9

int64_t NanosecondsOf(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kMilliseconds:
      return 1'000'000;
    case TimeUnit::kSeconds:
      return 1'000'000'000;
    case TimeUnit::kMicroseconds:
      return 1'000;
    case TimeUnit::kNanoseconds:
      return 1;
  }
  TM_UNREACHABLE();
}

std::optional<EventTime> ParseTime(std::string_view text, int64_t unit_ns) {
  const std::optional<int64_t> count = ParseInt64(text);
  int64_t ns = 0;
  if (!count || __builtin_mul_overflow(*count, unit_ns, &ns)) return std::nullopt;
  return EventTime{ns};
}

bool EqualsLowerCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

// timestream-api.md 4.1. None: not a value of that type.
std::optional<ValueView> ParseValue(std::string_view text, ValueType type, int64_t unit_ns) {
  switch (type) {
    case ValueType::kDouble: {
      const std::optional<double> value = ParseFiniteDouble(text);
      return value ? std::optional(ValueView::Double(*value)) : std::nullopt;
    }
    case ValueType::kBigint: {
      const std::optional<int64_t> value = ParseInt64(text);
      return value ? std::optional(ValueView::Bigint(*value)) : std::nullopt;
    }
    case ValueType::kVarchar:
      return ValueView::Varchar(text);
    case ValueType::kBoolean:
      if (EqualsLowerCase(text, "true")) return ValueView::Boolean(true);
      if (EqualsLowerCase(text, "false")) return ValueView::Boolean(false);
      return std::nullopt;
    case ValueType::kTimestamp: {
      const std::optional<EventTime> value = ParseTime(text, unit_ns);
      return value ? std::optional(ValueView::Timestamp(*value)) : std::nullopt;
    }
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return std::nullopt;
}

bool HasControlOrQuote(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c < 0x20 || c == 0x7f || c == '"') return true;
    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
    if (name.substr(i, 2) == "\xE2\x80" && i + 2 < name.size() &&
        (name[i + 2] == '\xA8' || name[i + 2] == '\xA9')) {
      return true;
    }
  }
  return false;
}

Failure BadName(std::string_view what, std::string_view name) {
  return Failure::Validation("The " + std::string(what) + " name '" + std::string(name) +
                             "' is reserved or holds a character that names may not have.");
}

Failure BadValue(std::string_view name, std::string_view text, std::string_view type) {
  return Failure::Validation("The value '" + std::string(text.substr(0, 100)) + "' of measure '" +
                             std::string(name) + "' is not a valid " + std::string(type) + ".");
}

std::string UpperTypeName(ValueType type) {
  std::string out(store::ValueTypeName(type));
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// Quadratic while short, as nearly all are; 128 dimensions sort.
template <typename T>
std::optional<std::string_view> RepeatedName(std::span<const T> items) {
  if (items.size() <= 16) {
    for (size_t i = 1; i < items.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (items[i].name == items[j].name) return items[i].name;
      }
    }
    return std::nullopt;
  }
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const T& item : items) names.push_back(item.name);
  std::sort(names.begin(), names.end());
  const auto it = std::adjacent_find(names.begin(), names.end());
  return it == names.end() ? std::nullopt : std::optional(*it);
}

template <typename T>
std::span<const T> Part(const std::vector<T>& all, ListRange range) {
  return std::span<const T>(all).subspan(range.begin, range.count);
}

std::optional<Failure> CheckNames(const WriteRequest& request) {
  for (const DimensionView& dimension : request.dimensions()) {
    if (IsReservedDimension(dimension.name)) return BadName("dimension", dimension.name);
    if (dimension.value.empty()) {
      return Failure::Validation("The value of dimension '" + std::string(dimension.name) +
                                 "' must not be empty.");
    }
  }
  for (const AttributeView& attribute : request.attributes()) {
    if (IsReservedAttribute(attribute.name)) return BadName("measure", attribute.name);
  }
  return std::nullopt;
}

}  // namespace

bool IsReservedDimension(std::string_view name) {
  return name == "time" || name == "measure_name" || name.starts_with("measure_value") ||
         name.starts_with("ts_") || name.find(':') != std::string_view::npos ||
         HasControlOrQuote(name);
}
bool IsReservedAttribute(std::string_view name) {
  return name == "time" || name == "measure_value" || name.starts_with("ts_") ||
         name.starts_with("measure_name") || HasControlOrQuote(name);
}

std::optional<std::string> RefusalOfDimensions(std::span<const DimensionView> dimensions,
                                               const TableEntry& table) {
  for (const std::string& required : table.required_dimensions) {
    const bool present =
        std::any_of(dimensions.begin(), dimensions.end(),
                    [&](const DimensionView& dimension) { return dimension.name == required; });
    if (!present) {
      return "The record has no dimension '" + required +
             "', which the table's partition key requires.";
    }
  }
  size_t bytes = 0;
  for (const DimensionView& d : dimensions) bytes += d.name.size() + d.value.size();
  if (bytes <= kDimensionBytesMax) return std::nullopt;
  return "The names and values of a record's dimensions may have " +
         std::to_string(kDimensionBytesMax) + " bytes together, these have " +
         std::to_string(bytes) + ".";
}

std::optional<Failure> WriteBatchBuilder::MergeDimensions(const WriteRequest& request,
                                                          const RecordView& record,
                                                          std::span<const DimensionView>& out) {
  const auto common = Part(request.dimensions(), request.common().dimensions);
  const auto own = Part(request.dimensions(), record.dimensions);
  if (own.empty() || common.empty()) {
    out = own.empty() ? common : own;
  } else {
    // Capacity was reserved for all records: spans of earlier ones stay valid.
    const size_t begin = dimensions_.size();
    dimensions_.insert(dimensions_.end(), common.begin(), common.end());
    dimensions_.insert(dimensions_.end(), own.begin(), own.end());
    out = std::span<const DimensionView>(dimensions_).subspan(begin);
  }
  if (out.empty()) return Failure::Validation("At least one dimension is required for a record.");
  if (out.size() > WriteRequest::kDimensionsMax) {
    return Failure::Validation("A record has at most " +
                               std::to_string(WriteRequest::kDimensionsMax) + " dimensions.");
  }
  // CommonAttributes alone were checked once.
  if (own.empty()) return std::nullopt;
  if (const auto name = RepeatedName(out)) {
    return Failure::Validation("The dimension '" + std::string(*name) +
                               "' is given more than once for a record.");
  }
  return std::nullopt;
}

std::optional<Failure> WriteBatchBuilder::AddFields(const WriteRequest& request,
                                                    const RecordView& record, int64_t unit_ns) {
  const size_t begin = fields_.size();
  size_t bytes = 0;
  for (const ListRange range : {request.common().attributes, record.attributes}) {
    for (const AttributeView& attribute : Part(request.attributes(), range)) {
      if (attribute.type == ValueType::kMulti) {
        return Failure::Validation("MULTI is an invalid measure value type for '" +
                                   std::string(attribute.name) + "' inside MeasureValues.");
      }
      const auto value = ParseValue(attribute.value, attribute.type, unit_ns);
      if (!value) return BadValue(attribute.name, attribute.value, UpperTypeName(attribute.type));
      bytes += attribute.type == ValueType::kVarchar ? attribute.value.size() : 8;
      fields_.push_back({attribute.name, *value});
    }
  }
  const auto fields = std::span<const FieldView>(fields_).subspan(begin);
  if (fields.empty()) return Failure::Validation("A MULTI record needs MeasureValues.");
  if (fields.size() > kAttributesMax || bytes > kAttributeBytesMax) {
    return Failure::Validation("A MULTI record has at most " + std::to_string(kAttributesMax) +
                               " measure values of " + std::to_string(kAttributeBytesMax) +
                               " bytes together.");
  }
  if (const auto name = RepeatedName(fields)) {
    return Failure::Validation("The measure value '" + std::string(*name) +
                               "' is given more than once for a record.");
  }
  return std::nullopt;
}

std::optional<Failure> WriteBatchBuilder::AddRecord(const WriteRequest& request,
                                                    const RecordView& record,
                                                    const TableEntry& table) {
  const RecordView& common = request.common();
  std::span<const DimensionView> dimensions;
  if (auto failure = MergeDimensions(request, record, dimensions)) return failure;

  const auto name = record.measure_name ? record.measure_name : common.measure_name;
  if (!name) return Failure::Validation("A measure name is required for a record.");
  if (HasControlOrQuote(*name)) return BadName("measure", *name);
  const ValueType type = record.type.value_or(common.type.value_or(ValueType::kDouble));
  const int64_t unit_ns =
      NanosecondsOf(record.unit.value_or(common.unit.value_or(TimeUnit::kMilliseconds)));
  const auto time_text = record.time ? record.time : common.time;
  const auto time = time_text ? ParseTime(*time_text, unit_ns) : std::nullopt;
  if (!time) return Failure::Validation("Invalid time for record.");
  const int64_t version = record.version.value_or(common.version.value_or(1));
  if (version < 1) {
    return Failure::Validation("A record version must be 1 or more, not " +
                               std::to_string(version) + ".");
  }

  const auto text = record.measure_value ? record.measure_value : common.measure_value;
  const bool has_attributes = record.attributes.count + common.attributes.count > 0;
  store::PointView point{.time = *time, .version = version};
  ListRange fields{static_cast<uint32_t>(fields_.size()), 0};
  if (type == ValueType::kMulti) {
    if (text) return Failure::Validation("A MULTI record takes MeasureValues, not MeasureValue.");
    if (auto failure = AddFields(request, record, unit_ns)) return failure;
    fields.count = static_cast<uint32_t>(fields_.size()) - fields.begin;
  } else {
    if (has_attributes) {
      return Failure::Validation("MeasureValues need the measure value type MULTI.");
    }
    if (type == ValueType::kTimestamp) {
      return Failure::Validation("TIMESTAMP is an invalid measure value type.");
    }
    if (!text) return Failure::Validation("A measure value is required for a record.");
    const auto value = ParseValue(*text, type, unit_ns);
    if (!value) return BadValue(*name, *text, UpperTypeName(type));
    point.value = *value;
  }

  const auto index = static_cast<uint32_t>(&record - request.records().data());
  if (auto reason = RefusalOfDimensions(dimensions, table)) {
    rejected_.push_back({index, std::move(*reason), std::nullopt});
    return std::nullopt;
  }
  keys_.push_back({table.def.id, *name, dimensions, type, {}});
  points_.push_back(point);
  field_ranges_.push_back(fields);
  records_.push_back(index);
  return std::nullopt;
}

std::optional<Failure> WriteBatchBuilder::Build(const WriteRequest& request,
                                                const TableEntry& table, store::Store& store) {
  dimensions_.clear();
  fields_.clear();
  field_ranges_.clear();
  keys_.clear();
  points_.clear();
  records_.clear();
  rejected_.clear();
  if (auto failure = CheckNames(request)) return failure;
  const auto common_dimensions = Part(request.dimensions(), request.common().dimensions);
  if (const auto name = RepeatedName(common_dimensions)) {
    return Failure::Validation("The dimension '" + std::string(*name) +
                               "' is given more than once in CommonAttributes.");
  }
  const size_t n = request.records().size();
  dimensions_.reserve(request.dimensions().size() + n * common_dimensions.size());
  fields_.reserve(request.attributes().size() + n * request.common().attributes.count);
  for (const RecordView& record : request.records()) {
    if (auto failure = AddRecord(request, record, table)) return failure;
  }

  Result<std::vector<store::Resolved>> resolved = store.Resolve(keys_);
  if (!resolved.ok()) return Failure::Of(resolved.error(), Phase::kWrite);
  size_t kept = 0;
  for (size_t i = 0; i < points_.size(); ++i) {
    store::Resolved& series = (*resolved)[i];
    if (series.rejection != store::RejectReason::kNone) {
      rejected_.push_back({records_[i], std::move(series.text), std::nullopt});
      continue;
    }
    store::PointView& point = points_[kept] = points_[i];
    records_[kept++] = records_[i];
    point.series = series.series;
    if (field_ranges_[i].count > 0) {
      point.value = ValueView::Multi(Part(fields_, field_ranges_[i]));
    }
  }
  points_.resize(kept);
  records_.resize(kept);
  std::sort(rejected_.begin(), rejected_.end(),
            [](const auto& a, const auto& b) { return a.record < b.record; });
  return std::nullopt;
}

}  // namespace tidemark::timestream
