// SPDX-License-Identifier: Apache-2.0
// Check 4 over the whole path: random records, late, duplicated, corrected and malformed ones, from
// stream to view over random schedules, with clean restarts, kills and power cuts between, direct
// corrections, and views and pipelines that stop and start. The model of the table is one record at
// a time (records.h), the model of a view the aggregate over the raw scan (view_check.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/logging.h"
#include "base/testing/seed.h"
#include "crash/records.h"
#include "crash/visible_state.h"
#include "crash/world.h"
#include "view/testing/view_check.h"

namespace tidemark::tests {
namespace {

using ::testing::IsEmpty;

constexpr char kStack[] = R"(
[[stream]]
name = "events"
shards = 3
[[database]]
name = "plant"
[[table]]
database = "plant"
name = "raw"
magnetic_retention = "1d"
[[table]]
database = "plant"
name = "other"
magnetic_retention = "1d"
[[view]]
name = "mean"
database = "plant"
table = "raw"
types = ["DOUBLE", "BIGINT"]
aggregate = "avg"
window = "10s"
output = "avg_{measure}"
label = "end"
out_of_orderness = "3s"
allowed_lateness = "20s"
[[view]]
name = "all"
database = "plant"
table = "raw"
target_table = "other"
types = ["DOUBLE", "BIGINT"]
aggregate = ["count", "sum", "min", "max", "first", "last"]
window = "7s"
out_of_orderness = "1s"
[[view]]
name = "frozen"
database = "plant"
table = "raw"
target_table = "other"
aggregate = "sum"
window = "20s"
output = "frozen_{measure}"
allowed_lateness = "10s"
late = "freeze"
)";

// As `mean`, made when all data is there.
constexpr char kViewAfter[] = R"(
[[view]]
name = "after"
database = "plant"
table = "raw"
types = ["DOUBLE", "BIGINT"]
aggregate = "avg"
window = "10s"
output = "later_{measure}"
label = "end"
out_of_orderness = "3s"
allowed_lateness = "20s"
)";

constexpr uint64_t kHosts = 6;

class Story {
 public:
  explicit Story(uint64_t seed) : random_(seed), world_(Options(seed)), maker_(seed, Mix()) {
    for (uint64_t& w : weights_) w = random_.Below(3) == 0 ? 0 : 1 + random_.Below(12);
    weights_[kRecords] += 12;
    weights_[kSteps] += 3;
    Ok(world_.Open());
    Ok(world_.Apply());
    std::vector<Sample> first;
    for (uint64_t host = 0; host < kHosts; ++host) first.push_back(maker_.First(host, Now()));
    Put(first);
    world_.Run();
  }

  void Act() {
    uint64_t sum = 0;
    for (const uint64_t w : weights_) sum += w;
    uint64_t draw = random_.Below(sum);
    size_t action = 0;
    while (draw >= weights_[action]) draw -= weights_[action++];
    switch (static_cast<Action>(action)) {
      case kRecords:
        return Records();
      case kDirect:
        return Direct();
      case kTime:
        return world_.clock.Advance(milliseconds(random_.Below(3000)));
      case kSteps:
        for (uint64_t n = random_.Below(60); n > 0 && world_.executor->RunOne(); --n) {
        }
        return;
      case kSettle:
        if (random_.Below(3) == 0) Settle();
        return;
      case kRestart:
        return Restart();
      case kToggleView:
        return ToggleView();
      case kTogglePipeline:
        return TogglePipeline();
      case kActions:
        break;
    }
  }

