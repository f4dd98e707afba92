// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "app/cli/exit_code.h"
#include "app/runtime.h"
#include "app/stack.h"
#include "app/version.h"
#include "base/logging.h"

namespace tidemark::app {
namespace {

std::atomic<bool> stop_requested{false};
int wake_pipe[2] = {-1, -1};

extern "C" void OnStopSignal(int /*signal*/) {
  stop_requested.store(true);
  if (wake_pipe[1] >= 0) {
    const char byte = 0;
    // Nothing useful can be done in a signal handler when the pipe is full: it will wake anyway.
    [[maybe_unused]] const auto written = ::write(wake_pipe[1], &byte, 1);
  }
}

Result<std::string> ReadTextFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::kInvalidArgument, "cannot read " + path};
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

Result<RuntimeOptions> OptionsOf(const ServeFlags& flags) {
  RuntimeOptions options;
  if (!flags.config.empty()) {
    TM_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(flags.config));
    TM_ASSIGN_OR_RETURN(options.config, ParseConfig(text, flags.config));
  }
  if (!flags.data_dir.empty()) {
    options.config.data_dir = flags.data_dir;
    options.config.in_flags.emplace_back("data_dir");
  }
  if (!flags.listen.empty()) {
    options.config.listen = flags.listen;
    options.config.in_flags.emplace_back("listen");
  }
  options.config_file = flags.config;
  if (options.config.data_dir.empty()) {
    return Error{Code::kInvalidArgument,
                 "no data directory: give --data-dir DIR, or data_dir in the configuration file"};
  }
  TM_RETURN_IF_ERROR(ParseListenAddress(options.config.listen));
  if (!flags.stack.empty()) {
    TM_ASSIGN_OR_RETURN(options.stack_text, ReadTextFile(flags.stack));
    options.stack_file = flags.stack;
    TM_ASSIGN_OR_RETURN(const Stack stack, ParseStack(options.stack_text, flags.stack));
    TM_ASSIGN_OR_RETURN(options.stack_files, ReadStackFiles(stack, flags.stack));
  }
  if (!flags.test_clock.empty()) {
    const auto time = ParseTimestamp(flags.test_clock);
    if (!time.ok()) return Error{Code::kInvalidArgument, "--test-clock must be RFC 3339"};
    options.test_clock = ArrivalTime{FloorTo(*time, milliseconds(1)).ns / 1'000'000};
  }
  options.accept_log_loss = flags.accept_log_loss;
  options.rebuild_manifest = flags.rebuild_manifest;
  return options;
}

int ExitCodeOfStart(const Error& error) {
  switch (error.code) {
    case Code::kInvalidArgument:
      return kExitConfig;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return kExitConflict;
    case Code::kNotFound:
      return kExitNotFound;
    default:
      return kExitFailure;
  }
}

}  // namespace

std::atomic<bool>& StopRequested() { return stop_requested; }

void WatchSignals() {
  struct sigaction action{};
  action.sa_handler = OnStopSignal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A peer that went away is an error of the write, not of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // So is a file-size limit: the write answers EFBIG, which is a full disk to us.
  std::signal(SIGXFSZ, SIG_IGN);
}

std::optional<ServeFailure> Serve(const ServeFlags& flags) {
  auto options = OptionsOf(flags);
  if (!options.ok()) return ServeFailure{kExitConfig, options.error()};
  InitLogging(options->config.log_level, options->config.log_format);
  if (::pipe(wake_pipe) != 0) {
    return ServeFailure{kExitFailure, {Code::kIo, "cannot make a pipe for signals"}};
  }
  WatchSignals();
  Log(LogLevel::kInfo, "app", "starting",
      {{"version", kVersion}, {"data_dir", options->config.data_dir}});
  auto runtime = Runtime::Start(std::move(options).value());
  if (!runtime.ok()) return ServeFailure{ExitCodeOfStart(runtime.error()), runtime.error()};
  fmt::print("listening on {}\n", (*runtime)->url());
  std::fflush(stdout);
  Log(LogLevel::kInfo, "app", "no credentials are configured: only this machine can connect",
      {{"url", (*runtime)->url()}});
  char byte = 0;
  while (!stop_requested.load() && ::read(wake_pipe[0], &byte, 1) < 0) {
  }
  Log(LogLevel::kInfo, "app", "stopping");
  runtime->reset();
  Log(LogLevel::kInfo, "app", "stopped");
  return std::nullopt;
}

}  // namespace tidemark::app
