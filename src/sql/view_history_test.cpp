// SPDX-License-Identifier: Apache-2.0
// view_rows(), as they are and as they were, and view_revisions(): docs/sql.md, "Views".
#include "sql/view_history.h"

#include <array>

#include <gtest/gtest.h>

#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

using store::RevisionEntry;
using store::RowInfo;
using store::ValueView;

constexpr EventTime kNoon{1'646'136'000'000'000'000};  // 2022-03-01 12:00:00
constexpr int64_t kNoonMs = kNoon.ns / 1'000'000;
constexpr ViewId kView{7};

ArrivalTime AtSecond(int64_t s) { return {kNoonMs + s * 1000}; }

RevisionEntry Entry(uint32_t revision, int64_t at_s, store::Scalar from, store::Scalar to) {
  RevisionEntry out;
  out.time = kNoon;
  out.window_start = kNoon;
  out.window_end = kNoon + seconds(300);
  out.revision = revision;
  out.old_value = std::move(from);
  out.new_value = std::move(to);
  out.late_points = revision > 1 ? 1 : 0;
  if (revision > 1) {
    out.lateness_max = seconds(90) + nanoseconds(5);
    out.partition = {{store::SourceId::Kind::kPipeline, revision}, 4};
  }
  out.at = AtSecond(at_s);
  return out;
}

/// As servers log it that count raw points.
RevisionEntry Counted(RevisionEntry entry) {
  entry.record_count = 29 + entry.revision;
  return entry;
}

RevisionEntry Frozen(RevisionEntry entry) {
  entry.frozen = true;
  return entry;
}

store::RevisionRow Row(std::vector<RevisionEntry> log, uint32_t revision, double value,
                       ArrivalTime written) {
  store::RevisionRow out;
  out.time = kNoon;
  out.row = {kNoon, kNoon + seconds(300), revision, 30};
  out.value = value;
  out.revisions = std::move(log);
  out.version = written.ms;
  return out;
}

/// "r1 1.5 n- !complete ?sealed", "unknown", "none".
std::string Then(const store::RevisionRow& row, int64_t at_s, const ViewClock& clock) {
  const auto then = RowAt(row, {AtSecond(at_s).AsEventTime()}, clock);
  if (!then) return "none";
  if (then->value == nullptr) return "unknown";
  const RowState& s = then->state;
  const auto flag = [](const char* name, std::optional<bool> value) {
    return std::string(" ") + (value ? (*value ? "" : "!") : "?") + name;
  };
  return "r" + std::to_string(s.revision.value_or(-1)) + " " +
         CellText(TypeKind::kDouble, {std::get<double>(*then->value)}) + " n" +
         (s.record_count ? std::to_string(*s.record_count) : "-") + flag("complete", s.complete) +
         flag("sealed", s.sealed);
}

TEST(ViewHistory, TellsWhatHeldAtATime) {
  const ViewClock clock{kNoon + seconds(3600), seconds(600)};
  const auto row = Row({Entry(1, 310, {}, 1.5), Entry(2, 400, 1.5, 2.5)}, 2, 2.5, AtSecond(400));
  EXPECT_EQ(Then(row, 309, clock), "none");
  // How many points it was made of, and whether it was sealed, is not kept.
  EXPECT_EQ(Then(row, 310, clock), "r1 1.5 n- complete ?sealed");
  EXPECT_EQ(Then(row, 399, clock), "r1 1.5 n- complete ?sealed");
  EXPECT_EQ(Then(row, 400, clock), "r2 2.5 n30 complete ?sealed");
  // Where lateness is not allowed, sealed is complete; where the watermark is short of it even
  // now, it was before.
  EXPECT_EQ(Then(row, 310, {kNoon + seconds(3600), seconds(0)}), "r1 1.5 n- complete sealed");
  EXPECT_EQ(Then(row, 310, {kNoon + seconds(800), seconds(600)}), "r1 1.5 n- complete !sealed");
  const auto now = RowAt(row, {AtSecond(9999).AsEventTime(), true}, clock);
  EXPECT_EQ(now->state.sealed, true);
}

