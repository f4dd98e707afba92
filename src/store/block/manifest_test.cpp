// SPDX-License-Identifier: Apache-2.0
// Golden bytes of docs/format/manifest.md; a change here is a change of the format: raise
// kFileFormatMinor or Major, and keep reading the old bytes. What a crash may do is in
// manifest_crash_test.cpp.
#include "store/block/manifest.h"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/confirmation.h"
#include "base/sim/sim_file_system.h"
#include "store/block/file_header_internal.h"
#include "store/block/manifest_log_internal.h"
#include "store/block/test_samples_internal.h"
#include "store/block/testing/hex.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kNow = 1'767'225'600'000'000'000;
constexpr uint64_t kRange = uint64_t{1} << kRangeShift;

std::unique_ptr<Manifest> OpenManifest(FileSystem& fs, ManifestLimits limits = {}) {
  EXPECT_TRUE(fs.CreateDirs("store").ok());
  auto manifest = Manifest::Open(fs, "store", kTestStore, kNow, limits);
  EXPECT_TRUE(manifest.ok()) << manifest.error().message;
  return manifest.ok() ? std::move(*manifest) : nullptr;
}

Checkpoint SomeCheckpoint() {
  Checkpoint checkpoint;
  checkpoint.lsn = 11;
  checkpoint.revisions_lsn = 10;
  checkpoint.sources = {
      {{SourceId::Kind::kPipeline, 4}, TableId{2}, 1, "at:9", EventTime{kNow}, false, true},
      {{SourceId::Kind::kDirect, 0}, TableId{2}, 0, "", std::nullopt, true, false}};
  checkpoint.views = {{ViewId{3}, 1, Positions({7, 8}), EventTime{kNow - 1}, "dirty"},
                      {ViewId{5}, 2, Positions(), std::nullopt, ""}};
  return checkpoint;
}

ManifestEdit EveryPart() {
  ManifestEdit edit;
  edit.add_blocks = {SomeBlock(20), SomeBlock(21)};
  edit.add_revisions = {SomeRevisions(22)};
  edit.damage = {{SomeBlock(21), "chunk fails its checksum", false, false}};
  edit.accept_gaps = {21};
  edit.floors = {{TableId{2}, EventTime{kNow}}};
  edit.dictionary = DictionaryExtent{5, 4096, 0x99};
  edit.checkpoint = SomeCheckpoint();
  edit.feed_start_lsn = 3;
  edit.feed_sources = {SomeCheckpoint().sources[0]};
  edit.journal_bytes_written = 1000;
  edit.block_bytes_written = 2000;
  return edit;
}

void ExpectSame(const ManifestState& a, const ManifestState& b) {
  EXPECT_EQ(a.store_id, b.store_id);
  EXPECT_EQ(a.blocks, b.blocks);
  EXPECT_EQ(a.revisions, b.revisions);
  EXPECT_EQ(a.damaged, b.damaged);
  EXPECT_EQ(a.floors, b.floors);
  EXPECT_EQ(a.dictionary, b.dictionary);
  EXPECT_EQ(a.checkpoint, b.checkpoint);
  EXPECT_EQ(a.feed_start_lsn, b.feed_start_lsn);
  EXPECT_EQ(a.feed_sources, b.feed_sources);
  EXPECT_EQ(a.journal_bytes_written, b.journal_bytes_written);
  EXPECT_EQ(a.block_bytes_written, b.block_bytes_written);
}

TEST(ManifestFormat, HeaderSnapshotEditAndCurrentHaveGoldenBytes) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ManifestEdit edit;
  edit.remove_blocks = {};
  edit.feed_start_lsn = 3;
  ASSERT_TRUE(manifest->Apply(edit).ok());
  EXPECT_EQ(ReadAll(fs, "store/CURRENT"), "MANIFEST-0016777216 6b348a9e\n");
  // The confirmation stands in the next sector.
  const std::string bytes = ReadAll(fs, "store/MANIFEST-0016777216");
  EXPECT_EQ(Hex(std::string_view(bytes).substr(0, 208)),
            "895453454d0d0a1a010000000100000000000000400000000000000100000000"
            "080706050403020118171615141312110000faed5172861800000000ee62c59b"
            "544d4544a75f164e480000000100000000000000000000000000000000000000"
            "01180807060504030201181716151413121101000000000000000b1400000000"
            "000000000000000000000000000000000c120000000000000000000000000000"
            "000000000d020000544d454414e8c69804000000020000000100000000000000"
            "a75f164e000000000d02030000000000");
  ASSERT_EQ(bytes.size(), 512U + 32U);
  EXPECT_EQ(bytes.find_first_not_of('\0', 208), 512U);
  EXPECT_EQ(Hex(std::string_view(bytes).substr(512)),
            "544d4544722aeafa0000000003000000010000000000000014e8c69800000000");
}

