// SPDX-License-Identifier: Apache-2.0
// Schema, values, sample and storage of a table (web/API.md section 10).
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "api/console/cell_internal.h"
#include "api/console/kept_objects_internal.h"
#include "api/console/queries_internal.h"
#include "api/console/routes_internal.h"
#include "api/console/table_details_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

using catalog::TableDef;

constexpr int64_t kValuesMax = 1000;
constexpr int64_t kSampleMax = 100;
constexpr nanoseconds kSampleSpan = hours(1);  // behind the newest row: a bounded scan

std::string_view TypeText(store::ValueType type) {
  return type == store::ValueType::kMulti ? "multi" : store::ValueTypeName(type);
}

/// What the administrator knows of a table's size.
store::TableStorage SizesOf(const Core& core, TableId table) {
  if (core.deps.store_admin == nullptr) return {};
  const store::StorageReport report = core.deps.store_admin->Report();
  const auto found = std::ranges::find(report.tables, table, &store::TableStorage::table);
  return found == report.tables.end() ? store::TableStorage{} : *found;
}

/// How many series have each dimension, its values, and each measure.
struct SeriesFacts {
  struct Dimension {
    std::unordered_set<std::string_view> values;
    uint64_t series = 0;
  };
  std::unordered_map<std::string_view, Dimension> dimensions;
  std::unordered_map<std::string_view, uint64_t> measures;
  std::vector<std::shared_ptr<const store::SeriesInfo>> series;  // what the views above point into
};

Result<SeriesFacts> Count(Core& core, TableId table) {
  SeriesFacts out;
  store::Selection selection;
  selection.table = table;
  TM_ASSIGN_OR_RETURN(out.series, core.deps.store.Series(selection));
  for (const auto& series : out.series) {
    ++out.measures[series->measure];
    for (const store::Dimension& dimension : series->dimensions) {
      auto& facts = out.dimensions[dimension.name];
      facts.values.insert(dimension.value);
      ++facts.series;
    }
  }
  return out;
}

std::string ViewOf(const std::vector<view::ViewStatus>& views, TableId table,
                   std::string_view measure) {
  for (const view::ViewStatus& view : views) {
    if (view.definition.target != table) continue;
    for (const std::string& name : view::NameTemplates(view.definition)) {
      if (store::MatchesTemplate(name, measure)) return view.definition.name;
    }
  }
  return {};
}

/// The number, or null where nothing was counted.
void WriteCount(JsonWriter& out, std::string_view key, const std::optional<uint64_t>& count) {
  out.Key(key);
  count ? out.String(std::to_string(*count)) : out.Null();
}

void WriteMeasures(JsonWriter& out, Core& core, const TableDef& table,
                   const store::TableSchema& schema, const std::optional<SeriesFacts>& facts) {
  const auto views = core.deps.views.Statuses();
  out.Key("measures").BeginArray();
  for (const store::TableSchema::Measure& measure : schema.measures) {
    out.BeginObject();
    WriteText(out, "name", measure.name);
    WriteText(out, "type", TypeText(measure.type));
    std::optional<uint64_t> series;
    if (facts) {
      const auto found = facts->measures.find(measure.name);
      series = found == facts->measures.end() ? 0 : found->second;
    }
    WriteCount(out, "series", series);
    out.Key("dimensions").BeginArray();
    for (const std::string& dimension : measure.dimensions) out.String(dimension);
    out.EndArray().Key("fields").BeginArray();
    for (const store::FieldDef& field : measure.fields) {
      out.BeginObject();
      WriteText(out, "name", field.name);
      WriteText(out, "type", TypeText(field.type));
      out.EndObject();
    }
    out.EndArray();
    WriteTextOrNull(out, "view", ViewOf(views, table.id, measure.name));
    out.EndObject();
  }
  out.EndArray();
}

