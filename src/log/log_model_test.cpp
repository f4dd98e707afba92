// SPDX-License-Identifier: Apache-2.0
// Random appends, reads, trims and stops against vectors in memory. TM_SEED repeats a run.
#include <algorithm>
#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

#include "log/testing/log_fixture.h"

namespace tidemark::log {
namespace {

using Stop = LogFixture::Stop;

struct ModelRecord {
  RecordOffset offset;
  ArrivalTime arrival;
  std::string key;
  std::string data;
};

class ModelRun {
 public:
  explicit ModelRun(uint64_t seed)
      : random_(seed),
        f_(seed, {.segment_bytes_max = 400 + random_.Below(8000),
                  .frame_bytes_max = 200 + random_.Below(4000),
                  .section_bytes_max = 64 + random_.Below(2000)}),
        shards_(1 + static_cast<uint32_t>(random_.Below(5))) {
    for (uint64_t& weight : weights_)
      weight = random_.Below(4);  // some operations vanish in some runs
    weights_[0] += 3;
    f_.OpenOrDie();
    (void)f_.Create("s", shards_);
    model_.resize(shards_);
  }

  void Step() {
    uint64_t sum = 0;
    for (const uint64_t weight : weights_) sum += weight;
    uint64_t draw = random_.Below(sum);
    size_t operation = 0;
    while (draw >= weights_[operation]) draw -= weights_[operation++];
    switch (operation) {
      case 0:
        return AppendSome();
      case 1:
        return ReadFrom();
      case 2:
        return f_.clock.Advance(minutes(random_.Below(200)));
      case 3:
        return Restart(Stop::kClose);
      case 4:
        return Restart(Stop::kKill);
      case 5:
        return Restart(Stop::kCrash);
      default:
        return CheckTimestamps();
    }
  }

  void CheckAll() {
    for (uint32_t shard = 0; shard < shards_; ++shard)
      CheckFrom(shard, kFirstOffset, 1 + random_.Below(50));
  }

 private:
  Stream& stream() { return *f_.log->Find("s"); }

  void AppendSome() {
    const uint64_t appends = 1 + random_.Below(4);
    for (uint64_t a = 0; a < appends; ++a) {
      std::vector<ModelRecord> records;
      PutBatch batch = stream().NewBatch();
      for (uint64_t i = 1 + random_.Below(20); i > 0; --i) {
        ModelRecord record;
        record.key =
            "key" + std::to_string(random_.Below(30)) + std::string(random_.Below(60), 'k');
        record.data = std::string(random_.Below(100), 'd') + std::to_string(random_.Next());
        ASSERT_TRUE(batch.Add({.partition_key = record.key, .data = record.data}).ok());
        records.push_back(std::move(record));
      }
      stream().Append(std::move(batch), [this, records](Result<std::vector<PutResult>> r) mutable {
        ASSERT_TRUE(r.ok()) << r.error().message;
        for (size_t i = 0; i < records.size(); ++i) {
          auto& shard = model_[(*r)[i].shard];
          records[i].offset = (*r)[i].offset;
          records[i].arrival = f_.clock.Now();
          if (!shard.empty()) {
            EXPECT_GT(records[i].offset, shard.back().offset);
          }
          shard.push_back(records[i]);
        }
      });
    }
    f_.executor->RunUntilIdle();
  }

  void ReadFrom() {
    const auto shard = static_cast<uint32_t>(random_.Below(shards_));
    const auto& records = model_[shard];
    const RecordOffset from =
        records.empty() ? kFirstOffset : records[random_.Below(records.size())].offset;
    CheckFrom(shard, {from.value + random_.Below(3)}, 1 + random_.Below(20));
  }

  void CheckFrom(uint32_t shard, RecordOffset from, size_t records_max) {
    const ArrivalTime cutoff = f_.clock.Now() - hours(24);
    std::vector<const ModelRecord*> expected;
    for (const ModelRecord& record : model_[shard]) {
      if (record.offset >= from && record.arrival >= cutoff) expected.push_back(&record);
    }
    ReadRequest request{.shard = shard,
                        .from = from,
                        .records_max = records_max,
                        .bytes_max = 1 + random_.Below(3000)};
    size_t next = 0;
    while (true) {
      const auto batch = stream().Read(request);
      ASSERT_TRUE(batch.ok()) << batch.error().message;
      for (const RecordView& got : batch->records) {
        ASSERT_LT(next, expected.size());
        EXPECT_EQ(got.offset, expected[next]->offset);
        EXPECT_EQ(got.arrival, expected[next]->arrival);
        EXPECT_EQ(got.partition_key, expected[next]->key);
        EXPECT_EQ(got.data, expected[next]->data);
        ++next;
      }
      if (batch->at_tip) break;
      ASSERT_GT(batch->next, request.from);
      request.from = batch->next;
    }
    EXPECT_EQ(next, expected.size());
  }

  void CheckTimestamps() {
    const auto shard = static_cast<uint32_t>(random_.Below(shards_));
    const ArrivalTime time = f_.clock.Now() - minutes(random_.Below(24 * 60));
    const auto offset = stream().Resolve(shard, {.type = IteratorType::kAtTimestamp, .time = time});
    ASSERT_TRUE(offset.ok());
    const auto& records = model_[shard];
    const auto it =
        std::ranges::find_if(records, [&](const ModelRecord& r) { return r.arrival >= time; });
    if (it != records.end()) {
      EXPECT_EQ(*offset, it->offset);
    } else if (!records.empty()) {
      EXPECT_GT(*offset, records.back().offset);
    }
  }

  void Restart(Stop how) {
    const auto again = f_.Restart(how);
    ASSERT_TRUE(again.ok()) << again.error().message;
    ASSERT_NE(f_.log->Find("s"), nullptr);
    CheckAll();
  }

  SeededRandom random_;
  LogFixture f_;
  const uint32_t shards_;
  std::array<uint64_t, 7> weights_{};
  std::vector<std::vector<ModelRecord>> model_;
};

TEST(LogModel, AgreesWithVectors) {
  const char* fixed = std::getenv("TM_SEED");
  const uint64_t first = fixed != nullptr ? std::strtoull(fixed, nullptr, 10) : 1;
  const uint64_t count = fixed != nullptr ? 1 : 150;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("TM_SEED=" + std::to_string(seed));
    ModelRun run(seed);
    for (int i = 0; i < 60 && !::testing::Test::HasFailure(); ++i) run.Step();
    if (::testing::Test::HasFailure()) return;
    run.CheckAll();
  }
}

}  // namespace
}  // namespace tidemark::log
