// SPDX-License-Identifier: Apache-2.0
// Decoding and decisions; query_pages.cpp runs statements, query_registry.cpp keeps and forgets
// them.
#include <algorithm>

#include "api/timestream/fields_internal.h"
#include "api/timestream/query_internal.h"
#include "base/numbers.h"

namespace tidemark::timestream {
namespace {

constexpr size_t kBodyBytesMax = 2_MiB;
constexpr size_t kWaitersMax = 5;  // calls that wait for one page
constexpr int kTokenUsesMax = 5;   // timestream-api.md 5.1.2
constexpr size_t kQueryBytesMax = 262'144;

// Access key of "AWS4-HMAC-SHA256 Credential=AKID/20260101/..": whose tokens are whose.
std::string PrincipalOf(const http::Request& request) {
  const std::string_view header = request.Find("authorization").value_or("");
  constexpr std::string_view kCredential = "Credential=";
  const size_t at = header.find(kCredential);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = header.substr(at + kCredential.size());
  return std::string(rest.substr(0, rest.find('/')));
}

bool IsQueryId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

Failure InvalidToken() { return Failure::Validation("Invalid pagination token."); }
Failure Throttled(std::string message) { return {ApiError::kThrottling, std::move(message)}; }
Failure Cancelled() { return {ApiError::kConflict, "The query was cancelled."}; }

Result<JsonValue> ParseBody(const std::string& body) {
  if (body.size() > kBodyBytesMax) {
    return Error{Code::kInvalidArgument,
                 "it is larger than " + std::to_string(kBodyBytesMax) + " bytes"};
  }
  TM_ASSIGN_OR_RETURN(JsonValue value, ParseJson(body));
  if (!value.is_object()) return Error{Code::kInvalidArgument, "it is not an object"};
  return value;
}

}  // namespace

QueryApi::QueryApi(const ServiceOptions& options, Deps deps)
    : options_(options),
      deps_(deps),
      queries_total_(deps.metrics.GetCounter("tidemark_timestream_queries_total",
                                             "Statements that Query calls began.")),
      open_(deps.metrics.GetGauge("tidemark_timestream_queries_kept",
                                  "Queries open, replayable or remembered as cancelled.")),
      pages_(deps.metrics.GetGauge("tidemark_timestream_pages_kept_bytes",
                                   "Pages of results kept for replay.")) {}

void QueryApi::Start() {
  const TaskId task = deps_.executor.Add("timestream-queries", Lane::kBackground, *this);
  const MutexLock lock(mutex_);
  task_ = task;
}

void QueryApi::Stop() {
  std::optional<TaskId> task;
  std::vector<Delivery> deliveries;
  std::vector<std::shared_ptr<sql::QueryResult>> garbage;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    task = std::exchange(task_, std::nullopt);
    for (auto& [id, query] : queries_) {
      if (query->result != nullptr) query->result->Cancel();
      deliveries.push_back({std::move(query->waiting), nullptr,
                            Failure{ApiError::kInternalServer, "The server is stopping."}});
      query->waiting.clear();
    }
    client_tokens_.clear();
  }
  if (task) deps_.executor.Remove(*task);
  Send(std::move(deliveries));
  // Jobs that have begun end soon; those that have not will find the gate closed. Nothing of the
  // engine's is left in either.
  gate_.Close();
  const MutexLock lock(mutex_);
  for (auto& [id, query] : queries_) {
    if (query->result != nullptr) garbage.push_back(std::move(query->result));
  }
  queries_.clear();
  garbage.insert(garbage.end(), garbage_.begin(), garbage_.end());
  garbage_.clear();
}

