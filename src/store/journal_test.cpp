// SPDX-License-Identifier: Apache-2.0
// The newest frame of the journal (docs/format/journal.md 2.1): its confirmation tells damage of
// any size from a torn tail, and costs neither a sync nor, when it is lost, anything else.
#include "store/journal.h"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/confirmation.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_file_system.h"
#include "base/testing/seed.h"
#include "store/segment_reader.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JournalBed final : public Journal::Replay {
 public:
  explicit JournalBed(uint64_t seed = 1, size_t segment_bytes = size_t{64} << 20U)
      : fs(seed), segment_bytes_(segment_bytes) {}

  Result<void> Open(std::optional<uint64_t> accept_loss_after = {}) {
    replayed.clear();
    JournalOptions options;
    options.dir = kDir;
    options.segment_bytes_max = segment_bytes_;
    options.accept_loss_after_lsn = accept_loss_after;
    options.store_id = {1, 2};
    TM_ASSIGN_OR_RETURN(journal, Journal::Open(std::move(options), fs, clock, metrics, *this));
    return {};
  }
  Result<void> OnBatch(uint64_t /*lsn*/, std::string_view records) override {
    replayed.emplace_back(records);
    return {};
  }

  Journal::SlotRef Ready(std::string records) {
    auto slot = journal->Begin();
    slot->records = std::move(records);
    slot->finish = [](const Result<void>&) {};
    journal->Commit(slot);
    return slot;
  }
  /// One frame, synced; false: it failed.
  bool Write(std::string records) {
    auto slot = journal->Begin();
    bool synced = false;
    slot->records = std::move(records);
    slot->finish = [&synced](const Result<void>& done) { synced = done.ok(); };
    journal->Commit(slot);
    EXPECT_TRUE(journal->Step().ok());
    return synced;
  }
  void Kill() {
    journal.reset();
    fs.Kill();
  }

  /// The newest segment: its path; its bytes.
  std::string Newest() { return JoinPath(kDir, fs.List(kDir)->back()); }
  std::string Bytes() { return *fs.ReadFile(Newest(), size_t{1} << 30U); }
  void Replace(const std::string& path, std::string_view bytes) {
    ASSERT_TRUE(WriteFileAtomically(fs, path, bytes).ok());
  }
  /// Undoes what a start made.
  void RemoveAllBut(const std::vector<std::string>& names) {
    const std::vector<std::string> found = fs.List(kDir).value();
    for (const std::string& name : found) {
      if (std::ranges::count(names, name) == 0) {
        ASSERT_TRUE(fs.Remove(JoinPath(kDir, name)).ok());
      }
    }
  }
  uint64_t End() { return journal->segments().back().valid_bytes; }

  static constexpr char kDir[] = "/wal";
  sim::SimFileSystem fs;
  sim::SimClock clock;
  MetricRegistry metrics;
  std::unique_ptr<Journal> journal;
  std::vector<std::string> replayed;

 private:
  const size_t segment_bytes_;
};

// Frames of one sector, of a few, and ones whose header or end touch a border of sectors.
std::vector<size_t> RecordSizes() { return {1, 100, 312, 320, 328, 400, 440, 448, 512, 3000}; }

/// Every kind of damage to bytes [begin, end): a byte, or one of the file's sectors.
void ForEachDamage(const std::string& bytes, FrameExtent extent,
                   const std::function<void(const std::string&, const std::string&)>& judge) {
  for (uint64_t at = extent.at; at < extent.end; ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(~damaged[at]);
    judge(damaged, "byte " + std::to_string(at));
  }
  const uint64_t first = extent.at / kDiskSectorBytes * kDiskSectorBytes;
  for (uint64_t sector = first; sector < extent.end; sector += kDiskSectorBytes) {
    std::string damaged = bytes;
    const uint64_t from = std::max(sector, uint64_t{kSegmentHeaderBytes});
    const uint64_t until = std::min<uint64_t>(sector + kDiskSectorBytes, bytes.size());
    std::fill(damaged.begin() + static_cast<ptrdiff_t>(from),
              damaged.begin() + static_cast<ptrdiff_t>(until), '\0');
    judge(damaged, "sector " + std::to_string(sector));
  }
}

TEST(Journal, RefusesADamagedNewestFrameThatWasSynced) {
  for (const size_t size : RecordSizes()) {
    JournalBed bed;
    ASSERT_TRUE(bed.Open().ok());
    ASSERT_TRUE(bed.Write("first"));
    const uint64_t before = bed.journal->durable_lsn();
    const uint64_t end_before = bed.End();
    ASSERT_TRUE(bed.Write(std::string(size, 'x')));
    const FrameExtent newest{end_before, bed.End()};
    bed.Kill();
    const std::string path = bed.Newest();
    const std::string whole = bed.Bytes();
    // Of the frame; the padding behind its payload is zero whatever is written there.
    const uint64_t frame_at = newest.end - kFrameHeaderBytes - PaddedBytes(size + 8);
    ForEachDamage(whole, {frame_at, newest.end - (PaddedBytes(size + 8) - size - 8)},
                  [&](const std::string& damaged, const std::string& what) {
                    SCOPED_TRACE(what + " of a frame with " + std::to_string(size) + " bytes");
                    bed.Replace(path, damaged);
                    const auto refused = bed.Open();
                    ASSERT_FALSE(refused.ok());
                    EXPECT_EQ(refused.error().code, Code::kCorruption);
                    EXPECT_THAT(refused.error().message, HasSubstr(path));
                    EXPECT_THAT(refused.error().message, HasSubstr("--accept-log-loss="));
                  });
    std::string damaged = whole;
    damaged[newest.end - PaddedBytes(size + 8)] ^= 0x55;
    bed.Replace(path, damaged);
    ASSERT_TRUE(bed.Open(before).ok()) << "the operator accepts the loss";
    EXPECT_THAT(bed.replayed, ElementsAre("first"));
  }
}

