// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/compactor_internal.h"
#include "store/reject_text.h"
#include "store/retention_clock.h"
#include "store/revision_merge.h"

namespace tidemark::store {
namespace {

// storage.md 6.2.
constexpr size_t kFanIn = 8;            // sealed files, or revision files, are merged from here on
constexpr size_t kOverlaysMax = 4;      // of one span, or mixed ones
constexpr double kOverlayShare = 0.05;  // of the base's rows
constexpr double kQuietShare = 0.005;   // once a span is past its end
constexpr uint64_t kDenseRowsMin = 16384;  // a smaller part of a merge shares a mixed file
constexpr size_t kTargetsMax = 64;         // files that one merge writes at a time
constexpr uint64_t kRowsPerStep = 65536;
// Old partitions are merged into wider files while these stay below so many rows.
constexpr int64_t kDayNs = 86'400'000'000'000;
constexpr int64_t kWideNs = 32 * kDayNs;
constexpr nanoseconds kOldAfter = hours(7 * 24);
constexpr uint64_t kWideRowsMax = uint64_t{32} << 20;
constexpr nanoseconds kQuietAfter = hours(1);
/// Rows are hidden at once when retention passes; their files go later, so that a correction of the
/// settings finds them.
constexpr nanoseconds kFilesStay = hours(1);
constexpr minutes kCheckEvery{1};

}  // namespace

Compactor::Compactor(EmbeddedStore::State& state) : s_(state) {}
Compactor::~Compactor() = default;

void Compactor::Compact(CompactMode mode, Completion<void> done) {
  {
    const MutexLock lock(mutex_);
    waiters_.push_back({mode, std::move(done)});
  }
  s_.executor.Wake(s_.compact_task);
}

void Compactor::Close() {
  std::vector<Waiter> waiters;
  {
    const MutexLock lock(mutex_);
    waiters.swap(waiters_);
  }
  for (Waiter& w : waiters) w.done(Error{Code::kUnavailable, "the store is closing"});
}

CompactMode Compactor::mode() {
  const MutexLock lock(mutex_);
  const bool full = std::any_of(waiters_.begin(), waiters_.end(),
                                [](const Waiter& w) { return w.mode == CompactMode::kFull; });
  return full ? CompactMode::kFull : CompactMode::kDue;
}

Compactor::Span Compactor::SpanOf(int64_t time) const {
  const int64_t width = s_.options.partition.count();
  const int64_t start = FloorTo({time}, s_.options.partition, {}).ns;
  return WidenOld({start, start > INT64_MAX - width ? INT64_MAX : start + width});
}

Compactor::Span Compactor::WidenOld(Span span) const {
  const EventTime old = s_.retention_clock->Now().AsEventTime() - kOldAfter;
  const int64_t start = FloorTo({span.start}, nanoseconds(kWideNs), {}).ns;
  if (start > INT64_MAX - kWideNs) return span;
  const Span wide{start, start + kWideNs};
  return wide.end <= old.ns && span.end <= wide.end ? wide : span;
}

// By table: times whose rows and files may go for good.
std::map<TableId, int64_t> Compactor::Floors() {
  std::map<TableId, int64_t> out;
  const ArrivalTime now = s_.snapshots.OldestSince(s_.retention_clock->Now());
  const ReaderLock lock(s_.index_mutex);
  for (uint32_t slot = 0; slot < s_.index.slots(); ++slot) {
    const TableIndex* table = s_.index.BySlot(slot);
    if (table == nullptr || !table->settings) continue;
    const EventTime start =
        WindowOf(*table->settings, now, WriteBatch::TimeCheck::kNone).retention_start;
    const int64_t floor = std::max(start, table->floor).ns;
    out[table->id] =
        floor < INT64_MIN + kFilesStay.count() ? INT64_MIN : floor - kFilesStay.count();
  }
  return out;
}

Result<bool> Compactor::DropExpired() {
  const std::map<TableId, int64_t> floors = Floors();
  const auto gone = [&](TableId table, int64_t max_time) {
    const auto it = floors.find(table);
    if (it != floors.end()) return max_time < it->second;
    const ReaderLock lock(s_.index_mutex);
    return s_.index.Find(table) == nullptr;  // dropped
  };
  ManifestEdit edit;
  const auto version = s_.snapshots.version();
  for (const auto& [number, file] : version->files) {
    const auto& tables = file->meta().tables;
    if (std::all_of(tables.begin(), tables.end(),
                    [&](const TableShare& t) { return gone(t.table, t.max_time); })) {
      edit.remove_blocks.push_back(number);
    }
  }
  for (const auto& [number, file] : version->revisions) {
    const auto& tables = file->meta().tables;
    if (std::all_of(tables.begin(), tables.end(),
                    [&](TableId t) { return gone(t, file->meta().max_time); })) {
      edit.remove_revisions.push_back(number);
    }
  }
  for (const auto& [number, damaged] : version->damaged) {
    const auto& tables = damaged.damaged.meta.tables;
    if (std::all_of(tables.begin(), tables.end(),
                    [&](const TableShare& t) { return gone(t.table, t.max_time); })) {
      edit.forget_damaged.push_back(number);
    }
  }
  if (edit.remove_blocks.empty() && edit.remove_revisions.empty() && edit.forget_damaged.empty())
    return false;
  TM_RETURN_IF_ERROR(s_.storage->Publish(std::move(edit), {}, {}, 0, {}));
  return true;
}

bool Compactor::EnoughSpace(uint64_t bytes) const {
  const auto free = s_.fs.FreeBytes(s_.storage->dir());
  return !free.ok() || *free > bytes + bytes / 8;
}

// Sealed files, or mixed overlays, into overlays of their spans.
std::unique_ptr<MergeJob> Compactor::SplitJob(const Version& version, bool mixed,
                                              CompactMode mode) {
  std::vector<std::shared_ptr<BlockFile>> inputs;
  for (const auto& [number, file] : version.files) {
    const BlockMeta& meta = file->meta();
    const bool is_mixed = meta.level != FileLevel::kSealed && meta.mixed();
    if (mixed ? is_mixed : meta.level == FileLevel::kSealed) inputs.push_back(file);
  }
  const bool full = mode == CompactMode::kFull;
  if (inputs.empty() || (!full && inputs.size() < (mixed ? kOverlaysMax : kFanIn))) return nullptr;
  // Rows by table and span, from the directories.
  std::map<Key, uint64_t> rows;
  std::vector<ChunkEntry> entries;
  for (const auto& file : inputs) {
    for (size_t page = 0; page < file->pages(); ++page) {
      // Damage shows in the merge.
      if (!file->Page(page, entries).ok()) continue;
      for (const ChunkEntry& e : entries) {
        const SeriesEntry* series = s_.directory.Get({0, e.series});
        if (series == nullptr) continue;
        const Span first = SpanOf(e.min_time);
        rows[{series->table, first}] += e.rows;
        if (e.max_time >= first.end) rows[{series->table, SpanOf(e.max_time)}] += 1;
      }
    }
  }
  std::vector<std::pair<uint64_t, Key>> order;
  for (const auto& [key, count] : rows) order.emplace_back(count, key);
  std::sort(order.rbegin(), order.rend());
  std::vector<MergeTarget> targets;
  for (const auto& [count, key] : order) {
    if (targets.size() == kTargetsMax || (!full && count < kDenseRowsMin)) break;
    MergeTarget t;
    t.table = key.first;
    t.start = key.second.start;
    t.end = key.second.end;
    t.level = FileLevel::kOverlay;
    targets.push_back(t);
  }
  return std::make_unique<MergeJob>(s_, std::move(inputs), std::move(targets), Floors());
}

// Overlays and bases of one span into its new base.
std::unique_ptr<MergeJob> Compactor::SpanJob(const Version& version, CompactMode mode) {
  struct Files {
    std::vector<std::shared_ptr<BlockFile>> all;
    uint64_t base_rows = 0;
    uint64_t overlay_rows = 0;
    size_t overlays = 0;
    size_t bases = 0;
  };
  std::map<Key, Files> spans;
  for (const auto& [number, file] : version.files) {
    const BlockMeta& meta = file->meta();
    if (meta.level == FileLevel::kSealed || meta.mixed() || meta.tables.size() != 1) continue;
    const Span span = WidenOld({meta.partition_start, meta.partition_end});
    Files& files = spans[{meta.tables[0].table, span}];
    files.all.push_back(file);
    const bool base = meta.level == FileLevel::kBase;
    ++(base ? files.bases : files.overlays);
    (base ? files.base_rows : files.overlay_rows) += meta.rows;
  }
  const EventTime quiet = s_.retention_clock->Now().AsEventTime() - kQuietAfter;
  for (auto& [key, files] : spans) {
    const auto overlay = static_cast<double>(files.overlay_rows);
    const auto base = static_cast<double>(files.base_rows);
    bool due = false;
    if (files.base_rows + files.overlay_rows > kWideRowsMax && files.bases > 1 &&
        files.overlays == 0) {
      due = false;  // wide enough already
    } else if (mode == CompactMode::kFull) {
      due = files.overlays > 0 || files.bases > 1;
    } else if (files.overlays > 0) {
      due = files.overlays >= kOverlaysMax || overlay >= kOverlayShare * base;
      // A span without a base, still written to, waits for more.
      if (files.bases == 0 && files.overlays < kOverlaysMax) due = false;
      if (key.second.end <= quiet.ns)
        due = due || files.bases == 0 || overlay >= kQuietShare * base;
    } else {
      due =
          files.bases >= kFanIn || (files.bases > 1 && key.second.end - key.second.start > kDayNs);
    }
    if (!due) continue;
    MergeTarget target;
    target.table = key.first;
    target.start = key.second.start;
    target.end = key.second.end;
    target.level = FileLevel::kBase;
    // A view that still has to hear of an ended row finds it by its chunk.
    const uint64_t slowest = s_.SlowestView();
    target.drop_tombstones = std::all_of(files.all.begin(), files.all.end(), [&](const auto& file) {
      return file->meta().max_lsn <= slowest;
    });
    for (const TableFile& f : version.FilesOf(key.first)) {
      const bool outside = std::none_of(files.all.begin(), files.all.end(), [&](const auto& file) {
        return file.get() == f.file.get();
      });
      if (outside && f.min_time < target.end && f.max_time >= target.start)
        target.drop_tombstones = false;
    }
    return std::make_unique<MergeJob>(s_, std::move(files.all), std::vector{target}, Floors());
  }
  return nullptr;
}

std::unique_ptr<MergeJob> Compactor::NextJob(CompactMode mode) {
  const auto version = s_.snapshots.version();
  auto job = SplitJob(*version, false, mode);
  if (job == nullptr) job = SplitJob(*version, true, mode);
  if (job == nullptr) job = SpanJob(*version, mode);
  if (job != nullptr && !EnoughSpace(job->input_bytes())) {
    Log(LogLevel::kWarning, "store", "a merge waits for space on the disk",
        {{"needed_bytes", job->input_bytes()}});
    return nullptr;
  }
  return job;
}

// The smaller ones first: big ones are merged seldom.
std::optional<std::vector<uint64_t>> Compactor::RevisionFilesToMerge(const Version& version,
                                                                     CompactMode mode) {
  std::vector<std::pair<uint64_t, uint64_t>> files;
  for (const auto& [number, file] : version.revisions)
    files.emplace_back(file->meta().bytes, number);
  const bool full = mode == CompactMode::kFull;
  if (files.size() < (full ? 2 : kFanIn)) return std::nullopt;
  std::sort(files.begin(), files.end());
  if (!full) files.resize(kFanIn);
  std::vector<uint64_t> out;
  for (const auto& [bytes, number] : files) out.push_back(number);
  return out;
}

Result<void> Compactor::MergeRevisions(const std::vector<uint64_t>& files) {
  const auto version = s_.snapshots.version();
  std::vector<std::shared_ptr<RevisionFile>> inputs;
  for (const uint64_t number : files) inputs.push_back(version->revisions.at(number));
  RevisionMergeOptions options;
  options.floors = Floors();
  options.now = s_.retention_clock->Now();
  options.retention = s_.options.revision_retention;
  options.table_of = [this](uint32_t series) -> std::optional<TableId> {
    const SeriesEntry* entry = s_.directory.Get({0, series});
    if (entry == nullptr) return std::nullopt;
    const MutexLock lock(s_.LaneOf(series).mutex);
    return entry->dropped ? std::nullopt : std::optional(entry->table);
  };
  const uint64_t file_no = s_.storage->NextFileNo();
  const std::string path = s_.storage->TmpPath(RevisionFileName(file_no));
  TM_ASSIGN_OR_RETURN(const auto writer,
                      RevisionFileWriter::Create(s_.fs, path, file_no, s_.storage->store_id(),
                                                 s_.clock.Now().AsEventTime().ns));
  if (auto merged = MergeRevisionFiles(inputs, options, *writer); !merged.ok()) return merged;
  ManifestEdit edit;
  edit.remove_revisions = files;
  std::vector<NewRevisions> outputs;
  if (writer->entries() > 0) {
    TM_ASSIGN_OR_RETURN(RevisionMeta meta, writer->Finish());
    outputs.push_back({std::move(meta), path});
  } else {
    TM_RETURN_IF_ERROR(s_.fs.Remove(path));
  }
  return s_.storage->Publish(std::move(edit), {}, std::move(outputs), 0, {});
}

Progress Compactor::Failed(Error error) {
  Log(LogLevel::kError, "store", "a merge failed and is tried again later",
      {{"error", error.message}});
  job_.reset();
  failures_ = std::min(failures_ + 1, 8);
  retry_at_ = s_.clock.Monotonic() + std::chrono::seconds(1 << failures_);
  std::vector<Waiter> waiters;
  {
    const MutexLock lock(mutex_);
    waiters.swap(waiters_);
  }
  for (Waiter& w : waiters) w.done(error);
  Progress progress;
  progress.wake_at = retry_at_;
  return progress;
}

Progress Compactor::Finish() {
  std::vector<Waiter> waiters;
  {
    const MutexLock lock(mutex_);
    waiters.swap(waiters_);
  }
  for (Waiter& w : waiters) w.done({});
  Progress progress;
  progress.wake_at = s_.clock.Monotonic() + kCheckEvery;
  return progress;
}

Result<Progress> Compactor::Step() {
  Progress progress;
  if (failures_ > 0 && s_.clock.Monotonic() < retry_at_) {
    const MutexLock lock(mutex_);
    if (waiters_.empty()) {
      progress.wake_at = retry_at_;
      return progress;
    }
  }
  if (job_ == nullptr) {
    const auto dropped = DropExpired();
    if (!dropped.ok()) return Failed(dropped.error());
    const CompactMode wanted = mode();
    job_ = NextJob(wanted);
    if (job_ == nullptr) {
      const auto revisions = RevisionFilesToMerge(*s_.snapshots.version(), wanted);
      if (!revisions) {
        failures_ = 0;
        return Finish();
      }
      if (auto merged = MergeRevisions(*revisions); !merged.ok())
        return Failed(std::move(merged).error());
    }
    progress.more = true;
    return progress;
  }
  const auto done = job_->Step(kRowsPerStep);
  if (!done.ok()) return Failed(done.error());
  if (*done) {
    if (auto published = job_->Publish(); !published.ok())
      return Failed(std::move(published).error());
    job_.reset();
    failures_ = 0;
  }
  progress.more = true;
  return progress;
}

}  // namespace tidemark::store
