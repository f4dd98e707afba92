// SPDX-License-Identifier: Apache-2.0
// A changed definition is built beside the view and takes its place (event-time.md 6.6): rows H18
// and H4 in the words of design section 7.
#include "view/generations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/testing/test_view.h"

namespace tidemark::view {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr ViewId kNext{8};

/// Rows that anybody sees, as "x_cpu 0 =3".
std::vector<std::string> Seen(TestView& v) {
  store::ScanRequest scan;
  scan.selection = {.table = TestView::kTable, .time = {kEventTimeMin, kEventTimeMax}};
  const auto cursor = std::move(v.store().Scan(scan)).value();
  std::vector<std::string> out;
  store::SliceBuffer buffer;
  store::Slice slice;
  while (cursor->Next(buffer, slice).value()) {
    if (slice.series->owner.none()) continue;
    for (size_t i = 0; i < slice.times.size(); ++i) {
      out.push_back(slice.series->measure + " " + std::to_string(slice.times[i].ns) + " =" +
                    std::to_string(static_cast<int>(slice.columns[0].doubles[i])));
    }
  }
  std::ranges::sort(out);
  return out;
}

ViewDefinition NextOf(TestView& v) {
  ViewDefinition next = v.definition();
  next.id = kNext;
  next.generation = 2;
  next.replaces = v.definition().owner();
  return next;
}

Result<void> Replace(TestView& v) {
  Result<void> result;
  v.maintainer().Replace(kNext, [&](Result<void> r) { result = std::move(r); });
  v.Run();
  return result;
}

std::string DiffText(TestView& v) {
  const GenerationDiff diff =
      CompareGenerations(v.store(), TestView::kTable, {TestView::kView, 1}, {kNext, 2}, 100, 2)
          .value();
  std::string out = "same " + std::to_string(diff.same) + " changed " +
                    std::to_string(diff.changed) + " added " + std::to_string(diff.added) +
                    " removed " + std::to_string(diff.removed);
  for (const RowDifference& row : diff.rows) {
    const auto text = [](const store::Scalar& value) {
      const auto* number = std::get_if<double>(&value);
      return number == nullptr ? std::string("none") : std::to_string(static_cast<int>(*number));
    };
    out += "; " + row.measure + " " + std::to_string(row.time.ns) + " " + text(row.before) + "->" +
           text(row.now);
  }
  return out;
}

TEST(Generations, TheNextIsBuiltUnseenAndTakesOverAtOnce) {
  TestView v({.aggregates = {agg::Kind::kSum}, .output = "x_{measure}"});
  v.Add(0, 1, 3);
  v.Add(0, 2, 5);
  v.Add(0, 11, 7);
  v.Add(0, 20, 1);
  EXPECT_THAT(Seen(v), ElementsAre("x_cpu 0 =8", "x_cpu 10 =7"));
  v.Published();
  ViewDefinition next = NextOf(v);
  next.aggregates = {agg::Kind::kMax};
  ASSERT_TRUE(v.maintainer().Create(next).ok());
  v.Run();
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r1 =5, was 8", "[10,20) r1 =7, was 7"));
  EXPECT_THAT(Seen(v), ElementsAre("x_cpu 0 =8", "x_cpu 10 =7"));
  EXPECT_EQ(v.maintainer().Statuses().size(), 1U);
  EXPECT_EQ(v.maintainer().NextStatuses().size(), 1U);
  EXPECT_THAT(v.maintainer().Built(), ElementsAre(kNext));

  // Both go on until then.
  v.Add(0, 3, 9);
  EXPECT_THAT(v.Published(), ElementsAre("[0,10) r2 =17 n3, late 1", "[0,10) r2 =9, late 1"));
  v.Add(0, 30, 2);
  EXPECT_THAT(Seen(v), ElementsAre("x_cpu 0 =17", "x_cpu 10 =7", "x_cpu 20 =1"));
  EXPECT_EQ(DiffText(v), "same 2 changed 1 added 0 removed 0; x_cpu 0 17->9");

  ASSERT_TRUE(Replace(v).ok());
  EXPECT_THAT(Seen(v), ElementsAre("x_cpu 0 =9", "x_cpu 10 =7", "x_cpu 20 =1"));
  EXPECT_THAT(v.maintainer().NextStatuses(), IsEmpty());
  EXPECT_EQ(v.Status().definition.generation, 2U);
  v.Published();
  v.Add(0, 12, 50);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r2 =50, late 1"));
  EXPECT_FALSE(v.store().ProgressOf(TestView::kView).has_value()) << "the old one is gone";
}

// H18: rows that the new definition does not make are seen no more.
TEST(Generations, H18GhostRowsAreGoneAfterTheSwitch) {
  TestView v({.output = "x_{measure}"});
  v.Add(0, 1, 3);
  v.Add(0, 1, 5, "b");
  v.Add(0, 10, 1);
  ViewDefinition next = NextOf(v);
  next.filter.texts.push_back({.name = "host", .values = {"b"}});
  ASSERT_TRUE(v.maintainer().Create(next).ok());
  v.Run();
  EXPECT_EQ(DiffText(v), "same 1 changed 0 added 0 removed 1; x_cpu 0 3->none");
  ASSERT_TRUE(Replace(v).ok());
  EXPECT_THAT(Seen(v), ElementsAre("x_cpu 0 =5"));
}

TEST(Generations, OtherNamesAreMadeBesideTheOldOnes) {
  TestView v({.output = "old_{measure}"});
  v.Add(0, 1, 3);
  v.Add(0, 10, 1);
  ViewDefinition next = NextOf(v);
  next.output = "new_{measure}";
  ASSERT_TRUE(v.maintainer().Create(next).ok());
  v.Run();
  EXPECT_THAT(Seen(v), ElementsAre("old_cpu 0 =3"));
  EXPECT_EQ(DiffText(v),
            "same 0 changed 0 added 1 removed 1; new_cpu 0 none->3; old_cpu 0 3->none");
  ASSERT_TRUE(Replace(v).ok());
  EXPECT_THAT(Seen(v), ElementsAre("new_cpu 0 =3"));
}

TEST(Generations, OneIsBuiltAtATimeAndOnlyBesideAViewThatExists) {
  TestView v;
  v.Add(0, 1, 3);
  ViewDefinition next = NextOf(v);
  ASSERT_TRUE(v.maintainer().Create(next).ok());
  next.id = {9};
  EXPECT_THAT(v.maintainer().Create(next).error().message, HasSubstr("generation 2 of view v"));
  next.replaces = {{77}, 1};
  EXPECT_EQ(v.maintainer().Create(next).error().code, Code::kNotFound);
  v.maintainer().Drop(kNext, [](Result<void> r) { EXPECT_TRUE(r.ok()); });
  v.Run();
  EXPECT_EQ(Replace(v).error().code, Code::kNotFound);
  next.replaces = v.definition().owner();
  EXPECT_TRUE(v.maintainer().Create(next).ok());
}

// A restart in the middle: the next one goes on from its own progress, still unseen.
TEST(Generations, ARestartGoesOnBuilding) {
  TestView v({.aggregates = {agg::Kind::kSum}, .output = "x_{measure}"});
  v.Add(0, 1, 3);
  v.Add(0, 10, 1);
  ViewDefinition next = NextOf(v);
  next.aggregates = {agg::Kind::kMin};
  ASSERT_TRUE(v.maintainer().Create(next).ok());
  v.Run();
  v.Published();
  v.Restart();
  ASSERT_TRUE(v.maintainer().Restore(next).ok());
  v.Run();
  EXPECT_THAT(v.Published(), IsEmpty());
  EXPECT_THAT(Seen(v), ElementsAre("x_cpu 0 =3"));
  EXPECT_THAT(v.maintainer().Built(), ElementsAre(kNext));
  v.Add(0, 20, 1);
  EXPECT_THAT(v.Published(), ElementsAre("[10,20) r1 =1 n1", "[10,20) r1 =1, was 1"));
}

TEST(Generations, AnotherTypeUnderTheSameNameIsRefused) {
  TestView v({.aggregates = {agg::Kind::kSum}, .output = "x_{measure}"});
  ViewDefinition next = NextOf(v);
  next.aggregates = {agg::Kind::kCount};
  EXPECT_THAT(v.maintainer().Create(next).error().message,
              HasSubstr("output \"x_{measure}\" would make rows of type bigint of measures of type "
                        "double, where generation 1 has double"));
  next.output = "n_{measure}";
  EXPECT_TRUE(v.maintainer().Create(next).ok());
}

}  // namespace
}  // namespace tidemark::view
