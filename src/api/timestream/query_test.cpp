// SPDX-License-Identifier: Apache-2.0
// Paging, cancelling and encodings of Query over a scripted engine. Names begin with the row of the
// conformance checklist (timestream-api.md section 8).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"

namespace tidemark::timestream {
namespace {

using sql::TypeKind;
using sql::Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

Value Int(int64_t v) { return {v}; }
Value Text(std::string v) { return {std::move(v)}; }

// One BIGINT column n with `count` rows 0, 1, 2...
FakeStatement Numbers(int count) {
  FakeStatement out;
  out.columns = {{"n", TypeKind::kBigint}};
  for (int i = 0; i < count; ++i) out.rows.push_back({Int(i)});
  return out;
}

std::string Body(std::string_view more = "", std::string_view sql = "SELECT n") {
  return R"({"QueryString":")" + std::string(sql) + R"(")" + std::string(more) + "}";
}

std::string Member(const http::Response& response, std::string_view name) {
  const JsonValue body = ParseJson(response.body).value_or(JsonValue());
  const JsonValue* value = body.Find(name);
  return value == nullptr ? "" : value->string_value();
}

size_t Rows(const http::Response& response) {
  const JsonValue body = ParseJson(response.body).value_or(JsonValue());
  const JsonValue* rows = body.Find("Rows");
  return rows == nullptr ? SIZE_MAX : rows->array().size();
}

std::string With(const std::string& token) { return R"(,"NextToken":")" + token + R"(")"; }

class Query : public testing::Test {
 protected:
  http::Response Call(const std::string& body, http::Headers headers = {}) {
    return service_.Call("Query", body, std::move(headers));
  }
  std::string Code(const std::string& body, http::Headers headers = {}) {
    return TestService::CodeOf(Call(body, std::move(headers)));
  }
  void Set(FakeStatement statement, std::string sql = "SELECT n") {
    service_.fake_engine->Set(std::move(sql), std::move(statement));
  }

  TestService service_;
};

TEST_F(Query, Row76_SelectOne) {
  FakeStatement one;
  one.columns = {{"_col0", TypeKind::kInteger}};
  one.rows = {{Int(1)}};
  Set(one, "SELECT 1");
  const http::Response response = Call(Body("", "SELECT 1"));
  const std::string id = Member(response, "QueryId");
  EXPECT_THAT(id, MatchesRegex("AE[A-Z2-7]{61}"));  // row 98
  EXPECT_EQ(response.body,
            R"({"ColumnInfo":[{"Name":"_col0","Type":{"ScalarType":"INTEGER"}}],"QueryId":")" + id +
                R"(","QueryStatus":{"CumulativeBytesMetered":10000000,"CumulativeBytesScanned":0,)"
                R"("ProgressPercentage":100.0},"Rows":[{"Data":[{"ScalarValue":"1"}]}]})");
}

TEST_F(Query, Row80To83_NullsAndNestedValues) {
  const sql::Type row =
      sql::Type::Row({{"dimension_name", TypeKind::kVarchar}, {"", TypeKind::kDouble}});
  FakeStatement nested;
  nested.columns = {{"u", TypeKind::kUnknown},
                    {"d", TypeKind::kDouble},
                    {"a", sql::Type::Array(TypeKind::kInteger)},
                    {"e", sql::Type::Array(TypeKind::kInteger)},
                    {"r", row},
                    {"s", sql::Type::Timeseries(TypeKind::kDouble)}};
  Value list;
  list.data = Value::List{Int(1), Int(2)};
  Value empty;
  empty.data = Value::List{};
  Value pair;
  pair.data = Value::List{Text("a\"b"), Value{35.0}};
  Value point;
  point.data = Value::List{Int(1'663'677'473'000'000'000), Value{34.5}};
  Value hole;
  hole.data = Value::List{Int(1'663'677'474'000'000'000), Value{}};
  Value series;
  series.data = Value::List{point, hole};
  nested.rows = {{Value{}, Value{}, list, empty, pair, series},
                 {Value{}, Value{1e10}, Value{}, Value{}, Value{}, Value{}}};
  Set(nested);
  const std::string body = Call(Body()).body;
  EXPECT_THAT(
      body,
      HasSubstr(R"("ColumnInfo":[{"Name":"u","Type":{"ScalarType":"UNKNOWN"}},)"
                R"({"Name":"d","Type":{"ScalarType":"DOUBLE"}},)"
                R"({"Name":"a","Type":{"ArrayColumnInfo":{"Type":{"ScalarType":"INTEGER"}}}},)"
                R"({"Name":"e","Type":{"ArrayColumnInfo":{"Type":{"ScalarType":"INTEGER"}}}},)"
                R"({"Name":"r","Type":{"RowColumnInfo":[{"Name":"dimension_name","Type":)"
                R"({"ScalarType":"VARCHAR"}},{"Name":"field1","Type":{"ScalarType":"DOUBLE"}}]}},)"
                R"({"Name":"s","Type":{"TimeSeriesMeasureValueColumnInfo":{"Type":)"
                R"({"ScalarType":"DOUBLE"}}}}])"));
  EXPECT_THAT(
      body,
      HasSubstr(
          R"("Rows":[{"Data":[{"NullValue":true},{"NullValue":true},)"
          R"({"ArrayValue":[{"ScalarValue":"1"},{"ScalarValue":"2"}]},{"ArrayValue":[]},)"
          R"({"RowValue":{"Data":[{"ScalarValue":"a\"b"},{"ScalarValue":"35.0"}]}},)"
          R"({"TimeSeriesValue":[{"Time":"2022-09-20 12:37:53.000000000","Value":)"
          R"({"ScalarValue":"34.5"}},{"Time":"2022-09-20 12:37:54.000000000","Value":)"
          R"({"NullValue":true}}]}]},{"Data":[{"NullValue":true},{"ScalarValue":"1.0E10"},)"
          R"({"NullValue":true},{"NullValue":true},{"NullValue":true},{"NullValue":true}]}])"));
}

