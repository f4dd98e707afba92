// SPDX-License-Identifier: Apache-2.0
// The write-ahead log: segments of frames under DATA/wal, written by group commit. Bytes:
// docs/format/journal.md. Thread-safe.
//
//  1. Batches get their LSN from Begin() and are written in that order; a frame is the longest
//  ready run.
//  2. One unsynced frame at a time: frame N+1 is not written before the sync of N returned. So a
//  valid
//     frame behind an invalid one is damage, never a torn tail.
//  3. LSNs are never used twice: each start takes a new range (the high bits), recorded in the
//  header of
//     the segment it makes.
//  4. Each start makes a new segment and never appends behind an old tail. The last frame found may
//  exist
//     only in the page cache: it is copied into the new segment, which is synced before it gets its
//     name; the header says up to where the old segment counts.
//  5. After a failed write or sync nothing is written any more; a sync is never retried.
//  6. Behind a synced frame that no other follows at once goes a confirmation, itself not synced.
//     What is there of it proves that the frame was synced; what is lost of it says nothing. The
//     bytes of a segment that count end with a frame.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "store/journal_format.h"

namespace tidemark::store {

struct JournalOptions {
  std::string dir;  // the segments' own
  size_t segment_bytes_max = size_t{64}
                             << 20;          // a segment rolls after this; one frame may overshoot
  size_t frame_bytes_max = size_t{4} << 20;  // a frame takes no further batch after this
  /// Starts although the journal is damaged behind this LSN, giving up what follows: the damaged
  /// segments are kept aside as *.lost. The refusal's message names the LSN.
  std::optional<uint64_t> accept_loss_after_lsn;
  /// Batches up to here are in blocks: they are not replayed, and segments wholly before are not
  /// read and may be gone. The journal must reach it.
  uint64_t checkpoint_lsn = 0;
  Hash128 store_id;  // of a journal that begins here
};

class Journal final : public Steppable {
 public:
  static constexpr unsigned kRangeShift = 40;

  /// One batch between its LSN and its durability.
  struct Slot {
    uint64_t lsn = 0;
    std::string records;
    bool ready = false;
    std::move_only_function<void()> apply;  // durable: make it visible; in LSN order
    std::move_only_function<void(Result<void>)>
        finish;  // then, or with the error that ended the log
  };
  using SlotRef = std::shared_ptr<Slot>;

  struct SegmentInfo {
    uint64_t file_no = 0;
    uint64_t first_lsn = 0;    // of its first frame; 0 while empty
    uint64_t last_lsn = 0;     // of its last frame; 0 while empty
    uint64_t valid_bytes = 0;  // up to the end of its last frame, which is synced
  };

  /// Replays every frame into `visitor` (OnBatch hears the LSN first), then opens a new segment.
  /// kCorruption: damage before the tail; nothing was changed. The message names segment, offset
  /// and LSN.
  class Replay {
   public:
    virtual ~Replay() = default;
    virtual Result<void> OnBatch(uint64_t lsn, std::string_view records) = 0;
    /// A frame follows, so everything up to `lsn` is durable.
    virtual Result<void> OnDurable(uint64_t /*lsn*/) { return {}; }
  };
  static Result<std::unique_ptr<Journal>> Open(JournalOptions options, FileSystem& fs,
                                               const Clock& clock, MetricRegistry& metrics,
                                               Replay& replay);
  /// The header of the oldest segment in `dir`, or none. Changes nothing.
  static Result<std::optional<SegmentHeader>> PeekFirst(FileSystem& fs, const std::string& dir);

  /// Takes the next LSN. Must be followed by Commit() or Abandon(), soon: later batches wait for
  /// it.
  SlotRef Begin();
  /// slot->records, apply and finish are filled. Never blocks.
  void Commit(const SlotRef& slot);
  /// Nothing to write after all.
  void Abandon(const SlotRef& slot);
  /// Runs `finish` once everything up to `lsn` is durable; at once if it is.
  void WhenDurable(uint64_t lsn, std::move_only_function<void(Result<void>)> finish);
  /// Writes until everything up to `lsn` is durable, on the caller's thread. For rare, blocking
  /// verbs.
  Result<void> CommitUpTo(uint64_t lsn);

  /// The newest LSN that Begin() gave.
  uint64_t begun_lsn() const;
  /// Whether every batch up to `lsn` is durable and applied, or was abandoned.
  bool Settled(uint64_t lsn) const;
  /// Segments that hold nothing beyond `lsn`, oldest first; never the one being written.
  std::vector<SegmentInfo> SegmentsUpTo(uint64_t lsn) const;
  /// Removes the oldest segments up to and with number `file_no`. What they held must be in blocks,
  /// and the feed's start beyond it, durably.
  Result<void> RemoveUpTo(uint64_t file_no) TM_EXCLUDES(files_mutex_);
  /// Copies (or links, where they will not change) the segments that hold anything beyond `lsn`, up
  /// to what is durable now, into the folder `to` and syncs it. Returns the last LSN copied.
  Result<uint64_t> CopyTo(const std::string& to, uint64_t lsn) TM_EXCLUDES(files_mutex_);