TEST(Journal, ALostTornOrDamagedConfirmationLosesNothing) {
  for (const size_t size : RecordSizes()) {
    JournalBed bed;
    ASSERT_TRUE(bed.Open().ok());
    ASSERT_TRUE(bed.Write("first"));
    ASSERT_TRUE(bed.Write(std::string(size, 'x')));
    const uint64_t end = bed.End();
    bed.Kill();
    const std::string path = bed.Newest();
    const std::string whole = bed.Bytes();
    ASSERT_GT(whole.size(), end);
    const auto names = *bed.fs.List(JournalBed::kDir);
    const auto expect_all = [&](const std::string& bytes, const std::string& what) {
      SCOPED_TRACE(what + " behind a frame with " + std::to_string(size) + " bytes");
      bed.Replace(path, bytes);
      const auto opened = bed.Open();
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      EXPECT_THAT(bed.replayed, ElementsAre("first", std::string(size, 'x')));
      bed.Kill();
      bed.RemoveAllBut(names);
    };
    for (uint64_t cut = end; cut <= whole.size(); ++cut) {
      expect_all(whole.substr(0, cut), "cut at " + std::to_string(cut));
      std::string zeroed = whole;
      std::fill(zeroed.begin() + static_cast<ptrdiff_t>(cut), zeroed.end(), '\0');
      expect_all(zeroed, "zeros from " + std::to_string(cut));
      if (cut == whole.size()) break;
      std::string flipped = whole;
      flipped[cut] = static_cast<char>(~flipped[cut]);
      expect_all(flipped, "flipped byte " + std::to_string(cut));
      flipped[cut] = static_cast<char>(whole[cut] ^ 4);
      expect_all(flipped, "flipped bit of byte " + std::to_string(cut));
    }
  }
}

// A power cut may keep what was written last and lose the confirmation before it.
TEST(Journal, ALostConfirmationBeforeTheNewestFrameLosesNothing) {
  for (const size_t size : RecordSizes()) {
    SCOPED_TRACE(size);
    JournalBed bed;
    ASSERT_TRUE(bed.Open().ok());
    ASSERT_TRUE(bed.Write(std::string(size, 'x')));
    const uint64_t first_end = bed.End();
    ASSERT_TRUE(bed.Write("second"));
    const uint64_t second_end = bed.End();
    bed.Kill();
    const std::string path = bed.Newest();
    const auto names = *bed.fs.List(JournalBed::kDir);
    const uint64_t second_at = second_end - kFrameHeaderBytes - PaddedBytes(6 + 8);
    std::string bytes = bed.Bytes().substr(0, second_end);
    ASSERT_EQ(second_at, ConfirmationOf({kSegmentHeaderBytes, first_end}) + kFrameHeaderBytes);
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(first_end),
              bytes.begin() + static_cast<ptrdiff_t>(second_at), '\0');
    bed.Replace(path, bytes);
    ASSERT_TRUE(bed.Open().ok());
    EXPECT_THAT(bed.replayed, ElementsAre(std::string(size, 'x'), "second"));
    bed.Kill();
    bed.RemoveAllBut(names);
    // Nor is the second frame damaged if only its header reached the disk: it was never synced.
    std::fill(bytes.end() - 16, bytes.end(), '\0');
    bed.Replace(path, bytes);
    const auto opened = bed.Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_THAT(bed.replayed, ElementsAre(std::string(size, 'x')));
    bed.Kill();
    // What was read of it goes on from there, and is not taken for more than it was.
    ASSERT_TRUE(bed.Open().ok());
    EXPECT_THAT(bed.replayed, ElementsAre(std::string(size, 'x')));
  }
}

