// SPDX-License-Identifier: Apache-2.0
// Start, stop, tables and the small verbs. Writes are in write.cpp, reads in scan.cpp and
// aggregate.cpp.
#include "store/embedded_store.h"

#include <algorithm>

#include "base/checksum.h"
#include "store/canonical_key.h"
#include "store/compactor_internal.h"
#include "store/embedded_state_internal.h"
#include "store/reject_text.h"
#include "store/retention_clock.h"
#include "store/sealer_internal.h"

namespace tidemark::store {
namespace {

Counter& Rejected(MetricRegistry& m, const char* reason) {
  return m.GetCounter("tidemark_store_rejected_total", "Points that were rejected, by reason",
                      {{"reason", reason}});
}

}  // namespace

StoreMetrics::StoreMetrics(MetricRegistry& m)
    : points_scanned(m.GetCounter("tidemark_store_points_scanned_total",
                                  "Points that scans and aggregates looked at")),
      writes(m.GetCounter("tidemark_store_writes_total", "Batches written")),
      points(m.GetCounter("tidemark_store_points_total", "Points accepted, replaced or unchanged")),
      rejected{nullptr,
               &Rejected(m, "time_out_of_range"),
               &Rejected(m, "version_exists"),
               &Rejected(m, "version_lower"),
               &Rejected(m, "type_conflict"),
               &Rejected(m, "table_limit"),
               &Rejected(m, "series_reserved"),
               &Rejected(m, "damaged")},
      exhausted(m.GetCounter("tidemark_store_exhausted_total",
                             "Writes refused because a budget was full")),
      memory_bytes(m.GetGauge("tidemark_store_memory_bytes", "Bytes of the store's budget in use")),
      series(m.GetGauge("tidemark_store_series_count", "Series with at least one point")),
      feed_end(
          m.GetGauge("tidemark_store_feed_end_offset", "Offset up to which the feed is visible")) {}

LaneLocks::LaneLocks(std::array<SeriesLane, SeriesDirectory::kLanes>& lanes,
                     uint32_t mask) TM_NO_THREAD_SAFETY_ANALYSIS : lanes_(lanes),
                                                                   mask_(mask) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if ((mask_ >> i & 1U) != 0) lanes_[i].mutex.Lock();
  }
}

LaneLocks::~LaneLocks() TM_NO_THREAD_SAFETY_ANALYSIS {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if ((mask_ >> i & 1U) != 0) lanes_[i].mutex.Unlock();
  }
}

EmbeddedStore::State::State(EmbeddedStoreOptions o, FileSystem& f, const Clock& c, Executor& e,
                            MetricRegistry& m)
    : options(std::move(o)), fs(f), clock(c), executor(e), metrics(m), index(directory) {}

uint64_t EmbeddedStore::State::MemoryBytes() const {
  const int64_t held = std::max<int64_t>(
      0, rows_bytes.load(std::memory_order_relaxed) + index_bytes.load(std::memory_order_relaxed));
  return static_cast<uint64_t>(held) + revisions.heap_bytes() + (feed ? feed->heap_bytes() : 0) +
         (journal ? journal->queued_bytes() : 0);
}

Result<void> EmbeddedStore::State::CheckReached(const Positions& at_least, uint64_t lsn) const {
  if (at_least.offset(0) <= lsn + 1 && at_least.partitions() <= 1) return {};
  return Error{Code::kOutOfRange,
               "position " + at_least.ToString() + " lies beyond the end of the journal"};
}

Result<EventTime> EmbeddedStore::State::RetentionFloor(TableId table) {
  const ReaderLock lock(index_mutex);
  const TableIndex* found = index.Find(table);
  if (found == nullptr || !found->settings) {
    return Error{Code::kNotFound, "table " + std::to_string(table.value) + " does not exist"};
  }
  const EventTime start =
      WindowOf(*found->settings, retention_clock->Now(), WriteBatch::TimeCheck::kNone)
          .retention_start;
  return std::max(start, found->floor);
}

