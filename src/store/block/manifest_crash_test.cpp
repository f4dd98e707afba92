// SPDX-License-Identifier: Apache-2.0
// Count-up fault injection over Open(), Apply() and rollover: each file operation fails, or is the
// last one before a power cut, in turn. The state found is that before or after the edit in
// flight, acknowledged edits stay, and no file number is given twice.
#include <set>

#include <gtest/gtest.h>

#include "base/sim/sim_file_system.h"
#include "base/testing/seed.h"
#include "store/block/manifest.h"
#include "store/block/manifest_log_internal.h"
#include "store/block/test_samples_internal.h"

namespace tidemark::store {
namespace {

enum class End : uint8_t { kPowerCut, kKill };

// What was promised so far.
struct Promise {
  std::set<uint64_t> acked;
  std::optional<std::set<uint64_t>> in_flight;  // what holds if the failed edit counts after all
  std::set<uint64_t> given;                     // file numbers

  void Number(uint64_t file_no) { EXPECT_TRUE(given.insert(file_no).second) << file_no; }
};

std::set<uint64_t> FilesOf(const ManifestState& state) {
  std::set<uint64_t> files;
  for (const auto& [number, meta] : state.blocks) files.insert(number);
  return files;
}

// Opens the manifest and applies some edits; stops at the first error.
void RunOnce(FileSystem& fs, Promise& promise) {
  auto opened = Manifest::Open(fs, "store", kTestStore, 1, {.edits_bytes_max = 300});
  if (!opened.ok()) return;
  Manifest& manifest = **opened;
  for (int i = 0; i < 8; ++i) {
    const uint64_t file_no = manifest.NextFileNo();
    promise.Number(file_no);
    ManifestEdit edit{.add_blocks = {SomeBlock(file_no)}};
    std::set<uint64_t> after = promise.acked;
    after.insert(file_no);
    if (after.size() > 3) {
      edit.remove_blocks = {*after.begin()};
      after.erase(after.begin());
    }
    if (!manifest.Apply(edit).ok()) {
      promise.in_flight = after;
      EXPECT_EQ(manifest.Apply({}).error().code, Code::kUnavailable);
      return;
    }
    promise.acked = after;
  }
}

// A start without faults: what it finds is what was promised, and counts from now on.
void Check(FileSystem& fs, Promise& promise) {
  auto opened = Manifest::Open(fs, "store", kTestStore, 1, {.edits_bytes_max = 300});
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ((*opened)->state().store_id, kTestStore);
  const std::set<uint64_t> found = FilesOf((*opened)->state());
  if (promise.in_flight && found == *promise.in_flight) promise.acked = found;
  EXPECT_EQ(found, promise.acked);
  promise.in_flight.reset();
  promise.Number((*opened)->NextFileNo());
}

void FailEachCall(uint64_t seed, End end, bool all_after) {
  for (uint64_t n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    sim::SimFileSystem fs(seed + n);
    ASSERT_TRUE(fs.CreateDirs("store").ok());
    Promise promise;
    bool fired = true;
    fs.SetFaults({.fail_nth_call = n, .fail_all_after = all_after});
    for (int run = 0; run < 3; ++run) {
      RunOnce(fs, promise);
      fired = fs.fired();
      end == End::kPowerCut ? fs.Crash() : fs.Kill();
      Check(fs, promise);
      if (::testing::Test::HasFatalFailure()) return;
      // What that start found must also survive a power cut: it was shown.
      fs.Crash();
      Check(fs, promise);
      if (::testing::Test::HasFatalFailure()) return;
      if (fired) break;
    }
    RunOnce(fs, promise);  // and the store goes on
    Check(fs, promise);
    if (!fired) return;
  }
}

TEST(ManifestCrash, PowerCutAtEachOperation) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t round = 0; round < 20; ++round)
    FailEachCall(seed + round * 1000, End::kPowerCut, true);
}

TEST(ManifestCrash, PowerCutAfterAFailedOperation) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t round = 0; round < 20; ++round)
    FailEachCall(seed + round * 1000, End::kPowerCut, false);
}

TEST(ManifestCrash, KillAfterAFailedOperation) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t round = 0; round < 5; ++round) FailEachCall(seed + round * 1000, End::kKill, false);
}

TEST(ManifestCrash, AFullDiskRefusesEditsAndKeepsTheState) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t space = 0; space < 6000; space += 97) {
    sim::SimFileSystem fs(seed + space);
    ASSERT_TRUE(fs.CreateDirs("store").ok());
    Promise promise;
    fs.SetFaults({.space_bytes_max = space});
    RunOnce(fs, promise);
    fs.Crash();
    Check(fs, promise);
  }
}

}  // namespace
}  // namespace tidemark::store
