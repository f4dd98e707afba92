// SPDX-License-Identifier: Apache-2.0
// Reading: choose ranges of files under the lock, read and check them without it.
#include <algorithm>
#include <cstring>

#include "base/confirmation.h"
#include "log/put_batch_internal.h"
#include "log/stream_internal.h"

namespace tidemark::log {
namespace {

struct ParseLimits {
  uint32_t shard = 0;
  RecordOffset from;
  int64_t cutoff_ms = 0;  // older records are trimmed
  size_t records_max = 0;
  size_t bytes_max = 0;
};

/// Takes the records of one shard out of one range of a segment file.
class RangeParser {
 public:
  RangeParser(const ParseLimits& limits, ReadBatch& out) : limits_(limits), out_(out) {}

  /// False: a limit was reached before the end of the range.
  Result<bool> Parse(std::string_view range, uint64_t file_no, uint64_t file_offset) {
    size_t at = 0;
    while (at < range.size()) {
      const std::string_view rest = range.substr(at);
      if (rest.size() < sizeof(FrameHeader)) return Damage("a block is cut off", file_offset + at);
      uint32_t magic = 0;
      std::memcpy(&magic, rest.data(), sizeof(magic));
      if (magic == kFrameMagic) {
        at += sizeof(FrameHeader);
        continue;
      }
      if (magic == kPaddingMagic) {
        at += kDiskSectorBytes - (file_offset + at) % kDiskSectorBytes;
        continue;
      }
      SectionHeader section;
      std::memcpy(&section, rest.data(), sizeof(section));
      if (magic != kSectionMagic || section.bytes > rest.size() ||
          section.bytes < sizeof(section)) {
        return Damage("a section has no magic or an impossible length", file_offset + at);
      }
      // Before its header is believed: a flipped shard or offset must not hide the records.
      if (auto r = DecodeSection(rest, file_no, file_offset + at); !r.ok()) {
        return Damage(r.error().message, file_offset + at);
      }
      if (section.shard == limits_.shard &&
          section.first_offset + section.records > limits_.from.value &&
          section.arrival_ms >= limits_.cutoff_ms) {
        TM_ASSIGN_OR_RETURN(const bool all, ParseSection(section, rest.substr(sizeof(section),
                                                                              section.body_bytes)));
        if (!all) return false;
      }
      at += section.bytes;
    }
    return true;
  }

 private:
  static Error Damage(const std::string& what, uint64_t at) {
    return {Code::kCorruption, "byte " + std::to_string(at) + ": " + what};
  }

  Result<bool> ParseSection(const SectionHeader& section, std::string_view body) {
    out_.records.reserve(
        std::min<size_t>(out_.records.size() + section.records, limits_.records_max));
    size_t at = 0;
    for (uint32_t i = 0; i < section.records; ++i) {
      RecordHeader header;
      if (body.size() - at < sizeof(header))
        return Damage("a record is cut off", section.first_offset + i);
      std::memcpy(&header, body.data() + at, sizeof(header));
      at += sizeof(header);
      const size_t hash_bytes = (header.flags & kRecordHasExplicitHash) != 0 ? 16 : 0;
      if (body.size() - at < header.key_bytes + hash_bytes + header.data_bytes) {
        return Damage("a record is cut off", section.first_offset + i);
      }
      const RecordOffset offset{section.first_offset + i};
      if (offset >= limits_.from) {
        bytes_ += header.key_bytes + header.data_bytes;
        if (out_.records.size() == limits_.records_max ||
            (bytes_ > limits_.bytes_max && !out_.records.empty())) {
          return false;
        }
        RecordView& record = out_.records.emplace_back();
        record.offset = offset;
        record.arrival = {section.arrival_ms};
        record.partition_key = body.substr(at, header.key_bytes);
        record.data = body.substr(at + header.key_bytes + hash_bytes, header.data_bytes);
        if (hash_bytes != 0) {
          HashKey hash;
          std::memcpy(&hash.hi, body.data() + at + header.key_bytes, 8);
          std::memcpy(&hash.lo, body.data() + at + header.key_bytes + 8, 8);
          record.explicit_hash = hash;
        }
        out_.next = {offset.value + 1};
      }
      at += header.key_bytes + hash_bytes + header.data_bytes;
    }
    return true;
  }

