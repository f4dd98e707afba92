// SPDX-License-Identifier: Apache-2.0
// Numbers of named things. Assigned by the catalog, never reused, 0 is none. Immutable values.
#pragma once

#include "base/strong_id.h"

namespace tidemark {

using StreamId = StrongId<struct StreamTag>;
using DatabaseId = StrongId<struct DatabaseTag>;
using TableId = StrongId<struct TableTag>;
using PipelineId = StrongId<struct PipelineTag>;
using ViewId = StrongId<struct ViewTag>;

}  // namespace tidemark
