// SPDX-License-Identifier: Apache-2.0
// Errors on the wire (timestream-api.md 1.4) and how ours become theirs. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace tidemark::timestream {

enum class ApiError : uint8_t {
  kValidation,
  kConstraint,  // ValidationException of the framework: lengths, enums, patterns
  kSerialization,
  kQueryExecution,
  kServiceQuotaExceeded,
  kResourceNotFound,
  kConflict,
  kThrottling,
  kInternalServer,
};

/// What was being done when an Error came up; the same Code means different things to the API.
enum class Phase : uint8_t { kControl, kWrite, kAnalysis, kExecution };

/// Total: a new Code is a compiler warning.
ApiError ToApiError(Code code, Phase phase);

/// An answer that is wrong for the caller, not for us; carried by value to the encoder.
struct Failure {
  ApiError error = ApiError::kInternalServer;
  std::string message;
  std::string scheduled_query_arn = {};  // of a ResourceNotFoundException of QUERY (1.4.2)
  std::string member = {};  // of the request, where one is at fault: "queryString"; not sent

  static Failure Validation(std::string message, std::string member = {}) {
    return {ApiError::kValidation, std::move(message), {}, std::move(member)};
  }
  static Failure Serialization(std::string message, std::string member = {}) {
    return {ApiError::kSerialization, std::move(message), {}, std::move(member)};
  }
  static Failure Of(const Error& error, Phase phase) {
    return {ToApiError(error.code, phase), error.message, {}};
  }
};

/// HTTP status of timestream-api.md 1.4.2.
int StatusOf(ApiError error);
/// "com.amazonaws.timestream.v20181101#ValidationException".
std::string_view TypeOf(ApiError error);

/// {"__type":..,"Message":..,"message":..}; both message keys (1.4.1).
std::string ErrorBody(std::string_view type, std::string_view message,
                      std::string_view scheduled_query_arn = {});

/// Collects violations of the model's constraints; one message names them all:
/// "2 validation errors detected: Value .. at '..' failed to satisfy constraint: ..; ..".
class Constraints {
 public:
  /// `value` as the framework prints it: a quoted text, "null" or a number.
  void Add(std::string_view value, std::string_view path, std::string_view constraint);
  void AddQuoted(std::string_view value, std::string_view path, std::string_view constraint);

  bool violated() const { return count_ > 0; }
  Failure ToFailure() const;

 private:
  static constexpr int kShownMax = 20;
  int count_ = 0;
  std::string text_;
  std::string member_;  // the first one
};

/// "records.3.member.dimensions.1.member.name"; `index` counts from 0, the path from 1.
std::string MemberPath(std::string_view list, size_t index, std::string_view member);

}  // namespace tidemark::timestream
