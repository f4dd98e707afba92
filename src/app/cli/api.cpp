// SPDX-License-Identifier: Apache-2.0
#include "app/cli/api.h"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "app/cli/output.h"

namespace tidemark::app {
namespace {

constexpr int kTriesMax = 4;
constexpr std::chrono::milliseconds kRetryAfter{150};  // doubled each time

CliError ToError(const http::Response& response) {
  CliError error(ExitCodeOfStatus(response.status),
                 fmt::format("the server answered {}", response.status));
  const auto parsed = ParseJson(response.body.empty() ? "{}" : response.body);
  const JsonValue* object = parsed.ok() ? parsed->Find("error") : nullptr;
  if (object == nullptr) return error;
  error.json = response.body;
  error.message = PlainText(object->Find("message"));
  error.hint = PlainText(object->Find("hint"));
  error.request_id = PlainText(object->Find("request_id"));
  const std::string line = PlainText(object->Find("line"));
  const std::string column = PlainText(object->Find("column"));
  // As the Query API words it.
  if (!line.empty() && !column.empty()) {
    error.message = fmt::format("line {}:{}: {}", line, column, error.message);
  }
  if (const std::string field = PlainText(object->Find("field")); !field.empty()) {
    error.cause = "it is about " + field;
  }
  return error;
}

}  // namespace

Try<Api> Api::Connect(const Settings& settings, Patience patience) {
  http::ClientOptions options;
  options.answer_timeout = std::chrono::seconds(30);
  if (patience == Patience::kPatient) options.answer_timeout = std::chrono::hours(24);
  if (settings.timeout && settings.timeout->count() > 0) options.answer_timeout = *settings.timeout;
  auto client = http::Client::Connect(settings.endpoint, options);
  if (!client.ok()) {
    CliError error(client.error());
    if (error.exit == kExitDefinition) error.exit = kExitUsage;  // the address makes no sense
    return std::unexpected(std::move(error));
  }
  return Api(std::move(client).value());
}

Try<http::Response> Api::Send(http::Request request) {
  auto response = client_->Send(request);
  if (!response.ok()) return std::unexpected(CliError(response.error()));
  return std::move(response).value();
}

Try<std::string> Api::Text(std::string_view method, std::string path, std::string body,
                           std::string_view if_match) {
  http::Request request;
  request.method = method;
  const size_t query = path.find('?');
  request.path = "/api/v1" + path.substr(0, query);
  if (query != std::string::npos) request.query = path.substr(query + 1);
  request.headers = {{"Content-Type", "application/json"}, {"X-Console", "1"}};
  if (!if_match.empty()) request.headers.Add("If-Match", std::string(if_match));
  request.body = std::move(body);
  auto wait = kRetryAfter;
  for (int i = 1;; ++i) {
    auto response = Send(request);
    if (!response) return std::unexpected(response.error());
    if (response->status < 300) return response->body.empty() ? "{}" : std::move(response->body);
    if (response->status != 429 || i == kTriesMax) return std::unexpected(ToError(*response));
    std::this_thread::sleep_for(wait);
    wait *= 2;
  }
}

Try<JsonValue> Api::Json(std::string_view method, std::string path, std::string body,
                         std::string_view if_match) {
  const auto text = Text(method, std::move(path), std::move(body), if_match);
  if (!text) return std::unexpected(text.error());
  auto parsed = ParseJson(*text);
  if (!parsed.ok()) return std::unexpected(CliError(parsed.error()));
  return std::move(parsed).value();
}

std::string Segment(std::string_view name) { return http::PercentEncode(name); }

const std::vector<JsonValue>& ListOf(const JsonValue& answer, std::string_view member) {
  static const std::vector<JsonValue> kNone;
  const JsonValue* list = answer.Find(member);
  return list != nullptr ? list->array() : kNone;
}

}  // namespace tidemark::app
