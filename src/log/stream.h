// SPDX-License-Identifier: Apache-2.0
// One stream: its shards, their records, and the files that hold them (docs/format/log.md).
// Thread-safe: appends from any thread are committed in groups by the log's writer; readers never
// wait for a sync.
//
// An acknowledged record is durable and readable. A record is readable only once it is durable.
// Offsets of a shard ascend, and none is given to two records, not even after a crash. Appends to
// one shard become readable in the order in which Append() was called.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/completion.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "catalog/definitions.h"
#include "log/options.h"
#include "log/record.h"
#include "log/sequence_number.h"

namespace tidemark::log {

struct ReadRequest {
  uint32_t shard = 0;
  RecordOffset from = kFirstOffset;  // the first one wanted; trimmed ones are skipped
  size_t records_max = 10'000;       // kinesis-api.md 2.10
  size_t bytes_max = 1_MiB;          // of data and keys; the first record comes whatever its size
};

struct ShardStatus {
  RecordOffset first;        // no older record can be read; a younger one may be the oldest
  RecordOffset next;         // the next record gets this or more: the tip
  ArrivalTime last_arrival;  // 0: the shard never had a record
  bool trimmed = false;      // records were lost to retention
};

enum class IteratorType : uint8_t {
  kTrimHorizon,
  kLatest,
  kAtSequenceNumber,
  kAfterSequenceNumber,
  kAtTimestamp
};

struct IteratorStart {
  IteratorType type = IteratorType::kTrimHorizon;
  std::optional<SequenceNumber> sequence;  // for the two sequence types
  ArrivalTime time;                        // for kAtTimestamp
};

using SubscriptionId = StrongId<struct SubscriptionTag, uint64_t>;

struct Segment;
struct ShardMark;

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Constant: a stream's shards do not change until resharding exists. Its retention is that of
  /// when it was opened.
  const catalog::StreamDef& definition() const { return def_; }
  /// Log::SetRetention() changes it.
  uint32_t retention_hours() const { return retention_hours_.load(std::memory_order_relaxed); }
  const std::string& name() const { return def_.name; }
  StreamId id() const { return def_.id; }

  /// A batch to fill; cheap, from any thread.
  PutBatch NewBatch() const;

  /// Appends all of `batch` or nothing; never blocks. `done` runs once on the writer's thread (or
  /// at once, for a refusal) with a place per record, in order, when all are durable; or with
  ///   kResourceExhausted  too much waits for the disk: nothing was appended, try again
  ///   kNoSpace            the disk is full: nothing was appended, works again when there is space
  ///   kUnavailable        a write failed: this batch may or may not be there after a restart,
  ///   which the
  ///                       stream needs before it takes appends again; reads go on
  ///   kNotFound           the stream was deleted
  void Append(PutBatch batch, Completion<std::vector<PutResult>> done);
  void Append(std::span<const PutRecordView> records, Completion<std::vector<PutResult>> done);

  /// The records at and after `from`, oldest first. An empty batch with at_tip: there is none yet.
  /// kNotFound: no such shard, or the stream was deleted; kCorruption names file and byte.
  Result<ReadBatch> Read(const ReadRequest& request) const;

  Result<ShardStatus> Status(uint32_t shard) const;
  /// The tip of every shard, in the order of definition().shards; cheap.
  std::vector<RecordOffset> Tips() const;

  /// Where an iterator starts (kinesis-api.md 2.9). kLatest is the tip now. kNotFound: no such
  /// shard; kInvalidArgument: the number is not one of this shard of this stream.
  Result<RecordOffset> Resolve(uint32_t shard, const IteratorStart& start) const;

  SequenceNumber NumberOf(uint32_t shard, RecordOffset offset) const {
    return SequenceNumber::Make(def_.id, shard, offset);
  }

  /// `wake` is called after records became readable, from the writer's thread; it must not block
  /// and must not call back into the stream. Nothing is called any more when Unsubscribe() returns.
  SubscriptionId Subscribe(std::function<void()> wake);
  void Unsubscribe(SubscriptionId id);

  /// Set once a write failed: the stream takes no appends until a restart.
  std::optional<Error> failure() const;
  /// Bytes of the segment files.
  uint64_t disk_bytes() const;

