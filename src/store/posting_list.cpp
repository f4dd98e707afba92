// SPDX-License-Identifier: Apache-2.0
#include "store/posting_list.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include <roaring/roaring.h>

#include "base/check.h"

namespace tidemark::store {
namespace {

constexpr uint32_t kArrayIdsMax = 64;
constexpr uint64_t kIdMask = PostingList::kIdsMax - 1;
constexpr unsigned kCountShift = 1;  // 2 bits
constexpr unsigned kIdShift = 3;
constexpr unsigned kIdBits = 26;
// An empty bitmap with one container: what malloc takes for its five parts.
constexpr size_t kBitmapBytes = 160;

roaring_bitmap_t* Checked(roaring_bitmap_t* bitmap) {
  if (bitmap == nullptr) throw std::bad_alloc();
  return bitmap;
}
roaring_bitmap_t* Bitmap(uint64_t word) { return reinterpret_cast<roaring_bitmap_t*>(word); }
roaring_bitmap_t* Bitmap(void* bitmap) { return static_cast<roaring_bitmap_t*>(bitmap); }

uint32_t InlineId(uint64_t word, size_t i) {
  return static_cast<uint32_t>(word >> (kIdShift + kIdBits * i) & kIdMask);
}

}  // namespace

struct PostingList::Array {
  uint32_t count = 0;
  uint32_t capacity = 0;
  uint32_t ids[1];

