// SPDX-License-Identifier: Apache-2.0
// Statements changed word by word: bytes alone rarely leave the lexer. Mostly a word gives way to
// another of its class (number, text, function, operator, name), so that many results still bind.
// Immutable; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::sql {

class StatementMutator {
 public:
  /// Words and pieces come from `statements`.
  explicit StatementMutator(std::vector<std::string> statements);

  /// One change, or a few, drawn from `seed`.
  std::string Mutate(std::string_view statement, uint64_t seed) const;
  /// Of a statement that was given.
  std::string MutateAny(uint64_t seed) const;

 private:
  /// kStructure, keywords in upper case and punctuation, is seldom changed.
  enum class Class : uint8_t { kNumber, kText, kFunction, kName, kOperator, kStructure };
  static constexpr size_t kClasses = 6;
  class Changer;

  /// Words, quoted parts and single characters; blanks and comments fall away.
  static std::vector<std::string> Split(std::string_view text);
  static Class ClassOf(const std::vector<std::string>& words, size_t at);

  std::vector<std::vector<std::string>> statements_;
  std::array<std::vector<std::string>, kClasses> words_;
};

}  // namespace tidemark::sql
