// SPDX-License-Identifier: Apache-2.0
// Statements (web/API.md section 3).
#include "api/console/query_list_internal.h"
#include "api/console/routes_internal.h"

namespace tidemark::console {
namespace {

Answer PostQuery(Core& core, Call& call) { return core.queries.Run(call.request, *call.peer); }

/// Cancels at once, whatever waits for a query thread; what is kept goes on one, as its end may
/// take a while.
Answer DeleteQuery(Core& core, Call& call) {
  core.queries.Cancel(call.path[1]);
  auto posted =
      core.deps.executor.Post(Lane::kQuery, [self = core.weak_from_this(), id = call.path[1]] {
        if (const auto alive = self.lock()) alive->queries.Drop(id);
      });
  // Refused: it was cancelled, and expires.
  static_cast<void>(posted);
  return NoContent();
}

Answer GetQuery(Core& core, Call& call) {
  const auto query = core.deps.engine.FindQuery(call.path[1]);
  if (query) return Replies::Ok(QueryJson(*query));
  return core.Fail(Error{Code::kNotFound, "No statement of that id runs, or ended lately."});
}

Answer CancelStatement(Core& core, Call& call) {
  // Gone already is as good: the caller wanted it not to run.
  core.deps.engine.CancelQuery(call.path[1]);
  return NoContent();
}

constexpr Route kRoutes[] = {
    {"POST", "query", PostQuery, RunsOn::kQueryThread, true},
    {"GET", "query/*", GetQuery, RunsOn::kNetworkThread},
    {"DELETE", "query/*", DeleteQuery, RunsOn::kNetworkThread},
    {"GET", "queries",
     [](Core& core, Call&) -> Answer { return Replies::Ok(QueriesJson(core.deps.engine)); }},
    {"DELETE", "queries/*", CancelStatement, RunsOn::kNetworkThread},
};

}  // namespace

std::span<const Route> QueryRoutes() { return kRoutes; }

}  // namespace tidemark::console
