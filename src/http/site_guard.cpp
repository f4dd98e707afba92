// SPDX-License-Identifier: Apache-2.0
#include "http/site_guard.h"

#include <algorithm>

namespace tidemark::http {
namespace {

/// "localhost" of "localhost:4580", "[::1]" of "[::1]:4580".
std::string_view NameOf(std::string_view host) {
  const size_t bracket = host.find(']');
  const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return host.substr(0, colon);
}

bool IsLoopback(std::string_view host) {
  const std::string_view name = NameOf(host);
  if (EqualsIgnoreCase(name, "localhost") || name == "[::1]") return true;
  // Four numbers and no more: "127.0.0.1.example.com" is somebody's domain.
  return name.starts_with("127.") && std::ranges::count(name, '.') == 3 &&
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool IsPage(const Request& request) {
  return (request.method == "GET" || request.method == "HEAD") &&
         (request.path == "/" || request.path == "/ui" || request.path.starts_with("/ui/"));
}

/// For a message: what a client sent must not fill a log or a page.
std::string Shown(std::string_view text) { return '"' + std::string(text.substr(0, 128)) + '"'; }

}  // namespace

bool SiteGuard::IsAllowed(std::string_view host) const {
  return IsLoopback(host) || std::ranges::any_of(allowed_hosts_, [&](const std::string& allowed) {
           return EqualsIgnoreCase(allowed, host) || EqualsIgnoreCase(allowed, NameOf(host));
         });
}

std::optional<std::string> SiteGuard::Refusal(const Request& request) const {
  // Browsers always send Host; a client of HTTP/1.0 that does not is none.
  const std::string_view host = request.Find("Host").value_or("");
  if (!host.empty() && !IsAllowed(host)) {
    return "This server does not answer to the name " + Shown(host) +
           ": loopback names and those of the setting http.allowed_hosts are allowed.";
  }
  if (IsPage(request)) return std::nullopt;
  if (const auto origin = request.Find("Origin")) {
    const size_t scheme = origin->find("://");
    const std::string_view from =
        scheme == std::string_view::npos ? *origin : origin->substr(scheme + 3);
    if (!EqualsIgnoreCase(from, host)) {
      return "The call comes from another site, " + Shown(*origin) + ".";
    }
  }
  const std::string_view site = request.Find("Sec-Fetch-Site").value_or("none");
  if (site != "same-origin" && site != "none") return "The call comes from another site.";
  return std::nullopt;
}

}  // namespace tidemark::http
