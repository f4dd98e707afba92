// SPDX-License-Identifier: Apache-2.0
// plot.
#include <cstdio>

#include "app/cli/commands_internal.h"
#include "app/cli/plot.h"
#include "app/serve.h"

namespace tidemark::app {
namespace {

int RunPlot(const Invocation& call) {
  const auto height = IntOption(call, "height", 3, 100, 12);
  const auto width =
      IntOption(call, "width", 40, 500, static_cast<int64_t>(call.out().paper().width));
  if (!height || !width) return kExitUsage;
  PlotWish wish;
  wish.query.sql = call.Text("STATEMENT", "");
  wish.query.database = call.Text("database", "");
  wish.query.from = call.Text("from", "");
  wish.query.to = call.Text("to", "");
  wish.x = call.Text("x", "");
  wish.y = call.Text("y", "");
  wish.series = call.Text("series", "");
  wish.height = static_cast<size_t>(*height);
  wish.width = static_cast<size_t>(*width);
  const std::string style = call.Text("style", call.out().paper().utf8 ? "braille" : "ascii");
  wish.style = style == "ascii"   ? PlotStyle::kAscii
               : style == "block" ? PlotStyle::kBlock
                                  : PlotStyle::kBraille;
  wish.color = call.out().paper().color && wish.style != PlotStyle::kAscii;
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
       .summary = "Draw a statement's result in the terminal",
       .about =
           "The first TIMESTAMP column goes to the right, the first number up; the texts of a row "
           "name its series.",
       .examples =
           {"tidemark plot \"SELECT bin(time, 1m) t, avg(measure_value::double) FROM db.t WHERE "
            "measure_name = 'cpu_system' AND \\$__timeFilter GROUP BY 1\" --from now-1h"},
       .arguments = {{"STATEMENT", "Timestream SQL"}},
       .options = {{"--x", "COLUMN", "Time"},
                   {"--y", "COLUMN", "Value"},
                   {"--series", "COLUMN", "Name of the series"},
                   {"--from", "TIME", "Begin of $__timeFilter (default now-1h)"},
                   {"--to", "TIME", "End of $__timeFilter (default now)"},
                   {"--database", "NAME", "For table names without one", "", Names::kDatabases},
                   {"--width", "N", "Characters (default: the terminal's)"},
                   {"--height", "N", "Lines (default 12)"},
                   {"--style", "STYLE", "What is drawn with", "braille|block|ascii"}},
       .run = RunPlot},
  };
}

}  // namespace tidemark::app
