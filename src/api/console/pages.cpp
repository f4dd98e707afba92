// SPDX-License-Identifier: Apache-2.0
#include "api/console/pages_internal.h"

namespace tidemark::console {

std::optional<http::Response> ServePage(const http::Request& request) {
  static const http::AssetSet assets(EmbeddedPages());
  const std::string_view path = std::string_view(request.path).substr(3);  // behind "/ui"
  if (path.starts_with("/assets/") || assets.Has(path)) return assets.Serve(request, path);
  return assets.Serve(request, "/index.html");
}

}  // namespace tidemark::console