TEST(ViewHistory, EndedRowsAreGoneFromThenOn) {
  const ViewClock clock{kNoon + seconds(3600), seconds(0)};
  store::RevisionRow row = Row({Entry(1, 310, {}, 1.5), Entry(2, 400, 1.5, {})}, 0, 0, {0});
  EXPECT_EQ(Then(row, 350, clock), "r1 1.5 n- complete sealed");
  EXPECT_EQ(Then(row, 400, clock), "none");
  EXPECT_EQ(VersionsOf(row),
            (std::vector<std::optional<int64_t>>{AtSecond(310).ms, AtSecond(400).ms}));
}

TEST(ViewHistory, SaysSoWhereTheLogHasAGap) {
  const ViewClock clock{kNoon + seconds(3600), seconds(0)};
  // Revisions 2 and 3 are past revision_retention; frozen entries do not count.
  const auto row = Row({Entry(1, 310, {}, 1.0), Entry(4, 700, 3.0, 4.0),
                        Frozen(Entry(4, 800, 4.0, 4.0)), Entry(5, 900, 4.0, 5.0)},
                       5, 5.0, AtSecond(900));
  EXPECT_EQ(Then(row, 300, clock), "none");
  EXPECT_EQ(Then(row, 500, clock), "unknown");
  EXPECT_EQ(Then(row, 750, clock), "r4 4.0 n- complete sealed");
  EXPECT_EQ(Then(row, 850, clock), "r4 4.0 n- complete sealed");
  EXPECT_EQ(Then(row, 950, clock), "r5 5.0 n30 complete sealed");
  const auto versions = VersionsOf(row);
  EXPECT_EQ(versions[0], AtSecond(310).ms);
  EXPECT_EQ(versions[1], std::nullopt);
  EXPECT_EQ(versions[2], std::nullopt);
  EXPECT_EQ(versions[3], AtSecond(900).ms);
  // The first entries are gone, too: nobody knows when the row began.
  EXPECT_EQ(Then(Row({Entry(4, 700, 3.0, 4.0)}, 4, 4.0, AtSecond(700)), 500, clock), "unknown");
}

TEST(ViewHistory, EarlyValuesAndAdoptedRowsHaveNoLog) {
  const ViewClock clock{kNoon + seconds(100), seconds(0)};
  const auto early = Row({}, 0, 1.25, AtSecond(200));
  EXPECT_EQ(Then(early, 199, clock), "none");
  EXPECT_EQ(Then(early, 200, clock), "r0 1.25 n30 !complete !sealed");
  EXPECT_EQ(StateOf(early.row, clock).preliminary, true);
  EXPECT_FALSE(StateOf(early.row, clock).filled);
  const RowState adopted = StateOf({}, clock);
  EXPECT_FALSE(adopted.filled);
  EXPECT_EQ(adopted.revision, 0);
  EXPECT_EQ(adopted.preliminary, false);
  EXPECT_FALSE(adopted.window_start || adopted.record_count || adopted.complete || adopted.sealed);
}

TEST(ViewHistory, AValueOfNoRecordsIsFilled) {
  const ViewClock clock{kNoon + seconds(900), seconds(0)};
  auto row = Row({Entry(1, 310, {}, 1.0), Entry(2, 400, 1.0, 2.0)}, 2, 2.0, AtSecond(400));
  row.revisions[1].record_count = 0;
  row.row.record_count = 0;
  EXPECT_TRUE(StateOf(row.row, clock).filled);
  const auto filled_at = [&](int64_t second) {
    return RowAt(row, {AtSecond(second).AsEventTime()}, clock)->state.filled;
  };
  EXPECT_FALSE(filled_at(350));
  EXPECT_TRUE(filled_at(450));
}

TEST(ViewHistory, VersionsRiseWithinAMillisecond) {
  const auto row = Row({Entry(1, 310, {}, 1.0), Entry(2, 310, 1.0, 2.0), Entry(3, 310, 2.0, 1.0)},
                       3, 1.0, {AtSecond(310).ms + 2});
  const int64_t first = AtSecond(310).ms;
  EXPECT_EQ(VersionsOf(row), (std::vector<std::optional<int64_t>>{first, first + 1, first + 2}));
}

// -------------------------------------------------------------------------------------------------
// through the engine, on both stores; the embedded one before and after sealing and a restart

