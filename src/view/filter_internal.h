// SPDX-License-Identifier: Apache-2.0
// Which series pass a view's filter, and the label that a series' dimension maps to. Pure
// functions.
#pragma once

#include <optional>
#include <string>

#include "catalog/definitions.h"
#include "store/types.h"

namespace tidemark::view {

/// Of its texts; a series without a dimension that the filter names does not pass. The range of
/// values is the reader's business.
bool Passes(const catalog::FilterDef& filter, const store::SeriesInfo& series);

/// None: the series has not the dimension, or no pattern matches it.
std::optional<std::string> LabelOf(const catalog::LabelMapDef& map,
                                   const store::SeriesInfo& series);

}  // namespace tidemark::view
