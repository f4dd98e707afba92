// SPDX-License-Identifier: Apache-2.0
// Keeps pages of other sites, in a browser on this machine, from using the server: there are no
// credentials yet, so this alone does it (console-ux.md 2.4). Immutable; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace tidemark::http {

class SiteGuard {
 public:
  /// Names that clients may call the server by besides loopback names: "console.example" with any
  /// port, "console.example:8443" with that one. Names compare without case.
  explicit SiteGuard(std::vector<std::string> allowed_hosts = {})
      : allowed_hosts_(std::move(allowed_hosts)) {}

  /// Why the request is refused (403), or none. Host must be a loopback name or an allowed one:
  /// that stops DNS rebinding. Origin and Sec-Fetch-Site must be ours; only following a link to a
  /// page, "/" or below "/ui", may come from anywhere.
  std::optional<std::string> Refusal(const Request& request) const;

  const std::vector<std::string>& allowed_hosts() const { return allowed_hosts_; }

 private:
  bool IsAllowed(std::string_view host) const;

  const std::vector<std::string> allowed_hosts_;
};

}  // namespace tidemark::http
