// SPDX-License-Identifier: Apache-2.0
#include "sql/help.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "sql/aggregates.h"
#include "sql/functions.h"
#include "sql/generic_functions.h"

namespace tidemark::sql {
namespace {

struct Line {
  std::string_view name;
  std::string_view help;
};

// Of what the tables of the binder have, sorted by name.
constexpr auto kHelp = std::to_array<Line>({
    {"abs", "The value without its sign"},
    {"acos", "Arc cosine, in radians"},
    {"all_match", "Whether all elements fulfil a condition"},
    {"any_match", "Whether any element fulfils a condition"},
    {"approx_distinct", "About how many different values"},
    {"approx_percentile", "About the value below which a part of all lies"},
    {"arbitrary", "Any value that is not null"},
    {"array_agg", "All values as an array"},
    {"array_distinct", "Without repeated elements"},
    {"array_except", "Elements of the first that the second lacks"},
    {"array_intersect", "Elements that both have"},
    {"array_join", "The elements as one text with a delimiter"},
    {"array_max", "The greatest element"},
    {"array_min", "The least element"},
    {"array_position", "Where an element is found first, from 1; 0: nowhere"},
    {"array_remove", "Without every element that is equal"},
    {"array_sort", "In order, nulls last; or by a comparison"},
    {"array_union", "Elements of both, each once"},
    {"arrays_overlap", "Whether both have an element in common"},
    {"asin", "Arc sine, in radians"},
    {"at_timezone", "The time as a clock in that zone shows it"},
    {"atan", "Arc tangent, in radians"},
    {"atan2", "Angle of the point (x, y) from (y, x), in radians"},
    {"avg", "Average, exact before it is rounded"},
    {"bin", "Rounds a time or number down to a multiple of the width"},
    {"bit_count", "How many bits are set, of so many"},
    {"bitwise_and", "Bits set in both"},
    {"bitwise_and_agg", "Bits set in all values"},
    {"bitwise_not", "Every bit turned over"},
    {"bitwise_or", "Bits set in either"},
    {"bitwise_or_agg", "Bits set in any value"},
    {"bitwise_xor", "Bits set in one of both"},
    {"bool_and", "Whether all are true"},
    {"bool_or", "Whether any is true"},
    {"cardinality", "How many elements"},
    {"cbrt", "Cube root"},
    {"ceil", "The least whole number that is not below"},
    {"ceiling", "The least whole number that is not below"},
    {"chr", "The character of a code point"},
    {"codepoint", "The code point of a character"},
    {"combinations", "All choices of n elements"},
    {"contains", "Whether an element is there"},
    {"corr", "Correlation coefficient"},
    {"correlate_pearson", "Correlation of two time series by value"},
    {"correlate_spearman", "Correlation of two time series by rank"},
    {"cos", "Cosine of radians"},
    {"cosh", "Hyperbolic cosine"},
    {"count", "How many rows, or values that are not null"},
    {"count_if", "How many are true"},
    {"covar_pop", "Population covariance"},
    {"covar_samp", "Sample covariance"},
    {"create_time_series", "A time series of times and values"},
    {"date", "The day of a time"},
    {"date_add", "A time, so many units later"},
    {"date_diff", "Whole units from the first time to the second"},
    {"date_format", "A time as text, by MySQL letters such as %Y-%m-%d"},
    {"date_parse", "A time from text, by MySQL letters"},
    {"date_trunc", "A time rounded down to a unit"},
    {"day", "Day of the month"},
    {"day_of_month", "Day of the month"},
    {"day_of_week", "Day of the week, Monday is 1"},
    {"day_of_year", "Day of the year"},
    {"degrees", "Radians as degrees"},
    {"derivative_linear", "Change of a time series per interval"},
    {"dow", "Day of the week, Monday is 1"},
    {"doy", "Day of the year"},
    {"e", "Euler's number"},
    {"element_at", "The element at a place, null outside; from 1, negative from the end"},
    {"every", "Whether all are true"},
    {"exp", "Euler's number to a power"},
    {"filter", "The elements, or points, that fulfil a condition"},
    {"flatten", "The elements of all arrays as one"},
    {"floor", "The greatest whole number that is not above"},
    {"format_datetime", "A time as text, by Joda letters such as yyyy-MM-dd"},
    {"from_base", "The number that a text is in a base"},
    {"from_iso8601_date", "A date from ISO 8601 text"},
    {"from_iso8601_timestamp", "A time from ISO 8601 text"},
    {"from_milliseconds", "A time from milliseconds since 1970"},
    {"from_nanoseconds", "A time from nanoseconds since 1970"},
    {"from_unixtime", "A time from seconds since 1970"},
    {"geometric_mean", "Geometric mean"},
    {"hamming_distance", "In how many places two texts of one length differ"},
    {"hour", "Hour of the day"},
    {"infinity", "Positive infinity"},
    {"integral_trapezoidal", "Area below a time series per interval"},
    {"interpolate_fill", "A time series on a grid, gaps filled with a value"},
    {"interpolate_linear", "A time series on a grid, gaps on straight lines"},
    {"interpolate_locf", "A time series on a grid, gaps filled with the last value"},
    {"interpolate_spline_cubic", "A time series on a grid, gaps on a cubic spline"},
    {"is_finite", "Whether it is neither infinite nor NaN"},
    {"is_infinite", "Whether it is infinite"},
    {"is_json_scalar", "Whether a JSON text is no object and no array"},
    {"is_nan", "Whether it is NaN"},
    {"json_array_contains", "Whether a JSON array holds a value"},
    {"json_array_get", "The element of a JSON array at a place"},
    {"json_array_length", "How many elements a JSON array has"},
    {"json_extract", "The JSON at a path"},
    {"json_extract_scalar", "The scalar at a path of a JSON text, as text"},
    {"json_format", "JSON as text"},
    {"json_parse", "JSON from text"},
    {"json_size", "How many members what is at a path has"},
    {"kurtosis", "Excess kurtosis"},
    {"last_day_of_month", "The last day of a time's month"},
    {"length", "How many characters"},
    {"levenshtein_distance", "How many edits make one text the other"},
    {"ln", "Natural logarithm"},
    {"log", "Logarithm to a base"},
    {"log10", "Logarithm to base 10"},
    {"log2", "Logarithm to base 2"},
    {"lower", "In lower case"},
    {"lpad", "Filled up on the left, or cut, to a length"},
    {"ltrim", "Without blanks on the left"},
    {"max", "The greatest value, or the n greatest"},
    {"max_by", "The value where another is greatest"},
    {"millisecond", "Millisecond of the second"},
    {"min", "The least value, or the n least"},
    {"min_by", "The value where another is least"},
    {"minute", "Minute of the hour"},
    {"mod", "Remainder of a division"},
    {"month", "Month of the year"},
    {"nan", "Not a number"},
    {"nanosecond", "Nanosecond of the second"},
    {"ngrams", "All runs of n elements"},
    {"non_negative_derivative_linear", "Change of a time series per interval, none where it falls"},
    {"none_match", "Whether no element fulfils a condition"},
    {"parse_datetime", "A time from text, by Joda letters"},
    {"parse_duration", "An interval from text such as 1m, 2h or 3 days"},
    {"pi", "Pi"},
    {"pow", "A number to a power"},
    {"power", "A number to a power"},
    {"quarter", "Quarter of the year"},
    {"radians", "Degrees as radians"},
    {"rand", "A random number, or one below a bound"},
    {"random", "A random number, or one below a bound"},
    {"reduce", "One value made of all elements, step by step"},
    {"regexp_count", "How often a pattern is found"},
    {"regexp_extract", "What a pattern, or a group of it, finds first"},
    {"regexp_extract_all", "All that a pattern, or a group of it, finds"},
    {"regexp_like", "Whether a pattern is found"},
    {"regexp_replace", "With what a pattern finds replaced, or left out"},
    {"regexp_split", "The parts between what a pattern finds"},
    {"regr_intercept", "Intercept of the regression line of y over x"},
    {"regr_slope", "Slope of the regression line of y over x"},
    {"repeat", "A value so many times"},
    {"replace", "With every occurrence of a text replaced, or left out"},
    {"reverse", "In reverse order"},
    {"round", "Rounded to so many decimals"},
    {"rpad", "Filled up on the right, or cut, to a length"},
    {"rtrim", "Without blanks on the right"},
    {"second", "Second of the minute"},
    {"sequence", "Numbers, or times, from one to another by a step"},
    {"shuffle", "In random order"},
    {"sign", "-1, 0 or 1"},
    {"sin", "Sine of radians"},
    {"sinh", "Hyperbolic sine"},
    {"skewness", "Skewness"},
    {"slice", "So many elements from a place on"},
    {"split", "The parts between a delimiter"},
    {"split_part", "One of the parts between a delimiter, from 1"},
    {"sqrt", "Square root"},
    {"starts_with", "Whether a text begins with another"},
    {"stddev", "Sample standard deviation"},
    {"stddev_pop", "Population standard deviation"},
    {"stddev_samp", "Sample standard deviation"},
    {"strpos", "Where a text is found, from 1; 0: nowhere"},
    {"strrpos", "Where a text is found last, from 1; 0: nowhere"},
    {"substr", "A part of a text, from a place on"},
    {"substring", "A part of a text, from a place on"},
    {"sum", "Sum, exact before it is rounded"},
    {"tan", "Tangent of radians"},
    {"tanh", "Hyperbolic tangent"},
    {"to_base", "A number as text in a base"},
    {"to_iso8601", "A time as ISO 8601 text"},
    {"to_milliseconds", "Milliseconds of a time since 1970, or of an interval"},
    {"to_nanoseconds", "Nanoseconds of a time since 1970, or of an interval"},
    {"to_unixtime", "Seconds of a time since 1970"},
    {"transform", "Each element, or point, changed by a lambda"},
    {"translate", "With single characters replaced"},
    {"trim", "Without blanks at both ends"},
    {"trim_array", "Without the last n elements"},
    {"truncate", "Without decimals"},
    {"upper", "In upper case"},
    {"url_decode", "Text without the escapes of a URL"},
    {"url_encode", "Text with the escapes of a URL"},
    {"url_extract_fragment", "What follows # in a URL"},
    {"url_extract_host", "The host of a URL"},
    {"url_extract_parameter", "The value of a parameter of a URL"},
    {"url_extract_path", "The path of a URL"},
    {"url_extract_port", "The port of a URL"},
    {"url_extract_protocol", "The protocol of a URL"},
    {"url_extract_query", "What follows ? in a URL"},
    {"var_pop", "Population variance"},
    {"var_samp", "Sample variance"},
    {"variance", "Sample variance"},
    {"week", "ISO week of the year"},
    {"week_of_year", "ISO week of the year"},
    {"width_bucket", "In which of some buckets a number falls"},
    {"year", "The year"},
    {"year_of_week", "The year of the ISO week"},
    {"yow", "The year of the ISO week"},
    {"zip", "Rows of elements at equal places"},
    {"zip_with", "Elements at equal places combined by a lambda"},
});

/// What the binder resolves by hand: for these the signatures are written here.
struct Special {
  FunctionKind kind;
  std::string_view name;
  std::array<std::string_view, 2> signatures;  // empty: none
  std::string_view help;
};

constexpr auto kSpecial = std::to_array<Special>({
    {FunctionKind::kScalar,
     "ago",
     {"ago(interval day to second) -> timestamp", ""},
     "Now less an interval"},
    {FunctionKind::kScalar,
     "coalesce",
     {"coalesce(T, ...) -> T", ""},
     "The first value that is not null"},
    {FunctionKind::kScalar,
     "concat",
     {"concat(varchar, ...) -> varchar", "concat(array(E), ...) -> array(E)"},
     "One after the other"},
    {FunctionKind::kScalar,
     "current_date",
     {"current_date -> date", ""},
     "The day of the statement"},
    {FunctionKind::kScalar,
     "current_time",
     {"current_time -> time", ""},
     "The time of the day of the statement"},
    {FunctionKind::kScalar,
     "current_timestamp",
     {"current_timestamp -> timestamp", ""},
     "The time of the statement"},
    {FunctionKind::kScalar,
     "current_timezone",
     {"current_timezone() -> varchar", ""},
     "The zone that times are in: UTC"},
    {FunctionKind::kScalar,
     "greatest",
     {"greatest(T, ...) -> T", ""},
     "The greatest of some values"},
    {FunctionKind::kScalar,
     "grouping",
     {"grouping(column, ...) -> bigint", ""},
     "Which columns a GROUPING SETS row leaves out, as bits"},
    {FunctionKind::kScalar,
     "if",
     {"if(boolean, T) -> T", "if(boolean, T, T) -> T"},
     "One value or the other"},
    {FunctionKind::kScalar, "least", {"least(T, ...) -> T", ""}, "The least of some values"},
    {FunctionKind::kScalar,
     "localtime",
     {"localtime -> time", ""},
     "The time of the day of the statement"},
    {FunctionKind::kScalar,
     "localtimestamp",
     {"localtimestamp -> timestamp", ""},
     "The time of the statement"},
    {FunctionKind::kScalar, "now", {"now() -> timestamp", ""}, "The time of the statement"},
    {FunctionKind::kScalar,
     "nullif",
     {"nullif(T, T) -> T", ""},
     "Null if both are equal, else the first"},
    {FunctionKind::kScalar,
     "position",
     {"position(varchar IN varchar) -> bigint", ""},
     "Where a text is found, from 1; 0: nowhere"},
    {FunctionKind::kScalar, "try", {"try(T) -> T", ""}, "Null in place of an error of a row"},
    {FunctionKind::kScalar, "typeof", {"typeof(T) -> varchar", ""}, "The name of a type"},
    {FunctionKind::kWindow,
     "cume_dist",
     {"cume_dist() OVER (...) -> double", ""},
     "Part of the rows that are not behind this one"},
    {FunctionKind::kWindow,
     "dense_rank",
     {"dense_rank() OVER (...) -> bigint", ""},
     "Rank without gaps"},
    {FunctionKind::kWindow,
     "first_value",
     {"first_value(T) OVER (...) -> T", ""},
     "The value of the frame's first row"},
    {FunctionKind::kWindow,
     "lag",
     {"lag(T[, bigint[, T]]) OVER (...) -> T", ""},
     "The value so many rows before"},
    {FunctionKind::kWindow,
     "last_value",
     {"last_value(T) OVER (...) -> T", ""},
     "The value of the frame's last row"},
    {FunctionKind::kWindow,
     "lead",
     {"lead(T[, bigint[, T]]) OVER (...) -> T", ""},
     "The value so many rows after"},
    {FunctionKind::kWindow,
     "nth_value",
     {"nth_value(T, bigint) OVER (...) -> T", ""},
     "The value of the frame's n-th row"},
    {FunctionKind::kWindow,
     "ntile",
     {"ntile(bigint) OVER (...) -> bigint", ""},
     "In which of n equal parts the row lies"},
    {FunctionKind::kWindow,
     "percent_rank",
     {"percent_rank() OVER (...) -> double", ""},
     "Rank from 0 to 1"},
    {FunctionKind::kWindow, "rank", {"rank() OVER (...) -> bigint", ""}, "Rank with gaps"},
    {FunctionKind::kWindow,
     "row_number",
     {"row_number() OVER (...) -> bigint", ""},
     "Number of the row, from 1"},
    {FunctionKind::kTable,
     "unnest",
     {"UNNEST(array(E), ...) [WITH ORDINALITY]", "UNNEST(timeseries(V))"},
     "A row for each element, or point"},
    {FunctionKind::kTable,
     "view_revisions",
     {"view_revisions(varchar)", ""},
     "Every value that a view published, with time and cause"},
    {FunctionKind::kTable,
     "view_rows",
     {"view_rows(varchar)", "view_rows(varchar, timestamp)"},
     "A view's rows with window, revision and record count; as they were at a time"},
});

// Generic functions whose types no pattern says.
constexpr auto kByHand = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"array_join", "array_join(array(E), varchar[, varchar]) -> varchar"},
    {"reduce", "reduce(array(E), S, (S,E)->S, (S)->R) -> R"},
    {"zip", "zip(array(A), array(B), ...) -> array(row(A, B, ...))"},
    {"zip_with", "zip_with(array(A), array(B), (A,B)->R) -> array(R)"},
});

