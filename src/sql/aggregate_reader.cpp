// SPDX-License-Identifier: Apache-2.0
#include "sql/aggregate_reader.h"

#include <algorithm>

#include <fmt/format.h>

namespace tidemark::sql {
namespace {

constexpr size_t kFinerRows = 4096;

/// First and last leave nulls out; SQL does not: they are right only where nothing was null.
bool Complete(const plan::TableAggregate& aggregate, const store::AggregateRow& row) {
  return std::all_of(aggregate.complete.begin(), aggregate.complete.end(),
                     [&](size_t index) { return row.states[index].count() == row.points; });
}

/// As the execution engine's own.
Error TooLarge() {
  return {Code::kNoSpace, "the query needs more memory than sql.memory_max allows"};
}

store::AggregateRow EmptyRow(const plan::TableAggregate& aggregate) {
  store::AggregateRow row;
  const auto add = [&row](const store::AggregateColumn& column) {
    row.states.emplace_back(column.spec());
  };
  if (aggregate.regrouping) {
    for (const auto& slot : aggregate.regrouping->slots)
      add(aggregate.request.aggregates[slot.aggregate]);
  } else {
    for (const store::AggregateColumn& column : aggregate.request.aggregates) add(column);
  }
  return row;
}

}  // namespace

Result<std::unique_ptr<AggregateReader>> AggregateReader::Open(
    const plan::TableAggregate& aggregate, store::Store& store, Control& control) {
  TM_RETURN_IF_ERROR(control.Check());
  std::unique_ptr<AggregateReader> reader(new AggregateReader(aggregate, control));
  if (aggregate.regrouping) {
    TM_ASSIGN_OR_RETURN(reader->regrouper_, Regrouper::Make(aggregate));
  }
  store::AggregateRequest request = aggregate.request;
  request.memory_bytes_max = control.memory_bytes_max();
  request.series_done = &control.series_done();
  TM_ASSIGN_OR_RETURN(reader->cursor_, store.Aggregate(request));
  control.NoteGaps(reader->cursor_->gaps());
  control.ExpectSeries(reader->cursor_->series_count());
  return reader;
}

Result<void> AggregateReader::Read(size_t rows_max, std::vector<store::AggregateRow>& out) {
  TM_RETURN_IF_ERROR(control_.Check());
  out.clear();
  if (done_) return {};
  if (Result<void> read = cursor_->Next(rows_max, out); !read.ok()) {
    return read.error().code == Code::kNoSpace ? TooLarge() : std::move(read).error();
  }
  done_ = out.empty();
  uint64_t points = 0;
  for (const store::AggregateRow& row : out) points += row.points;
  control_.CountAggregated(points, out.size() * aggregate_.outputs.size() * sizeof(int64_t));
  return {};
}

Result<void> AggregateReader::ReadRegrouped(size_t rows_max,
                                            std::vector<store::AggregateRow>& out) {
  while (!done_) {
    TM_RETURN_IF_ERROR(Read(kFinerRows, finer_));
    TM_RETURN_IF_ERROR(regrouper_->Add(finer_));
    if (regrouper_->heap_bytes() > control_.memory_bytes_max()) {
      control_.RefusePushdown();  // the execution engine can put groups on disk
      return TooLarge();
    }
  }
  regrouper_->Take(rows_max, out);
  return {};
}

Result<void> AggregateReader::Next(size_t rows_max, std::vector<store::AggregateRow>& out) {
  if (regrouper_) {
    TM_RETURN_IF_ERROR(ReadRegrouped(rows_max, out));
  } else {
    TM_RETURN_IF_ERROR(Read(rows_max, out));
  }
  if (out.empty() && aggregate_.global && !any_) out.push_back(EmptyRow(aggregate_));
  any_ |= !out.empty();
  for (const store::AggregateRow& row : out) {
    if (!Complete(aggregate_, row)) {
      control_.RefusePushdown();
      return Error{Code::kFailedPrecondition, "a null among the values of first or last"};
    }
  }
  return {};
}

Result<agg::Scalar> AggregateReader::Value(const store::AggregateRow& row,
                                           const plan::TableAggregate::Output& output) const {
  Result<agg::Scalar> value = row.states[output.index].Finish(output.reading);
  if (value.ok() || value.error().code != Code::kOutOfRange) return value;
  const agg::Kind kind = row.states[output.index].kind();
  return Error{Code::kInvalidArgument,
               fmt::format("{}: the result is out of the range of bigint", agg::KindName(kind))};
}

}  // namespace tidemark::sql
