// SPDX-License-Identifier: Apache-2.0
// Verdicts, reasons, windows, types and limits: timestream-api.md 4.5 to 4.9.
#include <gmock/gmock.h>

#include "store/testing/conformance.h"

namespace tidemark::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

WriteBatch LastWins(Owner owner = {}) {
  WriteBatch batch;
  batch.rule = ConflictRule::kLastWins;
  batch.owner = owner;
  batch.time_check = WriteBatch::TimeCheck::kRetentionOnly;
  return batch;
}

enum class Where : uint8_t { kSameBatch, kOtherBatch, kAfterRestart };

struct VersionCase {
  int64_t incoming;
  bool equal;
  Outcome outcome;
  RejectReason reason;
  int64_t stored_after;
};

// timestream-api.md 4.6 against a stored version of 5.
constexpr VersionCase kVersionTable[] = {
    {6, true, Outcome::kReplaced, RejectReason::kNone, 6},
    {6, false, Outcome::kReplaced, RejectReason::kNone, 6},
    {5, true, Outcome::kUnchanged, RejectReason::kNone, 5},
    {5, false, Outcome::kRejected, RejectReason::kVersionExists, 5},
    {4, true, Outcome::kUnchanged, RejectReason::kNone, 5},
    {4, false, Outcome::kRejected, RejectReason::kVersionLower, 5},
};

TEST_P(StoreConformance, VersionTable) {
  if (!store().capabilities().synchronous_verdicts) GTEST_SKIP() << "verdicts come later";
  int64_t second = 0;
  for (const Where where : {Where::kSameBatch, Where::kOtherBatch, Where::kAfterRestart}) {
    for (const VersionCase& c : kVersionTable) {
      SCOPED_TRACE(testing::Message() << "where " << static_cast<int>(where) << " incoming "
                                      << c.incoming << " equal " << c.equal);
      ++second;
      SeriesRef s = Ref("cpu");
      TestPoint first{s, second, ValueView::Double(1.5), 5};
      TestPoint next{s, second, ValueView::Double(c.equal ? 1.5 : 2.5), c.incoming};
      WriteReply reply;
      size_t index = 0;
      if (where == Where::kSameBatch) {
        reply = Put({first, next});
        index = 1;
      } else {
        EXPECT_EQ(PutOne(first), Outcome::kAccepted);
        if (where == Where::kAfterRestart) {
          RestartOrSkip();
          if (IsSkipped()) return;
          next.series = Ref("cpu");
        }
        reply = Put({next});
      }
      EXPECT_EQ(reply.outcomes.at(index), c.outcome);
      if (c.outcome == Outcome::kRejected) {
        ASSERT_EQ(reply.rejections.size(), 1U);
        const Rejection& r = reply.rejections[0];
        EXPECT_EQ(r.index, index);
        EXPECT_EQ(r.reason, c.reason);
        EXPECT_EQ(r.existing_version, 5);
        EXPECT_EQ(
            r.text,
            c.reason == RejectReason::kVersionExists
                ? "A record already exists with the same time, dimensions, measure name, and "
                  "record "
                  "version. A higher record version must be specified in order to update the "
                  "measure "
                  "value. Specifying record version is supported by the latest SDKs."
                : "The record version 4 is lower than the existing version 5. A higher version is "
                  "required to update the measure value.");
      } else {
        EXPECT_THAT(reply.rejections, IsEmpty());
      }
      Selection one = All();
      one.time = {At(second), At(second + 1)};
      const auto rows = Scan(one);
      ASSERT_EQ(rows.size(), 1U);
      EXPECT_EQ(rows[0].version, c.stored_after);
      const bool replaced = c.outcome == Outcome::kReplaced && !c.equal;
      EXPECT_EQ(rows[0].value, ValueText(ValueView::Double(replaced ? 2.5 : 1.5)));
    }
  }
}

TEST_P(StoreConformance, ValuesAreComparedByTheirBits) {
  const SeriesRef s = Ref("cpu");
  EXPECT_EQ(PutOne({s, 1, ValueView::Double(0.0)}), Outcome::kAccepted);
  EXPECT_EQ(PutOne({s, 1, ValueView::Double(-0.0)}), Outcome::kRejected);
  const SeriesRef t = Ref("text", {{"host", "a"}}, ValueType::kVarchar);
  EXPECT_EQ(PutOne({t, 1, ValueView::Varchar("")}), Outcome::kAccepted);
  EXPECT_EQ(PutOne({t, 1, ValueView::Varchar("")}), Outcome::kUnchanged);
  EXPECT_EQ(PutOne({t, 1, ValueView::Varchar("x")}), Outcome::kRejected);
}

