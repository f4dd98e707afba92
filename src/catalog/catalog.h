// SPDX-License-Identifier: Apache-2.0
// Every definition, and a few settings, kept in one SQLite file (docs/format/catalog.md).
// Thread-safe.
//
// A change is durable when the call returns ok; reads are served from memory and return copies, so
// what one List() returns is one state. A create commits before anyone can use its id. Errors of
// every call: kAlreadyExists (name taken), kNotFound, kInvalidArgument, and of the changing ones
// also kNoSpace and kIo; then nothing changed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/activity.h"
#include "catalog/definitions.h"
#include "catalog/ids.h"

namespace tidemark::catalog {

class Catalog {
 public:
  /// Opens or creates the file and brings an older schema forward. ":memory:" keeps everything in
  /// memory for as long as the object lives. SQLite opens its own files, so this is the one part
  /// that does not go through FileSystem. kFailedPrecondition: a newer schema, or another process
  /// holds the file; kCorruption: not a catalog, or damaged (names table and row). `clock` must
  /// outlive the catalog.
  static Result<std::unique_ptr<Catalog>> Open(const std::string& path, const Clock& clock);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // Create: `id` is assigned and `created` (and `updated`) set unless given; the stored value is
  // returned. Update: replaces the definition with that id; id, name and creation time must be the
  // stored ones. List: by name; tables by database, then name.

  Result<StreamDef> CreateStream(StreamDef def);
  Result<StreamDef> GetStream(std::string_view name) const;
  Result<StreamDef> GetStream(StreamId id) const;
  std::vector<StreamDef> ListStreams() const;
  Result<void> UpdateStream(const StreamDef& def);
  Result<void> DeleteStream(StreamId id);

  Result<DatabaseDef> CreateDatabase(DatabaseDef def);
  Result<DatabaseDef> GetDatabase(std::string_view name) const;
  Result<DatabaseDef> GetDatabase(DatabaseId id) const;
  std::vector<DatabaseDef> ListDatabases() const;
  Result<void> UpdateDatabase(const DatabaseDef& def);
  /// kFailedPrecondition: it still has tables (timestream-api.md 3.4).
  Result<void> DeleteDatabase(DatabaseId id);

  /// `database_name` names the database; `database` is filled from it. kNotFound: there is none.
  Result<TableDef> CreateTable(TableDef def);
  Result<TableDef> GetTable(std::string_view database, std::string_view name) const;
  Result<TableDef> GetTable(TableId id) const;
  std::vector<TableDef> ListTables() const;
  /// kNotFound: no such database.
  Result<std::vector<TableDef>> ListTables(std::string_view database) const;
  Result<void> UpdateTable(const TableDef& def);
  Result<void> DeleteTable(TableId id);

  Result<PipelineDef> CreatePipeline(PipelineDef def);
  Result<PipelineDef> GetPipeline(std::string_view name) const;
  Result<PipelineDef> GetPipeline(PipelineId id) const;
  std::vector<PipelineDef> ListPipelines() const;
  Result<void> UpdatePipeline(const PipelineDef& def);
  Result<void> DeletePipeline(PipelineId id);

  Result<ViewDef> CreateView(ViewDef def);
  Result<ViewDef> GetView(std::string_view name) const;
  Result<ViewDef> GetView(ViewId id) const;
  std::vector<ViewDef> ListViews() const;
  /// Those made with `replaces`, each beside the view of its name; no other call tells of them by
  /// name.
  std::vector<ViewDef> ListNextViews() const;
  /// In one step `next` is the view of its name, running and paused as the one that it replaces,
  /// which is only among its `retired`. kFailedPrecondition: it replaces none.
  Result<ViewDef> SwitchView(ViewId next);
  Result<void> UpdateView(const ViewDef& def);
  Result<void> DeleteView(ViewId id);

  Result<ScheduledQueryDef> CreateScheduledQuery(ScheduledQueryDef def);
  Result<ScheduledQueryDef> GetScheduledQuery(std::string_view name) const;
  Result<ScheduledQueryDef> GetScheduledQuery(ScheduledQueryId id) const;
  std::vector<ScheduledQueryDef> ListScheduledQueries() const;
  Result<void> UpdateScheduledQuery(const ScheduledQueryDef& def);
  Result<void> DeleteScheduledQuery(ScheduledQueryId id);

  Result<SavedQueryDef> CreateSavedQuery(SavedQueryDef def);
  Result<SavedQueryDef> GetSavedQuery(std::string_view name) const;
  std::vector<SavedQueryDef> ListSavedQueries() const;
  Result<void> UpdateSavedQuery(const SavedQueryDef& def);
  Result<void> DeleteSavedQuery(SavedQueryId id);

  Result<DashboardDef> CreateDashboard(DashboardDef def);
  Result<DashboardDef> GetDashboard(std::string_view name) const;
  std::vector<DashboardDef> ListDashboards() const;
  Result<void> UpdateDashboard(const DashboardDef& def);
  Result<void> DeleteDashboard(DashboardId id);

  /// Settings are for the program itself (keys, uuids); values are bytes.
  std::optional<std::string> GetSetting(std::string_view key) const;
  Result<void> PutSetting(std::string_view key, std::string_view value);

  /// Notes that a server of that version began to use the file.
  Result<void> NoteStart(std::string_view version);
  /// Every create, delete and change that means something to people is an activity, durable with
  /// the change; the newest kActivitiesMax are kept. Their numbers ascend.
  uint64_t NewestActivity() const;  // 0: none
  /// Those above `after`, the newest first, at most `limit`.
  std::vector<Activity> ListActivities(uint64_t after, size_t limit) const;

  /// Writes a copy of the whole file, as of now, to `path`, which must not exist. The caller syncs
  /// it. Changes wait meanwhile.
  Result<void> CopyTo(const std::string& path) const;

 private:
  struct Impl;
  explicit Catalog(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tidemark::catalog
