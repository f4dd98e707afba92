// SPDX-License-Identifier: Apache-2.0
// The promises of base/file_system.h, on real files and on simulated ones alike.
#include "base/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/sim/sim_file_system.h"
#include "base/testing/temp_dir.h"

namespace tidemark {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class Which { kReal, kSimulated };

class FileSystemTest : public ::testing::TestWithParam<Which> {
 protected:
  FileSystemTest() : root_(GetParam() == Which::kReal ? temp_.path() : "/data") {
    EXPECT_TRUE(fs().CreateDirs(root_).ok());
  }

  FileSystem& fs() {
    if (GetParam() == Which::kReal) return RealFileSystem();
    return sim_;
  }
  std::string At(const std::string& name) const { return JoinPath(root_, name); }
  void Write(const std::string& name, std::string_view text) {
    auto file = fs().OpenAppend(At(name), OpenMode::kTruncate);
    ASSERT_TRUE(file.ok()) << file.error().message;
    ASSERT_TRUE((*file)->Append(AsBytes(text)).ok());
    ASSERT_TRUE((*file)->Sync().ok());
  }
  std::string Read(const std::string& name) {
    auto text = fs().ReadFile(At(name), 1 << 20);
    return text.ok() ? *text : "error: " + text.error().message;
  }

 private:
  TempDir temp_;
  sim::SimFileSystem sim_{1};
  std::string root_;
};

INSTANTIATE_TEST_SUITE_P(Both, FileSystemTest, ::testing::Values(Which::kReal, Which::kSimulated),
                         [](const auto& which) {
                           return which.param == Which::kReal ? "Real" : "Simulated";
                         });

TEST_P(FileSystemTest, AppendsAfterTheLastByte) {
  {
    auto file = fs().OpenAppend(At("f"), OpenMode::kCreateNew);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ((*file)->size(), 0U);
    ASSERT_TRUE((*file)->Append(AsBytes("abc")).ok());
    EXPECT_EQ((*file)->size(), 3U);
    ASSERT_TRUE((*file)->Append({}).ok());
  }
  auto file = fs().OpenAppend(At("f"), OpenMode::kOpenExisting);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 3U);
  ASSERT_TRUE((*file)->Append(AsBytes("def")).ok());
  EXPECT_EQ(Read("f"), "abcdef");
  EXPECT_EQ(*fs().FileSize(At("f")), 6U);
}

TEST_P(FileSystemTest, OpenModesRefuseTheWrongState) {
  EXPECT_EQ(fs().OpenAppend(At("f"), OpenMode::kOpenExisting).error().code, Code::kNotFound);
  Write("f", "old");
  const auto again = fs().OpenAppend(At("f"), OpenMode::kCreateNew);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  EXPECT_THAT(again.error().message, HasSubstr(At("f")));
  Write("f", "n");
  EXPECT_EQ(Read("f"), "n");
  EXPECT_EQ(fs().OpenAppend(At("no/f"), OpenMode::kTruncate).error().code, Code::kNotFound);
  EXPECT_EQ(fs().OpenAppend(At("f/g"), OpenMode::kTruncate).error().code, Code::kNotFound);
  EXPECT_EQ(fs().OpenRead(At("no")).error().code, Code::kNotFound);
}

TEST_P(FileSystemTest, ReadAtIsShortOnlyAtTheEnd) {
  Write("f", "0123456789");
  auto file = fs().OpenRead(At("f"));
  ASSERT_TRUE(file.ok());
  std::string out(4, '.');
  const std::span<std::byte> span = std::as_writable_bytes(std::span(out));
  EXPECT_EQ(*(*file)->ReadAt(3, span), 4U);
  EXPECT_EQ(out, "3456");
  EXPECT_EQ(*(*file)->ReadAt(8, span), 2U);
  EXPECT_EQ(out.substr(0, 2), "89");
  EXPECT_EQ(*(*file)->ReadAt(10, span), 0U);
  EXPECT_EQ(*(*file)->ReadAt(100, span), 0U);
  EXPECT_EQ(*(*file)->size(), 10U);
}

