// SPDX-License-Identifier: Apache-2.0
#include "store/text_pool.h"

#include <algorithm>

namespace tidemark::store {

uint64_t TextPool::Add(std::string_view text) {
  for (const uint64_t handle : recent_) {
    if (handle != 0 && TextOf(handle) == text) return handle;
  }
  const auto size = static_cast<uint32_t>(text.size());
  const size_t need = sizeof(size) + text.size();
  if (blocks_.empty() || block_bytes_ - block_used_ < need) {
    constexpr size_t kFirst = 64;
    constexpr size_t kMax = 16384;
    block_bytes_ = std::max(need, std::clamp(block_bytes_ * 2, kFirst, kMax));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes_));
    block_used_ = 0;
    heap_bytes_ += block_bytes_ + 16 + sizeof(blocks_[0]);
  }
  char* at = blocks_.back().get() + block_used_;
  std::memcpy(at, &size, sizeof(size));
  if (!text.empty()) std::memcpy(at + sizeof(size), text.data(), text.size());
  block_used_ += need;
  used_bytes_ += need;
  const auto handle = reinterpret_cast<uint64_t>(at);
  recent_[next_recent_++ % kRecent] = handle;
  return handle;
}

}  // namespace tidemark::store
