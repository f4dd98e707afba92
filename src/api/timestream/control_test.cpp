// SPDX-License-Identifier: Apache-2.0
// Transport, databases and tables. Names begin with the row of the conformance checklist
// (timestream-api.md section 8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"

namespace tidemark::timestream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

const JsonValue& At(const JsonValue& value, std::string_view name) {
  static const JsonValue kNothing;
  const JsonValue* found = value.Find(name);
  EXPECT_NE(found, nullptr) << name;
  return found == nullptr ? kNothing : *found;
}

TEST(Transport, Row1_ListDatabasesAnswersJsonWithRequestId) {
  TestService service;
  const http::Response response = service.Call("ListDatabases", "{}");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Find("content-type"), "application/x-amz-json-1.0");
  EXPECT_THAT(std::string(response.headers.Find("x-amzn-requestid").value_or("")),
              MatchesRegex("[A-Z2-7]{26}"));
  EXPECT_EQ(response.body, R"({"Databases":[]})");
}

TEST(Transport, Row2_UnknownOperation) {
  TestService service;
  EXPECT_EQ(service.Code("Nope", "{}"), "404 UnknownOperationException");
  EXPECT_EQ(service.Code("", "{}"), "404 UnknownOperationException");  // row 3
  EXPECT_EQ(service.Code("CreateScheduledQuery", "{}"), "400 ValidationException");
}

TEST(Transport, Row5_BodyThatIsNoJsonObject) {
  TestService service;
  for (const std::string operation : {"ListDatabases", "WriteRecords", "Query", "CancelQuery"}) {
    EXPECT_EQ(service.Code(operation, "not json"), "400 SerializationException") << operation;
    EXPECT_EQ(service.Code(operation, "[]"), "400 SerializationException") << operation;
  }
  EXPECT_EQ(service.Code("DescribeDatabase", R"({"DatabaseName":7})"),
            "400 SerializationException");
}

TEST(Transport, Row6And7_UnknownMembersAndNullsAreIgnored) {
  TestService service;
  EXPECT_EQ(service.Code("ListDatabases", R"({"Surprise":{"a":[1]},"MaxResults":null})"), "200 ");
}

TEST(Transport, Row14To16_EndpointsFitTheSdk) {
  TestService service;
  const auto address = [&](std::string agent) {
    const http::Response response = service.Call(
        "DescribeEndpoints", "{}", {{"Host", "127.0.0.1:4580"}, {"User-Agent", std::move(agent)}});
    const JsonValue body = ParseJson(response.body).value();
    EXPECT_EQ(At(At(body, "Endpoints").array()[0], "CachePeriodInMinutes").int_value(), 1440);
    return At(At(body, "Endpoints").array()[0], "Address").string_value();
  };
  EXPECT_EQ(address("Boto3/1.26.27 Python/3.11.2 Linux/6.1 Botocore/1.29.27"),
            "http://127.0.0.1:4580");
  EXPECT_EQ(address("aws-cli/2.9.19 Python/3.11 botocore/2.0"), "http://127.0.0.1:4580");
  EXPECT_EQ(address("aws-sdk-js/3.1138.0"), "127.0.0.1");
  EXPECT_EQ(address("aws-sdk-go-v2/1.30"), "127.0.0.1:4580");
  EXPECT_EQ(AdvertisedEndpoint({.headers = {{"Host", "[::1]:99"}, {"User-Agent", "aws-sdk-java"}}}),
            "[::1]");
  EXPECT_EQ(AdvertisedEndpoint({}), "127.0.0.1:4580");
}

TEST(Transport, Row17_ErrorsHaveTypeAndBothMessages) {
  TestService service;
  const http::Response response = service.Call("DescribeDatabase", R"({"DatabaseName":"none"})");
  EXPECT_EQ(response.body,
            R"({"__type":"com.amazonaws.timestream.v20181101#ResourceNotFoundException",)"
            R"("Message":"The database none does not exist.",)"
            R"("message":"The database none does not exist."})");
  EXPECT_EQ(service.Code("Nope", "{}"), "404 UnknownOperationException");
}

