// SPDX-License-Identifier: Apache-2.0
#include "sql/aggregate_sharing.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sql/binder_internal.h"

namespace tidemark::sql {

using plan::Expr;
using plan::ExprKind;
using plan::ExprPtr;

namespace {

/// x, array of p, place in it.
const AggregateOverload& SharedPercentile() {
  static const AggregateOverload shared{
      "approx_percentile",
      AggregateKind::kOther,
      {AggregateParam::kScalar, AggregateParam::kPercentages, AggregateParam::kBigint},
      AggregateResult::kFirst,
      "list_extract(tm_percentiles($d$1, $2)$m, $3)"};
  return shared;
}

bool IsCandidate(const Expr& call) {
  return call.kind == ExprKind::kAggregate && call.aggregate == AggregateKind::kPercentile &&
         call.args[1]->kind == ExprKind::kConstant && !call.args[1]->constant.is_null();
}

/// Both read the same values.
bool OfOneState(const Expr& a, const Expr& b) {
  const bool filters = (a.filter == nullptr) == (b.filter == nullptr) &&
                       (a.filter == nullptr || plan::Same(*a.filter, *b.filter));
  return IsCandidate(a) && IsCandidate(b) && filters && a.distinct == b.distinct &&
         plan::Same(*a.args[0], *b.args[0]);
}

ExprPtr ElementOf(const Expr& call, const ExprPtr& percentages, size_t index) {
  auto out = std::make_shared<Expr>(call);
  out->aggregate = AggregateKind::kOther;
  out->function = &SharedPercentile();
  out->args = {call.args[0], percentages,
               Constant(TypeKind::kBigint, {static_cast<int64_t>(index + 1)}, call.place)};
  return out;
}

}  // namespace

std::vector<ExprPtr> WithSharedStates(std::span<const ExprPtr> calls) {
  std::vector<ExprPtr> out(calls.begin(), calls.end());
  for (size_t i = 0; i < calls.size(); ++i) {
    if (out[i] != calls[i] || !IsCandidate(*calls[i])) continue;
    std::vector<size_t> group;
    Value::List percentages;
    for (size_t j = i; j < calls.size(); ++j) {
      if (!OfOneState(*calls[i], *calls[j])) continue;
      group.push_back(j);
      percentages.push_back(calls[j]->args[1]->constant);
    }
    if (group.size() < 2) continue;
    const ExprPtr all =
        Constant(Type::Array(TypeKind::kDouble), {std::move(percentages)}, calls[i]->place);
    for (size_t k = 0; k < group.size(); ++k) out[group[k]] = ElementOf(*calls[group[k]], all, k);
  }
  return out;
}

}  // namespace tidemark::sql
