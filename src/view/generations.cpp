// SPDX-License-Identifier: Apache-2.0
#include "view/generations.h"

#include <map>
#include <utility>

#include "view/evaluation_internal.h"

namespace tidemark::view {
namespace {

using Name = std::pair<std::string, std::vector<store::Dimension>>;
struct Sides {
  std::vector<store::SeriesRef> before;  // of several types, if the definition's changed
  std::vector<store::SeriesRef> now;
};
using RowsByTime = std::map<EventTime, store::Scalar>;

class Comparison {
 public:
  Comparison(store::Store& store, TableId target) : store_(store), target_(target) {}

  Result<std::map<Name, Sides>> Names(store::Owner before, store::Owner now) {
    std::map<Name, Sides> out;
    for (const auto& [owner, side] :
         {std::pair(before, &Sides::before), std::pair(now, &Sides::now)}) {
      store::Selection selection;
      selection.table = target_;
      selection.owners = {store::OwnerFilter::Kind::kView, owner};
      TM_ASSIGN_OR_RETURN(const auto all, store_.Series(selection));
      for (const auto& info : all) {
        (out[{info->measure, info->dimensions}].*side).push_back(info->ref);
      }
    }
    return out;
  }

  Result<RowsByTime> Rows(const std::vector<store::SeriesRef>& series, store::Owner owner) {
    RowsByTime out;
    if (series.empty()) return out;
    store::ScanRequest scan;
    scan.selection.table = target_;
    scan.selection.owners = {store::OwnerFilter::Kind::kView, owner};
    scan.selection.series = series;
    scan.rows_wanted = true;
    TM_ASSIGN_OR_RETURN(const auto cursor, store_.Scan(scan));
    store::Slice slice;
    for (;;) {
      TM_ASSIGN_OR_RETURN(const bool more, cursor->Next(buffer_, slice));
      if (!more) return out;
      for (size_t i = 0; i < slice.times.size(); ++i) {
        if (i < slice.rows.size() && Evaluator::IsEarly(slice.rows[i])) continue;
        out[slice.times[i]] = LoggedRow(slice, i);
      }
    }
  }

 private:
  store::Store& store_;
  const TableId target_;
  store::SliceBuffer buffer_;
};

void Note(const Name& name, EventTime time, store::Scalar before, store::Scalar now,
          size_t kept_max, GenerationDiff& out) {
  const bool was = !std::holds_alternative<std::monostate>(before);
  const bool is = !std::holds_alternative<std::monostate>(now);
  if (was && is && SameBits({&before, 1}, {&now, 1})) {
    ++out.same;
    return;
  }
  ++(was && is ? out.changed : is ? out.added : out.removed);
  if (out.rows.size() == kept_max) return;
  out.rows.push_back({name.first, name.second, time, std::move(before), std::move(now)});
}

}  // namespace

Result<GenerationDiff> CompareGenerations(store::Store& store, TableId target, store::Owner before,
                                          store::Owner now, size_t rows_max, size_t kept_max) {
  GenerationDiff out;
  Comparison comparison(store, target);
  TM_ASSIGN_OR_RETURN(const auto names, comparison.Names(before, now));
  size_t rows = 0;
  for (const auto& [name, sides] : names) {
    if (rows >= rows_max) {
      out.whole = false;
      break;
    }
    TM_ASSIGN_OR_RETURN(RowsByTime old_rows, comparison.Rows(sides.before, before));
    TM_ASSIGN_OR_RETURN(const RowsByTime new_rows, comparison.Rows(sides.now, now));
    rows += old_rows.size() + new_rows.size();
    for (const auto& [time, value] : new_rows) old_rows[time];  // every time of either
    for (auto& [time, value] : old_rows) {
      const auto found = new_rows.find(time);
      Note(name, time, std::move(value), found == new_rows.end() ? store::Scalar() : found->second,
           kept_max, out);
    }
  }
  return out;
}

}  // namespace tidemark::view
