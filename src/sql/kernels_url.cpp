// SPDX-License-Identifier: Apache-2.0
#include "sql/kernels_url.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/numbers.h"
#include "sql/kernels_internal.h"

namespace tidemark::sql::kernels {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<uint32_t> HexDigit(char c) {
  if (IsDigit(c)) return static_cast<uint32_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint32_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint32_t>(c - 'A' + 10);
  return std::nullopt;
}

/// Views of the URL; raw.
struct Parts {
  std::string_view protocol;
  std::string_view host;
  std::string_view port;
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

/// Blanks, controls and the characters that RFC 2396 calls unwise are not allowed.
bool IsAllowed(char c) {
  return static_cast<uint8_t>(c) > ' ' && c != '\x7f' &&
         std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

std::optional<Parts> Split(std::string_view url) {
  if (!std::all_of(url.begin(), url.end(), IsAllowed)) return std::nullopt;
  for (size_t at = url.find('%'); at != std::string_view::npos; at = url.find('%', at + 1)) {
    if (at + 2 >= url.size() || !HexDigit(url[at + 1]) || !HexDigit(url[at + 2])) {
      return std::nullopt;
    }
  }
  Parts out;
  const auto cut = [&url](char mark) -> std::string_view {
    const size_t at = url.find(mark);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = url.substr(at + 1);
    url = url.substr(0, at);
    return rest;
  };
  out.fragment = cut('#');
  out.query = cut('?');
  size_t n = 0;
  while (n < url.size() && (IsLetter(url[n]) || (n > 0 && (IsDigit(url[n]) || url[n] == '+' ||
                                                           url[n] == '-' || url[n] == '.')))) {
    ++n;
  }
  if (n < url.size() && url[n] == ':') {
    if (n == 0) return std::nullopt;
    out.protocol = url.substr(0, n);
    url.remove_prefix(n + 1);
  }
  if (!url.starts_with("//")) {
    // mailto:a@b has no path.
    if (out.protocol.empty() || url.starts_with('/')) out.path = url;
    return out;
  }
  url.remove_prefix(2);
  const size_t slash = std::min(url.find('/'), url.size());
  std::string_view authority = url.substr(0, slash);
  out.path = url.substr(slash);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);
  }
  const size_t bracket = authority.find(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = authority.substr(0, colon);
  if (colon == std::string_view::npos) return out;
  out.port = authority.substr(colon + 1);
  if (!std::all_of(out.port.begin(), out.port.end(), IsDigit)) out.host = out.port = {};
  return out;
}

/// %41 -> A; a broken escape stays as it is.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) && HexDigit(text[i + 2]);
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(*HexDigit(text[i + 1]) << 4U | *HexDigit(text[i + 2]));
    i += 2;
  }
  return out;
}

/// Decoded bytes need not be UTF-8, and a value of the dialect is: what is not becomes U+FFFD.
std::string ValidText(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
    const uint8_t first = byte(0);
    const size_t n = first < 0x80   ? 1
                     : first < 0xC2 ? 0
                     : first < 0xE0 ? 2
                     : first < 0xF0 ? 3
                     : first < 0xF5 ? 4
                                    : 0;
    bool valid = n > 0 && at + n <= text.size();
    for (size_t i = 1; valid && i < n; ++i) valid = (byte(i) & 0xC0U) == 0x80;
    // Overlong forms, surrogates, beyond U+10FFFF.
    if (valid && n == 3)
      valid = !(first == 0xE0 && byte(1) < 0xA0) && !(first == 0xED && byte(1) > 0x9F);
    if (valid && n == 4)
      valid = !(first == 0xF0 && byte(1) < 0x90) && !(first == 0xF4 && byte(1) > 0x8F);
    if (valid) {
      out += text.substr(at, n);
      at += n;
    } else {
      out += "\xEF\xBF\xBD";
      ++at;
    }
  }
  return out;
}

template <std::string_view Parts::* Part>
Result<OptionalText> PartOf(std::string_view url) {
  const auto parts = Split(url);
  if (!parts) return OptionalText();
  return OptionalText(ValidText(Unescaped((*parts).*Part)));
}

}  // namespace

Result<OptionalText> UrlProtocol(std::string_view url) { return PartOf<&Parts::protocol>(url); }
Result<OptionalText> UrlHost(std::string_view url) { return PartOf<&Parts::host>(url); }
Result<OptionalText> UrlPath(std::string_view url) { return PartOf<&Parts::path>(url); }
Result<OptionalText> UrlQuery(std::string_view url) { return PartOf<&Parts::query>(url); }
Result<OptionalText> UrlFragment(std::string_view url) { return PartOf<&Parts::fragment>(url); }

Result<std::optional<int64_t>> UrlPort(std::string_view url) {
  const auto parts = Split(url);
  return parts ? ParseInt64(parts->port) : std::nullopt;
}

Result<OptionalText> UrlParameter(std::string_view url, std::string_view name) {
  const auto parts = Split(url);
  if (!parts) return OptionalText();
  std::string_view rest = parts->query;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equal = std::min(pair.find('='), pair.size());
    std::string key(pair.substr(0, equal));
    std::string value(pair.substr(std::min(equal + 1, pair.size())));
    std::ranges::replace(key, '+', ' ');
    std::ranges::replace(value, '+', ' ');
    if (Unescaped(key) == name) return OptionalText(ValidText(Unescaped(value)));
  }
  return OptionalText();
}

Result<std::string> UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsLetter(c) || IsDigit(c) || std::string_view("-_.*").find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  TM_RETURN_IF_ERROR(CheckSize(out.size()));
  return out;
}

Result<std::string> UrlDecode(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '+', ' ');
  for (size_t at = plain.find('%'); at != std::string::npos; at = plain.find('%', at + 1)) {
    if (at + 2 >= plain.size()) {
      return Invalid("URLDecoder: Incomplete trailing escape (%) pattern");
    }
    if (!HexDigit(plain[at + 1]) || !HexDigit(plain[at + 2])) {
      return Invalid("URLDecoder: Illegal hex characters in escape (%) pattern");
    }
  }
  return ValidText(Unescaped(plain));
}

}  // namespace tidemark::sql::kernels
