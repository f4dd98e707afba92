// SPDX-License-Identifier: Apache-2.0
// The decoder with and without its cache: every answer must be the full parser's.
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "pipeline/decoder.h"
#include "pipeline/testing/payload.h"

namespace tidemark::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr ArrivalTime kArrival{1'700'000'100'000};

catalog::MappingDef SampleMapping() {
  return {.format = "json",
          .measure_name = "MeasureName",
          .measure_value = "MeasureValue",
          .measure_type = "MeasureValueType",
          .time = "Time",
          .time_unit = "TimeUnit",
          .dimensions = {"*"}};
}

class FakeResolver final : public SeriesResolver {
 public:
  Result<ResolvedSeries> Resolve(std::string_view measure, store::ValueType type,
                                 std::span<const store::DimensionView> dimensions) override {
    ++calls;
    if (measure == refused)
      return ResolvedSeries{{}, DeadReason::kReserved, "series is maintained by view v"};
    std::string key = std::string(measure) + char('0' + int(type));
    for (const auto& d : dimensions) key += "|" + std::string(d.name) + "=" + std::string(d.value);
    const auto [at, added] = ids.try_emplace(key, ids.size() + 1);
    return ResolvedSeries{{0, at->second}, std::nullopt, {}};
  }
  int calls = 0;
  std::string refused;
  std::map<std::string, uint64_t> ids;
};

std::string Sample(std::string_view measure, std::string_view value, int64_t time_s,
                   std::string_view host = "i-1", std::string_view type = "DOUBLE") {
  return R"({"MeasureName": ")" + std::string(measure) + R"(", "MeasureValue": ")" +
         std::string(value) + R"(", "MeasureValueType": ")" + std::string(type) +
         R"(", "Time": ")" + std::to_string(time_s) +
         R"(", "TimeUnit": "SECONDS", "region": "us-east-1", "instance_name": ")" +
         std::string(host) + R"("})";
}

std::unique_ptr<Decoder> NewDecoder(bool cache, const catalog::RulesDef& rules = {}) {
  return MakeDecoder(SampleMapping(), rules,
                     {.guard = {}, .cache = cache, .cache_bytes_max = 1 << 20})
      .value();
}

TEST(Decoder, EveryRecordBecomesAPointOrADeadLetter) {
  auto decoder = NewDecoder(true);
  FakeResolver resolver;
  DecodedBatch out;
  const auto batch = testing::MakeBatch(
      {Sample("cpu", "1.5", 1'700'000'000), "{", Sample("cpu", "2.5", 1'700'000'010)}, kArrival);
  ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
  EXPECT_THAT(out.records, ElementsAre(0, 2));
  ASSERT_THAT(out.dead, SizeIs(1));
  EXPECT_EQ(out.dead[0].record, 1U);
  EXPECT_EQ(out.points[1].value.as_double(), 2.5);
  EXPECT_EQ(out.points[1].arrival, kArrival);
  EXPECT_EQ(out.max_event_time, EventTime{1'700'000'010'000'000'000});
}

