// SPDX-License-Identifier: Apache-2.0
// Copies of streams while they are written to. A closed segment never changes, so a second name is
// a copy; the active one is copied up to its durable end, which is what a crash at that instant
// would leave at least.
#include "log/log.h"
#include "log/stream_internal.h"

namespace tidemark::log {
namespace {

/// Retention may remove the newest segment of a plan only once it has another to append to.
constexpr int kPlansMax = 4;

struct Piece {
  std::string path;
  uint64_t file_no = 0;
  uint64_t end = 0;  // bytes that count
};

Result<void> LinkOrCopy(FileSystem& fs, const std::string& from, const std::string& to) {
  auto linked = fs.Link(from, to);
  if (linked.ok() || linked.error().code != Code::kUnimplemented) return linked;
  return CopyFile(fs, from, to);
}

}  // namespace

Result<void> Stream::BackupTo(const std::string& dir) const {
  FileSystem& fs = env_.fs;
  TM_RETURN_IF_ERROR(fs.CreateDirs(dir));
  for (int plan = 1;; ++plan) {
    std::vector<Piece> pieces;
    {
      const MutexLock lock(mutex_);
      if (refuse_read_) return *refuse_read_;
      for (const auto& segment : state_->segments) {
        pieces.push_back({segment->path, segment->file_no, segment->end});
      }
    }
    // Newest first: retention removes from the other end, so what is there by then has no hole.
    Result<void> done;
    bool some = false;
    while (done.ok() && !pieces.empty()) {
      const Piece piece = std::move(pieces.back());
      pieces.pop_back();
      const std::string to = JoinPath(dir, SegmentName(piece.file_no));
      done = some ? LinkOrCopy(fs, piece.path, to) : CopyFile(fs, piece.path, to, piece.end);
      if (done.ok()) some = true;
    }
    if (done.ok() || (some && done.error().code == Code::kNotFound)) return fs.SyncDir(dir);
    if (done.error().code != Code::kNotFound || plan == kPlansMax) return done;
  }
}

Result<void> Log::BackupTo(const std::string& dir,
                           std::span<const catalog::StreamDef> streams) const {
  TM_RETURN_IF_ERROR(context_.fs.CreateDirs(dir));
  for (const catalog::StreamDef& def : streams) {
    const std::shared_ptr<Stream> stream = Find(def.id);
    if (stream == nullptr) continue;  // deleted since: the next start makes it, empty
    if (auto copied = stream->BackupTo(JoinPath(dir, FolderOf(def.id))); !copied.ok()) {
      if (copied.error().code == Code::kNotFound) continue;  // likewise
      return std::move(copied).error().With("back up stream " + def.name);
    }
  }
  return context_.fs.SyncDir(dir);
}

}  // namespace tidemark::log
