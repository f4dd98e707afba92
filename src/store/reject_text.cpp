// SPDX-License-Identifier: Apache-2.0
#include "store/reject_text.h"

#include <algorithm>

namespace tidemark::store {
namespace {

// Saturating: retentions of centuries reach beyond the range of event times.
EventTime Before(EventTime now, nanoseconds ago) {
  int64_t ns = 0;
  if (__builtin_sub_overflow(now.ns, ago.count(), &ns)) return kEventTimeMin;
  return std::max(kEventTimeMin, EventTime{ns});
}

nanoseconds Saturated(std::chrono::hours duration) {
  // 2.5e6 hours is where int64 nanoseconds end; 200 years lie behind every event time of interest.
  constexpr std::chrono::hours kMax{1'750'000};
  return std::min(duration, kMax);
}

}  // namespace

AcceptedWindow WindowOf(const TableSettings& table, ArrivalTime now, WriteBatch::TimeCheck check) {
  using Check = WriteBatch::TimeCheck;
  // How the observed 40 minutes split is not published: timestream-api.md 4.5.
  constexpr minutes kPastSlack{25};
  constexpr minutes kFuture{15};
  const EventTime instant = now.AsEventTime();
  const nanoseconds memory = Saturated(table.memory_retention);
  const nanoseconds whole = Saturated(
      table.memory_retention + std::min(table.magnetic_retention, std::chrono::hours{73000 * 24}));
  AcceptedWindow window;
  window.magnetic = table.magnetic_writes;
  window.memory_start = Before(instant, memory);
  window.retention_start = Before(instant, whole);
  if (check == Check::kNone) return window;
  window.range.start = Before(instant, (table.magnetic_writes ? whole : memory) + kPastSlack);
  if (check == Check::kApi) window.range.end = instant + kFuture;
  return window;
}

std::string TimeRangeText(const AcceptedWindow& window) {
  return "The record timestamp is outside the time range [" +
         FormatIso8601Millis(window.range.start) + ", " + FormatIso8601Millis(window.range.end) +
         ") of the " + (window.magnetic ? "data ingestion window." : "memory store.");
}

std::string VersionExistsText() {
  return "A record already exists with the same time, dimensions, measure name, and record "
         "version. "
         "A higher record version must be specified in order to update the measure value. "
         "Specifying "
         "record version is supported by the latest SDKs.";
}

std::string VersionLowerText(int64_t version, int64_t existing) {
  return "The record version " + std::to_string(version) + " is lower than the existing version " +
         std::to_string(existing) + ". A higher version is required to update the measure value.";
}

std::string ReservedText(std::string_view view_name) {
  return "series is maintained by view " + std::string(view_name);
}

std::string MeasureTypeText(std::string_view measure, ValueType stored, ValueType given) {
  return "The measure " + std::string(measure) + " has type " + std::string(ValueTypeName(stored)) +
         " in this table; the record's type is " + std::string(ValueTypeName(given)) + ".";
}

std::string FieldTypeText(std::string_view field, ValueType stored, ValueType given) {
  return "The attribute " + std::string(field) + " has type " + std::string(ValueTypeName(stored)) +
         " in this table; the record's type is " + std::string(ValueTypeName(given)) + ".";
}

std::string NameClashText(std::string_view name) {
  return "The name " + std::string(name) +
         " is used both as a dimension and as a multi-measure attribute of this table.";
}

std::string DimensionLimitText() {
  return "The table has the maximum of " + std::to_string(kTableDimensionsMax) + " dimensions.";
}
std::string MeasureLimitText() {
  return "The table has the maximum of " + std::to_string(kTableMeasuresMax) + " measure names.";
}
std::string FieldLimitText() {
  return "The table has the maximum of " + std::to_string(kTableFieldsMax) +
         " multi-measure attributes.";
}

}  // namespace tidemark::store
