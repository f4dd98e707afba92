// SPDX-License-Identifier: Apache-2.0
#include "view/definition.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "agg/histogram.h"
#include "base/check.h"
#include "base/glob.h"
#include "view/calendar.h"
#include "view/definition_internal.h"
#include "view/zone_rules.h"

namespace tidemark::view {
namespace {

struct Affixes {
  std::string_view prefix;
  std::string_view suffix;
};

Affixes Split(std::string_view name_template) {
  const size_t at = name_template.find(kMeasure);
  if (at == std::string_view::npos) return {name_template, {}};
  return {name_template.substr(0, at), name_template.substr(at + kMeasure.size())};
}

std::optional<store::ValueType> TypeFromText(std::string_view text) {
  if (text == "DOUBLE") return store::ValueType::kDouble;
  if (text == "BIGINT") return store::ValueType::kBigint;
  if (text == "VARCHAR") return store::ValueType::kVarchar;
  if (text == "BOOLEAN") return store::ValueType::kBoolean;
  return std::nullopt;
}

/// Of a view with `every`: its fill stands where others have an aggregate.
Result<void> ReadFill(const catalog::ViewDef& def, ViewDefinition& out) {
  const auto fill = FillFromText(def.fill);
  if (!fill) return Invalid(def.name, "fill: unknown fill \"" + def.fill + '"');
  out.every = def.every;
  out.fill = *fill;
  out.fill_value = def.fill_value;
  // event-time.md 20: ten samples, of which no view knows how often they come.
  out.max_gap = def.max_gap > nanoseconds(0) ? def.max_gap : 10 * def.every;
  // As SQL's interpolation functions: some make DOUBLE, others keep the type.
  const bool makes_double = *fill == Fill::kLinear || *fill == Fill::kSpline;
  out.aggregates = {{FillName(*fill), makes_double ? agg::Kind::kAvg : agg::Kind::kLast, {}}};
  return {};
}

Result<void> ReadAggregates(const catalog::ViewDef& def, ViewDefinition& out) {
  agg::Bounds bounds;
  if (!def.buckets.empty()) {
    auto made = agg::HistogramBounds::Make(def.buckets);
    if (!made.ok()) return std::move(made).error().With("view " + def.name + ": buckets");
    bounds = *std::move(made);
  }
  out.aggregates.clear();
  bool histogram = false;
  for (const std::string& text : def.aggregates) {
    const auto aggregate = agg::AggregateFromName(text);
    if (!aggregate) {
      return Invalid(def.name, "aggregates: unknown aggregate \"" + text + "\"; there are " +
                                   std::string(agg::AggregateNames()));
    }
    histogram = histogram || aggregate->kind == agg::Kind::kHistogram;
    for (agg::Aggregate& column : agg::Columns(*aggregate, bounds)) {
      out.aggregates.push_back(std::move(column));
    }
  }
  if (bounds != nullptr && !histogram) {
    return Invalid(def.name, "buckets go with the aggregate histogram");
  }
  return {};
}

}  // namespace

nanoseconds ViewDefinition::CarryOf(agg::Kind kind) const {
  if (!agg::WantsCarry(kind)) return nanoseconds(0);
  return kind == agg::Kind::kTimeWeighted ? horizon : staleness;
}

bool operator==(const Upstream& a, const Upstream& b) {
  if (!a || !b) return !a && !b;
  return a.view->owner() == b.view->owner();
}

std::optional<store::ValueRange> ViewDefinition::values() const {
  if (!filter.value_min && !filter.value_max) return std::nullopt;
  store::ValueRange range;
  if (filter.value_min) range.min = *filter.value_min;
  if (filter.value_max) range.max = *filter.value_max;
  return range;
}

nanoseconds ViewDefinition::reach() const {
  nanoseconds out{0};
  for (const agg::Aggregate& one : aggregates) out = std::max(out, CarryOf(one.kind));
  return out;
}

Result<ViewDefinition> FromCatalog(const catalog::ViewDef& def, const CatalogTables& tables) {
  ViewDefinition out;
  out.id = def.id;
  out.generation = def.generation;
  out.name = def.name;
  out.source = tables.source;
  out.target = tables.target;
  out.source_name = '"' + def.database + "\".\"" + def.table + '"';
  out.target_name = '"' + def.database + "\".\"" + def.target_table + '"';
  out.measures = def.measures;
  out.columns = def.columns;
  out.types.clear();
  for (const std::string& text : def.types) {
    const auto type = TypeFromText(text);
    if (!type) return Invalid(def.name, "types: unknown type \"" + text + '"');
    out.types.push_back(*type);
  }
  TM_RETURN_IF_ERROR(def.every > nanoseconds(0) ? ReadFill(def, out) : ReadAggregates(def, out));
  out.upstream = tables.upstream;
  if (out.upstream ? out.upstream.view->name != def.source : !def.source.empty()) {
    return Invalid(def.name, "source: there is no view " + def.source);
  }
  out.width = def.window;
  out.session_gap = def.session_gap;
  out.max_session = def.max_session;
  out.group_by = def.group_by;
  out.label_map = def.label_map;
  out.filter = def.filter;
  out.slide = def.slide;
  out.offset = def.offset;
  out.calendar = def.calendar;
  out.zone = def.zone;
  out.week_start = def.week_start;
  TM_ASSIGN_OR_RETURN(out.zone_rules, ReadRules(def));
  out.levels = def.levels;
  out.output = def.output;
  out.multi_rows = def.multi_rows;
  out.label = def.label == catalog::WindowLabel::kEnd ? Label::kEnd : Label::kStart;
  out.out_of_orderness = def.out_of_orderness;
  out.allowed_lateness = def.allowed_lateness;
  out.late =
      def.late == catalog::LatePolicy::kFreeze ? LatePolicy::kFreeze : LatePolicy::kRecompute;
  out.late_stream = def.late_stream;
  out.refresh = def.refresh;
  out.recompute_per_second = def.recompute_per_second;
  out.staleness = def.staleness;
  out.horizon = def.horizon;
  out.early = def.early;
  out.provisional_after = def.provisional_after;
  out.source_retention = tables.source_retention;
  out.adopt = def.adopt;
  out.running = def.running;
  TM_RETURN_IF_ERROR(CheckDefinition(out));
  if (out.ranged()) return out;
  // event-time.md 8.2: twice the observed interval, which no view knows; two windows hold as many.
  const nanoseconds look_back = std::max<nanoseconds>(minutes(5), 2 * WindowsOf(out).longest());
  if (out.staleness == nanoseconds(0)) out.staleness = look_back;
  if (out.horizon == nanoseconds(0)) out.horizon = look_back;
  return out;
}

std::vector<std::string> NameTemplates(const ViewDefinition& definition) {
  std::vector<std::string> outputs;
  for (const nanoseconds level : definition.levels) {
    outputs.push_back(ReplaceAll(definition.output, kWindow, FormatDuration(level)));
  }
  if (outputs.empty()) outputs.push_back(definition.output);
  std::vector<std::string> out;
  if (definition.multi_rows) return outputs;
  out.reserve(outputs.size() * definition.aggregates.size());
  for (const std::string& output : outputs) {
    for (const agg::Aggregate& aggregate : definition.aggregates) {
      out.push_back(ReplaceAll(output, kAggregate, aggregate.name));
    }
  }
  return out;
}

EventTime FrontierOver(const ViewDefinition& definition, const Windows& upstream,
                       EventTime watermark) {
  const Prefix fired = upstream.PassedBy(watermark);
  const ViewDefinition& up = *definition.upstream.view;
  if (up.every > nanoseconds(0)) {
    // A value that waits for a sample may come so much later.
    const RangeKind samples = *RangesOf(up);
    return samples.SlotOf(watermark) - samples.back();
  }
  const std::vector<std::string> templates = NameTemplates(up);
  const auto is_read = [&](uint8_t level) {
    const auto names = std::span(templates).subspan(level * up.outputs(), up.outputs());
    return std::ranges::any_of(names, [&](const std::string& name) {
      return std::ranges::any_of(definition.measures, [&name](const std::string& pattern) {
        return GlobsMeet(pattern, MakeName(name, "?*"));
      });
    });
  };
  std::optional<EventTime> out;
  for (uint8_t level = 0; level < upstream.levels(); ++level) {
    if (!is_read(level)) continue;
    out = std::min(out.value_or(fired.until(level)), fired.until(level));
  }
  return out.value_or(fired.until()) - definition.out_of_orderness;
}

std::string WindowWords(const ViewDefinition& d) {
  if (!d.levels.empty()) {
    std::string out;
    for (const nanoseconds level : d.levels) {
      out.append(out.empty() ? "" : ", ").append(FormatDuration(level));
    }
    return out;
  }
  if (!d.calendar.empty()) return d.calendar + " in " + (d.zone.empty() ? "UTC" : d.zone);
  if (d.session_gap > nanoseconds(0)) {
    return "sessions " + FormatDuration(d.session_gap) + " apart";
  }
  if (d.every > nanoseconds(0)) {
    return "every " + FormatDuration(d.every) + ", " + std::string(FillName(d.fill));
  }
  std::string out = FormatDuration(d.width);
  if (d.slide > nanoseconds(0)) out += " every " + FormatDuration(d.slide);
  return out;
}

std::optional<RangeKind> RangesOf(const ViewDefinition& d) {
  if (d.session_gap > nanoseconds(0)) return RangeKind::Sessions(d.session_gap, d.max_session);
  if (d.every > nanoseconds(0)) {
    return RangeKind::Samples(d.every, d.offset, d.fill, d.max_gap);
  }
  return std::nullopt;
}

Result<CalendarGrid> CalendarOf(const ViewDefinition& d) {
  return d.zone_rules.empty() ? CalendarGrid::Make(d.calendar, d.zone, d.week_start)
                              : CalendarGrid::Make(d.calendar, d.zone_rules, d.week_start);
}

Windows WindowsOf(const ViewDefinition& d) {
  if (const auto ranges = RangesOf(d)) return ranges->cells();
  if (!d.levels.empty()) return Windows::Levels(d.levels, d.offset);
  if (!d.calendar.empty()) {
    auto grid = CalendarOf(d);
    TM_CHECK(grid.ok());
    return Windows::Calendar(std::make_shared<const CalendarGrid>(*std::move(grid)));
  }
  return Windows::Hopping(d.width, d.slide > nanoseconds(0) ? d.slide : d.width, d.offset);
}

std::string MakeName(std::string_view name_template, std::string_view measure) {
  const auto [prefix, suffix] = Split(name_template);
  std::string out;
  out.reserve(prefix.size() + measure.size() + suffix.size());
  return out.append(prefix).append(measure).append(suffix);
}

bool TemplatesOverlap(std::string_view a, std::string_view b) {
  const auto [a_prefix, a_suffix] = Split(a);
  const auto [b_prefix, b_suffix] = Split(b);
  // Then longer prefix + "x" + longer suffix is made by both; else no name is.
  return (a_prefix.starts_with(b_prefix) || b_prefix.starts_with(a_prefix)) &&
         (a_suffix.ends_with(b_suffix) || b_suffix.ends_with(a_suffix));
}

}  // namespace tidemark::view
