// SPDX-License-Identifier: Apache-2.0
// Random records, late, duplicated and corrected, over random schedules, with restarts, stops,
// pauses and refused writes between; a feed that is trimmed anywhere; files that are damaged and
// come back. The model is the aggregate over the raw scan
// (testing/view_check.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/testing/seed.h"
#include "view/maintainer.h"
#include "view/testing/delaying_store.h"
#include "view/testing/expected_rows.h"
#include "view/testing/store_host.h"
#include "view/testing/view_check.h"

namespace tidemark::view {
namespace {

using ::testing::IsEmpty;

constexpr TableId kTable{1};
constexpr int kPartitions = 4;

class World {
 public:
  World(uint64_t seed, sim::SimClock& clock, std::unique_ptr<StoreHost> host)
      : random_(seed),
        clock_(clock),
        host_(std::move(host)),
        store_(seed, random_.Below(2) == 0 ? 0 : 2 + random_.Below(8)) {
    for (uint64_t& w : weights_) w = random_.Below(3) == 0 ? 0 : 1 + random_.Below(20);
    weights_[kRecords] += 10;
    options_.windows_per_piece = Pick({1, 3, 16, 4096});
    options_.feed_points_per_step = Pick({1, 5, 65536});
    options_.points_per_progress = Pick({1, 20, 1'000'000});
    options_.group_state_bytes_max = Pick<size_t>({0, 5'000, 64U << 20U});
    late_share_ = random_.Below(40);
    Open();
    AddView(1, "on_time", LatePolicy::kRecompute, Label::kEnd, {agg::Kind::kAvg});
    AddView(2, "all", LatePolicy::kRecompute, Label::kStart,
            {agg::Kind::kCount, agg::Kind::kSum, agg::Kind::kMin, agg::Kind::kMax,
             agg::Kind::kFirst, agg::Kind::kLast});
    AddView(3, "frozen", LatePolicy::kFreeze, Label::kEnd, {agg::Kind::kSum});
    std::vector<agg::Aggregate> spread;
    for (const char* name : {"var_samp", "stddev_pop", "p25", "median", "approx_distinct"}) {
      spread.push_back(*agg::AggregateFromName(name));
    }
    AddView(5, "spread", LatePolicy::kRecompute, Label::kStart, std::move(spread));
    std::vector<agg::Aggregate> folds;
    for (const char* name : {"increase", "rate", "delta", "twa", "coverage"}) {
      folds.push_back(*agg::AggregateFromName(name));
    }
    for (auto& bucket : agg::Columns(*agg::AggregateFromName("histogram"),
                                     agg::HistogramBounds::Make({-1, 0.5, 2}).value())) {
      folds.push_back(std::move(bucket));
    }
    AddView(6, "folds", LatePolicy::kRecompute, Label::kStart, std::move(folds));
    AddView(8, "over", LatePolicy::kRecompute, Label::kStart, {agg::Kind::kSum, agg::Kind::kMax},
            &views_[Pick<size_t>({1, 3, 4})]);
    AddView(9, "top", LatePolicy::kRecompute, Label::kEnd,
            {agg::Kind::kCount, agg::Kind::kSum, agg::Kind::kLast}, &views_.back());
  }

  ~World() { Close(); }

  void Act() {
    uint64_t sum = 0;
    for (const uint64_t w : weights_) sum += w;
    uint64_t draw = random_.Below(sum);
    size_t action = 0;
    while (draw >= weights_[action]) draw -= weights_[action++];
    switch (static_cast<Action>(action)) {
      case kRecords:
        return Records();
      case kIdle:
        return Journal(Clock(Partition(), true));
      case kDirect:
        return Direct();
      case kTime:
        return clock_.Advance(milliseconds(random_.Below(1500)));
      case kSteps:
        return VerifyBetween(random_.Below(30));
      case kSettle:
        return Settle();
      case kRestart:
        if (random_.Below(4) == 0) Reopen();
        return;
      case kStop:
        if (random_.Below(3) == 0) return Toggle();
        return;
      case kPause:
        if (random_.Below(3) == 0) return TogglePause();
        return;
      case kTrim:
        return Trim();
      case kDamage:
        return Damage();
      case kSeal:
        return Seal();
      case kActions:
        break;
    }
  }

  void RunDown() {
    ASSERT_TRUE(executor_->RunUntilIdle());
    // A view that waits for a damaged file looks again for ever.
    for (int i = 0; i < 10'000 && executor_->NextWake(); ++i) {
      if (damaged_ && i >= 100 && OnlyDamageWaits()) break;
      clock_.Advance(seconds(1));
      ASSERT_TRUE(executor_->RunUntilIdle());
    }
  }

  void Settle() {
    RunDown();
    for (const ViewStatus& status : maintainer_->Statuses()) {
      // Under one that is held back, rows may be preliminary that its reader takes as complete.
      if (!ChainRuns(status.definition)) continue;
      if (damaged_) {
        // What does not wait for the file goes on.
        EXPECT_EQ(status.state, ViewState::kRunning) << status.error;
        EXPECT_TRUE(status.caught_up);
        EXPECT_EQ(status.dirty_count, status.damaged_count);
        continue;
      }
      EXPECT_THAT(CheckView(*inner_, status), IsEmpty());
      const VerifyReport report = Verify(status.definition.name);
      EXPECT_EQ(report.differences + report.waiting, 0U) << Describe(report);
    }
  }

  void Finish() {
    if (damaged_) Damage();
    for (ViewDefinition& d : views_) {
      d.running = true;
      d.paused = false;
      ASSERT_TRUE(maintainer_->Start(d.id).ok());
      ASSERT_TRUE(maintainer_->Resume(d.id).ok());
    }
    Settle();
    AddView(4, "after", LatePolicy::kRecompute, Label::kEnd, {agg::Kind::kAvg});
    Settle();
    EXPECT_EQ(maintainer_->Status("after")->revisions_total, 0U);
    if (maintainer_->Status("after")->watermark == maintainer_->Status("on_time")->watermark) {
      EXPECT_EQ(RowTexts(*inner_, views_.back()), RowTexts(*inner_, views_[0]));
    }
    const auto before = RowTexts(*inner_, views_[1]);
    Reopen();
    Settle();
    EXPECT_EQ(RowTexts(*inner_, views_[1]), before);
    for (const ViewDefinition& d : views_) {
      FindsACorruptedRow(d);
    }
  }

 private:
  enum Action : size_t {
    kRecords,
    kIdle,
    kDirect,
    kTime,
    kSteps,
    kSettle,
    kRestart,
    kStop,
    kPause,
    kTrim,
    kDamage,
    kSeal,
    kActions
  };

  bool ChainRuns(const ViewDefinition& d) const {
    const ViewState state = maintainer_->Status(d.name)->state;
    if (state == ViewState::kStopped || state == ViewState::kPaused) return false;
    return !d.upstream || ChainRuns(*d.upstream.view);
  }

  bool OnlyDamageWaits() const {
    return std::ranges::all_of(maintainer_->Statuses(), [](const ViewStatus& status) {
      return status.state != ViewState::kRunning ||
             (status.caught_up && status.dirty_count == status.damaged_count);
    });
  }

  template <typename T>
  T Pick(std::initializer_list<T> of) {
    return *(of.begin() + random_.Below(of.size()));
  }
  int Partition() { return static_cast<int>(random_.Below(kPartitions)); }

  void Open() {
    executor_ = std::make_unique<sim::SimExecutor>(clock_, random_.Next());
    inner_ = &host_->Open(*executor_);
    inner_->SetTable({.table = kTable, .name = "\"db\".\"t\"", .magnetic_writes = true});
    store_.SetInner(*inner_, host_->completes_at_once() ? executor_.get() : nullptr);
    maintainer_ = std::make_unique<Maintainer>(store_, clock_, metrics_, nullptr, options_);
    maintainer_->Attach(*executor_);
    // P4: after every frame.
    maintainer_->Subscribe([this](const Published& published) {
      for (const ViewDefinition& d : views_) {
        if (d.id != published.view || damaged_) continue;
        EXPECT_THAT(OverlapsOf(*inner_, d), IsEmpty());
      }
    });
  }

  void Close() {
    maintainer_->Detach();
    maintainer_.reset();
    host_->Close();
    executor_.reset();
  }

  void Reopen() {
    Close();
    Open();
    for (const ViewDefinition& d : views_) ASSERT_TRUE(maintainer_->Restore(d).ok());
  }

  void AddView(uint32_t id, const std::string& name, LatePolicy late, Label label,
               std::vector<agg::Aggregate> aggregates, const ViewDefinition* source = nullptr) {
    ViewDefinition d;
    d.source_name = d.target_name = "\"db\".\"t\"";
    if (source != nullptr) d.upstream = {std::make_shared<const ViewDefinition>(*source)};
    d.id = ViewId{id};
    d.name = name;
    d.source = d.target = kTable;
    d.types = {store::ValueType::kDouble, store::ValueType::kBigint};
    d.output = name + "_" + (aggregates.size() > 1 ? "{aggregate}_" : "") + "{measure}";
    d.aggregates = std::move(aggregates);
    const bool first = id == 1 || id == 4;
    d.width = first ? seconds(10) : seconds(1 + random_.Below(30));
    d.offset = first ? seconds(0) : seconds(random_.Below(30));
    if (!first && random_.Below(3) == 0)
      d.group_by = Pick<std::vector<std::string>>({{}, {"host"}});
    d.out_of_orderness = first ? seconds(3) : seconds(random_.Below(8));
    d.allowed_lateness = seconds(random_.Below(60));
    d.late = late;
    d.refresh = Pick<nanoseconds>({nanoseconds(0), nanoseconds(0), seconds(2)});
    d.recompute_per_second = Pick<int64_t>({5, 10'000, 10'000});
    if (source == nullptr) {
      d.early = Pick<nanoseconds>({nanoseconds(0), seconds(1), seconds(3)});
      d.provisional_after = Pick<nanoseconds>({nanoseconds(0), seconds(2)});
    }
    d.label = label;
    d.staleness = seconds(random_.Below(40));
    if (!first && random_.Below(3) == 0) {
      d.filter.value_min = Pick({-1e15, 0.05, 0.5});
      d.filter.value_max = Pick({1.0, 3.5, 1e17});
    }
    d.horizon = seconds(random_.Below(40));
    if (!first) DrawKind(d);
    const auto created = maintainer_->Create(d);
    ASSERT_TRUE(created.ok()) << created.error().message;
    views_.push_back(d);
  }

  VerifyReport Verify(const std::string& name) {
    auto work = std::move(maintainer_->Verify(name, {})).value();
    for (;;) {
      const auto more = work->Step();
      EXPECT_TRUE(more.ok()) << more.error().message;
      if (!more.ok() || !*more) return work->report();
    }
  }

  static std::string Describe(const VerifyReport& report) {
    std::string out = report.view + ": " + std::to_string(report.windows) + " windows, " +
                      std::to_string(report.waiting) + " waiting, " +
                      std::to_string(report.frozen) + " frozen, " + std::to_string(report.gaps) +
                      " gaps, watermark " +
                      std::to_string(report.watermark.value_or(EventTime{}).ns);
    for (const WrongRow& row : report.rows) {
      out += "\n" + std::string(DifferenceName(row.kind)) + " " + row.series->measure + " [" +
             std::to_string(row.window.start.ns) + "," + std::to_string(row.window.end.ns) + ") r" +
             std::to_string(row.revision);
    }
    return out;
  }

  // Whatever a view has not read yet, and whatever it does meanwhile, is no difference.
  void VerifyBetween(uint64_t steps) {
    std::unique_ptr<Verification> work;
    // What is damaged is known once it was read: that is the view's own to find.
    const ViewDefinition& d = views_[steps % views_.size()];
    if (!damaged_) work = std::move(maintainer_->Verify(d.name, {})).value();
    for (; steps > 0 && executor_->RunOne(); --steps) {
      if (work != nullptr) {
        ASSERT_TRUE(work->Step().ok());
      }
    }
    while (work != nullptr && work->Step().value()) {
    }
    if (work != nullptr) {
      EXPECT_EQ(work->report().differences, 0U) << Describe(work->report());
    }
  }

  // P10: what the raw points do not give is found, and nothing else.
  void FindsACorruptedRow(const ViewDefinition& d) {
    const ExpectedRows expected = RowsOfRawPoints(*inner_, *maintainer_->Status(d.name));
    store::Selection all;
    all.table = d.target;
    all.owners = {store::OwnerFilter::Kind::kView, d.owner()};
    auto rows = std::move(inner_->Revisions(all, SIZE_MAX)).value();
    // A sealed row whose log is gone may have refused points.
    const bool freezes = d.late == LatePolicy::kFreeze;
    std::erase_if(rows, [&](const store::RevisionRow& row) {
      return row.row.revision == 0 || row.version == 0 || expected.MayStay(row) ||
             (freezes && row.revisions.empty()) ||
             std::ranges::any_of(row.revisions, &store::RevisionEntry::frozen);
    });
    // Sessions beside a refused point are other than their rows too.
    if (rows.empty() || (freezes && d.session_gap > nanoseconds(0) && Verify(d.name).frozen > 0)) {
      return;
    }
    const store::RevisionRow& row = rows[random_.Below(rows.size())];
    store::PointView point;
    point.series = row.series->ref;
    point.time = row.time;
    point.arrival = {1};
    point.row = &row.row;
    if (const auto* v = std::get_if<double>(&row.value)) {
      point.value = store::ValueView::Double(std::nextafter(*v, 1e300));
    } else {
      point.value = store::ValueView::Bigint(std::get<int64_t>(row.value) + 1);
    }
    store::WriteBatch batch;
    batch.points = std::span(&point, 1);
    batch.rule = store::ConflictRule::kLastWins;
    batch.owner = d.owner();
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    Send(batch);
    RunDown();
    const VerifyReport report = Verify(d.name);
    ASSERT_EQ(report.rows.size(), 1U) << Describe(report) << row.series->measure << " "
                                      << row.time.ns << " r" << row.row.revision;
    EXPECT_EQ(report.rows[0].series->ref, row.series->ref);
    EXPECT_EQ(report.rows[0].time, row.time);
    EXPECT_EQ(report.rows[0].kind, WrongRow::Kind::kValue);
    EXPECT_EQ(report.rows[0].new_value, row.value);
  }

  /// Tumbling, or any other kind of window.
  void DrawKind(ViewDefinition& d) {
    switch (random_.Below(9)) {
      case 0:
        d.slide = seconds(1 + random_.Below(7));
        break;
      case 1:
        d.slide = d.width + seconds(random_.Below(5));  // gaps
        break;
      case 2:
      case 7:
        d.levels = Pick<std::vector<nanoseconds>>({{seconds(5), seconds(10), seconds(40)},
                                                   {seconds(4), seconds(8), seconds(12)},
                                                   {seconds(1), seconds(300)}});
        d.output = "{window}_" + d.output;
        break;
      case 3:
        d.calendar = Pick<std::string>({"day", "month"});
        d.zone = Pick<std::string>({"", "Europe/Berlin", "Asia/Kolkata"});
        break;
      case 4:
      case 5:
        d.session_gap = seconds(1 + random_.Below(12));
        d.max_session = Pick<nanoseconds>({seconds(30), minutes(5), hours(24)});
        d.staleness = d.horizon = nanoseconds(0);
        break;
      case 6:
        DrawSamples(d);
        break;
      default:
        break;
    }
  }

  void DrawSamples(ViewDefinition& d) {
    d.every = Pick<nanoseconds>({seconds(1), seconds(3), seconds(10)});
    d.fill = static_cast<Fill>(random_.Below(5));
    d.fill_value = -3;
    d.max_gap = seconds(1 + random_.Below(20));
    const bool makes_double = d.fill == Fill::kLinear || d.fill == Fill::kSpline;
    d.aggregates = {{FillName(d.fill), makes_double ? agg::Kind::kAvg : agg::Kind::kLast, {}}};
    d.group_by = {"*"};
    d.label = Label::kStart;
  }

  void Toggle() {
    ViewDefinition& d = views_[random_.Below(views_.size())];
    d.running = !d.running;
    ASSERT_TRUE((d.running ? maintainer_->Start(d.id) : maintainer_->Stop(d.id)).ok());
  }

  void TogglePause() {
    ViewDefinition& d = views_[random_.Below(views_.size())];
    d.paused = !d.paused;
    ASSERT_TRUE((d.paused ? maintainer_->Pause(d.id) : maintainer_->Resume(d.id)).ok());
  }

  void Trim() {
    store::ModelStore* model = host_->model();
    if (model == nullptr || random_.Below(3) > 0) return;
    store::Positions to = model->End();
    for (uint32_t p = 0; p < store::ModelStore::kPartitions; ++p) {
      to.Set({p, random_.Below(to.offset(p) + 1)});
    }
    model->TrimFeed(to);
  }

  // With a feed that keeps next to nothing, views that lag meet gaps.
  void Seal() {
    store::Admin* admin = host_->admin();
    if (admin == nullptr) return;
    if (random_.Below(3) > 0) {
      admin->Flush([](const Result<void>&) {});
    } else {
      admin->Compact(random_.Below(2) == 0 ? store::CompactMode::kDue : store::CompactMode::kFull,
                     [](const Result<void>&) {});
    }
  }

  void Damage() {
    store::ModelStore* model = host_->model();
    if (model == nullptr) return;
    if (damaged_) {
      model->Repair("damaged");
    } else {
      const EventTime start = LateTime(times_[Partition()]);
      model->Damage(kTable, "damaged", {start, start + seconds(1 + random_.Below(100))});
    }
    damaged_ = !damaged_;
  }

  store::SourceProgress Clock(int p, bool idle) {
    store::SourceProgress progress;
    progress.source = {store::SourceId::Kind::kPipeline, 1};
    progress.table = kTable;
    progress.partition = static_cast<uint32_t>(p);
    progress.idle = idle;
    return progress;
  }

  void Send(const store::WriteBatch& batch) {
    // A restart may come before it is durable: then it is lost, and the raw scan says so as well.
    inner_->Write(batch, [](const Result<store::WriteReply>&) {});
  }

  void Journal(store::SourceProgress progress) {
    store::WriteBatch batch;
    batch.source_progress = {std::move(progress)};
    Send(batch);
  }

  store::SeriesRef Series(store::ValueType type) {
    const std::string host = std::to_string(random_.Below(5));
    const store::DimensionView dimension{"host", host};
    const store::SeriesKeyView key{.table = kTable,
                                   .measure = type == store::ValueType::kBigint ? "n" : "cpu",
                                   .dimensions = std::span(&dimension, 1),
                                   .type = type,
                                   .owner = {}};
    return std::move(inner_->Resolve(std::span(&key, 1))).value().front().series;
  }

  store::PointView Point(EventTime t) {
    store::PointView point;
    const bool bigint = random_.Below(4) == 0;
    point.series = Series(bigint ? store::ValueType::kBigint : store::ValueType::kDouble);
    point.time = t;
    point.arrival = {static_cast<int64_t>(++arrivals_)};
    // Few values, so that corrections meet equal ones; large ones, so that order would show in
    // sums.
    point.value = bigint ? store::ValueView::Bigint(static_cast<int64_t>(random_.Below(3)))
                         : store::ValueView::Double(Pick({0.1, 1e16, -1e16, 3.25, -0.0, 1e-7}));
    return point;
  }

  EventTime LateTime(EventTime now) {
    return now - seconds(1 + random_.Below(Pick<uint64_t>({4, 30, 300})));
  }

  void Records() {
    const int p = Partition();
    EventTime& now = times_[p];
    std::vector<store::PointView> points;
    store::SourceProgress progress = Clock(p, false);
    for (uint64_t n = 1 + random_.Below(8); n > 0; --n) {
      if (random_.Below(3) > 0) now = now + seconds(random_.Below(4));
      points.push_back(Point(random_.Below(100) < late_share_ ? LateTime(now) : now));
    }
    progress.max_event_time = now;
    store::WriteBatch batch;
    batch.points = points;
    batch.rule = store::ConflictRule::kLastWins;
    batch.time_check = store::WriteBatch::TimeCheck::kRetentionOnly;
    batch.source_progress = {progress};
    Send(batch);
  }

  void Direct() {
    store::PointView point = Point(LateTime(times_[Partition()]));
    point.version = static_cast<int64_t>(1 + random_.Below(1000));
    store::WriteBatch batch;
    batch.points = std::span(&point, 1);
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    batch.direct_clock = true;
    Send(batch);
  }

  SeededRandom random_;
  sim::SimClock& clock_;
  const std::unique_ptr<StoreHost> host_;
  store::Store* inner_ = nullptr;
  DelayingStore store_;
  MetricRegistry metrics_;
  MaintainerOptions options_;
  std::unique_ptr<sim::SimExecutor> executor_;
  std::unique_ptr<Maintainer> maintainer_;
  std::vector<ViewDefinition> views_;
  std::array<uint64_t, kActions> weights_{};
  std::array<EventTime, kPartitions> times_{
      EventTime{1'767'225'600'000'000'000}, EventTime{1'767'225'600'000'000'000},
      EventTime{1'767'225'590'000'000'000}, EventTime{1'767'225'570'000'000'000}};
  uint64_t late_share_ = 0;
  uint64_t arrivals_ = 0;
  bool damaged_ = false;
};

using HostMaker = std::unique_ptr<StoreHost> (*)(const Clock& clock, uint64_t seed);

void RunWorld(uint64_t seed, HostMaker make_host) {
  SCOPED_TRACE(SeedTrace(seed));
  sim::SimClock clock;
  World world(seed, clock, make_host(clock, seed));
  for (int i = 0; i < 150 && !::testing::Test::HasFailure(); ++i) world.Act();
  world.Finish();
}

void RunWorlds(uint64_t runs, HostMaker make_host) {
  const uint64_t seed = TestSeed();
  for (uint64_t run = 0; run < runs && !::testing::Test::HasFailure(); ++run) {
    RunWorld(seed + run, make_host);
  }
}

// What each of them showed has a test of its own, but for the last: a view of groups looked for
// ever for the row that could not be read (runner_damage.cpp).
TEST(ViewModel, WorldsThatShowedSomething) {
  for (const uint64_t seed : {38U, 90006U, 20637U, 60102U, 60428U}) RunWorld(seed, MakeModelHost);
}

TEST(ViewModel, EveryRowEqualsTheAggregateOfTheRawPoints) { RunWorlds(40, MakeModelHost); }

TEST(ViewModel, TheSameOverTheEmbeddedStoreWithCrashes) { RunWorlds(12, MakeEmbeddedHost); }

}  // namespace
}  // namespace tidemark::view
