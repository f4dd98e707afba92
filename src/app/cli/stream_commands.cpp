// SPDX-License-Identifier: Apache-2.0
// stream ls, create, describe, rm, put, get, tail.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/serve.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

constexpr size_t kPutBatch = 500;               // web/API.md, POST records
constexpr size_t kPutBytes = size_t{8} << 20U;  // of one call
constexpr std::chrono::milliseconds kTailPoll{250};

const std::vector<Column>& StreamColumns() {
  static const std::vector<Column> kColumns{
      {"NAME", "name"},
      {"STATUS", "status"},
      {"MODE", "mode"},
      {"SHARDS", "shards", Show::kNumber},
      {"IN/S", "records_per_second", Show::kRate},
      {"BYTES/S", "bytes_per_second", Show::kByteRate},
      {"ITER AGE", "iterator_age_ms", Show::kMillis},
      {"CONSUMERS", "consumers", Show::kNumber},
      {"RETENTION", "retention_hours", Show::kHours},
      {"RECORDS", "records_total", Show::kNumber, Column::In::kWide},
      {"THROTTLED/MIN", "throttled_per_minute", Show::kRate, Column::In::kWide},
      {"ON DISK", "disk_bytes", Show::kBytes, Column::In::kWide},
      {"CREATED", "created", Show::kTimeMs, Column::In::kWide}};
  return kColumns;
}

int RunList(const Invocation& call) {
  return PrintList(call, "/streams", "streams", StreamColumns());
}

int RunCreate(const Invocation& call) {
  JsonWriter body;
  const std::string name = call.Text("NAME", "");
  body.BeginObject().Key("name").String(name);
  for (const auto& [option, member, max] :
       {std::tuple("shards", "shards", 1000), std::tuple("retention", "retention_hours", 8760)}) {
    if (!call.Has(option)) continue;
    const auto value = IntOption(call, option, 1, max, 1);
    if (!value) return kExitUsage;
    body.Key(member).Int(*value);
  }
  if (const auto mode = call.Text("mode")) {
    body.Key("mode").String(*mode == "on-demand" ? "ON_DEMAND" : "PROVISIONED");
  }
  if (call.Has("tag")) {
    body.Key("tags").BeginObject();
    for (const std::string& tag : call.All("tag")) {
      const size_t equals = tag.find('=');
      if (equals == std::string::npos) return call.Usage("--tag is KEY=VALUE, not \"" + tag + "\"");
      body.Key(tag.substr(0, equals)).String(tag.substr(equals + 1));
    }
    body.EndObject();
  }
  body.EndObject();
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto made = api->Json("POST", "/streams", body.text());
  if (!made) return Fail(call, made.error());
  if (call.settings().machine()) {
    call.out().Item(StreamColumns(), *made);
  } else {
    Printer::Line(
        fmt::format("created stream {} with {} shards", name, PlainText(made->Find("shards"))));
    Say(call.settings(), "next: tidemark stream put " + name + " --data '{\"a\":1}'");
  }
  return kExitOk;
}

int RunDescribe(const Invocation& call) {
  const std::string path = "/streams/" + Segment(call.Text("NAME", ""));
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto stream = api->Get(path);
  if (!stream) return Fail(call, stream.error());
  std::vector<Column> columns = StreamColumns();
  for (Column& column : columns) column.in = Column::In::kAlways;
  columns.push_back({"PIPELINES", "pipelines"});
  columns.push_back({"TAGS", "tags"});
  call.out().Item(columns, *stream);
  if (call.settings().machine()) return kExitOk;
  const auto shards = api->Get(path + "/shards");
  if (!shards) return Fail(call, shards.error());
  Printer::Line("");
  const std::vector<Column> shard_columns{
      {"SHARD", "shard"},
      {"STATE", "state"},
      {"SHARE", "hash_share", Show::kPercent},
      {"IN/S", "records_per_second", Show::kRate},
      {"OF LIMIT", "limit_ratio", Show::kPercent},
      {"RECORDS", "records_kept", Show::kNumber},
      {"LAST ARRIVAL", "last_arrival", Show::kTimeMs},
      {"HASH START", "hash_start", Show::kText, Column::In::kWide},
      {"HASH END", "hash_end", Show::kText, Column::In::kWide},
      {"OLDEST", "oldest_sequence", Show::kText, Column::In::kWide},
      {"NEWEST", "newest_sequence", Show::kText, Column::In::kWide}};
  call.out().List(shard_columns, ListOf(*shards, "shards"));
  const auto keys = api->Get(path + "/keys");
  if (!keys) return Fail(call, keys.error());
  Printer::Line("\n" + Harmless(PlainText(keys->Find("sentence"))));
  return kExitOk;
}

