// SPDX-License-Identifier: Apache-2.0
#include "pipeline/json_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/testing/payload.h"

namespace tidemark::pipeline {
namespace {

catalog::MappingDef SampleMapping() {
  return {.format = "json",
          .measure_name = "MeasureName",
          .measure_value = "MeasureValue",
          .measure_type = "MeasureValueType",
          .time = "Time",
          .time_unit = "TimeUnit",
          .dimensions = {"*"}};
}

struct Case {
  std::string name;
  std::string payload;
  std::string want;  // "ok <type> <value> <time ns> <dims>" or "<reason> <field>"
};

std::string Describe(const JsonRecord* record, const DeadLetter& dead) {
  if (record == nullptr) return std::string(DeadReasonName(dead.reason)) + " " + dead.field;
  std::string value;
  switch (record->value.type()) {
    case store::ValueType::kDouble:
      value = std::to_string(record->value.as_double());
      break;
    case store::ValueType::kBigint:
      value = std::to_string(record->value.as_bigint());
      break;
    case store::ValueType::kBoolean:
      value = record->value.as_boolean() ? "true" : "false";
      break;
    default:
      value = record->value.as_varchar();
      break;
  }
  std::string out =
      "ok " + std::string(record->measure) + " " + value + " " + std::to_string(record->time.ns);
  for (const auto& d : record->dimensions) {
    out += " " + std::string(d.name) + "=" + std::string(d.value);
  }
  return out;
}

// Rows named K are those of event-time.md 17.K, with the reasons of this product.
const Case kCases[] = {
    {"K1",
     R"({"MeasureName":"cpu","MeasureValue":"1.5","MeasureValueType":"DOUBLE","Time":"1700000000","TimeUnit":"SECONDS","host":"a"})",
     "ok cpu 1.500000 1700000000000000000 host=a"},
    {"K2",
     R"({"MeasureName":"cpu","MeasureValue":"1.5","MeasureValueType":"DOUBLE","Time":"1700000000000","TimeUnit":"MILLISECONDS","host":"a"})",
     "ok cpu 1.500000 1700000000000000000 host=a"},
    {"K3",
     R"({"MeasureName":"cpu","MeasureValue":"9007199254740993","MeasureValueType":"BIGINT","Time":"1","TimeUnit":"SECONDS","host":"a"})",
     "ok cpu 9007199254740993 1000000000 host=a"},
    {"K4",
     R"({"MeasureName":"cpu","MeasureValue":"9223372036854775808","MeasureValueType":"BIGINT","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"K5",
     R"({"MeasureName":"cpu","MeasureValue":"12.5","MeasureValueType":"BIGINT","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"K6", R"({"MeasureName":"cpu","MeasureValue":"NaN","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"K7",
     R"({"MeasureName":"state","MeasureValue":"on","MeasureValueType":"VARCHAR","Time":"1","host":"a"})",
     "ok state on 1000000 host=a"},
    {"K9_UnitAbsentIsMilliseconds",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"5","host":"a"})",
     "ok cpu 1.000000 5000000 host=a"},
    {"K10", R"({"Time":)", "decode "},
    {"K11", R"({"MeasureName":"cpu","MeasureValue":"1","host":"a"})", "schema Time"},
    {"K12",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"-1","TimeUnit":"SECONDS","host":"a"})",
     "ok cpu 1.000000 -1000000000 host=a"},
    {"K15",
     R"({"MeasureName":"cpu","MeasureValue":"1","MeasureValueType":"FLOAT","Time":"1","host":"a"})",
     "schema MeasureValueType"},
    {"K16",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"9300000000","TimeUnit":"SECONDS","host":"a"})",
     "time Time"},
    {"K18", R"({"MeasureName":"cpu","MeasureValue":null,"Time":"1","host":"a"})",
     "value MeasureValue"},
    {"K19", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"17e8","host":"a"})", "time Time"},
    {"K20",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","TimeUnit":"MINUTES","host":"a"})",
     "time TimeUnit"},
    {"K21", R"({"MeasureName":"cpu","MeasureValue":"1e400","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"NumbersAreTakenToo",
     R"({"MeasureName":"cpu","MeasureValue":2.5,"Time":1700000000,"TimeUnit":"SECONDS","host":"a"})",
     "ok cpu 2.500000 1700000000000000000 host=a"},
    {"BigintNumberWithPoint",
     R"({"MeasureName":"cpu","MeasureValue":3.0,"MeasureValueType":"BIGINT","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"VarcharKeepsTheTextOfANumber",
     R"({"MeasureName":"v","MeasureValue":1.50,"MeasureValueType":"VARCHAR","Time":"1","host":"a"})",
     "ok v 1.50 1000000 host=a"},
    {"BooleanAnyCase",
     R"({"MeasureName":"up","MeasureValue":"TRUE","MeasureValueType":"BOOLEAN","Time":"1","host":"a"})",
     "ok up true 1000000 host=a"},
    {"BooleanOther",
     R"({"MeasureName":"up","MeasureValue":"1","MeasureValueType":"BOOLEAN","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"BlanksInValue", R"({"MeasureName":"cpu","MeasureValue":" 1","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"Hex", R"({"MeasureName":"cpu","MeasureValue":"0x10","Time":"1","host":"a"})",
     "value MeasureValue"},
    {"EmptyValue", R"({"MeasureName":"cpu","MeasureValue":"","Time":"1","host":"a"})",
     "schema MeasureValue"},
    {"ValueIsTrue", R"({"MeasureName":"cpu","MeasureValue":true,"Time":"1","host":"a"})",
     "value MeasureValue"},
    {"MultiIsNotOfThisIssue",
     R"({"MeasureName":"cpu","MeasureValue":"1","MeasureValueType":"MULTI","Time":"1","host":"a"})",
     "schema MeasureValueType"},
    {"TimestampType",
     R"({"MeasureName":"cpu","MeasureValue":"1","MeasureValueType":"TIMESTAMP","Time":"1","host":"a"})",
     "schema MeasureValueType"},
    {"NoName", R"({"MeasureValue":"1","Time":"1","host":"a"})", "schema MeasureName"},
    {"EmptyName", R"({"MeasureName":"","MeasureValue":"1","Time":"1","host":"a"})",
     "schema MeasureName"},
    {"EmptyTime", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"","host":"a"})",
     "schema Time"},
    {"FractionalTime", R"({"MeasureName":"cpu","MeasureValue":"1","Time":1.5,"host":"a"})",
     "time Time"},
    {"NoDimension", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1"})", "schema "},
    {"NullDimensionIsAbsent",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":"a","rack":null})",
     "ok cpu 1.000000 1000000 host=a"},
    {"NumberAndBoolDimensions",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","rack":1.50,"spare":true})",
     "ok cpu 1.000000 1000000 rack=1.50 spare=true"},
    {"EmptyDimension", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":""})",
     "schema host"},
    {"ObjectDimension", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":{"a":1}})",
     "schema host"},
    {"ArrayDimension", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":["a"]})",
     "schema host"},
    {"RepeatedField",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":"a","host":"b"})", "schema host"},
    {"RepeatedMeasure",
     R"({"MeasureName":"cpu","MeasureName":"cpu","MeasureValue":"1","Time":"1","host":"a"})",
     "schema MeasureName"},
    {"SystemName", R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","measure_name":"a"})",
     "schema measure_name"},
    {"NotAnObject", R"([1,2])", "decode "},
    {"Empty", "", "decode "},
    {"InvalidUtf8",
     "{\"MeasureName\":\"cpu\",\"MeasureValue\":\"1\",\"Time\":\"1\",\"host\":\"\xff\"}",
     "decode "},
    {"EscapesAreUndone",
     R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":"a\u0041\n"})",
     "ok cpu 1.000000 1000000 host=aA\n"},
};

