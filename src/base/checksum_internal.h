// SPDX-License-Identifier: Apache-2.0
// The two ways to compute a CRC-32C, apart so that a test can compare them. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

namespace tidemark::checksum_internal {

/// Slicing by eight; works everywhere.
uint32_t Crc32cTable(uint32_t crc, std::string_view bytes);
/// Whether Crc32cHardware() may be called.
bool HasCrc32cHardware();
uint32_t Crc32cHardware(uint32_t crc, std::string_view bytes);

}  // namespace tidemark::checksum_internal