void WriteColumns(JsonWriter& out, const store::TableSchema& schema) {
  const auto column = [&out](std::string_view name, std::string_view type, std::string_view kind) {
    out.BeginObject();
    WriteText(out, "name", name);
    WriteText(out, "type", type);
    WriteText(out, "kind", kind);
    out.EndObject();
  };
  out.Key("columns").BeginArray();
  for (const std::string& dimension : schema.dimensions) column(dimension, "varchar", "dimension");
  column("measure_name", "varchar", "measure_name");
  column("time", "timestamp", "time");
  for (const store::FieldDef& field : schema.columns) {
    const std::string_view type = TypeText(field.type);
    if (field.name.empty()) {
      column("measure_value::" + std::string(type), type, "measure_value");
    } else {
      column(field.name, type, "attribute");
    }
  }
  out.EndArray();
}

void WriteDimensions(JsonWriter& out, const store::TableSchema& schema,
                     const std::optional<SeriesFacts>& facts) {
  out.Key("dimensions").BeginArray();
  for (const std::string& dimension : schema.dimensions) {
    out.BeginObject();
    WriteText(out, "name", dimension);
    std::optional<uint64_t> distinct;
    std::optional<uint64_t> series;
    if (facts) {
      const auto found = facts->dimensions.find(dimension);
      distinct = found == facts->dimensions.end() ? 0 : found->second.values.size();
      series = found == facts->dimensions.end() ? 0 : found->second.series;
    }
    WriteCount(out, "distinct", distinct);
    WriteCount(out, "series", series);
    out.EndObject();
  }
  out.EndArray();
}

/// What the API was told when the table was made.
void WritePartitionKey(JsonWriter& out, const TableDef& table) {
  out.Key("partition_key");
  const auto extra = ParseJson(table.extra_json.empty() ? "{}" : table.extra_json);
  const JsonValue* schema = extra.ok() ? extra->Find("Schema") : nullptr;
  const JsonValue* keys = schema != nullptr ? schema->Find("CompositePartitionKey") : nullptr;
  if (keys == nullptr || !keys->is_array() || keys->array().empty()) {
    out.Null();
    return;
  }
  const JsonValue& key = keys->array().front();
  const auto text = [&key](std::string_view member) {
    const JsonValue* value = key.Find(member);
    return value != nullptr && value->is_string() ? value->string_value() : std::string();
  };
  out.BeginObject();
  WriteTextOrNull(out, "name", text("Name"));
  WriteTextOrNull(out, "type", text("Type"));
  WriteTextOrNull(out, "enforcement", text("EnforcementInRecord"));
  out.EndObject();
}

template <typename F>
Answer OnTable(Core& core, const Call& call, const F& answer) {
  const auto table = core.deps.catalog.GetTable(call.path[1], call.path[3]);
  if (!table.ok()) return core.Fail(ToFailure(table.error(), "table_not_found"));
  return answer(*table);
}

Answer GetSchema(Core& core, Call& call) {
  return OnTable(core, call, [&](const TableDef& table) -> Answer {
    const auto schema = core.deps.store.Schema(table.id);
    if (!schema.ok()) return core.Fail(schema.error());
    const auto times = TimesOf(core.deps, table);
    if (!times.ok()) return core.Fail(times.error());
    const store::TableStorage sizes = SizesOf(core, table.id);
    std::optional<SeriesFacts> facts;
    if (sizes.series <= kSeriesRead) {
      auto counted = Count(core, table.id);
      if (!counted.ok()) return core.Fail(counted.error());
      facts = std::move(*counted);
    }
    JsonWriter out;
    out.BeginObject();
    WriteText(out, "database", table.database_name);
    WriteText(out, "table", table.name);
    WriteI64(out, "series", facts ? uint64_t{facts->series.size()} : sizes.series);
    WriteI64(out, "oldest", times->oldest);
    WriteI64(out, "newest", times->newest);
    WriteI64(out, "created", std::optional(table.created.AsEventTime()));
    WriteI64(out, "memory_retention_hours", table.memory_retention_hours);
    WriteI64(out, "magnetic_retention_days", table.magnetic_retention_days);
    out.Key("magnetic_writes").Bool(table.magnetic_writes_enabled);
    WriteDimensions(out, *schema, facts);
    WriteMeasures(out, core, table, *schema, facts);
    WriteColumns(out, *schema);
    WritePartitionKey(out, table);
    out.EndObject();
    return Replies::Ok(std::move(out).Take());
  });
}

// ---- values

struct ValuesWish {
  std::string column;
  std::string q;
  size_t limit = 100;
  store::Selection selection;
};

