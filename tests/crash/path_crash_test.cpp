// SPDX-License-Identifier: Apache-2.0
// Check 5 over the whole path: fails, fills or cuts every file operation of a workload in turn,
// then starts again and compares with what was acknowledged and with what had been visible.
//  1. An acknowledged record, and an acknowledged point, is there; an append or batch is there
//     whole or not at all, over shards and tables.
//  2. Right after recovery, before anything runs, the pipeline's points are exactly those of the
//     records up to its journaled positions, and the dead letters of those records are durable.
//  3. What a scan or the revision log had shown is still there.
//  4. Caught up again: every record became its point or one dead letter, every view row equals the
//     aggregate of the raw points, every revision log continues its row; and writes work.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/logging.h"
#include "base/testing/seed.h"
#include "crash/records.h"
#include "crash/visible_state.h"
#include "crash/world.h"
#include "view/testing/view_check.h"

namespace tidemark::tests {
namespace {

using ::testing::IsEmpty;
using Stop = World::Stop;

constexpr char kStack[] = R"(
[[stream]]
name = "events"
shards = 2
[[stream]]
name = "notes"
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
name = "span"
database = "plant"
table = "raw"
target_table = "other"
measures = ["cpu"]
aggregate = ["min", "last"]
window = "7s"
out_of_orderness = "1s"
)";

constexpr int kRounds = 26;
constexpr int kRecordsPerAppend = 4;
constexpr uint64_t kHosts = 5;

/// One run of the workload: what was offered, what was acknowledged.
struct Trial {
  explicit Trial(uint64_t seed)
      : world({.seed = seed, .stack = std::string(kStack) + kPipelineStack, .maintainer = {}}),
        maker(seed, {.hosts = kHosts}) {}

