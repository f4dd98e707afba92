// SPDX-License-Identifier: Apache-2.0
// The execution engine behind SQL: runs a plan over a store. Only duck_*.cpp know that it is
// DuckDB.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "sql/engine.h"
#include "sql/plan.h"
#include "store/store.h"

namespace tidemark::sql {

/// What a running statement and those who watch it share. Thread-safe.
class Control {
 public:
  Control(const Clock& clock, std::optional<MonotonicTime> deadline,
          uint64_t memory_bytes_max = UINT64_MAX)
      : clock_(clock), deadline_(deadline), memory_bytes_max_(memory_bytes_max) {}

  void Cancel() { cancelled_.store(true, std::memory_order_release); }
  /// kCancelled or kDeadlineExceeded: asked in every scan callback.
  Result<void> Check() const;

  /// The first error of a callback: the engine's own text says less.
  void Fail(Error error) TM_EXCLUDES(mutex_);
  std::optional<Error> failure() const TM_EXCLUDES(mutex_);

  /// A pushed-down first or last met a null: the statement must run without pushdown.
  void RefusePushdown() { pushdown_refused_.store(true, std::memory_order_relaxed); }
  /// More rows than are held outside the engine: the statement must run in it.
  void RefuseDirect() { direct_refused_.store(true, std::memory_order_relaxed); }
  bool direct_refused() const { return direct_refused_.load(std::memory_order_relaxed); }
  /// Before the second run.
  void Forgive() TM_EXCLUDES(mutex_);
  bool pushdown_refused() const { return pushdown_refused_.load(std::memory_order_relaxed); }

  /// Of states outside the execution engine.
  uint64_t memory_bytes_max() const { return memory_bytes_max_; }

  /// Known gaps that a cursor reads around.
  void NoteGaps(std::vector<store::DamagedRange> gaps) TM_EXCLUDES(mutex_);
  /// Each once.
  std::vector<store::DamagedRange> gaps() const TM_EXCLUDES(mutex_);

  /// Points that a scan gave.
  void CountScanned(uint64_t rows, uint64_t bytes) {
    rows_read_.fetch_add(rows, std::memory_order_relaxed);
    CountAggregated(rows, bytes);
  }
  /// Points that the store aggregated by itself.
  void CountAggregated(uint64_t rows, uint64_t bytes) {
    rows_scanned_.fetch_add(rows, std::memory_order_relaxed);
    bytes_scanned_.fetch_add(bytes, std::memory_order_relaxed);
  }
  uint64_t rows_scanned() const { return rows_scanned_.load(std::memory_order_relaxed); }
  uint64_t bytes_scanned() const { return bytes_scanned_.load(std::memory_order_relaxed); }
  /// A cursor was opened that gives at most so many points.
  void ExpectRows(uint64_t rows) { rows_expected_.fetch_add(rows, std::memory_order_relaxed); }
  /// A grouping of the store was opened over so many series; it counts them in series_done().
  void ExpectSeries(uint64_t series) {
    series_expected_.fetch_add(series, std::memory_order_relaxed);
  }
  std::atomic<uint64_t>& series_done() { return series_done_; }
  /// 0..99: how much of the expected rows and series was read; never falls.
  double percent() const;

 private:
  const Clock& clock_;
  const std::optional<MonotonicTime> deadline_;
  const uint64_t memory_bytes_max_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> pushdown_refused_{false};
  std::atomic<bool> direct_refused_{false};
  std::atomic<uint64_t> rows_scanned_{0};
  std::atomic<uint64_t> bytes_scanned_{0};
  std::atomic<uint64_t> rows_read_{0};
  std::atomic<uint64_t> rows_expected_{0};
  std::atomic<uint64_t> series_expected_{0};
  std::atomic<uint64_t> series_done_{0};
  mutable std::atomic<double> percent_{0};
  mutable Mutex mutex_;
  std::optional<Error> failure_ TM_GUARDED_BY(mutex_);
  std::vector<store::DamagedRange> gaps_ TM_GUARDED_BY(mutex_);
};

/// One statement being run. Single-owner but for Interrupt().
class Execution {
 public:
  virtual ~Execution() = default;
  /// Replaces `out` by the next rows; false at the end.
  virtual Result<bool> Next(RowChunk& out) = 0;
  /// From any thread, never waits: stops what runs between callbacks. Control::Cancel() comes
  /// first.
  virtual void Interrupt() = 0;
};

/// Errors of our functions travel through the engine's text between marks.
std::string MarkError(std::string_view message);

struct DatabaseOptions {
  std::string spill_dir;
  std::string export_dir;  // files may be made below it; empty: nowhere
  uint64_t memory_bytes_max = 0;
  int threads = 1;
};

/// Thread-safe. Must outlive its executions.
class Database {
 public:
  static Result<std::unique_ptr<Database>> Open(const DatabaseOptions& options);
  virtual ~Database() = default;

  /// Starts `plan`, which with `store` and `control` must outlive the execution.
  virtual Result<std::unique_ptr<Execution>> Start(const plan::Plan& plan, store::Store& store,
                                                   Control& control) = 0;
  /// The library's own plan, line by line; nothing is read.
  virtual Result<std::vector<std::string>> Explain(const plan::Plan& plan, store::Store& store,
                                                   Control& control) = 0;
  /// As Start(), but the rows go into Parquet files below `folder`; Next() gives path, rows and
  /// bytes of each file.
  virtual Result<std::unique_ptr<Execution>> StartParquet(const plan::Plan& plan,
                                                          const UnloadSpec& spec,
                                                          const std::string& folder,
                                                          store::Store& store,
                                                          Control& control) = 0;
  /// Library version, for logs.
  virtual std::string version() const = 0;
  /// Bytes that the library counts against its limit.
  virtual uint64_t memory_bytes() const = 0;
};

}  // namespace tidemark::sql
