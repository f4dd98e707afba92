// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "api/console/request_guard_internal.h"

namespace tidemark::console {
namespace {

Failure Forbidden(std::string message) {
  Failure failure;
  failure.status = 403;
  failure.code = "forbidden";
  failure.message = std::move(message);
  return failure;
}

/// "localhost" of "localhost:4580", "[::1]" of "[::1]:4580".
std::string_view NameOf(std::string_view host) {
  const size_t bracket = host.find(']');
  const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

bool IsLoopback(std::string_view host) {
  const std::string_view name = NameOf(host);
  return http::EqualsIgnoreCase(name, "localhost") || name == "[::1]" ||
         (name.starts_with("127.") &&
          name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

std::optional<Failure> CheckOrigin(const http::Request& request) {
  const std::string_view host = request.Find("Host").value_or("");
  if (!host.empty() && !IsLoopback(host)) {
    return Forbidden("This server answers to loopback names only, not to \"" + std::string(host) +
                     "\".");
  }
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  const auto origin = request.Find("Origin");
  if (origin) {
    const size_t scheme = origin->find("://");
    const std::string_view from =
        scheme == std::string_view::npos ? *origin : origin->substr(scheme + 3);
    if (!http::EqualsIgnoreCase(from, host)) {
      return Forbidden("The call comes from another site, " + std::string(*origin) + ".");
    }
  }
  const std::string_view site = request.Find("Sec-Fetch-Site").value_or("none");
  if (site != "same-origin" && site != "none") {
    return Forbidden("The call comes from another site.");
  }
  const std::string_view type = request.Find("Content-Type").value_or("");
  const std::string_view media = type.substr(0, type.find(';'));
  if (!request.Find("X-Console") && !http::EqualsIgnoreCase(media, "application/json")) {
    return Forbidden("Send the header \"X-Console: 1\" or a JSON body.");
  }
  return std::nullopt;
}

}  // namespace tidemark::console