  World world;
  RecordMaker maker;
  std::map<std::string, std::vector<std::string>> offered;  // label -> data of one append
  std::set<std::string> acked;                              // labels
  std::map<std::pair<std::string, uint32_t>, std::map<log::RecordOffset, std::string>> places;
  std::set<std::string> offered_batches;  // of direct writes, by their host
  std::set<std::string> acked_batches;
  VisibleState visible;  // when the workload ended
};

void Put(Trial& run, const std::string& stream_name, const std::string& label,
         const std::vector<Sample>& samples) {
  auto stream = run.world.Stream(stream_name);
  if (stream == nullptr) return;
  std::vector<log::PutRecordView> records;
  std::vector<std::string> data;
  for (const Sample& sample : samples) {
    records.push_back({.partition_key = sample.key, .data = sample.data, .explicit_hash = {}});
    data.push_back(sample.data);
  }
  run.offered[label] = data;
  stream->Append(
      records, [&run, label, stream_name, data](const Result<std::vector<log::PutResult>>& reply) {
        if (!reply.ok()) return;
        run.acked.insert(label);
        for (size_t i = 0; i < data.size(); ++i) {
          const auto [at, fresh] =
              run.places[{stream_name, (*reply)[i].shard}].emplace((*reply)[i].offset, data[i]);
          EXPECT_TRUE(fresh) << "offset " << at->first.value << " was given to two records";
        }
      });
}

void PutEvents(Trial& run, const std::string& label) {
  const EventTime now = run.world.clock.Now().AsEventTime();
  std::vector<Sample> samples;
  // cpu is DOUBLE in both shards' order before a record says otherwise: one such append must be in.
  const auto with_first = [](const std::string& l) { return l.starts_with("events-"); };
  if (std::ranges::none_of(run.acked, with_first)) {
    for (uint64_t host = 0; host < kHosts; ++host) samples.push_back(run.maker.First(host, now));
  }
  for (int i = 0; i < kRecordsPerAppend; ++i) samples.push_back(run.maker.Make(now));
  Put(run, "events", label, samples);
}

void PutNotes(Trial& run, const std::string& label) {
  std::vector<Sample> samples;
  for (int i = 0; i < 3; ++i) {
    samples.push_back(
        {.key = "key", .data = label + "." + std::to_string(i) + std::string(100, 'x')});
  }
  Put(run, "notes", label, samples);
}

/// One batch of a point in each of two tables.
void WriteBoth(Trial& run, const std::string& host) {
  World& world = run.world;
  const std::vector<TableId> into{world.Table("raw"), world.Table("other")};
  std::vector<store::PointView> points;
  for (const TableId table : into) {
    const auto series = world.Series(table, "direct", host);
    if (!series.ok()) return;
    store::PointView point;
    point.series = *series;
    point.time = world.clock.Now().AsEventTime();
    point.value = store::ValueView::Double(1.5);
    points.push_back(point);
  }
  run.offered_batches.insert(host);
  world.WriteDirect(points, into, [&run, host](const Result<store::WriteReply>& reply) {
    if (!reply.ok()) return;
    EXPECT_THAT(reply->rejections, IsEmpty()) << reply->rejections.front().text;
    run.acked_batches.insert(host);
  });
}

void Round(Trial& run, int round) {
  const std::string name = std::to_string(round);
  PutEvents(run, "events-" + name);
  PutNotes(run, "notes-" + name);
  WriteBoth(run, "batch-" + name);
  // Now and then several appends and batches share a commit.
  if (round % 3 == 1) {
    PutEvents(run, "events-" + name + "b");
    WriteBoth(run, "batch-" + name + "b");
  }
  run.world.Run();
  run.world.clock.Advance(seconds(2));
}

/// Two streams, rolls of segments in log and journal, batches over two tables, a pipeline with dead
/// letters, two views that fire and revise, one clean restart inside.
void RunWorkload(Trial& run) {
  World& world = run.world;
  if (!world.Open().ok() || !world.Apply().ok()) return;
  for (int round = 0; round < kRounds; ++round) {
    if (round == kRounds / 2) {
      world.Down(Stop::kClose);
      if (!world.Open().ok() || !world.Apply().ok()) return;
    }
    Round(run, round);
  }
  world.Settle();
}

void Remember(Trial& run) {
  World& world = run.world;
  if (world.store == nullptr) return;
  std::vector<TableId> tables;
  for (const auto& table : world.catalog->ListTables()) tables.push_back(table.id);
  VisibleState now = ReadVisible(*world.store, tables);
  EXPECT_THAT(Lost(run.visible, now), IsEmpty());
  run.visible = std::move(now);
}

// ------------------------------------------------------------------------------------------------
// What has to hold

std::vector<std::vector<LoggedRecord>> ReadStream(const World& world, const std::string& name) {
  std::vector<std::vector<LoggedRecord>> out;
  const auto stream = world.Stream(name);
  if (stream == nullptr) return out;
  for (const auto& shard : stream->definition().shards) {
    out.push_back(ReadShard(*stream, shard.number));
  }
  return out;
}

/// Invariant 1, streams.
void CheckStream(const Trial& run, const std::string& name) {
  std::multiset<std::string> there;
  std::map<std::pair<uint32_t, log::RecordOffset>, std::string> at;
  for (const auto& shard : ReadStream(run.world, name)) {
    for (const LoggedRecord& record : shard) {
      there.insert(record.data);
      at[{record.shard, record.offset}] = record.data;
    }
  }
  for (const auto& [place, records] : run.places) {
    if (place.first != name) continue;
    for (const auto& [offset, data] : records) {
      const auto found = at.find({place.second, offset});
      ASSERT_TRUE(found != at.end()) << name << ": an acknowledged record is gone: " << data;
      ASSERT_EQ(found->second, data);
    }
  }
  // Whole appends only: taking away those that are there leaves nothing.
  std::vector<std::string> labels(run.acked.begin(), run.acked.end());
  for (const auto& [label, data] : run.offered) {
    if (!run.acked.contains(label)) labels.push_back(label);
  }
  for (const std::string& label : labels) {
    if (!label.starts_with(name)) continue;
    std::multiset<std::string> rest = there;
    bool whole = true;
    for (const std::string& data : run.offered.at(label)) {
      const auto found = rest.find(data);
      whole = whole && found != rest.end();
      if (found != rest.end()) rest.erase(found);
    }
    if (whole) there = std::move(rest);
  }
  ASSERT_THAT(there, IsEmpty()) << name << ": part of an append is visible";
}

/// Invariant 1, points.
void CheckBatches(const Trial& run) {
  const auto of_direct = [&](const char* table) {
    std::set<std::string> hosts;
    if (run.world.Table(table).value == 0) return hosts;
    for (const auto& [key, point] : OwnerlessPoints(*run.world.store, run.world.Table(table))) {
      if (key.measure == "direct") hosts.insert(key.host);
    }
    return hosts;
  };
  const auto raw = of_direct("raw");
  EXPECT_EQ(raw, of_direct("other")) << "half a batch is visible";
  for (const std::string& host : run.acked_batches) {
    EXPECT_TRUE(raw.contains(host)) << "acknowledged batch " << host << " is gone";
  }
  for (const std::string& host : raw) EXPECT_TRUE(run.offered_batches.contains(host)) << host;
}

/// Journaled position per shard, 0 before the first record.
std::map<uint32_t, log::RecordOffset> JournaledPositions(const World& world) {
  std::map<uint32_t, log::RecordOffset> out;
  const auto def = world.catalog->GetPipeline("ec2");
  if (!def.ok()) return out;
  for (const auto& progress :
       world.store->ProgressOf({store::SourceId::Kind::kPipeline, def->id.value})) {
    ByteReader in(progress.position);
    uint64_t offset = 0;
    for (const char byte : in.GetString()) offset = offset << 8U | static_cast<uint8_t>(byte);
    out[progress.partition] = log::RecordOffset{offset};
  }
  return out;
}

std::map<PointKey, PointValue> PipelinePoints(const World& world) {
  if (world.Table("raw").value == 0) return {};
  auto points = OwnerlessPoints(*world.store, world.Table("raw"));
  std::erase_if(points, [](const auto& point) { return point.first.measure == "direct"; });
  return points;
}

/// Partition keys "shard/sequence" of the dead letters, with how often each is there.
std::map<std::string, int> DeadLetters(const World& world) {
  std::map<std::string, int> out;
  for (const auto& shard : ReadStream(world, "ec2-dead")) {
    for (const LoggedRecord& record : shard) ++out[record.key];
  }
  return out;
}

std::string DeadKey(const log::Stream& stream, const LoggedRecord& record) {
  std::string digits = std::to_string(record.shard);
  return "shardId-" + std::string(12 - digits.size(), '0') + digits + "/" +
         stream.NumberOf(record.shard, record.offset).ToString();
}

/// Invariant 2, for records up to `positions`.
void CheckPrefix(const Trial& run, const std::map<uint32_t, log::RecordOffset>& positions,
                 const char* when) {
  const auto stream = run.world.Stream("events");
  if (stream == nullptr) return;
  std::map<PointKey, PointValue> expected;
  const auto dead = DeadLetters(run.world);
  for (const auto& [shard, last] : positions) {
    const auto records = ReadShard(*stream, shard, last);
    if (last.value != 0) {
      ASSERT_FALSE(records.empty()) << when << ": progress beyond the log";
      ASSERT_EQ(records.back().offset, last) << when << ": progress beyond the log";
    }
    ApplyRecords(run.maker, records, expected);
    for (const LoggedRecord& record : records) {
      const Sample* sample = run.maker.Find(record.data);
      ASSERT_NE(sample, nullptr);
      const auto found = dead.find(DeadKey(*stream, record));
      const int count = found == dead.end() ? 0 : found->second;
      EXPECT_EQ(count, sample->dead_reason.empty() ? 0 : 1)
          << when << ": dead letters of " << record.data;
    }
  }
  const auto stored = PipelinePoints(run.world);
  for (const auto& [key, point] : expected) {
    const auto found = stored.find(key);
    ASSERT_TRUE(found != stored.end())
        << when << ": no point of " << key.measure << " " << key.host << " @" << key.time.ns;
    EXPECT_EQ(found->second.value, point.value) << when << ": " << key.measure << " " << key.host;
    EXPECT_EQ(found->second.version, point.version)
        << when << ": " << key.measure << " " << key.host;
  }
  EXPECT_EQ(stored.size(), expected.size()) << when << ": points of records beyond the progress";
}

/// Invariant 4.
void CheckCaughtUp(Trial& run) {
  World& world = run.world;
  const auto stream = world.Stream("events");
  if (stream == nullptr || !world.catalog->GetPipeline("ec2").ok()) return;
  EXPECT_EQ(world.pipelines->Status("ec2")->state, pipeline::PipelineState::kRunning)
      << world.pipelines->Status("ec2")->error;
  std::map<uint32_t, log::RecordOffset> ends;
  for (const auto& shard : stream->definition().shards) {
    const auto records = ReadShard(*stream, shard.number);
    ends[shard.number] = records.empty() ? log::kBeforeFirst : records.back().offset;
  }
  CheckPrefix(run, ends, "caught up");
  size_t dead = 0;
  for (const auto& [shard, last] : ends) {
    for (const LoggedRecord& record : ReadShard(*stream, shard, last)) {
      if (!run.maker.Find(record.data)->dead_reason.empty()) ++dead;
    }
  }
  EXPECT_EQ(DeadLetters(world).size(), dead);
  for (const view::ViewStatus& status : world.views->Statuses()) {
    EXPECT_THAT(view::CheckView(*world.store, status), IsEmpty());
  }
}

/// The reasons in the dead letters themselves.
void CheckDeadReasons(const Trial& run) {
  for (const auto& shard : ReadStream(run.world, "ec2-dead")) {
    for (const LoggedRecord& record : shard) {
      const auto letter = ParseJson(record.data);
      ASSERT_TRUE(letter.ok());
      std::string reason(letter->Find("reason")->string_value());
      const auto source = run.world.Stream("events");
      bool known = false;
      for (const auto& number : source->definition().shards) {
        for (const LoggedRecord& original : ReadShard(*source, number.number)) {
          if (DeadKey(*source, original) != record.key) continue;
          known = true;
          EXPECT_EQ(reason, run.maker.Find(original.data)->dead_reason) << original.data;
        }
      }
      EXPECT_TRUE(known) << record.key;
    }
  }
}

void CheckAll(Trial& run) {
  World& world = run.world;
  CheckStream(run, "events");
  CheckStream(run, "notes");
  CheckBatches(run);
  std::vector<TableId> tables;
  for (const auto& table : world.catalog->ListTables()) tables.push_back(table.id);
  EXPECT_THAT(Lost(run.visible, ReadVisible(*world.store, tables)), IsEmpty());
}

/// Starts on what a stop left, checks, lives on a little, checks again.
void CheckRecovery(Trial& run, int start) {
  World& world = run.world;
  auto opened = world.OpenData();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  CheckPrefix(run, JournaledPositions(world), "recovered");
  opened = world.OpenWork();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  CheckAll(run);  // nothing has run yet; rows of views show once their names are reserved
  if (::testing::Test::HasFailure()) return;
  const auto applied = world.Apply();
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  const std::string name = "after-" + std::to_string(start);
  PutEvents(run, "events-" + name);
  PutNotes(run, "notes-" + name);
  WriteBoth(run, "batch-" + name);
  world.Settle();
  EXPECT_TRUE(run.acked.contains("events-" + name));
  EXPECT_TRUE(run.acked.contains("notes-" + name));
  EXPECT_TRUE(run.acked_batches.contains("batch-" + name));
  CheckAll(run);
  CheckCaughtUp(run);
  Remember(run);
}

// ------------------------------------------------------------------------------------------------

enum class Fault : uint8_t { kFailOnce, kFailFromThen, kNoSpaceOnce, kNoSpaceFromThen };

sim::SimFaults FaultsOf(Fault fault, uint64_t n) {
  return {.fail_nth_call = n,
          .fail_all_after = fault == Fault::kFailFromThen || fault == Fault::kNoSpaceFromThen,
          .no_space = fault == Fault::kNoSpaceOnce || fault == Fault::kNoSpaceFromThen};
}

#ifndef TM_DEBUG_CHECKS
constexpr uint64_t kStride = 1;
#else
constexpr uint64_t kStride = 11;  // a debug build takes samples
#endif

/// A read of a file failed: it is damage from then on (damage has its own tests).
bool HasDamage(World& world) {
  if (world.store == nullptr || world.catalog == nullptr) return false;
  for (const auto& table : world.catalog->ListTables()) {
    store::Selection all;
    all.table = table.id;
    if (!world.store->Damaged(table.id).empty() || !world.store->Revisions(all, 1).ok())
      return true;
  }
  return false;
}

/// Remember() with the faults gone. False, and nothing remembered: something is damaged.
bool RememberUndamaged(Trial& run) {
  run.world.fs.SetFaults({});
  if (HasDamage(run.world)) return false;
  Remember(run);
  return true;
}

void Sweep(Fault fault, Stop stop, uint64_t salt) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const uint64_t seed = TestSeed() + salt;
  uint64_t calls = 0;
  const char* only = std::getenv("TM_OPERATION");  // to look at one failure again
  for (uint64_t n = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);; n += kStride) {
    SCOPED_TRACE(SeedTrace(TestSeed()) + " TM_OPERATION=" + std::to_string(n));
    Trial run(seed + n);
    run.world.fs.SetFaults(FaultsOf(fault, n));
    RunWorkload(run);
    const bool fired = run.world.fs.fired();
    calls = run.world.fs.calls();
    const bool damage = !RememberUndamaged(run);
    run.world.Down(stop);
    // What a machine saw that was failing altogether is not on its disk.
    const bool once = fault == Fault::kFailOnce || fault == Fault::kNoSpaceOnce;
    if (damage && once) continue;
    // Twice: the second start must find what the first one left.
    for (int start = 0; start < 2 && !::testing::Test::HasFailure(); ++start) {
      SCOPED_TRACE("start " + std::to_string(start));
      CheckRecovery(run, start);
      run.world.Down(stop);
    }
    if (::testing::Test::HasFailure() || !fired || only != nullptr) break;
  }
  EXPECT_GE(calls, 200U) << "the workload is too small to mean much";
}

