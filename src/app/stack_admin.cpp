// SPDX-License-Identifier: Apache-2.0
#include "app/stack_admin.h"

#include <algorithm>
#include <map>

#include "app/backup.h"
#include "app/stack_dashboards_internal.h"
#include "base/logging.h"

namespace tidemark::app {
namespace {

std::string TableName(const catalog::TableDef& def) { return def.database_name + "." + def.name; }

Error Differs(std::string_view kind, std::string_view name, std::string_view existing,
              std::string_view wished) {
  return {Code::kAlreadyExists, std::string(kind) + " \"" + std::string(name) +
                                    "\" exists and differs; nothing was applied. exists: " +
                                    std::string(existing) + "; file: " + std::string(wished)};
}

std::string Text(const catalog::StreamDef& def) {
  return "shards=" + std::to_string(def.shards.size()) + " retention=\"" +
         std::to_string(def.retention_hours) + "h\"";
}

std::string Text(const catalog::TableDef& def) {
  return "memory_retention=\"" + std::to_string(def.memory_retention_hours) +
         "h\" magnetic_retention=\"" + std::to_string(def.magnetic_retention_days) +
         "d\" magnetic_writes=" + (def.magnetic_writes_enabled ? "true" : "false");
}

template <typename T, typename Pred>
bool Contains(const std::vector<T>& list, Pred pred) {
  return std::ranges::any_of(list, pred);
}

using DashboardPresence = console::DashboardKeeper::Presence;

/// Those that others read before their readers; else in their order. Views that read each other,
/// which no check passes, come last.
std::vector<catalog::ViewDef> BySource(std::vector<catalog::ViewDef> views) {
  std::vector<catalog::ViewDef> out;
  while (!views.empty()) {
    const size_t before = views.size();
    for (auto it = views.begin(); it != views.end();) {
      const bool waits =
          Contains(views, [&](const auto& other) { return other.name == it->source; });
      if (waits && it->source != it->name) {
        ++it;
        continue;
      }
      out.push_back(std::move(*it));
      it = views.erase(it);
    }
    if (views.size() == before) {
      std::ranges::move(views, std::back_inserter(out));
      views.clear();
    }
  }
  return out;
}

void AddOutputs(const Stack& stack, std::string_view endpoint, console::StackReport& report) {
  auto& out = report.outputs;
  const std::string url(endpoint);
  out.emplace_back("Console", url + "/ui/");
  out.emplace_back("Endpoint", url);
  for (const auto& stream : stack.streams) out.emplace_back("Stream", stream.name);
  for (const auto& database : stack.databases) out.emplace_back("Database", database.name);
  for (const auto& table : stack.tables) out.emplace_back("Table", TableName(table));
  for (const auto& dashboard : stack.dashboards) {
    out.emplace_back("Dashboard", url + "/ui/dash/" + dashboard.name);
  }
  if (stack.tables.empty()) return;
  const auto& table = stack.tables.front();
  const std::string query = "SELECT * FROM \"" + table.database_name + "\".\"" + table.name +
                            "\" ORDER BY time DESC LIMIT 10";
  out.emplace_back(
      "boto3", "boto3.client('timestream-query', endpoint_url='" + url +
                   "', region_name='us-east-1', aws_access_key_id='x', aws_secret_access_key='x')"
                   ".query(QueryString='''" +
                   query + "''')");
  out.emplace_back("CLI", "tidemark sql --endpoint " + url + " '" + query + "'");
}

}  // namespace

/// Steps aside while somebody changes a stack: who does may wait for the views' task.
class StackAdmin::Switcher final : public Steppable {
 public:
  Switcher(StackAdmin& admin, Executor& executor)
      : admin_(admin),
        executor_(executor),
        task_(executor.Add("generations", Lane::kBackground, *this)) {}
  ~Switcher() override { executor_.Remove(task_); }

