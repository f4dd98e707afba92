// SPDX-License-Identifier: Apache-2.0
// Primaries of the grammar (timestream-sql.md 3.1): literals, names, calls, CASE, CAST, types.
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

Result<ExprPtr> Parser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
      return ParseNumber();
    case TokenKind::kDuration:
      return ParseDuration();
    case TokenKind::kString: {
      ExprPtr expr = Make(ExprKind::kLiteral, token.place);
      expr->type = TypeKind::kVarchar;
      expr->value.data = Take().value;
      return expr;
    }
    case TokenKind::kParameter: {
      ExprPtr expr = Make(ExprKind::kParameter, token.place);
      expr->text = Take().value;
      return expr;
    }
    case TokenKind::kOperator:
      if (token.value == "(") return ParseParenthesis();
      break;
    case TokenKind::kWord:
    case TokenKind::kQuotedName:
      return ParseWordPrimary();
    case TokenKind::kEnd:
      break;
  }
  return Unexpected("an expression");
}

Result<ExprPtr> Parser::ParseParenthesis() {
  const Place place = Take().place;
  if (OpensQuery(at_ - 1)) {
    ExprPtr expr = Make(ExprKind::kSubquery, place);
    TM_ASSIGN_OR_RETURN(expr->query, ParseQuery());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return expr;
  }
  TM_ASSIGN_OR_RETURN(std::vector<ExprPtr> list, ParseExprList());
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  if (list.size() == 1) return std::move(list.front());
  ExprPtr row = Make(ExprKind::kRow, place);
  row->args = std::move(list);
  return Finish(std::move(row));
}

Result<ExprPtr> Parser::ParseNumber() {
  const Token token = Take();
  ExprPtr expr = Make(ExprKind::kLiteral, token.place);
  if (token.kind == TokenKind::kInteger) {
    const std::optional<int64_t> n = ParseInt64(token.value);
    if (!n) {
      return ErrorAt(token.place,
                     fmt::format("integer {} is out of the range of bigint", token.value));
    }
    expr->type = *n <= std::numeric_limits<int32_t>::max() ? TypeKind::kInteger : TypeKind::kBigint;
    expr->value.data = *n;
    return expr;
  }
  // The literal forms "5." and ".5" are not numbers elsewhere.
  std::string text = token.value;
  if (text.front() == '.') text.insert(0, "0");
  if (const size_t point = text.find('.'); point != std::string::npos) {
    if (point + 1 == text.size() || text[point + 1] == 'e' || text[point + 1] == 'E') {
      text.insert(point + 1, "0");
    }
  }
  const std::optional<double> value = ParseFiniteDouble(text);
  if (!value)
    return ErrorAt(token.place,
                   fmt::format("number {} is out of the range of double", token.value));
  expr->type = TypeKind::kDouble;
  expr->value.data = *value;
  return expr;
}

Result<ExprPtr> Parser::ParseDuration() {
  const Token token = Take();
  ExprPtr expr = Make(ExprKind::kLiteral, token.place);
  Result<ParsedDuration> duration = MakeDuration(token.value, token.unit);
  if (!duration.ok()) return ErrorAt(token.place, duration.error().message);
  expr->type = duration->in_months ? TypeKind::kIntervalYearMonth : TypeKind::kIntervalDaySecond;
  expr->value.data = duration->in_months ? duration->months : duration->nanoseconds;
  return expr;
}

/// TIMESTAMP '...' is CAST('...' AS timestamp): the binder folds it and reports a bad text.
/// JSON '...' reads the text; a cast would make a JSON string of it.
Result<ExprPtr> Parser::ParseTypedLiteral(TypeKind type) {
  const bool json = type == TypeKind::kJson;
  ExprPtr cast = Make(json ? ExprKind::kCall : ExprKind::kCast, Take().place);
  if (json) cast->call = {"json_parse", cast->place};
  cast->type = type;
  ExprPtr text = Make(ExprKind::kLiteral, Peek().place);
  text->type = TypeKind::kVarchar;
  text->value.data = Take().value;
  cast->args.push_back(std::move(text));
  return Finish(std::move(cast));
}

namespace {
std::optional<TypeKind> ScalarTypeOf(std::string_view keyword) {
  if (keyword == "BOOLEAN") return TypeKind::kBoolean;
  if (keyword == "INT" || keyword == "INTEGER") return TypeKind::kInteger;
  if (keyword == "BIGINT") return TypeKind::kBigint;
  if (keyword == "DOUBLE") return TypeKind::kDouble;
  if (keyword == "VARCHAR") return TypeKind::kVarchar;
  if (keyword == "DATE") return TypeKind::kDate;
  if (keyword == "TIME") return TypeKind::kTime;
  if (keyword == "TIMESTAMP") return TypeKind::kTimestamp;
  if (keyword == "JSON") return TypeKind::kJson;
  return std::nullopt;
}
}  // namespace

