// SPDX-License-Identifier: Apache-2.0
// The command line: one function per command, each with its exit code (console-ux.md 13.4). Data
// goes to stdout, everything else to stderr.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "app/config.h"
#include "app/generator.h"
#include "base/result.h"

namespace tidemark::app {

// console-ux.md 13.4.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 2,
  kExitNotFound = 3,
  kExitConflict = 4,
  kExitUnreachable = 6,
  kExitThrottled = 7,
  kExitDefinition = 8,
  kExitConfig = 78,
  kExitTimedOut = 124,
  kExitInterrupted = 130,
};

/// The exit code of an error that a client command ends with.
int ExitCodeOf(Code code);

enum class OutputFormat : uint8_t { kTable, kJson };

struct ClientOptions {
  std::string endpoint;  // "": TIDEMARK_ENDPOINT, else http://127.0.0.1:4580
  OutputFormat output = OutputFormat::kTable;
};
std::string EndpointOf(const ClientOptions& options);

struct ServeFlags {
  std::string config;
  std::string stack;
  std::string data_dir;
  std::string listen;
  std::optional<uint64_t> accept_log_loss;
  bool rebuild_manifest = false;
};

enum class StackVerb : uint8_t { kApply, kDescribe, kDelete };
enum class PipelineVerb : uint8_t { kStart, kStop, kStatus };
enum class StoreVerb : uint8_t { kFlush, kCompact, kCompactFull, kStats, kAcceptGap };
enum class ViewVerb : uint8_t { kPause, kResume };

int ServeCommand(const ServeFlags& flags);
int StackCommand(StackVerb verb, const std::string& file, const ClientOptions& options,
                 std::optional<bool> confirmed);
int PipelineCommand(PipelineVerb verb, const std::string& name, const ClientOptions& options);
/// `file`: of kAcceptGap only.
int StoreCommand(StoreVerb verb, const std::string& file, const ClientOptions& options);
int ViewCommand(ViewVerb verb, const std::string& name, const ClientOptions& options);
int BackupCommand(const std::string& dir, const ClientOptions& options);
int RestoreCommand(const std::string& backup, const std::string& data_dir, OutputFormat output);
int CheckCommand(const std::string& dir);
int SqlCommand(const std::string& statement, const ClientOptions& options);
int GenerateCommand(const GeneratorOptions& generator, const ClientOptions& options);
int ConfigCheckCommand(const std::string& file);
int VersionCommand(OutputFormat output);

/// "error: ..." and, for codes that have one, "hint: ..." on stderr; or the console's error object.
void PrintError(const Error& error, OutputFormat output);

/// Set by SIGINT and SIGTERM once WatchSignals() was called.
std::atomic<bool>& StopRequested();
void WatchSignals();

}  // namespace tidemark::app
