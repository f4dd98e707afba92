// SPDX-License-Identifier: Apache-2.0
// Bytes per value and encoding and decoding speed of chunks, times and values together, one thread.
// Baselines over the same raw arrays (8 bytes a time, 8 a value or the text and a length): zstd
// levels 1 and 3, and memcpy. kSmall is what a base merge writes, kFast what a seal writes.
#include <zstd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "app/fleet.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/numbers.h"
#include "store/block/chunk.h"

namespace tidemark {
namespace {

using store::Chunk;
using store::Effort;
using store::RowColumns;
using store::ValueType;

constexpr size_t kChunks = 20;
constexpr int64_t kStart = 1'767'225'600'000'000'000;
constexpr int64_t kStep = 10'000'000'000;

/// Rows of one data set, a chunk each, and their raw bytes.
struct DataSet {
  const char* name;
  std::vector<RowColumns> chunks;
  std::vector<std::string> texts;  // that VARCHAR columns borrow
  std::string raw;
  size_t rows = 0;
};

double Normal(SeededRandom& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.Unit()));
  return radius * std::cos(2 * std::numbers::pi * random.Unit());
}

double TwoDecimals(double x) { return std::round(x * 100) / 100; }

RowColumns Rows(ValueType type) {
  RowColumns rows;
  rows.columns.resize(1);
  rows.columns[0].type = type;
  for (size_t i = 0; i < store::kChunkRowsMax; ++i) {
    rows.times.push_back(kStart + static_cast<int64_t>(i) * kStep);
    rows.versions.push_back(1);
  }
  return rows;
}

void AppendRaw(DataSet& set) {
  for (const RowColumns& rows : set.chunks) {
    const auto add = [&](const void* data, size_t bytes) {
      set.raw.append(static_cast<const char*>(data), bytes);
    };
    add(rows.times.data(), rows.times.size() * sizeof(int64_t));
    const RowColumns::Column& column = rows.columns[0];
    add(column.bits.data(), column.bits.size() * sizeof(uint64_t));
    for (const std::string_view text : column.texts) {
      const auto size = static_cast<uint32_t>(text.size());
      add(&size, sizeof(size));
      set.raw += text;
    }
    set.rows += rows.rows();
  }
}

/// `next` gives the bits of the next value.
DataSet Numbers(const char* name, ValueType type,
                const std::function<uint64_t(SeededRandom&)>& next) {
  DataSet set{.name = name, .chunks = {}, .texts = {}, .raw = {}};
  SeededRandom random(1);
  for (size_t c = 0; c < kChunks; ++c) {
    RowColumns rows = Rows(type);
    for (size_t i = 0; i < rows.rows(); ++i) rows.columns[0].bits.push_back(next(random));
    set.chunks.push_back(std::move(rows));
  }
  AppendRaw(set);
  return set;
}

DataSet Texts() {
  DataSet set{.name = "strings", .chunks = {}, .texts = {}, .raw = {}};
  for (int i = 0; i < 50; ++i)
    set.texts.push_back("state " + std::to_string(i) + " of the machine");
  SeededRandom random(1);
  for (size_t c = 0; c < kChunks; ++c) {
    RowColumns rows = Rows(ValueType::kVarchar);
    for (size_t i = 0; i < rows.rows(); ++i) {
      // A few are frequent.
      const uint64_t which = random.Below(1 + random.Below(set.texts.size()));
      rows.columns[0].texts.push_back(set.texts[which]);
    }
    set.chunks.push_back(std::move(rows));
  }
  AppendRaw(set);
  return set;
}

/// The DOUBLE measures of one host of the EC2 sample, a chunk each.
DataSet Ec2() {
  DataSet set{.name = "ec2", .chunks = {}, .texts = {}, .raw = {}};
  const app::Fleet fleet({.host_scale = 1, .hosts_max = 1, .seed = 1});
  set.chunks.assign(app::Fleet::kHostMeasures, Rows(ValueType::kDouble));
  std::vector<std::string> records;
  for (size_t i = 0; i < store::kChunkRowsMax; ++i) {
    records.clear();
    const int64_t time = (kStart + static_cast<int64_t>(i) * kStep) / 1'000'000'000;
    fleet.AppendRecords(fleet.hosts().front(), time, app::Fleet::Sent::kOnTime, records);
    for (size_t m = 0; m < app::Fleet::kHostMeasures; ++m) {
      const JsonValue record = ParseJson(records[m]).value();
      const auto value = ParseFiniteDouble(record.Find("MeasureValue")->string_value());
      set.chunks[m].columns[0].bits.push_back(std::bit_cast<uint64_t>(value.value()));
    }
  }
  AppendRaw(set);
  return set;
}

