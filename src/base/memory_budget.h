// SPDX-License-Identifier: Apache-2.0
// The memory of the process as a tree of named budgets in bytes: what each part may use and what it
// uses now. A node's use is its own plus its children's. The parts keep their limits themselves
// (writers slow down, caches let go); the tree says how they add up, for /metrics and `store
// stats`. Names are paths: "store", "store.memory", "sql". Thread-safe.
//
//   MemoryBudget root(4_GiB);
//   MemoryBudget& store = root.Child("store", 2_GiB);
//   store.Child("journal_queue", 32_MiB).Add(frame.size());         // pushed
//   root.Child("sql", 1_GiB).Poll([&] { return engine.bytes(); });  // polled
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/mutex.h"

namespace tidemark {

class MemoryBudget {
 public:
  struct Use {
    uint64_t bytes = 0;
    uint64_t bytes_max = 0;  // 0: no limit of its own, only its parent's
    friend bool operator==(const Use&, const Use&) = default;
  };
  using Parts = std::map<std::string, uint64_t>;

  /// A root.
  explicit MemoryBudget(uint64_t bytes_max);
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// The child of that name, made with `bytes_max` if there is none. Lives as long as its parent.
  MemoryBudget& Child(std::string_view name, uint64_t bytes_max);

  /// Changes the pushed use. Lock-free.
  void Add(int64_t bytes) { pushed_.fetch_add(bytes, std::memory_order_relaxed); }
  /// `use` is asked whenever somebody looks, with no lock of the tree held. Null: nobody any more;
  /// it does not run when the call has returned.
  void Poll(std::function<uint64_t()> use);
  /// The same for a part that knows its own parts: they appear as children.
  void PollParts(std::function<Parts()> parts);

  const std::string& name() const { return name_; }  // "store.memory"; of the root: ""
  /// Own and children's.
  uint64_t bytes() const;
  uint64_t bytes_max() const { return bytes_max_; }
  /// Every node below this one by path; the root itself as "total".
  std::map<std::string, Use> Report() const;

 private:
  MemoryBudget(std::string name, uint64_t bytes_max);
  uint64_t Collect(std::map<std::string, Use>& out) const;
  std::string PathOf(std::string_view child) const;

  const std::string name_;
  const uint64_t bytes_max_;
  std::atomic<int64_t> pushed_{0};

  mutable Mutex poll_mutex_;  // held while a callback runs
  std::function<uint64_t()> poll_ TM_GUARDED_BY(poll_mutex_);
  std::function<Parts()> poll_parts_ TM_GUARDED_BY(poll_mutex_);
  mutable Mutex mutex_;  // short
  std::map<std::string, std::unique_ptr<MemoryBudget>, std::less<>> children_ TM_GUARDED_BY(mutex_);
};

/// Sets tidemark_memory_bytes{budget} and tidemark_memory_bytes_max{budget} of every node.
void PublishMemory(const MemoryBudget& root, MetricRegistry& metrics);

}  // namespace tidemark
