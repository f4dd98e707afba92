// SPDX-License-Identifier: Apache-2.0
#include "view/testing/view_check.h"

#include <algorithm>
#include <map>

#include "view/row_values_internal.h"
#include "view/testing/expected_rows.h"

namespace tidemark::view {
namespace {

store::Selection RowsOf(const ViewDefinition& d) {
  store::Selection all;
  all.table = d.target;
  all.owners = {store::OwnerFilter::Kind::kView, d.owner()};
  return all;
}

/// Multi rows as the log has them: a row of the log has no columns.
std::map<RowKeyText, std::string> RowsOfColumns(store::Store& store, const ViewDefinition& d) {
  std::map<RowKeyText, std::string> out;
  if (!d.rows_have_columns()) return out;
  const RowShape shape = ShapeOf(store, d);
  store::ScanRequest scan;
  scan.selection = RowsOf(d);
  const auto cursor = std::move(store.Scan(scan)).value();
  store::SliceBuffer buffer;
  store::Slice slice;
  while (std::move(cursor->Next(buffer, slice)).value()) {
    for (size_t i = 0; i < slice.times.size(); ++i) {
      out[{SeriesText(*slice.series, slice.series->measure), slice.times[i]}] =
          Text(LoggedValue(shape, ReadRowValues(shape, slice, i)));
    }
  }
  return out;
}

bool IsPreliminary(const store::RevisionRow& row) {
  return row.row.revision == 0 && row.row.window_start < row.row.window_end && row.version > 0 &&
         row.revisions.empty();
}

bool HasEnded(const store::RevisionRow& row) {
  return !row.revisions.empty() &&
         std::holds_alternative<std::monostate>(row.revisions.back().new_value);
}

class Checker {
 public:
  explicit Checker(const ViewStatus& status) : status_(status) {}

  void CheckLog(const store::RevisionRow& row, const std::string& now, const std::string& what) {
    uint32_t last = 0;
    std::string value = "null";
    TimeRange window{EventTime{}, EventTime{}};
    for (const auto& entry : row.revisions) {
      if (entry.frozen) {
        if (entry.revision != last) Wrong(what + ": a refused point names another revision");
        continue;
      }
      if (entry.revision != last + 1)
        Wrong(what + ": revision " + std::to_string(entry.revision) + " follows " +
              std::to_string(last));
      if (Text(entry.old_value) != value) Wrong(what + ": old value is not the one before");
      const TimeRange bounds{entry.window_start, entry.window_end};
      if (last > 0 && Text(entry.new_value) == value && bounds == window)
        Wrong(what + ": a revision without a change");
      window = bounds;
      if (entry.revision == 1)
        ++published_;
      else
        ++revisions_;
      last = entry.revision;
      value = Text(entry.new_value);
    }
    if (row.row.revision != 0 && row.row.revision != last) Wrong(what + ": log and row disagree");
    if (row.row.revision != 0 && now != value) Wrong(what + ": log and row differ");
  }

  void CheckTotals() {
    if (published_ != status_.windows_published) Wrong("windows_published is wrong");
    if (revisions_ != status_.revisions_total) Wrong("revisions_total is wrong");
    if (status_.dirty_count != 0) Wrong("dirty windows are left");
    if (!status_.caught_up) Wrong("not caught up");
    if (status_.state != ViewState::kRunning) Wrong("not running: " + status_.error);
  }

  void Wrong(std::string text) {
    wrong_.push_back(status_.definition.name + ": " + std::move(text));
  }
  std::vector<std::string> Take() { return std::move(wrong_); }

 private:
  const ViewStatus& status_;
  std::vector<std::string> wrong_;
  uint64_t published_ = 0;
  uint64_t revisions_ = 0;
};

}  // namespace

std::vector<std::string> CheckView(store::Store& store, const ViewStatus& status) {
  Checker check(status);
  const ExpectedRows rows_of_points = RowsOfRawPoints(store, status);
  auto expected = rows_of_points.values;
  for (std::string& text : OverlapsOf(store, status.definition)) check.Wrong(std::move(text));
  const bool compares =
      !(status.definition.ranged() && status.definition.late == LatePolicy::kFreeze);
  if (!compares) expected.clear();
  auto columns = RowsOfColumns(store, status.definition);
  const auto rows = std::move(store.Revisions(RowsOf(status.definition), SIZE_MAX)).value();
  for (const store::RevisionRow& row : rows) {
    const RowKeyText key{SeriesText(*row.series, row.series->measure), row.time};
    const std::string now = status.definition.rows_have_columns() ? columns[key] : Text(row.value);
    check.CheckLog(row, now, Text(key));
    const bool refused = std::any_of(row.revisions.begin(), row.revisions.end(),
                                     [](const auto& entry) { return entry.frozen; });
    const auto it = expected.find(key);
    if (refused || !compares) {
      if (it != expected.end()) expected.erase(it);
      continue;
    }
    if (IsPreliminary(row)) {
      if (it != expected.end()) check.Wrong(Text(key) + ": still preliminary");
    } else if (row.row.revision == 0 && HasEnded(row)) {
      if (it != expected.end()) check.Wrong(Text(key) + ": ended, raw points " + it->second);
      if (it != expected.end()) expected.erase(it);
    } else if (row.row.revision == 0) {
      check.Wrong(Text(key) + ": a log without a row");
    } else if (it == expected.end() && rows_of_points.MayStay(row)) {
      continue;
    } else if (it == expected.end()) {
      check.Wrong(Text(key) + ": a row that the raw points do not give");
    } else {
      std::string value = now;
      if (status.definition.ranged()) {
        value = Text(value, TimeRange{row.row.window_start, row.row.window_end});
      }
      if (it->second != value) {
        check.Wrong(Text(key) + ": row " + value + ", raw points " + it->second);
      }
      expected.erase(it);
    }
  }
  for (const auto& [key, value] : expected)
    check.Wrong(Text(key) + ": no row, raw points " + value);
  check.CheckTotals();
  return check.Take();
}

std::vector<std::string> OverlapsOf(store::Store& store, const ViewDefinition& definition) {
  std::vector<std::string> out;
  if (!definition.ranged()) return out;
  std::map<std::string, std::vector<TimeRange>> windows;
  const auto rows = std::move(store.Revisions(RowsOf(definition), SIZE_MAX)).value();
  for (const store::RevisionRow& row : rows) {
    if (row.version == 0) continue;
    windows[SeriesText(*row.series, row.series->measure)].push_back(
        {row.row.window_start, row.row.window_end});
  }
  for (auto& [series, of_series] : windows) {
    std::ranges::sort(of_series, {}, &TimeRange::start);
    for (size_t i = 1; i < of_series.size(); ++i) {
      if (of_series[i].start >= of_series[i - 1].end) continue;
      out.push_back(series + ": rows overlap, " + Text("", of_series[i - 1]) + " and" +
                    Text("", of_series[i]));
    }
  }
  return out;
}

std::vector<std::string> RowTexts(store::Store& store, const ViewDefinition& definition) {
  std::vector<std::string> out;
  const std::string_view output = definition.output;
  const size_t prefix = output.find('{');
  const auto rows = std::move(store.Revisions(RowsOf(definition), SIZE_MAX)).value();
  for (const store::RevisionRow& row : rows) {
    if (IsPreliminary(row)) continue;
    out.push_back(SeriesText(*row.series, std::string_view(row.series->measure).substr(prefix)) +
                  " @" + std::to_string(row.time.ns) + " " + Text(row.value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace tidemark::view
