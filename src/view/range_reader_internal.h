// SPDX-License-Identifier: Apache-2.0
// Reads the raw points around a change, as far as the rows that it may touch reach: few scans for
// many series, and of a long chain only what belongs to it. Single-owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"
#include "view/range_kind.h"
#include "view/series_book_internal.h"

namespace tidemark::view {

/// Points of one row's series.
struct RangeRun {
  SeriesIndex series = 0;  // stands for its group
  TimeRange changed;       // not empty
  TimeRange loaded{EventTime{}, EventTime{}};
  std::vector<EventTime> times;  // ascending, each once; all there are in `loaded`
  std::vector<double> doubles;   // of samples: the values, by the type
  std::vector<int64_t> bigints;
};

class RangeReader {
 public:
  /// All must outlive it.
  RangeReader(store::Store& store, const ViewDefinition& definition, SeriesBook& book,
              const RangeKind& kind);

  /// Fills runs whose series and changed are given. Of sessions: all points of those that touch
  /// the change. Of samples: those that the values around it follow from.
  Result<void> Load(const store::Positions& at_least, std::vector<RangeRun>& runs);
  uint64_t points_read() const { return points_read_; }

 private:
  TimeRange Wanted(const RangeRun& run) const;
  TimeRange Bounds(const RangeRun& run) const;
  struct Missing {
    bool before = false;
    bool after = false;
  };
  Missing MissingOf(const RangeRun& run) const;
  struct Job {
    size_t run = 0;
    TimeRange time;
  };
  Result<void> Scan(const store::Positions& at_least, TimeRange time, std::span<const Job> jobs,
                    std::vector<RangeRun>& runs);
  Result<void> Extend(const store::Positions& at_least, RangeRun& run);
  void Take(const store::Slice& slice, TimeRange time, RangeRun& run) const;
  void Order(RangeRun& run) const;

  store::Store& store_;
  const ViewDefinition& definition_;
  SeriesBook& book_;
  const RangeKind kind_;
  const std::optional<store::ValueRange> values_;
  uint64_t points_read_ = 0;
};

}  // namespace tidemark::view
