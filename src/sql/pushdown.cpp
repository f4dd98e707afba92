// SPDX-License-Identifier: Apache-2.0
#include "sql/pushdown.h"

#include <algorithm>
#include <limits>

#include "base/regex.h"
#include "sql/datetime.h"

namespace tidemark::sql {

using plan::AggregateKind;
using plan::CompareOp;
using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;
using plan::ScanColumn;
using plan::TableScan;
using store::TextPredicate;
using Source = ScanColumn::Source;

namespace {

CompareOp Mirrored(CompareOp op) {
  switch (op) {
    case CompareOp::kLess:
      return CompareOp::kGreater;
    case CompareOp::kLessEqual:
      return CompareOp::kGreaterEqual;
    case CompareOp::kGreater:
      return CompareOp::kLess;
    case CompareOp::kGreaterEqual:
      return CompareOp::kLessEqual;
    case CompareOp::kEqual:
    case CompareOp::kNotEqual:
      break;
  }
  return op;
}

TextPredicate::Op TextOp(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual:
      return TextPredicate::Op::kIn;
    case CompareOp::kNotEqual:
      return TextPredicate::Op::kNotIn;
    case CompareOp::kLess:
      return TextPredicate::Op::kLess;
    case CompareOp::kLessEqual:
      return TextPredicate::Op::kLessEqual;
    case CompareOp::kGreater:
      return TextPredicate::Op::kGreater;
    case CompareOp::kGreaterEqual:
      return TextPredicate::Op::kGreaterEqual;
  }
  return TextPredicate::Op::kIn;
}

/// The first instant after `ns`, or the end of all time.
EventTime After(int64_t ns) { return {ns == std::numeric_limits<int64_t>::max() ? ns : ns + 1}; }

class Narrower {
 public:
  Narrower(uint32_t relation, TableScan& scan) : relation_(relation), scan_(scan) {}

  void Conjunct(const ExprPtr& expr) {
    if (expr->kind == ExprKind::kAnd) {
      for (const ExprPtr& arg : expr->args) Conjunct(arg);
      return;
    }
    if (!Take(*expr)) scan_.exact = false;
  }

 private:
  const ScanColumn* ColumnOf(const Expr& expr) const {
    if (expr.kind != ExprKind::kColumn || expr.relation != relation_) return nullptr;
    return &scan_.columns[expr.column];
  }
  static bool IsText(const ScanColumn& column) {
    return column.source == Source::kDimension || column.source == Source::kMeasureName;
  }
  static const std::string* TextOf(const Expr& expr) {
    return expr.kind == ExprKind::kConstant ? std::get_if<std::string>(&expr.constant.data)
                                            : nullptr;
  }
  static const int64_t* TimeOf(const Expr& expr) {
    return expr.kind == ExprKind::kConstant && expr.type.kind() == TypeKind::kTimestamp
               ? std::get_if<int64_t>(&expr.constant.data)
               : nullptr;
  }

  void Add(const ScanColumn& column, TextPredicate predicate) {
    if (column.source == Source::kMeasureName) {
      scan_.selection.measure.push_back(std::move(predicate));
    } else {
      scan_.selection.dimensions.push_back({column.name, std::move(predicate)});
    }
  }
  void Clip(EventTime start, EventTime end) {
    TimeRange& time = scan_.selection.time;
    time.start = std::max(time.start, start);
    time.end = std::min(time.end, end);
  }

