// SPDX-License-Identifier: Apache-2.0
// A record that cannot become a point, and why. It never stops the pipeline and is never dropped
// silently: it goes to the stream NAME-dead. Immutable values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::pipeline {

enum class DeadReason : uint8_t {
  kDecode,           // not JSON, or not an object
  kSchema,           // a field is missing, empty, repeated, or of a kind that cannot be stored
  kValue,            // the value does not fit its type
  kTime,             // not a time, or outside 1700..2250
  kFutureTimestamp,  // more than 24 h ahead of its append time
  kReserved,         // the series is maintained by a view
  kRetention,        // older than what the table keeps
  kTypeConflict,     // the measure is stored with another type
  kTableLimit,       // too many dimensions or measures
  kUnjudgeable,      // what is stored at its place is damaged, and stayed so for 30 s
};
inline constexpr size_t kDeadReasonCount = 10;

/// "decode", "schema", "value", "time", "future_timestamp", "reserved", ...
std::string_view DeadReasonName(DeadReason reason);
/// "decode", "schema", "value", "time", "policy" (event-time.md section 14).
std::string_view DeadStageName(DeadReason reason);

struct DeadLetter {
  uint32_t record = 0;  // index in its batch
  DeadReason reason = DeadReason::kDecode;
  std::string field;    // of the record; "" if none is to blame
  std::string message;  // for people
};

}  // namespace tidemark::pipeline
