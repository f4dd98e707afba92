// SPDX-License-Identifier: Apache-2.0
// The console's side of the server: the pages below /ui/, the JSON calls of /api/v1/ and the live
// event stream, all as web/API.md has it. Everything that is not an AWS call, /livez, /readyz or
// /metrics ends here.
//
// Threads: Handle() runs on a network thread and never waits. Calls that scan, compute or change
// something are posted to Lane::kQuery; when its queue is full they answer 429. Live events are
// made by one task on Lane::kBackground, which sleeps while nobody listens. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/console/admin.h"
#include "api/console/hand_shakes.h"
#include "api/console/rejections.h"
#include "api/console/schedules.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/memory_budget.h"
#include "base/metrics.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "http/message.h"
#include "http/server.h"
#include "log/log.h"
#include "pipeline/manager.h"
#include "sql/engine.h"
#include "store/admin.h"
#include "store/store.h"
#include "view/maintainer.h"

namespace tidemark::console {

/// What the server is and how it is set, for people. Immutable.
struct ServerFacts {
  struct Setting {
    std::string name;
    std::string value;
    std::string fallback;
    std::string source;  // "default", "file", "environment", "flag"
    std::string unit;
    std::string help;
  };

  std::string compiler;
  std::string build_type;
  std::string region;         // as AWS clients are told
  std::string account;        // as AWS clients are told
  std::string settings_file;  // "": none
  std::vector<Setting> settings;
};

struct ServiceOptions {
  std::string_view version = "0";            // static storage
  std::vector<std::string> allowed_hosts;    // http::SiteGuard, which has them
  std::shared_ptr<const ServerFacts> facts;  // null: nothing is known
  uint64_t memory_bytes_max = 0;            // budget of the whole process, as shown; 0: the store's
  milliseconds statement_time_max{60'000};  // of one page of a statement
  nanoseconds revision_retention = hours(24) * 30;  // the store's, as it was told

  size_t queries_kept_max = 64;              // results with pages left; the oldest gives way
  milliseconds query_kept_max{10 * 60'000};  // since its last page
  size_t live_streams_max = 64;              // event streams open at once; above: 429
  milliseconds live_replay_max{60'000};      // events kept for Last-Event-ID
  size_t live_replay_events_max = 10'000;
  size_t live_replay_bytes_max = size_t{16} << 20U;
};

/// All must outlive the service.
struct ServiceDeps {
  catalog::Catalog& catalog;
  log::Log& log;
  store::Store& store;
  sql::Engine& engine;
  pipeline::Manager& pipelines;
  view::Maintainer& views;
  Admin& admin;
  Executor& executor;
  const Clock& clock;
  Random& random;
  MetricRegistry& metrics;
  store::Admin* store_admin = nullptr;      // null: the store has no administrator here
  const MemoryBudget* memory = nullptr;     // of the process; null: only the store's own parts
  const HandShakes* hand_shakes = nullptr;  // of AWS clients; null: nobody notes them
  const Rejections* rejections = nullptr;   // of writers; null: nobody notes them
  Schedules* schedules = nullptr;           // null: nobody schedules statements
  SteppedClock* test_clock = nullptr;       // what `clock` is, if a test moves it

  /// What ages, rates and durations are measured with that people read: under a test's clock they
  /// stand still between its moves. Never for timeouts.
  MonotonicTime FiguresNow() const {
    return test_clock == nullptr ? clock.Monotonic()
                                 : MonotonicTime{test_clock->Now().AsEventTime().ns};
  }
};

class ConsoleService {
 public:
  ConsoleService(const ServiceOptions& options, const ServiceDeps& deps);
  /// BeginStop(), cancels statements and waits for calls that still run. No Handle() may run or
  /// begin meanwhile.
  ~ConsoleService();
  ConsoleService(const ConsoleService&) = delete;
  ConsoleService& operator=(const ConsoleService&) = delete;

  void Handle(http::Request request, http::Responder responder);
  /// For stacks that are applied without a call of the API.
  DashboardKeeper& dashboards();
  /// Says `bye` to live streams and refuses new ones: before the HTTP server stops, which would end
  /// them without a word. Idempotent.
  void BeginStop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // calls on query threads hold it too
};

}  // namespace tidemark::console
