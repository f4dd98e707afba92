// SPDX-License-Identifier: Apache-2.0
// What is there and how it does, as the objects of web/API.md section 5. Rates are differences of
// totals over the last seconds, for which Sample() is called about once a second. Thread-safe;
// calls may wait for the parts' locks, so none belongs on a network thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/console/service.h"
#include "api/console/status_history_internal.h"
#include "api/console/stream_meter_internal.h"
#include "base/json.h"
#include "base/mutex.h"

namespace tidemark::console {

/// Keeps the totals of the last few samples of each name. Thread-safe.
class RateMeter {
 public:
  /// Replaces what `names` had; names that are missing in it are forgotten.
  void Sample(MonotonicTime now, std::map<std::string, uint64_t, std::less<>> totals);
  /// Per second, since the oldest sample kept; 0 while there is none.
  double Rate(std::string_view name, uint64_t total, MonotonicTime now) const;

 private:
  using Totals = std::map<std::string, uint64_t, std::less<>>;

  mutable Mutex mutex_;
  std::deque<std::pair<MonotonicTime, Totals>> samples_ TM_GUARDED_BY(mutex_);
};

inline constexpr size_t kWindowsMax = 1000;

/// Which windows of a view are shown.
struct WindowsWish {
  size_t limit = 100;
  bool revised = false;             // of the newest kWindowsMax those that were revised
  std::optional<EventTime> before;  // that begin before it
};

/// What writes to a table, as people call it: a pipeline's name, or "direct".
std::string SourceName(const store::SourceId& source,
                       const std::vector<pipeline::PipelineStatus>& pipelines);

class Status {
 public:
  Status(const ServiceOptions& options, const ServiceDeps& deps);

  void Sample();

  // Whole answers.
  std::string Overview() const;
  std::string OverviewHistory() const;
  std::string Streams() const;
  Result<std::string> Stream(std::string_view name) const;
  std::string Databases() const;
  std::string Pipelines() const;
  Result<std::string> Pipeline(std::string_view name) const;
  std::string Views() const;
  Result<std::string> View(std::string_view name) const;
  Result<std::string> Watermarks(std::string_view view) const;
  Result<std::string> Lateness(std::string_view view) const;
  Result<std::string> ViewHistory(std::string_view view) const;
  Result<std::string> Windows(std::string_view view, const WindowsWish& wish) const;
  /// The members of a `graph` event, without braces: "\"overview\":{..},\"streams\":[..],.."
  std::string Graph() const;

  const StreamMeter& meter() const { return meter_; }
  /// Records per second of a pipeline.
  double RateOf(const pipeline::PipelineStatus& status) const;

 private:
  struct Facts;
  struct StreamFacts {
    const catalog::StreamDef* definition = nullptr;
    std::shared_ptr<log::Stream> stream;  // keeps the definition
    uint64_t records = 0;                 // since the process started
    uint64_t bytes = 0;
    double records_per_second = 0;
    double bytes_per_second = 0;
  };

  Facts Gather() const;
  StreamFacts Describe(const log::Stream& stream, MonotonicTime now) const;

  void WriteOverview(JsonWriter& out, const Facts& facts) const;
  /// A long listing has the history; `graph` events, one a second, do not.
  enum class StreamDetail : uint8_t { kEvent, kListing };
  void WriteStreams(JsonWriter& out, const Facts& facts, StreamDetail detail) const;
  void WriteStream(JsonWriter& out, const StreamFacts& stream,
                   const std::vector<pipeline::PipelineStatus>& pipelines,
                   StreamDetail detail) const;
  void WriteDatabases(JsonWriter& out, const Facts& facts) const;
  void WritePipelines(JsonWriter& out, const Facts& facts) const;
  void WriteViews(JsonWriter& out, const Facts& facts) const;
  void WritePipeline(JsonWriter& out, const pipeline::PipelineStatus& status,
                     MonotonicTime now) const;
  void WriteView(JsonWriter& out, const view::ViewStatus& status) const;
  void WriteTable(JsonWriter& out, const catalog::TableDef& table, const Facts& facts) const;

  const ServiceOptions options_;
  const ServiceDeps deps_;
  const MonotonicTime started_;
  RateMeter rates_;
  StreamMeter meter_;
  StatusHistory history_;
};

/// Body of views/*/generations.
Result<std::string> GenerationsJson(const Result<ViewGenerations>& told);

}  // namespace tidemark::console
