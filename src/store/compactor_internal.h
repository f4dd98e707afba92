// SPDX-License-Identifier: Apache-2.0
// Merges files in the background (storage.md 6.2) and drops what retention has passed. Steppable;
// the verbs are thread-safe.
//
//  1. A merge takes whole files; its outputs hold every row of them that is still wanted, the
//  highest
//     version of each (series, time). So it changes no answer, whatever is published meanwhile.
//  2. Sealed and mixed files become overlays of one (table, span) each, the sparse ones a mixed
//  overlay
//     again; a span's overlays and bases become its new base.
//  3. A span is a partition, or 32 days once these are older than a week, so that files stay few.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/completion.h"
#include "base/executor.h"
#include "store/admin.h"
#include "store/embedded_state_internal.h"
#include "store/merge_job_internal.h"

namespace tidemark::store {

class Compactor final : public Steppable {
 public:
  explicit Compactor(EmbeddedStore::State& state);
  ~Compactor() override;

  /// Completes when nothing of `mode` is left to do.
  void Compact(CompactMode mode, Completion<void> done);
  /// Fails who waits. The last call.
  void Close();
  Result<Progress> Step() override;

 private:
  struct Waiter {
    CompactMode mode = CompactMode::kDue;
    Completion<void> done;
  };
  struct Span {
    int64_t start = 0;
    int64_t end = 0;
    friend auto operator<=>(const Span&, const Span&) = default;
  };
  using Key = std::pair<TableId, Span>;

  /// Removes files that retention has passed, or whose tables and series are gone.
  Result<bool> DropExpired();
  /// The next merge that is due, or none.
  std::unique_ptr<MergeJob> NextJob(CompactMode mode);
  std::unique_ptr<MergeJob> SplitJob(const Version& version, bool mixed, CompactMode mode);
  std::unique_ptr<MergeJob> SpanJob(const Version& version, CompactMode mode);
  std::optional<std::vector<uint64_t>> RevisionFilesToMerge(const Version& version,
                                                            CompactMode mode);
  Result<void> MergeRevisions(const std::vector<uint64_t>& files);
  Span SpanOf(int64_t time) const;
  Span WidenOld(Span span) const;
  std::map<TableId, int64_t> Floors();
  bool EnoughSpace(uint64_t bytes) const;
  Progress Failed(Error error);
  Progress Finish();
  CompactMode mode();

  EmbeddedStore::State& s_;
  std::unique_ptr<MergeJob> job_;
  int failures_ = 0;
  MonotonicTime retry_at_;
  Mutex mutex_;
  std::vector<Waiter> waiters_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::store