  const ParseLimits& limits_;
  ReadBatch& out_;
  size_t bytes_ = 0;
};

}  // namespace

Result<Stream::ReadPlan> Stream::PlanRead(size_t slot, const ReadRequest& request) const {
  const int64_t cutoff_ms = TrimCutoff().ms;
  const MutexLock lock(mutex_);
  if (refuse_read_) return *refuse_read_;
  ReadPlan plan;
  plan.tip = {state_->marks[slot].next_offset};
  plan.from = std::max(request.from, kFirstOffset);
  const auto& segments = state_->segments;
  // The last segment whose first entry is not behind `from`; the first one otherwise.
  size_t begin = segments.size();
  while (begin > 0) {
    const auto& entries = segments[--begin]->entries[slot];
    if (!entries.empty() && entries.front().first_offset <= plan.from.value) break;
  }
  size_t bytes = 0;
  for (size_t s = begin; s < segments.size(); ++s) {
    const Segment& segment = *segments[s];
    const auto& entries = segment.entries[slot];
    auto entry = std::ranges::upper_bound(entries, plan.from.value, {}, &IndexEntry::first_offset);
    if (entry != entries.begin()) --entry;
    for (; entry != entries.end(); ++entry) {
      if (bytes >= request.bytes_max) {
        plan.after = RecordOffset{entry->first_offset};
        return plan;
      }
      // An entry is skipped whole if the next one begins with a record that is expired too.
      if (entry + 1 != entries.end() && (entry + 1)->first_arrival_ms < cutoff_ms) continue;
      plan.ranges.push_back(
          {segment.file_no, segment.path, segment.open, entry->start, entry->bytes});
      bytes += entry->bytes;
    }
  }
  return plan;
}

Result<bool> Stream::ReadRanges(const ReadPlan& plan, const ReadRequest& request,
                                ReadBatch& out) const {
  size_t bytes = kReadPaddingBytes;
  for (const ReadPlan::Range& range : plan.ranges) bytes += range.bytes;
  auto buffer = std::make_shared_for_overwrite<char[]>(bytes);
  std::memset(buffer.get() + bytes - kReadPaddingBytes, 0, kReadPaddingBytes);
  char* at = buffer.get();
  out.buffer = std::move(buffer);

  const ParseLimits limits{request.shard, plan.from, TrimCutoff().ms, request.records_max,
                           request.bytes_max};
  RangeParser parser(limits, out);
  for (const ReadPlan::Range& range : plan.ranges) {
    std::shared_ptr<const RandomAccessFile> file = range.open;
    if (file == nullptr) {
      TM_ASSIGN_OR_RETURN(file, env_.fs.OpenRead(range.path));
    }
    const std::span<char> piece(at, range.bytes);
    TM_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(range.start, std::as_writable_bytes(piece)));
    at += range.bytes;
    if (got < range.bytes) return Error{Code::kCorruption, "segment " + range.path + " is cut off"};
    auto parsed = parser.Parse({piece.data(), piece.size()}, range.file_no, range.start);
    if (!parsed.ok()) return std::move(parsed).error().With("segment " + range.path);
    if (!*parsed) return false;
  }
  return true;
}

Result<ReadBatch> Stream::Read(const ReadRequest& request) const {
  TM_ASSIGN_OR_RETURN(const size_t slot, FindSlot(request.shard));
  ReadRequest wanted = request;
  int trimmed_meanwhile = 0;
  while (true) {
    TM_ASSIGN_OR_RETURN(const ReadPlan plan, PlanRead(slot, wanted));
    ReadBatch out;
    out.next = plan.from;
    if (plan.from >= plan.tip || plan.ranges.empty()) {
      out.next = std::max(plan.from, plan.tip);
      out.at_tip = true;
      return out;
    }
    const auto all = ReadRanges(plan, wanted, out);
    if (!all.ok()) {
      // A segment that retention removed between the plan and the read is not in the next plan.
      if (all.error().code == Code::kNotFound && ++trimmed_meanwhile < 3) continue;
      return all.error();
    }
    if (*all && !plan.after) {
      // A gap or trimmed records before the tip: nothing will ever come from there.
      out.next = plan.tip;
      out.at_tip = true;
    } else if (*all && out.records.empty()) {
      wanted.from = *plan.after;
      continue;
    }
    return out;
  }
}

Result<RecordOffset> Stream::OffsetAtTime(size_t slot, uint32_t shard, ArrivalTime time) const {
  ReadRequest request{.shard = shard, .bytes_max = 256_KiB};
  {
    // The newest entry that begins before `time`: the record is in it or begins the next one.
    const MutexLock lock(mutex_);
    for (const auto& segment : state_->segments) {
      for (const IndexEntry& entry : segment->entries[slot]) {
        if (entry.first_arrival_ms >= time.ms) break;
        request.from = {entry.first_offset};
      }
    }
  }
  while (true) {
    TM_ASSIGN_OR_RETURN(const ReadBatch batch, Read(request));
    for (const RecordView& record : batch.records) {
      if (record.arrival >= time) return record.offset;
    }
    request.from = batch.next;
    if (batch.at_tip) return batch.next;
  }
}

}  // namespace tidemark::log
