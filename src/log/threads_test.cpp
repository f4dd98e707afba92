// SPDX-License-Identifier: Apache-2.0
// The log on real threads and files, for the thread sanitizer above all: appenders, readers and the
// writer at once, and a deletion in the middle.
#include <atomic>
#include <latch>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "log/log.h"

namespace tidemark::log {
namespace {

TEST(LogThreads, AppendersReadersAndTheWriterAgree) {
  constexpr int kAppenders = 3;
  constexpr int kBatches = 60;
  constexpr int kRecordsPerBatch = 20;
  const TempDir dir;
  const SystemClock clock;
  MetricRegistry metrics;
  auto executor = MakeThreadExecutor({});
  auto catalog = catalog::Catalog::Open(":memory:", clock).value();
  const LogContext context{RealFileSystem(), *catalog, clock, *executor, metrics};
  auto log = Log::Open(context, dir.path() + "/log", {.segment_bytes_max = 20'000}).value();
  auto stream = log->CreateStream({.name = "s", .shards = 2}).value();
  auto doomed = log->CreateStream({.name = "doomed"}).value();

  std::atomic<size_t> wakes{0};
  const auto subscription = stream->Subscribe([&] { ++wakes; });
  std::latch answered(kAppenders * kBatches * 2);
  std::atomic<int> acked{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kAppenders; ++t) {
      threads.emplace_back([&, t] {
        for (int b = 0; b < kBatches; ++b) {
          PutBatch batch = stream->NewBatch();
          for (int i = 0; i < kRecordsPerBatch; ++i) {
            const std::string data = std::to_string(b * kRecordsPerBatch + i);
            EXPECT_TRUE(
                batch.Add({.partition_key = "writer" + std::to_string(t), .data = data}).ok());
          }
          stream->Append(std::move(batch), [&](Result<std::vector<PutResult>> r) {
            if (r.ok()) acked += static_cast<int>(r->size());
            answered.count_down();
          });
          const PutRecordView extra{.partition_key = "k", .data = "d"};
          doomed->Append(std::span(&extra, 1),
                         [&](Result<std::vector<PutResult>>) { answered.count_down(); });
        }
      });
    }
    threads.emplace_back([&] { EXPECT_TRUE(log->DeleteStream("doomed").ok()); });
    for (uint32_t shard = 0; shard < 2; ++shard) {
      threads.emplace_back([&, shard] {
        RecordOffset last = kBeforeFirst;
        ReadRequest request{.shard = shard, .records_max = 37};
        while (!answered.try_wait()) {
          const auto batch = stream->Read(request);
          ASSERT_TRUE(batch.ok()) << batch.error().message;
          for (const RecordView& record : batch->records) {
            ASSERT_EQ(record.offset.value, last.value + 1);
            last = record.offset;
          }
          request.from = batch->next;
          std::this_thread::yield();
        }
      });
    }
  }
  answered.wait();
  stream->Unsubscribe(subscription);
  EXPECT_EQ(acked, kAppenders * kBatches * kRecordsPerBatch);
  EXPECT_GT(wakes, 0U);

  // Each appender's records stand in the order of its appends.
  std::map<std::string, int> next;
  for (uint32_t shard = 0; shard < 2; ++shard) {
    const auto batch = stream->Read({.shard = shard, .bytes_max = 1_GiB});
    ASSERT_TRUE(batch.ok());
    for (const RecordView& record : batch->records) {
      EXPECT_EQ(record.data, std::to_string(next[std::string(record.partition_key)]++));
    }
  }
  EXPECT_EQ(next.size(), static_cast<size_t>(kAppenders));
  EXPECT_TRUE(log->Close().ok());
  log.reset();
  executor->Stop();
}

}  // namespace
}  // namespace tidemark::log