Result<ExprPtr> Parser::ParseWordPrimary() {
  const Token& token = Peek();
  const std::string& word = token.keyword;
  if (word == "TRUE" || word == "FALSE" || word == "NULL") {
    ExprPtr expr = Make(ExprKind::kLiteral, token.place);
    if (word != "NULL") {
      expr->type = TypeKind::kBoolean;
      expr->value.data = word == "TRUE";
    }
    Take();
    return expr;
  }
  if (word == "CASE") return ParseCase();
  if (word == "CAST") return ParseCast();
  if (word == "TRY_CAST" && IsOperator("(", 1)) return ParseCast();
  if (word == "EXTRACT") return ParseExtract();
  if (word == "POSITION" && IsOperator("(", 1)) return ParsePosition();
  if (word == "EXISTS") {
    ExprPtr expr = Make(ExprKind::kExists, Take().place);
    TM_RETURN_IF_ERROR(ExpectOperator("("));
    TM_ASSIGN_OR_RETURN(expr->query, ParseQuery());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return expr;
  }
  if (word == "CURRENT_DATE" || word == "CURRENT_TIME" || word == "CURRENT_TIMESTAMP" ||
      word == "LOCALTIME" || word == "LOCALTIMESTAMP") {
    ExprPtr expr = Make(ExprKind::kCall, token.place);
    const Token name = Take();
    expr->call = {name.value, name.place};
    return expr;
  }
  if (word == "ROW" && IsOperator("(", 1)) {
    ExprPtr expr = Make(ExprKind::kRow, Take().place);
    expr->text = "ROW";
    Take();
    TM_ASSIGN_OR_RETURN(expr->args, ParseExprList());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return Finish(std::move(expr));
  }
  if (word == "ARRAY" && IsOperator("[", 1)) return ParseArray();
  if (word == "INTERVAL" &&
      (Peek(1).kind == TokenKind::kString || IsOperator("-", 1) || IsOperator("+", 1))) {
    return ParseInterval();
  }
  if (const auto type = ScalarTypeOf(word); type && Peek(1).kind == TokenKind::kString) {
    return ParseTypedLiteral(*type);
  }
  const bool callable = IsName() || word == "GROUPING" || word == "NORMALIZE";
  if (callable && IsOperator("(", 1)) return ParseCall();
  ExprPtr expr = Make(ExprKind::kName, token.place);
  TM_ASSIGN_OR_RETURN(expr->name, ParseQualifiedName("an expression"));
  return expr;
}

