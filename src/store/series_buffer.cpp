// SPDX-License-Identifier: Apache-2.0
#include "store/series_buffer.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace tidemark::store {
namespace {

constexpr uint32_t kFirstCapacity = 4;
constexpr uint32_t kNextCapacity = 32;   // of a chunk behind a full one
constexpr size_t kAllocationBytes = 16;  // malloc's own
// Room below the first version: arrivals of parallel readers are out of order by minutes at most.
constexpr int64_t kVersionMargin = 3'600'000;

uint32_t LowerBound(const Row* rows, uint32_t count, int64_t time) {
  const Row* at = std::lower_bound(rows, rows + count, time,
                                   [](const Row& r, int64_t t) { return r.time < t; });
  return static_cast<uint32_t>(at - rows);
}

}  // namespace

size_t SeriesBuffer::Chunk::heap_bytes() const {
  if (capacity == 0) return 0;
  size_t bytes = kAllocationBytes + capacity * sizeof(Row);
  if (offsets != nullptr) bytes += kAllocationBytes + capacity * sizeof(uint32_t);
  if (wide != nullptr) bytes += kAllocationBytes + capacity * sizeof(int64_t);
  if (owned != nullptr) bytes += kAllocationBytes + capacity * sizeof(OwnedRow);
  return bytes;
}

void SeriesBuffer::Chunk::Reserve(uint32_t rows_wanted) {
  if (rows_wanted <= capacity) return;
  uint32_t wanted = std::max(capacity, kFirstCapacity);
  while (wanted < rows_wanted) wanted *= 2;
  const auto grow = [&](auto& array) {
    if (array == nullptr) return;
    auto bigger = std::make_unique_for_overwrite<std::remove_cvref_t<decltype(array[0])>[]>(wanted);
    std::copy_n(array.get(), count, bigger.get());
    array = std::move(bigger);
  };
  if (rows == nullptr) {
    rows = std::make_unique_for_overwrite<Row[]>(wanted);
  } else {
    grow(rows);
  }
  grow(offsets);
  grow(wide);
  grow(owned);
  capacity = wanted;
}

void SeriesBuffer::Chunk::EnsureOwned() {
  if (owned == nullptr) owned = std::make_unique<OwnedRow[]>(capacity);
}

void SeriesBuffer::Chunk::AdmitVersion(int64_t v) {
  if (wide != nullptr || SameVersion(v)) {
    if (count == 0 && wide == nullptr) version_base = v;
    return;
  }
  constexpr int64_t kSpan = std::numeric_limits<uint32_t>::max();
  if (offsets != nullptr && v >= version_base && v - version_base <= kSpan) return;
  if (offsets == nullptr) {
    const int64_t low = std::min(v, version_base);
    const int64_t high = std::max(v, version_base);
    const int64_t base = low > kVersionMargin ? low - kVersionMargin : 0;
    if (low >= 0 && high - base <= kSpan) {
      offsets = std::make_unique_for_overwrite<uint32_t[]>(capacity);
      std::fill_n(offsets.get(), count, static_cast<uint32_t>(version_base - base));
      version_base = base;
      return;
    }
  }
  auto all = std::make_unique_for_overwrite<int64_t[]>(capacity);
  for (uint32_t i = 0; i < count; ++i) all[i] = View().at(i);
  wide = std::move(all);
  offsets.reset();
}

void SeriesBuffer::Chunk::SetVersion(uint32_t i, int64_t v) {
  if (wide != nullptr) {
    wide[i] = v;
  } else if (offsets != nullptr) {
    offsets[i] = static_cast<uint32_t>(v - version_base);
  }
}

void SeriesBuffer::Chunk::InsertAt(uint32_t at, Row row, int64_t version,
                                   const OwnedRow* owned_row) {
  Reserve(count + 1);
  AdmitVersion(version);
  if (owned_row != nullptr) EnsureOwned();
  const auto shift = [&](auto& array) {
    if (array != nullptr)
      std::copy_backward(array.get() + at, array.get() + count, array.get() + count + 1);
  };
  shift(rows);
  shift(offsets);
  shift(wide);
  shift(owned);
  rows[at] = row;
  SetVersion(at, version);
  if (owned != nullptr) owned[at] = owned_row != nullptr ? *owned_row : OwnedRow{};
  ++count;
}

