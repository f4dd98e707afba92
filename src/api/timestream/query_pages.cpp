// SPDX-License-Identifier: Apache-2.0
// Runs statements page by page (query_internal.h).
#include <algorithm>
#include <array>
#include <charconv>

#include "api/timestream/query_internal.h"
#include "api/timestream/unload_internal.h"
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

std::optional<Failure> QueryApi::Post(Lane lane, const std::shared_ptr<OpenQuery>& query,
                                      std::move_only_function<void()> work) {
  query->job_running = true;
  if (deps_.executor.Post(lane, std::move(work)).ok()) return std::nullopt;
  query->job_running = false;
  return Failure{ApiError::kThrottling, "Too many queries wait to run: try again later."};
}

std::optional<Failure> QueryApi::StartAnalysis(const std::shared_ptr<OpenQuery>& query, Call call) {
  if (jobs_ >= options_.pages_running_max) {
    return Failure{ApiError::kThrottling, std::to_string(jobs_) +
                                              " queries run or wait already, as many as "
                                              "sql.concurrent_max and sql.queue_max allow: try "
                                              "again later."};
  }
  auto failure = Post(
      Lane::kBackground, query,
      [self = shared_from_this(), query, call = std::move(call)] { self->Analyse(query, call); });
  if (!failure) ++jobs_;
  return failure;
}

std::optional<Failure> QueryApi::StartPage(const std::shared_ptr<OpenQuery>& query) {
  // An open statement's next page is not held to the queue's bound: open statements are bounded.
  auto failure =
      Post(Lane::kQuery, query, [self = shared_from_this(), query] { self->MakePage(query); });
  if (!failure) ++jobs_;
  return failure;
}

void QueryApi::Analyse(const std::shared_ptr<OpenQuery>& query, const Call& call) {
  if (!gate_.Enter()) return;  // stopped: who waited has been answered
  BindStatement(query, call);
  gate_.Leave();
}

void QueryApi::BindStatement(const std::shared_ptr<OpenQuery>& query, const Call& call) {
  Page page;
  page.failure = Execute(*query, call);
  std::vector<Delivery> deliveries;
  {
    const MutexLock lock(mutex_);
    const bool wanted = !page.failure && !query->cancelled && !stopping_;
    if (wanted && options_.first_page == ServiceOptions::FirstPage::kEmpty) {
      GiveEmptyPage(*query, deliveries);
    }
    if (wanted) {
      page.failure =
          Post(Lane::kQuery, query, [self = shared_from_this(), query] { self->MakePage(query); });
    }
    if (!wanted || page.failure) EndJob(query, std::move(page), deliveries);
  }
  Send(std::move(deliveries));
}

void QueryApi::MakePage(const std::shared_ptr<OpenQuery>& query) {
  if (!gate_.Enter()) return;
  Page page;
  page.failure = FillPage(*query, page);
  std::vector<Delivery> deliveries;
  {
    const MutexLock lock(mutex_);
    EndJob(query, std::move(page), deliveries);
  }
  Send(std::move(deliveries));
  gate_.Leave();
}

void QueryApi::EndJob(const std::shared_ptr<OpenQuery>& query, Page page,
                      std::vector<Delivery>& out) {
  query->job_running = false;
  --jobs_;
  if (page.failure || !page.more || query->cancelled || stopping_) {
    // Freed by the task: it may take a while.
    if (query->result != nullptr) garbage_.push_back(std::move(query->result));
    query->chunk = {};
    if (task_) deps_.executor.Wake(*task_);
  }
  if (query->cancelled || stopping_) return;  // who waited has been answered
  if (!page.failure) {
    query->ready = std::move(page.body);
    query->ready_more = page.more;
    if (!query->waiting.empty()) Deliver(*query, out);
    return;
  }
  query->failure = std::move(page.failure);
  out.push_back({std::move(query->waiting), nullptr, query->failure});
  query->waiting.clear();
  // Nobody knows the id of a query without pages.
  const auto it = query->pages_given == 0 ? queries_.find(query->id) : queries_.end();
  if (it != queries_.end()) Forget(it);
}

std::optional<Failure> QueryApi::Execute(OpenQuery& query, const Call& call) {
  {
    const MutexLock lock(mutex_);
    if (query.cancelled || stopping_)
      return Failure{ApiError::kConflict, "The query was cancelled."};
  }
  auto result = deps_.engine.Execute({.sql = call.sql,
                                      .database = {},
                                      .deadline = query.deadline,
                                      .id = query.id,
                                      .origin = "timestream"});
  if (!result.ok()) return Failure::Of(result.error(), Phase::kAnalysis);
  if (auto failure = PrepareUnload(query, *result)) return failure;
  std::string head = "{\"ColumnInfo\":";
  AppendColumnInfo((*result)->columns(), head);
  head += ",\"QueryId\":\"" + query.id + "\"";
  const MutexLock lock(mutex_);
  query.result = std::move(result).value();
  query.head = std::move(head);
  if (query.cancelled) query.result->Cancel();
  return std::nullopt;
}

std::optional<Failure> QueryApi::PrepareUnload(const OpenQuery& query,
                                               std::unique_ptr<sql::QueryResult>& result) {
  if (result->unload() == nullptr) return std::nullopt;
  if (deps_.exports == nullptr) {
    return Failure::Validation(
        "UNLOAD has no place to write to: set export.directory in the server's configuration.");
  }
  // "<queryid>_<uuid>" (5.13).
  std::string uuid;
  for (const uint64_t part : {deps_.answers->NewNonce(), deps_.answers->NewNonce()}) {
    const std::string hex = Hex(part);
    uuid += std::string(16 - hex.size(), '0') + hex;
  }
  for (const size_t place : {8, 13, 18, 23}) uuid.insert(place, 1, '-');
  result = MakeUnloadResult(std::move(result), query.id + "_" + uuid, *deps_.exports);
  return std::nullopt;
}

std::optional<Failure> QueryApi::CheckResultSize(const OpenQuery& query, size_t page_bytes) const {
  if (query.bytes_total + page_bytes <= options_.result_bytes_max) return std::nullopt;
  return Failure{ApiError::kQueryExecution, "Query aborted as its result is larger than the " +
                                                std::to_string(options_.result_bytes_max) +
                                                " bytes that sql.result_bytes_max allows"};
}

std::optional<Failure> QueryApi::FillPage(OpenQuery& query, Page& page) {
  std::string& body = page.body;
  bool& more = page.more;
  std::shared_ptr<sql::QueryResult> result;
  size_t rows_max = 0;
  {
    const MutexLock lock(mutex_);
    if (query.cancelled || query.result == nullptr) {
      return Failure{ApiError::kConflict, "The query was cancelled."};
    }
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
  if (auto failure = CheckResultSize(query, rows.size())) return failure;
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

void QueryApi::GiveEmptyPage(OpenQuery& query, std::vector<Delivery>& out) {
  std::string body = query.head;
  const sql::QueryProgress progress = query.result->progress();
  AppendStatus(*query.result, std::min(progress.percent, 99.0), body);
  body += ",\"Rows\":[]";
  Publish(query, std::move(body), true);
  out.push_back({std::move(query.waiting), query.last_page, std::nullopt});
  query.waiting.clear();
}

void QueryApi::AnswerSlow(OpenQuery& query, MonotonicTime now, std::vector<Delivery>& out) {
  if (query.waiting.empty() || query.head.empty() || query.result == nullptr ||
      now - query.waiting_since < options_.page_wait_max) {
    return;
  }
  GiveEmptyPage(query, out);
}

}  // namespace tidemark::timestream
