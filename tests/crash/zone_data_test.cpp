// SPDX-License-Identifier: Apache-2.0
// New zone data between two starts (docs/decisions/0007): event-time.md 3, step 6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/zone_files.h"
#include "crash/world.h"

namespace tidemark::tests {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Stack(const std::string& aggregate) {
  return R"(
[[database]]
name = "plant"
[[table]]
database = "plant"
name = "raw"
memory_retention = "1000h"
magnetic_retention = "90d"
[[view]]
name = "day"
database = "plant"
table = "raw"
calendar = "day"
zone = "Plant/Hall"
aggregate = ")" +
         aggregate + R"("
output = "day_{measure}"
[[view]]
name = "week"
database = "plant"
table = "raw"
source = "day"
window = "7d"
aggregate = "sum"
output = "week_{measure}"
)";
}

class ZoneData : public testing::Test {
 protected:
  ZoneData() : world_({.seed = 1, .stack = Stack("sum"), .maintainer = {}}) {
    Give("a", "<+01>-1");
    EXPECT_TRUE(world_.Open().ok());
    EXPECT_TRUE(world_.Apply().ok());
    for (int i = 0; i < 20; ++i) Measure();
  }
  ~ZoneData() override { world_.Down(World::Stop::kClose); }

  void Give(const std::string& version, std::string_view rule) {
    zones_.Write("Plant/Hall", MakeTzif(rule));
    zones_.SetVersion(version);
  }
  /// A point, and seven hours.
  void Measure() {
    const auto series = world_.Series(world_.Table("raw"), "cpu", "a");
    ASSERT_TRUE(series.ok());
    store::PointView point;
    point.series = *series;
    point.time = world_.clock.Now().AsEventTime();
    point.value = store::ValueView::Double(1);
    world_.WriteDirect(std::span(&point, 1), {world_.Table("raw")},
                       [](const Result<store::WriteReply>& reply) { EXPECT_TRUE(reply.ok()); });
    world_.Settle();
    world_.clock.Advance(hours(7));
    world_.Run();
  }
  void Restart(World::Stop how) {
    world_.Down(how);
    const auto opened = world_.Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    world_.Settle();
  }
  view::ViewStatus Status(std::string_view name) { return world_.views->Status(name).value(); }
  void ExpectRight() {
    for (const char* name : {"day", "week"}) {
      auto work = std::move(world_.views->Verify(name, {})).value();
      while (work->Step().value()) {
      }
      EXPECT_TRUE(work->report().clean()) << name;
      EXPECT_GT(work->report().windows, 0U) << name;
    }
  }

  ZoneDirectory zones_;
  World world_;
};

TEST_F(ZoneData, ThatMovesBoundariesIsFollowedOnce) {
  ExpectRight();
  EXPECT_THAT(Status("day").definition.zone_rules, SizeIs(1));
  Give("b", "<+05>-5");
  for (int start = 0; start < 3; ++start) {
    Restart(start == 1 ? World::Stop::kKill : World::Stop::kClose);
    EXPECT_EQ(Status("day").definition.generation, 2U);
    EXPECT_EQ(Status("week").definition.generation, 2U) << "it reads the new one";
    ASSERT_THAT(Status("day").definition.zone_rules, SizeIs(2));
    EXPECT_EQ(Status("day").definition.zone_rules[1].version, "b");
    for (int i = 0; i < 4; ++i) Measure();
    ExpectRight();
  }
}

TEST_F(ZoneData, OfTheSameClockChangesItsVersionAlone) {
  Give("b", "<+01>-1");
  Restart(World::Stop::kClose);
  EXPECT_EQ(Status("day").definition.generation, 1U);
  ASSERT_FALSE(Status("day").definition.zone_rules.empty());
  EXPECT_EQ(Status("day").definition.zone_rules.back().version, "b");
  ExpectRight();
}

// What was being built is built by the new data, and is not lost.
TEST_F(ZoneData, IsFollowedByAChangeThatIsBeingBuilt) {
  ASSERT_TRUE(world_.Apply(Stack("max")).ok());
  Give("b", "<+05>-5");
  Restart(World::Stop::kKill);
  EXPECT_EQ(Status("day").definition.aggregates.front().kind, agg::Kind::kMax);
  EXPECT_THAT(Status("day").definition.zone_rules, SizeIs(2));
  for (int i = 0; i < 4; ++i) Measure();
  ExpectRight();
  const uint32_t generation = Status("day").definition.generation;
  Restart(World::Stop::kClose);
  EXPECT_EQ(Status("day").definition.generation, generation);
  EXPECT_THAT(world_.catalog->ListNextViews(), IsEmpty());
  ExpectRight();
}

// A generation would make the rows of the view over it again as well.
TEST_F(ZoneData, IsNotFollowedUnderAViewThatFreezes) {
  ASSERT_TRUE(world_.Apply(Stack("sum") + "late = \"freeze\"\n").ok());
  world_.Settle();
  ASSERT_EQ(Status("week").definition.generation, 2U);
  Give("b", "<+05>-5");
  Restart(World::Stop::kClose);
  EXPECT_EQ(Status("day").definition.generation, 1U);
  EXPECT_THAT(Status("day").definition.zone_rules, SizeIs(1));
  ExpectRight();
}

TEST_F(ZoneData, ThatIsGoneLeavesTheStoredOne) {
  zones_.Remove("Plant/Hall");
  Restart(World::Stop::kClose);
  EXPECT_EQ(Status("day").definition.generation, 1U);
  for (int i = 0; i < 4; ++i) Measure();
  ExpectRight();
}

TEST_F(ZoneData, AChangedDefinitionKeepsPastBoundaries) {
  Give("b", "<+05>-5");
  Restart(World::Stop::kClose);
  ASSERT_TRUE(world_.Apply(Stack("max")).ok());
  world_.Settle();
  EXPECT_EQ(Status("day").definition.generation, 3U);
  EXPECT_THAT(Status("day").definition.zone_rules, SizeIs(2));
  ExpectRight();
}

}  // namespace
}  // namespace tidemark::tests
