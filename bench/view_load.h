// SPDX-License-Identifier: Apache-2.0
// Events for the view benchmarks: records in the shape of the EC2 sample (about 410 bytes of JSON),
// made while they are read, so that ten million of them need no room. Every series has one event a
// step; some come late in place of it. All is a function of (options, step, series).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "pipeline/source.h"

namespace tidemark {

/// CPU time of the calling thread.
nanoseconds ThreadCpu();

struct ViewLoadOptions {
  enum class Order : uint8_t { kProducer, kShuffled };  // the measures of a host in a row, or any
  size_t series = 1000;
  EventTime start;               // of step 0
  nanoseconds interval{0};       // between steps
  nanoseconds lateness{0};       // of an event that is late; no multiple of the interval
  int late_percent = 0;          // of all events, by host and step
  nanoseconds first_earlier{0};  // the steps of the warm-up but its last are so much earlier
  Order order = Order::kProducer;
};

struct ViewEvent {
  uint32_t series = 0;
  EventTime time;
  double value = 0;  // a multiple of 0.25: sums of them are exact
};

/// Immutable.
class ViewLoad {
 public:
  static constexpr size_t kMeasures = 20;  // of a host

  explicit ViewLoad(const ViewLoadOptions& options);

  const ViewLoadOptions& options() const { return options_; }
  /// Event `k` (of `series`) of a step; steps before 0 are a warm-up, with nothing late.
  ViewEvent At(int64_t step, size_t k) const;
  EventTime TimeOf(int64_t step) const {
    const EventTime time = options_.start + options_.interval * step;
    return step < -1 ? time - options_.first_earlier : time;
  }
  /// Appends the record; nothing else.
  void AppendText(const ViewEvent& event, std::string& out) const;
  /// Of the series with these names.
  size_t SeriesOf(std::string_view measure, std::string_view host) const;

 private:
  ViewLoadOptions options_;
  std::vector<std::string> tails_;  // by host: the record from "TimeUnit" on
  std::vector<uint32_t> shuffled_;
};

/// One partition that holds the steps offered so far. Single-owner.
class LoadSource final : public pipeline::Source {
 public:
  /// Appends the text of event `k` of a step; called in order.
  using Make = std::function<void(int64_t step, size_t k, std::string& out)>;
  LoadSource(size_t events_per_step, Make make)
      : events_per_step_(events_per_step), make_(std::move(make)) {}

  /// One more step can be read.
  void Offer(int64_t step, ArrivalTime now);
  /// CPU time that making records took so far.
  nanoseconds spent() const { return spent_; }

  Result<void> Start(const std::vector<pipeline::PartitionStart>&) override { return {}; }
  std::vector<uint32_t> Partitions() override { return {0}; }
  void SetReading(uint32_t, Reading) override {}
  Result<std::string> PositionBefore(uint32_t, ArrivalTime) override { return std::string(); }
  Result<uint64_t> OffsetAt(const std::string& position) override { return std::stoull(position); }
  Result<std::string> EndPosition(uint32_t) override { return std::string(); }
  bool Untrimmed(uint32_t) override { return true; }
  Result<bool> Poll(size_t records_max, pipeline::SourceBatch& out) override;
  bool AtEnd(uint32_t) override { return k_ >= events_per_step_; }
  std::vector<pipeline::PartitionLag> Lag() override { return {}; }
  std::string PartitionName(uint32_t) override { return "p0"; }
  std::string SequenceOf(const pipeline::SourceBatch& batch, size_t record) override {
    return std::to_string(batch.records[record].offset);
  }
  std::string SequenceAt(uint32_t, const std::string& position) override { return position; }
  void OnRecords(std::function<void()> wake) override { wake_ = std::move(wake); }

 private:
  const size_t events_per_step_;
  const Make make_;
  int64_t step_ = 0;
  size_t k_ = SIZE_MAX;  // of the step that is offered: the next event
  ArrivalTime now_;
  uint64_t offset_ = 0;
  nanoseconds spent_{0};
  std::function<void()> wake_;
};

}  // namespace tidemark
