// SPDX-License-Identifier: Apache-2.0
#include "pipeline/dead_letter.h"

#include "base/check.h"

namespace tidemark::pipeline {

std::string_view DeadReasonName(DeadReason reason) {
  switch (reason) {
    case DeadReason::kDecode:
      return "decode";
    case DeadReason::kSchema:
      return "schema";
    case DeadReason::kValue:
      return "value";
    case DeadReason::kTime:
      return "time";
    case DeadReason::kFutureTimestamp:
      return "future_timestamp";
    case DeadReason::kReserved:
      return "reserved";
    case DeadReason::kRetention:
      return "retention";
    case DeadReason::kTypeConflict:
      return "type_conflict";
    case DeadReason::kTableLimit:
      return "table_limit";
    case DeadReason::kUnjudgeable:
      return "unjudgeable";
  }
  TM_UNREACHABLE();
}

std::string_view DeadStageName(DeadReason reason) {
  switch (reason) {
    case DeadReason::kDecode:
      return "decode";
    case DeadReason::kSchema:
      return "schema";
    case DeadReason::kValue:
      return "value";
    case DeadReason::kTime:
    case DeadReason::kFutureTimestamp:
      return "time";
    case DeadReason::kReserved:
    case DeadReason::kRetention:
    case DeadReason::kTypeConflict:
    case DeadReason::kTableLimit:
    case DeadReason::kUnjudgeable:
      return "policy";
  }
  TM_UNREACHABLE();
}

}  // namespace tidemark::pipeline
