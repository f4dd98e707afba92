// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <numeric>

#include "base/bytes.h"
#include "base/check.h"
#include "store/block/bit_packing_internal.h"
#include "store/block/column_codec_internal.h"
#include "store/block/residual_codec_internal.h"

namespace tidemark::store::codec {
namespace {

using Buffer = std::array<uint64_t, kLaneValues>;

// First byte of an integer block: the mode, and which fields follow it.
constexpr unsigned kModeBits = 0x03U;
constexpr unsigned kHasUnit = 0x04U;
constexpr unsigned kHasStep = 0x08U;
constexpr unsigned kHasResidualOfFirst = 0x10U;

int64_t Signed(uint64_t v) { return static_cast<int64_t>(v); }
uint64_t Unsigned(int64_t v) { return static_cast<uint64_t>(v); }

/// Of a signed value.
uint64_t Magnitude(uint64_t v) { return Signed(v) < 0 ? 0 - v : v; }

/// Greatest common divisor of the distances to the first value.
uint64_t CommonUnit(std::span<const uint64_t> values) {
  uint64_t unit = 0;
  for (const uint64_t value : values) {
    const uint64_t size = Magnitude(value - values[0]);
    if (unit == 0) {
      unit = size;
    } else if (size % unit != 0) {
      unit = std::gcd(unit, size % unit);
    }
    if (unit == 1) break;
  }
  // 2^63 alone does not fit the signed division.
  return unit == 0 || unit > Unsigned(INT64_MAX) ? 1 : unit;
}

/// Residuals of one mode, ready to be written.
struct Candidate {
  IntegerMode mode = IntegerMode::kOffset;
  uint64_t step = 0;
  Buffer residuals;
  ResidualPlan plan;
  size_t bytes = 0;
};

/// Where residuals start: the least value, or, when few lie far below the rest, the least of the
/// rest: those few wrap around and become patches.
int64_t Floor(std::span<const uint64_t> values) {
  int64_t least = INT64_MAX;
  for (const uint64_t value : values) least = std::min(least, Signed(value));
  constexpr size_t kSample = 32;
  if (values.size() < 2 * kSample) return least;
  std::array<int64_t, kSample> sample{};
  for (size_t i = 0; i < kSample; ++i) sample[i] = Signed(values[i * values.size() / kSample]);
  std::sort(sample.begin(), sample.end());
  // The middle 30 of 32; were they all there is, the rest would be within twice their spread.
  const uint64_t spread = Unsigned(sample[kSample - 2]) - Unsigned(sample[1]);
  const uint64_t below = Unsigned(sample[1]) - Unsigned(least);
  if (spread > (uint64_t{1} << 60U) || below / 8 <= spread + 1) return least;
  const uint64_t margin = 2 * spread + 2;
  int64_t floor = sample[1];
  for (const uint64_t value : values) {
    if (Signed(value) < floor && Unsigned(sample[1]) - value <= margin) floor = Signed(value);
  }
  return floor;
}

/// Takes the floor off `values` into residuals; returns it.
uint64_t TakeFloor(std::span<const uint64_t> values, Candidate& out, size_t from) {
  const uint64_t floor = Unsigned(Floor(values.subspan(from)));
  for (size_t i = from; i < values.size(); ++i) out.residuals[i] = values[i] - floor;
  return floor;
}

void Plan(Candidate& candidate, size_t n, Effort effort) {
  candidate.plan = PlanResiduals(std::span(candidate.residuals).first(n), effort);
  candidate.bytes = candidate.plan.bytes;
  if (candidate.step != 0) candidate.bytes += VarintBytes(ZigZag(Signed(candidate.step)));
  if (candidate.mode == IntegerMode::kOffset && candidate.residuals[0] != 0) {
    candidate.bytes += VarintBytes(candidate.residuals[0]);
  }
}

/// `scaled` are the distances to the first value in units.
void PlanOffset(std::span<const uint64_t> scaled, uint64_t step, Effort effort, Candidate& out) {
  out.mode = IntegerMode::kOffset;
  out.step = step;
  Buffer level;
  for (size_t i = 0; i < scaled.size(); ++i) level[i] = scaled[i] - i * step;
  TakeFloor(std::span(level).first(scaled.size()), out, 0);
  Plan(out, scaled.size(), effort);
}

void PlanDelta(std::span<const uint64_t> scaled, Effort effort, Candidate& out) {
  out.mode = IntegerMode::kDelta;
  Buffer deltas;
  for (size_t i = 1; i < scaled.size(); ++i) deltas[i] = scaled[i] - scaled[i - 1];
  out.step = TakeFloor(std::span(deltas).first(scaled.size()), out, 1);
  out.residuals[0] = 0;
  Plan(out, scaled.size(), effort);
}

void WriteInteger(const Candidate& candidate, size_t n, uint64_t first, uint64_t unit,
                  std::string& out) {
  auto head = static_cast<unsigned>(candidate.mode);
  const bool offset = candidate.mode == IntegerMode::kOffset;
  if (unit != 1) head |= kHasUnit;
  if (candidate.step != 0) head |= kHasStep;
  if (offset && candidate.residuals[0] != 0) head |= kHasResidualOfFirst;
  out.push_back(static_cast<char>(head));
  AppendVarint(ZigZag(Signed(first)), out);
  if (unit != 1) AppendVarint(unit, out);
  if (candidate.step != 0) AppendVarint(ZigZag(Signed(candidate.step)), out);
  if ((head & kHasResidualOfFirst) != 0) AppendVarint(candidate.residuals[0], out);
  WriteResiduals(candidate.plan, std::span(candidate.residuals).first(n), out);
}

}  // namespace

bool IntegerBlock::random_access() const {
  if (mode == IntegerMode::kLinear || mode == IntegerMode::kRaw) return true;
  return mode == IntegerMode::kOffset && !rest.empty() &&
         static_cast<uint8_t>(rest[0]) <= kPackedLast;
}

uint64_t IntegerBlock::At(size_t i, size_t n) const {
  TM_DCHECK(random_access());
  if (mode == IntegerMode::kRaw) return Load64(rest.data() + 8 * i);
  if (mode == IntegerMode::kLinear) return first + i * step;
  const uint64_t residual = UnpackOne(rest.data() + 1, n, static_cast<uint8_t>(rest[0]), i);
  return first + unit * (i * step + residual - residual_of_first);
}

void EncodeIntegers(std::span<const uint64_t> values, uint64_t origin, Effort effort,
                    std::string& out) {
  const size_t n = values.size();
  TM_DCHECK(n >= 1 && n <= kLaneValues);
  const uint64_t first = values[0] - origin;
  const uint64_t gap = n > 1 ? values[1] - values[0] : 0;
  bool linear = true;
  for (size_t i = 1; i < n && linear; ++i) linear = values[i] - values[i - 1] == gap;
  if (linear) {
    out.push_back(static_cast<char>(gap != 0 ? kHasStep : 0));
    AppendVarint(ZigZag(Signed(first)), out);
    if (gap != 0) AppendVarint(ZigZag(Signed(gap)), out);
    return;
  }

  const uint64_t unit = CommonUnit(values);
  Buffer buffer;
  const auto scaled = std::span(buffer).first(n);
  for (size_t i = 0; i < n; ++i) {
    const uint64_t distance = values[i] - values[0];
    scaled[i] = unit == 1 ? distance : Unsigned(Signed(distance) / Signed(unit));
  }

  std::array<Candidate, 2> candidates;
  Candidate* best = &candidates[0];
  Candidate* other = &candidates[1];
  PlanOffset(scaled, 0, effort, *best);
  const int64_t slope = Signed(scaled[n - 1]) / static_cast<int64_t>(n - 1);
  // A slope pays where most of the spread comes from it.
  const unsigned travelled = static_cast<unsigned>(std::bit_width(Magnitude(scaled[n - 1])));
  if (slope != 0 && travelled + 1 >= best->plan.width) {
    PlanOffset(scaled, Unsigned(slope), effort, *other);
    if (other->bytes < best->bytes) std::swap(best, other);
  }
  PlanDelta(scaled, effort, *other);
  // Random access and faster decoding are worth a few percent.
  if (other->bytes * 33 < best->bytes * 32) std::swap(best, other);
  if (best->bytes >= 8 * n) {
    out.push_back(static_cast<char>(IntegerMode::kRaw));
    out.append(reinterpret_cast<const char*>(values.data()), 8 * n);
    return;
  }
  WriteInteger(*best, n, first, unit, out);
}

bool OpenIntegers(std::string_view block, size_t n, uint64_t origin, IntegerBlock& out) {
  ByteReader in(block);
  const unsigned head = in.GetU8();
  out = {};
  out.mode = static_cast<IntegerMode>(head & kModeBits);
  const bool linear = out.mode == IntegerMode::kLinear;
  const unsigned known = linear                          ? kHasStep
                         : out.mode == IntegerMode::kRaw ? 0
                         : out.mode == IntegerMode::kOffset
                             ? kHasUnit | kHasStep | kHasResidualOfFirst
                             : kHasUnit | kHasStep;
  if (!in.ok() || (head & ~(kModeBits | known)) != 0) return false;
  if (out.mode == IntegerMode::kRaw) {
    out.rest = block.substr(1);
    if (out.rest.size() != 8 * n) return false;
    out.first = Load64(out.rest.data());
    return true;
  }
  out.first = origin + Unsigned(UnZigZag(in.GetVarint()));
  if ((head & kHasUnit) != 0) out.unit = in.GetVarint();
  if ((head & kHasStep) != 0) out.step = Unsigned(UnZigZag(in.GetVarint()));
  if ((head & kHasResidualOfFirst) != 0) out.residual_of_first = in.GetVarint();
  if (!in.ok() || out.unit == 0) return false;
  out.rest = block.substr(block.size() - in.remaining());
  if (linear) return out.rest.empty();
  // At() and BlockStart() trust the size of packed residuals.
  if (out.rest.empty()) return false;
  const unsigned form = static_cast<uint8_t>(out.rest[0]);
  if (form <= kPackedLast && out.rest.size() != 1 + PackedBytes(n, form)) return false;
  return true;
}

bool DecodeIntegers(std::string_view block, size_t n, uint64_t origin, uint64_t* out) {
  IntegerBlock open;
  if (!OpenIntegers(block, n, origin, open)) return false;
  switch (open.mode) {
    case IntegerMode::kLinear:
      std::fill_n(out, n, uint64_t{0});
      BestKernels().linear(out, n, open.first, open.step, 1);
      return true;
    case IntegerMode::kRaw:
      std::memcpy(out, open.rest.data(), 8 * n);
      return true;
    case IntegerMode::kOffset:
      if (!ReadResiduals(open.rest, n, out) || out[0] != open.residual_of_first) return false;
      BestKernels().linear(out, n, open.first - open.unit * open.residual_of_first, open.step,
                           open.unit);
      return true;
    case IntegerMode::kDelta:
      if (!ReadResiduals(open.rest, n, out)) return false;
      BestKernels().prefix_sum(out, n, open.first, open.step, open.unit);
      return true;
  }
  return false;
}

namespace {
enum BitsMode : uint8_t { kAllZero = 0, kAllOne = 1, kBitmap = 2, kOnesAt = 3, kZerosAt = 4 };
}  // namespace

void EncodeBits(std::span<const uint8_t> values, std::string& out) {
  const size_t n = values.size();
  const auto ones = static_cast<size_t>(std::count(values.begin(), values.end(), 1));
  if (ones == 0 || ones == n) {
    out.push_back(static_cast<char>(ones == 0 ? kAllZero : kAllOne));
    return;
  }
  const uint8_t rare = ones <= n / 2 ? 1 : 0;
  std::array<uint16_t, kLaneValues> positions{};
  size_t count = 0;
  for (size_t i = 0; i < n; ++i) {
    if (values[i] == rare) positions[count++] = static_cast<uint16_t>(i);
  }
  std::string list(1, static_cast<char>(rare == 1 ? kOnesAt : kZerosAt));
  AppendVarint(count, list);
  WritePositions(std::span(positions).first(count), list);
  if (list.size() < 1 + PackedBytes(n, 1)) {
    out += list;
    return;
  }
  out.push_back(static_cast<char>(kBitmap));
  const size_t at = out.size();
  out.resize(at + PackedBytes(n, 1));
  for (size_t i = 0; i < n; ++i) {
    if (values[i] != 0) out[at + i / 8] = static_cast<char>(out[at + i / 8] | (1 << (i % 8)));
  }
}

bool DecodeBits(std::string_view block, size_t n, uint8_t* out) {
  if (block.empty()) return false;
  const auto mode = static_cast<uint8_t>(block[0]);
  block.remove_prefix(1);
  switch (mode) {
    case kAllZero:
    case kAllOne:
      std::fill_n(out, n, mode);
      return block.empty();
    case kBitmap:
      if (block.size() != PackedBytes(n, 1)) return false;
      for (size_t i = 0; i < n; ++i) {
        out[i] = static_cast<uint8_t>((static_cast<uint8_t>(block[i / 8]) >> (i % 8)) & 1U);
      }
      return true;
    case kOnesAt:
    case kZerosAt: {
      ByteReader in(block);
      const uint64_t count = in.GetVarint();
      if (!in.ok() || count > n) return false;
      std::array<uint16_t, kLaneValues> positions{};
      const auto listed = std::span(positions).first(count);
      if (!ReadPositions(in, n, listed) || !in.AtEnd()) return false;
      const uint8_t rare = mode == kOnesAt ? 1 : 0;
      std::fill_n(out, n, static_cast<uint8_t>(1 - rare));
      for (const uint16_t position : listed) out[position] = rare;
      return true;
    }
    default:
      return false;
  }
}

}  // namespace tidemark::store::codec
