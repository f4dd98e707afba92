// SPDX-License-Identifier: Apache-2.0
#include "base/sim/sim_file_system.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/mutex.h"
#include "base/sim/disk_internal.h"

namespace tidemark::sim {

namespace {

/// Shared with the open files, so that these may outlive the file system.
struct SimState {
  explicit SimState(uint64_t seed) : random(seed) {}

  Mutex mutex;
  SimDisk disk TM_GUARDED_BY(mutex);
  SeededRandom random TM_GUARDED_BY(mutex);
  SimFaults faults TM_GUARDED_BY(mutex);
  uint64_t calls TM_GUARDED_BY(mutex) = 0;
  bool fired TM_GUARDED_BY(mutex) = false;
  uint64_t generation TM_GUARDED_BY(mutex) = 1;  // files and locks of an earlier one are dead
  std::set<std::string> locks TM_GUARDED_BY(mutex);

  /// Counts one call; the error if it is the one to fail.
  Result<void> Count(std::string_view doing, const std::string& path) TM_REQUIRES(mutex) {
    ++calls;
    if (faults.fail_nth_call == 0 || calls < faults.fail_nth_call) return {};
    if (calls > faults.fail_nth_call && !faults.fail_all_after) return {};
    fired = true;
    std::string message = std::string(doing) + " " + path + ": simulated ";
    if (faults.no_space) return Error{Code::kNoSpace, message + "full disk"};
    return Error{Code::kIo, message + "failure"};
  }

  void EndProcess() TM_REQUIRES(mutex) {
    ++generation;
    locks.clear();
    faults = {};  // calls and fired stay: a test asks for them after the crash
  }

  Result<void> CheckAlive(uint64_t opened_in, const std::string& path) TM_REQUIRES(mutex) {
    if (opened_in == generation) return {};
    return Error{Code::kIo, path + ": was opened before the crash"};
  }

  Result<std::shared_ptr<SimFile>> OpenForAppend(const std::string& path, OpenMode mode)
      TM_REQUIRES(mutex) {
    const auto node = disk.Find(path);
    if (node.ok()) {
      TM_ASSIGN_OR_RETURN(auto file, disk.FindFile(path));
      if (mode == OpenMode::kCreateNew) {
        return Error{Code::kAlreadyExists, "open " + path + ": exists already"};
      }
      if (mode == OpenMode::kTruncate) file->Cut(0);
      return file;
    }
    if (mode == OpenMode::kOpenExisting) return node.error().With("open");
    return disk.CreateFile(path);
  }
};

class SimMappedFile final : public MappedFile {
 public:
  SimMappedFile(std::shared_ptr<SimState> state, std::string path, std::string bytes)
      : state_(std::move(state)), path_(std::move(path)), bytes_(std::move(bytes)) {}

  std::string_view bytes() const override { return bytes_; }
  Result<void> Populate(uint64_t offset, uint64_t size) const override {
    const MutexLock lock(state_->mutex);
    TM_RETURN_IF_ERROR(state_->Count("read", path_));
    if (offset > bytes_.size() || size > bytes_.size() - offset) {
      return Error{Code::kIo, "read " + path_ + ": beyond its end"};
    }
    return {};
  }

 private:
  const std::shared_ptr<SimState> state_;
  const std::string path_;
  const std::string bytes_;
};

class SimAppendFile final : public AppendFile {
 public:
  SimAppendFile(std::shared_ptr<SimState> state, std::string path, std::shared_ptr<SimFile> file,
                uint64_t generation)
      : state_(std::move(state)),
        path_(std::move(path)),
        file_(std::move(file)),
        generation_(generation) {}

  Result<void> Append(std::span<const std::byte> bytes) override {
    const MutexLock lock(state_->mutex);
    TM_RETURN_IF_ERROR(CheckUsable());
    auto counted = state_->Count("write", path_);
    std::string_view text = AsText(bytes);
    if (!counted.ok()) {
      // Half done: any prefix may have reached the cache, none and all of it included.
      text = text.substr(0, static_cast<size_t>(state_->random.Below(text.size() + 1)));
    } else if (state_->faults.space_bytes_max != UINT64_MAX) {
      const uint64_t used = state_->disk.UsedBytes();
      const uint64_t space = state_->faults.space_bytes_max;
      const uint64_t left = used < space ? space - used : 0;
      if (text.size() > left) {
        text = text.substr(0, static_cast<size_t>(left));
        counted = Error{Code::kNoSpace, "write " + path_ + ": simulated full disk"};
      }
    }
    file_->Append(text);
    failed_ = !counted.ok();
    return counted;
  }

