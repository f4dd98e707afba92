// SPDX-License-Identifier: Apache-2.0
#include "view/testing/test_view.h"

#include <algorithm>

#include "base/numbers.h"

namespace tidemark::view {
namespace {

std::string ValueText(const store::Scalar& value) {
  if (const auto* v = std::get_if<double>(&value)) return FormatDoubleShortest(*v);
  if (const auto* v = std::get_if<int64_t>(&value)) return std::to_string(*v);
  if (const auto* v = std::get_if<std::string>(&value)) return *v;
  return "null";
}

std::string_view MeasureOf(store::ValueType type) {
  if (type == store::ValueType::kMulti) return "m";
  return type == store::ValueType::kBigint ? "n" : "cpu";
}

std::string RangeText(TimeRange window, nanoseconds tick) {
  return "[" + std::to_string(window.start.ns / tick.count()) + "," +
         std::to_string(window.end.ns / tick.count()) + ")";
}

}  // namespace

void RecordingSink::OnLatePoints(const ViewDefinition& /*view*/, std::span<const LatePoint> points,
                                 Completion<void> done) {
  if (refusals_ > 0) {
    --refusals_;
    return done(Error{Code::kNoSpace, "refused by the test"});
  }
  for (const LatePoint& p : points) {
    points_.push_back(RangeText(p.window, tick_) +
                      " t=" + std::to_string(p.time.ns / tick_.count()) + " " +
                      std::string(LateReasonName(p.reason)));
  }
  done({});
}

std::vector<std::string> RecordingSink::Take() { return std::exchange(points_, {}); }

TestView::TestView(TestViewOptions options)
    : options_(std::move(options)), store_(clock_), sink_(options_.tick) {
  store_.SetTable({.table = kTable, .name = "\"db\".\"t\"", .magnetic_writes = true});
  definition_.id = kView;
  definition_.name = "v";
  definition_.source = kTable;
  definition_.target = kTable;
  definition_.source_name = definition_.target_name = "\"db\".\"t\"";
  definition_.measures = options_.measures;
  definition_.staleness = definition_.horizon = options_.staleness * options_.tick;
  definition_.group_by = options_.group_by;
  definition_.label_map = options_.label_map;
  definition_.filter = options_.filter;
  definition_.types = options_.types;
  definition_.aggregates = options_.aggregates;
  definition_.width = options_.window * options_.tick;
  definition_.slide = options_.slide * options_.tick;
  definition_.offset = options_.offset * options_.tick;
  definition_.calendar = options_.calendar;
  definition_.zone = options_.zone;
  for (const int64_t level : options_.levels) definition_.levels.push_back(level * options_.tick);
  definition_.session_gap = options_.session_gap * options_.tick;
  definition_.max_session = options_.max_session * options_.tick;
  definition_.every = options_.every * options_.tick;
  definition_.fill = options_.fill;
  definition_.fill_value = options_.fill_value;
  definition_.max_gap = options_.max_gap * options_.tick;
  definition_.output = options_.output;
  definition_.multi_rows = options_.multi_rows;
  definition_.columns = options_.columns;
  definition_.label = options_.label;
  definition_.out_of_orderness = options_.out_of_orderness * options_.tick;
  definition_.allowed_lateness = options_.allowed_lateness * options_.tick;
  definition_.late = options_.late;
  definition_.early = options_.early;
  definition_.provisional_after = options_.provisional_after;
  definition_.refresh = options_.refresh;
  definition_.recompute_per_second = options_.recompute_per_second;
  log_ = std::move(store_.OpenFeed({})).value();
  std::vector<store::SourceProgress> clocks;
  for (int p = 0; p < options_.partitions; ++p) clocks.push_back(Clock(p, false));
  JournalClock(std::move(clocks));
  OpenMaintainer();
  if (options_.create) Create().value();
}

TestView::~TestView() { maintainer_->Detach(); }

void TestView::OpenMaintainer() {
  executor_ = std::make_unique<sim::SimExecutor>(clock_, 1);
  maintainer_ = std::make_unique<Maintainer>(store_, clock_, metrics_, &sink_, options_.maintainer);
  maintainer_->Attach(*executor_);
}

Result<void> TestView::Create() {
  auto r = maintainer_->Create(definition_);
  Run();
  return r;
}

Result<void> TestView::CreateBeside(const ViewDefinition& definition) {
  auto r = maintainer_->Create(definition);
  if (r.ok()) beside_.push_back(definition);
  Run();
  return r;
}

void TestView::Run() { TM_CHECK(executor_->RunUntilIdle()); }

void TestView::Stop() {
  maintainer_->Stop(kView).value();
  Run();
}

void TestView::Start() {
  maintainer_->Start(kView).value();
  Run();
}

void TestView::Restart() {
  maintainer_->Detach();
  maintainer_.reset();
  OpenMaintainer();
  maintainer_->Restore(definition_).value();
  for (const ViewDefinition& d : beside_) maintainer_->Restore(d).value();
  Run();
}

store::SeriesRef TestView::Series(const std::string& key, store::ValueType type) {
  const store::DimensionView host{"host", key};
  const store::SeriesKeyView wanted{.table = kTable,
                                    .measure = MeasureOf(type),
                                    .dimensions = std::span(&host, 1),
                                    .type = type,
                                    .owner = {}};
  return std::move(store_.Resolve(std::span(&wanted, 1))).value().front().series;
}

store::SourceProgress TestView::Clock(int p, bool idle) const {
  store::SourceProgress progress;
  progress.source = {store::SourceId::Kind::kPipeline, 1};
  progress.table = kTable;
  progress.partition = static_cast<uint32_t>(p);
  progress.idle = idle;
  progress.complete_from_start = options_.complete_from_start;
  return progress;
}

void TestView::JournalClock(std::vector<store::SourceProgress> progress) {
  store::WriteBatch batch;
  batch.source_progress = std::move(progress);
  store_.Write(batch, [](Result<store::WriteReply> reply) { TM_CHECK(reply.ok()); });
}

void TestView::Write(int p, int64_t t, store::ValueView value, const std::string& key,
                     bool moves_clock) {
  store::PointView point;
  point.series = Series(key, value.type());
  point.time = At(t);
  point.arrival = {++writes_};
  point.value = value;
  store::WriteBatch batch;
  batch.points = std::span(&point, 1);
  batch.rule = store::ConflictRule::kLastWins;
  batch.time_check = store::WriteBatch::TimeCheck::kRetentionOnly;
  store::SourceProgress progress = Clock(p, false);
  if (moves_clock) progress.max_event_time = At(t);
  batch.source_progress = {progress};
  store_.Write(batch, [](Result<store::WriteReply> reply) {
    TM_CHECK(reply.ok() && reply->rejections.empty());
  });
  Run();
}

void TestView::Add(int p, int64_t t, double value, const std::string& key) {
  Write(p, t, store::ValueView::Double(value), key, true);
}

void TestView::AddBigint(int p, int64_t t, int64_t value) {
  Write(p, t, store::ValueView::Bigint(value), "a", true);
}

void TestView::AddRecord(int p, int64_t t, const std::vector<store::FieldView>& fields,
                         const std::string& key) {
  Write(p, t, store::ValueView::Multi(fields), key, true);
}

void TestView::AddWithoutClock(int p, int64_t t, double value) {
  Write(p, t, store::ValueView::Double(value), "a", false);
}

void TestView::WriteDirect(int64_t t, double value, int64_t version) {
  store::PointView point;
  point.series = Series("a", store::ValueType::kDouble);
  point.time = At(t);
  point.version = version;
  point.value = store::ValueView::Double(value);
  store::WriteBatch batch;
  batch.points = std::span(&point, 1);
  batch.time_check = store::WriteBatch::TimeCheck::kNone;
  batch.direct_clock = true;
  store_.Write(batch, [](Result<store::WriteReply> reply) { TM_CHECK(reply.ok()); });
  Run();
}

void TestView::Join(int p) {
  JournalClock({Clock(p, false)});
  Run();
}

void TestView::Idle(int p) { Idle(std::vector<int>{p}); }

void TestView::Idle(std::vector<int> partitions) {
  std::vector<store::SourceProgress> clocks;
  clocks.reserve(partitions.size());
  for (const int p : partitions) clocks.push_back(Clock(p, true));
  JournalClock(std::move(clocks));
  Run();
}

void TestView::AdvanceClock(nanoseconds d) {
  clock_.Advance(d);
  Run();
}

std::string TestView::Describe(TimeRange window) const { return RangeText(window, options_.tick); }

std::string TestView::Describe(const store::RevisionEntry& entry) {
  std::string out = Describe(TimeRange{entry.window_start, entry.window_end});
  const auto info = store_.Describe(entry.series);
  if (entry.coarse) out += " coarse";
  if (entry.frozen) {
    out += " frozen " + std::to_string(entry.late_points);
  } else {
    out += " r" + std::to_string(entry.revision) + " =" + ValueText(entry.new_value);
    store::Selection row{.table = kTable, .time = {entry.time, entry.time + nanoseconds(1)}};
    row.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
    row.series = {{entry.series}};
    const auto rows = std::move(store_.Revisions(row, 1)).value();
    // The row of an earlier revision is gone; its count with it.
    if (!rows.empty() && rows[0].row.revision == entry.revision) {
      out += " n" + std::to_string(rows[0].row.record_count);
    }
    if (entry.late_points > 0) out += ", late " + std::to_string(entry.late_points);
    if (entry.definition) out += ", was " + ValueText(entry.old_value);
  }
  if (info == nullptr) return out + " gone";
  if (definition_.outputs() > 1) out += " " + info->measure;
  for (const store::Dimension& d : info->dimensions) {
    if (d.value != "a") out += " " + d.value;
  }
  return out;
}

std::vector<std::string> TestView::Published() {
  std::vector<std::string> out;
  store::FeedBatch batch;
  while (std::move(log_->Next(1000, batch)).value()) {
    for (const auto& entry : batch.revisions) out.push_back(Describe(entry));
  }
  return out;
}

std::vector<std::string> TestView::Origins() {
  std::vector<std::string> out;
  store::FeedBatch batch;
  while (std::move(log_->Next(1000, batch)).value()) {
    for (const store::RevisionEntry& entry : batch.revisions) {
      std::string& text =
          out.emplace_back(entry.frozen ? "frozen" : "r" + std::to_string(entry.revision));
      if (entry.lateness_max) text += " " + std::to_string(*entry.lateness_max / options_.tick);
      if (!entry.partition) continue;
      const store::SourceId& source = entry.partition->source;
      text += source.kind == store::SourceId::Kind::kDirect ? " direct " : " pipeline ";
      text += std::to_string(source.id) + "/" + std::to_string(entry.partition->partition);
    }
  }
  return out;
}

std::vector<std::string> TestView::Rows() { return RowsOf(definition_); }

std::vector<std::string> TestView::RowsOf(const ViewDefinition& definition) {
  store::Selection all{.table = definition.target, .time = {kEventTimeMin, kEventTimeMax}};
  all.owners = {store::OwnerFilter::Kind::kView, definition.owner()};
  std::vector<std::string> out;
  auto rows = std::move(store_.Revisions(all, SIZE_MAX)).value();
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  for (const store::RevisionRow& row : rows) {
    if (row.row.revision > 0) out.push_back(Describe(row));
  }
  return out;
}

std::string TestView::Describe(const store::RevisionRow& row) const {
  return Describe(TimeRange{row.row.window_start, row.row.window_end}) + " =" +
         ValueText(row.value) + " n" + std::to_string(row.row.record_count);
}

std::vector<std::string> TestView::Early() {
  store::Selection all{.table = kTable, .time = {kEventTimeMin, kEventTimeMax}};
  all.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
  std::vector<std::string> out;
  const auto rows = std::move(store_.Revisions(all, SIZE_MAX)).value();
  for (const store::RevisionRow& row : rows) {
    const bool ended = row.version == 0;
    if (row.row.revision == 0 && row.row.window_start < row.row.window_end && !ended)
      out.push_back(Describe(row));
  }
  std::sort(out.begin(), out.end());
  return out;
}

uint64_t TestView::EarlyRows() {
  return metrics_.GetCounter("tidemark_view_early_rows_total", "", {{"view", "v"}}).value();
}

std::string TestView::W() {
  const ViewStatus status = Status();
  if (!status.watermark) return "-inf";
  return std::to_string(status.watermark->ns / options_.tick.count() - 1);
}

ViewStatus TestView::Status() { return std::move(maintainer_->Status("v")).value(); }

}  // namespace tidemark::view
