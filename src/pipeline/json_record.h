// SPDX-License-Identifier: Apache-2.0
// The full, validating parser of one JSON record: its answer alone decides what a record means and
// what is wrong with it. The skeleton cache (skeleton_cache_internal.h) only repeats its answers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "catalog/definitions.h"
#include "pipeline/dead_letter.h"
#include "store/types.h"

namespace tidemark::pipeline {

inline constexpr size_t kMeasureNameBytesMax = 256;      // timestream-api.md 4.9
inline constexpr size_t kDimensionNameBytesMax = 60;     // timestream-api.md 4.9
inline constexpr size_t kDimensionValueBytesMax = 2048;  // timestream-api.md 4.9
inline constexpr size_t kDimensionsMax = 128;            // timestream-api.md 4.1

/// Names that SQL keeps for itself (timestream-sql.md 1.4).
bool IsSystemName(std::string_view name);

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };

/// Valid until the next Parse(); texts may lie in the parser.
struct JsonRecord {
  std::string_view measure;
  store::ValueType type = store::ValueType::kDouble;
  std::string_view value_text;  // as it stands in the record, without quotes
  std::string_view time_text;
  TimeUnit unit = TimeUnit::kMilliseconds;
  std::vector<store::DimensionView> dimensions;
  std::vector<store::DimensionView> fields;  // those that were asked for, dimensions or not
  store::ValueView value;
  EventTime time;
  bool value_quoted = false;  // both were JSON strings, which the cache wants
  bool time_quoted = false;
  /// Not a point: nothing older than `time` follows in its partition. Nothing else is set.
  bool punctuation = false;
};

/// Time of a count of units; none when outside [kEventTimeMin, kEventTimeMax).
std::optional<EventTime> TimeFromUnits(int64_t count, TimeUnit unit);

/// Single-owner.
class JsonRecordParser {
 public:
  /// `fields`: of which JsonRecord::fields keeps the text.
  explicit JsonRecordParser(const catalog::MappingDef& mapping,
                            std::vector<std::string> fields = {});
  ~JsonRecordParser();

  /// `payload` has kPayloadPadding readable bytes behind it. None: `dead` says why (its `record` is
  /// left alone).
  const JsonRecord* Parse(std::string_view payload, DeadLetter& dead);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::pipeline
