// SPDX-License-Identifier: Apache-2.0
// Interned texts: equal ones are one dense number. What the series index is made of: an arena for
// bytes that never move, a hash table of numbers, and both together. Thread-compatible.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace tidemark::store {

inline constexpr uint32_t kNoId = UINT32_MAX;

/// Memory that stays where it is and goes all at once. Blocks double from a few hundred bytes, so
/// that a thousand small tables cost little.
class Arena {
 public:
  void* Allocate(size_t bytes, size_t alignment);
  size_t heap_bytes() const { return heap_bytes_; }

 private:
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  size_t block_bytes_ = 0;  // of the block that is filled
  size_t block_used_ = 0;
  size_t heap_bytes_ = 0;
};

/// Numbers below kNoId by hash; the caller keeps what they stand for and compares. Linear probing;
/// 32 bits of the hash lie beside each number, so a lookup rarely compares in vain and growing
/// reads nothing else.
class IdTable {
 public:
  /// The number for which `equal(id)` holds, or kNoId.
  template <typename Equal>
  uint32_t Find(uint64_t hash, const Equal& equal) const {
    if (slots_.empty()) return kNoId;
    const uint64_t mark = MarkOf(hash);
    for (size_t at = mark & mask();; at = (at + 1) & mask()) {
      const uint64_t slot = slots_[at];
      if (slot == 0) return kNoId;
      if (slot >> 32U == mark && equal(IdOf(slot))) return IdOf(slot);
    }
  }
  /// `id` is not in it under this hash.
  void Insert(uint64_t hash, uint32_t id);
  /// False: not in it.
  bool Erase(uint64_t hash, uint32_t id);
  void Prefetch(uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[MarkOf(hash) & mask()]);
  }
  size_t size() const { return size_; }
  size_t heap_bytes() const { return slots_.capacity() * sizeof(uint64_t); }

 private:
  static uint64_t MarkOf(uint64_t hash) { return hash >> 32U; }
  static uint32_t IdOf(uint64_t slot) { return static_cast<uint32_t>(slot) - 1; }
  size_t mask() const { return slots_.size() - 1; }
  void Place(uint64_t slot);
  void Grow();

  std::vector<uint64_t> slots_;  // mark << 32 | id + 1; 0: free
  size_t size_ = 0;
};

/// Texts numbered from 0 in the order they came. `arena` must outlive it.
class TextTable {
 public:
  explicit TextTable(Arena& arena) : arena_(arena) {}

  uint32_t Find(std::string_view text) const;
  uint32_t FindOrAdd(std::string_view text);
  /// Valid as long as the arena.
  std::string_view TextOf(uint32_t id) const {
    const char* at = texts_[id];
    uint32_t size = 0;
    std::memcpy(&size, at, sizeof(size));
    return {at + sizeof(size), size};
  }
  uint32_t size() const { return static_cast<uint32_t>(texts_.size()); }
  /// Without the arena's bytes.
  size_t heap_bytes() const { return by_text_.heap_bytes() + texts_.size() * sizeof(char*); }

 private:
  Arena& arena_;
  std::deque<const char*> texts_;  // size, then bytes
  IdTable by_text_;
};

}  // namespace tidemark::store
