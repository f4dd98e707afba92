// SPDX-License-Identifier: Apache-2.0
#include <bit>

#include "base/check.h"
#include "store/block/file_header_internal.h"
#include "store/block/revision_page_internal.h"

namespace tidemark::store {
namespace {

enum EntryFlag : uint8_t {
  kFrozen = 1,
  kCoarse = 2,
  kHasPartition = 4,
  kCorrection = 8,
  kDefinition = 16,
};
constexpr uint8_t kFlagsKnown = 31;

/// Disk bytes; never renumber. 0 to 5 are the alternatives of Scalar.
enum Kind : uint8_t {
  kNull = 0,
  kDouble = 1,
  kBigint = 2,
  kVarchar = 3,
  kFalse = 4,
  kTimestamp = 5,
  kTrue = 6,
  // The old value is the new value of the entry before, as it is when both are of one window.
  kAsBefore = 7,
};

constexpr std::string_view kEndMagic("\x89TSEREND", 8);
constexpr size_t kFooterCrcAt = 116;

uint64_t Bits(int64_t v) { return static_cast<uint64_t>(v); }

// Differences wrap: times span all of int64.
int64_t Difference(uint64_t a, uint64_t b) { return static_cast<int64_t>(a - b); }

bool SameBits(const Scalar& a, const Scalar& b) {
  if (a.index() != b.index()) return false;
  if (const double* d = std::get_if<double>(&a)) {
    return std::bit_cast<uint64_t>(*d) == std::bit_cast<uint64_t>(std::get<double>(b));
  }
  return a == b;
}

// Byte 0 of all values, then byte 1 of all, ...: exponents and high bytes repeat.
std::string Planes(const std::vector<uint64_t>& values) {
  std::string out(values.size() * sizeof(uint64_t), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t byte = 0; byte < sizeof(uint64_t); ++byte) {
      out[byte * values.size() + i] = static_cast<char>((values[i] >> (8 * byte)) & 0xffU);
    }
  }
  return out;
}

class PlaneReader {
 public:
  explicit PlaneReader(std::string_view bytes)
      : bytes_(bytes), count_(bytes.size() / sizeof(uint64_t)) {}
  bool whole() const { return bytes_.size() % sizeof(uint64_t) == 0; }
  bool AtEnd() const { return ok_ && next_ == count_; }
  uint64_t Get() {
    if (next_ >= count_) {
      ok_ = false;
      return 0;
    }
    uint64_t value = 0;
    for (size_t byte = 0; byte < sizeof(uint64_t); ++byte) {
      value |= uint64_t{static_cast<uint8_t>(bytes_[byte * count_ + next_])} << (8 * byte);
    }
    ++next_;
    return value;
  }

 private:
  std::string_view bytes_;
  size_t count_ = 0;
  size_t next_ = 0;
  bool ok_ = true;
};

}  // namespace

void RevisionPageBuilder::PutValue(const Scalar& value, Column kind) {
  if (kind == kOldKind && entries_ > 0 && value.index() != 0 &&
      SameBits(value, last_.entry.new_value)) {
    return columns_[kind].PutU8(kAsBefore);
  }
  if (const bool* b = std::get_if<bool>(&value)) return columns_[kind].PutU8(*b ? kTrue : kFalse);
  columns_[kind].PutU8(static_cast<uint8_t>(value.index()));
  if (const double* d = std::get_if<double>(&value)) fixed_.push_back(std::bit_cast<uint64_t>(*d));
  if (const int64_t* i = std::get_if<int64_t>(&value)) fixed_.push_back(Bits(*i));
  if (const EventTime* t = std::get_if<EventTime>(&value)) fixed_.push_back(Bits(t->ns));
  if (const std::string* t = std::get_if<std::string>(&value)) columns_[kTexts].PutString(*t);
}

