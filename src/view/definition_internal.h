// SPDX-License-Identifier: Apache-2.0
// What reading a definition and checking it share. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tidemark::view {

// Of the output template.
inline constexpr std::string_view kMeasure = "{measure}";
inline constexpr std::string_view kAggregate = "{aggregate}";
inline constexpr std::string_view kWindow = "{window}";

inline Error Invalid(const std::string& view, std::string text) {
  return Error{Code::kInvalidArgument, "view " + view + ": " + std::move(text)};
}

inline std::string ReplaceAll(std::string text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace tidemark::view
