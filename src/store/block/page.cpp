// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/file_header_internal.h"
#include "store/block/page_internal.h"

namespace tidemark::store {
namespace {

enum PageCodec : uint8_t { kPlain = 0, kZstd = 1 };

std::string Compress(std::string_view raw, int level) {
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  const size_t bytes = ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), level);
  if (ZSTD_isError(bytes) != 0) return {};  // out of memory: the page stays plain
  out.resize(bytes);
  return out;
}

}  // namespace

uint64_t PageHeader::page_bytes() const { return kPageHeaderBytes + PaddedTo8(stored_bytes); }

PageHeader AppendPage(std::string_view raw, uint32_t link, uint64_t lsn, int zstd_level,
                      PagePlace place, std::string& out) {
  TM_CHECK(raw.size() <= kPageRawBytesMax);
  const std::string packed = Compress(raw, zstd_level);
  const bool smaller = !packed.empty() && packed.size() < raw.size();
  const std::string_view body = smaller ? std::string_view(packed) : raw;
  PageHeader header;
  header.stored_bytes = static_cast<uint32_t>(body.size());
  header.raw_bytes = static_cast<uint32_t>(raw.size());
  header.codec = smaller ? kZstd : kPlain;
  header.link = link;
  header.lsn = lsn;
  ByteWriter page;  // all but the checksum
  page.PutU32(header.stored_bytes);
  page.PutU32(header.raw_bytes);
  page.PutU8(header.codec);
  page.PutU8(0);
  page.PutU16(0);
  page.PutU32(link);
  page.PutU32(0);
  page.PutU64(lsn);
  page.PutRaw(body);
  page.PutRaw(std::string_view("\0\0\0\0\0\0\0", PaddedTo8(body.size()) - body.size()));
  header.crc = PlacedCrc(place.file_no, place.offset, page.view());
  ByteWriter crc;
  crc.PutU32(header.crc);
  out.append(crc.view());
  out.append(page.view());
  return header;
}

PageHeader PeekPage(std::string_view bytes) {
  PageHeader header;
  header.crc = LoadAt<uint32_t>(bytes, 0);
  header.stored_bytes = LoadAt<uint32_t>(bytes, 4);
  header.raw_bytes = LoadAt<uint32_t>(bytes, 8);
  header.codec = LoadAt<uint8_t>(bytes, 12);
  header.link = LoadAt<uint32_t>(bytes, 16);
  header.lsn = LoadAt<uint64_t>(bytes, 24);
  return header;
}

Result<PageHeader> OpenPage(std::string_view bytes, PagePlace place, std::string& raw) {
  const auto damaged = [&](std::string_view what) {
    return Damage(place.path, place.offset, "page " + std::string(what));
  };
  if (bytes.size() < kPageHeaderBytes) return damaged("is shorter than its header");
  const PageHeader header = PeekPage(bytes);
  if (header.page_bytes() != bytes.size()) return damaged("has a wrong length");
  if (header.crc != PlacedCrc(place.file_no, place.offset, bytes.substr(sizeof(uint32_t)))) {
    return damaged("fails its checksum");
  }
  if (header.codec > kZstd) return damaged("has an unknown codec");
  if (header.raw_bytes > kPageRawBytesMax) return damaged("is too large");
  const std::string_view body = bytes.substr(kPageHeaderBytes, header.stored_bytes);
  if (header.codec == kPlain) {
    if (header.raw_bytes != header.stored_bytes) return damaged("has a wrong length");
    raw.assign(body);
    return header;
  }
  raw.resize(header.raw_bytes);
  const size_t got = ZSTD_decompress(raw.data(), raw.size(), body.data(), body.size());
  if (ZSTD_isError(got) != 0 || got != raw.size()) return damaged("does not decompress");
  return header;
}

}  // namespace tidemark::store
