// SPDX-License-Identifier: Apache-2.0
#include "sql/functions.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>

#include "sql/functions_internal.h"

namespace tidemark::sql {

using enum TypeKind;

namespace {

/// "tm_round" with two parameters -> "tm_round($1, $2)". The text lives as long as the process.
std::string_view WithArguments(std::string_view emit, size_t count) {
  static std::deque<std::string> texts;
  std::string text(emit);
  text += '(';
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += '$';
    text += static_cast<char>('1' + i);
  }
  text += ')';
  return texts.emplace_back(std::move(text));
}

}  // namespace

OverloadTable& OverloadTable::Add(std::string_view name, std::vector<TypeKind> params, Type result,
                                  std::string_view emit, kernels::FoldFunction fold) {
  const bool bare = emit.find_first_of("$(") == std::string_view::npos;
  if (bare) emit = WithArguments(emit, params.size());
  rows_.push_back({name, std::move(params), std::move(result), emit, fold});
  return *this;
}

OverloadTable& OverloadTable::MayNan() {
  rows_.back().may_nan = true;
  return *this;
}

OverloadTable& OverloadTable::Volatile() {
  rows_.back().is_volatile = true;
  return *this;
}

OverloadTable& OverloadTable::Check(size_t arg, Result<void> (*check)(const Value& constant)) {
  rows_.back().checks.push_back({arg, check});
  return *this;
}

namespace {

std::vector<Overload> SortedOverloads() {
  OverloadTable table;
  AddMath(table);
  AddText(table);
  AddTime(table);
  AddJson(table);
  AddUrl(table);
  std::vector<Overload> all = table.Take();
  // By name, those of one name in the order of definition. Not std::stable_sort: clang refuses the
  // deprecated buffer that libstdc++ 12 uses there.
  std::vector<size_t> order(all.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::tie(all[a].name, a) < std::tie(all[b].name, b);
  });
  std::vector<Overload> sorted;
  sorted.reserve(all.size());
  for (const size_t i : order) sorted.push_back(std::move(all[i]));
  return sorted;
}

const std::vector<Overload>& Overloads() {
  static const std::vector<Overload> all = SortedOverloads();
  return all;
}

}  // namespace

std::string_view CarrierName(TypeKind kind) {
  switch (kind) {
    case kBoolean:
      return "BOOLEAN";
    case kInteger:
      return "INTEGER";
    case kDouble:
      return "DOUBLE";
    case kVarchar:
    case kJson:
      return "VARCHAR";
    case kUnknown:
    case kBigint:
    case kTimestamp:
    case kDate:
    case kTime:
    case kIntervalDaySecond:
    case kIntervalYearMonth:
    case kArray:
    case kRow:
    case kTimeseries:
      return "BIGINT";
  }
  return "BIGINT";
}

int CoercionCost(TypeKind from, TypeKind to) {
  if (from == to) return 0;
  if (from == kUnknown) return 1;
  if (from == kInteger && to == kBigint) return 1;
  if (from == kInteger && to == kDouble) return 3;
  if (from == kBigint && to == kDouble) return 2;
  if (from == kDate && to == kTimestamp) return 2;
  if (from == kVarchar && (to == kTimestamp || to == kDate || to == kTime)) return 5;
  return -1;
}

std::optional<TypeKind> CommonType(TypeKind a, TypeKind b) {
  const int forward = CoercionCost(a, b);
  if (forward >= 0) return b;
  if (CoercionCost(b, a) >= 0) return a;
  return std::nullopt;
}

std::span<const Overload> FindOverloads(std::string_view name) {
  const std::vector<Overload>& all = Overloads();
  const auto by_name = [](const Overload& o, std::string_view n) { return o.name < n; };
  const auto first = std::lower_bound(all.begin(), all.end(), name, by_name);
  auto last = first;
  while (last != all.end() && last->name == name) ++last;
  return {first, last};
}

const Overload* ResolveOverload(std::string_view name, std::span<const TypeKind> args) {
  const Overload* best = nullptr;
  int best_cost = 0;
  const bool is_operator = !name.empty() && !(name.front() >= 'a' && name.front() <= 'z');
  for (const Overload& overload : FindOverloads(name)) {
    if (overload.params.size() != args.size()) continue;
    int cost = 0;
    bool takes = true;
    bool typed = false;  // some operand has the parameter's type by itself
    bool from_text = false;
    for (size_t i = 0; i < args.size() && takes; ++i) {
      const int step = CoercionCost(args[i], overload.params[i]);
      takes = step >= 0;
      cost += step;
      typed |= step == 0;
      from_text |= args[i] == kVarchar && overload.params[i] != kVarchar;
    }
    // '1' - '2' is no difference of timestamps.
    if (!takes || (is_operator && from_text && !typed)) continue;
    if (best == nullptr || cost < best_cost) {
      best = &overload;
      best_cost = cost;
    }
  }
  return best;
}

std::vector<std::string_view> FunctionNames() {
  std::vector<std::string_view> names;
  for (const Overload& overload : Overloads()) {
    const bool word = overload.name.front() >= 'a' && overload.name.front() <= 'z';
    if (word && (names.empty() || names.back() != overload.name)) {
      names.push_back(overload.name);
    }
  }
  return names;
}

}  // namespace tidemark::sql
