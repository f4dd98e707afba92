// SPDX-License-Identifier: Apache-2.0
// The reference's worked queries and its checklist (timestream-sql.md 6 and 7.1) as golden files,
// over the store's model, memory, sealed blocks, and half and half. worked.txt has the format.
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "base/numbers.h"
#include "sql/datetime.h"
#include "sql/kernels.h"
#include "sql/lexer.h"
#include "sql/testing/fixture.h"

namespace tidemark::sql {
namespace {

#if !defined(TM_CONFORMANCE_DIR) || !defined(TM_SOURCE_DIR)
#error "TM_CONFORMANCE_DIR names the golden files, TM_SOURCE_DIR src"
#endif

struct Case {
  std::string name;  // "W12b"
  std::string clock;
  std::vector<ParameterValue> parameters;
  std::string test_file;  // of a case that is a test of its own
  std::string test_name;
  std::string sql;
  std::string error;                 // a part of the message; empty: none is wanted
  std::vector<std::string> columns;  // "name type"
  bool any_order = false;
  TextRows rows;

  bool elsewhere() const { return !test_name.empty(); }
  /// "W12": letters at the end tell statements of one number apart.
  std::string number() const { return name.substr(0, name.find_first_of("bcdefg")); }
};

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> out;
  for (;;) {
    const size_t bar = line.find('|');
    const std::string_view cell = Trimmed(line.substr(0, bar));
    out.emplace_back(cell == "''" ? "" : cell);
    if (bar == std::string_view::npos) return out;
    line.remove_prefix(bar + 1);
  }
}

/// Reads one golden file. Single-owner.
class GoldenFile {
 public:
  explicit GoldenFile(const std::string& name) {
    std::ifstream file(std::string(TM_CONFORMANCE_DIR) + "/" + name);
    EXPECT_TRUE(file) << name;
    for (std::string line; std::getline(file, line);) Line(line);
    Finish();
  }
  std::vector<Case> cases;

 private:
  enum class Part : uint8_t { kHead, kStatement, kRows };

  void Finish() {
    if (!case_.name.empty()) cases.push_back(std::move(case_));
    case_ = {};
    part_ = Part::kHead;
  }

  std::string Expanded(std::string text) const {
    for (size_t at; (at = text.find("${")) != std::string::npos;) {
      const size_t end = text.find('}', at);
      const auto found = names_.find(text.substr(at + 2, end - at - 2));
      EXPECT_NE(found, names_.end()) << text;
      if (found == names_.end()) return text;
      text.replace(at, end + 1 - at, found->second);
    }
    return text;
  }

  void Line(const std::string& raw) {
    if (raw.starts_with("## ")) {
      Finish();
      case_.name = raw.substr(3);
      return;
    }
    if (part_ == Part::kHead && !case_.elsewhere() && Directive(raw)) return;
    if (raw.starts_with("=>")) return Expectation(Expanded(raw.substr(2)));
    if (raw.empty() || raw.starts_with('#')) {
      if (part_ == Part::kRows) Finish();
      return;
    }
    const std::string line = Expanded(raw);
    if (part_ == Part::kRows) {
      case_.rows.push_back(Cells(line));
    } else {
      part_ = Part::kStatement;
      case_.sql += (case_.sql.empty() ? "" : "\n") + line;
    }
  }

  bool Directive(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "let" || verb == "set") {
      const size_t equal = line.find(" = ");
      const std::string name = line.substr(4, equal - 4);
      const std::string value = line.substr(equal + 3);
      if (verb == "let") names_[name] = Expanded(value);
      if (verb == "set")
        case_.parameters.push_back(
            {name, TypeKind::kTimestamp, {ParseTimestampText(value).value()}});
      return true;
    }
    if (verb == "clock") {
      case_.clock = line.substr(6);
      return true;
    }
    if (verb == "elsewhere") words >> case_.test_file >> case_.test_name;
    return verb == "elsewhere";
  }

  void Expectation(std::string_view text) {
    part_ = Part::kRows;
    if (text.starts_with('*')) {
      case_.any_order = true;
      text.remove_prefix(1);
    }
    text = Trimmed(text);
    constexpr std::string_view kError = "error ";
    if (text.starts_with(kError)) {
      case_.error = text.substr(kError.size());
    } else {
      case_.columns = Cells(text);
    }
  }

  std::map<std::string, std::string> names_;
  Case case_;
  Part part_ = Part::kHead;
};

std::vector<Case> AllCases() {
  std::vector<Case> out = GoldenFile("worked.txt").cases;
  for (Case& c : GoldenFile("checklist.txt").cases) out.push_back(std::move(c));
  return out;
}

/// Texts are equal, or both are doubles (alone or in lists) and near: 6 says 1e-9.
bool SameText(std::string_view ours, std::string_view theirs) {
  constexpr std::string_view kEnds = "[](),";
  if (ours == theirs) return true;
  const size_t end = ours.find_first_of(kEnds);
  const size_t other = theirs.find_first_of(kEnds);
  const bool ends = end == std::string_view::npos;
  if (ends != (other == std::string_view::npos)) return false;
  const std::string_view a = ours.substr(0, end);
  const std::string_view b = theirs.substr(0, other);
  if (a != b) {
    if (a.find('.') == std::string_view::npos || b.find('.') == std::string_view::npos)
      return false;
    const Result<double> x = kernels::TextToDouble(a);
    const Result<double> y = kernels::TextToDouble(b);
    if (!x.ok() || !y.ok()) return false;
    if (!(std::abs(*x - *y) <= 1e-9 * std::max(std::abs(*x), std::abs(*y)))) return false;
  }
  return ends ||
         (ours[end] == theirs[other] && SameText(ours.substr(end + 1), theirs.substr(other + 1)));
}

