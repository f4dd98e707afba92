// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/check.h"
#include "base/checksum.h"
#include "store/block/chunk.h"
#include "store/block/chunk_layout_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/text_codec_internal.h"

namespace tidemark::store {
namespace {

using codec::AppendBlock;
using codec::Place;

class ChunkWriter {
 public:
  ChunkWriter(const RowColumns& rows, size_t from, size_t to, Effort effort)
      : rows_(rows), from_(from), count_(to - from), effort_(effort) {}

  void Write(uint32_t series, ChunkPlace place, std::string& out);

 private:
  size_t blocks() const { return (count_ + kBlockRows - 1) / kBlockRows; }
  size_t rows_in(size_t block) const { return std::min(kBlockRows, count_ - block * kBlockRows); }
  Place place_of(size_t block) const {
    return block + 1 == blocks() ? Place::kLast : Place::kInside;
  }
  bool constant_version() const;
  bool any_tombstone() const;

  /// A section of one integer a row.
  void AddRows(uint64_t origin, const int64_t* values);
  /// The same of `value(row)`; `row` counts from the chunk's first.
  template <typename Value>
  void AddIntegers(uint64_t origin, Value value);
  template <typename Value>
  void AddBits(Value value);
  void AddInfos();
  void AddColumn(const RowColumns::Column& column, ByteWriter& header);
  void AddValues(const RowColumns::Column& column);
  void AddTexts(const RowColumns::Column& column);
  void FindPresent(const RowColumns::Column& column);

