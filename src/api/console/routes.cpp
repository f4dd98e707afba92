// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/routes_internal.h"

namespace tidemark::console {

Core::Core(const ServiceOptions& opts, const ServiceDeps& parts)
    : options(opts),
      deps(parts),
      replies(parts.random),
      status(opts, parts),
      queries(opts, parts, replies),
      dashboards(parts.catalog, parts.clock, objects_mutex, shares),
      started(parts.FiguresNow()),
      started_at(parts.clock.Now()) {
  for (const catalog::DashboardDef& def : parts.catalog.ListDashboards()) shares.Put(def);
}

const ServerFacts& Core::facts() const {
  static const ServerFacts unknown;
  return options.facts != nullptr ? *options.facts : unknown;
}

http::Response Core::JsonOr(Result<std::string> json, std::string_view not_found_code) {
  if (json.ok()) return Replies::Ok(std::move(json).value());
  return replies.Fail(ToFailure(json.error(), not_found_code));
}

http::Response Core::NothingAt(std::string_view path) {
  return Fail(Error{Code::kNotFound, "There is nothing at " + std::string(path) + "."});
}

bool MatchesPath(std::string_view pattern, const std::vector<std::string>& path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view part = pattern.substr(0, end);
    const bool any = part.starts_with('*');
    const std::string_view tail = any ? part.substr(1) : part;
    if (any ? path[i].size() <= tail.size() || !path[i].ends_with(tail) : part != path[i]) {
      return false;
    }
    const bool last = end == pattern.size();
    if (last != (i + 1 == path.size())) return false;
    pattern.remove_prefix(last ? end : end + 1);
  }
  return !path.empty();
}

http::Response NoContent() {
  http::Response response = Replies::Ok("");
  response.status = 204;
  return response;
}

}  // namespace tidemark::console
