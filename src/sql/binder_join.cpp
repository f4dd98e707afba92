// SPDX-License-Identifier: Apache-2.0
// Joins (timestream-sql.md 3.1, 3.2): a tree of relations, and the columns it offers.
#include <algorithm>

#include <fmt/format.h>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

plan::JoinKind KindOf(ast::JoinKind kind) {
  switch (kind) {
    case ast::JoinKind::kCross:
      return plan::JoinKind::kCross;
    case ast::JoinKind::kInner:
      return plan::JoinKind::kInner;
    case ast::JoinKind::kLeft:
      return plan::JoinKind::kLeft;
    case ast::JoinKind::kRight:
      return plan::JoinKind::kRight;
    case ast::JoinKind::kFull:
      return plan::JoinKind::kFull;
  }
  TM_UNREACHABLE();
}

bool IsTrue(const Expr& expr) {
  const auto* value = std::get_if<bool>(&expr.constant.data);
  return expr.kind == ExprKind::kConstant && value != nullptr && *value;
}

}  // namespace

void CollectRelations(const plan::Relation& relation, std::set<uint32_t>& ids) {
  if (relation.kind == plan::Relation::Kind::kJoin) {
    CollectRelations(*relation.left, ids);
    CollectRelations(*relation.right, ids);
  } else {
    ids.insert(relation.id);
  }
}

Result<From> Binder::BindJoin(const ast::Relation& join, const Outside& outside) {
  From out;
  plan::Relation& relation = out.relation;
  relation.kind = plan::Relation::Kind::kJoin;
  relation.id = next_relation_++;
  relation.join = KindOf(join.join);
  TM_ASSIGN_OR_RETURN(From left, BindFrom(*join.left, outside));
  // A LATERAL sees what stands to its left, then what the query itself sees.
  const Scope left_scope{.fields = &left.fields, .outside = outside};
  const bool lateral = join.right->lateral || join.right->kind == ast::RelationKind::kUnnest;
  if (lateral && (join.join == ast::JoinKind::kRight || join.join == ast::JoinKind::kFull)) {
    return ErrorAt(join.place,
                   "a LATERAL or UNNEST can only be joined by CROSS, INNER or LEFT JOIN");
  }
  TM_ASSIGN_OR_RETURN(From right,
                      BindFrom(*join.right, lateral ? Outside{&left_scope, nullptr} : outside));
  if (!join.using_columns.empty()) {
    TM_RETURN_IF_ERROR(BindUsing(join, left, right, out));
  } else {
    out.fields = std::move(left.fields);
    out.fields.insert(out.fields.end(), std::make_move_iterator(right.fields.begin()),
                      std::make_move_iterator(right.fields.end()));
  }
  if (join.on) {
    const Scope scope{.fields = &out.fields, .outside = outside, .clause = "JOIN ... ON"};
    TM_ASSIGN_OR_RETURN(relation.on, BindCondition(*join.on, scope));
    if (join.join != ast::JoinKind::kInner) {
      TM_RETURN_IF_ERROR(SimplifyOuter(join, left, right, out));
    }
  }
  if (right.before) {
    plan::Relation both;
    both.kind = plan::Relation::Kind::kJoin;
    both.id = next_relation_++;
    both.left = std::make_unique<plan::Relation>(std::move(left.relation));
    both.right = std::make_unique<plan::Relation>(*std::move(right.before));
    left.relation = std::move(both);
  }
  relation.left = std::make_unique<plan::Relation>(std::move(left.relation));
  relation.right = std::make_unique<plan::Relation>(std::move(right.relation));
  if (join.alias) {  // (a JOIN b ON ...) AS t
    for (Field& field : out.fields) {
      field.table = join.alias->text;
      field.database.clear();
    }
    if (!join.column_aliases.empty() && join.column_aliases.size() != out.fields.size()) {
      return ErrorAt(join.alias->place,
                     fmt::format("'{}' has {} columns, {} names are given", join.alias->text,
                                 out.fields.size(), join.column_aliases.size()));
    }
    for (size_t i = 0; i < join.column_aliases.size(); ++i)
      out.fields[i].name = join.column_aliases[i].text;
  }
  return out;
}

namespace {

/// A column of neither relation: of the query around, or of what stands left of a LATERAL.
bool ReadsOutside(const Expr& expr, const std::set<uint32_t>& local) {
  if (expr.kind == ExprKind::kColumn) return !local.contains(expr.relation);
  bool any = false;
  plan::ForEachChild(expr, [&](const ExprPtr& child) { any |= ReadsOutside(*child, local); });
  return any;
}

}  // namespace

