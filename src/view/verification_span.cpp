// SPDX-License-Identifier: Apache-2.0
// Which time a verification has to look at.
#include <algorithm>
#include <utility>

#include "view/verification_internal.h"

namespace tidemark::view {

namespace {

void Extend(std::optional<TimeRange>& span, const TimeRange& by) {
  span = span ? TimeRange{std::min(span->start, by.start), std::max(span->end, by.end)} : by;
}

Result<std::optional<TimeRange>> SpanOf(store::Store& store, store::Selection selection) {
  store::AggregateRequest ask;
  ask.selection = std::move(selection);
  ask.bins = store::Bins{};
  for (const agg::Kind kind : {agg::Kind::kMin, agg::Kind::kMax}) {
    ask.aggregates.push_back(
        {.kind = kind, .type = agg::Type::kTimestamp, .field = {}, .any_type = true});
  }
  TM_ASSIGN_OR_RETURN(const auto cursor, store.Aggregate(ask));
  std::optional<TimeRange> span;
  std::vector<store::AggregateRow> rows;
  for (;;) {
    TM_RETURN_IF_ERROR(cursor->Next(64, rows));
    if (rows.empty()) return span;
    for (const store::AggregateRow& row : rows) {
      TM_ASSIGN_OR_RETURN(const auto least, row.states[0].Finish());
      TM_ASSIGN_OR_RETURN(const auto most, row.states[1].Finish());
      const auto* first = std::get_if<EventTime>(&least);
      const auto* last = std::get_if<EventTime>(&most);
      if (first == nullptr || last == nullptr) continue;
      Extend(span, {*first, *last + nanoseconds(1)});
    }
  }
}

/// .. of the parts of all time that can be read, and of damage.
Result<std::optional<TimeRange>> SpanAround(store::Store& store,
                                            const store::Selection& selection) {
  std::vector<TimeRange> unreadable;
  for (const store::DamagedRange& damaged : store.Damaged(selection.table)) {
    if (!damaged.accepted) unreadable.push_back(damaged.time);
  }
  std::optional<TimeRange> span;
  for (const TimeRange& range : unreadable) Extend(span, range);
  for (const TimeRange& range : RangeSet(std::move(unreadable)).Outside({})) {
    store::Selection part = selection;
    part.time = range;
    TM_ASSIGN_OR_RETURN(const auto one, SpanOf(store, std::move(part)));
    if (one) Extend(span, *one);
  }
  return span;
}

}  // namespace

/// Damage that nobody knew of is known once a read has met it.
Result<std::optional<TimeRange>> FindSpan(store::Store& store, const store::Selection& selection) {
  auto span = SpanAround(store, selection);
  if (!span.ok() && span.error().code == Code::kCorruption) return SpanAround(store, selection);
  return span;
}

}  // namespace tidemark::view