TEST(PathCrash, WorkloadCoversWhatItClaims) {
  Trial run(TestSeed());
  RunWorkload(run);
  World& world = run.world;
  EXPECT_GE(world.fs.calls(), 200U);
  const auto list = [&](const std::string& path) { return world.fs.List(path).value_or({}); };
  EXPECT_GE(list("/data/store/wal").size(), 4U) << "the journal never rolled between two starts";
  size_t segments = 0;
  for (const std::string& folder : list("/data/log")) {
    segments = std::max(segments, list("/data/log/" + folder).size());
  }
  EXPECT_GE(segments, 3U);
  for (const auto& shard : ReadStream(world, "events")) EXPECT_GE(shard.size(), 20U);
  std::set<std::string> reasons;
  for (const auto& shard : ReadStream(world, "events")) {
    for (const LoggedRecord& record : shard)
      reasons.insert(run.maker.Find(record.data)->dead_reason);
  }
  EXPECT_GE(reasons.size(), 5U);
  uint64_t revisions = 0;
  for (const view::ViewStatus& status : world.views->Statuses()) {
    EXPECT_GE(status.windows_published, 10U) << status.definition.name;
    revisions += status.revisions_total;
  }
  EXPECT_GE(revisions, 3U);
  CheckAll(run);
  CheckCaughtUp(run);
  CheckDeadReasons(run);
}

