// SPDX-License-Identifier: Apache-2.0
// Blocking HTTP/1.1 client of the CLI, the generator and tests. One connection, kept alive and
// opened again when the server closed it between requests. Single-owner. No TLS, no redirects, no
// proxies.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "http/message.h"

namespace tidemark::http {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds answer_timeout{60'000};  // without any byte sent or received
  size_t body_bytes_max = 256_MiB;                   // of a response
};

class Client {
 public:
  /// `url`: http://HOST[:PORT][/]. kInvalidArgument: another scheme, no host. kUnavailable: nobody
  /// answers there; the message names the URL, the cause and the remedy.
  static Result<std::unique_ptr<Client>> Connect(std::string_view url, ClientOptions options = {});
  virtual ~Client() = default;

  /// Sends `request` (Host, Content-Length and Connection are added; `peer` is ignored) and waits
  /// for the whole answer; any status is a value. A connection that the server closed while it was
  /// idle is opened again once. kUnavailable: connection lost (the request may have been carried
  /// out); kDeadlineExceeded: too slow; kInternal: the answer is not HTTP.
  virtual Result<Response> Send(const Request& request) = 0;

  /// "http://127.0.0.1:4580", without a slash at the end.
  virtual const std::string& url() const = 0;
};

}  // namespace tidemark::http