void RevisionPageBuilder::Add(const LoggedRevision& revision) {
  const RevisionEntry& e = revision.entry;
  const RevisionEntry& before = last_.entry;
  columns_[kSeries].PutVarint(e.series.lo - before.series.lo);
  columns_[kTime].PutSigned(Difference(Bits(e.time.ns), Bits(before.time.ns)));
  const auto start_of = [](const RevisionEntry& r) {
    return Bits(r.window_start.ns) - Bits(r.time.ns);
  };
  const auto size_of = [](const RevisionEntry& r) {
    return Bits(r.window_end.ns) - Bits(r.window_start.ns);
  };
  columns_[kWindowStart].PutSigned(Difference(start_of(e), start_of(before)));
  columns_[kWindowSize].PutSigned(Difference(size_of(e), size_of(before)));
  columns_[kRevision].PutVarint(e.revision);
  unsigned flags = 0;
  if (e.frozen) flags |= kFrozen;
  if (e.coarse) flags |= kCoarse;
  if (e.partition) flags |= kHasPartition;
  if (e.correction) flags |= kCorrection;
  if (e.definition) flags |= kDefinition;
  columns_[kFlags].PutU8(static_cast<uint8_t>(flags));
  columns_[kLatePoints].PutVarint(e.late_points);
  columns_[kLateness].PutVarint(e.lateness_max ? uint64_t{1} + ZigZag(e.lateness_max->count()) : 0);
  if (e.partition) e.partition->AppendTo(columns_[kPartition]);
  columns_[kRecords].PutVarint(e.record_count ? uint64_t{1} + *e.record_count : 0);
  columns_[kPoints].PutVarint(e.points.size());
  for (const PointKey& p : e.points) {
    columns_[kPoints].PutVarint(p.series.lo);
    columns_[kPoints].PutSigned(Difference(Bits(p.time.ns), Bits(e.window_start.ns)));
  }
  columns_[kAt].PutSigned(Difference(Bits(e.at.ms), Bits(before.at.ms)));
  columns_[kLsn].PutSigned(Difference(revision.lsn, last_.lsn));
  columns_[kOrdinal].PutSigned(Difference(revision.ordinal, last_.ordinal));
  PutValue(e.old_value, kOldKind);
  PutValue(e.new_value, kNewKind);
  last_ = revision;
  ++entries_;
}

size_t RevisionPageBuilder::bytes() const {
  size_t bytes = fixed_.size() * sizeof(uint64_t);
  for (const ByteWriter& column : columns_) bytes += column.size();
  return bytes;
}

std::string RevisionPageBuilder::Build() {
  ByteWriter out;
  for (size_t i = 0; i < kColumns; ++i) {
    if (i == kColumns10) out.PutString(Planes(fixed_));
    out.PutString(columns_[i].view());
    columns_[i].Clear();
  }
  fixed_.clear();
  last_ = {};
  entries_ = 0;
  return std::move(out).Take();
}

class RevisionPageReader {
 public:
  using Builder = RevisionPageBuilder;

  explicit RevisionPageReader(ByteReader& in) {
    columns_.reserve(Builder::kColumns);
    while (columns_.size() < Builder::kColumns10) columns_.emplace_back(in.GetString());
    fixed_ = PlaneReader(in.GetString());
    while (columns_.size() < Builder::kColumns && !in.AtEnd()) {
      columns_.emplace_back(in.GetString());
    }
  }

  bool Read(size_t count, std::vector<LoggedRevision>& out) {
    if (!fixed_.whole()) return false;
    const size_t columns = columns_.size();
    if (columns != Builder::kColumns10 && columns != Builder::kColumns11 &&
        columns != Builder::kColumns12 && columns != Builder::kColumns) {
      return false;
    }
    // An entry takes a byte of each column at least.
    if (columns_[Builder::kFlags].remaining() != count) return false;
    out.resize(count);
    for (LoggedRevision& r : out) {
      if (!ReadEntry(r)) return false;
      last_ = &r;
    }
    bool all = fixed_.AtEnd();
    for (const ByteReader& column : columns_) all = all && column.AtEnd();
    return all;
  }

 private:
  ByteReader& Column(Builder::Column column) { return columns_[column]; }

  bool ReadValue(uint8_t kind, Scalar& out) {
    switch (kind) {
      case kNull:
        out = std::monostate{};
        return true;
      case kDouble:
        out = std::bit_cast<double>(fixed_.Get());
        return true;
      case kBigint:
        out = static_cast<int64_t>(fixed_.Get());
        return true;
      case kVarchar:
        out = std::string(Column(Builder::kTexts).GetString());
        return true;
      case kFalse:
      case kTrue:
        out = kind == kTrue;
        return true;
      case kTimestamp:
        out = EventTime{static_cast<int64_t>(fixed_.Get())};
        return true;
      default:
        return false;
    }
  }