std::optional<Failure> QueryApi::Decode(const http::Request& request, Call& call) const {
  const Result<JsonValue> input = ParseBody(request.body);
  if (!input.ok()) {
    return Failure::Serialization("The request body is not JSON: " + input.error().message);
  }
  Fields fields(*input);
  call.sql = fields.RequiredText("QueryString", {.min = 1, .max = kQueryBytesMax});
  // No minimum: the real service takes 14 characters (5.1).
  call.client_token = fields.Text("ClientToken", {.max = 128});
  call.next_token = fields.Text("NextToken", {.min = 1, .max = 2048});
  if (const auto rows = fields.Integer("MaxRows", {.min = 1, .max = 1000})) {
    call.rows_max = static_cast<size_t>(std::max<int64_t>(*rows, 1));
  }
  if (const JsonValue* insights = fields.Object("QueryInsights")) {
    Fields members(*insights, "queryInsights.", fields);
    const std::string mode = members.RequiredText("Mode", {});
    call.insights = mode == "ENABLED_WITH_RATE_CONTROL";
    if (!call.insights && mode != "DISABLED") {
      fields.constraints().AddQuoted(
          mode, "queryInsights.mode",
          "Member must satisfy enum value set: [ENABLED_WITH_RATE_CONTROL, DISABLED]");
    }
  }
  if (auto failure = fields.failure()) return failure;
  call.principal = PrincipalOf(request);
  call.sql_hash = HashKey128(call.sql);
  return std::nullopt;
}

void QueryApi::Query(const http::Request& request, http::Responder responder) {
  Call call;
  if (const auto failure = Decode(request, call)) {
    responder.Send(deps_.answers->Fail(*failure));
  } else if (call.next_token) {
    Continue(call, std::move(responder));
  } else {
    Begin(std::move(call), std::move(responder));
  }
}

void QueryApi::Begin(Call call, http::Responder responder) {
  std::string id = deps_.answers->NewQueryId();
  const uint64_t nonce = deps_.answers->NewNonce();
  const MonotonicTime now = deps_.clock.Monotonic();
  std::optional<Failure> failure;
  std::shared_ptr<const std::string> body;
  std::optional<TaskId> wake;
  {
    const MutexLock lock(mutex_);
    if (const auto repeat = FindRepeat(call, failure)) {
      repeat->used = now;
      if (repeat->pages_given > 0) {
        body = repeat->last_page;
      } else if (repeat->waiting.size() < kWaitersMax) {
        repeat->waiting.push_back(std::move(responder));
        return;
      } else {
        failure = Throttled("Too many calls wait for this query.");
      }
    } else if (!failure && (stopping_ || !MakeRoom(now))) {
      failure = Throttled("Too many queries are open; fetch or cancel some.");
    } else if (!failure) {
      auto query = std::make_shared<OpenQuery>();
      query->id = id;
      query->nonce = nonce;
      query->principal = call.principal;
      query->sql_hash = call.sql_hash;
      query->first_rows_max = query->rows_max = call.rows_max;
      query->insights = call.insights;
      query->deadline = now + options_.statement_time_max;
      query->created = query->used = query->waiting_since = now;
      query->waiting.push_back(std::move(responder));
      if (call.client_token) query->client_token_key = call.principal + "\n" + *call.client_token;
      failure = StartAnalysis(query, std::move(call));
      if (!failure) {
        if (!query->client_token_key.empty()) client_tokens_[query->client_token_key] = id;
        if (queries_.empty()) wake = task_;
        queries_.emplace(std::move(id), std::move(query));
        queries_total_.Add();
        open_.Set(static_cast<int64_t>(queries_.size()));
      } else {
        responder = std::move(query->waiting.front());
      }
    }
  }
  if (wake) deps_.executor.Wake(*wake);
  if (failure) {
    // NOLINTNEXTLINE(bugprone-use-after-move): a failed call still has its responder
    responder.Send(deps_.answers->Fail(*failure));
  } else if (body != nullptr) {
    responder.Send(deps_.answers->Ok(*body));
  }
}

