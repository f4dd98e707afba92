// SPDX-License-Identifier: Apache-2.0
// Chunks of 8,192 rows, one a second: bytes a value with everything a chunk holds, GB/s of the raw
// 8-byte values in and out. Baselines in the same run: zstd levels 1 and 3 of the raw values, and
// memcpy. The answers are compared before anything is timed.
#include <zstd.h>

#include <bit>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "store/block/chunk.h"

namespace tidemark::store {
namespace {

constexpr size_t kChunks = 16;
constexpr size_t kValues = kChunks * kChunkRowsMax;
constexpr ChunkPlace kPlace{.file_no = 1, .offset = 64};

struct DataSet {
  std::string name;
  ValueType type = ValueType::kDouble;
  std::vector<uint64_t> bits;
  std::vector<std::string> texts;

  size_t raw_bytes() const {
    size_t bytes = bits.size() * sizeof(uint64_t);
    for (const std::string& text : texts) bytes += text.size();
    return bytes;
  }
  /// What zstd compresses: the values back to back, texts with a zero byte behind each.
  std::string Raw() const {
    std::string out(reinterpret_cast<const char*>(bits.data()), bits.size() * sizeof(uint64_t));
    for (const std::string& text : texts) out.append(text).push_back('\0');
    return out;
  }
  RowColumns Rows() const {
    RowColumns rows;
    for (size_t i = 0; i < kValues; ++i) {
      rows.times.push_back(1'767'200'000'000'000'000 + static_cast<int64_t>(i) * 1'000'000'000);
    }
    rows.versions.assign(kValues, 1);
    rows.columns.push_back({.type = type, .bits = bits});
    rows.columns[0].texts.assign(texts.begin(), texts.end());
    return rows;
  }
};

DataSet Numbers(std::string name, ValueType type, const std::function<uint64_t(size_t)>& value) {
  DataSet out{.name = std::move(name), .type = type};
  for (size_t i = 0; i < kValues; ++i) out.bits.push_back(value(i));
  return out;
}

uint64_t Bits(double v) { return std::bit_cast<uint64_t>(v); }

std::vector<DataSet> MakeDataSets() {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, 0.5);
  std::uniform_real_distribution<double> uniform(0, 100);
  std::vector<DataSet> out;
  out.push_back(Numbers("uniform_2_decimals", ValueType::kDouble,
                        [&](size_t) { return Bits(static_cast<double>(random() % 10001) / 100); }));
  double walk = 50;
  out.push_back(Numbers("walk_2_decimals", ValueType::kDouble, [&](size_t) {
    walk += normal(random);
    return Bits(std::round(walk * 100) / 100);
  }));
  out.push_back(
      Numbers("full_precision", ValueType::kDouble, [&](size_t) { return Bits(uniform(random)); }));
  double full_walk = 50;
  out.push_back(Numbers("full_precision_walk", ValueType::kDouble,
                        [&](size_t) { return Bits(full_walk += normal(random)); }));
  uint64_t counter = 0;
  out.push_back(
      Numbers("counter", ValueType::kBigint, [&](size_t) { return counter += random() % 501; }));
  out.push_back(Numbers("constant", ValueType::kDouble, [](size_t) { return Bits(36.6); }));
  DataSet states{.name = "strings_of_6_states", .type = ValueType::kVarchar};
  DataSet ids{.name = "strings_unique", .type = ValueType::kVarchar};
  for (size_t i = 0; i < kValues; ++i) {
    static constexpr const char* kStates[] = {"STATE_RUNNING_NORMAL", "STATE_IDLE",
                                              "STATE_MAINTENANCE",    "STATE_FAULT_DETECTED",
                                              "STATE_STARTING_UP",    "STATE_SHUTTING_DOWN"};
    states.texts.emplace_back(kStates[random() % std::size(kStates)]);
    std::string id;
    for (int k = 0; k < 32; ++k) id.push_back("0123456789abcdef"[random() % 16]);
    ids.texts.push_back(std::move(id));
  }
  out.push_back(std::move(states));
  out.push_back(std::move(ids));
  return out;
}

const std::vector<DataSet>& DataSets() {
  static const auto& sets = *new std::vector<DataSet>(MakeDataSets());
  return sets;
}

std::vector<std::string> EncodeAll(const RowColumns& rows, Effort effort) {
  std::vector<std::string> chunks(kChunks);
  for (size_t i = 0; i < kChunks; ++i) {
    EncodeChunk(rows, i * kChunkRowsMax, (i + 1) * kChunkRowsMax, 1, effort, kPlace, chunks[i]);
  }
  return chunks;
}

size_t BytesOf(const std::vector<std::string>& chunks) {
  size_t bytes = 0;
  for (const std::string& chunk : chunks) bytes += chunk.size();
  return bytes;
}

void Report(benchmark::State& state, const DataSet& data, size_t bytes) {
  const auto iterations = static_cast<int64_t>(state.iterations());
  state.SetBytesProcessed(iterations * static_cast<int64_t>(data.raw_bytes()));
  state.SetItemsProcessed(iterations * static_cast<int64_t>(kValues));
  state.counters["bytes_per_value"] = static_cast<double>(bytes) / static_cast<double>(kValues);
}

void BM_Encode(benchmark::State& state, const DataSet& data, Effort effort) {
  const RowColumns rows = data.Rows();
  size_t bytes = 0;
  for (auto _ : state) bytes = BytesOf(EncodeAll(rows, effort));
  Report(state, data, bytes);
}

/// Values only, as a scan of one column reads them; the checksum passed before.
void BM_Decode(benchmark::State& state, const DataSet& data, Effort effort) {
  const RowColumns rows = data.Rows();
  const auto chunks = EncodeAll(rows, effort);
  RowColumns back;
  TextArena kept;
  for (const std::string& bytes : chunks) {
    TM_CHECK(Chunk::Open(bytes, kPlace, Chunk::Verify::kYes)->AppendTo(back, kept).ok());
  }
  TM_CHECK(back.times == rows.times && back.columns[0].bits == rows.columns[0].bits &&
           back.columns[0].texts == rows.columns[0].texts);

  std::vector<uint64_t> bits(kBlockRows);
  std::vector<std::string_view> texts(kBlockRows);
  for (auto _ : state) {
    TextArena arena;
    for (const std::string& bytes : chunks) {
      auto chunk = Chunk::Open(bytes, kPlace, Chunk::Verify::kNo);
      for (size_t b = 0; b < chunk->blocks(); ++b) {
        const auto done = data.type == ValueType::kVarchar ? chunk->Texts(0, b, texts.data(), arena)
                                                           : chunk->Bits(0, b, bits.data());
        TM_CHECK(done.ok());
        benchmark::DoNotOptimize(bits.data());
        benchmark::DoNotOptimize(texts.data());
      }
    }
  }
  Report(state, data, BytesOf(chunks));
}

void BM_ZstdEncode(benchmark::State& state, const DataSet& data, int level) {
  const std::string raw = data.Raw();
  std::string out(ZSTD_compressBound(raw.size()), '\0');
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = ZSTD_compress(out.data(), out.size(), raw.data(), raw.size(), level);
  }
  Report(state, data, bytes);
}

void BM_ZstdDecode(benchmark::State& state, const DataSet& data, int level) {
  const std::string raw = data.Raw();
  std::string packed(ZSTD_compressBound(raw.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), level));
  std::string out(raw.size(), '\0');
  for (auto _ : state) {
    TM_CHECK(ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) == out.size());
    benchmark::DoNotOptimize(out.data());
  }
  TM_CHECK(out == raw);
  Report(state, data, packed.size());
}

