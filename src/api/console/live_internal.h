// SPDX-License-Identifier: Apache-2.0
// The event stream of web/API.md section 6: who listens to what, the events, and what is kept for
// readers that come back.
//
// Threads: Open() on network threads; Tick() by one owner at a time (the console's background
// task); Close() from any. Under the lock nothing waits: the catalog and the feed are read and the
// graph is built outside.
//
// Bounds: listeners by live_streams_max; waiting bytes per listener by http; what a slow reader
// misses is one merged Dirty per table it asked for; what is kept for replay by live_replay_*.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/dirty_internal.h"
#include "api/console/reply_internal.h"
#include "api/console/service.h"
#include "api/console/shares_internal.h"
#include "api/console/status_internal.h"
#include "base/mutex.h"

namespace tidemark::console {

class Live {
 public:
  Live(const ServiceOptions& options, const ServiceDeps& deps, const Status& status,
       Replies& replies);

  /// GET /live: starts the stream with `hello`, or refuses. The next Tick() should come soon.
  /// `share`: only table topics that it reads; null: all.
  void Open(const http::Request& request, const ShareAccess* share, http::Responder responder);
  /// Sends what is due. When to come again: none while nobody listens.
  std::optional<MonotonicTime> Tick();
  /// Says `bye` to everybody; Open() refuses from now on.
  void Close();

 private:
  struct Listener {
    std::shared_ptr<http::EventStream> stream;
    std::shared_ptr<std::atomic<bool>> gone;
    bool graph = false;
    std::set<std::string> tables;         // topics
    bool graph_due = false;               // a snapshot is owed
    std::map<std::string, Dirty> missed;  // while the reader was slow
    MonotonicTime written;
  };
  /// A table topic that somebody asked for, now or within live_replay_max.
  struct Interest {
    uint64_t since = 0;  // events after this number are known
    MonotonicTime last_used;
    MonotonicTime last_sent;
    std::string database;  // "" until the table changed
    std::string table;
    std::optional<Dirty> waiting;  // collected, not sent yet
  };
  struct Sent {
    uint64_t number = 0;
    MonotonicTime at;
    std::string topic;
    Dirty dirty;
    size_t bytes = 0;
  };
  struct Topics {
    bool graph = false;
    std::set<std::string> tables;
  };

  Result<Topics> ParseTopics(const http::Request& request) const;
  /// The number behind Last-Event-ID if everything after it is still known.
  std::optional<uint64_t> ResumePoint(const http::Request& request, const Topics& topics)
      TM_REQUIRES(mutex_);
  std::string Event(uint64_t number, std::string_view name, std::string_view topic,
                    std::string_view members) const;
  std::string TableEvent(uint64_t number, std::string_view topic, const Dirty& dirty)
      TM_REQUIRES(mutex_);
  std::string Replay(uint64_t after, const Topics& topics) TM_REQUIRES(mutex_);
  void Forget(MonotonicTime now) TM_REQUIRES(mutex_);
  void Collect(const std::vector<catalog::TableDef>& tables, std::map<TableId, Dirty> changed)
      TM_REQUIRES(mutex_);
  std::map<TableId, Dirty> ReadFeed(const std::optional<store::Positions>& start_at,
                                    const std::vector<catalog::TableDef>& tables)
      TM_EXCLUDES(mutex_);
  void SendTables(MonotonicTime now) TM_REQUIRES(mutex_);
  void SendGraph(const std::string& members, MonotonicTime now) TM_REQUIRES(mutex_);
  void SendMissed(MonotonicTime now) TM_REQUIRES(mutex_);
  void SendObjects(const std::vector<catalog::Activity>& activities, MonotonicTime now)
      TM_REQUIRES(mutex_);
  void Heartbeat(MonotonicTime now) TM_REQUIRES(mutex_);
  static void Write(Listener& listener, std::string text, MonotonicTime now);
  static bool Slow(const Listener& listener);

  const ServiceOptions options_;
  const ServiceDeps deps_;
  const Status& status_;
  Replies& replies_;
  const std::string epoch_;

  DirtyTracker tracker_;   // of Tick()'s owner
  uint64_t activity_ = 0;  // the newest that was sent; of Tick()'s owner

  Mutex mutex_;
  bool closed_ TM_GUARDED_BY(mutex_) = false;
  uint64_t number_ TM_GUARDED_BY(mutex_) = 0;  // of the newest event
  std::vector<std::unique_ptr<Listener>> listeners_ TM_GUARDED_BY(mutex_);
  std::map<std::string, Interest, std::less<>> interests_ TM_GUARDED_BY(mutex_);
  std::optional<store::Positions> start_at_ TM_GUARDED_BY(mutex_);  // of the tracker
  std::deque<Sent> sent_ TM_GUARDED_BY(mutex_);
  size_t sent_bytes_ TM_GUARDED_BY(mutex_) = 0;
  uint64_t forgotten_ TM_GUARDED_BY(mutex_) = 0;  // the newest number that left sent_
  MonotonicTime graph_sent_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::console
