// SPDX-License-Identifier: Apache-2.0
#include "view/explain.h"

#include <algorithm>
#include <map>
#include <set>

#include "view/series_book_internal.h"
#include "view/window.h"

namespace tidemark::view {
namespace {

constexpr int64_t kWindowsMax = 1024;
constexpr size_t kRowsMax = 100'000;  // of one series, where windows are found by their rows

class Explainer {
 public:
  Explainer(store::Store& store, const ViewDefinition& definition,
            std::optional<EventTime> watermark)
      : store_(store),
        definition_(definition),
        watermark_(watermark),
        windows_(WindowsOf(definition)),
        book_(store, definition) {}

  Result<PointInView> Run(store::SeriesRef series, EventTime time) {
    PointInView out;
    const SeriesIndex index = book_.Find(series);
    if (index == SeriesDirectory::kForeign) return out;
    out.reads = true;
    TM_RETURN_IF_ERROR(book_.ResolveTargets(std::span(&index, 1)));
    if (RangesOf(definition_)) return OfRanges(index, {series, time}, std::move(out));
    const TimeRange touched{time, time + definition_.reach() + nanoseconds(1)};
    if (windows_.CountOver(touched) > kWindowsMax) {
      return Error{Code::kInvalidArgument, "view " + definition_.name +
                                               ": the point is in more than " +
                                               std::to_string(kWindowsMax) + " windows"};
    }
    std::vector<WindowId> ids;
    windows_.ForEachOver(touched, [&](WindowId id) { ids.push_back(id); });
    for (const WindowId id : ids) {
      PointWindow& window = out.windows.emplace_back();
      window.window = windows_.WindowAt(id);
      window.state = StateOf(window.window);
      for (size_t a = 0; a < book_.outputs(); ++a) {
        const store::SeriesRef* target = book_.target(index, id.level, a);
        if (target == nullptr) continue;
        TM_ASSIGN_OR_RETURN(PointRow row, RowOf(*target, window.window, {series, time}));
        row.looks_back = id.start > time;
        window.rows.push_back(std::move(row));
      }
    }
    return out;
  }

 private:
  /// Sessions and samples: the rows that are there, and those that ended, whose window holds it.
  Result<PointInView> OfRanges(SeriesIndex index, const store::PointKey& point, PointInView out) {
    std::map<std::pair<EventTime, EventTime>, PointWindow> windows;
    for (size_t a = 0; a < book_.outputs(); ++a) {
      const store::SeriesRef* target = book_.target(index, 0, a);
      if (target == nullptr) continue;
      const TimeRange hull =
          windows_.HullOf({point.time - definition_.reach(), point.time + nanoseconds(1)});
      store::Selection rows;
      rows.table = definition_.target;
      rows.time = {hull.start, hull.end + nanoseconds(1)};
      rows.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
      rows.series = {{*target}};
      TM_ASSIGN_OR_RETURN(const auto found, store_.Revisions(rows, kRowsMax));
      for (const store::RevisionRow& row : found) {
        const TimeRange window{row.row.window_start, row.row.window_end};
        PointRow one = Described(row, point);
        if (!window.Contains(point.time) && one.named.empty()) continue;
        PointWindow& into = windows[{window.start, window.end}];
        into.window = window;
        into.state = StateOf(window);
        into.rows.push_back(std::move(one));
      }
    }
    for (auto& [times, window] : windows) out.windows.push_back(std::move(window));
    return out;
  }

  static PointRow Described(const store::RevisionRow& row, const store::PointKey& point) {
    PointRow out;
    out.measure = row.series->measure;
    out.dimensions = row.series->dimensions;
    out.time = row.time;
    out.key = {row.series->ref, row.time};
    out.is_there = row.version > 0;
    out.value = row.value;
    out.revision = row.row.revision;
    out.record_count = row.row.record_count;
    for (const store::RevisionEntry& entry : row.revisions) {
      if (std::ranges::find(entry.points, point) != entry.points.end()) out.named.push_back(entry);
    }
    return out;
  }

  PointWindow::State StateOf(TimeRange window) const {
    if (!watermark_ || *watermark_ < window.end) return PointWindow::State::kOpen;
    return *watermark_ >= window.end + definition_.allowed_lateness ? PointWindow::State::kSealed
                                                                    : PointWindow::State::kComplete;
  }

