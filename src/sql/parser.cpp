// SPDX-License-Identifier: Apache-2.0
#include "sql/parser.h"

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/parser_internal.h"

namespace tidemark::sql {

using ast::Name;
using ast::QueryBody;
using ast::QueryBodyPtr;
using ast::QueryPtr;
using ast::Relation;
using ast::RelationKind;
using ast::RelationPtr;

// ----------------------------------------------------------------------------------------------
// tokens

const Token& Parser::Peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token Parser::Take() {
  Token token = Peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool Parser::IsWord(std::string_view upper, size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kWord && Peek(ahead).keyword == upper;
}

bool Parser::IsOperator(std::string_view text, size_t ahead) const {
  return Peek(ahead).kind == TokenKind::kOperator && Peek(ahead).value == text;
}

bool Parser::TakeWord(std::string_view upper) {
  if (!IsWord(upper)) return false;
  Take();
  return true;
}

bool Parser::TakeOperator(std::string_view text) {
  if (!IsOperator(text)) return false;
  Take();
  return true;
}

Error Parser::Unexpected(std::string_view wanted) const {
  return ErrorAt(Peek().place, fmt::format("unexpected {}, expected {}", Peek().Show(), wanted));
}

Result<void> Parser::ExpectWord(std::string_view upper) {
  if (TakeWord(upper)) return {};
  return Unexpected(upper);
}

Result<void> Parser::ExpectOperator(std::string_view text) {
  if (TakeOperator(text)) return {};
  return Unexpected(fmt::format("'{}'", text));
}

bool Parser::IsName(size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kQuotedName ||
         (token.kind == TokenKind::kWord && !IsReservedWord(token.keyword));
}

bool Parser::IsAlias() const {
  const bool count = Peek(1).kind == TokenKind::kInteger || IsWord("ALL", 1);
  if ((IsWord("LIMIT") || IsWord("OFFSET")) && count) return false;
  if (IsWord("FETCH") && (IsWord("FIRST", 1) || IsWord("NEXT", 1))) return false;
  if (IsWord("WINDOW") && IsWord("AS", 2)) return false;
  return IsName();
}

Result<Name> Parser::ParseName(std::string_view what) {
  if (IsName()) {
    const Token token = Take();
    return Name{token.value, token.place};
  }
  if (Peek().kind == TokenKind::kWord) {
    return ErrorAt(
        Peek().place, fmt::format("unexpected {}, expected {}", Peek().Show(), what),
        fmt::format("{} is a reserved word: as a name it needs double quotes", Peek().keyword));
  }
  return Unexpected(what);
}

Result<std::vector<Name>> Parser::ParseQualifiedName(std::string_view what) {
  std::vector<Name> names;
  do {
    TM_ASSIGN_OR_RETURN(Name name, ParseName(what));
    names.push_back(std::move(name));
  } while (TakeOperator("."));
  return names;
}

Result<std::vector<Name>> Parser::ParseNameList() {
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  std::vector<Name> names;
  do {
    TM_ASSIGN_OR_RETURN(Name name, ParseName("a column name"));
    names.push_back(std::move(name));
  } while (TakeOperator(","));
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return names;
}

Result<std::string> Parser::ParseString(std::string_view what) {
  if (Peek().kind != TokenKind::kString) return Unexpected(what);
  return Take().value;
}

// ------------------------------------------------------------------------------------------
// statements

Parser::Parser(std::vector<Token> tokens)
    : tokens_(std::move(tokens)), closing_(tokens_.size(), 0) {
  std::vector<size_t> open;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::kOperator) continue;
    if (tokens_[i].value == "(") {
      closing_[i] = tokens_.size();
      open.push_back(i);
    } else if (tokens_[i].value == ")" && !open.empty()) {
      closing_[open.back()] = i;
      open.pop_back();
    }
  }
}

Result<ast::Statement> ParseStatement(std::string_view text) {
  TM_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  return Parser(std::move(tokens)).Statement();
}

