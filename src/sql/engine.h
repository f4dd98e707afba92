// SPDX-License-Identifier: Apache-2.0
// Timestream SQL over a store: text in, typed rows out. Engine is thread-safe; calls are
// synchronous and belong on query threads (they wait for other statements, scan and compute). A
// QueryResult is single-owner except for Cancel().
//
//   TM_ASSIGN_OR_RETURN(auto result, engine.Execute({.sql = "SELECT 1"}));
//   for (RowChunk chunk;;) {
//     TM_ASSIGN_OR_RETURN(const bool more, result->Next(chunk));
//     if (!more) break;
//     ...
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "sql/namespace.h"
#include "sql/type.h"
#include "sql/unload.h"
#include "store/store.h"

namespace tidemark::sql {

struct EngineOptions {
  std::string spill_dir;                // for sorts and groups beyond the memory; empty: none
  std::string export_dir;               // the one folder below which files are made; empty: none
  uint64_t memory_bytes_max = 512_MiB;  // of the execution engine, all statements together
  int threads = 2;                      // of the execution engine, all statements together
  bool pushdown = true;                 // ask store.Aggregate for what it can answer
  bool narrowing = true;                // ask for what WHERE and joins need; off: whole tables
  size_t direct_rows_max = 65'536;  // sorted outside the execution engine: 10 ms, 10 MB; 0: none
  size_t queries_running_max = 4;   // Execute() and Next() calls at work
  size_t queries_waiting_max = 64;  // calls that wait for one of those to return
  size_t results_open_max = 256;    // results neither read to the end nor destroyed
  std::chrono::milliseconds wait_max{10'000};  // a call that waits longer is kResourceExhausted
  std::chrono::milliseconds slow_query{0};     // at work for at least so long: logged; 0: none is
};

struct QueryRequest {
  std::string sql;
  std::string database;  // for table names without one; empty: they are an error
  /// Ends the statement with kDeadlineExceeded; none: no limit.
  std::optional<MonotonicTime> deadline;
  /// Of the statement's @names; Execute() refuses a name without a value.
  std::vector<ParameterValue> parameters = {};
  /// For Queries() and the log: the API's name of the statement, and who asks.
  std::string id = {};
  std::string origin = {};
  /// view_rows() without a time of its own gives the rows as they were then; none: as they are.
  std::optional<EventTime> as_of = {};
};

/// What a statement gives and wants.
struct Description {
  /// Where a column comes from.
  struct Origin {
    std::string database;  // of the table's column that it is; empty: it is none
    std::string table;
    bool aliased = false;  // the statement named it
  };
  struct Parameter {
    std::string name;  // without '@'
    Type type;         // of what it is used with; unknown if nothing says
  };
  std::vector<Column> columns;
  std::vector<Origin> origins;        // by column
  std::vector<Parameter> parameters;  // those without a value, in order of appearance
  std::vector<store::Owner> views;    // that view_rows() and view_revisions() read; may repeat
};

/// A piece of a result, row by row.
class RowChunk {
 public:
  size_t rows() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  size_t columns() const { return columns_; }
  const Value& at(size_t row, size_t column) const { return cells_[row * columns_ + column]; }
  Value& at(size_t row, size_t column) { return cells_[row * columns_ + column]; }

  /// All cells null.
  void Reset(size_t rows, size_t columns);

