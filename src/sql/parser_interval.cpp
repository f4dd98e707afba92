// SPDX-License-Identifier: Apache-2.0
// Interval literals (timestream-sql.md 1.1): one number of a unit, or several from a unit to a
// smaller one.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/datetime.h"
#include "sql/parser_internal.h"

namespace tidemark::sql {

using ast::ExprKind;
using ast::ExprPtr;

namespace {

/// Units from the largest on, and what stands behind a number of each in a compound literal.
constexpr std::array<std::pair<std::string_view, char>, 6> kIntervalUnits{{{"year", '-'},
                                                                           {"month", '\0'},
                                                                           {"day", ' '},
                                                                           {"hour", ':'},
                                                                           {"minute", ':'},
                                                                           {"second", '\0'}}};

std::string LowerKeyword(const Token& token) {
  std::string out = token.keyword;
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

size_t IntervalUnit(std::string_view name) {
  return static_cast<size_t>(
      std::ranges::find(kIntervalUnits, name, &std::pair<std::string_view, char>::first) -
      kIntervalUnits.begin());
}

/// Digits, for seconds with a fraction.
bool IsIntervalNumber(std::string_view number, std::string_view unit) {
  const std::string_view allowed = unit == "second" ? "0123456789." : "0123456789";
  return !number.empty() && number.find_first_not_of(allowed) == std::string::npos &&
         std::count(number.begin(), number.end(), '.') <= 1 && number.front() != '.';
}

/// '1 02:03:04' of `from` to `to`; the last ones may be missing. Null message: not of that form.
Result<ParsedDuration> ParseCompoundInterval(std::string_view text, size_t from, size_t to) {
  ParsedDuration total;
  for (size_t unit = from; unit <= to; ++unit) {
    const auto& [name, separator] = kIntervalUnits[unit];
    const size_t end = unit < to ? std::min(text.find(separator), text.size()) : text.size();
    const std::string_view number = text.substr(0, end);
    if (!IsIntervalNumber(number, name)) break;
    TM_ASSIGN_OR_RETURN(const ParsedDuration part, MakeDuration(number, name));
    total.in_months = part.in_months;
    if (__builtin_add_overflow(total.months, part.months, &total.months) ||
        __builtin_add_overflow(total.nanoseconds, part.nanoseconds, &total.nanoseconds)) {
      return Error{Code::kInvalidArgument, "the interval is out of range"};
    }
    if (end == text.size()) return total;
    text.remove_prefix(end + 1);
  }
  return Error{Code::kInvalidArgument, ""};
}

}  // namespace

Result<ExprPtr> Parser::ParseInterval() {
  ExprPtr expr = Make(ExprKind::kLiteral, Take().place);
  bool negative = IsOperator("-");
  if (negative || IsOperator("+")) Take();
  const Place place = Peek().place;
  TM_ASSIGN_OR_RETURN(std::string number, ParseString("the interval's number as a string"));
  if (number.starts_with('-')) {
    negative = !negative;
    number.erase(0, 1);
  }
  const Token unit = Peek();
  const std::string name = LowerKeyword(unit);
  const bool week = name == "week";
  const bool known = week || name == "second" || name == "minute" || name == "hour" ||
                     name == "day" || name == "month" || name == "year";
  if (unit.kind != TokenKind::kWord || !known) {
    return Unexpected("SECOND, MINUTE, HOUR, DAY, WEEK, MONTH or YEAR");
  }
  Take();
  if (IsWord("TO") && IntervalUnit(LowerKeyword(Peek(1))) < kIntervalUnits.size()) {
    Take();
    const std::string last = LowerKeyword(Peek());
    const size_t from = IntervalUnit(name);
    const size_t to = IntervalUnit(last);
    // Months are never mixed with days.
    if (week || to <= from || (from < 2) != (to < 2)) {
      return Unexpected("a smaller unit of the same kind");
    }
    Take();
    Result<ParsedDuration> compound = ParseCompoundInterval(number, from, to);
    if (!compound.ok()) {
      return ErrorAt(place, !compound.error().message.empty()
                                ? compound.error().message
                                : fmt::format("'{}' is no interval {} to {}", number, name, last));
    }
    const int64_t value = compound->in_months ? compound->months : compound->nanoseconds;
    expr->type = compound->in_months ? TypeKind::kIntervalYearMonth : TypeKind::kIntervalDaySecond;
    expr->value.data = negative ? -value : value;
    return expr;
  }
  if (!IsIntervalNumber(number, name)) {
    return ErrorAt(place, fmt::format("'{}' is not a number of {}s", number, name));
  }
  if (week) {
    int64_t days = 0;
    const std::optional<int64_t> n = ParseInt64(number);
    if (!n || __builtin_mul_overflow(*n, int64_t{7}, &days))
      return ErrorAt(place, "the interval is out of range");
    number = std::to_string(days);
  }
  Result<ParsedDuration> duration = MakeDuration(number, week ? "day" : name);
  if (!duration.ok()) return ErrorAt(place, duration.error().message);
  const int64_t magnitude = duration->in_months ? duration->months : duration->nanoseconds;
  expr->type = duration->in_months ? TypeKind::kIntervalYearMonth : TypeKind::kIntervalDaySecond;
  expr->value.data = negative ? -magnitude : magnitude;
  return expr;
}

}  // namespace tidemark::sql
