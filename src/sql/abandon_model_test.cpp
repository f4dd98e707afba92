// SPDX-License-Identifier: Apache-2.0
// Readers that go away: generated statements are dropped before their first rows, between two
// pieces and at the end, with workers still at them, and the same engine goes on answering. TM_SEED
// is the first statement's seed, TM_RUNS the number of statements.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/testing/seed.h"
#include "sql/testing/query_generator.h"

namespace tidemark::sql {
namespace {

uint64_t Runs() {
  const char* text = std::getenv("TM_RUNS");
  return text == nullptr ? 300 : std::strtoull(text, nullptr, 10);
}

/// 400,000 numbers, which more than one worker sorts or groups.
constexpr std::string_view kNumbers =
    "(SELECT a * 2000 + b AS n FROM UNNEST(sequence(1, 200)) AS s(a) "
    "CROSS JOIN UNNEST(sequence(1, 2000)) AS t(b)) AS x";

TEST(Abandon, AStatementMayBeDroppedAtAnyTime) {
  TestDatabase db(StoreKind::kEmbedded);
  QueryGenerator::WriteTables(db, 1);
  db.Open({.threads = 2, .direct_rows_max = 0});
  SeededRandom random(TestSeed());
  const std::string numbers(kNumbers);
  const std::string large[] = {
      "SELECT n FROM " + numbers + " ORDER BY n % 1000, n",
      "SELECT n % 5000, count(*), max(n) FROM " + numbers + " GROUP BY n % 5000",
      "SELECT n, row_number() OVER (PARTITION BY n % 100 ORDER BY n) FROM " + numbers,
      "SELECT n / (n - 100000) FROM " + numbers + " ORDER BY n % 7",
  };
  for (uint64_t run = 0; run < Runs(); ++run) {
    const bool generated = run % 16 != 0;
    const std::string sql = generated ? QueryGenerator(TestSeed() + run).Next().sql
                                      : large[run / 16 % std::size(large)];
    SCOPED_TRACE("TM_SEED=" + std::to_string(TestSeed()) + ", statement " + std::to_string(run) +
                 "\n" + sql);
    auto result = db.Execute(sql);
    if (!result.ok()) continue;
    RowChunk chunk;
    for (uint64_t pieces = random.Below(3); pieces > 0; --pieces) {
      const Result<bool> more = (*result)->Next(chunk);
      if (!more.ok() || !*more) break;
    }
  }
  EXPECT_EQ(db.Rows("SELECT count(*) FROM " + numbers), (TextRows{{"400000"}}));
}

}  // namespace
}  // namespace tidemark::sql
