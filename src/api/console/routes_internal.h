// SPDX-License-Identifier: Apache-2.0
// The calls of /api/v1, one table of routes per area, each in the source that answers them. A
// handler gets the service's parts and the call; those that scan, compute, wait or change something
// run on query threads, the few that never wait run at once, on the network thread.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/console/queries_internal.h"
#include "api/console/reply_internal.h"
#include "api/console/service.h"
#include "api/console/shares_internal.h"
#include "api/console/stack_dashboards_internal.h"
#include "api/console/status_internal.h"

namespace tidemark::console {

/// What was asked for, on its way to its handler.
struct Call {
  Call(http::Request r, http::Responder to) : request(std::move(r)), responder(std::move(to)) {}

  http::Request request;
  std::vector<std::string> path;             // behind /api/v1, decoded
  std::shared_ptr<const ShareAccess> share;  // of a token; null: whoever may do everything
  http::Responder responder;
  // Apart from the call, whose responder its owner must not keep.
  std::shared_ptr<PeerWatch> peer = std::make_shared<PeerWatch>();
};

/// None: it is answered later, and the handler took the call's responder.
using Answer = std::optional<http::Response>;

/// The parts that handlers share. Calls hold it, so it lives as long as the last of them.
struct Core : std::enable_shared_from_this<Core> {
  Core(const ServiceOptions& opts, const ServiceDeps& parts);

  const ServiceOptions options;
  const ServiceDeps deps;
  Replies replies;
  Status status;
  Queries queries;
  Shares shares;
  Mutex objects_mutex;  // held while a kept object is read, compared and changed
  StackDashboards dashboards;
  const MonotonicTime started;
  const ArrivalTime started_at;

  const ServerFacts& facts() const;

  http::Response Fail(const Failure& failure) { return replies.Fail(failure); }
  http::Response Fail(const Error& error) { return replies.Fail(ToFailure(error)); }
  /// kNotFound in the answer is `not_found_code`.
  http::Response JsonOr(Result<std::string> json, std::string_view not_found_code);
  http::Response OfPipeline(Result<std::string> json) {
    return JsonOr(std::move(json), "pipeline_not_found");
  }
  http::Response OfView(Result<std::string> json) {
    return JsonOr(std::move(json), "view_not_found");
  }
  http::Response NothingAt(std::string_view path);
};

using Handler = Answer (*)(Core&, Call&);

enum class RunsOn : uint8_t { kQueryThread, kNetworkThread };

/// '*' in the pattern is any one segment that is not empty, "*:pause" any that ends so.
struct Route {
  std::string_view method;
  std::string_view pattern;
  Handler handler;
  RunsOn runs_on = RunsOn::kQueryThread;
  bool watches_peer = false;  // a peer that leaves cancels what runs
  bool for_shares = false;    // holders of a token may call it
};

/// Whether the pattern is about the segments.
bool MatchesPath(std::string_view pattern, const std::vector<std::string>& path);

std::span<const Route> AboutRoutes();
std::span<const Route> ActivityRoutes();
std::span<const Route> DashboardRoutes();
std::span<const Route> ExplainRoutes();
std::span<const Route> PanelRoutes();
std::span<const Route> PipelineRoutes();
std::span<const Route> RejectionRoutes();
std::span<const Route> SavedQueryRoutes();
std::span<const Route> ScheduleRoutes();
std::span<const Route> ShareRoutes();
std::span<const Route> StatusRoutes();
std::span<const Route> TableRoutes();
std::span<const Route> TableUpkeepRoutes();
std::span<const Route> TestClockRoutes();
std::span<const Route> QueryRoutes();
std::span<const Route> SqlHelpRoutes();
std::span<const Route> StackRoutes();
std::span<const Route> StoreRoutes();
std::span<const Route> StreamRoutes();
std::span<const Route> ViewToolRoutes();

/// All of them, by area.
inline std::array<std::span<const Route>, 20> AllRoutes() {
  return {AboutRoutes(),      StatusRoutes(),    QueryRoutes(),     SqlHelpRoutes(),
          SavedQueryRoutes(), DashboardRoutes(), ShareRoutes(),     PanelRoutes(),
          TableRoutes(),      RejectionRoutes(), StackRoutes(),     StoreRoutes(),
          StreamRoutes(),     PipelineRoutes(),  TestClockRoutes(), TableUpkeepRoutes(),
          ScheduleRoutes(),   ActivityRoutes(),  ViewToolRoutes(),  ExplainRoutes()};
}

/// 204 without a body.
http::Response NoContent();

}  // namespace tidemark::console
