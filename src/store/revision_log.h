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

class RevisionLog {
 public:
  /// Entries of the batch `lsn`, in its order; may be called several times for one batch.
  void Add(uint64_t lsn, std::span<const RevisionEntry> entries);
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
  // Half of a RevisionEntry: DOUBLE and BIGINT values lie in their bits, others in `texts`, keys of
  // points in `points`.
  struct Stored {
    EventTime time;
    EventTime window_start;
    EventTime window_end;
    uint64_t old_bits = 0;
    uint64_t new_bits = 0;
    int64_t at_ms = 0;
    uint64_t lsn = 0;
    int64_t lateness_ns = 0;
    uint64_t record_count = UINT64_MAX;  // not known
    SourcePartition partition;           // id and partition 0 of kPipeline: not known
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
    uint8_t points = 0;  // of `points`, from first_point on
    uint32_t first_point = 0;
  };
  struct Log {
    std::vector<Stored> entries;  // by time
    std::vector<std::string> texts;
    std::vector<PointKey> points;
  };

  static uint64_t Pack(const Scalar& scalar, Log& log);
  static Scalar Unpack(uint8_t kind, uint64_t bits, const Log& log);
  static LoggedRevision Unpack(uint32_t series, const Stored& stored, const Log& log);
  static size_t HeapBytes(const Log& log);

  mutable Mutex mutex_;
  std::unordered_map<uint32_t, Log> logs_ TM_GUARDED_BY(mutex_);
  uint64_t newest_lsn_ TM_GUARDED_BY(mutex_) = 0;
  uint32_t next_ordinal_ TM_GUARDED_BY(mutex_) = 0;
  std::atomic<size_t> bytes_{0};
};

}  // namespace tidemark::store
