// SPDX-License-Identifier: Apache-2.0
// The console's pages, embedded when the server is built (embed_pages.py). Immutable.
#pragma once

#include <span>

#include "http/assets.h"

namespace tidemark::console {

/// Files of web/dist, "/index.html" among them; with their .gz copies.
std::span<const http::Asset> EmbeddedPages();

/// The answer to a GET or HEAD of a path below /ui (web/API.md section 2): a file, the index page
/// for deep links, or none for an unknown asset.
std::optional<http::Response> ServePage(const http::Request& request);

}  // namespace tidemark::console
