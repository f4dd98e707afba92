// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "agg/exact_sum.h"
#include "store/block/chunk_layout_internal.h"

namespace tidemark::store::codec {
namespace {

__extension__ using Int128 = __int128;

double AsDouble(uint64_t bits) { return std::bit_cast<double>(bits); }

void SumDoubles(std::span<const uint64_t> bits, ColumnStats& out) {
  std::vector<double> values(bits.size());
  std::transform(bits.begin(), bits.end(), values.begin(), AsDouble);
  agg::ExactSum sum;
  sum.AddMany(values);
  const auto pair = sum.AsPair();
  out.sum_usable = pair.has_value();
  if (!pair) return;
  out.sum_hi = pair->first;
  out.sum_lo = pair->second;
}

void SumIntegers(std::span<const uint64_t> bits, ColumnStats& out) {
  Int128 sum = 0;
  for (const uint64_t value : bits) sum += static_cast<int64_t>(value);
  out.sum_usable = true;
  out.sum_low = static_cast<uint64_t>(sum);
  out.sum_high = static_cast<int64_t>(sum >> 64);
}

}  // namespace

ColumnStats ComputeStats(ValueType type, std::span<const uint64_t> bits) {
  ColumnStats out;
  out.count = static_cast<uint32_t>(bits.size());
  const bool doubles = type == ValueType::kDouble;
  if (doubles) {
    out.nan_seen = std::any_of(bits.begin(), bits.end(),
                               [](uint64_t b) { return !std::isfinite(AsDouble(b)); });
    if (out.nan_seen) return out;
  }
  // Both orders are their own inverse, so the extremes turn back into bits.
  const auto ordered = [doubles](uint64_t b) {
    return static_cast<int64_t>(doubles ? OrderedBits(b) : b);
  };
  int64_t low = INT64_MAX;
  int64_t high = INT64_MIN;
  for (const uint64_t b : bits) {
    low = std::min(low, ordered(b));
    high = std::max(high, ordered(b));
  }
  const auto back = [doubles](int64_t value) {
    const auto b = static_cast<uint64_t>(value);
    return doubles ? OrderedBits(b) : b;
  };
  out.min_bits = back(low);
  out.max_bits = back(high);
  out.first_bits = bits.front();
  out.last_bits = bits.back();
  if (doubles) {
    SumDoubles(bits, out);
  } else {
    SumIntegers(bits, out);
  }
  return out;
}

void AppendStats(const ColumnStats& stats, ValueType type, ByteWriter& out) {
  out.PutVarint(stats.count);
  out.PutU8(static_cast<uint8_t>((stats.nan_seen ? kSpecialSeen : 0U) |
                                 (stats.sum_usable ? kSumStored : 0U)));
  if (stats.nan_seen) return;
  for (const uint64_t bits : {stats.min_bits, stats.max_bits, stats.first_bits, stats.last_bits}) {
    if (type == ValueType::kDouble) {
      out.PutU64(bits);
    } else {
      out.PutSigned(static_cast<int64_t>(bits));
    }
  }
  if (!stats.sum_usable) return;
  if (type == ValueType::kDouble) {
    out.PutF64(stats.sum_hi);
    out.PutF64(stats.sum_lo);
  } else {
    out.PutU64(stats.sum_low);
    out.PutSigned(stats.sum_high);
  }
}

bool ReadStats(ByteReader& in, ValueType type, size_t rows, ColumnStats& out) {
  const uint64_t count = in.GetVarint();
  const unsigned flags = in.GetU8();
  if (!in.ok() || count == 0 || count > rows || flags > (kSpecialSeen | kSumStored)) return false;
  out.count = static_cast<uint32_t>(count);
  out.nan_seen = (flags & kSpecialSeen) != 0;
  out.sum_usable = (flags & kSumStored) != 0;
  if (out.nan_seen) return type == ValueType::kDouble && !out.sum_usable;
  for (uint64_t* bits : {&out.min_bits, &out.max_bits, &out.first_bits, &out.last_bits}) {
    *bits = type == ValueType::kDouble ? in.GetU64() : static_cast<uint64_t>(in.GetSigned());
  }
  if (!out.sum_usable) return in.ok() && type == ValueType::kDouble;
  if (type == ValueType::kDouble) {
    out.sum_hi = in.GetF64();
    out.sum_lo = in.GetF64();
    return in.ok() && std::isfinite(out.sum_hi) && std::isfinite(out.sum_lo);
  }
  out.sum_low = in.GetU64();
  out.sum_high = in.GetSigned();
  return in.ok();
}

}  // namespace tidemark::store::codec
