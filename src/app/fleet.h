// SPDX-License-Identifier: Apache-2.0
// The hosts, processes and signals of the EC2 sample: the same dimensions, measures and record
// shape as awslabs/amazon-timestream-tools' Kinesis generator, with a believable signal (daily
// curve, noise, a few incidents) in place of pure noise. Every value is a function of (seed,
// series, time), so a generator that starts again goes on with the same curves. Immutable after
// construction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tidemark::app {

using Dimensions = std::vector<std::pair<std::string, std::string>>;

struct Process {
  Dimensions dimensions;  // region, cell, silo, availability_zone, microservice_name,
                          // instance_name, process_name, jdk_version
  std::string tail;       // the record's JSON from "TimeUnit" on
};

struct Host {
  uint64_t number = 0;    // in the whole fleet, before any limit; part of every signal
  Dimensions dimensions;  // region, cell, silo, availability_zone, microservice_name,
                          // instance_type, os_version, instance_name
  std::string tail;
  std::vector<Process> processes;
};

struct FleetOptions {
  int host_scale = 1;      // 1: 1000 hosts in 100 silos
  uint64_t hosts_max = 0;  // the first N, taken in turn from each region; 0: all
  uint64_t seed = 1;
};

class Fleet {
 public:
  /// Measures of a host, and of a process.
  static constexpr size_t kHostMeasures = 20;
  static constexpr size_t kProcessMeasures = 5;

  explicit Fleet(FleetOptions options);

  const std::vector<Host>& hosts() const { return hosts_; }
  size_t records_per_step() const;
  /// Whether this host is late in this step, for a share of `percent` of all.
  bool IsLate(const Host& host, int64_t step_s, double percent) const;

  /// A host that sends late was too busy to send: its late records tell of that, so that what late
  /// data changes can be seen.
  enum class Sent : uint8_t { kOnTime, kLate };
  /// Appends the records of `host` and its processes as JSON texts to `out`, with the signal of
  /// `time_s`, seconds since the epoch.
  void AppendRecords(const Host& host, int64_t time_s, Sent sent,
                     std::vector<std::string>& out) const;

 private:
  double Noise(uint64_t series, int64_t step) const;
  double Smooth(uint64_t series, int64_t time_s, int64_t period_s) const;
  double Incident(const Host& host, int64_t time_s) const;
  double Strain(const Host& host, int64_t time_s) const;

  const uint64_t seed_;
  std::vector<Host> hosts_;
};

/// The value of one of the dimensions, or "".
std::string_view DimensionOf(const Dimensions& dimensions, std::string_view name);

}  // namespace tidemark::app
