// SPDX-License-Identifier: Apache-2.0
// Runs statements page by page (query_internal.h).
#include <algorithm>
#include <array>
#include <charconv>

#include "api/timestream/query_internal.h"
#include "api/timestream/value_json_internal.h"
#include "base/json.h"
#include "base/numbers.h"

namespace tidemark::timestream {
namespace {

constexpr uint64_t kMeteredMin = 10'000'000;  // timestream-api.md 5.1.3
constexpr size_t kPageEndBytes = 1'024;       // status, token and brackets around the rows
constexpr size_t kRowsBytesMin = 64 * 1024;   // left to rows whatever the columns take

// Ours, beside AWS's members: rows of these files and times are missing from the answer.
void AppendGaps(const std::vector<store::DamagedRange>& gaps, std::string& out) {
  if (gaps.empty()) return;
  JsonWriter list;
  list.BeginArray();
  for (const store::DamagedRange& gap : gaps) {
    list.BeginObject().Key("File").String(gap.file);
    list.Key("From").String(FormatIso8601Millis(gap.time.start));
    list.Key("To").String(FormatIso8601Millis(gap.time.end)).EndObject();
  }
  list.EndArray();
  out += ",\"KnownGaps\":" + list.text();
}

// ,"QueryStatus":{..}
void AppendStatus(const sql::QueryResult& result, double percent, std::string& out) {
  const sql::QueryProgress progress = result.progress();
  const uint64_t metered = progress.metadata ? 0 : std::max(kMeteredMin, progress.bytes_scanned);
  out += ",\"QueryStatus\":{\"CumulativeBytesMetered\":" + std::to_string(metered);
  out += ",\"CumulativeBytesScanned\":" + std::to_string(progress.bytes_scanned);
  out += ",\"ProgressPercentage\":" + FormatDoubleSql(percent);
  AppendGaps(result.gaps(), out);
  out += '}';
}

std::string Hex(uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {digits.data(), end};
}

}  // namespace

std::string QueryApi::Token(const OpenQuery& query, uint64_t page) const {
  const std::string number = std::to_string(page);
  return query.id + "-" + number + "-" + Hex(Hash64(Hex(query.nonce) + number));
}

void QueryApi::Send(std::vector<Delivery> deliveries) {
  for (Delivery& delivery : deliveries) {
    for (http::Responder& responder : delivery.to) {
      responder.Send(delivery.body != nullptr ? deps_.answers->Ok(*delivery.body)
                                              : deps_.answers->Fail(*delivery.failure));
    }
  }
}

bool QueryApi::StartJob(const std::shared_ptr<OpenQuery>& query, std::optional<Call> first) {
  query->job_running = true;
  const Result<void> posted = deps_.executor.Post(
      Lane::kQuery,
      [self = shared_from_this(), query, first = std::move(first)] { self->RunJob(query, first); });
  if (!posted.ok()) query->job_running = false;
  return posted.ok();
}

void QueryApi::RunJob(const std::shared_ptr<OpenQuery>& query, const std::optional<Call>& first) {
  std::string body;
  bool more = false;
  std::optional<Failure> failure;
  if (first) failure = Execute(*query, *first);
  if (!failure) failure = FillPage(*query, body, more);

  std::vector<Delivery> deliveries;
  std::shared_ptr<sql::QueryResult> ended;
  {
    const MutexLock lock(mutex_);
    query->job_running = false;
    if (failure || !more || query->cancelled || stopping_) ended = std::move(query->result);
    if (query->cancelled || stopping_) {
      // Who waited has been answered.
    } else if (failure) {
      query->failure = std::move(failure);
      deliveries.push_back({std::move(query->waiting), nullptr, query->failure});
      query->waiting.clear();
      // Nobody knows the id of a query without pages.
      const auto it = query->pages_given == 0 ? queries_.find(query->id) : queries_.end();
      if (it != queries_.end()) Forget(it);
    } else {
      query->ready = std::move(body);
      query->ready_more = more;
      if (!query->waiting.empty()) Deliver(*query, deliveries);
    }
  }
  if (ended != nullptr) query->chunk = {};
  Send(std::move(deliveries));
}

std::optional<Failure> QueryApi::Execute(OpenQuery& query, const Call& call) {
  {
    const MutexLock lock(mutex_);
    if (query.cancelled || stopping_)
      return Failure{ApiError::kConflict, "The query was cancelled."};
  }
  auto result = deps_.engine.Execute({.sql = call.sql, .deadline = query.deadline});
  if (!result.ok()) return Failure::Of(result.error(), Phase::kAnalysis);
  std::string head = "{\"ColumnInfo\":";
  AppendColumnInfo((*result)->columns(), head);
  head += ",\"QueryId\":\"" + query.id + "\"";
  const MutexLock lock(mutex_);
  query.result = std::move(result).value();
  query.head = std::move(head);
  if (query.cancelled) query.result->Cancel();
  return std::nullopt;
}

std::optional<Failure> QueryApi::FillPage(OpenQuery& query, std::string& body, bool& more) {
  std::shared_ptr<sql::QueryResult> result;
  size_t rows_max = 0;
  {
    const MutexLock lock(mutex_);
    result = query.result;
    rows_max = query.rows_max;
    body = query.head;
  }
  const std::vector<sql::Column>& columns = result->columns();
  const size_t used = body.size() + kPageEndBytes;
  const size_t rows_bytes_max = options_.page_bytes_max > used + kRowsBytesMin
                                    ? options_.page_bytes_max - used
                                    : kRowsBytesMin;
  std::string rows;
  size_t count = 0;
  more = false;
  while (!more) {
    for (; query.chunk_row < query.chunk.rows(); ++query.chunk_row) {
      if (count == rows_max) {
        more = true;
        break;
      }
      const size_t before = rows.size();
      if (count > 0) rows += ',';
      AppendRow(columns, query.chunk, query.chunk_row, rows);
      if (rows.size() > rows_bytes_max) {
        if (count == 0) {
          return Failure{ApiError::kQueryExecution,
                         "Query aborted as max page response size has been exceeded by the output "
                         "result row"};
        }
        rows.resize(before);
        more = true;
        break;
      }
      ++count;
    }
    if (more) break;
    query.chunk_row = 0;
    const Result<bool> next = result->Next(query.chunk);
    if (!next.ok()) return Failure::Of(next.error(), Phase::kExecution);
    if (!*next) {
      query.chunk.Reset(0, 0);
      break;
    }
  }
  query.rows_total += count;
  query.bytes_total += rows.size();
  const sql::QueryProgress progress = result->progress();
  // The statement may have ended while rows of it still wait for their page.
  AppendStatus(*result, more ? std::min(progress.percent, 99.0) : 100.0, body);
  if (query.insights && !more) {
    body += ",\"QueryInsightsResponse\":{\"OutputBytes\":" + std::to_string(query.bytes_total) +
            ",\"OutputRows\":" + std::to_string(query.rows_total) + "}";
  }
  body += ",\"Rows\":[";
  body += rows;
  body += ']';
  return std::nullopt;
}

void QueryApi::Publish(OpenQuery& query, std::string body, bool more) {
  if (more) body += ",\"NextToken\":\"" + Token(query, query.pages_given + 1) + "\"";
  body += '}';
  if (query.last_page != nullptr) page_bytes_ -= query.last_page->size();
  page_bytes_ += body.size();
  pages_.Set(static_cast<int64_t>(page_bytes_));
  query.last_page = std::make_shared<const std::string>(std::move(body));
  query.last_more = more;
  query.last_uses = 1;
  ++query.pages_given;
}

void QueryApi::Deliver(OpenQuery& query, std::vector<Delivery>& out) {
  Publish(query, *std::exchange(query.ready, std::nullopt), query.ready_more);
  out.push_back({std::move(query.waiting), query.last_page, std::nullopt});
  query.waiting.clear();
  query.used = deps_.clock.Monotonic();
  TrimPages();
}

void QueryApi::AnswerSlow(OpenQuery& query, MonotonicTime now, std::vector<Delivery>& out) {
  if (query.waiting.empty() || query.head.empty() || query.result == nullptr ||
      now - query.waiting_since < options_.page_wait_max) {
    return;
  }
  std::string body = query.head;
  const sql::QueryProgress progress = query.result->progress();
  AppendStatus(*query.result, std::min(progress.percent, 99.0), body);
  body += ",\"Rows\":[]";
  Publish(query, std::move(body), true);
  out.push_back({std::move(query.waiting), query.last_page, std::nullopt});
  query.waiting.clear();
}

}  // namespace tidemark::timestream
