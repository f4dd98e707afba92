// SPDX-License-Identifier: Apache-2.0
// The interface of a store of versioned time series (design: section 4 and the ten rules of section
// 8). The embedded store and the std::map model (store/testing/model_store.h, 4 feed partitions)
// implement it and pass one conformance suite. Thread-safe. Requests are plain serialisable values.
//
// Invariants that every implementation keeps:
//  1. State is a map (series, time) -> (version, value). For kByVersion the highest version wins
//  and the
//     first accepted of equal versions stays; for kLastWins the store assigns
//     version = max(arrival in ms, existing version + 1) when the value differs; an identical value
//     is unchanged. One pure function (store/conflict.h) orders two writes.
//  2. Nothing is visible to scans, aggregates, feed or clients before its frame is durable.
//  3. A batch is one frame: all of its points, progress and revisions, or nothing.
//  4. What the feed delivered is visible to any scan asked afterwards.
//  5. A scan returns each (series, time) once, at one snapshot.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agg/state.h"
#include "base/completion.h"
#include "base/result.h"
#include "store/types.h"

namespace tidemark::store {

// ----------------------------------------------------------------------------------------------
// tables

/// Retention of one table; decides which times are accepted and when a point leaves.
struct TableSettings {
  TableId table;
  std::string name;  // "database"."table", for messages
  std::chrono::hours memory_retention{6};
  std::chrono::hours magnetic_retention{73000 * 24};
  bool magnetic_writes = false;  // late data older than memory retention is accepted
};

/// While a view exists, every measure name its template can make is reserved in its target table.
struct Reservation {
  TableId target;
  ViewId view;
  std::string view_name;
  uint32_t active_generation = 1;  // the generation that scans show
  std::string name_template;       // "avg_{measure}"
};

/// Whether `name` can be made by `name_template` ("avg_{measure}": "avg_" and at least one more
/// byte).
bool MatchesTemplate(std::string_view name_template, std::string_view name);

// -----------------------------------------------------------------------------------------------
// write

enum class ConflictRule : uint8_t { kByVersion, kLastWins };

enum class Outcome : uint8_t {
  kAccepted,   // new point
  kReplaced,   // a stored point changed: its windows are dirty
  kUnchanged,  // identical to what is stored, or an older identical version (timestream-api.md 4.6)
  kRejected,
  kDeferred,  // the store will judge later (never: the embedded store)
};

enum class RejectReason : uint8_t {
  kNone,
  kTimeOutOfRange,  // outside retention or too far ahead: timestream-api.md 4.5
  kVersionExists,   // same version, different value
  kVersionLower,
  kTypeConflict,    // the measure (or field) has another type in this table
  kTableLimit,      // dimensions, measure names or attributes: timestream-api.md 4.9
  kSeriesReserved,  // "series is maintained by view V"
  kDamaged,         // what is stored there cannot be read: try again; the text names the file
};

struct Rejection {
  size_t index = 0;  // into WriteBatch::points
  RejectReason reason = RejectReason::kNone;
  std::optional<int64_t> existing_version;  // version conflicts only
  std::string text;                         // the API's reason text: timestream-api.md 4.5
};

struct WriteBatch {
  std::span<const PointView> points;  // judged in this order; may span tables and series
  ConflictRule rule = ConflictRule::kByVersion;
  Owner owner;  // who writes; must own the series
  /// Ingestion window of WriteRecords (now - retention - 25 min .. now + 15 min); pipelines bring
  /// their own future guard and are only held to retention.
  enum class TimeCheck : uint8_t { kApi, kRetentionOnly, kNone } time_check = TimeCheck::kApi;
  std::vector<SourceProgress> source_progress;
  /// With it, positions of source_progress are taken only if every point is (none rejected, but by
  /// kByVersion for its version) and the stored position is this one; else the stored position
  /// stays, while clock and idleness count.
  /// So a batch with a rejection holds those behind it too, until a position is set without.
  std::optional<std::string> continues_from;
  /// Journals the clock of source `direct` for each table from the accepted ownerless points.
  bool direct_clock = false;
  /// A batch whose (generation, positions) is not beyond the stored progress of the view is
  /// discarded whole, with every outcome kUnchanged.
  std::optional<ViewProgress> view_progress;
  std::span<const RevisionEntry> revisions;
};

/// Whether a batch that got these keeps its position back: a point that lost to a newer version of
/// kByVersion is not missing.
bool HoldsPosition(ConflictRule rule, std::span<const Rejection> rejections);

struct WriteReply {
  std::vector<Outcome> outcomes;      // one per point
  std::vector<Rejection> rejections;  // ascending by index
  size_t memory_points = 0;  // accepted, replaced or unchanged, by the tier their time is in
  size_t magnetic_points = 0;
  Positions positions;  // the write is visible to scans at or beyond them
};

/// A reference, or why the series may not be written.
struct Resolved {
  SeriesRef series;
  RejectReason rejection = RejectReason::kNone;
  std::string text;
};

// ------------------------------------------------------------------------------------------------
// read

/// A condition on one text (a dimension's value, the measure name). All conditions given must hold.
struct TextPredicate {
  enum class Op : uint8_t {
    kIn,
    kNotIn,
    kLike,
    kNotLike,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kRegex,  // found anywhere in the text (regexp_like); base/regex.h
    kNotRegex
  };
  Op op = Op::kIn;
  std::vector<std::string>
      values;  // kIn, kNotIn: any number; others: exactly one (kLike, kRegex: the pattern)
  char like_escape = '\0';  // '\0': none

