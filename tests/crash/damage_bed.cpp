// SPDX-License-Identifier: Apache-2.0
#include "crash/damage_bed.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/numbers.h"

namespace tidemark::tests {
namespace {

using store::ValueType;
using store::ValueView;

constexpr TableId kRaw{1};
constexpr TableId kOther{2};
constexpr TableId kTables[] = {kRaw, kOther};
constexpr store::Owner kView{ViewId{3}, 1};
constexpr char kStream[] = "events";
constexpr char kDir[] = "/data";
constexpr size_t kSegmentBytes = 4096;
constexpr EventTime kStart{1'767'225'600'000'000'000};  // where SimClock starts

void ListFiles(FileSystem& fs, const std::string& folder, std::vector<std::string>& out) {
  const auto names = fs.List(folder);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string path = JoinPath(folder, name);
    if (fs.List(path).ok()) {
      ListFiles(fs, path, out);
    } else {
      out.push_back(path);
    }
  }
}

std::string SeriesText(const store::SeriesInfo& info) {
  std::string out = std::to_string(info.table.value) + "/" + info.measure;
  for (const store::Dimension& d : info.dimensions) out += "," + d.name + "=" + d.value;
  return out;
}

std::string ScalarText(const store::Scalar& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(double v) const { return FormatDoubleShortest(v); }
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(const std::string& v) const { return "'" + v + "'"; }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(EventTime v) const { return "@" + std::to_string(v.ns); }
  };
  return std::visit(Visitor{}, value);
}

std::string CellText(const store::ColumnView& column, size_t i) {
  if (!column.valid.empty() && column.valid[i] == 0) return "null";
  switch (column.type) {
    case ValueType::kDouble:
      return FormatDoubleShortest(column.doubles[i]);
    case ValueType::kBigint:
      return std::to_string(column.bigints[i]);
    case ValueType::kVarchar:
      return "'" + std::string(column.texts[i]) + "'";
    case ValueType::kBoolean:
      return column.booleans[i] != 0 ? "true" : "false";
    case ValueType::kTimestamp:
      return "@" + std::to_string(column.timestamps[i].ns);
    default:
      return "?";
  }
}

std::string RowText(const store::RowInfo& row) {
  return " row " + std::to_string(row.window_start.ns) + ".." + std::to_string(row.window_end.ns) +
         " r" + std::to_string(row.revision) + " n" + std::to_string(row.record_count);
}

