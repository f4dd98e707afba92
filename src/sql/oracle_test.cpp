// SPDX-License-Identifier: Apache-2.0
// Recorded answers of an engine of the same family (testing/oracle/README.md): every statement that
// this version runs must give them, but for the listed ones.
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/numbers.h"
#include "sql/kernels.h"
#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

#ifndef TM_ORACLE_DIR
#error "TM_ORACLE_DIR names the folder of the recorded answers"
#endif

constexpr std::string_view kFamilies[] = {
    "aggregate",  "approximate", "arithmetic",  "array",    "bitwise",     "cast",
    "comparison", "conditional", "date_format", "datetime", "double_text", "format_datetime",
    "grouping",   "json",        "lambda",      "like",     "logic",       "math",
    "regexp",     "relational",  "row",         "string",   "timezone",    "try_cast",
    "typing",     "unnest",      "url",         "window",   "worked"};

bool SameDouble(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

bool SameCell(const Type& type, const Value& ours, const JsonValue& theirs) {
  if (ours.is_null() || theirs.is_null()) return ours.is_null() && theirs.is_null();
  if (const auto* flag = std::get_if<bool>(&ours.data)) {
    return theirs.kind() == JsonValue::Kind::kBool && theirs.bool_value() == *flag;
  }
  if (const auto* number = std::get_if<double>(&ours.data)) {
    if (!theirs.is_string()) return false;
    const Result<double> expected = kernels::TextToDouble(theirs.string_value());
    return expected.ok() && SameDouble(*number, *expected);
  }
  if (type.kind() == TypeKind::kInteger || type.kind() == TypeKind::kBigint) {
    return theirs.AsInt64() == std::get<int64_t>(ours.data);
  }
  std::string text;
  AppendScalarText(type, ours, text);
  return theirs.is_string() && theirs.string_value() == text;
}

bool SameRow(const std::vector<Column>& columns, const std::vector<Value>& ours,
             const JsonValue& theirs) {
  if (ours.size() != theirs.array().size()) return false;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (!SameCell(columns[i].type, ours[i], theirs.array()[i])) return false;
  }
  return true;
}

/// Empty if equal, else what differs.
std::string Compare(const std::vector<Column>& columns, const std::vector<std::vector<Value>>& rows,
                    const JsonValue& expected) {
  const std::vector<JsonValue>& names = expected.Find("columns")->array();
  if (names.size() != columns.size()) return "number of columns";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (names[i].Find("name")->string_value() != columns[i].name) return "name " + columns[i].name;
    if (names[i].Find("type")->string_value() != columns[i].type.ToString()) {
      return "type " + columns[i].type.ToString() + ", not " +
             names[i].Find("type")->string_value();
    }
  }
  const std::vector<JsonValue>& wanted = expected.Find("rows")->array();
  if (wanted.size() != rows.size()) return "number of rows";
  if (expected.Find("ordered")->bool_value()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!SameRow(columns, rows[i], wanted[i])) return "row " + std::to_string(i);
    }
    return "";
  }
  std::vector<bool> taken(rows.size(), false);
  for (const JsonValue& row : wanted) {
    size_t i = 0;
    while (i < rows.size() && (taken[i] || !SameRow(columns, rows[i], row))) ++i;
    if (i == rows.size()) return "a row is missing";
    taken[i] = true;
  }
  return "";
}

enum class Verdict : uint8_t { kOutside, kPass, kFail };

Verdict Check(TestDatabase& db, const JsonValue& expected, std::string& why) {
  const std::string& sql = expected.Find("sql")->string_value();
  Result<std::unique_ptr<QueryResult>> result = db.Execute(sql);
  if (!result.ok() && result.error().code == Code::kUnimplemented) return Verdict::kOutside;
  const bool must_fail = expected.Find("error") != nullptr;
  if (!result.ok()) {
    if (must_fail) return Verdict::kPass;
    // Functions that the dialect's guide does not list are refused on purpose.
    if (expected.Find("undocumented") != nullptr) return Verdict::kOutside;
    why = result.error().message;
    return Verdict::kFail;
  }
  const auto rows = ReadAll(**result);
  if (!rows.ok()) {
    why = rows.error().message;
    return must_fail ? Verdict::kPass : Verdict::kFail;
  }
  if (must_fail) {
    why = "no error; expected " + expected.Find("error")->Find("message")->string_value();
    return Verdict::kFail;
  }
  why = Compare((*result)->columns(), *rows, expected);
  return why.empty() ? Verdict::kPass : Verdict::kFail;
}

/// "family:line reason" per line.
std::set<std::string> KnownFailures() {
  std::set<std::string> known;
  std::ifstream file(std::string(TM_ORACLE_DIR) + "/known_failures.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') known.insert(line.substr(0, line.find(' ')));
  }
  return known;
}

TEST(Oracle, GivesTheRecordedAnswers) {
  TestDatabase db;
  std::set<std::string> known = KnownFailures();
  size_t passed = 0;
  size_t outside = 0;
  for (const std::string_view family : kFamilies) {
    std::ifstream file(std::string(TM_ORACLE_DIR) + "/" + std::string(family) + ".jsonl");
    ASSERT_TRUE(file) << family;
    size_t number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      const Result<JsonValue> expected = ParseJson(line);
      ASSERT_TRUE(expected.ok()) << family << ":" << number << " " << expected.error().message;
      if (expected->Find("doubtful") != nullptr) continue;
      std::string why;
      const std::string id = std::string(family) + ":" + std::to_string(number);
      switch (Check(db, *expected, why)) {
        case Verdict::kOutside:
          ++outside;
          break;
        case Verdict::kPass:
          ++passed;
          EXPECT_FALSE(known.contains(id)) << id << " passes now: take it off the list";
          break;
        case Verdict::kFail:
          EXPECT_TRUE(known.contains(id))
              << id << " " << expected->Find("sql")->string_value() << "\n  " << why;
          known.erase(id);
          break;
      }
    }
  }
  EXPECT_GE(passed, 1455);  // grows with the dialect
  RecordProperty("passed", static_cast<int>(passed));
  RecordProperty("outside", static_cast<int>(outside));
}

}  // namespace
}  // namespace tidemark::sql
