// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/cell_internal.h"
#include "api/console/queries_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr size_t kRowsDefault = 1000;
constexpr size_t kPageBytesMax = size_t{32} << 20U;  // a page of huge cells ends early

}  // namespace

struct Queries::Kept {
  std::string id;
  size_t rows_max = kRowsDefault;

  // Owned by the thread that runs a page; Cancel() from any.
  std::unique_ptr<sql::QueryResult> result;
  sql::RowChunk chunk;
  size_t chunk_row = 0;  // the next row of `chunk`
  bool ended = false;
  uint64_t rows_given = 0;
  nanoseconds worked{0};

  // Guarded by Queries::mutex_.
  uint32_t page = 0;  // the next one
  bool running = true;
  bool overdue = false;
  MonotonicTime since;  // the page began; else the last page ended

  std::string Token() const { return id + "." + std::to_string(page); }
};

void PeerWatch::Gone() {
  const MutexLock lock(mutex_);
  gone_ = true;
  if (result_ != nullptr) result_->Cancel();
}

bool PeerWatch::gone() const {
  const MutexLock lock(mutex_);
  return gone_;
}

void PeerWatch::Bind(std::shared_ptr<sql::QueryResult> result) {
  const MutexLock lock(mutex_);
  if (gone_) result->Cancel();
  result_ = std::move(result);
}

void PeerWatch::Unbind() {
  std::shared_ptr<sql::QueryResult> result;  // may be the last reference: ends unlocked
  const MutexLock lock(mutex_);
  result.swap(result_);
}

http::Response Queries::Run(std::string_view body, PeerWatch& peer) {
  const auto parsed = ParseBody(body, {"sql", "max_rows", "next"});
  if (!parsed.ok()) return replies_.Fail(ToFailure(parsed.error()));
  const JsonValue* sql = parsed->Find("sql");
  const JsonValue* next = parsed->Find("next");
  if ((sql == nullptr) == (next == nullptr)) {
    return replies_.Fail(InvalidRequest("give either \"sql\" or \"next\"", "sql"));
  }
  if (!(sql != nullptr ? sql : next)->is_string()) {
    return replies_.Fail(InvalidRequest("it must be a string", sql != nullptr ? "sql" : "next"));
  }
  size_t rows_max = kRowsDefault;
  if (const JsonValue* wished = parsed->Find("max_rows")) {
    const auto rows = wished->AsInt64();
    if (!rows || *rows < 1 || *rows > kQueryRowsMax) {
      return replies_.Fail(InvalidRequest("max_rows must be from 1 to 10000", "max_rows"));
    }
    rows_max = static_cast<size_t>(*rows);
  }
  // The size of a page is the first page's; a client may repeat it.
  return sql != nullptr ? Start(sql->string_value(), rows_max, peer)
                        : Continue(next->string_value(), peer);
}

http::Response Queries::Start(std::string sql, size_t rows_max, PeerWatch& peer) {
  if (peer.gone()) return replies_.Fail(ToFailure(Error{Code::kCancelled, "the client has gone"}));
  auto kept = std::make_shared<Kept>();
  kept->id = replies_.NewId() + replies_.NewId();
  auto executed = deps_.engine.Execute(
      {.sql = std::move(sql), .database = {}, .deadline = {}, .id = kept->id, .origin = "console"});
  if (!executed.ok()) return replies_.Fail(ToSqlFailure(executed.error()));
  if ((*executed)->unload() != nullptr) {
    return replies_.Fail(ToFailure(
        Error{Code::kUnimplemented, "UNLOAD runs through the Timestream Query API only"}));
  }
  kept->rows_max = rows_max;
  kept->result = std::move(executed).value();
  kept->since = deps_.clock.Monotonic();
  std::vector<std::shared_ptr<Kept>> dropped;
  {
    const MutexLock lock(mutex_);
    if (auto admitted = Admit(kept, dropped); !admitted.ok()) {
      return replies_.Fail(ToFailure(admitted.error()));
    }
  }
  return Page(kept, peer);
}

Result<void> Queries::Admit(const std::shared_ptr<Kept>& kept,
                            std::vector<std::shared_ptr<Kept>>& dropped) {
  if (closed_) return Error{Code::kUnavailable, "the server is stopping"};
  if (kept_.size() >= options_.queries_kept_max) {
    auto oldest = kept_.end();
    for (auto it = kept_.begin(); it != kept_.end(); ++it) {
      if (it->second->running) continue;
      if (oldest == kept_.end() || it->second->since < oldest->second->since) oldest = it;
    }
    if (oldest == kept_.end()) {
      return Error{Code::kResourceExhausted, "too many statements run: try again later"};
    }
    dropped.push_back(std::move(oldest->second));
    kept_.erase(oldest);
  }
  kept_.emplace(kept->id, kept);
  return {};
}