struct ViewSql {
  explicit ViewSql(StoreKind kind)
      : held(std::make_unique<TestDatabase>(kind)), table(held->AddTable("lab", "views")) {
    TestDatabase& db = *held;
    Reserve();
    db.names.pipelines[{store::SourceId::Kind::kPipeline, 2}] = "ec2";
    db.names.views["five"] = {table, store::Owner{kView, 1}, seconds(600)};
    const RowInfo one{kNoon, kNoon + seconds(300), 1, 30};
    const RowInfo two{kNoon, kNoon + seconds(300), 2, 31};
    Publish("host=a", 1.5, one, {Counted(Entry(1, 310, {}, 1.5))}, 310);
    Publish("host=b", 7.0, one, {Counted(Entry(1, 310, {}, 7.0))}, 310);
    RevisionEntry late = Counted(Entry(2, 400, 1.5, 2.5));
    late.points = {{SeriesOf("a"), kNoon}};  // a row of its own stands for a raw point
    Publish("host=a", 2.5, two, {late}, 400);
    Publish("host=b", std::nullopt, two, {Counted(Entry(2, 500, 7.0, {}))}, 500);
    RevisionEntry coarse = Entry(1, 620, {}, 9.0);
    coarse.time = coarse.window_start = kNoon + seconds(300);
    coarse.window_end = kNoon + seconds(600);
    coarse.coarse = true;
    Publish("host=a", 9.0, {coarse.window_start, coarse.window_end, 1, 5}, {coarse}, 620);
    db.WriteProgress(kView, kNoon + seconds(900));
  }

  void Publish(std::string_view host, std::optional<double> value, const RowInfo& row,
               std::vector<RevisionEntry> log, int64_t at_s) {
    held->PublishViewRow(
        table, kView,
        {"avg_cpu", host, row.window_start, value ? ValueView::Double(*value) : ValueView()}, row,
        std::move(log), AtSecond(at_s));
  }

  store::SeriesRef SeriesOf(const std::string& host) {
    store::Selection rows;
    rows.table = table;
    rows.owners = {store::OwnerFilter::Kind::kView, {kView, 1}};
    const auto all = std::move(held->store.Series(rows)).value();
    for (const auto& series : all) {
      if (series->dimensions[0].value == host) return series->ref;
    }
    return {};
  }

  void Reserve() { held->store.SetReservations({{table, kView, "five", 1, "avg_{measure}"}}); }
  void Restart() {
    held = std::make_unique<TestDatabase>(std::move(held));
    Reserve();
  }
  TestDatabase& db() { return *held; }

  std::unique_ptr<TestDatabase> held;
  const TableId table;
};

class ViewSqlTest : public ::testing::TestWithParam<StoreKind> {};

