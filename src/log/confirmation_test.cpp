// SPDX-License-Identifier: Apache-2.0
// The newest frame of a stream (docs/format/log.md, confirmation): damage of any size is told from
// a torn tail (R2), and a confirmation costs neither a sync nor, when it is lost, anything else
// (W4).
#include "base/confirmation.h"

#include <algorithm>
#include <cstring>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/seed.h"
#include "log/check.h"
#include "log/segment_internal.h"
#include "log/testing/log_fixture.h"

namespace tidemark::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Stop = LogFixture::Stop;

constexpr size_t kBytesMax = 1 << 20;
constexpr char kFolder[] = "/data/log/0000000001";

/// A stream of one shard with two records, killed; what its newest segment holds.
class KilledStream {
 public:
  explicit KilledStream(size_t bytes_of_second) : second(bytes_of_second, 'x') {
    f.OpenOrDie();
    auto stream = f.Create("s");
    EXPECT_TRUE(f.Put(*stream, "k", "first").ok());
    EXPECT_TRUE(f.Put(*stream, "k", second).ok());
    path = f.SegmentFiles(*stream).back();
    stream.reset();
    f.Down(Stop::kKill);
    whole = f.fs.ReadFile(path, kBytesMax).value();
    names = f.fs.List(kFolder).value();
    // 8 bytes of record header, the key, padding.
    const uint64_t body = (8 + 1 + second.size() + 7) / 8 * 8;
    const uint64_t bytes = sizeof(FrameHeader) + sizeof(SectionHeader) + body;
    frame.end = LastFrameEnd();
    frame.at = frame.end - bytes;
  }

  Result<void> OpenWith(const std::string& bytes) {
    f.Down(Stop::kKill);
    const auto found = f.fs.List(kFolder).value();
    for (const std::string& name : found) {
      if (std::ranges::count(names, name) != 0) continue;
      EXPECT_TRUE(f.fs.Remove(JoinPath(kFolder, name)).ok());
    }
    EXPECT_TRUE(WriteFileAtomically(f.fs, path, bytes).ok());
    return f.Open();
  }
  std::vector<std::string> Records() { return f.ReadAll(*f.log->Find("s"), 0); }
  std::vector<std::string> Both() const { return {"k=first", "k=" + second}; }
  std::vector<Finding> Check() {
    f.Down(Stop::kKill);
    std::vector<Finding> found;
    const auto defs = f.catalog->ListStreams();
    EXPECT_TRUE(CheckLog(f.fs, "/data/log", "log", defs, [&](const Finding& finding) {
                  found.push_back(finding);
                }).ok());
    return found;
  }

  LogFixture f;
  const std::string second;
  std::string path;
  std::string whole;
  std::vector<std::string> names;
  FrameExtent frame;  // the second record's

 private:
  uint64_t LastFrameEnd() const {
    FrameHeader confirmation;
    std::memcpy(&confirmation, whole.data() + whole.size() - sizeof(confirmation),
                sizeof(confirmation));
    EXPECT_EQ(confirmation.magic, kFrameMagic);
    EXPECT_EQ(confirmation.flags, kFrameConfirms);
    EXPECT_EQ(confirmation.number, 3U);
    return confirmation.counted_bytes;
  }
};

// Frames of one sector, of a few, and ones whose header or end touch a border of sectors.
std::vector<size_t> RecordSizes() { return {1, 100, 160, 250, 300, 330, 400, 500, 3000}; }

TEST(Confirmation, TellsDamageOfTheNewestFrameFromATornTail) {
  for (const size_t size : RecordSizes()) {
    KilledStream killed(size);
    const auto expect_refused = [&](const std::string& damaged, const std::string& what) {
      SCOPED_TRACE(what + ", record of " + std::to_string(size) + " bytes");
      const auto opened = killed.OpenWith(damaged);
      ASSERT_FALSE(opened.ok());
      EXPECT_EQ(opened.error().code, Code::kCorruption);
      EXPECT_THAT(opened.error().message, HasSubstr(killed.path));
      EXPECT_THAT(opened.error().message, HasSubstr("restore the file from a backup"));
      EXPECT_FALSE(killed.Check().empty());
    };
    for (uint64_t at = killed.frame.at; at < killed.frame.end; ++at) {
      std::string damaged = killed.whole;
      damaged[at] = static_cast<char>(~damaged[at]);
      expect_refused(damaged, "byte " + std::to_string(at));
    }
    const uint64_t first = killed.frame.at / kDiskSectorBytes * kDiskSectorBytes;
    for (uint64_t sector = first; sector < killed.frame.end; sector += kDiskSectorBytes) {
      std::string damaged = killed.whole;
      const auto until = std::min<uint64_t>(sector + kDiskSectorBytes, damaged.size());
      std::fill(damaged.begin() + static_cast<ptrdiff_t>(sector),
                damaged.begin() + static_cast<ptrdiff_t>(until), '\0');
      expect_refused(damaged, "sector " + std::to_string(sector));
    }
  }
}

TEST(Confirmation, LosesNothingWhenItIsLostTornOrDamaged) {
  for (const size_t size : RecordSizes()) {
    KilledStream killed(size);
    const auto expect_all = [&](const std::string& bytes, const std::string& what) {
      SCOPED_TRACE(what + ", record of " + std::to_string(size) + " bytes");
      const auto opened = killed.OpenWith(bytes);
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      EXPECT_EQ(killed.Records(), killed.Both());
      EXPECT_TRUE(killed.f.Put(*killed.f.log->Find("s"), "k", "third").ok());
      EXPECT_EQ(killed.Records().size(), 3U);
      EXPECT_TRUE(killed.Check().empty());
    };
    const std::string& whole = killed.whole;
    ASSERT_GT(whole.size(), killed.frame.end);
    for (uint64_t cut = killed.frame.end; cut < whole.size(); cut += 3) {
      expect_all(whole.substr(0, cut), "cut at " + std::to_string(cut));
      std::string damaged = whole;
      damaged[cut] = static_cast<char>(~damaged[cut]);
      expect_all(damaged, "flipped byte " + std::to_string(cut));
      damaged[cut] = static_cast<char>(whole[cut] ^ 4);
      expect_all(damaged, "flipped bit of byte " + std::to_string(cut));
      std::fill(damaged.begin() + static_cast<ptrdiff_t>(cut), damaged.end(), '\0');
      expect_all(damaged, "zeros from " + std::to_string(cut));
    }
  }
}

