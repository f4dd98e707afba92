// SPDX-License-Identifier: Apache-2.0
// What a stream's folder holds after any stop. Invariants (docs/format/log.md; tests cite the
// numbers):
//
//   R1. A segment is renamed into place after its content was synced and its name is synced before
//   a frame
//       in it is acknowledged: a segment with a bad header is damage.
//   R2. A frame is written only after the sync of the one before returned, and a synced one is
//   confirmed if none
//       follows at once: anything behind a bad frame makes it damage, a bad one with nothing behind
//       it is a torn tail of something never acknowledged.
//   R3. A successor's header says how much of its predecessor counts. Torn tails are never
//   overwritten
//       or cut; they stay behind that mark. Everything before the mark must be valid.
//       The seal frame is not counted: it only spares a scan, and losing it loses nothing.
//   R4. Recovery reads. The only files it removes were never published, so it can be repeated.
#include <algorithm>
#include <charconv>

#include "base/logging.h"
#include "log/segment_internal.h"

namespace tidemark::log {
namespace {

constexpr size_t kSegmentReadMax = size_t{1} << 30U;

Error At(const Segment& segment, uint64_t offset, Error error) {
  error.message =
      "segment " + segment.path + ", byte " + std::to_string(offset) + ": " + error.message;
  return error;
}

Error Damaged(const Segment& segment, uint64_t offset, const std::string& what) {
  return {Code::kCorruption,
          "segment " + segment.path + " is damaged at byte " + std::to_string(offset) + ": " +
              what + "; restore the file from a backup, or delete the stream's folder " +
              "with its stream, and start again"};
}

struct Scan {
  std::vector<ScannedSection> sections;
  struct Frame {
    uint64_t number = 0;
    uint64_t start = 0;
    uint32_t bytes = 0;
    size_t sections_end = 0;  // into `sections`
  };
  std::vector<Frame> frames;
  uint64_t end = 0;     // of the last valid frame with records
  uint64_t at = 0;      // where the next frame should begin
  bool sealed = false;  // a seal frame follows there
  std::string error;    // why the scan stopped before the end of the bytes; empty: it did not
};

Scan ScanFrames(std::string_view file, uint64_t file_no, uint64_t begin, uint64_t first_frame) {
  Scan scan;
  scan.end = begin;
  FrameExtent last{0, begin};
  uint64_t expected = first_frame;
  while (true) {
    scan.end = last.end;
    scan.at = NextFrameOffset(file, file_no, last, expected);
    if (scan.at >= file.size()) return scan;
    const size_t known = scan.sections.size();
    const auto frame = DecodeFrame(file.substr(scan.at), file_no, scan.at, &scan.sections);
    if (!frame.ok() || frame->number != expected || (frame->flags & kFrameConfirms) != 0) {
      scan.sections.resize(known);
      scan.error = frame.ok() ? "frame " + std::to_string(frame->number) + " stands where frame " +
                                    std::to_string(expected) + " should"
                              : frame.error().message;
      return scan;
    }
    if ((frame->flags & kFrameSeals) != 0) {
      scan.sealed = true;
      return scan;
    }
    scan.frames.push_back({frame->number, scan.at, frame->bytes, scan.sections.size()});
    last = {scan.at, scan.at + frame->bytes};
    ++expected;
  }
}

class Recovery {
 public:
  Recovery(FileSystem& fs, const std::string& dir, const catalog::StreamDef& def)
      : fs_(fs), dir_(dir), def_(def) {}

  Result<RecoveredStream> Run() {
    for (const catalog::ShardDef& shard : def_.shards) out_.marks.push_back({shard.number, 1, 0});
    TM_RETURN_IF_ERROR(ListSegments());
    TM_RETURN_IF_ERROR(CheckChain());
    for (size_t i = 0; i < headers_.size(); ++i) {
      const bool last = i + 1 == headers_.size();
      TM_RETURN_IF_ERROR(LoadSegment(i, last ? std::nullopt : std::optional(headers_[i + 1])));
    }
    return std::move(out_);
  }

 private:
  Result<void> ListSegments() {
    TM_ASSIGN_OR_RETURN(const auto names, fs_.List(dir_));
    for (const std::string& name : names) {
      if (name.ends_with(".tmp")) {
        TM_RETURN_IF_ERROR(fs_.Remove(JoinPath(dir_, name)));
        continue;
      }
      const uint64_t file_no = ParseSegmentName(name);
      if (file_no == 0) continue;
      auto segment = std::make_unique<Segment>();
      segment->file_no = file_no;
      segment->path = JoinPath(dir_, name);
      segment->entries.resize(def_.shards.size());
      out_.segments.push_back(std::move(segment));
    }
    std::ranges::sort(out_.segments, {}, [](const auto& s) { return s->file_no; });
    for (auto& segment : out_.segments) {
      auto header = ReadHeader(*segment);
      if (!header.ok()) return At(*segment, 0, std::move(header).error());
      headers_.push_back(std::move(header).value());
    }
    return {};
  }

