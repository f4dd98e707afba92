// SPDX-License-Identifier: Apache-2.0
// Backup, restore and check on real folders, with a real catalog and log and a store that writes
// one file.
#include "app/backup.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/backup_files.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/testing/temp_dir.h"
#include "pipeline/order_book.h"

namespace tidemark::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OneFileStore final : public store::Admin {
 public:
  void Flush(Completion<void> done) override { done({}); }
  void Compact(store::CompactMode, Completion<void> done) override { done({}); }
  store::StorageReport Report() override { return {}; }
  std::vector<store::DamagedFile> Damaged() override { return {}; }
  Result<void> AcceptGap(const std::string&) override { return {}; }
  Result<store::Positions> BackupTo(const std::string& dir) override {
    if (fails) return Error{Code::kNoSpace, "the disk is full"};
    FileSystem& fs = RealFileSystem();
    TM_RETURN_IF_ERROR(fs.CreateDirs(JoinPath(dir, "store/blk")));
    TM_RETURN_IF_ERROR(WriteFileAtomically(fs, JoinPath(dir, "store/blk/1.tsb"), "points"));
    if (while_backing_up) while_backing_up();
    return store::Positions(std::vector<uint64_t>{4711});
  }
  bool fails = false;
  std::function<void()> while_backing_up;
};

class Backup : public ::testing::Test {
 protected:
  Backup() {
    catalog_ = catalog::Catalog::Open(dir_.File("data.sqlite"), clock_).value();
    log_ =
        log::Log::Open({fs_, *catalog_, clock_, executor_, metrics_}, dir_.File("log"), {}).value();
  }
  ~Backup() override { log_.reset(); }

  void Put(const std::string& stream, const std::string& data) {
    auto found = log_->Find(stream);
    if (found == nullptr) found = log_->CreateStream({stream, 1, 24, {}, 1024, {}}).value();
    bool acked = false;
    const log::PutRecordView record{.partition_key = "k", .data = data};
    found->Append(std::span(&record, 1),
                  [&](Result<std::vector<log::PutResult>> r) { acked = r.ok(); });
    ASSERT_TRUE(executor_.RunUntilIdle());
    ASSERT_TRUE(acked);
  }
  Result<BackupSummary> Make(const std::string& name) {
    return MakeBackup({fs_, store_, *catalog_, *log_, clock_}, dir_.File(name));
  }
  std::vector<std::string> Check(const std::string& name) {
    std::vector<std::string> out;
    const auto checked = CheckDirectory(fs_, dir_.File(name), [&](const Finding& finding) {
      out.push_back(finding.file + ' ' + finding.kind);
    });
    EXPECT_TRUE(checked.ok()) << checked.error().message;
    return out;
  }
  void Overwrite(const std::string& name, std::string_view bytes) {
    // A new file: the old one may be a second name of a live one.
    ASSERT_TRUE(WriteFileAtomically(fs_, dir_.File(name), bytes).ok());
  }

  FileSystem& fs_ = RealFileSystem();
  TempDir dir_;
  sim::SimClock clock_;
  sim::SimExecutor executor_{clock_, 1};
  MetricRegistry metrics_;
  OneFileStore store_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<log::Log> log_;
};

TEST_F(Backup, RestoresWhatWasThereAndNothingLater) {
  Put("s", "before");
  store_.while_backing_up = [&] { Put("made-meanwhile", "x"); };
  const auto made = Make("b");
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->position, "0:4711");
  EXPECT_GE(made->files, 4U);
  Put("s", "after");
  EXPECT_THAT(Check("b"), IsEmpty());

  const auto restored = RestoreBackup(fs_, dir_.File("b"), dir_.File("new"));
  ASSERT_TRUE(restored.ok()) << restored.error().message;
  EXPECT_EQ(restored->bytes, made->bytes);
  EXPECT_THAT(Check("new"), IsEmpty());
  EXPECT_EQ(fs_.ReadFile(dir_.File("new/store/blk/1.tsb"), 100).value(), "points");
  EXPECT_FALSE(fs_.Exists(dir_.File("new/RESTORING")).value());
  auto catalog = catalog::Catalog::Open(dir_.File("new/catalog.sqlite"), clock_).value();
  auto log = log::Log::Open({fs_, *catalog, clock_, executor_, metrics_}, dir_.File("new/log"), {});
  ASSERT_TRUE(log.ok()) << log.error().message;
  const auto batch = (*log)->Find("s")->Read({});
  ASSERT_EQ(batch->records.size(), 1U);
  EXPECT_EQ(batch->records[0].data, "before");
  EXPECT_NE((*log)->Find("made-meanwhile"), nullptr);  // the catalog comes after the store
}

