// SPDX-License-Identifier: Apache-2.0
// An engine over a store in memory, with the tables of timestream-sql.md 6.0. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/sim/sim_clock.h"
#include "base/sim/sim_executor.h"
#include "base/sim/sim_file_system.h"
#include "sql/engine.h"
#include "sql/namespace.h"
#include "store/store.h"

namespace tidemark::sql {

class TestNamespace final : public Namespace {
 public:
  std::vector<std::string> Databases() const override;
  Result<std::vector<std::string>> Tables(std::string_view database) const override;
  Result<TableId> Find(std::string_view database, std::string_view table) const override;
  std::optional<View> FindView(std::string_view name) const override;
  std::vector<std::string> Views() const override;
  std::map<store::SourceId, std::string> Pipelines() const override { return pipelines; }

  std::map<std::string, std::map<std::string, TableId>, std::less<>> databases;
  std::map<std::string, View, std::less<>> views;
  std::map<store::SourceId, std::string> pipelines;
};

/// One point: dimensions as "name=value,name=value", seconds added to the sample's start.
struct TestPoint {
  std::string_view measure;
  std::string_view dimensions;
  EventTime time;
  store::ValueView value;
  int64_t version = 1;
};

using TextRows = std::vector<std::vector<std::string>>;

/// The std::map model, or the real store on a simulated disk with the samples in memory, in sealed
/// blocks, or half and half: one third sealed, one third sealed with wrong values that points in
/// memory correct, one third in memory.
enum class StoreKind : uint8_t { kModel, kEmbedded, kSealed, kHalfSealed };
inline constexpr StoreKind kEveryStore[] = {StoreKind::kModel, StoreKind::kEmbedded,
                                            StoreKind::kSealed, StoreKind::kHalfSealed};
/// "Memory".
std::string_view StoreKindName(StoreKind kind);

class TestDatabase {
 public:
  explicit TestDatabase(StoreKind kind = StoreKind::kModel);
  /// kEmbedded: another process on the same disk, with its names and tables; no reservations.
  explicit TestDatabase(std::unique_ptr<TestDatabase> before);
  ~TestDatabase();

  /// Makes "database"."table", or finds it.
  TableId AddTable(const std::string& database, const std::string& table);
  void Write(TableId table, std::vector<TestPoint> points);
  /// Rows of view `view`, generation 1.
  void WriteViewRow(TableId table, ViewId view, const TestPoint& point, const store::RowInfo& row);
  /// One publication of generation 1: a row, or its end for a value of type kNone, with its log.
  void PublishViewRow(TableId table, ViewId view, const TestPoint& point, const store::RowInfo& row,
                      std::vector<store::RevisionEntry> log, ArrivalTime at);
  void WriteProgress(ViewId view, EventTime watermark);
  /// DevOps, IoT, lab.series, lab.cpu of the reference page, in the tier of the store's kind.
  void AddSamples();
  bool is_model() const { return kind_ == StoreKind::kModel; }
  /// Seals what was written (not the model's).
  void Seal();
  void Open(EngineOptions options);

  /// Cells as the wire shows them, "-" for NULL; "error: ..." as the only cell on failure.
  TextRows Rows(std::string_view sql);
  /// The same with QueryRequest::as_of.
  TextRows RowsAsOf(std::string_view sql, EventTime as_of);
  std::string ErrorOf(std::string_view sql);
  Code CodeOf(std::string_view sql);
  std::vector<Column> Columns(std::string_view sql);
  Result<std::unique_ptr<QueryResult>> Execute(std::string_view sql);

  sim::SimClock clock;
  TestNamespace names;
  MetricRegistry metrics;

 private:
  static TextRows TextsOf(Result<std::unique_ptr<QueryResult>> result);
  std::unique_ptr<store::Store> MakeStore(StoreKind kind);
  void Write(const store::WriteBatch& batch);
  void WriteSamples();
  void SetTable(TableId id, const std::string& database, const std::string& table);

  /// Which of the samples are being written, see kHalfSealed.
  enum class Pass : uint8_t { kAll, kBeforeSealing, kAfterSealing };

  std::shared_ptr<sim::SimFileSystem> files_ = std::make_shared<sim::SimFileSystem>(1);
  std::unique_ptr<sim::SimExecutor> executor_;
  std::unique_ptr<store::Store> owned_store_;

 public:
  store::Store& store;
  std::unique_ptr<Engine> engine;

 private:
  const StoreKind kind_;
  Pass pass_ = Pass::kAll;
  size_t samples_ = 0;  // written or left out in this pass
  uint32_t next_table_ = 1;
};

/// All rows of a result, or the error on the way.
Result<std::vector<std::vector<Value>>> ReadAll(QueryResult& result);
std::string CellText(const Type& type, const Value& value);

}  // namespace tidemark::sql
