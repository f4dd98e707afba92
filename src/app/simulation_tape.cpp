// SPDX-License-Identifier: Apache-2.0
#include "app/simulation_tape.h"

#include <algorithm>

#include "pipeline/log_source.h"
#include "pipeline/manager.h"

namespace tidemark::app {
namespace {

constexpr size_t kPlayedPerTick = 65'536;

}  // namespace

Result<pipeline::ResolvedSeries> SeriesNumbers::Resolve(
    std::string_view measure, store::ValueType type,
    std::span<const store::DimensionView> dimensions) {
  SeriesKey key{.measure = std::string(measure), .type = type, .dimensions = {}};
  for (const store::DimensionView& d : dimensions) {
    key.dimensions.emplace_back(d.name, d.value);
  }
  std::ranges::sort(key.dimensions);
  const auto [it, is_new] = numbers_.try_emplace(std::move(key), keys_.size());
  if (is_new) keys_.push_back(&it->first);
  pipeline::ResolvedSeries out;
  out.series = {1, it->second + 1};
  return out;
}

/// Of one pipeline: its partitions are read one at a time, whichever has run out of points.
struct Tape::Reader {
  explicit Reader(std::shared_ptr<log::Stream> stream) : source(std::move(stream)) {}
  pipeline::LogSource source;
  std::unique_ptr<pipeline::Decoder> decoder;
};

struct Tape::Cursor {
  struct Batch {
    pipeline::SourceBatch records;
    pipeline::DecodedBatch decoded;
  };
  Reader* reader = nullptr;
  uint32_t partition = 0;  // index into partitions_
  uint64_t left = 0;       // records, at most
  uint64_t end = 0;        // offset of the last one that counts
  std::shared_ptr<Batch> batch;
  std::vector<Played> played;  // of the batch
  size_t at = 0;               // of them: the next
};

Tape::Tape() = default;
Tape::~Tape() = default;

Result<std::unique_ptr<Tape>> Tape::Open(const catalog::Catalog& catalog, log::Log& log,
                                         std::string_view database, std::string_view table,
                                         uint64_t records_max) {
  std::unique_ptr<Tape> tape(new Tape());
  TM_ASSIGN_OR_RETURN(const catalog::TableDef def, catalog.GetTable(database, table));
  tape->retention_ = pipeline::RetentionOf(def);
  for (const catalog::PipelineDef& feeding : catalog.ListPipelines()) {
    if (feeding.database != database || feeding.table != table) continue;
    TM_RETURN_IF_ERROR(tape->AddPipeline(log, feeding));
  }
  if (tape->retained_ > records_max) {
    return Error{Code::kFailedPrecondition,
                 "the streams of the table retain " + std::to_string(tape->retained_) +
                     " records, and a simulation plays " + std::to_string(records_max) +
                     " at most: shorten the retention of the stream, or try it on a smaller one"};
  }
  for (const auto& cursor : tape->cursors_) {
    TM_RETURN_IF_ERROR(tape->Fill(*cursor));
    if (cursor->at < cursor->played.size()) {
      tape->partitions_[cursor->partition].first = cursor->played[cursor->at].arrival;
    }
  }
  return tape;
}

Result<void> Tape::AddPipeline(log::Log& log, const catalog::PipelineDef& def) {
  const auto stream = log.Find(def.stream);
  if (stream == nullptr) return {};
  readers_.push_back(std::make_unique<Reader>(stream));
  Reader& reader = *readers_.back();
  TM_ASSIGN_OR_RETURN(reader.decoder, pipeline::MakeDecoder(def.mapping, def.rules, {}));
  std::vector<pipeline::PartitionStart> starts;
  for (const uint32_t number : reader.source.Partitions()) {
    auto cursor = std::make_unique<Cursor>();
    cursor->reader = &reader;
    cursor->partition = static_cast<uint32_t>(partitions_.size());
    TM_ASSIGN_OR_RETURN(const log::ShardStatus status, stream->Status(number));
    if (status.next > status.first) {
      cursor->left = status.next.value - status.first.value;
      cursor->end = status.next.value - 1;
    }
    retained_ += cursor->left;
    cursors_.push_back(std::move(cursor));
    partitions_.push_back({.source = {store::SourceId::Kind::kPipeline, def.id.value},
                           .number = number,
                           .whole = reader.source.Untrimmed(number),
                           .idle_timeout = def.idle_timeout,
                           .first = std::nullopt});
    starts.push_back({number, ""});
  }
  TM_RETURN_IF_ERROR(reader.source.Start(starts));
  for (const auto& start : starts) {
    reader.source.SetReading(start.partition, pipeline::Source::Reading::kPaused);
  }
  return {};
}

std::optional<ArrivalTime> Tape::begin() const {
  std::optional<ArrivalTime> out;
  for (const TapePartition& partition : partitions_) {
    if (partition.first) out = std::min(out.value_or(*partition.first), *partition.first);
  }
  return out;
}

Result<bool> Tape::Fill(Cursor& cursor) {
  pipeline::Source& source = cursor.reader->source;
  const uint32_t number = partitions_[cursor.partition].number;
  while (cursor.at == cursor.played.size()) {
    if (cursor.left == 0) return false;
    cursor.batch = std::make_shared<Cursor::Batch>();
    pipeline::SourceBatch& records = cursor.batch->records;
    source.SetReading(number, pipeline::Source::Reading::kOn);
    const auto some = source.Poll(pipeline::kBatchRecordsMax, records);
    source.SetReading(number, pipeline::Source::Reading::kPaused);
    TM_RETURN_IF_ERROR(some);
    if (!source.TakeGaps().empty()) {
      return Error{Code::kFailedPrecondition,
                   "records were trimmed from the stream while they were played: try it again"};
    }
    while (!records.records.empty() && records.records.back().offset > cursor.end) {
      records.records.pop_back();
    }
    if (!*some || records.records.empty()) {
      cursor.left = 0;
      return false;
    }
    cursor.left -= std::min<uint64_t>(cursor.left, records.records.size());
    TM_RETURN_IF_ERROR(Decode(cursor));
  }
  return true;
}

Result<void> Tape::Decode(Cursor& cursor) {
  const pipeline::SourceBatch& records = cursor.batch->records;
  pipeline::DecodedBatch& decoded = cursor.batch->decoded;
  TM_RETURN_IF_ERROR(cursor.reader->decoder->Decode(records, series_, decoded));
  records_ += records.records.size();
  cursor.played.clear();
  cursor.at = 0;
  for (const store::PointView& point : decoded.points) {
    if (point.arrival.AsEventTime() - point.time > retention_) continue;  // a dead letter
    ++points_;
    Played& one = cursor.played.emplace_back();
    one.arrival = point.arrival;
    one.partition = cursor.partition;
    one.series = point.series.lo - 1;
    one.time = point.time;
    one.value = point.value;
  }
  if (decoded.filtered + decoded.punctuations == 0) return {};
  Played& clock = cursor.played.emplace_back();
  clock.arrival = records.records.back().arrival;
  clock.partition = cursor.partition;
  clock.max_event_time = decoded.max_event_time;
  clock.floor = decoded.floor;
  return {};
}

Result<bool> Tape::Next(milliseconds length, PlayedTick& out) {
  out.played.clear();
  out.keep.clear();
  // Few partitions: to look at each for every run of one is cheap.
  for (;;) {
    Cursor* first = nullptr;
    std::optional<ArrivalTime> second;
    for (const auto& cursor : cursors_) {
      TM_ASSIGN_OR_RETURN(const bool some, Fill(*cursor));
      if (!some) continue;
      const ArrivalTime arrival = cursor->played[cursor->at].arrival;
      if (first == nullptr || arrival < first->played[first->at].arrival) {
        if (first != nullptr) second = first->played[first->at].arrival;
        first = cursor.get();
      } else {
        second = std::min(second.value_or(arrival), arrival);
      }
    }
    if (first == nullptr) return !out.played.empty();
    if (out.keep.empty() || out.keep.back() != first->batch) out.keep.push_back(first->batch);
    const size_t begun = first->at;
    for (; first->at < first->played.size(); ++first->at) {
      const Played& one = first->played[first->at];
      const ArrivalTime begin = out.played.empty() ? one.arrival : out.played.front().arrival;
      if (one.arrival >= begin + length || out.played.size() >= kPlayedPerTick) return true;
      if (second && one.arrival > *second && first->at > begun) break;
      out.played.push_back(one);
    }
  }
}

}  // namespace tidemark::app
