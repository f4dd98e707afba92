// SPDX-License-Identifier: Apache-2.0
// What the tests of the block folder share: hexadecimal text, files in memory, descriptions of
// files. Tests only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/block/block_file.h"
#include "store/block/revision_file.h"

namespace tidemark::store {

inline constexpr Hash128 kTestStore{0x0102030405060708, 0x1112131415161718};

inline std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4U];
    out += kDigits[static_cast<uint8_t>(c) & 15U];
  }
  return out;
}

inline std::string ReadAll(FileSystem& fs, const std::string& path) {
  auto bytes = fs.ReadFile(path, size_t{1} << 30U);
  EXPECT_TRUE(bytes.ok()) << bytes.error().message;
  return bytes.ok() ? *bytes : std::string();
}

/// Makes `path` hold exactly `bytes`.
inline void WriteAll(FileSystem& fs, const std::string& path, std::string_view bytes) {
  auto file = fs.OpenAppend(path, OpenMode::kTruncate);
  ASSERT_TRUE(file.ok()) << file.error().message;
  ASSERT_TRUE((*file)->Append(AsBytes(bytes)).ok());
  ASSERT_TRUE((*file)->Sync().ok());
}

inline std::string WithBitFlipped(std::string bytes, size_t bit) {
  bytes[bit / 8] = static_cast<char>(static_cast<uint8_t>(bytes[bit / 8]) ^ (1U << (bit % 8)));
  return bytes;
}

inline BlockMeta SomeBlock(uint64_t file_no) {
  BlockMeta meta;
  meta.file_no = file_no;
  meta.bytes = 4096 + file_no;
  meta.footer_crc = 0xaabbccdd;
  meta.level = FileLevel::kOverlay;
  meta.partition_start = 1'767'225'600'000'000'000;
  meta.partition_end = 1'767'312'000'000'000'000;
  meta.rows = 1000;
  meta.chunks = 12;
  meta.series = 10;
  meta.first_series = 3;
  meta.last_series = 400;
  meta.min_time = 1'767'225'600'000'000'001;
  meta.max_time = 1'767'225'700'000'000'000;
  meta.min_lsn = 5;
  meta.max_lsn = (uint64_t{1} << 40U) + 9;
  meta.tables = {{TableId{2}, 400, 1'767'225'600'000'000'001, 1'767'225'700'000'000'000},
                 {TableId{7}, 600, 1'767'225'600'000'000'002, 1'767'225'600'000'000'003}};
  return meta;
}

inline RevisionMeta SomeRevisions(uint64_t file_no) {
  RevisionMeta meta;
  meta.file_no = file_no;
  meta.bytes = 999;
  meta.footer_crc = 0x01020304;
  meta.entries = 77;
  meta.first_series = 1;
  meta.last_series = 9;
  meta.min_time = -5;
  meta.max_time = 5;
  meta.min_lsn = 6;
  meta.max_lsn = 7;
  meta.newest_at_ms = 1'767'225'600'000;
  meta.tables = {TableId{2}, TableId{3}};
  return meta;
}

}  // namespace tidemark::store
