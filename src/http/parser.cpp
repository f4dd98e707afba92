// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/parser_internal.h"

namespace tidemark::http {
namespace {

namespace beast = boost::beast::http;

std::string ToString(boost::core::string_view text) { return {text.data(), text.size()}; }

Refusal ToRefusal(const boost::system::error_code& error, const ParseLimits& limits) {
  if (error == beast::error::header_limit || error == beast::error::buffer_overflow) {
    return {431, "The request line and headers are larger than " +
                     std::to_string(limits.header_bytes_max) + " bytes."};
  }
  if (error == beast::error::body_limit) {
    return {413,
            "The request body is larger than " + std::to_string(limits.body_bytes_max) + " bytes."};
  }
  if (error == beast::error::bad_version) {
    return {505, "This server speaks HTTP/1.0 and HTTP/1.1."};
  }
  return {400, "This is not a well-formed HTTP request: " + error.message() + "."};
}

// Beast asks to be called again until it wants bytes that are not there yet.
template <typename Parser>
ParseOutcome PutAll(Parser& parser, const ParseLimits& limits, std::string_view bytes) {
  ParseOutcome outcome;
  const bool in_body = parser.is_header_done();
  parser.eager(in_body);
  while (outcome.consumed < bytes.size() && !parser.is_done()) {
    const std::string_view rest = bytes.substr(outcome.consumed);
    boost::system::error_code error;
    const size_t used = parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    outcome.consumed += used;
    if (error == beast::error::need_more) break;
    if (error) {
      outcome.refusal = ToRefusal(error, limits);
      break;
    }
    if (parser.is_header_done() && !in_body) break;
    if (used == 0) break;
  }
  outcome.header_done = parser.is_header_done();
  outcome.done = parser.is_done();
  return outcome;
}

template <typename Parser>
void Configure(Parser& parser, const ParseLimits& limits) {
  parser.header_limit(static_cast<uint32_t>(limits.header_bytes_max));
  parser.body_limit(limits.body_bytes_max);
}

template <typename Fields>
Headers ToHeaders(const Fields& fields) {
  Headers headers;
  for (const auto& field : fields) {
    headers.Add(ToString(field.name_string()), ToString(field.value()));
  }
  return headers;
}

}  // namespace

struct RequestParser::Impl {
  ParseLimits limits;
  beast::request_parser<beast::string_body> parser;
};

RequestParser::RequestParser(ParseLimits limits) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  Configure(impl_->parser, limits);
}

RequestParser::~RequestParser() = default;

ParseOutcome RequestParser::Put(std::string_view bytes) {
  return PutAll(impl_->parser, impl_->limits, bytes);
}

Request RequestParser::Head() const {
  const auto& message = impl_->parser.get();
  Request request;
  request.method = ToString(message.method_string());
  std::string target = ToString(message.target());
  // Absolute form (RFC 9112 3.2.2): only the path matters here.
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const size_t slash = target.find_first_of("/?", target.find("//") + 2);
    target = slash == std::string::npos ? "/" : target.substr(slash);
    if (target.starts_with('?')) target.insert(target.begin(), '/');
  }
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  request.headers = ToHeaders(message);
  return request;
}

int RequestParser::version() const { return static_cast<int>(impl_->parser.get().version()); }
bool RequestParser::keep_alive() const { return impl_->parser.keep_alive(); }
bool RequestParser::chunked() const { return impl_->parser.chunked(); }

uint64_t RequestParser::content_length() const {
  const auto length = impl_->parser.content_length();
  return length ? *length : 0;
}

std::string RequestParser::TakeBody() { return std::move(impl_->parser.get().body()); }

struct ResponseParser::Impl {
  ParseLimits limits;
  beast::response_parser<beast::string_body> parser;
};

ResponseParser::ResponseParser(ParseLimits limits, Body body) : impl_(std::make_unique<Impl>()) {
  impl_->limits = limits;
  Configure(impl_->parser, limits);
  impl_->parser.skip(body == Body::kNone);
}

ResponseParser::~ResponseParser() = default;

ParseOutcome ResponseParser::Put(std::string_view bytes) {
  return PutAll(impl_->parser, impl_->limits, bytes);
}

bool ResponseParser::PutEof() {
  if (!impl_->parser.is_header_done()) return false;
  boost::system::error_code error;
  impl_->parser.put_eof(error);
  return !error;
}

bool ResponseParser::started() const { return impl_->parser.got_some(); }
int ResponseParser::status() const { return static_cast<int>(impl_->parser.get().result_int()); }
bool ResponseParser::keep_alive() const { return impl_->parser.keep_alive(); }

Response ResponseParser::Take() {
  auto& message = impl_->parser.get();
  return {.status = status(), .headers = ToHeaders(message), .body = std::move(message.body())};
}

}  // namespace tidemark::http
