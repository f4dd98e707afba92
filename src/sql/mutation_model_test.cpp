// SPDX-License-Identifier: Apache-2.0
// Changed statements of the recorded answers, run: what the binder accepts, runs, or ends in an
// error of its values. An error of the execution engine's own is a fault of ours, whatever the
// text. TM_SEED is the first statement's seed, TM_RUNS the number of statements.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/testing/seed.h"
#include "sql/testing/fixture.h"
#include "sql/testing/query_generator.h"
#include "sql/testing/statement_mutator.h"

namespace tidemark::sql {
namespace {

#ifndef TM_ORACLE_DIR
#error "TM_ORACLE_DIR names the folder of the recorded answers"
#endif

uint64_t Runs() {
  const char* text = std::getenv("TM_RUNS");
  return text == nullptr ? 2000 : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> Statements() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(TM_ORACLE_DIR)) {
    if (entry.path().extension() == ".jsonl") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> out;
  for (const auto& path : paths) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
      out.push_back(ParseJson(line).value().Find("sql")->string_value());
  }
  for (uint64_t seed = 0; seed < 300; ++seed) out.push_back(QueryGenerator(seed).Next().sql);
  return out;
}

/// A real clock ends what takes too long.
class Runner {
 public:
  Runner() {
    db_.AddSamples();
    QueryGenerator::WriteTables(db_, 1);
    Open();
  }

  /// The error; none for rows.
  std::optional<Error> Run(const std::string& sql) {
    auto result = engine_->Execute({.sql = sql, .deadline = clock_.Monotonic() + kDeadline});
    if (!result.ok()) return std::move(result).error();
    for (RowChunk chunk;;) {
      Result<bool> more = (*result)->Next(chunk);
      if (!more.ok()) return std::move(more).error();
      if (!*more) return std::nullopt;
    }
  }

  /// An internal error of the execution engine may have closed it.
  void Open() {
    engine_.reset();
    auto opened = Engine::Open({.memory_bytes_max = 256_MiB, .threads = 1}, db_.store, db_.names,
                               clock_, metrics_);
    ASSERT_TRUE(opened.ok());
    engine_ = std::move(opened).value();
  }

 private:
  static constexpr seconds kDeadline{2};
  TestDatabase db_;
  SystemClock clock_;
  MetricRegistry metrics_;
  std::unique_ptr<Engine> engine_;
};

TEST(Mutation, WhatIsAcceptedRuns) {
  const uint64_t seed = TestSeed();
  const StatementMutator mutator(Statements());
  Runner runner;
  uint64_t accepted = 0;
  uint64_t by_values = 0;
  uint64_t failed = 0;
  for (uint64_t run = 0; run < Runs(); ++run) {
    const std::string sql = mutator.MutateAny(seed + run);
    SCOPED_TRACE("TM_SEED=" + std::to_string(seed + run) + " TM_RUNS=1\n" + sql.substr(0, 4000));
    const std::optional<Error> error = runner.Run(sql);
    accepted += error ? 0 : 1;
    if (!error) continue;
    if (!QueryErrorOf(*error)) ++by_values;
    EXPECT_NE(error->code, Code::kInternal) << error->message;
    if (error->code != Code::kInternal) continue;
    runner.Open();
    if (++failed == 20) break;
  }
  std::cout << Runs() << " statements, " << accepted << " with rows, " << by_values
            << " ended by their values\n";
  if (Runs() >= 1000) {
    EXPECT_GT(accepted * 6, Runs());
  }
}

}  // namespace
}  // namespace tidemark::sql
