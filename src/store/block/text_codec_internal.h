// SPDX-License-Identifier: Apache-2.0
// A VARCHAR column of a chunk: a dictionary and codes while values repeat, else lengths and text
// per block; text is compressed by zstd where that pays. Bytes: docs/format/block.md "VARCHAR".
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/block/chunk.h"

namespace tidemark::store::codec {

/// Texts of a chunk cut into blocks; nulls left out.
using TextBlocks = std::vector<std::span<const std::string_view>>;

/// Appends the section: a head (with the dictionary, if any), then one string a block, each with
/// its length in front but the last.
void EncodeTexts(const TextBlocks& blocks, Effort effort, std::string& out);

/// Reads a section over bytes that outlive it.
class TextColumn {
 public:
  /// `rows[b]` is the number of texts in block b. False: malformed.
  [[nodiscard]] static bool Open(std::string_view section, size_t blocks, TextColumn& out);
  /// Views point into the section or into strings that `arena` keeps.
  [[nodiscard]] bool Decode(size_t block, size_t n, std::string_view* out, TextArena& arena);

 private:
  [[nodiscard]] bool LoadDictionary();
  [[nodiscard]] static bool DecodePlain(std::string_view block, size_t n, std::string_view* out,
                                        TextArena& arena);

  bool has_dictionary_ = false;
  bool loaded_ = false;
  bool compressed_ = false;
  size_t entries_ = 0;
  size_t content_bytes_ = 0;
  std::string_view stored_;
  std::shared_ptr<const std::string> inflated_;  // null: the dictionary lies in the section
  std::vector<std::string_view> dictionary_;
  std::vector<std::string_view> blocks_;
};

/// Joins blocks to a section and takes them apart again.
enum class Place : uint8_t { kInside, kLast };
void AppendBlock(std::string_view block, Place place, std::string& out);
[[nodiscard]] bool SplitBlocks(std::string_view section, size_t count,
                               std::vector<std::string_view>& out);

}  // namespace tidemark::store::codec
