// SPDX-License-Identifier: Apache-2.0
#include "app/fleet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/json.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

// Facts of the sample: region names (one is spelled with underscores there), cells and silos add up
// to 100 silos, instances to 10 a silo, processes to 12.
struct Region {
  std::string_view name;
  int cells;
  int silos_per_cell;
};
constexpr std::array<Region, 6> kRegions{{{"us_east_1", 15, 3},
                                          {"us-east-2", 2, 2},
                                          {"us-west-1", 6, 2},
                                          {"us-west-2", 2, 2},
                                          {"eu-west-1", 10, 2},
                                          {"ap-northeast-1", 5, 3}}};

struct Microservice {
  std::string_view name;
  std::string_view instance_type;
  std::string_view os_version;
  int instances;
  bool host_manager;  // beside the process "server"
  std::string_view jdk_version;
};
constexpr std::array<Microservice, 5> kMicroservices{
    {{"apollo", "r5.4xlarge", "AL2", 3, false, "JDK_11"},
     {"athena", "m5.8xlarge", "AL2012", 1, true, "JDK_8"},
     {"demeter", "c5.16xlarge", "AL2012", 1, true, "JDK_8"},
     {"hercules", "r5.4xlarge", "AL2012", 2, false, "JDK_8"},
     {"zeus", "m5.4xlarge", "AL2", 3, false, "JDK_11"}}};

struct Measure {
  std::string_view name;
  double base;   // usual value
  double swing;  // of the daily curve
  double noise;
  double incident;  // added while something goes wrong
};
// cpu_user comes first and cpu_idle eighth, as in the sample; cpu_idle is what the others leave.
constexpr std::array<Measure, Fleet::kHostMeasures> kHostSignals{
    {{"cpu_user", 35, 18, 6, 25},          {"cpu_system", 0.5, 0.15, 0.12, 2.5},
     {"cpu_steal", 0.2, 0.05, 0.1, 0.5},   {"cpu_iowait", 0.4, 0.1, 0.2, 3},
     {"cpu_nice", 0.1, 0.02, 0.05, 0},     {"cpu_hi", 0.1, 0.02, 0.05, 0.1},
     {"cpu_si", 0.2, 0.05, 0.1, 0.3},      {"cpu_idle", 0, 0, 0, 0},
     {"memory_free", 45, -10, 2, -20},     {"memory_used", 40, 10, 2, 20},
     {"memory_cached", 15, 2, 1, 0},       {"disk_io_reads", 40, 20, 8, 30},
     {"disk_io_writes", 35, 15, 8, 30},    {"latency_per_read", 4, 2, 1.5, 60},
     {"latency_per_write", 5, 2, 1.5, 70}, {"network_bytes_in", 50, 25, 8, 10},
     {"network_bytes_out", 45, 25, 8, 10}, {"disk_used", 60, 1, 0.2, 0},
     {"disk_free", 40, -1, 0.2, 0},        {"file_descriptors_in_use", 30, 10, 4, 40}}};
constexpr size_t kIdle = 7;

constexpr std::array<std::string_view, 6> kEndStates{"SUCCESS_WITH_RESULT",
                                                     "SUCCESS_WITH_NO_RESULT",
                                                     "USER_ERROR",
                                                     "INTERNAL_ERROR",
                                                     "UNKNOWN",
                                                     "THROTTLED"};
// Cumulative shares of the states above.
constexpr std::array<double, 6> kEndStateShares{0.70, 0.90, 0.97, 0.98, 0.99, 1.0};

constexpr uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

constexpr uint64_t Key(uint64_t a, uint64_t b, uint64_t c) {
  return Mix(Mix(Mix(a + 0x9e3779b97f4a7c15U) ^ b) + 0x632be59bd9b4e019U * (c + 1));
}

double Unit(uint64_t hash) { return static_cast<double>(hash >> 11U) * 0x1.0p-53; }

std::string TailOf(const Dimensions& dimensions) {
  std::string tail = R"("TimeUnit": "SECONDS")";
  for (const auto& [name, value] : dimensions) {
    tail += ", ";
    AppendJsonString(tail, name);
    tail += ": ";
    AppendJsonString(tail, value);
  }
  return tail + "}";
}

