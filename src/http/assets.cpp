// SPDX-License-Identifier: Apache-2.0
#include "http/assets.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/checksum.h"

namespace tidemark::http {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kMimeTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
}};

// web/API.md section 2: everything comes from this server, and nothing is inline.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; worker-src 'self' blob:; style-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'";

bool AcceptsGzip(const Request& request) {
  const std::string_view accepted = request.Find("Accept-Encoding").value_or("");
  const size_t at = accepted.find("gzip");
  return at != std::string_view::npos && !accepted.substr(at).starts_with("gzip;q=0,") &&
         accepted.substr(at) != "gzip;q=0";
}

std::string MakeETag(const Asset& asset) {
  constexpr std::string_view kHex = "0123456789abcdef";
  uint64_t hash = Hash64(asset.content);
  std::string tag = "\"";
  for (int i = 0; i < 16; ++i, hash >>= 4U) tag.push_back(kHex[hash & 15U]);
  return tag + "\"";
}

// RFC 9110 13.1.2: weak comparison, so that a proxy's W/ prefix does not matter.
bool Matches(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace

std::string_view MimeType(std::string_view path) {
  for (const auto& [extension, type] : kMimeTypes) {
    if (path.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

AssetSet::AssetSet(std::span<const Asset> assets) : assets_(assets) {}

const Asset* AssetSet::Find(std::string_view path) const {
  const std::string_view wanted = path == "/" ? "/index.html" : path;
  const auto found = std::ranges::find(assets_, wanted, &Asset::path);
  return found == assets_.end() ? nullptr : &*found;
}

std::optional<Response> AssetSet::Serve(const Request& request, std::string_view path) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const Asset* asset = Find(path);
  if (asset == nullptr) return std::nullopt;

  Response response;
  const std::string_view mime = asset->mime.empty() ? MimeType(asset->path) : asset->mime;
  const std::string etag = MakeETag(*asset);
  response.headers.Add("Content-Type", std::string(mime));
  response.headers.Add("ETag", etag);
  response.headers.Add("Cache-Control", asset->path.contains("/assets/")
                                            ? "public, max-age=31536000, immutable"
                                            : "no-cache");
  response.headers.Add("X-Content-Type-Options", "nosniff");
  response.headers.Add("Referrer-Policy", "same-origin");
  if (mime.starts_with("text/html")) {
    response.headers.Add("Content-Security-Policy", std::string(kPagePolicy));
  }
  if (!asset->gzip.empty()) response.headers.Add("Vary", "Accept-Encoding");
  if (const auto known = request.Find("If-None-Match"); known && Matches(*known, etag)) {
    response.status = 304;
    return response;
  }
  if (!asset->gzip.empty() && AcceptsGzip(request)) {
    response.headers.Add("Content-Encoding", "gzip");
    response.body = asset->gzip;
  } else {
    response.body = asset->content;
  }
  return response;
}

}  // namespace tidemark::http