TEST_P(FileSystemTest, OpenFilesSurviveRemoval) {
  Write("f", "abc");
  auto file = fs().OpenRead(At("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(fs().Remove(At("f")).ok());
  EXPECT_FALSE(*fs().Exists(At("f")));
  std::string out(3, '.');
  EXPECT_EQ(*(*file)->ReadAt(0, std::as_writable_bytes(std::span(out))), 3U);
  EXPECT_EQ(out, "abc");
}

TEST_P(FileSystemTest, ReadFileIsBounded) {
  Write("f", "abc");
  EXPECT_EQ(*fs().ReadFile(At("f"), 3), "abc");
  EXPECT_EQ(fs().ReadFile(At("f"), 2).error().code, Code::kOutOfRange);
  EXPECT_EQ(fs().ReadFile(At("g"), 2).error().code, Code::kNotFound);
}

TEST_P(FileSystemTest, TruncateCuts) {
  Write("f", "abcdef");
  ASSERT_TRUE(fs().Truncate(At("f"), 2).ok());
  EXPECT_EQ(Read("f"), "ab");
  EXPECT_EQ(fs().Truncate(At("g"), 0).error().code, Code::kNotFound);
}

TEST_P(FileSystemTest, RenameReplaces) {
  Write("a", "new");
  Write("b", "old");
  ASSERT_TRUE(fs().Rename(At("a"), At("b")).ok());
  EXPECT_EQ(Read("b"), "new");
  EXPECT_FALSE(*fs().Exists(At("a")));
  EXPECT_EQ(fs().Rename(At("a"), At("b")).error().code, Code::kNotFound);
}

TEST_P(FileSystemTest, FoldersComeAndGo) {
  ASSERT_TRUE(fs().CreateDirs(At("x/y/z")).ok());
  ASSERT_TRUE(fs().CreateDirs(At("x/y/z/")).ok());
  Write("x/2", "");
  Write("x/10", "");
  EXPECT_THAT(*fs().List(At("x")), ElementsAre("10", "2", "y"));
  EXPECT_EQ(fs().RemoveDir(At("x/y")).error().code, Code::kIo);  // not empty
  ASSERT_TRUE(fs().RemoveDir(At("x/y/z")).ok());
  EXPECT_THAT(*fs().List(At("x/y")), IsEmpty());
  EXPECT_EQ(fs().List(At("no")).error().code, Code::kNotFound);
  EXPECT_EQ(fs().CreateDirs(At("x/2")).error().code, Code::kAlreadyExists);
  EXPECT_TRUE(fs().SyncDir(At("x")).ok());
  EXPECT_EQ(fs().SyncDir(At("no")).error().code, Code::kNotFound);
  EXPECT_TRUE(*fs().Exists(At("x")));
  EXPECT_FALSE(fs().Remove(At("x")).ok());
}

TEST_P(FileSystemTest, LockIsExclusiveWhileHeld) {
  auto first = fs().Lock(At("lock"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(fs().Lock(At("lock")).error().code, Code::kFailedPrecondition);
  first->reset();
  EXPECT_TRUE(fs().Lock(At("lock")).ok());
}

TEST_P(FileSystemTest, WriteFileAtomicallyReplacesAndTidies) {
  ASSERT_TRUE(WriteFileAtomically(fs(), At("f"), "one").ok());
  ASSERT_TRUE(WriteFileAtomically(fs(), At("f"), "two").ok());
  EXPECT_EQ(Read("f"), "two");
  EXPECT_EQ(fs().List(At(""))->size(), 1U);
  EXPECT_FALSE(WriteFileAtomically(fs(), At("no/f"), "x").ok());
}

TEST(PosixFileSystem, AFullDeviceIsNoSpaceAndEndsTheFile) {
  auto file = RealFileSystem().OpenAppend("/dev/full", OpenMode::kOpenExisting);
  if (!file.ok()) GTEST_SKIP() << "no /dev/full here";
  const auto written = (*file)->Append(AsBytes("x"));
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, Code::kNoSpace);
  EXPECT_EQ((*file)->Append(AsBytes("x")).error().code, Code::kIo);
  EXPECT_EQ((*file)->Sync().error().code, Code::kIo);
}

TEST(JoinPath, PutsOneSlash) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("/", "b"), "/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
}

}  // namespace
}  // namespace tidemark