std::optional<Failure> ReadValuesWish(const http::Request& request, ValuesWish& out) {
  for (const auto& [name, value] : request.DecodedQuery()) {
    if (name == "column") {
      out.column = value;
    } else if (name == "q") {
      out.q = value;
    } else if (name == "measure") {
      out.selection.measure.push_back({.values = {value}});
    } else if (name == "limit") {
      const auto limit = ParseInt64(value);
      if (!limit || *limit < 1 || *limit > kValuesMax) {
        return InvalidRequest("limit must be from 1 to 1000", name);
      }
      out.limit = static_cast<size_t>(*limit);
    } else if (name.starts_with("dim.")) {
      out.selection.dimensions.push_back({name.substr(4), {.values = {value}}});
    } else {
      return InvalidRequest("the parameter is unknown", name);
    }
  }
  if (out.column.empty()) return InvalidRequest("the parameter is missing", "column");
  return std::nullopt;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// Those that hold `q`, sorted, those that begin with it first; at most limit + 1.
std::vector<std::string> Pick(const std::set<std::string>& values, std::string_view q,
                              size_t limit) {
  const std::string wanted = Lower(q);
  std::vector<std::string> first;
  std::vector<std::string> rest;
  for (const std::string& value : values) {
    const size_t at = Lower(value).find(wanted);
    if (at == std::string::npos) continue;
    (at == 0 ? first : rest).push_back(value);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  if (first.size() > limit + 1) first.resize(limit + 1);
  return first;
}

Answer GetValues(Core& core, Call& call) {
  return OnTable(core, call, [&](const TableDef& table) -> Answer {
    ValuesWish wish;
    if (const auto failure = ReadValuesWish(call.request, wish)) return core.Fail(*failure);
    const auto schema = core.deps.store.Schema(table.id);
    if (!schema.ok()) return core.Fail(schema.error());
    const bool measures = wish.column == "measure_name";
    if (!measures &&
        std::ranges::find(schema->dimensions, wish.column) == schema->dimensions.end()) {
      return core.Fail(
          ToFailure(Error{Code::kNotFound, "The table has no dimension \"" + wish.column + "\"."},
                    "column_not_found"));
    }
    std::set<std::string> values;
    if (measures && wish.selection.dimensions.empty()) {
      for (const auto& measure : schema->measures) values.insert(measure.name);
    } else {
      if (SizesOf(core, table.id).series > kSeriesRead) {
        return core.Fail(
            Error{Code::kUnimplemented,
                  "The table has more than 200,000 series: ask for its values in SQL."});
      }
      wish.selection.table = table.id;
      const auto series = core.deps.store.Series(wish.selection);
      if (!series.ok()) return core.Fail(series.error());
      for (const auto& one : *series) {
        if (measures) values.insert(one->measure);
        for (const store::Dimension& dimension : one->dimensions) {
          if (dimension.name == wish.column) values.insert(dimension.value);
        }
      }
    }
    const auto picked = Pick(values, wish.q, wish.limit);
    JsonWriter out;
    out.BeginObject();
    WriteText(out, "column", wish.column);
    out.Key("values").BeginArray();
    for (size_t i = 0; i < std::min(picked.size(), wish.limit); ++i) out.String(picked[i]);
    out.EndArray().Key("truncated").Bool(picked.size() > wish.limit).EndObject();
    return Replies::Ok(std::move(out).Take());
  });
}

// ---- sample

Answer GetSample(Core& core, Call& call) {
  return OnTable(core, call, [&](const TableDef& table) -> Answer {
    int64_t limit = 10;
    if (const auto wished = call.request.QueryValue("limit")) {
      const auto number = ParseInt64(*wished);
      if (!number || *number < 1 || *number > kSampleMax) {
        return core.Fail(InvalidRequest("limit must be from 1 to 100", "limit"));
      }
      limit = *number;
    }
    const std::string measure = call.request.QueryValue("measure").value_or("");
    const auto times = TimesOf(core.deps, table, measure);
    if (!times.ok()) return core.Fail(ToSqlFailure(times.error()));
    std::string sql = "SELECT * FROM " + QuotedTable(table);
    std::string condition;
    if (!measure.empty()) {
      condition = "measure_name = '";
      for (const char c : measure) condition.append(c == '\'' ? "''" : std::string(1, c));
      condition += "'";
    }
    if (times->newest) {
      condition.append(condition.empty() ? "" : " AND ")
          .append("time >= from_nanoseconds(" + std::to_string((*times->newest - kSampleSpan).ns) +
                  ")");
    }
    if (!condition.empty()) sql += " WHERE " + condition;
    sql += " ORDER BY time DESC LIMIT " + std::to_string(limit);
    auto executed = core.deps.engine.Execute({.sql = sql, .origin = "console"});
    if (!executed.ok()) return core.Fail(ToSqlFailure(executed.error()));
    ResultReader reader(std::move(*executed));
    const auto sink = MakeRowSink(RowFormat::kJson, reader.result().columns());
    const auto filled = reader.Page(static_cast<size_t>(limit), *sink);
    if (!filled.ok()) return core.Fail(ToSqlFailure(filled.error()));
    return Replies::Ok(sink->Finish([&](JsonWriter& out) { WriteText(out, "sql", sql); }));
  });
}

// ---- storage

void WriteZoneWords(JsonWriter& out, const StorageZone& zone) {
  out.Key("accepted").Bool(zone.accepted);
  WriteText(out, "write", zone.write);
}

Answer GetStorage(Core& core, Call& call) {
  return OnTable(core, call, [&](const TableDef& table) -> Answer {
    std::optional<EventTime> time;
    if (const auto wished = call.request.QueryValue("time")) {
      const auto ns = ParseInt64(*wished);
      if (!ns) return core.Fail(InvalidRequest("it must be nanoseconds since the epoch", "time"));
      time = EventTime{*ns};
    }
    const auto times = TimesOf(core.deps, table);
    if (!times.ok()) return core.Fail(times.error());
    const ArrivalTime now = core.deps.clock.Now();
    const auto zones = ZonesOf(table, now);
    const store::TableStorage sizes = SizesOf(core, table.id);
    JsonWriter out;
    out.BeginObject();
    WriteI64(out, "now", std::optional(now.AsEventTime()));
    WriteI64(out, "points", sizes.points);
    WriteI64(out, "series", sizes.series);
    WriteI64(out, "bytes", sizes.bytes);
    WriteI64(out, "block_files", sizes.block_files);
    WriteI64(out, "overlay_points", sizes.overlay_points);
    WriteI64(out, "oldest", times->oldest);
    WriteI64(out, "newest", times->newest);
    out.Key("magnetic_writes").Bool(table.magnetic_writes_enabled);
    out.Key("zones").BeginArray();
    for (const StorageZone& zone : zones) {
      out.BeginObject();
      WriteText(out, "zone", zone.zone);
      WriteI64(out, "from", zone.from);
      WriteI64(out, "to", zone.to);
      WriteZoneWords(out, zone);
      out.EndObject();
    }
    out.EndArray().Key("at");
    const auto at = std::ranges::find_if(
        zones, [&](const StorageZone& zone) { return !time || !zone.to || *time < *zone.to; });
    if (!time || at == zones.end()) {
      out.Null();
    } else {
      out.BeginObject();
      WriteI64(out, "time", time);
      WriteText(out, "zone", at->zone);
      WriteZoneWords(out, *at);
      out.EndObject();
    }
    out.Key("damaged").BeginArray();
    for (const store::DamagedRange& damaged : core.deps.store.Damaged(table.id)) {
      out.BeginObject();
      WriteText(out, "file", damaged.file);
      WriteI64(out, "from", std::optional(damaged.time.start));
      WriteI64(out, "to", std::optional(damaged.time.end));
      out.Key("accepted").Bool(damaged.accepted).EndObject();
    }
    out.EndArray().EndObject();
    return Replies::Ok(std::move(out).Take());
  });
}

constexpr Route kRoutes[] = {
    {"GET", "databases/*/tables/*/schema", GetSchema},
    {"GET", "databases/*/tables/*/values", GetValues},
    {"GET", "databases/*/tables/*/sample", GetSample},
    {"GET", "databases/*/tables/*/storage", GetStorage},
};

}  // namespace

std::span<const Route> TableRoutes() { return kRoutes; }

}  // namespace tidemark::console
