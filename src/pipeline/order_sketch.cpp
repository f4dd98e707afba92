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

/// Of all int64 there are.
constexpr size_t kBuckets = (63 - kBits + 1) * kSplit;

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

void OrderSketch::Clear() {
  in_order_ = behind_ = 0;
  max_ = nanoseconds(0);
  std::ranges::fill(buckets_, 0);
}

void OrderSketch::Encode(ByteWriter& out) const {
  out.PutVarint(in_order_);
  out.PutVarint(static_cast<uint64_t>(max_.count()));
  out.PutVarint(static_cast<uint64_t>(
      std::ranges::count_if(buckets_, [](uint64_t count) { return count > 0; })));
  size_t next = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    if (buckets_[i] == 0) continue;
    out.PutVarint(i - next);
    out.PutVarint(buckets_[i]);
    next = i + 1;
  }
}

Result<OrderSketch> OrderSketch::Decode(ByteReader& in) {
  OrderSketch out;
  out.in_order_ = in.GetVarint();
  out.max_ = nanoseconds(static_cast<int64_t>(in.GetVarint()));
  uint64_t left = in.GetVarint();
  for (size_t next = 0; left > 0 && in.ok(); --left) {
    const uint64_t skipped = in.GetVarint();
    if (skipped >= kBuckets || next + skipped >= kBuckets) break;
    const size_t bucket = next + static_cast<size_t>(skipped);
    out.buckets_.resize(bucket + 1);
    out.behind_ += out.buckets_[bucket] = in.GetVarint();
    next = bucket + 1;
  }
  if (!in.ok() || left > 0 || out.max_ < nanoseconds(0)) {
    return Error{Code::kCorruption, "a sketch of lateness is damaged"};
  }
  return out;
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
