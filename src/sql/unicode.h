// SPDX-License-Identifier: Apache-2.0
// Properties of characters. Case maps one character to one, whatever surrounds it: upper('ß')
// stays, as the dialect has it (timestream-sql.md 5.6). Pure functions.
#pragma once

#include <cstdint>
#include <optional>

namespace tidemark::sql {

uint32_t UpperCodePoint(uint32_t code_point);
uint32_t LowerCodePoint(uint32_t code_point);
/// The value of a decimal digit of any script.
std::optional<uint32_t> DecimalDigit(uint32_t code_point);

}  // namespace tidemark::sql
