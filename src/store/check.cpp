// SPDX-License-Identifier: Apache-2.0
#include "store/check.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "store/segment_reader.h"
#include "store/storage.h"

namespace tidemark::store {
namespace {

std::optional<uint64_t> SegmentNumber(std::string_view name) {
  constexpr std::string_view kSuffix = ".wal";
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number == 0) return std::nullopt;
  return number;
}

struct WalSegment {
  uint64_t number = 0;
  std::string file;  // for findings
  std::string path;
  uint64_t bytes = 0;
  std::optional<SegmentHeader> header;
};

std::string_view KindOf(const Error& error) {
  switch (error.code) {
    case Code::kCorruption:
      return "checksum";
    case Code::kUnimplemented:
      return "newer_format";
    case Code::kNotFound:
      return "missing";
    default:
      return "unreadable";
  }
}

class WalCheck {
 public:
  /// Batches up to `checkpoint` are in blocks: what held them may be gone.
  WalCheck(FileSystem& fs, std::string dir, std::string name, uint64_t checkpoint,
           const FindingSink& report)
      : fs_(fs),
        dir_(std::move(dir)),
        name_(std::move(name)),
        checkpoint_(checkpoint),
        report_(report) {}

  Result<void> Run() {
    TM_ASSIGN_OR_RETURN(const auto names, fs_.List(dir_));
    for (const std::string& name : names) {
      const auto number = SegmentNumber(name);
      if (!number) continue;
      WalSegment segment{*number, JoinPath(name_, name), JoinPath(dir_, name), 0, {}};
      TM_ASSIGN_OR_RETURN(segment.bytes, fs_.FileSize(segment.path));
      segments_.push_back(std::move(segment));
    }
    std::ranges::sort(segments_, {}, &WalSegment::number);
    for (WalSegment& segment : segments_) {
      const auto reader = SegmentReader::Open(fs_, segment.path, segment.number, segment.bytes);
      if (reader.ok()) {
        segment.header = (*reader)->header();
      } else {
        report_({segment.file, std::string(KindOf(reader.error())), reader.error().message});
      }
    }
    for (size_t i = 0; i < segments_.size(); ++i) Walk(i);
    if (last_lsn_ < checkpoint_) {
      report_({name_, "missing",
               "the journal ends at LSN " + std::to_string(last_lsn_) +
                   ", before the checkpoint at " + std::to_string(checkpoint_)});
    }
    return {};
  }

 private:
  /// How many bytes of segment i count: what its successor says, or all.
  uint64_t BytesThatCount(size_t i) const {
    if (i + 1 == segments_.size() || !segments_[i + 1].header) return segments_[i].bytes;
    const SegmentHeader& next = *segments_[i + 1].header;
    return next.previous_file_no == segments_[i].number ? next.previous_valid_bytes
                                                        : segments_[i].bytes;
  }

  void Walk(size_t i) {
    const WalSegment& segment = segments_[i];
    if (!segment.header) return;
    last_lsn_ = std::max(last_lsn_, segment.header->previous_last_lsn);
    const uint64_t expected = i == 0 ? 0 : segments_[i - 1].number;
    if (segment.header->previous_file_no != expected &&
        segment.header->previous_last_lsn > checkpoint_) {
      report_({JoinPath(name_, SegmentPath("", segment.header->previous_file_no)), "missing",
               "the journal segment before " + segment.file + " is not there"});
    }
    const bool last = i + 1 == segments_.size();
    const uint64_t count = BytesThatCount(i);
    if (count > segment.bytes) {
      report_({segment.file, "truncated",
               "the file has " + std::to_string(segment.bytes) + " bytes and should have " +
                   std::to_string(count)});
    }
    auto reader = SegmentReader::Open(fs_, segment.path, segment.number, count);
    if (!reader.ok()) return;  // said above
    uint64_t lsn = 0;
    while (true) {
      SegmentReader::Frame frame;
      const auto found = (*reader)->Next(lsn, frame);
      if (!found.ok()) {
        report_({segment.file, std::string(KindOf(found.error())), found.error().message});
        return;
      }
      if (*found == SegmentReader::Found::kEnd) return;
      if (*found == SegmentReader::Found::kBad) {
        // Behind everything that counts a torn tail is what a crash leaves, and no damage.
        const auto later = last ? (*reader)->IsDamage(lsn) : Result<bool>(true);
        if (!later.ok() || *later) {
          report_({segment.file, "checksum",
                   "damaged at byte " + std::to_string((*reader)->offset()) + ", behind LSN " +
                       std::to_string(lsn)});
        }
        return;
      }
      lsn = std::max(lsn, frame.header.lsn_first + frame.header.batch_count - 1);
      last_lsn_ = std::max(last_lsn_, lsn);
      CheckBatches(segment, frame);
    }
  }