TEST(ManifestFormat, ReadsConfirmationsRightBehindTheirEdits) {  // without flag 1
  const std::string bytes = store::testing::FromHex(
      "895453454d0d0a1a010000000000000000000000400000000000000100000000"
      "080706050403020118171615141312110000faed5172861800000000ea7fec87"
      "544d4544a75f164e480000000100000000000000000000000000000000000000"
      "01180807060504030201181716151413121101000000000000000b1400000000"
      "000000000000000000000000000000000c120000000000000000000000000000"
      "000000000d020000544d454414e8c69804000000020000000100000000000000"
      "a75f164e000000000d02030000000000544d45446a320a3e0000000003000000"
      "010000000000000014e8c69800000000");
  const auto loaded = LoadManifest(bytes, kRange, "manifest");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->number, 1U);
  EXPECT_EQ(loaded->state.feed_start_lsn, 3U);
  std::string damaged = bytes;
  damaged[200] = static_cast<char>(~damaged[200]);
  EXPECT_FALSE(LoadManifest(damaged, kRange, "manifest").ok()) << "the edit is confirmed";
}

TEST(ManifestFormat, EveryPartHasGoldenBytes) {
  EXPECT_EQ(Hex(EncodeEdit(EveryPart())),
            "055e5d149420ddccbbaa010000faed517286180000497fe6c08618e8070c0a03"
            "90030100faed5172861800e870366972861805898080808020020290030100fa"
            "ed5172861800e870366972861807d8040200faed517286180300faed51728618"
            "055e5d159520ddccbbaa010000faed517286180000497fe6c08618e8070c0a03"
            "90030100faed5172861800e870366972861805898080808020020290030100fa"
            "ed5172861800e870366972861807d8040200faed517286180300faed51728618"
            "06282716e707040302014d0109fbffffffffffffff0500000000000000060700"
            "a8da769b01000002020307785d159520ddccbbaa010000faed51728618000049"
            "7fe6c08618e8070c0a0390030100faed5172861800e870366972861805898080"
            "808020020290030100faed5172861800e870366972861807d8040200faed5172"
            "86180300faed5172861800186368756e6b206661696c73206974732063686563"
            "6b73756d0801150a0c020000000000faed517286180b14050000000000000000"
            "10000000000000990000000c750b000000000000000a00000000000000021b01"
            "050400000002000000010000000000faed517286180461743a39170202000000"
            "000200000000000000000000000000000000021a030000000100000001fffff9"
            "ed51728618020708056469727479130500000002000000000000000000000000"
            "00000d1e03011b01050400000002000000010000000000faed51728618046174"
            "3a390e02e8070f02d00f");
  ManifestEdit removals;
  removals.remove_blocks = {20};
  removals.remove_revisions = {22};
  removals.forget_damaged = {21};
  removals.forget_floors = {TableId{2}};
  EXPECT_EQ(Hex(EncodeEdit(removals)), "020114030116040115090402000000");
}

