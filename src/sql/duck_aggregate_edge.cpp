// SPDX-License-Identifier: Apache-2.0
// tm_first, tm_last (value, time, series key): min_by and max_by of a table's time. Of equal times
// the smallest series key counts, as in agg::Kind::kFirst and kLast; unlike these a null value of
// the chosen row is the answer.
#include <string>

#include "sql/duck_aggregate_internal.h"

namespace tidemark::sql {
namespace {

enum class Side : uint8_t { kFirst, kLast };

template <typename T>
struct Edge {
  bool any = false;
  bool null = false;
  int64_t time = 0;
  std::string series_key;
  T value{};
};

template <typename T, Side kSide>
struct EdgeAggregate {
  using State = Edge<T>;
  using Cell = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;

  static bool Better(const State& state, int64_t time, std::string_view key) {
    if (!state.any) return true;
    if (time != state.time) return kSide == Side::kFirst ? time < state.time : time > state.time;
    return key < state.series_key;
  }

  static Result<void> Add(duckdb_data_chunk chunk, size_t begin, size_t end, State*& boxed) {
    const AggregateInput value(chunk, 0);
    const AggregateInput time(chunk, 1);
    const AggregateInput key(chunk, 2);
    State& state = BoxedAggregate<EdgeAggregate>::Make(boxed);
    for (size_t row = begin; row < end; ++row) {
      if (!time.valid(row) || !key.valid(row)) continue;  // no point: the outer side of a join
      const auto text = key.at<std::string_view>(row);
      if (!Better(state, time.at<int64_t>(row), text)) continue;
      state.any = true;
      state.time = time.at<int64_t>(row);
      if (state.series_key != text) state.series_key = text;
      state.null = !value.valid(row);
      if (!state.null) state.value = value.at<Cell>(row);
    }
    return {};
  }

  static void Merge(State& state, const State& other) {
    if (other.any && Better(state, other.time, other.series_key)) state = other;
  }

  static Result<void> Finish(const State* state, duckdb_vector out, size_t row) {
    if (state == nullptr || !state->any || state->null) {
      SetNull(out, row);
    } else {
      StoreResult(out, row, state->value);
    }
    return {};
  }

  static DuckAggregateFunction Make(const char* name) {
    return BoxedAggregate<EdgeAggregate>::Make(
        name, {DuckTypeOf<T>(), DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BLOB}, DuckTypeOf<T>());
  }
};

template <Side kSide>
bool RegisterSide(duckdb_connection connection, const char* name) {
  AggregateSet set(name);
  set.Add(EdgeAggregate<double, kSide>::Make(name));
  set.Add(EdgeAggregate<int64_t, kSide>::Make(name));
  set.Add(EdgeAggregate<int32_t, kSide>::Make(name));
  set.Add(EdgeAggregate<bool, kSide>::Make(name));
  set.Add(EdgeAggregate<std::string, kSide>::Make(name));
  return set.Register(connection);
}

}  // namespace

bool RegisterEdges(duckdb_connection connection) {
  return RegisterSide<Side::kFirst>(connection, "tm_first") &&
         RegisterSide<Side::kLast>(connection, "tm_last");
}

}  // namespace tidemark::sql
