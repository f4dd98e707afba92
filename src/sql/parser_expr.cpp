// SPDX-License-Identifier: Apache-2.0
// Expressions of the grammar (timestream-sql.md 3.1), from the loosest binding to the tightest.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/datetime.h"
#include "sql/parser_internal.h"

namespace tidemark::sql {

using ast::Expr;
using ast::ExprKind;
using ast::ExprPtr;
using ast::Name;

ExprPtr Parser::Make(ExprKind kind, Place place) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->place = place;
  return expr;
}

Result<ExprPtr> Parser::Finish(ExprPtr expr) const {
  uint16_t deepest = 0;
  for (const ExprPtr& arg : expr->args) deepest = std::max(deepest, arg->depth);
  if (expr->filter) deepest = std::max(deepest, expr->filter->depth);
  expr->depth = static_cast<uint16_t>(deepest + 1);
  if (expr->depth > kNestingMax) return ErrorAt(expr->place, "the expression is nested too deeply");
  return expr;
}

Result<ExprPtr> Parser::Binary(std::string op, Place place, ExprPtr a, ExprPtr b) const {
  ExprPtr expr = Make(ExprKind::kOperator, place);
  expr->text = std::move(op);
  expr->args.push_back(std::move(a));
  expr->args.push_back(std::move(b));
  return Finish(std::move(expr));
}

Result<std::vector<ExprPtr>> Parser::ParseExprList() {
  std::vector<ExprPtr> list;
  do {
    TM_ASSIGN_OR_RETURN(ExprPtr expr, ParseExpr());
    list.push_back(std::move(expr));
  } while (TakeOperator(","));
  return list;
}

Result<std::vector<ast::SortItem>> Parser::ParseSortItems() {
  std::vector<ast::SortItem> items;
  do {
    ast::SortItem item;
    TM_ASSIGN_OR_RETURN(item.expr, ParseExpr());
    if (TakeWord("DESC")) {
      item.descending = true;
    } else {
      TakeWord("ASC");
    }
    if (TakeWord("NULLS")) {
      item.nulls_first = TakeWord("FIRST");
      if (!item.nulls_first) TM_RETURN_IF_ERROR(ExpectWord("LAST"));
    }
    items.push_back(std::move(item));
  } while (TakeOperator(","));
  return items;
}

// -----------------------------------------------------------------------------------------------
// logic

