// SPDX-License-Identifier: Apache-2.0
#include "app/backup.h"

#include <algorithm>
#include <filesystem>

#include "app/backup_files.h"
#include "app/version.h"
#include "base/logging.h"
#include "base/numbers.h"
#include "catalog/check.h"
#include "log/check.h"
#include "pipeline/order_book.h"
#include "store/check.h"

namespace tidemark::app {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// The lock of the folder if it ever was a server's; null: it has none, so nobody holds it.
Result<std::unique_ptr<FileLock>> LockIfThere(FileSystem& fs, const std::string& dir) {
  const std::string path = JoinPath(dir, kLockFile);
  TM_ASSIGN_OR_RETURN(const bool there, fs.Exists(path));
  if (!there) return std::unique_ptr<FileLock>();
  auto lock = fs.Lock(path);
  if (!lock.ok() && lock.error().code == Code::kFailedPrecondition) {
    return Error{Code::kFailedPrecondition,
                 "a server uses " + dir + ": stop it first, or give another folder"};
  }
  return lock;
}

Result<void> SyncFile(FileSystem& fs, const std::string& path) {
  TM_ASSIGN_OR_RETURN(const auto file, fs.OpenAppend(path, OpenMode::kOpenExisting));
  return file->Sync();
}

Result<BackupSummary> WriteBackup(const BackupParts& parts, const std::string& path) {
  FileSystem& fs = parts.fs;
  TM_ASSIGN_OR_RETURN(const store::Positions position, parts.store.BackupTo(path));
  const std::string catalog = JoinPath(path, kCatalogFile);
  TM_RETURN_IF_ERROR(parts.catalog.CopyTo(catalog));
  TM_RETURN_IF_ERROR(SyncFile(fs, catalog));
  // The streams of the copy, not of the catalog now: a stream made since would be one too many.
  TM_ASSIGN_OR_RETURN(const auto streams,
                      catalog::CheckCatalogFile(catalog, std::string(kCatalogFile),
                                                [](const Finding& /*finding*/) {}));
  TM_RETURN_IF_ERROR(parts.log.BackupTo(JoinPath(path, kLogFolder), streams));
  TM_RETURN_IF_ERROR(fs.SyncDir(path));

  Complete complete;
  complete.version = kVersion;
  complete.position = position.ToString();
  complete.time = FormatIso8601Millis(parts.clock.Now().AsEventTime());
  TM_ASSIGN_OR_RETURN(complete.files, ListFiles(fs, path));
  TM_RETURN_IF_ERROR(
      WriteFileAtomically(fs, JoinPath(path, kCompleteFile), EncodeComplete(complete)));
  TM_RETURN_IF_ERROR(fs.SyncDir(FolderOf(path)));
  BackupSummary summary{path, complete.position, complete.files.size(), 0};
  for (const BackupFile& file : complete.files) summary.bytes += file.bytes;
  return summary;
}

Result<Complete> ReadComplete(FileSystem& fs, const std::string& backup) {
  auto text = fs.ReadFile(JoinPath(backup, kCompleteFile), kCompleteBytesMax);
  if (!text.ok()) {
    if (text.error().code != Code::kNotFound) return std::move(text).error();
    return Error{Code::kCorruption,
                 backup + " is no complete backup: it has no file " + std::string(kCompleteFile)};
  }
  auto complete = DecodeComplete(*text);
  if (!complete.ok()) return std::move(complete).error().With(JoinPath(backup, kCompleteFile));
  return complete;
}

}  // namespace

Result<std::string> BackupPath(std::string_view path, const std::string& directory) {
  const auto refuse = [&](std::string_view why) {
    return Error{Code::kInvalidArgument, "cannot make a backup at \"" + std::string(path) +
                                             "\": " + std::string(why) + "; backups go below " +
                                             directory + " (configuration key backup.directory)"};
  };
  const std::filesystem::path given(path);
  if (!given.is_absolute()) return refuse("it is no absolute path");
  if (path.find('\0') != std::string_view::npos) return refuse("it is no path");
  if (std::ranges::find(given, std::filesystem::path("..")) != given.end()) {
    return refuse("it has \"..\" in it");
  }
  std::string normal = given.lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  const std::string below = directory == "/" ? directory : directory + "/";
  if (!normal.starts_with(below) || normal.size() == below.size()) {
    return refuse("it is not below that folder");
  }
  return normal;
}

