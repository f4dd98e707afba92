// SPDX-License-Identifier: Apache-2.0
// Golden bytes as text.
#pragma once

#include <string>
#include <string_view>

namespace tidemark::store::testing {

std::string Hex(std::string_view bytes);
/// Spaces are skipped.
std::string FromHex(std::string_view hex);

}  // namespace tidemark::store::testing
