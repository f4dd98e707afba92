// SPDX-License-Identifier: Apache-2.0
// Lines from a terminal, with editing, history and completion; libedit does the work. Single-owner,
// one per process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::app {

class LineEditor {
 public:
  /// What may stand for the word that ends at the cursor. `before`: the line up to that word.
  using Completer =
      std::function<std::vector<std::string>(std::string_view before, std::string_view word)>;

  /// `history_file`: read now, written by Remember(); "": none is kept.
  LineEditor(std::string history_file, Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  enum class Got : uint8_t { kLine, kInterrupted, kEnd };
  /// One line without its end.
  Got Read(const std::string& prompt, std::string& line);
  /// Adds to the history, but not twice and nothing that looks like a secret.
  void Remember(const std::string& text);
  /// Oldest first.
  std::vector<std::string> History() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Whether a text should not be kept.
bool LooksSecret(std::string_view text);

}  // namespace tidemark::app
