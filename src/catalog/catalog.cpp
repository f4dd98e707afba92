// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <map>
#include <utility>

#include "base/mutex.h"
#include "catalog/activity_log_internal.h"
#include "catalog/codec_internal.h"
#include "catalog/sqlite_file_internal.h"

namespace tidemark::catalog {
namespace {

using Scoped = std::pair<std::string, std::string>;  // scope, name

const std::string& ScopeOf(const TableDef& def) { return def.database_name; }
// A view and the generation that is being built beside it have one name.
std::string ScopeOf(const ViewDef& def) { return def.replaces.value == 0 ? "" : "next"; }
template <typename Def>
std::string ScopeOf(const Def&) {
  return {};
}
void SetScope(TableDef& def, std::string scope) { def.database_name = std::move(scope); }
template <typename Def>
void SetScope(Def&, std::string) {}

template <typename Def>
constexpr bool kHasUpdated = requires(Def def) { def.updated; };

/// All definitions of one kind: the file's rows, mirrored in memory. The mirror changes only after
/// the file did, so both always agree. Guarded by the catalog's mutex.
template <typename Def>
class Collection {
 public:
  using Id = decltype(Def::id);

  Collection(SqliteFile& file, ActivityLog& activities, std::string_view kind)
      : file_(file), activities_(activities), kind_(kind) {}

  Result<void> Load() {
    return file_.ForEachObject(kind_, [&](ObjectRow row) -> Result<void> {
      Def def;
      def.id = Id{row.id};
      def.name = std::move(row.name);
      SetScope(def, std::move(row.scope));
      if (auto r = DecodeDefinition(row.definition, def); !r.ok()) {
        return std::move(r).error().With(std::string(kind_) + " " + def.name);
      }
      Put(std::move(def));
      return {};
    });
  }

  Result<Def> Create(Def def, ArrivalTime now) {
    if (def.name.empty())
      return Error{Code::kInvalidArgument, std::string(kind_) + ": the name is empty"};
    if (by_name_.contains(Scoped(ScopeOf(def), def.name))) {
      return Error{Code::kAlreadyExists, std::string(kind_) + " " + def.name + " exists already"};
    }
    if (def.created.ms == 0) def.created = now;
    if constexpr (kHasUpdated<Def>) {
      if (def.updated.ms == 0) def.updated = def.created;
    }
    ActivityLog::Pending note =
        activities_.Prepare(NoteOf(def, IsNext(def) ? "changed" : "created", now));
    TM_ASSIGN_OR_RETURN(
        const uint32_t id,
        file_.Insert(kind_, {0, ScopeOf(def), def.name, EncodeDefinition(def)}, note.rows));
    activities_.Add(std::move(note));
    def.id = Id{id};
    Put(def);
    return def;
  }

  Result<Def> Get(std::string_view scope, std::string_view name) const {
    const auto it = by_name_.find(Scoped(scope, name));
    if (it == by_name_.end()) {
      return Error{Code::kNotFound,
                   std::string(kind_) + " " + std::string(name) + " does not exist"};
    }
    return by_id_.at(it->second);
  }

  Result<Def> Get(Id id) const {
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return Missing(id);
    return it->second;
  }

  std::vector<Def> List() const {
    std::vector<Def> out;
    out.reserve(by_name_.size());
    for (const auto& [name, id] : by_name_) out.push_back(by_id_.at(id));
    return out;
  }

  Result<void> Update(const Def& def, ArrivalTime now) {
    const auto it = by_id_.find(def.id);
    if (it == by_id_.end()) return Missing(def.id);
    if (it->second.name != def.name || ScopeOf(it->second) != ScopeOf(def) ||
        it->second.created != def.created) {
      return Error{Code::kInvalidArgument, std::string(kind_) + " " + it->second.name +
                                               ": name and creation time are fixed"};
    }
    const std::string_view action = ActionOf(it->second, def);
    if (action.empty()) {
      TM_RETURN_IF_ERROR(file_.Update(kind_, def.id.value, EncodeDefinition(def), {}));
    } else {
      ActivityLog::Pending note = activities_.Prepare(NoteOf(def, action, now));
      TM_RETURN_IF_ERROR(file_.Update(kind_, def.id.value, EncodeDefinition(def), note.rows));
      activities_.Add(std::move(note));
    }
    it->second = def;
    return {};
  }

