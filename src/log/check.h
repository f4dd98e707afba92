// SPDX-License-Identifier: Apache-2.0
// Checks the files of streams that no process has open.
#pragma once

#include <span>
#include <string>

#include "base/file_system.h"
#include "base/finding.h"
#include "base/result.h"
#include "catalog/definitions.h"

namespace tidemark::log {

/// Every byte of every segment below `dir`; `name` is what findings call that folder. What a crash
/// leaves behind the last durable frame is no finding. Changes nothing. Damage goes to `report` and
/// is no Error; kIo and the like: a folder could not be read.
Result<void> CheckLog(FileSystem& fs, const std::string& dir, const std::string& name,
                      std::span<const catalog::StreamDef> streams, const FindingSink& report);

}  // namespace tidemark::log