TEST(Databases, Row21To26_Life) {
  TestService service;
  const JsonValue made = service.Ok("CreateDatabase", R"({"DatabaseName":"d2.x"})");
  const JsonValue& database = At(made, "Database");
  EXPECT_EQ(At(database, "Arn").string_value(),
            "arn:aws:timestream:us-east-1:000000000000:database/d2.x");
  EXPECT_EQ(At(database, "TableCount").int_value(), 0);
  EXPECT_EQ(At(database, "CreationTime").double_value(), 1767268800.0);  // row 19
  EXPECT_EQ(service.Code("CreateDatabase", R"({"DatabaseName":"d2.x"})"), "409 ConflictException");
  EXPECT_EQ(service.Code("CreateDatabase", R"({"DatabaseName":"bad name!"})"),
            "400 ValidationException");
  EXPECT_EQ(service.Code("CreateDatabase", R"({"DatabaseName":"ab"})"), "400 ValidationException");
  EXPECT_EQ(service.Code("CreateDatabase", "{}"), "400 ValidationException");
  EXPECT_EQ(service.Code("DescribeDatabase", R"({"DatabaseName":"none"})"),
            "404 ResourceNotFoundException");

  service.Ok("CreateTable", R"({"DatabaseName":"d2.x","TableName":"ttt"})");
  EXPECT_EQ(
      At(At(service.Ok("DescribeDatabase", R"({"DatabaseName":"d2.x"})"), "Database"), "TableCount")
          .int_value(),
      1);
  EXPECT_EQ(service.Code("DeleteDatabase", R"({"DatabaseName":"d2.x"})"),
            "400 ValidationException");
  EXPECT_EQ(service.Call("DeleteTable", R"({"DatabaseName":"d2.x","TableName":"ttt"})").body, "{}");
  EXPECT_EQ(service.Call("DeleteDatabase", R"({"DatabaseName":"d2.x"})").body, "{}");
  EXPECT_EQ(service.Code("DeleteDatabase", R"({"DatabaseName":"d2.x"})"),
            "404 ResourceNotFoundException");
}

TEST(Databases, UpdateKeepsTheKey) {
  TestService service;
  service.Ok("CreateDatabase", R"({"DatabaseName":"plant"})");
  service.clock.Advance(seconds(5));
  const JsonValue changed =
      service.Ok("UpdateDatabase", R"({"DatabaseName":"plant","KmsKeyId":"alias/other"})");
  EXPECT_EQ(At(At(changed, "Database"), "KmsKeyId").string_value(), "alias/other");
  EXPECT_EQ(At(At(changed, "Database"), "LastUpdatedTime").double_value(), 1767268805.0);
  EXPECT_EQ(service.Code("UpdateDatabase", R"({"DatabaseName":"plant"})"),
            "400 ValidationException");
}

TEST(Tables, Row27To32_Create) {
  TestService service;
  EXPECT_EQ(service.Code("CreateTable", R"({"DatabaseName":"none","TableName":"ttt"})"),
            "404 ResourceNotFoundException");
  service.Ok("CreateDatabase", R"({"DatabaseName":"plant"})");
  const http::Response made =
      service.Call("CreateTable", R"({"DatabaseName":"plant","TableName":"ttt"})");
  EXPECT_EQ(
      made.body,
      R"({"Table":{"Arn":"arn:aws:timestream:us-east-1:000000000000:database/plant/table/ttt",)"
      R"("CreationTime":1767268800.000,"DatabaseName":"plant","LastUpdatedTime":1767268800.000,)"
      R"("MagneticStoreWriteProperties":{"EnableMagneticStoreWrites":false},)"
      R"("RetentionProperties":{"MagneticStoreRetentionPeriodInDays":73000,)"
      R"("MemoryStoreRetentionPeriodInHours":6},"Schema":{"CompositePartitionKey":)"
      R"([{"Type":"MEASURE"}]},"TableName":"ttt","TableStatus":"ACTIVE"}})");
  EXPECT_EQ(service.Code("CreateTable", R"({"DatabaseName":"plant","TableName":"ttt"})"),
            "409 ConflictException");
  service.Ok("CreateDatabase", R"({"DatabaseName":"other"})");
  EXPECT_EQ(service.Code("CreateTable", R"({"DatabaseName":"other","TableName":"ttt"})"), "200 ");

  const auto with_retention = [&](std::string name, std::string retention) {
    return service.Code("CreateTable", R"({"DatabaseName":"plant","TableName":")" + name +
                                           R"(","RetentionProperties":{)" + retention + "}}");
  };
  const std::string memory = R"("MemoryStoreRetentionPeriodInHours":)";
  const std::string magnetic = R"("MagneticStoreRetentionPeriodInDays":)";
  EXPECT_EQ(with_retention("t29", memory + "24"), "400 ValidationException");
  for (const std::string& bad :
       {memory + "0," + magnetic + "1", memory + "8767," + magnetic + "1",
        memory + "1," + magnetic + "0", memory + "1," + magnetic + "73001"}) {
    EXPECT_EQ(with_retention("t30", bad), "400 ValidationException") << bad;
  }
  EXPECT_EQ(with_retention("t30", memory + "8766," + magnetic + "73000"), "200 ");
}

