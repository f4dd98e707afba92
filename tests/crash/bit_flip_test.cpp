// SPDX-License-Identifier: Apache-2.0
// Damage to the files of store and log is detected or harmless: the start is refused with the
// file's name, or a question fails with it, or all answers are as before. No answer is ever
// different, neither at once nor after the store has sealed and merged what it read.
//
// Single bits: 3,000 (and 1,000 after a kill) drawn by TM_SEED, or all with TM_ALL_FLIPS=1
// (TM_FLIP_PART=2/8: the second eighth of them). Whole bytes: 300 each. Zeroed sectors: all.
// TM_FLIP=PATH:bit:N (or byte, sector) repeats one.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/logging.h"
#include "base/testing/seed.h"
#include "crash/damage_bed.h"

namespace tidemark::tests {
namespace {

enum class Unit : uint8_t {
  kBit,     // flipped
  kByte,    // all of it flipped
  kSector,  // zeroed
};
constexpr uint64_t kSectorBytes = 512;

constexpr uint64_t BitsOf(Unit unit) {
  switch (unit) {
    case Unit::kBit:
      return 1;
    case Unit::kByte:
      return 8;
    case Unit::kSector:
      return 8 * kSectorBytes;
  }
  return 0;
}

constexpr std::string_view NameOf(Unit unit) {
  switch (unit) {
    case Unit::kBit:
      return "bit";
    case Unit::kByte:
      return "byte";
    case Unit::kSector:
      return "sector";
  }
  return "";
}

struct Flip {
  std::string path;
  Unit unit = Unit::kBit;
  uint64_t at = 0;  // counted in units from the file's start
};

std::string Text(const Flip& flip) {
  return flip.path + ":" + std::string(NameOf(flip.unit)) + ":" + std::to_string(flip.at);
}

void Apply(const Flip& flip, std::string& bytes) {
  switch (flip.unit) {
    case Unit::kBit:
      bytes[flip.at / 8] ^= static_cast<char>(1U << (flip.at % 8));
      break;
    case Unit::kByte:
      bytes[flip.at] = static_cast<char>(~bytes[flip.at]);
      break;
    case Unit::kSector: {
      const auto begin = static_cast<size_t>(flip.at * kSectorBytes);
      const size_t count = std::min<size_t>(kSectorBytes, bytes.size() - begin);
      bytes.replace(begin, count, count, '\0');
      break;
    }
  }
}

enum class Stop : uint8_t { kClosed, kKilled };

/// The image, its catalog, and what it answers undamaged.
struct Subject {
  explicit Subject(Stop how) : catalog(catalog::Catalog::Open(":memory:", clock).value()) {
    {
      DamageBed bed(*catalog, {});
      EXPECT_TRUE(bed.Open().ok());
      FillDamageBed(bed);
      if (how == Stop::kClosed) bed.Close();
      image = bed.Files();
    }
    // Asked twice: the first start may change files (a new journal segment), not answers.
    DamageBed bed(*catalog, image);
    const auto opened = bed.Open();
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    answers = bed.AskAll();
    EXPECT_THAT(bed.DamagedFiles(), ::testing::IsEmpty());
    EXPECT_TRUE(bed.Flush().ok() && bed.Compact().ok());
    merged = bed.AskAll();
    for (const Answer& answer : answers) {
      EXPECT_FALSE(answer.failed) << answer.question << ": " << answer.text;
      bytes_of_answers += answer.text.size();
    }
  }

  static uint64_t UnitsIn(const std::string& bytes, Unit unit) {
    return (8 * bytes.size() + BitsOf(unit) - 1) / BitsOf(unit);
  }
  uint64_t Units(Unit unit) const {
    uint64_t total = 0;
    for (const auto& [path, bytes] : image) total += UnitsIn(bytes, unit);
    return total;
  }
  /// The n-th bit, byte or sector of all files in the order of their names.
  Flip At(Unit unit, uint64_t n) const {
    for (const auto& [path, bytes] : image) {
      const uint64_t here = UnitsIn(bytes, unit);
      if (n < here) return {path, unit, n};
      n -= here;
    }
    return {};
  }

  sim::SimClock clock;
  std::unique_ptr<catalog::Catalog> catalog;
  Image image;
  std::vector<Answer> answers;
  std::vector<Answer> merged;
  size_t bytes_of_answers = 0;
};

struct Tally {
  uint64_t harmless = 0;
  uint64_t refused = 0;  // the start
  uint64_t failed = 0;   // a question, or the damaged file is reported
  uint64_t wrong = 0;
};

bool NamesAFile(const std::string& message) {
  return message.find('/') != std::string::npos || message.find(".ts") != std::string::npos ||
         message.find("MANIFEST") != std::string::npos ||
         message.find("CURRENT") != std::string::npos;
}

/// The first lines that only one of the two has.
std::string Difference(const std::string& want, const std::string& got) {
  const auto lines = [](const std::string& text) {
    std::set<std::string> out;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      out.insert(text.substr(at, end - at));
      at = end + 1;
    }
    return out;
  };
  const std::set<std::string> wanted = lines(want);
  const std::set<std::string> found = lines(got);
  std::string out;
  int shown = 0;
  for (const std::string& line : wanted) {
    if (!found.contains(line) && ++shown <= 3) out += "\n  missing: " + line;
  }
  shown = 0;
  for (const std::string& line : found) {
    if (!wanted.contains(line) && ++shown <= 3) out += "\n  instead: " + line;
  }
  return out.empty() ? "\n  only the order" : out;
}

/// What is wrong with `got`; none: equal answers or clear errors. Sets `detected` for an error.
std::optional<std::string> Judge(const std::vector<Answer>& want, const std::vector<Answer>& got,
                                 bool damage_reported, bool& detected) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (got[i].failed) {
      if (!NamesAFile(got[i].text)) {
        return got[i].question + " fails without naming a file: " + got[i].text;
      }
      detected = true;
      continue;
    }
    if (got[i].text == want[i].text) continue;
    // A reader of the feed is told of the damage apart; what lies in the file cannot be listed.
    if (got[i].question == "feed" && damage_reported) continue;
    return got[i].question + " is answered differently:" + Difference(want[i].text, got[i].text);
  }
  return std::nullopt;
}

