// SPDX-License-Identifier: Apache-2.0
// What StackAdmin does with views: makes, changes, ends and holds them.
#include <future>
#include <utility>

#include "app/stack_admin.h"
#include "base/logging.h"

namespace tidemark::app {

Result<void> StackAdmin::CreateView(catalog::ViewDef wished) {
  TM_RETURN_IF_ERROR(context_.late_streams.Ensure(wished.late_stream));
  TM_ASSIGN_OR_RETURN(wished, WithZoneRules(std::move(wished), std::nullopt));
  TM_ASSIGN_OR_RETURN(catalog::ViewDef def,
                      context_.catalog.CreateView(generations_.WithSource(std::move(wished))));
  auto definition = Definition(def);
  auto created = definition.ok() ? context_.views.Create(std::move(definition).value())
                                 : Result<void>(std::move(definition).error());
  if (!created.ok()) {
    // The maintainer refused it, so nothing but its number was used.
    if (auto undone = context_.catalog.DeleteView(def.id); !undone.ok()) {
      Log(LogLevel::kError, "app", "a refused view stays in the catalog",
          {{"view", def.name}, {"error", undone.error().message}});
    }
    return created;
  }
  context_.pipelines.ForgetSeries();
  return {};
}

Result<console::StackItem> StackAdmin::ApplyView(const catalog::ViewDef& wished) {
  console::StackItem item{"view", wished.name, "unchanged", ""};
  TM_ASSIGN_OR_RETURN(const Presence presence, Compare(wished));
  if (presence == Presence::kMissing) {
    TM_RETURN_IF_ERROR(CreateView(wished));
    item.action = "created";
    return item;
  }
  const auto next = generations_.NextOf(wished.name);
  if (presence == Presence::kSame) {
    // Zone data, or the view that it reads, may build the same definition again.
    if (!next || next->definition == wished.definition) return item;
    TM_ASSIGN_OR_RETURN(const auto existing, context_.catalog.GetView(wished.name));
    TM_RETURN_IF_ERROR(generations_.TakeBack(existing));
    item.action = "updated";
    item.detail = "generation " + std::to_string(next->generation) + " is given up";
    return item;
  }
  uint32_t generation = next ? next->generation : 0;
  if (!next || next->definition != wished.definition) {
    TM_ASSIGN_OR_RETURN(const auto existing, context_.catalog.GetView(wished.name));
    TM_RETURN_IF_ERROR(context_.late_streams.Ensure(wished.late_stream));
    TM_ASSIGN_OR_RETURN(generation, generations_.Begin(existing, wished));
    item.action = "updated";
  }
  item.detail = "generation " + std::to_string(generation) + " is being built";
  return item;
}

Result<bool> StackAdmin::EndView(const std::string& name, ViewRows rows) {
  const auto existing = context_.catalog.GetView(name);
  if (!existing.ok()) return false;
  TM_RETURN_IF_ERROR(generations_.GiveUp(name));
  std::promise<Result<void>> dropped;
  context_.views.Drop(
      existing->id, [&](Result<void> result) { dropped.set_value(std::move(result)); },
      rows == ViewRows::kKeep ? view::Maintainer::DropRows::kKeep
                              : view::Maintainer::DropRows::kEnd);
  if (auto result = dropped.get_future().get();
      !result.ok() && result.error().code != Code::kNotFound) {
    return std::move(result).error().With("delete view \"" + name + "\"");
  }
  TM_RETURN_IF_ERROR(context_.catalog.DeleteView(existing->id));
  context_.pipelines.ForgetSeries();
  return true;
}

Result<void> StackAdmin::SetViewRunning(std::string_view name, view::ViewState wished) {
  MutexLock lock(mutex_);
  TM_ASSIGN_OR_RETURN(catalog::ViewDef def, context_.catalog.GetView(name));
  const bool run = wished == view::ViewState::kRunning;
  if (def.running != run) {
    def.running = run;
    TM_RETURN_IF_ERROR(context_.catalog.UpdateView(def));
  }
  return run ? context_.views.Start(def.id) : context_.views.Stop(def.id);
}

Result<void> StackAdmin::StartView(std::string_view name) {
  return SetViewRunning(name, view::ViewState::kRunning);
}
Result<void> StackAdmin::StopView(std::string_view name) {
  return SetViewRunning(name, view::ViewState::kStopped);
}

Result<void> StackAdmin::SetViewHold(std::string_view name, Hold hold) {
  MutexLock lock(mutex_);
  TM_ASSIGN_OR_RETURN(catalog::ViewDef def, context_.catalog.GetView(name));
  const bool paused = hold == Hold::kPaused;
  if (def.paused != paused) {
    def.paused = paused;
    TM_RETURN_IF_ERROR(context_.catalog.UpdateView(def));
  }
  return paused ? context_.views.Pause(def.id) : context_.views.Resume(def.id);
}

Result<void> StackAdmin::PauseView(std::string_view name) {
  return SetViewHold(name, Hold::kPaused);
}
Result<void> StackAdmin::ResumeView(std::string_view name) {
  return SetViewHold(name, Hold::kNone);
}

Result<void> StackAdmin::DropView(std::string_view name, ViewRows rows) {
  const MutexLock lock(mutex_);
  TM_ASSIGN_OR_RETURN(const bool existed, EndView(std::string(name), rows));
  if (!existed) return Error{Code::kNotFound, "no view named " + std::string(name)};
  ViewsChanged();
  return {};
}

}  // namespace tidemark::app
