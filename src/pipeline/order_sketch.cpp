// SPDX-License-Identifier: Apache-2.0
#include "pipeline/order_sketch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tidemark::pipeline {
namespace {

constexpr int kBits = 5;  // 32 buckets for each doubling
constexpr uint64_t kSplit = uint64_t{1} << kBits;

size_t BucketOf(uint64_t value) {
  if (value < kSplit) return static_cast<size_t>(value);
  const int doubling = static_cast<int>(std::bit_width(value)) - 1 - kBits;
  return static_cast<size_t>((static_cast<uint64_t>(doubling) + 1) * kSplit +
                             ((value >> static_cast<unsigned>(doubling)) - kSplit));
}

/// The largest value of the bucket.
uint64_t UpperOf(size_t bucket) {
  if (bucket < kSplit) return bucket;
  const auto doubling = static_cast<unsigned>(bucket / kSplit - 1);
  return ((kSplit + bucket % kSplit + 1) << doubling) - 1;
}

}  // namespace

void OrderSketch::Add(nanoseconds behind) {
  const size_t bucket = BucketOf(static_cast<uint64_t>(behind.count()));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++behind_;
  max_ = std::max(max_, behind);
}

void OrderSketch::Merge(const OrderSketch& other) {
  in_order_ += other.in_order_;
  behind_ += other.behind_;
  max_ = std::max(max_, other.max_);
  if (buckets_.size() < other.buckets_.size()) buckets_.resize(other.buckets_.size());
  for (size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
}

nanoseconds OrderSketch::Bound(double share) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count())));
  uint64_t covered = in_order_;
  if (covered >= wanted) return nanoseconds(0);
  for (size_t i = 0; i < buckets_.size(); ++i) {
    covered += buckets_[i];
    if (covered >= wanted) return std::min(max_, nanoseconds(static_cast<int64_t>(UpperOf(i))));
  }
  return max_;
}

double OrderSketch::Covered(nanoseconds bound) const {
  if (count() == 0 || bound >= max_) return 1;
  uint64_t covered = in_order_;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    if (static_cast<int64_t>(UpperOf(i)) > bound.count()) break;
    covered += buckets_[i];
  }
  return static_cast<double>(covered) / static_cast<double>(count());
}

}  // namespace tidemark::pipeline
