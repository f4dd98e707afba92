// SPDX-License-Identifier: Apache-2.0
// WriteRecords. Names begin with the row of the conformance checklist (timestream-api.md section
// 8); memory retention 24 h, magnetic writes off, clock at 2026-01-01T12:00:00Z.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"
#include "store/testing/unjudging_store.h"

namespace tidemark::timestream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kNow = "1767268800000";

std::string Body(std::string_view records, std::string_view common = "") {
  std::string out = R"({"DatabaseName":"dddd","TableName":"tttt",)";
  if (!common.empty()) out += R"("CommonAttributes":)" + std::string(common) + ",";
  return out + R"("Records":)" + std::string(records) + "}";
}

// One record of host a, measure cpu at `time`, plus `more` members.
std::string Record(std::string_view value, std::string_view more = "",
                   std::string_view time = kNow) {
  return R"({"Dimensions":[{"Name":"host","Value":"a"}],"MeasureName":"cpu","MeasureValue":")" +
         std::string(value) + R"(","Time":")" + std::string(time) + R"(")" + std::string(more) +
         "}";
}

std::string MsAgo(std::chrono::milliseconds age) {
  return std::to_string(kTestNowMs - age.count());
}

class WriteRecords : public testing::Test {
 protected:
  WriteRecords() { service_.MakeTable(); }

