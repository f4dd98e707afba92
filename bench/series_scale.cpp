// SPDX-License-Identifier: Apache-2.0
// Memory and write rate by the number of series: one point a series per minute for ten minutes,
// then a flush, each count in a process of its own. Prints a table: 10,000 and 1,000,000 series, or
// the counts on the command line (10,000,000 needs 24 GB and patience).
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/logging.h"
#include "base/metrics.h"
#include "base/testing/temp_dir.h"
#include "base/units.h"
#include "bulk_writer.h"
#include "store/embedded_store.h"

namespace tidemark {
namespace {

constexpr TableId kTable{1};
constexpr EventTime kStart{1'767'225'600'000'000'000};
constexpr size_t kBatch = 500;
constexpr int kMinutes = 10;

/// What a child process found; plain bytes over a pipe.
struct Found {
  uint64_t series = 0;
  double resident_bytes = 0;  // after the ten minutes
  double flushed_bytes = 0;   // after the flush
  double points_per_cpu_second = 0;
  double flush_seconds = 0;
  bool sealed = false;
};

double ResidentBytes() {
  // Freed pages count as free, not as ours.
  ::malloc_trim(0);
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0;
  unsigned long resident = 0;
  TM_CHECK(file != nullptr && std::fscanf(file, "%lu %lu", &size, &resident) == 2);
  std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds_of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

std::vector<store::SeriesRef> ResolveSeries(store::Store& store, size_t count) {
  std::vector<store::SeriesRef> out;
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    // Twenty measures a host; eight dimensions, as the public DevOps generators have them.
    const size_t h = i / 20;
    const std::string texts[] = {"region-" + std::to_string(h % 5),
                                 "zone-" + std::to_string(h % 15),
                                 "cell-" + std::to_string(h % 60),
                                 "silo-" + std::to_string(h % 120),
                                 "service-" + std::to_string(h / 120 % 5),
                                 "type-" + std::to_string(h % 4),
                                 "os-" + std::to_string(h % 2),
                                 "i-service-" + std::to_string(h) + ".amazonaws.com"};
    const store::DimensionView dimensions[] = {
        {"region", texts[0]},     {"availability_zone", texts[1]}, {"cell", texts[2]},
        {"silo", texts[3]},       {"microservice_name", texts[4]}, {"instance_type", texts[5]},
        {"os_version", texts[6]}, {"instance_name", texts[7]}};
    const std::string measure = "measure_" + std::to_string(i % 20);
    const store::SeriesKeyView key{.table = kTable,
                                   .measure = measure,
                                   .dimensions = dimensions,
                                   .type = store::ValueType::kDouble,
                                   .owner = {}};
    out.push_back(store.Resolve(std::span(&key, 1)).value().front().series);
  }
  return out;
}

Found Measure(size_t count) {
  const TempDir dir;
  SystemClock clock;
  MetricRegistry metrics;
  const auto executor = MakeThreadExecutor({.background_threads = 1, .query_threads = 1});
  store::EmbeddedStoreOptions options;
  options.dir = dir.path();
  options.memory_bytes_max = 16_GiB;
  auto store =
      store::EmbeddedStore::Open(options, RealFileSystem(), clock, *executor, metrics).value();
  store->SetTable({.table = kTable,
                   .name = "\"bench\".\"points\"",
                   .memory_retention = std::chrono::hours(24 * 3650)});
  Found found{.series = count};
  double cpu = CpuSeconds();
  {
    const std::vector<store::SeriesRef> series = ResolveSeries(*store, count);
    BulkWriter writer(*store, {});
    std::vector<store::PointView> points;
    for (int minute = 0; minute < kMinutes; ++minute) {
      for (size_t s = 0; s < count; ++s) {
        points.push_back({.series = series[s],
                          .time = kStart + seconds(60 * minute),
                          .version = 1,
                          .arrival = {},
                          .value = store::ValueView::Double(
                              static_cast<double>((s * 7919 + size_t(minute)) % 10'000) / 100),
                          .row = nullptr});
        if (points.size() == kBatch || s + 1 == count) {
          writer.Write(points);
          points.clear();
        }
      }
    }
    writer.Drain();
  }
  cpu = CpuSeconds() - cpu;
  found.points_per_cpu_second = static_cast<double>(count) * kMinutes / cpu;
  found.resident_bytes = ResidentBytes();
  const auto start = std::chrono::steady_clock::now();
  std::promise<Result<void>> flushed;
  store->Flush([&flushed](const Result<void>& result) { flushed.set_value(result); });
  found.sealed = flushed.get_future().get().ok() && store->Report().block_bytes > 0;
  found.flush_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  found.flushed_bytes = ResidentBytes();
  store.reset();
  executor->Stop();
  return found;
}

Found MeasureInChild(size_t count) {
  int ends[2];
  TM_CHECK(::pipe(ends) == 0);
  const pid_t child = ::fork();
  TM_CHECK(child >= 0);
  if (child == 0) {
    const Found found = Measure(count);
    const bool told = ::write(ends[1], &found, sizeof found) == ssize_t{sizeof found};
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  Found found;
  TM_CHECK(::read(ends[0], &found, sizeof found) == ssize_t{sizeof found});
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return found;
}

}  // namespace
}  // namespace tidemark

int main(int argc, char** argv) {
  using tidemark::Found;
  tidemark::InitLogging(tidemark::LogLevel::kError, tidemark::LogFormat::kJson);
  std::vector<size_t> counts;
  for (int i = 1; i < argc; ++i) counts.push_back(std::strtoull(argv[i], nullptr, 10));
  if (counts.empty()) counts = {10'000, 1'000'000};
  std::printf("%12s %14s %14s %16s %10s\n", "series", "resident MB", "flushed MB", "points/CPU s",
              "flush s");
  std::vector<Found> all;
  for (const size_t count : counts) {
    const Found found = tidemark::MeasureInChild(count);
    std::printf("%12zu %14.1f %14.1f %16.0f %10.2f%s\n", count, found.resident_bytes / 1e6,
                found.flushed_bytes / 1e6, found.points_per_cpu_second, found.flush_seconds,
                found.sealed ? "" : "  (nothing was sealed)");
    std::fflush(stdout);
    all.push_back(found);
  }
  for (size_t i = 1; i < all.size(); ++i) {
    std::printf(
        "%zu series beyond %zu: %.0f MB, %.0f after the flush (aim: 1,000 MB per million), write "
        "rate %.2f of it (aim: 0.5)\n",
        counts[i], counts[0], (all[i].resident_bytes - all[0].resident_bytes) / 1e6,
        (all[i].flushed_bytes - all[0].flushed_bytes) / 1e6,
        all[i].points_per_cpu_second / all[0].points_per_cpu_second);
  }
  return 0;
}
