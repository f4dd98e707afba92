// SPDX-License-Identifier: Apache-2.0
// Carries the conditions of a plan to its scans. What arrives there only narrows: every condition
// stays where it was written.
//  1. A condition that the store takes is never true of nulls. So it may narrow any leaf of the
//     join tree under the WHERE it stands in: a row that only appears because its partner was left
//     out has nulls there, and WHERE drops it.
//  2. The condition of a join narrows the side that it can drop: both of INNER, the right of LEFT,
//     the left of RIGHT, none of FULL.
//  3. Of two columns that a join or WHERE demands to be equal, what holds for one holds for the
//     other in every row in which both are not null. So rows of the other that break it never
//     reach the result, whatever the kinds of the joins on the way.
//  4. A condition over a sub-query's columns goes into it unless LIMIT, an aggregate or a window
//     stands between; into a WITH query, if that is read once.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "sql/pushdown.h"

namespace tidemark::sql {

using plan::CompareOp;
using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

constexpr size_t kConjunctsMax = 256;  // a bound on what equalities may imply

using Conjuncts = std::vector<ExprPtr>;

void Split(const ExprPtr& expr, Conjuncts& out) {
  if (!expr) return;
  if (expr->kind != ExprKind::kAnd) {
    out.push_back(expr);
    return;
  }
  for (const ExprPtr& arg : expr->args) Split(arg, out);
}

void CollectColumns(const ExprPtr& expr, std::vector<ExprPtr>& columns) {
  if (expr->kind == ExprKind::kColumn) {
    const auto same = [&](const ExprPtr& c) { return plan::Same(*c, *expr); };
    if (std::ranges::none_of(columns, same)) columns.push_back(expr);
    return;
  }
  plan::ForEachChild(*expr, [&](const ExprPtr& child) { CollectColumns(child, columns); });
}

using Replacement = std::function<ExprPtr(const Expr&)>;  // null: cannot be replaced

/// `expr` over other columns; null if one of them cannot be replaced.
ExprPtr Replace(const ExprPtr& expr, const Replacement& with) {
  if (expr->kind == ExprKind::kColumn) return with(*expr);
  if (expr->query || expr->kind == ExprKind::kWindow) return nullptr;
  bool all = true;
  Result<ExprPtr> out = plan::MapChildren(expr, [&](const ExprPtr& child) -> Result<ExprPtr> {
    ExprPtr replaced = Replace(child, with);
    all &= replaced != nullptr;
    return replaced ? replaced : child;
  });
  return all && out.ok() ? std::move(out).value() : nullptr;
}

bool IsColumnEquality(const Expr& expr) {
  return expr.kind == ExprKind::kCompare && expr.op == CompareOp::kEqual && !expr.may_nan &&
         expr.args[0]->kind == ExprKind::kColumn && expr.args[1]->kind == ExprKind::kColumn;
}

/// bin(column, width) of a constant width, else null.
const Expr* BinnedColumn(const Expr& expr, int64_t& width) {
  const bool bin = expr.kind == ExprKind::kCall && expr.overload != nullptr &&
                   expr.overload->name == "bin" && expr.args.size() == 2 &&
                   expr.args[0]->kind == ExprKind::kColumn &&
                   expr.args[0]->type.kind() == TypeKind::kTimestamp &&
                   expr.args[1]->kind == ExprKind::kConstant;
  const auto* ns = bin ? std::get_if<int64_t>(&expr.args[1]->constant.data) : nullptr;
  if (ns == nullptr || *ns <= 0) return nullptr;
  width = *ns;
  return expr.args[0].get();
}

int64_t Add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

ExprPtr CompareTo(const Expr& column, CompareOp op, int64_t ns) {
  auto constant = std::make_shared<Expr>();
  constant->type = TypeKind::kTimestamp;
  constant->place = column.place;
  constant->constant.data = ns;
  auto out = std::make_shared<Expr>();
  out->kind = ExprKind::kCompare;
  out->type = TypeKind::kBoolean;
  out->place = column.place;
  out->op = op;
  out->args = {std::make_shared<Expr>(column), std::move(constant)};
  return out;
}

/// A bound of one time as `column op ns`.
struct TimeBound {
  const Expr* column = nullptr;
  CompareOp op = CompareOp::kEqual;
  int64_t ns = 0;
};

std::optional<TimeBound> TimeBoundOf(const Expr& expr) {
  if (expr.kind != ExprKind::kCompare || expr.op == CompareOp::kNotEqual) return std::nullopt;
  const bool swapped = expr.args[0]->kind == ExprKind::kConstant;
  const Expr& column = *expr.args[swapped ? 1 : 0];
  const Expr& constant = *expr.args[swapped ? 0 : 1];
  const auto* ns = std::get_if<int64_t>(&constant.constant.data);
  if (column.kind != ExprKind::kColumn || column.type.kind() != TypeKind::kTimestamp ||
      constant.kind != ExprKind::kConstant || ns == nullptr) {
    return std::nullopt;
  }
  CompareOp op = expr.op;
  if (swapped) {
    op = op == CompareOp::kLess           ? CompareOp::kGreater
         : op == CompareOp::kLessEqual    ? CompareOp::kGreaterEqual
         : op == CompareOp::kGreater      ? CompareOp::kLess
         : op == CompareOp::kGreaterEqual ? CompareOp::kLessEqual
                                          : op;
  }
  return TimeBound{&column, op, *ns};
}

/// What a bound of one time says about the other, where start = bin(time, width).
void ImplyThroughBin(const TimeBound& bound, const Expr& start, const Expr& time, int64_t width,
                     Conjuncts& out) {
  const bool equal = bound.op == CompareOp::kEqual;
  const bool lower = bound.op == CompareOp::kGreater || bound.op == CompareOp::kGreaterEqual;
  if (plan::Same(*bound.column, start)) {  // start <= time < start + width
    if (equal || lower) {
      out.push_back(CompareTo(time, equal ? CompareOp::kGreaterEqual : bound.op, bound.ns));
    }
    if (equal || !lower) {
      out.push_back(CompareTo(time, CompareOp::kLess, Add(bound.ns, width)));
    }
  } else if (plan::Same(*bound.column, time)) {  // time - width < start <= time
    if (equal || lower) {
      out.push_back(CompareTo(start, CompareOp::kGreater, Add(bound.ns, -width)));
    }
    if (equal || !lower) {
      out.push_back(CompareTo(start, equal ? CompareOp::kLessEqual : bound.op, bound.ns));
    }
  }
}

void AddNew(Conjuncts& conjuncts, ExprPtr expr) {
  const auto same = [&](const ExprPtr& c) { return plan::Same(*c, *expr); };
  if (conjuncts.size() < kConjunctsMax && std::ranges::none_of(conjuncts, same))
    conjuncts.push_back(std::move(expr));
}

/// Adds what `equalities` imply (3).
void Close(Conjuncts& conjuncts, const Conjuncts& equalities) {
  for (size_t i = 0; i < conjuncts.size(); ++i) {  // grows
    const ExprPtr conjunct = conjuncts[i];
    if (IsColumnEquality(*conjunct)) continue;
    std::vector<ExprPtr> columns;
    CollectColumns(conjunct, columns);
    if (columns.size() != 1) continue;
    for (const ExprPtr& equality : equalities) {
      if (IsColumnEquality(*equality)) {
        for (const size_t side : {size_t{0}, size_t{1}}) {
          if (!plan::Same(*equality->args[side], *columns[0])) continue;
          const ExprPtr& other = equality->args[1 - side];
          if (ExprPtr implied = Replace(conjunct, [&](const Expr&) { return other; }))
            AddNew(conjuncts, std::move(implied));
        }
        continue;
      }
      const std::optional<TimeBound> bound = TimeBoundOf(*conjunct);
      if (!bound) continue;
      for (const size_t side : {size_t{0}, size_t{1}}) {
        int64_t width = 0;
        const Expr* time = BinnedColumn(*equality->args[side], width);
        if (time == nullptr) continue;
        Conjuncts implied;
        ImplyThroughBin(*bound, *equality->args[1 - side], *time, width, implied);
        for (ExprPtr& expr : implied) AddNew(conjuncts, std::move(expr));
      }
    }
  }
}

bool IsTimeEquality(const Expr& expr) {
  if (expr.kind != ExprKind::kCompare || expr.op != CompareOp::kEqual) return false;
  int64_t width = 0;
  return (expr.args[0]->kind == ExprKind::kColumn &&
          BinnedColumn(*expr.args[1], width) != nullptr) ||
         (expr.args[1]->kind == ExprKind::kColumn && BinnedColumn(*expr.args[0], width) != nullptr);
}

void CollectEqualities(const Conjuncts& conjuncts, Conjuncts& out) {
  for (const ExprPtr& conjunct : conjuncts) {
    if (IsColumnEquality(*conjunct) || IsTimeEquality(*conjunct)) out.push_back(conjunct);
  }
}

/// The equalities that the joins of a tree demand.
void CollectEqualities(const plan::Relation& relation, Conjuncts& out) {
  if (relation.kind != plan::Relation::Kind::kJoin) return;
  Conjuncts on;
  Split(relation.on, on);
  CollectEqualities(on, out);
  CollectEqualities(*relation.left, out);
  CollectEqualities(*relation.right, out);
}

class Pusher {
 public:
  Pusher(plan::Plan& plan, bool aggregates) : plan_(plan), aggregates_(aggregates) {}

