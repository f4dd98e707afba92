// SPDX-License-Identifier: Apache-2.0
// Rows of a series' buffer as columns. Pure.
#pragma once

#include <span>
#include <vector>

#include "store/block/chunk.h"
#include "store/series_buffer.h"

namespace tidemark::store {

/// Replaces `out` by the rows of `spans`, which ascend. `fields` are those of the table, by id, for
/// a multi-measure series. Texts are borrowed from the spans' pool.
void ColumnsOf(std::span<const RowSpan> spans, ValueType type, std::span<const FieldDef> fields,
               RowColumns& out);

enum class Tombstones : uint8_t { kKeep, kDrop };
/// Replaces `out` by rows [from, to) of `rows`.
void CopyRows(const RowColumns& rows, size_t from, size_t to, Tombstones tombstones,
              RowColumns& out);

/// Appends the rows of all `runs` to `out`, whose rows lie before theirs: each time once, with the
/// highest version. Columns are matched by field; one that a run lacks is null there.
void MergeByVersion(std::span<const RowColumns> runs, RowColumns& out);

}  // namespace tidemark::store
