// SPDX-License-Identifier: Apache-2.0
// The store's part of /api/v1 (web/API.md section 8): sizes and damage as JSON. Pure functions over
// the parts; calls may wait for their locks, so none belongs on a network thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/console/service.h"
#include "base/result.h"

namespace tidemark::console {

/// GET /api/v1/store: numbers are JSON numbers here, for tools.
std::string StoreStatsJson(const ServiceDeps& deps);

/// Damaged files and the clock's warning as (object, message) of the overview's problems.
std::vector<std::pair<std::string, std::string>> StoreProblems(const ServiceDeps& deps);

/// The string member `key` of a body that has no other; kInvalidArgument names the key.
Result<std::string> OnlyMember(std::string_view body, std::string_view key);
/// Of POST /api/v1/store:compact.
Result<store::CompactMode> CompactModeOf(std::string_view body);

}  // namespace tidemark::console
