// SPDX-License-Identifier: Apache-2.0
// What SimFileSystem stores: files and folders, each as the program sees it now (cached) and as
// power loss would leave it at worst (durable), with the changes between the two. No faults, no
// locking. Single-owner (SimFileSystem's lock).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tidemark::sim {

/// The unit that a disk writes whole or not at all.
inline constexpr uint64_t kSectorBytes = 512;

class SimFile {
 public:
  const std::string& cached() const { return cached_; }
  const std::string& durable() const { return durable_; }

  void Append(std::string_view bytes);
  void Cut(uint64_t size);
  /// All changes become durable.
  void Sync();
  /// Each change becomes durable, is lost, or partly so; none is pending any more, yet the cached
  /// bytes stay: a later Sync() says ok and saves nothing of what was lost.
  void SyncBadly(SeededRandom& random);
  /// As SyncBadly(), and the cached bytes are what the disk has.
  void Crash(SeededRandom& random);
  void FlipBit(uint64_t bit);

 private:
  struct Change {
    enum class Kind : uint8_t { kAppend, kCut } kind;
    uint64_t offset;    // kCut: the new size
    std::string bytes;  // kAppend
  };

  std::string durable_;
  std::string cached_;
  std::vector<Change> pending_;  // from durable_ (as of the last sync) to cached_
};

struct SimFolder;
using SimNode = std::variant<std::monostate, std::shared_ptr<SimFile>, std::shared_ptr<SimFolder>>;

struct SimFolder {
  std::map<std::string, SimNode> cached;
  std::map<std::string, SimNode> durable;
};

/// The tree. Relative and absolute paths share one root; "." and empty parts are skipped.
class SimDisk {
 public:
  SimDisk();

  static std::string Normalise(const std::string& path);

  Result<SimNode> Find(const std::string& path) const;
  Result<std::shared_ptr<SimFile>> FindFile(const std::string& path) const;
  Result<std::shared_ptr<SimFolder>> FindFolder(const std::string& path) const;

  /// Creates an empty file; the caller knows that there is nothing of that name.
  Result<std::shared_ptr<SimFile>> CreateFile(const std::string& path);
  Result<void> RemoveFile(const std::string& path);
  Result<void> RemoveFolder(const std::string& path);
  Result<void> Rename(const std::string& from, const std::string& to);
  Result<void> Link(const std::string& from, const std::string& to);
  Result<void> CreateFolders(const std::string& path);
  Result<void> SyncFolder(const std::string& path);

  /// Cached bytes of all files.
  uint64_t UsedBytes() const;
  void Crash(SeededRandom& random);

 private:
  /// One name of one folder gets a node, or none.
  struct Edit {
    std::shared_ptr<SimFolder> folder;
    std::string name;
    SimNode node;
  };
  /// Edits that become durable together: a rename has two.
  struct FolderChange {
    std::vector<Edit>
        edits;  // the last one's folder is the one whose sync makes the change durable
  };
  struct Place {
    std::shared_ptr<SimFolder> folder;
    std::string name;
  };

  Result<Place> PlaceOf(const std::string& path) const;
  void Apply(std::vector<Edit> edits);
  static void MakeDurable(const FolderChange& change);

  std::shared_ptr<SimFolder> root_;
  std::vector<FolderChange> pending_;  // in order
};

}  // namespace tidemark::sim
