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

/// A view of days that keeps its sealed rows, with more keys.
std::string Frozen(const std::string& name, const std::string& keys) {
  return R"(
[[view]]
database = "plant"
table = "raw"
calendar = "day"
zone = "Plant/Hall"
aggregate = "sum"
late = "freeze"
name = ")" +
         name + "\"\noutput = \"" + name + "_{measure}\"\n" + keys;
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
  /// Two hours of the clock, in which preliminary rows come.
  void Wait() {
    world_.Run();
    world_.clock.Advance(hours(2));
    world_.Run();
  }
  void Put(std::string_view host) {
    const auto series = world_.Series(world_.Table("raw"), "cpu", host);
    ASSERT_TRUE(series.ok());
    store::PointView point;
    point.series = *series;
    point.time = world_.clock.Now().AsEventTime();
    point.value = store::ValueView::Double(1);
    world_.WriteDirect(std::span(&point, 1), {world_.Table("raw")},
                       [](const Result<store::WriteReply>& reply) { EXPECT_TRUE(reply.ok()); });
  }
  /// A point, and seven hours.
  void Measure() {
    Put("a");
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
  /// The window of the preliminary row.
  std::optional<TimeRange> Preliminary(std::string_view view) {
    store::ScanRequest scan;
    scan.selection.table = world_.Table("raw");
    scan.selection.owners = {store::OwnerFilter::Kind::kView, Status(view).definition.owner()};
    scan.rows_wanted = true;
    const auto cursor = std::move(world_.store->Scan(scan)).value();
    store::SliceBuffer buffer;
    store::Slice slice;
    while (cursor->Next(buffer, slice).value()) {
      for (const store::RowInfo& row : slice.rows) {
        if (row.revision == 0) return TimeRange{row.window_start, row.window_end};
      }
    }
    return std::nullopt;
  }
  void ExpectRight(std::string_view name) {
    auto work = std::move(world_.views->Verify(name, {})).value();
    while (work->Step().value()) {
    }
    EXPECT_TRUE(work->report().clean()) << name;
    EXPECT_GT(work->report().windows, 0U) << name;
  }
  void ExpectRight() {
    ExpectRight("day");
    ExpectRight("week");
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

// A generation would make the rows of the view over it again as well: both keep theirs.
TEST_F(ZoneData, IsFollowedInPlaceUnderAViewThatFreezes) {
  ASSERT_TRUE(world_.Apply(Stack("sum") + "late = \"freeze\"\n").ok());
  world_.Settle();
  ASSERT_EQ(Status("week").definition.generation, 2U);
  const uint64_t published = Status("day").windows_published;
  Give("b", "<+05>-5");
  for (int start = 0; start < 3; ++start) {
    Restart(start == 1 ? World::Stop::kKill : World::Stop::kClose);
    EXPECT_EQ(Status("day").definition.generation, 1U);
    EXPECT_THAT(Status("day").definition.zone_rules, SizeIs(2));
    EXPECT_EQ(Status("week").definition.generation, 2U);
    EXPECT_EQ(Status("day").windows_published == published, start == 0);
    for (int i = 0; i < 8; ++i) Measure();
    ExpectRight();
  }
  EXPECT_GT(Status("day").windows_published, published);
  EXPECT_EQ(Status("day").revisions_total, 0U);
}

// A preliminary row of the window that is open says when that ends now.
TEST_F(ZoneData, MovesTheEndOfThePreliminaryRow) {
  ASSERT_TRUE(world_.Apply(Stack("sum") + Frozen("shift", "early = \"1h\"\n")).ok());
  world_.clock.Advance(hours(5));  // 01:00
  Put("a");
  Wait();
  const auto early = Preliminary("shift");
  ASSERT_TRUE(early);
  EXPECT_EQ(early->end - early->start, hours(24));
  Give("b", "<+05>-5");
  Restart(World::Stop::kClose);
  Put("b");
  Wait();
  EXPECT_EQ(Preliminary("shift"), (TimeRange{early->start, early->end - hours(4)}));
}

// Preliminary rows stand at the end that moves; nothing would take them away.
TEST_F(ZoneData, IsNotFollowedInPlaceWherePreliminaryRowsStandAtTheEnd) {
  const auto applied =
      world_.Apply(Stack("sum") + Frozen("shift", "early = \"1h\"\nlabel = \"end\"\n") +
                   Frozen("silent", "provisional_after = \"1h\"\nlabel = \"end\"\n") +
                   Frozen("plain", "label = \"end\"\n"));
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  world_.Settle();
  Give("b", "<+05>-5");
  Restart(World::Stop::kClose);
  EXPECT_THAT(Status("shift").definition.zone_rules, SizeIs(1));
  EXPECT_THAT(Status("silent").definition.zone_rules, SizeIs(1));
  EXPECT_THAT(Status("plain").definition.zone_rules, SizeIs(2));
  EXPECT_THAT(Status("day").definition.zone_rules, SizeIs(2));
  for (int i = 0; i < 4; ++i) Measure();
  EXPECT_EQ(Status("shift").definition.generation, 1U);
  for (const char* name : {"shift", "silent", "plain"}) ExpectRight(name);
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
