// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error{Code, message}. Immutable values; thread-compatible.
//
//   TM_ASSIGN_OR_RETURN(auto segment, Segment::Open(fs, path));
//   TM_RETURN_IF_ERROR(file->Sync());
//   if (auto r = Flush(); !r.ok()) return std::move(r).error().With("flush segment 7");
//
// Branch on Code only, never on the text. Messages name the thing, the place and the remedy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace tidemark {

enum class Code : uint8_t {
  kInvalidArgument,     // the request is wrong whatever the state
  kNotFound,            // the named thing does not exist
  kAlreadyExists,       // the name is taken
  kFailedPrecondition,  // right request, wrong state (stream still creating, directory locked)
  kOutOfRange,          // a position or time outside what exists
  kResourceExhausted,   // a bound is reached: back off and try again
  kNoSpace,             // the disk is full
  kCorruption,          // bytes on disk fail their checksum or make no sense
  kIo,                  // the operating system refused a file operation
  kUnavailable,         // failed read-only, stopping, or not started
  kCancelled,           // the caller asked to stop
  kDeadlineExceeded,
  kUnimplemented,  // known, but not offered by this version
  kInternal,       // a bug
};

/// "not_found", "invalid_argument", ...: for logs and the console's error shape.
std::string_view CodeName(Code code);

struct [[nodiscard]] Error {
  Code code = Code::kInternal;
  std::string message;

  /// The same error with what was being done in front: "flush segment 7: No space left on device".
  Error With(std::string_view doing) &&;
  Error With(std::string_view doing) const&;

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Implicit, so that `return value;` and `return Error{...};` both read well.
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {
  }  // NOLINT(google-explicit-constructor): see above
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {
  }  // NOLINT(google-explicit-constructor): see above

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// Checked: calling value() on an error aborts.
  T& value() & {
    TM_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    TM_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    TM_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    TM_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    TM_CHECK(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

  T value_or(T fallback) && { return ok() ? std::move(*this).value() : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error)
      : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): `return Error{...};`

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { TM_CHECK(ok()); }

  const Error& error() const& {
    TM_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    TM_CHECK(!ok());
    return *std::move(error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace tidemark

#define TM_CONCAT_INNER(a, b) a##b
#define TM_CONCAT(a, b) TM_CONCAT_INNER(a, b)

#define TM_RETURN_IF_ERROR(expression)                      \
  do {                                                      \
    if (auto tm_result_ = (expression); !tm_result_.ok()) { \
      return std::move(tm_result_).error();                 \
    }                                                       \
  } while (false)

#define TM_ASSIGN_OR_RETURN(declaration, expression) \
  TM_ASSIGN_OR_RETURN_INNER(TM_CONCAT(tm_result_, __LINE__), declaration, expression)
#define TM_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                      \
  if (!result.ok()) return std::move(result).error();              \
  declaration = std::move(result).value()
