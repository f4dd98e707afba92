// SPDX-License-Identifier: Apache-2.0
// Payloads: an edit is a list of parts, `tag varint, length varint, body`, in the order in which
// they are applied. docs/format/manifest.md, section 3.
#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "store/block/manifest_log_internal.h"

namespace tidemark::store {
namespace {

enum class Part : uint64_t {
  kStore = 1,
  kRemoveBlock = 2,
  kRemoveRevisions = 3,
  kForgetDamaged = 4,
  kAddBlock = 5,
  kAddRevisions = 6,
  kDamage = 7,
  kAcceptGap = 8,
  kForgetFloor = 9,
  kFloor = 10,
  kDictionary = 11,
  kCheckpoint = 12,
  kFeedStart = 13,
  kJournalBytes = 14,
  kBlockBytes = 15,
};
// Parts from here on may be skipped by a reader that does not know them.
constexpr uint64_t kFirstSkippablePart = 64;

enum SourceFlag : uint8_t {
  kHasTime = 1,
  kIdle = 2,
  kFromStart = 4,
  kHasFloor = 8,
  kHasWholeFrom = 16
};
enum DamageFlag : uint8_t { kAccepted = 1, kOfRevisions = 2 };

void PutPart(Part part, const ByteWriter& body, ByteWriter& out) {
  out.PutVarint(static_cast<uint64_t>(part));
  out.PutString(body.view());
}

void PutNumber(Part part, uint64_t number, ByteWriter& out) {
  ByteWriter body;
  body.PutVarint(number);
  PutPart(part, body, out);
}

void PutSource(const SourceProgress& p, ByteWriter& out) {
  unsigned flags = 0;
  if (p.max_event_time) flags |= kHasTime;
  if (p.idle) flags |= kIdle;
  if (p.complete_from_start) flags |= kFromStart;
  if (p.floor) flags |= kHasFloor;
  if (p.whole_from) flags |= kHasWholeFrom;
  out.PutU8(static_cast<uint8_t>(p.source.kind));
  out.PutU8(static_cast<uint8_t>(flags));
  out.PutU32(p.source.id);
  out.PutU32(p.table.value);
  out.PutU32(p.partition);
  out.PutI64(p.max_event_time ? p.max_event_time->ns : 0);
  out.PutString(p.position);
  if (p.floor) out.PutI64(p.floor->ns);
  if (p.whole_from) out.PutI64(p.whole_from->ns);
}

SourceProgress GetSource(ByteReader& in) {
  SourceProgress p;
  p.source.kind = static_cast<SourceId::Kind>(in.GetU8());
  const uint8_t flags = in.GetU8();
  p.source.id = in.GetU32();
  p.table.value = in.GetU32();
  p.partition = in.GetU32();
  const int64_t time = in.GetI64();
  if ((flags & kHasTime) != 0) p.max_event_time = EventTime{time};
  p.idle = (flags & kIdle) != 0;
  p.complete_from_start = (flags & kFromStart) != 0;
  p.position = in.GetString();
  if ((flags & kHasFloor) != 0) p.floor = EventTime{in.GetI64()};
  if ((flags & kHasWholeFrom) != 0) p.whole_from = EventTime{in.GetI64()};
  return p;
}

void PutView(const ViewProgress& p, ByteWriter& out) {
  out.PutU32(p.view.value);
  out.PutU32(p.generation);
  out.PutU8(p.watermark ? kHasTime : 0);
  out.PutI64(p.watermark ? p.watermark->ns : 0);
  p.positions.AppendTo(out);
  out.PutString(p.state);
  if (p.replay_from.partitions() > 0) p.replay_from.AppendTo(out);
}

ViewProgress GetView(ByteReader& in) {
  ViewProgress p;
  p.view.value = in.GetU32();
  p.generation = in.GetU32();
  const bool has_watermark = (in.GetU8() & kHasTime) != 0;
  const int64_t watermark = in.GetI64();
  if (has_watermark) p.watermark = EventTime{watermark};
  p.positions = Positions::Read(in);
  p.state = in.GetString();
  if (in.remaining() > 0) p.replay_from = Positions::Read(in);
  return p;
}

// Each progress is length-prefixed, so that a later version may add to its end.
template <typename T, typename Put>
void PutList(const std::vector<T>& list, const Put& put, ByteWriter& out) {
  out.PutVarint(list.size());
  for (const T& one : list) {
    ByteWriter body;
    put(one, body);
    out.PutString(body.view());
  }
}

template <typename T, typename Get>
std::vector<T> GetList(ByteReader& in, const Get& get) {
  std::vector<T> list;
  const uint64_t count = in.GetVarint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    ByteReader body(in.GetString());
    list.push_back(get(body));
    if (!body.ok()) in.Fail();
  }
  return list;
}

void PutCheckpoint(const Checkpoint& checkpoint, ByteWriter& out) {
  ByteWriter body;
  body.PutU64(checkpoint.lsn);
  body.PutU64(checkpoint.revisions_lsn);
  PutList(checkpoint.sources, PutSource, body);
  PutList(checkpoint.views, PutView, body);
  PutPart(Part::kCheckpoint, body, out);
}

Checkpoint GetCheckpoint(ByteReader& in) {
  Checkpoint checkpoint;
  checkpoint.lsn = in.GetU64();
  checkpoint.revisions_lsn = in.GetU64();
  checkpoint.sources = GetList<SourceProgress>(in, GetSource);
  checkpoint.views = GetList<ViewProgress>(in, GetView);
  return checkpoint;
}

void PutDamage(const DamagedBlock& damage, ByteWriter& out) {
  ByteWriter body;
  damage.meta.AppendTo(body);
  unsigned flags = 0;
  if (damage.accepted) flags |= kAccepted;
  if (damage.revisions) flags |= kOfRevisions;
  body.PutU8(static_cast<uint8_t>(flags));
  body.PutString(damage.reason);
  PutPart(Part::kDamage, body, out);
}

template <typename Meta>
void GetMeta(ByteReader& in, std::vector<Meta>& out) {
  auto meta = Meta::Read(in);
  if (!meta.ok()) return in.Fail();
  out.push_back(std::move(*meta));
}

void GetDamage(ByteReader& in, std::vector<DamagedBlock>& out) {
  DamagedBlock damage;
  auto meta = BlockMeta::Read(in);
  if (!meta.ok()) return in.Fail();
  damage.meta = std::move(*meta);
  const uint8_t flags = in.GetU8();
  damage.accepted = (flags & kAccepted) != 0;
  damage.revisions = (flags & kOfRevisions) != 0;
  damage.reason = in.GetString();
  out.push_back(std::move(damage));
}

// False: the part is not known.
bool GetPart(Part part, ByteReader& in, DecodedEdit& out) {
  ManifestEdit& edit = out.edit;
  switch (part) {
    case Part::kStore: {
      Hash128 id;
      id.hi = in.GetU64();
      id.lo = in.GetU64();
      out.store_id = id;
      out.range = in.GetU64();
      return true;
    }
    case Part::kRemoveBlock:
      edit.remove_blocks.push_back(in.GetVarint());
      return true;
    case Part::kRemoveRevisions:
      edit.remove_revisions.push_back(in.GetVarint());
      return true;
    case Part::kForgetDamaged:
      edit.forget_damaged.push_back(in.GetVarint());
      return true;
    case Part::kAddBlock:
      GetMeta(in, edit.add_blocks);
      return true;
    case Part::kAddRevisions:
      GetMeta(in, edit.add_revisions);
      return true;
    case Part::kDamage:
      GetDamage(in, edit.damage);
      return true;
    case Part::kAcceptGap:
      edit.accept_gaps.push_back(in.GetVarint());
      return true;
    case Part::kForgetFloor:
      edit.forget_floors.push_back({in.GetU32()});
      return true;
    case Part::kFloor: {
      const TableId table{in.GetU32()};
      edit.floors.emplace_back(table, EventTime{in.GetI64()});
      return true;
    }
    case Part::kDictionary: {
      DictionaryExtent extent;
      extent.file_no = in.GetU64();
      extent.bytes = in.GetU64();
      extent.chain = in.GetU32();
      edit.dictionary = extent;
      return true;
    }
    case Part::kCheckpoint:
      edit.checkpoint = GetCheckpoint(in);
      return true;
    case Part::kFeedStart:
      edit.feed_start_lsn = in.GetVarint();
      edit.feed_sources = GetList<SourceProgress>(in, GetSource);
      return true;
    case Part::kJournalBytes:
      edit.journal_bytes_written = in.GetVarint();
      return true;
    case Part::kBlockBytes:
      edit.block_bytes_written = in.GetVarint();
      return true;
  }
  return false;
}

}  // namespace