http::Response Queries::Continue(std::string_view token, PeerWatch& peer) {
  std::shared_ptr<Kept> kept;
  {
    const MutexLock lock(mutex_);
    const auto found = kept_.find(token.substr(0, token.find('.')));
    if (found == kept_.end() || found->second->running || found->second->Token() != token) {
      Failure gone;
      gone.status = 404;
      gone.code = "not_found";
      gone.message = "This page has expired.";
      gone.hint = "Run the statement again.";
      return replies_.Fail(gone);
    }
    kept = found->second;
    kept->running = true;
    kept->since = deps_.clock.Monotonic();
  }
  return Page(kept, peer);
}

http::Response Queries::Page(const std::shared_ptr<Kept>& kept, PeerWatch& peer) {
  const MonotonicTime began = deps_.clock.Monotonic();
  peer.Bind(std::shared_ptr<sql::QueryResult>(kept, kept->result.get()));
  auto rows = FillPage(*kept);
  peer.Unbind();
  kept->worked += deps_.clock.Monotonic() - began;
  // The next page may begin on another thread as soon as the lock is released.
  const bool ended = kept->ended;
  const uint64_t rows_given = kept->rows_given;
  const nanoseconds worked = kept->worked;
  const sql::QueryProgress progress = kept->result->progress();

  std::string next;
  bool overdue = false;
  std::shared_ptr<Kept> dropped;  // its result ends unlocked
  {
    const MutexLock lock(mutex_);
    kept->running = false;
    kept->since = deps_.clock.Monotonic();
    ++kept->page;
    overdue = kept->overdue;
    const auto found = kept_.find(kept->id);
    if (found != kept_.end() && (!rows.ok() || ended || peer.gone())) {
      dropped = std::move(found->second);
      kept_.erase(found);
    } else if (found != kept_.end()) {
      next = kept->Token();
    }
  }
  if (!rows.ok()) {
    Error error = std::move(rows).error();
    if (overdue) {
      error = {Code::kDeadlineExceeded,
               "the statement ran longer than " + FormatDuration(options_.statement_time_max)};
    }
    return replies_.Fail(ToSqlFailure(error));
  }

  JsonWriter out;
  out.BeginObject();
  WriteText(out, "query_id", kept->id);
  out.Key("columns").BeginArray();
  for (const sql::Column& column : kept->result->columns()) {
    out.BeginObject();
    WriteText(out, "name", column.name);
    WriteText(out, "type", TypeName(column.type));
    out.EndObject();
  }
  out.EndArray().Key("rows").Raw(*rows);
  WriteTextOrNull(out, "next", next);
  out.Key("progress").BeginObject();
  out.Key("percent").Double(ended ? 100 : std::clamp(progress.percent, 0.0, 100.0));
  out.Key("rows_total");
  ended ? out.String(std::to_string(rows_given)) : out.Null();
  WriteI64(out, "bytes_scanned", progress.bytes_scanned);
  WriteI64(out, "points_scanned", progress.rows_scanned);
  WriteI64(out, "elapsed_ms", worked.count() / 1'000'000);
  out.EndObject().EndObject();
  return Replies::Ok(std::move(out).Take());
}

/// The next page's rows as a JSON array. Sets `ended` when nothing follows it.
Result<std::string> Queries::FillPage(Kept& kept) {
  const auto& columns = kept.result->columns();
  JsonWriter out;
  out.BeginArray();
  for (size_t rows = 0;;) {
    if (kept.chunk_row >= kept.chunk.rows()) {
      // Also after the last row of a full page: only the engine knows whether more follows.
      kept.chunk_row = 0;
      TM_ASSIGN_OR_RETURN(const bool more, kept.result->Next(kept.chunk));
      if (!more) {
        kept.chunk.Reset(0, 0);
        kept.ended = true;
        break;
      }
      continue;
    }
    if (rows >= kept.rows_max || out.text().size() > kPageBytesMax) break;
    out.BeginArray();
    for (size_t c = 0; c < columns.size(); ++c) {
      WriteCell(out, columns[c].type, kept.chunk.at(kept.chunk_row, c));
    }
    out.EndArray();
    ++kept.chunk_row;
    ++kept.rows_given;
    ++rows;
  }
  out.EndArray();
  return std::move(out).Take();
}

void Queries::Drop(std::string_view id) {
  std::shared_ptr<Kept> dropped;
  const MutexLock lock(mutex_);
  const auto found = kept_.find(id);
  if (found == kept_.end()) return;
  found->second->result->Cancel();
  dropped = std::move(found->second);
  kept_.erase(found);
}

void Queries::Expire() {
  std::vector<std::shared_ptr<Kept>> dropped;
  const MonotonicTime now = deps_.clock.Monotonic();
  const MutexLock lock(mutex_);
  for (auto it = kept_.begin(); it != kept_.end();) {
    Kept& kept = *it->second;
    if (kept.running && now - kept.since > options_.statement_time_max) {
      kept.overdue = true;
      kept.result->Cancel();
    }
    if (!kept.running && now - kept.since > options_.query_kept_max) {
      dropped.push_back(std::move(it->second));
      it = kept_.erase(it);
    } else {
      ++it;
    }
  }
}

void Queries::Close() {
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> all;
  const MutexLock lock(mutex_);
  closed_ = true;
  all.swap(kept_);
  for (auto& [id, kept] : all) kept->result->Cancel();
}

}  // namespace tidemark::console
