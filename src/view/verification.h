// SPDX-License-Identifier: Apache-2.0
// One view checked against its raw points (design section 2: a published row equals the aggregate
// by SELECT): every pair of group and window that has fired is evaluated again by the code that
// publishes, and what it gives is compared by bits with the row that is there. Reads only. In
// steps: memory is bounded by the pairs of one stretch of windows (of sessions and samples: by its
// points), and by the series of the view. Single-owner.
//
//  1. Where a view stands is what it has committed, not the end of the feed: windows that its
//  committed
//     watermark has not passed are open, and no difference.
//  2. A row that differs counts only if no point of its window came behind that place. Those that
//     did are in the feed, so it is read from there, once there are rows to ask about.
//  3. Windows that are not whole (retention, a source that began at `latest`, damage) are gaps, and
//     sealed ones that refused points are frozen: told apart, no difference.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"

namespace tidemark::view {

struct VerifyOptions {
  TimeRange windows;      // those that begin in it
  size_t rows_max = 100;  // differences that are kept; all are counted
};

/// A row that is not what the raw points give.
struct WrongRow {
  enum class Kind : uint8_t { kMissing, kExtra, kValue } kind = Kind::kValue;
  std::shared_ptr<const store::SeriesInfo> series;
  EventTime time;  // the row's label
  TimeRange window;
  uint32_t revision = 0;    // of the row
  store::Scalar old_value;  // as it is stored
  store::Scalar new_value;  // as the raw points give it
};

/// "missing", "extra", "value".
std::string_view DifferenceName(WrongRow::Kind kind);

struct VerifyReport {
  std::string view;
  uint32_t generation = 0;
  std::optional<EventTime> watermark;  // windows beyond were not looked at
  uint64_t windows = 0;                // (group, window) pairs that were compared
  uint64_t points_read = 0;            // raw ones, by scans
  uint64_t differences = 0;            // rows
  uint64_t frozen = 0;                 // rows of sealed windows that refused points
  uint64_t gaps = 0;                   // pairs whose raw points are not whole or cannot be read
  uint64_t open = 0;                   // pairs that the watermark has not passed
  uint64_t waiting = 0;        // rows that points changed which the view has not reached yet
  std::vector<WrongRow> rows;  // the first differences, ascending by series and time

  bool clean() const { return differences == 0; }
};

/// What of a maintainer's knowledge it needs.
struct VerifyEnv {
  store::Store& store;
  const Clock& clock;
  nanoseconds source_retention{0};  // 0: for ever
  std::optional<std::vector<PipelineId>> pipelines;
  /// What the view has read of the feed and put into its rows, as far as it knows beyond what it
  /// journaled.
  std::function<store::Positions()> read_up_to;
  size_t windows_per_piece = 4096;
  size_t pairs_max = 262'144;  // of one stretch of windows
  size_t group_state_bytes_max = 64UL << 20U;
};

class Verification {
 public:
  Verification(VerifyEnv env, ViewDefinition definition, VerifyOptions options);
  ~Verification();

  /// A bounded piece of work; false: finished. kFailedPrecondition: the view was dropped or
  /// replaced meanwhile.
  Result<bool> Step();
  /// So far.
  const VerifyReport& report() const;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

}  // namespace tidemark::view