  /// True if the selection now says all that `expr` says.
  bool Take(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kConstant: {
        const auto* value = std::get_if<bool>(&expr.constant.data);
        return value != nullptr && *value;
      }
      case ExprKind::kCompare:
        return TakeCompare(expr);
      case ExprKind::kIn:
        return TakeIn(expr);
      case ExprKind::kLike:
        return TakeLike(expr);
      case ExprKind::kOr:
        return TakeOr(expr);
      case ExprKind::kIsNull:
        return TakeIsNull(expr);
      case ExprKind::kCall:
        return TakeRegex(expr, TextPredicate::Op::kRegex);
      case ExprKind::kNot:
        return expr.args[0]->kind == ExprKind::kCall &&
               TakeRegex(*expr.args[0], TextPredicate::Op::kNotRegex);
      case ExprKind::kColumn:
      case ExprKind::kAnd:
      case ExprKind::kIsDistinct:
      case ExprKind::kCase:
      case ExprKind::kCoalesce:
      case ExprKind::kExtremum:
      case ExprKind::kArray:
      case ExprKind::kRow:
      case ExprKind::kField:
      case ExprKind::kLambda:
      case ExprKind::kVariable:
      case ExprKind::kTry:
      case ExprKind::kAggregate:
      case ExprKind::kGrouping:
      case ExprKind::kWindow:
      case ExprKind::kSubquery:
      case ExprKind::kExists:
      case ExprKind::kQuantified:
      case ExprKind::kQuantifiedBy:
      case ExprKind::kParameter:
        break;
    }
    return false;
  }

  bool TakeCompare(const Expr& expr) {
    const Expr* left = expr.args[0].get();
    const Expr* right = expr.args[1].get();
    CompareOp op = expr.op;
    if (left->kind == ExprKind::kConstant) {
      std::swap(left, right);
      op = Mirrored(op);
    }
    const ScanColumn* column = ColumnOf(*left);
    if (column == nullptr) return false;
    if (IsText(*column)) {
      const std::string* text = TextOf(*right);
      if (text == nullptr) return false;
      Add(*column, {TextOp(op), {*text}});
      return true;
    }
    const int64_t* time = column->source == Source::kTime ? TimeOf(*right) : nullptr;
    if (time == nullptr) return false;
    const EventTime at{*time};
    switch (op) {
      case CompareOp::kEqual:
        Clip(at, After(*time));
        return true;
      case CompareOp::kLess:
        Clip(kEventTimeMin, at);
        return true;
      case CompareOp::kLessEqual:
        Clip(kEventTimeMin, After(*time));
        return true;
      case CompareOp::kGreater:
        Clip(After(*time), kEventTimeMax);
        return true;
      case CompareOp::kGreaterEqual:
        Clip(at, kEventTimeMax);
        return true;
      case CompareOp::kNotEqual:
        break;
    }
    return false;
  }

  bool TakeIn(const Expr& expr) {
    const ScanColumn* column = ColumnOf(*expr.args[0]);
    if (column == nullptr) return false;
    if (column->source == Source::kTime && !expr.negated) return TakeTimes(expr);
    if (!IsText(*column)) return false;
    TextPredicate predicate{expr.negated ? TextPredicate::Op::kNotIn : TextPredicate::Op::kIn, {}};
    for (size_t i = 1; i < expr.args.size(); ++i) {
      const std::string* text = TextOf(*expr.args[i]);
      if (text != nullptr) {
        predicate.values.push_back(*text);
        continue;
      }
      // x IN (.., NULL) is true for the other candidates only; NOT IN (.., NULL) is never true.
      const bool null =
          expr.args[i]->kind == ExprKind::kConstant && expr.args[i]->constant.is_null();
      if (!null || expr.negated) return false;
    }
    Add(*column, std::move(predicate));
    return true;
  }

  /// A superset: the span of the instants.
  bool TakeTimes(const Expr& expr) {
    int64_t least = std::numeric_limits<int64_t>::max();
    int64_t most = std::numeric_limits<int64_t>::min();
    for (size_t i = 1; i < expr.args.size(); ++i) {
      const int64_t* time = TimeOf(*expr.args[i]);
      if (time == nullptr) return false;
      least = std::min(least, *time);
      most = std::max(most, *time);
    }
    Clip({least}, After(most));
    return least == most;
  }

