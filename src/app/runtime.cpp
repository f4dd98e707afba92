// SPDX-License-Identifier: Apache-2.0
#include "app/runtime.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "agg/exact_sum.h"
#include "api/console/hand_shakes.h"
#include "api/console/rejections.h"
#include "api/console/service.h"
#include "api/kinesis/service.h"
#include "api/timestream/catalog_namespace.h"
#include "api/timestream/direct_clock.h"
#include "api/timestream/service.h"
#include "api/timestream/tables.h"
#include "app/backup.h"
#include "app/backup_files.h"
#include "app/late_streams.h"
#include "app/readiness.h"
#include "app/schedules.h"
#include "app/stack_admin.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/memory_budget.h"
#include "base/metrics.h"
#include "catalog/catalog.h"
#include "http/call_observer.h"
#include "http/server.h"
#include "http/site_guard.h"
#include "log/log.h"
#include "pipeline/manager.h"
#include "sql/engine.h"
#include "store/embedded_store.h"
#include "view/audit.h"
#include "view/maintainer.h"

namespace tidemark::app {
namespace {

constexpr std::string_view kKinesisPrefix = "Kinesis_20131202.";
constexpr std::string_view kReportsFolder = "reports";  // below the data directory
constexpr std::string_view kSpillFolder = "spill";      // below the data directory

uint64_t MachineMemory() {
  const auto pages = static_cast<uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
  return pages * static_cast<uint64_t>(std::max(0L, ::sysconf(_SC_PAGESIZE)));
}

int SqlThreads(const Config& config) {
  if (config.sql_threads != 0) return config.sql_threads;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

/// memory_max in shares. The store has the half: its points are the data. The rest of the process
/// (stream buffers, connections, pages, code) lives in what is left.
struct Budget {
  explicit Budget(const Config& config)
      : total(config.memory_max != 0 ? config.memory_max : MachineMemory() / 2),
        store(total / 2),
        sql(config.sql_memory_max != 0 ? config.sql_memory_max
                                       : std::max<uint64_t>(total / 4, 32_MiB)),
        log_waiting(std::clamp<uint64_t>(total / 32, 8_MiB, 64_MiB)),
        bodies(std::clamp<uint64_t>(total / 16, 24_MiB, 256_MiB)) {}

  uint64_t total;
  uint64_t store;
  uint64_t sql;
  uint64_t log_waiting;  // per stream
  uint64_t bodies;       // of all unanswered requests
};

}  // namespace

struct Runtime::Impl {
  explicit Impl(RuntimeOptions opts);
  ~Impl();

  class Sampler;

  Result<void> Open();
  Result<void> OpenData();
  Result<void> OpenParts();
  Result<void> StartServer();
  std::shared_ptr<const console::ServerFacts> Facts(const kinesis::KinesisOptions& aws) const;
  void WatchMemory();
  void Handle(http::Request request, http::Responder responder);
  void HandleTarget(std::string_view target, http::Request request, http::Responder responder);
  http::Response ShapeError(const http::ErrorContext& context);
  http::Response RefuseSite(std::string_view target, const std::string& why);
  void Stop();

  const RuntimeOptions options;
  const Budget budget;
  const SystemClock system_clock;
  const std::unique_ptr<SteppedClock> test_clock;  // null: time passes
  const Clock& clock;
  SystemRandom random;
  MetricRegistry metrics;
  MemoryBudget memory;
  uint64_t results_bytes_max = 0;  // constant after OpenParts()
  const http::SiteGuard guard;
  std::string url;
  std::atomic<bool> ready{false};

  // Opened in this order, stopped in the reverse one.
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<log::Log> log;
  std::unique_ptr<store::EmbeddedStore> store;
  std::unique_ptr<timestream::TableAdmin> tables;
  std::unique_ptr<timestream::CatalogNamespace> names;
  std::unique_ptr<sql::Engine> engine;
  std::unique_ptr<LateStreams> late_streams;
  std::unique_ptr<view::Maintainer> views;
  std::unique_ptr<view::Auditor> auditor;  // null: views are verified on demand only
  std::unique_ptr<pipeline::OrderBook> orders;
  std::unique_ptr<pipeline::Manager> pipelines;
  std::unique_ptr<timestream::DirectClock> direct_clock;
  std::unique_ptr<StackAdmin> admin;
  std::unique_ptr<kinesis::KinesisService> kinesis;
  std::unique_ptr<timestream::FolderSink> exports;  // null: no directory is configured
  std::unique_ptr<timestream::FolderSink> reports;  // of scheduled queries, without exports
  std::unique_ptr<timestream::TimestreamService> timestream;
  std::unique_ptr<Schedules> schedules;
  std::unique_ptr<console::Rejections> rejections;   // the store tells it
  std::unique_ptr<console::HandShakes> hand_shakes;  // answers of server tell it
  std::unique_ptr<console::ConsoleService> console;
  std::unique_ptr<Sampler> sampler;
  TaskId sampling{};
};

/// Gauges of what only asking tells. Asking waits for locks, so no network thread does it.
class Runtime::Impl::Sampler final : public Steppable {
 public:
  explicit Sampler(Impl& impl) : impl_(impl) {}