TEST(JsonRecordParser, EveryRow) {
  JsonRecordParser parser(SampleMapping());
  for (const auto& c : kCases) {
    const auto batch = testing::MakeBatch({c.payload}, {});
    DeadLetter dead;
    const auto* record = parser.Parse(batch.records[0].payload, dead);
    EXPECT_EQ(Describe(record, dead), c.want) << c.name << ": " << dead.message;
    EXPECT_EQ(record == nullptr, !dead.message.empty()) << c.name;
  }
}

TEST(JsonRecordParser, NamedDimensionsLeaveOtherFieldsAlone) {
  auto mapping = SampleMapping();
  mapping.dimensions = {"host"};
  JsonRecordParser parser(mapping);
  const auto batch = testing::MakeBatch(
      {R"({"MeasureName":"cpu","MeasureValue":"1","Time":"1","host":"a","note":{"x":[1]}})"}, {});
  DeadLetter dead;
  EXPECT_EQ(Describe(parser.Parse(batch.records[0].payload, dead), dead),
            "ok cpu 1.000000 1000000 host=a");
}

TEST(TimeFromUnits, StopsAtTheEndsOfTheAcceptedRange) {
  EXPECT_EQ(TimeFromUnits(-8'520'336'000, TimeUnit::kSeconds), kEventTimeMin);
  EXPECT_EQ(TimeFromUnits(-8'520'336'001, TimeUnit::kSeconds), std::nullopt);
  EXPECT_EQ(TimeFromUnits(8'835'955'200, TimeUnit::kSeconds), std::nullopt);
  EXPECT_EQ(TimeFromUnits(INT64_MAX, TimeUnit::kMilliseconds), std::nullopt);
}

}  // namespace
}  // namespace tidemark::pipeline
