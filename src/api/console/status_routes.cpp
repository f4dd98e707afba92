// SPDX-License-Identifier: Apache-2.0
// What is there and how it does (web/API.md sections 4 and 5), and starting and stopping it.
#include "api/console/revisions_internal.h"
#include "api/console/routes_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

Answer GetWindows(Core& core, Call& call) {
  WindowsWish wish;
  for (const auto& [name, value] : call.request.DecodedQuery()) {
    const auto number = ParseInt64(value);
    if (name == "limit") {
      if (!number || *number < 1 || *number > int64_t{kWindowsMax}) {
        return core.Fail(InvalidRequest("limit must be from 1 to 1000", "limit"));
      }
      wish.limit = static_cast<size_t>(*number);
    } else if (name == "before") {
      if (!number) return core.Fail(InvalidRequest("it must be nanoseconds", "before"));
      wish.before = EventTime{*number};
    } else if (name == "revised") {
      wish.revised = value == "true";
    }
  }
  return core.OfView(core.status.Windows(call.path[1], wish));
}

Answer GetRevisions(Core& core, Call& call) {
  if (call.share != nullptr && !call.share->Reads(call.path[1], call.path[3])) {
    Failure failure;
    failure.status = 403;
    failure.code = "forbidden";
    failure.message = "The link's dashboard does not read this table.";
    return core.Fail(failure);
  }
  RevisionsAnswer answer =
      ReadRevisions(core.options, core.deps, call.path[1], call.path[3], call.request);
  if (answer.failure) return core.Fail(*answer.failure);
  return Replies::Ok(std::move(answer.json));
}

using StackOf = Result<std::string> (Admin::*)(std::string_view) const;

Answer GetDefinition(Core& core, const Call& call, std::string_view kind, StackOf stack_of) {
  const auto text = (core.deps.admin.*stack_of)(call.path[1]);
  if (!text.ok()) {
    return core.Fail(ToFailure(text.error(), std::string(kind) + "_not_found"));
  }
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "name", call.path[1]);
  WriteText(out, "kind", kind);
  WriteText(out, "toml", *text);
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
}

using Verb = Result<void> (Admin::*)(std::string_view);

/// `suffix` is ":pause" where "NAME:pause" is the segment, else empty.
Answer OnView(Core& core, const Call& call, std::string_view suffix, Verb verb) {
  const std::string name = call.path[1].substr(0, call.path[1].size() - suffix.size());
  const auto done = (core.deps.admin.*verb)(name);
  return core.OfView(done.ok() ? core.status.View(name) : done.error());
}

constexpr Route kRoutes[] = {
    {"GET", "overview",
     [](Core& core, Call&) -> Answer { return Replies::Ok(core.status.Overview()); }},
    {"GET", "overview/history",
     [](Core& core, Call&) -> Answer { return Replies::Ok(core.status.OverviewHistory()); }},
    {"GET", "databases",
     [](Core& core, Call&) -> Answer { return Replies::Ok(core.status.Databases()); }},
    {.method = "GET",
     .pattern = "databases/*/tables/*/revisions",
     .handler = GetRevisions,
     .for_shares = true},
    {"GET", "views", [](Core& core, Call&) -> Answer { return Replies::Ok(core.status.Views()); }},
    {"GET", "views/*",
     [](Core& core, Call& call) -> Answer { return core.OfView(core.status.View(call.path[1])); }},
    {"GET", "views/*/watermarks",
     [](Core& core, Call& call) -> Answer {
       return core.OfView(core.status.Watermarks(call.path[1]));
     }},
    {"GET", "views/*/lateness",
     [](Core& core, Call& call) -> Answer {
       return core.OfView(core.status.Lateness(call.path[1]));
     }},
    {"GET", "views/*/history",
     [](Core& core, Call& call) -> Answer {
       return core.OfView(core.status.ViewHistory(call.path[1]));
     }},
    {"GET", "views/*/windows", GetWindows},
    {"GET", "views/*/generations",
     [](Core& core, Call& call) -> Answer {
       return core.OfView(GenerationsJson(core.deps.admin.Generations(call.path[1])));
     }},
    {"GET", "views/*/definition",
     [](Core& core, Call& call) { return GetDefinition(core, call, "view", &Admin::ViewStack); }},
    {"GET", "pipelines/*/definition",
     [](Core& core, Call& call) {
       return GetDefinition(core, call, "pipeline", &Admin::PipelineStack);
     }},
    {"POST", "views/*/start",
     [](Core& core, Call& call) { return OnView(core, call, "", &Admin::StartView); }},
    {"POST", "views/*/stop",
     [](Core& core, Call& call) { return OnView(core, call, "", &Admin::StopView); }},
    {"POST", "views/*:pause",
     [](Core& core, Call& call) { return OnView(core, call, ":pause", &Admin::PauseView); }},
    {"POST", "views/*:resume",
     [](Core& core, Call& call) { return OnView(core, call, ":resume", &Admin::ResumeView); }},
};

}  // namespace

std::span<const Route> StatusRoutes() { return kRoutes; }

}  // namespace tidemark::console