Result<ExprPtr> Parser::ParseCase() {
  ExprPtr expr = Make(ExprKind::kCase, Take().place);
  if (!IsWord("WHEN")) {
    expr->has_operand = true;
    TM_ASSIGN_OR_RETURN(ExprPtr operand, ParseExpr());
    expr->args.push_back(std::move(operand));
  }
  if (!IsWord("WHEN")) return Unexpected("WHEN");
  while (TakeWord("WHEN")) {
    TM_ASSIGN_OR_RETURN(ExprPtr when, ParseExpr());
    expr->args.push_back(std::move(when));
    TM_RETURN_IF_ERROR(ExpectWord("THEN"));
    TM_ASSIGN_OR_RETURN(ExprPtr then, ParseExpr());
    expr->args.push_back(std::move(then));
  }
  if (TakeWord("ELSE")) {
    expr->has_else = true;
    TM_ASSIGN_OR_RETURN(ExprPtr otherwise, ParseExpr());
    expr->args.push_back(std::move(otherwise));
  }
  TM_RETURN_IF_ERROR(ExpectWord("END"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseCast() {
  const Token word = Take();
  ExprPtr expr = Make(ExprKind::kCast, word.place);
  expr->negated = word.keyword == "TRY_CAST";
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  TM_ASSIGN_OR_RETURN(ExprPtr value, ParseExpr());
  expr->args.push_back(std::move(value));
  TM_RETURN_IF_ERROR(ExpectWord("AS"));
  const bool sized = IsWord("VARCHAR") && IsOperator("(", 1);
  TM_ASSIGN_OR_RETURN(expr->type, ParseType());
  if (sized) expr->text = tokens_[at_ - 2].value;  // the length, for the binder
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseExtract() {
  ExprPtr expr = Make(ExprKind::kExtract, Take().place);
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  TM_ASSIGN_OR_RETURN(expr->call, ParseName("a field such as YEAR"));
  TM_RETURN_IF_ERROR(ExpectWord("FROM"));
  TM_ASSIGN_OR_RETURN(ExprPtr value, ParseExpr());
  expr->args.push_back(std::move(value));
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParsePosition() {
  const Token word = Take();
  ExprPtr expr = Make(ExprKind::kCall, word.place);
  expr->call = {"position", word.place};
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  TM_ASSIGN_OR_RETURN(ExprPtr needle, ParseConcat());
  TM_RETURN_IF_ERROR(ExpectWord("IN"));
  TM_ASSIGN_OR_RETURN(ExprPtr text, ParseConcat());
  expr->args.push_back(std::move(needle));
  expr->args.push_back(std::move(text));
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ParseArray() {
  ExprPtr expr = Make(ExprKind::kArray, Take().place);
  Take();
  if (!IsOperator("]")) {
    TM_ASSIGN_OR_RETURN(expr->args, ParseExprList());
  }
  TM_RETURN_IF_ERROR(ExpectOperator("]"));
  return Finish(std::move(expr));
}

// -----------------------------------------------------------------------------------------------
// calls

Result<ExprPtr> Parser::ParseCall() {
  const Token word = Take();
  ExprPtr expr = Make(ExprKind::kCall, word.place);
  expr->call = {word.value, word.place};
  Take();
  if (TakeOperator("*")) {
    expr->star = true;
  } else if (!IsOperator(")")) {
    expr->distinct = TakeWord("DISTINCT");
    if (!expr->distinct && IsWord("ALL")) Take();
    do {
      TM_ASSIGN_OR_RETURN(ExprPtr arg, ParseArgument());
      expr->args.push_back(std::move(arg));
    } while (TakeOperator(",") || TakeWord("FROM") ||
             TakeWord("FOR"));  // substring(s FROM 2 FOR 3)
    if (TakeWord("ORDER")) {
      TM_RETURN_IF_ERROR(ExpectWord("BY"));
      TM_ASSIGN_OR_RETURN(expr->order, ParseSortItems());
    }
  }
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  if (IsWord("FILTER") && IsOperator("(", 1) && IsWord("WHERE", 2)) {
    Take();
    Take();
    Take();
    TM_ASSIGN_OR_RETURN(expr->filter, ParseExpr());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
  }
  if ((IsWord("IGNORE") || IsWord("RESPECT")) && IsWord("NULLS", 1)) {
    expr->ignore_nulls = IsWord("IGNORE");
    expr->respect_nulls = !expr->ignore_nulls;
    Take();
    Take();
  }
  if (IsWord("OVER") && IsOperator("(", 1)) {
    Take();
    TM_ASSIGN_OR_RETURN(expr->window, ParseWindow());
  }
  return Finish(std::move(expr));
}

bool Parser::AtLambda() const {
  if (IsName() && IsOperator("->", 1)) return true;
  if (!IsOperator("(")) return false;
  size_t ahead = 1;
  while (IsName(ahead)) {
    ++ahead;
    if (!IsOperator(",", ahead)) break;
    ++ahead;
  }
  return IsOperator(")", ahead) && IsOperator("->", ahead + 1);
}

Result<ExprPtr> Parser::ParseArgument() {
  if (AtLambda()) return ParseLambda();
  return ParseExpr();
}

Result<ExprPtr> Parser::ParseLambda() {
  ExprPtr expr = Make(ExprKind::kLambda, Peek().place);
  if (TakeOperator("(")) {
    while (IsName()) {
      TM_ASSIGN_OR_RETURN(Name name, ParseName("a parameter"));
      expr->parameters.push_back(std::move(name));
      if (!TakeOperator(",")) break;
    }
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
  } else {
    TM_ASSIGN_OR_RETURN(Name name, ParseName("a parameter"));
    expr->parameters.push_back(std::move(name));
  }
  TM_RETURN_IF_ERROR(ExpectOperator("->"));
  TM_ASSIGN_OR_RETURN(ExprPtr body, ParseExpr());
  expr->args.push_back(std::move(body));
  return Finish(std::move(expr));
}

Result<std::unique_ptr<ast::Window>> Parser::ParseWindow() {
  auto window = std::make_unique<ast::Window>();
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  if (IsWord("PARTITION") && IsWord("BY", 1)) {
    Take();
    Take();
    TM_ASSIGN_OR_RETURN(window->partition, ParseExprList());
  }
  if (TakeWord("ORDER")) {
    TM_RETURN_IF_ERROR(ExpectWord("BY"));
    TM_ASSIGN_OR_RETURN(window->order, ParseSortItems());
  }
  if (IsWord("GROUPS")) return NotSupportedAt(Peek().place, "a GROUPS frame is");
  if (IsWord("ROWS") || IsWord("RANGE")) {
    window->has_frame = true;
    window->rows = IsWord("ROWS");
    window->frame_place = Peek().place;
    Take();
    if (TakeWord("BETWEEN")) {
      TM_ASSIGN_OR_RETURN(window->start, ParseFrameBound());
      TM_RETURN_IF_ERROR(ExpectWord("AND"));
      TM_ASSIGN_OR_RETURN(window->end, ParseFrameBound());
    } else {
      TM_ASSIGN_OR_RETURN(window->start, ParseFrameBound());
    }
  }
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return window;
}

Result<ast::FrameBound> Parser::ParseFrameBound() {
  ast::FrameBound bound;
  using Kind = ast::FrameBound::Kind;
  const bool unbounded = TakeWord("UNBOUNDED");
  if (!unbounded && IsWord("CURRENT") && IsWord("ROW", 1)) {
    Take();
    Take();
    return bound;
  }
  if (!unbounded) {
    TM_ASSIGN_OR_RETURN(bound.offset, ParseConcat());
  }
  if (TakeWord("PRECEDING")) {
    bound.kind = unbounded ? Kind::kUnboundedPreceding : Kind::kPreceding;
  } else if (TakeWord("FOLLOWING")) {
    bound.kind = unbounded ? Kind::kUnboundedFollowing : Kind::kFollowing;
  } else {
    return Unexpected("PRECEDING or FOLLOWING");
  }
  return bound;
}

// -----------------------------------------------------------------------------------------------
// types

Result<Type> Parser::ParseType() {
  const Nest nest(*this);
  if (nest.too_deep()) return ErrorAt(Peek().place, "the type is nested too deeply");
  if (Peek().kind != TokenKind::kWord) return Unexpected("a type");
  const std::string word = Peek().keyword;
  if (const auto scalar = ScalarTypeOf(word)) {
    Take();
    if (word == "VARCHAR" && TakeOperator("(")) {
      TM_RETURN_IF_ERROR(ParseCount("a length"));
      TM_RETURN_IF_ERROR(ExpectOperator(")"));
    }
    return Type(*scalar);
  }
  if (word == "INTERVAL") {
    Take();
    const bool day = TakeWord("DAY");
    if (!day) TM_RETURN_IF_ERROR(ExpectWord("YEAR"));
    TM_RETURN_IF_ERROR(ExpectWord("TO"));
    TM_RETURN_IF_ERROR(ExpectWord(day ? "SECOND" : "MONTH"));
    return Type(day ? TypeKind::kIntervalDaySecond : TypeKind::kIntervalYearMonth);
  }
  if (word == "ARRAY" || word == "TIMESERIES") {
    Take();
    Result<Type> element = Type();
    if (IsOperator("(")) {
      element = ParseTypeArgument("(", ")");
    } else if (IsOperator("<")) {
      element = ParseTypeArgument("<", ">");
    } else {
      element = ParseTypeArgument("[", "]");
    }
    if (!element.ok()) return std::move(element).error();
    return word == "ARRAY" ? Type::Array(std::move(element).value())
                           : Type::Timeseries(std::move(element).value());
  }
  if (word == "ROW") return ParseRowType();
  return ErrorAt(Peek().place, fmt::format("unknown type '{}'", Peek().value));
}

Result<Type> Parser::ParseTypeArgument(std::string_view open, std::string_view close) {
  TM_RETURN_IF_ERROR(ExpectOperator(open));
  TM_ASSIGN_OR_RETURN(Type element, ParseType());
  TM_RETURN_IF_ERROR(ExpectOperator(close));
  return element;
}

Result<Type> Parser::ParseRowType() {
  Take();
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  std::vector<Type::Field> fields;
  do {
    Type::Field field;
    // A name is followed by a type; a lone type by ',', ')' or '('.
    const bool named =
        IsName() && (Peek(1).kind == TokenKind::kWord || Peek(1).kind == TokenKind::kQuotedName) &&
        !(IsWord("INTERVAL") && (IsWord("DAY", 1) || IsWord("YEAR", 1)) && IsWord("TO", 2));
    if (named) {
      TM_ASSIGN_OR_RETURN(Name name, ParseName("a field name"));
      field.name = std::move(name.text);
    }
    TM_ASSIGN_OR_RETURN(field.type, ParseType());
    fields.push_back(std::move(field));
  } while (TakeOperator(","));
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return Type::Row(std::move(fields));
}

}  // namespace tidemark::sql
