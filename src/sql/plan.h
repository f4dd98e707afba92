// SPDX-License-Identifier: Apache-2.0
// What the binder makes of a statement: names are resolved, types known, constants folded, and what
// the store is asked for is taken out of WHERE and GROUP BY. Expressions are immutable and shared;
// the rest is single-owner.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sql/aggregates.h"
#include "sql/functions.h"
#include "sql/lexer.h"
#include "sql/type.h"
#include "store/store.h"

namespace tidemark::sql::plan {

using sql::AggregateKind;

struct Expr;
struct Query;
using ExprPtr = std::shared_ptr<const Expr>;

enum class ExprKind : uint8_t {
  kConstant,    // constant; null too
  kColumn,      // relation, column
  kCall,        // overload (or try_emit in `emit`), args
  kAnd,         // args: two or more
  kOr,          // args: two or more
  kNot,         // args: one
  kCompare,     // op; args: two of one type
  kIsNull,      // args: one; negated
  kIsDistinct,  // args: two; negated
  kIn,          // args: value, candidates...; negated
  kLike,        // args: value, pattern [, escape]; negated
  kCase,        // args: condition, value, ..., [else if has_else]
  kCoalesce,    // args
  kExtremum,    // args of one type; op: kGreater (greatest) or kLess (least); null if one is null
  kArray,       // args of the element's type
  kRow,         // args: the fields
  kField,       // args: a row; column: which field
  kLambda,      // args: body; its parameters are the variables from `column` on, `parameters` many
  kVariable,    // column: the number of a lambda's parameter
  kTry,         // args: one; null where it fails
  kAggregate,   // aggregate, function, distinct, args, order, filter
  kGrouping,    // args: keys; which of them the row's grouping set lacks, as bits
  kWindow,      // window; args
  kSubquery,    // query of one column, of more: as a row; relation, captured
  kExists,      // query; relation, captured
  kQuantified,  // args: left side; query of one column; op; all; negated; relation, captured
  /// args: a condition over columns of relation `column`, which is `query`: whether it holds for
  /// any or all rows; all; negated; relation, captured
  kQuantifiedBy,
  kParameter,  // name; has no value yet
};

enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

/// ORDER BY, also inside aggregates and windows.
struct Sort {
  ExprPtr expr;
  bool descending = false;
  bool nulls_first = false;
};

enum class WindowFunction : uint8_t {
  kAggregate,
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,
  kFirstValue,
  kLastValue,
  kNthValue,
  kLag,
  kLead,
};

struct FrameBound {
  enum class Kind : uint8_t {
    kUnboundedPreceding,
    kPreceding,
    kCurrentRow,
    kFollowing,
    kUnboundedFollowing
  };
  Kind kind = Kind::kCurrentRow;
  ExprPtr offset;  // kPreceding, kFollowing
};

struct Window {
  WindowFunction function = WindowFunction::kAggregate;
  ExprPtr aggregate;  // kAggregate: the call, over the rows that the window sees
  bool ignore_nulls = false;
  std::vector<ExprPtr> partition;
  std::vector<Sort> order;
  bool has_frame = false;
  bool rows = false;  // ROWS, else RANGE
  FrameBound start;
  FrameBound end;
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  Type type;
  Place place;
  std::vector<ExprPtr> args;
  Value constant;
  uint32_t relation = 0;
  uint32_t column = 0;
  uint32_t parameters = 0;
  const Overload* overload = nullptr;
  std::string_view emit;
  CompareOp op = CompareOp::kEqual;
  AggregateKind aggregate = AggregateKind::kCountRows;
  const AggregateOverload* function = nullptr;
  bool negated = false;
  bool has_else = false;
  bool distinct = false;
  bool all = false;         // kQuantified: ALL, else ANY
  bool may_nan = false;     // a double that can be NaN: compared by tm_eq, tm_lt, tm_le
  ExprPtr filter;           // kAggregate: FILTER (WHERE ...), or null
  std::vector<Sort> order;  // kAggregate: ORDER BY inside
  std::shared_ptr<const Window> window;
  std::shared_ptr<Query> query;
  /// What a sub-query takes from the query around it: there it is column i of relation `relation`.
  std::vector<ExprPtr> captured;
  std::string name;  // kParameter: without '@'; kColumn: as written, for messages
};

/// Structurally equal: gives the same value over the same row.
bool Same(const Expr& a, const Expr& b);

bool HasWindow(const Expr& expr);

/// Calls `visit` for every expression that `expr` is made of, not for those inside sub-queries. Of
/// an aggregate that runs over a window: its arguments, not itself.
void ForEachChild(const Expr& expr, const std::function<void(const ExprPtr&)>& visit);
bool HasSubquery(const Expr& expr);
/// A copy over other children; `expr` itself if it has none.
Result<ExprPtr> MapChildren(const ExprPtr& expr,
                            const std::function<Result<ExprPtr>(const ExprPtr&)>& map);

// -------------------------------------------------------------------------------------------
// relations

/// A column of a relation; emitted as r<relation>.c<number>.
struct Column {
  std::string name;
  Type type;
  uint32_t number = 0;
  bool may_nan = false;
};

/// Where a column of a table comes from.
struct ScanColumn {
  enum class Source : uint8_t {
    kTime,
    kMeasureName,
    kDimension,
    kSingle,
    kField,
    kSeriesKey,
    // Hidden columns of view rows, then those of a view's revisions.
    kWindowStart,
    kWindowEnd,
    kRevision,
    kRecordCount,
    kPreliminary,
    kFilled,
    kComplete,
    kSealed,
    kOld,
    kNew,
    kVersion,
    kAt,
    kCause,
    kLatePoints,
    kLatenessMax,
    kPartition,
    kRecordsAdded,
    kPoints,
  };
  Source source = Source::kTime;
  std::string name;  // as SQL shows it; of the dimension or field
  store::ValueType value_type = store::ValueType::kNone;  // kSingle, kField
  Type type;
  bool used = false;  // some expression reads it
};

/// One table in FROM, or what a view made: view_rows(), view_revisions().
struct TableScan {
  enum class Kind : uint8_t {
    kPoints,
    kViewRows,       // view_rows('name')
    kViewRowsAt,     // view_rows('name', as_of)
    kViewRevisions,  // view_revisions('name')
  };
  Kind kind = Kind::kPoints;
  std::string table_name;  // "database"."table", or the call
  std::string database;    // of a table
  std::string table;
  uint32_t relation = 0;            // that reads it
  std::vector<ScanColumn> columns;  // by Column::number; time first: it is the cheapest to ask for
  store::Selection selection;       // a superset of WHERE
  bool exact = true;                // selection is all of WHERE
  std::optional<EventTime> as_of;   // kViewRowsAt, unless it is a parameter without a value
  bool as_of_now = false;           // `as_of` is not before the statement's start
  nanoseconds allowed_lateness{0};  // of the view
  std::map<store::SourceId, std::string> pipelines;  // names, for kViewRevisions
  uint64_t points_limit = UINT64_MAX;
  bool last_points = false;  // only the newest point of each series is read
  bool replaced = false;     // an aggregate stands in its place

