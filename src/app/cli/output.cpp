// SPDX-License-Identifier: Apache-2.0
#include "app/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/numbers.h"

namespace tidemark::app {
namespace {

constexpr size_t kWidthMin = 60;
constexpr size_t kCutMin = 8;  // a column is not cut below this

bool IsRight(Show show) {
  switch (show) {
    case Show::kText:
    case Show::kTimeNs:
    case Show::kTimeMs:
      return false;
    default:
      return true;
  }
}

std::string Lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string CsvCell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string TsvCell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c == '\t'   ? "\\t"
           : c == '\n' ? "\\n"
           : c == '\r' ? "\\r"
           : c == '\\' ? "\\\\"
                       : std::string(1, c);
  }
  return out;
}

std::string MarkdownCell(std::string_view text) {
  std::string out;
  for (const char c : Harmless(text)) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

using Cell = std::string (*)(std::string_view);

enum class Head : uint8_t { kShown, kHidden };

void PrintSeparated(const Grid& grid, std::string_view separator, Cell cell, Head head) {
  std::string out;
  const auto line = [&](const auto& cells, const auto& text_of) {
    bool first = true;
    for (const auto& item : cells) {
      if (!first) out += separator;
      first = false;
      out += cell(text_of(item));
    }
    out += '\n';
  };
  if (head == Head::kShown) line(grid.head, [](const Grid::Head& one) { return one.title; });
  for (const auto& row : grid.rows) line(row, [](const std::string& text) { return text; });
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void PrintMarkdown(const Grid& grid) {
  std::string out = "|";
  for (const auto& head : grid.head) out += " " + MarkdownCell(head.title) + " |";
  out += "\n|";
  for (const auto& head : grid.head) out += head.right ? " ---: |" : " --- |";
  out += '\n';
  for (const auto& row : grid.rows) {
    out += '|';
    for (const auto& text : row) out += " " + MarkdownCell(text) + " |";
    out += '\n';
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void PrintVertical(const Grid& grid, const Printer& printer) {
  size_t widest = 0;
  for (const auto& head : grid.head) widest = std::max(widest, DisplayWidth(head.title));
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    if (grid.rows.size() > 1) Printer::Line(printer.Bold(fmt::format("-- {} --", r + 1)));
    for (size_t c = 0; c < grid.head.size(); ++c) {
      const std::string& title = grid.head[c].title;
      Printer::Line(printer.Bold(title) + std::string(widest - DisplayWidth(title) + 2, ' ') +
                    Harmless(grid.rows[r][c]));
    }
  }
}

/// Widths of the columns; the widest that may be cut gives way until the line fits.
std::vector<size_t> Widths(const Grid& grid, const Paper& paper) {
  std::vector<size_t> widths;
  for (const auto& head : grid.head) widths.push_back(DisplayWidth(head.title));
  for (const auto& row : grid.rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], DisplayWidth(row[c]));
  }
  if (!paper.cut) return widths;
  const auto total = [&] {
    size_t sum = widths.empty() ? 0 : 2 * (widths.size() - 1);
    for (const size_t width : widths) sum += width;
    return sum;
  };
  while (total() > paper.width) {
    size_t widest = widths.size();
    for (size_t c = 0; c < widths.size(); ++c) {
      const bool can =
          grid.head[c].may_cut && widths[c] > std::max(kCutMin, DisplayWidth(grid.head[c].title));
      if (can && (widest == widths.size() || widths[c] > widths[widest])) widest = c;
    }
    if (widest == widths.size()) break;  // numbers and ids are never cut
    --widths[widest];
  }
  return widths;
}

Grid GridOf(std::span<const Column> columns, std::span<const JsonValue> items, Format format,
            std::string_view time_zone) {
  Grid grid;
  const bool human = format == Format::kTable || format == Format::kWide ||
                     format == Format::kVertical || format == Format::kMarkdown;
  std::vector<const Column*> shown;
  for (const Column& column : columns) {
    if (column.in == Column::In::kWide && format == Format::kTable) continue;
    shown.push_back(&column);
    const bool right = IsRight(column.show);
    grid.head.push_back(
        {human ? column.title : column.member, right, !right && column.show == Show::kText});
  }
  for (const JsonValue& item : items) {
    auto& row = grid.rows.emplace_back();
    for (const Column* column : shown) {
      const JsonValue* value = MemberOf(item, column->member);
      row.push_back(human ? ShownText(value, column->show, time_zone) : PlainText(value));
    }
  }
  return grid;
}

}  // namespace

Printer::Printer(const Settings& settings, Paper paper)
    : format_(settings.format), paper_(paper), time_zone_(settings.time_zone) {}

Printer::Printer(const Settings& settings)
    : format_(settings.format), time_zone_(settings.time_zone) {
  const auto environment = ProcessSources().environment;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    paper_.width = size.ws_col;
  } else if (const auto columns = ParseInt64(environment("COLUMNS").value_or(""));
             columns && *columns > 0) {
    paper_.width = static_cast<size_t>(*columns);
  }
  paper_.width = std::max(paper_.width, kWidthMin);
  paper_.cut = settings.stdout_terminal && settings.format != Format::kWide;
  paper_.color = settings.color == Color::kAlways ||
                 (settings.color == Color::kAuto && settings.stdout_terminal);
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = environment(name);
    if (!value || value->empty()) continue;
    const std::string lower = Lower(*value);
    paper_.utf8 =
        lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
    break;
  }
}

std::string Printer::Bold(std::string_view text) const {
  return paper_.color ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text);
}

void Printer::Line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

