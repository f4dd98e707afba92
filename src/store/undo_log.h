// SPDX-License-Identifier: Apache-2.0
// What rows were before their latest changes, for readers at an older position. Rows are changed in
// place when they are judged, before their frame is durable; a reader at LSN L takes back every
// change beyond L. One log per lane, one chain per series, newest first; pruned up to what every
// reader has passed. Single-owner: the lane's lock.
//
// Invariant: LSNs along the log ascend, so those along a chain descend.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "store/series_buffer.h"

namespace tidemark::store {

struct UndoRecord {
  uint64_t lsn = 0;       // of the change
  uint64_t previous = 0;  // link of the series' change before; 0: none
  Row row{};              // the time, and the bits before
  int64_t version = 0;
  std::unique_ptr<OwnedRow> owned;  // before; owned series only
  bool existed = false;
};

class UndoLog {
 public:
  /// A link to the record, never 0.
  uint64_t Push(UndoRecord record) {
    records_.push_back(std::move(record));
    return base_ + records_.size();
  }
  /// Null: pruned.
  const UndoRecord* Get(uint64_t link) const {
    return link <= base_ + head_ ? nullptr : &records_[link - base_ - 1];
  }
  /// Forgets changes at or before `lsn`.
  void Prune(uint64_t lsn) {
    while (head_ < records_.size() && records_[head_].lsn <= lsn) ++head_;
    if (head_ < kCompactAt || head_ * 2 < records_.size()) return;
    records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(head_));
    base_ += head_;
    head_ = 0;
    if (records_.capacity() > 4 * std::max(records_.size(), kCompactAt)) records_.shrink_to_fit();
  }
  size_t heap_bytes() const { return records_.capacity() * sizeof(UndoRecord); }

 private:
  static constexpr size_t kCompactAt = 1024;

  std::vector<UndoRecord> records_;
  uint64_t base_ = 0;  // records dropped from the front of the vector
  size_t head_ = 0;    // pruned ones still in it
};

/// Appends spans of the rows of `buffer` in [start, end) as of `lsn`: `chain` is the series' newest
/// link, `last_lsn` its newest change. At most about `rows_max` rows. Spans live under the lane's
/// lock.
void CollectAsOf(const SeriesBuffer& buffer, const UndoLog& undo, uint64_t chain, uint64_t last_lsn,
                 uint64_t lsn, TimeRange range, uint64_t rows_max, std::vector<RowSpan>& out);

}  // namespace tidemark::store
