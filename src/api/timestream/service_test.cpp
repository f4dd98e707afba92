// SPDX-License-Identifier: Apache-2.0
// The service over the real engine and both stores: what a client writes and reads back, the
// version table of timestream-api.md 4.6, and answers of the Query rows of its section 8.
#include "api/timestream/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"
#include "base/sim/sim_file_system.h"
#include "store/embedded_store.h"

namespace tidemark::timestream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

using Cells = std::vector<std::vector<std::string>>;

enum class StoreKind { kModel, kEmbedded };

// A service whose store survives a restart (the embedded one, on a simulated disk).
class Host {
 public:
  explicit Host(StoreKind kind, uint64_t memory_bytes_max = 256_MiB)
      : kind_(kind), memory_bytes_max_(memory_bytes_max) {
    Open();
  }
  void Open() {
    TestService::Parts parts{};
    if (kind_ == StoreKind::kEmbedded) {
      parts.store = [this](TestService& test) -> std::unique_ptr<store::Store> {
        store::EmbeddedStoreOptions options;
        options.dir = "data";
        options.memory_bytes_max = memory_bytes_max_;
        auto opened =
            store::EmbeddedStore::Open(options, fs_, test.clock, test.executor, test.metrics);
        EXPECT_TRUE(opened.ok());
        return std::move(opened).value();
      };
    }
    parts.engine = [](TestService& test) {
      return sql::Engine::Open({}, *test.store, *test.names, test.clock, test.metrics).value();
    };
    test_ = std::make_unique<TestService>(std::move(parts));
    test_->MakeTable();  // the same id after a restart: ids count up
  }
  void Restart() {
    test_.reset();
    Open();
  }
  TestService& operator*() { return *test_; }
  TestService* operator->() { return test_.get(); }

  /// Cells as text, "-" for NULL; the error code and message as the only cell.
  Cells Select(std::string_view sql) {
    JsonWriter body;
    body.BeginObject().Key("QueryString").String(sql).EndObject();
    const http::Response response = test_->Call("Query", body.text());
    if (response.status != 200) {
      return {{TestService::CodeOf(response) + ": " + TestService::MessageOf(response)}};
    }
    const JsonValue answer = ParseJson(response.body).value();
    Cells out;
    for (const JsonValue& row : answer.Find("Rows")->array()) {
      auto& cells = out.emplace_back();
      for (const JsonValue& datum : row.Find("Data")->array()) {
        const JsonValue* scalar = datum.Find("ScalarValue");
        cells.push_back(scalar == nullptr ? "-" : scalar->string_value());
      }
    }
    return out;
  }
  /// Names of the result's columns.
  std::vector<std::string> Columns(std::string_view sql) {
    JsonWriter body;
    body.BeginObject().Key("QueryString").String(sql).EndObject();
    const JsonValue answer = test_->Ok("Query", body.text());
    std::vector<std::string> out;
    if (const JsonValue* columns = answer.Find("ColumnInfo")) {
      for (const JsonValue& column : columns->array()) {
        out.push_back(column.Find("Name")->string_value());
      }
    }
    return out;
  }
  http::Response Write(const std::string& records) {
    return test_->Call("WriteRecords",
                       R"({"DatabaseName":"dddd","TableName":"tttt","Records":[)" + records + "]}");
  }

 private:
  const StoreKind kind_;
  const uint64_t memory_bytes_max_;
  sim::SimFileSystem fs_{3};
  std::unique_ptr<TestService> test_;
};

std::string Cpu(int value, int version) {
  return R"({"Dimensions":[{"Name":"host","Value":"a"}],"MeasureName":"cpu","MeasureValue":")" +
         std::to_string(value) + R"(","Time":"1767268800000","Version":)" +
         std::to_string(version) + "}";
}

class Stores : public testing::TestWithParam<StoreKind> {};
INSTANTIATE_TEST_SUITE_P(All, Stores, testing::Values(StoreKind::kModel, StoreKind::kEmbedded),
                         [](const auto& param_info) {
                           return param_info.param == StoreKind::kModel ? "Model" : "Embedded";
                         });

