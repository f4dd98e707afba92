// SPDX-License-Identifier: Apache-2.0
// Ids, progress, cancelling, column blocks and macros of statements: web/API.md 3.1 to 3.3.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/read_block.h"
#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  return value->is_null() ? "null" : value->string_value();
}

std::string Error(const TestConsole::Answer& answer, std::string_view member) {
  const JsonValue* error = answer.body.Find("error");
  return error == nullptr ? answer.text : Text(*error, member);
}

TestConsole::Answer PostBlocks(TestConsole& t, std::string body) {
  auto request = t.MakeRequest("POST", "/api/v1/query");
  request.headers.Add("X-Console", "1");
  request.headers.Add("Accept", "application/vnd.tidemark.columns");
  request.body = std::move(body);
  return t.Send(std::move(request));
}

TEST(ConsoleQueryId, IsTheClientsWhileNobodyElseHasIt) {
  TestConsole t;
  const std::string body = R"({"sql":"rows 10","max_rows":4,"id":"tab-0001"})";
  const auto first = t.Post("/api/v1/query", body);
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(Text(first.body, "query_id"), "tab-0001");
  EXPECT_EQ(t.Post("/api/v1/query", body).status, 409);
  EXPECT_EQ(t.Delete("/api/v1/query/tab-0001").status, 204);
  EXPECT_EQ(t.engine.open, 0);
  for (const char* wrong : {"short", "has space", "a.b.c.d.e.f", "\u00fcber-lang"}) {
    const auto refused =
        t.Post("/api/v1/query", std::string(R"({"sql":"rows 1","id":")") + wrong + "\"}");
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_EQ(Error(refused, "field"), "id");
  }
}

TEST(ConsoleQueryId, ProgressIsToldAndCancelReachesTheFirstPage) {
  TestConsole t;
  t.engine.queries = {{.id = "tab-0001",
                       .origin = "console",
                       .sql = "rows 1",
                       .state = sql::QueryState::kRunning,
                       .elapsed = milliseconds(1500),
                       .worked = milliseconds(1400),
                       .progress = {.rows_scanned = 7, .bytes_scanned = 56, .percent = 41.5}}};
  const auto progress = t.Get("/api/v1/query/tab-0001");
  EXPECT_EQ(progress.text,
            R"({"query_id":"tab-0001","state":"running","elapsed_ms":"1500","worked_ms":"1400",)"
            R"("percent":41.5,"points_scanned":"7","bytes_scanned":"56","rows":"0","error":null})");
  EXPECT_EQ(t.Get("/api/v1/query/tab-0002").status, 404);

  // The call arrives while the first page is made: the network thread that takes it never waits.
  http::Recorder deleted;
  t.engine.on_next = [&] {
    if (deleted.response()) return;
    auto request = t.MakeRequest("DELETE", "/api/v1/query/tab-0001");
    request.headers.Add("X-Console", "1");
    t.service->Handle(std::move(request), deleted.MakeResponder());
    EXPECT_TRUE(deleted.response()) << "answered at once";
  };
  const auto cancelled = t.Post("/api/v1/query", R"({"sql":"rows 9","id":"tab-0001"})");
  EXPECT_EQ(cancelled.status, 409) << cancelled.text;
  EXPECT_EQ(Error(cancelled, "code"), "cancelled");
  EXPECT_EQ(deleted.response()->status, 204);
  EXPECT_EQ(t.engine.open, 0);
}

TEST(ConsoleQueryId, ACancelThatOvertakesItsStatementIsRemembered) {
  TestConsole t;
  EXPECT_EQ(t.Delete("/api/v1/query/tab-0001").status, 204);
  EXPECT_EQ(t.Post("/api/v1/query", R"({"sql":"rows 9","id":"tab-0001"})").status, 409);
  EXPECT_EQ(t.Delete("/api/v1/query/tab-0002").status, 204);
  t.Advance(seconds(12));
  EXPECT_EQ(t.Post("/api/v1/query", R"({"sql":"rows 9","id":"tab-0002"})").status, 200);
  // However many: the oldest are forgotten.
  EXPECT_EQ(t.Delete("/api/v1/query/tab-0003").status, 204);
  for (int i = 0; i < 100; ++i) t.Delete("/api/v1/query/other-" + std::to_string(100 + i));
  EXPECT_EQ(t.Post("/api/v1/query", R"({"sql":"rows 9","id":"tab-0003"})").status, 200);
}

TEST(ConsoleQueryBlocks, ComeByAcceptAlsoForNextPages) {
  TestConsole t;
  const auto first = PostBlocks(t, R"({"sql":"rows 5","max_rows":4})");
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.headers.Find("Content-Type"), "application/vnd.tidemark.columns");
  const auto block = ReadBlocks(first.text)[0];
  EXPECT_EQ(block.header.Find("rows")->AsInt64(), 4);
  EXPECT_THAT(block.Values<int64_t>(0), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(Text(block.header, "watermark"), "null");
  EXPECT_NE(Text(block.header, "as_of"), "null");
  const std::string next = Text(block.header, "next");
  const auto second = PostBlocks(t, R"({"next":")" + next + "\"}");
  const auto last = ReadBlocks(second.text)[0];
  EXPECT_THAT(last.Values<int64_t>(0), ElementsAre(4));
  EXPECT_EQ(Text(last.header, "next"), "null");
  EXPECT_EQ(Text(*last.header.Find("progress"), "rows_total"), "5");
  // A block may have more rows than a page of JSON.
  EXPECT_EQ(PostBlocks(t, R"({"sql":"rows 5","max_rows":1000000})").status, 200);
  EXPECT_EQ(t.Post("/api/v1/query", R"({"sql":"rows 5","max_rows":1000000})").status, 400);
  EXPECT_EQ(PostBlocks(t, R"({"sql":"fail"})").headers.Find("Content-Type"), "application/json");
}

