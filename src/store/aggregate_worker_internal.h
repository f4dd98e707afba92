// SPDX-License-Identifier: Apache-2.0
// One thread's part of an aggregate: series into bins. Single-owner.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/series_reader.h"
#include "store/value_feeder_internal.h"

namespace tidemark::store {

uint64_t PercentileBytes(const AggregateRow& row);

/// The bins of a group being worked off, dense while that is no waste.
class BinTable {
 public:
  explicit BinTable(const std::vector<AggregateColumn>& aggregates) : aggregates_(&aggregates) {}

  AggregateRow& At(EventTime bin, nanoseconds width);
  /// Hands over every bin that got a point and empties the table.
  template <typename Fn>
  void TakeAll(Fn fn) {
    for (AggregateRow& row : dense_) {
      if (row.points > 0) fn(std::move(row));
    }
    for (auto& [bin, row] : sparse_) {
      if (row.points > 0) fn(std::move(row));
    }
    dense_.clear();
    sparse_.clear();
  }
  void Add(AggregateRow row, nanoseconds width);
  bool empty() const { return dense_.empty() && sparse_.empty(); }
  /// Of percentile states.
  uint64_t heap_bytes() const;

 private:
  AggregateRow& Made(AggregateRow& row, EventTime bin);

  const std::vector<AggregateColumn>* aggregates_;
  EventTime origin_;
  std::vector<AggregateRow> dense_;
  std::unordered_map<int64_t, AggregateRow> sparse_;
};

/// Replaces `clean` by the chunks of a started reader that statistics may answer for, ascending by
/// time: alone in their times, wholly inside the range and one bin.
void ListClean(const SeriesReader& reader, TimeRange range, const Bins& bins,
               std::vector<ChunkRef>& clean);

class AggregateWorker {
 public:
  AggregateWorker(EmbeddedStore::State& state, const Snapshots::Lease& lease,
                  const std::vector<AggregateColumn>& aggregates,
                  const std::map<std::string, uint32_t>& field_ids,
                  const std::vector<FieldDef>& fields, EventTime floor,
                  const std::optional<ValueRange>& values)
      : s_(state),
        reader_(state, lease),
        feeder_(aggregates, field_ids, values),
        fields_(fields),
        floor_(floor),
        bins_(aggregates) {}

  BinTable& bins() { return bins_; }
  /// Adds the rows of `entry` in `range` to bins(): one bin at `one_bin` when bins.width is 0.
  Result<void> AddSeries(SeriesEntry& entry, std::string_view key, TimeRange range,
                         const Bins& bins, EventTime one_bin);

 private:
  Result<void> ReadRows(SeriesEntry& entry, std::string_view key, TimeRange range,
                        const ReadWants& wants, const Bins& bins, EventTime one_bin, bool started);
  void AddPiece(std::string_view key, const Bins& bins, EventTime one_bin);
  /// The next rows of the reader into piece_, or false.
  Result<bool> NextPiece();
  /// Notes the values that the series had before `start`.
  Result<void> ReadCarry(SeriesEntry& entry, EventTime start, const ReadWants& wants);

  EmbeddedStore::State& s_;
  SeriesReader reader_;
  ValueFeeder feeder_;
  const std::vector<FieldDef>& fields_;
  const EventTime floor_;  // of retention
  BinTable bins_;
  RowPiece piece_;
  bool carries_ = false;         // of the series being added
  std::optional<EventTime> in_;  // the bin that its rows were added to last
  EventTime start_;              // of the range being added
  std::vector<uint32_t> present_;
  std::vector<ChunkRef> clean_;
};

}  // namespace tidemark::store
