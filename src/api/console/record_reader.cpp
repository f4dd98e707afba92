// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/record_reader_internal.h"
#include "base/base64.h"
#include "base/bytes.h"

namespace tidemark::console {
namespace {

constexpr uint8_t kCursorVersion = 1;
constexpr size_t kLaneBytesMax = size_t{256} << 10U;
constexpr size_t kLaneBytesMin = size_t{32} << 10U;

Error BadCursor() {
  return {Code::kInvalidArgument,
          "the cursor is not one of this stream: begin again at a position"};
}

}  // namespace

std::string RecordCursor::Encode() const {
  ByteWriter out;
  out.PutU8(kCursorVersion);
  out.PutVarint(stream.value);
  out.PutVarint(shards.size());
  for (const ShardPlace& place : shards) {
    out.PutVarint(place.shard);
    out.PutVarint(place.next.value);
    out.PutU8(place.newest ? 1 : 0);
    if (place.newest) out.PutSigned(place.newest->ns);
  }
  std::string text = Base64Encode(out.view());
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

Result<RecordCursor> RecordCursor::Decode(std::string_view text, const log::Stream& stream) {
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  const auto bytes = Base64Decode(standard);
  if (!bytes.ok()) return BadCursor();
  ByteReader in(*bytes);
  RecordCursor cursor;
  const bool version = in.GetU8() == kCursorVersion;
  cursor.stream.value = static_cast<uint32_t>(in.GetVarint());
  const uint64_t count = in.GetVarint();
  if (!version || cursor.stream != stream.id() || count > RecordReader::kShardsMax) {
    return BadCursor();
  }
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    ShardPlace place;
    place.shard = static_cast<uint32_t>(in.GetVarint());
    place.next.value = in.GetVarint();
    if (in.GetU8() == 1) place.newest = EventTime{in.GetSigned()};
    cursor.shards.push_back(place);
  }
  if (!in.AtEnd()) return BadCursor();
  return cursor;
}

RecordReader::RecordReader(const log::Stream& stream, RecordCursor cursor)
    : stream_(stream), cursor_(std::move(cursor)), lanes_(cursor_.shards.size()) {}

Result<void> RecordReader::Fill(size_t lane) {
  Lane& to = lanes_[lane];
  log::ReadRequest request{.shard = cursor_.shards[lane].shard, .from = cursor_.shards[lane].next};
  request.bytes_max = std::clamp(kBytesMax / lanes_.size(), kLaneBytesMin, kLaneBytesMax);
  TM_ASSIGN_OR_RETURN(to.batch, stream_.Read(request));
  to.at = 0;
  // Nothing more to come but what is appended from now on: later than all that is merged here.
  to.at_tip = to.batch.at_tip;
  if (to.batch.records.empty()) cursor_.shards[lane].next = to.batch.next;
  return {};
}

Result<std::optional<RecordReader::Record>> RecordReader::Next() {
  if (bytes_ >= kBytesMax) return std::optional<Record>();
  size_t best = lanes_.size();
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    while (lane.at == lane.batch.records.size() && !lane.at_tip) TM_RETURN_IF_ERROR(Fill(i));
    if (lane.at == lane.batch.records.size()) continue;
    if (best == lanes_.size() ||
        lane.batch.records[lane.at].arrival < lanes_[best].batch.records[lanes_[best].at].arrival) {
      best = i;
    }
  }
  if (best == lanes_.size()) return std::optional<Record>();
  Lane& lane = lanes_[best];
  const log::RecordView& view = lane.batch.records[lane.at++];
  cursor_.shards[best].next = {view.offset.value + 1};
  bytes_ += view.data.size() + view.partition_key.size();
  ++scanned_;
  return std::optional<Record>(Record{&cursor_.shards[best], view});
}

bool RecordReader::at_tip() const {
  return std::ranges::all_of(
      lanes_, [](const Lane& lane) { return lane.at_tip && lane.at == lane.batch.records.size(); });
}

std::optional<ArrivalTime> RecordReader::waiting() const {
  std::optional<ArrivalTime> oldest;
  for (const Lane& lane : lanes_) {
    if (lane.at == lane.batch.records.size()) continue;
    const ArrivalTime arrival = lane.batch.records[lane.at].arrival;
    if (!oldest || arrival < *oldest) oldest = arrival;
  }
  return oldest;
}

}  // namespace tidemark::console