/// Lines sorted, since slices come in no fixed order.
std::string Joined(std::vector<std::string> lines) {
  std::ranges::sort(lines);
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

Result<std::string> ReadSlices(Result<std::unique_ptr<store::ScanCursor>> opened) {
  if (!opened.ok()) return std::move(opened).error();
  store::SliceBuffer buffer;
  store::Slice slice;
  std::vector<std::string> lines;
  while (true) {
    TM_ASSIGN_OR_RETURN(const bool some, (*opened)->Next(buffer, slice));
    if (!some) return Joined(std::move(lines));
    for (size_t i = 0; i < slice.times.size(); ++i) {
      std::string line = SeriesText(*slice.series) + " @" + std::to_string(slice.times[i].ns);
      if (!slice.versions.empty()) line += " v" + std::to_string(slice.versions[i]);
      for (const store::ColumnView& column : slice.columns) {
        line += " " + std::string(column.name) + "=" + CellText(column, i);
      }
      if (!slice.rows.empty()) line += RowText(slice.rows[i]);
      lines.push_back(std::move(line));
    }
  }
}

store::Selection Select(TableId table, TimeRange time) {
  store::Selection out;
  out.table = table;
  out.time = time;
  return out;
}

TimeRange Day(int64_t day) { return {kStart + hours(24 * day), kStart + hours(24 * (day + 1))}; }
constexpr TimeRange kAll{EventTime{INT64_MIN}, EventTime{INT64_MAX}};

Result<std::string> Aggregates(store::Store& store, TableId table, bool binned) {
  store::AggregateRequest request;
  request.selection = Select(table, kAll);
  request.group_by = {"host"};
  request.group_by_measure = true;
  if (binned) request.bins = store::Bins{.width = hours(1)};
  for (const agg::Kind kind : {agg::Kind::kCount, agg::Kind::kSum, agg::Kind::kMin, agg::Kind::kMax,
                               agg::Kind::kFirst, agg::Kind::kLast}) {
    request.aggregates.push_back({.kind = kind, .type = agg::Type::kDouble});
  }
  TM_ASSIGN_OR_RETURN(const auto cursor, store.Aggregate(request));
  std::vector<std::string> lines;
  std::vector<store::AggregateRow> rows;
  while (true) {
    TM_RETURN_IF_ERROR(cursor->Next(100, rows));
    if (rows.empty()) return Joined(std::move(lines));
    for (const store::AggregateRow& row : rows) {
      std::string line;
      for (const auto& key : row.keys) line += key.value_or("null") + " ";
      line += std::to_string(row.bin.ns) + " n" + std::to_string(row.points);
      for (const agg::State& state : row.states) {
        ByteWriter bytes;
        state.AppendTo(bytes);
        for (const char byte : bytes.view()) {
          constexpr char kHex[] = "0123456789abcdef";
          line +=
              {' ', kHex[static_cast<uint8_t>(byte) >> 4U], kHex[static_cast<uint8_t>(byte) & 15U]};
        }
      }
      lines.push_back(std::move(line));
    }
  }
}

Result<std::string> RevisionsOf(store::Store& store, TableId table) {
  TM_ASSIGN_OR_RETURN(const auto rows, store.Revisions(Select(table, kAll), SIZE_MAX));
  std::vector<std::string> lines;
  for (const store::RevisionRow& row : rows) {
    std::string line = SeriesText(*row.series) + " @" + std::to_string(row.time.ns) +
                       RowText(row.row) + " = " + ScalarText(row.value);
    for (const store::RevisionEntry& entry : row.revisions) {
      line += "; " + std::to_string(entry.revision) + ": " + ScalarText(entry.old_value) + " -> " +
              ScalarText(entry.new_value) + ", late " + std::to_string(entry.late_points) + " at " +
              std::to_string(entry.at.ms) + (entry.frozen ? " frozen" : "") +
              (entry.coarse ? " coarse" : "");
    }
    lines.push_back(std::move(line));
  }
  return Joined(std::move(lines));
}

Result<std::string> SeriesOf(store::Store& store, TableId table) {
  TM_ASSIGN_OR_RETURN(const auto series, store.Series(Select(table, kAll)));
  std::vector<std::string> lines;
  for (const auto& info : series) {
    lines.push_back(SeriesText(*info) + " type " + std::string(store::ValueTypeName(info->type)) +
                    " owner " + std::to_string(info->owner.view.value) + "." +
                    std::to_string(info->owner.generation));
  }
  TM_ASSIGN_OR_RETURN(const auto schema, store.Schema(table));
  std::string head;
  for (const std::string& dimension : schema.dimensions) head += dimension + " ";
  for (const store::FieldDef& column : schema.columns) {
    head += column.name + ":" + std::string(store::ValueTypeName(column.type)) + " ";
  }
  return head + "\n" + Joined(std::move(lines));
}

Result<std::string> ProgressOf(store::Store& store) {
  std::string out;
  for (const TableId table : kTables) {
    for (const store::SourceProgress& p : store.ProgressInto(table)) {
      out += "source " + std::to_string(p.source.id) + "/" + std::to_string(p.partition) + " '" +
             p.position + "' max " +
             (p.max_event_time ? std::to_string(p.max_event_time->ns) : "-") +
             (p.idle ? " idle" : "") + (p.complete_from_start ? "" : " partial") + "\n";
    }
  }
  if (const auto view = store.ProgressOf(kView.view)) {
    out += "view " + std::to_string(view->generation) + " " + view->positions.ToString() + " '" +
           view->state + "'\n";
  }
  return out;
}

/// Every change that a reader from the start is told of; not how it is cut into batches.
Result<std::string> FeedOf(store::Store& store) {
  TM_ASSIGN_OR_RETURN(const auto reader, store.OpenFeed(store::Positions{}));
  std::vector<std::string> lines;
  store::FeedBatch batch;
  while (true) {
    TM_ASSIGN_OR_RETURN(const bool some, reader->Next(1000, batch));
    if (!some) return Joined(std::move(lines));
    const auto name = [&store](store::SeriesRef series) {
      const auto info = store.Describe(series);
      return info == nullptr ? std::string("nobody") : SeriesText(*info);
    };
    for (const store::FeedPoint& point : batch.points) {
      lines.push_back("point " + name(point.series) + " @" + std::to_string(point.time.ns) +
                      (point.replaced ? " replaced" : ""));
    }
    for (const store::ChangedRange& range : batch.changed) {
      lines.push_back("range " + name(range.series) + " " + std::to_string(range.time.start.ns) +
                      ".." + std::to_string(range.time.end.ns));
    }
    for (const store::ViewProgress& view : batch.views) lines.push_back("view " + view.state);
    for (const store::SourceProgress& source : batch.sources) {
      lines.push_back("source " + source.position);
    }
    for (const store::RevisionEntry& entry : batch.revisions) {
      lines.push_back("revision " + name(entry.series) + " " + std::to_string(entry.revision));
    }
  }
}

Result<std::string> ShardText(const log::Log& log, uint32_t shard) {
  const auto stream = log.Find(kStream);
  if (stream == nullptr) return std::string("no stream");
  std::string out;
  log::ReadRequest request{.shard = shard};
  while (true) {
    TM_ASSIGN_OR_RETURN(const auto batch, stream->Read(request));
    for (const log::RecordView& record : batch.records) {
      out += std::to_string(record.offset.value) + " " + std::string(record.partition_key) + " " +
             std::string(record.data) + " " + std::to_string(record.arrival.ms) + "\n";
    }
    if (batch.at_tip) return out;
    request.from = batch.next;
  }
}

}  // namespace

