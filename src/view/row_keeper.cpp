// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "view/row_keeper_internal.h"

namespace tidemark::view {
namespace {

constexpr size_t kPointsPerWrite = 4096;
constexpr milliseconds kRetryAfter{20};

store::ValueView ValueAt(const store::ColumnView& column, size_t i) {
  if (!column.valid.empty() && column.valid[i] == 0) return {};
  switch (column.type) {
    case store::ValueType::kDouble:
      return store::ValueView::Double(column.doubles[i]);
    case store::ValueType::kBigint:
      return store::ValueView::Bigint(column.bigints[i]);
    case store::ValueType::kVarchar:
      return store::ValueView::Varchar(column.texts[i]);
    case store::ValueType::kBoolean:
      return store::ValueView::Boolean(column.booleans[i] != 0);
    case store::ValueType::kTimestamp:
      return store::ValueView::Timestamp(column.timestamps[i]);
    case store::ValueType::kNone:
    case store::ValueType::kMulti:
      break;
  }
  return {};
}

}  // namespace

RowKeeper::RowKeeper(store::Store& store, const Clock& clock, std::function<void()> wake,
                     const ViewDefinition& definition)
    : store_(store), clock_(clock), wake_(std::move(wake)), definition_(definition) {}

Result<Progress> RowKeeper::Step() {
  if (inflight_ != nullptr) {
    std::optional<Result<store::WriteReply>> reply;
    {
      const MutexLock lock(inflight_->mutex);
      reply.swap(inflight_->reply);
    }
    if (!reply) return Progress{};  // its completion wakes the task
    inflight_.reset();
    if (!reply->ok()) {
      if (reply->error().code != Code::kResourceExhausted) return std::move(*reply).error();
      retry_at_ = clock_.Monotonic() + kRetryAfter;
    } else if (!(*reply)->rejections.empty()) {
      return Error{Code::kFailedPrecondition,
                   "a row of view " + definition_.name +
                       " cannot be kept: " + (*reply)->rejections.front().text};
    } else {
      points_.clear();
      fields_.clear();
    }
  }
  if (retry_at_) {
    if (clock_.Monotonic() < *retry_at_) return Progress{.more = false, .wake_at = retry_at_};
    retry_at_.reset();
  }
  while (points_.empty()) {
    TM_ASSIGN_OR_RETURN(const bool more, TakeSlice());
    if (!more) {
      done_ = true;
      return Progress{};
    }
  }
  Send();
  return Progress{.more = true, .wake_at = std::nullopt};
}

/// The next points, of one series; false: there are no more.
Result<bool> RowKeeper::TakeSlice() {
  if (cursor_ == nullptr) {
    store::ScanRequest scan;
    scan.selection.table = definition_.target;
    scan.selection.owners = {store::OwnerFilter::Kind::kView, definition_.owner()};
    scan.rows_wanted = true;
    scan.versions_wanted = true;
    TM_ASSIGN_OR_RETURN(cursor_, store_.Scan(scan));
  }
  if (next_ >= slice_.times.size()) {
    TM_ASSIGN_OR_RETURN(const bool more, cursor_->Next(buffer_, slice_));
    if (!more) return false;
    next_ = 0;
    std::vector<store::DimensionView> dimensions;
    for (const store::Dimension& d : slice_.series->dimensions) {
      dimensions.push_back({d.name, d.value});
    }
    const store::SeriesKeyView key{.table = definition_.target,
                                   .measure = slice_.series->measure,
                                   .dimensions = dimensions,
                                   .type = slice_.series->type,
                                   .owner = {}};
    TM_ASSIGN_OR_RETURN(const auto resolved, store_.Resolve(std::span(&key, 1)));
    if (resolved.front().rejection != store::RejectReason::kNone) {
      return Error{Code::kFailedPrecondition, "rows of view " + definition_.name +
                                                  " cannot be kept: " + resolved.front().text};
    }
    target_ = resolved.front().series;
  }
  const size_t end = std::min(slice_.times.size(), next_ + kPointsPerWrite);
  for (; next_ < end; ++next_) {
    const store::RowInfo& row = slice_.rows[next_];
    const bool preliminary = row.revision == 0 && row.window_start < row.window_end;
    if (preliminary || slice_.columns.empty()) continue;
    store::PointView& point = points_.emplace_back();
    point.series = target_;
    point.time = slice_.times[next_];
    point.version = slice_.versions[next_];
    point.arrival = clock_.Now();
    point.value = ValueOf(next_);
  }
  return true;
}

store::ValueView RowKeeper::ValueOf(size_t i) {
  if (slice_.series->type != store::ValueType::kMulti) return ValueAt(slice_.columns[0], i);
  std::vector<store::FieldView>& fields = fields_.emplace_back();
  for (const store::ColumnView& column : slice_.columns) {
    const store::ValueView value = ValueAt(column, i);
    if (value.type() != store::ValueType::kNone) fields.push_back({column.name, value});
  }
  return store::ValueView::Multi(fields);
}

void RowKeeper::Send() {
  store::WriteBatch batch;
  batch.points = points_;
  batch.rule = store::ConflictRule::kByVersion;
  batch.time_check = store::WriteBatch::TimeCheck::kRetentionOnly;
  inflight_ = std::make_shared<Inflight>();
  store_.Write(batch, [to = inflight_, wake = wake_](Result<store::WriteReply> reply) {
    {
      const MutexLock lock(to->mutex);
      to->reply = std::move(reply);
    }
    wake();
  });
}

}  // namespace tidemark::view
