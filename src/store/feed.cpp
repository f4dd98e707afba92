// SPDX-License-Identifier: Apache-2.0
#include "store/feed.h"

#include <algorithm>

#include "store/segment_reader.h"

namespace tidemark::store {
namespace {

// Positions name the next offset to read; offset 0 is the start.
uint64_t LastReadOf(const Positions& positions) {
  const uint64_t offset = positions.offset(0);
  return offset == 0 ? 0 : offset - 1;
}

// Turns a journaled batch back into what it was when it was written.
class FeedDecoder final : public BatchVisitor {
 public:
  FeedDecoder(FeedEntry& out, bool revisions) : out_(out), revisions_(revisions) {}

  Result<void> OnSeriesDef(uint32_t, ValueType, std::string_view) override { return {}; }
  Result<void> OnField(TableId, uint32_t, const FieldDef&) override { return {}; }
  Result<void> OnPoints(std::span<const JournalPoint> points) override {
    for (const JournalPoint& p : points) out_.points.push_back({p.series, p.replaced, p.time});
    return {};
  }
  Result<void> OnSource(SourceProgress progress) override {
    out_.sources.push_back(std::move(progress));
    return {};
  }
  Result<void> OnView(ViewProgress progress) override {
    out_.views.push_back(std::move(progress));
    return {};
  }
  Result<void> OnRevision(RevisionEntry entry) override {
    if (revisions_) out_.revisions.Add(entry);
    return {};
  }
  Result<void> OnTableDrop(TableId) override { return {}; }
  Result<void> OnAdopt(uint32_t, Owner) override { return {}; }
  Result<void> OnOwnerDrop(ViewId) override { return {}; }

 private:
  FeedEntry& out_;
  const bool revisions_;
};

class EmbeddedFeedReader final : public FeedReader {
 public:
  EmbeddedFeedReader(FileSystem& fs, const Journal& journal, const FeedLog& log, FeedTrims& trims,
                     const Positions& from)
      : fs_(fs),
        journal_(journal),
        log_(log),
        trims_(trims),
        last_(LastReadOf(from)),
        positions_(from) {}

  Result<bool> Next(size_t points_max, FeedBatch& out) override {
    out.Clear();
    if (gap_) return NextOfGap(points_max, out);
    if (last_ < trims_.StartLsn()) {
      OpenGap(FeedTrims::Reason::kTrimmed);
      return NextOfGap(points_max, out);
    }
    const uint64_t end = log_.end_lsn();
    if (last_ >= end) return false;
    bool in_memory = false;
    const auto entries = log_.After(last_, points_max, in_memory);
    if (in_memory) {
      segment_.reset();
      for (const auto& entry : entries) entry->AppendTo(out);
      if (entries.empty()) return false;
      return Advance(entries.back()->lsn, out);
    }
    auto read = NextFromSegments(points_max, end, out);
    if (read.ok()) return read;
    // Trimmed under our feet, or damaged where blocks know what it held.
    segment_.reset();
    const bool trimmed = last_ < trims_.StartLsn();
    OpenGap(trimmed ? FeedTrims::Reason::kTrimmed : FeedTrims::Reason::kDamaged);
    if (gap_->end_lsn <= last_) {
      gap_.reset();
      return std::move(read).error();
    }
    out.Clear();
    return NextOfGap(points_max, out);
  }
  const Positions& positions() const override { return positions_; }

 private:
  Result<bool> Advance(uint64_t lsn, FeedBatch& out) {
    last_ = lsn;
    positions_.Set({0, last_ + 1});
    out.end_offset = last_ + 1;
    return true;
  }
  void OpenGap(FeedTrims::Reason reason) {
    gap_ = trims_.OpenGap(reason);
    gap_file_ = 0;
    gap_page_ = 0;
  }
  Result<bool> NextOfGap(size_t points_max, FeedBatch& out);
  Result<bool> NextFromSegments(size_t points_max, uint64_t end, FeedBatch& out);
  Result<void> OpenSegmentFor(uint64_t lsn);
  static Error Trimmed() { return Error{Code::kUnavailable, "the feed was trimmed meanwhile"}; }

