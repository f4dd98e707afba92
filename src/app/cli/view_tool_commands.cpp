// SPDX-License-Identifier: Apache-2.0
// view verify, advise, simulate, drop.
#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

std::string PathOf(const Invocation& call) { return "/views/" + Segment(call.Text("NAME", "")); }

/// "cpu host=a, zone=b".
std::string SeriesOf(const JsonValue& row) {
  std::string out = PlainText(row.Find("measure"));
  const JsonValue* dimensions = row.Find("dimensions");
  if (dimensions == nullptr) return out;
  std::string_view before = " ";
  for (const auto& [name, value] : dimensions->object()) {
    out.append(before).append(name).append("=").append(PlainText(&value));
    before = ", ";
  }
  return out;
}

std::string OrDash(const JsonValue* value) {
  std::string text = PlainText(value);
  return text.empty() ? "-" : text;
}

/// Rows with what they are and what they would be.
Grid DifferenceGrid(const Invocation& call, const JsonValue& answer) {
  const std::string& zone = call.settings().time_zone;
  Grid grid;
  grid.head = {{"DIFFERENCE"}, {"TIME"}, {"SERIES"}, {"OLD", true, false}, {"NEW", true, false}};
  for (const JsonValue& row : ListOf(answer, "rows")) {
    grid.rows.push_back({PlainText(row.Find("difference")),
                         ShownText(row.Find("time"), Show::kTimeNs, zone), Harmless(SeriesOf(row)),
                         Harmless(OrDash(row.Find("old"))), Harmless(OrDash(row.Find("new")))});
  }
  return grid;
}

int RunVerify(const Invocation& call) {
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  std::string path = PathOf(call) + "/verify";
  for (const char* option : {"from", "to"}) {
    const auto text = call.Text(option);
    if (!text) continue;
    path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(option) + "=" +
            Segment(*text);
  }
  const auto text = api->Text("GET", path);
  if (!text) return Fail(call, text.error());
  const auto answer = ParseJson(*text);
  if (!answer.ok()) return Fail(call, answer.error());
  const bool clean = PlainText(answer->Find("differences")) == "0";
  if (call.out().format() == Format::kJson) {
    Printer::Line(*text);
    return clean ? kExitOk : kExitFailure;
  }
  if (!call.settings().machine()) {
    const std::vector<Column> columns{{"VIEW", "view"},
                                      {"GENERATION", "generation"},
                                      {"WATERMARK", "watermark", Show::kTimeNs},
                                      {"WINDOWS", "windows", Show::kNumber},
                                      {"POINTS READ", "points_read", Show::kNumber},
                                      {"DIFFERENCES", "differences", Show::kNumber},
                                      {"FROZEN", "frozen", Show::kNumber},
                                      {"GAPS", "gaps", Show::kNumber},
                                      {"OPEN", "open", Show::kNumber},
                                      {"WAITING", "waiting", Show::kNumber}};
    call.out().Item(columns, *answer);
  }
  if (!clean || call.settings().machine()) call.out().Rows(DifferenceGrid(call, *answer));
  return clean ? kExitOk : kExitFailure;
}

std::string DurationOf(const JsonValue* ns) {
  const auto value = ParseInt64(PlainText(ns));
  return value ? FormatMillis(static_cast<double>(*value) / 1e6) : "-";
}

int RunAdvise(const Invocation& call) {
  auto api = Api::Connect(call.settings());
  if (!api) return Fail(call, api.error());
  const auto text = api->Text("GET", PathOf(call) + "/advice");
  if (!text) return Fail(call, text.error());
  const auto answer = ParseJson(*text);
  if (!answer.ok()) return Fail(call, answer.error());
  if (call.out().format() == Format::kJson) {
    Printer::Line(*text);
    return kExitOk;
  }
  Grid grid;
  grid.head = {{"QUANTILE", true, false},
               {"OUT OF ORDERNESS", true, false},
               {"ALLOWED LATENESS", true, false},
               {"DELAY", true, false}};
  for (const JsonValue& row : ListOf(*answer, "advice")) {
    grid.rows.push_back(
        {PlainText(row.Find("quantile")) + " %", DurationOf(row.Find("out_of_orderness_ns")),
         DurationOf(row.Find("allowed_lateness_ns")), DurationOf(row.Find("delay_ns"))});
  }
  call.out().Rows(grid);
  if (call.settings().machine()) return kExitOk;
  Printer::Line(
      fmt::format("of {} points {} came out of order, by {} at most; now out_of_orderness "
                  "is {} and allowed_lateness {}",
                  FormatCount(PlainText(answer->Find("points"))),
                  FormatCount(PlainText(answer->Find("out_of_order"))),
                  DurationOf(answer->Find("out_of_order_max_ns")),
                  DurationOf(answer->Find("out_of_orderness_ns")),
                  DurationOf(answer->Find("allowed_lateness_ns"))));
  return kExitOk;
}