void EmbeddedStore::State::WakeSubscribers() {
  {
    // Under the lock, so that none runs any more when UnsubscribeFeed() returns.
    const MutexLock lock(subscribers_mutex);
    for (const auto& [id, wake] : subscribers) wake();
  }
  metrics.memory_bytes.Set(static_cast<int64_t>(MemoryBytes()));
  metrics.feed_end.Set(static_cast<int64_t>(feed->end_lsn() + 1));
}

void EmbeddedStore::State::ApplyDurable(const std::shared_ptr<const FeedEntry>& entry,
                                        std::string_view new_definitions) {
  if (!new_definitions.empty()) {
    const MutexLock lock(definitions_mutex);
    definitions.records += new_definitions;
    definitions.lsn = entry->lsn;
  }
  if (!entry->revisions.empty()) revisions.Add(entry->lsn, entry->revisions);
  // Who has seen a clock finds its points in the feed, and who opens the feed sees the clocks
  // before.
  const MutexLock lock(visible_mutex);
  for (const SourceProgress& p : entry->sources) sources[{p.source, p.table, p.partition}] = p;
  for (const ViewProgress& p : entry->views) views[p.view] = p;
  if (feed != nullptr) feed->Append(entry);
}

ArrivalTime EmbeddedStore::State::RetentionNow() { return retention_clock->Now(); }

uint64_t EmbeddedStore::State::SlowestView() {
  uint64_t slowest = UINT64_MAX;
  const MutexLock lock(visible_mutex);
  for (const auto& [view, progress] : views) {
    // A restart of the view reads again from there.
    const bool replays = progress.replay_from.partitions() > 0;
    const uint64_t offset = (replays ? progress.replay_from : progress.positions).offset(0);
    slowest = std::min(slowest, offset == 0 ? 0 : offset - 1);
  }
  return slowest;
}

FeedGap EmbeddedStore::State::OpenGap(Reason /*reason*/) {
  FeedGap gap;
  const ManifestState files = storage->State();
  // Up to the checkpoint, not only to the trim: blocks tell of all before it, and its clocks are
  // known. Those of a trim inside a seal would lack what the trimmed frames brought after the seal
  // before, and the watermark of a view that reads on would wait for clocks that never come again.
  gap.end_lsn = std::max(files.checkpoint.lsn, feed_start_lsn.load());
  gap.sources = files.checkpoint.sources;
  gap.views = files.checkpoint.views;
  // Newer than what was just read, so it holds at least that.
  gap.version = snapshots.version();
  return gap;
}

bool EmbeddedStore::State::Exists(uint32_t series) {
  const SeriesEntry* entry = directory.Get({0, series});
  if (entry == nullptr) return false;
  const MutexLock lock(LaneOf(series).mutex);
  return !entry->dropped;
}

void EmbeddedStore::State::EncodeDefinitions(uint64_t last_lsn, BatchEncoder& out) {
  const uint32_t end = directory.end();
  out.SeriesEnd(end);
  index.EncodeFieldDefinitions(last_lsn, out);
  index.EncodeSeriesDefinitions(1, end, last_lsn, out);
}

void EmbeddedStore::State::OnSealed() { executor.Wake(compact_task); }