bool operator==(const Checkpoint& a, const Checkpoint& b) {
  const auto same_view = [](const ViewProgress& x, const ViewProgress& y) {
    return x.view == y.view && x.generation == y.generation && x.positions == y.positions &&
           x.watermark == y.watermark && x.state == y.state && x.replay_from == y.replay_from;
  };
  return a.lsn == b.lsn && a.revisions_lsn == b.revisions_lsn && a.sources == b.sources &&
         std::equal(a.views.begin(), a.views.end(), b.views.begin(), b.views.end(), same_view);
}

std::string EncodeEdit(const ManifestEdit& edit) {
  ByteWriter out;
  for (const uint64_t file : edit.remove_blocks) PutNumber(Part::kRemoveBlock, file, out);
  for (const uint64_t file : edit.remove_revisions) PutNumber(Part::kRemoveRevisions, file, out);
  for (const uint64_t file : edit.forget_damaged) PutNumber(Part::kForgetDamaged, file, out);
  for (const BlockMeta& meta : edit.add_blocks) {
    ByteWriter body;
    meta.AppendTo(body);
    PutPart(Part::kAddBlock, body, out);
  }
  for (const RevisionMeta& meta : edit.add_revisions) {
    ByteWriter body;
    meta.AppendTo(body);
    PutPart(Part::kAddRevisions, body, out);
  }
  for (const DamagedBlock& damage : edit.damage) PutDamage(damage, out);
  for (const uint64_t file : edit.accept_gaps) PutNumber(Part::kAcceptGap, file, out);
  for (const TableId table : edit.forget_floors) {
    ByteWriter body;
    body.PutU32(table.value);
    PutPart(Part::kForgetFloor, body, out);
  }
  for (const auto& [table, floor] : edit.floors) {
    ByteWriter body;
    body.PutU32(table.value);
    body.PutI64(floor.ns);
    PutPart(Part::kFloor, body, out);
  }
  if (edit.dictionary) {
    ByteWriter body;
    body.PutU64(edit.dictionary->file_no);
    body.PutU64(edit.dictionary->bytes);
    body.PutU32(edit.dictionary->chain);
    PutPart(Part::kDictionary, body, out);
  }
  if (edit.checkpoint) PutCheckpoint(*edit.checkpoint, out);
  if (edit.feed_start_lsn) {
    ByteWriter body;
    body.PutVarint(*edit.feed_start_lsn);
    PutList(edit.feed_sources, PutSource, body);
    PutPart(Part::kFeedStart, body, out);
  }
  if (edit.journal_bytes_written != 0) {
    PutNumber(Part::kJournalBytes, edit.journal_bytes_written, out);
  }
  if (edit.block_bytes_written != 0) PutNumber(Part::kBlockBytes, edit.block_bytes_written, out);
  return std::move(out).Take();
}

