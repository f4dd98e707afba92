// SPDX-License-Identifier: Apache-2.0
// Evaluates some (series, window) pairs over the store and says what has to be written: rows whose
// bits changed, and their revision entries. Reads only; safe to repeat (design section 8, rule 7).
// Single-owner.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "view/definition.h"
#include "view/group_states_internal.h"
#include "view/late_keys_internal.h"
#include "view/level_states_internal.h"
#include "view/marks_internal.h"
#include "view/range_reader_internal.h"
#include "view/row_values_internal.h"
#include "view/sample_grid_internal.h"
#include "view/series_book_internal.h"
#include "view/window.h"

namespace tidemark::view {

/// Of a comparison: a row, as it is stored and as the raw points give it.
struct RowMismatch {
  store::SeriesRef series;
  EventTime time;  // its label
  TimeRange window;
  bool stored = false;  // there is such a row
  store::RowInfo row;   // of it
  store::Scalar old_value;
  store::Scalar new_value;  // none: there should be no row
  /// Of sessions and samples: where the row, or what it ought to be, is.
  TimeRange around{EventTime{}, EventTime{}};
};

/// What one evaluation wants written. Points refer to `rows` and `texts`: do not move it while they
/// are used.
struct Piece {
  std::vector<store::PointView> points;
  std::vector<store::RevisionEntry> revisions;
  std::deque<store::RowInfo> rows;
  std::deque<std::string> texts;                     // VARCHAR values
  std::deque<std::vector<store::FieldView>> fields;  // of rows of several columns
  store::Positions snapshot;                         // evaluated here
  uint64_t published = 0;                            // first revisions
  uint64_t revised = 0;                              // later ones
  uint64_t early = 0;                                // preliminary rows
  uint64_t overflows = 0;                            // no value: a BIGINT sum beyond its range
  uint64_t refused = 0;                              // their series may not be made
  std::set<std::string> measures;
  std::optional<TimeRange> hull;  // of the rows' times
  /// Views of sessions and samples (kFreeze): late points in `range` that a sealed row does not
  /// take, and what the log says of them, once an epoch.
  struct Refusal {
    Due due;
    TimeRange window;
  };
  std::vector<Refusal> refusals;
  std::vector<store::RevisionEntry> refusal_entries;
  // kCompare: the rows that were looked at, and those of them that differ
  std::vector<std::pair<store::SeriesRef, EventTime>> compared;
  std::vector<RowMismatch> mismatches;
  // .. of sessions and samples: how many were compared, and those that were not
  uint64_t pairs = 0;
  uint64_t open = 0;
  uint64_t gaps = 0;
  uint64_t points_read = 0;  // by scans

  bool empty() const { return points.empty() && revisions.empty(); }
};

struct PieceRequest {
  std::span<const Due> due;     // ascending by (window, series); grouped: by (window, group)
  std::span<const Due> frozen;  // refused late points: logged, not evaluated
  const LateKeys* late_keys = nullptr;  // of both; null: nobody knows
  store::Positions at_least;
  ArrivalTime now;  // commit time
  /// kEarly: before their time: rows of revision 0 without an entry in the log. kCompare: nothing
  /// is wanted written, what would be is in Piece::mismatches.
  enum class Kind : uint8_t { kPublish, kEarly, kCompare } kind = Kind::kPublish;
  /// Coarse windows of it are sealed (kFreeze): only looked at, and logged as frozen
  /// when the raw points give another value.
  Prefix sealed;
  /// Rows of `fresh` pairs may exist: an earlier run may have written them without coming to its
  /// end.
  enum class FreshRows : uint8_t { kNone, kMayExist } fresh_rows = FreshRows::kNone;
  /// What begins before it is not whole any more: a row of a window there does not end, a session
  /// or sample is not written.
  EventTime first_whole{INT64_MIN};
  /// Views of sessions and samples; INT64_MIN: there is none. The watermark that rows are written
  /// for, and the one before; rows that end at or before `sealed_until` stay as they are (kFreeze).
  EventTime watermark{INT64_MIN};
  EventTime watermark_before{INT64_MIN};
  EventTime sealed_until{INT64_MIN};
  TimeRange compared;  // kCompare: rows of windows that begin in it
  /// Of views with levels: states of what ends later are not kept, as points in order are not told
  /// by Forget().
  EventTime keep_before{INT64_MAX};
};

class Evaluator {
 public:
  /// How coarse windows of a view with levels come to their states: of finer windows, where that
  /// gives the same bits, or always of the raw points.
  enum class Coarse : uint8_t { kMerged, kFromRaw };
  /// All must outlive the evaluator.
  Evaluator(store::Store& store, const ViewDefinition& definition, SeriesBook& book,
            size_t state_bytes_max, Coarse coarse = Coarse::kMerged);
  ~Evaluator();

