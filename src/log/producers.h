// SPDX-License-Identifier: Apache-2.0
// Who puts records on the streams through the API, as far as the server has seen lately: for people
// who ask where records come from, or why they do not. Bounded: the producer silent for longest
// gives way. Thread-safe; Note() is one short lock and look-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "catalog/ids.h"

namespace tidemark::log {

struct ProducerKey {
  StreamId stream;
  std::string client;      // "Boto3/1.43.2": how it names itself
  std::string access_key;  // "" for none
  std::string address;     // without the port, which changes
  std::string operation;   // "PutRecords"

  friend auto operator<=>(const ProducerKey& a, const ProducerKey& b) {
    return std::tie(a.stream, a.client, a.access_key, a.address, a.operation) <=>
           std::tie(b.stream, b.client, b.access_key, b.address, b.operation);
  }
  friend bool operator==(const ProducerKey&, const ProducerKey&) = default;
};

/// One answer to a producer.
struct WriteNote {
  size_t records = 0;      // that were taken
  size_t bytes = 0;        // of their data and keys
  std::string_view error;  // its code when none was taken, else empty
  ArrivalTime now;
};

struct Producer {
  ProducerKey key;
  ArrivalTime first_seen;
  ArrivalTime last_seen;
  uint64_t requests = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  std::map<std::string, uint64_t, std::less<>> errors;  // requests by code
  // Of the last minute.
  double requests_per_second = 0;
  double records_per_second = 0;
  double bytes_per_second = 0;
};

class ProducerTable {
 public:
  static constexpr size_t kProducersMax = 256;
  static constexpr size_t kErrorCodesMax = 16;  // of one producer; further ones count as "other"
  static constexpr milliseconds kSilenceMax = minutes(15);

  void Note(const ProducerKey& key, const WriteNote& note);
  /// Those that were heard of in the last kSilenceMax, the busiest first, then by key.
  std::vector<Producer> List(StreamId stream, ArrivalTime now) const;

 private:
  static constexpr size_t kSlots = 7;  // the one that fills, and a minute of whole ones
  static constexpr milliseconds kSlot = seconds(10);
  /// What came in one ten seconds of the clock.
  struct Slot {
    int64_t number = -1;  // since the epoch
    uint64_t requests = 0;
    uint64_t records = 0;
    uint64_t bytes = 0;
  };
  struct Entry {
    Producer producer;
    std::array<Slot, kSlots> slots;
  };

  mutable Mutex mutex_;
  std::map<ProducerKey, Entry> producers_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::log