namespace {

// The first format had its journal beside store/.
Result<void> MoveOldJournal(FileSystem& fs, const std::string& data_dir,
                            const std::string& store_dir) {
  const std::string old = JoinPath(data_dir, "wal");
  const std::string now = JoinPath(store_dir, "wal");
  TM_ASSIGN_OR_RETURN(const bool has_old, fs.Exists(old));
  if (!has_old) return {};
  TM_ASSIGN_OR_RETURN(const bool has_new, fs.Exists(now));
  if (has_new) {
    return Error{Code::kFailedPrecondition, "there are two journals, " + old + " and " + now +
                                                ": remove the one that is not this store's"};
  }
  TM_RETURN_IF_ERROR(fs.Rename(old, now));
  TM_RETURN_IF_ERROR(fs.SyncDir(store_dir));
  return fs.SyncDir(data_dir);
}

// Everything that files and dictionary tell, before the journal goes on.
Result<void> OpenFiles(EmbeddedStore::State& s, const std::string& wal_dir,
                       MetricRegistry& metrics) {
  const std::string dir = JoinPath(s.options.dir, "store");
  TM_ASSIGN_OR_RETURN(const auto first, Journal::PeekFirst(s.fs, wal_dir));
  const auto journal_id = first ? std::optional(first->store_id) : std::nullopt;
  const Hash128 fresh_id = HashKey128(dir + ' ' + std::to_string(s.clock.Now().ms) + ' ' +
                                      std::to_string(s.clock.Monotonic().ns));
  if (s.options.rebuild_manifest) {
    TM_ASSIGN_OR_RETURN(const RebuiltManifest rebuilt,
                        Manifest::Rebuild(s.fs, dir, journal_id.value_or(fresh_id),
                                          s.clock.Now().AsEventTime().ns));
    Log(LogLevel::kWarning, "store", "the manifest was rebuilt from the files' footers",
        {{"blocks", rebuilt.state.blocks.size()}, {"left_out", rebuilt.skipped.size()}});
  }
  TM_ASSIGN_OR_RETURN(s.storage, Storage::Open(s.fs, dir, journal_id.value_or(fresh_id),
                                               s.clock.Now().AsEventTime().ns, metrics, s.snapshots,
                                               MakeDictionaryReplay(s)));
  if (journal_id && !(*journal_id == s.storage->store_id())) {
    return Error{Code::kCorruption, "the journal in " + wal_dir +
                                        " belongs to another store than " + dir +
                                        ": restore both from one backup"};
  }
  if (s.options.rebuild_manifest && first) {
    // What the trimmed part of the journal held is in blocks, or nowhere.
    ManifestEdit edit;
    edit.checkpoint = s.storage->State().checkpoint;
    edit.checkpoint->lsn = std::max(edit.checkpoint->lsn, first->previous_last_lsn);
    TM_RETURN_IF_ERROR(s.storage->Publish(std::move(edit), {}, {}, 0, {}));
  }
  const ManifestState files = s.storage->State();
  s.revisions_sealed_lsn = files.checkpoint.revisions_lsn;
  s.feed_start_lsn = files.feed_start_lsn;
  for (uint32_t id = 1; id < s.directory.end(); ++id) {
    if (SeriesEntry* entry = s.directory.Get({0, id}); entry != nullptr) {
      entry->sealed_max.store(SeriesEntry::kSealedUnknown, std::memory_order_relaxed);
    }
  }
  const MutexLock lock(s.visible_mutex);
  for (const SourceProgress& p : files.checkpoint.sources)
    s.sources[{p.source, p.table, p.partition}] = p;
  for (const ViewProgress& p : files.checkpoint.views) s.views[p.view] = p;
  return {};
}

}  // namespace

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::Open(EmbeddedStoreOptions options,
                                                           FileSystem& fs, const Clock& clock,
                                                           Executor& executor,
                                                           MetricRegistry& metrics) {
  auto state = std::make_unique<State>(std::move(options), fs, clock, executor, metrics);
  State* s = state.get();
  const std::string store_dir = JoinPath(s->options.dir, "store");
  TM_RETURN_IF_ERROR(fs.CreateDirs(store_dir));
  TM_RETURN_IF_ERROR(MoveOldJournal(fs, s->options.dir, store_dir));
  JournalOptions journal;
  journal.dir = JoinPath(store_dir, "wal");
  s->retention_clock = std::make_unique<RetentionClock>(clock);
  TM_RETURN_IF_ERROR(OpenFiles(*s, journal.dir, metrics));
  const ManifestState files = s->storage->State();
  journal.store_id = s->storage->store_id();
  journal.checkpoint_lsn = files.checkpoint.lsn;
  journal.segment_bytes_max = s->options.segment_bytes_max;
  journal.frame_bytes_max = s->options.frame_bytes_max;
  journal.accept_loss_after_lsn = s->options.accept_loss_after_lsn;
  s->sealer = std::make_unique<Sealer>(*s);
  const auto replay = MakeReplay(*state);
  TM_ASSIGN_OR_RETURN(state->journal,
                      Journal::Open(std::move(journal), fs, clock, metrics, *replay));
  s->feed_start_lsn = std::max(files.feed_start_lsn, s->journal->start_lsn());
  const uint64_t durable = s->journal->durable_lsn();
  s->snapshots.Publish(durable);
  s->feed = std::make_unique<FeedLog>(s->options.feed_memory_bytes_max, durable);
  {
    const MutexLock progress(s->progress_mutex);
    const MutexLock visible(s->visible_mutex);
    s->pending_sources = s->sources;
    s->pending_views = s->views;
  }
  s->retention = MakeRetentionStep(*s);
  s->compactor = std::make_unique<Compactor>(*s);
  s->journal->SetPublish([s](uint64_t lsn) { s->snapshots.Publish(lsn); });
  s->journal->SetPublished([s] { s->WakeSubscribers(); });
  s->journal_task = executor.Add("store-journal", Lane::kWriter, *s->journal);
  s->journal->SetWake([s] { s->executor.Wake(s->journal_task); });
  s->retention_task = executor.Add("store-retention", Lane::kBackground, *s->retention);
  s->compact_task = executor.Add("store-compact", Lane::kBackground, *s->compactor);
  s->seal_task = executor.Add("store-seal", Lane::kBackground, *s->sealer);
  s->snapshots.SetReleased([s] { s->executor.Wake(s->seal_task); });
  s->storage->SetDamageFound([s] { s->executor.Wake(s->retention_task); });
  s->metrics.memory_bytes.Set(static_cast<int64_t>(s->MemoryBytes()));
  return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(std::move(state)));
}

