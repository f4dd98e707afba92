// SPDX-License-Identifier: Apache-2.0
#include "pipeline/json_record.h"

#include <simdjson.h>

#include <algorithm>
#include <array>

#include "base/numbers.h"

namespace tidemark::pipeline {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kValueBytesMax = 2048;  // timestream-api.md 4.1

bool EqualsNoCase(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
         });
}

std::optional<store::ValueType> TypeFromName(std::string_view name) {
  if (name == "DOUBLE") return store::ValueType::kDouble;
  if (name == "BIGINT") return store::ValueType::kBigint;
  if (name == "VARCHAR") return store::ValueType::kVarchar;
  if (name == "BOOLEAN") return store::ValueType::kBoolean;
  return std::nullopt;
}

std::optional<TimeUnit> UnitFromName(std::string_view name) {
  if (name == "SECONDS") return TimeUnit::kSeconds;
  if (name == "MILLISECONDS") return TimeUnit::kMilliseconds;
  if (name == "MICROSECONDS") return TimeUnit::kMicroseconds;
  if (name == "NANOSECONDS") return TimeUnit::kNanoseconds;
  return std::nullopt;
}

enum class Role : uint8_t { kDimension, kMeasure, kValue, kType, kTime, kUnit, kIgnored };

}  // namespace

bool IsSystemName(std::string_view name) {
  return name == "measure_value" || name == "time" || name.starts_with("ts_") ||
         name.starts_with("measure_name");
}

std::optional<EventTime> TimeFromUnits(int64_t count, TimeUnit unit) {
  int64_t factor = 1;
  switch (unit) {
    case TimeUnit::kSeconds:
      factor = 1'000'000'000;
      break;
    case TimeUnit::kMilliseconds:
      factor = 1'000'000;
      break;
    case TimeUnit::kMicroseconds:
      factor = 1'000;
      break;
    case TimeUnit::kNanoseconds:
      break;
  }
  int64_t ns = 0;
  if (__builtin_mul_overflow(count, factor, &ns)) return std::nullopt;
  const EventTime time{ns};
  if (time < kEventTimeMin || time >= kEventTimeMax) return std::nullopt;
  return time;
}

struct JsonRecordParser::Impl {
  Impl(const catalog::MappingDef& m, std::vector<std::string> asked)
      : mapping(m),
        every_dimension(std::ranges::find(m.dimensions, "*") != m.dimensions.end()),
        unit_of_times(UnitFromName(m.time_unit).value_or(TimeUnit::kMilliseconds)),
        fields(std::move(asked)) {}

  Role RoleOf(std::string_view key) const {
    if (key == mapping.measure_name) return Role::kMeasure;
    if (key == mapping.measure_value) return Role::kValue;
    if (key == mapping.measure_type) return Role::kType;
    if (key == mapping.time) return Role::kTime;
    if (key == mapping.time_unit) return Role::kUnit;
    if (key == mapping.punctuation) return Role::kIgnored;
    if (every_dimension || std::ranges::find(mapping.dimensions, key) != mapping.dimensions.end()) {
      return Role::kDimension;
    }
    return Role::kIgnored;
  }

  bool Fail(DeadLetter& dead, DeadReason reason, std::string_view field,
            std::string message) const {
    dead.reason = reason;
    dead.field = field;
    dead.message = std::move(message);
    return false;
  }

  /// The text of a number exactly as it stands in the record; DOM keeps only its value.
  std::optional<std::string_view> NumberText(std::string_view payload, std::string_view field) {
    simdjson::ondemand::document document;
    const simdjson::padded_string_view view(payload, payload.size() + simdjson::SIMDJSON_PADDING);
    if (raw_parser.iterate(view).get(document)) return std::nullopt;
    simdjson::ondemand::object object;
    if (document.get_object().get(object)) return std::nullopt;
    for (auto entry : object) {
      std::string_view key;
      if (entry.unescaped_key().get(key)) return std::nullopt;
      if (key != field) continue;
      simdjson::ondemand::value found;
      if (entry.value().get(found)) return std::nullopt;
      std::string_view token = found.raw_json_token();
      while (!token.empty() && (token.back() == ' ' || token.back() == '\n' ||
                                token.back() == '\r' || token.back() == '\t')) {
        token.remove_suffix(1);
      }
      return token;
    }
    return std::nullopt;
  }

  /// String, or the JSON text of a number; none otherwise.
  std::optional<std::string_view> TextOf(std::string_view payload, std::string_view field,
                                         const dom::element& element, bool& quoted) {
    quoted = element.is_string();
    if (quoted) return std::string_view(element.get_string().value_unsafe());
    if (element.is_number()) return NumberText(payload, field);
    return std::nullopt;
  }

