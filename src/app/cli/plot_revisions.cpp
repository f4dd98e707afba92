// SPDX-License-Identifier: Apache-2.0
// A view's rows with what they were before (console-ux.md sections 6 and 14).
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/cli/api.h"
#include "app/cli/output.h"
#include "app/cli/plot.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

struct Row {
  int64_t time = 0;
  double value = 0;
  std::optional<double> first;  // what was published first, if it was another value
};

struct Summary {
  size_t final_rows = 0;
  size_t provisional = 0;
  size_t revised = 0;
  double largest = 0;
  std::optional<Row> at;
};

std::string NameOf(const JsonValue& row) {
  std::string out;
  const JsonValue* dimensions = row.Find("dimensions");
  if (dimensions == nullptr) return out;
  for (const auto& [name, value] : dimensions->object()) {
    out += (out.empty() ? "" : " · ") + PlainText(&value);
  }
  return out;
}

std::optional<Row> RowOf(const JsonValue& item) {
  const auto time = ParseInt64(PlainText(item.Find("time")));
  const auto value = ParseFiniteDouble(PlainText(item.Find("value")));
  if (!time || !value) return std::nullopt;
  Row row{*time, *value, std::nullopt};
  for (const JsonValue& revision : ListOf(item, "revisions")) {
    const JsonValue* frozen = revision.Find("frozen");
    if (frozen != nullptr && frozen->bool_value()) continue;
    const auto first = ParseFiniteDouble(PlainText(revision.Find("new")));
    if (first && *first != row.value) row.first = first;
    break;
  }
  return row;
}

/// How much each column of the drawing changed, under the axis.
std::string Strip(const std::vector<Row>& revised, const PlotSpec& spec, int64_t t0, int64_t t1) {
  constexpr size_t kCells = 60;
  std::vector<double> changes(kCells, 0);
  for (const Row& row : revised) {
    const double part =
        t1 == t0 ? 0 : static_cast<double>(row.time - t0) / static_cast<double>(t1 - t0);
    double& cell = changes[static_cast<size_t>(std::lround(part * (kCells - 1)))];
    cell = std::max(cell, std::fabs(row.value - *row.first));
  }
  std::string out = "revised  ";
  const std::string line = Sparkline(changes, spec.style != PlotStyle::kAscii);
  const std::string_view none = spec.style != PlotStyle::kAscii ? "▁" : ".";
  // A part that did not change stays empty: the strip shows where, not how little.
  size_t at = 0;
  for (const double change : changes) {
    const size_t size = spec.style != PlotStyle::kAscii ? none.size() : 1;
    out += change > 0 ? line.substr(at, size) : " ";
    at += size;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out + "\n";
}

std::string Sentence(const Summary& summary, std::string_view zone) {
  std::string out =
      fmt::format("{} of {} final windows revised", summary.revised, summary.final_rows);
  if (summary.at) {
    const double change = summary.at->value - *summary.at->first;
    out += fmt::format("; largest {:+.4f}", change);
    if (*summary.at->first != 0)
      out += fmt::format(" ({:+.1f} %)", change / std::fabs(*summary.at->first) * 100);
    out += " at " + FormatTime(summary.at->time, zone).substr(11);
  }
  if (summary.provisional > 0) out += fmt::format("; {} provisional", summary.provisional);
  return out + "\n";
}

}  // namespace

std::string DrawRevisions(const JsonValue& answer, PlotSpec base, RevisionMode mode) {
  std::map<std::string, PlotSeries> series;
  std::vector<Row> revised;
  Summary summary;
  int64_t t0 = INT64_MAX;
  int64_t t1 = INT64_MIN;
  const auto watermark = ParseInt64(PlainText(answer.Find("watermark")));
  for (const JsonValue& item : ListOf(answer, "rows")) {
    const auto row = RowOf(item);
    if (!row) continue;
    PlotSeries& to = series[NameOf(item)];
    to.name = NameOf(item);
    to.times.push_back(row->time);
    to.values.push_back(row->value);
    t0 = std::min(t0, row->time);
    t1 = std::max(t1, row->time);
    const auto end = ParseInt64(PlainText(item.Find("window_end")));
    const bool provisional = watermark && end && *end > *watermark;
    provisional ? ++summary.provisional : ++summary.final_rows;
    if (!row->first) continue;
    revised.push_back(*row);
    if (provisional) continue;
    ++summary.revised;
    const double change = std::fabs(row->value - *row->first);
    if (change > summary.largest) {
      summary.largest = change;
      summary.at = row;
    }
  }
  for (auto& [name, one] : series) base.series.push_back(std::move(one));
  base.watermark = watermark;
  for (const Row& row : revised) {
    if (mode != RevisionMode::kOff) base.revised.push_back({row.time, row.value});
    if (mode == RevisionMode::kCompare) base.first_published.push_back({row.time, *row.first});
  }
  std::string out = DrawPlot(base);
  if (mode == RevisionMode::kOff || t0 > t1) return out;
  return out + Strip(revised, base, t0, t1) + Sentence(summary, base.time_zone);
}

}  // namespace tidemark::app
