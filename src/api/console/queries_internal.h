// SPDX-License-Identifier: Apache-2.0
// Statements of the console: runs them, and keeps results that have pages left, bounded in number
// and time. Thread-safe. A page runs on the query thread that calls Run(); nothing of the engine is
// called under the lock.
//
// Bounds: queries_kept_max results, each without rows but for the engine's next chunk; one page of
// at most kPageBytesMax for each query thread; kCancelledAheadMax ids.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/console/macros_internal.h"
#include "api/console/reply_internal.h"
#include "api/console/row_sink_internal.h"
#include "api/console/service.h"
#include "base/mutex.h"

namespace tidemark::console {

inline constexpr int64_t kQueryRowsMax = 10'000;     // of a page as JSON
inline constexpr int64_t kBlockRowsMax = 1'000'000;  // of a column block
inline constexpr int64_t kPointsMin = 10;            // max_points
inline constexpr int64_t kPointsMax = 100'000;
inline constexpr size_t kPageBytesMax = size_t{32} << 20U;  // a page of huge cells ends early

/// Carries the news that a client has gone to the statement it waits for. Thread-safe; never waits.
class PeerWatch {
 public:
  /// The client left: cancels what is bound, or what will be.
  void Gone();
  bool gone() const;
  void Bind(std::shared_ptr<sql::QueryResult> result);
  void Unbind();

 private:
  mutable Mutex mutex_;
  bool gone_ TM_GUARDED_BY(mutex_) = false;
  std::shared_ptr<sql::QueryResult> result_ TM_GUARDED_BY(mutex_);
};

/// A statement as a client wants it run.
struct QueryWish {
  std::string typed;               // with macros
  Expansion expansion;             // of `typed`
  std::string id;                  // "": the server makes one
  std::string database;            // for table names without one
  size_t rows_max = 1000;          // of a page
  size_t max_points = 0;           // 0: not reduced
  std::optional<EventTime> as_of;  // of view_rows()
};
/// Members of a new statement, those of macros included, on top of `values`.
std::optional<Failure> ReadQueryWish(const JsonValue& body, RowFormat format, MacroValues values,
                                     QueryWish& out);
/// With the place in what was typed.
Failure ToTypedFailure(const QueryWish& wish, const Error& error);
/// The least watermark of the views that write into the tables the columns come from, and of those
/// that view_rows() and view_revisions() read; with `as_of` of the latter alone, as it was then.
std::optional<EventTime> WatermarkOf(const ServiceDeps& deps, const QueryWish& wish);

/// Reads rows into `sink` until `rows_max`, kPageBytesMax or the end. Single-owner.
class ResultReader {
 public:
  explicit ResultReader(std::unique_ptr<sql::QueryResult> result) : result_(std::move(result)) {}

  Result<void> Page(size_t rows_max, RowSink& sink);
  /// The whole result, reduced to `max_points` a series. False, and nothing read: the columns are
  /// not those of a chart.
  Result<bool> Reduce(size_t max_points, RowSink& sink);

  sql::QueryResult& result() { return *result_; }
  bool ended() const { return ended_; }
  bool reduced() const { return reduced_; }
  uint64_t rows_given() const { return rows_given_; }

 private:
  /// Makes chunk_ have a row, or sets ended_.
  Result<void> Fill();
  std::span<const sql::Value> Row() const {
    return {&chunk_.at(chunk_row_, 0), result_->columns().size()};
  }

  const std::unique_ptr<sql::QueryResult> result_;
  sql::RowChunk chunk_;
  size_t chunk_row_ = 0;  // the next row of `chunk_`
  bool ended_ = false;
  bool reduced_ = false;
  uint64_t rows_given_ = 0;
};

class Queries {
 public:
  Queries(const ServiceOptions& options, const ServiceDeps& deps, Replies& replies)
      : options_(options), deps_(deps), replies_(replies) {}

  /// POST /query: a new statement, or the next page of one. Not from a network thread.
  http::Response Run(const http::Request& request, PeerWatch& peer);
  /// DELETE /query/{id}: cancels what runs; what is kept stays for Drop(). Never waits. An unknown
  /// id is remembered for a while: its statement may be on its way.
  void Cancel(std::string_view id);
  /// Drops what is kept.
  void Drop(std::string_view id);
  /// Cancels pages that run longer than a statement may, and forgets results that nobody asked for
  /// in time. Call it about once a second.
  void Expire();
  /// Cancels everything; a Run() of another thread answers soon, later ones are refused.
  void Close();

 private:
  struct Kept;  // one statement

  http::Response Start(const JsonValue& body, RowFormat format, PeerWatch& peer);
  http::Response Continue(std::string_view token, RowFormat format, PeerWatch& peer);
  http::Response Page(const std::shared_ptr<Kept>& kept, RowFormat format, PeerWatch& peer);
  http::Response PageAnswer(Kept& kept, RowFormat format, RowSink& sink, const std::string& next);
  Result<void> FillPage(Kept& kept, RowSink& sink);
  /// Makes room for one more; results fall out of `dropped` unlocked.
  Result<void> Admit(const std::shared_ptr<Kept>& kept, std::vector<std::shared_ptr<Kept>>& dropped)
      TM_REQUIRES(mutex_);

  const ServiceOptions options_;
  const ServiceDeps deps_;
  Replies& replies_;

  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> kept_ TM_GUARDED_BY(mutex_);
  std::deque<std::pair<std::string, MonotonicTime>> cancelled_ahead_ TM_GUARDED_BY(mutex_);
  bool closed_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::console
