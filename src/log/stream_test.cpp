// SPDX-License-Identifier: Apache-2.0
#include "log/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/testing/log_fixture.h"

namespace tidemark::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Stop = LogFixture::Stop;

TEST(Stream, RoutesByHashAndKeepsOrderWithinAShard) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s", 2);
  const PutRecordView records[] = {
      {.partition_key = "a", .data = "1"},
      {.partition_key = "b", .data = "2"},
      {.partition_key = "a", .data = "3"},
      {.partition_key = "b", .data = "4", .explicit_hash = HashKey{}},
      {.partition_key = "a", .data = "5", .explicit_hash = catalog::kHashKeyMax}};
  std::vector<PutResult> places;
  stream->Append(records, [&](Result<std::vector<PutResult>> r) { places = std::move(r).value(); });
  EXPECT_THAT(places, IsEmpty()) << "Append must not wait for the disk";
  EXPECT_THAT(f.ReadAll(*stream, 0), IsEmpty()) << "nothing is readable before it is durable";
  f.executor->RunUntilIdle();
  EXPECT_THAT(places, ElementsAre(PutResult{0, {1}}, PutResult{1, {1}}, PutResult{0, {2}},
                                  PutResult{0, {3}}, PutResult{1, {2}}));
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("a=1", "a=3", "b=4"));
  EXPECT_THAT(f.ReadAll(*stream, 1), ElementsAre("b=2", "a=5"));
  const auto batch = stream->Read({.shard = 0}).value();
  EXPECT_EQ(batch.records[2].explicit_hash, HashKey{});
  EXPECT_EQ(batch.records[0].explicit_hash, std::nullopt);
  EXPECT_EQ(batch.records[0].arrival, f.clock.Now());
  EXPECT_EQ(stream->Read({.shard = 2}).error().code, Code::kNotFound);
}

TEST(Stream, CommitsWaitingAppendsTogether) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "first").ok());
  Counter& syncs = f.metrics.GetCounter("tidemark_log_syncs_total", "", {{"stream", "s"}});
  const uint64_t before = syncs.value();
  int acked = 0;
  for (int i = 0; i < 100; ++i) {
    const PutRecordView record{.partition_key = "k", .data = "x"};
    stream->Append(std::span(&record, 1),
                   [&](Result<std::vector<PutResult>> r) { acked += r.ok() ? 1 : 0; });
  }
  f.executor->RunUntilIdle();
  EXPECT_EQ(acked, 100);
  EXPECT_EQ(syncs.value(), before + 1);
}

TEST(Stream, KeepsEverythingOverEveryKindOfStop) {
  for (const Stop how : {Stop::kClose, Stop::kKill, Stop::kCrash}) {
    LogFixture f(7, {.segment_bytes_max = 600});
    f.OpenOrDie();
    auto stream = f.Create("s", 2);
    std::vector<std::string> expected;
    RecordOffset last;
    for (int i = 0; i < 30; ++i) {
      last = f.Put(*stream, "a", std::to_string(i))->offset;
      expected.push_back("a=" + std::to_string(i));
    }
    EXPECT_GT(f.SegmentFiles(*stream).size(), 3U);
    for (int again = 0; again < 3; ++again) {
      stream.reset();
      ASSERT_TRUE(f.Restart(how).ok());
      stream = f.log->Find("s");
      ASSERT_NE(stream, nullptr);
      EXPECT_EQ(f.ReadAll(*stream, 0, 7), expected);
    }
    const PutResult next = f.Put(*stream, "a", "more").value();
    EXPECT_GT(next.offset, last);
    if (how == Stop::kClose) {
      EXPECT_EQ(next.offset.value, last.value + 1);
    }
    if (how != Stop::kClose) {
      EXPECT_GT(next.offset.value, last.value + kFrameRecordsMax);
    }
    expected.push_back("a=more");
    EXPECT_EQ(f.ReadAll(*stream, 0), expected);
  }
}

