// SPDX-License-Identifier: Apache-2.0
// An integer that names one kind of thing: StreamId cannot be passed for a TableId. Immutable
// value.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace tidemark {

template <typename Tag, typename Rep = uint32_t>
struct StrongId {
  Rep value = 0;

  friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

}  // namespace tidemark

template <typename Tag, typename Rep>
struct std::hash<tidemark::StrongId<Tag, Rep>> {
  size_t operator()(const tidemark::StrongId<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
