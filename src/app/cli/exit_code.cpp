// SPDX-License-Identifier: Apache-2.0
#include "app/cli/exit_code.h"

namespace tidemark::app {

int ExitCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kUnimplemented:
      return kExitDefinition;
    case Code::kNotFound:
      return kExitNotFound;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return kExitConflict;
    case Code::kUnavailable:
      return kExitUnreachable;
    case Code::kResourceExhausted:
      return kExitThrottled;
    case Code::kDeadlineExceeded:
      return kExitTimedOut;
    case Code::kCancelled:
      return kExitInterrupted;
    case Code::kOutOfRange:
    case Code::kNoSpace:
    case Code::kCorruption:
    case Code::kIo:
    case Code::kInternal:
      return kExitFailure;
  }
  TM_UNREACHABLE();
}

int ExitCodeOfStatus(int http_status) {
  switch (http_status) {
    case 400:
      return kExitDefinition;
    case 401:
    case 403:
      return kExitForbidden;
    case 404:
      return kExitNotFound;
    case 409:
    case 412:
    case 428:
      return kExitConflict;
    case 429:
      return kExitThrottled;
    case 503:
      return kExitUnreachable;
    case 504:
      return kExitTimedOut;
    default:
      return kExitFailure;
  }
}

CliError::CliError(const Error& error) : exit(ExitCodeOf(error.code)), message(error.message) {
  // Our messages may carry a hint on a line of its own.
  constexpr std::string_view kHint = "\nhint: ";
  if (const size_t at = message.find(kHint); at != std::string::npos) {
    hint = message.substr(at + kHint.size());
    message.resize(at);
  }
}

}  // namespace tidemark::app
