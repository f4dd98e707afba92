// SPDX-License-Identifier: Apache-2.0
#include "store/undo_log.h"

namespace tidemark::store {

void CollectAsOf(const SeriesBuffer& buffer, const UndoLog& undo, uint64_t chain, uint64_t last_lsn,
                 uint64_t lsn, TimeRange range, uint64_t rows_max, std::vector<RowSpan>& out) {
  if (last_lsn <= lsn) {
    buffer.Collect(range.start.ns, range.end.ns, rows_max, out);
    return;
  }
  // Newest first; the oldest change of a time beyond `lsn` holds the state to show.
  struct Change {
    const UndoRecord* record;
    size_t age;
  };
  std::vector<Change> changes;
  for (const UndoRecord* r = undo.Get(chain); r != nullptr && r->lsn > lsn;
       r = undo.Get(r->previous)) {
    if (range.Contains({r->row.time})) changes.push_back({r, changes.size()});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::pair(a.record->row.time, a.age) < std::pair(b.record->row.time, b.age);
  });
  int64_t from = range.start.ns;
  const auto rows_in = [&](size_t first) {
    uint64_t n = 0;
    for (size_t i = first; i < out.size(); ++i) n += out[i].count;
    return n;
  };
  for (size_t i = 0; i < changes.size() && rows_max > 0; ++i) {
    const UndoRecord& r = *changes[i].record;
    if (i + 1 < changes.size() && changes[i + 1].record->row.time == r.row.time) continue;
    const size_t first = out.size();
    buffer.Collect(from, r.row.time, rows_max, out);
    rows_max -= rows_in(first);
    if (rows_max == 0) return;
    if (r.existed) {
      out.push_back({&r.row, 1, 0, {r.version, nullptr, nullptr}, r.owned.get()});
      --rows_max;
    }
    from = r.row.time + 1;
  }
  buffer.Collect(from, range.end.ns, rows_max, out);
}

}  // namespace tidemark::store
