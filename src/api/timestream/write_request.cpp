// SPDX-License-Identifier: Apache-2.0
#include <simdjson.h>

#include "api/timestream/write_request_internal.h"

namespace tidemark::timestream {
namespace {

namespace dom = simdjson::dom;
using store::ValueType;

std::optional<ValueType> TypeNamed(std::string_view name) {
  if (name == "DOUBLE") return ValueType::kDouble;
  if (name == "BIGINT") return ValueType::kBigint;
  if (name == "VARCHAR") return ValueType::kVarchar;
  if (name == "BOOLEAN") return ValueType::kBoolean;
  if (name == "TIMESTAMP") return ValueType::kTimestamp;
  if (name == "MULTI") return ValueType::kMulti;
  return std::nullopt;
}

std::optional<TimeUnit> UnitNamed(std::string_view name) {
  if (name == "MILLISECONDS") return TimeUnit::kMilliseconds;
  if (name == "SECONDS") return TimeUnit::kSeconds;
  if (name == "MICROSECONDS") return TimeUnit::kMicroseconds;
  if (name == "NANOSECONDS") return TimeUnit::kNanoseconds;
  return std::nullopt;
}

constexpr std::string_view kTypes =
    "Member must satisfy enum value set: [DOUBLE, BIGINT, VARCHAR, BOOLEAN, TIMESTAMP, MULTI]";
constexpr std::string_view kUnits =
    "Member must satisfy enum value set: [MILLISECONDS, SECONDS, MICROSECONDS, NANOSECONDS]";
constexpr std::string_view kNotNull = "Member must not be null";

std::string LengthAtLeast(size_t n) {
  return "Member must have length greater than or equal to " + std::to_string(n);
}
std::string LengthAtMost(size_t n) {
  return "Member must have length less than or equal to " + std::to_string(n);
}

// Where a record is, for paths of messages; only rendered when something is wrong.
struct Place {
  std::optional<size_t> record;  // none: CommonAttributes

  std::string Member(std::string_view member) const {
    return record ? MemberPath("records", *record, member)
                  : "commonAttributes." + std::string(member);
  }
};

}  // namespace

// Thrown nothing: every wrong JSON type sets `wrong_` and decoding runs on harmlessly.
struct WriteRequest::Parser {
  dom::parser json;
  Constraints constraints;
  std::string wrong;  // the first member of a wrong JSON type

  void Wrong(std::string path, std::string_view wanted) {
    if (wrong.empty()) wrong = std::move(path) + " must be " + std::string(wanted);
  }

  // None when absent, null or (then noted) no string.
  std::optional<std::string_view> Text(const dom::element& value, const auto& path) {
    if (value.is_string()) return value.get_string().value_unsafe();
    if (!value.is_null()) Wrong(path(), "a string");
    return std::nullopt;
  }

  void CheckLength(std::string_view text, size_t max, const auto& path) {
    if (text.empty()) constraints.AddQuoted(text, path(), LengthAtLeast(1));
    if (text.size() > max) constraints.AddQuoted(text, path(), LengthAtMost(max));
  }

  std::optional<int64_t> Integer(const dom::element& value, const auto& path) {
    if (value.is_null()) return std::nullopt;
    if (value.is_int64()) return value.get_int64().value_unsafe();
    if (value.is_double()) {
      const double number = value.get_double().value_unsafe();
      if (number > -9.0e15 && number < 9.0e15 &&
          number == static_cast<double>(static_cast<int64_t>(number))) {
        return static_cast<int64_t>(number);
      }
    }
    Wrong(path(), "a 64-bit integer");
    return std::nullopt;
  }

