// SPDX-License-Identifier: Apache-2.0
#include "api/console/service.h"

#include <utility>

#include "api/console/live_internal.h"
#include "api/console/pages_internal.h"
#include "api/console/routes_internal.h"
#include "base/work_gate.h"
#include "http/site_guard.h"

namespace tidemark::console {
namespace {

constexpr nanoseconds kHousekeeping = seconds(1);

std::optional<Failure> Forbidden(std::optional<std::string> why) {
  if (!why) return std::nullopt;
  Failure failure;
  failure.status = 403;
  failure.code = "forbidden";
  failure.message = std::move(*why);
  return failure;
}

/// A foreign page cannot send the header without asking first, and is never allowed to.
std::optional<std::string> MissingMark(const http::Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  if (request.Find("X-Console").value_or("") == "1") return std::nullopt;
  return "Calls that change something need the header \"X-Console: 1\".";
}

/// The token of "Bearer TOKEN".
std::optional<std::string_view> TokenOf(const http::Request& request) {
  const std::string_view value = request.Find("Authorization").value_or("");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() < kScheme.size() ||
      !http::EqualsIgnoreCase(value.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  return value.substr(kScheme.size());
}

http::Response Redirect(const http::Request& request) {
  http::Response response = http::MakeResponse(302, "text/plain", "");
  response.headers.Set("Location", request.query.empty() ? "/ui/" : "/ui/?" + request.query);
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

struct ConsoleService::Impl final : Steppable, std::enable_shared_from_this<Impl> {
  Impl(const ServiceOptions& options, const ServiceDeps& deps)
      : core(std::make_shared<Core>(options, deps)),
        guard(options.allowed_hosts),
        live(options, deps, core->status, core->replies) {}

  /// Finds who answers a call of /api/v1, here for what is ready at once, else on a query thread.
  void Dispatch(std::shared_ptr<Call> call);
  void Run(const Route& route, std::shared_ptr<Call> call);
  http::Response NotAllowed(const std::string& method, const std::string& allowed);
  Result<Progress> Step() override;

  const std::shared_ptr<Core> core;
  const http::SiteGuard guard;
  Live live;
  WorkGate gate;          // of calls at work
  TaskId task;            // constant after construction of the service
  MonotonicTime cleaned;  // of Step()'s owner
};

// ---- the service

ConsoleService::ConsoleService(const ServiceOptions& options, const ServiceDeps& deps)
    : impl_(std::make_shared<Impl>(options, deps)) {
  impl_->task = deps.executor.Add("console", Lane::kBackground, *impl_);
}

ConsoleService::~ConsoleService() {
  impl_->core->deps.executor.Remove(impl_->task);
  BeginStop();
  impl_->gate.CloseWith([this] { impl_->core->queries.Close(); });
}

DashboardKeeper& ConsoleService::dashboards() { return impl_->core->dashboards; }

void ConsoleService::BeginStop() { impl_->live.Close(); }

void ConsoleService::Handle(http::Request request, http::Responder responder) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  const std::string_view path = request.path;
  if (const auto refused = Forbidden(impl_->guard.Refusal(request))) {
    responder.Send(impl_->core->Fail(*refused));
    return;
  }
  if (path.starts_with("/api/v1/")) {
    auto call = std::make_shared<Call>(std::move(request), std::move(responder));
    impl_->Dispatch(std::move(call));
    return;
  }
  if (get && path == "/" &&
      request.Find("Accept").value_or("").find("text/html") != std::string_view::npos) {
    responder.Send(Redirect(request));
    return;
  }
  if (get && (path == "/ui" || path.starts_with("/ui/"))) {
    auto page = ServePage(request);
    responder.Send(page ? std::move(*page) : impl_->core->NothingAt(path));
    return;
  }
  responder.Send(impl_->core->NothingAt(path));
}

// ---- calls

http::Response ConsoleService::Impl::NotAllowed(const std::string& method,
                                                const std::string& allowed) {
  Failure failure;
  failure.status = 405;
  failure.code = "method_not_allowed";
  failure.message = method + " is not possible here.";
  http::Response response = core->Fail(failure);
  response.headers.Set("Allow", allowed);
  return response;
}

void ConsoleService::Impl::Dispatch(std::shared_ptr<Call> call) {
  const http::Request& request = call->request;
  if (const auto refused = Forbidden(MissingMark(request))) {
    call->responder.Send(core->Fail(*refused));
    return;
  }
  if (const auto token = TokenOf(request)) {
    call->share = core->shares.Find(*token, core->deps.clock.Now());
    if (call->share == nullptr) {
      Failure failure;
      failure.status = 401;
      failure.code = "invalid_token";
      failure.message = "The link has expired, or was taken back.";
      call->responder.Send(core->Fail(failure));
      return;
    }
  }
  call->path = request.PathSegments();
  call->path.erase(call->path.begin(), call->path.begin() + 2);  // "api", "v1"
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  const bool live_path = MatchesPath("live", call->path);
  if (live_path && method == "GET") {
    live.Open(request, call->share.get(), std::move(call->responder));
    core->deps.executor.Wake(task);
    return;
  }
  std::string allowed = live_path ? "GET" : "";
  for (const std::span<const Route> area : AllRoutes()) {
    for (const Route& route : area) {
      if (!MatchesPath(route.pattern, call->path)) continue;
      if (route.method == method) {
        if (call->share != nullptr && !route.for_shares) {
          call->responder.Send(
              core->Fail(*Forbidden("A link reads its dashboard and changes nothing.")));
          return;
        }
        Run(route, std::move(call));
        return;
      }
      allowed.append(allowed.empty() ? "" : ", ").append(route.method);
    }
  }
  call->responder.Send(allowed.empty() ? core->NothingAt(request.path)
                                       : NotAllowed(request.method, allowed));
}

void ConsoleService::Impl::Run(const Route& route, std::shared_ptr<Call> call) {
  if (route.runs_on == RunsOn::kNetworkThread) {
    if (auto answer = route.handler(*core, *call)) call->responder.Send(std::move(*answer));
    return;
  }
  if (route.watches_peer) {
    call->responder.OnPeerGone([peer = call->peer] { peer->Gone(); });
  }
  // The call is shared with the work, because refused work takes what it holds with it.
  const Handler handler = route.handler;
  auto posted = core->deps.executor.Post(Lane::kQuery, [self = shared_from_this(), handler, call] {
    if (!self->gate.Enter()) {
      call->responder.Send(self->core->Fail(Error{Code::kUnavailable, "the server is stopping"}));
      return;
    }
    if (auto answer = handler(*self->core, *call)) call->responder.Send(std::move(*answer));
    self->gate.Leave();
  });
  if (posted.ok()) return;
  Error error = std::move(posted).error();
  if (error.code == Code::kResourceExhausted) error.message = "The server is busy: try again.";
  call->responder.Send(core->Fail(error));
}

// ---- background

Result<Progress> ConsoleService::Impl::Step() {
  const auto live_next = live.Tick();
  const MonotonicTime now = core->deps.clock.Monotonic();
  if (cleaned == MonotonicTime{} || now - cleaned >= kHousekeeping) {
    cleaned = now;
    core->status.Sample();
    core->queries.Expire();
  }
  Progress progress;
  progress.wake_at = cleaned + kHousekeeping;
  if (live_next) progress.wake_at = std::min(*progress.wake_at, *live_next);
  return progress;
}

}  // namespace tidemark::console
