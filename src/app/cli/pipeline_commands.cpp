// SPDX-License-Identifier: Apache-2.0
// pipeline ls, describe, start, stop, status, errors, resubmit.
#include <map>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/base64.h"

namespace tidemark::app {
namespace {

constexpr size_t kDeadLettersMax = 100'000;  // read at most, to group them
constexpr size_t kPutBatch = 500;

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
                                       {"POSITION", "position"}};
  call.out().List(partitions, ListOf(*answer, "partitions"));
  return kExitOk;
}

int RunChange(const Invocation& call) {
  const bool start = call.command().path == "pipeline start";
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto answer = api->Json("POST", PathOf(call) + (start ? "/start" : "/stop"), "{}");
  if (!answer) return Fail(call, answer.error());
  call.out().List(PipelineColumns(), {&*answer, 1});
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
      auto letter = ParseJson(PlainText(record.Find("text")));
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
  const auto letters = DeadLettersOf(*api, call);
  if (!letters) return Fail(call, letters.error());
  if (call.Has("all")) {
    const std::vector<Column> columns{{"REASON", "reason"},     {"FIELD", "field"},
                                      {"MESSAGE", "message"},   {"SHARD", "shard"},
                                      {"SEQUENCE", "sequence"}, {"DATA", "data"}};
    call.out().List(columns, *letters);
    return kExitOk;
  }
  struct Group {
    size_t count = 0;
    const JsonValue* last = nullptr;
  };
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const JsonValue& letter : *letters) {
    Group& group = groups[{PlainText(letter.Find("reason")), PlainText(letter.Find("message"))}];
    ++group.count;
    group.last = &letter;
  }
  Grid grid;
  grid.head = {{"COUNT", true, false}, {"REASON"}, {"MESSAGE"}, {"NEWEST"}, {"SAMPLE"}};
  for (const auto& [what, group] : groups) {
    std::string sample = PlainText(group.last->Find("data"));
    if (const auto decoded = Base64Decode(sample); decoded.ok()) sample = *decoded;
    grid.rows.push_back({std::to_string(group.count), what.first, what.second,
                         PlainText(group.last->Find("sequence")), sample});
  }
  call.out().Rows(grid);
  if (!letters->empty()) {
    Say(call.settings(),
        fmt::format("next: tidemark pipeline resubmit {}, once what they lack is there",
                    call.Text("NAME", "")));
  }
  return kExitOk;
}

int RunResubmit(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto letters = DeadLettersOf(*api, call);
  if (!letters) return Fail(call, letters.error());
  const auto reason = call.Text("reason");
  const auto sequence = call.Text("sequence");
  std::string stream;
  std::vector<std::string> data;
  for (const JsonValue& letter : *letters) {
    if (reason && PlainText(letter.Find("reason")) != *reason) continue;
    if (sequence && PlainText(letter.Find("sequence")) != *sequence) continue;
    stream = PlainText(letter.Find("stream"));
    data.push_back(PlainText(letter.Find("data")));
  }
  if (data.empty()) {
    return Fail(call, CliError(kExitNotFound, "no dead letter is like that"));
  }
  const Settings& settings = call.settings();
  if (!sequence && !settings.yes) {
    return call.Usage(
        fmt::format("this puts {} records on {} again: say --yes", data.size(), stream));
  }
  for (size_t next = 0; next < data.size();) {
    JsonWriter body;
    body.BeginObject().Key("records").BeginArray();
    for (size_t i = 0; i < kPutBatch && next < data.size(); ++i, ++next) {
      body.BeginObject().Key("key").String("resubmit").Key("base64").String(data[next]).EndObject();
    }
    body.EndArray().EndObject();
    const auto put = api->Text("POST", "/streams/" + Segment(stream) + "/records", body.text());
    if (!put) return Fail(call, put.error());
  }
  Printer::Line(fmt::format("put {} records on {} again", data.size(), stream));
  return kExitOk;
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
       .summary = "Run a stopped or failed pipeline; it goes on where it was",
       .arguments = name,
       .run = RunChange},
      {.path = "pipeline stop",
       .summary = "Stop a pipeline; it stays stopped over a restart of the server",
       .arguments = name,
       .run = RunChange},
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
       .examples = {"tidemark pipeline resubmit ec2 --reason retention --yes"},
       .arguments = name,
       .options = {{"--reason", "REASON", "Only those with this reason"},
                   {"--sequence", "NUMBER", "Only this one"}},
       .run = RunResubmit},
  };
}

}  // namespace tidemark::app
