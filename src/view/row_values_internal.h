// SPDX-License-Identifier: Apache-2.0
// What a row of a view holds: one value, or one by aggregate (rows = "multi"). Pure functions.
#pragma once

#include <span>
#include <vector>

#include "store/store.h"
#include "view/definition.h"

namespace tidemark::view {

/// In the order of the aggregates, null where there is none.
using RowValues = std::vector<store::Scalar>;
using RowValuesView = std::span<const store::Scalar>;

/// There is no row: it ended, or never was.
bool NoValue(RowValuesView values);
/// 0.0 and -0.0 differ, equal NaNs do not.
bool SameBits(RowValuesView a, RowValuesView b);
/// Of point `i` of a slice of rows.
RowValues ReadRowValues(const ViewDefinition& definition, const store::Slice& slice, size_t i);
/// As the revision log has it: of several columns their JSON, null if there is no row.
store::Scalar LoggedValue(const ViewDefinition& definition, RowValuesView values);

/// The same of any view's row, by the columns that it has.
store::Scalar LoggedRow(const store::Slice& slice, size_t i);

}  // namespace tidemark::view
