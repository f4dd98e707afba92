// SPDX-License-Identifier: Apache-2.0
// Character classes of java.util.regex in PCRE2's words: classes inside classes, intersections,
// and properties. PCRE2 10.42 has no sets of sets: they become alternatives and look-aheads of
// classes, each of which takes one character.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark {

/// [items[nested]&&..]. Negation is of the whole, as Java 9 has it.
struct CharacterClass {
  struct Operand {
    std::string items;  // characters, ranges, escapes as PCRE2 reads them in a class
    std::vector<CharacterClass> nested;

    bool empty() const { return items.empty() && nested.empty(); }
    std::string ToPattern() const;
  };

  bool negated = false;
  std::vector<Operand> operands;  // all of them hold

  bool plain() const { return operands.size() == 1 && operands[0].nested.empty(); }
  std::string ToPattern() const;
};

/// What stands inside a class for \p{name}; a '^' in front: for the class's complement. None: not
/// known, or PCRE2 has no such set.
std::optional<std::string> PropertySet(std::string_view name, bool negated);

}  // namespace tidemark
