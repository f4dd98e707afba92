// SPDX-License-Identifier: Apache-2.0
#include "log/sequence_number.h"

#include <gtest/gtest.h>

namespace tidemark::log {
namespace {

constexpr StreamId kStream{0x5A3C11};

TEST(SequenceNumber, MatchesTheReferenceVectors) {  // kinesis-api.md 3.4
  EXPECT_EQ(SequenceNumber::Make(kStream, 0, kBeforeFirst).ToString(),
            "170141183907289499144937587230784880640");
  EXPECT_EQ(SequenceNumber::Make(kStream, 0, kFirstOffset).ToString(),
            "170141183907289499144937587230784946176");
  EXPECT_EQ(SequenceNumber::Make(kStream, 0, {2}).ToString(),
            "170141183907289499144937587230785011712");
  EXPECT_EQ(SequenceNumber::Make(kStream, 0, kEndOfShard).ToString(),
            "170141183907289574702801313145108234240");
  EXPECT_EQ(SequenceNumber::Make(kStream, 1, kBeforeFirst).ToString(),
            "170141185174940099373166988727488086016");
}

TEST(SequenceNumber, ReadsBackWhatItPrints) {
  for (const uint64_t offset :
       {uint64_t{0}, uint64_t{1}, uint64_t{1} << 47U, uint64_t{1} << 48U, kEndOfShard.value}) {
    const auto number = SequenceNumber::Make({0x01ffffff}, kShardNumberMax, {offset});
    const auto parsed = SequenceNumber::Parse(number.ToString());
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(*parsed, number);
    EXPECT_EQ(parsed->offset().value, offset);
    EXPECT_EQ(parsed->shard(), kShardNumberMax);
    EXPECT_EQ(parsed->incarnation(), 0xffffffU);
  }
}

TEST(SequenceNumber, RefusesWhatIsNotOne) {
  EXPECT_FALSE(SequenceNumber::Parse(""));
  EXPECT_FALSE(SequenceNumber::Parse("0"));
  EXPECT_FALSE(SequenceNumber::Parse("0170141183907289499144937587230784946176"));
  EXPECT_FALSE(SequenceNumber::Parse("17014118390728949914493758723078494617x"));
  EXPECT_FALSE(SequenceNumber::Parse("170141183907289499144937587230784946177"));  // reserved bits
  EXPECT_FALSE(SequenceNumber::Parse("340282366920938463463374607431768211455"));  // version 7
  EXPECT_FALSE(SequenceNumber::Parse("340282366920938463463374607431768211456"));  // 2^128
  EXPECT_FALSE(SequenceNumber::Parse(
      "49590338271490256608559692538361571095921575989136588898"));  // AWS's own
}

}  // namespace
}  // namespace tidemark::log
