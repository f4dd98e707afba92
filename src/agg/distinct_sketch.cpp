// SPDX-License-Identifier: Apache-2.0
#include "agg/distinct_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "agg/extremes_internal.h"
#include "base/check.h"
#include "base/checksum.h"

namespace tidemark::agg {
namespace {

uint64_t HashOfWord(uint64_t word) {
  std::array<char, 8> bytes{};
  for (char& byte : bytes) {
    byte = static_cast<char>(word & 0xffU);
    word >>= 8U;
  }
  return Hash64({bytes.data(), bytes.size()});
}

// sigma and tau of Ertl 2017, algorithm 6.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double z = x;
  for (double before = -1; z != before;) {
    before = z;
    x *= x;
    z += x * y;
    y += y;
  }
  return z;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double z = 1 - x;
  for (double before = -1; z != before;) {
    before = z;
    x = std::sqrt(x);
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  }
  return z / 3;
}

}  // namespace

uint64_t DistinctHash(double value) {
  return HashOfWord(std::bit_cast<uint64_t>(value == 0 ? 0.0 : CanonicalNan(value)));
}
uint64_t DistinctHash(int64_t value) { return HashOfWord(static_cast<uint64_t>(value)); }
uint64_t DistinctHash(bool value) {
  const char byte = value ? 1 : 0;
  return Hash64({&byte, 1});
}
uint64_t DistinctHash(std::string_view value) { return Hash64(value); }

int DistinctSketch::PrecisionFor(double standard_error) {
  int precision = kPrecisionMin;
  while (precision < kPrecisionMax && 1.04 / std::sqrt(std::ldexp(1, precision)) > standard_error) {
    ++precision;
  }
  return precision;
}

bool DistinctSketch::Insert(uint64_t hash) {
  const size_t mask = hashes_.size() - 1;
  size_t i = hash & mask;
  while (hashes_[i] != 0 && hashes_[i] != hash) i = (i + 1) & mask;
  if (hashes_[i] == hash) return false;
  hashes_[i] = hash;
  ++used_;
  return true;
}

void DistinctSketch::Add(uint64_t hash) {
  if (hash == 0) hash = 1;  // 0 marks a free slot
  if (!registers_.empty()) return AddToRegisters(hash);
  if (hashes_.empty()) hashes_.resize(16);
  if (!Insert(hash)) return;
  if (used_ >= kExactBelow) {
    MoveToRegisters();
  } else if (2 * used_ > hashes_.size()) {
    const std::vector<uint64_t> old =
        std::exchange(hashes_, std::vector<uint64_t>(2 * hashes_.size()));
    used_ = 0;
    for (const uint64_t kept : old) {
      if (kept != 0) Insert(kept);
    }
  }
}

void DistinctSketch::MoveToRegisters() {
  registers_.resize(size_t{1} << static_cast<unsigned>(precision_));
  for (const uint64_t hash : std::exchange(hashes_, {})) {
    if (hash != 0) AddToRegisters(hash);
  }
}

void DistinctSketch::AddToRegisters(uint64_t hash) {
  const auto bits = static_cast<unsigned>(precision_);
  uint8_t& slot = registers_[hash >> (64 - bits)];
  // Zeros before the first one of the remaining bits, plus one; all zeros: 64 - precision + 1.
  const uint64_t rest = (hash << bits) | (uint64_t{1} << (bits - 1));
  slot = std::max(slot, static_cast<uint8_t>(std::countl_zero(rest) + 1));
}

void DistinctSketch::Merge(const DistinctSketch& other) {
  TM_DCHECK(precision_ == other.precision_);
  if (this == &other) return;
  if (other.registers_.empty()) {
    for (const uint64_t hash : other.hashes_) {
      if (hash != 0) Add(hash);
    }
    return;
  }
  if (registers_.empty()) MoveToRegisters();
  for (size_t i = 0; i < registers_.size(); ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

uint64_t DistinctSketch::Estimate() const {
  if (registers_.empty()) return used_;
  const auto q = static_cast<size_t>(64 - precision_);
  std::array<uint32_t, 64> histogram{};
  for (const uint8_t value : registers_) ++histogram[value];
  const auto m = static_cast<double>(registers_.size());
  double z = m * Tau(1 - static_cast<double>(histogram[q + 1]) / m);
  for (size_t k = q; k >= 1; --k) z = 0.5 * (z + static_cast<double>(histogram[k]));
  z += m * Sigma(static_cast<double>(histogram[0]) / m);
  return static_cast<uint64_t>(std::llround(m * m / (2 * std::numbers::ln2 * z)));
}

size_t DistinctSketch::heap_bytes() const {
  return hashes_.capacity() * sizeof(uint64_t) + registers_.capacity();
}

void DistinctSketch::AppendTo(ByteWriter& out) const {
  out.PutU8(static_cast<uint8_t>(precision_));
  if (!registers_.empty()) {
    out.PutVarint(kExactBelow);
    for (const uint8_t value : registers_) out.PutU8(value);
    return;
  }
  std::vector<uint64_t> sorted;
  for (const uint64_t hash : hashes_) {
    if (hash != 0) sorted.push_back(hash);
  }
  std::sort(sorted.begin(), sorted.end());
  out.PutVarint(sorted.size());
  for (const uint64_t hash : sorted) out.PutU64(hash);
}

Result<DistinctSketch> DistinctSketch::Read(ByteReader& in) {
  const auto malformed = [] {
    return Error{Code::kCorruption, "aggregate state: a distinct count is malformed"};
  };
  const uint8_t precision = in.GetU8();
  const uint64_t count = in.GetVarint();
  if (!in.ok() || precision < kPrecisionMin || precision > kPrecisionMax || count > kExactBelow)
    return malformed();
  DistinctSketch out(precision);
  if (count == kExactBelow) {
    out.registers_.resize(size_t{1} << precision);
    for (uint8_t& value : out.registers_) {
      value = in.GetU8();
      if (!in.ok() || value > 64 - precision + 1) return malformed();
    }
    return out;
  }
  uint64_t before = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t hash = in.GetU64();
    if (!in.ok() || hash <= before) return malformed();
    before = hash;
    out.Add(hash);
  }
  return out;
}

}  // namespace tidemark::agg