  std::string Code(const std::string& body) { return service_.Code("WriteRecords", body); }
  std::string CodeOne(const std::string& record) { return Code(Body("[" + record + "]")); }
  std::string MessageOne(const std::string& record) {
    return TestService::MessageOf(service_.Call("WriteRecords", Body("[" + record + "]")));
  }
  /// RejectedRecords of a 419, as "index existing: reason".
  std::vector<std::string> Rejected(const std::string& records) {
    const http::Response response = service_.Call("WriteRecords", Body(records));
    EXPECT_EQ(TestService::CodeOf(response), "419 RejectedRecordsException") << response.body;
    std::vector<std::string> out;
    const JsonValue body = ParseJson(response.body).value();
    const JsonValue* list = body.Find("RejectedRecords");
    if (list == nullptr) return out;
    for (const JsonValue& item : list->array()) {
      const JsonValue* existing = item.Find("ExistingVersion");
      out.push_back(std::to_string(item.Find("RecordIndex")->int_value()) + " " +
                    (existing == nullptr ? "-" : std::to_string(existing->int_value())) + ": " +
                    item.Find("Reason")->string_value());
    }
    return out;
  }
  /// All stored points of the table, "measure time_ms version value", by series then time.
  std::vector<std::string> Stored() {
    store::ScanRequest request;
    request.selection.table = service_.tables->Find("dddd", "tttt")->def.id;
    request.versions_wanted = true;
    auto cursor = service_.store->Scan(request).value();
    store::SliceBuffer buffer;
    store::Slice slice;
    std::vector<std::string> out;
    while (cursor->Next(buffer, slice).value()) {
      for (size_t i = 0; i < slice.times.size(); ++i) {
        std::string line = slice.series->measure + " " +
                           std::to_string(slice.times[i].ns / 1'000'000) + " " +
                           std::to_string(slice.versions[i]);
        for (const store::ColumnView& column : slice.columns) line += " " + Cell(column, i);
        out.push_back(std::move(line));
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  static std::string Cell(const store::ColumnView& column, size_t i) {
    const std::string name = column.name.empty() ? "" : std::string(column.name) + "=";
    switch (column.type) {
      case store::ValueType::kDouble: {
        std::string text = std::to_string(column.doubles[i]);
        return name + text.substr(0, text.find_last_not_of('0') + 1);
      }
      case store::ValueType::kBigint:
        return name + std::to_string(column.bigints[i]);
      case store::ValueType::kVarchar:
        return name + std::string(column.texts[i]);
      case store::ValueType::kBoolean:
        return name + (column.booleans[i] != 0 ? "true" : "false");
      case store::ValueType::kTimestamp:
        return name + FormatSqlTimestamp(column.timestamps[i]);
      default:
        return name + "?";
    }
  }

  TestService service_;
};

TEST_F(WriteRecords, Row41_OneToHundredRecords) {
  const auto many = [&](int n) {
    std::string records = "[";
    for (int i = 0; i < n; ++i) {
      if (i > 0) records += ",";
      records += Record("1", "", std::to_string(kTestNowMs - i));
    }
    return Body(records + "]");
  };
  EXPECT_EQ(service_.Call("WriteRecords", many(100)).body,
            R"({"RecordsIngested":{"MagneticStore":0,"MemoryStore":100,"Total":100}})");
  const http::Response refused = service_.Call("WriteRecords", many(101));
  EXPECT_EQ(TestService::CodeOf(refused), "400 ValidationException");
  EXPECT_THAT(refused.body, HasSubstr("com.amazon.coral.validate#"));
  EXPECT_THAT(TestService::MessageOf(refused),
              HasSubstr("at 'records' failed to satisfy constraint: Member must have length less "
                        "than or equal to 100"));
  EXPECT_EQ(Code(many(0)), "400 ValidationException");
  EXPECT_EQ(Code("{}"), "400 ValidationException");
}

TEST_F(WriteRecords, Row42_CommonAttributesMerge) {
  EXPECT_EQ(Code(Body("[" + Record("1") + "]", "{}")), "200 ");
  // timestream-api.md 4.2: the record's own member wins, dimensions are concatenated.
  EXPECT_EQ(Code(Body(R"([{"MeasureName":"a"},{"MeasureName":"b","MeasureValue":"7","Version":9,)"
                      R"("Dimensions":[{"Name":"core","Value":"1"}],"MeasureValueType":"DOUBLE"}])",
                      R"({"Dimensions":[{"Name":"host","Value":"x"}],"MeasureValue":"5",)"
                      R"("MeasureValueType":"BIGINT","Time":"1767268800","TimeUnit":"SECONDS",)"
                      R"("Version":3})")),
            "200 ");
  EXPECT_THAT(Stored(),
              ElementsAre("a 1767268800000 3 5", "b 1767268800000 9 7.", "cpu 1767268800000 1 1."));
}

TEST_F(WriteRecords, Row43And44_DuplicateDimensionsRefuseTheRequest) {
  const http::Response refused = service_.Call(
      "WriteRecords", Body("[" + Record("1", "", MsAgo(seconds(1))) + "," + Record("2") + "]",
                           R"({"Dimensions":[{"Name":"host","Value":"b"}]})"));
  EXPECT_EQ(TestService::CodeOf(refused), "400 ValidationException");
  EXPECT_THAT(TestService::MessageOf(refused), HasSubstr("'host'"));
  EXPECT_EQ(Code(Body(R"([{"Dimensions":[{"Name":"x","Value":"1"},{"Name":"x","Value":"1"}],)"
                      R"("MeasureName":"m","MeasureValue":"1","Time":"1767268800000"}])")),
            "400 ValidationException");
  EXPECT_THAT(Stored(), ElementsAre());
}

TEST_F(WriteRecords, Row45And46_MissingDimensionAndTime) {
  EXPECT_EQ(MessageOne(R"({"MeasureName":"m","MeasureValue":"1","Time":"1767268800000"})"),
            "At least one dimension is required for a record.");
  EXPECT_EQ(CodeOne(R"({"Dimensions":[{"Name":"h","Value":"a"}],"MeasureName":"m",)"
                    R"("MeasureValue":"1"})"),
            "400 ValidationException");
  EXPECT_EQ(MessageOne(Record("1", "", "abc")), "Invalid time for record.");
  EXPECT_EQ(MessageOne(Record("1", "", "9223372036854775807")), "Invalid time for record.");
  EXPECT_EQ(CodeOne(R"({"Dimensions":[{"Name":"h","Value":"a"}],"MeasureValue":"1",)"
                    R"("Time":"1767268800000"})"),
            "400 ValidationException");
}

TEST_F(WriteRecords, Row47_VersionFromOne) {
  EXPECT_EQ(CodeOne(Record("1", R"(,"Version":0)")), "400 ValidationException");
  EXPECT_EQ(CodeOne(Record("1", R"(,"Version":-1)")), "400 ValidationException");
  EXPECT_EQ(CodeOne(Record("1", R"(,"Version":"1")")), "400 SerializationException");
  EXPECT_EQ(CodeOne(Record("1", R"(,"Version":1.0)")), "200 ");
}

TEST_F(WriteRecords, Row48And49_DefaultsAndUnits) {
  for (const auto& [time, unit] :
       {std::pair{"1767268800000", ""}, std::pair{"1767268800", R"(,"TimeUnit":"SECONDS")"},
        std::pair{"1767268800000000", R"(,"TimeUnit":"MICROSECONDS")"},
        std::pair{"1767268800000000000", R"(,"TimeUnit":"NANOSECONDS")"}}) {
    EXPECT_EQ(CodeOne(Record("1.5", unit, time)), "200 ") << unit;
  }
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 1 1.5"));
  EXPECT_EQ(CodeOne(Record("1", R"(,"TimeUnit":"HOURS")")), "400 ValidationException");
}

TEST_F(WriteRecords, Row50_ScalarTimestamp) {
  EXPECT_EQ(MessageOne(Record("1", R"(,"MeasureValueType":"TIMESTAMP")")),
            "TIMESTAMP is an invalid measure value type.");
}

TEST_F(WriteRecords, Row51And52_Multi) {
  const auto multi = [&](std::string_view values, std::string_view type = "MULTI") {
    return R"({"Dimensions":[{"Name":"h","Value":"a"}],"MeasureName":"mm","MeasureValueType":")" +
           std::string(type) + R"(","TimeUnit":"SECONDS","Time":"1767268800")" +
           std::string(values) + "}";
  };
  EXPECT_EQ(
      CodeOne(multi(R"(,"MeasureValues":[{"Name":"at","Value":"1700000000","Type":"TIMESTAMP"},)"
                    R"({"Name":"n","Value":"-7","Type":"BIGINT"},)"
                    R"({"Name":"ok","Value":"TRUE","Type":"BOOLEAN"},)"
                    R"({"Name":"s","Value":"text","Type":"VARCHAR"}])")),
      "200 ");
  const std::vector<std::string> stored = Stored();
  ASSERT_EQ(stored.size(), 1);
  EXPECT_THAT(stored[0], HasSubstr("at=2023-11-14 22:13:20.000000000"));
  EXPECT_THAT(stored[0], HasSubstr("n=-7"));
  EXPECT_THAT(stored[0], HasSubstr("ok=true"));
  EXPECT_THAT(stored[0], HasSubstr("s=text"));
  EXPECT_EQ(CodeOne(multi("")), "400 ValidationException");
  EXPECT_EQ(CodeOne(multi(R"(,"MeasureValues":[])")), "400 ValidationException");
  const std::string one = R"(,"MeasureValues":[{"Name":"n","Value":"1","Type":"BIGINT"}])";
  EXPECT_EQ(CodeOne(multi(one, "DOUBLE")), "400 ValidationException");
  EXPECT_EQ(CodeOne(multi(one + R"(,"MeasureValue":"1")")), "400 ValidationException");
  EXPECT_EQ(CodeOne(multi(R"(,"MeasureValues":[{"Name":"n","Value":"1","Type":"BIGINT"},)"
                          R"({"Name":"n","Value":"1","Type":"BIGINT"}])")),
            "400 ValidationException");
  EXPECT_EQ(CodeOne(multi(R"(,"MeasureValues":[{"Name":"n","Value":"1","Type":"MULTI"}])")),
            "400 ValidationException");
}

TEST_F(WriteRecords, Row53And54_Values) {
  const auto typed = [&](std::string_view value, std::string_view type) {
    return CodeOne(
        Record(value, R"(,"MeasureValueType":")" + std::string(type) + R"(")", MsAgo(minutes(1))));
  };
  for (const auto& [value, type] :
       {std::pair{"NaN", "DOUBLE"}, std::pair{"Infinity", "DOUBLE"}, std::pair{"abc", "DOUBLE"},
        std::pair{" 1", "DOUBLE"}, std::pair{"1.5", "BIGINT"},
        std::pair{"9223372036854775808", "BIGINT"}, std::pair{"yes", "BOOLEAN"},
        std::pair{"", "VARCHAR"}, std::pair{"1", "FLOAT"}}) {
    EXPECT_EQ(typed(value, type), "400 ValidationException") << value << " " << type;
  }
  EXPECT_EQ(typed("13.5000000000", "DOUBLE"), "200 ");
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268740000 1 13.5"));
}

TEST_F(WriteRecords, Row55_Names) {
  const auto dimension = [&](const std::string& name) {
    return CodeOne(R"({"Dimensions":[{"Name":")" + name + R"(","Value":"a"}],"MeasureName":"m",)" +
                   R"("MeasureValue":"1","Time":"1767268800000"})");
  };
  EXPECT_EQ(dimension(std::string(61, 'x')), "400 ValidationException");
  EXPECT_EQ(dimension(std::string(60, 'x')), "200 ");
  for (const std::string bad : {"time", "ts_x", "measure_name", "measure_value", "a:b", ""}) {
    EXPECT_EQ(dimension(bad), "400 ValidationException") << bad;
  }
}

TEST_F(WriteRecords, Row56_EnumMessage) {
  const http::Response refused = service_.Call(
      "WriteRecords", Body(R"([{"Dimensions":[{"Name":"h","Value":"a","DimensionValueType":"X"}],)"
                           R"("MeasureName":"m","MeasureValue":"1","Time":"1767268800000"}])"));
  EXPECT_EQ(TestService::MessageOf(refused),
            "1 validation error detected: Value 'X' at "
            "'records.1.member.dimensions.1.member.dimensionValueType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [VARCHAR]");
}

TEST_F(WriteRecords, Row57_UnknownTable) {
  const std::string body =
      R"({"DatabaseName":"dddd","TableName":"new1","Records":[)" + Record("1") + "]}";
  EXPECT_EQ(Code(body), "404 ResourceNotFoundException");
  service_.Ok("CreateTable", R"({"DatabaseName":"dddd","TableName":"new1"})");
  EXPECT_EQ(Code(body), "200 ");
}

TEST_F(WriteRecords, Row58To64_Versions) {
  EXPECT_EQ(service_.Call("WriteRecords", Body("[" + Record("1") + "]")).body,
            R"({"RecordsIngested":{"MagneticStore":0,"MemoryStore":1,"Total":1}})");
  EXPECT_EQ(CodeOne(Record("1")), "200 ");
  EXPECT_THAT(Rejected("[" + Record("2") + "]"),
              ElementsAre(StartsWith("0 1: A record already exists with the same time")));
  EXPECT_EQ(CodeOne(Record("2", R"(,"Version":2)")), "200 ");
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 2 2."));
  EXPECT_EQ(CodeOne(Record("2", R"(,"Version":3)")), "200 ");
  EXPECT_THAT(Rejected("[" + Record("4", R"(,"Version":3)") + "]"),
              ElementsAre(StartsWith("0 3: A record already exists")));
  EXPECT_THAT(Rejected("[" + Record("4") + "]"),
              ElementsAre("0 3: The record version 1 is lower than the existing version 3. A "
                          "higher version is required to update the measure value."));
  EXPECT_EQ(CodeOne(Record("2")), "200 ");
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 3 2."));
}

TEST_F(WriteRecords, Row65_VersionsBeyondDoubles) {
  EXPECT_EQ(CodeOne(Record("1", R"(,"Version":1626000000000000001)")), "200 ");
  EXPECT_EQ(CodeOne(Record("2", R"(,"Version":1626000000000000002)")), "200 ");
  EXPECT_THAT(Rejected("[" + Record("3", R"(,"Version":1626000000000000001)") + "]"),
              ElementsAre(StartsWith("0 1626000000000000002: ")));
}

TEST_F(WriteRecords, Row66And67_TooOldRejectsOnlyThatRecord) {
  EXPECT_THAT(
      Rejected("[" + Record("1", "", MsAgo(seconds(1))) + "," + Record("2", "", MsAgo(hours(26))) +
               "," + Record("3") + "]"),
      ElementsAre("1 -: The record timestamp is outside the time range [2025-12-31T11:35:00.000Z, "
                  "2026-01-01T12:15:00.000Z) of the memory store."));
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268799000 1 1.", "cpu 1767268800000 1 3."));
}

TEST_F(WriteRecords, Row68_Future) {
  EXPECT_EQ(CodeOne(Record("1", "", MsAgo(-minutes(10)))), "200 ");
  EXPECT_THAT(Rejected("[" + Record("1", "", MsAgo(-hours(1))) + "]"),
              ElementsAre(HasSubstr("is outside the time range")));
}

TEST_F(WriteRecords, Row69And70_MagneticWrites) {
  service_.Ok("UpdateTable",
              R"({"DatabaseName":"dddd","TableName":"tttt","MagneticStoreWriteProperties":)"
              R"({"EnableMagneticStoreWrites":true}})");
  const std::string old = Record("1", "", MsAgo(hours(72)));
  EXPECT_EQ(service_.Call("WriteRecords", Body("[" + old + "]")).body,
            R"({"RecordsIngested":{"MagneticStore":1,"MemoryStore":0,"Total":1}})");
  EXPECT_THAT(Rejected("[" + Record("1", "", MsAgo(hours(240))) + "]"),
              ElementsAre(HasSubstr("of the data ingestion window.")));
  // AWS answers 200 to a conflict in the magnetic range (timestream-api.md 4.7); we say it.
  EXPECT_THAT(Rejected("[" + Record("2", "", MsAgo(hours(72))) + "]"),
              ElementsAre(StartsWith("0 1: A record already exists")));
  EXPECT_EQ(CodeOne(Record("1", "", MsAgo(hours(72)))), "200 ");
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767009600000 1 1."));
  EXPECT_EQ(CodeOne(Record("1")), "200 ");
  EXPECT_THAT(Rejected("[" + Record("2") + "]"), ElementsAre(StartsWith("0 1: ")));
}

TEST_F(WriteRecords, CountsByRetentionAndRejectsByVersionInBothRangesAtOnce) {
  service_.Ok("UpdateTable",
              R"({"DatabaseName":"dddd","TableName":"tttt","MagneticStoreWriteProperties":)"
              R"({"EnableMagneticStoreWrites":true}})");
  const std::string version = R"(,"Version":5)";
  const auto at = [&](std::string_view value, std::string_view more, milliseconds ago) {
    return Record(value, more, MsAgo(ago));
  };
  EXPECT_EQ(service_
                .Call("WriteRecords",
                      Body("[" + at("1", version, hours(1)) + "," + at("1", version, hours(25)) +
                           "," + at("1", version, hours(72)) + "]"))
                .body,
            R"({"RecordsIngested":{"MagneticStore":2,"MemoryStore":1,"Total":3}})");
  EXPECT_THAT(Rejected("[" + at("2", version, hours(1)) + "," + at("2", version, hours(25)) + "," +
                       at("2", R"(,"Version":4)", hours(72)) + "]"),
              ElementsAre(StartsWith("0 5: A record already exists"),
                          StartsWith("1 5: A record already exists"),
                          StartsWith("2 5: The record version 4 is lower")));
}

TEST(WriteRecordsDamage, IsToldPerRecordAndCanBeTriedAgain) {
  TestService service({.store =
                           [](TestService& t) {
                             return std::make_unique<store::UnjudgingStore>(
                                 std::make_unique<store::ModelStore>(t.clock));
                           },
                       .engine = {},
                       .options = {}});
  service.MakeTable();
  auto& store = static_cast<store::UnjudgingStore&>(*service.store);
  const EventTime now = service.clock.Now().AsEventTime();
  store.Damage("0000000007.tsb", {now - hours(3), now - hours(1)});
  const std::string request =
      Body("[" + Record("1") + "," + Record("1", "", MsAgo(hours(2))) + "]");
  const http::Response response = service.Call("WriteRecords", request);
  EXPECT_EQ(TestService::CodeOf(response), "419 RejectedRecordsException");
  EXPECT_THAT(response.body, HasSubstr(R"("RejectedRecords":[{"Reason":"InternalServerException: )"
                                       R"(The file 0000000007.tsb is damaged. The record can be )"
                                       R"(sent again.","RecordIndex":1}])"));
  store.Repair();
  EXPECT_EQ(service.Code("WriteRecords", request), "200 ");
}