  bool TakeLike(const Expr& expr) {
    const ScanColumn* column = ColumnOf(*expr.args[0]);
    if (column == nullptr || !IsText(*column)) return false;
    const std::string* pattern = TextOf(*expr.args[1]);
    const std::string* escape = expr.args.size() > 2 ? TextOf(*expr.args[2]) : nullptr;
    if (pattern == nullptr || (expr.args.size() > 2 && (escape == nullptr || escape->size() != 1)))
      return false;
    TextPredicate predicate{expr.negated ? TextPredicate::Op::kNotLike : TextPredicate::Op::kLike,
                            {*pattern}};
    predicate.like_escape = escape == nullptr ? '\0' : escape->front();
    Add(*column, std::move(predicate));
    return true;
  }

  /// The function and the store's predicate are the same engine (base/regex.h).
  bool TakeRegex(const Expr& expr, TextPredicate::Op op) {
    if (expr.overload == nullptr || expr.overload->name != "regexp_like") return false;
    const ScanColumn* column = ColumnOf(*expr.args[0]);
    if (column == nullptr || !IsText(*column)) return false;
    const std::string* pattern = TextOf(*expr.args[1]);
    if (pattern == nullptr || !Regex::Compile(*pattern).ok()) return false;
    Add(*column, TextPredicate{op, {*pattern}});
    return true;
  }

  /// Equalities on one column, joined by OR, are one IN.
  bool TakeOr(const Expr& expr) {
    const ScanColumn* column = nullptr;
    TextPredicate predicate{TextPredicate::Op::kIn, {}};
    for (const ExprPtr& arg : expr.args) {
      const bool equal = arg->kind == ExprKind::kCompare && arg->op == CompareOp::kEqual;
      const bool in = arg->kind == ExprKind::kIn && !arg->negated;
      if (!equal && !in) return false;
      size_t first = 1;
      const ScanColumn* own = ColumnOf(*arg->args[0]);
      if (own == nullptr && equal) {
        own = ColumnOf(*arg->args[1]);
        first = 0;
      }
      if (own == nullptr || !IsText(*own) || (column != nullptr && column != own)) return false;
      column = own;
      for (size_t i = first; i < (equal ? first + 1 : arg->args.size()); ++i) {
        const std::string* text = TextOf(*arg->args[i]);
        if (text == nullptr) return false;
        predicate.values.push_back(*text);
      }
    }
    Add(*column, std::move(predicate));
    return true;
  }

  bool TakeIsNull(const Expr& expr) {
    const ScanColumn* column = ColumnOf(*expr.args[0]);
    if (column == nullptr || !expr.negated) return false;
    if (column->source == Source::kTime || column->source == Source::kMeasureName) return true;
    if (column->source != Source::kDimension) return false;
    Add(*column,
        {TextPredicate::Op::kGreaterEqual, {""}});  // any text; a series without it never matches
    return true;
  }

  uint32_t relation_;
  TableScan& scan_;
};

bool IsTime(const Expr& expr, const TableScan& scan, uint32_t relation) {
  return expr.kind == ExprKind::kColumn && expr.relation == relation &&
         scan.columns[expr.column].source == Source::kTime;
}

std::optional<agg::Kind> AggKind(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::kCountRows:
    case AggregateKind::kCount:
      return agg::Kind::kCount;
    case AggregateKind::kSum:
      return agg::Kind::kSum;
    case AggregateKind::kAvg:
      return agg::Kind::kAvg;
    case AggregateKind::kMin:
      return agg::Kind::kMin;
    case AggregateKind::kMax:
      return agg::Kind::kMax;
    case AggregateKind::kMinBy:
      return agg::Kind::kFirst;
    case AggregateKind::kMaxBy:
      return agg::Kind::kLast;
    case AggregateKind::kVarSamp:
    case AggregateKind::kVarPop:
    case AggregateKind::kStddevSamp:
    case AggregateKind::kStddevPop:
      return agg::Kind::kMoments;
    case AggregateKind::kPercentile:
      return agg::Kind::kPercentiles;
    case AggregateKind::kApproxDistinct:
      return agg::Kind::kDistinct;
    case AggregateKind::kOther:
      break;
  }
  return std::nullopt;
}

