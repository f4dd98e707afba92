// SPDX-License-Identifier: Apache-2.0
#include "api/console/service.h"

#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "api/console/live_internal.h"
#include "api/console/pages_internal.h"
#include "api/console/queries_internal.h"
#include "api/console/reply_internal.h"
#include "api/console/request_guard_internal.h"
#include "api/console/revisions_internal.h"
#include "api/console/status_internal.h"
#include "base/logging.h"
#include "base/mutex.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

constexpr nanoseconds kHousekeeping = seconds(1);
constexpr size_t kWindowsDefault = 100;
constexpr int64_t kWindowsMax = 1000;

using Segments = std::vector<std::string>;

/// What was asked for, on its way to a query thread.
struct Call {
  Call(http::Request r, http::Responder to) : request(std::move(r)), responder(std::move(to)) {}

  http::Request request;
  Segments path;  // behind /api/v1, decoded
  http::Responder responder;
  // Apart from the call, whose responder its owner must not keep.
  std::shared_ptr<PeerWatch> peer = std::make_shared<PeerWatch>();
};

/// Counts calls at work, so that the service can wait for them before its parts go. Thread-safe.
class Gate {
 public:
  /// False: closed, stay out.
  bool Enter() {
    const MutexLock lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    const MutexLock lock(mutex_);
    --inside_;
    left_.NotifyAll();
  }
  /// Nobody enters any more; returns when all have left. `nudge` is called first, once closed.
  template <typename Nudge>
  void Close(const Nudge& nudge) {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    nudge();
    const MutexLock lock(mutex_);
    while (inside_ > 0) left_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar left_;
  bool closed_ TM_GUARDED_BY(mutex_) = false;
  size_t inside_ TM_GUARDED_BY(mutex_) = 0;
};

/// "views/*/windows" against the segments; '*' is any one that is not empty.
bool MatchesPath(std::string_view pattern, const Segments& path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view part = pattern.substr(0, end);
    if (part == "*" ? path[i].empty() : part != path[i]) return false;
    const bool last = end == pattern.size();
    if (last != (i + 1 == path.size())) return false;
    pattern.remove_prefix(last ? end : end + 1);
  }
  return !path.empty();
}