  bool ReadOrigin(bool has_partition, RevisionEntry& e) {
    const uint64_t lateness = Column(Builder::kLateness).GetVarint();
    if (lateness > 0) e.lateness_max = nanoseconds(UnZigZag(lateness - 1));
    if (has_partition) e.partition = SourcePartition::Read(Column(Builder::kPartition));
    return Column(Builder::kPartition).ok();
  }

  bool ReadPoints(RevisionEntry& e) {
    ByteReader& in = Column(Builder::kPoints);
    const uint64_t count = in.GetVarint();
    if (count > kPointKeysMax) return false;
    for (uint64_t i = 0; i < count && in.ok(); ++i) {
      const uint64_t series = in.GetVarint();
      const uint64_t time = Bits(e.window_start.ns) + Bits(in.GetSigned());
      e.points.push_back({{0, series}, {static_cast<int64_t>(time)}});
    }
    return in.ok();
  }

  bool ReadEntry(LoggedRevision& r) {
    static const LoggedRevision kNone;
    const LoggedRevision& before = last_ == nullptr ? kNone : *last_;
    RevisionEntry& e = r.entry;
    const auto add = [&](Builder::Column column, uint64_t to) {
      return to + Bits(Column(column).GetSigned());
    };
    const uint64_t series = before.entry.series.lo + Column(Builder::kSeries).GetVarint();
    if (series > UINT32_MAX) return false;
    e.series = {0, series};
    e.time.ns = static_cast<int64_t>(add(Builder::kTime, Bits(before.entry.time.ns)));
    start_ = add(Builder::kWindowStart, start_);
    size_ = add(Builder::kWindowSize, size_);
    e.window_start.ns = static_cast<int64_t>(Bits(e.time.ns) + start_);
    e.window_end.ns = static_cast<int64_t>(Bits(e.window_start.ns) + size_);
    const uint64_t revision = Column(Builder::kRevision).GetVarint();
    e.revision = static_cast<uint32_t>(revision);
    const uint8_t flags = Column(Builder::kFlags).GetU8();
    e.frozen = (flags & kFrozen) != 0;
    e.coarse = (flags & kCoarse) != 0;
    e.correction = (flags & kCorrection) != 0;
    e.definition = (flags & kDefinition) != 0;
    e.late_points = Column(Builder::kLatePoints).GetVarint();
    if (columns_.size() > Builder::kColumns10 && !ReadOrigin((flags & kHasPartition) != 0, e)) {
      return false;
    }
    if (columns_.size() > Builder::kColumns11) {
      const uint64_t records = Column(Builder::kRecords).GetVarint();
      if (records > 0) e.record_count = records - 1;
    }
    if (columns_.size() > Builder::kColumns12 && !ReadPoints(e)) return false;
    e.at.ms = static_cast<int64_t>(add(Builder::kAt, Bits(before.entry.at.ms)));
    r.lsn = add(Builder::kLsn, before.lsn);
    const uint64_t ordinal = add(Builder::kOrdinal, before.ordinal);
    r.ordinal = static_cast<uint32_t>(ordinal);
    const uint8_t old_kind = Column(Builder::kOldKind).GetU8();
    if (old_kind == kAsBefore) {
      e.old_value = before.entry.new_value;
    } else if (!ReadValue(old_kind, e.old_value)) {
      return false;
    }
    return ReadValue(Column(Builder::kNewKind).GetU8(), e.new_value) && revision <= UINT32_MAX &&
           ordinal <= UINT32_MAX && flags <= kFlagsKnown;
  }

  std::vector<ByteReader> columns_;
  PlaneReader fixed_{{}};
  const LoggedRevision* last_ = nullptr;
  uint64_t start_ = 0;  // window start - time
  uint64_t size_ = 0;   // window end - window start
};

