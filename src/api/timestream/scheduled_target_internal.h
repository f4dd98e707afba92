// SPDX-License-Identifier: Apache-2.0
// Where the rows of a scheduled query go: TargetConfiguration (timestream-api.md 5.11), its checks,
// and how one row of a result becomes records. Plain values; TargetBatch is single-owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/timestream/fields_internal.h"
#include "api/timestream/tables.h"
#include "sql/engine.h"
#include "store/store.h"

namespace tidemark::timestream {

/// A result column that becomes an attribute of a multi-measure record.
struct AttributeMapping {
  std::string source;
  std::string target;
  store::ValueType type = store::ValueType::kDouble;
};

/// One record that a row makes.
struct MeasureMapping {
  std::string when;    // with a measure name column: only rows of that name
  std::string target;  // the record's measure name; empty: the row's
  std::string source;  // of a single measure
  store::ValueType type = store::ValueType::kMulti;
  std::vector<AttributeMapping> attributes;  // kMulti
};

struct ScheduledTarget {
  std::string database;
  std::string table;
  std::string time_column;
  std::string measure_name_column;  // empty: none
  std::vector<std::string> dimensions;
  std::vector<MeasureMapping> measures;

  /// `object`: TimestreamConfiguration. What is wrong goes to `fields`, or is the failure.
  static std::optional<Failure> Read(const JsonValue& object, Fields& fields, ScheduledTarget& out);
  /// What does not fit, or nothing.
  std::optional<std::string> Check(const std::vector<sql::Column>& columns,
                                   const TableEntry& destination) const;
};

/// A row or record that was not written, and why.
struct TargetError {
  std::string reason;
  std::string record_json;  // as error reports show it (4.7)
};

/// Rows of one chunk as points. Used for chunk after chunk.
class TargetBatch {
 public:
  /// `target` passed Check() with these columns and must outlive the object.
  TargetBatch(const ScheduledTarget& target, const std::vector<sql::Column>& columns);

  /// Rows [begin, end) of `chunk`, which must live as long as points(). `version`: of all records.
  /// What is wrong with rows goes to errors().
  Result<void> Build(const sql::RowChunk& chunk, size_t begin, size_t end,
                     const TableEntry& destination, store::Store& store, int64_t version);

  const std::vector<store::PointView>& points() const { return points_; }
  std::vector<TargetError>& errors() { return errors_; }
  uint64_t bytes() const { return bytes_; }
  /// Point `index` was refused by the store.
  void Refuse(size_t index, std::string reason);

 private:
  struct Record {
    std::string_view measure;
    EventTime time;
    store::ValueView value;
    size_t dimensions = 0;  // of dimensions_
    size_t dimension_count = 0;
    size_t fields = 0;  // of fields_
    size_t field_count = 0;
  };
  struct BoundMeasure {
    const MeasureMapping* mapping = nullptr;
    size_t source = 0;
    std::vector<size_t> attributes;
  };

  void AddRow(const sql::RowChunk& chunk, size_t row, const TableEntry& destination);
  /// False: all of it is null, nothing was added. Else a record was, or an error.
  bool AddRecord(const sql::RowChunk& chunk, size_t row, const BoundMeasure& measure,
                 Record record);
  std::string JsonOf(const Record& record) const;

  const ScheduledTarget& target_;
  size_t time_ = 0;
  std::optional<size_t> measure_name_;
  std::vector<size_t> dimension_columns_;
  std::vector<BoundMeasure> measures_;

  std::vector<store::DimensionView> dimensions_;
  std::vector<store::FieldView> fields_;
  std::vector<Record> records_;
  std::vector<store::PointView> points_;
  std::vector<size_t> point_records_;
  std::vector<TargetError> errors_;
  uint64_t bytes_ = 0;
};

}  // namespace tidemark::timestream