http::Response Redirect(const http::Request& request) {
  http::Response response = http::MakeResponse(302, "text/plain", "");
  response.headers.Set("Location", request.query.empty() ? "/ui/" : "/ui/?" + request.query);
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

struct ConsoleService::Impl final : Steppable, std::enable_shared_from_this<Impl> {
  Impl(const ServiceOptions& opts, const ServiceDeps& parts)
      : options(opts),
        deps(parts),
        replies(parts.random),
        status(opts, parts),
        queries(opts, parts, replies),
        live(opts, parts, status, replies) {}

  using Handler = http::Response (Impl::*)(Call&);
  struct Route {
    std::string_view method;
    std::string_view pattern;
    Handler handler;
  };
  static const std::array<Route, 20> kRoutes;

  /// Finds who answers a call of /api/v1, here for what is ready at once, else on a query thread.
  void Dispatch(std::shared_ptr<Call> call);
  void Post(Handler handler, std::shared_ptr<Call> call);
  Result<Progress> Step() override;

  // Handlers, on query threads.
  http::Response GetOverview(Call&) { return Replies::Ok(status.Overview()); }
  http::Response GetStreams(Call&) { return Replies::Ok(status.Streams()); }
  http::Response GetDatabases(Call&) { return Replies::Ok(status.Databases()); }
  http::Response GetPipelines(Call&) { return Replies::Ok(status.Pipelines()); }
  http::Response GetViews(Call&) { return Replies::Ok(status.Views()); }
  http::Response GetPipeline(Call& call) { return OfPipeline(status.Pipeline(call.path[1])); }
  http::Response GetView(Call& call) { return OfView(status.View(call.path[1])); }
  http::Response GetWatermarks(Call& call) { return OfView(status.Watermarks(call.path[1])); }
  http::Response GetLateness(Call& call) { return OfView(status.Lateness(call.path[1])); }
  http::Response GetWindows(Call& call);
  http::Response GetRevisions(Call& call);
  http::Response PostQuery(Call& call) { return queries.Run(call.request.body, *call.peer); }
  http::Response DeleteQuery(Call& call);
  http::Response StartPipeline(Call& call);
  http::Response StopPipeline(Call& call);
  http::Response StartView(Call& call);
  http::Response StopView(Call& call);
  http::Response ApplyStack(Call& call) { return OnStack(call, &Admin::ApplyStack); }
  http::Response DescribeStack(Call& call) { return OnStack(call, &Admin::DescribeStack); }
  http::Response DeleteStack(Call& call) { return OnStack(call, &Admin::DeleteStack); }

  using StackVerb = Result<StackReport> (Admin::*)(std::string_view, std::string_view,
                                                   std::string_view);
  http::Response OnStack(Call& call, StackVerb verb);
  http::Response OfPipeline(Result<std::string> json) {
    if (json.ok()) return Replies::Ok(std::move(json).value());
    return replies.Fail(ToFailure(json.error(), "pipeline_not_found"));
  }
  http::Response OfView(Result<std::string> json) {
    if (json.ok()) return Replies::Ok(std::move(json).value());
    return replies.Fail(ToFailure(json.error(), "view_not_found"));
  }
  http::Response NothingAt(std::string_view path) {
    return replies.Fail(
        ToFailure(Error{Code::kNotFound, "There is nothing at " + std::string(path) + "."}));
  }

  const ServiceOptions options;
  const ServiceDeps deps;
  Replies replies;
  Status status;
  Queries queries;
  Live live;
  Gate gate;
  TaskId task;            // constant after construction of the service
  MonotonicTime cleaned;  // of Step()'s owner
};

const std::array<ConsoleService::Impl::Route, 20> ConsoleService::Impl::kRoutes{{
    {"GET", "overview", &Impl::GetOverview},
    {"GET", "streams", &Impl::GetStreams},
    {"GET", "databases", &Impl::GetDatabases},
    {"GET", "databases/*/tables/*/revisions", &Impl::GetRevisions},
    {"GET", "pipelines", &Impl::GetPipelines},
    {"GET", "pipelines/*", &Impl::GetPipeline},
    {"POST", "pipelines/*/start", &Impl::StartPipeline},
    {"POST", "pipelines/*/stop", &Impl::StopPipeline},
    {"GET", "views", &Impl::GetViews},
    {"GET", "views/*", &Impl::GetView},
    {"GET", "views/*/watermarks", &Impl::GetWatermarks},
    {"GET", "views/*/lateness", &Impl::GetLateness},
    {"GET", "views/*/windows", &Impl::GetWindows},
    {"POST", "views/*/start", &Impl::StartView},
    {"POST", "views/*/stop", &Impl::StopView},
    {"POST", "query", &Impl::PostQuery},
    {"DELETE", "query/*", &Impl::DeleteQuery},
    {"POST", "stack:apply", &Impl::ApplyStack},
    {"POST", "stack:describe", &Impl::DescribeStack},
    {"POST", "stack:delete", &Impl::DeleteStack},
}};

// ---- the service

ConsoleService::ConsoleService(const ServiceOptions& options, const ServiceDeps& deps)
    : impl_(std::make_shared<Impl>(options, deps)) {
  impl_->task = deps.executor.Add("console", Lane::kBackground, *impl_);
}

ConsoleService::~ConsoleService() {
  impl_->deps.executor.Remove(impl_->task);
  BeginStop();
  impl_->gate.Close([this] { impl_->queries.Close(); });
}

void ConsoleService::BeginStop() { impl_->live.Close(); }

void ConsoleService::Handle(http::Request request, http::Responder responder) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  const std::string_view path = request.path;
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
    responder.Send(page ? std::move(*page) : impl_->NothingAt(path));
    return;
  }
  responder.Send(impl_->NothingAt(path));
}

// ---- calls

void ConsoleService::Impl::Dispatch(std::shared_ptr<Call> call) {
  const http::Request& request = call->request;
  if (auto refused = CheckOrigin(request)) {
    call->responder.Send(replies.Fail(*refused));
    return;
  }
  call->path = request.PathSegments();
  call->path.erase(call->path.begin(), call->path.begin() + 2);  // "api", "v1"
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  if (MatchesPath("live", call->path) && method == "GET") {
    live.Open(request, std::move(call->responder));
    deps.executor.Wake(task);
    return;
  }
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!MatchesPath(route.pattern, call->path)) continue;
    if (route.method == method) {
      if (route.handler == &Impl::PostQuery) {
        call->responder.OnPeerGone([peer = call->peer] { peer->Gone(); });
      }
      Post(route.handler, std::move(call));
      return;
    }
    allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  }
  if (allowed.empty() && !MatchesPath("live", call->path)) {
    call->responder.Send(NothingAt(request.path));
    return;
  }
  Failure failure;
  failure.status = 405;
  failure.code = "method_not_allowed";
  failure.message = request.method + " is not possible here.";
  http::Response response = replies.Fail(failure);
  response.headers.Set("Allow", allowed.empty() ? "GET" : allowed);
  call->responder.Send(std::move(response));
}

