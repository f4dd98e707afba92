// SPDX-License-Identifier: Apache-2.0
// Numbers of catalogued things. Given out once and never again, also not after a deletion, so that
// files and journals may name a thing by its id for ever. 0 is never given out. Immutable values.
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace tidemark {

using StreamId = StrongId<struct StreamTag, uint32_t>;
using DatabaseId = StrongId<struct DatabaseTag, uint32_t>;
using TableId = StrongId<struct TableTag, uint32_t>;
using PipelineId = StrongId<struct PipelineTag, uint32_t>;
using ViewId = StrongId<struct ViewTag, uint32_t>;
using ScheduledQueryId = StrongId<struct ScheduledQueryTag, uint32_t>;
using SavedQueryId = StrongId<struct SavedQueryTag, uint32_t>;
using DashboardId = StrongId<struct DashboardTag, uint32_t>;

}  // namespace tidemark
