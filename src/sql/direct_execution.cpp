// SPDX-License-Identifier: Apache-2.0
//  1. A plan fits if it selects from a pushed-down grouping only and every output is a column of
//  it, a
//     constant, or a function that folds (functions.h) over such.
//  2. ORDER BY is over columns and outputs; equal rows are put in an order of their own, as they
//     may be in SQL.
//  3. Without ORDER BY rows stream.
//  4. The newest bins of a series of bins are read alone (edge_bins.h).
#include "sql/direct_execution.h"

#include <algorithm>
#include <cmath>

#include "sql/aggregate_reader.h"
#include "sql/edge_bins.h"

namespace tidemark::sql {
namespace {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;
using From = plan::TableAggregate::Output::From;
using Row = std::vector<Value>;

constexpr size_t kChunkRows = 2048;
constexpr uint64_t kWiden = 8;

bool Evaluable(const Expr& expr, uint32_t relation) {
  if (!expr.type.scalar()) return false;
  if (expr.kind == ExprKind::kConstant) return true;
  if (expr.kind == ExprKind::kColumn) return expr.relation == relation;
  if (expr.kind != ExprKind::kCall || expr.overload == nullptr || expr.overload->fold == nullptr ||
      expr.emit != expr.overload->emit) {
    return false;
  }
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [&](const ExprPtr& arg) { return Evaluable(*arg, relation); });
}

Result<Value> Evaluate(const Expr& expr, const Row& row) {
  if (expr.kind == ExprKind::kConstant) return expr.constant;
  if (expr.kind == ExprKind::kColumn) return row[expr.column];
  std::vector<Value> args;
  args.reserve(expr.args.size());
  for (const ExprPtr& arg : expr.args) {
    TM_ASSIGN_OR_RETURN(Value value, Evaluate(*arg, row));
    if (value.is_null()) return Value{};
    args.push_back(std::move(value));
  }
  return expr.overload->fold(args);
}

/// Negative, 0 or positive, for two values that are not null. NaN is the greatest, as in the
/// engine.
int Compare(const Value& a, const Value& b) {
  if (const auto* left = std::get_if<double>(&a.data)) {
    const double right = std::get<double>(b.data);
    if (std::isnan(*left) || std::isnan(right)) {
      return static_cast<int>(std::isnan(*left)) - static_cast<int>(std::isnan(right));
    }
    return static_cast<int>(*left > right) - static_cast<int>(*left < right);
  }
  if (const auto* left = std::get_if<std::string>(&a.data)) {
    return left->compare(std::get<std::string>(b.data));
  }
  if (const auto* left = std::get_if<bool>(&a.data)) {
    return static_cast<int>(*left) - static_cast<int>(std::get<bool>(b.data));
  }
  const int64_t left = std::get<int64_t>(a.data);
  const int64_t right = std::get<int64_t>(b.data);
  return static_cast<int>(left > right) - static_cast<int>(left < right);
}

Value ToValue(agg::Scalar scalar) {
  Value value;
  if (auto* number = std::get_if<double>(&scalar)) {
    value.data = *number;
  } else if (auto* integer = std::get_if<int64_t>(&scalar)) {
    value.data = *integer;
  } else if (auto* text = std::get_if<std::string>(&scalar)) {
    value.data = std::move(*text);
  } else if (auto* flag = std::get_if<bool>(&scalar)) {
    value.data = *flag;
  } else if (auto* time = std::get_if<EventTime>(&scalar)) {
    value.data = time->ns;
  }
  return value;
}

/// The select list, evaluated, and what it is sorted by.
struct Answer {
  Row outputs;
  Row keys;
};

class Direct final : public Execution {
 public:
  Direct(const plan::Plan& plan, store::Store& store, Control& control, size_t rows_max)
      : select_(*plan.query.select),
        aggregate_(plan.aggregates[*select_.aggregation->pushed]),
        store_(store),
        control_(control),
        rows_max_(rows_max),
        skip_(static_cast<uint64_t>(std::max<int64_t>(select_.offset, 0))),
        left_(select_.limit ? static_cast<uint64_t>(*select_.limit) : UINT64_MAX) {}

