// SPDX-License-Identifier: Apache-2.0
// Saved queries, dashboards, shares and panels: web/API.md sections 11 to 14.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/dashboard_definition_internal.h"
#include "api/console/json_fault_internal.h"
#include "api/console/testing/read_block.h"
#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Answer = TestConsole::Answer;

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  return value->is_null() ? "null" : value->string_value();
}

std::string Error(const Answer& answer, std::string_view member = "code") {
  const JsonValue* error = answer.body.Find("error");
  return error == nullptr ? answer.text : Text(*error, member);
}

std::string ETag(const Answer& answer) {
  return std::string(answer.headers.Find("ETag").value_or("(none)"));
}

std::vector<std::string> Ids(const Answer& answer) {
  std::vector<std::string> out;
  for (const JsonValue& item : answer.body.Find("items")->array()) out.push_back(Text(item, "id"));
  return out;
}

// ---- saved queries

constexpr std::string_view kQuery =
    R"({"id":"q1","name":"cpu <by> \u05d0","sql":"SELECT 1","range":{"from":"now-1h","to":"now"},)"
    R"("tags":["cpu"]})";

TEST(SavedQueries, AreKeptChangedAndRemoved) {
  TestConsole t;
  const auto made = t.Post("/api/v1/saved-queries", std::string(kQuery));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(Text(made.body, "name"), "cpu <by> \u05d0");
  EXPECT_EQ(Text(made.body, "database"), "null");
  EXPECT_EQ(Text(made.body, "etag"), ETag(made));
  EXPECT_EQ(t.Post("/api/v1/saved-queries", std::string(kQuery)).status, 409);
  EXPECT_EQ(t.Get("/api/v1/saved-queries/q1").text, made.text);

  const std::string change = R"({"name":"renamed","sql":"SELECT 2"})";
  const auto without = t.Call("PUT", "/api/v1/saved-queries/q1", change, {});
  EXPECT_EQ(without.status, 428);
  EXPECT_EQ(Error(without), "precondition_required");
  const auto changed =
      t.Call("PUT", "/api/v1/saved-queries/q1", change, {{"If-Match", ETag(made)}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body.Find("range")->kind(), JsonValue::Kind::kNull);
  EXPECT_NE(ETag(changed), ETag(made));
  // Two browser tabs: the second is shown what the first stored.
  const auto late = t.Call("PUT", "/api/v1/saved-queries/q1", change, {{"If-Match", ETag(made)}});
  EXPECT_EQ(late.status, 412);
  EXPECT_EQ(Text(*late.body.Find("error")->Find("current"), "sql"), "SELECT 2");

  EXPECT_EQ(t.Delete("/api/v1/saved-queries/q1").status, 428);
  EXPECT_EQ(t.Call("DELETE", "/api/v1/saved-queries/q1", "", {{"If-Match", ETag(changed)}}).status,
            204);
  EXPECT_EQ(Error(t.Get("/api/v1/saved-queries/q1")), "saved_query_not_found");
}

TEST(SavedQueries, ListsAreCutSoughtAndSorted) {
  TestConsole t;
  for (const char* name : {"Beta", "alpha", "gamma alp"}) {
    const auto made = t.Post("/api/v1/saved-queries", std::string(R"({"id":")") + name[0] +
                                                          R"(","sql":"s","name":")" + name + "\"}");
    ASSERT_EQ(made.status, 201);
    t.Advance(seconds(1));
  }
  EXPECT_THAT(Ids(t.Get("/api/v1/saved-queries")), ElementsAre("a", "B", "g"));
  EXPECT_THAT(Ids(t.Get("/api/v1/saved-queries?q=ALP")), ElementsAre("a", "g"));
  EXPECT_THAT(Ids(t.Get("/api/v1/saved-queries?sort=-created")), ElementsAre("g", "a", "B"));
  const auto page = t.Get("/api/v1/saved-queries?limit=2");
  EXPECT_THAT(Ids(page), ElementsAre("a", "B"));
  EXPECT_EQ(page.body.Find("total")->AsInt64(), 3);
  const auto rest = t.Get("/api/v1/saved-queries?limit=2&cursor=" + Text(page.body, "next_cursor"));
  EXPECT_THAT(Ids(rest), ElementsAre("g"));
  EXPECT_EQ(Text(rest.body, "next_cursor"), "null");
  EXPECT_EQ(t.Get("/api/v1/saved-queries?sort=color").status, 400);
  EXPECT_EQ(t.Get("/api/v1/saved-queries?limit=0").status, 400);
}

TEST(SavedQueries, AreBoundedInNumberAndSize) {
  TestConsole t;
  const auto post = [&](const std::string& member, const std::string& value) {
    return Error(t.Post("/api/v1/saved-queries",
                        R"({"name":"n","sql":"s",")" + member + "\":" + value + "}"),
                 "field");
  };
  EXPECT_EQ(post("description", "\"" + std::string(4097, 'x') + "\""), "description");
  EXPECT_EQ(post("id", R"("a/b")"), "id");
  EXPECT_EQ(post("range", R"({"from":"now"})"), "range");
  EXPECT_EQ(post("tags", R"([""])"), "tags");
  EXPECT_EQ(t.Post("/api/v1/saved-queries", R"({"name":"n"})").status, 400);
  for (int i = 0; i < 1000; ++i) {
    catalog::SavedQueryDef def{.name = "n" + std::to_string(i), .title = "t", .sql = "s"};
    ASSERT_TRUE(t.logs.catalog->CreateSavedQuery(def).ok());
  }
  EXPECT_EQ(t.Post("/api/v1/saved-queries", R"({"name":"n","sql":"s"})").status, 409);
}

