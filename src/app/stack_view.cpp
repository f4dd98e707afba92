// SPDX-License-Identifier: Apache-2.0
// [[view]].
#include <algorithm>
#include <functional>

#include "app/stack_grammar_internal.h"
#include "app/stack_keys.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

const std::vector<std::string> kCalendars{"day", "week", "month", "quarter", "year"};
const std::vector<std::string> kWeekDays{"monday", "tuesday",  "wednesday", "thursday",
                                         "friday", "saturday", "sunday"};
const std::vector<std::string> kFills{"linear", "locf", "next", "spline", "constant"};

/// The keys that are windows, and of these the ones that belong to each.
void ReadWindows(TomlTable& table, catalog::ViewDef& def) {
  std::vector<std::string_view> kinds;
  for (const ViewKey& key : kViewKeys) {
    if (key.name == key.windows && table.Has(key.name)) kinds.push_back(key.name);
  }
  if (kinds.size() > 1) {
    table.Problem(kinds[1], "a view has one kind of window: \"" + std::string(kinds[0]) +
                                "\" or \"" + std::string(kinds[1]) + "\", not both");
  }
  const std::string_view kind = kinds.empty() ? "window" : kinds.front();
  for (const ViewKey& key : kViewKeys) {
    if (key.windows.empty() || key.windows == kind || !table.Has(key.name)) continue;
    table.Problem(key.name, "key \"" + std::string(key.name) + "\" goes with \"" +
                                std::string(key.windows) + "\", which this view does not have");
  }
  constexpr nanoseconds kNone{0};
  if (kind == "window") def.window = table.RequiredDuration("window", milliseconds(1));
  def.slide = table.Duration("slide", kNone, milliseconds(1));
  if (table.Has("offset") && (kind == "session_gap" || kind == "calendar")) {
    table.Problem("offset", "sessions and calendars have no offset");
  }
  def.offset = table.Duration("offset", kNone, kNone);
  def.session_gap = table.Duration("session_gap", kNone, milliseconds(1));
  def.max_session = table.Duration("max_session", def.max_session, milliseconds(1));
  if (kind == "calendar") def.calendar = kCalendars[table.OneOf("calendar", "day", kCalendars)];
  def.zone = table.String("zone", "");
  def.week_start = kWeekDays[table.OneOf("week_start", "monday", kWeekDays)];
  def.every = table.Duration("every", kNone, milliseconds(1));
  if (kind == "every") def.fill = kFills[table.OneOf("fill", "linear", kFills)];
  def.fill_value = table.Number("fill_value").value_or(0);
  def.max_gap = table.Duration("max_gap", kNone, milliseconds(1));
  def.levels = table.Durations("levels");
  if (table.Has("levels") &&
      (def.levels.empty() || def.levels.front() < milliseconds(1) ||
       std::ranges::adjacent_find(def.levels, std::greater_equal<>()) != def.levels.end())) {
    table.Problem("levels", "key \"levels\" must be durations of 1ms at least, ascending");
  }
}

void ReadLabelMap(TomlTable& table, catalog::LabelMapDef& out) {
  auto map = table.Table("label_map");
  if (!map) return;
  out.name = map->RequiredString("name");
  out.from = map->RequiredString("from");
  if (auto texts = map->Table("map")) {
    for (std::string& pattern : texts->Keys()) {
      std::string text = texts->String(pattern, "");
      out.texts.emplace_back(std::move(pattern), std::move(text));
    }
    map->Join(*texts);
  }
  if (out.texts.empty()) map->Problem("map", "label_map needs map = {\"m5*\" = \"general\"}");
  table.Join(*map);
}

void WriteNumbers(JsonWriter& out, std::string_view key, const std::vector<double>& numbers) {
  out.Key(key).BeginArray();
  for (const double number : numbers) out.Double(number);
  out.EndArray();
}

std::vector<std::string> Texts(const std::vector<nanoseconds>& durations) {
  std::vector<std::string> out;
  out.reserve(durations.size());
  for (const nanoseconds duration : durations) out.push_back(FormatDuration(duration));
  return out;
}

std::string LabelMapText(const catalog::LabelMapDef& map) {
  std::string out = "{name = ";
  AppendJsonString(out, map.name);
  out += ", from = ";
  AppendJsonString(out, map.from);
  out += ", map = {";
  for (size_t i = 0; i < map.texts.size(); ++i) {
    if (i > 0) out += ", ";
    AppendJsonString(out, map.texts[i].first);
    out += " = ";
    AppendJsonString(out, map.texts[i].second);
  }
  return out + "}}";
}

