// SPDX-License-Identifier: Apache-2.0
// Scalar functions in C++: one definition serves the execution engine (duck_scalar.cpp registers
// each under its name, and under "tm_try_..." with null instead of an error) and constant folding.
// A kernel is a function Result<R>(A...) of bool, int64_t, double and text, and lists (vectors) of
// them; R and elements of lists may be optional: none is null. A null argument gives null. Temporal
// types are int64 (type.h). Thread-safe: pure functions. By area: kernels_math.h, kernels_cast.h,
// kernels_time.h, kernels_text.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "sql/kernels_cast.h"
#include "sql/kernels_json.h"
#include "sql/kernels_math.h"
#include "sql/kernels_regexp.h"
#include "sql/kernels_text.h"
#include "sql/kernels_time.h"
#include "sql/kernels_url.h"
#include "sql/type.h"

namespace tidemark::sql::kernels {

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachRegistered(Visitor&& visit) {
  ForEachMath(visit);
  ForEachCast(visit);
  ForEachTime(visit);
  ForEachText(visit);
  ForEachRegexp(visit);
  ForEachJson(visit);
  ForEachUrl(visit);
}

/// Evaluates a kernel over constants without nulls.
using FoldFunction = Result<Value> (*)(std::span<const Value>);

template <typename T>
inline constexpr bool kOptional = false;
template <typename T>
inline constexpr bool kOptional<std::optional<T>> = true;
template <typename T>
inline constexpr bool kList = false;
template <typename T>
inline constexpr bool kList<std::vector<T>> = true;

namespace internal {

template <typename T>
T Argument(const Value& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return std::get<std::string>(value.data);
  } else {
    return std::get<T>(value.data);
  }
}

template <typename R, typename... A, size_t... I>
Result<Value> Call(Result<R> (*function)(A...), [[maybe_unused]] std::span<const Value> args,
                   std::index_sequence<I...>) {
  Result<R> result = function(Argument<A>(args[I])...);
  if (!result.ok()) return std::move(result).error();
  Value value;
  if constexpr (kOptional<R>) {
    if (*result) value.data = **std::move(result);
  } else if constexpr (std::is_same_v<R, std::vector<std::string>>) {
    Value::List list;
    for (std::string& text : *result) list.push_back({std::move(text)});
    value.data = std::move(list);
  } else {
    value.data = std::move(result).value();
  }
  return value;
}

template <typename R, typename... A>
Result<Value> Call(Result<R> (*function)(A...), std::span<const Value> args) {
  return Call(function, args, std::index_sequence_for<A...>{});
}

}  // namespace internal

template <auto Function>
Result<Value> Fold(std::span<const Value> args) {
  return internal::Call(Function, args);
}

}  // namespace tidemark::sql::kernels
