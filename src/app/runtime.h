// SPDX-License-Identifier: Apache-2.0
// The running server: opens every part in order, wires them, serves, and stops them in reverse. The
// only place that knows all parts. Single-owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/config.h"
#include "app/stack.h"
#include "base/result.h"
#include "base/time.h"

namespace tidemark::app {

struct RuntimeOptions {
  Config config;
  std::string config_file;  // it was read from; "" = none
  std::string stack_text;   // applied before the server is ready; "" = none
  std::string stack_file;   // its name in messages
  StackFiles stack_files;   // that it names
  /// Starts on a damaged journal with what precedes the damage; the refusal to start names the
  /// number.
  std::optional<uint64_t> accept_log_loss;
  bool rebuild_manifest = false;
  /// Wall time stands still from here on, and only the API moves it (web/API.md section 16).
  std::optional<ArrivalTime> test_clock;
};

class Runtime {
 public:
  /// Returns once /readyz says 200. kInvalidArgument: the configuration or the stack;
  /// kFailedPrecondition: another server holds the data directory; kUnavailable: the address is
  /// taken; and what the disk says.
  static Result<std::unique_ptr<Runtime>> Start(RuntimeOptions options);
  /// Stops gracefully: refuses new requests, finishes running ones, drains background work, closes
  /// files.
  ~Runtime();

  /// "http://127.0.0.1:4580".
  const std::string& url() const;

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::app