TEST(Manifest, KeepsEveryPartAcrossRestarts) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  EXPECT_EQ(manifest->state().store_id, kTestStore);
  ASSERT_TRUE(manifest->Apply(EveryPart()).ok());
  const ManifestState state = manifest->state();
  EXPECT_EQ(state.blocks.size(), 1U);
  EXPECT_TRUE(state.damaged.at(21).accepted);
  EXPECT_EQ(state.checkpoint, SomeCheckpoint());
  for (int restart = 0; restart < 3; ++restart) {  // from the edit, then from snapshots
    manifest = OpenManifest(fs);
    ExpectSame(manifest->state(), state);
    auto read = Manifest::Read(fs, "store");
    ASSERT_TRUE(read.ok());
    ExpectSame(*read, state);
  }
  ManifestEdit removals;
  removals.remove_blocks = {20};
  removals.remove_revisions = {22};
  removals.forget_damaged = {21};
  removals.forget_floors = {TableId{2}};
  removals.block_bytes_written = 5;
  ASSERT_TRUE(manifest->Apply(removals).ok());
  manifest = OpenManifest(fs);
  EXPECT_TRUE(manifest->state().blocks.empty());
  EXPECT_TRUE(manifest->state().revisions.empty());
  EXPECT_TRUE(manifest->state().damaged.empty());
  EXPECT_TRUE(manifest->state().floors.empty());
  EXPECT_EQ(manifest->state().block_bytes_written, 2005U);
}

TEST(Manifest, RefusesAnEditThatDoesNotFitAndGoesOn) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(20)}}).ok());
  const uint64_t bytes = manifest->bytes();
  for (const ManifestEdit& edit :
       {ManifestEdit{.add_blocks = {SomeBlock(20)}},
        ManifestEdit{.add_blocks = {SomeBlock(3), SomeBlock(3)}},
        ManifestEdit{.remove_blocks = {19}}, ManifestEdit{.add_revisions = {SomeRevisions(20)}},
        ManifestEdit{.remove_revisions = {20}}, ManifestEdit{.accept_gaps = {20}},
        ManifestEdit{.forget_damaged = {20}}}) {
    EXPECT_EQ(manifest->Apply(edit).error().code, Code::kInvalidArgument);
  }
  EXPECT_EQ(manifest->bytes(), bytes);
  // In one edit: out of quarantine and back among the blocks; a file replaced by itself.
  ASSERT_TRUE(manifest->Apply({.damage = {{SomeBlock(20), "gone", false, false}}}).ok());
  ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(20)}, .forget_damaged = {20}}).ok());
  EXPECT_TRUE(manifest->state().blocks.contains(20));
}

TEST(Manifest, ADamagedRevisionFileLeavesTheRevisions) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ASSERT_TRUE(manifest->Apply({.add_revisions = {SomeRevisions(22)}}).ok());
  DamagedBlock damage{SomeBlock(22), "page fails its checksum", false, false};
  EXPECT_EQ(manifest->Apply({.damage = {damage}}).error().code, Code::kInvalidArgument);
  damage.revisions = true;
  ASSERT_TRUE(manifest->Apply({.damage = {damage}}).ok());
  EXPECT_TRUE(manifest->state().revisions.empty());
  manifest = OpenManifest(fs);
  EXPECT_TRUE(manifest->state().revisions.empty());
  EXPECT_EQ(manifest->state().damaged.at(22), damage);
}

TEST(Manifest, FloorsOnlyRise) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ASSERT_TRUE(manifest->Apply({.floors = {{TableId{2}, EventTime{50}}}}).ok());
  ASSERT_TRUE(manifest->Apply({.floors = {{TableId{2}, EventTime{20}}}}).ok());
  EXPECT_EQ(manifest->state().floors.at(TableId{2}), EventTime{50});
  EXPECT_EQ(OpenManifest(fs)->state().floors.at(TableId{2}), EventTime{50});
}

TEST(Manifest, NeverGivesANumberTwice) {
  sim::SimFileSystem fs(1);
  std::set<uint64_t> given;
  for (int restart = 0; restart < 5; ++restart) {
    auto manifest = OpenManifest(fs, {.edits_bytes_max = 200});
    for (int i = 0; i < 40; ++i) {
      const uint64_t file_no = manifest->NextFileNo();
      EXPECT_TRUE(given.insert(file_no).second) << file_no;
      if (i % 3 == 0) {
        ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(file_no)}}).ok());
      }
    }
    given.insert(*NumberOfManifest(manifest->current_name()));
  }
}

