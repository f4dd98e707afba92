// SPDX-License-Identifier: Apache-2.0
#include "store/block/testing/sample_values.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace tidemark::store::testing {
namespace {

constexpr std::array<std::string_view, 13> kIntegerShapes{
    "constant",     "counter",   "linear", "small",  "gauge",  "walk",      "outliers_high",
    "outliers_low", "multiples", "limits", "random", "resets", "one_change"};
constexpr std::array<std::string_view, 14> kDoubleShapes{
    "constant", "gauge2",       "walk2", "walk3", "integers", "full",     "specials",
    "mixed",    "nan_payloads", "zeros", "tiny",  "huge",     "negative", "exceptions"};

uint64_t Below(std::mt19937_64& random, uint64_t limit) { return random() % limit; }
uint64_t Bits(double v) { return std::bit_cast<uint64_t>(v); }
double Decimal(int64_t k, double power) { return static_cast<double>(k) / power; }

uint64_t NextInteger(std::string_view shape, size_t i, uint64_t previous, std::mt19937_64& random) {
  if (shape == "constant") return previous;
  if (shape == "counter") return previous + Below(random, 500);
  if (shape == "linear") return previous + 7;
  if (shape == "small") return Below(random, 6);
  if (shape == "gauge") return 1000 + Below(random, 10001);
  if (shape == "walk") return previous + Below(random, 101) - 50;
  if (shape == "outliers_high") {
    return Below(random, 50) == 0 ? Below(random, uint64_t{1} << 40U) : Below(random, 100);
  }
  if (shape == "outliers_low") {
    return Below(random, 50) == 0 ? 0 - Below(random, uint64_t{1} << 40U) : Below(random, 100);
  }
  if (shape == "multiples") return 1'000'000 * Below(random, 300) + 17;
  if (shape == "limits") {
    constexpr std::array<uint64_t, 6> kLimits{uint64_t{1} << 63U, INT64_MAX, 0, 1,
                                              UINT64_MAX,         1U << 31U};
    return kLimits[Below(random, kLimits.size())];
  }
  if (shape == "resets") return Below(random, 100) == 0 ? 0 : previous + Below(random, 20);
  if (shape == "one_change") return i == 5 ? previous + 1 : previous;
  return random();
}

double Walk(double previous, double power, std::mt19937_64& random) {
  std::normal_distribution<double> step(0, 0.5);
  return Decimal(std::llround((previous + step(random)) * power), power);
}

uint64_t Special(std::mt19937_64& random) {
  constexpr std::array<double, 9> kSpecials{0.0,
                                            -0.0,
                                            std::numeric_limits<double>::infinity(),
                                            -std::numeric_limits<double>::infinity(),
                                            std::numeric_limits<double>::max(),
                                            std::numeric_limits<double>::lowest(),
                                            std::numeric_limits<double>::denorm_min(),
                                            0x1p51,
                                            -0x1p53};
  const uint64_t which = Below(random, kSpecials.size() + 1);
  if (which == kSpecials.size()) return 0x7ff8000000000000U | Below(random, 1000);
  return Bits(kSpecials[which]);
}

uint64_t NextDouble(std::string_view shape, uint64_t previous, std::mt19937_64& random) {
  const double last = std::bit_cast<double>(previous);
  const double uniform = static_cast<double>(random() >> 11U) * 0x1p-53;
  if (shape == "constant") return previous;
  if (shape == "gauge2") return Bits(Decimal(static_cast<int64_t>(Below(random, 10001)), 100));
  if (shape == "walk2") return Bits(Walk(last, 100, random));
  if (shape == "walk3") return Bits(Walk(last, 1000, random));
  if (shape == "integers") return Bits(static_cast<double>(Below(random, 1'000'000)));
  if (shape == "full") return Bits(100 * uniform);
  if (shape == "specials") return Special(random);
  if (shape == "mixed") {
    return Below(random, 2) == 0 ? Bits(uniform)
                                 : Bits(Decimal(static_cast<int64_t>(Below(random, 100)), 10));
  }
  if (shape == "nan_payloads") return 0x7ff0000000000001U + (random() & 0x800fffffffffff00U);
  if (shape == "zeros") return Below(random, 2) == 0 ? Bits(0.0) : Bits(-0.0);
  if (shape == "tiny") return Bits(uniform * 1e-300);
  if (shape == "huge") return Bits(std::floor(uniform * 1e15) * 1e6);
  if (shape == "negative")
    return Bits(-Decimal(static_cast<int64_t>(Below(random, 100'000)), 1000));
  TM_CHECK(shape == "exceptions");
  return Below(random, 30) == 0 ? Special(random)
                                : Bits(Decimal(static_cast<int64_t>(Below(random, 5000)), 100));
}

void DrawColumn(RowColumns::Column& column, size_t n, std::mt19937_64& random,
                std::vector<std::string>& texts) {
  switch (column.type) {
    case ValueType::kDouble:
      column.bits = DrawDoubles(kDoubleShapes[Below(random, kDoubleShapes.size())], n, random);
      break;
    case ValueType::kBoolean: {
      const uint64_t share = 1 + Below(random, 100);
      for (size_t i = 0; i < n; ++i) column.bits.push_back(Below(random, share) == 0 ? 1 : 0);
      break;
    }
    case ValueType::kVarchar: {
      const uint64_t distinct = 1 + Below(random, Below(random, 2) == 0 ? 5 : 100'000);
      const uint64_t length = Below(random, 60);
      for (size_t i = 0; i < n; ++i) {
        std::string text = std::to_string(Below(random, distinct));
        text.insert(0, Below(random, length + 1), 'x');
        if (Below(random, 40) == 0) text.clear();
        texts.push_back(std::move(text));
      }
      break;
    }
    default:
      column.bits = DrawIntegers(kIntegerShapes[Below(random, kIntegerShapes.size())], n, random);
  }
}

/// Nulls get bits 0 and the empty text.
void DrawNulls(RowColumns::Column& column, const RowColumns& rows, std::mt19937_64& random) {
  const size_t n = rows.rows();
  const uint64_t share = Below(random, 4) == 0 ? 1 : 2 + Below(random, 200);
  const bool some = Below(random, 2) == 0;
  if (!some && rows.tombstones.empty()) return;
  column.valid.assign(n, 1);
  for (size_t i = 0; i < n; ++i) {
    const bool ended = !rows.tombstones.empty() && rows.tombstones[i] != 0;
    if (!ended && !(some && Below(random, share) == 0)) continue;
    column.valid[i] = 0;
    if (column.type == ValueType::kVarchar) {
      column.texts[i] = {};
    } else {
      column.bits[i] = 0;
    }
  }
}

}  // namespace

std::vector<std::string_view> IntegerShapes() {
  return {kIntegerShapes.begin(), kIntegerShapes.end()};
}
std::vector<std::string_view> DoubleShapes() {
  return {kDoubleShapes.begin(), kDoubleShapes.end()};
}

std::vector<uint64_t> DrawIntegers(std::string_view shape, size_t n, std::mt19937_64& random) {
  std::vector<uint64_t> out;
  uint64_t previous = Below(random, 2) == 0 ? Below(random, 1000) : random();
  for (size_t i = 0; i < n; ++i) out.push_back(previous = NextInteger(shape, i, previous, random));
  return out;
}

std::vector<uint64_t> DrawDoubles(std::string_view shape, size_t n, std::mt19937_64& random) {
  std::vector<uint64_t> out;
  uint64_t previous = Bits(Decimal(static_cast<int64_t>(Below(random, 10001)), 100));
  for (size_t i = 0; i < n; ++i) out.push_back(previous = NextDouble(shape, previous, random));
  return out;
}

std::vector<int64_t> DrawTimes(size_t n, std::mt19937_64& random) {
  const uint64_t shape = Below(random, 6);
  constexpr std::array<int64_t, 3> kUnits{1, 1'000'000, 1'000'000'000};
  const int64_t unit = kUnits[Below(random, kUnits.size())];
  std::vector<int64_t> out;
  int64_t time =
      shape == 5 ? INT64_MIN
                 : 1'700'000'000'000'000'000 + static_cast<int64_t>(Below(random, 1'000'000'000));
  for (size_t i = 0; i < n; ++i) {
    const auto jitter = static_cast<int64_t>(Below(random, 100));
    const auto at = static_cast<int64_t>(i);
    out.push_back(shape == 0 ? time : shape == 1 ? time + jitter * unit : time);
    time += shape <= 1             ? 1000 * unit
            : shape == 2           ? (1 + jitter) * unit
            : shape == 3           ? (Below(random, 50) == 0 ? 600 : 10) * unit
            : shape == 4 && at < 9 ? int64_t{1} << (at * 6)
                                   : unit;
  }
  if (shape == 5 && n > 1) out.back() = INT64_MAX;
  return out;
}

RowColumns DrawRows(size_t n, std::mt19937_64& random, std::vector<std::string>& texts) {
  RowColumns rows;
  rows.times = DrawTimes(n, random);
  const bool constant = Below(random, 2) == 0;
  for (size_t i = 0; i < n; ++i) {
    const auto jitter = static_cast<int64_t>(constant ? 0 : Below(random, 50));
    rows.versions.push_back(1 + jitter * (Below(random, 2) == 0 ? 1 : 1'700'000'000'000));
  }
  if (Below(random, 3) == 0) {
    for (size_t i = 0; i < n; ++i) {
      const int64_t start = rows.times[i] < 0 ? rows.times[i] : rows.times[i] - 60'000'000'000;
      rows.infos.push_back({EventTime{start}, EventTime{rows.times[i]},
                            static_cast<uint32_t>(1 + Below(random, 3)), Below(random, 1000)});
    }
    if (Below(random, 2) == 0) {
      for (size_t i = 0; i < n; ++i) rows.tombstones.push_back(Below(random, 20) == 0 ? 1 : 0);
    }
  }
  const bool single = Below(random, 2) == 0;
  const size_t columns = single ? 1 : Below(random, 7);
  uint32_t field = 0;
  for (size_t c = 0; c < columns; ++c) {
    RowColumns::Column& column = rows.columns.emplace_back();
    if (!single) {
      column.field = field += static_cast<uint32_t>(1 + Below(random, 200));
    }
    column.type = static_cast<ValueType>(1 + Below(random, 5));
    DrawColumn(column, n, random, texts);
    if (column.type == ValueType::kVarchar) column.texts.resize(n);
  }
  // Only now do the texts stay where they are.
  size_t at = 0;
  for (RowColumns::Column& column : rows.columns) {
    if (column.type == ValueType::kVarchar) {
      for (std::string_view& text : column.texts) text = texts[at++];
    }
    DrawNulls(column, rows, random);
  }
  return rows;
}

}  // namespace tidemark::store::testing
