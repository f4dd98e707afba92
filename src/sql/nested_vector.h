// SPDX-License-Identifier: Apache-2.0
// Reads the engine's vectors of any type, and compares their values by the dialect's rules
// (timestream-sql.md 4.4, 5.10). Single-owner; refers to the vector that it was made of.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sql/duck_internal.h"

namespace tidemark::sql {

class VectorView {
 public:
  enum class Kind : uint8_t { kBoolean, kInteger, kBigint, kDouble, kText, kList, kRow };
  struct Entry {
    size_t offset = 0;
    size_t length = 0;
  };

  explicit VectorView(duckdb_vector vector);

  Kind kind() const { return kind_; }
  bool valid(size_t row) const { return duckdb_validity_row_is_valid(validity_, row); }
  template <typename T>
  T at(size_t row) const {
    return static_cast<const T*>(data_)[row];
  }
  std::string_view text(size_t row) const {
    return DuckText(static_cast<const duckdb_string_t*>(data_)[row]);
  }
  /// kList.
  Entry entry(size_t row) const {
    const auto& entry = static_cast<const duckdb_list_entry*>(data_)[row];
    return {entry.offset, entry.length};
  }
  /// kList: the elements of all rows; kRow: its fields.
  const VectorView& child(size_t index = 0) const { return children_[index]; }
  size_t fields() const { return children_.size(); }

 private:
  Kind kind_ = Kind::kBigint;
  const void* data_ = nullptr;
  uint64_t* validity_ = nullptr;
  std::vector<VectorView> children_;
};

enum class Truth : uint8_t { kFalse, kTrue, kNull };

/// `=`: NaN equals nothing; null where a null decides, false where anything else does.
Truth Equal(const VectorView& a, size_t i, const VectorView& b, size_t j);
/// IS NOT DISTINCT FROM: null is null, NaN is NaN, 0.0 is -0.0.
bool Identical(const VectorView& a, size_t i, const VectorView& b, size_t j);
/// Equal for what is identical.
uint64_t HashOf(const VectorView& a, size_t i);
/// Negative, zero, positive; NaN after everything. Neither value is null.
/// `nulls_inside` is set where a null inside would decide: such values have no order.
int Order(const VectorView& a, size_t i, const VectorView& b, size_t j, bool& nulls_inside);
/// Whether it is a double NaN.
bool IsNan(const VectorView& a, size_t i);

}  // namespace tidemark::sql