std::string NumbersText(const std::vector<double>& numbers) {
  std::string out = "[";
  for (const double number : numbers) {
    if (out.size() > 1) out += ", ";
    out += FormatDoubleShortest(number);
  }
  return out + "]";
}

/// What most views leave at its default: not in the texts of catalogs written before it was there.
void WriteExtras(JsonWriter& out, const catalog::ViewDef& def) {
  const catalog::ViewDef plain;
  const auto text = [&out](std::string_view key, const std::string& value,
                           const std::string& fallback) {
    if (value != fallback) out.Key(key).String(value);
  };
  const auto duration = [&out](std::string_view key, nanoseconds value, nanoseconds fallback) {
    if (value != fallback) out.Key(key).String(FormatDuration(value));
  };
  text("source", def.source, plain.source);
  if (!def.filter.empty()) {
    out.Key("filter");
    WriteFilter(out, def.filter);
  }
  if (!def.label_map.name.empty()) {
    out.Key("label_map").BeginObject();
    out.Key("name").String(def.label_map.name).Key("from").String(def.label_map.from);
    out.Key("map").BeginObject();
    for (const auto& [pattern, to] : def.label_map.texts) out.Key(pattern).String(to);
    out.EndObject().EndObject();
  }
  duration("slide", def.slide, plain.slide);
  duration("session_gap", def.session_gap, plain.session_gap);
  duration("max_session", def.max_session, plain.max_session);
  text("calendar", def.calendar, plain.calendar);
  text("zone", def.zone, plain.zone);
  text("week_start", def.week_start, plain.week_start);
  duration("every", def.every, plain.every);
  text("fill", def.fill, plain.fill);
  if (def.fill_value != plain.fill_value) out.Key("fill_value").Double(def.fill_value);
  duration("max_gap", def.max_gap, plain.max_gap);
  if (!def.levels.empty()) StringList(out, "levels", Texts(def.levels));
  if (def.multi_rows) out.Key("rows").String("multi");
  if (!def.columns.empty()) StringList(out, "columns", def.columns);
  if (!def.buckets.empty()) WriteNumbers(out, "buckets", def.buckets);
  duration("staleness", def.staleness, plain.staleness);
  duration("horizon", def.horizon, plain.horizon);
  if (def.recompute_per_second != plain.recompute_per_second) {
    out.Key("recompute_per_second").Int(def.recompute_per_second);
  }
  duration("refresh", def.refresh, plain.refresh);
  text("late_stream", def.late_stream, plain.late_stream);
}

}  // namespace

