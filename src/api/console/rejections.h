// SPDX-License-Identifier: Apache-2.0
// The points that a table's writers were refused, by reason (web/API.md section 10). Thread-safe.
//
// Bounds: kTablesMax tables, the one that was refused something longest ago gives way; of each
// reason a count and the newest kSamplesMax points with texts cut at kTextBytesMax.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/rejection_sink.h"

namespace tidemark::console {

struct RejectionSample {
  ArrivalTime at;
  std::string_view source;  // "api", "pipeline", "view"; "": the write does not tell
  store::SeriesRef series;  // describes itself; else `measure` and `dimensions`
  std::string measure;
  std::vector<std::pair<std::string, std::string>> dimensions;
  std::optional<EventTime> time;
  int64_t version = 0;  // 0: none
  std::optional<int64_t> existing_version;
};

struct RejectionGroup {
  store::RejectReason reason = store::RejectReason::kNone;
  std::string text;  // of the newest
  uint64_t count = 0;
  ArrivalTime first;
  ArrivalTime last;
  std::deque<RejectionSample> samples;  // the newest first
};

class Rejections final : public store::RejectionSink {
 public:
  static constexpr size_t kTablesMax = 256;
  static constexpr size_t kSamplesMax = 10;
  static constexpr size_t kTextBytesMax = 512;

  explicit Rejections(const Clock& clock) : clock_(clock), since_(clock.Now()) {}

  void OnRejected(std::span<const store::RejectedPoint> points) override TM_EXCLUDES(mutex_);
  /// The newest first.
  std::vector<RejectionGroup> Of(TableId table) const TM_EXCLUDES(mutex_);
  ArrivalTime since() const { return since_; }

 private:
  struct Table {
    std::map<store::RejectReason, RejectionGroup> groups;
    uint64_t used = 0;
  };

  const Clock& clock_;
  const ArrivalTime since_;
  mutable Mutex mutex_;
  std::map<TableId, Table> tables_ TM_GUARDED_BY(mutex_);
  uint64_t used_ TM_GUARDED_BY(mutex_) = 0;
};

}  // namespace tidemark::console
