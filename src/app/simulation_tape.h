// SPDX-License-Identifier: Apache-2.0
// What the streams that feed a table retain: their records decoded again by the pipelines' rules,
// in the order of their arrival. Of each partition a batch is in memory at a time. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "pipeline/decoder.h"
#include "pipeline/source.h"
#include "store/types.h"

namespace tidemark::app {

struct SeriesKey {
  std::string measure;
  store::ValueType type = store::ValueType::kDouble;
  std::vector<std::pair<std::string, std::string>> dimensions;
  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

/// Numbers the series it meets, from 0; makes none.
class SeriesNumbers final : public pipeline::SeriesResolver {
 public:
  Result<pipeline::ResolvedSeries> Resolve(
      std::string_view measure, store::ValueType type,
      std::span<const store::DimensionView> dimensions) override;
  const std::vector<const SeriesKey*>& keys() const { return keys_; }

 private:
  std::map<SeriesKey, uint64_t> numbers_;
  std::vector<const SeriesKey*> keys_;
};

struct TapePartition {
  store::SourceId source;
  uint32_t number = 0;
  bool whole = true;
  nanoseconds idle_timeout{0};
  std::optional<ArrivalTime> first;  // of its points; none: it has none
};

/// A point, or what a batch said of its partition's clock besides: points that a filter held back,
/// and punctuation.
struct Played {
  ArrivalTime arrival;
  uint32_t partition = 0;          // index into Tape::partitions()
  std::optional<uint64_t> series;  // none: no point
  EventTime time;                  // as the next, of a point
  store::ValueView value;
  std::optional<EventTime> max_event_time;  // as the next, of a clock
  std::optional<EventTime> floor;
};

/// `keep` owns what the values point to.
struct PlayedTick {
  std::vector<Played> played;
  std::vector<std::shared_ptr<const void>> keep;
};

class Tape {
 public:
  /// Everything must outlive the tape. What is appended from now on is not part of it.
  /// kFailedPrecondition: more than `records_max` are retained, which the message names.
  static Result<std::unique_ptr<Tape>> Open(const catalog::Catalog& catalog, log::Log& log,
                                            std::string_view database, std::string_view table,
                                            uint64_t records_max);
  ~Tape();

  const std::vector<TapePartition>& partitions() const { return partitions_; }
  /// By their numbers; grows.
  const std::vector<const SeriesKey*>& series() const { return series_.keys(); }
  /// When the first point arrived; none: there is none.
  std::optional<ArrivalTime> begin() const;

  /// What arrived within `length` of the first, a bounded piece of it; false: the end.
  /// kFailedPrecondition: records were trimmed meanwhile.
  Result<bool> Next(milliseconds length, PlayedTick& out);

  uint64_t records() const { return records_; }
  uint64_t points() const { return points_; }

 private:
  struct Reader;
  struct Cursor;
  Tape();
  Result<void> AddPipeline(log::Log& log, const catalog::PipelineDef& def);
  /// Has the cursor stand at something; false: its partition has no more.
  Result<bool> Fill(Cursor& cursor);
  Result<void> Decode(Cursor& cursor);

  SeriesNumbers series_;
  std::vector<TapePartition> partitions_;
  std::vector<std::unique_ptr<Reader>> readers_;  // one a pipeline
  std::vector<std::unique_ptr<Cursor>> cursors_;  // one a partition
  nanoseconds retention_{0};                      // of the table
  uint64_t retained_ = 0;                         // records, at most
  uint64_t records_ = 0;
  uint64_t points_ = 0;
};

}  // namespace tidemark::app