  Result<PointRow> RowOf(store::SeriesRef target, TimeRange window, const store::PointKey& point) {
    PointRow out;
    out.time = definition_.label == Label::kEnd ? window.end : window.start;
    if (const auto info = store_.Describe(target); info != nullptr) {
      out.measure = info->measure;
      out.dimensions = info->dimensions;
    }
    store::Selection one;
    one.table = definition_.target;
    one.time = {out.time, out.time + nanoseconds(1)};
    one.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
    one.series = {{target}};
    TM_ASSIGN_OR_RETURN(const auto found, store_.Revisions(one, 1));
    if (!found.empty()) out = Described(found.front(), point);
    out.key = {target, one.time.start};
    return out;
  }

  store::Store& store_;
  const ViewDefinition& definition_;
  const std::optional<EventTime> watermark_;
  const Windows windows_;
  SeriesBook book_;
};

/// A row that several points are in is one, with all entries that name some of them.
void AddWindow(std::vector<PointWindow>& windows, PointWindow window) {
  const auto same = std::ranges::find_if(windows, [&](const PointWindow& one) {
    return one.window.start == window.window.start && one.window.end == window.window.end;
  });
  if (same == windows.end()) {
    windows.push_back(std::move(window));
    return;
  }
  for (PointRow& row : window.rows) {
    const auto known = std::ranges::find(same->rows, row.key, &PointRow::key);
    if (known == same->rows.end()) {
      same->rows.push_back(std::move(row));
      continue;
    }
    known->looks_back = known->looks_back && row.looks_back;
    for (store::RevisionEntry& entry : row.named) {
      const auto is_same = [&entry](const store::RevisionEntry& other) {
        return other.revision == entry.revision && other.at == entry.at &&
               other.frozen == entry.frozen;
      };
      if (std::ranges::none_of(known->named, is_same)) known->named.push_back(std::move(entry));
    }
  }
}

}  // namespace

std::string_view WindowStateName(PointWindow::State state) {
  switch (state) {
    case PointWindow::State::kOpen:
      return "open";
    case PointWindow::State::kComplete:
      return "complete";
    case PointWindow::State::kSealed:
      return "sealed";
  }
  TM_UNREACHABLE();
}

Result<PointInView> ExplainPoints(store::Store& store, const ViewDefinition& definition,
                                  std::optional<EventTime> watermark,
                                  std::span<const store::PointKey> points) {
  PointInView out;
  if (points.size() > static_cast<size_t>(kWindowsMax)) {
    return Error{Code::kInvalidArgument, "view " + definition.name +
                                             ": the point is in more than " +
                                             std::to_string(kWindowsMax) + " of the rows it reads"};
  }
  for (const store::PointKey& point : points) {
    TM_ASSIGN_OR_RETURN(PointInView one,
                        Explainer(store, definition, watermark).Run(point.series, point.time));
    out.reads = out.reads || one.reads;
    for (PointWindow& window : one.windows) AddWindow(out.windows, std::move(window));
  }
  return out;
}

Result<std::vector<ExplainedView>> ExplainPoint(store::Store& store,
                                                std::span<const ViewStatus> views,
                                                const store::PointKey& point) {
  std::vector<ExplainedView> out;
  // Rows of a view that hold it, by their owner; nobody's is the point itself.
  std::map<store::Owner, std::vector<store::PointKey>> reached{{store::Owner{}, {point}}};
  std::set<std::string_view> seen;
  for (bool more = true; more;) {
    more = false;
    for (const ViewStatus& status : views) {
      const ViewDefinition& d = status.definition;
      const auto points = reached.find(d.reads());
      if (points == reached.end() || !seen.insert(d.name).second) continue;
      auto found = ExplainPoints(store, d, status.watermark, points->second);
      if (!found.ok() && found.error().code != Code::kInvalidArgument) return found.error();
      if (found.ok() && !found->reads) continue;
      if (found.ok()) {
        auto& rows = reached[d.owner()];
        for (const PointWindow& window : found->windows) {
          for (const PointRow& row : window.rows) rows.push_back(row.key);
        }
        more = true;
      }
      out.push_back({status, std::move(found)});
    }
  }
  return out;
}

}  // namespace tidemark::view
