// SPDX-License-Identifier: Apache-2.0
// Records of a stream and what has to become of them: late, duplicate, corrected and malformed
// ones, and the brute-force answer to what the table then holds. Records of one host share a
// partition key, so their order in the log is the order in which they count. Single-owner.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "base/time.h"
#include "log/stream.h"

namespace tidemark::tests {

/// A record, and the point it makes unless it is a dead letter.
struct Sample {
  std::string key;
  std::string data;
  std::string dead_reason;  // "": a point
  std::string measure;
  std::string host;
  EventTime time;
  std::string value;  // as a scan prints it: visible_state.h
};

/// The pipeline that reads such records from stream `events` into `plant`.`raw`.
inline constexpr char kPipelineStack[] = R"(
[[pipeline]]
name = "ec2"
stream = "events"
database = "plant"
table = "raw"
idle_timeout = "15s"
measure_name = "MeasureName"
measure_value = "MeasureValue"
measure_type = "MeasureValueType"
time = "Time"
time_unit = "TimeUnit"
)";

struct RecordMix {
  uint64_t hosts = 5;
  uint64_t percent_late = 20;       // up to late_max behind
  uint64_t percent_duplicate = 10;  // of a record made before
  uint64_t percent_corrected = 10;  // the time of one made before, another value
  uint64_t percent_malformed = 15;
  nanoseconds late_max = seconds(60);
};

class RecordMaker {
 public:
  /// `cpu` is DOUBLE in the table before any record that has it as text: the first calls of
  /// First() see to that.
  RecordMaker(uint64_t seed, RecordMix mix) : random_(seed), mix_(mix) {}

  /// A well-formed cpu record of `host`.
  Sample First(uint64_t host, EventTime now);
  Sample Make(EventTime now);
  /// What was made with these bytes. Null: nothing.
  const Sample* Find(const std::string& data) const;

 private:
  Sample Point(const std::string& host, const std::string& measure, EventTime time);
  Sample Malformed(EventTime now);
  Sample Remember(Sample sample);

  SeededRandom random_;
  const RecordMix mix_;
  std::map<std::string, Sample> by_data_;
  std::vector<std::string> made_;  // points only
};

struct PointKey {
  std::string measure;
  std::string host;
  EventTime time;
  friend auto operator<=>(const PointKey&, const PointKey&) = default;
};

struct PointValue {
  std::string value;
  int64_t version = 0;
  friend bool operator==(const PointValue&, const PointValue&) = default;
};

/// Every record of the shard with an offset up to `last`, oldest first; an owning copy.
struct LoggedRecord {
  uint32_t shard = 0;
  log::RecordOffset offset;
  ArrivalTime arrival;
  std::string key;
  std::string data;
};
std::vector<LoggedRecord> ReadShard(const log::Stream& stream, uint32_t shard,
                                    log::RecordOffset last = log::kEndOfShard);

/// The points that `records` make, one record at a time: last one wins, an equal value changes
/// nothing (design section 5).
void ApplyRecords(const RecordMaker& maker, const std::vector<LoggedRecord>& records,
                  std::map<PointKey, PointValue>& points);

}  // namespace tidemark::tests
