// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/glob.h"
#include "view/definition.h"
#include "view/filter_internal.h"

namespace tidemark::view {
namespace {

const std::string* TextOf(std::string_view name, const store::SeriesInfo& series) {
  if (name == "measure_name") return &series.measure;
  const auto found = std::ranges::find(series.dimensions, name, &store::Dimension::name);
  return found == series.dimensions.end() ? nullptr : &found->value;
}

}  // namespace

bool Passes(const catalog::FilterDef& filter, const store::SeriesInfo& series) {
  return std::ranges::all_of(filter.texts, [&series](const catalog::FilterDef::Text& one) {
    const std::string* text = TextOf(one.name, series);
    if (text == nullptr) return false;
    if (one.glob) return MatchesGlob(one.values.front(), *text);
    return std::ranges::find(one.values, *text) != one.values.end();
  });
}

std::optional<std::string> LabelOf(const catalog::LabelMapDef& map,
                                   const store::SeriesInfo& series) {
  const std::string* from = TextOf(map.from, series);
  if (from == nullptr) return std::nullopt;
  const std::pair<std::string, std::string>* best = nullptr;
  for (const auto& one : map.texts) {
    if (!MatchesGlob(one.first, *from)) continue;
    if (best == nullptr || best->first.size() < one.first.size()) best = &one;
  }
  return best == nullptr ? std::nullopt : std::optional(best->second);
}

}  // namespace tidemark::view
