// SPDX-License-Identifier: Apache-2.0
// Checks one view against its raw data: the invariant of design section 2 and the revision log.
// Over any store; reads only.
#pragma once

#include <string>
#include <vector>

#include "store/store.h"
#include "view/maintainer.h"

namespace tidemark::view {

/// What is wrong; empty: nothing. `status` is the view's, caught up. Under kFreeze, rows with
/// refused points are left out of the comparison with the raw data, and so are sessions and samples
/// altogether: points that a row refused are in none.
std::vector<std::string> CheckView(store::Store& store, const ViewStatus& status);

/// Rows of a key that lie upon each other (event-time.md P4), preliminary ones too; of sessions and
/// samples only.
std::vector<std::string> OverlapsOf(store::Store& store, const ViewDefinition& definition);

/// "measure host=.. [start,end) value" of every row, sorted; with `output` taken off the measure's
/// name, so that two views of one definition compare equal.
std::vector<std::string> RowTexts(store::Store& store, const ViewDefinition& definition);

}  // namespace tidemark::view
