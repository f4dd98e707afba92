// SPDX-License-Identifier: Apache-2.0
#include "pipeline/record_finder.h"

#include <algorithm>
#include <span>

#include "pipeline/decoder.h"
#include "pipeline/log_source.h"

namespace tidemark::pipeline {
namespace {

/// Knows one series; all others are one that is not it. Makes none.
class OneSeries final : public SeriesResolver {
 public:
  explicit OneSeries(const store::SeriesInfo& series) : series_(series) {}

  Result<ResolvedSeries> Resolve(std::string_view measure, store::ValueType type,
                                 std::span<const store::DimensionView> dimensions) override {
    ResolvedSeries out;
    out.series = IsIt(measure, type, dimensions) ? series_.ref : kOther;
    return out;
  }

 private:
  static constexpr store::SeriesRef kOther{UINT64_MAX, UINT64_MAX};

  bool IsIt(std::string_view measure, store::ValueType type,
            std::span<const store::DimensionView> dimensions) const {
    if (measure != series_.measure || type != series_.type ||
        dimensions.size() != series_.dimensions.size()) {
      return false;
    }
    return std::ranges::all_of(series_.dimensions, [&](const store::Dimension& own) {
      return std::ranges::any_of(dimensions, [&own](const store::DimensionView& d) {
        return d.name == own.name && d.value == own.value;
      });
    });
  }

  const store::SeriesInfo& series_;
};

store::Scalar ScalarOf(const store::ValueView& value) {
  switch (value.type()) {
    case store::ValueType::kDouble:
      return value.as_double();
    case store::ValueType::kBigint:
      return value.as_bigint();
    case store::ValueType::kBoolean:
      return value.as_boolean();
    case store::ValueType::kVarchar:
      return std::string(value.as_varchar());
    case store::ValueType::kTimestamp:
      return value.as_timestamp();
    case store::ValueType::kMulti:
    case store::ValueType::kNone:
      break;
  }
  return {};
}

}  // namespace

Result<FoundRecords> FindRecords(const std::shared_ptr<log::Stream>& stream,
                                 const catalog::PipelineDef& def, const store::SeriesInfo& series,
                                 EventTime time, const RecordSearch& search) {
  TM_ASSIGN_OR_RETURN(const auto decoder, MakeDecoder(def.mapping, def.rules, {}));
  OneSeries resolver(series);
  LogSource source(stream);
  std::vector<PartitionStart> starts;
  for (const uint32_t partition : source.Partitions()) {
    TM_ASSIGN_OR_RETURN(std::string position, source.PositionBefore(partition, search.from));
    starts.push_back({partition, std::move(position)});
  }
  TM_RETURN_IF_ERROR(source.Start(starts));
  FoundRecords out;
  SourceBatch batch;
  DecodedBatch decoded;
  for (;;) {
    TM_ASSIGN_OR_RETURN(const bool more, source.Poll(kBatchRecordsMax, batch));
    if (!more) break;
    if (out.searched >= search.records_max) {
      out.complete = false;
      break;
    }
    out.searched += batch.records.size();
    TM_RETURN_IF_ERROR(decoder->Decode(batch, resolver, decoded));
    for (size_t i = 0; i < decoded.points.size(); ++i) {
      const store::PointView& point = decoded.points[i];
      if (point.series != series.ref || point.time != time) continue;
      const size_t record = decoded.records[i];
      out.records.push_back({.partition = source.PartitionName(batch.partition),
                             .sequence = source.SequenceOf(batch, record),
                             .arrival = batch.records[record].arrival,
                             .value = ScalarOf(point.value)});
    }
  }
  std::ranges::sort(out.records, {}, &FoundRecord::arrival);
  if (out.records.size() > search.found_max) {
    // The newest say what is stored.
    out.records.erase(out.records.begin(),
                      out.records.end() - static_cast<ptrdiff_t>(search.found_max));
    out.complete = false;
  }
  return out;
}

}  // namespace tidemark::pipeline
