// SPDX-License-Identifier: Apache-2.0
#include "log/testing/log_fixture.h"

#include <optional>

#include <gtest/gtest.h>

namespace tidemark::log {

LogFixture::LogFixture(uint64_t seed, LogOptions log_options)
    : fs(seed),
      options(log_options),
      catalog(catalog::Catalog::Open(":memory:", clock).value()),
      seed_(seed) {}

LogFixture::~LogFixture() {
  if (log != nullptr) Down(Stop::kKill);
}

Result<void> LogFixture::Open() {
  executor = std::make_unique<sim::SimExecutor>(clock, ++seed_);
  auto opened = Log::Open({fs, *catalog, clock, *executor, metrics}, "/data/log", options);
  if (!opened.ok()) return std::move(opened).error();
  log = std::move(opened).value();
  return {};
}

void LogFixture::OpenOrDie() {
  const auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
}

void LogFixture::Down(Stop how) {
  if (log != nullptr) {
    if (how == Stop::kClose) {
      const auto closed = log->Close();
      EXPECT_TRUE(closed.ok()) << closed.error().message;
    }
    log.reset();
  }
  executor.reset();
  if (how == Stop::kKill) fs.Kill();
  if (how == Stop::kCrash) fs.Crash();
}

Result<void> LogFixture::Restart(Stop how) {
  Down(how);
  return Open();
}

std::shared_ptr<Stream> LogFixture::Create(const std::string& name, uint32_t shards) {
  return log->CreateStream({.name = name, .shards = shards}).value();
}

Result<PutResult> LogFixture::Put(Stream& stream, std::string_view key, std::string_view data) {
  std::optional<Result<std::vector<PutResult>>> answer;
  const PutRecordView record{.partition_key = key, .data = data};
  stream.Append(std::span(&record, 1),
                [&](Result<std::vector<PutResult>> r) { answer = std::move(r); });
  executor->RunUntilIdle();
  if (!answer) return Error{Code::kInternal, "no answer"};
  if (!answer->ok()) return answer->error();
  return answer->value().at(0);
}

std::vector<std::string> LogFixture::ReadAll(const Stream& stream, uint32_t shard,
                                             size_t records_max) const {
  std::vector<std::string> out;
  ReadRequest request{.shard = shard, .records_max = records_max};
  while (true) {
    const auto batch = stream.Read(request);
    if (!batch.ok()) {
      ADD_FAILURE() << batch.error().message;
      return out;
    }
    for (const RecordView& record : batch->records) {
      out.push_back(std::string(record.partition_key) + "=" + std::string(record.data));
    }
    if (batch->at_tip) return out;
    if (batch->next <= request.from) {
      ADD_FAILURE() << "Read() does not advance";
      return out;
    }
    request.from = batch->next;
  }
}

std::vector<std::string> LogFixture::SegmentFiles(const Stream& stream) {
  std::string folder = std::to_string(stream.id().value);
  folder = "/data/log/" + std::string(10 - folder.size(), '0') + folder;
  std::vector<std::string> out;
  const std::vector<std::string> names = fs.List(folder).value();
  for (const std::string& name : names) out.push_back(folder + "/" + name);
  return out;
}

}  // namespace tidemark::log
