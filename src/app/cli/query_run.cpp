// SPDX-License-Identifier: Apache-2.0
#include "app/cli/query_run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "app/serve.h"
#include "base/clock.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

constexpr int64_t kPageRows = 1000;
constexpr std::chrono::milliseconds kWatch{100};     // for Ctrl-C
constexpr std::chrono::milliseconds kProgress{250};  // 4 Hz
constexpr std::chrono::milliseconds kQuietFor{500};  // no progress for what is quick
constexpr std::string_view kBarFull = "█";
constexpr std::string_view kBarEmpty = "░";
constexpr size_t kBarCells = 24;

std::string NewId() {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  SystemRandom random;
  uint64_t bits = random.Next();
  std::string id = "cli-";
  for (int i = 0; i < 12; ++i, bits >>= 5U) id += kDigits[bits & 31U];
  return id;
}

/// Waits for a call that runs on another thread, shows progress, and cancels on Ctrl-C.
class Watcher {
 public:
  Watcher(const Settings& settings, std::string id) : settings_(settings), id_(std::move(id)) {}

  template <typename Work>
  auto Await(Work work) -> decltype(work()) {
    std::optional<decltype(work())> result;
    std::mutex mutex;
    std::condition_variable done;
    std::jthread thread([&] {
      auto answer = work();
      const std::lock_guard lock(mutex);
      result.emplace(std::move(answer));
      done.notify_one();
    });
    const auto begun = std::chrono::steady_clock::now();
    auto shown = begun;
    std::unique_lock lock(mutex);
    while (!done.wait_for(lock, kWatch, [&] { return result.has_value(); })) {
      lock.unlock();
      const auto now = std::chrono::steady_clock::now();
      if (StopRequested().load() && !cancelled_) {
        cancelled_ = true;
        Cancel();
      } else if (Shows() && now - begun >= kQuietFor && now - shown >= kProgress) {
        shown = now;
        Show();
      }
      lock.lock();
    }
    lock.unlock();
    if (drawn_) std::fputs("\r\x1b[K", stderr);
    drawn_ = false;
    return *std::move(result);
  }

  bool cancelled() const { return cancelled_; }

  /// Drops the statement on the server. If that fails, its end of life does the same.
  void Cancel() {
    auto api = Api::Connect(settings_);
    if (!api) return;
    [[maybe_unused]] const auto dropped = api->Text("DELETE", "/query/" + Segment(id_));
  }

 private:
  bool Shows() const { return settings_.stderr_terminal && !settings_.quiet; }

  void Show() {
    if (!api_) {
      auto connected = Api::Connect(settings_);
      if (!connected) return;
      api_.emplace(*std::move(connected));
    }
    const auto progress = api_->Get("/query/" + Segment(id_));
    if (!progress) return;
    const double percent = ParseFiniteDouble(PlainText(progress->Find("percent"))).value_or(0);
    const auto full = static_cast<size_t>(std::clamp(percent, 0.0, 100.0) / 100 * kBarCells);
    std::string bar;
    for (size_t i = 0; i < kBarCells; ++i) bar += i < full ? kBarFull : kBarEmpty;
    fmt::print(stderr, "\r{} {:3.0f} %  {} scanned  {}\x1b[K", bar, percent,
               ShownText(progress->Find("bytes_scanned"), app::Show::kBytes, "UTC"),
               ShownText(progress->Find("elapsed_ms"), app::Show::kMillis, "UTC"));
    std::fflush(stderr);
    drawn_ = true;
  }

  const Settings& settings_;
  const std::string id_;
  std::optional<Api> api_;
  bool cancelled_ = false;
  bool drawn_ = false;
};

std::vector<QueryColumn> ColumnsOf(const JsonValue& page) {
  std::vector<QueryColumn> out;
  for (const JsonValue& column : ListOf(page, "columns")) {
    out.push_back({PlainText(column.Find("name")), PlainText(column.Find("type"))});
  }
  return out;
}

std::vector<QueryRow> RowsOf(const JsonValue& page, size_t rows_max) {
  std::vector<QueryRow> out;
  for (const JsonValue& row : ListOf(page, "rows")) {
    if (out.size() == rows_max) break;
    QueryRow& cells = out.emplace_back();
    for (const JsonValue& cell : row.array()) {
      cells.push_back(cell.is_null() ? std::nullopt : std::optional(PlainText(&cell)));
    }
  }
  return out;
}

