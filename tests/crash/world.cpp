// SPDX-License-Identifier: Apache-2.0
#include "crash/world.h"

#include <cstdlib>
#include <string_view>

#include <gtest/gtest.h>

namespace tidemark::tests {
namespace {

constexpr char kDatabase[] = "plant";

/// TM_WORLD, as the files of tests/configs: sizes that make every boundary frequent.
void ApplyConfig(store::EmbeddedStoreOptions& options) {
  const char* const name = std::getenv("TM_WORLD");
  if (name == nullptr) return;
  if (std::string_view(name) == "tiny_segments") {
    options.segment_bytes_max = 1000;
    options.partition = hours(1);
    options.chunk_rows_max = 4;
    options.seal_bytes = 20'000;
    options.seal_after = minutes(1);
  } else if (std::string_view(name) == "tiny_memory") {
    options.seal_bytes = 1;  // no row stays longer than it must
    options.chunk_rows_max = 16;
  } else {
    ADD_FAILURE() << "TM_WORLD=" << name << " is none of tests/configs";
  }
}

}  // namespace

World::World(WorldOptions options)
    : fs(options.seed),
      catalog(catalog::Catalog::Open(":memory:", clock).value()),
      options_(std::move(options)),
      random_(options_.seed) {}

World::~World() { Down(Stop::kKill); }

Result<void> World::OpenData() {
  executor = std::make_unique<sim::SimExecutor>(clock, random_.Next());
  log::LogOptions log_options;
  log_options.segment_bytes_max = options_.log_segment_bytes_max;
  TM_ASSIGN_OR_RETURN(
      log, log::Log::Open({fs, *catalog, clock, *executor, metrics}, "/data/log", log_options));
  store::EmbeddedStoreOptions store_options;
  store_options.dir = "/data";
  store_options.segment_bytes_max = options_.journal_segment_bytes_max;
  store_options.feed_memory_bytes_max = options_.feed_memory_bytes_max;
  ApplyConfig(store_options);
  TM_ASSIGN_OR_RETURN(store,
                      store::EmbeddedStore::Open(store_options, fs, clock, *executor, metrics));
  tables = std::make_unique<timestream::TableAdmin>(*catalog, *store);
  tables->LoadTables();
  return {};
}

Result<void> World::OpenWork() {
  late_streams = std::make_unique<app::LateStreams>(*log, *store);
  views = std::make_unique<view::Maintainer>(*store, clock, metrics, late_streams.get(),
                                             options_.maintainer);
  orders = std::make_unique<pipeline::OrderBook>(fs, "/data/lateness", clock);
  orders->Load();
  pipelines = std::make_unique<pipeline::Manager>(
      pipeline::ManagerContext{*catalog, *log, *store, clock, *executor, metrics, *orders},
      pipeline::PipelineOptions{});
  admin = std::make_unique<app::StackAdmin>(
      app::StackContext{*catalog, *log, *store, *tables, *pipelines, *views, *late_streams, *store,
                        fs, clock, "/data/backups", "/data/spill"});
  TM_RETURN_IF_ERROR(admin->Restore());
  views->Attach(*executor);
  admin->Attach(*executor);
  direct_clock = std::make_unique<timestream::DirectClock>(*store, clock, *executor, *orders);
  std::vector<TableId> ids;
  for (const auto& table : catalog->ListTables()) ids.push_back(table.id);
  direct_clock->Start(ids);
  orders->Attach(*executor);
  return {};
}

Result<void> World::Open() {
  TM_RETURN_IF_ERROR(OpenData());
  return OpenWork();
}

namespace {

/// There is no console here, so stacks bring no dashboards.
class NoDashboards final : public console::DashboardKeeper {
 public:
  Result<std::string> Read(std::string_view /*text*/, std::string_view /*title*/) const override {
    return Error{Code::kInvalidArgument, "no dashboards here"};
  }
  Result<void> CheckName(std::string_view /*name*/) const override { return {}; }
  Presence Compare(std::string_view /*name*/, std::string_view /*definition*/) const override {
    return Presence::kMissing;
  }
  Result<Presence> Publish(std::string_view /*name*/, const std::string& /*definition*/) override {
    return Error{Code::kInvalidArgument, "no dashboards here"};
  }
  Result<void> Delete(std::string_view /*name*/) override {
    return Error{Code::kNotFound, "no dashboards here"};
  }
};

}  // namespace

Result<void> World::Apply(std::string_view stack) {
  NoDashboards dashboards;
  auto applied = admin->ApplyStack({.text = stack,
                                    .file = "stack.toml",
                                    .endpoint = "http://127.0.0.1:4580",
                                    .files = {},
                                    .dashboards = dashboards});
  if (!applied.ok()) return std::move(applied).error();
  return {};
}

Result<void> World::Apply() { return Apply(options_.stack); }

void World::Down(Stop how) {
  // From here on the machine is gone: nothing that a destructor might write reaches the disk.
  if (how != Stop::kClose) fs.SetFaults({.fail_nth_call = 1, .fail_all_after = true});
  if (direct_clock) direct_clock->Stop();
  if (pipelines) pipelines->Stop();
  if (views) views->Detach();
  admin.reset();
  direct_clock.reset();
  pipelines.reset();
  if (orders) orders->Detach();
  orders.reset();
  views.reset();
  late_streams.reset();
  if (log && how == Stop::kClose) (void)log->Close().ok();  // a failed disk is the test's business
  tables.reset();
  store.reset();
  log.reset();
  executor.reset();
  if (how == Stop::kKill) fs.Kill();
  if (how == Stop::kCrash) fs.Crash();
}

void World::Run() { ASSERT_TRUE(executor->RunUntilIdle()) << "a task never comes to rest"; }

void World::Settle() {
  Run();
  // Past the idle timeouts of pipelines (the stack's) and of direct writers (1 s), in steps that
  // let views coalesce their late windows in between.
  for (int i = 0; i < 8; ++i) {
    clock.Advance(seconds(4));
    Run();
  }
}

TableId World::Table(std::string_view name) const {
  const auto def = catalog->GetTable(kDatabase, name);
  return def.ok() ? def->id : TableId{};
}

void World::WriteDirect(std::span<const store::PointView> points, std::vector<TableId> into,
                        Completion<store::WriteReply> done) {
  store::WriteBatch batch;
  batch.points = points;
  batch.direct_clock = true;
  store->Write(batch, [this, into = std::move(into), times = timestream::TimesOf(points),
                       done = std::move(done)](Result<store::WriteReply> reply) mutable {
    if (reply.ok() && direct_clock) {
      for (const TableId table : into) direct_clock->OnWritten(table, times, reply->outcomes);
    }
    done(std::move(reply));
  });
}

Result<store::SeriesRef> World::Series(TableId table, std::string_view measure,
                                       std::string_view host) {
  const store::DimensionView dimension{"host", host};
  const store::SeriesKeyView key{.table = table,
                                 .measure = measure,
                                 .dimensions = std::span(&dimension, 1),
                                 .type = store::ValueType::kDouble,
                                 .owner = {}};
  TM_ASSIGN_OR_RETURN(const auto resolved, store->Resolve(std::span(&key, 1)));
  if (resolved.front().rejection != store::RejectReason::kNone) {
    return Error{Code::kInvalidArgument, resolved.front().text};
  }
  return resolved.front().series;
}

}  // namespace tidemark::tests