/// bin() and date_trunc() of the time where every bin has one width.
std::optional<store::Bins> BinsOf(const Expr& key, const TableScan& scan, uint32_t relation) {
  if (key.kind != ExprKind::kCall || key.overload == nullptr || key.args.size() != 2) {
    return std::nullopt;
  }
  const std::string_view name = key.overload->name;
  if (name == "bin" && IsTime(*key.args[0], scan, relation)) {
    if (key.args[1]->kind != ExprKind::kConstant) return std::nullopt;
    const auto* width = std::get_if<int64_t>(&key.args[1]->constant.data);
    if (width == nullptr || *width <= 0) return std::nullopt;
    return store::Bins{nanoseconds(*width), nanoseconds(0)};
  }
  if (name != "date_trunc" || !IsTime(*key.args[1], scan, relation)) return std::nullopt;
  if (key.args[0]->kind != ExprKind::kConstant) return std::nullopt;
  const auto* text = std::get_if<std::string>(&key.args[0]->constant.data);
  const auto unit = text == nullptr ? std::nullopt : ParseDateUnit(*text);
  if (!unit) return std::nullopt;
  const nanoseconds width(FixedUnitNs(*unit));
  if (width.count() == 0) return std::nullopt;  // months and longer have no width
  // Weeks begin on Mondays: 1970-01-05.
  return store::Bins{width, *unit == DateUnit::kWeek ? hours(4 * 24) : nanoseconds(0)};
}

/// Adds a key to the request; false: the store has no such key.
bool PushKey(const Expr& key, const TableScan& scan, uint32_t relation, plan::TableAggregate& out) {
  using From = plan::TableAggregate::Output::From;
  if (key.kind == ExprKind::kColumn && key.relation == relation) {
    const ScanColumn& column = scan.columns[key.column];
    if (column.source == Source::kMeasureName) {
      out.request.group_by_measure = true;
      out.outputs.push_back({From::kMeasureName, 0, key.type});
      return true;
    }
    if (column.source != Source::kDimension) return false;
    out.outputs.push_back({From::kGroupKey, out.request.group_by.size(), key.type});
    out.request.group_by.push_back(column.name);
    return true;
  }
  if (out.request.bins) return false;
  out.request.bins = BinsOf(key, scan, relation);
  if (!out.request.bins) return false;
  out.outputs.push_back({From::kBin, 0, key.type});
  return true;
}

size_t AggregateIndex(const store::AggregateColumn& column, plan::TableAggregate& out) {
  auto& aggregates = out.request.aggregates;
  const auto found = std::find(aggregates.begin(), aggregates.end(), column);
  if (found == aggregates.end()) aggregates.push_back(column);
  return static_cast<size_t>(std::find(aggregates.begin(), aggregates.end(), column) -
                             aggregates.begin());
}

/// What a call wants of its state; none: the store cannot know (a percentage that is no constant).
std::optional<agg::Reading> ReadingOf(const Expr& call) {
  using Of = agg::Reading::Of;
  switch (call.aggregate) {
    case AggregateKind::kVarSamp:
      return agg::Reading{.of = Of::kVarSamp};
    case AggregateKind::kVarPop:
      return agg::Reading{.of = Of::kVarPop};
    case AggregateKind::kStddevSamp:
      return agg::Reading{.of = Of::kStddevSamp};
    case AggregateKind::kStddevPop:
      return agg::Reading{.of = Of::kStddevPop};
    case AggregateKind::kPercentile: {
      const Expr& p = *call.args[1];
      const auto* constant =
          p.kind == ExprKind::kConstant ? std::get_if<double>(&p.constant.data) : nullptr;
      if (constant == nullptr) return std::nullopt;
      return agg::Reading{.p = *constant};
    }
    case AggregateKind::kCountRows:
    case AggregateKind::kCount:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kMinBy:
    case AggregateKind::kMaxBy:
    case AggregateKind::kApproxDistinct:
    case AggregateKind::kOther:
      break;
  }
  return agg::Reading{};
}

