// SPDX-License-Identifier: Apache-2.0
// Records to points, a batch at a time, so that caches and prefetching have room (ingest.md
// sections 4 and 5). Every record becomes a point or a dead letter. Single-owner.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"
#include "pipeline/dead_letter.h"
#include "pipeline/source.h"
#include "store/types.h"

namespace tidemark::pipeline {

/// Records a batch holds at most: enough to hide memory latency, few enough for the L2 cache
/// (ingest.md section 10).
inline constexpr size_t kBatchRecordsMax = 512;

struct ResolvedSeries {
  store::SeriesRef series;
  std::optional<DeadReason> refused;  // why no point may be written there
  std::string message;
};

/// Finds or makes series. What it answers once without `refused` stays true until
/// Decoder::Forget().
class SeriesResolver {
 public:
  virtual ~SeriesResolver() = default;
  virtual Result<ResolvedSeries> Resolve(std::string_view measure, store::ValueType type,
                                         std::span<const store::DimensionView> dimensions) = 0;
};

/// Future guard against the append time of the record (event-time.md 2.4).
struct FutureGuard {
  milliseconds soft = minutes(5);  // beyond: stored, but does not move the clock
  milliseconds hard = hours(24);   // beyond: dead letter
};

struct DecodedBatch {
  std::vector<store::PointView>
      points;                     // in record order; texts live as long as batch and source batch
  std::vector<uint32_t> records;  // parallel to points: index of the record
  std::vector<DeadLetter> dead;   // in record order
  std::optional<EventTime>
      max_event_time;  // over all decoded records but those beyond the soft guard
  /// The latest punctuation: nothing older follows (event-time.md 2.1).
  std::optional<EventTime> floor;
  uint64_t future_no_advance = 0;
  uint64_t filtered = 0;          // decoded, moved the clock, not wanted
  uint64_t punctuations = 0;      // records that were one
  std::deque<std::string> texts;  // owns unescaped values

  void Clear();
};

struct DecoderOptions {
  FutureGuard guard;
  bool cache = true;                     // the skeleton cache
  size_t cache_bytes_max = 64UL << 20U;  // of learned tails and series tables
};

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Replaces the contents of `out`. An error is the resolver's: nothing of the batch counts.
  virtual Result<void> Decode(const SourceBatch& batch, SeriesResolver& resolver,
                              DecodedBatch& out) = 0;
  /// Drops what was learned about series: a view, table or retention changed.
  virtual void Forget() = 0;
  /// Records answered from the cache, for the metric.
  virtual uint64_t cache_hits() const = 0;
};

/// kInvalidArgument: a format other than "json", a mapping without the fields it needs, or rules
/// that make no sense.
Result<std::unique_ptr<Decoder>> MakeDecoder(const catalog::MappingDef& mapping,
                                             const catalog::RulesDef& rules,
                                             DecoderOptions options);

}  // namespace tidemark::pipeline
