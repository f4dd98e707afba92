// SPDX-License-Identifier: Apache-2.0
// Schema, values, sample and storage of a table: web/API.md section 10.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/console/table_details_internal.h"
#include "api/console/testing/test_console.h"
#include "store/reject_text.h"

namespace tidemark::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Text(const JsonValue& object, std::string_view member) {
  const JsonValue* value = object.Find(member);
  if (value == nullptr) return "(missing)";
  return value->is_null() ? "null" : value->string_value();
}

std::vector<std::string> Values(const TestConsole::Answer& answer) {
  std::vector<std::string> out;
  const JsonValue* values = answer.body.Find("values");
  if (values == nullptr) return {answer.text};
  for (const JsonValue& value : values->array()) out.push_back(value.string_value());
  return out;
}

TEST(ConsoleTable, SchemaNamesDimensionsMeasuresAndColumns) {
  TestConsole t;
  t.Put("beta", 1, t.Start() + seconds(1));
  t.Put("Alpha", 2, t.Start() + seconds(2));
  const auto answer = t.Get("/api/v1/databases/db/tables/t/schema");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(Text(answer.body, "series"), "2");
  EXPECT_THAT(answer.text,
              HasSubstr(R"("dimensions":[{"name":"host","distinct":"2","series":"2"}])"));
  EXPECT_THAT(
      answer.text,
      HasSubstr(
          R"("measures":[{"name":"cpu","type":"double","series":"2","dimensions":["host"],"fields":[],"view":null}])"));
  EXPECT_THAT(
      answer.text,
      HasSubstr(
          R"("columns":[{"name":"host","type":"varchar","kind":"dimension"},{"name":"measure_name","type":"varchar","kind":"measure_name"},{"name":"time","type":"timestamp","kind":"time"},{"name":"measure_value::double","type":"double","kind":"measure_value"}])"));
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/none/schema").status, 404);
}

TEST(ConsoleTable, ValuesAreSoughtAndSorted) {
  TestConsole t;
  for (const char* host : {"beta", "Alpha", "gamma", "alps", "x<\\\"y"}) {
    t.Put(host, 1, t.Start() + seconds(1));
  }
  const std::string at = "/api/v1/databases/db/tables/t/values?column=host";
  EXPECT_THAT(Values(t.Get(at)), ElementsAre("Alpha", "alps", "beta", "gamma", "x<\"y"));
  EXPECT_THAT(Values(t.Get(at + "&q=AL")), ElementsAre("Alpha", "alps"));
  EXPECT_THAT(Values(t.Get(at + "&q=a")), ElementsAre("Alpha", "alps", "beta", "gamma"));
  const auto cut = t.Get(at + "&limit=2");
  EXPECT_THAT(Values(cut), ElementsAre("Alpha", "alps"));
  EXPECT_TRUE(cut.body.Find("truncated")->bool_value());
  EXPECT_THAT(Values(t.Get(at + "&measure=none")), ElementsAre());
  EXPECT_THAT(Values(t.Get("/api/v1/databases/db/tables/t/values?column=measure_name")),
              ElementsAre("cpu"));
  EXPECT_THAT(
      Values(t.Get("/api/v1/databases/db/tables/t/values?column=measure_name&dim.host=beta")),
      ElementsAre("cpu"));
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/values?column=no").status, 404);
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/values").status, 400);
  EXPECT_EQ(t.Get(at + "&limit=1001").status, 400);
}

TEST(ConsoleTable, SeriesTellCardinalityAndTopValues) {
  TestConsole t;
  for (int i = 0; i < 120; ++i) t.Put("host-" + std::to_string(i), 1, t.Start() + seconds(1));
  const auto answer = t.Get("/api/v1/databases/db/tables/t/series?top=2");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(Text(answer.body, "series"), "120");
  EXPECT_EQ(Text(answer.body, "measures"), "1");
  const JsonValue& host = answer.body.Find("dimensions")->array().at(0);
  EXPECT_EQ(Text(host, "distinct"), "120");
  EXPECT_TRUE(host.Find("looks_like_id")->bool_value());
  ASSERT_EQ(host.Find("top")->array().size(), 2U);
  EXPECT_EQ(Text(host.Find("top")->array()[0], "value"), "host-0") << "equal ones by name";
  EXPECT_EQ(Text(host.Find("top")->array()[0], "series"), "1");
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/none/series").status, 404);
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/series?top=0").status, 400);
}

