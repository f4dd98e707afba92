// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <array>
#include <cstdint>

namespace tidemark {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kInvalid = 0xff;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  for (uint8_t& v : values) v = kInvalid;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}

constexpr std::array<uint8_t, 256> kValues = MakeValues();

uint32_t ByteAt(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }
uint32_t ValueAt(std::string_view text, size_t i) { return kValues[static_cast<uint8_t>(text[i])]; }

Error Malformed(const char* why) {
  return {Code::kInvalidArgument, std::string("not base64: ") + why};
}

}  // namespace

void AppendBase64(std::string& out, std::string_view bytes) {
  const size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + start;
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const uint32_t group =
        ByteAt(bytes, i) << 16U | ByteAt(bytes, i + 1) << 8U | ByteAt(bytes, i + 2);
    *to++ = kAlphabet[group >> 18U];
    *to++ = kAlphabet[group >> 12U & 63U];
    *to++ = kAlphabet[group >> 6U & 63U];
    *to++ = kAlphabet[group & 63U];
  }
  const size_t left = bytes.size() - i;
  if (left == 0) return;
  const uint32_t group = ByteAt(bytes, i) << 16U | (left == 2 ? ByteAt(bytes, i + 1) << 8U : 0U);
  *to++ = kAlphabet[group >> 18U];
  *to++ = kAlphabet[group >> 12U & 63U];
  *to++ = left == 2 ? kAlphabet[group >> 6U & 63U] : '=';
  *to++ = '=';
}

std::string Base64Encode(std::string_view bytes) {
  std::string out;
  AppendBase64(out, bytes);
  return out;
}

Result<void> Base64DecodeTo(std::string_view text, std::string& out) {
  if (text.size() % 4 != 0) return Malformed("the length is not a multiple of 4");
  if (text.empty()) return {};
  size_t padding = 0;
  if (text.back() == '=') padding = text[text.size() - 2] == '=' ? 2 : 1;
  const size_t full = padding == 0 ? text.size() : text.size() - 4;

  const size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 - padding);
  char* to = out.data() + start;
  uint32_t seen = 0;  // a bit above 63 stays set once an invalid character was met
  for (size_t i = 0; i < full; i += 4) {
    const uint32_t a = ValueAt(text, i);
    const uint32_t b = ValueAt(text, i + 1);
    const uint32_t c = ValueAt(text, i + 2);
    const uint32_t d = ValueAt(text, i + 3);
    seen |= a | b | c | d;
    const uint32_t group = a << 18U | b << 12U | c << 6U | d;
    *to++ = static_cast<char>(group >> 16U);
    *to++ = static_cast<char>(group >> 8U);
    *to++ = static_cast<char>(group);
  }
  uint32_t spare = 0;
  if (padding != 0) {
    const uint32_t a = ValueAt(text, full);
    const uint32_t b = ValueAt(text, full + 1);
    const uint32_t c = padding == 1 ? ValueAt(text, full + 2) : 0;
    seen |= a | b | c;
    const uint32_t group = a << 18U | b << 12U | c << 6U;
    *to++ = static_cast<char>(group >> 16U);
    if (padding == 1) *to++ = static_cast<char>(group >> 8U);
    spare = padding == 1 ? c & 3U : b & 15U;
  }
  if (seen <= 63 && spare == 0) return {};
  out.resize(start);
  return Malformed(seen > 63 ? "a character outside the alphabet" : "spare bits are not zero");
}

Result<std::string> Base64Decode(std::string_view text) {
  std::string out;
  TM_RETURN_IF_ERROR(Base64DecodeTo(text, out));
  return out;
}

}  // namespace tidemark
