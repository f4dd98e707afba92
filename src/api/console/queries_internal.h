// SPDX-License-Identifier: Apache-2.0
// Statements of the console: runs them, and keeps results that have pages left, bounded in number
// and time. Thread-safe. A page runs on the query thread that calls Run(); nothing of the engine is
// called under the lock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/reply_internal.h"
#include "api/console/service.h"
#include "base/mutex.h"

namespace tidemark::console {

inline constexpr int64_t kQueryRowsMax = 10'000;  // of a page as JSON

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

class Queries {
 public:
  Queries(const ServiceOptions& options, const ServiceDeps& deps, Replies& replies)
      : options_(options), deps_(deps), replies_(replies) {}

  /// POST /query: a new statement, or the next page of one. Not from a network thread.
  http::Response Run(std::string_view body, PeerWatch& peer);
  /// DELETE /query/{id}: what runs is cancelled, what is kept is dropped. Nothing happens for an
  /// unknown id.
  void Drop(std::string_view id);
  /// Cancels pages that run longer than a statement may, and forgets results that nobody asked for
  /// in time. Call it about once a second.
  void Expire();
  /// Cancels everything; a Run() of another thread answers soon, later ones are refused.
  void Close();

 private:
  struct Kept;  // one statement

  http::Response Start(std::string sql, size_t rows_max, PeerWatch& peer);
  http::Response Continue(std::string_view token, PeerWatch& peer);
  http::Response Page(const std::shared_ptr<Kept>& kept, PeerWatch& peer);
  Result<std::string> FillPage(Kept& kept);
  /// Makes room for one more; results fall out of `dropped` unlocked.
  Result<void> Admit(const std::shared_ptr<Kept>& kept, std::vector<std::shared_ptr<Kept>>& dropped)
      TM_REQUIRES(mutex_);

  const ServiceOptions options_;
  const ServiceDeps deps_;
  Replies& replies_;

  Mutex mutex_;
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> kept_ TM_GUARDED_BY(mutex_);
  bool closed_ TM_GUARDED_BY(mutex_) = false;
};

}  // namespace tidemark::console
