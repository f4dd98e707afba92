// SPDX-License-Identifier: Apache-2.0
// Runs a fuzzer without libFuzzer:
//   NAME_check --rounds N     every seed as it is, then N mutations drawn from TM_SEED
//   NAME_check FILE...        these inputs (what libFuzzer or a failed run left)
//   NAME_check --write DIR    the seeds as files: a corpus for libFuzzer
// With TM_FUZZ_KEEP set each mutation is written to NAME_check.input before it runs, so that a
// crash leaves its input behind.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzzer.h"

namespace tidemark::fuzz {
namespace {

using Random = std::mt19937_64;

void Run(std::string_view input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

void FlipBit(std::string& bytes, Random& random) {
  char& byte = bytes[random() % bytes.size()];
  byte = static_cast<char>(byte ^ (1 << (random() % 8)));
}

void SetByte(std::string& bytes, Random& random) {
  constexpr std::string_view kTelling("\x00\x01\x7f\x80\xff\x40", 6);
  bytes[random() % bytes.size()] =
      random() % 2 == 0 ? kTelling[random() % kTelling.size()] : static_cast<char>(random());
}

void Erase(std::string& bytes, Random& random) {
  const size_t at = random() % bytes.size();
  bytes.erase(at, 1 + random() % 8);
}

void Insert(std::string& bytes, Random& random) {
  bytes.insert(random() % (bytes.size() + 1), 1 + random() % 4, static_cast<char>(random()));
}

void Splice(std::string& bytes, const std::vector<std::string>& seeds, Random& random) {
  const std::string& other = seeds[random() % seeds.size()];
  if (other.empty()) return;
  const size_t from = random() % other.size();
  const size_t size = 1 + random() % (other.size() - from);
  const size_t at = random() % bytes.size();
  bytes.replace(at, size, other, from, size);
}

std::string Mutate(const std::vector<std::string>& seeds, Random& random) {
  std::string bytes = seeds[random() % seeds.size()];
  for (uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
    if (bytes.empty()) bytes.push_back(static_cast<char>(random()));
    switch (random() % 6) {
      case 0:
      case 1:
        FlipBit(bytes, random);
        break;
      case 2:
        SetByte(bytes, random);
        break;
      case 3:
        Erase(bytes, random);
        break;
      case 4:
        Insert(bytes, random);
        break;
      default:
        Splice(bytes, seeds, random);
    }
  }
  return bytes;
}

std::string ReadFile(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void RunMutations(const char* program, uint64_t rounds) {
  const char* text = std::getenv("TM_SEED");
  const uint64_t seed = text == nullptr ? 20251125 : std::strtoull(text, nullptr, 10);
  const std::vector<std::string> seeds = Seeds();
  for (const std::string& input : seeds) Run(input);
  const std::string trace = std::string(program) + ".input";
  const bool keep = std::getenv("TM_FUZZ_KEEP") != nullptr;
  for (uint64_t round = 0; round < rounds; ++round) {
    // Each round from its own seed: TM_SEED and the round replay it alone.
    Random random(seed * 1'000'003 + round);
    const std::string input = Mutate(seeds, random);
    if (keep) WriteFile(trace, input);
    Run(input);
  }
  std::printf("%zu seeds, %llu mutations, TM_SEED=%llu\n", seeds.size(),
              static_cast<unsigned long long>(rounds), static_cast<unsigned long long>(seed));
}

int Main(std::span<char*> arguments) {
  const std::string_view first = arguments.size() > 1 ? arguments[1] : "";
  if (first == "--rounds" && arguments.size() == 3) {
    RunMutations(arguments[0], std::strtoull(arguments[2], nullptr, 10));
    return 0;
  }
  if (first == "--write" && arguments.size() == 3) {
    const std::vector<std::string> seeds = Seeds();
    for (size_t i = 0; i < seeds.size(); ++i) {
      WriteFile(std::string(arguments[2]) + "/seed-" + std::to_string(i), seeds[i]);
    }
    return 0;
  }
  for (char* path : arguments.subspan(1)) Run(ReadFile(path));
  return 0;
}

}  // namespace
}  // namespace tidemark::fuzz

int main(int count, char** arguments) {
  return tidemark::fuzz::Main({arguments, static_cast<size_t>(count)});
}
