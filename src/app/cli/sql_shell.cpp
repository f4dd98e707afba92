// SPDX-License-Identifier: Apache-2.0
#include "app/cli/sql_shell.h"

namespace tidemark::app {

int RunSqlShell(const Invocation& call) { return call.Usage("give a statement, or -f FILE"); }

}  // namespace tidemark::app