  const RowColumns& rows_;
  const size_t from_;
  const size_t count_;
  const Effort effort_;
  std::vector<std::string> sections_;
  ByteWriter stats_;
  // Of the column at hand: its rows that are not null, counted from the chunk's first, and how many
  // of them lie in each block.
  bool all_present_ = true;  // then present_ is empty
  std::vector<uint16_t> present_;
  std::vector<size_t> present_in_;
};

bool ChunkWriter::constant_version() const {
  const auto versions = std::span(rows_.versions).subspan(from_, count_);
  return std::all_of(versions.begin(), versions.end(), [&](int64_t v) { return v == versions[0]; });
}

bool ChunkWriter::any_tombstone() const {
  if (rows_.tombstones.empty()) return false;
  const auto some = std::span(rows_.tombstones).subspan(from_, count_);
  return std::any_of(some.begin(), some.end(), [](uint8_t t) { return t != 0; });
}

void ChunkWriter::AddRows(uint64_t origin, const int64_t* values) {
  std::string& section = sections_.emplace_back();
  // The unsigned type may alias the signed one.
  const auto* all = reinterpret_cast<const uint64_t*>(values);
  std::string block;
  for (size_t b = 0; b < blocks(); ++b) {
    block.clear();
    codec::EncodeIntegers(std::span(all + b * kBlockRows, rows_in(b)), origin, effort_, block);
    AppendBlock(block, place_of(b), section);
  }
}

template <typename Value>
void ChunkWriter::AddIntegers(uint64_t origin, Value value) {
  std::string& section = sections_.emplace_back();
  std::array<uint64_t, kBlockRows> values{};
  std::string block;
  for (size_t b = 0; b < blocks(); ++b) {
    const size_t n = rows_in(b);
    for (size_t i = 0; i < n; ++i) values[i] = value(b * kBlockRows + i);
    block.clear();
    codec::EncodeIntegers(std::span(values).first(n), origin, effort_, block);
    AppendBlock(block, place_of(b), section);
  }
}

template <typename Value>
void ChunkWriter::AddBits(Value value) {
  std::string& section = sections_.emplace_back();
  std::array<uint8_t, kBlockRows> values{};
  std::string block;
  for (size_t b = 0; b < blocks(); ++b) {
    const size_t n = rows_in(b);
    for (size_t i = 0; i < n; ++i) values[i] = value(b * kBlockRows + i) ? 1 : 0;
    block.clear();
    codec::EncodeBits(std::span(values).first(n), block);
    AppendBlock(block, place_of(b), section);
  }
}

void ChunkWriter::AddInfos() {
  const RowInfo* infos = rows_.infos.data() + from_;
  const int64_t* times = rows_.times.data() + from_;
  const auto difference = [](int64_t a, int64_t b) {
    return static_cast<uint64_t>(a) - static_cast<uint64_t>(b);
  };
  AddIntegers(0, [&](size_t i) { return difference(infos[i].window_start.ns, times[i]); });
  AddIntegers(
      0, [&](size_t i) { return difference(infos[i].window_end.ns, infos[i].window_start.ns); });
  AddIntegers(0, [&](size_t i) { return uint64_t{infos[i].revision}; });
  AddIntegers(0, [&](size_t i) { return infos[i].record_count; });
}

void ChunkWriter::FindPresent(const RowColumns::Column& column) {
  present_.clear();
  present_in_.assign(blocks(), 0);
  all_present_ = column.valid.empty() && rows_.tombstones.empty();
  if (all_present_) {
    for (size_t b = 0; b < blocks(); ++b) present_in_[b] = rows_in(b);
    return;
  }
  for (size_t i = 0; i < count_; ++i) {
    const size_t row = from_ + i;
    if (!column.valid.empty() && column.valid[row] == 0) continue;
    if (!rows_.tombstones.empty() && rows_.tombstones[row] != 0) continue;
    present_.push_back(static_cast<uint16_t>(i));
    ++present_in_[i / kBlockRows];
  }
  all_present_ = present_.size() == count_;
}

void ChunkWriter::AddTexts(const RowColumns::Column& column) {
  std::vector<std::string_view> gathered;
  std::span<const std::string_view> texts;
  if (all_present_) {
    texts = std::span(column.texts).subspan(from_, count_);
  } else {
    for (const uint16_t row : present_) gathered.push_back(column.texts[from_ + row]);
    texts = gathered;
  }
  codec::TextBlocks cut;
  size_t at = 0;
  for (const size_t n : present_in_) {
    cut.push_back(texts.subspan(at, n));
    at += n;
  }
  codec::EncodeTexts(cut, effort_, sections_.emplace_back());
}

void ChunkWriter::AddValues(const RowColumns::Column& column) {
  std::vector<uint64_t> gathered;
  std::span<const uint64_t> bits;
  if (all_present_) {
    bits = std::span(column.bits).subspan(from_, count_);
  } else {
    gathered.reserve(present_.size());
    for (const uint16_t row : present_) gathered.push_back(column.bits[from_ + row]);
    bits = gathered;
  }
  if (codec::HasStatistics(column.type) && count_ >= kStatsRowsMin && !bits.empty()) {
    codec::AppendStats(codec::ComputeStats(column.type, bits), column.type, stats_);
  }
  std::string& section = sections_.emplace_back();
  codec::DecimalHint hint;
  std::string block;
  size_t at = 0;
  for (size_t b = 0; b < blocks(); ++b) {
    const auto values = bits.subspan(at, present_in_[b]);
    at += values.size();
    block.clear();
    if (values.empty()) {
      // Nothing at all: the validity says so.
    } else if (column.type == ValueType::kDouble) {
      codec::EncodeDoubles(values, effort_, hint, block);
    } else if (column.type == ValueType::kBoolean) {
      std::array<uint8_t, kBlockRows> flags{};
      for (size_t i = 0; i < values.size(); ++i) flags[i] = values[i] != 0 ? 1 : 0;
      codec::EncodeBits(std::span(flags).first(values.size()), block);
    } else {
      codec::EncodeIntegers(values, 0, effort_, block);
    }
    AppendBlock(block, place_of(b), section);
  }
}

void ChunkWriter::AddColumn(const RowColumns::Column& column, ByteWriter& header) {
  FindPresent(column);
  const bool has_nulls = !all_present_;
  const bool any = all_present_ || !present_.empty();
  const bool has_stats = codec::HasStatistics(column.type) && count_ >= kStatsRowsMin && any;
  header.PutU8(static_cast<uint8_t>(static_cast<unsigned>(column.type) |
                                    (has_nulls ? codec::kColumnHasNulls : 0U) |
                                    (has_stats ? codec::kColumnHasStats : 0U)));
  if (has_nulls) {
    size_t next = 0;
    AddBits([&](size_t i) {
      if (next == present_.size() || present_[next] != i) return false;
      ++next;
      return true;
    });
  }
  if (column.type == ValueType::kVarchar) {
    AddTexts(column);
  } else {
    AddValues(column);
  }
}

void ChunkWriter::Write(uint32_t series, ChunkPlace place, std::string& out) {
  TM_CHECK(count_ >= 1 && count_ <= kChunkRowsMax && from_ + count_ <= rows_.rows());
  const int64_t min_time = rows_.times[from_];
  const auto origin = static_cast<uint64_t>(min_time);
  AddRows(origin, rows_.times.data() + from_);

  unsigned flags = 0;
  const int64_t version = rows_.versions[from_];
  if (!constant_version()) {
    flags |= codec::kVersionsStored;
    AddRows(static_cast<uint64_t>(version), rows_.versions.data() + from_);
  }
  if (!rows_.infos.empty()) {
    flags |= codec::kInfosStored;
    AddInfos();
  }
  if (any_tombstone()) {
    flags |= codec::kTombstonesStored;
    AddBits([&](size_t i) { return rows_.tombstones[from_ + i] != 0; });
  }

  ByteWriter header;
  header.PutSigned(version);
  const auto& columns = rows_.columns;
  if (columns.size() == 1 && columns[0].field == kSingleField) {
    flags |= codec::kSingle;
  } else {
    header.PutVarint(columns.size());
  }
  uint32_t next_field = 0;
  for (const RowColumns::Column& column : columns) {
    if ((flags & codec::kSingle) == 0) {
      TM_CHECK(column.field >= next_field && column.field != kSingleField);
      header.PutVarint(column.field - next_field);
      next_field = column.field + 1;
    }
    AddColumn(column, header);
  }
  for (size_t i = 0; i + 1 < sections_.size(); ++i) header.PutVarint(sections_[i].size());
  header.PutRaw(stats_.view());

  size_t bytes = codec::kFixedHeaderBytes + header.size();
  for (const std::string& section : sections_) bytes += section.size();
  const size_t padding = (8 - bytes % 8) % 8;
  bytes += padding;
  TM_CHECK(bytes <= UINT32_MAX);

  ByteWriter fixed;
  fixed.PutU32(static_cast<uint32_t>(bytes));
  fixed.PutU32(series);
  fixed.PutU16(static_cast<uint16_t>(count_));
  fixed.PutU8(static_cast<uint8_t>(flags | (padding << codec::kPaddingShift)));
  fixed.PutU8(0);
  fixed.PutI64(min_time);

  const size_t at = out.size();
  out.reserve(at + bytes);
  out.append(codec::kCrcBytes, '\0');
  out += fixed.view();
  out += header.view();
  for (const std::string& section : sections_) out += section;
  out.append(padding, '\0');
  const uint32_t crc = Crc32c(Crc32cSeed(place.file_no, place.offset),
                              std::string_view(out).substr(at + codec::kCrcBytes));
  std::copy_n(reinterpret_cast<const char*>(&crc), sizeof(crc),
              out.begin() + static_cast<std::ptrdiff_t>(at));
}

#ifdef TM_DEBUG_CHECKS
/// Whether rows [from, from + n) of `in` are `out`; values of nulls do not count.
bool SameRows(const RowColumns& in, size_t from, size_t n, const RowColumns& out) {
  const auto equal = [&](const auto& a, const auto& b) {
    return std::equal(b.begin(), b.end(), a.begin() + static_cast<std::ptrdiff_t>(from));
  };
  if (out.rows() != n || !equal(in.times, out.times) || !equal(in.versions, out.versions))
    return false;
  if (!in.infos.empty() && !equal(in.infos, out.infos)) return false;
  if (in.columns.size() != out.columns.size()) return false;
  const auto ended = [&](size_t i) {
    return !in.tombstones.empty() && in.tombstones[from + i] != 0;
  };
  for (size_t i = 0; i < n; ++i) {
    if ((!out.tombstones.empty() && out.tombstones[i] != 0) != ended(i)) return false;
  }
  for (size_t c = 0; c < in.columns.size(); ++c) {
    const auto& a = in.columns[c];
    const auto& b = out.columns[c];
    if (a.field != b.field || a.type != b.type) return false;
    for (size_t i = 0; i < n; ++i) {
      const bool present = !ended(i) && (a.valid.empty() || a.valid[from + i] != 0);
      if (present != (b.valid.empty() || b.valid[i] != 0)) return false;
      if (!present) continue;
      if (a.type == ValueType::kVarchar ? a.texts[from + i] != b.texts[i]
                                        : a.bits[from + i] != b.bits[i]) {
        return false;
      }
    }
  }
  return true;
}
#endif

}  // namespace

void EncodeChunk(const RowColumns& rows, size_t from, size_t to, uint32_t series, Effort effort,
                 ChunkPlace place, std::string& out) {
  [[maybe_unused]] const size_t at = out.size();
  ChunkWriter(rows, from, to, effort).Write(series, place, out);
#ifdef TM_DEBUG_CHECKS
  // What is about to be written must read back: a coder's mistake costs data.
  auto chunk = Chunk::Open(std::string_view(out).substr(at), place, Chunk::Verify::kYes);
  TM_DCHECK(chunk.ok());
  RowColumns back;
  TextArena arena;
  TM_DCHECK(chunk->AppendTo(back, arena).ok());
  TM_DCHECK(SameRows(rows, from, to - from, back));
#endif
}

}  // namespace tidemark::store