std::string EncodeSnapshot(const ManifestState& state, uint64_t range) {
  ByteWriter store;
  store.PutU64(state.store_id.hi);
  store.PutU64(state.store_id.lo);
  store.PutU64(range);
  ByteWriter out;
  PutPart(Part::kStore, store, out);
  ManifestEdit edit;
  for (const auto& [number, meta] : state.blocks) edit.add_blocks.push_back(meta);
  for (const auto& [number, meta] : state.revisions) edit.add_revisions.push_back(meta);
  for (const auto& [number, damage] : state.damaged) edit.damage.push_back(damage);
  for (const auto& floor : state.floors) edit.floors.push_back(floor);
  edit.dictionary = state.dictionary;
  edit.checkpoint = state.checkpoint;
  edit.feed_start_lsn = state.feed_start_lsn;
  edit.feed_sources = state.feed_sources;
  edit.journal_bytes_written = state.journal_bytes_written;
  edit.block_bytes_written = state.block_bytes_written;
  out.PutRaw(EncodeEdit(edit));
  return std::move(out).Take();
}

Result<DecodedEdit> DecodeEdit(std::string_view payload) {
  DecodedEdit out;
  ByteReader in(payload);
  while (in.ok() && in.remaining() > 0) {
    const uint64_t tag = in.GetVarint();
    ByteReader body(in.GetString());
    if (!in.ok()) break;
    if (!GetPart(static_cast<Part>(tag), body, out)) {
      if (tag >= kFirstSkippablePart) continue;
      return Error{Code::kUnimplemented,
                   "the manifest holds part " + std::to_string(tag) +
                       ", which a newer version of tidemark wrote; run that version"};
    }
    if (!body.ok()) {
      return Error{Code::kCorruption,
                   "part " + std::to_string(tag) + " of a manifest edit makes no sense"};
    }
  }
  if (!in.ok()) return Error{Code::kCorruption, "a manifest edit ends inside a part"};
  return out;
}