 private:
  friend class Log;
  struct Env {
    FileSystem& fs;
    const Clock& clock;
    MetricRegistry& metrics;
    LogOptions options;
    std::function<void(Stream&)> on_append;  // has the writer call Commit() soon
  };
  struct Pending {
    PutBatch batch;
    Completion<std::vector<PutResult>> done;
  };
  struct State;  // what readers see
  class Writer;  // what only the writer touches
  struct ReadPlan;
  struct Metrics;

  /// Recovers `dir`, which exists.
  static Result<std::shared_ptr<Stream>> Open(const Env& env, std::string dir,
                                              catalog::StreamDef def);
  Stream(const Env& env, std::string dir, catalog::StreamDef def);

  /// See Log::BackupTo().
  Result<void> BackupTo(const std::string& dir) const TM_EXCLUDES(mutex_);

  // Called by the log's writer only, one at a time.
  /// One group commit. True: more appends wait.
  bool Commit() TM_EXCLUDES(writer_mutex_, mutex_);
  /// Removes segments whose records are all older than the retention.
  void Trim() TM_EXCLUDES(writer_mutex_, mutex_);
  /// Refuses appends from now on, commits what waits, seals the last segment.
  Result<void> Close() TM_EXCLUDES(writer_mutex_, mutex_);
  /// Refuses everything from now on with `why`; waiting appends get it too.
  void Abandon(Error why) TM_EXCLUDES(writer_mutex_, mutex_);

  std::vector<Pending> TakeGroup() TM_EXCLUDES(mutex_);
  Result<std::vector<std::vector<PutResult>>> WriteGroup(const std::vector<Pending>& group)
      TM_REQUIRES(writer_mutex_);
  Result<void> EnsureSegment(const std::vector<ShardMark>& marks) TM_REQUIRES(writer_mutex_);
  Result<void> ConfirmLast() TM_REQUIRES(writer_mutex_) TM_EXCLUDES(mutex_);
  Result<void> Roll(const std::vector<ShardMark>& marks, std::string first_frame)
      TM_REQUIRES(writer_mutex_);
  Segment* LastSegment() TM_EXCLUDES(mutex_);
  /// No more appends until a restart; what waits gets the same answer.
  void Fail(const Error& why) TM_EXCLUDES(mutex_);
  void WakeSubscribers() TM_EXCLUDES(subscribers_mutex_);
  ArrivalTime TrimCutoff() const;
  Result<size_t> FindSlot(uint32_t shard) const;
  Result<ReadPlan> PlanRead(size_t slot, const ReadRequest& request) const TM_EXCLUDES(mutex_);
  /// False: a limit of the request was reached before the end of the plan.
  Result<bool> ReadRanges(const ReadPlan& plan, const ReadRequest& request, ReadBatch& out) const;
  Result<RecordOffset> OffsetAtTime(size_t slot, uint32_t shard, ArrivalTime time) const;

  const Env env_;
  const std::string dir_;
  const catalog::StreamDef def_;
  std::atomic<uint32_t> retention_hours_;
  const std::shared_ptr<const ShardRouter> router_;
  const std::shared_ptr<PutBatch::CachePool> caches_;
  const std::unique_ptr<Metrics> metrics_;

  Mutex writer_mutex_;  // taken before mutex_; held over disk writes
  std::unique_ptr<Writer> writer_ TM_PT_GUARDED_BY(writer_mutex_);

  mutable Mutex mutex_;  // short
  std::unique_ptr<State> state_ TM_PT_GUARDED_BY(mutex_);
  std::deque<Pending> pending_ TM_GUARDED_BY(mutex_);
  size_t pending_bytes_ TM_GUARDED_BY(mutex_) = 0;
  std::optional<Error> refuse_append_ TM_GUARDED_BY(mutex_);
  std::optional<Error> refuse_read_ TM_GUARDED_BY(mutex_);
  bool failed_ TM_GUARDED_BY(mutex_) = false;

  mutable Mutex subscribers_mutex_;
  std::map<SubscriptionId, std::function<void()>> subscribers_ TM_GUARDED_BY(subscribers_mutex_);
  uint64_t next_subscription_ TM_GUARDED_BY(subscribers_mutex_) = 1;
};

}  // namespace tidemark::log
