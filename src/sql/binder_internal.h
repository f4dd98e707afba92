// SPDX-License-Identifier: Apache-2.0
// The binder's machinery: binder.cpp (relations, queries), binder_expr.cpp (expressions),
// binder_name.cpp, binder_call.cpp (functions), binder_aggregate.cpp (aggregates),
// binder_window.cpp, binder_group.cpp (grouping), binder_subquery.cpp, binder_relation.cpp,
// binder_view.cpp, binder_join.cpp, binder_set.cpp. Single-owner.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sql/binder.h"

namespace tidemark::sql {

/// A parameter of a lambda that is being bound; inner ones hide outer ones and columns.
struct LambdaParameter {
  std::string name;
  plan::ExprPtr value;
  const LambdaParameter* outer = nullptr;
};

/// A column that names in an expression may refer to.
struct Field {
  std::string table;     // alias of its relation; empty: none, as for a column of USING
  std::string database;  // of a table, for "db"."table".column
  std::string name;
  plan::ExprPtr expr;
};

/// A bound FROM and what it offers, in SELECT * order.
struct From {
  plan::Relation relation;
  std::vector<Field> fields;
  /// One row that `relation` sees: joined to the left before it.
  std::optional<plan::Relation> before;
};

/// What a sub-query takes from the query around it.
struct Capture {
  uint32_t id = 0;  // relation of its columns inside
  std::vector<plan::ExprPtr> outer;
};

struct Scope;

/// What a query or relation sees beside its own FROM: the query around it, whose columns become
/// parameters (capture), or the relations to the left of a LATERAL (no capture).
struct Outside {
  const Scope* scope = nullptr;
  Capture* capture = nullptr;
};

/// What names in an expression may refer to, and what may stand in it.
struct Scope {
  const std::vector<Field>* fields = nullptr;  // null: no FROM
  Outside outside;
  bool aggregates_allowed = false;
  bool windows_allowed = false;
  bool in_aggregate = false;
  bool in_window = false;
  std::string_view clause = "the select list";  // "WHERE", for messages
  /// ORDER BY: output names come first.
  struct Alias {
    std::string name;
    plan::ExprPtr expr;
  };
  const std::vector<Alias>* aliases = nullptr;
  const LambdaParameter* parameters = nullptr;  // the innermost
};

class Binder {
 public:
  Binder(const Namespace& names, store::Store& store, const BindOptions& options)
      : names_(names), store_(store), options_(options) {}

  Result<plan::Plan> Run(const ast::Query& query);

 private:
  struct VisibleCte {
    std::string name;
    uint32_t id = 0;
    std::vector<plan::Column> columns;
  };
  struct Outputs {
    std::vector<plan::ExprPtr> exprs;
    std::vector<std::string> names;
    std::vector<Scope::Alias> aliases;
    std::vector<bool> from_star;
  };

  // binder.cpp
  Result<plan::Query> BindQuery(const ast::Query& query, const Outside& outside);
  Result<plan::Cte> BindCte(const ast::Cte& cte, const Outside& outside, size_t visible);
  Result<plan::Query> BindBody(const ast::Query& query, const Outside& outside);
  Result<plan::Query> BindValues(const ast::QueryBody& body, const Outside& outside);
  Result<plan::Query> BindSelect(const ast::Select& select, const ast::Query* tail,
                                 const Outside& outside);
  /// SELECT * over `inner`, for ORDER BY and LIMIT behind something that is no SELECT.
  Result<plan::Query> Wrap(plan::Query inner, const ast::Query& tail, const Outside& outside);
  static plan::Relation FromQuery(uint32_t id, plan::Query query);
  Result<Outputs> BindOutputs(const ast::Select& select, const Scope& scope);
  Result<void> ExpandStar(const ast::SelectItem& item, const Scope& scope, Outputs& out);
  Result<std::vector<plan::Sort>> BindOrder(const ast::Query& tail, const Outputs& outputs,
                                            Scope scope);
  Result<void> CheckDistinctOrder(const plan::Select& select) const;
  Result<void> CheckWindows(const plan::Select& select) const;

  // binder_set.cpp
  Result<plan::Query> BindSetOperation(const ast::QueryBody& body, const Outside& outside);
  Result<plan::Query> BindSide(const ast::QueryBody& body, const Outside& outside);
  /// SELECT of the columns of `inner`, coerced.
  Result<plan::Query> CoerceColumns(plan::Query inner, const std::vector<Type>& types, Place place);

