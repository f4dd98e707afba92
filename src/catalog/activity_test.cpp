// SPDX-License-Identifier: Apache-2.0
// The journal of what happened lately (console-ux.md 5.1: recent activity).
#include "catalog/activity.h"

#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"

namespace tidemark::catalog {
namespace {

using ::testing::ElementsAre;

class HandClock final : public Clock {
 public:
  ArrivalTime Now() const override { return now; }
  MonotonicTime Monotonic() const override { return {}; }
  ArrivalTime now{1'700'000'000'000};
};

class ActivityFile : public ::testing::Test {
 protected:
  ActivityFile() {
    std::string pattern = ::testing::TempDir() + "activity_XXXXXX";
    dir_ = mkdtemp(pattern.data());
    Open();
  }
  ~ActivityFile() override { std::filesystem::remove_all(dir_); }

  void Open() {
    catalog_.reset();
    auto opened = Catalog::Open(dir_ + "/catalog.db", clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    catalog_ = std::move(opened).value();
  }
  /// "stream a created", the newest first.
  std::vector<std::string> Lines(uint64_t after = 0) const {
    std::vector<std::string> out;
    for (const Activity& a : catalog_->ListActivities(after, kActivitiesMax)) {
      out.push_back(a.kind + " " + a.name + " " + a.action +
                    (a.detail.empty() ? "" : " (" + a.detail + ")"));
    }
    return out;
  }

  HandClock clock_;
  std::string dir_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(ActivityFile, TellsOfEachChangeAlsoAfterARestart) {
  auto stream = catalog_->CreateStream({.name = "s"}).value();
  stream.retention_hours = 48;
  ASSERT_TRUE(catalog_->UpdateStream(stream).ok());
  ASSERT_TRUE(catalog_->CreateDatabase({.name = "d"}).ok());
  const auto table = catalog_->CreateTable({.database_name = "d", .name = "t"}).value();
  ASSERT_TRUE(catalog_->DeleteTable(table.id).ok());
  EXPECT_FALSE(catalog_->DeleteTable(table.id).ok());  // changes nothing, and says so
  auto pipeline = catalog_->CreatePipeline({.name = "p"}).value();
  pipeline.running = false;
  ASSERT_TRUE(catalog_->UpdatePipeline(pipeline).ok());
  const auto expected = ElementsAre("pipeline p stopped", "pipeline p created", "table d.t deleted",
                                    "table d.t created", "database d created", "stream s changed",
                                    "stream s created");
  EXPECT_THAT(Lines(), expected);
  Open();
  EXPECT_THAT(Lines(), expected);
  EXPECT_EQ(catalog_->NewestActivity(), 7U);
  EXPECT_THAT(Lines(5), ElementsAre("pipeline p stopped", "pipeline p created"));
  EXPECT_EQ(catalog_->GetSetting("activity/1"), std::nullopt);  // no setting of anybody
}

TEST_F(ActivityFile, ChangesInAMinuteAreOneEntryOfTheLast) {
  auto dashboard =
      catalog_->CreateDashboard({.name = "x", .draft = R"({"title":"Hosts"})"}).value();
  for (int i = 0; i < 5; ++i) {
    clock_.now = clock_.now + seconds(1);
    ++dashboard.revision;
    ASSERT_TRUE(catalog_->UpdateDashboard(dashboard).ok());
  }
  EXPECT_THAT(Lines(), ElementsAre("dashboard x changed (Hosts)", "dashboard x created (Hosts)"));
  EXPECT_EQ(catalog_->ListActivities(0, 1).front().at, clock_.now);
  clock_.now = clock_.now + kActivityMergeMax + milliseconds(1);
  ++dashboard.revision;
  dashboard.versions.insert(dashboard.versions.begin(), {1, clock_.now, "", R"({"title":"H"})"});
  dashboard.draft.clear();
  ASSERT_TRUE(catalog_->UpdateDashboard(dashboard).ok());
  ++dashboard.revision;
  ASSERT_TRUE(catalog_->UpdateDashboard(dashboard).ok());
  EXPECT_THAT(Lines(), ElementsAre("dashboard x changed (H)", "dashboard x published (H)",
                                   "dashboard x changed (Hosts)", "dashboard x created (Hosts)"));
}

TEST_F(ActivityFile, RunsOfAScheduledQueryAreNoActivity) {
  auto query = catalog_->CreateScheduledQuery({.name = "q", .sql = "SELECT 1"}).value();
  query.runs.push_back({.invocation = clock_.now});
  query.considered = clock_.now;
  ASSERT_TRUE(catalog_->UpdateScheduledQuery(query).ok());
  EXPECT_THAT(Lines(), ElementsAre("scheduled_query q created"));
  query.enabled = false;
  ASSERT_TRUE(catalog_->UpdateScheduledQuery(query).ok());
  EXPECT_THAT(Lines(1), ElementsAre("scheduled_query q disabled"));
}

TEST_F(ActivityFile, TellsStartsFromUpgrades) {
  ASSERT_TRUE(catalog_->NoteStart("0.1.0").ok());
  for (int i = 0; i < 3; ++i) {  // a server that does not come up fills no journal
    Open();
    ASSERT_TRUE(catalog_->NoteStart("0.1.0").ok());
  }
  Open();
  ASSERT_TRUE(catalog_->NoteStart("0.2.0").ok());
  EXPECT_THAT(Lines(),
              ElementsAre("server tidemark upgraded (0.1.0 to 0.2.0)",
                          "server tidemark restarted (0.1.0)", "server tidemark created (0.1.0)"));
}

TEST_F(ActivityFile, KeepsTheNewestOnly) {
  catalog_ = Catalog::Open(":memory:", clock_).value();  // hundreds of syncs prove nothing
  for (size_t i = 0; i < kActivitiesMax + 3; ++i) {
    ASSERT_TRUE(catalog_->CreateDatabase({.name = "d" + std::to_string(i)}).ok());
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), kActivitiesMax);
  EXPECT_EQ(lines.back(), "database d3 created");
}

TEST(Activity, ReadsWhatItWrote) {
  const Activity entry{
      .at = {7}, .kind = "view", .name = "a\"b", .action = "x", .detail = "\u05d0"};
  EXPECT_EQ(DecodeActivity(EncodeActivity(entry)).value(), entry);
  EXPECT_FALSE(DecodeActivity("{}").ok());
  EXPECT_FALSE(DecodeActivity("no").ok());
}

}  // namespace
}  // namespace tidemark::catalog
