// SPDX-License-Identifier: Apache-2.0
// Definitions as the JSON of the `definition` column (docs/format/catalog.md). Id, name and, of a
// table, its database name are columns of their own and not in the JSON. Pure functions. Unknown
// members are ignored and missing ones take the default, so a minor addition needs no migration.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/definitions.h"

namespace tidemark::catalog {

std::string EncodeDefinition(const StreamDef& def);
std::string EncodeDefinition(const DatabaseDef& def);
std::string EncodeDefinition(const TableDef& def);
std::string EncodeDefinition(const PipelineDef& def);
std::string EncodeDefinition(const ViewDef& def);
std::string EncodeDefinition(const ScheduledQueryDef& def);
std::string EncodeDefinition(const SavedQueryDef& def);
std::string EncodeDefinition(const DashboardDef& def);

/// kCorruption with the member that makes no sense.
Result<void> DecodeDefinition(std::string_view json, StreamDef& def);
Result<void> DecodeDefinition(std::string_view json, DatabaseDef& def);
Result<void> DecodeDefinition(std::string_view json, TableDef& def);
Result<void> DecodeDefinition(std::string_view json, PipelineDef& def);
Result<void> DecodeDefinition(std::string_view json, ViewDef& def);
Result<void> DecodeDefinition(std::string_view json, ScheduledQueryDef& def);
Result<void> DecodeDefinition(std::string_view json, SavedQueryDef& def);
Result<void> DecodeDefinition(std::string_view json, DashboardDef& def);

}  // namespace tidemark::catalog