  bool Read(std::string_view payload, DeadLetter& dead);
  bool ReadDimension(std::string_view payload, std::string_view key, const dom::element& element,
                     DeadLetter& dead);
  bool ReadValue(std::string_view payload, DeadLetter& dead);
  bool ReadTime(std::string_view payload, std::string_view field, DeadLetter& dead);
  void KeepField(std::string_view payload, std::string_view key, const dom::element& element);
  bool Complete(std::string_view payload, DeadLetter& dead);

  const catalog::MappingDef mapping;
  const bool every_dimension;
  const TimeUnit unit_of_times;  // where the record says none
  const std::vector<std::string> fields;
  dom::parser parser;
  simdjson::ondemand::parser raw_parser;
  JsonRecord record;
  std::vector<std::string_view> keys;
  std::optional<dom::element> measure, value, type, time, unit;
};

bool JsonRecordParser::Impl::ReadDimension(std::string_view payload, std::string_view key,
                                           const dom::element& element, DeadLetter& dead) {
  std::string_view text;
  if (element.is_null()) return true;  // absent
  if (element.is_string()) {
    text = element.get_string().value_unsafe();
  } else if (element.is_bool()) {
    text = element.get_bool().value_unsafe() ? "true" : "false";
  } else if (element.is_number()) {
    text = NumberText(payload, key).value_or("");
  } else {
    return Fail(dead, DeadReason::kSchema, key,
                "a dimension must be a string, a number, true or false");
  }
  if (text.empty()) return Fail(dead, DeadReason::kSchema, key, "a dimension may not be empty");
  if (key.empty() || key.size() > kDimensionNameBytesMax) {
    return Fail(dead, DeadReason::kSchema, key, "a dimension's name has 1 to 60 bytes");
  }
  if (IsSystemName(key)) {
    return Fail(dead, DeadReason::kSchema, key, "this name is kept for SQL: rename the dimension");
  }
  if (text.size() > kDimensionValueBytesMax) {
    return Fail(dead, DeadReason::kSchema, key, "a dimension's value has at most 2048 bytes");
  }
  record.dimensions.push_back({key, text});
  return true;
}

/// Keeps the text of a field that is no object, list or null, as a dimension's.
void JsonRecordParser::Impl::KeepField(std::string_view payload, std::string_view key,
                                       const dom::element& element) {
  if (element.is_string()) {
    record.fields.push_back({key, element.get_string().value_unsafe()});
  } else if (element.is_bool()) {
    record.fields.push_back({key, element.get_bool().value_unsafe() ? "true" : "false"});
  } else if (element.is_number()) {
    record.fields.push_back({key, NumberText(payload, key).value_or("")});
  }
}

bool JsonRecordParser::Impl::ReadValue(std::string_view payload, DeadLetter& dead) {
  const std::string_view field = mapping.measure_value;
  const auto text = TextOf(payload, field, *value, record.value_quoted);
  if (!text) return Fail(dead, DeadReason::kValue, field, "the value must be a string or a number");
  if (text->empty()) return Fail(dead, DeadReason::kSchema, field, "the value is empty");
  record.value_text = *text;
  switch (record.type) {
    case store::ValueType::kDouble:
      if (const auto v = ParseFiniteDouble(*text)) {
        record.value = store::ValueView::Double(*v);
        return true;
      }
      return Fail(dead, DeadReason::kValue, field, "not a finite decimal number (DOUBLE)");
    case store::ValueType::kBigint:
      if (const auto v = ParseInt64(*text)) {
        record.value = store::ValueView::Bigint(*v);
        return true;
      }
      return Fail(dead, DeadReason::kValue, field, "not a whole number of 64 bits (BIGINT)");
    case store::ValueType::kBoolean:
      if (EqualsNoCase(*text, "true") || EqualsNoCase(*text, "false")) {
        record.value = store::ValueView::Boolean(EqualsNoCase(*text, "true"));
        return true;
      }
      return Fail(dead, DeadReason::kValue, field, "neither true nor false (BOOLEAN)");
    default:
      if (text->size() > kValueBytesMax) {
        return Fail(dead, DeadReason::kValue, field, "a VARCHAR has at most 2048 bytes");
      }
      record.value = store::ValueView::Varchar(*text);
      return true;
  }
}

bool JsonRecordParser::Impl::ReadTime(std::string_view payload, std::string_view field,
                                      DeadLetter& dead) {
  const auto text = TextOf(payload, field, *time, record.time_quoted);
  if (!text || text->empty()) {
    return Fail(
        dead, time->is_null() || (text && text->empty()) ? DeadReason::kSchema : DeadReason::kTime,
        field, "the time is empty or not a whole number");
  }
  record.time_text = *text;
  const auto count = ParseInt64(*text);
  if (!count)
    return Fail(dead, DeadReason::kTime, field, "the time is not a whole number of 64 bits");
  const auto when = TimeFromUnits(*count, record.unit);
  if (!when) {
    return Fail(dead, DeadReason::kTime, field,
                "the time lies outside 1700-01-01..2250-01-01: is the unit right?");
  }
  record.time = *when;
  return true;
}

