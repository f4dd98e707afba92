// SPDX-License-Identifier: Apache-2.0
// What views ask of the store, counted: points that are read, windows that are evaluated.
// Benchmarks say what it costs; these say that it does not grow with what is not concerned.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "store/embedded_store.h"
#include "view/group_states_internal.h"
#include "view/maintainer.h"

namespace tidemark::view {
namespace {

constexpr int64_t kWindow = 100;  // ns, as all times here
constexpr int kHosts = 40;
constexpr int kPoints = 10;  // of a host in a window

class CountingBed {
 public:
  static constexpr TableId kTable{1};
  static constexpr ViewId kView{7};

  struct Options {
    std::vector<std::string> group_by{"*"};
    nanoseconds refresh{0};
    std::vector<nanoseconds> levels{};  // in place of kWindow
    MaintainerOptions maintainer{};
  };

  CountingBed() : CountingBed(Options()) {}
  explicit CountingBed(const Options& options)
      : views_(*store_, clock_, metrics_, nullptr, options.maintainer) {
    ViewDefinition d;
    d.id = kView;
    d.name = "v";
    d.source = d.target = kTable;
    if (options.levels.empty()) d.width = nanoseconds(kWindow);
    d.levels = options.levels;
    if (!d.levels.empty()) d.output = "{window}_" + d.output;
    d.aggregates = {agg::Kind::kSum};
    d.group_by = options.group_by;
    d.allowed_lateness = hours(1);
    d.refresh = options.refresh;
    store_->SetTable(
        {.table = kTable, .name = "\"db\".\"t\"", .memory_retention = std::chrono::hours(1 << 20)});
    TM_CHECK(views_.Create(d).ok());
    views_.Attach(executor_);
    Run();
  }
  ~CountingBed() { views_.Detach(); }

  /// One point of `host`; the clock does not move.
  void Add(int64_t t, int host) {
    const std::string name = "h" + std::to_string(host);
    const store::DimensionView dimension{"host", name};
    const store::SeriesKeyView key{
        .table = kTable, .measure = "cpu", .dimensions = std::span(&dimension, 1), .owner = {}};
    store::PointView point;
    point.series = store_->Resolve(std::span(&key, 1)).value().front().series;
    point.time = {t};
    point.arrival = clock_.Now();
    point.value = store::ValueView::Double(1);
    Write(std::span(&point, 1), {});
  }
  void Fill(int64_t window, int hosts = kHosts, int points = kPoints) {
    for (int i = 0; i < points; ++i) {
      for (int host = 0; host < hosts; ++host) Add(window * kWindow + i, host);
    }
  }
  void MoveClock(int64_t t) {
    store::SourceProgress clock;
    clock.source = {store::SourceId::Kind::kPipeline, 1};
    clock.table = kTable;
    clock.position = "0";
    clock.max_event_time = EventTime{t};
    Write({}, {clock});
    Run();
  }
  void Run() { ASSERT_TRUE(executor_.RunUntilIdle()); }
  void Advance(nanoseconds d) {
    clock_.Advance(d);
    Run();
  }

  /// Since the last call.
  uint64_t PointsRead() {
    const uint64_t now = metrics_.GetCounter("tidemark_store_points_scanned_total", "").value();
    return now - std::exchange(read_, now);
  }
  uint64_t Evaluated() {
    const uint64_t now =
        metrics_.GetCounter("tidemark_view_evaluated_windows_total", "", {{"view", "v"}}).value();
    return now - std::exchange(evaluated_, now);
  }
  void Forget() {
    PointsRead();
    Evaluated();
  }
  /// What the view has in memory is gone.
  void Rest() {
    TM_CHECK(views_.Stop(kView).ok());
    Run();
    TM_CHECK(views_.Start(kView).ok());
    Run();
    Forget();
  }
  store::Positions Progress() { return store_->ProgressOf(kView).value().positions; }
  ViewStatus Status() { return views_.Status("v").value(); }

