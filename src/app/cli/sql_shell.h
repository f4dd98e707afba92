// SPDX-License-Identifier: Apache-2.0
// The interactive shell of `tidemark sql` (console-ux.md 13.5).
#pragma once

#include "app/cli/command.h"

namespace tidemark::app {

/// Reads until \q or the end of input; the exit code.
int RunSqlShell(const Invocation& call);

}  // namespace tidemark::app