bool JsonRecordParser::Impl::Complete(std::string_view payload, DeadLetter& dead) {
  const auto missing = [&](std::string_view field) {
    return Fail(dead, DeadReason::kSchema, field, "the field is missing");
  };
  if (!measure) return missing(mapping.measure_name);
  if (!value) return missing(mapping.measure_value);
  if (!time) return missing(mapping.time);
  if (!measure->is_string() || measure->get_string().value_unsafe().empty()) {
    return Fail(dead, DeadReason::kSchema, mapping.measure_name,
                "the measure name must be a string, not empty");
  }
  record.measure = measure->get_string().value_unsafe();
  if (record.measure.size() > kMeasureNameBytesMax || IsSystemName(record.measure)) {
    return Fail(dead, DeadReason::kSchema, mapping.measure_name,
                "a measure name has at most 256 bytes and is none that SQL keeps for itself");
  }
  record.type = store::ValueType::kDouble;
  if (type && !type->is_null()) {
    const auto named =
        type->is_string() ? TypeFromName(type->get_string().value_unsafe()) : std::nullopt;
    if (!named) {
      return Fail(dead, DeadReason::kSchema, mapping.measure_type,
                  "the type must be DOUBLE, BIGINT, VARCHAR or BOOLEAN");
    }
    record.type = *named;
  }
  record.unit = unit_of_times;
  if (unit && !unit->is_null()) {
    const auto named =
        unit->is_string() ? UnitFromName(unit->get_string().value_unsafe()) : std::nullopt;
    if (!named) {
      return Fail(dead, DeadReason::kTime, mapping.time_unit,
                  "the unit must be SECONDS, MILLISECONDS, MICROSECONDS or NANOSECONDS");
    }
    record.unit = *named;
  }
  if (record.dimensions.empty()) {
    return Fail(dead, DeadReason::kSchema, "", "a record needs at least one dimension");
  }
  if (record.dimensions.size() > kDimensionsMax) {
    return Fail(dead, DeadReason::kSchema, "", "a record has at most 128 dimensions");
  }
  return ReadValue(payload, dead) && ReadTime(payload, mapping.time, dead);
}

bool JsonRecordParser::Impl::Read(std::string_view payload, DeadLetter& dead) {
  record.dimensions.clear();
  record.fields.clear();
  record.value_quoted = record.time_quoted = record.punctuation = false;
  keys.clear();
  measure = value = type = time = unit = std::nullopt;

  dom::element root;
  if (const auto error = parser.parse(payload.data(), payload.size(), false).get(root)) {
    return Fail(dead, DeadReason::kDecode, "",
                std::string("not JSON: ") + simdjson::error_message(error));
  }
  dom::object object;
  if (root.get_object().get(object)) {
    return Fail(dead, DeadReason::kDecode, "", "the record must be a JSON object");
  }
  if (object.size() == 1 && !mapping.punctuation.empty() &&
      (*object.begin()).key == mapping.punctuation) {
    time = (*object.begin()).value;
    record.unit = unit_of_times;
    record.punctuation = true;
    return ReadTime(payload, mapping.punctuation, dead);
  }
  for (const auto& [key, element] : object) {
    if (std::ranges::find(keys, key) != keys.end()) {
      return Fail(dead, DeadReason::kSchema, key, "the field is there twice");
    }
    keys.push_back(key);
    if (!fields.empty() && std::ranges::find(fields, key) != fields.end()) {
      KeepField(payload, key, element);
    }
    switch (RoleOf(key)) {
      case Role::kMeasure:
        measure = element;
        break;
      case Role::kValue:
        value = element;
        break;
      case Role::kType:
        type = element;
        break;
      case Role::kTime:
        time = element;
        break;
      case Role::kUnit:
        unit = element;
        break;
      case Role::kIgnored:
        break;
      case Role::kDimension:
        if (!ReadDimension(payload, key, element, dead)) return false;
        break;
    }
  }
  return Complete(payload, dead);
}

JsonRecordParser::JsonRecordParser(const catalog::MappingDef& mapping,
                                   std::vector<std::string> fields)
    : impl_(std::make_unique<Impl>(mapping, std::move(fields))) {}
JsonRecordParser::~JsonRecordParser() = default;

const JsonRecord* JsonRecordParser::Parse(std::string_view payload, DeadLetter& dead) {
  return impl_->Read(payload, dead) ? &impl_->record : nullptr;
}

}  // namespace tidemark::pipeline
