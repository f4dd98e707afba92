// SPDX-License-Identifier: Apache-2.0
// From what a series is called to its tuple of numbers, and back.
#include <algorithm>

#include "base/checksum.h"
#include "store/canonical_key.h"
#include "store/series_index.h"

namespace tidemark::store {
namespace {

// Orders of dimension names that are remembered, a table; others are looked up name by name.
constexpr size_t kOrdersMax = 4096;

uint64_t HashNames(std::span<const DimensionView> dimensions) {
  uint64_t hash = 0x9e3779b97f4a7c15U;
  for (const DimensionView& d : dimensions) hash = (hash ^ Hash64(d.name)) * 0xbf58476d1ce4e5b9U;
  return hash ^ (hash >> 31U);
}

bool SameNames(const TableIndex& table, const ShapeOrder& order,
               std::span<const DimensionView> dimensions) {
  if (order.dimensions.size() != dimensions.size()) return false;
  for (size_t i = 0; i < dimensions.size(); ++i) {
    if (table.dimension_names.TextOf(order.dimensions[i]) != dimensions[i].name) return false;
  }
  return true;
}

// Sorts what `order` names by name: the shape's order.
std::vector<uint32_t> Sorted(const TableIndex& table, const std::vector<uint32_t>& dimensions) {
  std::vector<uint32_t> out = dimensions;
  std::sort(out.begin(), out.end(), [&](uint32_t a, uint32_t b) {
    return table.dimension_names.TextOf(a) < table.dimension_names.TextOf(b);
  });
  return out;
}

// A name that comes twice (callers check that, a damaged key may not) has a place for each.
void FillPlaces(const std::vector<uint32_t>& shape, ShapeOrder& order) {
  order.places.clear();
  for (const uint32_t dimension : order.dimensions) {
    auto place =
        static_cast<uint32_t>(std::find(shape.begin(), shape.end(), dimension) - shape.begin());
    while (std::find(order.places.begin(), order.places.end(), place) != order.places.end())
      ++place;
    order.places.push_back(place);
  }
}

}  // namespace

uint32_t Shape::PlaceOf(uint32_t dimension) const {
  const auto it = std::find(dimensions.begin(), dimensions.end(), dimension);
  return it == dimensions.end() ? kNoId : static_cast<uint32_t>(it - dimensions.begin());
}

const ShapeOrder* SeriesIndex::FindOrder(const TableIndex& table,
                                         std::span<const DimensionView> names) {
  const uint32_t last = table.last_order.load(std::memory_order_relaxed);
  if (last < table.orders.size() && SameNames(table, table.orders[last], names))
    return &table.orders[last];
  const uint32_t found = table.order_by_names.Find(
      HashNames(names), [&](uint32_t i) { return SameNames(table, table.orders[i], names); });
  if (found == kNoId) return nullptr;
  table.last_order.store(found, std::memory_order_relaxed);
  return &table.orders[found];
}

bool SeriesIndex::FindTuple(const TableIndex& table, const SeriesKeyView& key, Tuple& out) {
  ShapeOrder made;
  const ShapeOrder* order = FindOrder(table, key.dimensions);
  if (order == nullptr) {
    for (const DimensionView& d : key.dimensions) {
      const uint32_t id = table.dimension_names.Find(d.name);
      if (id == kNoId) return false;
      made.dimensions.push_back(id);
    }
    const std::vector<uint32_t> sorted = Sorted(table, made.dimensions);
    const auto shape = table.shape_of.find(sorted);
    if (shape == table.shape_of.end()) return false;
    made.shape = shape->second;
    FillPlaces(sorted, made);
    order = &made;
  }
  const uint32_t measure = table.measure_names.Find(key.measure);
  if (measure == kNoId) return false;
  out.resize(2 + key.dimensions.size());
  out[0] = measure;
  out[1] = order->shape;
  for (size_t i = 0; i < key.dimensions.size(); ++i) {
    const TextTable& values = table.dimensions[order->dimensions[i]].values;
    const uint32_t value = values.Find(key.dimensions[i].value);
    if (value == kNoId) return false;
    out[2 + order->places[i]] = value;
  }
  return true;
}

// Makes what is missing of the dimensions and their shape.
void SeriesIndex::MakeShape(TableIndex& table, std::span<const DimensionView> names,
                            ShapeOrder& order) {
  for (const DimensionView& d : names) {
    const uint32_t id = table.dimension_names.FindOrAdd(d.name);
    if (id == table.dimensions.size()) {
      table.dimensions.emplace_back(table.arena);
      table.heap_bytes += sizeof(DimensionEntry) + 1200;  // two deques
    }
    order.dimensions.push_back(id);
  }
  const std::vector<uint32_t> sorted = Sorted(table, order.dimensions);
  const auto [shape, made] =
      table.shape_of.try_emplace(sorted, static_cast<uint32_t>(table.shapes.size()));
  if (made) {
    table.shapes.push_back({sorted});
    table.heap_bytes += 2 * sorted.size() * sizeof(uint32_t) + 160;
  }
  order.shape = shape->second;
  FillPlaces(sorted, order);
  if (table.orders.size() < kOrdersMax) {
    table.order_by_names.Insert(HashNames(names), static_cast<uint32_t>(table.orders.size()));
    table.orders.push_back(order);
    table.heap_bytes += 2 * names.size() * sizeof(uint32_t) + 80;
  }
}

void SeriesIndex::MakeTuple(TableIndex& table, const SeriesKeyView& key, Tuple& out) {
  ShapeOrder made;
  const ShapeOrder* order = FindOrder(table, key.dimensions);
  if (order == nullptr) {
    MakeShape(table, key.dimensions, made);
    order = &made;
  }
  out.resize(2 + key.dimensions.size());
  out[0] = table.measure_names.FindOrAdd(key.measure);
  if (out[0] == table.measures.size()) {
    table.measures.emplace_back();
    table.heap_bytes += sizeof(MeasureEntry);
  }
  out[1] = order->shape;
  for (size_t i = 0; i < key.dimensions.size(); ++i) {
    DimensionEntry& dimension = table.dimensions[order->dimensions[i]];
    const size_t before = dimension.values.heap_bytes();
    const uint32_t value = dimension.values.FindOrAdd(key.dimensions[i].value);
    if (value == dimension.by_value.size()) {
      dimension.by_value.emplace_back();
      table.heap_bytes += dimension.values.heap_bytes() - before + sizeof(PostingList);
    }
    out[2 + order->places[i]] = value;
  }
}

uint64_t SeriesIndex::HashOf(ValueType type, Owner owner, std::span<const uint32_t> tuple) {
  const uint64_t hash = Hash64({reinterpret_cast<const char*>(tuple.data()), tuple.size_bytes()});
  const uint64_t of = uint64_t{owner.view.value} << 32U ^ uint64_t { owner.generation } << 8U ^
                      static_cast<uint64_t>(type);
  return hash ^ (of * 0x9e3779b97f4a7c15U);
}

std::span<const uint32_t> SeriesIndex::TupleOf(const TableIndex& table, const SeriesEntry& entry) {
  return {entry.tuple, 2 + table.shapes[entry.tuple[1]].dimensions.size()};
}

std::string_view SeriesIndex::MeasureOf(uint32_t id) const {
  const SeriesEntry* entry = directory_.Get({0, id});
  if (entry == nullptr || entry->tuple == nullptr) return {};
  return tables_[entry->table_slot]->measure_names.TextOf(entry->tuple[0]);
}

std::string SeriesIndex::KeyOf(uint32_t id) const {
  const SeriesEntry* entry = directory_.Get({0, id});
  if (entry == nullptr || entry->tuple == nullptr) return {};
  const TableIndex& table = *tables_[entry->table_slot];
  const Shape& shape = table.shapes[entry->tuple[1]];
  thread_local std::vector<DimensionView> dimensions;
  dimensions.clear();
  for (size_t i = 0; i < shape.dimensions.size(); ++i) {
    const uint32_t d = shape.dimensions[i];
    dimensions.push_back(
        {table.dimension_names.TextOf(d), table.dimensions[d].values.TextOf(entry->tuple[2 + i])});
  }
  return CanonicalKey({table.id, table.measure_names.TextOf(entry->tuple[0]), dimensions,
                       entry->type, entry->owner});
}

std::shared_ptr<const SeriesInfo> SeriesIndex::Info(uint32_t id) const {
  if (auto kept = infos_.Get(id)) return kept;
  const SeriesEntry* entry = directory_.Get({0, id});
  if (entry == nullptr || entry->tuple == nullptr) return nullptr;
  const TableIndex& table = *tables_[entry->table_slot];
  auto info = std::make_shared<SeriesInfo>();
  info->ref = {0, id};
  info->table = table.id;
  info->measure = table.measure_names.TextOf(entry->tuple[0]);
  info->type = entry->type;
  info->owner = entry->owner;
  const Shape& shape = table.shapes[entry->tuple[1]];
  info->dimensions.reserve(shape.dimensions.size());
  for (size_t i = 0; i < shape.dimensions.size(); ++i) {
    const uint32_t d = shape.dimensions[i];
    info->dimensions.push_back(
        {std::string(table.dimension_names.TextOf(d)),
         std::string(table.dimensions[d].values.TextOf(entry->tuple[2 + i]))});
  }
  info->canonical_key = CanonicalKey(*info);
  infos_.Put(info);
  return info;
}

std::vector<uint32_t> SeriesIndex::ValuesOf(const TableIndex& table, std::string_view dimension,
                                            std::span<const uint32_t> ids) const {
  std::vector<uint32_t> out(ids.size(), kNoId);
  const uint32_t wanted = table.dimension_names.Find(dimension);
  if (wanted == kNoId) return out;
  std::vector<uint32_t> place_of;
  for (const Shape& shape : table.shapes) place_of.push_back(shape.PlaceOf(wanted));
  for (size_t i = 0; i < ids.size(); ++i) {
    const SeriesEntry* entry = directory_.Get({0, ids[i]});
    if (entry == nullptr || entry->tuple == nullptr || entry->table_slot != table.slot) continue;
    const uint32_t place = place_of[entry->tuple[1]];
    if (place != kNoId) out[i] = entry->tuple[2 + place];
  }
  return out;
}

std::string_view SeriesIndex::ValueText(const TableIndex& table, std::string_view dimension,
                                        uint32_t value) const {
  const uint32_t id = table.dimension_names.Find(dimension);
  if (id == kNoId || value >= table.dimensions[id].values.size()) return {};
  return table.dimensions[id].values.TextOf(value);
}

std::vector<uint32_t> SeriesIndex::MeasuresOf(std::span<const uint32_t> ids) const {
  std::vector<uint32_t> out(ids.size(), kNoId);
  for (size_t i = 0; i < ids.size(); ++i) {
    const SeriesEntry* entry = directory_.Get({0, ids[i]});
    if (entry != nullptr && entry->tuple != nullptr) out[i] = entry->tuple[0];
  }
  return out;
}

void SeriesIndex::EncodeFieldDefinitions(uint64_t last_lsn, BatchEncoder& out) const {
  for (const auto& table : tables_) {
    if (table == nullptr) continue;
    for (uint32_t id = 0; id < table->fields_by_id.size(); ++id) {
      const FieldDef& field = table->fields_by_id[id];
      const auto known = std::find_if(table->columns.begin(), table->columns.end(),
                                      [&](const auto& column) { return column.first == field; });
      if (known != table->columns.end() && known->second <= last_lsn) {
        out.Field(table->id, id, field);
      }
    }
  }
}

void SeriesIndex::EncodeSeriesDefinitions(uint32_t first_id, uint32_t last_id, uint64_t last_lsn,
                                          BatchEncoder& out) const {
  for (uint32_t id = std::max(first_id, 1U); id < std::min(last_id, directory_.end()); ++id) {
    const SeriesEntry* entry = directory_.Get({0, id});
    if (entry == nullptr || entry->tuple == nullptr || entry->first_lsn == 0) continue;
    if (entry->first_lsn > last_lsn) continue;
    out.SeriesDef(id, entry->type, KeyOf(id));
    // Multi-measure series note their fields under this lock too.
    for (const auto& [field, lsn] : FieldsWritten(*entry)) {
      if (lsn <= last_lsn) out.SeriesField(id, field);
    }
  }
}

std::shared_ptr<const SeriesInfo> SeriesIndex::InfoCache::Get(uint32_t id) {
  Stripe& stripe = stripes_[id % kStripes];
  const MutexLock lock(stripe.mutex);
  if (stripe.slots.empty()) return nullptr;
  const auto& kept = stripe.slots[id / kStripes % kSlots];
  return kept != nullptr && kept->ref.lo == id ? kept : nullptr;
}

void SeriesIndex::InfoCache::Put(std::shared_ptr<const SeriesInfo> info) {
  const auto id = static_cast<uint32_t>(info->ref.lo);
  Stripe& stripe = stripes_[id % kStripes];
  const MutexLock lock(stripe.mutex);
  if (stripe.slots.empty()) stripe.slots.resize(kSlots);
  std::swap(stripe.slots[id / kStripes % kSlots], info);
}

void SeriesIndex::InfoCache::Forget(uint32_t id) {
  Stripe& stripe = stripes_[id % kStripes];
  const MutexLock lock(stripe.mutex);
  if (stripe.slots.empty()) return;
  auto& kept = stripe.slots[id / kStripes % kSlots];
  if (kept != nullptr && kept->ref.lo == id) kept.reset();
}

}  // namespace tidemark::store
