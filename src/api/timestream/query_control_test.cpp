// SPDX-License-Identifier: Apache-2.0
// PrepareQuery and account settings: rows of the conformance checklist (timestream-api.md 8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"

namespace tidemark::timestream {
namespace {

using sql::TypeKind;

TEST(QueryControl, Row100_PrepareQuery) {
  TestService service;
  sql::Description& described = service.fake_engine->description;
  described.columns = {{"r", TypeKind::kDouble}, {"_col1", sql::Type::Array(TypeKind::kBigint)}};
  described.origins = {{"plant", "m", true}, {}};
  described.parameters = {{"from", TypeKind::kTimestamp}};
  const http::Response response =
      service.Call("PrepareQuery", R"({"QueryString":"SELECT \"x\"","ValidateOnly":true})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"Columns":[{"Aliased":true,"DatabaseName":"plant","Name":"r","TableName":"m",)"
            R"("Type":{"ScalarType":"DOUBLE"}},{"Aliased":false,"Name":"_col1","Type":)"
            R"({"ArrayColumnInfo":{"Type":{"ScalarType":"BIGINT"}}}}],"Parameters":[{"Name":)"
            R"("from","Type":{"ScalarType":"TIMESTAMP"}}],"QueryString":"SELECT \"x\""})");
  // Absent is true; false is not offered.
  EXPECT_EQ(service.Code("PrepareQuery", R"({"QueryString":"SELECT 1"})"), "200 ");
  EXPECT_EQ(service.Code("PrepareQuery", R"({"QueryString":"SELECT 1","ValidateOnly":false})"),
            "400 ValidationException");
  EXPECT_EQ(service.Code("PrepareQuery", "{}"), "400 ValidationException");
  described = {};
  EXPECT_EQ(service.Code("PrepareQuery", R"({"QueryString":"unknown"})"),
            "400 ValidationException");
}

TEST(QueryControl, Row113_AccountSettings) {
  TestService service;
  const auto body = [&](std::string_view operation, std::string_view input) {
    return service.Call(operation, std::string(input)).body;
  };
  EXPECT_EQ(body("DescribeAccountSettings", "{}"),
            R"({"MaxQueryTCU":200,"QueryCompute":{"ComputeMode":"ON_DEMAND"},)"
            R"("QueryPricingModel":"COMPUTE_UNITS"})");
  const auto code = [&](std::string_view input) {
    return service.Code("UpdateAccountSettings", std::string(input));
  };
  EXPECT_EQ(code(R"({"MaxQueryTCU":6})"), "400 ValidationException");
  EXPECT_EQ(code(R"({"MaxQueryTCU":0})"), "400 ValidationException");
  EXPECT_EQ(code(R"({"MaxQueryTCU":1004})"), "400 ValidationException");
  EXPECT_EQ(code(R"({"QueryPricingModel":"BYTES_SCANNED"})"), "400 ValidationException");
  EXPECT_EQ(code(R"({"QueryPricingModel":"FREE"})"), "400 ValidationException");
  EXPECT_EQ(code(R"({"QueryCompute":{"ComputeMode":"PROVISIONED"}})"), "400 ValidationException");
  EXPECT_EQ(code(R"({"QueryCompute":{"ProvisionedCapacity":{}}})"), "400 ValidationException");
  EXPECT_THAT(body("UpdateAccountSettings", R"({"MaxQueryTCU":8})"),
              testing::HasSubstr(R"("MaxQueryTCU":8)"));
  const std::string provisioned =
      R"({"MaxQueryTCU":8,"QueryCompute":{"ComputeMode":"PROVISIONED","ProvisionedCapacity":)"
      R"({"ActiveQueryTCU":16,"LastUpdate":{"Status":"SUCCEEDED","TargetQueryTCU":16},)"
      R"("NotificationConfiguration":{"RoleArn":"r"}}},"QueryPricingModel":"COMPUTE_UNITS"})";
  EXPECT_EQ(body("UpdateAccountSettings",
                 R"({"QueryCompute":{"ComputeMode":"PROVISIONED","ProvisionedCapacity":)"
                 R"({"TargetQueryTCU":16,"NotificationConfiguration":{"RoleArn":"r"}}}})"),
            provisioned);
  EXPECT_EQ(body("DescribeAccountSettings", "{}"), provisioned);
}

}  // namespace
}  // namespace tidemark::timestream