TEST(Stream, ReadsInPagesByRecordsAndBytes) {
  LogFixture f(1, {.section_bytes_max = 1000});
  f.OpenOrDie();
  auto stream = f.Create("s");
  PutBatch batch = stream->NewBatch();
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(batch.Add({.partition_key = "k", .data = std::string(99, 'x')}).ok());
  stream->Append(std::move(batch), [](Result<std::vector<PutResult>> r) { ASSERT_TRUE(r.ok()); });
  f.executor->RunUntilIdle();
  EXPECT_EQ(f.ReadAll(*stream, 0, 7).size(), 50U);
  const auto by_bytes = stream->Read({.bytes_max = 250}).value();
  EXPECT_EQ(by_bytes.records.size(), 2U);
  EXPECT_EQ(by_bytes.next.value, 3U);
  EXPECT_FALSE(by_bytes.at_tip);
  EXPECT_EQ(stream->Read({.bytes_max = 1}).value().records.size(), 1U)
      << "one record whatever its size";
  const auto middle = stream->Read({.from = {49}}).value();
  EXPECT_EQ(middle.records.size(), 2U);
  EXPECT_TRUE(middle.at_tip);
  EXPECT_EQ(middle.next.value, 51U);
  const auto tip = stream->Read({.from = {51}}).value();
  EXPECT_THAT(tip.records, IsEmpty());
  EXPECT_TRUE(tip.at_tip);
  EXPECT_EQ(tip.next.value, 51U);
}

TEST(Stream, LeavesReadableBytesBehindEveryRecord) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "last").ok());
  const auto batch = stream->Read({}).value();
  const std::string_view data = batch.records.back().data;
  unsigned sum = 0;  // the address sanitizer proves it
  for (size_t i = 0; i < kReadPaddingBytes; ++i)
    sum += static_cast<uint8_t>(data.data()[data.size() + i]);
  EXPECT_LT(sum, 64U * 256U);
}

TEST(Stream, ResolvesAllFiveIterators) {  // kinesis-api.md 2.9, checklist 58-64
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s", 2);
  std::vector<ArrivalTime> times;
  for (int i = 0; i < 3; ++i) {
    times.push_back(f.clock.Now());
    ASSERT_TRUE(f.Put(*stream, "a", std::to_string(i)).ok());
    f.clock.Advance(seconds(10));
  }
  const auto at = [&](IteratorStart start) { return stream->Resolve(0, start).value().value; };
  const auto number = [&](uint64_t offset) { return stream->NumberOf(0, {offset}); };
  EXPECT_EQ(at({.type = IteratorType::kTrimHorizon}), 1U);
  EXPECT_EQ(at({.type = IteratorType::kLatest}), 4U);
  EXPECT_EQ(at({.type = IteratorType::kAtSequenceNumber, .sequence = number(2)}), 2U);
  EXPECT_EQ(at({.type = IteratorType::kAfterSequenceNumber, .sequence = number(2)}), 3U);
  EXPECT_EQ(at({.type = IteratorType::kAtSequenceNumber, .sequence = number(0)}), 0U);
  EXPECT_EQ(at({.type = IteratorType::kAfterSequenceNumber, .sequence = number(0)}), 1U);
  EXPECT_EQ(at({.type = IteratorType::kAfterSequenceNumber, .sequence = number(99)}), 4U);
  EXPECT_EQ(
      at({.type = IteratorType::kAtSequenceNumber, .sequence = stream->NumberOf(0, kEndOfShard)}),
      4U);
  EXPECT_EQ(at({.type = IteratorType::kAtTimestamp, .time = {0}}), 1U);
  EXPECT_EQ(at({.type = IteratorType::kAtTimestamp, .time = times[1]}), 2U);
  EXPECT_EQ(at({.type = IteratorType::kAtTimestamp, .time = times[1] + milliseconds(1)}), 3U);
  EXPECT_EQ(at({.type = IteratorType::kAtTimestamp, .time = times[2] + milliseconds(1)}), 4U);
  EXPECT_EQ(stream->Resolve(1, {.type = IteratorType::kAtSequenceNumber, .sequence = number(1)})
                .error()
                .code,
            Code::kInvalidArgument)
      << "a number of another shard";
  EXPECT_EQ(stream
                ->Resolve(0, {.type = IteratorType::kAtSequenceNumber,
                              .sequence = SequenceNumber::Make({99}, 0, {1})})
                .error()
                .code,
            Code::kInvalidArgument)
      << "a number of another incarnation";
  EXPECT_EQ(stream->Resolve(0, {.type = IteratorType::kAtSequenceNumber}).error().code,
            Code::kInvalidArgument);
  EXPECT_EQ(stream->Resolve(5, {}).error().code, Code::kNotFound);
}

