// SPDX-License-Identifier: Apache-2.0
// One raw point, explained: what is stored, which records brought it, and what views made of it.
#include <algorithm>

#include "api/console/cell_internal.h"
#include "api/console/routes_internal.h"
#include "api/console/time_range_internal.h"
#include "base/numbers.h"
#include "pipeline/record_finder.h"
#include "view/explain.h"

namespace tidemark::console {
namespace {

constexpr size_t kNamesInMessage = 5;
// A producer's clock may be ahead: records a little older than their point are looked at.
constexpr milliseconds kAhead = std::chrono::hours(24);

struct Wish {
  std::string database;
  std::string table;
  std::string measure;
  std::optional<EventTime> time;
  std::vector<std::pair<std::string, std::string>> dimensions;
};

std::optional<Failure> ReadWish(const Core& core, const http::Request& request, Wish& out) {
  for (const auto& [name, value] : request.DecodedQuery()) {
    if (name == "database") {
      out.database = value;
    } else if (name == "table") {
      out.table = value;
    } else if (name == "measure") {
      out.measure = value;
    } else if (name == "time") {
      const auto time = ParseTimePoint(value, core.deps.clock.Now().AsEventTime());
      if (!time.ok()) return InvalidRequest(time.error().message, name);
      out.time = *time;
    } else if (name == "time_ns") {
      const auto ns = ParseInt64(value);
      if (!ns) return InvalidRequest("it must be nanoseconds since the epoch", name);
      out.time = EventTime{*ns};
    } else if (name.starts_with("dim.")) {
      out.dimensions.emplace_back(name.substr(4), value);
    } else {
      return InvalidRequest("there is no such parameter", name);
    }
  }
  for (const auto& [name, missing] :
       {std::pair("database", out.database.empty()), std::pair("table", out.table.empty()),
        std::pair("measure", out.measure.empty()), std::pair("time", !out.time)}) {
    if (missing) return InvalidRequest("the parameter is missing", name);
  }
  return std::nullopt;
}

store::Selection SeriesOf(TableId table, const Wish& wish, size_t dimensions) {
  store::Selection out;
  out.table = table;
  out.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  out.measure.push_back({.values = {wish.measure}});
  for (size_t i = 0; i < dimensions; ++i) {
    out.dimensions.push_back({wish.dimensions[i].first, {.values = {wish.dimensions[i].second}}});
  }
  return out;
}

std::string DimensionsText(const store::SeriesInfo& series) {
  std::string out;
  for (const store::Dimension& d : series.dimensions) {
    out.append(out.empty() ? "" : " ").append(d.name).append("=").append(d.value);
  }
  return out;
}

Failure NotFound(std::string message) {
  return ToFailure(Error{Code::kNotFound, std::move(message)}, "point_not_found");
}

/// Which of the names is the one that nothing has.
Result<std::string> WhatIsUnknown(const ServiceDeps& deps, TableId table, const Wish& wish) {
  for (size_t n = 0; n <= wish.dimensions.size(); ++n) {
    TM_ASSIGN_OR_RETURN(const auto some, deps.store.Series(SeriesOf(table, wish, n)));
    if (!some.empty()) continue;
    if (n == 0) return "The table has no measure \"" + wish.measure + "\".";
    const auto& [name, value] = wish.dimensions[n - 1];
    TM_ASSIGN_OR_RETURN(const auto before, deps.store.Series(SeriesOf(table, wish, n - 1)));
    std::vector<std::string> values;
    for (const auto& series : before) {
      const auto own = std::ranges::find(series->dimensions, name, &store::Dimension::name);
      if (own == series->dimensions.end()) continue;
      if (std::ranges::find(values, own->value) == values.end()) values.push_back(own->value);
      if (values.size() == kNamesInMessage) break;
    }
    if (values.empty()) return "No such series has a dimension \"" + name + "\".";
    std::string text = "No such series has " + name + "=" + value + "; there are ";
    for (size_t i = 0; i < values.size(); ++i) text += (i > 0 ? ", " : "") + name + "=" + values[i];
    return text + ".";
  }
  return std::string();
}

using SeriesPtr = std::shared_ptr<const store::SeriesInfo>;

/// The one series that is meant.
Result<SeriesPtr> FindSeries(const ServiceDeps& deps, TableId table, const Wish& wish,
                             std::optional<Failure>& failure) {
  TM_ASSIGN_OR_RETURN(auto all, deps.store.Series(SeriesOf(table, wish, wish.dimensions.size())));
  if (all.empty()) {
    TM_ASSIGN_OR_RETURN(std::string text, WhatIsUnknown(deps, table, wish));
    failure = NotFound(std::move(text));
    return SeriesPtr();
  }
  if (all.size() > 1) {
    std::vector<SeriesPtr> exact;
    for (const SeriesPtr& series : all) {
      if (series->dimensions.size() == wish.dimensions.size()) exact.push_back(series);
    }
    if (exact.size() == 1) return exact.front();
    std::string text = "It could be any of " + std::to_string(all.size()) + " series:";
    for (size_t i = 0; i < std::min(all.size(), kNamesInMessage); ++i) {
      text += (i > 0 ? "; " : " ") + DimensionsText(*all[i]);
    }
    failure = InvalidRequest(
        text + (all.size() > kNamesInMessage ? "; .." : "") + ". Name more dimensions.", "dim");
    return SeriesPtr();
  }
  return all.front();
}

struct Stored {
  bool found = false;
  int64_t version = 0;
  store::Scalar value;
  std::vector<std::pair<std::string, store::Scalar>> fields;  // of a multi-measure point
};

store::Scalar ScalarAt(const store::ColumnView& column, size_t i) {
  if (!column.valid.empty() && column.valid[i] == 0) return {};
  if (!column.doubles.empty()) return column.doubles[i];
  if (!column.bigints.empty()) return column.bigints[i];
  if (!column.timestamps.empty()) return column.timestamps[i];
  if (!column.booleans.empty()) return column.booleans[i] != 0;
  if (!column.texts.empty()) return std::string(column.texts[i]);
  return {};
}

Result<Stored> ReadPoint(store::Store& store, const store::SeriesInfo& series, EventTime time) {
  store::ScanRequest scan;
  scan.selection.table = series.table;
  scan.selection.time = {time, time + nanoseconds(1)};
  scan.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  scan.selection.series = {{series.ref}};
  scan.versions_wanted = true;
  TM_ASSIGN_OR_RETURN(const auto cursor, store.Scan(scan));
  store::SliceBuffer buffer;
  store::Slice slice;
  Stored out;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer, slice));
    if (!more) return out;
    if (slice.times.empty()) continue;
    out.found = true;
    out.version = slice.versions.empty() ? 0 : slice.versions[0];
    for (const store::ColumnView& column : slice.columns) {
      if (column.name.empty()) {
        out.value = ScalarAt(column, 0);
      } else {
        out.fields.emplace_back(column.name, ScalarAt(column, 0));
      }
    }
  }
}

