// SPDX-License-Identifier: Apache-2.0
// Which revision entries of a window are kept, and merging files of them. Pure but for the files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "store/block/revision_file.h"

namespace tidemark::store {

/// Entries of one window, in order, after which none is kept but these: the first, the newest, and
/// of the rest those that are younger than `retention`, the newest 998 of them.
inline constexpr size_t kRevisionsPerWindowMax = 1000;
void TrimWindow(std::vector<LoggedRevision>& window, ArrivalTime now, hours retention);

struct RevisionMergeOptions {
  std::map<TableId, int64_t> floors;  // rows before it are gone
  ArrivalTime now;
  hours retention{0};
  std::function<std::optional<TableId>(uint32_t series)> table_of;  // none: dropped
};

/// Writes the entries of all inputs in order, each once, trimmed.
Result<void> MergeRevisionFiles(std::span<const std::shared_ptr<RevisionFile>> inputs,
                                const RevisionMergeOptions& options, RevisionFileWriter& out);

}  // namespace tidemark::store
