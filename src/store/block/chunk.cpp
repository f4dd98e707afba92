// SPDX-License-Identifier: Apache-2.0
// Invariants that Open() establishes, so that the rest need not look again:
// 1. The header and all section bounds lie inside the bytes; sections cover them without a gap.
// 2. Blocks of the time section have headers that parse, start in ascending order, and do not
//    overflow; block 0 starts at min_time.
// What lies inside a block is checked when the block is decoded.
#include "store/block/chunk.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/checksum.h"
#include "store/block/chunk_layout_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/text_codec_internal.h"

namespace tidemark::store {
namespace {

using codec::IntegerBlock;
using codec::IntegerMode;

constexpr size_t kNoBlock = SIZE_MAX;

Error Malformed(std::string_view what) {
  return Error{Code::kCorruption, "chunk: " + std::string(what)};
}

/// A section of blocks, taken apart at its first use.
struct Section {
  std::string_view bytes;
  std::vector<std::string_view> blocks;

  bool Split(size_t count) { return !blocks.empty() || codec::SplitBlocks(bytes, count, blocks); }
};

struct ColumnState {
  uint32_t field = kSingleField;
  ValueType type = ValueType::kDouble;
  bool has_nulls = false;
  bool has_stats = false;
  ColumnStats stats;
  Section validity;
  Section values;
  codec::TextColumn texts;
  bool texts_open = false;
};

}  // namespace

void RowColumns::Clear() {
  times.clear();
  versions.clear();
  columns.clear();
  infos.clear();
  tombstones.clear();
}

struct Chunk::Impl {
  uint32_t series = 0;
  size_t rows = 0;
  int64_t min_time = 0;
  unsigned flags = 0;
  int64_t first_version = 0;
  std::vector<IntegerBlock> times;
  Section time_section;
  Section versions;
  std::array<Section, codec::kInfoSections> infos;
  Section tombstones;
  std::vector<ColumnState> columns;
  // The block of times decoded last, for Find().
  size_t cached_block = kNoBlock;
  std::vector<int64_t> cached_times;

  size_t blocks() const { return (rows + kBlockRows - 1) / kBlockRows; }
  size_t rows_in(size_t block) const { return std::min(kBlockRows, rows - block * kBlockRows); }

  bool ReadHeader(std::string_view bytes);
  bool ReadColumns(ByteReader& in);
  bool ReadSections(std::string_view bytes, ByteReader& in);
  bool OpenTimes();
  bool DecodeTimes(size_t block, int64_t* out);
  bool DecodeIntegers(Section& section, size_t block, uint64_t origin, uint64_t* out);
  bool DecodeBitSection(Section& section, size_t block, uint8_t* out);
  /// Where values of the block go: `valid` filled, their number in `present`.
  bool DecodeValid(ColumnState& column, size_t block, uint8_t* valid, size_t& present);
  bool DecodeValues(ColumnState& column, size_t block, size_t n, uint64_t* out);
  bool DecodeBits(size_t column, size_t block, uint64_t* out);
  bool DecodeTexts(size_t column, size_t block, std::string_view* out, TextArena& arena);
  bool DecodeInfos(size_t block, RowInfo* out);
};

bool Chunk::Impl::ReadHeader(std::string_view bytes) {
  ByteReader in(bytes);
  in.GetU32();  // CRC
  const uint32_t length = in.GetU32();
  series = in.GetU32();
  rows = in.GetU16();
  flags = in.GetU8();
  const uint8_t reserved = in.GetU8();
  min_time = in.GetI64();
  first_version = in.GetSigned();
  if (!in.ok() || length != bytes.size() || bytes.size() % 8 != 0) return false;
  if (rows == 0 || rows > kChunkRowsMax || reserved != 0 || flags > codec::kFlagBits) return false;
  return ReadColumns(in) && ReadSections(bytes, in) && OpenTimes();
}

bool Chunk::Impl::ReadColumns(ByteReader& in) {
  const bool single = (flags & codec::kSingle) != 0;
  const uint64_t count = single ? 1 : in.GetVarint();
  // Each takes at least two bytes of the header: nothing is allocated for what cannot be there.
  if (!in.ok() || count > in.remaining() / 2) return false;
  columns.resize(count);
  uint64_t next_field = 0;
  for (ColumnState& column : columns) {
    if (!single) {
      const uint64_t gap = in.GetVarint();
      if (!in.ok() || gap >= kSingleField - next_field) return false;
      column.field = static_cast<uint32_t>(next_field + gap);
      next_field = uint64_t{column.field} + 1;
    }
    const unsigned kind = in.GetU8();
    const unsigned type = kind & codec::kColumnTypeBits;
    if (!in.ok() || type == 0 || type > static_cast<unsigned>(ValueType::kTimestamp)) return false;
    column.type = static_cast<ValueType>(type);
    column.has_nulls = (kind & codec::kColumnHasNulls) != 0;
    column.has_stats = (kind & codec::kColumnHasStats) != 0;
    constexpr unsigned kKnown =
        codec::kColumnTypeBits | codec::kColumnHasNulls | codec::kColumnHasStats;
    if ((kind & ~kKnown) != 0) return false;
    if (column.has_stats && !codec::HasStatistics(column.type)) return false;
  }
  return true;
}

bool Chunk::Impl::ReadSections(std::string_view bytes, ByteReader& in) {
  std::vector<Section*> sections{&time_section};
  if ((flags & codec::kVersionsStored) != 0) sections.push_back(&versions);
  if ((flags & codec::kInfosStored) != 0) {
    for (Section& section : infos) sections.push_back(&section);
  }
  if ((flags & codec::kTombstonesStored) != 0) sections.push_back(&tombstones);
  for (ColumnState& column : columns) {
    if (column.has_nulls) sections.push_back(&column.validity);
    sections.push_back(&column.values);
  }
  std::vector<uint64_t> lengths(sections.size() - 1);
  for (uint64_t& length : lengths) length = in.GetVarint();
  for (ColumnState& column : columns) {
    if (column.has_stats && !codec::ReadStats(in, column.type, rows, column.stats)) return false;
  }
  if (!in.ok()) return false;

  const size_t padding = flags >> codec::kPaddingShift;
  std::string_view rest = bytes.substr(bytes.size() - in.remaining());
  if (rest.size() < padding) return false;
  const std::string_view zeros = rest.substr(rest.size() - padding);
  if (zeros.find_first_not_of('\0') != std::string_view::npos) return false;
  rest.remove_suffix(padding);
  for (size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] > rest.size()) return false;
    sections[i]->bytes = rest.substr(0, lengths[i]);
    rest.remove_prefix(lengths[i]);
  }
  sections.back()->bytes = rest;
  return true;
}

