// SPDX-License-Identifier: Apache-2.0
// Selections over posting lists, and the schema that readers see.
#include <algorithm>

#include "store/series_index.h"
#include "store/text_predicate.h"

namespace tidemark::store {
namespace {

using Lists = std::vector<const std::vector<uint32_t>*>;

size_t TotalOf(const Lists& lists) {
  size_t n = 0;
  for (const auto* list : lists) n += list->size();
  return n;
}

// Lists of one measure or dimension are disjoint.
std::vector<uint32_t> UnionOf(const Lists& lists) {
  std::vector<uint32_t> out;
  out.reserve(TotalOf(lists));
  for (const auto* list : lists) out.insert(out.end(), list->begin(), list->end());
  if (lists.size() > 1) std::sort(out.begin(), out.end());
  return out;
}

Result<Lists> MatchingValues(const DimensionEntry& dimension, const TextPredicate& predicate) {
  Lists out;
  if (predicate.op == TextPredicate::Op::kIn) {
    std::vector<std::string_view> wanted(predicate.values.begin(), predicate.values.end());
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    for (const std::string_view value : wanted) {
      if (const auto it = dimension.values.find(value); it != dimension.values.end())
        out.push_back(&it->second);
    }
    return out;
  }
  TM_ASSIGN_OR_RETURN(const TextMatcher matcher, TextMatcher::Compile(predicate));
  for (const auto& [value, series] : dimension.values) {
    TM_ASSIGN_OR_RETURN(const bool holds, matcher.Matches(value));
    if (holds) out.push_back(&series);
  }
  return out;
}

std::vector<uint32_t> Intersect(const std::vector<uint32_t>& small, const Lists& lists) {
  std::vector<uint32_t> out;
  if (lists.size() == 1 && small.size() * 16 < lists[0]->size()) {
    for (const uint32_t id : small) {
      if (std::binary_search(lists[0]->begin(), lists[0]->end(), id)) out.push_back(id);
    }
    return out;
  }
  const std::vector<uint32_t> other = UnionOf(lists);
  std::set_intersection(small.begin(), small.end(), other.begin(), other.end(),
                        std::back_inserter(out));
  return out;
}

}  // namespace

bool SeriesIndex::Visible(const SeriesInfo& info, const OwnerFilter& filter) const {
  switch (filter.kind) {
    case OwnerFilter::Kind::kOwnerless:
      return info.owner.none();
    case OwnerFilter::Kind::kView:
      return info.owner == filter.view;
    case OwnerFilter::Kind::kVisible:
      break;
  }
  if (info.owner.none()) return true;
  return std::any_of(reservations_.begin(), reservations_.end(), [&](const Reservation& r) {
    return r.view == info.owner.view && r.active_generation == info.owner.generation;
  });
}

bool SeriesIndex::Matches(const SeriesInfo& info, const Selection& selection) const {
  if (info.table != selection.table) return false;
  for (const TextPredicate& p : selection.measure) {
    if (!p.Matches(info.measure)) return false;
  }
  for (const DimensionPredicate& p : selection.dimensions) {
    const auto it =
        std::lower_bound(info.dimensions.begin(), info.dimensions.end(), p.dimension,
                         [](const Dimension& d, const std::string& name) { return d.name < name; });
    if (it == info.dimensions.end() || it->name != p.dimension || !p.predicate.Matches(it->value))
      return false;
  }
  return true;
}

Result<std::vector<uint32_t>> SeriesIndex::Candidates(const TableIndex& table,
                                                      const Selection& selection) const {
  if (selection.measure.empty() && selection.dimensions.empty()) return table.series;
  std::vector<Lists> conditions;
  if (!selection.measure.empty()) {
    Lists lists;
    for (const TextPredicate& p : selection.measure) {
      TM_RETURN_IF_ERROR(TextMatcher::Compile(p));
    }
    for (const auto& [name, measure] : table.measures) {
      const auto holds = [&n = name](const TextPredicate& p) { return p.Matches(n); };
      if (std::all_of(selection.measure.begin(), selection.measure.end(), holds)) {
        lists.push_back(&measure.series);
      }
    }
    conditions.push_back(std::move(lists));
  }
  for (const DimensionPredicate& p : selection.dimensions) {
    const auto it = table.dimensions.find(p.dimension);
    if (it == table.dimensions.end()) return std::vector<uint32_t>();
    TM_ASSIGN_OR_RETURN(Lists lists, MatchingValues(it->second, p.predicate));
    conditions.push_back(std::move(lists));
  }
  std::sort(conditions.begin(), conditions.end(),
            [](const Lists& a, const Lists& b) { return TotalOf(a) < TotalOf(b); });
  std::vector<uint32_t> ids = UnionOf(conditions.front());
  for (size_t i = 1; i < conditions.size() && !ids.empty(); ++i) {
    if (conditions[i].empty()) return std::vector<uint32_t>();
    ids = Intersect(ids, conditions[i]);
  }
  return ids;
}

Result<std::vector<std::shared_ptr<const SeriesInfo>>> SeriesIndex::Select(
    const Selection& selection, uint64_t lsn) const {
  TM_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, SelectIds(selection, lsn));
  std::vector<std::shared_ptr<const SeriesInfo>> out;
  out.reserve(ids.size());
  for (const uint32_t id : ids) out.push_back(infos_[id]);
  return out;
}