  // binder_relation.cpp
  Result<From> BindFrom(const ast::Relation& relation, const Outside& outside);
  Result<plan::Relation> BindRelation(const ast::Relation& relation, const Outside& outside);
  Result<plan::Relation> BindTable(const ast::Relation& relation);
  plan::Relation AddScan(plan::TableScan scan, std::vector<plan::ScanColumn> columns);
  Result<void> Rename(const ast::Relation& relation, plan::Relation& out) const;
  /// The columns of a relation that is no join.
  static std::vector<Field> ColumnsOf(const plan::Relation& relation);

  // binder_view.cpp
  struct NamedView {
    std::string name;  // as the namespace spells it
    Namespace::View view;
  };
  Result<plan::Relation> BindTableFunction(const ast::Relation& relation);
  Result<NamedView> FindView(const ast::Expr& name) const;
  /// None: a parameter without a value.
  Result<std::optional<EventTime>> BindAsOf(const ast::Expr& time);
  void AsOfAt(EventTime as_of, const std::string& view, plan::TableScan& scan) const;

  // binder_join.cpp
  Result<From> BindJoin(const ast::Relation& join, const Outside& outside);
  /// Brings the condition of an outer join into a form that the engine takes.
  Result<void> SimplifyOuter(const ast::Relation& join, From& left, From& right, From& out);
  Result<void> BindUsing(const ast::Relation& join, From& left, From& right, From& out);

  // binder_group.cpp
  Result<void> BindGrouping(const ast::Select& select, const Scope& scope, const Outputs& outputs,
                            plan::Select& out);
  Result<plan::ExprPtr> BindGroupKey(const ast::Expr& expr, const Scope& scope,
                                     const Outputs& outputs);
  /// The number of a key in `aggregation`, which is added if it is new.
  Result<size_t> AddGroupKey(const ast::Expr& expr, const Scope& scope, const Outputs& outputs,
                             plan::Aggregation& aggregation);
  Result<void> BindGroupingSets(const ast::Select& select, const Scope& scope,
                                const Outputs& outputs, plan::Aggregation& aggregation);
  Result<plan::ExprPtr> BindGroupingCall(const ast::Expr& expr, const Scope& scope);
  void AnchorCalls(const std::set<uint32_t>& local, const Scope& scope,
                   plan::Aggregation& aggregation, plan::Select& out);
  Result<void> CheckGroupingCalls(const plan::Aggregation& aggregation) const;
  /// Replaces keys and aggregate calls by columns of the aggregation; `local` are the relations of
  /// FROM: only their columns must be grouped.
  Result<plan::ExprPtr> OverAggregation(const plan::ExprPtr& expr,
                                        const plan::Aggregation& aggregation,
                                        const std::set<uint32_t>& local) const;

  // binder_window.cpp
  Result<plan::ExprPtr> BindWindowCall(const std::string& name, const ast::Expr& expr,
                                       const Scope& scope);
  Result<std::vector<plan::ExprPtr>> BindWindowArgs(const std::string& name,
                                                    plan::WindowFunction function,
                                                    const ast::Expr& expr, const Scope& scope,
                                                    Type& type);
  Result<void> BindFrame(const ast::Expr& expr, const Scope& scope, plan::Window& out);
  Result<plan::FrameBound> BindBound(const ast::FrameBound& bound, const Scope& scope,
                                     const plan::Window& window);
  /// The key and the offsets of a RANGE frame become types that the engine adds and subtracts.
  Result<void> UnifyRange(Place place, plan::Window& window) const;
  Result<std::vector<plan::Sort>> BindSorts(const std::vector<ast::SortItem>& items,
                                            const Scope& scope);

