// SPDX-License-Identifier: Apache-2.0
// Who hears of points that were refused: a view of them for people, who else read of them only in
// the answer to the writer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "store/store.h"

namespace tidemark::store {

/// Views live as long as the sink's call.
struct RejectedPoint {
  TableId table;
  SeriesRef series;                    // of the store; zero where `key` is given
  const SeriesKeyView* key = nullptr;  // a series that may not be made or written
  std::optional<EventTime> time;       // of a point
  int64_t version = 0;                 // as written; 0: none was
  RejectReason reason = RejectReason::kNone;
  std::optional<int64_t> existing_version;
  std::string_view text;  // the API's reason text
  /// Who wrote, as far as the write tells: clients of the API are checked by its times.
  std::optional<WriteBatch::TimeCheck> time_check;
};

/// Thread-safe; called on the writer's thread without any of the store's locks, so it must be quick
/// and never wait.
class RejectionSink {
 public:
  virtual ~RejectionSink() = default;
  virtual void OnRejected(std::span<const RejectedPoint> points) = 0;
};

}  // namespace tidemark::store