TEST(Tables, Row33_UpdateChangesOnlyWhatIsGiven) {
  TestService service;
  service.MakeTable(
      R"(,"Schema":{"CompositePartitionKey":[{"Type":"DIMENSION","Name":"host",)"
      R"("EnforcementInRecord":"OPTIONAL"}]},)"
      R"("MagneticStoreWriteProperties":{"EnableMagneticStoreWrites":true,)"
      R"("MagneticStoreRejectedDataLocation":{"S3Configuration":{"BucketName":"bbb"}}})");
  const JsonValue retention = service.Ok(
      "UpdateTable", R"({"DatabaseName":"dddd","TableName":"tttt","RetentionProperties":)"
                     R"({"MemoryStoreRetentionPeriodInHours":7,)"
                     R"("MagneticStoreRetentionPeriodInDays":8}})");
  const JsonValue& table = At(retention, "Table");
  EXPECT_EQ(At(At(table, "RetentionProperties"), "MemoryStoreRetentionPeriodInHours").int_value(),
            7);
  EXPECT_TRUE(
      At(At(table, "MagneticStoreWriteProperties"), "EnableMagneticStoreWrites").bool_value());
  EXPECT_NE(At(table, "MagneticStoreWriteProperties").Find("MagneticStoreRejectedDataLocation"),
            nullptr);
  EXPECT_EQ(At(At(At(table, "Schema"), "CompositePartitionKey").array()[0], "Name").string_value(),
            "host");

  // Row 34.
  const auto schema = [&](std::string name, std::string enforced) {
    return service.Code("UpdateTable", R"({"DatabaseName":"dddd","TableName":"tttt","Schema":)"
                                       R"({"CompositePartitionKey":[{"Type":"DIMENSION","Name":")" +
                                           name + R"(","EnforcementInRecord":")" + enforced +
                                           R"("}]}})");
  };
  EXPECT_EQ(schema("other", "OPTIONAL"), "400 ValidationException");
  EXPECT_EQ(schema("host", "SOMETIMES"), "400 ValidationException");
  EXPECT_EQ(schema("host", "REQUIRED"), "200 ");
  const JsonValue described =
      service.Ok("DescribeTable", R"({"DatabaseName":"dddd","TableName":"tttt"})");
  EXPECT_EQ(
      At(At(At(described, "Table"), "RetentionProperties"), "MemoryStoreRetentionPeriodInHours")
          .int_value(),
      7);
  EXPECT_EQ(service.Code("UpdateTable", R"({"DatabaseName":"dddd","TableName":"none"})"),
            "404 ResourceNotFoundException");
}