  void CheckBatches(const WalSegment& segment, const SegmentReader::Frame& frame) {
    BatchReader batches(frame.payload, frame.header.lsn_first);
    uint64_t lsn = 0;
    std::string_view records;
    while (true) {
      const auto more = batches.Next(lsn, records);
      if (!more.ok()) {
        report_({segment.file, "format",
                 "frame at byte " + std::to_string(frame.offset) + ": " + more.error().message});
        return;
      }
      if (!*more) return;
    }
  }

  FileSystem& fs_;
  const std::string dir_;
  const std::string name_;
  const uint64_t checkpoint_;
  const FindingSink& report_;
  std::vector<WalSegment> segments_;
  uint64_t last_lsn_ = 0;  // of everything read
};

// Manifest, dictionary, blocks and revisions, every byte.
class FilesCheck {
 public:
  FilesCheck(FileSystem& fs, std::string dir, const FindingSink& report)
      : fs_(fs), dir_(std::move(dir)), report_(report) {}

  /// The checkpoint that the journal must reach.
  uint64_t Run() {
    const auto state = Manifest::Read(fs_, dir_);
    if (!state.ok()) {
      Report("store/CURRENT", state.error());
      return 0;
    }
    for (const auto& [number, meta] : state->blocks)
      CheckFile<BlockFile>(BlockPathOf(meta), meta, state->store_id);
    for (const auto& [number, meta] : state->revisions)
      CheckFile<RevisionFile>(RevisionPathOf(meta), meta, state->store_id);
    for (const auto& [number, damaged] : state->damaged) {
      if (damaged.accepted) continue;
      const std::string name = damaged.revisions ? RevisionFileName(number) : BlockFileName(number);
      report_({"store/quarantine/" + name, "quarantined", damaged.reason});
    }
    if (state->dictionary.file_no != 0) {
      const std::string name = "dict/" + DictionaryFileName(state->dictionary.file_no);
      const auto read =
          Dictionary::Verify(fs_, JoinPath(dir_, name), state->store_id, state->dictionary);
      if (!read.ok()) Report("store/" + name, read.error());
    }
    return state->checkpoint.lsn;
  }

 private:
  template <typename File, typename Meta>
  void CheckFile(const std::string& name, const Meta& meta, Hash128 store_id) {
    const auto file = File::Open(fs_, JoinPath(dir_, name), meta, store_id);
    if (!file.ok()) {
      Report("store/" + name, file.error());
      return;
    }
    if (const auto read = (*file)->Verify(); !read.ok()) Report("store/" + name, read.error());
  }
  void Report(const std::string& file, const Error& error) {
    report_({file, std::string(KindOf(error)), error.message});
  }

  FileSystem& fs_;
  const std::string dir_;
  const FindingSink& report_;
};

}  // namespace

Result<void> CheckStore(FileSystem& fs, const std::string& dir, const FindingSink& report) {
  uint64_t checkpoint = 0;
  TM_ASSIGN_OR_RETURN(const bool has_files, fs.Exists(JoinPath(dir, "store/CURRENT")));
  if (has_files) checkpoint = FilesCheck(fs, JoinPath(dir, "store"), report).Run();
  // "wal": where version 1 of the layout kept it.
  for (const std::string name : {"store/wal", "wal"}) {
    TM_ASSIGN_OR_RETURN(const bool there, fs.Exists(JoinPath(dir, name)));
    if (there)
      TM_RETURN_IF_ERROR(WalCheck(fs, JoinPath(dir, name), name, checkpoint, report).Run());
  }
  return {};
}

}  // namespace tidemark::store
