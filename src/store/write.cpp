// SPDX-License-Identifier: Apache-2.0
// One batch: judge under the lanes' locks, change rows in place with undo records, journal, answer.
//
//  1. The LSN is taken with all lanes of the batch locked, so along each lane (and each series)
//  LSNs ascend.
//  2. What a batch saw has a lower LSN: a batch that is journaled is durable after it; one that is
//  not
//     waits for the newest change of the series that decided against it.
//  3. Nothing can fail between the LSN and Commit() or Abandon().
//  4. The files' version is pinned before anything is looked at: until the batch is judged, every
//  row is
//     in the active buffers, in frozen parts, or in the pinned files. So times that may be sealed
//     are looked up before the lanes are locked.
#include <algorithm>
#include <array>
#include <bit>

#include "store/conflict.h"
#include "store/embedded_state_internal.h"
#include "store/reject_text.h"
#include "store/sealed_probe.h"
#include "store/sealer_internal.h"

namespace tidemark::store {

uint64_t ScalarBits(const ValueView& value) {
  switch (value.type()) {
    case ValueType::kDouble:
      return std::bit_cast<uint64_t>(value.as_double());
    case ValueType::kBigint:
    case ValueType::kTimestamp:
      return static_cast<uint64_t>(value.as_bigint());
    case ValueType::kBoolean:
      return value.as_boolean() ? 1 : 0;
    case ValueType::kNone:
    case ValueType::kVarchar:
    case ValueType::kMulti:
      break;
  }
  return 0;
}

namespace {

constexpr RowInfo kNoRow{};

class BatchWriter {
 public:
  BatchWriter(EmbeddedStore::State& state, const WriteBatch& batch)
      : s_(state), batch_(batch), lease_(state.snapshots.Take(state.RetentionNow())) {}

  /// Judges everything; an error: nothing was written. Fills reply and slot (null: nothing to
  /// journal).
  Result<void> Run();
  /// Tells whoever listens what was refused.
  void TellRejections() const;
  /// Encodes and hands over to the journal; `done` runs once the outcome is durable.
  void Submit(Completion<WriteReply> done);

 private:
  struct TableWindow {
    uint32_t slot = 0;
    TableId table;
    AcceptedWindow window;
  };
  struct PendingText {
    size_t rejection = 0;
    ViewId view;                         // kSeriesReserved
    const SeriesEntry* entry = nullptr;  // kTypeConflict: the series, and the point's type
    ValueType type = ValueType::kNone;
  };

  Result<void> Prepare();
  Result<void> AskFiles();
  const SealedPoint* SealedOf(size_t i) const;
  bool NeedsIndex();
  bool CheckAlive() const;
  void JudgeAll() TM_NO_THREAD_SAFETY_ANALYSIS;
  bool DiscardedByProgress() TM_REQUIRES(s_.progress_mutex);
  void TakeProgress() TM_REQUIRES(s_.progress_mutex);
  void Judge(size_t i);
  bool CheckAccess(size_t i, const SeriesEntry& entry);
  bool CheckType(size_t i, const SeriesEntry& entry);
  bool CheckSchema(size_t i, SeriesEntry& entry) TM_NO_THREAD_SAFETY_ANALYSIS;
  void EncodeMulti(const SeriesEntry& entry, const PointView& point) TM_NO_THREAD_SAFETY_ANALYSIS;
  std::optional<StoredWrite> StoredAt(size_t i, const SeriesEntry& entry,
                                      const SeriesBuffer::Place& place,
                                      const OwnedRow* owned) const;
  void Store(size_t i, SeriesEntry& entry, const SeriesBuffer::Place& place, const Verdict& verdict,
             const OwnedRow* owned);
  void DefineFor(SeriesEntry& entry, const PointView* point) TM_NO_THREAD_SAFETY_ANALYSIS;
  void Reject(size_t i, RejectReason reason, std::string text,
              std::optional<int64_t> existing = std::nullopt);
  void FillTexts();
  const AcceptedWindow& WindowFor(uint32_t slot);

