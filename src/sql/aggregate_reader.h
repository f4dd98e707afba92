// SPDX-License-Identifier: Apache-2.0
// A grouping that the store answers by itself, as rows: shared by tm_aggregate() and by statements
// that need no execution engine. Single-owner.
#pragma once

#include <memory>
#include <vector>

#include "agg/state.h"
#include "base/result.h"
#include "sql/execution.h"
#include "sql/plan.h"
#include "sql/regrouper.h"
#include "store/store.h"

namespace tidemark::sql {

class AggregateReader {
 public:
  /// All must outlive the reader. The control learns of gaps and counts what is read.
  static Result<std::unique_ptr<AggregateReader>> Open(const plan::TableAggregate& aggregate,
                                                       store::Store& store, Control& control);

  /// Replaces `out` by at most `rows_max` rows; none at the end. A global grouping has one row even
  /// over no points. kFailedPrecondition after Control::RefusePushdown(): a null was among the
  /// values of first or last, so that the answer would not be SQL's.
  Result<void> Next(size_t rows_max, std::vector<store::AggregateRow>& out);

  /// One value of a row; `output` is of kAggregate. kInvalidArgument: it is out of the range of its
  /// type.
  Result<agg::Scalar> Value(const store::AggregateRow& row,
                            const plan::TableAggregate::Output& output) const;

 private:
  AggregateReader(const plan::TableAggregate& aggregate, Control& control)
      : aggregate_(aggregate), control_(control) {}

  /// The store's next groups.
  Result<void> Read(size_t rows_max, std::vector<store::AggregateRow>& out);
  /// All of them, put together.
  Result<void> ReadRegrouped(size_t rows_max, std::vector<store::AggregateRow>& out);

  const plan::TableAggregate& aggregate_;
  Control& control_;
  std::unique_ptr<Regrouper> regrouper_;  // if the store's groups are finer than SQL's
  std::vector<store::AggregateRow> finer_;
  std::unique_ptr<store::AggregateCursor> cursor_;
  bool any_ = false;  // a row was given out
  bool done_ = false;
};

}  // namespace tidemark::sql
