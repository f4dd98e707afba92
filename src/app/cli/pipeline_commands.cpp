// SPDX-License-Identifier: Apache-2.0
// pipeline ls, describe, start, stop, savepoint, status, errors, resubmit.
#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

constexpr size_t kDeadLettersMax = 100'000;  // read at most, to group them

const std::vector<Column>& PipelineColumns() {
  static const std::vector<Column> kColumns{
      {"NAME", "name"},
      {"STATE", "state"},
      {"STREAM", "stream"},
      {"TABLE", "table"},
      {"IN/S", "records_per_second", Show::kRate},
      {"RECORDS", "records_total", Show::kNumber},
      {"LAG", "lag_records", Show::kNumber},
      {"BEHIND", "lag_ms", Show::kMillis},
      {"DEAD", "dead_letters_total", Show::kNumber},
      {"ERROR", "error"},
      {"DATABASE", "database", Show::kText, Column::In::kWide},
      {"POINTS", "points_total", Show::kNumber, Column::In::kWide},
      {"DEAD LETTERS", "dead_letter_stream", Show::kText, Column::In::kWide}};
  return kColumns;
}

std::string PathOf(const Invocation& call) {
  return "/pipelines/" + Segment(call.Text("NAME", ""));
}

int RunList(const Invocation& call) {
  return PrintList(call, "/pipelines", "pipelines", PipelineColumns());
}

int RunStatus(const Invocation& call) {
  if (!call.Has("NAME")) return RunList(call);
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(PathOf(call));
  if (!answer) return Fail(call, answer.error());
  call.out().List(PipelineColumns(), {&*answer, 1});
  return kExitOk;
}

int RunDescribe(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Get(PathOf(call));
  if (!answer) return Fail(call, answer.error());
  std::vector<Column> columns = PipelineColumns();
  for (Column& column : columns) column.in = Column::In::kAlways;
  call.out().Item(columns, *answer);
  if (call.settings().machine()) return kExitOk;
  Printer::Line("");
  const std::vector<Column> partitions{{"PARTITION", "partition"},
                                       {"NEWEST EVENT", "max_event_time", Show::kTimeNs},
                                       {"IDLE", "idle"},
                                       {"LOST UNREAD", "gap_records", Show::kNumber},
                                       {"WHOLE FROM", "whole_from", Show::kTimeNs},
                                       {"POSITION", "position"}};
  call.out().List(partitions, ListOf(*answer, "partitions"));
  return kExitOk;
}

int RunChange(const Invocation& call) {
  const bool start = call.command().path == "pipeline start";
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  JsonWriter body;
  body.BeginObject();
  if (const auto from = call.Text("from")) body.Key("from").String(*from);
  if (call.Has("replace")) body.Key("replace").Bool(true);
  body.EndObject();
  const auto answer = api->Json("POST", PathOf(call) + (start ? "/start" : "/stop"), body.text());
  if (!answer) return Fail(call, answer.error());
  call.out().List(PipelineColumns(), {&*answer, 1});
  return kExitOk;
}

std::vector<Column> SavepointColumns() {
  return {{"NAME", "name"},
          {"CREATED", "created", Show::kTimeNs},
          {"DIFFERS", "differs"},
          {"DEFINITION", "definition", Show::kText, Column::In::kWide}};
}

int RunSavepoint(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const std::string path = PathOf(call) + "/savepoints";
  if (!call.Has("SAVEPOINT")) {
    const auto answer = api->Get(path);
    if (!answer) return Fail(call, answer.error());
    call.out().List(SavepointColumns(), ListOf(*answer, "items"));
    return kExitOk;
  }
  const std::string name = call.Text("SAVEPOINT", "");
  if (call.Has("delete")) {
    const auto answer = api->Text("DELETE", path + "/" + Segment(name), "");
    if (!answer) return Fail(call, answer.error());
    Say(call.settings(), fmt::format("savepoint {} is deleted", name));
    return kExitOk;
  }
  JsonWriter body;
  body.BeginObject().Key("name").String(name).EndObject();
  const auto answer = api->Json("POST", path, body.text());
  if (!answer) return Fail(call, answer.error());
  call.out().List(SavepointColumns(), {&*answer, 1});
  return kExitOk;
}