  Result<SegmentHeader> ReadHeader(Segment& segment) {
    TM_ASSIGN_OR_RETURN(const auto file, fs_.OpenRead(segment.path));
    std::string bytes(kHeaderBytesMin, '\0');
    TM_ASSIGN_OR_RETURN(size_t got, file->ReadAt(0, std::as_writable_bytes(std::span(bytes))));
    bytes.resize(got);
    TM_ASSIGN_OR_RETURN(const size_t size, SegmentHeader::DecodeSize(bytes));
    bytes.resize(size);
    TM_ASSIGN_OR_RETURN(got, file->ReadAt(0, std::as_writable_bytes(std::span(bytes))));
    bytes.resize(got);
    TM_ASSIGN_OR_RETURN(SegmentHeader header, SegmentHeader::Decode(bytes));
    TM_ASSIGN_OR_RETURN(segment.end, file->size());
    return header;
  }

  Result<void> CheckChain() {
    for (size_t i = 0; i < headers_.size(); ++i) {
      const SegmentHeader& header = headers_[i];
      const Segment& segment = *out_.segments[i];
      if (header.file_no != segment.file_no || header.stream != def_.id) {
        return Damaged(segment, 0,
                       "it is segment " + std::to_string(header.file_no) + " of stream " +
                           std::to_string(header.stream.value));
      }
      if (i > 0 && header.previous_file_no != out_.segments[i - 1]->file_no) {
        return Damaged(
            segment, 0,
            "segment " + std::to_string(header.previous_file_no) + " before it is missing");
      }
      if (i > 0 && header.previous_end > out_.segments[i - 1]->end) {
        return Damaged(*out_.segments[i - 1], out_.segments[i - 1]->end,
                       "the file should have " + std::to_string(header.previous_end) + " bytes");
      }
    }
    return {};
  }

  Result<void> LoadSegment(size_t i, const std::optional<SegmentHeader>& successor) {
    Segment& segment = *out_.segments[i];
    const SegmentHeader& header = headers_[i];
    segment.begin = out_.marks;
    for (const ShardMark& mark : header.shards) {
      const size_t slot = SlotOfShard(def_, mark.shard);
      if (slot < segment.begin.size()) segment.begin[slot] = mark;
    }
    out_.marks = segment.begin;
    out_.next_frame = header.first_frame;
    TM_ASSIGN_OR_RETURN(const bool indexed, LoadIndex(segment, successor));
    if (indexed) {
      out_.sealed = true;
    } else {
      TM_RETURN_IF_ERROR(ScanSegment(segment, header, successor));
    }
    if (successor && successor->first_frame != out_.next_frame) {
      return Damaged(segment, segment.end,
                     "frames " + std::to_string(out_.next_frame) + " to " +
                         std::to_string(successor->first_frame) + " are missing");
    }
    return {};
  }

  /// True: the segment is sealed and its index was taken.
  Result<bool> LoadIndex(Segment& segment, const std::optional<SegmentHeader>& successor) {
    const uint64_t file_bytes = segment.end;
    TM_ASSIGN_OR_RETURN(const auto file, fs_.OpenRead(segment.path));
    if (file_bytes < kSealTrailerBytes) return false;
    std::string bytes(kSealTrailerBytes, '\0');
    TM_ASSIGN_OR_RETURN(size_t got, file->ReadAt(file_bytes - bytes.size(),
                                                 std::as_writable_bytes(std::span(bytes))));
    bytes.resize(got);
    const auto seal = DecodeSealTrailer(bytes, segment.file_no, file_bytes);
    if (!seal) return false;
    bytes.resize(file_bytes - *seal);
    TM_ASSIGN_OR_RETURN(got, file->ReadAt(*seal, std::as_writable_bytes(std::span(bytes))));
    bytes.resize(got);
    const auto contents = DecodeSealFrame(bytes, {segment.file_no, *seal});
    // R3: a seal may be torn like any frame that no one was told of; the frames are scanned then.
    if (!contents.ok()) return false;
    if (successor && successor->previous_end != contents->counted_bytes) return false;
    for (const IndexEntry& entry : contents->index.entries) {
      const size_t slot = SlotOfShard(def_, entry.shard);
      if (slot < segment.entries.size()) segment.entries[slot].push_back(entry);
    }
    for (const ShardMark& mark : contents->index.ends) {
      const size_t slot = SlotOfShard(def_, mark.shard);
      if (slot >= out_.marks.size()) continue;
      out_.marks[slot] = mark;
      if (!segment.entries[slot].empty()) {
        segment.last_arrival_ms = std::max(segment.last_arrival_ms, mark.last_arrival_ms);
      }
    }
    out_.next_frame = contents->number;
    segment.end = contents->counted_bytes;
    return true;
  }

