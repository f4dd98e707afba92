// SPDX-License-Identifier: Apache-2.0
#include "app/stack.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <set>
#include <sstream>

#include "app/stack_grammar_internal.h"
#include "base/json.h"

namespace tidemark::app {

// Kinesis stream names (kinesis-api.md 2.1); the other kinds follow the Timestream rule
// (timestream-api.md 2.3), which is the same alphabet.
bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

std::string NameOf(TomlTable& table, std::string_view key) {
  std::string name = table.RequiredString(key);
  if (!name.empty() && !IsName(name)) {
    table.Problem(key, "\"" + name + "\" is not a name: 1 to 128 letters, digits, '_', '.', '-'");
  }
  return name;
}

void StringList(JsonWriter& out, std::string_view key, const std::vector<std::string>& values) {
  out.Key(key).BeginArray();
  for (const auto& value : values) out.String(value);
  out.EndArray();
}

namespace {

/// Retentions are whole hours and days in the AWS models that they are shown through.
int64_t WholeUnits(TomlTable& table, std::string_view key, nanoseconds fallback, nanoseconds unit,
                   int64_t min, int64_t max) {
  const nanoseconds value = table.Duration(key, fallback, unit);
  const int64_t count = value / unit;
  if (value % unit != nanoseconds(0) || count < min || count > max) {
    table.Problem(key, "key \"" + std::string(key) + "\" must be a whole number of " +
                           FormatDuration(unit) + " between " + FormatDuration(unit * min) +
                           " and " + FormatDuration(unit * max));
  }
  return count;
}

catalog::StreamDef ReadStream(TomlTable& table) {
  catalog::StreamDef def;
  def.name = NameOf(table);
  // An upper bound that keeps a typing error from making a million files.
  def.shards.resize(static_cast<size_t>(table.Integer("shards", 1, 1, 1000)));
  // kinesis-api.md 3.6: 24 hours to 365 days.
  def.retention_hours =
      static_cast<uint32_t>(WholeUnits(table, "retention", hours(24), hours(1), 24, 8760));
  return def;
}

catalog::TableDef ReadTable(TomlTable& table) {
  catalog::TableDef def;
  def.database_name = NameOf(table, "database");
  def.name = NameOf(table);
  // timestream-api.md 4.9: memory 1..8766 h, magnetic 1..73000 d.
  def.memory_retention_hours = WholeUnits(table, "memory_retention", hours(6), hours(1), 1, 8766);
  def.magnetic_retention_days =
      WholeUnits(table, "magnetic_retention", hours(24) * 73'000, hours(24), 1, 73'000);
  // Tables of a stack accept late writes into the magnetic range (design section 5).
  def.magnetic_writes_enabled = true;
  return def;
}

StackDashboard ReadDashboard(TomlTable& table) {
  StackDashboard out;
  out.name = NameOf(table);
  out.title = table.String("title", "");
  out.file = table.RequiredString("file");
  out.where = table.Where();
  return out;
}

template <typename Def>
Result<void> ReadAll(TomlTable& root, std::string_view kind, std::vector<Def>& out,
                     Def (*read)(TomlTable&), std::string (*name)(const Def&)) {
  std::set<std::string> seen;
  for (TomlTable& table : root.Tables(kind)) {
    Def def = read(table);
    TM_RETURN_IF_ERROR(table.Finish());
    if (!seen.insert(name(def)).second) {
      return Error{Code::kInvalidArgument, table.Where() + ": [[" + std::string(kind) + "]] \"" +
                                               name(def) + "\" is there twice"};
    }
    out.push_back(std::move(def));
  }
  return {};
}

}  // namespace

std::string NearestName(std::string_view name, const std::vector<std::string>& names) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
  for (const std::string& other : names) {
    std::vector<size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < name.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i + 1;
      for (size_t j = 0; j < other.size(); ++j) {
        const size_t replace = diagonal + (name[i] == other[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = other;
    }
  }
  return best;
}

Result<Stack> ParseStack(std::string_view text, std::string_view file) {
  TM_ASSIGN_OR_RETURN(TomlTable root, ParseToml(text, file));
  Stack out;
  TM_RETURN_IF_ERROR(ReadAll<catalog::StreamDef>(root, "stream", out.streams, ReadStream,
                                                 [](const auto& d) { return d.name; }));
  TM_RETURN_IF_ERROR(ReadAll<catalog::DatabaseDef>(
      root, "database", out.databases,
      [](TomlTable& t) {
        catalog::DatabaseDef def;
        def.name = NameOf(t);
        return def;
      },
      [](const auto& d) { return d.name; }));
  TM_RETURN_IF_ERROR(
      ReadAll<catalog::TableDef>(root, "table", out.tables, ReadTable,
                                 [](const auto& d) { return d.database_name + "." + d.name; }));
  TM_RETURN_IF_ERROR(ReadAll<catalog::PipelineDef>(root, "pipeline", out.pipelines, ReadPipeline,
                                                   [](const auto& d) { return d.name; }));
  TM_RETURN_IF_ERROR(ReadAll<catalog::ViewDef>(root, "view", out.views, ReadView,
                                               [](const auto& d) { return d.name; }));
  TM_RETURN_IF_ERROR(ReadAll<StackDashboard>(root, "dashboard", out.dashboards, ReadDashboard,
                                             [](const auto& d) { return d.name; }));
  TM_RETURN_IF_ERROR(root.Finish());
  return out;
}

Result<StackFiles> ReadStackFiles(const Stack& stack, const std::string& stack_file) {
  const std::filesystem::path folder = std::filesystem::path(stack_file).parent_path();
  StackFiles out;
  for (const StackDashboard& dashboard : stack.dashboards) {
    const std::string path = (folder / dashboard.file).string();
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) {
      return Error{Code::kInvalidArgument, dashboard.where + ": cannot read " + path};
    }
    out.insert_or_assign(dashboard.file, std::move(text).str());
  }
  return out;
}

}  // namespace tidemark::app