Result<UnloadClause> ParseUnloadClause(std::string_view text) {
  TM_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(text));
  Parser parser(std::move(tokens));
  TM_RETURN_IF_ERROR(parser.Statement());
  return std::move(parser).unload();
}

Result<ast::Statement> Parser::Statement() {
  ast::Statement statement;
  statement.place = Peek().place;
  if (Peek().kind == TokenKind::kEnd) return ErrorAt(Peek().place, "the statement is empty");
  if (IsWord("SHOW")) {
    TM_ASSIGN_OR_RETURN(statement, ParseShow());
  } else if (IsWord("UNLOAD")) {
    TM_ASSIGN_OR_RETURN(statement, ParseUnload());
  } else if (IsWord("DESCRIBE") || IsWord("DESC")) {
    Take();
    statement.kind = ast::StatementKind::kDescribe;
    TM_ASSIGN_OR_RETURN(statement.name, ParseQualifiedName("a table name"));
  } else if (IsWord("EXPLAIN")) {
    Take();
    statement.kind = ast::StatementKind::kExplain;
    TM_ASSIGN_OR_RETURN(statement.query, ParseQuery());
  } else if (AtQuery(0)) {
    TM_ASSIGN_OR_RETURN(statement.query, ParseQuery());
  } else {
    return Unexpected("SELECT, WITH, VALUES, SHOW, DESCRIBE or EXPLAIN");
  }
  TakeOperator(";");
  if (Peek().kind != TokenKind::kEnd) return Unexpected("the end of the statement");
  return statement;
}

Result<ast::Statement> Parser::ParseShow() {
  ast::Statement statement;
  statement.place = Take().place;
  if (TakeWord("DATABASES")) {
    statement.kind = ast::StatementKind::kShowDatabases;
  } else if (TakeWord("TABLES")) {
    statement.kind = ast::StatementKind::kShowTables;
    if (TakeWord("FROM")) {
      TM_ASSIGN_OR_RETURN(Name database, ParseName("a database name"));
      statement.name.push_back(std::move(database));
    }
  } else if (TakeWord("MEASURES")) {
    statement.kind = ast::StatementKind::kShowMeasures;
    TM_RETURN_IF_ERROR(ExpectWord("FROM"));
    TM_ASSIGN_OR_RETURN(statement.name, ParseQualifiedName("a table name"));
  } else {
    return Unexpected("DATABASES, TABLES or MEASURES");
  }
  if (TakeWord("LIKE")) {
    TM_ASSIGN_OR_RETURN(statement.like, ParseString("a pattern"));
  }
  return statement;
}

Result<ast::Statement> Parser::ParseUnload() {
  ast::Statement statement;
  statement.kind = ast::StatementKind::kUnload;
  statement.place = unload_.place = Take().place;
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  TM_ASSIGN_OR_RETURN(statement.query, ParseQuery());
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  TM_RETURN_IF_ERROR(ExpectWord("TO"));
  unload_.location_place = Peek().place;
  TM_ASSIGN_OR_RETURN(unload_.location, ParseString("a location"));
  if (!TakeWord("WITH")) return statement;
  TM_RETURN_IF_ERROR(ExpectOperator("("));
  do {
    UnloadClause::Option option;
    TM_ASSIGN_OR_RETURN(option.name, ParseName("an option"));
    TM_RETURN_IF_ERROR(ExpectOperator("="));
    TM_ASSIGN_OR_RETURN(option.value, ParseExpr());
    unload_.options.push_back(std::move(option));
  } while (TakeOperator(","));
  TM_RETURN_IF_ERROR(ExpectOperator(")"));
  return statement;
}

// ---------------------------------------------------------------------------------------------
// queries

bool Parser::AtQuery(size_t ahead) const {
  const size_t last = ahead + kNestingMax;  // deeper is an error anyway
  while (ahead < last && IsOperator("(", ahead)) ++ahead;
  return IsWord("SELECT", ahead) || IsWord("WITH", ahead) || IsWord("VALUES", ahead);
}

