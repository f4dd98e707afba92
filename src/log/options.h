// SPDX-License-Identifier: Apache-2.0
// Bounds of the log. Immutable value.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "base/units.h"

namespace tidemark::log {

struct LogOptions {
  size_t segment_bytes_max = 64_MiB;   // a segment rolls after this; one frame may overshoot
  size_t frame_bytes_max = 8_MiB;      // of one group commit; one append may overshoot
  size_t section_bytes_max = 256_KiB;  // one checksum and one read; one record may overshoot
  size_t waiting_bytes_max = 64_MiB;   // per stream: appends beyond it are refused
  milliseconds trim_interval = seconds(60);
};

/// Records in one frame. Also the gap left in every shard's offsets after an unclean stop, so that
/// a number that was on its way to the disk is never given to another record.
inline constexpr size_t kFrameRecordsMax = 65'536;

}  // namespace tidemark::log
