// SPDX-License-Identifier: Apache-2.0
// Definitions; selections are in series_select.cpp.
#include "store/series_index.h"

#include <algorithm>

#include "base/checksum.h"
#include "store/canonical_key.h"
#include "store/reject_text.h"

namespace tidemark::store {
namespace {

uint64_t KeyHash(std::string_view canonical_key, ValueType type) {
  return Hash64(canonical_key) ^ (static_cast<uint64_t>(type) * 0x9e3779b97f4a7c15U);
}

// Ids mostly ascend; a series resolved earlier than it was first written does not.
void InsertSorted(std::vector<uint32_t>& list, uint32_t id) {
  if (list.empty() || list.back() < id) {
    list.push_back(id);
    return;
  }
  list.insert(std::upper_bound(list.begin(), list.end(), id), id);
}

void AddOnce(std::vector<std::pair<uint32_t, uint64_t>>& list, uint32_t id, uint64_t lsn) {
  const auto same = [&](const auto& entry) { return entry.first == id; };
  if (std::none_of(list.begin(), list.end(), same)) list.emplace_back(id, lsn);
}

SeriesInfo InfoOf(const SeriesKeyView& key) {
  SeriesInfo info;
  info.table = key.table;
  info.measure = key.measure;
  info.type = key.type;
  info.owner = key.owner;
  for (const DimensionView& d : key.dimensions)
    info.dimensions.push_back({std::string(d.name), std::string(d.value)});
  std::sort(info.dimensions.begin(), info.dimensions.end());
  info.canonical_key = CanonicalKey(info);
  return info;
}

size_t BytesOf(const SeriesInfo& info) {
  // Entry, info with its control block, key node, and per dimension two strings and a posting.
  constexpr size_t kFixed = sizeof(SeriesEntry) + sizeof(SeriesInfo) + 32 + 64;
  size_t bytes = kFixed + info.canonical_key.capacity() + info.measure.capacity();
  for (const Dimension& d : info.dimensions) {
    bytes += sizeof(Dimension) + 8;
    if (d.name.capacity() > 15) bytes += d.name.capacity() + 16;
    if (d.value.capacity() > 15) bytes += d.value.capacity() + 16;
  }
  return bytes;
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

uint32_t SeriesIndex::FindSeries(const SeriesKeyView& key) const {
  return FindKey(CanonicalKey(key), key.type);
}

uint32_t SeriesIndex::FindKey(std::string_view canonical_key, ValueType type) const {
  const auto [first, last] = by_key_.equal_range(KeyHash(canonical_key, type));
  for (auto it = first; it != last; ++it) {
    const SeriesEntry* entry = directory_.Get({0, it->second});
    if (entry != nullptr && entry->type == type &&
        infos_[it->second]->canonical_key == canonical_key) {
      return it->second;
    }
  }
  return 0;
}

Result<SeriesEntry*> SeriesIndex::AddSeries(const SeriesKeyView& key) {
  const uint32_t id = directory_.end();
  if (id >= SeriesDirectory::kSeriesMax) {
    return Error{Code::kResourceExhausted, "the store holds the maximum number of series"};
  }
  return Fill(directory_.Create(id), InfoOf(key));
}

Result<SeriesEntry*> SeriesIndex::AddSeriesAt(uint32_t id, ValueType type,
                                              std::string_view canonical_key) {
  TM_ASSIGN_OR_RETURN(SeriesInfo info, ParseCanonicalKey(canonical_key));
  info.type = type;
  if (id < directory_.end() || id >= SeriesDirectory::kSeriesMax) {
    // Ids are dense and ascend in the order of Resolve(), definitions in that of first points.
    SeriesEntry* gap = directory_.Get({0, id});
    if (gap != nullptr || id >= SeriesDirectory::kSeriesMax || id == 0) {
      return Error{Code::kCorruption, "journal defines series " + std::to_string(id) + " twice"};
    }
  }
  return Fill(id < directory_.end() ? directory_.CreateInGap(id) : directory_.Create(id),
              std::move(info));
}

SeriesEntry* SeriesIndex::Fill(SeriesEntry& entry, SeriesInfo info) {
  info.ref = {0, entry.id};
  entry.table_slot = FindOrAdd(info.table).slot;
  entry.table = info.table;
  entry.type = info.type;
  entry.owner = info.owner;
  if (const Reservation* by = ReservedBy(info.table, info.measure))
    entry.reserved_by = by->view.value;
  by_key_.emplace(KeyHash(info.canonical_key, info.type), entry.id);
  heap_bytes_ += BytesOf(info);
  if (infos_.size() <= entry.id) infos_.resize(entry.id + 1);
  infos_[entry.id] = std::make_shared<const SeriesInfo>(std::move(info));
  if (entry.id >= directory_.end()) directory_.Publish(entry.id);
  return &entry;
}

std::shared_ptr<const SeriesInfo> SeriesIndex::Info(uint32_t id) const {
  const SeriesEntry* entry = directory_.Get({0, id});
  return entry == nullptr || entry->dropped ? nullptr : infos_[id];
}

std::string_view SeriesIndex::MeasureOf(uint32_t id) const {
  const SeriesEntry* entry = directory_.Get({0, id});
  return entry == nullptr || entry->dropped ? std::string_view() : infos_[id]->measure;
}

std::string SeriesIndex::KeyOf(uint32_t id) const { return infos_[id]->canonical_key; }

SchemaVerdict SeriesIndex::Check(const SeriesKeyView& key,
                                 std::span<const FieldView> fields) const {
  return CheckInfo(InfoOf(key), fields);
}

SchemaVerdict SeriesIndex::Check(const SeriesEntry& entry,
                                 std::span<const FieldView> fields) const {
  return CheckInfo(*infos_[entry.id], fields);
}

SchemaVerdict SeriesIndex::CheckInfo(const SeriesInfo& info,
                                     std::span<const FieldView> fields) const {
  const TableIndex* table = Find(info.table);
  if (table == nullptr) return {};
  if (const auto it = table->measures.find(info.measure); it == table->measures.end()) {
    if (table->measures.size() >= kTableMeasuresMax) {
      return Rejected(RejectReason::kTableLimit, MeasureLimitText());
    }
  } else if (it->second.type != info.type) {
    return Rejected(RejectReason::kTypeConflict,
                    MeasureTypeText(info.measure, it->second.type, info.type));
  }
  size_t dimensions = table->dimensions.size();
  for (const Dimension& d : info.dimensions) {
    if (table->fields.contains(d.name))
      return Rejected(RejectReason::kTypeConflict, NameClashText(d.name));
    if (!table->dimensions.contains(d.name)) ++dimensions;
  }
  if (dimensions > kTableDimensionsMax)
    return Rejected(RejectReason::kTableLimit, DimensionLimitText());
  size_t count = table->fields.size();
  for (const FieldView& f : fields) {
    const auto it = table->fields.find(f.name);
    if (it != table->fields.end()) {
      if (it->second.type == f.value.type()) continue;
      return Rejected(RejectReason::kTypeConflict,
                      FieldTypeText(f.name, it->second.type, f.value.type()));
    }
    ++count;
    const auto is_name = [&](const Dimension& d) { return d.name == f.name; };
    if (table->dimensions.contains(f.name) ||
        std::any_of(info.dimensions.begin(), info.dimensions.end(), is_name)) {
      return Rejected(RejectReason::kTypeConflict, NameClashText(f.name));
    }
  }
  if (count > kTableFieldsMax) return Rejected(RejectReason::kTableLimit, FieldLimitText());
  return {};
}

void SeriesIndex::Define(SeriesEntry& entry, uint64_t lsn) {
  if (entry.first_lsn != 0) return;
  entry.first_lsn = lsn;
  ++defined_;
  const SeriesInfo& info = *infos_[entry.id];
  TableIndex& table = FindOrAdd(info.table);
  const auto [measure, new_measure] = table.measures.try_emplace(info.measure);
  if (new_measure) {
    measure->second.type = info.type;
    measure->second.first_lsn = lsn;
  }
  InsertSorted(measure->second.series, entry.id);
  InsertSorted(table.series, entry.id);
  for (const Dimension& d : info.dimensions) {
    const auto order = static_cast<uint32_t>(table.dimensions.size());
    const auto [dimension, new_dimension] = table.dimensions.try_emplace(d.name);
    if (new_dimension) {
      dimension->second.order = order;
      dimension->second.first_lsn = lsn;
    }
    InsertSorted(dimension->second.values[d.value], entry.id);
  }
  if (info.type == ValueType::kMulti) return;
  const FieldDef column{"", info.type};
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
  if (entry.multi == nullptr) entry.multi = std::make_unique<MultiState>();
  AddOnce(entry.multi->fields, field_id, lsn);
  if (TableIndex* table = Find(entry.table)) {
    AddOnce(table->measures[infos_[entry.id]->measure].fields, field_id, lsn);
  }
}

void SeriesIndex::EraseKey(const SeriesInfo& info) {
  const auto [first, last] = by_key_.equal_range(KeyHash(info.canonical_key, info.type));
  for (auto it = first; it != last; ++it) {
    if (it->second == info.ref.lo) {
      by_key_.erase(it);
      return;
    }
  }
}

void SeriesIndex::Drop(TableIndex& table) {
  for (uint32_t id = 1; id < directory_.end(); ++id) {
    SeriesEntry* entry = directory_.Get({0, id});
    if (entry == nullptr || entry->table_slot != table.slot || entry->dropped) continue;
    EraseKey(*infos_[id]);
    heap_bytes_ -= BytesOf(*infos_[id]);
    entry->dropped = true;
    if (entry->first_lsn != 0) --defined_;
  }
  const uint32_t slot = table.slot;
  slot_of_.erase(table.id.value);
  tables_[slot].reset();
}

// Postings keep the id: selections leave dropped series out.
void SeriesIndex::Drop(SeriesEntry& entry) {
  EraseKey(*infos_[entry.id]);
  heap_bytes_ -= BytesOf(*infos_[entry.id]);
  entry.dropped = true;
  if (entry.first_lsn != 0) --defined_;
}

bool SeriesIndex::SetOwner(SeriesEntry& entry, Owner owner) {
  auto info = std::make_shared<SeriesInfo>(*infos_[entry.id]);
  info->owner = owner;
  info->canonical_key = CanonicalKey(*info);
  if (FindKey(info->canonical_key, info->type) != 0) return false;
  EraseKey(*infos_[entry.id]);
  by_key_.emplace(KeyHash(info->canonical_key, info->type), entry.id);
  entry.owner = owner;
  infos_[entry.id] = std::move(info);
  return true;
}

void SeriesIndex::SetReservations(std::vector<Reservation> reservations) {
  reservations_ = std::move(reservations);
  for (uint32_t id = 1; id < directory_.end(); ++id) {
    SeriesEntry* entry = directory_.Get({0, id});
    if (entry == nullptr || entry->dropped) continue;
    const Reservation* by = ReservedBy(entry->table, MeasureOf(id));
    entry->reserved_by = by == nullptr ? 0 : by->view.value;
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

}  // namespace tidemark::store