  /// `def` was in another scope, and `old` goes, in one step.
  Result<void> Replace(Id old, const Def& def, ArrivalTime now) {
    const auto it = by_id_.find(def.id);
    const auto gone = by_id_.find(old);
    if (it == by_id_.end()) return Missing(def.id);
    if (gone == by_id_.end()) return Missing(old);
    ActivityLog::Pending note = activities_.Prepare(NoteOf(def, "changed", now));
    TM_RETURN_IF_ERROR(file_.Replace(kind_, old.value,
                                     {def.id.value, ScopeOf(def), def.name, EncodeDefinition(def)},
                                     note.rows));
    activities_.Add(std::move(note));
    by_name_.erase(Scoped(ScopeOf(it->second), it->second.name));
    by_name_.erase(Scoped(ScopeOf(gone->second), gone->second.name));
    by_id_.erase(gone);
    Put(def);
    return {};
  }

  Result<void> Delete(Id id, ArrivalTime now) {
    const auto it = by_id_.find(id);
    if (it == by_id_.end()) return Missing(id);
    ActivityLog::Pending note =
        activities_.Prepare(NoteOf(it->second, IsNext(it->second) ? "changed" : "deleted", now));
    TM_RETURN_IF_ERROR(file_.Delete(kind_, id.value, note.rows));
    activities_.Add(std::move(note));
    by_name_.erase(Scoped(ScopeOf(it->second), it->second.name));
    by_id_.erase(it);
    return {};
  }

 private:
  static bool IsNext(const Def& def) {
    if constexpr (requires { def.replaces; }) return def.replaces.value != 0;
    return false;
  }

  Error Missing(Id id) const {
    return {Code::kNotFound,
            std::string(kind_) + " number " + std::to_string(id.value) + " does not exist"};
  }
  void Put(Def def) {
    by_name_.emplace(Scoped(ScopeOf(def), def.name), def.id);
    by_id_.insert_or_assign(def.id, std::move(def));
  }

  Activity NoteOf(const Def& def, std::string_view action, ArrivalTime now) const {
    const std::string scope(ScopeOf(def));
    return {.at = now,
            .kind = std::string(kind_),
            .name = kind_ == "table" ? scope + "." + def.name : def.name,
            .action = std::string(action),
            .detail = TitleOf(def)};
  }

  SqliteFile& file_;
  ActivityLog& activities_;
  const std::string_view kind_;
  std::map<Id, Def> by_id_;
  std::map<Scoped, Id> by_name_;
};

}  // namespace

struct Catalog::Impl {
  Impl(std::unique_ptr<SqliteFile> opened, const Clock& time)
      : clock(time),
        file(std::move(opened)),
        streams(*file, activities, "stream"),
        databases(*file, activities, "database"),
        tables(*file, activities, "table"),
        pipelines(*file, activities, "pipeline"),
        views(*file, activities, "view"),
        scheduled_queries(*file, activities, "scheduled_query"),
        saved_queries(*file, activities, "saved_query"),
        dashboards(*file, activities, "dashboard") {}

  const Clock& clock;
  mutable Mutex mutex;
  std::unique_ptr<SqliteFile> file TM_PT_GUARDED_BY(mutex);
  ActivityLog activities TM_GUARDED_BY(mutex);
  Collection<StreamDef> streams TM_GUARDED_BY(mutex);
  Collection<DatabaseDef> databases TM_GUARDED_BY(mutex);
  Collection<TableDef> tables TM_GUARDED_BY(mutex);
  Collection<PipelineDef> pipelines TM_GUARDED_BY(mutex);
  Collection<ViewDef> views TM_GUARDED_BY(mutex);
  Collection<ScheduledQueryDef> scheduled_queries TM_GUARDED_BY(mutex);
  Collection<SavedQueryDef> saved_queries TM_GUARDED_BY(mutex);
  Collection<DashboardDef> dashboards TM_GUARDED_BY(mutex);
  std::map<std::string, std::string, std::less<>> settings TM_GUARDED_BY(mutex);

