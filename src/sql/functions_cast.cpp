// SPDX-License-Identifier: Apache-2.0
#include "sql/functions_internal.h"

namespace tidemark::sql {
namespace {

using enum TypeKind;
using kernels::Fold;
namespace k = kernels;

Cast MakeCast(TypeKind from, TypeKind to, std::string_view emit, kernels::FoldFunction fold,
              std::string_view try_emit = {}) {
  const bool may_fail = !try_emit.empty();
  return {from, to, {"CAST", {from}, to, emit, fold}, may_fail ? try_emit : emit};
}

Result<Value> FoldToDouble(std::span<const Value> args) {
  return Value{static_cast<double>(std::get<int64_t>(args[0].data))};
}
Result<Value> FoldIntegerText(std::span<const Value> args) {
  return Value{std::to_string(std::get<int64_t>(args[0].data))};
}

Result<Value> FoldBooleanText(std::span<const Value> args) {
  return Value{std::string(std::get<bool>(args[0].data) ? "true" : "false")};
}

/// Text of a value that JSON has no type for, as a JSON string.
template <auto Text>
Result<Value> FoldQuoted(std::span<const Value> args) {
  TM_ASSIGN_OR_RETURN(const Value text, Fold<Text>(args));
  return Fold<&k::TextToJson>(std::span(&text, 1));
}

void AddJsonCasts(std::vector<Cast>& out) {
  const auto add = [&out](auto&&... args) { out.push_back(MakeCast(args...)); };
  add(kBoolean, kJson, "CAST($1 AS VARCHAR)", FoldBooleanText);
  add(kInteger, kJson, "CAST($1 AS VARCHAR)", FoldIntegerText);
  add(kBigint, kJson, "CAST($1 AS VARCHAR)", FoldIntegerText);
  add(kDouble, kJson, "tm_double_to_json($1)", Fold<&k::DoubleToJson>);
  add(kVarchar, kJson, "tm_text_to_json($1)", Fold<&k::TextToJson>);
  add(kTimestamp, kJson, "tm_text_to_json(tm_timestamp_text($1))", FoldQuoted<&k::TimestampText>);
  add(kDate, kJson, "tm_text_to_json(tm_date_text($1))", FoldQuoted<&k::DateText>);
  add(kTime, kJson, "tm_text_to_json(tm_time_text($1))", FoldQuoted<&k::TimeText>);
  add(kJson, kBoolean, "tm_json_to_boolean($1)", Fold<&k::JsonToBoolean>,
      "tm_try_json_to_boolean($1)");
  add(kJson, kBigint, "tm_json_to_bigint($1)", Fold<&k::JsonToBigint>, "tm_try_json_to_bigint($1)");
  add(kJson, kInteger, "CAST(tm_json_to_integer($1) AS INTEGER)", Fold<&k::JsonToInteger>,
      "CAST(tm_try_json_to_integer($1) AS INTEGER)");
  add(kJson, kDouble, "tm_json_to_double($1)", Fold<&k::JsonToDouble>, "tm_try_json_to_double($1)");
  add(kJson, kVarchar, "tm_json_to_text($1)", Fold<&k::JsonToText>, "tm_try_json_to_text($1)");
}

std::vector<Cast> MakeCasts() {
  std::vector<Cast> out;
  const auto add = [&out](auto&&... args) { out.push_back(MakeCast(args...)); };
  add(kInteger, kBigint, "CAST($1 AS BIGINT)", FoldSame);
  add(kInteger, kDouble, "CAST($1 AS DOUBLE)", FoldToDouble);
  add(kBigint, kDouble, "CAST($1 AS DOUBLE)", FoldToDouble);
  add(kBigint, kInteger, "CAST(tm_bigint_to_integer($1) AS INTEGER)", Fold<&k::BigintToInteger>,
      "CAST(tm_try_bigint_to_integer($1) AS INTEGER)");
  add(kDouble, kBigint, "tm_double_to_bigint($1)", Fold<&k::DoubleToBigint>,
      "tm_try_double_to_bigint($1)");
  add(kDouble, kInteger, "CAST(tm_double_to_integer($1) AS INTEGER)", Fold<&k::DoubleToInteger>,
      "CAST(tm_try_double_to_integer($1) AS INTEGER)");
  for (const TypeKind type : {kInteger, kBigint, kDouble}) {
    add(type, kBoolean, "($1 <> 0)", kernels::FoldFunction{nullptr});
  }
  add(kBoolean, kInteger, "CAST($1 AS INTEGER)", kernels::FoldFunction{nullptr});
  add(kBoolean, kBigint, "CAST($1 AS BIGINT)", kernels::FoldFunction{nullptr});
  add(kBoolean, kDouble, "CAST($1 AS DOUBLE)", kernels::FoldFunction{nullptr});
  add(kBoolean, kVarchar, "CAST($1 AS VARCHAR)", kernels::FoldFunction{nullptr});
  add(kInteger, kVarchar, "CAST($1 AS VARCHAR)", FoldIntegerText);
  add(kBigint, kVarchar, "CAST($1 AS VARCHAR)", FoldIntegerText);
  add(kDouble, kVarchar, "tm_double_text($1)", Fold<&k::DoubleText>);
  add(kTimestamp, kVarchar, "tm_timestamp_text($1)", Fold<&k::TimestampText>);
  add(kDate, kVarchar, "tm_date_text($1)", Fold<&k::DateText>);
  add(kTime, kVarchar, "tm_time_text($1)", Fold<&k::TimeText>);
  add(kIntervalDaySecond, kVarchar, "tm_day_second_text($1)", Fold<&k::DaySecondText>);
  add(kIntervalYearMonth, kVarchar, "tm_year_month_text($1)", Fold<&k::YearMonthText>);
  add(kVarchar, kBigint, "tm_text_to_bigint($1)", Fold<&k::TextToBigint>,
      "tm_try_text_to_bigint($1)");
  add(kVarchar, kInteger, "CAST(tm_text_to_integer($1) AS INTEGER)", Fold<&k::TextToInteger>,
      "CAST(tm_try_text_to_integer($1) AS INTEGER)");
  add(kVarchar, kDouble, "tm_text_to_double($1)", Fold<&k::TextToDouble>,
      "tm_try_text_to_double($1)");
  add(kVarchar, kBoolean, "tm_text_to_boolean($1)", Fold<&k::TextToBoolean>,
      "tm_try_text_to_boolean($1)");
  add(kVarchar, kTimestamp, "tm_text_to_timestamp($1)", Fold<&k::TextToTimestamp>,
      "tm_try_text_to_timestamp($1)");
  add(kVarchar, kDate, "tm_text_to_date($1)", Fold<&k::TextToDate>, "tm_try_text_to_date($1)");
  add(kVarchar, kTime, "tm_text_to_time($1)", Fold<&k::TextToTime>, "tm_try_text_to_time($1)");
  add(kDate, kTimestamp, "tm_date_to_timestamp($1)", Fold<&k::DateToTimestamp>,
      "tm_try_date_to_timestamp($1)");
  add(kTimestamp, kDate, "tm_timestamp_to_date($1)", Fold<&k::TimestampToDate>);
  add(kTimestamp, kTime, "tm_timestamp_to_time($1)", Fold<&k::TimestampToTime>);
  AddJsonCasts(out);
  return out;
}

}  // namespace

const Cast* FindCast(TypeKind from, TypeKind to) {
  static const std::vector<Cast> casts = MakeCasts();
  for (const Cast& cast : casts) {
    if (cast.from == from && cast.to == to) return &cast;
  }
  return nullptr;
}

}  // namespace tidemark::sql
