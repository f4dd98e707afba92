// SPDX-License-Identifier: Apache-2.0
#include "agg/histogram.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace tidemark::agg {
namespace {

bool AtMost(int64_t value, double bound) {
  if (bound >= 0x1p63) return true;
  if (bound < -0x1p63) return false;
  return value <= static_cast<int64_t>(std::floor(bound));
}

}  // namespace

Result<Bounds> HistogramBounds::Make(std::vector<double> bounds) {
  const auto invalid = [](std::string text) {
    return Error{Code::kInvalidArgument, "bounds of a histogram " + std::move(text)};
  };
  if (bounds.empty() || bounds.size() > kBoundsMax) {
    return invalid("must be 1 to " + std::to_string(kBoundsMax) + " numbers");
  }
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i])) {
      return invalid("must be finite: the bucket up to infinity is always there");
    }
    if (bounds[i] == 0) bounds[i] = 0;  // without its sign
    if (i > 0 && bounds[i] <= bounds[i - 1]) return invalid("must ascend");
  }
  return Bounds(new HistogramBounds(std::move(bounds)));
}

size_t HistogramBounds::BucketOf(double value) const {
  if (std::isnan(value)) return bounds_.size();
  return static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) -
                             bounds_.begin());
}

size_t HistogramBounds::BucketOf(int64_t value) const {
  return static_cast<size_t>(
      std::partition_point(bounds_.begin(), bounds_.end(),
                           [value](double bound) { return !AtMost(value, bound); }) -
      bounds_.begin());
}

std::string HistogramBounds::ColumnName(size_t bucket) const {
  TM_DCHECK(bucket < buckets());
  if (bucket == bounds_.size()) return "le_inf";
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), bounds_[bucket]).ptr;
  return "le_" + std::string(text.data(), end);
}

void Histogram::Add(std::span<const double> values) {
  for (const double value : values) ++counts_[bounds_->BucketOf(value)];
}

void Histogram::Add(std::span<const int64_t> values) {
  for (const int64_t value : values) ++counts_[bounds_->BucketOf(value)];
}

void Histogram::Merge(const Histogram& other) {
  TM_DCHECK(*bounds_ == *other.bounds_);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

uint64_t Histogram::AtOrBelow(size_t bucket) const {
  uint64_t sum = 0;
  for (size_t i = 0; i <= bucket && i < counts_.size(); ++i) sum += counts_[i];
  return sum;
}

void Histogram::AppendTo(ByteWriter& out) const {
  for (const uint64_t count : counts_) out.PutVarint(count);
}

Result<Histogram> Histogram::Read(Bounds bounds, uint64_t count, ByteReader& in) {
  Histogram out(std::move(bounds));
  uint64_t left = count;
  for (uint64_t& bucket : out.counts_) {
    bucket = in.GetVarint();
    if (!in.ok() || bucket > left) {
      return Error{Code::kCorruption, "aggregate state: a histogram is malformed"};
    }
    left -= bucket;
  }
  if (left != 0) return Error{Code::kCorruption, "aggregate state: a histogram lacks values"};
  return out;
}

}  // namespace tidemark::agg
