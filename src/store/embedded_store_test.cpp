// SPDX-License-Identifier: Apache-2.0
// What only the embedded store promises: its budget, its metrics, durability before visibility.
#include "store/embedded_store.h"

#include <gtest/gtest.h>

#include "store/testing/embedded_host.h"

namespace tidemark::store {
namespace {

constexpr TableId kTable{7};
constexpr EventTime kStart{(1'767'225'600LL - 7200) * 1'000'000'000};

SeriesRef Ref(Store& store, std::string_view host) {
  const DimensionView d{"host", host};
  const SeriesKeyView key{kTable, "cpu", std::span(&d, 1), ValueType::kDouble, {}};
  return store.Resolve(std::span(&key, 1))->at(0).series;
}

std::vector<PointView> Points(SeriesRef series, int64_t from, int count) {
  std::vector<PointView> points;
  for (int i = 0; i < count; ++i) {
    points.push_back(
        {series, kStart + milliseconds(from + i), 1, {}, ValueView::Double(1), nullptr});
  }
  return points;
}

uint64_t Count(Store& store) {
  ScanRequest request;
  request.selection.table = kTable;
  return ReadAll(**store.Scan(request)).size();
}

// A burst beyond the budget waits for seals now and then; it never grows beyond it.
TEST(EmbeddedStore, AtItsBudgetWritesWaitForSealsAndNothingIsLost) {
  EmbeddedStoreOptions options;
  options.memory_bytes_max = 1 << 20;
  options.feed_memory_bytes_max = 1 << 16;
  EmbeddedHost host(1, options);
  host.store().SetTable({.table = kTable, .name = "t"});
  const SeriesRef s = Ref(host.store(), "a");
  uint64_t acked = 0;
  uint64_t refused = 0;
  for (int64_t b = 0; b < 400; ++b) {  // about three times what fits
    const auto points = Points(s, b * 500, 500);
    WriteBatch batch;
    batch.points = points;
    host.store().Write(batch, [&](const Result<WriteReply>& r) {
      if (r.ok()) {
        acked += 500;
      } else {
        EXPECT_EQ(r.error().code, Code::kResourceExhausted);
        ++refused;
      }
    });
    host.Settle();
    EXPECT_LT(host.store().Stats().memory_bytes, (1U << 20) + (1U << 17));
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(acked, 100'000U);
  EXPECT_EQ(Count(host.store()), acked);
  EXPECT_EQ(host.store().Stats().points, acked);
  EXPECT_TRUE(host.Restart());
  host.store().SetTable({.table = kTable, .name = "t"});
  EXPECT_EQ(Count(host.store()), acked);
}

class RejectionNotes final : public RejectionSink {
 public:
  void OnRejected(std::span<const RejectedPoint> points) override {
    for (const RejectedPoint& point : points) {
      lines.push_back(std::to_string(static_cast<int>(point.reason)) + " " +
                      std::string(point.key != nullptr ? point.key->measure : "") + " " +
                      std::to_string(point.version) + " " +
                      std::to_string(point.existing_version.value_or(-1)) +
                      (point.table == kTable ? "" : " of another table") +
                      (point.text.empty() ? " without text" : ""));
    }
  }
  std::vector<std::string> lines;
};

TEST(EmbeddedStore, WhatIsRefusedIsTold) {
  RejectionNotes notes;
  EmbeddedStoreOptions options;
  options.rejections = &notes;
  EmbeddedHost host(1, options);
  Store& store = host.store();
  store.SetTable({.table = kTable, .name = "t"});
  auto points = Points(Ref(store, "a"), 0, 2);
  const auto write = [&](int64_t version) {
    for (PointView& point : points) {
      point.version = version;
      point.value = ValueView::Double(static_cast<double>(version));
    }
    WriteBatch batch;
    batch.points = points;
    batch.time_check = WriteBatch::TimeCheck::kNone;
    store.Write(batch, [](const Result<WriteReply>&) {});
    host.Settle();
  };
  write(5);
  EXPECT_TRUE(notes.lines.empty());
  write(4);
  const std::string lower = std::to_string(static_cast<int>(RejectReason::kVersionLower)) + "  4 5";
  EXPECT_EQ(notes.lines, (std::vector<std::string>{lower, lower}));
  notes.lines.clear();
  store.SetReservations({{.target = kTable,
                          .view = ViewId{1},
                          .view_name = "v",
                          .active_generation = 1,
                          .name_template = "avg_{measure}"}});
  const SeriesKeyView key{.table = kTable, .measure = "avg_x"};
  ASSERT_TRUE(store.Resolve({&key, 1}).ok());
  EXPECT_EQ(notes.lines,
            std::vector<std::string>{
                std::to_string(static_cast<int>(RejectReason::kSeriesReserved)) + " avg_x 0 -1"});
}

TEST(EmbeddedStore, NothingIsVisibleBeforeItsFrameIsSynced) {
  EmbeddedHost host(1);
  Store& store = host.store();
  store.SetTable({.table = kTable, .name = "t"});
  const auto points = Points(Ref(store, "a"), 0, 3);
  WriteBatch batch;
  batch.points = points;
  batch.source_progress = {
      {{SourceId::Kind::kPipeline, 1}, kTable, 0, "p", std::nullopt, false, true}};
  bool first = false;
  bool again = false;
  store.Write(batch, [&](const Result<WriteReply>&) { first = true; });
  // The second is unchanged by rows that are not durable yet: it waits for them.
  batch.source_progress.clear();
  store.Write(batch, [&](const Result<WriteReply>& r) {
    again = true;
    EXPECT_EQ(r->outcomes.at(0), Outcome::kUnchanged);
  });
  EXPECT_FALSE(first);
  EXPECT_FALSE(again);
  EXPECT_EQ(Count(store), 0U);
  EXPECT_TRUE(store.Series({.table = kTable})->empty());
  EXPECT_TRUE(store.Schema(kTable)->dimensions.empty());
  EXPECT_TRUE(store.ProgressOf(SourceId{SourceId::Kind::kPipeline, 1}).empty());
  EXPECT_EQ(store.End(), Positions());
  host.Settle();
  EXPECT_TRUE(first);
  EXPECT_TRUE(again);
  EXPECT_EQ(Count(store), 3U);
  EXPECT_EQ(store.ProgressOf(SourceId{SourceId::Kind::kPipeline, 1}).size(), 1U);
}

TEST(EmbeddedStore, CountsThePointsItLooksAt) {
  EmbeddedHost host(1);
  host.store().SetTable({.table = kTable, .name = "t"});
  for (const char* name : {"a", "b"}) {
    const auto points = Points(Ref(host.store(), name), 0, 100);
    WriteBatch batch;
    batch.points = points;
    host.store().Write(batch, [](const Result<WriteReply>&) {});
  }
  host.Settle();
  Counter& scanned = host.metrics().GetCounter("tidemark_store_points_scanned_total", "");
  ScanRequest request;
  request.selection.table = kTable;
  request.selection.dimensions = {{"host", {TextPredicate::Op::kIn, {"a"}}}};
  ReadAll(**host.store().Scan(request));
  EXPECT_EQ(scanned.value(), 100U);
  AggregateRequest aggregate;
  aggregate.selection = request.selection;
  aggregate.aggregates = {{agg::Kind::kAvg, agg::Type::kDouble, "", false}};
  auto cursor = host.store().Aggregate(aggregate);
  std::vector<AggregateRow> rows;
  ASSERT_TRUE((*cursor)->Next(10, rows).ok());
  EXPECT_EQ(scanned.value(), 200U);
}

TEST(EmbeddedStore, OffsetsAreNeverUsedTwice) {
  EmbeddedHost host(1);
  Positions last;
  for (int start = 0; start < 4; ++start) {
    host.store().SetTable({.table = kTable, .name = "t"});
    const auto points = Points(Ref(host.store(), "a"), start, 1);
    WriteBatch batch;
    batch.points = points;
    host.store().Write(batch, [&](const Result<WriteReply>& r) {
      if (!r.ok()) return;  // start 2
      EXPECT_TRUE(r->positions.Covers(last));
      EXPECT_FALSE(r->positions == last);
      last = r->positions;
    });
    if (start != 2) host.Settle();  // once the frame is lost: its offset must not come again
    host.Close();
    host.fs().Crash();
    ASSERT_TRUE(host.Open().ok());
  }
  host.store().SetTable({.table = kTable, .name = "t"});
  EXPECT_EQ(Count(host.store()), 3U);
}

}  // namespace
}  // namespace tidemark::store
