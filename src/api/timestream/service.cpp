// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/service.h"

#include <algorithm>
#include <utility>

#include "api/timestream/answer_internal.h"
#include "api/timestream/control_internal.h"
#include "api/timestream/query_control_internal.h"
#include "api/timestream/query_internal.h"
#include "api/timestream/scheduled_queries_internal.h"
#include "api/timestream/write_records_internal.h"
#include "base/work_gate.h"

namespace tidemark::timestream {
namespace {

constexpr size_t kControlBodyBytesMax = 1_MiB;

// Operations of the two models that this version does not offer.
constexpr std::string_view kNotOffered[] = {"CreateBatchLoadTask", "DescribeBatchLoadTask",
                                            "ListBatchLoadTasks", "ResumeBatchLoadTask"};

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// "host:80" -> "host", "[::1]:80" -> "[::1]".
std::string_view WithoutPort(std::string_view host) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && colon < bracket) return host;
  return host.substr(0, colon);
}

}  // namespace

std::string AdvertisedEndpoint(const http::Request& request) {
  std::string host(request.Find("host").value_or(""));
  if (host.empty()) host = "127.0.0.1:4580";
  const std::string agent = LowerCase(request.Find("user-agent").value_or(""));
  const auto is = [&](std::string_view name) { return agent.find(name) != std::string::npos; };
  // boto3 puts https:// in front of an address without a scheme.
  if (is("botocore") || is("boto3")) return "http://" + host;
  if (is("aws-sdk-js") || is("aws-sdk-java")) return std::string(WithoutPort(host));
  return host;
}

struct TimestreamService::Impl {
  Impl(ServiceOptions given, const ServiceDeps& deps)
      : options(std::move(given)),
        executor(deps.executor),
        answers(std::make_shared<Answers>(deps.random)),
        control({options.region, options.account}, deps.catalog, deps.tables, deps.clock),
        query_control(deps.catalog, deps.engine),
        writer(std::make_shared<RecordWriter>(RecordWriter::Deps{
            deps.tables, deps.store, deps.direct_clock, deps.clock, answers, deps.metrics})),
        queries(std::make_shared<QueryApi>(
            options, QueryApi::Deps{deps.engine, deps.executor, deps.clock, answers, deps.metrics,
                                    deps.exports})),
        scheduled(std::make_shared<ScheduledQueryApi>(
            ScheduledQueryApi::Options{.arns = {options.region, options.account},
                                       .statement_time_max = options.statement_time_max},
            ScheduledQueryApi::Deps{deps.catalog, deps.tables, deps.store, deps.direct_clock,
                                    deps.engine, deps.executor, deps.clock, answers, deps.reports,
                                    deps.metrics})) {}

  http::Response Answer(Reply reply) {
    if (const Failure* failure = std::get_if<Failure>(&reply)) return answers->Fail(*failure);
    return answers->Ok(std::get<std::string>(std::move(reply)));
  }

  http::Response DescribeEndpoints(const http::Request& request) {
    JsonWriter out;
    out.BeginObject().Key("Endpoints").BeginArray().BeginObject();
    out.Key("Address").String(options.endpoint(request));
    out.Key("CachePeriodInMinutes").Int(options.endpoint_cache_minutes);
    out.EndObject().EndArray().EndObject();
    return answers->Ok(std::move(out).Take());
  }

  const ServiceOptions options;
  Executor& executor;
  const std::shared_ptr<Answers> answers;
  /// Finds who answers; `changes`: not on a network thread.
  std::function<Reply(const JsonValue&)> Find(std::string_view operation, const JsonValue& input,
                                              bool& changes);

  ControlApi control;
  QueryControlApi query_control;
  WorkGate gate;  // of posted operations
  // Shared with work in flight.
  std::shared_ptr<RecordWriter> writer;
  std::shared_ptr<QueryApi> queries;
  std::shared_ptr<ScheduledQueryApi> scheduled;
};

std::function<Reply(const JsonValue&)> TimestreamService::Impl::Find(std::string_view operation,
                                                                     const JsonValue& input,
                                                                     bool& changes) {
  changes = true;
  const ScheduledQueryApi::Entry* runs = ScheduledQueryApi::Find(operation);
  if (runs == nullptr) runs = ScheduledQueryApi::FindForTags(operation, input);
  if (runs != nullptr) {
    return [this, run = runs->run](const JsonValue& value) { return ((*scheduled).*run)(value); };
  }
  if (const QueryControlApi::Entry* entry = QueryControlApi::Find(operation)) {
    return [this, run = entry->run](const JsonValue& value) { return (query_control.*run)(value); };
  }
  if (const ControlApi::Entry* entry = ControlApi::Find(operation)) {
    changes = entry->changes;
    return [this, run = entry->run](const JsonValue& value) { return (control.*run)(value); };
  }
  return nullptr;
}

