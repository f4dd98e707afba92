// SPDX-License-Identifier: Apache-2.0
// HTTP requests and responses as plain values, apart from any HTTP library. Thread-compatible.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidemark::http {

/// Header fields in the order they came; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first value of `name`; valid until the headers change.
  std::optional<std::string_view> Find(std::string_view name) const;
  void Add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Replaces every field of that name by this one.
  void Set(std::string_view name, std::string value);

  const std::vector<Field>& fields() const { return fields_; }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }

 private:
  std::vector<Field> fields_;
};

struct Request {
  std::string method;  // as sent: "GET", "POST", ...
  std::string path;    // raw (still percent-encoded), without the query; starts with '/' or is "*"
  std::string query;   // raw, without the '?'
  Headers headers;
  std::string body;  // whole, chunks already joined
  std::string peer;  // "127.0.0.1:52100"

  std::optional<std::string_view> Find(std::string_view header) const {
    return headers.Find(header);
  }
  /// Name and value pairs, percent- and '+'-decoded, in order. A broken escape stays as it is.
  std::vector<std::pair<std::string, std::string>> DecodedQuery() const;
  /// The first decoded value of `name`; nullopt when absent, "" for `?name`.
  std::optional<std::string> QueryValue(std::string_view name) const;
  /// The path split at '/', each part percent-decoded: "/api/v1/a%2Fb" -> {"api", "v1", "a/b"}.
  std::vector<std::string> PathSegments() const;
};

/// The server adds Date, Content-Length, Connection and Server itself; handlers never set them.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

/// A response with a Content-Type.
Response MakeResponse(int status, std::string_view content_type, std::string body);
/// {"error":{"code":..,"status":..,"message":..,"retryable":..}} as application/json: the console's
/// error shape (console-ux.md 2.2), and what http itself says when nobody gave it another shape.
Response MakeErrorResponse(int status, std::string_view code, std::string_view message);

/// "Not Found" for 404; "" for a number nobody knows.
std::string_view ReasonPhrase(int status);
/// Percent-decoding; '+' stays '+'. A broken escape stays as it is.
std::string PercentDecode(std::string_view text);
/// Percent-encoding of everything but RFC 3986 unreserved characters: for one path segment or
/// value.
std::string PercentEncode(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace tidemark::http
