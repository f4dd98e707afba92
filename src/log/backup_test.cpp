// SPDX-License-Identifier: Apache-2.0
// Copies of a live log, and the check of a closed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.h"
#include "log/check.h"
#include "log/testing/log_fixture.h"

namespace tidemark::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LogOptions SmallSegments() {
  LogOptions options;
  options.segment_bytes_max = 1024;
  return options;
}

std::vector<std::string> Check(LogFixture& f, const std::string& dir) {
  std::vector<std::string> out;
  const auto checked =
      CheckLog(f.fs, dir, "log", f.catalog->ListStreams(),
               [&](const Finding& finding) { out.push_back(finding.file + ' ' + finding.kind); });
  EXPECT_TRUE(checked.ok()) << checked.error().message;
  return out;
}

std::vector<std::string> Fill(LogFixture& f, Stream& stream, int records) {
  std::vector<std::string> out;
  for (int i = 0; i < records; ++i) {
    const std::string data = std::to_string(i) + std::string(100, 'x');
    EXPECT_TRUE(f.Put(stream, "k", data).ok());
    out.push_back("k=" + data);
  }
  return out;
}

TEST(LogBackup, HasWhatWasAcknowledgedAndNothingLater) {
  LogFixture f(1, SmallSegments());
  f.OpenOrDie();
  auto stream = f.Create("s");
  auto empty = f.Create("empty");
  const auto expected = Fill(f, *stream, 30);
  ASSERT_GT(f.SegmentFiles(*stream).size(), 2U);
  ASSERT_TRUE(f.fs.CreateDirs("/copy").ok());
  const auto copied = f.log->BackupTo("/copy/log", f.catalog->ListStreams());
  ASSERT_TRUE(copied.ok()) << copied.error().message;
  ASSERT_TRUE(f.Put(*stream, "k", "later").ok());
  EXPECT_THAT(Check(f, "/copy/log"), IsEmpty());

  // Open the copy in the place of the log.
  stream.reset();
  empty.reset();
  f.Down(LogFixture::Stop::kCrash);
  f.executor = std::make_unique<sim::SimExecutor>(f.clock, 9);
  auto opened =
      Log::Open({f.fs, *f.catalog, f.clock, *f.executor, f.metrics}, "/copy/log", SmallSegments());
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(f.ReadAll(*(*opened)->Find("s"), 0), expected);
  EXPECT_THAT(f.ReadAll(*(*opened)->Find("empty"), 0), IsEmpty());
}

TEST(LogBackup, LeavesOutStreamsThatTheCatalogDoesNotKnowYet) {
  LogFixture f;
  f.OpenOrDie();
  const auto known = f.catalog->ListStreams();
  auto stream = f.Create("new");
  ASSERT_TRUE(f.Put(*stream, "k", "d").ok());
  ASSERT_TRUE(f.log->BackupTo("/copy", known).ok());
  EXPECT_THAT(f.fs.List("/copy").value(), IsEmpty());
}

TEST(LogCheck, FindsEveryFlippedByteThatCounts) {
  LogFixture f(1, SmallSegments());
  f.OpenOrDie();
  {
    auto stream = f.Create("s");
    Fill(f, *stream, 12);
  }
  f.Down(LogFixture::Stop::kClose);
  const std::string dir = "/data/log";
  EXPECT_THAT(Check(f, dir), IsEmpty());
  const std::string folder = dir + "/0000000001";
  const auto names = f.fs.List(folder).value();
  ASSERT_GT(names.size(), 1U);
  for (const std::string& name : names) {
    const std::string path = JoinPath(folder, name);
    const std::string intact = f.fs.ReadFile(path, 1_MiB).value();
    size_t harmless_from = intact.size();
    for (size_t at = 0; at < intact.size(); at += 7) {
      std::string flipped = intact;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
      ASSERT_TRUE(WriteFileAtomically(f.fs, path, flipped).ok());
      const auto found = Check(f, dir);
      // Behind the last frame stand only its confirmation and the seal, which spares a scan
      // (recovery.cpp, R3).
      if (found.empty()) {
        harmless_from = std::min(harmless_from, at);
      } else {
        EXPECT_THAT(found, ElementsAre(HasSubstr(name))) << "byte " << at << " of " << name;
        EXPECT_LT(at, harmless_from) << "harmless in the middle of " << name;
      }
    }
    ASSERT_TRUE(WriteFileAtomically(f.fs, path, intact).ok());
    EXPECT_LT(intact.size() - harmless_from, 900U) << name;
  }
  EXPECT_THAT(Check(f, dir), IsEmpty());
}

TEST(LogCheck, NamesMissingAndUnknownFiles) {
  LogFixture f(1, SmallSegments());
  f.OpenOrDie();
  auto stream = f.Create("s");
  Fill(f, *stream, 20);
  stream.reset();
  f.Down(LogFixture::Stop::kClose);
  ASSERT_TRUE(f.fs.Remove("/data/log/0000000001/0000000002.log").ok());
  ASSERT_TRUE(f.fs.CreateDirs("/data/log/0000000009").ok());
  ASSERT_TRUE(WriteFileAtomically(f.fs, "/data/log/0000000009/0000000001.log", "x").ok());
  EXPECT_THAT(Check(f, "/data/log"),
              ElementsAre("log/0000000001/0000000002.log missing", "log/0000000009 unknown"));
}

}  // namespace
}  // namespace tidemark::log
