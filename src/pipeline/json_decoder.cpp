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
  JsonDecoder(const catalog::MappingDef& mapping, RecordRules rules, DecoderOptions options)
      : options_(options),
        rules_(std::move(rules)),
        plain_(rules_.empty()),
        parser_(mapping, rules_.fields()),
        cache_(options.cache_bytes_max, plain_ ? nullptr : &rules_) {}

  Result<void> Decode(const SourceBatch& batch, SeriesResolver& resolver,
                      DecodedBatch& out) override {
    out.Clear();
    out.points.reserve(batch.records.size());
    out.records.reserve(batch.records.size());
    for (uint32_t i = 0; i < batch.records.size(); ++i) {
      const SourceRecord& record = batch.records[i];
      if (options_.cache) {
        if (const auto hit = cache_.Find(record.payload)) {
          if (hit->series == kFilteredSeries) {
            Filter(record, hit->time, out);
          } else {
            Emit(record, i, hit->series, hit->value, hit->time, out);
          }
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
    if (parsed->punctuation) {
      Punctuate(record, parsed->time, out);
      return {};
    }
    if (!plain_) return DecodeByRules(record, *parsed, std::move(dead), resolver, out);
    return Take(record, index, *parsed,
                {parsed->measure, parsed->type, parsed->dimensions, std::nullopt, parsed->value},
                resolver, out);
  }

  /// A record after its rules: what the series is made of, and the value as it is stored.
  struct Outcome {
    std::string_view measure;
    store::ValueType type;
    std::span<const store::DimensionView> dimensions;
    std::optional<double> factor;
    store::ValueView value;
  };

  Result<void> DecodeByRules(const SourceRecord& record, const JsonRecord& parsed, DeadLetter dead,
                             SeriesResolver& resolver, DecodedBatch& out) {
    const RecordRules::Verdict verdict = rules_.Shape(parsed, shaped_, dead);
    if (verdict == RecordRules::Verdict::kDead) {
      AddDead(record, parsed.time, std::move(dead), out);
      return {};
    }
    const bool passes = rules_.PassesValue(parsed.value);
    if (verdict == RecordRules::Verdict::kFiltered || !passes) {
      Filter(record, parsed.time, out);
      if (options_.cache) {
        cache_.Learn(
            record.payload, parsed,
            verdict == RecordRules::Verdict::kFiltered ? kFilteredSeries : kUnresolvedSeries,
            std::nullopt);
      }
      return {};
    }
    const auto scaled = RecordRules::Scaled(parsed.value, shaped_.factor);
    if (!scaled) {
      dead.reason = DeadReason::kValue;
      dead.message = "the scaled value does not fit its type";
      AddDead(record, parsed.time, std::move(dead), out);
      return {};
    }
    return Take(record, dead.record, parsed,
                {shaped_.measure, shaped_.type, shaped_.dimensions, shaped_.factor, *scaled},
                resolver, out);
  }

  Result<void> Take(const SourceRecord& record, uint32_t index, const JsonRecord& parsed,
                    const Outcome& made, SeriesResolver& resolver, DecodedBatch& out) {
    TM_ASSIGN_OR_RETURN(const ResolvedSeries resolved, SeriesOf(made, resolver));
    if (resolved.refused) {
      AddDead(record, parsed.time, {index, *resolved.refused, "", resolved.message}, out);
      return {};
    }
    store::ValueView value = made.value;
    if (value.type() == store::ValueType::kVarchar) {
      // The parser's buffer is overwritten by the next record.
      value = store::ValueView::Varchar(out.texts.emplace_back(value.as_varchar()));
    }
    Emit(record, index, resolved.series, value, parsed.time, out);
    if (options_.cache) cache_.Learn(record.payload, parsed, resolved.series, made.factor);
    return {};
  }

  /// It was decoded, so it moves the clock as any record does, before any filter.
  void AddDead(const SourceRecord& record, EventTime time, DeadLetter dead,
               DecodedBatch& out) const {
    if (!BeyondHardLimit(record, time)) MoveClock(record, time, out);
    out.dead.push_back(std::move(dead));
  }

  void Filter(const SourceRecord& record, EventTime time, DecodedBatch& out) const {
    if (!BeyondHardLimit(record, time)) MoveClock(record, time, out);
    ++out.filtered;
  }

  /// The guard holds for it as for a record: a broken clock must not close windows.
  void Punctuate(const SourceRecord& record, EventTime time, DecodedBatch& out) const {
    ++out.punctuations;
    if (time > record.arrival.AsEventTime() + options_.guard.soft) {
      ++out.future_no_advance;
    } else {
      out.floor = std::max(out.floor, std::optional(time));
    }
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

  Result<ResolvedSeries> SeriesOf(const Outcome& record, SeriesResolver& resolver) {
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
  const RecordRules rules_;
  const bool plain_;  // no rules
  ShapedRecord shaped_;
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
  floor.reset();
  future_no_advance = filtered = punctuations = 0;
  texts.clear();
}

Result<std::unique_ptr<Decoder>> MakeDecoder(const catalog::MappingDef& mapping,
                                             const catalog::RulesDef& rules,
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
  TM_ASSIGN_OR_RETURN(RecordRules made, RecordRules::Make(mapping, rules));
  return std::unique_ptr<Decoder>(std::make_unique<JsonDecoder>(mapping, std::move(made), options));
}

}  // namespace tidemark::pipeline