constexpr auto kKeywords = std::to_array<std::string_view>(
    {"ALL",       "AND",       "ANY",        "ARRAY",    "AS",        "ASC",       "AT",
     "BETWEEN",   "BY",        "CASE",       "CAST",     "CROSS",     "CUBE",      "CURRENT",
     "DATABASES", "DESC",      "DESCRIBE",   "DISTINCT", "ELSE",      "END",       "ESCAPE",
     "EXCEPT",    "EXISTS",    "EXPLAIN",    "EXTRACT",  "FALSE",     "FETCH",     "FILTER",
     "FIRST",     "FOLLOWING", "FOR",        "FROM",     "FULL",      "GROUP",     "GROUPING",
     "HAVING",    "IGNORE",    "IN",         "INNER",    "INTERSECT", "INTERVAL",  "IS",
     "JOIN",      "LAST",      "LATERAL",    "LEFT",     "LIKE",      "LIMIT",     "MEASURES",
     "NATURAL",   "NEXT",      "NOT",        "NULL",     "NULLS",     "OFFSET",    "ON",
     "OR",        "ORDER",     "ORDINALITY", "OUTER",    "OVER",      "PARTITION", "PRECEDING",
     "RANGE",     "RESPECT",   "RIGHT",      "ROLLUP",   "ROW",       "ROWS",      "SELECT",
     "SETS",      "SHOW",      "SOME",       "TABLES",   "THEN",      "TIME",      "TO",
     "TRUE",      "TRY_CAST",  "UNBOUNDED",  "UNION",    "UNLOAD",    "UNNEST",    "USING",
     "VALUES",    "WHEN",      "WHERE",      "WINDOW",   "WITH",      "ZONE"});