  void Wake() { executor_.Wake(task_); }
  Result<Progress> Step() override {
    const MonotonicTime now = admin_.context_.clock.Monotonic();
    const MonotonicTime again = now + milliseconds(100);
    if (!admin_.mutex_.TryLock()) return Progress{.wake_at = again};
    auto switched = admin_.generations_.Turn();
    const bool busy = admin_.generations_.Busy();
    if (switched.ok() && *switched > 0) {
      admin_.ViewsChanged();
      admin_.context_.pipelines.ForgetSeries();
    }
    admin_.mutex_.Unlock();
    if (!switched.ok()) {
      Log(LogLevel::kError, "app", "a generation of a view cannot take over yet",
          {{"error", switched.error().message}});
      return Progress{.wake_at = now + seconds(5)};
    }
    return busy ? Progress{.wake_at = again} : Progress{};
  }

 private:
  StackAdmin& admin_;
  Executor& executor_;
  const TaskId task_;
};

StackAdmin::StackAdmin(const StackContext& context)
    : context_(context),
      generations_(context.catalog, context.store, context.views, context.clock,
                   [this](const catalog::ViewDef& def) { return Definition(def); }) {
  retention_subscription_ =
      context_.tables.SubscribeRetention([this](const store::TableSettings& settings) {
        const nanoseconds retention = settings.memory_retention + settings.magnetic_retention;
        context_.pipelines.SetRetention(settings.table, retention);
        context_.views.SetSourceRetention(settings.table, retention);
      });
}

StackAdmin::~StackAdmin() { context_.tables.UnsubscribeRetention(retention_subscription_); }

void StackAdmin::Attach(Executor& executor) {
  switcher_ = std::make_unique<Switcher>(*this, executor);
}

void StackAdmin::Detach() { switcher_.reset(); }

Result<view::ViewDefinition> StackAdmin::Definition(const catalog::ViewDef& def) const {
  TM_ASSIGN_OR_RETURN(const auto source, context_.catalog.GetTable(def.database, def.table));
  TM_ASSIGN_OR_RETURN(const auto target, context_.catalog.GetTable(def.database, def.target_table));
  view::CatalogTables tables{source.id, target.id, pipeline::RetentionOf(source), {}};
  if (!def.source.empty()) {
    TM_ASSIGN_OR_RETURN(const auto upstream, context_.catalog.GetView(def.source));
    TM_ASSIGN_OR_RETURN(auto read, Definition(upstream));
    tables.upstream.view = std::make_shared<const view::ViewDefinition>(std::move(read));
  }
  TM_ASSIGN_OR_RETURN(auto definition, view::FromCatalog(def, tables));
  definition.paused = def.paused;
  if (def.replaces.value != 0) {
    TM_ASSIGN_OR_RETURN(const auto replaced, context_.catalog.GetView(def.replaces));
    definition.replaces = {replaced.id, replaced.generation};
  }
  return definition;
}

Result<void> StackAdmin::Restore() {
  MutexLock lock(mutex_);
  TM_RETURN_IF_ERROR(generations_.FollowZones());
  for (const catalog::ViewDef& def : context_.catalog.ListViews()) {
    TM_RETURN_IF_ERROR(context_.late_streams.Ensure(def.late_stream));
    TM_ASSIGN_OR_RETURN(auto definition, Definition(def));
    TM_RETURN_IF_ERROR(context_.views.Restore(std::move(definition)));
  }
  TM_RETURN_IF_ERROR(generations_.Restore());
  PipelinesChanged();
  TM_RETURN_IF_ERROR(context_.pipelines.Restore());
  ViewsChanged();
  return {};
}

void StackAdmin::ViewsChanged() {
  std::map<TableId, nanoseconds> smallest;
  for (const catalog::TableDef& table : context_.catalog.ListTables()) smallest[table.id];
  for (const catalog::ViewDef& view : context_.catalog.ListViews()) {
    const auto table = context_.catalog.GetTable(view.database, view.table);
    if (!table.ok() || view.window <= nanoseconds(0)) continue;
    nanoseconds& window = smallest[table->id];
    window = window == nanoseconds(0) ? view.window : std::min(window, view.window);
  }
  // event-time.md 2.5: four windows apart in a backfill.
  for (const auto& [table, window] : smallest) context_.pipelines.SetDriftMax(table, 4 * window);
}

void StackAdmin::PipelinesChanged() {
  std::vector<PipelineId> ids;
  for (const auto& pipeline : context_.catalog.ListPipelines()) ids.push_back(pipeline.id);
  context_.views.SetPipelines(std::move(ids));
}

Result<StackAdmin::Presence> StackAdmin::Compare(const catalog::StreamDef& wished) const {
  const auto existing = context_.catalog.GetStream(wished.name);
  if (!existing.ok()) return Presence::kMissing;
  if (existing->shards.size() != wished.shards.size() ||
      existing->retention_hours != wished.retention_hours) {
    return Differs("stream", wished.name, Text(*existing), Text(wished));
  }
  return Presence::kSame;
}

Result<StackAdmin::Presence> StackAdmin::Compare(const catalog::TableDef& wished) const {
  const auto existing = context_.catalog.GetTable(wished.database_name, wished.name);
  if (!existing.ok()) return Presence::kMissing;
  if (Text(*existing) != Text(wished)) {
    return Differs("table", TableName(wished), Text(*existing), Text(wished));
  }
  return Presence::kSame;
}

/// What it makes of records may change; where they come from and go to is what it is.
Result<StackAdmin::Presence> StackAdmin::Compare(const catalog::PipelineDef& wished) const {
  const auto existing = context_.catalog.GetPipeline(wished.name);
  if (!existing.ok()) return Presence::kMissing;
  if (existing->definition == wished.definition) return Presence::kSame;
  if (existing->stream == wished.stream && existing->database == wished.database &&
      existing->table == wished.table && existing->start == wished.start) {
    return Presence::kDiffers;
  }
  return Differs("pipeline", wished.name, existing->definition, wished.definition);
}

/// What it makes of points may change, as a new generation; where they come from and go to is what
/// it is.
Result<StackAdmin::Presence> StackAdmin::Compare(const catalog::ViewDef& wished) const {
  const auto existing = context_.catalog.GetView(wished.name);
  if (!existing.ok()) return Presence::kMissing;
  if (existing->definition == wished.definition) return Presence::kSame;
  if (existing->database == wished.database && existing->table == wished.table &&
      existing->target_table == wished.target_table) {
    return Presence::kDiffers;
  }
  return Differs("view", wished.name, existing->definition, wished.definition);
}

Result<console::StackReport> StackAdmin::ApplyStack(const console::StackRequest& request) {
  TM_ASSIGN_OR_RETURN(const Stack stack, ParseStack(request.text, request.file));
  TM_ASSIGN_OR_RETURN(const auto definitions, ReadDashboards(stack, request));
  MutexLock lock(mutex_);
  TM_RETURN_IF_ERROR(CheckAll(stack, request.file));
  console::StackReport report;
  const auto say = [&](std::string_view kind, std::string_view name, bool made) {
    report.items.push_back(
        {std::string(kind), std::string(name), made ? "created" : "unchanged", ""});
  };
  for (const auto& stream : stack.streams) {
    const bool missing = context_.log.Find(stream.name) == nullptr;
    if (missing) {
      TM_RETURN_IF_ERROR(
          context_.log.CreateStream({.name = stream.name,
                                     .shards = static_cast<uint32_t>(stream.shards.size()),
                                     .retention_hours = stream.retention_hours}));
    }
    say("stream", stream.name, missing);
  }
  for (const auto& database : stack.databases) {
    const bool missing = !context_.catalog.GetDatabase(database.name).ok();
    if (missing) TM_RETURN_IF_ERROR(context_.tables.CreateDatabase(database));
    say("database", database.name, missing);
  }
  for (const auto& table : stack.tables) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(table));
    if (presence == Presence::kMissing) TM_RETURN_IF_ERROR(context_.tables.CreateTable(table));
    say("table", TableName(table), presence == Presence::kMissing);
  }
  // Views before pipelines: what they reserve is then known before the first record is decoded.
  for (const auto& one : BySource(stack.views)) {
    TM_ASSIGN_OR_RETURN(console::StackItem item, ApplyView(one));
    report.items.push_back(std::move(item));
  }
  if (switcher_ != nullptr) switcher_->Wake();
  for (const auto& pipeline : stack.pipelines) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(pipeline));
    if (presence == Presence::kMissing) {
      TM_RETURN_IF_ERROR(context_.pipelines.Create(pipeline));
      PipelinesChanged();
    }
    if (presence == Presence::kDiffers) TM_RETURN_IF_ERROR(context_.pipelines.Change(pipeline));
    say("pipeline", pipeline.name, presence == Presence::kMissing);
    if (presence == Presence::kDiffers) report.items.back().action = "updated";
  }
  ViewsChanged();
  for (size_t i = 0; i < stack.dashboards.size(); ++i) {
    const std::string& name = stack.dashboards[i].name;
    TM_ASSIGN_OR_RETURN(const auto before, request.dashboards.Publish(name, definitions[i]));
    say("dashboard", name, before == DashboardPresence::kMissing);
    if (before == DashboardPresence::kDiffers) report.items.back().action = "updated";
  }
  AddOutputs(stack, request.endpoint, report);
  return report;
}

