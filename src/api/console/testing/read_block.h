// SPDX-License-Identifier: Apache-2.0
// Reads column blocks as a page does (web/API.md section 3.2). Immutable values.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"

namespace tidemark::console {

struct ReadBlock {
  JsonValue header;
  std::string data;

  const JsonValue& column(size_t i) const { return header.Find("columns")->array()[i]; }
  std::string type(size_t i) const { return column(i).Find("type")->string_value(); }
  std::string_view Buffer(size_t i, std::string_view member = "buf") const {
    const JsonValue* extent = column(i).Find(member);
    if (extent == nullptr || !extent->is_array()) return {};
    const auto offset = static_cast<size_t>(*extent->array()[0].AsInt64());
    EXPECT_EQ(offset % 8, 0U);
    return std::string_view(data).substr(offset,
                                         static_cast<size_t>(*extent->array()[1].AsInt64()));
  }
  template <typename T>
  std::vector<T> Values(size_t i, std::string_view member = "buf") const {
    const std::string_view bytes = Buffer(i, member);
    std::vector<T> out(bytes.size() / sizeof(T));
    std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
    return out;
  }
  /// Of types "varchar" and "json".
  std::vector<std::string> Texts(size_t i) const {
    const std::string_view bytes = Buffer(i);
    const auto rows = static_cast<size_t>(*header.Find("rows")->AsInt64());
    std::vector<uint32_t> ends(rows + 1);
    std::memcpy(ends.data(), bytes.data(), ends.size() * sizeof(uint32_t));
    std::vector<std::string> out;
    for (size_t row = 0; row < rows; ++row) {
      out.emplace_back(
          bytes.substr(ends.size() * sizeof(uint32_t) + ends[row], ends[row + 1] - ends[row]));
    }
    return out;
  }
};

/// The blocks of a concatenation.
inline std::vector<ReadBlock> ReadBlocks(std::string_view text) {
  std::vector<ReadBlock> out;
  while (!text.empty()) {
    EXPECT_TRUE(text.starts_with("TMCOLS1\n"));
    uint32_t header = 0;
    if (text.size() < 12) return out;
    std::memcpy(&header, text.data() + 8, sizeof(header));
    ReadBlock block;
    auto parsed = ParseJson(text.substr(12, header));
    EXPECT_TRUE(parsed.ok()) << text.substr(12, header);
    if (!parsed.ok()) return out;
    block.header = std::move(*parsed);
    const size_t begin = (12 + size_t{header} + 7) / 8 * 8;
    const auto bytes = static_cast<size_t>(*block.header.Find("bytes")->AsInt64());
    EXPECT_EQ(bytes % 8, 0U);
    block.data = text.substr(begin, bytes);
    text.remove_prefix(std::min(begin + bytes, text.size()));
    out.push_back(std::move(block));
  }
  return out;
}

}  // namespace tidemark::console
