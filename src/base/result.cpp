// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace tidemark {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kNotFound:
      return "not_found";
    case Code::kAlreadyExists:
      return "already_exists";
    case Code::kFailedPrecondition:
      return "failed_precondition";
    case Code::kOutOfRange:
      return "out_of_range";
    case Code::kResourceExhausted:
      return "resource_exhausted";
    case Code::kNoSpace:
      return "no_space";
    case Code::kCorruption:
      return "corruption";
    case Code::kIo:
      return "io";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kCancelled:
      return "cancelled";
    case Code::kDeadlineExceeded:
      return "deadline_exceeded";
    case Code::kUnimplemented:
      return "unimplemented";
    case Code::kInternal:
      return "internal";
  }
  TM_UNREACHABLE();
}

Error Error::With(std::string_view doing) && {
  message.insert(0, ": ");
  message.insert(0, doing);
  return std::move(*this);
}

Error Error::With(std::string_view doing) const& { return Error(*this).With(doing); }

}  // namespace tidemark