  // binder_subquery.cpp
  Result<std::shared_ptr<plan::Query>> BindSubqueryBody(const ast::Expr& expr, const Scope& scope,
                                                        Capture& capture);
  Result<plan::ExprPtr> BindSubquery(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindExists(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindQuantified(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindParameter(const ast::Expr& expr);
  void NoteParameter(const plan::Expr& expr, const Type& type) const;

  // binder_expr.cpp
  Result<plan::ExprPtr> BindExpr(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindName(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindOperator(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindLogic(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindBetween(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindIn(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindLike(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindCase(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindCast(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindCondition(const ast::Expr& expr, const Scope& scope);
  Result<std::vector<plan::ExprPtr>> BindArgs(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> Compare(Place place, plan::CompareOp op, plan::ExprPtr a,
                                plan::ExprPtr b) const;
  /// Brings all to one type.
  Result<Type> Unify(Place place, std::string_view what, std::span<plan::ExprPtr> exprs) const;
  Result<plan::ExprPtr> Coerce(plan::ExprPtr expr, const Type& to) const;
  /// A call with coerced arguments, folded if it can be.
  Result<plan::ExprPtr> Call(Place place, const Overload& overload,
                             std::vector<plan::ExprPtr> args) const;
  /// `expr` as read by an expression at `place`: the columns of scans in it are marked as used.
  plan::ExprPtr Use(const plan::ExprPtr& expr, Place place, std::string name = "");
  /// The column that `name` (one to three parts) refers to, in `scope` or around it; null: none.
  Result<plan::ExprPtr> FindColumn(std::span<const ast::Name> name, Place place,
                                   const Scope& scope);

  // binder_unnest.cpp
  Result<From> BindUnnest(const ast::Relation& relation, const Outside& outside);
  Result<std::vector<plan::ExprPtr>> BindLists(const ast::Relation& relation,
                                               const Outside& outside);
  /// A sub-query of which `lists` become the columns.
  plan::Relation ListColumns(std::vector<plan::ExprPtr>& lists);
  static plan::Query UnnestQuery(const ast::Relation& relation,
                                 const std::vector<plan::ExprPtr>& lists);

  // binder_nested.cpp
  Result<plan::ExprPtr> BindArray(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindRow(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindSubscript(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindField(const ast::Expr& expr, const Scope& scope);
  /// value.a.b: `names` from `from` on are fields.
  Result<plan::ExprPtr> FieldsOf(plan::ExprPtr value, std::span<const ast::Name> names) const;
  /// Element by element, field by field. `what` decides which conversions of scalars there are.
  enum class Conversion : uint8_t { kCoercion, kCast };
  Result<plan::ExprPtr> ConvertNested(plan::ExprPtr value, const Type& to, Conversion what) const;
  Result<plan::ExprPtr> ConvertList(plan::ExprPtr value, const Type& to, Conversion what) const;
  Result<plan::ExprPtr> ConvertRow(plan::ExprPtr value, const Type& to, Conversion what) const;
  Result<plan::ExprPtr> Convert(plan::ExprPtr value, const Type& to, Conversion what) const;
  plan::ExprPtr CompareNested(Place place, plan::CompareOp op, plan::ExprPtr a,
                              plan::ExprPtr b) const;

  // binder_generic.cpp
  Result<plan::ExprPtr> BindGeneric(const std::string& name, const ast::Expr& expr,
                                    const Scope& scope, bool& found);
  Result<plan::ExprPtr> ResolveGeneric(std::string_view name, const ast::Expr& expr,
                                       const Scope& scope, std::vector<plan::ExprPtr> args);
  /// Null where a lambda stands.
  Result<std::vector<plan::ExprPtr>> BindGenericArgs(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindLambda(const ast::Expr& lambda, const Scope& scope,
                                   std::span<const Type> types);
  /// Its parameters are `values`, made of the next `variables` numbers.
  Result<plan::ExprPtr> BindLambdaBody(const ast::Expr& lambda, const Scope& scope,
                                       std::span<const plan::ExprPtr> values, uint32_t variables);
  Result<plan::ExprPtr> BindStep(const ast::Expr& lambda, const Scope& scope, const Type& element,
                                 Type& state);
  Result<plan::ExprPtr> BindReduce(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> Zip(const ast::Expr& expr, std::string_view name,
                            std::vector<plan::ExprPtr> args) const;
  Result<plan::ExprPtr> BindZip(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindZipWith(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindArrayJoin(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindArraySortBy(const ast::Expr& expr, const Scope& scope);
  // binder_json.cpp
  Result<plan::ExprPtr> JsonToNested(plan::ExprPtr json, const Type& to) const;
  Result<plan::ExprPtr> NestedToJson(plan::ExprPtr value) const;

  // binder_call.cpp
  Result<plan::ExprPtr> BindCall(const ast::Expr& expr, const Scope& scope);
  /// The overload of the table that takes `args`; constant arguments are checked.
  Result<plan::ExprPtr> CallNamed(Place place, std::string_view name,
                                  std::vector<plan::ExprPtr> args) const;
  // binder_scalar.cpp
  Result<plan::ExprPtr> BindSpecial(const std::string& name, const ast::Expr& expr,
                                    const Scope& scope, bool& found);
  Result<plan::ExprPtr> BindNullIf(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindIf(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindConcat(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindAgo(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindRegexpReplace(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindTry(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindExtract(const ast::Expr& expr, const Scope& scope);
  Result<plan::ExprPtr> BindAtTimeZone(const ast::Expr& expr, const Scope& scope);
  Result<void> ExpectArgs(const ast::Expr& expr, size_t least, size_t most) const;
  Error NoAggregate(const std::string& name, Place place) const;

  // binder_aggregate.cpp
  /// A call where grouping may follow: `scope` must allow aggregates.
  Result<plan::ExprPtr> BindAggregate(const ast::Expr& expr, const Scope& scope);
  /// The call by itself, for grouping and for windows; `scope` is that of its arguments.
  Result<std::shared_ptr<plan::Expr>> TypeAggregate(const ast::Expr& expr, const Scope& scope);
  /// FILTER, and ORDER BY inside.
  Result<void> BindAggregateClauses(const ast::Expr& expr, const Scope& scope, plan::Expr& call);
  /// The series key of the table whose time `expr` is, or null.
  plan::ExprPtr SeriesKeyOf(const plan::Expr& expr);
  static Result<void> CheckAggregateArg(std::string_view name, AggregateParam param,
                                        const plan::Expr& arg);

  const Namespace& names_;
  store::Store& store_;
  const BindOptions& options_;
  plan::Plan plan_;
  mutable std::vector<plan::Parameter> parameters_;  // their types appear while binding
  uint32_t next_relation_ = 0;
  std::vector<VisibleCte> ctes_;
  uint32_t lambda_depth_ = 0;  // parameters of the lambdas around
  /// The SELECT being bound has an aggregate call, even one that folding took away (typeof).
  bool aggregate_seen_ = false;
  int try_depth_ = 0;
  std::map<uint32_t, size_t> scan_of_;                    // relation -> Plan::scans
  std::vector<std::shared_ptr<plan::Query>> subqueries_;  // inner ones first
};

/// The one of `known` that is `name`, else the only one that differs by case.
std::optional<std::string> NearestByCase(const std::vector<std::string>& known,
                                         std::string_view name);
/// ErrorAt() as kNotFound.
Error NotFoundAt(Place place, std::string_view message, std::string_view suggestion);

/// A node without arguments yet.
std::shared_ptr<plan::Expr> MakeExpr(plan::ExprKind kind, Type type, Place place);
/// A call that is emitted as `emit` says, outside of the table of functions.
plan::ExprPtr MakeCall(std::string_view emit, Type type, Place place,
                       std::vector<plan::ExprPtr> args);
/// The parameter of a lambda.
plan::ExprPtr MakeVariable(uint32_t number, Type type, Place place);
/// The lambda over `count` variables with consecutive numbers, of which `first` is the first.
plan::ExprPtr MakeLambda(const plan::Expr& first, uint32_t count, plan::ExprPtr body);
plan::ExprPtr MakeField(plan::ExprPtr row, size_t index);

/// A constant of a type.
plan::ExprPtr Constant(Type type, Value value, Place place);
std::string LowerCase(std::string_view text);
/// "bigint, varchar", for messages.
std::string TypeList(const std::vector<plan::ExprPtr>& args);
bool HasAggregate(const plan::Expr& expr);
/// None: not a function that only windows have.
std::optional<plan::WindowFunction> WindowFunctionOf(std::string_view name);
/// The relations of a join tree that have columns.
void CollectRelations(const plan::Relation& relation, std::set<uint32_t>& ids);
/// The text of names as written: "t.c".
std::string ShowName(std::span<const ast::Name> name);

enum class NameMatch : uint8_t { kNone, kOne, kMany };

/// Exact first; if none, the only one that differs by case (timestream-sql.md 1.1).
template <typename Range, typename NameOf>
NameMatch FindName(const Range& range, std::string_view name, NameOf name_of, size_t& index) {
  for (const bool exact : {true, false}) {
    NameMatch match = NameMatch::kNone;
    for (size_t i = 0; i < range.size(); ++i) {
      const std::optional<std::string_view> candidate = name_of(range[i]);
      if (!candidate) continue;
      const bool equal = exact ? *candidate == name : LowerCase(*candidate) == LowerCase(name);
      if (!equal) continue;
      match = match == NameMatch::kNone ? NameMatch::kOne : NameMatch::kMany;
      index = i;
    }
    if (match != NameMatch::kNone) return match;
  }
  return NameMatch::kNone;
}

}  // namespace tidemark::sql
