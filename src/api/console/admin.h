// SPDX-License-Identifier: Apache-2.0
// What the console and the command line may change. app implements it: it alone knows every part.
// Thread-safe; calls wait for the disk, so they belong on query threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark::console {

/// One line of what apply, describe or delete did or found.
struct StackItem {
  std::string kind;    // "stream", "database", "table", "pipeline", "view"
  std::string name;    // tables: "database.table"
  std::string action;  // "created", "unchanged", "deleted", "missing", "exists", "differs"
  std::string detail;  // for people; may be empty
};

struct StackReport {
  std::vector<StackItem> items;
  /// What a user copies next: ("Console", "http://127.0.0.1:4580/ui/"), ("Stream", "ec2-metrics"),
  /// ...
  std::vector<std::pair<std::string, std::string>> outputs;
};

/// A backup that was made.
struct BackupMade {
  std::string path;
  std::string position;  // of the store's journal
  uint64_t files = 0;
  uint64_t bytes = 0;
};

class Admin {
 public:
  virtual ~Admin() = default;

  /// `file` names the text in messages; `endpoint` is the address the client used, for the outputs.
  /// kInvalidArgument: with file and line; kAlreadyExists: something exists and differs, and
  /// nothing of the file was applied.
  virtual Result<StackReport> ApplyStack(std::string_view text, std::string_view file,
                                         std::string_view endpoint) = 0;
  virtual Result<StackReport> DescribeStack(std::string_view text, std::string_view file,
                                            std::string_view endpoint) = 0;
  /// Removes what the file names, with its data. What is missing is no error.
  virtual Result<StackReport> DeleteStack(std::string_view text, std::string_view file,
                                          std::string_view endpoint) = 0;

  /// kNotFound. The wished state survives a restart; repeating is fine.
  virtual Result<void> StartPipeline(std::string_view name) = 0;
  virtual Result<void> StopPipeline(std::string_view name) = 0;
  virtual Result<void> StartView(std::string_view name) = 0;
  virtual Result<void> StopView(std::string_view name) = 0;
  /// An operator's hold, apart from start and stop.
  virtual Result<void> PauseView(std::string_view name) = 0;
  virtual Result<void> ResumeView(std::string_view name) = 0;

  /// Store, streams and catalog of one moment, at `path`. kInvalidArgument: not an absolute path
  /// below the configured folder; kAlreadyExists: something is there; kFailedPrecondition: another
  /// backup is being made.
  virtual Result<BackupMade> Backup(std::string_view path) = 0;
};

}  // namespace tidemark::console