  void Finish() {
    for (const char* name : {"mean", "all", "frozen"}) Ok(world_.admin->StartView(name));
    Ok(world_.admin->StartPipeline("ec2", {}));
    Settle();
    CheckTable();
    // A view created after the data equals the one created before it.
    Ok(world_.Apply(kViewAfter));
    Settle();
    const auto mean = world_.views->Status("mean");
    const auto after = world_.views->Status("after");
    EXPECT_EQ(after->revisions_total, 0U);
    EXPECT_EQ(after->watermark, mean->watermark);
    const auto rows = view::RowTexts(*world_.store, mean->definition);
    EXPECT_EQ(view::RowTexts(*world_.store, after->definition), rows);
    rows_seen_ = !rows.empty();
    // And nothing of it depends on the process.
    Restart();
    Settle();
    EXPECT_EQ(view::RowTexts(*world_.store, mean->definition), rows);
    CheckTable();
  }
  bool rows_seen() const { return rows_seen_; }

 private:
  enum Action : size_t {
    kRecords,
    kDirect,
    kTime,
    kSteps,
    kSettle,
    kRestart,
    kToggleView,
    kTogglePipeline,
    kActions
  };

  WorldOptions Options(uint64_t seed) {
    WorldOptions options{
        .seed = seed, .stack = std::string(kStack) + kPipelineStack, .maintainer = {}};
    options.log_segment_bytes_max = Pick<size_t>({500, 3000, 1 << 20});
    options.journal_segment_bytes_max = Pick<size_t>({1000, 8000, 1 << 20});
    options.feed_memory_bytes_max = Pick<size_t>({1, 2000, 1 << 20});
    options.maintainer.windows_per_piece = Pick<size_t>({1, 3, 4096});
    options.maintainer.feed_points_per_step = Pick<size_t>({1, 7, 65536});
    options.maintainer.points_per_progress = Pick<uint64_t>({1, 20, 1'000'000});
    return options;
  }
  RecordMix Mix() {
    RecordMix mix{.hosts = kHosts};
    mix.percent_late = random_.Below(50);
    mix.percent_duplicate = random_.Below(30);
    mix.percent_corrected = random_.Below(30);
    mix.percent_malformed = random_.Below(20);
    mix.late_max = seconds(Pick<int64_t>({10, 60, 3000}));
    return mix;
  }
  template <typename T>
  T Pick(std::initializer_list<T> of) {
    return *(of.begin() + random_.Below(of.size()));
  }
  template <typename T>
  void Ok(const Result<T>& result) {
    ASSERT_TRUE(result.ok()) << result.error().message;
  }
  EventTime Now() const { return world_.clock.Now().AsEventTime(); }

  void Put(const std::vector<Sample>& samples) {
    std::vector<log::PutRecordView> records;
    for (const Sample& sample : samples) {
      records.push_back({.partition_key = sample.key, .data = sample.data, .explicit_hash = {}});
    }
    world_.Stream("events")->Append(records, [](const Result<std::vector<log::PutResult>>& reply) {
      // A stop may come before the commit; the disk itself never fails here.
      EXPECT_TRUE(reply.ok() || reply.error().code == Code::kUnavailable) << reply.error().message;
    });
  }

  void Records() {
    std::vector<Sample> samples;
    for (uint64_t n = 1 + random_.Below(12); n > 0; --n) samples.push_back(maker_.Make(Now()));
    Put(samples);
  }