TEST_F(WriteRecords, Row71_OrderInsideARequest) {
  EXPECT_THAT(Rejected("[" + Record("1") + "," + Record("2") + "]"),
              ElementsAre(StartsWith("1 1: A record already exists")));
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 1 1."));
}

TEST_F(WriteRecords, Row72_TypeChange) {
  EXPECT_EQ(CodeOne(Record("1")), "200 ");
  EXPECT_EQ(Rejected("[" + Record("1", R"(,"MeasureValueType":"BIGINT")", MsAgo(seconds(1))) + "]")
                .size(),
            1);
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 1 1."));
}

TEST_F(WriteRecords, Row73_RequiredPartitionKey) {
  const auto make = [&](std::string name, std::string enforced) {
    service_.Ok("CreateTable", R"({"DatabaseName":"dddd","TableName":")" + name +
                                   R"(","Schema":{"CompositePartitionKey":[{"Type":"DIMENSION",)"
                                   R"("Name":"hostId","EnforcementInRecord":")" +
                                   enforced + R"("}]}})");
  };
  make("must", "REQUIRED");
  make("may1", "OPTIONAL");
  const auto write = [&](std::string table, std::string dimension) {
    return Code(
        R"({"DatabaseName":"dddd","TableName":")" + table +
        R"(","Records":[{"Dimensions":[{"Name":")" + dimension +
        R"(","Value":"1"}],"MeasureName":"m","MeasureValue":"1","Time":"1767268800000"}]})");
  };
  EXPECT_EQ(write("must", "other"), "419 RejectedRecordsException");
  EXPECT_EQ(write("must", "hostId"), "200 ");
  EXPECT_EQ(write("may1", "other"), "200 ");
}