TEST(ConsoleTable, KeepingIsChanged) {
  TestConsole t;
  const std::string at = "/api/v1/databases/db/tables/t";
  const auto changed =
      t.Call("PATCH", at, R"({"memory_retention_hours":"12","magnetic_writes":true})", {});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(Text(changed.body, "memory_retention_hours"), "12");
  EXPECT_EQ(Text(changed.body, "magnetic_retention_days"), "73000");
  EXPECT_TRUE(changed.body.Find("magnetic_writes")->bool_value());
  for (const char* bad :
       {R"({"memory_retention_hours":"0"})", R"({"magnetic_retention_days":73001})",
        R"({"magnetic_writes":"yes"})", R"({"name":"u"})"}) {
    EXPECT_EQ(t.Call("PATCH", at, bad, {}).status, 400) << bad;
  }
  EXPECT_EQ(t.Call("PATCH", "/api/v1/databases/db/tables/none", "{}", {}).status, 404);
}

TEST(ConsoleTable, ALargeTableIsNotCounted) {
  TestConsole t;
  t.Put("beta", 1, t.Start() + seconds(1));
  const auto table = t.logs.catalog->GetTable("db", "t");
  t.store_admin.report.tables = {{.table = table->id, .series = kSeriesRead + 1}};
  const auto schema = t.Get("/api/v1/databases/db/tables/t/schema");
  EXPECT_THAT(schema.text, HasSubstr(R"({"name":"host","distinct":null,"series":null})"));
  EXPECT_EQ(Text(schema.body, "series"), "200001");
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/values?column=host").status, 400);
}

TEST(ConsoleTable, SampleSaysItsStatement) {
  TestConsole t;
  const auto answer = t.Get("/api/v1/databases/db/tables/t/sample?limit=3&measure=it's");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(Text(answer.body, "sql"),
            R"(SELECT * FROM "db"."t" WHERE measure_name = 'it''s' ORDER BY time DESC LIMIT 3)");
  EXPECT_EQ(t.Get("/api/v1/databases/db/tables/t/sample?limit=0").status, 400);
}

/// The zones against the window that the write path judges by.
TEST(ConsoleTable, ZonesSayWhatAWriteWouldDo) {
  const ArrivalTime now{1'768'496'400'000};
  for (const bool magnetic : {false, true}) {
    catalog::TableDef table;
    table.memory_retention_hours = 6;
    table.magnetic_retention_days = 1;
    table.magnetic_writes_enabled = magnetic;
    const auto zones = ZonesOf(table, now);
    ASSERT_EQ(zones.size(), 4U);
    EXPECT_FALSE(zones.front().from);
    EXPECT_FALSE(zones.back().to);
    for (size_t i = 1; i < zones.size(); ++i) EXPECT_EQ(zones[i].from, zones[i - 1].to);
    store::TableSettings settings;
    settings.memory_retention = hours(6);
    settings.magnetic_retention = hours(24);
    settings.magnetic_writes = magnetic;
    const auto window = store::WindowOf(settings, now, store::WriteBatch::TimeCheck::kApi);
    for (const StorageZone& zone : zones) {
      for (const auto& edge : {zone.from, zone.to}) {
        if (!edge) continue;
        const EventTime inside = edge == zone.from ? *edge : EventTime{edge->ns - 1};
        EXPECT_EQ(zone.accepted, window.range.Contains(inside)) << zone.zone << magnetic;
        if (zone.accepted && magnetic) {
          EXPECT_EQ(zone.zone == "memory", inside >= window.memory_start);
        }
      }
    }
    EXPECT_EQ(zones[1].accepted, magnetic);
  }
}

