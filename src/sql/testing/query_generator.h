// SPDX-License-Identifier: Apache-2.0
// Random statements over two random tables, drawn from a grammar of what may reach the store
// (docs/sql.md): groupings, scans, newest points, joins, sub-queries, sets and windows, with every
// kind of condition that a scan takes and some that none takes. A seed gives the same statements
// and points everywhere. Single-owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sql/testing/fixture.h"

namespace tidemark::sql {

struct GeneratedQuery {
  std::string sql;
  /// What the answers of two correct executions have in common.
  enum class Same : uint8_t {
    kSequence,  // ORDER BY decides all
    kMultiset,
    kCountOfAny,  // LIMIT without ORDER BY: any rows of `whole`, as many
  } same = Same::kMultiset;
  std::string whole;  // kCountOfAny: without LIMIT
};

class QueryGenerator {
 public:
  explicit QueryGenerator(uint64_t seed) : random_(seed) {}

  GeneratedQuery Next();

  /// fuzz.points (single measures: doubles of magnitudes far apart, bigint, varchar, boolean;
  /// series that lack dimensions) and fuzz.fleet (records of many fields, some missing) in three
  /// parts with corrections: all but the last are sealed unless the store is the model. The last
  /// part's points are of all times.
  static void WriteTables(TestDatabase& db, uint64_t seed);

 private:
  struct Table;
  /// A relation in FROM: a table under an alias.
  struct Source {
    const Table* table = nullptr;
    std::string prefix;  // "a." or nothing
  };
  struct Key {
    std::string expr;
    bool time = false;
  };

  GeneratedQuery Grouping();
  GeneratedQuery Scan();
  GeneratedQuery LastPoints();
  GeneratedQuery Join();
  GeneratedQuery JoinOfGroupings();
  GeneratedQuery SubQuery();
  GeneratedQuery OfExpressions();
  GeneratedQuery Sets();
  GeneratedQuery Windows();

  bool Chance(unsigned percent) { return random_.Below(100) < percent; }
  std::string_view Pick(const std::vector<std::string>& from) {
    return from[random_.Below(from.size())];
  }
  const Table& AnyTable();
  Source AnySource() { return {&AnyTable(), ""}; }

  std::string TimeText();
  std::string TimeLiteral();
  std::string TimeCondition(const std::string& time);
  std::string TextCondition(const std::string& column, const std::vector<std::string>& values);
  std::string ValueCondition(const Source& source);
  std::string Condition(const Source& source);
  std::string Conjuncts(const Source& source, size_t most);
  /// " WHERE .." or nothing.
  std::string Where(const Source& source);

  std::string BinOf(const std::string& time);
  std::vector<Key> Keys(const Source& source);
  std::string Aggregate(const Source& source);
  std::string AnyColumn(const Source& source);
  /// A whole grouping: `columns` outputs called k0.., a0.. .
  std::string GroupingText(const Source& source, std::vector<std::string>& columns);
  /// " ORDER BY" of all output columns, or nothing; LIMIT and OFFSET behind a whole order.
  void Order(size_t columns, GeneratedQuery& query);

  SeededRandom random_;
};

}  // namespace tidemark::sql