TEST(Decoder, RepeatedShapesComeFromTheCache) {
  auto decoder = NewDecoder(true);
  FakeResolver resolver;
  DecodedBatch out;
  std::vector<std::string> payloads;
  for (int i = 0; i < 100; ++i)
    payloads.push_back(
        Sample(i % 2 ? "cpu" : "disk", std::to_string(i) + ".25", 1'700'000'000 + i));
  ASSERT_TRUE(decoder->Decode(testing::MakeBatch(payloads, kArrival), resolver, out).ok());
  EXPECT_THAT(out.points, SizeIs(100));
  EXPECT_EQ(decoder->cache_hits(), 98U);
  EXPECT_EQ(resolver.calls, 2);
}

// event-time.md 17.K, K13 and K14.
TEST(Decoder, FutureGuardKeepsTheClockAndRefusesADayAhead) {
  auto decoder = NewDecoder(true);
  FakeResolver resolver;
  DecodedBatch out;
  const auto batch =
      testing::MakeBatch({Sample("cpu", "1", 1'700'000'100 + 24 * 3600 + 1),
                          Sample("cpu", "2", 1'700'000'500), Sample("cpu", "3", 1'700'000'050)},
                         kArrival);
  ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
  ASSERT_THAT(out.dead, SizeIs(1));
  EXPECT_EQ(out.dead[0].reason, DeadReason::kFutureTimestamp);
  EXPECT_THAT(out.points, SizeIs(2));
  EXPECT_EQ(out.future_no_advance, 1U);
  EXPECT_EQ(out.max_event_time, EventTime{1'700'000'050'000'000'000});
}

TEST(Decoder, ARefusedSeriesIsADeadLetterThatMovesTheClock) {
  auto decoder = NewDecoder(true);
  FakeResolver resolver;
  resolver.refused = "avg_cpu";
  DecodedBatch out;
  ASSERT_TRUE(decoder
                  ->Decode(testing::MakeBatch({Sample("avg_cpu", "1", 1'700'000'000)}, kArrival),
                           resolver, out)
                  .ok());
  ASSERT_THAT(out.dead, SizeIs(1));
  EXPECT_EQ(out.dead[0].message, "series is maintained by view v");
  EXPECT_EQ(out.max_event_time, EventTime{1'700'000'000'000'000'000});
}

TEST(Decoder, ForgetAsksForEverySeriesAgain) {
  auto decoder = NewDecoder(true);
  FakeResolver resolver;
  DecodedBatch out;
  const auto batch = testing::MakeBatch({Sample("cpu", "1", 1'700'000'000)}, kArrival);
  ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
  decoder->Forget();
  ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
  EXPECT_EQ(resolver.calls, 2);
}

TEST(Decoder, VaryingBytesBeforeTheHolesSwitchTheCacheOff) {
  auto decoder = NewDecoder(true);
  FakeResolver resolver;
  DecodedBatch out;
  int host = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> payloads;
    for (int i = 0; i < 512; ++i) {
      payloads.push_back(R"({"host": "h)" + std::to_string(host++) +
                         R"(", "MeasureName": "cpu", "MeasureValue": "1", "Time": "1"})");
    }
    ASSERT_TRUE(decoder->Decode(testing::MakeBatch(payloads, kArrival), resolver, out).ok());
    ASSERT_THAT(out.points, SizeIs(512));
  }
  EXPECT_EQ(decoder->cache_hits(), 0U);
}

TEST(Decoder, AFleetLargerThanARoundIsLearned) {
  auto decoder = MakeDecoder(SampleMapping(), {}, {}).value();
  FakeResolver resolver;
  DecodedBatch out;
  constexpr int kHosts = 70'000;  // a round of the cache's judgement has 65,536 records
  for (int round = 0; round < 2; ++round) {
    for (int host = 0; host < kHosts; host += 500) {
      std::vector<std::string> payloads;
      for (int i = host; i < host + 500; ++i) {
        payloads.push_back(Sample("cpu", "1.25", 1'700'000'000 + round, "i-" + std::to_string(i)));
      }
      ASSERT_TRUE(decoder->Decode(testing::MakeBatch(payloads, kArrival), resolver, out).ok());
      ASSERT_THAT(out.points, SizeIs(500));
    }
  }
  EXPECT_EQ(decoder->cache_hits(), uint64_t{kHosts});
  EXPECT_EQ(resolver.calls, kHosts);
}

// What varies for ever fills what the cache may hold; from then on it counts.
TEST(Decoder, EndlessTailsSwitchTheCacheOff) {
  auto decoder = NewDecoder(true);  // room for some thousand
  FakeResolver resolver;
  DecodedBatch out;
  const auto decode = [&](int first, int step) {
    std::vector<std::string> payloads;
    for (int i = 0; i < 500; ++i) {
      payloads.push_back(Sample("cpu", "1.25", 1'700'000'000, std::to_string(first + i * step)));
    }
    ASSERT_TRUE(decoder->Decode(testing::MakeBatch(payloads, kArrival), resolver, out).ok());
  };
  for (int i = 0; i < 160; ++i) decode(i * 500, 1);
  const uint64_t hits = decoder->cache_hits();
  decode(0, 0);  // one of the first, again and again
  EXPECT_EQ(decoder->cache_hits(), hits);
}

// ingest.md section 4: mutants of accepted records; what the cache accepts must equal the full
// parser.
void CompareCacheWithFullParser(const catalog::RulesDef& rules, int rounds) {
  SeededRandom random(20260101);
  auto cached = NewDecoder(true, rules);
  auto full = NewDecoder(false, rules);
  FakeResolver resolver;  // shared: equal keys, equal numbers
  DecodedBatch a, b;
  const std::vector<std::string> seeds{Sample("cpu", "1.5", 1'700'000'000),
                                       Sample("cpu", "-2.25e3", 1'700'000'001, "i-2"),
                                       Sample("jobs", "12", 1'700'000'002, "i-1", "BIGINT"),
                                       Sample("state", "ok", 1'700'000'003, "i-1", "VARCHAR")};
  const std::string bytes = "\"\\{}:,0123456789eE+-. \t\nabz\x01\x7f\xc3\xa9u";
  uint64_t hits = 0;
  for (int i = 0; i < rounds; ++i) {
    if (i % 5'000 == 0) {  // so many mutants would switch one cache off
      hits += cached->cache_hits();
      cached = NewDecoder(true, rules);
    }
    std::string record = seeds[random.Below(seeds.size())];
    const uint64_t edits = random.Below(4);
    for (uint64_t e = 0; e < edits && !record.empty(); ++e) {
      const size_t at = random.Below(record.size());
      const char byte = bytes[random.Below(bytes.size())];
      switch (random.Below(5)) {
        case 0:
          record[at] = byte;
          break;
        case 1:
          record.insert(at, 1, byte);
          break;
        case 2:
          record.erase(at, 1 + random.Below(3));
          break;
        case 3:
          record.insert(at, seeds[random.Below(seeds.size())].substr(0, random.Below(60)));
          break;
        default:
          record.resize(at + 1);
          break;
      }
    }
    const auto batch = testing::MakeBatch({record, seeds[i % 4]}, kArrival);
    ASSERT_TRUE(cached->Decode(batch, resolver, a).ok());
    ASSERT_TRUE(full->Decode(batch, resolver, b).ok());
    ASSERT_EQ(a.records, b.records) << record;
    ASSERT_EQ(a.dead.size(), b.dead.size()) << record;
    for (size_t p = 0; p < a.points.size(); ++p) {
      ASSERT_EQ(a.points[p].series, b.points[p].series) << record;
      ASSERT_EQ(a.points[p].time, b.points[p].time) << record;
      ASSERT_EQ(a.points[p].value.type(), b.points[p].value.type()) << record;
      if (a.points[p].value.type() == store::ValueType::kVarchar) {
        ASSERT_EQ(a.points[p].value.as_varchar(), b.points[p].value.as_varchar()) << record;
      } else {
        ASSERT_EQ(a.points[p].value.as_bigint(), b.points[p].value.as_bigint())
            << record;  // the bits
      }
    }
    ASSERT_EQ(a.max_event_time, b.max_event_time) << record;
    ASSERT_EQ(a.filtered, b.filtered) << record;
  }
  EXPECT_GT(hits + cached->cache_hits(), static_cast<uint64_t>(rounds) / 2);
}

TEST(DecoderDifferential, CachedAnswersEqualTheFullParser) {
  CompareCacheWithFullParser({}, 40'000);
}

catalog::RulesDef SampleRules() {
  catalog::RulesDef rules;
  rules.rename = {{"cpu", "load"}, {"instance_name", "host"}};
  rules.set = {{"site", "plant-{region}/{host}"}};
  rules.scale = {{"load", 0.1}, {"jobs", 3}};
  return rules;
}

TEST(DecoderDifferential, SoTheyDoUnderRules) {
  CompareCacheWithFullParser(SampleRules(), 5'000);
  catalog::RulesDef rules = SampleRules();
  rules.filter.texts = {{"instance_name", {"i-1*"}, true}};
  rules.filter.value_min = 1.5;
  CompareCacheWithFullParser(rules, 5'000);
}

std::string KeyOf(const FakeResolver& resolver, store::SeriesRef series) {
  for (const auto& [key, id] : resolver.ids) {
    if (id == series.lo) return key;
  }
  return "none";
}

TEST(RecordRules, RenameSetAndScaleMakeAnotherSeries) {
  for (const bool cache : {true, false}) {
    auto decoder = NewDecoder(cache, SampleRules());
    FakeResolver resolver;
    DecodedBatch out;
    const auto batch =
        testing::MakeBatch({Sample("cpu", "15", 1'700'000'000), Sample("cpu", "25", 1'700'000'001),
                            Sample("jobs", "7", 1'700'000'001, "i-1", "BIGINT"),
                            Sample("cpu", "7", 1'700'000'002, "i-1", "BIGINT"),
                            Sample("jobs", "9223372036854775807", 1'700'000'003, "i-1", "BIGINT")},
                           kArrival);
    ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
    ASSERT_THAT(out.points, SizeIs(4));
    EXPECT_EQ(KeyOf(resolver, out.points[0].series),
              "load1|host=i-1|region=us-east-1|site=plant-us-east-1/i-1");
    EXPECT_EQ(out.points[0].value.as_double(), 15 * 0.1);
    EXPECT_EQ(out.points[1].series, out.points[0].series);
    EXPECT_EQ(out.points[1].value.as_double(), 2.5);
    EXPECT_EQ(out.points[2].value.type(), store::ValueType::kBigint) << "a whole factor";
    EXPECT_EQ(out.points[2].value.as_bigint(), 21);
    EXPECT_EQ(out.points[3].value.type(), store::ValueType::kDouble);
    EXPECT_EQ(out.points[3].value.as_double(), 7 * 0.1);
    ASSERT_THAT(out.dead, SizeIs(1)) << "three times the largest number is none";
    EXPECT_EQ(out.dead[0].reason, DeadReason::kValue);
  }
}

// event-time.md 2.1, 16 S2: the clock is taken before the filter.
TEST(RecordRules, AFilteredRecordMovesTheClockAndMakesNoSeries) {
  catalog::RulesDef rules;
  rules.filter.texts = {{"region", {"us-east-1", "eu-west-1"}, false},
                        {"measure_name", {"c?u"}, true}};
  rules.filter.value_max = 10;
  for (const bool cache : {true, false}) {
    auto decoder = NewDecoder(cache, rules);
    FakeResolver resolver;
    DecodedBatch out;
    const auto batch =
        testing::MakeBatch({Sample("cpu", "11", 1'700'000'000), Sample("cpu", "12", 1'700'000'001),
                            Sample("mem", "1", 1'700'000'002), Sample("mem", "1", 1'700'000'003)},
                           kArrival);
    ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
    EXPECT_THAT(out.points, IsEmpty());
    EXPECT_THAT(out.dead, IsEmpty());
    EXPECT_EQ(out.filtered, 4U);
    EXPECT_EQ(out.max_event_time, EventTime{1'700'000'003'000'000'000});
    EXPECT_EQ(resolver.calls, 0);
    EXPECT_EQ(decoder->cache_hits(), cache ? 2U : 0U);
    ASSERT_TRUE(decoder
                    ->Decode(testing::MakeBatch({Sample("cpu", "10", 1'700'000'004)}, kArrival),
                             resolver, out)
                    .ok());
    EXPECT_THAT(out.points, SizeIs(1)) << "the bound is inclusive";
  }
}

TEST(RecordRules, WhatSetNeedsAndIsMissingIsADeadLetter) {
  catalog::RulesDef rules;
  rules.set = {{"site", "plant-{line}"}};
  auto decoder = NewDecoder(true, rules);
  FakeResolver resolver;
  DecodedBatch out;
  ASSERT_TRUE(
      decoder
          ->Decode(testing::MakeBatch({Sample("cpu", "1", 1'700'000'000)}, kArrival), resolver, out)
          .ok());
  ASSERT_THAT(out.dead, SizeIs(1));
  EXPECT_EQ(out.dead[0].reason, DeadReason::kSchema);
  EXPECT_EQ(out.dead[0].field, "line");
}

TEST(RecordRules, ThoseThatMakeNoSenseAreRefusedByName) {
  const auto why = [](const catalog::RulesDef& rules) {
    const auto made = MakeDecoder(SampleMapping(), rules, {});
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_THAT(why({.set = {{"site", "plant-{line"}}}), ::testing::HasSubstr("key \"set\""));
  EXPECT_THAT(why({.set = {{"site", "at {Time}"}}}), ::testing::HasSubstr("value and time"));
  EXPECT_THAT(why({.set = {{"time", "x"}}}), ::testing::HasSubstr("name of a dimension"));
  EXPECT_THAT(why({.rename = {{"a", "c"}, {"b", "c"}}}), ::testing::HasSubstr("two become"));
  EXPECT_THAT(why({.scale = {{"a", INFINITY}}}), ::testing::HasSubstr("finite"));
  EXPECT_EQ(why(SampleRules()), "");
}

// event-time.md 2.1: no point, no dead letter, only what it says of the clock.
TEST(Decoder, PunctuationIsTheRecordsOnlyField) {
  catalog::MappingDef mapping = SampleMapping();
  mapping.punctuation = "Watermark";
  auto decoder = MakeDecoder(mapping, {}, {}).value();
  FakeResolver resolver;
  DecodedBatch out;
  const auto batch = testing::MakeBatch(
      {R"({"Watermark":1700000000000})", R"({"Watermark":"1699999999000"})",
       R"({"Watermark":1700000500000})", R"({"Watermark":"soon"})",
       R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1700000000000","h":"a","Watermark":1})"},
      kArrival);
  ASSERT_TRUE(decoder->Decode(batch, resolver, out).ok());
  EXPECT_EQ(out.floor, EventTime{1'700'000'000'000'000'000});
  EXPECT_EQ(out.punctuations, 3U);
  EXPECT_EQ(out.future_no_advance, 1U) << "a broken clock closes no windows";
  ASSERT_THAT(out.dead, SizeIs(1));
  EXPECT_EQ(out.dead[0].field, "Watermark");
  ASSERT_THAT(out.points, SizeIs(1));
  EXPECT_EQ(KeyOf(resolver, out.points[0].series), "cpu1|h=a") << "it is no dimension";
}

}  // namespace
}  // namespace tidemark::pipeline