Result<ExprPtr> Parser::ParseExpr() {
  const Nest nest(*this);
  if (nest.too_deep()) return ErrorAt(Peek().place, "the expression is nested too deeply");
  TM_ASSIGN_OR_RETURN(ExprPtr first, ParseAnd());
  if (!IsWord("OR")) return first;
  ExprPtr expr = Make(ExprKind::kOperator, first->place);
  expr->text = "OR";
  expr->args.push_back(std::move(first));
  while (TakeWord("OR")) {
    TM_ASSIGN_OR_RETURN(ExprPtr next, ParseAnd());
    expr->args.push_back(std::move(next));
  }
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseAnd() {
  TM_ASSIGN_OR_RETURN(ExprPtr first, ParseNot());
  if (!IsWord("AND")) return first;
  ExprPtr expr = Make(ExprKind::kOperator, first->place);
  expr->text = "AND";
  expr->args.push_back(std::move(first));
  while (TakeWord("AND")) {
    TM_ASSIGN_OR_RETURN(ExprPtr next, ParseNot());
    expr->args.push_back(std::move(next));
  }
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseNot() {
  if (!IsWord("NOT")) return ParsePredicate();
  const Nest nest(*this);
  if (nest.too_deep()) return ErrorAt(Peek().place, "the expression is nested too deeply");
  ExprPtr expr = Make(ExprKind::kOperator, Take().place);
  expr->text = "NOT";
  TM_ASSIGN_OR_RETURN(ExprPtr arg, ParseNot());
  expr->args.push_back(std::move(arg));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParsePredicate() {
  TM_ASSIGN_OR_RETURN(ExprPtr left, ParseConcat());
  const size_t ahead = IsWord("NOT") ? 1 : 0;
  if (IsWord("BETWEEN", ahead)) return ParseBetween(std::move(left));
  if (IsWord("IN", ahead)) return ParseIn(std::move(left));
  if (IsWord("LIKE", ahead)) return ParseLike(std::move(left));
  if (IsWord("IS")) return ParseIs(std::move(left));
  const std::string& op = Peek().value;
  const bool compares =
      op == "=" || op == "<>" || op == "<" || op == "<=" || op == ">" || op == ">=";
  if (Peek().kind == TokenKind::kOperator && compares) return ParseComparison(std::move(left));
  return left;  // one predicate at most: "1 = 1 = true" is an error
}

Result<ExprPtr> Parser::ParseBetween(ExprPtr left) {
  ExprPtr expr = Make(ExprKind::kBetween, Peek().place);
  expr->negated = TakeWord("NOT");
  Take();
  expr->args.push_back(std::move(left));
  TM_ASSIGN_OR_RETURN(ExprPtr low, ParseConcat());
  expr->args.push_back(std::move(low));
  TM_RETURN_IF_ERROR(ExpectWord("AND"));
  TM_ASSIGN_OR_RETURN(ExprPtr high, ParseConcat());
  expr->args.push_back(std::move(high));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseComparison(ExprPtr left) {
  const Token op = Take();
  if ((IsWord("ALL") || IsWord("ANY") || IsWord("SOME")) && IsOperator("(", 1)) {
    ExprPtr expr = Make(ExprKind::kQuantified, op.place);
    expr->text = op.value;
    expr->call = {IsWord("ALL") ? "ALL" : "ANY", Peek().place};
    Take();
    Take();
    expr->args.push_back(std::move(left));
    TM_ASSIGN_OR_RETURN(expr->query, ParseQuery());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return Finish(std::move(expr));
  }
  TM_ASSIGN_OR_RETURN(ExprPtr right, ParseConcat());
  return Binary(op.value, op.place, std::move(left), std::move(right));
}

Result<ExprPtr> Parser::ParseIn(ExprPtr left) {
  ExprPtr expr = Make(ExprKind::kIn, Peek().place);
  expr->negated = TakeWord("NOT");
  Take();
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  expr->args.push_back(std::move(left));
  if (OpensQuery(at_ - 1)) {
    expr->kind = ExprKind::kInQuery;
    TM_ASSIGN_OR_RETURN(expr->query, ParseQuery());
  } else {
    TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> list, ParseExprList());
    for (ExprPtr& item : list) expr->args.push_back(std::move(item));
  }
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseLike(ExprPtr left) {
  ExprPtr expr = Make(ExprKind::kLike, Peek().place);
  expr->negated = TakeWord("NOT");
  Take();
  expr->args.push_back(std::move(left));
  TM_ASSIGN_OR_RETURN(ExprPtr pattern, ParseConcat());
  expr->args.push_back(std::move(pattern));
  if (TakeWord("ESCAPE")) {
    TM_ASSIGN_OR_RETURN(ExprPtr escape, ParseConcat());
    expr->args.push_back(std::move(escape));
  }
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseIs(ExprPtr left) {
  ExprPtr expr = Make(ExprKind::kIsNull, Take().place);
  expr->negated = TakeWord("NOT");
  expr->args.push_back(std::move(left));
  if (TakeWord("NULL")) return Finish(std::move(expr));
  if (!TakeWord("DISTINCT")) return Unexpected("NULL or DISTINCT FROM");
  TM_RETURN_IF_ERROR(ExpectWord("FROM"));
  expr->kind = ExprKind::kIsDistinct;
  TM_ASSIGN_OR_RETURN(ExprPtr right, ParseConcat());
  expr->args.push_back(std::move(right));
  return Finish(std::move(expr));
}

// ------------------------------------------------------------------------------------------
// arithmetic

Result<ExprPtr> Parser::ParseConcat() {
  TM_ASSIGN_OR_RETURN(ExprPtr left, ParseAdditive());
  while (IsOperator("||")) {
    const Place place = Take().place;
    TM_ASSIGN_OR_RETURN(ExprPtr right, ParseAdditive());
    TM_ASSIGN_OR_RETURN(left, Binary("||", place, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> Parser::ParseAdditive() {
  TM_ASSIGN_OR_RETURN(ExprPtr left, ParseTerm());
  while (IsOperator("+") || IsOperator("-")) {
    const Token op = Take();
    TM_ASSIGN_OR_RETURN(ExprPtr right, ParseTerm());
    TM_ASSIGN_OR_RETURN(left, Binary(op.value, op.place, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> Parser::ParseTerm() {
  TM_ASSIGN_OR_RETURN(ExprPtr left, ParseFactor());
  while (IsOperator("*") || IsOperator("/") || IsOperator("%")) {
    const Token op = Take();
    TM_ASSIGN_OR_RETURN(ExprPtr right, ParseFactor());
    TM_ASSIGN_OR_RETURN(left, Binary(op.value, op.place, std::move(left), std::move(right)));
  }
  return left;
}

Result<ExprPtr> Parser::ParseFactor() {
  if (!IsOperator("+") && !IsOperator("-")) {
    TM_ASSIGN_OR_RETURN(ExprPtr value, ParsePostfix());
    while (IsWord("AT") && IsWord("TIME", 1) && IsWord("ZONE", 2)) {
      ExprPtr expr = Make(ExprKind::kAtTimeZone, Take().place);
      Take();
      Take();
      expr->args.push_back(std::move(value));
      TM_ASSIGN_OR_RETURN(ExprPtr zone, ParsePostfix());
      expr->args.push_back(std::move(zone));
      TM_ASSIGN_OR_RETURN(value, Finish(std::move(expr)));
    }
    return value;
  }
  const Nest nest(*this);
  if (nest.too_deep()) return ErrorAt(Peek().place, "the expression is nested too deeply");
  const Token sign = Take();
  if (sign.value == "-" && Peek().kind == TokenKind::kInteger) {
    // The least integer has no positive twin: the sign belongs to the literal.
    if (const std::optional<int64_t> n = ParseInt64("-" + Peek().value)) {
      ExprPtr literal = Make(ExprKind::kLiteral, sign.place);
      literal->type =
          *n >= std::numeric_limits<int32_t>::min() ? TypeKind::kInteger : TypeKind::kBigint;
      literal->value.data = *n;
      Take();
      return literal;
    }
  }
  ExprPtr expr = Make(ExprKind::kOperator, sign.place);
  expr->text = sign.value == "-" ? "NEG" : "POS";
  TM_ASSIGN_OR_RETURN(ExprPtr arg, ParseFactor());
  expr->args.push_back(std::move(arg));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParsePostfix() {
  TM_ASSIGN_OR_RETURN(ExprPtr value, ParsePrimary());
  for (;;) {
    if (IsOperator("[")) {
      ExprPtr expr = Make(ExprKind::kSubscript, Take().place);
      expr->args.push_back(std::move(value));
      TM_ASSIGN_OR_RETURN(ExprPtr index, ParseExpr());
      expr->args.push_back(std::move(index));
      TM_RETURN_IF_ERROR(ExpectOperator("]"));
      TM_ASSIGN_OR_RETURN(value, Finish(std::move(expr)));
    } else if (IsOperator(".") && value->kind != ExprKind::kName) {
      ExprPtr expr = Make(ExprKind::kField, Take().place);
      expr->args.push_back(std::move(value));
      TM_ASSIGN_OR_RETURN(expr->call, ParseName("a field name"));
      TM_ASSIGN_OR_RETURN(value, Finish(std::move(expr)));
    } else {
      return value;
    }
  }
}

// -------------------------------------------------------------------------------------------

}  // namespace tidemark::sql
