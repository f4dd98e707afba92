// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "view/conflicts_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kNamesInMessage = 3;

std::string Joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

Result<void> CheckRowTypes(const ViewDefinition& next, const ViewDefinition& before) {
  const auto ours = NameTemplates(next);
  const auto theirs = NameTemplates(before);
  for (size_t a = 0; a < ours.size(); ++a) {
    for (size_t b = 0; b < theirs.size(); ++b) {
      if (!TemplatesOverlap(ours[a], theirs[b])) continue;
      for (const store::ValueType type : next.types) {
        const auto of = [type](const ViewDefinition& d, size_t i) {
          return static_cast<store::ValueType>(agg::ResultTypeOf(
              d.aggregates[i % d.aggregates.size()], static_cast<agg::Type>(type)));
        };
        if (std::ranges::find(before.types, type) == before.types.end()) continue;
        if (of(next, a) == of(before, b)) continue;
        return Error{Code::kInvalidArgument,
                     "view " + next.name + ": output \"" + ours[a] + "\" would make rows of type " +
                         std::string(store::ValueTypeName(of(next, a))) + " of measures of type " +
                         std::string(store::ValueTypeName(type)) + ", where generation " +
                         std::to_string(before.generation) + " has " +
                         std::string(store::ValueTypeName(of(before, b))) +
                         ", and a measure has one type in a table: name them otherwise"};
      }
    }
  }
  return {};
}

Result<void> CheckNamesApart(const ViewDefinition& definition, const ViewDefinition& other) {
  if (other.target != definition.target) return {};
  const auto wanted = NameTemplates(definition);
  for (const std::string& theirs : NameTemplates(other)) {
    for (const std::string& ours : wanted) {
      if (!TemplatesOverlap(ours, theirs)) continue;
      return Error{Code::kAlreadyExists, "view " + definition.name + ": names of output \"" + ours +
                                             "\" are reserved in " + definition.target_name +
                                             " by view " + other.name + " (\"" + theirs + "\")"};
    }
  }
  return {};
}

Result<void> CheckNamesUnowned(store::Store& store, const ViewDefinition& definition,
                               const std::string& name_template) {
  const auto names = store.OwnerlessNamesOf(definition.target, name_template, kNamesInMessage);
  if (names.empty()) return {};
  return Error{Code::kFailedPrecondition,
               "view " + definition.name + ": " + definition.target_name +
                   " already has series that its output \"" + name_template + "\" could make (" +
                   Joined(names) + "); set adopt = true to take them over"};
}

}  // namespace tidemark::view
