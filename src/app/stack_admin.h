// SPDX-License-Identifier: Apache-2.0
// Makes a stack exist, describes it, removes it; starts and stops pipelines and views; makes
// backups. Thread-safe: one change and one backup at a time.
#pragma once

#include <atomic>
#include <memory>

#include "api/console/admin.h"
#include "api/timestream/tables.h"
#include "app/late_streams.h"
#include "app/stack.h"
#include "app/view_generations.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/mutex.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "pipeline/manager.h"
#include "store/admin.h"
#include "store/store.h"
#include "view/maintainer.h"

namespace tidemark::app {

/// Everything must outlive the admin.
struct StackContext {
  catalog::Catalog& catalog;
  log::Log& log;
  store::Store& store;
  timestream::TableAdmin& tables;
  pipeline::Manager& pipelines;
  view::Maintainer& views;
  LateStreams& late_streams;
  store::Admin& store_admin;
  FileSystem& fs;
  const Clock& clock;
  std::string backup_directory;   // see BackupDirectoryOf()
  std::string scratch_directory;  // simulations make folders below it
};

class StackAdmin final : public console::Admin {
 public:
  explicit StackAdmin(const StackContext& context);
  ~StackAdmin() override;

  /// At start of the process: gives every view of the catalog to the maintainer and every pipeline
  /// to its manager. Views come first: what they reserve must be known before a pipeline writes.
  Result<void> Restore();
  /// Lets next generations of views take over once they are built: a task of `executor` until
  /// Detach().
  void Attach(Executor& executor);
  void Detach();

  Result<console::StackReport> ApplyStack(const console::StackRequest& request) override;
  Result<console::StackCheck> CheckStack(const console::StackRequest& request) override;
  Result<console::StackReport> DescribeStack(const console::StackRequest& request) override;
  Result<console::StackReport> DeleteStack(const console::StackRequest& request) override;
  Result<void> StartPipeline(std::string_view name, pipeline::StartFrom from) override;
  Result<void> StopPipeline(std::string_view name) override;
  Result<void> StartView(std::string_view name) override;
  Result<void> StopView(std::string_view name) override;
  Result<void> PauseView(std::string_view name) override;
  Result<void> ResumeView(std::string_view name) override;
  Result<void> DropView(std::string_view name, ViewRows rows) override;
  Result<console::ViewSimulation> SimulateView(
      std::string_view name, const std::vector<std::pair<std::string, std::string>>& settings,
      const std::function<bool()>& gone) override;
  Result<std::string> PipelineStack(std::string_view name) const override;
  Result<std::string> ViewStack(std::string_view name) const override;
  Result<console::ViewGenerations> Generations(std::string_view name) const override;
  Result<void> ChangeTable(std::string_view database, std::string_view table,
                           const console::TableChange& change) override;
  Result<console::BackupMade> Backup(std::string_view path) override;

 private:
  enum class Presence : uint8_t { kMissing, kSame, kDiffers };

  Result<Presence> Compare(const catalog::StreamDef& wished) const;
  Result<Presence> Compare(const catalog::TableDef& wished) const;
  Result<Presence> Compare(const catalog::PipelineDef& wished) const;
  Result<Presence> Compare(const catalog::ViewDef& wished) const;
  /// Every conflict that can be known before anything is made.
  Result<void> CheckAll(const Stack& stack, std::string_view file) const;
  Result<void> CheckViews(const Stack& stack, std::string_view file) const;
  /// Against the views that run; no problem if what it reads is not there yet.
  Result<void> CheckBeside(catalog::ViewDef wished, Presence presence) const;
  /// What apply would do with a view that was checked.
  console::StackItem Planned(const catalog::ViewDef& wished, Presence presence) const
      TM_REQUIRES(mutex_);
  /// The views that read it, and those that read these.
  std::vector<std::string> ReadersOf(const std::string& view) const;
  /// What `def` comes to once the stack exists, without its numbers: for checks. `readers` are the
  /// views that lead to it, by their sources.
  Result<view::ViewDefinition> Sketch(const catalog::ViewDef& def, const Stack& stack,
                                      std::vector<std::string> readers) const;
  Result<void> CreateView(catalog::ViewDef wished) TM_REQUIRES(mutex_);
  /// Makes it, builds its next generation, or gives one up that is no longer wished.
  Result<console::StackItem> ApplyView(const catalog::ViewDef& wished) TM_REQUIRES(mutex_);
  /// False: there is none.
  Result<bool> EndView(const std::string& name, ViewRows rows) TM_REQUIRES(mutex_);
  Result<view::ViewDefinition> Definition(const catalog::ViewDef& def) const;
  Result<void> SetViewRunning(std::string_view name, view::ViewState wished);
  enum class Hold : uint8_t { kPaused, kNone };
  Result<void> SetViewHold(std::string_view name, Hold hold);
  void PipelinesChanged();
  /// Tells pipelines the smallest windows of the tables they feed.
  void ViewsChanged();

  class Switcher;

  const StackContext context_;
  std::atomic<bool> simulates_{false};
  uint64_t retention_subscription_ = 0;
  mutable Mutex mutex_;
  ViewGenerations generations_ TM_GUARDED_BY(mutex_);
  std::unique_ptr<Switcher> switcher_;
  Mutex backup_mutex_;  // held while a backup is made; apart, since that takes long
};

}  // namespace tidemark::app