  Result<bool> Next(RowChunk& out) override {
    if (reader_ == nullptr) TM_RETURN_IF_ERROR(Open());
    while (left_ > 0) {
      if (at_ == ready_.size()) {
        if (!select_.order.empty()) return false;
        ready_.clear();
        at_ = 0;
        TM_RETURN_IF_ERROR(Read());
        if (ready_.empty()) return false;
      }
      const size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_, ready_.size() - at_));
      skip_ -= skipped;
      at_ += skipped;
      const auto count =
          static_cast<size_t>(std::min<uint64_t>({left_, ready_.size() - at_, kChunkRows}));
      if (count == 0) continue;
      Emit(count, out);
      return true;
    }
    return false;
  }
  /// Control::Check() is asked between batches of groups.
  void Interrupt() override {}

 private:
  Result<void> Open() {
    if (const std::optional<EdgeBins> edge = EdgeBins::Of(select_, aggregate_)) {
      return OpenAtEdge(*edge);
    }
    return OpenOver(aggregate_);
  }

  Result<void> OpenOver(const plan::TableAggregate& aggregate) {
    TM_ASSIGN_OR_RETURN(reader_, AggregateReader::Open(aggregate, store_, control_));
    return select_.order.empty() ? Result<void>() : Sort();
  }

  /// What the last, widest read gives is the answer: no other read is mixed with it.
  Result<void> OpenAtEdge(const EdgeBins& edge) {
    TM_ASSIGN_OR_RETURN(const std::optional<EventTime> time,
                        edge.Find(aggregate_, store_, control_));
    const TimeRange all = aggregate_.request.selection.time;
    for (uint64_t bins = edge.wanted(); time; bins *= kWiden) {
      narrowed_ = aggregate_;
      narrowed_.request.selection.time = edge.Around(*time, bins, all);
      if (narrowed_.request.selection.time == all) break;
      TM_RETURN_IF_ERROR(OpenOver(narrowed_));
      if (ready_.size() >= edge.wanted()) return {};
      ready_.clear();
    }
    return OpenOver(aggregate_);
  }

  /// Appends the next groups.
  Result<void> Read() {
    TM_RETURN_IF_ERROR(reader_->Next(kChunkRows, groups_));
    for (const store::AggregateRow& group : groups_) {
      Row row;
      row.reserve(aggregate_.outputs.size());
      for (const auto& output : aggregate_.outputs) {
        TM_ASSIGN_OR_RETURN(Value value, ValueOf(group, output));
        row.push_back(std::move(value));
      }
      Answer answer;
      for (const ExprPtr& expr : select_.outputs) {
        TM_ASSIGN_OR_RETURN(Value value, Evaluate(*expr, row));
        answer.outputs.push_back(std::move(value));
      }
      for (const plan::Sort& sort : select_.order) {
        TM_ASSIGN_OR_RETURN(Value value, Evaluate(*sort.expr, row));
        answer.keys.push_back(std::move(value));
      }
      ready_.push_back(std::move(answer));
    }
    return {};
  }

  Result<Value> ValueOf(const store::AggregateRow& group,
                        const plan::TableAggregate::Output& output) const {
    Value value;
    switch (output.from) {
      case From::kGroupKey:
        if (const auto& key = group.keys[output.index]) value.data = *key;
        break;
      case From::kMeasureName:
        if (const auto& key = group.keys[aggregate_.measure_key()]) value.data = *key;
        break;
      case From::kBin:
        value.data = group.bin.ns;
        break;
      case From::kAggregate: {
        TM_ASSIGN_OR_RETURN(agg::Scalar scalar, reader_->Value(group, output));
        return ToValue(std::move(scalar));
      }
    }
    return value;
  }

  bool Before(const Answer& a, const Answer& b) const {
    for (size_t i = 0; i < select_.order.size(); ++i) {
      const plan::Sort& sort = select_.order[i];
      const bool null_a = a.keys[i].is_null();
      const bool null_b = b.keys[i].is_null();
      if (null_a || null_b) {
        if (null_a == null_b) continue;
        return null_a == sort.nulls_first;
      }
      const int order = Compare(a.keys[i], b.keys[i]);
      if (order != 0) return sort.descending ? order > 0 : order < 0;
    }
    return false;
  }

  /// Of a short LIMIT only the rows that can still come out are held.
  Result<void> Sort() {
    const auto before = [this](const Answer& a, const Answer& b) { return Before(a, b); };
    const uint64_t wanted = left_ > UINT64_MAX - skip_ ? UINT64_MAX : left_ + skip_;
    const auto keep = static_cast<size_t>(std::min<uint64_t>(wanted, rows_max_));
    while (true) {
      const size_t had = ready_.size();
      TM_RETURN_IF_ERROR(Read());
      if (ready_.size() == had) break;
      if (wanted <= rows_max_ / 2 && ready_.size() > 2 * keep + kChunkRows) {
        const auto end = ready_.begin() + static_cast<std::ptrdiff_t>(keep);
        std::nth_element(ready_.begin(), end, ready_.end(), before);
        ready_.erase(end, ready_.end());
      } else if (ready_.size() > rows_max_ + kChunkRows) {
        control_.RefuseDirect();
        return Error{Code::kFailedPrecondition, "more rows than are sorted outside the engine"};
      }
    }
    std::sort(ready_.begin(), ready_.end(), before);
    return {};
  }

  void Emit(size_t count, RowChunk& out) {
    const size_t columns = select_.outputs.size();
    out.Reset(count, columns);
    for (size_t row = 0; row < count; ++row, ++at_) {
      for (size_t c = 0; c < columns; ++c) out.at(row, c) = std::move(ready_[at_].outputs[c]);
    }
    left_ -= count;
  }

  const plan::Select& select_;
  const plan::TableAggregate& aggregate_;
  store::Store& store_;
  Control& control_;
  const size_t rows_max_;
  plan::TableAggregate narrowed_;  // of fewer bins; the reader may read it
  std::unique_ptr<AggregateReader> reader_;
  std::vector<store::AggregateRow> groups_;
  std::vector<Answer> ready_;  // rows from `at_` on are to be given out
  size_t at_ = 0;
  uint64_t skip_ = 0;
  uint64_t left_ = 0;
};

}  // namespace

bool RunsDirectly(const plan::Plan& plan) {
  const plan::Query& query = plan.query;
  if (!query.select || !query.ctes.empty() || plan.aggregates.size() != 1) return false;
  const plan::Select& select = *query.select;
  if (select.distinct || select.having || !select.aggregation || !select.aggregation->pushed) {
    return false;
  }
  const auto fits = [&](const ExprPtr& expr) { return Evaluable(*expr, select.aggregation->id); };
  return std::all_of(select.outputs.begin(), select.outputs.end(), fits) &&
         std::all_of(select.order.begin(), select.order.end(),
                     [&](const plan::Sort& sort) { return fits(sort.expr); });
}

std::unique_ptr<Execution> DirectExecution(const plan::Plan& plan, store::Store& store,
                                           Control& control, size_t rows_max) {
  return std::make_unique<Direct>(plan, store, control, rows_max);
}

}  // namespace tidemark::sql
