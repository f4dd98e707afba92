// SPDX-License-Identifier: Apache-2.0
// A byte that says what the rest is: records of a batch, the payload of a frame, a segment header,
// or the fields of a multi-measure row.
#include "base/check.h"
#include "fuzzer.h"
#include "store/journal_format.h"

namespace {

using namespace tidemark;
using namespace tidemark::store;

enum What : uint8_t { kRecords, kPayload, kHeader, kFields, kWhats };

class Ignore final : public BatchVisitor {
 public:
  Result<void> OnSeriesDef(uint32_t, ValueType, std::string_view) override { return {}; }
  Result<void> OnField(TableId, uint32_t, const FieldDef&) override { return {}; }
  Result<void> OnPoints(std::span<const JournalPoint> points) override {
    std::vector<EncodedField> fields;
    for (const JournalPoint& p : points) {
      if (p.type == ValueType::kMulti) (void)DecodeFields(p.text, fields);
    }
    return {};
  }
  Result<void> OnSource(SourceProgress) override { return {}; }
  Result<void> OnView(ViewProgress) override { return {}; }
  Result<void> OnRevision(RevisionEntry) override { return {}; }
  Result<void> OnTableDrop(TableId) override { return {}; }
  Result<void> OnAdopt(uint32_t, Owner) override { return {}; }
  Result<void> OnOwnerDrop(ViewId) override { return {}; }
};

std::string SomeRecords() {
  BatchEncoder batch;
  batch.SeriesDef(1, ValueType::kDouble, "key");
  batch.Field(TableId{2}, 0, {"field", ValueType::kBigint});
  const RowInfo row{{10}, {20}, 1, 5};
  std::vector<JournalPoint> points(3);
  for (size_t i = 0; i < points.size(); ++i) {
    points[i].series = static_cast<uint32_t>(i);
    points[i].type = ValueType::kDouble;
    points[i].time = static_cast<int64_t>(1000 * i);
    points[i].version = static_cast<int64_t>(i + 1);
    points[i].row = &row;
  }
  batch.Points(points, HasArrival::kYes);
  for (JournalPoint& p : points) {
    p.type = ValueType::kVarchar;
    p.text = "text";
    p.row = nullptr;
  }
  batch.Points(points, HasArrival::kNo);
  batch.Source({{SourceId::Kind::kPipeline, 4}, TableId{2}, 1, "at", EventTime{3}, false, true});
  batch.View({ViewId{3}, 1, Positions({7, 8}), EventTime{4}, "state"});
  RevisionEntry revision;
  revision.series = {0, 1};
  revision.old_value = 1.5;
  revision.new_value = std::string("text");
  batch.Revision(revision);
  batch.TableDrop(TableId{2});
  batch.Adopt(1, {ViewId{3}, 1});
  batch.OwnerDrop(ViewId{3});
  return std::move(batch).Take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 100'000) return 0;
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  Ignore ignore;
  switch (data[0] % kWhats) {
    case kRecords:
      (void)DecodeBatch(rest, ignore).ok();
      break;
    case kPayload: {
      BatchReader batches(rest, 1);
      uint64_t lsn = 0;
      std::string_view records;
      for (auto more = batches.Next(lsn, records); more.ok() && *more;
           more = batches.Next(lsn, records)) {
        (void)DecodeBatch(records, ignore).ok();
      }
      break;
    }
    case kHeader:
      (void)DecodeSegmentHeader(rest, 1).ok();
      (void)DecodeFrameHeader(rest, 1, 128);
      break;
    default: {
      std::vector<EncodedField> fields;
      if (!DecodeFields(rest, fields)) break;
      std::string once;
      EncodeFields(fields, once);
      TM_CHECK(DecodeFields(once, fields));
    }
  }
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  SegmentHeader segment;
  segment.file_no = 1;
  std::string payload;
  AppendBatch(SomeRecords(), 0, payload);
  AppendBatch(SomeRecords(), 3, payload);
  std::string frame;
  FrameHeader header;
  AppendFrame(header, payload, 1, 128, frame);
  const std::vector<EncodedField> row = {
      {0, ValueView::Double(1)}, {1, ValueView::Varchar("text")}, {7, ValueView::Boolean(true)}};
  std::string fields;
  EncodeFields(row, fields);
  return {std::string(1, kRecords) + SomeRecords(), std::string(1, kPayload) + payload,
          std::string(1, kHeader) + EncodeSegmentHeader(segment), std::string(1, kHeader) + frame,
          std::string(1, kFields) + fields};
}
