// SPDX-License-Identifier: Apache-2.0
// Relations and queries (timestream-sql.md 2 and 3).
#include "sql/binder.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "sql/binder_internal.h"
#include "sql/pushdown.h"

namespace tidemark::sql {

using plan::ExprPtr;

Result<plan::Plan> Bind(const ast::Query& query, const Namespace& names, store::Store& store,
                        const BindOptions& options) {
  return Binder(names, store, options).Run(query);
}

Result<plan::Plan> Binder::Run(const ast::Query& query) {
  TM_ASSIGN_OR_RETURN(plan_.query, BindQuery(query, {}));
  plan_.parameters = std::move(parameters_);
  if (options_.narrowing) PushDown(plan_, subqueries_, options_.pushdown);
  return std::move(plan_);
}

// ---------------------------------------------------------------------------------------------
// queries

Result<plan::Query> Binder::BindQuery(const ast::Query& query, const Outside& outside) {
  const size_t visible = ctes_.size();
  std::vector<plan::Cte> ctes;
  for (const ast::Cte& cte : query.ctes) {
    TM_ASSIGN_OR_RETURN(plan::Cte bound, BindCte(cte, outside, visible));
    ctes.push_back(std::move(bound));
  }
  Result<plan::Query> out = BindBody(query, outside);
  ctes_.resize(visible);
  if (!out.ok()) return out;
  out->ctes.insert(out->ctes.begin(), std::make_move_iterator(ctes.begin()),
                   std::make_move_iterator(ctes.end()));
  return out;
}

Result<plan::Cte> Binder::BindCte(const ast::Cte& cte, const Outside& outside, size_t visible) {
  plan::Cte out;
  out.id = next_relation_++;
  TM_ASSIGN_OR_RETURN(plan::Query inner, BindQuery(*cte.query, outside));
  VisibleCte entry{cte.name.text, out.id, inner.columns};
  if (!cte.columns.empty()) {
    if (cte.columns.size() != entry.columns.size()) {
      return ErrorAt(cte.name.place,
                     fmt::format("'{}' has {} columns, {} names are given", cte.name.text,
                                 entry.columns.size(), cte.columns.size()));
    }
    for (size_t i = 0; i < cte.columns.size(); ++i) entry.columns[i].name = cte.columns[i].text;
  }
  for (size_t i = visible; i < ctes_.size(); ++i) {
    if (LowerCase(ctes_[i].name) == LowerCase(cte.name.text)) {
      return ErrorAt(cte.name.place, fmt::format("'{}' is defined twice in WITH", cte.name.text));
    }
  }
  out.query = std::make_unique<plan::Query>(std::move(inner));
  ctes_.push_back(std::move(entry));
  return out;
}

Result<plan::Query> Binder::BindBody(const ast::Query& query, const Outside& outside) {
  const ast::QueryBody& body = *query.body;
  if (body.kind == ast::QueryBody::Kind::kSelect) return BindSelect(*body.select, &query, outside);
  TM_ASSIGN_OR_RETURN(plan::Query out, BindSide(body, outside));
  const bool tail = !query.order.empty() || query.limit || query.offset != 0;
  return tail ? Wrap(std::move(out), query, outside) : std::move(out);
}

Result<plan::Query> Binder::BindValues(const ast::QueryBody& body, const Outside& outside) {
  plan::Query out;
  const Scope scope{.outside = outside, .clause = "VALUES"};
  for (const ast::ExprPtr& row : body.rows) {
    std::vector<ExprPtr> cells;
    if (row->kind == ast::ExprKind::kRow) {
      TM_ASSIGN_OR_RETURN(cells, BindArgs(*row, scope));
    } else {
      TM_ASSIGN_OR_RETURN(ExprPtr cell, BindExpr(*row, scope));
      cells.push_back(std::move(cell));
    }
    if (!out.rows.empty() && out.rows.front().size() != cells.size()) {
      return ErrorAt(row->place, "all rows of VALUES must have the same number of columns");
    }
    out.rows.push_back(std::move(cells));
  }
  for (size_t column = 0; column < out.rows.front().size(); ++column) {
    std::vector<ExprPtr> cells;
    bool may_nan = false;
    for (const auto& row : out.rows) cells.push_back(row[column]);
    TM_ASSIGN_OR_RETURN(Type type, Unify(body.place, "VALUES", cells));
    for (size_t i = 0; i < cells.size(); ++i) {
      may_nan |= cells[i]->may_nan;
      out.rows[i][column] = std::move(cells[i]);
    }
    out.columns.push_back(
        {fmt::format("_col{}", column), std::move(type), static_cast<uint32_t>(column), may_nan});
  }
  return out;
}

plan::Relation Binder::FromQuery(uint32_t id, plan::Query query) {
  plan::Relation relation;
  relation.kind = plan::Relation::Kind::kQuery;
  relation.id = id;
  relation.columns = query.columns;
  relation.query = std::make_unique<plan::Query>(std::move(query));
  return relation;
}

Result<plan::Query> Binder::Wrap(plan::Query inner, const ast::Query& tail,
                                 const Outside& outside) {
  plan::Query out;
  out.columns = inner.columns;
  plan::Select& select = out.select.emplace();
  select.from = FromQuery(next_relation_++, std::move(inner));
  const std::vector<Field> fields = ColumnsOf(*select.from);
  Outputs outputs;
  for (const Field& field : fields) {
    outputs.exprs.push_back(field.expr);
    outputs.aliases.push_back({field.name, field.expr});
  }
  select.outputs = outputs.exprs;
  const Scope scope{.fields = &fields, .outside = outside};
  TM_ASSIGN_OR_RETURN(select.order, BindOrder(tail, outputs, scope));
  select.limit = tail.limit;
  select.offset = tail.offset;
  return out;
}

Result<plan::Query> Binder::BindSelect(const ast::Select& select, const ast::Query* tail,
                                       const Outside& outside) {
  plan::Query query;
  plan::Select& out = query.select.emplace();
  std::vector<Field> fields;
  Scope scope{.outside = outside};
  if (select.from) {
    TM_ASSIGN_OR_RETURN(From from, BindFrom(*select.from, outside));
    out.from = std::move(from.relation);
    fields = std::move(from.fields);
    scope.fields = &fields;
  }
  if (select.where) {
    Scope where_scope = scope;
    where_scope.clause = "WHERE";
    TM_ASSIGN_OR_RETURN(out.where, BindCondition(*select.where, where_scope));
  }
  scope.aggregates_allowed = true;
  const bool outer_seen = std::exchange(aggregate_seen_, false);
  scope.windows_allowed = true;
  TM_ASSIGN_OR_RETURN(Outputs outputs, BindOutputs(select, scope));
  out.outputs = outputs.exprs;
  out.distinct = select.distinct;
  TM_ASSIGN_OR_RETURN(out.order, BindOrder(*tail, outputs, scope));
  out.limit = tail->limit;
  out.offset = tail->offset;
  TM_RETURN_IF_ERROR(BindGrouping(select, scope, outputs, out));
  aggregate_seen_ = outer_seen;
  TM_RETURN_IF_ERROR(CheckDistinctOrder(out));
  TM_RETURN_IF_ERROR(CheckWindows(out));

  for (size_t i = 0; i < out.outputs.size(); ++i) {
    query.columns.push_back({outputs.names[i], out.outputs[i]->type, static_cast<uint32_t>(i),
                             out.outputs[i]->may_nan});
  }
  return query;
}

Result<Binder::Outputs> Binder::BindOutputs(const ast::Select& select, const Scope& scope) {
  Outputs out;
  for (const ast::SelectItem& item : select.items) {
    if (item.star) {
      TM_RETURN_IF_ERROR(ExpandStar(item, scope, out));
      continue;
    }
    TM_ASSIGN_OR_RETURN(ExprPtr expr, BindExpr(*item.expr, scope));
    std::string name = fmt::format("_col{}", out.exprs.size());
    if (item.alias) {
      name = item.alias->text;
      out.aliases.push_back({name, expr});
    } else if (item.expr->kind == ast::ExprKind::kName) {
      name = item.expr->name.back().text;
      out.aliases.push_back({name, expr});
    }
    out.exprs.push_back(std::move(expr));
    out.names.push_back(std::move(name));
  }
  return out;
}

Result<void> Binder::ExpandStar(const ast::SelectItem& item, const Scope& scope, Outputs& out) {
  if (scope.fields == nullptr) return ErrorAt(item.place, "SELECT * needs FROM");
  bool any = false;
  for (const Field& field : *scope.fields) {
    if (!item.qualifier.empty()) {
      const bool same = !field.table.empty() &&
                        LowerCase(item.qualifier.back().text) == LowerCase(field.table) &&
                        (item.qualifier.size() == 1 ||
                         LowerCase(item.qualifier[0].text) == LowerCase(field.database));
      if (!same) continue;
    }
    any = true;
    ExprPtr expr = Use(field.expr, item.place);
    // The elements of an unnested array have no name.
    std::string name = field.name.empty() ? fmt::format("_col{}", out.exprs.size()) : field.name;
    out.aliases.push_back({name, expr});
    out.exprs.push_back(std::move(expr));
    out.names.push_back(std::move(name));
  }
  if (!any && item.qualifier.empty()) return ErrorAt(item.place, "SELECT * has no columns here");
  if (!any) {
    return ErrorAt(item.place, fmt::format("'{}' is not in FROM", ShowName(item.qualifier)));
  }
  return {};
}

Result<std::vector<plan::Sort>> Binder::BindOrder(const ast::Query& tail, const Outputs& outputs,
                                                  Scope scope) {
  scope.aliases = &outputs.aliases;
  scope.clause = "ORDER BY";
  std::vector<plan::Sort> order;
  for (const ast::SortItem& item : tail.order) {
    plan::Sort sort{nullptr, item.descending, item.nulls_first};
    const ast::Expr& expr = *item.expr;
    const auto* ordinal =
        expr.kind == ast::ExprKind::kLiteral && expr.type.kind() == TypeKind::kInteger
            ? std::get_if<int64_t>(&expr.value.data)
            : nullptr;
    if (ordinal != nullptr) {
      if (*ordinal < 1 || *ordinal > static_cast<int64_t>(outputs.exprs.size())) {
        return ErrorAt(expr.place,
                       fmt::format("ORDER BY position {} is not in the select list", *ordinal));
      }
      sort.expr = outputs.exprs[static_cast<size_t>(*ordinal - 1)];
    } else {
      TM_ASSIGN_OR_RETURN(sort.expr, BindExpr(expr, scope));
    }
    order.push_back(std::move(sort));
  }
  return order;
}

Result<void> Binder::CheckWindows(const plan::Select& select) const {
  std::set<uint32_t> local;
  if (select.from) CollectRelations(*select.from, local);
  if (select.aggregation) local.insert(select.aggregation->id);
  std::optional<Place> bad;
  const std::function<void(const ExprPtr&, bool)> look = [&](const ExprPtr& expr, bool inside) {
    inside |= expr->kind == plan::ExprKind::kWindow;
    if (inside && expr->kind == plan::ExprKind::kColumn && !local.contains(expr->relation))
      bad = expr->place;
    plan::ForEachChild(*expr, [&](const ExprPtr& child) { look(child, inside); });
  };
  for (const ExprPtr& output : select.outputs) look(output, false);
  for (const plan::Sort& sort : select.order) look(sort.expr, false);
  if (!bad) return {};
  return NotSupportedAt(*bad, "a window function over a column of the query around is");
}

Result<void> Binder::CheckDistinctOrder(const plan::Select& select) const {
  if (!select.distinct) return {};
  for (const plan::Sort& sort : select.order) {
    const auto same = [&](const ExprPtr& output) { return plan::Same(*output, *sort.expr); };
    if (std::none_of(select.outputs.begin(), select.outputs.end(), same)) {
      return ErrorAt(sort.expr->place,
                     "For SELECT DISTINCT, ORDER BY expressions must appear in the select list");
    }
  }
  return {};
}

}  // namespace tidemark::sql
