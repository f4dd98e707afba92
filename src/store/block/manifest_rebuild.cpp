// SPDX-License-Identifier: Apache-2.0
// storage.md 9.3: a manifest can be rebuilt from the footers, because they carry level, partition,
// LSN range and tables. Inputs and output of a merge may both be found: both are taken, and the
// highest version wins as ever.
#include <algorithm>

#include "store/block/file_io_internal.h"
#include "store/block/manifest.h"
#include "store/block/manifest_log_internal.h"

namespace tidemark::store {
namespace {

constexpr int kDepthMax = 4;  // blk/TABLE/PARTITION/FILE

class Rebuilder {
 public:
  Rebuilder(FileSystem& fs, std::string dir) : fs_(fs), dir_(std::move(dir)) {}

  Result<RebuiltManifest> Run(Hash128 store_id_if_none, int64_t now_ns) {
    TM_RETURN_IF_ERROR(Walk("blk", 0));
    TM_RETURN_IF_ERROR(Walk("dict", 0));
    TM_RETURN_IF_ERROR(Walk("quarantine", 0));
    TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(dir_));
    for (const std::string& name : names) {
      const auto number = NumberOfManifest(name);
      if (!number) continue;
      manifests_.push_back(name);
      Saw(*number);
    }
    ManifestState& state = out_.state;
    state.store_id = FindStoreId().value_or(store_id_if_none);
    for (const Candidate& file : files_) Take(file);
    TM_RETURN_IF_ERROR(SetOldAside());
    const uint64_t range = (highest_ >> kRangeShift) + 1;
    const uint64_t file_no = range << kRangeShift;
    const NewManifest fresh = BuildManifest(state, range, 0, file_no, now_ns);
    TM_RETURN_IF_ERROR(PublishManifest(fs_, dir_, file_no, fresh.bytes));
    return std::move(out_);
  }

 private:
  struct Candidate {
    std::string path;  // whole
    FileKind kind;
    uint64_t file_no;
    bool quarantined;
  };

  void Saw(uint64_t file_no) { highest_ = std::max(highest_, file_no); }

  // Collects the files below `folder` by their names; a folder that is missing is empty.
  Result<void> Walk(const std::string& folder, int depth) {
    const std::string path = JoinPath(dir_, folder);
    auto names = fs_.List(path);
    if (!names.ok()) {
      if (names.error().code == Code::kNotFound) return {};
      return std::move(names).error();
    }
    for (const std::string& name : *names) {
      const std::string below = JoinPath(folder, name);
      if (const auto kind = KindOf(name)) {
        files_.push_back(
            {JoinPath(dir_, below), kind->first, kind->second, folder.starts_with("quarantine")});
        Saw(kind->second);
      } else if (name.find('.') == std::string::npos && depth < kDepthMax) {
        TM_RETURN_IF_ERROR(Walk(below, depth + 1));
      }
    }
    return {};
  }

  static std::optional<std::pair<FileKind, uint64_t>> KindOf(const std::string& name) {
    if (const auto n = NumberOfName(name, ".tsb")) return std::pair{FileKind::kBlock, *n};
    if (const auto n = NumberOfName(name, ".tsr")) return std::pair{FileKind::kRevisions, *n};
    if (const auto n = NumberOfName(name, ".sdx")) return std::pair{FileKind::kDictionary, *n};
    return std::nullopt;
  }

  // Of the first header that is whole.
  std::optional<Hash128> FindStoreId() const {
    for (const Candidate& file : files_) {
      auto reader = BufferedReader::Open(fs_, file.path);
      if (!reader.ok()) continue;
      const auto bytes = reader->View(0, kFileHeaderBytes);
      if (!bytes.ok()) continue;
      const auto header =
          DecodeFileHeader(*bytes, file.kind, file.file_no, std::nullopt, file.path);
      if (header.ok()) return header->store_id;
    }
    return std::nullopt;
  }

  void Take(const Candidate& file) {
    const auto skip = [&](const Error& error) { out_.skipped.push_back(error.message); };
    ManifestState& state = out_.state;
    if (file.kind == FileKind::kBlock) {
      auto meta = BlockFile::ReadMeta(fs_, file.path, file.file_no, state.store_id);
      if (!meta.ok()) return skip(meta.error());
      if (file.quarantined) {
        state.damaged[file.file_no] = {std::move(*meta), "found in quarantine", false, false};
      } else {
        state.blocks[file.file_no] = std::move(*meta);
      }
    } else if (file.kind == FileKind::kRevisions && !file.quarantined) {
      auto meta = RevisionFile::ReadMeta(fs_, file.path, file.file_no, state.store_id);
      if (!meta.ok()) return skip(meta.error());
      state.revisions[file.file_no] = std::move(*meta);
    } else if (file.kind == FileKind::kDictionary && !file.quarantined) {
      const auto found = Dictionary::FindExtent(fs_, file.path, file.file_no, state.store_id);
      if (!found.ok()) return skip(found.error());
      if (found->record_bytes < dictionary_bytes_) return;
      dictionary_bytes_ = found->record_bytes;
      state.dictionary = found->extent;
    } else {
      out_.skipped.push_back(file.path + ": it is in quarantine");
    }
  }

  Result<void> SetOldAside() {
    if (manifests_.empty()) return {};
    const std::string quarantine = JoinPath(dir_, "quarantine");
    TM_RETURN_IF_ERROR(fs_.CreateDirs(quarantine));
    for (const std::string& name : manifests_) {
      TM_RETURN_IF_ERROR(fs_.Rename(JoinPath(dir_, name), JoinPath(quarantine, name)));
    }
    TM_RETURN_IF_ERROR(fs_.SyncDir(quarantine));
    return fs_.SyncDir(dir_);
  }

  FileSystem& fs_;
  const std::string dir_;
  std::vector<Candidate> files_;
  std::vector<std::string> manifests_;
  uint64_t highest_ = 0;
  uint64_t dictionary_bytes_ = 0;
  RebuiltManifest out_;
};

}  // namespace

Result<RebuiltManifest> Manifest::Rebuild(FileSystem& fs, const std::string& dir,
                                          Hash128 store_id_if_none, int64_t now_ns) {
  auto rebuilt = Rebuilder(fs, dir).Run(store_id_if_none, now_ns);
  if (!rebuilt.ok()) return std::move(rebuilt).error().With("rebuild the manifest");
  return rebuilt;
}

}  // namespace tidemark::store
