// SPDX-License-Identifier: Apache-2.0
// A grouping by bins of time alone, in the order of the bins and with a short LIMIT, needs only the
// newest (or oldest) bins: their times are asked first, then a range around them, wider as long as
// too few bins come. Immutable.
#pragma once

#include <optional>

#include "sql/execution.h"
#include "sql/plan.h"
#include "store/store.h"

namespace tidemark::sql {

class EdgeBins {
 public:
  /// None: the statement is not of that shape.
  static std::optional<EdgeBins> Of(const plan::Select& select,
                                    const plan::TableAggregate& aggregate);

  /// Rows that the statement takes, those that OFFSET drops included.
  uint64_t wanted() const { return wanted_; }
  /// The newest (oldest) time of all that is selected; none: nothing is. Notes the gaps.
  Result<std::optional<EventTime>> Find(const plan::TableAggregate& aggregate, store::Store& store,
                                        Control& control) const;
  /// So many whole bins at the edge, inside `all`.
  TimeRange Around(EventTime edge, uint64_t bins, TimeRange all) const;

 private:
  EdgeBins(store::Bins bins, bool newest, uint64_t wanted)
      : bins_(bins), newest_(newest), wanted_(wanted) {}

  store::Bins bins_;
  bool newest_ = false;
  uint64_t wanted_ = 0;
};

}  // namespace tidemark::sql
