// SPDX-License-Identifier: Apache-2.0
// env, health, doctor.
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "app/serve.h"
#include "base/clock.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

// ---- env

struct Variable {
  std::string name;
  std::string value;
};

/// What makes the SDKs talk to this server. Any key is taken while the server has none configured.
std::vector<Variable> VariablesOf(const Settings& settings) {
  return {{"AWS_ENDPOINT_URL_KINESIS", settings.endpoint},
          {"AWS_ENDPOINT_URL_TIMESTREAM_WRITE", settings.endpoint},
          {"AWS_ENDPOINT_URL_TIMESTREAM_QUERY", settings.endpoint},
          {"AWS_REGION", settings.region},
          {"AWS_DEFAULT_REGION", settings.region},
          {"AWS_ACCESS_KEY_ID", "local"},
          {"AWS_SECRET_ACCESS_KEY", "local"},
          {"TIDEMARK_ENDPOINT", settings.endpoint}};
}

std::string Quoted(std::string_view text, std::string_view escaped_quote) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string(escaped_quote) : std::string(1, c);
  return out + "'";
}

std::string SetLine(std::string_view shell, const Variable& v) {
  if (shell == "fish") return "set -gx " + v.name + " " + Quoted(v.value, "\\'");
  if (shell == "powershell") return "$env:" + v.name + " = " + Quoted(v.value, "''");
  if (shell == "dotenv") return v.name + "=" + v.value;
  if (shell == "compose") return "      " + v.name + ": " + Quoted(v.value, "''");
  return "export " + v.name + "=" + Quoted(v.value, "'\\''");
}

std::string UnsetLine(std::string_view shell, const Variable& v) {
  if (shell == "fish") return "set -e " + v.name;
  if (shell == "powershell") return "Remove-Item Env:" + v.name;
  return "unset " + v.name;
}

int RunEnv(const Invocation& call) {
  const std::string shell = call.Text("shell", "bash");
  const bool unset = call.Has("unset");
  if (unset && (shell == "dotenv" || shell == "compose")) {
    return call.Usage("--unset makes no sense for " + shell);
  }
  const auto variables = VariablesOf(call.settings());
  if (call.out().format() == Format::kJson) {
    JsonWriter out;
    out.BeginObject();
    for (const Variable& v : variables) out.Key(v.name).String(v.value);
    Printer::Line(out.EndObject().text());
    return kExitOk;
  }
  if (shell == "compose") Printer::Line("    environment:");
  for (const Variable& v : variables)
    Printer::Line(unset ? UnsetLine(shell, v) : SetLine(shell, v));
  return kExitOk;
}

// ---- health

/// 200 of a probe: none; else why not.
Try<std::optional<std::string>> Probe(const Settings& settings, std::string_view path) {
  auto api = Api::Connect(settings);
  if (!api) return std::unexpected(api.error());
  http::Request request;
  request.method = "GET";
  request.path = path;
  const auto response = api->Send(std::move(request));
  if (!response) return std::unexpected(response.error());
  if (response->status == 200) return std::optional<std::string>();
  return std::optional(response->body);
}

