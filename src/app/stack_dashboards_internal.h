// SPDX-License-Identifier: Apache-2.0
// The dashboards of a stack, whose definitions lie in files of their own. Pure but for the keeper.
#pragma once

#include <string>
#include <vector>

#include "api/console/admin.h"
#include "app/stack.h"
#include "base/result.h"

namespace tidemark::app {

/// Their definitions, in the stack's order. kInvalidArgument names the place in the stack.
Result<std::vector<std::string>> ReadDashboards(const Stack& stack,
                                                const console::StackRequest& request);

}  // namespace tidemark::app
