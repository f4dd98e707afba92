// SPDX-License-Identifier: Apache-2.0
// The event stream of web/API.md section 6.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/testing/test_console.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// One reader's connection.
class Reader {
 public:
  Reader(TestConsole& t, const std::string& topics, const std::string& last_event_id = {}) : t_(t) {
    auto request = t.MakeRequest("GET", "/api/v1/live?topics=" + topics);
    request.headers.Add("Accept", "text/event-stream");
    if (!last_event_id.empty()) request.headers.Add("Last-Event-ID", last_event_id);
    t.service->Handle(std::move(request), recorder_.MakeResponder());
    t.Run();
  }

  /// What came since the last call.
  std::vector<SseEvent> Take() {
    t_.Run();
    auto all = ParseEvents(recorder_.streamed());
    std::vector<SseEvent> out(all.begin() + static_cast<std::ptrdiff_t>(taken_), all.end());
    taken_ = all.size();
    return out;
  }
  std::vector<std::string> Names() {
    std::vector<std::string> out;
    for (const SseEvent& event : Take()) out.push_back(event.name);
    return out;
  }
  http::Recorder& recorder() { return recorder_; }

 private:
  TestConsole& t_;
  http::Recorder recorder_;
  size_t taken_ = 0;
};

std::vector<std::string> Texts(const JsonValue& list) {
  std::vector<std::string> out;
  for (const JsonValue& item : list.array()) out.push_back(item.string_value());
  return out;
}

int64_t NumberOf(const SseEvent& event) {
  return std::stoll(event.id.substr(event.id.find('-') + 1));
}

TEST(ConsoleLive, BeginsWithRetryAndHello) {
  TestConsole t;
  Reader reader(t, "graph");
  const auto response = reader.recorder().response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->headers.Find("Content-Type"), "text/event-stream");
  EXPECT_EQ(response->headers.Find("X-Accel-Buffering"), "no");
  EXPECT_THAT(reader.recorder().streamed(), StartsWith("retry: 2000\n\nid: "));
  const auto events = reader.Take();
  ASSERT_GE(events.size(), 2U);
  EXPECT_EQ(events[0].name, "hello");
  EXPECT_EQ(events[0].data.Find("version")->string_value(), "0.1.0");
  EXPECT_FALSE(events[0].data.Find("resumed")->bool_value());
  EXPECT_EQ(events[1].name, "graph");
  for (const char* member :
       {"topic", "at", "overview", "streams", "pipelines", "views", "databases"}) {
    EXPECT_NE(events[1].data.Find(member), nullptr) << member;
  }
}

TEST(ConsoleLive, GraphComesAboutOncePerSecondWhileSomebodyListens) {
  TestConsole t;
  Reader reader(t, "graph");
  reader.Take();
  t.Advance(seconds(5));
  EXPECT_THAT(reader.Names(), ElementsAre("graph", "graph", "graph", "graph", "graph"));
  reader.recorder().Disconnect();
  t.Advance(seconds(2));
  EXPECT_THAT(reader.Take(), IsEmpty());
}

TEST(ConsoleLive, TableEventsNameWhatChanged) {
  TestConsole t;
  Reader reader(t, "table%3Adb.t");
  EXPECT_THAT(reader.Names(), ElementsAre("hello"));
  t.Put("a", 1, t.Start() + seconds(1));
  t.Put("a", 2, t.Start() + seconds(15));
  t.Advance(seconds(3));
  const auto events = reader.Take();
  ASSERT_FALSE(events.empty());
  std::set<std::string> measures;
  std::set<std::string> kinds;
  for (const SseEvent& event : events) {
    EXPECT_EQ(event.name, "table");
    EXPECT_EQ(event.data.Find("topic")->string_value(), "table:db.t");
    EXPECT_EQ(event.data.Find("table")->string_value(), "t");
    const JsonValue& dirty = *event.data.Find("dirty");
    for (const std::string& m : Texts(*dirty.Find("measures"))) measures.insert(m);
    for (const std::string& k : Texts(*dirty.Find("kinds"))) kinds.insert(k);
  }
  EXPECT_THAT(measures, ElementsAre("avg_cpu", "cpu"));
  EXPECT_THAT(kinds, ElementsAre("raw", "revision", "view"));
  const JsonValue& first = *events[0].data.Find("dirty");
  EXPECT_EQ(first.Find("from")->string_value(), std::to_string((t.Start() + seconds(1)).ns));
}

