// SPDX-License-Identifier: Apache-2.0
// The stack file: what streams, databases, tables, pipelines, views and dashboards should exist.
// Parsing knows the grammar and nothing of the server; an unknown key is an error with its line and
// the nearest name. Immutable values, pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/definitions.h"

namespace tidemark::app {

/// A dashboard whose definition lies in a file of its own.
struct StackDashboard {
  std::string name;   // its id
  std::string title;  // in place of the file's; ""
  std::string file;   // as the stack names it: its path from the stack's folder
  std::string where;  // "FILE:LINE" of its table, for messages
};

/// Definitions as the catalog keeps them, without ids and times.
struct Stack {
  std::vector<catalog::StreamDef> streams;  // `shards` holds as many entries as shards are wished
  std::vector<catalog::DatabaseDef> databases;
  std::vector<catalog::TableDef> tables;
  std::vector<catalog::PipelineDef> pipelines;
  std::vector<catalog::ViewDef> views;
  std::vector<StackDashboard> dashboards;
};

/// Texts by the path that a stack names them with.
using StackFiles = std::map<std::string, std::string, std::less<>>;

/// `file` names the text in messages: "examples/ec2/stack.toml:3: unknown key \"shard\" ...".
/// kInvalidArgument: not TOML, an unknown key, a missing or ill-typed one, a name given twice.
Result<Stack> ParseStack(std::string_view text, std::string_view file);

/// Reads the files that the stack names, beside it: `stack_file` is its own path ("-" or a bare
/// name: the working directory). kInvalidArgument names the place in the stack.
Result<StackFiles> ReadStackFiles(const Stack& stack, const std::string& stack_file);

/// The definitions as one canonical line each: equal text = nothing to change.
std::string DefinitionText(const catalog::PipelineDef& def);
std::string DefinitionText(const catalog::ViewDef& def);

/// The table of a stack that makes the definition again: every key that is not at its default.
std::string StackText(const catalog::PipelineDef& def);
std::string StackText(const catalog::ViewDef& def);

/// The nearest of `names` by edit distance, or "" if none is near.
std::string NearestName(std::string_view name, const std::vector<std::string>& names);

}  // namespace tidemark::app
