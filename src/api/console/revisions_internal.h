// SPDX-License-Identifier: Apache-2.0
// The revision log of a view's rows (web/API.md section 4). Not from a network thread.
#pragma once

#include <string>
#include <string_view>

#include "api/console/reply_internal.h"
#include "api/console/service.h"

namespace tidemark::console {

/// The answer's JSON, or `failure`.
struct RevisionsAnswer {
  std::string json;
  std::optional<Failure> failure;
};
RevisionsAnswer ReadRevisions(const ServiceOptions& options, const ServiceDeps& deps,
                              std::string_view database, std::string_view table,
                              const http::Request& request);

}  // namespace tidemark::console