DamageBed::DamageBed(catalog::Catalog& catalog, const Image& image) : catalog_(catalog), fs_(1) {
  for (const auto& [path, bytes] : image) {
    const std::string folder = path.substr(0, path.rfind('/'));
    TM_CHECK(fs_.CreateDirs(folder).ok());
    const auto file = fs_.OpenAppend(path, OpenMode::kTruncate).value();
    TM_CHECK(file->Append(std::as_bytes(std::span(bytes))).ok() && file->Sync().ok());
    TM_CHECK(fs_.SyncDir(folder).ok());
  }
}

DamageBed::~DamageBed() {
  fs_.SetFaults({.fail_nth_call = 1, .fail_all_after = true});
  store_.reset();
  log_.reset();
}

Result<void> DamageBed::Open() {
  executor_ = std::make_unique<sim::SimExecutor>(clock_, 1);
  log::LogOptions log_options;
  log_options.segment_bytes_max = kSegmentBytes;
  TM_ASSIGN_OR_RETURN(log_, log::Log::Open({fs_, catalog_, clock_, *executor_, metrics_},
                                           JoinPath(kDir, "log"), log_options));
  store::EmbeddedStoreOptions options;
  options.dir = kDir;
  options.memory_bytes_max = 16_MiB;
  options.segment_bytes_max = kSegmentBytes;
  options.feed_memory_bytes_max = 1000;
  options.chunk_rows_max = 32;
  TM_ASSIGN_OR_RETURN(store_,
                      store::EmbeddedStore::Open(options, fs_, clock_, *executor_, metrics_));
  SetTables();
  return {};
}

void DamageBed::SetTables() {
  for (const TableId table : kTables) {
    store_->SetTable({.table = table,
                      .name = "\"plant\".\"t" + std::to_string(table.value) + "\"",
                      .memory_retention = hours(24 * 365),
                      .magnetic_writes = true});
  }
  store_->SetReservations({{.target = kRaw,
                            .view = kView.view,
                            .view_name = "mean",
                            .active_generation = kView.generation,
                            .name_template = "avg_{measure}"}});
}

void DamageBed::Run() { ASSERT_TRUE(executor_->RunUntilIdle()) << "a task never comes to rest"; }

void DamageBed::Close() {
  ASSERT_TRUE(log_->Close().ok());
  store_.reset();
  log_.reset();
  executor_.reset();
}

Result<void> DamageBed::Flush() {
  std::optional<Result<void>> out;
  store_->Flush([&out](const Result<void>& result) { out = result; });
  Run();
  if (!out.has_value()) return Error{Code::kInternal, "the flush never answered"};
  return *out;
}

Result<void> DamageBed::Compact() {
  std::optional<Result<void>> out;
  store_->Compact(store::CompactMode::kFull, [&out](const Result<void>& result) { out = result; });
  Run();
  if (!out.has_value()) return Error{Code::kInternal, "the merge never answered"};
  return *out;
}

