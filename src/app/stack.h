// SPDX-License-Identifier: Apache-2.0
// The stack file: what streams, databases, tables, pipelines and views should exist. Parsing knows
// the grammar and nothing of the server; an unknown key is an error with its line and the nearest
// name. Immutable values, pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/definitions.h"

namespace tidemark::app {

/// Definitions as the catalog keeps them, without ids and times.
struct Stack {
  std::vector<catalog::StreamDef> streams;  // `shards` holds as many entries as shards are wished
  std::vector<catalog::DatabaseDef> databases;
  std::vector<catalog::TableDef> tables;
  std::vector<catalog::PipelineDef> pipelines;
  std::vector<catalog::ViewDef> views;
};

/// `file` names the text in messages: "examples/ec2/stack.toml:3: unknown key \"shard\" ...".
/// kInvalidArgument: not TOML, an unknown key, a missing or ill-typed one, a name given twice.
Result<Stack> ParseStack(std::string_view text, std::string_view file);

/// The definitions as one canonical line each: equal text = nothing to change.
std::string DefinitionText(const catalog::PipelineDef& def);
std::string DefinitionText(const catalog::ViewDef& def);

/// The nearest of `names` by edit distance, or "" if none is near.
std::string NearestName(std::string_view name, const std::vector<std::string>& names);

}  // namespace tidemark::app
