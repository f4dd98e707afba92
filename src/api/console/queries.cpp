// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/queries_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr size_t kCancelledAheadMax = 64;
constexpr nanoseconds kCancelledAheadKept = seconds(10);  // a call takes so long to its thread

}  // namespace

struct Queries::Kept {
  explicit Kept(std::unique_ptr<sql::QueryResult> result) : reader(std::move(result)) {}

  QueryWish wish;  // constant
  std::string id;
  EventTime as_of;                     // when it began
  std::optional<EventTime> watermark;  // of its tables, then

  // Owned by the thread that runs a page; Cancel() and progress() of its result from any.
  ResultReader reader;
  nanoseconds worked{0};

  // Guarded by Queries::mutex_.
  uint32_t page = 0;  // the next one
  bool running = true;
  bool overdue = false;
  MonotonicTime since;  // the page began; else the last page ended

  std::string Token() const { return id + "." + std::to_string(page); }
  sql::QueryResult& result() { return reader.result(); }
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

http::Response Queries::Run(const http::Request& request, PeerWatch& peer) {
  const auto parsed =
      ParseBody(request.body, {"sql", "max_rows", "next", "id", "max_points", "from", "to",
                               "interval_ms", "database", "table", "measure"});
  if (!parsed.ok()) return replies_.Fail(ToFailure(parsed.error()));
  const JsonValue* next = parsed->Find("next");
  if ((parsed->Find("sql") == nullptr) == (next == nullptr)) {
    return replies_.Fail(InvalidRequest("give either \"sql\" or \"next\"", "sql"));
  }
  const RowFormat format = FormatOf(request);
  if (next == nullptr) return Start(*parsed, format, peer);
  if (!next->is_string()) return replies_.Fail(InvalidRequest("it must be a string", "next"));
  // The size of a page is the first page's; a client may repeat it.
  if (const JsonValue* rows = parsed->Find("max_rows")) {
    const auto count = rows->AsInt64();
    if (!count || *count < 1 || *count > kBlockRowsMax) {
      return replies_.Fail(InvalidRequest("max_rows must be a number of rows", "max_rows"));
    }
  }
  return Continue(next->string_value(), format, peer);
}

http::Response Queries::Start(const JsonValue& body, RowFormat format, PeerWatch& peer) {
  if (peer.gone()) return replies_.Fail(ToFailure(Error{Code::kCancelled, "the client has gone"}));
  QueryWish wish;
  const EventTime now = deps_.clock.Now().AsEventTime();
  if (const auto failure = ReadQueryWish(body, format, DefaultMacroValues(now), wish)) {
    return replies_.Fail(*failure);
  }
  if (wish.id.empty()) wish.id = replies_.NewId() + replies_.NewId();
  auto executed = deps_.engine.Execute({.sql = wish.expansion.sql(),
                                        .database = wish.database,
                                        .deadline = {},
                                        .id = wish.id,
                                        .origin = "console"});
  if (!executed.ok()) return replies_.Fail(ToTypedFailure(wish, executed.error()));
  if ((*executed)->unload() != nullptr) {
    return replies_.Fail(ToFailure(
        Error{Code::kUnimplemented, "UNLOAD runs through the Timestream Query API only"}));
  }
  auto kept = std::make_shared<Kept>(std::move(executed).value());
  kept->id = wish.id;
  kept->as_of = now;
  if (format == RowFormat::kColumns) kept->watermark = WatermarkOf(deps_, wish);
  kept->wish = std::move(wish);
  kept->since = deps_.clock.Monotonic();
  std::vector<std::shared_ptr<Kept>> dropped;
  {
    const MutexLock lock(mutex_);
    if (auto admitted = Admit(kept, dropped); !admitted.ok()) {
      return replies_.Fail(ToFailure(admitted.error()));
    }
  }
  return Page(kept, format, peer);
}

Result<void> Queries::Admit(const std::shared_ptr<Kept>& kept,
                            std::vector<std::shared_ptr<Kept>>& dropped) {
  if (closed_) return Error{Code::kUnavailable, "the server is stopping"};
  if (std::erase_if(cancelled_ahead_, [&](const auto& c) { return c.first == kept->id; }) > 0) {
    return Error{Code::kCancelled, "the statement was cancelled"};
  }
  if (kept_.contains(kept->id)) {
    return Error{Code::kAlreadyExists, "another statement has the id \"" + kept->id + "\""};
  }
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

http::Response Queries::Continue(std::string_view token, RowFormat format, PeerWatch& peer) {
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
  return Page(kept, format, peer);
}

http::Response Queries::Page(const std::shared_ptr<Kept>& kept, RowFormat format, PeerWatch& peer) {
  const MonotonicTime began = deps_.FiguresNow();
  const auto sink = MakeRowSink(format, kept->result().columns());
  peer.Bind(std::shared_ptr<sql::QueryResult>(kept, &kept->result()));
  auto filled = FillPage(*kept, *sink);
  peer.Unbind();
  kept->worked += deps_.FiguresNow() - began;
  http::Response answer;
  // Before the lock is released: then the next page may begin on another thread.
  const bool ended = kept->reader.ended();
  if (filled.ok()) {
    answer = PageAnswer(*kept, format, *sink,
                        ended ? "" : kept->id + "." + std::to_string(kept->page + 1));
  }

  bool overdue = false;
  std::shared_ptr<Kept> dropped;  // its result ends unlocked
  {
    const MutexLock lock(mutex_);
    kept->running = false;
    kept->since = deps_.clock.Monotonic();
    ++kept->page;
    overdue = kept->overdue;
    const auto found = kept_.find(kept->id);
    const bool ours = found != kept_.end() && found->second == kept;
    if (ours && (!filled.ok() || ended || peer.gone())) {
      dropped = std::move(found->second);
      kept_.erase(found);
    }
  }
  if (filled.ok()) return answer;
  Error error = std::move(filled).error();
  if (overdue) {
    error = {Code::kDeadlineExceeded,
             "the statement ran longer than " + FormatDuration(options_.statement_time_max)};
  }
  return replies_.Fail(ToTypedFailure(kept->wish, error));
}

Result<void> Queries::FillPage(Kept& kept, RowSink& sink) {
  if (kept.wish.max_points > 0) {
    TM_ASSIGN_OR_RETURN(const bool reduced, kept.reader.Reduce(kept.wish.max_points, sink));
    if (reduced) return {};
  }
  return kept.reader.Page(kept.wish.rows_max, sink);
}

http::Response Queries::PageAnswer(Kept& kept, RowFormat format, RowSink& sink,
                                   const std::string& next) {
  const sql::QueryProgress progress = kept.result().progress();
  const bool ended = kept.reader.ended();
  std::string text = sink.Finish([&](JsonWriter& out) {
    WriteText(out, "query_id", kept.id);
    WriteTextOrNull(out, "expanded_sql",
                    kept.wish.expansion.expanded() ? kept.wish.expansion.sql() : "");
    WriteTextOrNull(out, "next", next);
    out.Key("reduced").Bool(kept.reader.reduced());
    if (format == RowFormat::kColumns) {
      out.Key("truncated").Bool(false);
      WriteI64(out, "as_of", std::optional(kept.as_of));
      WriteI64(out, "watermark", kept.watermark);
    }
    out.Key("progress").BeginObject();
    out.Key("percent").Double(ended ? 100 : std::clamp(progress.percent, 0.0, 100.0));
    out.Key("rows_total");
    ended ? out.String(std::to_string(kept.reader.rows_given())) : out.Null();
    WriteI64(out, "bytes_scanned", progress.bytes_scanned);
    WriteI64(out, "points_scanned", progress.rows_scanned);
    WriteI64(out, "elapsed_ms", int64_t{kept.worked.count() / 1'000'000});
    out.EndObject();
  });
  http::Response response = Replies::Ok(std::move(text));
  if (format == RowFormat::kColumns) {
    response.headers.Set("Content-Type", std::string(kColumnsType));
  }
  return response;
}

void Queries::Cancel(std::string_view id) {
  const MutexLock lock(mutex_);
  const auto found = kept_.find(id);
  if (found != kept_.end()) {
    found->second->result().Cancel();
    return;
  }
  cancelled_ahead_.emplace_back(id, deps_.clock.Monotonic());
  if (cancelled_ahead_.size() > kCancelledAheadMax) cancelled_ahead_.pop_front();
}

void Queries::Drop(std::string_view id) {
  std::shared_ptr<Kept> dropped;
  const MutexLock lock(mutex_);
  const auto found = kept_.find(id);
  if (found == kept_.end()) return;
  found->second->result().Cancel();
  dropped = std::move(found->second);
  kept_.erase(found);
}

void Queries::Expire() {
  std::vector<std::shared_ptr<Kept>> dropped;
  const MonotonicTime now = deps_.clock.Monotonic();
  const MutexLock lock(mutex_);
  std::erase_if(cancelled_ahead_,
                [&](const auto& c) { return now - c.second > kCancelledAheadKept; });
  for (auto it = kept_.begin(); it != kept_.end();) {
    Kept& kept = *it->second;
    if (kept.running && now - kept.since > options_.statement_time_max) {
      kept.overdue = true;
      kept.result().Cancel();
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
  for (auto& [id, kept] : all) kept->result().Cancel();
}

}  // namespace tidemark::console