TEST_P(Stores, WritesAreReadBack) {
  Host host(GetParam());
  EXPECT_EQ(host.Write(R"({"Dimensions":[{"Name":"host","Value":"a"}],"MeasureName":"mm",)"
                       R"("MeasureValueType":"MULTI","Time":"1767268799","TimeUnit":"SECONDS",)"
                       R"("MeasureValues":[{"Name":"at","Value":"1700000000","Type":"TIMESTAMP"},)"
                       R"({"Name":"n","Value":"-7","Type":"BIGINT"}]},)" +
                       Cpu(35, 1))
                .status,
            200);
  const std::string table = "\"dddd\".\"tttt\"";
  // Row 51.
  EXPECT_EQ(host.Select("SELECT at, n, time FROM " + table + " WHERE measure_name = 'mm'"),
            (Cells{{"2023-11-14 22:13:20.000000000", "-7", "2026-01-01 11:59:59.000000000"}}));
  // Row 81: a null is a null, whatever its type.
  EXPECT_EQ(host.Select("SELECT host, measure_value::double, n FROM " + table +
                        " WHERE measure_name = 'cpu'"),
            (Cells{{"a", "35.0", "-"}}));
  EXPECT_EQ(host.Select("SELECT count(*) FROM " + table), (Cells{{"2"}}));
}

// timestream-api.md 4.6: stored version 5 and value 1, then each row of the table.
TEST_P(Stores, VersionTable) {
  struct Case {
    int version;
    int value;
    std::string answer;  // "200 ", or "existing: reason"
    std::string stored;  // value and version afterwards
  };
  const Case cases[] = {
      {6, 1, "200", "1.0"},
      {6, 2, "200", "2.0"},
      {5, 1, "200", "1.0"},
      {5, 2, "5: A record already exists with the same time", "1.0"},
      {4, 1, "200", "1.0"},
      {4, 2, "5: The record version 4 is lower than the existing version 5.", "1.0"},
  };
  enum class When { kSameBatch, kOtherBatch, kAfterRestart };
  for (const When when : {When::kSameBatch, When::kOtherBatch, When::kAfterRestart}) {
    if (when == When::kAfterRestart && GetParam() == StoreKind::kModel) continue;
    for (const Case& c : cases) {
      SCOPED_TRACE(testing::Message() << "when " << static_cast<int>(when) << " version "
                                      << c.version << " value " << c.value);
      Host host(GetParam());
      http::Response response;
      if (when == When::kSameBatch) {
        response = host.Write(Cpu(1, 5) + "," + Cpu(c.value, c.version));
      } else {
        ASSERT_EQ(host.Write(Cpu(1, 5)).status, 200);
        if (when == When::kAfterRestart) host.Restart();
        response = host.Write(Cpu(c.value, c.version));
      }
      std::string answer = std::to_string(response.status);
      const JsonValue body = ParseJson(response.body).value();
      if (const JsonValue* rejected = body.Find("RejectedRecords")) {
        EXPECT_EQ(response.status, 419);
        ASSERT_EQ(rejected->array().size(), 1);
        const JsonValue& record = rejected->array()[0];
        EXPECT_EQ(record.Find("RecordIndex")->int_value(), when == When::kSameBatch ? 1 : 0);
        answer = std::to_string(record.Find("ExistingVersion")->int_value()) + ": " +
                 record.Find("Reason")->string_value();
      }
      EXPECT_THAT(answer, StartsWith(c.answer));
      EXPECT_EQ(host.Select("SELECT measure_value::double FROM \"dddd\".\"tttt\""),
                (Cells{{c.stored}}));
    }
  }
}

