// SPDX-License-Identifier: Apache-2.0
// Everything a store shows, as plain values that two moments can be compared by. Pure functions
// that read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "crash/records.h"
#include "store/store.h"

namespace tidemark::tests {

/// Points that nobody owns.
std::map<PointKey, PointValue> OwnerlessPoints(store::Store& store, TableId table);

/// Rows and revision logs of views, and points with their versions.
struct VisibleState {
  struct Point {
    int64_t version = 0;
    std::string value;
  };
  std::map<std::string, Point> points;                        // "table measure dimensions @time"
  std::map<std::string, std::vector<std::string>> revisions;  // per row, in order
};
VisibleState ReadVisible(store::Store& store, const std::vector<TableId>& tables);

/// What `before` showed and `after` lost: a point that is gone or fell back, a revision log that is
/// not continued. Empty: nothing.
std::vector<std::string> Lost(const VisibleState& before, const VisibleState& after);

}  // namespace tidemark::tests
