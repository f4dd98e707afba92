// SPDX-License-Identifier: Apache-2.0
// PCRE2's compiled patterns are constant and shared between threads; what a search writes to (match
// data, machine-code stack, limits) is one per thread.
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regex.h"

#include <algorithm>
#include <array>

#include <pcre2.h>

#include "base/regex_dialect_internal.h"

namespace tidemark {
namespace {

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_compile_context* p) const { pcre2_compile_context_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_jit_stack* p) const { pcre2_jit_stack_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

PCRE2_SPTR Bytes(std::string_view text) {
  // An empty view may have no address at all, which PCRE2 takes for a mistake.
  return reinterpret_cast<PCRE2_SPTR>(text.data() == nullptr ? "" : text.data());
}

std::string Text(int error) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  pcre2_get_error_message(error, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

std::string Quoted(std::string_view pattern) {
  constexpr size_t kShown = 200;
  std::string out = "regular expression '" + std::string(pattern.substr(0, kShown));
  return out + (pattern.size() > kShown ? "..'" : "'");
}

Error Invalid(std::string_view pattern, const std::string& what, size_t at) {
  return {Code::kInvalidArgument,
          Quoted(pattern) + ": " + what + " (at byte " + std::to_string(at) + ")"};
}

// What one thread's searches write to.
class Scratch {
 public:
  static constexpr size_t kJitStackBytes = 32 * 1024;
  static constexpr size_t kJitStackBytesMax = 1024 * 1024;

  Scratch()
      : context_(pcre2_match_context_create(nullptr)),
        stack_(pcre2_jit_stack_create(kJitStackBytes, kJitStackBytesMax, nullptr)) {
    pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
  }

  pcre2_match_context* context() const { return context_.get(); }
  pcre2_match_data* DataFor(uint32_t groups) {
    if (data_ == nullptr || groups_ < groups) {
      groups_ = std::max<uint32_t>(groups, 16);
      data_.reset(pcre2_match_data_create(groups_, nullptr));
    }
    return data_.get();
  }

 private:
  Owned<pcre2_match_context> context_;
  Owned<pcre2_jit_stack> stack_;
  Owned<pcre2_match_data> data_;
  uint32_t groups_ = 0;
};

Scratch& ThisThreads() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace

struct Regex::Code {
  std::string pattern;
  RegexOptions options;
  Owned<pcre2_code> code;
  uint32_t groups = 0;

  // PCRE2 counts the steps from each start anew, so that a search of n bytes may take n times the
  // limit: it is shared out. Every start may still pass over the text a few times.
  uint32_t StepsPerStart(size_t text_bytes) const {
    const uint64_t least = 4 * uint64_t{text_bytes} + 1000;
    const uint64_t share = options.match_steps_max / (text_bytes + 1);
    return static_cast<uint32_t>(
        std::min<uint64_t>(std::max(least, share), options.match_steps_max));
  }

  Result<bool> Search(std::string_view text, size_t from, pcre2_match_data* data) const {
    pcre2_match_context* context = ThisThreads().context();
    const uint32_t steps = StepsPerStart(text.size());
    pcre2_set_match_limit(context, steps);
    pcre2_set_depth_limit(context, steps);
    pcre2_set_heap_limit(context, options.heap_kib_max);
    int rc = pcre2_match(code.get(), Bytes(text), text.size(), from, 0, data, context);
    // The interpreter keeps its state on the heap, which its own limit bounds.
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
      rc = pcre2_match(code.get(), Bytes(text), text.size(), from, PCRE2_NO_JIT, data, context);
    }
    if (rc >= 0) return true;
    if (rc == PCRE2_ERROR_NOMATCH) return false;
    if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT ||
        rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_NOMEMORY) {
      return Error{tidemark::Code::kResourceExhausted, Quoted(pattern) +
                                                           " takes too many steps on a text of " +
                                                           std::to_string(text.size()) + " bytes"};
    }
    return Error{tidemark::Code::kInternal, Quoted(pattern) + ": " + Text(rc)};
  }
};

Result<Regex> Regex::Compile(std::string_view pattern, RegexOptions options) {
  if (pattern.size() > options.pattern_bytes_max) {
    return Error{tidemark::Code::kInvalidArgument, Quoted(pattern) + " is longer than " +
                                                       std::to_string(options.pattern_bytes_max) +
                                                       " bytes"};
  }
  TranslatedPattern translated;
  if (const DialectError error = TranslatePattern(pattern, translated); !error.what.empty()) {
    return Invalid(pattern, error.what, error.at);
  }
  const Owned<pcre2_compile_context> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_bsr(context.get(), PCRE2_BSR_UNICODE);
  uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (options.letters == RegexOptions::Case::kInsensitive) flags |= PCRE2_CASELESS;
  int error = 0;
  PCRE2_SIZE at = 0;
  auto code = std::make_shared<Code>();
  code->code.reset(pcre2_compile(Bytes(translated.text), translated.text.size(), flags, &error, &at,
                                 context.get()));
  if (code->code == nullptr) return Invalid(pattern, Text(error), translated.OriginOf(at));
  pcre2_jit_compile(code->code.get(), PCRE2_JIT_COMPLETE);  // else it is interpreted
  pcre2_pattern_info(code->code.get(), PCRE2_INFO_CAPTURECOUNT, &code->groups);
  code->pattern = pattern;
  code->options = options;
  return Regex(std::move(code));
}

Result<bool> Regex::Matches(std::string_view text) const {
  return code_->Search(text, 0, ThisThreads().DataFor(1));
}

Result<bool> Regex::Find(std::string_view text, size_t from, RegexMatch& match) const {
  // Never inside a character.
  while (from < text.size() && (static_cast<uint8_t>(text[from]) & 0xc0U) == 0x80) ++from;
  if (from > text.size()) return false;
  pcre2_match_data* data = ThisThreads().DataFor(code_->groups + 1);
  TM_ASSIGN_OR_RETURN(const bool found, code_->Search(text, from, data));
  if (!found) return false;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data);
  match.groups.resize(code_->groups + 1);
  for (uint32_t i = 0; i <= code_->groups; ++i) {
    static_assert(RegexMatch::npos == PCRE2_UNSET);
    match.groups[i] = {ends[2 * size_t{i}], ends[2 * size_t{i} + 1]};
  }
  return true;
}

const std::string& Regex::pattern() const { return code_->pattern; }
uint32_t Regex::group_count() const { return code_->groups; }

uint32_t Regex::GroupNumber(std::string_view name) const {
  const std::string text(name);
  const int number = pcre2_substring_number_from_name(code_->code.get(), Bytes(text));
  return number > 0 ? static_cast<uint32_t>(number) : 0;
}

}  // namespace tidemark