std::string_view HelpOf(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kHelp, name, {}, &Line::name);
  return found != kHelp.end() && found->name == name ? found->help : std::string_view();
}

std::string Signature(std::string_view name, const std::vector<std::string>& params,
                      const std::string& result) {
  std::string out(name);
  out += '(';
  for (size_t i = 0; i < params.size(); ++i) out.append(i == 0 ? "" : ", ").append(params[i]);
  return out + ") -> " + result;
}

std::string Text(const TypePattern& pattern) {
  using Kind = TypePattern::Kind;
  switch (pattern.kind) {
    case Kind::kConcrete:
      return pattern.type.ToString();
    case Kind::kVariable:
      return std::string(1, pattern.variable);
    case Kind::kArray:
      return "array(" + Text(pattern.parts[0]) + ")";
    case Kind::kTimeseries:
      return "timeseries(" + Text(pattern.parts[0]) + ")";
    case Kind::kPoint:
      return "row(time timestamp, value " + Text(pattern.parts[0]) + ")";
    case Kind::kLambda: {
      std::string out = "(";
      for (size_t i = 0; i + 1 < pattern.parts.size(); ++i) {
        out += (i == 0 ? "" : ", ") + Text(pattern.parts[i]);
      }
      return out + ") -> " + Text(pattern.parts.back());
    }
  }
  TM_UNREACHABLE();
}

