// SPDX-License-Identifier: Apache-2.0
// Owners, reservations, tombstones, progress, revisions: design section 7.
#include <gmock/gmock.h>

#include "store/testing/conformance.h"

namespace tidemark::store {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Owner kView{ViewId{3}, 1};

Reservation Reserve(uint32_t generation = 1) {
  return {TableId{7}, ViewId{3}, "ec2-5m", generation, "avg_{measure}"};
}

WriteBatch ViewBatch(Owner owner = kView) {
  WriteBatch batch;
  batch.rule = ConflictRule::kLastWins;
  batch.owner = owner;
  batch.time_check = WriteBatch::TimeCheck::kNone;
  return batch;
}

RowInfo Info(uint32_t revision, uint64_t count) {
  return {EventTime{0}, EventTime{300}, revision, count};
}

TEST_P(StoreConformance, ReservedNamesAreTheViewsAlone) {
  const SeriesRef before = Ref("avg_cpu", {{"host", "early"}});
  SetReservations({Reserve()});
  EXPECT_EQ(TryRef("avg_cpu", {{"host", "b"}}, ValueType::kDouble, {}).text,
            "series is maintained by view ec2-5m");
  const WriteReply reply = Put({{before, 1, ValueView::Double(1)}});
  ASSERT_EQ(reply.rejections.size(), 1U);
  EXPECT_EQ(reply.rejections[0].reason, RejectReason::kSeriesReserved);
  EXPECT_EQ(reply.rejections[0].text, "series is maintained by view ec2-5m");
  EXPECT_EQ(PutOne({Ref("cpu"), 1, ValueView::Double(1)}), Outcome::kAccepted);
  const RowInfo info = Info(1, 30);
  const SeriesRef owned = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  EXPECT_EQ(PutOne({owned, 300, ValueView::Double(2), 1, 777, &info}, ViewBatch()),
            Outcome::kAccepted);
  // Somebody else, or another generation, may not write it.
  EXPECT_EQ(PutOne({owned, 300, ValueView::Double(3)}), Outcome::kRejected);
  EXPECT_EQ(PutOne({owned, 300, ValueView::Double(3), 1, 9, &info}, ViewBatch({ViewId{3}, 2})),
            Outcome::kRejected);
  SetReservations({});
  EXPECT_EQ(PutOne({before, 1, ValueView::Double(1)}), Outcome::kAccepted);
}

TEST_P(StoreConformance, ScansShowTheActiveGeneration) {
  SetReservations({Reserve(1)});
  const RowInfo info = Info(1, 30);
  const SeriesRef old_rows = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, {ViewId{3}, 1});
  const SeriesRef new_rows = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, {ViewId{3}, 2});
  EXPECT_NE(old_rows, new_rows);
  Put({{old_rows, 300, ValueView::Double(1), 1, 5, &info}}, ViewBatch({ViewId{3}, 1}));
  Put({{new_rows, 300, ValueView::Double(2), 1, 5, &info}}, ViewBatch({ViewId{3}, 2}));
  Put({{Ref("cpu"), 1, ValueView::Double(9)}});
  EXPECT_THAT(Rows(), ElementsAre("avg_cpu{host=a}@300=d:0x1p+0", "cpu{host=a}@1=d:0x1.2p+3"));
  SetReservations({Reserve(2)});
  EXPECT_THAT(Rows(), ElementsAre("avg_cpu{host=a}@300=d:0x1p+1", "cpu{host=a}@1=d:0x1.2p+3"));
  Selection ownerless = All();
  ownerless.owners.kind = OwnerFilter::Kind::kOwnerless;
  EXPECT_THAT(Rows(ownerless), ElementsAre("cpu{host=a}@1=d:0x1.2p+3"));
  Selection one = All();
  one.owners = {OwnerFilter::Kind::kView, {ViewId{3}, 1}};
  EXPECT_THAT(Rows(one), ElementsAre("avg_cpu{host=a}@300=d:0x1p+0"));
}

