// SPDX-License-Identifier: Apache-2.0
#include "base/sim/sim_file_system.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/testing/seed.h"

namespace tidemark::sim {
namespace {

std::unique_ptr<AppendFile> Open(FileSystem& fs, const std::string& path, OpenMode mode) {
  auto file = fs.OpenAppend(path, mode);
  EXPECT_TRUE(file.ok());
  return file.ok() ? std::move(file).value() : nullptr;
}

/// A synced file of `text` in a synced folder.
void WriteDurably(FileSystem& fs, const std::string& folder, const std::string& name,
                  std::string_view text) {
  ASSERT_TRUE(fs.CreateDirs(folder).ok());
  const auto file = Open(fs, JoinPath(folder, name), OpenMode::kTruncate);
  ASSERT_TRUE(file->Append(AsBytes(text)).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(fs.SyncDir(folder).ok());
}

std::string Read(FileSystem& fs, const std::string& path) {
  auto text = fs.ReadFile(path, 1 << 24);
  return text.ok() ? *text : "error";
}

/// Outcomes over many seeds: which of them can happen.
template <typename Run>
std::set<std::string> Outcomes(Run run) {
  std::set<std::string> outcomes;
  for (uint64_t i = 0; i < 200; ++i) {
    SimFileSystem fs(TestSeed() + i);
    outcomes.insert(run(fs));
  }
  return outcomes;
}

TEST(SimFileSystem, AnUnsyncedFolderEntryMayVanish) {  // rule 1
  const auto outcomes = Outcomes([](SimFileSystem& fs) -> std::string {
    EXPECT_TRUE(fs.CreateDirs("/d").ok());
    const auto file = Open(fs, "/d/f", OpenMode::kCreateNew);
    EXPECT_TRUE(file->Append(AsBytes("x")).ok());
    EXPECT_TRUE(file->Sync().ok());
    fs.Crash();
    return *fs.Exists("/d/f") ? Read(fs, "/d/f") : "gone";
  });
  EXPECT_EQ(outcomes, (std::set<std::string>{"gone", "x"}));
}

TEST(SimFileSystem, UnsyncedBytesAreLostKeptOrTornAtSectors) {  // rule 1
  const std::string text(1500, 'n');
  const auto outcomes = Outcomes([&](SimFileSystem& fs) -> std::string {
    WriteDurably(fs, "/d", "f", "synced");
    EXPECT_TRUE(Open(fs, "/d/f", OpenMode::kOpenExisting)->Append(AsBytes(text)).ok());
    fs.Crash();
    const std::string now = Read(fs, "/d/f");
    EXPECT_EQ(now.substr(0, 6), "synced");
    const std::string rest = now.substr(6);
    EXPECT_LE(rest.size(), text.size());
    for (size_t at = 0; at < rest.size(); ++at) {
      EXPECT_TRUE(rest[at] == 'n' || rest[at] == '\0');
      const bool same_sector = at > 0 && (at + 6) % 512 != 0;
      // A sector is whole: after its first byte zeros can only start where the file was lengthened.
      if (same_sector && rest[at - 1] == '\0') {
        EXPECT_EQ(rest[at], '\0');
      }
    }
    if (rest.empty()) return "lost";
    if (rest == text) return "kept";
    return rest.find('\0') == std::string::npos ? "prefix" : "zeros";
  });
  EXPECT_EQ(outcomes, (std::set<std::string>{"lost", "kept", "prefix", "zeros"}));
}

TEST(SimFileSystem, WritesAreLostInOrderOrIndependently) {  // rule 1
  const auto outcomes = Outcomes([](SimFileSystem& fs) -> std::string {
    WriteDurably(fs, "/d", "f", "");
    const auto file = Open(fs, "/d/f", OpenMode::kOpenExisting);
    EXPECT_TRUE(file->Append(AsBytes(std::string(512, 'a'))).ok());
    EXPECT_TRUE(file->Append(AsBytes(std::string(512, 'b'))).ok());
    fs.Crash();
    const std::string now = Read(fs, "/d/f");
    const bool a = now.find('a') != std::string::npos;
    const bool b = now.find('b') != std::string::npos;
    return std::string(a ? "a" : "") + (b ? "b" : "");
  });
  EXPECT_EQ(outcomes, (std::set<std::string>{"", "a", "b", "ab"}));
}

TEST(SimFileSystem, RenameIsAtomicAndDurableOnlyAfterSyncDir) {
  const auto run = [](SimFileSystem& fs, FileSystem* sync) -> std::string {
    WriteDurably(fs, "/d", "a", "new");
    WriteDurably(fs, "/d", "b", "old");
    EXPECT_TRUE(fs.Rename("/d/a", "/d/b").ok());
    if (sync != nullptr) {
      EXPECT_TRUE(sync->SyncDir("/d").ok());
    }
    fs.Crash();
    return Read(fs, "/d/a") + " " + Read(fs, "/d/b");
  };
  EXPECT_EQ(Outcomes([&](SimFileSystem& fs) { return run(fs, nullptr); }),
            (std::set<std::string>{"new old", "error new"}));
  EXPECT_EQ(Outcomes([&](SimFileSystem& fs) { return run(fs, &fs); }),
            (std::set<std::string>{"error new"}));
}

TEST(SimFileSystem, ARemovalMayComeBackUntilSyncDir) {
  EXPECT_EQ(Outcomes([](SimFileSystem& fs) -> std::string {
              WriteDurably(fs, "/d", "a", "text");
              EXPECT_TRUE(fs.Remove("/d/a").ok());
              fs.Crash();
              return Read(fs, "/d/a");
            }),
            (std::set<std::string>{"text", "error"}));
}

TEST(SimFileSystem, ATruncatingOpenKeepsTheOldBytesOrNone) {
  EXPECT_EQ(Outcomes([](SimFileSystem& fs) -> std::string {
              WriteDurably(fs, "/d", "a", "old");
              EXPECT_TRUE(Open(fs, "/d/a", OpenMode::kTruncate)->Append(AsBytes("n")).ok());
              fs.Crash();
              return Read(fs, "/d/a");
            }),
            (std::set<std::string>{"old", "", "n", std::string(1, '\0')}));
}

TEST(SimFileSystem, MovesBetweenFoldersAreDurableWithTheTargetFolder) {  // storage.md 2.1
  EXPECT_EQ(Outcomes([](SimFileSystem& fs) -> std::string {
              EXPECT_TRUE(fs.CreateDirs("/d/tmp").ok());
              EXPECT_TRUE(fs.CreateDirs("/d/wal").ok());
              const auto file = Open(fs, "/d/tmp/1", OpenMode::kCreateNew);
              EXPECT_TRUE(file->Append(AsBytes("x")).ok());
              EXPECT_TRUE(file->Sync().ok());
              EXPECT_TRUE(fs.Rename("/d/tmp/1", "/d/wal/1").ok());
              EXPECT_TRUE(fs.SyncDir("/d/wal").ok());
              fs.Crash();
              return Read(fs, "/d/tmp/1") + " " + Read(fs, "/d/wal/1");
            }),
            (std::set<std::string>{"error x"}));
}

TEST(SimFileSystem, AFailedSyncMarksCleanAndTheNextOneLies) {  // rule 2
  const auto outcomes = Outcomes([](SimFileSystem& fs) -> std::string {
    WriteDurably(fs, "/d", "f", "synced");
    auto file = Open(fs, "/d/f", OpenMode::kOpenExisting);
    EXPECT_TRUE(file->Append(AsBytes("more")).ok());
    fs.SetFaults({.fail_nth_call = 1});
    EXPECT_EQ(file->Sync().error().code, Code::kIo);
    EXPECT_TRUE(fs.fired());
    EXPECT_FALSE(file->Sync().ok());  // refused: storage.md 2.5
    EXPECT_FALSE(file->Append(AsBytes("x")).ok());
    EXPECT_EQ(Read(fs, "/d/f"), "syncedmore");  // the cache still has it
    file = Open(fs, "/d/f", OpenMode::kOpenExisting);
    EXPECT_TRUE(file->Sync().ok());
    fs.Crash();
    const std::string now = Read(fs, "/d/f");
    EXPECT_EQ(now.substr(0, 6), "synced");
    return now == "syncedmore" ? "kept" : "lost";
  });
  EXPECT_EQ(outcomes, (std::set<std::string>{"kept", "lost"}));
}

TEST(SimFileSystem, EveryCallCountsAndTheNthFails) {  // rule 3
  const auto run = [](SimFileSystem& fs) -> Result<void> {
    TM_RETURN_IF_ERROR(fs.CreateDirs("/d"));
    TM_ASSIGN_OR_RETURN(const auto lock, fs.Lock("/d/lock"));
    TM_ASSIGN_OR_RETURN(auto file, fs.OpenAppend("/d/f", OpenMode::kCreateNew));
    TM_RETURN_IF_ERROR(file->Append(AsBytes("abc")));
    TM_RETURN_IF_ERROR(file->Sync());
    TM_RETURN_IF_ERROR(fs.SyncDir("/d"));
    TM_ASSIGN_OR_RETURN(const auto reader, fs.OpenRead("/d/f"));
    std::string out(3, '.');
    TM_RETURN_IF_ERROR(reader->ReadAt(0, std::as_writable_bytes(std::span(out))));
    TM_RETURN_IF_ERROR(reader->size());
    TM_RETURN_IF_ERROR(fs.ReadFile("/d/f", 10));
    TM_RETURN_IF_ERROR(fs.Truncate("/d/f", 1));
    TM_RETURN_IF_ERROR(fs.List("/d"));
    TM_RETURN_IF_ERROR(fs.Exists("/d"));
    TM_RETURN_IF_ERROR(fs.FileSize("/d/f"));
    TM_RETURN_IF_ERROR(fs.Rename("/d/f", "/d/g"));
    TM_RETURN_IF_ERROR(fs.Remove("/d/g"));
    TM_RETURN_IF_ERROR(fs.Remove("/d/lock"));
    TM_RETURN_IF_ERROR(fs.RemoveDir("/d"));
    return {};
  };
  uint64_t n = 1;
  for (;; ++n) {
    SimFileSystem fs(TestSeed() + n);
    fs.SetFaults({.fail_nth_call = n});
    const auto result = run(fs);
    if (!fs.fired()) {
      EXPECT_TRUE(result.ok());
      EXPECT_EQ(fs.calls(), 18U);
      break;
    }
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kIo);
    EXPECT_EQ(fs.calls(), n);
    fs.Crash();
    EXPECT_TRUE(fs.fired());  // still to be asked after the crash
  }
  EXPECT_EQ(n, 19U);
}

TEST(SimFileSystem, FailAllAfterAndNoSpace) {
  SimFileSystem fs(TestSeed());
  ASSERT_TRUE(fs.CreateDirs("/d").ok());
  fs.SetFaults({.fail_nth_call = 2, .fail_all_after = true, .no_space = true});
  EXPECT_TRUE(fs.List("/d").ok());
  EXPECT_EQ(fs.List("/d").error().code, Code::kNoSpace);
  EXPECT_FALSE(fs.List("/d").ok());
  fs.SetFaults({.fail_nth_call = 1});
  EXPECT_FALSE(fs.List("/d").ok());
  EXPECT_TRUE(fs.List("/d").ok());
}

TEST(SimFileSystem, AFailedAppendIsAnyPrefix) {
  std::set<size_t> sizes;
  for (uint64_t i = 0; i < 100; ++i) {
    SimFileSystem fs(TestSeed() + i);
    const auto file = Open(fs, "/f", OpenMode::kCreateNew);
    fs.SetFaults({.fail_nth_call = 1});
    EXPECT_FALSE(file->Append(AsBytes("abc")).ok());
    EXPECT_EQ(std::string("abc").substr(0, file->size()), Read(fs, "/f"));
    sizes.insert(file->size());
  }
  EXPECT_EQ(sizes.size(), 4U);
}

TEST(SimFileSystem, SpaceIsBounded) {
  SimFileSystem fs(TestSeed());
  WriteDurably(fs, "/d", "a", "12345");
  fs.SetFaults({.space_bytes_max = 8});
  auto file = Open(fs, "/d/b", OpenMode::kCreateNew);
  EXPECT_TRUE(file->Append(AsBytes("67")).ok());
  EXPECT_EQ(file->Append(AsBytes("89")).error().code, Code::kNoSpace);
  EXPECT_FALSE(file->Append(AsBytes("")).ok());
  ASSERT_TRUE(fs.Remove("/d/a").ok());
  file = Open(fs, "/d/b", OpenMode::kOpenExisting);
  EXPECT_TRUE(file->Append(AsBytes("90123")).ok());
  EXPECT_EQ(Read(fs, "/d/b"), "67890123");
}

TEST(SimFileSystem, KillKeepsTheCacheAndEndsFilesAndLocks) {
  SimFileSystem fs(TestSeed());
  ASSERT_TRUE(fs.CreateDirs("/d").ok());
  const auto lock = fs.Lock("/d/lock");
  const auto file = Open(fs, "/d/f", OpenMode::kCreateNew);
  ASSERT_TRUE(file->Append(AsBytes("abc")).ok());
  const auto reader = fs.OpenRead("/d/f");
  fs.Kill();
  EXPECT_EQ(Read(fs, "/d/f"), "abc");
  EXPECT_FALSE(file->Append(AsBytes("x")).ok());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE((*reader)->size().ok());
  auto again = fs.Lock("/d/lock");
  EXPECT_TRUE(again.ok());
}

TEST(SimFileSystem, AnOldLockDoesNotFreeANewOne) {
  SimFileSystem fs(TestSeed());
  auto old = fs.Lock("/lock");
  fs.Kill();
  const auto current = fs.Lock("/lock");
  ASSERT_TRUE(current.ok());
  old->reset();
  EXPECT_EQ(fs.Lock("/lock").error().code, Code::kFailedPrecondition);
}

TEST(SimFileSystem, FilesMayOutliveTheFileSystem) {
  auto fs = std::make_unique<SimFileSystem>(1);
  const auto file = Open(*fs, "/f", OpenMode::kCreateNew);
  const auto lock = fs->Lock("/lock");
  fs.reset();
  EXPECT_TRUE(file->Append(AsBytes("x")).ok());
}

TEST(SimFileSystem, FlipBitDamagesStoredBytes) {
  SimFileSystem fs(TestSeed());
  WriteDurably(fs, "/d", "f", "aaa");
  fs.FlipBit("/d/f", 9);
  EXPECT_EQ(Read(fs, "/d/f"), "aca");
  fs.Crash();
  EXPECT_EQ(Read(fs, "/d/f"), "aca");
}

TEST(SimFileSystem, TheSeedDecidesTheOutcome) {
  const auto run = [](uint64_t seed) {
    SimFileSystem fs(seed);
    std::string all;
    EXPECT_TRUE(fs.CreateDirs("/d").ok());
    for (int i = 0; i < 20; ++i) {
      const std::string path = "/d/" + std::to_string(i);
      EXPECT_TRUE(
          Open(fs, path, OpenMode::kCreateNew)->Append(AsBytes(std::string(5000, 'x'))).ok());
    }
    fs.Crash();
    for (int i = 0; i < 20; ++i) all += Read(fs, "/d/" + std::to_string(i)) + ";";
    return all;
  };
  std::set<std::string> different;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(run(seed), run(seed));
    different.insert(run(seed));
  }
  EXPECT_GT(different.size(), 3U);
}

TEST(SimFileSystem, WhatWasSyncedAlwaysSurvives) {  // rule 1 as a property
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(SeedTrace(seed));
  for (uint64_t run = 0; run < 300; ++run) {
    SeededRandom random(seed + run);
    SimFileSystem fs(seed ^ (run * 977));
    ASSERT_TRUE(fs.CreateDirs("/d").ok());
    std::map<std::string, std::unique_ptr<AppendFile>> files;
    std::map<std::string, std::string> written;
    std::map<std::string, std::string> synced;  // bytes synced, whether or not the name is
    std::set<std::string> named;                // names durable
    for (uint64_t step = random.Below(60); step > 0; --step) {
      const std::string path = "/d/" + std::to_string(random.Below(5));
      auto& file = files[path];
      if (file == nullptr) file = Open(fs, path, OpenMode::kCreateNew);
      switch (random.Below(5)) {
        case 0:
          ASSERT_TRUE(file->Sync().ok());
          synced[path] = written[path];
          break;
        case 1:
          ASSERT_TRUE(fs.SyncDir("/d").ok());
          for (const auto& [name, open] : files) {
            if (open != nullptr) named.insert(name);
          }
          break;
        default: {
          const std::string bytes(static_cast<size_t>(random.Below(2000)),
                                  static_cast<char>('a' + random.Below(26)));
          ASSERT_TRUE(file->Append(AsBytes(bytes)).ok());
          written[path] += bytes;
        }
      }
    }
    fs.Crash();
    for (const auto& [path, open] : files) {
      if (!named.contains(path) && !*fs.Exists(path)) continue;
      const std::string now = Read(fs, path);
      ASSERT_TRUE(now.starts_with(synced[path])) << path << " run=" << run;
      ASSERT_LE(now.size(), written[path].size());
      for (size_t i = 0; i < now.size(); ++i) {
        ASSERT_TRUE(now[i] == written[path][i] || now[i] == '\0') << path << " run=" << run;
      }
    }
  }
}

TEST(SimFileSystem, WriteFileAtomicallyIsOldOrNewWhateverFails) {
  const uint64_t seed = TestSeed();
  for (uint64_t n = 1;; ++n) {
    bool fired = true;
    for (uint64_t i = 0; i < 20; ++i) {
      SimFileSystem fs(seed + n * 100 + i);
      WriteDurably(fs, "/d", "f", "old");
      fs.SetFaults({.fail_nth_call = n, .fail_all_after = i % 2 == 0});
      const bool acknowledged = WriteFileAtomically(fs, "/d/f", "new").ok();
      fired = fs.fired();
      fs.Crash();
      const std::string now = Read(fs, "/d/f");
      ASSERT_TRUE(now == "new" || (now == "old" && !acknowledged)) << "n=" << n << " now=" << now;
    }
    if (!fired) break;
  }
}

}  // namespace
}  // namespace tidemark::sim
