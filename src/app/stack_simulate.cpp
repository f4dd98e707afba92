// SPDX-License-Identifier: Apache-2.0
// A view under other settings: the text of its definition with some keys replaced, read again.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/simulation.h"
#include "app/stack.h"
#include "app/stack_admin.h"
#include "app/stack_keys.h"
#include "base/json.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// A value as TOML: texts need no quotes, lists no brackets.
std::string TomlOf(std::string_view key, std::string_view value) {
  const auto quoted = [](std::string_view text) {
    std::string out;
    AppendJsonString(out, text);
    return out;
  };
  if (!value.empty() && std::string_view("[{\"'").find(value.front()) != std::string_view::npos) {
    return std::string(value);
  }
  if (const ViewKey* known = FindViewKey(key); known != nullptr && known->texts) {
    std::string out = "[";
    for (size_t begin = 0; begin <= value.size();) {
      const size_t end = std::min(value.find(',', begin), value.size());
      if (end > begin)
        out += (out.size() > 1 ? ", " : "") + quoted(value.substr(begin, end - begin));
      begin = end + 1;
    }
    return out + "]";
  }
  if (value == "true" || value == "false" || ParseFiniteDouble(value)) return std::string(value);
  return quoted(value);
}

/// Keys of another kind of windows than the one that is wished.
bool Replaced(std::string_view key, const Settings& settings) {
  const ViewKey* const known = FindViewKey(key);
  if (known == nullptr) return false;
  return std::ranges::any_of(settings, [known](const auto& setting) {
    const ViewKey* const wished = FindViewKey(setting.first);
    if (wished == nullptr || wished->name != wished->windows) return false;
    if (known->name == "offset") return wished->name == "session_gap" || wished->name == "calendar";
    return !known->windows.empty() && wished->windows != known->windows;
  });
}

std::string WithSettings(const std::string& text, const Settings& settings) {
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    const std::string_view key = line.substr(0, line.find(' '));
    const bool given = std::ranges::any_of(settings, [key](const auto& setting) {
      return setting.first == key || (key == "aggregates" && setting.first == "aggregate");
    });
    if (!given && !Replaced(key, settings)) out.append(line) += '\n';
  }
  for (const auto& [key, value] : settings) {
    out.append(key).append(" = ").append(TomlOf(key, value)) += '\n';
  }
  return out;
}

}  // namespace

Result<console::ViewSimulation> StackAdmin::SimulateView(std::string_view name,
                                                         const Settings& settings,
                                                         const std::function<bool()>& gone) {
  TM_ASSIGN_OR_RETURN(const catalog::ViewDef def, context_.catalog.GetView(name));
  catalog::ViewDef root = def;  // whose table's points are played
  while (!root.source.empty()) {
    TM_ASSIGN_OR_RETURN(root, context_.catalog.GetView(root.source));
  }
  for (const auto& [key, value] : settings) {
    if (const ViewKey* known = FindViewKey(key); known != nullptr && known->identity) {
      return Error{Code::kInvalidArgument, "key \"" + key + "\" cannot be simulated"};
    }
  }
  TM_ASSIGN_OR_RETURN(const Stack stack,
                      ParseStack(WithSettings(StackText(def), settings), "the settings"));
  if (stack.views.size() != 1) return Error{Code::kInvalidArgument, "the settings are no view's"};
  catalog::ViewDef other = stack.views.front();
  other.id = def.id;
  other.generation = def.generation;
  TM_ASSIGN_OR_RETURN(other, WithZoneRules(std::move(other), def));
  TM_ASSIGN_OR_RETURN(const view::ViewDefinition present, Definition(def));
  TM_ASSIGN_OR_RETURN(const view::ViewDefinition wished, Definition(other));
  TM_RETURN_IF_ERROR(view::CheckDefinition(wished));
  for (const view::ViewDefinition* one : {&present, &wished}) {
    if (one->root().columns.empty()) continue;
    return Error{Code::kFailedPrecondition,
                 "view " + one->root().name +
                     " reads columns of records that are written directly, "
                     "and a simulation plays streams: it would have no rows"};
  }
  if (simulates_.exchange(true)) {
    return Error{Code::kFailedPrecondition, "another simulation runs: wait until it has ended"};
  }
  const SimulationContext context{.catalog = context_.catalog,
                                  .log = context_.log,
                                  .fs = context_.fs,
                                  .scratch_dir = context_.scratch_directory + "/simulate",
                                  .now = context_.clock.Now(),
                                  .gone = gone};
  auto done = Simulate(context, root.database, root.table, present, wished);
  simulates_ = false;
  return done;
}

}  // namespace tidemark::app
