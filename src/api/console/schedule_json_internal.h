// SPDX-License-Identifier: Apache-2.0
// A scheduled query as the console writes it (web/API.md section 15) and as the Timestream API
// does (timestream-api.md 5.5, 5.11). What its members may be is the API's to say. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "api/console/reply_internal.h"
#include "base/json.h"

namespace tidemark::console {

/// The body of the CreateScheduledQuery call that `body` of POST asks for.
std::optional<Failure> WriteCreateCall(const JsonValue& body, JsonWriter& out);

/// `target` and `report` from the kept members of that call.
void WriteScheduleTarget(const JsonValue& properties, JsonWriter& out);
void WriteScheduleReport(const JsonValue& properties, JsonWriter& out);

}  // namespace tidemark::console
