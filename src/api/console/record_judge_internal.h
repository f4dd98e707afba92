// SPDX-License-Identifier: Apache-2.0
// Event time of a stream's records and what it means: how late they came, and whether the pipeline
// and the strictest view behind it take them on time. Single-owner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/console/record_filter_internal.h"
#include "api/console/service.h"
#include "log/record.h"
#include "pipeline/json_record.h"

namespace tidemark::console {

class RecordJudge {
 public:
  /// `time`: where the event time is when no pipeline reads the stream.
  RecordJudge(const ServiceDeps& deps, std::string_view stream, std::optional<JsonPath> time);

  struct Verdict {
    std::optional<EventTime> event_time;
    milliseconds behind{0};    // the newest event time before it; 0 without event_time
    std::string_view verdict;  // "on_time", "late", "frozen", "dead_letter", "": not judged
    std::string problem;
  };
  /// `newest`: of the shard before this record; grows to include it.
  Verdict Judge(const log::RecordView& record, std::optional<EventTime>& newest);
  /// Whether event times are known at all.
  bool knows_time() const { return parser_ != nullptr || time_.has_value(); }

  const std::string& pipeline() const { return pipeline_; }      // "": none
  const std::string& time_field() const { return time_field_; }  // ""
  std::string_view view() const { return view_ ? std::string_view(view_->name) : ""; }

 private:
  std::optional<EventTime> TimeOf(const log::RecordView& record, Verdict& verdict);

  std::string pipeline_;
  std::string time_field_;
  std::unique_ptr<pipeline::JsonRecordParser> parser_;
  std::optional<JsonPath> time_;
  std::optional<catalog::ViewDef> view_;
};

}  // namespace tidemark::console
