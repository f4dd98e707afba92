// SPDX-License-Identifier: Apache-2.0
// What a changed definition does: which generation is being built, and what differed when the last
// one took over.
#include "api/console/cell_internal.h"
#include "api/console/reply_internal.h"
#include "api/console/status_internal.h"

namespace tidemark::console {
namespace {

void WriteRow(const view::RowDifference& row, JsonWriter& out) {
  out.BeginObject();
  WriteText(out, "measure", row.measure);
  out.Key("dimensions").BeginObject();
  for (const store::Dimension& d : row.dimensions) WriteText(out, d.name, d.value);
  out.EndObject();
  WriteI64(out, "time", row.time);
  out.Key("before");
  WriteScalar(out, row.before);
  out.Key("now");
  WriteScalar(out, row.now);
  out.EndObject();
}

void WriteSwitch(const ViewGenerations::Switch& last, JsonWriter& out) {
  const view::GenerationDiff& diff = last.diff;
  out.BeginObject().Key("generation").Int(last.generation);
  WriteI64(out, "at", last.at.ms * 1'000'000);
  WriteI64(out, "same", diff.same);
  WriteI64(out, "changed", diff.changed);
  WriteI64(out, "added", diff.added);
  WriteI64(out, "removed", diff.removed);
  out.Key("whole").Bool(diff.whole).Key("rows").BeginArray();
  for (const view::RowDifference& row : diff.rows) WriteRow(row, out);
  out.EndArray().EndObject();
}

}  // namespace

Result<std::string> GenerationsJson(const Result<ViewGenerations>& told) {
  if (!told.ok()) return told.error();
  JsonWriter out;
  out.BeginObject().Key("generation").Int(told->generation).Key("next");
  if (told->next) {
    const view::ViewStatus& status = told->next->status;
    out.BeginObject().Key("generation").Int(told->next->generation);
    WriteText(out, "definition", told->next->definition);
    WriteText(out, "state", view::ViewStateName(status.state));
    WriteTextOrNull(out, "error", status.error);
    out.Key("backfilling").Bool(status.backfilling);
    WriteI64(out, "watermark", status.watermark);
    WriteI64(out, "dirty_count", status.dirty_count);
    WriteI64(out, "windows_published", status.windows_published);
    out.EndObject();
  } else {
    out.Null();
  }
  out.Key("last");
  told->last ? WriteSwitch(*told->last, out) : static_cast<void>(out.Null());
  out.EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::console
