// SPDX-License-Identifier: Apache-2.0
// What a table's writers were refused (web/API.md section 10).
#include "api/console/rejections.h"
#include "api/console/routes_internal.h"

namespace tidemark::console {
namespace {

struct Words {
  std::string_view reason;
  std::string_view fix;
};

Words WordsOf(store::RejectReason reason) {
  switch (reason) {
    case store::RejectReason::kNone:
      return {"none", ""};
    case store::RejectReason::kTimeOutOfRange:
      return {"time_out_of_range",
              "Raise the table's retention or switch late writes on; check the client's clock and "
              "TimeUnit."};
    case store::RejectReason::kVersionExists:
      return {"version_exists",
              "Send a higher Version to change a value, or pause at least a second a round where "
              "times repeat."};
    case store::RejectReason::kVersionLower:
      return {"version_lower", "Send a Version above the existing one."};
    case store::RejectReason::kTypeConflict:
      return {"type_conflict", "Write the measure with the type that it has, or by another name."};
    case store::RejectReason::kTableLimit:
      return {"table_limit", "Use fewer dimension, measure or attribute names in this table."};
    case store::RejectReason::kSeriesReserved:
      return {"series_reserved", "A view maintains this measure: write another name."};
    case store::RejectReason::kDamaged:
      return {"damaged", "Restore the file that the text names, or give it up, then send again."};
  }
  TM_UNREACHABLE();
}

void WriteSample(JsonWriter& out, store::Store& store, const RejectionSample& sample) {
  out.BeginObject();
  WriteI64(out, "at", std::optional(sample.at.AsEventTime()));
  WriteTextOrNull(out, "source", sample.source);
  // Described when it is asked for: the write path only notes which series it was.
  const auto series = sample.series != store::SeriesRef{} ? store.Describe(sample.series) : nullptr;
  WriteTextOrNull(out, "measure", series != nullptr ? series->measure : sample.measure);
  out.Key("dimensions").BeginObject();
  if (series != nullptr) {
    for (const store::Dimension& dimension : series->dimensions) {
      WriteText(out, dimension.name, dimension.value);
    }
  } else {
    for (const auto& [name, value] : sample.dimensions) WriteText(out, name, value);
  }
  out.EndObject();
  WriteI64(out, "time", sample.time);
  out.Key("version");
  sample.version > 0 ? out.String(std::to_string(sample.version)) : out.Null();
  out.Key("existing_version");
  sample.existing_version ? out.String(std::to_string(*sample.existing_version)) : out.Null();
  out.EndObject();
}

Answer GetRejections(Core& core, Call& call) {
  const auto table = core.deps.catalog.GetTable(call.path[1], call.path[3]);
  if (!table.ok()) return core.Fail(ToFailure(table.error(), "table_not_found"));
  if (core.deps.rejections == nullptr) {
    return core.Fail(Error{Code::kUnimplemented, "This server notes no rejections."});
  }
  const auto groups = core.deps.rejections->Of(table->id);
  uint64_t total = 0;
  for (const RejectionGroup& group : groups) total += group.count;
  JsonWriter out;
  out.BeginObject();
  WriteI64(out, "since", std::optional(core.deps.rejections->since().AsEventTime()));
  WriteI64(out, "total", total);
  out.Key("groups").BeginArray();
  for (const RejectionGroup& group : groups) {
    const Words words = WordsOf(group.reason);
    out.BeginObject();
    WriteText(out, "reason", words.reason);
    WriteText(out, "text", group.text);
    WriteText(out, "fix", words.fix);
    WriteI64(out, "count", group.count);
    WriteI64(out, "first", std::optional(group.first.AsEventTime()));
    WriteI64(out, "last", std::optional(group.last.AsEventTime()));
    out.Key("samples").BeginArray();
    for (const RejectionSample& sample : group.samples) {
      WriteSample(out, core.deps.store, sample);
    }
    out.EndArray().EndObject();
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"GET", "databases/*/tables/*/rejections", GetRejections},
};

}  // namespace

std::span<const Route> RejectionRoutes() { return kRoutes; }

}  // namespace tidemark::console
