// SPDX-License-Identifier: Apache-2.0
// Which queries are remembered, for how long and how many (query_internal.h).
#include <algorithm>

#include "api/timestream/query_internal.h"

namespace tidemark::timestream {
namespace {

constexpr nanoseconds kStepEveryMax = seconds(1);
constexpr nanoseconds kOpenKeptMin = minutes(5);  // an open query is not pushed out before

}  // namespace

std::shared_ptr<QueryApi::OpenQuery> QueryApi::FindRepeat(const Call& call,
                                                          std::optional<Failure>& failure) {
  if (!call.client_token) return nullptr;
  const auto token = client_tokens_.find(call.principal + "\n" + *call.client_token);
  if (token == client_tokens_.end()) return nullptr;
  const auto it = queries_.find(token->second);
  if (it == queries_.end()) return nullptr;
  const std::shared_ptr<OpenQuery>& query = it->second;
  // Later the token counts as new (5.1.1).
  if (deps_.clock.Monotonic() - query->created > options_.client_token_lifetime) return nullptr;
  if (query->sql_hash != call.sql_hash || query->first_rows_max != call.rows_max) {
    failure = Failure::Validation(
        "The client token was used with other parameters within the last minutes.");
    return nullptr;
  }
  // Its first page is no longer there, or it came to nothing: run again.
  const bool first_page =
      query->pages_given == 0 ? query->job_running : query->pages_given == 1 && query->last_page;
  if (query->cancelled || query->failure || !first_page) return nullptr;
  return query;
}

void QueryApi::Forget(Queries::iterator it) {
  OpenQuery& query = *it->second;
  if (query.last_page != nullptr) page_bytes_ -= query.last_page->size();
  pages_.Set(static_cast<int64_t>(page_bytes_));
  if (!query.job_running && query.result != nullptr) garbage_.push_back(std::move(query.result));
  const auto token = client_tokens_.find(query.client_token_key);
  if (token != client_tokens_.end() && token->second == query.id) client_tokens_.erase(token);
  queries_.erase(it);
  open_.Set(static_cast<int64_t>(queries_.size()));
}

bool QueryApi::MakeRoom(MonotonicTime now) {
  if (queries_.size() < options_.queries_kept_max) return true;
  auto victim = queries_.end();
  for (auto it = queries_.begin(); it != queries_.end(); ++it) {
    const OpenQuery& query = *it->second;
    if (!query.idle() || (!query.finished() && now - query.used < kOpenKeptMin)) continue;
    const auto rank = [](const OpenQuery& q) { return std::pair(!q.finished(), q.used); };
    if (victim == queries_.end() || rank(query) < rank(*victim->second)) victim = it;
  }
  if (victim == queries_.end()) return false;
  Forget(victim);
  return true;
}

void QueryApi::TrimPages() {
  while (page_bytes_ > options_.page_cache_bytes_max) {
    // The page least lately used; of queries that still have some to give only its replay is lost.
    auto victim = queries_.end();
    for (auto it = queries_.begin(); it != queries_.end(); ++it) {
      const OpenQuery& query = *it->second;
      if (query.last_page == nullptr) continue;
      const auto rank = [](const OpenQuery& q) { return std::pair(!q.finished(), q.used); };
      if (victim == queries_.end() || rank(query) < rank(*victim->second)) victim = it;
    }
    if (victim == queries_.end()) return;
    page_bytes_ -= victim->second->last_page->size();
    victim->second->last_page = nullptr;
    pages_.Set(static_cast<int64_t>(page_bytes_));
  }
}

Result<Progress> QueryApi::Step() {
  const MonotonicTime now = deps_.clock.Monotonic();
  std::vector<Delivery> deliveries;
  std::vector<std::shared_ptr<sql::QueryResult>> garbage;
  // A page asked for after this step is due after the next one at the earliest.
  const nanoseconds step_every =
      std::clamp<nanoseconds>(options_.page_wait_max, milliseconds(1), kStepEveryMax);
  Progress progress;
  {
    const MutexLock lock(mutex_);
    MonotonicTime wake_at = now + step_every;
    for (auto it = queries_.begin(); it != queries_.end();) {
      const auto current = it++;
      OpenQuery& query = *current->second;
      AnswerSlow(query, now, deliveries);
      if (!query.waiting.empty() && !query.head.empty()) {
        wake_at = std::min(wake_at, query.waiting_since + options_.page_wait_max);
      }
      const bool one_page = query.finished() && !query.cancelled && query.pages_given <= 1;
      const nanoseconds kept = one_page ? options_.client_token_lifetime : options_.token_lifetime;
      if (query.idle() && now - query.used > kept) Forget(current);
    }
    TrimPages();
    garbage.swap(garbage_);
    if (!queries_.empty()) progress.wake_at = wake_at;
  }
  Send(std::move(deliveries));
  return progress;
}

}  // namespace tidemark::timestream