std::string Printer::TableText(const Grid& given) const {
  Grid grid = given;
  for (auto& row : grid.rows) {
    for (auto& cell : row) cell = Harmless(cell);
  }
  const std::vector<size_t> widths = Widths(grid, paper_);
  std::string out;
  const auto line = [&](const auto& text_of) {
    std::string text;
    for (size_t c = 0; c < widths.size(); ++c) {
      const std::string cell = CutTo(text_of(c), widths[c], paper_.utf8);
      const std::string gap(widths[c] - std::min(widths[c], DisplayWidth(cell)), ' ');
      if (c > 0) text += "  ";
      text += grid.head[c].right ? gap + cell : cell + gap;
    }
    while (text.ends_with(' ')) text.pop_back();
    return text;
  };
  out += Bold(line([&](size_t c) { return grid.head[c].title; })) + "\n";
  for (const auto& row : grid.rows) out += line([&](size_t c) { return row[c]; }) + "\n";
  return out;
}

void Printer::List(std::span<const Column> columns, std::span<const JsonValue> items) const {
  if (format_ == Format::kJson || format_ == Format::kJsonl) {
    const bool lines = format_ == Format::kJsonl;
    JsonWriter out;
    if (!lines) out.BeginArray();
    for (const JsonValue& item : items) {
      if (lines) {
        JsonWriter line;
        line.Value(item);
        Line(line.text());
      } else {
        out.Value(item);
      }
    }
    if (!lines) Line(out.EndArray().text());
    return;
  }
  Rows(GridOf(columns, items, format_, time_zone_));
}

void Printer::Item(std::span<const Column> columns, const JsonValue& item) const {
  if (format_ == Format::kJson || format_ == Format::kJsonl) {
    JsonWriter out;
    out.Value(item);
    Line(out.text());
    return;
  }
  const Format as = format_ == Format::kTable ? Format::kVertical : format_;
  const Grid grid = GridOf(columns, {&item, 1}, as, time_zone_);
  as == Format::kVertical ? PrintVertical(grid, *this) : Rows(grid);
}

void Printer::Rows(const Grid& grid) const {
  switch (format_) {
    case Format::kTable:
    case Format::kWide: {
      const std::string text = TableText(grid);
      std::fwrite(text.data(), 1, text.size(), stdout);
      return;
    }
    case Format::kVertical:
      return PrintVertical(grid, *this);
    case Format::kCsv:
      return PrintSeparated(grid, ",", CsvCell, Head::kShown);
    case Format::kTsv:
      return PrintSeparated(grid, "\t", TsvCell, Head::kShown);
    case Format::kMarkdown:
      return PrintMarkdown(grid);
    case Format::kPlain: {
      Grid bare = grid;
      for (const auto& row : bare.rows) {
        std::string line;
        for (const auto& cell : row)
          line += (line.empty() ? "" : "\t") + (cell.empty() ? "-" : Harmless(cell));
        Line(line);
      }
      return;
    }
    case Format::kJson:
    case Format::kJsonl: {
      const bool lines = format_ == Format::kJsonl;
      JsonWriter all;
      if (!lines) all.BeginArray();
      for (const auto& row : grid.rows) {
        JsonWriter line;
        JsonWriter& out = lines ? line : all;
        out.BeginObject();
        for (size_t c = 0; c < row.size(); ++c) out.Key(Lower(grid.head[c].title)).String(row[c]);
        out.EndObject();
        if (lines) Line(line.text());
      }
      if (!lines) Line(all.EndArray().text());
      return;
    }
  }
}

void Printer::RowsOnly(const Grid& grid) const {
  const bool csv = format_ == Format::kCsv;
  PrintSeparated(grid, csv ? "," : "\t", csv ? CsvCell : TsvCell, Head::kHidden);
}

int PrintError(const CliError& error, const Settings& settings) {
  std::fflush(stdout);
  if (settings.format == Format::kJson || settings.format == Format::kJsonl) {
    if (!error.json.empty()) {
      fmt::print(stderr, "{}\n", error.json);
      return error.exit;
    }
    JsonWriter out;
    out.BeginObject().Key("error").BeginObject();
    out.Key("code").String(error.exit == kExitUsage ? "usage" : "client");
    out.Key("message").String(error.message);
    out.Key("hint");
    error.hint.empty() ? out.Null() : out.String(error.hint);
    out.EndObject().EndObject();
    fmt::print(stderr, "{}\n", out.text());
    return error.exit;
  }
  const bool color = settings.color == Color::kAlways ||
                     (settings.color == Color::kAuto && settings.stderr_terminal);
  fmt::print(stderr, "{}error:{} {}\n", color ? "\x1b[31m" : "", color ? "\x1b[0m" : "",
             error.message);
  if (!error.cause.empty()) fmt::print(stderr, "  {}\n", error.cause);
  if (!error.hint.empty()) fmt::print(stderr, "hint: {}\n", error.hint);
  if (!error.request_id.empty()) fmt::print(stderr, "request id: {}\n", error.request_id);
  return error.exit;
}

void Say(const Settings& settings, std::string_view text) {
  if (!settings.quiet) fmt::print(stderr, "{}\n", text);
}

std::string PlainText(const JsonValue* value) {
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return value->string_value();
  if (value->is_array() || value->is_object()) {
    JsonWriter out;
    out.Value(*value);
    return std::move(out).Take();
  }
  if (const auto integer = value->AsInt64()) return std::to_string(*integer);
  if (value->is_number()) return FormatDoubleShortest(value->double_value());
  return value->bool_value() ? "true" : "false";
}

const JsonValue* MemberOf(const JsonValue& item, std::string_view path) {
  const JsonValue* at = &item;
  while (at != nullptr) {
    const size_t dot = path.find('.');
    if (at->is_array()) {
      if (at->array().empty()) return nullptr;
      at = &at->array().front();
    }
    at = at->Find(path.substr(0, dot));
    if (dot == std::string_view::npos) return at;
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

}  // namespace tidemark::app
