// SPDX-License-Identifier: Apache-2.0
// Windows that have to be looked at without knowing which points changed them: those that a gap in
// the feed may have touched, or that lay in damaged files that can be read again. Kept as ranges,
// so that a view that fell far behind costs memory by chunk, not by window; taken window by window.
// Single-owner.
//
//  1. Every window that touches a range comes out of Take() at least once, whatever is in it; a
//     superset is harmless, since an evaluation that gives the same bits writes nothing.
//  2. A range over few windows is enumerated; a wide one is scanned for the windows that have
//  points.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "view/damage_internal.h"
#include "view/definition.h"
#include "view/marks_internal.h"
#include "view/series_book_internal.h"
#include "view/window.h"

namespace tidemark::view {

/// Narrows a scan of the source where the view's patterns allow; SeriesBook decides in any case.
store::Selection SourceSelection(const ViewDefinition& definition, TimeRange time);

class CatchUp {
 public:
  /// All must outlive it.
  CatchUp(store::Store& store, const ViewDefinition& definition, SeriesBook& book);

  /// Points of one series in `time` may have changed.
  void Add(SeriesIndex series, TimeRange time);
  /// Points of any series of the source.
  void AddAll(TimeRange time);
  bool empty() const { return next_ >= ranges_.size(); }
  size_t size() const { return ranges_.size() - next_; }  // ranges left

  /// Only windows that start at `from` or later and are in `until` count from now on; merges. True:
  /// some range touched a window that is not in `until`.
  bool Bound(EventTime from, const Prefix& until);
  /// Cuts out what cannot be read now (into `held`) or never again.
  void Exclude(const DamageMap& damage, HeldWindows& held);
  /// Appends some windows, about `windows_max`, to `out`; those in `published` are `coarse`.
  /// kCorruption: a scan met damage; nothing is lost, Exclude() it and go on.
  Result<void> Take(size_t windows_max, const Prefix& published, std::vector<Due>& out);

 private:
  static constexpr SeriesIndex kAll = SeriesDirectory::kUnknown;
  struct Range {
    SeriesIndex series = kAll;
    TimeRange time;
  };

  void Add(Range range);
  void Merge();
  bool Counts(WindowId window) const { return window.start >= from_ && until_.Has(window); }
  Result<bool> ScanSome(Range& range, size_t windows_max, const Prefix& published,
                        std::vector<Due>& out);

  store::Store& store_;
  const ViewDefinition& definition_;
  SeriesBook& book_;
  const Windows windows_;
  EventTime from_{INT64_MIN};
  Prefix until_;
  std::vector<Range> ranges_;
  size_t next_ = 0;
  size_t merge_at_ = 65536;
  std::unique_ptr<store::ScanCursor> cursor_;  // over ranges_[next_]
  store::SliceBuffer buffer_;
};

}  // namespace tidemark::view
