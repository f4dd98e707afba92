// SPDX-License-Identifier: Apache-2.0
// What asks about a view: web/API.md section 5.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

TEST(ViewToolRoutes, VerifyCountsWhatItCompared) {
  TestConsole t;
  for (int i = 0; i < 20; ++i) t.Put("a", i, t.Start() + seconds(60 * i));
  t.Advance(seconds(120));  // the other shard is idle
  t.Run();
  const auto answer = t.Get("/api/v1/views/v/verify");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body.Find("view")->string_value(), "v");
  EXPECT_GT(answer.body.Find("windows")->int_value(), 0);
  EXPECT_EQ(answer.body.Find("differences")->int_value(), 0);
  EXPECT_GE(answer.body.Find("points_read")->int_value(), 20);
  EXPECT_TRUE(answer.body.Find("rows")->array().empty());
  const auto none = t.Get("/api/v1/views/v/verify?from=now%2B10y");
  EXPECT_EQ(none.body.Find("windows")->int_value(), 0) << none.text;
  EXPECT_EQ(t.Get("/api/v1/views/v/verify?from=yesterday").status, 400);
  EXPECT_EQ(t.Get("/api/v1/views/none/verify").status, 404);
}

TEST(ViewToolRoutes, AdviceCoversWhatCameOutOfOrder) {
  TestConsole t;
  t.Put("a", 1, t.Start() + seconds(100));
  t.Put("a", 1, t.Start() + seconds(90));
  t.Put("a", 1, t.Start() + seconds(200));
  t.Run();
  const auto answer = t.Get("/api/v1/views/v/advice");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body.Find("points")->string_value(), "3");
  EXPECT_EQ(answer.body.Find("out_of_order")->string_value(), "1");
  EXPECT_EQ(answer.body.Find("out_of_order_max_ns")->string_value(), "10000000000");
  const auto& advice = answer.body.Find("advice")->array();
  ASSERT_EQ(advice.size(), 3U);
  EXPECT_EQ(advice[0].Find("quantile")->string_value(), "99");
  EXPECT_EQ(advice[0].Find("out_of_orderness_ns")->string_value(), "10000000000");
  EXPECT_EQ(t.Get("/api/v1/views/none/advice").status, 404);
}

TEST(ViewToolRoutes, ExplainsAPoint) {
  TestConsole t;
  t.Put("a", 1.5, t.Start() + seconds(100));
  t.Put("a", 2.5, t.Start() + seconds(100));
  t.Run();
  const std::string point = "/api/v1/explain/point?database=db&table=t&measure=cpu&time_ns=";
  const auto answer = t.Get(point + std::to_string((t.Start() + seconds(100)).ns) + "&dim.host=a");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_TRUE(answer.body.Find("found")->bool_value());
  const auto& versions = answer.body.Find("versions")->array();
  ASSERT_EQ(versions.size(), 2U) << answer.text;
  EXPECT_EQ(versions[0].Find("value")->string_value(), "1.5");
  EXPECT_FALSE(versions[0].Find("current")->bool_value());
  EXPECT_EQ(versions[1].Find("value")->string_value(), "2.5");
  EXPECT_TRUE(versions[1].Find("current")->bool_value());
  EXPECT_EQ(versions[1].Find("pipeline")->string_value(), "p");
  EXPECT_FALSE(versions[1].Find("sequence")->string_value().empty());
  const auto& views = answer.body.Find("views")->array();
  ASSERT_EQ(views.size(), 1U);
  EXPECT_EQ(views[0].Find("windows")->array().size(), 1U);

  const auto near = t.Get(point + std::to_string((t.Start() + seconds(99)).ns) + "&dim.host=a");
  EXPECT_FALSE(near.body.Find("found")->bool_value());
  EXPECT_EQ(near.body.Find("nearest")->array()[0].string_value(),
            std::to_string((t.Start() + seconds(100)).ns));
  const auto unknown = t.Get(point + "0&dim.host=b");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.text, testing::HasSubstr("there are host=a"));
  EXPECT_EQ(t.Get("/api/v1/explain/point?database=db&table=t&measure=cpu").status, 400);
}

TEST(ViewToolRoutes, SimulationsTakeSettingsByName) {
  TestConsole t;
  const auto answer = t.Post("/api/v1/views/v:simulate", R"({"settings":{"late":"freeze"}})");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_THAT(t.admin->calls, testing::Contains("simulate late=freeze"));
  EXPECT_EQ(answer.body.Find("differences")->int_value(), 1);
  EXPECT_EQ(answer.body.Find("rows")->array()[0].Find("difference")->string_value(), "gone");
  EXPECT_EQ(t.Post("/api/v1/views/v:simulate", "{}").status, 400);
  EXPECT_EQ(t.Post("/api/v1/views/none:simulate", R"({"settings":{"late":"freeze"}})").status, 404);
}

TEST(ViewToolRoutes, DropsAViewAndKeepsItsRowsIfWanted) {
  TestConsole t;
  EXPECT_EQ(t.Delete("/api/v1/views/v?rows=keep").status, 204);
  EXPECT_THAT(t.admin->calls, testing::Contains("drop v keep"));
  EXPECT_EQ(t.Delete("/api/v1/views/v?rows=maybe").status, 400);
  EXPECT_EQ(t.Delete("/api/v1/views/none").status, 404);
}

}  // namespace
}  // namespace tidemark::console
