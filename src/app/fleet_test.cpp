// SPDX-License-Identifier: Apache-2.0
#include "app/fleet.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace tidemark::app {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Fleet, HasTheSizeOfTheSample) {
  const Fleet fleet({});
  EXPECT_THAT(fleet.hosts(), SizeIs(1000));
  EXPECT_EQ(fleet.records_per_step(), 1000U * 20 + 1200U * 5);
  std::set<std::string> silos;
  for (const Host& host : fleet.hosts()) silos.emplace(DimensionOf(host.dimensions, "silo"));
  EXPECT_THAT(silos, SizeIs(100));
}

TEST(Fleet, TheFirstHostsAreSpreadOverRegions) {
  const Fleet fleet({.host_scale = 1, .hosts_max = 6, .seed = 1});
  std::set<std::string> regions;
  for (const Host& host : fleet.hosts()) regions.emplace(DimensionOf(host.dimensions, "region"));
  EXPECT_THAT(regions, SizeIs(6));
}

TEST(Fleet, RecordsHaveTheShapeOfTheSample) {
  const Fleet fleet({.host_scale = 1, .hosts_max = 1, .seed = 1});
  std::vector<std::string> records;
  fleet.AppendRecords(fleet.hosts()[0], 1'699'999'925, Fleet::Sent::kOnTime, records);
  ASSERT_THAT(records, SizeIs(fleet.records_per_step()));
  size_t bytes = 0;
  for (const std::string& text : records) {
    bytes += text.size();
    const auto record = ParseJson(text);
    ASSERT_TRUE(record.ok()) << text;
    std::vector<std::string> keys;
    for (const auto& [key, value] : record->object()) {
      keys.push_back(key);
      EXPECT_TRUE(value.is_string()) << key;
    }
    ASSERT_THAT(keys, SizeIs(13));
    keys.resize(6);
    EXPECT_THAT(keys, ElementsAre("MeasureName", "MeasureValue", "MeasureValueType", "Time",
                                  "TimeUnit", "region"));
    EXPECT_EQ(record->Find("Time")->string_value(), "1699999925");
    EXPECT_EQ(record->Find("TimeUnit")->string_value(), "SECONDS");
  }
  EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(records.size()), 410, 30);
}

TEST(Fleet, TheSameSeedGivesTheSameRecords) {
  const FleetOptions options{.host_scale = 1, .hosts_max = 3, .seed = 9};
  std::vector<std::string> a, b;
  Fleet(options).AppendRecords(Fleet(options).hosts()[2], 1'700'000'000, Fleet::Sent::kOnTime, a);
  Fleet(options).AppendRecords(Fleet(options).hosts()[2], 1'700'000'000, Fleet::Sent::kOnTime, b);
  EXPECT_EQ(a, b);
}

TEST(Fleet, TheShareOfLateStepsIsAsAsked) {
  const Fleet fleet({.host_scale = 1, .hosts_max = 100, .seed = 1});
  int late = 0;
  for (int64_t step = 0; step < 1000; ++step) {
    for (const Host& host : fleet.hosts())
      late += fleet.IsLate(host, 1'700'000'000 + step * 10, 5) ? 1 : 0;
  }
  EXPECT_NEAR(late / 100'000.0, 0.05, 0.005);
}

TEST(Fleet, WhatComesLateMovesAnAverage) {
  const Fleet fleet({.host_scale = 1, .hosts_max = 20, .seed = 1});
  const auto cpu_system = [](const std::vector<std::string>& records) {
    return std::stod(ParseJson(records[1])->Find("MeasureValue")->string_value());
  };
  for (const Host& host : fleet.hosts()) {
    std::vector<std::string> on_time, late;
    fleet.AppendRecords(host, 1'700'000'000, Fleet::Sent::kOnTime, on_time);
    fleet.AppendRecords(host, 1'700'000'000, Fleet::Sent::kLate, late);
    EXPECT_GT(cpu_system(late), cpu_system(on_time));
  }
}

TEST(Fleet, CpuAddsUpToAtMostAHundred) {
  const Fleet fleet({.host_scale = 1, .hosts_max = 50, .seed = 1});
  for (int64_t t = 1'700'000'000; t < 1'700'086'400; t += 1800) {
    for (const Host& host : fleet.hosts()) {
      std::vector<std::string> records;
      fleet.AppendRecords(host, t, Fleet::Sent::kOnTime, records);
      double sum = 0;
      for (size_t i = 0; i < 8; ++i) {
        sum += std::stod(ParseJson(records[i])->Find("MeasureValue")->string_value());
      }
      EXPECT_GE(sum, 0);
      EXPECT_LE(sum, 120) << "idle is what the others leave, never negative";
    }
  }
}

}  // namespace
}  // namespace tidemark::app
