// SPDX-License-Identifier: Apache-2.0
// Moves rows from memory into block files: freezes the buffers of all series, encodes them,
// publishes files, revisions, definitions and checkpoint by one manifest edit, lets the frozen rows
// go and trims the journal. Steppable; the verbs are thread-safe.
//
//  1. Checkpoint A is the newest LSN begun when the freeze starts. Whatever was judged by then is
//  in
//     the buffers when their lane is locked after that, so it is frozen. Newer rows may be frozen
//     too.
//  2. Nothing is published before everything frozen is durable and applied.
//  3. Replaying batches beyond A over the files gives the same state: equal versions are equal
//  rows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/completion.h"
#include "base/executor.h"
#include "store/block/block_file.h"
#include "store/embedded_state_internal.h"

namespace tidemark::store {

class Sealer final : public Steppable {
 public:
  explicit Sealer(EmbeddedStore::State& state);
  ~Sealer() override;

  /// Completes once everything durable at the call is in published files.
  void Flush(Completion<void> done);
  /// Why the last attempt failed; empty: it did not.
  std::string trouble();
  /// Fails who waits. The last call.
  void Close();

  Result<Progress> Step() override;
  /// While the journal is replayed, single-threaded: seals everything, which lies at or before the
  /// durable `lsn`.
  Result<void> SealReplayed(uint64_t lsn);
  /// Memory is full of rows that could be sealed: called when a write is refused.
  void Hurry();
  /// Something that a waiting seal waits for may have happened.
  void Nudge();

 private:
  enum class Phase : uint8_t { kIdle, kFreezing, kEncoding, kSettling, kReleasing };
  struct Frozen {
    uint32_t id = 0;
    TableId table;
    std::shared_ptr<const FrozenPart> part;
  };
  struct Output {
    std::unique_ptr<BlockFileWriter> writer;
    std::string path;
    BlockFileWriter::Bounds bounds;
  };
  struct Waiter {
    uint64_t lsn = 0;
    Completion<void> done;
  };

  bool Due(Progress& progress);
  void Begin();
  bool FreezeSome();
  void CountPartitions();
  Result<bool> EncodeSome();
  Result<void> EncodeSeries(const Frozen& frozen);
  Result<Output*> OutputFor(int64_t partition_start);
  Result<void> FinishFiles();
  Result<void> Publish();
  Result<std::optional<DictionaryExtent>> WriteDictionary(const PendingDefinitions& pending);
  Result<void> WriteRevisions(std::vector<NewRevisions>& out, uint64_t& revisions_lsn);
  void KeepUntilRead();
  void ReleaseFrozen();
  void TrimJournal();
  void DiscardFiles();
  void Complete(uint64_t lsn);
  Progress BackOff(Error error);
  int64_t PartitionOf(int64_t time) const;

  EmbeddedStore::State& s_;
  Phase phase_ = Phase::kIdle;
  uint64_t seal_no_ = 0;
  uint64_t checkpoint_lsn_ = 0;
  uint64_t max_lsn_ = 0;
  size_t freeze_lane_ = 0;
  uint32_t freeze_id_ = 0;
  std::vector<Frozen> frozen_;     // of this seal, ascending by id once frozen
  std::vector<Frozen> releasing_;  // published, maybe still read
  int64_t releasing_rows_ = 0;
  size_t encode_at_ = 0;
  std::map<int64_t, uint64_t> partition_rows_;
  std::map<int64_t, Output> outputs_;  // by partition; INT64_MIN: the mixed one
  std::vector<NewBlock> blocks_;
  int failures_ = 0;
  MonotonicTime retry_at_;
  std::optional<MonotonicTime> oldest_unsealed_;

  Mutex mutex_;
  std::vector<Waiter> waiters_ TM_GUARDED_BY(mutex_);
  bool hurry_ TM_GUARDED_BY(mutex_) = false;
  std::string trouble_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::store
