// SPDX-License-Identifier: Apache-2.0
// Where append-only files of synced frames put the proof that their newest frame was synced: an
// un-synced confirmation behind it (docs/format/journal.md section 2.1). Pure functions.
#pragma once

#include <cstdint>

namespace tidemark {

/// What a disk writes, loses or returns as a whole.
inline constexpr uint64_t kDiskSectorBytes = 512;

/// The place at or behind `frame_end` that shares no sector with the frame's header, the
/// `header_bytes` at `frame_at`. So a lost sector leaves the confirmation, or the header, which
/// says where the frame ends and so that something was appended behind it.
constexpr uint64_t ConfirmationOffset(uint64_t frame_at, uint64_t header_bytes,
                                      uint64_t frame_end) {
  const uint64_t last_of_header = (frame_at + header_bytes - 1) / kDiskSectorBytes;
  const uint64_t free = (last_of_header + 1) * kDiskSectorBytes;
  return frame_end < free ? free : frame_end;
}

}  // namespace tidemark
