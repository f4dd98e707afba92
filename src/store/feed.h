// SPDX-License-Identifier: Apache-2.0
// The feed: what durable batches brought, newest ones in memory, older ones read again from the
// journal's segments. Offsets are LSNs. FeedLog is thread-safe; a reader is single-owner.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "store/journal.h"
#include "store/revision_log.h"
#include "store/store.h"
#include "store/version.h"

namespace tidemark::store {

struct FeedEntry {
  struct Point {
    uint32_t series = 0;
    bool replaced = false;
    int64_t time = 0;
  };

  uint64_t lsn = 0;
  std::vector<Point> points;
  std::vector<SourceProgress> sources;
  std::vector<ViewProgress> views;
  RevisionPack revisions;

  size_t heap_bytes() const;
  void AppendTo(FeedBatch& out) const;
};

class FeedLog {
 public:
  /// Keeps up to `bytes_max` in memory. Everything up to `start_lsn` is in segments only.
  FeedLog(size_t bytes_max, uint64_t start_lsn);

  /// In LSN order; visible at once.
  void Append(std::shared_ptr<const FeedEntry> entry);
  /// The last LSN whose batch is in the feed.
  uint64_t end_lsn() const;
  /// Until end_lsn() has come to `lsn`, which must be visible: the same step that published it puts
  /// its entry here.
  void Await(uint64_t lsn) const;
  size_t heap_bytes() const;

  /// Entries beyond `lsn` until about `points_max` points; nothing when `lsn` lies before what
  /// memory holds (then `in_memory` is false).
  std::vector<std::shared_ptr<const FeedEntry>> After(uint64_t lsn, size_t points_max,
                                                      bool& in_memory) const;

 private:
  const size_t bytes_max_;
  mutable Mutex mutex_;
  mutable CondVar appended_;
  std::deque<std::shared_ptr<const FeedEntry>> entries_ TM_GUARDED_BY(mutex_);
  uint64_t before_lsn_ TM_GUARDED_BY(mutex_);  // entries beyond it are in memory
  uint64_t end_lsn_ TM_GUARDED_BY(mutex_);
  size_t bytes_ TM_GUARDED_BY(mutex_) = 0;
};

/// What is known of the part of the feed that was trimmed.
struct FeedGap {
  uint64_t end_lsn = 0;                    // the feed goes on behind it
  std::shared_ptr<const Version> version;  // holds everything up to it
  std::vector<SourceProgress> sources;     // as of some LSN <= end_lsn
  std::vector<ViewProgress> views;
};

/// Where a reader learns of gaps. Thread-safe.
class FeedTrims {
 public:
  virtual ~FeedTrims() = default;
  /// The feed knows nothing at or before it.
  virtual uint64_t StartLsn() const = 0;
  /// At least up to StartLsn(); up to the newest sealed batch when `damaged` says that segments
  /// cannot be read.
  enum class Reason : uint8_t { kTrimmed, kDamaged };
  virtual FeedGap OpenGap(Reason reason) = 0;
  virtual bool Exists(uint32_t series) = 0;
};

/// `log`, `journal`, `trims` and `fs` must outlive it.
std::unique_ptr<FeedReader> MakeFeedReader(FileSystem& fs, const Journal& journal,
                                           const FeedLog& log, FeedTrims& trims,
                                           const Positions& from);

}  // namespace tidemark::store