EmbeddedStore::EmbeddedStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

EmbeddedStore::~EmbeddedStore() {
  state_->executor.Remove(state_->retention_task);
  state_->executor.Remove(state_->seal_task);
  state_->executor.Remove(state_->compact_task);
  state_->executor.Remove(state_->journal_task);
  state_->journal->Close();
  state_->sealer->Close();
  state_->compactor->Close();
}

// Making retention longer brings nothing back: what was hidden stays so, also after a restart.
void EmbeddedStore::SetTable(const TableSettings& settings) {
  State& s = *state_;
  const ArrivalTime now = s.RetentionNow();
  const auto start_of = [&](const TableSettings& t) {
    return WindowOf(t, now, WriteBatch::TimeCheck::kNone).retention_start;
  };
  std::optional<EventTime> floor;
  {
    const ReaderLock lock(s.index_mutex);
    const TableIndex* table = s.index.Find(settings.table);
    if (table != nullptr && table->settings && start_of(*table->settings) > start_of(settings))
      floor = std::max(start_of(*table->settings), table->floor);
  }
  if (floor) {
    ManifestEdit edit;
    edit.floors.emplace_back(settings.table, *floor);
    if (auto kept = s.storage->Publish(std::move(edit), {}, {}, 0, {}); !kept.ok()) {
      Log(LogLevel::kError, "store", "a longer retention may show expired rows after a restart",
          {{"table", settings.name}, {"error", kept.error().message}});
    }
  } else {
    const ManifestState files = s.storage->State();
    if (const auto it = files.floors.find(settings.table); it != files.floors.end())
      floor = it->second;
  }
  const WriterLock lock(s.index_mutex);
  TableIndex& table = s.index.FindOrAdd(settings.table);
  table.settings = settings;
  if (floor) table.floor = std::max(table.floor, *floor);
}

void EmbeddedStore::State::Release(SeriesEntry& entry) {
  rows_bytes -= RowWriter::HeapBytes(entry);
  rows_count -= static_cast<int64_t>(entry.buffer.rows());
  entry.buffer.Clear();
  entry.pool.reset();
  // Frozen rows are counted until their seal lets them go.
  entry.frozen.reset();
  revisions.Forget(entry.id);
}

