// SPDX-License-Identifier: Apache-2.0
// A source and a dead-letter sink that live in memory and survive the pipeline, as a log would.
// Single-owner.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/dead_letter_sink.h"
#include "pipeline/source.h"

namespace tidemark::pipeline::testing {

/// What was appended, per partition; shared by every FakeSource over it.
struct FakeLog {
  struct Record {
    std::string payload;
    ArrivalTime arrival;
  };
  std::map<uint32_t, std::vector<Record>> partitions;
  size_t polled_max = SIZE_MAX;  // records a Poll() gives at most
  std::map<uint32_t, std::vector<uint32_t>> parents;
  std::set<uint32_t> closed;
  std::map<uint32_t, size_t> trimmed;  // so many of the oldest are gone
  bool drained = false;
  uint64_t changes = 0;
  std::function<void()> wake;

  /// After closing, splitting, joining or draining by hand.
  void Changed() {
    ++changes;
    if (wake) wake();
  }
  void Append(uint32_t partition, std::string payload, ArrivalTime arrival) {
    payload.append(kPayloadPadding, '\0');
    partitions[partition].push_back({std::move(payload), arrival});
    if (wake) wake();
  }
};

class FakeSource final : public Source {
 public:
  explicit FakeSource(std::shared_ptr<FakeLog> log) : log_(std::move(log)) {}
  ~FakeSource() override { log_->wake = nullptr; }

  Result<void> Start(const std::vector<PartitionStart>& positions) override {
    for (const auto& start : positions) {
      next_[start.partition] = std::max(start.position.empty() ? 0 : std::stoul(start.position) + 1,
                                        log_->trimmed[start.partition]);
    }
    return {};
  }
  uint64_t Changes() override { return log_->changes; }
  std::vector<uint32_t> ParentsOf(uint32_t partition) override {
    const auto found = log_->parents.find(partition);
    return found == log_->parents.end() ? std::vector<uint32_t>() : found->second;
  }
  bool Closed(uint32_t partition) override { return log_->closed.contains(partition); }
  bool Drained() override { return log_->drained; }
  void Join(uint32_t partition) override { next_[partition] = 0; }
  void SetReading(uint32_t partition, Reading reading) override {
    if (reading == Reading::kPaused) {
      paused_.insert(partition);
    } else {
      paused_.erase(partition);
    }
  }
  Result<std::optional<SourceGap>> MissingBehind(uint32_t partition,
                                                 const std::string& position) override {
    const size_t wanted = position.empty() ? 0 : std::stoul(position) + 1;
    const size_t first = log_->trimmed[partition];
    if (wanted >= first) return std::optional<SourceGap>();
    const auto& records = log_->partitions[partition];
    const size_t left = std::min(first, records.size() - 1);
    return std::optional(SourceGap{partition, first - wanted, first - 1, records[left].arrival});
  }
  Result<std::string> PositionBefore(uint32_t partition, ArrivalTime time) override {
    const auto& records = log_->partitions[partition];
    size_t at = log_->trimmed[partition];
    while (at < records.size() && records[at].arrival < time) ++at;
    return at == 0 ? std::string() : std::to_string(at - 1);
  }
  Result<uint64_t> OffsetAt(const std::string& position) override { return std::stoul(position); }
  std::vector<uint32_t> Partitions() override {
    std::vector<uint32_t> out;
    for (const auto& [number, records] : log_->partitions) out.push_back(number);
    return out;
  }
  Result<std::string> EndPosition(uint32_t partition) override {
    const size_t size = log_->partitions[partition].size();
    return size == 0 ? std::string() : std::to_string(size - 1);
  }
  bool Untrimmed(uint32_t partition) override { return log_->trimmed[partition] == 0; }
  Result<bool> Poll(size_t records_max, SourceBatch& out) override {
    for (auto& [number, records] : log_->partitions) {
      if (!next_.contains(number) || paused_.contains(number)) continue;
      size_t& next = next_[number];
      if (next >= records.size()) continue;
      out.partition = number;
      const size_t end = next + std::min({records_max, log_->polled_max, records.size() - next});
      for (; next < end; ++next) {
        const std::string& padded = records[next].payload;
        out.records.push_back({std::string_view(padded).substr(0, padded.size() - kPayloadPadding),
                               records[next].arrival, next});
      }
      out.end_position = std::to_string(end - 1);
      out.at_end = end == records.size();
      return true;
    }
    return false;
  }
  bool AtEnd(uint32_t partition) override {
    return next_[partition] >= log_->partitions[partition].size();
  }
  std::vector<PartitionLag> Lag() override {
    std::vector<PartitionLag> out;
    for (const auto& [number, records] : log_->partitions) {
      if (!next_.contains(number)) continue;
      const size_t next = next_[number];
      out.push_back({number, PartitionName(number), records.size() - next,
                     next < records.size() ? std::optional(records[next].arrival) : std::nullopt});
    }
    return out;
  }
  std::string PartitionName(uint32_t partition) override { return "p" + std::to_string(partition); }
  std::string SequenceOf(const SourceBatch& batch, size_t record) override {
    return std::to_string(batch.records[record].offset);
  }
  std::string SequenceAt(uint32_t /*partition*/, const std::string& position) override {
    return position;
  }
  void OnRecords(std::function<void()> wake) override { log_->wake = std::move(wake); }

 private:
  const std::shared_ptr<FakeLog> log_;
  std::map<uint32_t, size_t> next_;
  std::set<uint32_t> paused_;
};

/// Keeps "partition/sequence reason" in order; like the real one it skips what it finds behind
/// `end`.
struct FakeDeadLog {
  std::vector<std::string> entries;
  bool slow = false;  // appends wait for FinishOne(); those that still wait at Crash() are lost
  std::deque<std::function<void()>> waiting;

  void FinishOne() {
    const auto append = std::move(waiting.front());
    waiting.pop_front();
    append();
  }
  void Crash() { const auto lost = std::exchange(waiting, {}); }
};

class FakeDeadSink final : public DeadLetterSink {
 public:
  explicit FakeDeadSink(std::shared_ptr<FakeDeadLog> log) : log_(std::move(log)) {}

  Result<void> Recover(const std::string& end) override {
    for (size_t i = end.empty() ? 0 : std::stoul(end); i < log_->entries.size(); ++i) {
      present_.insert(log_->entries[i]);
    }
    return {};
  }
  void Append(std::vector<DeadRecord> records, Completion<std::string> done) override {
    if (log_->slow) {
      // std::function wants what can be copied.
      auto kept = std::make_shared<std::pair<std::vector<DeadRecord>, Completion<std::string>>>(
          std::move(records), std::move(done));
      log_->waiting.push_back([this, kept] { Keep(kept->first, std::move(kept->second)); });
      return;
    }
    Keep(records, std::move(done));
  }

 private:
  void Keep(const std::vector<DeadRecord>& records, Completion<std::string> done) {
    for (const auto& record : records) {
      std::string entry = record.partition + "/" + record.sequence + " " +
                          std::string(DeadReasonName(record.letter.reason));
      if (present_.erase(entry) == 0) log_->entries.push_back(std::move(entry));
    }
    std::string end = std::to_string(log_->entries.size());
    done(std::string(10 - end.size(), '0') + end);
  }

  const std::shared_ptr<FakeDeadLog> log_;
  std::set<std::string> present_;
};

}  // namespace tidemark::pipeline::testing
