// SPDX-License-Identifier: Apache-2.0
// Random operations on the embedded store and the model side by side: every verdict, and every
// read. The seed comes from TM_SEED; weights are drawn from it, so some operations vanish in some
// runs.
#include <algorithm>
#include <deque>

#include <gtest/gtest.h>

#include "store/testing/embedded_host.h"
#include "store/testing/model_store.h"

namespace tidemark::store {
namespace {

constexpr TableId kTable{7};
constexpr Owner kView{ViewId{3}, 1};

struct Key {
  std::string measure;
  std::vector<Dimension> dimensions;
  ValueType type = ValueType::kDouble;
  Owner owner;
};

class Twins {
 public:
  explicit Twins(uint64_t seed) : random_(seed), host_(seed, Options()), model_(host_.clock()) {
    for (int& w : weights_) w = static_cast<int>(random_.Below(10));
    SetTables();
    for (int i = 0; i < 14; ++i) {
      Key key;
      key.measure = i % 5 == 4 ? "avg_m" + std::to_string(i % 2) : "m" + std::to_string(i % 4);
      key.dimensions = {{"host", "h" + std::to_string(i % 3)}};
      if (i % 2 == 0) key.dimensions.push_back({"zone", "z" + std::to_string(i % 4)});
      constexpr ValueType kTypes[] = {ValueType::kDouble, ValueType::kBigint, ValueType::kVarchar,
                                      ValueType::kMulti};
      key.type = kTypes[i % 4];
      if (i % 5 == 4) {
        key.owner = kView;
        key.type = ValueType::kDouble;
      }
      if (i == 13) key.type = ValueType::kBoolean;  // clashes with another series of its measure
      keys_.push_back(key);
    }
  }

  void Run(int steps) {
    for (step_ = 0; step_ < steps && !testing::Test::HasFailure(); ++step_) {
      SCOPED_TRACE(testing::Message() << "step " << step_);
      const uint64_t pick = random_.Below(100);
      if (pick < 60) {
        WriteSome();
      } else if (pick < 80) {
        CompareScan();
      } else if (pick < 88) {
        CompareAggregate();
      } else if (pick < 93) {
        CompareRest();
      } else if (pick < 95) {
        host_.clock().Advance(minutes(static_cast<int64_t>(random_.Below(200))));
      } else if (pick < 96) {
        SealOrMerge();
      } else if (pick < 97) {
        reserved_ = !reserved_;
        SetTables();
      } else if (weights_[0] > 3) {
        RestartSome();
      }
    }
    CompareScan();
    CompareRest();
  }

