// SPDX-License-Identifier: Apache-2.0
// Reason texts of rejected records, as clients match them (timestream-api.md 4.5), and the time
// window a table accepts (4.5, 4.7). Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "store/store.h"

namespace tidemark::store {

/// What one table accepts at one instant.
struct AcceptedWindow {
  TimeRange range;            // accepted times
  EventTime memory_start;     // at or after: counted as memory store, before: magnetic
  EventTime retention_start;  // before: no longer kept
  bool magnetic = false;      // which text
};

/// kApi: [now - retention - 25 min, now + 15 min); kRetentionOnly: no upper bound but the type's
/// own; kNone: every event time. Retention is memory, plus magnetic if the table takes magnetic
/// writes.
AcceptedWindow WindowOf(const TableSettings& table, ArrivalTime now, WriteBatch::TimeCheck check);

std::string TimeRangeText(const AcceptedWindow& window);
std::string VersionExistsText();
std::string VersionLowerText(int64_t version, int64_t existing);
std::string ReservedText(std::string_view view_name);
std::string MeasureTypeText(std::string_view measure, ValueType stored, ValueType given);
std::string FieldTypeText(std::string_view field, ValueType stored, ValueType given);
std::string NameClashText(std::string_view name);
std::string DimensionLimitText();
std::string MeasureLimitText();
std::string FieldLimitText();

// Timestream quotas per table: timestream-api.md 4.9.
inline constexpr size_t kTableDimensionsMax = 128;
inline constexpr size_t kTableMeasuresMax = 8192;
inline constexpr size_t kTableFieldsMax = 1024;

}  // namespace tidemark::store