  void Sample() { PublishMemory(impl_.memory, impl_.metrics); }
  Result<Progress> Step() override {
    Sample();
    return Progress{.wake_at = impl_.clock.Monotonic() + seconds(1)};
  }

 private:
  Impl& impl_;
};

Runtime::Impl::Impl(RuntimeOptions opts)
    : options(std::move(opts)),
      budget(options.config),
      test_clock(options.test_clock ? std::make_unique<SteppedClock>(*options.test_clock)
                                    : nullptr),
      clock(test_clock ? static_cast<const Clock&>(*test_clock) : system_clock),
      memory(budget.total),
      guard(options.config.allowed_hosts) {}

Runtime::Impl::~Impl() { Stop(); }

Result<void> Runtime::Impl::OpenData() {
  FileSystem& fs = RealFileSystem();
  const std::string& dir = options.config.data_dir;
  TM_RETURN_IF_ERROR(fs.CreateDirs(dir));
  auto locked = fs.Lock(JoinPath(dir, kLockFile));
  if (!locked.ok()) {
    if (locked.error().code != Code::kFailedPrecondition) return std::move(locked).error();
    return Error{Code::kFailedPrecondition, "another server uses the data directory " + dir +
                                                ": stop it, or give another --data-dir"};
  }
  lock = std::move(locked).value();
  TM_ASSIGN_OR_RETURN(const bool restoring, fs.Exists(JoinPath(dir, kRestoringFile)));
  if (restoring) {
    return Error{Code::kFailedPrecondition, "a restore into " + dir +
                                                " did not end: remove the folder and restore the "
                                                "backup again"};
  }
  // It names a running server, and this one is not ready yet.
  if (auto removed = fs.Remove(JoinPath(dir, "endpoint"));
      !removed.ok() && removed.error().code != Code::kNotFound) {
    return removed;
  }
  executor = MakeThreadExecutor(
      {.background_threads = static_cast<int>(options.config.background_threads),
       .query_threads = static_cast<int>(options.config.sql_concurrent_max) + 2});
  return {};
}

Result<void> Runtime::Impl::OpenParts() {
  FileSystem& fs = RealFileSystem();
  const Config& config = options.config;
  const std::string& dir = config.data_dir;
  TM_ASSIGN_OR_RETURN(catalog, catalog::Catalog::Open(JoinPath(dir, kCatalogFile), clock));
  TM_RETURN_IF_ERROR(catalog->NoteStart(kVersion));
  log::LogOptions log_options;
  log_options.waiting_bytes_max = budget.log_waiting;
  TM_ASSIGN_OR_RETURN(log, log::Log::Open({fs, *catalog, clock, *executor, metrics},
                                          JoinPath(dir, kLogFolder), log_options));
  store::EmbeddedStoreOptions store_options;
  store_options.dir = dir;
  store_options.memory_bytes_max = budget.store;
  store_options.journal_queue_bytes_max = std::clamp<size_t>(budget.store / 8, 4_MiB, 32_MiB);
  store_options.feed_memory_bytes_max = std::clamp<size_t>(budget.store / 8, 4_MiB, 32_MiB);
  store_options.accept_loss_after_lsn = options.accept_log_loss;
  store_options.rebuild_manifest = options.rebuild_manifest;
  store_options.segment_bytes_max = config.segment_bytes;
  store_options.feed_bytes_max = config.feed_bytes_max;
  store_options.seal_after =
      std::chrono::ceil<decltype(store_options.seal_after)>(config.seal_after);
  store_options.seal_bytes = config.seal_bytes;
  store_options.partition = config.partition;
  store_options.revision_retention =
      std::chrono::ceil<decltype(store_options.revision_retention)>(config.revision_retention);
  rejections = std::make_unique<console::Rejections>(clock);
  store_options.rejections = rejections.get();
  TM_ASSIGN_OR_RETURN(store,
                      store::EmbeddedStore::Open(store_options, fs, clock, *executor, metrics));
  tables = std::make_unique<timestream::TableAdmin>(*catalog, *store);
  tables->LoadTables();
  names = std::make_unique<timestream::CatalogNamespace>(*catalog);

  sql::EngineOptions engine_options;
  if (!config.export_directory.empty()) {
    const std::string folder = std::filesystem::absolute(config.export_directory).string();
    exports = std::make_unique<timestream::FolderSink>(fs, folder);
    TM_ASSIGN_OR_RETURN(engine_options.export_dir, exports->OpenStaging());
  } else {
    reports = std::make_unique<timestream::FolderSink>(fs, JoinPath(dir, kReportsFolder));
  }
  engine_options.spill_dir = JoinPath(dir, kSpillFolder);
  TM_ASSIGN_OR_RETURN(const bool spilled, fs.Exists(engine_options.spill_dir));
  if (spilled) TM_RETURN_IF_ERROR(RemoveTree(fs, engine_options.spill_dir));  // by a killed server
  engine_options.memory_bytes_max = budget.sql;
  engine_options.threads = SqlThreads(config);
  engine_options.pushdown = config.sql_pushdown;
  engine_options.queries_running_max = static_cast<size_t>(config.sql_concurrent_max);
  engine_options.queries_waiting_max = static_cast<size_t>(config.sql_queue_max);
  // A statement waits as long as it may run: what is in the queue was promised an answer.
  engine_options.wait_max = std::chrono::ceil<milliseconds>(config.sql_timeout);
  engine_options.slow_query = std::chrono::ceil<milliseconds>(config.sql_slow_query);
  TM_ASSIGN_OR_RETURN(engine, sql::Engine::Open(engine_options, *store, *names, clock, metrics));

  late_streams = std::make_unique<LateStreams>(*log, *store);
  views = std::make_unique<view::Maintainer>(*store, clock, metrics, late_streams.get());
  orders = std::make_unique<pipeline::OrderBook>(fs, JoinPath(dir, kLatenessFile), clock);
  orders->Load();
  pipelines = std::make_unique<pipeline::Manager>(
      pipeline::ManagerContext{*catalog, *log, *store, clock, *executor, metrics, *orders},
      pipeline::PipelineOptions{});
  admin = std::make_unique<StackAdmin>(
      StackContext{*catalog, *log, *store, *tables, *pipelines, *views, *late_streams, *store, fs,
                   clock, BackupDirectoryOf(config), config.data_dir + "/spill"});
  TM_RETURN_IF_ERROR(admin->Restore());
  views->Attach(*executor);
  admin->Attach(*executor);
  if (config.verify_interval > nanoseconds(0)) {
    auditor = std::make_unique<view::Auditor>(
        *views, clock, metrics, view::AuditOptions{.interval = config.verify_interval});
    auditor->Attach(*executor);
  }
  direct_clock = std::make_unique<timestream::DirectClock>(*store, clock, *executor, *orders);
  std::vector<TableId> table_ids;
  for (const auto& table : catalog->ListTables()) table_ids.push_back(table.id);
  direct_clock->Start(table_ids);
  orders->Attach(*executor);

  kinesis::KinesisOptions kinesis_options;
  kinesis_options.shards_max = static_cast<uint32_t>(config.stream_shards_max);
  TM_ASSIGN_OR_RETURN(
      kinesis, kinesis::KinesisService::Open({*log, *catalog, clock, random, *executor, metrics},
                                             kinesis_options));
  timestream::ServiceOptions timestream_options;
  results_bytes_max = timestream_options.page_cache_bytes_max;
  timestream_options.statement_time_max =
      std::chrono::duration_cast<milliseconds>(config.sql_timeout);
  timestream_options.page_wait_max = std::chrono::ceil<milliseconds>(config.sql_first_page_wait);
  if (config.sql_strict_paging) {
    timestream_options.first_page = timestream::ServiceOptions::FirstPage::kEmpty;
  }
  timestream_options.result_bytes_max = config.sql_result_bytes_max;
  timestream_options.pages_running_max =
      static_cast<size_t>(config.sql_concurrent_max + config.sql_queue_max);
  timestream = std::make_unique<timestream::TimestreamService>(
      timestream_options,
      timestream::ServiceDeps{*catalog, *tables, *store, *direct_clock, *engine, *executor, clock,
                              random, metrics, exports ? *exports : *reports, exports.get()});
  schedules = std::make_unique<Schedules>(*timestream, clock);
  console::ServiceOptions console_options;
  console_options.version = kVersion;
  console_options.allowed_hosts = config.allowed_hosts;
  console_options.revision_retention = config.revision_retention;
  console_options.facts = Facts(kinesis_options);
  console_options.memory_bytes_max = budget.total;
  console_options.statement_time_max = std::chrono::duration_cast<milliseconds>(config.sql_timeout);
  console = std::make_unique<console::ConsoleService>(
      console_options,
      console::ServiceDeps{*catalog, *log, *store, *engine, *pipelines, *views, *admin, *executor,
                           clock, random, metrics, store.get(), &memory, hand_shakes.get(),
                           rejections.get(), schedules.get(), test_clock.get()});
  WatchMemory();
  return {};
}

/// Values that depend on the machine are shown as what they came to.
std::shared_ptr<const console::ServerFacts> Runtime::Impl::Facts(
    const kinesis::KinesisOptions& aws) const {
  auto facts = std::make_shared<console::ServerFacts>();
  facts->compiler = "gcc " __VERSION__;
#ifdef NDEBUG
  facts->build_type = "release";
#else
  facts->build_type = "debug";
#endif
  facts->region = aws.region;
  facts->account = aws.account;
  facts->settings_file = options.config_file;
  Config config = options.config;
  config.memory_max = budget.total;
  config.sql_memory_max = budget.sql;
  config.sql_threads = SqlThreads(config);
  for (ConfigSetting& setting : ConfigSettings(config)) {
    facts->settings.push_back({std::string(setting.key->name), std::move(setting.value),
                               std::string(setting.key->fallback),
                               std::string(ConfigSourceName(setting.source)),
                               std::string(setting.key->unit), std::string(setting.key->meaning)});
  }
  return facts;
}

/// The parts keep their limits themselves; the tree says how they add up.
void Runtime::Impl::WatchMemory() {
  // A mark of a view: (series, window), its place in the slice's list and in the index.
  constexpr uint64_t kMarkBytes = 64;
  memory.Child("store", budget.store).PollParts([this] { return store->MemoryBytes(); });
  memory.Child("sql", budget.sql).Poll([this] { return engine->memory_bytes(); });
  const auto of_gauge = [this](std::string_view name, std::string_view help) {
    return [&gauge = metrics.GetGauge(name, help)] {
      return static_cast<uint64_t>(std::max<int64_t>(0, gauge.value()));
    };
  };
  memory.Child("connections", budget.bodies)
      .Poll(of_gauge("tidemark_http_body_bytes", "Request bodies not yet answered."));
  memory.Child("results", results_bytes_max)
      .Poll(of_gauge("tidemark_timestream_pages_kept_bytes", "Pages of results kept for replay."));
  memory.Child("views", 0).Poll([this] {
    uint64_t marks = 0;
    for (const auto& view : views->Statuses()) marks += view.dirty_count + view.open_marks;
    return marks * kMarkBytes;
  });
  sampler = std::make_unique<Sampler>(*this);
  sampler->Sample();
  sampling = executor->Add("sampler", Lane::kBackground, *sampler);
}

Result<void> Runtime::Impl::StartServer() {
  TM_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.config.listen));
  http::ServerOptions server_options;
  server_options.address = address.host;
  server_options.port = address.port;
  server_options.body_bytes_total_max = budget.bodies;
  server_options.clock = &clock;
  server_options.error_response = [this](const http::ErrorContext& context) {
    return ShapeError(context);
  };
  TM_ASSIGN_OR_RETURN(server, http::Server::Start(
                                  server_options,
                                  [this](http::Request request, http::Responder responder) {
                                    Handle(std::move(request), std::move(responder));
                                  },
                                  metrics));
  url = "http://" + server->address();
  return {};
}

