// SPDX-License-Identifier: Apache-2.0
// Canonical key of a series: what identifies it outside one store, and what orders ties. Bytes:
// docs/format/journal.md, section 4. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/types.h"

namespace tidemark::store {

/// Appends the key of `key`; dimensions are sorted by name here. The type is not part of it.
void AppendCanonicalKey(const SeriesKeyView& key, std::string& out);
std::string CanonicalKey(const SeriesKeyView& key);
/// The key of `info`'s other members (its dimensions are sorted).
std::string CanonicalKey(const SeriesInfo& info);

/// The key's parts as views into `bytes`, the dimensions in `dimensions`; the type is kDouble.
/// kCorruption: not a key.
Result<SeriesKeyView> ParseCanonicalKeyView(std::string_view bytes,
                                            std::vector<DimensionView>& dimensions);
/// Fills table, owner, measure, dimensions and canonical_key. kCorruption: not a key.
Result<SeriesInfo> ParseCanonicalKey(std::string_view bytes);

}  // namespace tidemark::store
