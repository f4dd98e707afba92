// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "app/stack_dashboards_internal.h"

namespace tidemark::app {

Result<std::vector<std::string>> ReadDashboards(const Stack& stack,
                                                const console::StackRequest& request) {
  std::vector<std::string> out;
  for (const StackDashboard& dashboard : stack.dashboards) {
    if (auto named = request.dashboards.CheckName(dashboard.name); !named.ok()) {
      return std::move(named).error().With(dashboard.where);
    }
    const auto file = request.files.find(dashboard.file);
    if (file == request.files.end()) {
      return Error{Code::kInvalidArgument,
                   dashboard.where + ": the file " + dashboard.file + " was not sent along"};
    }
    auto definition = request.dashboards.Read(file->second, dashboard.title);
    if (!definition.ok()) {
      return std::move(definition).error().With(dashboard.where + ": " + dashboard.file);
    }
    out.push_back(std::move(definition).value());
  }
  return out;
}

}  // namespace tidemark::app