std::string Text(AggregateParam param) {
  switch (param) {
    case AggregateParam::kAny:
    case AggregateParam::kScalar:
      return "T";
    case AggregateParam::kElements:
      return "n";
    case AggregateParam::kPercentage:
      return "percentage";
    case AggregateParam::kPercentages:
      return "array(percentage)";
    case AggregateParam::kStandardError:
      return "standard error";
    case AggregateParam::kAccuracy:
      return "accuracy";
    default:
      return TypeOfParam(param).ToString();
  }
}

std::string Text(const AggregateOverload& overload) {
  const auto param = [&](size_t i) {
    return i < overload.params.size() ? Text(overload.params[i]) : std::string("T");
  };
  switch (overload.result) {
    case AggregateResult::kFirst:
      return param(0);
    case AggregateResult::kArrayOfFirst:
      return "array(" + param(0) + ")";
    case AggregateResult::kSeriesOfSecond:
      return "timeseries(" + param(1) + ")";
    default:
      return TypeOfResult(overload, {}).ToString();
  }
}

/// Adds what is not there yet: overloads that differ only in how they are emitted look the same.
void Add(FunctionHelp& help, std::string signature) {
  if (std::ranges::find(help.signatures, signature) == help.signatures.end()) {
    help.signatures.push_back(std::move(signature));
  }
}

