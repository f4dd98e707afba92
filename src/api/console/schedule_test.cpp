// SPDX-License-Identifier: Apache-2.0
// Scheduled queries: web/API.md section 15. What the API refuses is its own tests'
// (timestream-api.md 5.5 to 5.12); here its calls are noted and its refusals are given.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Answer = TestConsole::Answer;

constexpr int64_t kHourNs = int64_t{3600} * 1'000'000'000;

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  if (value->is_string()) return value->string_value();
  JsonWriter out;
  out.Value(*value);
  return std::move(out).Take();
}

std::string Error(const Answer& answer, std::string_view member = "code") {
  const JsonValue* error = answer.body.Find("error");
  return error == nullptr ? answer.text : Text(*error, member);
}

constexpr std::string_view kTarget =
    R"({"database":"db","table":"t","time_column":"h","dimensions":["region"],)"
    R"("measure_name_column":null,"measures":[{"column":"n0","type":"double","name":"avg_cpu"}],)"
    R"("multi_measure_name":"agg"})";

std::string Body(std::string_view target = kTarget, std::string_view more = "",
                 std::string_view name = "hourly") {
  return R"({"name":")" + std::string(name) +
         R"x(","sql":"SELECT h","schedule":"rate(1 hour)","target":)x" + std::string(target) +
         std::string(more) + "}";
}

constexpr const char* kPath = "/api/v1/scheduled-queries";
constexpr const char* kHourly = "/api/v1/scheduled-queries/hourly";

TEST(ScheduledQueries, AreCreatedWithTheCallOfTheApi) {
  TestConsole t;
  const auto made = t.Post(kPath, Body(kTarget, R"(,"report":{"bucket":"bad","prefix":"p"})"));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_THAT(t.schedules->input, HasSubstr(R"x("QueryString":"SELECT h","ScheduleConfiguration":)x"
                                            R"x({"ScheduleExpression":"rate(1 hour)"})x"));
  EXPECT_THAT(
      t.schedules->input,
      HasSubstr(
          R"("TargetConfiguration":{"TimestreamConfiguration":{"DatabaseName":"db",)"
          R"("TableName":"t","TimeColumn":"h","DimensionMappings":[{"Name":"region",)"
          R"("DimensionValueType":"VARCHAR"}],"MultiMeasureMappings":{"TargetMultiMeasureName":"agg",)"
          R"("MultiMeasureAttributeMappings":[{"SourceColumn":"n0","MeasureValueType":"DOUBLE",)"
          R"("TargetMultiMeasureAttributeName":"avg_cpu"}]}}})"));
  EXPECT_THAT(t.schedules->input,
              HasSubstr(R"("S3Configuration":{"BucketName":"bad","ObjectKeyPrefix":"p"})"));

  EXPECT_EQ(Text(made.body, "arn"), "arn:hourly");
  EXPECT_EQ(Text(made.body, "enabled"), "true");
  EXPECT_EQ(Text(made.body, "target"), kTarget);
  EXPECT_EQ(Text(made.body, "report"), R"({"bucket":"bad","prefix":"p"})");
  EXPECT_EQ(Text(made.body, "previous_run"), "null");
  EXPECT_EQ(Text(made.body, "last"), "null");
  EXPECT_EQ(Text(made.body, "runs"), "[]");
  const int64_t created = t.logs.clock.Now().AsEventTime().ns;
  EXPECT_EQ(Text(made.body, "created"), std::to_string(created));
  EXPECT_EQ(Text(made.body, "next_run"), std::to_string(created + kHourNs));
  EXPECT_EQ(t.Get(kHourly).text, made.text);
  EXPECT_EQ(Error(t.Post(kPath, Body())), "conflict");
}

