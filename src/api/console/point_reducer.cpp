// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "api/console/point_reducer_internal.h"

namespace tidemark::console {
namespace {

using sql::TypeKind;

/// None: null or NaN, which is neither least nor greatest.
std::optional<double> NumberOf(const sql::Value& value) {
  if (const auto* number = std::get_if<double>(&value.data)) {
    return std::isnan(*number) ? std::nullopt : std::optional(*number);
  }
  if (const auto* integer = std::get_if<int64_t>(&value.data)) {
    return static_cast<double>(*integer);
  }
  return std::nullopt;
}

size_t BytesOf(std::span<const sql::Value> row) {
  size_t out = sizeof(sql::Value) * row.size() + 64;
  for (const sql::Value& value : row) {
    if (const auto* text = std::get_if<std::string>(&value.data)) out += text->size();
  }
  return out;
}

}  // namespace

std::unique_ptr<PointReducer> PointReducer::Make(const std::vector<sql::Column>& columns,
                                                 size_t max_points) {
  auto out = std::unique_ptr<PointReducer>(new PointReducer(columns, max_points));
  const bool timed = std::ranges::any_of(
      columns, [](const sql::Column& c) { return c.type.kind() == TypeKind::kTimestamp; });
  return timed && !out->numbers_.empty() ? std::move(out) : nullptr;
}

PointReducer::PointReducer(const std::vector<sql::Column>& columns, size_t max_points)
    : max_points_(max_points) {
  bool timed = false;
  for (size_t c = 0; c < columns.size(); ++c) {
    switch (columns[c].type.kind()) {
      case TypeKind::kTimestamp:
        if (!timed) time_ = c;
        timed = true;
        break;
      case TypeKind::kDouble:
      case TypeKind::kBigint:
      case TypeKind::kInteger:
        numbers_.push_back(c);
        break;
      case TypeKind::kVarchar:
      case TypeKind::kBoolean:
        keys_.push_back(c);
        break;
      default:
        break;
    }
  }
  buckets_max_ = std::max<size_t>(1, max_points / (2 + 2 * numbers_.size()));
}

std::string PointReducer::KeyOf(std::span<const sql::Value> row) const {
  std::string out;
  for (const size_t c : keys_) {
    if (const auto* text = std::get_if<std::string>(&row[c].data)) {
      out += std::to_string(text->size()) + ':' + *text;
    } else if (const auto* flag = std::get_if<bool>(&row[c].data)) {
      out += *flag ? 't' : 'f';
    } else {
      out += '-';
    }
  }
  return out;
}

PointReducer::RowRef PointReducer::Keep(std::span<const sql::Value> row, int64_t time) {
  const size_t bytes = BytesOf(row);
  *bytes_ += bytes;
  return {new Row{time, number_, {row.begin(), row.end()}},
          [total = bytes_, bytes](const Row* gone) {
            *total -= bytes;
            delete gone;  // NOLINT(cppcoreguidelines-owning-memory): the pointer's own deleter
          }};
}

/// The pick before `row` of equal times and values stays, whichever came first.
void PointReducer::Offer(Bucket& bucket, const RowRef& row) const {
  auto& picks = bucket.picks;
  if (picks.empty()) picks.resize(2 + 2 * numbers_.size());
  const auto before = [](const Row& a, const Row& b) {
    return std::pair(a.time, a.number) < std::pair(b.time, b.number);
  };
  if (!picks[0] || before(*row, *picks[0])) picks[0] = row;
  if (!picks[1] || before(*picks[1], *row)) picks[1] = row;
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const auto value = NumberOf(row->cells[numbers_[i]]);
    if (!value) continue;
    RowRef& least = picks[2 + 2 * i];
    RowRef& greatest = picks[3 + 2 * i];
    if (!least || *value < *NumberOf(least->cells[numbers_[i]])) least = row;
    if (!greatest || *value > *NumberOf(greatest->cells[numbers_[i]])) greatest = row;
  }
}

/// Whether Offer() would pick it: most rows of a long result are not worth a copy.
bool PointReducer::Wanted(const Bucket& bucket, int64_t time,
                          std::span<const sql::Value> row) const {
  const auto& picks = bucket.picks;
  if (picks.empty() || time < picks[0]->time || time >= picks[1]->time) return true;
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const auto value = NumberOf(row[numbers_[i]]);
    if (!value) continue;
    if (!picks[2 + 2 * i] || *value < *NumberOf(picks[2 + 2 * i]->cells[numbers_[i]]) ||
        *value > *NumberOf(picks[3 + 2 * i]->cells[numbers_[i]])) {
      return true;
    }
  }
  return false;
}

void PointReducer::Merge(Bucket& into, const Bucket& from, const PointReducer& reducer) {
  for (const RowRef& row : from.picks) {
    if (row) reducer.Offer(into, row);
  }
}

void PointReducer::Widen(int64_t time) {
  first_time_ = std::min(first_time_.value_or(time), time);
  last_time_ = std::max(last_time_, time);
  const int before = shift_;
  // Without sign: the span of all times does not fit into 63 bits.
  while (static_cast<uint64_t>(last_time_ >> shift_) -
             static_cast<uint64_t>(*first_time_ >> shift_) >=
         buckets_max_) {
    ++shift_;
  }
  if (shift_ == before) return;
  for (auto& [key, series] : series_) {
    std::map<int64_t, Bucket> wider;
    for (const auto& [number, bucket] : series.buckets) {
      Merge(wider[number >> (shift_ - before)], bucket, *this);
    }
    series.buckets = std::move(wider);
  }
}

void PointReducer::Split(Series& series) {
  series.bucketed = true;
  for (const RowRef& row : series.all) Offer(series.buckets[row->time >> shift_], row);
  series.all.clear();
  series.all.shrink_to_fit();
}

Result<void> PointReducer::Add(std::span<const sql::Value> row) {
  ++number_;
  const auto* time = std::get_if<int64_t>(&row[time_].data);
  if (time == nullptr) {  // it has no place on a chart
    reduced_ = true;
    return {};
  }
  if (!first_time_) last_time_ = *time;
  Widen(*time);
  Series& series = series_[KeyOf(row)];
  if (series_.size() > kSeriesMax) {
    return Error{Code::kInvalidArgument, "The result has more than " + std::to_string(kSeriesMax) +
                                             " series: filter, or group by fewer columns."};
  }
  if (!series.bucketed) {
    series.all.push_back(Keep(row, *time));
    if (series.all.size() > max_points_) Split(series);
  } else if (Bucket& bucket = series.buckets[*time >> shift_]; Wanted(bucket, *time, row)) {
    Offer(bucket, Keep(row, *time));
  }
  if (*bytes_ > kMemoryBytesMax) {
    return Error{Code::kInvalidArgument,
                 "The result is too large for a chart even when reduced: filter, or ask for fewer "
                 "points."};
  }
  return {};
}

void PointReducer::Finish(RowSink& out) {
  std::vector<RowRef> rows;
  for (auto& [key, series] : series_) {
    rows.insert(rows.end(), series.all.begin(), series.all.end());
    for (auto& [number, bucket] : series.buckets) {
      for (RowRef& row : bucket.picks) {
        if (row) rows.push_back(std::move(row));
      }
    }
  }
  series_.clear();
  std::ranges::sort(rows, {}, [](const RowRef& row) { return std::pair(row->time, row->number); });
  // A row is picked for several reasons.
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  reduced_ = reduced_ || rows.size() < number_;
  for (const RowRef& row : rows) out.Add(row->cells);
}

}  // namespace tidemark::console
