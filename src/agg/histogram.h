// SPDX-License-Identifier: Apache-2.0
// Counts of values by fixed upper bounds (event-time.md 8.1). Buckets are kept apart and read
// cumulated: the result of a bound is the number of values at or below it, that of the last bucket
// (no bound) the number of all. Order-free: a state is n counters. Histogram: single-owner value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tidemark::agg {

/// Where buckets end. Immutable.
class HistogramBounds {
 public:
  static constexpr size_t kBoundsMax = 256;

  /// kInvalidArgument unless `bounds` are 1 to kBoundsMax finite numbers, each above the one
  /// before.
  static Result<std::shared_ptr<const HistogramBounds>> Make(std::vector<double> bounds);

  std::span<const double> bounds() const { return bounds_; }
  size_t buckets() const { return bounds_.size() + 1; }
  /// The first bucket whose bound is not below `value`; NaN is above everything, as in max.
  size_t BucketOf(double value) const;
  /// Compares without rounding: 2^53 + 1 is above 2^53.
  size_t BucketOf(int64_t value) const;
  /// "le_50", "le_0.5", "le_-1"; "le_inf" of the last one. The bound's shortest text.
  std::string ColumnName(size_t bucket) const;

  friend bool operator==(const HistogramBounds&, const HistogramBounds&) = default;

 private:
  explicit HistogramBounds(std::vector<double> bounds) : bounds_(std::move(bounds)) {}

  std::vector<double> bounds_;
};

/// Null: none. Shared, since every state of a histogram refers to its bounds.
using Bounds = std::shared_ptr<const HistogramBounds>;

class Histogram {
 public:
  explicit Histogram(Bounds bounds) : bounds_(std::move(bounds)), counts_(bounds_->buckets()) {}

  void Add(std::span<const double> values);
  void Add(std::span<const int64_t> values);
  /// `other` has equal bounds. Merging with itself is allowed.
  void Merge(const Histogram& other);
  void Reset() { counts_.assign(counts_.size(), 0); }
  /// Values in this bucket and those below it.
  uint64_t AtOrBelow(size_t bucket) const;
  const Bounds& bounds() const { return bounds_; }
  size_t heap_bytes() const { return counts_.capacity() * sizeof(uint64_t); }

  /// Without the bounds (docs/format/agg.md).
  void AppendTo(ByteWriter& out) const;
  /// kCorruption: ran out, or the buckets do not add up to `count`.
  static Result<Histogram> Read(Bounds bounds, uint64_t count, ByteReader& in);

 private:
  Bounds bounds_;
  std::vector<uint64_t> counts_;
};

}  // namespace tidemark::agg