  Result<void> Load() {
    const MutexLock lock(mutex);
    TM_RETURN_IF_ERROR(streams.Load());
    TM_RETURN_IF_ERROR(databases.Load());
    TM_RETURN_IF_ERROR(tables.Load());
    TM_RETURN_IF_ERROR(pipelines.Load());
    TM_RETURN_IF_ERROR(views.Load());
    TM_RETURN_IF_ERROR(scheduled_queries.Load());
    TM_RETURN_IF_ERROR(saved_queries.Load());
    TM_RETURN_IF_ERROR(dashboards.Load());
    TM_RETURN_IF_ERROR(
        file->ForEachSetting([&](std::string key, std::string value) TM_NO_THREAD_SAFETY_ANALYSIS {
          if (activities.Load(key, value)) return;
          settings.insert_or_assign(std::move(key), std::move(value));
        }));
    activities.Sort();
    return {};
  }
};

Catalog::Catalog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::Open(const std::string& path, const Clock& clock) {
  TM_ASSIGN_OR_RETURN(auto file, SqliteFile::Open(path));
  auto impl = std::make_unique<Impl>(std::move(file), clock);
  TM_RETURN_IF_ERROR(impl->Load());
  return std::unique_ptr<Catalog>(new Catalog(std::move(impl)));
}

// Streams.
Result<StreamDef> Catalog::CreateStream(StreamDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->streams.Create(std::move(def), impl_->clock.Now());
}
Result<StreamDef> Catalog::GetStream(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->streams.Get("", name);
}
Result<StreamDef> Catalog::GetStream(StreamId id) const {
  const MutexLock lock(impl_->mutex);
  return impl_->streams.Get(id);
}
std::vector<StreamDef> Catalog::ListStreams() const {
  const MutexLock lock(impl_->mutex);
  return impl_->streams.List();
}
Result<void> Catalog::UpdateStream(const StreamDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->streams.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteStream(StreamId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->streams.Delete(id, impl_->clock.Now());
}

// Databases.
Result<DatabaseDef> Catalog::CreateDatabase(DatabaseDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->databases.Create(std::move(def), impl_->clock.Now());
}
Result<DatabaseDef> Catalog::GetDatabase(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->databases.Get("", name);
}
Result<DatabaseDef> Catalog::GetDatabase(DatabaseId id) const {
  const MutexLock lock(impl_->mutex);
  return impl_->databases.Get(id);
}
std::vector<DatabaseDef> Catalog::ListDatabases() const {
  const MutexLock lock(impl_->mutex);
  return impl_->databases.List();
}
Result<void> Catalog::UpdateDatabase(const DatabaseDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->databases.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteDatabase(DatabaseId id) {
  const MutexLock lock(impl_->mutex);
  for (const TableDef& table : impl_->tables.List()) {
    if (table.database == id) {
      return Error{Code::kFailedPrecondition,
                   "database " + table.database_name + " still has the table " + table.name};
    }
  }
  return impl_->databases.Delete(id, impl_->clock.Now());
}

// Tables.
Result<TableDef> Catalog::CreateTable(TableDef def) {
  const MutexLock lock(impl_->mutex);
  TM_ASSIGN_OR_RETURN(const DatabaseDef database, impl_->databases.Get("", def.database_name));
  def.database = database.id;
  return impl_->tables.Create(std::move(def), impl_->clock.Now());
}
Result<TableDef> Catalog::GetTable(std::string_view database, std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->tables.Get(database, name);
}
Result<TableDef> Catalog::GetTable(TableId id) const {
  const MutexLock lock(impl_->mutex);
  return impl_->tables.Get(id);
}
std::vector<TableDef> Catalog::ListTables() const {
  const MutexLock lock(impl_->mutex);
  return impl_->tables.List();
}
Result<std::vector<TableDef>> Catalog::ListTables(std::string_view database) const {
  const MutexLock lock(impl_->mutex);
  TM_ASSIGN_OR_RETURN(const DatabaseDef known, impl_->databases.Get("", database));
  std::vector<TableDef> out = impl_->tables.List();
  std::erase_if(out, [&](const TableDef& table) { return table.database != known.id; });
  return out;
}
Result<void> Catalog::UpdateTable(const TableDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->tables.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteTable(TableId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->tables.Delete(id, impl_->clock.Now());
}

// Pipelines.
Result<PipelineDef> Catalog::CreatePipeline(PipelineDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->pipelines.Create(std::move(def), impl_->clock.Now());
}
Result<PipelineDef> Catalog::GetPipeline(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->pipelines.Get("", name);
}
Result<PipelineDef> Catalog::GetPipeline(PipelineId id) const {
  const MutexLock lock(impl_->mutex);
  return impl_->pipelines.Get(id);
}
std::vector<PipelineDef> Catalog::ListPipelines() const {
  const MutexLock lock(impl_->mutex);
  return impl_->pipelines.List();
}
Result<void> Catalog::UpdatePipeline(const PipelineDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->pipelines.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeletePipeline(PipelineId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->pipelines.Delete(id, impl_->clock.Now());
}

// Views.
Result<ViewDef> Catalog::CreateView(ViewDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->views.Create(std::move(def), impl_->clock.Now());
}
Result<ViewDef> Catalog::GetView(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->views.Get("", name);
}
Result<ViewDef> Catalog::GetView(ViewId id) const {
  const MutexLock lock(impl_->mutex);
  return impl_->views.Get(id);
}
std::vector<ViewDef> Catalog::ListViews() const {
  const MutexLock lock(impl_->mutex);
  std::vector<ViewDef> out = impl_->views.List();
  std::erase_if(out, [](const ViewDef& def) { return def.replaces.value != 0; });
  return out;
}
std::vector<ViewDef> Catalog::ListNextViews() const {
  const MutexLock lock(impl_->mutex);
  std::vector<ViewDef> out = impl_->views.List();
  std::erase_if(out, [](const ViewDef& def) { return def.replaces.value == 0; });
  return out;
}
Result<ViewDef> Catalog::SwitchView(ViewId next) {
  const MutexLock lock(impl_->mutex);
  TM_ASSIGN_OR_RETURN(ViewDef def, impl_->views.Get(next));
  if (def.replaces.value == 0) {
    return Error{Code::kFailedPrecondition, "view " + def.name + " replaces no other"};
  }
  const ViewId old = std::exchange(def.replaces, ViewId{});
  TM_ASSIGN_OR_RETURN(const ViewDef before, impl_->views.Get(old));
  def.retired = before.retired;
  def.retired.push_back(old);
  def.running = before.running;
  def.paused = before.paused;
  TM_RETURN_IF_ERROR(impl_->views.Replace(old, def, impl_->clock.Now()));
  return def;
}
Result<void> Catalog::UpdateView(const ViewDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->views.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteView(ViewId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->views.Delete(id, impl_->clock.Now());
}

// Scheduled queries.
Result<ScheduledQueryDef> Catalog::CreateScheduledQuery(ScheduledQueryDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->scheduled_queries.Create(std::move(def), impl_->clock.Now());
}
Result<ScheduledQueryDef> Catalog::GetScheduledQuery(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->scheduled_queries.Get("", name);
}
Result<ScheduledQueryDef> Catalog::GetScheduledQuery(ScheduledQueryId id) const {
  const MutexLock lock(impl_->mutex);
  return impl_->scheduled_queries.Get(id);
}
std::vector<ScheduledQueryDef> Catalog::ListScheduledQueries() const {
  const MutexLock lock(impl_->mutex);
  return impl_->scheduled_queries.List();
}
Result<void> Catalog::UpdateScheduledQuery(const ScheduledQueryDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->scheduled_queries.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteScheduledQuery(ScheduledQueryId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->scheduled_queries.Delete(id, impl_->clock.Now());
}

// Saved queries and dashboards.
Result<SavedQueryDef> Catalog::CreateSavedQuery(SavedQueryDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->saved_queries.Create(std::move(def), impl_->clock.Now());
}
Result<SavedQueryDef> Catalog::GetSavedQuery(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->saved_queries.Get("", name);
}
std::vector<SavedQueryDef> Catalog::ListSavedQueries() const {
  const MutexLock lock(impl_->mutex);
  return impl_->saved_queries.List();
}
Result<void> Catalog::UpdateSavedQuery(const SavedQueryDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->saved_queries.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteSavedQuery(SavedQueryId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->saved_queries.Delete(id, impl_->clock.Now());
}

Result<DashboardDef> Catalog::CreateDashboard(DashboardDef def) {
  const MutexLock lock(impl_->mutex);
  return impl_->dashboards.Create(std::move(def), impl_->clock.Now());
}
Result<DashboardDef> Catalog::GetDashboard(std::string_view name) const {
  const MutexLock lock(impl_->mutex);
  return impl_->dashboards.Get("", name);
}
std::vector<DashboardDef> Catalog::ListDashboards() const {
  const MutexLock lock(impl_->mutex);
  return impl_->dashboards.List();
}
Result<void> Catalog::UpdateDashboard(const DashboardDef& def) {
  const MutexLock lock(impl_->mutex);
  return impl_->dashboards.Update(def, impl_->clock.Now());
}
Result<void> Catalog::DeleteDashboard(DashboardId id) {
  const MutexLock lock(impl_->mutex);
  return impl_->dashboards.Delete(id, impl_->clock.Now());
}

// Settings.
std::optional<std::string> Catalog::GetSetting(std::string_view key) const {
  const MutexLock lock(impl_->mutex);
  const auto it = impl_->settings.find(key);
  if (it == impl_->settings.end()) return std::nullopt;
  return it->second;
}
Result<void> Catalog::PutSetting(std::string_view key, std::string_view value) {
  const MutexLock lock(impl_->mutex);
  const SettingChange change{std::string(key), std::string(value)};
  TM_RETURN_IF_ERROR(impl_->file->ChangeSettings({&change, 1}));
  impl_->settings.insert_or_assign(std::string(key), std::string(value));
  return {};
}

// Activities.
Result<void> Catalog::NoteStart(std::string_view version) {
  constexpr std::string_view kVersionSetting = "server.version";
  const MutexLock lock(impl_->mutex);
  const auto known = impl_->settings.find(kVersionSetting);
  const std::string before = known == impl_->settings.end() ? "" : known->second;
  Activity entry{.at = impl_->clock.Now(), .kind = "server", .name = "tidemark"};
  entry.detail = version;
  if (before.empty()) {
    entry.action = "created";
  } else if (before == version) {
    entry.action = "restarted";
  } else {
    entry.action = "upgraded";
    entry.detail = before + " to " + entry.detail;
  }
  ActivityLog::Pending note = impl_->activities.Prepare(std::move(entry));
  note.rows.push_back({std::string(kVersionSetting), std::string(version)});
  TM_RETURN_IF_ERROR(impl_->file->ChangeSettings(note.rows));
  impl_->activities.Add(std::move(note));
  impl_->settings.insert_or_assign(std::string(kVersionSetting), std::string(version));
  return {};
}
uint64_t Catalog::NewestActivity() const {
  const MutexLock lock(impl_->mutex);
  return impl_->activities.newest();
}
std::vector<Activity> Catalog::ListActivities(uint64_t after, size_t limit) const {
  const MutexLock lock(impl_->mutex);
  return impl_->activities.List(after, limit);
}

Result<void> Catalog::CopyTo(const std::string& path) const {
  const MutexLock lock(impl_->mutex);
  return impl_->file->CopyTo(path);
}

}  // namespace tidemark::catalog
