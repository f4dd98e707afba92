// SPDX-License-Identifier: Apache-2.0
// The series index and what it is made of, below a store.
#include "store/series_index.h"

#include <algorithm>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/testing/seed.h"
#include "store/canonical_key.h"
#include "store/journal_format.h"

namespace tidemark::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<uint32_t> IdsOf(const PostingList& list) {
  std::vector<uint32_t> out;
  list.AppendTo(out);
  return out;
}

TEST(PostingList, KeepsAnySetInAnyOrder) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  std::mt19937_64 random(seed);
  for (const uint32_t range : {3U, 80U, 3000U, PostingList::kIdsMax - 1}) {
    PostingList list;
    std::set<uint32_t> model;
    for (int i = 0; i < 2000; ++i) {
      const auto id = static_cast<uint32_t>(random() % range) + 1;
      // Grows past every representation, and shrinks back to none.
      if (i < 1000 ? random() % 4 != 0 : random() % 4 == 0) {
        list.Add(id);
        model.insert(id);
      } else {
        const uint32_t gone = model.empty() ? id : *model.begin();
        list.Remove(gone);
        model.erase(gone);
      }
      ASSERT_EQ(list.Contains(id), model.contains(id));
      ASSERT_EQ(list.size(), model.size());
      ASSERT_EQ(list.empty(), model.empty());
      if (i % 50 != 0) continue;
      ASSERT_EQ(IdsOf(list), std::vector<uint32_t>(model.begin(), model.end()));
    }
  }
}

TEST(PostingList, CostsNoHeapForTwoIds) {
  PostingList list;
  EXPECT_EQ(list.Add(7) + list.Add(PostingList::kIdsMax - 1), 0U);
  EXPECT_THAT(IdsOf(list), ElementsAre(7, PostingList::kIdsMax - 1));
  EXPECT_GT(list.Add(9), 0U);
  PostingList moved = std::move(list);
  EXPECT_THAT(IdsOf(moved), ElementsAre(7, 9, PostingList::kIdsMax - 1));
}

TEST(IdSet, CombinesListsOfEveryKind) {
  PostingList one;
  PostingList some;
  PostingList many;
  one.Add(5);
  for (uint32_t i = 0; i < 40; ++i) some.Add(i * 3 + 1);
  for (uint32_t i = 0; i < 5000; ++i) many.Add(i * 2);
  const PostingList* all[] = {&one, &some, &many};
  IdSet set = IdSet::UnionOf(all);
  EXPECT_EQ(set.size(), 1U + 20 + 5000);
  set.IntersectWith(some);
  EXPECT_EQ(set.ToVector(), IdsOf(some));
  set.IntersectWith(many);
  EXPECT_EQ(set.size(), 20U);
  set.Subtract(IdSet::Of(std::vector<uint32_t>{4, 10}));
  EXPECT_EQ(set.size(), 18U);
  set.IntersectWith(one);
  EXPECT_TRUE(set.empty());
}

TEST(IdTable, FindsWhatIsLeftAfterErasures) {
  IdTable table;
  std::set<uint32_t> model;
  std::mt19937_64 random(3);
  // Few distinct hashes: long runs of slots that are not at home.
  const auto hash_of = [](uint32_t id) { return uint64_t{id % 37} << 32U; };
  for (int i = 0; i < 20000; ++i) {
    const auto id = static_cast<uint32_t>(random() % 500);
    if (model.contains(id)) {
      ASSERT_TRUE(table.Erase(hash_of(id), id));
      model.erase(id);
    } else {
      ASSERT_FALSE(table.Erase(hash_of(id), id));
      table.Insert(hash_of(id), id);
      model.insert(id);
    }
    const auto asked = static_cast<uint32_t>(random() % 500);
    ASSERT_EQ(table.Find(hash_of(asked), [&](uint32_t found) { return found == asked; }),
              model.contains(asked) ? asked : kNoId);
  }
  EXPECT_EQ(table.size(), model.size());
}

