// SPDX-License-Identifier: Apache-2.0
// The maps of ModelStore. Guarded by its one mutex.
#pragma once

#include <map>
#include <set>

#include "store/testing/model_store.h"

namespace tidemark::store {

/// An owning value: a scalar, fields by name, or a tombstone.
struct ModelValue {
  ValueType type = ValueType::kNone;
  Scalar scalar;
  std::map<std::string, std::pair<ValueType, Scalar>> fields;
  std::vector<std::string> field_order;  // as in the record

  static ModelValue From(const ValueView& view);
  /// Bitwise: -0.0 differs from 0.0, a NaN equals itself.
  bool SameBits(const ModelValue& other) const;
};

struct ModelRow {
  int64_t version = 1;
  ModelValue value;
  RowInfo row;
};

struct ModelSeries {
  std::shared_ptr<const SeriesInfo> info;
  bool defined = false;
  std::map<EventTime, ModelRow> rows;
  std::map<EventTime, std::vector<RevisionEntry>> revisions;
  std::set<std::string> fields;
  uint32_t partition = 0;
};

struct ModelTable {
  TableSettings settings;
  std::vector<std::string> dimensions;
  std::vector<FieldDef> columns;
  std::map<std::string, ValueType> measures;  // bound by the first accepted point
  std::map<std::string, ValueType> fields;
};

struct ModelFeedEntry {
  std::vector<FeedPoint> points;
  std::vector<SourceProgress> brought_by;  // of the whole frame
  std::vector<SourceProgress> sources;     // told once, in partition 0
  std::vector<ViewProgress> views;
  std::vector<RevisionEntry> revisions;
};

struct ModelStore::State {
  explicit State(const Clock& c) : clock(c) {}

  const Clock& clock;
  Mutex mutex;
  std::map<TableId, ModelTable> tables;
  std::map<SeriesRef, ModelSeries> series;
  std::map<std::string, SeriesRef> by_key;  // canonical key and type
  std::vector<Reservation> reservations;
  std::array<std::vector<ModelFeedEntry>, ModelStore::kPartitions> feed;
  std::map<std::tuple<SourceId, TableId, uint32_t>, SourceProgress> sources;
  std::map<ViewId, ViewProgress> views;
  uint64_t windows_asked = 0;
  std::map<uint64_t, std::function<void()>> wakes;
  uint64_t next_wake = 1;
  uint64_t next_series = 1;
  bool refuse = false;
  std::array<uint64_t, ModelStore::kPartitions> trimmed{};  // feed entries that are gone
  struct Damage {
    TableId table;
    DamagedRange range;
    bool met = false;
  };
  std::vector<Damage> damage;

  /// kCorruption when a read of `range` meets damage; notes that it was met.
  Result<void> CheckReadable(TableId table, TimeRange range);
  std::vector<DamagedRange> KnownGaps(TableId table, TimeRange range) const;
  bool InKnownGap(TableId table, EventTime time) const;
  void FillGap(uint32_t partition, uint64_t from, FeedBatch& out) const;
  const Reservation* ReservedBy(TableId table, std::string_view measure) const;
  bool Visible(const SeriesInfo& info, const OwnerFilter& filter) const;
  bool Matches(const SeriesInfo& info, const Selection& selection) const;
  std::vector<const ModelSeries*> Select(const Selection& selection) const;
  /// Rows of `s` that a reader sees in `range` now, tombstones left out.
  std::vector<std::pair<EventTime, const ModelRow*>> Rows(const ModelSeries& s,
                                                          TimeRange range) const;
  Positions End() const;
  /// The rejection of a first point or a new field, or none.
  Resolved CheckSchema(const SeriesInfo& info, const ModelValue* value) const;
  void Define(ModelSeries& target, const ModelValue& value);
};

}  // namespace tidemark::store