  /// Fails whatever still waits with kUnavailable. The last call.
  void Close();

  /// Writes and syncs one frame. The executor's kWriter lane.
  Result<Progress> Step() override;
  /// `wake` is called whenever a step has work. Set once, before the first Commit().
  void SetWake(std::function<void()> wake) { wake_ = std::move(wake); }
  /// `publish(lsn)` makes everything up to `lsn` visible; called before any apply(). Set once.
  void SetPublish(std::function<void(uint64_t)> publish) { publish_ = std::move(publish); }
  /// `published()` is called after the apply()s of a frame, before its finish()es. Set once.
  void SetPublished(std::function<void()> published) { published_ = std::move(published); }

  uint64_t durable_lsn() const;
  /// Batches at or before it were in segments that are gone, as of the start.
  uint64_t start_lsn() const { return start_lsn_; }
  uint64_t queued_bytes() const;
  uint64_t total_bytes() const;
  /// Since the start.
  uint64_t bytes_written() const { return written_bytes_.load(std::memory_order_relaxed); }
  std::vector<SegmentInfo> segments() const;
  /// The error that made it read-only, if one did.
  std::optional<Error> failure() const;
  const std::string& dir() const { return options_.dir; }

 private:
  Journal(JournalOptions options, FileSystem& fs, const Clock& clock, MetricRegistry& metrics);

  struct Tail;
  Result<std::vector<uint64_t>> ListSegments();
  Result<void> ReplayAll(const std::vector<uint64_t>& numbers, Replay& replay, Tail& tail);
  Result<void> PassSegment(uint64_t file_no, const SegmentHeader& next, Tail& tail);
  Result<bool> ReplaySegment(uint64_t file_no, const SegmentHeader* next, Replay& replay,
                             Tail& tail);
  Result<void> OpenNext(Tail tail);
  Result<void> StartSegment(const SegmentHeader& header, std::string_view first_frame)
      TM_REQUIRES(step_mutex_);
  Result<void> Roll() TM_REQUIRES(step_mutex_);
  Result<void> ConfirmFrame() TM_REQUIRES(step_mutex_);
  Result<void> WriteFrame(const std::vector<SlotRef>& batch) TM_REQUIRES(step_mutex_);
  std::vector<SlotRef> TakeReady(uint64_t& visible_up_to);
  /// Writes and applies the next frame; the slots to finish, and whether more wait.
  std::vector<SlotRef> CommitFrame(std::optional<Error>& error, bool& more);
  void Fail(const Error& error);
  void RunWaiters();

  const JournalOptions options_;
  FileSystem& fs_;
  const Clock& clock_;
  std::function<void()> wake_;             // constant after the start
  std::function<void(uint64_t)> publish_;  // constant after the start
  std::function<void()> published_;        // constant after the start
  Counter& fsyncs_;
  Counter& bytes_written_;
  std::atomic<uint64_t> written_bytes_{0};
  Counter& frames_;

  Mutex step_mutex_;  // the writer's state; held while a frame is written. Before mutex_.
  std::unique_ptr<AppendFile> file_ TM_GUARDED_BY(step_mutex_);
  SegmentHeader header_ TM_GUARDED_BY(step_mutex_);
  FrameHeader frame_ TM_GUARDED_BY(step_mutex_);   // the last one; its checksum is 0 without one
  FrameExtent extent_ TM_GUARDED_BY(step_mutex_);  // of it; without one the segment's header
  std::string scratch_ TM_GUARDED_BY(step_mutex_);

  Mutex files_mutex_;       // held while segments are removed or copied. Before mutex_.
  uint64_t start_lsn_ = 0;  // constant after Open()
  mutable Mutex mutex_;
  std::deque<SlotRef> queue_ TM_GUARDED_BY(mutex_);
  uint64_t next_lsn_ TM_GUARDED_BY(mutex_) = 0;
  uint64_t writing_lsn_ TM_GUARDED_BY(mutex_) = 0;  // first LSN of the frame being written; 0: none
  uint64_t durable_lsn_ TM_GUARDED_BY(mutex_) = 0;
  uint64_t queued_bytes_ TM_GUARDED_BY(mutex_) = 0;
  uint64_t total_bytes_ TM_GUARDED_BY(mutex_) = 0;
  std::vector<SegmentInfo> segments_ TM_GUARDED_BY(mutex_);
  std::optional<Error> failure_ TM_GUARDED_BY(mutex_);
  struct Waiter {
    uint64_t lsn = 0;
    std::move_only_function<void(Result<void>)> finish;
  };
  std::vector<Waiter> waiters_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::store