void BM_Memcpy(benchmark::State& state, const DataSet& data) {
  const std::string raw = data.Raw();
  std::string out(raw.size(), '\0');
  for (auto _ : state) {
    std::memcpy(out.data(), raw.data(), raw.size());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  Report(state, data, raw.size());
}

const bool kRegistered = [] {
  for (const DataSet& data : DataSets()) {
    const auto add = [&](std::string_view what, auto run) {
      benchmark::RegisterBenchmark(("BM_Block/" + data.name + "/" + std::string(what)).c_str(),
                                   run);
    };
    for (const auto& [name, effort] :
         {std::pair("fast", Effort::kFast), std::pair("small", Effort::kSmall)}) {
      add(std::string("encode_") + name,
          [&data, effort](benchmark::State& state) { BM_Encode(state, data, effort); });
      add(std::string("decode_") + name,
          [&data, effort](benchmark::State& state) { BM_Decode(state, data, effort); });
    }
    for (const int level : {1, 3}) {
      add("zstd" + std::to_string(level) + "_encode",
          [&data, level](benchmark::State& state) { BM_ZstdEncode(state, data, level); });
      add("zstd" + std::to_string(level) + "_decode",
          [&data, level](benchmark::State& state) { BM_ZstdDecode(state, data, level); });
    }
    add("memcpy", [&data](benchmark::State& state) { BM_Memcpy(state, data); });
  }
  return true;
}();

}  // namespace
}  // namespace tidemark::store
