// SPDX-License-Identifier: Apache-2.0
// Checks a catalog file that no process has open.
#pragma once

#include <string>
#include <vector>

#include "base/finding.h"
#include "base/result.h"
#include "catalog/definitions.h"

namespace tidemark::catalog {

/// Structure, the checksum of every row, and whether every definition can be read. `name` is what
/// findings call the file. Changes nothing, but for a change that a crash left half done: it is
/// rolled back, as the next start would. Returns the streams, as far as they can be read. Damage
/// goes to `report` and is no Error; kNotFound: there is no file; kFailedPrecondition: a newer
/// schema, or a process has it open.
Result<std::vector<StreamDef>> CheckCatalogFile(const std::string& path, const std::string& name,
                                                const FindingSink& report);

}  // namespace tidemark::catalog