Result<void> Runtime::Impl::Open() {
  TM_RETURN_IF_ERROR(agg::CheckExactArithmetic());
  TM_RETURN_IF_ERROR(OpenData());
  // The address first: a taken port must not cost a recovery.
  hand_shakes = std::make_unique<console::HandShakes>(clock, kinesis::KinesisOptions().region);
  TM_RETURN_IF_ERROR(StartServer());
  TM_RETURN_IF_ERROR(OpenParts());
  if (!options.stack_text.empty()) {
    TM_RETURN_IF_ERROR(admin->ApplyStack(
        {options.stack_text, options.stack_file, url, options.stack_files, console->dashboards()}));
  }
  TM_RETURN_IF_ERROR(WriteFileAtomically(
      RealFileSystem(), JoinPath(options.config.data_dir, "endpoint"), url + "\n"));
  ready.store(true);
  return {};
}

http::Response Runtime::Impl::ShapeError(const http::ErrorContext& context) {
  if (!context.target.empty() || context.opening != http::Opening::kHttp) {
    hand_shakes->OnCall({.peer = context.peer,
                         .agent = context.agent,
                         .opening = context.opening,
                         .target = context.target,
                         .content_type = context.content_type,
                         .status = context.status,
                         .reason = context.reason});
  }
  if (!ready.load() || context.target.empty()) {
    return http::MakeErrorResponse(
        context.status, context.status == 413 ? "too_large" : "invalid_request", context.reason);
  }
  if (std::string_view(context.target).starts_with(timestream::kTargetPrefix)) {
    return timestream->ErrorResponse(context.status, "ValidationException", context.reason);
  }
  return kinesis->ErrorResponse(context.status, "SerializationException", context.reason);
}

