// SPDX-License-Identifier: Apache-2.0
// Who reads the streams through the API, as far as the server has seen lately: for people who look
// for the slow one. Bounded: the reader silent for longest gives way. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "catalog/ids.h"
#include "log/sequence_number.h"

namespace tidemark::log {

struct ReaderKey {
  StreamId stream;
  std::string client;      // "Boto3/1.26.27": how it names itself
  std::string access_key;  // "" for none
  std::string address;     // without the port, which changes

  friend auto operator<=>(const ReaderKey& a, const ReaderKey& b) {
    return std::tie(a.stream, a.client, a.access_key, a.address) <=>
           std::tie(b.stream, b.client, b.access_key, b.address);
  }
  friend bool operator==(const ReaderKey&, const ReaderKey&) = default;
};

/// One answer to a reader.
struct ReadNote {
  uint32_t shard = 0;
  RecordOffset next;                        // where it goes on
  size_t records = 0;                       // in the answer
  std::optional<ArrivalTime> last_arrival;  // of the newest record in it
  bool at_tip = false;
  ArrivalTime now;
};

struct Reader {
  struct Shard {
    RecordOffset next;
    std::optional<milliseconds> iterator_age;  // none: it had no record yet
  };
  ReaderKey key;
  ArrivalTime last_seen;
  double records_per_second = 0;
  std::map<uint32_t, Shard> shards;
};

class ReaderTable {
 public:
  static constexpr size_t kReadersMax = 256;
  static constexpr size_t kShardsMax = 1024;  // of one reader; further ones are not noted
  static constexpr milliseconds kSilenceMax = minutes(15);

  void Note(const ReaderKey& key, const ReadNote& note);
  /// Those that were heard of in the last kSilenceMax, by key.
  std::vector<Reader> List(StreamId stream, ArrivalTime now) const;

 private:
  struct Entry {
    ArrivalTime last_seen;
    ArrivalTime counted_since;
    uint64_t counted = 0;  // records since then
    double rate = 0;       // of the period before
    std::map<uint32_t, Reader::Shard> shards;
  };

  mutable Mutex mutex_;
  std::map<ReaderKey, Entry> readers_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::log