  void Run(std::span<const std::shared_ptr<plan::Query>> subqueries) {
    Register(plan_.query);
    for (const auto& query : subqueries) Register(*query);
    Query(plan_.query, 0, {});
    for (const auto& query : subqueries) Query(*query, 0, {});
    for (auto& [id, cte] : ctes_) {
      if (!cte.visited) VisitCte(cte, 0, {});
    }
  }

 private:
  struct CteUse {
    plan::Query* query = nullptr;
    size_t reads = 0;
    bool visited = false;
  };

  void Register(plan::Query& query) {
    for (plan::Cte& cte : query.ctes) {
      ctes_[cte.id].query = cte.query.get();
      Register(*cte.query);
    }
    if (query.set) {
      Register(*query.set->left);
      Register(*query.set->right);
    }
    if (query.select && query.select->from) Register(*query.select->from);
  }
  void Register(plan::Relation& relation) {
    if (relation.kind == plan::Relation::Kind::kCte) ++ctes_[relation.cte].reads;
    if (relation.query) Register(*relation.query);
    if (relation.left) Register(*relation.left);
    if (relation.right) Register(*relation.right);
  }

  void VisitCte(CteUse& cte, uint32_t relation, const Conjuncts& wanted) {
    cte.visited = true;
    Query(*cte.query, relation, wanted);
  }

