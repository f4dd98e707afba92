// SPDX-License-Identifier: Apache-2.0
// Puts the store's groups together where they are finer than SQL's: count(DISTINCT dimension), and
// aggregates of some series only (FILTER and CASE over dimensions and the measure name). Holds one
// row a result group. States are merged, so the order of groups changes no bit. Single-owner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "sql/plan.h"
#include "store/store.h"

namespace tidemark::sql {

class Regrouper {
 public:
  /// `aggregate` has a regrouping and must outlive this.
  static Result<std::unique_ptr<Regrouper>> Make(const plan::TableAggregate& aggregate);
  ~Regrouper();

  /// Each of the store's groups once; takes their states.
  Result<void> Add(std::vector<store::AggregateRow>& rows);
  /// What rows and states hold, about.
  uint64_t heap_bytes() const { return heap_bytes_; }
  /// Replaces `out` by at most `rows_max` rows that were not taken yet.
  void Take(size_t rows_max, std::vector<store::AggregateRow>& out);

 private:
  struct Slot;
  /// A finer group, as long as its bins come.
  struct Finer {
    std::vector<std::optional<std::string>> keys;
    uint32_t group = 0;
    std::vector<bool> taken;        // by slot
    std::vector<uint32_t> numbers;  // by slot: of the value that is counted
  };
  struct Place {
    uint32_t group = 0;
    int64_t bin = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct PlaceHash {
    size_t operator()(const Place& place) const {
      return (static_cast<uint64_t>(place.bin) ^ place.group) * 0x9e3779b97f4a7c15U >> 16U;
    }
  };

  explicit Regrouper(const plan::TableAggregate& aggregate);
  Result<void> Enter(const std::vector<std::optional<std::string>>& keys);
  size_t RowOf(EventTime bin);

  const plan::TableAggregate& aggregate_;
  std::vector<Slot> slots_;
  std::vector<size_t> readers_;  // by aggregate: slots that merge it
  std::optional<Finer> finer_;
  std::unordered_map<std::string, uint32_t> groups_;
  std::unordered_map<Place, size_t, PlaceHash> places_;
  std::vector<store::AggregateRow> rows_;
  size_t taken_ = 0;
  uint64_t heap_bytes_ = 0;
};

}  // namespace tidemark::sql