TEST(ScheduledQueries, TargetsKeepTheFormTheyWereGiven) {
  TestConsole t;
  const std::string single =
      R"({"database":"db","table":"t","time_column":"h","dimensions":["a","b"],)"
      R"("measure_name_column":"m","measures":[{"column":"v","type":"bigint","name":"n"},)"
      R"({"column":"w","type":"boolean","name":"o"}],"multi_measure_name":null})";
  EXPECT_EQ(Text(t.Post(kPath, Body(single, "", "single")).body, "target"), single);
  EXPECT_THAT(
      t.schedules->input,
      HasSubstr(R"("MixedMeasureMappings":[{"SourceColumn":"v","MeasureValueType":"BIGINT",)"
                R"("TargetMeasureName":"n"},)"));
  const auto none = t.Post(kPath, Body("null", "", "none"));
  EXPECT_EQ(Text(none.body, "target"), "null");
  EXPECT_EQ(Text(none.body, "report"), R"({"bucket":"errors","prefix":""})");
  EXPECT_EQ(t.schedules->input.find("TargetConfiguration"), std::string::npos);

  // Of an AWS call: rows of one name only.
  catalog::ScheduledQueryDef def;
  def.name = "aws";
  def.properties_json =
      R"({"TargetConfiguration":{"TimestreamConfiguration":{"DatabaseName":"db","TableName":"t",)"
      R"("MixedMeasureMappings":[{"MeasureName":"x","SourceColumn":"v",)"
      R"("MeasureValueType":"DOUBLE"}]}}})";
  ASSERT_TRUE(t.logs.catalog->CreateScheduledQuery(def).ok());
  const auto aws = t.Get("/api/v1/scheduled-queries/aws");
  EXPECT_EQ(Text(*aws.body.Find("target"), "table"), "t");
  EXPECT_EQ(Text(*aws.body.Find("target"), "measures"), "null");
}

TEST(ScheduledQueries, BodiesAreCheckedAndRefusalsNameTheField) {
  TestConsole t;
  const auto field = [&](const std::string& body) { return Error(t.Post(kPath, body), "field"); };
  EXPECT_EQ(field(Body("7")), "target");
  EXPECT_EQ(field(Body(R"({"tabel":"t"})")), "target");
  EXPECT_EQ(field(Body(R"({"dimensions":"a"})")), "target");
  EXPECT_EQ(field(Body(R"({"measures":{}})")), "target");
  EXPECT_EQ(field(Body(R"({"measures":[{"as":"a"}]})")), "target");
  EXPECT_EQ(field(Body("null", R"(,"report":"b")")), "report");
  EXPECT_EQ(Error(t.Post(kPath, Body("null", R"(,"kms":"b")"))), "invalid_request");
  EXPECT_TRUE(t.logs.catalog->ListScheduledQueries().empty());

  const auto refused = [&](std::string member, std::string message) {
    t.schedules->refusal = {{Code::kInvalidArgument, std::move(message)}, std::move(member)};
    return t.Post(kPath, Body());
  };
  EXPECT_EQ(Error(refused("name", "m"), "field"), "name");
  EXPECT_EQ(Error(refused("scheduleConfiguration", "m"), "field"), "schedule");
  EXPECT_EQ(Error(refused("targetConfiguration", "No table t."), "field"), "target");
  EXPECT_EQ(Error(refused("targetConfiguration", "No table t."), "message"), "No table t.");
  EXPECT_EQ(Error(refused("errorReportConfiguration", "m"), "field"), "report");
  EXPECT_EQ(Error(refused("", "m"), "field"), "null");
  const auto sql = refused("queryString", "line 2:8: Column 'a' does not exist; did you mean 'b'?");
  EXPECT_EQ(sql.status, 400);
  EXPECT_EQ(Error(sql), "invalid_sql");
  EXPECT_EQ(Error(sql, "field"), "sql");
  EXPECT_EQ(Error(sql, "line") + ":" + Error(sql, "column"), "2:8");
  EXPECT_EQ(Error(sql, "hint"), "did you mean 'b'?");
  t.schedules->refusal = {{Code::kResourceExhausted, "Too many runs wait."}, ""};
  EXPECT_EQ(t.Post(kPath, Body()).status, 429);
}