FunctionHelp Scalar(std::string_view name) {
  FunctionHelp out{std::string(name), FunctionKind::kScalar, {}, HelpOf(name)};
  for (const Overload& overload : FindOverloads(name)) {
    std::vector<std::string> params;
    for (const TypeKind kind : overload.params) params.push_back(Type(kind).ToString());
    Add(out, Signature(name, params, overload.result.ToString()));
  }
  for (const GenericFunction& function : FindGenericFunctions(name)) {
    std::vector<std::string> params;
    for (const TypePattern& pattern : function.params) params.push_back(Text(pattern));
    Add(out, Signature(name, params, Text(function.result)));
  }
  for (const auto& [by_hand, signature] : kByHand) {
    if (by_hand == name) Add(out, std::string(signature));
  }
  return out;
}

FunctionHelp Aggregate(std::string_view name) {
  FunctionHelp out{std::string(name), FunctionKind::kAggregate, {}, HelpOf(name)};
  if (name == "count") out.signatures.emplace_back("count(*) -> bigint");
  for (const AggregateOverload& overload : FindAggregates(name)) {
    std::vector<std::string> params;
    for (const AggregateParam param : overload.params) params.push_back(Text(param));
    Add(out, Signature(name, params, Text(overload)));
  }
  return out;
}

}  // namespace

