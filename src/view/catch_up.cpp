// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "view/catch_up_internal.h"

namespace tidemark::view {
namespace {

// A chunk of a day in windows of two minutes and more is enumerated: cheaper than decoding it.
constexpr int64_t kEnumeratedMax = 1024;

}  // namespace

store::Selection SourceSelection(const ViewDefinition& definition, TimeRange time) {
  store::Selection out;
  out.table = definition.source;
  out.time = time;
  out.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  const auto& patterns = definition.measures;
  if (std::all_of(patterns.begin(), patterns.end(), [](const std::string& p) {
        return p.find_first_of("*?") == std::string::npos;
      })) {
    out.measure = {store::TextPredicate{.op = store::TextPredicate::Op::kIn, .values = patterns}};
  }
  return out;
}

CatchUp::CatchUp(store::Store& store, const ViewDefinition& definition, SeriesBook& book)
    : store_(store),
      definition_(definition),
      book_(book),
      grid_(definition.width, definition.offset) {}

void CatchUp::Add(SeriesIndex series, TimeRange time) {
  Add(Range{.series = series, .windows = time});
}

void CatchUp::AddAll(TimeRange time) { Add(Range{.series = kAll, .windows = time}); }

void CatchUp::Add(Range range) {
  range.windows.start = std::max(range.windows.start, kEventTimeMin);
  range.windows.end = std::min(range.windows.end, kEventTimeMax);
  if (range.windows.empty()) return;
  range.windows.start = grid_.StartOf(range.windows.start);
  range.windows.end = grid_.StartOf(range.windows.end - nanoseconds(1)) + grid_.width();
  ranges_.push_back(range);
  if (ranges_.size() >= merge_at_) {
    Merge();
    merge_at_ = std::max<size_t>(65536, 2 * ranges_.size());
  }
}

void CatchUp::Merge() {
  cursor_.reset();
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<ptrdiff_t>(next_));
  next_ = 0;
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
    return a.series != b.series ? a.series < b.series : a.windows.start < b.windows.start;
  });
  size_t kept = 0;
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (kept > 0 && ranges_[kept - 1].series == ranges_[i].series &&
        ranges_[i].windows.start <= ranges_[kept - 1].windows.end) {
      ranges_[kept - 1].windows.end =
          std::max(ranges_[kept - 1].windows.end, ranges_[i].windows.end);
    } else {
      ranges_[kept++] = ranges_[i];
    }
  }
  ranges_.resize(kept);
}

bool CatchUp::Bound(EventTime from, EventTime until) {
  bool beyond = false;
  for (Range& range : ranges_) {
    beyond = beyond || range.windows.end > until;
    range.windows.end = std::min(range.windows.end, until);
    // `from` is no window's start: those that begin before it are left out.
    if (range.windows.start < from) {
      const EventTime start = grid_.StartOf(from);
      range.windows.start = start < from ? start + grid_.width() : start;
    }
  }
  std::erase_if(ranges_, [](const Range& range) { return range.windows.empty(); });
  next_ = 0;
  Merge();
  return beyond;
}

void CatchUp::Exclude(const DamageMap& damage, HeldWindows& held) {
  if (damage.none() || empty()) return;
  cursor_.reset();
  std::vector<Range> kept;
  kept.reserve(size());
  for (; next_ < ranges_.size(); ++next_) {
    const Range& range = ranges_[next_];
    for (const TimeRange& readable : damage.lost().Outside(range.windows)) {
      for (const TimeRange& waiting : damage.waiting().Inside(readable)) held.AddRange(waiting);
      for (const TimeRange& left : damage.waiting().Outside(readable)) {
        kept.push_back({range.series, left});
      }
    }
  }
  ranges_ = std::move(kept);
  next_ = 0;
}

Result<void> CatchUp::Take(size_t windows_max, EventTime published, std::vector<Due>& out) {
  while (!empty() && out.size() < windows_max) {
    Range& range = ranges_[next_];
    const int64_t windows = (range.windows.end - range.windows.start) / grid_.width();
    if (range.series == kAll || windows > kEnumeratedMax) {
      TM_ASSIGN_OR_RETURN(const bool more, ScanSome(range, windows_max, published, out));
      if (more) return {};
    } else {
      for (EventTime w = range.windows.start; w < range.windows.end; w = w + grid_.width()) {
        out.push_back({.window = w, .series = range.series, .coarse = w < published});
      }
    }
    ++next_;
  }
  return {};
}

Result<bool> CatchUp::ScanSome(Range& range, size_t windows_max, EventTime published,
                               std::vector<Due>& out) {
  if (cursor_ == nullptr) {
    store::ScanRequest scan;
    scan.selection = SourceSelection(definition_, range.windows);
    if (range.series != kAll) scan.selection.series = {{book_.source(range.series)}};
    TM_ASSIGN_OR_RETURN(cursor_, store_.Scan(scan));
  }
  store::Slice slice;
  while (out.size() < windows_max) {
    auto more = cursor_->Next(buffer_, slice);
    if (!more.ok()) {
      cursor_.reset();  // from the start of the range again
      return std::move(more).error();
    }
    if (!*more) {
      cursor_.reset();
      return false;
    }
    const SeriesIndex series = book_.Find(slice.series->ref);
    if (series == SeriesDirectory::kForeign) continue;
    for (auto it = slice.times.begin(); it != slice.times.end();) {
      const TimeRange window = grid_.WindowOf(*it);
      out.push_back({.window = window.start, .series = series, .coarse = window.start < published});
      it = std::lower_bound(it, slice.times.end(), window.end);
    }
  }
  return true;
}

}  // namespace tidemark::view