TEST_P(StoreConformance, RowsCarryTheirInfoAndItBelongsToTheValue) {
  SetReservations({Reserve()});
  const SeriesRef s = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  const RowInfo first = Info(1, 30);
  const RowInfo second = Info(2, 31);
  EXPECT_EQ(PutOne({s, 300, ValueView::Double(2), 1, 100, &first}, ViewBatch()),
            Outcome::kAccepted);
  EXPECT_EQ(PutOne({s, 300, ValueView::Double(2), 1, 200, &first}, ViewBatch()),
            Outcome::kUnchanged);
  EXPECT_EQ(ScanAll().at(0).row, "0..300 r1 n30");
  EXPECT_EQ(ScanAll().at(0).version, 100);
  EXPECT_EQ(PutOne({s, 300, ValueView::Double(2), 1, 200, &second}, ViewBatch()),
            Outcome::kReplaced);
  EXPECT_EQ(ScanAll().at(0).row, "0..300 r2 n31");
  EXPECT_EQ(ScanAll().at(0).version, 200);
}

TEST_P(StoreConformance, TombstonesHideRows) {
  SetReservations({Reserve()});
  const SeriesRef s = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  const RowInfo info = Info(1, 30);
  Put({{s, 300, ValueView::Double(1), 1, 5, &info}, {s, 600, ValueView::Double(2), 1, 5, &info}},
      ViewBatch());
  EXPECT_EQ(PutOne({s, 900, ValueView(), 1, 6, &info}, ViewBatch()), Outcome::kUnchanged);
  EXPECT_EQ(PutOne({s, 300, ValueView(), 1, 6, &info}, ViewBatch()), Outcome::kReplaced);
  EXPECT_EQ(PutOne({s, 300, ValueView(), 1, 7, &info}, ViewBatch()), Outcome::kUnchanged);
  EXPECT_THAT(Rows(), ElementsAre("avg_cpu{host=a}@600=d:0x1p+1"));
  Put({{s, 600, ValueView(), 1, 6, &info}}, ViewBatch());
  EXPECT_THAT(Rows(), IsEmpty());
  // A base merge may have forgotten the ended row (design.md section 5).
  EXPECT_THAT(PutOne({s, 300, ValueView::Double(3), 1, 8, &info}, ViewBatch()),
              AnyOf(Outcome::kReplaced, Outcome::kAccepted));
  EXPECT_THAT(Rows(), ElementsAre("avg_cpu{host=a}@300=d:0x1.8p+1"));
  EXPECT_EQ(PutOne({Ref("cpu"), 1, ValueView()}), Outcome::kRejected);
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_THAT(Rows(), ElementsAre("avg_cpu{host=a}@300=d:0x1.8p+1"));
}

TEST_P(StoreConformance, AdoptGivesOwnerlessSeriesToAView) {
  const SeriesRef s = Ref("avg_cpu");
  Put({{s, 300, ValueView::Double(1)},
       {Ref("avg_mem"), 300, ValueView::Double(1)},
       {Ref("cpu"), 1, ValueView::Double(1)}});
  EXPECT_THAT(store().OwnerlessNamesOf(kTable, "avg_{measure}", 10),
              ElementsAre("avg_cpu", "avg_mem"));
  EXPECT_THAT(store().OwnerlessNamesOf(kTable, "avg_{measure}", 1), ElementsAre("avg_cpu"));
  ASSERT_TRUE(store().Adopt(kTable, "avg_{measure}", kView).ok());
  SetReservations({Reserve()});
  EXPECT_THAT(store().OwnerlessNamesOf(kTable, "avg_{measure}", 10), IsEmpty());
  EXPECT_EQ(store().Describe(s)->owner, kView);
  EXPECT_EQ(Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView), s);
  const RowInfo info = Info(1, 2);
  EXPECT_EQ(PutOne({s, 300, ValueView::Double(2), 1, 50, &info}, ViewBatch()), Outcome::kReplaced);
  EXPECT_EQ(Rows().at(0), "avg_cpu{host=a}@300=d:0x1p+1");
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_EQ(store().Describe(Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView))->owner,
            kView);
  EXPECT_THAT(store().OwnerlessNamesOf(kTable, "avg_{measure}", 10), IsEmpty());
}

TEST_P(StoreConformance, DroppedViewsLeaveNothing) {
  SetReservations({Reserve()});
  const RowInfo info = Info(1, 30);
  const SeriesRef s = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  WriteBatch batch = ViewBatch();
  batch.view_progress = ViewProgress{ViewId{3}, 1, store().End(), At(300), "state"};
  Put({{s, 300, ValueView::Double(1), 1, 5, &info}}, batch);
  Put({{Ref("cpu"), 1, ValueView::Double(9)}});
  ASSERT_TRUE(store().DropOwner(ViewId{3}).ok());
  EXPECT_THAT(Rows(), ElementsAre("cpu{host=a}@1=d:0x1.2p+3"));
  EXPECT_FALSE(store().ProgressOf(ViewId{3}).has_value());
  EXPECT_EQ(store().Describe(s), nullptr);
  ASSERT_TRUE(store().DropOwner(ViewId{3}).ok());
  const SeriesRef again = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  EXPECT_NE(again, s);
  EXPECT_EQ(PutOne({again, 600, ValueView::Double(2), 1, 5, &info}, ViewBatch()),
            Outcome::kAccepted);
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_THAT(Rows(), ElementsAre("avg_cpu{host=a}@600=d:0x1p+1", "cpu{host=a}@1=d:0x1.2p+3"));
}

