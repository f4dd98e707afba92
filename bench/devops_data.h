// SPDX-License-Identifier: Apache-2.0
// The data set of the block benchmarks, shaped as the public DevOps generators make it: hosts with
// eight dimensions, twenty measures each, values with two decimals that walk by normal steps of 0.5
// between 0 and 100, one point every 20 s from midnight on. The same for the same shape, in any
// order of asking. Immutable.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace tidemark {

struct DevopsShape {
  size_t series = 20'000;  // rounded down to whole hosts of 20
  size_t points = 2160;    // per series

  /// TM_BENCH_SERIES and TM_BENCH_POINTS, where set.
  static DevopsShape FromEnvironment(DevopsShape otherwise);
};

class DevopsData {
 public:
  static constexpr size_t kMeasures = 20;
  static constexpr size_t kDimensions = 8;
  static constexpr EventTime kStart{1'767'225'600'000'000'000};  // 2026-01-01T00:00:00Z
  static constexpr int64_t kStepSeconds = 20;

  explicit DevopsData(DevopsShape shape);

  static std::span<const std::string_view> measures();
  static std::span<const std::string_view> dimension_names();

  size_t hosts() const { return hosts_.size(); }
  size_t series() const { return hosts_.size() * kMeasures; }
  size_t points_per_series() const { return times_.size(); }
  uint64_t points() const { return uint64_t{series()} * points_per_series(); }
  /// In the order of dimension_names(); instance_name is unique.
  const std::array<std::string, kDimensions>& host(size_t index) const { return hosts_[index]; }
  /// Those of every series, ascending.
  std::span<const EventTime> times() const { return times_; }
  EventTime end() const { return {times_.back().ns + kStepSeconds * 1'000'000'000}; }

  /// Fills `out` with the values of series `index` (host index / 20, measure index % 20). All
  /// series end at one time, so the last values of hosts in one availability zone are equal: then
  /// "the last value of the zone" has one answer.
  void Values(size_t index, std::span<double> out) const;
  /// Every 20th point of a series, on average, but not the last, changes: its place and its new
  /// value.
  struct Upsert {
    size_t point = 0;
    double value = 0;
  };
  std::vector<Upsert> Upserts(size_t index) const;

 private:
  std::vector<std::array<std::string, kDimensions>> hosts_;
  std::vector<EventTime> times_;
};

/// "2026-01-01 00:00:00".
std::string SqlTime(EventTime time);

}  // namespace tidemark
