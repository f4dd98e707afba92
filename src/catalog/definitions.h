// SPDX-License-Identifier: Apache-2.0
// What exists, as plain values: streams, databases, tables, pipelines, views, scheduled queries,
// saved queries, dashboards.
// Names are unique per kind (tables: per database) and never change. Immutable once read from the
// catalog.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "catalog/ids.h"

namespace tidemark::catalog {

/// A place in the 128-bit hash space of a stream (kinesis-api.md 3.2), big end first.
struct HashKey {
  uint64_t hi = 0;
  uint64_t lo = 0;
  friend constexpr auto operator<=>(const HashKey&, const HashKey&) = default;
};
inline constexpr HashKey kHashKeyMax{UINT64_MAX, UINT64_MAX};

struct ShardDef {
  uint32_t number = 0;  // the digits of shardId-000000000000; ascending in StreamDef::shards
  HashKey hash_start;
  HashKey hash_end = kHashKeyMax;  // inclusive
  std::optional<uint32_t> parent;
  std::optional<uint32_t> adjacent_parent;  // the second parent of a merge
  ArrivalTime created;
  std::optional<ArrivalTime> closed;  // none: open

  friend bool operator==(const ShardDef&, const ShardDef&) = default;
};

enum class StreamMode : uint8_t { kProvisioned, kOnDemand };

struct StreamDef {
  StreamId id;
  std::string name;
  std::vector<ShardDef> shards;
  uint32_t retention_hours = 24;
  StreamMode mode = StreamMode::kProvisioned;
  uint32_t record_kib_max = 1024;  // data + partition key (kinesis-api.md 2.7)
  std::vector<std::pair<std::string, std::string>> tags;
  ArrivalTime created;

  friend bool operator==(const StreamDef&, const StreamDef&) = default;
};

struct DatabaseDef {
  DatabaseId id;
  std::string name;
  std::string
      extra_json;  // AWS properties that only the API echoes (KmsKeyId, Tags); "" or an object
  ArrivalTime created;
  ArrivalTime updated;

  friend bool operator==(const DatabaseDef&, const DatabaseDef&) = default;
};

struct TableDef {
  TableId id;
  DatabaseId database;
  std::string database_name;
  std::string name;
  int64_t memory_retention_hours = 6;        // timestream-api.md 3.6
  int64_t magnetic_retention_days = 73'000;  // timestream-api.md 3.6
  bool magnetic_writes_enabled = false;
  std::string extra_json;  // Schema, MagneticStoreRejectedDataLocation, Tags; "" or an object
  ArrivalTime created;
  ArrivalTime updated;

  friend bool operator==(const TableDef&, const TableDef&) = default;
};

enum class StartAt : uint8_t { kTrimHorizon, kLatest };

/// Conditions on points; all have to hold.
struct FilterDef {
  struct Text {
    std::string name;                 // of a dimension, or "measure_name"
    std::vector<std::string> values;  // any of them; with `glob` one pattern of '*' and '?'
    bool glob = false;
    friend bool operator==(const Text&, const Text&) = default;
  };
  std::vector<Text> texts;
  std::optional<double> value_min;  // inclusive, both; of numbers: others never pass
  std::optional<double> value_max;

  bool empty() const { return texts.empty() && !value_min && !value_max; }
  friend bool operator==(const FilterDef&, const FilterDef&) = default;
};

/// Which field of a record is what. "*" in `dimensions`: every field that is nothing else.
struct MappingDef {
  std::string format = "json";
  std::string measure_name;
  std::string measure_value;
  std::string measure_type;
  std::string time;
  std::string time_unit;
  std::vector<std::string> dimensions;
  /// A record with this field alone says that nothing older than it follows; "": there is none.
  std::string punctuation{};

  friend bool operator==(const MappingDef&, const MappingDef&) = default;
};

/// What a pipeline makes of a record that was decoded, in this order.
struct RulesDef {
  FilterDef filter;                                         // of the record as it came
  std::vector<std::pair<std::string, std::string>> rename;  // dimension or measure: old, new
  std::vector<std::pair<std::string, std::string>> set;     // dimension, "text of {field}s"
  std::vector<std::pair<std::string, double>> scale;        // measure, factor