TEST(ConsoleTable, StorageNamesTheZoneOfATime) {
  TestConsole t;
  const EventTime now = t.logs.clock.Now().AsEventTime();
  const auto at = [&](EventTime time) {
    const auto answer =
        t.Get("/api/v1/databases/db/tables/t/storage?time=" + std::to_string(time.ns));
    EXPECT_EQ(answer.status, 200) << answer.text;
    const JsonValue* found = answer.body.Find("at");
    return found == nullptr ? answer.text : Text(*found, "zone");
  };
  EXPECT_EQ(at(now), "memory");
  EXPECT_EQ(at(now + hours(1)), "future");
  EXPECT_EQ(at(now - hours(7)), "magnetic");
  EXPECT_TRUE(t.Get("/api/v1/databases/db/tables/t/storage").body.Find("at")->is_null());
}

// ---- rejections

TEST(ConsoleTable, RejectionsAreGroupedByReason) {
  TestConsole t;
  t.Put("a", 1, t.Start() + seconds(1));
  const auto table = t.logs.catalog->GetTable("db", "t");
  store::Selection selection;
  selection.table = table->id;
  const auto series = t.store.Series(selection);
  ASSERT_EQ(series->size(), 1U);
  const store::RejectedPoint lower{.table = table->id,
                                   .series = series->front()->ref,
                                   .time = t.Start(),
                                   .version = 4,
                                   .reason = store::RejectReason::kVersionLower,
                                   .existing_version = 5,
                                   .text = "4 is lower than 5",
                                   .time_check = store::WriteBatch::TimeCheck::kApi};
  for (int i = 0; i < 12; ++i) t.rejections.OnRejected({&lower, 1});
  t.Advance(seconds(1));
  const std::vector<store::DimensionView> dimensions{{"host", "<b>"}};
  const store::SeriesKeyView key{.table = table->id, .measure = "avg_x", .dimensions = dimensions};
  const store::RejectedPoint reserved{.table = table->id,
                                      .key = &key,
                                      .reason = store::RejectReason::kSeriesReserved,
                                      .text = "series is maintained by view v"};
  t.rejections.OnRejected({&reserved, 1});

  const auto answer = t.Get("/api/v1/databases/db/tables/t/rejections");
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(Text(answer.body, "total"), "13");
  const auto& groups = answer.body.Find("groups")->array();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(Text(groups[0], "reason"), "series_reserved");
  EXPECT_THAT(
      answer.text,
      HasSubstr(
          R"("source":null,"measure":"avg_x","dimensions":{"host":"<b>"},"time":null,"version":null,"existing_version":null)"));
  EXPECT_EQ(Text(groups[1], "reason"), "version_lower");
  EXPECT_EQ(Text(groups[1], "count"), "12");
  EXPECT_EQ(Text(groups[1], "text"), "4 is lower than 5");
  const auto& samples = groups[1].Find("samples")->array();
  EXPECT_EQ(samples.size(), Rejections::kSamplesMax);
  EXPECT_THAT(answer.text,
              HasSubstr(R"("source":"api","measure":"cpu","dimensions":{"host":"a"})"));
  EXPECT_EQ(Text(samples[0], "version"), "4");
  EXPECT_EQ(Text(samples[0], "existing_version"), "5");
}

TEST(ConsoleTable, RejectionsAreBounded) {
  TestConsole t;
  const std::string text(100'000, 'x');
  for (uint32_t table = 1; table <= 1000; ++table) {
    const store::RejectedPoint point{
        .table = TableId{table}, .reason = store::RejectReason::kTypeConflict, .text = text};
    t.rejections.OnRejected({&point, 1});
  }
  EXPECT_TRUE(t.rejections.Of(TableId{1}).empty());
  EXPECT_TRUE(t.rejections.Of(TableId{744}).empty());
  const auto kept = t.rejections.Of(TableId{745});
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].text.size(), Rejections::kTextBytesMax);
}

}  // namespace
}  // namespace tidemark::console