// ---- dashboards

std::string Definition(const std::string& title) {
  return R"({"schema":1,"title":")" + title +
         R"(","z":1,"a":[2,0.5,null],"variables":[{"name":"host","default":"a"}],"panels":[)"
         R"({"id":"p1","queries":[{"sql":"rows 3","database":"db","table":"t"}]},)"
         R"({"id":"p2","queries":[{"sql":"points 5000"},{"sql":"fail"}],"max_points":100}]})";
}

Answer Create(TestConsole& t, const std::string& id) {
  return t.Post("/api/v1/dashboards",
                R"({"id":")" + id + R"(","definition":)" + Definition("One") + "}");
}

Answer Publish(TestConsole& t, const std::string& id, const std::string& etag) {
  return t.Call("POST", "/api/v1/dashboards/" + id + ":publish", R"({"message":"m"})",
                {{"If-Match", etag}});
}

TEST(Dashboards, HaveADraftAndPublishedVersions) {
  TestConsole t;
  const auto made = Create(t, "ec2");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(Text(made.body, "title"), "One");
  // As it was written: the order of members is part of the file.
  EXPECT_THAT(made.text, HasSubstr("\"draft\":" + Definition("One")));
  EXPECT_TRUE(made.body.Find("published")->is_null());

  const auto first = Publish(t, "ec2", ETag(made));
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_TRUE(first.body.Find("draft")->is_null());
  EXPECT_EQ(Text(*first.body.Find("published"), "version"), "1");
  EXPECT_EQ(Publish(t, "ec2", ETag(first)).status, 409) << "no draft";

  const auto draft =
      t.Call("PUT", "/api/v1/dashboards/ec2", R"({"definition":)" + Definition("Two") + "}",
             {{"If-Match", ETag(first)}});
  ASSERT_EQ(draft.status, 200) << draft.text;
  EXPECT_EQ(Text(*draft.body.Find("published")->Find("definition"), "title"), "One");
  const auto item = t.Get("/api/v1/dashboards");
  EXPECT_EQ(Text(item.body.Find("items")->array()[0], "title"), "Two");
  EXPECT_TRUE(item.body.Find("items")->array()[0].Find("has_draft")->bool_value());

  const auto conflict =
      t.Call("PUT", "/api/v1/dashboards/ec2", R"({"definition":)" + Definition("Three") + "}",
             {{"If-Match", ETag(first)}});
  EXPECT_EQ(conflict.status, 412);
  EXPECT_EQ(Text(*conflict.body.Find("error")->Find("current"), "title"), "Two");

  const auto second = Publish(t, "ec2", ETag(draft));
  EXPECT_EQ(Text(*second.body.Find("published"), "version"), "2");
  const auto versions = t.Get("/api/v1/dashboards/ec2/versions");
  EXPECT_EQ(versions.body.Find("items")->array().size(), 2U);
  EXPECT_EQ(Text(*t.Get("/api/v1/dashboards/ec2/versions/1").body.Find("definition"), "title"),
            "One");
  const auto back = t.Call("POST", "/api/v1/dashboards/ec2:revert", R"({"version":"1"})",
                           {{"If-Match", ETag(second)}});
  EXPECT_EQ(Text(*back.body.Find("draft"), "title"), "One");
  const auto dropped =
      t.Call("POST", "/api/v1/dashboards/ec2:revert", "{}", {{"If-Match", ETag(back)}});
  EXPECT_TRUE(dropped.body.Find("draft")->is_null());
  EXPECT_EQ(t.Call("DELETE", "/api/v1/dashboards/ec2", "", {{"If-Match", "*"}}).status, 204);
  EXPECT_EQ(Error(t.Get("/api/v1/dashboards/ec2")), "dashboard_not_found");
}