TEST_P(StoreConformance, LastWinsAssignsVersions) {
  const SeriesRef s = Ref("cpu");
  EXPECT_EQ(PutOne({s, 1, ValueView::Double(1), 1, 1000}, LastWins()), Outcome::kAccepted);
  EXPECT_EQ(PutOne({s, 1, ValueView::Double(1), 1, 2000}, LastWins()), Outcome::kUnchanged);
  EXPECT_EQ(Scan(All()).at(0).version, 1000);
  EXPECT_EQ(PutOne({s, 1, ValueView::Double(2), 1, 900}, LastWins()), Outcome::kReplaced);
  EXPECT_EQ(Scan(All()).at(0).version, 1001);
  EXPECT_EQ(PutOne({s, 1, ValueView::Double(3), 1, 5000}, LastWins()), Outcome::kReplaced);
  EXPECT_EQ(Scan(All()).at(0).version, 5000);
  // Within a batch the later record wins.
  Put({{s, 1, ValueView::Double(4), 1, 5000}, {s, 1, ValueView::Double(5), 1, 5000}}, LastWins());
  EXPECT_EQ(Scan(All()).at(0).version, 5002);
  EXPECT_EQ(Scan(All()).at(0).value, ValueText(ValueView::Double(5)));
}

TEST_P(StoreConformance, LateAndEarlyRowsKeepTheirOrder) {
  const SeriesRef s = Ref("cpu");
  for (const int64_t second : {5, 3, 9, 1, 7, 2}) {
    EXPECT_EQ(PutOne({s, second, ValueView::Double(static_cast<double>(second))}),
              Outcome::kAccepted);
  }
  EXPECT_EQ(Rows().size(), 6U);
  EXPECT_EQ(Rows().front(), "cpu{host=a}@1=d:0x1p+0");
}

TEST_P(StoreConformance, WindowOfTheMemoryStore) {
  SetTable({.table = kTable,
            .name = "t",
            .memory_retention = hours(12),
            .magnetic_retention = hours(24),
            .magnetic_writes = false});
  const SeriesRef s = Ref("cpu");
  // now = kStart + 2 h; lower = now - 12 h - 25 min, upper = now + 15 min.
  const int64_t lower = 7200 - 12 * 3600 - 25 * 60;
  const int64_t upper = 7200 + 15 * 60;
  const WriteReply reply = Put({{s, lower, ValueView::Double(1)},
                                {s, lower - 1, ValueView::Double(1)},
                                {s, upper - 1, ValueView::Double(1)},
                                {s, upper, ValueView::Double(1)}});
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::kAccepted, Outcome::kRejected,
                                          Outcome::kAccepted, Outcome::kRejected));
  ASSERT_EQ(reply.rejections.size(), 2U);
  EXPECT_EQ(reply.rejections[0].reason, RejectReason::kTimeOutOfRange);
  EXPECT_EQ(reply.rejections[0].text,
            "The record timestamp is outside the time range [2025-12-31T11:35:00.000Z, "
            "2026-01-01T00:15:00.000Z) of the memory store.");
  EXPECT_FALSE(reply.rejections[0].existing_version.has_value());
}

TEST_P(StoreConformance, WindowOfDataIngestionAndCounters) {
  const SeriesRef s = Ref("cpu");
  // memory 6 h + magnetic 24 h; before the memory window counts as magnetic
  // (timestream-api.md 4.7).
  const WriteReply reply = Put({{s, 7200 - 6 * 3600, ValueView::Double(1)},
                                {s, 7200 - 6 * 3600 - 1, ValueView::Double(1)},
                                {s, 7200 - 30 * 3600 - 25 * 60 - 1, ValueView::Double(1)}});
  EXPECT_EQ(reply.memory_points, 1U);
  EXPECT_EQ(reply.magnetic_points, 1U);
  ASSERT_EQ(reply.rejections.size(), 1U);
  EXPECT_THAT(reply.rejections[0].text,
              StartsWith("The record timestamp is outside the time range ["));
  EXPECT_THAT(reply.rejections[0].text, HasSubstr(") of the data ingestion window."));
}

