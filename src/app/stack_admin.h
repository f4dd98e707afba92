// SPDX-License-Identifier: Apache-2.0
// Makes a stack exist, describes it, removes it; starts and stops pipelines and views. Thread-safe:
// one change at a time.
#pragma once

#include "api/console/admin.h"
#include "api/timestream/tables.h"
#include "app/stack.h"
#include "base/mutex.h"
#include "catalog/catalog.h"
#include "log/log.h"
#include "pipeline/manager.h"
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
};

class StackAdmin final : public console::Admin {
 public:
  explicit StackAdmin(const StackContext& context);
  ~StackAdmin() override;

  /// At start of the process: gives every view of the catalog to the maintainer and every pipeline
  /// to its manager. Views come first: what they reserve must be known before a pipeline writes.
  Result<void> Restore();

  Result<console::StackReport> ApplyStack(std::string_view text, std::string_view file,
                                          std::string_view endpoint) override;
  Result<console::StackReport> DescribeStack(std::string_view text, std::string_view file,
                                             std::string_view endpoint) override;
  Result<console::StackReport> DeleteStack(std::string_view text, std::string_view file,
                                           std::string_view endpoint) override;
  Result<void> StartPipeline(std::string_view name) override;
  Result<void> StopPipeline(std::string_view name) override;
  Result<void> StartView(std::string_view name) override;
  Result<void> StopView(std::string_view name) override;

 private:
  enum class Presence : uint8_t { kMissing, kSame };

  Result<Presence> Compare(const catalog::StreamDef& wished) const;
  Result<Presence> Compare(const catalog::TableDef& wished) const;
  Result<Presence> Compare(const catalog::PipelineDef& wished) const;
  Result<Presence> Compare(const catalog::ViewDef& wished) const;
  /// Every conflict that can be known before anything is made.
  Result<void> CheckAll(const Stack& stack, std::string_view file) const;
  Result<void> CreateView(catalog::ViewDef wished) TM_REQUIRES(mutex_);
  Result<view::ViewDefinition> Definition(const catalog::ViewDef& def) const;
  Result<void> SetViewRunning(std::string_view name, view::ViewState wished);
  void PipelinesChanged();

  const StackContext context_;
  uint64_t retention_subscription_ = 0;
  Mutex mutex_;
};

}  // namespace tidemark::app
