// SPDX-License-Identifier: Apache-2.0
#include "log/producers.h"

#include <algorithm>

namespace tidemark::log {

void ProducerTable::Note(const ProducerKey& key, const WriteNote& note) {
  const MutexLock lock(mutex_);
  auto found = producers_.find(key);
  if (found == producers_.end()) {
    if (producers_.size() >= kProducersMax) {
      producers_.erase(std::ranges::min_element(
          producers_, {}, [](const auto& entry) { return entry.second.producer.last_seen; }));
    }
    found = producers_.try_emplace(key).first;
    found->second.producer.key = key;
    found->second.producer.first_seen = note.now;
  }
  Producer& producer = found->second.producer;
  producer.last_seen = note.now;
  ++producer.requests;
  producer.records += note.records;
  producer.bytes += note.bytes;
  if (!note.error.empty()) {
    auto error = producer.errors.find(note.error);
    if (error == producer.errors.end()) {
      const bool full = producer.errors.size() >= kErrorCodesMax;
      error = producer.errors.try_emplace(full ? "other" : std::string(note.error)).first;
    }
    ++error->second;
  }
  const int64_t number = note.now.ms / kSlot.count();
  Slot& slot = found->second.slots[static_cast<uint64_t>(number) % kSlots];
  if (slot.number != number) slot = {.number = number};
  ++slot.requests;
  slot.records += note.records;
  slot.bytes += note.bytes;
}

std::vector<Producer> ProducerTable::List(StreamId stream, ArrivalTime now) const {
  std::vector<Producer> out;
  {
    const MutexLock lock(mutex_);
    for (const auto& [key, entry] : producers_) {
      if (key.stream != stream || now - entry.producer.last_seen > kSilenceMax) continue;
      Producer producer = entry.producer;
      const int64_t number = now.ms / kSlot.count();
      const int64_t oldest = number - static_cast<int64_t>(kSlots) + 1;
      // Since the oldest slot began, or the producer came; one that has just come is not counted
      // by less than a slot, which would make a burst of its first request.
      const ArrivalTime begun = std::max(ArrivalTime{oldest * kSlot.count()}, producer.first_seen);
      const double passed =
          std::chrono::duration<double>(std::max<milliseconds>(now - begun, kSlot)).count();
      for (const Slot& slot : entry.slots) {
        if (slot.number < oldest || slot.number > number) continue;
        producer.requests_per_second += static_cast<double>(slot.requests) / passed;
        producer.records_per_second += static_cast<double>(slot.records) / passed;
        producer.bytes_per_second += static_cast<double>(slot.bytes) / passed;
      }
      out.push_back(std::move(producer));
    }
  }
  std::ranges::sort(out, [](const Producer& a, const Producer& b) {
    return a.records_per_second != b.records_per_second
               ? a.records_per_second > b.records_per_second
               : a.key < b.key;
  });
  return out;
}

}  // namespace tidemark::log