void ExpectAnswers(TestDatabase& db) {
  EXPECT_EQ(db.Rows("SELECT * FROM view_rows('five') ORDER BY time"),
            (TextRows{{"a", "avg_cpu", "2022-03-01 12:00:00", "2.5", "2022-03-01 12:00:00",
                       "2022-03-01 12:05:00", "2", "31", "false", "false", "true", "true"},
                      {"a", "avg_cpu", "2022-03-01 12:05:00", "9.0", "2022-03-01 12:05:00",
                       "2022-03-01 12:10:00", "1", "5", "false", "false", "true", "false"}}));
  const auto then = [&](std::string_view time) {
    return db.Rows(
        "SELECT host, revision, record_count, complete, measure_value::double "
        "FROM view_rows('five', TIMESTAMP '" +
        std::string(time) + "') WHERE time = TIMESTAMP '2022-03-01 12:00' ORDER BY 1");
  };
  EXPECT_EQ(then("2022-03-01 12:05:09.999"), TextRows{});
  EXPECT_EQ(then("2022-03-01 12:05:10"),
            (TextRows{{"a", "1", "30", "true", "1.5"}, {"b", "1", "30", "true", "7.0"}}));
  EXPECT_EQ(then("2022-03-01 12:07:00"),
            (TextRows{{"a", "2", "31", "true", "2.5"}, {"b", "1", "30", "true", "7.0"}}));
  EXPECT_EQ(then("2022-03-01 12:30:00"), (TextRows{{"a", "2", "31", "true", "2.5"}}));
  EXPECT_EQ(
      db.Rows("SELECT * FROM view_revisions('five') WHERE host = 'a' ORDER BY time, revision"),
      (TextRows{{"a", "avg_cpu", "2022-03-01 12:00:00", "2022-03-01 12:00:00",
                 "2022-03-01 12:05:00", "1", "-", "1.5", "1646136310000", "2022-03-01 12:05:10",
                 "watermark", "0", "-", "-", "30", "30", "-"},
                {"a", "avg_cpu", "2022-03-01 12:00:00", "2022-03-01 12:00:00",
                 "2022-03-01 12:05:00", "2", "1.5", "2.5", "1646136400000", "2022-03-01 12:06:40",
                 "late", "1", "0 00:01:30.000000005", "ec2/4", "31", "1",
                 R"([{"time":1646136000000000000,"measure":"avg_cpu","dimensions":{"host":"a"}}])"},
                {"a", "avg_cpu", "2022-03-01 12:05:00", "2022-03-01 12:05:00",
                 "2022-03-01 12:10:00", "1", "-", "9.0", "1646136620000", "2022-03-01 12:10:20",
                 "coarse", "-", "-", "-", "-", "-", "-"}}));
  // A row that ended: its last entry has no new value.
  EXPECT_EQ(db.Rows("SELECT revision, old, new FROM view_revisions('five') WHERE host = 'b' "
                    "ORDER BY at"),
            (TextRows{{"1", "-", "7.0"}, {"2", "7.0", "-"}}));
  EXPECT_EQ(db.Rows("SELECT r.host, count(*), max(v.revision), max_by(v.new, v.time) FROM "
                    "view_rows('five') r JOIN view_revisions('five') v ON r.host = v.host AND "
                    "r.time = v.time GROUP BY r.host"),
            (TextRows{{"a", "3", "2", "9.0"}}));
  EXPECT_EQ(db.Rows("SELECT count(*) FROM view_revisions('five')"), (TextRows{{"5"}}));
  EXPECT_EQ(db.Rows("SELECT cause FROM view_revisions('five') LIMIT 2").size(), 2U);
  EXPECT_EQ(
      db.Rows("SELECT (SELECT max(revision) FROM view_revisions('five') WHERE cause = 'late') "
              "+ count(*) FROM view_rows('five', ago(3650d))"),
      (TextRows{{"2"}}));
}

TEST_P(ViewSqlTest, AnswersFromMemoryAndFiles) {
  ViewSql view(GetParam());
  ExpectAnswers(view.db());
  if (GetParam() == StoreKind::kModel) return;
  view.db().Seal();
  ExpectAnswers(view.db());
  view.Restart();
  ExpectAnswers(view.db());
}

// Their log has JSON in place of a value.
TEST_P(ViewSqlTest, RowsOfColumns) {
  TestDatabase db(GetParam());
  const TableId table = db.AddTable("lab", "views");
  db.store.SetReservations({{table, kView, "multi", 1, "five_{measure}"}});
  db.names.views["multi"] = {table, store::Owner{kView, 1}, seconds(600), true};
  const auto publish = [&](double avg, int64_t count, RevisionEntry entry, int64_t at_s) {
    const std::array fields{store::FieldView{"avg", ValueView::Double(avg)},
                            store::FieldView{"count", ValueView::Bigint(count)},
                            store::FieldView{"name", ValueView::Varchar("x")}};
    const RowInfo row{kNoon, kNoon + seconds(300), entry.revision, 30};
    db.PublishViewRow(table, kView, {"five_cpu", "host=a", kNoon, ValueView::Multi(fields)}, row,
                      {std::move(entry)}, AtSecond(at_s));
  };
  const std::string first = R"({"avg":1.5,"count":9007199254740993,"name":"x"})";
  const std::string second = R"({"avg":2,"count":null,"name":"x"})";
  publish(1.5, 9007199254740993, Entry(1, 310, {}, first), 310);
  publish(2, 3, Entry(2, 400, first, second), 400);
  db.WriteProgress(kView, kNoon + seconds(900));
  const auto then = [&](const std::string& time) {
    return db.Rows("SELECT revision, avg, \"count\", name FROM view_rows('multi', TIMESTAMP '" +
                   time + "')");
  };
  EXPECT_EQ(then("2022-03-01 12:05:10"), (TextRows{{"1", "1.5", "9007199254740993", "x"}}));
  EXPECT_EQ(then("2022-03-01 12:07:00"), (TextRows{{"2", "2.0", "-", "x"}}));
  EXPECT_EQ(db.Rows("SELECT revision, old, new FROM view_revisions('multi') ORDER BY revision"),
            (TextRows{{"1", "-", first}, {"2", first, second}}));
}