TEST_F(Backup, ARestoredFolderSharesNoFileWithTheBackup) {
  Put("s", "x");
  ASSERT_TRUE(Make("b").ok());
  ASSERT_TRUE(RestoreBackup(fs_, dir_.File("b"), dir_.File("new")).ok());
  const std::string file = "log/0000000001/0000000001.log";
  auto appended = fs_.OpenAppend(dir_.File("new/" + file), OpenMode::kOpenExisting);
  ASSERT_TRUE((*appended)->Append(std::as_bytes(std::span("tail", 4))).ok());
  EXPECT_THAT(Check("b"), IsEmpty());
}

TEST_F(Backup, AFullDiskLeavesNothingBehind) {
  Put("s", "x");
  store_.fails = true;
  const auto made = Make("b");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kNoSpace);
  EXPECT_FALSE(fs_.Exists(dir_.File("b")).value());
}

TEST_F(Backup, GoesIntoNewFoldersOnly) {
  ASSERT_TRUE(fs_.CreateDirs(dir_.File("b")).ok());
  Overwrite("b/mine", "x");
  const auto made = Make("b");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kAlreadyExists);
  EXPECT_THAT(fs_.List(dir_.File("b")).value(), ElementsAre("mine"));
}

TEST_F(Backup, RestoreRefusesWhatIsNotWhole) {
  Put("s", "x");
  const auto refusal = [&](const std::string& backup, const std::string& to) {
    const auto done = RestoreBackup(fs_, dir_.File(backup), dir_.File(to));
    EXPECT_FALSE(done.ok());
    return done.ok() ? Error{} : done.error();
  };
  ASSERT_TRUE(Make("unfinished").ok());
  ASSERT_TRUE(fs_.Remove(dir_.File("unfinished/COMPLETE")).ok());
  Error error = refusal("unfinished", "n1");
  EXPECT_EQ(error.code, Code::kCorruption);
  EXPECT_THAT(error.message, HasSubstr("COMPLETE"));

  ASSERT_TRUE(Make("flipped").ok());
  Overwrite("flipped/store/blk/1.tsb", "pOints");
  error = refusal("flipped", "n2");
  EXPECT_EQ(error.code, Code::kCorruption);
  EXPECT_THAT(error.message, HasSubstr("store/blk/1.tsb"));
  EXPECT_TRUE(fs_.Exists(dir_.File("n2/RESTORING")).value());  // which a server refuses
  EXPECT_THAT(Check("flipped"), ElementsAre("store/blk/1.tsb checksum"));

  ASSERT_TRUE(Make("short").ok());
  ASSERT_TRUE(fs_.Remove(dir_.File("short/log/0000000001/0000000001.log")).ok());
  error = refusal("short", "n3");
  EXPECT_THAT(error.message, HasSubstr("0000000001.log is missing"));
  EXPECT_THAT(Check("short"), ElementsAre("log/0000000001/0000000001.log missing"));

  ASSERT_TRUE(Make("whole").ok());
  ASSERT_TRUE(RestoreBackup(fs_, dir_.File("whole"), dir_.File("n4")).ok());
  error = refusal("whole", "n4");
  EXPECT_EQ(error.code, Code::kAlreadyExists);
}

// It is in no backup, but every byte of a data directory is looked at.
TEST_F(Backup, DamageToWhatIsKnownOfLatenessIsFound) {
  Put("s", "x");
  ASSERT_TRUE(Make("b").ok());
  ASSERT_TRUE(RestoreBackup(fs_, dir_.File("b"), dir_.File("data")).ok());
  EXPECT_THAT(Check("data"), IsEmpty());
  pipeline::OrderBook book(fs_, dir_.File("data/lateness"), clock_);
  book.Of({{store::SourceId::Kind::kDirect, 0}, TableId(1), 0}, "0")->Add({}, std::nullopt);
  ASSERT_TRUE(book.Save().ok());
  EXPECT_THAT(Check("data"), IsEmpty());
  std::string bytes = fs_.ReadFile(dir_.File("data/lateness"), 1000).value();
  bytes.back() = static_cast<char>(bytes.back() + 1);
  ASSERT_TRUE(WriteFileAtomically(fs_, dir_.File("data/lateness"), bytes).ok());
  EXPECT_THAT(Check("data"), ElementsAre("lateness checksum"));
}