Result<BackupSummary> MakeBackup(const BackupParts& parts, const std::string& path) {
  FileSystem& fs = parts.fs;
  TM_ASSIGN_OR_RETURN(const bool there, fs.Exists(path));
  if (there) {
    TM_ASSIGN_OR_RETURN(const auto names, fs.List(path));
    if (!names.empty()) {
      return Error{Code::kAlreadyExists, path + " is not empty: give a new folder"};
    }
  }
  TM_RETURN_IF_ERROR(fs.CreateDirs(path));
  auto made = WriteBackup(parts, path);
  if (!made.ok()) {
    if (auto removed = RemoveTree(fs, path); !removed.ok()) {
      Log(LogLevel::kWarning, "app", "an unfinished backup could not be removed",
          {{"path", path}, {"error", removed.error().message}});
    }
    return std::move(made).error().With("back up to " + path);
  }
  return made;
}

Result<BackupSummary> RestoreBackup(FileSystem& fs, const std::string& backup,
                                    const std::string& to) {
  TM_ASSIGN_OR_RETURN(const Complete complete, ReadComplete(fs, backup));
  TM_RETURN_IF_ERROR(fs.CreateDirs(to));
  TM_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, LockIfThere(fs, to));
  TM_ASSIGN_OR_RETURN(const auto names, fs.List(to));
  if (!names.empty()) {
    return Error{Code::kAlreadyExists, to + " is not empty: give a new folder"};
  }
  TM_ASSIGN_OR_RETURN(lock, fs.Lock(JoinPath(to, kLockFile)));
  const std::string restoring = JoinPath(to, kRestoringFile);
  TM_RETURN_IF_ERROR(WriteFileAtomically(fs, restoring, backup + "\n"));
  BackupSummary summary{to, complete.position, complete.files.size(), 0};
  std::string folder;
  for (const BackupFile& file : complete.files) {
    const std::string target = JoinPath(to, file.path);
    if (FolderOf(target) != folder) {
      if (!folder.empty()) TM_RETURN_IF_ERROR(fs.SyncDir(folder));
      folder = FolderOf(target);
      TM_RETURN_IF_ERROR(fs.CreateDirs(folder));
    }
    TM_RETURN_IF_ERROR(CopyAndVerify(fs, JoinPath(backup, file.path), target, file));
    summary.bytes += file.bytes;
  }
  if (!folder.empty()) TM_RETURN_IF_ERROR(fs.SyncDir(folder));
  TM_RETURN_IF_ERROR(fs.Remove(restoring));
  TM_RETURN_IF_ERROR(fs.SyncDir(to));
  return summary;
}

Result<void> CheckDirectory(FileSystem& fs, const std::string& dir, const FindingSink& report) {
  TM_ASSIGN_OR_RETURN(const bool there, fs.Exists(dir));
  if (!there) return Error{Code::kNotFound, "there is no folder " + dir};
  TM_ASSIGN_OR_RETURN(const auto lock, LockIfThere(fs, dir));
  TM_ASSIGN_OR_RETURN(const bool catalog_there, fs.Exists(JoinPath(dir, kCatalogFile)));
  TM_ASSIGN_OR_RETURN(const bool backup, fs.Exists(JoinPath(dir, kCompleteFile)));
  if (!catalog_there && !backup && lock == nullptr) {
    return Error{Code::kNotFound, dir + " is neither a data directory nor a backup"};
  }
  TM_ASSIGN_OR_RETURN(const bool restoring, fs.Exists(JoinPath(dir, kRestoringFile)));
  if (restoring) {
    report({std::string(kRestoringFile), "incomplete",
            "a restore into this folder did not end: remove the folder and restore again"});
  }
  if (backup) {
    const auto complete = ReadComplete(fs, dir);
    if (complete.ok()) {
      for (const BackupFile& file : complete->files) CheckFile(fs, dir, file, report);
    } else {
      report({std::string(kCompleteFile), "format", complete.error().message});
    }
  }
  std::vector<catalog::StreamDef> streams;
  if (catalog_there) {
    TM_ASSIGN_OR_RETURN(streams, catalog::CheckCatalogFile(JoinPath(dir, kCatalogFile),
                                                           std::string(kCatalogFile), report));
  } else {
    report({std::string(kCatalogFile), "missing", "the catalog is not there"});
  }
  const auto lateness =
      fs.ReadFile(JoinPath(dir, kLatenessFile), pipeline::OrderBook::kFileBytesMax);
  if (lateness.ok()) {
    if (const auto read = pipeline::CheckOrders(*lateness); !read.ok()) {
      report({std::string(kLatenessFile), "checksum",
              read.error().message + ": remove it, and advice on lateness begins anew"});
    }
  } else if (lateness.error().code != Code::kNotFound) {
    report({std::string(kLatenessFile), "unreadable", lateness.error().message});
  }
  TM_RETURN_IF_ERROR(
      log::CheckLog(fs, JoinPath(dir, kLogFolder), std::string(kLogFolder), streams, report));
  return store::CheckStore(fs, dir, report);
}

}  // namespace tidemark::app