/// The dead letters of the pipeline, oldest first, with whole payloads.
Try<std::vector<JsonValue>> DeadLettersOf(Api& api, const Invocation& call) {
  const auto pipeline = api.Get(PathOf(call));
  if (!pipeline) return std::unexpected(pipeline.error());
  const std::string path =
      "/streams/" + Segment(PlainText(pipeline->Find("dead_letter_stream"))) + "/records";
  std::vector<JsonValue> out;
  std::string start = "&position=trim_horizon";
  while (out.size() < kDeadLettersMax) {
    const auto page = api.Get(path + "?limit=1000&payload=full" + start);
    if (!page) return std::unexpected(page.error());
    for (const JsonValue& record : ListOf(*page, "records")) {
      // The letter's own number beside what it says.
      std::string text = PlainText(record.Find("text"));
      if (!text.ends_with("}")) continue;
      text.pop_back();
      auto letter = ParseJson(text + ",\"id\":\"" + PlainText(record.Find("sequence")) + "\"}");
      if (letter.ok()) out.push_back(std::move(letter).value());
    }
    const JsonValue* tip = page->Find("at_tip");
    if (tip == nullptr || tip->bool_value()) break;
    start = "&cursor=" + http::PercentEncode(PlainText(page->Find("next_cursor")));
  }
  return out;
}

int RunErrors(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  if (call.Has("all")) {
    const auto letters = DeadLettersOf(*api, call);
    if (!letters) return Fail(call, letters.error());
    const std::vector<Column> columns{
        {"REASON", "reason"},     {"FIELD", "field"}, {"MESSAGE", "message"}, {"SHARD", "shard"},
        {"SEQUENCE", "sequence"}, {"KEY", "key"},     {"DATA", "data"}};
    call.out().List(columns, *letters);
    return kExitOk;
  }
  const auto answer = api->Get(PathOf(call) + "/errors?samples=1");
  if (!answer) return Fail(call, answer.error());
  const auto& groups = ListOf(*answer, "groups");
  if (call.settings().machine()) {
    const std::vector<Column> columns{{"COUNT", "count"}, {"REASON", "reason"},
                                      {"FIELD", "field"}, {"MESSAGE", "message"},
                                      {"LAST", "last"},   {"RESUBMITTABLE", "resubmittable"}};
    call.out().List(columns, groups);
    return kExitOk;
  }
  Grid grid;
  grid.head = {{"COUNT", true, false}, {"REASON"}, {"MESSAGE"}, {"NEWEST"}, {"SAMPLE"}};
  for (const JsonValue& group : groups) {
    const auto& samples = ListOf(group, "samples");
    const JsonValue* sample = samples.empty() ? nullptr : &samples.front();
    grid.rows.push_back({PlainText(group.Find("count")), PlainText(group.Find("reason")),
                         PlainText(group.Find("message")),
                         sample != nullptr ? PlainText(sample->Find("sequence")) : "",
                         sample != nullptr ? PlainText(sample->Find("text")) : ""});
  }
  call.out().Rows(grid);
  if (!groups.empty()) {
    Say(call.settings(),
        fmt::format("next: tidemark pipeline resubmit {}, once what they lack is there",
                    call.Text("NAME", "")));
  }
  return kExitOk;
}

/// The body of the call that puts what is meant again, behind the letter `after`.
std::string ResubmitBody(const Invocation& call, const std::string& letter,
                         const std::string& after) {
  JsonWriter body;
  body.BeginObject();
  if (!letter.empty()) {
    body.Key("ids").BeginArray().String(letter).EndArray();
  } else if (const auto reason = call.Text("reason")) {
    body.Key("reason").String(*reason);
  } else {
    body.Key("all").Bool(true);
  }
  if (!call.All("set").empty()) {
    body.Key("set").BeginObject();
    for (const std::string& edit : call.All("set")) {
      const size_t equals = edit.find('=');
      body.Key(edit.substr(0, equals)).String(edit.substr(equals + 1));
    }
    body.EndObject();
  }
  body.Key("after").String(after).EndObject();
  return std::move(body).Take();
}

int RunResubmit(const Invocation& call) {
  for (const std::string& edit : call.All("set")) {
    if (const size_t equals = edit.find('='); equals == std::string::npos || equals == 0) {
      return call.Usage(fmt::format("--set {}: it must be FIELD=VALUE", edit));
    }
  }
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  const auto none = CliError(kExitNotFound, "no dead letter is like that");
  std::string letter;
  if (const auto sequence = call.Text("sequence")) {
    const auto letters = DeadLettersOf(*api, call);
    if (!letters) return Fail(call, letters.error());
    for (const JsonValue& one : *letters) {
      if (PlainText(one.Find("sequence")) == *sequence) letter = PlainText(one.Find("id"));
    }
    if (letter.empty()) return Fail(call, none);
  }
  const auto errors = api->Get(PathOf(call) + "/errors?samples=1");
  if (!errors) return Fail(call, errors.error());
  int64_t meant = 0;  // what fails again meanwhile is not meant
  for (const JsonValue& group : ListOf(*errors, "groups")) {
    if (call.Text("reason", PlainText(group.Find("reason"))) == PlainText(group.Find("reason"))) {
      meant += ParseInt64(PlainText(group.Find("count"))).value_or(0);
    }
  }
  if (meant == 0) return Fail(call, none);
  if (letter.empty() && !call.settings().yes) {
    return call.Usage(
        fmt::format("this puts {} records on the pipeline's stream again: say --yes", meant));
  }
  int64_t put = 0;
  int64_t skipped = 0;
  std::string after;
  while (true) {
    const auto answer =
        api->Json("POST", PathOf(call) + "/errors:resubmit", ResubmitBody(call, letter, after));
    if (!answer) return Fail(call, answer.error());
    put += ParseInt64(PlainText(answer->Find("resubmitted"))).value_or(0);
    skipped += ParseInt64(PlainText(answer->Find("skipped"))).value_or(0);
    const JsonValue* more = answer->Find("more");
    if (more == nullptr || !more->bool_value() || put + skipped >= meant) break;
    after = PlainText(answer->Find("last"));
  }
  Printer::Line(fmt::format("put {} records again", put));
  if (skipped == 0) return kExitOk;
  return Fail(
      call,
      CliError(kExitPartly,
               fmt::format("{} records are not kept whole any more{}", skipped,
                           call.All("set").empty() ? "" : ", or are no JSON that can be changed")));
}

}  // namespace

