// SPDX-License-Identifier: Apache-2.0
// Sets of series ids. A posting list costs 8 bytes while it has at most two ids (a value that is
// unique to its host), an array up to 64, a roaring bitmap beyond (storage.md 4.2). IdSet is a set
// that a selection works on. Thread-compatible.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tidemark::store {

class PostingList {
 public:
  /// Ids are below it.
  static constexpr uint32_t kIdsMax = uint32_t{1} << 26;

  PostingList() = default;
  ~PostingList();
  PostingList(PostingList&& other) noexcept : word_(std::exchange(other.word_, 0)) {}
  PostingList& operator=(PostingList&& other) noexcept {
    std::swap(word_, other.word_);
    return *this;
  }
  PostingList(const PostingList&) = delete;
  PostingList& operator=(const PostingList&) = delete;

  /// Ids mostly ascend; others are slower. Returns by how many bytes the heap grew, about.
  size_t Add(uint32_t id);
  void Remove(uint32_t id);
  bool empty() const { return word_ == 0; }
  bool Contains(uint32_t id) const;
  uint64_t size() const;
  void AppendTo(std::vector<uint32_t>& out) const;  // ascending

 private:
  friend class IdSet;
  struct Array;

  // The low bits tell what the word is: 1 up to two ids in it, 2 an Array*, 0 a bitmap (or empty).
  bool is_inline() const { return (word_ & 1U) != 0; }
  bool is_array() const { return (word_ & 3U) == 2; }
  bool is_bitmap() const { return word_ != 0 && (word_ & 3U) == 0; }
  std::span<const uint32_t> Ids(uint32_t (&room)[2]) const;  // inline or array
  size_t SetIds(std::span<const uint32_t> ids);
  void Clear();

  uint64_t word_ = 0;
};

class IdSet {
 public:
  IdSet();
  ~IdSet();
  IdSet(IdSet&& other) noexcept : bitmap_(std::exchange(other.bitmap_, nullptr)) {}
  IdSet& operator=(IdSet&& other) noexcept {
    std::swap(bitmap_, other.bitmap_);
    return *this;
  }
  IdSet(const IdSet&) = delete;
  IdSet& operator=(const IdSet&) = delete;

  static IdSet UnionOf(std::span<const PostingList* const> lists);
  static IdSet Of(std::span<const uint32_t> ids);

  void IntersectWith(const IdSet& other);
  void IntersectWith(const PostingList& list);
  void Subtract(const IdSet& other);
  bool empty() const;
  uint64_t size() const;
  std::vector<uint32_t> ToVector() const;  // ascending

 private:
  void* bitmap_;  // roaring_bitmap_t
};

}  // namespace tidemark::store
