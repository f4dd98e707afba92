// SPDX-License-Identifier: Apache-2.0
#include "app/client_internal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

namespace tidemark::app {
namespace {

constexpr size_t kCellWidthMax = 60;  // on a terminal

Code CodeOfStatus(int status) {
  switch (status) {
    case 400:
      return Code::kInvalidArgument;
    case 404:
      return Code::kNotFound;
    case 409:
    case 412:
      return Code::kAlreadyExists;
    case 413:
      return Code::kOutOfRange;
    case 429:
      return Code::kResourceExhausted;
    case 503:
      return Code::kUnavailable;
    case 504:
      return Code::kDeadlineExceeded;
    default:
      return Code::kInternal;
  }
}

}  // namespace

Result<std::string> CallText(http::Client& client, std::string_view method, std::string path,
                             std::string body) {
  http::Request request;
  request.method = method;
  request.path = "/api/v1" + std::move(path);
  request.headers = {{"Content-Type", "application/json"}, {"X-Console", "1"}};
  request.body = std::move(body);
  TM_ASSIGN_OR_RETURN(const http::Response response, client.Send(request));
  if (response.status < 300) return response.body.empty() ? "{}" : response.body;
  const auto parsed = ParseJson(response.body.empty() ? "{}" : response.body);
  Error error{CodeOfStatus(response.status),
              fmt::format("the server answered {}", response.status)};
  const JsonValue* object = parsed.ok() ? parsed->Find("error") : nullptr;
  if (object != nullptr) {
    if (const JsonValue* message = object->Find("message")) error.message = message->string_value();
    const JsonValue* line = object->Find("line");
    const JsonValue* column = object->Find("column");
    if (line != nullptr && line->is_number() && column != nullptr && column->is_number()) {
      // As the Query API words it.
      error.message = fmt::format("line {}:{}: {}", TextOf(line), TextOf(column), error.message);
    }
    const JsonValue* hint = object->Find("hint");
    if (hint != nullptr && hint->is_string()) error.message += "\nhint: " + hint->string_value();
  }
  return error;
}

Result<JsonValue> Call(http::Client& client, std::string_view method, std::string path,
                       std::string body) {
  TM_ASSIGN_OR_RETURN(const std::string text,
                      CallText(client, method, std::move(path), std::move(body)));
  return ParseJson(text);
}

Result<std::unique_ptr<http::Client>> Connect(const ClientOptions& options) {
  return http::Client::Connect(EndpointOf(options));
}

std::string TextOf(const JsonValue* value) {
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return value->string_value();
  if (const auto integer = value->AsInt64()) return std::to_string(*integer);
  if (value->is_number()) return fmt::format("{}", value->double_value());
  return value->bool_value() ? "true" : "false";
}

void PrintTable(const std::vector<std::string>& names,
                const std::vector<std::vector<std::string>>& rows) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  std::vector<size_t> widths;
  for (const auto& name : names) widths.push_back(name.size());
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  if (terminal) {
    for (size_t& width : widths) width = std::min(width, kCellWidthMax);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (size_t c = 0; c < cells.size(); ++c) {
      std::string cell = cells[c];
      if (terminal && cell.size() > widths[c]) cell = cell.substr(0, widths[c] - 3) + "...";
      const bool last = c + 1 == cells.size();
      out += last ? cell : fmt::format("{:<{}}  ", cell, widths[c]);
    }
    out += '\n';
    std::fputs(out.c_str(), stdout);
  };
  line(names);
  std::vector<std::string> rule;
  for (const size_t width : widths) rule.emplace_back(width, '-');
  line(rule);
  for (const auto& row : rows) line(row);
}

int Fail(const Error& error, OutputFormat output) {
  PrintError(error, output);
  return ExitCodeOf(error.code);
}

}  // namespace tidemark::app
