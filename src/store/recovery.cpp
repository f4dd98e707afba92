// SPDX-License-Identifier: Apache-2.0
// Replays journaled batches into memory. Only accepted points were journaled, so nothing is judged
// again: the higher version stays, of equal ones the first (conflict.h).
#include <algorithm>

#include "store/conflict.h"
#include "store/embedded_state_internal.h"
#include "store/sealer_internal.h"

namespace tidemark::store {
namespace {

// Single-threaded: the store is not open yet, so no lane is locked.
class BatchReplay final : public Journal::Replay, private BatchVisitor {
 public:
  explicit BatchReplay(EmbeddedStore::State& state) : s_(state) {}

  Result<void> OnBatch(uint64_t lsn, std::string_view records) override {
    lsn_ = lsn;
    in_dictionary_ = lsn <= s_.dictionary_lsn;
    TM_RETURN_IF_ERROR(DecodeBatch(records, *this));
    if (definitions_.empty()) return {};
    const MutexLock lock(s_.definitions_mutex);
    s_.definitions.records += std::move(definitions_).Take();
    s_.definitions.lsn = lsn;
    definitions_ = BatchEncoder();
    return {};
  }

  // Replay takes no more memory than normal running.
  Result<void> OnDurable(uint64_t lsn) override {
    const int64_t rows = s_.rows_bytes.load() - s_.frozen_bytes.load();
    if (rows < 0 || static_cast<uint64_t>(rows) < s_.options.memory_bytes_max / 2) return {};
    s_.snapshots.Publish(lsn);
    return s_.sealer->SealReplayed(lsn);
  }

  /// A page of the dictionary: definitions only, older than what the journal replays.
  Result<void> OnDictionary(uint64_t lsn, std::string_view records) {
    lsn_ = lsn;
    in_dictionary_ = false;
    in_page_ = true;
    const auto decoded = DecodeBatch(records, *this);
    in_page_ = false;
    TM_RETURN_IF_ERROR(decoded);
    definitions_ = BatchEncoder();
    s_.dictionary_lsn = std::max(s_.dictionary_lsn, lsn);
    return {};
  }

 private:
  /// Null: dropped since, so that the dictionary has forgotten it. A page too may name such a one:
  /// what changed between a seal's copy of the definitions and a rewrite of the dictionary is in
  /// both.
  Result<SeriesEntry*> Entry(uint32_t id) {
    SeriesEntry* entry = s_.directory.Get({0, id});
    if (entry != nullptr || in_dictionary_ || in_page_) return entry;
    return Error{Code::kCorruption,
                 "journal uses series " + std::to_string(id) + " before it is defined"};
  }

  Result<void> OnSeriesDef(uint32_t id, ValueType type, std::string_view canonical_key) override {
    if (in_dictionary_) return {};
    definitions_.SeriesDef(id, type, canonical_key);
    if (type < ValueType::kDouble || type > ValueType::kMulti) {
      return Error{Code::kCorruption, "journal defines a series of an unknown type"};
    }
    const WriterLock lock(s_.index_mutex);
    TM_ASSIGN_OR_RETURN(SeriesEntry * entry, s_.index.AddSeriesAt(id, type, canonical_key));
    s_.index.Define(*entry, lsn_);
    s_.index_bytes = static_cast<int64_t>(s_.index.heap_bytes());
    return {};
  }

  Result<void> OnField(TableId table, uint32_t field_id, const FieldDef& field) override {
    if (in_dictionary_) return {};
    definitions_.Field(table, field_id, field);
    const WriterLock lock(s_.index_mutex);
    const auto [id, made] = s_.index.DefineField(s_.index.FindOrAdd(table), field, lsn_);
    if (id == field_id && made) return {};
    return Error{Code::kCorruption, "journal defines field " + field.name + " out of order"};
  }

  Result<void> OnPoints(std::span<const JournalPoint> points) override {
    for (const JournalPoint& p : points) {
      TM_ASSIGN_OR_RETURN(SeriesEntry * entry, Entry(p.series));
      if (entry == nullptr || entry->dropped) continue;
      if (p.type != entry->type && p.type != ValueType::kNone) {
        return Error{Code::kCorruption, "journal holds a point of another type than its series"};
      }
      if (p.type == ValueType::kMulti) TM_RETURN_IF_ERROR(NoteFields(*entry, p.text));
      Apply(*entry, p);
    }
    return {};
  }

  Result<void> NoteFields(SeriesEntry& entry, std::string_view encoded) {
    if (!DecodeFields(encoded, fields_))
      return Error{Code::kCorruption, "journal holds a damaged row"};
    const WriterLock lock(s_.index_mutex);
    const TableIndex& table = s_.index.FindOrAdd(entry.table);
    for (const EncodedField& f : fields_) {
      if (f.id >= table.fields_by_id.size()) {
        return Error{Code::kCorruption, "journal uses a field before it is defined"};
      }
      if (Known(entry, f.id)) continue;
      definitions_.SeriesField(entry.id, f.id);
      s_.index.NoteField(entry, f.id, lsn_);
    }
    return {};
  }

