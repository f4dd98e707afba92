// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <gtest/gtest.h>

namespace tidemark {
namespace {

int64_t OffsetOf(std::string_view zone, int64_t at) {
  const Result<TimeZone> found = TimeZone::Find(zone);
  EXPECT_TRUE(found.ok()) << zone << " " << (found.ok() ? "" : found.error().message);
  return found.ok() ? found->OffsetAt(at) : INT64_MIN;
}

TEST(TimeZone, ReadsFixedOffsets) {
  EXPECT_EQ(OffsetOf("UTC", 0), 0);
  EXPECT_EQ(OffsetOf("+05:30", 0), 19800);
  EXPECT_EQ(OffsetOf("-0330", 0), -12600);
  EXPECT_EQ(OffsetOf("+2", 0), 7200);
  for (const char* bad : {"", "+", "+1:30", "+12:60", "+19:00", "Nowhere/City", "../etc/passwd",
                          "/etc/passwd", "europe/..", "Europe", "+05:3x"}) {
    const Result<TimeZone> found = TimeZone::Find(bad);
    ASSERT_FALSE(found.ok()) << bad;
    EXPECT_EQ(found.error().code, Code::kInvalidArgument) << found.error().message;
  }
}

// 2020-03-08 07:00 UTC and 2020-11-01 06:00 UTC (transitions of the file); 2150 is beyond them and
// comes from its rule.
TEST(TimeZone, FollowsDaylightSaving) {
  EXPECT_EQ(OffsetOf("America/New_York", 1583650799), -5 * 3600);
  EXPECT_EQ(OffsetOf("America/New_York", 1583650800), -4 * 3600);
  EXPECT_EQ(OffsetOf("America/New_York", 1604210399), -4 * 3600);
  EXPECT_EQ(OffsetOf("America/New_York", 1604210400), -5 * 3600);
  EXPECT_EQ(OffsetOf("America/New_York", 5695963200), -4 * 3600);  // 2150-07-01
  EXPECT_EQ(OffsetOf("America/New_York", 5680324800), -5 * 3600);  // 2150-01-01
  EXPECT_EQ(OffsetOf("Australia/Sydney", 5680324800), 11 * 3600);
  EXPECT_EQ(OffsetOf("Australia/Sydney", 5695963200), 10 * 3600);
  EXPECT_EQ(OffsetOf("Asia/Kathmandu", 1593561600), 5 * 3600 + 45 * 60);
}

TEST(TimeZone, TellsSkippedAndRepeatedTimes) {
  const Result<TimeZone> zone = TimeZone::Find("America/New_York");
  ASSERT_TRUE(zone.ok());
  EXPECT_EQ(zone->InstantOf(1583634600), std::nullopt);  // 2020-03-08 02:30
  EXPECT_EQ(zone->InstantOf(1604194200), 1604208600);    // 2020-11-01 01:30: the first of two
  EXPECT_EQ(zone->InstantOf(1593561600), 1593576000);    // 2020-07-01 00:00
}

}  // namespace
}  // namespace tidemark
