// SPDX-License-Identifier: Apache-2.0
// All streams of one data directory, and the one writer that commits their appends. Thread-safe.
//
// A stream exists when the catalog says so; its folder is made after that and moved away before the
// catalog forgets it, so a crash between never leaves a folder that nobody knows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "log/options.h"
#include "log/producers.h"
#include "log/readers.h"
#include "log/stream.h"

namespace tidemark::log {

/// What the log borrows; all must outlive it.
struct LogContext {
  FileSystem& fs;
  catalog::Catalog& catalog;
  const Clock& clock;
  Executor& executor;
  MetricRegistry& metrics;
};

struct CreateStreamRequest {
  std::string name;
  uint32_t shards = 1;
  uint32_t retention_hours = 24;
  catalog::StreamMode mode = catalog::StreamMode::kProvisioned;
  uint32_t record_kib_max = 1024;
  std::vector<std::pair<std::string, std::string>> tags;
};

class Log final : private Steppable {
 public:
  /// Opens every stream of the catalog below `dir` (made if missing), repairs torn tails and ends
  /// deletions that a crash interrupted. kCorruption: a damaged file, or a folder that belongs to
  /// no stream; kFailedPrecondition: a newer format. Both name the place.
  static Result<std::unique_ptr<Log>> Open(const LogContext& context, std::string dir,
                                           LogOptions options);

  /// Without Close(): as a crash would leave it; waiting appends get kUnavailable.
  ~Log() override;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// kAlreadyExists, kInvalidArgument, or what the disk says; then there is no stream. Waits for
  /// the disk.
  Result<std::shared_ptr<Stream>> CreateStream(const CreateStreamRequest& request);
  /// Deletes the stream and its files. Who still holds it gets kNotFound from it. Waits for the
  /// disk.
  Result<void> DeleteStream(std::string_view name);

  /// What is older may go, or be kept longer, from now on. kNotFound. Waits for the disk.
  Result<void> SetRetention(std::string_view name, uint32_t retention_hours);

  /// Null: there is none.
  std::shared_ptr<Stream> Find(std::string_view name) const;
  std::shared_ptr<Stream> Find(StreamId id) const;
  /// By name.
  std::vector<std::shared_ptr<Stream>> List() const;

  /// Who reads through the API; those who answer readers note it here.
  ReaderTable& readers() { return readers_; }
  const ReaderTable& readers() const { return readers_; }
  /// Who writes through the API, noted by those who answer writers.
  ProducerTable& producers() { return producers_; }
  const ProducerTable& producers() const { return producers_; }

  /// Copies `streams` (those of the catalog's copy) into `dir`, as folders of a log: everything
  /// acknowledged before the call is there, and each is readable as after a crash. Closed segments
  /// are linked where the file system can. Synced when it returns. Waits for the disk; appends go
  /// on.
  Result<void> BackupTo(const std::string& dir, std::span<const catalog::StreamDef> streams) const;

  /// Refuses new appends, commits what waits, closes the files so that the next start is quick.
  /// Streams may still be read. Once; not from a step.
  Result<void> Close();

 private:
  Log(const LogContext& context, std::string dir, LogOptions options);

  Result<Progress> Step() override;
  Result<void> OpenAll();
  Result<void> SweepFolders(std::map<std::string, bool>& folders);
  Result<std::shared_ptr<Stream>> OpenStream(catalog::StreamDef def);
  Result<void> RemoveFolder(const std::string& path);
  std::string FolderOf(StreamId id) const;
  void OnAppend(Stream& stream) TM_EXCLUDES(dirty_mutex_);

  const LogContext context_;
  const std::string dir_;
  const LogOptions options_;
  TaskId task_{};            // constant after Open()
  bool running_ = false;     // single-owner: Open(), Close(), destructor
  MonotonicTime next_trim_;  // single-owner: Step()

  ReaderTable readers_;
  ProducerTable producers_;

  Mutex control_mutex_;  // one CreateStream or DeleteStream at a time; taken before mutex_
  mutable Mutex mutex_;  // short
  std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams_ TM_GUARDED_BY(mutex_);

  Mutex dirty_mutex_;  // a leaf: taken under a stream's no lock
  std::vector<std::weak_ptr<Stream>> dirty_ TM_GUARDED_BY(dirty_mutex_);
};

}  // namespace tidemark::log
