// SPDX-License-Identifier: Apache-2.0
// The clock of a server under test (web/API.md section 16).
#include "api/console/routes_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

std::string Json(ArrivalTime now) {
  JsonWriter out;
  out.BeginObject();
  WriteI64(out, "now", std::optional(now.AsEventTime()));
  out.EndObject();
  return std::move(out).Take();
}

Answer Get(Core& core, Call& call) {
  SteppedClock* clock = core.deps.test_clock;
  if (clock == nullptr) return core.NothingAt(call.request.path);
  return Replies::Ok(Json(clock->Now()));
}

Answer Move(Core& core, Call& call) {
  SteppedClock* clock = core.deps.test_clock;
  if (clock == nullptr) return core.NothingAt(call.request.path);
  const auto body = ParseBody(call.request.body, {"now", "advance_ms"});
  if (!body.ok()) return core.Fail(body.error());
  const JsonValue* now = body->Find("now");
  const JsonValue* advance = body->Find("advance_ms");
  ArrivalTime to = clock->Now();
  if (now != nullptr && advance == nullptr && now->is_string()) {
    const auto time = ParseTimestamp(now->string_value());
    if (!time.ok()) return core.Fail(InvalidRequest("it must be RFC 3339", "now"));
    to = ArrivalTime{FloorTo(*time, milliseconds(1)).ns / 1'000'000};
  } else if (advance != nullptr && now == nullptr && advance->is_string()) {
    const auto ms = ParseInt64(advance->string_value());
    if (!ms || *ms < 0 || *ms > int64_t{1} << 50U) {
      return core.Fail(InvalidRequest("it must be milliseconds as a text", "advance_ms"));
    }
    to = to + milliseconds(*ms);
  } else {
    return core.Fail(InvalidRequest("it must be \"now\" or \"advance_ms\", a text"));
  }
  if (!clock->MoveTo(to)) return core.Fail(InvalidRequest("the clock does not go back", "now"));
  core.status.Sample();  // nothing happened yet at this time: rates are the same in every run
  return Replies::Ok(Json(to));
}

constexpr Route kRoutes[] = {{"GET", "test:clock", Get}, {"POST", "test:clock", Move}};

}  // namespace

std::span<const Route> TestClockRoutes() { return kRoutes; }

}  // namespace tidemark::console
