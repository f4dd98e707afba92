// SPDX-License-Identifier: Apache-2.0
// The rows of one series in memory: sorted chunks of {time, value} pairs of 16 bytes, the newest
// one in place so that an append touches the header and one line of rows. A late row walks back
// from the end. Versions cost nothing while they are all equal inside a chunk, 4 bytes a row while
// they lie close, else 8. Single-owner: the lane's lock.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "store/types.h"

namespace tidemark::store {

/// One row: the value's 64 bits, or a TextPool handle for VARCHAR and multi-measure rows.
struct Row {
  int64_t time;
  uint64_t bits;
};

/// What rows of owned series carry besides.
struct OwnedRow {
  RowInfo info;
  bool tombstone = false;
};

struct VersionsView {
  int64_t base = 0;
  const uint32_t* offsets = nullptr;  // from base; null with `wide` null: all equal base
  const int64_t* wide = nullptr;

  int64_t at(size_t i) const {
    if (wide != nullptr) return wide[i];
    return offsets != nullptr ? base + offsets[i] : base;
  }
};

/// Consecutive rows where they lie; valid under the lane's lock.
struct RowSpan {
  const Row* rows = nullptr;
  size_t count = 0;
  size_t first = 0;  // index of rows[0] in `versions` and `owned`
  VersionsView versions;
  const OwnedRow* owned = nullptr;  // null: ownerless
};

class SeriesBuffer {
 public:
  /// Rows of a full chunk.
  static constexpr uint32_t kChunkRowsMax = 256;

  struct Place {
    size_t chunk = 0;  // chunks_.size() is the tail
    uint32_t at = 0;
    bool found = false;  // a row of that time lies there; else it belongs there
  };

  bool empty() const { return tail_.count == 0; }
  int64_t last_time() const { return last_time_; }
  /// Not when empty().
  int64_t first_time() const {
    return chunks_.empty() ? tail_.rows[0].time : chunks_.front().rows[0].time;
  }
  /// Whether a row has a time in [min_time, max_time].
  bool HasRowIn(int64_t min_time, int64_t max_time) const;
  /// Rows in [min_time, max_time].
  uint64_t RowsIn(int64_t min_time, int64_t max_time) const;
  uint64_t rows() const { return rows_; }
  /// Changes of heap_bytes() since construction are what the memory budget counts.
  size_t heap_bytes() const { return heap_bytes_.bytes(); }

  Place Find(int64_t time) const {
    if (tail_.count == 0 || time > last_time_) return {chunks_.size(), tail_.count, false};
    return FindInside(time);
  }
  const Row& row(const Place& place) const { return chunk(place.chunk).rows[place.at]; }
  int64_t version(const Place& place) const { return chunk(place.chunk).View().at(place.at); }
  const OwnedRow* owned(const Place& place) const {
    const Chunk& c = chunk(place.chunk);
    return c.owned == nullptr ? nullptr : &c.owned[place.at];
  }

  /// `place` is Find()'s, not found. `owned` is null for ownerless rows.
  void Insert(Place place, Row row, int64_t version, const OwnedRow* owned);
  void Replace(const Place& place, Row row, int64_t version, const OwnedRow* owned);
  /// In-order append: `row.time` is beyond last_time() (or the buffer is empty).
  void Append(Row row, int64_t version, const OwnedRow* owned_row) {
    if (tail_.count < tail_.capacity && owned_row == nullptr && tail_.owned == nullptr &&
        tail_.TryVersion(version)) {
      tail_.rows[tail_.count++] = row;
      last_time_ = row.time;
      ++rows_;
      return;
    }
    Insert({chunks_.size(), tail_.count, false}, row, version, owned_row);
  }
  /// Starts loading what Append() will touch.
  void PrefetchTail() const {
    __builtin_prefetch(tail_.rows.get() + tail_.count, 1);
    __builtin_prefetch(tail_.offsets.get() + tail_.count, 1);
  }

  /// Drops rows before `floor`; returns how many.
  uint64_t RemoveBefore(int64_t floor);
  void Clear();