  static size_t BytesFor(uint32_t capacity) { return sizeof(Array) + capacity * sizeof(uint32_t); }
  static Array* New(uint32_t capacity) {
    void* raw = std::malloc(BytesFor(capacity));
    if (raw == nullptr) throw std::bad_alloc();
    auto* out = new (raw) Array;
    out->capacity = capacity;
    return out;
  }
  static Array* From(uint64_t word) { return reinterpret_cast<Array*>(word & ~uint64_t{3}); }
};

PostingList::~PostingList() { Clear(); }

void PostingList::Clear() {
  if (is_array()) std::free(Array::From(word_));
  if (is_bitmap()) roaring_bitmap_free(Bitmap(word_));
  word_ = 0;
}

std::span<const uint32_t> PostingList::Ids(uint32_t (&room)[2]) const {
  if (is_array()) {
    const Array* array = Array::From(word_);
    return {array->ids, array->count};
  }
  const size_t count = is_inline() ? word_ >> kCountShift & 3U : 0;
  for (size_t i = 0; i < count; ++i) room[i] = InlineId(word_, i);
  return {room, count};
}

// Replaces what is there.
size_t PostingList::SetIds(std::span<const uint32_t> ids) {
  uint64_t word = 0;
  size_t bytes = 0;
  if (ids.size() <= 2) {
    if (!ids.empty()) word = 1U | ids.size() << kCountShift;
    for (size_t i = 0; i < ids.size(); ++i) word |= uint64_t{ids[i]} << (kIdShift + kIdBits * i);
  } else if (ids.size() <= kArrayIdsMax) {
    uint32_t capacity = 4;
    while (capacity < ids.size()) capacity *= 2;
    Array* array = Array::New(capacity);
    std::copy(ids.begin(), ids.end(), array->ids);
    array->count = static_cast<uint32_t>(ids.size());
    word = reinterpret_cast<uint64_t>(array) | 2U;
    bytes = Array::BytesFor(capacity) / 2;  // the one before had the other half
  } else {
    word = reinterpret_cast<uint64_t>(Checked(roaring_bitmap_of_ptr(ids.size(), ids.data())));
    bytes = kBitmapBytes;
  }
  Clear();
  word_ = word;
  return bytes;
}

size_t PostingList::Add(uint32_t id) {
  TM_DCHECK(id < kIdsMax);
  if (is_bitmap()) {
    roaring_bitmap_add(Bitmap(word_), id);
    return sizeof(uint16_t);
  }
  if (is_array()) {
    Array* array = Array::From(word_);
    if (array->count < array->capacity && array->ids[array->count - 1] < id) {
      array->ids[array->count++] = id;
      return 0;
    }
  }
  uint32_t room[2];
  const auto ids = Ids(room);
  const auto place = std::lower_bound(ids.begin(), ids.end(), id);
  if (place != ids.end() && *place == id) return 0;
  std::array<uint32_t, kArrayIdsMax + 1> more;
  auto end = std::copy(ids.begin(), place, more.begin());
  *end++ = id;
  end = std::copy(place, ids.end(), end);
  return SetIds({more.begin(), end});
}

void PostingList::Remove(uint32_t id) {
  if (is_bitmap()) {
    roaring_bitmap_remove(Bitmap(word_), id);
    if (roaring_bitmap_is_empty(Bitmap(word_))) Clear();
    return;
  }
  uint32_t room[2];
  const auto ids = Ids(room);
  if (!std::binary_search(ids.begin(), ids.end(), id)) return;
  std::array<uint32_t, kArrayIdsMax> fewer;
  const auto end = std::remove_copy(ids.begin(), ids.end(), fewer.begin(), id);
  SetIds({fewer.begin(), end});
}

bool PostingList::Contains(uint32_t id) const {
  if (is_bitmap()) return roaring_bitmap_contains(Bitmap(word_), id);
  uint32_t room[2];
  const auto ids = Ids(room);
  return std::binary_search(ids.begin(), ids.end(), id);
}

uint64_t PostingList::size() const {
  if (is_bitmap()) return roaring_bitmap_get_cardinality(Bitmap(word_));
  uint32_t room[2];
  return Ids(room).size();
}

void PostingList::AppendTo(std::vector<uint32_t>& out) const {
  if (is_bitmap()) {
    const size_t at = out.size();
    out.resize(at + size());
    roaring_bitmap_to_uint32_array(Bitmap(word_), out.data() + at);
    return;
  }
  uint32_t room[2];
  const auto ids = Ids(room);
  out.insert(out.end(), ids.begin(), ids.end());
}

IdSet::IdSet() : bitmap_(Checked(roaring_bitmap_create())) {}
IdSet::~IdSet() {
  if (bitmap_ != nullptr) roaring_bitmap_free(Bitmap(bitmap_));
}

IdSet IdSet::Of(std::span<const uint32_t> ids) {
  IdSet out;
  roaring_bitmap_add_many(Bitmap(out.bitmap_), ids.size(), ids.data());
  return out;
}

IdSet IdSet::UnionOf(std::span<const PostingList* const> lists) {
  std::vector<const roaring_bitmap_t*> bitmaps;
  std::vector<uint32_t> ids;
  for (const PostingList* list : lists) {
    if (list->is_bitmap()) {
      bitmaps.push_back(Bitmap(list->word_));
    } else {
      list->AppendTo(ids);
    }
  }
  // In order they fall into one container after the other.
  if (lists.size() > 1) std::sort(ids.begin(), ids.end());
  IdSet out = Of(ids);
  for (const roaring_bitmap_t* bitmap : bitmaps)
    roaring_bitmap_or_inplace(Bitmap(out.bitmap_), bitmap);
  return out;
}

void IdSet::IntersectWith(const IdSet& other) {
  roaring_bitmap_and_inplace(Bitmap(bitmap_), Bitmap(other.bitmap_));
}

void IdSet::IntersectWith(const PostingList& list) {
  if (list.is_bitmap()) {
    roaring_bitmap_and_inplace(Bitmap(bitmap_), Bitmap(list.word_));
    return;
  }
  const PostingList* one = &list;
  IntersectWith(UnionOf({&one, 1}));
}

void IdSet::Subtract(const IdSet& other) {
  roaring_bitmap_andnot_inplace(Bitmap(bitmap_), Bitmap(other.bitmap_));
}

bool IdSet::empty() const { return roaring_bitmap_is_empty(Bitmap(bitmap_)); }
uint64_t IdSet::size() const { return roaring_bitmap_get_cardinality(Bitmap(bitmap_)); }

std::vector<uint32_t> IdSet::ToVector() const {
  std::vector<uint32_t> out(size());
  roaring_bitmap_to_uint32_array(Bitmap(bitmap_), out.data());
  return out;
}

}  // namespace tidemark::store
