// SPDX-License-Identifier: Apache-2.0
// Statements (web/API.md section 3).
#include "api/console/query_list_internal.h"
#include "api/console/routes_internal.h"

namespace tidemark::console {
namespace {

Answer PostQuery(Core& core, Call& call) { return core.queries.Run(call.request.body, *call.peer); }

Answer DeleteQuery(Core& core, Call& call) {
  core.queries.Drop(call.path[1]);
  return NoContent();
}

Answer CancelStatement(Core& core, Call& call) {
  // Gone already is as good: the caller wanted it not to run.
  core.deps.engine.CancelQuery(call.path[1]);
  return NoContent();
}

constexpr Route kRoutes[] = {
    {"POST", "query", PostQuery, RunsOn::kQueryThread, true},
    {"DELETE", "query/*", DeleteQuery},
    {"GET", "queries",
     [](Core& core, Call&) -> Answer { return Replies::Ok(QueriesJson(core.deps.engine)); }},
    {"DELETE", "queries/*", CancelStatement},
};

}  // namespace

std::span<const Route> QueryRoutes() { return kRoutes; }

}  // namespace tidemark::console