  /// Read from the revision log, not from points: nothing of it can be computed by the store.
  bool reads_log() const { return kind == Kind::kViewRowsAt || kind == Kind::kViewRevisions; }
};

/// One aggregate of SQL over groups of the store that are finer: it merges the states of those that
/// its conditions take (FILTER, and CASE without ELSE, over what a series has).
struct AggregateSlot {
  size_t aggregate = 0;  // of the request
  std::vector<store::TextPredicate> measure;
  std::vector<store::DimensionPredicate> dimensions;
  bool distinct = false;  // counts different values of `of` instead of merging
  std::string of;         // a dimension; empty: the measure name

  bool plain() const { return measure.empty() && dimensions.empty() && !distinct; }
  friend bool operator==(const AggregateSlot&, const AggregateSlot&) = default;
};

/// How the store's groups become SQL's: states are then those of slots.
struct Regrouping {
  size_t keys = 0;       // so many of request.group_by are SQL's keys: the first
  bool measure = false;  // the measure name is one
  std::vector<AggregateSlot> slots;
};

/// A grouping that the store answers by itself.
struct TableAggregate {
  size_t scan = 0;  // the TableScan it replaces
  store::AggregateRequest request;
  /// Output columns in order: a key (dimension, measure name, bin) or an aggregate.
  struct Output {
    enum class From : uint8_t { kGroupKey, kMeasureName, kBin, kAggregate };
    From from = From::kGroupKey;
    size_t index = 0;  // into group_by or aggregates
    Type type;
    agg::Reading reading = {};  // of kAggregate
  };
  std::vector<Output> outputs;
  /// No keys: one row even over no points.
  bool global = false;
  /// Each of these states (first, last) must have seen all of the group's points, else a null
  /// was among them and the answer is not SQL's: the statement runs again without pushdown.
  std::vector<size_t> complete;
  std::optional<Regrouping> regrouping;  // the store's groups are finer than SQL's