TEST(Tables, Row35To37_Lists) {
  TestService service;
  for (const std::string name : {"aaa", "bbb", "ccc"}) {
    service.Ok("CreateDatabase", R"({"DatabaseName":")" + name + R"("})");
    service.Ok("CreateTable", R"({"DatabaseName":")" + name + R"(","TableName":"ttt"})");
  }
  EXPECT_EQ(At(service.Ok("ListTables", "{}"), "Tables").array().size(), 3);
  EXPECT_EQ(At(service.Ok("ListTables", R"({"DatabaseName":"bbb"})"), "Tables").array().size(), 1);
  EXPECT_EQ(service.Code("ListTables", R"({"DatabaseName":"none"})"),
            "404 ResourceNotFoundException");
  for (const std::string bad : {"21", "0"}) {
    EXPECT_EQ(service.Code("ListDatabases", R"({"MaxResults":)" + bad + "}"),
              "400 ValidationException");
  }
  for (const std::string list : {"Databases", "Tables"}) {
    std::vector<std::string> seen;
    std::string token;
    do {
      const JsonValue page = service.Ok("List" + list, R"({"MaxResults":1)" + token + "}");
      ASSERT_EQ(At(page, list).array().size(), 1);
      seen.push_back(At(At(page, list).array()[0], "DatabaseName").string_value());
      const JsonValue* next = page.Find("NextToken");
      token = next == nullptr ? "" : R"(,"NextToken":")" + next->string_value() + R"(")";
    } while (!token.empty() && seen.size() < 9);
    EXPECT_THAT(seen, ElementsAre("aaa", "bbb", "ccc"));
  }
  EXPECT_EQ(service.Code("ListDatabases", R"({"NextToken":"bad"})"), "400 ValidationException");
}

TEST(Tables, DeleteNamesTheUser) {
  TestService service;
  service.MakeTable();
  catalog::PipelineDef pipeline;
  pipeline.name = "ec2";
  pipeline.database = "dddd";
  pipeline.table = "tttt";
  pipeline.stream = "ssss";
  const auto made = service.catalog->CreatePipeline(pipeline);
  ASSERT_TRUE(made.ok());
  const http::Response refused =
      service.Call("DeleteTable", R"({"DatabaseName":"dddd","TableName":"tttt"})");
  EXPECT_EQ(TestService::CodeOf(refused), "400 ValidationException");
  EXPECT_THAT(TestService::MessageOf(refused), HasSubstr("pipeline ec2"));
  ASSERT_TRUE(service.catalog->DeletePipeline(made->id).ok());

  catalog::ViewDef view;
  view.name = "five";
  view.database = "dddd";
  view.table = "other";
  view.target_table = "tttt";
  const auto made_view = service.catalog->CreateView(view);
  ASSERT_TRUE(made_view.ok());
  EXPECT_THAT(TestService::MessageOf(
                  service.Call("DeleteTable", R"({"DatabaseName":"dddd","TableName":"tttt"})")),
              HasSubstr("view five"));
  EXPECT_EQ(service.names->FindView("five")->owner.view, made_view->id);
  EXPECT_EQ(service.names->FindView("none"), std::nullopt);
}

TEST(Tables, RetentionChangesAreTold) {
  TestService service;
  service.MakeTable();
  std::vector<int64_t> told;
  const uint64_t id = service.tables->SubscribeRetention([&](const store::TableSettings& settings) {
    told.push_back(settings.memory_retention.count());
  });
  const std::string retention =
      R"({"DatabaseName":"dddd","TableName":"tttt","RetentionProperties":)"
      R"({"MemoryStoreRetentionPeriodInHours":7,"MagneticStoreRetentionPeriodInDays":8}})";
  service.Ok("UpdateTable", retention);
  service.Ok("UpdateTable", retention);  // nothing changes
  service.tables->UnsubscribeRetention(id);
  EXPECT_THAT(told, ElementsAre(7));
}

TEST(Tags, Row38_Life) {
  TestService service;
  service.MakeTable();
  const std::string arn =
      R"({"ResourceARN":"arn:aws:timestream:us-east-1:000000000000:database/dddd/table/tttt")";
  service.Ok("TagResource", arn + R"(,"Tags":[{"Key":"env","Value":"dev"}]})");
  service.Ok("TagResource", arn + R"(,"Tags":[{"Key":"env","Value":"prod"}]})");
  EXPECT_EQ(service.Call("ListTagsForResource", arn + "}").body,
            R"({"Tags":[{"Key":"env","Value":"prod"}]})");
  service.Ok("UntagResource", arn + R"(,"TagKeys":["env","none"]})");
  EXPECT_EQ(service.Call("ListTagsForResource", arn + "}").body, R"({"Tags":[]})");
  EXPECT_EQ(service.Code("ListTagsForResource",
                         R"({"ResourceARN":"arn:aws:timestream:x:y:database/none"})"),
            "404 ResourceNotFoundException");
}

}  // namespace
}  // namespace tidemark::timestream
