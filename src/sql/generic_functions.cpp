// SPDX-License-Identifier: Apache-2.0
#include "sql/generic_functions.h"

#include <algorithm>

#include "base/check.h"
#include "sql/nested_types.h"

namespace tidemark::sql {
namespace {

using Kind = TypePattern::Kind;

/// Reads "array(E)", "(E,F)->R", "bigint". The texts are this file's own.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  TypePattern Read() {
    TypePattern pattern = Pattern();
    TM_CHECK(text_.empty());
    return pattern;
  }

 private:
  bool Take(std::string_view token) {
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }

  TypePattern Wrapped(Kind kind) {
    TypePattern out;
    out.kind = kind;
    out.parts.push_back(Pattern());
    TM_CHECK(Take(")"));
    return out;
  }

  TypePattern Lambda() {
    TypePattern out;
    out.kind = Kind::kLambda;
    do {
      out.parts.push_back(Pattern());
    } while (Take(","));
    TM_CHECK(Take(")->"));
    out.parts.push_back(Pattern());
    return out;
  }

  TypePattern Pattern() {
    if (Take("array(")) return Wrapped(Kind::kArray);
    if (Take("timeseries(")) return Wrapped(Kind::kTimeseries);
    if (Take("point(")) return Wrapped(Kind::kPoint);
    if (Take("(")) return Lambda();
    TypePattern out;
    if (Take("boolean")) {
      out.type = TypeKind::kBoolean;
    } else if (Take("bigint")) {
      out.type = TypeKind::kBigint;
    } else if (Take("double")) {
      out.type = TypeKind::kDouble;
    } else if (Take("varchar")) {
      out.type = TypeKind::kVarchar;
    } else if (Take("timestamp")) {
      out.type = TypeKind::kTimestamp;
    } else if (Take("date")) {
      out.type = TypeKind::kDate;
    } else if (Take("dayseconds")) {
      out.type = TypeKind::kIntervalDaySecond;
    } else if (Take("yearmonths")) {
      out.type = TypeKind::kIntervalYearMonth;
    } else {
      TM_CHECK(!text_.empty() && text_[0] >= 'A' && text_[0] <= 'Z');
      out.kind = Kind::kVariable;
      out.variable = text_[0];
      text_.remove_prefix(1);
    }
    return out;
  }

  std::string_view text_;
};

struct Row {
  std::string_view name;
  std::vector<std::string_view> params;
  std::string_view result;
  std::string_view emit;
};

std::vector<Row> ArrayRows() {
  return {
      {"cardinality", {"array(E)"}, "bigint", "len($1)"},
      {"element_at",
       {"array(E)", "bigint"},
       "E",
       "list_extract($1, tm_array_element_index(len($1), $2))"},
      {"array_distinct", {"array(E)"}, "array(E)", "list_select($1, tm_array_distinct($1))"},
      {"array_union",
       {"array(E)", "array(E)"},
       "array(E)",
       "list_extract(list_transform([$1 || $2], lambda u: list_select(u, tm_array_distinct(u))), "
       "1)"},
      // In the order of the longer one.
      {"array_intersect",
       {"array(E)", "array(E)"},
       "array(E)",
       "CASE WHEN len($1) >= len($2) THEN list_select($1, tm_array_common($1, $2)) "
       "ELSE list_select($2, tm_array_common($2, $1)) END"},
      {"array_except",
       {"array(E)", "array(E)"},
       "array(E)",
       "list_select($1, tm_array_except($1, $2))"},
      {"array_max", {"array(E)"}, "E", "list_extract($1, tm_array_max_position($1))"},
      {"array_min", {"array(E)"}, "E", "list_extract($1, tm_array_min_position($1))"},
      {"array_position", {"array(E)", "E"}, "bigint", "tm_array_position($1, [$2])"},
      {"array_remove", {"array(E)", "E"}, "array(E)", "list_select($1, tm_array_remove($1, [$2]))"},
      {"array_sort", {"array(E)"}, "array(E)", "list_select($1, tm_array_sorted($1))"},
      {"arrays_overlap", {"array(E)", "array(E)"}, "boolean", "tm_array_overlap($1, $2)"},
      {"contains", {"array(E)", "E"}, "boolean", "tm_array_contains($1, [$2])"},
      {"||", {"array(E)", "array(E)"}, "array(E)", "($1 || $2)"},
      {"||",
       {"array(E)", "E"},
       "array(E)",
       "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN list_append($1, $2) END"},
      {"||",
       {"E", "array(E)"},
       "array(E)",
       "CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN list_prepend($1, $2) END"},
      {"repeat", {"E", "bigint"}, "array(E)", "list_select([$1], tm_array_repeat($2))"},
      {"reverse", {"array(E)"}, "array(E)", "list_reverse($1)"},
      {"shuffle", {"array(E)"}, "array(E)", "list_select($1, tm_array_shuffle(len($1), random()))"},
      {"slice",
       {"array(E)", "bigint", "bigint"},
       "array(E)",
       "list_select($1, tm_array_slice(len($1), $2, $3))"},
      {"trim_array",
       {"array(E)", "bigint"},
       "array(E)",
       "list_select($1, tm_array_trim(len($1), $2))"},
      {"flatten", {"array(array(E))"}, "array(E)", "flatten($1)"},
      {"combinations",
       {"array(E)", "bigint"},
       "array(array(E))",
       "list_transform(tm_array_combinations(len($1), $2), lambda u: list_select($1, u))"},
      {"ngrams",
       {"array(E)", "bigint"},
       "array(array(E))",
       "list_transform(tm_array_ngrams(len($1), $2), lambda u: list_select($1, u))"},
  };
}

