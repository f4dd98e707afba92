// SPDX-License-Identifier: Apache-2.0
// Answers in the console's shapes (web/API.md section 1) and the ids in them. Replies is
// thread-safe; the rest are pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"
#include "http/message.h"

namespace tidemark::console {

/// The error object of an answer. `line` and `column` are 1-based; 0: no place.
struct Failure {
  int status = 500;
  std::string code = "internal";
  std::string message;
  std::string hint;
  std::string field;
  int line = 0;
  int column = 0;
  std::string current_json;  // of 412: the stored object; "": the member is left out
};

/// Status and code of an Error of ours.
Failure ToFailure(const Error& error);
/// As ToFailure(), but kNotFound says what is missing: "view_not_found".
Failure ToFailure(const Error& error, std::string_view not_found_code);
/// Of an Error that sql::Engine gave: with the place in the statement.
Failure ToSqlFailure(const Error& error);
Failure InvalidRequest(std::string message, std::string field = {});

class Replies {
 public:
  /// `random` must outlive the object; used under a lock.
  explicit Replies(Random& random) : random_(random) {}

  static http::Response Ok(std::string json);
  http::Response Fail(const Failure& failure);
  /// The error object alone.
  std::string ErrorJson(const Failure& failure);
  /// 13 characters 0-9A-Z without I, L, O, U; not to be guessed.
  std::string NewId();

 private:
  Mutex mutex_;
  Random& random_ TM_GUARDED_BY(mutex_);
};

// 64-bit numbers are decimal strings in the contract.
void WriteI64(JsonWriter& out, std::string_view key, int64_t value);
void WriteI64(JsonWriter& out, std::string_view key, uint64_t value);
void WriteI64(JsonWriter& out, std::string_view key, std::optional<EventTime> value);
void WriteText(JsonWriter& out, std::string_view key, std::string_view value);
/// Null when empty.
void WriteTextOrNull(JsonWriter& out, std::string_view key, std::string_view value);

/// The body as an object whose members are all in `known`; an empty body is an empty object.
Result<JsonValue> ParseBody(std::string_view body, std::initializer_list<std::string_view> known);

}  // namespace tidemark::console