TEST(TextTable, NumbersTextsInOrder) {
  Arena arena;
  TextTable table(arena);
  const std::string large(100'000, 'x');
  EXPECT_EQ(table.FindOrAdd("a"), 0U);
  EXPECT_EQ(table.FindOrAdd(""), 1U);
  EXPECT_EQ(table.FindOrAdd(large), 2U);
  for (uint32_t i = 0; i < 5000; ++i)
    EXPECT_EQ(table.FindOrAdd("host-" + std::to_string(i)), i + 3);
  EXPECT_EQ(table.FindOrAdd("a"), 0U);
  EXPECT_EQ(table.Find("host-4999"), 5002U);
  EXPECT_EQ(table.Find("host-5000"), kNoId);
  EXPECT_EQ(table.TextOf(1), "");
  EXPECT_EQ(table.TextOf(2), large);
  EXPECT_EQ(table.TextOf(5002), "host-4999");
}

constexpr TableId kTable{7};

struct TestIndex {
  SeriesDirectory directory;
  SeriesIndex index{directory};

  SeriesEntry& Add(std::string_view measure, std::vector<DimensionView> dimensions, uint64_t lsn,
                   ValueType type = ValueType::kDouble, Owner owner = {}) {
    SeriesEntry* entry = index.AddSeries({kTable, measure, dimensions, type, owner}).value();
    if (lsn != 0) index.Define(*entry, lsn);
    return *entry;
  }
  uint32_t FindSeries(std::string_view measure, std::vector<DimensionView> dimensions,
                      ValueType type = ValueType::kDouble, Owner owner = {}) const {
    return index.FindSeries({kTable, measure, dimensions, type, owner});
  }
  std::vector<uint32_t> Select(std::vector<TextPredicate> measure,
                               std::vector<DimensionPredicate> dimensions) const {
    Selection selection;
    selection.table = kTable;
    selection.measure = std::move(measure);
    selection.dimensions = std::move(dimensions);
    return index.SelectIds(selection, UINT64_MAX).value();
  }
};

TEST(SeriesIndex, FindsASeriesByAnyOrderOfItsDimensions) {
  TestIndex t;
  const uint32_t a = t.Add("cpu", {{"region", "eu"}, {"host", "h1"}}, 0).id;
  const uint32_t b = t.Add("cpu", {{"host", "h2"}, {"region", "eu"}}, 0).id;
  EXPECT_EQ(t.FindSeries("cpu", {{"host", "h1"}, {"region", "eu"}}), a);
  EXPECT_EQ(t.FindSeries("cpu", {{"region", "eu"}, {"host", "h2"}}), b);
  EXPECT_EQ(t.FindSeries("cpu", {{"region", "h1"}, {"host", "eu"}}), 0U);
  EXPECT_EQ(t.FindSeries("cpu", {{"host", "h1"}}), 0U);
  EXPECT_EQ(t.FindSeries("mem", {{"host", "h1"}, {"region", "eu"}}), 0U);
  EXPECT_EQ(t.FindSeries("cpu", {{"host", "h1"}, {"region", "eu"}}, ValueType::kBigint), 0U);
  EXPECT_EQ(
      t.FindSeries("cpu", {{"host", "h1"}, {"region", "eu"}}, ValueType::kDouble, {ViewId{3}, 1}),
      0U);
  const uint32_t none = t.Add("cpu", {}, 0).id;
  EXPECT_EQ(t.FindSeries("cpu", {}), none);
}

TEST(SeriesIndex, ADimensionNamedTwiceDoesNoHarm) {
  TestIndex t;
  t.Add("cpu", {{"host", "h1"}, {"region", "eu"}}, 1);
  SeriesEntry& twice = t.Add("cpu", {{"host", "h1"}, {"host", "h2"}}, 2);
  EXPECT_EQ(t.FindSeries("cpu", {{"host", "h1"}, {"host", "h2"}}), twice.id);
  EXPECT_EQ(t.index.Info(twice.id)->dimensions.size(), 2U);
  t.index.Drop(twice);
  EXPECT_EQ(t.index.series_count(), 1U);
}

TEST(SeriesIndex, InfoIsWhatWasAsked) {
  TestIndex t;
  const SeriesEntry& entry =
      t.Add("cpu", {{"region", "eu"}, {"host", "h1"}}, 4, ValueType::kBigint, {ViewId{2}, 5});
  const auto info = t.index.Info(entry.id);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->measure, "cpu");
  EXPECT_THAT(info->dimensions, ElementsAre(Dimension{"host", "h1"}, Dimension{"region", "eu"}));
  EXPECT_EQ(info->type, ValueType::kBigint);
  EXPECT_EQ(info->canonical_key, t.index.KeyOf(entry.id));
  EXPECT_EQ(ParseCanonicalKey(info->canonical_key)->owner, (Owner{ViewId{2}, 5}));
  EXPECT_EQ(t.index.Info(entry.id), info) << "kept";
  EXPECT_EQ(t.index.MeasureOf(entry.id), "cpu");
  EXPECT_EQ(t.index.Info(entry.id + 1), nullptr);
}

