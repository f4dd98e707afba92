// SPDX-License-Identifier: Apache-2.0
// The statements of the whole server, open and lately ended, as JSON (web/API.md section 3). Pure
// functions. The list of all is long, so not on a network thread.
#pragma once

#include <string>

#include "sql/engine.h"

namespace tidemark::console {

/// {"queries":[{"query_id":..,"origin":..,"state":..,...},..]}
std::string QueriesJson(const sql::Engine& engine);
/// {"query_id":..,"state":..,..}: the progress of one.
std::string QueryJson(const sql::QueryInfo& query);

}  // namespace tidemark::console