TEST_P(StoreConformance, PipelinesAreHeldToRetentionOnly) {
  const SeriesRef s = Ref("cpu");
  const WriteReply reply = Put({{s, 7200 + 86400, ValueView::Double(1), 1, 1},
                                {s, 7200 - 40 * 3600, ValueView::Double(1), 1, 1}},
                               LastWins());
  EXPECT_THAT(reply.outcomes, ElementsAre(Outcome::kAccepted, Outcome::kRejected));
  WriteBatch unchecked = LastWins();
  unchecked.time_check = WriteBatch::TimeCheck::kNone;
  EXPECT_EQ(PutOne({s, 7200 - 40 * 3600, ValueView::Double(1), 1, 1}, unchecked),
            Outcome::kAccepted);
}

TEST_P(StoreConformance, PointsLeaveAtTheEndOfRetention) {
  const SeriesRef s = Ref("cpu");
  Put({{s, 0, ValueView::Double(1)}, {s, 3600, ValueView::Double(2)}});
  clock().Advance(hours(28) + seconds(1));  // the first is 30 h and 1 s old
  host_->Settle();
  EXPECT_THAT(Rows(), ElementsAre("cpu{host=a}@3600=d:0x1p+1"));
}

TEST_P(StoreConformance, MultiMeasureReplacesTheWholeRecord) {
  const SeriesRef s = Ref("m", {{"host", "a"}}, ValueType::kMulti);
  const FieldView first[] = {{"a", ValueView::Double(1)}, {"b", ValueView::Varchar("x")}};
  const FieldView same[] = {{"b", ValueView::Varchar("x")}, {"a", ValueView::Double(1)}};
  const FieldView second[] = {{"b", ValueView::Varchar("y")}, {"c", ValueView::Timestamp({5})}};
  EXPECT_EQ(PutOne({s, 1, ValueView::Multi(first)}), Outcome::kAccepted);
  EXPECT_EQ(PutOne({s, 1, ValueView::Multi(same)}), Outcome::kUnchanged);
  EXPECT_EQ(PutOne({s, 1, ValueView::Multi(second)}), Outcome::kRejected);
  EXPECT_EQ(PutOne({s, 1, ValueView::Multi(second), 2}), Outcome::kReplaced);
  EXPECT_THAT(Rows(), ElementsAre("m{host=a}@1={b=s:y,c=t:5}"));
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_THAT(Rows(), ElementsAre("m{host=a}@1={b=s:y,c=t:5}"));
}

TEST_P(StoreConformance, TypesAreFixedByTheFirstAcceptedPoint) {
  const SeriesRef as_double = Ref("cpu");
  const SeriesRef as_bigint = Ref("cpu", {{"host", "a"}}, ValueType::kBigint);
  // A rejected point fixes nothing.
  EXPECT_EQ(PutOne({as_double, -1'000'000, ValueView::Double(1)}), Outcome::kRejected);
  EXPECT_EQ(PutOne({as_bigint, 1, ValueView::Bigint(1)}), Outcome::kAccepted);
  const WriteReply reply = Put({{as_double, 1, ValueView::Double(1)}});
  ASSERT_EQ(reply.rejections.size(), 1U);
  EXPECT_EQ(reply.rejections[0].reason, RejectReason::kTypeConflict);
  EXPECT_EQ(TryRef("cpu", {{"host", "b"}}, ValueType::kDouble, {}).rejection,
            RejectReason::kTypeConflict);
  // The value's type must be the series'.
  EXPECT_EQ(PutOne({as_bigint, 2, ValueView::Double(1)}), Outcome::kRejected);
}

TEST_P(StoreConformance, FieldsHaveOneTypeAndNoDimensionsName) {
  const SeriesRef s = Ref("m", {{"host", "a"}}, ValueType::kMulti);
  const FieldView good[] = {{"a", ValueView::Double(1)}};
  const FieldView other_type[] = {{"a", ValueView::Bigint(1)}};
  const FieldView clash[] = {{"host", ValueView::Bigint(1)}};
  EXPECT_EQ(PutOne({s, 1, ValueView::Multi(good)}), Outcome::kAccepted);
  EXPECT_EQ(Put({{s, 2, ValueView::Multi(other_type)}}).rejections.at(0).reason,
            RejectReason::kTypeConflict);
  EXPECT_EQ(Put({{s, 2, ValueView::Multi(clash)}}).rejections.at(0).reason,
            RejectReason::kTypeConflict);
  EXPECT_EQ(TryRef("cpu", {{"a", "x"}}, ValueType::kDouble, {}).rejection,
            RejectReason::kTypeConflict);
}