TEST(SeriesIndex, DroppedSeriesAreGoneAndMayComeAgain) {
  TestIndex t;
  SeriesEntry& a = t.Add("cpu", {{"host", "h1"}}, 1);
  const uint32_t b = t.Add("cpu", {{"host", "h2"}}, 2).id;
  const auto kept = t.index.Info(a.id);
  t.index.Drop(a);
  EXPECT_EQ(t.index.Info(a.id), nullptr);
  EXPECT_EQ(t.index.KeyOf(a.id), "");
  EXPECT_EQ(t.FindSeries("cpu", {{"host", "h1"}}), 0U);
  EXPECT_THAT(t.Select({}, {}), ElementsAre(b));
  EXPECT_THAT(t.Select({}, {{"host", {TextPredicate::Op::kIn, {"h1"}, '\0'}}}), IsEmpty());
  const uint32_t again = t.Add("cpu", {{"host", "h1"}}, 3).id;
  EXPECT_NE(again, a.id);
  EXPECT_THAT(t.Select({}, {}), ElementsAre(b, again));
  EXPECT_EQ(t.index.series_count(), 2U);
  const size_t before = t.index.heap_bytes();
  t.index.Drop(*t.index.Find(kTable));
  EXPECT_EQ(t.index.Info(b), nullptr);
  EXPECT_EQ(t.index.series_count(), 0U);
  EXPECT_LT(t.index.heap_bytes(), before);
  EXPECT_THAT(t.Select({}, {}), IsEmpty());
}

TEST(SeriesIndex, ANewOwnerChangesTheIdentity) {
  TestIndex t;
  const Owner owner{ViewId{9}, 1};
  SeriesEntry& a = t.Add("avg", {{"host", "h1"}}, 1);
  const auto before = t.index.Info(a.id);
  ASSERT_TRUE(t.index.SetOwner(a, owner));
  EXPECT_EQ(t.FindSeries("avg", {{"host", "h1"}}), 0U);
  EXPECT_EQ(t.FindSeries("avg", {{"host", "h1"}}, ValueType::kDouble, owner), a.id);
  EXPECT_EQ(t.index.Info(a.id)->owner, owner);
  EXPECT_TRUE(before->owner.none());
  EXPECT_THAT(t.Select({}, {}), IsEmpty()) << "no reservation shows that generation";
  SeriesEntry& b = t.Add("avg", {{"host", "h1"}}, 2);
  EXPECT_FALSE(t.index.SetOwner(b, owner));
  EXPECT_THAT(t.index.OwnerlessNames(*t.index.Find(kTable), "a{measure}", 9), ElementsAre("avg"));
  t.index.Drop(b);
  EXPECT_THAT(t.index.OwnerlessNames(*t.index.Find(kTable), "a{measure}", 9), IsEmpty());
}

TEST(SeriesIndex, WrongConditionsAreRefusedWhateverTheyMeet) {
  TestIndex t;
  const auto select = [&](TextPredicate predicate) {
    Selection selection;
    selection.table = kTable;
    selection.dimensions = {{"host", std::move(predicate)}};
    const auto ids = t.index.SelectIds(selection, UINT64_MAX);
    return ids.ok() ? Error{} : ids.error();
  };
  const Error open = select({TextPredicate::Op::kRegex, {"h(1"}, '\0'});
  EXPECT_EQ(open.code, Code::kInvalidArgument);
  EXPECT_THAT(open.message, HasSubstr("'h(1'"));
  EXPECT_EQ(select({TextPredicate::Op::kLess, {}, '\0'}).code, Code::kInvalidArgument);
  t.Add("cpu", {{"host", std::string_view("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")}}, 1);
  EXPECT_EQ(select({TextPredicate::Op::kNotRegex, {"(a+)+$"}, '\0'}).code,
            Code::kResourceExhausted);
}

// Feeds records back to an index, as a start does.
struct Rebuild : BatchVisitor {
  TestIndex t;
  Result<void> OnSeriesDef(uint32_t id, ValueType type, std::string_view key) override {
    TM_ASSIGN_OR_RETURN(SeriesEntry * entry, t.index.AddSeriesAt(id, type, key));
    t.index.Define(*entry, 1);
    return {};
  }
  Result<void> OnField(TableId table, uint32_t id, const FieldDef& field) override {
    EXPECT_EQ(t.index.DefineField(t.index.FindOrAdd(table), field, 1).first, id);
    return {};
  }
  Result<void> OnSeriesField(uint32_t series, uint32_t field) override {
    t.index.NoteField(*t.directory.Get({0, series}), field, 1);
    return {};
  }
  Result<void> OnPoints(std::span<const JournalPoint>) override { return {}; }
  Result<void> OnSource(SourceProgress) override { return {}; }
  Result<void> OnView(ViewProgress) override { return {}; }
  Result<void> OnRevision(RevisionEntry) override { return {}; }
  Result<void> OnTableDrop(TableId) override { return {}; }
  Result<void> OnAdopt(uint32_t, Owner) override { return {}; }
  Result<void> OnOwnerDrop(ViewId) override { return {}; }
};

