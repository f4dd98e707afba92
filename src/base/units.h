// SPDX-License-Identifier: Apache-2.0
// Size literals: 64_MiB.
#pragma once

#include <cstddef>

namespace tidemark {

// The literal operator's parameter type is fixed by the language.
constexpr size_t operator""_KiB(unsigned long long n) { return static_cast<size_t>(n) << 10; }
constexpr size_t operator""_MiB(unsigned long long n) { return static_cast<size_t>(n) << 20; }
constexpr size_t operator""_GiB(unsigned long long n) { return static_cast<size_t>(n) << 30; }

}  // namespace tidemark
