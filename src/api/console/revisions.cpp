// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <span>

#include "api/console/cell_internal.h"
#include "api/console/revisions_internal.h"
#include "base/numbers.h"
#include "view/definition.h"

namespace tidemark::console {
namespace {

constexpr size_t kLimitDefault = 1000;
constexpr int64_t kLimitMax = 10'000;
// The store gives rows series by series: the newest are found among this many.
constexpr size_t kRowsReadMax = 200'000;

struct Wish {
  std::string measure;
  TimeRange time;
  size_t limit = kLimitDefault;
  std::optional<EventTime> as_of;
  std::vector<store::DimensionPredicate> dimensions;
};

Failure NotFound(std::string code, std::string message) {
  Failure failure;
  failure.status = 404;
  failure.code = std::move(code);
  failure.message = std::move(message);
  return failure;
}

/// Fills `out`; a Failure names the parameter.
std::optional<Failure> ParseWish(const http::Request& request, Wish& out) {
  for (const auto& [name, value] : request.DecodedQuery()) {
    if (name == "measure") {
      out.measure = value;
    } else if (name == "from" || name == "to" || name == "as_of") {
      const auto ns = ParseInt64(value);
      if (!ns) return InvalidRequest("it must be nanoseconds since the epoch", name);
      if (name == "as_of") {
        out.as_of = EventTime{*ns};
      } else {
        (name == "from" ? out.time.start : out.time.end) = EventTime{*ns};
      }
    } else if (name == "limit") {
      const auto limit = ParseInt64(value);
      if (!limit || *limit < 1 || *limit > kLimitMax) {
        return InvalidRequest("limit must be from 1 to 10000", name);
      }
      out.limit = static_cast<size_t>(*limit);
    } else {
      const bool prefixed = std::string_view(name).starts_with("dim.");
      out.dimensions.push_back({prefixed ? name.substr(4) : name, {.values = {value}}});
    }
  }
  if (out.measure.empty()) return InvalidRequest("the parameter is missing", "measure");
  return std::nullopt;
}

/// The view that may write `measure` into the table.
std::optional<view::ViewStatus> WriterOf(const ServiceDeps& deps, TableId table,
                                         std::string_view measure) {
  for (auto& status : deps.views.Statuses()) {
    if (status.definition.target != table) continue;
    for (const std::string& name_template : view::NameTemplates(status.definition)) {
      if (store::MatchesTemplate(name_template, measure)) return std::move(status);
    }
  }
  return std::nullopt;
}

template <typename Number>
void WriteCount(JsonWriter& out, std::optional<Number> count) {
  count ? out.String(std::to_string(*count)) : out.Null();
}

void WritePoints(JsonWriter& out, store::Store& store, std::span<const store::PointKey> points) {
  out.Key("points").BeginArray();
  for (const store::PointKey& key : points) {
    const auto series = store.Describe(key.series);
    out.BeginObject();
    WriteI64(out, "time", std::optional(key.time));
    WriteTextOrNull(out, "measure", series != nullptr ? series->measure : "");
    out.Key("dimensions").BeginObject();
    if (series != nullptr) {
      for (const store::Dimension& dimension : series->dimensions) {
        WriteText(out, dimension.name, dimension.value);
      }
    }
    out.EndObject().EndObject();
  }
  out.EndArray();
}

void WriteEntry(JsonWriter& out, store::Store& store, std::span<const store::RevisionEntry> log,
                size_t number) {
  const store::RevisionEntry& entry = log[number];
  out.BeginObject();
  WriteI64(out, "revision", int64_t{entry.revision});
  out.Key("old");
  WriteScalar(out, entry.old_value);
  out.Key("new");
  WriteScalar(out, entry.new_value);
  if (entry.coarse) {
    out.Key("late_points").Null();
  } else {
    WriteI64(out, "late_points", entry.late_points);
  }
  if (entry.lateness_max) {
    WriteI64(out, "lateness_max_ns", entry.lateness_max->count());
  } else {
    out.Key("lateness_max_ns").Null();
  }
  out.Key("record_count");
  WriteCount(out, entry.record_count);
  out.Key("records_added");
  WriteCount(out, store::RecordsAdded(log, number));
  WriteText(out, "cause", store::CauseName(entry));
  WriteI64(out, "at", std::optional(entry.at.AsEventTime()));
  out.Key("frozen").Bool(entry.frozen);
  out.Key("correction").Bool(entry.correction);
  WritePoints(out, store, entry.points);
  out.EndObject();
}

/// What a time in the past leaves of a row: entries that came later go, and the value is that of
/// the last one left. False: it was not published yet.
bool AsOf(store::RevisionRow& row, EventTime as_of) {
  // Older than all that is kept; early values are not in the log.
  if (row.revisions.empty()) return row.row.revision > 0;
  std::erase_if(row.revisions,
                [&](const store::RevisionEntry& entry) { return entry.at.AsEventTime() > as_of; });
  const auto last = std::ranges::find_if(row.revisions.rbegin(), row.revisions.rend(),
                                         [](const auto& entry) { return !entry.frozen; });
  if (last == row.revisions.rend()) return false;
  row.value = last->new_value;
  row.row.revision = last->revision;
  return true;
}

/// The clocks that states are told by (console-ux.md 6.1).
struct Clocks {
  std::optional<EventTime> as_of;
  std::optional<EventTime> watermark;
  nanoseconds allowed_lateness{0};
};

/// Where the log is complete from: the view's creation, or what retention may have thinned since.
/// In whole hours, so that two answers over the same log are the same bytes.
EventTime HistoryFrom(const ServiceDeps& deps, const ServiceOptions& options,
                      const std::string& view) {
  const int64_t hour = nanoseconds(std::chrono::hours(1)).count();
  const EventTime oldest = deps.clock.Now().AsEventTime() - options.revision_retention;
  const EventTime thinned_to{(oldest.ns / hour + 1) * hour};
  const auto def = deps.catalog.GetView(view);
  return def.ok() ? std::max(def->created.AsEventTime(), thinned_to) : thinned_to;
}

std::string_view StateOf(const store::RevisionRow& row, const Clocks& clocks, int64_t changes) {
  const EventTime end = row.row.window_end;
  if (!clocks.watermark || *clocks.watermark < end) return "provisional";
  if (*clocks.watermark >= end + clocks.allowed_lateness) return "closed";
  return changes > 0 ? "revised" : "final";
}

/// console-ux.md 6.7.
void WriteHistory(JsonWriter& out, const store::RevisionRow& row, const Clocks& clocks) {
  const store::RevisionEntry* first = nullptr;
  const store::RevisionEntry* last = nullptr;
  for (const store::RevisionEntry& entry : row.revisions) {
    if (entry.frozen) continue;
    if (first == nullptr) first = &entry;
    last = &entry;
  }
  // Entries between may be gone with age; the numbers are not.
  const int64_t changes = std::max<int64_t>(0, int64_t{row.row.revision} - 1);
  WriteText(out, "state", StateOf(row, clocks, changes));
  out.Key("first_value");
  first != nullptr ? WriteScalar(out, first->new_value) : static_cast<void>(out.Null());
  const auto at = [](const store::RevisionEntry* entry) {
    return entry != nullptr ? std::optional(entry->at.AsEventTime()) : std::optional<EventTime>();
  };
  WriteI64(out, "first_published_at", at(first));
  WriteI64(out, "revision_count", changes);
  WriteI64(out, "last_changed_at", at(last));
  out.Key("version");
  clocks.as_of || row.version == 0 ? out.Null() : out.String(std::to_string(row.version));
  out.Key("record_count");
  if (clocks.as_of) {
    last != nullptr ? WriteCount(out, last->record_count) : static_cast<void>(out.Null());
  } else {
    out.String(std::to_string(row.row.record_count));
  }
  // What is left of a thinned log begins with the first publication still.
  out.Key("first_record_count");
  first != nullptr ? WriteCount(out, first->record_count) : static_cast<void>(out.Null());
}

void WriteRow(JsonWriter& out, store::Store& store, const store::RevisionRow& row,
              const Clocks& clocks) {
  const bool frozen = std::ranges::any_of(row.revisions, &store::RevisionEntry::frozen);
  out.BeginObject();
  WriteI64(out, "time", std::optional(row.time));
  WriteI64(out, "window_start", std::optional(row.row.window_start));
  WriteI64(out, "window_end", std::optional(row.row.window_end));
  out.Key("dimensions").BeginObject();
  for (const store::Dimension& dimension : row.series->dimensions) {
    WriteText(out, dimension.name, dimension.value);
  }
  out.EndObject();
  WriteI64(out, "revision", int64_t{row.row.revision});
  out.Key("value");
  WriteScalar(out, row.value);
  out.Key("frozen").Bool(frozen);
  WriteHistory(out, row, clocks);
  out.Key("revisions").BeginArray();
  for (size_t i = 0; i < row.revisions.size(); ++i) WriteEntry(out, store, row.revisions, i);
  out.EndArray().EndObject();
}

}  // namespace

RevisionsAnswer ReadRevisions(const ServiceOptions& options, const ServiceDeps& deps,
                              std::string_view database, std::string_view table,
                              const http::Request& request) {
  Wish wish;
  if (auto failure = ParseWish(request, wish)) return {{}, std::move(failure)};
  const auto def = deps.catalog.GetTable(database, table);
  if (!def.ok()) return {{}, ToFailure(def.error(), "table_not_found")};
  const auto writer = WriterOf(deps, def->id, wish.measure);
  if (!writer) {
    return {{},
            NotFound("view_not_found",
                     "No view writes the measure \"" + wish.measure + "\" into this table.")};
  }
  store::Selection selection;
  selection.table = def->id;
  selection.time = wish.time;
  selection.measure.push_back({.values = {wish.measure}});
  selection.dimensions = std::move(wish.dimensions);
  selection.owners = {store::OwnerFilter::Kind::kView, writer->definition.owner()};
  auto read = deps.store.Revisions(selection, kRowsReadMax);
  if (!read.ok()) return {{}, ToFailure(read.error())};

  std::vector<store::RevisionRow>& rows = *read;
  const bool all_read = rows.size() < kRowsReadMax;
  Clocks clocks{wish.as_of, writer->watermark, writer->definition.allowed_lateness};
  bool exact = true;
  if (wish.as_of) {
    std::erase_if(rows, [&](store::RevisionRow& row) { return !AsOf(row, *wish.as_of); });
    const ArrivalTime time{FloorTo(*wish.as_of, milliseconds(1)).ns / 1'000'000};
    const auto then = deps.views.WatermarkAt(writer->definition.name, time).value_or(std::nullopt);
    exact = then && then->exact;
    // A window's publication says that it was passed.
    clocks.watermark = then ? std::optional(then->watermark) : std::nullopt;
    for (const store::RevisionRow& row : rows) {
      clocks.watermark =
          std::max(clocks.watermark.value_or(row.row.window_end), row.row.window_end);
    }
  }
  const bool truncated = rows.size() > wish.limit || !all_read;
  std::ranges::sort(rows, [](const store::RevisionRow& a, const store::RevisionRow& b) {
    if (a.time != b.time) return a.time < b.time;
    return a.series->canonical_key < b.series->canonical_key;
  });
  const size_t skipped = rows.size() > wish.limit ? rows.size() - wish.limit : 0;
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "database", database);
  WriteText(out, "table", table);
  WriteText(out, "view", writer->definition.name);
  WriteText(out, "measure", wish.measure);
  out.Key("truncated").Bool(truncated);
  WriteI64(out, "as_of", wish.as_of);
  WriteI64(out, "watermark", clocks.watermark);
  out.Key("watermark_exact").Bool(exact);
  WriteI64(out, "history_from", std::optional(HistoryFrom(deps, options, writer->definition.name)));
  out.Key("rows").BeginArray();
  for (size_t i = skipped; i < rows.size(); ++i) WriteRow(out, deps.store, rows[i], clocks);
  out.EndArray().EndObject();
  return {std::move(out).Take(), std::nullopt};
}

}  // namespace tidemark::console
