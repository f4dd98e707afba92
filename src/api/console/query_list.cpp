// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/query_list_internal.h"
#include "api/console/reply_internal.h"

namespace tidemark::console {

namespace {

void WriteProgress(JsonWriter& out, const sql::QueryInfo& query) {
  WriteI64(out, "elapsed_ms", int64_t{query.elapsed.count() / 1'000'000});
  WriteI64(out, "worked_ms", int64_t{query.worked.count() / 1'000'000});
  out.Key("percent").Double(std::clamp(query.progress.percent, 0.0, 100.0));
  WriteI64(out, "points_scanned", query.progress.rows_scanned);
  WriteI64(out, "bytes_scanned", query.progress.bytes_scanned);
  WriteI64(out, "rows", query.progress.rows_returned);
  WriteTextOrNull(out, "error", query.error);
}

}  // namespace

std::string QueriesJson(const sql::Engine& engine) {
  JsonWriter out;
  out.BeginObject().Key("queries").BeginArray();
  for (const sql::QueryInfo& query : engine.Queries()) {
    out.BeginObject();
    WriteText(out, "query_id", query.id);
    WriteText(out, "origin", query.origin);
    WriteText(out, "state", sql::QueryStateName(query.state));
    WriteText(out, "sql", query.sql);
    WriteText(out, "started", FormatIso8601Millis(query.started.AsEventTime()));
    WriteProgress(out, query);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

std::string QueryJson(const sql::QueryInfo& query) {
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "query_id", query.id);
  WriteText(out, "state", sql::QueryStateName(query.state));
  WriteProgress(out, query);
  out.EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::console
