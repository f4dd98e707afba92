// SPDX-License-Identifier: Apache-2.0
#include "api/console/service.h"

#include <array>
#include <atomic>
#include <utility>
#include <vector>

#include "api/console/live_internal.h"
#include "api/console/pages_internal.h"
#include "api/console/queries_internal.h"
#include "api/console/query_list_internal.h"
#include "api/console/reply_internal.h"
#include "api/console/request_guard_internal.h"
#include "api/console/revisions_internal.h"
#include "api/console/status_internal.h"
#include "api/console/store_calls_internal.h"
#include "base/logging.h"
#include "base/numbers.h"
#include "base/work_gate.h"

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

/// "views/*/windows" against the segments; '*' is any one that is not empty, "*:pause" any that
/// ends so.
bool MatchesPath(std::string_view pattern, const Segments& path) {
  for (size_t i = 0; i < path.size(); ++i) {
    const size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view part = pattern.substr(0, end);
    const bool any = part.starts_with('*');
    const std::string_view tail = any ? part.substr(1) : part;
    if (any ? path[i].size() <= tail.size() || !path[i].ends_with(tail) : part != path[i]) {
      return false;
    }
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

  /// None: it is answered later, and the handler took the call's responder.
  using Answer = std::optional<http::Response>;
  using Handler = Answer (Impl::*)(Call&);
  struct Route {
    std::string_view method;
    std::string_view pattern;
    Handler handler;
  };
  static const std::array<Route, 29> kRoutes;

  /// Finds who answers a call of /api/v1, here for what is ready at once, else on a query thread.
  void Dispatch(std::shared_ptr<Call> call);
  void Post(Handler handler, std::shared_ptr<Call> call);
  Result<Progress> Step() override;

  // Handlers, on query threads.
  Answer GetOverview(Call&) { return Replies::Ok(status.Overview()); }
  Answer GetStreams(Call&) { return Replies::Ok(status.Streams()); }
  Answer GetDatabases(Call&) { return Replies::Ok(status.Databases()); }
  Answer GetPipelines(Call&) { return Replies::Ok(status.Pipelines()); }
  Answer GetViews(Call&) { return Replies::Ok(status.Views()); }
  Answer GetPipeline(Call& call) { return OfPipeline(status.Pipeline(call.path[1])); }
  Answer GetView(Call& call) { return OfView(status.View(call.path[1])); }
  Answer GetWatermarks(Call& call) { return OfView(status.Watermarks(call.path[1])); }
  Answer GetLateness(Call& call) { return OfView(status.Lateness(call.path[1])); }
  Answer GetWindows(Call& call);
  Answer GetRevisions(Call& call);
  Answer PostQuery(Call& call) { return queries.Run(call.request.body, *call.peer); }
  Answer DeleteQuery(Call& call);
  Answer GetQueries(Call&) { return Replies::Ok(QueriesJson(deps.engine)); }
  Answer CancelStatement(Call& call);
  Answer StartPipeline(Call& call);
  Answer StopPipeline(Call& call);
  Answer StartView(Call& call);
  Answer StopView(Call& call);
  Answer ApplyStack(Call& call) { return OnStack(call, &Admin::ApplyStack); }
  Answer DescribeStack(Call& call) { return OnStack(call, &Admin::DescribeStack); }
  Answer DeleteStack(Call& call) { return OnStack(call, &Admin::DeleteStack); }
  Answer PauseView(Call& call) { return OnView(call, ":pause", &Admin::PauseView); }
  Answer ResumeView(Call& call) { return OnView(call, ":resume", &Admin::ResumeView); }
  Answer GetStore(Call&) { return Replies::Ok(StoreStatsJson(deps)); }
  Answer FlushStore(Call& call);
  Answer CompactStore(Call& call);
  Answer AcceptGap(Call& call);
  Answer MakeBackup(Call& call);

  using StackVerb = Result<StackReport> (Admin::*)(std::string_view, std::string_view,
                                                   std::string_view);
  http::Response OnStack(Call& call, StackVerb verb);
  using ViewVerb = Result<void> (Admin::*)(std::string_view);
  /// "NAME:verb" is the last segment.
  http::Response OnView(Call& call, std::string_view suffix, ViewVerb verb);
  http::Response NoStoreAdmin() {
    return replies.Fail(
        ToFailure(Error{Code::kUnimplemented, "this server's store has no administrator"}));
  }
  /// Answers the call when the store is done with it.
  Completion<void> AnswerLater(Call& call);
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
  WorkGate gate;          // of calls at work
  TaskId task;            // constant after construction of the service
  MonotonicTime cleaned;  // of Step()'s owner
};

const std::array<ConsoleService::Impl::Route, 29> ConsoleService::Impl::kRoutes{{
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
    {"POST", "views/*:pause", &Impl::PauseView},
    {"POST", "views/*:resume", &Impl::ResumeView},
    {"POST", "query", &Impl::PostQuery},
    {"DELETE", "query/*", &Impl::DeleteQuery},
    {"GET", "queries", &Impl::GetQueries},
    {"DELETE", "queries/*", &Impl::CancelStatement},
    {"POST", "stack:apply", &Impl::ApplyStack},
    {"POST", "stack:describe", &Impl::DescribeStack},
    {"POST", "stack:delete", &Impl::DeleteStack},
    {"GET", "store", &Impl::GetStore},
    {"POST", "store:flush", &Impl::FlushStore},
    {"POST", "store:compact", &Impl::CompactStore},
    {"POST", "store:acceptGap", &Impl::AcceptGap},
    {"POST", "backups", &Impl::MakeBackup},
}};

// ---- the service

ConsoleService::ConsoleService(const ServiceOptions& options, const ServiceDeps& deps)
    : impl_(std::make_shared<Impl>(options, deps)) {
  impl_->task = deps.executor.Add("console", Lane::kBackground, *impl_);
}

ConsoleService::~ConsoleService() {
  impl_->deps.executor.Remove(impl_->task);
  BeginStop();
  impl_->gate.CloseWith([this] { impl_->queries.Close(); });
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
    if (auto answer = ((*self).*handler)(*call)) call->responder.Send(std::move(*answer));
    self->gate.Leave();
  });
  if (posted.ok()) return;
  Error error = std::move(posted).error();
  if (error.code == Code::kResourceExhausted) error.message = "The server is busy: try again.";
  call->responder.Send(replies.Fail(ToFailure(error)));
}