bool Parser::OpensQuery(size_t open) const {
  const auto is = [this](size_t at, std::string_view word) {
    return at < tokens_.size() && tokens_[at].kind == TokenKind::kWord &&
           tokens_[at].keyword == word;
  };
  size_t innermost = open;
  while (innermost + 1 < tokens_.size() && closing_[innermost + 1] != 0) ++innermost;
  if (!is(innermost + 1, "SELECT") && !is(innermost + 1, "WITH") && !is(innermost + 1, "VALUES"))
    return false;
  // After each inner query in parentheses the query around it goes on or ends.
  for (size_t at = innermost; at > open; --at) {
    const size_t next = closing_[at] + 1;
    if (closing_[at] >= tokens_.size()) return true;  // never closed: an error either way
    const bool ends = tokens_[next].kind == TokenKind::kOperator && tokens_[next].value == ")";
    const bool goes_on = is(next, "UNION") || is(next, "EXCEPT") || is(next, "INTERSECT") ||
                         is(next, "ORDER") || is(next, "LIMIT") || is(next, "OFFSET");
    if (!ends && !goes_on) return false;
  }
  return true;
}

Result<QueryPtr> Parser::ParseQuery() {
  const Nest nest(*this);
  if (nest.too_deep()) return ErrorAt(Peek().place, "queries are nested too deeply");
  auto query = std::make_unique<ast::Query>();
  query->place = Peek().place;
  if (TakeWord("WITH")) {
    if (IsWord("RECURSIVE")) return NotSupportedAt(Peek().place, "WITH RECURSIVE is");
    do {
      ast::Cte cte;
      TM_ASSIGN_OR_RETURN(cte.name, ParseName("a name"));
      if (IsOperator("(")) {
        TM_ASSIGN_OR_RETURN(cte.columns, ParseNameList());
      }
      TM_RETURN_IF_ERROR(ExpectWord("AS"));
      TM_RETURN_IF_ERROR(ExpectOperator("("));
      TM_ASSIGN_OR_RETURN(cte.query, ParseQuery());
      TM_RETURN_IF_ERROR(ExpectOperator(")"));
      query->ctes.push_back(std::move(cte));
    } while (TakeOperator(","));
  }
  TM_ASSIGN_OR_RETURN(query->body, ParseQueryExpr());
  TM_RETURN_IF_ERROR(ParseTail(*query));
  return query;
}

Result<int64_t> Parser::ParseCount(std::string_view what) {
  if (Peek().kind != TokenKind::kInteger) return Unexpected(what);
  const std::optional<int64_t> n = ParseInt64(Peek().value);
  if (!n) return ErrorAt(Peek().place, fmt::format("{} is out of range", Peek().value));
  Take();
  return *n;
}

Result<void> Parser::ParseTail(ast::Query& query) {
  if (TakeWord("ORDER")) {
    TM_RETURN_IF_ERROR(ExpectWord("BY"));
    TM_ASSIGN_OR_RETURN(query.order, ParseSortItems());
  }
  if (TakeWord("OFFSET")) {
    TM_ASSIGN_OR_RETURN(query.offset, ParseCount("a number of rows"));
    if (!TakeWord("ROWS")) TakeWord("ROW");
  }
  if (TakeWord("LIMIT") && !TakeWord("ALL")) {
    TM_ASSIGN_OR_RETURN(query.limit, ParseCount("a number of rows"));
  }
  if (IsWord("FETCH")) return NotSupportedAt(Peek().place, "FETCH FIRST is");
  return {};
}

namespace {
QueryBodyPtr SetOperation(Token op, bool all, QueryBodyPtr left, QueryBodyPtr right) {
  auto body = std::make_unique<QueryBody>();
  body->kind = QueryBody::Kind::kSetOperation;
  body->place = op.place;
  body->operation = op.keyword;
  body->all = all;
  body->left = std::move(left);
  body->right = std::move(right);
  return body;
}
}  // namespace