/// The points of the series before and after a time where it has none.
Result<std::vector<EventTime>> Nearest(store::Store& store, const store::SeriesInfo& series,
                                       EventTime time) {
  std::optional<EventTime> before;
  std::optional<EventTime> after;
  store::ScanRequest scan;
  scan.selection.table = series.table;
  scan.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  scan.selection.series = {{series.ref}};
  store::SliceBuffer buffer;
  store::Slice slice;
  // Wider and wider around it: a series may have years.
  for (nanoseconds reach = minutes(10); !before || !after; reach *= 64) {
    const bool all = reach > hours(24) * 3650;
    scan.selection.time = all ? TimeRange{}
                              : TimeRange{std::max(kEventTimeMin, time - reach),
                                          std::min(kEventTimeMax, time + reach)};
    TM_ASSIGN_OR_RETURN(const auto cursor, store.Scan(scan));
    for (;;) {
      TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer, slice));
      if (!more) break;
      for (const EventTime t : slice.times) {
        if (t < time) before = std::max(before.value_or(t), t);
        if (t > time) after = std::min(after.value_or(t), t);
      }
    }
    if (all || before || after) break;
  }
  std::vector<EventTime> out;
  if (before) out.push_back(*before);
  if (after) out.push_back(*after);
  return out;
}

