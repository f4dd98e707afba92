// SPDX-License-Identifier: Apache-2.0
// The insides of Stream that its sources share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "log/segment_internal.h"
#include "log/stream.h"

namespace tidemark::log {

/// What readers see: only what is durable. Guarded by Stream::mutex_.
struct Stream::State {
  std::vector<std::unique_ptr<Segment>> segments;  // oldest first
  std::vector<ShardMark> marks;                    // by slot
};

struct Stream::Metrics {
  Metrics(MetricRegistry& registry, const std::string& stream);
  Counter& records;
  Counter& bytes;
  Counter& syncs;
  Counter& refused;
  Counter& failures;
};

/// Ranges of files to read, and what was committed when they were chosen.
struct Stream::ReadPlan {
  struct Range {
    uint64_t file_no = 0;
    std::string path;
    std::shared_ptr<const RandomAccessFile> open;  // or null: open `path`
    uint64_t start = 0;
    uint32_t bytes = 0;
  };
  std::vector<Range> ranges;
  RecordOffset from;  // what is asked for, but not before anything that exists
  RecordOffset tip;
  std::optional<RecordOffset>
      after;  // the first offset behind the ranges; none: they go up to the tip
};

/// Makes segments and puts frames into them. Owned by the writer task. A failure leaves it in one
/// of two states: without a file, so that the next frame begins a new segment whose header disowns
/// whatever the last one ended in; or nobody knows what the disk holds (storage.md 2.5), and the
/// stream stops.
class Stream::Writer {
 public:
  Writer(FileSystem& fs, const Clock& clock, const std::string& dir, const catalog::StreamDef& def)
      : fs_(fs), clock_(clock), dir_(dir), def_(def) {}

  /// A new, published, empty segment that appends go to from now on; or one that holds
  /// `first_frame` (checksums still missing), which is durable then. kNoSpace: nothing was
  /// published.
  Result<std::unique_ptr<Segment>> Create(const std::vector<ShardMark>& marks,
                                          const Segment* previous, std::string first_frame);
  /// Ends the open segment with its index and closes it. A full disk costs the index and is no
  /// error.
  Result<void> Seal(const Segment& segment, const std::vector<ShardMark>& marks);
  /// Appends and syncs, and returns where it stands. kNoSpace: the frame is not there and the file
  /// is closed.
  Result<FrameExtent> WriteFrame(std::string& frame, const Segment& segment);
  /// Confirms the last frame without a sync: W4. A full disk closes the file and is no error.
  Result<void> ConfirmFrame(const Segment& segment);

  bool has_file() const { return file_ != nullptr; }
  void CloseFile() { file_.reset(); }

  uint64_t next_frame = 1;
  uint64_t last_file_no = 0;

 private:
  Result<std::unique_ptr<AppendFile>> WriteNew(const std::string& path, std::string_view bytes);

  FileSystem& fs_;
  const Clock& clock_;
  const std::string& dir_;
  const catalog::StreamDef& def_;
  std::unique_ptr<AppendFile> file_;
  FrameExtent last_frame_;  // in the open file
};

}  // namespace tidemark::log
