// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/object_sink.h"

#include <span>

namespace tidemark::timestream {
namespace {

constexpr std::string_view kUnfinished = ".unfinished";
constexpr std::string_view kStaging = ".staging";  // no bucket begins with a dot

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

/// Parts between slashes; a dot or nothing would leave the bucket or name a folder.
bool IsObjectName(std::string_view name) {
  if (name.empty() || name.size() > 1024) return false;
  for (;;) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == ".." || part.size() > 255 ||
        part.find('\0') != std::string_view::npos || part.ends_with(kUnfinished)) {
      return false;
    }
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

/// A file, or a folder with all that is in it.
Result<void> RemoveTree(FileSystem& fs, const std::string& path) {
  const auto names = fs.List(path);
  if (!names.ok()) return fs.Remove(path);
  for (const std::string& name : *names) TM_RETURN_IF_ERROR(RemoveTree(fs, JoinPath(path, name)));
  return fs.RemoveDir(path);
}

}  // namespace

Result<void> ObjectSink::Put(std::string_view bucket, std::string_view key,
                             std::string_view bytes) {
  TM_ASSIGN_OR_RETURN(const std::unique_ptr<Writer> writer, Create(bucket, key));
  TM_RETURN_IF_ERROR(writer->Append(bytes));
  return writer->Finish();
}

class FolderSink::FileWriter final : public ObjectSink::Writer {
 public:
  FileWriter(FileSystem& fs, std::string path) : fs_(fs), path_(std::move(path)) {}
  ~FileWriter() override {
    if (finished_) return;
    file_.reset();
    // What is left of a failed export would only be found by hand.
    [[maybe_unused]] const auto removed = fs_.Remove(Unfinished());
  }

  Result<void> Open() {
    TM_ASSIGN_OR_RETURN(file_, fs_.OpenAppend(Unfinished(), OpenMode::kTruncate));
    return {};
  }
  Result<void> Append(std::string_view bytes) override {
    return file_->Append(std::as_bytes(std::span(bytes)));
  }
  Result<void> Finish() override {
    TM_RETURN_IF_ERROR(file_->Sync());
    file_.reset();
    TM_RETURN_IF_ERROR(fs_.Rename(Unfinished(), path_));
    finished_ = true;
    return fs_.SyncDir(FolderOf(path_));
  }

 private:
  std::string Unfinished() const { return path_ + std::string(kUnfinished); }

  FileSystem& fs_;
  const std::string path_;
  std::unique_ptr<AppendFile> file_;
  bool finished_ = false;
};

Result<std::string> FolderSink::Place(std::string_view bucket, std::string_view key) {
  if (!IsObjectName(bucket) || bucket.find('/') != std::string_view::npos ||
      bucket.starts_with('.') || !IsObjectName(key)) {
    return Error{Code::kInvalidArgument, "s3://" + std::string(bucket) + "/" + std::string(key) +
                                             " cannot be the name of an object"};
  }
  std::string path = JoinPath(JoinPath(folder_, bucket), key);
  TM_RETURN_IF_ERROR(fs_.CreateDirs(FolderOf(path)));
  return path;
}

Result<std::unique_ptr<ObjectSink::Writer>> FolderSink::Create(std::string_view bucket,
                                                               std::string_view key) {
  TM_ASSIGN_OR_RETURN(std::string path, Place(bucket, key));
  auto writer = std::make_unique<FileWriter>(fs_, std::move(path));
  TM_RETURN_IF_ERROR(writer->Open());
  return std::unique_ptr<Writer>(std::move(writer));
}

Result<void> FolderSink::Adopt(const std::string& path, std::string_view bucket,
                               std::string_view key) {
  TM_ASSIGN_OR_RETURN(const std::string place, Place(bucket, key));
  {
    TM_ASSIGN_OR_RETURN(const auto file, fs_.OpenAppend(path, OpenMode::kOpenExisting));
    TM_RETURN_IF_ERROR(file->Sync());
  }
  TM_RETURN_IF_ERROR(fs_.Rename(path, place));
  return fs_.SyncDir(FolderOf(place));
}

Result<std::string> FolderSink::MakeStagingFolder(std::string_view name) {
  std::string path = JoinPath(JoinPath(folder_, kStaging), name);
  TM_RETURN_IF_ERROR(fs_.CreateDirs(path));
  return path;
}

Result<void> FolderSink::RemoveStagingFolder(std::string_view name) {
  return RemoveTree(fs_, JoinPath(JoinPath(folder_, kStaging), name));
}

Result<std::string> FolderSink::OpenStaging() {
  const std::string path = JoinPath(folder_, kStaging);
  TM_RETURN_IF_ERROR(fs_.CreateDirs(path));
  TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(path));
  for (const std::string& name : names) TM_RETURN_IF_ERROR(RemoveTree(fs_, JoinPath(path, name)));
  return path;
}

}  // namespace tidemark::timestream