  static bool Known(const SeriesEntry& entry, uint32_t field_id) {
    const auto known = FieldsWritten(entry);
    return std::any_of(known.begin(), known.end(),
                       [&](const auto& k) { return k.first == field_id; });
  }

  Result<void> OnSeriesField(uint32_t series, uint32_t field_id) override {
    SeriesEntry* entry = s_.directory.Get({0, series});
    if (entry == nullptr || entry->dropped) return {};
    const WriterLock lock(s_.index_mutex);
    if (field_id >= s_.index.FindOrAdd(entry->table).fields_by_id.size()) {
      return Error{Code::kCorruption, "a field is used before it is defined"};
    }
    if (!Known(*entry, field_id)) {
      definitions_.SeriesField(series, field_id);
      s_.index.NoteField(*entry, field_id, lsn_);
    }
    return {};
  }

  Result<void> OnSeriesEnd(uint32_t end) override {
    if (end > 0 && end > s_.directory.end() && end <= SeriesDirectory::kSeriesMax) {
      s_.directory.Publish(end - 1);
    }
    return {};
  }

  void Apply(SeriesEntry& entry, const JournalPoint& p) {
    const int64_t before = RowWriter::HeapBytes(entry);
    OwnedRow owned;
    const OwnedRow* owned_row = nullptr;
    if (p.row != nullptr) {
      owned = {*p.row, p.type == ValueType::kNone};
      owned_row = &owned;
    }
    const SeriesBuffer::Place place = entry.buffer.Find(p.time);
    entry.last_lsn = lsn_;
    if (place.found) {
      if (!Supersedes(p.version, entry.buffer.version(place))) return;
      entry.buffer.Replace(place, {p.time, RowWriter::BitsOf(entry, p.bits, p.text)}, p.version,
                           owned_row);
    } else {
      const Row row{p.time, RowWriter::BitsOf(entry, p.bits, p.text)};
      if (p.time > entry.buffer.last_time()) {
        entry.buffer.Append(row, p.version, owned_row);
      } else {
        entry.buffer.Insert(place, row, p.version, owned_row);
      }
      ++s_.rows_count;
    }
    s_.rows_bytes += RowWriter::HeapBytes(entry) - before;
  }

  Result<void> OnSource(SourceProgress progress) override {
    const MutexLock lock(s_.visible_mutex);
    s_.sources[{progress.source, progress.table, progress.partition}] = std::move(progress);
    return {};
  }
  Result<void> OnView(ViewProgress progress) override {
    const MutexLock lock(s_.visible_mutex);
    s_.views[progress.view] = std::move(progress);
    return {};
  }
  Result<void> OnRevision(RevisionEntry entry) override {
    TM_ASSIGN_OR_RETURN(const SeriesEntry* series, Entry(static_cast<uint32_t>(entry.series.lo)));
    if (series == nullptr || lsn_ <= s_.revisions_sealed_lsn) return {};
    RevisionPack one;
    one.Add(entry);
    s_.revisions.Add(lsn_, one);
    return {};
  }

  Result<void> OnTableDrop(TableId table) override {
    if (in_dictionary_) return {};
    definitions_.TableDrop(table);
    const WriterLock lock(s_.index_mutex);
    TableIndex* found = s_.index.Find(table);
    if (found != nullptr) s_.DropSeriesOf(*found);
    return {};
  }

  Result<void> OnOwnerDrop(ViewId view) override {
    if (in_dictionary_) return {};
    definitions_.OwnerDrop(view);
    const WriterLock lock(s_.index_mutex);
    s_.DropSeriesOf(view);
    return {};
  }

  Result<void> OnAdopt(uint32_t series, Owner owner) override {
    if (in_dictionary_) return {};
    definitions_.Adopt(series, owner);
    TM_ASSIGN_OR_RETURN(SeriesEntry * entry, Entry(series));
    if (entry == nullptr) return {};
    const WriterLock lock(s_.index_mutex);
    s_.index.SetOwner(*entry, owner);
    return {};
  }

  EmbeddedStore::State& s_;
  uint64_t lsn_ = 0;
  bool in_dictionary_ = false;  // the batch's definitions are known already
  bool in_page_ = false;        // the records are a dictionary page's
  BatchEncoder definitions_;
  std::vector<EncodedField> fields_;
};

}  // namespace

std::unique_ptr<Journal::Replay> MakeReplay(EmbeddedStore::State& state) {
  return std::make_unique<BatchReplay>(state);
}

Dictionary::Visitor MakeDictionaryReplay(EmbeddedStore::State& state) {
  return [replay = std::make_shared<BatchReplay>(state)](uint64_t lsn, std::string_view records) {
    return replay->OnDictionary(lsn, records);
  };
}

}  // namespace tidemark::store