std::vector<Row> SequenceRows() {
  return {
      {"sequence", {"bigint", "bigint"}, "array(bigint)", "tm_array_sequence_by_one($1, $2)"},
      {"sequence",
       {"bigint", "bigint", "bigint"},
       "array(bigint)",
       "tm_array_sequence($1, $2, $3)"},
      {"sequence",
       {"timestamp", "timestamp"},
       "array(timestamp)",
       "tm_array_sequence($1, $2, CAST(86400000000000 AS BIGINT))"},
      {"sequence",
       {"timestamp", "timestamp", "dayseconds"},
       "array(timestamp)",
       "tm_array_sequence($1, $2, $3)"},
      {"sequence",
       {"timestamp", "timestamp", "yearmonths"},
       "array(timestamp)",
       "tm_array_sequence_months($1, $2, $3)"},
      {"sequence", {"date", "date"}, "array(date)", "tm_array_sequence_by_one($1, $2)"},
      {"sequence",
       {"date", "date", "dayseconds"},
       "array(date)",
       "tm_array_sequence_days($1, $2, $3)"},
      {"sequence",
       {"date", "date", "yearmonths"},
       "array(date)",
       "tm_array_sequence_days_by_months($1, $2, $3)"},
  };
}

std::vector<Row> LambdaRows() {
  return {
      {"filter", {"array(E)", "(E)->boolean"}, "array(E)", "list_filter($1, $2)"},
      {"transform", {"array(E)", "(E)->R"}, "array(R)", "list_transform($1, $2)"},
      {"any_match",
       {"array(E)", "(E)->boolean"},
       "boolean",
       "tm_array_any_match(list_transform($1, $2))"},
      {"all_match",
       {"array(E)", "(E)->boolean"},
       "boolean",
       "tm_array_all_match(list_transform($1, $2))"},
      {"none_match",
       {"array(E)", "(E)->boolean"},
       "boolean",
       "tm_array_none_match(list_transform($1, $2))"},
  };
}

std::vector<Row> SeriesRows() {
  return {
      {"cardinality", {"timeseries(T)"}, "bigint", "len($1)"},
      {"filter", {"timeseries(T)", "(point(T))->boolean"}, "timeseries(T)", "list_filter($1, $2)"},
      {"transform", {"timeseries(T)", "(point(T))->R"}, "array(R)", "list_transform($1, $2)"},
      {"interpolate_linear",
       {"timeseries(double)", "array(timestamp)"},
       "timeseries(double)",
       "tm_series_linear($1, $2)"},
      {"interpolate_linear",
       {"timeseries(double)", "timestamp"},
       "double",
       "tm_series_linear_at($1, $2)"},
      {"interpolate_spline_cubic",
       {"timeseries(double)", "array(timestamp)"},
       "timeseries(double)",
       "tm_series_spline($1, $2)"},
      {"interpolate_spline_cubic",
       {"timeseries(double)", "timestamp"},
       "double",
       "tm_series_spline_at($1, $2)"},
      {"interpolate_locf",
       {"timeseries(T)", "array(timestamp)"},
       "timeseries(T)",
       "list_transform(tm_series_last($1, $2), lambda u: {'f0': struct_extract(u, 'f0'), "
       "'f1': struct_extract(list_extract($1, struct_extract(u, 'f1')), 'f1')})"},
      {"interpolate_locf",
       {"timeseries(T)", "timestamp"},
       "T",
       "struct_extract(list_extract($1, tm_series_last_at($1, $2)), 'f1')"},
      {"interpolate_fill",
       {"timeseries(T)", "array(timestamp)", "T"},
       "timeseries(T)",
       "list_transform(tm_series_exact($1, $2), lambda u: {'f0': struct_extract(u, 'f0'), "
       "'f1': CASE WHEN struct_extract(u, 'f1') = 0 THEN $3 ELSE "
       "struct_extract(list_extract($1, struct_extract(u, 'f1')), 'f1') END})"},
      {"interpolate_fill",
       {"timeseries(T)", "timestamp", "T"},
       "T",
       "CASE WHEN tm_series_exact_at($1, $2) = 0 THEN $3 ELSE "
       "struct_extract(list_extract($1, tm_series_exact_at($1, $2)), 'f1') END"},
      {"derivative_linear",
       {"timeseries(double)", "dayseconds"},
       "timeseries(double)",
       "tm_series_derivative($1, $2)"},
      {"non_negative_derivative_linear",
       {"timeseries(double)", "dayseconds"},
       "timeseries(double)",
       "tm_series_rise($1, $2)"},
      {"integral_trapezoidal",
       {"timeseries(double)"},
       "double",
       "tm_series_integral($1, CAST(1000000000 AS BIGINT))"},
      {"integral_trapezoidal",
       {"timeseries(double)", "dayseconds"},
       "double",
       "tm_series_integral($1, $2)"},
      {"correlate_pearson",
       {"timeseries(double)", "timeseries(double)"},
       "double",
       "tm_series_pearson($1, $2)"},
      {"correlate_spearman",
       {"timeseries(double)", "timeseries(double)"},
       "double",
       "tm_series_spearman($1, $2)"},
  };
}

