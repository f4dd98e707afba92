// SPDX-License-Identifier: Apache-2.0
// The series index at 10 thousand and 1 million series shaped as AWS's DevOps benchmark: bytes a
// series (without rows), finding known series in random order, loading from definitions, selecting.
// Baseline in the same run: a std::unordered_map from canonical key to id, which can only find.
#include <malloc.h>

#include <algorithm>
#include <random>
#include <unordered_map>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/checksum.h"
#include "store/canonical_key.h"
#include "store/series_index.h"

namespace tidemark::store {
namespace {

constexpr TableId kTable{1};
constexpr size_t kDimensions = 8;
constexpr size_t kMeasures = 10;

size_t HeapBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A host has a name of its own and shares the rest; every host has all measures.
struct Keys {
  explicit Keys(size_t series) {
    for (size_t i = 0; i < series; ++i) {
      const size_t host = i / kMeasures;
      texts.push_back({"eu-west-" + std::to_string(host % 5),
                       "eu-west-1-cell-" + std::to_string(host % 40),
                       "silo-" + std::to_string(host % 13),
                       "eu-west-1" + std::string(1, static_cast<char>('a' + host % 3)),
                       "service-" + std::to_string(host % 97),
                       "m5." + std::to_string(host % 7) + "xlarge", "AL" + std::to_string(host % 2),
                       "i-" + std::to_string(host * 7919 + 1'000'000'007) + ".amazonaws.com"});
      measures.push_back("cpu_metric_" + std::to_string(i % kMeasures));
    }
    for (uint32_t i = 0; i < series; ++i) order.push_back(i);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
  }

  SeriesKeyView View(size_t i, std::array<DimensionView, kDimensions>& room) const {
    static constexpr std::string_view kNames[] = {
        "region",        "cell",       "silo",         "availability_zone", "microservice_name",
        "instance_type", "os_version", "instance_name"};
    for (size_t d = 0; d < kDimensions; ++d) room[d] = {kNames[d], texts[i][d]};
    return {kTable, measures[i], room, ValueType::kDouble, {}};
  }

  std::vector<std::array<std::string, kDimensions>> texts;
  std::vector<std::string> measures;
  std::vector<uint32_t> order;
};

const Keys& KeysOf(size_t series) {
  static std::map<size_t, std::unique_ptr<Keys>> made;
  auto& keys = made[series];
  if (keys == nullptr) keys = std::make_unique<Keys>(series);
  return *keys;
}

struct Loaded {
  explicit Loaded(const Keys& keys) {
    const size_t before = HeapBytes();
    std::array<DimensionView, kDimensions> room;
    for (size_t i = 0; i < keys.texts.size(); ++i) {
      SeriesEntry* entry = index.AddSeries(keys.View(i, room)).value();
      index.Define(*entry, i + 1);
    }
    bytes = HeapBytes() - before;
  }
  SeriesDirectory directory;
  SeriesIndex index{directory};
  size_t bytes = 0;
};

const Loaded& LoadedOf(size_t series) {
  static std::map<size_t, std::unique_ptr<Loaded>> made;
  auto& loaded = made[series];
  if (loaded == nullptr) loaded = std::make_unique<Loaded>(KeysOf(series));
  return *loaded;
}

std::unordered_map<std::string, uint32_t> MapOf(const Keys& keys) {
  std::unordered_map<std::string, uint32_t> map;
  std::array<DimensionView, kDimensions> room;
  for (size_t i = 0; i < keys.texts.size(); ++i)
    map.emplace(CanonicalKey(keys.View(i, room)), static_cast<uint32_t>(i + 1));
  return map;
}

void BM_FindBaselineMapOfKeys(benchmark::State& state) {
  const Keys& keys = KeysOf(static_cast<size_t>(state.range(0)));
  const size_t before = HeapBytes();
  const auto map = MapOf(keys);
  state.counters["bytes_series"] =
      static_cast<double>(HeapBytes() - before) / static_cast<double>(map.size());
  std::array<DimensionView, kDimensions> room;
  std::string key;
  size_t at = 0;
  for (auto _ : state) {
    const uint32_t i = keys.order[at++ % keys.order.size()];
    key.clear();
    AppendCanonicalKey(keys.View(i, room), key);
    const auto found = map.find(key);
    TM_CHECK(found != map.end() && found->second == i + 1);
  }
  state.SetItemsProcessed(state.iterations());
}

// What both pay for: the keys themselves lie in memory that no cache holds.
void BM_FindBaselineHashTheTexts(benchmark::State& state) {
  const Keys& keys = KeysOf(static_cast<size_t>(state.range(0)));
  std::array<DimensionView, kDimensions> room;
  size_t at = 0;
  for (auto _ : state) {
    const SeriesKeyView key = keys.View(keys.order[at++ % keys.order.size()], room);
    uint64_t hash = Hash64(key.measure);
    for (const DimensionView& d : key.dimensions) hash += Hash64(d.value);
    benchmark::DoNotOptimize(hash);
  }
  state.SetItemsProcessed(state.iterations());
}

void BM_Find(benchmark::State& state) {
  const Keys& keys = KeysOf(static_cast<size_t>(state.range(0)));
  const Loaded& loaded = LoadedOf(keys.texts.size());
  const auto series = static_cast<double>(keys.texts.size());
  // The map has no entries with room for rows: compare without.
  state.counters["bytes_series"] = static_cast<double>(loaded.bytes) / series;
  state.counters["bytes_series_no_entry"] =
      static_cast<double>(loaded.bytes) / series - static_cast<double>(sizeof(SeriesEntry));
  state.counters["bytes_series_counted"] = static_cast<double>(loaded.index.heap_bytes()) / series;
  std::array<DimensionView, kDimensions> room;
  size_t at = 0;
  for (auto _ : state) {
    const uint32_t i = keys.order[at++ % keys.order.size()];
    TM_CHECK(loaded.index.FindSeries(keys.View(i, room)) == i + 1);
  }
  state.SetItemsProcessed(state.iterations());
}

// As a start does, from the dictionary's records.
void BM_Load(benchmark::State& state) {
  const Loaded& loaded = LoadedOf(static_cast<size_t>(state.range(0)));
  std::vector<std::string> records;
  for (uint32_t id = 1; id < loaded.directory.end(); ++id)
    records.push_back(loaded.index.KeyOf(id));
  for (auto _ : state) {
    auto directory = std::make_unique<SeriesDirectory>();
    SeriesIndex index(*directory);
    for (uint32_t i = 0; i < records.size(); ++i)
      index.Define(*index.AddSeriesAt(i + 1, ValueType::kDouble, records[i]).value(), 1);
    TM_CHECK(index.series_count() == records.size());
    state.PauseTiming();
    directory.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BM_Encode(benchmark::State& state) {
  const Loaded& loaded = LoadedOf(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    BatchEncoder encoder;
    loaded.index.EncodeSeriesDefinitions(1, UINT32_MAX, UINT64_MAX, encoder);
    benchmark::DoNotOptimize(std::move(encoder).Take().size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

TextPredicate Is(std::string value) { return {TextPredicate::Op::kIn, {std::move(value)}, '\0'}; }

void Select(benchmark::State& state, const Selection& selection) {
  const Loaded& loaded = LoadedOf(static_cast<size_t>(state.range(0)));
  size_t found = 0;
  for (auto _ : state) found = loaded.index.SelectIds(selection, UINT64_MAX).value().size();
  state.counters["series"] = static_cast<double>(found);
}

void BM_SelectFiveValues(benchmark::State& state) {
  Select(state, {.table = kTable,
                 .time = {},
                 .measure = {Is("cpu_metric_3")},
                 .dimensions = {{"region", Is("eu-west-1")},
                                {"cell", Is("eu-west-1-cell-1")},
                                {"silo", Is("silo-1")},
                                {"availability_zone", Is("eu-west-1b")},
                                {"os_version", Is("AL1")}},
                 .owners = {},
                 .series = {}});
}

void BM_SelectOneHost(benchmark::State& state) {
  Select(state, {.table = kTable,
                 .time = {},
                 .measure = {},
                 .dimensions = {{"instance_name", Is("i-1000000007.amazonaws.com")}},
                 .owners = {},
                 .series = {}});
}

void BM_SelectHostsByRegex(benchmark::State& state) {
  Select(state,
         {.table = kTable,
          .time = {},
          .measure = {},
          .dimensions = {{"instance_name", {TextPredicate::Op::kRegex, {"77[0-9]+7\\."}, '\0'}}},
          .owners = {},
          .series = {}});
}

void BM_SelectAllButOneCell(benchmark::State& state) {
  Select(state, {.table = kTable,
                 .time = {},
                 .measure = {},
                 .dimensions = {{"cell", {TextPredicate::Op::kNotLike, {"%cell-1"}, '\0'}}},
                 .owners = {},
                 .series = {}});
}

void BM_InfoOfTwentyThousand(benchmark::State& state) {
  const Loaded& loaded = LoadedOf(static_cast<size_t>(state.range(0)));
  const auto last = std::min<uint32_t>(20000, loaded.directory.end() - 1);
  for (auto _ : state) {
    for (uint32_t id = 1; id <= last; ++id) benchmark::DoNotOptimize(loaded.index.Info(id));
  }
  state.SetItemsProcessed(state.iterations() * last);
}

#define TM_SIZES ->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond)
BENCHMARK(BM_FindBaselineMapOfKeys) TM_SIZES->Unit(benchmark::kNanosecond);
BENCHMARK(BM_FindBaselineHashTheTexts) TM_SIZES->Unit(benchmark::kNanosecond);
BENCHMARK(BM_Find) TM_SIZES->Unit(benchmark::kNanosecond);
BENCHMARK(BM_Load) TM_SIZES->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Encode) TM_SIZES->Unit(benchmark::kMillisecond);
BENCHMARK(BM_SelectFiveValues) TM_SIZES;
BENCHMARK(BM_SelectOneHost) TM_SIZES;
BENCHMARK(BM_SelectHostsByRegex) TM_SIZES;
BENCHMARK(BM_SelectAllButOneCell) TM_SIZES;
BENCHMARK(BM_InfoOfTwentyThousand) TM_SIZES;
#undef TM_SIZES

}  // namespace
}  // namespace tidemark::store
