// SPDX-License-Identifier: Apache-2.0
// Leaves of a long result what a chart can show (web/API.md section 3.2): of every series and
// bucket of time the rows with the first, last, least and greatest values. Single-owner.
//
// Bounds: series_max series; memory_bytes_max of rows kept. While a series has at most max_points
// rows all of them stay. Buckets are as wide as a power of two of nanoseconds, the same for all
// series, and double when the times reach beyond them, so that the order of rows does not matter.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/console/row_sink_internal.h"
#include "base/result.h"
#include "sql/type.h"

namespace tidemark::console {

class PointReducer {
 public:
  static constexpr size_t kSeriesMax = 2000;
  static constexpr size_t kMemoryBytesMax = size_t{64} << 20U;

  /// None: there is no time among the columns, or no number.
  static std::unique_ptr<PointReducer> Make(const std::vector<sql::Column>& columns,
                                            size_t max_points);

  /// kInvalidArgument: too many series, or too much to keep.
  Result<void> Add(std::span<const sql::Value> row);
  /// What stayed, in order of time; nothing is left afterwards.
  void Finish(RowSink& out);
  /// Whether a row was left out.
  bool reduced() const { return reduced_; }

 private:
  struct Row {
    int64_t time = 0;
    uint64_t number = 0;  // of rows, in the order they came
    std::vector<sql::Value> cells;
  };
  using RowRef = std::shared_ptr<const Row>;
  /// first, last, then least and greatest of each numeric column.
  struct Bucket {
    std::vector<RowRef> picks;
  };
  struct Series {
    std::vector<RowRef> all;  // while they are few
    std::map<int64_t, Bucket> buckets;
    bool bucketed = false;
  };

  PointReducer(const std::vector<sql::Column>& columns, size_t max_points);

  std::string KeyOf(std::span<const sql::Value> row) const;
  void Widen(int64_t time);
  void Offer(Bucket& bucket, const RowRef& row) const;
  bool Wanted(const Bucket& bucket, int64_t time, std::span<const sql::Value> row) const;
  static void Merge(Bucket& into, const Bucket& from, const PointReducer& reducer);
  void Split(Series& series);
  RowRef Keep(std::span<const sql::Value> row, int64_t time);

  const size_t max_points_;
  size_t time_ = 0;              // column
  std::vector<size_t> numbers_;  // columns
  std::vector<size_t> keys_;     // columns
  size_t buckets_max_ = 1;

  std::unordered_map<std::string, Series> series_;
  int shift_ = 0;  // a bucket is 2^shift_ ns wide
  std::optional<int64_t> first_time_;
  int64_t last_time_ = 0;
  uint64_t number_ = 0;
  std::shared_ptr<size_t> bytes_ = std::make_shared<size_t>(0);  // of the rows alive
  bool reduced_ = false;
};

}  // namespace tidemark::console