bool Chunk::Impl::OpenTimes() {
  if (!time_section.Split(blocks())) return false;
  times.resize(blocks());
  for (size_t b = 0; b < blocks(); ++b) {
    const size_t n = rows_in(b);
    if (!codec::OpenIntegers(time_section.blocks[b], n, static_cast<uint64_t>(min_time),
                             times[b])) {
      return false;
    }
    const auto first = static_cast<int64_t>(times[b].first);
    if (b == 0 ? first != min_time : first <= static_cast<int64_t>(times[b - 1].first))
      return false;
    if (times[b].mode != IntegerMode::kLinear || n == 1) continue;
    // Unsigned: from INT64_MIN to INT64_MAX is one step, too.
    const uint64_t room = static_cast<uint64_t>(INT64_MAX) - times[b].first;
    if (times[b].step == 0 || times[b].step > room / (n - 1)) return false;
  }
  return true;
}

bool Chunk::Impl::DecodeTimes(size_t block, int64_t* out) {
  const size_t n = rows_in(block);
  // uint64_t and int64_t may alias.
  if (!codec::DecodeIntegers(time_section.blocks[block], n, static_cast<uint64_t>(min_time),
                             reinterpret_cast<uint64_t*>(out))) {
    return false;
  }
  bool ascending = out[0] == static_cast<int64_t>(times[block].first);
  for (size_t i = 1; i < n; ++i) ascending &= out[i - 1] < out[i];
  if (block + 1 < times.size())
    ascending &= out[n - 1] < static_cast<int64_t>(times[block + 1].first);
  return ascending;
}

bool Chunk::Impl::DecodeIntegers(Section& section, size_t block, uint64_t origin, uint64_t* out) {
  return section.Split(blocks()) &&
         codec::DecodeIntegers(section.blocks[block], rows_in(block), origin, out);
}

bool Chunk::Impl::DecodeBitSection(Section& section, size_t block, uint8_t* out) {
  return section.Split(blocks()) && codec::DecodeBits(section.blocks[block], rows_in(block), out);
}

bool Chunk::Impl::DecodeValid(ColumnState& column, size_t block, uint8_t* valid, size_t& present) {
  const size_t n = rows_in(block);
  if (!DecodeBitSection(column.validity, block, valid)) return false;
  present = 0;
  for (size_t i = 0; i < n; ++i) present += valid[i];
  return true;
}