Result<console::StackReport> StackAdmin::DescribeStack(const console::StackRequest& request) {
  TM_ASSIGN_OR_RETURN(const Stack stack, ParseStack(request.text, request.file));
  TM_ASSIGN_OR_RETURN(const auto definitions, ReadDashboards(stack, request));
  MutexLock lock(mutex_);
  console::StackReport report;
  const auto say = [&](std::string_view kind, std::string_view name,
                       const Result<Presence>& presence) {
    const bool missing = presence.ok() && *presence == Presence::kMissing;
    const bool differs = !presence.ok() || *presence == Presence::kDiffers;
    report.items.push_back({std::string(kind), std::string(name),
                            differs   ? "differs"
                            : missing ? "missing"
                                      : "exists",
                            presence.ok() ? "" : presence.error().message});
  };
  for (const auto& stream : stack.streams) say("stream", stream.name, Compare(stream));
  for (const auto& database : stack.databases) {
    say("database", database.name,
        context_.catalog.GetDatabase(database.name).ok() ? Presence::kSame : Presence::kMissing);
  }
  for (const auto& table : stack.tables) say("table", TableName(table), Compare(table));
  for (const auto& pipeline : stack.pipelines) {
    say("pipeline", pipeline.name, Compare(pipeline));
    if (const auto status = context_.pipelines.Status(pipeline.name); status.ok()) {
      report.items.back().detail = pipeline::PipelineStateName(status->state);
    }
  }
  for (const auto& one : stack.views) {
    say("view", one.name, Compare(one));
    if (const auto status = context_.views.Status(one.name); status.ok()) {
      report.items.back().detail = view::ViewStateName(status->state);
    }
  }
  for (size_t i = 0; i < stack.dashboards.size(); ++i) {
    const std::string& name = stack.dashboards[i].name;
    const auto found = request.dashboards.Compare(name, definitions[i]);
    say("dashboard", name,
        found == DashboardPresence::kMissing ? Presence::kMissing : Presence::kSame);
    if (found != DashboardPresence::kDiffers) continue;
    report.items.back().action = "differs";
    report.items.back().detail = "apply publishes the file as a new version";
  }
  AddOutputs(stack, request.endpoint, report);
  return report;
}