int RunHealth(const Invocation& call) {
  WatchSignals();
  const std::string_view path = call.Has("live") ? "/livez" : "/readyz";
  const auto wait = ParseDuration(call.Text("wait", "0s"));
  if (!wait.ok()) return call.Usage("--wait: " + wait.error().message);
  const auto end = std::chrono::steady_clock::now() + *wait;
  while (true) {
    const auto probed = Probe(call.settings(), path);
    if (probed && !*probed) {
      Say(call.settings(), call.Has("live") ? "alive" : "ready");
      return kExitOk;
    }
    if (StopRequested().load()) return kExitInterrupted;
    if (std::chrono::steady_clock::now() >= end) {
      if (!probed) return Fail(call, probed.error());
      CliError error(kExitNotReady, "the server is not ready");
      error.cause = Harmless(**probed);
      return Fail(call, error);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

// ---- doctor

enum class Verdict : uint8_t { kGood, kWarning, kProblem };

struct Finding {
  Verdict verdict = Verdict::kGood;
  std::string text;
};

class Doctor {
 public:
  explicit Doctor(const Settings& settings) : settings_(settings) {}

  std::vector<Finding> Examine() {
    if (!CheckEndpoint()) return std::move(findings_);
    CheckReady();
    CheckInfo();
    CheckDiscovery();
    CheckEnvironment();
    CheckProblems();
    return std::move(findings_);
  }

 private:
  void Add(Verdict verdict, std::string text) { findings_.push_back({verdict, std::move(text)}); }

  bool CheckEndpoint() {
    const auto live = Probe(settings_, "/livez");
    if (!live) {
      Add(Verdict::kProblem, live.error().message);
      return false;
    }
    Add(*live ? Verdict::kProblem : Verdict::kGood,
        "endpoint " + settings_.endpoint +
            (*live ? " answers, but not as a live server" : " answers (HTTP/1.1)"));
    return true;
  }

  void CheckReady() {
    const auto ready = Probe(settings_, "/readyz");
    if (ready && !*ready) return Add(Verdict::kGood, "the server is ready");
    Add(Verdict::kProblem, "the server is not ready: " + (ready ? **ready : ready.error().message));
  }

  void CheckInfo() {
    auto api = Api::Connect(settings_);
    if (!api) return;
    const ArrivalTime before = SystemClock().Now();
    const auto info = api->Get("/info");
    const ArrivalTime after = SystemClock().Now();
    if (!info) return Add(Verdict::kProblem, "/api/v1/info: " + info.error().message);
    const std::string region = PlainText(info->Find("region"));
    Add(Verdict::kGood, "tidemark " + PlainText(info->Find("version")) + ", region " + region);
    if (region != settings_.region) {
      Add(Verdict::kWarning, "the server's region is " + region + ", yours is " + settings_.region +
                                 ": ARNs will differ; set AWS_REGION");
    }
    const auto now = ParseInt64(PlainText(info->Find("now")));
    if (!now) return;
    // Half way between asking and the answer.
    const double here = static_cast<double>(before.ms + after.ms) / 2;
    const double skew = std::fabs(static_cast<double>(*now) / 1e6 - here) / 1000;
    Add(skew > 1 ? Verdict::kProblem : Verdict::kGood, fmt::format("clock skew {:.1f} s", skew));
  }

  void CheckDiscovery() {
    auto api = Api::Connect(settings_);
    if (!api) return;
    http::Request request;
    request.method = "POST";
    request.path = "/";
    request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                       {"X-Amz-Target", "Timestream_20181101.DescribeEndpoints"}};
    request.body = "{}";
    const auto response = api->Send(std::move(request));
    const auto parsed = response ? ParseJson(response->body) : Result<JsonValue>(JsonValue());
    const auto& endpoints = parsed.ok() ? ListOf(*parsed, "Endpoints") : std::vector<JsonValue>();
    if (endpoints.empty()) return Add(Verdict::kProblem, "DescribeEndpoints has no answer");
    Add(Verdict::kGood, "DescribeEndpoints: " + PlainText(endpoints.front().Find("Address")));
  }

  void CheckEnvironment() {
    const auto environment = ProcessSources().environment;
    for (const char* name : {"AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL_TIMESTREAM_WRITE",
                             "AWS_ENDPOINT_URL_TIMESTREAM_QUERY"}) {
      const auto value = environment(name);
      if (!value || value->empty()) {
        return Add(Verdict::kWarning, std::string(name) +
                                          " is not set: SDKs here will not find this server; "
                                          "eval \"$(tidemark env)\"");
      }
      if (*value != settings_.endpoint) {
        return Add(Verdict::kWarning,
                   std::string(name) + " is " + *value + ", not " + settings_.endpoint);
      }
    }
    Add(Verdict::kGood, "SDKs find this server through AWS_ENDPOINT_URL_*");
  }

  void CheckProblems() {
    auto api = Api::Connect(settings_);
    if (!api) return;
    const auto overview = api->Get("/overview");
    if (!overview) return Add(Verdict::kProblem, "/api/v1/overview: " + overview.error().message);
    for (const JsonValue& problem : ListOf(*overview, "problems")) {
      const bool failed = PlainText(problem.Find("severity")) == "failed";
      Add(failed ? Verdict::kProblem : Verdict::kWarning,
          PlainText(problem.Find("object")) + ": " + PlainText(problem.Find("message")));
    }
  }

  const Settings& settings_;
  std::vector<Finding> findings_;
};

int RunDoctor(const Invocation& call) {
  const auto findings = Doctor(call.settings()).Examine();
  int problems = 0;
  int warnings = 0;
  Grid grid;
  grid.head = {{"RESULT"}, {"FINDING"}};
  for (const Finding& finding : findings) {
    problems += finding.verdict == Verdict::kProblem ? 1 : 0;
    warnings += finding.verdict == Verdict::kWarning ? 1 : 0;
    const bool utf8 = call.out().paper().utf8;
    const bool human = !call.settings().machine();
    const std::string_view mark = !human ? (finding.verdict == Verdict::kGood      ? "ok"
                                            : finding.verdict == Verdict::kWarning ? "warning"
                                                                                   : "problem")
                                  : finding.verdict == Verdict::kGood    ? (utf8 ? "✓" : "ok")
                                  : finding.verdict == Verdict::kWarning ? "!"
                                                                         : (utf8 ? "✗" : "x");
    if (human) {
      Printer::Line(std::string(mark) + " " + Harmless(finding.text));
    } else {
      grid.rows.push_back({std::string(mark), finding.text});
    }
  }
  if (call.settings().machine()) call.out().Rows(grid);
  Say(call.settings(), fmt::format("{} problem{}, {} warning{}", problems, problems == 1 ? "" : "s",
                                   warnings, warnings == 1 ? "" : "s"));
  return problems == 0 ? kExitOk : kExitFailure;
}

}  // namespace

std::vector<CommandSpec> EnvironmentCommands() {
  return {
      {.path = "env",
       .summary = "Print what makes AWS SDKs talk to this server",
       .examples = {"eval \"$(tidemark env)\"", "tidemark env --shell dotenv > .env"},
       .options = {{"--shell", "NAME", "Whose words (default bash)",
                    "bash|zsh|fish|powershell|dotenv|compose"},
                   {"--unset", "", "Take it back"}},
       .run = RunEnv},
      {.path = "doctor",
       .summary = "Check endpoint, clock, discovery, environment and the server's problems",
       .about = "Exits 1 when something is wrong.",
       .run = RunDoctor},
      {.path = "health",
       .summary = "Exit 0 if the server is ready",
       .about = "For containers and scripts: 10 while it is not ready, 6 when nobody answers.",
       .examples = {"tidemark health --wait 30s"},
       .options = {{"--live", "", "Alive is enough"},
                   {"--ready", "", "Ready to serve (default)"},
                   {"--wait", "DURATION", "Ask again until then (default 0s)"}},
       .run = RunHealth},
  };
}

}  // namespace tidemark::app
