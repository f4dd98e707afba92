// SPDX-License-Identifier: Apache-2.0
#include "log/sequence_number.h"

#include <array>

#include "log/uint128_internal.h"

namespace tidemark::log {

void AppendDecimal(std::string& out, Uint128 value) {
  // Pieces of 18 digits: one wide division per piece, the digits from 64-bit arithmetic.
  constexpr uint64_t kPiece = 1'000'000'000'000'000'000;
  std::array<char, 40> digits{};
  size_t at = digits.size();
  while (true) {
    const bool last = value < kPiece;
    auto piece = static_cast<uint64_t>(value % kPiece);
    value /= kPiece;
    for (int i = 0; i < 18; ++i) {
      digits[--at] = static_cast<char>('0' + piece % 10);
      piece /= 10;
      if (last && piece == 0) {
        out.append(digits.data() + at, digits.size() - at);
        return;
      }
    }
  }
}

std::optional<Uint128> ParseDecimal(std::string_view text) {
  if (text.empty() || text.size() > 39 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  Uint128 value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    constexpr Uint128 kMax = ~Uint128{0};
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

SequenceNumber SequenceNumber::Make(StreamId stream, uint32_t shard, RecordOffset offset) {
  return {uint64_t{1} << 63U | uint64_t{shard & kShardNumberMax} << 36U |
              uint64_t{IncarnationOf(stream)} << 12U | (offset.value >> 48U & 0xfffU),
          offset.value << 16U};
}

std::optional<SequenceNumber> SequenceNumber::Parse(std::string_view text) {
  const auto value = ParseDecimal(text);
  if (!value) return std::nullopt;
  const SequenceNumber number{High(*value), Low(*value)};
  const bool version_0 = number.hi >> 60U == 0b1000;
  if (!version_0 || (number.lo & 0xffffU) != 0) return std::nullopt;
  return number;
}

std::string SequenceNumber::ToString() const {
  std::string out;
  AppendTo(out);
  return out;
}

void SequenceNumber::AppendTo(std::string& out) const { AppendDecimal(out, MakeUint128(hi, lo)); }

}  // namespace tidemark::log