  Result<void> Sync() override {
    const MutexLock lock(state_->mutex);
    TM_RETURN_IF_ERROR(CheckUsable());
    auto counted = state_->Count("sync", path_);
    if (counted.ok()) {
      file_->Sync();
    } else {
      failed_ = true;
      file_->SyncBadly(state_->random);
    }
    return counted;
  }

  uint64_t size() const override {
    const MutexLock lock(state_->mutex);
    return file_->cached().size();
  }

 private:
  Result<void> CheckUsable() const TM_REQUIRES(state_->mutex) {
    TM_RETURN_IF_ERROR(state_->CheckAlive(generation_, path_));
    if (!failed_) return {};
    return Error{Code::kIo, "write " + path_ + ": refused after an earlier failure"};
  }

  const std::shared_ptr<SimState> state_;
  const std::string path_;
  const std::shared_ptr<SimFile> file_;
  const uint64_t generation_;
  bool failed_ = false;
};

class SimRandomAccessFile final : public RandomAccessFile {
 public:
  SimRandomAccessFile(std::shared_ptr<SimState> state, std::string path,
                      std::shared_ptr<SimFile> file, uint64_t generation)
      : state_(std::move(state)),
        path_(std::move(path)),
        file_(std::move(file)),
        generation_(generation) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    const MutexLock lock(state_->mutex);
    TM_RETURN_IF_ERROR(state_->CheckAlive(generation_, path_));
    TM_RETURN_IF_ERROR(state_->Count("read", path_));
    const std::string& bytes = file_->cached();
    if (offset >= bytes.size()) return size_t{0};
    const size_t n = std::min(out.size(), bytes.size() - static_cast<size_t>(offset));
    std::memcpy(out.data(), bytes.data() + offset, n);
    return n;
  }

  Result<uint64_t> size() const override {
    const MutexLock lock(state_->mutex);
    TM_RETURN_IF_ERROR(state_->CheckAlive(generation_, path_));
    TM_RETURN_IF_ERROR(state_->Count("stat", path_));
    return uint64_t{file_->cached().size()};
  }

 private:
  const std::shared_ptr<SimState> state_;
  const std::string path_;
  const std::shared_ptr<SimFile> file_;
  const uint64_t generation_;
};

class SimFileLock final : public FileLock {
 public:
  SimFileLock(std::shared_ptr<SimState> state, std::string path, uint64_t generation)
      : state_(std::move(state)), path_(std::move(path)), generation_(generation) {}
  ~SimFileLock() override {
    const MutexLock lock(state_->mutex);
    if (state_->CheckAlive(generation_, path_).ok()) state_->locks.erase(path_);
  }

 private:
  const std::shared_ptr<SimState> state_;
  const std::string path_;
  const uint64_t generation_;
};

}  // namespace

struct SimFileSystem::Impl : SimState {
  using SimState::SimState;
};

SimFileSystem::SimFileSystem(uint64_t seed) : impl_(std::make_shared<Impl>(seed)) {}
SimFileSystem::~SimFileSystem() = default;

Result<std::unique_ptr<AppendFile>> SimFileSystem::OpenAppend(const std::string& path,
                                                              OpenMode mode) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("open", path));
  TM_ASSIGN_OR_RETURN(auto file, impl_->OpenForAppend(path, mode));
  return std::unique_ptr<AppendFile>(
      new SimAppendFile(impl_, path, std::move(file), impl_->generation));
}

Result<std::unique_ptr<RandomAccessFile>> SimFileSystem::OpenRead(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("open", path));
  TM_ASSIGN_OR_RETURN(auto file, impl_->disk.FindFile(path));
  return std::unique_ptr<RandomAccessFile>(
      new SimRandomAccessFile(impl_, path, std::move(file), impl_->generation));
}

Result<std::string> SimFileSystem::ReadFile(const std::string& path, size_t bytes_max) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("read", path));
  TM_ASSIGN_OR_RETURN(const auto file, impl_->disk.FindFile(path));
  if (file->cached().size() > bytes_max) {
    return Error{Code::kOutOfRange,
                 "read " + path + ": more than " + std::to_string(bytes_max) + " bytes"};
  }
  return file->cached();
}

