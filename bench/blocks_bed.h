// SPDX-License-Identifier: Apache-2.0
// The three engines of blocks_bench and sql_bench with the same data: our store sealed and merged,
// a DuckDB file, ClickHouse in a child process (if installed); TM_BENCH_BASELINES=0: ours alone.
// Each holds a table `points`, and if asked for `upserts`, of which 5 % were written again
// afterwards and not merged. Single-owner.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/testing/temp_dir.h"
#include "blocks_questions.h"
#include "chdb_client.h"
#include "devops_data.h"
#include "duck_file.h"
#include "sql/engine.h"
#include "store/embedded_store.h"

namespace tidemark {

enum class BlocksEngine : uint8_t { kOurs, kDuck, kClick };
enum class BlocksTables : uint8_t { kPoints, kPointsAndUpserts };

class BlocksBed {
 public:
  static constexpr int kThreads = 2;

  BlocksBed(const DevopsData& data, BlocksTables tables);
  ~BlocksBed();
  BlocksBed(const BlocksBed&) = delete;
  BlocksBed& operator=(const BlocksBed&) = delete;

  bool has(BlocksEngine engine) const;
  /// Ends the program unless all engines give the same answer.
  void Compare(const BlocksQuestion& question);
  /// Seconds of wall time, the whole answer read.
  double Run(BlocksEngine engine, const BlocksQuestion& question);
  /// Closes the engine, drops its files from the page cache, opens it again.
  void MakeCold(BlocksEngine engine);

  /// On disk, everything included, of the merged table; 0: unknown.
  double bytes_per_point(BlocksEngine engine) const { return bytes_per_point_.at(engine); }
  /// Whether the rows lie in blocks (else in memory: the store could not seal).
  bool sealed() const { return sealed_; }
  uint64_t overlay_points() const { return overlay_points_; }

  /// Ours and the baseline's, for what is no question.
  sql::Engine& engine() { return *engine_; }
  store::Store& store() { return *store_; }
  const sql::Namespace& names() const;
  DuckFile& duck() { return *duck_; }

 private:
  class Names;
  using Rows = std::map<std::string, std::vector<double>>;

  void OpenOurs();
  void CloseOurs();
  std::vector<const char*> TableNames() const;
  void FillOurs();
  void UpsertOurs(std::span<const store::SeriesRef> series);
  void SealOurs();
  void FillDuck();
  void UpsertDuck();
  void FillClick();
  std::string WriteClickFiles();
  std::vector<store::SeriesRef> ResolveSeries(TableId table);
  Rows OursRows(const std::string& sql);
  void RequireEqual(const BlocksQuestion& question, const Rows& ours, const char* engine,
                    const std::vector<std::vector<std::string>>& cells);

  const DevopsData& data_;
  const BlocksTables tables_;
  const TempDir dir_;
  SystemClock clock_;
  MetricRegistry metrics_;
  std::unique_ptr<Names> names_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<sql::Engine> engine_;
  std::unique_ptr<DuckFile> duck_;
  std::unique_ptr<ChdbClient> click_;
  std::map<BlocksEngine, double> bytes_per_point_;
  uint64_t overlay_points_ = 0;
  bool sealed_ = false;
};

}  // namespace tidemark