TEST(ConsoleQueryBlocks, ChartsGetAllOfAResultReduced) {
  TestConsole t;
  const auto answer = PostBlocks(t, R"({"sql":"points 50000","max_points":100,"max_rows":10})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  const auto block = ReadBlocks(answer.text)[0];
  EXPECT_TRUE(block.header.Find("reduced")->bool_value());
  EXPECT_EQ(Text(block.header, "next"), "null");
  EXPECT_GT(*block.header.Find("rows")->AsInt64(), 25);
  EXPECT_LE(*block.header.Find("rows")->AsInt64(), 100);
  EXPECT_EQ(t.engine.open, 0);
  // No time among the columns: pages as always.
  const auto pages = PostBlocks(t, R"({"sql":"rows 50","max_points":10,"max_rows":20})");
  const auto page = ReadBlocks(pages.text)[0];
  EXPECT_EQ(page.header.Find("rows")->AsInt64(), 20);
  EXPECT_FALSE(page.header.Find("reduced")->bool_value());
  EXPECT_NE(Text(page.header, "next"), "null");
  const auto json = t.Post("/api/v1/query", R"({"sql":"points 50000","max_points":100})");
  EXPECT_TRUE(json.body.Find("reduced")->bool_value());
}

TEST(ConsoleQueryMacros, ExpandAndErrorsHaveTheTypedPlace) {
  TestConsole t;
  const auto answer = t.Post(
      "/api/v1/query", R"({"sql":"rows $__interval_raw_ms","interval_ms":"3","from":"now-5m"})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(Text(answer.body, "expanded_sql"), "rows 3");
  EXPECT_EQ(answer.body.Find("rows")->array().size(), 3U);
  EXPECT_EQ(Text(t.Post("/api/v1/query", R"({"sql":"rows 1"})").body, "expanded_sql"), "null");

  const auto wrong = t.Post("/api/v1/query", R"({"sql":"rows $__timeFrom","from":"yesterday"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(Error(wrong, "field"), "from");
  // The engine's error is about line 2, column 30 of what the macro became.
  const auto placed = t.Post("/api/v1/query", R"({"sql":"place \n$__timeFrom nope"})");
  EXPECT_EQ(placed.body.Find("error")->Find("line")->AsInt64(), 2);
  EXPECT_EQ(placed.body.Find("error")->Find("column")->AsInt64(), 13) << placed.text;
}

// ---- section 3.4

std::string Validate(TestConsole& t, const std::string& sql, const std::string& more = "") {
  JsonWriter body;
  body.BeginObject().Key("sql").String(sql).EndObject();
  std::string text = std::move(body).Take();
  text.insert(text.size() - 1, more);
  const auto answer = t.Post("/api/v1/sql:validate", text);
  return answer.text;
}

TEST(ConsoleValidate, EveryStatementIsBoundAndNothingRuns) {
  TestConsole t;
  EXPECT_EQ(Validate(t, "rows 1; rows 2 ;"),
            R"({"statements":[{"start":0,"end":6},{"start":8,"end":14}],"expanded_sql":null,)"
            R"("diagnostics":[]})");
  EXPECT_EQ(t.engine.executed, 0);
  // The second statement's error, as the whole text has its place; \u00fc is one code point.
  EXPECT_EQ(Validate(t, "rows '\u00fc';\nplace x\n  nope + 1"),
            R"({"statements":[{"start":0,"end":8},{"start":10,"end":28}],"expanded_sql":null,)"
            R"("diagnostics":[{"severity":"error","line":3,"column":3,"end_line":3,"end_column":7,)"
            R"("message":"Column 'nope' does not exist","hint":null}]})");
  EXPECT_EQ(Validate(t, ""), R"({"statements":[],"expanded_sql":null,"diagnostics":[]})");
}

TEST(ConsoleValidate, MacrosAreExpandedAndPlacesTyped) {
  TestConsole t;
  EXPECT_EQ(Validate(t, "place $__table\n nope", R"(,"table":"t")"),
            R"({"statements":[{"start":0,"end":20}],"expanded_sql":"place \"t\"\n nope",)"
            R"("diagnostics":[{"severity":"error","line":2,"column":2,"end_line":2,"end_column":6,)"
            R"("message":"Column 'nope' does not exist","hint":null}]})");
  EXPECT_THAT(Validate(t, "rows $__table"), HasSubstr(R"("field":"table")"));
}

TEST(ConsoleValidate, IsBounded) {
  TestConsole t;
  std::string many;
  for (int i = 0; i < 101; ++i) many += "rows 1;";
  EXPECT_THAT(Validate(t, many), HasSubstr("more than 100 statements"));
  EXPECT_THAT(Validate(t, "rows " + std::string(300'000, '1')), HasSubstr("256 KiB"));
}

TEST(ConsoleValidate, FunctionsComeWithHelp) {
  TestConsole t;
  const auto answer = t.Get("/api/v1/sql/functions");
  ASSERT_EQ(answer.status, 200);
  EXPECT_THAT(answer.text, HasSubstr(R"({"name":"bin","kind":"scalar","signatures":["bin()"));
  EXPECT_THAT(answer.text, HasSubstr(R"("name":"$__timeFilter")"));
  EXPECT_THAT(answer.text, HasSubstr(R"("SELECT")"));
  auto again = t.MakeRequest("GET", "/api/v1/sql/functions");
  again.headers.Add("If-None-Match", std::string(*answer.headers.Find("ETag")));
  EXPECT_EQ(t.Send(again).status, 304);
}

}  // namespace
}  // namespace tidemark::console
