// SPDX-License-Identifier: Apache-2.0
// The keys of [[view]], once: the reader asks for no other (TomlTable::Expect), messages are looked
// through for them, other settings of a view are made of them, and the editor's own order of them
// (web/src/lib/model/view_keys.ts) is compared with them. Constant.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace tidemark::app {

struct ViewKey {
  std::string_view name;
  /// The key that makes windows of the kind that it goes with; its own: it makes them. "": any.
  std::string_view windows = {};
  bool texts = false;     // a list of texts
  bool identity = false;  // says what view it is, not how it works
};

inline constexpr std::array kViewKeys{
    ViewKey{.name = "name", .identity = true},
    ViewKey{.name = "database", .identity = true},
    ViewKey{.name = "table", .identity = true},
    ViewKey{.name = "target_table", .identity = true},
    ViewKey{.name = "source", .identity = true},
    ViewKey{.name = "adopt", .identity = true},
    ViewKey{.name = "measures", .texts = true},
    ViewKey{.name = "types", .texts = true},
    ViewKey{.name = "columns", .texts = true},
    ViewKey{.name = "filter"},
    ViewKey{.name = "window", .windows = "window"},
    ViewKey{.name = "slide", .windows = "window"},
    ViewKey{.name = "offset"},  // of all but sessions and calendars
    ViewKey{.name = "calendar", .windows = "calendar"},
    ViewKey{.name = "zone", .windows = "calendar"},
    ViewKey{.name = "week_start", .windows = "calendar"},
    ViewKey{.name = "session_gap", .windows = "session_gap"},
    ViewKey{.name = "max_session", .windows = "session_gap"},
    ViewKey{.name = "levels", .windows = "levels", .texts = true},
    ViewKey{.name = "every", .windows = "every"},
    ViewKey{.name = "fill", .windows = "every"},
    ViewKey{.name = "fill_value", .windows = "every"},
    ViewKey{.name = "max_gap", .windows = "every"},
    ViewKey{.name = "aggregate", .texts = true},
    ViewKey{.name = "aggregates", .texts = true},
    ViewKey{.name = "buckets"},
    ViewKey{.name = "staleness"},
    ViewKey{.name = "horizon"},
    ViewKey{.name = "group_by", .texts = true},
    ViewKey{.name = "label_map"},
    ViewKey{.name = "output"},
    ViewKey{.name = "rows"},
    ViewKey{.name = "label"},
    ViewKey{.name = "out_of_orderness"},
    ViewKey{.name = "allowed_lateness"},
    ViewKey{.name = "late"},
    ViewKey{.name = "late_stream", .identity = true},
    ViewKey{.name = "refresh"},
    ViewKey{.name = "recompute_per_second"},
    ViewKey{.name = "early"},
    ViewKey{.name = "provisional_after"},
};

/// Null: there is no such key.
constexpr const ViewKey* FindViewKey(std::string_view name) {
  const auto* const found = std::ranges::find(kViewKeys, name, &ViewKey::name);
  return found == kViewKeys.end() ? nullptr : found;
}

inline std::vector<std::string_view> ViewKeyNames() {
  std::vector<std::string_view> out;
  for (const ViewKey& key : kViewKeys) out.push_back(key.name);
  return out;
}

}  // namespace tidemark::app