TEST_F(WriteRecords, Row74_TableLimitOfDimensions) {
  const auto write = [&](int number) {
    return CodeOne(R"({"Dimensions":[{"Name":"d)" + std::to_string(number) +
                   R"(","Value":"1"}],"MeasureName":"m","MeasureValue":"1",)"
                   R"("Time":"1767268800000"})");
  };
  for (int i = 0; i < 128; ++i) ASSERT_EQ(write(i), "200 ") << i;
  EXPECT_EQ(write(128), "419 RejectedRecordsException");
}

TEST_F(WriteRecords, Row75_DimensionsMakeTheSeries) {
  EXPECT_EQ(CodeOne(Record("1")), "200 ");
  EXPECT_EQ(CodeOne(R"({"Dimensions":[{"Name":"host","Value":"b"}],"MeasureName":"cpu",)"
                    R"("MeasureValue":"2","Time":"1767268800000"})"),
            "200 ");
  EXPECT_EQ(Stored().size(), 2);
}

TEST_F(WriteRecords, ReservedNameNamesTheView) {
  const TableId table = service_.tables->Find("dddd", "tttt")->def.id;
  service_.store->SetReservations({{table, ViewId{1}, "ec2-5m", 1, "avg_{measure}"}});
  const std::string average =
      R"({"Dimensions":[{"Name":"host","Value":"a"}],"MeasureName":"avg_cpu_idle",)"
      R"("MeasureValue":"1","Time":"1767268800000"})";
  EXPECT_THAT(Rejected("[" + Record("1") + "," + average + "]"),
              ElementsAre("1 -: series is maintained by view ec2-5m"));
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 1 1."));
}

TEST_F(WriteRecords, FullMemoryIsThrottling) {
  static_cast<store::ModelStore&>(*service_.store).SetRefusal({.full = true});
  EXPECT_EQ(CodeOne(Record("1")), "429 ThrottlingException");
  static_cast<store::ModelStore&>(*service_.store).SetRefusal({.full = false});
  EXPECT_EQ(CodeOne(Record("1")), "200 ");
}

TEST_F(WriteRecords, WrongJsonTypesNameTheMember) {
  EXPECT_EQ(MessageOne(R"({"MeasureName":5})"), "records.1.member.measureName must be a string");
  EXPECT_EQ(CodeOne("7"), "400 SerializationException");
  EXPECT_EQ(Code(Body(R"({"a":1})")), "400 SerializationException");
  EXPECT_EQ(Code(std::string(5 << 20, ' ')), "400 ValidationException");
  // A repeated member: the last one counts; null is absent.
  EXPECT_EQ(CodeOne(Record("1", R"(,"MeasureValue":"2","Version":null,"Extra":[{}])")), "200 ");
  EXPECT_THAT(Stored(), ElementsAre("cpu 1767268800000 1 2."));
}

}  // namespace
}  // namespace tidemark::timestream
