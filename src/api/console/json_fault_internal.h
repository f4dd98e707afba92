// SPDX-License-Identifier: Apache-2.0
// Where a text that people wrote stops being JSON (RFC 8259): the parser does not say. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::console {

struct JsonFault {
  size_t line = 1;    // from 1
  size_t column = 1;  // from 1, in bytes
  std::string message;
};

/// None: it is JSON, as far as its marks go (characters of strings are not looked at).
std::optional<JsonFault> FindJsonFault(std::string_view text);

}  // namespace tidemark::console