  /// For one text; many are asked through a TextMatcher. A predicate that is not valid, or takes
  /// too many steps, matches nothing.
  bool Matches(std::string_view text) const;
  friend bool operator==(const TextPredicate&, const TextPredicate&) = default;
};

struct DimensionPredicate {
  std::string dimension;  // a series without it never matches (SQL: NULL)
  TextPredicate predicate;
  friend bool operator==(const DimensionPredicate&, const DimensionPredicate&) = default;
};

struct OwnerFilter {
  enum class Kind : uint8_t {
    kVisible,
    kOwnerless,
    kView
  };  // kVisible: ownerless and active generations
  Kind kind = Kind::kVisible;
  Owner view;  // kView
};

struct Selection {
  TableId table;
  TimeRange time;
  std::vector<TextPredicate> measure;
  std::vector<DimensionPredicate> dimensions;
  OwnerFilter owners;
  std::optional<std::vector<SeriesRef>> series;  // only these
};

struct ScanRequest {
  Selection selection;
  std::vector<std::string> fields;  // multi-measure columns wanted; empty: all
  bool rows_wanted = false;         // fill Slice::rows for owned series
  bool versions_wanted = false;
  uint64_t points_limit = UINT64_MAX;  // a hint: stop early once this many were returned
  Positions at_least;
};

struct ColumnView {
  std::string_view name;  // empty: the single measure value
  ValueType type = ValueType::kDouble;
  // Exactly the one that fits `type` has as many elements as the slice has points.
  std::span<const double> doubles;
  std::span<const int64_t> bigints;         // kBigint
  std::span<const EventTime> timestamps;    // kTimestamp
  std::span<const uint8_t> booleans;        // kBoolean: 0 or 1
  std::span<const std::string_view> texts;  // kVarchar; alive as long as the cursor
  std::span<const uint8_t> valid;           // 1 = present; empty: all are
};

/// Points of one series, ascending by time.
struct Slice {
  std::shared_ptr<const SeriesInfo> series;
  std::span<const EventTime> times;
  std::span<const ColumnView> columns;  // kMulti: those of the fields that exist in the series
  std::span<const int64_t> versions;    // if wanted
  std::span<const RowInfo> rows;        // if wanted and owned
};

/// Scratch of one reading thread; a slice read with it lives until its next use. Single-owner.
class SliceBuffer {
 public:
  SliceBuffer();
  ~SliceBuffer();
  SliceBuffer(SliceBuffer&&) noexcept;
  SliceBuffer& operator=(SliceBuffer&&) noexcept;
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// A time range of a table whose stored points are lost or cannot be read now.
struct DamagedRange {
  std::string file;
  TimeRange time;
  bool accepted = false;  // a known gap: reads go on without it; false: reads that touch it fail
  friend bool operator==(const DamagedRange&, const DamagedRange&) = default;
};

/// A snapshot being read. Thread-safe: several threads call Next(), each with its own buffer.
class ScanCursor {
 public:
  virtual ~ScanCursor() = default;
  /// The next slice (every slice has at least one point; a series may come in several, in time
  /// order, all to one thread or to several), or false at the end.
  virtual Result<bool> Next(SliceBuffer& buffer, Slice& out) = 0;
  virtual const Positions& snapshot() const = 0;
  virtual bool exact() const = 0;
  virtual uint64_t series_count() const = 0;     // selected
  virtual uint64_t points_estimate() const = 0;  // upper bound of points to come, for cardinality
  /// Known gaps that the selection's table and time range touch.
  virtual std::vector<DamagedRange> gaps() const { return {}; }
};

struct AggregateColumn {
  agg::Kind kind = agg::Kind::kCount;
  /// Type of the single measure value or of `field`; series of other types do not contribute.
  /// With `any_type` it is about rows whatever their type: kCount counts them (SQL count(*)), kMin
  /// and kMax over kTimestamp are the oldest and newest of their times (min(time), max(time)).
  agg::Type type = agg::Type::kDouble;
  std::string field;  // empty: the single measure value
  bool any_type = false;
  agg::Bounds bounds = nullptr;  // kHistogram
  /// Kinds that agg::WantsCarry(): a series with a value in the window (or bin) also brings its
  /// last value of before, if that is not older than the start by more than this. 0: never.
  nanoseconds carry{0};

