// SPDX-License-Identifier: Apache-2.0
// `tidemark serve`: runs the server in this process until a signal stops it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace tidemark::app {

struct ServeFlags {
  std::string test_clock;  // RFC 3339: the wall clock stands there; "": time passes
  std::string config;
  std::string stack;
  std::string data_dir;
  std::string listen;
  std::optional<uint64_t> accept_log_loss;
  bool rebuild_manifest = false;
};

/// Why it did not start, and with which exit code.
struct ServeFailure {
  int exit = 1;
  Error error;
};

/// Returns when the server has stopped; none: as it was told to.
std::optional<ServeFailure> Serve(const ServeFlags& flags);

/// Set by SIGINT and SIGTERM once WatchSignals() was called.
std::atomic<bool>& StopRequested();
void WatchSignals();

}  // namespace tidemark::app
