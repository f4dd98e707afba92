// SPDX-License-Identifier: Apache-2.0
#include "sql/testing/statement_mutator.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/clock.h"

namespace tidemark::sql {

namespace {

constexpr std::string_view kWords[] = {
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "ORDER",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "(",
    ")",
    ",",
    ".",
    "*",
    "->",
    "[",
    "]",
    "AS",
    "AND",
    "OR",
    "NOT",
    "NULL",
    "IN",
    "LIKE",
    "BETWEEN",
    "IS",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "TRY_CAST",
    "ROW",
    "ARRAY",
    "JOIN",
    "ON",
    "USING",
    "UNNEST",
    "LATERAL",
    "WITH",
    "UNION",
    "ALL",
    "DISTINCT",
    "EXISTS",
    "OVER",
    "PARTITION",
    "RANGE",
    "ROWS",
    "FILTER",
    "INTERVAL",
    "VALUES",
    "CUBE",
    "IGNORE NULLS",
    "DESC",
    "TIMESTAMP",
    "DATE",
    "time",
    "x",
    "t",
    "@p",
    "0",
    "-1",
    "1.5",
    "1e300",
    "5m",
    "12month",
    "''",
    "'a'",
    "nan()",
    "2147483647",
    "9223372036854775807",
    "bigint",
    "UESCAPE",
    "?",
    "`",
    "::",
    ";",
    "row(a double)",
    "timeseries(double)",
    "array(varchar)",
    "interval day to second",
    "\n",
};

bool IsWordPart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

std::vector<std::string> StatementMutator::Split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    size_t size = 1;
    if (text.starts_with("--")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
      continue;
    }
    if (IsWordPart(text[0])) {
      // A number keeps its point, measure_value::double its colons.
      const bool number = std::isdigit(static_cast<unsigned char>(text[0])) != 0;
      const auto part = [&](char c) { return IsWordPart(c) || c == (number ? '.' : ':'); };
      while (size < text.size() && part(text[size])) ++size;
    } else if (text[0] == '\'' || text[0] == '"') {
      size = std::min(text.find(text[0], 1), text.size() - 1) + 1;
      while (size < text.size() && text[size] == text[0])  // doubled: goes on
        size = std::min(text.find(text[0], size + 1), text.size() - 1) + 1;
    } else if (text.size() > 1) {
      constexpr std::string_view kPairs[] = {"<>", "<=", ">=", "!=", "||", "->"};
      if (std::ranges::find(kPairs, text.substr(0, 2)) != std::end(kPairs)) size = 2;
    }
    if (std::isspace(static_cast<unsigned char>(text[0])) == 0)
      out.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

StatementMutator::Class StatementMutator::ClassOf(const std::vector<std::string>& words,
                                                  size_t at) {
  const char first = words[at][0];
  if (std::isdigit(static_cast<unsigned char>(first)) != 0) return Class::kNumber;
  if (first == '\'') return Class::kText;
  if (std::string_view("(),.[];@").contains(first)) return Class::kStructure;
  if (!IsWordPart(first) && first != '"') return Class::kOperator;
  const auto lower = [](char c) { return std::islower(static_cast<unsigned char>(c)) != 0; };
  if (first != '"' && std::ranges::none_of(words[at], lower)) return Class::kStructure;
  return at + 1 < words.size() && words[at + 1] == "(" ? Class::kFunction : Class::kName;
}

StatementMutator::StatementMutator(std::vector<std::string> statements) {
  std::array<std::set<std::string>, kClasses> known;
  for (const std::string& statement : statements) {
    const std::vector<std::string>& words = statements_.emplace_back(Split(statement));
    for (size_t i = 0; i < words.size(); ++i)
      known[static_cast<size_t>(ClassOf(words, i))].insert(words[i]);
  }
  for (size_t i = 0; i < kClasses; ++i) words_[i].assign(known[i].begin(), known[i].end());
}

/// One statement's changes.
class StatementMutator::Changer {
 public:
  Changer(const StatementMutator& mutator, std::vector<std::string> words, uint64_t seed)
      : mutator_(mutator), words_(std::move(words)), random_(seed) {}

