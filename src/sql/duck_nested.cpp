// SPDX-License-Identifier: Apache-2.0
// Registers the functions over arrays, rows and series (nested_function.h) as "tm_NAME".
#include <algorithm>
#include <cstring>
#include <string>

#include "sql/nested_function.h"

namespace tidemark::sql {

void NestedOutput::Null() {
  duckdb_vector_ensure_validity_writable(vector_);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector_), row_);
}

void NestedOutput::Put(bool value) {
  static_cast<bool*>(duckdb_vector_get_data(vector_))[row_] = value;
}

void NestedOutput::Put(int64_t value) {
  static_cast<int64_t*>(duckdb_vector_get_data(vector_))[row_] = value;
}

void NestedOutput::Put(double value) {
  static_cast<double*>(duckdb_vector_get_data(vector_))[row_] = value;
}

void NestedOutput::Put(std::string_view text) {
  duckdb_vector_assign_string_element_len(vector_, row_, text.data(), text.size());
}

void NestedOutput::Put(Truth value) {
  if (value == Truth::kNull) return Null();
  Put(value == Truth::kTrue);
}

void NestedOutput::Begin() { begin_ = inner_.empty() ? numbers_.size() : inner_.size(); }

void NestedOutput::EndInner() { inner_.push_back({inner_begin_, numbers_.size() - inner_begin_}); }

void NestedOutput::End() {
  const size_t end = inner_.empty() ? numbers_.size() : inner_.size();
  static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector_))[row_] = {begin_, end - begin_};
}

void NestedOutput::AddPoint(int64_t time, double value) {
  points_ = true;
  numbers_.push_back(time);
  values_.push_back(value);
  value_valid_.push_back(true);
}

void NestedOutput::AddNullPoint(int64_t time) {
  AddPoint(time, 0);
  value_valid_.back() = false;
}

void NestedOutput::AddPlace(int64_t time, int64_t position) {
  numbers_.push_back(time);
  places_.push_back(position);
}

void NestedOutput::Finish() {
  if (points_) return FinishPoints();
  if (!places_.empty()) return FinishPlaces();
  if (inner_.empty()) {
    if (!numbers_.empty()) FinishNumbers(vector_, numbers_);
    return;
  }
  duckdb_list_vector_reserve(vector_, inner_.size());
  duckdb_list_vector_set_size(vector_, inner_.size());
  duckdb_vector child = duckdb_list_vector_get_child(vector_);
  std::memcpy(duckdb_vector_get_data(child), inner_.data(), inner_.size() * sizeof(inner_[0]));
  FinishNumbers(child, numbers_);
}

void NestedOutput::FinishNumbers(duckdb_vector list, std::span<const int64_t> numbers) {
  duckdb_list_vector_reserve(list, numbers.size());
  duckdb_list_vector_set_size(list, numbers.size());
  duckdb_vector child = duckdb_list_vector_get_child(list);
  std::memcpy(duckdb_vector_get_data(child), numbers.data(), numbers.size_bytes());
}

void NestedOutput::FinishPlaces() {
  duckdb_list_vector_reserve(vector_, numbers_.size());
  duckdb_list_vector_set_size(vector_, numbers_.size());
  duckdb_vector place = duckdb_list_vector_get_child(vector_);
  std::memcpy(duckdb_vector_get_data(duckdb_struct_vector_get_child(place, 0)), numbers_.data(),
              numbers_.size() * sizeof(int64_t));
  std::memcpy(duckdb_vector_get_data(duckdb_struct_vector_get_child(place, 1)), places_.data(),
              places_.size() * sizeof(int64_t));
}

void NestedOutput::FinishPoints() {
  duckdb_list_vector_reserve(vector_, numbers_.size());
  duckdb_list_vector_set_size(vector_, numbers_.size());
  duckdb_vector point = duckdb_list_vector_get_child(vector_);
  duckdb_vector times = duckdb_struct_vector_get_child(point, 0);
  duckdb_vector values = duckdb_struct_vector_get_child(point, 1);
  std::memcpy(duckdb_vector_get_data(times), numbers_.data(), numbers_.size() * sizeof(int64_t));
  std::memcpy(duckdb_vector_get_data(values), values_.data(), values_.size() * sizeof(double));
  for (size_t i = 0; i < value_valid_.size(); ++i) {
    if (value_valid_[i]) continue;
    duckdb_vector_ensure_validity_writable(values);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(values), i);
  }
}

