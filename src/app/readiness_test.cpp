// SPDX-License-Identifier: Apache-2.0
#include "app/readiness.h"

#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"

namespace tidemark::app {
namespace {

class Damage final : public store::Admin {
 public:
  void Flush(Completion<void> done) override { done({}); }
  void Compact(store::CompactMode, Completion<void> done) override { done({}); }
  store::StorageReport Report() override { return report; }
  std::vector<store::DamagedFile> Damaged() override { return report.damaged; }
  Result<void> AcceptGap(const std::string&) override { return {}; }
  Result<store::Positions> BackupTo(const std::string&) override { return store::Positions(); }
  store::StorageReport report;
};

TEST(Readiness, ListsWhatIsServedWithout) {
  const sim::SimClock clock;
  auto catalog = catalog::Catalog::Open(":memory:", clock).value();
  ASSERT_TRUE(catalog->CreateDatabase({.name = "db", .extra_json = {}}).ok());
  catalog::TableDef table;
  table.database_name = "db";
  table.name = "t";
  const TableId id = catalog->CreateTable(table).value().id;
  Damage store;
  EXPECT_EQ(ReadinessText(store, *catalog), "ok\n");

  constexpr int64_t kHour = 3'600'000'000'000;
  store::DamagedFile file;
  file.file = "0000000123.tsb";
  file.tables = {id, TableId{99}};
  file.time = {EventTime{0}, EventTime{kHour}};
  store.report.damaged.push_back(file);
  file.file = "0000000124.tsb";
  file.tables.clear();
  file.accepted = true;
  store.report.damaged.push_back(file);
  store.report.clock_warning = "the wall clock is 3600 s ahead";
  EXPECT_EQ(ReadinessText(store, *catalog),
            "ok\n"
            "degraded: 0000000123.tsb table=db.t from 1970-01-01T00:00:00.000Z to "
            "1970-01-01T01:00:00.000Z (not accepted)\n"
            "degraded: 0000000123.tsb table=number 99 from 1970-01-01T00:00:00.000Z to "
            "1970-01-01T01:00:00.000Z (not accepted)\n"
            "degraded: 0000000124.tsb table=unknown from 1970-01-01T00:00:00.000Z to "
            "1970-01-01T01:00:00.000Z (accepted)\n"
            "warning: the wall clock is 3600 s ahead\n");
}

}  // namespace
}  // namespace tidemark::app
