// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/logging.h"
#include "view/series_book_internal.h"

namespace tidemark::view {

SeriesBook::SeriesBook(store::Store& store, const ViewDefinition& definition)
    : store_(store), definition_(definition), templates_(NameTemplates(definition)) {}

bool SeriesBook::Reads(const store::SeriesInfo& info) const {
  if (info.table != definition_.source || !info.owner.none()) return false;
  const auto& types = definition_.types;
  if (std::find(types.begin(), types.end(), info.type) == types.end()) return false;
  if (definition_.source == definition_.target) {
    for (const std::string& name_template : templates_) {
      if (store::MatchesTemplate(name_template, info.measure)) return false;
    }
  }
  return std::any_of(
      definition_.measures.begin(), definition_.measures.end(),
      [&](const std::string& pattern) { return MatchesGlob(pattern, info.measure); });
}

SeriesIndex SeriesBook::Register(store::SeriesRef ref) {
  const auto info = store_.Describe(ref);
  // Null: its table was dropped meanwhile; references are never used twice.
  if (info == nullptr || !Reads(*info)) {
    directory_.Insert(ref, SeriesDirectory::kForeign);
    return SeriesDirectory::kForeign;
  }
  const auto index = static_cast<SeriesIndex>(tracked_.size());
  const auto [measure, is_new] =
      measures_.try_emplace(info->measure, static_cast<uint32_t>(measures_.size()));
  if (is_new) {
    for (const std::string& name_template : templates_) {
      names_.push_back(MakeName(name_template, info->measure));
    }
  }
  tracked_.push_back({ref, info->type, measure->second});
  targets_.resize(targets_.size() + templates_.size());
  directory_.Insert(ref, index);
  return index;
}

Result<void> SeriesBook::ResolveTargets(std::span<const SeriesIndex> series) {
  std::vector<SeriesIndex> wanted;
  for (const SeriesIndex i : series) {
    if (targets_[i * templates_.size()].state == Target::State::kUnresolved) wanted.push_back(i);
  }
  if (wanted.empty()) return {};
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  std::vector<std::shared_ptr<const store::SeriesInfo>> infos;
  std::vector<std::vector<store::DimensionView>> dimensions;
  std::vector<store::SeriesKeyView> keys;
  infos.reserve(wanted.size());
  dimensions.reserve(wanted.size());
  keys.reserve(wanted.size() * templates_.size());
  for (const SeriesIndex i : wanted) {
    infos.push_back(store_.Describe(tracked_[i].ref));
    if (infos.back() == nullptr) {
      return Error{Code::kNotFound, "source table " + definition_.source_name + " is gone"};
    }
    auto& views = dimensions.emplace_back();
    for (const store::Dimension& d : infos.back()->dimensions) views.push_back({d.name, d.value});
    for (size_t a = 0; a < templates_.size(); ++a) {
      const auto type = agg::ResultTypeOf(definition_.aggregates[a % aggregates()],
                                          static_cast<agg::Type>(infos.back()->type));
      keys.push_back({.table = definition_.target,
                      .measure = names_[tracked_[i].measure * templates_.size() + a],
                      .dimensions = views,
                      .type = static_cast<store::ValueType>(type),
                      .owner = definition_.owner()});
    }
  }
  TM_ASSIGN_OR_RETURN(const auto resolved, store_.Resolve(keys));
  for (size_t k = 0; k < resolved.size(); ++k) {
    const SeriesIndex i = wanted[k / templates_.size()];
    Target& target = targets_[i * templates_.size() + k % templates_.size()];
    target.ref = resolved[k].series;
    target.state = resolved[k].rejection == store::RejectReason::kNone ? Target::State::kKnown
                                                                       : Target::State::kRefused;
    if (target.state == Target::State::kRefused) {
      Log(LogLevel::kWarning, "view", "the store refuses a row's series",
          {{"view", definition_.name}, {"measure", keys[k].measure}, {"reason", resolved[k].text}});
    }
  }
  return {};
}

}  // namespace tidemark::view
