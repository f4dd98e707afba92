// SPDX-License-Identifier: Apache-2.0
// Which names a view's template can make: the text around "{measure}" and at least one byte
// between.
#include "store/store.h"

namespace tidemark::store {

bool MatchesTemplate(std::string_view name_template, std::string_view name) {
  constexpr std::string_view kHole = "{measure}";
  const size_t hole = name_template.find(kHole);
  if (hole == std::string_view::npos) return name == name_template;
  const std::string_view head = name_template.substr(0, hole);
  const std::string_view tail = name_template.substr(hole + kHole.size());
  return name.size() > head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
}

}  // namespace tidemark::store