struct Origin {
  const catalog::PipelineDef* pipeline = nullptr;
  pipeline::FoundRecord record;
};

struct Origins {
  std::vector<catalog::PipelineDef> pipelines;
  std::vector<Origin> records;  // by arrival
  uint64_t searched = 0;
  bool complete = true;
  std::string problem;
};

Origins FindOrigins(const ServiceDeps& deps, const Wish& wish, const store::SeriesInfo& series) {
  Origins out;
  for (catalog::PipelineDef& def : deps.catalog.ListPipelines()) {
    if (def.database == wish.database && def.table == wish.table) {
      out.pipelines.push_back(std::move(def));
    }
  }
  const int64_t ms = FloorTo(*wish.time, milliseconds(1)).ns / 1'000'000;
  for (const catalog::PipelineDef& def : out.pipelines) {
    const auto stream = deps.log.Find(def.stream);
    if (stream == nullptr) continue;
    auto found =
        pipeline::FindRecords(stream, def, series, *wish.time, {.from = ArrivalTime{ms} - kAhead});
    if (!found.ok()) {
      out.complete = false;
      out.problem = found.error().message;
      continue;
    }
    out.searched += found->searched;
    out.complete = out.complete && found->complete;
    for (pipeline::FoundRecord& record : found->records) {
      out.records.push_back({&def, std::move(record)});
    }
  }
  std::ranges::sort(out.records, {}, [](const Origin& o) {
    return std::pair(o.record.arrival.ms, o.record.sequence);
  });
  return out;
}

void WriteDimensions(JsonWriter& out, const std::vector<store::Dimension>& dimensions) {
  out.Key("dimensions").BeginObject();
  for (const store::Dimension& d : dimensions) WriteText(out, d.name, d.value);
  out.EndObject();
}

void WriteVersion(JsonWriter& out, int64_t version, const store::Scalar& value, bool current,
                  const Origin* origin) {
  out.BeginObject();
  WriteI64(out, "version", version);
  out.Key("value");
  WriteScalar(out, value);
  out.Key("current").Bool(current);
  if (origin == nullptr) {
    for (const char* member : {"arrival", "pipeline", "stream", "partition", "sequence"}) {
      out.Key(member).Null();
    }
  } else {
    WriteI64(out, "arrival", origin->record.arrival.ms);
    WriteText(out, "pipeline", origin->pipeline->name);
    WriteText(out, "stream", origin->pipeline->stream);
    WriteText(out, "partition", origin->record.partition);
    WriteText(out, "sequence", origin->record.sequence);
  }
  out.EndObject();
}

/// By the rule of pipelines (last_wins): a record that changes the value makes a version, at least
/// one more than the one before.
void WriteVersions(JsonWriter& out, const Stored& stored, const Origins& origins) {
  out.Key("versions").BeginArray();
  const bool multi = !stored.fields.empty();
  int64_t last = 0;
  const Origin* before = nullptr;
  bool is_current = false;
  for (const Origin& origin : origins.records) {
    if (before != nullptr && !multi && before->record.value == origin.record.value) continue;
    last = std::max(origin.record.arrival.ms, last + 1);
    before = &origin;
    is_current = stored.found && last == stored.version;
    WriteVersion(out, last, origin.record.value, is_current, &origin);
  }
  if (stored.found && !is_current) WriteVersion(out, stored.version, stored.value, true, nullptr);
  out.EndArray();
}

