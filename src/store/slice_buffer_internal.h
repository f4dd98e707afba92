// SPDX-License-Identifier: Apache-2.0
// What a SliceBuffer holds: the columns of one slice and where its thread stands in a cursor.
// Internal to implementations of Store. Single-owner.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "store/store.h"

namespace tidemark::store {

struct ColumnBuffer {
  std::string name;
  ValueType type = ValueType::kDouble;
  std::vector<double> doubles;
  std::vector<int64_t> bigints;
  std::vector<EventTime> timestamps;
  std::vector<uint8_t> booleans;
  std::vector<std::string_view> texts;
  std::vector<uint8_t> valid;

  void Clear();
  /// Appends a value of `type`, or a null when `present` is 0.
  void Push(const ValueView& value, uint8_t present);
  ColumnView View(bool with_valid) const;
};

struct SliceBuffer::Impl {
  std::vector<EventTime> times;
  std::vector<ColumnBuffer> columns;  // only the first `columns_used` count; the rest keep capacity
  size_t columns_used = 0;
  std::vector<ColumnView> views;
  std::vector<int64_t> versions;
  std::vector<RowInfo> rows;

  // The embedded store's: where this thread stands in a cursor, and flags as bytes, by column.
  struct Reading {
    virtual ~Reading() = default;
  };
  const void* cursor = nullptr;
  uint64_t cursor_number = 0;  // a later cursor may reuse the address
  std::unique_ptr<Reading> reading;
  std::vector<std::vector<uint8_t>> booleans;

  void Clear();
  ColumnBuffer& AddColumn(std::string_view name, ValueType type);
};

}  // namespace tidemark::store
