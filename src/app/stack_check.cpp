// SPDX-License-Identifier: Apache-2.0
// What can be known of a stack before anything of it is made: every conflict, and what apply would
// do.
#include <algorithm>

#include "app/stack_admin.h"
#include "app/stack_dashboards_internal.h"
#include "app/stack_problem.h"
#include "app/toml_reader.h"

namespace tidemark::app {
namespace {

constexpr ViewId kNoView{UINT32_MAX};

std::string TableName(const catalog::TableDef& def) { return def.database_name + "." + def.name; }

template <typename T, typename Pred>
bool Contains(const std::vector<T>& list, Pred pred) {
  return std::ranges::any_of(list, pred);
}

Error Missing(std::string_view file, std::string_view kind, std::string_view name,
              std::string_view needs) {
  return {Code::kNotFound, std::string(file) + ": " + std::string(kind) + " \"" +
                               std::string(name) + "\" needs " + std::string(needs) +
                               ", which neither exists nor is in the file"};
}

}  // namespace

Result<void> StackAdmin::CheckAll(const Stack& stack, std::string_view file) const {
  const auto has_database = [&](std::string_view name) {
    return Contains(stack.databases, [&](const auto& d) { return d.name == name; }) ||
           context_.catalog.GetDatabase(name).ok();
  };
  const auto has_table = [&](std::string_view database, std::string_view name) {
    return Contains(stack.tables,
                    [&](const auto& t) { return t.database_name == database && t.name == name; }) ||
           context_.catalog.GetTable(database, name).ok();
  };
  for (const auto& stream : stack.streams) TM_RETURN_IF_ERROR(Compare(stream));
  for (const auto& table : stack.tables) {
    TM_RETURN_IF_ERROR(Compare(table));
    if (!has_database(table.database_name)) {
      return Missing(file, "table", TableName(table), "database \"" + table.database_name + "\"");
    }
  }
  for (const auto& pipeline : stack.pipelines) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(pipeline));
    if (presence == Presence::kSame) continue;
    TM_RETURN_IF_ERROR(presence == Presence::kDiffers ? pipeline::Manager::CheckRules(pipeline)
                                                      : context_.pipelines.Check(pipeline));
    if (!Contains(stack.streams, [&](const auto& s) { return s.name == pipeline.stream; }) &&
        !context_.catalog.GetStream(pipeline.stream).ok()) {
      return Missing(file, "pipeline", pipeline.name, "stream \"" + pipeline.stream + "\"");
    }
    if (!has_table(pipeline.database, pipeline.table)) {
      return Missing(file, "pipeline", pipeline.name,
                     "table \"" + pipeline.database + "." + pipeline.table + "\"");
    }
  }
  return CheckViews(stack, file);
}

Result<void> StackAdmin::CheckViews(const Stack& stack, std::string_view file) const {
  const auto has_table = [&](std::string_view database, std::string_view name) {
    return Contains(stack.tables,
                    [&](const auto& t) { return t.database_name == database && t.name == name; }) ||
           context_.catalog.GetTable(database, name).ok();
  };
  for (const auto& one : stack.views) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(one));
    if (presence == Presence::kSame) continue;
    TM_RETURN_IF_ERROR(Sketch(one, stack, {}));
    for (const std::string& table : {one.table, one.target_table}) {
      if (!has_table(one.database, table)) {
        return Missing(file, "view", one.name, "table \"" + one.database + "." + table + "\"");
      }
    }
    TM_RETURN_IF_ERROR(CheckBeside(one, presence));
  }
  return {};
}

Result<void> StackAdmin::CheckBeside(catalog::ViewDef wished, Presence presence) const {
  wished.id = kNoView;
  if (presence == Presence::kDiffers) {
    TM_ASSIGN_OR_RETURN(const auto existing, context_.catalog.GetView(wished.name));
    wished.replaces = existing.id;
    wished.generation = existing.generation + 1;
    TM_ASSIGN_OR_RETURN(wished, WithZoneRules(std::move(wished), existing));
  }
  const auto definition = Definition(wished);
  if (!definition.ok()) return {};  // what it needs is made with it
  return context_.views.Check(*definition);
}