Result<QueryBodyPtr> Parser::ParseQueryExpr() {
  TM_ASSIGN_OR_RETURN(QueryBodyPtr left, ParseQueryTerm());
  for (int operations = 0; IsWord("UNION") || IsWord("EXCEPT"); ++operations) {
    if (operations == kNestingMax) return ErrorAt(Peek().place, "too many set operations");
    Token op = Take();
    const bool all = TakeWord("ALL");
    if (!all) TakeWord("DISTINCT");
    TM_ASSIGN_OR_RETURN(QueryBodyPtr right, ParseQueryTerm());
    left = SetOperation(std::move(op), all, std::move(left), std::move(right));
  }
  return left;
}

Result<QueryBodyPtr> Parser::ParseQueryTerm() {
  TM_ASSIGN_OR_RETURN(QueryBodyPtr left, ParseQueryPrimary());
  for (int operations = 0; IsWord("INTERSECT"); ++operations) {
    if (operations == kNestingMax) return ErrorAt(Peek().place, "too many set operations");
    Token op = Take();
    const bool all = TakeWord("ALL");
    if (!all) TakeWord("DISTINCT");
    TM_ASSIGN_OR_RETURN(QueryBodyPtr right, ParseQueryPrimary());
    left = SetOperation(std::move(op), all, std::move(left), std::move(right));
  }
  return left;
}

Result<QueryBodyPtr> Parser::ParseQueryPrimary() {
  if (IsWord("SELECT")) return ParseSelect();
  auto body = std::make_unique<QueryBody>();
  body->place = Peek().place;
  if (TakeWord("VALUES")) {
    body->kind = QueryBody::Kind::kValues;
    TM_ASSIGN_OR_RETURN(body->rows, ParseExprList());
    return body;
  }
  if (TakeOperator("(")) {
    body->kind = QueryBody::Kind::kNested;
    TM_ASSIGN_OR_RETURN(body->nested, ParseQuery());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return body;
  }
  if (IsWord("TABLE")) return NotSupportedAt(Peek().place, "TABLE is");
  return Unexpected("SELECT, VALUES or '('");
}

Result<QueryBodyPtr> Parser::ParseSelect() {
  auto body = std::make_unique<QueryBody>();
  body->place = Peek().place;
  body->select = std::make_unique<ast::Select>();
  ast::Select& select = *body->select;
  select.place = Take().place;
  select.distinct = TakeWord("DISTINCT");
  if (!select.distinct) TakeWord("ALL");
  do {
    TM_ASSIGN_OR_RETURN(ast::SelectItem item, ParseSelectItem());
    select.items.push_back(std::move(item));
  } while (TakeOperator(","));
  if (TakeWord("FROM")) {
    TM_ASSIGN_OR_RETURN(select.from, ParseRelation());
  }
  if (TakeWord("WHERE")) {
    TM_ASSIGN_OR_RETURN(select.where, ParseExpr());
  }
  if (TakeWord("GROUP")) TM_RETURN_IF_ERROR(ParseGroupBy(select));
  if (TakeWord("HAVING")) {
    TM_ASSIGN_OR_RETURN(select.having, ParseExpr());
  }
  if (IsWord("WINDOW") && IsName(1)) return NotSupportedAt(Peek().place, "a named WINDOW is");
  return body;
}

bool Parser::AtStar(size_t& names) const {
  names = 0;
  while (names < 2 && IsName(2 * names) && IsOperator(".", 2 * names + 1)) {
    ++names;
    if (IsOperator("*", 2 * names)) return true;
  }
  names = 0;
  return IsOperator("*");
}

Result<ast::SelectItem> Parser::ParseSelectItem() {
  ast::SelectItem item;
  item.place = Peek().place;
  size_t names = 0;
  if (AtStar(names)) {
    item.star = true;
    for (size_t i = 0; i < names; ++i) {
      TM_ASSIGN_OR_RETURN(Name name, ParseName("a table name"));
      item.qualifier.push_back(std::move(name));
      Take();
    }
    Take();
    return item;
  }
  TM_ASSIGN_OR_RETURN(item.expr, ParseExpr());
  if (TakeWord("AS")) {
    TM_ASSIGN_OR_RETURN(item.alias, ParseName("an alias"));
  } else if (IsAlias()) {
    TM_ASSIGN_OR_RETURN(item.alias, ParseName("an alias"));
  }
  return item;
}

