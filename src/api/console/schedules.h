// SPDX-License-Identifier: Apache-2.0
// The scheduled queries of the Timestream QUERY API as the console needs them. Definitions are in
// the catalog, which the console reads itself; app implements the rest over api/timestream, so both
// sides have one set of rules. Thread-safe; Call() waits for the disk and belongs on query threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"

namespace tidemark::console {

/// Why an operation was refused, in the API's words.
struct ScheduleRefusal {
  Error error;
  std::string member;  // of the call: "queryString", "targetConfiguration"; "": none in particular
};

class Schedules {
 public:
  virtual ~Schedules() = default;

  /// Runs "CreateScheduledQuery" and the like; `input` is the call's body. None: it is done.
  virtual std::optional<ScheduleRefusal> Call(std::string_view operation,
                                              const JsonValue& input) = 0;
  /// The next due times if it were created now, at most `count`. kInvalidArgument says what is
  /// wrong with the expression.
  virtual Result<std::vector<ArrivalTime>> NextTimes(std::string_view schedule,
                                                     size_t count) const = 0;

  virtual std::string ArnOf(const catalog::ScheduledQueryDef& def) const = 0;
  /// None: it is disabled, or its time never comes.
  virtual std::optional<ArrivalTime> NextOf(const catalog::ScheduledQueryDef& def) const = 0;
};

}  // namespace tidemark::console