int RunRemove(const Invocation& call) {
  const std::string name = call.Text("NAME", "");
  if (const auto refused = RefusedDeletion(call, "stream", name)) return *refused;
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto done = api->Text("DELETE", "/streams/" + Segment(name));
  if (!done) return Fail(call, done.error());
  Printer::Line("deleted stream " + name);
  return kExitOk;
}

// ---- put

/// What to put: --data, or each line of a file.
Try<std::vector<std::string>> PayloadsOf(const Invocation& call) {
  if (const auto data = call.Text("data")) return std::vector<std::string>{*data};
  const auto text = ReadInput(call.Text("FILE", "-"));
  if (!text) return std::unexpected(text.error());
  std::vector<std::string> out;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

Try<std::string> KeyOf(const Invocation& call, const std::string& payload, size_t number) {
  const auto field = call.Text("key-field");
  if (!field) return call.Text("key", "tidemark");
  const auto parsed = ParseJson(payload);
  const JsonValue* value = parsed.ok() ? MemberOf(*parsed, *field) : nullptr;
  if (value == nullptr || PlainText(value).empty()) {
    return std::unexpected(CliError(
        kExitDefinition, fmt::format("record {} has no member {} for its key", number, *field)));
  }
  return PlainText(value);
}

int RunPut(const Invocation& call) {
  const std::string name = call.Text("NAME", "");
  const auto payloads = PayloadsOf(call);
  if (!payloads) return Fail(call, payloads.error());
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  std::vector<JsonValue> places;
  for (size_t next = 0; next < payloads->size();) {
    JsonWriter body;
    body.BeginObject().Key("records").BeginArray();
    size_t bytes = 0;
    for (size_t in_call = 0; next < payloads->size() && in_call < kPutBatch && bytes < kPutBytes;
         ++in_call, ++next) {
      const std::string& payload = (*payloads)[next];
      const auto key = KeyOf(call, payload, next + 1);
      if (!key) return Fail(call, key.error());
      body.BeginObject().Key("key").String(*key);
      call.Has("base64") ? body.Key("base64").String(payload) : body.Key("data").String(payload);
      body.EndObject();
      bytes += payload.size();
    }
    body.EndArray().EndObject();
    const auto put = api->Json("POST", "/streams/" + Segment(name) + "/records", body.text());
    if (!put) {
      CliError error = put.error();
      if (!places.empty()) {
        error.cause =
            fmt::format("{} of {} records were put before", places.size(), payloads->size());
        error.exit = kExitPartly;
      }
      return Fail(call, error);
    }
    for (const JsonValue& place : ListOf(*put, "records")) places.push_back(place);
  }
  if (!call.settings().machine() && places.size() != 1) {
    Printer::Line(fmt::format("put {} records on {}", places.size(), name));
    return kExitOk;
  }
  const std::vector<Column> columns{{"SHARD", "shard"}, {"SEQUENCE", "sequence"}};
  call.out().List(columns, places);
  return kExitOk;
}

// ---- get, tail

const std::vector<Column>& RecordColumns() {
  static const std::vector<Column> kColumns{
      {"ARRIVAL", "arrival", Show::kTimeMs},
      {"SHARD", "shard"},
      {"SEQUENCE", "sequence", Show::kText, Column::In::kWide},
      {"KEY", "key"},
      {"EVENT TIME", "event_time", Show::kTimeNs},
      {"DELAY", "delay_ms", Show::kMillis},
      {"VERDICT", "verdict"},
      {"BYTES", "bytes", Show::kNumber},
      {"PREVIEW", "preview"}};
  return kColumns;
}

struct Wanted {
  std::string path;
  std::string query;  // what every page repeats
  std::string start;  // of the first page
};

Try<Wanted> WantedOf(const Invocation& call, std::string_view position) {
  Wanted wanted;
  wanted.path = "/streams/" + Segment(call.Text("NAME", "")) + "/records";
  const auto add = [&](std::string& to, std::string_view name, const std::string& value) {
    to += "&" + std::string(name) + "=" + http::PercentEncode(value);
  };
  if (const auto filter = call.Text("filter")) add(wanted.query, "filter", *filter);
  if (const auto time = call.Text("json-path")) add(wanted.query, "time", *time);
  if (call.Has("full")) add(wanted.query, "payload", "full");
  if (const auto shard = call.Text("shard")) add(wanted.start, "shard", *shard);
  const std::string from = call.Text("from", position);
  const bool sequence =
      from.size() > 20 && from.find_first_not_of("0123456789") == std::string::npos;
  const std::string after = from.starts_with("after:") ? from.substr(6) : "";
  if (from == "start" || from == "latest") {
    add(wanted.start, "position", from == "start" ? "trim_horizon" : "latest");
  } else if (sequence || !after.empty()) {
    add(wanted.start, "position", sequence ? "at_sequence" : "after_sequence");
    add(wanted.start, "sequence", sequence ? from : after);
  } else {
    std::string time = from;
    if (from.starts_with('-')) {
      const auto ago = ParseDuration(from);
      if (!ago.ok()) return std::unexpected(CliError(kExitUsage, "--from: " + ago.error().message));
      const ArrivalTime then = SystemClock().Now() + std::chrono::duration_cast<milliseconds>(*ago);
      time = std::to_string(then.ms);
    }
    add(wanted.start, "position", "at_timestamp");
    add(wanted.start, "timestamp", time);
  }
  return wanted;
}

int RunGet(const Invocation& call) {
  const auto limit = IntOption(call, "limit", 1, 100'000, 50);
  if (!limit) return kExitUsage;
  const auto wanted = WantedOf(call, "start");
  if (!wanted) return Fail(call, wanted.error());
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  std::vector<JsonValue> records;
  std::string start = wanted->start;
  bool at_tip = false;
  while (!at_tip && std::ssize(records) < *limit) {
    const int64_t page = std::min<int64_t>(*limit - std::ssize(records), 1000);
    const auto answer =
        api->Get(wanted->path + "?limit=" + std::to_string(page) + wanted->query + start);
    if (!answer) return Fail(call, answer.error());
    for (const JsonValue& record : ListOf(*answer, "records")) records.push_back(record);
    const JsonValue* tip = answer->Find("at_tip");
    at_tip = tip != nullptr && tip->bool_value();
    start = "&cursor=" + http::PercentEncode(PlainText(answer->Find("next_cursor")));
  }
  call.out().List(RecordColumns(), records);
  if (!at_tip) Say(call.settings(), "there is more: --limit, or --from after:SEQUENCE");
  return kExitOk;
}

std::string TailLine(const Invocation& call, const JsonValue& record) {
  const auto text = [&](std::string_view member, Show show) {
    return ShownText(record.Find(member), show, call.settings().time_zone);
  };
  const std::string arrival = text("arrival", Show::kTimeMs);
  std::string shard = PlainText(record.Find("shard"));
  if (shard.size() > 12) shard = "shard-" + shard.substr(shard.size() - 3);
  std::string out = fmt::format("{:<23}  {}  {}", arrival, shard,
                                CutTo(text("key", Show::kText), 24, call.out().paper().utf8));
  if (const JsonValue* delay = record.Find("delay_ms"); delay != nullptr && !delay->is_null()) {
    std::string verdict = PlainText(record.Find("verdict"));
    std::ranges::replace(verdict, '_', ' ');
    out += "  delay " + text("delay_ms", Show::kMillis) + (verdict.empty() ? "" : " " + verdict);
  }
  out += "  " + text("preview", Show::kText);
  const Paper& paper = call.out().paper();
  return paper.cut ? CutTo(out, paper.width, paper.utf8) : out;
}

int RunTail(const Invocation& call) {
  const auto max = IntOption(call, "max", 1, INT64_MAX, INT64_MAX);
  if (!max) return kExitUsage;
  const auto wanted = WantedOf(call, "latest");
  if (!wanted) return Fail(call, wanted.error());
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  WatchSignals();
  const bool json = call.out().format() == Format::kJson || call.out().format() == Format::kJsonl;
  std::string start = wanted->start;
  int64_t printed = 0;
  while (!StopRequested().load()) {
    const int64_t page = std::min<int64_t>(*max - printed, 1000);
    const auto answer =
        api->Get(wanted->path + "?limit=" + std::to_string(page) + wanted->query + start);
    if (!answer) return Fail(call, answer.error());
    for (const JsonValue& record : ListOf(*answer, "records")) {
      if (json) {
        JsonWriter out;
        out.Value(record);
        Printer::Line(out.text());
      } else {
        Printer::Line(TailLine(call, record));
      }
      ++printed;
    }
    if (std::fflush(stdout) != 0) return kExitOk;  // who read it went away
    if (printed >= *max) return kExitOk;
    start = "&cursor=" + http::PercentEncode(PlainText(answer->Find("next_cursor")));
    const JsonValue* tip = answer->Find("at_tip");
    if (tip != nullptr && tip->bool_value()) std::this_thread::sleep_for(kTailPoll);
  }
  return kExitInterrupted;
}

}  // namespace

std::vector<CommandSpec> StreamCommands() {
  const std::vector<ArgumentSpec> name{
      {"NAME", "Name of the stream", Arity::kOne, Names::kStreams}};
  const OptionSpec shard{"--shard", "ID",
                         "Only this shard: shardId-000000000002, or 2 (default: all, by arrival)"};
  const OptionSpec filter{
      "--filter", "TEXT",
      "Only records that contain it, or '$.path OP value' with = != < <= > >= contains"};
  const OptionSpec path{"--json-path", "PATH",
                        "Where the event time is when no pipeline reads the stream, as '$.time'"};
  const OptionSpec full{"--full", "", "With -o json: whole payloads"};
  return {
      {.path = "stream", .summary = "Make, show, fill and read streams"},
      {.path = "stream ls", .summary = "List streams with rates and readers", .run = RunList},
      {.path = "stream create",
       .summary = "Make a stream",
       .examples = {"tidemark stream create events --shards 4 --retention 48"},
       .arguments = {{"NAME", "1 to 128 of a-z A-Z 0-9 _ . -"}},
       .options = {{"--shards", "N", "1 to 1000 (default 1; on-demand 4)"},
                   {"--retention", "HOURS", "24 to 8760 (default 24)"},
                   {"--mode", "MODE", "Capacity mode", "provisioned|on-demand"},
                   {"--tag", "KEY=VALUE", "A tag", "", Names::kNone, Arity::kMany}},
       .run = RunCreate},
      {.path = "stream describe",
       .summary = "Show a stream with its shards, and which keys fill them",
       .arguments = name,
       .run = RunDescribe},
      {.path = "stream rm",
       .summary = "Delete a stream with its records",
       .examples = {"tidemark stream rm events --confirm events"},
       .arguments = name,
       .options = {{"--confirm", "NAME", "Its name once more, for scripts"}},
       .run = RunRemove},
      {.path = "stream put",
       .summary = "Put test records",
       .examples = {"tidemark stream put events --key host-1 --data '{\"cpu\":1}'",
                    "tidemark stream put events records.jsonl --key-field host"},
       .arguments = {{"NAME", "Name of the stream", Arity::kOne, Names::kStreams},
                     {"FILE", "A record a line (default -, standard input)", Arity::kOptional,
                      Names::kFiles}},
       .options = {{"--data", "TEXT", "One record, instead of FILE"},
                   {"--key", "TEXT", "Partition key of all (default tidemark)"},
                   {"--key-field", "NAME", "JSON member of each record that is its key"},
                   {"--base64", "", "Records are base64"}},
       .run = RunPut},
      {.path = "stream get",
       .summary = "Read records once",
       .about = "Reads like a consumer without being one: nothing counts against GetRecords.",
       .examples = {"tidemark stream get events --from -5m --filter '$.cpu > 90'",
                    "tidemark stream get events --from start --limit 10 -o jsonl"},
       .arguments = name,
       .options =
           {{"--from", "PLACE",
             "start, latest, -5m, a timestamp, a sequence number, after:SEQUENCE (default start)"},
            shard,
            {"--limit", "N", "Records at most, 1 to 100000 (default 50)"},
            filter,
            path,
            full},
       .run = RunGet},
      {.path = "stream tail",
       .summary = "Print records as they come, until Ctrl-C",
       .examples = {"tidemark stream tail events",
                    "tidemark stream tail events --from -1m --max 2"},
       .arguments = name,
       .options = {{"--from", "PLACE", "As of stream get (default latest)"},
                   shard,
                   {"--max", "N", "Stop after so many"},
                   filter,
                   path,
                   full},
       .run = RunTail},
  };
}

}  // namespace tidemark::app