/// None: detected or harmless.
std::optional<std::string> TryFlip(const Subject& subject, const Flip& flip, Tally& tally) {
  Image damaged = subject.image;
  Apply(flip, damaged[flip.path]);
  DamageBed bed(*subject.catalog, damaged);
  const auto opened = bed.Open();
  if (!opened.ok()) {
    ++tally.refused;
    if (NamesAFile(opened.error().message)) return std::nullopt;
    return "the start is refused without naming a file: " + opened.error().message;
  }
  const std::vector<Answer> answers = bed.AskAll();
  bool detected = !bed.DamagedFiles().empty();
  if (auto wrong = Judge(subject.answers, answers, detected, detected)) return wrong;
  // What sealing and merging read must not be written anew with a good checksum.
  const bool sealed = bed.Flush().ok() && bed.Compact().ok();
  const std::vector<Answer> merged = bed.AskAll();
  detected = detected || !sealed || !bed.DamagedFiles().empty();
  if (auto wrong = Judge(subject.merged, merged, detected, detected)) {
    return "after the merge: " + *wrong;
  }
  ++(detected ? tally.failed : tally.harmless);
  return std::nullopt;
}

/// TM_FLIP, if it is set and of this unit.
std::vector<Flip> TheOneFlip(Unit unit, const char* named) {
  const std::string text = named;
  const size_t at = text.rfind(':');
  const size_t name = at == std::string::npos || at == 0 ? at : text.rfind(':', at - 1);
  if (name == std::string::npos || text.substr(name + 1, at - name - 1) != NameOf(unit)) return {};
  return {{text.substr(0, name), unit, std::strtoull(text.c_str() + at + 1, nullptr, 10)}};
}

/// `sample` of them, or all if that is enough.
std::vector<Flip> ChooseFlips(const Subject& subject, Unit unit, size_t sample) {
  std::vector<Flip> out;
  if (const char* one = std::getenv("TM_FLIP")) return TheOneFlip(unit, one);
  const uint64_t units = subject.Units(unit);
  if (std::getenv("TM_ALL_FLIPS") != nullptr || units <= sample) {
    uint64_t part = 1;
    uint64_t parts = 1;
    if (const char* text = std::getenv("TM_FLIP_PART")) {
      char* slash = nullptr;
      part = std::strtoull(text, &slash, 10);
      parts = std::strtoull(slash + 1, nullptr, 10);
    }
    for (uint64_t n = units * (part - 1) / parts; n < units * part / parts; ++n) {
      out.push_back(subject.At(unit, n));
    }
    return out;
  }
  SeededRandom random(TestSeed());
  for (size_t i = 0; i < sample; ++i) out.push_back(subject.At(unit, random.Below(units)));
  return out;
}

void FlipAll(Stop how, Unit unit, size_t sample) {
  SCOPED_TRACE(SeedTrace(TestSeed()));
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const Subject subject(how);
  ASSERT_FALSE(::testing::Test::HasFailure());
  ASSERT_LE(subject.Units(Unit::kByte), 65'536U) << "the data set is larger than it may be";
  ASSERT_GT(subject.bytes_of_answers, 10'000U);
  Tally tally;
  std::map<std::string, std::pair<uint64_t, std::string>> wrong;  // file -> count, the first of it
  for (const Flip& flip : ChooseFlips(subject, unit, sample)) {
    const auto what = TryFlip(subject, flip, tally);
    if (!what.has_value()) continue;
    ++tally.wrong;
    auto& [count, first] = wrong[flip.path];
    if (count++ == 0) first = "TM_FLIP=" + Text(flip) + ": " + *what;
  }
  for (const auto& [path, found] : wrong) {
    ADD_FAILURE() << path << ": " << found.first << " flips; " << found.second;
  }
  std::printf(
      "%zu bytes in %zu files; each %s: %lu harmless, %lu refused, %lu failed or reported, "
      "%lu wrong\n",
      static_cast<size_t>(subject.Units(Unit::kByte)), subject.image.size(), NameOf(unit).data(),
      tally.harmless, tally.refused, tally.failed, tally.wrong);
}

TEST(BitFlip, IsDetectedOrHarmlessAfterAnOrderedStop) { FlipAll(Stop::kClosed, Unit::kBit, 3000); }
TEST(ByteFlip, IsDetectedOrHarmlessAfterAnOrderedStop) { FlipAll(Stop::kClosed, Unit::kByte, 300); }
TEST(ZeroedSector, IsDetectedOrHarmlessAfterAnOrderedStop) {
  FlipAll(Stop::kClosed, Unit::kSector, 1000);
}

// The newest frames have nothing behind them but their confirmations.
TEST(BitFlip, IsDetectedOrHarmlessAfterAKill) { FlipAll(Stop::kKilled, Unit::kBit, 1000); }
TEST(ByteFlip, IsDetectedOrHarmlessAfterAKill) { FlipAll(Stop::kKilled, Unit::kByte, 300); }
TEST(ZeroedSector, IsDetectedOrHarmlessAfterAKill) { FlipAll(Stop::kKilled, Unit::kSector, 1000); }

}  // namespace
}  // namespace tidemark::tests
