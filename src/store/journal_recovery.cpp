// SPDX-License-Identifier: Apache-2.0
// The start: replay, torn tail or damage, the copy of the last frame (storage.md 2.4).
#include <algorithm>
#include <charconv>

#include "base/logging.h"
#include "store/journal.h"
#include "store/segment_reader.h"

namespace tidemark::store {

/// What the replay found out.
struct Journal::Tail {
  uint64_t last_file_no = 0;  // of the last segment that counts
  uint64_t highest_file_no = 0;
  uint64_t valid_bytes = 0;  // of it
  uint64_t last_lsn = 0;
  uint64_t frame_lsn_before = 0;  // last LSN before its last frame
  uint64_t frame_end_before = 0;  // where the one before that ends, or the segment's header
  uint32_t range = 0;
  Hash128 store_id;
  // Its last frame, which may not be durable.
  std::optional<FrameHeader> frame;
  std::string frame_payload;
};

namespace {

std::optional<uint64_t> FileNumberOf(std::string_view name) {
  constexpr std::string_view kSuffix = ".wal";
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number == 0) return std::nullopt;
  return number;
}

Error Damage(const std::string& path, uint64_t offset, uint64_t lsn) {
  return {Code::kCorruption,
          "journal segment " + path + " is damaged at byte " + std::to_string(offset) +
              ", behind LSN " + std::to_string(lsn) +
              ": synced data is unreadable. Restore the file from a copy, or start with "
              "--accept-log-loss=" +
              std::to_string(lsn) + " to go on with what precedes it"};
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::Open(JournalOptions options, FileSystem& fs,
                                               const Clock& clock, MetricRegistry& metrics,
                                               Replay& replay) {
  TM_RETURN_IF_ERROR(fs.CreateDirs(options.dir));
  std::unique_ptr<Journal> journal(new Journal(std::move(options), fs, clock, metrics));
  TM_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, journal->ListSegments());
  Tail tail;
  tail.range = static_cast<uint32_t>(journal->options_.checkpoint_lsn >> kRangeShift);
  TM_RETURN_IF_ERROR(journal->ReplayAll(numbers, replay, tail));
  TM_RETURN_IF_ERROR(journal->OpenNext(std::move(tail)));
  return journal;
}

Result<std::vector<uint64_t>> Journal::ListSegments() {
  TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(options_.dir));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    // A segment that never got its name holds nothing that counts.
    if (name.ends_with(".new")) TM_RETURN_IF_ERROR(fs_.Remove(JoinPath(options_.dir, name)));
    if (const auto number = FileNumberOf(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<void> Journal::ReplayAll(const std::vector<uint64_t>& numbers, Replay& replay, Tail& tail) {
  std::vector<SegmentHeader> headers;
  for (const uint64_t number : numbers) {
    TM_ASSIGN_OR_RETURN(
        const auto reader,
        SegmentReader::Open(fs_, SegmentPath(options_.dir, number), number, UINT64_MAX));
    const SegmentHeader& h = reader->header();
    const uint64_t expected = headers.empty() ? 0 : headers.back().file_no;
    // Segments before it may have been trimmed or left out of a backup, and a crash may have kept
    // some of those.
    const bool trimmed = h.previous_last_lsn <= options_.checkpoint_lsn;
    if (h.previous_file_no != expected && trimmed) {
      for (const SegmentHeader& left : headers)
        TM_RETURN_IF_ERROR(fs_.Remove(SegmentPath(options_.dir, left.file_no)));
      headers.clear();
      tail.last_lsn = start_lsn_ = h.previous_last_lsn;
    }
    if (h.previous_file_no != expected && !trimmed) {
      return Error{Code::kCorruption, "journal segment " + SegmentPath(options_.dir, number) +
                                          " follows number " + std::to_string(h.previous_file_no) +
                                          ", which is missing"};
    }
    if (!headers.empty() && h.store_id != headers.back().store_id) {
      return Error{Code::kCorruption, "journal segment " + SegmentPath(options_.dir, number) +
                                          " belongs to another store"};
    }
    tail.store_id = h.store_id;
    tail.range = std::max(tail.range, h.range);
    tail.highest_file_no = h.file_no;
    headers.push_back(h);
  }
  for (size_t i = 0; i < headers.size(); ++i) {
    const SegmentHeader* next = i + 1 < headers.size() ? &headers[i + 1] : nullptr;
    if (next != nullptr && next->previous_last_lsn <= options_.checkpoint_lsn) {
      TM_RETURN_IF_ERROR(PassSegment(headers[i].file_no, *next, tail));
      continue;
    }
    TM_ASSIGN_OR_RETURN(const bool whole, ReplaySegment(headers[i].file_no, next, replay, tail));
    if (whole) continue;
    for (size_t lost = i + 1; lost < headers.size(); ++lost) {
      const std::string path = SegmentPath(options_.dir, headers[lost].file_no);
      TM_RETURN_IF_ERROR(fs_.Rename(path, path + ".lost"));
    }
    break;
  }
  return {};
}

// Everything in it is in blocks: only the feed may read it, later.
Result<void> Journal::PassSegment(uint64_t file_no, const SegmentHeader& next, Tail& tail) {
  SegmentInfo info{file_no, 0, 0, next.previous_valid_bytes};
  TM_ASSIGN_OR_RETURN(auto reader, SegmentReader::Open(fs_, SegmentPath(options_.dir, file_no),
                                                       file_no, next.previous_valid_bytes));
  SegmentReader::Frame frame;
  TM_ASSIGN_OR_RETURN(const auto found, reader->Next(0, frame));
  if (found == SegmentReader::Found::kFrame) {
    info.first_lsn = frame.header.lsn_first;
    info.last_lsn = next.previous_last_lsn;
  }
  tail.last_file_no = file_no;
  tail.last_lsn = next.previous_last_lsn;
  tail.valid_bytes = next.previous_valid_bytes;
  tail.frame.reset();
  const MutexLock lock(mutex_);
  segments_.push_back(info);
  total_bytes_ += info.valid_bytes;
  return {};
}

// False: damaged behind the LSN from which on the operator accepts loss.
Result<bool> Journal::ReplaySegment(uint64_t file_no, const SegmentHeader* next, Replay& replay,
                                    Tail& tail) {
  const std::string path = SegmentPath(options_.dir, file_no);
  TM_ASSIGN_OR_RETURN(
      auto reader, SegmentReader::Open(fs_, path, file_no,
                                       next != nullptr ? next->previous_valid_bytes : UINT64_MAX));
  tail.last_file_no = file_no;
  tail.frame.reset();
  SegmentInfo info{file_no, 0, 0, kSegmentHeaderBytes};
  SegmentReader::Frame frame;
  auto found = SegmentReader::Found::kEnd;
  while (true) {
    const uint64_t end_before = reader->offset();
    TM_ASSIGN_OR_RETURN(found, reader->Next(tail.last_lsn, frame));
    if (found != SegmentReader::Found::kFrame) break;
    tail.frame_lsn_before = tail.last_lsn;
    if (tail.last_lsn > options_.checkpoint_lsn)
      TM_RETURN_IF_ERROR(replay.OnDurable(tail.last_lsn));
    BatchReader batches(frame.payload, frame.header.lsn_first);
    std::string_view records;
    while (true) {
      TM_ASSIGN_OR_RETURN(const bool more, batches.Next(tail.last_lsn, records));
      if (!more) break;
      if (tail.last_lsn <= options_.checkpoint_lsn) continue;
      if (auto applied = replay.OnBatch(tail.last_lsn, records); !applied.ok()) {
        return std::move(applied).error().With(path + " at byte " + std::to_string(frame.offset));
      }
    }
    if (info.first_lsn == 0) info.first_lsn = frame.header.lsn_first;
    info.last_lsn = tail.last_lsn;
    if (next == nullptr) {
      tail.frame = frame.header;
      tail.frame_payload = frame.payload;
      tail.frame_end_before = end_before;
    }
  }
  tail.valid_bytes = reader->offset();
  info.valid_bytes = reader->offset();
  bool damaged = false;
  if (next != nullptr) {
    damaged = found == SegmentReader::Found::kBad ||
              reader->offset() != next->previous_valid_bytes ||
              tail.last_lsn != next->previous_last_lsn;
  } else if (found == SegmentReader::Found::kBad) {
    TM_ASSIGN_OR_RETURN(damaged, reader->IsDamage(tail.last_lsn));
    if (!damaged) {
      Log(LogLevel::kInfo, "store", "the journal's torn tail is left out",
          {{"segment", path}, {"byte", reader->offset()}});
    }
  }
  const bool accepted = damaged && options_.accept_loss_after_lsn == tail.last_lsn;
  if (damaged && !accepted) return Damage(path, reader->offset(), tail.last_lsn);
  const MutexLock lock(mutex_);
  segments_.push_back(info);
  total_bytes_ += info.valid_bytes;
  return !damaged;
}

Result<std::optional<SegmentHeader>> Journal::PeekFirst(FileSystem& fs, const std::string& dir) {
  TM_ASSIGN_OR_RETURN(const bool exists, fs.Exists(dir));
  if (!exists) return std::optional<SegmentHeader>();
  TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(dir));
  for (const std::string& name : names) {
    const auto number = FileNumberOf(name);
    if (!number) continue;
    TM_ASSIGN_OR_RETURN(const auto reader,
                        SegmentReader::Open(fs, JoinPath(dir, name), *number, UINT64_MAX));
    return std::optional(reader->header());
  }
  return std::optional<SegmentHeader>();
}

Result<void> Journal::OpenNext(Tail tail) {
  if (tail.last_lsn < options_.checkpoint_lsn &&
      options_.accept_loss_after_lsn != options_.checkpoint_lsn) {
    return Error{
        Code::kCorruption,
        "the journal in " + options_.dir + " ends at LSN " + std::to_string(tail.last_lsn) +
            ", before the checkpoint: its newest segments are missing. Restore them from a "
            "copy, or start with --accept-log-loss=" +
            std::to_string(options_.checkpoint_lsn) + " to go on without what they held"};
  }
  tail.last_lsn = std::max(tail.last_lsn, options_.checkpoint_lsn);
  SegmentHeader header;
  header.file_no = tail.highest_file_no + 1;
  header.store_id = tail.store_id;
  if (tail.last_file_no == 0) {
    header.store_id = options_.store_id;
  }
  header.range = tail.range + 1;
  header.previous_file_no = tail.last_file_no;
  header.previous_valid_bytes = tail.valid_bytes;
  header.previous_last_lsn = tail.last_lsn;
  // The copy has its confirmation at once: it is synced before the segment gets its name.
  std::string copy;
  FrameHeader again;
  FrameExtent extent{0, kSegmentHeaderBytes};
  if (tail.frame) {
    header.previous_valid_bytes = tail.frame_end_before;
    header.previous_last_lsn = tail.frame_lsn_before;
    again = *tail.frame;
    again.previous_crc = 0;
    AppendFrame(again, tail.frame_payload, header.file_no, kSegmentHeaderBytes, copy);
    extent = {kSegmentHeaderBytes, kSegmentHeaderBytes + copy.size()};
    AppendConfirmation(again, extent, tail.last_lsn, header.file_no, copy);
  }
  {
    const MutexLock step(step_mutex_);
    TM_RETURN_IF_ERROR(StartSegment(header, copy));
    frame_ = again;
    extent_ = extent;
  }
  const MutexLock lock(mutex_);
  if (tail.frame) {
    SegmentInfo& old = segments_[segments_.size() - 2];
    total_bytes_ -= old.valid_bytes - tail.frame_end_before;
    old.valid_bytes = tail.frame_end_before;
    old.last_lsn = tail.frame_lsn_before;
    if (old.first_lsn == tail.frame->lsn_first) old.first_lsn = old.last_lsn = 0;
    SegmentInfo& copied = segments_.back();
    copied.first_lsn = tail.frame->lsn_first;
    copied.last_lsn = tail.last_lsn;
    total_bytes_ -= copied.valid_bytes - extent.end;
    copied.valid_bytes = extent.end;
  }
  durable_lsn_ = tail.last_lsn;
  next_lsn_ = (uint64_t{header.range} << kRangeShift) + 1;
  return {};
}

}  // namespace tidemark::store
