// SPDX-License-Identifier: Apache-2.0
#include "store/testing/conformance.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "store/testing/embedded_host.h"
#include "store/testing/model_store.h"

namespace tidemark::store {
namespace {

class ModelHost final : public StoreHost {
 public:
  Store& store() override { return store_; }
  sim::SimClock& clock() override { return clock_; }
  void Settle() override {}
  bool Restart() override { return false; }

 private:
  sim::SimClock clock_;
  ModelStore store_{clock_};
};

std::string DoubleText(double v) {
  char text[64];
  std::snprintf(text, sizeof(text), "d:%a", v);
  return text;
}

ValueView ColumnValue(const ColumnView& column, size_t i) {
  switch (column.type) {
    case ValueType::kDouble:
      return ValueView::Double(column.doubles[i]);
    case ValueType::kBigint:
      return ValueView::Bigint(column.bigints[i]);
    case ValueType::kVarchar:
      return ValueView::Varchar(column.texts[i]);
    case ValueType::kBoolean:
      return ValueView::Boolean(column.booleans[i] != 0);
    case ValueType::kTimestamp:
      return ValueView::Timestamp(column.timestamps[i]);
    case ValueType::kNone:
    case ValueType::kMulti:
      break;
  }
  return {};
}

std::string RowText(const Slice& slice, size_t i) {
  if (slice.series->type != ValueType::kMulti) return ValueText(ColumnValue(slice.columns[0], i));
  std::map<std::string, std::string> fields;
  for (const ColumnView& c : slice.columns) {
    if (c.valid.empty() || c.valid[i] != 0)
      fields[std::string(c.name)] = ValueText(ColumnValue(c, i));
  }
  std::string out = "{";
  for (const auto& [name, value] : fields) out += (out.size() > 1 ? "," : "") + name + "=" + value;
  return out + "}";
}

}  // namespace

void PrintTo(const StoreHostParam& param, std::ostream* out) { *out << param.name; }
void PrintTo(const ReadRow& row, std::ostream* out) {
  *out << row.series << "@" << row.time_ns << "=" << row.value << " v" << row.version << " "
       << row.row;
}

std::string ValueText(const ValueView& value) {
  switch (value.type()) {
    case ValueType::kDouble:
      return DoubleText(value.as_double());
    case ValueType::kBigint:
      return "i:" + std::to_string(value.as_bigint());
    case ValueType::kVarchar:
      return "s:" + std::string(value.as_varchar());
    case ValueType::kBoolean:
      return value.as_boolean() ? "b:true" : "b:false";
    case ValueType::kTimestamp:
      return "t:" + std::to_string(value.as_timestamp().ns);
    case ValueType::kNone:
      return "none";
    case ValueType::kMulti:
      break;
  }
  std::map<std::string, std::string> fields;
  for (const FieldView& f : value.as_fields()) fields[std::string(f.name)] = ValueText(f.value);
  std::string out = "{";
  for (const auto& [name, text] : fields) out += (out.size() > 1 ? "," : "") + name + "=" + text;
  return out + "}";
}

std::string ValueText(const Scalar& value) {
  if (const double* d = std::get_if<double>(&value)) return DoubleText(*d);
  if (const int64_t* i = std::get_if<int64_t>(&value)) return "i:" + std::to_string(*i);
  if (const std::string* t = std::get_if<std::string>(&value)) return "s:" + *t;
  if (const bool* b = std::get_if<bool>(&value)) return *b ? "b:true" : "b:false";
  if (const EventTime* t = std::get_if<EventTime>(&value)) return "t:" + std::to_string(t->ns);
  return "none";
}

std::string SeriesText(const SeriesInfo& info) {
  std::string out = info.measure + "{";
  for (const Dimension& d : info.dimensions)
    out += (out.back() == '{' ? "" : ",") + d.name + "=" + d.value;
  return out + "}";
}

std::vector<ReadRow> ReadAll(ScanCursor& cursor) {
  std::vector<ReadRow> out;
  SliceBuffer buffer;
  Slice slice;
  while (true) {
    auto more = cursor.Next(buffer, slice);
    EXPECT_TRUE(more.ok()) << more.error().message;
    if (!more.ok() || !*more) break;
    EXPECT_FALSE(slice.times.empty());
    for (size_t i = 0; i < slice.times.size(); ++i) {
      EXPECT_TRUE(i == 0 || slice.times[i - 1] < slice.times[i]);
      ReadRow row;
      row.series = SeriesText(*slice.series);
      row.time_ns = slice.times[i].ns;
      row.value = RowText(slice, i);
      if (!slice.versions.empty()) row.version = slice.versions[i];
      if (!slice.rows.empty()) {
        const RowInfo& r = slice.rows[i];
        row.row = std::to_string(r.window_start.ns) + ".." + std::to_string(r.window_end.ns) +
                  " r" + std::to_string(r.revision) + " n" + std::to_string(r.record_count);
      }
      out.push_back(std::move(row));
    }
  }
  std::sort(out.begin(), out.end());
  for (size_t i = 1; i < out.size(); ++i) {
    EXPECT_FALSE(out[i - 1].series == out[i].series && out[i - 1].time_ns == out[i].time_ns)
        << "a (series, time) came twice: " << out[i].series << "@" << out[i].time_ns;
  }
  return out;
}

void StoreConformance::SetUp() {
  host_ = GetParam().make();
  SetTable({.table = kTable,
            .name = "\"db\".\"t\"",
            .memory_retention = hours(6),
            .magnetic_retention = hours(24),
            .magnetic_writes = true});
}

void StoreConformance::SetTable(TableSettings settings) {
  store().SetTable(settings);
  tables_[settings.table] = std::move(settings);
}

void StoreConformance::SetReservations(std::vector<Reservation> reservations) {
  reservations_ = reservations;
  store().SetReservations(std::move(reservations));
}

void StoreConformance::RestartOrSkip() {
  if (!host_->Restart()) GTEST_SKIP() << "this store does not outlive its process";
  for (const auto& [id, settings] : tables_) store().SetTable(settings);
  store().SetReservations(reservations_);
}

Resolved StoreConformance::TryRef(const std::string& measure, std::vector<Dimension> dimensions,
                                  ValueType type, Owner owner) {
  std::vector<DimensionView> views;
  for (const Dimension& d : dimensions) views.push_back({d.name, d.value});
  const SeriesKeyView key{kTable, measure, views, type, owner};
  auto resolved = store().Resolve(std::span(&key, 1));
  EXPECT_TRUE(resolved.ok()) << resolved.error().message;
  return resolved->at(0);
}

SeriesRef StoreConformance::Ref(const std::string& measure, std::vector<Dimension> dimensions,
                                ValueType type, Owner owner) {
  const Resolved resolved = TryRef(measure, std::move(dimensions), type, owner);
  EXPECT_EQ(resolved.rejection, RejectReason::kNone) << resolved.text;
  return resolved.series;
}

Result<WriteReply> StoreConformance::TryPut(std::vector<TestPoint> points, WriteBatch batch) {
  std::vector<PointView> views;
  for (const TestPoint& p : points) {
    PointView v;
    v.series = p.series;
    v.time = At(p.second);
    v.version = p.version;
    v.arrival = {p.arrival_ms};
    v.value = p.value;
    v.row = p.row;
    views.push_back(v);
  }
  batch.points = views;
  std::optional<Result<WriteReply>> reply;
  store().Write(batch, [&](Result<WriteReply> r) { reply = std::move(r); });
  host_->Settle();
  if (!reply) return Error{Code::kInternal, "the write did not complete"};
  return *std::move(reply);
}

WriteReply StoreConformance::Put(std::vector<TestPoint> points, WriteBatch batch) {
  auto reply = TryPut(std::move(points), std::move(batch));
  EXPECT_TRUE(reply.ok()) << reply.error().message;
  return reply.ok() ? *std::move(reply) : WriteReply{};
}

Selection StoreConformance::All() const {
  Selection selection;
  selection.table = kTable;
  return selection;
}

std::vector<ReadRow> StoreConformance::Scan(const Selection& selection) {
  ScanRequest request;
  request.selection = selection;
  request.versions_wanted = true;
  request.rows_wanted = true;
  auto cursor = store().Scan(request);
  EXPECT_TRUE(cursor.ok()) << cursor.error().message;
  return cursor.ok() ? ReadAll(**cursor) : std::vector<ReadRow>();
}

std::vector<std::string> StoreConformance::Rows(const Selection& selection) {
  std::vector<std::string> out;
  for (const ReadRow& row : Scan(selection)) {
    out.push_back(row.series + "@" + std::to_string((row.time_ns - kStart.ns) / 1'000'000'000) +
                  "=" + row.value);
  }
  return out;
}

std::vector<FeedBatch> StoreConformance::Feed(const Positions& from, Positions* end) {
  std::vector<FeedBatch> out;
  auto reader = store().OpenFeed(from);
  EXPECT_TRUE(reader.ok()) << reader.error().message;
  if (!reader.ok()) return out;
  while (true) {
    FeedBatch batch;
    auto more = (*reader)->Next(100, batch);
    EXPECT_TRUE(more.ok()) << more.error().message;
    if (!more.ok() || !*more) break;
    out.push_back(std::move(batch));
  }
  if (end != nullptr) *end = (*reader)->positions();
  return out;
}

std::unique_ptr<StoreHost> MakeModelHost() { return std::make_unique<ModelHost>(); }

EmbeddedHost::EmbeddedHost(uint64_t seed, EmbeddedStoreOptions options)
    : seed_(seed), options_(std::move(options)), fs_(seed) {
  options_.dir = "/data";
  const auto opened = Open();
  EXPECT_TRUE(opened.ok()) << opened.error().message;
}

EmbeddedHost::~EmbeddedHost() { Close(); }

void EmbeddedHost::Close() {
  store_.reset();
  if (executor_) executor_->Stop();
  executor_.reset();
}

Result<void> EmbeddedHost::Open() {
  metrics_ = std::make_unique<MetricRegistry>();
  executor_ = std::make_unique<sim::SimExecutor>(clock_, seed_ + ++starts_);
  auto store = EmbeddedStore::Open(options_, fs_, clock_, *executor_, *metrics_);
  if (!store.ok()) {
    executor_->Stop();
    executor_.reset();
    return std::move(store).error();
  }
  store_ = *std::move(store);
  return {};
}

void EmbeddedHost::Settle() { EXPECT_TRUE(executor_->RunUntilIdle()); }

bool EmbeddedHost::Restart() {
  Close();
  const auto opened = Open();
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return true;
}

std::unique_ptr<StoreHost> MakeEmbeddedHost() {
  return std::make_unique<EmbeddedHost>(TestSeed(1));
}

uint64_t TestSeed(uint64_t fallback) {
  const char* seed = std::getenv("TM_SEED");
  return seed == nullptr ? fallback : std::strtoull(seed, nullptr, 10);
}

}  // namespace tidemark::store
