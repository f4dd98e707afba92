// SPDX-License-Identifier: Apache-2.0
#include "store/text_table.h"

#include <algorithm>

#include "base/checksum.h"

namespace tidemark::store {
namespace {

constexpr size_t kBlockBytesMin = 256;
constexpr size_t kBlockBytesMax = 64 * 1024;
constexpr size_t kSlotsMin = 8;

}  // namespace

void* Arena::Allocate(size_t bytes, size_t alignment) {
  const size_t at = (block_used_ + alignment - 1) / alignment * alignment;
  if (!blocks_.empty() && at + bytes <= block_bytes_) {
    block_used_ = at + bytes;
    return blocks_.back().get() + at;
  }
  const size_t wanted = std::clamp(block_bytes_ * 2, kBlockBytesMin, kBlockBytesMax);
  const size_t size = std::max(wanted, bytes);
  auto block = std::make_unique<std::byte[]>(size);
  heap_bytes_ += size;
  void* out = block.get();
  if (bytes > kBlockBytesMax / 4 && !blocks_.empty()) {
    // A large one lies alone; the block before is filled further.
    blocks_.insert(blocks_.end() - 1, std::move(block));
    return out;
  }
  blocks_.push_back(std::move(block));
  block_bytes_ = size;
  block_used_ = bytes;
  return out;
}

void IdTable::Insert(uint64_t hash, uint32_t id) {
  if ((size_ + 1) * 4 > slots_.size() * 3) Grow();
  Place(MarkOf(hash) << 32U | (uint64_t{id} + 1));
  ++size_;
}

void IdTable::Place(uint64_t slot) {
  size_t at = (slot >> 32U) & mask();
  while (slots_[at] != 0) at = (at + 1) & mask();
  slots_[at] = slot;
}

void IdTable::Grow() {
  std::vector<uint64_t> old(std::max(kSlotsMin, slots_.size() * 2));
  old.swap(slots_);
  for (const uint64_t slot : old) {
    if (slot != 0) Place(slot);
  }
}

bool IdTable::Erase(uint64_t hash, uint32_t id) {
  if (slots_.empty()) return false;
  const uint64_t wanted = MarkOf(hash) << 32U | (uint64_t{id} + 1);
  size_t hole = MarkOf(hash) & mask();
  while (slots_[hole] != wanted) {
    if (slots_[hole] == 0) return false;
    hole = (hole + 1) & mask();
  }
  --size_;
  // What follows moves up if its way from home leads over the hole: there are no tombstones.
  for (size_t at = (hole + 1) & mask(); slots_[at] != 0; at = (at + 1) & mask()) {
    const size_t home = (slots_[at] >> 32U) & mask();
    if (((at - home) & mask()) < ((at - hole) & mask())) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = 0;
  return true;
}

uint32_t TextTable::Find(std::string_view text) const {
  return by_text_.Find(Hash64(text), [&](uint32_t id) { return TextOf(id) == text; });
}

uint32_t TextTable::FindOrAdd(std::string_view text) {
  const uint64_t hash = Hash64(text);
  const uint32_t found = by_text_.Find(hash, [&](uint32_t id) { return TextOf(id) == text; });
  if (found != kNoId) return found;
  const auto size = static_cast<uint32_t>(text.size());
  char* at = static_cast<char*>(arena_.Allocate(sizeof(size) + text.size(), 1));
  std::memcpy(at, &size, sizeof(size));
  std::copy(text.begin(), text.end(), at + sizeof(size));
  const uint32_t id = this->size();
  texts_.push_back(at);
  by_text_.Insert(hash, id);
  return id;
}

}  // namespace tidemark::store
