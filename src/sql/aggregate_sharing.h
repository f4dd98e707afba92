// SPDX-License-Identifier: Apache-2.0
// Aggregate calls of one grouping that differ only in what they read of one state. Pure function.
#pragma once

#include <span>
#include <vector>

#include "sql/plan.h"

namespace tidemark::sql {

/// The same calls in the same order, where two and more approx_percentile(x, p) of one x with
/// constant p are elements of one call with all of their p: the engine computes equal calls once
/// (timestream-sql.md 5.8).
std::vector<plan::ExprPtr> WithSharedStates(std::span<const plan::ExprPtr> calls);

}  // namespace tidemark::sql
