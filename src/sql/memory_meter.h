// SPDX-License-Identifier: Apache-2.0
// Memory that the execution engine does not see because our aggregates' states allocate it
// themselves: held to the same limit. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

namespace tidemark::sql {

class MemoryMeter {
 public:
  explicit MemoryMeter(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void Add(int64_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  bool over() const {
    const int64_t held = bytes_.load(std::memory_order_relaxed);
    return held > 0 && static_cast<uint64_t>(held) > bytes_max_;
  }

 private:
  const uint64_t bytes_max_;
  std::atomic<int64_t> bytes_{0};
};

/// One holder's part; gives it back at its end. A copy holds nothing yet. Single-owner.
class MeteredBytes {
 public:
  MeteredBytes() = default;
  MeteredBytes(const MeteredBytes& /*other*/) {}
  MeteredBytes& operator=(const MeteredBytes&) = delete;
  ~MeteredBytes() {
    if (meter_ != nullptr) meter_->Add(-bytes_);
  }

  /// `meter` is always the same.
  void Set(MemoryMeter& meter, uint64_t bytes) {
    meter_ = &meter;
    const auto now = static_cast<int64_t>(bytes);
    if (now != bytes_) meter.Add(now - bytes_);
    bytes_ = now;
  }

 private:
  MemoryMeter* meter_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace tidemark::sql
