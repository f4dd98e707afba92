// SPDX-License-Identifier: Apache-2.0
// What a fuzzer defines. An input must neither crash nor trip a sanitizer or a check; what more it
// must not do, the fuzzer itself checks with TM_CHECK.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tidemark::fuzz {

/// Well-formed inputs to start from; the same every time.
std::vector<std::string> Seeds();

}  // namespace tidemark::fuzz