TEST(Stream, TrimsExactlyByArrivalAndDeletesWholeSegments) {
  LogFixture f(1, {.segment_bytes_max = 500});
  f.OpenOrDie();
  auto stream = f.Create("s");
  for (int i = 0; i < 24; ++i) {
    ASSERT_TRUE(f.Put(*stream, "k", std::to_string(i)).ok());
    f.clock.Advance(hours(1));
  }
  EXPECT_FALSE(stream->Status(0)->trimmed);
  EXPECT_EQ(stream->Status(0)->first, kFirstOffset);
  f.clock.Advance(milliseconds(1));
  EXPECT_EQ(f.ReadAll(*stream, 0).front(), "k=1");
  EXPECT_TRUE(stream->Status(0)->trimmed);
  f.clock.Advance(hours(10));
  EXPECT_EQ(f.ReadAll(*stream, 0).front(), "k=11");
  const size_t files = f.SegmentFiles(*stream).size();
  f.executor->RunUntilIdle();
  EXPECT_LT(f.SegmentFiles(*stream).size(), files);
  EXPECT_EQ(f.ReadAll(*stream, 0).front(), "k=11");
  f.clock.Advance(hours(100));
  f.executor->RunUntilIdle();
  EXPECT_EQ(f.SegmentFiles(*stream).size(), 1U);
  EXPECT_THAT(f.ReadAll(*stream, 0), IsEmpty());

  stream.reset();
  ASSERT_TRUE(f.Restart(Stop::kCrash).ok());
  stream = f.log->Find("s");
  EXPECT_TRUE(stream->Status(0)->trimmed) << "remembered without a record left";
  EXPECT_GT(f.Put(*stream, "k", "new")->offset.value, 24U) << "an offset is never given twice";
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("k=new"));
  EXPECT_EQ(stream->Read({.from = kFirstOffset})->records.size(), 1U)
      << "below the horizon: from the horizon";
}

TEST(Stream, ArrivalNeverFallsWhenTheClockSteps) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "1").ok());
  const ArrivalTime before = f.clock.Now();
  f.clock.StepWall(-hours(2));
  ASSERT_TRUE(f.Put(*stream, "k", "2").ok());
  EXPECT_EQ(stream->Read({})->records[1].arrival, before);
}

TEST(Stream, WakesReadersWhenRecordsAreReadable) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  std::vector<size_t> seen;
  const auto id = stream->Subscribe([&] { seen.push_back(f.ReadAll(*stream, 0).size()); });
  ASSERT_TRUE(f.Put(*stream, "k", "1").ok());
  ASSERT_TRUE(f.Put(*stream, "k", "2").ok());
  EXPECT_THAT(seen, ElementsAre(1U, 2U));
  stream->Unsubscribe(id);
  ASSERT_TRUE(f.Put(*stream, "k", "3").ok());
  EXPECT_EQ(seen.size(), 2U);
}

TEST(Stream, RefusesMoreThanMayWait) {
  LogFixture f(1, {.waiting_bytes_max = 1000});
  f.OpenOrDie();
  auto stream = f.Create("s");
  std::vector<Code> refused;
  int acked = 0;
  const std::string data(400, 'x');
  for (int i = 0; i < 4; ++i) {
    const PutRecordView record{.partition_key = "k", .data = data};
    stream->Append(std::span(&record, 1), [&](Result<std::vector<PutResult>> r) {
      if (r.ok())
        ++acked;
      else
        refused.push_back(r.error().code);
    });
  }
  EXPECT_THAT(refused, ElementsAre(Code::kResourceExhausted, Code::kResourceExhausted));
  f.executor->RunUntilIdle();
  EXPECT_EQ(acked, 2);
  EXPECT_TRUE(f.Put(*stream, "k", data).ok());
}

