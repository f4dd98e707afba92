// SPDX-License-Identifier: Apache-2.0
// Which series there are, and which a selection names: posting lists per measure name and per
// dimension value, types per (table, measure) and per field, first-seen orders. Everything a reader
// can see carries the LSN of its first durable use. Thread-compatible: the store's index lock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/series_directory.h"
#include "store/store.h"

namespace tidemark::store {

struct MeasureEntry {
  ValueType type = ValueType::kDouble;
  uint64_t first_lsn = 0;
  std::vector<uint32_t> series;                       // ascending; with an accepted point
  std::vector<std::pair<uint32_t, uint64_t>> fields;  // field id, first LSN
};

struct DimensionEntry {
  uint32_t order = 0;
  uint64_t first_lsn = 0;
  std::map<std::string, std::vector<uint32_t>, std::less<>> values;  // ascending
};

struct FieldEntry {
  uint32_t id = 0;
  ValueType type = ValueType::kDouble;
};

struct TableIndex {
  TableId id;
  uint32_t slot = 0;
  std::optional<TableSettings> settings;
  std::map<std::string, MeasureEntry, std::less<>> measures;
  std::map<std::string, DimensionEntry, std::less<>> dimensions;
  std::map<std::string, FieldEntry, std::less<>> fields;
  std::vector<FieldDef> fields_by_id;
  std::vector<std::pair<FieldDef, uint64_t>> columns;  // in first-seen order, first LSN
  std::vector<uint32_t> series;                        // ascending; with an accepted point
};

/// Why a series or record does not fit its table, or kNone.
struct SchemaVerdict {
  RejectReason reason = RejectReason::kNone;
  std::string text;
};

class SeriesIndex {
 public:
  explicit SeriesIndex(SeriesDirectory& directory) : directory_(directory) {}

  /// Null: neither set nor replayed, or dropped.
  TableIndex* Find(TableId table);
  const TableIndex* Find(TableId table) const;
  TableIndex& FindOrAdd(TableId table);
  const TableIndex* BySlot(uint32_t slot) const { return tables_[slot].get(); }
  size_t slots() const { return tables_.size(); }

  /// 0: none.
  uint32_t FindSeries(const SeriesKeyView& key) const;
  /// A new entry, not visible before Define(). kResourceExhausted: no id is left.
  Result<SeriesEntry*> AddSeries(const SeriesKeyView& key);
  /// Replay: with the id it had.
  Result<SeriesEntry*> AddSeriesAt(uint32_t id, ValueType type, std::string_view canonical_key);

  /// What the series is called; `id` has an entry that is not dropped. Info() is null otherwise.
  std::shared_ptr<const SeriesInfo> Info(uint32_t id) const;
  std::string_view MeasureOf(uint32_t id) const;
  std::string KeyOf(uint32_t id) const;  // canonical

  /// Whether a first point of the series (and a record with `fields`) fits the table's types and
  /// limits.
  SchemaVerdict Check(const SeriesKeyView& key, std::span<const FieldView> fields) const;
  SchemaVerdict Check(const SeriesEntry& entry, std::span<const FieldView> fields) const;
  /// The first accepted point of `entry`, in the frame of `lsn`. The lane is locked too.
  void Define(SeriesEntry& entry, uint64_t lsn);
  /// The id of a field, made if new; true in the second if so.
  std::pair<uint32_t, bool> DefineField(TableIndex& table, const FieldDef& field, uint64_t lsn);
  /// A row of `entry` has the field.
  void NoteField(SeriesEntry& entry, uint32_t field_id, uint64_t lsn);

  void Drop(TableIndex& table);
  void Drop(SeriesEntry& entry);
  /// Changes the owner; false: the owner has a series of that key already. The lane is locked too.
  bool SetOwner(SeriesEntry& entry, Owner owner);

  void SetReservations(std::vector<Reservation> reservations);
  const Reservation* ReservedBy(TableId table, std::string_view measure) const;
  std::string ViewName(ViewId view) const;

  bool Visible(const SeriesInfo& info, const OwnerFilter& filter) const;
  /// Series with a point at or before `lsn`, ascending by id. kInvalidArgument: a predicate is
  /// wrong; kResourceExhausted: a regular expression takes too many steps.
  Result<std::vector<uint32_t>> SelectIds(const Selection& selection, uint64_t lsn) const;
  Result<std::vector<std::shared_ptr<const SeriesInfo>>> Select(const Selection& selection,
                                                                uint64_t lsn) const;
  TableSchema Schema(const TableIndex& table, uint64_t lsn) const;

  size_t series_count() const { return defined_; }
  /// What the index holds on the heap, entries included.
  size_t heap_bytes() const { return heap_bytes_; }

 private:
  bool Matches(const SeriesInfo& info, const Selection& selection) const;
  Result<std::vector<uint32_t>> Candidates(const TableIndex& table,
                                           const Selection& selection) const;
  uint32_t FindKey(std::string_view canonical_key, ValueType type) const;
  SchemaVerdict CheckInfo(const SeriesInfo& info, std::span<const FieldView> fields) const;
  SeriesEntry* Fill(SeriesEntry& entry, SeriesInfo info);
  void EraseKey(const SeriesInfo& info);

  SeriesDirectory& directory_;
  std::unordered_map<uint32_t, uint32_t> slot_of_;      // by table id
  std::vector<std::unique_ptr<TableIndex>> tables_;     // by slot; null: dropped
  std::unordered_multimap<uint64_t, uint32_t> by_key_;  // hash of canonical key and type
  std::vector<Reservation> reservations_;
  std::vector<std::shared_ptr<const SeriesInfo>> infos_;  // by id
  size_t defined_ = 0;
  size_t heap_bytes_ = 0;
};

}  // namespace tidemark::store
