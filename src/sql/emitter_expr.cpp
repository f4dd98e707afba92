// SPDX-License-Identifier: Apache-2.0
// Expressions of the execution engine: constants, comparisons, calls.
#include <algorithm>
#include <cmath>

#include "sql/emitter_internal.h"
#include "sql/nested_types.h"

namespace tidemark::sql {

using plan::CompareOp;
using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

void Emitter::List(std::span<const ExprPtr> exprs, std::string_view separator) {
  for (size_t i = 0; i < exprs.size(); ++i) {
    if (i > 0) out_ += separator;
    Value(*exprs[i]);
  }
}

void Emitter::Function(std::string_view name, std::span<const ExprPtr> args) {
  Put("{}(", name);
  List(args);
  out_ += ")";
}

void Emitter::Value(const Expr& expr) {
  if (const auto outside = outside_.find(&expr); outside != outside_.end()) {
    return Put("struct_extract(t{}, 'q{}')", outside->second.first, outside->second.second);
  }
  switch (expr.kind) {
    case ExprKind::kConstant:
      return Constant(expr.type, expr.constant);
    case ExprKind::kColumn:
      return Column(expr);
    case ExprKind::kCall:
      return Call(expr);
    case ExprKind::kAnd:
    case ExprKind::kOr:
      out_ += "(";
      List(expr.args, expr.kind == ExprKind::kAnd ? " AND " : " OR ");
      out_ += ")";
      return;
    case ExprKind::kNot:
      return Wrapped("(NOT ", expr, ")");
    case ExprKind::kCompare:
      return Compare(expr);
    case ExprKind::kIsNull:
      return Wrapped("(", expr, expr.negated ? " IS NOT NULL)" : " IS NULL)");
    case ExprKind::kIsDistinct:
      out_ += "(";
      List(expr.args, expr.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
      out_ += ")";
      return;
    case ExprKind::kIn:
      out_ += "(";
      Value(*expr.args[0]);
      out_ += expr.negated ? " NOT IN (" : " IN (";
      List(std::span(expr.args).subspan(1));
      out_ += "))";
      return;
    case ExprKind::kLike:
      return Like(expr);
    case ExprKind::kCase:
      return Case(expr);
    case ExprKind::kCoalesce:
      return Function("coalesce", expr.args);
    case ExprKind::kExtremum:
      return Extremum(expr);
    case ExprKind::kArray:
      return Array(expr);
    case ExprKind::kRow:
      return Row(expr);
    case ExprKind::kField:
      out_ += "struct_extract(";
      Value(*expr.args[0]);
      return Put(", 'f{}')", expr.column);
    case ExprKind::kLambda:
      return Lambda(expr);
    case ExprKind::kVariable:
      return Put("v{}", expr.column);
    case ExprKind::kTry:
      return Try(expr);
    case ExprKind::kAggregate:
      return Aggregate(expr, nullptr);
    case ExprKind::kGrouping:
      return Grouping(expr);
    case ExprKind::kWindow:
      return Window(expr);
    case ExprKind::kSubquery:
    case ExprKind::kExists:
    case ExprKind::kQuantified:
    case ExprKind::kQuantifiedBy:
      return Subquery(expr);
    case ExprKind::kParameter:
      out_ += "NULL";  // such a plan is only described
      return;
  }
}

void Emitter::Wrapped(std::string_view before, const Expr& expr, std::string_view after) {
  out_ += before;
  Value(*expr.args[0]);
  out_ += after;
}

void Emitter::Constant(const Type& type, const sql::Value& value) {
  const auto& data = value.data;
  if (value.is_null()) {
    Put("CAST(NULL AS {})", CarrierSql(type));
  } else if (const auto* flag = std::get_if<bool>(&data)) {
    out_ += *flag ? "TRUE" : "FALSE";
  } else if (const auto* integer = std::get_if<int64_t>(&data)) {
    Put("CAST({} AS {})", *integer, CarrierSql(type));
  } else if (const auto* number = std::get_if<double>(&data)) {
    if (std::isfinite(*number)) {
      Put("CAST({:.17e} AS DOUBLE)", *number);
    } else {
      Put("CAST('{}' AS DOUBLE)", std::isnan(*number) ? "nan"
                                  : *number > 0       ? "infinity"
                                                      : "-infinity");
    }
  } else if (const auto* text = std::get_if<std::string>(&data)) {
    Quoted(*text);
  } else if (const auto* list = std::get_if<sql::Value::List>(&data)) {
    NestedConstant(type, *list);
  }
}

void Emitter::NestedConstant(const Type& type, const sql::Value::List& list) {
  const bool row = type.kind() == TypeKind::kRow;
  out_ += row ? "{" : "CAST([";
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out_ += ", ";
    if (row) Put("'f{}': ", i);
    Constant(row ? type.fields()[i].type : ElementType(type), list[i]);
  }
  if (row) {
    out_ += "}";
  } else {
    Put("] AS {})", CarrierSql(type));
  }
}

void Emitter::Quoted(std::string_view text) {
  // A statement of the engine ends at a NUL.
  const bool nul = text.find('\0') != std::string_view::npos;
  out_ += nul ? "('" : "'";
  for (const char c : text) {
    if (c == '\0') {
      out_ += "' || chr(0) || '";
      continue;
    }
    if (c == '\'') out_ += '\'';
    out_ += c;
  }
  out_ += nul ? "')" : "'";
}

void Emitter::Array(const Expr& expr) {
  if (expr.args.empty()) return Put("CAST([] AS {})", CarrierSql(expr.type));
  // The cast is for elements of which all are null.
  out_ += "CAST([";
  List(expr.args);
  Put("] AS {})", CarrierSql(expr.type));
}

void Emitter::Row(const Expr& expr) {
  for (size_t i = 0; i < expr.args.size(); ++i) {
    Put("{}'f{}': ", i == 0 ? "{" : ", ", i);
    Value(*expr.args[i]);
  }
  out_ += "}";
}

void Emitter::Lambda(const Expr& expr) {
  out_ += "lambda ";
  for (uint32_t i = 0; i < expr.parameters; ++i) Put("{}v{}", i == 0 ? "" : ", ", expr.column + i);
  out_ += ": ";
  Value(*expr.args[0]);
}

namespace {

/// What the engine's TRY, or a lambda around it, cannot hold.
void CollectOutside(const Expr& expr, std::vector<const Expr*>& out) {
  if (expr.query != nullptr || expr.kind == ExprKind::kWindow ||
      expr.kind == ExprKind::kAggregate || expr.kind == ExprKind::kGrouping) {
    out.push_back(&expr);
    return;
  }
  plan::ForEachChild(expr, [&](const ExprPtr& child) { CollectOutside(*child, out); });
}

size_t Occurrences(std::string_view emit, size_t argument) {
  size_t count = 0;
  for (size_t i = 0; i + 1 < emit.size(); ++i) {
    if (emit[i] == '$' && static_cast<size_t>(emit[i + 1] - '1') == argument) ++count;
  }
  return count;
}

}  // namespace

/// The engine's TRY takes no sub-query. Sub-queries and aggregates are evaluated outside of it, so
/// that an error in one is not caught: as where try() comes from. They become the fields of a
/// struct, which is the variable of a lambda.
void Emitter::Try(const Expr& expr) {
  if (!plan::HasSubquery(expr)) return Wrapped("TRY(", expr, ")");
  std::vector<const Expr*> outside;
  CollectOutside(expr, outside);
  // Those of an outer try() are there already.
  std::erase_if(outside, [this](const Expr* e) { return outside_.contains(e); });
  if (outside.empty()) return Wrapped("TRY(", expr, ")");
  const size_t number = tries_++;
  out_ += "list_extract(list_transform([{";
  for (size_t i = 0; i < outside.size(); ++i) {
    Put("{}'q{}': ", i == 0 ? "" : ", ", i);
    Value(*outside[i]);
  }
  Put("}}], lambda t{}: ", number);
  for (size_t i = 0; i < outside.size(); ++i) outside_[outside[i]] = {number, i};
  Wrapped("TRY(", expr, ")");
  for (const Expr* e : outside) outside_.erase(e);
  out_ += "), 1)";
}

/// $1 is an argument. One that stands there twice is evaluated once: it becomes the variable of a
/// lambda, unless it is a name anyway. Sub-queries cannot stand in a lambda of the engine: where
/// one would, all that is evaluated first becomes one row outside of it.
void Emitter::Call(const Expr& expr) {
  std::vector<size_t> bound;
  std::vector<size_t> outside;  // those, and what has a sub-query
  bool subqueries = false;
  for (size_t i = 0; i < expr.args.size(); ++i) {
    const ExprKind kind = expr.args[i]->kind;
    const bool name = kind == ExprKind::kColumn || kind == ExprKind::kVariable ||
                      kind == ExprKind::kConstant || kind == ExprKind::kLambda;
    if (name) continue;
    const bool has = plan::HasSubquery(*expr.args[i]);
    subqueries |= has;
    const bool again = Occurrences(expr.emit, i) > 1;
    if (again) bound.push_back(i);
    if (again || has) outside.push_back(i);
  }
  if (subqueries && (!bound.empty() || expr.emit.find("lambda") != std::string_view::npos)) {
    out_ += "list_extract(list_transform([{";
    for (size_t i = 0; i < outside.size(); ++i) {
      Put("{}'a{}': ", i == 0 ? "" : ", ", outside[i]);
      Value(*expr.args[outside[i]]);
    }
    out_ += "}], lambda a: ";
    Template(expr, outside, "struct_extract(a, 'a{}')");
    out_ += "), 1)";
    return;
  }
  for (const size_t i : bound) {
    out_ += "list_extract(list_transform([";
    Value(*expr.args[i]);
    Put("], lambda a{}: ", i);
  }
  Template(expr, bound, "a{}");
  for (size_t i = 0; i < bound.size(); ++i) out_ += "), 1)";
}

void Emitter::Template(const Expr& expr, std::span<const size_t> bound, std::string_view variable) {
  for (size_t i = 0; i < expr.emit.size(); ++i) {
    if (expr.emit[i] != '$') {
      out_ += expr.emit[i];
      continue;
    }
    const auto argument = static_cast<size_t>(expr.emit[++i] - '1');
    if (std::ranges::find(bound, argument) != bound.end()) {
      out_ += fmt::format(fmt::runtime(variable), argument);
    } else {
      Value(*expr.args[argument]);
    }
  }
}

void Emitter::Compare(const Expr& expr) {
  if (!expr.may_nan) {
    out_ += "(";
    List(expr.args, fmt::format(" {} ", OpText(expr.op)));
    out_ += ")";
    return;
  }
  const bool swapped = expr.op == CompareOp::kGreater || expr.op == CompareOp::kGreaterEqual;
  const bool equal = expr.op == CompareOp::kEqual || expr.op == CompareOp::kNotEqual;
  const bool strict = expr.op == CompareOp::kLess || expr.op == CompareOp::kGreater;
  Put("{}{}(", expr.op == CompareOp::kNotEqual ? "NOT " : "",
      equal    ? "tm_eq"
      : strict ? "tm_lt"
               : "tm_le");
  Value(*expr.args[swapped ? 1 : 0]);
  out_ += ", ";
  Value(*expr.args[swapped ? 0 : 1]);
  out_ += ")";
}

void Emitter::Like(const Expr& expr) {
  if (expr.args.size() == 2) {
    out_ += "(";
    List(expr.args, expr.negated ? " NOT LIKE " : " LIKE ");
    out_ += ")";
    return;
  }
  out_ += expr.negated ? "(NOT " : "(";
  Function("tm_like", expr.args);
  out_ += ")";
}

void Emitter::Case(const Expr& expr) {
  out_ += "CASE";
  const size_t pairs = expr.args.size() / 2;
  for (size_t i = 0; i < pairs; ++i) {
    out_ += " WHEN ";
    Value(*expr.args[2 * i]);
    out_ += " THEN ";
    Value(*expr.args[2 * i + 1]);
  }
  if (expr.has_else) {
    out_ += " ELSE ";
    Value(*expr.args.back());
  }
  out_ += " END";
}

void Emitter::Extremum(const Expr& expr) {
  out_ += "CASE WHEN ";
  for (size_t i = 0; i < expr.args.size(); ++i) {
    if (i > 0) out_ += " OR ";
    Value(*expr.args[i]);
    out_ += " IS NULL";
  }
  out_ += " THEN NULL ELSE ";
  const std::string_view function = expr.op == CompareOp::kGreater ? "greatest" : "least";
  if (expr.type.kind() != TypeKind::kDouble || !expr.may_nan) {
    Function(function, expr.args);
    out_ += " END";
    return;
  }
  // NaN counts only where there is nothing else, as in min() and max(); the engine skips null.
  Put("coalesce({}(", function);
  for (size_t i = 0; i < expr.args.size(); ++i) {
    out_ += i == 0 ? "CASE WHEN isnan(" : ", CASE WHEN isnan(";
    Value(*expr.args[i]);
    out_ += ") THEN NULL ELSE ";
    Value(*expr.args[i]);
    out_ += " END";
  }
  out_ += "), CAST('nan' AS DOUBLE)) END";
}

void Emitter::Column(const Expr& expr) {
  const auto outer = captured_.find(expr.relation);
  if (outer != captured_.end()) return Value(*outer->second[expr.column]);
  Put("r{}.c{}", expr.relation, expr.column);
}

}  // namespace tidemark::sql
