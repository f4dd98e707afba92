// SPDX-License-Identifier: Apache-2.0
// Decimal text of 128-bit unsigned integers. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::log {

__extension__ using Uint128 = unsigned __int128;

constexpr Uint128 MakeUint128(uint64_t hi, uint64_t lo) { return Uint128{hi} << 64U | lo; }
constexpr uint64_t High(Uint128 v) { return static_cast<uint64_t>(v >> 64U); }
constexpr uint64_t Low(Uint128 v) { return static_cast<uint64_t>(v); }

void AppendDecimal(std::string& out, Uint128 value);
/// Digits only, no leading zero except "0", no overflow.
std::optional<Uint128> ParseDecimal(std::string_view text);

}  // namespace tidemark::log
