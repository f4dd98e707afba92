// SPDX-License-Identifier: Apache-2.0
// explain point: where a raw point came from and what views made of it.
#include <fmt/format.h>

#include "app/cli/commands_internal.h"
#include "base/time.h"

namespace tidemark::app {
namespace {

std::string DimensionsOf(const JsonValue& item) {
  std::string out;
  const JsonValue* dimensions = item.Find("dimensions");
  if (dimensions == nullptr) return out;
  for (const auto& [name, value] : dimensions->object()) {
    out.append(out.empty() ? "" : ", ").append(name).append("=").append(PlainText(&value));
  }
  return out;
}

std::string OrDash(const JsonValue* value) {
  std::string text = PlainText(value);
  return text.empty() ? "-" : Harmless(text);
}

bool IsTrue(const JsonValue* value) { return value != nullptr && value->bool_value(); }

void PrintVersions(const Invocation& call, const JsonValue& answer) {
  Grid grid;
  grid.head = {{"VERSION", true, false},
               {"VALUE", true, false},
               {"ARRIVAL"},
               {"PIPELINE"},
               {"PARTITION"},
               {"SEQUENCE", false, false},
               {""}};
  for (const JsonValue& version : ListOf(answer, "versions")) {
    const std::string arrival =
        ShownText(version.Find("arrival"), Show::kTimeMs, call.settings().time_zone);
    grid.rows.push_back({PlainText(version.Find("version")), OrDash(version.Find("value")),
                         arrival.empty() ? "-" : arrival, OrDash(version.Find("pipeline")),
                         OrDash(version.Find("partition")), OrDash(version.Find("sequence")),
                         IsTrue(version.Find("current")) ? "stored" : ""});
  }
  call.out().Rows(grid);
}

void PrintWindows(const Invocation& call, const JsonValue& view) {
  const std::string& zone = call.settings().time_zone;
  Grid grid;
  grid.head = {{"WINDOW"},  {"STATE"}, {"ROW"}, {"VALUE", true, false}, {"REVISION", true, false},
               {"NAMED BY"}};
  for (const JsonValue& window : ListOf(view, "windows")) {
    for (const JsonValue& row : ListOf(window, "rows")) {
      std::string named;
      for (const JsonValue& revision : ListOf(row, "revisions")) {
        named += (named.empty() ? "" : ", ") + PlainText(revision.Find("revision")) + " " +
                 PlainText(revision.Find("cause"));
      }
      grid.rows.push_back({ShownText(window.Find("window_start"), Show::kTimeNs, zone) + " - " +
                               ShownText(window.Find("window_end"), Show::kTimeNs, zone),
                           PlainText(window.Find("state")),
                           Harmless(PlainText(row.Find("measure"))), OrDash(row.Find("value")),
                           PlainText(row.Find("revision")), named.empty() ? "-" : named});
    }
  }
  call.out().Rows(grid);
}

void PrintPoint(const Invocation& call, const JsonValue& answer) {
  const std::string& zone = call.settings().time_zone;
  Printer::Line(call.out().Bold(Harmless(PlainText(answer.Find("measure"))) + "  " +
                                Harmless(DimensionsOf(answer)) + "  " +
                                ShownText(answer.Find("time"), Show::kTimeNs, zone)));
  if (!IsTrue(answer.Find("found"))) {
    std::string text = "there is no such point";
    std::string_view before = "; the nearest of the series: ";
    for (const JsonValue& time : ListOf(answer, "nearest")) {
      text.append(before).append(ShownText(&time, Show::kTimeNs, zone));
      before = ", ";
    }
    Printer::Line(text);
  }
  PrintVersions(call, answer);
  if (!IsTrue(answer.Find("records_complete"))) {
    Printer::Line("not all retained records were searched (" +
                  FormatCount(PlainText(answer.Find("records_searched"))) + ")");
  }
  for (const JsonValue& view : ListOf(answer, "views")) {
    const std::string source = Harmless(PlainText(view.Find("source")));
    Printer::Line("\nview " + Harmless(PlainText(view.Find("view"))) +
                  (source.empty() ? "" : " over " + source) + ", complete up to " +
                  ShownText(view.Find("watermark"), Show::kTimeNs, call.settings().time_zone));
    PrintWindows(call, view);
  }
}

int RunPoint(const Invocation& call) {
  const auto table = ParseTableName(call.Text("TABLE", ""));
  if (!table) return Fail(call, table.error());
  const std::string time = call.Text("TIME", "");
  const auto parsed = ParseTimestamp(time);
  std::string path =
      "/explain/point?database=" + Segment(table->database) + "&table=" + Segment(table->table) +
      "&measure=" + Segment(call.Text("MEASURE", "")) +
      (parsed.ok() ? "&time_ns=" + std::to_string(parsed->ns) : "&time=" + Segment(time));
  for (const std::string& word : call.All("DIM=VALUE")) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return call.Usage("\"" + word + "\" is no dimension: write NAME=VALUE");
    }
    path += "&" + Segment("dim." + word.substr(0, equals)) + "=" + Segment(word.substr(equals + 1));
  }
  auto api = Api::Connect(call.settings(), Patience::kPatient);
  if (!api) return Fail(call, api.error());
  const auto text = api->Text("GET", path);
  if (!text) return Fail(call, text.error());
  const auto answer = ParseJson(*text);
  if (!answer.ok()) return Fail(call, answer.error());
  if (call.settings().machine()) {
    Printer::Line(*text);
  } else {
    PrintPoint(call, *answer);
  }
  return IsTrue(answer->Find("found")) ? kExitOk : kExitNotFound;
}

}  // namespace

std::vector<CommandSpec> ExplainCommands() {
  return {
      {.path = "explain", .summary = "Say where numbers come from"},
      {.path = "explain point",
       .summary = "Say where a raw point came from, and which rows of views it is in",
       .about =
           "Prints the versions of the point with the record of the stream that made each, as "
           "long as the stream keeps it; then the windows of each view that hold it, their "
           "rows, and the revisions whose log entry names it. Dimensions may be left out where "
           "they are not needed to tell the series. Exit code 3 when there is no such point; "
           "then the nearest points of the series are named.",
       .examples = {"tidemark explain point plant.motors temperature 2026-01-15T16:23:00Z host=a",
                    "tidemark explain point plant.motors temperature '2026-01-15 16:23:00.250' "
                    "host=a site=b -o json"},
       .arguments = {{"TABLE", "DATABASE.TABLE", Arity::kOne, Names::kTables},
                     {"MEASURE", "Name of the measure", Arity::kOne},
                     {"TIME", "Of the point, to the nanosecond; RFC 3339 or as SQL prints it",
                      Arity::kOne},
                     {"DIM=VALUE", "Dimensions of its series", Arity::kMany}},
       .run = RunPoint},
  };
}

}  // namespace tidemark::app
