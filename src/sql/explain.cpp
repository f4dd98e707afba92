// SPDX-License-Identifier: Apache-2.0
#include "sql/explain.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/time.h"

namespace tidemark::sql {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string Predicate(std::string_view name, const store::TextPredicate& predicate) {
  using Op = store::TextPredicate::Op;
  std::string values;
  for (const std::string& value : predicate.values)
    values += (values.empty() ? "" : ", ") + Quoted(value);
  std::string escape;
  if (predicate.like_escape != '\0') escape = fmt::format(" ESCAPE '{}'", predicate.like_escape);
  const bool one = predicate.values.size() == 1;
  switch (predicate.op) {
    case Op::kIn:
      return one ? fmt::format("{} = {}", name, values) : fmt::format("{} IN ({})", name, values);
    case Op::kNotIn:
      return one ? fmt::format("{} <> {}", name, values)
                 : fmt::format("{} NOT IN ({})", name, values);
    case Op::kLike:
      return fmt::format("{} LIKE {}{}", name, values, escape);
    case Op::kNotLike:
      return fmt::format("{} NOT LIKE {}{}", name, values, escape);
    case Op::kLess:
      return fmt::format("{} < {}", name, values);
    case Op::kLessEqual:
      return fmt::format("{} <= {}", name, values);
    case Op::kGreater:
      return fmt::format("{} > {}", name, values);
    case Op::kGreaterEqual:
      return fmt::format("{} >= {}", name, values);
    case Op::kRegex:
      return fmt::format("regexp_like({}, {})", name, values);
    case Op::kNotRegex:
      return fmt::format("NOT regexp_like({}, {})", name, values);
  }
  return {};
}

void AddSelection(const store::Selection& selection, std::vector<std::string>& lines) {
  const bool from = selection.time.start > kEventTimeMin;
  const bool to = selection.time.end < kEventTimeMax;
  if (selection.time.empty()) {
    lines.emplace_back("  time: none");
  } else if (from || to) {
    lines.push_back(fmt::format("  time: [{}, {})",
                                from ? FormatSqlTimestamp(selection.time.start) : "-",
                                to ? FormatSqlTimestamp(selection.time.end) : "-"));
  } else {
    lines.emplace_back("  time: all");
  }
  for (const store::TextPredicate& predicate : selection.measure) {
    lines.push_back("  measure: " + Predicate("measure_name", predicate));
  }
  for (const store::DimensionPredicate& dimension : selection.dimensions) {
    lines.push_back("  dimension: " + Predicate(dimension.dimension, dimension.predicate));
  }
}

/// What the read touches; nothing where the store cannot say (a bad pattern fails when it runs).
store::ReadEstimate EstimateOf(store::Store& store, const store::AggregateRequest& request) {
  const Result<store::ReadEstimate> estimate = store.Estimate(request);
  return estimate.ok() ? *estimate : store::ReadEstimate{};
}

void AddEstimate(const store::ReadEstimate& estimate, std::vector<std::string>& lines) {
  lines.push_back(fmt::format("  series: {} of {}", estimate.series, estimate.series_total));
  lines.push_back(fmt::format("  chunks: read {}, skipped {}, by statistics {}",
                              estimate.chunks_read, estimate.chunks_skipped,
                              estimate.chunks_by_statistics));
  lines.push_back(fmt::format("  points: {}", estimate.points));
}

void AddScan(const plan::TableScan& scan, store::Store& store, std::vector<std::string>& lines) {
  lines.push_back("scan " + scan.table_name);
  lines.emplace_back("  pushdown: scan");
  AddSelection(scan.selection, lines);
  if (scan.kind == plan::TableScan::Kind::kViewRowsAt) {
    lines.push_back("  as of: " + (scan.as_of ? FormatSqlTimestamp(*scan.as_of) : "a parameter") +
                    ", from the rows and their revision log");
  } else if (scan.kind == plan::TableScan::Kind::kViewRevisions) {
    lines.emplace_back("  revisions: of these rows, from their log");
  }
  std::string columns;
  for (const plan::ScanColumn& column : scan.columns) {
    if (!column.used || column.source == plan::ScanColumn::Source::kSeriesKey) continue;
    columns += (columns.empty() ? "" : ", ") + column.name;
  }
  lines.push_back("  columns: " + (columns.empty() ? "none" : columns));
  lines.emplace_back(scan.exact ? "  filter: complete" : "  filter: rest evaluated after the scan");
  if (scan.last_points) lines.emplace_back("  points: the newest of each series");
  if (scan.points_limit != UINT64_MAX)
    lines.push_back(
        fmt::format("  limit: {} {}", scan.points_limit, scan.reads_log() ? "rows" : "points"));
  store::AggregateRequest request;
  request.selection = scan.selection;
  AddEstimate(EstimateOf(store, request), lines);
}

std::string AggregateText(const store::AggregateColumn& column) {
  if (column.any_type) {
    return column.kind == agg::Kind::kCount ? std::string("count(*)")
                                            : fmt::format("{}(time)", agg::KindName(column.kind));
  }
  const std::string argument =
      column.field.empty()
          ? fmt::format("measure_value::{}",
                        store::ValueTypeName(static_cast<store::ValueType>(column.type)))
          : column.field;
  return fmt::format("{}({})", agg::KindName(column.kind), argument);
}

std::string KeysText(const store::AggregateRequest& request) {
  std::string keys;
  for (const std::string& dimension : request.group_by)
    keys += (keys.empty() ? "" : ", ") + dimension;
  if (request.group_by_measure) keys += std::string(keys.empty() ? "" : ", ") + "measure_name";
  if (request.bins) {
    keys += fmt::format("{}bin(time, {})", keys.empty() ? "" : ", ",
                        FormatDuration(request.bins->width));
  }
  return keys.empty() ? "nothing" : keys;
}

std::string SlotText(const store::AggregateRequest& request, const plan::AggregateSlot& slot) {
  std::string text =
      slot.distinct ? fmt::format("count(DISTINCT {})", slot.of.empty() ? "measure_name" : slot.of)
                    : AggregateText(request.aggregates[slot.aggregate]);
  std::string conditions;
  const auto add = [&](std::string_view name, const store::TextPredicate& predicate) {
    conditions += (conditions.empty() ? "" : " AND ") + Predicate(name, predicate);
  };
  for (const store::TextPredicate& predicate : slot.measure) add("measure_name", predicate);
  for (const store::DimensionPredicate& dimension : slot.dimensions)
    add(dimension.dimension, dimension.predicate);
  return conditions.empty() ? text : fmt::format("{} of {}", text, conditions);
}

void AddAggregate(const plan::Plan& plan, const plan::TableAggregate& aggregate,
                  store::Store& store, std::vector<std::string>& lines) {
  lines.push_back("aggregate " + plan.scans[aggregate.scan].table_name);
  const store::ReadEstimate estimate = EstimateOf(store, aggregate.request);
  const bool statistics = estimate.chunks_by_statistics > 0 && estimate.chunks_read == 0;
  lines.emplace_back(statistics ? "  pushdown: statistics" : "  pushdown: aggregate");
  AddSelection(aggregate.request.selection, lines);
  lines.push_back("  group by: " + KeysText(aggregate.request));
  std::string aggregates;
  for (const auto& output : aggregate.outputs) {
    if (output.from != plan::TableAggregate::Output::From::kAggregate) continue;
    const std::string text =
        aggregate.regrouping
            ? SlotText(aggregate.request, aggregate.regrouping->slots[output.index])
            : AggregateText(aggregate.request.aggregates[output.index]);
    aggregates += (aggregates.empty() ? "" : ", ") + text;
  }
  if (aggregate.regrouping) {
    store::AggregateRequest asked = aggregate.request;
    asked.group_by.resize(aggregate.regrouping->keys);
    asked.group_by_measure = aggregate.regrouping->measure;
    lines.push_back("  put together by: " + KeysText(asked));
  }
  lines.push_back("  aggregates: " + (aggregates.empty() ? "none" : aggregates));
  AddEstimate(estimate, lines);
}

void AddDamage(const plan::TableScan& scan, store::Store& store, std::vector<std::string>& lines) {
  const TimeRange& time = scan.selection.time;
  for (const store::DamagedRange& damaged : store.Damaged(scan.selection.table)) {
    if (damaged.time.end <= time.start || time.end <= damaged.time.start) continue;
    lines.push_back(fmt::format("{}: {} from {} to {}",
                                damaged.accepted ? "known gap" : "damaged, not readable",
                                damaged.file, FormatSqlTimestamp(damaged.time.start),
                                FormatSqlTimestamp(damaged.time.end)));
  }
}

}  // namespace

std::vector<std::string> ExplainDamage(const plan::Plan& plan, store::Store& store) {
  std::vector<std::string> lines;
  for (const plan::TableScan& scan : plan.scans) AddDamage(scan, store, lines);
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

std::vector<std::string> Explain(const plan::Plan& plan, store::Store& store) {
  std::vector<std::string> lines;
  for (const plan::TableAggregate& aggregate : plan.aggregates)
    AddAggregate(plan, aggregate, store, lines);
  for (const plan::TableScan& scan : plan.scans) {
    if (!scan.replaced) AddScan(scan, store, lines);
  }
  if (lines.empty()) lines.emplace_back("pushdown: none");
  return lines;
}

}  // namespace tidemark::sql