Result<void> Parser::ParseGroupBy(ast::Select& select) {
  TM_RETURN_IF_ERROR(ExpectWord("BY"));
  select.group_distinct = TakeWord("DISTINCT");
  if (!select.group_distinct) TakeWord("ALL");
  do {
    TM_ASSIGN_OR_RETURN(ast::GroupElement element, ParseGroupElement());
    select.group_by.push_back(std::move(element));
  } while (TakeOperator(","));
  return {};
}

Result<ast::GroupElement> Parser::ParseGroupElement() {
  ast::GroupElement element;
  element.place = Peek().place;
  const auto one_set = [this]() -> Result<std::vector<ast::ExprPtr>> {
    if (!TakeOperator("(")) {
      std::vector<ast::ExprPtr> single;
      TM_ASSIGN_OR_RETURN(ast::ExprPtr expr, ParseExpr());
      single.push_back(std::move(expr));
      return single;
    }
    if (TakeOperator(")")) return std::vector<ast::ExprPtr>();
    TM_ASSIGN_OR_RETURN(std::vector<ast::ExprPtr> list, ParseExprList());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return list;
  };
  if ((IsWord("ROLLUP") || IsWord("CUBE")) && IsOperator("(", 1)) {
    element.kind =
        IsWord("CUBE") ? ast::GroupElement::Kind::kCube : ast::GroupElement::Kind::kRollup;
    Take();
    TM_ASSIGN_OR_RETURN(element.exprs, one_set());
    return element;
  }
  if (IsWord("GROUPING") && IsWord("SETS", 1)) {
    Take();
    Take();
    element.kind = ast::GroupElement::Kind::kSets;
    TM_RETURN_IF_ERROR(ExpectOperator("("));
    do {
      TM_ASSIGN_OR_RETURN(std::vector<ast::ExprPtr> set, one_set());
      element.sets.push_back(std::move(set));
    } while (TakeOperator(","));
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return element;
  }
  if (IsOperator("(") && IsOperator(")", 1)) {
    Take();
    Take();
    element.kind = ast::GroupElement::Kind::kSets;
    element.sets.emplace_back();
    return element;
  }
  TM_ASSIGN_OR_RETURN(ast::ExprPtr expr, ParseExpr());
  if (expr->kind == ast::ExprKind::kRow && expr->text.empty()) {  // GROUP BY (a, b)
    element.exprs = std::move(expr->args);
  } else {
    element.exprs.push_back(std::move(expr));
  }
  return element;
}

// -------------------------------------------------------------------------------------------
// relations

namespace {
RelationPtr Join(Place place, ast::JoinKind kind, RelationPtr left, RelationPtr right) {
  auto join = std::make_unique<Relation>();
  join->kind = RelationKind::kJoin;
  join->place = place;
  join->join = kind;
  join->left = std::move(left);
  join->right = std::move(right);
  return join;
}
}  // namespace

Result<RelationPtr> Parser::ParseRelation() {
  TM_ASSIGN_OR_RETURN(RelationPtr left, ParseJoins());
  for (int joins = 0; IsOperator(","); ++joins) {
    if (joins == kNestingMax) return ErrorAt(Peek().place, "too many relations");
    const Place place = Take().place;
    TM_ASSIGN_OR_RETURN(RelationPtr right, ParseJoins());
    left = Join(place, ast::JoinKind::kCross, std::move(left), std::move(right));
  }
  return left;
}