TEST(PathCrash, PowerCutAtEveryOperation) { Sweep(Fault::kFailFromThen, Stop::kCrash, 1000); }
TEST(PathCrash, KillAtEveryOperation) { Sweep(Fault::kFailFromThen, Stop::kKill, 2000); }
TEST(PathCrash, EveryOperationFailsOnceThenPowerCut) {
  Sweep(Fault::kFailOnce, Stop::kCrash, 3000);
}
TEST(PathCrash, EveryOperationFindsTheDiskFullOnce) {
  Sweep(Fault::kNoSpaceOnce, Stop::kCrash, 4000);
}
TEST(PathCrash, TheDiskFillsAtEveryOperation) { Sweep(Fault::kNoSpaceFromThen, Stop::kKill, 5000); }

/// A workload cut at `first`; then a start cut at its operation `cut`. Whether that start came so
/// far.
bool CutTheStart(Trial& run, uint64_t first, uint64_t cut, Stop stop) {
  run.world.fs.SetFaults(FaultsOf(Fault::kFailFromThen, first));
  RunWorkload(run);
  (void)RememberUndamaged(run);
  run.world.Down(stop);
  run.world.fs.SetFaults(FaultsOf(Fault::kFailFromThen, cut));
  if (run.world.Open().ok()) run.world.Run();
  const bool fired = run.world.fs.fired();
  (void)RememberUndamaged(run);
  run.world.Down(stop);
  return fired;
}