TEST(Dashboards, AStackPublishesWhatDiffersAndKeepsDrafts) {
  TestConsole t;
  const auto apply = [&t](const std::string& definition) {
    JsonWriter body;
    body.BeginObject().Key("text").String("x").Key("files").BeginObject();
    body.Key("ec2").String(definition).EndObject().EndObject();
    return t.Post("/api/v1/stack:apply", body.text());
  };
  const auto action = [](const Answer& answer) {
    return Text(answer.body.Find("items")->array().back(), "action");
  };
  using Presence = DashboardKeeper::Presence;
  const auto word = [](Presence presence) { return std::to_string(static_cast<int>(presence)); };
  EXPECT_EQ(action(apply(Definition("One"))), word(Presence::kMissing));
  const auto made = t.Get("/api/v1/dashboards/ec2");
  EXPECT_EQ(Text(made.body, "source"), "stack");
  EXPECT_EQ(Text(*made.body.Find("published"), "version"), "1");
  EXPECT_TRUE(made.body.Find("draft")->is_null());
  // Blanks of the file are no difference.
  EXPECT_EQ(action(apply(" " + Definition("One"))), word(Presence::kSame));
  const auto draft =
      t.Call("PUT", "/api/v1/dashboards/ec2", R"({"definition":)" + Definition("Mine") + "}",
             {{"If-Match", ETag(made)}});
  ASSERT_EQ(draft.status, 200) << draft.text;
  EXPECT_EQ(action(apply(Definition("Two"))), word(Presence::kDiffers));
  const auto changed = t.Get("/api/v1/dashboards/ec2");
  EXPECT_EQ(Text(*changed.body.Find("published"), "version"), "2");
  EXPECT_EQ(Text(*changed.body.Find("draft"), "title"), "Mine");
  EXPECT_NE(ETag(changed), ETag(draft)) << "an editor must see that it changed";
  EXPECT_EQ(Error(apply("{\n \"schema\": 1,\n \"title\" \"x\"}"), "message"),
            "line 3, column 10: expected :");
  EXPECT_EQ(Error(apply("{\"schema\": 1}"), "message"), "the definition needs a title");
}

TEST(JsonFault, NamesThePlace) {
  const auto at = [](std::string_view text) {
    const auto fault = FindJsonFault(text);
    if (!fault) return std::string("none");
    return std::to_string(fault->line) + ":" + std::to_string(fault->column) + " " + fault->message;
  };
  EXPECT_EQ(at(R"({"a":[1,-2.5e3,true,null,"x\"y",{}],"b":[]})"), "none");
  EXPECT_EQ(at("{\n\"a\": 1,\n}"), "3:1 expected a name in double quotes");
  EXPECT_EQ(at("[1 2]"), "1:4 expected , or ]");
  EXPECT_EQ(at("[1,]"), "1:4 expected a value");
  EXPECT_EQ(at("{\"a\""), "1:5 the file ends within an object");
  EXPECT_EQ(at("\n\"ab"), "2:1 the string does not end on its line");
  EXPECT_EQ(at("{} {}"), "1:4 there is something behind the end");
  EXPECT_EQ(at(" "), "1:2 a value is missing");
}

