// SPDX-License-Identifier: Apache-2.0
// Start, stop, tables and the small verbs. Writes are in write.cpp, reads in scan.cpp and
// aggregate.cpp.
#include "store/embedded_store.h"

#include <algorithm>

#include "store/canonical_key.h"
#include "store/embedded_state_internal.h"
#include "store/reject_text.h"

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
  return WindowOf(*found->settings, clock.Now(), WriteBatch::TimeCheck::kNone).retention_start;
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

void EmbeddedStore::State::ApplyDurable(const std::shared_ptr<const FeedEntry>& entry) {
  if (!entry->revisions.empty()) revisions.Add(entry->revisions);
  if (!entry->sources.empty() || !entry->views.empty()) {
    const MutexLock lock(visible_mutex);
    for (const SourceProgress& p : entry->sources) sources[{p.source, p.table, p.partition}] = p;
    for (const ViewProgress& p : entry->views) views[p.view] = p;
  }
  if (feed != nullptr) feed->Append(entry);
}

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::Open(EmbeddedStoreOptions options,
                                                           FileSystem& fs, const Clock& clock,
                                                           Executor& executor,
                                                           MetricRegistry& metrics) {
  auto state = std::make_unique<State>(std::move(options), fs, clock, executor, metrics);
  JournalOptions journal;
  journal.dir = JoinPath(state->options.dir, "wal");
  journal.segment_bytes_max = state->options.segment_bytes_max;
  journal.frame_bytes_max = state->options.frame_bytes_max;
  journal.accept_loss_after_lsn = state->options.accept_loss_after_lsn;
  const auto replay = MakeReplay(*state);
  TM_ASSIGN_OR_RETURN(state->journal,
                      Journal::Open(std::move(journal), fs, clock, metrics, *replay));
  State* s = state.get();
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
  s->journal->SetPublish([s](uint64_t lsn) { s->snapshots.Publish(lsn); });
  s->journal->SetPublished([s] { s->WakeSubscribers(); });
  s->journal_task = executor.Add("store-journal", Lane::kWriter, *s->journal);
  s->journal->SetWake([s] { s->executor.Wake(s->journal_task); });
  s->retention_task = executor.Add("store-retention", Lane::kBackground, *s->retention);
  s->metrics.memory_bytes.Set(static_cast<int64_t>(s->MemoryBytes()));
  return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(std::move(state)));
}

EmbeddedStore::EmbeddedStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

EmbeddedStore::~EmbeddedStore() {
  state_->executor.Remove(state_->retention_task);
  state_->executor.Remove(state_->journal_task);
  state_->journal->Close();
}

void EmbeddedStore::SetTable(const TableSettings& settings) {
  const WriterLock lock(state_->index_mutex);
  state_->index.FindOrAdd(settings.table).settings = settings;
}

void EmbeddedStore::State::Release(SeriesEntry& entry) {
  rows_bytes -= RowWriter::HeapBytes(entry);
  rows_count -= static_cast<int64_t>(entry.buffer.rows());
  entry.buffer.Clear();
  entry.pool.reset();
  revisions.Forget(entry.id);
}

void EmbeddedStore::State::DropSeriesOf(TableIndex& table) {
  const TableId id = table.id;
  const uint32_t slot = table.slot;
  index.Drop(table);
  for (uint32_t i = 1; i < directory.end(); ++i) {
    SeriesEntry* entry = directory.Get({0, i});
    if (entry != nullptr && entry->table_slot == slot && !entry->buffer.empty()) Release(*entry);
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
  slot->apply = [this, entry] { ApplyDurable(entry); };
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

Result<std::vector<Resolved>> EmbeddedStore::Resolve(std::span<const SeriesKeyView> keys) {
  State& s = *state_;
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
  if (!End().Covers(from)) {
    return Error{Code::kOutOfRange, "feed position " + from.ToString() + " lies beyond the end"};
  }
  return MakeFeedReader(state_->fs, *state_->journal, *state_->feed, from);
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
  stats.memory_bytes = state_->MemoryBytes();
  stats.memory_bytes_max = state_->options.memory_bytes_max;
  stats.journal_bytes = state_->journal->total_bytes();
  state_->metrics.memory_bytes.Set(static_cast<int64_t>(stats.memory_bytes));
  state_->metrics.series.Set(static_cast<int64_t>(stats.series));
  return stats;
}

}  // namespace tidemark::store