int RunSimulate(const Invocation& call) {
  JsonWriter body;
  body.BeginObject().Key("settings").BeginObject();
  for (const std::string& word : call.All("KEY=VALUE")) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return call.Usage("\"" + word + "\" is no setting: write KEY=VALUE, a key of [[view]]");
    }
    body.Key(word.substr(0, equals)).String(word.substr(equals + 1));
  }
  body.EndObject().EndObject();
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  const auto text = api->Text("POST", PathOf(call) + ":simulate", std::move(body).Take());
  if (!text) return Fail(call, text.error());
  const auto answer = ParseJson(*text);
  if (!answer.ok()) return Fail(call, answer.error());
  const std::string differences = PlainText(answer->Find("differences"));
  const int exit = differences == "0" ? kExitOk : kExitFailure;
  if (call.out().format() == Format::kJson) {
    Printer::Line(*text);
    return exit;
  }
  if (differences != "0" || call.settings().machine()) {
    call.out().Rows(DifferenceGrid(call, *answer));
  }
  if (call.settings().machine()) return exit;
  Printer::Line(FormatCount(differences) + " rows would differ, of " +
                FormatCount(PlainText(MemberOf(*answer, "present.rows"))) + "; " +
                FormatCount(PlainText(answer->Find("records"))) + " records were played");
  return exit;
}

int RunDrop(const Invocation& call) {
  const std::string name = call.Text("NAME", "");
  if (const auto refused = RefusedDeletion(call, "view", name)) return *refused;
  const bool keep = call.Has("keep-rows");
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  const auto done = api->Text("DELETE", PathOf(call) + (keep ? "?rows=keep" : ""));
  if (!done) return Fail(call, done.error());
  Printer::Line("dropped view " + name + (keep ? "; its rows are points of the table now" : ""));
  return kExitOk;
}

}  // namespace

std::vector<CommandSpec> ViewToolCommands() {
  const std::vector<ArgumentSpec> name{{"NAME", "Name of the view", Arity::kOne, Names::kViews}};
  return {
      {.path = "view verify",
       .summary = "Compute a view's rows again from the raw points and compare them bit by bit",
       .about =
           "Exit code 1 when rows differ. What the view has not read yet, windows that are "
           "open, frozen or not whole are counted apart and are no difference. Writes nothing.",
       .examples = {"tidemark view verify cpu",
                    "tidemark view verify cpu --from now-1d --to now-1h -o json"},
       .arguments = name,
       .options = {{"--from", "TIME", "Windows that begin then or later (default: all)"},
                   {"--to", "TIME", "Windows that begin before (default: all)"}},
       .run = RunVerify},
      {.path = "view advise",
       .summary = "Say which out_of_orderness and allowed_lateness would have covered the data",
       .about =
           "For 99, 99.9 and 99.99 % of the points that pipelines read since they were started: "
           "the out_of_orderness that has them on time; the allowed_lateness that has them "
           "before windows are final, with the present out_of_orderness; and how long after "
           "the newest event rows are published with the first.",
       .arguments = name,
       .run = RunAdvise},
      {.path = "view simulate",
       .summary = "Say which rows would differ under other settings; writes nothing",
       .about = "Plays the records that the streams of the view's table retain, in the order of "
                "their arrival, into a store of its own: once with the present settings, once with "
                "the others. Prints the first 100 rows that differ and how many do; exit code 1 "
                "when any does.",
       .examples = {"tidemark view simulate cpu late=freeze allowed_lateness=1m",
                    "tidemark view simulate cpu window=1m aggregates=avg,p95 -o json"},
       .arguments = {{"NAME", "Name of the view", Arity::kOne, Names::kViews},
                     {"KEY=VALUE", "Keys of [[view]]; texts need no quotes, lists no brackets",
                      Arity::kMany}},
       .run = RunSimulate},
      {.path = "view drop",
       .summary = "End a view and its rows",
       .about = "The log of its revisions ends with it. The raw points stay.",
       .examples = {"tidemark view drop cpu --keep-rows --yes"},
       .arguments = name,
       .options = {{"--keep-rows", "",
                    "Published rows become points of the table, that a new view "
                    "may adopt"},
                   {"--confirm", "NAME", "Its name once more, for scripts"}},
       .run = RunDrop},
  };
}

}  // namespace tidemark::app