/// The argument; of moments a bigint column comes as a double and is taken as it is, since the
/// state makes doubles of its inputs.
const Expr& ArgumentOf(const Expr& call, agg::Kind kind) {
  const Expr& arg = *call.args[0];
  const bool cast = kind == agg::Kind::kMoments && arg.kind == ExprKind::kCall &&
                    arg.overload == &FindCast(TypeKind::kBigint, TypeKind::kDouble)->overload;
  return cast ? *arg.args[0] : arg;
}

/// What a call takes rows of: its FILTER, and of a CASE without ELSE the one condition, both as a
/// selection of series. `arg` becomes the value behind the CASE. False: the store cannot say it.
bool TakeCondition(const ExprPtr& condition, const TableScan& scan, uint32_t relation,
                   plan::AggregateSlot& slot) {
  TableScan narrowed = scan;
  narrowed.selection = {};
  narrowed.exact = true;
  NarrowSelection(condition, relation, narrowed);
  if (!narrowed.exact || narrowed.selection.time != TimeRange{}) return false;
  const store::Selection& only = narrowed.selection;
  slot.measure.insert(slot.measure.end(), only.measure.begin(), only.measure.end());
  slot.dimensions.insert(slot.dimensions.end(), only.dimensions.begin(), only.dimensions.end());
  return true;
}

bool TakeCase(const Expr*& arg, const TableScan& scan, uint32_t relation,
              plan::AggregateSlot& slot) {
  if (arg->kind != ExprKind::kCase) return true;
  const bool otherwise_null = !arg->has_else || (arg->args.back()->kind == ExprKind::kConstant &&
                                                 arg->args.back()->constant.is_null());
  if (!otherwise_null || arg->args.size() != (arg->has_else ? 3U : 2U)) return false;
  if (!TakeCondition(arg->args[0], scan, relation, slot)) return false;
  arg = arg->args[1].get();
  return true;
}

/// count(DISTINCT x) of what a series has.
bool PushDistinct(const Expr& call, const TableScan& scan, uint32_t relation,
                  plan::AggregateSlot& slot) {
  if (call.aggregate != AggregateKind::kCount) return false;
  const Expr* arg = call.args[0].get();
  if (!TakeCase(arg, scan, relation, slot)) return false;
  if (arg->kind != ExprKind::kColumn || arg->relation != relation) return false;
  const ScanColumn& source = scan.columns[arg->column];
  if (source.source != Source::kDimension && source.source != Source::kMeasureName) return false;
  slot.distinct = true;
  if (source.source == Source::kDimension) slot.of = source.name;
  return true;
}

/// The store's column for the call's argument; false: it has none.
bool PushArgument(const Expr& call, const TableScan& scan, uint32_t relation,
                  store::AggregateColumn& column, plan::AggregateSlot& slot) {
  if (call.aggregate == AggregateKind::kCountRows) {
    column.any_type = true;
    return true;
  }
  const Expr* arg = &ArgumentOf(call, column.kind);
  if (!TakeCase(arg, scan, relation, slot)) return false;
  if (call.aggregate == AggregateKind::kCount && arg->kind == ExprKind::kConstant &&
      !arg->constant.is_null()) {
    column.any_type = true;  // count(1)
    return true;
  }
  if (arg->kind != ExprKind::kColumn || arg->relation != relation) return false;
  const ScanColumn& source = scan.columns[arg->column];
  const bool extreme =
      call.aggregate == AggregateKind::kMin || call.aggregate == AggregateKind::kMax;
  if (extreme && source.source == Source::kTime) {
    column.any_type = true;
    column.type = agg::Type::kTimestamp;
    return true;
  }
  if (call.aggregate == AggregateKind::kCount &&
      (source.source == Source::kTime || source.source == Source::kMeasureName)) {
    column.any_type = true;  // never null
    return true;
  }
  if (source.source != Source::kSingle && source.source != Source::kField) return false;
  column.type = static_cast<agg::Type>(source.value_type);  // the same numbers
  if (source.source == Source::kField) column.field = source.name;
  return agg::CheckSpec({column.kind, column.type}).ok();
}

