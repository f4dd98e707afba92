// SPDX-License-Identifier: Apache-2.0
// A record's bytes as people see them. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tidemark::console {

/// Bytes of well-formed UTF-8 at the beginning.
size_t ValidUtf8(std::string_view text);
std::string Hex(std::string_view bytes);
/// "json", "text" or "binary".
std::string_view EncodingOf(std::string_view data);

enum class PayloadDetail : uint8_t { kPreview, kFull };
/// Members encoding, preview, truncated; kFull: text, base64 and cbor too.
void WritePayload(JsonWriter& out, std::string_view data, PayloadDetail detail);
/// Members encoding, text (hexadecimal if binary), truncated.
void WriteShortened(JsonWriter& out, std::string_view data, size_t bytes_max);

}  // namespace tidemark::console
