// SPDX-License-Identifier: Apache-2.0
// The suite that every implementation of Store passes: TEST_P cases in conformance_*.cpp, written
// against the interface alone. A test program lists those sources and instantiates StoreConformance
// with its hosts. Cases skip by Capabilities and by what a host can do, never by its name.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/sim/sim_clock.h"
#include "store/store.h"

namespace tidemark::store {

/// One store under test and its surroundings. Single-owner.
class StoreHost {
 public:
  virtual ~StoreHost() = default;
  virtual Store& store() = 0;
  virtual sim::SimClock& clock() = 0;
  /// Runs background work until writes are durable and completed.
  virtual void Settle() = 0;
  /// Stops and starts again on the same data; false: this store does not outlive its process.
  /// Tables and reservations are the caller's to set again.
  virtual bool Restart() = 0;
};

struct StoreHostParam {
  std::string name;
  std::function<std::unique_ptr<StoreHost>()> make;
};
void PrintTo(const StoreHostParam& param, std::ostream* out);

/// A value as text that differs whenever the bits do: "d:0x1.8p+1", "i:5", "s:abc",
/// "{a=d:..,b=i:..}".
std::string ValueText(const ValueView& value);
std::string ValueText(const Scalar& value);

/// One row as read, in a form that compares and prints well.
struct ReadRow {
  std::string series;  // "measure{host=a,..}"
  int64_t time_ns = 0;
  std::string value;
  int64_t version = 0;
  std::string row;  // "start..end r1 n3", empty: ownerless
  friend auto operator<=>(const ReadRow&, const ReadRow&) = default;
};
void PrintTo(const ReadRow& row, std::ostream* out);

std::string SeriesText(const SeriesInfo& info);
/// Drains a cursor with one buffer; sorted. Checks what every slice must keep.
std::vector<ReadRow> ReadAll(ScanCursor& cursor);

struct TestPoint {
  SeriesRef series;
  int64_t second = 0;  // from StoreConformance::kStart
  ValueView value;
  int64_t version = 1;
  int64_t arrival_ms = 0;
  const RowInfo* row = nullptr;
};

class StoreConformance : public ::testing::TestWithParam<StoreHostParam> {
 protected:
  /// Two hours before the clock's start: inside the memory window of kTable.
  static constexpr EventTime kStart{(1'767'225'600LL - 7200) * 1'000'000'000};
  static constexpr TableId kTable{7};

  void SetUp() override;
  Store& store() { return host_->store(); }
  sim::SimClock& clock() { return host_->clock(); }
  static EventTime At(int64_t second) { return kStart + seconds(second); }

  void SetTable(TableSettings settings);
  void SetReservations(std::vector<Reservation> reservations);
  /// Restart with tables and reservations set again; skips the test if the host cannot.
  void RestartOrSkip();

  SeriesRef Ref(const std::string& measure, std::vector<Dimension> dimensions = {{"host", "a"}},
                ValueType type = ValueType::kDouble, Owner owner = {});
  Resolved TryRef(const std::string& measure, std::vector<Dimension> dimensions, ValueType type,
                  Owner owner);
  WriteReply Put(std::vector<TestPoint> points, WriteBatch batch = {});
  Result<WriteReply> TryPut(std::vector<TestPoint> points, WriteBatch batch = {});
  Outcome PutOne(const TestPoint& point, WriteBatch batch = {}) {
    return Put({point}, std::move(batch)).outcomes.at(0);
  }

  Selection All() const;
  std::vector<ReadRow> Scan(const Selection& selection);
  std::vector<ReadRow> ScanAll() { return Scan(All()); }
  /// "measure{dims}@second=value" of every visible row.
  std::vector<std::string> Rows(const Selection& selection);
  std::vector<std::string> Rows() { return Rows(All()); }
  /// Drains the feed from `from`; batches in the order delivered.
  std::vector<FeedBatch> Feed(const Positions& from, Positions* end = nullptr);

  std::unique_ptr<StoreHost> host_;
  std::map<TableId, TableSettings> tables_;
  std::vector<Reservation> reservations_;
};

/// The model on a manual clock.
std::unique_ptr<StoreHost> MakeModelHost();

}  // namespace tidemark::store
