// SPDX-License-Identifier: Apache-2.0
// What asks about a view: verify and advise; and its end.
#include "api/console/cell_internal.h"
#include "api/console/routes_internal.h"
#include "api/console/status_internal.h"
#include "api/console/time_range_internal.h"

namespace tidemark::console {
namespace {

void WriteSeries(JsonWriter& out, const store::SeriesInfo* series) {
  WriteText(out, "measure", series != nullptr ? series->measure : "");
  out.Key("dimensions").BeginObject();
  if (series != nullptr) {
    for (const store::Dimension& dimension : series->dimensions) {
      WriteText(out, dimension.name, dimension.value);
    }
  }
  out.EndObject();
}

std::string VerifyJson(const view::VerifyReport& report) {
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "view", report.view);
  out.Key("generation").Uint(report.generation);
  WriteI64(out, "watermark", report.watermark);
  // Counts of what was looked at: far below 2^53, so that scripts compare them as numbers.
  for (const auto& [name, count] :
       {std::pair("windows", report.windows), std::pair("points_read", report.points_read),
        std::pair("differences", report.differences), std::pair("frozen", report.frozen),
        std::pair("gaps", report.gaps), std::pair("open", report.open),
        std::pair("waiting", report.waiting)}) {
    out.Key(name).Uint(count);
  }
  out.Key("rows").BeginArray();
  for (const view::WrongRow& row : report.rows) {
    out.BeginObject();
    WriteText(out, "difference", view::DifferenceName(row.kind));
    WriteSeries(out, row.series.get());
    WriteI64(out, "time", std::optional(row.time));
    WriteI64(out, "window_start", std::optional(row.window.start));
    WriteI64(out, "window_end", std::optional(row.window.end));
    out.Key("revision").Uint(row.revision);
    out.Key("old");
    WriteScalar(out, row.old_value);
    out.Key("new");
    WriteScalar(out, row.new_value);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

Answer Verify(Core& core, Call& call) {
  view::VerifyOptions options;
  for (const auto& [name, value] : call.request.DecodedQuery()) {
    if (name != "from" && name != "to") {
      return core.Fail(InvalidRequest("there is no such parameter", name));
    }
    const auto time = ParseTimePoint(value, core.deps.clock.Now().AsEventTime());
    if (!time.ok()) return core.Fail(InvalidRequest(time.error().message, name));
    (name == "from" ? options.windows.start : options.windows.end) = *time;
  }
  auto work = core.deps.views.Verify(call.path[1], options);
  if (!work.ok()) return core.OfView(work.error());
  for (;;) {
    const auto more = (*work)->Step();
    if (!more.ok()) return core.OfView(more.error());
    if (!*more) break;
    if (call.peer->gone()) return core.Fail(Error{Code::kCancelled, "The client left."});
  }
  const view::VerifyReport& report = (*work)->report();
  if (options.windows == TimeRange{}) core.deps.views.NoteVerified(report);
  return Replies::Ok(VerifyJson(report));
}

/// "99", "99.9", "99.99" percent.
constexpr std::pair<std::string_view, double> kShares[] = {
    {"99", 0.99}, {"99.9", 0.999}, {"99.99", 0.9999}};

void WriteNs(JsonWriter& out, std::string_view key, nanoseconds value) {
  WriteI64(out, key, int64_t{value.count()});
}

Answer Advise(Core& core, Call& call) {
  const auto status = core.deps.views.Status(call.path[1]);
  if (!status.ok()) return core.OfView(status.error());
  const view::ViewDefinition& view = status->definition;
  const auto table = core.deps.catalog.GetView(view.name);
  if (!table.ok()) return core.OfView(table.error());
  if (!table->source.empty()) {
    return core.OfView(Error{Code::kFailedPrecondition,
                             "view " + view.name + " reads view " + table->source +
                                 ", whose rows come complete: ask for advice on that one"});
  }
  const auto orders = core.deps.pipelines.OrdersInto(view.source);
  const auto pipelines = core.deps.pipelines.Statuses();
  pipeline::OrderSketch all;
  for (const pipeline::OrderBook::Entry& one : orders) all.Merge(one.sketch);
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "view", view.name);
  WriteI64(out, "points", all.count());
  WriteI64(out, "out_of_order", all.behind());
  WriteNs(out, "out_of_order_max_ns", all.max());
  WriteNs(out, "out_of_orderness_ns", view.out_of_orderness);
  WriteNs(out, "allowed_lateness_ns", view.allowed_lateness);
  out.Key("covered").Double(all.Covered(view.out_of_orderness));
  out.Key("covered_with_lateness")
      .Double(all.Covered(view.out_of_orderness + view.allowed_lateness));
  out.Key("advice").BeginArray();
  for (const auto& [name, share] : kShares) {
    const nanoseconds bound = all.Bound(share);
    out.BeginObject();
    WriteText(out, "quantile", name);
    WriteNs(out, "out_of_orderness_ns", bound);
    WriteNs(out, "allowed_lateness_ns", std::max(bound - view.out_of_orderness, nanoseconds(0)));
    WriteNs(out, "delay_ns", bound);
    out.EndObject();
  }
  out.EndArray().Key("partitions").BeginArray();
  for (const pipeline::OrderBook::Entry& one : orders) {
    out.BeginObject();
    WriteText(out, "source", SourceName(one.key.source, pipelines));
    WriteText(out, "partition", one.name);
    WriteI64(out, "points", one.sketch.count());
    WriteI64(out, "out_of_order", one.sketch.behind());
    WriteNs(out, "out_of_order_max_ns", one.sketch.max());
    for (const auto& [name, share] : kShares) {
      WriteNs(out, "p" + std::string(name) + "_ns", one.sketch.Bound(share));
    }
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

Answer Drop(Core& core, Call& call) {
  auto rows = Admin::ViewRows::kEnd;
  for (const auto& [name, value] : call.request.DecodedQuery()) {
    if (name != "rows" || (value != "keep" && value != "end")) {
      return core.Fail(InvalidRequest("rows must be keep or end", name));
    }
    if (value == "keep") rows = Admin::ViewRows::kKeep;
  }
  const auto done = core.deps.admin.DropView(call.path[1], rows);
  if (!done.ok()) return core.OfView(done.error());
  return NoContent();
}

void WriteTotals(JsonWriter& out, std::string_view key, const ViewSimulation::Totals& totals) {
  out.Key(key).BeginObject();
  out.Key("rows").Uint(totals.rows);
  out.Key("revisions").Uint(totals.revisions);
  out.Key("late_points").Uint(totals.late_points);
  out.Key("frozen").Uint(totals.frozen);
  WriteI64(out, "watermark", totals.watermark);
  out.EndObject();
}

Answer Simulate(Core& core, Call& call) {
  const std::string name = call.path[1].substr(0, call.path[1].size() - 9);  // ":simulate"
  const auto body = ParseBody(call.request.body, {"settings"});
  if (!body.ok()) return core.Fail(ToFailure(body.error()));
  const JsonValue* wished = body->Find("settings");
  if (wished == nullptr || !wished->is_object() || wished->object().empty()) {
    return core.Fail(
        InvalidRequest("it must be an object of texts, by key of [[view]]", "settings"));
  }
  std::vector<std::pair<std::string, std::string>> settings;
  for (const auto& [key, value] : wished->object()) {
    if (!value.is_string()) return core.Fail(InvalidRequest("it must be a text", key));
    settings.emplace_back(key, value.string_value());
  }
  const auto done =
      core.deps.admin.SimulateView(name, settings, [&call] { return call.peer->gone(); });
  if (!done.ok()) return core.OfView(done.error());
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "view", name);
  out.Key("records").Uint(done->records);
  out.Key("points").Uint(done->points);
  out.Key("differences").Uint(done->differences);
  WriteTotals(out, "present", done->present);
  WriteTotals(out, "simulated", done->simulated);
  out.Key("rows").BeginArray();
  for (const ViewSimulation::Row& row : done->rows) {
    const bool had = !std::holds_alternative<std::monostate>(row.old_value);
    const bool has = !std::holds_alternative<std::monostate>(row.new_value);
    out.BeginObject();
    WriteText(out, "difference", !had ? "new" : has ? "value" : "gone");
    WriteText(out, "measure", row.measure);
    out.Key("dimensions").BeginObject();
    for (const auto& [dimension, value] : row.dimensions) WriteText(out, dimension, value);
    out.EndObject();
    WriteI64(out, "time", std::optional(row.time));
    WriteI64(out, "window_start", std::optional(row.window.start));
    WriteI64(out, "window_end", std::optional(row.window.end));
    out.Key("old");
    WriteScalar(out, row.old_value);
    out.Key("new");
    WriteScalar(out, row.new_value);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"POST", "views/*:simulate", Simulate},
    {"GET", "views/*/advice", Advise},
    {"DELETE", "views/*", Drop},
    {.method = "GET", .pattern = "views/*/verify", .handler = Verify, .watches_peer = true},
};

}  // namespace

std::span<const Route> ViewToolRoutes() { return kRoutes; }

}  // namespace tidemark::console
