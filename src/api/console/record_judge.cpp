// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console/record_judge_internal.h"
#include "pipeline/decoder.h"

namespace tidemark::console {

RecordJudge::RecordJudge(const ServiceDeps& deps, std::string_view stream,
                         std::optional<JsonPath> time)
    : time_(std::move(time)) {
  for (const catalog::PipelineDef& def : deps.catalog.ListPipelines()) {
    if (def.stream != stream || def.mapping.format != "json") continue;
    pipeline_ = def.name;
    time_field_ = def.mapping.time;
    parser_ = std::make_unique<pipeline::JsonRecordParser>(def.mapping);
    for (catalog::ViewDef& view : deps.catalog.ListViews()) {
      if (view.database != def.database || view.table != def.table) continue;
      if (!view_ || view.out_of_orderness < view_->out_of_orderness) view_ = std::move(view);
    }
    break;
  }
}

std::optional<EventTime> RecordJudge::TimeOf(const log::RecordView& record, Verdict& verdict) {
  if (parser_ != nullptr) {
    pipeline::DeadLetter dead;
    if (const pipeline::JsonRecord* parsed = parser_->Parse(record.data, dead)) return parsed->time;
    verdict.verdict = "dead_letter";
    verdict.problem = dead.field.empty() ? dead.message : dead.field + ": " + dead.message;
    return std::nullopt;
  }
  if (!time_) return std::nullopt;
  const auto document = ParseJson(record.data);
  const JsonValue* value = document.ok() ? time_->Find(*document) : nullptr;
  return value != nullptr ? TimeOfJson(*value) : std::nullopt;
}

RecordJudge::Verdict RecordJudge::Judge(const log::RecordView& record,
                                        std::optional<EventTime>& newest) {
  Verdict out;
  out.event_time = TimeOf(record, out);
  if (!out.event_time) return out;
  constexpr pipeline::FutureGuard kGuard;
  const nanoseconds ahead = *out.event_time - record.arrival.AsEventTime();
  if (parser_ != nullptr && ahead > kGuard.hard) {
    out.verdict = "dead_letter";
    out.problem = "more than 24 h ahead of its arrival";
    return out;
  }
  nanoseconds behind{0};
  if (newest) behind = std::max(*newest - *out.event_time, nanoseconds(0));
  out.behind = std::chrono::duration_cast<milliseconds>(behind);
  // What is further ahead does not move the pipeline's clock (event-time.md 2.4).
  if (ahead <= kGuard.soft) newest = std::max(newest.value_or(*out.event_time), *out.event_time);
  if (!view_) return out;
  const bool frozen = view_->late == catalog::LatePolicy::kFreeze &&
                      behind > view_->out_of_orderness + view_->allowed_lateness;
  out.verdict = frozen ? "frozen" : behind > view_->out_of_orderness ? "late" : "on_time";
  return out;
}

}  // namespace tidemark::console