  agg::Spec spec() const { return {kind, type, bounds}; }
  friend bool operator==(const AggregateColumn& a, const AggregateColumn& b) {
    return a.spec() == b.spec() && a.field == b.field && a.any_type == b.any_type &&
           a.carry == b.carry;
  }
};

struct Bins {
  nanoseconds width{0};  // 0: one bin over the whole time range
  nanoseconds offset{0};
  friend bool operator==(const Bins&, const Bins&) = default;
};

/// One (group, series, range) of an evaluation; 100,000 and more in one request.
struct Window {
  uint32_t group = 0;  // the caller's number; states of equal groups are merged
  SeriesRef series;
  TimeRange range;
};

/// Both inclusive. BIGINT values are compared exactly.
struct ValueRange {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

struct AggregateRequest {
  Selection selection;                // ignored but for `table` when `windows` is not empty
  std::vector<Window> windows;        // ascending by group
  std::optional<Bins> bins;           // without windows
  std::vector<std::string> group_by;  // dimension names; a series without one groups under null
  bool group_by_measure = false;
  std::vector<AggregateColumn> aggregates;
  /// Only DOUBLE and BIGINT values inside contribute, as if the table held nothing else; rows
  /// without one count nowhere. Not with any_type. min <= max.
  std::optional<ValueRange> values{};
  /// Of percentile states held at a time, the only ones that become large; beyond: kNoSpace.
  uint64_t memory_bytes_max = UINT64_MAX;
  /// Grows by every series worked off, by whichever thread; null: nobody asks. Without windows.
  std::atomic<uint64_t>* series_done = nullptr;
  Positions at_least;
};

struct AggregateRow {
  uint32_t group = 0;                            // windows
  std::vector<std::optional<std::string>> keys;  // group_by in order, then the measure name
  EventTime bin;
  uint64_t points = 0;             // rows that the group holds
  std::vector<agg::State> states;  // one per aggregate; mergeable
};

/// Streams groups, each once, without empty ones, in no order (windows: ascending by group).
/// Single-owner.
class AggregateCursor {
 public:
  virtual ~AggregateCursor() = default;
  /// Replaces the contents of `out` by up to `rows_max` rows; empty at the end.
  virtual Result<void> Next(size_t rows_max, std::vector<AggregateRow>& out) = 0;
  virtual const Positions& snapshot() const = 0;
  virtual bool exact() const = 0;
  virtual uint64_t series_count() const { return 0; }  // selected; without windows
  virtual std::vector<DamagedRange> gaps() const { return {}; }
};

/// What a read would touch, for EXPLAIN; nothing is decoded.
struct ReadEstimate {
  uint64_t series = 0;                // that match
  uint64_t series_total = 0;          // of the table
  uint64_t chunks_read = 0;           // of those series, to be decoded
  uint64_t chunks_skipped = 0;        // of those series, outside the time range
  uint64_t chunks_by_statistics = 0;  // answered by what is known of them
  /// Rows of the chunks that are not skipped, and of memory in the time range: an upper bound of
  /// the points read.
  uint64_t points = 0;
  friend bool operator==(const ReadEstimate&, const ReadEstimate&) = default;
};

struct TableSchema {
  std::vector<std::string> dimensions;  // first-seen order, the same after a restart
  /// Value columns in first-seen order: the types of single measures (name empty) and the fields of
  /// multi-measure records.
  std::vector<FieldDef> columns;
  struct Measure {
    std::string name;
    ValueType type = ValueType::kDouble;  // kMulti: see fields
    std::vector<FieldDef> fields;
    std::vector<std::string> dimensions;  // that its series have
  };
  std::vector<Measure> measures;  // visible ones, by name
};

// ------------------------------------------------------------------------------------------------
// feed

struct FeedPoint {
  SeriesRef series;
  EventTime time;
  bool replaced = false;  // a stored value changed; else a new point
  uint32_t origin = 0;    // 1 + the index in FeedBatch::origins; 0: not known
};

/// Points of one series in [start, end) that may have changed.
struct ChangedRange {
  SeriesRef series;
  TimeRange time;
};

/// What one or more whole frames of one partition brought.
struct FeedBatch {
  uint32_t partition = 0;
  uint64_t end_offset = 0;  // continue here
  /// The journal was trimmed beyond the position asked from. Batches with `gap` set (one or more,
  /// before any other) say instead what may have changed, in `changed`, and the newest progress of
  /// sources and views at the trim; the last of them has the position where the feed goes on.
  bool gap = false;
  bool gap_ends = false;                 // with `gap`: the last of them
  std::vector<ChangedRange> changed;     // with `gap`; only series that exist
  std::vector<FeedPoint> points;         // accepted and replaced ones, owned series included
  std::vector<SourcePartition> origins;  // what brought points
  std::vector<SourceProgress> sources;
  std::vector<ViewProgress> views;
  std::vector<RevisionEntry> revisions;  // with `with_revisions`
  bool with_revisions = true;            // the caller's to say; Clear() leaves it
  void Clear();
  /// What FeedPoint::origin says of points that came in one frame with this progress: of one
  /// partition, or it is not known.
  uint32_t OriginOf(std::span<const SourceProgress> sources_of_frame);
};

/// Reads every partition from its position. Single-owner.
class FeedReader {
 public:
  virtual ~FeedReader() = default;
  /// False: nothing new now; wait for the subscription. At most about `points_max` points.
  virtual Result<bool> Next(size_t points_max, FeedBatch& out) = 0;
  virtual const Positions& positions() const = 0;
};

struct RevisionRow {
  std::shared_ptr<const SeriesInfo> series;
  EventTime time;
  RowInfo row;  // of a row that is not there: its window alone
  Scalar value;
  std::vector<RevisionEntry> revisions;  // ascending
  int64_t version = 0;                   // of the row; 0: there is none now
};

/// Rows of owned series and what is known of their revisions, at one snapshot; rows that ended are
/// among them as long as their log is kept. What became durable in the microseconds before the
/// snapshot may be in a row and not in its log yet. Single-owner.
class RevisionCursor {
 public:
  virtual ~RevisionCursor() = default;
  /// Replaces `out` by some rows of one series, at least one, ascending by time; a series may come
  /// in several pieces, in order. False, and nothing, at the end.
  virtual Result<bool> Next(std::vector<RevisionRow>& out) = 0;
  /// Known gaps that the selection's table and time range touch.
  virtual std::vector<DamagedRange> gaps() const { return {}; }
};

struct Capabilities {
  bool synchronous_verdicts = true;
  bool exact_snapshot = true;
};

struct StoreStats {
  uint64_t series = 0;
  uint64_t points = 0;
  uint64_t memory_bytes = 0;
  uint64_t memory_bytes_max = 0;
  uint64_t journal_bytes = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Capabilities capabilities() const = 0;