void WriteRowOf(JsonWriter& out, const view::PointRow& row) {
  out.BeginObject();
  WriteText(out, "measure", row.measure);
  WriteDimensions(out, row.dimensions);
  WriteI64(out, "time", std::optional(row.time));
  out.Key("published").Bool(row.is_there && row.revision > 0);
  out.Key("value");
  row.is_there ? WriteScalar(out, row.value) : static_cast<void>(out.Null());
  out.Key("revision").Uint(row.revision);
  out.Key("record_count").Uint(row.record_count);
  out.Key("looks_back").Bool(row.looks_back);
  out.Key("revisions").BeginArray();
  for (const store::RevisionEntry& entry : row.named) {
    out.BeginObject();
    out.Key("revision").Uint(entry.revision);
    WriteText(out, "cause", store::CauseName(entry));
    WriteI64(out, "at", std::optional(entry.at.AsEventTime()));
    out.Key("old");
    WriteScalar(out, entry.old_value);
    out.Key("new");
    WriteScalar(out, entry.new_value);
    out.EndObject();
  }
  out.EndArray().EndObject();
}

Result<void> WriteViews(JsonWriter& out, const ServiceDeps& deps, const store::SeriesInfo& series,
                        EventTime time) {
  out.Key("views").BeginArray();
  const auto statuses = deps.views.Statuses();
  TM_ASSIGN_OR_RETURN(const auto found,
                      view::ExplainPoint(deps.store, statuses, {series.ref, time}));
  for (const auto& [status, in_view] : found) {
    out.BeginObject();
    WriteText(out, "view", status.definition.name);
    const auto& upstream = status.definition.upstream;
    WriteTextOrNull(out, "source", upstream ? upstream.view->name : std::string());
    out.Key("generation").Uint(status.definition.generation);
    WriteI64(out, "watermark", status.watermark);
    WriteTextOrNull(out, "problem", in_view.ok() ? "" : in_view.error().message);
    out.Key("windows").BeginArray();
    for (const view::PointWindow& window :
         in_view.ok() ? in_view->windows : std::vector<view::PointWindow>()) {
      out.BeginObject();
      WriteI64(out, "window_start", std::optional(window.window.start));
      WriteI64(out, "window_end", std::optional(window.window.end));
      WriteText(out, "state", view::WindowStateName(window.state));
      out.Key("rows").BeginArray();
      for (const view::PointRow& row : window.rows) WriteRowOf(out, row);
      out.EndArray().EndObject();
    }
    out.EndArray().EndObject();
  }
  out.EndArray();
  return {};
}

Answer ExplainPoint(Core& core, Call& call) {
  Wish wish;
  if (const auto failure = ReadWish(core, call.request, wish)) return core.Fail(*failure);
  const ServiceDeps& deps = core.deps;
  const auto def = deps.catalog.GetTable(wish.database, wish.table);
  if (!def.ok()) return core.Fail(ToFailure(def.error(), "table_not_found"));
  std::optional<Failure> failure;
  const auto series = FindSeries(deps, def->id, wish, failure);
  if (!series.ok()) return core.Fail(series.error());
  if (failure) return core.Fail(*failure);
  const auto stored = ReadPoint(deps.store, **series, *wish.time);
  if (!stored.ok()) return core.Fail(stored.error());
  const Origins origins = FindOrigins(deps, wish, **series);
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "database", wish.database);
  WriteText(out, "table", wish.table);
  WriteText(out, "measure", (*series)->measure);
  WriteDimensions(out, (*series)->dimensions);
  WriteI64(out, "time", wish.time);
  out.Key("found").Bool(stored->found);
  WriteVersions(out, *stored, origins);
  out.Key("columns").BeginObject();
  for (const auto& [name, value] : stored->fields) {
    out.Key(name);
    WriteScalar(out, value);
  }
  out.EndObject();
  out.Key("records_searched").Uint(origins.searched);
  out.Key("records_complete").Bool(origins.complete);
  WriteTextOrNull(out, "records_problem", origins.problem);
  out.Key("nearest").BeginArray();
  if (!stored->found) {
    const auto nearest = Nearest(deps.store, **series, *wish.time);
    if (!nearest.ok()) return core.Fail(nearest.error());
    for (const EventTime t : *nearest) out.String(std::to_string(t.ns));
  }
  out.EndArray();
  if (auto written = WriteViews(out, deps, **series, *wish.time); !written.ok()) {
    return core.Fail(written.error());
  }
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"GET", "explain/point", ExplainPoint},
};

}  // namespace

std::span<const Route> ExplainRoutes() { return kRoutes; }

}  // namespace tidemark::console
