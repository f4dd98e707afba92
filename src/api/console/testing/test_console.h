// SPDX-License-Identifier: Apache-2.0
// The console's service over the real log, catalog, pipelines and views, the model store, and an
// engine and an admin of its own; all on one seeded thread and a clock that the test moves.
// Single-owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/console/service.h"
#include "base/json.h"
#include "http/testing/recorder.h"
#include "log/testing/log_fixture.h"
#include "pipeline/manager.h"
#include "store/testing/model_store.h"
#include "view/maintainer.h"

namespace tidemark::console {

/// Answers "rows N" with N rows (n BIGINT, name VARCHAR), "points N" with N rows (time TIMESTAMP, v
/// DOUBLE), "fail" with a located error, "place ..nope" with one at its last word, and "missing"
/// with kNotFound.
class FakeEngine final : public sql::Engine {
 public:
  Result<std::unique_ptr<sql::QueryResult>> Execute(const sql::QueryRequest& request) override;
  Result<sql::Description> Describe(const sql::QueryRequest& request) override;

  std::vector<sql::QueryInfo> Queries() const override { return queries; }
  std::optional<sql::QueryInfo> FindQuery(std::string_view id) const override {
    for (const sql::QueryInfo& query : queries) {
      if (query.id == id) return query;
    }
    return std::nullopt;
  }
  bool CancelQuery(std::string_view id) override {
    cancelled_ids.emplace_back(id);
    return true;
  }

  std::vector<sql::QueryInfo> queries;
  std::vector<std::string> cancelled_ids;
  int executed = 0;
  int open = 0;       // results that exist
  int cancelled = 0;  // calls of Cancel()
  /// Called inside each Next().
  std::function<void()> on_next;
};

/// Notes what it was asked; "differs" in a text is kAlreadyExists.
class FakeAdmin final : public Admin {
 public:
  FakeAdmin(pipeline::Manager& pipelines, view::Maintainer& views, catalog::Catalog& catalog)
      : pipelines_(pipelines), views_(views), catalog_(catalog) {}

  /// Also publishes each of `files` under its name.
  Result<StackReport> ApplyStack(const StackRequest& request) override;
  /// "differs" in the text is a problem of line 3 and the key "window".
  Result<StackCheck> CheckStack(const StackRequest& request) override;
  Result<StackReport> DescribeStack(const StackRequest& request) override;
  Result<StackReport> DeleteStack(const StackRequest& request) override;
  Result<void> StartPipeline(std::string_view name, pipeline::StartFrom from) override {
    return pipelines_.Start(name, from);
  }
  Result<void> StopPipeline(std::string_view name) override { return pipelines_.Stop(name); }
  Result<void> StartView(std::string_view name) override;
  Result<void> StopView(std::string_view name) override;
  Result<void> PauseView(std::string_view name) override;
  Result<void> ResumeView(std::string_view name) override;
  Result<void> DropView(std::string_view name, ViewRows rows) override;
  Result<ViewSimulation> SimulateView(
      std::string_view name, const std::vector<std::pair<std::string, std::string>>& settings,
      const std::function<bool()>& gone) override;
  Result<std::string> PipelineStack(std::string_view name) const override;
  Result<std::string> ViewStack(std::string_view name) const override;
  Result<ViewGenerations> Generations(std::string_view name) const override;
  Result<void> ChangeTable(std::string_view database, std::string_view table,
                           const TableChange& change) override;
  /// "/taken" exists, anything not below "/backups/" is refused.
  Result<BackupMade> Backup(std::string_view path) override;

  std::vector<std::string> calls;  // "pause v", "backup /backups/a"
  ViewGenerations generations;     // of every view

 private:
  pipeline::Manager& pipelines_;
  view::Maintainer& views_;
  catalog::Catalog& catalog_;
};

/// Keeps in the catalog what it is told, without a look at it; a run has ended at once.
class FakeSchedules final : public Schedules {
 public:
  FakeSchedules(catalog::Catalog& catalog, const Clock& clock) : catalog_(catalog), clock_(clock) {}

  std::optional<ScheduleRefusal> Call(std::string_view operation, const JsonValue& input) override;
  /// Every hour; "never" never comes, anything with "wrong" is refused.
  Result<std::vector<ArrivalTime>> NextTimes(std::string_view schedule,
                                             size_t count) const override;
  std::string ArnOf(const catalog::ScheduledQueryDef& def) const override {
    return "arn:" + def.name;
  }
  std::optional<ArrivalTime> NextOf(const catalog::ScheduledQueryDef& def) const override;

  std::string input;  // of the last call
  std::optional<ScheduleRefusal> refusal;

 private:
  Result<void> Do(std::string_view operation, const JsonValue& call);

  catalog::Catalog& catalog_;
  const Clock& clock_;
};

/// A store's administrator that completes when it is told to.
class FakeStoreAdmin final : public store::Admin {
 public:
  void Flush(Completion<void> done) override { waiting.push_back(std::move(done)); }
  void Compact(store::CompactMode mode, Completion<void> done) override {
    modes.push_back(mode);
    waiting.push_back(std::move(done));
  }
  store::StorageReport Report() override { return report; }
  std::vector<store::DamagedFile> Damaged() override { return report.damaged; }
  Result<void> AcceptGap(const std::string& file) override;
  Result<store::Positions> BackupTo(const std::string&) override { return store::Positions(); }

  store::StorageReport report;
  std::vector<store::CompactMode> modes;
  std::vector<Completion<void>> waiting;
};

class TestConsole {
 public:
  /// With stream "s", database "db", table "t", pipeline "p" and view "v" (10 s averages, label
  /// end).
  explicit TestConsole(ServiceOptions options = {});
  ~TestConsole();

  /// Runs everything that is due.
  void Run();
  void Advance(nanoseconds d);

  struct Answer {
    int status = 0;
    JsonValue body;
    http::Headers headers;
    std::string text;
  };
  Answer Get(const std::string& target);
  Answer Post(const std::string& path, std::string body);
  Answer Delete(const std::string& path);
  /// With X-Console and these headers.
  Answer Call(std::string method, const std::string& path, std::string body,
              std::vector<http::Headers::Field> headers);
  Answer Send(http::Request request);
  http::Request MakeRequest(std::string method, const std::string& target) const;

  /// Puts a record of `host` on the stream.
  void Put(const std::string& host, double value, EventTime time);
  EventTime Start() const { return start_; }

  log::LogFixture logs;
  store::ModelStore store{logs.clock};
  FakeEngine engine;
  std::unique_ptr<view::Maintainer> views;
  pipeline::OrderBook orders{RealFileSystem(), "", logs.clock};
  std::unique_ptr<pipeline::Manager> pipelines;
  std::unique_ptr<FakeAdmin> admin;
  FakeStoreAdmin store_admin;
  std::unique_ptr<FakeSchedules> schedules;
  Rejections rejections{logs.clock};
  HandShakes hand_shakes{logs.clock, "us-east-1"};
  SeededRandom random{7};
  std::unique_ptr<ConsoleService> service;

 private:
  void Define();

  EventTime start_;
};

/// An event of a stream as a reader sees it.
struct SseEvent {
  std::string id;
  std::string name;
  JsonValue data;
};
/// `comments` counts heartbeat lines.
std::vector<SseEvent> ParseEvents(const std::string& text, size_t* comments = nullptr);

}  // namespace tidemark::console
