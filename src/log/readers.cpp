// SPDX-License-Identifier: Apache-2.0
#include "log/readers.h"

#include <algorithm>

namespace tidemark::log {
namespace {

constexpr milliseconds kRatePeriod = seconds(10);

double PerSecond(uint64_t count, milliseconds time) {
  return time.count() <= 0 ? 0
                           : static_cast<double>(count) * 1000 / static_cast<double>(time.count());
}

}  // namespace

void ReaderTable::Note(const ReaderKey& key, const ReadNote& note) {
  const MutexLock lock(mutex_);
  auto found = readers_.find(key);
  if (found == readers_.end()) {
    if (readers_.size() >= kReadersMax) {
      readers_.erase(std::ranges::min_element(
          readers_, {}, [](const auto& entry) { return entry.second.last_seen; }));
    }
    found = readers_.try_emplace(key).first;
    found->second.counted_since = note.now;
  }
  Entry& entry = found->second;
  entry.last_seen = note.now;
  if (note.now - entry.counted_since >= kRatePeriod) {
    entry.rate = PerSecond(entry.counted, note.now - entry.counted_since);
    entry.counted = 0;
    entry.counted_since = note.now;
  }
  entry.counted += note.records;
  if (entry.shards.size() >= kShardsMax && !entry.shards.contains(note.shard)) return;
  Reader::Shard& shard = entry.shards[note.shard];
  shard.next = note.next;
  if (note.at_tip) {
    shard.iterator_age = milliseconds(0);
  } else if (note.last_arrival) {
    shard.iterator_age = std::max(note.now - *note.last_arrival, milliseconds(0));
  }
}

std::vector<Reader> ReaderTable::List(StreamId stream, ArrivalTime now) const {
  std::vector<Reader> out;
  const MutexLock lock(mutex_);
  for (const auto& [key, entry] : readers_) {
    if (key.stream != stream || now - entry.last_seen > kSilenceMax) continue;
    const milliseconds counting = now - entry.counted_since;
    // A period that has just begun says little; one that nobody ended says that reading stopped.
    const double rate =
        counting >= kRatePeriod / 2 ? PerSecond(entry.counted, counting) : entry.rate;
    out.push_back({key, entry.last_seen, rate, entry.shards});
  }
  return out;
}

}  // namespace tidemark::log
