// SPDX-License-Identifier: Apache-2.0
// A statement, lexed, parsed and bound. It is refused with a place inside it, or accepted; both in
// bounded depth. With an odd first byte, its words are changed first, as the next eight bytes say:
// bytes alone rarely leave the lexer.
#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/clock.h"
#include "fuzzer.h"
#include "sql/binder.h"
#include "sql/engine.h"
#include "sql/lexer.h"
#include "sql/parser.h"
#include "sql/testing/fixture.h"
#include "sql/testing/query_generator.h"
#include "sql/testing/statement_mutator.h"

namespace {

using namespace tidemark;

constexpr std::string_view kStatements[] = {
    "SELECT DISTINCT(a) AS b, t.*, \"d\".\"t\".* FROM d.t t WHERE NOT a = 1 AND b IS NOT NULL OR c "
    "LIKE "
    "'x' ESCAPE '!'",
    "SELECT TIMESTAMP '2020-01-01', INTERVAL '2' DAY, INTERVAL -'1-2' YEAR TO MONTH, DOUBLE '0.0', "
    "5m",
    "VALUES (1, 'a'), (2, U&'\\00e9') ORDER BY 1 LIMIT 1",
    "SELECT last_value(speed) IGNORE NULLS OVER (PARTITION BY truck_id ORDER BY time DESC NULLS "
    "FIRST "
    "RANGE BETWEEN 5m PRECEDING AND CURRENT ROW) FROM sampleDB.IoT",
    "SELECT filter(ARRAY[1, 2], x -> x > 1), reduce(ARRAY[1], 0, (s, x) -> s + x, s -> s), "
    "sum(load) "
    "FILTER (WHERE moving) FROM sampleDB.IoT GROUP BY load",
    "SELECT ARRAY[1][1], ROW(1, 2), (1, 2), CAST(ROW(1, ARRAY[2e0]) AS row(a bigint, "
    "array(double))).a",
    "WITH a(x) AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM a, b",
    "SELECT * FROM lab.series a LEFT OUTER JOIN lab.series b USING (id) CROSS JOIN "
    "UNNEST(ARRAY[1]) WITH "
    "ORDINALITY AS u(v, o) FULL JOIN lab.cpu c ON c.time = a.time",
    "(SELECT 1) UNION ALL SELECT 2 INTERSECT SELECT 3 EXCEPT SELECT 4 ORDER BY 1 OFFSET 1 ROWS "
    "LIMIT ALL",
    "SELECT id, measure_name, grouping(id) FROM lab.series GROUP BY GROUPING SETS ((id, "
    "measure_name), "
    "ROLLUP (id), CUBE (id, measure_name), ()) HAVING count(*) > 1",
    "SELECT CASE 1 WHEN 1 THEN 2 ELSE 3 END, CASE WHEN true THEN 'b' END, EXTRACT(YEAR FROM "
    "now()), "
    "POSITION('a' IN 'b'), try(1 / 0), TRY_CAST('1' AS integer)",
    "SELECT 1 > ALL (SELECT 1), 1 IN (SELECT 1), EXISTS (SELECT 1), (SELECT 1), 1 IS DISTINCT FROM "
    "2, 1 NOT "
    "BETWEEN 1 AND 2, 2 <> SOME (VALUES 1, 2)",
    "SELECT CURRENT_TIMESTAMP, now() AT TIME ZONE 'UTC', @scheduled_runtime, @x + 1, 5%-3, - - 1, "
    "'a' || 'b'",
    "SHOW TABLES FROM \"sampleDB\" LIKE '%'",
    "EXPLAIN SELECT t.time FROM sampleDB.DevOps t WHERE t.measure_value::double > 1",
    "UNLOAD (SELECT 1) TO 's3://b' WITH (format = 'CSV', partitioned_by = ARRAY['a'])",
    "SELECT interpolate_linear(create_time_series(time, measure_value::double), "
    "sequence(min(time), "
    "max(time), 10s)) FROM lab.series /* a comment */ WHERE id = 'a' -- and another",
    "SELECT a, x FROM (SELECT 1 AS a) AS t, LATERAL (SELECT a + 1 AS x) AS u WHERE EXISTS (SELECT "
    "a)",
};

/// Lines and, of the one at `line`, characters.
bool IsInside(std::string_view text, int line, int column) {
  if (line < 1 || column < 1) return false;
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  const auto characters = std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80U; });
  return column <= characters + 1;  // the end of the statement is a place
}

void CheckError(std::string_view text, const Error& error) {
  TM_CHECK(error.code == Code::kInvalidArgument || error.code == Code::kUnimplemented ||
           error.code == Code::kNotFound);
  const auto place = sql::QueryErrorOf(error);
  TM_CHECK(place.has_value());
  TM_CHECK(IsInside(text, place->line, place->column));
}

/// The sample tables over the store's model.
sql::TestDatabase& Tables() {
  static const auto tables = [] {
    auto out = std::make_unique<sql::TestDatabase>();
    out->AddSamples();
    sql::QueryGenerator::WriteTables(*out, 1);
    return out;
  }();
  return *tables;
}

void Try(std::string_view text) {
  const Result<sql::ast::Statement> statement = sql::ParseStatement(text);
  if (!statement.ok()) return CheckError(text, statement.error());
  if (statement->kind == sql::ast::StatementKind::kUnload) {
    const auto clause = sql::ParseUnloadClause(text);
    if (!clause.ok()) CheckError(text, clause.error());
  }
  if (!statement->query) return;
  sql::TestDatabase& tables = Tables();
  const sql::BindOptions options{.database = "", .now = EventTime{1'646'179'200'000'000'000}};
  const auto plan = sql::Bind(*statement->query, tables.names, tables.store, options);
  if (!plan.ok()) CheckError(text, plan.error());
}

constexpr size_t kSeedBytes = 8;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 20'000) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0 || rest.size() < kSeedBytes) {
    Try(rest);
    return 0;
  }
  uint64_t seed = 0;
  for (const char c : rest.substr(0, kSeedBytes)) seed = seed * 256 + static_cast<uint8_t>(c);
  static const sql::StatementMutator mutator({std::begin(kStatements), std::end(kStatements)});
  Try(mutator.Mutate(rest.substr(kSeedBytes), seed));
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  std::vector<std::string> statements(std::begin(kStatements), std::end(kStatements));
  for (uint64_t seed = 0; seed < 40; ++seed)
    statements.push_back(sql::QueryGenerator(seed).Next().sql);
  std::vector<std::string> out;
  for (const std::string& statement : statements) {
    out.push_back(std::string(1, '\0') + statement);
    // Most mutations should be of words.
    for (char i = 1; i < 5; ++i) out.push_back(std::string(1, '\1') + "fuzzsee" + i + statement);
  }
  return out;
}