std::string FirstBody(const QueryWish& wish, const std::string& id, int64_t page_rows) {
  JsonWriter body;
  body.BeginObject()
      .Key("sql")
      .String(wish.sql)
      .Key("max_rows")
      .Int(page_rows)
      .Key("id")
      .String(id);
  for (const auto& [member, value] : {std::pair("database", &wish.database),
                                      std::pair("from", &wish.from), std::pair("to", &wish.to)}) {
    if (!value->empty()) body.Key(member).String(*value);
  }
  return body.EndObject().text();
}

/// As psql: names, a rule, cells between bars.
std::string PsqlTable(const std::vector<QueryColumn>& columns, const std::vector<QueryRow>& rows,
                      const Printer& printer, const std::string& null) {
  const Paper& paper = printer.paper();
  std::vector<size_t> widths;
  for (const QueryColumn& column : columns) widths.push_back(DisplayWidth(Harmless(column.name)));
  std::vector<std::vector<std::string>> texts;
  for (const QueryRow& row : rows) {
    auto& cells = texts.emplace_back();
    for (size_t c = 0; c < row.size(); ++c) {
      cells.push_back(row[c] ? Harmless(*row[c]) : null);
      widths[c] = std::max(widths[c], DisplayWidth(cells[c]));
    }
  }
  size_t total = columns.empty() ? 0 : 3 * (columns.size() - 1);
  for (const size_t width : widths) total += width;
  while (paper.cut && total > paper.width) {
    size_t widest = columns.size();
    for (size_t c = 0; c < columns.size(); ++c) {
      const bool can =
          !columns[c].right() && widths[c] > std::max<size_t>(8, DisplayWidth(columns[c].name));
      if (can && (widest == columns.size() || widths[c] > widths[widest])) widest = c;
    }
    if (widest == columns.size()) break;
    --widths[widest];
    --total;
  }
  std::string out;
  const auto line = [&](const auto& text_of) {
    std::string text;
    for (size_t c = 0; c < columns.size(); ++c) {
      const std::string cell = CutTo(text_of(c), widths[c], paper.utf8);
      const std::string gap(widths[c] - std::min(widths[c], DisplayWidth(cell)), ' ');
      if (c > 0) text += " | ";
      text += columns[c].right() ? gap + cell : cell + gap;
    }
    while (text.ends_with(' ')) text.pop_back();
    return text;
  };
  out += printer.Bold(line([&](size_t c) { return Harmless(columns[c].name); })) + "\n";
  for (size_t c = 0; c < columns.size(); ++c) {
    out += std::string(c > 0 ? "-+-" : "") + std::string(widths[c], '-');
  }
  out += '\n';
  for (const auto& cells : texts) out += line([&](size_t c) { return cells[c]; }) + "\n";
  return out;
}

void AppendJsonRow(JsonWriter& out, const QueryRow& row) {
  out.BeginArray();
  for (const auto& cell : row) cell ? out.String(*cell) : out.Null();
  out.EndArray();
}

Grid GridOf(const std::vector<QueryColumn>& columns, const std::vector<QueryRow>& rows,
            const std::string& null) {
  Grid grid;
  for (const QueryColumn& column : columns)
    grid.head.push_back({column.name, column.right(), !column.right()});
  for (const QueryRow& row : rows) {
    auto& cells = grid.rows.emplace_back();
    for (const auto& cell : row) cells.push_back(cell.value_or(null));
  }
  return grid;
}

void PrintJsonl(const std::vector<QueryColumn>& columns, const std::vector<QueryRow>& rows) {
  for (const QueryRow& row : rows) {
    JsonWriter out;
    out.BeginObject();
    for (size_t c = 0; c < columns.size(); ++c) {
      out.Key(columns[c].name);
      row[c] ? out.String(*row[c]) : out.Null();
    }
    Printer::Line(out.EndObject().text());
  }
}

void PrintDocument(const std::vector<QueryColumn>& columns, const std::vector<QueryRow>& rows) {
  JsonWriter out;
  out.BeginObject().Key("columns").BeginArray();
  for (const QueryColumn& column : columns) {
    out.BeginObject().Key("name").String(column.name).Key("type").String(column.type).EndObject();
  }
  out.EndArray().Key("rows").BeginArray();
  for (const QueryRow& row : rows) AppendJsonRow(out, row);
  out.EndArray().EndObject();
  Printer::Line(out.text());
}

}  // namespace

