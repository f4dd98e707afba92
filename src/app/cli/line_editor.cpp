// SPDX-License-Identifier: Apache-2.0
#include "app/cli/line_editor.h"

#include <histedit.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <clocale>
#include <cstdio>

#include "app/serve.h"

namespace tidemark::app {
namespace {

constexpr int kHistoryMax = 2000;
constexpr size_t kShownMax = 60;  // candidates listed at once

bool IsWordChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '.' ||
         c == '"' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
}

std::string CommonStart(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words) {
    size_t same = 0;
    while (same < common.size() && same < word.size() && common[same] == word[same]) ++same;
    common.resize(same);
  }
  return common;
}

}  // namespace

struct LineEditor::Impl {
  EditLine* editor = nullptr;
  ::History* history = nullptr;
  std::string history_file;
  std::string prompt;
  Completer completer;
  std::vector<std::string> remembered;

  static Impl& Of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
  }

  static char* Prompt(EditLine* editor) { return Of(editor).prompt.data(); }

  static unsigned char Complete(EditLine* editor, int /*key*/) noexcept try {
    Impl& self = Of(editor);
    const LineInfo* line = el_line(editor);
    const std::string_view before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
    size_t start = before.size();
    while (start > 0 && IsWordChar(before[start - 1])) --start;
    const std::string_view word = before.substr(start);
    std::vector<std::string> found = self.completer(before.substr(0, start), word);
    if (found.empty()) return CC_REFRESH_BEEP;
    const std::string common = CommonStart(found);
    if (common.size() > word.size() || found.size() == 1) {
      const std::string put = common + (found.size() == 1 ? " " : "");
      if (!word.empty()) el_deletestr(editor, static_cast<int>(word.size()));
      return el_insertstr(editor, put.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    std::fputc('\n', stdout);
    for (size_t i = 0; i < std::min(found.size(), kShownMax); ++i) {
      std::fprintf(stdout, "%s  ", found[i].c_str());
    }
    std::fputs(found.size() > kShownMax ? "...\n" : "\n", stdout);
    return CC_REDISPLAY;
  } catch (...) {
    return CC_ERROR;  // nothing may be thrown through libedit
  }
};

LineEditor::LineEditor(std::string history_file, Completer completer)
    : impl_(std::make_unique<Impl>()) {
  std::setlocale(LC_CTYPE, "");  // NOLINT(concurrency-mt-unsafe): before any thread of the shell
  impl_->history_file = std::move(history_file);
  impl_->completer = std::move(completer);
  impl_->history = history_init();
  HistEvent event;
  history(impl_->history, &event, H_SETSIZE, kHistoryMax);
  history(impl_->history, &event, H_SETUNIQUE, 1);
  if (!impl_->history_file.empty()) {
    history(impl_->history, &event, H_LOAD, impl_->history_file.c_str());
  }
  impl_->editor = el_init("tidemark", stdin, stdout, stderr);
  el_set(impl_->editor, EL_CLIENTDATA, impl_.get());
  el_set(impl_->editor, EL_PROMPT, &Impl::Prompt);
  el_set(impl_->editor, EL_EDITOR, "emacs");
  el_set(impl_->editor, EL_HIST, history, impl_->history);
  el_set(impl_->editor, EL_ADDFN, "complete", "Complete the word", &Impl::Complete);
  el_set(impl_->editor, EL_BIND, "^I", "complete", nullptr);
  el_set(impl_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(impl_->editor, nullptr);
}

LineEditor::~LineEditor() {
  el_end(impl_->editor);
  history_end(impl_->history);
}

LineEditor::Got LineEditor::Read(const std::string& prompt, std::string& line) {
  impl_->prompt = prompt;
  int size = 0;
  const char* text = el_gets(impl_->editor, &size);
  if (StopRequested().exchange(false)) {
    std::fputc('\n', stdout);
    el_reset(impl_->editor);
    return Got::kInterrupted;
  }
  if (text == nullptr || size <= 0) return Got::kEnd;
  line.assign(text, static_cast<size_t>(size));
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return Got::kLine;
}

void LineEditor::Remember(const std::string& text) {
  if (text.empty() || LooksSecret(text)) return;
  HistEvent event;
  std::string line = text;
  std::ranges::replace(line, '\n', ' ');
  history(impl_->history, &event, H_ENTER, line.c_str());
  if (impl_->history_file.empty()) return;
  // For its owner's eyes.
  const mode_t before = ::umask(077);
  history(impl_->history, &event, H_SAVE, impl_->history_file.c_str());
  ::umask(before);
}

std::vector<std::string> LineEditor::History() const {
  std::vector<std::string> out;
  HistEvent event;
  for (int more = history(impl_->history, &event, H_LAST); more >= 0;
       more = history(impl_->history, &event, H_PREV)) {
    std::string line = event.str;
    while (line.ends_with('\n')) line.pop_back();
    out.push_back(std::move(line));
  }
  return out;
}

bool LooksSecret(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* word : {"password", "secret", "aws_access_key", "token"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace tidemark::app
