// SPDX-License-Identifier: Apache-2.0
// Records on their way in (PutRecordView, PutBatch) and out (RecordView, ReadBatch).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "log/partition_hash.h"
#include "log/sequence_number.h"

namespace tidemark::log {

// kinesis-api.md 1.13: PartitionKey is 1..256 characters, each up to four bytes of UTF-8.
inline constexpr size_t kPartitionKeyBytesMax = 1024;
// kinesis-api.md 3.7: a record may be set up to 10 MiB.
inline constexpr size_t kRecordDataBytesMax = 10_MiB;

struct PutRecordView {
  std::string_view partition_key;
  std::string_view data;
  std::optional<HashKey> explicit_hash;
};

/// Where an appended record went.
struct PutResult {
  uint32_t shard = 0;
  RecordOffset offset;
  friend bool operator==(const PutResult&, const PutResult&) = default;
};

/// Records of one append, encoded as they go to disk. Made by Stream::NewBatch(); records of one
/// shard keep the order in which they were added. Single-owner, movable.
class PutBatch {
 public:
  PutBatch(PutBatch&&) noexcept;
  PutBatch& operator=(PutBatch&&) noexcept;
  ~PutBatch();

  /// kInvalidArgument: larger than a record may ever be. The batch is then as before.
  Result<void> Add(const PutRecordView& record);
  /// As Add() with data as base64 text, decoded into place. kInvalidArgument also for bad base64.
  /// Returns the decoded size.
  Result<size_t> AddBase64(std::string_view partition_key, std::optional<HashKey> explicit_hash,
                           std::string_view base64);
  void Reserve(size_t records, size_t bytes);

  size_t size() const { return entries_.size(); }
  /// Memory held: data, keys and a few bytes per record.
  size_t bytes() const { return buffer_.size(); }
  /// Data and keys alone: what the protocol counts.
  size_t payload_bytes() const { return payload_bytes_; }

 private:
  friend class Stream;
  friend class FrameBuilder;
  struct Entry {
    uint32_t slot = 0;   // index of the shard
    uint32_t bytes = 0;  // of the encoded record
  };
  struct CachePool;

  PutBatch(std::shared_ptr<const ShardRouter> router, std::shared_ptr<CachePool> caches);
  Result<void> Begin(std::string_view partition_key, std::optional<HashKey> explicit_hash,
                     size_t data_bytes);
  void Finish(size_t start, std::string_view partition_key, std::optional<HashKey> explicit_hash);
  void ReturnCache();

  std::shared_ptr<const ShardRouter> router_;
  std::shared_ptr<CachePool> caches_;
  std::unique_ptr<KeyHashCache> cache_;
  std::string buffer_;
  std::vector<Entry> entries_;
  size_t payload_bytes_ = 0;
};

/// A record as stored. Views into the ReadBatch it came in.
struct RecordView {
  RecordOffset offset;
  ArrivalTime arrival;  // when it was appended; never falls within a shard
  std::string_view partition_key;
  std::string_view data;
  std::optional<HashKey> explicit_hash;
};

/// What one Read() returned: records of one shard in order, all in one shared buffer. At least
/// kReadPaddingBytes may be read behind the end of every record's data (simdjson needs them).
/// Immutable after Read(); copies share the buffer.
struct ReadBatch {
  std::vector<RecordView> records;
  RecordOffset next;    // where to go on reading
  bool at_tip = false;  // everything committed when Read() was called was returned
  std::shared_ptr<const char[]> buffer;
};
inline constexpr size_t kReadPaddingBytes = 64;

}  // namespace tidemark::log
