// SPDX-License-Identifier: Apache-2.0
// Macros and points in time: web/API.md section 3.3, console-ux.md 4 and 5.5.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/macros_internal.h"
#include "api/console/time_range_internal.h"

namespace tidemark::console {
namespace {

using ::testing::HasSubstr;

EventTime At(std::string_view text) { return ParseTimestamp(text).value(); }

std::string Point(std::string_view text) {
  const auto time = ParseTimePoint(text, At("2026-03-31T17:45:12.5Z"));  // a Tuesday
  return time.ok() ? FormatSqlTimestamp(*time).substr(0, 23) : "error";
}

TEST(TimePoint, FollowsTheGrammar) {
  EXPECT_EQ(Point("now"), "2026-03-31 17:45:12.500");
  EXPECT_EQ(Point("now-15m"), "2026-03-31 17:30:12.500");
  EXPECT_EQ(Point("now-1h/h"), "2026-03-31 16:00:00.000");
  EXPECT_EQ(Point("now+1d/d"), "2026-04-01 00:00:00.000");
  EXPECT_EQ(Point("now/w"), "2026-03-30 00:00:00.000");
  EXPECT_EQ(Point("now-1M"), "2026-02-28 17:45:12.500");
  EXPECT_EQ(Point("now-1M/M"), "2026-02-01 00:00:00.000");
  EXPECT_EQ(Point("now-2y/y"), "2024-01-01 00:00:00.000");
  EXPECT_EQ(Point("now-1d-2h+30s"), "2026-03-30 15:45:42.500");
  EXPECT_EQ(Point("1768494300000"), "2026-01-15 16:25:00.000");
  EXPECT_EQ(Point("2026-01-15T16:25:00.5Z"), "2026-01-15 16:25:00.500");
  for (const char* wrong : {"", "soon", "now-", "now-5", "now-5x", "now/hh", "now5m", "now-1h/h-1m",
                            "now-99999999999d", "now-100000y", "9223372036854775807", "now/"}) {
    EXPECT_EQ(Point(wrong), "error") << wrong;
  }
}

MacroValues Values() {
  MacroValues out = DefaultMacroValues(At("2026-01-15T17:00:00Z"));
  out.database = "my\"db";
  out.table = "t";
  out.measure = "it's";
  return out;
}

std::string Expanded(std::string_view typed) {
  Expansion out;
  EXPECT_FALSE(ExpandMacros(typed, Values(), out)) << typed;
  return out.sql();
}

TEST(Macros, AllTenNames) {
  EXPECT_EQ(Expanded("WHERE $__timeFilter"),
            "WHERE time BETWEEN from_milliseconds(1768492800000) AND "
            "from_milliseconds(1768496400000)");
  EXPECT_EQ(Expanded("$__timeFrom,$__timeTo,$__now_ms"),
            "1768492800000,1768496400000,1768496400000");
  EXPECT_EQ(Expanded("bin(time, $__interval)"), "bin(time, 5000ms)");
  EXPECT_EQ(Expanded("$__interval_ms $__interval_raw_ms"), "5000ms 5000");
  EXPECT_EQ(Expanded("FROM $__database.$__table WHERE measure_name = '$__measure'"),
            "FROM \"my\"\"db\".\"t\" WHERE measure_name = 'it''s'");
  EXPECT_EQ(Expanded("$__measure"), "\"it's\"");
  EXPECT_EQ(MacroHelp().size(), 10U);
}

TEST(Macros, StayInCommentsQuotedNamesAndStrings) {
  for (const char* same :
       {"-- $__timeFilter", "/* $__table */", "\"$__table\"", "'$__timeFilter'", "$__tables",
        "$__unknown", "$", "'it''s $__now_ms'", "'open $__timeFrom", "/* open $__table"}) {
    EXPECT_EQ(Expanded(same), same);
  }
  EXPECT_EQ(Expanded("'a''b' || $__timeTo -- $__timeTo\n, $__timeTo"),
            "'a''b' || 1768496400000 -- $__timeTo\n, 1768496400000");
}

TEST(Macros, ANameThatIsNeededIsNamed) {
  Expansion out;
  const auto failure = ExpandMacros("FROM $__table", DefaultMacroValues({}), out);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->field, "table");
  EXPECT_EQ(failure->status, 400);
}

TEST(Macros, PlacesAreThoseOfWhatWasTyped) {
  const std::string typed = "SELECT 'ü', $__now_ms,\n  bad, $__timeFrom, worse";
  Expansion out;
  ASSERT_FALSE(ExpandMacros(typed, Values(), out));
  const auto place_of = [&](std::string_view word) {
    const Place place = out.Typed(typed, PlaceOf(out.sql(), out.sql().find(word)));
    return std::pair(place.line, place.column);
  };
  EXPECT_EQ(place_of("bad"), std::pair(2, 3));
  EXPECT_EQ(place_of("worse"), std::pair(2, 21));
  EXPECT_EQ(place_of("1768496400000"), std::pair(1, 13));
  EXPECT_EQ(place_of("8496400000"), std::pair(1, 13)) << "inside a macro: where it begins";
}

TEST(Macros, TheStepFollowsTheRange) {
  const EventTime start = At("2026-01-15T00:00:00Z");
  EXPECT_EQ(DefaultIntervalMs(start, start + seconds(1)), 1000);
  EXPECT_EQ(DefaultIntervalMs(start, start + hours(24)), 5 * 60'000);
  EXPECT_EQ(DefaultIntervalMs(start, start + hours(24 * 3650)), 24 * 3'600'000);
  EXPECT_EQ(DefaultIntervalMs(start, start - seconds(1)), 1000);
}

}  // namespace
}  // namespace tidemark::console
