// SPDX-License-Identifier: Apache-2.0
// From a decoded WriteRecords request to points of the store: merges CommonAttributes into each
// record (timestream-api.md 4.2), checks what makes the whole request invalid (4.3) and finds the
// series of all records at once. Used for request after request. Single-owner.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/timestream/errors.h"
#include "api/timestream/tables.h"
#include "api/timestream/write_request_internal.h"
#include "store/store.h"

namespace tidemark::timestream {

/// Names that dimensions and attributes may not have (timestream-api.md 2.3).
bool IsReservedDimension(std::string_view name);
bool IsReservedAttribute(std::string_view name);
/// Why a record with these dimensions is refused by `table`, or nothing.
std::optional<std::string> RefusalOfDimensions(std::span<const store::DimensionView> dimensions,
                                               const TableEntry& table);

/// One record that is not written while others are.
struct RejectedRecord {
  uint32_t record = 0;  // into Records
  std::string reason;
  std::optional<int64_t> existing_version;
};

class WriteBatchBuilder {
 public:
  /// A failure means that nothing may be written. `request` must outlive the use of points().
  std::optional<Failure> Build(const WriteRequest& request, const TableEntry& table,
                               store::Store& store);

  /// Points in the order of their records; those rejected here are missing.
  const std::vector<store::PointView>& points() const { return points_; }
  /// The record of each point.
  const std::vector<uint32_t>& records() const { return records_; }
  /// Ascending.
  std::vector<RejectedRecord>& rejected() { return rejected_; }

 private:
  struct Merged;
  std::optional<Failure> AddRecord(const WriteRequest& request, const RecordView& record,
                                   const TableEntry& table);
  std::optional<Failure> MergeDimensions(const WriteRequest& request, const RecordView& record,
                                         std::span<const store::DimensionView>& out);
  std::optional<Failure> AddFields(const WriteRequest& request, const RecordView& record,
                                   int64_t unit_ns);

  std::vector<store::DimensionView> dimensions_;  // of records that merge two lists
  std::vector<store::FieldView> fields_;
  std::vector<ListRange> field_ranges_;  // per point
  std::vector<store::SeriesKeyView> keys_;
  std::vector<store::PointView> points_;
  std::vector<uint32_t> records_;
  std::vector<RejectedRecord> rejected_;
};

}  // namespace tidemark::timestream
