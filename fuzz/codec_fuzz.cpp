// SPDX-License-Identifier: Apache-2.0
// One block: a byte that says which decoder, two for the number of values, the block.
#include <array>
#include <random>

#include "fuzzer.h"
#include "store/block/column_codec_internal.h"
#include "store/block/residual_codec_internal.h"
#include "store/block/testing/sample_values.h"
#include "store/block/text_codec_internal.h"

namespace {

using namespace tidemark::store;
using namespace tidemark::store::codec;

enum Decoder : uint8_t { kIntegers, kDoubles, kBits, kResiduals, kTexts, kDecoders };

void DecodeBlock(Decoder decoder, std::string_view block, size_t n) {
  std::array<uint64_t, kBlockRows> values{};
  std::array<uint8_t, kBlockRows> flags{};
  std::array<std::string_view, kBlockRows> texts{};
  switch (decoder) {
    case kIntegers: {
      IntegerBlock open;
      if (OpenIntegers(block, n, 17, open) && open.random_access()) (void)open.At(n - 1, n);
      (void)DecodeIntegers(block, n, 17, values.data());
      break;
    }
    case kDoubles:
      (void)DecodeDoubles(block, n, values.data());
      break;
    case kBits:
      (void)DecodeBits(block, n, flags.data());
      break;
    case kResiduals:
      (void)ReadResiduals(block, n, values.data());
      break;
    default: {
      TextColumn column;
      tidemark::store::TextArena arena;
      if (TextColumn::Open(block, 1, column)) (void)column.Decode(0, n, texts.data(), arena);
    }
  }
}

std::string Input(Decoder decoder, size_t n, std::string_view block) {
  std::string out(1, static_cast<char>(decoder));
  out.push_back(static_cast<char>(n & 0xffU));
  out.push_back(static_cast<char>(n >> 8U));
  return out.append(block);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3 || size > 100'000) return 0;
  const size_t n = 1 + (data[1] | size_t{data[2]} << 8U) % kBlockRows;
  const std::vector<char> block(data + 3, data + size);
  DecodeBlock(static_cast<Decoder>(data[0] % kDecoders), {block.data(), block.size()}, n);
  return 0;
}

std::vector<std::string> tidemark::fuzz::Seeds() {
  std::vector<std::string> out;
  std::mt19937_64 random(1);
  for (const size_t n : {1, 5, 300, 1024}) {
    for (const Effort effort : {Effort::kFast, Effort::kSmall}) {
      for (const auto shape : testing::IntegerShapes()) {
        std::string block;
        EncodeIntegers(testing::DrawIntegers(shape, n, random), 17, effort, block);
        out.push_back(Input(kIntegers, n - 1, block));
        const auto values = testing::DrawIntegers(shape, n, random);
        block.clear();
        WriteResiduals(PlanResiduals(values, effort), values, block);
        out.push_back(Input(kResiduals, n - 1, block));
      }
      for (const auto shape : testing::DoubleShapes()) {
        std::string block;
        DecimalHint hint;
        EncodeDoubles(testing::DrawDoubles(shape, n, random), effort, hint, block);
        out.push_back(Input(kDoubles, n - 1, block));
      }
      std::vector<uint8_t> flags(n);
      for (uint8_t& flag : flags) flag = random() % 30 == 0 ? 1 : 0;
      std::string block;
      EncodeBits(flags, block);
      out.push_back(Input(kBits, n - 1, block));
      for (const size_t distinct : {3, 1000}) {
        std::vector<std::string> texts;
        for (size_t i = 0; i < n; ++i)
          texts.push_back("text " + std::to_string(random() % distinct));
        const std::vector<std::string_view> views(texts.begin(), texts.end());
        block.clear();
        EncodeTexts({views}, effort, block);
        out.push_back(Input(kTexts, n - 1, block));
      }
    }
  }
  return out;
}
