// SPDX-License-Identifier: Apache-2.0
#include "app/late_streams.h"

#include <string>
#include <utility>

#include "base/json.h"

namespace tidemark::app {
namespace {

void WriteColumn(JsonWriter& out, const store::ColumnView& column) {
  if (!column.valid.empty() && column.valid[0] == 0) {
    out.Null();
    return;
  }
  switch (column.type) {
    case store::ValueType::kDouble:
      out.Double(column.doubles[0]);
      return;
    case store::ValueType::kBigint:
      out.Int(column.bigints[0]);
      return;
    case store::ValueType::kVarchar:
      out.String(column.texts[0]);
      return;
    case store::ValueType::kBoolean:
      out.Bool(column.booleans[0] != 0);
      return;
    case store::ValueType::kTimestamp:
      out.Int(column.timestamps[0].ns);
      return;
    case store::ValueType::kNone:
    case store::ValueType::kMulti:
      out.Null();
  }
}

/// What is stored there; null where it cannot be read, or is gone.
void WriteValue(store::Store& store, const view::ViewDefinition& view, const view::LatePoint& point,
                JsonWriter& out) {
  store::ScanRequest scan;
  scan.selection.table = view.source;
  scan.selection.time = {point.time, point.time + nanoseconds(1)};
  scan.selection.series = {{point.series}};
  const auto cursor = store.Scan(scan);
  store::SliceBuffer buffer;
  store::Slice slice;
  const auto found = cursor.ok() ? (*cursor)->Next(buffer, slice) : Result<bool>(false);
  if (!found.ok() || !*found) {
    out.Null();
  } else if (slice.series->type != store::ValueType::kMulti) {
    WriteColumn(out, slice.columns[0]);
  } else {
    out.BeginObject();
    for (const store::ColumnView& column : slice.columns) {
      out.Key(column.name);
      WriteColumn(out, column);
    }
    out.EndObject();
  }
}

std::string Record(store::Store& store, const view::ViewDefinition& view,
                   const store::SeriesInfo& series, const view::LatePoint& point) {
  JsonWriter out;
  out.BeginObject();
  out.Key("view").String(view.name).Key("table").String(view.source_name);
  out.Key("measure").String(series.measure).Key("dimensions").BeginObject();
  for (const store::Dimension& d : series.dimensions) out.Key(d.name).String(d.value);
  out.EndObject();
  out.Key("type").String(store::ValueTypeName(series.type));
  out.Key("value");
  WriteValue(store, view, point, out);
  out.Key("time").Int(point.time.ns);
  out.Key("window").BeginObject();
  out.Key("start").Int(point.window.start.ns).Key("end").Int(point.window.end.ns).EndObject();
  out.Key("watermark").Int(point.watermark.ns);
  out.Key("reason").String(view::LateReasonName(point.reason)).EndObject();
  return std::move(out).Take();
}

}  // namespace

Result<void> LateStreams::Ensure(std::string_view stream) {
  if (stream.empty() || log_.Find(stream) != nullptr) return {};
  auto made = log_.CreateStream({.name = std::string(stream)});
  if (!made.ok() && made.error().code != Code::kAlreadyExists) return std::move(made).error();
  return {};
}

void LateStreams::OnLatePoints(const view::ViewDefinition& view,
                               std::span<const view::LatePoint> points, Completion<void> done) {
  if (view.late_stream.empty()) return done({});
  if (auto made = Ensure(view.late_stream); !made.ok()) return done(std::move(made));
  const auto stream = log_.Find(view.late_stream);
  if (stream == nullptr) return done(Error{Code::kNotFound, "no stream " + view.late_stream});
  log::PutBatch batch = stream->NewBatch();
  for (const view::LatePoint& point : points) {
    const auto series = store_.Describe(point.series);
    if (series == nullptr) continue;  // its table was dropped
    const std::string record = Record(store_, view, *series, point);
    if (auto added = batch.Add({view.name, record, std::nullopt}); !added.ok()) {
      return done(std::move(added));
    }
  }
  if (batch.size() == 0) return done({});
  stream->Append(std::move(batch), [done = std::move(done)](auto places) mutable {
    done(places.ok() ? Result<void>() : Result<void>(std::move(places).error()));
  });
}

}  // namespace tidemark::app