 private:
  void Write(std::span<const store::PointView> points, std::vector<store::SourceProgress> clocks) {
    store::WriteBatch batch;
    batch.points = points;
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    batch.source_progress = std::move(clocks);
    store_->Write(batch, [](const Result<store::WriteReply>& reply) {
      TM_CHECK(reply.ok() && reply->rejections.empty());
    });
  }

  sim::SimClock clock_;
  sim::SimFileSystem fs_{1};
  sim::SimExecutor executor_{clock_, 1};
  MetricRegistry metrics_;
  std::unique_ptr<store::EmbeddedStore> store_ =
      store::EmbeddedStore::Open({.dir = "data"}, fs_, clock_, executor_, metrics_).value();
  Maintainer views_;
  uint64_t read_ = 0;
  uint64_t evaluated_ = 0;
};

TEST(ViewCost, PointsInOrderAreNeitherReadNorWrittenAbout) {
  CountingBed bed;
  bed.Add(0, 0);
  bed.MoveClock(1);
  const store::Positions before = bed.Progress();
  bed.Forget();
  bed.Fill(0);
  bed.MoveClock(kPoints);
  EXPECT_EQ(bed.PointsRead(), 0U);
  EXPECT_EQ(bed.Evaluated(), 0U);
  EXPECT_EQ(bed.Progress(), before);  // no frame of the view
}

TEST(ViewCost, AFiringReadsEachPointOfItsWindowsOnceAndNoRows) {
  CountingBed bed;
  for (const int64_t window : {0, 1}) {
    bed.Fill(window);
    bed.Fill(window + 1, 3);  // stays open
    bed.Forget();
    bed.MoveClock((window + 1) * kWindow);
    EXPECT_EQ(bed.Evaluated(), uint64_t{kHosts});
    EXPECT_EQ(bed.PointsRead(), uint64_t{kHosts} * kPoints);
  }
}

TEST(ViewCost, ALatePointReadsItsWindowAndItsRow) {
  CountingBed bed;
  for (int64_t window = 0; window < 5; ++window) bed.Fill(window);
  bed.MoveClock(5 * kWindow);
  bed.Forget();
  bed.Add(2 * kWindow + 50, 7);
  bed.Run();
  EXPECT_EQ(bed.Evaluated(), 1U);
  EXPECT_EQ(bed.PointsRead(), uint64_t{kPoints} + 1 + 1);
  EXPECT_EQ(bed.Status().revisions_total, 1U);
}

TEST(ViewCost, ARefreshReadsAWindowOnceForAllItsLatePoints) {
  CountingBed bed({.refresh = seconds(1)});
  for (int64_t window = 0; window < 5; ++window) bed.Fill(window);
  bed.MoveClock(5 * kWindow);
  bed.Add(2 * kWindow + 50, 7);  // at once: nothing was published in the last second
  bed.Run();
  bed.Forget();
  for (int64_t late = 0; late < 20; ++late) {
    bed.Add(2 * kWindow + 60 + late, 7);
    bed.Run();
  }
  EXPECT_EQ(bed.PointsRead(), 0U);
  bed.Advance(seconds(1));
  EXPECT_EQ(bed.Evaluated(), 1U);
  EXPECT_EQ(bed.PointsRead(), uint64_t{kPoints} + 1 + 20 + 1);
}

TEST(ViewCost, ARefreshOfAGroupCostsTheLeavesOfItsDirtySeries) {
  constexpr int kMany = 3000;
  CountingBed bed({.group_by = {}});
  bed.Fill(0, kMany, 1);
  bed.MoveClock(kWindow);
  for (const int dirty : {1, 10, 100}) {
    bed.Forget();
    for (int i = 0; i < dirty; ++i) bed.Add(dirty, i * (kMany / dirty));
    bed.Run();
    // Of each leaf its members' points, late ones of before among them, and the row.
    const auto leaf = uint64_t{GroupStates::kFanOut} + 3;
    EXPECT_LE(bed.PointsRead(), static_cast<uint64_t>(dirty) * leaf + 1) << dirty;
  }
  EXPECT_EQ(bed.Status().dirty_count, 0U);
}

const std::vector<nanoseconds> kLevels{nanoseconds(kWindow), nanoseconds(10 * kWindow),
                                       nanoseconds(40 * kWindow)};

TEST(ViewCost, ACoarseWindowFiresOfTheStatesOfFinerOnes) {
  constexpr uint64_t kRead = 3 * kPoints;  // of the window that fires
  for (const size_t piece : {1, 4, 4096}) {
    CountingBed bed({.levels = kLevels, .maintainer = {.windows_per_piece = piece}});
    for (int64_t window = 0; window < 40; ++window) {
      if (window == 23) continue;  // nothing came
      bed.Fill(window, 3);
      bed.Forget();
      bed.MoveClock((window + 1) * kWindow);
      EXPECT_EQ(bed.PointsRead(), kRead) << window;
    }
    EXPECT_EQ(bed.Status().windows_published, 3U * (39 + 4 + 1));
  }
}

TEST(ViewCost, AStepOverManyWindowsReadsEachPointOnce) {
  CountingBed bed({.levels = kLevels});
  for (int64_t window = 0; window < 40; ++window) bed.Fill(window, 3);
  bed.Forget();
  bed.MoveClock(40 * kWindow);
  EXPECT_EQ(bed.Evaluated(), 3U * (40 + 4 + 1));
  EXPECT_EQ(bed.PointsRead(), 3U * 40 * kPoints);
}

TEST(ViewCost, ALatePointOfLevelsReadsItsFinestWindowAndItsRows) {
  CountingBed bed({.levels = kLevels});
  for (int64_t window = 0; window < 80; ++window) bed.Fill(window, 3);
  bed.MoveClock(80 * kWindow);
  for (int64_t late = 1; late < 5; ++late) {
    bed.Forget();
    bed.Add(7 * late * kWindow + 50, 2);
    bed.Run();
    EXPECT_EQ(bed.Evaluated(), 3U);
    EXPECT_EQ(bed.PointsRead(), uint64_t{kPoints} + 1 + 3);
  }
  EXPECT_EQ(bed.Status().revisions_total, 4U * 3);
}

TEST(ViewCost, AfterARestartLevelsAreReadOnceAgain) {
  CountingBed bed({.levels = kLevels});
  for (int64_t window = 0; window < 80; ++window) bed.Fill(window, 3);
  bed.MoveClock(80 * kWindow);
  bed.Rest();
  const auto late = [&bed](int64_t window) {
    bed.Forget();
    bed.Add(window * kWindow + 50, 2);
    bed.Run();
    return bed.PointsRead() - 1 - 3;  // but for itself and its rows
  };
  EXPECT_EQ(late(12), 40U * kPoints);      // its window, the rest of the coarser one, the others
  EXPECT_EQ(late(33), 10U * kPoints);      // .. the others are known
  EXPECT_EQ(late(15), uint64_t{kPoints});  // all are
  EXPECT_EQ(late(31), uint64_t{kPoints});
}

TEST(ViewCost, WithoutMemoryLevelsAreReadOverAndOver) {
  CountingBed bed({.levels = kLevels, .maintainer = {.group_state_bytes_max = 0}});
  for (int64_t window = 0; window < 40; ++window) bed.Fill(window, 3);
  bed.MoveClock(40 * kWindow);
  bed.Forget();
  bed.Add(2 * kWindow + 50, 2);
  bed.Run();
  EXPECT_EQ(bed.PointsRead(), 40U * kPoints + 1 + 3);
  EXPECT_EQ(bed.Status().revisions_total, 3U);
}

}  // namespace
}  // namespace tidemark::view
