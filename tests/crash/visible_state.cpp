// SPDX-License-Identifier: Apache-2.0
#include "crash/visible_state.h"

#include <bit>

#include <gtest/gtest.h>

#include "base/numbers.h"

namespace tidemark::tests {
namespace {

std::string ValueAt(const store::ColumnView& column, size_t i) {
  switch (column.type) {
    case store::ValueType::kDouble:
      return FormatDoubleShortest(column.doubles[i]);
    case store::ValueType::kBigint:
      return std::to_string(column.bigints[i]);
    case store::ValueType::kVarchar:
      return std::string(column.texts[i]);
    default:
      return std::string(store::ValueTypeName(column.type));
  }
}

std::string Text(const store::Scalar& value) {
  if (const auto* v = std::get_if<double>(&value)) return FormatDoubleShortest(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return std::to_string(*v);
  return std::holds_alternative<std::monostate>(value) ? "null" : "other";
}

std::string SeriesText(const store::SeriesInfo& info) {
  std::string out = std::to_string(info.table.value) + " " + info.measure;
  for (const store::Dimension& d : info.dimensions) out += " " + d.name + "=" + d.value;
  return out;
}

template <typename Row>
void ForEachPoint(store::Store& store, store::ScanRequest request, Row row) {
  request.versions_wanted = true;
  auto cursor = store.Scan(request);
  ASSERT_TRUE(cursor.ok()) << cursor.error().message;
  store::SliceBuffer buffer;
  store::Slice slice;
  while (true) {
    const auto some = (*cursor)->Next(buffer, slice);
    ASSERT_TRUE(some.ok()) << some.error().message;
    if (!*some) return;
    for (size_t i = 0; i < slice.times.size(); ++i) row(slice, i);
  }
}

}  // namespace

std::map<PointKey, PointValue> OwnerlessPoints(store::Store& store, TableId table) {
  std::map<PointKey, PointValue> out;
  store::ScanRequest request;
  request.selection.table = table;
  request.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  ForEachPoint(store, request, [&](const store::Slice& slice, size_t i) {
    std::string host;
    for (const store::Dimension& d : slice.series->dimensions) {
      if (d.name == "host") host = d.value;
    }
    out[{slice.series->measure, host, slice.times[i]}] = {ValueAt(slice.columns[0], i),
                                                          slice.versions[i]};
  });
  return out;
}

VisibleState ReadVisible(store::Store& store, const std::vector<TableId>& tables) {
  VisibleState out;
  for (const TableId table : tables) {
    store::ScanRequest request;
    request.selection.table = table;
    ForEachPoint(store, request, [&](const store::Slice& slice, size_t i) {
      out.points[SeriesText(*slice.series) + " @" + std::to_string(slice.times[i].ns)] = {
          slice.versions[i], ValueAt(slice.columns[0], i)};
    });
    const auto rows = store.Revisions(request.selection, SIZE_MAX);
    if (!rows.ok()) {
      ADD_FAILURE() << rows.error().message;
      continue;
    }
    for (const store::RevisionRow& row : *rows) {
      auto& log = out.revisions[SeriesText(*row.series) + " @" + std::to_string(row.time.ns)];
      for (const store::RevisionEntry& entry : row.revisions) {
        log.push_back(std::to_string(entry.revision) + ": " + Text(entry.old_value) + " -> " +
                      Text(entry.new_value) + ", late " + std::to_string(entry.late_points) +
                      (entry.frozen ? " frozen" : "") + " at " + std::to_string(entry.at.ms));
      }
    }
  }
  return out;
}

std::vector<std::string> Lost(const VisibleState& before, const VisibleState& after) {
  std::vector<std::string> out;
  for (const auto& [key, point] : before.points) {
    const auto found = after.points.find(key);
    if (found == after.points.end()) {
      out.push_back(key + ": the point is gone");
    } else if (found->second.version < point.version) {
      out.push_back(key + ": fell back from version " + std::to_string(point.version) + " to " +
                    std::to_string(found->second.version));
    } else if (found->second.version == point.version && found->second.value != point.value) {
      out.push_back(key + ": one version, two values: " + point.value + " and " +
                    found->second.value);
    }
  }
  for (const auto& [key, log] : before.revisions) {
    const auto found = after.revisions.find(key);
    if (found == after.revisions.end()) {
      out.push_back(key + ": the revision log is gone");
      continue;
    }
    for (size_t i = 0; i < log.size(); ++i) {
      if (i >= found->second.size() || found->second[i] != log[i]) {
        out.push_back(key + ": revision entry \"" + log[i] + "\" is gone");
        break;
      }
    }
  }
  return out;
}

}  // namespace tidemark::tests
