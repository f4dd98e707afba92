// SPDX-License-Identifier: Apache-2.0
#include "sql/query_log.h"

#include "base/check.h"
#include "base/logging.h"

namespace tidemark::sql {

std::string_view QueryStateName(QueryState state) {
  switch (state) {
    case QueryState::kOpen:
      return "open";
    case QueryState::kWaiting:
      return "waiting";
    case QueryState::kRunning:
      return "running";
    case QueryState::kSucceeded:
      return "succeeded";
    case QueryState::kFailed:
      return "failed";
    case QueryState::kCancelled:
      return "cancelled";
    case QueryState::kClosed:
      return "closed";
  }
  TM_UNREACHABLE();
}

namespace {

std::string Cut(const std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  // Not within a character of UTF-8.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

}  // namespace

std::unique_ptr<QueryLog::Entry> QueryLog::Open(const QueryRequest& request, Hooks hooks) {
  Line open;
  open.info.id = request.id;
  open.info.origin = request.origin;
  open.info.sql = Cut(request.sql, options_.text_bytes_max);
  open.info.started = clock_.Now();
  open.hooks = std::move(hooks);
  open.began = open.since = clock_.Monotonic();
  const MutexLock lock(mutex_);
  open_.push_front(std::move(open));
  return std::make_unique<Entry>(*this, open_.begin());
}

void QueryLog::Refused(const QueryRequest& request, const Error& error) {
  QueryInfo info;
  info.id = request.id;
  info.origin = request.origin;
  info.sql = Cut(request.sql, options_.text_bytes_max);
  info.started = clock_.Now();
  info.state = QueryState::kFailed;
  info.error = error.message;
  const MutexLock lock(mutex_);
  Keep(std::move(info));
}

QueryInfo QueryLog::InfoOf(const Line& open) const {
  QueryInfo info = open.info;
  const MonotonicTime now = clock_.Monotonic();
  info.elapsed = now - open.began;
  if (info.state == QueryState::kRunning) info.worked += now - open.since;
  info.progress = open.hooks.progress();
  return info;
}

void QueryLog::Keep(QueryInfo info) {
  ended_.push_front(std::move(info));
  if (ended_.size() > options_.recent_max) ended_.pop_back();
}

std::vector<QueryInfo> QueryLog::List() const {
  const MutexLock lock(mutex_);
  std::vector<QueryInfo> out;
  out.reserve(open_.size() + ended_.size());
  for (const Line& open : open_) out.push_back(InfoOf(open));
  out.insert(out.end(), ended_.begin(), ended_.end());
  return out;
}

std::optional<QueryInfo> QueryLog::Find(std::string_view id) const {
  const MutexLock lock(mutex_);
  for (const Line& open : open_) {
    if (open.info.id == id) return InfoOf(open);
  }
  for (const QueryInfo& ended : ended_) {
    if (ended.id == id) return ended;
  }
  return std::nullopt;
}

bool QueryLog::Cancel(std::string_view id) {
  const MutexLock lock(mutex_);
  bool found = false;
  for (const Line& open : open_) {
    if (id.empty() || open.info.id != id) continue;
    open.hooks.cancel();
    found = true;
  }
  return found;
}

void QueryLog::LogIfSlow(const QueryInfo& info) const {
  if (options_.slow <= nanoseconds(0) || info.worked < options_.slow) return;
  Log(LogLevel::kWarning, "sql", "slow query",
      {{"query_id", info.id},
       {"origin", info.origin},
       {"outcome", QueryStateName(info.state)},
       {"worked_ms", info.worked.count() / 1'000'000},
       {"elapsed_ms", info.elapsed.count() / 1'000'000},
       {"points_scanned", info.progress.rows_scanned},
       {"rows", info.progress.rows_returned},
       {"error", info.error},
       {"statement", info.sql}});
}

void QueryLog::Entry::Set(QueryState state) {
  const MonotonicTime now = log_.clock_.Monotonic();
  const MutexLock lock(log_.mutex_);
  if (place_->info.state == QueryState::kRunning) place_->info.worked += now - place_->since;
  place_->info.state = state;
  place_->since = now;
}

void QueryLog::Entry::End(const Result<void>& outcome) {
  if (ended_) return;
  ended_ = true;
  QueryInfo info;
  {
    const MutexLock lock(log_.mutex_);
    info = log_.InfoOf(*place_);
    log_.open_.erase(place_);
    info.state = QueryState::kSucceeded;
    if (!outcome.ok()) {
      const bool cancelled = outcome.error().code == Code::kCancelled;
      info.state = cancelled ? QueryState::kCancelled : QueryState::kFailed;
      info.error = outcome.error().message;
    }
    log_.Keep(info);
  }
  log_.LogIfSlow(info);
}

QueryLog::Entry::~Entry() {
  if (ended_) return;
  QueryInfo info;
  {
    const MutexLock lock(log_.mutex_);
    info = log_.InfoOf(*place_);
    log_.open_.erase(place_);
    info.state = QueryState::kClosed;
    log_.Keep(info);
  }
  log_.LogIfSlow(info);
}

}  // namespace tidemark::sql