TEST(Dashboards, DefinitionsAreCheckedAndBounded) {
  TestConsole t;
  const auto post = [&](const std::string& definition) {
    return Error(t.Post("/api/v1/dashboards", R"({"definition":)" + definition + "}"), "message");
  };
  EXPECT_EQ(post("[]"), "the definition must be a JSON object");
  EXPECT_EQ(post(R"({"schema":2,"title":"x"})"), "the definition needs \"schema\": 1");
  EXPECT_EQ(post(R"({"schema":1})"), "the definition needs a title");
  EXPECT_EQ(post(R"({"schema":1,"title":"x","panels":[{"id":"a"},{"id":"a"}]})"),
            "two panels have the id a");
  EXPECT_EQ(post(R"({"schema":1,"title":"x","text":")" + std::string(1 << 20, 'x') + "\"}"),
            "it is larger than 1 MiB");
  // 50 versions at most, and 8 MiB of them together.
  auto last = t.Post("/api/v1/dashboards", R"({"id":"big","definition":)" + Definition("v") + "}");
  for (int i = 0; i < 60; ++i) {
    const std::string text(i < 55 ? 10 : 1'000'000, 'x');
    last = t.Call("PUT", "/api/v1/dashboards/big",
                  R"({"definition":{"schema":1,"title":"v","text":")" + text + "\"}}",
                  {{"If-Match", "*"}});
    last = Publish(t, "big", "*");
    ASSERT_EQ(last.status, 200);
    if (i == 54) {
      EXPECT_EQ(t.Get("/api/v1/dashboards/big/versions").body.Find("items")->array().size(), 50U);
    }
  }
  for (int i = 0; i < 10; ++i) {
    t.Call(
        "PUT", "/api/v1/dashboards/big",
        R"({"definition":{"schema":1,"title":"v","text":")" + std::string(1'000'000, 'x') + "\"}}",
        {{"If-Match", "*"}});
    Publish(t, "big", "*");
  }
  EXPECT_EQ(t.Get("/api/v1/dashboards/big/versions").body.Find("items")->array().size(), 8U);
}

// ---- shares

struct Shared {
  std::string token;
  std::string id;
};

Shared Share(TestConsole& t, const std::string& body = "{}") {
  const auto made = Create(t, "ec2");
  EXPECT_EQ(t.Post("/api/v1/dashboards/ec2/shares", "{}").status, 409) << "nothing is published";
  EXPECT_EQ(Publish(t, "ec2", ETag(made)).status, 200);
  const auto share = t.Post("/api/v1/dashboards/ec2/shares", body);
  EXPECT_EQ(share.status, 201) << share.text;
  EXPECT_EQ(Text(share.body, "url"), "http://127.0.0.1:4580/ui/share#" + Text(share.body, "token"));
  return {Text(share.body, "token"), Text(share.body, "id")};
}

Answer With(TestConsole& t, const std::string& token, std::string method, const std::string& path,
            std::string body = "") {
  return t.Call(std::move(method), path, std::move(body), {{"Authorization", "Bearer " + token}});
}

TEST(Shares, ReadOneDashboardAndChangeNothing) {
  TestConsole t;
  const Shared share = Share(t);
  const auto seen = With(t, share.token, "GET", "/api/v1/share");
  ASSERT_EQ(seen.status, 200) << seen.text;
  EXPECT_EQ(Text(*seen.body.Find("definition"), "title"), "One");
  EXPECT_EQ(Text(seen.body, "version"), "1");
  EXPECT_EQ(With(t, share.token, "GET", "/api/v1/info").status, 200);
  EXPECT_EQ(
      With(t, share.token, "GET", "/api/v1/databases/db/tables/t/revisions?measure=avg_cpu").status,
      200);
  EXPECT_EQ(
      With(t, share.token, "GET", "/api/v1/databases/db/tables/u/revisions?measure=avg_cpu").status,
      403);
  const std::vector<std::pair<std::string, std::string>> refused{
      {"POST", "/api/v1/query"},
      {"GET", "/api/v1/dashboards"},
      {"GET", "/api/v1/dashboards/ec2"},
      {"PUT", "/api/v1/dashboards/ec2"},
      {"DELETE", "/api/v1/dashboards/ec2"},
      {"POST", "/api/v1/dashboards/ec2:publish"},
      {"POST", "/api/v1/dashboards/ec2/shares"},
      {"POST", "/api/v1/pipelines/p/stop"},
      {"POST", "/api/v1/stack:apply"},
      {"GET", "/api/v1/settings"},
      {"GET", "/api/v1/saved-queries"},
      {"POST", "/api/v1/store:flush"},
      {"GET", "/api/v1/live?topics=graph"},
      {"GET", "/api/v1/live?topics=table:db.other"}};
  for (const auto& [method, path] : refused) {
    EXPECT_EQ(With(t, share.token, method, path, "{}").status, 403) << method << " " << path;
  }
  // The page is everybody's; what it shows is not.
  EXPECT_EQ(t.Get("/ui/share").status, 200);
  EXPECT_EQ(t.Get("/api/v1/share").status, 401);
}

