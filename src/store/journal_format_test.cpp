// SPDX-License-Identifier: Apache-2.0
// Golden bytes of a segment header and of a frame that holds each record type:
// docs/format/journal.md. A change here is a change of the format: raise kJournalFormatMinor or
// Major, and keep reading the old bytes.
#include "store/journal_format.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tidemark::store {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4U];
    out += kDigits[static_cast<uint8_t>(c) & 15U];
  }
  return out;
}

std::string PointsOf(const RevisionEntry& e) {
  std::string out;
  for (const PointKey& p : e.points) {
    out += " " + std::to_string(p.series.lo) + "@" + std::to_string(p.time.ns);
  }
  return out;
}

// What a visitor heard, as lines.
class Recorder final : public BatchVisitor {
 public:
  std::vector<std::string> lines;

  Result<void> OnSeriesDef(uint32_t id, ValueType type, std::string_view key) override {
    return Add("def " + std::to_string(id) + " " + std::string(ValueTypeName(type)) + " " +
               std::string(key));
  }
  Result<void> OnField(TableId table, uint32_t id, const FieldDef& field) override {
    return Add("field " + std::to_string(table.value) + " " + std::to_string(id) + " " +
               field.name);
  }
  Result<void> OnPoints(std::span<const JournalPoint> points) override {
    for (const JournalPoint& p : points) {
      std::string line = "point " + std::to_string(p.series) + " " +
                         std::string(ValueTypeName(p.type)) + " t" + std::to_string(p.time) + " v" +
                         std::to_string(p.version) + " a" + std::to_string(p.arrival) +
                         (p.replaced ? " replaced " : " ") + std::to_string(p.bits) +
                         std::string(p.text);
      if (p.row != nullptr)
        line += " r" + std::to_string(p.row->revision) + " n" + std::to_string(p.row->record_count);
      lines.push_back(std::move(line));
    }
    return {};
  }
  Result<void> OnSource(SourceProgress p) override {
    return Add("source " + std::to_string(p.source.id) + " " + p.position +
               (p.idle ? " idle" : "") + (p.complete_from_start ? " whole" : "") + " " +
               std::to_string(p.max_event_time.value_or(EventTime{-1}).ns) +
               (p.floor ? " floor " + std::to_string(p.floor->ns) : "") +
               (p.whole_from ? " from " + std::to_string(p.whole_from->ns) : ""));
  }
  Result<void> OnView(ViewProgress p) override {
    return Add("view " + std::to_string(p.view.value) + " " + p.positions.ToString() + " " +
               p.state);
  }
  Result<void> OnRevision(RevisionEntry e) override {
    return Add("revision " + std::to_string(e.series.lo) + " r" + std::to_string(e.revision) +
               " late " + std::to_string(e.late_points) + (e.frozen ? " frozen " : " ") +
               std::to_string(std::get<double>(e.old_value)) + " " +
               std::get<std::string>(e.new_value) + (e.correction ? " correction" : "") +
               (e.definition ? " definition" : "") + PointsOf(e));
  }
  Result<void> OnTableDrop(TableId table) override {
    return Add("drop " + std::to_string(table.value));
  }
  Result<void> OnAdopt(uint32_t series, Owner owner) override {
    return Add("adopt " + std::to_string(series) + " " + std::to_string(owner.view.value));
  }
  Result<void> OnOwnerDrop(ViewId view) override {
    return Add("owner drop " + std::to_string(view.value));
  }

 private:
  Result<void> Add(std::string line) {
    lines.push_back(std::move(line));
    return {};
  }
};

constexpr RowInfo kRow{EventTime{0}, EventTime{300}, 2, 9};

std::string EveryRecord() {
  BatchEncoder e;
  e.SeriesDef(1, ValueType::kDouble, "K");
  e.Field(TableId{7}, 0, {"f", ValueType::kBigint});
  JournalPoint p[2];
  p[0].series = 1;
  p[0].time = 1'000'000'000;
  p[0].version = p[0].arrival = 50;
  p[0].bits = 0x3ff0000000000000U;
  p[1] = p[0];
  p[1].series = 2;
  p[1].time = 3'000'000'000;
  p[1].version = 60;
  p[1].replaced = true;
  e.Points(p, HasArrival::kYes);
  p[0].type = p[1].type = ValueType::kVarchar;
  p[0].text = "a";
  e.Points(p, HasArrival::kNo);
  p[0].type = ValueType::kMulti;
  p[0].text = "m";
  e.Points(std::span(p, 1), HasArrival::kYes);
  p[0].type = ValueType::kNone;
  p[0].row = &kRow;
  e.Points(std::span(p, 1), HasArrival::kYes);
  e.Source({{SourceId::Kind::kPipeline, 4}, TableId{7}, 2, "seq", EventTime{11}, true, true});
  e.View({ViewId{3}, 1, Positions({12}), EventTime{13}, "st"});
  e.Revision({{0, 1},
              EventTime{1},
              EventTime{2},
              EventTime{3},
              4,
              1.5,
              std::string("x"),
              5,
              ArrivalTime{6},
              true});
  e.TableDrop(TableId{7});
  e.Adopt(1, {ViewId{3}, 1});
  e.OwnerDrop(ViewId{3});
  return std::move(e).Take();
}