  FileSystem& fs_;
  const Journal& journal_;
  const FeedLog& log_;
  FeedTrims& trims_;
  std::optional<FeedGap> gap_;  // being told
  uint64_t gap_file_ = 0;       // the file that comes next, or one before it
  size_t gap_page_ = 0;
  uint64_t last_;  // LSN of the last batch delivered
  Positions positions_;
  std::unique_ptr<SegmentReader> segment_;
  uint64_t segment_file_no_ = 0;
  bool sought_ = false;
};

// Every chunk of a file that was written after our position may hold a change.
Result<bool> EmbeddedFeedReader::NextOfGap(size_t points_max, FeedBatch& out) {
  out.gap = true;
  std::vector<ChunkEntry> entries;
  for (auto it = gap_->version->files.lower_bound(gap_file_); it != gap_->version->files.end();
       ++it, gap_page_ = 0) {
    gap_file_ = it->first;
    const BlockFile& file = *it->second;
    if (file.meta().max_lsn <= last_) continue;
    for (; gap_page_ < file.pages(); ++gap_page_) {
      if (out.changed.size() >= points_max) {
        out.end_offset = positions_.offset(0);
        return true;
      }
      // What a damaged page held cannot be evaluated anew either.
      if (!file.Page(gap_page_, entries).ok()) continue;
      for (const ChunkEntry& e : entries) {
        if (trims_.Exists(e.series))
          out.changed.push_back({{0, e.series}, RangeOf(e.min_time, e.max_time)});
      }
    }
  }
  out.gap_ends = true;
  out.sources = std::move(gap_->sources);
  out.views = std::move(gap_->views);
  const uint64_t end = gap_->end_lsn;
  gap_.reset();
  return Advance(end, out);
}

Result<void> EmbeddedFeedReader::OpenSegmentFor(uint64_t lsn) {
  // The last segment that begins at or before `lsn`; a gap between ranges leads to the next one.
  const auto segments = journal_.segments();
  const Journal::SegmentInfo* best = nullptr;
  for (const Journal::SegmentInfo& s : segments) {
    if (s.first_lsn == 0) continue;
    if (best == nullptr || s.first_lsn <= lsn) best = &s;
  }
  if (best == nullptr) return Error{Code::kInternal, "the feed has no segment for its position"};
  TM_ASSIGN_OR_RETURN(segment_, SegmentReader::Open(fs_, SegmentPath(journal_.dir(), best->file_no),
                                                    best->file_no, best->valid_bytes));
  segment_file_no_ = best->file_no;
  sought_ = false;
  return {};
}

Result<bool> EmbeddedFeedReader::NextFromSegments(size_t points_max, uint64_t end, FeedBatch& out) {
  if (segment_ == nullptr) {
    TM_RETURN_IF_ERROR(OpenSegmentFor(last_ + 1));
    // Trimmed before we looked: the segment found may begin too late.
    if (last_ < trims_.StartLsn()) return Trimmed();
  }
  uint64_t reached = last_;
  while (reached < end && (reached == last_ || out.points.size() < points_max)) {
    SegmentReader::Frame frame;
    auto found = SegmentReader::Found::kEnd;
    if (sought_) {
      TM_ASSIGN_OR_RETURN(found, segment_->Next(0, frame));
    } else {
      TM_ASSIGN_OR_RETURN(found, segment_->SeekTo(last_ + 1, frame));
      sought_ = true;
    }
    if (found == SegmentReader::Found::kBad) {
      return Error{Code::kCorruption,
                   "journal segment " + SegmentPath(journal_.dir(), segment_file_no_) +
                       " is damaged at byte " + std::to_string(segment_->offset())};
    }
    if (found == SegmentReader::Found::kEnd) {
      // Either this segment has grown since, or the next one goes on.
      const auto segments = journal_.segments();
      const auto it = std::find_if(
          segments.begin(), segments.end(),
          [&](const Journal::SegmentInfo& s) { return s.file_no == segment_file_no_; });
      if (it == segments.end()) {
        // Read to its end and trimmed since.
        TM_RETURN_IF_ERROR(OpenSegmentFor(reached + 1));
        if (reached < trims_.StartLsn()) {
          segment_.reset();
          if (reached == last_) return Trimmed();
          return Advance(reached, out);
        }
        continue;
      }
      if (it->valid_bytes > segment_->offset()) {
        segment_->ExtendTo(it->valid_bytes);
        continue;
      }
      const auto next =
          std::find_if(std::next(it), segments.end(),
                       [](const Journal::SegmentInfo& s) { return s.first_lsn != 0; });
      if (next == segments.end()) break;
      TM_ASSIGN_OR_RETURN(segment_,
                          SegmentReader::Open(fs_, SegmentPath(journal_.dir(), next->file_no),
                                              next->file_no, next->valid_bytes));
      segment_file_no_ = next->file_no;
      continue;
    }
    BatchReader batches(frame.payload, frame.header.lsn_first);
    uint64_t lsn = 0;
    std::string_view records;
    while (true) {
      TM_ASSIGN_OR_RETURN(const bool more, batches.Next(lsn, records));
      if (!more) break;
      if (lsn <= reached || lsn > end) continue;
      FeedEntry entry;
      FeedDecoder decoder(entry, out.with_revisions);
      TM_RETURN_IF_ERROR(DecodeBatch(records, decoder));
      entry.AppendTo(out);
      reached = lsn;
    }
  }
  if (reached == last_) return false;
  return Advance(reached, out);
}

}  // namespace

size_t FeedEntry::heap_bytes() const {
  size_t bytes = sizeof(FeedEntry) + 64 + points.capacity() * sizeof(Point) +
                 sources.capacity() * sizeof(SourceProgress) + revisions.heap_bytes();
  for (const SourceProgress& s : sources) bytes += s.position.capacity();
  for (const ViewProgress& v : views) bytes += sizeof(v) + v.state.capacity();
  return bytes;
}

void FeedEntry::AppendTo(FeedBatch& out) const {
  out.points.reserve(out.points.size() + points.size());
  const uint32_t origin = out.OriginOf(sources);
  for (const Point& p : points) out.points.push_back({{0, p.series}, {p.time}, p.replaced, origin});
  out.sources.insert(out.sources.end(), sources.begin(), sources.end());
  out.views.insert(out.views.end(), views.begin(), views.end());
  if (!out.with_revisions) return;
  for (size_t i = 0; i < revisions.size(); ++i) out.revisions.push_back(revisions.At(i));
}

FeedLog::FeedLog(size_t bytes_max, uint64_t start_lsn)
    : bytes_max_(bytes_max), before_lsn_(start_lsn), end_lsn_(start_lsn) {}

void FeedLog::Append(std::shared_ptr<const FeedEntry> entry) {
  const MutexLock lock(mutex_);
  end_lsn_ = entry->lsn;
  bytes_ += entry->heap_bytes();
  entries_.push_back(std::move(entry));
  while (bytes_ > bytes_max_ && !entries_.empty()) {
    bytes_ -= entries_.front()->heap_bytes();
    before_lsn_ = entries_.front()->lsn;
    entries_.pop_front();
  }
  appended_.NotifyAll();
}

void FeedLog::Await(uint64_t lsn) const {
  const MutexLock lock(mutex_);
  while (end_lsn_ < lsn) appended_.Wait(mutex_);
}

uint64_t FeedLog::end_lsn() const {
  const MutexLock lock(mutex_);
  return end_lsn_;
}

size_t FeedLog::heap_bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}

std::vector<std::shared_ptr<const FeedEntry>> FeedLog::After(uint64_t lsn, size_t points_max,
                                                             bool& in_memory) const {
  const MutexLock lock(mutex_);
  in_memory = lsn >= before_lsn_;
  std::vector<std::shared_ptr<const FeedEntry>> out;
  if (!in_memory) return out;
  auto it = std::upper_bound(entries_.begin(), entries_.end(), lsn,
                             [](uint64_t l, const auto& entry) { return l < entry->lsn; });
  size_t points = 0;
  for (; it != entries_.end() && (out.empty() || points < points_max); ++it) {
    points += (*it)->points.size();
    out.push_back(*it);
  }
  return out;
}

std::unique_ptr<FeedReader> MakeFeedReader(FileSystem& fs, const Journal& journal,
                                           const FeedLog& log, FeedTrims& trims,
                                           const Positions& from) {
  return std::make_unique<EmbeddedFeedReader>(fs, journal, log, trims, from);
}

}  // namespace tidemark::store
