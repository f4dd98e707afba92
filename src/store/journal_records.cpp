// SPDX-License-Identifier: Apache-2.0
// Records of a batch: docs/format/journal.md, section 3.
#include <algorithm>
#include <array>

#include "store/journal_format.h"

namespace tidemark::store {
namespace {

enum PointFlag : uint8_t {
  kSameVersion = 1,  // one version for all
  kHasRows = 2,      // row infos follow
  kHasReplaced = 4,  // a bitmap of replaced points follows
  kHasArrivals = 8,  // arrivals per point
  kArrivalIsVersion = 16,
};

enum ProgressFlag : uint8_t { kHasTime = 1, kIdle = 2, kFromStart = 4 };

constexpr std::array<int64_t, 4> kTimeUnitsNs{1, 1'000, 1'000'000, 1'000'000'000};

// The coarsest unit that divides every time.
uint8_t TimeUnitOf(std::span<const JournalPoint> points) {
  uint8_t unit = 3;
  for (const JournalPoint& p : points) {
    while (unit > 0 && p.time % kTimeUnitsNs[unit] != 0) --unit;
  }
  return unit;
}

void PutScalar(const Scalar& scalar, ByteWriter& out) {
  out.PutU8(static_cast<uint8_t>(scalar.index()));
  if (const double* d = std::get_if<double>(&scalar)) out.PutF64(*d);
  if (const int64_t* i = std::get_if<int64_t>(&scalar)) out.PutI64(*i);
  if (const std::string* t = std::get_if<std::string>(&scalar)) out.PutString(*t);
  if (const bool* b = std::get_if<bool>(&scalar)) out.PutU8(*b ? 1 : 0);
  if (const EventTime* t = std::get_if<EventTime>(&scalar)) out.PutI64(t->ns);
}

Scalar GetScalar(ByteReader& in) {
  switch (in.GetU8()) {
    case 0:
      return std::monostate{};
    case 1:
      return in.GetF64();
    case 2:
      return in.GetI64();
    case 3:
      return std::string(in.GetString());
    case 4:
      return in.GetU8() != 0;
    case 5:
      return EventTime{in.GetI64()};
    default:
      in.Fail();
      return std::monostate{};
  }
}

// Of a source's progress.
constexpr uint64_t kTagFloor = 1;
constexpr uint64_t kTagWholeFrom = 2;
// Of a view's progress.
constexpr uint64_t kTagReplayFrom = 1;
// Of a revision.
constexpr uint64_t kTagLatenessMax = 1;
constexpr uint64_t kTagPartition = 2;
constexpr uint64_t kTagRecordCount = 3;
constexpr uint64_t kTagPoints = 4;

// Tagged optional fields end the body; those that are not known are skipped.
void PutTaggedTime(uint64_t tag, const std::optional<EventTime>& time, ByteWriter& out) {
  if (!time) return;
  ByteWriter value;
  value.PutI64(time->ns);
  out.PutVarint(tag);
  out.PutString(value.view());
}

}  // namespace

size_t BatchEncoder::Begin(RecordType type) {
  out_.PutU8(static_cast<uint8_t>(type));
  out_.PutU8(0);
  out_.PutU16(0);
  out_.PutU32(0);
  return out_.size();
}

void BatchEncoder::End(size_t at) {
  out_.PatchAt<uint32_t>(at - sizeof(uint32_t), static_cast<uint32_t>(out_.size() - at));
}

void BatchEncoder::Reserve(size_t points, size_t revisions) {
  constexpr size_t kPointBytes = 16;     // series and time by difference, a value
  constexpr size_t kRevisionBytes = 80;  // fixed fields, two numbers, the tag of the record count
  out_.Reserve(points * kPointBytes + revisions * kRevisionBytes);
}

void BatchEncoder::SeriesDef(uint32_t id, ValueType type, std::string_view canonical_key) {
  const size_t at = Begin(RecordType::kSeriesDef);
  out_.PutU32(id);
  out_.PutU8(static_cast<uint8_t>(type));
  out_.PutRaw(canonical_key);
  End(at);
}

void BatchEncoder::Field(TableId table, uint32_t field_id, const FieldDef& field) {
  const size_t at = Begin(RecordType::kFieldDef);
  out_.PutU32(table.value);
  out_.PutU32(field_id);
  out_.PutU8(static_cast<uint8_t>(field.type));
  out_.PutRaw(field.name);
  End(at);
}

void BatchEncoder::TableDrop(TableId table) {
  const size_t at = Begin(RecordType::kTableDrop);
  out_.PutU32(table.value);
  End(at);
}

void BatchEncoder::Adopt(uint32_t series, Owner owner) {
  const size_t at = Begin(RecordType::kAdopt);
  out_.PutU32(series);
  out_.PutU32(owner.view.value);
  out_.PutU32(owner.generation);
  End(at);
}

void BatchEncoder::OwnerDrop(ViewId view) {
  const size_t at = Begin(RecordType::kOwnerDrop);
  out_.PutU32(view.value);
  End(at);
}

void BatchEncoder::SeriesField(uint32_t series, uint32_t field_id) {
  const size_t at = Begin(RecordType::kSeriesField);
  out_.PatchAt<uint8_t>(at - 7, kRecordSkippable);
  out_.PutU32(series);
  out_.PutU32(field_id);
  End(at);
}

void BatchEncoder::SeriesEnd(uint32_t end) {
  const size_t at = Begin(RecordType::kSeriesEnd);
  out_.PatchAt<uint8_t>(at - 7, kRecordSkippable);
  out_.PutU32(end);
  End(at);
}

void BatchEncoder::Points(std::span<const JournalPoint> points, HasArrival has_arrival) {
  if (points.empty()) return;
  RecordType type = RecordType::kPoints;
  if (points[0].type == ValueType::kMulti) type = RecordType::kRows;
  if (points[0].type == ValueType::kNone) type = RecordType::kTombstones;
  const size_t at = Begin(type);
  PointBody(points, has_arrival);
  End(at);
}

void BatchEncoder::PointBody(std::span<const JournalPoint> points, HasArrival has_arrival) {
  const ValueType type = points[0].type;
  const bool same_version = std::all_of(points.begin(), points.end(), [&](const JournalPoint& p) {
    return p.version == points[0].version;
  });
  const bool arrival_is_version =
      has_arrival == HasArrival::kYes &&
      std::all_of(points.begin(), points.end(),
                  [](const JournalPoint& p) { return p.arrival == p.version; });
  const bool replaced =
      std::any_of(points.begin(), points.end(), [](const JournalPoint& p) { return p.replaced; });
  const bool rows = points[0].row != nullptr;
  uint8_t flags = 0;
  if (same_version) flags |= kSameVersion;
  if (rows) flags |= kHasRows;
  if (replaced) flags |= kHasReplaced;
  if (arrival_is_version) {
    flags |= kArrivalIsVersion;
  } else if (has_arrival == HasArrival::kYes) {
    flags |= kHasArrivals;
  }
  const uint8_t unit = TimeUnitOf(points);
  out_.PutVarint(points.size());
  out_.PutU8(static_cast<uint8_t>(type));
  out_.PutU8(flags);
  out_.PutU8(unit);
  int64_t last = 0;
  for (const JournalPoint& p : points) {
    out_.PutSigned(int64_t{p.series} - last);
    last = p.series;
  }
  uint64_t before = 0;  // wraps: times and versions span all of int64
  for (const JournalPoint& p : points) {
    const auto time = static_cast<uint64_t>(p.time / kTimeUnitsNs[unit]);
    out_.PutSigned(static_cast<int64_t>(time - before));
    before = time;
  }
  if (same_version) {
    out_.PutSigned(points[0].version);
  } else {
    before = 0;
    for (const JournalPoint& p : points) {
      out_.PutSigned(static_cast<int64_t>(static_cast<uint64_t>(p.version) - before));
      before = static_cast<uint64_t>(p.version);
    }
  }
  if ((flags & kHasArrivals) != 0) {
    before = 0;
    for (const JournalPoint& p : points) {
      out_.PutSigned(static_cast<int64_t>(static_cast<uint64_t>(p.arrival) - before));
      before = static_cast<uint64_t>(p.arrival);
    }
  }
  if (replaced) {
    for (size_t i = 0; i < points.size(); i += 8) {
      unsigned byte = 0;
      for (size_t k = i; k < std::min(i + 8, points.size()); ++k) {
        byte |= (points[k].replaced ? 1U : 0U) << (k - i);
      }
      out_.PutU8(static_cast<uint8_t>(byte));
    }
  }
  for (const JournalPoint& p : points) {
    if (type == ValueType::kDouble || type == ValueType::kBigint) out_.PutU64(p.bits);
    if (type == ValueType::kBoolean) out_.PutU8(static_cast<uint8_t>(p.bits));
    if (type == ValueType::kVarchar || type == ValueType::kMulti) out_.PutString(p.text);
  }
  if (!rows) return;
  for (const JournalPoint& p : points) {
    out_.PutI64(p.row->window_start.ns);
    out_.PutI64(p.row->window_end.ns);
    out_.PutVarint(p.row->revision);
    out_.PutVarint(p.row->record_count);
  }
}

void BatchEncoder::Source(const SourceProgress& progress) {
  const size_t at = Begin(RecordType::kSourceProgress);
  unsigned flags = 0;
  if (progress.max_event_time) flags |= kHasTime;
  if (progress.idle) flags |= kIdle;
  if (progress.complete_from_start) flags |= kFromStart;
  out_.PutU8(static_cast<uint8_t>(progress.source.kind));
  out_.PutU8(static_cast<uint8_t>(flags));
  out_.PutU32(progress.source.id);
  out_.PutU32(progress.table.value);
  out_.PutU32(progress.partition);
  if (progress.max_event_time) out_.PutI64(progress.max_event_time->ns);
  out_.PutString(progress.position);
  PutTaggedTime(kTagFloor, progress.floor, out_);
  PutTaggedTime(kTagWholeFrom, progress.whole_from, out_);
  End(at);
}

void BatchEncoder::View(const ViewProgress& progress) {
  const size_t at = Begin(RecordType::kViewProgress);
  out_.PutU32(progress.view.value);
  out_.PutU32(progress.generation);
  out_.PutU8(progress.watermark ? kHasTime : 0);
  if (progress.watermark) out_.PutI64(progress.watermark->ns);
  progress.positions.AppendTo(out_);
  out_.PutString(progress.state);
  if (progress.replay_from.partitions() > 0) {
    ByteWriter positions;
    progress.replay_from.AppendTo(positions);
    out_.PutVarint(kTagReplayFrom);
    out_.PutString(positions.view());
  }
  End(at);
}

void BatchEncoder::Revision(const RevisionEntry& entry) {
  const size_t at = Begin(RecordType::kRevision);
  out_.PutU32(static_cast<uint32_t>(entry.series.lo));
  out_.PutU8(static_cast<uint8_t>((entry.frozen ? 1U : 0U) | (entry.coarse ? 2U : 0U) |
                                  (entry.correction ? 4U : 0U) | (entry.definition ? 8U : 0U)));
  out_.PutVarint(entry.revision);
  out_.PutI64(entry.time.ns);
  out_.PutI64(entry.window_start.ns);
  out_.PutI64(entry.window_end.ns);
  out_.PutI64(entry.at.ms);
  out_.PutVarint(entry.late_points);
  PutScalar(entry.old_value, out_);
  PutScalar(entry.new_value, out_);
  if (entry.lateness_max) {
    ByteWriter lateness;
    lateness.PutSigned(entry.lateness_max->count());
    out_.PutVarint(kTagLatenessMax);
    out_.PutString(lateness.view());
  }
  if (entry.partition) {
    ByteWriter partition;
    entry.partition->AppendTo(partition);
    out_.PutVarint(kTagPartition);
    out_.PutString(partition.view());
  }
  if (entry.record_count) {
    ByteWriter records;
    records.PutVarint(*entry.record_count);
    out_.PutVarint(kTagRecordCount);
    out_.PutString(records.view());
  }
  if (!entry.points.empty()) {
    ByteWriter points;
    for (const PointKey& p : entry.points) {
      points.PutVarint(p.series.lo);
      points.PutI64(p.time.ns);
    }
    out_.PutVarint(kTagPoints);
    out_.PutString(points.view());
  }
  End(at);
}

namespace {

Result<void> DecodePoints(ByteReader& in, RecordType record, BatchVisitor& visitor) {
  const uint64_t n = in.GetVarint();
  const auto type = static_cast<ValueType>(in.GetU8());
  const uint8_t flags = in.GetU8();
  const uint8_t unit = in.GetU8();
  const bool fits = record == RecordType::kPoints
                        ? type >= ValueType::kDouble && type <= ValueType::kBoolean
                    : record == RecordType::kRows ? type == ValueType::kMulti
                                                  : type == ValueType::kNone;
  // A point takes a byte for its series and one for its time at least.
  if (!fits || unit >= kTimeUnitsNs.size() || n > in.remaining()) in.Fail();
  std::vector<JournalPoint> points(in.ok() ? n : 0);
  std::vector<RowInfo> rows((flags & kHasRows) != 0 ? points.size() : 0);
  int64_t last = 0;
  for (JournalPoint& p : points) {
    last += in.GetSigned();
    p.series = static_cast<uint32_t>(last);
    p.type = type;
  }
  uint64_t time = 0;
  for (JournalPoint& p : points) {
    time += static_cast<uint64_t>(in.GetSigned());
    p.time = static_cast<int64_t>(time * static_cast<uint64_t>(kTimeUnitsNs[unit & 3U]));
  }
  uint64_t version = (flags & kSameVersion) != 0 ? static_cast<uint64_t>(in.GetSigned()) : 0;
  for (JournalPoint& p : points) {
    if ((flags & kSameVersion) == 0) version += static_cast<uint64_t>(in.GetSigned());
    p.version = static_cast<int64_t>(version);
    if ((flags & kArrivalIsVersion) != 0) p.arrival = p.version;
  }
  if ((flags & kHasArrivals) != 0) {
    uint64_t arrival = 0;
    for (JournalPoint& p : points) {
      arrival += static_cast<uint64_t>(in.GetSigned());
      p.arrival = static_cast<int64_t>(arrival);
    }
  }
  if ((flags & kHasReplaced) != 0) {
    const std::string_view bits = in.GetRaw((points.size() + 7) / 8);
    for (size_t i = 0; i < points.size() && in.ok(); ++i) {
      points[i].replaced = ((static_cast<uint8_t>(bits[i / 8]) >> (i % 8)) & 1U) != 0;
    }
  }
  for (JournalPoint& p : points) {
    if (type == ValueType::kDouble || type == ValueType::kBigint) p.bits = in.GetU64();
    if (type == ValueType::kBoolean) p.bits = in.GetU8() != 0 ? 1 : 0;
    if (type == ValueType::kVarchar || type == ValueType::kMulti) p.text = in.GetString();
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].window_start.ns = in.GetI64();
    rows[i].window_end.ns = in.GetI64();
    rows[i].revision = static_cast<uint32_t>(in.GetVarint());
    rows[i].record_count = in.GetVarint();
    points[i].row = &rows[i];
  }
  TM_RETURN_IF_ERROR(in.Finish("points record"));
  return visitor.OnPoints(points);
}

Result<void> DecodeSource(ByteReader& in, BatchVisitor& visitor) {
  SourceProgress p;
  p.source.kind = static_cast<SourceId::Kind>(in.GetU8());
  const uint8_t flags = in.GetU8();
  p.source.id = in.GetU32();
  p.table.value = in.GetU32();
  p.partition = in.GetU32();
  if ((flags & kHasTime) != 0) p.max_event_time = EventTime{in.GetI64()};
  p.idle = (flags & kIdle) != 0;
  p.complete_from_start = (flags & kFromStart) != 0;
  p.position = in.GetString();
  while (in.ok() && in.remaining() > 0) {
    const uint64_t tag = in.GetVarint();
    ByteReader value(in.GetString());
    if (tag != kTagFloor && tag != kTagWholeFrom) continue;
    (tag == kTagFloor ? p.floor : p.whole_from) = EventTime{value.GetI64()};
    if (!value.ok()) in.Fail();
  }
  TM_RETURN_IF_ERROR(in.Finish("source progress record"));
  return visitor.OnSource(std::move(p));
}

Result<void> DecodeView(ByteReader& in, BatchVisitor& visitor) {
  ViewProgress p;
  p.view.value = in.GetU32();
  p.generation = in.GetU32();
  if ((in.GetU8() & kHasTime) != 0) p.watermark = EventTime{in.GetI64()};
  p.positions = Positions::Read(in);
  p.state = in.GetString();
  while (in.ok() && in.remaining() > 0) {
    const uint64_t tag = in.GetVarint();
    ByteReader value(in.GetString());
    if (tag != kTagReplayFrom) continue;
    p.replay_from = Positions::Read(value);
    if (!value.ok()) in.Fail();
  }
  TM_RETURN_IF_ERROR(in.Finish("view progress record"));
  return visitor.OnView(std::move(p));
}

Result<void> DecodeRevision(ByteReader& in, BatchVisitor& visitor) {
  RevisionEntry e;
  e.series.lo = in.GetU32();
  const uint8_t kind = in.GetU8();
  e.frozen = (kind & 1U) != 0;
  e.coarse = (kind & 2U) != 0;
  e.correction = (kind & 4U) != 0;
  e.definition = (kind & 8U) != 0;
  e.revision = static_cast<uint32_t>(in.GetVarint());
  e.time.ns = in.GetI64();
  e.window_start.ns = in.GetI64();
  e.window_end.ns = in.GetI64();
  e.at.ms = in.GetI64();
  e.late_points = in.GetVarint();
  e.old_value = GetScalar(in);
  e.new_value = GetScalar(in);
  while (in.ok() && in.remaining() > 0) {
    const uint64_t tag = in.GetVarint();
    ByteReader value(in.GetString());
    if (tag == kTagLatenessMax) e.lateness_max = nanoseconds(value.GetSigned());
    if (tag == kTagPartition) e.partition = SourcePartition::Read(value);
    if (tag == kTagRecordCount) e.record_count = value.GetVarint();
    while (tag == kTagPoints && value.ok() && value.remaining() > 0) {
      const uint64_t series = value.GetVarint();
      e.points.push_back({{0, series}, {value.GetI64()}});
    }
    if (!value.ok()) in.Fail();
  }
  TM_RETURN_IF_ERROR(in.Finish("revision record"));
  return visitor.OnRevision(std::move(e));
}

Result<void> DecodeDefinition(ByteReader& in, RecordType type, BatchVisitor& visitor) {
  if (type == RecordType::kSeriesDef) {
    const uint32_t id = in.GetU32();
    const auto value_type = static_cast<ValueType>(in.GetU8());
    const std::string_view key = in.GetRaw(in.remaining());
    TM_RETURN_IF_ERROR(in.Finish("series definition record"));
    return visitor.OnSeriesDef(id, value_type, key);
  }
  if (type == RecordType::kFieldDef) {
    const TableId table{in.GetU32()};
    const uint32_t id = in.GetU32();
    FieldDef field;
    field.type = static_cast<ValueType>(in.GetU8());
    field.name = in.GetRaw(in.remaining());
    TM_RETURN_IF_ERROR(in.Finish("field definition record"));
    return visitor.OnField(table, id, field);
  }
  if (type == RecordType::kTableDrop) {
    const TableId table{in.GetU32()};
    TM_RETURN_IF_ERROR(in.Finish("table drop record"));
    return visitor.OnTableDrop(table);
  }
  if (type == RecordType::kOwnerDrop) {
    const ViewId view{in.GetU32()};
    TM_RETURN_IF_ERROR(in.Finish("owner drop record"));
    return visitor.OnOwnerDrop(view);
  }
  const uint32_t series = in.GetU32();
  if (type == RecordType::kSeriesField) {
    const uint32_t field_id = in.GetU32();
    TM_RETURN_IF_ERROR(in.Finish("series field record"));
    return visitor.OnSeriesField(series, field_id);
  }
  if (type == RecordType::kSeriesEnd) {
    TM_RETURN_IF_ERROR(in.Finish("series end record"));
    return visitor.OnSeriesEnd(series);
  }
  Owner owner;
  owner.view.value = in.GetU32();
  owner.generation = in.GetU32();
  TM_RETURN_IF_ERROR(in.Finish("adopt record"));
  return visitor.OnAdopt(series, owner);
}

}  // namespace

