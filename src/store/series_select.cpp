// SPDX-License-Identifier: Apache-2.0
// Selections over posting lists, and the schema that readers see.
//
// A condition is asked of a dictionary's texts, not of series. Conditions whose texts are named (=,
// IN) and those on the measure are known at once and taken smallest first; then each other is asked
// of its whole dictionary, or only of the values that the series left over have, whichever are
// fewer. Of matching and other values the ones with fewer series are united, and the complement is
// taken against the series that have the dimension.
#include <algorithm>
#include <unordered_map>

#include "store/series_index.h"
#include "store/text_predicate.h"

namespace tidemark::store {

namespace {

struct Union {
  std::vector<const PostingList*> lists;
  uint64_t ids = 0;  // lists of one dictionary are disjoint

  void Add(const PostingList& list) {
    if (list.empty()) return;
    lists.push_back(&list);
    ids += list.size();
  }
  IdSet Make() const { return IdSet::UnionOf(lists); }
};

struct Condition {
  uint32_t dimension = kNoId;
  const DimensionEntry* entry = nullptr;
  const TextMatcher* matcher = nullptr;
};

}  // namespace

/// One selection at work; under the index lock.
class Selector {
 public:
  Selector(const SeriesIndex& index, const Selection& selection)
      : index_(index), selection_(selection) {}

  Result<void> Compile() {
    for (const TextPredicate& p : selection_.measure) {
      TM_ASSIGN_OR_RETURN(TextMatcher matcher, TextMatcher::Compile(p));
      measure_.push_back(std::move(matcher));
    }
    for (const DimensionPredicate& p : selection_.dimensions) {
      TM_ASSIGN_OR_RETURN(TextMatcher matcher, TextMatcher::Compile(p.predicate));
      dimensions_.push_back(std::move(matcher));
    }
    return {};
  }

  Result<std::vector<uint32_t>> Run(const TableIndex& table, uint64_t lsn) {
    table_ = &table;
    if (selection_.series) return Named(lsn);
    TM_ASSIGN_OR_RETURN(std::vector<uint32_t> ids, Candidates());
    const bool all_visible = selection_.owners.kind != OwnerFilter::Kind::kView &&
                             table.owned_series == 0 && table.newest_first_lsn <= lsn;
    if (!all_visible) std::erase_if(ids, [&](uint32_t id) { return !Shown(id, lsn); });
    return ids;
  }

 private:
  // Posting lists have no dropped series.
  bool Shown(uint32_t id, uint64_t lsn) const {
    const SeriesEntry* entry = index_.directory_.Get({0, id});
    return entry->first_lsn <= lsn && index_.Visible(entry->owner, selection_.owners);
  }

  Result<bool> MeasureMatches(std::string_view name) const {
    for (const TextMatcher& matcher : measure_) {
      TM_ASSIGN_OR_RETURN(const bool holds, matcher.Matches(name));
      if (!holds) return false;
    }
    return true;
  }

