// SPDX-License-Identifier: Apache-2.0
// A file system in memory that keeps, per file and folder, what is synced and what is only cached,
// so a test can crash it, fail its Nth call, fill it, or flip its bits. Thread-safe.
//
// 1. Crash() drops, keeps or tears each un-synced write (at 512-byte granularity; a torn write may
// leave
//    zeros) and each un-synced folder change independently, drawn from the seed; what was synced
//    stays.
// 2. A failed Sync() marks the data clean and randomly keeps or loses it (storage.md 2.5).
// 3. Every call of FileSystem and of its files counts as one operation, reads included.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/file_system.h"

namespace tidemark::sim {

struct SimFaults {
  uint64_t fail_nth_call =
      0;  // 1 = the next call; 0 = none. Fails with kIo; a write may be half done
  bool fail_all_after = false;            // the Nth and all later calls fail: the machine is gone
  bool no_space = false;                  // the failure is kNoSpace instead
  uint64_t space_bytes_max = UINT64_MAX;  // kNoSpace beyond it
};

class SimFileSystem final : public FileSystem {
 public:
  explicit SimFileSystem(uint64_t seed);
  ~SimFileSystem() override;

  Result<std::unique_ptr<AppendFile>> OpenAppend(const std::string& path, OpenMode mode) override;
  Result<std::unique_ptr<RandomAccessFile>> OpenRead(const std::string& path) override;
  Result<std::string> ReadFile(const std::string& path, size_t bytes_max) override;
  Result<void> Truncate(const std::string& path, uint64_t size) override;
  Result<void> Remove(const std::string& path) override;
  Result<void> Rename(const std::string& from, const std::string& to) override;
  Result<void> CreateDirs(const std::string& path) override;
  Result<void> RemoveDir(const std::string& path) override;
  Result<void> SyncDir(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Result<bool> Exists(const std::string& path) override;
  Result<uint64_t> FileSize(const std::string& path) override;
  /// The bytes as they are now: later damage shows at the next Map().
  Result<std::shared_ptr<const MappedFile>> Map(const std::string& path) override;
  Result<void> Link(const std::string& from, const std::string& to) override;
  /// What `space_bytes_max` leaves.
  Result<uint64_t> FreeBytes(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override;

  /// Replaces the faults and starts counting their calls from here.
  void SetFaults(SimFaults faults);
  /// Calls made since the last SetFaults().
  uint64_t calls() const;
  /// Whether the Nth call came.
  bool fired() const;
  /// Power loss: un-synced state is lost (rule 1), faults are cleared, locks drop. Open files are
  /// dead.
  void Crash();
  /// kill -9: the page cache survives; only open files and locks die. Faults are cleared.
  void Kill();
  /// Damage for tests: flips one bit of the stored bytes.
  void FlipBit(const std::string& path, uint64_t bit);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tidemark::sim