TEST(JournalFormat, GoldenBytesOfEachRecord) {
  EXPECT_EQ(Hex(EveryRecord()),
            "010000000600000001000000014b040000000a00000007000000000000000266020000001d00000002010c"
            "03020202046414"
            "640002000000000000f03f000000000000f03f020000000e00000002030403020202046414020161000300"
            "00000900000001"
            "061103020264016d05000000190000000100130302026400000000000000002c0100000000000002090600"
            "00001a00000001"
            "070400000007000000020000000b000000000000000373657107000000160000000300000001000000010d"
            "00000000000000"
            "010c0273740800000033000000010000000104010000000000000002000000000000000300000000000000"
            "06000000000000"
            "000501000000000000f83f0301780900000004000000070000000a0000000c000000010000000300000001"
            "0000000b000000"
            "0400000003000000");
  Recorder heard;
  ASSERT_TRUE(DecodeBatch(EveryRecord(), heard).ok());
  const std::vector<std::string> expected = {
      "def 1 double K",
      "field 7 0 f",
      "point 1 double t1000000000 v50 a50 4607182418800017408",
      "point 2 double t3000000000 v60 a50 replaced 4607182418800017408",
      "point 1 varchar t1000000000 v50 a0 0a",
      "point 2 varchar t3000000000 v60 a0 replaced 0",
      "point 1 multi t1000000000 v50 a50 0m",
      "point 1 none t1000000000 v50 a50 0 r2 n9",
      "source 4 seq idle whole 11",
      "view 3 0:12 st",
      "revision 1 r4 late 5 frozen 1.500000 x",
      "drop 7",
      "adopt 1 3",
      "owner drop 3"};
  EXPECT_EQ(heard.lines, expected);
}

TEST(JournalFormat, GoldenBytesOfTheCauseOfARevision) {
  RevisionEntry entry{.series = {0, 1}, .time = {1}, .window_start = {2}, .window_end = {3}};
  entry.old_value = 1.5;
  entry.new_value = std::string("x");
  entry.late_points = 2;
  entry.correction = true;
  entry.definition = true;
  entry.points = {{{0, 300}, EventTime{4}}, {{0, 5}, EventTime{6}}};
  BatchEncoder e;
  e.Revision(entry);
  const std::string bytes = std::move(e).Take();
  EXPECT_THAT(Hex(bytes), ::testing::HasSubstr("0413ac020400000000000000050600000000000000"));
  Recorder heard;
  ASSERT_TRUE(DecodeBatch(bytes, heard).ok());
  EXPECT_THAT(heard.lines, ::testing::ElementsAre(
                               "revision 1 r0 late 2 1.500000 x correction definition 300@4 5@6"));
}

TEST(JournalFormat, GoldenBytesOfHeaderAndFrame) {
  const std::string header = EncodeSegmentHeader({.file_no = 2,
                                                  .store_id = {0x1111, 0x2222},
                                                  .created_ns = 3,
                                                  .previous_file_no = 1,
                                                  .previous_valid_bytes = 999,
                                                  .previous_last_lsn = 55,
                                                  .range = 2});
  EXPECT_EQ(Hex(header),
            "89545345570d0a1a0100010001000000000000008000000002000000000000001111000000000000222200"
            "00000000000300"
            "000000000000000000008821142b0100000000000000e70300000000000037000000000000000200000000"
            "00000000000000"
            "000000000000000000000000000000000000000000000000d663da79");
  const auto decoded = DecodeSegmentHeader(header, 2);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->previous_valid_bytes, 999U);
  EXPECT_EQ(decoded->range, 2U);
  EXPECT_FALSE(DecodeSegmentHeader(header, 3).ok());  // intact, but another file's
  // Format 1.0: no confirmations, and no flag for them.
  std::string older = header;
  older[10] = older[12] = 0;
  const uint32_t crc = Crc32c(Crc32cSeed(2, 0), std::string_view(older).substr(0, 60));
  EXPECT_EQ(crc, 0xd6c1cac5U);
  std::memcpy(older.data() + 60, &crc, sizeof(crc));
  EXPECT_TRUE(DecodeSegmentHeader(older, 2).ok());

  std::string payload;
  AppendBatch("rec", 0, payload);
  AppendBatch("ords", 2, payload);
  std::string frame;
  FrameHeader h{
      .lsn_first = 56, .batch_count = 2, .durable_lsn = 55, .written_ns = 4, .previous_crc = 77};
  AppendFrame(h, payload, 2, 128, frame);
  EXPECT_EQ(Hex(frame),
            "4657414c6b627c87380000000000000002000000170000001700000003bb21193700000000000000040000"
            "00000000000000"
            "00004d000000030000000000000072656304000000020000006f72647300");
  const auto back = DecodeFrameHeader(frame, 2, 128);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->lsn_first, 56U);
  EXPECT_EQ(back->previous_crc, 77U);
  EXPECT_FALSE(DecodeFrameHeader(frame, 2, 136).has_value());  // in the wrong place
  BatchReader batches(payload, 56);
  uint64_t lsn = 0;
  std::string_view records;
  ASSERT_TRUE(*batches.Next(lsn, records));
  EXPECT_EQ(records, "rec");
  ASSERT_TRUE(*batches.Next(lsn, records));
  EXPECT_EQ(lsn, 58U);
  EXPECT_EQ(records, "ords");
  EXPECT_FALSE(*batches.Next(lsn, records));
}

