// SPDX-License-Identifier: Apache-2.0
// CBOR (RFC 8949) for people: the diagnostic notation of its section 8. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tidemark::console {

/// None: the bytes are not exactly one well-formed item, it is nested deeper than 64, or its
/// notation is longer than 1 MiB.
std::optional<std::string> CborNotation(std::string_view bytes);

}  // namespace tidemark::console
