// SPDX-License-Identifier: Apache-2.0
// Time zones of the system's zone files (TZif, RFC 8536; /usr/share/zoneinfo or $TZDIR) and fixed
// offsets. Immutable; copies share the data.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark {

/// A zone's file as the system has it.
struct ZoneFile {
  std::string version;  // of the zone data: "2026a"; "": the system does not say
  std::string tzif;     // RFC 8536

  friend bool operator==(const ZoneFile&, const ZoneFile&) = default;
};

class TimeZone {
 public:
  /// "UTC", "Z", "+05:30", "-0330", "+2", or an identifier such as "Europe/Berlin".
  /// kInvalidArgument: there is none of that name; kInternal: its file is damaged.
  static Result<TimeZone> Find(std::string_view name);
  /// Seconds east of UTC, at most 18 hours either way.
  static Result<TimeZone> Fixed(int64_t offset_seconds);
  /// The bytes of a zone file; kCorruption: they are damaged.
  static Result<TimeZone> FromTzif(std::string_view bytes);
  /// The file that the system has for a name by now; none for UTC and offsets, which need none.
  /// kInvalidArgument: there is none of that name. Whether it is damaged FromTzif() tells.
  static Result<std::optional<ZoneFile>> ReadFile(std::string_view name);

  /// Seconds east of UTC at an instant (seconds since 1970).
  int64_t OffsetAt(int64_t utc_seconds) const;
  /// The instant at which clocks show `local_seconds`; the earlier one if they do twice, none if
  /// they skip it.
  std::optional<int64_t> InstantOf(int64_t local_seconds) const;

  /// The first instant at which clocks show `local_seconds` or more: where they skip it, the jump.
  int64_t FirstInstantAt(int64_t local_seconds) const;

  /// Whether their clocks show the same at every accepted time (base/time.h).
  friend bool operator==(const TimeZone& a, const TimeZone& b);

  struct Data;

 private:
  explicit TimeZone(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;
};

}  // namespace tidemark
