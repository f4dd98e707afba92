// SPDX-License-Identifier: Apache-2.0
#include "store/conflict.h"

#include <limits>

#include <gtest/gtest.h>

namespace tidemark::store {
namespace {

Verdict ByVersion(int64_t version, std::optional<StoredWrite> stored) {
  return OrderWrites(
      {.rule = ConflictRule::kByVersion, .version = version, .arrival = {}, .tombstone = false},
      stored);
}
Verdict LastWins(int64_t arrival_ms, std::optional<StoredWrite> stored) {
  return OrderWrites(
      {.rule = ConflictRule::kLastWins, .version = 1, .arrival = {arrival_ms}, .tombstone = false},
      stored);
}

// timestream-api.md 4.6, row by row.
TEST(OrderWrites, FollowsTheVersionTable) {
  EXPECT_EQ(ByVersion(3, std::nullopt).outcome, Outcome::kAccepted);
  EXPECT_EQ(ByVersion(3, std::nullopt).version, 3);
  for (const bool same : {true, false}) {
    EXPECT_EQ(ByVersion(6, StoredWrite{5, same}).outcome, Outcome::kReplaced);
    EXPECT_EQ(ByVersion(6, StoredWrite{5, same}).version, 6);
  }
  EXPECT_EQ(ByVersion(5, StoredWrite{5, true}).outcome, Outcome::kUnchanged);
  EXPECT_EQ(ByVersion(5, StoredWrite{5, false}).reason, RejectReason::kVersionExists);
  EXPECT_EQ(ByVersion(4, StoredWrite{5, true}).outcome, Outcome::kUnchanged);
  EXPECT_EQ(ByVersion(4, StoredWrite{5, false}).reason, RejectReason::kVersionLower);
}

TEST(OrderWrites, LastWinsAssignsTheVersion) {
  EXPECT_EQ(LastWins(1000, std::nullopt).version, 1000);
  EXPECT_EQ(LastWins(-5, std::nullopt).version, 1);
  EXPECT_EQ(LastWins(1000, StoredWrite{900, false}).version, 1000);
  EXPECT_EQ(LastWins(900, StoredWrite{1000, false}).version, 1001);
  EXPECT_EQ(LastWins(2000, StoredWrite{1000, true}).outcome, Outcome::kUnchanged);
  EXPECT_EQ(LastWins(1, StoredWrite{std::numeric_limits<int64_t>::max(), false}).outcome,
            Outcome::kRejected);
}

TEST(OrderWrites, DeletingNothingIsUnchanged) {
  EXPECT_EQ(OrderWrites(
                {.rule = ConflictRule::kLastWins, .version = 1, .arrival = {5}, .tombstone = true},
                std::nullopt)
                .outcome,
            Outcome::kUnchanged);
}

}  // namespace
}  // namespace tidemark::store
