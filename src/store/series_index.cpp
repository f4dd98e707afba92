// SPDX-License-Identifier: Apache-2.0
// Definitions; what series are called is in series_names.cpp, selections are in series_select.cpp.
#include "store/series_index.h"

#include <algorithm>

#include "store/canonical_key.h"
#include "store/reject_text.h"

namespace tidemark::store {
namespace {

void AddOnce(std::vector<std::pair<uint32_t, uint64_t>>& list, uint32_t id, uint64_t lsn) {
  const auto same = [&](const auto& entry) { return entry.first == id; };
  if (std::none_of(list.begin(), list.end(), same)) list.emplace_back(id, lsn);
}

SchemaVerdict Rejected(RejectReason reason, std::string text) { return {reason, std::move(text)}; }

}  // namespace

TableIndex* SeriesIndex::Find(TableId table) {
  const auto it = slot_of_.find(table.value);
  return it == slot_of_.end() ? nullptr : tables_[it->second].get();
}

const TableIndex* SeriesIndex::Find(TableId table) const {
  const auto it = slot_of_.find(table.value);
  return it == slot_of_.end() ? nullptr : tables_[it->second].get();
}

TableIndex& SeriesIndex::FindOrAdd(TableId table) {
  if (TableIndex* found = Find(table)) return *found;
  auto index = std::make_unique<TableIndex>();
  index->id = table;
  index->slot = static_cast<uint32_t>(tables_.size());
  slot_of_[table.value] = index->slot;
  tables_.push_back(std::move(index));
  return *tables_.back();
}

uint32_t SeriesIndex::FindInTable(const TableIndex& table, ValueType type, Owner owner,
                                  std::span<const uint32_t> tuple) const {
  const uint32_t found = table.by_tuple.Find(HashOf(type, owner, tuple), [&](uint32_t id) {
    const SeriesEntry* entry = directory_.Get({0, id});
    // Shape and so the length are in the second number.
    return entry->type == type && entry->owner == owner &&
           std::memcmp(entry->tuple, tuple.data(), 2 * sizeof(uint32_t)) == 0 &&
           std::equal(tuple.begin(), tuple.end(), entry->tuple);
  });
  return found == kNoId ? 0 : found;
}

uint32_t SeriesIndex::FindSeries(const SeriesKeyView& key) const {
  const TableIndex* table = Find(key.table);
  if (table == nullptr) return 0;
  thread_local Tuple tuple;
  return FindTuple(*table, key, tuple) ? FindInTable(*table, key.type, key.owner, tuple) : 0;
}

Result<SeriesEntry*> SeriesIndex::AddSeries(const SeriesKeyView& key) {
  const uint32_t id = directory_.end();
  if (id >= SeriesDirectory::kSeriesMax) {
    return Error{Code::kResourceExhausted, "the store holds the maximum number of series"};
  }
  return Fill(directory_.Create(id), key);
}

Result<SeriesEntry*> SeriesIndex::AddSeriesAt(uint32_t id, ValueType type,
                                              std::string_view canonical_key) {
  // Ids are dense and ascend in the order of Resolve(), definitions in that of first points.
  if (id == 0 || id >= SeriesDirectory::kSeriesMax ||
      (id < directory_.end() && directory_.Get({0, id}) != nullptr)) {
    return Error{Code::kCorruption, "journal defines series " + std::to_string(id) + " twice"};
  }
  thread_local std::vector<DimensionView> dimensions;
  TM_ASSIGN_OR_RETURN(SeriesKeyView key, ParseCanonicalKeyView(canonical_key, dimensions));
  key.type = type;
  return Fill(id < directory_.end() ? directory_.CreateInGap(id) : directory_.Create(id), key);
}

SeriesEntry* SeriesIndex::Fill(SeriesEntry& entry, const SeriesKeyView& key) {
  TableIndex& table = FindOrAdd(key.table);
  const size_t bytes_before = table.heap_bytes + table.arena.heap_bytes() +
                              table.by_tuple.heap_bytes() + table.measure_names.heap_bytes();
  thread_local Tuple tuple;
  MakeTuple(table, key, tuple);
  MeasureEntry& measure = table.measures[tuple[0]];
  auto* place = static_cast<uint32_t*>(
      table.arena.Allocate(tuple.size() * sizeof(uint32_t), alignof(uint32_t)));
  std::copy(tuple.begin(), tuple.end(), place);
  entry.tuple = place;
  entry.table_slot = table.slot;
  entry.table = key.table;
  entry.type = key.type;
  entry.owner = key.owner;
  entry.reserved_by = measure.reserved_by;
  table.by_tuple.Insert(HashOf(key.type, key.owner, tuple), entry.id);
  const size_t grown = table.heap_bytes + table.arena.heap_bytes() + table.by_tuple.heap_bytes() +
                       table.measure_names.heap_bytes() - bytes_before;
  heap_bytes_ += sizeof(SeriesEntry) + grown;
  if (entry.id >= directory_.end()) directory_.Publish(entry.id);
  return &entry;
}

SchemaVerdict SeriesIndex::CheckMeasure(const TableIndex& table, std::string_view name,
                                        ValueType type) {
  const uint32_t id = table.measure_names.Find(name);
  if (id == kNoId || table.measures[id].first_lsn == 0) {
    if (table.measure_count < kTableMeasuresMax) return {};
    return Rejected(RejectReason::kTableLimit, MeasureLimitText());
  }
  if (table.measures[id].type == type) return {};
  return Rejected(RejectReason::kTypeConflict,
                  MeasureTypeText(name, table.measures[id].type, type));
}

template <typename HasDimension>
SchemaVerdict SeriesIndex::CheckFields(const TableIndex& table, std::span<const FieldView> fields,
                                       const HasDimension& has_dimension) {
  size_t count = table.fields.size();
  for (const FieldView& f : fields) {
    const auto it = table.fields.find(f.name);
    if (it != table.fields.end()) {
      if (it->second.type == f.value.type()) continue;
      return Rejected(RejectReason::kTypeConflict,
                      FieldTypeText(f.name, it->second.type, f.value.type()));
    }
    ++count;
    const uint32_t dimension = table.dimension_names.Find(f.name);
    if (dimension == kNoId) {
      if (!has_dimension(f.name)) continue;
    } else if (table.dimensions[dimension].first_lsn == 0 && !has_dimension(f.name)) {
      continue;
    }
    return Rejected(RejectReason::kTypeConflict, NameClashText(f.name));
  }
  if (count > kTableFieldsMax) return Rejected(RejectReason::kTableLimit, FieldLimitText());
  return {};
}

SchemaVerdict SeriesIndex::Check(const SeriesKeyView& key,
                                 std::span<const FieldView> fields) const {
  const TableIndex* table = Find(key.table);
  if (table == nullptr) return {};
  if (SchemaVerdict bad = CheckMeasure(*table, key.measure, key.type);
      bad.reason != RejectReason::kNone) {
    return bad;
  }
  size_t dimensions = table->dimension_count;
  for (const DimensionView& d : key.dimensions) {
    if (table->fields.contains(d.name))
      return Rejected(RejectReason::kTypeConflict, NameClashText(d.name));
    const uint32_t id = table->dimension_names.Find(d.name);
    if (id == kNoId || table->dimensions[id].first_lsn == 0) ++dimensions;
  }
  if (dimensions > kTableDimensionsMax)
    return Rejected(RejectReason::kTableLimit, DimensionLimitText());
  return CheckFields(*table, fields, [&](std::string_view name) {
    return std::any_of(key.dimensions.begin(), key.dimensions.end(),
                       [&](const DimensionView& d) { return d.name == name; });
  });
}

SchemaVerdict SeriesIndex::Check(const SeriesEntry& entry,
                                 std::span<const FieldView> fields) const {
  const TableIndex* table = Find(entry.table);
  if (table == nullptr || entry.tuple == nullptr) return {};
  const Shape& shape = table->shapes[entry.tuple[1]];
  // A series that has points fits but for new fields.
  if (entry.first_lsn == 0) {
    if (SchemaVerdict bad =
            CheckMeasure(*table, table->measure_names.TextOf(entry.tuple[0]), entry.type);
        bad.reason != RejectReason::kNone) {
      return bad;
    }
    size_t dimensions = table->dimension_count;
    for (const uint32_t id : shape.dimensions) {
      const std::string_view name = table->dimension_names.TextOf(id);
      if (table->fields.contains(name))
        return Rejected(RejectReason::kTypeConflict, NameClashText(name));
      if (table->dimensions[id].first_lsn == 0) ++dimensions;
    }
    if (dimensions > kTableDimensionsMax)
      return Rejected(RejectReason::kTableLimit, DimensionLimitText());
  }
  return CheckFields(*table, fields, [&](std::string_view name) {
    const uint32_t id = table->dimension_names.Find(name);
    return id != kNoId && shape.PlaceOf(id) != kNoId;
  });
}

void SeriesIndex::CountShape(TableIndex& table, const SeriesEntry& entry, uint64_t lsn) {
  ShapeUse& use = table.measures[entry.tuple[0]].shapes[{entry.owner, entry.tuple[1]}];
  if (use.series++ == 0) use.first_lsn = lsn;
  if (!entry.owner.none()) ++table.owned_series;
}

void SeriesIndex::UncountShape(TableIndex& table, const SeriesEntry& entry) {
  auto& shapes = table.measures[entry.tuple[0]].shapes;
  const auto use = shapes.find({entry.owner, entry.tuple[1]});
  if (--use->second.series == 0) shapes.erase(use);
  if (!entry.owner.none()) --table.owned_series;
}

void SeriesIndex::Define(SeriesEntry& entry, uint64_t lsn) {
  if (entry.first_lsn != 0) return;
  entry.first_lsn = lsn;
  ++defined_;
  TableIndex& table = FindOrAdd(entry.table);
  table.newest_first_lsn = std::max(table.newest_first_lsn, lsn);
  MeasureEntry& measure = table.measures[entry.tuple[0]];
  if (measure.first_lsn == 0) {
    measure.type = entry.type;
    measure.first_lsn = lsn;
    ++table.measure_count;
  }
  size_t grown = measure.series.Add(entry.id);
  grown += table.series.Add(entry.id);
  CountShape(table, entry, lsn);
  const Shape& shape = table.shapes[entry.tuple[1]];
  for (size_t i = 0; i < shape.dimensions.size(); ++i) {
    DimensionEntry& dimension = table.dimensions[shape.dimensions[i]];
    if (dimension.first_lsn == 0) {
      dimension.order = static_cast<uint32_t>(table.dimension_count++);
      dimension.first_lsn = lsn;
    }
    grown += dimension.by_value[entry.tuple[2 + i]].Add(entry.id);
    grown += dimension.all.Add(entry.id);
  }
  table.heap_bytes += grown;
  heap_bytes_ += grown;
  if (entry.type == ValueType::kMulti) return;
  const FieldDef column{"", entry.type};
  const auto same = [&](const auto& c) { return c.first == column; };
  if (std::none_of(table.columns.begin(), table.columns.end(), same))
    table.columns.emplace_back(column, lsn);
}

std::pair<uint32_t, bool> SeriesIndex::DefineField(TableIndex& table, const FieldDef& field,
                                                   uint64_t lsn) {
  const auto [it, made] = table.fields.try_emplace(field.name);
  if (made) {
    it->second = {static_cast<uint32_t>(table.fields_by_id.size()), field.type};
    table.fields_by_id.push_back(field);
    table.columns.emplace_back(field, lsn);
  }
  return {it->second.id, made};
}

void SeriesIndex::NoteField(SeriesEntry& entry, uint32_t field_id, uint64_t lsn) {
  if (entry.tuple == nullptr) return;
  if (entry.multi == nullptr) entry.multi = std::make_unique<MultiState>();
  AddOnce(entry.multi->fields, field_id, lsn);
  AddOnce(Find(entry.table)->measures[entry.tuple[0]].fields, field_id, lsn);
}

void SeriesIndex::EraseKey(TableIndex& table, const SeriesEntry& entry) {
  table.by_tuple.Erase(HashOf(entry.type, entry.owner, TupleOf(table, entry)), entry.id);
}

void SeriesIndex::Drop(TableIndex& table) {
  for (uint32_t id = 1; id < directory_.end(); ++id) {
    SeriesEntry* entry = directory_.Get({0, id});
    if (entry == nullptr || entry->table_slot != table.slot || entry->dropped) continue;
    entry->dropped = true;
    entry->tuple = nullptr;
    infos_.Forget(id);
    if (entry->first_lsn != 0) --defined_;
  }
  heap_bytes_ -= table.heap_bytes + table.arena.heap_bytes() + table.by_tuple.heap_bytes() +
                 table.measure_names.heap_bytes();
  const uint32_t slot = table.slot;
  slot_of_.erase(table.id.value);
  tables_[slot].reset();
}

void SeriesIndex::Drop(SeriesEntry& entry) {
  TableIndex& table = *Find(entry.table);
  EraseKey(table, entry);
  if (entry.first_lsn != 0) {
    --defined_;
    table.measures[entry.tuple[0]].series.Remove(entry.id);
    table.series.Remove(entry.id);
    UncountShape(table, entry);
    const Shape& shape = table.shapes[entry.tuple[1]];
    for (size_t i = 0; i < shape.dimensions.size(); ++i) {
      DimensionEntry& dimension = table.dimensions[shape.dimensions[i]];
      dimension.by_value[entry.tuple[2 + i]].Remove(entry.id);
      dimension.all.Remove(entry.id);
    }
  }
  entry.dropped = true;
  entry.tuple = nullptr;
  infos_.Forget(entry.id);
}

bool SeriesIndex::SetOwner(SeriesEntry& entry, Owner owner) {
  if (entry.tuple == nullptr) return false;
  TableIndex& table = *Find(entry.table);
  const std::span<const uint32_t> tuple = TupleOf(table, entry);
  if (FindInTable(table, entry.type, owner, tuple) != 0) return false;
  EraseKey(table, entry);
  if (entry.first_lsn != 0) UncountShape(table, entry);
  entry.owner = owner;
  if (entry.first_lsn != 0) CountShape(table, entry, entry.first_lsn);
  table.by_tuple.Insert(HashOf(entry.type, owner, tuple), entry.id);
  infos_.Forget(entry.id);
  return true;
}

void SeriesIndex::SetReservations(std::vector<Reservation> reservations) {
  reservations_ = std::move(reservations);
  for (const auto& table : tables_) {
    if (table == nullptr) continue;
    for (uint32_t id = 0; id < table->measures.size(); ++id) {
      const Reservation* by = ReservedBy(table->id, table->measure_names.TextOf(id));
      table->measures[id].reserved_by = by == nullptr ? 0 : by->view.value;
    }
  }
  for (uint32_t id = 1; id < directory_.end(); ++id) {
    SeriesEntry* entry = directory_.Get({0, id});
    if (entry == nullptr || entry->tuple == nullptr) continue;
    entry->reserved_by = tables_[entry->table_slot]->measures[entry->tuple[0]].reserved_by;
  }
}

const Reservation* SeriesIndex::ReservedBy(TableId table, std::string_view measure) const {
  for (const Reservation& r : reservations_) {
    if (r.target == table && MatchesTemplate(r.name_template, measure)) return &r;
  }
  return nullptr;
}

std::string SeriesIndex::ViewName(ViewId view) const {
  for (const Reservation& r : reservations_) {
    if (r.view == view) return r.view_name;
  }
  return std::to_string(view.value);
}

std::vector<std::string> SeriesIndex::OwnerlessNames(const TableIndex& table,
                                                     std::string_view name_template,
                                                     size_t count_max) const {
  std::vector<std::string> out;
  for (uint32_t id = 0; id < table.measures.size(); ++id) {
    const auto& shapes = table.measures[id].shapes;  // ownerless ones are first
    if (shapes.empty() || !shapes.begin()->first.first.none()) continue;
    const std::string_view name = table.measure_names.TextOf(id);
    if (MatchesTemplate(name_template, name)) out.emplace_back(name);
  }
  std::sort(out.begin(), out.end());
  if (out.size() > count_max) out.resize(count_max);
  return out;
}

}  // namespace tidemark::store