Result<void> Binder::SimplifyOuter(const ast::Relation& join, From& left, From& right, From& out) {
  plan::Relation& relation = out.relation;
  std::set<uint32_t> local;
  CollectRelations(left.relation, local);
  CollectRelations(right.relation, local);
  if (!plan::HasSubquery(*relation.on) && !ReadsOutside(*relation.on, local)) {
    const bool lateral = right.relation.lateral || join.right->kind == ast::RelationKind::kUnnest;
    if (!lateral || IsTrue(*relation.on)) return {};
    return NotSupportedAt(join.on->place,
                          "LEFT JOIN of a LATERAL or UNNEST with anything but ON true is");
  }
  if (relation.join == plan::JoinKind::kFull) {
    return NotSupportedAt(
        join.on->place, "a sub-query or a column from outside in the condition of a FULL JOIN is");
  }
  // The engine takes neither of them in the condition of an outer join, but takes both in the WHERE
  // of a LATERAL.
  if (relation.join == plan::JoinKind::kRight) {
    std::swap(left.relation, right.relation);
    relation.join = plan::JoinKind::kLeft;
  }
  std::set<uint32_t> inner;
  CollectRelations(right.relation, inner);
  plan::Query query;
  plan::Select& select = query.select.emplace();
  plan::Relation wrapped;
  wrapped.kind = plan::Relation::Kind::kQuery;
  wrapped.id = next_relation_++;
  wrapped.lateral = true;
  for (Field& field : out.fields) {
    if (ReadsOutside(*field.expr, inner)) continue;
    const auto number = static_cast<uint32_t>(select.outputs.size());
    select.outputs.push_back(Use(field.expr, join.place));
    query.columns.push_back({field.name, field.expr->type, number, field.expr->may_nan});
    auto column = std::make_shared<Expr>();
    column->kind = ExprKind::kColumn;
    column->type = field.expr->type;
    column->may_nan = field.expr->may_nan;
    column->relation = wrapped.id;
    column->column = number;
    field.expr = std::move(column);
  }
  select.from = std::move(right.relation);
  select.where = std::move(relation.on);
  wrapped.columns = query.columns;
  wrapped.query = std::make_unique<plan::Query>(std::move(query));
  right.relation = std::move(wrapped);
  relation.on = Constant(TypeKind::kBoolean, {true}, join.place);
  return {};
}

namespace {

/// The field of that name on one side.
Result<size_t> UsingField(const std::vector<Field>& fields, const ast::Name& name,
                          std::string_view side) {
  size_t index = 0;
  const auto by_name = [](const Field& f) { return std::optional<std::string_view>(f.name); };
  switch (FindName(fields, name.text, by_name, index)) {
    case NameMatch::kOne:
      return index;
    case NameMatch::kMany:
      return ErrorAt(name.place, fmt::format("Column '{}' of USING is ambiguous on the {} side",
                                             name.text, side));
    case NameMatch::kNone:
      break;
  }
  std::vector<std::string> known;
  for (const Field& field : fields) known.push_back(field.name);
  return ErrorAt(name.place,
                 fmt::format("Column '{}' of USING does not exist on the {} side", name.text, side),
                 Suggest(name.text, known));
}

}  // namespace

Result<void> Binder::BindUsing(const ast::Relation& join, From& left, From& right, From& out) {
  std::set<size_t> left_merged;
  std::set<size_t> right_merged;
  std::vector<ExprPtr> equal;
  for (const ast::Name& name : join.using_columns) {
    TM_ASSIGN_OR_RETURN(const size_t l, UsingField(left.fields, name, "left"));
    TM_ASSIGN_OR_RETURN(const size_t r, UsingField(right.fields, name, "right"));
    if (!left_merged.insert(l).second || !right_merged.insert(r).second) {
      return ErrorAt(name.place, fmt::format("Column '{}' stands twice in USING", name.text));
    }
    std::vector<ExprPtr> sides{Use(left.fields[l].expr, name.place),
                               Use(right.fields[r].expr, name.place)};
    TM_ASSIGN_OR_RETURN(ExprPtr same,
                        Compare(name.place, plan::CompareOp::kEqual, sides[0], sides[1]));
    equal.push_back(std::move(same));
    TM_ASSIGN_OR_RETURN(const Type type, Unify(name.place, "USING", sides));
    ExprPtr merged = sides[join.join == ast::JoinKind::kRight ? 1 : 0];
    if (join.join == ast::JoinKind::kFull) {
      auto first = std::make_shared<Expr>();
      first->kind = ExprKind::kCoalesce;
      first->type = type;
      first->place = name.place;
      first->may_nan = sides[0]->may_nan || sides[1]->may_nan;
      first->args = std::move(sides);
      merged = std::move(first);
    }
    out.fields.push_back({"", "", left.fields[l].name, std::move(merged)});
  }
  const auto rest = [&out](std::vector<Field>& fields, const std::set<size_t>& merged) {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!merged.contains(i)) out.fields.push_back(std::move(fields[i]));
    }
  };
  rest(left.fields, left_merged);
  rest(right.fields, right_merged);
  if (equal.size() == 1) {
    out.relation.on = std::move(equal[0]);
    return {};
  }
  auto all = std::make_shared<Expr>();
  all->kind = ExprKind::kAnd;
  all->type = TypeKind::kBoolean;
  all->place = join.place;
  all->args = std::move(equal);
  out.relation.on = std::move(all);
  return {};
}

}  // namespace tidemark::sql