TEST_F(Query, Row85To88_Refusals) {
  FakeStatement bad;
  bad.error = Error{Code::kNotFound, "line 1:15: no table"};
  Set(bad, "bad");
  EXPECT_EQ(Code(Body("", "bad")), "400 ValidationException");
  EXPECT_EQ(Code(Body("", "unheard of")), "400 ValidationException");
  bad.error = Error{Code::kResourceExhausted, "many"};
  Set(bad, "busy");
  EXPECT_EQ(Code(Body("", "busy")), "429 ThrottlingException");
  FakeStatement late = Numbers(1);
  late.error_after = Error{Code::kInvalidArgument, "Division by zero"};
  Set(late, "late");
  // What the statement's values cause is the statement's fault, also while it runs.
  EXPECT_EQ(Code(Body("", "late")), "400 ValidationException");
  late.error_after = Error{Code::kNoSpace, "needs more memory than sql.memory_max allows"};
  Set(late, "large");
  EXPECT_EQ(Code(Body("", "large")), "400 QueryExecutionException");
  late.error_after = Error{Code::kDeadlineExceeded, "ran longer than allowed"};
  Set(late, "endless");
  EXPECT_EQ(Code(Body("", "endless")), "400 QueryExecutionException");
  late.error_after = Error{Code::kResourceExhausted, "too many wait"};
  Set(late, "queued");
  EXPECT_EQ(Code(Body("", "queued")), "429 ThrottlingException");
  late.error_after = Error{Code::kCorruption, "file 0000000007.tsb of table dddd.tttt is damaged"};
  Set(late, "damaged");
  const http::Response damaged = service_.Call("Query", Body("", "damaged"));
  EXPECT_EQ(TestService::CodeOf(damaged), "400 QueryExecutionException");
  EXPECT_THAT(damaged.body, HasSubstr("0000000007.tsb"));
  EXPECT_EQ(service_.fake_engine->open(), 0);
  EXPECT_EQ(Code(R"({"QueryString":""})"), "400 ValidationException");
  EXPECT_EQ(Code("{}"), "400 ValidationException");
  EXPECT_EQ(Code(Body("", std::string(262'145, 'x'))), "400 ValidationException");
  EXPECT_EQ(Code(Body(R"(,"MaxRows":0)")), "400 ValidationException");
  EXPECT_EQ(Code(Body(R"(,"MaxRows":1001)")), "400 ValidationException");
  EXPECT_EQ(Code(Body(R"(,"QueryInsights":{"Mode":"MAYBE"})")), "400 ValidationException");
}

TEST_F(Query, KnownGapsAreInTheStatusOfEveryPage) {
  FakeStatement gapped = Numbers(1);
  gapped.gaps = {{"0000000007.tsb", {EventTime{0}, EventTime{3'600'000'000'000}}, true}};
  Set(gapped, "gapped");
  EXPECT_THAT(
      service_.Call("Query", Body("", "gapped")).body,
      HasSubstr(R"("KnownGaps":[{"File":"0000000007.tsb","From":"1970-01-01T00:00:00.000Z",)"
                R"("To":"1970-01-01T01:00:00.000Z"}]})"));
  Set(Numbers(1), "whole");
  EXPECT_THAT(service_.Call("Query", Body("", "whole")).body, Not(HasSubstr("KnownGaps")));
}

TEST_F(Query, Row89_PagesOfMaxRows) {
  Set(Numbers(2500));
  std::vector<size_t> sizes;
  std::string token;
  std::string all;
  std::string id;
  do {
    // Row 93: MaxRows only on the first call keeps nothing; here it is repeated.
    const http::Response page =
        Call(Body(R"(,"MaxRows":1000)" + (token.empty() ? "" : With(token))));
    ASSERT_EQ(page.status, 200) << page.body;
    EXPECT_THAT(page.body, HasSubstr(R"("ColumnInfo":[{"Name":"n")"));
    sizes.push_back(Rows(page));
    if (!id.empty()) {
      EXPECT_EQ(Member(page, "QueryId"), id);
    }
    id = Member(page, "QueryId");
    const JsonValue body = ParseJson(page.body).value();
    for (const JsonValue& row : body.Find("Rows")->array()) {
      all += row.Find("Data")->array()[0].Find("ScalarValue")->string_value() + ",";
    }
    const std::string next = Member(page, "NextToken");
    EXPECT_NE(next, token);
    if (next.empty()) {
      EXPECT_THAT(page.body, Not(HasSubstr("NextToken")));
    }
    token = next;
  } while (!token.empty() && sizes.size() < 10);
  EXPECT_THAT(sizes, ElementsAre(1000, 1000, 500));
  std::string expected;
  for (int i = 0; i < 2500; ++i) expected += std::to_string(i) + ",";
  EXPECT_EQ(all, expected);
  EXPECT_EQ(service_.fake_engine->executed(), 1);
  EXPECT_EQ(service_.fake_engine->open(), 0);
}

TEST_F(Query, FullLastPageHasNoToken) {
  Set(Numbers(1000));
  const http::Response page = Call(Body(R"(,"MaxRows":1000)"));
  EXPECT_EQ(Rows(page), 1000);
  EXPECT_EQ(Member(page, "NextToken"), "");
}

TEST_F(Query, Row90And91_TokensReplayAndBind) {
  Set(Numbers(30));
  Set(Numbers(30), "SELECT other");
  const http::Headers alice{{"Authorization", "AWS4-HMAC-SHA256 Credential=ALICE/2026/x, S=y"}};
  const http::Headers bob{{"Authorization", "AWS4-HMAC-SHA256 Credential=BOB/2026/x, S=y"}};
  const std::string max = R"(,"MaxRows":10)";
  const std::string first = Member(Call(Body(max), alice), "NextToken");
  EXPECT_EQ(Code(Body(max + With(first)), bob), "400 ValidationException");
  EXPECT_EQ(Code(Body(max + With(first), "SELECT other"), alice), "400 ValidationException");
  EXPECT_EQ(TestService::MessageOf(Call(Body(max + With("nonsense")), alice)),
            "Invalid pagination token.");
  const http::Response once = Call(Body(max + With(first)), alice);
  // Up to five calls give the same page (5.1.2); MaxRows may be absent (row 93).
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Call(Body(With(first)), alice).body, once.body);
  EXPECT_EQ(Code(Body(With(first)), alice), "400 ValidationException");

  const std::string second = Member(once, "NextToken");
  const http::Response last = Call(Body(max + With(second)), alice);
  EXPECT_EQ(Rows(last), 10);
  EXPECT_EQ(Member(last, "NextToken"), "");
  EXPECT_EQ(Code(Body(With(first)), alice), "400 ValidationException");  // superseded
  EXPECT_EQ(Call(Body(With(second)), alice).body, last.body);
}

TEST_F(Query, TokensExpire) {
  Set(Numbers(30));
  const std::string token = Member(Call(Body(R"(,"MaxRows":10)")), "NextToken");
  service_.clock.Advance(minutes(59));
  service_.executor.RunUntilIdle();
  EXPECT_EQ(service_.fake_engine->open(), 1);
  service_.clock.Advance(minutes(2));
  service_.executor.RunUntilIdle();
  EXPECT_EQ(service_.fake_engine->open(), 0);
  EXPECT_EQ(Code(Body(With(token))), "400 ValidationException");
}

TEST_F(Query, Row94And95_ClientTokens) {
  Set(Numbers(3));
  Set(Numbers(3), "SELECT other");
  const std::string token = R"(,"ClientToken":"fourteen-chars")";
  const http::Response first = Call(Body(token));
  EXPECT_EQ(Call(Body(token)).body, first.body);
  EXPECT_EQ(service_.fake_engine->executed(), 1);
  EXPECT_EQ(Code(Body(token, "SELECT other")), "400 ValidationException");
  EXPECT_EQ(Code(Body(token + R"(,"MaxRows":1)")), "400 ValidationException");
  service_.clock.Advance(minutes(6));
  service_.executor.RunUntilIdle();
  EXPECT_NE(Member(Call(Body(token)), "QueryId"), Member(first, "QueryId"));
}

TEST_F(Query, RepeatedCallJoinsTheRunningOne) {
  Set(Numbers(3));
  http::Recorder a;
  http::Recorder b;
  service_.Start("Query", Body(R"(,"ClientToken":"t")"), a);
  service_.Start("Query", Body(R"(,"ClientToken":"t")"), b);
  service_.executor.RunUntilIdle();
  EXPECT_EQ(a.Wait().body, b.Wait().body);
  EXPECT_EQ(service_.fake_engine->executed(), 1);
}

TEST_F(Query, Row96_CancelBetweenPages) {
  Set(Numbers(30));
  const http::Response page = Call(Body(R"(,"MaxRows":10)"));
  const std::string cancel = R"({"QueryId":")" + Member(page, "QueryId") + R"("})";
  EXPECT_EQ(service_.Call("CancelQuery", cancel).body, "{}");
  EXPECT_EQ(service_.fake_engine->open(), 0);
  EXPECT_EQ(Code(Body(With(Member(page, "NextToken")))), "409 ConflictException");
  EXPECT_THAT(service_.Call("CancelQuery", cancel).body, HasSubstr("CancellationMessage"));
}

TEST_F(Query, CancelWhileAPageIsMade) {
  Set(Numbers(30));
  const http::Response page = Call(Body(R"(,"MaxRows":10)"));
  http::Recorder waiting;
  service_.Start("Query", Body(With(Member(page, "NextToken"))), waiting);
  http::Recorder cancel;
  service_.Start("CancelQuery", R"({"QueryId":")" + Member(page, "QueryId") + R"("})", cancel);
  service_.executor.RunUntilIdle();
  EXPECT_EQ(cancel.Wait().status, 200);
  EXPECT_EQ(TestService::CodeOf(waiting.Wait()), "409 ConflictException");
  EXPECT_EQ(service_.fake_engine->open(), 0);
}

TEST_F(Query, Row97_CancelUnknown) {
  EXPECT_EQ(service_.Code("CancelQuery", R"({"QueryId":"AEXYZ"})"), "400 ValidationException");
  EXPECT_EQ(service_.Code("CancelQuery", R"({"QueryId":"a-b"})"), "400 ValidationException");
  EXPECT_EQ(service_.Code("CancelQuery", "{}"), "400 ValidationException");
  Set(Numbers(1));
  const std::string id = Member(Call(Body()), "QueryId");
  EXPECT_EQ(service_.Code("CancelQuery", R"({"QueryId":")" + id + R"("})"),
            "400 ValidationException");
}

TEST_F(Query, Row99_Insights) {
  Set(Numbers(3));
  EXPECT_THAT(Call(Body(R"(,"QueryInsights":{"Mode":"ENABLED_WITH_RATE_CONTROL"})")).body,
              HasSubstr(R"("OutputRows":3)"));
  EXPECT_THAT(Call(Body(R"(,"QueryInsights":{"Mode":"DISABLED"})")).body,
              Not(HasSubstr("QueryInsightsResponse")));
}

TEST_F(Query, Row101_PagesStayBelowOneMegabyte) {
  FakeStatement wide;
  wide.columns = {{"t", TypeKind::kVarchar}};
  for (int i = 0; i < 700; ++i) wide.rows.push_back({Text(std::string(4'000, 'x'))});
  Set(wide);
  std::string token;
  size_t rows = 0;
  int pages = 0;
  do {
    const http::Response page = Call(Body(token.empty() ? "" : With(token)));
    EXPECT_LE(page.body.size(), 1'000'000);
    rows += Rows(page);
    token = Member(page, "NextToken");
    ++pages;
  } while (!token.empty() && pages < 20);
  EXPECT_EQ(rows, 700);
  EXPECT_EQ(pages, 3);

  FakeStatement huge;
  huge.columns = {{"t", TypeKind::kVarchar}};
  huge.rows = {{Text(std::string(1'100'000, 'x'))}};
  Set(huge, "huge");
  const http::Response refused = Call(Body("", "huge"));
  EXPECT_EQ(TestService::CodeOf(refused), "400 QueryExecutionException");
  EXPECT_EQ(TestService::MessageOf(refused),
            "Query aborted as max page response size has been exceeded by the output result row");
}

TEST_F(Query, SlowPagesAreAnsweredEmpty) {
  FakeStatement slow = Numbers(3);
  http::Recorder first;
  // The statement takes 40 s; the housekeeping task gets its turn meanwhile.
  slow.before_next = [&] {
    if (first.response()) return;
    service_.clock.Advance(seconds(40));
    while (!first.response() && service_.executor.RunOne()) {
    }
  };
  Set(slow);
  service_.Start("Query", Body(), first);
  service_.executor.RunUntilIdle();
  const http::Response empty = first.Wait();
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(Rows(empty), 0);
  EXPECT_THAT(empty.body, HasSubstr(R"("ProgressPercentage":50.0)"));
  const http::Response full = Call(Body(With(Member(empty, "NextToken"))));
  EXPECT_EQ(Rows(full), 3);
  EXPECT_EQ(Member(full, "NextToken"), "");
}

TEST_F(Query, EveryPageIsAnsweredInTime) {
  FakeStatement slow = Numbers(4);
  slow.chunk_rows = 2;
  http::Recorder now;
  const auto wait = [&](http::Recorder& recorder) {
    return [&] {
      if (recorder.response()) return;
      service_.clock.Advance(seconds(5));
      while (!recorder.response() && service_.executor.RunOne()) {
      }
    };
  };
  slow.before_next = wait(now);
  Set(slow);
  service_.Start("Query", Body(R"(,"MaxRows":2)"), now);
  service_.executor.RunUntilIdle();
  const http::Response empty = now.Wait();
  EXPECT_EQ(Rows(empty), 0);
  EXPECT_THAT(empty.body, HasSubstr(R"("ColumnInfo":[{"Name":"n")"));
  EXPECT_THAT(Member(empty, "QueryId"), MatchesRegex("AE[A-Z2-7]{61}"));
  const http::Response first = Call(Body(With(Member(empty, "NextToken"))));
  EXPECT_EQ(Rows(first), 2);
  // The second page is slow too, and fails in the end: with the class of any first page.
  http::Recorder later;
  FakeStatement failing = Numbers(2);
  failing.error_after = Error{Code::kInvalidArgument, "Division by zero"};
  Set(failing, "failing");
  const http::Response page = Call(Body(R"(,"MaxRows":1)", "failing"));
  const http::Response last = Call(Body(With(Member(page, "NextToken")), "failing"));
  EXPECT_EQ(TestService::CodeOf(last), "400 ValidationException");
  EXPECT_EQ(TestService::MessageOf(last), "Division by zero");
  // Asked again, it says the same.
  EXPECT_EQ(Code(Body(With(Member(page, "NextToken")), "failing")), "400 ValidationException");
}

TEST_F(Query, Row96_CancelWhileTheFirstPageIsMade) {
  FakeStatement slow = Numbers(3);
  http::Recorder first;
  http::Recorder cancel;
  slow.before_next = [&] {
    if (!first.response()) {
      service_.clock.Advance(seconds(6));
      while (!first.response() && service_.executor.RunOne()) {
      }
      ASSERT_TRUE(first.response());
      service_.Start("CancelQuery", R"({"QueryId":")" + Member(first.Wait(), "QueryId") + R"("})",
                     cancel);
      EXPECT_TRUE(cancel.response());  // at once, while the statement runs
    }
  };
  Set(slow);
  service_.Start("Query", Body(), first);
  service_.executor.RunUntilIdle();
  EXPECT_EQ(cancel.Wait().body, "{}");
  EXPECT_EQ(service_.fake_engine->open(), 0);
  EXPECT_EQ(Code(Body(With(Member(first.Wait(), "NextToken")))), "409 ConflictException");
}

TEST_F(Query, TokensOfAnotherProcessAreUnknown) {
  TestService before;
  before.fake_engine->Set("SELECT n", Numbers(30));
  const std::string token = Member(before.Call("Query", Body(R"(,"MaxRows":10)")), "NextToken");
  ASSERT_NE(token, "");
  Set(Numbers(30));
  const http::Response after = Call(Body(With(token)));
  EXPECT_EQ(TestService::CodeOf(after), "400 ValidationException");
  EXPECT_EQ(TestService::MessageOf(after), "Invalid pagination token.");
}

TEST_F(Query, MetadataIsNotMetered) {
  FakeStatement show;
  show.columns = {{"Database", TypeKind::kVarchar}};
  show.metadata = true;
  Set(show, "SHOW DATABASES");
  const std::string body = Call(Body("", "SHOW DATABASES")).body;
  EXPECT_THAT(body, HasSubstr(R"("CumulativeBytesMetered":0)"));
  EXPECT_THAT(body, HasSubstr(R"("Rows":[]})"));
}

TEST_F(Query, StoppingAnswersWhoWaits) {
  Set(Numbers(3));
  http::Recorder waiting;
  service_.Start("Query", Body(), waiting);
  service_.service.reset();
  EXPECT_EQ(TestService::CodeOf(waiting.Wait()), "500 InternalServerException");
  service_.executor.RunUntilIdle();
  EXPECT_EQ(service_.fake_engine->open(), 0);
}

TEST(QueryBounds, StrictFirstPageIsEmpty) {
  TestService service({.options = {.first_page = ServiceOptions::FirstPage::kEmpty}});
  service.fake_engine->Set("SELECT n", Numbers(3));
  const http::Response first = service.Call("Query", Body(R"(,"MaxRows":2)"));
  EXPECT_EQ(Rows(first), 0);  // row 89, as observed: 5.1.2
  const http::Response second = service.Call("Query", Body(With(Member(first, "NextToken"))));
  EXPECT_EQ(Rows(second), 2);
  const http::Response third = service.Call("Query", Body(With(Member(second, "NextToken"))));
  EXPECT_EQ(Rows(third), 1);
  EXPECT_EQ(Member(third, "NextToken"), "");
}

TEST(QueryBounds, MoreThanTheQueueIsThrottled) {
  TestService service({.options = {.pages_running_max = 2}});
  service.fake_engine->Set("SELECT n", Numbers(3));
  http::Recorder a;
  http::Recorder b;
  http::Recorder c;
  service.Start("Query", Body(), a);
  service.Start("Query", Body(), b);
  service.Start("Query", Body(), c);
  service.executor.RunUntilIdle();
  EXPECT_EQ(TestService::CodeOf(a.Wait()), "200 ");
  EXPECT_EQ(TestService::CodeOf(b.Wait()), "200 ");
  EXPECT_EQ(TestService::CodeOf(c.Wait()), "429 ThrottlingException");
  EXPECT_EQ(service.Code("Query", Body()), "200 ");
}

TEST(QueryBounds, LargeResultsEnd) {
  TestService service({.options = {.result_bytes_max = 1000}});
  service.fake_engine->Set("SELECT n", Numbers(100));
  const http::Response first = service.Call("Query", Body(R"(,"MaxRows":10)"));
  EXPECT_EQ(Rows(first), 10);
  std::string token = Member(first, "NextToken");
  std::string code = "200 ";
  for (int i = 0; i < 9 && code == "200 "; ++i) {
    const http::Response page = service.Call("Query", Body(With(token)));
    code = TestService::CodeOf(page);
    token = Member(page, "NextToken");
  }
  EXPECT_EQ(code, "400 QueryExecutionException");
}

TEST(QueryBounds, OldestFinishedQueryMakesRoom) {
  TestService service({.options = {.queries_kept_max = 3}});
  service.fake_engine->Set("many", Numbers(30));
  service.fake_engine->Set("few", Numbers(1));
  const std::string many = R"({"QueryString":"many","MaxRows":10)";
  std::vector<std::string> tokens;
  for (int i = 0; i < 2; ++i) {
    tokens.push_back(Member(service.Call("Query", many + "}"), "NextToken"));
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(service.Code("Query", R"({"QueryString":"few"})"), "200 ");
  tokens.push_back(Member(service.Call("Query", many + "}"), "NextToken"));
  // Three are open: no room until one is read, cancelled or old.
  EXPECT_EQ(service.Code("Query", R"({"QueryString":"few"})"), "429 ThrottlingException");
  for (const std::string& token : tokens) {
    EXPECT_EQ(service.Code("Query", many + With(token) + "}"), "200 ");
  }
  service.clock.Advance(minutes(6));
  EXPECT_EQ(service.Code("Query", R"({"QueryString":"few"})"), "200 ");
}

}  // namespace
}  // namespace tidemark::timestream
