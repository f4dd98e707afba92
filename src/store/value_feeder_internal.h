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
#include "store/value_range_internal.h"

namespace tidemark::store {

class ValueFeeder {
 public:
  /// `field_ids` of the table, by name.
  ValueFeeder(std::span<const AggregateColumn> aggregates,
              const std::map<std::string, uint32_t>& field_ids,
              const std::optional<ValueRange>& values);

  /// The fields that a multi-measure series has to read, ascending.
  std::span<const uint32_t> fields() const { return fields_; }
  /// Whether any aggregate reads values of a series of `type`.
  bool NeedsValues(ValueType type) const;

  /// Takes out of `piece` what the value range leaves out.
  void Filter(RowPiece& piece) const;
  /// Takes the rows to add from; `piece` is read until the next Load().
  void Load(ValueType series_type, const RowPiece& piece);
  /// Adds rows [from, to) to `states`, one per aggregate.
  void Add(size_t from, size_t to, std::string_view key, std::span<agg::State> states);

  // Values of before a window, for aggregates that carry them in. One series at a time.
  /// The longest carry that a series of `type` is asked for; 0: none.
  nanoseconds CarryOf(ValueType type) const;
  /// Nothing is known of the next series.
  void StartSeries();
  /// Rows noted from now on lie before those noted so far, and fill only what is still unknown.
  void LookFurtherBack();
  /// The last value of each column among the loaded rows [from, to).
  void Note(size_t from, size_t to);
  /// Whether the value before is known of every column that a series of `type` has.
  bool AllKnown(ValueType type) const;
  /// What was noted so far comes before the rows added from now on.
  void StartWindow();
  /// Gives it to `states`, which hold rows of this series from `start` on.
  void AddCarry(EventTime start, std::string_view key, std::span<agg::State> states);

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
    nanoseconds carry{0};  // the longest of its aggregates
  };
  // A value of a group's column that may be carried in.
  struct Before {
    EventTime time;
    uint64_t bits = 0;
    bool known = false;
    bool settled = false;  // from rows later than those noted now
  };
  // Values of a group's column over the loaded rows.
  struct Loaded {
    const RowColumns::Column* column = nullptr;  // null: the series has none
    std::unique_ptr<bool[]> booleans;
    size_t booleans_capacity = 0;
  };

  void AddValues(const Group& group, const Loaded& loaded, size_t from, size_t to,
                 std::string_view key, std::span<agg::State> states);

  bool AllInside(ValueType series_type, const Chunk& chunk) const;
  /// Whether series of `type` may have the group's column.
  static bool Fits(const Group& group, ValueType type);

  std::vector<AggregateColumn> aggregates_;
  std::optional<ValueBounds> bounds_;
  std::vector<Group> groups_;
  std::vector<Loaded> loaded_;
  std::vector<Before> noted_;   // newest so far, by group
  std::vector<Before> before_;  // of the window that rows are added to
  std::vector<uint32_t> fields_;
  const RowPiece* piece_ = nullptr;
};

}  // namespace tidemark::store