std::vector<DataSet> MakeSets() {
  std::vector<DataSet> sets;
  const auto bits = [](double x) { return std::bit_cast<uint64_t>(x); };
  sets.push_back(Numbers("uniform_2_decimals", ValueType::kDouble, [&](SeededRandom& random) {
    return bits(static_cast<double>(random.Below(10'001)) / 100);
  }));
  double walk = 50;
  sets.push_back(Numbers("walk_2_decimals", ValueType::kDouble, [&](SeededRandom& random) {
    walk = std::clamp(walk + 0.5 * Normal(random), 0.0, 100.0);
    return bits(TwoDecimals(walk));
  }));
  sets.push_back(Numbers("full_precision", ValueType::kDouble,
                         [&](SeededRandom& random) { return bits(Normal(random)); }));
  int64_t counter = 0;
  sets.push_back(Numbers("counter", ValueType::kBigint, [&](SeededRandom& random) {
    counter += static_cast<int64_t>(random.Below(1000));
    return static_cast<uint64_t>(counter);
  }));
  sets.push_back(
      Numbers("constant", ValueType::kDouble, [&](SeededRandom&) { return bits(42.5); }));
  sets.push_back(Texts());
  sets.push_back(Ec2());
  return sets;
}

const std::vector<DataSet>& Sets() {
  static const std::vector<DataSet> sets = MakeSets();
  return sets;
}

std::vector<std::string> Encode(const DataSet& set, Effort effort) {
  std::vector<std::string> chunks;
  for (const RowColumns& rows : set.chunks) {
    store::EncodeChunk(rows, 0, rows.rows(), 1, effort, {1, 64}, chunks.emplace_back());
  }
  return chunks;
}

void Count(benchmark::State& bench, const DataSet& set, size_t encoded_bytes) {
  const auto rounds = static_cast<int64_t>(bench.iterations());
  bench.SetItemsProcessed(rounds * static_cast<int64_t>(set.rows));
  bench.SetBytesProcessed(rounds * static_cast<int64_t>(set.raw.size()));
  bench.counters["B_per_value"] =
      static_cast<double>(encoded_bytes) / static_cast<double>(set.rows);
}

size_t SizeOf(const std::vector<std::string>& chunks) {
  size_t bytes = 0;
  for (const std::string& chunk : chunks) bytes += chunk.size();
  return bytes;
}

void BM_Encode(benchmark::State& bench, const DataSet& set, Effort effort) {
  size_t bytes = 0;
  for (auto _ : bench) bytes = SizeOf(Encode(set, effort));
  Count(bench, set, bytes);
}

void BM_Decode(benchmark::State& bench, const DataSet& set, Effort effort) {
  const std::vector<std::string> chunks = Encode(set, effort);
  std::vector<int64_t> times(store::kBlockRows);
  std::vector<uint64_t> values(store::kBlockRows);
  std::vector<std::string_view> texts(store::kBlockRows);
  const bool is_text = set.chunks[0].columns[0].type == ValueType::kVarchar;
  for (auto _ : bench) {
    for (const std::string& bytes : chunks) {
      Chunk chunk = Chunk::Open(bytes, {1, 64}, Chunk::Verify::kNo).value();
      store::TextArena arena;
      for (size_t block = 0; block < chunk.blocks(); ++block) {
        TM_CHECK(chunk.Times(block, times.data()).ok());
        TM_CHECK(is_text ? chunk.Texts(0, block, texts.data(), arena).ok()
                         : chunk.Bits(0, block, values.data()).ok());
        benchmark::DoNotOptimize(times.data());
        benchmark::DoNotOptimize(values.data());
      }
    }
  }
  Count(bench, set, SizeOf(chunks));
}

std::string Compressed(const DataSet& set, int level) {
  std::string out(ZSTD_compressBound(set.raw.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), set.raw.data(), set.raw.size(), level));
  return out;
}

void BM_BaselineZstdEncode(benchmark::State& bench, const DataSet& set, int level) {
  size_t bytes = 0;
  for (auto _ : bench) bytes = Compressed(set, level).size();
  Count(bench, set, bytes);
}

void BM_BaselineZstdDecode(benchmark::State& bench, const DataSet& set, int level) {
  const std::string compressed = Compressed(set, level);
  std::string out(set.raw.size(), '\0');
  for (auto _ : bench) {
    TM_CHECK(ZSTD_decompress(out.data(), out.size(), compressed.data(), compressed.size()) ==
             out.size());
    benchmark::DoNotOptimize(out.data());
  }
  Count(bench, set, compressed.size());
}

void BM_BaselineMemcpy(benchmark::State& bench, const DataSet& set) {
  std::string out(set.raw.size(), '\0');
  for (auto _ : bench) {
    std::memcpy(out.data(), set.raw.data(), out.size());
    benchmark::DoNotOptimize(out.data());
  }
  Count(bench, set, set.raw.size());
}

void RegisterAll() {
  for (const DataSet& set : Sets()) {
    const auto add = [&set](const char* what, auto function, auto... args) {
      benchmark::RegisterBenchmark(
          what,
          [&set, function, args...](benchmark::State& bench) { function(bench, set, args...); })
          ->MinTime(0.2)
          ->Unit(benchmark::kMillisecond);
    };
    const auto name = [&set](const char* what, const char* how) {
      return std::string(what) + "/" + set.name + how;
    };
    for (const auto& [effort, how] :
         {std::pair{Effort::kFast, "/fast"}, {Effort::kSmall, "/small"}}) {
      add(name("BM_Encode", how).c_str(), BM_Encode, effort);
      add(name("BM_Decode", how).c_str(), BM_Decode, effort);
    }
    for (const auto& [level, how] : {std::pair{1, "/1"}, {3, "/3"}}) {
      add(name("BM_BaselineZstdEncode", how).c_str(), BM_BaselineZstdEncode, level);
      add(name("BM_BaselineZstdDecode", how).c_str(), BM_BaselineZstdDecode, level);
    }
    add(name("BM_BaselineMemcpy", "").c_str(), BM_BaselineMemcpy);
  }
}

const bool kRegistered = (RegisterAll(), true);

}  // namespace
}  // namespace tidemark