TEST(PathCrash, RecoveryMayBeCutAnywhere) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  for (uint64_t cut = 1;; cut += kStride) {
    SCOPED_TRACE(SeedTrace(TestSeed()) + ", start cut at operation " + std::to_string(cut));
    Trial run(TestSeed() + 6000 + cut);
    const bool fired = CutTheStart(run, 300, cut, cut % 2 == 0 ? Stop::kCrash : Stop::kKill);
    CheckRecovery(run, 0);
    if (::testing::Test::HasFailure() || !fired) return;
  }
}

/// Start after start is cut, each a little later than the one before.
TEST(PathCrash, ManyStartsMayBeCut) {
  InitLogging(LogLevel::kError, LogFormat::kJson);
  for (uint64_t first = 20; first < 400; first += 20 * kStride) {
    SCOPED_TRACE(SeedTrace(TestSeed()) + ", first cut at operation " + std::to_string(first));
    Trial run(TestSeed() + 7000 + first);
    (void)CutTheStart(run, first, 1, Stop::kCrash);
    for (uint64_t cut = 2; cut < 60; cut += 3) {
      run.world.fs.SetFaults(FaultsOf(Fault::kFailFromThen, cut));
      if (run.world.Open().ok()) run.world.Run();
      (void)RememberUndamaged(run);
      run.world.Down(cut % 2 == 0 ? Stop::kCrash : Stop::kKill);
    }
    CheckRecovery(run, 0);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tidemark::tests
