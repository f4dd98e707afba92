// SPDX-License-Identifier: Apache-2.0
#include "store/block/testing/hex.h"

#include <cstdint>

#include "base/check.h"

namespace tidemark::store::testing {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) {
    out += kDigits[static_cast<uint8_t>(byte) >> 4U];
    out += kDigits[static_cast<uint8_t>(byte) & 15U];
  }
  return out;
}

std::string FromHex(std::string_view hex) {
  std::string out;
  int high = -1;
  for (const char digit : hex) {
    if (digit == ' ') continue;
    const size_t value = kDigits.find(digit);
    TM_CHECK(value != std::string_view::npos);
    if (high < 0) {
      high = static_cast<int>(value);
    } else {
      out.push_back(static_cast<char>(high * 16 + static_cast<int>(value)));
      high = -1;
    }
  }
  return out;
}

}  // namespace tidemark::store::testing