  /// WriteRecords, of a series of its own or of one that the pipeline writes: corrections with
  /// higher and lower versions, older ones too.
  void Direct() {
    const bool own = random_.Below(2) == 0;
    const auto series =
        world_.Series(world_.Table("raw"), "cpu",
                      own ? "direct" : "host-" + std::to_string(random_.Below(kHosts)));
    Ok(series);
    if (!own) corrected_ = true;
    store::PointView point;
    point.series = *series;
    point.time = FloorTo(Now() - seconds(random_.Below(Pick<uint64_t>({5, 40, 2000}))), seconds(1));
    point.version = own ? static_cast<int64_t>(1 + random_.Below(5))
                        : world_.clock.Now().ms + static_cast<int64_t>(random_.Below(100'000));
    point.value = store::ValueView::Double(Pick({0.5, 1e16, -7.0}));
    world_.WriteDirect(std::span(&point, 1), {world_.Table("raw")},
                       [](const Result<store::WriteReply>& reply) {
                         EXPECT_TRUE(reply.ok() || reply.error().code == Code::kUnavailable);
                       });
  }

  void Restart() {
    const std::vector<TableId> tables{world_.Table("raw"), world_.Table("other")};
    const VisibleState before = ReadVisible(*world_.store, tables);
    world_.Down(Pick({World::Stop::kClose, World::Stop::kKill, World::Stop::kCrash}));
    Ok(world_.Open());
    EXPECT_THAT(Lost(before, ReadVisible(*world_.store, tables)), IsEmpty());
  }

  void ToggleView() {
    const char* name = Pick({"mean", "all", "frozen"});
    const auto status = world_.views->Status(name);
    Ok(status);
    Ok(status->state == view::ViewState::kStopped ? world_.admin->StartView(name)
                                                  : world_.admin->StopView(name));
  }

  void TogglePipeline() {
    const auto status = world_.pipelines->Status("ec2");
    Ok(status);
    if (status->state != pipeline::PipelineState::kStopped) {
      Ok(world_.admin->StopPipeline("ec2"));
      return;
    }
    // Reading again, wherever from, changes nothing. Not from a time: that may pass over records.
    pipeline::StartFrom from;
    switch (random_.Below(4)) {
      case 0:
        from.kind = pipeline::StartFrom::Kind::kTrimHorizon;
        break;
      case 1:
        if (world_.pipelines->Save("ec2", "kept").ok()) return;  // for a later start
        from.kind = pipeline::StartFrom::Kind::kSavepoint;
        from.savepoint = "kept";
        break;
      default:
        break;
    }
    Ok(world_.admin->StartPipeline("ec2", from));
  }

  void Settle() {
    world_.Settle();
    for (const view::ViewStatus& status : world_.views->Statuses()) {
      if (status.state == view::ViewState::kStopped) continue;
      EXPECT_THAT(view::CheckView(*world_.store, status), IsEmpty());
    }
  }

  /// The whole log went into the table, record by record in the order of each shard.
  void CheckTable() {
    std::map<PointKey, PointValue> expected;
    size_t dead = 0;
    const auto stream = world_.Stream("events");
    for (const auto& shard : stream->definition().shards) {
      const auto records = ReadShard(*stream, shard.number);
      ApplyRecords(maker_, records, expected);
      for (const LoggedRecord& record : records) {
        if (!maker_.Find(record.data)->dead_reason.empty()) ++dead;
      }
    }
    EXPECT_EQ(ReadShard(*world_.Stream("ec2-dead"), 0).size(), dead);
    auto stored = OwnerlessPoints(*world_.store, world_.Table("raw"));
    // A direct correction and a record race for one point: then only the views are checked.
    if (corrected_) return;
    std::erase_if(stored, [](const auto& point) { return point.first.host == "direct"; });
    EXPECT_EQ(stored.size(), expected.size());
    for (const auto& [key, point] : expected) {
      // A value that came twice is unchanged as it comes; read again, its later arrival counts.
      EXPECT_EQ(stored[key].value, point.value) << key.measure << " " << key.host;
      EXPECT_GE(stored[key].version, point.version) << key.measure << " " << key.host;
    }
  }

  SeededRandom random_;
  World world_;
  RecordMaker maker_;
  std::array<uint64_t, kActions> weights_{};
  bool corrected_ = false;
  bool rows_seen_ = false;
};

TEST(PathModel, ViewsEqualTheirRawDataAndTheTableItsLog) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const uint64_t seed = TestSeed();
  int with_rows = 0;
  for (uint64_t run = 0; run < 60; ++run) {
    SCOPED_TRACE(SeedTrace(seed + run));
    Story story(seed + run);
    for (int i = 0; i < 150 && !::testing::Test::HasFailure(); ++i) story.Act();
    if (!::testing::Test::HasFailure()) story.Finish();
    if (::testing::Test::HasFailure()) return;
    with_rows += story.rows_seen() ? 1 : 0;
  }
  EXPECT_GE(with_rows, 40);  // in some stories time stands still
}

/// A pipeline that is stopped while its writes and dead letters wait for the disk begins again
/// behind them: nothing is written twice.
TEST(PathModel, PipelineStoppedInTheMiddleRepeatsNothing) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const uint64_t seed = TestSeed();
  for (uint64_t run = 0; run < 10; ++run) {
    SCOPED_TRACE(SeedTrace(seed + run));
    World world(
        {.seed = seed + run, .stack = std::string(kStack) + kPipelineStack, .maintainer = {}});
    RecordMaker maker(seed + run, {.percent_duplicate = 40, .percent_malformed = 50});
    ASSERT_TRUE(world.Open().ok());
    ASSERT_TRUE(world.Apply().ok());
    size_t dead = 0;
    for (int i = 0; i < 60; ++i) {
      const EventTime now = world.clock.Now().AsEventTime();
      const Sample sample = i < 5 ? maker.First(static_cast<uint64_t>(i), now) : maker.Make(now);
      if (!sample.dead_reason.empty()) ++dead;
      const log::PutRecordView record{sample.key, sample.data, std::nullopt};
      world.Stream("events")->Append(std::span(&record, 1), [](const auto&) {});
      for (int steps = 0; steps < 6; ++steps) world.executor->RunOne();
      ASSERT_TRUE(world.admin->StopPipeline("ec2").ok());
      ASSERT_TRUE(world.admin->StartPipeline("ec2", {}).ok());
    }
    world.Settle();
    EXPECT_EQ(ReadShard(*world.Stream("ec2-dead"), 0).size(), dead);
    std::map<PointKey, PointValue> expected;
    for (const auto& shard : world.Stream("events")->definition().shards) {
      ApplyRecords(maker, ReadShard(*world.Stream("events"), shard.number), expected);
    }
    EXPECT_EQ(OwnerlessPoints(*world.store, world.Table("raw")), expected);
  }
}