catalog::ViewDef ReadView(TomlTable& table) {
  catalog::ViewDef def;
  table.Expect(ViewKeyNames());
  def.name = NameOf(table);
  def.database = NameOf(table, "database");
  def.table = NameOf(table, "table");
  def.target_table = table.String("target_table", def.table);
  if (table.Has("source")) def.source = NameOf(table, "source");
  def.filter = ReadFilter(table);
  ReadLabelMap(table, def.label_map);
  def.measures = table.Strings("measures", {"*"});
  def.types = table.Strings("types", {"DOUBLE"});
  def.columns = table.Strings("columns", {});
  const bool one = table.Has("aggregate");  // either name takes one or several
  if (table.Has("aggregates") && one) {
    table.Problem("aggregates", "a view has \"aggregate\" or \"aggregates\", not both");
  }
  if (table.Has("every") && (one || table.Has("aggregates"))) {
    table.Problem(one ? "aggregate" : "aggregates",
                  "a view with \"every\" interpolates: it has no aggregates");
  }
  def.aggregates = table.Strings(one ? "aggregate" : "aggregates", {"avg"});
  ReadWindows(table, def);
  def.group_by = table.Strings("group_by", {"*"}, TomlTable::EmptyList::kAllowed);
  def.output = table.String("output", "{aggregate}_{measure}");
  def.multi_rows = table.OneOf("rows", "single", {"single", "multi"}) == 1;
  def.buckets = table.Numbers("buckets");
  def.staleness = table.Duration("staleness", nanoseconds(0), nanoseconds(0));
  def.horizon = table.Duration("horizon", nanoseconds(0), nanoseconds(0));
  def.label = table.OneOf("label", "start", {"start", "end"}) == 0 ? catalog::WindowLabel::kStart
                                                                   : catalog::WindowLabel::kEnd;
  def.out_of_orderness = table.Duration("out_of_orderness", nanoseconds(0), nanoseconds(0));
  def.allowed_lateness = table.Duration("allowed_lateness", nanoseconds(0), nanoseconds(0));
  def.late = table.OneOf("late", "recompute", {"recompute", "freeze"}) == 0
                 ? catalog::LatePolicy::kRecompute
                 : catalog::LatePolicy::kFreeze;
  def.recompute_per_second =
      table.Integer("recompute_per_second", def.recompute_per_second, 1, 1'000'000'000);
  def.early = table.Duration("early", nanoseconds(0), nanoseconds(0));
  def.provisional_after = table.Duration("provisional_after", nanoseconds(0), nanoseconds(0));
  def.refresh = table.Duration("refresh", nanoseconds(0), nanoseconds(0));
  if (table.Has("late_stream")) def.late_stream = NameOf(table, "late_stream");
  def.adopt = table.Bool("adopt", false);
  def.definition = DefinitionText(def);
  return def;
}

std::string DefinitionText(const catalog::ViewDef& def) {
  JsonWriter out;
  out.BeginObject();
  out.Key("database").String(def.database).Key("table").String(def.table);
  out.Key("target_table").String(def.target_table);
  StringList(out, "measures", def.measures);
  StringList(out, "types", def.types);
  StringList(out, "aggregate", def.aggregates);  // as catalogs of before have it
  out.Key("window").String(FormatDuration(def.window));
  // Not in the texts of catalogs written before there was one.
  if (def.offset != nanoseconds(0)) out.Key("offset").String(FormatDuration(def.offset));
  StringList(out, "group_by", def.group_by);
  out.Key("output").String(def.output);
  out.Key("label").String(def.label == catalog::WindowLabel::kEnd ? "end" : "start");
  out.Key("out_of_orderness").String(FormatDuration(def.out_of_orderness));
  out.Key("allowed_lateness").String(FormatDuration(def.allowed_lateness));
  out.Key("late").String(def.late == catalog::LatePolicy::kFreeze ? "freeze" : "recompute");
  if (def.early != nanoseconds(0)) out.Key("early").String(FormatDuration(def.early));
  if (def.provisional_after != nanoseconds(0)) {
    out.Key("provisional_after").String(FormatDuration(def.provisional_after));
  }
  WriteExtras(out, def);
  out.EndObject();
  return std::move(out).Take();
}

std::string StackText(const catalog::ViewDef& def) {
  const catalog::ViewDef plain;
  TomlWriter out("view");
  out.String("name", def.name).String("database", def.database).String("table", def.table);
  out.String("target_table", def.target_table, def.table).String("source", def.source, "");
  if (!def.filter.empty()) out.Raw("filter", FilterText(def.filter));
  if (!def.label_map.name.empty()) out.Raw("label_map", LabelMapText(def.label_map));
  out.Strings("measures", def.measures, {"*"}).Strings("types", def.types, {"DOUBLE"});
  out.Strings("columns", def.columns, {});
  out.Strings("aggregates", def.aggregates, {"avg"});
  out.Duration("window", def.window, plain.window).Duration("slide", def.slide, plain.slide);
  out.Duration("offset", def.offset, plain.offset);
  out.Duration("session_gap", def.session_gap, plain.session_gap);
  out.Duration("max_session", def.max_session, plain.max_session);
  out.String("calendar", def.calendar, "").String("zone", def.zone, "");
  out.String("week_start", def.week_start, plain.week_start);
  out.Duration("every", def.every, plain.every).String("fill", def.fill, "");
  if (def.fill_value != plain.fill_value)
    out.Raw("fill_value", FormatDoubleShortest(def.fill_value));
  out.Duration("max_gap", def.max_gap, plain.max_gap).Strings("levels", Texts(def.levels), {});
  out.Strings("group_by", def.group_by, {"*"});
  out.String("output", def.output, "{aggregate}_{measure}");
  if (def.multi_rows) out.String("rows", "multi");
  if (!def.buckets.empty()) out.Raw("buckets", NumbersText(def.buckets));
  out.Duration("staleness", def.staleness, plain.staleness);
  out.Duration("horizon", def.horizon, plain.horizon);
  if (def.label == catalog::WindowLabel::kEnd) out.String("label", "end");
  out.Duration("out_of_orderness", def.out_of_orderness, nanoseconds(0));
  out.Duration("allowed_lateness", def.allowed_lateness, nanoseconds(0));
  if (def.late == catalog::LatePolicy::kFreeze) out.String("late", "freeze");
  if (def.recompute_per_second != plain.recompute_per_second) {
    out.Raw("recompute_per_second", std::to_string(def.recompute_per_second));
  }
  out.Duration("early", def.early, nanoseconds(0));
  out.Duration("provisional_after", def.provisional_after, nanoseconds(0));
  out.Duration("refresh", def.refresh, nanoseconds(0));
  out.String("late_stream", def.late_stream, "");
  return std::move(out).Take();
}

}  // namespace tidemark::app
