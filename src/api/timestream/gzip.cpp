// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include <array>

#include "api/timestream/gzip_internal.h"

namespace tidemark::timestream {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, in a gzip envelope
constexpr size_t kInputMax = size_t{1} << 30U;

}  // namespace

struct GzipWriter::Stream {
  z_stream z{};
  std::array<unsigned char, 32 * 1024> buffer{};
};

GzipWriter::GzipWriter(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
GzipWriter::~GzipWriter() { deflateEnd(&stream_->z); }

Result<std::unique_ptr<GzipWriter>> GzipWriter::Open() {
  auto stream = std::make_unique<Stream>();
  const int code = deflateInit2(&stream->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                                Z_DEFAULT_STRATEGY);
  if (code != Z_OK) return Error{Code::kInternal, "zlib cannot start"};
  return std::unique_ptr<GzipWriter>(new GzipWriter(std::move(stream)));
}

Result<void> GzipWriter::Deflate(std::string_view bytes, int flush, std::string& out) {
  z_stream& z = stream_->z;
  if (bytes.size() > kInputMax) return Error{Code::kInternal, "too many bytes at once for zlib"};
  // zlib does not write through its input.
  z.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    z.next_out = stream_->buffer.data();
    z.avail_out = static_cast<uInt>(stream_->buffer.size());
    const int code = deflate(&z, flush);
    if (code == Z_STREAM_ERROR) return Error{Code::kInternal, "zlib failed"};
    out.append(reinterpret_cast<const char*>(stream_->buffer.data()),
               stream_->buffer.size() - z.avail_out);
    if (flush == Z_FINISH ? code == Z_STREAM_END : z.avail_out > 0) return {};
  }
}

Result<void> GzipWriter::Append(std::string_view bytes, std::string& out) {
  if (bytes.empty()) return {};
  return Deflate(bytes, Z_NO_FLUSH, out);
}

Result<void> GzipWriter::Finish(std::string& out) { return Deflate({}, Z_FINISH, out); }

}  // namespace tidemark::timestream
