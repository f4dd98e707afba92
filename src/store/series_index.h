// SPDX-License-Identifier: Apache-2.0
// Which series there are, and which a selection names: posting lists per measure name and per
// dimension value, types per (table, measure) and per field, first-seen orders. Everything a reader
// can see carries the LSN of its first durable use. Thread-compatible: the store's index lock.
//
// Texts are interned per table, so a series is a tuple of numbers [measure, shape, value...] of
// about 50 bytes; a shape is the list of its dimensions. SeriesInfo is made when somebody asks, and
// the latest few thousand are kept.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "store/journal_format.h"
#include "store/posting_list.h"
#include "store/series_directory.h"
#include "store/store.h"
#include "store/text_table.h"

namespace tidemark::store {

/// Series of one measure that have the same owner and dimensions.
struct ShapeUse {
  uint64_t first_lsn = 0;
  size_t series = 0;
};

struct MeasureEntry {
  ValueType type = ValueType::kDouble;
  uint64_t first_lsn = 0;                             // 0: no accepted point yet
  uint32_t reserved_by = 0;                           // a view, or 0
  PostingList series;                                 // with an accepted point
  std::vector<std::pair<uint32_t, uint64_t>> fields;  // field id, first LSN
  std::map<std::pair<Owner, uint32_t>, ShapeUse> shapes;
};

struct DimensionEntry {
  explicit DimensionEntry(Arena& arena) : values(arena) {}

  uint32_t order = 0;
  uint64_t first_lsn = 0;  // 0: no accepted point yet
  TextTable values;
  std::deque<PostingList> by_value;
  PostingList all;  // series that have the dimension
};

/// The dimensions of a series, by name.
struct Shape {
  std::vector<uint32_t> dimensions;
  uint32_t PlaceOf(uint32_t dimension) const;  // in the tuple's values; kNoId: not one of them
};

/// One order in which somebody names a shape's dimensions.
struct ShapeOrder {
  uint32_t shape = 0;
  std::vector<uint32_t> dimensions;  // as named
  std::vector<uint32_t> places;      // of each in the tuple's values
};

struct FieldEntry {
  uint32_t id = 0;
  ValueType type = ValueType::kDouble;
};

struct TableIndex {
  TableIndex() = default;
  TableIndex(const TableIndex&) = delete;
  TableIndex& operator=(const TableIndex&) = delete;

  TableId id;
  uint32_t slot = 0;
  std::optional<TableSettings> settings;
  /// Rows before it stay hidden, however long retention is made.
  EventTime floor = kEventTimeMin;
  std::map<std::string, FieldEntry, std::less<>> fields;
  std::vector<FieldDef> fields_by_id;
  std::vector<std::pair<FieldDef, uint64_t>> columns;  // in first-seen order, first LSN

  // Names may be there without an accepted point; the counts are of those with one.
  Arena arena;  // texts and tuples
  TextTable measure_names{arena};
  std::deque<MeasureEntry> measures;  // by number of the name
  size_t measure_count = 0;
  TextTable dimension_names{arena};
  std::deque<DimensionEntry> dimensions;  // by number of the name
  size_t dimension_count = 0;

  std::deque<Shape> shapes;
  std::map<std::vector<uint32_t>, uint32_t> shape_of;  // by Shape::dimensions
  std::deque<ShapeOrder> orders;
  IdTable order_by_names;
  mutable std::atomic<uint32_t> last_order{0};  // a guess: producers mostly use one

  IdTable by_tuple;         // series
  PostingList series;       // with an accepted point
  size_t owned_series = 0;  // of them
  uint64_t newest_first_lsn = 0;
  size_t heap_bytes = 0;  // without arena, by_tuple and measure_names
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

  /// What the series is called: null or empty if it does not exist or was dropped.
  std::shared_ptr<const SeriesInfo> Info(uint32_t id) const;
  std::string_view MeasureOf(uint32_t id) const;  // valid under the lock
  std::string KeyOf(uint32_t id) const;           // canonical

