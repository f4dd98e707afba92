// SPDX-License-Identifier: Apache-2.0
// 1. CURRENT names a file that was synced, with its name, before CURRENT was swapped.
// 2. An edit is in force once its record is synced; then (un-synced) a confirmation follows, so
// that
//    a damaged last edit cannot pass for a torn one.
// 3. Each manifest file has a range of file numbers of its own, range << 24 and up; the next file
//    takes the next range. So no number is given twice, whatever a crash took away.
// 4. After a failure nothing is written any more: what is on disk is known at the next start only.
#include "store/block/manifest.h"

#include <algorithm>

#include "base/check.h"
#include "base/confirmation.h"
#include "store/block/file_header_internal.h"
#include "store/block/manifest_log_internal.h"

namespace tidemark::store {
namespace {

constexpr size_t kCurrentBytesMax = 256;
constexpr size_t kManifestBytesMax = 2_GiB;
// Half of a range: the next edit starts a new manifest file, and range, early enough.
constexpr uint64_t kRangeUsedMax = uint64_t{1} << (kRangeShift - 1);

std::string CurrentPath(const std::string& dir) { return JoinPath(dir, "CURRENT"); }

struct Found {
  uint64_t file_no = 0;
  LoadedManifest loaded;
};

Result<Found> ReadCurrent(FileSystem& fs, const std::string& dir) {
  const std::string path = CurrentPath(dir);
  TM_ASSIGN_OR_RETURN(const std::string text, fs.ReadFile(path, kCurrentBytesMax));
  const auto file_no = DecodeCurrent(text);
  if (!file_no) {
    return Damage(path, 0,
                  "it names no manifest; restore it from a backup, or start once with "
                  "--rebuild-manifest");
  }
  const std::string manifest = JoinPath(dir, ManifestName(*file_no));
  auto bytes = fs.ReadFile(manifest, kManifestBytesMax);
  if (!bytes.ok()) {
    if (bytes.error().code != Code::kNotFound) return std::move(bytes).error();
    return Damage(path, 0,
                  "it names " + ManifestName(*file_no) +
                      ", which is missing; restore the store from a backup, or start once with "
                      "--rebuild-manifest");
  }
  Found found{*file_no, {}};
  TM_ASSIGN_OR_RETURN(found.loaded, LoadManifest(*bytes, *file_no, manifest));
  return found;
}

Result<std::vector<uint64_t>> ListManifests(FileSystem& fs, const std::string& dir) {
  TM_ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(dir));
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = NumberOfManifest(name)) numbers.push_back(*number);
  }
  return numbers;
}

// There is no CURRENT: a new store, one whose first start was cut short, or damage.
Result<Found> ReadWithoutCurrent(FileSystem& fs, const std::string& dir, Hash128 store_id) {
  Found found;
  found.loaded.state.store_id = store_id;
  TM_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListManifests(fs, dir));
  for (const uint64_t file_no : numbers) {
    const std::string path = JoinPath(dir, ManifestName(file_no));
    TM_ASSIGN_OR_RETURN(const std::string bytes, fs.ReadFile(path, kManifestBytesMax));
    auto loaded = LoadManifest(bytes, file_no, path);
    // The first start writes a snapshot of nothing, or the beginning of one.
    const bool unfinished = file_no == uint64_t{1} << kRangeShift &&
                            (!loaded.ok() || loaded->edits == 0) &&
                            (loaded.ok() || loaded.error().code == Code::kCorruption);
    if (!unfinished) {
      return Error{Code::kCorruption,
                   CurrentPath(dir) + " is missing beside " + ManifestName(file_no) +
                       "; restore it from a backup, or start once with --rebuild-manifest"};
    }
    if (loaded.ok()) found.loaded.state.store_id = loaded->state.store_id;
  }
  return found;
}

// What no CURRENT names any more. Left-overs are harmless: the next start tries again.
void RemoveOthers(FileSystem& fs, const std::string& dir, uint64_t file_no) {
  const auto numbers = ListManifests(fs, dir);
  if (!numbers.ok()) return;
  for (const uint64_t other : *numbers) {
    if (other != file_no) (void)fs.Remove(JoinPath(dir, ManifestName(other))).ok();
  }
}

}  // namespace

Result<std::unique_ptr<AppendFile>> PublishManifest(FileSystem& fs, const std::string& dir,
                                                    uint64_t file_no, std::string_view contents) {
  TM_ASSIGN_OR_RETURN(auto file,
                      fs.OpenAppend(JoinPath(dir, ManifestName(file_no)), OpenMode::kTruncate));
  TM_RETURN_IF_ERROR(file->Append(AsBytes(contents)));
  TM_RETURN_IF_ERROR(file->Sync());
  TM_RETURN_IF_ERROR(fs.SyncDir(dir));
  TM_RETURN_IF_ERROR(WriteFileAtomically(fs, CurrentPath(dir), EncodeCurrent(file_no)));
  return file;
}