std::vector<Answer> DamageBed::AskAll() {
  std::vector<Answer> out;
  const auto ask = [&out](std::string question, const std::function<Result<std::string>()>& how) {
    Result<std::string> answer = how();
    out.push_back(
        {std::move(question), answer.ok() ? *answer : answer.error().message, !answer.ok()});
  };
  store::Store& store = *store_;
  for (const TableId table : kTables) {
    const std::string name = " of table " + std::to_string(table.value);
    // Day by day first: a question that does not need a damaged file is answered.
    for (const int64_t day : {-40, -2, -1, 0}) {
      ask("day " + std::to_string(day) + name, [&] {
        store::ScanRequest request;
        request.selection = Select(table, Day(day));
        request.versions_wanted = request.rows_wanted = true;
        return ReadSlices(store.Scan(request));
      });
    }
    store::ScanRequest all;
    all.selection = Select(table, kAll);
    all.versions_wanted = all.rows_wanted = true;
    ask("all points" + name, [&] { return ReadSlices(store.Scan(all)); });
    ask("last points" + name, [&] { return ReadSlices(store.LastPoints(all)); });
    ask("totals" + name, [&] { return Aggregates(store, table, false); });
    ask("hours" + name, [&] { return Aggregates(store, table, true); });
    ask("revisions" + name, [&] { return RevisionsOf(store, table); });
    ask("series" + name, [&] { return SeriesOf(store, table); });
  }
  ask("progress", [&] { return ProgressOf(store); });
  ask("feed", [&] { return FeedOf(store); });
  for (const uint32_t shard : {0U, 1U}) {
    ask("shard " + std::to_string(shard), [&] { return ShardText(*log_, shard); });
  }
  return out;
}

std::vector<std::string> DamageBed::DamagedFiles() {
  Run();  // what a question found is set aside by a step
  std::vector<std::string> out;
  for (const store::DamagedFile& file : store_->Damaged()) out.push_back(file.file);
  return out;
}

Image DamageBed::Files() {
  std::vector<std::string> paths;
  ListFiles(fs_, kDir, paths);
  Image out;
  for (const std::string& path : paths) out[path] = fs_.ReadFile(path, SIZE_MAX).value();
  return out;
}

// ------------------------------------------------------------------------------------------------
// the content

namespace {

class Filler {
 public:
  explicit Filler(DamageBed& bed) : bed_(bed), random_(5) {}

  store::SeriesRef Series(TableId table, std::string_view measure, std::string_view host,
                          ValueType type, store::Owner owner = {}) {
    const store::DimensionView dimensions[] = {{"host", host}, {"region", "eu-west-1"}};
    const store::SeriesKeyView key{
        .table = table, .measure = measure, .dimensions = dimensions, .type = type, .owner = owner};
    return bed_.store().Resolve(std::span(&key, 1)).value().front().series;
  }

  void Add(store::SeriesRef series, EventTime time, ValueView value, int64_t version = 1) {
    points_.push_back({.series = series,
                       .time = time,
                       .version = version,
                       .arrival = {bed_.clock().Now().ms},
                       .value = value,
                       .row = nullptr});
  }

  void Write(store::WriteBatch batch = {}) {
    batch.points = points_;
    batch.time_check = store::WriteBatch::TimeCheck::kNone;
    bool done = false;
    bed_.store().Write(batch, [&done](const Result<store::WriteReply>& reply) {
      ASSERT_TRUE(reply.ok()) << reply.error().message;
      EXPECT_TRUE(reply->rejections.empty()) << reply->rejections.front().text;
      done = true;
    });
    bed_.Run();
    EXPECT_TRUE(done);
    points_.clear();
    bed_.clock().Advance(seconds(1));
  }