TEST(EmbeddedService, FullMemoryIsThrottlingAndKeepsWhatWasAccepted) {
  Host host(StoreKind::kEmbedded, 4_MiB);
  int accepted = 0;
  http::Response last;
  for (int i = 0; i < 20'000; ++i) {
    last = host.Write(R"({"Dimensions":[{"Name":"host","Value":"h)" + std::to_string(i) +
                      R"("}],"MeasureName":"m","MeasureValueType":"VARCHAR","MeasureValue":")" +
                      std::string(2'000, 'x') + R"(","Time":"1767268800000"})");
    if (last.status != 200) break;
    ++accepted;
  }
  EXPECT_EQ(TestService::CodeOf(last), "429 ThrottlingException");
  EXPECT_GT(accepted, 100);
  EXPECT_EQ(host.Select("SELECT count(*) FROM \"dddd\".\"tttt\""),
            (Cells{{std::to_string(accepted)}}));
}

TEST(EmbeddedService, DirectClockGoesIdleAcrossARestart) {
  Host host(StoreKind::kEmbedded);
  ASSERT_EQ(host.Write(Cpu(1, 1)).status, 200);
  const TableId table = host->tables->Find("dddd", "tttt")->def.id;
  const auto idle = [&] {
    for (const auto& progress : host->store->ProgressInto(table)) {
      if (progress.source.kind == store::SourceId::Kind::kDirect) {
        return progress.idle ? "idle" : "busy";
      }
    }
    return "none";
  };
  EXPECT_STREQ(idle(), "busy");
  host.Restart();
  EXPECT_STREQ(idle(), "busy");
  host->direct_clock->Stop();
  host->direct_clock->Start(std::vector<TableId>{table});
  host->clock.Advance(seconds(1));
  host->executor.RunUntilIdle();
  EXPECT_STREQ(idle(), "idle");
  host.Restart();
  EXPECT_STREQ(idle(), "idle");
}

TEST(RealEngine, Row76To80_ScalarTexts) {
  Host host(StoreKind::kModel);
  EXPECT_EQ(host.Columns("SELECT 1"), std::vector<std::string>{"_col0"});
  EXPECT_EQ(host.Select("SELECT 1"), (Cells{{"1"}}));
  EXPECT_EQ(host.Select("SELECT true, 1.0E10, 0.5, TIMESTAMP '2020-08-08 01:00:00', "
                        "DATE '2020-08-08', TIME '01:00:00'"),
            (Cells{{"true", "1.0E10", "0.5", "2020-08-08 01:00:00.000000000", "2020-08-08",
                    "01:00:00.000000000"}}));
  EXPECT_EQ(host.Select("SELECT interval '1' day + interval '21' hour, "
                        "interval '2' year + interval '7' month"),
            (Cells{{"1 21:00:00.000000000", "2-7"}}));
  EXPECT_EQ(host.Select("SELECT NULL"), (Cells{{"-"}}));
}

TEST(RealEngine, Row84_MetadataColumns) {
  Host host(StoreKind::kModel);
  ASSERT_EQ(host.Write(Cpu(1, 1)).status, 200);
  EXPECT_THAT(host.Columns("SHOW DATABASES"), ElementsAre("Database"));
  EXPECT_EQ(host.Select("SHOW TABLES FROM \"dddd\""), (Cells{{"tttt"}}));
  EXPECT_THAT(host.Columns("SHOW MEASURES FROM \"dddd\".\"tttt\""),
              ElementsAre("measure_name", "data_type", "dimensions"));
  EXPECT_THAT(host.Columns("DESCRIBE \"dddd\".\"tttt\""),
              ElementsAre("Column", "Type", "Timestream attribute type"));
}

TEST(RealEngine, Row85And86_ErrorsAreValidation) {
  Host host(StoreKind::kModel);
  const auto error = [&](std::string_view sql) { return host.Select(sql).at(0).at(0); };
  EXPECT_THAT(error("SELECT nix FROM \"dddd\".\"tttt\""),
              testing::AllOf(StartsWith("400 ValidationException: line 1:8"), HasSubstr("nix")));
  EXPECT_THAT(error("SELECT 1 FROM \"none\".\"tttt\""), StartsWith("400 ValidationException"));
  EXPECT_THAT(error("SELECT 1 FROM \"dddd\".\"none\""), StartsWith("400 ValidationException"));
  EXPECT_THAT(error("SELEC 1"), StartsWith("400 ValidationException: line 1:1"));
}

}  // namespace
}  // namespace tidemark::timestream