TEST_P(StoreConformance, TableLimits) {
  std::vector<Dimension> many;
  for (int i = 0; i < 127; ++i) many.push_back({"d" + std::to_string(i), "v"});
  EXPECT_EQ(PutOne({Ref("cpu", many), 1, ValueView::Double(1)}), Outcome::kAccepted);
  EXPECT_EQ(PutOne({Ref("cpu", {{"d127", "v"}}), 1, ValueView::Double(1)}), Outcome::kAccepted);
  EXPECT_EQ(TryRef("cpu", {{"d128", "v"}}, ValueType::kDouble, {}).rejection,
            RejectReason::kTableLimit);

  std::vector<TestPoint> points;
  for (int i = 1; i < 8192; ++i)
    points.push_back({Ref("m" + std::to_string(i), {{"d0", "v"}}), 1, ValueView::Double(1)});
  const SeriesRef early = Ref("one-too-many", {{"d0", "v"}});
  EXPECT_TRUE(Put(points).rejections.empty());
  EXPECT_EQ(Put({{early, 1, ValueView::Double(1)}}).rejections.at(0).reason,
            RejectReason::kTableLimit);
  EXPECT_EQ(TryRef("another", {{"d0", "v"}}, ValueType::kDouble, {}).rejection,
            RejectReason::kTableLimit);
}

TEST_P(StoreConformance, FieldLimit) {
  const SeriesRef s = Ref("m", {{"host", "a"}}, ValueType::kMulti);
  std::vector<std::string> names;
  for (int i = 0; i < 1025; ++i) names.push_back("f" + std::to_string(i));
  std::vector<FieldView> fields;
  for (int i = 0; i < 1024; ++i)
    fields.push_back({names[static_cast<size_t>(i)], ValueView::Bigint(i)});
  EXPECT_EQ(PutOne({s, 1, ValueView::Multi(fields)}), Outcome::kAccepted);
  const FieldView more[] = {{names[1024], ValueView::Bigint(1)}};
  EXPECT_EQ(Put({{s, 2, ValueView::Multi(more)}}).rejections.at(0).reason,
            RejectReason::kTableLimit);
}

TEST_P(StoreConformance, UnknownTablesAndSeriesAreErrors) {
  const DimensionView d{"host", "a"};
  const SeriesKeyView key{TableId{99}, "cpu", std::span(&d, 1), ValueType::kDouble, {}};
  EXPECT_EQ(store().Resolve(std::span(&key, 1)).error().code, Code::kNotFound);
  EXPECT_EQ(TryPut({{SeriesRef{0, 1'000'000}, 1, ValueView::Double(1)}}).error().code,
            Code::kNotFound);
  EXPECT_EQ(store().Describe(SeriesRef{5, 1}), nullptr);
  Selection selection;
  selection.table = TableId{99};
  EXPECT_EQ(store().Scan({.selection = selection}).error().code, Code::kNotFound);
}

TEST_P(StoreConformance, DroppedTablesAreGone) {
  const SeriesRef s = Ref("cpu");
  Put({{s, 1, ValueView::Double(1)}});
  ASSERT_TRUE(store().DropTable(kTable).ok());
  EXPECT_EQ(store().Describe(s), nullptr);
  EXPECT_EQ(TryPut({{s, 2, ValueView::Double(1)}}).error().code, Code::kNotFound);
  SetTable(tables_.at(kTable));
  EXPECT_THAT(Rows(), IsEmpty());
  EXPECT_EQ(PutOne({Ref("cpu", {{"host", "a"}}, ValueType::kBigint), 1, ValueView::Bigint(1)}),
            Outcome::kAccepted);
  RestartOrSkip();
  if (IsSkipped()) return;
  EXPECT_THAT(Rows(), ElementsAre("cpu{host=a}@1=i:1"));
}

TEST_P(StoreConformance, AnEmptyBatchCompletes) {
  EXPECT_TRUE(Put({}).outcomes.empty());
  EXPECT_THAT(Rows(), IsEmpty());
}

TEST_P(StoreConformance, RejectedFirstPointsLeaveNoTrace) {
  EXPECT_EQ(PutOne({Ref("cpu"), -1'000'000, ValueView::Double(1)}), Outcome::kRejected);
  EXPECT_TRUE(store().Series(All())->empty());
  EXPECT_TRUE(store().Schema(kTable)->measures.empty());
  EXPECT_TRUE(store().Schema(kTable)->dimensions.empty());
}

}  // namespace
}  // namespace tidemark::store