TEST(Manifest, RollsOverToAFreshFile) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs, {.edits_bytes_max = 4096});
  const std::string first = manifest->current_name();
  uint64_t largest = 0;
  for (uint64_t i = 0; i < 400; ++i) {
    ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(100 + i)}}).ok());
    if (i >= 4) {
      ASSERT_TRUE(manifest->Apply({.remove_blocks = {100 + i - 4}}).ok());
    }
    largest = std::max(largest, manifest->bytes());
  }
  EXPECT_NE(manifest->current_name(), first);
  EXPECT_LT(largest, 8192U);
  const auto names = fs.List("store");
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ElementsAre("CURRENT", manifest->current_name()));
  EXPECT_EQ(OpenManifest(fs)->state().blocks.size(), 4U);
}

TEST(Manifest, AfterAFailureNothingIsWritten) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  fs.SetFaults({.fail_nth_call = 2});  // the sync
  EXPECT_EQ(manifest->Apply({.feed_start_lsn = 9}).error().code, Code::kIo);
  fs.SetFaults({});
  EXPECT_EQ(manifest->state().feed_start_lsn, 0U);
  EXPECT_EQ(manifest->Apply({.feed_start_lsn = 10}).error().code, Code::kUnavailable);
  EXPECT_EQ(fs.calls(), 0U);
}

TEST(Manifest, RefusesANewerVersionByName) {
  sim::SimFileSystem fs(1);
  OpenManifest(fs).reset();
  const std::string path = "store/" + ManifestName(kRange);
  std::string bytes = ReadAll(fs, path);
  for (const size_t at : {size_t{8}, size_t{12}}) {  // major; an incompatible flag
    std::string newer = bytes;
    newer[at] = 2;
    const uint32_t crc = PlacedCrc(kRange, 0, std::string_view(newer).substr(0, 60));
    newer.replace(60, 4, reinterpret_cast<const char*>(&crc), 4);
    WriteAll(fs, path, newer);
    const auto opened = Manifest::Open(fs, "store", kTestStore, kNow);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::kUnimplemented);
    EXPECT_THAT(opened.error().message, HasSubstr(path));
    EXPECT_THAT(opened.error().message, HasSubstr("newer version"));
  }
  // An edit with a part from the future; a skippable one is skipped.
  for (const char tag : {char{63}, char{64}}) {
    std::string newer = bytes;
    const ManifestRecord snapshot = *DecodeManifestRecord(
        std::string_view(bytes).substr(kFileHeaderBytes), kRange, kFileHeaderBytes);
    AppendManifestRecord(
        {ManifestRecordType::kEdit, 1, snapshot.crc, 0, std::string{tag, 1, 'x', 13, 2, 5, 0}},
        kRange, newer.size(), newer);
    WriteAll(fs, path, newer);
    const auto read = Manifest::Read(fs, "store");
    ASSERT_EQ(read.ok(), tag == 64);
    if (read.ok()) {
      EXPECT_EQ(read->feed_start_lsn, 5U);
    } else {
      EXPECT_EQ(read.error().code, Code::kUnimplemented);
    }
  }
}

TEST(Manifest, EveryFlippedBitIsFoundOrHarmless) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(20)}}).ok());
  ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(21)}, .remove_blocks = {20}}).ok());
  const ManifestState state = manifest->state();
  manifest.reset();
  size_t found = 0;
  size_t bits = 0;
  for (const std::string& path : {std::string("store/CURRENT"), "store/" + ManifestName(kRange)}) {
    const std::string bytes = ReadAll(fs, path);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit, ++bits) {
      WriteAll(fs, path, WithBitFlipped(bytes, bit));
      const auto read = Manifest::Read(fs, "store");
      if (read.ok()) {
        ExpectSame(*read, state);
        continue;
      }
      ++found;
      EXPECT_TRUE(read.error().code == Code::kCorruption ||
                  read.error().code == Code::kUnimplemented)
          << read.error().message;
      EXPECT_THAT(read.error().message, HasSubstr(path));
      EXPECT_THAT(read.error().message, HasSubstr("--rebuild-manifest"));
    }
    WriteAll(fs, path, bytes);
  }
  // Harmless are only the flips in the two confirmations and the zeros before them.
  EXPECT_GE(bits - found, 2U * kManifestRecordHeaderBytes * 8U);
  EXPECT_LE(bits - found, 2U * kDiskSectorBytes * 8U);
}