/// Adds what the call needs of the store to the request, its slot to `slots` and its output.
bool PushCall(const Expr& call, const TableScan& scan, uint32_t relation, plan::TableAggregate& out,
              std::vector<plan::AggregateSlot>& slots) {
  if (call.kind != ExprKind::kAggregate) return false;
  const auto kind = AggKind(call.aggregate);
  const auto reading = ReadingOf(call);
  if (!kind || !reading) return false;
  plan::AggregateSlot slot;
  if (call.filter && !TakeCondition(call.filter, scan, relation, slot)) return false;
  store::AggregateColumn column;
  column.kind = *kind;
  if (call.distinct) {
    if (!PushDistinct(call, scan, relation, slot)) return false;
    column.any_type = true;
  } else if (!PushArgument(call, scan, relation, column, slot)) {
    return false;
  }
  const bool by =
      call.aggregate == AggregateKind::kMinBy || call.aggregate == AggregateKind::kMaxBy;
  if (by) {
    // With a condition the value at the extreme may be a null.
    if (!IsTime(*call.args[1], scan, relation) || !slot.plain()) return false;
  }
  slot.aggregate = AggregateIndex(column, out);
  size_t index = static_cast<size_t>(std::ranges::find(slots, slot) - slots.begin());
  if (index == slots.size()) slots.push_back(std::move(slot));
  if (by) out.complete.push_back(index);
  out.outputs.push_back(
      {plan::TableAggregate::Output::From::kAggregate, index, call.type, *reading});
  return true;
}

/// A key that only slots ask for.
void AddFinerKey(const std::string& dimension, store::AggregateRequest& request) {
  if (std::ranges::find(request.group_by, dimension) == request.group_by.end()) {
    request.group_by.push_back(dimension);
  }
}

/// Slots that are plain aggregates are the request's own; if one is not, the groups become finer.
void Regroup(std::vector<plan::AggregateSlot> slots, plan::TableAggregate& out) {
  if (std::ranges::all_of(slots, &plan::AggregateSlot::plain)) {
    for (auto& output : out.outputs) {
      if (output.from == plan::TableAggregate::Output::From::kAggregate)
        output.index = slots[output.index].aggregate;
    }
    for (size_t& index : out.complete) index = slots[index].aggregate;
    return;
  }
  plan::Regrouping& regrouping = out.regrouping.emplace();
  regrouping.keys = out.request.group_by.size();
  regrouping.measure = out.request.group_by_measure;
  for (const plan::AggregateSlot& slot : slots) {
    if (!slot.measure.empty() || (slot.distinct && slot.of.empty()))
      out.request.group_by_measure = true;
    for (const store::DimensionPredicate& dimension : slot.dimensions)
      AddFinerKey(dimension.dimension, out.request);
    if (slot.distinct && !slot.of.empty()) AddFinerKey(slot.of, out.request);
  }
  regrouping.slots = std::move(slots);
}

}  // namespace

namespace {

/// Has one value for all points of a series.
bool OfSeries(const Expr& expr, const TableScan& scan, uint32_t relation) {
  if (expr.kind >= ExprKind::kAggregate) return false;  // aggregates, windows, sub-queries
  if (expr.kind == ExprKind::kColumn) {
    if (expr.relation != relation) return false;
    const Source source = scan.columns[expr.column].source;
    return source == Source::kDimension || source == Source::kMeasureName;
  }
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [&](const ExprPtr& arg) { return OfSeries(*arg, scan, relation); });
}

