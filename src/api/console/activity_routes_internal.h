// SPDX-License-Identifier: Apache-2.0
// How activities are written, in answers and in `object` events.
#pragma once

#include <vector>

#include "base/json.h"
#include "catalog/activity.h"

namespace tidemark::console {

/// Member "items".
void WriteActivities(JsonWriter& out, const std::vector<catalog::Activity>& activities);

}  // namespace tidemark::console