  EmbeddedStore::State& s_;
  const WriteBatch& batch_;
  const Snapshots::Lease lease_;
  std::vector<SealedProbe::Question> questions_;  // points that files may hold
  std::vector<uint32_t> question_of_;             // by point; 0: none, else index + 1
  WriteReply reply_;
  Journal::SlotRef slot_;
  std::vector<SeriesEntry*> entries_;
  std::vector<SeriesEntry*> revision_entries_;
  uint32_t lane_mask_ = 0;
  std::vector<TableWindow> windows_;
  size_t window_at_ = 0;
  bool index_locked_ = false;
  bool discarded_ = false;
  uint64_t wait_lsn_ = 0;  // of the changes that unchanged and rejected points lost to
  int64_t rows_bytes_ = 0;
  int64_t rows_added_ = 0;

  std::array<std::vector<JournalPoint>, 7> accepted_;  // by type
  std::vector<std::string> multi_;  // encoded fields, one per multi-measure point
  std::string encoded_;             // of the point being judged
  BatchEncoder definitions_;
  BatchEncoder encoder_;
  std::shared_ptr<FeedEntry> feed_ = std::make_shared<FeedEntry>();
  std::vector<std::pair<TableId, EventTime>> direct_;
  std::vector<PendingText> texts_;
};

Result<void> BatchWriter::Prepare() {
  if (const auto failure = s_.journal->failure()) {
    return Error{failure->code,
                 "the store is read-only since its journal failed: " + failure->message};
  }
  if (s_.MemoryBytes() >= s_.options.memory_bytes_max) {
    s_.metrics.exhausted.Add();
    s_.sealer->Hurry();
    const std::string trouble = s_.sealer->trouble();
    return Error{Code::kResourceExhausted,
                 "the store's memory budget is full" +
                     (trouble.empty() ? ": rows are being sealed"
                                      : " and rows cannot be sealed: " + trouble)};
  }
  if (s_.journal->queued_bytes() >= s_.options.journal_queue_bytes_max) {
    s_.metrics.exhausted.Add();
    return Error{Code::kResourceExhausted, "the store's journal is behind the disk"};
  }
  entries_.resize(batch_.points.size());
  // Every entry is a cache miss or several: ask for all of them before the first is needed.
  for (const PointView& point : batch_.points) s_.directory.Prefetch(point.series);
  uint32_t last_slot = UINT32_MAX;
  std::vector<uint32_t> slots;
  for (size_t i = 0; i < entries_.size(); ++i) {
    SeriesEntry* entry = s_.directory.Get(batch_.points[i].series);
    if (entry == nullptr) return Error{Code::kNotFound, "write to an unknown series"};
    entries_[i] = entry;
    lane_mask_ |= 1U << SeriesDirectory::LaneOf(entry->id);
    if (entry->table_slot != last_slot) {
      last_slot = entry->table_slot;
      if (std::find(slots.begin(), slots.end(), last_slot) == slots.end())
        slots.push_back(last_slot);
    }
  }
  for (const RevisionEntry& r : batch_.revisions) {
    SeriesEntry* entry = s_.directory.Get(r.series);
    if (entry == nullptr) return Error{Code::kNotFound, "revision of an unknown series"};
    revision_entries_.push_back(entry);
    lane_mask_ |= 1U << SeriesDirectory::LaneOf(entry->id);
  }
  const ArrivalTime now = s_.RetentionNow();
  const ReaderLock lock(s_.index_mutex);
  for (const uint32_t slot : slots) {
    const TableIndex* table = s_.index.BySlot(slot);
    if (table == nullptr || !table->settings)
      return Error{Code::kNotFound, "write to a table that does not exist"};
    windows_.push_back({slot, table->id, WindowOf(*table->settings, now, batch_.time_check)});
  }
  return {};
}

Result<void> BatchWriter::AskFiles() {
  std::vector<uint32_t> late;
  const Version& version = lease_.version();
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    SeriesEntry& entry = *entries_[i];
    int64_t sealed = entry.sealed_max.load(std::memory_order_relaxed);
    if (batch_.points[i].time.ns > sealed) continue;
    if (sealed == SeriesEntry::kSealedUnknown) {
      const auto bound = s_.SealedMax(entry, version);
      if (bound.ok()) sealed = *bound;
      if (batch_.points[i].time.ns > sealed) continue;
    }
    late.push_back(i);
  }
  if (late.empty()) return {};
  std::sort(late.begin(), late.end(), [&](uint32_t a, uint32_t b) {
    const auto key = [&](uint32_t i) {
      return std::tuple(entries_[i]->id, batch_.points[i].time.ns, i);
    };
    return key(a) < key(b);
  });
  question_of_.assign(entries_.size(), 0);
  questions_.reserve(late.size());
  for (const uint32_t i : late) {
    questions_.push_back({entries_[i], batch_.points[i].time.ns, {}, {}});
    question_of_[i] = static_cast<uint32_t>(questions_.size());
  }
  SealedProbe(s_, version).Ask(questions_);
  // Damage concerns single points; that the disk cannot be read now concerns the whole batch.
  for (const SealedProbe::Question& q : questions_) {
    if (q.error && q.error->code != Code::kCorruption) return *q.error;
  }
  return {};
}

const SealedPoint* BatchWriter::SealedOf(size_t i) const {
  if (question_of_.empty() || question_of_[i] == 0) return nullptr;
  const auto& answer = questions_[question_of_[i] - 1].answer;
  return answer ? &*answer : nullptr;
}

// New series and multi-measure rows may change the schema.
bool BatchWriter::NeedsIndex() {
  const auto undefined = [](const SeriesEntry* e) {
    return e->first_lsn == 0 || e->type == ValueType::kMulti;
  };
  return std::any_of(entries_.begin(), entries_.end(), undefined) ||
         std::any_of(revision_entries_.begin(), revision_entries_.end(), undefined);
}

bool BatchWriter::CheckAlive() const {
  const auto alive = [](const SeriesEntry* e) { return !e->dropped; };
  return std::all_of(entries_.begin(), entries_.end(), alive) &&
         std::all_of(revision_entries_.begin(), revision_entries_.end(), alive);
}

Result<void> BatchWriter::Run() {
  TM_RETURN_IF_ERROR(Prepare());
  TM_RETURN_IF_ERROR(AskFiles());
  reply_.outcomes.reserve(entries_.size());
  {
    const LaneLocks lanes(s_.lanes, lane_mask_);
    if (!CheckAlive()) return Error{Code::kNotFound, "write to a table that was dropped"};
    for (const SeriesEntry* entry : entries_) entry->buffer.PrefetchTail();
    const uint64_t bound = s_.snapshots.bound();
    for (size_t i = 0; i < s_.lanes.size(); ++i) {
      if ((lane_mask_ >> i & 1U) == 0) continue;
      rows_bytes_ -= static_cast<int64_t>(s_.lanes[i].undo.heap_bytes());
      s_.lanes[i].undo.Prune(bound);
    }
    JudgeAll();
    for (size_t i = 0; i < s_.lanes.size(); ++i) {
      if ((lane_mask_ >> i & 1U) != 0)
        rows_bytes_ += static_cast<int64_t>(s_.lanes[i].undo.heap_bytes());
    }
  }
  s_.rows_bytes += rows_bytes_;
  s_.rows_count += rows_added_;
  FillTexts();
  return {};
}

void BatchWriter::JudgeAll() {
  index_locked_ = NeedsIndex();
  if (index_locked_) s_.index_mutex.Lock();
  const bool progress =
      batch_.view_progress || !batch_.source_progress.empty() || batch_.direct_clock;
  if (progress) s_.progress_mutex.Lock();
  discarded_ = batch_.view_progress && DiscardedByProgress();
  if (!discarded_) {
    slot_ = s_.journal->Begin();
    for (size_t i = 0; i < entries_.size(); ++i) Judge(i);
    for (SeriesEntry* entry : revision_entries_) DefineFor(*entry, nullptr);
    if (progress) TakeProgress();
  }
  if (progress) s_.progress_mutex.Unlock();
  if (index_locked_) s_.index_mutex.Unlock();
}

bool BatchWriter::DiscardedByProgress() {
  const ViewProgress& now = *batch_.view_progress;
  const auto it = s_.pending_views.find(now.view);
  if (it == s_.pending_views.end()) return false;
  const ViewProgress& was = it->second;
  const bool beyond = now.generation > was.generation ||
                      (now.generation == was.generation && now.positions.Covers(was.positions) &&
                       !(now.positions == was.positions));
  if (beyond) return false;
  wait_lsn_ = s_.pending_view_lsn[now.view];
  reply_.outcomes.assign(entries_.size(), Outcome::kUnchanged);
  return true;
}

void BatchWriter::TakeProgress() {
  feed_->sources = batch_.source_progress;
  for (const auto& [table, time] : direct_) {
    SourceProgress progress;
    progress.source = {SourceId::Kind::kDirect, 0};
    progress.table = table;
    progress.max_event_time = time;
    feed_->sources.push_back(std::move(progress));
  }
  for (SourceProgress& progress : feed_->sources) {
    SourceProgress& pending =
        s_.pending_sources[{progress.source, progress.table, progress.partition}];
    progress.max_event_time = std::max(progress.max_event_time, pending.max_event_time);
    progress.floor = std::max(progress.floor, pending.floor);
    progress.whole_from = std::max(progress.whole_from, pending.whole_from);
    if (batch_.continues_from && (HoldsPosition(batch_.rule, reply_.rejections) ||
                                  pending.position != *batch_.continues_from)) {
      progress.position = pending.position;
    }
    pending = progress;
  }
  if (batch_.view_progress) {
    s_.pending_views[batch_.view_progress->view] = *batch_.view_progress;
    s_.pending_view_lsn[batch_.view_progress->view] = slot_->lsn;
    feed_->views.push_back(*batch_.view_progress);
  }
}

const AcceptedWindow& BatchWriter::WindowFor(uint32_t slot) {
  if (windows_[window_at_].slot != slot) {
    window_at_ = 0;
    while (windows_[window_at_].slot != slot) ++window_at_;
  }
  return windows_[window_at_].window;
}

void BatchWriter::Reject(size_t i, RejectReason reason, std::string text,
                         std::optional<int64_t> existing) {
  reply_.outcomes.push_back(Outcome::kRejected);
  reply_.rejections.push_back({i, reason, existing, std::move(text)});
  s_.metrics.rejected[static_cast<size_t>(reason)]->Add();
}

void BatchWriter::TellRejections() const {
  if (s_.options.rejections == nullptr || reply_.rejections.empty()) return;
  std::vector<RejectedPoint> told;
  told.reserve(reply_.rejections.size());
  for (const Rejection& rejection : reply_.rejections) {
    // What a pipeline reads again and finds overwritten is nobody's mistake.
    if (!batch_.source_progress.empty() && !HoldsPosition(batch_.rule, {&rejection, 1})) continue;
    const PointView& point = batch_.points[rejection.index];
    const uint32_t slot = entries_[rejection.index]->table_slot;
    const auto window = std::ranges::find(windows_, slot, &TableWindow::slot);
    told.push_back({.table = window->table,
                    .series = point.series,
                    .time = point.time,
                    .version = batch_.rule == ConflictRule::kByVersion ? point.version : 0,
                    .reason = rejection.reason,
                    .existing_version = rejection.existing_version,
                    .text = rejection.text,
                    .time_check = batch_.time_check});
  }
  if (!told.empty()) s_.options.rejections->OnRejected(told);
}

bool BatchWriter::CheckAccess(size_t i, const SeriesEntry& entry) {
  const uint32_t reserved = entry.reserved_by.load(std::memory_order_relaxed);
  if (entry.owner == batch_.owner && (reserved == 0 || !batch_.owner.none())) return true;
  if (entry.owner.none() && !batch_.owner.none()) {
    Reject(i, RejectReason::kSeriesReserved, "series is not maintained by the writing view");
    return false;
  }
  // The view's name needs the index: filled in once the lanes are free.
  texts_.push_back({reply_.rejections.size(),
                    entry.owner.none() ? ViewId{reserved} : entry.owner.view, nullptr,
                    ValueType::kNone});
  Reject(i, RejectReason::kSeriesReserved, {});
  return false;
}

bool BatchWriter::CheckType(size_t i, const SeriesEntry& entry) {
  const ValueType type = batch_.points[i].value.type();
  if (type == entry.type) return true;
  if (type == ValueType::kNone) {
    if (!entry.owner.none()) return true;
    Reject(i, RejectReason::kTypeConflict, "only rows of views can be deleted");
    return false;
  }
  // The measure's name needs the index: filled in once the lanes are free.
  texts_.push_back({reply_.rejections.size(), {}, &entry, type});
  Reject(i, RejectReason::kTypeConflict, {});
  return false;
}

bool BatchWriter::CheckSchema(size_t i, SeriesEntry& entry) {
  const PointView& point = batch_.points[i];
  const auto fields = entry.type == ValueType::kMulti && point.value.type() == ValueType::kMulti
                          ? point.value.as_fields()
                          : std::span<const FieldView>();
  SchemaVerdict verdict = s_.index.Check(entry, fields);
  if (verdict.reason == RejectReason::kNone) return true;
  Reject(i, verdict.reason, std::move(verdict.text));
  return false;
}

// New fields get the ids that DefineField() will give them if the row is accepted.
void BatchWriter::EncodeMulti(const SeriesEntry& entry, const PointView& point) {
  const TableIndex& table = *s_.index.Find(entry.table);
  auto next = static_cast<uint32_t>(table.fields_by_id.size());
  std::vector<EncodedField> fields;
  for (const FieldView& f : point.value.as_fields()) {
    const auto it = table.fields.find(f.name);
    fields.push_back({it == table.fields.end() ? next++ : it->second.id, f.value});
  }
  std::sort(fields.begin(), fields.end(),
            [](const EncodedField& a, const EncodedField& b) { return a.id < b.id; });
  encoded_.clear();
  EncodeFields(fields, encoded_);
}

void BatchWriter::Judge(size_t i) {
  const PointView& point = batch_.points[i];
  SeriesEntry& entry = *entries_[i];
  if (!CheckAccess(i, entry) || !CheckType(i, entry)) return;
  const AcceptedWindow& window = WindowFor(entry.table_slot);
  if (!window.range.Contains(point.time)) {
    Reject(i, RejectReason::kTimeOutOfRange, TimeRangeText(window));
    return;
  }
  if (entry.first_lsn == 0 || entry.type == ValueType::kMulti) {
    if (!CheckSchema(i, entry)) return;
  }
  const bool tombstone = point.value.type() == ValueType::kNone;
  if (point.value.type() == ValueType::kMulti) EncodeMulti(entry, point);
  OwnedRow owned;
  const OwnedRow* owned_row = nullptr;
  if (!entry.owner.none()) {
    if (point.row != nullptr) owned.info = *point.row;
    owned.tombstone = tombstone;
    owned_row = &owned;
  }
  if (!question_of_.empty() && question_of_[i] != 0 && questions_[question_of_[i] - 1].error) {
    Reject(i, RejectReason::kDamaged, questions_[question_of_[i] - 1].error->message);
    return;
  }
  const SeriesBuffer::Place place = entry.buffer.Find(point.time.ns);
  const std::optional<StoredWrite> stored = StoredAt(i, entry, place, owned_row);
  const Verdict verdict =
      OrderWrites({batch_.rule, point.version, point.arrival, tombstone}, stored);
  if (verdict.outcome == Outcome::kRejected) {
    wait_lsn_ = std::max(wait_lsn_, entry.last_lsn);
    Reject(i, verdict.reason,
           verdict.reason == RejectReason::kVersionExists
               ? VersionExistsText()
               : VersionLowerText(point.version, stored->version),
           stored->version);
    return;
  }
  reply_.outcomes.push_back(verdict.outcome);
  ++(point.time >= window.memory_start ? reply_.memory_points : reply_.magnetic_points);
  if (verdict.outcome == Outcome::kUnchanged) {
    wait_lsn_ = std::max(wait_lsn_, entry.last_lsn);
    return;
  }
  if (index_locked_) DefineFor(entry, &point);
  Store(i, entry, place, verdict, owned_row);
}

// What the point is judged against: the highest version in any tier.
std::optional<StoredWrite> BatchWriter::StoredAt(size_t i, const SeriesEntry& entry,
                                                 const SeriesBuffer::Place& place,
                                                 const OwnedRow* owned) const {
  const PointView& point = batch_.points[i];
  const bool tombstone = point.value.type() == ValueType::kNone;
  std::optional<StoredWrite> best;
  const auto offer = [&](int64_t version, bool was_tombstone, uint64_t bits, std::string_view text,
                         const RowInfo& info) {
    if (best && !Supersedes(version, best->version)) return;
    best = StoredWrite{version, false};
    if (tombstone || was_tombstone) {
      best->same_value = tombstone && was_tombstone;
      return;
    }
    const bool same = !IsText(entry.type)                 ? bits == ScalarBits(point.value)
                      : entry.type == ValueType::kVarchar ? text == point.value.as_varchar()
                                                          : text == encoded_;
    best->same_value = same && (owned == nullptr || info == owned->info);
  };
  const auto offer_row = [&](const SeriesBuffer& buffer, const SeriesBuffer::Place& at) {
    const OwnedRow* row = buffer.owned(at);
    const uint64_t bits = buffer.row(at).bits;
    const bool ended = row != nullptr && row->tombstone;
    offer(buffer.version(at), ended, bits,
          IsText(entry.type) && !ended ? TextPool::TextOf(bits) : std::string_view(),
          row != nullptr ? row->info : RowInfo{});
  };
  if (place.found) offer_row(entry.buffer, place);
  for (auto part = entry.frozen.get(); part != nullptr; part = part->older.get()) {
    if (part->buffer.empty()) continue;
    if (const SeriesBuffer::Place at = part->buffer.Find(point.time.ns); at.found) {
      offer_row(part->buffer, at);
    }
  }
  if (const SealedPoint* sealed = SealedOf(i)) {
    offer(sealed->version, sealed->tombstone, sealed->bits, sealed->text, sealed->info);
  }
  return best;
}

// The row in place, what was there before in the undo log, and both on the way to journal and feed.
void BatchWriter::Store(size_t i, SeriesEntry& entry, const SeriesBuffer::Place& place,
                        const Verdict& verdict, const OwnedRow* owned) {
  const PointView& point = batch_.points[i];
  const ValueType type = point.value.type();
  SeriesLane& lane = s_.LaneOf(entry.id);
  UndoRecord undo;
  undo.lsn = slot_->lsn;
  undo.previous = entry.undo_chain;
  undo.row = {point.time.ns, 0};
  if (place.found) {
    undo.existed = true;
    undo.row.bits = entry.buffer.row(place).bits;
    undo.version = entry.buffer.version(place);
    if (const OwnedRow* before = entry.buffer.owned(place))
      undo.owned = std::make_unique<OwnedRow>(*before);
  }
  entry.undo_chain = lane.undo.Push(std::move(undo));
  entry.last_lsn = slot_->lsn;

  JournalPoint out;
  out.series = entry.id;
  out.type = type;
  out.replaced = verdict.outcome == Outcome::kReplaced;
  out.time = point.time.ns;
  out.version = verdict.version;
  out.arrival = point.arrival.ms;
  out.bits = ScalarBits(point.value);
  if (type == ValueType::kVarchar) out.text = point.value.as_varchar();
  if (type == ValueType::kMulti) {
    multi_.push_back(encoded_);
    out.bits = multi_.size() - 1;  // the text is set once `multi_` stays where it is
  }
  if (owned != nullptr) out.row = point.row != nullptr ? point.row : &kNoRow;

  const int64_t before = RowWriter::HeapBytes(entry);
  const uint64_t bits = type == ValueType::kMulti ? RowWriter::BitsOf(entry, 0, encoded_)
                                                  : RowWriter::BitsOf(entry, out.bits, out.text);
  const Row row{point.time.ns, bits};
  if (place.found) {
    entry.buffer.Replace(place, row, verdict.version, owned);
  } else {
    ++rows_added_;
    if (row.time > entry.buffer.last_time()) {
      entry.buffer.Append(row, verdict.version, owned);
    } else {
      entry.buffer.Insert(place, row, verdict.version, owned);
    }
  }
  rows_bytes_ += RowWriter::HeapBytes(entry) - before;

  std::vector<JournalPoint>& list = accepted_[static_cast<size_t>(type)];
  if (list.empty()) list.reserve(entries_.size() - i);
  list.push_back(out);
  if (feed_->points.empty()) feed_->points.reserve(entries_.size() - i);
  feed_->points.push_back({entry.id, out.replaced, point.time.ns});
  if (batch_.direct_clock && entry.owner.none()) {
    const TableId table = entry.table;
    const auto it = std::find_if(direct_.begin(), direct_.end(),
                                 [&](const auto& d) { return d.first == table; });
    if (it == direct_.end()) {
      direct_.emplace_back(table, point.time);
    } else {
      it->second = std::max(it->second, point.time);
    }
  }
}

void BatchWriter::DefineFor(SeriesEntry& entry, const PointView* point) {
  if (entry.first_lsn == 0) {
    s_.index.Define(entry, slot_->lsn);
    definitions_.SeriesDef(entry.id, entry.type, s_.index.KeyOf(entry.id));
  }
  if (point == nullptr || point->value.type() != ValueType::kMulti) return;
  TableIndex& table = *s_.index.Find(entry.table);
  for (const FieldView& f : point->value.as_fields()) {
    const FieldDef field{std::string(f.name), f.value.type()};
    const auto [id, made] = s_.index.DefineField(table, field, slot_->lsn);
    if (made) definitions_.Field(table.id, id, field);
    const auto known = FieldsWritten(entry);
    if (std::any_of(known.begin(), known.end(), [&](const auto& k) { return k.first == id; }))
      continue;
    definitions_.SeriesField(entry.id, id);
    s_.index.NoteField(entry, id, slot_->lsn);
  }
}

void BatchWriter::FillTexts() {
  if (texts_.empty()) return;
  const ReaderLock lock(s_.index_mutex);
  for (const PendingText& t : texts_) {
    reply_.rejections[t.rejection].text =
        t.entry == nullptr
            ? ReservedText(s_.index.ViewName(t.view))
            : MeasureTypeText(s_.index.MeasureOf(t.entry->id), t.entry->type, t.type);
  }
}

void BatchWriter::Submit(Completion<WriteReply> done) {
  s_.metrics.writes.Add();
  s_.metrics.points.Add(reply_.memory_points + reply_.magnetic_points);
  if (slot_ != nullptr) {
    const HasArrival arrivals =
        batch_.rule == ConflictRule::kLastWins ? HasArrival::kYes : HasArrival::kNo;
    for (JournalPoint& p : accepted_[static_cast<size_t>(ValueType::kMulti)])
      p.text = multi_[p.bits];
    encoder_.Reserve(feed_->points.size(), batch_.revisions.size());
    for (const auto& points : accepted_) encoder_.Points(points, arrivals);
    for (const SourceProgress& p : feed_->sources) encoder_.Source(p);
    for (const RevisionEntry& r : batch_.revisions) encoder_.Revision(r);
    if (batch_.view_progress) encoder_.View(*batch_.view_progress);
    if (encoder_.empty() && definitions_.empty()) {
      s_.journal->Abandon(slot_);
      slot_.reset();
    }
  }
  if (slot_ != nullptr) reply_.positions = s_.PositionsAt(slot_->lsn);
  auto finish = [reply = std::move(reply_), done = std::move(done),
                 &s = s_](Result<void> durable) mutable {
    if (!durable.ok()) {
      done(std::move(durable).error());
      return;
    }
    if (reply.positions.partitions() == 0) reply.positions = s.PositionsAt(s.snapshots.visible());
    done(std::move(reply));
  };
  if (slot_ == nullptr) {
    s_.journal->WhenDurable(wait_lsn_, std::move(finish));
    return;
  }
  feed_->lsn = slot_->lsn;
  feed_->revisions.Reserve(batch_.revisions.size());
  for (const RevisionEntry& r : batch_.revisions) feed_->revisions.Add(r);
  std::string definitions = std::move(definitions_).Take();
  slot_->records = std::move(encoder_).Take();
  if (!definitions.empty()) slot_->records.insert(0, definitions);
  slot_->apply = [&s = s_, feed = std::move(feed_), definitions = std::move(definitions)] {
    s.ApplyDurable(feed, definitions);
  };
  slot_->finish = std::move(finish);
  s_.journal->Commit(slot_);
}

}  // namespace

uint64_t RowWriter::BitsOf(SeriesEntry& entry, uint64_t bits, std::string_view text) {
  if (!IsText(entry.type)) return bits;
  if (entry.pool == nullptr) entry.pool = std::make_shared<TextPool>();
  return entry.pool->Add(text);
}

void EmbeddedStore::Write(const WriteBatch& batch, Completion<WriteReply> done) {
  BatchWriter writer(*state_, batch);
  if (auto judged = writer.Run(); !judged.ok()) {
    done(std::move(judged).error());
    return;
  }
  writer.TellRejections();
  writer.Submit(std::move(done));
}

}  // namespace tidemark::store
