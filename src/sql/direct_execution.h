// SPDX-License-Identifier: Apache-2.0
// Statements whose whole answer is one grouping of the store, with ORDER BY and LIMIT, run without
// the execution engine: its fixed cost is larger than theirs (design.md 6).
#pragma once

#include <memory>

#include "sql/execution.h"
#include "sql/plan.h"
#include "store/store.h"

namespace tidemark::sql {

/// Whether the plan needs no execution engine.
bool RunsDirectly(const plan::Plan& plan);

/// For a plan that RunsDirectly(). `plan`, `store` and `control` must outlive the execution. A
/// sorted answer of more than `rows_max` rows ends in kFailedPrecondition after
/// Control::RefuseDirect(), before any row was given out; a short LIMIT holds only the rows that
/// can still come out.
std::unique_ptr<Execution> DirectExecution(const plan::Plan& plan, store::Store& store,
                                           Control& control, size_t rows_max);

}  // namespace tidemark::sql
