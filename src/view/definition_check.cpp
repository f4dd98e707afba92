// SPDX-License-Identifier: Apache-2.0
// The rules that a definition has to keep before its view may exist.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "view/calendar.h"
#include "view/definition.h"
#include "view/definition_internal.h"

namespace tidemark::view {
namespace {

/// As the stack has it.
std::string TypeText(store::ValueType type) {
  std::string out(store::ValueTypeName(type));
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// event-time.md section 1: size + lateness <= 12 years keeps every sum inside int64.
constexpr nanoseconds kSpanMax = hours(24 * 366 * 12);
/// Windows that hold one time: each late point may cost as many evaluations.
constexpr int64_t kOverlapMax = 10'000;

Result<void> CheckLevels(const ViewDefinition& d) {
  if (d.levels.size() > kLevelsMax) {
    return Invalid(d.name, "levels: at most " + std::to_string(kLevelsMax));
  }
  nanoseconds before{0};
  for (const nanoseconds level : d.levels) {
    if (level <= before || level > kSpanMax) {
      return Invalid(d.name, "levels must ascend, each above 0 and below 12 years");
    }
    if (level % d.levels.front() != nanoseconds(0)) {
      return Invalid(d.name, "levels: " + FormatDuration(level) + " is not a multiple of " +
                                 FormatDuration(d.levels.front()));
    }
    before = level;
  }
  return {};
}

Result<void> CheckSessions(const ViewDefinition& d) {
  if (d.max_session <= d.session_gap || d.max_session > kSpanMax) {
    return Invalid(d.name, "max_session must be longer than session_gap and below 12 years");
  }
  if (d.reach() > nanoseconds(0)) {
    return Invalid(d.name, "staleness and horizon: a session looks at its own points only");
  }
  return {};
}

Result<void> CheckSamples(const ViewDefinition& d) {
  if (d.every > kSpanMax / kOverlapMax) return Invalid(d.name, "every must be below 10 hours");
  if (d.max_gap <= nanoseconds(0) || d.max_gap / d.every > kOverlapMax) {
    return Invalid(d.name, "max_gap must be above 0 and at most " + std::to_string(kOverlapMax) +
                               " times every: each late point may change as many rows");
  }
  if (d.grouped()) {
    return Invalid(d.name, "group_by: a view with every has a row for each series; leave it out");
  }
  if (d.label == Label::kEnd) {
    return Invalid(d.name, "label: the rows of a view with every are at its times; leave it out");
  }
  for (const store::ValueType type : d.types) {
    if (type != store::ValueType::kDouble && type != store::ValueType::kBigint) {
      return Invalid(d.name, "types: a view with every reads DOUBLE and BIGINT");
    }
    // As exact as its column.
    if (type == store::ValueType::kBigint && d.fill == Fill::kConstant &&
        (d.fill_value != std::floor(d.fill_value) || std::fabs(d.fill_value) >= 0x1p63)) {
      return Invalid(d.name, "fill_value must be a whole number where types name BIGINT");
    }
  }
  return {};
}

Result<void> CheckWindows(const ViewDefinition& d) {
  if (d.session_gap > nanoseconds(0)) return CheckSessions(d);
  if (d.every > nanoseconds(0)) return CheckSamples(d);
  if (!d.levels.empty()) return CheckLevels(d);
  if (!d.calendar.empty()) {
    auto grid = CalendarOf(d);
    if (!grid.ok()) return std::move(grid).error().With("view " + d.name);
    return {};
  }
  if (d.width <= nanoseconds(0)) return Invalid(d.name, "window must be longer than 0");
  if (d.width > kSpanMax) return Invalid(d.name, "window must be below 12 years");
  if (d.slide < nanoseconds(0) || d.slide > kSpanMax) {
    return Invalid(d.name, "slide must be above 0 and below 12 years");
  }
  if (d.slide > nanoseconds(0) && d.width / d.slide > kOverlapMax) {
    return Invalid(d.name, "slide: each time would be in more than " + std::to_string(kOverlapMax) +
                               " windows");
  }
  return {};
}

Result<void> CheckGroups(const ViewDefinition& d) {
  std::set<std::string_view> names;
  for (const std::string& name : d.group_by) {
    if (name == "*" && d.grouped()) {
      return Invalid(d.name, "group_by: \"*\" is all dimensions and stands alone");
    }
    if (!names.insert(name).second) return Invalid(d.name, "group_by names " + name + " twice");
  }
  if (!d.label_map.name.empty() && !names.contains(d.label_map.name)) {
    return Invalid(d.name, "label_map makes \"" + d.label_map.name +
                               "\", which group_by does not name: it would change nothing");
  }
  return {};
}

/// A view reads rows by the start of their windows, once they are published.
Result<void> CheckUpstream(const ViewDefinition& d) {
  if (!d.upstream) return {};
  const ViewDefinition& up = *d.upstream.view;
  if (up.target_name != d.source_name) {
    return Invalid(d.name, "source: the rows of view " + up.name + " are in " + up.target_name +
                               ", and not in " + d.source_name + ": set database and table");
  }
  if (up.label == Label::kEnd) {
    return Invalid(d.name, "source: view " + up.name +
                               " labels its rows by the end of their windows; a view over it needs "
                               "label = \"start\" there");
  }
  if (up.rows_have_columns()) {
    return Invalid(d.name, "source: view " + up.name +
                               " has rows of several columns; a view over it needs rows = "
                               "\"single\" there" +
                               (up.columns.empty() ? "" : ", and no columns"));
  }
  if (d.early > nanoseconds(0) || d.provisional_after > nanoseconds(0)) {
    return Invalid(d.name,
                   "early and provisional_after go with a table's own points: a view with a source "
                   "reads rows that are complete");
  }
  return {};
}

/// Of one that reads multi-measure records.
Result<void> CheckFields(const ViewDefinition& d) {
  if (d.ranged()) {
    return Invalid(d.name, "columns goes with windows: sessions and samples read single measures");
  }
  if (d.upstream) {
    return Invalid(d.name, "columns goes with a table's own points: rows of a view have none");
  }
  if (d.values()) {
    return Invalid(d.name,
                   "filter: value_min and value_max are of single measures; leave them out of a "
                   "view with columns");
  }
  if (d.multi_rows) return {};
  for (const store::ValueType type : d.types) {
    const auto result = [&](const agg::Aggregate& aggregate) {
      return static_cast<store::ValueType>(
          agg::ResultTypeOf(aggregate, static_cast<agg::Type>(type)));
    };
    const store::ValueType wanted = d.source == d.target ? type : result(d.aggregates.front());
    for (const agg::Aggregate& aggregate : d.aggregates) {
      if (result(aggregate) == wanted) continue;
      return Invalid(d.name, "columns: " + aggregate.name + " of " + TypeText(type) + " is " +
                                 TypeText(result(aggregate)) +
                                 ", and a table has one type for each column: give the columns "
                                 "names of their own by rows = \"multi\"" +
                                 (d.source == d.target ? ", or set target_table" : ""));
    }
  }
  return {};
}

/// A table knows one type by the name of a column.
Result<void> CheckColumns(const ViewDefinition& d) {
  if (!d.columns.empty()) return CheckFields(d);
  if (!d.multi_rows) return {};
  if (d.ranged()) {
    return Invalid(d.name,
                   "rows = \"multi\" goes with windows: leave it out of a view of sessions "
                   "or samples");
  }
  for (const agg::Aggregate& aggregate : d.aggregates) {
    const auto type_of = [&aggregate](store::ValueType type) {
      return agg::ResultTypeOf(aggregate, static_cast<agg::Type>(type));
    };
    for (const store::ValueType type : d.types) {
      if (type_of(type) == type_of(d.types.front())) continue;
      return Invalid(d.name, "rows = \"multi\": column " + aggregate.name +
                                 " would have several types; give one in types, or leave " +
                                 aggregate.name + " out");
    }
  }
  return {};
}

Result<void> CheckFilter(const ViewDefinition& d) {
  const auto range = d.values();
  if (!range) return {};
  if (!(range->min <= range->max)) {
    return Invalid(d.name, "filter: value_max is below value_min: nothing would pass");
  }
  for (const store::ValueType type : d.types) {
    if (type == store::ValueType::kDouble || type == store::ValueType::kBigint) continue;
    return Invalid(d.name,
                   "filter: value_min and value_max are of numbers; leave VARCHAR and BOOLEAN out "
                   "of types, or the bounds out of the filter");
  }
  return {};
}

Result<void> CheckOutput(const ViewDefinition& d) {
  const std::string& output = d.output;
  const size_t at = output.find(kMeasure);
  if (at == std::string::npos || output.find(kMeasure, at + 1) != std::string::npos) {
    return Invalid(d.name, "output \"" + output + "\" must contain {measure} exactly once");
  }
  const bool names_aggregate = output.find(kAggregate) != std::string::npos;
  if (d.multi_rows && names_aggregate) {
    return Invalid(d.name, "output \"" + output +
                               "\": rows = \"multi\" has a column for each aggregate, so the name "
                               "has no {aggregate}");
  }
  const bool has_window = output.find(kWindow) != std::string::npos;
  const std::string rest = ReplaceAll(
      ReplaceAll(ReplaceAll(output, kMeasure, ""), kAggregate, d.aggregates.size() == 1 ? "x" : ""),
      kWindow, "x");
  if (rest.find_first_of("{}") != std::string::npos) {
    return Invalid(d.name,
                   "output \"" + output + "\" knows only {measure}, {aggregate} and {window}");
  }
  if (has_window != !d.levels.empty()) {
    return Invalid(d.name, has_window ? "output \"" + output + "\": {window} goes with levels"
                                      : "output \"" + output +
                                            "\" must contain {window}: the view has levels");
  }
  if (d.outputs() > 1 && !names_aggregate) {
    return Invalid(d.name, "output \"" + output +
                               "\" must contain {aggregate}: the view has several aggregates");
  }
  if (rest.empty() && !names_aggregate) {
    return Invalid(d.name, "output \"" + output +
                               "\" needs literal text besides {measure}: it would rename nothing");
  }
  return {};
}

}  // namespace

Result<void> CheckDefinition(const ViewDefinition& d) {
  if (d.name.empty()) return Invalid("(unnamed)", "a view needs a name");
  if (d.id.value == 0) return Invalid(d.name, "it has no id");
  TM_RETURN_IF_ERROR(CheckWindows(d));
  TM_RETURN_IF_ERROR(CheckGroups(d));
  TM_RETURN_IF_ERROR(CheckFilter(d));
  TM_RETURN_IF_ERROR(CheckUpstream(d));
  if (d.out_of_orderness < nanoseconds(0)) {
    return Invalid(d.name, "out_of_orderness must not be negative");
  }
  if (d.allowed_lateness < nanoseconds(0)) {
    return Invalid(d.name, "allowed_lateness must not be negative");
  }
  for (const auto& [key, value] :
       {std::pair("staleness", d.staleness), std::pair("horizon", d.horizon)}) {
    if (value < nanoseconds(0) || value > kSpanMax)
      return Invalid(d.name, std::string(key) + " must be below 12 years");
  }
  if (d.out_of_orderness > kSpanMax || d.allowed_lateness > kSpanMax) {
    return Invalid(d.name, "out_of_orderness and allowed_lateness must be below 12 years");
  }
  for (const auto& [key, value] :
       {std::pair("early", d.early), std::pair("provisional_after", d.provisional_after)}) {
    if (value != nanoseconds(0) && value < kEarlyMin)
      return Invalid(d.name, std::string(key) + " must be 100ms at least, or 0s for none");
  }
  if (d.refresh < nanoseconds(0) || d.refresh > kSpanMax) {
    return Invalid(d.name, "refresh must not be negative, and below 12 years");
  }
  if (d.recompute_per_second < 1) {
    return Invalid(d.name, "recompute_per_second must be 1 at least");
  }
  if (d.measures.empty()) return Invalid(d.name, "measures must name at least one pattern");
  if (d.types.empty()) return Invalid(d.name, "types must name at least one type");
  if (d.aggregates.empty()) return Invalid(d.name, "aggregates must name at least one aggregate");
  for (const store::ValueType type : d.types) {
    if (type < store::ValueType::kDouble || type > store::ValueType::kBoolean) {
      return Invalid(d.name, "types: only DOUBLE, BIGINT, VARCHAR and BOOLEAN are offered");
    }
    for (const agg::Aggregate& aggregate : d.aggregates) {
      if (auto r = agg::CheckAggregate(aggregate, static_cast<agg::Type>(type)); !r.ok()) {
        return std::move(r).error().With("view " + d.name + ": aggregates");
      }
    }
  }
  std::set<std::string_view> names;
  for (const agg::Aggregate& aggregate : d.aggregates) {
    if (!names.insert(aggregate.name).second) {
      return Invalid(d.name, "aggregates: " + aggregate.name + " is named twice");
    }
  }
  TM_RETURN_IF_ERROR(CheckColumns(d));
  return CheckOutput(d);
}

}  // namespace tidemark::view
