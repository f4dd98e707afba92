// SPDX-License-Identifier: Apache-2.0
// Recorded answers of an engine of the same family (testing/oracle/README.md): every statement that
// this version runs must give them, but for the listed ones.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
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

/// Another set of answers in the same form: TM_ORACLE=FOLDER.
std::string OracleFolder() {
  const char* other = std::getenv("TM_ORACLE");
  return other != nullptr ? other : TM_ORACLE_DIR;
}

struct Family {
  const char* name;
  size_t passing;  // at least; grows with the dialect
};
constexpr Family kFamilies[] = {
    {"aggregate", 334},   {"approximate", 54}, {"arithmetic", 259}, {"array", 105},
    {"bitwise", 21},      {"cast", 408},       {"comparison", 138}, {"conditional", 53},
    {"date_format", 119}, {"datetime", 489},   {"double_text", 35}, {"format_datetime", 80},
    {"grouping", 73},     {"json", 14},        {"lambda", 30},      {"like", 20},
    {"logic", 23},        {"math", 324},       {"regexp", 46},      {"relational", 157},
    {"row", 14},          {"string", 204},     {"timezone", 0},     {"try_cast", 60},
    {"typing", 166},      {"unnest", 25},      {"url", 8},          {"window", 263},
    {"worked", 21},
};

bool SameDouble(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

/// How far a whole number may be off, as a part of it: both sides of approx_distinct estimate.
struct Slack {
  double part = 0;
};

bool SameInteger(int64_t ours, int64_t theirs, Slack slack) {
  const double off = std::abs(static_cast<double>(ours) - static_cast<double>(theirs));
  return ours == theirs || off <= slack.part * std::abs(static_cast<double>(theirs));
}

bool SameCell(const Type& type, const Value& ours, const JsonValue& theirs, Slack slack);

/// Arrays and rows are lists in the recorded answers.
bool SameList(const Type& type, const Value::List& ours, const JsonValue& theirs, Slack slack) {
  if (theirs.kind() != JsonValue::Kind::kArray || theirs.array().size() != ours.size())
    return false;
  for (size_t i = 0; i < ours.size(); ++i) {
    const Type& element = type.kind() == TypeKind::kRow ? type.fields()[i].type : type.element();
    if (!SameCell(element, ours[i], theirs.array()[i], slack)) return false;
  }
  return true;
}

bool SameCell(const Type& type, const Value& ours, const JsonValue& theirs, Slack slack) {
  if (ours.is_null() || theirs.is_null()) return ours.is_null() && theirs.is_null();
  if (const auto* list = std::get_if<Value::List>(&ours.data))
    return SameList(type, *list, theirs, slack);
  if (const auto* flag = std::get_if<bool>(&ours.data)) {
    return theirs.kind() == JsonValue::Kind::kBool && theirs.bool_value() == *flag;
  }
  if (const auto* number = std::get_if<double>(&ours.data)) {
    if (!theirs.is_string()) return false;
    const Result<double> expected = kernels::TextToDouble(theirs.string_value());
    return expected.ok() && SameDouble(*number, *expected);
  }
  if (type.kind() == TypeKind::kInteger || type.kind() == TypeKind::kBigint) {
    const auto expected = theirs.AsInt64();
    return expected && SameInteger(std::get<int64_t>(ours.data), *expected, slack);
  }
  std::string text;
  AppendScalarText(type, ours, text);
  return theirs.is_string() && theirs.string_value() == text;
}

bool SameRow(const std::vector<Column>& columns, const std::vector<Value>& ours,
             const JsonValue& theirs, Slack slack) {
  if (ours.size() != theirs.array().size()) return false;
  for (size_t i = 0; i < ours.size(); ++i) {
    if (!SameCell(columns[i].type, ours[i], theirs.array()[i], slack)) return false;
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
  const bool estimates =
      expected.Find("approx") != nullptr &&
      expected.Find("sql")->string_value().find("approx_distinct") != std::string::npos;
  const Slack slack{estimates ? 0.023 : 0};
  const std::vector<JsonValue>& wanted = expected.Find("rows")->array();
  if (wanted.size() != rows.size()) return "number of rows";
  if (expected.Find("ordered")->bool_value()) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!SameRow(columns, rows[i], wanted[i], slack)) return "row " + std::to_string(i);
    }
    return "";
  }
  std::vector<bool> taken(rows.size(), false);
  for (const JsonValue& row : wanted) {
    size_t i = 0;
    while (i < rows.size() && (taken[i] || !SameRow(columns, rows[i], row, slack))) ++i;
    if (i == rows.size()) return "a row is missing";
    taken[i] = true;
  }
  return "";
}