TEST(Stream, AFullDiskLosesNothingAndNeedsNoRestart) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "before").ok());
  const auto small = f.Put(*stream, "k", "still");
  ASSERT_TRUE(small.ok());
  f.fs.SetFaults({.space_bytes_max = 1});
  for (int i = 0; i < 3; ++i) {
    const auto refused = f.Put(*stream, "k", std::string(10'000, 'x'));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kNoSpace) << refused.error().message;
  }
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("k=before", "k=still"));
  EXPECT_FALSE(stream->failure().has_value());
  f.fs.SetFaults({});
  const auto after = f.Put(*stream, "k", "after");
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_EQ(after->offset.value, small->offset.value + 1);
  stream.reset();
  ASSERT_TRUE(f.Restart(Stop::kCrash).ok());
  EXPECT_THAT(f.ReadAll(*f.log->Find("s"), 0), ElementsAre("k=before", "k=still", "k=after"));
}

TEST(Stream, AFailedSyncStopsAppendsButNotReads) {  // storage.md 2.5
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "before").ok());
  f.fs.SetFaults({.fail_nth_call = 2});  // write, then sync
  const auto failed = f.Put(*stream, "k", "unknown");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_TRUE(f.fs.fired());
  f.fs.SetFaults({});
  EXPECT_EQ(f.Put(*stream, "k", "later").error().code, Code::kUnavailable);
  EXPECT_TRUE(stream->failure().has_value());
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("k=before"));
  stream.reset();
  ASSERT_TRUE(f.Restart(Stop::kKill).ok());
  EXPECT_TRUE(f.Put(*f.log->Find("s"), "k", "again").ok());
}

TEST(Stream, ATornTailIsIgnoredButDamageIsRefused) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(f.Put(*stream, "k", std::to_string(i)).ok());
  const std::string path = f.SegmentFiles(*stream).at(0);
  stream.reset();
  f.Down(Stop::kKill);
  const std::string whole = f.fs.ReadFile(path, 1 << 20).value();
  // Frames are 48 + 48 + 16 bytes here, and their confirmations begin with the next sectors.
  constexpr size_t kHeader = 128;
  constexpr size_t kEnds[] = {128 + 112, 512 + 48 + 112, 1024 + 48 + 112};
  ASSERT_EQ(whole.size(), 1536U + 48U);
  for (size_t cut = kHeader; cut < whole.size(); ++cut) {
    ASSERT_TRUE(WriteFileAtomically(f.fs, path, whole.substr(0, cut)).ok());
    ASSERT_TRUE(f.Open().ok()) << cut;
    const auto frames = std::ranges::count_if(kEnds, [cut](size_t end) { return end <= cut; });
    EXPECT_EQ(f.ReadAll(*f.log->Find("s"), 0).size(), static_cast<size_t>(frames)) << cut;
    f.Down(Stop::kKill);
    for (const char* made : {"/data/log/0000000001/0000000002.log"}) {
      if (f.fs.Exists(made).value()) {
        ASSERT_TRUE(f.fs.Remove(made).ok());
      }
    }
  }
  for (size_t at = kHeader; at < kEnds[2]; ++at) {
    const bool confirmation = (at >= kEnds[0] && at < 560) || (at >= kEnds[1] && at < 1072);
    if (confirmation) continue;
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    ASSERT_TRUE(WriteFileAtomically(f.fs, path, damaged).ok());
    const auto opened = f.Open();
    ASSERT_FALSE(opened.ok()) << at;
    EXPECT_EQ(opened.error().code, Code::kCorruption);
    EXPECT_THAT(opened.error().message, HasSubstr(path));
    f.Down(Stop::kKill);
  }
}