bool Chunk::Impl::DecodeValues(ColumnState& column, size_t block, size_t n, uint64_t* out) {
  if (!column.values.Split(blocks())) return false;
  const std::string_view bytes = column.values.blocks[block];
  if (n == 0) return bytes.empty();
  if (column.type == ValueType::kDouble) return codec::DecodeDoubles(bytes, n, out);
  if (column.type != ValueType::kBoolean) return codec::DecodeIntegers(bytes, n, 0, out);
  std::array<uint8_t, kBlockRows> flags_of_block{};
  if (!codec::DecodeBits(bytes, n, flags_of_block.data())) return false;
  std::copy_n(flags_of_block.begin(), n, out);
  return true;
}

bool Chunk::Impl::DecodeBits(size_t column, size_t block, uint64_t* out) {
  ColumnState& state = columns[column];
  const size_t n = rows_in(block);
  if (!state.has_nulls) return DecodeValues(state, block, n, out);
  std::array<uint8_t, kBlockRows> valid{};
  std::array<uint64_t, kBlockRows> values;
  size_t present = 0;
  if (!DecodeValid(state, block, valid.data(), present)) return false;
  if (!DecodeValues(state, block, present, values.data())) return false;
  size_t next = 0;
  for (size_t i = 0; i < n; ++i) out[i] = valid[i] != 0 ? values[next++] : 0;
  return true;
}

bool Chunk::Impl::DecodeTexts(size_t column, size_t block, std::string_view* out,
                              TextArena& arena) {
  ColumnState& state = columns[column];
  const size_t n = rows_in(block);
  if (!state.texts_open) {
    if (!codec::TextColumn::Open(state.values.bytes, blocks(), state.texts)) return false;
    state.texts_open = true;
  }
  if (!state.has_nulls) return state.texts.Decode(block, n, out, arena);
  std::array<uint8_t, kBlockRows> valid{};
  std::array<std::string_view, kBlockRows> values;
  size_t present = 0;
  if (!DecodeValid(state, block, valid.data(), present)) return false;
  if (!state.texts.Decode(block, present, values.data(), arena)) return false;
  size_t next = 0;
  for (size_t i = 0; i < n; ++i) out[i] = valid[i] != 0 ? values[next++] : std::string_view();
  return true;
}

bool Chunk::Impl::DecodeInfos(size_t block, RowInfo* out) {
  const size_t n = rows_in(block);
  std::array<int64_t, kBlockRows> row_times;
  std::array<uint64_t, kBlockRows> values;
  if (!DecodeTimes(block, row_times.data())) return false;
  if (!DecodeIntegers(infos[0], block, 0, values.data())) return false;
  for (size_t i = 0; i < n; ++i) {
    out[i].window_start.ns = static_cast<int64_t>(static_cast<uint64_t>(row_times[i]) + values[i]);
  }
  if (!DecodeIntegers(infos[1], block, 0, values.data())) return false;
  for (size_t i = 0; i < n; ++i) {
    out[i].window_end.ns =
        static_cast<int64_t>(static_cast<uint64_t>(out[i].window_start.ns) + values[i]);
  }
  if (!DecodeIntegers(infos[2], block, 0, values.data())) return false;
  for (size_t i = 0; i < n; ++i) {
    if (values[i] > UINT32_MAX) return false;
    out[i].revision = static_cast<uint32_t>(values[i]);
  }
  if (!DecodeIntegers(infos[3], block, 0, values.data())) return false;
  for (size_t i = 0; i < n; ++i) out[i].record_count = values[i];
  return true;
}

Result<Chunk> Chunk::Open(std::string_view bytes, ChunkPlace place, Verify verify) {
  if (bytes.size() < codec::kFixedHeaderBytes) return Malformed("shorter than its header");
  if (verify == Verify::kYes) {
    const uint32_t crc =
        Crc32c(Crc32cSeed(place.file_no, place.offset), bytes.substr(codec::kCrcBytes));
    if (ByteReader(bytes).GetU32() != crc) return Malformed("checksum differs");
  }
  auto impl = std::make_unique<Impl>();
  if (!impl->ReadHeader(bytes)) return Malformed("bad header");
  return Chunk(std::move(impl));
}

