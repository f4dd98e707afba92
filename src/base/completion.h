// SPDX-License-Identifier: Apache-2.0
// A callback that receives one Result exactly once. Whatever must wait (a sync, a query) completes
// later; the thread it runs on is the completer's, so a completion only hands off and never blocks.
#pragma once

#include <functional>

#include "base/result.h"

namespace tidemark {

template <typename T>
using Completion = std::move_only_function<void(Result<T>)>;

}  // namespace tidemark
