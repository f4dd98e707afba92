// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/bit_packing_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/residual_codec_internal.h"
#include "store/block/text_codec_internal.h"

namespace tidemark::store::codec {
namespace {

enum TextMode : uint8_t { kPlainBlocks = 0, kDictionary = 1 };
enum Storage : uint8_t { kStored = 0, kZstd = 1 };
// storage.md 7.3: a dictionary while distinct values are at most half of the rows.
constexpr size_t kDistinctShareMin = 2;
// Larger texts are stored as they are, so that few bytes cannot ask for much memory.
constexpr size_t kInflatedBytesMax = size_t{4} << 20U;
constexpr size_t kCompressBytesMin = 64;

/// Text of few symbols (hex ids) is smaller at level 1 than at 6: a last merge tries both.
std::string Compress(std::string_view content, Effort effort) {
  const auto at_level = [&](int level) {
    std::string frame(ZSTD_compressBound(content.size()), '\0');
    const size_t size =
        ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), level);
    frame.resize(ZSTD_isError(size) != 0 ? 0 : size);
    return frame;
  };
  std::string best = at_level(1);
  if (effort == Effort::kSmall) {
    std::string other = at_level(6);
    if (other.size() < best.size()) best.swap(other);
  }
  return best;
}

/// storage byte, varint size, then the bytes; compressed: varint size before, zstd frame.
void AppendContent(std::string_view content, Effort effort, std::string& out) {
  if (content.size() >= kCompressBytesMin && content.size() <= kInflatedBytesMax) {
    const std::string frame = Compress(content, effort);
    if (!frame.empty() && frame.size() + frame.size() / 16 < content.size()) {
      out.push_back(static_cast<char>(kZstd));
      AppendVarint(content.size(), out);
      AppendVarint(frame.size(), out);
      out.append(frame);
      return;
    }
  }
  out.push_back(static_cast<char>(kStored));
  AppendVarint(content.size(), out);
  out.append(content);
}

struct Content {
  std::string_view stored;
  size_t bytes = 0;  // when inflated
  bool compressed = false;
};

bool ReadContent(ByteReader& in, Content& out) {
  const uint8_t storage = in.GetU8();
  out.compressed = storage == kZstd;
  out.bytes = in.GetVarint();
  if (!in.ok() || storage > kZstd) return false;
  if (out.compressed && out.bytes > kInflatedBytesMax) return false;
  out.stored = in.GetRaw(out.compressed ? in.GetVarint() : out.bytes);
  return in.ok();
}

std::shared_ptr<const std::string> Inflate(std::string_view stored, size_t bytes) {
  if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != bytes) return nullptr;
  auto text = std::make_shared<std::string>(bytes, '\0');
  const size_t size = ZSTD_decompress(text->data(), bytes, stored.data(), stored.size());
  if (ZSTD_isError(size) != 0 || size != bytes) return nullptr;
  return text;
}

/// Cuts `text` by varint lengths; all of it must be used.
bool CutByLengths(ByteReader& lengths, std::string_view text, std::span<std::string_view> out) {
  for (std::string_view& each : out) {
    const uint64_t size = lengths.GetVarint();
    if (!lengths.ok() || size > text.size()) return false;
    each = text.substr(0, size);
    text.remove_prefix(size);
  }
  return text.empty();
}

/// Codes in order of first appearance; empty: too many distinct texts.
struct Codes {
  std::vector<std::string_view> dictionary;
  std::vector<uint64_t> codes;

  explicit Codes(const TextBlocks& blocks) {
    size_t rows = 0;
    for (const auto& block : blocks) rows += block.size();
    const size_t distinct_max = std::max<size_t>(rows / kDistinctShareMin, 1);
    std::unordered_map<std::string_view, uint64_t> known;
    codes.reserve(rows);
    for (const auto& block : blocks) {
      for (const std::string_view text : block) {
        const auto [at, fresh] = known.try_emplace(text, dictionary.size());
        if (fresh) dictionary.push_back(text);
        if (dictionary.size() > distinct_max) {
          dictionary.clear();
          return;
        }
        codes.push_back(at->second);
      }
    }
  }
};

std::string EncodePlainBlock(std::span<const std::string_view> texts, Effort effort) {
  std::string out;
  if (texts.empty()) return out;
  std::array<uint64_t, kBlockRows> lengths{};
  std::string all;
  for (size_t i = 0; i < texts.size(); ++i) {
    lengths[i] = texts[i].size();
    all += texts[i];
  }
  std::string encoded;
  EncodeIntegers(std::span(lengths).first(texts.size()), 0, effort, encoded);
  AppendVarint(encoded.size(), out);
  out += encoded;
  AppendContent(all, effort, out);
  return out;
}

}  // namespace

void AppendBlock(std::string_view block, Place place, std::string& out) {
  if (place == Place::kInside) AppendVarint(block.size(), out);
  out.append(block);
}

