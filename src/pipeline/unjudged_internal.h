// SPDX-License-Identifier: Apache-2.0
// Points that the store could not judge because a block file there is damaged. They are offered
// again for a while: the file may be given up or come back meanwhile. Single-owner.
//
// While a partition has such points its journaled position stays before their batch, so that a
// crash reads them again; what else was written twice then is identical, and unchanged.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "pipeline/decoder.h"
#include "pipeline/source.h"
#include "store/store.h"

namespace tidemark::pipeline {

/// A polled batch on its way into the store.
struct Work {
  SourceBatch batch;
  DecodedBatch decoded;
  std::string start_position;  // of the source: reading continues behind it to get this batch
  bool replays = false;        // its records were read before
  store::ConflictRule rule = store::ConflictRule::kLastWins;
};

/// Why a point that the store rejected becomes a dead letter.
DeadReason ReasonOf(store::RejectReason reason);

class Unjudged {
 public:
  /// How long a point is offered, and how often.
  static constexpr nanoseconds kPatience = seconds(30);
  static constexpr nanoseconds kInterval = seconds(1);
  /// Batches kept; more wait in the source.
  static constexpr size_t kBatchesMax = 64;

  struct Settled {
    uint64_t taken = 0;  // by the store
    struct Letters {
      std::shared_ptr<Work> work;
      std::vector<DeadLetter> letters;
    };
    std::vector<Letters> given_up;
  };

  bool empty() const { return batches_.empty(); }
  bool full() const { return batches_.size() >= kBatchesMax; }
  /// `points`: indexes into work->decoded.points, ascending.
  void Add(std::shared_ptr<Work> work, std::vector<size_t> points, MonotonicTime now);
  /// Where the partition's journaled position must stay; none: nothing holds it.
  const std::string* HoldOf(uint32_t partition) const;
  bool Holds(uint32_t partition) const { return HoldOf(partition) != nullptr; }

  /// When they are offered next; none: nothing is there, or an offer is not answered yet.
  std::optional<MonotonicTime> due() const;
  /// Every point, oldest first, as of BeginOffer(). Valid until EndOffer().
  std::span<const store::PointView> BeginOffer();
  /// Takes the answer: what was judged leaves, and so does what was offered for long enough.
  Settled EndOffer(const Result<store::WriteReply>& reply, MonotonicTime now);

 private:
  struct Batch {
    std::shared_ptr<Work> work;
    std::vector<size_t> points;
    MonotonicTime give_up_at;
  };

  std::deque<Batch> batches_;
  std::vector<store::PointView> offered_;
  size_t batches_offered_ = 0;  // the first ones
  bool offering_ = false;
  MonotonicTime next_;
};

}  // namespace tidemark::pipeline