TEST_P(StoreConformance, ProgressThatIsNotBeyondDiscardsTheBatch) {
  SetReservations({Reserve()});
  const RowInfo info = Info(1, 30);
  const SeriesRef s = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  Put({{Ref("cpu"), 1, ValueView::Double(9)}});
  const Positions p1 = store().End();
  WriteBatch batch = ViewBatch();
  batch.view_progress = ViewProgress{ViewId{3}, 1, p1, At(300), "one"};
  EXPECT_EQ(PutOne({s, 300, ValueView::Double(1), 1, 5, &info}, batch), Outcome::kAccepted);
  batch.view_progress->state = "again";
  const WriteReply again = Put({{s, 600, ValueView::Double(2), 1, 5, &info}}, batch);
  EXPECT_THAT(again.outcomes, ElementsAre(Outcome::kUnchanged));
  EXPECT_EQ(store().ProgressOf(ViewId{3})->state, "one");
  batch.view_progress->positions = store().End();
  EXPECT_EQ(PutOne({s, 600, ValueView::Double(2), 1, 5, &info}, batch), Outcome::kAccepted);
  EXPECT_EQ(store().ProgressOf(ViewId{3})->state, "again");
  // A later generation begins anew, an older one has ended.
  batch.view_progress = ViewProgress{ViewId{3}, 2, p1, std::nullopt, "g2"};
  batch.owner = {ViewId{3}, 2};
  EXPECT_TRUE(Put({}, batch).outcomes.empty());
  EXPECT_EQ(store().ProgressOf(ViewId{3})->generation, 2U);
  batch.view_progress = ViewProgress{ViewId{3}, 1, store().End(), std::nullopt, "g1"};
  Put({}, batch);
  EXPECT_EQ(store().ProgressOf(ViewId{3})->state, "g2");
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_EQ(store().ProgressOf(ViewId{3})->state, "g2");
  EXPECT_EQ(Rows().size(), 3U);
}

TEST_P(StoreConformance, SourceProgressIsKeptPerPartition) {
  const SourceId source{SourceId::Kind::kPipeline, 4};
  WriteBatch batch;
  batch.source_progress = {{source, kTable, 0, "seq-1", At(10), false, true},
                           {source, kTable, 1, "", std::nullopt, true, false}};
  Put({{Ref("cpu"), 10, ValueView::Double(1)}}, batch);
  batch.source_progress = {{source, kTable, 0, "seq-2", At(5), false, true}};
  Put({}, batch);
  const auto progress = store().ProgressOf(source);
  ASSERT_EQ(progress.size(), 2U);
  EXPECT_EQ(progress[0].position, "seq-2");
  EXPECT_EQ(progress[0].max_event_time, At(10));  // grows only
  EXPECT_TRUE(progress[1].idle);
  EXPECT_FALSE(progress[1].complete_from_start);
  EXPECT_EQ(store().ProgressInto(kTable), progress);
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_EQ(store().ProgressOf(source), progress);
}

// event-time.md 2.1, 2.6, 6.5.
TEST_P(StoreConformance, FloorAndWholeFromOfAPartitionGrowOnlyAndSurvive) {
  const SourceId source{SourceId::Kind::kPipeline, 4};
  WriteBatch batch;
  batch.source_progress = {{source, kTable, 0, "1", At(10), false, true, At(20), At(5)}};
  Put({}, batch);
  batch.source_progress = {{source, kTable, 0, "2", At(30), false, true, At(15), std::nullopt},
                           {source, kTable, 1, "1", At(30), false, true}};
  Put({}, batch);
  const auto progress = store().ProgressOf(source);
  ASSERT_EQ(progress.size(), 2U);
  EXPECT_EQ(progress[0].floor, At(20));
  EXPECT_EQ(progress[0].whole_from, At(5));
  EXPECT_EQ(progress[1].floor, std::nullopt);
  EXPECT_EQ(progress[1].whole_from, std::nullopt);
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_EQ(store().ProgressOf(source), progress);
}