TEST(Journal, AConfirmationCostsOneWriteAndNoSyncAndOnlyTheLastFrameOfARun) {
  JournalBed bed;
  ASSERT_TRUE(bed.Open().ok());
  Counter& syncs = bed.metrics.GetCounter("tidemark_store_journal_fsyncs_total", "");
  const uint64_t before = syncs.value();
  bed.fs.SetFaults({});
  ASSERT_TRUE(bed.Write("one"));
  EXPECT_EQ(bed.fs.calls(), 3U) << "write, sync, write";
  EXPECT_EQ(syncs.value(), before + 1);
  // A frame takes no more than 4 MiB: these are two.
  const uint64_t end = bed.End();
  bed.fs.SetFaults({});
  (void)bed.Ready(std::string(size_t{4} << 20U, 'a'));
  (void)bed.Ready(std::string(size_t{4} << 20U, 'b'));
  ASSERT_TRUE(bed.journal->Step()->more);
  EXPECT_EQ(bed.fs.calls(), 2U) << "write, sync";
  ASSERT_TRUE(bed.journal->Step().ok());
  EXPECT_EQ(bed.fs.calls(), 5U);
  const uint64_t frame = kFrameHeaderBytes + (size_t{4} << 20U) + 8;
  EXPECT_EQ(bed.End(), ConfirmationOf({kSegmentHeaderBytes, end}) + kFrameHeaderBytes + 2 * frame);
}

TEST(Journal, AFailedConfirmationKeepsTheFrameAndEndsTheWriting) {  // storage.md 2.5
  JournalBed bed;
  ASSERT_TRUE(bed.Open().ok());
  bed.fs.SetFaults({.fail_nth_call = 3});
  EXPECT_TRUE(bed.Write("kept"));
  EXPECT_TRUE(bed.journal->failure().has_value());
  bed.fs.SetFaults({});
  auto slot = bed.journal->Begin();
  bool refused = false;
  slot->finish = [&refused](const Result<void>& done) { refused = !done.ok(); };
  bed.journal->Commit(slot);
  EXPECT_TRUE(refused);
  bed.Kill();
  ASSERT_TRUE(bed.Open().ok());
  EXPECT_THAT(bed.replayed, ElementsAre("kept"));
}

// A segment of format 1.0: frames back to back, no flag, no confirmation.
TEST(Journal, ReadsSegmentsWithoutConfirmations) {
  JournalBed bed;
  ASSERT_TRUE(bed.fs.CreateDirs(JournalBed::kDir).ok());
  std::string bytes = EncodeSegmentHeader({.file_no = 1, .store_id = {1, 2}, .range = 1});
  bytes[10] = 0;  // minor
  bytes[12] = 0;  // incompatible flags
  const uint32_t crc = Crc32c(Crc32cSeed(1, 0), std::string_view(bytes).substr(0, 60));
  std::memcpy(bytes.data() + 60, &crc, 4);
  uint32_t chain = 0;
  for (uint64_t i = 0; i < 3; ++i) {
    std::string payload;
    AppendBatch("batch " + std::to_string(i), 0, payload);
    FrameHeader header{.lsn_first = (uint64_t{1} << Journal::kRangeShift) + 1 + i,
                       .batch_count = 1,
                       .previous_crc = chain};
    AppendFrame(header, payload, 1, bytes.size(), bytes);
    chain = header.payload_crc;
  }
  bed.Replace("/wal/0000000001.wal", bytes);
  ASSERT_TRUE(bed.Open().ok());
  EXPECT_THAT(bed.replayed, ElementsAre("batch 0", "batch 1", "batch 2"));
  bed.Kill();
  // The newest frame is in a segment of this format now, confirmed.
  std::string newest = bed.Bytes();
  newest[kSegmentHeaderBytes + kFrameHeaderBytes + 3] ^= 0x55;
  bed.Replace(bed.Newest(), newest);
  EXPECT_FALSE(bed.Open().ok());
}

// Un-synced sectors are lost in any order: what was acknowledged is there, and no start is refused.
TEST(Journal, PowerCutsNeverLookLikeDamage) {
  SCOPED_TRACE(SeedTrace(TestSeed()));
  SeededRandom random(TestSeed());
  for (int run = 0; run < 300; ++run) {
    SCOPED_TRACE("run " + std::to_string(run));
    JournalBed bed(random.Below(UINT64_MAX), 2048);
    std::vector<std::string> acknowledged;
    for (int start = 0; start < 4; ++start) {
      const auto opened = bed.Open();
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      ASSERT_LE(acknowledged.size(), bed.replayed.size());
      ASSERT_TRUE(std::equal(acknowledged.begin(), acknowledged.end(), bed.replayed.begin()));
      acknowledged = bed.replayed;
      // The power fails during a call, often the write behind a sync.
      bed.fs.SetFaults({.fail_nth_call = random.Below(12), .fail_all_after = true});
      for (int i = 0; i < 4; ++i) {
        std::string records(1 + random.Below(random.Below(2) == 0 ? 40 : 1200),
                            static_cast<char>('a' + random.Below(26)));
        auto slot = bed.journal->Begin();
        slot->records = records;
        slot->finish = [&acknowledged, records](const Result<void>& done) {
          if (done.ok()) acknowledged.push_back(records);
        };
        bed.journal->Commit(slot);
        if (random.Below(3) != 0) (void)bed.journal->Step().ok();
      }
      (void)bed.journal->Step().ok();
      bed.journal->Close();
      bed.journal.reset();
      if (random.Below(4) == 0) {
        bed.fs.Kill();
      } else {
        bed.fs.Crash();
      }
    }
  }
}

}  // namespace
}  // namespace tidemark::store
