// SPDX-License-Identifier: Apache-2.0
// The words of the store's interface: series, values, points, positions, progress. Immutable values
// unless a line says otherwise. Types named ...View borrow and are read before the call that takes
// them returns.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "base/time.h"
#include "catalog/ids.h"

namespace tidemark::store {

/// Wire and disk bytes; never renumber. 1 to 5 equal agg::Type.
enum class ValueType : uint8_t {
  kNone = 0,  // a tombstone
  kDouble = 1,
  kBigint = 2,
  kVarchar = 3,
  kBoolean = 4,
  kTimestamp = 5,  // only inside kMulti
  kMulti = 6,
};

/// "double", "bigint", "varchar", "boolean", "timestamp", "multi": as SQL prints them.
std::string_view ValueTypeName(ValueType type);

/// Names one series inside one implementation of Store; opaque outside it (embedded: the dense id;
/// ClickHouse: the 128-bit hash of the canonical key). What is serialised names a series by its
/// canonical key or that hash instead. {0, 0} names no series.
struct SeriesRef {
  uint64_t hi = 0;
  uint64_t lo = 0;
  friend auto operator<=>(const SeriesRef&, const SeriesRef&) = default;
};

struct DimensionView {
  std::string_view name;
  std::string_view value;
};

struct Dimension {
  std::string name;
  std::string value;
  friend auto operator<=>(const Dimension&, const Dimension&) = default;
};

/// Who may write a series: nobody in particular (ownerless), or one generation of one view.
struct Owner {
  ViewId view;
  uint32_t generation = 0;

  bool none() const { return view.value == 0; }
  friend auto operator<=>(const Owner&, const Owner&) = default;
};

struct SeriesKeyView {
  TableId table;
  std::string_view measure;
  std::span<const DimensionView> dimensions;  // any order; names distinct
  ValueType type = ValueType::kDouble;
  Owner owner;
};

struct FieldDef {
  std::string name;
  ValueType type = ValueType::kDouble;
  friend bool operator==(const FieldDef&, const FieldDef&) = default;
};

struct SeriesInfo {
  SeriesRef ref;
  TableId table;
  std::string measure;
  std::vector<Dimension> dimensions;  // sorted by name
  ValueType type = ValueType::kDouble;
  Owner owner;
  /// Table, owner, measure and sorted dimensions, length-prefixed (docs/format/journal.md). Orders
  /// ties.
  std::string canonical_key;
};

struct FieldView;

/// A scalar, the fields of a multi-measure record, or nothing (a tombstone).
class ValueView {
 public:
  ValueView() : integer_(0) {}
  static ValueView Double(double v) { return ValueView(v); }
  static ValueView Bigint(int64_t v) { return {ValueType::kBigint, v}; }
  static ValueView Boolean(bool v) { return {ValueType::kBoolean, v ? 1 : 0}; }
  static ValueView Timestamp(EventTime v) { return {ValueType::kTimestamp, v.ns}; }
  static ValueView Varchar(std::string_view v) {
    ValueView out(ValueType::kVarchar, 0);
    out.text_ = v.data();
    out.size_ = static_cast<uint32_t>(v.size());
    return out;
  }
  static ValueView Multi(std::span<const FieldView> fields) {
    ValueView out(ValueType::kMulti, 0);
    out.fields_ = fields.data();
    out.size_ = static_cast<uint32_t>(fields.size());
    return out;
  }

  ValueType type() const { return type_; }
  double as_double() const { return double_; }
  int64_t as_bigint() const { return integer_; }
  bool as_boolean() const { return integer_ != 0; }
  EventTime as_timestamp() const { return {integer_}; }
  std::string_view as_varchar() const { return {text_, size_}; }
  std::span<const FieldView> as_fields() const;

 private:
  explicit ValueView(double v) : type_(ValueType::kDouble), double_(v) {}
  ValueView(ValueType type, int64_t v) : type_(type), integer_(v) {}

  ValueType type_ = ValueType::kNone;
  uint32_t size_ = 0;
  union {
    double double_;
    int64_t integer_;
    const char* text_;
    const FieldView* fields_;
  };
};

/// One column of a multi-measure record; names distinct inside a record; never kMulti or kNone.
struct FieldView {
  std::string_view name;
  ValueView value;
};

inline std::span<const FieldView> ValueView::as_fields() const { return {fields_, size_}; }

/// An owning scalar: null, DOUBLE, BIGINT, VARCHAR, BOOLEAN, TIMESTAMP.
using Scalar = std::variant<std::monostate, double, int64_t, std::string, bool, EventTime>;

/// What a view knows about one of its rows; readable through hidden columns only.
struct RowInfo {
  EventTime window_start;
  EventTime window_end;
  uint32_t revision = 0;  // 1 on time, 2.. after late data or corrections
  uint64_t record_count = 0;
  friend bool operator==(const RowInfo&, const RowInfo&) = default;
};

struct PointView {
  SeriesRef series;
  EventTime time;
  int64_t version = 1;           // kByVersion only; >= 1
  ArrivalTime arrival;           // kLastWins: the append time in the log (a view: its commit time)
  ValueView value;               // kNone deletes: owned series only
  const RowInfo* row = nullptr;  // owned series only, and there always
};

/// Opaque, comparable inside its partition only. Nothing subtracts or compares two partitions'.
struct Position {
  uint32_t partition = 0;
  uint64_t offset = 0;
};

/// One per partition; partitions that are absent stand at their start. Partition-wise comparable.
class Positions {
 public:
  Positions() = default;
  explicit Positions(std::vector<uint64_t> offsets) : offsets_(std::move(offsets)) {}

