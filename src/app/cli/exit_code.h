// SPDX-License-Identifier: Apache-2.0
// Exit codes (console-ux.md 13.4) and the errors that end a command with one. Values.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::app {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitConflict = 4,
  kExitForbidden = 5,
  kExitUnreachable = 6,
  kExitThrottled = 7,
  kExitDefinition = 8,
  kExitPartly = 9,
  kExitNotReady = 10,
  kExitConfig = 78,
  kExitTimedOut = 124,
  kExitInterrupted = 130,
  kExitTerminated = 143,
};

/// The exit code of an error of ours.
int ExitCodeOf(Code code);
/// Of an answer of /api/v1.
int ExitCodeOfStatus(int http_status);

/// An error as a person reads it.
struct CliError {
  int exit = kExitFailure;
  std::string message;
  std::string cause;
  std::string hint;
  std::string request_id;
  std::string json;  // the server's error object, if it was the server's

  CliError() = default;
  CliError(int exit_code, std::string text) : exit(exit_code), message(std::move(text)) {}
  /*implicit*/ CliError(const Error& error);  // NOLINT(google-explicit-constructor): as Error does
};

template <typename T>
using Try = std::expected<T, CliError>;

}  // namespace tidemark::app