bool DecodeRevisionPage(std::string_view raw, size_t count, std::vector<LoggedRevision>& out) {
  ByteReader in(raw);
  RevisionPageReader reader(in);
  if (!in.AtEnd() || count == 0 || count > kRevisionsPerPageMax) return false;
  if (!reader.Read(count, out)) return false;
  for (size_t i = 1; i < out.size(); ++i) {
    if (OrderOf(out[i - 1]) >= OrderOf(out[i])) return false;
  }
  return true;
}

void AppendPageInfo(const RevisionPageInfo& info, ByteWriter& out) {
  out.PutU64(info.offset);
  out.PutU32(info.bytes);
  out.PutU32(info.entries);
  out.PutU32(info.first_series);
  out.PutU32(info.last_series);
  out.PutI64(info.first_time);
  out.PutI64(info.last_time);
}

RevisionPageInfo ReadPageInfo(ByteReader& in) {
  RevisionPageInfo info;
  info.offset = in.GetU64();
  info.bytes = in.GetU32();
  info.entries = in.GetU32();
  info.first_series = in.GetU32();
  info.last_series = in.GetU32();
  info.first_time = in.GetI64();
  info.last_time = in.GetI64();
  return info;
}

std::string EncodeRevisionFooter(RevisionFooter& footer, uint64_t file_no, uint64_t offset) {
  RevisionMeta& meta = footer.meta;
  ByteWriter out;
  out.PutU64(footer.index_offset);
  out.PutU64(footer.tables_offset);
  out.PutU64(meta.entries);
  out.PutU32(footer.pages);
  out.PutU32(footer.table_count);
  out.PutU32(meta.first_series);
  out.PutU32(meta.last_series);
  out.PutI64(meta.min_time);
  out.PutI64(meta.max_time);
  out.PutU64(meta.min_lsn);
  out.PutU64(meta.max_lsn);
  out.PutI64(meta.newest_at_ms);
  out.PutU32(footer.index_crc);
  out.PutU32(footer.tables_crc);
  out.PutU32(footer.pages_crc);
  while (out.size() < kFooterCrcAt) out.PutU32(0);
  meta.footer_crc = PlacedCrc(file_no, offset, out.view());
  out.PutU32(meta.footer_crc);
  out.PutRaw(kEndMagic);
  TM_CHECK(out.size() == kRevisionFooterBytes);
  return std::move(out).Take();
}

Result<RevisionFooter> DecodeRevisionFooter(std::string_view bytes, uint64_t file_no,
                                            uint64_t offset, std::string_view path) {
  if (bytes.size() != kRevisionFooterBytes || !bytes.ends_with(kEndMagic)) {
    return Damage(path, offset, "the footer is missing (cut short or damaged)");
  }
  RevisionFooter footer;
  RevisionMeta& meta = footer.meta;
  meta.footer_crc = LoadAt<uint32_t>(bytes, kFooterCrcAt);
  if (meta.footer_crc != PlacedCrc(file_no, offset, bytes.substr(0, kFooterCrcAt))) {
    return Damage(path, offset, "the footer fails its checksum");
  }
  ByteReader in(bytes);
  footer.index_offset = in.GetU64();
  footer.tables_offset = in.GetU64();
  meta.entries = in.GetU64();
  footer.pages = in.GetU32();
  footer.table_count = in.GetU32();
  meta.first_series = in.GetU32();
  meta.last_series = in.GetU32();
  meta.min_time = in.GetI64();
  meta.max_time = in.GetI64();
  meta.min_lsn = in.GetU64();
  meta.max_lsn = in.GetU64();
  meta.newest_at_ms = in.GetI64();
  footer.index_crc = in.GetU32();
  footer.tables_crc = in.GetU32();
  footer.pages_crc = in.GetU32();
  meta.file_no = file_no;
  meta.bytes = offset + kRevisionFooterBytes;
  const bool fits =
      footer.pages > 0 && footer.index_offset > kFileHeaderBytes && footer.index_offset <= offset &&
      footer.tables_offset - footer.index_offset ==
          uint64_t{footer.pages} * kRevisionIndexEntryBytes &&
      footer.tables_offset <= offset &&
      offset - footer.tables_offset == uint64_t{footer.table_count} * sizeof(uint32_t);
  if (!fits) return Damage(path, offset, "the footer's offsets and counts do not add up");
  return footer;
}

}  // namespace tidemark::store
