// SPDX-License-Identifier: Apache-2.0
// Every single-bit flip in the files of store and log is detected or harmless: the start is refused
// with the file's name, or a question fails with it, or all answers are as before. No answer is
// ever different, neither at once nor after the store has sealed and merged what it read.
//
// 3,000 flips (and 1,000 after a kill) drawn by TM_SEED, or all with TM_ALL_FLIPS=1
// (TM_FLIP_PART=2/8: the second eighth of them). TM_FLIP=PATH:BIT repeats one.
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

struct Flip {
  std::string path;
  uint64_t bit = 0;
};

std::string Text(const Flip& flip) { return flip.path + ":" + std::to_string(flip.bit); }

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

  uint64_t bits() const {
    uint64_t total = 0;
    for (const auto& [path, bytes] : image) total += 8 * bytes.size();
    return total;
  }
  /// The n-th bit of all files in the order of their names.
  Flip At(uint64_t n) const {
    for (const auto& [path, bytes] : image) {
      if (n < 8 * bytes.size()) return {path, n};
      n -= 8 * bytes.size();
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
  damaged[flip.path][flip.bit / 8] ^= static_cast<char>(1U << (flip.bit % 8));
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

std::vector<Flip> ChooseFlips(const Subject& subject, size_t sample) {
  std::vector<Flip> out;
  if (const char* one = std::getenv("TM_FLIP")) {
    const std::string text = one;
    const size_t colon = text.rfind(':');
    return {{text.substr(0, colon), std::strtoull(text.c_str() + colon + 1, nullptr, 10)}};
  }
  const uint64_t bits = subject.bits();
  if (std::getenv("TM_ALL_FLIPS") != nullptr) {
    uint64_t part = 1;
    uint64_t parts = 1;
    if (const char* text = std::getenv("TM_FLIP_PART")) {
      char* slash = nullptr;
      part = std::strtoull(text, &slash, 10);
      parts = std::strtoull(slash + 1, nullptr, 10);
    }
    for (uint64_t n = bits * (part - 1) / parts; n < bits * part / parts; ++n) {
      out.push_back(subject.At(n));
    }
    return out;
  }
  SeededRandom random(TestSeed());
  for (size_t i = 0; i < sample; ++i) out.push_back(subject.At(random.Below(bits)));
  return out;
}

void FlipAll(Stop how, size_t sample) {
  SCOPED_TRACE(SeedTrace(TestSeed()));
  InitLogging(LogLevel::kError, LogFormat::kJson);
  const Subject subject(how);
  ASSERT_FALSE(::testing::Test::HasFailure());
  ASSERT_LE(subject.bits(), 8U * 65'536) << "the data set is larger than it may be";
  ASSERT_GT(subject.bytes_of_answers, 10'000U);
  Tally tally;
  std::map<std::string, std::pair<uint64_t, std::string>> wrong;  // file -> count, the first of it
  for (const Flip& flip : ChooseFlips(subject, sample)) {
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
      "%zu bytes in %zu files; flips: %lu harmless, %lu refused, %lu failed or reported, "
      "%lu wrong\n",
      static_cast<size_t>(subject.bits() / 8), subject.image.size(), tally.harmless, tally.refused,
      tally.failed, tally.wrong);
}

TEST(BitFlip, IsDetectedOrHarmlessAfterAnOrderedStop) { FlipAll(Stop::kClosed, 3000); }

// The newest frames have nothing behind them that proves they were synced.
TEST(BitFlip, IsDetectedOrHarmlessAfterAKill) { FlipAll(Stop::kKilled, 1000); }

}  // namespace
}  // namespace tidemark::tests