std::vector<GenericFunction> MakeFunctions() {
  std::vector<GenericFunction> out;
  for (const auto& rows : {ArrayRows(), SequenceRows(), LambdaRows(), SeriesRows()}) {
    for (const Row& row : rows) {
      GenericFunction function{row.name, {}, PatternReader(row.result).Read(), row.emit};
      for (const std::string_view param : row.params) {
        function.params.push_back(PatternReader(param).Read());
      }
      // Those of one name together, in the order of definition.
      const auto last = std::find_if(out.rbegin(), out.rend(), [&](const GenericFunction& other) {
        return other.name == row.name;
      });
      out.insert(last == out.rend() ? out.end() : last.base(), std::move(function));
    }
  }
  return out;
}

const std::vector<GenericFunction>& Functions() {
  static const std::vector<GenericFunction> all = MakeFunctions();
  return all;
}

}  // namespace

bool TypeBindings::Unify(const TypePattern& pattern, const Type& type) {
  const bool unknown = type.kind() == TypeKind::kUnknown;
  switch (pattern.kind) {
    case Kind::kConcrete:
      return CoercionCost(type, pattern.type) >= 0;
    case Kind::kVariable: {
      std::optional<Type>& bound = types_[static_cast<size_t>(pattern.variable - 'A')];
      std::optional<Type> common = bound ? CommonType(*bound, type) : type;
      if (!common) return false;
      bound = std::move(common);
      return true;
    }
    case Kind::kArray:
      return unknown ||
             (type.kind() == TypeKind::kArray && Unify(pattern.parts[0], type.element()));
    case Kind::kTimeseries:
      return unknown ||
             (type.kind() == TypeKind::kTimeseries && Unify(pattern.parts[0], type.element()));
    case Kind::kPoint:
    case Kind::kLambda:
      return false;
  }
  return false;
}

Type TypeBindings::Substitute(const TypePattern& pattern) const {
  switch (pattern.kind) {
    case Kind::kConcrete:
      return pattern.type;
    case Kind::kVariable:
      return types_[static_cast<size_t>(pattern.variable - 'A')].value_or(TypeKind::kUnknown);
    case Kind::kArray:
      return Type::Array(Substitute(pattern.parts[0]));
    case Kind::kTimeseries:
      return Type::Timeseries(Substitute(pattern.parts[0]));
    case Kind::kPoint:
      return PointType(Substitute(pattern.parts[0]));
    case Kind::kLambda:
      break;
  }
  return TypeKind::kUnknown;
}

std::span<const GenericFunction> FindGenericFunctions(std::string_view name) {
  const std::vector<GenericFunction>& all = Functions();
  const auto named = [&](const GenericFunction& function) { return function.name == name; };
  const auto first = std::ranges::find_if(all, named);
  const auto last = std::find_if_not(first, all.end(), named);
  return {first, last};
}

std::vector<std::string_view> GenericFunctionNames() {
  std::vector<std::string_view> names{"reduce", "zip", "zip_with", "array_join"};
  for (const GenericFunction& function : Functions()) {
    if (function.name.front() >= 'a' && names.back() != function.name) {
      names.push_back(function.name);
    }
  }
  return names;
}

}  // namespace tidemark::sql
