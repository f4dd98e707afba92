// SPDX-License-Identifier: Apache-2.0
// What the manifest says of block and revision files: docs/format/manifest.md. Each description is
// length-prefixed, so that a later version may add fields at its end.
#include "store/block/block_file.h"
#include "store/block/file_header_internal.h"
#include "store/block/revision_file.h"

namespace tidemark::store {

std::string BlockFileName(uint64_t file_no) { return NumberedName(file_no, ".tsb"); }
std::string RevisionFileName(uint64_t file_no) { return NumberedName(file_no, ".tsr"); }

void BlockMeta::AppendTo(ByteWriter& out) const {
  ByteWriter body;
  body.PutVarint(file_no);
  body.PutVarint(bytes);
  body.PutU32(footer_crc);
  body.PutU8(static_cast<uint8_t>(level));
  body.PutI64(partition_start);
  body.PutI64(partition_end);
  body.PutVarint(rows);
  body.PutVarint(chunks);
  body.PutVarint(series);
  body.PutVarint(first_series);
  body.PutVarint(last_series);
  body.PutI64(min_time);
  body.PutI64(max_time);
  body.PutVarint(min_lsn);
  body.PutVarint(max_lsn);
  body.PutVarint(tables.size());
  for (const TableShare& share : tables) {
    body.PutVarint(share.table.value);
    body.PutVarint(share.rows);
    body.PutI64(share.min_time);
    body.PutI64(share.max_time);
  }
  out.PutString(body.view());
}

Result<BlockMeta> BlockMeta::Read(ByteReader& outer) {
  ByteReader in(outer.GetString());
  BlockMeta meta;
  meta.file_no = in.GetVarint();
  meta.bytes = in.GetVarint();
  meta.footer_crc = in.GetU32();
  const uint8_t level = in.GetU8();
  meta.level = static_cast<FileLevel>(level);
  meta.partition_start = in.GetI64();
  meta.partition_end = in.GetI64();
  meta.rows = in.GetVarint();
  meta.chunks = static_cast<uint32_t>(in.GetVarint());
  meta.series = static_cast<uint32_t>(in.GetVarint());
  meta.first_series = static_cast<uint32_t>(in.GetVarint());
  meta.last_series = static_cast<uint32_t>(in.GetVarint());
  meta.min_time = in.GetI64();
  meta.max_time = in.GetI64();
  meta.min_lsn = in.GetVarint();
  meta.max_lsn = in.GetVarint();
  const uint64_t tables = in.GetVarint();
  if (tables > in.remaining()) in.Fail();
  for (uint64_t i = 0; i < tables && in.ok(); ++i) {
    TableShare share;
    share.table.value = static_cast<uint32_t>(in.GetVarint());
    share.rows = in.GetVarint();
    share.min_time = in.GetI64();
    share.max_time = in.GetI64();
    meta.tables.push_back(share);
  }
  if (!outer.ok() || !in.ok() || level > static_cast<uint8_t>(FileLevel::kBase)) {
    return Error{Code::kCorruption, "the description of a block file makes no sense"};
  }
  return meta;
}

void RevisionMeta::AppendTo(ByteWriter& out) const {
  ByteWriter body;
  body.PutVarint(file_no);
  body.PutVarint(bytes);
  body.PutU32(footer_crc);
  body.PutVarint(entries);
  body.PutVarint(first_series);
  body.PutVarint(last_series);
  body.PutI64(min_time);
  body.PutI64(max_time);
  body.PutVarint(min_lsn);
  body.PutVarint(max_lsn);
  body.PutI64(newest_at_ms);
  body.PutVarint(tables.size());
  for (const TableId table : tables) body.PutVarint(table.value);
  out.PutString(body.view());
}

Result<RevisionMeta> RevisionMeta::Read(ByteReader& outer) {
  ByteReader in(outer.GetString());
  RevisionMeta meta;
  meta.file_no = in.GetVarint();
  meta.bytes = in.GetVarint();
  meta.footer_crc = in.GetU32();
  meta.entries = in.GetVarint();
  meta.first_series = static_cast<uint32_t>(in.GetVarint());
  meta.last_series = static_cast<uint32_t>(in.GetVarint());
  meta.min_time = in.GetI64();
  meta.max_time = in.GetI64();
  meta.min_lsn = in.GetVarint();
  meta.max_lsn = in.GetVarint();
  meta.newest_at_ms = in.GetI64();
  const uint64_t tables = in.GetVarint();
  if (tables > in.remaining()) in.Fail();
  for (uint64_t i = 0; i < tables && in.ok(); ++i) {
    meta.tables.push_back({static_cast<uint32_t>(in.GetVarint())});
  }
  if (!outer.ok() || !in.ok()) {
    return Error{Code::kCorruption, "the description of a revision file makes no sense"};
  }
  return meta;
}

}  // namespace tidemark::store