namespace {

DuckType ListOf(const DuckType& element) {
  return DuckType(duckdb_create_list_type(element.get()));
}

DuckType Scalar(duckdb_type type) { return DuckType(duckdb_create_logical_type(type)); }

DuckType PointsType(duckdb_type of_value) {
  const DuckType time = Scalar(DUCKDB_TYPE_BIGINT);
  const DuckType value = Scalar(of_value);
  duckdb_logical_type types[] = {time.get(), value.get()};
  const char* names[] = {"f0", "f1"};
  return ListOf(DuckType(duckdb_create_struct_type(types, names, 2)));
}

DuckType ParamType(NestedFunction::Param param) {
  using enum NestedFunction::Param;
  switch (param) {
    case kAny:
      return Scalar(DUCKDB_TYPE_ANY);
    case kBoolean:
      return Scalar(DUCKDB_TYPE_BOOLEAN);
    case kBigint:
      return Scalar(DUCKDB_TYPE_BIGINT);
    case kDouble:
      return Scalar(DUCKDB_TYPE_DOUBLE);
    case kText:
      return Scalar(DUCKDB_TYPE_VARCHAR);
    case kBooleans:
      return ListOf(Scalar(DUCKDB_TYPE_BOOLEAN));
    case kBigints:
      return ListOf(Scalar(DUCKDB_TYPE_BIGINT));
    case kTexts:
      return ListOf(Scalar(DUCKDB_TYPE_VARCHAR));
    case kMatrix:
      return ListOf(ListOf(Scalar(DUCKDB_TYPE_BIGINT)));
    case kPoints:
      return PointsType(DUCKDB_TYPE_DOUBLE);
  }
  return Scalar(DUCKDB_TYPE_ANY);
}

DuckType ResultType(NestedFunction::Result result) {
  using enum NestedFunction::Result;
  switch (result) {
    case kBoolean:
      return Scalar(DUCKDB_TYPE_BOOLEAN);
    case kBigint:
      return Scalar(DUCKDB_TYPE_BIGINT);
    case kDouble:
      return Scalar(DUCKDB_TYPE_DOUBLE);
    case kText:
      return Scalar(DUCKDB_TYPE_VARCHAR);
    case kPositions:
      return ListOf(Scalar(DUCKDB_TYPE_BIGINT));
    case kPositionLists:
      return ListOf(ListOf(Scalar(DUCKDB_TYPE_BIGINT)));
    case kPoints:
      return PointsType(DUCKDB_TYPE_DOUBLE);
    case kPlaces:
      return PointsType(DUCKDB_TYPE_BIGINT);
  }
  return Scalar(DUCKDB_TYPE_BIGINT);
}

void Run(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector vector) noexcept try {
  const auto& function =
      *static_cast<const NestedFunction*>(duckdb_scalar_function_get_extra_info(info));
  std::vector<VectorView> args;
  for (size_t i = 0; i < function.params.size(); ++i) {
    args.emplace_back(duckdb_data_chunk_get_vector(chunk, i));
  }
  NestedOutput out(vector);
  const size_t rows = duckdb_data_chunk_get_size(chunk);
  for (size_t row = 0; row < rows; ++row) {
    out.SetRow(row);
    const auto null = [row](const VectorView& arg) { return !arg.valid(row); };
    if (function.nulls == NestedFunction::Nulls::kGiveNull && std::ranges::any_of(args, null)) {
      out.Null();
      continue;
    }
    if (const Result<void> done = function.run(args, row, out); !done.ok()) {
      duckdb_scalar_function_set_error(info, MarkError(done.error().message).c_str());
      return;
    }
  }
  out.Finish();
} catch (const std::exception& e) {
  duckdb_scalar_function_set_error(info, e.what());
}

bool Register(duckdb_connection connection, const NestedFunction& function) {
  DuckScalarFunction handle(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(handle.get(), ("tm_" + std::string(function.name)).c_str());
  for (const NestedFunction::Param param : function.params) {
    duckdb_scalar_function_add_parameter(handle.get(), ParamType(param).get());
  }
  duckdb_scalar_function_set_return_type(handle.get(), ResultType(function.result).get());
  if (function.nulls == NestedFunction::Nulls::kAreArguments) {
    duckdb_scalar_function_set_special_handling(handle.get());
  }
  duckdb_scalar_function_set_extra_info(handle.get(), new NestedFunction(function), [](void* data) {
    delete static_cast<NestedFunction*>(data);
  });
  duckdb_scalar_function_set_function(handle.get(), Run);
  return duckdb_register_scalar_function(connection, handle.get()) == DuckDBSuccess;
}

}  // namespace

Result<void> RegisterNested(duckdb_connection connection) {
  for (const auto& functions : {ArrayFunctions(), SequenceFunctions(), SeriesFunctions()}) {
    for (const NestedFunction& function : functions) {
      if (!Register(connection, function)) {
        return Error{Code::kInternal,
                     std::string("the execution engine refuses function ") + function.name};
      }
    }
  }
  return {};
}

}  // namespace tidemark::sql
