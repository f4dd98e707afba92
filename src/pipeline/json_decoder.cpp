// SPDX-License-Identifier: Apache-2.0
// The JSON decoder: the skeleton cache first, the full parser for what it misses. What the full
// parser accepts teaches the cache at once, so that a host misses once per measure, not once per
// batch.
#include <algorithm>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/checksum.h"
#include "pipeline/decoder.h"
#include "pipeline/json_record.h"
#include "pipeline/skeleton_cache_internal.h"

namespace tidemark::pipeline {
namespace {

struct KeyHash {
  using is_avalanching = void;
  size_t operator()(const std::string& key) const { return Hash64(key); }
};

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const catalog::MappingDef& mapping, DecoderOptions options)
      : options_(options), parser_(mapping), cache_(options.cache_bytes_max) {}

  Result<void> Decode(const SourceBatch& batch, SeriesResolver& resolver,
                      DecodedBatch& out) override {
    out.Clear();
    out.points.reserve(batch.records.size());
    out.records.reserve(batch.records.size());
    for (uint32_t i = 0; i < batch.records.size(); ++i) {
      const SourceRecord& record = batch.records[i];
      if (options_.cache) {
        if (const auto hit = cache_.Find(record.payload)) {
          Emit(record, i, hit->series, hit->value, hit->time, out);
          continue;
        }
      }
      TM_RETURN_IF_ERROR(DecodeInFull(record, i, resolver, out));
    }
    return {};
  }

  void Forget() override {
    cache_.Clear();
    series_.clear();
    series_bytes_ = 0;
  }

  uint64_t cache_hits() const override { return cache_.hits(); }

 private:
  Result<void> DecodeInFull(const SourceRecord& record, uint32_t index, SeriesResolver& resolver,
                            DecodedBatch& out) {
    DeadLetter dead;
    dead.record = index;
    const JsonRecord* parsed = parser_.Parse(record.payload, dead);
    if (parsed == nullptr) {
      out.dead.push_back(std::move(dead));
      return {};
    }
    TM_ASSIGN_OR_RETURN(const ResolvedSeries resolved, SeriesOf(*parsed, resolver));
    if (resolved.refused) {
      // It was decoded, so it moves the clock as any record does, before any filter.
      if (!BeyondHardLimit(record, parsed->time)) MoveClock(record, parsed->time, out);
      out.dead.push_back({index, *resolved.refused, "", resolved.message});
      return {};
    }
    store::ValueView value = parsed->value;
    if (value.type() == store::ValueType::kVarchar) {
      // The parser's buffer is overwritten by the next record.
      value = store::ValueView::Varchar(out.texts.emplace_back(value.as_varchar()));
    }
    Emit(record, index, resolved.series, value, parsed->time, out);
    if (options_.cache) cache_.Learn(record.payload, *parsed, resolved.series);
    return {};
  }

  void Emit(const SourceRecord& record, uint32_t index, store::SeriesRef series,
            const store::ValueView& value, EventTime time, DecodedBatch& out) const {
    if (BeyondHardLimit(record, time)) {
      out.dead.push_back({index, DeadReason::kFutureTimestamp, "",
                          "the time lies " + FormatDuration(time - record.arrival.AsEventTime()) +
                              " after the record's arrival"});
      return;
    }
    MoveClock(record, time, out);
    store::PointView point;
    point.series = series;
    point.time = time;
    point.arrival = record.arrival;
    point.value = value;
    out.points.push_back(point);
    out.records.push_back(index);
  }

  bool BeyondHardLimit(const SourceRecord& record, EventTime time) const {
    return time > record.arrival.AsEventTime() + options_.guard.hard;
  }

  void MoveClock(const SourceRecord& record, EventTime time, DecodedBatch& out) const {
    if (time > record.arrival.AsEventTime() + options_.guard.soft) {
      ++out.future_no_advance;
    } else if (!out.max_event_time || time > *out.max_event_time) {
      out.max_event_time = time;
    }
  }

  Result<ResolvedSeries> SeriesOf(const JsonRecord& record, SeriesResolver& resolver) {
    sorted_.assign(record.dimensions.begin(), record.dimensions.end());
    std::ranges::sort(sorted_, {}, &store::DimensionView::name);
    key_.clear();
    key_.push_back(static_cast<char>(record.type));
    AppendPart(record.measure);
    for (const auto& dimension : sorted_) {
      AppendPart(dimension.name);
      AppendPart(dimension.value);
    }
    if (const auto found = series_.find(key_); found != series_.end()) {
      return ResolvedSeries{found->second, std::nullopt, {}};
    }
    TM_ASSIGN_OR_RETURN(ResolvedSeries resolved,
                        resolver.Resolve(record.measure, record.type, sorted_));
    if (!resolved.refused) {
      if (series_bytes_ > options_.cache_bytes_max) {
        series_.clear();
        series_bytes_ = 0;
      }
      series_bytes_ += key_.size() + sizeof(std::string) + sizeof(store::SeriesRef);
      series_.emplace(key_, resolved.series);
    }
    return resolved;
  }

  void AppendPart(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    key_.append(reinterpret_cast<const char*>(&size), sizeof(size));
    key_.append(text);
  }

  const DecoderOptions options_;
  JsonRecordParser parser_;
  SkeletonCache cache_;
  boost::unordered_flat_map<std::string, store::SeriesRef, KeyHash> series_;
  size_t series_bytes_ = 0;
  std::vector<store::DimensionView> sorted_;
  std::string key_;
};

}  // namespace

void DecodedBatch::Clear() {
  points.clear();
  records.clear();
  dead.clear();
  max_event_time.reset();
  future_no_advance = 0;
  texts.clear();
}

Result<std::unique_ptr<Decoder>> MakeDecoder(const catalog::MappingDef& mapping,
                                             DecoderOptions options) {
  if (mapping.format != "json") {
    return Error{Code::kInvalidArgument,
                 "format \"" + mapping.format + "\" is not known: use \"json\""};
  }
  for (const auto& [name, field] :
       {std::pair{"measure_name", &mapping.measure_name},
        std::pair{"measure_value", &mapping.measure_value}, std::pair{"time", &mapping.time}}) {
    if (field->empty()) {
      return Error{Code::kInvalidArgument,
                   std::string("the mapping must name the field of ") + name};
    }
  }
  if (mapping.dimensions.empty()) {
    return Error{Code::kInvalidArgument,
                 "the mapping must name dimensions, or \"*\" for all other fields"};
  }
  return std::unique_ptr<Decoder>(std::make_unique<JsonDecoder>(mapping, options));
}

}  // namespace tidemark::pipeline
