// SPDX-License-Identifier: Apache-2.0
// top: the overview on a full screen (console-ux.md section 14).
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/cli/plot.h"
#include "app/serve.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

termios saved_terminal{};

/// Only what a signal handler may do.
void Restore() {
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, kLeave.data(), kLeave.size());
  ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
}

extern "C" void OnCrash(int signal) {
  Restore();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

/// Takes the whole screen and single keys while it lives; a crash gives them back too.
class FullScreen {
 public:
  FullScreen() {
    ::tcgetattr(STDIN_FILENO, &saved_terminal);
    termios raw = saved_terminal;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE}) std::signal(signal, OnCrash);
    std::fwrite(kEnter.data(), 1, kEnter.size(), stdout);
    std::fflush(stdout);
  }
  ~FullScreen() {
    std::fflush(stdout);
    Restore();
  }
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;
};

enum class Part : uint8_t { kAll, kStreams, kPipelines, kViews, kHelp };

struct Facts {
  JsonValue overview;
  JsonValue streams;
  JsonValue pipelines;
  JsonValue views;
};

Try<Facts> Ask(Api& api) {
  Facts facts;
  for (const auto& [path, to] :
       {std::pair("/overview", &facts.overview), std::pair("/streams", &facts.streams),
        std::pair("/pipelines", &facts.pipelines), std::pair("/views", &facts.views)}) {
    auto answer = api.Get(path);
    if (!answer) return std::unexpected(answer.error());
    *to = *std::move(answer);
  }
  return facts;
}

/// Records per second of all streams together, a number a step.
std::vector<double> HistoryOf(const Facts& facts) {
  std::vector<double> sum;
  for (const JsonValue& stream : ListOf(facts.streams, "streams")) {
    const auto& history = ListOf(stream, "history");
    if (history.size() > sum.size()) sum.insert(sum.begin(), history.size() - sum.size(), 0);
    // The newest steps stand at the end of all.
    for (size_t i = 0; i < history.size(); ++i) {
      sum[sum.size() - history.size() + i] += history[i].is_null() ? 0 : history[i].double_value();
    }
  }
  return sum;
}

std::string Table(const Printer& printer, std::string_view title,
                  const std::vector<Column>& columns, const std::vector<JsonValue>& items,
                  const std::string& zone) {
  Grid grid;
  for (const Column& column : columns) {
    const bool text = column.show == Show::kText;
    grid.head.push_back({column.title, !text && column.show != Show::kTimeNs, text});
  }
  for (const JsonValue& item : items) {
    auto& row = grid.rows.emplace_back();
    for (const Column& column : columns)
      row.push_back(ShownText(MemberOf(item, column.member), column.show, zone));
  }
  return "\n" + printer.Bold(title) + "\n" + (items.empty() ? "none\n" : printer.TableText(grid));
}

