// SPDX-License-Identifier: Apache-2.0
// plot.
#include <cstdio>
#include <tuple>
#include <utility>

#include "app/cli/commands_internal.h"
#include "app/cli/plot.h"
#include "app/serve.h"
#include "base/clock.h"

namespace tidemark::app {
namespace {

/// Nanoseconds of "now", "-15m", "now-15m" or a timestamp.
Try<std::string> ToNs(std::string_view option, std::string text) {
  if (text.starts_with("now")) text.erase(0, 3);
  const EventTime now = SystemClock().Now().AsEventTime();
  if (text.empty()) return std::to_string(now.ns);
  if (text.starts_with('-')) {
    if (const auto ago = ParseDuration(text); ago.ok()) return std::to_string((now + *ago).ns);
  }
  if (const auto time = ParseTimestamp(text); time.ok()) return std::to_string(time->ns);
  return std::unexpected(CliError(
      kExitUsage, "--" + std::string(option) + " is now-1h or a timestamp, not \"" + text + "\""));
}

/// The query string of what of a view's rows is asked for.
Try<std::string> RevisionsQuery(const Invocation& call) {
  const auto measure = call.Text("measure");
  if (!measure) {
    return std::unexpected(
        CliError(kExitUsage, "--table needs --measure NAME, the name that the view writes"));
  }
  std::string query = "?limit=10000&measure=" + http::PercentEncode(*measure);
  for (const auto& [option, member, fallback] :
       {std::tuple("from", "from", "now-1h"), std::tuple("to", "to", "now"),
        std::tuple("as-of", "as_of", "")}) {
    const std::string text = call.Text(option, fallback);
    if (text.empty()) continue;
    const auto ns = ToNs(option, text);
    if (!ns) return ns;
    query += "&" + std::string(member) + "=" + *ns;
  }
  for (const std::string& only : call.All("where")) {
    const size_t equals = only.find('=');
    if (equals == std::string::npos) {
      return std::unexpected(
          CliError(kExitUsage, "--where is DIMENSION=VALUE, not \"" + only + "\""));
    }
    query += "&dim." + http::PercentEncode(only.substr(0, equals)) + "=" +
             http::PercentEncode(only.substr(equals + 1));
  }
  return query;
}

int PlotRows(const Invocation& call, PlotSpec spec) {
  const auto table = ParseTableName(call.Text("table", ""));
  if (!table) return Fail(call, table.error());
  const auto query = RevisionsQuery(call);
  if (!query) return Fail(call, query.error());
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(table->path() + "/revisions" + *query);
  if (!answer) return Fail(call, answer.error());
  const std::string mode = call.Text("revisions", "mark");
  const bool utf8 = spec.style != PlotStyle::kAscii;
  spec.title = call.Text("measure", "");
  if (mode == "compare") {
    spec.title += utf8 ? "   ● revised   ◇ first published" : "   * revised   o first published";
  }
  const RevisionMode shown = mode == "off"       ? RevisionMode::kOff
                             : mode == "compare" ? RevisionMode::kCompare
                                                 : RevisionMode::kMark;
  std::fputs(DrawRevisions(*answer, std::move(spec), shown).c_str(), stdout);
  return kExitOk;
}

PlotStyle StyleOf(const Invocation& call) {
  const std::string style = call.Text("style", call.out().paper().utf8 ? "braille" : "ascii");
  return style == "ascii"   ? PlotStyle::kAscii
         : style == "block" ? PlotStyle::kBlock
                            : PlotStyle::kBraille;
}

int RunPlot(const Invocation& call) {
  const auto height = IntOption(call, "height", 3, 100, 12);
  const auto width =
      IntOption(call, "width", 40, 500, static_cast<int64_t>(call.out().paper().width));
  if (!height || !width) return kExitUsage;
  if (call.Has("STATEMENT") == call.Has("table")) {
    return call.Usage("give a statement, or --table");
  }
  PlotSpec spec;
  spec.width = static_cast<size_t>(*width);
  spec.height = static_cast<size_t>(*height);
  spec.style = StyleOf(call);
  spec.color = call.out().paper().color && spec.style != PlotStyle::kAscii;
  spec.time_zone = call.settings().time_zone;
  if (call.Has("table")) return PlotRows(call, std::move(spec));
  PlotWish wish;
  wish.width = spec.width;
  wish.height = spec.height;
  wish.style = spec.style;
  wish.color = spec.color;
  wish.query.sql = call.Text("STATEMENT", "");
  wish.query.database = call.Text("database", "");
  wish.query.from = call.Text("from", "");
  wish.query.to = call.Text("to", "");
  wish.x = call.Text("x", "");
  wish.y = call.Text("y", "");
  wish.series = call.Text("series", "");
  WatchSignals();
  const auto drawn = PlotQuery(call.settings(), wish);
  if (!drawn) return Fail(call, drawn.error());
  std::fputs(drawn->c_str(), stdout);
  return StopRequested().load() ? kExitInterrupted : kExitOk;
}

}  // namespace

std::vector<CommandSpec> PlotCommands() {
  return {
      {.path = "plot",
       .summary = "Draw a statement's result, or a view's rows, in the terminal",
       .about =
           "Of a statement the first TIMESTAMP column goes to the right, the first number up; the "
           "texts of a row name its series. Of a view's rows (--table) what changed is marked.",
       .examples =
           {"tidemark plot \"SELECT bin(time, 1m) t, avg(measure_value::double) FROM db.t WHERE "
            "measure_name = 'cpu_system' AND \\$__timeFilter GROUP BY 1\" --from now-1h",
            "tidemark plot --table InterpolatedBlogDB.EC2MetricTable --measure avg_cpu_system "
            "--where instance_name=i-1 --revisions compare"},
       .arguments = {{"STATEMENT", "Timestream SQL", Arity::kOptional}},
       .options = {{"--x", "COLUMN", "Time"},
                   {"--y", "COLUMN", "Value"},
                   {"--series", "COLUMN", "Name of the series"},
                   {"--database", "NAME", "For table names without one", "", Names::kDatabases},
                   {"--from", "TIME", "Begin, of $__timeFilter or of the rows (default now-1h)"},
                   {"--to", "TIME", "End (default now)"},
                   {"--table", "TABLE",
                    "DATABASE.TABLE whose view is drawn, instead of a statement", "",
                    Names::kTables},
                   {"--measure", "NAME", "With --table: what the view writes"},
                   {"--where", "DIMENSION=VALUE", "With --table: only rows with this value", "",
                    Names::kNone, Arity::kMany},
                   {"--revisions", "MODE", "With --table: how changes are shown (default mark)",
                    "off|mark|compare"},
                   {"--as-of", "TIME", "With --table: what was known at this time"},
                   {"--width", "N", "Characters (default: the terminal's)"},
                   {"--height", "N", "Lines (default 12)"},
                   {"--style", "STYLE", "What is drawn with", "braille|block|ascii"}},
       .run = RunPlot},
  };
}

}  // namespace tidemark::app