struct Manifest::Impl {
  Impl(FileSystem& files, std::string folder, const ManifestLimits& bounds, int64_t now)
      : fs(files), dir(std::move(folder)), limits(bounds), opened_ns(now) {}

  FileSystem& fs;
  const std::string dir;
  const ManifestLimits limits;
  const int64_t opened_ns;

  ManifestState state;
  uint64_t range = 0;
  uint64_t used = 0;    // numbers of the range that were given out
  uint64_t number = 0;  // of the last edit
  std::unique_ptr<AppendFile> file;
  uint64_t bytes = 0;           // of the file
  uint64_t snapshot_bytes = 0;  // of its beginning
  uint64_t edit_at = 0;         // of the last edit
  uint32_t chain = 0;
  bool failed = false;

  uint64_t file_no() const { return range << kRangeShift; }

  // A fresh file with a snapshot and the next range.
  Result<void> Roll() {
    const uint64_t next = (range + 1) << kRangeShift;
    const NewManifest fresh = BuildManifest(state, range + 1, number, next, opened_ns);
    TM_ASSIGN_OR_RETURN(file, PublishManifest(fs, dir, next, fresh.bytes));
    ++range;
    used = 1;  // the manifest file itself
    bytes = snapshot_bytes = fresh.bytes.size();
    chain = fresh.chain;
    RemoveOthers(fs, dir, file_no());
    return {};
  }

  bool RollDue() const {
    return used >= kRangeUsedMax ||
           bytes - snapshot_bytes > std::max(limits.edits_bytes_max, snapshot_bytes);
  }

  Result<void> Write(const ManifestEdit& edit) {
    if (RollDue()) TM_RETURN_IF_ERROR(Roll());
    const std::string payload = EncodeEdit(edit);
    std::string record;
    const uint32_t crc = AppendManifestRecord(
        {ManifestRecordType::kEdit, number + 1, chain, 0, payload}, file_no(), bytes, record);
    TM_RETURN_IF_ERROR(file->Append(AsBytes(record)));
    TM_RETURN_IF_ERROR(file->Sync());
    edit_at = bytes;
    bytes += record.size();
    chain = crc;
    ++number;
    return {};
  }

  // Rule 2. A failure says nothing of the edit, which is synced.
  void Confirm() {
    const uint64_t at = ConfirmationOffset(edit_at, kManifestRecordHeaderBytes, bytes);
    std::string record(static_cast<size_t>(at - bytes), '\0');
    AppendManifestRecord({ManifestRecordType::kConfirmation, number, chain, 0, {}}, file_no(), at,
                         record);
    failed = !file->Append(AsBytes(record)).ok();
    bytes += record.size();
  }
};

Manifest::Manifest(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Manifest::~Manifest() = default;

Result<std::unique_ptr<Manifest>> Manifest::Open(FileSystem& fs, std::string dir,
                                                 Hash128 store_id_if_new, int64_t now_ns,
                                                 ManifestLimits limits) {
  auto found = ReadCurrent(fs, dir);
  if (!found.ok() && found.error().code == Code::kNotFound) {
    found = ReadWithoutCurrent(fs, dir, store_id_if_new);
  }
  if (!found.ok()) return std::move(found).error();
  auto impl = std::make_unique<Impl>(fs, std::move(dir), limits, now_ns);
  impl->state = std::move(found->loaded.state);
  impl->range = found->loaded.range;
  impl->number = found->loaded.number;
  if (auto rolled = impl->Roll(); !rolled.ok()) {
    return std::move(rolled).error().With("start a new manifest");
  }
  return std::unique_ptr<Manifest>(new Manifest(std::move(impl)));
}

const ManifestState& Manifest::state() const { return impl_->state; }
uint64_t Manifest::bytes() const { return impl_->bytes; }
std::string Manifest::current_name() const { return ManifestName(impl_->file_no()); }

uint64_t Manifest::NextFileNo() {
  TM_CHECK(impl_->used < uint64_t{1} << kRangeShift);
  return impl_->file_no() + impl_->used++;
}

Result<void> Manifest::Apply(const ManifestEdit& edit) {
  if (impl_->failed) {
    return Error{Code::kUnavailable, JoinPath(impl_->dir, current_name()) +
                                         ": an earlier write failed; restart the server to go on"};
  }
  TM_RETURN_IF_ERROR(CheckEdit(impl_->state, edit));
  if (auto written = impl_->Write(edit); !written.ok()) {
    impl_->failed = true;
    return std::move(written).error().With("write the manifest");
  }
  ApplyEdit(edit, impl_->state);
  impl_->Confirm();
  return {};
}

Result<ManifestState> Manifest::Read(FileSystem& fs, const std::string& dir) {
  TM_ASSIGN_OR_RETURN(Found found, ReadCurrent(fs, dir));
  return std::move(found.loaded.state);
}

}  // namespace tidemark::store