/// A view that is stopped while late data and corrections arrive equals, once it runs again, the
/// one that never stopped.
TEST(PathModel, StoppedViewCatchesUpWithCorrections) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const uint64_t seed = TestSeed();
  for (uint64_t run = 0; run < 10; ++run) {
    SCOPED_TRACE(SeedTrace(seed + run));
    World world({.seed = seed + run,
                 .stack = std::string(kStack) + kPipelineStack + kViewAfter,
                 .maintainer = {}});
    RecordMaker maker(seed + run, {.percent_late = 40, .percent_corrected = 30});
    ASSERT_TRUE(world.Open().ok());
    ASSERT_TRUE(world.Apply().ok());
    const auto put = [&](int count) {
      for (int i = 0; i < count; ++i) {
        const Sample sample = maker.Make(world.clock.Now().AsEventTime());
        const log::PutRecordView record{sample.key, sample.data, std::nullopt};
        world.Stream("events")->Append(std::span(&record, 1), [](const auto&) {});
        world.clock.Advance(milliseconds(500));
        if (i % 5 == 0) world.Run();
      }
    };
    put(100);
    ASSERT_TRUE(world.admin->StopView("after").ok());
    put(200);
    world.Settle();
    if (run % 2 == 0) {
      world.Down(World::Stop::kCrash);
      ASSERT_TRUE(world.Open().ok());
      world.Settle();
    }
    const auto definition = world.views->Status("after")->definition;
    const auto running = world.views->Status("mean")->definition;
    EXPECT_NE(view::RowTexts(*world.store, definition), view::RowTexts(*world.store, running));
    ASSERT_TRUE(world.admin->StartView("after").ok());
    world.Settle();
    EXPECT_EQ(view::RowTexts(*world.store, definition), view::RowTexts(*world.store, running));
    EXPECT_THAT(view::CheckView(*world.store, *world.views->Status("after")), IsEmpty());
  }
}

}  // namespace
}  // namespace tidemark::tests
