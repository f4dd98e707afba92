// SPDX-License-Identifier: Apache-2.0
#include "agg/testing/sample_groups.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace tidemark::agg {
namespace {

constexpr std::array<std::string_view, SampleGroups::kKinds> kNames{
    "two-decimal gauge", "walk",        "uniform",       "counter",   "12 decades", "300 decades",
    "20 decades",        "random bits", "near overflow", "subnormal", "ties",       "powers of two",
    "cancelling",        "extremes",    "special values"};

}  // namespace

uint64_t TestSeed() {
  const char* text = std::getenv("TM_SEED");
  return text == nullptr ? 20'251'126 : std::strtoull(text, nullptr, 10);
}

std::string_view SampleGroups::KindName(size_t index) { return kNames[index % kKinds]; }

double SampleGroups::Unit() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }

double SampleGroups::Value(size_t kind, size_t i) {
  constexpr double kMax = std::numeric_limits<double>::max();
  switch (kind) {
    case 0:
      return std::round(Unit() * 10'000) / 100;
    case 1:
      walk_ += Unit() - 0.5;
      return walk_;
    case 2:
      return Unit() * 100;
    case 3:
      return 1e6 + static_cast<double>(i * 17);
    case 4:
      return Signed(Unit() * std::pow(10, Unit() * 12));
    case 5:
      return Signed(std::pow(10, Unit() * 600 - 300));
    case 6:
      return Signed(Unit() * std::pow(10, Unit() * 20));
    case 7: {
      const double value = std::bit_cast<double>(random_());
      return std::isfinite(value) ? value : 0;
    }
    case 8:
      return Signed(kMax * (0.25 + 0.75 * Unit()));
    case 9:
      return Signed(std::bit_cast<double>(random_() >> (11 + random_() % 40)));
    case 10:  // halves of the last place of 2^53, with a far tail now and then
      return Coin() ? Signed(0x1p53) : Signed(Coin() ? 1.0 : random_() % 8 == 0 ? 0x1p-900 : 0.5);
    case 11:
      return Signed(std::ldexp(1.0, static_cast<int>(random_() % 2098) - 1074));
    case 12:
      return Unit() * std::pow(10, Unit() * 20 - 10);
    case 13: {
      static constexpr std::array<double, 6> kExtremes{kMax,       -kMax,   0x1p-1074,
                                                       -0x1p-1074, 0x1p970, -0.0};
      return kExtremes[random_() % kExtremes.size()];
    }
    default: {
      const uint64_t dice = random_() % 40;
      if (dice == 0) return std::numeric_limits<double>::quiet_NaN();
      if (dice == 1) return std::numeric_limits<double>::infinity();
      if (dice == 2) return -std::numeric_limits<double>::infinity();
      return dice < 10 ? -0.0 : Signed(Unit());
    }
  }
}

void SampleGroups::AddCancelling(std::vector<double>& values) {
  const size_t half = values.size();
  for (size_t i = 0; i < half; ++i) values.push_back(-values[i]);
  values.push_back(Signed(Unit() * 1e-12));
  std::shuffle(values.begin(), values.end(), random_);
}

std::vector<double> SampleGroups::Next(size_t index) {
  const size_t kind = index % kKinds;
  const size_t size = random_() % 100 == 0 ? 1 + random_() % 2160 : 1 + random_() % 30;
  std::vector<double> values;
  walk_ = 50;
  for (size_t i = 0; i < size; ++i) values.push_back(Value(kind, i));
  if (kind == 12) AddCancelling(values);
  return values;
}

}  // namespace tidemark::agg
