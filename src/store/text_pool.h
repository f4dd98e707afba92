// SPDX-License-Identifier: Apache-2.0
// Bytes of one series' texts and multi-measure rows. Append-only: what was handed out stays at its
// place as long as the pool, so readers keep a shared_ptr and need no lock. Adding is single-owner.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace tidemark::store {

class TextPool {
 public:
  /// A handle that TextOf() reads back; equal recent texts share one.
  uint64_t Add(std::string_view text);
  size_t heap_bytes() const { return heap_bytes_; }
  size_t used_bytes() const { return used_bytes_; }

  static std::string_view TextOf(uint64_t handle) {
    const char* at = reinterpret_cast<const char*>(handle);
    uint32_t size = 0;
    std::memcpy(&size, at, sizeof(size));
    return {at + sizeof(size), size};
  }

 private:
  static constexpr size_t kRecent = 8;

  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_bytes_ = 0;  // of the last block
  size_t block_used_ = 0;
  size_t heap_bytes_ = 0;
  size_t used_bytes_ = 0;
  std::array<uint64_t, kRecent> recent_{};
  size_t next_recent_ = 0;
};

}  // namespace tidemark::store
