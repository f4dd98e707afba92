// SPDX-License-Identifier: Apache-2.0
// Which statements run and which ended lately, for people; and one line in the log for each slow
// one. Thread-safe. Bounded: the newest `recent_max` that ended, texts cut at `text_bytes_max`.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "sql/engine.h"

namespace tidemark::sql {

class QueryLog {
 public:
  struct Options {
    size_t recent_max = 200;
    size_t text_bytes_max = 16'384;
    nanoseconds slow{0};  // a statement at work for at least so long is logged; 0: none is
  };

  QueryLog(Options options, const Clock& clock) : options_(options), clock_(clock) {}
  QueryLog(const QueryLog&) = delete;
  QueryLog& operator=(const QueryLog&) = delete;

  /// What the list asks of a statement while it is open. Called under the log's lock: they only
  /// read or set flags.
  struct Hooks {
    std::function<QueryProgress()> progress;
    std::function<void()> cancel;
  };

  class Entry;
  /// A statement was bound and waits for its first page.
  std::unique_ptr<Entry> Open(const QueryRequest& request, Hooks hooks) TM_EXCLUDES(mutex_);
  /// A statement that did not get so far.
  void Refused(const QueryRequest& request, const Error& error) TM_EXCLUDES(mutex_);

  /// Open ones first, then those that ended, the newest first in both.
  std::vector<QueryInfo> List() const TM_EXCLUDES(mutex_);
  /// The newest one of that id, open ones first.
  std::optional<QueryInfo> Find(std::string_view id) const TM_EXCLUDES(mutex_);
  /// Cancels every open statement of that id; false: there is none.
  bool Cancel(std::string_view id) TM_EXCLUDES(mutex_);

 private:
  struct Line {
    QueryInfo info;  // `elapsed` and `progress` are filled when asked
    Hooks hooks;
    MonotonicTime began;
    MonotonicTime since;  // the state's beginning
  };
  using Lines = std::list<Line>;

  QueryInfo InfoOf(const Line& open) const TM_REQUIRES(mutex_);
  void Keep(QueryInfo info) TM_REQUIRES(mutex_);
  void LogIfSlow(const QueryInfo& info) const;

  const Options options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  Lines open_ TM_GUARDED_BY(mutex_);
  std::deque<QueryInfo> ended_ TM_GUARDED_BY(mutex_);
};

/// One open statement's line. Its owner says what the statement does; single-owner. The end of the
/// object is the end of the statement, if End() was not called: then its reader left.
class QueryLog::Entry {
 public:
  Entry(QueryLog& log, Lines::iterator place) : log_(log), place_(place) {}
  ~Entry();
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  /// kWaiting (for a turn), kRunning or kOpen (between pages).
  void Set(QueryState state);
  /// `outcome`: why it ended; ok at the last row.
  void End(const Result<void>& outcome);

 private:
  QueryLog& log_;
  Lines::iterator place_;
  bool ended_ = false;
};

}  // namespace tidemark::sql