TEST(Manifest, DamageBeforeTheEndIsNotATornTail) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(20)}}).ok());
  const uint64_t synced = manifest->bytes();
  manifest.reset();
  const std::string path = "store/" + ManifestName(kRange);
  const std::string bytes = ReadAll(fs, path);
  // Cut anywhere behind the snapshot: the edit is torn, and nobody was told that it counts.
  const ManifestRecord snapshot = *DecodeManifestRecord(
      std::string_view(bytes).substr(kFileHeaderBytes), kRange, kFileHeaderBytes);
  const uint64_t edit_at = kFileHeaderBytes + snapshot.record_bytes();
  const uint64_t edit_end =
      edit_at + DecodeManifestRecord(std::string_view(bytes).substr(edit_at), kRange, edit_at)
                    ->record_bytes();
  for (uint64_t size = 0; size < synced; ++size) {
    WriteAll(fs, path, std::string_view(bytes).substr(0, static_cast<size_t>(size)));
    const auto read = Manifest::Read(fs, "store");
    ASSERT_EQ(read.ok(), size >= edit_at) << size;
    if (!read.ok()) continue;
    EXPECT_EQ(read->blocks.size(), size >= edit_end ? 1U : 0U) << size;
  }
}

TEST(Manifest, ALostByteOrSectorOfTheNewestEditIsNotATornTail) {
  for (const int blocks : {1, 3, 12}) {
    sim::SimFileSystem fs(1);
    auto manifest = OpenManifest(fs);
    ManifestEdit edit;
    for (int i = 0; i < blocks; ++i)
      edit.add_blocks.push_back(SomeBlock(20U + static_cast<uint64_t>(i)));
    const uint64_t edit_at = manifest->bytes();
    ASSERT_TRUE(manifest->Apply(edit).ok());
    manifest.reset();
    const std::string path = "store/" + ManifestName(kRange);
    const std::string bytes = ReadAll(fs, path);
    const uint64_t edit_end =
        edit_at + DecodeManifestRecord(std::string_view(bytes).substr(edit_at), kRange, edit_at)
                      ->record_bytes();
    const auto expect_damage = [&](const std::string& damaged, uint64_t at) {
      WriteAll(fs, path, damaged);
      const auto read = Manifest::Read(fs, "store");
      ASSERT_FALSE(read.ok()) << blocks << " blocks, byte " << at;
      EXPECT_THAT(read.error().message, HasSubstr("--rebuild-manifest"));
    };
    for (uint64_t at = edit_at; at < edit_end; ++at) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(~damaged[at]);
      expect_damage(damaged, at);
    }
    const uint64_t first = edit_at / kDiskSectorBytes * kDiskSectorBytes;
    for (uint64_t sector = first; sector < edit_end; sector += kDiskSectorBytes) {
      std::string damaged = bytes;
      const uint64_t end = std::min<uint64_t>(sector + kDiskSectorBytes, bytes.size());
      damaged.replace(sector, end - sector, end - sector, '\0');
      expect_damage(damaged, sector);
    }
  }
}

TEST(Manifest, MissingFilesAreNamed) {
  sim::SimFileSystem fs(1);
  auto manifest = OpenManifest(fs);
  ASSERT_TRUE(manifest->Apply({.add_blocks = {SomeBlock(20)}}).ok());
  manifest.reset();
  const std::string path = "store/" + ManifestName(kRange);
  const std::string bytes = ReadAll(fs, path);
  ASSERT_TRUE(fs.Remove(path).ok());
  auto opened = Manifest::Open(fs, "store", kTestStore, kNow);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kCorruption);
  EXPECT_THAT(opened.error().message, HasSubstr(ManifestName(kRange)));
  WriteAll(fs, path, bytes);
  ASSERT_TRUE(fs.Remove("store/CURRENT").ok());
  opened = Manifest::Open(fs, "store", kTestStore, kNow);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kCorruption);
  EXPECT_THAT(opened.error().message, HasSubstr("CURRENT is missing"));
  EXPECT_EQ(Manifest::Read(fs, "store").error().code, Code::kNotFound);
}

}  // namespace
}  // namespace tidemark::store
