// SPDX-License-Identifier: Apache-2.0
// The console's scheduled queries, which are those of the Timestream API. Thread-safe.
#pragma once

#include "api/console/schedules.h"
#include "api/timestream/service.h"
#include "base/clock.h"

namespace tidemark::app {

class Schedules final : public console::Schedules {
 public:
  /// Both must outlive the object.
  Schedules(timestream::TimestreamService& timestream, const Clock& clock)
      : timestream_(timestream), clock_(clock) {}

  std::optional<console::ScheduleRefusal> Call(std::string_view operation,
                                               const JsonValue& input) override;
  Result<std::vector<ArrivalTime>> NextTimes(std::string_view schedule,
                                             size_t count) const override;
  std::string ArnOf(const catalog::ScheduledQueryDef& def) const override {
    return timestream_.ScheduledArn(def);
  }
  std::optional<ArrivalTime> NextOf(const catalog::ScheduledQueryDef& def) const override {
    return timestream_.NextScheduled(def);
  }

 private:
  timestream::TimestreamService& timestream_;
  const Clock& clock_;
};

}  // namespace tidemark::app
