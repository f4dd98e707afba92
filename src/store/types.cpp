// SPDX-License-Identifier: Apache-2.0
#include "store/types.h"

namespace tidemark::store {

std::string_view ValueTypeName(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kDouble:
      return "double";
    case ValueType::kBigint:
      return "bigint";
    case ValueType::kVarchar:
      return "varchar";
    case ValueType::kBoolean:
      return "boolean";
    case ValueType::kTimestamp:
      return "timestamp";
    case ValueType::kMulti:
      return "multi";
  }
  return "unknown";
}

void SourcePartition::AppendTo(ByteWriter& out) const {
  out.PutU8(static_cast<uint8_t>(source.kind));
  out.PutVarint(source.id);
  out.PutVarint(partition);
}

SourcePartition SourcePartition::Read(ByteReader& in) {
  SourcePartition out;
  out.source.kind = static_cast<SourceId::Kind>(in.GetU8());
  const uint64_t id = in.GetVarint();
  const uint64_t partition = in.GetVarint();
  const bool known =
      out.source.kind == SourceId::Kind::kPipeline || out.source.kind == SourceId::Kind::kDirect;
  if (!known || id > UINT32_MAX || partition > UINT32_MAX) in.Fail();
  out.source.id = static_cast<uint32_t>(id);
  out.partition = static_cast<uint32_t>(partition);
  return out;
}

std::optional<int64_t> RecordsAdded(std::span<const RevisionEntry> log, size_t entry) {
  const RevisionEntry& now = log[entry];
  if (!now.record_count) return std::nullopt;
  const auto count = static_cast<int64_t>(*now.record_count);
  if (entry == 0) return now.revision == 1 && !now.frozen ? std::optional(count) : std::nullopt;
  const RevisionEntry& before = log[entry - 1];
  const bool follows = now.revision == before.revision + (now.frozen ? 0 : 1);
  if (!before.record_count || !follows) return std::nullopt;
  return count - static_cast<int64_t>(*before.record_count);
}

std::string_view CauseName(const RevisionEntry& entry) {
  if (entry.coarse) return "coarse";
  if (entry.frozen) return "frozen";
  if (entry.definition) return "definition";
  if (entry.correction) return "correction";
  return entry.revision == 1 && entry.late_points == 0 ? "watermark" : "late";
}

void Positions::AppendTo(ByteWriter& out) const {
  out.PutVarint(offsets_.size());
  for (const uint64_t offset : offsets_) out.PutVarint(offset);
}

Positions Positions::Read(ByteReader& in) {
  const uint64_t count = in.GetVarint();
  // Every offset takes a byte at least: a longer list is damage, not an allocation.
  if (count > in.remaining()) {
    in.Fail();
    return {};
  }
  std::vector<uint64_t> offsets(count);
  for (uint64_t& offset : offsets) offset = in.GetVarint();
  return Positions(std::move(offsets));
}

std::string Positions::ToString() const {
  std::string out;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    if (i > 0) out += ' ';
    out += std::to_string(i) + ':' + std::to_string(offsets_[i]);
  }
  return out;
}

}  // namespace tidemark::store
