// SPDX-License-Identifier: Apache-2.0
// `tidemark generate`: puts the EC2 sample's records on a stream through the Kinesis API, like any
// client. Event time runs from --start to now as fast as the server takes it, then live. Order: the
// records of a step go out before those of the next, so that within a shard only records that were
// drawn to be late are older than what is there.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "app/fleet.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"

namespace tidemark::app {

struct GeneratorOptions {
  std::string stream = "ec2-metrics";
  FleetOptions fleet;
  nanoseconds interval = seconds(10);  // whole seconds
  std::optional<EventTime> start;      // none: now
  std::optional<EventTime> end;        // none: until stopped
  double percent_late = 0;
  nanoseconds late_time = seconds(75);
  uint64_t rate = 0;                                 // records per second at most; 0: no limit
  std::string partition_key = "instance_name/silo";  // dimensions, joined by '/'
};

struct GeneratorProgress {
  uint64_t records = 0;
  uint64_t late_records = 0;
  EventTime event_time;
  bool live = false;
};

/// Runs until the end, an error, or `stop`. `report` is called about once a second. kNotFound: no
/// such stream; kUnavailable: the server is gone.
Result<GeneratorProgress> RunGenerator(const GeneratorOptions& options, http::Client& client,
                                       const Clock& clock, const std::atomic<bool>& stop,
                                       const std::function<void(const GeneratorProgress&)>& report);

}  // namespace tidemark::app
