// SPDX-License-Identifier: Apache-2.0
// What the parser makes of a statement: names are unresolved, types unknown. Single-owner trees.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/lexer.h"
#include "sql/type.h"

namespace tidemark::sql::ast {

struct Expr;
struct Query;
using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;

/// A name as written; quoted ones compare the same way (timestream-sql.md 1.1).
struct Name {
  std::string text;
  Place place;
};

struct SortItem {
  ExprPtr expr;
  bool descending = false;
  bool nulls_first = false;  // NULLS LAST is the default in both directions
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
  std::vector<ExprPtr> partition;
  std::vector<SortItem> order;
  bool has_frame = false;
  bool rows = false;  // ROWS, else RANGE
  Place frame_place;
  FrameBound start;
  FrameBound end;
};

enum class ExprKind : uint8_t {
  kLiteral,     // type, value
  kName,        // name: one to three parts, the last is the column (or a row's field)
  kParameter,   // text: without '@'
  kOperator,    // text: + - * / % || = <> < <= > >= AND OR NOT, "NEG"; args (AND, OR: two or more)
  kBetween,     // args: value, low, high; negated
  kIn,          // args: value, candidates...; negated
  kInQuery,     // args: value; query; negated
  kLike,        // args: value, pattern [, escape]; negated
  kIsNull,      // args: value; negated
  kIsDistinct,  // args: two; negated: IS NOT DISTINCT FROM
  kQuantified,  // args: value; text: operator; quantifier ALL or ANY in `call`; query
  kCase,        // operand: args[0] if has_operand; then when, then, ..., [else if has_else]
  kCast,        // args: value; type; negated: TRY_CAST
  kCall,        // call: name; args
  kExtract,     // call: the field; args: value
  kRow,         // args
  kArray,       // args
  kSubscript,   // args: value, index
  kField,       // args: value; call: the field
  kLambda,      // parameters; args: body
  kSubquery,    // query
  kExists,      // query
  kAtTimeZone,  // args: value, zone
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  Place place;
  uint16_t depth = 1;  // 1 + the deepest child's

  std::vector<ExprPtr> args;
  std::string text;
  std::vector<Name> name;
  Name call;
  Type type;
  Value value;
  QueryPtr query;
  std::vector<Name> parameters;

  bool negated = false;
  bool has_operand = false;
  bool has_else = false;
  bool star = false;            // count(*)
  bool distinct = false;        // f(DISTINCT ...)
  std::vector<SortItem> order;  // inside an aggregate
  ExprPtr filter;               // FILTER (WHERE ...)
  bool ignore_nulls = false;
  bool respect_nulls = false;
  std::unique_ptr<Window> window;  // OVER
};

enum class RelationKind : uint8_t {
  kTable,     // name: [database.]table
  kQuery,     // query, also VALUES
  kFunction,  // name: the function; args
  kUnnest,    // args; with_ordinality
  kJoin,      // left, right, join, on or using_columns
};

enum class JoinKind : uint8_t { kCross, kInner, kLeft, kRight, kFull };

struct Relation;
using RelationPtr = std::unique_ptr<Relation>;

struct Relation {
  RelationKind kind = RelationKind::kTable;
  Place place;
  std::vector<Name> name;
  QueryPtr query;
  bool lateral = false;
  std::vector<ExprPtr> args;
  bool with_ordinality = false;
  RelationPtr left;
  RelationPtr right;
  JoinKind join = JoinKind::kCross;
  ExprPtr on;
  std::vector<Name> using_columns;
  std::optional<Name> alias;
  std::vector<Name> column_aliases;
};

struct SelectItem {
  bool star = false;
  std::vector<Name> qualifier;  // of a star: t.*, db.t.*
  ExprPtr expr;
  std::optional<Name> alias;
  Place place;
};

struct GroupElement {
  enum class Kind : uint8_t { kExpressions, kRollup, kCube, kSets };
  Kind kind = Kind::kExpressions;
  std::vector<ExprPtr> exprs;
  std::vector<std::vector<ExprPtr>> sets;  // kSets
  Place place;
};

struct Select {
  Place place;
  bool distinct = false;
  std::vector<SelectItem> items;
  RelationPtr from;  // null: one row
  ExprPtr where;
  bool group_distinct = false;
  std::vector<GroupElement> group_by;
  ExprPtr having;
};

/// One side of a set operation, or the whole of a query.
struct QueryBody;
using QueryBodyPtr = std::unique_ptr<QueryBody>;

struct QueryBody {
  enum class Kind : uint8_t { kSelect, kValues, kNested, kSetOperation };
  Kind kind = Kind::kSelect;
  Place place;
  std::unique_ptr<Select> select;
  std::vector<ExprPtr> rows;  // kValues
  QueryPtr nested;            // kNested
  std::string operation;      // kSetOperation: UNION, EXCEPT, INTERSECT
  bool all = false;
  QueryBodyPtr left;
  QueryBodyPtr right;
};

struct Cte {
  Name name;
  std::vector<Name> columns;
  QueryPtr query;
};

struct Query {
  Place place;
  std::vector<Cte> ctes;
  QueryBodyPtr body;
  std::vector<SortItem> order;
  std::optional<int64_t> limit;  // none: ALL
  int64_t offset = 0;
};

enum class StatementKind : uint8_t {
  kQuery,
  kExplain,
  kUnload,
  kShowDatabases,
  kShowTables,
  kShowMeasures,
  kDescribe
};

struct Statement {
  StatementKind kind = StatementKind::kQuery;
  Place place;
  QueryPtr query;          // kQuery, kExplain, kUnload
  std::vector<Name> name;  // SHOW TABLES: [database]; SHOW MEASURES, DESCRIBE: [database.]table
  std::optional<std::string> like;
};

}  // namespace tidemark::sql::ast
