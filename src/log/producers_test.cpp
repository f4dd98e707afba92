// SPDX-License-Identifier: Apache-2.0
// console-ux.md 5.2, Producers.
#include "log/producers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::log {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr StreamId kStream{7};

ProducerKey Key(std::string client) {
  return {kStream, std::move(client), "AKIA", "127.0.0.1", "PutRecords"};
}

std::vector<std::string> Clients(const std::vector<Producer>& list) {
  std::vector<std::string> out;
  for (const Producer& producer : list) out.push_back(producer.key.client);
  return out;
}

TEST(ProducerTable, CountsRecordsBytesAndErrorsOfEachProducer) {
  ProducerTable table;
  for (int64_t s = 0; s < 60; ++s) {
    table.Note(Key("a"), {.records = 10, .bytes = 500, .now = {s * 1000}});
  }
  table.Note(Key("a"), {.error = "ResourceNotFoundException", .now = {60'000}});
  table.Note(Key("b"), {.records = 5000, .bytes = 1, .now = {60'000}});
  const auto list = table.List(kStream, {60'000});
  EXPECT_THAT(Clients(list), ElementsAre("b", "a"));  // the busiest first
  EXPECT_EQ(list[1].requests, 61U);
  EXPECT_EQ(list[1].records, 600U);
  EXPECT_EQ(list[1].bytes, 30'000U);
  EXPECT_THAT(list[1].errors, ElementsAre(Pair("ResourceNotFoundException", 1)));
  EXPECT_EQ(list[1].first_seen.ms, 0);
  EXPECT_EQ(list[1].last_seen.ms, 60'000);
  EXPECT_DOUBLE_EQ(list[1].records_per_second, 10);
  EXPECT_DOUBLE_EQ(list[1].bytes_per_second, 500);
  EXPECT_TRUE(table.List(StreamId{8}, {60'000}).empty());
}

TEST(ProducerTable, RateFallsToNothingAMinuteAfterTheLastRecord) {
  ProducerTable table;
  table.Note(Key("a"), {.records = 600, .now = {5'000}});
  EXPECT_DOUBLE_EQ(table.List(kStream, {5'000})[0].records_per_second, 60);  // of ten seconds
  EXPECT_NEAR(table.List(kStream, {64'000})[0].records_per_second, 600.0 / 59, 0.01);
  EXPECT_DOUBLE_EQ(table.List(kStream, {75'000})[0].records_per_second, 0);
  EXPECT_EQ(table.List(kStream, {905'000}).size(), 1U);
  EXPECT_TRUE(table.List(kStream, {905'001}).empty());
}

TEST(ProducerTable, TheOneSilentForLongestGivesWay) {
  ProducerTable table;
  for (size_t i = 0; i < ProducerTable::kProducersMax; ++i) {
    table.Note(Key("p" + std::to_string(i)), {.records = 1, .now = {static_cast<int64_t>(i)}});
  }
  table.Note(Key("p0"), {.records = 1, .now = {1000}});
  table.Note(Key("new"), {.records = 1, .now = {1001}});
  const auto clients = Clients(table.List(kStream, {1001}));
  EXPECT_EQ(clients.size(), ProducerTable::kProducersMax);
  EXPECT_EQ(std::ranges::count(clients, "p0"), 1);
  EXPECT_EQ(std::ranges::count(clients, "new"), 1);
  EXPECT_EQ(std::ranges::count(clients, "p1"), 0);
}

TEST(ProducerTable, CodesOfOneProducerAreBounded) {
  ProducerTable table;
  for (int i = 0; i < 40; ++i) table.Note(Key("a"), {.error = std::to_string(i), .now = {1}});
  const auto errors = table.List(kStream, {1})[0].errors;
  EXPECT_EQ(errors.size(), ProducerTable::kErrorCodesMax + 1);
  EXPECT_EQ(errors.at("other"), 24U);
}

}  // namespace
}  // namespace tidemark::log
