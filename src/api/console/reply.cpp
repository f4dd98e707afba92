// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "api/console/reply_internal.h"
#include "sql/engine.h"

namespace tidemark::console {
namespace {

struct Mapped {
  int status;
  std::string_view code;
};

constexpr Mapped Map(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return {400, "invalid_request"};
    case Code::kNotFound:
      return {404, "not_found"};
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return {409, "conflict"};
    case Code::kOutOfRange:
      return {500, "out_of_range"};
    case Code::kResourceExhausted:
      return {429, "throttled"};
    case Code::kNoSpace:
      return {500, "no_space"};
    case Code::kCorruption:
      return {500, "corruption"};
    case Code::kIo:
      return {500, "io"};
    case Code::kUnavailable:
      return {503, "unavailable"};
    case Code::kCancelled:
      return {409, "cancelled"};
    case Code::kDeadlineExceeded:
      return {504, "deadline_exceeded"};
    case Code::kUnimplemented:
      return {400, "not_supported"};
    case Code::kInternal:
      return {500, "internal"};
  }
  TM_UNREACHABLE();
}

}  // namespace

Failure ToFailure(const Error& error) {
  const Mapped mapped = Map(error.code);
  Failure failure;
  failure.status = mapped.status;
  failure.code = mapped.code;
  failure.message = error.message;
  return failure;
}

Failure ToFailure(const Error& error, std::string_view not_found_code) {
  Failure failure = ToFailure(error);
  if (error.code == Code::kNotFound) failure.code = not_found_code;
  return failure;
}

Failure ToSqlFailure(const Error& error) {
  Failure failure = ToFailure(error);
  if (error.code == Code::kInvalidArgument) failure.code = "invalid_sql";
  if (const auto place = sql::QueryErrorOf(error)) {
    failure.message = place->message;
    failure.hint = place->suggestion;
    failure.line = place->line;
    failure.column = place->column;
  }
  return failure;
}

Failure InvalidRequest(std::string message, std::string field) {
  Failure failure;
  failure.status = 400;
  failure.code = "invalid_request";
  failure.message = std::move(message);
  failure.field = std::move(field);
  return failure;
}

http::Response Replies::Ok(std::string json) {
  http::Response response = http::MakeResponse(200, "application/json", std::move(json));
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("Referrer-Policy", "same-origin");
  // console-ux.md 2.4: nothing of an answer is ever a page.
  response.headers.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  return response;
}

http::Response Replies::Fail(const Failure& failure) {
  http::Response response = Ok(R"({"error":)" + ErrorJson(failure) + "}");
  response.status = failure.status;
  return response;
}

std::string Replies::ErrorJson(const Failure& failure) {
  const bool retryable = failure.status == 429 || failure.status == 503 || failure.status == 504;
  JsonWriter out;
  const auto place = [&out](std::string_view key, int value) {
    out.Key(key);
    value > 0 ? out.Int(value) : out.Null();
  };
  out.BeginObject();
  WriteText(out, "code", failure.code);
  out.Key("status").Int(failure.status);
  WriteText(out, "message", failure.message);
  WriteTextOrNull(out, "hint", failure.hint);
  WriteTextOrNull(out, "field", failure.field);
  place("line", failure.line);
  place("column", failure.column);
  WriteText(out, "request_id", NewId());
  out.Key("retryable").Bool(retryable);
  if (!failure.current_json.empty()) out.Key("current").Raw(failure.current_json);
  out.EndObject();
  return std::move(out).Take();
}

std::string Replies::NewId() {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  uint64_t bits = 0;
  {
    const MutexLock lock(mutex_);
    bits = random_.Next();
  }
  std::string id;
  for (int i = 0; i < 13; ++i, bits >>= 5U) id.push_back(kDigits[bits & 31U]);
  return id;
}

void WriteI64(JsonWriter& out, std::string_view key, int64_t value) {
  out.Key(key).String(std::to_string(value));
}

void WriteI64(JsonWriter& out, std::string_view key, uint64_t value) {
  out.Key(key).String(std::to_string(value));
}

void WriteI64(JsonWriter& out, std::string_view key, std::optional<EventTime> value) {
  out.Key(key);
  value ? out.String(std::to_string(value->ns)) : out.Null();
}

void WriteText(JsonWriter& out, std::string_view key, std::string_view value) {
  out.Key(key).String(value);
}

void WriteTextOrNull(JsonWriter& out, std::string_view key, std::string_view value) {
  out.Key(key);
  value.empty() ? out.Null() : out.String(value);
}

Result<JsonValue> ParseBody(std::string_view body, std::initializer_list<std::string_view> known) {
  TM_ASSIGN_OR_RETURN(JsonValue parsed, ParseJson(body.empty() ? "{}" : body));
  if (!parsed.is_object()) return Error{Code::kInvalidArgument, "the body must be a JSON object"};
  for (const auto& [name, value] : parsed.object()) {
    if (std::ranges::find(known, name) == known.end()) {
      return Error{Code::kInvalidArgument, "the body has an unknown member \"" + name + "\""};
    }
  }
  return parsed;
}

}  // namespace tidemark::console
