// SPDX-License-Identifier: Apache-2.0
// The functions of the dialect for people and editors: names and signatures from the tables that
// the binder resolves calls with, so they cannot drift from it, and a line of help for each. Pure
// functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::sql {

enum class FunctionKind : uint8_t { kScalar, kAggregate, kWindow, kTable };
/// "scalar", "aggregate", "window", "table".
std::string_view FunctionKindName(FunctionKind kind);

struct FunctionHelp {
  std::string name;
  FunctionKind kind = FunctionKind::kScalar;
  std::vector<std::string> signatures;  // "bin(timestamp, interval day to second) -> timestamp"
  std::string_view help;                // empty: help_test.cpp fails
};

/// Every function, by name; a name that is both scalar and aggregate comes twice.
std::vector<FunctionHelp> AllFunctionHelp();

/// Words that begin or join clauses, upper case, sorted; reserved ones among them.
std::span<const std::string_view> Keywords();

}  // namespace tidemark::sql