  Result<std::vector<uint32_t>> Named(uint64_t lsn) {
    std::vector<uint32_t> out;
    for (const SeriesRef ref : *selection_.series) {
      const SeriesEntry* entry = index_.directory_.Get(ref);
      if (entry == nullptr || entry->tuple == nullptr || entry->first_lsn == 0 ||
          entry->table_slot != table_->slot || !Shown(entry->id, lsn)) {
        continue;
      }
      TM_ASSIGN_OR_RETURN(const bool measure,
                          MeasureMatches(table_->measure_names.TextOf(entry->tuple[0])));
      if (!measure) continue;
      TM_ASSIGN_OR_RETURN(const bool dimensions, DimensionsMatch(*entry));
      if (dimensions) out.push_back(entry->id);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }

  Result<bool> DimensionsMatch(const SeriesEntry& entry) const {
    const Shape& shape = table_->shapes[entry.tuple[1]];
    for (size_t i = 0; i < dimensions_.size(); ++i) {
      const uint32_t id = table_->dimension_names.Find(selection_.dimensions[i].dimension);
      const uint32_t place = id == kNoId ? kNoId : shape.PlaceOf(id);
      if (place == kNoId) return false;
      TM_ASSIGN_OR_RETURN(
          const bool holds,
          dimensions_[i].Matches(table_->dimensions[id].values.TextOf(entry.tuple[2 + place])));
      if (!holds) return false;
    }
    return true;
  }

  Result<std::vector<uint32_t>> Candidates() {
    if (!measure_.empty()) {
      TM_ASSIGN_OR_RETURN(Union found, MatchingMeasures());
      known_.push_back(std::move(found));
    }
    for (size_t i = 0; i < dimensions_.size(); ++i) {
      const uint32_t id = table_->dimension_names.Find(selection_.dimensions[i].dimension);
      if (id == kNoId) return std::vector<uint32_t>();
      Classify({id, &table_->dimensions[id], &dimensions_[i]});
    }
    std::sort(known_.begin(), known_.end(),
              [](const Union& a, const Union& b) { return a.ids < b.ids; });
    for (const Union& condition : known_) {
      Keep(condition);
      if (left_->empty()) return std::vector<uint32_t>();
    }
    for (const auto& [entry, except] : excluded_) Exclude(*entry, except);
    std::sort(asked_.begin(), asked_.end(), [](const Condition& a, const Condition& b) {
      return a.entry->values.size() < b.entry->values.size();
    });
    for (const Condition& condition : asked_) {
      if (left_ && left_->empty()) break;
      if (left_ && left_->size() < condition.entry->values.size()) {
        TM_RETURN_IF_ERROR(AskSeries(condition));
      } else {
        TM_RETURN_IF_ERROR(AskDictionary(condition));
      }
    }
    if (left_) return left_->ToVector();
    std::vector<uint32_t> all;
    table_->series.AppendTo(all);
    return all;
  }

  Result<Union> MatchingMeasures() const {
    Union found;
    for (const TextMatcher& matcher : measure_) {
      if (matcher.exact() == nullptr || matcher.negated()) continue;
      for (const std::string& name : *matcher.exact()) {
        const uint32_t id = table_->measure_names.Find(name);
        if (id == kNoId) continue;
        TM_ASSIGN_OR_RETURN(const bool holds, MeasureMatches(name));
        if (holds) found.Add(table_->measures[id].series);
      }
      return found;
    }
    for (uint32_t id = 0; id < table_->measures.size(); ++id) {
      if (table_->measures[id].series.empty()) continue;
      TM_ASSIGN_OR_RETURN(const bool holds, MeasureMatches(table_->measure_names.TextOf(id)));
      if (holds) found.Add(table_->measures[id].series);
    }
    return found;
  }

  void Classify(const Condition& condition) {
    const std::vector<std::string>* named = condition.matcher->exact();
    if (named == nullptr) {
      asked_.push_back(condition);
      return;
    }
    Union found;
    for (const std::string& value : *named) {
      const uint32_t id = condition.entry->values.Find(value);
      if (id != kNoId) found.Add(condition.entry->by_value[id]);
    }
    if (condition.matcher->negated()) {
      excluded_.emplace_back(condition.entry, std::move(found));
    } else {
      known_.push_back(std::move(found));
    }
  }

  void Keep(const Union& condition) {
    if (!left_) {
      left_ = condition.Make();
    } else if (condition.lists.size() == 1) {
      left_->IntersectWith(*condition.lists.front());
    } else {
      left_->IntersectWith(condition.Make());
    }
  }

  // Leaves the series that have the dimension, but with none of these values.
  void Exclude(const DimensionEntry& entry, const Union& except) {
    if (!left_) {
      const PostingList* all = &entry.all;
      left_ = IdSet::UnionOf({&all, 1});
    } else {
      left_->IntersectWith(entry.all);
    }
    if (!except.lists.empty()) left_->Subtract(except.Make());
  }

  Result<void> AskDictionary(const Condition& condition) {
    const DimensionEntry& entry = *condition.entry;
    Union holds;
    Union fails;
    for (uint32_t value = 0; value < entry.values.size(); ++value) {
      const PostingList& list = entry.by_value[value];
      if (list.empty()) continue;
      TM_ASSIGN_OR_RETURN(const bool matches,
                          condition.matcher->Matches(entry.values.TextOf(value)));
      (matches ? holds : fails).Add(list);
    }
    if (holds.ids <= fails.ids) {
      Keep(holds);
    } else {
      Exclude(entry, fails);
    }
    return {};
  }

  Result<void> AskSeries(const Condition& condition) {
    std::vector<uint32_t> place_of;
    for (const Shape& shape : table_->shapes)
      place_of.push_back(shape.PlaceOf(condition.dimension));
    std::unordered_map<uint32_t, bool> known;
    std::vector<uint32_t> kept;
    for (const uint32_t id : left_->ToVector()) {
      const SeriesEntry* entry = index_.directory_.Get({0, id});
      const uint32_t place = place_of[entry->tuple[1]];
      if (place == kNoId) continue;
      const uint32_t value = entry->tuple[2 + place];
      auto it = known.find(value);
      if (it == known.end()) {
        TM_ASSIGN_OR_RETURN(const bool matches,
                            condition.matcher->Matches(condition.entry->values.TextOf(value)));
        it = known.emplace(value, matches).first;
      }
      if (it->second) kept.push_back(id);
    }
    left_ = IdSet::Of(kept);
    return {};
  }

  const SeriesIndex& index_;
  const Selection& selection_;
  const TableIndex* table_ = nullptr;
  std::vector<TextMatcher> measure_;
  std::vector<TextMatcher> dimensions_;  // as in the selection

  std::vector<Union> known_;
  std::vector<std::pair<const DimensionEntry*, Union>> excluded_;
  std::vector<Condition> asked_;
  std::optional<IdSet> left_;  // none: every series
};

bool SeriesIndex::Visible(Owner owner, const OwnerFilter& filter) const {
  switch (filter.kind) {
    case OwnerFilter::Kind::kOwnerless:
      return owner.none();
    case OwnerFilter::Kind::kView:
      return owner == filter.view;
    case OwnerFilter::Kind::kVisible:
      break;
  }
  if (owner.none()) return true;
  return std::any_of(reservations_.begin(), reservations_.end(), [&](const Reservation& r) {
    return r.view == owner.view && r.active_generation == owner.generation;
  });
}

Result<std::vector<uint32_t>> SeriesIndex::SelectIds(const Selection& selection,
                                                     uint64_t lsn) const {
  Selector selector(*this, selection);
  TM_RETURN_IF_ERROR(selector.Compile());
  const TableIndex* table = Find(selection.table);
  if (table == nullptr) return std::vector<uint32_t>();
  return selector.Run(*table, lsn);
}

Result<std::vector<std::shared_ptr<const SeriesInfo>>> SeriesIndex::Select(
    const Selection& selection, uint64_t lsn) const {
  TM_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, SelectIds(selection, lsn));
  std::vector<std::shared_ptr<const SeriesInfo>> out;
  out.reserve(ids.size());
  for (const uint32_t id : ids) out.push_back(Info(id));
  return out;
}

TableSchema SeriesIndex::Schema(const TableIndex& table, uint64_t lsn) const {
  TableSchema schema;
  std::vector<uint32_t> by_order(table.dimension_count, kNoId);
  for (uint32_t id = 0; id < table.dimensions.size(); ++id) {
    const DimensionEntry& d = table.dimensions[id];
    if (d.first_lsn != 0 && d.first_lsn <= lsn) by_order[d.order] = id;
  }
  const auto name_of = [&](uint32_t id) { return std::string(table.dimension_names.TextOf(id)); };
  for (const uint32_t id : by_order) {
    if (id != kNoId) schema.dimensions.push_back(name_of(id));
  }
  for (const auto& [column, first] : table.columns) {
    if (first <= lsn) schema.columns.push_back(column);
  }
  for (uint32_t id = 0; id < table.measures.size(); ++id) {
    const MeasureEntry& measure = table.measures[id];
    std::vector<uint8_t> has(by_order.size());
    bool visible = false;
    for (const auto& [key, use] : measure.shapes) {
      if (use.first_lsn > lsn || !Visible(key.first, {})) continue;
      visible = true;
      for (const uint32_t d : table.shapes[key.second].dimensions)
        has[table.dimensions[d].order] = 1;
    }
    if (!visible) continue;
    TableSchema::Measure m;
    m.name = table.measure_names.TextOf(id);
    m.type = measure.type;
    for (size_t order = 0; order < has.size(); ++order) {
      if (has[order] != 0) m.dimensions.push_back(name_of(by_order[order]));
    }
    std::vector<uint32_t> fields;
    for (const auto& [field, first] : measure.fields) {
      if (first <= lsn) fields.push_back(field);
    }
    std::sort(fields.begin(), fields.end());
    for (const uint32_t field : fields) m.fields.push_back(table.fields_by_id[field]);
    schema.measures.push_back(std::move(m));
  }
  std::sort(schema.measures.begin(), schema.measures.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return schema;
}

}  // namespace tidemark::store
