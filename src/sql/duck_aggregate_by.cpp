// SPDX-License-Identifier: Apache-2.0
// tm_min_by, tm_max_by (value, place): the value of the row with the least or greatest place, which
// may be null. Of equal places the smallest value counts, so that no order of rows matters. Rows
// without a place do not count; NaN is above everything.
#include <concepts>
#include <string>

#include "agg/percentiles.h"
#include "sql/duck_aggregate_internal.h"

namespace tidemark::sql {
namespace {

enum class Side : uint8_t { kMin, kMax };

/// As it lies in a vector.
template <typename T>
using CellOf = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;

template <typename T>
bool Precedes(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, double>) {
    return agg::OrderedBits(a) < agg::OrderedBits(b);
  } else {
    return a < b;
  }
}

template <typename V, typename P>
struct Chosen {
  bool any = false;
  bool null = false;
  V value{};
  P place{};
};

template <typename V, typename P, Side kSide>
struct ExtremeBy {
  using State = Chosen<V, P>;
  using Boxed = BoxedAggregate<ExtremeBy>;

  static void Offer(State& state, const CellOf<V>* value, CellOf<P> place) {
    const CellOf<P> best = state.place;
    if (state.any && (Precedes(place, best) || Precedes(best, place))) {
      if (Precedes(place, best) != (kSide == Side::kMin)) return;
    } else if (state.any) {
      if (value == nullptr) return;
      if (!state.null && !Precedes(*value, CellOf<V>(state.value))) return;
    }
    state.any = true;
    state.place = place;
    state.null = value == nullptr;
    if (value != nullptr) state.value = *value;
  }

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput value(chunk, 0);
    const AggregateInput place(chunk, 1);
    for (size_t row = begin; row < end; ++row) {
      if (!place.valid(row)) continue;
      const bool valid = value.valid(row);
      const CellOf<V> cell = valid ? value.at<CellOf<V>>(row) : CellOf<V>{};
      Offer(Boxed::Make(boxed), valid ? &cell : nullptr, place.at<CellOf<P>>(row));
    }
    return {};
  }
  static void Merge(State& state, const State& other) {
    const CellOf<V> cell = other.value;
    Offer(state, other.null ? nullptr : &cell, other.place);
  }
  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    if (state == nullptr || state->null) {
      SetNull(out, row);
    } else {
      StoreResult(out, row, state->value);
    }
    return {};
  }
  static DuckAggregateFunction Make(const char* name) {
    return Boxed::Make(name, {DuckTypeOf<V>(), DuckTypeOf<P>()}, DuckTypeOf<V>());
  }
};

template <typename V, Side kSide>
void AddValue(AggregateSet& set, const char* name) {
  set.Add(ExtremeBy<V, double, kSide>::Make(name));
  set.Add(ExtremeBy<V, int64_t, kSide>::Make(name));
  set.Add(ExtremeBy<V, int32_t, kSide>::Make(name));
  set.Add(ExtremeBy<V, bool, kSide>::Make(name));
  set.Add(ExtremeBy<V, std::string, kSide>::Make(name));
}

template <Side kSide>
bool RegisterSide(duckdb_connection connection, const char* name) {
  AggregateSet set(name);
  AddValue<double, kSide>(set, name);
  AddValue<int64_t, kSide>(set, name);
  AddValue<int32_t, kSide>(set, name);
  AddValue<bool, kSide>(set, name);
  AddValue<std::string, kSide>(set, name);
  return set.Register(connection);
}

}  // namespace

bool RegisterExtremesBy(duckdb_connection connection) {
  return RegisterSide<Side::kMin>(connection, "tm_min_by") &&
         RegisterSide<Side::kMax>(connection, "tm_max_by");
}

}  // namespace tidemark::sql