  /// Adds or changes a table's settings (not journaled: the catalog has them). A write to a table
  /// that was never set is kNotFound.
  virtual void SetTable(const TableSettings& settings) = 0;
  /// Forgets the table and its points; its id is never used again.
  virtual Result<void> DropTable(TableId table) = 0;
  /// Replaces all reservations. `adopt` is the creator's business: see OwnerlessSeriesOf().
  virtual void SetReservations(std::vector<Reservation> reservations) = 0;
  /// Up to `count_max` ownerless measure names in `table` that `name_template` can make.
  virtual std::vector<std::string> OwnerlessNamesOf(TableId table, std::string_view name_template,
                                                    size_t count_max) = 0;
  /// Gives the ownerless series of such names to `owner` (adopt = true), durably.
  virtual Result<void> Adopt(TableId table, std::string_view name_template, Owner owner) = 0;

  /// Ends every series of `view`, all generations, with its rows, revisions and progress, durably.
  /// Writes in flight of that owner must have completed. Does nothing when there are none.
  virtual Result<void> DropOwner(ViewId view) = 0;

  /// Finds or makes the series of each key; bounded work, no wait. Made ones become durable with
  /// their first point. References stay valid for the life of the table: cache them.
  virtual Result<std::vector<Resolved>> Resolve(std::span<const SeriesKeyView> keys) = 0;
  /// Null: no such series.
  virtual std::shared_ptr<const SeriesInfo> Describe(SeriesRef series) = 0;