  /// Appends spans of the rows in [start, end), at most `rows_max` rows.
  void Collect(int64_t start, int64_t end, uint64_t rows_max, std::vector<RowSpan>& out) const;
  /// Calls `fn(uint64_t&)` with the bits of every row: for moving texts to another pool.
  template <typename Fn>
  void ForEachBits(Fn fn) {
    for (size_t c = 0; c <= chunks_.size(); ++c) {
      Chunk& k = c == chunks_.size() ? tail_ : chunks_[c];
      for (uint32_t i = 0; i < k.count; ++i) fn(k.rows[i].bits);
    }
  }

 private:
  Place FindInside(int64_t time) const;

  struct Chunk {
    std::unique_ptr<Row[]> rows;
    std::unique_ptr<uint32_t[]> offsets;
    std::unique_ptr<int64_t[]> wide;
    std::unique_ptr<OwnedRow[]> owned;
    int64_t version_base = 0;
    uint32_t count = 0;
    uint32_t capacity = 0;

    bool SameVersion(int64_t v) const {
      return offsets == nullptr && wide == nullptr && (count == 0 || v == version_base);
    }
    /// Whether a row with version `v` fits behind the last one as things are; then its version is
    /// stored.
    bool TryVersion(int64_t v) {
      if (wide != nullptr) return false;
      if (offsets != nullptr) {
        if (v < version_base || v - version_base > UINT32_MAX) return false;
        offsets[count] = static_cast<uint32_t>(v - version_base);
        return true;
      }
      if (count == 0) version_base = v;
      return v == version_base;
    }
    VersionsView View() const { return {version_base, offsets.get(), wide.get()}; }
    size_t heap_bytes() const;
    void Reserve(uint32_t rows_wanted);
    void EnsureOwned();
    /// Makes room for a version that differs; afterwards SetVersion() may store it.
    void AdmitVersion(int64_t v);
    void SetVersion(uint32_t i, int64_t v);
    void InsertAt(uint32_t at, Row row, int64_t version, const OwnedRow* owned_row);
    void ReplaceAt(uint32_t at, Row row, int64_t version, const OwnedRow* owned_row);
    /// Moves rows [from, count) to a new chunk.
    Chunk SplitAt(uint32_t from);
    void EraseFront(uint32_t n);
  };

  // Everything here is allocated in multiples of 4 bytes.
  class HeapCount {
   public:
    size_t bytes() const { return size_t{words_} * 4; }
    void operator+=(size_t bytes) { words_ += static_cast<uint32_t>(bytes / 4); }
    void operator-=(size_t bytes) { words_ -= static_cast<uint32_t>(bytes / 4); }

   private:
    uint32_t words_ = 0;
  };

  // A vector of 16 bytes: a series' entry is three cache lines, not four.
  class ChunkList {
   public:
    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    size_t capacity() const { return capacity_; }
    Chunk& operator[](size_t i) { return list_[i]; }
    const Chunk& operator[](size_t i) const { return list_[i]; }
    Chunk* begin() { return list_.get(); }
    Chunk* end() { return list_.get() + size_; }
    const Chunk* begin() const { return list_.get(); }
    const Chunk* end() const { return list_.get() + size_; }
    const Chunk& front() const { return list_[0]; }
    void push_back(Chunk chunk) { insert(end(), std::move(chunk)); }
    void insert(Chunk* before, Chunk chunk);
    void erase(Chunk* first, Chunk* last);
    void clear() { erase(begin(), end()); }
    void shrink_to_fit() {
      if (empty()) *this = {};
    }

   private:
    std::unique_ptr<Chunk[]> list_;
    uint32_t size_ = 0;
    uint32_t capacity_ = 0;
  };

  const Chunk& chunk(size_t i) const { return i == chunks_.size() ? tail_ : chunks_[i]; }
  Chunk& chunk(size_t i) { return i == chunks_.size() ? tail_ : chunks_[i]; }

  Chunk tail_;
  int64_t last_time_ = INT64_MIN;
  ChunkList chunks_;  // full or split older ones, by time
  HeapCount heap_bytes_;
  uint32_t rows_ = 0;
};

}  // namespace tidemark::store
