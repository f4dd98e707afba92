// SPDX-License-Identifier: Apache-2.0
// Registers the kernels (kernels.h) as scalar functions "tm_NAME", and "tm_try_NAME" with null for
// an error.
#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "sql/duck_internal.h"
#include "sql/kernels.h"

namespace tidemark::sql {
namespace {

using Texts = std::vector<std::string>;  // an array(varchar)

/// What an argument or a result of a kernel is in the engine.
template <typename T>
DuckType TypeOf() {
  const auto scalar = [](duckdb_type type) { return DuckType(duckdb_create_logical_type(type)); };
  if constexpr (kernels::kOptional<T>) {
    return TypeOf<typename T::value_type>();
  } else if constexpr (kernels::kList<T>) {
    const DuckType element = TypeOf<typename T::value_type>();
    return DuckType(duckdb_create_list_type(element.get()));
  } else if constexpr (std::is_same_v<T, bool>) {
    return scalar(DUCKDB_TYPE_BOOLEAN);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return scalar(DUCKDB_TYPE_BIGINT);
  } else if constexpr (std::is_same_v<T, double>) {
    return scalar(DUCKDB_TYPE_DOUBLE);
  } else {
    return scalar(DUCKDB_TYPE_VARCHAR);
  }
}

/// One argument of a chunk.
template <typename T>
class Input {
 public:
  Input(duckdb_data_chunk chunk, size_t index)
      : Input(duckdb_data_chunk_get_vector(chunk, index)) {}
  explicit Input(duckdb_vector vector)
      : data_(duckdb_vector_get_data(vector)), validity_(duckdb_vector_get_validity(vector)) {}

  bool valid(size_t row) const { return duckdb_validity_row_is_valid(validity_, row); }
  T at(size_t row) const {
    if constexpr (std::is_same_v<T, std::string_view>) {
      return DuckText(static_cast<const duckdb_string_t*>(data_)[row]);
    } else {
      return static_cast<const T*>(data_)[row];
    }
  }

 private:
  const void* data_;
  uint64_t* validity_;
};

/// A list: its elements are optional.
template <typename T>
class Input<std::vector<std::optional<T>>> {
 public:
  Input(duckdb_data_chunk chunk, size_t index)
      : lists_(duckdb_data_chunk_get_vector(chunk, index)),
        elements_(duckdb_list_vector_get_child(duckdb_data_chunk_get_vector(chunk, index))) {}

  bool valid(size_t row) const { return lists_.valid(row); }
  std::vector<std::optional<T>> at(size_t row) const {
    const duckdb_list_entry entry = lists_.at(row);
    std::vector<std::optional<T>> out(entry.length);
    for (size_t i = 0; i < entry.length; ++i) {
      if (elements_.valid(entry.offset + i)) out[i] = elements_.at(entry.offset + i);
    }
    return out;
  }

 private:
  Input<duckdb_list_entry> lists_;
  Input<T> elements_;
};

enum class OnError : uint8_t { kFail, kNull };

void SetNull(duckdb_vector out, size_t row) {
  duckdb_vector_ensure_validity_writable(out);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(out), row);
}

template <typename R>
void Store(duckdb_vector out, size_t row, const R& value) {
  if constexpr (kernels::kOptional<R>) {
    if (!value) return SetNull(out, row);
    Store(out, row, *value);
  } else if constexpr (kernels::kList<R>) {
    const size_t begin = duckdb_list_vector_get_size(out);
    duckdb_list_vector_reserve(out, begin + value.size());
    duckdb_list_vector_set_size(out, begin + value.size());
    static_cast<duckdb_list_entry*>(duckdb_vector_get_data(out))[row] = {begin, value.size()};
    duckdb_vector elements = duckdb_list_vector_get_child(out);
    for (size_t i = 0; i < value.size(); ++i) Store(elements, begin + i, value[i]);
  } else if constexpr (std::is_same_v<R, std::string>) {
    duckdb_vector_assign_string_element_len(out, row, value.data(), value.size());
  } else {
    static_cast<R*>(duckdb_vector_get_data(out))[row] = value;
  }
}

/// What a registered function calls: one instantiation of Run per signature serves all kernels.
template <typename R, typename... A>
struct Entry {
  Result<R> (*function)(A...);
  OnError on_error;
};

template <typename R, typename... A, size_t... I>
void RunRows(const Entry<R, A...>& entry, duckdb_function_info info, duckdb_data_chunk chunk,
             duckdb_vector out, std::index_sequence<I...>) {
  const size_t rows = duckdb_data_chunk_get_size(chunk);
  const std::tuple<Input<std::remove_cvref_t<A>>...> inputs{
      Input<std::remove_cvref_t<A>>(chunk, I)...};
  for (size_t row = 0; row < rows; ++row) {
    if (!(std::get<I>(inputs).valid(row) && ...)) {
      SetNull(out, row);
      continue;
    }
    const Result<R> result = entry.function(std::get<I>(inputs).at(row)...);
    if (result.ok()) {
      Store(out, row, *result);
    } else if (entry.on_error == OnError::kNull) {
      SetNull(out, row);
    } else {
      duckdb_scalar_function_set_error(info, MarkError(result.error().message).c_str());
      return;
    }
  }
}

template <typename R, typename... A>
void Run(duckdb_function_info info, duckdb_data_chunk chunk, duckdb_vector out) noexcept try {
  const auto* entry =
      static_cast<const Entry<R, A...>*>(duckdb_scalar_function_get_extra_info(info));
  RunRows(*entry, info, chunk, out, std::index_sequence_for<A...>{});
} catch (const std::exception& e) {
  duckdb_scalar_function_set_error(info, e.what());
}

template <typename R, typename... A>
bool RegisterOne(duckdb_connection connection, const std::string& name, Result<R> (*kernel)(A...),
                 OnError on_error) {
  DuckScalarFunction function(duckdb_create_scalar_function());
  duckdb_scalar_function_set_name(function.get(), name.c_str());
  (duckdb_scalar_function_add_parameter(function.get(), TypeOf<std::remove_cvref_t<A>>().get()),
   ...);
  duckdb_scalar_function_set_return_type(function.get(), TypeOf<R>().get());
  auto entry = std::make_unique<Entry<R, A...>>(Entry<R, A...>{kernel, on_error});
  duckdb_scalar_function_set_extra_info(function.get(), entry.release(), [](void* owned) {
    delete static_cast<Entry<R, A...>*>(owned);
  });
  duckdb_scalar_function_set_function(function.get(), Run<R, A...>);
  return duckdb_register_scalar_function(connection, function.get()) == DuckDBSuccess;
}

struct Registrar {
  duckdb_connection connection;
  bool ok = true;

  template <typename R, typename... A>
  void operator()(const std::string& name, Result<R> (*kernel)(A...)) {
    ok &= RegisterOne(connection, "tm_" + name, kernel, OnError::kFail);
    ok &= RegisterOne(connection, "tm_try_" + name, kernel, OnError::kNull);
  }
};

}  // namespace

Result<void> RegisterScalars(duckdb_connection connection) {
  Registrar registrar{connection};
  kernels::ForEachRegistered(registrar);
  if (!registrar.ok)
    return Error{Code::kInternal, "the execution engine refuses a scalar function"};
  return {};
}

}  // namespace tidemark::sql
