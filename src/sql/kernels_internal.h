// SPDX-License-Identifier: Apache-2.0
// What the kernels' sources share.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sql::kernels {

inline Error Invalid(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }
inline Error OutOfRange(std::string_view type) {
  return Invalid(std::string(type) + " out of range");
}
inline Error CannotCast(std::string_view text, std::string_view type) {
  return Invalid("Cannot cast '" + std::string(text.substr(0, 100)) + "' to " + std::string(type));
}

/// A value built by a function is no longer than this: lpad(s, 2147483647, 'x') must not take the
/// memory of the whole server.
inline constexpr size_t kTextBytesMax = 16U << 20U;
inline Result<void> CheckSize(size_t bytes) {
  if (bytes <= kTextBytesMax) return {};
  return Invalid("the text would be longer than " + std::to_string(kTextBytesMax) + " bytes");
}

/// The same for lists.
inline constexpr size_t kPartsMax = 1'000'000;
inline Result<void> CheckParts(size_t count) {
  if (count <= kPartsMax) return {};
  return Invalid("the result would have more than " + std::to_string(kPartsMax) + " elements");
}

/// Bytes of the character at `at`; never beyond the end.
inline size_t CharacterBytes(std::string_view text, size_t at) {
  const auto first = static_cast<uint8_t>(text[at]);
  const size_t n = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return std::min(n, text.size() - at);
}

struct Decoded {
  uint32_t code_point = 0;
  size_t bytes = 1;
};

/// The character at `at` of valid UTF-8; a stray byte stands for itself.
inline Decoded Decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(text[at + i]));
  };
  const size_t n = CharacterBytes(text, at);
  const uint32_t first = byte(0);
  if (n == 1) return {first, 1};
  uint32_t code_point = first & (0xFFU >> (n + 1));
  for (size_t i = 1; i < n; ++i) code_point = code_point << 6U | (byte(i) & 0x3FU);
  return {code_point, n};
}

}  // namespace tidemark::sql::kernels
