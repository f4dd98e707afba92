// SPDX-License-Identifier: Apache-2.0
// The rules are those of recovery.cpp, but sealed segments are read whole and the first damage does
// not end the check.
#include "log/check.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "log/segment_internal.h"

namespace tidemark::log {
namespace {

constexpr size_t kSegmentReadMax = size_t{1} << 30U;

struct Found {
  std::string path;
  std::string name;
  uint64_t file_no = 0;
  uint64_t bytes = 0;
  std::optional<SegmentHeader> header;
};

std::string KindOf(const Error& error) {
  switch (error.code) {
    case Code::kCorruption:
      return "checksum";
    case Code::kFailedPrecondition:
      return "newer_format";
    case Code::kNotFound:
      return "missing";
    default:
      return "unreadable";
  }
}

Result<SegmentHeader> ReadHeader(FileSystem& fs, const std::string& path) {
  TM_ASSIGN_OR_RETURN(const auto file, fs.OpenRead(path));
  std::string bytes(kHeaderBytesMin, '\0');
  TM_ASSIGN_OR_RETURN(size_t got, file->ReadAt(0, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(got);
  TM_ASSIGN_OR_RETURN(const size_t size, SegmentHeader::DecodeSize(bytes));
  bytes.resize(size);
  TM_ASSIGN_OR_RETURN(got, file->ReadAt(0, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(got);
  return SegmentHeader::Decode(bytes);
}

class StreamCheck {
 public:
  StreamCheck(FileSystem& fs, std::string dir, std::string name, const catalog::StreamDef& def,
              const FindingSink& report)
      : fs_(fs), dir_(std::move(dir)), name_(std::move(name)), def_(def), report_(report) {}

  Result<void> Run() {
    TM_ASSIGN_OR_RETURN(const auto names, fs_.List(dir_));
    for (const std::string& file : names) {
      const uint64_t file_no = ParseSegmentName(file);
      if (file_no == 0) continue;
      Found found{JoinPath(dir_, file), JoinPath(name_, file), file_no, 0, {}};
      TM_ASSIGN_OR_RETURN(found.bytes, fs_.FileSize(found.path));
      segments_.push_back(std::move(found));
    }
    std::ranges::sort(segments_, {}, &Found::file_no);
    for (Found& segment : segments_) {
      auto header = ReadHeader(fs_, segment.path);
      if (!header.ok()) {
        Report(segment, KindOf(header.error()), header.error().message);
      } else if (header->file_no != segment.file_no || header->stream != def_.id) {
        Report(segment, "misplaced",
               "it is segment " + std::to_string(header->file_no) + " of stream " +
                   std::to_string(header->stream.value));
      } else {
        segment.header = std::move(header).value();
      }
    }
    for (size_t i = 0; i < segments_.size(); ++i) CheckSegment(i);
    return {};
  }

 private:
  void Report(const Found& segment, std::string kind, std::string message) const {
    report_({segment.name, std::move(kind), std::move(message)});
  }

  void CheckSegment(size_t i) const {
    const Found& segment = segments_[i];
    if (!segment.header) return;
    const SegmentHeader* next = nullptr;
    if (i + 1 < segments_.size() && segments_[i + 1].header) next = &*segments_[i + 1].header;
    if (i > 0 && segment.header->previous_file_no != segments_[i - 1].file_no) {
      report_({JoinPath(name_, SegmentName(segment.header->previous_file_no)), "missing",
               "the segment before " + segment.name + " is not there"});
    }
    if (next != nullptr && next->previous_file_no == segment.file_no &&
        next->previous_end > segment.bytes) {
      Report(segment, "truncated",
             "the file has " + std::to_string(segment.bytes) + " bytes and should have " +
                 std::to_string(next->previous_end));
      return;
    }
    const auto bytes = fs_.ReadFile(segment.path, kSegmentReadMax);
    if (!bytes.ok()) return Report(segment, KindOf(bytes.error()), bytes.error().message);
    CheckFrames(segment, next, *bytes);
  }

  /// Where the last frame ends, if the file has a whole seal: every frame before it is there.
  static std::optional<uint64_t> CountedBySeal(const Found& segment, std::string_view bytes) {
    if (bytes.size() < kSealTrailerBytes) return std::nullopt;
    const auto at = DecodeSealTrailer(bytes.substr(bytes.size() - kSealTrailerBytes),
                                      segment.file_no, bytes.size());
    if (!at) return std::nullopt;
    const auto seal = DecodeSealFrame(bytes.substr(*at), {segment.file_no, *at});
    return seal.ok() ? std::optional(seal->counted_bytes) : std::nullopt;
  }

  /// R2, R3: every frame up to where the successor or the seal says. Behind that, and where neither
  /// is whole, stands what a crash left, which is no damage unless something follows.
  void CheckFrames(const Found& segment, const SegmentHeader* next, std::string_view bytes) const {
    const bool succeeded = next != nullptr && next->previous_file_no == segment.file_no;
    const auto counted =
        succeeded ? std::optional(next->previous_end) : CountedBySeal(segment, bytes);
    const bool bounded = counted.has_value();
    bytes = bytes.substr(0, counted.value_or(bytes.size()));
    FrameExtent last{0, segment.header->EncodedBytes()};
    uint64_t expected = segment.header->first_frame;
    while (true) {
      const uint64_t at = NextFrameOffset(bytes, segment.file_no, last, expected);
      if (at >= bytes.size()) break;
      std::vector<ScannedSection> sections;
      const auto frame = DecodeFrame(bytes.substr(at), segment.file_no, at, &sections);
      const bool valid = frame.ok() && frame->number == expected;
      if (valid && (frame->flags & kFrameSeals) != 0) return;
      if (!valid) {
        const std::string what = frame.ok() ? "a frame of another number" : frame.error().message;
        const bool damage = bounded || WhyDamage(bytes, segment.file_no, at, expected).has_value();
        if (damage) {
          Report(segment, "checksum", "damaged at byte " + std::to_string(at) + ": " + what);
        }
        return;
      }
      // A crash loses a confirmation only before a frame that does not count.
      if (bounded && at != last.end &&
          !IsWholeConfirmation(bytes, segment.file_no, last, expected)) {
        Report(segment, "checksum",
               "damaged at byte " + std::to_string(last.end) + ": the confirmation of a frame");
      }
      for (const ScannedSection& section : sections) CheckShard(segment, section);
      last = {at, at + frame->bytes};
      ++expected;
    }
    if (succeeded && expected != next->first_frame) {
      Report(segment, "missing",
             "frames " + std::to_string(expected) + " to " + std::to_string(next->first_frame) +
                 " are not there");
    }
  }

  void CheckShard(const Found& segment, const ScannedSection& section) const {
    if (SlotOfShard(def_, section.shard) != def_.shards.size()) return;
    Report(segment, "misplaced",
           "it has records of shard " + std::to_string(section.shard) +
               ", which the stream does not have");
  }

  FileSystem& fs_;
  const std::string dir_;
  const std::string name_;
  const catalog::StreamDef& def_;
  const FindingSink& report_;
  std::vector<Found> segments_;
};

}  // namespace

Result<void> CheckLog(FileSystem& fs, const std::string& dir, const std::string& name,
                      std::span<const catalog::StreamDef> streams, const FindingSink& report) {
  TM_ASSIGN_OR_RETURN(const bool there, fs.Exists(dir));
  if (!there) return {};
  TM_ASSIGN_OR_RETURN(std::vector<std::string> folders, fs.List(dir));
  for (const catalog::StreamDef& def : streams) {
    char folder[16];
    std::snprintf(folder, sizeof(folder), "%010u", def.id.value);
    // A stream without its folder: the next start makes it.
    if (std::erase(folders, folder) == 0) continue;
    TM_RETURN_IF_ERROR(
        StreamCheck(fs, JoinPath(dir, folder), JoinPath(name, folder), def, report).Run());
  }
  for (const std::string& folder : folders) {
    if (folder.ends_with(".deleted")) continue;
    TM_ASSIGN_OR_RETURN(const auto files, fs.List(JoinPath(dir, folder)));
    if (!files.empty()) {
      report({JoinPath(name, folder), "unknown", "it belongs to no stream of the catalog"});
    }
  }
  return {};
}

}  // namespace tidemark::log
