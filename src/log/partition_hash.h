// SPDX-License-Identifier: Apache-2.0
// From partition key to shard: MD5 of the key's bytes read as a big-endian 128-bit integer, and the
// shard whose inclusive range holds it (kinesis-api.md 3.2).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/definitions.h"

namespace tidemark::log {

using catalog::HashKey;

HashKey HashOfKey(std::string_view partition_key);

/// Decimal, 0 .. 2^128-1, no leading zero; none for anything else.
std::optional<HashKey> ParseHashKey(std::string_view text);
std::string FormatHashKey(HashKey key);

/// `count` shards numbered from 0 that split the hash space evenly (3.2). 1 <= count <= 2^24.
std::vector<catalog::ShardDef> UniformShards(uint32_t count, ArrivalTime created);

/// Remembers the hashes of recent keys; MD5 of a key costs ten times a look-up (ingest.md section
/// 9). Single-owner.
class KeyHashCache {
 public:
  KeyHashCache();
  HashKey Hash(std::string_view partition_key);

 private:
  static constexpr size_t kWays =
      4;  // direct-mapped missed 37 % where 4-way sets do not (ingest.md)
  static constexpr size_t kSets = 1024;
  static constexpr size_t kKeyBytesMax =
      102;  // longer keys are hashed every time; an entry is 128 bytes
  struct Entry {
    uint64_t tag = 0;
    HashKey hash;
    uint8_t used = 0;  // 0: empty
    uint8_t bytes = 0;
    std::array<char, kKeyBytesMax> key{};
  };
  std::vector<Entry> entries_;
  uint8_t turn_ = 0;
};

/// Which open shard takes a hash. Immutable.
class ShardRouter {
 public:
  /// The open shards of `shards` must tile the hash space.
  explicit ShardRouter(const std::vector<catalog::ShardDef>& shards);
  /// Index into the stream's shards (not the shard's number).
  uint32_t SlotOf(HashKey hash) const;
  /// With one open shard no key has to be hashed.
  std::optional<uint32_t> only_slot() const;

 private:
  std::vector<HashKey> starts_;  // ascending
  std::vector<uint32_t> slots_;
};

}  // namespace tidemark::log
