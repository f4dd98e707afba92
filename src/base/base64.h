// SPDX-License-Identifier: Apache-2.0
// Standard base64 with padding, strict both ways: alphabet, length and zero spare bits are checked.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark {

std::string Base64Encode(std::string_view bytes);
void AppendBase64(std::string& out, std::string_view bytes);
/// Appends the decoded bytes to `out`; kInvalidArgument leaves `out` as it was.
Result<void> Base64DecodeTo(std::string_view text, std::string& out);
Result<std::string> Base64Decode(std::string_view text);

}  // namespace tidemark