  /// Where a row's keys have the measure name.
  size_t measure_key() const { return regrouping ? regrouping->keys : request.group_by.size(); }
};

enum class JoinKind : uint8_t { kCross, kInner, kLeft, kRight, kFull };

struct Relation {
  enum class Kind : uint8_t { kScan, kQuery, kCte, kJoin };
  Kind kind = Kind::kScan;
  uint32_t id = 0;
  std::string alias;                 // empty: none
  std::string database;              // of a table, for "db"."table".column
  std::vector<Column> columns;       // in SELECT * order
  size_t scan = 0;                   // kScan: into Plan::scans
  std::unique_ptr<Query> query;      // kQuery
  bool lateral = false;              // kQuery: sees the relations to its left
  uint32_t cte = 0;                  // kCte
  JoinKind join = JoinKind::kCross;  // kJoin
  std::unique_ptr<Relation> left;    // kJoin
  std::unique_ptr<Relation> right;   // kJoin
  ExprPtr on;                        // kJoin, but for kCross
};

// ---------------------------------------------------------------------------------------------
// queries

/// GROUP BY and the aggregates: a relation of its own between FROM and the select list.
struct Aggregation {
  uint32_t id = 0;             // its columns: keys, then calls
  std::vector<ExprPtr> keys;   // over the input
  std::vector<ExprPtr> calls;  // kAggregate and kGrouping, over the input
  /// GROUPING SETS: the keys of each, by number; none: one set of all keys.
  std::optional<std::vector<std::vector<size_t>>> sets;
  std::optional<size_t> pushed;  // into Plan::aggregates
};

struct Select {
  std::optional<Relation> from;
  ExprPtr where;
  std::optional<Aggregation> aggregation;
  ExprPtr having;                // over the aggregation
  std::vector<ExprPtr> outputs;  // over the aggregation if there is one, else over `from`
  bool distinct = false;
  std::vector<Sort> order;
  std::optional<int64_t> limit;
  int64_t offset = 0;
};

struct Cte {
  uint32_t id = 0;
  std::unique_ptr<Query> query;
};

struct SetOperation {
  enum class Kind : uint8_t { kUnion, kExcept, kIntersect };
  Kind kind = Kind::kUnion;
  bool all = false;
  std::unique_ptr<Query> left;  // both: as many columns, of the same types
  std::unique_ptr<Query> right;
};

struct Query {
  std::vector<Cte> ctes;
  std::optional<Select> select;
  std::optional<SetOperation> set;         // without `select`
  std::vector<std::vector<ExprPtr>> rows;  // VALUES, without either
  std::vector<Column> columns;             // numbers ascend from 0
};

struct Parameter {
  std::string name;  // without '@'
  Type type;         // from its first use; unknown if none says
  Place place;
};

struct Plan {
  Query query;
  std::vector<Parameter> parameters;  // without a value, in order of appearance
  std::vector<TableScan> scans;
  std::vector<TableAggregate> aggregates;
};

}  // namespace tidemark::sql::plan
