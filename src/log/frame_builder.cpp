// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "log/frame_builder_internal.h"

namespace tidemark::log {
namespace {

struct EncodedRecord {
  const char* bytes = nullptr;
  uint32_t size = 0;
};

/// Writes the sections of one shard.
class SectionWriter {
 public:
  SectionWriter(BuiltFrame& frame, ShardMark& mark, size_t bytes_max)
      : frame_(frame), mark_(mark), bytes_max_(bytes_max) {}

  void Write(std::span<const EncodedRecord> records) {
    for (const EncodedRecord& record : records) {
      if (header_.records > 0 && header_.body_bytes + record.size > bytes_max_) Close();
      if (header_.records == 0) Open();
      frame_.bytes.append(record.bytes, record.size);
      header_.body_bytes += record.size;
      ++header_.records;
    }
    if (header_.records > 0) Close();
  }

 private:
  void Open() {
    start_ = frame_.bytes.size();
    header_.shard = mark_.shard;
    header_.first_offset = mark_.next_offset;
    header_.arrival_ms = mark_.last_arrival_ms;
    frame_.bytes.append(sizeof(SectionHeader), '\0');
  }
  void Close() {
    frame_.bytes.append((8 - frame_.bytes.size() % 8) % 8, '\0');
    header_.bytes = static_cast<uint32_t>(frame_.bytes.size() - start_);
    std::memcpy(frame_.bytes.data() + start_, &header_, sizeof(header_));
    frame_.sections.push_back({header_.shard, header_.bytes, start_, header_.first_offset,
                               header_.arrival_ms, header_.records});
    mark_.next_offset += header_.records;
    header_ = {};
  }

  BuiltFrame& frame_;
  ShardMark& mark_;
  const size_t bytes_max_;
  SectionHeader header_;
  size_t start_ = 0;
};

}  // namespace

BuiltFrame FrameBuilder::Build(std::span<const PutBatch* const> batches,
                               const std::vector<ShardMark>& marks, uint64_t number,
                               ArrivalTime now, const LogOptions& options) {
  BuiltFrame frame;
  size_t bytes = 0;
  std::vector<uint32_t> counts(marks.size() + 1);
  for (const PutBatch* batch : batches) {
    bytes += batch->buffer_.size();
    frame.records += batch->entries_.size();
    for (const PutBatch::Entry& entry : batch->entries_) ++counts[entry.slot + 1];
  }
  for (size_t slot = 0; slot < marks.size(); ++slot) counts[slot + 1] += counts[slot];

  // Counting sort by shard; it is stable, so order within a shard is the order of the appends.
  std::vector<EncodedRecord> sorted(frame.records);
  std::vector<uint32_t> fill(counts.begin(), counts.end() - 1);
  for (const PutBatch* batch : batches) {
    std::vector<PutResult>& results = frame.results.emplace_back();
    results.reserve(batch->entries_.size());
    const char* at = batch->buffer_.data();
    for (const PutBatch::Entry& entry : batch->entries_) {
      const uint32_t place = fill[entry.slot]++;
      sorted[place] = {at, entry.bytes};
      at += entry.bytes;
      results.push_back(
          {marks[entry.slot].shard, {marks[entry.slot].next_offset + place - counts[entry.slot]}});
    }
  }

  frame.bytes.reserve(bytes + (bytes / options.section_bytes_max + marks.size() + 2) * 64);
  frame.bytes.append(sizeof(FrameHeader), '\0');
  for (size_t slot = 0; slot < marks.size(); ++slot) {
    const uint32_t begin = counts[slot];
    const uint32_t end = counts[slot + 1];
    if (begin == end) continue;
    ShardMark mark = marks[slot];
    mark.last_arrival_ms = std::max(mark.last_arrival_ms, now.ms);
    SectionWriter(frame, mark, options.section_bytes_max)
        .Write(std::span(sorted).subspan(begin, end - begin));
    frame.marks.emplace_back(slot, mark);
  }

  FrameHeader header;
  header.number = number;
  header.bytes = static_cast<uint32_t>(frame.bytes.size());
  header.sections = static_cast<uint32_t>(frame.sections.size());
  header.wall_ms = now.ms;
  std::memcpy(frame.bytes.data(), &header, sizeof(header));
  return frame;
}

}  // namespace tidemark::log