void EmbeddedStore::State::DropSeriesOf(TableIndex& table) {
  const TableId id = table.id;
  const uint32_t slot = table.slot;
  index.Drop(table);
  for (uint32_t i = 1; i < directory.end(); ++i) {
    SeriesEntry* entry = directory.Get({0, i});
    if (entry != nullptr && entry->table_slot == slot) Release(*entry);
  }
  index_bytes = static_cast<int64_t>(index.heap_bytes());
  const auto of_table = [&](const auto& e) { return std::get<TableId>(e.first) == id; };
  const MutexLock progress(progress_mutex);
  std::erase_if(pending_sources, of_table);
  const MutexLock visible(visible_mutex);
  std::erase_if(sources, of_table);
}

void EmbeddedStore::State::DropSeriesOf(ViewId view) {
  for (uint32_t i = 1; i < directory.end(); ++i) {
    SeriesEntry* entry = directory.Get({0, i});
    if (entry == nullptr || entry->dropped || entry->owner.view != view) continue;
    index.Drop(*entry);
    Release(*entry);
  }
  index_bytes = static_cast<int64_t>(index.heap_bytes());
  const MutexLock progress(progress_mutex);
  pending_views.erase(view);
  pending_view_lsn.erase(view);
  const MutexLock visible(visible_mutex);
  views.erase(view);
}

Result<void> EmbeddedStore::State::CommitNow(const Journal::SlotRef& slot, BatchEncoder encoder) {
  slot->records = std::move(encoder).Take();
  auto entry = std::make_shared<FeedEntry>();
  entry->lsn = slot->lsn;
  slot->apply = [this, entry, records = slot->records] { ApplyDurable(entry, records); };
  slot->finish = [](const Result<void>&) {};
  journal->Commit(slot);
  return journal->CommitUpTo(slot->lsn);
}

Result<void> EmbeddedStore::DropTable(TableId table) {
  State& s = *state_;
  Journal::SlotRef slot;
  {
    const LaneLocks lanes(s.lanes, kAllLanes);
    const WriterLock lock(s.index_mutex);
    TableIndex* found = s.index.Find(table);
    if (found == nullptr) {
      return Error{Code::kNotFound, "table " + std::to_string(table.value) + " does not exist"};
    }
    s.DropSeriesOf(*found);
    slot = s.journal->Begin();
  }
  BatchEncoder encoder;
  encoder.TableDrop(table);
  return s.CommitNow(slot, std::move(encoder));
}

Result<void> EmbeddedStore::DropOwner(ViewId view) {
  State& s = *state_;
  Journal::SlotRef slot;
  {
    const LaneLocks lanes(s.lanes, kAllLanes);
    const WriterLock lock(s.index_mutex);
    s.DropSeriesOf(view);
    slot = s.journal->Begin();
  }
  BatchEncoder encoder;
  encoder.OwnerDrop(view);
  return s.CommitNow(slot, std::move(encoder));
}

void EmbeddedStore::SetReservations(std::vector<Reservation> reservations) {
  const WriterLock lock(state_->index_mutex);
  state_->index.SetReservations(std::move(reservations));
}

std::vector<std::string> EmbeddedStore::OwnerlessNamesOf(TableId table,
                                                         std::string_view name_template,
                                                         size_t count_max) {
  State& s = *state_;
  const ReaderLock lock(s.index_mutex);
  const TableIndex* found = s.index.Find(table);
  if (found == nullptr) return {};
  return s.index.OwnerlessNames(*found, name_template, count_max);
}

