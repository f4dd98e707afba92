// SPDX-License-Identifier: Apache-2.0
#include "devops_data.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "base/check.h"
#include "base/clock.h"

namespace tidemark {
namespace {

constexpr std::string_view kMeasureNames[DevopsData::kMeasures] = {"cpu_user",
                                                                   "cpu_system",
                                                                   "cpu_idle",
                                                                   "cpu_steal",
                                                                   "cpu_iowait",
                                                                   "cpu_nice",
                                                                   "cpu_si",
                                                                   "cpu_hi",
                                                                   "memory_free",
                                                                   "memory_used",
                                                                   "memory_cached",
                                                                   "disk_io_reads",
                                                                   "disk_io_writes",
                                                                   "latency_per_read",
                                                                   "latency_per_write",
                                                                   "network_bytes_in",
                                                                   "network_bytes_out",
                                                                   "disk_used",
                                                                   "disk_free",
                                                                   "file_descriptors_in_use"};

constexpr std::string_view kDimensionNames[DevopsData::kDimensions] = {
    "region",        "availability_zone", "cell",         "silo", "microservice_name",
    "instance_type", "os_version",        "instance_name"};

constexpr std::string_view kRegions[] = {"us-east-1", "us-east-2", "us-west-2", "eu-west-1",
                                         "ap-northeast-1"};
constexpr std::string_view kServices[] = {"apollo", "athena", "demeter", "hercules", "zeus"};
constexpr std::string_view kTypes[] = {"r5.4xlarge", "m5.8xlarge", "c5.16xlarge", "m5.large"};
constexpr std::string_view kSystems[] = {"AL2", "AL2012"};

size_t FromEnv(const char* name, size_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::array<std::string, DevopsData::kDimensions> MakeHost(size_t index) {
  const std::string region(kRegions[index % 5]);
  const std::string zone = region + "-" + std::to_string(index / 5 % 3 + 1);
  const std::string cell = region + "-cell-" + std::to_string(index / 15 % 4 + 1);
  const std::string silo = cell + "-silo-" + std::to_string(index / 60 % 2 + 1);
  const std::string service(kServices[index / 120 % 5]);
  return {region,
          zone,
          cell,
          silo,
          service,
          std::string(kTypes[index % 4]),
          std::string(kSystems[index % 2]),
          "i-" + service + "-" + std::to_string(index) + ".amazonaws.com"};
}

}  // namespace

DevopsShape DevopsShape::FromEnvironment(DevopsShape otherwise) {
  return {.series = FromEnv("TM_BENCH_SERIES", otherwise.series),
          .points = FromEnv("TM_BENCH_POINTS", otherwise.points)};
}

DevopsData::DevopsData(DevopsShape shape) {
  for (size_t i = 0; i < std::max<size_t>(1, shape.series / kMeasures); ++i) {
    hosts_.push_back(MakeHost(i));
  }
  times_.resize(std::max<size_t>(1, shape.points));
  for (size_t i = 0; i < times_.size(); ++i) {
    times_[i] = kStart + seconds(kStepSeconds * static_cast<int64_t>(i));
  }
}

std::span<const std::string_view> DevopsData::measures() { return kMeasureNames; }
std::span<const std::string_view> DevopsData::dimension_names() { return kDimensionNames; }

void DevopsData::Values(size_t index, std::span<double> out) const {
  SeededRandom random(index * 2 + 1);
  double at = 100 * random.Unit();
  for (size_t i = 0; i < out.size(); i += 2) {
    // Box and Muller: two normal numbers from two uniform ones.
    const double radius = 0.5 * std::sqrt(-2 * std::log(1 - random.Unit()));
    const double angle = 2 * std::numbers::pi * random.Unit();
    const double steps[] = {radius * std::cos(angle), radius * std::sin(angle)};
    for (size_t k = 0; k < 2 && i + k < out.size(); ++k) {
      at = std::clamp(at + steps[k], 0.0, 100.0);
      out[i + k] = std::round(at * 100) / 100;
    }
  }
  if (out.size() == times_.size()) out.back() = static_cast<double>(index / kMeasures % 15);
}

std::vector<DevopsData::Upsert> DevopsData::Upserts(size_t index) const {
  SeededRandom random(index * 2 + 2);
  std::vector<Upsert> out;
  for (size_t i = 0; i + 1 < times_.size(); ++i) {
    if (random.Below(20) == 0) {
      out.push_back({.point = i, .value = static_cast<double>(random.Below(10'000)) / 100});
    }
  }
  return out;
}

std::string SqlTime(EventTime time) {
  const time_t seconds_since_epoch = time.ns / 1'000'000'000;
  struct tm parts{};
  TM_CHECK(::gmtime_r(&seconds_since_epoch, &parts) != nullptr);
  char text[32];
  const size_t size = ::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return {text, size};
}

}  // namespace tidemark