Result<console::StackReport> StackAdmin::DeleteStack(const console::StackRequest& request) {
  TM_ASSIGN_OR_RETURN(const Stack stack, ParseStack(request.text, request.file));
  MutexLock lock(mutex_);
  console::StackReport report;
  const auto say = [&](std::string_view kind, std::string_view name, bool existed) {
    report.items.push_back(
        {std::string(kind), std::string(name), existed ? "deleted" : "missing", ""});
  };
  for (const StackDashboard& dashboard : stack.dashboards) {
    const auto deleted = request.dashboards.Delete(dashboard.name);
    if (!deleted.ok() && deleted.error().code != Code::kNotFound) return deleted.error();
    say("dashboard", dashboard.name, deleted.ok());
  }
  for (const auto& pipeline : stack.pipelines) {
    const bool exists = context_.catalog.GetPipeline(pipeline.name).ok();
    if (exists) {
      TM_RETURN_IF_ERROR(context_.pipelines.Delete(pipeline.name));
      PipelinesChanged();
    }
    say("pipeline", pipeline.name, exists);
  }
  auto views = BySource(stack.views);
  std::ranges::reverse(views);
  for (const auto& one : views) {
    TM_ASSIGN_OR_RETURN(const bool existed, EndView(one.name, ViewRows::kEnd));
    say("view", one.name, existed);
  }
  for (const auto& table : stack.tables) {
    const bool exists = context_.catalog.GetTable(table.database_name, table.name).ok();
    if (exists) TM_RETURN_IF_ERROR(context_.tables.DeleteTable(table.database_name, table.name));
    say("table", TableName(table), exists);
  }
  for (const auto& database : stack.databases) {
    const bool exists = context_.catalog.GetDatabase(database.name).ok();
    if (exists) TM_RETURN_IF_ERROR(context_.tables.DeleteDatabase(database.name));
    say("database", database.name, exists);
  }
  for (const auto& stream : stack.streams) {
    const bool exists = context_.log.Find(stream.name) != nullptr;
    if (exists) TM_RETURN_IF_ERROR(context_.log.DeleteStream(stream.name));
    say("stream", stream.name, exists);
  }
  return report;
}

