// SPDX-License-Identifier: Apache-2.0
#include "agg/percentiles.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace tidemark::agg {
namespace {

uint64_t SaturatingAdd(uint64_t a, uint64_t b) {
  const uint64_t sum = a + b;
  return sum < a ? std::numeric_limits<uint64_t>::max() : sum;
}

}  // namespace

void Percentiles::Add(uint64_t ordered, uint64_t weight) {
  if (weight == 0) return;
  largest_ = std::max(largest_, ordered);
  total_ = SaturatingAdd(total_, weight);
  if (slots_.empty()) {
    if (weight == 1 && few_.size() < kFewMax) return few_.push_back(ordered);
    MoveFewToTable();
  }
  Count(ordered, weight);
}

void Percentiles::MoveFewToTable() {
  slots_.resize(4 * kFewMax);
  for (const uint64_t value : std::exchange(few_, {})) Count(value, 1);
}

Percentiles::Counter& Percentiles::SlotOf(uint64_t ordered) {
  const uint64_t key = ordered >> shift_;
  const size_t mask = slots_.size() - 1;
  // Fibonacci hashing: only the highest bits of the product depend on all bits of the key, and
  // whole numbers as doubles differ in their high bits alone.
  size_t i = (key * 0x9e37'79b9'7f4a'7c15U) >> static_cast<unsigned>(std::countl_zero(mask));
  while (slots_[i].weight != 0 && slots_[i].smallest >> shift_ != key) i = (i + 1) & mask;
  return slots_[i];
}

void Percentiles::Count(uint64_t ordered, uint64_t weight) {
  Counter& counter = SlotOf(ordered);
  if (counter.weight != 0) {
    counter.smallest = std::min(counter.smallest, ordered);
    counter.weight = SaturatingAdd(counter.weight, weight);
    return;
  }
  counter = {ordered, weight};
  ++used_;
  if (used_ > kCountersMax) {
    Coarsen(ShiftNeeded());
  } else if (2 * used_ > slots_.size()) {
    Rehash(2 * slots_.size());
  }
}

void Percentiles::Rehash(size_t slots) {
  const std::vector<Counter> old = std::exchange(slots_, std::vector<Counter>(slots));
  used_ = 0;
  for (const Counter& counter : old) {
    if (counter.weight == 0) continue;
    Counter& slot = SlotOf(counter.smallest);
    if (slot.weight == 0) {
      slot = counter;
      ++used_;
    } else {
      slot.smallest = std::min(slot.smallest, counter.smallest);
      slot.weight = SaturatingAdd(slot.weight, counter.weight);
    }
  }
}

void Percentiles::Coarsen(unsigned shift) {
  TM_DCHECK(shift >= shift_ && shift < 64);
  shift_ = static_cast<uint8_t>(shift);
  Rehash(slots_.size());
}

std::vector<Percentiles::Counter> Percentiles::Sorted() const {
  std::vector<Counter> out;
  out.reserve(used_ + few_.size());
  for (const uint64_t value : few_) out.push_back({value, 1});
  for (const Counter& counter : slots_) {
    if (counter.weight != 0) out.push_back(counter);
  }
  std::sort(out.begin(), out.end(),
            [](const Counter& a, const Counter& b) { return a.smallest < b.smallest; });
  return out;
}

unsigned Percentiles::ShiftNeeded() const {
  // Two neighbours fall together once all bits from their highest different one on are dropped.
  std::array<size_t, 65> falling{};
  const std::vector<Counter> sorted = Sorted();
  for (size_t i = 1; i < sorted.size(); ++i) {
    ++falling[static_cast<size_t>(std::bit_width(sorted[i].smallest ^ sorted[i - 1].smallest))];
  }
  size_t counters = sorted.size();
  unsigned shift = 0;
  while (counters > kCountersMax) counters -= falling[++shift];
  return shift;
}

void Percentiles::Merge(const Percentiles& other) {
  if (this == &other) return Merge(Percentiles(other));
  if (other.shift_ > shift_) Coarsen(other.shift_);
  for (const uint64_t value : other.few_) Add(value);
  if (other.slots_.empty()) return;
  if (slots_.empty()) MoveFewToTable();
  for (const Counter& counter : other.slots_) {
    if (counter.weight != 0) Count(counter.smallest, counter.weight);
  }
  largest_ = std::max(largest_, other.largest_);
  total_ = SaturatingAdd(total_, other.total_);
}

std::optional<uint64_t> Percentiles::At(double p) const {
  if (total_ == 0) return std::nullopt;
  return At(std::span(&p, 1)).front();
}

std::vector<uint64_t> Percentiles::At(std::span<const double> ps) const {
  std::vector<size_t> order(ps.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return ps[a] < ps[b]; });
  std::vector<uint64_t> out(ps.size(), largest_);
  const std::vector<Counter> sorted = Sorted();
  uint64_t weight = 0;  // of sorted[0, next)
  size_t next = 0;
  for (const size_t i : order) {
    const double wanted = ps[i] * static_cast<double>(total_);
    while (next < sorted.size() && static_cast<double>(weight) <= wanted) {
      weight = SaturatingAdd(weight, sorted[next++].weight);
    }
    // Not reached: p is 1, or rounding made it so.
    if (static_cast<double>(weight) > wanted) out[i] = sorted[next - 1].smallest;
  }
  return out;
}

size_t Percentiles::heap_bytes() const {
  return few_.capacity() * sizeof(uint64_t) + slots_.capacity() * sizeof(Counter);
}

void Percentiles::AppendTo(ByteWriter& out) const {
  std::vector<Counter> sorted = Sorted();
  // Equal values that still lie one by one.
  size_t kept = 0;
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].smallest == sorted[kept].smallest) {
      sorted[kept].weight = SaturatingAdd(sorted[kept].weight, sorted[i].weight);
    } else {
      sorted[++kept] = sorted[i];
    }
  }
  if (!sorted.empty()) sorted.resize(kept + 1);
  out.PutU8(shift_);
  out.PutVarint(sorted.size());
  uint64_t before = 0;
  for (const Counter& counter : sorted) {
    out.PutVarint(counter.smallest - before);
    out.PutVarint(counter.weight);
    before = counter.smallest;
  }
  out.PutVarint(largest_ - before);
}

Result<Percentiles> Percentiles::Read(ByteReader& in) {
  const auto malformed = [] {
    return Error{Code::kCorruption, "aggregate state: percentiles are malformed"};
  };
  Percentiles out;
  const uint8_t shift = in.GetU8();
  const uint64_t count = in.GetVarint();
  if (!in.ok() || shift > 48 || count > kCountersMax) return malformed();
  out.shift_ = shift;
  uint64_t value = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t step = in.GetVarint();
    const uint64_t weight = in.GetVarint();
    if (!in.ok() || weight == 0 || step > ~value) return malformed();
    const uint64_t next = value + step;
    if (i > 0 && next >> shift == value >> shift) return malformed();
    value = next;
    out.Add(value, weight);
  }
  const uint64_t rest = in.GetVarint();
  if (!in.ok() || rest > ~value || (value + rest) >> shift != value >> shift) return malformed();
  out.largest_ = value + rest;
  return out;
}

}  // namespace tidemark::agg
