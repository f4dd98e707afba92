// SPDX-License-Identifier: Apache-2.0
#include "app/schedules.h"

#include <utility>
#include <variant>

#include "api/timestream/schedule_expression.h"

namespace tidemark::app {
namespace {

Code CodeOf(timestream::ApiError error) {
  using timestream::ApiError;
  switch (error) {
    case ApiError::kValidation:
    case ApiError::kConstraint:
    case ApiError::kSerialization:
    case ApiError::kQueryExecution:
      return Code::kInvalidArgument;
    case ApiError::kServiceQuotaExceeded:
      return Code::kFailedPrecondition;
    case ApiError::kResourceNotFound:
      return Code::kNotFound;
    case ApiError::kConflict:
      return Code::kAlreadyExists;
    case ApiError::kThrottling:
      return Code::kResourceExhausted;
    case ApiError::kInternalServer:
      return Code::kInternal;
  }
  TM_UNREACHABLE();
}

}  // namespace

std::optional<console::ScheduleRefusal> Schedules::Call(std::string_view operation,
                                                        const JsonValue& input) {
  auto reply = timestream_.CallScheduled(operation, input);
  auto* failure = std::get_if<timestream::Failure>(&reply);
  if (failure == nullptr) return std::nullopt;
  return console::ScheduleRefusal{{CodeOf(failure->error), std::move(failure->message)},
                                  std::move(failure->member)};
}

Result<std::vector<ArrivalTime>> Schedules::NextTimes(std::string_view schedule,
                                                      size_t count) const {
  const auto parsed = timestream::Schedule::Parse(schedule);
  if (!parsed.ok()) return Error{parsed.error().code, parsed.error().message + "."};
  const ArrivalTime now = clock_.Now();
  std::vector<ArrivalTime> out;
  for (auto next = parsed->Next(now, now); next && out.size() < count;
       next = parsed->Next(*next, now)) {
    out.push_back(*next);
  }
  return out;
}

}  // namespace tidemark::app
