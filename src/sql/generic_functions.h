// SPDX-License-Identifier: Apache-2.0
// Functions over arrays and time series of any type (timestream-sql.md 5.10, 5.11, 5.13): one row
// each says the types by patterns with variables ("array(E)", "(E)->boolean") and the text to emit.
// Adding one = a row here and, if the engine lacks it, a kernel (nested_function.h). Immutable
// tables, thread-safe.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sql/type.h"

namespace tidemark::sql {

struct TypePattern {
  enum class Kind : uint8_t {
    kConcrete,    // type
    kVariable,    // variable
    kArray,       // parts: element
    kTimeseries,  // parts: value
    kPoint,       // parts: value; a point of a series
    kLambda,      // parts: parameters, then the result
  };
  Kind kind = Kind::kConcrete;
  Type type;
  char variable = 0;
  std::vector<TypePattern> parts;
};

struct GenericFunction {
  std::string_view name;  // lower case; operators by their sign
  std::vector<TypePattern> params;
  TypePattern result;
  std::string_view emit;  // $1, $2 stand for the emitted arguments
};

/// What the variables of a function's patterns stand for in one call.
class TypeBindings {
 public:
  /// Takes `type` as an argument for `pattern`; false: it is none.
  bool Unify(const TypePattern& pattern, const Type& type);
  /// A variable that nothing said anything about is unknown.
  Type Substitute(const TypePattern& pattern) const;

 private:
  std::array<std::optional<Type>, 26> types_;
};

/// All overloads of a name, empty if there is none.
std::span<const GenericFunction> FindGenericFunctions(std::string_view name);
/// Names for suggestions.
std::vector<std::string_view> GenericFunctionNames();

}  // namespace tidemark::sql
