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

enum class TimeUnit : uint8_t { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };

/// Valid until the next Parse(); texts may lie in the parser.
struct JsonRecord {
  std::string_view measure;
  store::ValueType type = store::ValueType::kDouble;
  std::string_view value_text;  // as it stands in the record, without quotes
  std::string_view time_text;
  TimeUnit unit = TimeUnit::kMilliseconds;
  std::vector<store::DimensionView> dimensions;
  store::ValueView value;
  EventTime time;
  bool value_quoted = false;  // both were JSON strings, which the cache wants
  bool time_quoted = false;
};

/// Time of a count of units; none when outside [kEventTimeMin, kEventTimeMax).
std::optional<EventTime> TimeFromUnits(int64_t count, TimeUnit unit);

/// Single-owner.
class JsonRecordParser {
 public:
  explicit JsonRecordParser(const catalog::MappingDef& mapping);
  ~JsonRecordParser();

  /// `payload` has kPayloadPadding readable bytes behind it. None: `dead` says why (its `record` is
  /// left alone).
  const JsonRecord* Parse(std::string_view payload, DeadLetter& dead);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::pipeline