Result<RelationPtr> Parser::ParseJoins() {
  TM_ASSIGN_OR_RETURN(RelationPtr left, ParsePrimaryRelation());
  for (int joins = 0;; ++joins) {
    if (joins == kNestingMax) return ErrorAt(Peek().place, "too many joins");
    const Place place = Peek().place;
    if (IsWord("NATURAL")) return NotSupportedAt(place, "NATURAL JOIN is");
    if (TakeWord("CROSS")) {
      TM_RETURN_IF_ERROR(ExpectWord("JOIN"));
      TM_ASSIGN_OR_RETURN(RelationPtr right, ParsePrimaryRelation());
      left = Join(place, ast::JoinKind::kCross, std::move(left), std::move(right));
      continue;
    }
    ast::JoinKind kind = ast::JoinKind::kInner;
    if (IsWord("LEFT") || IsWord("RIGHT") || IsWord("FULL")) {
      kind = IsWord("LEFT")    ? ast::JoinKind::kLeft
             : IsWord("RIGHT") ? ast::JoinKind::kRight
                               : ast::JoinKind::kFull;
      Take();
      TakeWord("OUTER");
      TM_RETURN_IF_ERROR(ExpectWord("JOIN"));
    } else if (TakeWord("INNER")) {
      TM_RETURN_IF_ERROR(ExpectWord("JOIN"));
    } else if (!TakeWord("JOIN")) {
      return left;
    }
    TM_ASSIGN_OR_RETURN(RelationPtr right, ParsePrimaryRelation());
    left = Join(place, kind, std::move(left), std::move(right));
    if (TakeWord("ON")) {
      TM_ASSIGN_OR_RETURN(left->on, ParseExpr());
    } else if (TakeWord("USING")) {
      TM_ASSIGN_OR_RETURN(left->using_columns, ParseNameList());
    } else {
      return Unexpected("ON or USING");
    }
  }
}

Result<RelationPtr> Parser::ParsePrimaryRelation() {
  const Nest nest(*this);
  if (nest.too_deep()) return ErrorAt(Peek().place, "queries are nested too deeply");
  TM_ASSIGN_OR_RETURN(RelationPtr relation, ParseRelationBody());
  if (IsWord("TABLESAMPLE")) return NotSupportedAt(Peek().place, "TABLESAMPLE is");
  TM_RETURN_IF_ERROR(ParseAlias(*relation));
  return relation;
}

Result<RelationPtr> Parser::ParseRelationBody() {
  auto relation = std::make_unique<Relation>();
  relation->place = Peek().place;
  if (IsWord("UNNEST")) {
    Take();
    relation->kind = RelationKind::kUnnest;
    TM_RETURN_IF_ERROR(ExpectOperator("("));
    TM_ASSIGN_OR_RETURN(relation->args, ParseExprList());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    if (IsWord("WITH") && IsWord("ORDINALITY", 1)) {
      Take();
      Take();
      relation->with_ordinality = true;
    }
    return relation;
  }
  const bool lateral = IsWord("LATERAL") && IsOperator("(", 1);
  if (lateral) Take();
  if (IsOperator("(")) {
    if (lateral || OpensQuery(at_)) {
      Take();
      TM_ASSIGN_OR_RETURN(relation->query, ParseQuery());
      TM_RETURN_IF_ERROR(ExpectOperator(")"));
      relation->kind = RelationKind::kQuery;
      relation->lateral = lateral;
      return relation;
    }
    Take();
    TM_ASSIGN_OR_RETURN(RelationPtr inner, ParseRelation());
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
    return inner;
  }
  TM_ASSIGN_OR_RETURN(relation->name, ParseQualifiedName("a table name"));
  if (relation->name.size() == 1 && TakeOperator("(")) {
    relation->kind = RelationKind::kFunction;
    if (!IsOperator(")")) {
      TM_ASSIGN_OR_RETURN(relation->args, ParseExprList());
    }
    TM_RETURN_IF_ERROR(ExpectOperator(")"));
  }
  return relation;
}

Result<void> Parser::ParseAlias(Relation& relation) {
  if (TakeWord("AS")) {
    TM_ASSIGN_OR_RETURN(relation.alias, ParseName("an alias"));
  } else if (IsAlias()) {
    TM_ASSIGN_OR_RETURN(relation.alias, ParseName("an alias"));
  }
  if (relation.alias && IsOperator("(")) {
    TM_ASSIGN_OR_RETURN(relation.column_aliases, ParseNameList());
  }
  return {};
}

}  // namespace tidemark::sql
