// SPDX-License-Identifier: Apache-2.0
// The streams that views copy their refused late points to (`late_stream`). Thread-safe.
#pragma once

#include <span>
#include <string_view>

#include "log/log.h"
#include "store/store.h"
#include "view/maintainer.h"

namespace tidemark::app {

/// Data of a record there: {"view", "table" (of the raw point), "measure", "dimensions" (an
/// object), "type", "value" (what is stored at that time by now), "time", "window" ({"start",
/// "end"}), "watermark" (when the point was judged), "reason"}. Times are nanoseconds since 1970.
/// Partition key: the view's name. A point that several windows refuse has a record for each.
class LateStreams final : public view::LatePointSink {
 public:
  /// Both must outlive the object.
  LateStreams(log::Log& log, store::Store& store) : log_(log), store_(store) {}

  /// Makes the stream, with one shard, unless it exists. Waits for the disk.
  Result<void> Ensure(std::string_view stream);
  /// Makes the stream again if somebody deleted it.
  void OnLatePoints(const view::ViewDefinition& view, std::span<const view::LatePoint> points,
                    Completion<void> done) override;

 private:
  log::Log& log_;
  store::Store& store_;
};

}  // namespace tidemark::app
