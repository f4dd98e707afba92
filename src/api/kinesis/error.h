// SPDX-License-Identifier: Apache-2.0
// Errors of the Kinesis protocol (kinesis-api.md 1.5, 1.14). Immutable values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::kinesis {

enum class KinesisError : uint8_t {
  kResourceNotFound,
  kResourceInUse,
  kInvalidArgument,
  kValidation,
  kLimitExceeded,
  kProvisionedThroughputExceeded,
  kExpiredIterator,
  kExpiredNextToken,
  kSerialization,
  kUnknownOperation,
  kUnsupportedMediaType,  // an UnknownOperationException too, with status 404 (1.2)
  kInternalFailure,
};

/// "ResourceNotFoundException", ...
std::string_view ErrorName(KinesisError error);
int HttpStatus(KinesisError error);

struct Failure {
  KinesisError error = KinesisError::kInternalFailure;
  std::string message;
};

/// The protocol's name for an error of the parts below.
Failure ToFailure(const Error& error);

}  // namespace tidemark::kinesis