void ConsoleService::Impl::Post(Handler handler, std::shared_ptr<Call> call) {
  // The call is shared with the work, because refused work takes what it holds with it.
  auto posted = deps.executor.Post(Lane::kQuery, [self = shared_from_this(), handler, call] {
    if (!self->gate.Enter()) {
      call->responder.Send(
          self->replies.Fail(ToFailure(Error{Code::kUnavailable, "the server is stopping"})));
      return;
    }
    call->responder.Send(((*self).*handler)(*call));
    self->gate.Leave();
  });
  if (posted.ok()) return;
  Error error = std::move(posted).error();
  if (error.code == Code::kResourceExhausted) error.message = "The server is busy: try again.";
  call->responder.Send(replies.Fail(ToFailure(error)));
}

http::Response ConsoleService::Impl::GetWindows(Call& call) {
  size_t limit = kWindowsDefault;
  if (const auto wished = call.request.QueryValue("limit")) {
    const auto number = ParseInt64(*wished);
    if (!number || *number < 1 || *number > kWindowsMax) {
      return replies.Fail(InvalidRequest("limit must be from 1 to 1000", "limit"));
    }
    limit = static_cast<size_t>(*number);
  }
  return OfView(status.Windows(call.path[1], limit));
}

http::Response ConsoleService::Impl::GetRevisions(Call& call) {
  RevisionsAnswer answer = ReadRevisions(deps, call.path[1], call.path[3], call.request);
  if (answer.failure) return replies.Fail(*answer.failure);
  return Replies::Ok(std::move(answer.json));
}

http::Response ConsoleService::Impl::DeleteQuery(Call& call) {
  queries.Drop(call.path[1]);
  http::Response response = Replies::Ok("");
  response.status = 204;
  return response;
}

http::Response ConsoleService::Impl::StartPipeline(Call& call) {
  const auto done = deps.admin.StartPipeline(call.path[1]);
  return OfPipeline(done.ok() ? status.Pipeline(call.path[1]) : done.error());
}

http::Response ConsoleService::Impl::StopPipeline(Call& call) {
  const auto done = deps.admin.StopPipeline(call.path[1]);
  return OfPipeline(done.ok() ? status.Pipeline(call.path[1]) : done.error());
}

http::Response ConsoleService::Impl::StartView(Call& call) {
  const auto done = deps.admin.StartView(call.path[1]);
  return OfView(done.ok() ? status.View(call.path[1]) : done.error());
}

http::Response ConsoleService::Impl::StopView(Call& call) {
  const auto done = deps.admin.StopView(call.path[1]);
  return OfView(done.ok() ? status.View(call.path[1]) : done.error());
}

http::Response ConsoleService::Impl::OnStack(Call& call, StackVerb verb) {
  const auto body = ParseBody(call.request.body, {"file", "text"});
  if (!body.ok()) return replies.Fail(ToFailure(body.error()));
  const JsonValue* text = body->Find("text");
  const JsonValue* file = body->Find("file");
  if (text == nullptr || !text->is_string()) {
    return replies.Fail(InvalidRequest("\"text\" must be the stack's TOML", "text"));
  }
  const std::string name = file != nullptr && file->is_string() ? file->string_value() : "stack";
  // Outputs name the address that the client reached, which may be a forwarded one.
  const std::string endpoint =
      "http://" + std::string(call.request.Find("Host").value_or("127.0.0.1:4580"));
  const auto report = (deps.admin.*verb)(text->string_value(), name, endpoint);
  if (!report.ok()) return replies.Fail(ToFailure(report.error()));
  JsonWriter out;
  out.BeginObject().Key("items").BeginArray();
  for (const StackItem& item : report->items) {
    out.BeginObject();
    WriteText(out, "kind", item.kind);
    WriteText(out, "name", item.name);
    WriteText(out, "action", item.action);
    WriteText(out, "detail", item.detail);
    out.EndObject();
  }
  out.EndArray().Key("outputs").BeginArray();
  for (const auto& [output, value] : report->outputs) {
    out.BeginObject();
    WriteText(out, "name", output);
    WriteText(out, "value", value);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

// ---- background

Result<Progress> ConsoleService::Impl::Step() {
  const auto live_next = live.Tick();
  const MonotonicTime now = deps.clock.Monotonic();
  if (cleaned == MonotonicTime{} || now - cleaned >= kHousekeeping) {
    cleaned = now;
    status.Sample();
    queries.Expire();
  }
  Progress progress;
  progress.wake_at = cleaned + kHousekeeping;
  if (live_next) progress.wake_at = std::min(*progress.wake_at, *live_next);
  return progress;
}

}  // namespace tidemark::console
