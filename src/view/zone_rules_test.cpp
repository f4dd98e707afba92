// SPDX-License-Identifier: Apache-2.0
#include "view/zone_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/zone_files.h"
#include "view/definition.h"

namespace tidemark::view {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

EventTime At(const char* text) { return ParseTimestamp(text).value(); }
const EventTime kNow = At("2026-11-27 08:00");

catalog::ViewDef Daily(std::string_view rule = kBerlin) {
  catalog::ViewDef def;
  def.id = ViewId{1};
  def.name = "daily";
  def.database = "plant";
  def.table = def.target_table = "motors";
  def.measures = {"*"};
  def.types = {"DOUBLE"};
  def.aggregates = {"avg"};
  def.group_by = {"*"};
  def.calendar = "day";
  def.zone = "Test/City";
  def.zone_rules = {{.version = "2026a", .tzif = MakeTzif(rule)}};
  return def;
}

ZoneFile File(std::string_view version, std::string_view rule,
              const std::vector<std::pair<int64_t, int64_t>>& changes = {}) {
  return {std::string(version), MakeTzif(rule, 3600, changes)};
}

EventTime StartOf(const catalog::ViewDef& def, EventTime t) {
  return WindowsOf(FromCatalog(def, {}).value()).SlotOf(t).start;
}

TEST(ZoneRules, WithoutStoredOnesAreTheSystems) {
  catalog::ViewDef def = Daily();
  def.zone_rules.clear();
  const auto change = FollowZone(def, File("2026b", kBerlin), kNow).value();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->moved, std::nullopt);
  ASSERT_EQ(change->rules.size(), 1U);
  EXPECT_EQ(change->rules[0].from.ns, INT64_MIN);
  EXPECT_EQ(change->rules[0].version, "2026b");
}

TEST(ZoneRules, GoOnWhereTheClocksShowTheSame) {
  const catalog::ViewDef def = Daily();
  EXPECT_FALSE(FollowZone(def, {"2026a", def.zone_rules[0].tzif}, kNow).value());
  // Another version of the same bytes, and other bytes of the same clocks.
  for (const ZoneFile& file : {ZoneFile{"2026b", def.zone_rules[0].tzif},
                               ZoneFile{"2026b", MakeTzif("<+01>-1<+02>,M3.5.0,M10.5.0/3")}}) {
    const auto change = FollowZone(def, file, kNow).value();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->moved, std::nullopt);
    ASSERT_EQ(change->rules.size(), 1U);
    EXPECT_EQ(change->rules[0].version, "2026b");
    EXPECT_EQ(change->rules[0].tzif, file.tzif);
  }
}

// Summer time is abolished: boundaries move from its next beginning on, and past ones stay.
TEST(ZoneRules, MoveFutureBoundariesOnly) {
  catalog::ViewDef def = Daily();
  const auto change = FollowZone(def, File("2026b", "CET-1"), kNow).value();
  ASSERT_TRUE(change);
  EXPECT_EQ(change->moved, At("2027-03-28 22:00"));
  ASSERT_EQ(change->rules.size(), 2U);
  EXPECT_EQ(change->rules[0], def.zone_rules[0]);
  EXPECT_EQ(change->rules[1].from, At("2026-11-26 23:00"));
  EXPECT_EQ(change->rules[1].version, "2026b");
  const catalog::ViewDef before = def;
  def.zone_rules = change->rules;
  for (EventTime t = At("2025-01-01 00:00"); t < kNow; t = t + hours(6)) {
    EXPECT_EQ(StartOf(def, t), StartOf(before, t));
  }
  EXPECT_EQ(StartOf(before, At("2027-07-01 12:00")), At("2027-06-30 22:00"));
  EXPECT_EQ(StartOf(def, At("2027-07-01 12:00")), At("2027-06-30 23:00"));

  // Known already; and taken back the same day, or later.
  EXPECT_FALSE(FollowZone(def, File("2026b", "CET-1"), kNow + hours(24)).value());
  const auto undone = FollowZone(def, File("2026c", kBerlin), kNow).value();
  ASSERT_EQ(undone->rules.size(), 1U);
  EXPECT_EQ(undone->rules[0].version, "2026c");
  EXPECT_EQ(undone->moved, At("2027-03-28 22:00"));
  const auto later = FollowZone(def, File("2026c", kBerlin), kNow + hours(24)).value();
  ASSERT_EQ(later->rules.size(), 3U);
  EXPECT_EQ(later->rules[2].from, At("2026-11-27 23:00"));
}

TEST(ZoneRules, TakeAlongWhatMovesNoBoundarySoon) {
  const catalog::ViewDef def = Daily("CET-1");
  // What is known of 1970 by now; and a law of the year 2060.
  for (const auto& [from, until] : {std::pair<int64_t, int64_t>{0, 86'400},
                                    std::pair<int64_t, int64_t>{2'850'000'000, 2'860'000'000}}) {
    const auto change =
        FollowZone(def, File("2026b", "CET-1", {{from, 7200}, {until, 3600}}), kNow).value();
    ASSERT_TRUE(change);
    EXPECT_EQ(change->moved, std::nullopt);
    ASSERT_EQ(change->rules.size(), 2U);
    EXPECT_EQ(change->rules[1].from, At("2026-11-26 23:00"));
  }
}

TEST(ZoneRules, AreCarriedToOtherWindowsAtTheirBoundaries) {
  catalog::ViewDef def = Daily("CET-1");
  def.zone_rules.push_back({At("2026-11-10 23:00"), "2026b", MakeTzif("EET-2")});
  def.zone_rules.push_back({At("2026-11-26 22:00"), "2026c", MakeTzif("WET0")});
  catalog::ViewDef wished = def;
  EXPECT_EQ(CarriedRules(def, wished).value(), def.zone_rules);
  wished.calendar = "month";
  auto rules = CarriedRules(def, wished).value();
  ASSERT_EQ(rules.size(), 2U);  // one month holds both
  EXPECT_EQ(rules[0], def.zone_rules[0]);
  EXPECT_EQ(rules[1].from, At("2026-10-31 23:00"));
  EXPECT_EQ(rules[1].version, "2026c");
  wished.calendar = "week";
  rules = CarriedRules(def, wished).value();
  ASSERT_EQ(rules.size(), 3U);
  EXPECT_EQ(rules[1].from, At("2026-11-08 23:00"));
  EXPECT_EQ(rules[2].from, At("2026-11-22 22:00"));
}

TEST(ZoneRules, DamagedOnesAreNamed) {
  catalog::ViewDef def = Daily();
  EXPECT_EQ(FollowZone(def, {"2026b", "TZif?"}, kNow).error().code, Code::kCorruption);
  def.zone_rules[0].tzif.resize(50);
  const auto read = FromCatalog(def, {});
  EXPECT_EQ(read.error().code, Code::kCorruption);
  EXPECT_THAT(read.error().message, HasSubstr("view daily: zone Test/City of 2026a"));
}

// What the system has by that name does not matter, nor that it has none.
TEST(ZoneRules, OfADefinitionAreTheStoredOnes) {
  const ZoneDirectory zones;
  catalog::ViewDef def = Daily();
  EXPECT_EQ(StartOf(def, At("2026-07-01 12:00")), At("2026-06-30 22:00"));
  def.zone_rules.clear();
  EXPECT_THAT(FromCatalog(def, {}).error().message, HasSubstr("Test/City"));
}

}  // namespace
}  // namespace tidemark::view