Result<void> EmbeddedStore::Adopt(TableId table, std::string_view name_template, Owner owner) {
  State& s = *state_;
  Journal::SlotRef slot;
  BatchEncoder encoder;
  {
    const LaneLocks lanes(s.lanes, kAllLanes);
    const WriterLock lock(s.index_mutex);
    const TableIndex* found = s.index.Find(table);
    if (found == nullptr) return {};
    for (uint32_t id = 1; id < s.directory.end(); ++id) {
      SeriesEntry* entry = s.directory.Get({0, id});
      if (entry == nullptr || entry->dropped || entry->table_slot != found->slot ||
          !entry->owner.none() || !MatchesTemplate(name_template, s.index.MeasureOf(id)) ||
          !s.index.SetOwner(*entry, owner)) {
        continue;
      }
      if (entry->first_lsn != 0) encoder.Adopt(id, owner);
    }
    if (encoder.empty()) return {};
    slot = s.journal->Begin();
  }
  return s.CommitNow(slot, std::move(encoder));
}

namespace {

/// Without a word to whoever listens.
Result<std::vector<Resolved>> ResolveIn(EmbeddedStore::State& s,
                                        std::span<const SeriesKeyView> keys) {
  std::vector<Resolved> out(keys.size());
  std::vector<size_t> missing;
  {
    const ReaderLock lock(s.index_mutex);
    for (size_t i = 0; i < keys.size(); ++i) {
      const TableIndex* table = s.index.Find(keys[i].table);
      if (table == nullptr || !table->settings) {
        return Error{Code::kNotFound,
                     "table " + std::to_string(keys[i].table.value) + " does not exist"};
      }
      const uint32_t id = s.index.FindSeries(keys[i]);
      if (id == 0) {
        missing.push_back(i);
        continue;
      }
      const SeriesEntry& entry = *s.directory.Get({0, id});
      if (entry.owner.none() && entry.reserved_by != 0) {
        out[i] = {
            {}, RejectReason::kSeriesReserved, ReservedText(s.index.ViewName({entry.reserved_by}))};
        continue;
      }
      // Not written yet: the table may have filled up, or the measure got another type, since.
      SchemaVerdict verdict;
      if (entry.first_lsn == 0) verdict = s.index.Check(entry, {});
      if (verdict.reason != RejectReason::kNone) {
        out[i] = {{}, verdict.reason, std::move(verdict.text)};
      } else {
        out[i].series = {0, id};
      }
    }
  }
  if (missing.empty()) return out;
  if (s.MemoryBytes() >= s.options.memory_bytes_max) {
    s.metrics.exhausted.Add();
    return Error{Code::kResourceExhausted, "the store's memory budget is full"};
  }
  const WriterLock lock(s.index_mutex);
  for (const size_t i : missing) {
    const SeriesKeyView& k = keys[i];
    if (const Reservation* by = s.index.ReservedBy(k.table, k.measure);
        by != nullptr && k.owner.none()) {
      out[i] = {{}, RejectReason::kSeriesReserved, ReservedText(by->view_name)};
      continue;
    }
    if (const uint32_t id = s.index.FindSeries(k); id != 0) {
      out[i].series = {0, id};
      continue;
    }
    if (SchemaVerdict verdict = s.index.Check(k, {}); verdict.reason != RejectReason::kNone) {
      out[i] = {{}, verdict.reason, std::move(verdict.text)};
      continue;
    }
    TM_ASSIGN_OR_RETURN(const SeriesEntry* entry, s.index.AddSeries(k));
    out[i].series = {0, entry->id};
  }
  s.index_bytes = static_cast<int64_t>(s.index.heap_bytes());
  return out;
}

}  // namespace

Result<std::vector<Resolved>> EmbeddedStore::Resolve(std::span<const SeriesKeyView> keys) {
  auto resolved = ResolveIn(*state_, keys);
  if (state_->options.rejections == nullptr || !resolved.ok()) return resolved;
  std::vector<RejectedPoint> told;
  for (size_t i = 0; i < keys.size(); ++i) {
    const Resolved& one = (*resolved)[i];
    if (one.rejection == RejectReason::kNone) continue;
    told.push_back(
        {.table = keys[i].table, .key = &keys[i], .reason = one.rejection, .text = one.text});
  }
  if (!told.empty()) state_->options.rejections->OnRejected(told);
  return resolved;
}