enum class Verdict : uint8_t { kOutside, kPass, kFail };

Verdict Check(TestDatabase& db, const JsonValue& expected, std::string& why) {
  const std::string& sql = expected.Find("sql")->string_value();
  Result<std::unique_ptr<QueryResult>> result = db.Execute(sql);
  if (!result.ok() && result.error().code == Code::kUnimplemented) {
    why = result.error().message;
    return Verdict::kOutside;
  }
  const bool must_fail = expected.Find("error") != nullptr;
  if (!result.ok()) {
    if (must_fail) return Verdict::kPass;
    // Functions that the dialect's guide does not list are refused on purpose.
    why = result.error().message;
    if (expected.Find("undocumented") != nullptr) return Verdict::kOutside;
    return Verdict::kFail;
  }
  // What no value decides is found before any is read.
  const bool at_once =
      must_fail && expected.Find("error")->Find("class")->string_value() != "evaluation";
  const auto rows = ReadAll(**result);
  if (!rows.ok()) {
    why = (at_once ? "not found when prepared: " : "") + rows.error().message;
    return must_fail && !at_once ? Verdict::kPass : Verdict::kFail;
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
  std::ifstream file(OracleFolder() + "/known_failures.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line[0] != '#') known.insert(line.substr(0, line.find(' ')));
  }
  return known;
}

class Oracle : public testing::TestWithParam<Family> {};

// TM_ORACLE_LIST=1 prints every statement that is not answered yet.
TEST_P(Oracle, GivesTheRecordedAnswers) {
  const Family& family = GetParam();
  TestDatabase db;
  std::set<std::string> known = KnownFailures();
  const bool list = std::getenv("TM_ORACLE_LIST") != nullptr;
  size_t passed = 0;
  std::ifstream file(OracleFolder() + "/" + family.name + ".jsonl");
  ASSERT_TRUE(file);
  size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const Result<JsonValue> expected = ParseJson(line);
    ASSERT_TRUE(expected.ok()) << number << " " << expected.error().message;
    if (expected->Find("doubtful") != nullptr) continue;
    std::string why;
    const std::string id = std::string(family.name) + ":" + std::to_string(number);
    const Verdict verdict = Check(db, *expected, why);
    if (list && verdict != Verdict::kPass) {
      std::cout << id << " " << expected->Find("sql")->string_value() << "\n    " << why << "\n";
    }
    switch (verdict) {
      case Verdict::kOutside:
        break;
      case Verdict::kPass:
        ++passed;
        EXPECT_FALSE(known.contains(id)) << id << " passes now: take it off the list";
        break;
      case Verdict::kFail:
        EXPECT_TRUE(known.contains(id))
            << id << " " << expected->Find("sql")->string_value() << "\n  " << why;
        break;
    }
  }
  if (std::getenv("TM_ORACLE") == nullptr) {
    EXPECT_GE(passed, family.passing);
  }
  RecordProperty("passed", static_cast<int>(passed));
}

INSTANTIATE_TEST_SUITE_P(Families, Oracle, testing::ValuesIn(kFamilies),
                         [](const auto& family) { return std::string(family.param.name); });

}  // namespace
}  // namespace tidemark::sql