void QueryApi::Continue(const Call& call, http::Responder responder) {
  // <QueryId>-<page>-<mark>
  const std::string_view token = *call.next_token;
  const std::string_view id = token.substr(0, token.find('-'));
  std::vector<Delivery> deliveries;
  std::optional<Failure> failure;
  std::shared_ptr<const std::string> body;
  {
    const MutexLock lock(mutex_);
    const auto it = queries_.find(id);
    OpenQuery* query = it == queries_.end() ? nullptr : it->second.get();
    if (query == nullptr || query->principal != call.principal ||
        query->sql_hash != call.sql_hash || query->pages_given == 0) {
      failure = InvalidToken();
    } else if (query->cancelled) {
      failure = Cancelled();
    } else if (query->pages_given > 1 && token == Token(*query, query->pages_given - 1)) {
      body = query->last_page;
      if (body == nullptr || ++query->last_uses > kTokenUsesMax) failure = InvalidToken();
    } else if (!query->last_more || token != Token(*query, query->pages_given)) {
      failure = InvalidToken();
    } else if (query->failure) {
      failure = query->failure;
    } else if (query->waiting.size() >= kWaitersMax) {
      failure = Throttled("Too many calls wait for this page.");
    } else {
      query->used = deps_.clock.Monotonic();
      if (query->waiting.empty()) query->waiting_since = query->used;
      query->waiting.push_back(std::move(responder));
      if (query->ready) {
        Deliver(*query, deliveries);
      } else if (!query->job_running) {
        query->rows_max = call.rows_max;
        failure = StartPage(it->second);
        if (failure) {
          responder = std::move(query->waiting.back());
          query->waiting.pop_back();
        }
      }
    }
  }
  if (failure) {
    // NOLINTNEXTLINE(bugprone-use-after-move): a failed call still has its responder
    responder.Send(deps_.answers->Fail(*failure));
  } else if (body != nullptr) {
    responder.Send(deps_.answers->Ok(*body));
  }
  Send(std::move(deliveries));
}

void QueryApi::CancelQuery(const http::Request& request, http::Responder responder) {
  const auto fail = [&](const Failure& failure) { responder.Send(deps_.answers->Fail(failure)); };
  const Result<JsonValue> input = ParseBody(request.body);
  if (!input.ok()) {
    return fail(Failure::Serialization("The request body is not JSON: " + input.error().message));
  }
  Fields fields(*input);
  const std::string id = fields.RequiredText("QueryId", {.min = 1, .max = 64});
  if (!id.empty() && !IsQueryId(id)) {
    fields.constraints().AddQuoted(id, "queryId",
                                   "Member must satisfy regular expression pattern: [a-zA-Z0-9]+");
  }
  if (const auto failure = fields.failure()) return fail(*failure);

  std::vector<Delivery> deliveries;
  std::string body = "{}";
  std::optional<TaskId> wake;
  {
    const MutexLock lock(mutex_);
    const auto it = queries_.find(id);
    OpenQuery* query = it == queries_.end() ? nullptr : it->second.get();
    if (query != nullptr && query->principal != PrincipalOf(request)) query = nullptr;
    if (query != nullptr && query->cancelled) {
      body = R"({"CancellationMessage":"The query was cancelled before."})";
    } else if (query == nullptr || query->finished()) {
      responder.Send(deps_.answers->Fail(
          Failure::Validation("The query " + id + " is unknown or has finished.")));
    } else {
      query->cancelled = true;
      query->ready.reset();
      if (query->result != nullptr) query->result->Cancel();
      if (!query->job_running) {
        // Freeing a statement may take a while: not on a network thread.
        garbage_.push_back(std::move(query->result));
        wake = task_;
      }
      deliveries.push_back({std::move(query->waiting), nullptr, Cancelled()});
      query->waiting.clear();
    }
  }
  if (wake) deps_.executor.Wake(*wake);
  if (!responder.answered()) responder.Send(deps_.answers->Ok(std::move(body)));
  Send(std::move(deliveries));
}

}  // namespace tidemark::timestream
