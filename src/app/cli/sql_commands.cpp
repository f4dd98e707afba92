// SPDX-License-Identifier: Apache-2.0
// sql: a statement, a file, or the shell; saved queries.
#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/cli/query_run.h"
#include "app/cli/sql_shell.h"
#include "app/serve.h"

namespace tidemark::app {
namespace {

QueryWish WishOf(const Invocation& call, std::string sql) {
  QueryWish wish;
  wish.sql = std::move(sql);
  wish.database = call.Text("database", "");
  wish.from = call.Text("from", "");
  wish.to = call.Text("to", "");
  return wish;
}

int RunStatements(const Invocation& call, const std::vector<std::string>& statements) {
  const auto rows_max = IntOption(call, "max-rows", 1, INT64_MAX, 0);
  if (!rows_max) return kExitUsage;
  WatchSignals();
  ResultStyle style;
  style.format = call.out().format();
  for (const std::string& statement : statements) {
    QueryWish wish = WishOf(call, call.Has("explain") ? "EXPLAIN " + statement : statement);
    if (*rows_max > 0) wish.rows_max = *rows_max;
    const auto done = PrintQuery(call.settings(), call.out(), wish, style);
    if (!done) return Fail(call, done.error());
    if (done->cancelled) return kExitInterrupted;
  }
  return kExitOk;
}

int RunSql(const Invocation& call) {
  if (const auto statement = call.Text("STATEMENT")) return RunStatements(call, {*statement});
  const auto file = call.Text("file");
  if (!file && call.settings().stdin_terminal && !call.settings().no_input)
    return RunSqlShell(call);
  const auto text = ReadInput(file.value_or("-"));
  if (!text) return Fail(call, text.error());
  Statements statements = SplitStatements(*text);
  if (!statements.open.empty()) statements.list.push_back(std::move(statements.open));
  if (statements.list.empty()) return call.Usage("there is no statement");
  return RunStatements(call, statements.list);
}

// ---- saved queries

int RunSavedList(const Invocation& call) {
  const std::vector<Column> columns{{"ID", "id"},
                                    {"NAME", "name"},
                                    {"DATABASE", "database"},
                                    {"UPDATED", "updated", Show::kTimeNs},
                                    {"SQL", "sql", Show::kText, Column::In::kWide}};
  return PrintList(call, "/saved-queries?limit=1000", "items", columns);
}

int RunSaved(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto saved = api->Get("/saved-queries/" + Segment(call.Text("ID", "")));
  if (!saved) return Fail(call, saved.error());
  WatchSignals();
  QueryWish wish = WishOf(call, PlainText(saved->Find("sql")));
  if (wish.database.empty()) wish.database = PlainText(saved->Find("database"));
  if (wish.from.empty()) wish.from = PlainText(MemberOf(*saved, "range.from"));
  if (wish.to.empty()) wish.to = PlainText(MemberOf(*saved, "range.to"));
  ResultStyle style;
  style.format = call.out().format();
  const auto done = PrintQuery(call.settings(), call.out(), wish, style);
  if (!done) return Fail(call, done.error());
  return done->cancelled ? kExitInterrupted : kExitOk;
}

}  // namespace

std::vector<CommandSpec> SqlCommands() {
  const OptionSpec from{
      "--from", "TIME",
      "Begin of $__timeFilter: now-1h, a timestamp, milliseconds (default now-1h)"};
  const OptionSpec to{"--to", "TIME", "End of $__timeFilter (default now)"};
  return {
      {.path = "sql",
       .summary = "Run SQL; alone on a terminal, a shell",
       .about = "Rows go to standard output, the summary to standard error. Ctrl-C cancels the "
                "statement on the server. Several statements of a file run one after the other and "
                "stop at the first error. In the shell \\? lists its commands.",
       .examples =
           {"tidemark sql",
            "tidemark sql 'SELECT measure_name, count(*) FROM "
            "\"InterpolatedBlogDB\".\"EC2MetricTable\" GROUP BY measure_name'",
            "tidemark sql -f report.sql -o csv > report.csv",
            "tidemark sql --from now-15m 'SELECT avg(measure_value::double) FROM db.t WHERE "
            "$__timeFilter'"},
       .arguments = {{"STATEMENT", "Timestream SQL", Arity::kOptional}},
       .options = {{"--file,-f", "FILE", "Statements separated by ';', - for standard input", "",
                    Names::kFiles},
                   {"--database", "NAME", "For table names without one", "", Names::kDatabases},
                   from,
                   to,
                   {"--max-rows", "N", "Stop after so many rows"},
                   {"--explain", "", "Show the plan instead"},
                   {"--no-rc", "", "The shell does not read its start file"}},
       .run = RunSql},
      {.path = "saved", .summary = "Queries that are saved on the server"},
      {.path = "saved ls", .summary = "List saved queries", .run = RunSavedList},
      {.path = "saved run",
       .summary = "Run a saved query",
       .arguments = {{"ID", "Its id", Arity::kOne, Names::kSavedQueries}},
       .options = {from,
                   to,
                   {"--database", "NAME", "Instead of the one that is saved", "",
                    Names::kDatabases}},
       .run = RunSaved},
  };
}

}  // namespace tidemark::app
