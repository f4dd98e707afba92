// SPDX-License-Identifier: Apache-2.0
// How results are printed: tables for people, documents for machines (console-ux.md 13.1, 14).
// Immutable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/settings.h"
#include "base/json.h"

namespace tidemark::app {

/// How a value is shown to people; machines get it as the server says it.
enum class Show : uint8_t {
  kText,      // left
  kNumber,    // right; groups of three
  kRate,      // "1.24 k"
  kByteRate,  // "1.02 MB"
  kBytes,     // "1.2 GiB"
  kMillis,    // a duration: "7 m 30 s"
  kPercent,   // of a share: "31 %"
  kTimeNs,    // "2026-01-15 16:23:00"
  kTimeMs,
  kHours,  // "24h"
};

struct Column {
  std::string title;   // "IN/S"
  std::string member;  // of the item; "a.b" for one inside; of a list its first
  Show show = Show::kText;
  enum class In : uint8_t { kAlways, kWide } in = In::kAlways;
};

/// Rows that are texts already.
struct Grid {
  struct Head {
    std::string title;
    bool right = false;
    bool may_cut = true;  // numbers and ids are never cut
  };
  std::vector<Head> head;
  std::vector<std::vector<std::string>> rows;
};

/// Width and characters of the terminal, decided once.
struct Paper {
  size_t width = 80;
  bool cut = false;  // rows are cut to the width: on a terminal
  bool color = false;
  bool utf8 = true;
};

class Printer {
 public:
  Printer(const Settings& settings, Paper paper);
  explicit Printer(const Settings& settings);  // of this process

  Format format() const { return format_; }
  const Paper& paper() const { return paper_; }

  /// A list. json: an array of the items as the server said them; jsonl: one a line.
  void List(std::span<const Column> columns, std::span<const JsonValue> items) const;
  /// One thing. table: a line a column.
  void Item(std::span<const Column> columns, const JsonValue& item) const;
  /// For what is not an object of the server; json: an array of objects by title.
  void Rows(const Grid& grid) const;
  /// More rows below a csv or tsv head that was printed before.
  void RowsOnly(const Grid& grid) const;
  /// As a table of the terminal whatever the format is.
  std::string TableText(const Grid& grid) const;
  /// On standard output, whatever the format is.
  static void Line(std::string_view text);

  std::string Bold(std::string_view text) const;

 private:
  Format format_;
  Paper paper_;
  std::string time_zone_;
};

/// "error: ..." with cause, hint and request id, or the error object for -o json; the exit code.
int PrintError(const CliError& error, const Settings& settings);
/// What a change did, on standard error unless --quiet.
void Say(const Settings& settings, std::string_view text);

// ---- texts

/// A scalar as the server says it; "" for null; objects and arrays as JSON.
std::string PlainText(const JsonValue* value);
/// A member of an item, "a.b" inside.
const JsonValue* MemberOf(const JsonValue& item, std::string_view path);
std::string ShownText(const JsonValue* value, Show show, std::string_view time_zone);

/// Cells that a terminal needs; East Asian wide ones count two.
size_t DisplayWidth(std::string_view text);
/// The text cut to `width` cells with an ellipsis.
std::string CutTo(std::string_view text, size_t width, bool utf8);
/// Control characters made visible: what others wrote must not steer the terminal.
std::string Harmless(std::string_view text);

std::string FormatCount(std::string_view digits);           // "29 700"
std::string FormatSi(double value);                         // "1.24 k"
std::string FormatBytes(double bytes);                      // "1.2 GiB"
std::string FormatMillis(double ms);                        // "7 m 30 s"
std::string FormatTime(int64_t ns, std::string_view zone);  // "2026-01-15 16:23:00.5"

}  // namespace tidemark::app