bool SplitBlocks(std::string_view section, size_t count, std::vector<std::string_view>& out) {
  out.clear();
  out.reserve(count);
  ByteReader in(section);
  for (size_t i = 0; i + 1 < count; ++i) {
    out.push_back(in.GetString());
    if (!in.ok()) {
      out.clear();  // callers take blocks for a section that was taken apart
      return false;
    }
  }
  out.push_back(section.substr(section.size() - in.remaining()));
  return true;
}

void EncodeTexts(const TextBlocks& blocks, Effort effort, std::string& out) {
  const Codes codes(blocks);
  const bool has_dictionary = !codes.dictionary.empty();
  out.push_back(static_cast<char>(has_dictionary ? kDictionary : kPlainBlocks));
  if (has_dictionary) {
    std::string content;
    for (const std::string_view text : codes.dictionary) AppendVarint(text.size(), content);
    for (const std::string_view text : codes.dictionary) content += text;
    AppendVarint(codes.dictionary.size(), out);
    AppendContent(content, effort, out);
  }
  size_t at = 0;
  for (size_t b = 0; b < blocks.size(); ++b) {
    const auto place = b + 1 == blocks.size() ? Place::kLast : Place::kInside;
    std::string block;
    if (!has_dictionary) {
      block = EncodePlainBlock(blocks[b], effort);
    } else if (!blocks[b].empty()) {
      EncodeIntegers(std::span(codes.codes).subspan(at, blocks[b].size()), 0, effort, block);
    }
    at += blocks[b].size();
    AppendBlock(block, place, out);
  }
}

bool TextColumn::Open(std::string_view section, size_t blocks, TextColumn& out) {
  ByteReader in(section);
  const uint8_t mode = in.GetU8();
  if (!in.ok() || mode > kDictionary) return false;
  out.has_dictionary_ = mode == kDictionary;
  if (out.has_dictionary_) {
    const uint64_t entries = in.GetVarint();
    Content content;
    if (!ReadContent(in, content) || entries == 0 || entries > kChunkRowsMax) return false;
    out.entries_ = entries;
    out.stored_ = content.stored;
    out.content_bytes_ = content.bytes;
    out.compressed_ = content.compressed;
  }
  return SplitBlocks(section.substr(section.size() - in.remaining()), blocks, out.blocks_);
}

bool TextColumn::LoadDictionary() {
  if (loaded_) return true;
  std::string_view content = stored_;
  if (compressed_) {
    inflated_ = Inflate(stored_, content_bytes_);
    if (inflated_ == nullptr) return false;
    content = *inflated_;
  }
  // The lengths come first; where they end is known once they are read.
  ByteReader lengths(content);
  size_t text_bytes = 0;
  for (size_t i = 0; i < entries_; ++i) {
    const uint64_t size = lengths.GetVarint();
    if (!lengths.ok() || size > content.size()) return false;
    text_bytes += size;
  }
  if (text_bytes != lengths.remaining()) return false;
  dictionary_.resize(entries_);
  ByteReader again(content);
  if (!CutByLengths(again, content.substr(content.size() - text_bytes), dictionary_)) return false;
  loaded_ = true;
  return true;
}

bool TextColumn::Decode(size_t block, size_t n, std::string_view* out, TextArena& arena) {
  if (n == 0) return blocks_[block].empty();
  if (!has_dictionary_) return DecodePlain(blocks_[block], n, out, arena);
  if (!LoadDictionary()) return false;
  std::array<uint64_t, kBlockRows> codes;
  if (!DecodeIntegers(blocks_[block], n, 0, codes.data())) return false;
  for (size_t i = 0; i < n; ++i) {
    if (codes[i] >= dictionary_.size()) return false;
    out[i] = dictionary_[codes[i]];
  }
  if (inflated_ != nullptr && (arena.empty() || arena.back() != inflated_)) {
    arena.push_back(inflated_);
  }
  return true;
}

bool TextColumn::DecodePlain(std::string_view block, size_t n, std::string_view* out,
                             TextArena& arena) {
  ByteReader in(block);
  const std::string_view encoded = in.GetString();
  Content content;
  if (!ReadContent(in, content) || !in.AtEnd()) return false;
  std::array<uint64_t, kBlockRows> lengths;
  if (!DecodeIntegers(encoded, n, 0, lengths.data())) return false;
  std::string_view text = content.stored;
  if (content.compressed) {
    auto inflated = Inflate(content.stored, content.bytes);
    if (inflated == nullptr) return false;
    text = *inflated;
    arena.push_back(std::move(inflated));
  }
  for (size_t i = 0; i < n; ++i) {
    if (lengths[i] > text.size()) return false;
    out[i] = text.substr(0, lengths[i]);
    text.remove_prefix(lengths[i]);
  }
  return text.empty();
}

}  // namespace tidemark::store::codec