TEST(Stream, ATornSealIsScannedAround) {
  // A failed sync or a power cut may keep the seal's last sector and lose its first:
  // storage.md 2.5.
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "one").ok());
  ASSERT_TRUE(f.Put(*stream, "k", "two").ok());
  const std::string path = f.SegmentFiles(*stream).front();
  const uint64_t unsealed = f.fs.FileSize(path).value();
  f.Down(LogFixture::Stop::kClose);
  ASSERT_GT(f.fs.FileSize(path).value(), unsealed);
  // Not one bit, which would be damage: other bytes in the seal frame's header; its trailer stays
  // whole.
  for (uint64_t bit = 0; bit < 64; bit += 3) f.fs.FlipBit(path, unsealed * 8 + bit);
  f.OpenOrDie();
  stream = f.log->Find("s");
  EXPECT_EQ(f.ReadAll(*stream, 0), (std::vector<std::string>{"k=one", "k=two"}));
  ASSERT_TRUE(f.Put(*stream, "k", "three").ok());
  EXPECT_EQ(f.ReadAll(*stream, 0), (std::vector<std::string>{"k=one", "k=two", "k=three"}));
}

TEST(Stream, ReportsDamageUnderAnIndexWhenItIsRead) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "data").ok());
  const std::string path = f.SegmentFiles(*stream).at(0);
  stream.reset();
  f.Down(Stop::kClose);
  const auto at = f.fs.ReadFile(path, 1 << 20)->find("data");
  f.fs.FlipBit(path, at * 8);
  f.OpenOrDie();
  const auto read = f.log->Find("s")->Read({});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kCorruption);
  EXPECT_THAT(read.error().message, HasSubstr(path));
}

TEST(Stream, DecodesBase64IntoPlace) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  PutBatch batch = stream->NewBatch();
  EXPECT_EQ(batch.AddBase64("k", std::nullopt, "aGVsbG8=").value(), 5U);
  EXPECT_FALSE(batch.AddBase64("k", std::nullopt, "aGVsbG8").ok());
  EXPECT_EQ(batch.AddBase64("k", std::nullopt, "").value(), 0U);
  EXPECT_EQ(batch.size(), 2U);
  stream->Append(std::move(batch), [](Result<std::vector<PutResult>> r) { ASSERT_TRUE(r.ok()); });
  f.executor->RunUntilIdle();
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("k=hello", "k="));
}

TEST(Log, DeletingAStreamDeletesItsFilesAndItsNumbersDoNotComeBack) {
  LogFixture f;
  f.OpenOrDie();
  auto old = f.Create("s");
  ASSERT_TRUE(f.Put(*old, "k", "1").ok());
  EXPECT_EQ(f.log->CreateStream({.name = "s"}).error().code, Code::kAlreadyExists);
  ASSERT_TRUE(f.log->DeleteStream("s").ok());
  EXPECT_THAT(f.fs.List("/data/log").value(), IsEmpty());
  EXPECT_EQ(f.log->DeleteStream("s").error().code, Code::kNotFound);
  EXPECT_EQ(f.Put(*old, "k", "2").error().code, Code::kNotFound);
  EXPECT_EQ(old->Read({}).error().code, Code::kNotFound);
  auto fresh = f.Create("s");
  EXPECT_NE(fresh->id(), old->id());
  EXPECT_EQ(
      fresh
          ->Resolve(0, {.type = IteratorType::kAtSequenceNumber, .sequence = old->NumberOf(0, {1})})
          .error()
          .code,
      Code::kInvalidArgument);
}

TEST(Log, RefusesAFolderThatTheCatalogDoesNotKnow) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "1").ok());
  stream.reset();
  f.Down(Stop::kClose);
  ASSERT_TRUE(f.catalog->DeleteStream({1}).ok());
  const auto opened = f.Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr("/data/log/0000000001"));
}

TEST(Log, CloseCommitsWhatWaits) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  const PutRecordView record{.partition_key = "k", .data = "waits"};
  bool acked = false;
  stream->Append(std::span(&record, 1), [&](Result<std::vector<PutResult>> r) { acked = r.ok(); });
  ASSERT_TRUE(f.log->Close().ok());
  EXPECT_TRUE(acked);
  EXPECT_EQ(f.Put(*stream, "k", "late").error().code, Code::kUnavailable);
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("k=waits"));
}

}  // namespace
}  // namespace tidemark::log
