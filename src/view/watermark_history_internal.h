// SPDX-License-Identifier: Apache-2.0
// Where a view's watermark stood when: newest steps as they were, older ones ever fewer. Part of
// the journaled progress. Single-owner.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace tidemark::view {

class WatermarkHistory {
 public:
  /// Steps that are kept; when there are more, the one goes whose hole is the smallest for its age.
  static constexpr size_t kStepsMax = 256;
  /// Of steps that follow each other faster the last one stays.
  static constexpr milliseconds kStepMin{1000};

  /// The watermark rose to `watermark` at `at`; one that did not rise is no step.
  void Note(ArrivalTime at, EventTime watermark);

  struct Then {
    EventTime watermark;
    bool exact = true;  // to kStepMin; false: it had come at least so far
  };
  /// None: before the first step.
  std::optional<Then> At(ArrivalTime time) const;

  bool empty() const { return steps_.empty(); }
  void AppendTo(ByteWriter& out) const;
  /// Fails the reader where there are no such bytes.
  void Read(ByteReader& in);

 private:
  void Thin();

  struct Step {
    ArrivalTime at;
    EventTime watermark;
  };

  std::vector<Step> steps_;  // both ascend
  int64_t exact_from_ms_ = std::numeric_limits<int64_t>::min();
};

}  // namespace tidemark::view
