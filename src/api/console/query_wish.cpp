// SPDX-License-Identifier: Apache-2.0
// What a client asks for, and the errors about it.
#include <algorithm>

#include "api/console/point_reducer_internal.h"
#include "api/console/queries_internal.h"

namespace tidemark::console {
namespace {

std::optional<Failure> ReadCount(const JsonValue& body, std::string_view member, int64_t least,
                                 int64_t most, size_t& out) {
  const JsonValue* value = body.Find(member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto count = value->AsInt64();
  if (!count || *count < least || *count > most) {
    return InvalidRequest(std::string(member) + " must be from " + std::to_string(least) + " to " +
                              std::to_string(most),
                          std::string(member));
  }
  out = static_cast<size_t>(*count);
  return std::nullopt;
}

bool IsQueryId(std::string_view id) {
  return id.size() >= 8 && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
           return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
         });
}

}  // namespace

std::optional<Failure> ReadQueryWish(const JsonValue& body, RowFormat format, MacroValues values,
                                     QueryWish& out) {
  const JsonValue* sql = body.Find("sql");
  if (sql == nullptr || !sql->is_string()) return InvalidRequest("it must be a string", "sql");
  out.typed = sql->string_value();
  const int64_t rows_max = format == RowFormat::kColumns ? kBlockRowsMax : kQueryRowsMax;
  if (auto failure = ReadCount(body, "max_rows", 1, rows_max, out.rows_max)) return failure;
  if (auto failure = ReadCount(body, "max_points", kPointsMin, kPointsMax, out.max_points)) {
    return failure;
  }
  if (const JsonValue* id = body.Find("id"); id != nullptr && !id->is_null()) {
    if (!id->is_string() || !IsQueryId(id->string_value())) {
      return InvalidRequest("it must be 8 to 64 of A-Z a-z 0-9 _ -", "id");
    }
    out.id = id->string_value();
  }
  if (auto failure = ReadMacroValues(body, values)) return failure;
  out.database = values.database;
  return ExpandMacros(out.typed, values, out.expansion);
}

Failure ToTypedFailure(const QueryWish& wish, const Error& error) {
  Failure failure = ToSqlFailure(error);
  if (failure.line > 0) {
    const Place typed = wish.expansion.Typed(wish.typed, {failure.line, failure.column});
    failure.line = typed.line;
    failure.column = typed.column;
  }
  return failure;
}

std::optional<EventTime> WatermarkOf(const ServiceDeps& deps, const QueryWish& wish) {
  const auto described = deps.engine.Describe(
      {.sql = wish.expansion.sql(), .database = wish.database, .as_of = wish.as_of});
  if (!described.ok()) return std::nullopt;  // the statement itself tells why
  std::vector<TableId> tables;
  for (const sql::Description::Origin& origin : described->origins) {
    if (origin.table.empty()) continue;
    const auto table = deps.catalog.GetTable(origin.database, origin.table);
    if (table.ok()) tables.push_back(table->id);
  }
  std::optional<EventTime> least;
  for (const view::ViewStatus& view : deps.views.Statuses()) {
    const view::ViewDefinition& definition = view.definition;
    const bool reads =
        std::ranges::find(described->views, definition.owner()) != described->views.end();
    std::optional<EventTime> watermark = view.watermark;
    if (wish.as_of) {
      if (!reads) continue;
      const ArrivalTime time{FloorTo(*wish.as_of, milliseconds(1)).ns / 1'000'000};
      const auto then = deps.views.WatermarkAt(definition.name, time).value_or(std::nullopt);
      watermark = then ? std::optional(then->watermark) : std::nullopt;
    } else if (!reads && std::ranges::find(tables, definition.target) == tables.end()) {
      continue;
    }
    if (watermark) least = std::min(least.value_or(*watermark), *watermark);
  }
  return least;
}

Result<void> ResultReader::Fill() {
  while (!ended_ && chunk_row_ >= chunk_.rows()) {
    chunk_row_ = 0;
    TM_ASSIGN_OR_RETURN(const bool more, result_->Next(chunk_));
    if (more) continue;
    chunk_.Reset(0, 0);
    ended_ = true;
  }
  return {};
}

Result<void> ResultReader::Page(size_t rows_max, RowSink& sink) {
  for (size_t rows = 0;; ++rows) {
    // Also after the last row of a full page: only the engine knows whether more follows.
    TM_RETURN_IF_ERROR(Fill());
    if (ended_ || rows >= rows_max || sink.bytes() > kPageBytesMax) return {};
    sink.Add(Row());
    ++chunk_row_;
    ++rows_given_;
  }
}

Result<bool> ResultReader::Reduce(size_t max_points, RowSink& sink) {
  const auto reducer = PointReducer::Make(result_->columns(), max_points);
  if (reducer == nullptr) return false;
  for (;;) {
    TM_RETURN_IF_ERROR(Fill());
    if (ended_) break;
    TM_RETURN_IF_ERROR(reducer->Add(Row()));
    ++chunk_row_;
  }
  reducer->Finish(sink);
  reduced_ = reducer->reduced();
  rows_given_ = sink.rows();
  return true;
}

}  // namespace tidemark::console
