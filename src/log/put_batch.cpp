// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "base/base64.h"
#include "log/format_internal.h"
#include "log/put_batch_internal.h"
#include "log/record.h"

namespace tidemark::log {

PutBatch::PutBatch(std::shared_ptr<const ShardRouter> router, std::shared_ptr<CachePool> caches)
    : router_(std::move(router)), caches_(std::move(caches)) {}
PutBatch::PutBatch(PutBatch&&) noexcept = default;
PutBatch& PutBatch::operator=(PutBatch&& other) noexcept {
  ReturnCache();
  router_ = std::move(other.router_);
  caches_ = std::move(other.caches_);
  cache_ = std::move(other.cache_);
  buffer_ = std::move(other.buffer_);
  entries_ = std::move(other.entries_);
  payload_bytes_ = other.payload_bytes_;
  return *this;
}
PutBatch::~PutBatch() { ReturnCache(); }

void PutBatch::ReturnCache() {
  if (cache_ != nullptr) caches_->Give(std::move(cache_));
}

void PutBatch::Reserve(size_t records, size_t bytes) {
  entries_.reserve(records);
  buffer_.reserve(bytes);
}

Result<void> PutBatch::Begin(std::string_view partition_key, std::optional<HashKey> explicit_hash,
                             size_t data_bytes) {
  if (partition_key.size() > kPartitionKeyBytesMax || data_bytes > kRecordDataBytesMax) {
    return Error{Code::kInvalidArgument,
                 "record: " + std::to_string(data_bytes) + " bytes of data and " +
                     std::to_string(partition_key.size()) + " of partition key are too many"};
  }
  RecordHeader header;
  header.data_bytes = static_cast<uint32_t>(data_bytes);
  header.key_bytes = static_cast<uint16_t>(partition_key.size());
  header.flags = explicit_hash ? kRecordHasExplicitHash : uint16_t{0};
  buffer_.append(reinterpret_cast<const char*>(&header), sizeof(header));
  buffer_.append(partition_key);
  if (explicit_hash) {
    buffer_.append(reinterpret_cast<const char*>(&explicit_hash->hi), 8);
    buffer_.append(reinterpret_cast<const char*>(&explicit_hash->lo), 8);
  }
  return {};
}

void PutBatch::Finish(size_t start, std::string_view partition_key,
                      std::optional<HashKey> explicit_hash) {
  uint32_t slot = 0;
  if (const auto only = router_->only_slot()) {
    slot = *only;
  } else if (explicit_hash) {
    slot = router_->SlotOf(*explicit_hash);
  } else {
    if (cache_ == nullptr) cache_ = caches_->Take();
    if (cache_ == nullptr) cache_ = std::make_unique<KeyHashCache>();
    slot = router_->SlotOf(cache_->Hash(partition_key));
  }
  entries_.push_back({slot, static_cast<uint32_t>(buffer_.size() - start)});
}

Result<void> PutBatch::Add(const PutRecordView& record) {
  const size_t start = buffer_.size();
  TM_RETURN_IF_ERROR(Begin(record.partition_key, record.explicit_hash, record.data.size()));
  buffer_.append(record.data);
  payload_bytes_ += record.partition_key.size() + record.data.size();
  Finish(start, record.partition_key, record.explicit_hash);
  return {};
}

Result<size_t> PutBatch::AddBase64(std::string_view partition_key,
                                   std::optional<HashKey> explicit_hash, std::string_view base64) {
  const size_t start = buffer_.size();
  const size_t padding = base64.ends_with("==") ? 2 : base64.ends_with("=") ? 1 : 0;
  TM_RETURN_IF_ERROR(
      Begin(partition_key, explicit_hash, base64.size() < 4 ? 0 : base64.size() / 4 * 3 - padding));
  const size_t data_start = buffer_.size();
  if (auto r = Base64DecodeTo(base64, buffer_); !r.ok()) {
    buffer_.resize(start);
    return std::move(r).error();
  }
  const size_t data_bytes = buffer_.size() - data_start;
  const auto stored = static_cast<uint32_t>(data_bytes);
  std::memcpy(buffer_.data() + start + offsetof(RecordHeader, data_bytes), &stored, sizeof(stored));
  payload_bytes_ += partition_key.size() + data_bytes;
  Finish(start, partition_key, explicit_hash);
  return data_bytes;
}

}  // namespace tidemark::log
