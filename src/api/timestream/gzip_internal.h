// SPDX-License-Identifier: Apache-2.0
// Compresses a stream of bytes as one gzip member. Single-owner.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::timestream {

class GzipWriter {
 public:
  static Result<std::unique_ptr<GzipWriter>> Open();
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  /// Appends what is ready of the compressed bytes to `out`.
  Result<void> Append(std::string_view bytes, std::string& out);
  /// Appends the rest.
  Result<void> Finish(std::string& out);

 private:
  struct Stream;
  explicit GzipWriter(std::unique_ptr<Stream> stream);
  Result<void> Deflate(std::string_view bytes, int flush, std::string& out);

  std::unique_ptr<Stream> stream_;
};

}  // namespace tidemark::timestream