TEST_P(ViewSqlTest, AStatementMayReadAsOfATime) {
  ViewSql view(GetParam());
  const auto rows = [&](const std::string& sql, int64_t at_s) {
    return view.db().RowsAsOf(sql, AtSecond(at_s).AsEventTime());
  };
  const std::string all =
      "SELECT host, revision, measure_value::double FROM view_rows('five') ORDER BY time, host";
  EXPECT_EQ(rows(all, 310), (TextRows{{"a", "1", "1.5"}, {"b", "1", "7.0"}}));
  EXPECT_EQ(rows(all, 450), (TextRows{{"a", "2", "2.5"}, {"b", "1", "7.0"}}));
  EXPECT_EQ(rows("SELECT count(*) FROM view_rows('five', TIMESTAMP '2022-03-01 12:30')", 310),
            (TextRows{{"2"}}))
      << "a time of its own wins";
  EXPECT_EQ(rows("SELECT count(*) FROM view_revisions('five')", 310), (TextRows{{"5"}}));
  const auto described =
      view.db().engine->Describe({.sql = all, .as_of = AtSecond(310).AsEventTime()});
  ASSERT_TRUE(described.ok()) << described.error().message;
  EXPECT_EQ(described->views, (std::vector{store::Owner{kView, 1}}));
}

TEST_P(ViewSqlTest, AsksTheStoreForLess) {
  ViewSql view(GetParam());
  const auto plan = [&](std::string_view sql) {
    std::string out;
    for (const auto& line : view.db().Rows("EXPLAIN " + std::string(sql))) out += line[0] + "\n";
    return out.substr(out.find('\n') + 1, out.find("execution engine") - out.find('\n') - 1);
  };
  const std::string revisions = plan(
      "SELECT new FROM view_revisions('five') WHERE host = 'a' AND measure_name = 'avg_cpu' "
      "AND time >= TIMESTAMP '2022-03-01 12:05' LIMIT 3");
  EXPECT_TRUE(
      revisions.starts_with("scan view_revisions('five')\n"
                            "  pushdown: scan\n"
                            "  time: [2022-03-01 12:05:00.000000000, -)\n"
                            "  measure: measure_name = 'avg_cpu'\n"
                            "  dimension: host = 'a'\n"
                            "  revisions: of these rows, from their log\n"
                            "  columns: time, host, measure_name, new\n"
                            "  filter: complete\n"
                            "  limit: 3 rows\n"))
      << revisions;
  const std::string then = plan(
      "SELECT host, max(time) FROM view_rows('FIVE', '2022-03-01 12:06') WHERE host = 'a' "
      "GROUP BY host");
  EXPECT_TRUE(
      then.starts_with("scan view_rows('five', TIMESTAMP '2022-03-01 12:06:00.000000000')\n"
                       "  pushdown: scan\n"
                       "  time: all\n"
                       "  dimension: host = 'a'\n"
                       "  as of: 2022-03-01 12:06:00.000000000, from the rows and their "
                       "revision log\n"))
      << then;
}

TEST_P(ViewSqlTest, NamesWhatIsWrong) {
  ViewSql view(GetParam());
  EXPECT_EQ(view.db().ErrorOf("SELECT * FROM view_revisions('fiv')"),
            "line 1:30: View 'fiv' does not exist; did you mean 'five'?");
  EXPECT_EQ(view.db().CodeOf("SELECT * FROM view_rows('fiv')"), Code::kNotFound);
  EXPECT_EQ(view.db().ErrorOf("SELECT * FROM view_revision('five')"),
            "line 1:15: Function view_revision not registered as a table; did you mean "
            "'view_revisions'?");
  EXPECT_EQ(view.db().ErrorOf("SELECT * FROM view_rows(five)"),
            "line 1:15: view_rows() takes the name of a view as a string; write "
            "view_rows('name')");
  EXPECT_EQ(view.db().ErrorOf("SELECT * FROM view_revisions('five', now())"),
            "line 1:38: view_revisions() takes the name of a view and nothing else");
  EXPECT_EQ(view.db().ErrorOf("SELECT * FROM view_rows('five', NULL)"),
            "line 1:33: the time of view_rows() is NULL");
  EXPECT_EQ(view.db().ErrorOf("SELECT * FROM view_rows('five', 5)"),
            "line 1:33: integer cannot be used as timestamp");
  EXPECT_EQ(view.db().ErrorOf("SELECT ol FROM view_revisions('five')"),
            "line 1:8: Column 'ol' does not exist; did you mean 'old'?");
}

