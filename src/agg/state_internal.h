// SPDX-License-Identifier: Apache-2.0
// What the sources of State share. Pure functions.
#pragma once

#include <cstdint>

#include "agg/series_fold.h"
#include "agg/state.h"

namespace tidemark::agg {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

/// The two halves of State::IntegerSum.
constexpr Int128 ToInt128(uint64_t low, int64_t high) {
  return static_cast<Int128>((static_cast<Uint128>(static_cast<uint64_t>(high)) << 64U) | low);
}

/// A value of this type as it lies in a payload.
inline Scalar IntegerScalar(Type type, int64_t value) {
  if (type == Type::kTimestamp) return EventTime{value};
  if (type == Type::kBoolean) return value != 0;
  return value;
}

/// What a fold of this kind adds up.
template <typename T>
constexpr typename SeriesFold<T>::Of FoldOf(Kind kind) {
  using Of = typename SeriesFold<T>::Of;
  if (kind == Kind::kIncrease) return Of::kIncrease;
  return kind == Kind::kDelta ? Of::kDelta : Of::kIntegral;
}

}  // namespace tidemark::agg
