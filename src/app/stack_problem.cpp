// SPDX-License-Identifier: Apache-2.0
#include "app/stack_problem.h"

#include <algorithm>
#include <string>

#include "app/stack_keys.h"
#include "base/numbers.h"

namespace tidemark::app {
namespace {

bool IsViewKey(std::string_view word) {
  // Two of its filter's keys have a field of their own.
  return FindViewKey(word) != nullptr || word == "value_min" || word == "value_max";
}

bool IsKeyByte(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

/// "FILE:LINE: " or "FILE: " in front of `message` goes; the line, or 0.
int TakePlace(std::string_view file, std::string_view& message) {
  if (!message.starts_with(file) || !message.substr(file.size()).starts_with(':')) return 0;
  std::string_view rest = message.substr(file.size() + 1);
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const auto line = ParseInt64(rest.substr(0, digits));
  if (line.has_value() && rest.substr(digits).starts_with(": ")) {
    message = rest.substr(digits + 2);
    return static_cast<int>(*line);
  }
  if (rest.starts_with(' ')) message = rest.substr(1);
  return 0;
}

/// The text between the quotes behind the first `lead`.
std::string_view Quoted(std::string_view text, std::string_view lead) {
  const size_t at = text.find(lead);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + lead.size());
  return rest.substr(0, rest.find('"'));
}

/// The key of `text`'s line (from 1): what stands in front of " =".
std::string_view KeyOnLine(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const auto* const end = std::ranges::find_if_not(text, [](char c) { return IsKeyByte(c); });
  return text.substr(0, static_cast<size_t>(end - text.begin()));
}

/// The first key of [[view]] that the message has as a word of its own, outside of quotes.
std::string_view KeyInWords(std::string_view message) {
  bool quoted = false;
  for (size_t at = 0; at < message.size();) {
    if (message[at] == '"') quoted = !quoted;
    size_t end = at;
    while (end < message.size() && IsKeyByte(message[end])) ++end;
    const std::string_view word = message.substr(at, end - at);
    if (!quoted && IsViewKey(word)) return word;
    at = std::max(end, at + 1);
  }
  return {};
}

/// "view NAME: " and "view "NAME" " in front say whose problem it is; a name may be a key's.
std::string_view WithoutView(std::string_view message) {
  if (!message.starts_with("view ")) return message;
  if (message.starts_with("view \"")) {
    const size_t end = message.find('"', 6);
    return end == std::string_view::npos ? message : message.substr(end + 1);
  }
  const size_t end = message.find(": ");
  return end == std::string_view::npos ? message : message.substr(end + 2);
}

std::string_view FieldOf(std::string_view text, int line, std::string_view message) {
  if (message.starts_with("unknown key ")) return {};
  if (const auto named = Quoted(message, "key \""); IsViewKey(named)) return named;
  if (line > 0) {
    if (const auto there = KeyOnLine(text, line); IsViewKey(there)) return there;
  }
  return KeyInWords(WithoutView(message));
}

}  // namespace

console::StackProblem LocateProblem(std::string_view text, std::string_view file,
                                    const Error& error) {
  std::string_view message = error.message;
  console::StackProblem out;
  out.line = TakePlace(file, message);
  out.field = FieldOf(text, out.line, message);
  out.message = message;
  return out;
}

}  // namespace tidemark::app