  std::string Run() {
    uint64_t changes = 1;
    while (changes < 6 && random_.Below(3) == 0) ++changes;
    for (; changes > 0; --changes) Change();
    std::string out;
    for (const std::string& word : words_) out += (out.empty() ? "" : " ") + word;
    return out;
  }

 private:
  using Iterator = std::vector<std::string>::difference_type;
  Iterator At(size_t index) const { return static_cast<Iterator>(index); }
  std::string Any() { return std::string(kWords[random_.Below(std::size(kWords))]); }

  void Change() {
    if (words_.empty()) words_.push_back(Any());
    size_t at = random_.Below(words_.size());
    const size_t count = 1 + random_.Below(std::min<size_t>(words_.size() - at, 8));
    switch (random_.Below(40)) {
      case 0:
        words_[at] = Any();
        return;
      case 1:
        words_.insert(words_.begin() + At(at), Any());
        return;
      case 2:
        words_.erase(words_.begin() + At(at), words_.begin() + At(at + count));
        return;
      case 3:
        std::swap(words_[at], words_[random_.Below(words_.size())]);
        return;
      case 4:
        return Repeat(at, count);
      case 5:
        return Wrap(at, count);
      case 6:
        return Insert(at);
      default:
        for (int tries = 0; tries < 8 && ClassOf(words_, at) == Class::kStructure; ++tries)
          at = random_.Below(words_.size());
        if (random_.Below(4) == 0) return Wrap(at, 1);
        Replace(at);
    }
  }

  void Replace(size_t at) {
    const auto& others = mutator_.words_[static_cast<size_t>(ClassOf(words_, at))];
    if (!others.empty()) words_[at] = others[random_.Below(others.size())];
  }

  /// Sometimes often enough for any bound on depth.
  void Repeat(size_t at, size_t count) {
    const std::vector<std::string> part(words_.begin() + At(at), words_.begin() + At(at + count));
    const size_t times = random_.Below(8) == 0 ? 300 : 1;
    std::vector<std::string> more;
    for (size_t i = 0; i < times; ++i) more.insert(more.end(), part.begin(), part.end());
    words_.insert(words_.begin() + At(at), more.begin(), more.end());
  }

  void Wrap(size_t at, size_t count) {
    constexpr std::string_view kOpen[] = {"(",
                                          "ROW(",
                                          "abs(",
                                          "(SELECT ",
                                          "ARRAY[",
                                          "max(",
                                          "try(",
                                          "CASE WHEN true THEN ",
                                          "CAST(",
                                          "count(DISTINCT ",
                                          "coalesce(NULL, "};
    constexpr std::string_view kClose[] = {
        ")", ")", ")", ")", "]", ")", ")", " END", " AS varchar)", ")", ")"};
    static_assert(std::size(kOpen) == std::size(kClose));
    const size_t kind = random_.Below(std::size(kOpen));
    const size_t times = random_.Below(16) == 0 ? 250 : 1;
    std::string open;
    std::string close;
    for (size_t i = 0; i < times; ++i) {
      open += kOpen[kind];
      close += kClose[kind];
    }
    words_.insert(words_.begin() + At(at + count), close);
    words_.insert(words_.begin() + At(at), open);
  }

  void Insert(size_t at) {
    const auto& other = mutator_.statements_[random_.Below(mutator_.statements_.size())];
    if (other.empty()) return;
    const size_t from = random_.Below(other.size());
    const size_t size = 1 + random_.Below(other.size() - from);
    words_.insert(words_.begin() + At(at), other.begin() + At(from),
                  other.begin() + At(from + size));
  }

  const StatementMutator& mutator_;
  std::vector<std::string> words_;
  SeededRandom random_;
};

std::string StatementMutator::Mutate(std::string_view statement, uint64_t seed) const {
  return Changer(*this, Split(statement), seed).Run();
}

std::string StatementMutator::MutateAny(uint64_t seed) const {
  SeededRandom random(seed);
  const auto& words = statements_[random.Below(statements_.size())];
  return Changer(*this, words, random.Next()).Run();
}

}  // namespace tidemark::sql
