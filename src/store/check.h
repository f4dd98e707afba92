// SPDX-License-Identifier: Apache-2.0
// Reads every file of a store that no process has open and checks every byte of it. Changes
// nothing.
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/finding.h"
#include "base/result.h"

namespace tidemark::store {

using tidemark::Finding;
using tidemark::FindingSink;

/// Checks the store of the data directory (or backup) `dir`; findings name files relative to it.
/// Damage goes to `report` and is no Error. kIo and the like: a folder could not be read.
Result<void> CheckStore(FileSystem& fs, const std::string& dir, const FindingSink& report);

}  // namespace tidemark::store
