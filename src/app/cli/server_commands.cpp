// SPDX-License-Identifier: Apache-2.0
// serve and generate.
#include <cstdio>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/config.h"
#include "app/generator.h"
#include "app/serve.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

int RunServe(const Invocation& call) {
  ServeFlags flags;
  flags.config = call.Text("config", "");
  flags.stack = call.Text("stack", "");
  flags.data_dir = call.Text("data-dir", "");
  flags.listen = call.Text("listen", "");
  flags.test_clock = call.Text("test-clock", "");
  flags.rebuild_manifest = call.Has("rebuild-manifest");
  if (const auto loss = call.Text("accept-log-loss")) {
    const auto number = ParseInt64(*loss);
    if (!number || *number < 0) return call.Usage("--accept-log-loss must be a number");
    flags.accept_log_loss = static_cast<uint64_t>(*number);
  }
  const auto failure = Serve(flags);
  if (!failure) return kExitOk;
  CliError error(failure->error);
  error.exit = failure->exit;
  return Fail(call, error);
}

/// "-2h" is relative to now; anything else is a timestamp.
Result<EventTime> ParseStart(const std::string& text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+') &&
      text.find(':') == std::string::npos) {
    TM_ASSIGN_OR_RETURN(const nanoseconds ago, ParseDuration(text));
    return SystemClock().Now().AsEventTime() + ago;
  }
  if (text == "now") return SystemClock().Now().AsEventTime();
  return ParseTimestamp(text);
}

Result<GeneratorOptions> GeneratorOptionsOf(const Invocation& call) {
  GeneratorOptions g;
  const auto number = [&](std::string_view name, int64_t min, int64_t max,
                          auto& out) -> Result<void> {
    const auto text = call.Text(name);
    if (!text) return {};
    const auto value = ParseInt64(*text);
    if (!value || *value < min || *value > max) {
      return Error{Code::kInvalidArgument,
                   fmt::format("--{} must be from {} to {}", name, min, max)};
    }
    out = static_cast<std::remove_reference_t<decltype(out)>>(*value);
    return {};
  };
  g.stream = call.Text("stream", g.stream);
  g.partition_key = call.Text("partition-key", g.partition_key);
  uint64_t hosts = 0;
  TM_RETURN_IF_ERROR(number("hosts", 1, INT32_MAX, hosts));
  if (hosts != 0) g.fleet.hosts_max = static_cast<decltype(g.fleet.hosts_max)>(hosts);
  TM_RETURN_IF_ERROR(number("host-scale", 1, 1000, g.fleet.host_scale));
  TM_RETURN_IF_ERROR(number("rate", 0, INT64_MAX, g.rate));
  TM_RETURN_IF_ERROR(number("seed", 0, INT64_MAX, g.fleet.seed));
  if (const auto late = call.Text("percent-late")) {
    const auto percent = ParseFiniteDouble(*late);
    if (!percent || *percent < 0 || *percent > 100) {
      return Error{Code::kInvalidArgument, "--percent-late must be from 0 to 100"};
    }
    g.percent_late = *percent;
  }
  TM_ASSIGN_OR_RETURN(g.interval, ParseDuration(call.Text("interval", "10s")));
  const std::string late_time = call.Text("late-time", "75s");
  const bool bare = late_time.find_first_not_of("0123456789") == std::string::npos;
  TM_ASSIGN_OR_RETURN(g.late_time, ParseDuration(bare ? late_time + "s" : late_time));
  if (const auto start = call.Text("start")) {
    TM_ASSIGN_OR_RETURN(g.start, ParseStart(*start));
  }
  if (const auto end = call.Text("end")) {
    TM_ASSIGN_OR_RETURN(g.end, ParseStart(*end));
  }
  return g;
}

int RunGenerate(const Invocation& call) {
  const auto options = GeneratorOptionsOf(call);
  if (!options.ok()) return call.Usage(options.error().message);
  WatchSignals();
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const SystemClock clock;
  const Settings& settings = call.settings();
  const bool terminal = settings.stderr_terminal;
  const auto report = [&](const GeneratorProgress& p) {
    if (settings.quiet) return;
    fmt::print(stderr, "{}{} records ({} late), event time {}, {}{}", terminal ? "\r" : "",
               p.records, p.late_records, FormatIso8601Millis(p.event_time),
               p.live ? "live" : "catching up", terminal ? "   " : "\n");
    std::fflush(stderr);
  };
  const auto done = RunGenerator(*options, api->client(), clock, StopRequested(), report);
  if (terminal && !settings.quiet) std::fputc('\n', stderr);
  return done.ok() ? kExitOk : Fail(call, done.error());
}

}  // namespace

std::vector<CommandSpec> ServerCommands() {
  return {
      {.path = "serve",
       .summary = "Run the server",
       .about = "Speaks the Kinesis and Timestream APIs and serves the console on one port. When "
                "ready it prints its address and writes it to DATA_DIR/endpoint. SIGTERM or Ctrl-C "
                "stops it gracefully (exit 0).",
       .examples = {"tidemark serve --data-dir ./data",
                    "tidemark serve --data-dir ./data --stack examples/ec2/stack.toml --listen "
                    "127.0.0.1:0"},
       .options =
           {{"--config", "FILE", "Configuration file (TOML); see `tidemark config check`", "",
             Names::kFiles},
            {"--stack", "FILE", "Stack file to apply before the server is ready", "",
             Names::kFiles},
            {"--data-dir", "DIR", "Folder of all data; made if missing", "", Names::kFolders},
            {"--listen", "ADDRESS:PORT",
             "Loopback only (default 127.0.0.1:4580; port 0 picks a free one)"},
            {"--accept-log-loss", "NUMBER",
             "Start on a damaged journal with what precedes this number; the refusal to start "
             "names it"},
            {"--rebuild-manifest", "",
             "Start without the store's manifest, from the block files that are there; the "
             "refusal to start names it"},
            {"--test-clock", "TIME",
             "For tests: the wall clock stands at this time (RFC 3339) until /api/v1/test:clock "
             "moves it"}},
       .run = RunServe,
       .more = ConfigHelp},
      {.path = "generate",
       .summary = "Put the EC2 sample's records on a stream, like any producer",
       .about =
           "Event time runs from --start to now as fast as the server takes it, then live until "
           "Ctrl-C.",
       .examples = {"tidemark generate --hosts 100 --interval 10s --start -2h --percent-late 5 "
                    "--late-time 75",
                    "tidemark generate --hosts 10 --start 2026-01-01 --end \"2026-01-01 01:00\""},
       .options =
           {{"--stream", "NAME", "Stream to put to (default ec2-metrics)", "", Names::kStreams},
            {"--hosts", "N", "The first N hosts, spread over regions (default: all)"},
            {"--host-scale", "N", "1 = 1000 hosts in 100 silos (default 1)"},
            {"--interval", "DURATION", "Event time between two records of a series (default 10s)"},
            {"--start", "TIME", "First event time: -2h, now, or a timestamp (default now)"},
            {"--end", "TIME", "Stop before this event time (default: never)"},
            {"--percent-late", "P", "Share of (host, step) whose records are late (default 0)"},
            {"--late-time", "DURATION", "How late, as 75 (seconds) or 2m (default 75)"},
            {"--rate", "N", "Records per second at most (default: no limit)"},
            {"--partition-key", "NAMES", "Dimensions joined by '/' (default instance_name/silo)"},
            {"--seed", "N", "Another seed is another fleet (default 1)"}},
       .run = RunGenerate},
  };
}

}  // namespace tidemark::app
