// SPDX-License-Identifier: Apache-2.0
// EXPLAIN: what the store is asked for, in words, and what that touches.
#pragma once

#include <string>
#include <vector>

#include "sql/plan.h"

namespace tidemark::sql {

/// One line a row. "scan "db"."t"" or "aggregate "db"."t"", then indented "pushdown:", "time:",
/// "measure:", "dimension:", "columns:", "filter:", "limit:", "group by:", "aggregates:", and as
/// `store` finds it now "series: n of m", "chunks: read r, skipped s, by statistics t", "points: p"
/// (an upper bound). "pushdown: none": no table is read.
std::vector<std::string> Explain(const plan::Plan& plan, store::Store& store);
/// "known gap: FILE from .. to .." for damaged files that the plan's tables and times touch; what
/// nobody accepted is "damaged, not readable: ..": the statement fails if it meets that.
std::vector<std::string> ExplainDamage(const plan::Plan& plan, store::Store& store);

}  // namespace tidemark::sql
