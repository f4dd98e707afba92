// SPDX-License-Identifier: Apache-2.0
// Which records of a stream became one point: read again and decoded by the pipeline's own rules.
// Bounded; reads only. Pure function.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/definitions.h"
#include "log/stream.h"
#include "store/types.h"

namespace tidemark::pipeline {

struct RecordSearch {
  /// Records appended before it are not looked at.
  ArrivalTime from;
  size_t records_max = 1'000'000;
  size_t found_max = 16;
};

struct FoundRecord {
  std::string partition;  // "shardId-000000000002"
  std::string sequence;
  ArrivalTime arrival;
  store::Scalar value;  // none: several columns
};

struct FoundRecords {
  std::vector<FoundRecord> records;  // in order of arrival
  uint64_t searched = 0;
  /// Every retained record from `from` on was looked at.
  bool complete = true;
};

/// Those that `def` makes a point of `series` at `time` of.
Result<FoundRecords> FindRecords(const std::shared_ptr<log::Stream>& stream,
                                 const catalog::PipelineDef& def, const store::SeriesInfo& series,
                                 EventTime time, const RecordSearch& search);

}  // namespace tidemark::pipeline
