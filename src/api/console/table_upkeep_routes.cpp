// SPDX-License-Identifier: Apache-2.0
// What a table keeps, and what its series are made of (web/API.md section 10).
#include <algorithm>
#include <map>
#include <unordered_map>

#include "api/console/streams_internal.h"
#include "api/console/table_details_internal.h"
#include "base/numbers.h"

namespace tidemark::console {
namespace {

// timestream-api.md 4.9.
constexpr IntRange kMemoryHours{1, 8766, 0};
constexpr IntRange kMagneticDays{1, 73'000, 0};
constexpr uint64_t kIdSeriesMin = 100;  // fewer values are no sign of an id

std::optional<Failure> ReadCount(const JsonValue& body, std::string_view name, IntRange range,
                                 std::optional<int64_t>& out) {
  const JsonValue* value = body.Find(name);
  if (value == nullptr) return std::nullopt;
  out = value->is_string() ? ParseInt64(value->string_value()) : value->AsInt64();
  if (out && *out >= range.min && *out <= range.max) return std::nullopt;
  return InvalidRequest(
      "it must be from " + std::to_string(range.min) + " to " + std::to_string(range.max),
      std::string(name));
}

Answer ChangeTable(Core& core, Call& call) {
  const auto body = ParseBody(
      call.request.body, {"memory_retention_hours", "magnetic_retention_days", "magnetic_writes"});
  if (!body.ok()) return core.Fail(body.error());
  TableChange change;
  if (const auto failure =
          ReadCount(*body, "memory_retention_hours", kMemoryHours, change.memory_retention_hours)) {
    return core.Fail(*failure);
  }
  if (const auto failure = ReadCount(*body, "magnetic_retention_days", kMagneticDays,
                                     change.magnetic_retention_days)) {
    return core.Fail(*failure);
  }
  if (const JsonValue* writes = body->Find("magnetic_writes"); writes != nullptr) {
    if (writes->kind() != JsonValue::Kind::kBool) {
      return core.Fail(InvalidRequest("it must be true or false", "magnetic_writes"));
    }
    change.magnetic_writes = writes->bool_value();
  }
  const auto done = core.deps.admin.ChangeTable(call.path[1], call.path[3], change);
  if (!done.ok()) return core.Fail(ToFailure(done.error(), "table_not_found"));
  const auto table = core.deps.catalog.GetTable(call.path[1], call.path[3]);
  if (!table.ok()) return core.Fail(ToFailure(table.error(), "table_not_found"));
  JsonWriter out;
  out.BeginObject();
  WriteText(out, "database", table->database_name);
  WriteText(out, "table", table->name);
  WriteI64(out, "memory_retention_hours", table->memory_retention_hours);
  WriteI64(out, "magnetic_retention_days", table->magnetic_retention_days);
  out.Key("magnetic_writes").Bool(table->magnetic_writes_enabled).EndObject();
  return Replies::Ok(std::move(out).Take());
}

// ---- series

struct Dimension {
  std::string_view name;
  uint64_t series = 0;
  std::unordered_map<std::string_view, uint64_t> values;  // series of each
};

void WriteDimension(JsonWriter& out, const Dimension& dimension, size_t top) {
  std::vector<std::pair<std::string_view, uint64_t>> most(dimension.values.begin(),
                                                          dimension.values.end());
  const size_t shown = std::min(top, most.size());
  std::ranges::partial_sort(most, most.begin() + static_cast<std::ptrdiff_t>(shown),
                            [](const auto& a, const auto& b) {
                              return a.second != b.second ? a.second > b.second : a.first < b.first;
                            });
  out.BeginObject();
  WriteText(out, "name", dimension.name);
  WriteI64(out, "distinct", uint64_t{dimension.values.size()});
  WriteI64(out, "series", dimension.series);
  out.Key("looks_like_id")
      .Bool(dimension.values.size() > kIdSeriesMin &&
            dimension.values.size() * 2 > dimension.series);
  out.Key("top").BeginArray();
  for (size_t i = 0; i < shown; ++i) {
    out.BeginObject();
    WriteText(out, "value", most[i].first);
    WriteI64(out, "series", most[i].second);
    out.Key("share").Double(static_cast<double>(most[i].second) /
                            static_cast<double>(dimension.series));
    out.EndObject();
  }
  out.EndArray().EndObject();
}

Answer GetSeries(Core& core, Call& call) {
  const auto top = QueryInt(call.request, "top", {1, 100, 10});
  if (!top) return core.Fail(top.error());
  const auto table = core.deps.catalog.GetTable(call.path[1], call.path[3]);
  if (!table.ok()) return core.Fail(ToFailure(table.error(), "table_not_found"));
  const auto schema = core.deps.store.Schema(table->id);
  if (!schema.ok()) return core.Fail(schema.error());
  const uint64_t known = SeriesOf(core.deps, table->id);
  JsonWriter out;
  out.BeginObject();
  if (known > kSeriesRead) {
    WriteI64(out, "series", known);
    WriteI64(out, "measures", uint64_t{schema->measures.size()});
    out.Key("dimensions").Null().EndObject();
    return Replies::Ok(std::move(out).Take());
  }
  store::Selection selection;
  selection.table = table->id;
  const auto series = core.deps.store.Series(selection);
  if (!series.ok()) return core.Fail(series.error());
  std::map<std::string_view, Dimension> by_name;
  for (const std::string& name : schema->dimensions) by_name[name].name = name;
  for (const auto& one : *series) {
    for (const store::Dimension& dimension : one->dimensions) {
      Dimension& counted = by_name[dimension.name];
      counted.name = dimension.name;
      ++counted.series;
      ++counted.values[dimension.value];
    }
  }
  std::vector<const Dimension*> order;
  for (const auto& [name, dimension] : by_name) order.push_back(&dimension);
  std::ranges::sort(order, [](const Dimension* a, const Dimension* b) {
    const bool equal = a->values.size() == b->values.size();
    return equal ? a->name < b->name : a->values.size() > b->values.size();
  });
  WriteI64(out, "series", uint64_t{series->size()});
  WriteI64(out, "measures", uint64_t{schema->measures.size()});
  out.Key("dimensions").BeginArray();
  for (const Dimension* dimension : order) {
    WriteDimension(out, *dimension, static_cast<size_t>(*top));
  }
  out.EndArray().EndObject();
  return Replies::Ok(std::move(out).Take());
}

constexpr Route kRoutes[] = {
    {"PATCH", "databases/*/tables/*", ChangeTable},
    {"GET", "databases/*/tables/*/series", GetSeries},
};

}  // namespace

std::span<const Route> TableUpkeepRoutes() { return kRoutes; }

}  // namespace tidemark::console