  /// `wanted`: conditions over the query's columns, as those of `relation`.
  void Query(plan::Query& query, uint32_t relation, const Conjuncts& wanted) {
    if (query.set) {
      Query(*query.set->left, relation, wanted);
      Query(*query.set->right, relation, wanted);
    }
    if (query.select) Select(*query.select, relation, wanted);
  }

  void Select(plan::Select& select, uint32_t relation, const Conjuncts& wanted) {
    if (!select.from) return;
    Conjuncts inherited;
    const bool open =
        !select.limit && select.offset == 0 && !(select.aggregation && select.aggregation->sets);
    for (const ExprPtr& conjunct : wanted) {
      ExprPtr inner = open ? Through(conjunct, relation, select) : nullptr;
      if (inner) Split(inner, inherited);
    }
    Conjuncts own;
    Split(select.where, own);
    if (select.from->kind == plan::Relation::Kind::kScan) return Scan(select, own, inherited);
    own.insert(own.end(), inherited.begin(), inherited.end());
    Relation(*select.from, std::move(own));
  }

  /// A condition over the outputs as one over the input; null: it cannot be (4).
  static ExprPtr Through(const ExprPtr& conjunct, uint32_t relation, const plan::Select& select) {
    std::vector<const plan::Window*> windows;
    const std::function<void(const ExprPtr&)> collect = [&](const ExprPtr& expr) {
      if (expr->window) windows.push_back(expr->window.get());
      plan::ForEachChild(*expr, collect);
    };
    for (const ExprPtr& output : select.outputs) collect(output);
    ExprPtr inner = Replace(conjunct, [&](const Expr& column) -> ExprPtr {
      if (column.relation != relation) return nullptr;
      const ExprPtr& output = select.outputs[column.column];
      const auto partitions = [&](const plan::Window* window) {
        return std::ranges::any_of(window->partition,
                                   [&](const ExprPtr& key) { return plan::Same(*key, *output); });
      };
      return std::ranges::all_of(windows, partitions) ? output : nullptr;
    });
    if (!inner || !select.aggregation) return inner;
    const plan::Aggregation& aggregation = *select.aggregation;
    return Replace(inner, [&](const Expr& column) -> ExprPtr {
      const bool key = column.relation == aggregation.id && column.column < aggregation.keys.size();
      return key ? aggregation.keys[column.column] : nullptr;
    });
  }

