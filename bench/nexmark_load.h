// SPDX-License-Identifier: Apache-2.0
// Events of an auction house in the proportions of the public Nexmark generator: of 50 events one
// is a new person, three are new auctions, 46 are bids; half of the bids go to a hot auction, three
// quarters come from a hot bidder; prices are spread evenly over six powers of ten. 10,000 events a
// second. Some bids are late. Records have the fields that the queries ask for. Immutable.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace tidemark {

struct NexmarkEvent {
  enum class Kind : uint8_t { kPerson, kAuction, kBid } kind = Kind::kBid;
  EventTime time;        // no two are equal
  uint64_t person = 0;   // who came, sells or bids
  uint64_t auction = 0;  // 0: kPerson
  int64_t price = 0;     // kBid; in cents
};

class NexmarkLoad {
 public:
  static constexpr int64_t kEventsPerSecond = 10'000;

  NexmarkLoad(EventTime start, int late_percent, nanoseconds lateness)
      : start_(start), late_percent_(late_percent), lateness_(lateness) {}

  NexmarkEvent At(uint64_t number) const;
  EventTime TimeOf(uint64_t number) const;
  /// One measure for each kind: "person" and "auction" of 1, "price" of the bid.
  static void AppendText(const NexmarkEvent& event, std::string& out);

 private:
  EventTime start_;
  int late_percent_;
  nanoseconds lateness_;
};

}  // namespace tidemark