std::shared_ptr<const SeriesInfo> EmbeddedStore::Describe(SeriesRef series) {
  const ReaderLock lock(state_->index_mutex);
  const SeriesEntry* entry = state_->directory.Get(series);
  return entry == nullptr || entry->dropped ? nullptr : state_->index.Info(entry->id);
}

Result<TableSchema> EmbeddedStore::Schema(TableId table) {
  const uint64_t lsn = state_->snapshots.visible();
  const ReaderLock lock(state_->index_mutex);
  const TableIndex* found = state_->index.Find(table);
  if (found == nullptr)
    return Error{Code::kNotFound, "table " + std::to_string(table.value) + " does not exist"};
  return state_->index.Schema(*found, lsn);
}

Result<std::vector<std::shared_ptr<const SeriesInfo>>> EmbeddedStore::Series(
    const Selection& selection) {
  const uint64_t lsn = state_->snapshots.visible();
  const ReaderLock lock(state_->index_mutex);
  return state_->index.Select(selection, lsn);
}

Result<std::unique_ptr<FeedReader>> EmbeddedStore::OpenFeed(const Positions& from) {
  // A snapshot may end where the feed has not come yet, nor the progress in it.
  const uint64_t visible = state_->snapshots.visible();
  if (!State::PositionsAt(visible).Covers(from)) {
    return Error{Code::kOutOfRange, "feed position " + from.ToString() + " lies beyond the end"};
  }
  state_->feed->Await(visible);
  return MakeFeedReader(state_->fs, *state_->journal, *state_->feed, *state_, from);
}

Positions EmbeddedStore::End() { return state_->PositionsAt(state_->feed->end_lsn()); }

uint64_t EmbeddedStore::SubscribeFeed(std::function<void()> wake) {
  const MutexLock lock(state_->subscribers_mutex);
  const uint64_t id = state_->next_subscription++;
  state_->subscribers[id] = std::move(wake);
  return id;
}

void EmbeddedStore::UnsubscribeFeed(uint64_t subscription) {
  const MutexLock lock(state_->subscribers_mutex);
  state_->subscribers.erase(subscription);
}

std::vector<SourceProgress> EmbeddedStore::ProgressOf(SourceId source) {
  const MutexLock lock(state_->visible_mutex);
  std::vector<SourceProgress> out;
  for (const auto& [key, progress] : state_->sources) {
    if (progress.source == source) out.push_back(progress);
  }
  return out;
}

std::vector<SourceProgress> EmbeddedStore::ProgressInto(TableId table) {
  const MutexLock lock(state_->visible_mutex);
  std::vector<SourceProgress> out;
  for (const auto& [key, progress] : state_->sources) {
    if (progress.table == table) out.push_back(progress);
  }
  return out;
}

std::optional<ViewProgress> EmbeddedStore::ProgressOf(ViewId view) {
  const MutexLock lock(state_->visible_mutex);
  const auto it = state_->views.find(view);
  return it == state_->views.end() ? std::nullopt : std::optional(it->second);
}

StoreStats EmbeddedStore::Stats() {
  StoreStats stats;
  {
    const ReaderLock lock(state_->index_mutex);
    stats.series = state_->index.series_count();
  }
  stats.points = static_cast<uint64_t>(std::max<int64_t>(0, state_->rows_count.load()));
  const auto version = state_->snapshots.version();
  for (const auto& [number, file] : version->files) stats.points += file->meta().rows;
  stats.memory_bytes = state_->MemoryBytes();
  stats.memory_bytes_max = state_->options.memory_bytes_max;
  stats.journal_bytes = state_->journal->total_bytes();
  state_->metrics.memory_bytes.Set(static_cast<int64_t>(stats.memory_bytes));
  state_->metrics.series.Set(static_cast<int64_t>(stats.series));
  return stats;
}

}  // namespace tidemark::store