http::Response Runtime::Impl::RefuseSite(std::string_view target, const std::string& why) {
  if (target.empty()) return http::MakeErrorResponse(403, "forbidden", why);
  return target.starts_with(timestream::kTargetPrefix)
             ? timestream->ErrorResponse(403, "AccessDeniedException", why)
             : kinesis->ErrorResponse(403, "AccessDeniedException", why);
}

void Runtime::Impl::HandleTarget(std::string_view target, http::Request request,
                                 http::Responder responder) {
  // The target is copied: it points into the request, which moves.
  const std::string name(target);
  if (std::string_view(name).starts_with(kKinesisPrefix)) {
    kinesis->Handle(std::string_view(name).substr(kKinesisPrefix.size()), std::move(request),
                    std::move(responder));
  } else if (std::string_view(name).starts_with(timestream::kTargetPrefix)) {
    timestream->Handle(std::string_view(name).substr(timestream::kTargetPrefix.size()),
                       std::move(request), std::move(responder));
  } else {
    responder.Send(timestream->UnknownOperation());
  }
}

void Runtime::Impl::Handle(http::Request request, http::Responder responder) {
  const bool get = request.method == "GET" || request.method == "HEAD";
  if (get && request.path == "/livez") {
    responder.Send(http::MakeResponse(200, "text/plain", "ok\n"));
    return;
  }
  if (!ready.load()) {
    responder.Send(
        http::MakeErrorResponse(503, "unavailable", "the server is starting: try again"));
    return;
  }
  const auto target =
      request.method == "POST" && request.path == "/" ? request.Find("x-amz-target") : std::nullopt;
  if (target) responder = http::Observe(request, std::move(responder), *hand_shakes);
  // The console refuses in its own words.
  const bool ours = target || request.path == "/readyz" || request.path == "/metrics";
  if (const auto refused = ours ? guard.Refusal(request) : std::nullopt) {
    responder.Send(RefuseSite(target.value_or(""), *refused));
    return;
  }
  if (get && request.path == "/readyz") {
    responder.Send(http::MakeResponse(200, "text/plain", ReadinessText(*store, *catalog)));
  } else if (get && request.path == "/metrics") {
    responder.Send(
        http::MakeResponse(200, "text/plain; version=0.0.4; charset=utf-8", metrics.Expose()));
  } else if (target) {
    HandleTarget(*target, std::move(request), std::move(responder));
  } else {
    console->Handle(std::move(request), std::move(responder));
  }
}

void Runtime::Impl::Stop() {
  // Requests first, then what answers them, then what works in the background, then the data.
  if (console) console->BeginStop();
  if (server) server->Stop();
  if (sampler) executor->Remove(sampling);
  console.reset();
  timestream.reset();
  kinesis.reset();
  if (direct_clock) direct_clock->Stop();
  if (pipelines) pipelines->Stop();
  if (auditor) auditor->Detach();
  auditor.reset();
  if (views) views->Detach();
  admin.reset();
  direct_clock.reset();
  pipelines.reset();
  if (orders) orders->Detach();
  orders.reset();
  views.reset();
  late_streams.reset();
  engine.reset();
  if (log) {
    if (auto closed = log->Close(); !closed.ok()) {
      Log(LogLevel::kError, "app", "streams were not closed cleanly",
          {{"error", closed.error().message}});
    }
  }
  store.reset();
  log.reset();
  if (executor) executor->Stop();
  server.reset();
}

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::Start(RuntimeOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  TM_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

const std::string& Runtime::url() const { return impl_->url; }

}  // namespace tidemark::app
