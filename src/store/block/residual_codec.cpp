// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>

#include "store/block/bit_packing_internal.h"
#include "store/block/entropy_codec_internal.h"
#include "store/block/residual_codec_internal.h"

namespace tidemark::store::codec {
namespace {

WidthCounts CountWidths(std::span<const uint64_t> values) {
  WidthCounts counts{};
  for (const uint64_t value : values) ++counts[static_cast<size_t>(std::bit_width(value))];
  return counts;
}

bool ReadPatches(ByteReader& in, size_t n, size_t count, unsigned width, uint64_t* out) {
  std::array<uint16_t, kLaneValues> positions{};
  if (!ReadPositions(in, n, std::span(positions).first(count))) return false;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t high = in.GetVarint();
    if (high == 0 || (width != 0 && high >> (64 - width) != 0)) return false;
    out[positions[i]] |= high << width;
  }
  return true;
}

}  // namespace

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

size_t VarintBytes(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1U)) + 6) / 7;
}

void WritePositions(std::span<const uint16_t> positions, std::string& out) {
  size_t next = 0;
  for (const uint16_t position : positions) {
    AppendVarint(position - next, out);
    next = position + size_t{1};
  }
}

bool ReadPositions(ByteReader& in, size_t n, std::span<uint16_t> out) {
  size_t next = 0;
  for (uint16_t& position : out) {
    const uint64_t gap = in.GetVarint();
    if (!in.ok() || gap >= n - next) return false;
    position = static_cast<uint16_t>(next + gap);
    next = position + size_t{1};
  }
  return true;
}

ResidualPlan PlanResiduals(std::span<const uint64_t> values, Effort effort) {
  const size_t n = values.size();
  const auto counts = CountWidths(values);
  unsigned widest = 64;
  while (widest > 0 && counts[widest] == 0) --widest;

  ResidualPlan best{.form = ResidualPlan::Form::kPacked,
                    .width = widest,
                    .patches = 0,
                    .bytes = 1 + PackedBytes(n, widest)};
  size_t above = 0;       // values wider than `width`
  size_t above_bits = 0;  // their bits in all
  for (unsigned width = widest; width-- > 0;) {
    above += counts[width + 1];
    above_bits += size_t{counts[width + 1]} * (width + 1);
    if (above * 2 > n) break;
    // A position takes a byte or, when rare, two; a high part seven bits a byte.
    const size_t high_bytes = (above_bits - above * width) / 7 + above;
    const size_t bytes = 2 + (above >= 128 ? 1 : 0) + PackedBytes(n, width) + above +
                         (above < 8 ? above : above / 4) + high_bytes;
    if (bytes < best.bytes) {
      best = {
          .form = ResidualPlan::Form::kPatched, .width = width, .patches = above, .bytes = bytes};
    }
  }
  if (effort == Effort::kSmall) {
    const auto entropy = PlanEntropy(values, counts);
    // Decoding costs more: a few percent must be won.
    if (entropy.bytes != 0 && entropy.bytes * 50 < best.bytes * 49) {
      best = {.form = ResidualPlan::Form::kEntropy,
              .width = entropy.low_bits,
              .patches = 0,
              .bytes = entropy.bytes};
    }
  }
  return best;
}

void WriteResiduals(const ResidualPlan& plan, std::span<const uint64_t> values, std::string& out) {
  switch (plan.form) {
    case ResidualPlan::Form::kPacked:
      out.push_back(static_cast<char>(plan.width));
      return Pack(values, plan.width, out);
    case ResidualPlan::Form::kEntropy:
      out.push_back(static_cast<char>(kEntropyFirst + plan.width));
      return WriteEntropy(values, plan.width, out);
    case ResidualPlan::Form::kPatched:
      break;
  }
  out.push_back(static_cast<char>(kPatchedFirst + plan.width));
  AppendVarint(plan.patches, out);
  Pack(values, plan.width, out);
  std::array<uint16_t, kLaneValues> positions{};
  size_t count = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] >> plan.width != 0) positions[count++] = static_cast<uint16_t>(i);
  }
  const auto patched = std::span(positions).first(count);
  WritePositions(patched, out);
  for (const uint16_t position : patched) AppendVarint(values[position] >> plan.width, out);
}

bool ReadResiduals(std::string_view bytes, size_t n, uint64_t* out) {
  ByteReader in(bytes);
  const unsigned form = in.GetU8();
  if (!in.ok()) return false;
  if (form >= kEntropyFirst) {
    return form - kEntropyFirst <= kEntropyLowBitsMax &&
           ReadEntropy(bytes.substr(1), n, form - kEntropyFirst, out);
  }
  const bool patched = form >= kPatchedFirst;
  const unsigned width = patched ? form - kPatchedFirst : form;
  const size_t count = patched ? in.GetVarint() : 0;
  const std::string_view packed = in.GetRaw(PackedBytes(n, width));
  if (!in.ok() || count > n || (patched && count == 0)) return false;
  Unpack(packed.data(), n, width, out);
  if (patched && !ReadPatches(in, n, count, width, out)) return false;
  return in.AtEnd();
}

}  // namespace tidemark::store::codec
