// SPDX-License-Identifier: Apache-2.0
// Shard iterators and list tokens: opaque, signed, good for five minutes, valid after a restart
// (kinesis-api.md 3.5). Immutable after construction, so thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/kinesis/error.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/ids.h"
#include "log/sequence_number.h"

namespace tidemark::kinesis {

inline constexpr milliseconds kTokenLifetime{300'000};
inline constexpr size_t kTokenKeyBytes = 32;

struct ShardIterator {
  StreamId stream;
  uint32_t shard = 0;
  log::RecordOffset next;
  friend bool operator==(const ShardIterator&, const ShardIterator&) = default;
};

struct ListStreamsToken {
  std::string after;  // the last name of the page before
};

struct ListShardsToken {
  StreamId stream;
  uint32_t next_shard = 0;
  uint8_t filter = 0;  // the ShardFilter's type, as the service numbers them
  int64_t filter_ms = 0;
};

class TokenCodec {
 public:
  /// `key`: kTokenKeyBytes, kept with the server.
  explicit TokenCodec(std::string key);

  std::string Encode(const ShardIterator& iterator, ArrivalTime issued) const;
  std::string Encode(const ListStreamsToken& token, ArrivalTime issued) const;
  std::string Encode(const ListShardsToken& token, ArrivalTime issued) const;

  // A Failure in the Error's place: kInvalidArgument (foreign, changed, from the future), or too
  // old: ExpiredIteratorException, ExpiredNextTokenException.
  bool Decode(std::string_view text, ArrivalTime now, ShardIterator& out, Failure& failure) const;
  bool Decode(std::string_view text, ArrivalTime now, ListStreamsToken& out,
              Failure& failure) const;
  bool Decode(std::string_view text, ArrivalTime now, ListShardsToken& out, Failure& failure) const;

 private:
  enum class Kind : uint8_t { kIterator = 1, kListStreams = 2, kListShards = 3 };
  std::string Seal(Kind kind, ArrivalTime issued, std::string_view payload) const;
  bool Open(Kind kind, std::string_view text, ArrivalTime now, std::string& payload,
            Failure& failure) const;
  std::string Sign(std::string_view bytes) const;

  const std::string key_;
};

}  // namespace tidemark::kinesis