// What is read again and lost to a newer version is settled: nobody has to keep it.
TEST_P(StoreConformance, APointThatLostByItsVersionHoldsNoPosition) {
  const SourceId source{SourceId::Kind::kPipeline, 4};
  const auto step = [&](ConflictRule rule, std::string from, std::string to, ValueView value) {
    WriteBatch batch;
    batch.rule = rule;
    batch.continues_from = std::move(from);
    batch.source_progress = {{source, kTable, 0, std::move(to), At(10), false, true}};
    TestPoint point{Ref("cpu"), 10, value};
    point.version = 5;
    Put({point}, batch);
    return store().ProgressOf(source).at(0).position;
  };
  EXPECT_EQ(step(ConflictRule::kByVersion, "", "1", ValueView::Double(1)), "1");
  EXPECT_EQ(step(ConflictRule::kByVersion, "1", "2", ValueView::Double(2)), "2") << "it lost";
  EXPECT_EQ(step(ConflictRule::kByVersion, "2", "3", ValueView::Bigint(2)), "2") << "it is refused";
}

TEST_P(StoreConformance, APositionMovesOnlyFromWhereItIsToldAndWithEveryPointTaken) {
  const SourceId source{SourceId::Kind::kPipeline, 4};
  const auto position = [&] { return store().ProgressOf(source).at(0).position; };
  const auto step = [&](std::optional<std::string> from, std::string to, int64_t clock,
                        std::vector<TestPoint> points = {}) {
    WriteBatch batch;
    batch.continues_from = std::move(from);
    batch.source_progress = {{source, kTable, 0, std::move(to), At(clock), false, true}};
    Put(points, batch);
  };
  step(std::nullopt, "1", 10);
  step("1", "2", 20, {{Ref("cpu"), 10, ValueView::Double(1)}});
  EXPECT_EQ(position(), "2");
  step("1", "3", 30, {{Ref("cpu"), 11, ValueView::Double(1)}});
  EXPECT_EQ(position(), "2") << "it did not continue there";
  step("2", "3", 40,
       {{Ref("cpu"), 12, ValueView::Double(1)}, {Ref("cpu"), 13, ValueView::Bigint(1)}});
  EXPECT_EQ(position(), "2") << "a point was refused";
  step("3", "4", 50, {{Ref("cpu"), 14, ValueView::Double(1)}});
  EXPECT_EQ(position(), "2") << "nor does what follows go on";
  EXPECT_EQ(store().ProgressOf(source).at(0).max_event_time, At(50)) << "the clock does";
  EXPECT_EQ(Rows().size(), 4U) << "and so do the points";
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_EQ(position(), "2");
  step(std::nullopt, "4", 50);
  EXPECT_EQ(position(), "4") << "without a place to continue from it is set";
}

TEST_P(StoreConformance, DirectWritesHaveAClock) {
  WriteBatch batch;
  batch.direct_clock = true;
  Put({{Ref("cpu"), 10, ValueView::Double(1)}, {Ref("cpu"), 5, ValueView::Double(1)}}, batch);
  const SourceId direct{SourceId::Kind::kDirect, 0};
  ASSERT_EQ(store().ProgressOf(direct).size(), 1U);
  EXPECT_EQ(store().ProgressOf(direct)[0].max_event_time, At(10));
  EXPECT_EQ(store().ProgressOf(direct)[0].table, kTable);
  Put({{Ref("cpu"), 7, ValueView::Double(1)}}, batch);
  EXPECT_EQ(store().ProgressOf(direct)[0].max_event_time, At(10));
}

