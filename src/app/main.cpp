// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "app/cli.h"
#include "app/config.h"
#include "base/time.h"

namespace tidemark::app {
namespace {

nanoseconds DurationOrThrow(const std::string& text) {
  auto duration = ParseDuration(text);
  if (!duration.ok()) throw CLI::ValidationError(duration.error().message);
  return *duration;
}

/// "-2h" is relative to now; anything else is a timestamp.
EventTime TimeOrThrow(const std::string& text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+') &&
      text.find(':') == std::string::npos) {
    return SystemClock().Now().AsEventTime() + DurationOrThrow(text);
  }
  if (text == "now") return SystemClock().Now().AsEventTime();
  auto time = ParseTimestamp(text);
  if (!time.ok()) throw CLI::ValidationError(time.error().message);
  return *time;
}

struct Flags {
  ServeFlags serve;
  ClientOptions client;
  GeneratorOptions generator;
  std::string output = "table";
  std::string file;
  std::string name;
  std::string statement;
  std::string interval = "10s";
  std::string late_time = "75s";
  std::string start;
  std::string end;
  bool yes = false;
  bool full = false;
};

void AddClientFlags(CLI::App& command, Flags& flags) {
  command.add_option("--endpoint", flags.client.endpoint,
                     "Server to talk to (default: $TIDEMARK_ENDPOINT, else http://127.0.0.1:4580)");
  command.add_option("-o,--output", flags.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
}

void AddServe(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* serve = root.add_subcommand(
      "serve",
      "Run the server\n\nExamples:\n"
      "  tidemark serve --data-dir ./data\n"
      "  tidemark serve --data-dir ./data --stack examples/ec2/stack.toml --listen 127.0.0.1:0\n\n"
      "Speaks the Kinesis and Timestream APIs and serves the console on one port. When ready it "
      "prints\n"
      "its address and writes it to DATA_DIR/endpoint. SIGTERM or Ctrl-C stops it gracefully (exit "
      "0).");
  serve->add_option("--config", flags.serve.config,
                    "Configuration file (TOML); see `tidemark config check`");
  serve->add_option("--stack", flags.serve.stack, "Stack file to apply before the server is ready");
  serve->add_option("--data-dir", flags.serve.data_dir, "Folder of all data; made if missing");
  serve->add_option(
      "--listen", flags.serve.listen,
      "ADDRESS:PORT, loopback only (default 127.0.0.1:4580; port 0 picks a free one)");
  serve->add_option(
      "--accept-log-loss", flags.serve.accept_log_loss,
      "Start on a damaged journal with what precedes this number; the refusal to start names it");
  serve->add_flag("--rebuild-manifest", flags.serve.rebuild_manifest,
                  "Start without the store's manifest, from the block files that are there; the "
                  "refusal to start names it");
  serve->footer(ConfigHelp());
  serve->callback([&] { exit_code = ServeCommand(flags.serve); });
}

void AddStackCommands(CLI::App& root, Flags& flags, int& exit_code) {
  const auto add = [&](StackVerb verb, const char* name, const char* help) {
    CLI::App* command = root.add_subcommand(name, help);
    command->add_option("FILE", flags.file, "Stack file (TOML)")->required();
    AddClientFlags(*command, flags);
    if (verb == StackVerb::kDelete) {
      command->add_flag("-y,--yes", flags.yes,
                        "Delete without asking; needed when stdin is no terminal");
    }
    command->callback([&, verb] {
      exit_code = StackCommand(verb, flags.file, flags.client,
                               flags.yes ? std::optional(true) : std::nullopt);
    });
  };
  add(StackVerb::kApply, "apply",
      "Make the streams, databases, tables, pipelines and views of a stack file exist\n\nExample:\n"
      "  tidemark apply examples/ec2/stack.toml\n\n"
      "May be repeated. What exists and differs is an error (exit 4), and nothing of the file is "
      "applied.");
  add(StackVerb::kDescribe, "describe", "Show what of a stack file exists, and its outputs");
  add(StackVerb::kDelete, "delete", "Delete what a stack file names, with its data");
}

void AddPipelineCommands(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* pipeline = root.add_subcommand("pipeline", "Start, stop and watch pipelines");
  pipeline->require_subcommand(1);
  const auto add = [&](PipelineVerb verb, const char* name, const char* help) {
    CLI::App* command = pipeline->add_subcommand(name, help);
    auto* option = command->add_option("NAME", flags.name, "Name of the pipeline");
    if (verb != PipelineVerb::kStatus) option->required();
    AddClientFlags(*command, flags);
    command->callback([&, verb] { exit_code = PipelineCommand(verb, flags.name, flags.client); });
  };
  add(PipelineVerb::kStart, "start", "Run a stopped or failed pipeline; it goes on where it was");
  add(PipelineVerb::kStop, "stop",
      "Stop a pipeline; it stays stopped over a restart of the server");
  add(PipelineVerb::kStatus, "status",
      "Show one pipeline, or all: state, rates, lag, dead letters");
}

void AddViewCommands(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* view = root.add_subcommand("view", "Pause and resume views");
  view->require_subcommand(1);
  const auto add = [&](ViewVerb verb, const char* name, const char* help) {
    CLI::App* command = view->add_subcommand(name, help);
    command->add_option("NAME", flags.name, "Name of the view")->required();
    AddClientFlags(*command, flags);
    command->callback([&, verb] { exit_code = ViewCommand(verb, flags.name, flags.client); });
  };
  add(ViewVerb::kPause, "pause",
      "Stop following the data; rows stay as they are, also over a restart of the server");
  add(ViewVerb::kResume, "resume", "Go on where it was, and correct what changed meanwhile");
}

void AddStoreCommands(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* store = root.add_subcommand("store", "Sizes, sealing, merging and damage of the store");
  store->require_subcommand(1);
  const auto add = [&](StoreVerb verb, const char* name, const char* help) {
    CLI::App* command = store->add_subcommand(name, help);
    AddClientFlags(*command, flags);
    command->callback([&, verb] {
      const bool full = verb == StoreVerb::kCompact && flags.full;
      exit_code = StoreCommand(full ? StoreVerb::kCompactFull : verb, flags.file, flags.client);
    });
    return command;
  };
  add(StoreVerb::kStats, "stats",
      "Points, series, bytes and files of each table; memory by budget");
  add(StoreVerb::kFlush, "flush",
      "Write every row in memory into block files; returns once they are");
  add(StoreVerb::kCompact, "compact", "Merge block files as far as the rules ask for it")
      ->add_flag("--full", flags.full, "Merge everything: the smallest files, the fastest scans");
  add(StoreVerb::kAcceptGap, "accept-gap",
      "Give up the points of a damaged file: queries go on without them and say so")
      ->add_option("FILE", flags.file, "Its name, as /readyz has it")
      ->required();
}

void AddBackupCommands(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* backup = root.add_subcommand(
      "backup",
      "Make a backup of a running server: tables, streams and definitions of one moment\n\n"
      "Example:\n  tidemark backup ./data/backups/monday\n\n"
      "The server writes it, below its backup.directory (default: DATA_DIR/backups). The folder "
      "must "
      "be new.");
  backup->add_option("DIR", flags.file, "New folder, on the server's machine")->required();
  AddClientFlags(*backup, flags);
  backup->callback([&] { exit_code = BackupCommand(flags.file, flags.client); });

  CLI::App* restore =
      root.add_subcommand("restore",
                          "Make a data directory out of a backup\n\nExample:\n"
                          "  tidemark restore ./data/backups/monday --data-dir ./restored");
  restore->add_option("BACKUP", flags.file, "Folder that `tidemark backup` made")->required();
  restore->add_option("--data-dir", flags.serve.data_dir, "New or empty folder")->required();
  restore->add_option("-o,--output", flags.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  restore->callback(
      [&] { exit_code = RestoreCommand(flags.file, flags.serve.data_dir, flags.client.output); });

  CLI::App* check =
      root.add_subcommand("check",
                          "Check every byte of a data directory or backup that no server uses\n\n"
                          "Prints one JSON object a line for each thing that is damaged and exits "
                          "1; 0: all is well; 4: a "
                          "server uses it.");
  check->add_option("DIR", flags.file, "Data directory or backup")->required();
  check->callback([&] { exit_code = CheckCommand(flags.file); });
}

void AddGenerate(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* command = root.add_subcommand(
      "generate",
      "Put the EC2 sample's records on a stream, like any producer\n\nExamples:\n"
      "  tidemark generate --hosts 100 --interval 10s --start -2h --percent-late 5 --late-time 75\n"
      "  tidemark generate --hosts 10 --start 2026-01-01 --end \"2026-01-01 01:00\"\n\n"
      "Event time runs from --start to now as fast as the server takes it, then live until "
      "Ctrl-C.");
  GeneratorOptions& g = flags.generator;
  command->add_option("--stream", g.stream, "Stream to put to (default ec2-metrics)");
  command->add_option("--hosts", g.fleet.hosts_max,
                      "The first N hosts, spread over regions (default: all)");
  command->add_option("--host-scale", g.fleet.host_scale, "1 = 1000 hosts in 100 silos (default 1)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--interval", flags.interval,
                      "Event time between two records of a series (default 10s)");
  command->add_option("--start", flags.start,
                      "First event time: -2h, now, or a timestamp (default now)");
  command->add_option("--end", flags.end, "Stop before this event time (default: never)");
  command
      ->add_option("--percent-late", g.percent_late,
                   "Share of (host, step) whose records are late (default 0)")
      ->check(CLI::Range(0.0, 100.0));
  command->add_option("--late-time", flags.late_time,
                      "How late, as 75 (seconds) or 2m (default 75)");
  command->add_option("--rate", g.rate, "Records per second at most (default: no limit)");
  command->add_option("--partition-key", g.partition_key,
                      "Dimensions joined by '/' (default instance_name/silo)");
  command->add_option("--seed", g.fleet.seed, "Another seed is another fleet (default 1)");
  AddClientFlags(*command, flags);
  command->callback([&] {
    g.interval = DurationOrThrow(flags.interval);
    const bool bare = flags.late_time.find_first_not_of("0123456789") == std::string::npos;
    g.late_time = DurationOrThrow(bare ? flags.late_time + "s" : flags.late_time);
    if (!flags.start.empty()) g.start = TimeOrThrow(flags.start);
    if (!flags.end.empty()) g.end = TimeOrThrow(flags.end);
    exit_code = GenerateCommand(g, flags.client);
  });
}

void AddOthers(CLI::App& root, Flags& flags, int& exit_code) {
  CLI::App* sql =
      root.add_subcommand("sql",
                          "Run one SQL statement and print its result\n\nExample:\n"
                          "  tidemark sql 'SELECT measure_name, count(*) FROM "
                          "\"InterpolatedBlogDB\".\"EC2MetricTable\" GROUP BY measure_name'");
  sql->add_option("STATEMENT", flags.statement, "Timestream SQL")->required();
  AddClientFlags(*sql, flags);
  sql->callback([&] { exit_code = SqlCommand(flags.statement, flags.client); });

  CLI::App* config = root.add_subcommand("config", "Check a configuration file");
  config->require_subcommand(1);
  config->footer(ConfigHelp());
  CLI::App* check = config->add_subcommand(
      "check", "Report the first mistake of a configuration file, with its line");
  check->add_option("FILE", flags.file, "Configuration file (TOML)")->required();
  check->callback([&] { exit_code = ConfigCheckCommand(flags.file); });

  CLI::App* version = root.add_subcommand("version", "Print the version");
  version->add_option("-o,--output", flags.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  version->callback([&] { exit_code = VersionCommand(flags.client.output); });
}

int Run(int argc, char** argv) {
  CLI::App root{
      "tidemark: streams, event-time views and time-series SQL in one program\n"
      "Speaks the Kinesis and Timestream protocols; late data corrects what was published.\n\n"
      "Start here:\n"
      "  tidemark serve --data-dir ./data --stack examples/ec2/stack.toml\n"
      "  tidemark generate --hosts 10 --start -1h --percent-late 5\n"
      "  tidemark sql 'SHOW DATABASES'"};
  root.require_subcommand(0, 1);
  Flags flags;
  int exit_code = kExitOk;
  AddServe(root, flags, exit_code);
  AddStackCommands(root, flags, exit_code);
  AddPipelineCommands(root, flags, exit_code);
  AddViewCommands(root, flags, exit_code);
  AddStoreCommands(root, flags, exit_code);
  AddBackupCommands(root, flags, exit_code);
  AddGenerate(root, flags, exit_code);
  AddOthers(root, flags, exit_code);
  root.parse_complete_callback([&] {
    flags.client.output = flags.output == "json" ? OutputFormat::kJson : OutputFormat::kTable;
  });
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // The library numbers its parse errors from 100 on; ours is one (console-ux.md 13.4).
    return root.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  if (root.get_subcommands().empty()) std::fputs(root.help().c_str(), stdout);
  return exit_code;
}

}  // namespace
}  // namespace tidemark::app

int main(int argc, char** argv) {
  try {
    return tidemark::app::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return tidemark::app::kExitFailure;
  }
}
