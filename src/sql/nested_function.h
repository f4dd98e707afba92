// SPDX-License-Identifier: Apache-2.0
// One mechanism for functions over arrays of any type: the C API fixes a function's result type, so
// a kernel gives positions, numbers or truths, and the engine moves the elements
// (list_select(a, tm_array_distinct(a))). A kernel sees one row at a time. Thread-safe: pure
// functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/nested_vector.h"

namespace tidemark::sql {

/// Where a kernel puts its row's result. Single-owner.
class NestedOutput {
 public:
  explicit NestedOutput(duckdb_vector vector) : vector_(vector) {}

  void SetRow(size_t row) { row_ = row; }
  void Null();
  void Put(bool value);
  void Put(int64_t value);
  void Put(double value);
  void Put(std::string_view text);
  void Put(Truth value);

  // A list of numbers: Begin, Add.., End. A list of lists: Begin, (BeginInner, Add.., EndInner)..,
  // End.
  void Begin();
  void Add(int64_t value) { numbers_.push_back(value); }
  void BeginInner() { inner_begin_ = numbers_.size(); }
  void EndInner();
  void End();

  // A series of doubles: Begin, AddPoint.., End.
  void AddPoint(int64_t time, double value);
  void AddNullPoint(int64_t time);
  // A series of positions: Begin, AddPlace.., End.
  void AddPlace(int64_t time, int64_t position);

  /// Once after all rows.
  void Finish();

 private:
  void FinishNumbers(duckdb_vector list, std::span<const int64_t> numbers);
  void FinishPoints();
  void FinishPlaces();

  duckdb_vector vector_;
  size_t row_ = 0;
  size_t begin_ = 0;
  size_t inner_begin_ = 0;
  bool points_ = false;
  std::vector<int64_t> numbers_;
  std::vector<duckdb_list_entry> inner_;
  std::vector<double> values_;
  std::vector<bool> value_valid_;
  std::vector<int64_t> places_;
};

struct NestedFunction {
  using Args = std::span<const VectorView>;
  enum class Param : uint8_t {
    kAny,
    kBoolean,
    kBigint,
    kDouble,
    kText,
    kBooleans,
    kBigints,
    kTexts,
    kMatrix,
    kPoints
  };
  enum class Result : uint8_t {
    kBoolean,
    kBigint,
    kDouble,
    kText,
    kPositions,
    kPositionLists,
    kPoints,
    kPlaces
  };
  enum class Nulls : uint8_t { kGiveNull, kAreArguments };

  const char* name = nullptr;  // without "tm_"
  std::vector<Param> params;
  Result result = Result::kPositions;
  tidemark::Result<void> (*run)(Args args, size_t row, NestedOutput& out) = nullptr;
  Nulls nulls = Nulls::kGiveNull;
};

/// The functions of array_kernels.cpp, sequence_kernels.cpp and series_kernels.cpp.
std::vector<NestedFunction> ArrayFunctions();
std::vector<NestedFunction> SequenceFunctions();
std::vector<NestedFunction> SeriesFunctions();

}  // namespace tidemark::sql