  void Dimension(const dom::element& element, const Place& place, size_t index,
                 std::vector<store::DimensionView>& out) {
    const auto path = [&](std::string_view member) {
      return MemberPath(place.Member("dimensions"), index, member);
    };
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return Wrong(path(""), "an object");
    std::optional<std::string_view> name;
    std::optional<std::string_view> value;
    for (const auto& [key, member] : object) {
      if (key == "Name") {
        name = Text(member, [&] { return path("name"); });
      } else if (key == "Value") {
        value = Text(member, [&] { return path("value"); });
      } else if (key == "DimensionValueType") {
        const auto type = Text(member, [&] { return path("dimensionValueType"); });
        if (type && *type != "VARCHAR") {
          constraints.AddQuoted(*type, path("dimensionValueType"),
                                "Member must satisfy enum value set: [VARCHAR]");
        }
      }
    }
    if (!name) constraints.Add("null", path("name"), kNotNull);
    if (!value) constraints.Add("null", path("value"), kNotNull);
    if (!name || !value) return;
    CheckLength(*name, 60, [&] { return path("name"); });
    if (value->size() > 2048) constraints.AddQuoted(*value, path("value"), LengthAtMost(2048));
    out.push_back({*name, *value});
  }

  void Attribute(const dom::element& element, const Place& place, size_t index,
                 std::vector<AttributeView>& out) {
    const auto path = [&](std::string_view member) {
      return MemberPath(place.Member("measureValues"), index, member);
    };
    dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return Wrong(path(""), "an object");
    std::optional<std::string_view> name;
    std::optional<std::string_view> value;
    std::optional<std::string_view> type_name;
    for (const auto& [key, member] : object) {
      if (key == "Name") {
        name = Text(member, [&] { return path("name"); });
      } else if (key == "Value") {
        value = Text(member, [&] { return path("value"); });
      } else if (key == "Type") {
        type_name = Text(member, [&] { return path("type"); });
      }
    }
    if (!name) constraints.Add("null", path("name"), kNotNull);
    if (!value) constraints.Add("null", path("value"), kNotNull);
    if (!type_name) constraints.Add("null", path("type"), kNotNull);
    if (!name || !value || !type_name) return;
    CheckLength(*name, 256, [&] { return path("name"); });
    CheckLength(*value, 2048, [&] { return path("value"); });
    const std::optional<ValueType> type = TypeNamed(*type_name);
    if (!type) constraints.AddQuoted(*type_name, path("type"), kTypes);
    out.push_back({*name, *value, type.value_or(ValueType::kDouble)});
  }

  template <typename T, typename F>
  ListRange List(const dom::element& value, std::vector<T>& out, const auto& path, F&& decode) {
    ListRange range{static_cast<uint32_t>(out.size()), 0};
    if (value.is_null()) return range;
    dom::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) {
      Wrong(path(), "a list");
      return range;
    }
    size_t index = 0;
    for (const dom::element element : array) decode(element, index++, out);
    range.count = static_cast<uint32_t>(out.size()) - range.begin;
    return range;
  }

  void Record(const dom::object& object, const Place& place, WriteRequest& request,
              RecordView& out);
  void Enumerations(std::optional<std::string_view> type, std::optional<std::string_view> unit,
                    const Place& place, RecordView& out);
  std::optional<Failure> Root(const dom::element& root, WriteRequest& request);
};

void WriteRequest::Parser::Record(const dom::object& object, const Place& place,
                                  WriteRequest& request, RecordView& out) {
  const auto at = [&](std::string_view member) {
    return [&, member] { return place.Member(member); };
  };
  std::optional<std::string_view> type;
  std::optional<std::string_view> unit;
  for (const auto& [key, value] : object) {
    if (key == "Dimensions") {
      out.dimensions = List(value, request.dimensions_, at("dimensions"),
                            [&](const dom::element& element, size_t index, auto& list) {
                              Dimension(element, place, index, list);
                            });
    } else if (key == "MeasureName") {
      out.measure_name = Text(value, at("measureName"));
    } else if (key == "MeasureValue") {
      out.measure_value = Text(value, at("measureValue"));
    } else if (key == "MeasureValueType") {
      type = Text(value, at("measureValueType"));
    } else if (key == "Time") {
      out.time = Text(value, at("time"));
    } else if (key == "TimeUnit") {
      unit = Text(value, at("timeUnit"));
    } else if (key == "Version") {
      out.version = Integer(value, at("version"));
    } else if (key == "MeasureValues") {
      out.attributes = List(value, request.attributes_, at("measureValues"),
                            [&](const dom::element& element, size_t index, auto& list) {
                              Attribute(element, place, index, list);
                            });
    }
  }
  Enumerations(type, unit, place, out);
  if (out.dimensions.count > kDimensionsMax) {
    constraints.Add("[...]", place.Member("dimensions"), LengthAtMost(kDimensionsMax));
  }
  if (out.measure_name) CheckLength(*out.measure_name, 256, at("measureName"));
  if (out.measure_value) CheckLength(*out.measure_value, 2048, at("measureValue"));
  if (out.time) CheckLength(*out.time, 256, at("time"));
}

