// SPDX-License-Identifier: Apache-2.0
// Every function has a line of help and signatures, and statements are split as the lexer sees
// them.
#include "sql/help.h"

#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/aggregates.h"
#include "sql/functions.h"
#include "sql/generic_functions.h"
#include "sql/lexer.h"
#include "sql/statements.h"

namespace tidemark::sql {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

const FunctionHelp* Find(const std::vector<FunctionHelp>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &FunctionHelp::name);
  return found == all.end() ? nullptr : &*found;
}

TEST(FunctionHelp, EveryFunctionOfTheBinderHasOne) {
  const auto all = AllFunctionHelp();
  std::set<std::string, std::less<>> names;
  for (const FunctionHelp& function : all) {
    names.insert(function.name);
    EXPECT_FALSE(function.help.empty()) << function.name;
    EXPECT_LE(function.help.size(), 100U) << function.name;
    EXPECT_FALSE(function.signatures.empty()) << function.name;
  }
  for (const auto& known : {FunctionNames(), AggregateNames(), GenericFunctionNames()}) {
    for (const std::string_view name : known) {
      const bool word = name.front() >= 'a' && name.front() <= 'z';
      EXPECT_TRUE(!word || names.contains(name)) << name;
    }
  }
}

/// The functions of the dialect's reference: "name | call | type".
TEST(FunctionHelp, EveryFunctionOfTheReferenceHasOne) {
  std::ifstream in(TM_FUNCTIONS_FILE);
  ASSERT_TRUE(in);
  const auto all = AllFunctionHelp();
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::string name = line.substr(0, line.find(' '));
    const bool word = name.front() >= 'a' && name.front() <= 'z';
    // Written as syntax, not as calls.
    static const std::set<std::string> kSyntax{"cast", "try_cast", "extract"};
    EXPECT_TRUE(!word || kSyntax.contains(name) || Find(all, name) != nullptr) << name;
  }
}

TEST(FunctionHelp, SignaturesSayTypes) {
  const auto all = AllFunctionHelp();
  EXPECT_THAT(Find(all, "bin")->signatures,
              Contains("bin(timestamp, interval day to second) -> timestamp"));
  EXPECT_THAT(Find(all, "avg")->signatures, Contains("avg(double) -> double"));
  EXPECT_THAT(Find(all, "array_distinct")->signatures,
              ElementsAre("array_distinct(array(E)) -> array(E)"));
  EXPECT_THAT(Find(all, "create_time_series")->signatures,
              ElementsAre("create_time_series(timestamp, T) -> timeseries(T)"));
  EXPECT_EQ(Find(all, "lag")->kind, FunctionKind::kWindow);
  EXPECT_EQ(Find(all, "view_rows")->kind, FunctionKind::kTable);
}

TEST(FunctionHelp, KeywordsAreSortedOnceEach) {
  const auto words = Keywords();
  EXPECT_TRUE(std::ranges::is_sorted(words));
  EXPECT_TRUE(std::ranges::adjacent_find(words) == words.end());
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> out;
  for (const StatementSpan& span : SplitStatements(text)) {
    out.emplace_back(text.substr(span.begin, span.end - span.begin));
  }
  return out;
}

TEST(SplitStatements, AtSemicolonsOfTheStatement) {
  EXPECT_THAT(Split("SELECT 1; SELECT 2 ;; "), ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_THAT(Split("SELECT ';' || \";\" -- ; no\n, 2; -- only a comment\n"),
              ElementsAre("SELECT ';' || \";\" -- ; no\n, 2"));
  EXPECT_THAT(Split("/* ; */ SELECT 'it''s;' /* ; */"), ElementsAre("SELECT 'it''s;'"));
  EXPECT_THAT(Split("SELECT 'open; x"), ElementsAre("SELECT 'open; x"));
  EXPECT_THAT(Split("SELECT /* open; x"), ElementsAre("SELECT"));
  EXPECT_THAT(Split(""), ElementsAre());
  EXPECT_THAT(Split(" ;\n; "), ElementsAre());
}

}  // namespace
}  // namespace tidemark::sql