Result<void> CheckEdit(const ManifestState& state, const ManifestEdit& edit) {
  const auto wrong = [](std::string_view what, uint64_t file_no) {
    return Error{Code::kInvalidArgument,
                 "manifest edit: " + std::string(what) + " " + std::to_string(file_no)};
  };
  std::set<uint64_t> gone;  // removed or forgotten by this edit
  std::set<uint64_t> added;
  for (const uint64_t n : edit.remove_blocks) {
    if (!state.blocks.contains(n) || !gone.insert(n).second) return wrong("removes no block", n);
  }
  for (const uint64_t n : edit.remove_revisions) {
    if (!state.revisions.contains(n) || !gone.insert(n).second) {
      return wrong("removes no revision file", n);
    }
  }
  for (const uint64_t n : edit.forget_damaged) {
    if (!state.damaged.contains(n) || !gone.insert(n).second) return wrong("forgets no file", n);
  }
  const auto known = [&](uint64_t n) {
    return state.blocks.contains(n) || state.revisions.contains(n) || state.damaged.contains(n);
  };
  for (const BlockMeta& meta : edit.add_blocks) {
    if ((known(meta.file_no) && !gone.contains(meta.file_no)) ||
        !added.insert(meta.file_no).second) {
      return wrong("adds what is there already,", meta.file_no);
    }
  }
  for (const RevisionMeta& meta : edit.add_revisions) {
    if ((known(meta.file_no) && !gone.contains(meta.file_no)) ||
        !added.insert(meta.file_no).second) {
      return wrong("adds what is there already,", meta.file_no);
    }
  }
  std::set<uint64_t> damaged;
  for (const DamagedBlock& damage : edit.damage) {
    const uint64_t n = damage.meta.file_no;
    if (state.damaged.contains(n) && !gone.contains(n)) return wrong("damages again", n);
    if ((damage.revisions ? state.blocks.contains(n) : state.revisions.contains(n)) ||
        !damaged.insert(n).second) {
      return wrong("damages a file of another kind, or twice,", n);
    }
  }
  for (const uint64_t n : edit.accept_gaps) {
    if (!damaged.contains(n) && (!state.damaged.contains(n) || gone.contains(n))) {
      return wrong("accepts no damaged file", n);
    }
  }
  return {};
}

void ApplyEdit(const ManifestEdit& edit, ManifestState& state) {
  for (const uint64_t n : edit.remove_blocks) state.blocks.erase(n);
  for (const uint64_t n : edit.remove_revisions) state.revisions.erase(n);
  for (const uint64_t n : edit.forget_damaged) state.damaged.erase(n);
  for (const BlockMeta& meta : edit.add_blocks) state.blocks[meta.file_no] = meta;
  for (const RevisionMeta& meta : edit.add_revisions) state.revisions[meta.file_no] = meta;
  for (const DamagedBlock& damage : edit.damage) {
    if (damage.revisions) {
      state.revisions.erase(damage.meta.file_no);
    } else {
      state.blocks.erase(damage.meta.file_no);
    }
    state.damaged[damage.meta.file_no] = damage;
  }
  for (const uint64_t n : edit.accept_gaps) state.damaged[n].accepted = true;
  for (const TableId table : edit.forget_floors) state.floors.erase(table);
  for (const auto& [table, floor] : edit.floors) {
    // What was hidden once stays hidden (storage.md 6.4).
    const auto [at, is_new] = state.floors.emplace(table, floor);
    if (!is_new) at->second = std::max(at->second, floor);
  }
  if (edit.dictionary) state.dictionary = *edit.dictionary;
  if (edit.checkpoint) state.checkpoint = *edit.checkpoint;
  if (edit.feed_start_lsn) {
    state.feed_start_lsn = *edit.feed_start_lsn;
    state.feed_sources = edit.feed_sources;
  }
  state.journal_bytes_written += edit.journal_bytes_written;
  state.block_bytes_written += edit.block_bytes_written;
}

}  // namespace tidemark::store
