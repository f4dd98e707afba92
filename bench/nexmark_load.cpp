// SPDX-License-Identifier: Apache-2.0
#include "nexmark_load.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tidemark {
namespace {

constexpr uint64_t kPersonsOf50 = 1;
constexpr uint64_t kAuctionsOf50 = 3;
constexpr uint64_t kOpenAuctions = 100;    // bids go to the newest so many
constexpr uint64_t kActivePersons = 1000;  // and come from the newest so many
constexpr uint64_t kHotStep = 100;         // every so manieth is hot for a while
constexpr uint64_t kFirstId = 1000;

/// Independent draws of one event.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U) {}
  uint64_t Below(uint64_t n) { return Next() % n; }
  double Unit() { return static_cast<double>(Next() >> 11U) * 0x1.0p-53; }

 private:
  uint64_t Next() {
    uint64_t x = state_ += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
  }
  uint64_t state_;
};

void AppendNumber(int64_t number, std::string& out) {
  std::array<char, 32> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

/// The newest of `count` there are: a hot one, or one of the last `active`.
uint64_t Choose(Draws& draws, uint64_t count, uint64_t active, bool hot) {
  const uint64_t last = count == 0 ? 0 : count - 1;
  if (hot) return kFirstId + last / kHotStep * kHotStep;
  const uint64_t among = std::min(last + 1, active);
  return kFirstId + last - draws.Below(among);
}

}  // namespace

EventTime NexmarkLoad::TimeOf(uint64_t number) const {
  return start_ + nanoseconds(1'000'000'000 / kEventsPerSecond) * static_cast<int64_t>(number);
}

NexmarkEvent NexmarkLoad::At(uint64_t number) const {
  const uint64_t round = number / 50;
  const uint64_t place = number % 50;
  Draws draws(number);
  NexmarkEvent event{.time = TimeOf(number)};
  const uint64_t persons = round * kPersonsOf50 + 1;
  const uint64_t auctions =
      round * kAuctionsOf50 + std::min(place > 0 ? place - 1 : 0, kAuctionsOf50);
  if (place < kPersonsOf50) {
    event.kind = NexmarkEvent::Kind::kPerson;
    event.person = kFirstId + persons - 1;
  } else if (place < kPersonsOf50 + kAuctionsOf50) {
    event.kind = NexmarkEvent::Kind::kAuction;
    event.auction = kFirstId + auctions;
    event.person = Choose(draws, persons, kActivePersons, draws.Below(4) != 0);
  } else {
    event.auction = Choose(draws, auctions, kOpenAuctions, draws.Below(2) != 0);
    event.person = Choose(draws, persons, kActivePersons, draws.Below(4) != 0);
    event.price = std::llround(std::pow(10.0, draws.Unit() * 6) * 100);
    // A late one lies between two others: no two times are equal.
    if (draws.Below(100) < static_cast<uint64_t>(late_percent_)) {
      event.time = event.time - lateness_ - nanoseconds(1);
    }
  }
  return event;
}

void NexmarkLoad::AppendText(const NexmarkEvent& event, std::string& out) {
  const bool bid = event.kind == NexmarkEvent::Kind::kBid;
  out += R"({"MeasureName": ")";
  out += bid ? "price" : event.kind == NexmarkEvent::Kind::kAuction ? "auction" : "person";
  out += R"(", "MeasureValue": ")";
  AppendNumber(bid ? event.price : 1, out);
  out += R"(", "MeasureValueType": "BIGINT", "Time": ")";
  AppendNumber(event.time.ns, out);
  out += R"(", "TimeUnit": "NANOSECONDS")";
  out += R"(, "auction": ")";
  AppendNumber(static_cast<int64_t>(event.auction), out);
  out += R"(", "person": ")";
  AppendNumber(static_cast<int64_t>(event.person), out);
  out += R"("})";
}

}  // namespace tidemark