  friend bool operator==(const RulesDef&, const RulesDef&) = default;
};

/// Where a pipeline was, kept by name.
struct SavepointDef {
  struct Partition {
    uint32_t number = 0;
    std::string position;  // the source's own bytes; "": before its first record
    friend bool operator==(const Partition&, const Partition&) = default;
  };
  std::string name;
  std::vector<Partition> partitions;
  std::string definition;  // of the pipeline, as it was then
  ArrivalTime created;

  friend bool operator==(const SavepointDef&, const SavepointDef&) = default;
};

struct PipelineDef {
  PipelineId id;
  std::string name;
  std::string stream;
  std::string database;
  std::string table;
  StartAt start = StartAt::kTrimHorizon;
  nanoseconds idle_timeout = seconds(60);
  MappingDef mapping;
  RulesDef rules;
  /// Pauses when more than this share of 10,000 consecutive records is malformed; 1: never.
  double breaker = 0.05;
  std::vector<SavepointDef> savepoints;  // by name
  bool running = true;
  std::string definition;  // canonical text of what the user wrote; equal text = nothing to apply
  ArrivalTime created;

  friend bool operator==(const PipelineDef&, const PipelineDef&) = default;
};

enum class WindowLabel : uint8_t { kStart, kEnd };
enum class LatePolicy : uint8_t { kRecompute, kFreeze };

/// A dimension made from another: the text of the longest pattern that matches (of equal length,
/// the first in order); a series that none matches, or without `from`, has no such dimension.
struct LabelMapDef {
  std::string name;                                        // "": none
  std::string from;                                        // a dimension
  std::vector<std::pair<std::string, std::string>> texts;  // pattern of '*' and '?', text

  friend bool operator==(const LabelMapDef&, const LabelMapDef&) = default;
};

/// What the clocks of a view's zone showed as it was made, or as the system's rules changed.
struct ZoneRulesDef {
  EventTime from{INT64_MIN};  // windows that begin here or later follow them; the first: all
  std::string version;        // of the zone data: "2026a"; "": it names none
  std::string tzif;           // the zone's file (RFC 8536)

  friend bool operator==(const ZoneRulesDef&, const ZoneRulesDef&) = default;
};

struct ViewDef {
  ViewId id;
  /// Grows with each definition that took over; each has an id of its own.
  uint32_t generation = 1;
  /// It is being built beside this view, to take its place; 0: it is the view of its name.
  ViewId replaces{};
  /// Generations before it whose rows are still to be removed.
  std::vector<ViewId> retired{};
  std::string name;
  std::string database;
  std::string table;                  // source
  std::string target_table;           // in the same database
  std::vector<std::string> measures;  // patterns
  std::vector<std::string> types;     // "DOUBLE", "BIGINT"
  /// Patterns of columns: it reads multi-measure records; none: single ones.
  std::vector<std::string> columns{};
  std::vector<std::string> aggregates;
  std::string source;              // the view it reads; "": the table's own points
  uint32_t source_generation = 0;  // of that one, whose rows it is made of
  FilterDef filter;
  LabelMapDef label_map;
  // One kind of window: `window` (with `slide`: hopping), `session_gap`, `calendar`, `every` or
  // `levels`.
  nanoseconds window{0};
  nanoseconds slide{0};   // 0: tumbling
  nanoseconds offset{0};  // windows start at offset + n * slide
  nanoseconds session_gap{0};
  nanoseconds max_session = hours(24);
  std::string calendar;  // "day", "week", "month", "quarter", "year"
  std::string zone;      // IANA; "": UTC
  std::string week_start = "monday";
  std::vector<ZoneRulesDef> zone_rules{};  // ascending; none: the system's
  nanoseconds every{0};
  std::string fill;  // of `every`: "linear", "locf", "next", "spline", "constant"
  double fill_value = 0;
  nanoseconds max_gap{0};
  std::vector<nanoseconds> levels;        // ascending
  std::vector<std::string> group_by;      // "*": all dimensions; none: one series
  bool multi_rows = false;                // one multi-measure row in place of one row an aggregate
  std::vector<double> buckets;            // of aggregate "histogram", ascending
  nanoseconds staleness{0};               // of counters; 0: max(5 min, 2 windows)
  nanoseconds horizon{0};                 // of twa; 0: max(5 min, 2 windows)
  int64_t recompute_per_second = 10'000;  // (group, window) beyond allowed lateness
  nanoseconds refresh{0};                 // late points are published together; 0: at once
  std::string late_stream;                // takes points that can no longer change their row
  std::string output = "{aggregate}_{measure}";
  WindowLabel label = WindowLabel::kStart;
  nanoseconds out_of_orderness{0};
  nanoseconds allowed_lateness{0};
  LatePolicy late = LatePolicy::kRecompute;
  nanoseconds early{0};              // rows of open windows are shown that often; 0: not
  nanoseconds provisional_after{0};  // .. after that much silence; 0: not
  bool adopt = false;
  bool running = true;
  bool paused = false;     // an operator's hold, apart from `running`
  std::string definition;  // as in PipelineDef
  ArrivalTime created;

