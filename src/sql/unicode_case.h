// SPDX-License-Identifier: Apache-2.0
// One character to one character, whatever surrounds it: upper('ß') stays, as the dialect has it
// (timestream-sql.md 5.6). Pure functions.
#pragma once

#include <cstdint>

namespace tidemark::sql {

uint32_t UpperCodePoint(uint32_t code_point);
uint32_t LowerCodePoint(uint32_t code_point);

}  // namespace tidemark::sql
