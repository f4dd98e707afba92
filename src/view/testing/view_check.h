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
/// refused points are left out of the comparison with the raw data.
std::vector<std::string> CheckView(store::Store& store, const ViewStatus& status);

/// "measure host=.. [start,end) value" of every row, sorted; with `output` taken off the measure's
/// name, so that two views of one definition compare equal.
std::vector<std::string> RowTexts(store::Store& store, const ViewDefinition& definition);

}  // namespace tidemark::view
