// SPDX-License-Identifier: Apache-2.0
// EXPLAIN: what the store is asked for, in words. Pure function.
#pragma once

#include <string>
#include <vector>

#include "sql/plan.h"

namespace tidemark::sql {

/// One line a row. "scan "db"."t"" or "aggregate "db"."t"", then indented "time:", "measure:",
/// "dimension:", "columns:", "filter:", "limit:", "group by:", "aggregates:".
std::vector<std::string> Explain(const plan::Plan& plan);

}  // namespace tidemark::sql
