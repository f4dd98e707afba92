// SPDX-License-Identifier: Apache-2.0
// Rules of types that hold other types (timestream-sql.md 4.1, 4.2): how they travel through the
// execution engine, what they coerce to, what they have in common. Scalars are functions.h's.
// Pure functions.
#pragma once

#include <optional>
#include <string>

#include "sql/type.h"

namespace tidemark::sql {

/// The engine's name of a type: arrays are lists, rows are structs of f0, f1, .. by position; a
/// series is a list of its points.
std::string CarrierSql(const Type& type);

/// A point of timeseries(value), as lambdas and UNNEST see it: row(time timestamp, value T).
Type PointType(const Type& value);
/// What the elements of an array or a timeseries are.
Type ElementType(const Type& list);

/// CoercionCost of functions.h for any two types: negative: none.
int CoercionCost(const Type& from, const Type& to);
/// The type both become; none if there is no common one. A field's name survives where both agree.
std::optional<Type> CommonType(const Type& a, const Type& b);
/// Whether CAST exists (timestream-sql.md 4.5): element by element, field by field.
bool CanCast(const Type& from, const Type& to);

/// Whether the type is double or holds one: its values may be or hold NaN.
bool HoldsDouble(const Type& type);

}  // namespace tidemark::sql