Try<QuerySummary> RunQuery(const Settings& settings, const QueryWish& wish,
                           const std::function<void(const std::vector<QueryColumn>&)>& on_columns,
                           const std::function<void(const std::vector<QueryRow>&)>& on_rows) {
  auto api = Api::Connect(settings, Patience::kPatient);
  if (!api) return std::unexpected(api.error());
  const std::string id = NewId();
  Watcher watcher(settings, id);
  const int64_t rows_max = wish.rows_max.value_or(INT64_MAX);
  std::string body = FirstBody(wish, id, std::clamp<int64_t>(rows_max, 1, kPageRows));
  QuerySummary summary;
  for (bool first = true;; first = false) {
    const auto page = watcher.Await([&] { return api->Json("POST", "/query", body); });
    if (!page) {
      if (!watcher.cancelled()) return std::unexpected(page.error());
      summary.cancelled = true;
      return summary;
    }
    if (first) on_columns(ColumnsOf(*page));
    const auto rows = RowsOf(*page, static_cast<size_t>(rows_max) - summary.rows);
    summary.rows += rows.size();
    on_rows(rows);
    summary.elapsed_ms =
        ParseFiniteDouble(PlainText(MemberOf(*page, "progress.elapsed_ms"))).value_or(0);
    summary.bytes_scanned =
        ParseFiniteDouble(PlainText(MemberOf(*page, "progress.bytes_scanned"))).value_or(0);
    const std::string next = PlainText(page->Find("next"));
    if (next.empty()) return summary;
    summary.cancelled = watcher.cancelled() || StopRequested().load();
    summary.cut = std::cmp_greater_equal(summary.rows, rows_max);
    if (summary.cancelled || summary.cut) {
      watcher.Cancel();
      return summary;
    }
    JsonWriter more;
    body = more.BeginObject().Key("next").String(next).EndObject().text();
  }
}

Try<QuerySummary> PrintQuery(const Settings& settings, const Printer& printer,
                             const QueryWish& wish, const ResultStyle& style) {
  std::vector<QueryColumn> columns;
  std::vector<QueryRow> kept;
  bool head_printed = false;
  // What a program reads line by line goes out page by page; what is laid out waits for the end.
  const bool streams = style.format == Format::kCsv || style.format == Format::kTsv ||
                       style.format == Format::kJsonl || style.format == Format::kPlain;
  Settings as = settings;
  as.format = style.format;
  const Printer out(as, printer.paper());
  const auto flush = [&](const std::vector<QueryRow>& rows) {
    if (style.format == Format::kJsonl) return PrintJsonl(columns, rows);
    const Grid grid = GridOf(columns, rows, style.format == Format::kPlain ? "NULL" : "");
    head_printed&& style.format != Format::kPlain ? out.RowsOnly(grid) : out.Rows(grid);
    head_printed = true;
  };
  auto done = RunQuery(
      settings, wish, [&](const std::vector<QueryColumn>& found) { columns = found; },
      [&](const std::vector<QueryRow>& rows) {
        if (streams) return flush(rows);
        kept.insert(kept.end(), rows.begin(), rows.end());
      });
  if (!columns.empty() && !streams) {
    if (style.format == Format::kJson) {
      PrintDocument(columns, kept);
    } else if (style.format == Format::kTable || style.format == Format::kWide) {
      const std::string text = PsqlTable(columns, kept, out, style.null);
      std::fwrite(text.data(), 1, text.size(), stdout);
    } else {
      out.Rows(GridOf(columns, kept, style.null));
    }
  }
  std::fflush(stdout);
  if (!done || settings.quiet || !style.timing) return done;
  std::string line =
      fmt::format("({} row{}, {:.3f} s, {} scanned)", done->rows, done->rows == 1 ? "" : "s",
                  done->elapsed_ms / 1000, FormatBytes(done->bytes_scanned));
  if (done->cut) line += "\nthere are more rows: --max-rows";
  if (done->cancelled) line = fmt::format("cancelled after {} rows", done->rows);
  Say(settings, line);
  return done;
}

Statements SplitStatements(std::string_view text) {
  Statements out;
  std::string current;
  const auto blank = [](std::string_view s) {
    return s.find_first_not_of(" \t\r\n") == std::string_view::npos;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    size_t end = i + 1;  // of what is one piece: a quoted text, a comment
    if (c == '\'' || c == '"') {
      end = text.find(c, i + 1);
      end = end == std::string_view::npos ? text.size() : end + 1;
    } else if (text.substr(i).starts_with("--")) {
      end = std::min(text.find('\n', i), text.size());
    } else if (text.substr(i).starts_with("/*")) {
      end = text.find("*/", i + 2);
      end = end == std::string_view::npos ? text.size() : end + 2;
    } else if (c == ';') {
      if (!blank(current)) out.list.push_back(std::move(current));
      current.clear();
      continue;
    }
    current.append(text.substr(i, end - i));
    i = end - 1;
  }
  if (!blank(current)) out.open = std::move(current);
  return out;
}

}  // namespace tidemark::app