Result<view::ViewDefinition> StackAdmin::Sketch(const catalog::ViewDef& def, const Stack& stack,
                                                std::vector<std::string> readers) const {
  readers.push_back(def.name);
  view::CatalogTables tables{TableId{1}, TableId{1}, nanoseconds(0), {}};
  if (!def.source.empty()) {
    if (std::ranges::find(readers, def.source) != readers.end()) {
      std::string chain;
      for (const std::string& reader : readers) chain += reader + " reads ";
      return Error{Code::kInvalidArgument, "view " + def.name +
                                               ": source: views read each other (" + chain +
                                               def.source + "): one of them needs another"};
    }
    const auto in_stack = std::ranges::find(stack.views, def.source, &catalog::ViewDef::name);
    const auto upstream = in_stack != stack.views.end() ? Result<catalog::ViewDef>(*in_stack)
                                                        : context_.catalog.GetView(def.source);
    if (!upstream.ok()) {
      return Error{Code::kInvalidArgument,
                   "view " + def.name + ": source: there is no view " + def.source};
    }
    TM_ASSIGN_OR_RETURN(auto read, Sketch(*upstream, stack, std::move(readers)));
    tables.upstream.view = std::make_shared<const view::ViewDefinition>(std::move(read));
  }
  // The catalog gives the number when the view is made; the check wants some.
  catalog::ViewDef numbered = def;
  numbered.id = ViewId{1};
  if (numbered.zone_rules.empty()) {
    const auto existing = context_.catalog.GetView(def.name);
    TM_ASSIGN_OR_RETURN(numbered,
                        WithZoneRules(std::move(numbered),
                                      existing.ok() ? std::optional(*existing) : std::nullopt));
  }
  TM_ASSIGN_OR_RETURN(auto definition, view::FromCatalog(numbered, tables));
  TM_RETURN_IF_ERROR(view::CheckDefinition(definition));
  return definition;
}

console::StackItem StackAdmin::Planned(const catalog::ViewDef& wished, Presence presence) const {
  console::StackItem item{"view", wished.name, "create", ""};
  if (presence == Presence::kMissing) return item;
  const auto next = generations_.NextOf(wished.name);
  const auto existing = context_.catalog.GetView(wished.name);
  if (!existing.ok()) return item;
  item.action = "unchanged";
  if (presence == Presence::kSame) {
    if (!next || next->definition == wished.definition) return item;
    item.action = "update";
    item.detail = "gives generation " + std::to_string(next->generation) + " up";
    return item;
  }
  if (next && next->definition == wished.definition) {
    item.detail = "generation " + std::to_string(next->generation) + " is being built";
    return item;
  }
  item.action = "update";
  const uint32_t newest = next ? next->generation : existing->generation;
  item.detail = "builds generation " + std::to_string(newest + 1) + " beside generation " +
                std::to_string(existing->generation);
  std::string readers;
  for (const std::string& reader : ReadersOf(wished.name)) {
    readers += (readers.empty() ? ", then anew: " : ", ") + reader;
  }
  item.detail += readers;
  return item;
}

std::vector<std::string> StackAdmin::ReadersOf(const std::string& view) const {
  std::vector<std::string> out{view};
  const auto all = context_.catalog.ListViews();
  for (size_t i = 0; i < out.size(); ++i) {
    for (const catalog::ViewDef& def : all) {
      if (def.source == out[i]) out.push_back(def.name);
    }
  }
  out.erase(out.begin());
  return out;
}

Result<console::StackCheck> StackAdmin::CheckStack(const console::StackRequest& request) {
  console::StackCheck out;
  const auto wrong = [&](const Error& error) {
    out.problem = LocateProblem(request.text, request.file, error);
    return out;
  };
  const auto parsed = ParseToml(request.text, request.file);
  if (!parsed.ok()) return wrong(parsed.error());
  out.content_json = parsed->Json();
  const auto stack = ParseStack(request.text, request.file);
  if (!stack.ok()) return wrong(stack.error());
  const auto dashboards = ReadDashboards(*stack, request);
  if (!dashboards.ok()) return wrong(dashboards.error());
  MutexLock lock(mutex_);
  if (const auto all = CheckAll(*stack, request.file); !all.ok()) return wrong(all.error());
  const auto say = [&](std::string_view kind, std::string_view name, Presence presence) {
    out.items.push_back({std::string(kind), std::string(name),
                         presence == Presence::kMissing   ? "create"
                         : presence == Presence::kDiffers ? "update"
                                                          : "unchanged",
                         ""});
  };
  for (const auto& stream : stack->streams) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(stream));
    say("stream", stream.name, presence);
  }
  for (const auto& database : stack->databases) {
    const bool exists = context_.catalog.GetDatabase(database.name).ok();
    say("database", database.name, exists ? Presence::kSame : Presence::kMissing);
  }
  for (const auto& table : stack->tables) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(table));
    say("table", TableName(table), presence);
  }
  for (const auto& one : stack->views) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(one));
    out.items.push_back(Planned(one, presence));
  }
  for (const auto& pipeline : stack->pipelines) {
    TM_ASSIGN_OR_RETURN(const Presence presence, Compare(pipeline));
    say("pipeline", pipeline.name, presence);
  }
  for (size_t i = 0; i < stack->dashboards.size(); ++i) {
    const std::string& name = stack->dashboards[i].name;
    using Found = console::DashboardKeeper::Presence;
    const Found found = request.dashboards.Compare(name, (*dashboards)[i]);
    say("dashboard", name,
        found == Found::kMissing   ? Presence::kMissing
        : found == Found::kDiffers ? Presence::kDiffers
                                   : Presence::kSame);
  }
  return out;
}

}  // namespace tidemark::app
