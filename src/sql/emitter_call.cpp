// SPDX-License-Identifier: Apache-2.0
// Aggregates, windows and sub-queries of the execution engine.
#include "base/check.h"
#include "sql/emitter_internal.h"
#include "sql/execution.h"

namespace tidemark::sql {

using plan::CompareOp;
using plan::Expr;
using plan::ExprKind;
using plan::WindowFunction;

std::string_view Emitter::OpText(CompareOp op) const {
  switch (op) {
    case CompareOp::kEqual:
      return "=";
    case CompareOp::kNotEqual:
      return "<>";
    case CompareOp::kLess:
      return "<";
    case CompareOp::kLessEqual:
      return "<=";
    case CompareOp::kGreater:
      return ">";
    case CompareOp::kGreaterEqual:
      return ">=";
  }
  TM_UNREACHABLE();
}

void Emitter::Aggregate(const Expr& expr, const plan::Window* window) {
  const std::string_view emit = expr.function->emit;
  for (size_t i = 0; i < emit.size(); ++i) {
    if (emit[i] != '$') {
      out_ += emit[i];
      continue;
    }
    const char what = emit[++i];
    if (what == 'd') {
      if (expr.distinct) out_ += "DISTINCT ";
    } else if (what == 'o') {
      SortList(expr.order);
    } else if (what == 'm') {
      if (expr.filter) {
        out_ += " FILTER (WHERE ";
        Value(*expr.filter);
        out_ += ")";
      }
      if (window != nullptr) Over(*window);
    } else if (what >= '1' && what <= '9') {
      Value(*expr.args[static_cast<size_t>(what - '1')]);
    }
  }
}

void Emitter::SortList(std::span<const plan::Sort> order) {
  for (size_t i = 0; i < order.size(); ++i) {
    out_ += i == 0 ? " ORDER BY " : ", ";
    Value(*order[i].expr);
    out_ += order[i].descending ? " DESC" : " ASC";
    out_ += order[i].nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
}

void Emitter::Grouping(const Expr& expr) {
  out_ += "CAST(grouping(";
  List(expr.args);
  out_ += ") AS INTEGER)";
}

// -------------------------------------------------------------------------------------------
// windows

void Emitter::Window(const Expr& expr) {
  const plan::Window& window = *expr.window;
  if (window.function == WindowFunction::kAggregate) {
    Aggregate(*window.aggregate, &window);
  } else {
    WindowArgs(expr);
    Over(window);
  }
}

void Emitter::Over(const plan::Window& window) {
  out_ += " OVER (";
  for (size_t i = 0; i < window.partition.size(); ++i) {
    out_ += i == 0 ? "PARTITION BY " : ", ";
    Value(*window.partition[i]);
  }
  SortList(window.order);
  Frame(window);
  out_ += ")";
}

void Emitter::WindowArgs(const Expr& expr) {
  constexpr std::string_view kNoNull = "";
  std::string_view name;
  switch (expr.window->function) {
    case WindowFunction::kAggregate:
      return;
    case WindowFunction::kRowNumber:
      name = "row_number";
      break;
    case WindowFunction::kRank:
      name = "rank";
      break;
    case WindowFunction::kDenseRank:
      name = "dense_rank";
      break;
    case WindowFunction::kPercentRank:
      name = "percent_rank";
      break;
    case WindowFunction::kCumeDist:
      name = "cume_dist";
      break;
    case WindowFunction::kNtile:
      out_ += "ntile(";
      AtLeast(*expr.args[0], 1, kNoNull, "the number of buckets of ntile() must be at least 1");
      out_ += ")";
      return;
    case WindowFunction::kFirstValue:
      name = "first_value";
      break;
    case WindowFunction::kLastValue:
      name = "last_value";
      break;
    case WindowFunction::kNthValue:
      name = "nth_value";
      break;
    case WindowFunction::kLag:
      name = "lag";
      break;
    case WindowFunction::kLead:
      name = "lead";
      break;
  }
  Put("{}(", name);
  const bool shift = expr.window->function == WindowFunction::kLag ||
                     expr.window->function == WindowFunction::kLead;
  for (size_t i = 0; i < expr.args.size(); ++i) {
    if (i > 0) out_ += ", ";
    if (i != 1) {
      Value(*expr.args[i]);
    } else if (shift) {
      AtLeast(*expr.args[i], 0, " IS NULL OR ", "an offset of lag() or lead() is negative or null");
    } else {
      AtLeast(*expr.args[i], 1, kNoNull, "the position of nth_value() must be at least 1");
    }
  }
  out_ += expr.window->ignore_nulls ? " IGNORE NULLS)" : ")";
}

void Emitter::AtLeast(const Expr& expr, int64_t least, std::string_view null_check,
                      std::string_view message) {
  if (expr.kind == ExprKind::kConstant) return Value(expr);  // the binder has looked
  out_ += "CASE WHEN ";
  if (!null_check.empty()) {
    Value(expr);
    out_ += null_check;
  }
  Value(expr);
  Put(" < {} THEN error(", least);
  Quoted(MarkError(message));
  out_ += ") ELSE ";
  Value(expr);
  out_ += " END";
}

namespace {

/// Every row of a partition sees all of it.
bool SeesAll(const plan::Window& window) {
  using Kind = plan::FrameBound::Kind;
  if (!window.has_frame) return window.order.empty();
  const bool peers = !window.rows && window.order.empty();  // CURRENT ROW means all of them
  const bool from = window.start.kind == Kind::kUnboundedPreceding ||
                    (peers && window.start.kind == Kind::kCurrentRow);
  const bool to = window.end.kind == Kind::kUnboundedFollowing ||
                  (peers && window.end.kind == Kind::kCurrentRow);
  return from && to;
}

/// An aggregate that is registered, not the engine's own.
bool IsRegistered(const plan::Window& window) {
  return window.aggregate && window.aggregate->function->emit.find("tm_") != std::string_view::npos;
}

}  // namespace

void Emitter::Frame(const plan::Window& window) {
  if (SeesAll(window) && IsRegistered(window)) {
    // For whole partitions DuckDB hands a registered aggregate one state for many rows, which
    // its C interface passes on as an array: a frame that only looks shorter avoids that path.
    out_ += " ROWS BETWEEN UNBOUNDED PRECEDING AND 4611686018427387904 FOLLOWING";
    return;
  }
  if (!window.has_frame) return;
  out_ += window.rows ? " ROWS BETWEEN " : " RANGE BETWEEN ";
  Bound(window.start);
  out_ += " AND ";
  Bound(window.end);
}

void Emitter::Bound(const plan::FrameBound& bound) {
  using Kind = plan::FrameBound::Kind;
  if (bound.offset) {
    AtLeast(*bound.offset, 0, " IS NULL OR ", "an offset of a window frame is negative or null");
  }
  switch (bound.kind) {
    case Kind::kUnboundedPreceding:
      out_ += "UNBOUNDED PRECEDING";
      return;
    case Kind::kPreceding:
      out_ += " PRECEDING";
      return;
    case Kind::kCurrentRow:
      out_ += "CURRENT ROW";
      return;
    case Kind::kFollowing:
      out_ += " FOLLOWING";
      return;
    case Kind::kUnboundedFollowing:
      out_ += "UNBOUNDED FOLLOWING";
      return;
  }
}

// -----------------------------------------------------------------------------------------
// sub-queries

void Emitter::Subquery(const Expr& expr) {
  captured_[expr.relation] = expr.captured;
  out_ += "(";
  if (expr.kind == ExprKind::kQuantifiedBy) {
    QuantifiedBy(expr);
    return;
  }
  if (expr.kind == ExprKind::kExists) out_ += "EXISTS (";
  if (expr.kind == ExprKind::kQuantified) {
    Value(*expr.args[0]);
    const bool in = expr.op == CompareOp::kEqual && !expr.all;
    if (in) {
      out_ += expr.negated ? " NOT IN (" : " IN (";
    } else {
      Put(" {} {} (", OpText(expr.op), expr.all ? "ALL" : "ANY");
    }
  }
  if (expr.kind == ExprKind::kSubquery && expr.query->columns.size() > 1) {
    for (size_t i = 0; i < expr.query->columns.size(); ++i)
      Put("{}'f{}': z.c{}", i == 0 ? "SELECT {" : ", ", i, i);
    out_ += "} FROM (";
    Query(*expr.query);
    out_ += ") z)";
    return;
  }
  Query(*expr.query);
  out_ += expr.kind == ExprKind::kSubquery ? ")" : "))";
}

/// Three-valued logic by counting: for some of the rows it holds, or for some it is unknown.
void Emitter::QuantifiedBy(const Expr& expr) {
  const std::string_view decided = expr.all ? "FALSE" : "TRUE";
  Put("SELECT {}CASE WHEN {} THEN {} WHEN count(*) > count(p.c0) THEN NULL ELSE {} END FROM "
      "(SELECT ",
      expr.negated ? "NOT " : "", expr.all ? "NOT bool_and(p.c0)" : "bool_or(p.c0)", decided,
      expr.all ? "TRUE" : "FALSE");
  Value(*expr.args[0]);
  out_ += " AS c0 FROM (";
  Query(*expr.query);
  Put(") r{}) p)", expr.column);
}

}  // namespace tidemark::sql