  /// Points of every type on one day; `round` shifts them and is part of their values.
  void WriteDay(int64_t day, int64_t round, int count) {
    const EventTime start = kStart + hours(24 * day) + seconds(round);
    for (const char* host : {"a", "b"}) {
      for (int i = 0; i < count; ++i) {
        const EventTime at = start + seconds(60 * i);
        const int64_t n = round * 100 + i;
        Add(Series(kRaw, "cpu", host, ValueType::kDouble), at,
            ValueView::Double(static_cast<double>(random_.Below(10'000)) / 100));
        Add(Series(kRaw, "requests", host, ValueType::kBigint), at, ValueView::Bigint(n * n));
        if (i % 2 == 0) {
          Add(Series(kOther, "exact", host, ValueType::kDouble), at,
              ValueView::Double(1.0 / static_cast<double>(n + 3)));
        }
        if (i % 4 == 0) {
          Add(Series(kOther, "up", host, ValueType::kBoolean), at, ValueView::Boolean(i % 8 == 0));
          Add(Series(kOther, "state", host, ValueType::kVarchar), at,
              ValueView::Varchar(i % 8 == 0 ? "running" : "waiting for a lock"));
        }
      }
    }
    Write();
    WriteMulti(start, count);
  }

  void WriteMulti(EventTime start, int count) {
    const store::SeriesRef series = Series(kOther, "multi", "a", ValueType::kMulti);
    for (int i = 0; i < count; i += 4) {
      const store::FieldView fields[] = {{"level", ValueView::Double(0.25 * i)},
                                         {"text", ValueView::Varchar("row")},
                                         {"at", ValueView::Timestamp(start)}};
      // Every other row lacks the last two: nulls.
      const std::span<const store::FieldView> some(fields, i % 8 == 0 ? 3U : 1U);
      Add(series, start + seconds(60 * i), ValueView::Multi(some));
      Write();
    }
  }

  void WriteCorrections(int64_t day, int64_t version) {
    for (int i = 0; i < 6; ++i) {
      Add(Series(kRaw, "cpu", "a", ValueType::kDouble), kStart + hours(24 * day) + seconds(300 * i),
          ValueView::Double(static_cast<double>(version)), version);
    }
    Write();
  }

  /// Rows of the view, each with a revision entry; the last of them ends as a tombstone.
  void WriteRows(uint32_t revision, std::string state) {
    const store::SeriesRef series = Series(kRaw, "avg_cpu", "a", ValueType::kDouble, kView);
    std::vector<store::RowInfo> infos;
    std::vector<store::RevisionEntry> entries;
    constexpr int kRows = 5;
    infos.reserve(kRows);
    for (int i = 0; i < kRows; ++i) {
      const EventTime start = kStart - hours(24) + seconds(300 * i);
      const bool ends = i + 1 == kRows && revision > 1;
      const double value = 10.0 * revision + i;
      infos.push_back({start, start + seconds(300), revision, 5});
      Add(series, start, ends ? ValueView() : ValueView::Double(value));
      points_.back().row = &infos.back();
      store::RevisionEntry entry;
      entry.series = series;
      entry.time = entry.window_start = start;
      entry.window_end = start + seconds(300);
      entry.revision = revision;
      if (revision > 1) entry.old_value = 10.0 * (revision - 1) + i;
      if (!ends) entry.new_value = value;
      entry.late_points = revision - 1;
      entry.at = bed_.clock().Now();
      entries.push_back(std::move(entry));
    }
    store::WriteBatch batch;
    batch.rule = store::ConflictRule::kLastWins;
    batch.owner = kView;
    batch.revisions = entries;
    batch.view_progress = store::ViewProgress{kView.view, kView.generation, bed_.store().End(),
                                              kStart, std::move(state)};
    Write(std::move(batch));
  }

  void WriteSourceProgress(std::string position) {
    store::WriteBatch batch;
    Add(Series(kRaw, "cpu", "c", ValueType::kDouble), kStart, ValueView::Double(7));
    batch.rule = store::ConflictRule::kLastWins;
    batch.source_progress = {{.source = {store::SourceId::Kind::kPipeline, 9},
                              .table = kRaw,
                              .partition = 1,
                              .position = std::move(position),
                              .max_event_time = kStart,
                              .idle = false,
                              .complete_from_start = true}};
    Write(std::move(batch));
  }

  void PutRecords(int count) {
    const auto stream = bed_.log().Find(kStream);
    for (int i = 0; i < count; ++i) {
      std::vector<log::PutRecordView> records;
      const std::string data = "record " + std::to_string(random_.Below(1'000'000)) +
                               std::string(static_cast<size_t>(i * 7 % 60), 'x');
      for (const char* key : {"a", "b", "k1", "k2"}) {
        records.push_back({.partition_key = key, .data = data, .explicit_hash = {}});
      }
      bool done = false;
      stream->Append(records, [&done](const Result<std::vector<log::PutResult>>& reply) {
        done = reply.ok();
      });
      bed_.Run();
      EXPECT_TRUE(done);
    }
  }

 private:
  DamageBed& bed_;
  SeededRandom random_;
  std::vector<store::PointView> points_;
};

}  // namespace

void FillDamageBed(DamageBed& bed) {
  ASSERT_TRUE(bed.log().CreateStream({.name = kStream, .shards = 2}).ok());
  bed.Run();
  Filler fill(bed);
  fill.PutRecords(20);
  // Two days of blocks, then an overlay with corrections, then what only the journal has.
  fill.WriteDay(-2, 0, 40);
  fill.WriteDay(-1, 0, 40);
  fill.WriteRows(1, "one");
  fill.WriteSourceProgress("four");
  ASSERT_TRUE(bed.Flush().ok());
  fill.WriteCorrections(-2, 2);
  fill.WriteDay(-40, 0, 4);
  fill.WriteDay(-1, 30, 8);
  fill.WriteRows(2, "two");
  ASSERT_TRUE(bed.Flush().ok());
  fill.WriteCorrections(-2, 3);
  fill.WriteDay(0, 0, 8);
  fill.WriteSourceProgress("nine");
  fill.PutRecords(20);
}

}  // namespace tidemark::tests
