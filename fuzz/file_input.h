// SPDX-License-Identifier: Apache-2.0
// For fuzzers of whole files: puts right the checksums that a mutation broke, so that what lies
// behind them is reached; every other input keeps the broken ones.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "store/block/file_header_internal.h"

namespace tidemark::fuzz {

/// False: outside the bytes.
inline bool Inside(const std::string& bytes, uint64_t from, uint64_t to) {
  return from <= to && to <= bytes.size();
}

inline void PutCrc(std::string& bytes, uint64_t at, uint32_t crc) {
  if (Inside(bytes, at, at + sizeof(crc))) std::memcpy(bytes.data() + at, &crc, sizeof(crc));
}

/// The CRC of [from, to) goes to `at`.
inline void Repair(std::string& bytes, uint64_t file_no, uint64_t from, uint64_t to, uint64_t at) {
  if (!Inside(bytes, from, to)) return;
  const std::string_view covered = std::string_view(bytes).substr(from, to - from);
  PutCrc(bytes, at, store::PlacedCrc(file_no, from, covered));
}

/// As Repair(), for bytes whose CRC lies in their first four and is seeded with their beginning.
inline void RepairFront(std::string& bytes, uint64_t file_no, uint64_t from, uint64_t to) {
  if (from > UINT32_MAX || !Inside(bytes, from + 4, to)) return;
  const std::string_view covered = std::string_view(bytes).substr(from + 4, to - from - 4);
  PutCrc(bytes, from, store::PlacedCrc(file_no, from, covered));
}

}  // namespace tidemark::fuzz