TimestreamService::TimestreamService(ServiceOptions options, ServiceDeps deps)
    : impl_(std::make_shared<Impl>(std::move(options), deps)) {
  impl_->queries->Start();
  impl_->scheduled->Start();
}

TimestreamService::~TimestreamService() {
  impl_->gate.Close();
  impl_->scheduled->Stop();
  impl_->queries->Stop();
}

http::Response TimestreamService::UnknownOperation() {
  return ErrorResponse(404, "UnknownOperationException", "The operation is not known.");
}

http::Response TimestreamService::ErrorResponse(int status, std::string_view type,
                                                std::string_view message) {
  return impl_->answers->Make(status,
                              ErrorBody("com.amazon.coral.service#" + std::string(type), message));
}

std::variant<std::string, Failure> TimestreamService::CallScheduled(std::string_view operation,
                                                                    const JsonValue& input) {
  const ScheduledQueryApi::Entry* entry = ScheduledQueryApi::Find(operation);
  if (entry == nullptr) return Failure::Validation("The operation is not known.");
  if (!impl_->gate.Enter()) return Failure{ApiError::kInternalServer, "The server is stopping."};
  Reply reply = (impl_->scheduled.get()->*entry->run)(input);
  impl_->gate.Leave();
  return reply;
}

std::string TimestreamService::ScheduledArn(const catalog::ScheduledQueryDef& def) const {
  return impl_->scheduled->ArnOf(def);
}

std::optional<ArrivalTime> TimestreamService::NextScheduled(
    const catalog::ScheduledQueryDef& def) const {
  return impl_->scheduled->NextOf(def);
}

void TimestreamService::Handle(std::string_view operation, http::Request request,
                               http::Responder responder) {
  Impl& impl = *impl_;
  if (operation == "WriteRecords") {
    return impl.writer->Handle(std::move(request), std::move(responder));
  }
  if (operation == "Query") return impl.queries->Query(request, std::move(responder));
  if (operation == "CancelQuery") return impl.queries->CancelQuery(request, std::move(responder));
  if (operation == "DescribeEndpoints") return responder.Send(impl.DescribeEndpoints(request));
  const bool ours = ControlApi::Find(operation) != nullptr ||
                    QueryControlApi::Find(operation) != nullptr ||
                    ScheduledQueryApi::Find(operation) != nullptr;
  if (!ours) {
    const bool known = std::find(std::begin(kNotOffered), std::end(kNotOffered), operation) !=
                       std::end(kNotOffered);
    return responder.Send(
        known ? impl.answers->Fail(Failure::Validation(
                    std::string(operation) + " is not supported by this version of Tidemark."))
              : UnknownOperation());
  }
  if (request.body.size() > kControlBodyBytesMax) {
    return responder.Send(impl.answers->Fail(Failure::Validation(
        "The request body is larger than " + std::to_string(kControlBodyBytesMax) + " bytes.")));
  }
  Result<JsonValue> input = ParseJson(request.body.empty() ? "{}" : request.body);
  if (!input.ok() || !input->is_object()) {
    return responder.Send(impl.answers->Fail(
        Failure::Serialization("The request body must be a JSON object" +
                               (input.ok() ? "." : ": " + input.error().message))));
  }
  bool changes = true;
  auto run = impl.Find(operation, *input, changes);
  if (!changes) return responder.Send(impl.Answer(run(*input)));
  // Shared: a refused post destroys the work, and the responder must survive that.
  auto held = std::make_shared<http::Responder>(std::move(responder));
  const Result<void> posted = impl.executor.Post(
      Lane::kBackground,
      [self = impl_, run = std::move(run), held, value = std::move(input).value()] {
        if (!self->gate.Enter()) {
          held->Send(self->answers->Fail({ApiError::kInternalServer, "The server is stopping."}));
          return;
        }
        held->Send(self->Answer(run(value)));
        self->gate.Leave();
      });
  if (!posted.ok()) {
    held->Send(impl.answers->Fail(
        {ApiError::kThrottling, "Too many changes are waiting: " + posted.error().message}));
  }
}

}  // namespace tidemark::timestream
