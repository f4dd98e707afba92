// SPDX-License-Identifier: Apache-2.0
// The emitter's machinery: emitter.cpp (queries, relations), emitter_expr.cpp (expressions),
// emitter_call.cpp (aggregates, windows, sub-queries). Single-owner, one per statement.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sql/emitter.h"

namespace tidemark::sql {

class Emitter {
 public:
  Emitter(const plan::Plan& plan, const Handles& handles) : plan_(plan), handles_(handles) {}

  std::string Run() && {
    Query(plan_.query);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  // emitter.cpp
  void Query(const plan::Query& query);
  void Values(const plan::Query& query);
  void SetOperation(const plan::SetOperation& set);
  void Select(const plan::Select& select);
  void From(const plan::Select& select);
  void Aggregation(const plan::Select& select);
  void GroupBy(const plan::Aggregation& aggregation);
  void Order(const plan::Select& select);
  void Relation(const plan::Relation& relation);
  void Join(const plan::Relation& join);

  // emitter_expr.cpp
  void List(std::span<const plan::ExprPtr> exprs, std::string_view separator = ", ");
  void Function(std::string_view name, std::span<const plan::ExprPtr> args);
  void Value(const plan::Expr& expr);
  void Column(const plan::Expr& expr);
  void Wrapped(std::string_view before, const plan::Expr& expr, std::string_view after);
  void Constant(const Type& type, const sql::Value& value);
  void NestedConstant(const Type& type, const sql::Value::List& list);
  void Quoted(std::string_view text);
  void Array(const plan::Expr& expr);
  void Row(const plan::Expr& expr);
  void Lambda(const plan::Expr& expr);
  void Call(const plan::Expr& expr);
  void Try(const plan::Expr& expr);
  void Template(const plan::Expr& expr, std::span<const size_t> bound, std::string_view variable);
  void Compare(const plan::Expr& expr);
  void Like(const plan::Expr& expr);
  void Case(const plan::Expr& expr);
  void Extremum(const plan::Expr& expr);

  // emitter_call.cpp
  /// `window`: OVER, or null.
  void Aggregate(const plan::Expr& expr, const plan::Window* window);
  void SortList(std::span<const plan::Sort> order);
  void Grouping(const plan::Expr& expr);
  void Window(const plan::Expr& expr);
  void Over(const plan::Window& window);
  void WindowArgs(const plan::Expr& expr);
  /// `expr`, or an error where it is below `least` or, if that is one too, null.
  void AtLeast(const plan::Expr& expr, int64_t least, std::string_view null_check,
               std::string_view message);
  void Frame(const plan::Window& window);
  void Bound(const plan::FrameBound& bound);
  void Subquery(const plan::Expr& expr);
  void QuantifiedBy(const plan::Expr& expr);
  std::string_view OpText(plan::CompareOp op) const;

  const plan::Plan& plan_;
  const Handles& handles_;
  std::string out_;
  /// What sub-queries take from the queries around them: relation of the columns inside -> outer.
  std::map<uint32_t, std::span<const plan::ExprPtr>> captured_;
  /// What is evaluated outside of a try() that is being written: its number, the field.
  std::map<const plan::Expr*, std::pair<size_t, size_t>> outside_;
  size_t tries_ = 0;
};

}  // namespace tidemark::sql