void WriteRequest::Parser::Enumerations(std::optional<std::string_view> type,
                                        std::optional<std::string_view> unit, const Place& place,
                                        RecordView& out) {
  if (type) {
    out.type = TypeNamed(*type);
    if (!out.type) constraints.AddQuoted(*type, place.Member("measureValueType"), kTypes);
  }
  if (unit) {
    out.unit = UnitNamed(*unit);
    if (!out.unit) constraints.AddQuoted(*unit, place.Member("timeUnit"), kUnits);
  }
}

std::optional<Failure> WriteRequest::Parser::Root(const dom::element& root, WriteRequest& request) {
  dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) {
    return Failure::Serialization("The request body must be a JSON object.");
  }
  std::optional<std::string_view> database;
  std::optional<std::string_view> table;
  bool records_given = false;
  for (const auto& [key, value] : object) {
    if (key == "DatabaseName") {
      database = Text(value, [] { return std::string("databaseName"); });
    } else if (key == "TableName") {
      table = Text(value, [] { return std::string("tableName"); });
    } else if (key == "CommonAttributes" && !value.is_null()) {
      dom::object common;
      if (value.get_object().get(common) != simdjson::SUCCESS) {
        return Failure::Serialization("commonAttributes must be an object");
      }
      request.common_ = {};
      Record(common, Place{}, request, request.common_);
    } else if (key == "Records" && !value.is_null()) {
      dom::array records;
      if (value.get_array().get(records) != simdjson::SUCCESS) {
        return Failure::Serialization("records must be a list");
      }
      records_given = true;
      request.records_.clear();
      for (const dom::element element : records) {
        const Place place{request.records_.size()};
        dom::object record;
        if (element.get_object().get(record) != simdjson::SUCCESS) {
          return Failure::Serialization(MemberPath("records", *place.record, "") +
                                        " must be an object");
        }
        // Too many are counted, not decoded.
        RecordView& out = request.records_.emplace_back();
        if (request.records_.size() <= kRecordsMax) Record(record, place, request, out);
      }
    }
  }
  if (!wrong.empty()) return Failure::Serialization(wrong);
  if (!database) constraints.Add("null", "databaseName", kNotNull);
  if (!table) constraints.Add("null", "tableName", kNotNull);
  if (!records_given) {
    constraints.Add("null", "records", kNotNull);
  } else if (request.records_.empty()) {
    constraints.Add("'[]'", "records", LengthAtLeast(1));
  } else if (request.records_.size() > kRecordsMax) {
    constraints.Add("'[...]'", "records", LengthAtMost(kRecordsMax));
  }
  if (constraints.violated()) return constraints.ToFailure();
  request.database_ = *database;
  request.table_ = *table;
  return std::nullopt;
}

WriteRequest::WriteRequest() : parser_(std::make_unique<Parser>()) {}
WriteRequest::~WriteRequest() = default;

std::optional<Failure> WriteRequest::Parse(std::string& body) {
  if (body.size() > kBodyBytesMax) {
    return Failure::Validation("The request body is larger than " + std::to_string(kBodyBytesMax) +
                               " bytes.");
  }
  largest_body_bytes_ = std::max(largest_body_bytes_, body.size());
  common_ = {};
  records_.clear();
  dimensions_.clear();
  attributes_.clear();
  parser_->constraints = {};
  parser_->wrong.clear();
  body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
  dom::element root;
  const simdjson::error_code error = parser_->json.parse(body.data(), body.size(), false).get(root);
  if (error != simdjson::SUCCESS) {
    return Failure::Serialization(std::string("The request body is not JSON: ") +
                                  simdjson::error_message(error));
  }
  return parser_->Root(root, *this);
}

}  // namespace tidemark::timestream
