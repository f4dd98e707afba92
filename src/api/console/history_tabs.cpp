// SPDX-License-Identifier: Apache-2.0
// The last quarter of an hour (web/API.md section 5, Histories).
#include "api/console/reply_internal.h"
#include "api/console/status_internal.h"

namespace tidemark::console {
namespace {

void WriteAgeOrNull(JsonWriter& out, std::string_view key, ArrivalTime at,
                    std::optional<EventTime> time) {
  out.Key(key);
  if (!time) {
    out.Null();
    return;
  }
  const nanoseconds age = at.AsEventTime() - *time;
  out.String(std::to_string(std::max<int64_t>(0, age.count() / 1'000'000)));
}

template <typename Steps, typename Write>
std::string HistoryJson(const Steps& steps, const Write& write) {
  JsonWriter out;
  out.BeginObject();
  out.Key("step_ms").Int(StatusHistory::kStep.count()).Key("steps").BeginArray();
  for (const auto& step : steps) {
    out.BeginObject();
    WriteI64(out, "at", std::optional(step.at.AsEventTime()));
    write(out, step);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

}  // namespace

Result<std::string> Status::ViewHistory(std::string_view name) const {
  TM_ASSIGN_OR_RETURN([[maybe_unused]] const view::ViewStatus status, deps_.views.Status(name));
  return HistoryJson(history_.OfView(name),
                     [](JsonWriter& out, const StatusHistory::ViewStep& step) {
                       WriteI64(out, "watermark", step.watermark);
                       WriteAgeOrNull(out, "lag_ms", step.at, step.watermark);
                       WriteI64(out, "late", step.late);
                       WriteI64(out, "frozen", step.frozen);
                       WriteI64(out, "published", step.published);
                       WriteI64(out, "revisions", step.revisions);
                     });
}

std::string Status::OverviewHistory() const {
  return HistoryJson(
      history_.OfServer(), [](JsonWriter& out, const StatusHistory::ServerStep& step) {
        WriteAgeOrNull(out, "freshness_ms", step.at, step.newest);
        WriteI64(out, "late", step.late);
        out.Key("query_p95_ms");
        step.query_time ? out.String(std::to_string(step.query_time->count())) : out.Null();
      });
}

}  // namespace tidemark::console
