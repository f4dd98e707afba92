// SPDX-License-Identifier: Apache-2.0
// The calls of web/API.md section 8, as literal requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/test_console.h"
#include "http/testing/recorder.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const TestConsole::Answer& answer, std::string_view member = "code") {
  const JsonValue* error = answer.body.Find("error");
  const JsonValue* value = error != nullptr ? error->Find(member) : nullptr;
  return value != nullptr && value->is_string() ? value->string_value() : "(none)";
}

TEST(ConsoleStore, StatsHaveExactlyTheDocumentedMembers) {
  TestConsole t;
  const TableId table = t.logs.catalog->GetTable("db", "t").value().id;
  t.store_admin.report.tables.push_back({table, 300, 7, 4096, 2, 30});
  t.store_admin.report.dict_bytes = 11;
  t.store_admin.report.journal_bytes = 12;
  t.store_admin.report.write_amplification = 1.5;
  t.store_admin.report.memory_bytes = {{"frozen", 2}, {"memory", 1}};
  const auto answer = t.Get("/api/v1/store");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text,
            R"({"tables":[{"database":"db","table":"t","points":300,"series":7,"bytes":4096,)"
            R"("block_files":2,"overlay_points":30}],"dict_bytes":11,"journal_bytes":12,)"
            R"("write_amplification":1.5,"memory":{"frozen":2,"memory":1}})");
}

/// Sends and leaves the answer open.
struct Later {
  Later(TestConsole& t, const std::string& path, std::string body) {
    http::Request request = t.MakeRequest("POST", path);
    request.headers.Add("X-Console", "1");
    request.body = std::move(body);
    t.service->Handle(std::move(request), recorder.MakeResponder());
    t.Run();
  }
  http::Recorder recorder;
};

TEST(ConsoleStore, FlushAnswersOnceTheStoreIsDone) {
  TestConsole t;
  Later flush(t, "/api/v1/store:flush", "");
  EXPECT_FALSE(flush.recorder.response());
  ASSERT_EQ(t.store_admin.waiting.size(), 1U);
  t.store_admin.waiting[0]({});
  ASSERT_TRUE(flush.recorder.response());
  EXPECT_EQ(flush.recorder.response()->status, 200);

  Later full(t, "/api/v1/store:flush", "{}");
  t.store_admin.waiting[1](Error{Code::kNoSpace, "the disk is full"});
  ASSERT_TRUE(full.recorder.response());
  EXPECT_EQ(full.recorder.response()->status, 500);
  EXPECT_THAT(full.recorder.response()->body, HasSubstr("the disk is full"));
}

TEST(ConsoleStore, AFlushMayOutliveTheService) {
  TestConsole t;
  Later flush(t, "/api/v1/store:flush", "");
  t.service.reset();
  t.store_admin.waiting[0](Error{Code::kUnavailable, "stopping"});
  ASSERT_TRUE(flush.recorder.response());
  EXPECT_EQ(flush.recorder.response()->status, 503);
}

TEST(ConsoleStore, CompactTakesItsMode) {
  TestConsole t;
  Later due(t, "/api/v1/store:compact", "");
  Later full(t, "/api/v1/store:compact", R"({"full":true})");
  Later also_due(t, "/api/v1/store:compact", R"({"full":false})");
  EXPECT_THAT(t.store_admin.modes, ElementsAre(store::CompactMode::kDue, store::CompactMode::kFull,
                                               store::CompactMode::kDue));
  EXPECT_EQ(t.Post("/api/v1/store:compact", R"({"full":1})").status, 400);
  EXPECT_EQ(t.Post("/api/v1/store:compact", R"({"all":true})").status, 400);
  EXPECT_EQ(t.Get("/api/v1/store:compact").status, 405);
  for (auto& done : t.store_admin.waiting) done({});
}

TEST(ConsoleStore, DamageIsAProblemUntilAndAfterItIsAccepted) {
  TestConsole t;
  store::DamagedFile damaged;
  damaged.file = "0000000123.tsb";
  damaged.time = {EventTime{0}, EventTime{60'000'000'000}};
  damaged.reason = "chunk 7 fails its checksum";
  t.store_admin.report.damaged.push_back(damaged);
  t.store_admin.report.clock_warning = "the wall clock jumped";
  auto overview = t.Get("/api/v1/overview").text;
  EXPECT_THAT(overview, HasSubstr("store:0000000123.tsb"));
  EXPECT_THAT(overview, HasSubstr("chunk 7 fails its checksum"));
  EXPECT_THAT(overview, HasSubstr("tidemark store accept-gap 0000000123.tsb"));
  EXPECT_THAT(overview, HasSubstr("the wall clock jumped"));
  EXPECT_THAT(overview, HasSubstr(R"("health":"warn")"));

  auto wrong = t.Post("/api/v1/store:acceptGap", R"({"file":"other.tsb"})");
  EXPECT_EQ(wrong.status, 404);
  EXPECT_EQ(ErrorOf(wrong), "file_not_found");
  EXPECT_EQ(t.Post("/api/v1/store:acceptGap", "{}").status, 400);
  EXPECT_EQ(t.Post("/api/v1/store:acceptGap", R"({"file":"0000000123.tsb"})").status, 200);
  overview = t.Get("/api/v1/overview").text;
  EXPECT_THAT(overview, HasSubstr("known gap"));
}

TEST(ConsoleStore, BackupsAreMadeOrRefusedByName) {
  TestConsole t;
  const auto made = t.Post("/api/v1/backups", R"({"path":"/backups/a"})");
  EXPECT_EQ(made.status, 200) << made.text;
  EXPECT_EQ(made.text, R"({"path":"/backups/a","position":"0:7","files":"3","bytes":"4096"})");
  EXPECT_THAT(t.admin->calls, ElementsAre("backup /backups/a"));
  EXPECT_EQ(t.Post("/api/v1/backups", R"({"path":"/backups/taken"})").status, 409);
  const auto outside = t.Post("/api/v1/backups", R"({"path":"/etc"})");
  EXPECT_EQ(outside.status, 400);
  EXPECT_THAT(ErrorOf(outside, "message"), HasSubstr("not below /backups"));
  EXPECT_EQ(t.Post("/api/v1/backups", R"({"path":5})").status, 400);
  EXPECT_EQ(t.Post("/api/v1/backups", R"({"dir":"/backups/a"})").status, 400);
}

TEST(ConsoleStore, ViewsPauseAndResumeByName) {
  TestConsole t;
  EXPECT_EQ(t.Post("/api/v1/views/v:pause", "{}").status, 200);
  EXPECT_EQ(t.Post("/api/v1/views/v:resume", "").status, 200);
  EXPECT_THAT(t.admin->calls, ElementsAre("pause v", "resume v"));
  const auto missing = t.Post("/api/v1/views/w:pause", "{}");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(ErrorOf(missing), "view_not_found");
  EXPECT_EQ(t.Post("/api/v1/views/:pause", "{}").status, 405);  // no name: GET views/* is there
}

}  // namespace
}  // namespace tidemark::console
