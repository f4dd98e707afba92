// SPDX-License-Identifier: Apache-2.0
// Where exported objects go: named by bucket and key, as on S3. A folder stands for it so far.
// Thread-safe; calls write and sync files, so they belong on query or background threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace tidemark::timestream {

class ObjectSink {
 public:
  /// One object being written; it exists for others once Finish() was ok. Single-owner. Destroyed
  /// without Finish(): nothing is left.
  class Writer {
   public:
    virtual ~Writer() = default;
    virtual Result<void> Append(std::string_view bytes) = 0;
    virtual Result<void> Finish() = 0;
  };

  virtual ~ObjectSink() = default;
  /// Replaces an object of that name. kInvalidArgument: the name cannot be one (empty, or with a
  /// part that is "." or "..").
  virtual Result<std::unique_ptr<Writer>> Create(std::string_view bucket, std::string_view key) = 0;
  /// Moves a file of a staging folder in.
  virtual Result<void> Adopt(const std::string& path, std::string_view bucket,
                             std::string_view key) = 0;
  /// A new private folder on the sink's own file system for files that Adopt() takes.
  virtual Result<std::string> MakeStagingFolder(std::string_view name) = 0;
  /// With all that is in it.
  virtual Result<void> RemoveStagingFolder(std::string_view name) = 0;

  Result<void> Put(std::string_view bucket, std::string_view key, std::string_view bytes);
};

/// Bucket B and key K are the file FOLDER/B/K.
class FolderSink final : public ObjectSink {
 public:
  /// `fs` must outlive the sink. The folder is made when the first object comes.
  FolderSink(FileSystem& fs, std::string folder) : fs_(fs), folder_(std::move(folder)) {}

  Result<std::unique_ptr<Writer>> Create(std::string_view bucket, std::string_view key) override;
  Result<void> Adopt(const std::string& path, std::string_view bucket,
                     std::string_view key) override;
  Result<std::string> MakeStagingFolder(std::string_view name) override;
  Result<void> RemoveStagingFolder(std::string_view name) override;
  /// The one folder of all staging folders, made if missing and emptied: what a server that was
  /// killed left in it. Before the first use.
  Result<std::string> OpenStaging();

 private:
  class FileWriter;
  /// The file's path; its folder exists.
  Result<std::string> Place(std::string_view bucket, std::string_view key);

  FileSystem& fs_;
  const std::string folder_;
};

}  // namespace tidemark::timestream
