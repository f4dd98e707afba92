// SPDX-License-Identifier: Apache-2.0
// One thing that a check of files on disk found wrong. Immutable value.
#pragma once

#include <functional>
#include <string>

namespace tidemark {

struct Finding {
  std::string file;     // relative to the folder that is checked: "store/wal/0000000001.wal"
  std::string kind;     // a bounded set: "checksum", "missing", "unreadable", ...
  std::string message;  // place and, where there is one, remedy
};

/// Receives findings in the order in which they are found.
using FindingSink = std::function<void(Finding)>;

}  // namespace tidemark