TEST(Shares, EndWhenTheyExpireAreTakenBackOrTheDashboardGoes) {
  TestConsole t;
  const std::string expires = std::to_string((t.logs.clock.Now().AsEventTime() + seconds(60)).ns);
  const Shared share = Share(t, R"({"expires":")" + expires + "\"}");
  EXPECT_EQ(With(t, share.token, "GET", "/api/v1/share").status, 200);
  t.Advance(seconds(61));
  const auto late = With(t, share.token, "GET", "/api/v1/share");
  EXPECT_EQ(late.status, 401);
  EXPECT_EQ(Error(late), "invalid_token");
  EXPECT_EQ(With(t, "guessed", "GET", "/api/v1/overview").status, 401);

  const auto other = t.Post("/api/v1/dashboards/ec2/shares", "{}");
  const std::string token = Text(other.body, "token");
  EXPECT_EQ(With(t, token, "GET", "/api/v1/share").status, 200);
  // The token is kept nowhere, not even in the catalog.
  const auto dashboard = t.logs.catalog->GetDashboard("ec2");
  for (const auto& kept : dashboard->shares) {
    EXPECT_NE(kept.digest, token);
  }
  EXPECT_THAT(t.Get("/api/v1/dashboards/ec2/shares").text, ::testing::Not(HasSubstr(token)));
  EXPECT_EQ(t.Delete("/api/v1/dashboards/ec2/shares/" + Text(other.body, "id")).status, 204);
  EXPECT_EQ(With(t, token, "GET", "/api/v1/share").status, 401);
  EXPECT_EQ(t.Delete("/api/v1/dashboards/ec2/shares/s-none").status, 404);

  const std::string third = Text(t.Post("/api/v1/dashboards/ec2/shares", "{}").body, "token");
  EXPECT_EQ(t.Call("DELETE", "/api/v1/dashboards/ec2", "", {{"If-Match", "*"}}).status, 204);
  EXPECT_EQ(With(t, third, "GET", "/api/v1/share").status, 401);
}

// ---- panels

TEST(Panels, RunTheQueriesThatAreNamed) {
  TestConsole t;
  Create(t, "ec2");
  const auto ask = [&](const std::string& queries) {
    return t.Post("/api/v1/panels:data",
                  R"({"dashboard":"ec2","version":"draft","panels":[{"id":"p2","queries":)" +
                      queries + "}]}");
  };
  const auto one = ask("[1]");
  ASSERT_EQ(one.status, 200) << one.text;
  ASSERT_EQ(one.body.Find("panels")->array().size(), 1U);
  EXPECT_EQ(one.body.Find("panels")->array()[0].Find("query")->AsInt64(), 1);
  EXPECT_TRUE(ask("[]").body.Find("panels")->array().empty());
  for (const char* wrong : {"[2]", "[-1]", "[0,0]", "[0.5]", "[\"0\"]", "0"}) {
    EXPECT_EQ(Error(ask(wrong), "field"), "panels.queries") << wrong;
  }
}

TEST(Panels, NowOfMacrosIsTheTimeThatIsAskedFor) {
  TestConsole t;
  const auto ask = [&](const std::string& members) {
    const auto answer =
        t.Post("/api/v1/panels:data",
               R"({"from":"now-1h","panels":[{"sql":"rows $__now_ms"}])" + members + "}");
    return Text(answer.body.Find("panels")->array()[0], "expanded_sql");
  };
  EXPECT_EQ(ask(R"(,"as_of":"5000000000")"), "rows 5000");
  EXPECT_NE(ask(""), "rows 5000");
}

TEST(Panels, ManyQueriesComeInOneAnswer) {
  TestConsole t;
  Create(t, "ec2");
  auto request = t.MakeRequest("POST", "/api/v1/panels:data");
  request.headers.Add("X-Console", "1");
  request.headers.Add("Accept", "application/vnd.tidemark.columns");
  request.body = R"({"dashboard":"ec2","version":"draft","panels":[{"id":"p1"},{"id":"p2"},)"
                 R"({"id":"own","sql":"rows 9","max_rows":4}]})";
  const auto answer = t.Send(request);
  ASSERT_EQ(answer.status, 200) << answer.text;
  const auto blocks = ReadBlocks(answer.text);
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(Text(blocks[0].header, "panel"), "p1");
  EXPECT_EQ(blocks[0].header.Find("rows")->AsInt64(), 3);
  EXPECT_TRUE(blocks[1].header.Find("reduced")->bool_value());
  EXPECT_EQ(blocks[2].header.Find("query")->AsInt64(), 1);
  EXPECT_EQ(Text(*blocks[2].header.Find("error"), "code"), "invalid_sql");
  EXPECT_EQ(blocks[3].header.Find("rows")->AsInt64(), 4);
  EXPECT_TRUE(blocks[3].header.Find("truncated")->bool_value());
  EXPECT_EQ(t.engine.open, 0);

  const auto json = t.Post("/api/v1/panels:data", R"({"panels":[{"id":"x","sql":"rows 1"}]})");
  const JsonValue& panel = json.body.Find("panels")->array()[0];
  EXPECT_EQ(Text(panel, "panel"), "x");
  EXPECT_EQ(panel.Find("rows")->array().size(), 1U);
  EXPECT_EQ(Error(t.Post("/api/v1/panels:data", R"({"panels":[{"id":"none"}]})")),
            "panel_not_found");
  std::string many = "{\"sql\":\"rows 1\"}";
  for (int i = 0; i < 32; ++i) many += ",{\"sql\":\"rows 1\"}";
  EXPECT_EQ(t.Post("/api/v1/panels:data", R"({"panels":[)" + many + "]}").status, 400);
}