Result<void> StackAdmin::StartPipeline(std::string_view name, pipeline::StartFrom from) {
  return context_.pipelines.Start(name, from);
}
Result<void> StackAdmin::StopPipeline(std::string_view name) {
  return context_.pipelines.Stop(name);
}

Result<std::string> StackAdmin::PipelineStack(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const auto def, context_.catalog.GetPipeline(name));
  return StackText(def);
}

Result<std::string> StackAdmin::ViewStack(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const auto def, context_.catalog.GetView(name));
  return StackText(def);
}

Result<console::ViewGenerations> StackAdmin::Generations(std::string_view name) const {
  MutexLock lock(mutex_);
  return generations_.Tell(name);
}

Result<void> StackAdmin::ChangeTable(std::string_view database, std::string_view table,
                                     const console::TableChange& change) {
  MutexLock lock(mutex_);
  TM_ASSIGN_OR_RETURN(catalog::TableDef def, context_.catalog.GetTable(database, table));
  def.memory_retention_hours = change.memory_retention_hours.value_or(def.memory_retention_hours);
  def.magnetic_retention_days =
      change.magnetic_retention_days.value_or(def.magnetic_retention_days);
  def.magnetic_writes_enabled = change.magnetic_writes.value_or(def.magnetic_writes_enabled);
  TM_RETURN_IF_ERROR(context_.tables.UpdateTable(std::move(def)));
  return {};
}

Result<console::BackupMade> StackAdmin::Backup(std::string_view path) {
  TM_ASSIGN_OR_RETURN(const std::string folder, BackupPath(path, context_.backup_directory));
  if (!backup_mutex_.TryLock()) {
    return Error{Code::kFailedPrecondition, "another backup is being made: wait for it to end"};
  }
  auto made = MakeBackup(
      {context_.fs, context_.store_admin, context_.catalog, context_.log, context_.clock}, folder);
  backup_mutex_.Unlock();
  if (!made.ok()) return std::move(made).error();
  Log(LogLevel::kInfo, "app", "backup made",
      {{"path", made->path}, {"position", made->position}, {"bytes", made->bytes}});
  return console::BackupMade{made->path, made->position, made->files, made->bytes};
}

}  // namespace tidemark::app
