// SPDX-License-Identifier: Apache-2.0
#include "api/kinesis/error.h"

namespace tidemark::kinesis {

std::string_view ErrorName(KinesisError error) {
  switch (error) {
    case KinesisError::kResourceNotFound:
      return "ResourceNotFoundException";
    case KinesisError::kResourceInUse:
      return "ResourceInUseException";
    case KinesisError::kInvalidArgument:
      return "InvalidArgumentException";
    case KinesisError::kValidation:
      return "ValidationException";
    case KinesisError::kLimitExceeded:
      return "LimitExceededException";
    case KinesisError::kProvisionedThroughputExceeded:
      return "ProvisionedThroughputExceededException";
    case KinesisError::kExpiredIterator:
      return "ExpiredIteratorException";
    case KinesisError::kExpiredNextToken:
      return "ExpiredNextTokenException";
    case KinesisError::kSerialization:
      return "SerializationException";
    case KinesisError::kUnknownOperation:
    case KinesisError::kUnsupportedMediaType:
      return "UnknownOperationException";
    case KinesisError::kInternalFailure:
      return "InternalFailure";
  }
  TM_UNREACHABLE();
}

int HttpStatus(KinesisError error) {
  if (error == KinesisError::kInternalFailure) return 500;
  return error == KinesisError::kUnsupportedMediaType ? 404 : 400;
}

Failure ToFailure(const Error& error) {
  switch (error.code) {
    case Code::kNotFound:
      return {KinesisError::kResourceNotFound, error.message};
    case Code::kAlreadyExists:
      return {KinesisError::kResourceInUse, error.message};
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return {KinesisError::kInvalidArgument, error.message};
    case Code::kResourceExhausted:
      return {KinesisError::kProvisionedThroughputExceeded, error.message};
    case Code::kFailedPrecondition:
    case Code::kNoSpace:
    case Code::kCorruption:
    case Code::kIo:
    case Code::kUnavailable:
    case Code::kCancelled:
    case Code::kDeadlineExceeded:
    case Code::kUnimplemented:
    case Code::kInternal:
      // Transient or ours: every SDK retries a 500, and none may take it for the end of a shard
      // (1.5).
      return {KinesisError::kInternalFailure, error.message};
  }
  TM_UNREACHABLE();
}

}  // namespace tidemark::kinesis
