// SPDX-License-Identifier: Apache-2.0
#include "log/partition_hash.h"

#include <gtest/gtest.h>

namespace tidemark::log {
namespace {

TEST(PartitionHash, MatchesTheRoutingVectors) {  // kinesis-api.md 3.2
  struct Case {
    const char* key;
    const char* hash;
    uint32_t of_2;
    uint32_t of_4;
  };
  const Case cases[] = {{"a", "16955237001963240173058271559858726497", 0, 0},
                        {"b", "195289424170611159128911017612795795343", 1, 2},
                        {"k", "187279361568289349169310600456257773043", 1, 2},
                        {"user1", "48900430532020830442050270794663993245", 0, 0},
                        {"partitionKey", "193318062818912349798954611745638949166", 1, 2},
                        {"日本", "103341369634063465466164320543046703539", 0, 1}};
  const ShardRouter two(UniformShards(2, {}));
  const ShardRouter four(UniformShards(4, {}));
  KeyHashCache cache;
  for (const Case& c : cases) {
    EXPECT_EQ(FormatHashKey(HashOfKey(c.key)), c.hash) << c.key;
    EXPECT_EQ(cache.Hash(c.key), HashOfKey(c.key));
    EXPECT_EQ(cache.Hash(c.key), HashOfKey(c.key)) << "from the cache";
    EXPECT_EQ(two.SlotOf(HashOfKey(c.key)), c.of_2) << c.key;
    EXPECT_EQ(four.SlotOf(HashOfKey(c.key)), c.of_4) << c.key;
  }
}

TEST(PartitionHash, HashesLongKeysOverBlockBorders) {  // Python: hashlib.md5(b"x" * n)
  EXPECT_EQ(FormatHashKey(HashOfKey(std::string(55, 'x'))),
            "5598677822710009742975573124516056946");
  EXPECT_EQ(FormatHashKey(HashOfKey(std::string(56, 'x'))),
            "136300121664425810192795845712325488971");
  EXPECT_EQ(FormatHashKey(HashOfKey(std::string(64, 'x'))),
            "257513575296852538869236784184212923478");
  EXPECT_EQ(FormatHashKey(HashOfKey(std::string(256, 'x'))),
            "265353499944959180620795534685136097465");
  KeyHashCache cache;
  EXPECT_EQ(cache.Hash(std::string(256, 'x')), HashOfKey(std::string(256, 'x')));
}

TEST(PartitionHash, SplitsTheSpaceEvenly) {  // kinesis-api.md 3.2
  const auto three = UniformShards(3, {});
  EXPECT_EQ(FormatHashKey(three[1].hash_start), "113427455640312821154458202477256070485");
  EXPECT_EQ(FormatHashKey(three[2].hash_start), "226854911280625642308916404954512140970");
  const auto four = UniformShards(4, {});
  EXPECT_EQ(FormatHashKey(four[1].hash_start), "85070591730234615865843651857942052864");
  EXPECT_EQ(FormatHashKey(four[3].hash_start), "255211775190703847597530955573826158592");
  const auto one = UniformShards(1, {});
  EXPECT_EQ(one[0].hash_start, HashKey{});
  EXPECT_EQ(one[0].hash_end, catalog::kHashKeyMax);
  for (const uint32_t count : {2U, 3U, 7U, 10'000U}) {
    const auto shards = UniformShards(count, {});
    EXPECT_EQ(shards.back().hash_end, catalog::kHashKeyMax);
    const ShardRouter router(shards);
    for (uint32_t i = 0; i < count; ++i) {
      EXPECT_EQ(router.SlotOf(shards[i].hash_start), i);
      EXPECT_EQ(router.SlotOf(shards[i].hash_end), i);
    }
  }
}

TEST(PartitionHash, ParsesHashKeysExactly) {
  EXPECT_EQ(ParseHashKey("0"), HashKey{});
  EXPECT_EQ(ParseHashKey("340282366920938463463374607431768211455"), catalog::kHashKeyMax);
  EXPECT_FALSE(ParseHashKey("340282366920938463463374607431768211456"));
  EXPECT_FALSE(ParseHashKey("01"));
  EXPECT_FALSE(ParseHashKey("-1"));
}

}  // namespace
}  // namespace tidemark::log
