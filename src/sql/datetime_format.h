// SPDX-License-Identifier: Apache-2.0
// Patterns of date_format/date_parse (MySQL's) and of format_datetime/parse_datetime (Joda's, with
// letters of java.time that the guide uses): timestream-sql.md 5.5. Both are compiled to one list
// of fields. Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tidemark::sql {

class DatetimeFormat {
 public:
  enum class Field : uint8_t {
    kLiteral,
    kYear,
    kYearOfCentury,  // two digits: 70..99 are 1970..1999, 00..69 are 2000..2069
    kCentury,
    kEra,
    kQuarter,
    kMonth,
    kMonthShort,
    kMonthLong,
    kDay,
    kDayOfYear,
    kWeekYear,
    kWeekYearOfCentury,
    kWeek,
    kWeekday,  // 1: Monday
    kWeekdayShort,
    kWeekdayLong,
    kHalf,        // AM, PM
    kHour,        // 0..23
    kHour24,      // 1..24
    kHourOfHalf,  // 0..11
    kHour12,      // 1..12
    kMinute,
    kSecond,
    kFraction,
    kOffset,       // +0000
    kOffsetColon,  // +00:00
    kZone,         // a short name, an identifier or an offset
  };
  struct Element {
    Field field = Field::kLiteral;
    uint8_t digits_min = 1;  // printed at least
    uint8_t digits_max = 2;  // read at most
    std::string text;        // kLiteral
  };

  explicit DatetimeFormat(std::vector<Element> elements) : elements_(std::move(elements)) {}

  /// Time is rounded to the microsecond first, as far as patterns print it; a fraction's further
  /// digits are exact.
  std::string Format(int64_t ns) const;
  /// Fields that are missing are those of 1970-01-01T00:00:00Z. The whole text must match; names in
  /// any case. kInvalidArgument shows the text.
  Result<int64_t> Parse(std::string_view text) const;

 private:
  std::vector<Element> elements_;
};

/// %Y-%m-%d %H:%i:%s. An unknown letter stands for itself. kInvalidArgument: %D %U %u %V %w %X, or
/// an empty pattern.
Result<DatetimeFormat> CompileMysqlPattern(std::string_view pattern);
/// yyyy-MM-dd'T'HH:mm:ss.SSSZZ. kInvalidArgument names a letter that is none.
Result<DatetimeFormat> CompileJodaPattern(std::string_view pattern);

}  // namespace tidemark::sql
