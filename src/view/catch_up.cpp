// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "view/catch_up_internal.h"

namespace tidemark::view {
namespace {

// A chunk of a day in windows of two minutes and more is enumerated: cheaper than decoding it.
constexpr int64_t kEnumeratedMax = 1024;

}  // namespace

namespace {

/// Matches every text that the glob does.
std::string LikeOf(std::string_view glob) {
  std::string out;
  for (const char c : glob) {
    if (c == '*' || c == '?') {
      out += '%';
      continue;
    }
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

store::Selection SourceSelection(const ViewDefinition& definition, TimeRange time) {
  store::Selection out;
  out.table = definition.source;
  out.time = time;
  out.owners.kind = store::OwnerFilter::Kind::kOwnerless;
  if (definition.upstream) {
    out.owners = {store::OwnerFilter::Kind::kView, definition.reads()};
  }
  const auto& patterns = definition.measures;
  if (std::all_of(patterns.begin(), patterns.end(), [](const std::string& p) {
        return p.find_first_of("*?") == std::string::npos;
      })) {
    out.measure = {store::TextPredicate{.op = store::TextPredicate::Op::kIn, .values = patterns}};
  } else if (patterns.size() == 1 && patterns[0] != "*") {
    out.measure = {store::TextPredicate{.op = store::TextPredicate::Op::kLike,
                                        .values = {LikeOf(patterns[0])},
                                        .like_escape = '\\'}};
  }
  return out;
}

CatchUp::CatchUp(store::Store& store, const ViewDefinition& definition, SeriesBook& book)
    : store_(store), definition_(definition), book_(book), windows_(WindowsOf(definition)) {}

void CatchUp::Add(SeriesIndex series, TimeRange time) {
  Add(Range{.series = series, .time = time});
}

void CatchUp::AddAll(TimeRange time) { Add(Range{.series = kAll, .time = time}); }

void CatchUp::Add(Range range) {
  range.time.start = std::max(range.time.start, kEventTimeMin);
  range.time.end = std::min(range.time.end, kEventTimeMax);
  if (range.time.empty()) return;
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
    return a.series != b.series ? a.series < b.series : a.time.start < b.time.start;
  });
  size_t kept = 0;
  for (size_t i = 0; i < ranges_.size(); ++i) {
    if (kept > 0 && ranges_[kept - 1].series == ranges_[i].series &&
        ranges_[i].time.start <= ranges_[kept - 1].time.end) {
      ranges_[kept - 1].time.end = std::max(ranges_[kept - 1].time.end, ranges_[i].time.end);
    } else {
      ranges_[kept++] = ranges_[i];
    }
  }
  ranges_.resize(kept);
}

bool CatchUp::Bound(EventTime from, const Prefix& until) {
  from_ = from;
  until_ = until;
  bool beyond = false;
  for (const Range& range : ranges_) {
    // Not by the windows at its end alone: there may be none, in a gap between two.
    for (uint8_t level = 0; level < windows_.levels(); ++level) {
      beyond = beyond || until.until(level) < range.time.end;
    }
  }
  std::erase_if(ranges_, [from](const Range& range) { return range.time.end <= from; });
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
    for (const TimeRange& waiting : damage.waiting().Inside(range.time)) held.AddRange(waiting);
    for (const TimeRange& left : damage.waiting().Outside(range.time)) {
      kept.push_back({range.series, left});
    }
  }
  ranges_ = std::move(kept);
  next_ = 0;
}

Result<void> CatchUp::Take(size_t windows_max, const Prefix& published, std::vector<Due>& out) {
  while (!empty() && out.size() < windows_max) {
    Range& range = ranges_[next_];
    if (range.series == kAll || windows_.CountOver(range.time) > kEnumeratedMax) {
      TM_ASSIGN_OR_RETURN(const bool more, ScanSome(range, windows_max, published, out));
      if (more) return {};
    } else {
      windows_.ForEachOver(range.time, [&](WindowId w) {
        if (Counts(w)) {
          out.push_back({.window = w, .series = range.series, .coarse = published.Has(w)});
        }
      });
    }
    ++next_;
  }
  return {};
}

Result<bool> CatchUp::ScanSome(Range& range, size_t windows_max, const Prefix& published,
                               std::vector<Due>& out) {
  if (cursor_ == nullptr) {
    store::ScanRequest scan;
    scan.selection = SourceSelection(definition_, range.time);
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
    ForEachWindow(windows_, slice.times, [&](WindowId w) {
      if (Counts(w)) out.push_back({.window = w, .series = series, .coarse = published.Has(w)});
    });
  }
  return true;
}

}  // namespace tidemark::view
