// SPDX-License-Identifier: Apache-2.0
// Commands that talk to a running server through /api/v1, as the console does.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "app/cli.h"
#include "app/client_internal.h"
#include "app/version.h"
#include "base/json.h"
#include "http/client.h"

namespace tidemark::app {
namespace {

constexpr int64_t kPageRows = 1000;

Result<std::string> ReadTextFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::kNotFound, "cannot read " + path + ": no such file?"};
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

int PrintStackReport(const JsonValue& report, OutputFormat output) {
  const JsonValue* items = report.Find("items");
  const JsonValue* outputs = report.Find("outputs");
  if (items == nullptr || outputs == nullptr) return kExitFailure;
  if (output == OutputFormat::kJson) {
    JsonWriter out;
    out.BeginObject().Key("items").BeginArray();
    for (const JsonValue& item : items->array()) {
      out.BeginObject();
      for (const auto& [key, value] : item.object()) out.Key(key).String(TextOf(&value));
      out.EndObject();
    }
    out.EndArray().Key("outputs").BeginObject();
    for (const JsonValue& item : outputs->array()) {
      out.Key(TextOf(item.Find("name"))).String(TextOf(item.Find("value")));
    }
    out.EndObject().EndObject();
    std::puts(out.text().c_str());
    return kExitOk;
  }
  for (const JsonValue& item : items->array()) {
    const std::string detail = TextOf(item.Find("detail"));
    fmt::print("{:<9} {:<10} {}{}\n", TextOf(item.Find("action")), TextOf(item.Find("kind")),
               TextOf(item.Find("name")), detail.empty() ? "" : "  (" + detail + ")");
  }
  if (!outputs->array().empty()) fmt::print("\nOutputs\n");
  for (const JsonValue& item : outputs->array()) {
    fmt::print("  {:<9} {}\n", TextOf(item.Find("name")), TextOf(item.Find("value")));
  }
  return kExitOk;
}

bool AskToDelete(const std::string& file) {
  fmt::print(stderr,
             "Delete everything that {} names, with its data? Type \"delete\" to confirm: ", file);
  std::fflush(stderr);
  char answer[64] = {};
  return std::fgets(answer, sizeof(answer), stdin) != nullptr &&
         std::string_view(answer) == "delete\n";
}

void PrintPipelines(const std::vector<const JsonValue*>& pipelines) {
  std::vector<std::vector<std::string>> rows;
  for (const JsonValue* p : pipelines) {
    rows.push_back({TextOf(p->Find("name")), TextOf(p->Find("state")), TextOf(p->Find("stream")),
                    TextOf(p->Find("table")), TextOf(p->Find("records_per_second")),
                    TextOf(p->Find("records_total")), TextOf(p->Find("lag_records")),
                    TextOf(p->Find("dead_letters_total")), TextOf(p->Find("error"))});
  }
  PrintTable({"name", "state", "stream", "table", "records/s", "records", "lag", "dead", "error"},
             rows);
}

Result<void> PrintQuery(http::Client& client, const std::string& statement, OutputFormat output) {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> rows;
  JsonWriter json;
  json.BeginObject();
  JsonWriter request;
  request.BeginObject().Key("sql").String(statement).Key("max_rows").Int(kPageRows).EndObject();
  std::string body = request.text();
  for (bool first = true;; first = false) {
    TM_ASSIGN_OR_RETURN(const JsonValue page, Call(client, "POST", "/query", body));
    const JsonValue* columns = page.Find("columns");
    const JsonValue* page_rows = page.Find("rows");
    if (columns == nullptr || page_rows == nullptr)
      return Error{Code::kInternal, "the answer has no rows"};
    if (first) {
      json.Key("columns").BeginArray();
      for (const JsonValue& column : columns->array()) {
        names.push_back(TextOf(column.Find("name")));
        json.BeginObject().Key("name").String(names.back());
        json.Key("type").String(TextOf(column.Find("type"))).EndObject();
      }
      json.EndArray().Key("rows").BeginArray();
    }
    for (const JsonValue& row : page_rows->array()) {
      json.BeginArray();
      std::vector<std::string> cells;
      for (const JsonValue& cell : row.array()) {
        cells.push_back(cell.is_null() ? "NULL" : cell.string_value());
        cell.is_null() ? json.Null() : json.String(cell.string_value());
      }
      json.EndArray();
      if (output == OutputFormat::kTable) rows.push_back(std::move(cells));
    }
    const JsonValue* next = page.Find("next");
    if (next == nullptr || next->is_null() || StopRequested().load()) break;
    JsonWriter more;
    more.BeginObject()
        .Key("next")
        .String(next->string_value())
        .Key("max_rows")
        .Int(kPageRows)
        .EndObject();
    body = more.text();
  }
  json.EndArray().EndObject();
  if (output == OutputFormat::kJson) {
    std::puts(json.text().c_str());
  } else {
    PrintTable(names, rows);
    fmt::print(stderr, "{} row{}\n", rows.size(), rows.size() == 1 ? "" : "s");
  }
  return {};
}

}  // namespace

int ExitCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kUnimplemented:
      return kExitDefinition;
    case Code::kNotFound:
      return kExitNotFound;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
      return kExitConflict;
    case Code::kUnavailable:
      return kExitUnreachable;
    case Code::kResourceExhausted:
      return kExitThrottled;
    case Code::kDeadlineExceeded:
      return kExitTimedOut;
    case Code::kCancelled:
      return kExitInterrupted;
    case Code::kOutOfRange:
    case Code::kNoSpace:
    case Code::kCorruption:
    case Code::kIo:
    case Code::kInternal:
      return kExitFailure;
  }
  TM_UNREACHABLE();
}