TEST_F(Backup, NothingIsDoneToAFolderThatAServerUses) {
  Put("s", "x");
  ASSERT_TRUE(Make("b").ok());
  ASSERT_TRUE(RestoreBackup(fs_, dir_.File("b"), dir_.File("used")).ok());
  {
    const auto lock = fs_.Lock(dir_.File("used/LOCK"));
    ASSERT_TRUE(lock.ok());
    const auto checked = CheckDirectory(fs_, dir_.File("used"), [](const Finding&) {});
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().code, Code::kFailedPrecondition);
    EXPECT_EQ(RestoreBackup(fs_, dir_.File("b"), dir_.File("used")).error().code,
              Code::kFailedPrecondition);
  }
  EXPECT_THAT(Check("used"), IsEmpty());
  EXPECT_EQ(CheckDirectory(fs_, dir_.File("none"), [](const Finding&) {}).error().code,
            Code::kNotFound);
}

TEST_F(Backup, CheckReportsTheCatalogAndEachLogFile) {
  Put("s", std::string(300, 'a'));
  Put("s", std::string(300, 'b'));
  ASSERT_TRUE(Make("b").ok());
  ASSERT_TRUE(RestoreBackup(fs_, dir_.File("b"), dir_.File("d")).ok());
  std::string segment =
      fs_.ReadFile(dir_.File("d/log/0000000001/0000000001.log"), 1'000'000).value();
  segment[250] = static_cast<char>(segment[250] ^ 1);
  Overwrite("d/log/0000000001/0000000001.log", segment);
  EXPECT_THAT(Check("d"), ElementsAre("log/0000000001/0000000001.log checksum"));
  Overwrite("d/catalog.sqlite",
            "no SQLite file, but long enough to have a header of one hundred "
            "bytes and some more of them behind that");
  EXPECT_THAT(Check("d"), ElementsAre("catalog.sqlite structure", "log/0000000001 unknown"));
}

TEST(BackupPath, IsAbsoluteAndBelowTheFolder) {
  const std::string folder = "/srv/backups";
  EXPECT_EQ(BackupPath("/srv/backups/a", folder).value(), "/srv/backups/a");
  EXPECT_EQ(BackupPath("/srv/backups/./a/b//", folder).value(), "/srv/backups/a/b");
  for (const char* path : {"/srv/backups", "/srv/backups/", "/srv/backups/../data", "relative",
                           "/srv/backupsx", "/etc", "", "/srv/backups/a/../b"}) {
    const auto refused = BackupPath(path, folder);
    ASSERT_FALSE(refused.ok()) << path;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_THAT(refused.error().message, HasSubstr("backup.directory"));
    EXPECT_THAT(refused.error().message, HasSubstr(folder));
  }
}

TEST(Complete, ReadsBackAndRefusesWhatIsNotOne) {
  const Complete complete{"0.1.0",
                          "0:7",
                          "2026-01-01T00:00:00.000Z",
                          {{"a", 0, 0}, {"store/blk/1", 5'000'000'000, 4'000'000'000}}};
  const std::string text = EncodeComplete(complete);
  const auto read = DecodeComplete(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->files, complete.files);
  EXPECT_EQ(read->position, "0:7");
  std::string changed = text;
  changed[text.find("5000000000")] = '6';
  EXPECT_EQ(DecodeComplete(changed).error().code, Code::kCorruption);
  EXPECT_EQ(DecodeComplete("{}").error().code, Code::kCorruption);
  EXPECT_EQ(DecodeComplete(text.substr(0, text.size() / 2)).error().code, Code::kCorruption);
  const auto escaping = DecodeComplete(EncodeComplete({"", "", "", {{"../x", 0, 0}}}));
  EXPECT_EQ(escaping.error().code, Code::kCorruption);
  std::string newer = text;
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
  EXPECT_EQ(DecodeComplete(newer).error().code, Code::kFailedPrecondition);
}

}  // namespace
}  // namespace tidemark::app