  /// Numbers instead of texts, for grouping: of each of `ids` (series of `table`) the number of its
  /// value of `dimension`, kNoId without one. Numbers are dense and stay as long as the table.
  std::vector<uint32_t> ValuesOf(const TableIndex& table, std::string_view dimension,
                                 std::span<const uint32_t> ids) const;
  std::string_view ValueText(const TableIndex& table, std::string_view dimension,
                             uint32_t value) const;
  std::vector<uint32_t> MeasuresOf(std::span<const uint32_t> ids) const;

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
  /// Up to `count_max` measure names that `name_template` can make and ownerless series have.
  std::vector<std::string> OwnerlessNames(const TableIndex& table, std::string_view name_template,
                                          size_t count_max) const;

  /// Series with a point at or before `lsn`, ascending by id. kInvalidArgument: a predicate is
  /// wrong; kResourceExhausted: a regular expression takes too many steps.
  Result<std::vector<uint32_t>> SelectIds(const Selection& selection, uint64_t lsn) const;
  Result<std::vector<std::shared_ptr<const SeriesInfo>>> Select(const Selection& selection,
                                                                uint64_t lsn) const;
  TableSchema Schema(const TableIndex& table, uint64_t lsn) const;

  /// What replaying would rebuild the index from: all fields; the series of [first_id, last_id)
  /// that exist, with the owner they have now and the fields of their rows.
  /// Those defined at or before `last_lsn`.
  void EncodeFieldDefinitions(uint64_t last_lsn, BatchEncoder& out) const;
  void EncodeSeriesDefinitions(uint32_t first_id, uint32_t last_id, uint64_t last_lsn,
                               BatchEncoder& out) const;

  size_t series_count() const { return defined_; }
  /// What the index holds on the heap, entries included.
  size_t heap_bytes() const { return heap_bytes_; }

 private:
  friend class Selector;
  using Tuple = std::vector<uint32_t>;

  // The latest asked for, by id modulo its size. Its locks are last in order.
  class InfoCache {
   public:
    std::shared_ptr<const SeriesInfo> Get(uint32_t id);
    void Put(std::shared_ptr<const SeriesInfo> info);
    void Forget(uint32_t id);

   private:
    static constexpr size_t kStripes = 16;
    static constexpr size_t kSlots = 2048;  // a stripe; 32,768 infos are about 32 MB
    struct Stripe {
      Mutex mutex;
      std::vector<std::shared_ptr<const SeriesInfo>> slots TM_GUARDED_BY(mutex);
    };
    std::array<Stripe, kStripes> stripes_;
  };

  static const ShapeOrder* FindOrder(const TableIndex& table, std::span<const DimensionView> names);
  static bool FindTuple(const TableIndex& table, const SeriesKeyView& key, Tuple& out);
  static void MakeTuple(TableIndex& table, const SeriesKeyView& key, Tuple& out);
  static void MakeShape(TableIndex& table, std::span<const DimensionView> names, ShapeOrder& order);
  static uint64_t HashOf(ValueType type, Owner owner, std::span<const uint32_t> tuple);
  static std::span<const uint32_t> TupleOf(const TableIndex& table, const SeriesEntry& entry);
  uint32_t FindInTable(const TableIndex& table, ValueType type, Owner owner,
                       std::span<const uint32_t> tuple) const;
  SeriesEntry* Fill(SeriesEntry& entry, const SeriesKeyView& key);
  void CountShape(TableIndex& table, const SeriesEntry& entry, uint64_t lsn);
  void UncountShape(TableIndex& table, const SeriesEntry& entry);
  void EraseKey(TableIndex& table, const SeriesEntry& entry);
  static SchemaVerdict CheckMeasure(const TableIndex& table, std::string_view name, ValueType type);
  template <typename HasDimension>
  static SchemaVerdict CheckFields(const TableIndex& table, std::span<const FieldView> fields,
                                   const HasDimension& has_dimension);
  bool Visible(Owner owner, const OwnerFilter& filter) const;

  SeriesDirectory& directory_;
  std::unordered_map<uint32_t, uint32_t> slot_of_;   // by table id
  std::vector<std::unique_ptr<TableIndex>> tables_;  // by slot; null: dropped
  std::vector<Reservation> reservations_;
  mutable InfoCache infos_;
  size_t defined_ = 0;
  size_t heap_bytes_ = 0;
};

}  // namespace tidemark::store
