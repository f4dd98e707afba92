// SPDX-License-Identifier: Apache-2.0
// Hands columns of rows, or statistics of whole chunks, to aggregate states. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/series_reader.h"
#include "store/store.h"

namespace tidemark::store {

class ValueFeeder {
 public:
  /// `field_ids` of the table, by name.
  ValueFeeder(std::span<const AggregateColumn> aggregates,
              const std::map<std::string, uint32_t>& field_ids);

  /// The fields that a multi-measure series has to read, ascending.
  std::span<const uint32_t> fields() const { return fields_; }
  /// Whether any aggregate reads values of a series of `type`.
  bool NeedsValues(ValueType type) const;

  /// Takes the rows to add from; `piece` is read until the next Load().
  void Load(ValueType series_type, const RowPiece& piece);
  /// Adds rows [from, to) to `states`, one per aggregate.
  void Add(size_t from, size_t to, std::string_view key, std::span<agg::State> states);

  /// Adds a whole chunk by its statistics, or returns false and adds nothing.
  bool AddChunk(ValueType series_type, const Chunk& chunk, int64_t max_time, std::string_view key,
                std::span<agg::State> states);

 private:
  // Aggregates over one column, neighbours in the request.
  struct Group {
    size_t first = 0;
    size_t count = 0;
    agg::Type type = agg::Type::kDouble;
    uint32_t field = kSingleField;  // UINT32_MAX - 1: no such field
    bool any_type = false;
  };
  // Values of a group's column over the loaded rows.
  struct Loaded {
    const RowColumns::Column* column = nullptr;  // null: the series has none
    std::unique_ptr<bool[]> booleans;
    size_t booleans_capacity = 0;
  };

  void AddValues(const Group& group, const Loaded& loaded, size_t from, size_t to,
                 std::string_view key, std::span<agg::State> states);

  std::vector<AggregateColumn> aggregates_;
  std::vector<Group> groups_;
  std::vector<Loaded> loaded_;
  std::vector<uint32_t> fields_;
  const RowPiece* piece_ = nullptr;
};

}  // namespace tidemark::store
