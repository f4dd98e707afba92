// SPDX-License-Identifier: Apache-2.0
#include "api/console/cbor_notation_internal.h"
#include "api/console/payload_internal.h"
#include "api/console/reply_internal.h"
#include "base/base64.h"

namespace tidemark::console {
namespace {

constexpr size_t kPreviewBytesMax = 512;

}  // namespace

/// Bytes of well-formed UTF-8 at the beginning.
size_t ValidUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    if (length == 0 || at + length > text.size()) return at;
    for (size_t i = 1; i < length; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xc0U) != 0x80) return at;
    }
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[at + 1]);
      const bool bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
                       (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90);
      if (bad) return at;
    }
    at += length;
  }
  return at;
}

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

std::string_view EncodingOf(std::string_view data) {
  if (ValidUtf8(data) != data.size()) return "binary";
  const size_t first = data.find_first_not_of(" \t\r\n");
  const bool looks = first != std::string_view::npos && (data[first] == '{' || data[first] == '[');
  return looks && ParseJson(data).ok() ? "json" : "text";
}

void WritePayload(JsonWriter& out, std::string_view data, PayloadDetail detail) {
  const std::string_view encoding = EncodingOf(data);
  const bool binary = encoding == "binary";
  WriteText(out, "encoding", encoding);
  std::string_view shown = data.substr(0, binary ? kPreviewBytesMax / 2 : kPreviewBytesMax);
  if (!binary) shown = shown.substr(0, ValidUtf8(shown));
  WriteText(out, "preview", binary ? Hex(shown) : std::string(shown));
  out.Key("truncated").Bool(shown.size() < data.size());
  if (detail == PayloadDetail::kPreview) return;
  out.Key("text");
  binary ? out.Null() : out.String(data);
  WriteText(out, "base64", Base64Encode(data));
  WriteTextOrNull(out, "cbor", binary ? CborNotation(data).value_or("") : "");
}

void WriteShortened(JsonWriter& out, std::string_view data, size_t bytes_max) {
  const std::string_view encoding = EncodingOf(data);
  const bool binary = encoding == "binary";
  WriteText(out, "encoding", encoding);
  std::string_view shown = data.substr(0, binary ? bytes_max / 2 : bytes_max);
  if (!binary) shown = shown.substr(0, ValidUtf8(shown));
  WriteText(out, "text", binary ? Hex(shown) : std::string(shown));
  out.Key("truncated").Bool(shown.size() < data.size());
}

}  // namespace tidemark::console