  /// Judges every point, then journals. Never blocks; `done` runs once the frame is durable (also
  /// if all points were rejected: then once the rows they lost to are durable). kResourceExhausted:
  /// the memory budget or the journal buffer is full, nothing was written: back off. kNoSpace, kIo:
  /// the store is read-only from now on; nothing acknowledged is lost.
  virtual void Write(const WriteBatch& batch, Completion<WriteReply> done) = 0;

  virtual Result<std::unique_ptr<ScanCursor>> Scan(const ScanRequest& request) = 0;
  virtual Result<std::unique_ptr<AggregateCursor>> Aggregate(const AggregateRequest& request) = 0;
  /// The newest point of each selected series, without a scan; slices of one point.
  virtual Result<std::unique_ptr<ScanCursor>> LastPoints(const ScanRequest& request) = 0;
  /// Of an Aggregate() without windows; without aggregates, of a Scan() over all of the selection.
  virtual Result<ReadEstimate> Estimate(const AggregateRequest& request) = 0;
  virtual Result<TableSchema> Schema(TableId table) = 0;
  /// Series a selection names, without points.
  virtual Result<std::vector<std::shared_ptr<const SeriesInfo>>> Series(
      const Selection& selection) = 0;

  /// From `from` on; kOutOfRange when it lies beyond the end. What lies before it is in
  /// ProgressOf() and ProgressInto() when this returns, also when `from` is a cursor's snapshot.
  virtual Result<std::unique_ptr<FeedReader>> OpenFeed(const Positions& from) = 0;
  /// End of the feed: everything durable lies before it.
  virtual Positions End() = 0;
  /// `wake` is called, from any thread and cheaply, whenever frames became visible. Until
  /// Unsubscribe().
  virtual uint64_t SubscribeFeed(std::function<void()> wake) = 0;
  virtual void UnsubscribeFeed(uint64_t subscription) = 0;

  /// Durable progress: every partition of the source; every source of the table.
  virtual std::vector<SourceProgress> ProgressOf(SourceId source) = 0;
  virtual std::vector<SourceProgress> ProgressInto(TableId table) = 0;
  virtual std::optional<ViewProgress> ProgressOf(ViewId view) = 0;

  /// Rows of owned series with their revision log; selection as in Scan (time = the rows' time).
  virtual Result<std::unique_ptr<RevisionCursor>> OpenRevisions(const Selection& selection) = 0;
  /// The first `rows_max` of them.
  Result<std::vector<RevisionRow>> Revisions(const Selection& selection, size_t rows_max);

  /// Damaged block files that hold points of `table`, known gaps included. Aggregates over ranges
  /// that touch one that is not accepted fail; a view leaves such windows alone.
  virtual std::vector<DamagedRange> Damaged(TableId /*table*/) { return {}; }
  virtual StoreStats Stats() = 0;
};

}  // namespace tidemark::store