  /// Of grouped views, FillGroups() must have said that it is done since MarkGroups() of these
  /// pairs.
  Result<Piece> Evaluate(const PieceRequest& request);

  /// Of a next generation: from now on its first entry for a row says what the generation before
  /// has there. Takes memory for each series of that one.
  Result<void> KnowReplaced();
  void ForgetReplaced();

  /// A preliminary row. One that was adopted has no window.
  static bool IsEarly(const store::RowInfo& row) {
    return row.revision == 0 && row.window_start < row.window_end;
  }

  enum class Marks : uint8_t { kComplete, kMayLack };
  /// Before an evaluation of grouped pairs: what of their partial states is to be made again.
  /// kComplete: fresh pairs name every series with points in their window.
  void MarkGroups(std::span<const Due> due, Marks marks);
  /// Makes up to `leaves_max` of it; false: more is left. On error all partial states are
  /// forgotten: mark again.
  Result<bool> FillGroups(size_t leaves_max, const store::Positions& at_least);

  /// Each point that the feed has and that is before the end of a window that may have been
  /// evaluated, whether or not a pair comes of it.
  void Forget(SeriesIndex series, EventTime time);
  /// What changed is not known point by point.
  void ForgetLevels();

 private:
  using Node = GroupStates::Node;
  struct RowKey {
    store::SeriesRef series;
    EventTime time;
    friend bool operator==(const RowKey&, const RowKey&) = default;
  };
  struct RowKeyHash {
    size_t operator()(const RowKey& key) const noexcept;
  };
  struct Existing {
    RowValues values;
    store::RowInfo row;
  };
  using Rows = std::unordered_map<RowKey, Existing, RowKeyHash>;

