// SPDX-License-Identifier: Apache-2.0
#include "app/cli/sql_words.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "app/cli/api.h"
#include "app/cli/output.h"

namespace tidemark::app {
namespace {

std::string Lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::ranges::all_of(name, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
         });
}

std::string Quoted(std::string_view name) {
  if (IsPlainName(name)) return std::string(name);
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

}  // namespace

void SqlWords::Forget() {
  loaded_ = false;
  columns_.clear();
}

void SqlWords::Load() {
  if (loaded_) return;
  loaded_ = true;
  words_.clear();
  names_.clear();
  Settings quick = settings_;
  quick.timeout = milliseconds(1000);
  auto api = Api::Connect(quick);
  if (!api) return;
  if (const auto help = api->Get("/sql/functions")) {
    for (const JsonValue& keyword : ListOf(*help, "keywords"))
      words_.push_back(PlainText(&keyword));
    for (const char* list : {"functions", "macros"}) {
      for (const JsonValue& item : ListOf(*help, list))
        words_.push_back(PlainText(item.Find("name")));
    }
  }
  if (const auto answer = api->Get("/databases")) {
    for (const JsonValue& database : ListOf(*answer, "databases")) {
      const std::string name = PlainText(database.Find("name"));
      names_.push_back(Quoted(name));
      for (const JsonValue& table : ListOf(database, "tables")) {
        const std::string full = Quoted(name) + "." + Quoted(PlainText(table.Find("name")));
        names_.push_back(full);
        columns_[full] = {};
      }
    }
  }
}

const std::vector<std::string>& SqlWords::ColumnsOf(const std::string& table) {
  std::vector<std::string>& known = columns_[table];
  if (!known.empty()) return known;
  auto api = Api::Connect(settings_);
  if (!api) return known;
  JsonWriter body;
  body.BeginObject().Key("sql").String("DESCRIBE " + table).EndObject();
  if (const auto answer = api->Json("POST", "/query", body.text())) {
    for (const JsonValue& row : ListOf(*answer, "rows")) {
      if (!row.array().empty()) known.push_back(Quoted(PlainText(&row.array().front())));
    }
  }
  return known;
}

std::vector<std::string> SqlWords::Matching(std::string_view before, std::string_view word) {
  Load();
  const std::string start = Lower(word);
  std::set<std::string> found;
  const auto offer = [&](const std::string& candidate) {
    const std::string lower = Lower(candidate);
    if (lower.starts_with(start)) found.insert(candidate);
    // A name in quotes is found without them.
    if (lower.starts_with('"') && lower.substr(1).starts_with(start)) found.insert(candidate);
  };
  if (!word.empty()) {
    for (const std::string& known : words_) offer(known);
  }
  for (const std::string& name : names_) offer(name);
  for (const auto& [table, columns] : columns_) {
    if (before.find(table) == std::string_view::npos) continue;
    for (const std::string& column : ColumnsOf(table)) offer(column);
  }
  return {found.begin(), found.end()};
}

}  // namespace tidemark::app