 private:
  EmbeddedStoreOptions Options() {
    EmbeddedStoreOptions options;
    options.segment_bytes_max = 600 + random_.Below(4000);
    options.frame_bytes_max = 1 + random_.Below(500);
    options.feed_memory_bytes_max = random_.Below(2) == 0 ? 0 : 4000;
    // Every boundary of files, chunks and partitions is crossed often.
    options.chunk_rows_max = 1 + random_.Below(20);
    options.seal_after = minutes(1 + random_.Below(300));
    options.seal_bytes = random_.Below(2) == 0 ? 0 : 2000 + random_.Below(30'000);
    options.partition = random_.Below(2) == 0 ? hours(24) : hours(1);
    options.feed_bytes_max = random_.Below(2) == 0 ? 0 : 3000;
    return options;
  }

  void SetTables() {
    const TableSettings settings{.table = kTable,
                                 .name = "t",
                                 .memory_retention = hours(2),
                                 .magnetic_retention = hours(24),
                                 .magnetic_writes = random_.Below(2) == 0};
    std::vector<Reservation> reservations;
    if (reserved_) reservations.push_back({kTable, kView.view, "v", 1, "avg_{measure}"});
    for (Store* store : Both()) {
      store->SetTable(settings);
      store->SetReservations(reservations);
    }
    settings_ = settings;
  }

  static std::string PositionOf(Store& store, uint32_t partition) {
    for (const SourceProgress& progress : store.ProgressOf({SourceId::Kind::kPipeline, 2})) {
      if (progress.partition == partition) return progress.position;
    }
    return "";
  }
  std::array<Store*, 2> Both() { return {&host_.store(), &model_}; }

  void SealOrMerge() {
    const uint64_t pick = random_.Below(3);
    bool done = false;
    const auto finish = [&](const Result<void>& r) {
      EXPECT_TRUE(r.ok()) << r.error().message;
      done = true;
    };
    if (pick == 0) {
      host_.embedded()->Flush(finish);
    } else {
      host_.embedded()->Compact(pick == 1 ? CompactMode::kDue : CompactMode::kFull, finish);
    }
    host_.Settle();
    EXPECT_TRUE(done);
  }

  void RestartSome() {
    host_.Close();
    if (random_.Below(2) == 0) {
      host_.fs().Crash();
    }
    const auto opened = host_.Open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    host_.store().SetTable(settings_);
    host_.store().SetReservations(
        reserved_ ? std::vector<Reservation>{{kTable, kView.view, "v", 1, "avg_{measure}"}}
                  : std::vector<Reservation>{});
  }

  Resolved Resolve(Store& store, const Key& key) {
    std::vector<DimensionView> views;
    for (const Dimension& d : key.dimensions) views.push_back({d.name, d.value});
    const SeriesKeyView view{kTable, key.measure, views, key.type, key.owner};
    auto resolved = store.Resolve(std::span(&view, 1));
    EXPECT_TRUE(resolved.ok());
    return resolved->at(0);
  }

  ValueView RandomValue(ValueType type) {
    switch (type) {
      case ValueType::kDouble: {
        constexpr double kSpecial[] = {0.0, -0.0, 1.5, -1e300, 5e-324};
        return ValueView::Double(kSpecial[random_.Below(5)]);
      }
      case ValueType::kBigint:
        return ValueView::Bigint(random_.Below(2) == 0 ? INT64_MIN
                                                       : static_cast<int64_t>(random_.Below(3)));
      case ValueType::kVarchar:
        texts_.push_back(std::string(random_.Below(5) == 0 ? 3000 : random_.Below(4), 'x'));
        return ValueView::Varchar(texts_.back());
      case ValueType::kBoolean:
        return ValueView::Boolean(random_.Below(2) == 0);
      case ValueType::kMulti: {
        std::vector<FieldView>& fields = multis_.emplace_back();
        constexpr std::string_view kNames[] = {"f0", "f1", "f2", "host"};
        for (size_t i = random_.Below(3); i < (random_.Below(20) == 0 ? 4U : 3U); ++i) {
          fields.push_back(
              {kNames[i], RandomValue(i == 0 && random_.Below(10) != 0 ? ValueType::kDouble
                                                                       : ValueType::kBigint)});
        }
        return ValueView::Multi(fields);
      }
      default:
        return {};
    }
  }

  void WriteSome() {
    struct Spec {
      size_t key;
      PointView point;
    };
    std::vector<Spec> specs;
    const bool view = random_.Below(4) == 0;
    const bool last_wins = view || random_.Below(2) == 0;
    const uint64_t count = random_.Below(12);
    for (uint64_t i = 0; i < count; ++i) {
      Spec spec;
      spec.key = random_.Below(keys_.size());
      const Key& key = keys_[spec.key];
      // Times cluster, so that duplicates and late points are common; some lie outside the window.
      const int64_t back =
          random_.Below(12) == 0 ? 400'000 : static_cast<int64_t>(random_.Below(60));
      spec.point.time = host_.clock().Now().AsEventTime() - seconds(back * 10);
      if (random_.Below(20) == 0) spec.point.time = host_.clock().Now().AsEventTime() + hours(1);
      spec.point.version = 1 + static_cast<int64_t>(random_.Below(4));
      spec.point.arrival = {host_.clock().Now().ms - static_cast<int64_t>(random_.Below(5))};
      spec.point.value =
          random_.Below(30) == 0 ? RandomValue(ValueType::kBoolean) : RandomValue(key.type);
      if (view && random_.Below(6) == 0) spec.point.value = ValueView();
      if (view) {
        infos_.push_back({spec.point.time, spec.point.time + seconds(10),
                          static_cast<uint32_t>(random_.Below(3)), random_.Below(3)});
        spec.point.row = &infos_.back();
      }
      specs.push_back(spec);
    }
    std::vector<std::string> verdicts;
    for (Store* store : Both()) {
      std::vector<PointView> points;
      std::string log;
      for (const Spec& spec : specs) {
        const Resolved r = Resolve(*store, keys_[spec.key]);
        log += std::to_string(static_cast<int>(r.rejection)) + r.text + ";";
        if (r.rejection != RejectReason::kNone) continue;
        points.push_back(spec.point);
        points.back().series = r.series;
      }
      WriteBatch batch;
      batch.points = points;
      batch.rule = last_wins ? ConflictRule::kLastWins : ConflictRule::kByVersion;
      if (view) batch.owner = kView;
      if (last_wins) batch.time_check = WriteBatch::TimeCheck::kRetentionOnly;
      batch.direct_clock = !last_wins;
      if (last_wins && !view) {
        batch.source_progress = {{{SourceId::Kind::kPipeline, 2},
                                  kTable,
                                  step_ % 3 == 0 ? 1U : 0U,
                                  std::to_string(step_),
                                  EventTime{step_ * 7 % 50},
                                  step_ % 2 == 0,
                                  true}};
        if (step_ % 4 == 1) batch.continues_from = "elsewhere";
        if (step_ % 4 >= 2) batch.continues_from = PositionOf(*store, step_ % 3 == 0 ? 1 : 0);
      }
      std::optional<Result<WriteReply>> reply;
      store->Write(batch, [&](Result<WriteReply> r) { reply = std::move(r); });
      host_.Settle();
      ASSERT_TRUE(reply.has_value());
      ASSERT_TRUE(reply->ok()) << reply->error().message;
      for (const Outcome o : (*reply)->outcomes) log += std::to_string(static_cast<int>(o));
      for (const Rejection& r : (*reply)->rejections) {
        log += "|" + std::to_string(r.index) + ":" + std::to_string(static_cast<int>(r.reason)) +
               r.text + (r.existing_version ? std::to_string(*r.existing_version) : "-");
      }
      log += "|" + std::to_string((*reply)->memory_points) + "," +
             std::to_string((*reply)->magnetic_points);
      verdicts.push_back(std::move(log));
    }
    EXPECT_EQ(verdicts[0], verdicts[1]);
  }

  Selection RandomSelection() {
    Selection s;
    s.table = kTable;
    const EventTime now = host_.clock().Now().AsEventTime();
    if (random_.Below(2) == 0)
      s.time = {now - seconds(static_cast<int64_t>(random_.Below(600))), now};
    if (random_.Below(3) == 0) s.measure = {{TextPredicate::Op::kIn, {"m0", "m3", "avg_m0"}}};
    if (random_.Below(3) == 0) s.measure.push_back({TextPredicate::Op::kNotLike, {"%1"}});
    if (random_.Below(3) == 0) s.dimensions = {{"host", {TextPredicate::Op::kIn, {"h1", "h2"}}}};
    if (random_.Below(4) == 0)
      s.dimensions.push_back({"zone", {TextPredicate::Op::kGreater, {"z0"}}});
    if (random_.Below(4) == 0) s.owners.kind = OwnerFilter::Kind::kOwnerless;
    if (random_.Below(6) == 0) s.owners = {OwnerFilter::Kind::kView, kView};
    return s;
  }

  void CompareScan() {
    ScanRequest request;
    request.selection = RandomSelection();
    request.versions_wanted = true;
    request.rows_wanted = true;
    const bool last = random_.Below(4) == 0;
    std::vector<std::vector<ReadRow>> rows;
    for (Store* store : Both()) {
      auto cursor = last ? store->LastPoints(request) : store->Scan(request);
      ASSERT_TRUE(cursor.ok());
      rows.push_back(ReadAll(**cursor));
    }
    EXPECT_EQ(rows[0], rows[1]);
  }

  void CompareAggregate() {
    AggregateRequest request;
    request.selection = RandomSelection();
    if (random_.Below(2) == 0)
      request.bins = Bins{seconds(static_cast<int64_t>(1 + random_.Below(300))), seconds(3)};
    if (random_.Below(2) == 0) request.group_by = {"zone"};
    request.group_by_measure = random_.Below(2) == 0;
    request.aggregates = {{agg::Kind::kCount, agg::Type::kDouble, "", true},
                          {agg::Kind::kMin, agg::Type::kTimestamp, "", true},
                          {agg::Kind::kMax, agg::Type::kTimestamp, "", true},
                          {agg::Kind::kAvg, agg::Type::kDouble, "", false},
                          {agg::Kind::kFirst, agg::Type::kBigint, "", false},
                          {agg::Kind::kMax, agg::Type::kVarchar, "", false},
                          {agg::Kind::kLast, agg::Type::kDouble, "f0", false}};
    std::vector<std::vector<std::string>> results;
    for (Store* store : Both()) {
      auto cursor = store->Aggregate(request);
      ASSERT_TRUE(cursor.ok());
      std::vector<std::string> out;
      std::vector<AggregateRow> rows;
      while ((*cursor)->Next(4, rows).ok() && !rows.empty()) {
        for (const AggregateRow& row : rows) {
          std::string text = std::to_string(row.bin.ns) + ":" + std::to_string(row.points);
          for (const auto& key : row.keys) text += "/" + key.value_or("null");
          for (const agg::State& state : row.states) text += " " + ValueText(*state.Finish());
          out.push_back(std::move(text));
        }
      }
      std::sort(out.begin(), out.end());
      results.push_back(std::move(out));
    }
    EXPECT_EQ(results[0], results[1]);
  }

  struct FeedSeen {
    std::vector<std::string> points;  // sorted
    std::vector<std::pair<std::string, TimeRange>> changed;
    bool gap = false;
  };

  // The feed from its start.
  static FeedSeen ReadFeed(Store& store) {
    FeedSeen out;
    auto feed = store.OpenFeed({});
    EXPECT_TRUE(feed.ok());
    FeedBatch batch;
    const auto name = [&](SeriesRef ref) {
      const auto info = store.Describe(ref);
      return SeriesText(*info) + std::to_string(info->owner.generation) + "@";
    };
    while (true) {
      const auto more = (*feed)->Next(20, batch);
      EXPECT_TRUE(more.ok()) << more.error().message;
      if (!more.ok() || !*more) break;
      out.gap |= batch.gap;
      for (const ChangedRange& c : batch.changed) out.changed.emplace_back(name(c.series), c.time);
      for (const FeedPoint& p : batch.points)
        out.points.push_back(name(p.series) + std::to_string(p.time.ns) + (p.replaced ? "r" : ""));
    }
    EXPECT_EQ((*feed)->positions(), store.End());
    std::sort(out.points.begin(), out.points.end());
    return out;
  }

  // What was trimmed is covered by changed ranges; the rest comes as the model's.
  void CompareFeed() {
    const FeedSeen ours = ReadFeed(host_.store());
    const FeedSeen all = ReadFeed(model_);
    if (!ours.gap) {
      EXPECT_EQ(ours.points, all.points);
      return;
    }
    EXPECT_TRUE(std::includes(all.points.begin(), all.points.end(), ours.points.begin(),
                              ours.points.end()));
    std::vector<std::string> missing;
    std::set_difference(all.points.begin(), all.points.end(), ours.points.begin(),
                        ours.points.end(), std::back_inserter(missing));
    const auto visible_from = host_.clock().Now().AsEventTime() - hours(26);
    for (const std::string& point : missing) {
      const size_t at = point.find('@') + 1;
      const EventTime time{std::stoll(point.substr(at))};
      // Expired rows need not be evaluated; ended ones are forgotten once every view knows of them,
      // and there is none here.
      if (time < visible_from || !point.substr(0, at).ends_with("0@")) continue;
      EXPECT_TRUE(std::any_of(ours.changed.begin(), ours.changed.end(), [&](const auto& c) {
        return c.first == point.substr(0, at) && c.second.Contains(time);
      })) << point;
    }
  }

  // Schema, progress and the feed.
  void CompareRest() {
    CompareFeed();
    std::vector<std::string> texts;
    for (Store* store : Both()) {
      std::string out;
      const auto schema = store->Schema(kTable);
      ASSERT_TRUE(schema.ok());
      for (const std::string& d : schema->dimensions) out += d + ",";
      for (const FieldDef& c : schema->columns)
        out += c.name + ":" + std::string(ValueTypeName(c.type)) + ",";
      for (const auto& m : schema->measures) {
        out += "\n" + m.name + " " + std::string(ValueTypeName(m.type));
        for (const FieldDef& f : m.fields) out += " " + f.name;
        for (const std::string& d : m.dimensions) out += " /" + d;
      }
      for (const SourceProgress& p : store->ProgressInto(kTable)) {
        out += "\n" + std::to_string(static_cast<int>(p.source.kind)) + "/" +
               std::to_string(p.partition) + " " + p.position + " " +
               (p.max_event_time ? std::to_string(p.max_event_time->ns) : "-") +
               (p.idle ? "i" : "");
      }
      texts.push_back(std::move(out));
    }
    EXPECT_EQ(texts[0], texts[1]);
  }

  SeededRandom random_;
  EmbeddedHost host_;
  ModelStore model_;
  TableSettings settings_;
  std::vector<Key> keys_;
  std::array<int, 3> weights_{};
  bool reserved_ = true;
  int step_ = 0;
  std::deque<std::string> texts_;
  std::deque<std::vector<FieldView>> multis_;
  std::deque<RowInfo> infos_;
};

TEST(EmbeddedStoreModel, EqualsTheModel) {
  const uint64_t seed = TestSeed(1);
  for (uint64_t run = 0; run < 12 && !HasFailure(); ++run) {
    SCOPED_TRACE(testing::Message() << "TM_SEED=" << seed + run);
    Twins(seed + run).Run(400);
  }
}

}  // namespace
}  // namespace tidemark::store