TEST(JournalFormat, GoldenBytesOfAConfirmation) {
  std::string payload;
  AppendBatch("rec", 0, payload);
  std::string frame;
  FrameHeader h{.lsn_first = 56, .batch_count = 1, .durable_lsn = 55, .written_ns = 4};
  AppendFrame(h, payload, 2, 520, frame);
  // In the next sector: the frame's header begins in this one. Zeros until there.
  const FrameExtent extent{520, 520 + frame.size()};
  EXPECT_EQ(ConfirmationOf(extent), 1024U);
  std::string confirmation;
  AppendConfirmation(h, extent, 56, 2, confirmation);
  ASSERT_EQ(confirmation.size(), 1024 - extent.end + kFrameHeaderBytes);
  EXPECT_EQ(confirmation.find_first_not_of('\0'), 1024 - extent.end);
  EXPECT_EQ(Hex(std::string_view(confirmation).substr(1024 - extent.end)),
            "4657414cd388c9bf3900000000000000000000000000000000000000c15a29cd3800000000000000040000"
            "000000000000000000ec1fec8e");
  const auto back =
      DecodeFrameHeader(std::string_view(confirmation).substr(1024 - extent.end), 2, 1024);
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(IsConfirmation(*back, h.payload_crc));
  EXPECT_FALSE(IsConfirmation(*back, h.payload_crc + 1)) << "of another frame";
  EXPECT_FALSE(IsConfirmation(h, 0)) << "a frame with batches";
  // Behind a frame whose header lies in earlier sectors, at its end.
  EXPECT_EQ(ConfirmationOf({520, 1080}), 1080U);
  EXPECT_EQ(ConfirmationOf({480, 1016}), 1024U) << "the header ends in the second sector";
}

TEST(JournalFormat, OptionalFieldsAndSkippableRecordsAreSkipped) {
  BatchEncoder e;
  e.Source({{SourceId::Kind::kPipeline, 4}, TableId{7}, 2, "seq", std::nullopt, false, true});
  std::string bytes = std::move(e).Take();
  bytes += std::string("\x09\x02zz", 4);  // tag 9, two bytes
  bytes[4] = static_cast<char>(bytes[4] + 4);
  bytes += std::string("\x63\x80\x00\x00\x01\x00\x00\x00?", 9);  // type 99, may be skipped
  Recorder heard;
  ASSERT_TRUE(DecodeBatch(bytes, heard).ok());
  EXPECT_EQ(heard.lines, std::vector<std::string>{"source 4 seq whole -1"});
  bytes[bytes.size() - 8] = 0;  // not skippable
  EXPECT_EQ(DecodeBatch(bytes, heard).error().code, Code::kUnimplemented);
}

TEST(JournalFormat, DamagedRecordsAreErrorsWhereverTheyBreak) {
  const std::string whole = EveryRecord();
  for (size_t n = 0; n < whole.size(); ++n) {
    Recorder heard;
    static_cast<void>(DecodeBatch(std::string_view(whole).substr(0, n), heard).ok());
    std::string flipped = whole;
    flipped[n] = static_cast<char>(flipped[n] ^ 0x55);
    static_cast<void>(DecodeBatch(flipped, heard).ok());
  }
}

TEST(JournalFormat, TimesAndVersionsSpanTheirWholeRange) {
  JournalPoint p[2];
  p[0].time = kEventTimeMin.ns + 1;
  p[0].version = INT64_MAX;
  p[1].time = kEventTimeMax.ns - 1;
  p[1].version = 1;
  p[1].arrival = INT64_MIN;
  BatchEncoder e;
  e.Points(p, HasArrival::kYes);
  Recorder heard;
  ASSERT_TRUE(DecodeBatch(std::move(e).Take(), heard).ok());
  EXPECT_EQ(heard.lines[1], "point 0 double t" + std::to_string(kEventTimeMax.ns - 1) +
                                " v1 a-9223372036854775808 0");
}

}  // namespace
}  // namespace tidemark::store
