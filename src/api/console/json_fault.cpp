// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "api/console/json_fault_internal.h"

namespace tidemark::console {
namespace {

/// One pass with a stack of what is open. Single-owner.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// What is wrong at `at()`; none: nothing.
  std::optional<std::string> Run() {
    enum class Want : uint8_t { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd };
    std::vector<char> open;
    Want want = Want::kValue;
    while (true) {
      SkipBlanks();
      if (open.empty() && want == Want::kCommaOrEnd) {
        if (at_ == text_.size()) return std::nullopt;
        return "there is something behind the end";
      }
      if (at_ == text_.size()) {
        if (open.empty()) return "a value is missing";
        return open.back() == '{' ? "the file ends within an object"
                                  : "the file ends within a list";
      }
      const char c = text_[at_];
      const bool closes = !open.empty() && c == (open.back() == '{' ? '}' : ']');
      if (closes &&
          (want == Want::kValueOrEnd || want == Want::kKeyOrEnd || want == Want::kCommaOrEnd)) {
        open.pop_back();
        ++at_;
        want = Want::kCommaOrEnd;
        continue;
      }
      switch (want) {
        case Want::kCommaOrEnd:
          if (c != ',') return open.back() == '{' ? "expected , or }" : "expected , or ]";
          ++at_;
          want = open.back() == '{' ? Want::kKey : Want::kValue;
          break;
        case Want::kKey:
        case Want::kKeyOrEnd:
          if (c != '"') return "expected a name in double quotes";
          if (!String()) return "the string does not end on its line";
          want = Want::kColon;
          break;
        case Want::kColon:
          if (c != ':') return "expected :";
          ++at_;
          want = Want::kValue;
          break;
        case Want::kValue:
        case Want::kValueOrEnd:
          if (c == '{' || c == '[') {
            open.push_back(c);
            ++at_;
            want = c == '{' ? Want::kKeyOrEnd : Want::kValueOrEnd;
            break;
          }
          if (c == '"') {
            if (!String()) return "the string does not end on its line";
          } else if (!Word()) {
            return "expected a value";
          }
          want = Want::kCommaOrEnd;
          break;
      }
    }
  }
  size_t at() const { return at_; }

 private:
  void SkipBlanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool String() {
    for (size_t i = at_ + 1; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '"') {
        at_ = i + 1;
        return true;
      }
    }
    return false;
  }

  /// A number, true, false or null.
  bool Word() {
    const std::string_view rest = text_.substr(at_);
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t\r\n,:]}"));
    const bool number = !word.empty() &&
                        (word.front() == '-' || (word.front() >= '0' && word.front() <= '9')) &&
                        word.find_first_not_of("-+.eE0123456789") == std::string_view::npos;
    if (!number && word != "true" && word != "false" && word != "null") return false;
    at_ += word.size();
    return true;
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<JsonFault> FindJsonFault(std::string_view text) {
  Scanner scanner(text);
  auto message = scanner.Run();
  if (!message) return std::nullopt;
  const std::string_view before = text.substr(0, scanner.at());
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return JsonFault{.line = 1 + static_cast<size_t>(std::ranges::count(before, '\n')),
                   .column = 1 + before.size() - line_start,
                   .message = std::move(*message)};
}

}  // namespace tidemark::console
