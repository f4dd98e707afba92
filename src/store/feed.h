// SPDX-License-Identifier: Apache-2.0
// The feed: what durable batches brought, newest ones in memory, older ones read again from the
// journal's segments. Offsets are LSNs. FeedLog is thread-safe; a reader is single-owner.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "store/journal.h"
#include "store/store.h"

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
  std::vector<RevisionEntry> revisions;

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
  size_t heap_bytes() const;

  /// Entries beyond `lsn` until about `points_max` points; nothing when `lsn` lies before what
  /// memory holds (then `in_memory` is false).
  std::vector<std::shared_ptr<const FeedEntry>> After(uint64_t lsn, size_t points_max,
                                                      bool& in_memory) const;

 private:
  const size_t bytes_max_;
  mutable Mutex mutex_;
  std::deque<std::shared_ptr<const FeedEntry>> entries_ TM_GUARDED_BY(mutex_);
  uint64_t before_lsn_ TM_GUARDED_BY(mutex_);  // entries beyond it are in memory
  uint64_t end_lsn_ TM_GUARDED_BY(mutex_);
  size_t bytes_ TM_GUARDED_BY(mutex_) = 0;
};

/// `log`, `journal` and `fs` must outlive it.
std::unique_ptr<FeedReader> MakeFeedReader(FileSystem& fs, const Journal& journal,
                                           const FeedLog& log, const Positions& from);

}  // namespace tidemark::store
