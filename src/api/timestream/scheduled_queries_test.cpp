// SPDX-License-Identifier: Apache-2.0
// Scheduled queries over a scripted engine and the store's model; rows of the conformance checklist
// (timestream-api.md section 8). Time is the simulated clock's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"

namespace tidemark::timestream {
namespace {

using sql::TypeKind;
using sql::Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kNowNs = kTestNowMs * 1'000'000;

Value Time(int64_t seconds_before_now) { return {kNowNs - seconds_before_now * 1'000'000'000}; }
Value Text(std::string v) { return {std::move(v)}; }
Value Double(double v) { return {v}; }

constexpr std::string_view kMulti =
    R"("MultiMeasureMappings":{"TargetMultiMeasureName":"agg","MultiMeasureAttributeMappings":)"
    R"([{"SourceColumn":"a","MeasureValueType":"DOUBLE"},)"
    R"({"SourceColumn":"n","MeasureValueType":"BIGINT","TargetMultiMeasureAttributeName":"count"}]})";

class Scheduled : public testing::Test {
 protected:
  Scheduled() {
    service_.MakeTable();
    Set({{Time(60), Text("l1"), Double(1.5), {int64_t{3}}, Text("speed")}});
  }

  // The statement "SELECT h": columns h, line, a, n, m.
  void Set(std::vector<std::vector<Value>> rows) {
    FakeStatement statement;
    statement.columns = {{"h", TypeKind::kTimestamp},
                         {"line", TypeKind::kVarchar},
                         {"a", TypeKind::kDouble},
                         {"n", TypeKind::kBigint},
                         {"m", TypeKind::kVarchar}};
    statement.rows = std::move(rows);
    service_.fake_engine->Set("SELECT h", std::move(statement));
  }

  static std::string Body(std::string_view mappings = kMulti, std::string_view more = "",
                          std::string_view schedule = "rate(1 hour)",
                          std::string_view name = "hourly") {
    return R"({"Name":")" + std::string(name) +
           R"(","QueryString":"SELECT h","ScheduleConfiguration":{"ScheduleExpression":")" +
           std::string(schedule) +
           R"("},"NotificationConfiguration":{"SnsConfiguration":{"TopicArn":"arn:t"}},)"
           R"("ScheduledQueryExecutionRoleArn":"arn:r","ErrorReportConfiguration":{)"
           R"("S3Configuration":{"BucketName":"errors","ObjectKeyPrefix":"p/"}},)"
           R"("TargetConfiguration":{"TimestreamConfiguration":{"DatabaseName":"dddd",)"
           R"("TableName":"tttt","TimeColumn":"h","DimensionMappings":[{"Name":"line",)"
           R"("DimensionValueType":"VARCHAR"}],)" +
           std::string(mappings) + "}}" + std::string(more) + "}";
  }
  std::string Create(const std::string& body) {
    const JsonValue answer = service_.Ok("CreateScheduledQuery", body);
    return answer.Find("Arn") == nullptr ? "" : answer.Find("Arn")->string_value();
  }
  std::string Describe(const std::string& arn) {
    return service_.Call("DescribeScheduledQuery", R"({"ScheduledQueryArn":")" + arn + R"("})")
        .body;
  }
  std::string CodeOf(std::string_view operation, const std::string& body) {
    return service_.Code(operation, body);
  }
  void Execute(const std::string& arn, int64_t seconds = kTestNowMs / 1000) {
    EXPECT_EQ(CodeOf("ExecuteScheduledQuery", R"({"ScheduledQueryArn":")" + arn +
                                                  R"(","InvocationTime":)" +
                                                  std::to_string(seconds) + "}"),
              "200 ");
    service_.executor.RunUntilIdle();
  }
  void Advance(nanoseconds duration) {
    service_.clock.Advance(duration);
    service_.executor.RunUntilIdle();
  }