TEST_P(StoreConformance, RevisionsAreLoggedPerRow) {
  SetReservations({Reserve()});
  const SeriesRef s = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  const RowInfo first = Info(1, 30);
  const RowInfo second = Info(2, 31);
  const RevisionEntry one[] = {{s, At(300), EventTime{0}, EventTime{300}, 1, std::monostate{}, 1.5,
                                0, ArrivalTime{100}, false}};
  const SourcePartition from{{SourceId::Kind::kPipeline, 7}, 300};
  const RevisionEntry two[] = {{s, At(300), EventTime{0}, EventTime{300}, 2, 1.5, 2.5, 3,
                                ArrivalTime{200}, false, false, nanoseconds(90), from, 31},
                               {s, At(600), EventTime{300}, EventTime{600}, 0, std::monostate{},
                                std::monostate{}, 1, ArrivalTime{201}, true}};
  WriteBatch batch = ViewBatch();
  batch.revisions = one;
  Put({{s, 300, ValueView::Double(1.5), 1, 100, &first}}, batch);
  batch.revisions = two;
  Put({{s, 300, ValueView::Double(2.5), 1, 200, &second}}, batch);
  const auto check = [&] {
    const auto rows = store().Revisions(All(), 100);
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(rows->size(), 2U);
    const RevisionRow& row = rows->at(0);
    EXPECT_EQ(row.time, At(300));
    EXPECT_EQ(row.row, second);
    EXPECT_EQ(ValueText(row.value), ValueText(ValueView::Double(2.5)));
    ASSERT_EQ(row.revisions.size(), 2U);
    EXPECT_EQ(row.revisions[1].revision, 2U);
    EXPECT_EQ(row.revisions[1].late_points, 3U);
    EXPECT_EQ(row.revisions[0].lateness_max, std::nullopt);
    EXPECT_EQ(row.revisions[0].partition, std::nullopt);
    EXPECT_EQ(row.revisions[1].lateness_max, nanoseconds(90));
    EXPECT_EQ(row.revisions[1].partition, from);
    EXPECT_EQ(row.revisions[0].record_count, std::nullopt);
    EXPECT_EQ(row.revisions[1].record_count, 31U);
    EXPECT_EQ(ValueText(row.revisions[1].old_value), ValueText(ValueView::Double(1.5)));
    EXPECT_EQ(ValueText(row.revisions[0].old_value), "none");
    EXPECT_TRUE(rows->at(1).revisions.at(0).frozen);
    EXPECT_EQ(rows->at(1).row.window_start, EventTime{300});
    EXPECT_EQ(store().Revisions(All(), 1)->size(), 1U);
  };
  check();
  RestartOrSkip();
  if (IsSkipped()) return;
  check();
}

TEST_P(StoreConformance, RevisionCursorsKeepTheirSnapshot) {
  SetReservations({Reserve()});
  const SeriesRef s = Ref("avg_cpu", {{"host", "a"}}, ValueType::kDouble, kView);
  const RowInfo first = Info(1, 30);
  const RowInfo second = Info(2, 31);
  const auto entry = [&](int64_t time, uint32_t revision, Scalar old_value, Scalar new_value) {
    return RevisionEntry{s,
                         At(time),
                         EventTime{time - 300},
                         EventTime{time},
                         revision,
                         std::move(old_value),
                         std::move(new_value),
                         0,
                         ArrivalTime{100 * revision},
                         false};
  };
  const RevisionEntry one[] = {entry(300, 1, {}, 1.5), entry(600, 1, {}, 7.0)};
  WriteBatch batch = ViewBatch();
  batch.revisions = one;
  Put({{s, 300, ValueView::Double(1.5), 1, 100, &first},
       {s, 600, ValueView::Double(7), 1, 100, &first}},
      batch);
  const auto cursor = store().OpenRevisions(All());
  ASSERT_TRUE(cursor.ok());
  const RevisionEntry two[] = {entry(300, 2, 1.5, 2.5), entry(600, 2, 7.0, {})};
  batch.revisions = two;
  Put({{s, 300, ValueView::Double(2.5), 1, 200, &second}, {s, 600, ValueView(), 1, 200, &second}},
      batch);
  std::vector<RevisionRow> before;
  std::vector<RevisionRow> piece;
  for (;;) {
    const auto more = (*cursor)->Next(piece);
    ASSERT_TRUE(more.ok());
    if (!*more) break;
    for (RevisionRow& row : piece) before.push_back(std::move(row));
  }
  ASSERT_EQ(before.size(), 2U);
  for (const RevisionRow& row : before) {
    EXPECT_EQ(row.version, 100);
    EXPECT_EQ(row.row, first);
    EXPECT_EQ(row.revisions.size(), 1U);
  }
  const auto after = store().Revisions(All(), 100);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ(after->size(), 2U);
  EXPECT_EQ(after->at(0).version, 200);
  EXPECT_EQ(after->at(0).revisions.size(), 2U);
  // Ended: what is left is its log.
  EXPECT_EQ(after->at(1).version, 0);
  EXPECT_EQ(after->at(1).row, (RowInfo{EventTime{300}, EventTime{600}, 0, 0}));
  ASSERT_EQ(after->at(1).revisions.size(), 2U);
  EXPECT_EQ(ValueText(after->at(1).revisions[1].new_value), "none");
}

}  // namespace
}  // namespace tidemark::store