std::string InstancePrefix(uint64_t seed) {
  constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  std::string out;
  for (uint64_t i = 0; i < 8; ++i) out += kAlphabet[Key(seed, 7, i) % kAlphabet.size()];
  return out;
}

Host MakeHost(const Region& region, int cell, int silo, const Microservice& service, int instance,
              std::string_view prefix) {
  const std::string cell_name = fmt::format("{}-cell-{}", region.name, cell);
  Host host;
  host.dimensions = {{"region", std::string(region.name)},
                     {"cell", cell_name},
                     {"silo", fmt::format("{}-silo-{}", cell_name, silo)},
                     {"availability_zone", fmt::format("{}-{}", region.name, instance % 3 + 1)},
                     {"microservice_name", std::string(service.name)}};
  const std::string instance_name =
      fmt::format("i-{}-{}-{:04}.amazonaws.com", prefix, service.name, instance);
  for (const bool manager : {false, true}) {
    if (manager && !service.host_manager) continue;
    Process process;
    process.dimensions = host.dimensions;
    process.dimensions.emplace_back("instance_name", instance_name);
    process.dimensions.emplace_back("process_name", manager ? "host_manager" : "server");
    process.dimensions.emplace_back("jdk_version", service.jdk_version);
    process.tail = TailOf(process.dimensions);
    host.processes.push_back(std::move(process));
  }
  host.dimensions.emplace_back("instance_type", service.instance_type);
  host.dimensions.emplace_back("os_version", service.os_version);
  host.dimensions.emplace_back("instance_name", instance_name);
  host.tail = TailOf(host.dimensions);
  return host;
}

void AppendRecord(std::string_view measure, std::string_view value, std::string_view type,
                  int64_t time_s, std::string_view tail, std::vector<std::string>& out) {
  out.push_back(fmt::format(
      R"({{"MeasureName": "{}", "MeasureValue": "{}", "MeasureValueType": "{}", "Time": "{}", {})",
      measure, value, type, time_s, tail));
}

}  // namespace

std::string_view DimensionOf(const Dimensions& dimensions, std::string_view name) {
  const auto found =
      std::ranges::find(dimensions, name, &std::pair<std::string, std::string>::first);
  return found == dimensions.end() ? std::string_view() : std::string_view(found->second);
}

Fleet::Fleet(FleetOptions options) : seed_(options.seed) {
  const std::string prefix = InstancePrefix(options.seed);
  std::array<std::vector<Host>, kRegions.size()> by_region;
  uint64_t number = 0;
  for (size_t r = 0; r < kRegions.size(); ++r) {
    for (int cell = 1; cell <= kRegions[r].cells; ++cell) {
      for (int silo = 1; silo <= kRegions[r].silos_per_cell; ++silo) {
        for (const Microservice& service : kMicroservices) {
          for (int i = 0; i < service.instances * options.host_scale; ++i) {
            by_region[r].push_back(MakeHost(kRegions[r], cell, silo, service, i, prefix));
            by_region[r].back().number = number++;
          }
        }
      }
    }
  }
  const uint64_t wanted = options.hosts_max == 0 ? number : std::min(options.hosts_max, number);
  for (size_t i = 0; hosts_.size() < wanted; ++i) {
    for (auto& region : by_region) {
      if (i < region.size() && hosts_.size() < wanted) hosts_.push_back(std::move(region[i]));
    }
  }
}

size_t Fleet::records_per_step() const {
  size_t count = 0;
  for (const Host& host : hosts_) count += kHostMeasures + host.processes.size() * kProcessMeasures;
  return count;
}

bool Fleet::IsLate(const Host& host, int64_t step_s, double percent) const {
  return Unit(Key(seed_ ^ 0x1a7e, host.number, static_cast<uint64_t>(step_s))) * 100 < percent;
}

/// In [-1, 1), independent from step to step.
double Fleet::Noise(uint64_t series, int64_t step) const {
  return 2 * Unit(Key(seed_, series, static_cast<uint64_t>(step))) - 1;
}

/// Noise that drifts: linear between a draw every `period_s`.
double Fleet::Smooth(uint64_t series, int64_t time_s, int64_t period_s) const {
  const int64_t step = time_s / period_s;
  const double part = static_cast<double>(time_s % period_s) / static_cast<double>(period_s);
  return Noise(series ^ 0x5400, step) * (1 - part) + Noise(series ^ 0x5400, step + 1) * part;
}

