// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::http {

/// Bytes read and not yet consumed, in one piece. Single-owner.
class ReadBuffer {
 public:
  std::string_view view() const { return std::string_view(bytes_).substr(begin_, end_ - begin_); }
  bool empty() const { return begin_ == end_; }

  /// Room for `n` more bytes; what was read of them is then committed. Moves view().
  std::span<char> Prepare(size_t n) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (bytes_.size() - end_ < n && begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() - end_ < n) bytes_.resize(end_ + n);
    return {bytes_.data() + end_, n};
  }
  void Commit(size_t n) { end_ += n; }
  void Consume(size_t n) { begin_ += n; }

 private:
  std::string bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace tidemark::http
