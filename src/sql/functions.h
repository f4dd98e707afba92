// SPDX-License-Identifier: Apache-2.0
// The scalar operators, casts and functions that have fixed types: one row each says the parameter
// types, the result type, the text to emit and how to fold constants. What is generic over types
// (CASE, coalesce, min, ...) is the binder's. Adding a function = a row in functions_AREA.cpp and,
// if the engine lacks it, a kernel (kernels.h). Immutable tables, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sql/kernels.h"
#include "sql/type.h"

namespace tidemark::sql {

/// How a scalar travels through the execution engine: temporal types are BIGINT there (docs/sql.md;
/// nested types: nested_types.h).
std::string_view CarrierName(TypeKind kind);

struct Overload {
  std::string_view name;  // lower case; operators by their sign, "NEG" for the prefix minus
  std::vector<TypeKind> params;
  Type result;
  std::string_view emit;  // $1, $2 stand for the emitted arguments; each is evaluated once
  kernels::FoldFunction fold = nullptr;
  bool may_nan = false;      // a double result can be NaN though no argument is
  bool is_volatile = false;  // another value at each call
  /// Whether a constant argument (not null) is acceptable, asked at bind time: its place is known.
  struct ConstantCheck {
    size_t arg = 0;
    Result<void> (*check)(const Value& constant) = nullptr;
  };
  std::vector<ConstantCheck> checks;
};

/// Null: no such cast. `from` = `to` is not asked. TRY_CAST emits `try_emit`.
struct Cast {
  TypeKind from = TypeKind::kUnknown;
  TypeKind to = TypeKind::kUnknown;
  Overload overload;
  std::string_view try_emit;
};
const Cast* FindCast(TypeKind from, TypeKind to);

/// Whether an operand becomes the other type by itself (timestream-sql.md 4.2), and how far that
/// is; negative: it does not. 0: equal.
int CoercionCost(TypeKind from, TypeKind to);
/// The type both become; none if there is no common one.
std::optional<TypeKind> CommonType(TypeKind a, TypeKind b);

/// All overloads of a name (lower case), empty if unknown.
std::span<const Overload> FindOverloads(std::string_view name);
/// The cheapest one that takes `args`; null: none does.
const Overload* ResolveOverload(std::string_view name, std::span<const TypeKind> args);

/// Names for suggestions.
std::vector<std::string_view> FunctionNames();

}  // namespace tidemark::sql
