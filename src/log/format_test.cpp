// SPDX-License-Identifier: Apache-2.0
// docs/format/log.md, byte by byte.
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "log/frame_builder_internal.h"
#include "log/segment_internal.h"
#include "log/testing/log_fixture.h"

namespace tidemark::log {
namespace {

using ::testing::HasSubstr;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 32 == 0) out += '\n';
    out += kDigits[static_cast<uint8_t>(bytes[i]) >> 4U];
    out += kDigits[static_cast<uint8_t>(bytes[i]) & 15U];
  }
  return out;
}

TEST(LogFormat, GoldenSegment) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s", 2);
  const PutRecordView records[] = {
      {.partition_key = "a", .data = "hello"},
      {.partition_key = "b", .data = ""},
      {.partition_key = "a", .data = "x", .explicit_hash = catalog::kHashKeyMax}};
  bool done = false;
  stream->Append(records, [&](Result<std::vector<PutResult>> r) { done = r.ok(); });
  f.executor->RunUntilIdle();
  ASSERT_TRUE(done);
  f.Down(LogFixture::Stop::kClose);
  const std::string bytes = f.fs.ReadFile("/data/log/0000000001/0000000001.log", 1 << 20).value();
  EXPECT_EQ(Hex(bytes), R"(895453454c0d0a1a010000000000000000000000980000000100000000000000
010000000000000000000000000000000000faed5172861800000000cb738bc9
0100000000000000000000000000000000000000000000000200000000000000
0000000000000000010000000000000000000000000000000100000000000000
010000000000000000000000000000004bd032f1000000004652414d9f65a8b3
0100000000000000c80000000200000000a8da769b0100000000000000000000
00000000000000005345435495c04db140000000000000000100000000000000
00a8da769b010000010000000e00000000000000000000000500000001000000
6168656c6c6f00005345435454628fc558000000010000000100000000000000
00a8da769b010000020000002300000000000000000000000000000001000000
62010000000100010061ffffffffffffffffffffffffffffffff780000000000
4652414dd0e3e9ba0200000000000000e80000000100000000a8da769b010000
01000000000000000000000000000000494e4458a2f66aa0a800000000000000
0000000000000000000000000000000000000000780000000000000000000000
02000000020000000000000040000000c8000000000000000100000000000000
00a8da769b010000010000005800000008010000000000000100000000000000
00a8da769b0100000000000000000000020000000000000000a8da769b010000
0100000000000000030000000000000000a8da769b0100006001000000000000
5345414cd433bbee)");
}

TEST(LogFormat, HeaderReadsBack) {
  const SegmentHeader header{.file_no = 7,
                             .stream = {9},
                             .created = {1'700'000'000'123},
                             .first_frame = 5,
                             .previous_file_no = 6,
                             .previous_end = 4096,
                             .shards = {{0, 17, 1'700'000'000'000}, {1, 1, 0}}};
  const std::string bytes = header.Encode();
  EXPECT_EQ(bytes.size(), header.EncodedBytes());
  EXPECT_EQ(SegmentHeader::Decode(bytes).value(), header);
  for (size_t bit = 0; bit < (bytes.size() - 4) * 8; ++bit) {  // the last four bytes are padding
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(SegmentHeader::Decode(damaged).ok()) << bit;
  }
  EXPECT_FALSE(SegmentHeader::Decode(bytes.substr(0, bytes.size() - 9)).ok());
  EXPECT_FALSE(SegmentHeader::Decode("").ok());
}

TEST(LogFormat, SealReadsBackAndNoFlippedBitPasses) {
  const SegmentIndex index{.entries = {{0, 64, 152, 1, 1000}, {1, 72, 216, 1, 1000}},
                           .ends = {{0, 3, 1000}, {1, 2, 1000}}};
  const std::string frame = EncodeSealFrame(index, 12, {1000}, 7, 4096);
  uint64_t number = 0;
  EXPECT_EQ(DecodeSealFrame(frame, 7, 4096, &number).value(), index);
  EXPECT_EQ(number, 12U);
  const uint64_t file_bytes = 4096 + frame.size();
  EXPECT_EQ(DecodeSealTrailer(frame.substr(frame.size() - 16), 7, file_bytes), 4096U);
  EXPECT_FALSE(DecodeSealFrame(frame, 8, 4096, &number).ok()) << "another file";
  EXPECT_FALSE(DecodeSealFrame(frame, 7, 4104, &number).ok()) << "another place";
  EXPECT_FALSE(DecodeSealTrailer(frame.substr(frame.size() - 16), 8, file_bytes));
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const bool trailer =
        DecodeSealTrailer(damaged.substr(frame.size() - 16), 7, file_bytes).has_value();
    EXPECT_FALSE(trailer && DecodeSealFrame(damaged, 7, 4096, &number).ok()) << bit;
  }
}

TEST(LogFormat, RefusesANewerVersionByName) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "a", "b").ok());
  const std::string path = f.SegmentFiles(*stream).at(0);
  stream.reset();
  f.Down(LogFixture::Stop::kClose);
  std::string bytes = f.fs.ReadFile(path, 1 << 20).value();
  bytes[8] = 2;  // format_major
  const uint32_t crc = Crc32c(0, std::string_view(bytes).substr(0, 60));
  std::memcpy(bytes.data() + 60, &crc, 4);
  ASSERT_TRUE(WriteFileAtomically(f.fs, path, bytes).ok());
  const auto opened = f.Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(opened.error().message, HasSubstr(path));
  EXPECT_THAT(opened.error().message, HasSubstr("format version 2.0"));
  EXPECT_THAT(opened.error().message, HasSubstr("stream s"));
}

}  // namespace
}  // namespace tidemark::log
