// SPDX-License-Identifier: Apache-2.0
// A store whose manifest is gone comes back from its files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sim/sim_file_system.h"
#include "store/block/manifest.h"
#include "store/block/manifest_log_internal.h"
#include "store/block/test_samples_internal.h"
#include "store/journal_format.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Definition(uint32_t id) {
  BatchEncoder records;
  records.SeriesDef(id, ValueType::kDouble, "key");
  return std::move(records).Take();
}

BlockMeta WriteBlock(FileSystem& fs, const std::string& path, uint64_t file_no) {
  RowColumns rows;
  rows.times = {5};
  rows.versions = {1};
  rows.columns.resize(1);
  rows.columns[0].bits = {0};
  auto writer = BlockFileWriter::Create(fs, path, file_no, kTestStore, 0);
  EXPECT_TRUE((*writer)->Add(TableId{2}, 1, rows, Effort::kFast).ok());
  auto meta = (*writer)->Finish({FileLevel::kSealed, 0, 10, 3, 4});
  EXPECT_TRUE(meta.ok());
  return *meta;
}

RevisionMeta WriteRevision(FileSystem& fs, const std::string& path, uint64_t file_no) {
  LoggedRevision revision;
  revision.lsn = 9;
  revision.entry.series = {0, 1};
  revision.entry.new_value = 1.0;
  auto writer = RevisionFileWriter::Create(fs, path, file_no, kTestStore, 0);
  EXPECT_TRUE((*writer)->Add(TableId{2}, revision).ok());
  auto meta = (*writer)->Finish();
  EXPECT_TRUE(meta.ok());
  return *meta;
}

TEST(ManifestRebuild, FindsBlocksRevisionsAndTheDictionary) {
  sim::SimFileSystem fs(1);
  for (const char* folder : {"s/blk/0", "s/blk/2/0", "s/dict", "s/quarantine"}) {
    ASSERT_TRUE(fs.CreateDirs(folder).ok());
  }
  auto opened = Manifest::Open(fs, "s", kTestStore, 1);
  ASSERT_TRUE(opened.ok());
  Manifest& manifest = **opened;
  auto dictionary = Dictionary::Open(fs, "s/dict", kTestStore, {}, nullptr);
  ASSERT_TRUE(dictionary.ok());
  ManifestEdit edit;
  const uint64_t mixed = manifest.NextFileNo();
  const uint64_t day = manifest.NextFileNo();
  const uint64_t revisions = manifest.NextFileNo();
  const uint64_t bad = manifest.NextFileNo();
  edit.add_blocks = {WriteBlock(fs, "s/blk/0/" + BlockFileName(mixed), mixed),
                     WriteBlock(fs, "s/blk/2/0/" + BlockFileName(day), day)};
  edit.add_revisions = {WriteRevision(fs, "s/blk/0/" + RevisionFileName(revisions), revisions)};
  edit.damage = {{WriteBlock(fs, "s/quarantine/" + BlockFileName(bad), bad), "why", false, false}};
  const uint64_t dictionary_no = manifest.NextFileNo();
  ASSERT_TRUE((*dictionary)->Append(1, Definition(1), dictionary_no).ok());
  edit.dictionary = *(*dictionary)->Append(2, Definition(2), dictionary_no);
  ASSERT_TRUE(manifest.Apply(edit).ok());
  const ManifestState before = manifest.state();
  const std::string name = manifest.current_name();
  opened->reset();

  // The manifest is damaged, a dictionary that was being rewritten is torn, and so is a block file.
  WriteAll(fs, "s/" + name, WithBitFlipped(ReadAll(fs, "s/" + name), 700));
  ASSERT_EQ(Manifest::Open(fs, "s", kTestStore, 1).error().code, Code::kCorruption);
  ASSERT_TRUE((*dictionary)->Rewrite(dictionary_no + 1, 3, Definition(2)).ok());
  const uint64_t torn = dictionary_no + 2;
  const std::string torn_path = "s/blk/0/" + BlockFileName(torn);
  WriteAll(fs, torn_path, ReadAll(fs, "s/blk/0/" + BlockFileName(mixed)).substr(0, 300));

  const auto rebuilt = Manifest::Rebuild(fs, "s", {7, 7}, 1);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.error().message;
  EXPECT_THAT(rebuilt->skipped, ElementsAre(HasSubstr(torn_path)));
  opened = Manifest::Open(fs, "s", {7, 7}, 1);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const ManifestState& after = (*opened)->state();
  EXPECT_EQ(after.store_id, kTestStore);
  EXPECT_EQ(after.blocks, before.blocks);
  EXPECT_EQ(after.revisions, before.revisions);
  EXPECT_EQ(after.dictionary, before.dictionary);
  ASSERT_TRUE(after.damaged.contains(bad));
  EXPECT_EQ(after.damaged.at(bad).meta, before.damaged.at(bad).meta);
  EXPECT_GT((*opened)->NextFileNo(), torn);
  EXPECT_TRUE(*fs.Exists("s/quarantine/" + name));
}

TEST(ManifestRebuild, NothingLeftIsANewStore) {
  sim::SimFileSystem fs(1);
  ASSERT_TRUE(fs.CreateDirs("s").ok());
  const auto rebuilt = Manifest::Rebuild(fs, "s", kTestStore, 1);
  ASSERT_TRUE(rebuilt.ok());
  EXPECT_EQ(rebuilt->state.store_id, kTestStore);
  EXPECT_TRUE(Manifest::Open(fs, "s", {7, 7}, 1).ok());
}

// Each operation fails, then the machine loses power: rebuilding again works.
TEST(ManifestRebuild, CanBeRepeatedAfterACrash) {
  for (uint64_t n = 1;; ++n) {
    sim::SimFileSystem fs(n);
    ASSERT_TRUE(fs.CreateDirs("s/blk/0").ok());
    const std::string path = "s/blk/0/" + BlockFileName(100);
    WriteBlock(fs, path, 100);
    ASSERT_TRUE(fs.SyncDir("s/blk/0").ok());
    ASSERT_TRUE(Manifest::Open(fs, "s", kTestStore, 1).ok());
    fs.SetFaults({.fail_nth_call = n, .fail_all_after = true});
    (void)Manifest::Rebuild(fs, "s", kTestStore, 1).ok();
    const bool fired = fs.fired();
    fs.Crash();
    ASSERT_TRUE(Manifest::Rebuild(fs, "s", kTestStore, 1).ok());
    const auto opened = Manifest::Open(fs, "s", {7, 7}, 1);
    ASSERT_TRUE(opened.ok());
    EXPECT_TRUE((*opened)->state().blocks.contains(100));
    EXPECT_EQ((*opened)->state().store_id, kTestStore);
    if (!fired) break;
  }
}

}  // namespace
}  // namespace tidemark::store