  uint64_t offset(uint32_t partition) const {
    return partition < offsets_.size() ? offsets_[partition] : 0;
  }
  void Set(Position p) {
    if (offsets_.size() <= p.partition) offsets_.resize(p.partition + 1);
    offsets_[p.partition] = p.offset;
  }
  size_t partitions() const { return offsets_.size(); }
  /// Every partition of `other` is at or before ours.
  bool Covers(const Positions& other) const {
    for (uint32_t i = 0; i < other.offsets_.size(); ++i) {
      if (offset(i) < other.offset(i)) return false;
    }
    return true;
  }
  friend bool operator==(const Positions& a, const Positions& b) {
    return a.Covers(b) && b.Covers(a);
  }
  void AppendTo(ByteWriter& out) const;
  static Positions Read(ByteReader& in);
  std::string ToString() const;  // "0:4711", for logs and the console

 private:
  std::vector<uint64_t> offsets_;
};

/// Where a clock and a reading position come from.
struct SourceId {
  enum class Kind : uint8_t { kPipeline = 1, kDirect = 2 };  // disk bytes
  Kind kind = Kind::kPipeline;
  uint32_t id = 0;  // the PipelineId; 0 for kDirect
  friend auto operator<=>(const SourceId&, const SourceId&) = default;
};

/// Progress and clock of one partition of a source, journaled in the frame of the points it covers.
struct SourceProgress {
  SourceId source;
  TableId table;
  uint32_t partition = 0;
  std::string position;  // the source's own bytes: continue behind it
  std::optional<EventTime>
      max_event_time;  // over all decoded records, before any filter; grows only
  bool idle = false;
  bool complete_from_start =
      true;  // false: the source began at `latest`, windows before its start are not whole
  /// No later record of the partition is older, whatever the bound says: punctuation, or what a
  /// split or merged partition takes over (event-time.md 2.1, 2.6). Exclusive; grows only.
  std::optional<EventTime> floor{};
  /// Records before this time were trimmed or passed over unread: windows that reach before it are
  /// not whole (event-time.md 6.5). Grows only.
  std::optional<EventTime> whole_from{};
  friend bool operator==(const SourceProgress&, const SourceProgress&) = default;
};

struct SourcePartition {
  SourceId source;
  uint32_t partition = 0;
  friend auto operator<=>(const SourcePartition&, const SourcePartition&) = default;
  /// u8 kind, varint id, varint partition.
  void AppendTo(ByteWriter& out) const;
  /// Fails the reader where there are no such bytes.
  static SourcePartition Read(ByteReader& in);
};

struct ViewProgress {
  ViewId view;
  uint32_t generation = 0;
  Positions positions;                 // the feed is consumed up to here
  std::optional<EventTime> watermark;  // out_of_orderness taken off; grows only
  std::string state;  // the view's own bytes (e.g. what is still dirty); bounded to 1 MiB
  /// Where the view reads the feed from after a restart, if that is before `positions`; empty: from
  /// there. The feed is kept behind it.
  Positions replay_from{};
};

/// A raw point.
struct PointKey {
  SeriesRef series;
  EventTime time;
  friend auto operator<=>(const PointKey&, const PointKey&) = default;
};

/// Of the points behind a revision, so many are named.
inline constexpr size_t kPointKeysMax = 16;

/// One publication, or one refused late point of a frozen window.
struct RevisionEntry {
  SeriesRef series;  // of the view's row
  EventTime time;    // the row's time (label)
  EventTime window_start;
  EventTime window_end;
  uint32_t revision = 0;
  Scalar old_value;          // null at revision 1
  Scalar new_value;          // null: the row ended
  uint64_t late_points = 0;  // late or corrected points behind this change
  ArrivalTime at;
  bool frozen = false;  // the window is sealed: nothing changed, the point stays raw
  /// Found by a catch-up over blocks, not by reading each change: late_points is unknown (0).
  bool coarse = false;
  /// Of those late points: the watermark when it was read minus the time of the latest one, and
  /// where that came from. None: no late points, or not known.
  std::optional<nanoseconds> lateness_max{};
  std::optional<SourcePartition> partition{};
  /// Raw points in the row with this entry; none: an older server wrote it.
  std::optional<uint64_t> record_count{};
  /// Among the late points is one that replaced a stored one.
  bool correction = false;
  /// Written because the view's definition changed: another generation took over.
  bool definition = false;
  /// Of the late points, at most kPointKeysMax, in time order. May name series that are gone.
  std::vector<PointKey> points{};
};

/// How many more raw points the row has with `log[entry]` than before; none: not known, or entries
/// between them are gone.
std::optional<int64_t> RecordsAdded(std::span<const RevisionEntry> log, size_t entry);

/// Why an entry is there: "watermark", "late", "correction", "definition", "coarse", "frozen". The
/// word of every API.
/// A correction is told from late points that are new by what the view knew of them; entries of
/// older servers call both late.
std::string_view CauseName(const RevisionEntry& entry);

}  // namespace tidemark::store
