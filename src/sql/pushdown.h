// SPDX-License-Identifier: Apache-2.0
// What the store is asked for (design: section 6). Pure functions over a bound SELECT.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "sql/plan.h"

namespace tidemark::sql {

/// Asks the store for as little as the plan allows: every scan's selection is narrowed, also by
/// what the queries around it and joins demand; LIMIT, newest points, and, if `aggregates`, whole
/// groupings. `subqueries` are those inside expressions.
void PushDown(plan::Plan& plan, std::span<const std::shared_ptr<plan::Query>> subqueries,
              bool aggregates);

/// A window function among the outputs or in ORDER BY.
bool HasWindow(const plan::Select& select);

/// Narrows scan.selection by the conjuncts of `where` over relation `relation`; clears scan.exact
/// if some of it stays behind. The selection is always a superset of `where`.
void NarrowSelection(const plan::ExprPtr& where, uint32_t relation, plan::TableScan& scan);

/// Whether the newest point of each series is all that `select` needs of `scan`: all of WHERE in
/// the selection, and either a grouping by what a series has (dimensions, measure_name) of nothing
/// but max(time), max_by(x, time) and extremes or DISTINCT counts of such; or DISTINCT of such; or
/// ORDER BY time DESC LIMIT 1.
bool ReadsLastPoints(const plan::Select& select, const plan::TableScan& scan);

/// The aggregate request that answers `select` over `scan`, or none: one table, all of WHERE in the
/// selection, keys are dimensions, measure_name or one bin of fixed width (bin, date_trunc up to
/// weeks), arguments are bare measure columns, or time for min and max, nothing DISTINCT.
std::optional<plan::TableAggregate> PushAggregate(const plan::Select& select,
                                                  const plan::TableScan& scan);

}  // namespace tidemark::sql