 private:
  size_t columns_ = 0;
  std::vector<Value> cells_;
};

struct QueryProgress {
  uint64_t rows_scanned =
      0;  // points read from the store, or states' points for a pushed-down aggregate
  uint64_t bytes_scanned = 0;  // of those, as SQL sees them; 0 for SHOW, DESCRIBE, constants
  uint64_t rows_returned = 0;
  double percent = 0;     // 0..100, never falls; 100 once the last row was returned
  bool metadata = false;  // SHOW, DESCRIBE, EXPLAIN: nothing is metered
};

class QueryResult {
 public:
  virtual ~QueryResult() = default;
  /// Known before the first row.
  virtual const std::vector<Column>& columns() const = 0;
  /// Replaces `out` by the next rows (at least one), or gives false at the end. After an error or
  /// the end the statement holds nothing. kCancelled, kDeadlineExceeded, kNoSpace (memory, or the
  /// disk for what does not fit into it), kInvalidArgument (a value: division by zero, overflow),
  /// and the store's own codes. kResourceExhausted: too many statements wait, or this one waited
  /// too long; the same call may succeed later.
  virtual Result<bool> Next(RowChunk& out) = 0;
  /// From any thread, at any time, never waits. The running or next Next() gives kCancelled.
  virtual void Cancel() = 0;
  /// From any thread.
  virtual QueryProgress progress() const = 0;
  /// Location and options of an UNLOAD, whose rows are those of its query; else null.
  virtual const UnloadSpec* unload() const { return nullptr; }
  /// In place of Next(), of an UNLOAD: all rows as Parquet files below `folder`, which is not there
  /// yet and is below EngineOptions::export_dir; time stamps are INT64 nanoseconds. Folders inside
  /// are named by the partition columns.
  virtual Result<std::vector<ParquetFile>> WriteParquet(const std::string& folder);
  /// Known gaps that the statement's tables and times touch: rows there are missing from the
  /// answer. Complete once the first Next() returned. From any thread.
  virtual std::vector<store::DamagedRange> gaps() const { return {}; }
};

enum class QueryState : uint8_t {
  kOpen,     // between pages
  kWaiting,  // for its turn
  kRunning,
  kSucceeded,
  kFailed,
  kCancelled,
  kClosed,  // its reader left before the last row
};
/// "running".
std::string_view QueryStateName(QueryState state);

/// A statement that is open, or ended lately.
struct QueryInfo {
  std::string id;
  std::string origin;
  std::string sql;  // cut when long
  QueryState state = QueryState::kOpen;
  ArrivalTime started;
  nanoseconds elapsed{0};  // so far, or until its end
  nanoseconds worked{0};   // of that, at work
  QueryProgress progress;
  std::string error;  // why it failed
};

/// Position and words of an error in a statement's text.
struct QueryError {
  int line = 0;            // from 1
  int column = 0;          // from 1, in characters
  std::string token;       // the text at that place
  std::string message;     // "Column 'x' does not exist"
  std::string suggestion;  // "did you mean 'y'?", or empty

  /// "line 1:15: Column 'x' does not exist; did you mean 'y'?"
  std::string ToString() const;
};

/// Line, column and message of an Error that Execute() gave; none if it is not about a place in the
/// text.
std::optional<QueryError> QueryErrorOf(const Error& error);

class Engine {
 public:
  /// `store`, `names`, `clock` and `metrics` must outlive the engine; it must outlive its results.
  static Result<std::unique_ptr<Engine>> Open(EngineOptions options, store::Store& store,
                                              const Namespace& names, const Clock& clock,
                                              MetricRegistry& metrics);
  virtual ~Engine() = default;

  /// Parses and binds; cheap. The first Next() waits for its turn and runs the statement, so
  /// Cancel() reaches it from the beginning. now() is taken once, here. Errors:
  ///   kInvalidArgument    syntax, names of columns, types, values: "line 1:15: ..." (QueryErrorOf)
  ///   kUnimplemented      part of the dialect that this version does not run yet, with its place
  ///   kNotFound           database, table or view, with its place
  ///   kResourceExhausted  too many results are open
  virtual Result<std::unique_ptr<QueryResult>> Execute(const QueryRequest& request) = 0;
  /// The result's columns and the parameters, without running anything. Errors as Execute().
  virtual Result<Description> Describe(const QueryRequest& request) = 0;
  /// Statements that are open and those that ended lately, the newest first in both.
  virtual std::vector<QueryInfo> Queries() const { return {}; }
  /// The newest statement of that id among them, an open one first. Never waits.
  virtual std::optional<QueryInfo> FindQuery(std::string_view /*id*/) const { return std::nullopt; }
  /// Cancels the open statements of that id; false: there is none. Never waits.
  virtual bool CancelQuery(std::string_view /*id*/) { return false; }
  /// What the execution engine holds now, all statements together. Asks it: not on network threads.
  virtual uint64_t memory_bytes() const { return 0; }
};

}  // namespace tidemark::sql