Result<std::vector<uint32_t>> SeriesIndex::SelectIds(const Selection& selection,
                                                     uint64_t lsn) const {
  std::vector<uint32_t> out;
  const TableIndex* table = Find(selection.table);
  if (table == nullptr) return out;
  const auto take = [&](const SeriesEntry* entry) {
    if (entry == nullptr || entry->dropped || entry->first_lsn == 0 || entry->first_lsn > lsn)
      return;
    if (Visible(*infos_[entry->id], selection.owners)) out.push_back(entry->id);
  };
  if (selection.series) {
    std::vector<SeriesRef> wanted = *selection.series;
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    for (const SeriesRef ref : wanted) {
      const SeriesEntry* entry = directory_.Get(ref);
      if (entry != nullptr && Matches(*infos_[entry->id], selection)) take(entry);
    }
    return out;
  }
  TM_ASSIGN_OR_RETURN(const std::vector<uint32_t> ids, Candidates(*table, selection));
  out.reserve(ids.size());
  for (const uint32_t id : ids) take(directory_.Get({0, id}));
  return out;
}

TableSchema SeriesIndex::Schema(const TableIndex& table, uint64_t lsn) const {
  TableSchema schema;
  std::vector<std::pair<uint32_t, std::string>> dimensions;
  for (const auto& [name, d] : table.dimensions) {
    if (d.first_lsn <= lsn) dimensions.emplace_back(d.order, name);
  }
  std::sort(dimensions.begin(), dimensions.end());
  for (auto& [order, name] : dimensions) schema.dimensions.push_back(std::move(name));
  for (const auto& [column, first] : table.columns) {
    if (first <= lsn) schema.columns.push_back(column);
  }
  for (const auto& [name, measure] : table.measures) {
    std::vector<uint32_t> orders;
    bool visible = false;
    for (const uint32_t id : measure.series) {
      const SeriesEntry* entry = directory_.Get({0, id});
      if (entry == nullptr || entry->dropped || entry->first_lsn > lsn || !Visible(*infos_[id], {}))
        continue;
      visible = true;
      for (const Dimension& d : infos_[id]->dimensions) {
        const uint32_t order = table.dimensions.find(d.name)->second.order;
        if (std::find(orders.begin(), orders.end(), order) == orders.end()) orders.push_back(order);
      }
    }
    if (!visible) continue;
    TableSchema::Measure m;
    m.name = name;
    m.type = measure.type;
    std::sort(orders.begin(), orders.end());
    for (const uint32_t order : orders) m.dimensions.push_back(schema.dimensions[order]);
    std::vector<uint32_t> fields;
    for (const auto& [id, first] : measure.fields) {
      if (first <= lsn) fields.push_back(id);
    }
    std::sort(fields.begin(), fields.end());
    for (const uint32_t id : fields) m.fields.push_back(table.fields_by_id[id]);
    schema.measures.push_back(std::move(m));
  }
  return schema;
}

}  // namespace tidemark::store
