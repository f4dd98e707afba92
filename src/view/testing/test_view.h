// SPDX-License-Identifier: Apache-2.0
// A view over a model store, driven one record at a time, that answers in the words of
// event-time.md section 17: what was published by each step, and the watermark after it.
// Single-owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "store/testing/model_store.h"
#include "view/maintainer.h"

namespace tidemark::view {

struct TestViewOptions {
  nanoseconds tick{1};  // unit of every number below
  int64_t window = 10;
  int64_t slide = 0;
  int64_t offset = 0;
  std::vector<int64_t> levels{};  // in place of `window`, as the next
  int64_t session_gap = 0;        // in place of `window`, as the next
  int64_t max_session = 1000;
  int64_t every = 0;
  Fill fill = Fill::kLinear;
  double fill_value = 0;
  int64_t max_gap = 10;
  std::string calendar{};
  std::string zone{};
  int64_t out_of_orderness = 0;
  int64_t allowed_lateness = 0;
  LatePolicy late = LatePolicy::kRecompute;
  Label label = Label::kStart;
  std::vector<agg::Aggregate> aggregates{agg::Kind::kSum};
  std::vector<store::ValueType> types{store::ValueType::kDouble, store::ValueType::kBigint};
  std::string output = "{aggregate}_{measure}";
  bool multi_rows = false;
  std::vector<std::string> columns{};
  int64_t staleness = 0;  // of counters and of twa
  std::vector<std::string> group_by{"*"};
  catalog::LabelMapDef label_map{};
  catalog::FilterDef filter{};
  std::vector<std::string> measures{"*"};
  int partitions = 1;    // of pipeline 1, known from the start
  nanoseconds early{0};  // not ticks: processing time
  nanoseconds provisional_after{0};
  nanoseconds refresh{0};
  int64_t recompute_per_second = 10'000;
  bool complete_from_start = true;
  bool create = true;  // at once; else by Create()
  MaintainerOptions maintainer;
};

/// Late points that reached the sink, as "[start,end) t reason".
class RecordingSink final : public LatePointSink {
 public:
  explicit RecordingSink(nanoseconds tick) : tick_(tick) {}
  void OnLatePoints(const ViewDefinition& view, std::span<const LatePoint> points,
                    Completion<void> done) override;
  std::vector<std::string> Take();
  /// So many calls fail from now on.
  void Refuse(int calls) { refusals_ = calls; }

 private:
  const nanoseconds tick_;
  int refusals_ = 0;
  std::vector<std::string> points_;
};

class TestView {
 public:
  static constexpr TableId kTable{1};
  static constexpr ViewId kView{7};

  explicit TestView(TestViewOptions options = {});
  ~TestView();

  // Each of these is one step: it runs the view until nothing is left to do.

  /// A record of partition `p`; moves its clock. Keys are the values of dimension "host".
  void Add(int p, int64_t t, double value, const std::string& key = "a");
  void AddBigint(int p, int64_t t, int64_t value);
  /// A record that is stored but does not move the clock (event-time.md 2.4).
  void AddWithoutClock(int p, int64_t t, double value);
  /// WriteRecords: source `direct`, by version.
  void WriteDirect(int64_t t, double value, int64_t version);
  /// Multi-measure records of measure "m", as the arrival counts: the later one wins.
  void AddRecord(int p, int64_t t, const std::vector<store::FieldView>& fields,
                 const std::string& key = "a");
  void Join(int p);
  void Idle(int p);
  void Idle(std::vector<int> partitions);
  void AdvanceClock(nanoseconds d);
  void Run();

  Result<void> Create();
  /// Another view beside it, restored with it.
  Result<void> CreateBeside(const ViewDefinition& definition);
  void Stop();
  void Start();
  /// A new process over the same store: nothing but the store survives.
  void Restart();

  /// What the feed's revision log says since the last call, in order: "[0,10) r1 =6 n2", ", late 1"
  /// for late points behind it, "frozen 1" for refused ones, " b" for a key other than "a".
  std::vector<std::string> Published();
  /// As Published(): "r2 10 pipeline 1/0", the lateness of the latest of the late points, in ticks,
  /// and the partition it came from.
  std::vector<std::string> Origins();
  /// The rows as a scan sees them now: "[0,10) =6 n2".
  std::vector<std::string> Rows();
  std::vector<std::string> RowsOf(const ViewDefinition& definition);
  /// The preliminary rows, sorted: "[0,10) =6 n2".
  std::vector<std::string> Early();
  /// How many of them were written so far.
  uint64_t EarlyRows();
  /// Inclusive watermark in ticks, "-inf" before the first.
  std::string W();
  ViewStatus Status();

  store::ModelStore& store() { return store_; }
  Maintainer& maintainer() { return *maintainer_; }
  sim::SimClock& clock() { return clock_; }
  RecordingSink& sink() { return sink_; }
  ViewDefinition& definition() { return definition_; }
  EventTime At(int64_t t) const { return {t * options_.tick.count()}; }

 private:
  void Write(int p, int64_t t, store::ValueView value, const std::string& key, bool moves_clock);
  store::SeriesRef Series(const std::string& key, store::ValueType type);
  void JournalClock(std::vector<store::SourceProgress> progress);
  store::SourceProgress Clock(int p, bool idle) const;
  void OpenMaintainer();
  std::string Describe(const store::RevisionEntry& entry);
  std::string Describe(TimeRange window) const;
  std::string Describe(const store::RevisionRow& row) const;

  const TestViewOptions options_;
  sim::SimClock clock_;
  store::ModelStore store_;
  MetricRegistry metrics_;
  RecordingSink sink_;
  std::unique_ptr<sim::SimExecutor> executor_;
  std::unique_ptr<Maintainer> maintainer_;
  ViewDefinition definition_;
  std::vector<ViewDefinition> beside_;
  std::unique_ptr<store::FeedReader> log_;
  int64_t writes_ = 0;
};

}  // namespace tidemark::view
