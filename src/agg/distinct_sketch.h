// SPDX-License-Identifier: Apache-2.0
// How many different values there were, about (timestream-sql.md 5.8: approx_distinct): exact while
// fewer than 256, HyperLogLog with 2^precision registers from there on (Flajolet et al. 2007; the
// estimate by Ertl 2017, arXiv 1702.01284, which needs no tables). A state is a function of the set
// of hashes, so of the multiset of inputs. Single-owner value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::agg {

/// XXH3 (64 bits, no seed) of the value's bytes: 8 of the number, little-endian, with one NaN and
/// one zero; 1 byte of a boolean; the text itself.
uint64_t DistinctHash(double value);
uint64_t DistinctHash(int64_t value);
uint64_t DistinctHash(bool value);
uint64_t DistinctHash(std::string_view value);
inline uint64_t DistinctHash(EventTime value) { return DistinctHash(value.ns); }

class DistinctSketch {
 public:
  static constexpr int kPrecisionDefault = 11;  // 2^11 registers: standard error 2.3 %
  static constexpr int kPrecisionMin = 4;
  static constexpr int kPrecisionMax = 16;
  static constexpr size_t kExactBelow = 256;

  /// The least precision with a standard error of at most `standard_error`.
  static int PrecisionFor(double standard_error);

  explicit DistinctSketch(int precision = kPrecisionDefault) : precision_(precision) {}

  void Add(uint64_t hash);
  /// `other` has the same precision. Merging with itself is allowed.
  void Merge(const DistinctSketch& other);
  uint64_t Estimate() const;
  size_t heap_bytes() const;

  /// Canonical bytes (docs/format/agg.md).
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or not what AppendTo writes.
  static Result<DistinctSketch> Read(ByteReader& in);

 private:
  void AddToRegisters(uint64_t hash);
  void MoveToRegisters();
  bool Insert(uint64_t hash);  // false: was there

  int precision_;
  std::vector<uint64_t> hashes_;  // open addressing, 0: free; empty once there are registers
  size_t used_ = 0;
  std::vector<uint8_t> registers_;
};

}  // namespace tidemark::agg
