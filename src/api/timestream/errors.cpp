// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/errors.h"

#include "base/check.h"
#include "base/json.h"

namespace tidemark::timestream {
namespace {

ApiError NotFoundIn(Phase phase) {
  // Query has no ResourceNotFoundException (timestream-api.md 5.1).
  return phase == Phase::kControl || phase == Phase::kWrite ? ApiError::kResourceNotFound
                                                            : ApiError::kValidation;
}

}  // namespace

ApiError ToApiError(Code code, Phase phase) {
  const bool running = phase == Phase::kExecution;
  switch (code) {
    case Code::kInvalidArgument:  // also values that a running statement meets: division by zero
    case Code::kOutOfRange:
    case Code::kUnimplemented:
      return ApiError::kValidation;
    case Code::kNotFound:
      return NotFoundIn(phase);
    case Code::kAlreadyExists:
      return ApiError::kConflict;
    case Code::kFailedPrecondition:  // DeleteDatabase with tables: 3.4
      return ApiError::kValidation;
    case Code::kResourceExhausted:
      return phase == Phase::kControl ? ApiError::kServiceQuotaExceeded : ApiError::kThrottling;
    case Code::kCancelled:  // polling a cancelled query: 5.2
      return ApiError::kConflict;
    case Code::kDeadlineExceeded:
      return ApiError::kQueryExecution;
    case Code::kCorruption:  // names file, table and range: storage.md 8.4
      return running ? ApiError::kQueryExecution : ApiError::kInternalServer;
    case Code::kNoSpace:  // sql: a memory limit, or the disk that it spills to
      return running ? ApiError::kQueryExecution : ApiError::kInternalServer;
    case Code::kIo:
    case Code::kUnavailable:
    case Code::kInternal:
      return ApiError::kInternalServer;
  }
  TM_UNREACHABLE();
}

int StatusOf(ApiError error) {
  switch (error) {
    case ApiError::kValidation:
    case ApiError::kConstraint:
    case ApiError::kSerialization:
    case ApiError::kQueryExecution:
      return 400;
    case ApiError::kServiceQuotaExceeded:
      return 402;
    case ApiError::kResourceNotFound:
      return 404;
    case ApiError::kConflict:
      return 409;
    case ApiError::kThrottling:
      return 429;
    case ApiError::kInternalServer:
      return 500;
  }
  TM_UNREACHABLE();
}

std::string_view TypeOf(ApiError error) {
  switch (error) {
    case ApiError::kValidation:
      return "com.amazonaws.timestream.v20181101#ValidationException";
    case ApiError::kConstraint:
      return "com.amazon.coral.validate#ValidationException";
    case ApiError::kSerialization:
      return "com.amazon.coral.service#SerializationException";
    case ApiError::kQueryExecution:
      return "com.amazonaws.timestream.v20181101#QueryExecutionException";
    case ApiError::kServiceQuotaExceeded:
      return "com.amazonaws.timestream.v20181101#ServiceQuotaExceededException";
    case ApiError::kResourceNotFound:
      return "com.amazonaws.timestream.v20181101#ResourceNotFoundException";
    case ApiError::kConflict:
      return "com.amazonaws.timestream.v20181101#ConflictException";
    case ApiError::kThrottling:
      return "com.amazonaws.timestream.v20181101#ThrottlingException";
    case ApiError::kInternalServer:
      return "com.amazonaws.timestream.v20181101#InternalServerException";
  }
  TM_UNREACHABLE();
}

std::string ErrorBody(std::string_view type, std::string_view message,
                      std::string_view scheduled_query_arn) {
  JsonWriter out;
  out.BeginObject().Key("__type").String(type);
  out.Key("Message").String(message).Key("message").String(message);
  if (!scheduled_query_arn.empty()) out.Key("ScheduledQueryArn").String(scheduled_query_arn);
  out.EndObject();
  return std::move(out).Take();
}

void Constraints::Add(std::string_view value, std::string_view path, std::string_view constraint) {
  if (++count_ > kShownMax) return;
  if (count_ == 1) member_ = path.substr(0, path.find('.'));
  if (!text_.empty()) text_ += "; ";
  text_.append("Value ").append(value).append(" at '").append(path);
  text_.append("' failed to satisfy constraint: ").append(constraint);
}

void Constraints::AddQuoted(std::string_view value, std::string_view path,
                            std::string_view constraint) {
  Add("'" + std::string(value.substr(0, 300)) + "'", path, constraint);
}

Failure Constraints::ToFailure() const {
  return {ApiError::kConstraint,
          std::to_string(count_) +
              (count_ == 1 ? " validation error detected: " : " validation errors detected: ") +
              text_,
          {},
          member_};
}

std::string MemberPath(std::string_view list, size_t index, std::string_view member) {
  std::string out(list);
  out.append(".").append(std::to_string(index + 1)).append(".member");
  if (!member.empty()) out.append(".").append(member);
  return out;
}

}  // namespace tidemark::timestream