void SeriesBuffer::Chunk::ReplaceAt(uint32_t at, Row row, int64_t version,
                                    const OwnedRow* owned_row) {
  AdmitVersion(version);
  if (owned_row != nullptr) EnsureOwned();
  rows[at] = row;
  SetVersion(at, version);
  if (owned != nullptr) owned[at] = owned_row != nullptr ? *owned_row : OwnedRow{};
}

SeriesBuffer::Chunk SeriesBuffer::Chunk::SplitAt(uint32_t from) {
  Chunk out;
  out.Reserve(std::max(count - from, kNextCapacity));
  out.version_base = version_base;
  const uint32_t moved = count - from;
  std::copy_n(rows.get() + from, moved, out.rows.get());
  const auto copy = [&](const auto& array, auto& to) {
    if (array == nullptr) return;
    to = std::make_unique_for_overwrite<std::remove_cvref_t<decltype(array[0])>[]>(out.capacity);
    std::copy_n(array.get() + from, moved, to.get());
  };
  copy(offsets, out.offsets);
  copy(wide, out.wide);
  copy(owned, out.owned);
  out.count = moved;
  count = from;
  return out;
}

void SeriesBuffer::Chunk::EraseFront(uint32_t n) {
  const auto shift = [&](auto& array) {
    if (array != nullptr) std::copy(array.get() + n, array.get() + count, array.get());
  };
  shift(rows);
  shift(offsets);
  shift(wide);
  shift(owned);
  count -= n;
}

void SeriesBuffer::ChunkList::insert(Chunk* before, Chunk chunk) {
  const auto at = static_cast<uint32_t>(before - begin());
  if (size_ == capacity_) {
    ChunkList larger;
    larger.capacity_ = std::max(1U, capacity_ * 2);
    larger.size_ = size_;
    larger.list_ = std::make_unique<Chunk[]>(larger.capacity_);
    std::move(begin(), end(), larger.begin());
    *this = std::move(larger);
  }
  std::move_backward(begin() + at, end(), end() + 1);
  list_[at] = std::move(chunk);
  ++size_;
}

void SeriesBuffer::ChunkList::erase(Chunk* first, Chunk* last) {
  Chunk* to = std::move(last, end(), first);
  for (Chunk* gone = to; gone != end(); ++gone) *gone = {};
  size_ = static_cast<uint32_t>(to - begin());
}

SeriesBuffer::Place SeriesBuffer::FindInside(int64_t time) const {
  size_t c = chunks_.size();
  if (time < tail_.rows[0].time && !chunks_.empty()) {
    const auto after =
        std::upper_bound(chunks_.begin(), chunks_.end(), time,
                         [](int64_t t, const Chunk& k) { return t < k.rows[0].time; });
    c = after == chunks_.begin() ? 0 : static_cast<size_t>(after - chunks_.begin()) - 1;
  }
  const Chunk& k = chunk(c);
  // Late rows are mostly a few steps behind the end.
  uint32_t at = k.count;
  for (int steps = 0; steps < 8 && at > 0 && k.rows[at - 1].time >= time; ++steps) --at;
  if (at > 0 && k.rows[at - 1].time >= time) at = LowerBound(k.rows.get(), at, time);
  return {c, at, at < k.count && k.rows[at].time == time};
}

void SeriesBuffer::Insert(Place place, Row row, int64_t version, const OwnedRow* owned_row) {
  TM_DCHECK(!place.found);
  const size_t list_before = chunks_.capacity() * sizeof(Chunk);
  if (chunk(place.chunk).count == kChunkRowsMax) {
    const bool at_end = place.chunk == chunks_.size() && place.at == kChunkRowsMax;
    const uint32_t cut = at_end ? kChunkRowsMax : kChunkRowsMax / 2;
    Chunk& full = chunk(place.chunk);
    heap_bytes_ -= full.heap_bytes();
    Chunk second = full.SplitAt(cut);
    if (at_end) {
      second = Chunk();
      second.Reserve(kNextCapacity);
    }
    heap_bytes_ += full.heap_bytes() + second.heap_bytes();
    if (place.chunk == chunks_.size()) {
      chunks_.push_back(std::move(tail_));
      tail_ = std::move(second);
    } else {
      chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(place.chunk) + 1,
                     std::move(second));
    }
    if (place.at >= cut) {
      place.at -= cut;
      ++place.chunk;
    }
  }
  Chunk& k = chunk(place.chunk);
  heap_bytes_ -= k.heap_bytes();
  k.InsertAt(place.at, row, version, owned_row);
  heap_bytes_ += k.heap_bytes() + chunks_.capacity() * sizeof(Chunk);
  heap_bytes_ -= list_before;
  ++rows_;
  last_time_ = std::max(last_time_, row.time);
}