  TimeRange WindowOf(const Due& due) const {
    return ranges_ ? due.range : windows_.WindowAt(due.window);
  }
  EventTime LabelOf(const Due& due) const {
    if (!ranges_ && definition_.label == Label::kStart) return due.window.start;
    const TimeRange window = WindowOf(due);
    return definition_.label == Label::kEnd ? window.end : window.start;
  }
  /// Always, but of sessions, which change their bounds, and of the preliminary row of the day that
  /// was open when its zone's rules changed.
  bool IsOf(const store::RowInfo& row, const Due& due) const {
    const TimeRange window = WindowOf(due);
    return row.window_start == window.start && row.window_end == window.end;
  }
  /// Makes first entries of rows that the generation before has say so.
  Result<void> TellReplaced(const PieceRequest& request, Piece& piece);
  Result<Piece> EvaluateAll(PieceRequest request);
  Result<Rows> ReadRows(const PieceRequest& request, std::vector<RowKey> wanted);
  Result<void> ScanRows(const PieceRequest& request, TimeRange time,
                        std::vector<store::SeriesRef> series, Rows& out);
  bool RowsMayEnd() const;
  nanoseconds EndedStep() const;
  Result<void> ReadEnded(std::span<const RowKey> keys, Rows& out);
  std::vector<RowKey> RowsWanted(const PieceRequest& request) const;
  /// What is asked of the store: kinds x inputs, each kind once (p50 and p95 read one state).
  struct Columns {
    std::vector<store::FieldDef> inputs;  // single values of a type, or the columns that are read
    std::vector<agg::Spec> kinds;         // of any input type
    std::vector<size_t> kind_of;          // by aggregate
    /// The first of a series of that type; its others follow.
    size_t FirstOf(store::ValueType type) const {
      if (type == store::ValueType::kMulti) return 0;
      return static_cast<size_t>(std::ranges::find(inputs, type, &store::FieldDef::type) -
                                 inputs.begin());
    }
    size_t At(size_t kind, size_t input) const { return kind * inputs.size() + input; }
  };
  /// Of series of these types.
  Columns ColumnsFor(std::span<const store::ValueType> types) const;
  void Ask(const Columns& columns, store::AggregateRequest& ask) const;
  /// Fills values_ from the states of a pair, of which `first` is the first input.
  void Finish(const Columns& columns, std::span<const agg::State> states, size_t first,
              TimeRange window, Piece& piece);
  Result<void> AggregateInto(const PieceRequest& request, std::span<const Due> due,
                             const Rows& rows, Piece& piece);
  void EmitAnswer(const PieceRequest& request, const Due& due, const Columns& columns,
                  const store::AggregateRow& answer, const Rows& rows, Piece& piece);
  void EmitNothing(const PieceRequest& request, const Due& due, const Rows& rows, Piece& piece);
  // evaluation_levels.cpp
  struct Part {
    std::span<const SeriesIndex> series;  // of one row
    TimeRange range;
  };
  struct LevelDue {
    const Due* due = nullptr;
    size_t first = 0;  // of the parts that are asked for it
    size_t count = 0;
  };
  static bool Merges(const ViewDefinition& definition);
  uint32_t RowOf(SeriesIndex series) const {
    return book_.grouped() ? book_.group(series) : series;
  }
  /// One node a part, without states where nothing counts.
  Result<std::vector<Node>> ReadParts(std::span<const Part> parts,
                                      const store::Positions& at_least);
  /// Of a node's states: of one type, or of the columns that are read.
  Columns NodeColumns() const;
  void EmitNode(const PieceRequest& request, const Due& due, const Columns& columns,
                const Node& node, const Rows& rows, Piece& piece);
  Result<void> EvaluateLevels(const PieceRequest& request, const Rows& rows, Piece& piece);
  std::vector<Due> LevelsBetween(const PieceRequest& request) const;
  LevelDue PlanLevel(const PieceRequest& request, const Due& due, std::vector<Part>& parts,
                     size_t& blocks_left) const;
  Node Assemble(const PieceRequest& request, const Due& due, std::span<const Part> parts,
                std::span<Node> nodes);
  // evaluation_groups.cpp
  LateKeys KeysOfGroups(const LateKeys& keys, std::span<const Due> asked,
                        std::span<const Due> merged) const;
  std::vector<Due> MergeGroups(std::span<const Due> due) const;
  GroupStates::Key KeyOf(const Due& due) const { return {due.window, book_.group(due.series)}; }
  void EmitGroups(const PieceRequest& request, const Rows& rows, Piece& piece);
  /// `values` by aggregate; empty: nothing counts.
  void EmitAll(const PieceRequest& request, const Due& due, uint64_t records, RowValuesView values,
               const Rows& rows, Piece& piece);
  void Emit(const PieceRequest& request, const Due& due, size_t output, uint64_t records,
            RowValuesView values, const Rows& rows, Piece& piece);
  store::ValueView ViewOf(RowValuesView values, Piece& piece) const;
  struct NewRow {
    const Due& due;
    store::SeriesRef target;
    uint32_t revision = 0;
    uint64_t records = 0;
  };
  void Compare(const Due& due, store::SeriesRef target, RowValuesView values,
               const Existing* existing, Piece& piece) const;
  bool EmitEarly(const PieceRequest& request, const NewRow& row, RowValuesView values,
                 const Existing* existing, Piece& piece);
  void AddRow(const PieceRequest& request, const NewRow& row, RowValuesView values, Piece& piece);
  void NameLatePoints(const PieceRequest& request, const Due& due,
                      store::RevisionEntry& entry) const;
  store::RevisionEntry& AddEntry(const PieceRequest& request, const Due& due,
                                 store::SeriesRef target, Piece& piece);
  void NoteChange(const Due& due, size_t output, Piece& piece);
  void EmitFrozen(const PieceRequest& request, const Rows& rows, Piece& piece);
  void LogFrozen(const PieceRequest& request, const Due& due, size_t output, const Rows& rows,
                 Piece& piece);

