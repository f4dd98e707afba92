// SPDX-License-Identifier: Apache-2.0
#include "store/slice_buffer_internal.h"

namespace tidemark::store {

void ColumnBuffer::Clear() {
  doubles.clear();
  bigints.clear();
  timestamps.clear();
  booleans.clear();
  texts.clear();
  valid.clear();
}

void ColumnBuffer::Push(const ValueView& value, uint8_t present) {
  valid.push_back(present);
  switch (type) {
    case ValueType::kDouble:
      doubles.push_back(present != 0 ? value.as_double() : 0);
      return;
    case ValueType::kBigint:
      bigints.push_back(present != 0 ? value.as_bigint() : 0);
      return;
    case ValueType::kTimestamp:
      timestamps.push_back(present != 0 ? value.as_timestamp() : EventTime{});
      return;
    case ValueType::kBoolean:
      booleans.push_back(present != 0 && value.as_boolean() ? 1 : 0);
      return;
    case ValueType::kVarchar:
      texts.push_back(present != 0 ? value.as_varchar() : std::string_view());
      return;
    case ValueType::kNone:
    case ValueType::kMulti:
      return;
  }
}

ColumnView ColumnBuffer::View(bool with_valid) const {
  ColumnView view;
  view.name = name;
  view.type = type;
  view.doubles = doubles;
  view.bigints = bigints;
  view.timestamps = timestamps;
  view.booleans = booleans;
  view.texts = texts;
  if (with_valid) view.valid = valid;
  return view;
}

void SliceBuffer::Impl::Clear() {
  times.clear();
  columns_used = 0;
  views.clear();
  versions.clear();
  rows.clear();
}

ColumnBuffer& SliceBuffer::Impl::AddColumn(std::string_view name, ValueType type) {
  if (columns_used == columns.size()) columns.emplace_back();
  ColumnBuffer& column = columns[columns_used++];
  column.Clear();
  column.name = name;
  column.type = type;
  return column;
}

SliceBuffer::SliceBuffer() : impl_(std::make_unique<Impl>()) {}
SliceBuffer::~SliceBuffer() = default;
SliceBuffer::SliceBuffer(SliceBuffer&&) noexcept = default;
SliceBuffer& SliceBuffer::operator=(SliceBuffer&&) noexcept = default;

void FeedBatch::Clear() {
  partition = 0;
  end_offset = 0;
  gap = false;
  gap_ends = false;
  changed.clear();
  points.clear();
  origins.clear();
  sources.clear();
  views.clear();
  revisions.clear();
}

uint32_t FeedBatch::OriginOf(std::span<const SourceProgress> sources_of_frame) {
  if (sources_of_frame.size() != 1) return 0;
  const SourcePartition origin{sources_of_frame[0].source, sources_of_frame[0].partition};
  if (origins.empty() || origins.back() != origin) origins.push_back(origin);
  return static_cast<uint32_t>(origins.size());
}

}  // namespace tidemark::store
