// SPDX-License-Identifier: Apache-2.0
// What sealing, merging, retention, damage and backups promise, in counted form (design.md sections
// 5, 6 and 9; storage.md 6, 8, 9).
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/block/dictionary.h"
#include "store/block/manifest.h"
#include "store/check.h"
#include "store/embedded_store.h"
#include "store/journal_format.h"
#include "store/retention_clock.h"
#include "store/testing/embedded_host.h"

namespace tidemark::store {
namespace {

using ::testing::HasSubstr;

constexpr EventTime kNow{1'767'225'600LL * 1'000'000'000};
constexpr Owner kView{ViewId{3}, 1};

SeriesRef Ref(Store& store, uint32_t table, const std::string& host,
              const std::string& measure = "cpu", Owner owner = {}) {
  const DimensionView d{"host", host};
  const SeriesKeyView key{TableId{table}, measure, std::span(&d, 1), ValueType::kDouble, owner};
  const auto resolved = store.Resolve(std::span(&key, 1));
  EXPECT_TRUE(resolved.ok()) << resolved.error().message;
  return resolved->at(0).series;
}

void SetTable(Store& store, uint32_t table, hours magnetic = hours(24 * 3650)) {
  store.SetTable({.table = TableId{table},
                  .name = "t" + std::to_string(table),
                  .memory_retention = hours(6),
                  .magnetic_retention = magnetic,
                  .magnetic_writes = true});
}

WriteReply Put(EmbeddedHost& host, std::vector<PointView> points, WriteBatch batch = {}) {
  batch.points = points;
  batch.time_check = WriteBatch::TimeCheck::kNone;
  WriteReply out;
  host.store().Write(batch, [&](Result<WriteReply> r) {
    EXPECT_TRUE(r.ok()) << r.error().message;
    if (r.ok()) out = *std::move(r);
  });
  host.Settle();
  return out;
}

PointView Point(SeriesRef series, EventTime time, double value, int64_t version = 1) {
  return {series, time, version, {version}, ValueView::Double(value), nullptr};
}

void Flush(EmbeddedHost& host) {
  bool done = false;
  host.embedded()->Flush([&](const Result<void>& r) { done = r.ok(); });
  host.Settle();
  EXPECT_TRUE(done);
}

void Compact(EmbeddedHost& host) {
  bool done = false;
  host.embedded()->Compact(CompactMode::kFull, [&](const Result<void>& r) { done = r.ok(); });
  host.Settle();
  EXPECT_TRUE(done);
}

std::vector<ReadRow> Rows(Store& store, uint32_t table) {
  ScanRequest request;
  request.selection.table = TableId{table};
  request.versions_wanted = true;
  auto cursor = store.Scan(request);
  EXPECT_TRUE(cursor.ok());
  return ReadAll(**cursor);
}

uint64_t Metric(EmbeddedHost& host, const char* name) {
  return host.metrics().GetCounter(name, "").value();
}

std::vector<std::string> BlockFiles(EmbeddedHost& host) {
  std::vector<std::string> out;
  const std::function<void(const std::string&)> walk = [&](const std::string& folder) {
    const auto names = host.fs().List(folder);
    if (!names.ok()) return;
    for (const std::string& name : *names) {
      const std::string path = JoinPath(folder, name);
      if (name.ends_with(".tsb")) {
        out.push_back(path);
      } else if (name.find('.') == std::string::npos) {
        walk(path);
      }
    }
  };
  walk("/data/store/blk");
  return out;
}

// A handful: the dense days' and the mixed file, their folder, dictionary, manifest.
TEST(Sealing, CostsAHandfulOfSyncsHoweverManyTablesAndDaysAreTouched) {
  EmbeddedHost host(1);
  std::vector<PointView> points;
  for (uint32_t table = 1; table <= 30; ++table) {
    SetTable(host.store(), table);
    const SeriesRef s = Ref(host.store(), table, "a");
    for (int day = 0; day < 40; ++day) points.push_back(Point(s, kNow - hours(24 * day), day));
  }
  Put(host, points);
  const uint64_t before = Metric(host, "tidemark_store_fsyncs_total");
  Flush(host);
  EXPECT_LE(Metric(host, "tidemark_store_fsyncs_total") - before, 8U);
  EXPECT_EQ(BlockFiles(host).size(), 1U);
  for (uint32_t table = 1; table <= 30; ++table) EXPECT_EQ(Rows(host.store(), table).size(), 40U);
}

TEST(Sealing, StatisticsAnswerForWholeChunksWithoutDecoding) {
  EmbeddedHost host(1);
  SetTable(host.store(), 1);
  std::vector<PointView> points;
  for (int h = 0; h < 10; ++h) {
    const SeriesRef s = Ref(host.store(), 1, "h" + std::to_string(h));
    for (int i = 0; i < 500; ++i)
      points.push_back(Point(s, kNow - hours(1) + seconds(i), 0.1 * i * (h + 1)));
  }
  Put(host, points);
  AggregateRequest request;
  request.selection.table = TableId{1};
  using agg::Kind;
  for (const Kind kind :
       {Kind::kCount, Kind::kSum, Kind::kAvg, Kind::kMin, Kind::kMax, Kind::kFirst, Kind::kLast}) {
    request.aggregates.push_back({kind, agg::Type::kDouble, "", false});
  }
  const auto answer = [&] {
    auto cursor = host.store().Aggregate(request);
    EXPECT_TRUE(cursor.ok());
    std::vector<AggregateRow> rows;
    EXPECT_TRUE((*cursor)->Next(10, rows).ok());
    EXPECT_EQ(rows.size(), 1U);
    ByteWriter out;
    for (const agg::State& state : rows.at(0).states) state.AppendTo(out);
    return std::pair(rows.at(0).points, std::move(out).Take());
  };
  const auto from_memory = answer();
  Flush(host);
  const uint64_t scanned = Metric(host, "tidemark_store_points_scanned_total");
  const uint64_t answered = Metric(host, "tidemark_store_chunks_answered_total");
  EXPECT_EQ(answer(), from_memory);
  EXPECT_EQ(Metric(host, "tidemark_store_points_scanned_total"), scanned);
  EXPECT_EQ(Metric(host, "tidemark_store_chunks_answered_total") - answered, 10U);
  const auto estimate = [&] { return host.store().Estimate(request).value(); };
  EXPECT_EQ(estimate(), (ReadEstimate{10, 10, 0, 0, 10, 5000}));
  // One override: its series is read, the others are not.
  Put(host, {Point(Ref(host.store(), 1, "h3"), kNow - hours(1) + seconds(7), 99, 2)});
  answer();
  EXPECT_EQ(Metric(host, "tidemark_store_points_scanned_total") - scanned, 500U);
  EXPECT_EQ(estimate(), (ReadEstimate{10, 10, 1, 0, 9, 5001}));
  // A scan of one series and an hour without rows decodes nothing and skips its chunk.
  request.aggregates.clear();
  request.selection.dimensions = {{"host", {TextPredicate::Op::kIn, {"h1"}}}};
  request.selection.time = {kNow, kEventTimeMax};
  EXPECT_EQ(estimate(), (ReadEstimate{1, 10, 0, 1, 0, 0}));
}

TEST(Sealing, OverridesOfSealedPointsHoldNeitherMemoryNorJournal) {
  EmbeddedStoreOptions options;
  options.segment_bytes_max = 4096;
  EmbeddedHost host(1, options);
  SetTable(host.store(), 1);
  const SeriesRef s = Ref(host.store(), 1, "a");
  const auto write = [&](int64_t version) {
    std::vector<PointView> points;
    for (int i = 0; i < 200; ++i)
      points.push_back(Point(s, kNow - hours(48) + seconds(i * 5), double(version), version));
    Put(host, points);
    Flush(host);
  };
  write(1);
  uint64_t memory_max = 0;
  uint64_t journal_max = 0;
  uint64_t files_max = 0;
  for (int64_t version = 2; version < 40; ++version) {
    write(version);
    const StorageReport report = host.embedded()->Report();
    memory_max = std::max(memory_max, report.memory_bytes.at("rows"));
    journal_max = std::max(journal_max, report.journal_bytes);
    files_max = std::max<uint64_t>(files_max, BlockFiles(host).size());
  }
  EXPECT_LT(memory_max, 200'000U);  // one lane's undo log keeps room for 1,024 records
  EXPECT_LT(journal_max, 4U * 4096U);
  EXPECT_LT(files_max, 16U);  // merged while it goes on
  const auto rows = Rows(host.store(), 1);
  EXPECT_EQ(rows.size(), 200U);
  EXPECT_EQ(rows.at(5).version, 39);
}

// A view's positions are where its last evaluation looked; it replays from before that.
TEST(Sealing, KeepsTheFeedBehindWhereAViewReplaysFrom) {
  EmbeddedStoreOptions options;
  options.segment_bytes_max = 4096;
  EmbeddedHost host(1, options);
  SetTable(host.store(), 1);
  const SeriesRef s = Ref(host.store(), 1, "a");
  int written = 0;
  const auto write = [&](int batches) {
    for (int i = 0; i < batches; ++i) {
      std::vector<PointView> points;
      for (int k = 0; k < 500; ++k, ++written)
        points.push_back(Point(s, kNow - hours(3) + seconds(written), written));
      Put(host, points);
    }
  };
  write(4);
  const Positions replay = host.store().End();
  write(4);
  WriteBatch batch;
  batch.owner = kView;
  batch.view_progress =
      ViewProgress{kView.view, kView.generation, host.store().End(), kNow, "state", replay};
  Put(host, {}, batch);
  const auto points_behind = [&](const Positions& from) -> std::optional<size_t> {
    auto reader = host.store().OpenFeed(from);
    EXPECT_TRUE(reader.ok());
    size_t points = 0;
    FeedBatch out;
    while (true) {
      const auto some = (*reader)->Next(1000, out);
      EXPECT_TRUE(some.ok());
      if (!some.ok() || out.gap) return std::nullopt;
      if (!*some) return points;
      points += out.points.size();
    }
  };
  Flush(host);
  EXPECT_EQ(points_behind(replay), 2000U);
  EXPECT_EQ(points_behind({}), std::nullopt) << "what no view reads any more goes";
  for (int start = 0; start < 2; ++start) {
    // The first time from the journal's tail, then from the checkpoint.
    ASSERT_TRUE(host.Restart());
    SetTable(host.store(), 1);
    EXPECT_EQ(host.store().ProgressOf(kView.view)->replay_from, replay);
    Flush(host);
    EXPECT_EQ(points_behind(replay), 2000U);
  }
}

TEST(Sealing, RevisionsReadTheSameFromMemoryFilesAndMergedFiles) {
  EmbeddedHost host(1);
  const auto prepare = [&] {
    SetTable(host.store(), 1);
    host.store().SetReservations({{TableId{1}, kView.view, "v", 1, "avg_{measure}"}});
  };
  prepare();
  const SeriesRef s = Ref(host.store(), 1, "a", "avg_cpu", kView);
  const auto publish = [&](uint32_t revision) {
    const RowInfo info{kNow - minutes(10), kNow - minutes(5), revision, 30};
    const PointView row{
        s,    kNow - minutes(5), 1, {kNow.ns / 1'000'000 + revision}, ValueView::Double(revision),
        &info};
    const RevisionEntry entry{s,
                              row.time,
                              info.window_start,
                              info.window_end,
                              revision,
                              Scalar(double(revision) - 1),
                              Scalar(double(revision)),
                              revision,
                              ArrivalTime{kNow.ns / 1'000'000 + revision},
                              false};
    WriteBatch batch;
    batch.rule = ConflictRule::kLastWins;
    batch.owner = kView;
    batch.revisions = std::span(&entry, 1);
    Put(host, {row}, batch);
  };
  const auto log = [&] {
    Selection selection;
    selection.table = TableId{1};
    const auto rows = host.store().Revisions(selection, 10);
    EXPECT_TRUE(rows.ok());
    std::string out;
    for (const RevisionRow& row : *rows) {
      out += SeriesText(*row.series) + " " + ValueText(row.value);
      for (const RevisionEntry& e : row.revisions) {
        out += " " + std::to_string(e.revision) + ":" + ValueText(e.old_value) + ">" +
               ValueText(e.new_value) + "@" + std::to_string(e.at.ms);
      }
    }
    return out;
  };
  for (uint32_t r = 1; r <= 3; ++r) publish(r);
  const std::string in_memory = log();
  EXPECT_THAT(in_memory, HasSubstr(" 3:d:"));
  Flush(host);
  EXPECT_EQ(log(), in_memory);
  EXPECT_EQ(host.embedded()->Report().memory_bytes.at("revisions"), 0U);
  publish(4);
  const std::string with_four = log();
  Flush(host);
  EXPECT_EQ(log(), with_four);
  Compact(host);
  EXPECT_EQ(log(), with_four);
  ASSERT_TRUE(host.Restart());
  prepare();
  EXPECT_EQ(log(), with_four);
}

// The whole way of a damaged block: found, set aside, told, judged around, accepted.
TEST(Damage, IsSetAsideNamedAndMayBeAccepted) {
  EmbeddedHost host(1);
  const auto prepare = [&] {
    SetTable(host.store(), 1);
    SetTable(host.store(), 2);
  };
  prepare();
  const auto day = kNow - hours(72);
  std::vector<PointView> points;
  for (int i = 0; i < 100; ++i)
    points.push_back(Point(Ref(host.store(), 1, "a"), day + seconds(i), i));
  Put(host, points);
  Flush(host);
  Compact(host);
  ASSERT_EQ(BlockFiles(host).size(), 1U);
  const std::string damaged = BlockFiles(host)[0];
  Put(host, {Point(Ref(host.store(), 1, "a"), kNow - minutes(1), 7),
             Point(Ref(host.store(), 1, "b"), day, 5), Point(Ref(host.store(), 2, "a"), day, 6)});
  Flush(host);
  host.Close();
  host.fs().FlipBit(damaged, 8 * 100);  // in the first chunk
  ASSERT_TRUE(host.Open().ok());
  prepare();
  const auto read = [&](uint32_t table, TimeRange time, const std::string& of) {
    ScanRequest request;
    request.selection.table = TableId{table};
    request.selection.time = time;
    request.selection.dimensions = {{"host", {TextPredicate::Op::kIn, {of}}}};
    auto cursor = host.store().Scan(request);
    EXPECT_TRUE(cursor.ok());
    SliceBuffer buffer;
    Slice slice;
    size_t rows = 0;
    while (true) {
      const auto more = (*cursor)->Next(buffer, slice);
      if (!more.ok()) return more.error().message;
      if (!*more) break;
      rows += slice.times.size();
    }
    return std::to_string(rows) + " rows, " + std::to_string((*cursor)->gaps().size()) + " gaps";
  };
  const TimeRange all{kEventTimeMin, kEventTimeMax};
  const TimeRange recent{kNow - hours(1), kEventTimeMax};
  EXPECT_THAT(read(1, all, "a"), HasSubstr(".tsb (table 1, 2025-12-29"));
  host.Settle();
  // At once in quarantine, and told.
  EXPECT_TRUE(
      *host.fs().Exists("/data/store/quarantine/" + damaged.substr(damaged.rfind('/') + 1)));
  ASSERT_EQ(host.embedded()->Damaged().size(), 1U);
  const std::string name = host.embedded()->Damaged()[0].file;
  EXPECT_THAT(damaged, HasSubstr(name));
  EXPECT_THAT(read(1, all, "a"), HasSubstr("accept-gap " + name));
  // What does not need it goes on.
  EXPECT_EQ(read(1, recent, "a"), "1 rows, 0 gaps");
  EXPECT_EQ(read(1, all, "b"), "1 rows, 1 gaps");
  EXPECT_EQ(read(2, all, "a"), "1 rows, 0 gaps");
  const auto judged = [&](EventTime time) {
    const WriteReply reply = Put(host, {Point(Ref(host.store(), 1, "a"), time, 55, 2)});
    return reply.outcomes.at(0);
  };
  EXPECT_EQ(judged(day + seconds(3)), Outcome::kRejected);
  EXPECT_EQ(judged(kNow - minutes(1)), Outcome::kReplaced);
  EXPECT_EQ(host.store().Damaged(TableId{1}).size(), 1U);
  EXPECT_TRUE(host.store().Damaged(TableId{2}).empty());
  // Also after a restart.
  ASSERT_TRUE(host.Restart());
  prepare();
  EXPECT_THAT(read(1, all, "a"), HasSubstr("accept-gap " + name));
  EXPECT_EQ(judged(day + seconds(3)), Outcome::kRejected);
  ASSERT_TRUE(host.embedded()->AcceptGap(name).ok());
  EXPECT_EQ(host.embedded()->AcceptGap("nothing.tsb").error().code, Code::kNotFound);
  EXPECT_EQ(read(1, all, "a"), "1 rows, 1 gaps");
  EXPECT_EQ(judged(day + seconds(3)), Outcome::kAccepted);
  ASSERT_TRUE(host.Restart());
  prepare();
  EXPECT_EQ(read(1, all, "a"), "2 rows, 1 gaps");
}

TEST(Damage, ADamagedManifestRefusesToStartAndIsRebuiltOnRequest) {
  EmbeddedStoreOptions options;
  options.segment_bytes_max = 300;
  EmbeddedHost host(1, options);
  SetTable(host.store(), 1);
  const SeriesRef s = Ref(host.store(), 1, "a");
  for (int i = 0; i < 12; ++i) {
    Put(host, {Point(s, kNow - minutes(30 - i), i), Point(s, kNow - hours(50), i, i + 1)});
    if (i % 5 == 4) Flush(host);
  }
  const auto rows = Rows(host.store(), 1);
  host.Close();
  std::string manifest;
  const auto names = host.fs().List("/data/store");
  for (const std::string& name : *names) {
    if (name.starts_with("MANIFEST-")) manifest = "/data/store/" + name;
  }
  host.fs().FlipBit(manifest, 8 * 70);
  const auto refused = host.Open();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("--rebuild-manifest"));
  options.dir = "/data";
  options.rebuild_manifest = true;
  MetricRegistry metrics;
  sim::SimExecutor executor(host.clock(), 9);
  {
    auto rebuilt = EmbeddedStore::Open(options, host.fs(), host.clock(), executor, metrics);
    ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().message;
    SetTable(**rebuilt, 1);
    EXPECT_EQ(Rows(**rebuilt, 1), rows);
  }
  executor.Stop();
  ASSERT_TRUE(host.Open().ok());  // and without the option from then on
  SetTable(host.store(), 1);
  EXPECT_EQ(Rows(host.store(), 1), rows);
}

TEST(Recovery, ADictionaryMayAdoptASeriesThatItHasForgotten) {
  EmbeddedHost host(1);
  SetTable(host.store(), 1);
  Put(host, {Point(Ref(host.store(), 1, "a"), kNow, 1)});
  Flush(host);
  host.Close();
  // The page that a seal leaves whose first try failed while the series was adopted and dropped.
  BatchEncoder adopt;
  adopt.Adopt(77, kView);
  {
    auto manifest = Manifest::Open(host.fs(), "/data/store", {}, kNow.ns);
    ASSERT_TRUE(manifest.ok()) << manifest.error().message;
    const ManifestState& state = (*manifest)->state();
    auto dictionary =
        Dictionary::Open(host.fs(), "/data/store/dict", state.store_id, state.dictionary,
                         [](uint64_t, std::string_view) { return Result<void>(); });
    ASSERT_TRUE(dictionary.ok()) << dictionary.error().message;
    auto extent = (*dictionary)->Append(state.checkpoint.lsn, std::move(adopt).Take(), 0);
    ASSERT_TRUE(extent.ok()) << extent.error().message;
    ASSERT_TRUE((*manifest)->Apply({.dictionary = *extent}).ok());
  }
  const auto opened = host.Open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  SetTable(host.store(), 1);
  EXPECT_EQ(Rows(host.store(), 1).size(), 1U);
}

TEST(Damage, AMissingBlockIsDamageAndAnUnnamedFileGoes) {
  EmbeddedHost host(1);
  SetTable(host.store(), 1);
  Put(host, {Point(Ref(host.store(), 1, "a"), kNow - minutes(1), 1)});
  Flush(host);
  host.Close();
  const auto files = BlockFiles(host);
  ASSERT_EQ(files.size(), 1U);
  ASSERT_TRUE(host.fs().Rename(files[0], "/data/store/blk/0/0000009999.tsb").ok());
  ASSERT_TRUE(host.Open().ok());
  SetTable(host.store(), 1);
  EXPECT_TRUE(BlockFiles(host).empty());
  ASSERT_EQ(host.embedded()->Damaged().size(), 1U);
}

TEST(Retention, FilesGoAnHourAfterTheirRowsAreHidden) {
  EmbeddedHost host(1);
  SetTable(host.store(), 1, hours(24));
  Put(host, {Point(Ref(host.store(), 1, "a"), kNow - hours(29), 1)});
  Flush(host);
  EXPECT_EQ(Rows(host.store(), 1).size(), 1U);
  host.clock().Advance(hours(1) + minutes(1));  // memory and magnetic retention: 30 h
  host.Settle();
  EXPECT_TRUE(Rows(host.store(), 1).empty());
  EXPECT_EQ(BlockFiles(host).size(), 1U);
  host.clock().Advance(hours(1) + minutes(1));
  Compact(host);
  EXPECT_TRUE(BlockFiles(host).empty());
}

TEST(Retention, MakingItLongerBringsNothingBack) {
  EmbeddedHost host(1);
  SetTable(host.store(), 1, hours(24));
  Put(host, {Point(Ref(host.store(), 1, "a"), kNow - hours(29), 1),
             Point(Ref(host.store(), 1, "a"), kNow - hours(2), 2)});
  Flush(host);
  SetTable(host.store(), 1, hours(1));
  EXPECT_EQ(Rows(host.store(), 1).size(), 1U);
  SetTable(host.store(), 1, hours(24 * 365));
  EXPECT_EQ(Rows(host.store(), 1).size(), 1U);
  ASSERT_TRUE(host.Restart());
  SetTable(host.store(), 1, hours(24 * 365));
  EXPECT_EQ(Rows(host.store(), 1).size(), 1U);
}

TEST(RetentionClock, FollowsAJumpOnlyAfterItHasHeldForAnHour) {
  sim::SimClock clock;
  RetentionClock retention(clock);
  const ArrivalTime start = retention.Now();
  clock.Advance(minutes(10));
  clock.StepWall(minutes(4));  // a small correction
  EXPECT_EQ(retention.Now().ms - start.ms, 14 * 60'000);
  EXPECT_EQ(retention.Warning(), "");
  clock.StepWall(hours(1000));
  EXPECT_EQ(retention.Now().ms - start.ms, 14 * 60'000);
  EXPECT_THAT(retention.Warning(), HasSubstr("jumped by 3600000 s"));
  clock.Advance(minutes(59));
  EXPECT_EQ(retention.Now().ms - start.ms, 73 * 60'000);
  clock.StepWall(-hours(1000));  // and back: as if nothing had been
  EXPECT_EQ(retention.Now().ms - start.ms, 73 * 60'000);
  EXPECT_EQ(retention.Warning(), "");
  clock.StepWall(-hours(1000));
  retention.Now();
  clock.Advance(minutes(61));
  EXPECT_EQ(retention.Now().ms - start.ms, (int64_t{134} - 60'000) * 60'000);
  EXPECT_EQ(retention.Warning(), "");
}

std::vector<std::string> Findings(EmbeddedHost& host, const std::string& dir) {
  std::vector<std::string> out;
  const auto checked =
      CheckStore(host.fs(), dir, [&](const Finding& f) { out.push_back(f.kind + " " + f.file); });
  EXPECT_TRUE(checked.ok());
  return out;
}

TEST(Check, FindsEveryKindOfDamageAndNothingElse) {
  EmbeddedStoreOptions options;
  options.segment_bytes_max = 400;
  EmbeddedHost host(1, options);
  SetTable(host.store(), 1);
  for (int i = 0; i < 9; ++i) {
    Put(host, {Point(Ref(host.store(), 1, "a"), kNow - minutes(30 - i), i)});
    if (i == 4) Flush(host);
  }
  host.Close();
  EXPECT_THAT(Findings(host, "/data"), ::testing::IsEmpty());
  const std::string block = BlockFiles(host).at(0);
  host.fs().FlipBit(block, 8 * 80);
  const auto segments = host.fs().List("/data/store/wal");
  host.fs().FlipBit("/data/store/wal/" + segments->at(segments->size() - 2), 8 * 150);
  const std::string dictionary = host.fs().List("/data/store/dict")->at(0);
  host.fs().FlipBit("/data/store/dict/" + dictionary, 8 * 90);
  EXPECT_THAT(Findings(host, "/data"),
              ::testing::UnorderedElementsAre(
                  "checksum " + block.substr(6), "checksum store/dict/" + dictionary,
                  "checksum store/wal/" + segments->at(segments->size() - 2)));
  ASSERT_TRUE(host.fs().Remove(block).ok());
  EXPECT_THAT(Findings(host, "/data"), ::testing::Contains("missing " + block.substr(6)));
}

TEST(Backup, HoldsWhatWasThereAndNothingNewer) {
  EmbeddedStoreOptions small;
  small.segment_bytes_max = 300;  // so that the journal was trimmed in between
  EmbeddedHost host(1, small);
  SetTable(host.store(), 1);
  const SeriesRef s = Ref(host.store(), 1, "a");
  Put(host, {Point(s, kNow - hours(30), 1), Point(s, kNow - minutes(9), 2)});
  Flush(host);
  Put(host, {Point(s, kNow - minutes(8), 3)});  // in the journal only
  ASSERT_TRUE(host.fs().CreateDirs("/backup").ok());
  ASSERT_TRUE(host.embedded()->BackupTo("/backup").ok());
  EXPECT_THAT(Findings(host, "/backup"), ::testing::IsEmpty());
  const auto before = Rows(host.store(), 1);
  Put(host, {Point(s, kNow - minutes(7), 4), Point(s, kNow - hours(30), 5, 2)});
  Flush(host);
  Compact(host);
  host.Close();
  EmbeddedStoreOptions options;
  options.dir = "/backup";
  MetricRegistry metrics;
  sim::SimExecutor executor(host.clock(), 9);
  {
    auto copy = EmbeddedStore::Open(options, host.fs(), host.clock(), executor, metrics);
    ASSERT_TRUE(copy.ok()) << copy.error().message;
    SetTable(**copy, 1);
    EXPECT_EQ(Rows(**copy, 1), before);
  }
  executor.Stop();
  ASSERT_TRUE(host.Open().ok());
}

}  // namespace
}  // namespace tidemark::store
