// SPDX-License-Identifier: Apache-2.0
#include "api/timestream/direct_clock.h"

#include <gtest/gtest.h>

#include "api/timestream/testing/fixture.h"

namespace tidemark::timestream {
namespace {

constexpr std::string_view kWrite =
    R"({"DatabaseName":"dddd","TableName":"tttt","Records":[{"Dimensions":[{"Name":"h",)"
    R"("Value":"a"}],"MeasureName":"m","MeasureValue":"1","Time":")";

class DirectClockTest : public testing::Test {
 protected:
  DirectClockTest() {
    service_.MakeTable();
    table_ = service_.tables->Find("dddd", "tttt")->def.id;
  }
  void Write(int64_t time_ms) {
    EXPECT_EQ(
        service_.Code("WriteRecords", std::string(kWrite) + std::to_string(time_ms) + "\"}]}"),
        "200 ");
  }
  /// "none", "busy T" or "idle T", T = max event time in ms.
  std::string Journaled() {
    for (const store::SourceProgress& progress : service_.store->ProgressInto(table_)) {
      if (progress.source.kind != store::SourceId::Kind::kDirect) continue;
      return (progress.idle ? "idle " : "busy ") +
             std::to_string(progress.max_event_time.value_or(EventTime{}).ns / 1'000'000);
    }
    return "none";
  }
  void Advance(nanoseconds d) {
    service_.clock.Advance(d);
    ASSERT_TRUE(service_.executor.RunUntilIdle());
  }

  TestService service_;
  TableId table_;
};

TEST_F(DirectClockTest, IdleOneSecondAfterTheLastWrite) {
  EXPECT_EQ(Journaled(), "none");
  Write(kTestNowMs);
  EXPECT_EQ(Journaled(), "busy 1767268800000");
  Advance(milliseconds(900));
  Write(kTestNowMs + 1);
  Advance(milliseconds(900));
  EXPECT_EQ(Journaled(), "busy 1767268800001");
  Advance(milliseconds(100));
  EXPECT_EQ(Journaled(), "idle 1767268800001");
  Write(kTestNowMs - 5);
  EXPECT_EQ(Journaled(), "busy 1767268800001");
  Advance(seconds(1));
  EXPECT_EQ(Journaled(), "idle 1767268800001");
}

TEST_F(DirectClockTest, UnchangedWritesDoNotJoin) {
  Write(kTestNowMs);
  Advance(seconds(2));
  ASSERT_EQ(Journaled(), "idle 1767268800000");
  Write(kTestNowMs);  // identical
  EXPECT_EQ(Journaled(), "idle 1767268800000");
}

TEST_F(DirectClockTest, RestartContinues) {
  Write(kTestNowMs);
  service_.direct_clock->Stop();
  Advance(seconds(5));
  ASSERT_EQ(Journaled(), "busy 1767268800000");
  DirectClock again(*service_.store, service_.clock, service_.executor, service_.orders);
  again.Start(std::vector<TableId>{table_});
  Advance(milliseconds(999));
  EXPECT_EQ(Journaled(), "busy 1767268800000");
  Advance(milliseconds(1));
  EXPECT_EQ(Journaled(), "idle 1767268800000");
}

// The advice covers them: their order is that of what the store accepted, over restarts too.
TEST_F(DirectClockTest, TellsHowFarOutOfOrderPointsCome) {
  const auto told = [this] {
    const auto into = service_.orders.Into(table_);
    if (into.size() != 1) return std::string("none");
    const pipeline::OrderSketch& sketch = into[0].sketch;
    return std::to_string(sketch.count()) + " " + std::to_string(sketch.behind()) + " " +
           std::to_string(sketch.max().count() / 1'000'000);
  };
  EXPECT_EQ(told(), "none");
  Write(kTestNowMs);
  Write(kTestNowMs - 40);
  Write(kTestNowMs - 40);  // identical: nothing came
  Write(kTestNowMs + 5);
  EXPECT_EQ(told(), "3 1 40");
  service_.direct_clock->Stop();
  DirectClock again(*service_.store, service_.clock, service_.executor, service_.orders);
  again.Start(std::vector<TableId>{table_});
  const EventTime late{(kTestNowMs - 95) * 1'000'000};
  again.OnWritten(table_, std::span(&late, 1), std::vector{store::Outcome::kAccepted});
  EXPECT_EQ(told(), "4 2 100");
}

TEST_F(DirectClockTest, FullStoreIsTriedAgain) {
  Write(kTestNowMs);
  auto& store = static_cast<store::ModelStore&>(*service_.store);
  store.SetRefusal({.full = true});
  Advance(seconds(1));
  EXPECT_EQ(Journaled(), "busy 1767268800000");
  store.SetRefusal({.full = false});
  Advance(seconds(1));
  EXPECT_EQ(Journaled(), "idle 1767268800000");
}

TEST_F(DirectClockTest, DeletedTableIsForgotten) {
  Write(kTestNowMs);
  service_.Ok("DeleteTable", R"({"DatabaseName":"dddd","TableName":"tttt"})");
  Advance(seconds(3));
  EXPECT_EQ(service_.executor.NextWake(), std::nullopt);
}

}  // namespace
}  // namespace tidemark::timestream
