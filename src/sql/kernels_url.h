// SPDX-License-Identifier: Apache-2.0
// URLs by RFC 3986 (as java.net.URI reads them): what is no URL has no parts. See kernels.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::sql::kernels {

using OptionalText = std::optional<std::string>;

Result<OptionalText> UrlProtocol(std::string_view url);
Result<OptionalText> UrlHost(std::string_view url);
Result<std::optional<int64_t>> UrlPort(std::string_view url);
// Decoded.
Result<OptionalText> UrlPath(std::string_view url);
Result<OptionalText> UrlQuery(std::string_view url);
Result<OptionalText> UrlFragment(std::string_view url);
/// The first value of the query's parameter, decoded; "" if it has none.
Result<OptionalText> UrlParameter(std::string_view url, std::string_view name);
/// application/x-www-form-urlencoded: a blank is '+'.
Result<std::string> UrlEncode(std::string_view text);
Result<std::string> UrlDecode(std::string_view text);

/// Calls visit("name", &Kernel) for each kernel the engine registers.
template <typename Visitor>
void ForEachUrl(Visitor&& visit) {
  visit("url_extract_protocol", &UrlProtocol);
  visit("url_extract_host", &UrlHost);
  visit("url_extract_port", &UrlPort);
  visit("url_extract_path", &UrlPath);
  visit("url_extract_query", &UrlQuery);
  visit("url_extract_fragment", &UrlFragment);
  visit("url_extract_parameter", &UrlParameter);
  visit("url_encode", &UrlEncode);
  visit("url_decode", &UrlDecode);
}

}  // namespace tidemark::sql::kernels
