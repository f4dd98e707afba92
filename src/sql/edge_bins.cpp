// SPDX-License-Identifier: Apache-2.0
#include "sql/edge_bins.h"

#include <algorithm>
#include <limits>

#include "sql/aggregate_reader.h"

namespace tidemark::sql {
namespace {

constexpr uint64_t kWantedMax = 4096;  // beyond it the range is rarely much shorter

int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

}  // namespace

std::optional<EdgeBins> EdgeBins::Of(const plan::Select& select,
                                     const plan::TableAggregate& aggregate) {
  using From = plan::TableAggregate::Output::From;
  if (!select.limit || select.order.empty() || !aggregate.request.bins ||
      aggregate.request.bins->width.count() <= 0) {
    return std::nullopt;
  }
  const auto key = [](const auto& output) {
    return output.from == From::kGroupKey || output.from == From::kMeasureName;
  };
  if (std::ranges::any_of(aggregate.outputs, key)) return std::nullopt;
  const plan::Sort& sort = select.order[0];
  const bool by_bin = sort.expr->kind == plan::ExprKind::kColumn &&
                      sort.expr->relation == select.aggregation->id &&
                      aggregate.outputs[sort.expr->column].from == From::kBin;
  const uint64_t wanted = static_cast<uint64_t>(std::max<int64_t>(*select.limit, 0)) +
                          static_cast<uint64_t>(std::max<int64_t>(select.offset, 0));
  if (!by_bin || wanted == 0 || wanted > kWantedMax) return std::nullopt;
  return EdgeBins(*aggregate.request.bins, sort.descending, wanted);
}

Result<std::optional<EventTime>> EdgeBins::Find(const plan::TableAggregate& aggregate,
                                                store::Store& store, Control& control) const {
  plan::TableAggregate asked;
  asked.scan = aggregate.scan;
  asked.request.selection = aggregate.request.selection;
  store::AggregateColumn time;
  time.kind = newest_ ? agg::Kind::kMax : agg::Kind::kMin;
  time.type = agg::Type::kTimestamp;
  time.any_type = true;
  asked.request.aggregates = {time};
  TM_ASSIGN_OR_RETURN(const auto reader, AggregateReader::Open(asked, store, control));
  std::vector<store::AggregateRow> rows;
  TM_RETURN_IF_ERROR(reader->Next(1, rows));
  if (rows.empty()) return std::optional<EventTime>();
  TM_ASSIGN_OR_RETURN(const agg::Scalar edge, rows[0].states[0].Finish());
  const auto* at = std::get_if<EventTime>(&edge);
  return at == nullptr ? std::optional<EventTime>() : *at;
}

TimeRange EdgeBins::Around(EventTime edge, uint64_t bins, TimeRange all) const {
  const int64_t first = FloorTo(edge, bins_.width, bins_.offset).ns;
  int64_t span = 0;
  if (bins > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) ||
      __builtin_mul_overflow(static_cast<int64_t>(bins), bins_.width.count(), &span)) {
    return all;
  }
  if (newest_) {
    const int64_t start = SaturatingAdd(SaturatingAdd(first, bins_.width.count()), -span);
    return {{std::max(all.start.ns, start)}, all.end};
  }
  return {all.start, {std::min(all.end.ns, SaturatingAdd(first, span))}};
}

}  // namespace tidemark::sql