Result<void> DecodeBatch(std::string_view records, BatchVisitor& visitor) {
  ByteReader in(records);
  while (!in.AtEnd()) {
    const auto type = static_cast<RecordType>(in.GetU8());
    const uint8_t flags = in.GetU8();
    in.GetU16();
    const uint32_t bytes = in.GetU32();
    ByteReader body(in.GetRaw(bytes));
    if (!in.ok()) return Error{Code::kCorruption, "journal record reaches beyond its batch"};
    switch (type) {
      case RecordType::kPoints:
      case RecordType::kRows:
      case RecordType::kTombstones:
        TM_RETURN_IF_ERROR(DecodePoints(body, type, visitor));
        continue;
      case RecordType::kSourceProgress:
        TM_RETURN_IF_ERROR(DecodeSource(body, visitor));
        continue;
      case RecordType::kViewProgress:
        TM_RETURN_IF_ERROR(DecodeView(body, visitor));
        continue;
      case RecordType::kRevision:
        TM_RETURN_IF_ERROR(DecodeRevision(body, visitor));
        continue;
      case RecordType::kSeriesDef:
      case RecordType::kFieldDef:
      case RecordType::kTableDrop:
      case RecordType::kAdopt:
      case RecordType::kOwnerDrop:
      case RecordType::kSeriesField:
      case RecordType::kSeriesEnd:
        TM_RETURN_IF_ERROR(DecodeDefinition(body, type, visitor));
        continue;
      case RecordType::kCheckpoint:
        break;
    }
    if ((flags & kRecordSkippable) == 0) {
      return Error{Code::kUnimplemented, "journal record of type " +
                                             std::to_string(static_cast<int>(type)) +
                                             " was written by a newer version"};
    }
  }
  return {};
}

}  // namespace tidemark::store
