// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/bytes.h"
#include "base/glob.h"
#include "base/logging.h"
#include "view/filter_internal.h"
#include "view/series_book_internal.h"

namespace tidemark::view {

SeriesBook::SeriesBook(store::Store& store, const ViewDefinition& definition)
    : store_(store), definition_(definition), templates_(NameTemplates(definition)) {}

bool SeriesBook::Reads(const store::SeriesInfo& info) const {
  if (info.table != definition_.source || info.owner != definition_.reads()) return false;
  const bool of_type =
      definition_.columns.empty()
          ? std::ranges::find(definition_.types, info.type) != definition_.types.end()
          : info.type == store::ValueType::kMulti;
  return of_type && ReadsMeasure(info.measure) && Passes(definition_.filter, info);
}

bool SeriesBook::ReadsMeasure(std::string_view measure) const {
  if (definition_.source == definition_.target && !definition_.upstream) {
    for (const std::string& name_template : templates_) {
      if (store::MatchesTemplate(name_template, measure)) return false;
    }
  }
  return std::ranges::any_of(definition_.measures, [&](const std::string& pattern) {
    return MatchesGlob(pattern, measure);
  });
}

uint32_t SeriesBook::MeasureOf(const std::string& measure) {
  const auto [it, is_new] = measures_.try_emplace(measure, static_cast<uint32_t>(measures_.size()));
  if (is_new) {
    for (const std::string& name_template : templates_) {
      names_.push_back(MakeName(name_template, measure));
    }
  }
  return it->second;
}

std::vector<std::string> SeriesBook::TargetNames() const {
  std::vector<std::string> out = names_;
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::vector<store::Dimension> SeriesBook::DimensionsOf(const store::SeriesInfo& info) const {
  if (!definition_.grouped()) return info.dimensions;
  std::vector<store::Dimension> out;
  for (const std::string& name : definition_.group_by) {
    if (name == definition_.label_map.name) {
      if (auto label = LabelOf(definition_.label_map, info)) out.push_back({name, *label});
      continue;
    }
    const auto found = std::ranges::find(info.dimensions, name, &store::Dimension::name);
    if (found != info.dimensions.end()) out.push_back(*found);
  }
  // A row needs a dimension; so has the one of a series that has none of those.
  if (out.empty()) out.push_back({"view", definition_.name});
  std::ranges::sort(out);
  return out;
}

GroupIndex SeriesBook::GroupOf(const store::SeriesInfo& info) {
  const auto next = static_cast<GroupIndex>(groups_.size());
  if (definition_.grouped()) {
    ByteWriter key;
    key.PutU8(static_cast<uint8_t>(info.type));
    key.PutString(info.measure);
    for (const store::Dimension& d : DimensionsOf(info)) {
      key.PutString(d.name);
      key.PutString(d.value);
    }
    const auto [it, is_new] = group_of_.try_emplace(std::move(key).Take(), next);
    if (!is_new) return it->second;
  }
  groups_.push_back({.type = info.type,
                     .measure = MeasureOf(info.measure),
                     .first = static_cast<SeriesIndex>(tracked_.size()),
                     .members = {}});
  targets_.resize(targets_.size() + templates_.size());
  return next;
}

SeriesIndex SeriesBook::Register(store::SeriesRef ref) {
  const auto info = store_.Describe(ref);
  // Null: its table was dropped meanwhile; references are never used twice.
  if (info == nullptr || !Reads(*info)) {
    directory_.Insert(ref, SeriesDirectory::kForeign);
    return SeriesDirectory::kForeign;
  }
  const auto index = static_cast<SeriesIndex>(tracked_.size());
  const GroupIndex group = GroupOf(*info);
  auto& members = groups_[group].members;
  tracked_.push_back({ref, group, static_cast<uint32_t>(members.size())});
  if (grouped()) members.push_back(index);
  directory_.Insert(ref, index);
  return index;
}

Result<void> SeriesBook::ResolveTargets(std::span<const SeriesIndex> series) {
  std::vector<GroupIndex> wanted;
  for (const SeriesIndex i : series) {
    const GroupIndex g = tracked_[i].group;
    if (targets_[g * templates_.size()].state == Target::State::kUnresolved) wanted.push_back(g);
  }
  if (wanted.empty()) return {};
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  std::vector<std::vector<store::Dimension>> texts;
  std::vector<std::vector<store::DimensionView>> dimensions;
  std::vector<store::SeriesKeyView> keys;
  texts.reserve(wanted.size());
  dimensions.reserve(wanted.size());
  keys.reserve(wanted.size() * templates_.size());
  for (const GroupIndex g : wanted) {
    const Group& group = groups_[g];
    const auto info = store_.Describe(tracked_[group.first].ref);
    if (info == nullptr) {
      return Error{Code::kNotFound, "source table " + definition_.source_name + " is gone"};
    }
    texts.push_back(DimensionsOf(*info));
    auto& views = dimensions.emplace_back();
    for (const store::Dimension& d : texts.back()) views.push_back({d.name, d.value});
    for (size_t a = 0; a < templates_.size(); ++a) {
      const auto type =
          definition_.rows_have_columns()
              ? store::ValueType::kMulti
              : static_cast<store::ValueType>(agg::ResultTypeOf(
                    definition_.aggregates[a % outputs()], static_cast<agg::Type>(group.type)));
      keys.push_back({.table = definition_.target,
                      .measure = names_[group.measure * templates_.size() + a],
                      .dimensions = views,
                      .type = type,
                      .owner = definition_.owner()});
    }
  }
  TM_ASSIGN_OR_RETURN(const auto resolved, store_.Resolve(keys));
  for (size_t k = 0; k < resolved.size(); ++k) {
    const GroupIndex g = wanted[k / templates_.size()];
    Target& target = targets_[g * templates_.size() + k % templates_.size()];
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