std::string Frame(const Invocation& call, const Facts& facts, Part part) {
  const Printer& printer = call.out();
  const bool utf8 = printer.paper().utf8;
  const std::string& zone = call.settings().time_zone;
  const auto shown = [&](std::string_view member, Show show) {
    return ShownText(facts.overview.Find(member), show, zone);
  };
  const std::string_view arrow = utf8 ? "→" : "->";
  std::string out = printer.Bold("tidemark " + shown("version", Show::kText)) + "  " +
                    call.settings().endpoint + "  up " + shown("uptime_ms", Show::kMillis) +
                    "  health " + shown("health", Show::kText) + "\n";
  out += fmt::format(
      "producers {}/s {} streams ({}) {} pipelines ({}) {} tables ({}) {} views ({})\n\n",
      shown("records_per_second", Show::kRate), arrow, shown("streams", Show::kText), arrow,
      shown("pipelines", Show::kText), arrow, shown("tables", Show::kText), arrow,
      shown("views", Show::kText));
  std::vector<double> history = HistoryOf(facts);
  constexpr size_t kSparkMax = 30;
  if (history.size() > kSparkMax) history.erase(history.begin(), history.end() - kSparkMax);
  out += fmt::format(
      "records/s {} {}   late {}   revisions {}   dead letters {}   memory {} of {}\n",
      shown("records_per_second", Show::kRate), Sparkline(history, utf8),
      shown("late_points_total", Show::kNumber), shown("revisions_total", Show::kNumber),
      shown("dead_letters_total", Show::kNumber), shown("memory_used_bytes", Show::kBytes),
      shown("memory_max_bytes", Show::kBytes));
  if (part == Part::kAll || part == Part::kStreams) {
    out += Table(printer, "STREAMS",
                 {{"NAME", "name"},
                  {"SHARDS", "shards", Show::kNumber},
                  {"IN/S", "records_per_second", Show::kRate},
                  {"BYTES/S", "bytes_per_second", Show::kByteRate},
                  {"ITER AGE", "iterator_age_ms", Show::kMillis},
                  {"THROTTLED/MIN", "throttled_per_minute", Show::kRate}},
                 ListOf(facts.streams, "streams"), zone);
  }
  if (part == Part::kAll || part == Part::kPipelines) {
    out += Table(printer, "PIPELINES",
                 {{"NAME", "name"},
                  {"STATE", "state"},
                  {"IN/S", "records_per_second", Show::kRate},
                  {"LAG", "lag_records", Show::kNumber},
                  {"BEHIND", "lag_ms", Show::kMillis},
                  {"DEAD", "dead_letters_total", Show::kNumber}},
                 ListOf(facts.pipelines, "pipelines"), zone);
  }
  if (part == Part::kAll || part == Part::kViews) {
    out += Table(printer, "VIEWS",
                 {{"NAME", "name"},
                  {"STATE", "state"},
                  {"WATERMARK", "watermark", Show::kTimeNs},
                  {"LAG", "lag_ms", Show::kMillis},
                  {"LATE", "late_points_total", Show::kNumber},
                  {"REVISIONS", "revisions_total", Show::kNumber},
                  {"DIRTY", "dirty", Show::kNumber}},
                 ListOf(facts.views, "views"), zone);
  }
  if (part == Part::kHelp) {
    out += "\nq quit   space pause   s streams   p pipelines   v views   a all   ? this help\n";
  }
  if (const auto& problems = ListOf(facts.overview, "problems"); !problems.empty()) {
    out += Table(printer, "PROBLEMS",
                 {{"SEVERITY", "severity"}, {"OBJECT", "object"}, {"MESSAGE", "message"}}, problems,
                 zone);
  }
  return out;
}

/// The frame over the one before, without a flicker.
void Draw(const std::string& frame) {
  std::string out = "\x1b[H";
  for (const char c : frame) out += c == '\n' ? "\x1b[K\n" : std::string(1, c);
  out += "\x1b[J";
  std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

/// The key that was pressed within `wait`; 0: none.
char Key(std::chrono::milliseconds wait) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, static_cast<int>(wait.count())) <= 0) return 0;
  char key = 0;
  return ::read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}

int Watch(const Invocation& call, Api& api, std::chrono::milliseconds interval) {
  WatchSignals();
  Part part = Part::kAll;
  bool paused = false;
  std::optional<CliError> failed;
  {
    const FullScreen screen;
    while (!StopRequested().load()) {
      if (!paused) {
        const auto facts = Ask(api);
        if (!facts) {
          failed = facts.error();
          break;
        }
        Draw(Frame(call, *facts, part));
      }
      const char key = Key(interval);
      if (key == 'q') break;
      if (key == ' ') paused = !paused;
      if (key == 's') part = Part::kStreams;
      if (key == 'p') part = Part::kPipelines;
      if (key == 'v') part = Part::kViews;
      if (key == 'a' || key == 'd') part = Part::kAll;
      if (key == '?') part = Part::kHelp;
    }
  }
  return failed ? Fail(call, *failed) : kExitOk;
}

int RunTop(const Invocation& call) {
  const auto interval = ParseDuration(call.Text("interval", "1s"));
  if (!interval.ok() || *interval < milliseconds(100) || *interval > hours(1)) {
    return call.Usage("--interval is a duration from 100ms to 1h");
  }
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  if (!call.Has("once") && call.settings().stdout_terminal && call.settings().stdin_terminal) {
    return Watch(call, *api, std::chrono::duration_cast<std::chrono::milliseconds>(*interval));
  }
  const auto facts = Ask(*api);
  if (!facts) return Fail(call, facts.error());
  std::fputs(Frame(call, *facts, Part::kAll).c_str(), stdout);
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> TopCommands() {
  return {
      {.path = "top",
       .summary = "Watch the server on a full screen",
       .about = "Keys: q quit, space pause, s streams, p pipelines, v views, a all, ? help.",
       .options = {{"--interval", "DURATION", "Between two looks (default 1s)"},
                   {"--once", "", "Print one frame as text"}},
       .run = RunTop},
  };
}

}  // namespace tidemark::app