TEST(SeriesIndex, DefinitionsRebuildIt) {
  TestIndex t;
  SeriesEntry& adopted = t.Add("avg", {{"host", "h1"}}, 3);
  SeriesEntry& dropped = t.Add("cpu", {{"host", "h2"}}, 4);
  t.Add("cpu", {{"host", "h3"}}, 0);  // no point yet
  SeriesEntry& multi = t.Add("row", {}, 5, ValueType::kMulti);
  ASSERT_TRUE(t.index.SetOwner(adopted, {ViewId{4}, 2}));
  t.index.Drop(dropped);
  TableIndex& table = *t.index.Find(kTable);
  t.index.DefineField(table, {"x", ValueType::kDouble}, 5);
  t.index.DefineField(table, {"y", ValueType::kVarchar}, 5);
  t.index.NoteField(multi, 1, 5);
  BatchEncoder encoder;
  t.index.EncodeFieldDefinitions(UINT64_MAX, encoder);
  t.index.EncodeSeriesDefinitions(0, 3, UINT64_MAX, encoder);
  t.index.EncodeSeriesDefinitions(3, UINT32_MAX, UINT64_MAX, encoder);
  const std::string records = std::move(encoder).Take();
  Rebuild again;
  ASSERT_TRUE(DecodeBatch(records, again).ok());
  EXPECT_EQ(again.t.index.series_count(), 2U);
  EXPECT_EQ(again.t.index.KeyOf(adopted.id), t.index.KeyOf(adopted.id));
  EXPECT_EQ(again.t.index.Info(adopted.id)->owner, (Owner{ViewId{4}, 2}));
  EXPECT_EQ(again.t.index.Info(dropped.id), nullptr);
  EXPECT_EQ(again.t.index.Info(multi.id)->type, ValueType::kMulti);
  ASSERT_EQ(FieldsWritten(*again.t.directory.Get({0, multi.id})).size(), 1U);
  EXPECT_EQ(again.t.index.Schema(*again.t.index.Find(kTable), 9).measures[0].fields.size(), 1U);
}

TEST(SeriesIndex, ValuesAreNumbersForGrouping) {
  TestIndex t;
  const uint32_t a = t.Add("cpu", {{"host", "h1"}, {"az", "a"}}, 1).id;
  const uint32_t b = t.Add("mem", {{"host", "h2"}}, 1).id;
  const uint32_t c = t.Add("cpu", {{"az", "b"}}, 1).id;
  const TableIndex& table = *t.index.Find(kTable);
  const std::vector<uint32_t> ids = {a, b, c};
  const auto az = t.index.ValuesOf(table, "az", ids);
  EXPECT_EQ(t.index.ValueText(table, "az", az[0]), "a");
  EXPECT_EQ(az[1], kNoId);
  EXPECT_EQ(t.index.ValueText(table, "az", az[2]), "b");
  EXPECT_THAT(t.index.ValuesOf(table, "no", ids), ElementsAre(kNoId, kNoId, kNoId));
  const auto measures = t.index.MeasuresOf(ids);
  EXPECT_EQ(measures[0], measures[2]);
  EXPECT_NE(measures[0], measures[1]);
}

// Counted, not timed: what a series costs without its rows (issue: 1 M series within 1 GB).
TEST(SeriesIndex, ASeriesIsSmall) {
  TestIndex t;
  constexpr uint32_t kSeries = 20000;
  for (uint32_t i = 0; i < kSeries; ++i) {
    const std::string host = "host-" + std::to_string(i);
    const std::string cell = "cell-" + std::to_string(i % 50);
    t.Add("cpu_user",
          {{"region", i % 3 == 0 ? "eu" : "us"},
           {"cell", cell},
           {"os", "linux"},
           {"instance_name", host}},
          i + 1);
  }
  EXPECT_LT(t.index.heap_bytes() / kSeries, sizeof(SeriesEntry) + 160);
}

}  // namespace
}  // namespace tidemark::store
