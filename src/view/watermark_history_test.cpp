// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "view/watermark_history_internal.h"

namespace tidemark::view {
namespace {

constexpr ArrivalTime kStart{1'768'492'800'000};

ArrivalTime Second(int64_t n) { return {kStart.ms + 1000 * n}; }
EventTime Mark(int64_t n) { return EventTime{n * 1'000'000'000}; }

TEST(WatermarkHistory, SaysWhereItStood) {
  WatermarkHistory history;
  EXPECT_FALSE(history.At(Second(0)));
  history.Note(Second(10), Mark(1));
  history.Note(Second(20), Mark(1));  // did not rise
  history.Note(Second(30), Mark(5));
  EXPECT_FALSE(history.At(Second(9)));
  EXPECT_EQ(history.At(Second(10))->watermark, Mark(1));
  EXPECT_EQ(history.At(Second(29))->watermark, Mark(1));
  EXPECT_EQ(history.At(Second(99))->watermark, Mark(5));
  EXPECT_TRUE(history.At(Second(10))->exact);
}

TEST(WatermarkHistory, FastStepsAreOneASecond) {
  WatermarkHistory history;
  for (int64_t ms = 0; ms < 10'000; ms += 100) {
    history.Note({kStart.ms + ms}, EventTime{ms * 1'000'000});
  }
  EXPECT_EQ(history.At({kStart.ms + 9'900})->watermark, EventTime{9'900'000'000}) << "the newest";
  const auto then = history.At({kStart.ms + 5'000});
  EXPECT_GT(then->watermark, EventTime{3'000'000'000});
  EXPECT_LE(then->watermark, EventTime{5'000'000'000}) << "never more than it was";
  // Several in one millisecond, and a clock that steps back.
  history.Note({kStart.ms + 20'000}, EventTime{20'000'000'000});
  history.Note({kStart.ms + 20'000}, EventTime{21'000'000'000});
  history.Note({kStart.ms + 19'000}, EventTime{22'000'000'000});
  EXPECT_EQ(history.At({kStart.ms + 20'000})->watermark, EventTime{22'000'000'000});
}

TEST(WatermarkHistory, OldStepsThinOutAndItIsSaid) {
  WatermarkHistory history;
  constexpr int64_t kSteps = 100'000;
  for (int64_t n = 1; n <= kSteps; ++n) history.Note(Second(n), Mark(n));
  ByteWriter bytes;
  history.AppendTo(bytes);
  EXPECT_LT(bytes.size(), WatermarkHistory::kStepsMax * 12);
  for (int64_t age = 0; age < 15; ++age) {
    EXPECT_EQ(history.At(Second(kSteps - age))->watermark, Mark(kSteps - age));
    EXPECT_TRUE(history.At(Second(kSteps - age))->exact);
  }
  for (int64_t age = 1'000; age < kSteps / 2; age *= 2) {
    const auto then = history.At(Second(kSteps - age));
    ASSERT_TRUE(then);
    EXPECT_FALSE(then->exact);
    EXPECT_LE(then->watermark, Mark(kSteps - age));
    EXPECT_GT(then->watermark, Mark(kSteps - age - age / 8)) << age;
  }

  ByteReader in(bytes.view());
  WatermarkHistory read;
  read.Read(in);
  ASSERT_TRUE(in.Finish("history").ok());
  for (int64_t n = 0; n <= kSteps; n += 997) {
    const auto a = history.At(Second(n));
    const auto b = read.At(Second(n));
    ASSERT_EQ(a.has_value(), b.has_value());
    if (!a) continue;
    EXPECT_EQ(a->watermark, b->watermark);
    EXPECT_EQ(a->exact, b->exact);
  }
}

TEST(WatermarkHistory, OtherBytesAreRefused) {
  ByteWriter out;
  out.PutVarint(2);
  out.PutI64(0);
  for (const int64_t v : {5, 5, -1, 1}) out.PutSigned(v);
  ByteReader in(out.view());
  WatermarkHistory().Read(in);
  EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace tidemark::view