bool SameRows(const TextRows& ours, const TextRows& theirs) {
  if (ours.size() != theirs.size()) return false;
  for (size_t row = 0; row < ours.size(); ++row) {
    if (ours[row].size() != theirs[row].size()) return false;
    for (size_t c = 0; c < ours[row].size(); ++c) {
      if (!SameText(ours[row][c], theirs[row][c])) return false;
    }
  }
  return true;
}

class Conformance : public testing::TestWithParam<StoreKind> {
 protected:
  Conformance() : db_(GetParam()) {
    const TableId table = db_.AddTable("lab", "ns");
    db_.Write(table, {{"m", "id=a", EventTime{1655487883771000678}, store::ValueView::Bigint(1)}});
    db_.AddSamples();
  }

  void Run(const Case& c) {
    const std::string now = c.clock.empty() ? "2022-03-02 00:00:00" : c.clock;
    db_.clock.StepWall(milliseconds(ParseTimestampText(now).value() / 1'000'000) -
                       milliseconds(db_.clock.Now().ms));
    Result<std::unique_ptr<QueryResult>> result =
        db_.engine->Execute({.sql = c.sql, .parameters = c.parameters});
    using Table = std::vector<std::vector<Value>>;
    const Result<Table> rows = result.ok() ? ReadAll(**result) : Result<Table>(result.error());
    if (!c.error.empty()) {
      ASSERT_FALSE(rows.ok());
      EXPECT_NE(rows.error().message.find(c.error), std::string::npos) << rows.error().message;
      return;
    }
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    const std::vector<Column>& columns = (*result)->columns();
    std::vector<std::string> names;
    for (const Column& column : columns)
      names.push_back(column.name + " " + column.type.ToString());
    EXPECT_EQ(names, c.columns);
    TextRows texts;
    for (const std::vector<Value>& row : *rows) {
      std::vector<std::string>& cells = texts.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) cells.push_back(CellText(columns[i].type, row[i]));
    }
    if (c.any_order) std::sort(texts.begin(), texts.end());
    EXPECT_TRUE(SameRows(texts, c.rows)) << testing::PrintToString(texts) << "\nnot\n"
                                         << testing::PrintToString(c.rows);
  }

  TestDatabase db_;
};

TEST_P(Conformance, GivesTheReferencesAnswers) {
  for (const Case& c : AllCases()) {
    SCOPED_TRACE(c.name + "\n" + c.sql);
    if (!c.elsewhere()) Run(c);
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, Conformance, testing::ValuesIn(kEveryStore),
                         [](const auto& tier) { return std::string(StoreKindName(tier.param)); });

TEST(ConformanceFiles, EveryNumberHasACase) {  // timestream-sql.md 6.1 to 6.6, 7.1
  std::set<std::string> numbers;
  for (const Case& c : AllCases()) {
    SCOPED_TRACE(c.name);
    numbers.insert(c.number());
    if (!c.elsewhere()) {
      EXPECT_FALSE(c.sql.empty());
      EXPECT_NE(c.error.empty(), c.columns.empty());
      continue;
    }
    std::ifstream file(std::string(TM_SOURCE_DIR) + "/" + c.test_file);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_NE(text.str().find(c.test_name), std::string::npos) << c.test_file;
  }
  for (int i = 1; i <= 94; ++i) EXPECT_TRUE(numbers.contains("W" + std::to_string(i))) << i;
  for (int i = 1; i <= 42; ++i) EXPECT_TRUE(numbers.contains("C" + std::to_string(i))) << i;
}

TEST(ConformanceFiles, ReservedWordsNeedQuotes) {  // 1.3, 7.1 (5)
  constexpr std::string_view kWords =
      "ALTER AND AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS CUBE CURRENT_DATE CURRENT_TIME "
      "CURRENT_TIMESTAMP CURRENT_USER DEALLOCATE DELETE DESCRIBE DISTINCT DROP ELSE END ESCAPE "
      "EXCEPT EXECUTE EXISTS EXTRACT FALSE FOR FROM FULL GROUP GROUPING HAVING IN INNER INSERT "
      "INTERSECT INTO IS JOIN LEFT LIKE LOCALTIME LOCALTIMESTAMP NATURAL NORMALIZE NOT NULL ON OR "
      "ORDER OUTER PREPARE RECURSIVE RIGHT ROLLUP SELECT TABLE THEN TRUE UESCAPE UNION UNNEST "
      "USING VALUES WHEN WHERE WITH";
  TestDatabase db;
  std::istringstream words{std::string(kWords)};
  for (std::string word; words >> word;) {
    EXPECT_TRUE(IsReservedWord(word)) << word;
    EXPECT_TRUE(db.ErrorOf("SELECT x FROM (VALUES 1) AS " + word + "(x)").starts_with("line 1:"))
        << word;
    EXPECT_EQ(db.Rows("SELECT \"" + word + "\" FROM (VALUES 1) AS t(\"" + word + "\")"),
              (TextRows{{"1"}}))
        << word;
  }
}

}  // namespace
}  // namespace tidemark::sql
