// SPDX-License-Identifier: Apache-2.0
#include "sql/emitter.h"

#include <algorithm>

#include "sql/aggregate_sharing.h"
#include "sql/emitter_internal.h"

namespace tidemark::sql {

using plan::ExprKind;
using plan::ExprPtr;

void Emitter::Query(const plan::Query& query) {
  for (size_t i = 0; i < query.ctes.size(); ++i) {
    Put("{}q{} AS (", i == 0 ? "WITH " : ", ", query.ctes[i].id);
    Query(*query.ctes[i].query);
    out_ += ") ";
  }
  if (query.select) {
    Select(*query.select);
  } else if (query.set) {
    SetOperation(*query.set);
  } else {
    Values(query);
  }
}

void Emitter::SetOperation(const plan::SetOperation& set) {
  using Kind = plan::SetOperation::Kind;
  out_ += "(";
  Query(*set.left);
  out_ += set.kind == Kind::kUnion    ? ") UNION "
          : set.kind == Kind::kExcept ? ") EXCEPT "
                                      : ") INTERSECT ";
  out_ += set.all ? "ALL (" : "(";
  Query(*set.right);
  out_ += ")";
}

void Emitter::Values(const plan::Query& query) {
  out_ += "SELECT * FROM (VALUES ";
  for (size_t i = 0; i < query.rows.size(); ++i) {
    out_ += i == 0 ? "(" : ", (";
    List(query.rows[i]);
    out_ += ")";
  }
  out_ += ") v(";
  for (size_t i = 0; i < query.columns.size(); ++i) Put("{}c{}", i == 0 ? "" : ", ", i);
  out_ += ")";
}

void Emitter::Select(const plan::Select& select) {
  out_ += select.distinct ? "SELECT DISTINCT " : "SELECT ";
  for (size_t i = 0; i < select.outputs.size(); ++i) {
    if (i > 0) out_ += ", ";
    Value(*select.outputs[i]);
    Put(" AS c{}", i);
  }
  if (select.aggregation) {
    out_ += " FROM ";
    Aggregation(select);
    if (select.having) {
      out_ += " WHERE ";
      Value(*select.having);
    }
  } else {
    From(select);
  }
  Order(select);
  if (select.limit) Put(" LIMIT {}", *select.limit);
  if (select.offset != 0) Put(" OFFSET {}", select.offset);
}

void Emitter::From(const plan::Select& select) {
  if (select.from) {
    out_ += " FROM ";
    Relation(*select.from);
  }
  if (select.where) {
    out_ += " WHERE ";
    Value(*select.where);
  }
}

void Emitter::Aggregation(const plan::Select& select) {
  const plan::Aggregation& aggregation = *select.aggregation;
  if (aggregation.pushed) {
    Put("tm_aggregate(CAST({} AS BIGINT)) r{}", handles_.aggregates[*aggregation.pushed],
        aggregation.id);
    return;
  }
  out_ += "(SELECT ";
  size_t column = 0;
  for (const ExprPtr& key : aggregation.keys) {
    if (column > 0) out_ += ", ";
    Value(*key);
    Put(" AS c{}", column++);
  }
  for (const ExprPtr& call : WithSharedStates(aggregation.calls)) {
    if (column > 0) out_ += ", ";
    Value(*call);
    Put(" AS c{}", column++);
  }
  if (column == 0) out_ += "count(*) AS c0";  // HAVING alone: one row
  From(select);
  GroupBy(aggregation);
  Put(") r{}", aggregation.id);
}

void Emitter::GroupBy(const plan::Aggregation& aggregation) {
  if (!aggregation.sets) {
    for (size_t i = 0; i < aggregation.keys.size(); ++i)
      Put("{}{}", i == 0 ? " GROUP BY " : ", ", i + 1);
    return;
  }
  out_ += " GROUP BY GROUPING SETS (";
  for (size_t i = 0; i < aggregation.sets->size(); ++i) {
    out_ += i == 0 ? "(" : ", (";
    const std::vector<size_t>& set = (*aggregation.sets)[i];
    for (size_t key = 0; key < set.size(); ++key) Put("{}{}", key == 0 ? "" : ", ", set[key] + 1);
    out_ += ")";
  }
  out_ += ")";
}

void Emitter::Order(const plan::Select& select) {
  bool any = false;
  for (const plan::Sort& sort : select.order) {
    if (sort.expr->kind == ExprKind::kConstant) continue;  // orders nothing, and DuckDB refuses it
    out_ += any ? ", " : " ORDER BY ";
    any = true;
    const auto same = [&](const ExprPtr& output) { return plan::Same(*output, *sort.expr); };
    const auto output = std::find_if(select.outputs.begin(), select.outputs.end(), same);
    if (output != select.outputs.end()) {
      Put("{}", output - select.outputs.begin() + 1);
    } else {
      Value(*sort.expr);
    }
    out_ += sort.descending ? " DESC" : " ASC";
    out_ += sort.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
}

void Emitter::Join(const plan::Relation& join) {
  out_ += "(";
  Relation(*join.left);
  switch (join.join) {
    case plan::JoinKind::kCross:
      out_ += " CROSS JOIN ";
      break;
    case plan::JoinKind::kInner:
      out_ += " JOIN ";
      break;
    case plan::JoinKind::kLeft:
      out_ += " LEFT JOIN ";
      break;
    case plan::JoinKind::kRight:
      out_ += " RIGHT JOIN ";
      break;
    case plan::JoinKind::kFull:
      out_ += " FULL JOIN ";
      break;
  }
  Relation(*join.right);
  if (join.on) {
    out_ += " ON ";
    Value(*join.on);
  }
  out_ += ")";
}

void Emitter::Relation(const plan::Relation& relation) {
  switch (relation.kind) {
    case plan::Relation::Kind::kScan:
      Put("{}(CAST({} AS BIGINT))",
          plan_.scans[relation.scan].reads_log() ? "tm_revisions" : "tm_scan",
          handles_.scans[relation.scan]);
      break;
    case plan::Relation::Kind::kCte:
      Put("q{}", relation.cte);
      break;
    case plan::Relation::Kind::kJoin:
      return Join(relation);
    case plan::Relation::Kind::kQuery:
      out_ += relation.lateral ? "LATERAL (" : "(";
      Query(*relation.query);
      out_ += ")";
      break;
  }
  Put(" r{}", relation.id);
}

std::string Emit(const plan::Plan& plan, const Handles& handles) {
  return Emitter(plan, handles).Run();
}

}  // namespace tidemark::sql