std::string_view FunctionKindName(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::kScalar:
      return "scalar";
    case FunctionKind::kAggregate:
      return "aggregate";
    case FunctionKind::kWindow:
      return "window";
    case FunctionKind::kTable:
      return "table";
  }
  TM_UNREACHABLE();
}

std::vector<FunctionHelp> AllFunctionHelp() {
  std::vector<FunctionHelp> out;
  for (const Special& special : kSpecial) {
    FunctionHelp help{std::string(special.name), special.kind, {}, special.help};
    for (const std::string_view signature : special.signatures) {
      if (!signature.empty()) help.signatures.emplace_back(signature);
    }
    out.push_back(std::move(help));
  }
  std::vector<std::string_view> scalars = FunctionNames();
  for (const std::string_view name : GenericFunctionNames()) scalars.push_back(name);
  std::ranges::sort(scalars);
  scalars.erase(std::unique(scalars.begin(), scalars.end()), scalars.end());
  for (const std::string_view name : scalars) {
    const bool word = name.front() >= 'a' && name.front() <= 'z';
    if (word && std::ranges::find(kSpecial, name, &Special::name) == kSpecial.end()) {
      out.push_back(Scalar(name));
    }
  }
  std::vector<std::string_view> aggregates = AggregateNames();
  std::ranges::sort(aggregates);
  aggregates.erase(std::unique(aggregates.begin(), aggregates.end()), aggregates.end());
  for (const std::string_view name : aggregates) out.push_back(Aggregate(name));
  std::ranges::sort(out, {}, [](const FunctionHelp& function) {
    return std::pair(std::string_view(function.name), function.kind);
  });
  return out;
}

std::span<const std::string_view> Keywords() { return kKeywords; }

}  // namespace tidemark::sql