void PrintError(const Error& error, OutputFormat output) {
  if (output == OutputFormat::kJson) {
    JsonWriter out;
    out.BeginObject().Key("error").BeginObject();
    out.Key("code").String(CodeName(error.code)).Key("message").String(error.message);
    out.EndObject().EndObject();
    fmt::print(stderr, "{}\n", out.text());
    return;
  }
  fmt::print(stderr, "error: {}\n", error.message);
}

std::string EndpointOf(const ClientOptions& options) {
  if (!options.endpoint.empty()) return options.endpoint;
  // Read before any thread exists.
  const char* from_environment =
      std::getenv("TIDEMARK_ENDPOINT");  // NOLINT(concurrency-mt-unsafe): see above
  return from_environment != nullptr && *from_environment != '\0' ? from_environment
                                                                  : "http://127.0.0.1:4580";
}

int StackCommand(StackVerb verb, const std::string& file, const ClientOptions& options,
                 std::optional<bool> confirmed) {
  const auto text = ReadTextFile(file);
  if (!text.ok()) return Fail(text.error(), options.output);
  if (verb == StackVerb::kDelete && !confirmed) {
    if (::isatty(STDIN_FILENO) != 1) {
      PrintError({Code::kInvalidArgument, "delete needs --yes when stdin is not a terminal"},
                 options.output);
      return kExitUsage;
    }
    if (!AskToDelete(file)) {
      PrintError({Code::kCancelled, "nothing was deleted"}, options.output);
      return kExitInterrupted;
    }
  }
  const auto client = Connect(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  const char* path = verb == StackVerb::kApply      ? "/stack:apply"
                     : verb == StackVerb::kDescribe ? "/stack:describe"
                                                    : "/stack:delete";
  JsonWriter body;
  body.BeginObject().Key("file").String(file).Key("text").String(*text).EndObject();
  const auto report = Call(**client, "POST", path, body.text());
  if (!report.ok()) return Fail(report.error(), options.output);
  return PrintStackReport(*report, options.output);
}

int PipelineCommand(PipelineVerb verb, const std::string& name, const ClientOptions& options) {
  const auto client = Connect(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  const std::string base = name.empty() ? "/pipelines" : "/pipelines/" + http::PercentEncode(name);
  const auto answer = verb == PipelineVerb::kStatus  ? Call(**client, "GET", base, "")
                      : verb == PipelineVerb::kStart ? Call(**client, "POST", base + "/start", "{}")
                                                     : Call(**client, "POST", base + "/stop", "{}");
  if (!answer.ok()) return Fail(answer.error(), options.output);
  std::vector<const JsonValue*> list;
  if (const JsonValue* pipelines = answer->Find("pipelines")) {
    for (const JsonValue& p : pipelines->array()) list.push_back(&p);
  } else {
    list.push_back(&*answer);
  }
  if (options.output == OutputFormat::kJson) {
    JsonWriter out;
    out.BeginArray();
    for (const JsonValue* p : list) {
      out.BeginObject();
      for (const auto& [key, value] : p->object()) {
        if (!value.is_array() && !value.is_object()) out.Key(key).String(TextOf(&value));
      }
      out.EndObject();
    }
    out.EndArray();
    std::puts(out.text().c_str());
  } else {
    PrintPipelines(list);
  }
  return kExitOk;
}

int SqlCommand(const std::string& statement, const ClientOptions& options) {
  WatchSignals();
  const auto client = Connect(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  const auto printed = PrintQuery(**client, statement, options.output);
  if (!printed.ok()) return Fail(printed.error(), options.output);
  return StopRequested().load() ? kExitInterrupted : kExitOk;
}

int GenerateCommand(const GeneratorOptions& generator, const ClientOptions& options) {
  WatchSignals();
  const auto client = Connect(options);
  if (!client.ok()) return Fail(client.error(), options.output);
  const SystemClock clock;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const auto report = [&](const GeneratorProgress& p) {
    fmt::print(stderr, "{}{} records ({} late), event time {}, {}{}", terminal ? "\r" : "",
               p.records, p.late_records, FormatIso8601Millis(p.event_time),
               p.live ? "live" : "catching up", terminal ? "   " : "\n");
    std::fflush(stderr);
  };
  const auto done = RunGenerator(generator, **client, clock, StopRequested(), report);
  if (terminal) std::fputc('\n', stderr);
  if (!done.ok()) return Fail(done.error(), options.output);
  return kExitOk;
}

int ConfigCheckCommand(const std::string& file) {
  const auto text = ReadTextFile(file);
  if (!text.ok()) return Fail(text.error(), OutputFormat::kTable);
  const auto config = ParseConfig(*text, file);
  auto address =
      config.ok() ? ParseListenAddress(config->listen) : Result<ListenAddress>(config.error());
  if (!address.ok()) {
    PrintError(address.error(), OutputFormat::kTable);
    return kExitConfig;
  }
  fmt::print("{}: ok\n", file);
  return kExitOk;
}

int VersionCommand(OutputFormat output) {
  if (output == OutputFormat::kJson) {
    fmt::print("{{\"version\":\"{}\"}}\n", kVersion);
  } else {
    fmt::print("tidemark {}\n", kVersion);
  }
  return kExitOk;
}

}  // namespace tidemark::app