Result<void> SimFileSystem::Truncate(const std::string& path, uint64_t size) {
  const MutexLock lock(impl_->mutex);
  const auto counted = impl_->Count("truncate", path);
  TM_ASSIGN_OR_RETURN(const auto file, impl_->disk.FindFile(path));
  if (counted.ok()) {
    file->Cut(size);
    file->Sync();
  } else if (impl_->random.Below(2) == 0) {
    file->Cut(size);  // it is the sync that failed
    file->SyncBadly(impl_->random);
  }
  return counted;
}

Result<void> SimFileSystem::Remove(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("remove", path));
  return impl_->disk.RemoveFile(path);
}

Result<void> SimFileSystem::Rename(const std::string& from, const std::string& to) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("rename", from));
  return impl_->disk.Rename(from, to);
}

Result<void> SimFileSystem::CreateDirs(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("create folder", path));
  return impl_->disk.CreateFolders(path);
}

Result<void> SimFileSystem::RemoveDir(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("remove folder", path));
  return impl_->disk.RemoveFolder(path);
}

Result<void> SimFileSystem::SyncDir(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("sync folder", path));
  return impl_->disk.SyncFolder(path);
}

Result<std::vector<std::string>> SimFileSystem::List(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("list", path));
  TM_ASSIGN_OR_RETURN(const auto folder, impl_->disk.FindFolder(path));
  std::vector<std::string> names;
  for (const auto& [name, node] : folder->cached) names.push_back(name);
  return names;
}

Result<bool> SimFileSystem::Exists(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("stat", path));
  return impl_->disk.Find(path).ok();
}

Result<uint64_t> SimFileSystem::FileSize(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("stat", path));
  TM_ASSIGN_OR_RETURN(const auto file, impl_->disk.FindFile(path));
  return uint64_t{file->cached().size()};
}

Result<std::shared_ptr<const MappedFile>> SimFileSystem::Map(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("map", path));
  TM_ASSIGN_OR_RETURN(const auto file, impl_->disk.FindFile(path));
  return {std::make_shared<const SimMappedFile>(impl_, path, file->cached())};
}

Result<void> SimFileSystem::Link(const std::string& from, const std::string& to) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("link", from));
  return impl_->disk.Link(from, to);
}

Result<uint64_t> SimFileSystem::FreeBytes(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("stat", path));
  const uint64_t used = impl_->disk.UsedBytes();
  const uint64_t space = impl_->faults.space_bytes_max;
  return used < space ? space - used : 0;
}

Result<std::unique_ptr<FileLock>> SimFileSystem::Lock(const std::string& path) {
  const MutexLock lock(impl_->mutex);
  TM_RETURN_IF_ERROR(impl_->Count("lock", path));
  if (!impl_->disk.Find(path).ok()) TM_RETURN_IF_ERROR(impl_->disk.CreateFile(path));
  const std::string normal = SimDisk::Normalise(path);
  if (!impl_->locks.insert(normal).second) {
    return Error{Code::kFailedPrecondition, "lock " + path + ": another process holds it"};
  }
  return std::unique_ptr<FileLock>(new SimFileLock(impl_, normal, impl_->generation));
}

void SimFileSystem::SetFaults(SimFaults faults) {
  const MutexLock lock(impl_->mutex);
  impl_->faults = faults;
  impl_->calls = 0;
  impl_->fired = false;
}

uint64_t SimFileSystem::calls() const {
  const MutexLock lock(impl_->mutex);
  return impl_->calls;
}

bool SimFileSystem::fired() const {
  const MutexLock lock(impl_->mutex);
  return impl_->fired;
}

void SimFileSystem::Crash() {
  const MutexLock lock(impl_->mutex);
  impl_->EndProcess();
  impl_->disk.Crash(impl_->random);
}

void SimFileSystem::Kill() {
  const MutexLock lock(impl_->mutex);
  impl_->EndProcess();
}

void SimFileSystem::FlipBit(const std::string& path, uint64_t bit) {
  const MutexLock lock(impl_->mutex);
  const auto file = impl_->disk.FindFile(path);
  TM_CHECK(file.ok());
  (*file)->FlipBit(bit);
}

}  // namespace tidemark::sim
