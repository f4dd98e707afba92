// SPDX-License-Identifier: Apache-2.0
// Columns that are hard on a codec, each drawn from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "store/block/chunk.h"

namespace tidemark::store::testing {

/// Names of the distributions, for messages.
std::vector<std::string_view> IntegerShapes();
std::vector<std::string_view> DoubleShapes();

std::vector<uint64_t> DrawIntegers(std::string_view shape, size_t n, std::mt19937_64& random);
/// Bits of doubles.
std::vector<uint64_t> DrawDoubles(std::string_view shape, size_t n, std::mt19937_64& random);
/// Strictly ascending.
std::vector<int64_t> DrawTimes(size_t n, std::mt19937_64& random);

/// Rows of all kinds: single or multi-measure, nulls, tombstones, infos, versions. Texts point into
/// `texts`.
RowColumns DrawRows(size_t n, std::mt19937_64& random, std::vector<std::string>& texts);

}  // namespace tidemark::store::testing
