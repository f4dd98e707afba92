// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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
    } else if (name == "from" || name == "to") {
      const auto ns = ParseInt64(value);
      if (!ns) return InvalidRequest("it must be nanoseconds since the epoch", name);
      (name == "from" ? out.time.start : out.time.end) = EventTime{*ns};
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
std::optional<view::ViewDefinition> WriterOf(const ServiceDeps& deps, TableId table,
                                             std::string_view measure) {
  for (auto& status : deps.views.Statuses()) {
    if (status.definition.target != table) continue;
    for (const std::string& name_template : view::NameTemplates(status.definition)) {
      if (store::MatchesTemplate(name_template, measure)) return std::move(status.definition);
    }
  }
  return std::nullopt;
}

void WriteEntry(JsonWriter& out, const store::RevisionEntry& entry) {
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
  WriteText(out, "cause", store::CauseName(entry));
  WriteI64(out, "at", std::optional(entry.at.AsEventTime()));
  out.Key("frozen").Bool(entry.frozen).EndObject();
}

void WriteRow(JsonWriter& out, const store::RevisionRow& row) {
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
  out.Key("frozen").Bool(frozen).Key("revisions").BeginArray();
  for (const store::RevisionEntry& entry : row.revisions) WriteEntry(out, entry);
  out.EndArray().EndObject();
}

}  // namespace

RevisionsAnswer ReadRevisions(const ServiceDeps& deps, std::string_view database,
                              std::string_view table, const http::Request& request) {
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
  selection.owners = {store::OwnerFilter::Kind::kView, writer->owner()};
  auto read = deps.store.Revisions(selection, kRowsReadMax);
  if (!read.ok()) return {{}, ToFailure(read.error())};

  std::vector<store::RevisionRow>& rows = *read;
  const bool truncated = rows.size() > wish.limit || rows.size() == kRowsReadMax;
  std::ranges::sort(rows, [](const store::RevisionRow& a, const store::RevisionRow& b) {
    if (a.time != b.time) return a.time < b.time;
    return a.series->canonical_key < b.series->canonical_key;
  });
  const size_t skipped = rows.size() > wish.limit ? rows.size() - wish.limit : 0;
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "database", database);
  WriteText(out, "table", table);
  WriteText(out, "view", writer->name);
  WriteText(out, "measure", wish.measure);
  out.Key("truncated").Bool(truncated).Key("rows").BeginArray();
  for (size_t i = skipped; i < rows.size(); ++i) WriteRow(out, rows[i]);
  out.EndArray().EndObject();
  return {std::move(out).Take(), std::nullopt};
}

}  // namespace tidemark::console
