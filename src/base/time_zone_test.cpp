// SPDX-License-Identifier: Apache-2.0
#include "base/time_zone.h"

#include <gtest/gtest.h>

#include "base/testing/zone_files.h"

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

constexpr std::string_view kBerlinRule = "CET-1CEST,M3.5.0,M10.5.0/3";

TEST(TimeZone, IsReadFromBytes) {
  const std::string bytes = MakeTzif(kBerlinRule, 0, {{-2'000'000'000, 7200}, {0, 3600}});
  const TimeZone zone = TimeZone::FromTzif(bytes).value();
  EXPECT_EQ(zone.OffsetAt(-2'000'000'001), 0);
  EXPECT_EQ(zone.OffsetAt(-2'000'000'000), 7200);
  EXPECT_EQ(zone.OffsetAt(-1), 7200);
  EXPECT_EQ(zone.OffsetAt(1593561600), 7200);
  EXPECT_EQ(zone.OffsetAt(1580515200), 3600);
  EXPECT_EQ(TimeZone::FromTzif("UTC0").error().code, Code::kCorruption);
}

// Whatever the bytes are, what is read shows clocks within RFC 8536's 26 hours.
TEST(TimeZone, DamagedBytesAreRefusedOrHarmless) {
  const std::string bytes = MakeTzif(kBerlinRule, 0, {{-2'000'000'000, 7200}, {0, 3600}});
  const auto look = [](const std::string& damaged) {
    const auto zone = TimeZone::FromTzif(damaged);
    if (!zone.ok()) return;
    for (const int64_t at : {int64_t{-8'520'336'000}, int64_t{0}, int64_t{8'835'955'199}}) {
      EXPECT_LE(std::abs(zone->OffsetAt(at)), 26 * 3600);
      EXPECT_LE(std::abs(zone->FirstInstantAt(at) - at), 3 * 86'400);
    }
    EXPECT_EQ(*zone, *zone);
  };
  for (size_t length = 0; length < bytes.size(); ++length) look(bytes.substr(0, length));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int mask : {0x01, 0x10, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      look(damaged);
    }
  }
}

TEST(TimeZone, EqualsWhatShowsTheSame) {
  const auto zone = [](std::string_view rule,
                       const std::vector<std::pair<int64_t, int64_t>>& changes = {}) {
    return TimeZone::FromTzif(MakeTzif(rule, 3600, changes)).value();
  };
  const TimeZone berlin = zone(kBerlinRule);
  EXPECT_EQ(berlin, zone("<+01>-1<+02>,M3.5.0,M10.5.0/3"));
  EXPECT_NE(berlin, zone("CET-1"));
  EXPECT_NE(berlin, zone("CET-1CEST,M3.5.0,M10.5.0/2"));
  EXPECT_NE(zone("CET-1"), zone("CET-1", {{0, 7200}, {1, 3600}}));
  EXPECT_EQ(zone("CET-1"), TimeZone::Fixed(3600).value());
}

TEST(TimeZone, ReadsTheFileThatIsThereByNow) {
  ZoneDirectory zones;
  EXPECT_EQ(TimeZone::ReadFile("Test/City").error().code, Code::kInvalidArgument);
  zones.Write("Test/City", MakeTzif("CET-1"));
  EXPECT_EQ(TimeZone::ReadFile("Test/City").value()->version, "");
  zones.Write("version", "2025c\n");
  EXPECT_EQ(TimeZone::ReadFile("Test/City").value()->version, "2025c");
  zones.SetVersion("2026a");
  const auto file = TimeZone::ReadFile("Test/City").value();
  EXPECT_EQ(file->version, "2026a");
  EXPECT_EQ(file->tzif, MakeTzif("CET-1"));
  zones.Write("Test/City", MakeTzif("EET-2"));
  EXPECT_EQ(TimeZone::ReadFile("Test/City").value()->tzif, MakeTzif("EET-2"));
  EXPECT_EQ(TimeZone::Find("Test/City").value().OffsetAt(0), 7200);
  for (const char* fixed : {"UTC", "Z", "+05:30"}) {
    EXPECT_EQ(TimeZone::ReadFile(fixed).value(), std::nullopt) << fixed;
  }
}

}  // namespace
}  // namespace tidemark
