// SPDX-License-Identifier: Apache-2.0
// Fails or cuts the power at every file operation of a workload in turn (checks C1-C4, C7 and C11
// of storage.md 9.2, for the log): what was acknowledged is there, whole appends only, in order,
// and no number is given twice.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "log/testing/log_fixture.h"

namespace tidemark::log {
namespace {

using Stop = LogFixture::Stop;

struct Outcome {
  std::map<std::string, std::vector<std::string>>
      acked;                    // stream -> data of acknowledged appends, in order
  std::set<std::string> tried;  // every append offered
  std::map<std::pair<StreamId, RecordOffset>, std::string> numbers;
};

constexpr int kRecordsPerAppend = 3;
constexpr uint32_t kShardOfKey = 0;  // MD5("key") in a stream of two

/// One append of three records to one key; a half of it must never be seen.
void Append(LogFixture& f, const std::string& stream_name, const std::string& label,
            Outcome& outcome) {
  auto stream = f.log->Find(stream_name);
  if (stream == nullptr) return;
  std::vector<std::string> data;
  for (int i = 0; i < kRecordsPerAppend; ++i) data.push_back(label + "." + std::to_string(i));
  std::vector<PutRecordView> records;
  for (const std::string& d : data) records.push_back({.partition_key = "key", .data = d});
  outcome.tried.insert(label);
  stream->Append(
      records, [&outcome, label, stream_name, id = stream->id()](Result<std::vector<PutResult>> r) {
        if (!r.ok()) return;
        outcome.acked[stream_name].push_back(label);
        for (const PutResult& put : *r) {
          const auto [it, fresh] = outcome.numbers.emplace(std::pair(id, put.offset), label);
          EXPECT_TRUE(fresh) << "offset " << put.offset.value << " was given to " << it->second
                             << " and " << label;
        }
      });
}

/// Two streams, segment rolls, group commits, a deletion, a trim, one restart inside.
void RunWorkload(LogFixture& f, Outcome& outcome) {
  if (!f.Open().ok()) return;
  for (const char* name : {"one", "two", "gone"})
    (void)f.log->CreateStream({.name = name, .shards = 2}).ok();
  for (int round = 0; round < 5; ++round) {
    Append(f, "old", "old-" + std::to_string(round), outcome);
    f.executor->RunUntilIdle();
  }
  f.clock.Advance(hours(25));  // what is in "old" expires, and the next step trims it
  f.executor->RunUntilIdle();
  for (int round = 0; round < 16; ++round) {
    Append(f, "one", "one-" + std::to_string(round), outcome);
    Append(f, "two", "two-" + std::to_string(round), outcome);
    if (round % 3 == 0) Append(f, "one", "one-" + std::to_string(round) + "b", outcome);
    f.executor->RunUntilIdle();
    if (round == 5) (void)f.log->DeleteStream("old").ok();
  }
  (void)f.log->Close().ok();
  f.log.reset();
  f.executor.reset();
  if (!f.Open().ok()) return;
  for (int round = 16; round < 24; ++round) {
    Append(f, "one", "one-" + std::to_string(round), outcome);
    f.executor->RunUntilIdle();
  }
}

void CheckStream(LogFixture& f, const std::string& name, const Outcome& outcome,
                 const std::string& context) {
  auto stream = f.log->Find(name);
  const auto acked = outcome.acked.find(name);
  if (stream == nullptr) {
    EXPECT_TRUE(acked == outcome.acked.end())
        << context << ": a stream with acknowledged records is gone";
    return;
  }
  std::vector<std::string> appends;
  std::set<std::string> seen;
  const std::vector<std::string> records = f.ReadAll(*stream, kShardOfKey, 5);
  ASSERT_EQ(records.size() % kRecordsPerAppend, 0U) << context << ": a half append is visible";
  for (size_t i = 0; i < records.size(); i += kRecordsPerAppend) {
    const std::string label = records[i].substr(4, records[i].size() - 6);
    for (int k = 0; k < kRecordsPerAppend; ++k) {
      EXPECT_EQ(records[i + static_cast<size_t>(k)], "key=" + label + "." + std::to_string(k))
          << context;
    }
    EXPECT_TRUE(outcome.tried.contains(label)) << context;
    EXPECT_TRUE(seen.insert(label).second) << context << ": " << label << " is there twice";
    appends.push_back(label);
  }
  // Acknowledged ones are there, in their order (others, whose outcome was unknown, may stand
  // between).
  if (acked == outcome.acked.end()) return;
  size_t next = 0;
  for (const std::string& label : appends) {
    if (next < acked->second.size() && acked->second[next] == label) ++next;
  }
  EXPECT_EQ(next, acked->second.size())
      << context << ": lost " << acked->second[std::min(next, acked->second.size() - 1)];
}

enum class Fault { kFailOnce, kFailFromThen, kNoSpaceOnce };

void SweepFaults(Fault fault, Stop stop, uint64_t seed) {
  uint64_t operations = 0;
  for (uint64_t n = 1;; ++n) {
    const std::string context = "fault " + std::to_string(static_cast<int>(fault)) + " at call " +
                                std::to_string(n) + ", seed " + std::to_string(seed);
    LogFixture f(seed + n, {.segment_bytes_max = 1000, .trim_interval = hours(1)});
    Outcome outcome;
    f.fs.SetFaults({.fail_nth_call = n,
                    .fail_all_after = fault == Fault::kFailFromThen,
                    .no_space = fault == Fault::kNoSpaceOnce});
    RunWorkload(f, outcome);
    const bool fired = f.fs.fired();
    operations = n;
    f.Down(stop);
    // Twice: the second start must find what the first one left.
    for (int start = 0; start < 2; ++start) {
      const auto opened = f.Open();
      ASSERT_TRUE(opened.ok()) << context << ": " << opened.error().message;
      CheckStream(f, "one", outcome, context);
      CheckStream(f, "two", outcome, context);
      Append(f, "one", "after-" + std::to_string(start), outcome);
      f.executor->RunUntilIdle();
      EXPECT_TRUE(f.log->Find("one") == nullptr || !outcome.acked["one"].empty()) << context;
      CheckStream(f, "one", outcome, context);
      f.Down(stop);
    }
    if (::testing::Test::HasFailure() || !fired) break;
  }
  EXPECT_GE(operations, 200U) << "the workload is too small to mean much";
}

TEST(LogCrash, PowerCutAtEveryOperation) {
  SweepFaults(Fault::kFailFromThen, Stop::kCrash, 1000);
  SweepFaults(Fault::kFailFromThen, Stop::kCrash, 2000);
}
TEST(LogCrash, KillAtEveryOperation) { SweepFaults(Fault::kFailFromThen, Stop::kKill, 3000); }
TEST(LogCrash, EveryOperationFailsOnceThenPowerCut) {
  SweepFaults(Fault::kFailOnce, Stop::kCrash, 4000);
}
TEST(LogCrash, EveryOperationFailsOnceThenKill) {
  SweepFaults(Fault::kFailOnce, Stop::kKill, 5000);
}
TEST(LogCrash, EveryOperationFindsTheDiskFullOnce) {
  SweepFaults(Fault::kNoSpaceOnce, Stop::kCrash, 6000);
}

/// Crashes during recovery itself, again and again.
TEST(LogCrash, RecoveryMayBeCutAnywhere) {
  for (uint64_t n = 1; n < 60; ++n) {
    LogFixture f(7000 + n, {.segment_bytes_max = 1000});
    Outcome outcome;
    RunWorkload(f, outcome);
    f.Down(Stop::kCrash);
    for (uint64_t cut = 1; cut <= n; ++cut) {
      f.fs.SetFaults({.fail_nth_call = cut, .fail_all_after = true});
      (void)f.Open().ok();
      f.Down(Stop::kCrash);
    }
    ASSERT_TRUE(f.Open().ok());
    CheckStream(f, "one", outcome, "cut " + std::to_string(n));
    CheckStream(f, "two", outcome, "cut " + std::to_string(n));
    f.Down(Stop::kKill);
  }
}

}  // namespace
}  // namespace tidemark::log