void SeriesBuffer::Replace(const Place& place, Row row, int64_t version,
                           const OwnedRow* owned_row) {
  TM_DCHECK(place.found);
  Chunk& k = chunk(place.chunk);
  heap_bytes_ -= k.heap_bytes();
  k.ReplaceAt(place.at, row, version, owned_row);
  heap_bytes_ += k.heap_bytes();
}

uint64_t SeriesBuffer::RemoveBefore(int64_t floor) {
  const uint64_t before = rows_;
  size_t whole = 0;
  while (whole < chunks_.size() && chunks_[whole].rows[chunks_[whole].count - 1].time < floor) {
    rows_ -= chunks_[whole].count;
    heap_bytes_ -= chunks_[whole].heap_bytes();
    ++whole;
  }
  chunks_.erase(chunks_.begin(), chunks_.begin() + static_cast<std::ptrdiff_t>(whole));
  Chunk& first = chunk(0);
  if (first.count > 0) {
    const uint32_t n = LowerBound(first.rows.get(), first.count, floor);
    if (n > 0) {
      first.EraseFront(n);
      rows_ -= n;
    }
  }
  if (rows_ == 0) Clear();
  return before - rows_;
}

void SeriesBuffer::Clear() {
  tail_ = Chunk();
  chunks_.clear();
  chunks_.shrink_to_fit();
  rows_ = 0;
  heap_bytes_ = {};
  last_time_ = INT64_MIN;
}

void SeriesBuffer::Collect(int64_t start, int64_t end, uint64_t rows_max,
                           std::vector<RowSpan>& out) const {
  if (tail_.count == 0 || start >= end || rows_max == 0) return;
  const Place from = Find(start);
  uint32_t at = from.at;
  for (size_t c = from.chunk; c <= chunks_.size() && rows_max > 0; ++c, at = 0) {
    const Chunk& k = chunk(c);
    if (at >= k.count) continue;
    if (k.rows[at].time >= end) return;
    uint32_t to = k.rows[k.count - 1].time < end ? k.count : LowerBound(k.rows.get(), k.count, end);
    if (to - at > rows_max) to = at + static_cast<uint32_t>(rows_max);
    out.push_back({k.rows.get() + at, to - at, at, k.View(), k.owned.get()});
    rows_max -= to - at;
  }
}

bool SeriesBuffer::HasRowIn(int64_t min_time, int64_t max_time) const {
  if (tail_.count == 0 || min_time > last_time_) return false;
  const Place at = Find(min_time);
  if (at.found) return true;
  // The next row may open the next chunk.
  for (size_t c = at.chunk, i = at.at; c <= chunks_.size(); ++c, i = 0) {
    if (i < chunk(c).count) return chunk(c).rows[i].time <= max_time;
  }
  return false;
}

uint64_t SeriesBuffer::RowsIn(int64_t min_time, int64_t max_time) const {
  if (tail_.count == 0 || min_time > last_time_) return 0;
  const Place from = Find(min_time);
  uint64_t rows = 0;
  for (size_t c = from.chunk, i = from.at; c <= chunks_.size(); ++c, i = 0) {
    const Row* const begin = chunk(c).rows.get() + i;
    const Row* const end = chunk(c).rows.get() + chunk(c).count;
    if (begin >= end) continue;
    const Row* const stop = std::partition_point(
        begin, end, [max_time](const Row& row) { return row.time <= max_time; });
    rows += static_cast<uint64_t>(stop - begin);
    if (stop != end) break;
  }
  return rows;
}

}  // namespace tidemark::store
