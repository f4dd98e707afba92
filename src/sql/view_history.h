// SPDX-License-Identifier: Apache-2.0
// What rows of a view and their revision log tell: the columns of view_rows() and view_revisions()
// (docs/sql.md). Pure functions. What nobody knows any more is none, SQL's NULL.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "store/store.h"

namespace tidemark::sql {

/// How far the view had got when a read began.
struct ViewClock {
  std::optional<EventTime> watermark;  // windows that end at or before it have been published
  nanoseconds allowed_lateness{0};
};

/// The clock of `view`, from its last journaled progress. To be read before the rows: then no row
/// is called complete that the read does not show as it was published.
ViewClock ReadViewClock(store::Store& store, store::Owner view, nanoseconds allowed_lateness);

/// The hidden columns of a row.
struct RowState {
  std::optional<EventTime> window_start;
  std::optional<EventTime> window_end;
  std::optional<int64_t> revision;
  std::optional<int64_t> record_count;
  std::optional<bool> preliminary;  // an early value of a window that was not published yet
  bool filled = false;              // a value between samples: of no record
  std::optional<bool> complete;
  std::optional<bool> sealed;
};

/// Of a row as it is. One that the view adopted and did not evaluate yet has no window.
RowState StateOf(const store::RowInfo& row, const ViewClock& clock);

struct AsOf {
  EventTime time;
  bool now = false;  // not before the read
};

/// A row as it was.
struct RowThen {
  RowState state;
  const store::Scalar* value = nullptr;  // of the row's log or the row; null: not known
};

/// None: there was no such row. Where the log has a gap (entries past their retention), what held
/// in it is not known.
std::optional<RowThen> RowAt(const store::RevisionRow& row, const AsOf& as_of,
                             const ViewClock& clock);

/// The row's version after each of its entries: max(the version before + 1, publication in ms)
/// (design section 7), so known as long as no entry is missing, and of the row that is there.
std::vector<std::optional<int64_t>> VersionsOf(const store::RevisionRow& row);

/// A number, or true and false as 1 and 0; none: a text, or nothing.
std::optional<double> NumberOf(const store::Scalar& value);

}  // namespace tidemark::sql
