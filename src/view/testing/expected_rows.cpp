// SPDX-License-Identifier: Apache-2.0
#include "view/testing/expected_rows.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <set>

#include "agg/aggregate.h"
#include "agg/interpolation.h"
#include "base/glob.h"
#include "view/filter_internal.h"
#include "view/row_values_internal.h"
#include "view/series_book_internal.h"
#include "view/window.h"

namespace tidemark::view {
namespace {

using Key = RowKeyText;
using OpenRows = std::map<std::string, std::vector<TimeRange>>;

/// Of the row that stands for the series.
std::string GroupText(const ViewDefinition& d, const store::SeriesInfo& series,
                      std::string_view measure) {
  if (!d.grouped()) return SeriesText(series, measure);
  store::SeriesInfo row;
  for (const std::string& name : d.group_by) {
    if (name == d.label_map.name) {
      if (const auto label = LabelOf(d.label_map, series)) row.dimensions.push_back({name, *label});
    }
    for (const store::Dimension& dimension : series.dimensions) {
      if (dimension.name == name) row.dimensions.push_back(dimension);
    }
  }
  if (row.dimensions.empty()) row.dimensions.push_back({"view", d.name});
  std::ranges::sort(row.dimensions);
  return SeriesText(row, measure);
}

struct RawSeries {
  std::shared_ptr<const store::SeriesInfo> info;
  std::string column;  // of multi-measure records
  store::ValueType type = store::ValueType::kDouble;
  std::vector<EventTime> times;
  std::vector<double> doubles;   // or
  std::vector<int64_t> bigints;  // by the type
};

bool Has(const std::vector<store::ValueType>& types, store::ValueType type) {
  return std::ranges::find(types, type) != types.end();
}

bool Reads(const ViewDefinition& d, const store::SeriesInfo& series) {
  const bool of_type =
      d.columns.empty() ? Has(d.types, series.type) : series.type == store::ValueType::kMulti;
  return of_type && Passes(d.filter, series) &&
         std::ranges::any_of(d.measures, [&](const std::string& pattern) {
           return MatchesGlob(pattern, series.measure);
         });
}

bool ReadsColumn(const ViewDefinition& d, const store::ColumnView& column) {
  return d.columns.empty() || (Has(d.types, column.type) &&
                               std::ranges::any_of(d.columns, [&](const std::string& pattern) {
                                 return MatchesGlob(pattern, column.name);
                               }));
}

/// Few and small integers are tested: they are exact as doubles.
bool Counts(const ViewDefinition& d, const store::ColumnView& column, size_t i) {
  const double value =
      column.doubles.empty() ? static_cast<double>(column.bigints[i]) : column.doubles[i];
  return (!d.filter.value_min || *d.filter.value_min <= value) &&
         (!d.filter.value_max || value <= *d.filter.value_max);
}

using AllRaw = std::map<std::pair<store::SeriesRef, std::string>, RawSeries>;

AllRaw ReadRaw(store::Store& store, const ViewDefinition& d) {
  store::ScanRequest scan;
  scan.selection.table = d.source;
  scan.selection.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  if (d.upstream) scan.selection.owners = {store::OwnerFilter::Kind::kView, d.reads()};
  scan.rows_wanted = bool{d.upstream};
  auto cursor = std::move(store.Scan(scan)).value();
  AllRaw out;
  store::SliceBuffer buffer;
  store::Slice slice;
  while (std::move(cursor->Next(buffer, slice)).value()) {
    if (!Reads(d, *slice.series)) continue;
    for (const store::ColumnView& column : slice.columns) {
      if (!ReadsColumn(d, column)) continue;
      RawSeries& series = out[{slice.series->ref, std::string(column.name)}];
      series.info = slice.series;
      series.column = column.name;
      series.type = column.type;
      for (size_t i = 0; i < slice.times.size(); ++i) {
        if (!column.valid.empty() && column.valid[i] == 0) continue;
        if (!Counts(d, column, i)) continue;
        if (d.upstream && slice.rows[i].revision == 0) continue;  // preliminary
        series.times.push_back(slice.times[i]);
        if (!column.doubles.empty()) series.doubles.push_back(column.doubles[i]);
        if (!column.bigints.empty()) series.bigints.push_back(column.bigints[i]);
      }
    }
  }
  return out;
}

template <typename T>
void AddAll(const RawSeries& series, std::span<const T> values, TimeRange window, nanoseconds carry,
            agg::State& state) {
  const auto at = [&](EventTime t) {
    return static_cast<size_t>(std::ranges::lower_bound(series.times, t) - series.times.begin());
  };
  const size_t first = at(window.start);
  const size_t end = at(window.end);
  const std::span<const EventTime> times(series.times);
  const std::string& key = series.info->canonical_key;
  if (agg::FoldsSeries(state.spec().kind)) {
    state.Add({times.subspan(first, end - first), key}, values.subspan(first, end - first));
    if (first > 0 && times[first - 1] >= window.start - carry) {
      state.AddCarry(times[first - 1], key, values[first - 1]);
    }
    return;
  }
  for (size_t i = end; i-- > first;) state.Add({times.subspan(i, 1), key}, values.subspan(i, 1));
}

/// Of one row; a state by the place of its value.
struct Expected {
  TimeRange window;
  std::map<size_t, std::pair<const agg::Aggregate*, agg::State>> states;
};

/// None: the row is not there.
std::optional<std::string> Finish(const RowShape& shape, const Expected& row) {
  RowValues values(shape.named() ? shape.names().size() : 1);
  for (const auto& [place, state] : row.states) {
    auto value = agg::FinishAs(*state.first, state.second, row.window);
    values[place] = std::move(value).value_or({});
  }
  if (NoValue(values)) return std::nullopt;
  return Text(LoggedValue(shape, values));
}

/// In the values of a row: by what its column is called.
size_t PlaceOf(const ViewDefinition& d, const RowShape& shape, const agg::Aggregate& aggregate,
               const std::string& column) {
  if (!shape.named()) return 0;
  std::string name = d.multi_rows ? aggregate.name : column;
  if (d.multi_rows && !d.columns.empty()) name += "_" + column;
  return static_cast<size_t>(std::ranges::find(shape.names(), name) - shape.names().begin());
}

/// Every value the raw points give: one point at a time, the newest first, where order is nothing.
std::map<Key, std::string> BruteForce(store::Store& store, const ViewStatus& status) {
  const ViewDefinition& d = status.definition;
  const Windows windows = WindowsOf(d);
  const auto templates = NameTemplates(d);
  std::map<Key, std::string> out;
  if (!status.watermark) return out;
  const RowShape shape = ShapeOf(store, d);
  std::map<Key, Expected> states;
  for (const auto& [ref, series] : ReadRaw(store, d)) {
    ForEachWindow(windows, series.times, [&, &raw = series](WindowId id) {
      const TimeRange window = windows.WindowAt(id);
      if (window.end > *status.watermark) return;
      for (size_t a = 0; a < d.aggregates.size(); ++a) {
        const agg::Aggregate& aggregate = d.aggregates[a];
        const std::string& name = templates[id.level * d.outputs() + (d.multi_rows ? 0 : a)];
        const Key key{GroupText(d, *raw.info, MakeName(name, raw.info->measure)),
                      d.label == Label::kEnd ? window.end : window.start};
        agg::State state(aggregate.spec(static_cast<agg::Type>(raw.type)));
        const nanoseconds carry = d.CarryOf(aggregate.kind);
        if (raw.type == store::ValueType::kDouble) {
          AddAll<double>(raw, raw.doubles, window, carry, state);
        } else {
          AddAll<int64_t>(raw, raw.bigints, window, carry, state);
        }
        Expected& row = states.try_emplace(key, Expected{window, {}}).first->second;
        const size_t place = PlaceOf(d, shape, aggregate, raw.column);
        const auto known = row.states.find(place);
        if (known != row.states.end()) {
          known->second.second.Merge(state);
        } else {
          row.states.emplace(place, std::pair(&aggregate, std::move(state)));
        }
      }
    });
  }
  for (const auto& [key, expected] : states) {
    if (auto value = Finish(shape, expected)) out[key] = *std::move(value);
  }
  return out;
}

// --------------------------------------------------------------------------------------------
// sessions and samples, by another way than the view's

std::vector<TimeRange> SessionsOf(const ViewDefinition& d, const std::set<EventTime>& times) {
  std::vector<TimeRange> out;
  std::optional<EventTime> last;
  for (const EventTime t : times) {
    const EventTime cut = FloorTo(t, d.max_session) + d.max_session;
    const bool joins = last && t - *last < d.session_gap &&
                       FloorTo(*last, d.max_session) == FloorTo(t, d.max_session);
    if (!joins) out.push_back({t, t});
    out.back().end = std::min(t + d.session_gap, cut);
    last = t;
  }
  return out;
}

std::map<Key, std::string> BruteSessions(store::Store& store, const ViewStatus& status,
                                         OpenRows& open) {
  const ViewDefinition& d = status.definition;
  const auto templates = NameTemplates(d);
  const auto raw = ReadRaw(store, d);
  std::map<std::pair<std::string, store::ValueType>, std::vector<const RawSeries*>> groups;
  for (const auto& [ref, series] : raw) {
    groups[{GroupText(d, *series.info, series.info->measure), series.info->type}].push_back(
        &series);
  }
  std::map<Key, std::string> out;
  for (const auto& [key, members] : groups) {
    std::set<EventTime> times;
    for (const RawSeries* one : members) times.insert(one->times.begin(), one->times.end());
    for (const TimeRange& window : SessionsOf(d, times)) {
      if (window.end > *status.watermark) {
        for (const std::string& name : templates) {
          const std::string measure = MakeName(name, members[0]->info->measure);
          open[GroupText(d, *members[0]->info, measure)].push_back(window);
        }
        continue;
      }
      for (size_t a = 0; a < d.aggregates.size(); ++a) {
        agg::State state(d.aggregates[a].spec(static_cast<agg::Type>(key.second)));
        for (const RawSeries* one : members) {
          if (key.second == store::ValueType::kDouble) {
            AddAll<double>(*one, one->doubles, window, nanoseconds(0), state);
          } else {
            AddAll<int64_t>(*one, one->bigints, window, nanoseconds(0), state);
          }
        }
        const auto value = agg::FinishAs(d.aggregates[a], state, window);
        if (!value.ok() || std::holds_alternative<std::monostate>(*value)) continue;
        const std::string measure = MakeName(templates[a], members[0]->info->measure);
        out[{GroupText(d, *members[0]->info, measure),
             d.label == Label::kEnd ? window.end : window.start}] = Text(Text(*value), window);
      }
    }
  }
  return out;
}

/// The value at a grid time; null: none, or not settled by `watermark`.
store::Scalar BruteSample(const ViewDefinition& d, const RawSeries& series, EventTime grid,
                          EventTime watermark) {
  const auto slot = [&d](EventTime t) { return FloorTo(t, d.every, d.offset); };
  const auto passed = [&](EventTime t) { return slot(t) + d.every <= watermark; };
  const auto number = [&](size_t i) {
    return series.doubles.empty() ? static_cast<double>(series.bigints[i]) : series.doubles[i];
  };
  const auto exact = [&](size_t i) -> store::Scalar {
    if (series.doubles.empty()) return series.bigints[i];
    return series.doubles[i];
  };
  const bool makes_double = d.fill == Fill::kLinear || d.fill == Fill::kSpline;
  if (!passed(grid)) return {};
  std::optional<size_t> p;
  std::optional<size_t> q;
  for (size_t i = 0; i < series.times.size(); ++i) {
    if (series.times[i] == grid) return makes_double ? store::Scalar(number(i)) : exact(i);
    if (series.times[i] < grid) p = i;
    if (series.times[i] > grid && !q) q = i;
  }
  switch (d.fill) {
    case Fill::kLocf:
    case Fill::kConstant:
      if (!p || grid - series.times[*p] > d.max_gap) return {};
      if (d.fill == Fill::kLocf) return exact(*p);
      if (series.doubles.empty()) return static_cast<int64_t>(d.fill_value);
      return d.fill_value;
    case Fill::kNext:
      if (!q || series.times[*q] - grid > d.max_gap || !passed(series.times[*q])) return {};
      return exact(*q);
    case Fill::kLinear:
    case Fill::kSpline:
      break;
  }
  if (!p || !q || series.times[*q] - series.times[*p] > d.max_gap) return {};
  const size_t count = d.fill == Fill::kLinear ? 1 : 16;
  size_t first = *p;
  size_t last = *q;
  while (first > 0 && *p - first + 1 < count &&
         series.times[first] - series.times[first - 1] <= d.max_gap) {
    --first;
  }
  while (last + 1 < series.times.size() && last - *q + 1 < count &&
         series.times[last + 1] - series.times[last] <= d.max_gap) {
    ++last;
  }
  if (!passed(series.times[last])) return {};
  if (last - *q + 1 < count && slot(watermark) <= series.times[last] + d.max_gap) return {};
  agg::Series part;
  for (size_t i = first; i <= last; ++i) {
    part.times.push_back(series.times[i].ns);
    part.values.push_back(number(i));
  }
  if (d.fill == Fill::kLinear) return *agg::LinearInterpolation(part).At(grid.ns);
  return *agg::SplineInterpolation(part).At(grid.ns);
}

std::map<Key, std::string> BruteSamples(store::Store& store, const ViewStatus& status,
                                        OpenRows& open) {
  const ViewDefinition& d = status.definition;
  std::map<Key, std::string> out;
  for (const auto& [ref, series] : ReadRaw(store, d)) {
    std::set<EventTime> grid;  // that could have a value
    for (const EventTime t : series.times) {
      for (EventTime at = FloorTo(t - d.max_gap, d.every, d.offset); at <= t + d.max_gap;
           at = at + d.every) {
        grid.insert(at);
      }
    }
    for (const EventTime at : grid) {
      const store::Scalar value = BruteSample(d, series, at, *status.watermark);
      const std::string measure = MakeName(NameTemplates(d)[0], series.info->measure);
      if (std::holds_alternative<std::monostate>(value)) {
        const bool comes = FloorTo(*status.watermark, d.every, d.offset) <= at + d.max_gap ||
                           !std::holds_alternative<std::monostate>(
                               BruteSample(d, series, at, kEventTimeMax - d.max_gap));
        if (comes) open[SeriesText(*series.info, measure)].push_back({at, at + d.every});
        continue;
      }
      out[{SeriesText(*series.info, measure), at}] = Text(Text(value), {at, at + d.every});
    }
  }
  return out;
}

}  // namespace

RowShape ShapeOf(store::Store& store, const ViewDefinition& definition) {
  const SeriesBook book(store, definition);
  RowShape shape(definition);
  shape.Learn(store, book).value();
  return shape;
}

std::string SeriesText(const store::SeriesInfo& info, std::string_view measure) {
  std::string out(measure);
  for (const auto& d : info.dimensions) out += " " + d.name + "=" + d.value;
  return out;
}

std::string Text(const store::Scalar& value) {
  if (const auto* v = std::get_if<double>(&value)) {
    return std::to_string(*v) + "/" + std::to_string(std::bit_cast<uint64_t>(*v));
  }
  if (const auto* v = std::get_if<int64_t>(&value)) return std::to_string(*v);
  if (const auto* v = std::get_if<std::string>(&value)) return *v;
  return std::holds_alternative<std::monostate>(value) ? "null" : "other";
}

std::string Text(const RowKeyText& key) { return key.first + " @" + std::to_string(key.second.ns); }

std::string Text(const std::string& value, TimeRange window) {
  return value + " [" + std::to_string(window.start.ns) + "," + std::to_string(window.end.ns) + ")";
}

bool ExpectedRows::MayStay(const store::RevisionRow& row) const {
  const auto found = open.find(SeriesText(*row.series, row.series->measure));
  return found != open.end() && std::ranges::any_of(found->second, [&row](const TimeRange& range) {
           return range.start < row.row.window_end && row.row.window_start < range.end;
         });
}

ExpectedRows RowsOfRawPoints(store::Store& store, const ViewStatus& status) {
  ExpectedRows out;
  if (!status.watermark) return out;
  if (status.definition.session_gap > nanoseconds(0)) {
    out.values = BruteSessions(store, status, out.open);
  } else if (status.definition.every > nanoseconds(0)) {
    out.values = BruteSamples(store, status, out.open);
  } else {
    out.values = BruteForce(store, status);
  }
  return out;
}

}  // namespace tidemark::view