  friend bool operator==(const ViewDef&, const ViewDef&) = default;
};

/// One run of a scheduled query, as its history tells it.
struct ScheduledRunDef {
  ArrivalTime invocation;  // the time it was for: @scheduled_runtime
  ArrivalTime trigger;     // when it began, and the version of its rows
  bool manual = false;
  bool succeeded = false;
  int64_t execution_ms = 0;
  int64_t bytes_written = 0;
  int64_t records = 0;  // accepted, replaced or unchanged
  int64_t rows = 0;     // of the result
  int64_t bytes_scanned = 0;
  std::string report_bucket;  // of the error report; "" without
  std::string report_key;
  std::string failure;  // why it failed

  friend bool operator==(const ScheduledRunDef&, const ScheduledRunDef&) = default;
};

struct ScheduledQueryDef {
  ScheduledQueryId id;
  std::string name;
  std::string suffix;  // 12 hexadecimal digits after the name in its ARN
  std::string sql;
  std::string schedule;  // rate(..) or cron(..)
  bool enabled = true;
  std::string properties_json;  // an object: the API's members that the run reads or only echoes
  std::string client_token;     // of the creating call
  std::string request_hash;     // of that call's other members
  ArrivalTime considered;       // due times up to here have run or were passed over
  std::vector<ScheduledRunDef> runs;  // the newest first, bounded by who adds
  ArrivalTime created;

  friend bool operator==(const ScheduledQueryDef&, const ScheduledQueryDef&) = default;
};

/// A statement that somebody keeps. `name` is what links hold; people see `title`.
struct SavedQueryDef {
  SavedQueryId id;
  std::string name;
  std::string title;
  std::string description;
  std::string sql;
  std::string from;  // of its time range, as typed: "now-1h"; "": none
  std::string to;
  std::string database;
  std::vector<std::string> tags;
  int64_t revision = 1;  // grows with each change
  ArrivalTime created;
  ArrivalTime updated;

  friend bool operator==(const SavedQueryDef&, const SavedQueryDef&) = default;
};

/// What viewers of a dashboard see, or saw.
struct DashboardVersionDef {
  int64_t number = 0;
  ArrivalTime at;
  std::string message;
  std::string definition;  // a JSON object

  friend bool operator==(const DashboardVersionDef&, const DashboardVersionDef&) = default;
};

/// A link that reads the newest published version.
struct DashboardShareDef {
  std::string name;    // unique in its dashboard
  std::string digest;  // of the token, which is kept nowhere
  ArrivalTime created;
  std::optional<ArrivalTime> expires;
  std::string variables_json;  // values that viewers cannot change; "" or an object

  friend bool operator==(const DashboardShareDef&, const DashboardShareDef&) = default;
};

struct DashboardDef {
  DashboardId id;
  std::string name;                           // as in links
  std::string source;                         // "console" or "stack"
  std::string draft;                          // a JSON object, or "": there is none
  std::vector<DashboardVersionDef> versions;  // the newest first, bounded by who adds
  std::vector<DashboardShareDef> shares;      // bounded by who adds
  int64_t revision = 1;                       // grows with each change but those of shares
  ArrivalTime created;
  ArrivalTime updated;

  friend bool operator==(const DashboardDef&, const DashboardDef&) = default;
};

}  // namespace tidemark::catalog
