// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/row_columns.h"
#include "store/sealer_internal.h"

namespace tidemark::store {
namespace {

// A bounded piece of work per step: some milliseconds.
constexpr uint32_t kFreezeIdsPerLock = 1024;
constexpr uint64_t kEncodeRowsPerStep = 65536;
/// Partitions with files of their own per seal; the rest share a mixed one, so that a seal costs a
/// handful of syncs whatever it touches.
constexpr size_t kDensePartitionsMax = 3;
/// A partition with fewer rows is not worth a file.
constexpr uint64_t kDenseRowsMin = 16384;

/// The partition a file of sparse partitions has.
constexpr int64_t kMixed = INT64_MIN;

}  // namespace

Sealer::Sealer(EmbeddedStore::State& state) : s_(state) {
  const ManifestState files = s_.storage->State();
  checkpoint_lsn_ = files.checkpoint.lsn;
  seal_no_ = s_.snapshots.version()->seal_no;
}
Sealer::~Sealer() = default;

int64_t Sealer::PartitionOf(int64_t time) const {
  return FloorTo({time}, s_.options.partition, {}).ns;
}

void Sealer::Flush(Completion<void> done) {
  const uint64_t lsn = s_.snapshots.visible();
  {
    const MutexLock lock(mutex_);
    waiters_.push_back({lsn, std::move(done)});
  }
  s_.executor.Wake(s_.seal_task);
}

void Sealer::Hurry() {
  {
    const MutexLock lock(mutex_);
    if (hurry_) return;
    hurry_ = true;
  }
  s_.executor.Wake(s_.seal_task);
}

void Sealer::Nudge() { s_.executor.Wake(s_.seal_task); }

std::string Sealer::trouble() {
  const MutexLock lock(mutex_);
  return trouble_;
}

void Sealer::Close() {
  std::vector<Waiter> waiters;
  {
    const MutexLock lock(mutex_);
    waiters.swap(waiters_);
  }
  for (Waiter& w : waiters) w.done(Error{Code::kUnavailable, "the store is closing"});
}

bool Sealer::Due(Progress& progress) {
  const int64_t rows = s_.rows_bytes.load() - s_.frozen_bytes.load();
  const MonotonicTime now = s_.clock.Monotonic();
  // Rows that are sealed but kept for older snapshots do not call for another seal.
  const bool has_rows = s_.rows_count.load() > releasing_rows_ || !s_.revisions.empty();
  if (!has_rows) {
    oldest_unsealed_.reset();
  } else if (!oldest_unsealed_) {
    oldest_unsealed_ = now;
  }
  bool wanted = false;
  {
    const MutexLock lock(mutex_);
    // Hurrying helps only if rows are what fills the memory.
    const bool helps = rows > 0 && static_cast<uint64_t>(rows) > s_.options.memory_bytes_max / 64;
    wanted = (hurry_ && helps) || !waiters_.empty();
  }
  if (wanted) return true;
  const uint64_t bytes_max =
      s_.options.seal_bytes != 0 ? s_.options.seal_bytes : s_.options.memory_bytes_max / 4;
  if (has_rows && rows > 0 && static_cast<uint64_t>(rows) >= bytes_max) return true;
  uint64_t journal_bytes = 0;
  for (const Journal::SegmentInfo& segment : s_.journal->segments()) {
    if (segment.last_lsn > checkpoint_lsn_) journal_bytes += segment.valid_bytes;
  }
  if (has_rows && journal_bytes >= s_.options.seal_journal_bytes) return true;
  if (!oldest_unsealed_) return false;
  const MonotonicTime due = *oldest_unsealed_ + s_.options.seal_after;
  if (now >= due) return true;
  progress.wake_at = due;
  return false;
}

void Sealer::Begin() {
  {
    const MutexLock lock(mutex_);
    hurry_ = false;
  }
  ++seal_no_;
  checkpoint_lsn_ = s_.journal->begun_lsn();
  max_lsn_ = checkpoint_lsn_;
  freeze_lane_ = 0;
  freeze_id_ = 0;
  frozen_.clear();
  phase_ = Phase::kFreezing;
}

// Some series of one lane; true: all are frozen.
bool Sealer::FreezeSome() {
  constexpr auto kLanes = static_cast<uint32_t>(SeriesDirectory::kLanes);
  const uint32_t end = s_.directory.end();
  if (freeze_id_ == 0)
    freeze_id_ = freeze_lane_ == 0 ? kLanes : static_cast<uint32_t>(freeze_lane_);
  int64_t bytes = 0;
  {
    const MutexLock lock(s_.lanes[freeze_lane_].mutex);
    for (uint32_t n = 0; n < kFreezeIdsPerLock && freeze_id_ < end; ++n, freeze_id_ += kLanes) {
      SeriesEntry* entry = s_.directory.Get({0, freeze_id_});
      if (entry == nullptr || entry->buffer.empty() || entry->dropped) continue;
      auto part = std::make_shared<FrozenPart>();
      bytes += RowWriter::HeapBytes(*entry);
      std::swap(part->buffer, entry->buffer);
      part->pool.swap(entry->pool);
      part->last_lsn = entry->last_lsn;
      part->undo_chain = entry->undo_chain;
      entry->undo_chain = 0;
      part->seal_no = seal_no_;
      part->older = entry->frozen;
      max_lsn_ = std::max(max_lsn_, part->last_lsn);
      entry->frozen = part;
      frozen_.push_back({entry->id, entry->table, std::move(part)});
    }
  }
  s_.frozen_bytes += bytes;
  if (freeze_id_ < end) return false;
  freeze_id_ = 0;
  return ++freeze_lane_ == SeriesDirectory::kLanes;
}

void Sealer::CountPartitions() {
  std::sort(frozen_.begin(), frozen_.end(),
            [](const Frozen& a, const Frozen& b) { return a.id < b.id; });
  partition_rows_.clear();
  std::vector<RowSpan> spans;
  for (const Frozen& f : frozen_) {
    const SeriesBuffer& buffer = f.part->buffer;
    const int64_t last = PartitionOf(buffer.last_time());
    int64_t from = PartitionOf(buffer.first_time());
    if (from == last) {
      partition_rows_[from] += buffer.rows();
      continue;
    }
    spans.clear();
    buffer.Collect(INT64_MIN, INT64_MAX, UINT64_MAX, spans);
    for (const RowSpan& span : spans) {
      for (size_t i = 0; i < span.count; ++i) ++partition_rows_[PartitionOf(span.rows[i].time)];
    }
  }
  // The fullest ones keep files of their own.
  std::vector<std::pair<uint64_t, int64_t>> order;
  for (const auto& [partition, rows] : partition_rows_) order.emplace_back(rows, partition);
  std::sort(order.rbegin(), order.rend());
  const bool one = order.size() == 1;
  partition_rows_.clear();
  for (size_t i = 0; i < order.size() && i < kDensePartitionsMax; ++i) {
    if (one || order[i].first >= kDenseRowsMin) partition_rows_[order[i].second] = order[i].first;
  }
  encode_at_ = 0;
  phase_ = Phase::kEncoding;
}

Result<Sealer::Output*> Sealer::OutputFor(int64_t partition_start) {
  const bool dense = partition_rows_.contains(partition_start);
  Output& out = outputs_[dense ? partition_start : kMixed];
  if (out.writer != nullptr) return &out;
  if (dense) {
    out.bounds.partition_start = partition_start;
    out.bounds.partition_end = partition_start + s_.options.partition.count();
  }
  const uint64_t file_no = s_.storage->NextFileNo();
  out.path = s_.storage->TmpPath(BlockFileName(file_no));
  TM_ASSIGN_OR_RETURN(out.writer,
                      BlockFileWriter::Create(s_.fs, out.path, file_no, s_.storage->store_id(),
                                              s_.clock.Now().AsEventTime().ns));
  return &out;
}

Result<void> Sealer::EncodeSeries(const Frozen& frozen) {
  thread_local RowColumns columns;
  const SeriesBuffer& buffer = frozen.part->buffer;
  std::vector<RowSpan> spans;
  ValueType type = ValueType::kNone;
  std::vector<FieldDef> fields;
  {
    const MutexLock lock(s_.LaneOf(frozen.id).mutex);
    const SeriesEntry* entry = s_.directory.Get({0, frozen.id});
    if (entry->dropped) return {};
    type = entry->type;
  }
  if (type == ValueType::kMulti) {
    const ReaderLock lock(s_.index_mutex);
    if (const TableIndex* table = s_.index.Find(frozen.table)) fields = table->fields_by_id;
  }
  const int64_t partition_ns = s_.options.partition.count();
  int64_t at = buffer.first_time();
  while (at <= buffer.last_time()) {
    const int64_t partition = PartitionOf(at);
    const int64_t end = partition > INT64_MAX - partition_ns ? INT64_MAX : partition + partition_ns;
    spans.clear();
    buffer.Collect(at, end, UINT64_MAX, spans);
    if (!spans.empty()) {
      ColumnsOf(spans, type, fields, columns);
      TM_ASSIGN_OR_RETURN(Output * out, OutputFor(partition));
      TM_RETURN_IF_ERROR(out->writer->Add(frozen.table, frozen.id, columns, Effort::kFast,
                                          s_.options.chunk_rows_max));
    }
    // On to the next row.
    spans.clear();
    if (end == INT64_MAX) break;
    buffer.Collect(end, INT64_MAX, 1, spans);
    if (spans.empty()) break;
    at = spans[0].rows[0].time;
  }
  return {};
}

Result<bool> Sealer::EncodeSome() {
  uint64_t rows = 0;
  for (; encode_at_ < frozen_.size() && rows < kEncodeRowsPerStep; ++encode_at_) {
    TM_RETURN_IF_ERROR(EncodeSeries(frozen_[encode_at_]));
    rows += frozen_[encode_at_].part->buffer.rows();
  }
  return encode_at_ == frozen_.size();
}

Result<void> Sealer::FinishFiles() {
  for (auto& [partition, out] : outputs_) {
    if (out.writer == nullptr || out.writer->rows() == 0) continue;
    out.bounds.level = FileLevel::kSealed;
    out.bounds.min_lsn = s_.storage->State().checkpoint.lsn + 1;
    out.bounds.max_lsn = max_lsn_;
    TM_ASSIGN_OR_RETURN(BlockMeta meta, out.writer->Finish(out.bounds));
    s_.storage->metrics().fsyncs.Add();
    blocks_.push_back({std::move(meta), out.path});
  }
  outputs_.clear();
  return {};
}

// What became known since the last seal; everything when an append went wrong before.
Result<std::optional<DictionaryExtent>> Sealer::WriteDictionary(const PendingDefinitions& pending) {
  if (pending.records.empty()) return std::optional<DictionaryExtent>();
  auto extent = s_.storage->AppendDictionary(pending.lsn, pending.records);
  if (!extent.ok() && extent.error().code == Code::kFailedPrecondition) {
    BatchEncoder all;
    {
      const ReaderLock lock(s_.index_mutex);
      // Later ones are in the index already; they come with the next seal.
      s_.EncodeDefinitions(pending.lsn, all);
    }
    extent = s_.storage->RewriteDictionary(pending.lsn, std::move(all).Take());
  }
  if (!extent.ok()) return std::move(extent).error();
  return std::optional(*extent);
}

Result<void> Sealer::WriteRevisions(std::vector<NewRevisions>& out, uint64_t& revisions_lsn) {
  revisions_lsn = s_.snapshots.visible();
  const std::vector<LoggedRevision> entries = s_.revisions.UpTo(revisions_lsn);
  if (entries.empty()) return {};
  const uint64_t file_no = s_.storage->NextFileNo();
  const std::string path = s_.storage->TmpPath(RevisionFileName(file_no));
  TM_ASSIGN_OR_RETURN(const auto writer,
                      RevisionFileWriter::Create(s_.fs, path, file_no, s_.storage->store_id(),
                                                 s_.clock.Now().AsEventTime().ns));
  for (const LoggedRevision& entry : entries) {
    const SeriesEntry* series = s_.directory.Get(entry.entry.series);
    TM_RETURN_IF_ERROR(writer->Add(series->table, entry));
  }
  TM_ASSIGN_OR_RETURN(RevisionMeta meta, writer->Finish());
  s_.storage->metrics().fsyncs.Add();
  out.push_back({std::move(meta), path});
  return {};
}

Result<void> Sealer::Publish() {
  ManifestEdit edit;
  Checkpoint checkpoint;
  // LSNs beyond what is visible were begun and abandoned: the journal knows nothing of them.
  checkpoint_lsn_ = std::min(checkpoint_lsn_, s_.snapshots.visible());
  checkpoint.lsn = checkpoint_lsn_;
  std::vector<NewRevisions> revisions;
  TM_RETURN_IF_ERROR(WriteRevisions(revisions, checkpoint.revisions_lsn));
  PendingDefinitions definitions;
  {
    const MutexLock lock(s_.definitions_mutex);
    definitions = s_.definitions;
  }
  TM_ASSIGN_OR_RETURN(edit.dictionary, WriteDictionary(definitions));
  {
    const MutexLock lock(s_.visible_mutex);
    for (const auto& [key, progress] : s_.sources) checkpoint.sources.push_back(progress);
    for (const auto& [view, progress] : s_.views) checkpoint.views.push_back(progress);
  }
  const uint64_t revisions_lsn = checkpoint.revisions_lsn;
  edit.checkpoint = std::move(checkpoint);
  const uint64_t written = s_.journal == nullptr ? 0 : s_.journal->bytes_written();
  edit.journal_bytes_written = written - s_.journal_bytes_noted;
  TM_RETURN_IF_ERROR(s_.storage->Publish(
      std::move(edit), std::move(blocks_), std::move(revisions), seal_no_, [this] {
        // Before readers see the files: a write that finds no row in memory must ask them.
        for (const Frozen& f : frozen_) {
          SeriesEntry* entry = s_.directory.Get({0, f.id});
          const MutexLock lock(s_.LaneOf(f.id).mutex);
          const int64_t known = entry->sealed_max.load(std::memory_order_relaxed);
          if (known == SeriesEntry::kSealedUnknown) continue;
          entry->sealed_max.store(std::max(known, f.part->buffer.last_time()),
                                  std::memory_order_relaxed);
        }
      }));
  s_.journal_bytes_noted = written;
  blocks_.clear();
  {
    const MutexLock lock(s_.definitions_mutex);
    s_.definitions.records.erase(0, definitions.records.size());
  }
  s_.dictionary_lsn = std::max(s_.dictionary_lsn, definitions.lsn);
  s_.revisions.RemoveUpTo(revisions_lsn);
  return {};
}

// Sealed parts stay readable for the snapshots that began before.
void Sealer::KeepUntilRead() {
  for (Frozen& f : frozen_) {
    releasing_rows_ += static_cast<int64_t>(f.part->buffer.rows());
    releasing_.push_back(std::move(f));
  }
  frozen_.clear();
}

void Sealer::ReleaseFrozen() {
  const uint64_t passed = s_.snapshots.SealPassed();
  int64_t bytes = 0;
  int64_t rows = 0;
  std::erase_if(releasing_, [&](const Frozen& f) {
    if (f.part->seal_no > passed) return false;
    const MutexLock lock(s_.LaneOf(f.id).mutex);
    SeriesEntry* entry = s_.directory.Get({0, f.id});
    // Newest first; parts of later seals may lie before it.
    std::shared_ptr<const FrozenPart>* link = &entry->frozen;
    while (*link != nullptr && *link != f.part) {
      link = &(*link)->older;
    }
    if (*link != nullptr) *link = f.part->older;
    bytes += static_cast<int64_t>(f.part->buffer.heap_bytes() +
                                  (f.part->pool ? f.part->pool->heap_bytes() : 0));
    rows += static_cast<int64_t>(f.part->buffer.rows());
    return true;
  });
  s_.rows_bytes -= bytes;
  s_.frozen_bytes -= bytes;
  s_.rows_count -= rows;
  releasing_rows_ -= rows;
}

// Segments that blocks cover go, unless a view still reads there and the bound allows it.
void Sealer::TrimJournal() {
  const uint64_t slowest = s_.SlowestView();
  const uint64_t checkpoint = s_.storage->State().checkpoint.lsn;
  uint64_t total = s_.journal->total_bytes();
  uint64_t last_file = 0;
  uint64_t last_lsn = 0;
  for (const Journal::SegmentInfo& segment : s_.journal->SegmentsUpTo(checkpoint)) {
    if (segment.last_lsn > slowest && total <= s_.options.feed_bytes_max) break;
    total -= segment.valid_bytes;
    last_file = segment.file_no;
    last_lsn = std::max(last_lsn, segment.last_lsn);
  }
  if (last_file == 0) return;
  ManifestEdit edit;
  edit.feed_start_lsn = std::max(last_lsn, s_.feed_start_lsn.load());
  const uint64_t start = *edit.feed_start_lsn;
  if (auto published = s_.storage->Publish(std::move(edit), {}, {}, 0, {}); !published.ok()) {
    Log(LogLevel::kError, "store", "the journal could not be trimmed",
        {{"error", published.error().message}});
    return;
  }
  s_.feed_start_lsn = start;
  if (auto removed = s_.journal->RemoveUpTo(last_file); !removed.ok()) {
    Log(LogLevel::kWarning, "store", "a trimmed journal segment stays until the next start",
        {{"error", removed.error().message}});
  }
}

void Sealer::DiscardFiles() {
  for (auto& [partition, out] : outputs_) {
    out.writer.reset();
    if (auto removed = s_.fs.Remove(out.path); !removed.ok()) continue;
  }
  for (const NewBlock& block : blocks_) {
    if (auto removed = s_.fs.Remove(block.tmp_path); !removed.ok()) continue;
  }
  outputs_.clear();
  blocks_.clear();
}

// The frozen rows stay where they are, readable; the files are written again later.
Progress Sealer::BackOff(Error error) {
  Log(LogLevel::kError, "store", "sealing failed: rows stay in memory and journal",
      {{"error", error.message}});
  DiscardFiles();
  encode_at_ = 0;
  phase_ = Phase::kEncoding;
  failures_ = std::min(failures_ + 1, 6);
  retry_at_ = s_.clock.Monotonic() + std::chrono::seconds(1 << failures_);
  std::vector<Waiter> waiters;
  {
    const MutexLock lock(mutex_);
    trouble_ = error.message;
    waiters.swap(waiters_);
  }
  for (Waiter& w : waiters) w.done(error);
  Progress progress;
  progress.wake_at = retry_at_;
  return progress;
}

void Sealer::Complete(uint64_t lsn) {
  std::vector<Waiter> due;
  {
    const MutexLock lock(mutex_);
    trouble_.clear();
    std::vector<Waiter> rest;
    for (Waiter& w : waiters_) (w.lsn <= lsn ? due : rest).push_back(std::move(w));
    waiters_.swap(rest);
  }
  for (Waiter& w : due) w.done({});
}

Result<Progress> Sealer::Step() {
  Progress progress;
  if (!releasing_.empty()) ReleaseFrozen();
  if (s_.journal->failure()) {
    Close();
    return progress;
  }
  if (phase_ == Phase::kIdle) {
    if (!Due(progress)) return progress;
    Begin();
  }
  if (phase_ == Phase::kFreezing) {
    if (FreezeSome()) CountPartitions();
    progress.more = true;
    return progress;
  }
  if (phase_ == Phase::kEncoding) {
    if (failures_ > 0 && s_.clock.Monotonic() < retry_at_) {
      progress.wake_at = retry_at_;
      return progress;
    }
    const auto encoded = EncodeSome();
    if (!encoded.ok()) return BackOff(encoded.error());
    if (*encoded) {
      if (auto finished = FinishFiles(); !finished.ok())
        return BackOff(std::move(finished).error());
      phase_ = Phase::kSettling;
    }
    progress.more = true;
    return progress;
  }
  if (!s_.journal->Settled(max_lsn_)) {
    progress.wake_at = s_.clock.Monotonic() + std::chrono::milliseconds(2);
    return progress;
  }
  if (auto published = Publish(); !published.ok()) return BackOff(std::move(published).error());
  failures_ = 0;
  phase_ = Phase::kIdle;
  oldest_unsealed_.reset();
  KeepUntilRead();
  ReleaseFrozen();
  TrimJournal();
  s_.OnSealed();
  Complete(checkpoint_lsn_);
  progress.more = true;
  return progress;
}

Result<void> Sealer::SealReplayed(uint64_t lsn) {
  ++seal_no_;
  freeze_lane_ = 0;
  freeze_id_ = 0;
  frozen_.clear();
  checkpoint_lsn_ = lsn;
  while (!FreezeSome()) {
  }
  CountPartitions();
  max_lsn_ = lsn;
  while (true) {
    TM_ASSIGN_OR_RETURN(const bool done, EncodeSome());
    if (done) break;
  }
  TM_RETURN_IF_ERROR(FinishFiles());
  TM_RETURN_IF_ERROR(Publish());
  phase_ = Phase::kIdle;
  KeepUntilRead();
  ReleaseFrozen();
  return {};
}

}  // namespace tidemark::store