  // "measure{line=l1} time=value" of every stored point, with its version.
  std::vector<std::string> Stored() {
    std::vector<std::string> out;
    store::ScanRequest request;
    request.selection.table = service_.tables->Find("dddd", "tttt")->def.id;
    request.versions_wanted = true;
    auto cursor = service_.store->Scan(request);
    if (!cursor.ok()) return {cursor.error().message};
    store::SliceBuffer buffer;
    store::Slice slice;
    while ((*cursor)->Next(buffer, slice).value_or(false)) {
      for (size_t i = 0; i < slice.times.size(); ++i) {
        std::string line = slice.series->measure;
        for (const auto& d : slice.series->dimensions) line += " " + d.name + "=" + d.value;
        line += " " + std::to_string((slice.times[i].ns - kNowNs) / 1'000'000'000);
        for (const store::ColumnView& column : slice.columns) {
          if (!column.valid.empty() && column.valid[i] == 0) continue;
          line += " " + std::string(column.name) + "=";
          if (!column.doubles.empty()) line += std::to_string(column.doubles[i]).substr(0, 4);
          if (!column.bigints.empty()) line += std::to_string(column.bigints[i]);
        }
        line += " v+" + std::to_string((slice.versions[i] - kTestNowMs) / 1000);
        out.push_back(std::move(line));
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  TestService service_;
};

TEST_F(Scheduled, Row102_CreateAndDescribe) {
  const std::string arn =
      Create(Body(kMulti, R"(,"KmsKeyId":"k","Tags":[{"Key":"a","Value":"b"}])"));
  EXPECT_THAT(
      arn, testing::MatchesRegex("arn:aws:timestream:us-east-1:000000000000:scheduled-query/hourly-"
                                 "[0-9a-f]{12}"));
  const std::string described = Describe(arn);
  EXPECT_THAT(described, HasSubstr(R"("State":"ENABLED")"));
  EXPECT_THAT(described, HasSubstr(R"("CreationTime":1767268800,)"));
  EXPECT_THAT(described, HasSubstr(R"("NextInvocationTime":1767272400,)"));
  EXPECT_THAT(described, HasSubstr(R"("QueryString":"SELECT h")"));
  EXPECT_THAT(described,
              HasSubstr(R"x("ScheduleConfiguration":{"ScheduleExpression":"rate(1 hour)"})x"));
  EXPECT_THAT(described, HasSubstr(R"("KmsKeyId":"k")"));
  EXPECT_THAT(described, HasSubstr(R"("TargetMultiMeasureName":"agg")"));
  EXPECT_THAT(described, Not(HasSubstr("LastRunSummary")));
}

TEST_F(Scheduled, Row103_NamesAndClientTokens) {
  const std::string token = R"(,"ClientToken":"2e738936-810b-4a7e-8e2e-1555bec303ca")";
  const std::string arn = Create(Body(kMulti, token));
  EXPECT_EQ(Create(Body(kMulti, token)), arn);
  EXPECT_EQ(CodeOf("CreateScheduledQuery", Body()), "409 ConflictException");
  EXPECT_EQ(CodeOf("CreateScheduledQuery", Body(kMulti, token, "rate(2 hours)")),
            "409 ConflictException");
  service_.clock.Advance(hours(9));
  EXPECT_EQ(CodeOf("CreateScheduledQuery", Body(kMulti, token)), "409 ConflictException");
}

TEST_F(Scheduled, Row104To106_Refusals) {
  const auto code = [&](const std::string& body) { return CodeOf("CreateScheduledQuery", body); };
  const std::string bad = "400 ValidationException";
  EXPECT_EQ(code(Body(kMulti, "", "rate(1 minutes)")), bad);
  EXPECT_EQ(code(Body(kMulti, "", "cron(* * * * * *)")), bad);
  EXPECT_EQ(code(Body(kMulti, "", "rate(1 hour)", "x")), bad);
  EXPECT_EQ(code("{}"), bad);
  // Both kinds of mapping, or neither.
  const std::string mixed =
      R"("MixedMeasureMappings":[{"MeasureValueType":"DOUBLE","SourceColumn":"a"}])";
  EXPECT_EQ(code(Body(std::string(kMulti) + "," + mixed)), bad);
  EXPECT_EQ(code(Body(R"("X":1)")), bad);
  // Columns that are missing or of another type; a table that is not there.
  EXPECT_EQ(
      code(Body(R"("MixedMeasureMappings":[{"MeasureValueType":"DOUBLE","SourceColumn":"x"}])")),
      bad);
  EXPECT_EQ(
      code(Body(R"("MixedMeasureMappings":[{"MeasureValueType":"BIGINT","SourceColumn":"a"}])")),
      bad);
  EXPECT_EQ(code(Body(R"("MixedMeasureMappings":[{"MeasureValueType":"MULTI"}])")), bad);
  std::string other = Body();
  other.replace(other.find("tttt"), 4, "none");
  EXPECT_EQ(code(other), bad);
  std::string unknown = Body();
  unknown.replace(unknown.find("SELECT h"), 8, "SELECT x");
  EXPECT_EQ(code(unknown), bad);
  EXPECT_EQ(code(Body(mixed)), "200 ");
}

TEST_F(Scheduled, Row107And108_ExecuteNow) {
  const std::string arn = Create(Body());
  http::Recorder answer;
  service_.Start("ExecuteScheduledQuery",
                 R"({"ScheduledQueryArn":")" + arn + R"(","InvocationTime":1704067200.25})",
                 answer);
  service_.executor.RunUntilIdle();
  EXPECT_EQ(answer.Wait().body, "{}");
  const std::string described = Describe(arn);
  EXPECT_THAT(described, HasSubstr(R"("RunStatus":"MANUAL_TRIGGER_SUCCESS")"));
  EXPECT_THAT(described, HasSubstr(R"("InvocationTime":1704067200.250)"));
  EXPECT_THAT(described, HasSubstr(R"("QueryResultRows":1,"RecordsIngested":1)"));
  ASSERT_EQ(service_.fake_engine->last_request.parameters.size(), 1U);
  EXPECT_EQ(service_.fake_engine->last_request.parameters[0].name, "scheduled_runtime");
  EXPECT_EQ(service_.fake_engine->last_request.parameters[0].value,
            Value{int64_t{1'704'067'200'250'000'000}});
  EXPECT_THAT(Stored(), ElementsAre("agg line=l1 -60 a=1.50 count=3 v+0"));
  EXPECT_EQ(service_.reports.objects.size(), 0U);
}

TEST_F(Scheduled, RunsWhenDueAndALaterRunWins) {
  const std::string arn = Create(Body());
  Advance(minutes(59));
  EXPECT_EQ(service_.fake_engine->executed(), 0);
  Advance(minutes(1));
  EXPECT_EQ(service_.fake_engine->executed(), 1);
  EXPECT_THAT(Describe(arn), HasSubstr(R"("RunStatus":"AUTO_TRIGGER_SUCCESS")"));
  Set({{Time(60), Text("l1"), Double(2.5), {int64_t{4}}, Text("speed")}});
  Advance(hours(1));
  EXPECT_EQ(service_.fake_engine->executed(), 2);
  EXPECT_THAT(Stored(), ElementsAre("agg line=l1 -60 a=2.50 count=4 v+7200"));
  // The newest of the times that passed meanwhile, once.
  Advance(hours(5) + minutes(10));
  EXPECT_EQ(service_.fake_engine->executed(), 3);
  EXPECT_THAT(Describe(arn), HasSubstr(R"("PreviousInvocationTime":1767294000,)"));
  EXPECT_THAT(Describe(arn), HasSubstr(R"("NextInvocationTime":1767297600,)"));
}

TEST_F(Scheduled, Row109_NullRowsAreReported) {
  const std::string arn = Create(Body());
  Set({{Time(60), Text("l1"), Double(1.5), Value{}, Text("speed")},
       {Time(50), Text("l2"), Value{}, Value{}, Text("speed")},
       {Value{}, Text("l3"), Double(1), Value{}, Text("speed")},
       {Time(40), Value{}, Double(1), Value{}, Text("speed")},
       {Time(30), Text("l4"), Double(std::numeric_limits<double>::quiet_NaN()), Value{}, Value{}}});
  Execute(arn);
  EXPECT_THAT(Stored(), ElementsAre("agg line=l1 -60 a=1.50 v+0"));
  const std::string described = Describe(arn);
  EXPECT_THAT(described, HasSubstr(R"("RunStatus":"MANUAL_TRIGGER_FAILURE")"));
  EXPECT_THAT(described,
              HasSubstr(R"("S3ReportLocation":{"BucketName":"errors","ObjectKey":"p/hourly-)"));
  ASSERT_EQ(service_.reports.objects.size(), 1U);
  const auto& [name, report] = *service_.reports.objects.begin();
  EXPECT_THAT(name, testing::StartsWith("errors/p/hourly-"));
  EXPECT_THAT(name, HasSubstr("/2026-01-01T12:00:00.000Z/"));
  EXPECT_THAT(report, HasSubstr("all mapped columns are null"));
  EXPECT_THAT(report, HasSubstr("Invalid time for record."));
  EXPECT_THAT(report, HasSubstr("At least one dimension is required"));
  EXPECT_THAT(report, HasSubstr("is not a finite number"));
  EXPECT_THAT(report, HasSubstr(R"("dimensions":[{"name":"line","value":"l2",)"));
}

TEST_F(Scheduled, MixedMeasuresByName) {
  const std::string arn = Create(Body(
      R"("MeasureNameColumn":"m","MixedMeasureMappings":[)"
      R"({"MeasureName":"speed","MeasureValueType":"DOUBLE","SourceColumn":"a"},)"
      R"({"MeasureName":"load","MeasureValueType":"BIGINT","SourceColumn":"n",)"
      R"("TargetMeasureName":"weight"},)"
      R"({"MeasureName":"load","MeasureValueType":"MULTI","TargetMeasureName":"both",)"
      R"("MultiMeasureAttributeMappings":[{"SourceColumn":"a","MeasureValueType":"DOUBLE"}]}])"));
  Set({{Time(60), Text("l1"), Double(1.5), {int64_t{3}}, Text("speed")},
       {Time(60), Text("l1"), Double(2.5), {int64_t{4}}, Text("load")},
       {Time(60), Text("l1"), Double(2.5), {int64_t{4}}, Text("other")}});
  Execute(arn);
  EXPECT_THAT(Stored(), ElementsAre("both line=l1 -60 a=2.50 v+0", "speed line=l1 -60 =1.50 v+0",
                                    "weight line=l1 -60 =4 v+0"));
  EXPECT_EQ(service_.reports.objects.size(), 1U);  // "other" maps to nothing
}

TEST_F(Scheduled, AMeasureThatAViewMaintainsIsReported) {
  const std::string arn = Create(Body());
  store::Reservation reservation;
  reservation.target = service_.tables->Find("dddd", "tttt")->def.id;
  reservation.view = ViewId{7};
  reservation.view_name = "v";
  reservation.name_template = "ag{measure}";
  service_.store->SetReservations({reservation});
  Execute(arn);
  EXPECT_THAT(Stored(), ElementsAre());
  ASSERT_EQ(service_.reports.objects.size(), 1U);
  EXPECT_THAT(service_.reports.objects.begin()->second, HasSubstr("maintained by view"));
  EXPECT_THAT(Describe(arn), HasSubstr(R"("RunStatus":"MANUAL_TRIGGER_FAILURE")"));
}

TEST_F(Scheduled, Row110_UpdateState) {
  const std::string arn = Create(Body());
  const std::string member = R"({"ScheduledQueryArn":")" + arn + R"(",)";
  EXPECT_EQ(CodeOf("UpdateScheduledQuery", member + R"("State":"OFF"})"),
            "400 ValidationException");
  EXPECT_EQ(CodeOf("UpdateScheduledQuery", member + R"("State":"DISABLED"})"), "200 ");
  EXPECT_THAT(Describe(arn), HasSubstr(R"("State":"DISABLED")"));
  EXPECT_THAT(Describe(arn), Not(HasSubstr("NextInvocationTime")));
  Advance(hours(3));
  EXPECT_EQ(service_.fake_engine->executed(), 0);
  EXPECT_EQ(CodeOf("UpdateScheduledQuery", member + R"("State":"ENABLED"})"), "200 ");
  service_.executor.RunUntilIdle();
  EXPECT_EQ(service_.fake_engine->executed(), 0);
  Advance(hours(1));
  EXPECT_EQ(service_.fake_engine->executed(), 1);
  const std::string unknown = arn.substr(0, arn.size() - 1) + "x";
  const http::Response missing = service_.Call(
      "UpdateScheduledQuery", R"({"ScheduledQueryArn":")" + unknown + R"(","State":"DISABLED"})");
  EXPECT_EQ(TestService::CodeOf(missing), "404 ResourceNotFoundException");
  EXPECT_THAT(missing.body, HasSubstr(R"("ScheduledQueryArn":")" + unknown + "\""));
}

TEST_F(Scheduled, Row111_Delete) {
  const std::string arn = Create(Body());
  const std::string body = R"({"ScheduledQueryArn":")" + arn + R"("})";
  EXPECT_EQ(CodeOf("DeleteScheduledQuery", body), "200 ");
  EXPECT_EQ(CodeOf("DescribeScheduledQuery", body), "404 ResourceNotFoundException");
  EXPECT_EQ(CodeOf("DeleteScheduledQuery", body), "404 ResourceNotFoundException");
  Advance(hours(3));
  EXPECT_EQ(service_.fake_engine->executed(), 0);
}

TEST_F(Scheduled, ListsInPages) {
  for (const char* name : {"q3", "q1", "q2"}) Create(Body(kMulti, "", "rate(1 hour)", name));
  const JsonValue first = service_.Ok("ListScheduledQueries", R"({"MaxResults":2})");
  ASSERT_EQ(first.Find("ScheduledQueries")->array().size(), 2U);
  const JsonValue& one = first.Find("ScheduledQueries")->array()[0];
  EXPECT_EQ(one.Find("Name")->string_value(), "q1");
  EXPECT_EQ(one.Find("TargetDestination")
                ->Find("TimestreamDestination")
                ->Find("TableName")
                ->string_value(),
            "tttt");
  const JsonValue second =
      service_.Ok("ListScheduledQueries", R"({"MaxResults":2,"NextToken":")" +
                                              first.Find("NextToken")->string_value() + R"("})");
  ASSERT_EQ(second.Find("ScheduledQueries")->array().size(), 1U);
  EXPECT_EQ(second.Find("NextToken"), nullptr);
  EXPECT_EQ(CodeOf("ListScheduledQueries", R"({"MaxResults":1001})"), "400 ValidationException");
}

TEST_F(Scheduled, Tags) {
  const std::string arn = Create(Body(kMulti, R"(,"Tags":[{"Key":"b","Value":"1"}])"));
  const std::string member = R"({"ResourceARN":")" + arn + R"(",)";
  EXPECT_EQ(CodeOf("TagResource", member + R"("Tags":[{"Key":"a","Value":"2"},)"
                                           R"({"Key":"b","Value":"3"}]})"),
            "200 ");
  EXPECT_EQ(service_.Call("ListTagsForResource", R"({"ResourceARN":")" + arn + R"("})").body,
            R"({"Tags":[{"Key":"a","Value":"2"},{"Key":"b","Value":"3"}]})");
  EXPECT_THAT(service_.Call("ListTagsForResource", member + R"("MaxResults":1})").body,
              HasSubstr("NextToken"));
  EXPECT_EQ(CodeOf("UntagResource", member + R"("TagKeys":["a","zz"]})"), "200 ");
  EXPECT_EQ(service_.Call("ListTagsForResource", R"({"ResourceARN":")" + arn + R"("})").body,
            R"({"Tags":[{"Key":"b","Value":"3"}]})");
  EXPECT_EQ(CodeOf("ListTagsForResource", R"({"ResourceARN":")" + arn + R"(x"})"),
            "404 ResourceNotFoundException");
  EXPECT_THAT(Describe(arn), HasSubstr(R"("TargetMultiMeasureName":"agg")"));
}

TEST_F(Scheduled, AFailingStatementIsInTheHistory) {
  const std::string arn = Create(Body());
  FakeStatement failing;
  failing.columns = {{"h", TypeKind::kTimestamp},
                     {"line", TypeKind::kVarchar},
                     {"a", TypeKind::kDouble},
                     {"n", TypeKind::kBigint},
                     {"m", TypeKind::kVarchar}};
  failing.error_after = Error{Code::kInvalidArgument, "Division by zero"};
  service_.fake_engine->Set("SELECT h", failing);
  for (int i = 0; i < 7; ++i) Execute(arn);
  const JsonValue described = ParseJson(Describe(arn)).value();
  const JsonValue& query = *described.Find("ScheduledQuery");
  EXPECT_EQ(query.Find("RecentlyFailedRuns")->array().size(), 5U);
  EXPECT_EQ(query.Find("LastRunSummary")->Find("FailureReason")->string_value(),
            "Division by zero");
  EXPECT_EQ(query.Find("State")->string_value(), "ENABLED");
  // A due run that cannot even begin disables the query (5.12).
  failing.error = Error{Code::kNotFound, "line 1:1: no table"};
  service_.fake_engine->Set("SELECT h", failing);
  Advance(hours(1));
  EXPECT_THAT(Describe(arn), HasSubstr(R"("State":"DISABLED")"));
  EXPECT_THAT(Describe(arn), HasSubstr(R"("RunStatus":"AUTO_TRIGGER_FAILURE")"));
}

TEST_F(Scheduled, GoesOnAfterARestart) {
  const std::string arn = Create(Body());
  service_.service.reset();
  service_.clock.Advance(hours(3) + minutes(5));
  service_.service = std::make_unique<TimestreamService>(
      ServiceOptions{},
      ServiceDeps{*service_.catalog, *service_.tables, *service_.store, *service_.direct_clock,
                  *service_.engine, service_.executor, service_.clock, service_.random,
                  service_.metrics, service_.reports});
  service_.executor.RunUntilIdle();
  EXPECT_EQ(service_.fake_engine->executed(), 1);
  EXPECT_THAT(Describe(arn), HasSubstr(R"("PreviousInvocationTime":1767279600,)"));
}

TEST_F(Scheduled, CallersInsideTheProcessAreToldTheMemberAtFault) {
  const auto member = [&](std::string_view operation, const std::string& body) {
    const auto input = ParseJson(body);
    EXPECT_TRUE(input.ok()) << body;
    const auto reply = service_.service->CallScheduled(operation, *input);
    const auto* failure = std::get_if<Failure>(&reply);
    return failure == nullptr ? std::get<std::string>(reply) : failure->member;
  };
  const auto create = [&](std::string_view was, std::string_view is) {
    std::string body = Body();
    body.replace(body.find(was), was.size(), is);
    return member("CreateScheduledQuery", body);
  };
  EXPECT_EQ(create("hourly", "a b"), "name");
  EXPECT_EQ(create(R"("SELECT h")", R"("SELECT nothing")"), "queryString");
  EXPECT_EQ(create("rate(1 hour)", "hourly"), "scheduleConfiguration");
  EXPECT_EQ(create(R"("tttt")", R"("none")"), "targetConfiguration");
  EXPECT_EQ(create(R"("tttt")", "7"), "targetConfiguration");
  EXPECT_EQ(create(R"("SourceColumn":"a")", R"("SourceColumn":"n")"), "targetConfiguration");
  EXPECT_EQ(create(R"("errors")", R"("E")"), "errorReportConfiguration");
  EXPECT_EQ(member("TagResource", "{}"), "");
  EXPECT_THAT(create("hourly", "hourly"), HasSubstr("scheduled-query/hourly-"));
  const auto def = service_.catalog->GetScheduledQuery("hourly");
  ASSERT_TRUE(def.ok());
  EXPECT_THAT(Describe(service_.service->ScheduledArn(*def)), HasSubstr("SELECT h"));
  EXPECT_EQ(service_.service->NextScheduled(*def)->ms, kTestNowMs + 3'600'000);
}

TEST_F(Scheduled, StoppingEndsARunAtWork) {
  const std::string arn = Create(Body());
  EXPECT_EQ(CodeOf("ExecuteScheduledQuery",
                   R"({"ScheduledQueryArn":")" + arn + R"(","InvocationTime":1})"),
            "200 ");
  service_.service.reset();
  service_.executor.RunUntilIdle();
  EXPECT_EQ(service_.fake_engine->open(), 0);
}

}  // namespace
}  // namespace tidemark::timestream