  Result<void> ScanSegment(Segment& segment, const SegmentHeader& header,
                           const std::optional<SegmentHeader>& successor) {
    TM_ASSIGN_OR_RETURN(std::string bytes, fs_.ReadFile(segment.path, kSegmentReadMax));
    if (successor) bytes.resize(std::min<size_t>(bytes.size(), successor->previous_end));
    Scan scan = ScanFrames(bytes, segment.file_no, header.EncodedBytes(), header.first_frame);
    const uint64_t next_frame = header.first_frame + scan.frames.size();
    if (!scan.error.empty()) {
      if (successor) return Damaged(segment, scan.at, scan.error);
      if (const auto why = WhyDamage(bytes, segment.file_no, scan.at, next_frame)) {
        return Damaged(segment, scan.at, scan.error + ", " + *why);
      }
      tidemark::Log(
          LogLevel::kWarning, "log", "torn tail ignored",
          {{"segment", segment.path}, {"at", scan.at}, {"bytes", bytes.size() - scan.at}});
    }
    if (!successor) out_.sealed = scan.sealed;
    const bool followed = scan.sealed || !scan.error.empty() || scan.at != scan.end;
    if (!successor && !followed && !scan.frames.empty()) {
      const Scan::Frame last = scan.frames.back();
      out_.unproven_frame = bytes.substr(last.start, last.bytes);
      out_.unproven_at = last.start;
      scan.frames.pop_back();
      const bool first = scan.frames.empty();
      scan.sections.resize(first ? 0 : scan.frames.back().sections_end);
      scan.end =
          first ? header.EncodedBytes() : scan.frames.back().start + scan.frames.back().bytes;
    }
    segment.end = scan.end;
    out_.next_frame = header.first_frame + scan.frames.size();
    for (const ScannedSection& section : scan.sections) {
      const size_t slot = SlotOfShard(def_, section.shard);
      if (slot == def_.shards.size()) {
        return Damaged(segment, section.start,
                       "it has records of shard " + std::to_string(section.shard) +
                           ", which the stream does not have");
      }
      segment.Add(slot, section);
      out_.marks[slot].next_offset = section.first_offset + section.records;
      out_.marks[slot].last_arrival_ms = section.arrival_ms;
    }
    return {};
  }

  FileSystem& fs_;
  const std::string& dir_;
  const catalog::StreamDef& def_;
  std::vector<SegmentHeader> headers_;
  RecoveredStream out_;
};

}  // namespace

void Segment::Add(size_t slot, const ScannedSection& section) {
  std::vector<IndexEntry>& list = entries[slot];
  if (!IndexBuilder::Extend(list.empty() ? nullptr : &list.back(), section)) {
    list.push_back(IndexBuilder::MakeEntry(section));
  }
  last_arrival_ms = std::max(last_arrival_ms, section.arrival_ms);
}

SegmentIndex Segment::MakeIndex(const std::vector<ShardMark>& ends) const {
  SegmentIndex index;
  for (const auto& list : entries)
    index.entries.insert(index.entries.end(), list.begin(), list.end());
  index.ends = ends;
  return index;
}

std::string SegmentName(uint64_t file_no) {
  std::string digits = std::to_string(file_no);
  return std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0') + digits + ".log";
}

uint64_t ParseSegmentName(std::string_view name) {
  if (!name.ends_with(".log")) return 0;
  name.remove_suffix(4);
  uint64_t file_no = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file_no);
  return error == std::errc() && end == name.data() + name.size() ? file_no : 0;
}

size_t SlotOfShard(const catalog::StreamDef& def, uint32_t number) {
  const auto it = std::ranges::lower_bound(def.shards, number, {}, &catalog::ShardDef::number);
  if (it == def.shards.end() || it->number != number) return def.shards.size();
  return static_cast<size_t>(it - def.shards.begin());
}

Result<RecoveredStream> RecoverStream(FileSystem& fs, const std::string& dir,
                                      const catalog::StreamDef& def) {
  return Recovery(fs, dir, def).Run();
}

}  // namespace tidemark::log