/// The same over all points of every series as over the newest ones.
bool OfLastPoints(const Expr& call, const TableScan& scan, uint32_t relation) {
  if (call.kind != ExprKind::kAggregate || call.filter) return false;
  switch (call.aggregate) {
    case AggregateKind::kMax:
      return IsTime(*call.args[0], scan, relation) || OfSeries(*call.args[0], scan, relation);
    case AggregateKind::kMaxBy:
      return IsTime(*call.args[1], scan, relation);
    case AggregateKind::kMin:
      return OfSeries(*call.args[0], scan, relation);
    case AggregateKind::kCount:
      return call.distinct && OfSeries(*call.args[0], scan, relation);
    case AggregateKind::kCountRows:
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
    case AggregateKind::kMinBy:
    case AggregateKind::kVarSamp:
    case AggregateKind::kVarPop:
    case AggregateKind::kStddevSamp:
    case AggregateKind::kStddevPop:
    case AggregateKind::kPercentile:
    case AggregateKind::kApproxDistinct:
    case AggregateKind::kOther:
      return false;
  }
  return false;
}

}  // namespace

bool HasWindow(const plan::Select& select) {
  return std::ranges::any_of(select.outputs, [](const ExprPtr& e) { return HasWindow(*e); }) ||
         std::ranges::any_of(select.order, [](const plan::Sort& s) { return HasWindow(*s.expr); });
}

bool ReadsLastPoints(const plan::Select& select, const TableScan& scan) {
  if (!select.from || !scan.exact) return false;
  const uint32_t relation = select.from->id;
  const auto of_series = [&](const ExprPtr& expr) { return OfSeries(*expr, scan, relation); };
  if (select.aggregation) {
    const plan::Aggregation& aggregation = *select.aggregation;
    return std::ranges::all_of(aggregation.keys, of_series) &&
           std::ranges::all_of(aggregation.calls, [&](const ExprPtr& call) {
             return OfLastPoints(*call, scan, relation);
           });
  }
  if (select.distinct) {
    return std::ranges::all_of(select.outputs, of_series) &&
           std::ranges::all_of(select.order,
                               [&](const plan::Sort& sort) { return of_series(sort.expr); });
  }
  return select.limit && *select.limit + select.offset == 1 && !select.order.empty() &&
         !HasWindow(select) && select.order[0].descending &&
         IsTime(*select.order[0].expr, scan, relation);
}

void NarrowSelection(const ExprPtr& where, uint32_t relation, TableScan& scan) {
  if (where) Narrower(relation, scan).Conjunct(where);
}

std::optional<plan::TableAggregate> PushAggregate(const plan::Select& select,
                                                  const TableScan& scan) {
  if (!select.aggregation || select.aggregation->sets || !select.from || !scan.exact)
    return std::nullopt;
  const uint32_t relation = select.from->id;
  plan::TableAggregate out;
  out.request.selection = scan.selection;
  out.global = select.aggregation->keys.empty();
  for (const ExprPtr& key : select.aggregation->keys) {
    if (!PushKey(*key, scan, relation, out)) return std::nullopt;
  }
  std::vector<plan::AggregateSlot> slots;
  for (const ExprPtr& call : select.aggregation->calls) {
    if (!PushCall(*call, scan, relation, out, slots)) return std::nullopt;
  }
  std::vector<size_t> firsts;
  for (const size_t index : out.complete) firsts.push_back(slots[index].aggregate);
  Regroup(std::move(slots), out);
  // A group exists as soon as it has a row, whatever its type: asking for all rows makes the store
  // look.
  store::AggregateColumn rows;
  rows.any_type = true;
  AggregateIndex(rows, out);
  for (const size_t index : firsts) {
    store::AggregateColumn present = out.request.aggregates[index];
    present.kind = agg::Kind::kCount;
    AggregateIndex(present, out);
  }
  return out;
}

}  // namespace tidemark::sql