TEST(Panels, OfALinkAreThePublishedOnesOnly) {
  TestConsole t;
  const Shared share = Share(t, R"({"variables":{"host":["a","b"]}})");
  const auto post = [&](const std::string& body) {
    return With(t, share.token, "POST", "/api/v1/panels:data", body);
  };
  EXPECT_EQ(post(R"({"panels":[{"id":"p1"}]})").status, 200);
  EXPECT_EQ(
      post(R"({"dashboard":"ec2","variables":{"host":["a","b"]},"panels":[{"id":"p1"}]})").status,
      200);
  EXPECT_EQ(post(R"({"panels":[{"id":"p1","sql":"rows 1"}]})").status, 403);
  EXPECT_EQ(post(R"({"panels":[{"id":"p1","table":"other"}]})").status, 403);
  EXPECT_EQ(post(R"({"variables":{"host":"c"},"panels":[{"id":"p1"}]})").status, 403);
  EXPECT_EQ(post(R"({"version":"draft","panels":[{"id":"p1"}]})").status, 403);
  EXPECT_EQ(post(R"({"dashboard":"other","panels":[{"id":"p1"}]})").status, 403);
}

TEST(Variables, BecomeLiterals) {
  const Variables variables{{"host", {"a'b", "c"}}, {"one", {"x'y"}}, {"none", {}}};
  const auto replaced = [&](std::string_view sql) {
    std::string out;
    const auto failure = ReplaceVariables(sql, variables, out);
    return failure ? "400 " + failure->field : out;
  };
  EXPECT_EQ(replaced("h IN ($host) AND o = ${one}"), "h IN ('a''b','c') AND o = 'x''y'");
  EXPECT_EQ(replaced("h IN ('$host')"), "h IN ('a''b','c')");
  EXPECT_EQ(replaced("o LIKE '%$one%' OR p = '$5'"), "o LIKE '%x''y%' OR p = '$5'");
  EXPECT_EQ(replaced("-- $host\n/* $host */ \"$host\" $__timeFilter"),
            "-- $host\n/* $host */ \"$host\" $__timeFilter");
  EXPECT_EQ(replaced("$none"), "400 variables.none");
  EXPECT_EQ(replaced("$other"), "400 variables.other");
  EXPECT_EQ(replaced("'it''s' || '$one'"), "'it''s' || 'x''y'");
}

TEST(Variables, LeaveOutClausesOfAll) {
  const Variables variables{{"all", {}}, {"one", {"x"}}};
  const auto replaced = [&](std::string_view sql) {
    std::string out;
    const auto failure = ReplaceVariables(sql, variables, out);
    return failure ? "400 " + failure->field : out;
  };
  EXPECT_EQ(replaced("a [[AND h IN ($all)]] b"), "a  b");
  EXPECT_EQ(replaced("a [[AND h IN ($one)]] b"), "a AND h IN ('x') b");
  EXPECT_EQ(replaced("[[h = '${all}']][[AND o = '$one']]"), "AND o = 'x'");
  EXPECT_EQ(replaced("[[h IN ($all) OR o = $one]]"), "");
  // One that nobody gave is a mistake, not All.
  EXPECT_EQ(replaced("[[h = $other]]"), "400 variables.other");
  EXPECT_EQ(replaced("[[1]] || '[[$one]]' -- [[$all]]"), "[[1]] || '[[x]]' -- [[$all]]");
  EXPECT_EQ(replaced("a[[$one"), "a[['x'");
}

}  // namespace
}  // namespace tidemark::console
