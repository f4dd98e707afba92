// SPDX-License-Identifier: Apache-2.0
// Publications of view rows that are not in revision files yet, by series and time; filled from
// durable frames in LSN order. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "store/block/revision_file.h"
#include "store/types.h"

namespace tidemark::store {

/// Entries of a batch or of a series, each in half the bytes of a RevisionEntry. A value.
class RevisionPack {
 public:
  void Add(const RevisionEntry& entry);
  RevisionEntry At(size_t entry) const;
  void Reserve(size_t entries) { entries_.reserve(entries); }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// Without texts.
  size_t heap_bytes() const {
    return entries_.capacity() * sizeof(Stored) + points_.capacity() * sizeof(PointKey);
  }

 private:
  friend class RevisionLog;

  // DOUBLE and BIGINT values lie in their bits, others in texts_, keys of points in points_.
  struct Stored {
    EventTime time;
    EventTime window_start;
    EventTime window_end;
    uint64_t old_bits = 0;
    uint64_t new_bits = 0;
    int64_t at_ms = 0;
    uint64_t lsn = 0;  // a log's, as the ordinal
    int64_t lateness_ns = 0;
    uint64_t record_count = UINT64_MAX;  // not known
    SourcePartition partition;           // id and partition 0 of kPipeline: not known
    uint32_t series = 0;
    uint32_t ordinal = 0;
    uint32_t revision = 0;
    uint32_t late_points = 0;
    uint8_t old_kind = 0;  // Scalar::index()
    uint8_t new_kind = 0;
    bool frozen = false;
    bool coarse = false;
    bool has_lateness = false;
    bool correction = false;
    bool definition = false;
    uint8_t points = 0;  // of points_, from first_point on
    uint32_t first_point = 0;
  };
  uint64_t Pack(const Scalar& scalar);
  Scalar Unpack(uint8_t kind, uint64_t bits) const;
  /// Makes `of`, an entry of `from`, one of this: takes its texts and keys over.
  void Take(const RevisionPack& from, Stored& of);

  std::vector<Stored> entries_;
  std::vector<std::string> texts_;
  std::vector<PointKey> points_;
};

class RevisionLog {
 public:
  /// Entries of the batch `lsn`, in its order; may be called several times for one batch.
  void Add(uint64_t lsn, const RevisionPack& entries);
  /// Appends entries of the series with times in `range`, by time, then in the order they were
  /// added.
  void Of(SeriesRef series, TimeRange range, std::vector<LoggedRevision>& out) const;
  /// The LSN of the newest entry; 0: none came yet.
  uint64_t newest_lsn() const;
  bool empty() const { return bytes_.load(std::memory_order_relaxed) == 0; }
  /// Copies of all entries up to `lsn`, by (series, time, LSN).
  std::vector<LoggedRevision> UpTo(uint64_t lsn) const;
  /// They are in files.
  void RemoveUpTo(uint64_t lsn);
  void RemoveBefore(uint32_t series, EventTime floor);
  void Forget(uint32_t series);
  size_t heap_bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static LoggedRevision Logged(const RevisionPack& log, size_t entry);

  mutable Mutex mutex_;
  std::unordered_map<uint32_t, RevisionPack> logs_ TM_GUARDED_BY(mutex_);  // entries by time
  uint64_t newest_lsn_ TM_GUARDED_BY(mutex_) = 0;
  uint32_t next_ordinal_ TM_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> bytes_{0};
};

}  // namespace tidemark::store
