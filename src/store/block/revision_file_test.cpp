// SPDX-License-Identifier: Apache-2.0
// Golden bytes of docs/format/revisions.md, a model of what a file holds, size, damage.
#include "store/block/revision_file.h"

#include <cmath>
#include <limits>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/sim/sim_file_system.h"
#include "base/testing/seed.h"
#include "store/block/file_header_internal.h"
#include "store/block/revision_page_internal.h"
#include "store/block/test_samples_internal.h"
#include "store/block/testing/hex.h"

namespace tidemark::store {
namespace {

using store::testing::FromHex;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kDay = 1'767'225'600'000'000'000;

LoggedRevision OnTime(uint32_t series, int64_t window, double value) {
  LoggedRevision r;
  r.lsn = (uint64_t{3} << 40U) + static_cast<uint64_t>(window) * 5;
  r.ordinal = series % 1000;
  r.entry.series = {0, series};
  r.entry.window_start = {kDay + window * kMinute};
  r.entry.window_end = {kDay + (window + 1) * kMinute};
  r.entry.time = r.entry.window_start;
  r.entry.revision = 1;
  r.entry.new_value = value;
  r.entry.at = {kDay / 1'000'000 + (window + 1) * 60'000 + 2'000};
  return r;
}

// Fields that == of doubles would blur: the bytes of a page hold them all.
std::string BytesOf(const LoggedRevision& r) {
  RevisionPageBuilder page;
  page.Add(r);
  return page.Build();
}

std::vector<std::string> BytesOf(const std::vector<LoggedRevision>& list) {
  std::vector<std::string> out;
  for (const LoggedRevision& r : list) out.push_back(BytesOf(r));
  return out;
}

Result<RevisionMeta> WriteFile(FileSystem& fs, const std::string& path,
                               const std::vector<LoggedRevision>& list, uint64_t file_no = 3) {
  TM_ASSIGN_OR_RETURN(auto writer, RevisionFileWriter::Create(fs, path, file_no, kTestStore, 77));
  for (const LoggedRevision& r : list) {
    TM_RETURN_IF_ERROR(writer->Add(TableId{1 + static_cast<uint32_t>(r.entry.series.lo % 2)}, r));
  }
  EXPECT_EQ(writer->entries(), list.size());
  return writer->Finish();
}

Result<std::vector<LoggedRevision>> ReadPages(const RevisionFile& file) {
  std::vector<LoggedRevision> all;
  std::vector<LoggedRevision> page;
  for (size_t i = 0; i < file.pages(); ++i) {
    TM_RETURN_IF_ERROR(file.Page(i, page));
    all.insert(all.end(), page.begin(), page.end());
  }
  return all;
}

// One entry of each kind of value and each flag.
std::vector<LoggedRevision> EveryKind() {
  std::vector<LoggedRevision> list;
  const std::vector<Scalar> values = {std::monostate{},    1.5,         int64_t{-7},
                                      std::string("text"), true,        false,
                                      EventTime{9},        std::nan("")};
  uint32_t ordinal = 0;
  for (const Scalar& old_value : values) {
    for (const Scalar& new_value : values) {
      LoggedRevision r = OnTime(4, 0, 0);
      r.ordinal = ordinal++;
      r.entry.revision = ordinal;
      r.entry.old_value = old_value;
      r.entry.new_value = new_value;
      r.entry.late_points = ordinal * 100;
      if (ordinal % 4 < 2) r.entry.lateness_max = nanoseconds(ordinal * kMinute);
      if (ordinal % 5 < 2) {
        r.entry.partition = {
            {ordinal % 5 == 0 ? SourceId::Kind::kDirect : SourceId::Kind::kPipeline,
             ordinal * 1000},
            ordinal * 70'000};
      }
      if (ordinal % 7 < 4) r.entry.record_count = ordinal % 7 == 0 ? 0 : ordinal * 300;
      r.entry.frozen = ordinal % 2 == 0;
      r.entry.coarse = ordinal % 3 == 0;
      r.entry.correction = ordinal % 5 == 3;
      r.entry.definition = ordinal % 7 == 6;
      for (uint32_t p = 0; p < ordinal % (kPointKeysMax + 1); ++p) {
        r.entry.points.push_back({{0, 70 + p}, {kDay - kMinute + p * kMinute}});
      }
      list.push_back(r);
    }
  }
  return list;
}

// On time, late, and VARCHAR of another series.
std::vector<LoggedRevision> SmallList() {
  LoggedRevision late = OnTime(4, 0, 2.5);
  late.lsn += 7;
  late.entry.revision = 2;
  late.entry.old_value = 1.5;
  late.entry.late_points = 3;
  LoggedRevision text = OnTime(6, 1, 0);
  text.entry.new_value = std::string("up");
  text.entry.frozen = true;
  return {OnTime(4, 0, 1.5), late, text};
}

constexpr std::string_view kSmallFile =
    "89545345520d0a1a010000000700000000000000400000000300000000000000"
    "080706050403020118171615141312114d00000000000000000000004145c9d2"
    "ff03695667000000710000000100000003000000000000000700000000030000"
    "28b52ffd2071f5020002c61420a0298d01032eef9e1098af3930a0f076888342"
    "55373b010c9bd8daa5ecb4650aeaeaaa1708e8e23a20ce9b6d72a47a81317777"
    "07480c4683a522a1340177d3edd8aad487241ccd395034168f49e46e1dd10102"
    "008533500f650c00400000000000000088000000030000000400000006000000"
    "0000faed51728618005841e65f72861801000000c800000000000000f0000000"
    "000000000300000000000000010000000100000004000000060000000000faed"
    "51728618005841e65f728618000000000003000007000000000300009084dc76"
    "9b010000c617949ba02cd7be0420e4f300000000000000000000000000000000"
    "0000000000000000dd0b33518954534552454e44";

// The same list as format 1.2 wrote it.
constexpr std::string_view kSmallFile12 =
    "89545345520d0a1a010000000300000000000000400000000300000000000000"
    "080706050403020118171615141312114d000000000000000000000051316da2"
    "a5dbb3dc660000006d0000000100000003000000000000000700000000030000"
    "28b52ffd206ded0200c2851421a027e903b2deebb454f8d74b85eaebff71115c"
    "fcff36dd002292716bce1149760a3fff1900a0c96b4038e41d4f13ad48e658db"
    "564908b640127140da32e73def1c5ffd24a3a068bd31240e8b47a35d67c40200"
    "8533500f650c0000400000000000000088000000030000000400000006000000"
    "0000faed51728618005841e65f72861801000000c800000000000000f0000000"
    "000000000300000000000000010000000100000004000000060000000000faed"
    "51728618005841e65f728618000000000003000007000000000300009084dc76"
    "9b010000c617949ba02cd7be0617e09400000000000000000000000000000000"
    "0000000000000000da68059c8954534552454e44";

// The same list as format 1.1 wrote it.
constexpr std::string_view kSmallFile11 =
    "89545345520d0a1a010000000100000000000000400000000300000000000000"
    "080706050403020118171615141312114d0000000000000000000000590b3f9a"
    "62eb5f8e65000000690000000100000003000000000000000700000000030000"
    "28b52ffd2069e5020082451421a027e903b2deebb454f8d74b85eaebff71115c"
    "fcff36dd002292716bce1149760aff0c00d0e435201cf28ea789562473ac6dab"
    "24045b208938206d99f39e778eaf7e925150b4de181287c5a3d1ae3362020085"
    "33500f650c000000400000000000000088000000030000000400000006000000"
    "0000faed51728618005841e65f72861801000000c800000000000000f0000000"
    "000000000300000000000000010000000100000004000000060000000000faed"
    "51728618005841e65f728618000000000003000007000000000300009084dc76"
    "9b010000c617949ba02cd7be3568dffd00000000000000000000000000000000"
    "0000000000000000ba8cee378954534552454e44";

// The same list as format 1.0 wrote it.
constexpr std::string_view kSmallFile10 =
    "89545345520d0a1a010000000000000000000000400000000300000000000000"
    "080706050403020118171615141312114d00000000000000000000005d161686"
    "ac8012e064000000640000000000000003000000000000000700000000030000"
    "03040002108080d0dfbd94b986310080e0ba84bf03030000000880e0ba84bf03"
    "00000301020103000001030003000ae0e8dcedee6600c0a907098080808080c0"
    "010e030308000403000700030101030302757010000000000000000000000000"
    "f8043f4000000000400000000000000088000000030000000400000006000000"
    "0000faed51728618005841e65f72861801000000c800000000000000f0000000"
    "000000000300000000000000010000000100000004000000060000000000faed"
    "51728618005841e65f728618000000000003000007000000000300009084dc76"
    "9b010000c617949ba02cd7be50da133000000000000000000000000000000000"
    "0000000000000000e5c187278954534552454e44";

TEST(RevisionFileFormat, SmallFileHasGoldenBytes) {
  sim::SimFileSystem fs(1);
  ASSERT_TRUE(WriteFile(fs, "f", SmallList()).ok());
  EXPECT_EQ(RevisionFileName(3), "0000000003.tsr");
  EXPECT_EQ(Hex(ReadAll(fs, "f")), kSmallFile);
}

TEST(RevisionFileFormat, LatePointsOfAPageHaveGoldenBytes) {
  LoggedRevision late = SmallList()[1];
  late.entry.lateness_max = nanoseconds(90);
  late.entry.partition = {{SourceId::Kind::kPipeline, 5}, 300};
  late.entry.record_count = 300;
  late.entry.points = {{{0, 9}, late.entry.window_start + nanoseconds(3)}};
  const std::string bytes = Hex(BytesOf(late));
  EXPECT_THAT(bytes, EndsWith("02b501"
                              "04"
                              "0105ac02"
                              "02ad02"
                              "03010906"));
}

TEST(RevisionFileFormat, ReadsFormats10To12) {
  for (const std::string_view bytes : {kSmallFile10, kSmallFile11, kSmallFile12}) {
    sim::SimFileSystem fs(1);
    WriteAll(fs, "f", FromHex(bytes));
    const auto meta = RevisionFile::ReadMeta(fs, "f", 3, kTestStore);
    ASSERT_TRUE(meta.ok()) << meta.error().message;
    const auto file = RevisionFile::Open(fs, "f", *meta, kTestStore);
    ASSERT_TRUE(file.ok()) << file.error().message;
    EXPECT_EQ(BytesOf(*ReadPages(**file)), BytesOf(SmallList()));
  }
}

TEST(RevisionFile, KeepsEveryKindOfValueAndFlag) {
  sim::SimFileSystem fs(1);
  const auto list = EveryKind();
  const auto meta = WriteFile(fs, "f", list);
  ASSERT_TRUE(meta.ok());
  RevisionMeta expected = *meta;  // bytes and CRC
  expected.file_no = 3;
  expected.entries = list.size();
  expected.first_series = expected.last_series = 4;
  expected.min_time = expected.max_time = kDay;
  expected.min_lsn = expected.max_lsn = list[0].lsn;
  expected.newest_at_ms = list[0].entry.at.ms;
  expected.tables = {TableId{1}};
  EXPECT_EQ(*meta, expected);
  EXPECT_EQ(*RevisionFile::ReadMeta(fs, "f", 3, kTestStore), expected);
  ByteWriter out;
  meta->AppendTo(out);
  ByteReader in(out.view());
  EXPECT_EQ(*RevisionMeta::Read(in), expected);
  const auto file = RevisionFile::Open(fs, "f", *meta, kTestStore);
  ASSERT_TRUE(file.ok());
  std::vector<LoggedRevision> read;
  ASSERT_TRUE((*file)->Of(4, kDay, kDay + 1, read).ok());
  EXPECT_EQ(BytesOf(read), BytesOf(list));
}

TEST(RevisionFile, AnswersLikeAList) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t round = 0; round < 10; ++round) {
    SeededRandom random(seed + round);
    sim::SimFileSystem fs(seed);
    std::vector<LoggedRevision> list;
    const uint64_t series_count = 1 + random.Below(60);
    const uint64_t windows_max = 1 + random.Below(400);
    uint32_t series = 0;
    for (uint64_t s = 0; s < series_count; ++s) {
      series += 1 + static_cast<uint32_t>(random.Below(1000));
      int64_t window = static_cast<int64_t>(random.Below(100));
      for (uint64_t w = 0, n = 1 + random.Below(windows_max); w < n; ++w) {
        LoggedRevision r = OnTime(series, window, static_cast<double>(random.Below(1000)) / 8);
        list.push_back(r);
        for (uint64_t late = random.Below(10) == 0 ? 1 + random.Below(3) : 0; late > 0; --late) {
          r.lsn += 1 + random.Below(3);
          r.entry.old_value = r.entry.new_value;
          r.entry.new_value = static_cast<int64_t>(random.Next());
          ++r.entry.revision;
          r.entry.late_points = random.Next() >> random.Below(64);
          r.entry.at.ms = static_cast<int64_t>(random.Next());
          list.push_back(r);
        }
        window += 1 + static_cast<int64_t>(random.Below(3));
      }
    }
    const auto meta = WriteFile(fs, "f", list);
    ASSERT_TRUE(meta.ok()) << meta.error().message;
    const auto file = RevisionFile::Open(fs, "f", *meta, kTestStore);
    ASSERT_TRUE(file.ok()) << file.error().message;
    const auto all = ReadPages(**file);
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(BytesOf(*all), BytesOf(list));
    EXPECT_TRUE((*file)->Verify().ok());
    for (int i = 0; i < 50; ++i) {
      const auto wanted =
          random.Below(4) == 0
              ? static_cast<uint32_t>(random.Below(series + 2))
              : static_cast<uint32_t>(
                    list[static_cast<size_t>(random.Below(list.size()))].entry.series.lo);
      const int64_t start = kDay + static_cast<int64_t>(random.Below(500)) * kMinute;
      const int64_t end = start + static_cast<int64_t>(random.Below(200)) * kMinute;
      std::vector<LoggedRevision> expected;
      for (const LoggedRevision& r : list) {
        if (r.entry.series.lo == wanted && r.entry.time.ns >= start && r.entry.time.ns < end) {
          expected.push_back(r);
        }
      }
      std::vector<LoggedRevision> found;
      ASSERT_TRUE((*file)->Of(wanted, start, end, found).ok());
      EXPECT_EQ(BytesOf(found), BytesOf(expected));
    }
  }
}

// First publications are the bulk: 3,472 groups a minute are 5 million a day.
TEST(RevisionFile, FirstPublicationsStaySmall) {
  sim::SimFileSystem fs(1);
  SeededRandom random(3);
  std::vector<LoggedRevision> list;
  for (uint32_t series = 0; series < 100; ++series) {
    for (int64_t window = 0; window < 1440; ++window) {
      list.push_back(OnTime(series, window, random.Unit() * 100));
    }
  }
  const auto meta = WriteFile(fs, "f", list);
  ASSERT_TRUE(meta.ok());
  const double bytes = static_cast<double>(meta->bytes) / static_cast<double>(meta->entries);
  RecordProperty("bytes_per_entry", std::to_string(bytes));
  EXPECT_LT(bytes, 12.0);
}

TEST(RevisionFile, RefusesEntriesOutOfOrderAndAnEmptyFile) {
  sim::SimFileSystem fs(1);
  EXPECT_EQ(WriteFile(fs, "f", {}).error().code, Code::kInvalidArgument);
  auto writer = RevisionFileWriter::Create(fs, "f", 3, kTestStore, 0);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Add(TableId{1}, OnTime(4, 5, 1)).ok());
  EXPECT_FALSE((*writer)->Add(TableId{1}, OnTime(4, 5, 1)).ok());
  EXPECT_FALSE((*writer)->Add(TableId{1}, OnTime(4, 4, 1)).ok());
  EXPECT_FALSE((*writer)->Add(TableId{1}, OnTime(3, 9, 1)).ok());
  EXPECT_TRUE((*writer)->Add(TableId{1}, OnTime(5, 0, 1)).ok());
}

