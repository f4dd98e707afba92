// SPDX-License-Identifier: Apache-2.0
// Checks that guard data (TM_CHECK, always on) and hot loops (TM_DCHECK, debug and sanitizer
// builds). Neither may fire on user input or on bytes from disk: those get an Error
// (base/result.h).
#pragma once

namespace tidemark {

/// Prints the failed condition with its place and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace tidemark

#define TM_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::tidemark::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef TM_DEBUG_CHECKS
#define TM_DCHECK(condition) TM_CHECK(condition)
#else
#define TM_DCHECK(condition) (void(sizeof(condition)))
#endif

#define TM_UNREACHABLE() ::tidemark::CheckFailed("unreachable", __FILE__, __LINE__)
