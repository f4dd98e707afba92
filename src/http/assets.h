// SPDX-License-Identifier: Apache-2.0
// Static files held in memory (the console's pages, embedded at build time). Immutable.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace tidemark::http {

struct Asset {
  std::string_view path;       // "/assets/index-Ab12.js"
  std::string_view content;    // as it is
  std::string_view mime = {};  // "": by the extension
  std::string_view gzip = {};  // the same bytes compressed; "": none
};

/// By extension, with charset for text; "application/octet-stream" for an unknown one.
std::string_view MimeType(std::string_view path);

class AssetSet {
 public:
  /// `assets` and what they view (static storage) must outlive the set.
  explicit AssetSet(std::span<const Asset> assets);

  /// The answer to a GET or HEAD of `path` ("/" means /index.html), 304 and compression included;
  /// nullopt when there is no such file. Files in a folder `assets` have a hash in their name and
  /// are cached for a year, others revalidate by ETag. Pages allow nothing from other hosts
  /// (web/API.md section 2). `path` differs from the request's for deep links and prefixes.
  std::optional<Response> Serve(const Request& request, std::string_view path) const;
  std::optional<Response> Serve(const Request& request) const {
    return Serve(request, request.path);
  }
  bool Has(std::string_view path) const { return Find(path) != nullptr; }

 private:
  const Asset* Find(std::string_view path) const;

  std::span<const Asset> assets_;
};

}  // namespace tidemark::http
