// SPDX-License-Identifier: Apache-2.0
// Generated statements (testing/query_generator.h) over points in memory and in blocks, pushed down
// and not, against whole scans of the store's model: the same rows to the bit.
// TM_SEED is the first statement's seed, TM_RUNS the number of statements.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/seed.h"
#include "sql/testing/query_generator.h"

namespace tidemark::sql {
namespace {

using Same = GeneratedQuery::Same;

uint64_t Runs() {
  const char* text = std::getenv("TM_RUNS");
  return text == nullptr ? 400 : std::strtoull(text, nullptr, 10);
}

/// The points are the same for 1000 statements.
constexpr uint64_t kRunsOfTables = 1000;

/// Types and rows, or the error's code.
struct Answer {
  std::string head;
  TextRows rows;
};

class Executor {
 public:
  Executor(std::string name, const EngineOptions& options, TestDatabase& db)
      : name_(std::move(name)) {
    auto opened = Engine::Open(options, db.store, db.names, db.clock, metrics_);
    EXPECT_TRUE(opened.ok());
    engine_ = std::move(opened).value();
  }
  const std::string& name() const { return name_; }

  Answer Ask(const std::string& sql) {
    auto result = engine_->Execute({.sql = sql});
    if (!result.ok()) return Failed(result.error());
    const auto rows = ReadAll(**result);
    if (!rows.ok()) return Failed(rows.error());
    Answer out;
    const std::vector<Column>& columns = (*result)->columns();
    for (const Column& column : columns)
      out.head += column.name + " " + column.type.ToString() + ", ";
    for (const std::vector<Value>& row : *rows) {
      std::vector<std::string>& cells = out.rows.emplace_back();
      for (size_t c = 0; c < row.size(); ++c) cells.push_back(CellText(columns[c].type, row[c]));
    }
    return out;
  }

 private:
  static Answer Failed(const Error& error) { return {"error: " + error.message, {}}; }

  std::string name_;
  MetricRegistry metrics_;
  std::unique_ptr<Engine> engine_;
};

/// Two stores with the same points and those who ask them.
struct Bed {
  explicit Bed(uint64_t seed) : model(StoreKind::kModel), blocks(StoreKind::kEmbedded) {
    QueryGenerator::WriteTables(model, seed);
    QueryGenerator::WriteTables(blocks, seed);
    expected = std::make_unique<Executor>(
        "model", EngineOptions{.threads = 1, .pushdown = false, .narrowing = false}, model);
    const auto add = [this](std::string name, const EngineOptions& options) {
      others.push_back(std::make_unique<Executor>(std::move(name), options, blocks));
    };
    add("pushed down", {.threads = 2});
    add("without direct execution", {.threads = 1, .direct_rows_max = 0});
    add("narrowed", {.threads = 2, .pushdown = false});
  }

  TestDatabase model;
  TestDatabase blocks;
  std::unique_ptr<Executor> expected;
  std::vector<std::unique_ptr<Executor>> others;
};

bool Within(TextRows some, TextRows all) {
  std::sort(some.begin(), some.end());
  std::sort(all.begin(), all.end());
  return std::includes(all.begin(), all.end(), some.begin(), some.end());
}

/// Empty, or what differs.
std::string Difference(const GeneratedQuery& query, const Answer& expected, Answer ours,
                       const TextRows& whole) {
  if (expected.head != ours.head) return expected.head + "\nnot " + ours.head;
  if (query.same == Same::kCountOfAny) {
    if (expected.rows.size() == ours.rows.size() && Within(ours.rows, whole)) return "";
    return "rows that the whole does not have, or another number of rows: " +
           testing::PrintToString(ours.rows);
  }
  TextRows wanted = expected.rows;
  if (query.same == Same::kMultiset) {
    std::sort(wanted.begin(), wanted.end());
    std::sort(ours.rows.begin(), ours.rows.end());
  }
  if (wanted == ours.rows) return "";
  size_t i = 0;
  while (i < std::min(wanted.size(), ours.rows.size()) && wanted[i] == ours.rows[i]) ++i;
  const auto row = [i](const TextRows& rows) {
    return i < rows.size() ? testing::PrintToString(rows[i]) : "the end";
  };
  return "row " + std::to_string(i) + " of " + std::to_string(wanted.size()) + ": " + row(wanted) +
         "\nnot " + row(ours.rows);
}

TEST(Differential, EveryWayToRunAStatementGivesTheSameBits) {
  const uint64_t seed = TestSeed();
  std::unique_ptr<Bed> bed;
  std::map<std::string, int> ways;
  uint64_t failed = 0;
  uint64_t refused = 0;
  for (uint64_t run = 0; run < Runs(); ++run) {
    const uint64_t tables = (seed + run) / kRunsOfTables;
    if (!bed || (seed + run) % kRunsOfTables == 0) bed = std::make_unique<Bed>(tables);
    const GeneratedQuery query = QueryGenerator(seed + run).Next();
    SCOPED_TRACE("TM_SEED=" + std::to_string(seed + run) + " TM_RUNS=1\n" + query.sql);
    const Answer expected = bed->expected->Ask(query.sql);
    if (expected.head.starts_with("error")) ++refused;
    TextRows whole;
    if (query.same == Same::kCountOfAny) whole = bed->expected->Ask(query.whole).rows;
    bool same = true;
    for (const auto& other : bed->others) {
      const std::string difference = Difference(query, expected, other->Ask(query.sql), whole);
      EXPECT_EQ(difference, "") << other->name();
      same &= difference.empty();
    }
    if (!same && ++failed == 10) break;
    if (run % 4 != 0) continue;
    for (const std::vector<std::string>& line : bed->others[0]->Ask("EXPLAIN " + query.sql).rows) {
      const size_t at = line[0].find_first_not_of(' ');
      if (at == std::string::npos) continue;
      ++ways[line[0].substr(at)];
      if (line[0].starts_with("  chunks: ") && !line[0].ends_with(" 0"))
        ++ways["some chunks by statistics"];
    }
  }
  std::cout << Runs() << " statements, " << refused << " refused\n";
  if (Runs() < 400) return;
  // The grammar reaches what it is meant for, and is rarely refused.
  EXPECT_LT(refused * 20, Runs());
  const auto share = [&](const std::string& line) {
    std::cout << ways[line] << " of " << Runs() / 4 << ": " << line << "\n";
    return static_cast<uint64_t>(ways[line]) * 400 / Runs();
  };
  EXPECT_GT(share("pushdown: aggregate") + share("pushdown: statistics"), 10U);
  EXPECT_GT(share("pushdown: scan"), 20U);
  EXPECT_GE(share("some chunks by statistics"), 3U);
  EXPECT_GT(share("points: the newest of each series"), 3U);
  EXPECT_GT(share("execution engine: not needed"), 5U);
}

}  // namespace
}  // namespace tidemark::sql