Chunk::Chunk(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Chunk::Chunk(Chunk&&) noexcept = default;
Chunk& Chunk::operator=(Chunk&&) noexcept = default;
Chunk::~Chunk() = default;

uint32_t Chunk::series() const { return impl_->series; }
size_t Chunk::rows() const { return impl_->rows; }
int64_t Chunk::min_time() const { return impl_->min_time; }
size_t Chunk::rows_in(size_t block) const { return impl_->rows_in(block); }
bool Chunk::owned() const { return (impl_->flags & codec::kInfosStored) != 0; }
bool Chunk::has_tombstones() const { return (impl_->flags & codec::kTombstonesStored) != 0; }
bool Chunk::constant_version() const { return (impl_->flags & codec::kVersionsStored) == 0; }
int64_t Chunk::first_version() const { return impl_->first_version; }
size_t Chunk::columns() const { return impl_->columns.size(); }
uint32_t Chunk::field(size_t column) const { return impl_->columns[column].field; }
ValueType Chunk::type(size_t column) const { return impl_->columns[column].type; }
bool Chunk::has_nulls(size_t column) const { return impl_->columns[column].has_nulls; }
const ColumnStats* Chunk::stats(size_t column) const {
  const ColumnState& state = impl_->columns[column];
  return state.has_stats ? &state.stats : nullptr;
}

size_t Chunk::BlockAt(int64_t time) const {
  const auto& times = impl_->times;
  const auto later = std::upper_bound(
      times.begin(), times.end(), time,
      [](int64_t t, const IntegerBlock& block) { return t < static_cast<int64_t>(block.first); });
  return later == times.begin() ? 0 : static_cast<size_t>(later - times.begin()) - 1;
}

int64_t Chunk::BlockStart(size_t block) const {
  return static_cast<int64_t>(impl_->times[block].first);
}

Result<void> Chunk::Times(size_t block, int64_t* out) {
  if (!impl_->DecodeTimes(block, out)) return Malformed("bad times");
  return {};
}

Result<void> Chunk::Versions(size_t block, int64_t* out) {
  if (constant_version()) {
    std::fill_n(out, impl_->rows_in(block), impl_->first_version);
    return {};
  }
  if (!impl_->DecodeIntegers(impl_->versions, block, static_cast<uint64_t>(impl_->first_version),
                             reinterpret_cast<uint64_t*>(out))) {
    return Malformed("bad versions");
  }
  return {};
}

Result<void> Chunk::Bits(size_t column, size_t block, uint64_t* out) {
  TM_DCHECK(type(column) != ValueType::kVarchar);
  if (!impl_->DecodeBits(column, block, out)) return Malformed("bad values");
  return {};
}

Result<void> Chunk::Texts(size_t column, size_t block, std::string_view* out, TextArena& arena) {
  TM_DCHECK(type(column) == ValueType::kVarchar);
  if (!impl_->DecodeTexts(column, block, out, arena)) return Malformed("bad texts");
  return {};
}

Result<void> Chunk::Valid(size_t column, size_t block, uint8_t* out) {
  ColumnState& state = impl_->columns[column];
  if (!state.has_nulls) {
    std::fill_n(out, impl_->rows_in(block), uint8_t{1});
    return {};
  }
  size_t present = 0;
  if (!impl_->DecodeValid(state, block, out, present)) return Malformed("bad validity");
  return {};
}

Result<void> Chunk::Infos(size_t block, RowInfo* out) {
  if (!owned()) {
    std::fill_n(out, impl_->rows_in(block), RowInfo{});
    return {};
  }
  if (!impl_->DecodeInfos(block, out)) return Malformed("bad row infos");
  return {};
}

Result<void> Chunk::Tombstones(size_t block, uint8_t* out) {
  if (!has_tombstones()) {
    std::fill_n(out, impl_->rows_in(block), uint8_t{0});
    return {};
  }
  if (!impl_->DecodeBitSection(impl_->tombstones, block, out)) return Malformed("bad tombstones");
  return {};
}

Result<size_t> Chunk::Find(int64_t time) {
  if (time < min_time()) return rows();
  const size_t block = BlockAt(time);
  const size_t n = rows_in(block);
  const IntegerBlock& times = impl_->times[block];
  if (times.mode == IntegerMode::kLinear) {
    const uint64_t distance = static_cast<uint64_t>(time) - times.first;
    if (distance == 0) return block * kBlockRows;
    const bool hit = n > 1 && distance % times.step == 0 && distance / times.step < n;
    return hit ? block * kBlockRows + distance / times.step : rows();
  }
  if (times.random_access()) {
    size_t low = 0;
    size_t high = n;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (static_cast<int64_t>(times.At(middle, n)) < time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const bool hit = low < n && static_cast<int64_t>(times.At(low, n)) == time;
    return hit ? block * kBlockRows + low : rows();
  }
  if (impl_->cached_block != block) {
    impl_->cached_block = kNoBlock;
    impl_->cached_times.resize(kBlockRows);
    TM_RETURN_IF_ERROR(Times(block, impl_->cached_times.data()));
    impl_->cached_block = block;
  }
  const auto decoded = std::span(impl_->cached_times).first(n);
  const auto at = std::lower_bound(decoded.begin(), decoded.end(), time);
  if (at == decoded.end() || *at != time) return rows();
  return block * kBlockRows + static_cast<size_t>(at - decoded.begin());
}

}  // namespace tidemark::store
