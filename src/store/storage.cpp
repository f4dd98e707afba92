// SPDX-License-Identifier: Apache-2.0
// Order of a publication (storage.md 6.1): files synced under tmp/ -> folders made and synced ->
// renamed into place, folders synced -> manifest edit (the commit point) -> version installed ->
// files taken out are removed (maps stay readable).
#include "store/storage.h"

#include <algorithm>
#include <charconv>

#include "base/logging.h"

namespace tidemark::store {
namespace {

constexpr std::string_view kBlockSuffix = ".tsb";
constexpr std::string_view kRevisionSuffix = ".tsr";

DamagedBlock DamageOf(const BlockMeta& meta, std::string reason) {
  return {meta, std::move(reason), false, false};
}

DamagedBlock DamageOf(const RevisionMeta& meta, std::string reason) {
  DamagedBlock out;
  out.reason = std::move(reason);
  out.revisions = true;
  out.meta.file_no = meta.file_no;
  out.meta.bytes = meta.bytes;
  out.meta.footer_crc = meta.footer_crc;
  out.meta.rows = meta.entries;
  out.meta.first_series = meta.first_series;
  out.meta.last_series = meta.last_series;
  out.meta.min_time = meta.min_time;
  out.meta.max_time = meta.max_time;
  out.meta.min_lsn = meta.min_lsn;
  out.meta.max_lsn = meta.max_lsn;
  for (const TableId table : meta.tables) {
    out.meta.tables.push_back({table, 0, meta.min_time, meta.max_time});
  }
  return out;
}

std::string NameOf(const DamagedBlock& damaged) {
  return damaged.revisions ? RevisionFileName(damaged.meta.file_no)
                           : BlockFileName(damaged.meta.file_no);
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// The number in "0000000123.tsb", or none.
std::optional<uint64_t> NumberOf(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// For files that nothing names: what stays goes at the next start.
void RemoveIfPossible(FileSystem& fs, const std::string& path) {
  if (auto removed = fs.Remove(path); !removed.ok()) {
    Log(LogLevel::kDebug, "store", "a useless file stays until the next start", {{"file", path}});
  }
}

// Renames into a folder that is made if need be; `folders` collects those to sync.
Result<void> PlaceFile(FileSystem& fs, const std::string& from, const std::string& to,
                       std::vector<std::string>& folders) {
  const std::string folder = FolderOf(to);
  if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
    TM_RETURN_IF_ERROR(fs.CreateDirs(folder));
    folders.push_back(folder);
  }
  return fs.Rename(from, to);
}

Result<void> LinkOrCopy(FileSystem& fs, const std::string& from, const std::string& to) {
  auto linked = fs.Link(from, to);
  if (linked.ok() || linked.error().code != Code::kUnimplemented) return linked;
  return CopyFile(fs, from, to);
}

}  // namespace

StorageMetrics::StorageMetrics(MetricRegistry& m)
    : fsyncs(m.GetCounter("tidemark_store_fsyncs_total",
                          "Syncs of block, revision, dictionary and manifest files and folders")),
      bytes_written(m.GetCounter("tidemark_store_block_bytes_written_total",
                                 "Bytes of block and revision files written, merges included")),
      chunks_decoded(
          m.GetCounter("tidemark_store_chunks_decoded_total", "Chunks opened to decode rows")),
      chunks_answered(m.GetCounter("tidemark_store_chunks_answered_total",
                                   "Chunks that statistics answered for without decoding")),
      files(m.GetGauge("tidemark_store_block_files", "Block files in force")),
      quarantined(m.GetGauge("tidemark_store_blocks_quarantined",
                             "Damaged block files set aside and not accepted as gaps")) {}

Storage::Storage(FileSystem& fs, std::string dir, MetricRegistry& metrics, Snapshots& snapshots)
    : fs_(fs), dir_(std::move(dir)), metrics_(metrics), snapshots_(snapshots) {}
Storage::~Storage() = default;

std::string Storage::TmpPath(std::string_view name) const {
  return JoinPath(JoinPath(dir_, "tmp"), std::string(name) + ".tmp");
}

std::string BlockPathOf(const BlockMeta& meta) {
  std::string folder = "blk/0";
  if (meta.level != FileLevel::kSealed && !meta.mixed() && meta.tables.size() == 1) {
    folder = "blk/" + std::to_string(meta.tables[0].table.value) + "/" +
             std::to_string(meta.partition_start / 1'000'000'000);
  }
  return JoinPath(folder, BlockFileName(meta.file_no));
}

std::string RevisionPathOf(const RevisionMeta& meta) {
  return JoinPath("blk/0", RevisionFileName(meta.file_no));
}

std::string Storage::PathOf(const BlockMeta& meta) const {
  return JoinPath(dir_, BlockPathOf(meta));
}

std::string Storage::PathOf(const RevisionMeta& meta) const {
  return JoinPath(dir_, RevisionPathOf(meta));
}

Result<std::unique_ptr<Storage>> Storage::Open(FileSystem& fs, std::string dir,
                                               Hash128 store_id_if_new, int64_t now_ns,
                                               MetricRegistry& metrics, Snapshots& snapshots,
                                               const Dictionary::Visitor& visitor) {
  std::unique_ptr<Storage> s(new Storage(fs, std::move(dir), metrics, snapshots));
  for (const char* folder : {"dict", "blk/0", "tmp", "quarantine"}) {
    TM_RETURN_IF_ERROR(fs.CreateDirs(JoinPath(s->dir_, folder)));
  }
  const MutexLock lock(s->files_mutex_);
  TM_ASSIGN_OR_RETURN(s->manifest_, Manifest::Open(fs, s->dir_, store_id_if_new, now_ns));
  s->store_id_ = s->manifest_->state().store_id;
  TM_ASSIGN_OR_RETURN(s->dictionary_, Dictionary::Open(fs, JoinPath(s->dir_, "dict"), s->store_id_,
                                                       s->manifest_->state().dictionary, visitor));
  TM_RETURN_IF_ERROR(s->OpenFiles());
  TM_RETURN_IF_ERROR(s->RemoveUnnamed());
  return s;
}

Result<void> Storage::OpenFiles() {
  auto version = std::make_shared<Version>();
  std::vector<std::pair<DamagedBlock, std::string>> damaged;
  const auto open = [&]<typename File>(const auto& metas, auto& files) -> Result<void> {
    for (const auto& [number, meta] : metas) {
      auto file = File::Open(fs_, PathOf(meta), meta, store_id_);
      // A disk that cannot be read for a moment is no damage; one that cannot be read again is.
      if (!file.ok() && file.error().code == Code::kIo) {
        file = File::Open(fs_, PathOf(meta), meta, store_id_);
      }
      if (file.ok()) {
        files[number] = std::move(file).value();
        continue;
      }
      // A file that a newer version wrote is no damage.
      if (file.error().code == Code::kUnimplemented) return std::move(file).error();
      damaged.emplace_back(DamageOf(meta, file.error().message), PathOf(meta));
    }
    return {};
  };
  const ManifestState& state = manifest_->state();
  TM_RETURN_IF_ERROR(open.operator()<BlockFile>(state.blocks, version->files));
  TM_RETURN_IF_ERROR(open.operator()<RevisionFile>(state.revisions, version->revisions));
  for (auto& [damage, path] : damaged) TM_RETURN_IF_ERROR(SetAside(std::move(damage), path));
  for (const auto& [number, damage] : manifest_->state().damaged) {
    DamagedEntry& entry = version->damaged[number];
    entry.damaged = damage;
    if (damage.revisions) continue;
    // Its index may be whole: then it still tells which series it concerns.
    auto file = BlockFile::Open(fs_, JoinPath(JoinPath(dir_, "quarantine"), BlockFileName(number)),
                                damage.meta, store_id_);
    if (file.ok()) entry.file = std::move(file).value();
  }
  InstallVersion(std::move(version));
  return {};
}

void Storage::InstallVersion(std::shared_ptr<Version> version) {
  version->Index();
  metrics_.files.Set(static_cast<int64_t>(version->files.size()));
  metrics_.quarantined.Set(std::count_if(version->damaged.begin(), version->damaged.end(),
                                         [](const auto& d) { return !d.second.damaged.accepted; }));
  snapshots_.Install(std::move(version));
}

// Moves the file, then publishes the damage: a crash between the two finds it missing, which is
// damage too. Missing files have nothing to move.
Result<void> Storage::SetAside(DamagedBlock damaged, const std::string& path) {
  const std::string name = NameOf(damaged);
  Log(LogLevel::kError, "store", "a damaged file is set aside in quarantine",
      {{"file", name}, {"reason", damaged.reason}});
  const std::string quarantine = JoinPath(dir_, "quarantine");
  const std::string note = "file: " + path + "\nreason: " + damaged.reason + "\n";
  if (auto moved = fs_.Rename(path, JoinPath(quarantine, name));
      !moved.ok() && moved.error().code != Code::kNotFound) {
    return std::move(moved).error().With("set aside " + name);
  }
  TM_RETURN_IF_ERROR(fs_.SyncDir(quarantine));
  TM_RETURN_IF_ERROR(WriteFileAtomically(fs_, JoinPath(quarantine, name + ".txt"), note));
  ManifestEdit edit;
  edit.damage.push_back(std::move(damaged));
  return manifest_->Apply(edit);
}

Result<void> Storage::RemoveUnnamed() {
  TM_RETURN_IF_ERROR(RemoveUnnamedIn("tmp", 0));
  TM_RETURN_IF_ERROR(RemoveUnnamedIn("dict", 0));
  return RemoveUnnamedIn("blk", 2);
}

Result<void> Storage::RemoveUnnamedIn(const std::string& folder, int depth) {
  const std::string path = JoinPath(dir_, folder);
  TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(path));
  const ManifestState& state = manifest_->state();
  for (const std::string& name : names) {
    const std::string child = JoinPath(path, name);
    const auto block = NumberOf(name, kBlockSuffix);
    const auto revision = NumberOf(name, kRevisionSuffix);
    const auto dictionary = NumberOf(name, ".sdx");
    // A file counts only at the place where its entry would put it.
    const auto named = [&](const auto& metas, const std::optional<uint64_t>& number) {
      if (!number) return false;
      const auto it = metas.find(*number);
      return it != metas.end() && PathOf(it->second) == child;
    };
    if (named(state.blocks, block) || named(state.revisions, revision)) continue;
    if (dictionary && *dictionary == state.dictionary.file_no) continue;
    if (depth > 0 && name.find('.') == std::string::npos) {
      TM_RETURN_IF_ERROR(RemoveUnnamedIn(JoinPath(folder, name), depth - 1));
      if (folder == "blk" && name == "0") continue;
      TM_ASSIGN_OR_RETURN(const std::vector<std::string> left, fs_.List(child));
      if (left.empty()) TM_RETURN_IF_ERROR(fs_.RemoveDir(child));
      continue;
    }
    const auto size = fs_.FileSize(child);
    Log(LogLevel::kInfo, "store", "a file that the manifest does not name is removed",
        {{"file", JoinPath(folder, name)}, {"bytes", size.ok() ? *size : 0}});
    TM_RETURN_IF_ERROR(fs_.Remove(child));
  }
  return {};
}

uint64_t Storage::NextFileNo() {
  const MutexLock lock(files_mutex_);
  return manifest_->NextFileNo();
}

ManifestState Storage::State() {
  const MutexLock lock(files_mutex_);
  return manifest_->state();
}

DictionaryExtent Storage::dictionary() {
  const MutexLock lock(files_mutex_);
  return dictionary_->extent();
}

Result<DictionaryExtent> Storage::AppendDictionary(uint64_t lsn, std::string_view records) {
  const MutexLock lock(files_mutex_);
  if (dictionary_->needs_rewrite()) {
    return Error{Code::kFailedPrecondition, "the dictionary must be written anew"};
  }
  metrics_.fsyncs.Add();
  metrics_.bytes_written.Add(records.size());
  return dictionary_->Append(lsn, records, manifest_->NextFileNo());
}

Result<DictionaryExtent> Storage::RewriteDictionary(uint64_t lsn, std::string_view records) {
  const MutexLock lock(files_mutex_);
  metrics_.fsyncs.Add(2);
  metrics_.bytes_written.Add(records.size());
  return dictionary_->Rewrite(manifest_->NextFileNo(), lsn, records);
}

Result<void> Storage::Publish(ManifestEdit edit, std::vector<NewBlock> blocks,
                              std::vector<NewRevisions> revisions, uint64_t seal_no,
                              const std::function<void()>& before_install) {
  const MutexLock lock(files_mutex_);
  const ManifestState& state = manifest_->state();
  auto version = std::make_shared<Version>(*snapshots_.version());
  std::vector<std::string> folders;
  std::vector<std::string> placed;
  const auto place_all = [&]() -> Result<void> {
    for (NewBlock& b : blocks) {
      const std::string path = PathOf(b.meta);
      TM_RETURN_IF_ERROR(PlaceFile(fs_, b.tmp_path, path, folders));
      placed.push_back(path);
      TM_ASSIGN_OR_RETURN(version->files[b.meta.file_no],
                          BlockFile::Open(fs_, path, b.meta, store_id_));
      edit.block_bytes_written += b.meta.bytes;
      edit.add_blocks.push_back(std::move(b.meta));
    }
    for (NewRevisions& r : revisions) {
      const std::string path = PathOf(r.meta);
      TM_RETURN_IF_ERROR(PlaceFile(fs_, r.tmp_path, path, folders));
      placed.push_back(path);
      TM_ASSIGN_OR_RETURN(version->revisions[r.meta.file_no],
                          RevisionFile::Open(fs_, path, r.meta, store_id_));
      edit.block_bytes_written += r.meta.bytes;
      edit.add_revisions.push_back(std::move(r.meta));
    }
    for (const std::string& folder : folders) TM_RETURN_IF_ERROR(fs_.SyncDir(folder));
    return {};
  };
  if (auto ready = place_all(); !ready.ok()) {
    // Nothing names them: what cannot be removed now goes at the next start.
    for (const std::string& path : placed) RemoveIfPossible(fs_, path);
    // The next seal appends the same definitions again.
    if (edit.dictionary) dictionary_->Revert(state.dictionary);
    return ready;
  }
  metrics_.fsyncs.Add(folders.size() + 1);
  // Paths of what goes, while the manifest still knows them. A file that was set aside since the
  // merge began is gone from both.
  std::vector<std::string> gone;
  std::erase_if(edit.remove_blocks, [&](uint64_t n) { return !state.blocks.contains(n); });
  std::erase_if(edit.remove_revisions, [&](uint64_t n) { return !state.revisions.contains(n); });
  for (const uint64_t n : edit.remove_blocks) gone.push_back(PathOf(state.blocks.at(n)));
  for (const uint64_t n : edit.remove_revisions) gone.push_back(PathOf(state.revisions.at(n)));
  const uint64_t old_dictionary = state.dictionary.file_no;
  TM_RETURN_IF_ERROR(manifest_->Apply(edit));
  if (edit.dictionary && old_dictionary != 0 && edit.dictionary->file_no != old_dictionary) {
    gone.push_back(dictionary_->PathOf(old_dictionary));
  }
  for (const BlockMeta& b : edit.add_blocks) metrics_.bytes_written.Add(b.bytes);
  for (const RevisionMeta& r : edit.add_revisions) metrics_.bytes_written.Add(r.bytes);
  for (const uint64_t n : edit.remove_blocks) version->files.erase(n);
  for (const uint64_t n : edit.remove_revisions) version->revisions.erase(n);
  for (const uint64_t n : edit.forget_damaged) version->damaged.erase(n);
  for (const uint64_t n : edit.accept_gaps) {
    if (const auto it = version->damaged.find(n); it != version->damaged.end())
      it->second.damaged.accepted = true;
  }
  if (seal_no != 0) version->seal_no = seal_no;
  if (before_install) before_install();
  InstallVersion(std::move(version));
  for (const std::string& path : gone) {
    if (auto removed = fs_.Remove(path); !removed.ok()) {
      Log(LogLevel::kWarning, "store", "a file that is no longer needed stays until the next start",
          {{"file", path}, {"reason", removed.error().message}});
    }
    // An empty partition folder goes with its last file.
    if (FolderOf(path) != JoinPath(dir_, "blk/0")) {
      if (auto removed = fs_.RemoveDir(FolderOf(path)); !removed.ok()) continue;
    }
  }
  return {};
}

Error Storage::ReportDamage(const BlockFile& file, TableId table, Error error) {
  if (error.code != Code::kCorruption) return error;
  DamagedBlock damaged = DamageOf(file.meta(), error.message);
  Error out{Code::kCorruption,
            DamageText(damaged, table) + "; it is set aside: tidemark store stats"};
  {
    const MutexLock lock(damage_mutex_);
    found_.try_emplace(file.meta().file_no, std::move(damaged));
  }
  if (damage_found_) damage_found_();
  return out;
}

Error Storage::ReportDamage(const RevisionFile& file, TableId table, Error error) {
  if (error.code != Code::kCorruption) return error;
  DamagedBlock damaged = DamageOf(file.meta(), error.message);
  Error out{Code::kCorruption, "revision file " + NameOf(damaged) + " of table " +
                                   std::to_string(table.value) + " is damaged: " + error.message};
  {
    const MutexLock lock(damage_mutex_);
    found_.try_emplace(file.meta().file_no, std::move(damaged));
  }
  if (damage_found_) damage_found_();
  return out;
}

Result<void> Storage::MoveDamaged() {
  std::map<uint64_t, DamagedBlock> found;
  {
    const MutexLock lock(damage_mutex_);
    found.swap(found_);
  }
  if (found.empty()) return {};
  const MutexLock lock(files_mutex_);
  auto version = std::make_shared<Version>(*snapshots_.version());
  for (auto& [number, damage] : found) {
    const ManifestState& state = manifest_->state();
    std::string path;
    if (const auto b = state.blocks.find(number); b != state.blocks.end()) {
      path = PathOf(b->second);
    } else if (const auto r = state.revisions.find(number); r != state.revisions.end()) {
      path = PathOf(r->second);
    } else {
      continue;  // merged away or set aside meanwhile
    }
    DamagedEntry& entry = version->damaged[number];
    entry.damaged = damage;
    if (const auto it = version->files.find(number); it != version->files.end()) {
      entry.file = it->second;
      version->files.erase(it);
    }
    version->revisions.erase(number);
    TM_RETURN_IF_ERROR(SetAside(std::move(damage), path));
  }
  InstallVersion(std::move(version));
  return {};
}

Result<void> Storage::AcceptGap(const std::string& file) {
  const MutexLock lock(files_mutex_);
  for (const auto& [number, damage] : manifest_->state().damaged) {
    if (NameOf(damage) != file) continue;
    ManifestEdit edit;
    edit.accept_gaps.push_back(number);
    TM_RETURN_IF_ERROR(manifest_->Apply(edit));
    auto version = std::make_shared<Version>(*snapshots_.version());
    version->damaged[number].damaged.accepted = true;
    InstallVersion(std::move(version));
    return {};
  }
  return Error{Code::kNotFound,
               "no damaged file is named " + file + ": tidemark store stats lists them"};
}

Result<uint64_t> Storage::BackupTo(const std::string& to) {
  const MutexLock lock(files_mutex_);
  const ManifestState& state = manifest_->state();
  std::vector<std::string> folders{to};
  const auto link = [&](const std::string& from) -> Result<void> {
    const std::string target = JoinPath(to, from.substr(dir_.size() + 1));
    const std::string folder = FolderOf(target);
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) {
      TM_RETURN_IF_ERROR(fs_.CreateDirs(folder));
      folders.push_back(folder);
    }
    return LinkOrCopy(fs_, from, target);
  };
  for (const auto& [number, meta] : state.blocks) TM_RETURN_IF_ERROR(link(PathOf(meta)));
  for (const auto& [number, meta] : state.revisions) TM_RETURN_IF_ERROR(link(PathOf(meta)));
  if (state.dictionary.file_no != 0) {
    // Appended to later on: a copy of the part that counts.
    const std::string from = dictionary_->PathOf(state.dictionary.file_no);
    const std::string target = JoinPath(to, from.substr(dir_.size() + 1));
    TM_RETURN_IF_ERROR(fs_.CreateDirs(FolderOf(target)));
    TM_RETURN_IF_ERROR(CopyFile(fs_, from, target, state.dictionary.bytes));
    folders.push_back(FolderOf(target));
  }
  const std::string current = manifest_->current_name();
  TM_RETURN_IF_ERROR(CopyFile(fs_, JoinPath(dir_, current), JoinPath(to, current)));
  TM_RETURN_IF_ERROR(CopyFile(fs_, JoinPath(dir_, "CURRENT"), JoinPath(to, "CURRENT")));
  for (const std::string& folder : folders) TM_RETURN_IF_ERROR(fs_.SyncDir(folder));
  return state.checkpoint.lsn;
}

}  // namespace tidemark::store
