// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tidemark {

MemoryBudget::MemoryBudget(uint64_t bytes_max) : MemoryBudget(std::string(), bytes_max) {}
MemoryBudget::MemoryBudget(std::string name, uint64_t bytes_max)
    : name_(std::move(name)), bytes_max_(bytes_max) {}
MemoryBudget::~MemoryBudget() = default;

std::string MemoryBudget::PathOf(std::string_view child) const {
  return name_.empty() ? std::string(child) : name_ + "." + std::string(child);
}

MemoryBudget& MemoryBudget::Child(std::string_view name, uint64_t bytes_max) {
  const MutexLock lock(mutex_);
  const auto it = children_.find(name);
  if (it != children_.end()) return *it->second;
  std::unique_ptr<MemoryBudget> child(new MemoryBudget(PathOf(name), bytes_max));
  return *children_.emplace(std::string(name), std::move(child)).first->second;
}

void MemoryBudget::Poll(std::function<uint64_t()> use) {
  const MutexLock lock(poll_mutex_);
  poll_ = std::move(use);
}

void MemoryBudget::PollParts(std::function<Parts()> parts) {
  const MutexLock lock(poll_mutex_);
  poll_parts_ = std::move(parts);
}

uint64_t MemoryBudget::Collect(std::map<std::string, Use>& out) const {
  // A sum of adds and their later subtractions may be seen below zero for an instant.
  uint64_t total =
      static_cast<uint64_t>(std::max<int64_t>(0, pushed_.load(std::memory_order_relaxed)));
  Parts parts;
  {
    const MutexLock lock(poll_mutex_);
    if (poll_) total += poll_();
    if (poll_parts_) parts = poll_parts_();
  }
  for (const auto& [name, bytes] : parts) {
    total += bytes;
    out[PathOf(name)].bytes += bytes;
  }
  std::vector<const MemoryBudget*> children;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, child] : children_) children.push_back(child.get());
  }
  for (const MemoryBudget* child : children) total += child->Collect(out);
  Use& own = out[name_.empty() ? "total" : name_];
  own.bytes += total;
  own.bytes_max = bytes_max_;
  return total;
}

uint64_t MemoryBudget::bytes() const {
  std::map<std::string, Use> ignored;
  return Collect(ignored);
}

std::map<std::string, MemoryBudget::Use> MemoryBudget::Report() const {
  std::map<std::string, Use> out;
  Collect(out);
  return out;
}

void PublishMemory(const MemoryBudget& root, MetricRegistry& metrics) {
  for (const auto& [name, use] : root.Report()) {
    metrics
        .GetGauge("tidemark_memory_bytes", "Bytes in use of a memory budget, its parts included",
                  {{"budget", name}})
        .Set(static_cast<int64_t>(use.bytes));
    if (use.bytes_max == 0) continue;
    metrics.GetGauge("tidemark_memory_bytes_max", "Limit of a memory budget", {{"budget", name}})
        .Set(static_cast<int64_t>(std::min<uint64_t>(use.bytes_max, INT64_MAX)));
  }
}

}  // namespace tidemark
