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

std::string Unhex(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    if (text[i] == '\n') ++i;
    out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
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
  EXPECT_EQ(Hex(bytes), R"(895453454c0d0a1a010001000100000000000000980000000100000000000000
010000000000000000000000000000000000faed517286180000000086985e34
0100000000000000000000000000000000000000000000000200000000000000
0000000000000000010000000000000000000000000000000100000000000000
010000000000000000000000000000004bd032f1000000004652414d9f65a8b3
0100000000000000c80000000200000000a8da769b0100000000000000000000
00000000000000005345435495c04db140000000000000000100000000000000
00a8da769b010000010000000e00000000000000000000000500000001000000
6168656c6c6f00005345435454628fc558000000010000000100000000000000
00a8da769b010000020000002300000000000000000000000000000001000000
62010000000100010061ffffffffffffffffffffffffffffffff780000000000
5041442100000000000000000000000000000000000000000000000000000000
0000000000000000000000000000000000000000000000000000000000000000
0000000000000000000000000000000000000000000000000000000000000000
0000000000000000000000000000000000000000000000000000000000000000
0000000000000000000000000000000000000000000000000000000000000000
4652414d7f90bee00200000000000000300000000000000000a8da769b010000
020000000000000060010000000000004652414d31cf4dc00200000000000000
e80000000100000000a8da769b01000001000000000000006001000000000000
494e4458f51f26e3a80000000000000000000000000000000000000000000000
0000000078000000000000000000000002000000020000000000000040000000
c800000000000000010000000000000000a8da769b0100000100000058000000
0801000000000000010000000000000000a8da769b0100000000000000000000
020000000000000000a8da769b01000001000000000000000300000000000000
00a8da769b01000030020000000000005345414c9b886c18)");
}

// The same written in format 1.0: no confirmations. Its seal stands where the last frame ends.
TEST(LogFormat, ReadsASegmentOfFormat10) {
  LogFixture f;
  f.OpenOrDie();
  (void)f.Create("s", 2);
  f.Down(LogFixture::Stop::kClose);
  const std::string bytes =
      Unhex(R"(895453454c0d0a1a010000000000000000000000980000000100000000000000
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
  const std::string path = "/data/log/0000000001/0000000001.log";
  ASSERT_TRUE(WriteFileAtomically(f.fs, path, bytes).ok());
  f.OpenOrDie();
  auto stream = f.log->Find("s");
  EXPECT_EQ(f.ReadAll(*stream, 0), (std::vector<std::string>{"a=hello"}));
  EXPECT_EQ(f.ReadAll(*stream, 1), (std::vector<std::string>{"b=", "a=x"}));
  ASSERT_TRUE(f.Put(*stream, "a", "more").ok());
  ASSERT_TRUE(f.Restart(LogFixture::Stop::kKill).ok());
  EXPECT_EQ(f.ReadAll(*f.log->Find("s"), 0), (std::vector<std::string>{"a=hello", "a=more"}));
  // Without its seal it is scanned.
  f.Down(LogFixture::Stop::kClose);
  ASSERT_TRUE(f.fs.Remove("/data/log/0000000001/0000000002.log").ok());
  ASSERT_TRUE(WriteFileAtomically(f.fs, path, bytes.substr(0, 0x160)).ok());
  f.OpenOrDie();
  EXPECT_EQ(f.ReadAll(*f.log->Find("s"), 0), (std::vector<std::string>{"a=hello"}));
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
  const std::string frame = EncodeSealFrame({index, 12, 4000}, {1000}, {7, 4096});
  const SealContents contents = DecodeSealFrame(frame, {7, 4096}).value();
  EXPECT_EQ(contents.index, index);
  EXPECT_EQ(contents.number, 12U);
  EXPECT_EQ(contents.counted_bytes, 4000U);
  const uint64_t file_bytes = 4096 + frame.size();
  EXPECT_EQ(DecodeSealTrailer(frame.substr(frame.size() - 16), 7, file_bytes), 4096U);
  EXPECT_FALSE(DecodeSealFrame(frame, {8, 4096}).ok()) << "another file";
  EXPECT_FALSE(DecodeSealFrame(frame, {7, 4104}).ok()) << "another place";
  EXPECT_FALSE(DecodeSealTrailer(frame.substr(frame.size() - 16), 8, file_bytes));
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const bool trailer =
        DecodeSealTrailer(damaged.substr(frame.size() - 16), 7, file_bytes).has_value();
    EXPECT_FALSE(trailer && DecodeSealFrame(damaged, {7, 4096}).ok()) << bit;
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
  EXPECT_THAT(opened.error().message, HasSubstr("format version 2.1"));
  EXPECT_THAT(opened.error().message, HasSubstr("stream s"));
}

}  // namespace
}  // namespace tidemark::log
