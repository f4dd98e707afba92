// SPDX-License-Identifier: Apache-2.0
// The dialect's types and values (timestream-sql.md 4.1). Immutable values, thread-compatible.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tidemark::sql {

enum class TypeKind : uint8_t {
  kUnknown,  // the type of NULL
  kBoolean,
  kInteger,  // 32 bits
  kBigint,
  kDouble,
  kVarchar,
  kTimestamp,
  kDate,
  kTime,
  kIntervalDaySecond,
  kIntervalYearMonth,
  kJson,        // a text (an extension; on the wire a VARCHAR)
  kArray,       // of element()
  kRow,         // of fields()
  kTimeseries,  // of element(): points (time timestamp, value element)
};

class Type {
 public:
  struct Field;

  Type();
  Type(const Type& other);
  Type(Type&& other) noexcept;
  Type& operator=(const Type& other);
  Type& operator=(Type&& other) noexcept;
  ~Type();
  Type(TypeKind scalar);  // NOLINT(google-explicit-constructor): reads as the type
  static Type Array(Type element);
  static Type Row(std::vector<Field> fields);
  static Type Timeseries(Type value);

  TypeKind kind() const { return kind_; }
  bool scalar() const { return kind_ < TypeKind::kArray; }
  /// kArray, kTimeseries only.
  const Type& element() const;
  /// kRow only. A field without a name has an empty one.
  const std::vector<Field>& fields() const { return children_; }
  /// As typeof() prints it: "bigint", "interval day to second", "array(row(x bigint))".
  std::string ToString() const;

  friend bool operator==(const Type& a, const Type& b);

 private:
  TypeKind kind_ = TypeKind::kUnknown;
  std::vector<Field> children_;
};

struct Type::Field {
  std::string name;
  Type type;
  friend bool operator==(const Field&, const Field&) = default;
};

// Here, because Field must be complete for a vector of it.
inline Type::Type() = default;
inline Type::Type(TypeKind scalar) : kind_(scalar) {}
inline Type::Type(const Type& other) = default;
inline Type::Type(Type&& other) noexcept = default;
inline Type& Type::operator=(const Type& other) = default;
inline Type& Type::operator=(Type&& other) noexcept = default;
inline Type::~Type() = default;

struct Column {
  std::string name;  // "_col1" for an expression without alias
  Type type;
  friend bool operator==(const Column&, const Column&) = default;
};

/// One cell. What the alternatives mean depends on the column's Type:
///   bool     boolean
///   int64_t  integer, bigint; timestamp (ns since 1970); date (days since 1970); time (ns of the
///   day);
///            interval day to second (ns); interval year to month (months)
///   double, std::string
///   List     array: its elements; row: its fields; timeseries: points, each a List{time, value}
struct Value {
  using List = std::vector<Value>;
  std::variant<std::monostate, bool, int64_t, double, std::string, List> data;

  bool is_null() const { return data.index() == 0; }
  friend bool operator==(const Value&, const Value&) = default;
};

/// The value of @name in a statement.
struct ParameterValue {
  std::string name;  // without '@'
  Type type;
  Value value;
};

/// Appends the wire text of a scalar that is not null (timestream-api.md 5.1.5): "35.0", "true",
/// "2026-11-26 09:15:00.000000000", "1 21:00:00.000000000". Also what CAST(x AS varchar) gives.
void AppendScalarText(const Type& type, const Value& value, std::string& out);

}  // namespace tidemark::sql