/// 0 most of the time; rises to 1 and falls again within an incident. About one host in eight has
/// one in any two hours, for 10 to 25 minutes.
double Fleet::Incident(const Host& host, int64_t time_s) const {
  constexpr int64_t kBlock = 7200;
  const uint64_t draw = Key(seed_ ^ 0xbad, host.number, static_cast<uint64_t>(time_s / kBlock));
  if (Unit(draw) > 0.125) return 0;
  const double length = 600 + 900 * Unit(Mix(draw + 1));
  const double start = (kBlock - length) * Unit(Mix(draw + 2));
  const double into = static_cast<double>(time_s % kBlock) - start;
  if (into < 0 || into > length) return 0;
  return std::sin(std::numbers::pi * into / length);
}

/// Of a host that cannot send, in [0.3, 1): the same for a quarter of an hour.
double Fleet::Strain(const Host& host, int64_t time_s) const {
  return 0.3 + 0.7 * Unit(Key(seed_ ^ 0xde1a, host.number, static_cast<uint64_t>(time_s / 900)));
}

void Fleet::AppendRecords(const Host& host, int64_t time_s, Sent sent,
                          std::vector<std::string>& out) const {
  // The busiest hour is 14:00 UTC, a little different for every host.
  const double phase = static_cast<double>(time_s % 86'400) / 86'400 -
                       (14.0 / 24 + 0.08 * (Unit(Key(seed_, host.number, 1)) - 0.5));
  const double daily = std::cos(2 * std::numbers::pi * phase);
  const double load = 0.6 + 0.8 * Unit(Key(seed_, host.number, 2));  // some hosts work more
  const double incident =
      std::max(Incident(host, time_s), sent == Sent::kLate ? Strain(host, time_s) : 0.0);

  std::array<double, kHostMeasures> values{};
  double busy = 0;
  for (size_t m = 0; m < kHostMeasures; ++m) {
    const Measure& measure = kHostSignals[m];
    const uint64_t series = host.number * 64 + m;
    double value =
        measure.base * load + measure.swing * daily + measure.incident * incident +
        measure.noise * (0.7 * Smooth(series, time_s, 900) + 0.3 * Noise(series, time_s));
    value = std::clamp(value, 0.0, m < kIdle ? 95.0 : 1000.0);
    values[m] = value;
    if (m < kIdle) busy += value;
  }
  values[kIdle] = std::max(0.0, 100 - busy);
  for (size_t m = 0; m < kHostMeasures; ++m) {
    AppendRecord(kHostSignals[m].name, FormatDoubleShortest(values[m]), "DOUBLE", time_s, host.tail,
                 out);
  }
  for (size_t p = 0; p < host.processes.size(); ++p) {
    const std::string& tail = host.processes[p].tail;
    const uint64_t series = host.number * 64 + 32 + p * 8;
    const auto tasks = static_cast<int64_t>(
        std::max(0.0, 250 + 120 * daily + 60 * Noise(series, time_s) - 150 * incident));
    AppendRecord("task_completed", std::to_string(tasks), "BIGINT", time_s, tail, out);
    const double draw = Unit(Key(seed_, series + 1, static_cast<uint64_t>(time_s)));
    const auto state = static_cast<size_t>(
        std::ranges::find_if(kEndStateShares, [&](double share) { return draw < share; }) -
        kEndStateShares.begin());
    AppendRecord("task_end_state", kEndStates[std::min(state, kEndStates.size() - 1)], "VARCHAR",
                 time_s, tail, out);
    const double pause = std::max(0.0, 20 + 8 * Smooth(series + 2, time_s, 300) + 60 * incident);
    AppendRecord("gc_reclaimed", FormatDoubleShortest(50 + 30 * Noise(series + 3, time_s)),
                 "DOUBLE", time_s, tail, out);
    AppendRecord("gc_pause", FormatDoubleShortest(pause), "DOUBLE", time_s, tail, out);
    AppendRecord("memory_free", FormatDoubleShortest(55 + 20 * Smooth(series + 4, time_s, 600)),
                 "DOUBLE", time_s, tail, out);
  }
}

}  // namespace tidemark::app
