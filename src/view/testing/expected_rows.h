// SPDX-License-Identifier: Apache-2.0
// The rows that raw points give, by another way than the view's: of a window point by point, of
// sessions and samples by looking at all of them. Over any store; reads only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/store.h"
#include "view/maintainer.h"
#include "view/row_values_internal.h"

namespace tidemark::view {

using RowKeyText = std::pair<std::string, EventTime>;  // "measure dimensions", label

std::string SeriesText(const store::SeriesInfo& info, std::string_view measure);
std::string Text(const store::Scalar& value);  // with the bits of a DOUBLE
std::string Text(const RowKeyText& key);
/// Of a session or sample: its bounds belong to the value.
std::string Text(const std::string& value, TimeRange window);

struct ExpectedRows {
  std::map<RowKeyText, std::string> values;
  /// By the row's series: where the rows that ought to be are not complete, so what is there stays.
  std::map<std::string, std::vector<TimeRange>> open;

  bool MayStay(const store::RevisionRow& row) const;
};

/// With all columns that the table has.
RowShape ShapeOf(store::Store& store, const ViewDefinition& definition);

/// Of all that `status` has passed.
ExpectedRows RowsOfRawPoints(store::Store& store, const ViewStatus& status);

}  // namespace tidemark::view