  // evaluation_ranges.cpp
  struct RangeWork;
  using RangeWorks = std::map<std::pair<SeriesIndex, EventTime>, RangeWork>;  // by key and cell
  struct RangeRows {
    Rows found;
    std::vector<RowKey> order;  // their keys, by (series, time)
  };
  struct OldRow {
    size_t output = 0;
    TimeRange window;
    bool early = false;
  };
  Result<Piece> EvaluateRanges(const PieceRequest& request);
  // evaluation_range_rows.cpp
  using RowScans = std::map<std::pair<EventTime, EventTime>, std::vector<store::SeriesRef>>;
  struct Beside {
    store::SeriesRef target;
    TimeRange rest;  // not looked at
  };
  static std::vector<RowKey> Ordered(const Rows& rows);
  Result<void> ScanSpans(const PieceRequest& request, const RowScans& scans, Rows& out);
  TimeRange BesideOf(TimeRange span) const;
  Result<void> ReadRowsBeside(const PieceRequest& request, std::vector<Beside> beside, Rows& out);
  /// False: the works reach farther than before.
  Result<bool> CoverRows(const PieceRequest& request, const RangeRows& rows, RangeWorks& works);
  void DropOthers(std::span<const OldRow> old, RangeWork& work) const;
  Result<RangeRows> ReadRangeRows(const PieceRequest& request, const RangeWorks& works);
  std::vector<OldRow> OldRowsOf(SeriesIndex series, const RangeWork& work,
                                const RangeRows& rows) const;
  // evaluation_ranges.cpp
  TimeRange Near(TimeRange range) const;
  bool IsSealed(const PieceRequest& request, const OldRow& row) const;
  void FindSessions(const PieceRequest& request, std::span<const TimeRange> sealed,
                    RangeWork& work) const;
  Result<void> EvaluateSessions(const PieceRequest& request, RangeWorks& works, Piece& piece);
  bool IsWhole(const PieceRequest& request, TimeRange session) const;
  void PlanSessions(const PieceRequest& request, const RangeWork& work, std::span<const OldRow> old,
                    std::vector<Due>& written, std::vector<std::pair<Due, OldRow>>& ended);
  void End(const PieceRequest& request, const Due& due, const OldRow& row, const Rows& rows,
           Piece& piece);
  Result<void> Seal(const PieceRequest& request, RangeWork& work, std::vector<OldRow>& old,
                    const RangeRows& rows, std::vector<Due>& as_they_are, Piece& piece);
  struct Sealed {
    const Due& due;
    std::span<const TimeRange> rows;
  };
  void SealLate(const PieceRequest& request, const RangeWork& work, Sealed sealed,
                const RangeRows& rows, std::vector<Due>& as_they_are, Piece& piece);
  void SealCoarse(const PieceRequest& request, const RangeWork& work, Sealed sealed,
                  const RangeRows& rows, std::vector<Due>& as_they_are, Piece& piece);
  Result<bool> IsTold(const Due& of_row) const;
  Result<void> SealOverdue(const PieceRequest& request, const RangeWork& work, Sealed sealed,
                           const RangeRows& rows, Piece& piece);
  Result<void> LookAtSealed(const PieceRequest& request, std::span<const Due> due, const Rows& rows,
                            Piece& piece);
  static void KeepForLast(size_t from, Piece& piece);
  void Refuse(const PieceRequest& request, const Due& due, TimeRange window, const Rows& rows,
              Piece& piece);
  Result<void> EvaluateSamples(const PieceRequest& request, RangeWorks& works, Piece& piece);
  Result<void> EmitSample(const PieceRequest& request, const Due& due, GridValue value,
                          const RangeRows& rows, Piece& piece);
  // evaluation_range_compare.cpp
  Result<void> CompareSessions(const PieceRequest& request, RangeWorks& works, Piece& piece);
  void SetSealedAside(const PieceRequest& request, RangeWork& work, std::vector<OldRow>& old,
                      const RangeRows& rows, Piece& piece) const;
  void CompareSample(const PieceRequest& request, const Due& due, GridValue value,
                     const RangeRows& rows, Piece& piece);

  store::Store& store_;
  const ViewDefinition& definition_;
  SeriesBook& book_;
  const Windows windows_;
  const std::optional<RangeKind> ranges_;
  GroupStates groups_;
  std::optional<LevelStates> levels_;   // of views whose coarse windows are merged
  struct Replaced;                      // evaluation_replaced.cpp
  std::unique_ptr<Replaced> replaced_;  // of a next generation
  RowShape shape_;
  RowValues values_;  // scratch: of the pair that is being emitted
  /// .. of the sessions or samples of a piece, by series and begin of their window: where the late
  /// points behind them are; else in the window.
  std::map<std::pair<SeriesIndex, EventTime>, TimeRange> changed_;
};

}  // namespace tidemark::view