  /// A SELECT from one table alone.
  void Scan(plan::Select& select, const Conjuncts& own, const Conjuncts& inherited) {
    const uint32_t relation = select.from->id;
    plan::TableScan& scan = plan_.scans[select.from->scan];
    for (const ExprPtr& conjunct : own) NarrowSelection(conjunct, relation, scan);
    const bool exact = scan.exact;
    for (const ExprPtr& conjunct : inherited) NarrowSelection(conjunct, relation, scan);
    scan.exact = exact;  // says that this SELECT's own WHERE is all in the selection
    const bool plain =
        !select.aggregation && !select.distinct && select.order.empty() && !HasWindow(select);
    if (plain && scan.exact && select.limit) {
      const auto rows = static_cast<uint64_t>(*select.limit) + static_cast<uint64_t>(select.offset);
      scan.points_limit = std::min(scan.points_limit, rows);
    }
    if (scan.reads_log()) return;
    scan.last_points = aggregates_ && ReadsLastPoints(select, scan);
    if (!select.aggregation || !aggregates_ || scan.last_points) return;
    std::optional<plan::TableAggregate> pushed = PushAggregate(select, scan);
    if (!pushed) return;
    pushed->scan = select.from->scan;
    scan.replaced = true;
    select.aggregation->pushed = plan_.aggregates.size();
    plan_.aggregates.push_back(*std::move(pushed));
  }

  void Relation(plan::Relation& relation, Conjuncts conjuncts) {
    switch (relation.kind) {
      case plan::Relation::Kind::kScan: {
        plan::TableScan& scan = plan_.scans[relation.scan];
        for (const ExprPtr& conjunct : conjuncts) NarrowSelection(conjunct, relation.id, scan);
        scan.exact = false;
        return;
      }
      case plan::Relation::Kind::kQuery:
        return Query(*relation.query, relation.id, Over(relation.id, conjuncts));
      case plan::Relation::Kind::kCte: {
        CteUse& cte = ctes_[relation.cte];
        if (cte.reads == 1 && !cte.visited)
          VisitCte(cte, relation.id, Over(relation.id, conjuncts));
        return;
      }
      case plan::Relation::Kind::kJoin:
        return Join(relation, std::move(conjuncts));
    }
  }

  static Conjuncts Over(uint32_t relation, const Conjuncts& conjuncts) {
    Conjuncts out;
    for (const ExprPtr& conjunct : conjuncts) {
      std::vector<ExprPtr> columns;
      CollectColumns(conjunct, columns);
      const auto own = [&](const ExprPtr& column) { return column->relation == relation; };
      if (!columns.empty() && std::ranges::all_of(columns, own)) out.push_back(conjunct);
    }
    return out;
  }

  void Join(plan::Relation& join, Conjuncts conjuncts) {
    using Kind = plan::JoinKind;
    Conjuncts on;
    Split(join.on, on);
    Conjuncts equalities;
    CollectEqualities(conjuncts, equalities);
    CollectEqualities(join, equalities);
    Conjuncts left = conjuncts;
    Conjuncts right = std::move(conjuncts);
    if (join.join == Kind::kInner || join.join == Kind::kRight)
      left.insert(left.end(), on.begin(), on.end());
    if (join.join == Kind::kInner || join.join == Kind::kLeft)
      right.insert(right.end(), on.begin(), on.end());
    Close(left, equalities);
    Close(right, equalities);
    Relation(*join.left, std::move(left));
    Relation(*join.right, std::move(right));
  }

  plan::Plan& plan_;
  const bool aggregates_;
  std::map<uint32_t, CteUse> ctes_;
};

}  // namespace

void PushDown(plan::Plan& plan, std::span<const std::shared_ptr<plan::Query>> subqueries,
              bool aggregates) {
  Pusher(plan, aggregates).Run(subqueries);
}

}  // namespace tidemark::sql