ConsoleService::Impl::Answer ConsoleService::Impl::GetWindows(Call& call) {
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

ConsoleService::Impl::Answer ConsoleService::Impl::GetRevisions(Call& call) {
  RevisionsAnswer answer = ReadRevisions(deps, call.path[1], call.path[3], call.request);
  if (answer.failure) return replies.Fail(*answer.failure);
  return Replies::Ok(std::move(answer.json));
}

ConsoleService::Impl::Answer ConsoleService::Impl::DeleteQuery(Call& call) {
  queries.Drop(call.path[1]);
  http::Response response = Replies::Ok("");
  response.status = 204;
  return response;
}

ConsoleService::Impl::Answer ConsoleService::Impl::CancelStatement(Call& call) {
  // Gone already is as good: the caller wanted it not to run.
  deps.engine.CancelQuery(call.path[1]);
  http::Response response = Replies::Ok("");
  response.status = 204;
  return response;
}

ConsoleService::Impl::Answer ConsoleService::Impl::StartPipeline(Call& call) {
  const auto done = deps.admin.StartPipeline(call.path[1]);
  return OfPipeline(done.ok() ? status.Pipeline(call.path[1]) : done.error());
}

ConsoleService::Impl::Answer ConsoleService::Impl::StopPipeline(Call& call) {
  const auto done = deps.admin.StopPipeline(call.path[1]);
  return OfPipeline(done.ok() ? status.Pipeline(call.path[1]) : done.error());
}

ConsoleService::Impl::Answer ConsoleService::Impl::StartView(Call& call) {
  const auto done = deps.admin.StartView(call.path[1]);
  return OfView(done.ok() ? status.View(call.path[1]) : done.error());
}

ConsoleService::Impl::Answer ConsoleService::Impl::StopView(Call& call) {
  const auto done = deps.admin.StopView(call.path[1]);
  return OfView(done.ok() ? status.View(call.path[1]) : done.error());
}

http::Response ConsoleService::Impl::OnView(Call& call, std::string_view suffix, ViewVerb verb) {
  const std::string name = call.path[1].substr(0, call.path[1].size() - suffix.size());
  const auto done = (deps.admin.*verb)(name);
  return OfView(done.ok() ? status.View(name) : done.error());
}

Completion<void> ConsoleService::Impl::AnswerLater(Call& call) {
  // The store completes what it was asked before it goes, after this service may have gone.
  return [self = shared_from_this(),
          responder = std::move(call.responder)](Result<void> done) mutable {
    responder.Send(done.ok() ? Replies::Ok("{}") : self->replies.Fail(ToFailure(done.error())));
  };
}

ConsoleService::Impl::Answer ConsoleService::Impl::FlushStore(Call& call) {
  if (deps.store_admin == nullptr) return NoStoreAdmin();
  if (const auto body = ParseBody(call.request.body, {}); !body.ok()) {
    return replies.Fail(ToFailure(body.error()));
  }
  deps.store_admin->Flush(AnswerLater(call));
  return std::nullopt;
}

ConsoleService::Impl::Answer ConsoleService::Impl::CompactStore(Call& call) {
  if (deps.store_admin == nullptr) return NoStoreAdmin();
  const auto mode = CompactModeOf(call.request.body);
  if (!mode.ok()) return replies.Fail(InvalidRequest(mode.error().message, "full"));
  deps.store_admin->Compact(*mode, AnswerLater(call));
  return std::nullopt;
}

ConsoleService::Impl::Answer ConsoleService::Impl::AcceptGap(Call& call) {
  if (deps.store_admin == nullptr) return NoStoreAdmin();
  const auto file = OnlyMember(call.request.body, "file");
  if (!file.ok()) return replies.Fail(InvalidRequest(file.error().message, "file"));
  const auto accepted = deps.store_admin->AcceptGap(*file);
  if (!accepted.ok()) return replies.Fail(ToFailure(accepted.error(), "file_not_found"));
  return Replies::Ok("{}");
}

ConsoleService::Impl::Answer ConsoleService::Impl::MakeBackup(Call& call) {
  const auto path = OnlyMember(call.request.body, "path");
  if (!path.ok()) return replies.Fail(InvalidRequest(path.error().message, "path"));
  const auto made = deps.admin.Backup(*path);
  if (!made.ok()) return replies.Fail(ToFailure(made.error()));
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "path", made->path);
  WriteText(out, "position", made->position);
  WriteI64(out, "files", made->files);
  WriteI64(out, "bytes", made->bytes);
  out.EndObject();
  return Replies::Ok(std::move(out).Take());
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
