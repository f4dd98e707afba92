// SPDX-License-Identifier: Apache-2.0
// Appends, subscriptions and the small questions. Reading: stream_read.cpp; writing:
// stream_write.cpp.
#include "log/stream.h"

#include <algorithm>
#include <utility>

#include "log/put_batch_internal.h"
#include "log/stream_internal.h"

namespace tidemark::log {

Stream::Metrics::Metrics(MetricRegistry& registry, const std::string& stream)
    : records(registry.GetCounter("tidemark_log_records_total", "Records made durable.",
                                  {{"stream", stream}})),
      bytes(registry.GetCounter("tidemark_log_bytes_total", "Bytes of data and keys made durable.",
                                {{"stream", stream}})),
      syncs(
          registry.GetCounter("tidemark_log_syncs_total", "Group commits.", {{"stream", stream}})),
      refused(registry.GetCounter("tidemark_log_refused_appends_total",
                                  "Appends refused because too much waits for the disk.",
                                  {{"stream", stream}})),
      failures(registry.GetCounter(
          "tidemark_log_failures_total",
          "Writes that failed; the stream needs a restart unless the disk was full.",
          {{"stream", stream}})) {}

Stream::Stream(const Env& env, std::string dir, catalog::StreamDef def)
    : env_(env),
      dir_(std::move(dir)),
      def_(std::move(def)),
      retention_hours_(def_.retention_hours),
      router_(std::make_shared<ShardRouter>(def_.shards)),
      caches_(std::make_shared<PutBatch::CachePool>()),
      metrics_(std::make_unique<Metrics>(env.metrics, def_.name)),
      writer_(std::make_unique<Writer>(env_.fs, env_.clock, dir_, def_)),
      state_(std::make_unique<State>()) {}

Stream::~Stream() = default;

PutBatch Stream::NewBatch() const { return {router_, caches_}; }

void Stream::Append(PutBatch batch, Completion<std::vector<PutResult>> done) {
  batch.ReturnCache();
  if (batch.size() == 0) return done(std::vector<PutResult>());
  std::optional<Error> refusal;
  Completion<std::vector<PutResult>> refused;
  {
    const MutexLock lock(mutex_);
    if (refuse_append_) {
      refusal = refuse_append_;
    } else if (pending_bytes_ + batch.bytes() > env_.options.waiting_bytes_max &&
               !pending_.empty()) {
      refusal = Error{Code::kResourceExhausted, "stream " + def_.name + ": " +
                                                    std::to_string(pending_bytes_) +
                                                    " bytes wait for the disk already"};
      metrics_->refused.Add();
    }
    if (refusal) {
      refused = std::move(done);
    } else {
      pending_bytes_ += batch.bytes();
      pending_.push_back({std::move(batch), std::move(done)});
    }
  }
  if (refusal) return refused(*std::move(refusal));
  env_.on_append(*this);
}

void Stream::Append(std::span<const PutRecordView> records,
                    Completion<std::vector<PutResult>> done) {
  PutBatch batch = NewBatch();
  for (const PutRecordView& record : records) {
    if (auto r = batch.Add(record); !r.ok()) return done(std::move(r).error());
  }
  Append(std::move(batch), std::move(done));
}

Result<size_t> Stream::FindSlot(uint32_t shard) const {
  const size_t slot = SlotOfShard(def_, shard);
  if (slot < def_.shards.size()) return slot;
  return Error{Code::kNotFound, "stream " + def_.name + " has no shard " + std::to_string(shard)};
}

ArrivalTime Stream::TrimCutoff() const { return env_.clock.Now() - hours(retention_hours()); }

Result<ShardStatus> Stream::Status(uint32_t shard) const {
  TM_ASSIGN_OR_RETURN(const size_t slot, FindSlot(shard));
  const ArrivalTime cutoff = TrimCutoff();
  const MutexLock lock(mutex_);
  if (refuse_read_) return *refuse_read_;
  const ShardMark& mark = state_->marks[slot];
  ShardStatus status{{mark.next_offset}, {mark.next_offset}, {mark.last_arrival_ms}, false};
  if (mark.last_arrival_ms == 0) status.first = kFirstOffset;
  // Newest first: the oldest entry that may still hold a record that counts.
  bool found_expired = false;
  for (auto segment = state_->segments.rbegin();
       segment != state_->segments.rend() && !found_expired; ++segment) {
    const auto& entries = (*segment)->entries[slot];
    for (auto entry = entries.rbegin(); entry != entries.rend() && !found_expired; ++entry) {
      status.first = {entry->first_offset};
      found_expired = entry->first_arrival_ms < cutoff.ms;
    }
  }
  status.trimmed = found_expired || (!state_->segments.empty() &&
                                     state_->segments.front()->begin[slot].last_arrival_ms != 0);
  if (!status.trimmed) status.first = kFirstOffset;
  return status;
}

std::vector<RecordOffset> Stream::Tips() const {
  std::vector<RecordOffset> out;
  out.reserve(def_.shards.size());
  const MutexLock lock(mutex_);
  for (const ShardMark& mark : state_->marks) out.push_back({mark.next_offset});
  return out;
}

Result<RecordOffset> Stream::Resolve(uint32_t shard, const IteratorStart& start) const {
  TM_ASSIGN_OR_RETURN(const ShardStatus status, Status(shard));
  switch (start.type) {
    case IteratorType::kTrimHorizon:
      return status.first;
    case IteratorType::kLatest:
      return status.next;
    case IteratorType::kAtTimestamp:
      return OffsetAtTime(SlotOfShard(def_, shard), shard, start.time);
    case IteratorType::kAtSequenceNumber:
    case IteratorType::kAfterSequenceNumber:
      break;
  }
  if (!start.sequence || start.sequence->shard() != shard ||
      start.sequence->incarnation() != IncarnationOf(def_.id)) {
    return Error{Code::kInvalidArgument, "the sequence number is not one of shard " +
                                             std::to_string(shard) + " of stream " + def_.name};
  }
  const RecordOffset offset = start.sequence->offset();
  // Numbers past the tip are legal and mean it (kinesis-api.md 3.4); so is the end of the shard.
  if (offset >= status.next) return status.next;
  if (start.type == IteratorType::kAtSequenceNumber) return offset;
  return RecordOffset{offset.value + 1};
}

SubscriptionId Stream::Subscribe(std::function<void()> wake) {
  const MutexLock lock(subscribers_mutex_);
  const SubscriptionId id{next_subscription_++};
  subscribers_.emplace(id, std::move(wake));
  return id;
}

void Stream::Unsubscribe(SubscriptionId id) {
  const MutexLock lock(subscribers_mutex_);
  subscribers_.erase(id);
}

void Stream::WakeSubscribers() {
  const MutexLock lock(subscribers_mutex_);
  for (const auto& [id, wake] : subscribers_) wake();
}

std::optional<Error> Stream::failure() const {
  const MutexLock lock(mutex_);
  return failed_ ? refuse_append_ : std::nullopt;
}

uint64_t Stream::disk_bytes() const {
  const MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (const auto& segment : state_->segments) bytes += segment->end;
  return bytes;
}

}  // namespace tidemark::log
