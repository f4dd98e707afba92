// SPDX-License-Identifier: Apache-2.0
// The parser's machinery, shared by parser.cpp (statements, relations) and parser_expr.cpp.
// Single-owner.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/ast.h"
#include "sql/parser.h"

namespace tidemark::sql {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens);

  Result<ast::Statement> Statement();
  /// Of the UNLOAD that Statement() read.
  UnloadClause unload() && { return std::move(unload_); }

 private:
  /// Counts nesting; every recursive rule holds one.
  class Nest {
   public:
    explicit Nest(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nest() { --parser_.nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;
    bool too_deep() const { return parser_.nesting_ > kNestingMax; }

   private:
    Parser& parser_;
  };

  // Tokens.
  const Token& Peek(size_t ahead = 0) const;
  Token Take();
  bool IsWord(std::string_view upper, size_t ahead = 0) const;
  bool IsOperator(std::string_view text, size_t ahead = 0) const;
  bool TakeWord(std::string_view upper);
  bool TakeOperator(std::string_view text);
  Result<void> ExpectWord(std::string_view upper);
  Result<void> ExpectOperator(std::string_view text);
  Error Unexpected(std::string_view wanted) const;
  /// A quoted name or a word that is not reserved.
  bool IsName(size_t ahead = 0) const;
  /// A name that is not the beginning of the next clause.
  bool IsAlias() const;
  Result<ast::Name> ParseName(std::string_view what);
  Result<std::vector<ast::Name>> ParseQualifiedName(std::string_view what);
  Result<std::vector<ast::Name>> ParseNameList();
  Result<std::string> ParseString(std::string_view what);

  // parser.cpp
  Result<ast::Statement> ParseShow();
  Result<ast::Statement> ParseUnload();
  Result<ast::QueryPtr> ParseQuery();
  Result<void> ParseTail(ast::Query& query);
  Result<int64_t> ParseCount(std::string_view what);
  Result<ast::QueryBodyPtr> ParseQueryExpr();
  Result<ast::QueryBodyPtr> ParseQueryTerm();
  Result<ast::QueryBodyPtr> ParseQueryPrimary();
  Result<ast::QueryBodyPtr> ParseSelect();
  Result<ast::SelectItem> ParseSelectItem();
  bool AtStar(size_t& names) const;
  Result<void> ParseGroupBy(ast::Select& select);
  Result<ast::GroupElement> ParseGroupElement();
  Result<ast::RelationPtr> ParseRelation();
  Result<ast::RelationPtr> ParseJoins();
  Result<ast::RelationPtr> ParsePrimaryRelation();
  Result<ast::RelationPtr> ParseRelationBody();
  Result<void> ParseAlias(ast::Relation& relation);
  bool AtQuery(size_t ahead) const;
  /// Whether the parenthesis at token `open` holds a query: "((SELECT 1) UNION SELECT 2)" does,
  /// "((SELECT 1) + 1)" and "((SELECT 1) JOIN t ON true)" do not. Looks, never parses twice.
  bool OpensQuery(size_t open) const;

  // parser_expr.cpp
  Result<ast::ExprPtr> ParseExpr();
  Result<ast::ExprPtr> ParseAnd();
  Result<ast::ExprPtr> ParseNot();
  Result<ast::ExprPtr> ParsePredicate();
  Result<ast::ExprPtr> ParseComparison(ast::ExprPtr left);
  Result<ast::ExprPtr> ParseBetween(ast::ExprPtr left);
  Result<ast::ExprPtr> ParseIn(ast::ExprPtr left);
  Result<ast::ExprPtr> ParseLike(ast::ExprPtr left);
  Result<ast::ExprPtr> ParseIs(ast::ExprPtr left);
  Result<ast::ExprPtr> ParseConcat();
  Result<ast::ExprPtr> ParseAdditive();
  Result<ast::ExprPtr> ParseTerm();
  Result<ast::ExprPtr> ParseFactor();
  Result<ast::ExprPtr> ParsePostfix();
  Result<ast::ExprPtr> ParsePrimary();
  Result<ast::ExprPtr> ParseParenthesis();
  Result<ast::ExprPtr> ParseWordPrimary();
  Result<ast::ExprPtr> ParseNumber();
  Result<ast::ExprPtr> ParseDuration();
  Result<ast::ExprPtr> ParseInterval();
  Result<ast::ExprPtr> ParseTypedLiteral(TypeKind type);
  Result<ast::ExprPtr> ParseCase();
  Result<ast::ExprPtr> ParseCast();
  Result<ast::ExprPtr> ParseExtract();
  Result<ast::ExprPtr> ParsePosition();
  Result<ast::ExprPtr> ParseArray();
  Result<ast::ExprPtr> ParseCall();
  Result<ast::ExprPtr> ParseArgument();
  Result<ast::ExprPtr> ParseLambda();
  bool AtLambda() const;
  Result<std::unique_ptr<ast::Window>> ParseWindow();
  Result<ast::FrameBound> ParseFrameBound();
  Result<std::vector<ast::ExprPtr>> ParseExprList();
  Result<std::vector<ast::SortItem>> ParseSortItems();
  Result<Type> ParseType();
  Result<Type> ParseTypeArgument(std::string_view open, std::string_view close);
  Result<Type> ParseRowType();

  ast::ExprPtr Make(ast::ExprKind kind, Place place) const;
  /// Sets the depth; an error if the tree has become too deep.
  Result<ast::ExprPtr> Finish(ast::ExprPtr expr) const;
  Result<ast::ExprPtr> Binary(std::string op, Place place, ast::ExprPtr a, ast::ExprPtr b) const;

  std::vector<Token> tokens_;
  std::vector<size_t> closing_;  // of a "(": its ")", tokens_.size() if none; 0: no "("
  size_t at_ = 0;
  int nesting_ = 0;
  UnloadClause unload_;
};

}  // namespace tidemark::sql
