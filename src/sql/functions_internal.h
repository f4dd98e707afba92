// SPDX-License-Identifier: Apache-2.0
// The overload table's parts, one function per area.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/functions.h"

namespace tidemark::sql {

inline Result<Value> FoldSame(std::span<const Value> args) { return args[0]; }

/// Collects rows; the modifiers speak of the row added last. Single-owner, of one thread.
class OverloadTable {
 public:
  /// `emit` without '$' and '(' is a function called with all arguments in order.
  OverloadTable& Add(std::string_view name, std::vector<TypeKind> params, Type result,
                     std::string_view emit, kernels::FoldFunction fold = nullptr);
  OverloadTable& MayNan();
  OverloadTable& Volatile();
  /// A constant argument is looked at before anything runs.
  OverloadTable& Check(size_t arg, Result<void> (*check)(const Value& constant));

  std::vector<Overload> Take() { return std::move(rows_); }

 private:
  std::vector<Overload> rows_;
};

void AddMath(OverloadTable& table);
void AddJson(OverloadTable& table);
void AddText(OverloadTable& table);
void AddTime(OverloadTable& table);
void AddUrl(OverloadTable& table);

}  // namespace tidemark::sql