TEST(ScheduledQueries, RunsAreAskedForAndTold) {
  TestConsole t;
  ASSERT_EQ(t.Post(kPath, Body()).status, 201);
  const int64_t now = t.logs.clock.Now().AsEventTime().ns;
  const std::string run = std::string(kHourly) + ":run";
  EXPECT_EQ(t.Post(run, "{}").status, 202);
  const auto second = t.Post(run, R"({"at":"1767268800123456789"})");
  ASSERT_EQ(second.status, 202) << second.text;
  EXPECT_THAT(t.schedules->input, HasSubstr(R"("InvocationTime":1767268800.123)"));
  const auto& runs = second.body.Find("runs")->array();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(Text(runs[0], "invocation"), "1767268800123000000");
  EXPECT_EQ(Text(runs[0], "started"), std::to_string(now));
  EXPECT_EQ(Text(runs[0], "failure"), "2 rows were not written.");
  EXPECT_EQ(Text(runs[0], "report"), "s3://errors/hourly/1.json");
  EXPECT_EQ(Text(runs[1], "invocation"), std::to_string(now));
  EXPECT_THAT(Text(second.body, "runs"), StartsWith("[" + Text(second.body, "last")));
  JsonWriter first;
  first.Value(runs[1]);
  EXPECT_THAT(first.text(),
              HasSubstr(R"("manual":true,"succeeded":true,"execution_ms":"42",)"
                        R"("rows":"60","records":"58","failure":null,"report":null)"));
  EXPECT_EQ(Text(second.body, "previous_run"), "1767268800123000000");
  for (const char* at : {R"({"at":1})", R"({"at":"-1"})", R"({"at":"now"})"}) {
    EXPECT_EQ(Error(t.Post(run, at), "field"), "at") << at;
  }
}

TEST(ScheduledQueries, AreDisabledListedAndRemoved) {
  TestConsole t;
  for (const char* name : {"b", "a", "hourly"}) {
    ASSERT_EQ(t.Post(kPath, Body(kTarget, "", name)).status, 201);
  }
  const auto off = t.Call("PATCH", kHourly, R"({"enabled":false})", {});
  ASSERT_EQ(off.status, 200) << off.text;
  EXPECT_EQ(Text(off.body, "enabled"), "false");
  EXPECT_EQ(Text(off.body, "next_run"), "null");
  EXPECT_EQ(Text(t.Call("PATCH", kHourly, R"({"enabled":true})", {}).body, "enabled"), "true");
  EXPECT_EQ(Error(t.Call("PATCH", kHourly, R"({"enabled":"no"})", {}), "field"), "enabled");
  EXPECT_EQ(t.Call("PATCH", kHourly, R"({"sql":"SELECT 2"})", {}).status, 400);

  const auto list = t.Get("/api/v1/scheduled-queries?limit=1000&sort=name");
  std::vector<std::string> names;
  for (const JsonValue& item : list.body.Find("items")->array()) {
    names.push_back(Text(item, "name"));
    EXPECT_EQ(item.Find("runs"), nullptr);
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "hourly"));
  EXPECT_EQ(t.Get("/api/v1/scheduled-queries?sort=sql").status, 400);

  EXPECT_EQ(t.Delete(kHourly).status, 204);
  EXPECT_EQ(Error(t.Get(kHourly)), "scheduled_query_not_found");
  EXPECT_EQ(t.Delete(kHourly).status, 404);
  EXPECT_EQ(t.Post(std::string(kHourly) + ":run", "{}").status, 404);
  EXPECT_EQ(t.Call("PATCH", kHourly, R"({"enabled":true})", {}).status, 404);
  EXPECT_EQ(t.Call("PUT", kHourly, "{}", {}).status, 405);
}

TEST(ScheduledQueries, SchedulesAreCheckedWithoutAChange) {
  TestConsole t;
  const std::string check = std::string(kPath) + ":check";
  const auto next = t.Post(check, R"x({"schedule":"rate(1 hour)"})x");
  ASSERT_EQ(next.status, 200) << next.text;
  const auto& times = next.body.Find("next")->array();
  ASSERT_EQ(times.size(), 5U);
  const int64_t now = t.logs.clock.Now().AsEventTime().ns;
  EXPECT_EQ(times[4].string_value(), std::to_string(now + 5 * kHourNs));
  EXPECT_EQ(Text(t.Post(check, R"({"schedule":"never"})").body, "next"), "[]");
  const auto wrong = t.Post(check, R"({"schedule":"wrong"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(Error(wrong), "invalid_request");
  EXPECT_EQ(Error(wrong, "field"), "schedule");
  EXPECT_EQ(Error(wrong, "message"), "cron() takes six fields.");
  EXPECT_EQ(Error(t.Post(check, "{}"), "field"), "schedule");
  EXPECT_TRUE(t.logs.catalog->ListScheduledQueries().empty());
}

}  // namespace
}  // namespace tidemark::console
