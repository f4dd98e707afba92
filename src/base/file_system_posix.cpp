// SPDX-License-Identifier: Apache-2.0
// EINTR is retried for reads and writes only: a retried fsync may report success for lost data
// (storage.md 2.5).
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "base/file_system.h"

namespace tidemark {
namespace {

constexpr size_t kWriteBytesMax = size_t{1} << 30U;  // Linux cuts one write(2) at 2 GiB - 4 KiB

Error FromErrno(int error, std::string_view doing, const std::string& path) {
  Code code = Code::kIo;
  switch (error) {
    case ENOENT:
      code = Code::kNotFound;
      break;
    case ENOTDIR:
      code = Code::kNotFound;
      break;
    case EEXIST:
      code = Code::kAlreadyExists;
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = Code::kNoSpace;
      break;
    default:
      break;
  }
  return {code, std::string(doing) + " " + path + ": " + std::generic_category().message(error)};
}

/// Owns a descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

Result<Fd> OpenFd(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return FromErrno(errno, "open", path);
  return Fd(fd);
}

Result<uint64_t> SizeOf(const Fd& fd, const std::string& path) {
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return FromErrno(errno, "stat", path);
  return static_cast<uint64_t>(info.st_size);
}

Result<size_t> ReadFully(const Fd& fd, const std::string& path, uint64_t offset,
                         std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, "read", path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

ssize_t WriteOnce(const Fd& fd, std::span<const std::byte> bytes) {
  ssize_t put = 0;
  do {
    put = ::write(fd.get(), bytes.data(), bytes.size());
  } while (put < 0 && errno == EINTR);
  return put;
}

class PosixAppendFile final : public AppendFile {
 public:
  PosixAppendFile(Fd fd, std::string path, uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  Result<void> Append(std::span<const std::byte> bytes) override {
    TM_RETURN_IF_ERROR(CheckUsable());
    while (!bytes.empty()) {
      const auto piece = bytes.first(std::min(bytes.size(), kWriteBytesMax));
      if (auto r = AppendPiece(piece); !r.ok()) {
        failed_ = true;
        return r;
      }
      size_ += piece.size();
      bytes = bytes.subspan(piece.size());
    }
    return {};
  }

  Result<void> Sync() override {
    TM_RETURN_IF_ERROR(CheckUsable());
    if (::fdatasync(fd_.get()) == 0) return {};
    failed_ = true;
    return FromErrno(errno, "sync", path_);
  }

  uint64_t size() const override { return size_; }

 private:
  Result<void> CheckUsable() const {
    if (!failed_) return {};
    return Error{Code::kIo, "write " + path_ + ": refused after an earlier failure"};
  }

  Result<void> AppendPiece(std::span<const std::byte> piece) {
    const ssize_t put = WriteOnce(fd_, piece);
    if (put < 0) return FromErrno(errno, "write", path_);
    const auto done = static_cast<size_t>(put);
    if (done == piece.size()) return {};
    // A short write is an error whatever comes next; the second call only learns the reason, which
    // is nearly always a full disk.
    if (WriteOnce(fd_, piece.subspan(done)) < 0) return FromErrno(errno, "write", path_);
    return Error{Code::kIo, "write " + path_ + ": short write"};
  }

  const Fd fd_;
  const std::string path_;
  uint64_t size_;
  bool failed_ = false;
};

class PosixRandomAccessFile final : public RandomAccessFile {
 public:
  PosixRandomAccessFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<std::byte> out) const override {
    return ReadFully(fd_, path_, offset, out);
  }
  Result<uint64_t> size() const override { return SizeOf(fd_, path_); }

 private:
  const Fd fd_;
  const std::string path_;
};

class PosixMappedFile final : public MappedFile {
 public:
  PosixMappedFile(void* start, size_t size, std::string path)
      : start_(start), size_(size), path_(std::move(path)) {}
  PosixMappedFile(const PosixMappedFile&) = delete;
  PosixMappedFile& operator=(const PosixMappedFile&) = delete;
  ~PosixMappedFile() override {
    if (size_ > 0) ::munmap(start_, size_);
  }

  std::string_view bytes() const override { return {static_cast<const char*>(start_), size_}; }

  Result<void> Populate(uint64_t offset, uint64_t size) const override {
    if (offset > size_ || size > size_ - offset) {
      return Error{Code::kIo, "read " + path_ + ": beyond its end"};
    }
    if (size == 0) return {};
    constexpr uint64_t kPage = 4096;
    const uint64_t start = offset & ~(kPage - 1);
    char* address = static_cast<char*>(start_) + start;
    while (::madvise(address, offset + size - start, MADV_POPULATE_READ) != 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      // EFAULT, EIO: the page cannot be read. EINVAL: Linux before 5.14 has no such advice.
      if (errno == EINVAL) return {};
      return FromErrno(errno == EFAULT ? EIO : errno, "read", path_);
    }
    return {};
  }

 private:
  void* const start_;
  const size_t size_;
  const std::string path_;
};

class PosixFileLock final : public FileLock {
 public:
  explicit PosixFileLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  const Fd fd_;  // flock() ends with the last descriptor of this open
};

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kCreateNew:
      return O_CREAT | O_EXCL;
    case OpenMode::kOpenExisting:
      return 0;
    case OpenMode::kTruncate:
      return O_CREAT | O_TRUNC;
  }
  TM_UNREACHABLE();
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, OpenMode mode) override {
    TM_ASSIGN_OR_RETURN(Fd fd, OpenFd(path, O_WRONLY | O_APPEND | FlagsOf(mode)));
    TM_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd, path));
    return std::unique_ptr<AppendFile>(new PosixAppendFile(std::move(fd), path, size));
  }

  Result<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override {
    TM_ASSIGN_OR_RETURN(Fd fd, OpenFd(path, O_RDONLY));
    return std::unique_ptr<RandomAccessFile>(new PosixRandomAccessFile(std::move(fd), path));
  }

  Result<std::string> ReadFile(const std::string& path, size_t bytes_max) override {
    TM_ASSIGN_OR_RETURN(const Fd fd, OpenFd(path, O_RDONLY));
    TM_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd, path));
    if (size > bytes_max) {
      return Error{Code::kOutOfRange, "read " + path + ": " + std::to_string(size) +
                                          " bytes, more than " + std::to_string(bytes_max)};
    }
    std::string out(static_cast<size_t>(size), '\0');
    TM_ASSIGN_OR_RETURN(const size_t got,
                        ReadFully(fd, path, 0, std::as_writable_bytes(std::span(out))));
    out.resize(got);
    return out;
  }

  Result<void> Truncate(const std::string& path, uint64_t size) override {
    TM_ASSIGN_OR_RETURN(const Fd fd, OpenFd(path, O_WRONLY));
    if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
      return FromErrno(errno, "truncate", path);
    }
    if (::fsync(fd.get()) != 0) return FromErrno(errno, "sync", path);
    return {};
  }

  Result<void> Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return FromErrno(errno, "remove", path);
    return {};
  }

  Result<void> Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) == 0) return {};
    return FromErrno(errno, "rename", from + " to " + to);
  }

  Result<void> CreateDirs(const std::string& path) override {
    size_t end = 0;
    while (end < path.size()) {
      end = std::min(path.find('/', end + 1), path.size());
      const std::string folder = path.substr(0, end);
      if (::mkdir(folder.c_str(), 0755) == 0) {
        const size_t slash = folder.rfind('/', folder.find_last_not_of('/'));
        const std::string parent = slash == std::string::npos ? "."
                                   : slash == 0               ? "/"
                                                              : folder.substr(0, slash);
        TM_RETURN_IF_ERROR(SyncDir(parent));
        continue;
      }
      const int error = errno;
      struct stat info{};
      if (error == EEXIST && ::stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
      return FromErrno(error, "create folder", folder);
    }
    return {};
  }

  Result<void> RemoveDir(const std::string& path) override {
    if (::rmdir(path.c_str()) == 0) return {};
    // "Not empty" may come as EEXIST, which would read as the wrong code.
    const int error = errno == EEXIST ? ENOTEMPTY : errno;
    return FromErrno(error, "remove folder", path);
  }

  Result<void> SyncDir(const std::string& path) override {
    TM_ASSIGN_OR_RETURN(const Fd fd, OpenFd(path, O_RDONLY | O_DIRECTORY));
    if (::fsync(fd.get()) != 0) return FromErrno(errno, "sync folder", path);
    return {};
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
    if (folder == nullptr) return FromErrno(errno, "list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return FromErrno(errno, "list", path);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<bool> Exists(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return FromErrno(errno, "stat", path);
  }

  Result<uint64_t> FileSize(const std::string& path) override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return FromErrno(errno, "stat", path);
    return static_cast<uint64_t>(info.st_size);
  }

  Result<std::shared_ptr<const MappedFile>> Map(const std::string& path) override {
    TM_ASSIGN_OR_RETURN(const Fd fd, OpenFd(path, O_RDONLY));
    TM_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(fd, path));
    if (size == 0) return {std::make_shared<const PosixMappedFile>(nullptr, size_t{0}, path)};
    void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
    if (start == MAP_FAILED) return FromErrno(errno, "map", path);
    return {std::make_shared<const PosixMappedFile>(start, size, path)};
  }

  Result<void> Link(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    const int error = errno;
    if (error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP) {
      return Error{Code::kUnimplemented, "link " + from + " to " + to + ": not possible here"};
    }
    return FromErrno(error, "link", from + " to " + to);
  }

  Result<uint64_t> FreeBytes(const std::string& path) override {
    struct statvfs info{};
    if (::statvfs(path.c_str(), &info) != 0) return FromErrno(errno, "stat file system of", path);
    return uint64_t{info.f_bavail} * info.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    TM_ASSIGN_OR_RETURN(Fd fd, OpenFd(path, O_RDWR | O_CREAT));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      return std::unique_ptr<FileLock>(new PosixFileLock(std::move(fd)));
    }
    if (errno == EWOULDBLOCK) {
      return Error{Code::kFailedPrecondition, "lock " + path + ": another process holds it"};
    }
    return FromErrno(errno, "lock", path);
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace tidemark