TEST(RevisionFile, EveryFlippedBitIsFound) {
  sim::SimFileSystem fs(1);
  const auto list = EveryKind();
  const auto meta = WriteFile(fs, "f", list);
  ASSERT_TRUE(meta.ok());
  const std::string bytes = ReadAll(fs, "f");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    WriteAll(fs, "f", WithBitFlipped(bytes, bit));
    const auto file = RevisionFile::Open(fs, "f", *meta, kTestStore);
    const auto read =
        file.ok() ? ReadPages(**file) : Result<std::vector<LoggedRevision>>(file.error());
    ASSERT_FALSE(read.ok()) << "bit " << bit;
    EXPECT_EQ(read.error().code, Code::kCorruption);
    EXPECT_THAT(read.error().message, HasSubstr("f: byte "));
    if (bit % 37 != 0) continue;
    WriteAll(fs, "f", bytes);
    const auto open = RevisionFile::Open(fs, "f", *meta, kTestStore);
    ASSERT_TRUE(open.ok());
    WriteAll(fs, "f", WithBitFlipped(bytes, bit));
    EXPECT_EQ((*open)->Verify().error().code, Code::kCorruption) << "bit " << bit;
  }
}

TEST(RevisionFile, RefusesATruncatedSwappedOrNewerFile) {
  sim::SimFileSystem fs(1);
  const auto meta = WriteFile(fs, "f", {OnTime(1, 1, 1)});
  ASSERT_TRUE(meta.ok());
  ASSERT_TRUE(WriteFile(fs, "g", {OnTime(1, 1, 2)}, 4).ok());
  const std::string bytes = ReadAll(fs, "f");
  const auto code_of = [&](std::string_view contents) {
    WriteAll(fs, "f", contents);
    const auto file = RevisionFile::Open(fs, "f", *meta, kTestStore);
    return file.ok() ? Code::kInternal : file.error().code;
  };
  for (size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_EQ(code_of(bytes.substr(0, size)), Code::kCorruption);
  }
  EXPECT_EQ(code_of(bytes + "garbage"), Code::kCorruption);
  EXPECT_EQ(code_of(ReadAll(fs, "g")), Code::kCorruption);
  EXPECT_EQ(RevisionFile::Open(fs, "none", *meta, kTestStore).error().code, Code::kNotFound);
  std::string newer = bytes;
  newer[8] = 2;
  const uint32_t crc = PlacedCrc(3, 0, std::string_view(newer).substr(0, 60));
  newer.replace(60, 4, reinterpret_cast<const char*>(&crc), 4);
  EXPECT_EQ(code_of(newer), Code::kUnimplemented);
}

// Each operation of writer and reader fails in turn: it says so, or the file is whole and synced.
TEST(RevisionFile, FailuresOfEachOperationAreErrors) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  const std::vector<LoggedRevision> list = {OnTime(1, 1, 1), OnTime(1, 2, 1)};
  for (uint64_t n = 1;; ++n) {
    sim::SimFileSystem fs(seed + n);
    fs.SetFaults({.fail_nth_call = n});
    const auto meta = WriteFile(fs, "f", list);
    const bool write_fired = fs.fired();
    EXPECT_EQ(meta.ok(), !write_fired);
    if (!meta.ok()) continue;
    const auto file = RevisionFile::Open(fs, "f", *meta, kTestStore);
    const auto read =
        file.ok() ? ReadPages(**file) : Result<std::vector<LoggedRevision>>(file.error());
    const bool fired = fs.fired();
    EXPECT_EQ(read.ok(), !fired);
    fs.SetFaults({});
    ASSERT_TRUE(fs.SyncDir(".").ok());
    fs.Crash();
    const auto again = RevisionFile::Open(fs, "f", *meta, kTestStore);
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE((*again)->Verify().ok());
    if (!fired) break;
  }
}

}  // namespace
}  // namespace tidemark::store