// A power cut may keep what was written last and lose the confirmation before it.
TEST(Confirmation, LosesNothingWhenItIsLostBeforeTheNewestFrame) {
  for (const size_t size : RecordSizes()) {
    SCOPED_TRACE(size);
    KilledStream killed(size);
    const std::string& whole = killed.whole;
    // Between the first and the second frame, without the confirmation of the second.
    std::string bytes = whole.substr(0, killed.frame.end);
    const auto first_end = whole.find("first") + 5 + 2;
    ASSERT_EQ(first_end % 8, 0U);
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(first_end),
              bytes.begin() + static_cast<ptrdiff_t>(killed.frame.at), '\0');
    const auto opened = killed.OpenWith(bytes);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(killed.Records(), killed.Both());
    // The second is written again; what counts of the first segment ends with the first frame.
    EXPECT_TRUE(killed.f.Restart(Stop::kClose).ok());
    EXPECT_EQ(killed.Records(), killed.Both());
    // Nor is the second frame damaged if only its header reached the disk: it was never synced.
    std::fill(bytes.begin() + static_cast<ptrdiff_t>(killed.frame.at + 64), bytes.end(), '\0');
    const auto torn = killed.OpenWith(bytes);
    ASSERT_TRUE(torn.ok()) << torn.error().message;
    EXPECT_THAT(killed.Records(), ElementsAre("k=first"));
  }
}

TEST(Confirmation, CostsOneWriteAndNoSync) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "0").ok());
  f.fs.SetFaults({});
  ASSERT_TRUE(f.Put(*stream, "k", "1").ok());
  EXPECT_EQ(f.fs.calls(), 3U) << "write, sync, write";
  f.Down(Stop::kClose);
}

TEST(Confirmation, OfAFullDiskCostsNothingAndTheStreamGoesOn) {
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "0").ok());
  f.fs.SetFaults({.fail_nth_call = 3, .no_space = true});
  EXPECT_TRUE(f.Put(*stream, "k", "1").ok());
  EXPECT_TRUE(f.fs.fired());
  f.fs.SetFaults({});
  EXPECT_TRUE(f.Put(*stream, "k", "2").ok());
  EXPECT_EQ(f.SegmentFiles(*stream).size(), 2U);
  stream.reset();
  ASSERT_TRUE(f.Restart(Stop::kCrash).ok());
  EXPECT_THAT(f.ReadAll(*f.log->Find("s"), 0), ElementsAre("k=0", "k=1", "k=2"));
}

TEST(Confirmation, ThatFailsKeepsItsFrameAndStopsTheAppends) {  // storage.md 2.5
  LogFixture f;
  f.OpenOrDie();
  auto stream = f.Create("s");
  ASSERT_TRUE(f.Put(*stream, "k", "0").ok());
  f.fs.SetFaults({.fail_nth_call = 3});
  EXPECT_TRUE(f.Put(*stream, "k", "1").ok());
  f.fs.SetFaults({});
  EXPECT_EQ(f.Put(*stream, "k", "2").error().code, Code::kUnavailable);
  EXPECT_THAT(f.ReadAll(*stream, 0), ElementsAre("k=0", "k=1"));
  stream.reset();
  ASSERT_TRUE(f.Restart(Stop::kKill).ok());
  EXPECT_THAT(f.ReadAll(*f.log->Find("s"), 0), ElementsAre("k=0", "k=1"));
}

// Un-synced sectors are lost in any order: what was acknowledged is there, and no start is refused.
TEST(Confirmation, NeverMakesAPowerCutLookLikeDamage) {
  SCOPED_TRACE(SeedTrace(TestSeed()));
  SeededRandom random(TestSeed());
  for (int run = 0; run < 300; ++run) {
    SCOPED_TRACE("run " + std::to_string(run));
    LogFixture f(random.Below(UINT64_MAX), {.segment_bytes_max = 2048});
    f.OpenOrDie();
    (void)f.Create("s");
    std::vector<std::string> acknowledged;
    for (int start = 0; start < 4; ++start) {
      auto stream = f.log->Find("s");
      const auto there = f.ReadAll(*stream, 0);
      ASSERT_LE(acknowledged.size(), there.size());
      ASSERT_TRUE(std::equal(acknowledged.begin(), acknowledged.end(), there.begin()));
      acknowledged = there;
      // The power fails during a call, often the write behind a sync.
      f.fs.SetFaults({.fail_nth_call = random.Below(12), .fail_all_after = true});
      for (int i = 0; i < 4; ++i) {
        const std::string data(1 + random.Below(random.Below(2) == 0 ? 40 : 1200),
                               static_cast<char>('a' + random.Below(26)));
        if (f.Put(*stream, "k", data).ok()) acknowledged.push_back("k=" + data);
      }
      stream.reset();
      f.Down(random.Below(4) == 0 ? Stop::kKill : Stop::kCrash);
      f.fs.SetFaults({});
      const auto opened = f.Open();
      ASSERT_TRUE(opened.ok()) << opened.error().message;
    }
  }
}

}  // namespace
}  // namespace tidemark::log