std::vector<CommandSpec> PipelineCommands() {
  const std::vector<ArgumentSpec> name{
      {"NAME", "Name of the pipeline", Arity::kOne, Names::kPipelines}};
  return {
      {.path = "pipeline", .summary = "Watch, start and stop pipelines; what they could not use"},
      {.path = "pipeline ls",
       .summary = "List pipelines: state, rates, lag, dead letters",
       .run = RunList},
      {.path = "pipeline describe",
       .summary = "Show a pipeline with its partitions",
       .arguments = name,
       .run = RunDescribe},
      {.path = "pipeline start",
       .summary = "Run a stopped, failed or paused pipeline; it goes on where it was",
       .about = "Records that it read before only fill holes: one that is stored stays as it is "
                "unless the record was appended later. With --replace they win as new ones do, "
                "for a mapping that was changed.",
       .examples = {"tidemark pipeline start ec2", "tidemark pipeline start ec2 --from latest",
                    "tidemark pipeline start ec2 --from 2026-11-26T09:00:00Z",
                    "tidemark pipeline start ec2 --from savepoint:before --replace"},
       .arguments = name,
       .options = {{"--from", "WHERE",
                    "Where it begins: positions (where it was, the default), latest (behind the "
                    "newest record), trim_horizon (the oldest that is kept), savepoint:NAME, or a "
                    "time: records appended from then on"},
                   {"--replace", "", "What was read before wins as new records do"}},
       .run = RunChange},
      {.path = "pipeline stop",
       .summary = "Stop a pipeline; it stays stopped over a restart of the server",
       .arguments = name,
       .run = RunChange},
      {.path = "pipeline savepoint",
       .summary = "Keep where a pipeline is under a name; list or delete what was kept",
       .about = "A savepoint holds the positions and the definition. DIFFERS says whether the "
                "definition has changed since. It goes with its pipeline.",
       .examples = {"tidemark pipeline savepoint ec2 before-rename",
                    "tidemark pipeline savepoint ec2",
                    "tidemark pipeline savepoint ec2 before-rename --delete"},
       .arguments = {{"NAME", "Name of the pipeline", Arity::kOne, Names::kPipelines},
                     {"SAVEPOINT", "Name to keep it under; none: list them", Arity::kOptional}},
       .options = {{"--delete", "", "Delete the savepoint"}},
       .run = RunSavepoint},
      {.path = "pipeline status",
       .summary = "Show one pipeline, or all: state, rates, lag, dead letters",
       .arguments = {{"NAME", "Name of the pipeline", Arity::kOptional, Names::kPipelines}},
       .run = RunStatus},
      {.path = "pipeline errors",
       .summary = "Group the records that the pipeline could not use, by reason",
       .arguments = name,
       .options = {{"--all", "", "Each record instead"}},
       .run = RunErrors},
      {.path = "pipeline resubmit",
       .summary = "Put dead letters on the pipeline's stream again",
       .about = "For records that a changed table, view or retention would take now. The dead "
                "letters stay where they are.",
       .examples =
           {"tidemark pipeline resubmit ec2 --reason retention --yes",
            "tidemark pipeline resubmit ec2 --reason schema --set MeasureValueType=DOUBLE --yes"},
       .arguments = name,
       .options = {{"--reason", "REASON", "Only those with this reason"},
                   {"--sequence", "NUMBER", "Only this one"},
                   {.flags = "--set",
                    .value = "FIELD=VALUE",
                    .help = "Replace or add a field of each record",
                    .arity = Arity::kMany}},
       .run = RunResubmit},
  };
}

}  // namespace tidemark::app
