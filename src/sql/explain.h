// SPDX-License-Identifier: Apache-2.0
// EXPLAIN: what the store is asked for, in words. Pure functions, but for damage.
#pragma once

#include <string>
#include <vector>

#include "sql/plan.h"

namespace tidemark::sql {

/// One line a row. "scan "db"."t"" or "aggregate "db"."t"", then indented "time:", "measure:",
/// "dimension:", "columns:", "filter:", "limit:", "group by:", "aggregates:".
std::vector<std::string> Explain(const plan::Plan& plan);
/// "known gap: FILE from .. to .." for damaged files that the plan's tables and times touch; what
/// nobody accepted is "damaged, not readable: ..": the statement fails if it meets that.
std::vector<std::string> ExplainDamage(const plan::Plan& plan, store::Store& store);

}  // namespace tidemark::sql
