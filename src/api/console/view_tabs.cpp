// SPDX-License-Identifier: Apache-2.0
// The tabs of one view: watermarks, lateness, windows.
#include "api/console/reply_internal.h"
#include "api/console/status_internal.h"

namespace tidemark::console {
namespace {

using view::WindowStatus;

std::string_view StateOf(const WindowStatus& window) {
  switch (window.state) {
    case WindowStatus::State::kOpen:
      return "open";
    case WindowStatus::State::kFinal:
    case WindowStatus::State::kClosed:
      if (window.revisions > window.rows) return "revised";
      return window.state == WindowStatus::State::kFinal ? "final" : "closed";
  }
  TM_UNREACHABLE();
}

/// Members "source" and "partition", as people call them.
void WriteOrigin(JsonWriter& out, const store::SourcePartition& from,
                 const std::vector<pipeline::PipelineStatus>& pipelines) {
  std::string shown = std::to_string(from.partition);
  for (const auto& p : pipelines) {
    if (from.source != store::SourceId{store::SourceId::Kind::kPipeline, p.definition.id.value}) {
      continue;
    }
    for (const auto& known : p.partitions) {
      if (known.partition == from.partition) shown = known.name;
    }
  }
  WriteText(out, "source", SourceName(from.source, pipelines));
  WriteText(out, "partition", shown);
}

}  // namespace

std::string SourceName(const store::SourceId& source,
                       const std::vector<pipeline::PipelineStatus>& pipelines) {
  if (source.kind == store::SourceId::Kind::kDirect) return "direct";
  for (const auto& one : pipelines) {
    if (one.definition.id.value == source.id) return one.definition.name;
  }
  return "pipeline " + std::to_string(source.id);
}

Result<std::string> Status::Watermarks(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const view::ViewStatus status, deps_.views.Status(name));
  const auto pipelines = deps_.pipelines.Statuses();
  JsonWriter out;
  out.BeginObject();
  WriteI64(out, "watermark", status.watermark);
  out.Key("partitions").BeginArray();
  for (const view::PartitionStatus& partition : status.partitions) {
    out.BeginObject();
    WriteOrigin(out, {partition.source, partition.partition}, pipelines);
    WriteI64(out, "max_event_time", partition.max_event_time);
    WriteI64(out, "watermark", partition.watermark);
    out.Key("idle").Bool(partition.idle).Key("holds_back").Bool(partition.holds_back);
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

Result<std::string> Status::Lateness(std::string_view name) const {
  TM_ASSIGN_OR_RETURN(const view::ViewStatus status, deps_.views.Status(name));
  const auto& bounds = view::LatenessHistogram::kUpperMs;
  JsonWriter out;
  out.BeginObject().Key("buckets").BeginArray();
  for (size_t i = 0; i < status.lateness.buckets.size(); ++i) {
    const auto& bucket = status.lateness.buckets[i];
    out.BeginObject().Key("le_ms");
    i < bounds.size() ? out.String(std::to_string(bounds[i])) : out.Null();
    WriteI64(out, "on_time", bucket.on_time);
    WriteI64(out, "late", bucket.late);
    WriteI64(out, "frozen", bucket.frozen);
    out.EndObject();
  }
  out.EndArray().Key("partitions").BeginArray();
  const auto pipelines = deps_.pipelines.Statuses();
  for (const view::LatePartition& partition : status.late_partitions) {
    out.BeginObject();
    WriteOrigin(out, partition.from, pipelines);
    WriteI64(out, "late", partition.late);
    WriteI64(out, "frozen", partition.frozen);
    WriteI64(out, "lateness_max_ms", int64_t{partition.lateness_max / milliseconds(1)});
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

Result<std::string> Status::Windows(std::string_view name, const WindowsWish& wish) const {
  TM_ASSIGN_OR_RETURN(
      auto windows,
      deps_.views.Windows(name, wish.revised ? kWindowsMax : wish.limit, wish.before));
  if (wish.revised) {
    std::erase_if(windows, [](const WindowStatus& w) { return w.revisions <= w.rows; });
    if (windows.size() > wish.limit) windows.resize(wish.limit);
  }
  JsonWriter out;
  out.BeginObject().Key("windows").BeginArray();
  for (const WindowStatus& window : windows) {
    out.BeginObject();
    WriteI64(out, "window_start", std::optional(window.window.start));
    WriteI64(out, "window_end", std::optional(window.window.end));
    WriteI64(out, "series", window.rows);
    WriteI64(out, "revisions", window.revisions);
    WriteText(out, "state", StateOf(window));
    out.EndObject();
  }
  out.EndArray().EndObject();
  return std::move(out).Take();
}

}  // namespace tidemark::console