TEST(ConsoleLive, AtMostTwoTableEventsPerSecond) {
  TestConsole t;
  Reader reader(t, "table%3Adb.t");
  reader.Take();
  for (int i = 0; i < 40; ++i) {
    t.Put("a", i, t.Start() + milliseconds(i));
    t.Advance(milliseconds(250));
  }
  const auto events = reader.Take();
  EXPECT_LE(events.size(), 21U);
  EXPECT_GE(events.size(), 18U);
  for (size_t i = 1; i < events.size(); ++i)
    EXPECT_LT(NumberOf(events[i - 1]), NumberOf(events[i]));
}

TEST(ConsoleLive, OnlyTopicsAskedForAreSent) {
  TestConsole t;
  Reader graph(t, "graph");
  Reader other(t, "table%3Adb.other");
  t.Put("a", 1, t.Start());
  t.Advance(seconds(2));
  for (const std::string& name : graph.Names()) EXPECT_NE(name, "table");
  EXPECT_THAT(other.Names(), ElementsAre("hello"));
  auto request = t.MakeRequest("GET", "/api/v1/live?topics=nonsense");
  EXPECT_EQ(t.Send(request).status, 400);
  EXPECT_EQ(t.Get("/api/v1/live").status, 400);
}

TEST(ConsoleLive, AReaderThatComesBackGetsWhatItMissed) {
  TestConsole t;
  std::string last;
  {
    Reader reader(t, "table%3Adb.t");
    t.Put("a", 1, t.Start() + seconds(1));
    t.Advance(seconds(1));
    last = reader.Take().back().id;
    reader.recorder().Disconnect();
  }
  t.Put("a", 2, t.Start() + seconds(2));
  t.Advance(seconds(2));
  Reader back(t, "table%3Adb.t", last);
  const auto events = back.Take();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(events[0].data.Find("resumed")->bool_value());
  // A connection that breaks between hello and the replay begins again at the same place.
  EXPECT_EQ(events[0].id, last);
  EXPECT_EQ(events[1].name, "table");
  EXPECT_EQ(events[1].data.Find("dirty")->Find("to")->string_value(),
            std::to_string((t.Start() + seconds(2)).ns));
}

TEST(ConsoleLive, WhatIsTooLongAgoIsNotResumed) {
  TestConsole t;
  std::string last;
  {
    Reader reader(t, "table%3Adb.t");
    last = reader.Take().back().id;
    reader.recorder().Disconnect();
  }
  {
    Reader other_topic(t, "table%3Adb.x", last);
    EXPECT_FALSE(other_topic.Take().at(0).data.Find("resumed")->bool_value());
  }
  Reader other_server(t, "table%3Adb.t", "1-0");
  EXPECT_FALSE(other_server.Take().at(0).data.Find("resumed")->bool_value());
  other_server.recorder().Disconnect();
  t.Advance(seconds(62));
  t.Put("a", 2, t.Start() + seconds(2));
  Reader late(t, "table%3Adb.t", last);
  EXPECT_FALSE(late.Take().at(0).data.Find("resumed")->bool_value());
}

TEST(ConsoleLive, HeartbeatsWhenNothingHappens) {
  TestConsole t;
  Reader reader(t, "table%3Adb.t");
  t.Advance(seconds(31));
  size_t comments = 0;
  ParseEvents(reader.recorder().streamed(), &comments);
  EXPECT_EQ(comments, 2U);
}

TEST(ConsoleLive, ConnectionsAreBoundedAndEndWithBye) {
  TestConsole t({.live_streams_max = 2});
  Reader a(t, "graph");
  Reader b(t, "graph");
  Reader c(t, "graph");
  EXPECT_EQ(c.recorder().response()->status, 429);
  b.recorder().Disconnect();
  Reader d(t, "graph");
  EXPECT_EQ(d.recorder().response()->status, 200);
  a.Take();
  t.service->BeginStop();
  Reader e(t, "graph");
  EXPECT_EQ(e.recorder().response()->status, 503);
  t.service.reset();
  const auto events = ParseEvents(a.recorder().streamed());
  EXPECT_EQ(events.back().name, "bye");
  EXPECT_EQ(events.back().data.Find("reconnect_ms")->AsInt64(), 2000);
}

}  // namespace
}  // namespace tidemark::console
