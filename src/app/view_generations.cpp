// SPDX-License-Identifier: Apache-2.0
#include "app/view_generations.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/logging.h"

namespace tidemark::app {
namespace {

constexpr size_t kRowsCompared = 1'000'000;
constexpr size_t kDifferencesKept = 100;

bool ReadByOne(const std::vector<catalog::ViewDef>& views, std::string_view source) {
  return std::ranges::any_of(views,
                             [&](const catalog::ViewDef& def) { return def.source == source; });
}

}  // namespace

Result<void> ViewGenerations::FollowZones() {
  TM_ASSIGN_OR_RETURN(moves_, zones_.Follow());
  return {};
}

Result<void> ViewGenerations::Restore() {
  for (catalog::ViewDef def : catalog_.ListViews()) {
    if (def.retired.empty()) continue;
    for (const ViewId old : def.retired) TM_RETURN_IF_ERROR(store_.DropOwner(old));
    def.retired.clear();
    TM_RETURN_IF_ERROR(catalog_.UpdateView(def));
  }
  for (const catalog::ViewDef& next : catalog_.ListNextViews()) {
    TM_ASSIGN_OR_RETURN(auto definition, to_definition_(next));
    TM_RETURN_IF_ERROR(views_.Restore(std::move(definition)));
  }
  for (ViewZones::Move& move : std::exchange(moves_, {})) {
    // `retired` has changed since.
    TM_ASSIGN_OR_RETURN(const catalog::ViewDef view, catalog_.GetView(move.view.id));
    TM_RETURN_IF_ERROR(Begin(view, std::move(move.next)));
  }
  return {};
}

std::optional<catalog::ViewDef> ViewGenerations::NextOf(std::string_view name) const {
  for (catalog::ViewDef& next : catalog_.ListNextViews()) {
    if (next.name == name) return std::move(next);
  }
  return std::nullopt;
}

Result<uint32_t> ViewGenerations::Begin(const catalog::ViewDef& existing, catalog::ViewDef wished) {
  wished.generation = existing.generation + 1;
  if (wished.zone_rules.empty()) {
    TM_ASSIGN_OR_RETURN(wished, WithZoneRules(std::move(wished), Newest(existing)));
  }
  if (const auto next = NextOf(existing.name)) {
    wished.generation = next->generation + 1;
    TM_RETURN_IF_ERROR(GiveUp(existing.name));
  }
  wished.replaces = existing.id;
  TM_ASSIGN_OR_RETURN(const catalog::ViewDef def,
                      catalog_.CreateView(WithSource(std::move(wished))));
  auto definition = to_definition_(def);
  auto created = definition.ok() ? views_.Create(std::move(definition).value())
                                 : Result<void>(std::move(definition).error());
  if (created.ok()) return def.generation;
  if (auto undone = catalog_.DeleteView(def.id); !undone.ok()) {
    Log(LogLevel::kError, "app", "a refused generation of a view stays in the catalog",
        {{"view", def.name}, {"error", undone.error().message}});
  }
  return std::move(created).error();
}

catalog::ViewDef ViewGenerations::Newest(const catalog::ViewDef& existing) const {
  return NextOf(existing.name).value_or(existing);
}

Result<void> ViewGenerations::TakeBack(const catalog::ViewDef& existing) {
  TM_RETURN_IF_ERROR(GiveUp(existing.name));
  TM_ASSIGN_OR_RETURN(auto move, zones_.MoveOf(existing));
  if (move) TM_RETURN_IF_ERROR(Begin(existing, std::move(move->next)));
  return {};
}

catalog::ViewDef ViewGenerations::WithSource(catalog::ViewDef def) const {
  const auto source = catalog_.GetView(def.source);
  def.source_generation = source.ok() ? source->generation : 0;
  return def;
}

std::vector<catalog::ViewDef> ViewGenerations::Outdated() const {
  std::vector<catalog::ViewDef> out;
  for (catalog::ViewDef& def : catalog_.ListViews()) {
    const auto source = catalog_.GetView(def.source);
    if (source.ok() && source->generation != def.source_generation) out.push_back(std::move(def));
  }
  return out;
}

Result<void> ViewGenerations::GiveUp(std::string_view name) {
  const auto next = NextOf(name);
  if (!next) return {};
  std::promise<Result<void>> dropped;
  views_.Drop(next->id, [&](Result<void> result) { dropped.set_value(std::move(result)); });
  if (auto result = dropped.get_future().get();
      !result.ok() && result.error().code != Code::kNotFound) {
    return std::move(result).error().With("give up generation " + std::to_string(next->generation) +
                                          " of view \"" + next->name + "\"");
  }
  return catalog_.DeleteView(next->id);
}

bool ViewGenerations::Busy() const {
  return !catalog_.ListNextViews().empty() || !Outdated().empty() ||
         std::ranges::any_of(catalog_.ListViews(),
                             [](const catalog::ViewDef& def) { return !def.retired.empty(); });
}

Result<size_t> ViewGenerations::Turn() {
  TM_RETURN_IF_ERROR(NoteRemoved());
  size_t switched = 0;
  const auto nexts = catalog_.ListNextViews();
  for (const ViewId built : views_.Built()) {
    const auto next = std::ranges::find(nexts, built, &catalog::ViewDef::id);
    // What is built over the generation before takes over first, and is built again then.
    if (next == nexts.end() || ReadByOne(nexts, next->name)) {
      continue;
    }
    TM_RETURN_IF_ERROR(Switch(*next));
    ++switched;
  }
  for (catalog::ViewDef reader : Outdated()) {
    // Its source is gone, or going: it must not be evaluated over nothing.
    TM_RETURN_IF_ERROR(views_.Pause(reader.id));
    if (NextOf(reader.name)) continue;
    catalog::ViewDef again = reader;
    again.id = {};
    again.retired.clear();
    again.running = true;
    again.paused = false;
    TM_RETURN_IF_ERROR(Begin(reader, std::move(again)));
  }
  return switched;
}

Result<void> ViewGenerations::Switch(const catalog::ViewDef& next) {
  TM_ASSIGN_OR_RETURN(const catalog::ViewDef old, catalog_.GetView(next.replaces));
  TM_ASSIGN_OR_RETURN(const view::ViewDefinition definition, to_definition_(next));
  TM_ASSIGN_OR_RETURN(auto diff, view::CompareGenerations(
                                     store_, definition.target, {old.id, old.generation},
                                     {next.id, next.generation}, kRowsCompared, kDifferencesKept));
  TM_ASSIGN_OR_RETURN(const catalog::ViewDef now, catalog_.SwitchView(next.id));
  Log(LogLevel::kInfo, "app", "a generation of a view takes over",
      {{"view", now.name},
       {"generation", now.generation},
       {"same", diff.same},
       {"differences", diff.differences()}});
  last_.insert_or_assign(
      now.name, console::ViewGenerations::Switch{now.generation, clock_.Now(), std::move(diff)});
  for (const catalog::ViewDef& reader : catalog_.ListViews()) {
    if (reader.source == now.name) TM_RETURN_IF_ERROR(views_.Pause(reader.id));
  }
  views_.Replace(next.id, [this, id = old.id](Result<void> result) {
    if (result.ok()) return Removed(id);
    Log(LogLevel::kError, "app", "rows of an earlier generation stay until the next start",
        {{"error", result.error().message}});
  });
  if (!now.running) TM_RETURN_IF_ERROR(views_.Stop(now.id));
  return now.paused ? views_.Pause(now.id) : Result<void>();
}

void ViewGenerations::Removed(ViewId generation) {
  MutexLock lock(removed_mutex_);
  removed_.push_back(generation);
}

Result<void> ViewGenerations::NoteRemoved() {
  std::vector<ViewId> removed;
  {
    MutexLock lock(removed_mutex_);
    removed.swap(removed_);
  }
  if (removed.empty()) return {};
  for (catalog::ViewDef def : catalog_.ListViews()) {
    const size_t erased = std::erase_if(
        def.retired, [&](ViewId id) { return std::ranges::find(removed, id) != removed.end(); });
    if (erased > 0) TM_RETURN_IF_ERROR(catalog_.UpdateView(def));
  }
  return {};
}

Result<console::ViewGenerations> ViewGenerations::Tell(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const catalog::ViewDef def, catalog_.GetView(name));
  console::ViewGenerations out;
  out.generation = def.generation;
  if (const auto next = NextOf(name)) {
    console::ViewGenerations::Next told;
    told.generation = next->generation;
    told.definition = next->definition;
    for (const view::ViewStatus& status : views_.NextStatuses()) {
      if (status.definition.id == next->id) told.status = status;
    }
    out.next = std::move(told);
  }
  if (const auto last = last_.find(name); last != last_.end()) out.last = last->second;
  return out;
}

}  // namespace tidemark::app
