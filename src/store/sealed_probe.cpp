// SPDX-License-Identifier: Apache-2.0
#include "store/sealed_probe.h"

#include <algorithm>
#include <bit>

#include "store/conflict.h"

namespace tidemark::store {
namespace {

ValueView ValueOf(ValueType type, uint64_t bits, std::string_view text) {
  switch (type) {
    case ValueType::kDouble:
      return ValueView::Double(std::bit_cast<double>(bits));
    case ValueType::kBigint:
      return ValueView::Bigint(static_cast<int64_t>(bits));
    case ValueType::kBoolean:
      return ValueView::Boolean(bits != 0);
    case ValueType::kTimestamp:
      return ValueView::Timestamp({static_cast<int64_t>(bits)});
    case ValueType::kVarchar:
      return ValueView::Varchar(text);
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return {};
}

}  // namespace

void SealedProbe::Ask(std::span<Question> questions) {
  std::vector<Question*> open;
  for (size_t from = 0; from < questions.size();) {
    SeriesEntry& entry = *questions[from].entry;
    size_t to = from;
    open.clear();
    while (to < questions.size() && questions[to].entry == &entry) {
      Question& q = questions[to++];
      if (!version_.damaged.empty()) {
        if (auto readable = version_.CheckReadable(entry.table, entry.id, RangeOf(q.time, q.time));
            !readable.ok()) {
          q.error = std::move(readable).error();
          continue;
        }
      }
      open.push_back(&q);
    }
    from = to;
    if (open.empty()) continue;
    for (const TableFile& f : version_.FilesOf(entry.table)) {
      if (f.min_time > open.back()->time) break;
      if (f.max_time < open.front()->time || !f.file->Has(entry.id)) continue;
      if (auto asked = AskFile(f, open); !asked.ok()) {
        Error error = s_.ReportDamage(*f.file, entry.table, std::move(asked).error());
        for (Question* q : open) {
          if (q->time >= f.min_time && q->time <= f.max_time) q->error = error;
        }
      }
    }
  }
}

Result<void> SealedProbe::AskFile(const TableFile& file, std::span<Question*> questions) {
  entries_.clear();
  const TimeRange range = RangeOf(questions.front()->time, questions.back()->time);
  TM_RETURN_IF_ERROR(
      file.file->Find(questions.front()->entry->id, range.start.ns, range.end.ns, entries_));
  size_t at = 0;
  for (const ChunkEntry& e : entries_) {
    while (at < questions.size() && questions[at]->time < e.min_time) ++at;
    size_t end = at;
    while (end < questions.size() && questions[end]->time <= e.max_time) ++end;
    if (at == end) continue;
    TM_ASSIGN_OR_RETURN(Chunk chunk, file.file->Load(e));
    decoded_.block = SIZE_MAX;
    TM_RETURN_IF_ERROR(AskChunk(chunk, questions.subspan(at, end - at)));
    at = end;
  }
  return {};
}

Result<void> SealedProbe::AskChunk(Chunk& chunk, std::span<Question*> questions) {
  for (Question* q : questions) {
    TM_ASSIGN_OR_RETURN(const size_t row, chunk.Find(q->time));
    if (row == chunk.rows()) continue;
    SealedPoint point;
    TM_RETURN_IF_ERROR(Read(chunk, row, point));
    if (!q->answer || Supersedes(point.version, q->answer->version)) q->answer = std::move(point);
  }
  return {};
}

Result<void> SealedProbe::Read(Chunk& chunk, size_t row, SealedPoint& out) {
  const size_t block = row / kBlockRows;
  const size_t at = row % kBlockRows;
  Decoded& d = decoded_;
  if (d.block != block) {
    const size_t n = chunk.rows_in(block);
    d.block = SIZE_MAX;
    d.versions.assign(n, chunk.first_version());
    if (!chunk.constant_version()) TM_RETURN_IF_ERROR(chunk.Versions(block, d.versions.data()));
    d.tombstones.assign(n, 0);
    if (chunk.has_tombstones()) TM_RETURN_IF_ERROR(chunk.Tombstones(block, d.tombstones.data()));
    d.infos.assign(n, {});
    if (chunk.owned()) TM_RETURN_IF_ERROR(chunk.Infos(block, d.infos.data()));
    d.bits.resize(chunk.columns());
    d.texts.resize(chunk.columns());
    d.valid.resize(chunk.columns());
    d.arena.clear();
    for (size_t c = 0; c < chunk.columns(); ++c) {
      if (chunk.type(c) == ValueType::kVarchar) {
        d.texts[c].resize(n);
        TM_RETURN_IF_ERROR(chunk.Texts(c, block, d.texts[c].data(), d.arena));
      } else {
        d.bits[c].resize(n);
        TM_RETURN_IF_ERROR(chunk.Bits(c, block, d.bits[c].data()));
      }
      d.valid[c].assign(n, 1);
      if (chunk.has_nulls(c)) TM_RETURN_IF_ERROR(chunk.Valid(c, block, d.valid[c].data()));
    }
    d.block = block;
  }
  out.version = d.versions[at];
  out.tombstone = d.tombstones[at] != 0;
  out.info = d.infos[at];
  if (out.tombstone || chunk.columns() == 0) return {};
  if (chunk.field(0) == kSingleField) {
    if (chunk.type(0) == ValueType::kVarchar) {
      out.text = d.texts[0][at];
    } else {
      out.bits = d.bits[0][at];
    }
    return {};
  }
  std::vector<EncodedField> fields;
  for (size_t c = 0; c < chunk.columns(); ++c) {
    if (d.valid[c][at] == 0) continue;
    const bool text = chunk.type(c) == ValueType::kVarchar;
    fields.push_back({chunk.field(c), ValueOf(chunk.type(c), text ? 0 : d.bits[c][at],
                                              text ? d.texts[c][at] : std::string_view())});
  }
  EncodeFields(fields, out.text);
  return {};
}

Result<int64_t> EmbeddedStore::State::SealedMax(SeriesEntry& entry, const Version& version) {
  const int64_t known = entry.sealed_max.load(std::memory_order_relaxed);
  if (known != SeriesEntry::kSealedUnknown) return known;
  // An upper bound is enough, and needs no directory: the newest time of the table in each file
  // that has the series.
  int64_t bound = INT64_MIN;
  for (const TableFile& f : version.FilesOf(entry.table)) {
    if (f.max_time > bound && f.file->Has(entry.id)) bound = f.max_time;
  }
  for (const auto& [number, damaged] : version.damaged) {
    if (damaged.damaged.accepted || damaged.damaged.revisions || !damaged.MayHold(entry.id)) {
      continue;
    }
    for (const TableShare& share : damaged.damaged.meta.tables) {
      if (share.table == entry.table) bound = std::max(bound, share.max_time);
    }
  }
  const MutexLock lock(LaneOf(entry.id).mutex);
  // With a seal on its way its own rows would be missing from the bound.
  if (entry.frozen == nullptr && entry.sealed_max.load() == SeriesEntry::kSealedUnknown) {
    entry.sealed_max.store(bound, std::memory_order_relaxed);
  }
  return bound;
}

}  // namespace tidemark::store
