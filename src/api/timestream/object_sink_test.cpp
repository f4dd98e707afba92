// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/object_sink.h"

#include <gtest/gtest.h>

#include "base/sim/sim_file_system.h"

namespace tidemark::timestream {
namespace {

TEST(FolderSink, ObjectsAreFilesBelowTheFolder) {
  sim::SimFileSystem fs(1);
  FolderSink sink(fs, "/exports");
  ASSERT_TRUE(sink.Put("bucket", "a/b/c.json", "{}").ok());
  EXPECT_EQ(fs.ReadFile("/exports/bucket/a/b/c.json", 100).value(), "{}");
  ASSERT_TRUE(sink.Put("bucket", "a/b/c.json", "[]").ok());
  EXPECT_EQ(fs.ReadFile("/exports/bucket/a/b/c.json", 100).value(), "[]");
}

TEST(FolderSink, AnUnfinishedObjectIsNotThere) {
  sim::SimFileSystem fs(1);
  FolderSink sink(fs, "/exports");
  {
    auto writer = sink.Create("bucket", "k");
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append("abc").ok());
  }
  EXPECT_TRUE(fs.List("/exports/bucket").value().empty());
}

TEST(FolderSink, NamesCannotLeaveTheFolder) {
  sim::SimFileSystem fs(1);
  FolderSink sink(fs, "/exports");
  for (const auto& [bucket, key] :
       std::vector<std::pair<std::string, std::string>>{{"..", "k"},
                                                        {".", "k"},
                                                        {"", "k"},
                                                        {"a/b", "k"},
                                                        {".staging", "k"},
                                                        {"b", ""},
                                                        {"b", "../k"},
                                                        {"b", "a/../../k"},
                                                        {"b", "/k"},
                                                        {"b", "a//k"},
                                                        {"b", "a/"},
                                                        {"b", std::string("a\0b", 3)},
                                                        {"b", std::string(300, 'x')}}) {
    const auto put = sink.Put(bucket, key, "x");
    ASSERT_FALSE(put.ok()) << bucket << " " << key;
    EXPECT_EQ(put.error().code, Code::kInvalidArgument);
  }
}

TEST(FolderSink, AdoptsStagedFiles) {
  sim::SimFileSystem fs(1);
  FolderSink sink(fs, "/exports");
  const std::string folder = sink.MakeStagingFolder("q1").value();
  ASSERT_TRUE(WriteFileAtomically(fs, JoinPath(folder, "f"), "data").ok());
  ASSERT_TRUE(sink.Adopt(JoinPath(folder, "f"), "b", "x/f.parquet").ok());
  EXPECT_EQ(fs.ReadFile("/exports/b/x/f.parquet", 100).value(), "data");
  EXPECT_FALSE(fs.Exists(JoinPath(folder, "f")).value());
}

}  // namespace
}  // namespace tidemark::timestream
