// SPDX-License-Identifier: Apache-2.0
// What a zone file says (TZif, RFC 8536), decoded: for `base` only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time_zone.h"

namespace tidemark {

inline constexpr int64_t kDaySeconds = 86'400;

/// A day of a rule: Mm.w.d, Jn or n.
struct RuleDay {
  enum class Kind : uint8_t { kMonthWeekday, kJulian, kDayOfYear };
  Kind kind = Kind::kMonthWeekday;
  int64_t month = 1;
  int64_t week = 1;            // 5: the last
  int64_t day = 0;             // Sunday: 0; or the number of the day
  int64_t seconds = 2 * 3600;  // of the wall clock
};

struct Rule {
  int64_t standard = 0;
  std::optional<int64_t> daylight;
  RuleDay start;
  RuleDay end;
};

struct Transition {
  int64_t at = 0;
  int64_t offset = 0;  // from then on
};

struct TimeZone::Data {
  int64_t first_offset = 0;
  std::vector<Transition> transitions;  // ascending
  std::optional<Rule> rule;             // behind the last transition

  int64_t ByRule(int64_t utc) const;
  int64_t OffsetAt(int64_t utc) const;
  /// Every instant before 2251 at which the offset may change, in any order.
  std::vector<int64_t> Changes() const;
};

/// False: the bytes are damaged, or no zone file.
bool DecodeTzif(std::string_view file, TimeZone::Data& out);

}  // namespace tidemark