TEST_P(ViewSqlTest, TypesItsColumns) {
  ViewSql view(GetParam());
  std::string types;
  for (const Column& column : view.db().Columns("SELECT * FROM view_revisions('five')"))
    types += column.name + " " + column.type.ToString() + ", ";
  EXPECT_EQ(types,
            "host varchar, measure_name varchar, time timestamp, window_start timestamp, "
            "window_end timestamp, revision bigint, old double, new double, version bigint, at "
            "timestamp, cause varchar, late_points bigint, lateness_max interval day to second, "
            "partition varchar, record_count bigint, records_added bigint, points varchar, ");
  const auto description =
      view.db().engine->Describe({.sql = "SELECT * FROM view_rows('five', @then)"});
  ASSERT_TRUE(description.ok()) << description.error().message;
  ASSERT_EQ(description->parameters.size(), 1U);
  EXPECT_EQ(description->parameters[0].type, Type(TypeKind::kTimestamp));
  EXPECT_TRUE(description->origins[0].table.empty());
  // They are nobody's tables.
  EXPECT_EQ(view.db().Rows("SHOW TABLES FROM lab"), (TextRows{{"views"}}));
}

TEST_P(ViewSqlTest, ShowsEarlyAndAdoptedRows) {
  TestDatabase db(GetParam());
  const TableId table = db.AddTable("lab", "mixed");
  db.Write(table, {{"avg_cpu", "host=a", kNoon, ValueView::Double(4)}});
  ASSERT_TRUE(db.store.Adopt(table, "avg_{measure}", {kView, 1}).ok());
  db.store.SetReservations({{table, kView, "mix", 1, "avg_{measure}"}});
  db.names.views["mix"] = {table, store::Owner{kView, 1}, seconds(0)};
  const RowInfo early{kNoon + seconds(300), kNoon + seconds(600), 0, 3};
  db.PublishViewRow(table, kView, {"avg_cpu", "host=a", early.window_start, ValueView::Double(5)},
                    early, {}, AtSecond(400));
  db.WriteProgress(kView, kNoon + seconds(599));
  const auto check = [&] {
    EXPECT_EQ(db.Rows("SELECT time, measure_value::double, window_end, revision, record_count, "
                      "preliminary, complete, sealed FROM view_rows('mix') ORDER BY time"),
              (TextRows{{"2022-03-01 12:00:00", "4.0", "-", "0", "-", "false", "-", "-"},
                        {"2022-03-01 12:05:00", "5.0", "2022-03-01 12:10:00", "0", "3", "true",
                         "false", "false"}}));
    EXPECT_EQ(db.Rows("SELECT measure_value::double FROM view_rows('mix', TIMESTAMP '2022-03-01 "
                      "12:06')"),
              (TextRows{{"4.0"}}));
    EXPECT_EQ(db.Rows("SELECT count(*) FROM view_rows('mix') WHERE preliminary IS NULL OR filled"),
              (TextRows{{"0"}}));
    EXPECT_EQ(db.Rows("SELECT * FROM view_revisions('mix')"), TextRows{});
  };
  check();
  if (GetParam() == StoreKind::kModel) return;
  db.Seal();
  check();
}

INSTANTIATE_TEST_SUITE_P(Stores, ViewSqlTest,
                         ::testing::Values(StoreKind::kModel, StoreKind::kEmbedded),
                         [](const auto& param) {
                           return param.param == StoreKind::kModel ? "Model" : "Embedded";
                         });

}  // namespace
}  // namespace tidemark::sql
