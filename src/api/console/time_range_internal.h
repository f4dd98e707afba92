// SPDX-License-Identifier: Apache-2.0
// The grammar of points in time that pages, links and the command line share (console-ux.md 4).
// Pure functions.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tidemark::console {

/// "now", "now-15m", "now-1h/h" (down to the hour), "now+1d/d", milliseconds since the epoch,
/// RFC 3339. Units s m h d w M y; weeks begin on Monday; all in UTC. kInvalidArgument.
Result<EventTime> ParseTimePoint(std::string_view text, EventTime now);

}  // namespace tidemark::console
