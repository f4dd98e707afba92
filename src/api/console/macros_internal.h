// SPDX-License-Identifier: Apache-2.0
// Macros in statements of the console: the names of the common dashboard plug-in for Timestream, so
// that SQL can be pasted both ways (web/API.md section 3.3). Never in the AWS Query. Pure
// functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/console/reply_internal.h"
#include "base/json.h"
#include "base/time.h"

namespace tidemark::console {

/// What macros stand for.
struct MacroValues {
  EventTime from;
  EventTime to;
  EventTime now;
  int64_t interval_ms = 0;
  std::string database;  // "": not given
  std::string table;
  std::string measure;
};

/// Fills what `body` has of from, to, interval_ms, database, table and measure, on top of
/// `values`; `values.now` is set. The Failure names the member.
std::optional<Failure> ReadMacroValues(const JsonValue& body, MacroValues& values);
/// from = now - 1 h, to = now.
MacroValues DefaultMacroValues(EventTime now);
/// An even step of at most a thousandth of the range: 1 5 10 15 30 s, 1 5 10 15 30 m, 1 3 6 12 h,
/// 1 d.
int64_t DefaultIntervalMs(EventTime from, EventTime to);

struct Place {
  int line = 1;    // from 1
  int column = 1;  // from 1, in code points
};

/// A text with its macros replaced, which remembers where they were.
class Expansion {
 public:
  const std::string& sql() const { return sql_; }
  bool expanded() const { return !pieces_.empty(); }
  /// The place in `typed` of one in sql(): inside a replacement, where the macro begins.
  Place Typed(std::string_view typed, Place place) const;
  size_t TypedOffset(size_t offset) const;

 private:
  friend class Expander;
  struct Piece {
    size_t typed = 0;  // bytes
    size_t typed_bytes = 0;
    size_t at = 0;
    size_t bytes = 0;
  };
  std::string sql_;
  std::vector<Piece> pieces_;
};

/// Replaces macros outside comments and quoted names; inside strings the three names, as they are.
/// The Failure names the member that a macro needs.
std::optional<Failure> ExpandMacros(std::string_view typed, const MacroValues& values,
                                    Expansion& out);

/// Bytes before the place; the size of `text` if it lies behind its end.
size_t OffsetOf(std::string_view text, Place place);
Place PlaceOf(std::string_view text, size_t offset);

/// Name and one line of help, by name.
std::vector<std::pair<std::string_view, std::string_view>> MacroHelp();

}  // namespace tidemark::console
